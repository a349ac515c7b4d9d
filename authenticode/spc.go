package authenticode

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ParseIndirectData reads an SpcIndirectDataContent that fills der exactly,
// tag and length included, as a catalog member's attribute holds it.
func ParseIndirectData(der []byte) (*IndirectData, error) {
	s := cryptobyte.String(der)
	var content cryptobyte.String
	if !s.ReadASN1(&content, asn1.SEQUENCE) || !s.Empty() {
		return nil, malformed(der, s, "SpcIndirectDataContent")
	}
	return ParseIndirectContent(content)
}

// ParseIndirectContent reads the content octets of an SpcIndirectDataContent,
// as [Signature.Content] has them:
//
//	SpcIndirectDataContent ::= SEQUENCE {
//	  data           SEQUENCE { type OBJECT IDENTIFIER, value ANY OPTIONAL },
//	  messageDigest  SEQUENCE { AlgorithmIdentifier, OCTET STRING } }
//
// Source: rule 103. An unknown digest algorithm is no error: DigestAlgorithm
// is 0 and matches nothing. A digest that has not the size of its algorithm is.
func ParseIndirectContent(content []byte) (*IndirectData, error) {
	s := cryptobyte.String(content)
	var data, info, digest cryptobyte.String
	d := new(IndirectData)
	var ok bool
	if !s.ReadASN1(&data, asn1.SEQUENCE) {
		return nil, malformed(content, s, "SpcIndirectDataContent data")
	}
	if d.DataType, ok = readOID(&data); !ok {
		return nil, malformed(content, data, "SpcIndirectDataContent type")
	}
	if !data.Empty() {
		var value cryptobyte.String
		var tag asn1.Tag
		if !data.ReadAnyASN1Element(&value, &tag) || !data.Empty() {
			return nil, malformed(content, data, "SpcIndirectDataContent value")
		}
		d.Value = value
	}
	if !s.ReadASN1(&info, asn1.SEQUENCE) || !s.Empty() {
		return nil, malformed(content, s, "SpcIndirectDataContent messageDigest")
	}
	var algID cryptobyte.String
	if !info.ReadASN1Element(&algID, asn1.SEQUENCE) {
		return nil, malformed(content, info, "digest algorithm")
	}
	alg, ok := parseDigest(algID)
	if !ok || !alg.nullOrAbsent() {
		return nil, malformed(content, algID, "digest algorithm")
	}
	if !info.ReadASN1(&digest, asn1.OCTET_STRING) || !info.Empty() {
		return nil, malformed(content, info, "digest")
	}
	d.DigestAlgorithm, d.DigestOID, d.Digest = alg.hash, alg.oid, digest
	if d.DigestAlgorithm != 0 && len(d.Digest) != d.DigestAlgorithm.Size() {
		return nil, fmt.Errorf("offset %d: digest of %d octets is no %s: %w", offset(content, digest), len(digest), d.DigestAlgorithm, errMalformed)
	}
	d.PageHashes = findPageHashes(d.Value)
	return d, nil
}

// pageHashClass is the class id of the moniker that holds page hashes, as its
// octets stand in the file (rule 77).
var pageHashClass = []byte{0xa6, 0xb5, 0x86, 0xd5, 0xb4, 0xa1, 0x24, 0x66, 0xae, 0x05, 0xa2, 0x17, 0xda, 0x8e, 0x60, 0xd6}

// findPageHashes looks for the moniker of rule 77 in an SpcPeImageData or an
// SpcLink. Page hashes that are malformed are as good as absent here, where
// nothing depends on them; their digest protects them like the rest.
func findPageHashes(value cryptobyte.String) *PageHashes {
	var image, link, moniker, class, serialized cryptobyte.String
	if value.PeekASN1Tag(asn1.SEQUENCE) {
		var flags, file cryptobyte.String
		var present bool
		if !value.ReadASN1(&image, asn1.SEQUENCE) ||
			!image.ReadOptionalASN1(&flags, &present, asn1.BIT_STRING) ||
			!image.ReadOptionalASN1(&file, &present, explicit0) || !present {
			return nil
		}
		link = file
	} else {
		link = value
	}
	if !link.ReadASN1(&moniker, explicit1) ||
		!moniker.ReadASN1(&class, asn1.OCTET_STRING) || !bytes.Equal(class, pageHashClass) ||
		!moniker.ReadASN1(&serialized, asn1.OCTET_STRING) {
		return nil
	}
	return readPageHashes(serialized)
}

