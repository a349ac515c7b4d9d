package inf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The corpus is real driver packages from public repositories, with facts about
// them that other programs computed. It lies beside the repository.

// A truthINF is what the corpus says about one INF.
type truthINF struct {
	Encoding    string            `json:"encoding"`
	LineEndings string            `json:"line_endings"`
	Version     map[string]string `json:"version"`
	CatalogKeys map[string]string `json:"catalog_keys"`
	Decorations []string          `json:"target_decorations"`
	Sources     []string          `json:"source_disks_files"`
	Verdict     string            `json:"verdict"`
}

type truthPackage struct {
	INFs     map[string]truthINF `json:"infs"`
	Catalogs []struct {
		Catalog string   `json:"catalog"`
		Members []string `json:"member_file_names"`
	} `json:"catalogs"`
	Files []struct {
		File    string `json:"file"`
		Kind    string `json:"kind"`
		Covered bool   `json:"present_in_a_catalog"`
		Size    int64  `json:"size"`
	} `json:"files"`
}

// differs lists where this package and the corpus facts disagree and this
// package is right, by INF name and field.
var differs = map[string]string{
	"slabvcp.inf pnplockdown": "the corpus took the comment for a part of the value",
}

func corpus(t testing.TB) (dir string, packages map[string]truthPackage) {
	t.Helper()
	dir = os.Getenv("PRESTAGE_CORPUS")
	if dir == "" {
		dir = filepath.Join(repositoryRoot(t), "..", "shared", "corpus")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		if os.Getenv("PRESTAGE_CORPUS_REQUIRED") == "1" {
			t.Fatal(err)
		}
		t.Skipf("corpus not found: %v; set PRESTAGE_CORPUS", err)
	}
	var truth struct {
		Packages map[string]truthPackage `json:"packages"`
	}
	if err := json.Unmarshal(raw, &truth); err != nil {
		t.Fatal(err)
	}
	if len(truth.Packages) == 0 {
		t.Fatal("truth.json has no packages")
	}
	return dir, truth.Packages
}

