package setupapi

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is found into testdata; read the difference before it is committed")

// cases are the files of testdata: a comment, a log, what is found in it.
func cases(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) < 25 {
		t.Fatalf("%d cases in testdata: %v", len(names), err)
	}
	return names
}

func readCase(t testing.TB, name string) (before, log, want string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	comment, rest, ok := strings.Cut(string(data), "-- log --\n")
	log, want, ok2 := strings.Cut(rest, "-- want --\n")
	if !ok || !ok2 {
		t.Fatalf("%s lacks a part", name)
	}
	return comment + "-- log --\n" + log + "-- want --\n", log, want
}

// TestCases: what is read in the excerpts that windows-evidence has of all
// releases, with other names. The same is read in other encodings.
func TestCases(t *testing.T) {
	for _, name := range cases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			before, log, want := readCase(t, name)
			got := tell(t, []byte(log))
			if *update {
				if err := os.WriteFile(name, []byte(before+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			for _, e := range []Encoding{UTF8BOM, UTF16LE, UTF16BE} {
				if d := cmp.Diff(want, tell(t, encoded(log, e))); d != "" {
					t.Errorf("%s: -want +got:\n%s", e, d)
				}
			}
		})
	}
}

// tell writes down everything that is read in a log.
func tell(t testing.TB, data []byte) string {
	var b strings.Builder
	r, sections := readAll(t, data)
	if h := r.Header(); h.Title != "" {
		fmt.Fprintf(&b, "log %q: Windows %s, %s, product %s\n", h.Title, h.OSVersion, h.Architecture, h.ProductType)
	}
	for _, s := range sections {
		tellSection(&b, s)
	}
	return b.String()
}

func tellSection(b *strings.Builder, s *Section) {
	for i := range s.Lines {
		if l := &s.Lines[i]; l.Kind == KindUnknown {
			fmt.Fprintf(b, "%s: unknown: %s\n", l.Pos, l.Text)
		}
	}
	if s.Outside() {
		return
	}
	fmt.Fprintf(b, "%s: section %q - %q: %s, complete %v", s.Pos(), s.Title, s.Instance, s.Status, s.Complete())
	if !s.Start.IsZero() && !s.End.IsZero() {
		fmt.Fprintf(b, ", took %s", s.End.Sub(s.Start))
	}
	if !s.Boot.IsZero() {
		fmt.Fprintf(b, ", boot of %s", s.Boot.Format("2006-01-02"))
	}
	b.WriteByte('\n')
	walk(s.Contexts(), func(c *Context) bool {
		if !c.Exit.OK() {
			fmt.Fprintf(b, "  {%s} %s\n", c.Name, c.Exit)
		}
		return true
	})
	for _, m := range s.Imports() {
		tellImport(b, m)
	}
	for _, d := range s.DeviceInstalls() {
		tellDevice(b, d)
	}
	for _, e := range s.OldEvents() {
		fmt.Fprintf(b, "  %s: %s %d %v code 0x%08x %s\n", e.Pos, e.Severity, e.Number, e.Quoted, e.Code, e.Kind)
	}
}

func tellImport(b *strings.Builder, m *Import) {
	fmt.Fprintf(b, "  import %s (%s, %s, %s) catalog %s, valid %v\n", m.INF, m.Provider, m.DriverVersion, m.ClassGUID, m.Catalog, m.CatalogValid)
	tellPasses(b, m.Verifications)
	fmt.Fprintf(b, "    validation %s, score %s, signer %q, submission %q\n", m.Validation, tellScore(m.Score), m.SignerName, m.SubmissionID)
	if p := m.Prompt; p.HasGap || len(p.Notes) > 0 {
		fmt.Fprintf(b, "    gap %v %s, %d notes, accepted %v, certificate installed %v\n", p.HasGap, p.Gap, len(p.Notes), p.Accepted, p.CertificateInstalled)
	}
	for _, r := range m.Refused {
		fmt.Fprintf(b, "    %s: refused: %s: %s (%v 0x%08x)\n", r.Pos, r.Category, r.Text, r.HasCode, r.Code)
	}
	fmt.Fprintf(b, "    store %q, published %q, exit %s, %s %s\n", m.StoreName, m.Published, m.Exit, m.Status.Result, m.StatusMessage)
}

func tellPasses(b *strings.Builder, passes []Verification) {
	for _, v := range passes {
		fmt.Fprintf(b, "    pass %d %s in %s: %s %s\n", v.Pass, v.Key, v.Catalog, v.Exit, v.Message)
	}
}

func tellScore(s Score) string {
	if !s.Known() {
		return "unknown"
	}
	return fmt.Sprintf("%v %08X %q", s.HasValue, s.Value, s.Label)
}

func tellDevice(b *strings.Builder, d *DeviceInstall) {
	fmt.Fprintf(b, "  device %s: exit %s, restart %v\n    ids %v %v\n", d.Device, d.Exit, d.RestartRequired, d.HardwareIDs, d.CompatibleIDs)
	for _, n := range d.Nodes {
		fmt.Fprintf(b, "    node %s %s [%s] rank %v %08x, score %s, signer %q, %s %s, %v\n", n.INF, n.Published, n.Section, n.HasRank, n.Rank, tellScore(n.Score), n.Signer, n.DriverDate, n.DriverVersion, n.Status)
	}
	tellPasses(b, d.Verifications)
	for _, p := range d.Problems {
		fmt.Fprintf(b, "    %s: problem 0x%02x %s (%v 0x%08x)\n", p.Pos, p.Code, p.Name, p.HasStatus, p.Status)
	}
	for _, s := range d.ServiceStarts {
		fmt.Fprintf(b, "    %s: service %s, failed %v, after %s\n", s.Pos, s.Service, s.Failed, s.After)
	}
	for _, c := range d.Commits {
		fmt.Fprintf(b, "    %s: commit until %s, %s to %s: %s, %d copies\n", c.Pos, c.End, c.Began, c.Ended, c.Exit, len(c.Copies))
	}
	for _, l := range d.Restarts {
		fmt.Fprintf(b, "    %s: restart: %s\n", l.Pos, l.Message)
	}
	for _, r := range d.Errors {
		fmt.Fprintf(b, "    %s: error: %s (%v 0x%08x)\n", r.Pos, r.Text, r.HasCode, r.Code)
	}
}
