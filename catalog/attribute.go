package catalog

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// The bits of Attribute.Flags, typeAction in the grammar (rule 65; the names
// are those of mscat.h).
const (
	FlagAuthenticated   uint32 = 0x10000000 // part of what is signed
	FlagUnauthenticated uint32 = 0x20000000
	FlagNoSHA1Copy      uint32 = 0x01000000 // not repeated in the SHA-1 members of version 2
	FlagText            uint32 = 0x00010000 // the value is text
	FlagBase64          uint32 = 0x00020000 // the value is octets, given to MakeCat in base64
	FlagNameValue       uint32 = 0x00000001 // the name is text
	FlagOID             uint32 = 0x00000002 // the name is an object identifier
)

// An Attribute is one name/value (CatNameValue, rule 64) of a catalog or of a
// member.
type Attribute struct {
	Name string

	// Value is the text of the value, up to its NUL. For octets (FlagBase64)
	// it is the octets where they are printable UTF-8, and otherwise their
	// base64 form.
	Value string

	// Flags are the bits above.
	Flags uint32

	// Octets is the value as it stands, UTF-16LE with a NUL in the case of text.
	Octets []byte
}

// A nameValue is a CatNameValue whose structure was checked and whose strings
// were not decoded.
type nameValue struct {
	name  []byte // UTF-16BE
	value []byte // UTF-16LE, or any octets
	flags uint32
}

// readNameValue reads
//
//	CatNameValue ::= SEQUENCE { name BMPString, typeAction INTEGER, value OCTET STRING }
//
// and nothing after it. It is false as well where the value should be text
// and is of an odd number of octets.
func readNameValue(der cryptobyte.String) (nameValue, bool) {
	var body, name, value cryptobyte.String
	var flags uint32
	if !der.ReadASN1(&body, asn1.SEQUENCE) || !der.Empty() ||
		!body.ReadASN1(&name, tagBMPString) || len(name)%2 != 0 ||
		!readFlags(&body, &flags) ||
		!body.ReadASN1(&value, asn1.OCTET_STRING) || !body.Empty() {
		return nameValue{}, false
	}
	if flags&FlagBase64 == 0 && len(value)%2 != 0 {
		return nameValue{}, false
	}
	return nameValue{name: name, value: value, flags: flags}, true
}

// tagBMPString is the universal tag of BMPString.
const tagBMPString = asn1.Tag(30)

// readFlags reads an INTEGER of 32 bits. Windows writes a set of flags with
// the highest bit set as a negative number; both forms are read.
func readFlags(s *cryptobyte.String, flags *uint32) bool {
	var n int64
	if !s.ReadASN1Integer(&n) || n < -1<<31 || n >= 1<<32 {
		return false
	}
	*flags = uint32(n)
	return true
}

func (v nameValue) decode() Attribute {
	a := Attribute{Name: utf16BE(v.name), Flags: v.flags, Octets: v.value}
	if v.flags&FlagBase64 == 0 {
		a.Value = utf16LE(v.value)
	} else if a.Value = string(v.value); !printable(a.Value) {
		a.Value = base64.StdEncoding.EncodeToString(v.value)
	}
	return a
}

// named reports whether the name is that of the ASCII string, without
// decoding it.
func (v nameValue) named(name string) bool {
	if len(v.name) != 2*len(name) {
		return false
	}
	for i := range len(name) {
		if v.name[2*i] != 0 || v.name[2*i+1] != name[i] {
			return false
		}
	}
	return true
}

// utf16LE decodes UTF-16LE up to the first NUL, which is where a reader of
// Windows strings stops. Lone surrogates become U+FFFD.
func utf16LE(octets []byte) string {
	return decodeUTF16(octets, func(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 })
}

// utf16BE does the same for UTF-16BE, the encoding of BMPString.
func utf16BE(octets []byte) string {
	return decodeUTF16(octets, func(b []byte) uint16 { return uint16(b[1]) | uint16(b[0])<<8 })
}

func decodeUTF16(octets []byte, unit func([]byte) uint16) string {
	units := make([]uint16, 0, len(octets)/2)
	for ; len(octets) >= 2; octets = octets[2:] {
		u := unit(octets)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// first returns the value of the first attribute of that name.
func first(attributes []Attribute, name string) (string, bool) {
	for _, a := range attributes {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}
