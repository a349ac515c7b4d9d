package cab

import (
	"io"
	"slices"
	"sync"
)

// A folder is one compressed stream, so a file at its end costs as much as all
// files before it. A small folder is expanded once and kept, the newest
// cacheTotal bytes of them. A large one is expanded as it is read; the reader
// that was closed last is kept, so that files read in the order of the cabinet
// ([Cabinet.Sequential]) cost one pass and little memory.
//
// Files read in a hostile or unlucky order would cost a pass each. So a folder
// that begins its pass number maxPasses is kept whole and for good: reading
// everything in any order takes at most that many passes, and maxTotal bytes.
const (
	cacheFolder = 64 << 20
	cacheTotal  = 128 << 20
	maxPasses   = 4
)

// cache holds what reading one file leaves useful for the next.
type cache struct {
	folderLimit, totalLimit int64 // cacheFolder and cacheTotal outside tests

	mu     sync.Mutex
	kept   []*expanded // oldest first
	parked *folderReader
}

// open returns the bytes of f's folder from f on.
func (c *cache) open(f *File) (io.Reader, error) {
	e, r, err := c.choose(f)
	switch {
	case err != nil:
		return nil, err
	case e != nil:
		e.once.Do(e.expand)
		return &expandedReader{e, min(f.offset, int64(len(e.data)))}, nil
	}
	return r, r.skipTo(f.offset)
}

// choose returns the kept folder to read f from, or the reader that expands it
// on the way. The expanding itself happens outside the lock.
func (c *cache) choose(f *File) (*expanded, *folderReader, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.find(f.folder); e != nil {
		return e, nil, nil
	}
	if r := c.parked; r != nil && r.folder == f.folder && r.pos <= f.offset {
		c.parked = nil
		return nil, r, nil
	}
	f.folder.passes++
	if f.folder.extent <= c.folderLimit || f.folder.passes >= maxPasses {
		return c.keep(f.folder), nil, nil
	}
	r, err := f.folder.open()
	return nil, r, err
}

// find returns the folder if it is kept, and makes it the newest.
func (c *cache) find(folder *Folder) *expanded {
	for i, e := range c.kept {
		if e.folder == folder {
			c.kept = append(append(c.kept[:i:i], c.kept[i+1:]...), e)
			return e
		}
	}
	return nil
}

// keep enters the folder as the newest and drops the oldest that exceed the
// limit and may go.
func (c *cache) keep(folder *Folder) *expanded {
	e := &expanded{folder: folder}
	total := folder.extent
	kept := []*expanded{e}
	for i := len(c.kept) - 1; i >= 0; i-- {
		old := c.kept[i]
		if old.folder.passes >= maxPasses || total+old.folder.extent <= c.totalLimit {
			total += old.folder.extent
			kept = append(kept, old)
		}
	}
	slices.Reverse(kept)
	c.kept = kept
	return e
}

// park keeps a reader for a file behind the one that it was closed after.
func (c *cache) park(r *folderReader) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parked = r
}

// expanded is the start of a folder, up to the last byte that a file needs or
// to the error.
type expanded struct {
	folder *Folder
	once   sync.Once
	data   []byte
	err    error
}

// expand reads the folder. It grows with what arrives, not with what is claimed.
func (e *expanded) expand() {
	r, err := e.folder.open()
	if err != nil {
		e.err = err
		return
	}
	e.data, e.err = io.ReadAll(io.LimitReader(r, e.folder.extent))
}

// expandedReader reads a kept folder from at on, then its error.
type expandedReader struct {
	*expanded
	at int64
}

func (r *expandedReader) Read(p []byte) (int, error) {
	n := copy(p, r.data[r.at:])
	r.at += int64(n)
	switch {
	case n > 0:
		return n, nil
	case r.err != nil:
		return 0, r.err
	}
	return 0, io.EOF
}
