package signtest

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"math/bits"
	"slices"
	"time"
)

// Template describes a certificate. Every field has an ordinary meaning when
// it is zero, except Subject and Key, which must be given.
type Template struct {
	Version int      // 0: 3. In version 1 nothing below Extensions is written
	Serial  *big.Int // nil: derived from the names and the key; may be negative
	Subject Name
	Issuer  Name // nil: the subject of the issuing certificate

	// NotBefore and NotAfter: 2024-01-01 and 2034-01-01 where zero.
	NotBefore, NotAfter time.Time

	Key  *Key
	SPKI []byte // nil: the key's

	Algorithm Algorithm
	// OuterAlgorithm is written after the TBS part instead of Algorithm.
	OuterAlgorithm *Algorithm
	// Signature changes the signature value after it was made.
	Signature func([]byte) []byte

	BasicConstraints *BasicConstraints // nil: no such extension
	KeyUsage         x509.KeyUsage     // 0: no such extension; critical
	EKUs             []string          // nil: no such extension
	EKUCritical      bool
	SubjectKeyID     []byte // nil: from the key; empty, not nil: no such extension
	AuthorityKeyID   []byte // nil: the issuer's; empty, not nil: no such extension
	Extensions       []Extension
}

// BasicConstraints is the extension of that name, written as critical.
type BasicConstraints struct {
	CA         bool
	MaxPathLen *int // nil: no limit
}

// Extension is any other extension.
type Extension struct {
	OID      string
	Critical bool
	Value    []byte // DER, without the OCTET STRING around it
}

// Certificate is a finished certificate with its key.
type Certificate struct {
	Template Template // as it was made, defaults filled in
	Raw      []byte   // DER
	RawTBS   []byte
	Subject  []byte // DER Name
	Issuer   []byte // DER Name
	Serial   *big.Int
	Key      *Key
}

// NewRoot makes a self-signed certificate.
func NewRoot(t Template) *Certificate { return issue(t, nil) }

// Issue makes a certificate signed by c. Nothing is checked: a leaf can
// issue, and that is the point.
func (c *Certificate) Issue(t Template) *Certificate { return issue(t, c) }

func issue(t Template, issuer *Certificate) *Certificate {
	if t.Subject == nil || t.Key == nil {
		panic("signtest: a certificate needs a Subject and a Key")
	}
	t = t.withDefaults()
	c := &Certificate{Template: t, Subject: t.Subject.DER(), Key: t.Key}
	signer := t.Key
	c.Issuer = c.Subject
	authority := c.subjectKeyID()
	if issuer != nil {
		signer, c.Issuer, authority = issuer.Key, issuer.Subject, issuer.subjectKeyID()
	}
	if t.Issuer != nil {
		c.Issuer = t.Issuer.DER()
	}
	if t.AuthorityKeyID != nil {
		authority = t.AuthorityKeyID
	}
	c.Serial = t.Serial
	if c.Serial == nil {
		c.Serial = derivedSerial(c.Issuer, c.Subject, t.SPKI, Time(t.NotBefore))
	}

	c.RawTBS = c.tbs(signer, authority)
	outer := t.Algorithm
	if t.OuterAlgorithm != nil {
		outer = *t.OuterAlgorithm
	}
	value := signer.Sign(t.Algorithm, sum(t.Algorithm.hash(), c.RawTBS))
	if t.Signature != nil {
		value = t.Signature(slices.Clone(value))
	}
	c.Raw = Sequence(c.RawTBS, outer.identifier(signer), BitString(value))
	return c
}

func (t Template) withDefaults() Template {
	if t.Version == 0 {
		t.Version = 3
	}
	if t.NotBefore.IsZero() {
		t.NotBefore = Date(2024, 1, 1)
	}
	if t.NotAfter.IsZero() {
		t.NotAfter = Date(2034, 1, 1)
	}
	if t.SPKI == nil {
		t.SPKI = t.Key.SPKI()
	}
	return t
}

// derivedSerial is a positive number of 16 octets that belongs to what the
// certificate certifies.
func derivedSerial(parts ...[]byte) *big.Int {
	b := sum(crypto.SHA256, parts...)[:16]
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b)
}

