package signtest

import (
	"crypto"
	"slices"
	"time"
)

// SignedData describes a PKCS #7 SignedData in its ContentInfo (RFC 2315,
// section 9; rule 58).
type SignedData struct {
	ContentType string // dotted; must be given
	// Content is the DER of the content, one element. Message digests cover
	// its octets without tag and length (rule 60).
	Content []byte
	Signers []Signer // none: the message looks signed and is not (L12)

	// Certificates are carried besides those that the signers bring.
	Certificates []*Certificate
	// RawCertificates are carried too, and need not be certificates.
	RawCertificates [][]byte
	// RevocationInfo is carried as well: CRLs, and what [RevocationOCSP] makes.
	RevocationInfo [][]byte

	Version          int           // 0: 1, or 3 when the content is an OCTET STRING
	DigestAlgorithms []crypto.Hash // nil: those of the signers
	Disorder         Disorder
	BER              bool   // indefinite lengths for the outer elements
	Trailing         []byte // inside the ContentInfo, after the SignedData
	// Edit changes the finished DER.
	Edit func([]byte) []byte
}

// Disorder says which SET OF are written against DER order (rule 63). A set
// with fewer than two different elements cannot be disordered: that panics.
type Disorder uint

// The sets that can be out of order.
const (
	DisorderDigestAlgorithms Disorder = 1 << iota
	DisorderCertificates
	DisorderSignerInfos
	DisorderSignedAttributes
	DisorderUnsignedAttributes
	DisorderMemberAttributes // of a catalog
)

// Signer describes one SignerInfo.
type Signer struct {
	Certificate *Certificate
	// Chain is carried in the message besides Certificate.
	Chain []*Certificate
	// OmitCertificate leaves Certificate out of the message.
	OmitCertificate bool
	// Key signs in place of the certificate's own.
	Key *Key
	// IssuerAndSerial replaces what points at the certificate.
	IssuerAndSerial []byte

	Digest    crypto.Hash // 0: SHA-256
	Algorithm Algorithm   // its Hash follows Digest unless given

	ProgramName, MoreInfo string    // of SpcSpOpusInfo; both empty: no such attribute
	Opus                  bool      // an SpcSpOpusInfo even when it is empty (rule 105)
	Statement             bool      // an SpcStatementType, individual
	SigningTime           time.Time // zero: no such attribute

	// Attributes edits the signed attributes before they are signed.
	Attributes func([]Attribute) []Attribute
	// NoAttributes signs the content digest directly.
	NoAttributes bool
	// Signature changes the signature value after it was made.
	Signature func([]byte) []byte

	TimeStamps []TimeStamp
	Nested     [][]byte // ContentInfos, each a value of the nested-signature attribute
	Unsigned   []Attribute
}

// Attribute is one attribute of a SignerInfo, a time-stamp or a list member.
type Attribute struct {
	OID    string
	Values [][]byte // each DER
}

func (a Attribute) der() []byte { return Sequence(OID(a.OID), SetOf(a.Values...)) }

// DropAttribute is an edit for [Signer.Attributes]: the attribute is left out.
func DropAttribute(oid string) func([]Attribute) []Attribute {
	return func(list []Attribute) []Attribute {
		i := attributeIndex(list, oid)
		return slices.Delete(slices.Clone(list), i, i+1)
	}
}

// DuplicateAttribute is an edit: the attribute occurs twice.
func DuplicateAttribute(oid string) func([]Attribute) []Attribute {
	return func(list []Attribute) []Attribute {
		return append(slices.Clone(list), list[attributeIndex(list, oid)])
	}
}

// ReplaceAttribute is an edit: the attribute has other values.
func ReplaceAttribute(oid string, values ...[]byte) func([]Attribute) []Attribute {
	return func(list []Attribute) []Attribute {
		list = slices.Clone(list)
		list[attributeIndex(list, oid)].Values = values
		return list
	}
}

