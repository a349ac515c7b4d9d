package cab

import (
	"fmt"
	"io"
	"io/fs"
)

// expansion is the content of a compressed source. The recorded size and the
// end of the data have to agree: readers differ in which they follow, and then
// so would the hash.
type expansion struct {
	src    io.Reader
	what   string // for messages
	length int64  // recorded; -1 when it is not, and maxFile bounds it

	done   int64
	closed bool
	err    error // sticks
}

// Read implements [io.Reader]. It returns io.EOF behind exactly length bytes.
func (e *expansion) Read(p []byte) (int, error) {
	switch {
	case e.closed:
		return 0, fs.ErrClosed
	case e.err != nil || len(p) == 0:
		return 0, e.err
	}
	n, err := e.src.Read(p)
	limit := e.length
	if limit < 0 {
		limit = maxFile
	}
	if surplus := e.done + int64(n) - limit; surplus > 0 {
		n -= int(surplus)
		err = fmt.Errorf("expands to more than %d bytes: %w", limit, ErrCorrupt)
	}
	e.done += int64(n)
	if err == io.EOF && e.length >= 0 && e.done < e.length {
		err = fmt.Errorf("expands to %d bytes instead of %d: %w", e.done, e.length, ErrTruncated)
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %w", e.what, noEOF(err))
	}
	e.err = err
	return n, err
}

// Close implements [io.Closer].
func (e *expansion) Close() error {
	if e.closed {
		return fs.ErrClosed
	}
	e.closed = true
	if c, ok := e.src.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
