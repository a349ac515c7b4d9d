package catalog_test

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// The tests build their catalogs with these, from the grammar, without using
// the package under test.

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

func oid(dotted string) []byte {
	var arcs []int
	for text := range strings.SplitSeq(dotted, ".") {
		n, ok := new(big.Int).SetString(text, 10)
		if !ok {
			panic("bad object identifier " + dotted)
		}
		arcs = append(arcs, int(n.Int64()))
	}
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(arcs)
	return b.BytesOrPanic()
}

func integer(n int64) []byte {
	var b cryptobyte.Builder
	b.AddASN1Int64(n)
	return b.BytesOrPanic()
}

// le returns UTF-16LE, be UTF-16BE, neither with a NUL.
func le(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

func be(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u>>8), byte(u))
	}
	return out
}

func bmp(s string) []byte { return der(asn1.Tag(30), be(s)) }

// sortedSet returns a SET OF in DER order.
func sortedSet(parts ...[]byte) []byte {
	parts = slices.Clone(parts)
	slices.SortFunc(parts, bytes.Compare)
	return set(parts...)
}

func attribute(dotted string, values ...[]byte) []byte { return seq(oid(dotted), set(values...)) }

const (
	plainFlags = 0x10010001

	guidPE   = "{C689AAB8-8E78-11D0-8C47-00C04FC295EE}"
	guidFlat = "{DE351A42-8E59-11D0-8C47-00C04FC295EE}"
)

func nameValue(name string, flags int64, value []byte) []byte {
	return seq(bmp(name), integer(flags), octets(value))
}

// text returns the attribute of a member with a name/value of text.
func text(name, value string) []byte {
	return attribute("1.3.6.1.4.1.311.12.2.1", nameValue(name, plainFlags, le(value+"\x00")))
}

func info(guid string) []byte {
	return attribute("1.3.6.1.4.1.311.12.2.2", seq(bmp(guid), integer(0x200)))
}

// info2 returns CatMemberInfo2: 0 is PE, 1 CAB, 2 flat.
func info2(kind byte) []byte { return attribute("1.3.6.1.4.1.311.12.2.3", []byte{0x80 | kind, 0}) }

var digestOIDs = map[crypto.Hash]string{
	crypto.MD5:    "1.2.840.113549.2.5",
	crypto.SHA1:   "1.3.14.3.2.26",
	crypto.SHA256: "2.16.840.1.101.3.4.2.1",
	crypto.SHA512: "2.16.840.1.101.3.4.2.3",
}

// The values that SpcIndirectData usually holds.
var (
	emptyLink = []byte{0xa2, 2, 0x80, 0}
	peImage   = seq([]byte{3, 2, 5, 0xa0}, der(0xa0, emptyLink))
)

const (
	typePE   = "1.3.6.1.4.1.311.2.1.15"
	typeFlat = "1.3.6.1.4.1.311.2.1.25"
	typeLink = "1.3.6.1.4.1.311.2.1.28"
)

func indirectValue(dataType string, value []byte, h crypto.Hash, sum []byte) []byte {
	return seq(seq(oid(dataType), value), seq(seq(oid(digestOIDs[h]), []byte{5, 0}), octets(sum)))
}

func indirect(dataType string, value []byte, h crypto.Hash, sum []byte) []byte {
	return attribute("1.3.6.1.4.1.311.2.1.4", indirectValue(dataType, value, h, sum))
}

func flat(h crypto.Hash, sum []byte) []byte { return indirect(typeFlat, emptyLink, h, sum) }

func sum1(s string) []byte   { d := sha1.Sum([]byte(s)); return d[:] }
func sum256(s string) []byte { d := sha256.Sum256([]byte(s)); return d[:] }

// hexTag returns a version 1 tag.
func hexTag(sum []byte) []byte { return le(strings.ToUpper(hex.EncodeToString(sum)) + "\x00") }

func member(tag []byte, attributes ...[]byte) []byte {
	return seq(octets(tag), sortedSet(attributes...))
}

// A list is what a catalog is made of. The zero list is an empty catalog of
// version 2.
type list struct {
	version          int    // 1, otherwise 2
	usage            string // instead of the catalogs' own
	subjectAlgorithm string // instead of that of the version
	members          [][]byte
	extensions       [][]byte
}

func extension(name, value string) []byte {
	return seq(oid("1.3.6.1.4.1.311.12.2.1"), octets(nameValue(name, plainFlags, le(value+"\x00"))))
}

func (l list) content() []byte {
	usage := "1.3.6.1.4.1.311.12.1.1"
	if l.usage != "" {
		usage = l.usage
	}
	algorithm := "1.3.6.1.4.1.311.12.1.3"
	if l.version == 1 {
		algorithm = "1.3.6.1.4.1.311.12.1.2"
	}
	if l.subjectAlgorithm != "" {
		algorithm = l.subjectAlgorithm
	}
	var made cryptobyte.Builder
	made.AddASN1UTCTime(time.Date(2023, 3, 8, 19, 59, 0, 0, time.UTC))
	parts := [][]byte{
		seq(oid(usage)),
		octets([]byte("0123456789abcdef")),
		made.BytesOrPanic(),
		seq(oid(algorithm), []byte{5, 0}),
		seq(l.members...),
	}
	if l.extensions != nil {
		parts = append(parts, der(0xa0, seq(l.extensions...)))
	}
	return seq(parts...)
}

// file wraps the list in an unsigned message.
func (l list) file() []byte { return message("1.3.6.1.4.1.311.10.1", l.content()) }

// message returns a SignedData without signers.
func message(contentType string, content []byte) []byte {
	return seq(oid("1.2.840.113549.1.7.2"), der(0xa0, seq(
		integer(1), set(), seq(oid(contentType), der(0xa0, content)), set(),
	)))
}

// driver returns the members of a file pair in a version 2 catalog.
func driver(name string, kind byte) [][]byte {
	dataType, value := typeFlat, emptyLink
	if kind == 0 {
		dataType, value = typePE, peImage
	}
	return [][]byte{
		member(sum1(name), info2(kind)),
		member(sum256(name), info2(kind), text("File", name), text("OSAttr", "2:10.0"),
			indirect(dataType, value, crypto.SHA256, sum256(name))),
	}
}

// bigList has that many members: in version 1 with file name and OSAttr as the
// Hardware Dev Center writes them, in version 2 as pairs.
func bigList(version, members int) list {
	l := list{version: version, extensions: [][]byte{extension("OS", "_v100_X64")}}
	for i := 0; len(l.members) < members; i++ {
		name := fmt.Sprintf("driver%06d.sys", i)
		if version == 2 {
			l.members = append(l.members, driver(name, 0)...)
			continue
		}
		sum := sum1(name)
		l.members = append(l.members, member(hexTag(sum), info(guidPE), text("File", name), text("OSAttr", "2:10.0"),
			indirect(typePE, peImage, crypto.SHA1, sum)))
	}
	slices.SortFunc(l.members, bytes.Compare)
	return l
}

func bigCatalog(version, members int) []byte { return bigList(version, members).file() }