// AddAttribute is an edit: one attribute more.
func AddAttribute(oid string, values ...[]byte) func([]Attribute) []Attribute {
	return func(list []Attribute) []Attribute {
		return append(slices.Clone(list), Attribute{oid, values})
	}
}

func attributeIndex(list []Attribute, oid string) int {
	i := slices.IndexFunc(list, func(a Attribute) bool { return a.OID == oid })
	if i < 0 {
		panic("signtest: there is no attribute " + oid + " to change")
	}
	return i
}

// FlipLastBit is an edit for signature values and digests: one bit differs.
func FlipLastBit(b []byte) []byte {
	b = slices.Clone(b)
	b[len(b)-1] ^= 1
	return b
}

// Encode makes the message.
func (s SignedData) Encode() []byte {
	if s.ContentType == "" || s.Content == nil {
		panic("signtest: SignedData needs ContentType and Content")
	}
	var infos, digests [][]byte
	certs := slices.Clone(s.RawCertificates)
	for _, signer := range s.Signers {
		info := signer.info(s.ContentType, s.Content, s.Disorder)
		infos = append(infos, info.der)
		digests = appendNew(digests, digestAlgorithmID(signer.digest()))
		certs = appendNew(certs, info.certificates...)
	}
	for _, c := range s.Certificates {
		certs = appendNew(certs, c.Raw)
	}
	if s.DigestAlgorithms != nil {
		digests = nil
		for _, h := range s.DigestAlgorithms {
			digests = append(digests, digestAlgorithmID(h))
		}
	}
	out := s.assemble(digests, certs, infos)
	if s.Edit != nil {
		out = s.Edit(out)
	}
	return out
}

func (s SignedData) assemble(digests, certs, infos [][]byte) []byte {
	tlv := TLV
	if s.BER {
		tlv = indefinite
	}
	version := s.Version
	if version == 0 {
		version = 1
		if s.Content[0] == TagOctetString {
			version = 3 // RFC 5652, section 5.1
		}
	}
	var certificates []byte
	if len(certs) > 0 {
		certificates = setOf(0xa0, "certificates", s.Disorder&DisorderCertificates != 0, certs)
	}
	var revocations []byte
	if len(s.RevocationInfo) > 0 {
		revocations = setOf(0xa1, "revocation lists", false, s.RevocationInfo)
	}
	signedData := tlv(TagSequence,
		Integer(int64(version)),
		setOf(TagSet, "digestAlgorithms", s.Disorder&DisorderDigestAlgorithms != 0, digests),
		tlv(TagSequence, OID(s.ContentType), tlv(0xa0, s.Content)),
		certificates,
		revocations,
		setOf(TagSet, "signerInfos", s.Disorder&DisorderSignerInfos != 0, infos),
	)
	return tlv(TagSequence, OID(OIDSignedData), tlv(0xa0, signedData, s.Trailing))
}

// appendNew appends the elements that list does not hold yet.
func appendNew(list [][]byte, elements ...[]byte) [][]byte {
	for _, e := range elements {
		if !slices.ContainsFunc(list, func(have []byte) bool { return slices.Equal(have, e) }) {
			list = append(list, e)
		}
	}
	return list
}

func (s Signer) digest() crypto.Hash {
	if s.Digest == 0 {
		return crypto.SHA256
	}
	return s.Digest
}

func (s Signer) key() *Key {
	if s.Key != nil {
		return s.Key
	}
	return s.Certificate.Key
}

func (s Signer) algorithm() Algorithm {
	a := s.Algorithm
	if a.Hash == 0 {
		a.Hash = s.digest()
	}
	return a
}

// signerInfo is a finished SignerInfo and what must be carried with it.
type signerInfo struct {
	der          []byte
	certificates [][]byte
}

