package prestage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"prestage/authenticode/signtest"
)

// recorder is a file system that writes down every name that it is asked for
// and fails the test for one outside the package's folder.
type recorder struct {
	t     testing.TB
	fs    fs.FS
	below string // the only folder that may be touched

	mu    sync.Mutex
	names []string
}

func (r *recorder) Open(name string) (fs.File, error) {
	r.mu.Lock()
	r.names = append(r.names, name)
	r.mu.Unlock()
	if !fs.ValidPath(name) {
		r.t.Errorf("opened %q, which is no path of a file system", name)
	}
	if r.below != "." && name != r.below && !strings.HasPrefix(name, r.below+"/") {
		r.t.Errorf("opened %q, outside of %s", name, r.below)
	}
	return r.fs.Open(name)
}

func (r *recorder) opened(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.names, func(n string) bool { return strings.EqualFold(n, name) })
}

// escapes are names that lead out of the package, or to no file, on Windows.
var escapes = []string{
	`..\evil.sys`, `..\..\evil.sys`, `sub\..\..\evil.sys`, `../evil.sys`, `sub/../../evil.sys`,
	`\\server\share\evil.sys`, `//server/share/evil.sys`, `\\?\C:\evil.sys`, `\\.\PhysicalDrive0`, `\??\C:\evil.sys`,
	`C:\evil.sys`, `C:evil.sys`, `c:/evil.sys`,
	`gadget.sys:stream`, `gadget.sys::$DATA`,
	`NUL`, `con`, `COM1`, `lpt9.sys`, `AUX.txt`, `CONIN$`, `sub\nul.sys`,
	`evil.sys.`, `evil.sys `, `...`, `..`, `.`,
	`evil*.sys`, `evil?.sys`, `<evil>.sys`, `evil|.sys`,
	"evil\x01.sys",
}

// withCopied is a package whose INF copies that file, quoted, so that blanks
// stay.
func withCopied(name string) *signtest.Package {
	p := signtest.NewPackage()
	p.INFs[0].Lines = func(text string) string {
		return strings.Replace(text, "[Gadget.CopyFiles]\r\n", "[Gadget.CopyFiles]\r\n\""+name+"\"\r\n", 1)
	}
	return p
}

// TestNothingOutsideIsOpened: a reference that leaves the package, however it
// is spelled, is a finding and never a file access, and the package is never
// staged.
func TestNothingOutsideIsOpened(t *testing.T) {
	for _, name := range escapes {
		t.Run(name, func(t *testing.T) {
			files := withCopied(name).Build()
			outside := fstest.MapFS{}
			for _, evil := range []string{"evil.sys", "sub/evil.sys", "drivers/evil.sys.", "drivers/evil.sys ", "drivers/NUL", "nul", "C:/evil.sys"} {
				outside[evil] = &fstest.MapFile{Data: []byte("evil")}
			}
			for file, data := range files {
				outside["drivers/x64/"+file] = &fstest.MapFile{Data: data, Mode: 0o644}
			}
			r := &recorder{t: t, fs: outside, below: "drivers/x64"}
			p, err := Open(r, "drivers/x64/gadget.inf")
			if err != nil {
				t.Fatal(err)
			}
			f, err := Gatherer{Store: contosoStore(t), At: testClock, Jobs: 1}.Gather(p)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(f.Files, func(file *FileFacts) bool { return file.Outside })
			if i < 0 {
				t.Fatalf("no file is outside: %v", names(f))
			}
			if f.State(f.Files[i]) != Missing || f.Files[i].Err == nil || f.Files[i].Present {
				t.Errorf("state %s, error %v", f.State(f.Files[i]), f.Files[i].Err)
			}
			if finding(f, "path-outside-package") != Error {
				t.Errorf("findings: %+v", f.Findings)
			}
			on := target(t, "win11-25h2/amd64", Scenario{})
			if p := Predict(f, Classify(f, on), on); p.Outcome != Refused {
				t.Errorf("%s by %v", p.Outcome, p.Because)
			}
		})
	}
}

