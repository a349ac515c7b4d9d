package prestage

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"prestage/authenticode/cab"
)

// maxTreeEntries bounds a search for INFs. The largest driver collections
// hold some ten thousand files.
const maxTreeEntries = 1 << 20

// Tree is a place to look for driver packages: a folder, a zip archive, a
// cabinet, or the folder of a single INF. A tree never leads outside of
// itself, not even through a symbolic link.
type Tree struct {
	// Name is the path that was opened, with forward slashes. It begins
	// every path in a report.
	Name string
	// INFs are the INFs in it, slash-separated and relative to it, sorted.
	INFs []string
	// Renamed are files named .inf_ beside INFs proper, which are not judged.
	Renamed []string
	// Unread lists what could not be searched.
	Unread []PathError

	fsys   fs.FS
	folder string // on disk, empty for archives and single INFs
	prefix string
	shared *shared
	close  func() error
}

// PathError is an input that could not be read or judged.
type PathError struct {
	Path string
	Err  error
}

// Error implements error: the path, then what is wrong with it.
func (e PathError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e PathError) Unwrap() error { return e.Err }

// OpenTree opens an INF, a folder (searched for INFs recursively), a zip
// archive or a cabinet. The kind of a file is told by its content.
func OpenTree(name string) (*Tree, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, plainError(err)
	}
	t := &Tree{Name: filepath.ToSlash(name), prefix: filepath.ToSlash(name), shared: newShared()}
	if info.IsDir() {
		return t, t.openFolder(name)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file") // opening a pipe may block
	}
	magic, err := firstBytes(name, 4)
	if err != nil {
		return nil, plainError(err)
	}
	switch {
	case bytes.Equal(magic, []byte("PK\x03\x04")) || bytes.Equal(magic, []byte("PK\x05\x06")):
		return t, t.openZip(name)
	case bytes.Equal(magic, []byte("MSCF")):
		return t, t.openCabinet(name)
	}
	return t, t.openINF(name)
}

// Close releases the files that the tree holds open.
func (t *Tree) Close() error {
	if t.close == nil {
		return nil
	}
	return t.close()
}

// Open opens the package of one of the tree's INFs.
func (t *Tree) Open(inf string) (*Package, error) {
	p, err := Open(t.fsys, inf)
	if err != nil {
		return nil, err
	}
	p.prefix, p.shared = t.prefix, t.shared
	return p, nil
}

// Display returns the path of a file of the tree as reports name it.
func (t *Tree) Display(name string) string { return path.Join(t.prefix, name) }

func (t *Tree) openFolder(name string) error {
	root, err := os.OpenRoot(name)
	if err != nil {
		return plainError(err)
	}
	t.fsys, t.close, t.folder = root.FS(), root.Close, name
	return t.search()
}

func (t *Tree) openZip(name string) error {
	z, err := zip.OpenReader(name)
	if err != nil {
		return fmt.Errorf("zip archive: %w", err)
	}
	t.fsys, t.close = z, z.Close
	return t.search()
}

func (t *Tree) openCabinet(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return plainError(err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return plainError(err)
	}
	c, err := cab.Open(f, info.Size())
	if err != nil {
		f.Close()
		return err
	}
	t.fsys, t.close = c.FS(), f.Close
	return t.search()
}

func (t *Tree) openINF(name string) error {
	dir, base := filepath.Split(name)
	if dir == "" {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return plainError(err)
	}
	t.fsys, t.close = root.FS(), root.Close
	t.prefix = path.Dir(t.Name)
	t.INFs = []string{base}
	return nil
}

// search lists the INFs of the tree. Where it holds none under the usual
// name, files named .inf_ stand in: that is how repositories keep INFs that
// their tools rename when they install.
func (t *Tree) search() error {
	var renamed []string
	entries := 0
	err := fs.WalkDir(t.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			t.Unread = append(t.Unread, PathError{t.Display(name), plainError(err)})
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entries++; entries > maxTreeEntries {
			return fmt.Errorf("more than %d files: name a smaller folder", maxTreeEntries)
		}
		if d.IsDir() {
			return nil
		}
		if d.Type()&fs.ModeSymlink != 0 && t.leadsOut(name) {
			t.Unread = append(t.Unread, PathError{t.Display(name), errLinkedFolder})
			return nil
		}
		switch strings.ToLower(path.Ext(name)) {
		case ".inf":
			t.INFs = append(t.INFs, name)
		case ".inf_":
			renamed = append(renamed, name)
		}
		return nil
	})
	if len(t.INFs) == 0 {
		t.INFs = renamed
	} else {
		t.Renamed = renamed
	}
	if err == nil && len(t.INFs) == 0 && len(t.Unread) == 0 {
		err = errors.New("no .inf file in it: name the folder that holds the driver package")
	}
	return err
}

// errLinkedFolder is the cause of a folder that was not searched.
var errLinkedFolder = errors.New("a link to a folder elsewhere is not followed: name the folder itself")

// leadsOut reports a link to a folder outside of the tree, whose packages
// would go unjudged. One inside is searched where it is.
func (t *Tree) leadsOut(link string) bool {
	if t.folder == "" {
		return false
	}
	info, err := os.Stat(filepath.Join(t.folder, filepath.FromSlash(link)))
	if err != nil || !info.IsDir() {
		return false
	}
	_, err = fs.Stat(t.fsys, link)
	return err != nil
}

func firstBytes(name string, n int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, n)
	m, err := io.ReadFull(f, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return b[:m], err
}

// plainError drops the operation and the path from a file system's error:
// the report names the path itself.
func plainError(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