// tbs encodes TBSCertificate (RFC 5280, section 4.1).
func (c *Certificate) tbs(signer *Key, authority []byte) []byte {
	t := c.Template
	var version, extensions []byte
	if t.Version != 1 {
		version = Explicit(0, Integer(int64(t.Version-1)))
	}
	if list := c.extensions(authority); t.Version == 3 && len(list) > 0 {
		extensions = Explicit(3, Sequence(list...))
	}
	return Sequence(
		version,
		BigInteger(c.Serial),
		t.Algorithm.identifier(signer),
		c.Issuer,
		Sequence(Time(t.NotBefore), Time(t.NotAfter)),
		c.Subject,
		t.SPKI,
		extensions,
	)
}

func (c *Certificate) extensions(authority []byte) [][]byte {
	t := c.Template
	var list [][]byte
	add := func(oid string, critical bool, value []byte) {
		list = append(list, Extension{oid, critical, value}.der())
	}
	if bc := t.BasicConstraints; bc != nil {
		add(OIDBasicConstraints, true, bc.der())
	}
	if t.KeyUsage != 0 {
		add(OIDKeyUsage, true, keyUsageBits(t.KeyUsage))
	}
	if t.EKUs != nil {
		add(OIDExtKeyUsage, t.EKUCritical, ekuList(t.EKUs))
	}
	if id := c.subjectKeyID(); len(id) > 0 {
		add(OIDSubjectKeyID, false, OctetString(id))
	}
	if len(authority) > 0 {
		add(OIDAuthorityKeyID, false, Sequence(Implicit(0, authority)))
	}
	for _, e := range t.Extensions {
		list = append(list, e.der())
	}
	return list
}

func (c *Certificate) subjectKeyID() []byte {
	switch {
	case c.Template.Version != 3:
		return nil
	case c.Template.SubjectKeyID != nil:
		return c.Template.SubjectKeyID
	}
	return c.Key.Identifier()
}

func (e Extension) der() []byte {
	var critical []byte
	if e.Critical {
		critical = True()
	}
	return Sequence(OID(e.OID), critical, OctetString(e.Value))
}

func (bc BasicConstraints) der() []byte {
	var parts [][]byte
	if bc.CA {
		parts = append(parts, True())
	}
	if bc.MaxPathLen != nil {
		parts = append(parts, Integer(int64(*bc.MaxPathLen)))
	}
	return Sequence(parts...)
}

func ekuList(oids []string) []byte {
	var list [][]byte
	for _, o := range oids {
		list = append(list, OID(o))
	}
	return Sequence(list...)
}

// keyUsageBits encodes KeyUsage, whose bit 0 is the first of the string and
// whose trailing zero bits are left out (X.690, section 11.2.2).
func keyUsageBits(u x509.KeyUsage) []byte {
	first, second := bits.Reverse8(byte(u)), bits.Reverse8(byte(u>>8))
	octets := []byte{first}
	if second != 0 {
		octets = []byte{first, second}
	}
	unused := bits.TrailingZeros8(octets[len(octets)-1])
	return TLV(TagBitString, []byte{byte(unused)}, octets)
}

// PEM is the certificate as a PEM block.
func (c *Certificate) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// SHA1 is the SHA-1 thumbprint of the certificate.
func (c *Certificate) SHA1() [20]byte { return [20]byte(sum(crypto.SHA1, c.Raw)) }

// SHA256 is the SHA-256 thumbprint of the certificate.
func (c *Certificate) SHA256() [32]byte { return [32]byte(sum(crypto.SHA256, c.Raw)) }

// issuerAndSerial encodes IssuerAndSerialNumber (RFC 2315, section 6.7).
func (c *Certificate) issuerAndSerial() []byte {
	return Sequence(c.Issuer, BigInteger(c.Serial))
}

// Equal reports whether two certificates have the same bytes.
func (c *Certificate) Equal(d *Certificate) bool { return bytes.Equal(c.Raw, d.Raw) }

// PEMBundle concatenates certificates in PEM.
func PEMBundle(certs ...*Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, c.PEM()...)
	}
	return out
}
