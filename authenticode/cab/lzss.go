package cab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// lzssWindow is the ring of COMPRESS.EXE's LZSS. It starts full of spaces.
const lzssWindow = 4096

// expandLZSS undoes the LZSS of SZDD and KWAJ files, which ends with the input.
// start is where in the window the first byte goes.
//
// A control byte tells of the next eight items, lowest bit first, whether they
// are a literal (1) or a match (0) of two bytes: a position in the window and,
// in the low half of the second byte, a length less three.
func expandLZSS(in *bufio.Reader, start int, limit int64) ([]byte, error) {
	var window [lzssWindow]byte
	for i := range window {
		window[i] = ' '
	}
	var out []byte
	put := func(b byte) {
		window[start] = b
		start = (start + 1) % lzssWindow
		out = append(out, b)
	}
	for {
		control, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		for item := 0; item < 8; item++ {
			first, err := in.ReadByte()
			if errors.Is(err, io.EOF) {
				return out, nil // the last control byte need not be used up
			}
			if err != nil {
				return nil, err
			}
			if control>>item&1 == 1 {
				put(first)
			} else {
				second, err := in.ReadByte()
				if err != nil {
					return nil, fmt.Errorf("a match is cut off: %w", noEOF(err))
				}
				at := int(first) | int(second&0xF0)<<4
				for i := range int(second&0x0F) + 3 {
					put(window[(at+i)%lzssWindow])
				}
			}
			if int64(len(out)) > limit {
				return nil, fmt.Errorf("more than %d bytes expanded: %w", limit, ErrCorrupt)
			}
		}
	}
}