// TestLeadingSeparator: a separator at the beginning means the folder of the
// INF (rule 25), so such a name does not leave the package.
func TestLeadingSeparator(t *testing.T) {
	for _, name := range []string{`\evil.sys`, `/evil.sys`} {
		m := fstest.MapFS{"evil.sys": {Data: []byte("evil")}}
		for file, data := range withCopied(name).Build() {
			m["a/"+file] = &fstest.MapFile{Data: data}
		}
		r := &recorder{t: t, fs: m, below: "a"}
		p, err := Open(r, "a/gadget.inf")
		if err != nil {
			t.Fatal(err)
		}
		f, err := Gatherer{Store: contosoStore(t), At: testClock}.Gather(p)
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.Index(names(f), "a/evil.sys"); i < 0 || f.State(f.Files[i]) != Missing {
			t.Errorf("%s: files %v", name, names(f))
		}
	}
}

// TestCatalogOutside: a catalog lies beside the INF and nowhere else.
func TestCatalogOutside(t *testing.T) {
	for _, name := range []string{`..\gadget.cat`, `sub\gadget.cat`, `\gadget.cat`, `C:\gadget.cat`, `\\server\gadget.cat`, `gadget.cat:x`, `NUL`, `../gadget.cat`} {
		t.Run(name, func(t *testing.T) {
			p := signtest.NewPackage()
			files := p.Build()
			files["gadget.inf"] = []byte(signtest.ReplaceLine("CatalogFile = gadget.cat", "CatalogFile = "+name)(string(files["gadget.inf"])))
			m := fstest.MapFS{}
			for file, data := range files {
				m["a/b/"+file] = &fstest.MapFile{Data: data}
				m["a/"+file] = &fstest.MapFile{Data: data}
				m["a/b/sub/"+file] = &fstest.MapFile{Data: data}
			}
			r := &recorder{t: t, fs: m, below: "a/b"}
			pkg, err := Open(r, "a/b/gadget.inf")
			if err != nil {
				t.Fatal(err)
			}
			f, err := Gatherer{Store: contosoStore(t), At: testClock}.Gather(pkg)
			if err != nil {
				t.Fatal(err)
			}
			if r.opened("a/b/sub/gadget.cat") || r.opened("a/gadget.cat") {
				t.Errorf("opened a catalog elsewhere: %v", r.names)
			}
			on := target(t, "win11-25h2/amd64", Scenario{})
			if c := Classify(f, on); c.Category != Unsigned {
				t.Errorf("%s by %s", c.Category, c.Rule)
			}
		})
	}
}

func names(f *Facts) (list []string) {
	for _, file := range f.Files {
		list = append(list, file.Path)
	}
	return list
}

// TestFindIgnoresCase: Windows compares names without regard to case.
func TestFindIgnoresCase(t *testing.T) {
	p, err := Open(mapFS(map[string]string{
		"Drivers/X64/Gadget.INF":    gadgetINF,
		"Drivers/X64/gadget.CAT":    "x",
		"Drivers/X64/Sub/Deep/A.b":  "x",
		"Drivers/X64/twins.sys":     "x",
		"Drivers/X64/Twins.SYS":     "x",
		"Drivers/X64/ÄÖÜ.sys":       "x",
		"Drivers/X64/file":          "x",
		"Drivers/X64/a\\b.sys":      "a backslash is a character of the name here",
		"Drivers/elsewhere/a.sys":   "x",
		"Drivers/X64/sub2/only.sys": "x",
		"Drivers/X64/SUB2/Only.sys": "x",
	}), "Drivers/X64/Gadget.INF")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"gadget.cat":   "gadget.CAT",
		"GADGET.CAT":   "gadget.CAT",
		"sub/DEEP/a.B": "Sub/Deep/A.b",
		"äöü.SYS":      "ÄÖÜ.sys",
	} {
		got, err := p.Find(name)
		if err != nil || got != want {
			t.Errorf("Find(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"twins.sys", "TWINS.sys", "SUB2/only.sys"} {
		if got, err := p.Find(name); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Find(%q) = %q, %v; want that it is ambiguous", name, got, err)
		}
	}
	for _, name := range []string{"missing.sys", "file/below.sys", "gadget.cat/x", "sub/missing/x", "a/b.sys"} {
		if got, err := p.Find(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Find(%q) = %q, %v; want that there is none", name, got, err)
		}
	}
	for _, name := range []string{"../elsewhere/a.sys", "/a.sys", "", ".", "sub/../gadget.cat", "sub//x", "./gadget.cat"} {
		if got, err := p.Find(name); err == nil {
			t.Errorf("Find(%q) = %q", name, got)
		}
	}
}

