package inf

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// seeds are the cases of testdata, each in the encodings that INFs come in.
func seeds(t testing.TB) [][]byte {
	t.Helper()
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	all := [][]byte{
		nil, {0x1A}, []byte("[S"), []byte("[S]\na = \"b\\\"\\\n,%c;d%"), {0xFF, 0xFE}, {0xFF, 0xFE, '['},
		[]byte("[S]\ra\r\nb\n\r"), []byte("[Manufacturer]\nA=A,NT,NT.A\n[A]\nA=A\n[A.NT]\nNeeds=A.NT"),
	}
	for _, name := range cases {
		_, text, _ := readCase(t, name)
		all = append(all, []byte(text), []byte(strings.ReplaceAll(text, "\n", "\r\n")), append([]byte{0xEF, 0xBB, 0xBF}, text...))
		wide := []byte{0xFF, 0xFE}
		for _, u := range utf16.Encode([]rune(text)) {
			wide = append(wide, byte(u), byte(u>>8))
		}
		all = append(all, wide)
	}
	return all
}

// FuzzParse: the input is reproduced, a line reads the same alone, an error comes
// without a value, the views neither panic nor give a path out of the package.
func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := Parse("x.inf", data)
		if err != nil {
			if x != nil {
				t.Fatal("a file besides an error")
			}
			return
		}
		if !bytes.Equal(x.Bytes(), data) {
			t.Fatal("the input is not reproduced")
		}
		checkLines(t, x)
		checkViews(t, x)
	})
}

// checkLines parses lines by themselves, from their raw bytes.
func checkLines(t *testing.T, x *File) {
	head := []byte("[S]\n")
	switch x.Encoding {
	case UTF16LE:
		head = []byte("\xFF\xFE[\x00S\x00]\x00\n\x00")
	case UTF16BE:
		head = []byte("\xFE\xFF\x00[\x00S\x00]\x00\n")
	case UTF8BOM:
		head = []byte("\xEF\xBB\xBF[S]\n")
	}
	n := 0
	for _, s := range x.Sections {
		for i := range s.Lines {
			if n++; n > 100 {
				return
			}
			l := &s.Lines[i]
			alone, err := Parse("x.inf", slices.Concat(head, x.Raw(l)))
			if err != nil || len(alone.Sections) != 1 || len(alone.Sections[0].Lines) != 1 {
				t.Fatalf("line %q does not stand alone: %v", x.Raw(l), err)
			}
			got := alone.Sections[0].Lines[0]
			if got.Key != l.Key || got.HasKey != l.HasKey || !slices.Equal(got.Values, l.Values) {
				t.Fatalf("line %q reads %q %q alone, not %q %q", x.Raw(l), got.Key, got.Values, l.Key, l.Values)
			}
		}
	}
}

func checkViews(t *testing.T, x *File) {
	x.Version()
	x.IsDriver()
	x.ModelsDecorations()
	x.CopyINFs()
	x.Includes()
	x.WithLocale(0x0407).Version()
	for _, a := range allArches {
		x.Version().CatalogFor(a)
		x.Missing(a)
		x.Select(System{Arch: a, Major: 10, Build: 26200, ProductType: 1, ParsesBuild: true})
		files := x.Files(a)
		index := IndexBinaries(files)
		for _, s := range x.Services(a) {
			s.BinaryFile(files)
			for _, file := range index.Of(s) {
				if !slices.ContainsFunc(files, func(g SourceFile) bool { return g.Path == file.Path && g.Name == file.Name }) {
					t.Fatalf("the binary of %s is %s, which is no file of the inf", s.Name, file.Path)
				}
			}
		}
		for _, file := range files {
			if (file.Path == "") != (file.Problem != nil) {
				t.Fatalf("%q has path %q and problem %v", file.Name, file.Path, file.Problem)
			}
			for _, p := range append(file.Candidates, file.Cabinet) {
				if p != "" && !filepath.IsLocal(p) || strings.ContainsAny(p, `\:`) {
					t.Fatalf("%q leads to %q", file.Name, p)
				}
			}
		}
	}
	for _, d := range x.Ambiguous {
		if d.Severity != SeverityError || len(x.Findings) <= maxFindings && !slices.Contains(x.Findings, d) {
			t.Fatalf("%v is ambiguous and no finding", d)
		}
	}
	for _, d := range x.Findings {
		if d.ID == "" || d.Severity == SeverityUnknown || d.Message == "" || d.Pos.Line < 1 || d.Pos.Col < 1 {
			t.Fatalf("finding %+v", d)
		}
	}
}

// FuzzLineEndingForms: a form differs from the text and from every other form,
// and unifying line endings twice changes nothing.
func FuzzLineEndingForms(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		forms := LineEndingForms(data)
		// "\r\r\n" becomes "\r\n", as the tools make it, and that could go on.
		loneCR := bytes.Contains(bytes.ReplaceAll(data, []byte{0}, nil), []byte("\r\r"))
		for i, form := range forms {
			if bytes.Equal(form.Data, data) {
				t.Fatalf("%s is the text itself", form.ID)
			}
			for _, other := range forms[:i] {
				if bytes.Equal(form.Data, other.Data) {
					t.Fatalf("%s and %s are the same", form.ID, other.ID)
				}
			}
			if !loneCR && (form.ID == "crlf" || form.ID == "lf") {
				for _, again := range LineEndingForms(form.Data) {
					if again.ID == form.ID {
						t.Fatalf("%s is not complete", form.ID)
					}
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text, err := os.ReadFile("testdata/device.txtar")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "-- x.inf --\n")
	small, _, _ := strings.Cut(rest, "-- want --\n")
	var large strings.Builder // as graphics drivers have them: one device a line
	large.WriteString(small)
	for large.Len() < 2<<20 {
		large.WriteString("[Models.NTamd64]\n" + strings.Repeat("\"Contoso NIC\" = Install, PCI\\VEN_1234&DEV_5678 ; comment\r\n", 100))
	}
	for name, text := range map[string]string{"Small": small, "2MB": large.String()} {
		b.Run(name, func(b *testing.B) {
			data := []byte(text)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse("x.inf", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
