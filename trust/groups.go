package trust

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A group is how Windows writes a property or an element of a store down, in a
// serialized store and in the registry ([MS-OSHARED] 2.3.2.5.3): number,
// encoding and length, little-endian, then the value. The properties of an
// element come before it.
const groupHeader = 12

// encodingX509 is the only encoding type in use (X509_ASN_ENCODING); Windows
// may add PKCS_7_ASN_ENCODING.
const (
	encodingX509  = 0x00001
	encodingPKCS7 = 0x10000
)

// maxProperties bounds the properties of one element. Windows writes some
// fifteen.
const maxProperties = 256

// Errors of groups.
var (
	// ErrGroup is the error of a group that is cut off or has impossible
	// numbers.
	ErrGroup = errors.New("damaged group")
	// ErrTooManyProperties is the error of an element with more properties
	// than any has.
	ErrTooManyProperties = errors.New("more than 256 properties")
	// ErrNoElement is the error of properties without the element that they
	// belong to.
	ErrNoElement = errors.New("properties without a certificate")
)

// group is one group, its value a slice of the input.
type group struct {
	id    uint32
	value []byte
	size  int // with header
}

// readGroup reads the group at the start of b.
func readGroup(b []byte) (g group, err error) {
	if !g.read(b) {
		return group{}, groupFault(b)
	}
	return g, nil
}

// read is readGroup without an answer to what is wrong.
func (g *group) read(b []byte) bool {
	if len(b) < groupHeader {
		return false
	}
	id, encoding, length := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	if id-1 > maxPropertyID-1 || encoding&^encodingPKCS7 != encodingX509 || uint64(length) > uint64(len(b)-groupHeader) {
		return false
	}
	end := groupHeader + int(length)
	g.id, g.value, g.size = id, b[groupHeader:end:end], end
	return true
}

// groupFault says why the group at the start of b cannot be read.
func groupFault(b []byte) error {
	if len(b) < groupHeader {
		return fmt.Errorf("%w: %d bytes left of a header of 12", ErrGroup, len(b))
	}
	id, encoding, length := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	switch {
	case id == propEnd || id > maxPropertyID:
		return fmt.Errorf("%w: number 0x%x", ErrGroup, id)
	case encoding&^encodingPKCS7 != encodingX509:
		return fmt.Errorf("%w: property %d has encoding 0x%x", ErrGroup, id, encoding)
	}
	return fmt.Errorf("%w: property %d wants %d bytes of the %d left", ErrGroup, id, length, len(b)-groupHeader)
}

// elementKinds says which numbers are elements and not properties.
func elementKind(id uint32) ItemKind {
	switch id {
	case propCertificate:
		return CertificateItem
	case propRevocationList:
		return RevocationListItem
	case propTrustList:
		return TrustListItem
	}
	return UnknownItem
}

// read reads the properties at the start of b and the element that they belong
// to. When the framing holds, used is where the next element begins, even if
// something else is wrong: see the second error.
func (item *Item) read(b []byte) (used int, framing, err error) {
	var seen [maxRestrictiveProperty/64 + 1]uint64
	var g group
	for count := 0; ; count++ {
		if !g.read(b[used:]) {
			return used, groupFault(b[used:]), nil
		}
		if kind := elementKind(g.id); kind != UnknownItem {
			item.Kind, item.Raw, item.groups = kind, g.value, b[:used:used]
			return used + g.size, nil, err
		}
		if count == maxProperties {
			return used, ErrTooManyProperties, nil
		}
		p := Property{g.id, g.value}
		if fault := p.check(); fault != nil && err == nil {
			err = fault
		}
		// A property that is there twice would leave open which one counts.
		if word := g.id / 64; int(word) < len(seen) {
			bit := uint64(1) << (g.id % 64)
			if seen[word]&bit != 0 && err == nil {
				err = fmt.Errorf("property %d (%s) is there twice: %w", p.ID, p.Name(), ErrProperty)
			}
			seen[word] |= bit
		}
		if used += g.size; used == len(b) {
			return used, ErrNoElement, nil
		}
	}
}

// propertiesOf decodes groups that read has walked over.
func propertiesOf(groups []byte) []Property {
	var list []Property
	for len(groups) > 0 {
		g, err := readGroup(groups)
		if err != nil {
			return list // cannot happen: they were walked over
		}
		list = append(list, Property{g.id, g.value})
		groups = groups[g.size:]
	}
	return list
}