// TestCaseOfNamesDoesNotMatter: the same package, every file in capitals.
func TestCaseOfNamesDoesNotMatter(t *testing.T) {
	files := signtest.Files{}
	for name, data := range signtest.NewPackage().Build() {
		files[strings.ToUpper(name)] = data
	}
	f := gather(t, files, contosoStore(t), testClock)
	for _, file := range f.Files {
		if f.State(file) != Covered || file.Path != strings.ToUpper(file.Path) {
			t.Errorf("%s: %s", file.Path, f.State(file))
		}
	}
}

// TestUnreadableFile: a file that is there and cannot be read is no member,
// whatever its name; the package is not staged.
func TestUnreadableFile(t *testing.T) {
	denied := errors.New("permission denied")
	for _, broken := range []string{"gadget.sys", "gadget.cat"} {
		f := gatherBroken(t, broken, denied)
		on := target(t, "win11-25h2/amd64", Scenario{})
		c := Classify(f, on)
		if c.Category != Altered && c.Category != Unsigned {
			t.Errorf("%s unreadable: %s", broken, c.Category)
		}
		if p := Predict(f, c, on); p.Outcome != Refused {
			t.Errorf("%s unreadable: %s", broken, p.Outcome)
		}
		if !slices.ContainsFunc(f.Findings, func(x Finding) bool {
			return x.Severity == Error && strings.Contains(x.Message, denied.Error())
		}) {
			t.Errorf("%s unreadable: findings do not say so: %+v", broken, f.Findings)
		}
	}
}

// TestReadErrorInTheMiddle: a file that fails while it is read.
func TestReadErrorInTheMiddle(t *testing.T) {
	files := signtest.NewPackage().Build()
	for _, name := range []string{"gadget.sys", "gadget.cat"} {
		fsys := failing{files.FS(), name, nil, 600}
		p, err := Open(fsys, "gadget.inf")
		if err != nil {
			t.Fatal(err)
		}
		f, err := Gatherer{Store: contosoStore(t), At: testClock}.Gather(p)
		if err != nil {
			t.Fatal(err)
		}
		on := target(t, "win11-25h2/amd64", Scenario{})
		if c := Classify(f, on); c.Category != Altered && c.Category != Unsigned {
			t.Errorf("%s fails while it is read: %s by %s", name, c.Category, c.Rule)
		}
	}
}

func gatherBroken(t *testing.T, name string, broken error) *Facts {
	t.Helper()
	p, err := Open(failing{signtest.NewPackage().Build().FS(), name, broken, 0}, "gadget.inf")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Gatherer{Store: contosoStore(t), At: testClock}.Gather(p)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// failing is a file system in which one file cannot be opened or, where open
// is nil, cannot be read beyond some bytes.
type failing struct {
	fs.FS
	name string
	open error
	good int64
}

func (f failing) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	switch {
	case err != nil || name != f.name:
		return file, err
	case f.open != nil:
		file.Close()
		return nil, &fs.PathError{Op: "open", Path: name, Err: f.open}
	}
	return &failingFile{file, f.good}, nil
}

