package signtest

import (
	"crypto"
	"math/big"
	"time"
)

// TimeStampKind is the form of a time stamp.
type TimeStampKind int

// The forms of rule 109. The zero value is no form: it must be chosen.
const (
	_ TimeStampKind = iota
	PKCS9
	RFC3161
)

// TimeStamp describes a time stamp over a signature value (rule 109).
type TimeStamp struct {
	Kind TimeStampKind
	TSA  *Certificate
	// Chain is carried besides TSA: in the token for RFC 3161, in the outer
	// message for PKCS #9.
	Chain []*Certificate
	// OmitCertificates carries neither.
	OmitCertificates bool

	Time   time.Time   // zero: SigningTime()
	Digest crypto.Hash // zero: SHA-256, for PKCS #9 SHA-1
	// Over is stamped in place of the signature value that carries the stamp.
	Over []byte

	// BareDigest signs without DigestInfo (L3).
	BareDigest bool
	// NoAttributes is a PKCS #9 counter-signature without attributes: it
	// proves no time.
	NoAttributes bool
	// Attributes edits the signed attributes.
	Attributes func([]Attribute) []Attribute
	// Signature changes the signature value.
	Signature func([]byte) []byte

	// The rest is for RFC 3161 only.
	ImprintDigest crypto.Hash  // zero: Digest
	ESSCertID     ESSCertID    // which signingCertificate attribute
	ESSOther      *Certificate // named by that attribute in place of TSA
	Accuracy      int          // seconds; 0: not given
	ContentType   string       // in place of TSTInfo's
	Token         func(*SignedData)
}

// ESSCertID is the form of the attribute by which a token names its signer's
// certificate.
type ESSCertID int

// The forms of RFC 5816. Zero is the ordinary one.
const (
	ESSVersion2 ESSCertID = iota // SHA-256
	ESSVersion1                  // SHA-1
	ESSNone
)

// stamp makes the unsigned attribute for a signature value, and returns the
// certificates that the outer message has to carry.
func (ts TimeStamp) stamp(value []byte) (Attribute, [][]byte) {
	if ts.TSA == nil {
		panic("signtest: a TimeStamp needs a TSA")
	}
	if ts.Over != nil {
		value = ts.Over
	}
	switch ts.Kind {
	case PKCS9:
		return ts.counterSign(value)
	case RFC3161:
		return Attribute{OIDRFC3161TimeStamp, [][]byte{ts.token(value)}}, nil
	}
	panic("signtest: a TimeStamp needs a Kind")
}

func (ts TimeStamp) time() time.Time {
	if ts.Time.IsZero() {
		return SigningTime()
	}
	return ts.Time
}

func (ts TimeStamp) digest() crypto.Hash {
	switch {
	case ts.Digest != 0:
		return ts.Digest
	case ts.Kind == PKCS9:
		return crypto.SHA1
	}
	return crypto.SHA256
}

func (ts TimeStamp) signer() Signer {
	s := Signer{
		Certificate:  ts.TSA,
		Digest:       ts.digest(),
		Algorithm:    Algorithm{BareDigest: ts.BareDigest},
		NoAttributes: ts.NoAttributes,
		SigningTime:  ts.time(),
		Attributes:   ts.Attributes,
		Signature:    ts.Signature,
		Chain:        ts.Chain,
	}
	if ts.OmitCertificates {
		s.OmitCertificate, s.Chain = true, nil
	}
	return s
}

// counterSign makes a PKCS #9 counter-signature: a SignerInfo whose content
// is the signature value, of type data.
func (ts TimeStamp) counterSign(value []byte) (Attribute, [][]byte) {
	info := ts.signer().info(OIDData, OctetString(value), 0)
	return Attribute{OIDCounterSignature, [][]byte{info.der}}, info.certificates
}

// token makes an RFC 3161 TimeStampToken.
func (ts TimeStamp) token(value []byte) []byte {
	contentType := ts.ContentType
	if contentType == "" {
		contentType = OIDTSTInfo
	}
	signer := ts.signer()
	edit := signer.Attributes
	signer.Attributes = func(list []Attribute) []Attribute {
		list = append(list, ts.signingCertificate()...)
		if edit != nil {
			list = edit(list)
		}
		return list
	}
	message := SignedData{
		ContentType: contentType,
		Content:     OctetString(ts.tstInfo(value)),
		Signers:     []Signer{signer},
	}
	if ts.Token != nil {
		ts.Token(&message)
	}
	return message.Encode()
}

// tstInfo encodes TSTInfo (RFC 3161, section 2.4.2).
func (ts TimeStamp) tstInfo(value []byte) []byte {
	imprint := ts.ImprintDigest
	if imprint == 0 {
		imprint = ts.digest()
	}
	var accuracy []byte
	if ts.Accuracy > 0 {
		accuracy = Sequence(Integer(int64(ts.Accuracy)))
	}
	return Sequence(
		Integer(1),
		OID("1.3.6.1.4.1.311.97.1"), // any policy: nothing depends on it
		Sequence(digestAlgorithmID(imprint), OctetString(sum(imprint, value))),
		BigInteger(new(big.Int).SetBytes(sum(crypto.SHA1, value)[:8])),
		GeneralizedTime(ts.time()),
		accuracy,
	)
}

// signingCertificate is the attribute of RFC 2634 section 5.4 or of RFC 5035.
func (ts TimeStamp) signingCertificate() []Attribute {
	named := ts.TSA
	if ts.ESSOther != nil {
		named = ts.ESSOther
	}
	attribute := func(oid string, h crypto.Hash) []Attribute {
		id := Sequence(OctetString(sum(h, named.Raw)))
		return []Attribute{{oid, [][]byte{Sequence(Sequence(id))}}}
	}
	switch ts.ESSCertID {
	case ESSVersion1:
		return attribute(OIDSigningCertificate, crypto.SHA1)
	case ESSNone:
		return nil
	}
	return attribute(OIDSigningCertificateV2, crypto.SHA256)
}
