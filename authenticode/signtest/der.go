package signtest

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Tags that the structures of this package use beyond those with a function
// of their own (X.680, section 8.4).
const (
	TagInteger         = 0x02
	TagBitString       = 0x03
	TagOctetString     = 0x04
	TagUTF8String      = 0x0c
	TagPrintableString = 0x13
	TagT61String       = 0x14
	TagIA5String       = 0x16
	TagUTCTime         = 0x17
	TagGeneralizedTime = 0x18
	TagBMPString       = 0x1e
	TagSequence        = 0x30
	TagSet             = 0x31
)

// TLV encodes one element: tag, definite length, and the parts as its
// contents.
func TLV(tag byte, parts ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.Tag(tag), func(c *cryptobyte.Builder) {
		for _, p := range parts {
			c.AddBytes(p)
		}
	})
	return b.BytesOrPanic()
}

// Sequence encodes a SEQUENCE of elements that are already encoded.
func Sequence(parts ...[]byte) []byte { return TLV(TagSequence, parts...) }

// SetOf encodes a SET OF in DER order (X.690, section 11.6).
func SetOf(elements ...[]byte) []byte { return TLV(TagSet, sorted(elements)...) }

// SetInOrder encodes a SET OF in the order given, which is DER only by chance
// (rule 63).
func SetInOrder(elements ...[]byte) []byte { return TLV(TagSet, elements...) }

// Explicit encodes a constructed context-specific tag [n] around parts. It is
// also the implicit form of a SEQUENCE or SET whose contents are the parts.
func Explicit(n int, parts ...[]byte) []byte { return TLV(0xa0|byte(n), parts...) }

// Implicit encodes a primitive context-specific tag [n].
func Implicit(n int, contents []byte) []byte { return TLV(0x80|byte(n), contents) }

// OctetString encodes an OCTET STRING.
func OctetString(b []byte) []byte { return TLV(TagOctetString, b) }

// BitString encodes a BIT STRING without unused bits.
func BitString(b []byte) []byte { return TLV(TagBitString, []byte{0}, b) }

// Integer encodes an INTEGER.
func Integer(n int64) []byte { return BigInteger(big.NewInt(n)) }

// BigInteger encodes an INTEGER of any size and sign, in the shortest form.
func BigInteger(n *big.Int) []byte {
	var b cryptobyte.Builder
	b.AddASN1BigInt(n)
	return b.BytesOrPanic()
}

// Null encodes a NULL.
func Null() []byte { return []byte{0x05, 0x00} }

// True encodes the BOOLEAN TRUE.
func True() []byte { return []byte{0x01, 0x01, 0xff} }

// OID encodes an OBJECT IDENTIFIER from its dotted form. It panics when the
// form is not one.
func OID(dotted string) []byte {
	arcs := strings.Split(dotted, ".")
	numbers := make([]uint64, len(arcs))
	for i, a := range arcs {
		n, err := strconv.ParseUint(a, 10, 63)
		if err != nil {
			panic(fmt.Sprintf("signtest: object identifier %q: %v", dotted, err))
		}
		numbers[i] = n
	}
	if len(numbers) < 2 || numbers[0] > 2 || numbers[0] < 2 && numbers[1] > 39 {
		panic(fmt.Sprintf("signtest: object identifier %q: impossible first arcs", dotted))
	}
	contents := base128(numbers[0]*40 + numbers[1])
	for _, n := range numbers[2:] {
		contents = append(contents, base128(n)...)
	}
	return TLV(0x06, contents)
}

// base128 is one arc of an OBJECT IDENTIFIER (X.690, section 8.19.2).
func base128(n uint64) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		out = append(out, byte(n&0x7f)|0x80)
	}
	slices.Reverse(out)
	return out
}

// Time encodes UTCTime for 1950 to 2049 and GeneralizedTime otherwise, as
// RFC 5280 section 4.1.2.5 asks.
func Time(t time.Time) []byte {
	t = t.UTC()
	if y := t.Year(); y < 1950 || y >= 2050 {
		return GeneralizedTime(t)
	}
	return TLV(TagUTCTime, []byte(t.Format("060102150405Z")))
}

// GeneralizedTime encodes a time to the second.
func GeneralizedTime(t time.Time) []byte {
	return TLV(TagGeneralizedTime, []byte(t.UTC().Format("20060102150405Z")))
}

// BMPString encodes text as UTF-16 big-endian, without a terminating NUL.
func BMPString(s string) []byte { return TLV(TagBMPString, utf16BE(s)) }

// utf16BE is the contents of a BMPString.
func utf16BE(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u>>8), byte(u))
	}
	return out
}

// UTF16 is text as UTF-16 little-endian with a terminating NUL, the form of
// catalog attribute values and of the tags of version 1 catalogs (rules 64
// and 66).
func UTF16(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return append(out, 0, 0)
}

// sorted returns the elements in DER order: ascending, the shorter first when
// one is the beginning of the other.
func sorted(elements [][]byte) [][]byte {
	out := slices.Clone(elements)
	slices.SortStableFunc(out, bytes.Compare)
	return out
}

// setOf encodes a SET OF under any tag, in DER order, or in the reverse of it
// when disorder is asked for. It panics when there is nothing to disorder.
func setOf(tag byte, what string, disorder bool, elements [][]byte) []byte {
	elements = sorted(elements)
	if disorder {
		if len(elements) < 2 || bytes.Equal(elements[0], elements[len(elements)-1]) {
			panic("signtest: " + what + " has fewer than two different elements: nothing to disorder")
		}
		slices.Reverse(elements)
	}
	return TLV(tag, elements...)
}

// indefinite encodes an element with the indefinite length of BER (X.690,
// section 8.1.3.6).
func indefinite(tag byte, parts ...[]byte) []byte {
	return slices.Concat([]byte{tag, 0x80}, slices.Concat(parts...), []byte{0, 0})
}

// split takes the first element off DER: its tag, its contents, its whole
// encoding, and what follows. It panics on anything else: signtest reads only
// what it wrote, or what a caller said was DER.
func split(der []byte) (tag byte, contents, whole, rest []byte) {
	s := cryptobyte.String(der)
	var element, inner cryptobyte.String
	var t asn1.Tag
	if !s.ReadAnyASN1Element(&element, &t) {
		panic("signtest: not DER where DER is needed")
	}
	whole = element
	if !element.ReadAnyASN1(&inner, &t) {
		panic("signtest: not DER where DER is needed")
	}
	return byte(t), inner, whole, s
}

// contentOctets are the octets that a PKCS #7 message digest covers: those of
// the content without its tag and length (rule 60).
func contentOctets(der []byte) []byte {
	_, contents, _, rest := split(der)
	if len(rest) != 0 {
		panic("signtest: content has more than one element")
	}
	return contents
}
