package ctl

import (
	"math/bits"
	"strconv"
)

// maxOIDSize bounds an object identifier, in octets; the longest in use, made
// from a UUID, has 20.
const maxOIDSize = 64

// An OID is the contents of a DER OBJECT IDENTIFIER, without tag and length.
// Converted to a string it compares without allocating, which is how a reader
// of many attributes should recognise them.
type OID []byte

// valid reports whether o is a well-formed identifier: whole, with every
// number in its shortest form and small enough for a uint64.
func (o OID) valid() bool {
	if len(o) == 0 || len(o) > maxOIDSize || o[len(o)-1]&0x80 != 0 {
		return false
	}
	start, value := true, uint64(0)
	for _, b := range o {
		if start && b == 0x80 {
			return false
		}
		if bits.LeadingZeros64(value) < 7 {
			return false
		}
		value = value<<7 | uint64(b&0x7f)
		if start = b&0x80 == 0; start {
			value = 0
		}
	}
	return true
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
