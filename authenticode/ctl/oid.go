package ctl

import "strconv"

// Limits of an object identifier. The longest in use, made from a UUID, has
// one number of nineteen octets and is in no certificate trust list.
const (
	maxOIDSize    = 64 // octets in all
	maxNumberSize = 9  // octets of 7 bits each in one number: it fits into 63 bits
)

// An OID is the contents of a DER OBJECT IDENTIFIER, without tag and length.
// Converted to a string it compares without allocating, which is how a reader
// of many attributes should recognise them.
type OID []byte

// valid reports whether o is a well-formed identifier within the limits:
// whole, and with every number in its shortest form.
func (o OID) valid() bool {
	if len(o) == 0 || len(o) > maxOIDSize {
		return false
	}
	size := 0 // of the number so far
	for _, b := range o {
		if size == 0 && b == 0x80 || size == maxNumberSize {
			return false
		}
		size++
		if b&0x80 == 0 {
			size = 0
		}
	}
	return size == 0
}

// String returns the dotted form, or "" where o is not well-formed: an empty
// string is no identifier, so it never equals one.
func (o OID) String() string {
	if !o.valid() {
		return ""
	}
	text := make([]byte, 0, 32)
	value := uint64(0)
	for _, b := range o {
		value = value<<7 | uint64(b&0x7f)
		if b&0x80 != 0 {
			continue
		}
		if len(text) == 0 {
			// X.690 8.19.4: the first two numbers share one, 40*X + Y, where
			// only X = 2 lets Y exceed 39.
			first := min(value/40, 2)
			text = strconv.AppendUint(text, first, 10)
			value -= 40 * first
		}
		text = append(text, '.')
		text = strconv.AppendUint(text, value, 10)
		value = 0
	}
	return string(text)
}
