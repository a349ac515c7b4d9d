package blocklist

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

// cursor reads a compiled policy front to back. The first failure sticks, so
// that a record can be read field by field and checked once.
type cursor struct {
	data []byte
	at   int
	refs int // indexes read so far
	err  error
}

// fail records the first failure, at the current offset.
func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("offset %d: %w", c.at, fmt.Errorf(format, args...))
	}
}

// take returns the next n bytes. They alias the policy.
func (c *cursor) take(n int, what string) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || n > len(c.data)-c.at {
		c.fail("%s ends beyond the policy: %w", what, ErrSyntax)
		return nil
	}
	b := c.data[c.at : c.at+n : c.at+n]
	c.at += n
	return b
}

func (c *cursor) uint32(what string) uint32 {
	if b := c.take(4, what); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// bytes reads a length and as many bytes, filled up to a multiple of four.
func (c *cursor) bytes(what string) []byte {
	n := c.uint32(what)
	if c.err == nil && uint64(n) > uint64(len(c.data)-c.at) {
		c.fail("%s of %d bytes ends beyond the policy: %w", what, n, ErrSyntax)
	}
	if c.err != nil {
		return nil
	}
	b := c.take(int(n), what)
	c.take(-int(n)&3, what)
	return b
}

// text reads a string: its bytes in UTF-16, then a zero word that is always
// there.
func (c *cursor) text(what string) string {
	b := c.bytes(what)
	if c.err == nil && len(b)%2 != 0 {
		c.fail("%s has half a character: %w", what, ErrSyntax)
	}
	if c.uint32(what) != 0 {
		c.fail("%s is not terminated: %w", what, ErrSyntax)
	}
	if c.err != nil {
		return ""
	}
	return decodeUTF16(b)
}

// version reads four numbers, the least significant first.
func (c *cursor) version(what string) FileVersion {
	var v FileVersion
	if b := c.take(8, what); b != nil {
		for i := range v {
			v[i] = binary.LittleEndian.Uint16(b[6-2*i:])
		}
	}
	return v
}

func (c *cursor) guid(what string) GUID {
	var g GUID
	copy(g[:], c.take(len(g), what))
	return g
}

// count reads a number of entries, each of at least size bytes, and checks that
// they can be there before anything is allocated for them.
func (c *cursor) count(what string, size, limit int) int {
	return c.checkCount(c.uint32(what), what, size, limit)
}

func (c *cursor) checkCount(n uint32, what string, size, limit int) int {
	switch {
	case c.err != nil:
		return 0
	case uint64(n) > uint64(limit):
		c.fail("%d %s, limit %d: %w", n, what, limit, ErrTooMany)
		return 0
	case uint64(n)*uint64(size) > uint64(len(c.data)-c.at):
		c.fail("%d %s do not fit into the policy: %w", n, what, ErrSyntax)
		return 0
	}
	return int(n)
}

// index reads an index below n.
func (c *cursor) index(what string, n int) int {
	i := c.uint32(what)
	if c.refs++; c.refs > maxRefs {
		c.fail("more than %d references: %w", maxRefs, ErrTooMany)
	}
	if c.err == nil && uint64(i) >= uint64(n) {
		c.fail("%s %d of %d: %w", what, i, n, ErrSyntax)
	}
	if c.err != nil {
		return 0
	}
	return int(i)
}

// ids reads a counted list of indexes below n and names them.
func (c *cursor) ids(what string, n int, name func(int) string) []string {
	var list []string
	for range c.count("references to "+what, 4, maxRefs) {
		if i := c.index(what, n); c.err == nil {
			list = append(list, name(i))
		}
	}
	return list
}

func decodeUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