// readPageHashes reads SET { SEQUENCE { OID, SET { OCTET STRING } } }.
func readPageHashes(s cryptobyte.String) *PageHashes {
	var set, entry, values, octets cryptobyte.String
	if !s.ReadASN1(&set, asn1.SET) || !set.ReadASN1(&entry, asn1.SEQUENCE) {
		return nil
	}
	oid, ok := readOID(&entry)
	if !ok || !entry.ReadASN1(&values, asn1.SET) || !values.ReadASN1(&octets, asn1.OCTET_STRING) {
		return nil
	}
	p := &PageHashes{OID: oid, Octets: octets}
	switch oid {
	case OIDPageHashes1:
		p.Algorithm = crypto.SHA1
	case OIDPageHashes2:
		p.Algorithm = crypto.SHA256
	}
	return p
}

// PageHash is one entry of [PageHashes].
type PageHash struct {
	Offset uint32 // where in the file the page starts
	Digest []byte
}

// Entries splits the octets into pairs. It returns nil when the algorithm is
// unknown or the octets are not a whole number of pairs.
func (p *PageHashes) Entries() []PageHash {
	if p.Algorithm == 0 {
		return nil
	}
	size := 4 + p.Algorithm.Size()
	if len(p.Octets) == 0 || len(p.Octets)%size != 0 {
		return nil
	}
	list := make([]PageHash, 0, len(p.Octets)/size)
	for o := p.Octets; len(o) > 0; o = o[size:] {
		list = append(list, PageHash{Offset: binary.LittleEndian.Uint32(o), Digest: o[4:size:size]})
	}
	return list
}

// opusInfo returns program name and more-info of SpcSpOpusInfo (rule 105):
//
//	SpcSpOpusInfo ::= SEQUENCE {
//	  programName  [0] EXPLICIT SpcString OPTIONAL,
//	  moreInfo     [1] EXPLICIT SpcLink OPTIONAL }
//
// Both are words of the signer for people. What cannot be read is empty.
func opusInfo(attrs []attribute) (program, more string) {
	v, ok := single(attrs, OIDOpusInfo)
	if !ok {
		return "", ""
	}
	var info, field cryptobyte.String
	var present bool
	if !v.ReadASN1(&info, asn1.SEQUENCE) {
		return "", ""
	}
	if info.ReadOptionalASN1(&field, &present, explicit0) && present {
		program = spcString(field)
	}
	if info.ReadOptionalASN1(&field, &present, explicit1) && present {
		more = spcLink(field)
	}
	return program, more
}

// spcLink reads SpcLink: [0] IMPLICIT URL, [1] moniker, [2] EXPLICIT SpcString.
// Some tools wrap the URL explicitly; both are read.
func spcLink(s cryptobyte.String) string {
	var v cryptobyte.String
	switch {
	case s.PeekASN1Tag(asn1.Tag(0).ContextSpecific()) && s.ReadASN1(&v, asn1.Tag(0).ContextSpecific()):
		return printable(string(v))
	case s.PeekASN1Tag(explicit0) && s.ReadASN1(&v, explicit0):
		var url cryptobyte.String
		if v.ReadASN1(&url, asn1.IA5String) {
			return printable(string(url))
		}
	case s.PeekASN1Tag(explicit2) && s.ReadASN1(&v, explicit2):
		return spcString(v)
	}
	return ""
}

// spcString reads SpcString: [0] IMPLICIT BMPString or [1] IMPLICIT IA5String.
func spcString(s cryptobyte.String) string {
	var v cryptobyte.String
	switch {
	case s.PeekASN1Tag(asn1.Tag(0).ContextSpecific()) && s.ReadASN1(&v, asn1.Tag(0).ContextSpecific()):
		units := make([]uint16, len(v)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(v[2*i:])
		}
		return printable(string(utf16.Decode(units)))
	case s.PeekASN1Tag(asn1.Tag(1).ContextSpecific()) && s.ReadASN1(&v, asn1.Tag(1).ContextSpecific()):
		return printable(string(v))
	}
	return ""
}

// printable drops a terminating NUL and turns what is not text into U+FFFD, so
// that a hostile name cannot steer a terminal.
func printable(s string) string {
	s = strings.TrimRight(strings.ToValidUTF8(s, "\uFFFD"), "\x00")
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || isFormat(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// isFormat reports the characters that reorder or hide text.
func isFormat(r rune) bool {
	return r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff
}
