package inf

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the wanted views in testdata")

func TestViews(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	for _, name := range cases {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, inf, want := readCase(t, name)
			got := describe(t, []byte(inf))
			if *update {
				if err := os.WriteFile(name, []byte(strings.TrimSuffix(text, want)+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// readCase reads a txtar archive of the two files x.inf and want, in that order.
func readCase(t testing.TB, name string) (text, inf, want string) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(raw), "-- x.inf --\n")
	inf, want, ok2 := strings.Cut(rest, "-- want --\n")
	if !ok || !ok2 {
		t.Fatalf("%s has not the files x.inf and want", name)
	}
	return string(raw), inf, want
}

// describe shows every typed view of an INF.
func describe(t *testing.T, data []byte) string {
	t.Helper()
	f, err := Parse("x.inf", data)
	if err != nil {
		return "error " + err.Error() + "\n"
	}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	v := f.Version()
	p("%s, kind %s, serves %v", f.Encoding, f.Kind(), f.Architectures())
	p("version %q %q %q, %s %q", v.Provider, v.Class, v.ExtensionID, v.DriverDate.Format("2006-01-02"), v.DriverVersion)
	for _, a := range f.Architectures() {
		c, ok := v.CatalogFor(a)
		p("%s: catalog %q %v", a, c.Name, ok)
		for _, file := range f.Files(a) {
			p("  file %s", describeFile(file))
		}
		for _, s := range f.Services(a) {
			file, ok := s.BinaryFile(f.Files(a))
			p("  service %s: %s kernel=%v boot=%v %s from %q %v", s.Name, s.Start, s.Kernel, s.BootStart, s.Binary, file.Path, ok)
		}
		for _, r := range f.Missing(a) {
			p("  missing [%s] named in [%s] at %s, inbox=%v", r.Name, r.Section, r.Pos, r.Inbox)
		}
	}
	for _, file := range f.CopyINFs() {
		p("copyinf %s", describeFile(file))
	}
	for _, i := range f.Includes() {
		p("include %s", i.Name)
	}
	win7 := System{Arch: AMD64, Major: 6, Minor: 1, Build: 7601, ProductType: 1}
	win11 := System{Arch: AMD64, Major: 10, Build: 26200, ProductType: 1, ParsesBuild: true}
	arm := System{Arch: ARM64, Major: 10, Build: 26200, ProductType: 1, ParsesBuild: true}
	p("win7/amd64: %s", describeSelection(f.Select(win7)))
	p("win11/amd64: %s", describeSelection(f.Select(win11)))
	p("win11/arm64: %s", describeSelection(f.Select(arm)))
	for _, d := range f.Findings {
		p("%s", d)
	}
	return b.String()
}

func describeFile(s SourceFile) string {
	if s.Problem != nil {
		return fmt.Sprintf("%q at %s: %v", s.Name, s.Pos, s.Problem)
	}
	text := fmt.Sprintf("%s at %s [%s] to %q", s.Path, s.Pos, s.Section, s.Dest)
	if !s.Listed {
		text += " not listed"
	}
	if s.Cabinet != "" {
		text += fmt.Sprintf(" cabinet %s only=%v", s.Cabinet, s.CabinetOnly)
	}
	return text
}

func describeSelection(s Selection) string {
	if !s.Applies {
		return fmt.Sprintf("no: %s (nearest %q)", s.Why, s.Nearest)
	}
	var parts []string
	for _, i := range s.Installs {
		part := fmt.Sprintf("[%s] nt=%v score=%02X", i.Section, i.HasNT, i.FeatureScore)
		for _, m := range i.Models {
			part += fmt.Sprintf(" %q %q %q", m.Description, m.HardwareID, m.CompatibleIDs)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}
