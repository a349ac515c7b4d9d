package prestage

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"prestage/authenticode/signtest"
)

// writeTree writes files below a new folder.
func writeTree(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// in puts the files of a package into a folder.
func in(folder string, files signtest.Files) map[string][]byte {
	m := map[string][]byte{}
	for name, data := range files {
		m[folder+"/"+name] = data
	}
	return m
}

func merge(maps ...map[string][]byte) map[string][]byte {
	all := map[string][]byte{}
	for _, m := range maps {
		for name, data := range m {
			all[name] = data
		}
	}
	return all
}

// checkPath opens a path and judges what is in it.
func checkPath(t testing.TB, name string) *Report {
	t.Helper()
	tree, err := OpenTree(name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer tree.Close()
	r, err := Check(Options{At: testClock, Store: contosoStore(t), Jobs: 2}, tree)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// one is the only package of a report, judged for the default target.
func one(t testing.TB, r *Report) *PackageReport {
	t.Helper()
	if len(r.Packages) != 1 || len(r.Errors) != 0 {
		t.Fatalf("%d packages, errors %v; want one package", len(r.Packages), r.Errors)
	}
	return &r.Packages[0]
}

// zipOf packs files into a zip archive, deflated.
func zipOf(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range signtest.Files(files).Paths() {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestTreeKinds: the same package as an INF, a folder, a zip archive and a
// cabinet gets the same verdict.
func TestTreeKinds(t *testing.T) {
	files := signtest.NewPackage().Build()
	dir := writeTree(t, merge(in("drivers/x64", files), map[string][]byte{
		"gadget.zip":     zipOf(t, in("drivers/x64", files)),
		"gadget.ZIP.bin": zipOf(t, in("drivers/x64", files)), // told by content, not by name
		"gadget.cab":     storedCabinet(files),
	}))
	for name, inf := range map[string]string{
		"drivers":                "drivers/x64/gadget.inf",
		"drivers/x64/":           "drivers/x64/gadget.inf",
		"drivers/x64/gadget.inf": "drivers/x64/gadget.inf",
		"gadget.zip":             "gadget.zip/drivers/x64/gadget.inf",
		"gadget.ZIP.bin":         "gadget.ZIP.bin/drivers/x64/gadget.inf",
		"gadget.cab":             "gadget.cab/gadget.inf",
	} {
		p := one(t, checkPath(t, filepath.Join(dir, filepath.FromSlash(name))))
		if want := filepath.ToSlash(filepath.Join(dir, filepath.FromSlash(inf))); p.INF != want {
			t.Errorf("%s: INF %s, want %s", name, p.INF, want)
		}
		if v := p.Verdicts[0]; v.Category != "unknown-publisher" || v.Outcome != "prompt" {
			t.Errorf("%s: %s, %s: %s", name, v.Category, v.Outcome, v.Reason)
		}
		for _, f := range p.Files {
			if f.State != "covered" {
				t.Errorf("%s: %s: %s", name, f.Path, f.State)
			}
		}
	}
}

// TestRelativeNames: paths in a report are the argument as it was given.
func TestRelativeNames(t *testing.T) {
	dir := writeTree(t, in("pkg", signtest.NewPackage().Build()))
	t.Chdir(dir)
	for name, want := range map[string]string{
		"pkg": "pkg/gadget.inf", ".": "pkg/gadget.inf", "./pkg": "pkg/gadget.inf", "pkg/gadget.inf": "pkg/gadget.inf",
		"pkg/../pkg": "pkg/gadget.inf",
	} {
		if p := one(t, checkPath(t, name)); p.INF != want {
			t.Errorf("%s: INF %s, want %s", name, p.INF, want)
		}
	}
	t.Chdir("pkg")
	for name, want := range map[string]string{"gadget.inf": "gadget.inf", "../pkg": "../pkg/gadget.inf"} {
		if p := one(t, checkPath(t, name)); p.INF != want {
			t.Errorf("%s: INF %s, want %s", name, p.INF, want)
		}
	}
}

// TestSeveralINFs: every driver INF of a folder is judged; what is no driver
// INF is passed over beside others, and an error alone.
func TestSeveralINFs(t *testing.T) {
	autorun := []byte("[autorun]\r\nopen=setup.exe\r\n")
	dir := writeTree(t, merge(
		in("a", signtest.NewPackage().Build()),
		in("b/c", signtest.SampleNamed("no-catalog").Build()),
		map[string][]byte{"autorun.inf": autorun, "d/broken.inf": []byte("no section\n"), "e/README.txt": nil},
	))
	r := checkPath(t, dir)
	if len(r.Packages) != 2 || len(r.Skipped) != 1 || !strings.HasSuffix(r.Skipped[0].Path, "/autorun.inf") {
		t.Errorf("%d packages, skipped %v", len(r.Packages), r.Skipped)
	}
	if len(r.Errors) != 1 || !strings.HasSuffix(r.Errors[0].Path, "/d/broken.inf") || !strings.Contains(r.Errors[0].Message, "line 1") {
		t.Errorf("errors %v", r.Errors)
	}

	alone := writeTree(t, map[string][]byte{"autorun.inf": autorun})
	for _, name := range []string{alone, filepath.Join(alone, "autorun.inf")} {
		r := checkPath(t, name)
		if len(r.Packages) != 0 || len(r.Errors) != 1 || !strings.Contains(r.Errors[0].Message, "not a driver INF") {
			t.Errorf("%s: %d packages, errors %v", name, len(r.Packages), r.Errors)
		}
	}
}

// TestRenamedINF: .inf_ stands in where there is no .inf.
func TestRenamedINF(t *testing.T) {
	files := signtest.NewPackage().Build()
	files["gadget.inf_"] = files["gadget.inf"]
	delete(files, "gadget.inf")
	p := one(t, checkPath(t, writeTree(t, in("x", files))))
	if !strings.HasSuffix(p.INF, "/gadget.inf_") || p.Verdicts[0].Category != "unknown-publisher" {
		t.Errorf("%s: %s", p.INF, p.Verdicts[0].Category)
	}
	if !slices.ContainsFunc(p.Findings, func(f FindingReport) bool { return f.ID == "inf-renamed" }) {
		t.Errorf("findings %v", p.Findings)
	}

	files["other.inf"] = []byte(gadgetINF)
	p = one(t, checkPath(t, writeTree(t, in("x", files))))
	if !strings.HasSuffix(p.INF, "/other.inf") {
		t.Errorf("judged %s beside a real .inf", p.INF)
	}
}

// TestOpenTreeErrors: each says what is wrong and, where it helps, what to do.
func TestOpenTreeErrors(t *testing.T) {
	dir := writeTree(t, map[string][]byte{
		"empty/README":    nil,
		"bad.zip":         append([]byte("PK\x03\x04"), make([]byte, 100)...),
		"bad.cab":         append([]byte("MSCF"), make([]byte, 100)...),
		"short.cab":       []byte("MSCF"),
		"noinf.zip":       zipOf(t, map[string][]byte{"README": nil}),
		"directory.inf/x": nil,
	})
	for name, want := range map[string]string{
		"missing":       "no such file",
		"empty":         "no .inf file in it",
		"bad.zip":       "zip",
		"bad.cab":       "",
		"short.cab":     "",
		"noinf.zip":     "no .inf file in it",
		"directory.inf": "no .inf file in it",
	} {
		tree, err := OpenTree(filepath.Join(dir, name))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", name, err, want)
		}
		if err != nil && strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v: the path is named by the report already", name, err)
		}
		if tree != nil {
			tree.Close()
		}
	}
}

// TestSymlinkLeavesFolder: a link that leads out of the folder is not
// followed, whether it stands for a file, a catalog or a folder.
func TestSymlinkLeavesFolder(t *testing.T) {
	for _, name := range []string{"gadget.sys", "gadget.cat"} {
		files := signtest.NewPackage().Build()
		outside := writeTree(t, map[string][]byte{name: files[name]})
		delete(files, name)
		dir := writeTree(t, in("pkg", files))
		link := filepath.Join(dir, "pkg", name)
		if err := os.Symlink(filepath.Join(outside, name), link); err != nil {
			t.Skipf("no symbolic links: %v", err)
		}
		p := one(t, checkPath(t, filepath.Join(dir, "pkg")))
		if v := p.Verdicts[0]; v.Outcome != "refuse" || v.Category != "altered" && v.Category != "unsigned" {
			t.Errorf("%s is a link to the outside: %s, %s", name, v.Category, v.Outcome)
		}

		// The same content through a link that stays inside is the file.
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
		inside := signtest.NewPackage().Build()[name]
		if err := os.WriteFile(filepath.Join(dir, "pkg", "real"), inside, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("real", link); err != nil {
			t.Fatal(err)
		}
		if v := one(t, checkPath(t, filepath.Join(dir, "pkg"))).Verdicts[0]; v.Category != "unknown-publisher" {
			t.Errorf("%s is a link to the inside: %s: %s", name, v.Category, v.Reason)
		}
	}
}

// TestSymlinkedFolder: a folder behind a link to the outside is not searched,
// which is an error of the run: its packages go unjudged.
func TestSymlinkedFolder(t *testing.T) {
	outside := writeTree(t, in("secret", signtest.NewPackage().Build()))
	dir := writeTree(t, in("pkg", signtest.NewPackage().Build()))
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "pkg", "more")); err != nil {
		t.Skipf("no symbolic links: %v", err)
	}
	// A circle must end.
	if err := os.Symlink("..", filepath.Join(dir, "pkg", "again")); err != nil {
		t.Fatal(err)
	}
	r := checkPath(t, dir)
	if len(r.Packages) != 1 || !strings.HasSuffix(r.Packages[0].INF, "/pkg/gadget.inf") {
		t.Errorf("judged %v", r.Packages)
	}
	if len(r.Errors) != 1 || !strings.HasSuffix(r.Errors[0].Path, "/pkg/more") {
		t.Errorf("errors %v", r.Errors)
	}
}

// TestUnreadableFolder: what could not be searched is an error of the run,
// beside what could.
func TestUnreadableFolder(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("this user may read everything")
	}
	dir := writeTree(t, merge(in("a", signtest.NewPackage().Build()), in("b", signtest.NewPackage().Build())))
	locked := filepath.Join(dir, "b")
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(locked, 0o755) })
	r := checkPath(t, dir)
	if len(r.Packages) != 1 || len(r.Errors) != 1 || !strings.HasSuffix(r.Errors[0].Path, "/b") {
		t.Errorf("%d packages, errors %v", len(r.Packages), r.Errors)
	}
}

