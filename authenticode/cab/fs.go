package cab

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// FS returns the cabinet as a read-only file system. Names are looked up
// without regard to case, as Windows does; listings show them as stored.
// Folders have no time. A file that needs another cabinet of the set is listed,
// and opening it is [ErrSpanned].
func (c *Cabinet) FS() fs.FS { return fileSystem{c} }

// node is a file or a folder of the tree that the names describe.
type node struct {
	name     string
	file     *File            // nil for a folder
	children map[string]*node // by folded name; nil for a file
}

// plantTree sorts the files into folders and refuses names that meet, also
// those that only some readers take for one.
func (c *Cabinet) plantTree() error {
	trees := [...]struct {
		root *node
		key  func(string) string
	}{{newFolder("."), fold}, {newFolder("."), loose}}
	for i, f := range c.Files {
		for _, t := range trees {
			if !t.root.add(f, t.key) {
				return fmt.Errorf("file %d: %q: %w", i, f.Name, ErrDuplicateName)
			}
		}
	}
	c.tree = trees[0].root
	return nil
}

func newFolder(name string) *node { return &node{name: name, children: map[string]*node{}} }

// add reports whether the place of f was free.
func (n *node) add(f *File, fold func(string) string) bool {
	elements := strings.Split(f.Name, "/")
	last := len(elements) - 1
	for _, e := range elements[:last] {
		next := n.children[fold(e)]
		if next == nil {
			next = newFolder(e)
			n.children[fold(e)] = next
		}
		if next.file != nil {
			return false
		}
		n = next
	}
	key := fold(elements[last])
	if n.children[key] != nil {
		return false
	}
	n.children[key] = &node{name: elements[last], file: f}
	return true
}

// find returns the node at a valid path, or nil.
func (n *node) find(name string) *node {
	if name == "." {
		return n
	}
	for e := range strings.SplitSeq(name, "/") {
		if n = n.children[fold(e)]; n == nil {
			return nil
		}
	}
	return n
}

// sorted lists a folder by name, as fs.ReadDir promises.
func (n *node) sorted() []fs.DirEntry {
	list := make([]fs.DirEntry, 0, len(n.children))
	for _, c := range n.children {
		list = append(list, fs.FileInfoToDirEntry(info{c}))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list
}

type fileSystem struct{ c *Cabinet }

// Open implements [fs.FS].
func (f fileSystem) Open(name string) (fs.File, error) {
	failed := func(err error) (fs.File, error) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	if !fs.ValidPath(name) {
		return failed(fs.ErrInvalid)
	}
	n := f.c.tree.find(name)
	switch {
	case n == nil:
		return failed(fs.ErrNotExist)
	case n.file == nil:
		return &openDir{node: n}, nil
	}
	r, err := n.file.Open()
	if err != nil {
		return failed(err)
	}
	return &openFile{r, n}, nil
}

// openFile is a file of the file system.
type openFile struct {
	io.ReadCloser
	node *node
}

func (f *openFile) Stat() (fs.FileInfo, error) { return info{f.node}, nil }

// openDir is a folder of the file system.
type openDir struct {
	node *node
	list []fs.DirEntry // nil until the first ReadDir
	next int
}

func (d *openDir) Stat() (fs.FileInfo, error) { return info{d.node}, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.node.name, Err: fs.ErrInvalid}
}

// ReadDir implements [fs.ReadDirFile].
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if d.list == nil {
		d.list = d.node.sorted()
	}
	rest := d.list[d.next:]
	if n > 0 && len(rest) == 0 {
		return nil, io.EOF
	}
	if n > 0 && n < len(rest) {
		rest = rest[:n]
	}
	d.next += len(rest)
	return slices.Clone(rest), nil
}

// info is the fs.FileInfo of a node.
type info struct{ node *node }

func (i info) Name() string { return i.node.name }
func (i info) IsDir() bool  { return i.node.file == nil }

// Sys returns the *File, or nil for a folder.
func (i info) Sys() any {
	if i.IsDir() {
		return nil
	}
	return i.node.file
}

func (i info) Size() int64 {
	if i.IsDir() {
		return 0
	}
	return i.node.file.Size
}

func (i info) Mode() fs.FileMode {
	if i.IsDir() {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

func (i info) ModTime() time.Time {
	if i.IsDir() {
		return time.Time{}
	}
	return i.node.file.Modified
}
