// Package cert reads X.509 certificates the way Windows meets them in driver
// signatures: including those that crypto/x509 refuses, and always saying why
// it does.
//
// The package knows facts and mathematics. It has no clock, no store and no
// policy: SHA-1 and MD5 signatures verify here, expired certificates parse,
// and names are for people only. What any of it is worth is decided by package
// trust.
//
// Every certificate is read twice. The reader of this package fills the
// fields; crypto/x509 gives a second opinion. Where crypto/x509 refuses, its
// reason is kept in Lenient. Where both read the certificate and disagree on
// anything that matters to a chain, Parse fails: two readings of one
// certificate are an attack or a defect, and neither may decide.
package cert

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Errors of Parse. Every error of this package that has a cause worth telling
// apart wraps one of these or one of those in key.go and verify.go.
var (
	// ErrTooLarge: more than maxCertificate bytes.
	ErrTooLarge = errors.New("larger than any certificate")
	// ErrTooMany: more extensions, usages or name parts than the limits below.
	ErrTooMany = errors.New("too many elements")
	// ErrSyntax: not the DER of a certificate.
	ErrSyntax = errors.New("not a certificate")
	// ErrAmbiguous: this package and crypto/x509 both read the certificate and
	// do not agree on what it says.
	ErrAmbiguous = errors.New("two readers disagree on the certificate")
)

// Limits on hostile input. The largest certificate in any Microsoft list is
// below 4 KiB, the largest seen in a signature below 8 KiB.
const (
	maxCertificate = 256 << 10 // bytes
	maxExtensions  = 256
	maxUsages      = 1024 // OIDs in one extended key usage
	maxNameParts   = 256  // attributes in one name
)

// Certificate is one parsed X.509 certificate (RFC 5280, section 4.1). All
// byte fields are slices of Raw and must not be changed.
type Certificate struct {
	Raw        []byte // the whole certificate
	RawTBS     []byte // TBSCertificate with tag and length: what is signed
	RawSubject []byte // Name with tag and length: compared byte for byte to find issuers
	RawIssuer  []byte // Name with tag and length
	RawSPKI    []byte // SubjectPublicKeyInfo with tag and length

	Version int      // 1, 2 or 3
	Serial  *big.Int // may be negative: some real signers have such a serial

	// Subject and Issuer are for people. They are never compared to decide
	// trust; RawSubject and RawIssuer are.
	Subject, Issuer Name

	NotBefore, NotAfter time.Time // UTC, both inclusive

	// PublicKey is *rsa.PublicKey or *ecdsa.PublicKey, or nil when the key
	// cannot be used; KeyProblem then says why, and is nil otherwise.
	PublicKey  crypto.PublicKey
	KeyProblem error

	SignatureAlgorithm Algorithm // the outer one; CheckSignatureFrom compares it with the inner
	Signature          []byte    // value of the BIT STRING, whole octets

	SubjectKeyID   []byte // nil if absent
	AuthorityKeyID []byte // keyIdentifier of the extension; nil if absent

	// An extension that is malformed or there twice grants nothing: a
	// constraint then says "no CA", a usage list is present and empty.
	HasBasicConstraints bool
	IsCA                bool
	MaxPathLen          int // -1: no limit
	HasKeyUsage         bool
	KeyUsage            x509.KeyUsage
	HasEKU              bool
	EKUs                []string // dotted decimal, in the order of the certificate

	// ApplicationPolicies is Microsoft's own list of usages
	// (1.3.6.1.4.1.311.21.10), which certificates of Windows CAs carry beside
	// or instead of the EKU extension.
	HasApplicationPolicies bool
	ApplicationPolicies    []string

	Extensions []Extension // all of them, in order
	// UnhandledCritical lists the OIDs of the critical extensions to which
	// this package gives no meaning, in order, each once per occurrence.
	UnhandledCritical []string

	// Lenient is nil when crypto/x509 parses the certificate, and else its
	// reason for refusing. A lenient certificate is complete all the same.
	Lenient error
}

