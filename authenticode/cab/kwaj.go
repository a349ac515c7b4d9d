package cab

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// A KWAJ header is the magic, a method, the offset of the data, and flags for
// the optional fields that follow in the order of the flags.
const (
	kwajHeader = 14

	kwajHasSize  = 1 << 0 // u32: expanded size
	kwajHasWord  = 1 << 1 // u16 of unknown meaning
	kwajHasBlob  = 1 << 2 // u16 length, then as many bytes of unknown meaning
	kwajHasName  = 1 << 3 // up to 8 bytes and a NUL
	kwajHasExt   = 1 << 4 // up to 3 bytes and a NUL
	kwajNameSize = 9
	kwajExtSize  = 4

	kwajPlain = 0
	kwajXor   = 1
	kwajLZSS  = 2
	kwajLZH   = 3
	kwajMSZIP = 4

	kwajMask = 0xFF // what kwajXor inverts with
)

// kwaj is what the header says.
type kwaj struct {
	method  uint16
	dataAt  int64
	hasSize bool
	size    uint32
	name    string
}

// openKWAJ expands KWAJ files of every method but 3 (LZ77 with Huffman codes),
// which no driver package is known to use.
func openKWAJ(r io.ReaderAt, size int64) (string, *expansion, error) {
	h, err := readKWAJ(r, size)
	if err != nil {
		return "", nil, err
	}
	length := int64(-1)
	if h.hasSize {
		length = int64(h.size)
	}
	if length > maxFile {
		return "", nil, fmt.Errorf("offset %d: %d bytes: %w", kwajHeader, length, ErrFileTooLarge)
	}
	what := fmt.Sprintf("KWAJ data at offset %d", h.dataAt)
	src, err := h.expand(bufio.NewReader(io.NewSectionReader(r, h.dataAt, size-h.dataAt)))
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", what, err)
	}
	return h.name, &expansion{src: src, what: what, length: length}, nil
}

func readKWAJ(r io.ReaderAt, size int64) (kwaj, error) {
	cur := newCursor(r, SniffLen, size)
	h := kwaj{method: cur.u16("KWAJ header"), dataAt: int64(cur.u16("KWAJ header"))}
	flags := cur.u16("KWAJ header")
	if h.hasSize = flags&kwajHasSize != 0; h.hasSize {
		h.size = cur.u32("KWAJ size")
	}
	if flags&kwajHasWord != 0 {
		cur.u16("KWAJ header")
	}
	if flags&kwajHasBlob != 0 {
		cur.bytes(int(cur.u16("KWAJ header")), "KWAJ header")
	}
	var name []byte
	if flags&kwajHasName != 0 {
		name = cur.cstring(kwajNameSize, "KWAJ file name")
	}
	if flags&kwajHasExt != 0 {
		name = append(append(name, '.'), cur.cstring(kwajExtSize, "KWAJ file extension")...)
	}
	if cur.err != nil {
		return kwaj{}, cur.err
	}
	if h.dataAt < kwajHeader || h.dataAt > size {
		return kwaj{}, fmt.Errorf("offset 10: data at %d of %d bytes: %w", h.dataAt, size, ErrFormat)
	}
	if len(name) > 0 {
		var err error
		if h.name, err = fileName(name, false); err != nil {
			return kwaj{}, fmt.Errorf("offset %d: %w", kwajHeader, err)
		}
	}
	return h, nil
}

// expand returns a reader of the expanded data.
func (h *kwaj) expand(in *bufio.Reader) (io.Reader, error) {
	switch h.method {
	case kwajPlain:
		return in, nil
	case kwajXor:
		return inverted{in}, nil
	case kwajLZSS:
		return newLZSS(in, qbasicStart), nil
	case kwajMSZIP:
		return &kwajReader{in: in}, nil
	case kwajLZH:
		return nil, fmt.Errorf("method 3 (LZH): %w; expand the file on Windows or with msexpand first", ErrMethod)
	}
	return nil, fmt.Errorf("method %d: %w", h.method, ErrMethod)
}

// inverted undoes kwajXor.
type inverted struct{ io.Reader }

func (r inverted) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	for i := range p[:n] {
		p[i] ^= kwajMask
	}
	return n, err
}

// kwajReader undoes method 4: MSZIP blocks, each with its length in front, up
// to a length of zero or the end of the input. All but the last hold 32 KiB.
type kwajReader struct {
	in     *bufio.Reader
	method mszip
	packed [maxInput]byte
	out    []byte // of the block at hand
}

// Read implements [io.Reader]. Every turn of its loop uses up input.
func (r *kwajReader) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if err := r.block(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// block expands the next block, or returns io.EOF.
func (r *kwajReader) block() error {
	var length [2]byte
	if _, err := io.ReadFull(r.in, length[:]); err == io.EOF {
		return err
	} else if err != nil {
		return noEOF(err)
	}
	n := int(binary.LittleEndian.Uint16(length[:]))
	if n == 0 {
		return io.EOF
	}
	if n > maxInput {
		return fmt.Errorf("%d bytes: %w", n, ErrBlockSize)
	}
	if _, err := io.ReadFull(r.in, r.packed[:n]); err != nil {
		return noEOF(err)
	}
	var err error
	r.out, err = r.method.expandOpen(r.packed[:n])
	return err
}
