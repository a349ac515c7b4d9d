package prestage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"prestage/inf"
)

// Limits on what is read whole into memory. Images on disk are not among
// it: they are hashed in pieces.
const (
	maxINFSize     = 16 << 20 // the largest INFs, of printers, have 5 MB
	maxCatalogSize = 64 << 20 // a catalog of 50,000 members has 15 MB
	maxMemberSize  = 1 << 30  // a file inside an archive, which cannot be hashed in place
)

// errTooLarge is the cause of an input that exceeds a limit.
var errTooLarge = errors.New("larger than prestage reads")

// Package is a driver package: an INF, and the folder in which Windows would
// look for everything that the INF names. Nothing outside of that folder is
// ever opened.
type Package struct {
	// INF is the INF's path within the file system that it was opened from.
	INF string
	// File is the parsed INF, Data its bytes.
	File *inf.File
	Data []byte

	fsys   fs.FS
	dir    string // folder of the INF within fsys
	prefix string // what reports put before a path of fsys

	shared *shared

	mu      sync.Mutex
	folders map[string]folder // by path within fsys
}

// folder is a listing to find names in as Windows would: by names folded.
type folder struct {
	names map[string][]string
	err   error
}

// foldName is what two names of a folder have in common that are one on
// Windows: letter case, dots and blanks at the end, and the name of a stream
// make no difference there.
func foldName(name string) string {
	name, _, _ = strings.Cut(name, ":")
	return fold(strings.TrimRight(name, ". "))
}

// Open reads the INF name of fsys. A file that is no driver INF is an error;
// so is one that Windows itself could not read.
func Open(fsys fs.FS, name string) (*Package, error) {
	data, err := readLimited(fsys, name, maxINFSize)
	if err != nil {
		return nil, err
	}
	file, err := inf.Parse(path.Base(name), data)
	if err != nil {
		return nil, err
	}
	return &Package{
		INF: name, File: file, Data: data,
		fsys: fsys, dir: path.Dir(name), shared: newShared(), folders: map[string]folder{},
	}, nil
}

// Display returns the path of a file of the package as reports name it.
// name is relative to the INF's folder.
func (p *Package) Display(name string) string {
	return path.Join(p.prefix, p.dir, name)
}

// Find returns the file that Windows would open for name, which is relative
// to the INF's folder: Windows compares without regard to case. It returns
// fs.ErrNotExist if there is none, an error if there are several that would
// be one file on Windows, and the file system's error if a folder on the way
// cannot be listed.
func (p *Package) Find(name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", fmt.Errorf("%q is no path inside the package: %w", name, fs.ErrInvalid)
	}
	at := p.dir
	for part := range strings.SplitSeq(name, "/") {
		f := p.folder(at)
		if f.err != nil {
			return "", f.err
		}
		names := f.names[foldName(part)]
		switch len(names) {
		case 0:
			return "", fs.ErrNotExist
		case 1:
			at = path.Join(at, names[0])
		default:
			return "", fmt.Errorf("%s are one file on Windows, and which of them is not known: remove all but one", strings.Join(names, " and "))
		}
	}
	if p.dir == "." {
		return at, nil
	}
	return strings.TrimPrefix(at, p.dir+"/"), nil
}

// folder lists a folder once.
func (p *Package) folder(name string) folder {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, ok := p.folders[name]; ok {
		return f
	}
	f := folder{names: map[string][]string{}}
	entries, err := fs.ReadDir(p.fsys, name)
	switch {
	case err == nil:
		for _, e := range entries {
			key := foldName(e.Name())
			f.names[key] = append(f.names[key], e.Name())
		}
	case errors.Is(err, fs.ErrNotExist) || isNotFolder(p.fsys, name):
		// A path through something that is no folder leads nowhere.
	default:
		f.err = plainError(err)
	}
	p.folders[name] = f
	return f
}

func isNotFolder(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && !info.IsDir()
}

// siblings returns the names of the files beside the INF that end in suffix,
// which is in lower case, sorted.
func (p *Package) siblings(suffix string) []string {
	var all []string
	for _, names := range p.folder(p.dir).names {
		for _, name := range names {
			if strings.HasSuffix(strings.ToLower(name), suffix) {
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	return all
}

// read returns the whole of a file relative to the INF's folder.
func (p *Package) read(name string, limit int64) ([]byte, error) {
	return readLimited(p.fsys, path.Join(p.dir, name), limit)
}

// content is an open file that can be read at any offset.
type content struct {
	io.ReaderAt
	size  int64
	close func() error
}

// spoolSize is the size from which a file of an archive is unpacked to disk
// for as long as it is looked at, so that a small archive cannot fill the
// memory.
const spoolSize = 32 << 20

// open opens a file relative to the INF's folder. A file of an archive is
// unpacked, one on disk is read in place.
func (p *Package) open(name string) (*content, error) {
	full := path.Join(p.dir, name)
	f, size, err := openRegular(p.fsys, full)
	if err != nil {
		return nil, err
	}
	if r, ok := f.(io.ReaderAt); ok {
		return &content{r, size, f.Close}, nil
	}
	defer f.Close()
	if size > spoolSize {
		return spool(f)
	}
	data, err := readLimited(p.fsys, full, spoolSize)
	if err != nil {
		return nil, err
	}
	return &content{bytes.NewReader(data), int64(len(data)), func() error { return nil }}, nil
}

// spool copies a file of an archive to disk until it is closed.
func spool(r io.Reader) (*content, error) {
	f, err := os.CreateTemp("", "prestage-*")
	if err != nil {
		return nil, err
	}
	remove := func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }
	n, err := io.Copy(f, io.LimitReader(r, maxMemberSize+1))
	if err == nil && n > maxMemberSize {
		err = fmt.Errorf("%w: the limit is %d bytes", errTooLarge, int64(maxMemberSize))
	}
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	return &content{f, n, remove}, nil
}

// openRegular opens a regular file and returns its size. Anything else, a
// pipe above all, is refused before it is opened: opening it might block.
func openRegular(fsys fs.FS, name string) (fs.File, int64, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, 0, plainError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("not a regular file")
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, 0, plainError(err)
	}
	return f, info.Size(), nil
}

// readLimited reads a file of at most limit bytes.
func readLimited(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, size, err := openRegular(fsys, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", errTooLarge, size, limit)
	}
	var b bytes.Buffer
	// An archive may promise any size, so the promise buys only so much.
	b.Grow(int(min(size, 4<<20)) + bytes.MinRead)
	n, err := b.ReadFrom(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, plainError(err)
	}
	if n > limit {
		return nil, fmt.Errorf("%w: the limit is %d bytes", errTooLarge, limit)
	}
	return b.Bytes(), nil
}