// TestUnsearchableFolder is the same with a file system that refuses, which
// needs no particular user.
func TestUnsearchableFolder(t *testing.T) {
	files := merge(in("a", signtest.NewPackage().Build()), in("b", signtest.NewPackage().Build()))
	denied := failing{signtest.Files(files).FS(), "b", errors.New("permission denied"), 0}
	tree := &Tree{Name: "t", prefix: "t", shared: newShared(), fsys: denied}
	if err := tree.search(); err != nil {
		t.Fatal(err)
	}
	if len(tree.INFs) != 1 || len(tree.Unread) != 1 || tree.Unread[0].Path != "t/b" {
		t.Errorf("INFs %v, unread %v", tree.INFs, tree.Unread)
	}
	r, err := Check(Options{At: testClock, Store: contosoStore(t)}, tree)
	if err != nil || len(r.Packages) != 1 || len(r.Errors) != 1 {
		t.Errorf("%d packages, errors %v, %v", len(r.Packages), r.Errors, err)
	}
}

// TestHostileZip: names that leave the archive, names twice, and members that
// expand to more than they promise.
func TestHostileZip(t *testing.T) {
	files := signtest.NewPackage().Build()
	evil := merge(in("pkg", files), map[string][]byte{
		"../outside.inf":    []byte(gadgetINF),
		"/absolute.inf":     []byte(gadgetINF),
		`back\slash.inf`:    []byte(gadgetINF),
		"pkg/../up/two.inf": []byte(gadgetINF),
	})
	dir := writeTree(t, map[string][]byte{"evil.zip": zipOf(t, evil)})
	tree, err := OpenTree(filepath.Join(dir, "evil.zip"))
	if err != nil {
		return // refusing such an archive whole is fine
	}
	defer tree.Close()
	for _, name := range tree.INFs {
		if !fs.ValidPath(name) {
			t.Errorf("INF %q", name)
		}
	}
	if !slices.Contains(tree.INFs, "pkg/gadget.inf") {
		t.Errorf("INFs %v", tree.INFs)
	}
}

