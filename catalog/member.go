package catalog

import (
	"crypto"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode"
	"prestage/authenticode/ctl"
	"prestage/authenticode/winerror"
)

// Kind is the kind of file that a member is for, which decides how its digest
// is taken.
type Kind uint8

const (
	KindUnknown Kind = iota // the member does not say, or names a format of its own
	KindPE                  // Authenticode digest of a PE image
	KindCAB                 // Authenticode digest of a cabinet
	KindFlat                // digest of all bytes
)

// String returns the word that reports use: "unknown", "pe", "cab" or "flat".
func (k Kind) String() string {
	switch k {
	case KindPE:
		return "pe"
	case KindCAB:
		return "cab"
	case KindFlat:
		return "flat"
	}
	return "unknown"
}

// A Member is one member of a catalog.
type Member struct {
	// Tag is the tag as it stands in the catalog; see TagText.
	Tag []byte

	// Kind is what CatMemberInfo or CatMemberInfo2 says.
	Kind Kind

	// TagAlgorithm and TagDigest are the digest that the tag is, or 0 and nil
	// where it is no digest but a text of somebody's choice (rule 67).
	TagAlgorithm crypto.Hash
	TagDigest    []byte

	// DigestAlgorithm and Digest are those of the indirect data, or 0 and nil
	// where there is none.
	DigestAlgorithm crypto.Hash
	Digest          []byte

	// DataType is the type of the indirect data, dotted, or "" where there is
	// none (rules 75 and 76).
	DataType string

	// PageHashes are those of the indirect data, or nil (rule 77). Enhanced
	// cabinet hashes count as page hashes.
	PageHashes *authenticode.PageHashes

	// Problem is nil for a member that can be used, and otherwise says why it
	// never matches: an attribute is malformed, or two parts of the member
	// contradict each other.
	Problem *authenticode.Problem

	attributes []byte // contents of the SET OF, as in ctl.Entry
	hasKind    bool   // Kind was set, if only to KindUnknown
}

// The contents of the object identifiers of a member's attributes.
const (
	octetsIndirectData = "\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x04" // 1.3.6.1.4.1.311.2.1.4
	octetsNameValue    = "\x2b\x06\x01\x04\x01\x82\x37\x0c\x02\x01" // OIDNameValue
	octetsMemberInfo   = "\x2b\x06\x01\x04\x01\x82\x37\x0c\x02\x02" // OIDMemberInfo
	octetsMemberInfo2  = "\x2b\x06\x01\x04\x01\x82\x37\x0c\x02\x03" // OIDMemberInfo2
)

// read fills m from a list entry. Attributes of other types are ignored, as
// Windows adds new ones with each release.
func (m *Member) read(entry ctl.Entry, version int) {
	m.Tag, m.attributes = entry.Tag, entry.RawAttributes
	indirects := 0
	for oid, values := range entry.Attributes() {
		switch string(oid) {
		case octetsNameValue:
			m.checkNameValues(values)
		case octetsIndirectData:
			indirects++
			m.readIndirectData(values)
		case octetsMemberInfo:
			m.readMemberInfo(values)
		case octetsMemberInfo2:
			m.readMemberInfo2(values)
		}
	}
	if indirects > 1 {
		m.fail(winerror.ASN1BadTag, "member has more than one SpcIndirectData")
	}
	m.readTag(version)
	m.checkTag()
}

// fail notes a Problem; the first one stays.
func (m *Member) fail(code winerror.Code, format string, args ...any) {
	if m.Problem == nil {
		m.Problem = &authenticode.Problem{Code: code, Detail: fmt.Sprintf(format, args...)}
	}
}

// setKind notes what one attribute says about the kind of file. Nothing is
// known of Windows reading two, so they have to agree.
func (m *Member) setKind(k Kind) {
	if m.hasKind && m.Kind != k {
		m.fail(winerror.ASN1BadTag, "member says of its file that it is of two kinds, %v and %v", m.Kind, k)
	}
	m.Kind, m.hasKind = k, true
}

