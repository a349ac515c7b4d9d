package cab

import (
	"bufio"
	"encoding/binary"
	"errors"
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

// expandKWAJ expands KWAJ files of every method but 3 (LZ77 with Huffman codes),
// which no driver package is known to use.
func expandKWAJ(r io.ReaderAt, size int64) (string, []byte, error) {
	h, err := readKWAJ(r, size)
	if err != nil {
		return "", nil, err
	}
	limit := int64(maxFile)
	if h.hasSize {
		limit = int64(h.size)
	}
	if limit > maxFile {
		return "", nil, fmt.Errorf("offset %d: %d bytes: %w", kwajHeader, limit, ErrFileTooLarge)
	}
	in := bufio.NewReader(io.NewSectionReader(r, h.dataAt, size-h.dataAt))
	data, err := h.expand(in, limit)
	if err != nil {
		return "", nil, fmt.Errorf("KWAJ data at offset %d: %w", h.dataAt, err)
	}
	if h.hasSize && len(data) != int(h.size) {
		return "", nil, fmt.Errorf("KWAJ data at offset %d: expands to %d bytes instead of %d: %w", h.dataAt, len(data), h.size, ErrTruncated)
	}
	return h.name, data, nil
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

// expand yields at most limit bytes.
func (h *kwaj) expand(in *bufio.Reader, limit int64) ([]byte, error) {
	switch h.method {
	case kwajPlain, kwajXor:
		data, err := io.ReadAll(io.LimitReader(in, limit+1))
		if err != nil {
			return nil, err
		}
		if int64(len(data)) > limit {
			return nil, fmt.Errorf("more than %d bytes: %w", limit, ErrCorrupt)
		}
		if h.method == kwajXor {
			for i := range data {
				data[i] ^= kwajMask
			}
		}
		return data, nil
	case kwajLZSS:
		return expandLZSS(in, qbasicStart, limit)
	case kwajMSZIP:
		return expandKWAJBlocks(in, limit)
	case kwajLZH:
		return nil, fmt.Errorf("method 3 (LZH): %w; expand the file on Windows or with msexpand first", ErrMethod)
	}
	return nil, fmt.Errorf("method %d: %w", h.method, ErrMethod)
}

// expandKWAJBlocks undoes method 4: MSZIP blocks, each with its length in front,
// up to a length of zero or the end of the input. All but the last hold 32 KiB.
func expandKWAJBlocks(in *bufio.Reader, limit int64) ([]byte, error) {
	var (
		out    []byte
		d      mszip
		packed [maxInput]byte
	)
	for {
		var length [2]byte
		if _, err := io.ReadFull(in, length[:]); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, noEOF(err)
		}
		n := int(binary.LittleEndian.Uint16(length[:]))
		if n == 0 {
			return out, nil
		}
		if n > maxInput {
			return nil, fmt.Errorf("%d bytes: %w", n, ErrBlockSize)
		}
		if _, err := io.ReadFull(in, packed[:n]); err != nil {
			return nil, noEOF(err)
		}
		block, err := d.expandOpen(packed[:n])
		if err != nil {
			return nil, err
		}
		out = append(out, block...)
		if int64(len(out)) > limit {
			return nil, fmt.Errorf("more than %d bytes expanded: %w", limit, ErrCorrupt)
		}
	}
}
