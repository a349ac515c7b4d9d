package cab

import (
	"fmt"
	"io"
	"io/fs"
	"time"
)

// File is one file of a cabinet.
type File struct {
	Name       string    // slash-separated, safe to create inside a folder
	RawName    []byte    // as stored; UTF-8 when Attributes has 0x80, else in an unrecorded code page
	Size       int64     // expanded, in bytes
	Modified   time.Time // local time of the maker, given as UTC; zero when impossible
	Attributes uint16    // MS-DOS attributes and the two of [MS-CAB] 2.3
	Spanned    bool      // part of it is in another cabinet

	folder *Folder
	offset int64 // in the folder
}

// Folder returns the folder that holds the file.
func (f *File) Folder() *Folder { return f.folder }

// Open returns the expanded file. Damage and truncation are errors of Read;
// Open itself reports [ErrSpanned] and [ErrMethod]. A read that ends with
// io.EOF has delivered exactly Size bytes, each from a block whose checksum held.
//
// Files of one folder share a compressed stream. Reading all of a cabinet in
// any order takes a bounded number of passes over it, but only the order of
// [Cabinet.Sequential] does so in one pass and little memory.
func (f *File) Open() (io.ReadCloser, error) {
	if f.Spanned || f.folder.headless {
		return nil, fmt.Errorf("%s: %w", f.Name, ErrSpanned)
	}
	if f.Size == 0 {
		return &fileReader{file: f, open: true}, nil
	}
	if err := f.folder.checkMethod(); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return &fileReader{file: f, left: f.Size, open: true}, nil
}

// fileReader is one open file. It expands nothing before the first Read.
type fileReader struct {
	file *File
	src  io.Reader // nil until the first Read
	left int64
	open bool
	err  error
}

func (r *fileReader) Read(p []byte) (int, error) {
	switch {
	case !r.open:
		return 0, fs.ErrClosed
	case r.err != nil:
		return 0, r.err
	case r.left == 0:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	if r.src == nil {
		src, err := r.file.folder.cab.cache.open(r.file)
		if err != nil {
			return 0, r.fail(err)
		}
		r.src = src
	}
	n, err := r.src.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if err != nil && r.left > 0 {
		return n, r.fail(err)
	}
	return n, nil
}

func (r *fileReader) fail(err error) error {
	r.err = fmt.Errorf("%s: %w", r.file.Name, noEOF(err))
	return r.err
}

func (r *fileReader) Close() error {
	if !r.open {
		return fs.ErrClosed
	}
	r.open = false
	if s, ok := r.src.(*folderReader); ok {
		r.file.folder.cab.cache.park(s)
	}
	r.src = nil
	return nil
}