// TestZipBomb: an INF that is small in the archive and huge outside of it is
// refused at the limit, and memory with it.
func TestZipBomb(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("bomb.inf")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 256 {
		if _, err := f.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := writeTree(t, map[string][]byte{"honest.zip": b.Bytes(), "lying.zip": lying(t, b.Bytes())})
	for _, name := range []string{"honest.zip", "lying.zip"} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		r := checkPath(t, filepath.Join(dir, name))
		runtime.ReadMemStats(&after)
		if len(r.Packages) != 0 || len(r.Errors) != 1 {
			t.Errorf("%s: %d packages, errors %v", name, len(r.Packages), r.Errors)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 8*maxINFSize {
			t.Errorf("%s: %d MiB allocated", name, grown>>20)
		}
	}
}

// lying makes a zip archive promise a small size for its only member.
func lying(t *testing.T, archive []byte) []byte {
	t.Helper()
	archive = bytes.Clone(archive)
	at := bytes.LastIndex(archive, []byte("PK\x01\x02"))
	if at < 0 {
		t.Fatal("no central directory")
	}
	copy(archive[at+24:], []byte{100, 0, 0, 0})
	return archive
}

// TestPackedSource: a file in a cabinet of the package is looked up by its
// content (rule 25).
func TestPackedSource(t *testing.T) {
	p := signtest.NewPackage()
	p.INFs[0].Lines = signtest.ReplaceLine("1 = %DiskName%", "1 = %DiskName%,gadget.cab,,,0x10")
	files := p.Build()
	driver := files["gadget.sys"]
	delete(files, "gadget.sys")
	for name, tt := range map[string]struct {
		cabinet []byte
		want    string
	}{
		"inside":        {storedCabinet(signtest.Files{"gadget.sys": driver}), "covered"},
		"other case":    {storedCabinet(signtest.Files{"GADGET.SYS": driver}), "covered"},
		"changed":       {storedCabinet(signtest.Files{"gadget.sys": flipped(driver, len(driver)-1)}), "altered"},
		"not inside":    {storedCabinet(signtest.Files{"other.sys": driver}), "missing"},
		"not a cabinet": {[]byte("MSCFMSCFMSCF"), "altered"},
	} {
		files["gadget.cab"] = tt.cabinet
		r := one(t, checkPath(t, writeTree(t, in("x", files))))
		i := slices.IndexFunc(r.Files, func(f FileReport) bool { return f.Role == "driver" })
		if i < 0 || r.Files[i].State != tt.want {
			t.Errorf("%s: files %+v, want %s", name, r.Files, tt.want)
		}
	}
}

// storedCabinet packs files without compression: one folder, one block for
// every 32 KiB.
func storedCabinet(files signtest.Files) []byte {
	var content []byte
	var entries []byte
	for _, name := range files.Paths() {
		entries = append(entries, le32(len(files[name]))...)
		entries = append(entries, le32(len(content))...)
		entries = append(entries, 0, 0, 0x21, 0x5A, 0, 0, 0x20, 0) // folder 0, a date, a time, archive
		entries = append(append(entries, name...), 0)
		content = append(content, files[name]...)
	}
	const header, folder, maxBlock = 36, 8, 32768
	var blocks []byte
	n := 0
	for rest := content; len(rest) > 0; n++ {
		block := rest[:min(len(rest), maxBlock)]
		rest = rest[len(block):]
		blocks = append(blocks, 0, 0, 0, 0) // no checksum
		blocks = append(append(blocks, le16(len(block))...), le16(len(block))...)
		blocks = append(blocks, block...)
	}
	data := header + folder + len(entries)
	out := append([]byte("MSCF"), le32(0)...)
	out = append(out, le32(data+len(blocks))...)
	out = append(out, le32(0)...)
	out = append(out, le32(header+folder)...)
	out = append(out, le32(0)...)
	out = append(out, 3, 1)
	out = append(out, le16(1)...)
	out = append(out, le16(len(files))...)
	out = append(out, 0, 0, 0, 0, 0, 0)
	out = append(out, le32(data)...)
	out = append(append(out, le16(n)...), 0, 0)
	return append(append(out, entries...), blocks...)
}

func le16(n int) []byte { return []byte{byte(n), byte(n >> 8)} }
func le32(n int) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)} }

// flipped returns a copy with one bit changed.
func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

var _ io.ReaderAt = (*failingFile)(nil)