func (s Signer) info(contentType string, content []byte, disorder Disorder) signerInfo {
	if s.Certificate == nil {
		panic("signtest: a Signer needs a Certificate")
	}
	var out signerInfo
	if !s.OmitCertificate {
		out.certificates = append(out.certificates, s.Certificate.Raw)
	}
	for _, c := range s.Chain {
		out.certificates = append(out.certificates, c.Raw)
	}

	octets := contentOctets(content)
	signed, attributes := octets, []byte(nil)
	if !s.NoAttributes {
		list := s.signedAttributes(contentType, octets)
		// The signature covers the attributes as a SET, the message carries
		// them under [0] (rule 62).
		attributes = setOf(0xa0, "signed attributes", disorder&DisorderSignedAttributes != 0, list)
		signed = slices.Clone(attributes)
		signed[0] = TagSet
	}
	algorithm := s.algorithm()
	value := s.key().Sign(algorithm, sum(algorithm.hash(), signed))
	if s.Signature != nil {
		value = s.Signature(slices.Clone(value))
	}
	unsigned, carried := s.unsignedAttributes(value, disorder)
	out.certificates = append(out.certificates, carried...)
	out.der = s.assemble(attributes, value, unsigned)
	return out
}

// assemble encodes SignerInfo (RFC 2315, section 9.2).
func (s Signer) assemble(attributes, value, unsigned []byte) []byte {
	id := s.IssuerAndSerial
	if id == nil {
		id = s.Certificate.issuerAndSerial()
	}
	return Sequence(
		Integer(1),
		id,
		digestAlgorithmID(s.digest()),
		attributes,
		s.algorithm().signerIdentifier(s.key()),
		OctetString(value),
		unsigned,
	)
}

func (s Signer) signedAttributes(contentType string, octets []byte) [][]byte {
	list := []Attribute{
		{OIDContentType, [][]byte{OID(contentType)}},
		{OIDMessageDigest, [][]byte{OctetString(sum(s.digest(), octets))}},
	}
	if s.Opus || s.ProgramName != "" || s.MoreInfo != "" {
		list = append(list, Attribute{OIDSpcSpOpusInfo, [][]byte{opusInfo(s.ProgramName, s.MoreInfo)}})
	}
	if s.Statement {
		list = append(list, Attribute{OIDSpcStatementType, [][]byte{Sequence(OID(OIDSpcIndividualKey))}})
	}
	if !s.SigningTime.IsZero() {
		list = append(list, Attribute{OIDSigningTime, [][]byte{Time(s.SigningTime)}})
	}
	if s.Attributes != nil {
		list = s.Attributes(list)
	}
	return attributeDER(list)
}

func attributeDER(list []Attribute) [][]byte {
	var out [][]byte
	for _, a := range list {
		out = append(out, a.der())
	}
	return out
}

// opusInfo encodes SpcSpOpusInfo (rule 105).
func opusInfo(programName, moreInfo string) []byte {
	var parts [][]byte
	if programName != "" {
		parts = append(parts, Explicit(0, Implicit(0, utf16BE(programName))))
	}
	if moreInfo != "" {
		parts = append(parts, Explicit(1, Implicit(0, []byte(moreInfo))))
	}
	return Sequence(parts...)
}

// unsignedAttributes are the time stamps over the signature value, the nested
// signatures and whatever else is asked for, and the certificates that the
// stamps want carried by the outer message.
func (s Signer) unsignedAttributes(value []byte, disorder Disorder) (der []byte, carried [][]byte) {
	list := slices.Clone(s.Unsigned)
	for _, ts := range s.TimeStamps {
		attribute, certs := ts.stamp(value)
		list = append(list, attribute)
		carried = append(carried, certs...)
	}
	if len(s.Nested) > 0 {
		list = append(list, Attribute{OIDNestedSignature, s.Nested})
	}
	if len(list) == 0 {
		return nil, carried
	}
	return setOf(0xa1, "unsigned attributes", disorder&DisorderUnsignedAttributes != 0, attributeDER(list)), carried
}
