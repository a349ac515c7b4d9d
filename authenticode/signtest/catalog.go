package signtest

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Catalog describes a security catalog (rules 58 to 90).
type Catalog struct {
	Version int // 1, or 2 (also when 0)
	// ListIdentifier: 16 octets derived from the members when nil.
	ListIdentifier []byte
	ThisUpdate     time.Time // zero: SigningTime()
	Attributes     []NameValue
	Members        []Member
	// OSAttr is written as an attribute of the catalog, as MakeCat does; an
	// OSAttr of a member is written there, as Hardware Dev Center does (rule 84).
	OSAttr string

	Usage            string // in place of 1.3.6.1.4.1.311.12.1.1
	SubjectAlgorithm string // in place of what Version says
	KeepOrder        bool   // members in the order given, not of their tags
	Disorder         Disorder
	// List edits the finished list.
	List func(*TrustList)
	// Message edits the SignedData around it.
	Message func(*SignedData)
}

// NameValue is a CatNameValue (rules 64 and 65).
type NameValue struct {
	Name, Value string
	Flags       uint32 // 0: 0x10010001, authenticated plain text
}

// MemberKind is what a member is hashed as.
type MemberKind int

// The kinds of rule 71. The zero value is decided by content, as rule 78 says.
const (
	KindOfContent MemberKind = iota
	KindPE
	KindCAB
	KindFlat
)

// Member describes one file of a catalog. In a version 2 catalog it becomes
// two entries, SHA-1 and SHA-256 (rule 69).
type Member struct {
	Data       []byte // the file
	Kind       MemberKind
	File       string // value of the File attribute, lower-cased; empty: none
	OSAttr     string
	Attributes []NameValue

	// Digests are the entries to write: nil is SHA-1 in version 1, both
	// SHA-1 and SHA-256 in version 2.
	Digests []crypto.Hash
	// Tag replaces the tag of every entry; TextTag does so with text in
	// UTF-16, a reference tag (rule 67).
	Tag     []byte
	TextTag string
	// Digest changes the digest in SpcIndirectData, not the tag.
	Digest func([]byte) []byte
	// NoIndirect leaves SpcIndirectData out, AlwaysIndirect writes it even
	// for the SHA-1 entries of version 2.
	NoIndirect, AlwaysIndirect bool
	PageHashes                 bool // of a PE
	Unpadded                   bool // hash a PE as it is, not padded to 8 (rule 99)
	Extra                      []Attribute
}

// Content is the DER of the CertificateTrustList.
func (c Catalog) Content() []byte {
	list := c.list()
	if c.List != nil {
		c.List(&list)
	}
	return list.Encode()
}

// Sign makes the catalog, signed.
func (c Catalog) Sign(signers ...Signer) []byte {
	message := SignedData{
		ContentType: OIDCTL,
		Content:     c.Content(),
		Signers:     signers,
		Disorder:    c.Disorder,
	}
	if c.Message != nil {
		c.Message(&message)
	}
	return message.Encode()
}

// Unsigned makes the catalog as MakeCat leaves it: without any signer (rule
// 59).
func (c Catalog) Unsigned() []byte { return c.Sign() }

func (c Catalog) version() int {
	if c.Version == 0 {
		return 2
	}
	return c.Version
}

func (c Catalog) list() TrustList {
	list := TrustList{
		Usage:              []string{OIDCatalogList},
		ListIdentifier:     c.ListIdentifier,
		ThisUpdate:         c.ThisUpdate,
		SubjectAlgorithm:   map[int]string{1: OIDCatalogListMember, 2: OIDCatalogListMember2}[c.version()],
		Subjects:           c.subjects(),
		DisorderAttributes: c.Disorder&DisorderMemberAttributes != 0,
	}
	if c.Usage != "" {
		list.Usage = []string{c.Usage}
	}
	if c.SubjectAlgorithm != "" {
		list.SubjectAlgorithm = c.SubjectAlgorithm
	}
	if list.SubjectAlgorithm == "" {
		panic("signtest: a catalog has version 1 or 2")
	}
	if list.ThisUpdate.IsZero() {
		list.ThisUpdate = SigningTime()
	}
	if list.ListIdentifier == nil {
		var tags [][]byte
		for _, s := range list.Subjects {
			tags = append(tags, s.Identifier)
		}
		list.ListIdentifier = sum(crypto.SHA256, tags...)[:16]
	}
	for _, a := range withOSAttr(c.Attributes, c.OSAttr) {
		list.Extensions = append(list.Extensions, Extension{OID: OIDCatNameValue, Value: a.der()})
	}
	return list
}

