package ctl_test

import (
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// The tests build their lists with these, so that each says in one line what
// is unusual about it.

func der(tag asn1.Tag, parts ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, p := range parts {
			b.AddBytes(p)
		}
	})
	return b.BytesOrPanic()
}

func seq(parts ...[]byte) []byte { return der(asn1.SEQUENCE, parts...) }
func set(parts ...[]byte) []byte { return der(asn1.SET, parts...) }
func octets(b []byte) []byte     { return der(asn1.OCTET_STRING, b) }

func oid(arcs ...int) []byte {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(arcs)
	return b.BytesOrPanic()
}

func integer(n int64) []byte {
	var b cryptobyte.Builder
	b.AddASN1BigInt(big.NewInt(n))
	return b.BytesOrPanic()
}

func utc(t time.Time) []byte {
	var b cryptobyte.Builder
	b.AddASN1UTCTime(t)
	return b.BytesOrPanic()
}

func generalized(t time.Time) []byte {
	var b cryptobyte.Builder
	b.AddASN1GeneralizedTime(t)
	return b.BytesOrPanic()
}

func join(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func attribute(oid []byte, values ...[]byte) []byte { return seq(oid, set(values...)) }

func subject(tag []byte, attributes ...[]byte) []byte {
	return seq(octets(tag), set(attributes...))
}

var (
	made = time.Date(2023, 3, 8, 19, 59, 0, 0, time.UTC)
	next = time.Date(2060, 1, 2, 3, 4, 5, 0, time.UTC)

	usage     = seq(oid(1, 3, 6, 1, 4, 1, 311, 12, 1, 1))
	algorithm = seq(oid(1, 3, 6, 1, 4, 1, 311, 12, 1, 3), []byte{5, 0})
	nameValue = oid(1, 3, 6, 1, 4, 1, 311, 12, 2, 1)
	info2     = oid(1, 3, 6, 1, 4, 1, 311, 12, 2, 3)
)

// fields of a list in their order; nil ones are left out.
type fields struct {
	version, usage, identifier, sequence, this, next, algorithm, subjects, extensions, rest []byte
}

func (f fields) bytes() []byte {
	return join(f.version, f.usage, f.identifier, f.sequence, f.this, f.next, f.algorithm, f.subjects, f.extensions, f.rest)
}

// minimal returns a list with only what the grammar requires.
func minimal() fields { return fields{usage: usage, this: utc(made), algorithm: algorithm} }

// full returns a list with everything.
func full() fields {
	f := minimal()
	f.version = integer(0)
	f.identifier = octets([]byte("0123456789abcdef"))
	f.sequence = integer(0x1401dcd1efa35b)
	f.next = generalized(next)
	f.subjects = seq(
		subject([]byte("tag one"), attribute(info2, []byte{0x80, 0}), attribute(nameValue, octets([]byte("a")), octets([]byte("b")))),
		seq(octets([]byte("tag two"))),
		subject([]byte("tag three")),
	)
	f.extensions = der(0xa0, seq(
		seq(nameValue, octets([]byte("first"))),
		seq(nameValue, der(asn1.BOOLEAN, []byte{0xff}), octets([]byte("second"))),
	))
	return f
}

// trustList returns the contents of a list in the form of authroot.stl: two
// roots, named by SHA-1, with certificate properties as attributes.
func trustList() []byte {
	property := func(n int, value []byte) []byte {
		return attribute(oid(1, 3, 6, 1, 4, 1, 311, 10, 11, n), octets(value))
	}
	return fields{
		usage:     seq(oid(1, 3, 6, 1, 4, 1, 311, 10, 3, 9)),
		sequence:  der(asn1.INTEGER, []byte{0x14, 0x01, 0xdc, 0xd1, 0xef, 0xa3, 0x5b, 0x4a, 0x5b}),
		this:      utc(made),
		algorithm: seq(oid(1, 3, 14, 3, 2, 26), []byte{5, 0}),
		subjects: seq(
			subject([]byte("sha-1 of first root."),
				property(11, []byte("A\x00 \x00R\x00o\x00o\x00t\x00\x00\x00")),
				property(9, seq(oid(1, 3, 6, 1, 5, 5, 7, 3, 3), oid(1, 3, 6, 1, 5, 5, 7, 3, 8))),
				property(98, make([]byte, 32))),
			subject([]byte("sha-1 of second root"),
				property(104, nil),
				property(11, []byte("B\x00\x00\x00")),
				property(126, []byte{0, 0x80, 0x3e, 0xd5, 0xde, 0xb1, 0x9d, 1})),
		),
		extensions: der(0xa0, seq(seq(oid(1, 3, 6, 1, 4, 1, 311, 10, 3, 52), octets([]byte("log keys"))))),
	}.bytes()
}
