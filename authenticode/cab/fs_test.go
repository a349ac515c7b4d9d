package cab

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
)

func TestFS(t *testing.T) {
	b := one(mszipFolder,
		file("x.inf", prose(1, 500)),
		file(`amd64\x.sys`, prose(2, 50_000)),
		file(`AMD64\y.sys`, nil),
		file(`amd64\deep\er\z.dll`, prose(3, 10)),
		file("X.cat", prose(4, 40_000)),
	)
	fsys := mustOpen(t, b.bytes()).FS()
	if err := fstest.TestFS(fsys, "x.inf", "amd64/x.sys", "amd64/y.sys", "amd64/deep/er/z.dll", "X.cat"); err != nil {
		t.Error(err)
	}
	got, err := fs.ReadFile(fsys, "Amd64/X.SYS")
	if err != nil || !bytes.Equal(got, prose(2, 50_000)) {
		t.Errorf("name in another case: %d bytes, %v", len(got), err)
	}
	st, err := fs.Stat(fsys, "x.CAT")
	if err != nil || st.Name() != "X.cat" || st.Size() != 40_000 || !st.ModTime().Equal(testTime) {
		t.Errorf("stat: %v, %v", st, err)
	}
	if f, ok := st.Sys().(*File); !ok || f.Name != "X.cat" {
		t.Errorf("Sys is %v", st.Sys())
	}
}

func TestEmptyFS(t *testing.T) {
	if err := fstest.TestFS(mustOpen(t, (&builder{}).bytes()).FS()); err != nil {
		t.Error(err)
	}
}

func TestFSErrors(t *testing.T) {
	c := mustOpen(t, one(storedFolder, file(`d\f`, []byte("x"))).bytes())
	for name, want := range map[string]error{
		"g": fs.ErrNotExist, "d/g": fs.ErrNotExist, "d/f/g": fs.ErrNotExist,
		"": fs.ErrInvalid, "/d/f": fs.ErrInvalid, "d/../d/f": fs.ErrInvalid, "../f": fs.ErrInvalid,
	} {
		var pe *fs.PathError
		if _, err := c.FS().Open(name); !errors.Is(err, want) || !errors.As(err, &pe) {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
		if c.Lookup(name) != nil {
			t.Errorf("Lookup(%q) found a file", name)
		}
	}
	if c.Lookup("d") != nil || c.Lookup(".") != nil || c.Lookup("D/F") == nil {
		t.Error("Lookup confuses files and folders")
	}
	d, err := c.FS().Open("d")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Read(make([]byte, 1)); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("reading a folder: %v", err)
	}
	if st, err := d.Stat(); err != nil || st.Sys() != nil || !st.IsDir() {
		t.Errorf("folder: %v, %v", st, err)
	}
}

func TestClosed(t *testing.T) {
	r, err := mustOpen(t, one(storedFolder, file("f", []byte("x"))).bytes()).Files[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	if err := r.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second close: %v", err)
	}
}

// countingReader counts what is read.
type countingReader struct {
	io.ReaderAt
	mu sync.Mutex
	n  int64
}

func (c *countingReader) ReadAt(p []byte, at int64) (int, error) {
	c.mu.Lock()
	c.n += int64(len(p))
	c.mu.Unlock()
	return c.ReaderAt.ReadAt(p, at)
}

// TestPasses reads many files of one folder in kind and unkind orders and counts
// how often the folder was gone through. Reading each file from the start of the
// folder would be a hundred passes.
func TestPasses(t *testing.T) {
	const files, size = 200, 4000
	b := one(storedFolder)
	for i := range files {
		b.files = append(b.files, file(string(rune('A'+i/20))+string(rune('a'+i%20)), prose(uint64(i), size)))
	}
	data := b.bytes()
	for _, c := range []struct {
		name        string
		folderLimit int64
		order       func([]*File)
		passes      int64
	}{
		{"small folder backwards", 1 << 30, slices.Reverse[[]*File], 1},
		{"large folder in order", 0, func([]*File) {}, 1},
		{"large folder backwards", 0, slices.Reverse[[]*File], maxPasses},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &countingReader{ReaderAt: bytes.NewReader(data)}
			cab, err := Open(r, int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			cab.cache.folderLimit = c.folderLimit
			r.n = 0
			list := cab.Sequential()
			c.order(list)
			for _, f := range list {
				i := slices.Index(cab.Files, f)
				if !bytes.Equal(readAll(t, f), prose(uint64(i), size)) {
					t.Fatalf("%s differs", f.Name)
				}
			}
			if limit := c.passes*int64(len(data)) + 1; r.n > limit {
				t.Errorf("read %d bytes of a cabinet of %d; want at most %d passes", r.n, len(data), c.passes)
			}
		})
	}
}

// TestCacheIsBounded opens more folders than may be kept.
func TestCacheIsBounded(t *testing.T) {
	b := &builder{}
	for i := range 10 {
		b.folders = append(b.folders, storedFolder)
		f := file(string(rune('a'+i)), prose(uint64(i), 1000))
		f.folder = uint16(i)
		b.files = append(b.files, f)
	}
	c := mustOpen(t, b.bytes())
	c.cache.totalLimit = 3000
	for round := range 3 {
		for i, f := range c.Files {
			if !bytes.Equal(readAll(t, f), prose(uint64(i), 1000)) {
				t.Fatalf("%s differs", f.Name)
			}
			if n := len(c.cache.kept); round < maxPasses-1 && n > 3 {
				t.Fatalf("%d folders kept", n)
			}
		}
	}
	for range maxPasses { // every folder reaches its last pass and stays
		for _, f := range c.Files {
			readAll(t, f)
		}
	}
	if n := len(c.cache.kept); n != 10 {
		t.Errorf("%d folders kept after many passes, want all 10", n)
	}
}

// TestConcurrentReaders reads one folder from several goroutines, kept and not.
func TestConcurrentReaders(t *testing.T) {
	b := one(lzxFolder(16, lzxVerbatim))
	for i := range 8 {
		b.files = append(b.files, file(string(rune('a'+i)), prose(uint64(i), 30_000)))
	}
	for _, limit := range []int64{0, 1 << 30} {
		c := mustOpen(t, b.bytes())
		c.cache.folderLimit = limit
		var wg sync.WaitGroup
		for range 3 {
			for i, f := range c.Files {
				wg.Go(func() {
					r, err := f.Open()
					if err != nil {
						t.Error(err)
						return
					}
					defer r.Close()
					if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, prose(uint64(i), 30_000)) {
						t.Errorf("%s: %d bytes, %v", f.Name, len(got), err)
					}
				})
			}
		}
		wg.Wait()
	}
}
