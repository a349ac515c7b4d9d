package cab

import (
	"bufio"
	"fmt"
)

// lzssWindow is the ring of COMPRESS.EXE's LZSS. It starts full of spaces.
const lzssWindow = 4096

// lzssReader undoes the LZSS of SZDD and KWAJ files, which ends with the input.
//
// A control byte tells of the next eight items, lowest bit first, whether they
// are a literal (1) or a match (0) of two bytes: a position in the window and,
// in the low half of the second byte, a length less three.
type lzssReader struct {
	in      *bufio.Reader
	window  [lzssWindow]byte
	at      int // where in the window the next byte goes
	control byte
	items   int // of control that are still to come

	from, left int // what is left of a match
}

// newLZSS returns a reader of the expanded data. start is where in the window
// the first byte goes.
func newLZSS(in *bufio.Reader, start int) *lzssReader {
	d := &lzssReader{in: in, at: start}
	for i := range d.window {
		d.window[i] = ' '
	}
	return d
}

// Read implements [io.Reader].
func (d *lzssReader) Read(p []byte) (int, error) {
	for i := range p {
		b, err := d.next()
		if err != nil {
			return i, err
		}
		p[i] = b
	}
	return len(p), nil
}

// next returns the next byte, or io.EOF.
func (d *lzssReader) next() (b byte, err error) {
	if d.left == 0 {
		if d.items == 0 {
			if d.control, err = d.in.ReadByte(); err != nil {
				return 0, err
			}
			d.items = 8
		}
		first, err := d.in.ReadByte()
		if err != nil {
			return 0, err // the last control byte need not be used up
		}
		literal := d.control&1 == 1
		d.control >>= 1
		d.items--
		if literal {
			return d.put(first), nil
		}
		second, err := d.in.ReadByte()
		if err != nil {
			return 0, fmt.Errorf("a match is cut off: %w", noEOF(err))
		}
		d.from, d.left = int(first)|int(second&0xF0)<<4, int(second&0x0F)+3
	}
	b = d.window[d.from]
	d.from = (d.from + 1) % lzssWindow
	d.left--
	return d.put(b), nil
}

func (d *lzssReader) put(b byte) byte {
	d.window[d.at] = b
	d.at = (d.at + 1) % lzssWindow
	return b
}
