package cab

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// cursor reads table entries in order. The first failure sticks, and every
// read after it returns zero: callers check err once per entry.
type cursor struct {
	r   *bufio.Reader
	off int64
	err error
}

// newCursor reads [at, end) of r.
func newCursor(r io.ReaderAt, at, end int64) *cursor {
	return &cursor{r: bufio.NewReader(io.NewSectionReader(r, at, max(end-at, 0))), off: at}
}

func (c *cursor) fail(at int64, err error) {
	if c.err == nil {
		c.err = fmt.Errorf("offset %d: %w", at, err)
	}
}

// bytes returns the next n bytes; nil when n is 0. what names them in errors.
func (c *cursor) bytes(n int, what string) []byte {
	if c.err != nil || n == 0 {
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c.r, b); err != nil {
		c.err = truncated(c.off, what, err)
		return nil
	}
	c.off += int64(n)
	return b
}

func (c *cursor) u8(what string) uint8 {
	b := c.bytes(1, what)
	if b == nil {
		return 0
	}
	return b[0]
}

func (c *cursor) u16(what string) uint16 {
	b := c.bytes(2, what)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint16(b)
}

func (c *cursor) u32(what string) uint32 {
	b := c.bytes(4, what)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// cstring returns the bytes before the next NUL, which must come within limit.
func (c *cursor) cstring(limit int, what string) []byte {
	if c.err != nil {
		return nil
	}
	b, err := c.r.Peek(limit)
	end := bytes.IndexByte(b, 0)
	switch {
	case end < 0 && err != nil:
		c.err = truncated(c.off, what, err)
		return nil
	case end < 0:
		c.fail(c.off, fmt.Errorf("%s is longer than %d bytes: %w", what, limit-1, ErrName))
		return nil
	}
	return c.bytes(end+1, what)[:end]
}

// readAt fills p from offset at. Unlike the interface it reports io.EOF only
// when bytes are missing.
func readAt(r io.ReaderAt, p []byte, at int64) (int, error) {
	n, err := r.ReadAt(p, at)
	if n == len(p) {
		err = nil
	}
	return n, err
}

// truncated reports that what does not fit the bytes at off, or that they could
// not be read.
func truncated(off int64, what string, err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("offset %d: %s: %w", off, what, ErrTruncated)
	}
	return fmt.Errorf("offset %d: %s: %w", off, what, err)
}