func withOSAttr(attributes []NameValue, osAttr string) []NameValue {
	if osAttr == "" {
		return attributes
	}
	return append(slices.Clone(attributes), NameValue{Name: "OSAttr", Value: osAttr})
}

func (c Catalog) subjects() []TrustedSubject {
	var out []TrustedSubject
	for _, m := range c.Members {
		digests := m.Digests
		if digests == nil {
			digests = map[int][]crypto.Hash{1: {crypto.SHA1}, 2: {crypto.SHA1, crypto.SHA256}}[c.version()]
		}
		for _, h := range digests {
			out = append(out, m.subject(c.version(), h))
		}
	}
	if !c.KeepOrder {
		slices.SortStableFunc(out, func(a, b TrustedSubject) int { return bytes.Compare(a.Identifier, b.Identifier) })
	}
	return out
}

func (v NameValue) der() []byte {
	flags := v.Flags
	if flags == 0 {
		flags = 0x10010001
	}
	return Sequence(BMPString(v.Name), Integer(int64(flags)), OctetString(UTF16(v.Value)))
}

// subject is the entry of a member for one digest.
func (m Member) subject(version int, h crypto.Hash) TrustedSubject {
	kind := m.kind()
	digest := m.digestOf(kind, h)
	s := TrustedSubject{Identifier: m.tag(version, digest)}
	add := func(oid string, value []byte) {
		s.Attributes = append(s.Attributes, Attribute{oid, [][]byte{value}})
	}
	if version == 1 {
		add(OIDCatMemberInfo, Sequence(BMPString(kind.subjectGUID()), Integer(0x200)))
	} else {
		add(OIDCatMemberInfo2, Implicit(int(kind-KindPE), nil))
	}
	attributes := withOSAttr(m.Attributes, m.OSAttr)
	if m.File != "" {
		attributes = append(slices.Clone(attributes), NameValue{Name: "File", Value: strings.ToLower(m.File)})
	}
	for _, a := range attributes {
		add(OIDCatNameValue, a.der())
	}
	if m.indirectWanted(version, h) {
		add(OIDSpcIndirectData, m.indirect(kind, h, digest))
	}
	s.Attributes = append(s.Attributes, m.Extra...)
	return s
}

// indirectWanted follows rule 70: SHA-1 entries of version 2 have none.
func (m Member) indirectWanted(version int, h crypto.Hash) bool {
	switch {
	case m.NoIndirect:
		return false
	case m.AlwaysIndirect || version == 1:
		return true
	}
	return h != crypto.SHA1
}

func (m Member) kind() MemberKind {
	switch {
	case m.Kind != KindOfContent:
		return m.Kind
	case IsPE(m.Data):
		return KindPE
	case bytes.HasPrefix(m.Data, []byte("MSCF")):
		return KindCAB
	}
	return KindFlat
}

func (m Member) digestOf(kind MemberKind, h crypto.Hash) []byte {
	switch {
	case kind == KindPE && m.Unpadded:
		return ImageHash(m.Data, h)
	case kind == KindPE:
		return PaddedImageHash(m.Data, h)
	}
	return sum(h, m.Data)
}

// tag follows rules 66, 67 and 69.
func (m Member) tag(version int, digest []byte) []byte {
	switch {
	case m.Tag != nil:
		return m.Tag
	case m.TextTag != "":
		return UTF16(m.TextTag)
	case version == 1:
		return UTF16(strings.ToUpper(hex.EncodeToString(digest)))
	}
	return digest
}

func (m Member) indirect(kind MemberKind, h crypto.Hash, digest []byte) []byte {
	if m.Digest != nil {
		digest = m.Digest(slices.Clone(digest))
	}
	if kind != KindPE {
		return IndirectFlat(h, digest)
	}
	var pages []byte
	if m.PageHashes {
		pages = PageHashes(m.Data, h)
	}
	return IndirectPE(h, digest, pages)
}

// subjectGUID names the subject interface package (rule 81).
func (k MemberKind) subjectGUID() string {
	switch k {
	case KindPE:
		return "{C689AAB8-8E78-11D0-8C47-00C04FC295EE}"
	case KindCAB:
		return "{C689AABA-8E78-11D0-8C47-00C04FC295EE}"
	}
	return "{DE351A42-8E59-11D0-8C47-00C04FC295EE}"
}
