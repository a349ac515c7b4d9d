package signtest

import (
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"slices"
	"time"
)

// CRL describes a certificate revocation list (RFC 5280, section 5.1). Every
// field has an ordinary meaning when it is zero, except Issuer, which must be
// given.
type CRL struct {
	Issuer *Certificate
	Name   Name // nil: the subject of Issuer
	Key    *Key // nil: that of Issuer

	Version int // 0: 2; in version 1 no extension is written
	// ThisUpdate is 2026-11-01 where zero, NextUpdate 2026-12-01.
	ThisUpdate, NextUpdate time.Time
	NoNextUpdate           bool
	Revoked                []Revoked // none: the field is left out, as RFC 5280 asks

	AuthorityKeyID []byte // nil: that of Issuer; empty, not nil: no such extension
	Extensions     []Extension

	Algorithm      Algorithm
	OuterAlgorithm *Algorithm          // written after the signed part instead of Algorithm
	Signature      func([]byte) []byte // changes the signature value after it was made
}

// Revoked is one entry of a CRL.
type Revoked struct {
	Serial *big.Int
	At     time.Time // 2026-10-01 where zero
	// Reason is a CRLReason of RFC 5280, section 5.3.1; nil: not given.
	Reason *int
	// InvalidityDate is when the certificate became invalid; zero: not given.
	InvalidityDate time.Time
	Extensions     []Extension
}

// Because is a reason for [Revoked] and [Answer].
func Because(reason int) *int { return &reason }

// Object identifiers of extensions of CRLs and their entries (RFC 5280,
// sections 5.2 and 5.3).
const (
	OIDCRLReason                = "2.5.29.21"
	OIDInvalidityDate           = "2.5.29.24"
	OIDDeltaCRLIndicator        = "2.5.29.27"
	OIDIssuingDistributionPoint = "2.5.29.28"
	OIDCertificateIssuer        = "2.5.29.29"
)

// Encode makes the list.
func (l CRL) Encode() []byte {
	if l.Issuer == nil {
		panic("signtest: a CRL needs an Issuer")
	}
	key := l.Key
	if key == nil {
		key = l.Issuer.Key
	}
	tbs := l.tbs(key)
	outer := l.Algorithm
	if l.OuterAlgorithm != nil {
		outer = *l.OuterAlgorithm
	}
	value := key.Sign(l.Algorithm, sum(l.Algorithm.hash(), tbs))
	if l.Signature != nil {
		value = l.Signature(slices.Clone(value))
	}
	return Sequence(tbs, outer.identifier(key), BitString(value))
}

// PEM is the list as a PEM block.
func (l CRL) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: l.Encode()})
}

// tbs encodes TBSCertList.
func (l CRL) tbs(key *Key) []byte {
	issuer := l.Issuer.Subject
	if l.Name != nil {
		issuer = l.Name.DER()
	}
	var version, next, revoked, extensions []byte
	if l.Version != 1 {
		version = Integer(int64(max(l.Version, 2) - 1))
		if list := l.extensions(); len(list) > 0 {
			extensions = Explicit(0, Sequence(list...))
		}
	}
	if !l.NoNextUpdate {
		next = Time(or(l.NextUpdate, Date(2026, 12, 1)))
	}
	if len(l.Revoked) > 0 {
		var entries [][]byte
		for _, r := range l.Revoked {
			entries = append(entries, r.der())
		}
		revoked = Sequence(entries...)
	}
	return Sequence(
		version,
		l.Algorithm.identifier(key),
		issuer,
		Time(or(l.ThisUpdate, Date(2026, 11, 1))),
		next,
		revoked,
		extensions,
	)
}

func (l CRL) extensions() [][]byte {
	id := l.AuthorityKeyID
	if id == nil {
		id = l.Issuer.subjectKeyID()
	}
	var list [][]byte
	if len(id) > 0 {
		list = append(list, Extension{OIDAuthorityKeyID, false, Sequence(Implicit(0, id))}.der())
	}
	for _, e := range l.Extensions {
		list = append(list, e.der())
	}
	return list
}

func (r Revoked) der() []byte {
	list := revocationExtensions(r.Reason, r.InvalidityDate)
	for _, e := range r.Extensions {
		list = append(list, e.der())
	}
	var extensions []byte
	if len(list) > 0 {
		extensions = Sequence(list...)
	}
	return Sequence(BigInteger(r.Serial), Time(or(r.At, Date(2026, 10, 1))), extensions)
}

func revocationExtensions(reason *int, invalid time.Time) [][]byte {
	var list [][]byte
	if reason != nil {
		list = append(list, Extension{OIDCRLReason, false, enumerated(*reason)}.der())
	}
	if !invalid.IsZero() {
		list = append(list, Extension{OIDInvalidityDate, false, GeneralizedTime(invalid)}.der())
	}
	return list
}

// enumerated encodes a small ENUMERATED.
func enumerated(n int) []byte { return TLV(0x0a, []byte{byte(n)}) }

// or returns the first time that is not zero.
func or(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// KeyUsageWithoutCRLSign is the key usage of an authority that may sign
// certificates and not revocation lists.
const KeyUsageWithoutCRLSign = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
