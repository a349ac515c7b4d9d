package cab

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Range is a run of bytes of the file.
type Range struct{ Offset, Size int64 }

// The reserve of a signed cabinet, observed in what signing tools write: a mark,
// offset and size of the signature, eight bytes more. Nothing documents it.
const (
	signReserve = 20
	signMark    = 0x00100000
)

// Signature returns where the file's PKCS #7 signature is, with its padding:
// behind the cabinet proper and at the end of the file. Without a reserve, or
// with an empty one, there is no signature and the Range is zero.
//
// [ErrReserve] means that the reserve is in use and does not describe such a
// place; the cabinet must then count as unreadable, not as unsigned.
func (c *Cabinet) Signature() (Range, error) {
	if len(bytes.Trim(c.HeaderReserve, "\x00")) == 0 {
		return Range{}, nil
	}
	if len(c.HeaderReserve) != signReserve || binary.LittleEndian.Uint32(c.HeaderReserve) != signMark {
		return Range{}, c.reserveError("%d bytes that are not a signature's", len(c.HeaderReserve))
	}
	s := Range{
		Offset: int64(binary.LittleEndian.Uint32(c.HeaderReserve[4:])),
		Size:   int64(binary.LittleEndian.Uint32(c.HeaderReserve[8:])),
	}
	switch {
	case s == Range{}:
		return s, nil // room for a signature that was never made
	case s.Size == 0 || s.Offset != c.Size:
		return Range{}, c.reserveError("signature of %d bytes at %d, cabinet ends at %d", s.Size, s.Offset, c.Size)
	case s.Offset+s.Size != c.fileSize:
		return Range{}, c.reserveError("signature ends at %d, file at %d", s.Offset+s.Size, c.fileSize)
	}
	return s, nil
}

// DigestRanges returns the bytes that the Authenticode digest of a signed
// cabinet covers, in order; nil when there is no signature. Left out are
// reserved1, and everything from iCabinet to the middle of the reserve.
//
// That was established by changing single bytes of cabinets that osslsigncode
// signed. It leaves the sizes of the other reserves uncovered, which would let
// the tables be read differently under the same digest: they have to be zero. A
// cabinet of a set is [ErrSpanned]; no signed one has been observed.
func (c *Cabinet) DigestRanges() ([]Range, error) {
	s, err := c.Signature()
	if err != nil || s == (Range{}) {
		return nil, err
	}
	if c.HasPrev || c.HasNext {
		return nil, fmt.Errorf("digest of a signed cabinet: %w", ErrSpanned)
	}
	if c.dataReserve != 0 || c.folderReserve != 0 {
		return nil, c.reserveError("signed cabinet with other reserves")
	}
	const (
		signatureEnd = 4  // "MSCF"; reserved1 follows
		sizeAt       = 8  // cbCabinet
		indexAt      = 34 // iCabinet
	)
	tail := c.reserveAt + signReserve - 4
	return []Range{
		{0, signatureEnd},
		{sizeAt, indexAt - sizeAt},
		{tail, s.Offset - tail},
	}, nil
}

func (c *Cabinet) reserveError(format string, args ...any) error {
	return fmt.Errorf("offset %d: %s: %w", c.reserveAt, fmt.Sprintf(format, args...), ErrReserve)
}