// Extension is one X.509 extension as encoded.
type Extension struct {
	OID      string // dotted decimal
	Critical bool
	Value    []byte // content of the OCTET STRING
}

// Parse reads one DER certificate that fills der exactly. It keeps der: do not
// change it afterwards.
//
// A certificate whose key, signature algorithm or extension values cannot be
// used parses all the same, with the reason in the field concerned. An error
// means that no certificate can be made out: syntax, a limit, an unreadable
// validity, or two readings (ErrAmbiguous).
func Parse(der []byte) (*Certificate, error) {
	if len(der) > maxCertificate {
		return nil, fmt.Errorf("certificate of %d bytes: %w (limit %d)", len(der), ErrTooLarge, maxCertificate)
	}
	c, err := read(der)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	std, err := x509.ParseCertificate(der)
	if err != nil {
		c.Lenient = err
		return c, nil
	}
	if field := disagreement(c, std); field != "" {
		return nil, fmt.Errorf("certificate: %s: %w", field, ErrAmbiguous)
	}
	return c, nil
}

// disagreement names the first field in which the two readings differ, or is
// empty. Keys are not compared: this package refuses some that crypto/x509
// takes, and both read the same RawSPKI.
func disagreement(c *Certificate, std *x509.Certificate) string {
	maxPathLen, isCA := -1, false
	if std.BasicConstraintsValid {
		maxPathLen, isCA = std.MaxPathLen, std.IsCA
	}
	switch {
	case !bytes.Equal(c.RawTBS, std.RawTBSCertificate):
		return "signed part"
	case !bytes.Equal(c.RawSubject, std.RawSubject):
		return "subject"
	case !bytes.Equal(c.RawIssuer, std.RawIssuer):
		return "issuer"
	case !bytes.Equal(c.RawSPKI, std.RawSubjectPublicKeyInfo):
		return "public key"
	case !bytes.Equal(c.Signature, std.Signature):
		return "signature"
	case c.Version != std.Version:
		return "version"
	case c.Serial.Cmp(std.SerialNumber) != 0:
		return "serial number"
	case !c.NotBefore.Equal(std.NotBefore) || !c.NotAfter.Equal(std.NotAfter):
		return "validity"
	case len(c.Extensions) != len(std.Extensions):
		return "extensions"
	case c.IsCA && !isCA, c.IsCA && maxPathLen >= 0 && (c.MaxPathLen < 0 || c.MaxPathLen > maxPathLen):
		return "basic constraints"
	case c.HasKeyUsage && c.KeyUsage&^std.KeyUsage != 0:
		return "key usage"
	}
	return ""
}

// SHA1 is the thumbprint by which Windows and its logs name a certificate.
func (c *Certificate) SHA1() [20]byte { return sha1.Sum(c.Raw) }

// SHA256 is the identity of a certificate in prestage: anchors are matched by
// it and never by name.
func (c *Certificate) SHA256() [32]byte { return sha256.Sum256(c.Raw) }

// TBSHash is the digest of the signed part, made with the digest of the
// certificate's own signature. Code Integrity policies and the disallowed list
// name certificates so. The error says which digest is missing (MD2, say).
func (c *Certificate) TBSHash() (crypto.Hash, []byte, error) {
	h := c.SignatureAlgorithm.Hash
	if h == 0 || !h.Available() {
		return 0, nil, fmt.Errorf("certificate signature algorithm %s: %w", c.SignatureAlgorithm, ErrUnsupportedAlgorithm)
	}
	return h, sum(h, c.RawTBS), nil
}

// SelfIssued reports whether subject and issuer are the same bytes. It says
// nothing about who signed: see CheckSignatureFrom.
func (c *Certificate) SelfIssued() bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

// HasEKUOID reports whether the EKU extension lists exactly this OID.
// anyExtendedKeyUsage is not expanded, and a certificate without the extension
// has no OID: look at HasEKU to tell "any use" from "not this use".
func (c *Certificate) HasEKUOID(oid string) bool {
	for _, have := range c.EKUs {
		if have == oid {
			return true
		}
	}
	return false
}
