package signtest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var testData = sync.OnceValue(TestData)

// TestTestDataIsWhatTheGeneratorMakes compares testdata with a new run, byte
// for byte.
func TestTestDataIsWhatTheGeneratorMakes(t *testing.T) {
	const cure = "; run go generate ./authenticode/signtest"
	root := filepath.Join("..", "..", "testdata")
	want := testData()
	for _, path := range want.Paths() {
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil {
			t.Errorf("%v%s", err, cure)
			continue
		}
		if !bytes.Equal(got, want[path]) {
			t.Errorf("%s differs%s", path, cure)
		}
	}
	for _, s := range Samples() {
		folder := filepath.Join(root, "packages", s.Name)
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(root, path)
			if _, made := want[filepath.ToSlash(rel)]; !made {
				t.Errorf("%s is not made by the generator%s", rel, cure)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestSecondRunIsTheSame(t *testing.T) {
	a, b := testData(), TestData()
	for _, path := range a.Paths() {
		if !bytes.Equal(a[path], b[path]) {
			t.Errorf("%s differs between two runs", path)
		}
	}
}

func TestEveryGeneratedFileIsDescribed(t *testing.T) {
	text := string(testData()["README.md"])
	stores := Stores()
	for _, s := range Samples() {
		if strings.Count(text, "**"+s.Name+"**") != 1 || s.Point == "" {
			t.Errorf("README.md does not describe %s once", s.Name)
		}
	}
	for name := range stores {
		if storePoints()[name] == "" {
			t.Errorf("%s has no description", name)
		}
	}
	for name := range storePoints() {
		if _, ok := stores[name]; !ok {
			t.Errorf("%s is described and not made", name)
		}
	}
}

// TestSamplesDifferFromTheValidPackage: a sample whose defect was lost would
// be the valid package.
func TestSamplesDifferFromTheValidPackage(t *testing.T) {
	seen := make(map[string]string)
	for _, s := range Samples() {
		var all []byte
		files := s.Build()
		for _, path := range files.Paths() {
			all = append(append(append(all, path...), 0), files[path]...)
		}
		if other, ok := seen[string(all)]; ok {
			t.Errorf("%s and %s are the same package", s.Name, other)
		}
		seen[string(all)] = s.Name
	}
}

// TestSampleDefects looks for the point of the samples whose point is in the
// files.
func TestSampleDefects(t *testing.T) {
	build := func(name string) Files { return SampleNamed(name).Build() }
	valid := NewPackage().Build()
	same := func(name string, paths ...string) {
		t.Helper()
		f := build(name)
		for _, path := range paths {
			if !bytes.Equal(f[path], valid[path]) {
				t.Errorf("%s: %s differs from the valid package", name, path)
			}
		}
	}
	same("third-party-timestamped", "gadget.cat", "gadget.inf", "gadget.sys")
	same("altered-sys", "gadget.cat", "gadget.inf")
	same("altered-inf", "gadget.cat", "gadget.sys")
	same("altered-inf-line-endings", "gadget.cat", "gadget.sys")
	same("missing-file", "gadget.cat", "gadget.inf")
	same("no-catalog", "gadget.inf", "gadget.sys")
	same("expired-no-timestamp", "gadget.inf", "gadget.sys")
	same("altered-catalog", "gadget.inf", "gadget.sys")

	lf := build("altered-inf-line-endings")["gadget.inf"]
	if bytes.Contains(lf, []byte("\r")) || !bytes.Equal(bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")), valid["gadget.inf"]) {
		t.Error("altered-inf-line-endings: not the LF form of the valid INF")
	}
	if f := build("missing-file"); f["gadget.sys"] != nil {
		t.Error("missing-file: gadget.sys is there")
	}
	if f := build("no-catalog"); f["gadget.cat"] != nil {
		t.Error("no-catalog: gadget.cat is there")
	}
	if f := build("lfs-pointer"); !bytes.HasPrefix(f["gadget.sys"], []byte("version https://git-lfs")) {
		t.Error("lfs-pointer: no pointer")
	}
	if f := build("path-escape"); !bytes.Contains(f["gadget.inf"], []byte("\r\n..\\evil.sys\r\n")) {
		t.Error("path-escape: the INF does not name ..\\evil.sys")
	}
	if f := build("unpadded-sys"); len(f["gadget.sys"])%8 == 0 {
		t.Error("unpadded-sys: the length is a multiple of 8")
	}
	if f := build("utf16-inf"); !bytes.HasPrefix(f["gadget.inf"], []byte{0xff, 0xfe, ';', 0}) {
		t.Error("utf16-inf: no byte order mark")
	}
	if err := checkMessage(t, build("altered-catalog")["gadget.cat"]); err == nil {
		t.Error("altered-catalog: the signature holds")
	}
	for _, s := range Samples() {
		cat, ok := s.Build()["gadget.cat"]
		switch {
		case !ok, s.Name == "altered-catalog", s.Name == "unsigned-catalog", s.Name == "catalog-lfs-pointer":
			continue
		}
		if err := checkMessage(t, cat); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

func TestINFText(t *testing.T) {
	for _, s := range Samples() {
		for _, inf := range s.Package().INFs {
			if inf.UTF16 {
				continue
			}
			text := string(inf.Bytes())
			if strings.Count(text, "\n") != strings.Count(text, "\r\n") || !strings.HasSuffix(text, "\"\r\n") {
				t.Errorf("%s: line endings of %s", s.Name, inf.Name)
			}
			for _, path := range inf.Sources() {
				if name := path[strings.LastIndex(path, "/")+1:]; !strings.Contains(text, "\r\n"+name+" = 1\r\n") {
					t.Errorf("%s: %s is not in SourceDisksFiles", s.Name, name)
				}
			}
		}
	}
	multi := SampleNamed("multi-arch").Package().INFs[0]
	if got := multi.Sources(); !slices.Equal(got, []string{"x86/gadget.sys", "amd64/gadget.sys", "arm64/gadget.sys"}) {
		t.Errorf("sources %v", got)
	}
	extended := INF{Name: "x.inf", Lines: AppendLines("[Extra]", "a = b")}
	if !strings.HasSuffix(string(extended.Bytes()), "[Extra]\r\na = b\r\n") {
		t.Errorf("%s", extended.Bytes())
	}
}

func TestFiles(t *testing.T) {
	f := Files{"a/b.sys": []byte("1"), "c.inf": []byte("2")}
	folder := t.TempDir()
	if err := f.WriteTo(folder); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(folder, "a", "b.sys")); string(b) != "1" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := fs.ReadFile(f.FS(), "a/b.sys"); string(b) != "1" {
		t.Errorf("%q, %v", b, err)
	}
	for _, path := range []string{"../x", "/x", "a/../../x", ""} {
		if err := (Files{path: nil}).WriteTo(folder); err == nil {
			t.Errorf("%q is written", path)
		}
	}
}