func (f failing) Stat(name string) (fs.FileInfo, error) { return fs.Stat(f.FS, name) }

type failingFile struct {
	fs.File
	good int64
}

var errDisk = errors.New("the disk fails")

func (f *failingFile) Read(b []byte) (int, error) {
	if f.good <= 0 {
		return 0, errDisk
	}
	n, err := f.File.Read(b[:min(int64(len(b)), f.good)])
	f.good -= int64(n)
	return n, err
}

func (f *failingFile) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > f.good {
		return 0, errDisk
	}
	return f.File.(io.ReaderAt).ReadAt(b, at)
}

// TestNotRegular: what is no regular file is never opened, since opening a
// pipe may block for ever.
func TestNotRegular(t *testing.T) {
	for _, mode := range []fs.FileMode{fs.ModeNamedPipe, fs.ModeDevice, fs.ModeSocket, fs.ModeDir | 0o755, fs.ModeIrregular} {
		files := signtest.NewPackage().Build()
		m := files.FS().(fstest.MapFS)
		m["gadget.sys"] = &fstest.MapFile{Mode: mode}
		r := &recorder{t: t, fs: noOpen{m, "gadget.sys", t}, below: "."}
		p, err := Open(r, "gadget.inf")
		if err != nil {
			t.Fatal(err)
		}
		p.fsys = noOpen{m, "gadget.sys", t}
		f, err := Gatherer{Store: contosoStore(t), At: testClock}.Gather(p)
		if err != nil {
			t.Fatal(err)
		}
		on := target(t, "win11-25h2/amd64", Scenario{})
		if c := Classify(f, on); c.Category != Altered {
			t.Errorf("%s: %s by %s", mode, c.Category, c.Rule)
		}
		if finding(f, "file-unreadable") != Error {
			t.Errorf("%s: findings %+v", mode, f.Findings)
		}
	}
}

// noOpen fails the test when a certain file is opened; asking what it is is
// allowed.
type noOpen struct {
	fstest.MapFS
	name string
	t    *testing.T
}

func (n noOpen) Open(name string) (fs.File, error) {
	if name == n.name {
		n.t.Errorf("%s was opened", name)
	}
	return n.MapFS.Open(name)
}

func (n noOpen) Stat(name string) (fs.FileInfo, error) { return n.MapFS.Stat(name) }

// TestLimits: what is larger than anything real is an error that says so.
func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		name string
		fsys fs.FS
	}{
		{"promised", huge{promise: maxINFSize + 1, real: 10}},
		{"delivered", huge{promise: 10, real: maxINFSize + 2}},
		{"endless", huge{promise: 10, real: 1 << 62}},
	} {
		if p, err := Open(tt.fsys, "huge.inf"); p != nil || !errors.Is(err, errTooLarge) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// huge is a file system of one file that is not as large as it promises.
type huge struct{ promise, real int64 }

func (h huge) Open(name string) (fs.File, error) { return &hugeFile{h, 0}, nil }
func (h huge) Stat(name string) (fs.FileInfo, error) {
	return fs.Stat(fstest.MapFS{name: &fstest.MapFile{Data: make([]byte, h.promise), Mode: 0o644}}, name)
}

type hugeFile struct {
	huge
	at int64
}

func (h *hugeFile) Stat() (fs.FileInfo, error) { return h.huge.Stat("huge.inf") }
func (h *hugeFile) Close() error               { return nil }
func (h *hugeFile) Read(b []byte) (int, error) {
	if h.at >= h.real {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), h.real-h.at))
	for i := range b[:n] {
		b[i] = ';'
	}
	h.at += int64(n)
	return n, nil
}

