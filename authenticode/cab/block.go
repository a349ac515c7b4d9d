package cab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const blockHeaderSize = 8 // CFDATA without reserve and data: [MS-CAB] 2.4

// folderReader expands a folder from its first block on.
type folderReader struct {
	folder *Folder
	method decompressor
	next   int64 // offset in the file of the next CFDATA
	block  int   // its number
	pos    int64 // offset in the folder of out[0]
	out    []byte
	outBuf []byte
	inBuf  []byte
	err    error
}

func (f *Folder) open() (*folderReader, error) {
	if f.headless {
		return nil, ErrSpanned
	}
	method, err := f.newDecompressor()
	if err != nil {
		return nil, err
	}
	return &folderReader{
		folder: f, method: method, next: f.dataAt,
		outBuf: make([]byte, maxOutput), inBuf: make([]byte, 0, maxInput),
	}, nil
}

// Read returns io.EOF behind the last block of this cabinet.
func (r *folderReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := r.fill(); err != nil {
		return 0, err
	}
	n := copy(p, r.out)
	r.advance(n)
	return n, nil
}

// skipTo expands and drops everything before offset, which is not behind pos.
func (r *folderReader) skipTo(offset int64) error {
	for r.pos < offset {
		if err := r.fill(); err != nil {
			return err
		}
		r.advance(int(min(int64(len(r.out)), offset-r.pos)))
	}
	return nil
}

func (r *folderReader) advance(n int) {
	r.out = r.out[n:]
	r.pos += int64(n)
}

// fill makes out non-empty, or reports why it cannot. Every turn of its loop
// uses up a block. The first error sticks: the blocks behind a bad one have
// lost their history.
func (r *folderReader) fill() error {
	for len(r.out) == 0 && r.err == nil {
		if r.block == r.folder.Blocks {
			r.err = io.EOF
			break
		}
		if err := r.expandBlock(); err != nil {
			r.err = fmt.Errorf("folder %d block %d at offset %d: %w", r.folder.Index, r.block, r.next, err)
		}
	}
	if len(r.out) > 0 {
		return nil
	}
	return r.err
}

// expandBlock reads the next CFDATA into out.
func (r *folderReader) expandBlock() error {
	c := r.folder.cab
	var head [blockHeaderSize + 255]byte
	h := head[:blockHeaderSize+c.dataReserve]
	if err := r.read(h, r.next); err != nil {
		return err
	}
	sum := binary.LittleEndian.Uint32(h)
	packed, size := int(binary.LittleEndian.Uint16(h[4:])), int(binary.LittleEndian.Uint16(h[6:]))
	switch {
	case size == 0 && c.HasNext && r.block == r.folder.Blocks-1:
		return ErrSpanned // the rest of the block is in the next cabinet
	case packed > maxInput || size > maxOutput:
		return fmt.Errorf("%d bytes from %d: %w", size, packed, ErrBlockSize)
	}
	in := r.inBuf[:packed]
	if err := r.read(in, r.next+int64(len(h))); err != nil {
		return err
	}
	if !checksumHolds(sum, h, in) {
		return ErrChecksum
	}
	if err := r.method.decompress(r.outBuf[:size], in); err != nil {
		return fmt.Errorf("%v: %w", r.folder.Method, err)
	}
	r.out = r.outBuf[:size]
	r.next += int64(len(h) + packed)
	r.block++
	return nil
}

// read fills p from offset at of the cabinet proper.
func (r *folderReader) read(p []byte, at int64) error {
	c := r.folder.cab
	if at+int64(len(p)) > c.Size {
		return ErrTruncated
	}
	if _, err := readAt(c.r, p, at); err != nil {
		if errors.Is(err, io.EOF) {
			return ErrTruncated
		}
		return err
	}
	return nil
}

// checksumHolds checks csum of [MS-CAB] 2.4. Zero means that the maker did not
// compute it. The document has the reserve covered and makers differ, so both
// readings are accepted: the checksum finds accidents and protects nothing.
func checksumHolds(sum uint32, head, data []byte) bool {
	if sum == 0 {
		return true
	}
	body := checksum(data, 0)
	return sum == checksum(head[4:blockHeaderSize], body) || sum == checksum(head[4:], body)
}

// checksum is CSUM of [MS-CAB] 3.1: exclusive or of 32-bit words. The surplus
// bytes at the end enter in the opposite order of the words.
func checksum(data []byte, seed uint32) uint32 {
	for ; len(data) >= 4; data = data[4:] {
		seed ^= binary.LittleEndian.Uint32(data)
	}
	var last uint32
	for _, b := range data {
		last = last<<8 | uint32(b)
	}
	return seed ^ last
}