// checkTag compares the two places where a member has a digest. With the
// algorithms differing, one digest of a file could agree with one of them
// and nobody would have looked at the other.
func (m *Member) checkTag() {
	switch {
	case m.TagAlgorithm == 0 || m.DigestAlgorithm == 0:
	case m.TagAlgorithm != m.DigestAlgorithm:
		m.fail(winerror.TrustBadDigest, "tag is a %v digest, SpcIndirectData holds a %v one", m.TagAlgorithm, m.DigestAlgorithm)
	case string(m.TagDigest) != string(m.Digest):
		m.fail(winerror.TrustBadDigest, "tag contradicts the digest in SpcIndirectData")
	}
}

func (m *Member) checkNameValues(values cryptobyte.String) {
	for !values.Empty() {
		var element cryptobyte.String
		var tag asn1.Tag
		if !values.ReadAnyASN1Element(&element, &tag) {
			m.fail(winerror.ASN1BadTag, "name/value is malformed")
			return
		}
		if _, ok := readNameValue(element); !ok {
			m.fail(winerror.ASN1BadTag, "name/value is malformed")
			return
		}
	}
}

// Attributes decodes the name/values of the member, in file order. Of a
// member with a Problem it returns those that can be read.
func (m *Member) Attributes() []Attribute {
	var attributes []Attribute
	for v := range m.nameValues {
		attributes = append(attributes, v.decode())
	}
	return attributes
}

func (m *Member) nameValues(yield func(nameValue) bool) {
	for oid, values := range (ctl.Entry{RawAttributes: m.attributes}).Attributes() {
		if string(oid) != octetsNameValue {
			continue
		}
		for !values.Empty() {
			var element cryptobyte.String
			var tag asn1.Tag
			if !values.ReadAnyASN1Element(&element, &tag) {
				break
			}
			if v, ok := readNameValue(element); ok && !yield(v) {
				return
			}
		}
	}
}

// Attribute returns the value of the first name/value of that name, and
// whether there is one. Case counts.
func (m *Member) Attribute(name string) (string, bool) {
	for v := range m.nameValues {
		if v.named(name) {
			return v.decode().Value, true
		}
	}
	return "", false
}

// File returns the value of the attribute File, or "". It is what the file
// was called where the catalog was made: a hint for messages, by which
// nothing must be matched (rule 90, L8).
func (m *Member) File() string {
	name, _ := m.Attribute("File")
	return name
}

// OSAttr returns the text of the member's own OSAttr attributes, joined by
// commas, or "". [Catalog.OSAttr] reads it, with the catalog's in its absence.
func (m *Member) OSAttr() string { return m.osAttr().text }

func (m *Member) osAttr() osAttr {
	var o osAttr
	for v := range m.nameValues {
		o.add(v)
	}
	return o
}

// Sum returns the digest of that algorithm by which the member lists its
// file, from the indirect data or the tag, or nil. Of a member with a Problem
// it may be one that matches nothing.
func (m *Member) Sum(algorithm crypto.Hash) []byte {
	switch {
	case algorithm == 0:
		return nil
	case m.DigestAlgorithm == algorithm:
		return m.Digest
	case m.TagAlgorithm == algorithm:
		return m.TagDigest
	}
	return nil
}

// TagText returns the tag for people: its text where it is UTF-16 or ASCII
// text, as in version 1, and otherwise upper-case hexadecimal digits.
func (m *Member) TagText() string {
	if hashOfSize(len(m.Tag)) != 0 && m.TagAlgorithm != 0 {
		return strings.ToUpper(hex.EncodeToString(m.Tag))
	}
	if len(m.Tag)%2 == 0 {
		if text := utf16LE(m.Tag); text != "" && printable(text) {
			return text
		}
	}
	if text := strings.TrimRight(string(m.Tag), "\x00"); text != "" && printable(text) {
		return text
	}
	return strings.ToUpper(hex.EncodeToString(m.Tag))
}