// TestOpenErrors: what is no INF, or none of a driver.
func TestOpenErrors(t *testing.T) {
	fsys := mapFS(map[string]string{
		"text.inf":    "this is text\n",
		"empty.inf":   "",
		"autorun.inf": "[autorun]\nopen=setup.exe\n",
		"answers.inf": "[Unattended]\nOemSkipEula=yes\n",
		"foreign.inf": "[Version]\nSignature=\"$Something$\"\n",
	})
	if p, err := Open(fsys, "missing.inf"); p != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing.inf: %v", err)
	}
	if p, err := Open(fsys, "text.inf"); p != nil || err == nil || !strings.Contains(err.Error(), "text.inf:1") {
		t.Errorf("text.inf: %v", err)
	}
	for _, name := range []string{"empty.inf", "autorun.inf", "answers.inf", "foreign.inf"} {
		p, err := Open(fsys, name)
		if err != nil {
			continue // refused earlier: also an answer
		}
		f, err := Gatherer{Store: contosoStore(t), At: testClock}.Gather(p)
		var nd *NotDriverError
		if f != nil || !errors.As(err, &nd) || nd.Why == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNoClock: a forgotten clock is an error, not a verdict.
func TestNoClock(t *testing.T) {
	p, err := Open(signtest.NewPackage().Build().FS(), "gadget.inf")
	if err != nil {
		t.Fatal(err)
	}
	if f, err := (Gatherer{Store: contosoStore(t)}).Gather(p); f != nil || !errors.Is(err, errNoClock) {
		t.Errorf("%v, %v", f, err)
	}
	if r, err := Check(Options{}); r != nil || !errors.Is(err, errNoClock) {
		t.Errorf("%v, %v", r, err)
	}
}

// TestJobsChangeNothing: however many files are read at a time, the facts are
// the same.
func TestJobsChangeNothing(t *testing.T) {
	p := signtest.NewPackage()
	for i := range 40 {
		name := fmt.Sprintf("file%02d.sys", i)
		p.INFs[0].CopyFiles = append(p.INFs[0].CopyFiles, name)
		p.Payload[name] = signtest.NewDriver(signtest.MachineAMD64, name)
	}
	files := p.Build()
	delete(files, "file07.sys")
	files["file08.sys"] = []byte("changed")
	var first string
	for _, jobs := range []int{0, 1, 3, 100} {
		pkg, err := Open(files.FS(), "gadget.inf")
		if err != nil {
			t.Fatal(err)
		}
		f, err := Gatherer{Store: contosoStore(t), At: testClock, Jobs: jobs}.Gather(pkg)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, file := range f.Files {
			fmt.Fprintln(&b, file.Path, f.State(file), file.Sums, file.Hint)
		}
		fmt.Fprintln(&b, f.Findings)
		if first == "" {
			first = b.String()
		}
		if b.String() != first {
			t.Errorf("%d jobs: the facts differ", jobs)
		}
	}
}

// TestSecondINFReadsNothingTwice: what two INFs share is read once.
func TestSecondINFReadsNothingTwice(t *testing.T) {
	dir := t.TempDir()
	if err := signtest.SampleNamed("two-infs-one-catalog").Build().WriteTo(dir); err != nil {
		t.Fatal(err)
	}
	tree, err := OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	counts := &counter{fs: os.DirFS(dir), opens: map[string]int{}}
	tree.fsys = counts
	report, err := Check(Options{At: testClock, Store: contosoStore(t)}, tree)
	if err != nil || len(report.Packages) != 2 {
		t.Fatalf("%v, %v", report, err)
	}
	for name, n := range counts.opens {
		if path.Ext(name) == ".cat" && n != 1 {
			t.Errorf("%s was opened %d times", name, n)
		}
	}
}

type counter struct {
	fs    fs.FS
	opens map[string]int
}

func (c *counter) Open(name string) (fs.File, error) { c.opens[name]++; return c.fs.Open(name) }
func (c *counter) Stat(name string) (fs.FileInfo, error) {
	return fs.Stat(c.fs, name)
}
func (c *counter) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(c.fs, name) }
