package cab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// signed appends a signature to a cabinet with a signature's reserve.
func signed(b *builder, signature string) []byte {
	le := binary.LittleEndian
	b.headerReserve = make([]byte, signReserve)
	size := len(b.bytes())
	le.PutUint32(b.headerReserve, signMark)
	le.PutUint32(b.headerReserve[4:], uint32(size))
	le.PutUint32(b.headerReserve[8:], uint32(len(signature)))
	return append(b.bytes(), signature...)
}

func TestSignature(t *testing.T) {
	data := signed(one(mszipFolder, file("f", prose(1, 1000))), "PKCS #7 message.")
	c := mustOpen(t, data)
	s, err := c.Signature()
	if err != nil || string(data[s.Offset:]) != "PKCS #7 message." || s.Size != 16 || s.Offset != c.Size {
		t.Errorf("signature at %+v, %v", s, err)
	}
	ranges, err := c.DigestRanges()
	want := []Range{{0, 4}, {8, 26}, {56, s.Offset - 56}}
	if err != nil || !slices.Equal(ranges, want) {
		t.Errorf("digest over %v, %v; want %v", ranges, err, want)
	}
	if !bytes.Equal(readAll(t, c.Files[0]), prose(1, 1000)) {
		t.Error("the file of a signed cabinet differs")
	}
}

func TestUnsigned(t *testing.T) {
	for _, reserve := range [][]byte{nil, make([]byte, 20), make([]byte, 6144), {0, 0, 0x10, 0, 19: 0}} {
		b := one(storedFolder, file("f", nil))
		b.headerReserve = reserve
		c := mustOpen(t, b.bytes())
		if s, err := c.Signature(); s != (Range{}) || err != nil {
			t.Errorf("%d bytes: %v, %v", len(reserve), s, err)
		}
		if r, err := c.DigestRanges(); r != nil || err != nil {
			t.Errorf("%d bytes: %v, %v", len(reserve), r, err)
		}
	}
}

// TestBadReserve has reserves that must not read as "unsigned".
func TestBadReserve(t *testing.T) {
	const at = headerSize + 4
	good := signed(one(storedFolder, file("f", []byte("x"))), "signature")
	short := one(storedFolder, file("f", nil))
	short.headerReserve = []byte("other use")
	for name, data := range map[string][]byte{
		"other content":        short.bytes(),
		"other mark":           patch(good, at, 1),
		"signature elsewhere":  patch(good, at+4, 1),
		"a gap before it":      patch(patch(good, at+4, good[at+4]+1), at+8, 8),
		"no size":              patch(good, at+8, 0),
		"larger than the file": patch(good, at+8, 10),
		"smaller":              patch(good, at+8, 8),
		"trailing bytes":       append(bytes.Clone(good), 0),
	} {
		c := mustOpen(t, data)
		if s, err := c.Signature(); !errors.Is(err, ErrReserve) || s != (Range{}) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
		if r, err := c.DigestRanges(); !errors.Is(err, ErrReserve) || r != nil {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

func TestDigestRangesRefuses(t *testing.T) {
	b := one(storedFolder, file("f", []byte("x")))
	b.blockReserve = []byte{1}
	if _, err := mustOpen(t, signed(b, "s")).DigestRanges(); !errors.Is(err, ErrReserve) {
		t.Errorf("block reserve: %v", err)
	}
	b = one(storedFolder, file("f", []byte("x")))
	b.folderReserve = []byte{1}
	if _, err := mustOpen(t, signed(b, "s")).DigestRanges(); !errors.Is(err, ErrReserve) {
		t.Errorf("folder reserve: %v", err)
	}
	b = one(storedFolder, file("f", []byte("x")))
	b.next = "n\x00d\x00"
	if _, err := mustOpen(t, signed(b, "s")).DigestRanges(); !errors.Is(err, ErrSpanned) {
		t.Errorf("set: %v", err)
	}
}