func repositoryRoot(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// eachINF parses every INF of the corpus.
func eachINF(t *testing.T, visit func(t *testing.T, pkg truthPackage, name string, data []byte, f *File)) {
	dir, packages := corpus(t)
	n := 0
	for _, p := range slices.Sorted(maps.Keys(packages)) {
		pkg := packages[p]
		for _, name := range slices.Sorted(maps.Keys(pkg.INFs)) {
			n++
			t.Run(p+"/"+name, func(t *testing.T) {
				data, err := os.ReadFile(filepath.Join(dir, "packages", p, filepath.FromSlash(name)))
				if err != nil {
					t.Fatal(err)
				}
				f, err := Parse(name, data)
				if err != nil {
					t.Fatal(err)
				}
				visit(t, pkg, name, data, f)
			})
		}
	}
	t.Logf("%d infs", n)
}

func TestCorpusSyntax(t *testing.T) {
	encodings := map[string]string{"utf-16le-bom": "utf-16le", "utf-8-nobom": "utf-8", "ansi-codepage": "ansi", "ascii": "ansi"}
	eachINF(t, func(t *testing.T, pkg truthPackage, name string, data []byte, f *File) {
		want := pkg.INFs[name]
		if !bytes.Equal(f.Bytes(), data) {
			t.Error("the text is not reproduced")
		}
		if got := f.Encoding.String(); got != encodings[want.Encoding] || f.CodePage != 0 && f.ASCII != (want.Encoding == "ascii") {
			t.Errorf("encoding %s (ascii %v), corpus %s", got, f.ASCII, want.Encoding)
		}
		got := f.LineEndings.String()
		if f.LineEndings == LineEndingsMixed {
			got = fmt.Sprintf("mixed(crlf=%d,lf=%d)", f.Endings.CRLF, f.Endings.LF)
		}
		agree(t, name, "line_endings", got, want.LineEndings)
	})
}

func TestCorpusVersion(t *testing.T) {
	eachINF(t, func(t *testing.T, pkg truthPackage, name string, _ []byte, f *File) {
		want := pkg.INFs[name]
		v := f.Version()
		got := map[string]string{
			"signature": v.Signature, "class": v.Class, "classguid": v.ClassGUID, "provider": v.Provider,
			"extensionid": v.ExtensionID, "pnplockdown": v.PnpLockdown,
			"driverver": v.DriverDateText + "," + v.DriverVersion,
		}
		for key, value := range want.Version {
			if strings.HasPrefix(key, "catalogfile") || strings.HasPrefix(key, "driverpackage") {
				continue
			}
			if key == "driverver" { // the corpus has it in one piece
				value = strings.ReplaceAll(value, " ", "")
				if !strings.Contains(value, ",") {
					value += ","
				}
			}
			agree(t, name, key, got[key], value)
		}
		catalogs := make(map[string]string)
		for _, c := range v.CatalogFiles {
			key := "catalogfile"
			if c.Decoration != "" {
				key += "." + c.Decoration
			}
			catalogs[key] = c.Name
		}
		agree(t, name, "catalog_keys", fmt.Sprint(catalogs), fmt.Sprint(want.CatalogKeys))
	})
}

func TestCorpusDecorations(t *testing.T) {
	eachINF(t, func(t *testing.T, pkg truthPackage, name string, _ []byte, f *File) {
		got := make(map[string]bool)
		for _, d := range f.ModelsDecorations() {
			got[strings.ToLower(d.Text)] = true
		}
		want := pkg.INFs[name].Decorations
		agree(t, name, "target_decorations", fmt.Sprint(slices.Sorted(maps.Keys(got))), fmt.Sprint(slices.Sorted(slices.Values(want))))
	})
}

func TestCorpusSourceDisksFiles(t *testing.T) {
	eachINF(t, func(t *testing.T, pkg truthPackage, name string, _ []byte, f *File) {
		got, want := make(map[string]bool), make(map[string]bool)
		for _, a := range allArches {
			d := f.disks(a)
			for _, m := range d.files {
				for key := range m {
					got[key] = true
				}
			}
		}
		for _, s := range pkg.INFs[name].Sources {
			want[Fold(s)] = true
		}
		agree(t, name, "source_disks_files", fmt.Sprint(slices.Sorted(maps.Keys(got))), fmt.Sprint(slices.Sorted(maps.Keys(want))))
	})
}

func agree(t *testing.T, name, field, got, want string) {
	t.Helper()
	reason, listed := differs[path.Base(name)+" "+field]
	switch {
	case got != want && !listed:
		t.Errorf("%s is %s, corpus %s", field, got, want)
	case got == want && listed:
		t.Errorf("%s agrees with the corpus, yet differs lists it: %s", field, reason)
	}
}

// uncovered lists payload files that an INF needs, that are there, and that no
// catalog covers, by patterns of INF and file name: the corpus has packages that
// are altered or incomplete.
var uncovered = map[[2]string]string{
	{"HidHide.inf", "HidHide.sys"}:  "a Git LFS pointer stands in its place",
	{"avrispmkii.inf", "libusb0*"}:  "the catalog is a placeholder text",
	{"toastpkg.inf", "toaster.sys"}: "the catalogs cover another build",
	{"FF*PLWJ.INF", "*"}:            "compressed files: the catalog covers the expanded ones",
}

// extra lists members of catalogs that no INF needs on the systems of today.
var extra = map[string]string{
	"ch341s98.sys": "for Windows 98: no newer system reads the undecorated models section",
	"ch341ser.vxd": "for Windows 98",
}

// TestCorpusFiles holds the list of files against what vendors had signed: what
// it names and what lies there is in a catalog, and what is in a catalog is
// named, so the list is neither too long nor too short.
func TestCorpusFiles(t *testing.T) {
	dir, packages := corpus(t)
	var covered, members int
	usedUncovered, usedExtra := make(map[[2]string]bool), make(map[string]bool)
	for _, p := range slices.Sorted(maps.Keys(packages)) {
		pkg := packages[p]
		state := make(map[string]bool)
		for _, file := range pkg.Files {
			state[Fold(file.File)] = file.Covered
		}
		needed := make(map[string]bool)
		for name := range pkg.INFs {
			data, err := os.ReadFile(filepath.Join(dir, "packages", p, filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			f, err := Parse(name, data)
			if err != nil {
				t.Fatal(err)
			}
			needed[Fold(path.Base(name))] = true
			for _, a := range f.Architectures() {
				for _, file := range f.Files(a) {
					needed[Fold(path.Base(file.Path))] = true
					needed[Fold(file.DestName)] = true
					there, ok := lookUp(state, path.Dir(name), file.Candidates)
					switch entry, listed := listedUncovered(name, file.Name); {
					case there && ok:
						covered++
					case there && listed:
						usedUncovered[entry] = true
					case there && len(pkg.Catalogs) > 0:
						t.Errorf("%s/%s: %s: %s lies there and no catalog covers it", p, name, a, file.Path)
					}
				}
			}
		}
		for _, c := range pkg.Catalogs {
			if slices.ContainsFunc(c.Members, func(m string) bool { return strings.HasSuffix(m, ".inf") && !needed[Fold(m)] }) {
				continue // covers an INF that the corpus does not have, with its files
			}
			for _, m := range c.Members {
				switch {
				case needed[Fold(m)]:
					members++
				case extra[m] != "":
					usedExtra[m] = true
				default:
					t.Errorf("%s: %s lists %s, which no inf needs", p, c.Catalog, m)
				}
			}
		}
	}
	if len(usedUncovered) != len(uncovered) || len(usedExtra) != len(extra) {
		t.Errorf("of the listed exceptions only %v and %v occur", usedUncovered, usedExtra)
	}
	t.Logf("%d needed files are covered, %d members are needed", covered, members)
	if covered == 0 || members == 0 {
		t.Error("nothing was compared")
	}
}

// lookUp finds the first candidate that lies in the package.
func lookUp(state map[string]bool, dir string, candidates []string) (there, covered bool) {
	for _, c := range candidates {
		if covered, there = state[Fold(path.Join(dir, c))]; there {
			return there, covered
		}
	}
	return false, false
}

func listedUncovered(inf, file string) (entry [2]string, ok bool) {
	for entry := range uncovered {
		a, _ := path.Match(entry[0], path.Base(inf))
		b, _ := path.Match(entry[1], file)
		if a && b {
			return entry, true
		}
	}
	return entry, false
}
