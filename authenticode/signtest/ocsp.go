package signtest

import (
	"bytes"
	"crypto"
	"math/big"
	"slices"
	"time"
)

// OCSP describes an OCSP response (RFC 6960, section 4.2). Zero fields are
// ordinary, except Issuer, which must be given.
type OCSP struct {
	Issuer *Certificate // of the certificates that the answers are about
	// Responder signs; nil: Issuer does.
	Responder    *Certificate
	Certificates []*Certificate // carried; the first is looked at by most readers
	Key          *Key           // nil: that of Responder
	ByKey        bool           // names the responder by key instead of by name
	NamedAs      *Certificate   // named in place of Responder

	Status     int       // of the response: 0 successful, 3 try later, ...
	ProducedAt time.Time // 2026-11-19 where zero
	Answers    []Answer
	Extensions []Extension // of the response

	Algorithm Algorithm
	Signature func([]byte) []byte // changes the signature value after it was made
}

// Answer is a SingleResponse. Unless Good or Unknown is set, it says revoked.
type Answer struct {
	Serial        *big.Int
	Issuer        *Certificate // nil: that of the response
	Hash          crypto.Hash  // of the issuer's name and key; zero: SHA-1
	Good, Unknown bool

	RevokedAt time.Time // 2026-10-01 where zero
	Reason    *int      // nil: not given
	// ThisUpdate is 2026-11-19 where zero, NextUpdate 2026-11-26.
	ThisUpdate, NextUpdate time.Time
	NoNextUpdate           bool
	InvalidityDate         time.Time // an extension of the entry of a CRL; zero: not given
	Extensions             []Extension
}

// Object identifiers of OCSP and of messages that carry revocation data.
const (
	OIDOCSPBasic        = "1.3.6.1.5.5.7.48.1.1"
	EKUOCSPSigning      = "1.3.6.1.5.5.7.3.9"
	OIDRevocationOCSP   = "1.3.6.1.5.5.7.16.2"         // id-ri-ocsp-response (RFC 5940)
	OIDRevocationValues = "1.2.840.113549.1.9.16.2.24" // unsigned attribute (RFC 5126, section 6.3.4)
)

// Encode makes an OCSPResponse.
func (o OCSP) Encode() []byte {
	if o.Status != 0 {
		return Sequence(enumerated(o.Status))
	}
	return Sequence(enumerated(0), Explicit(0, Sequence(OID(OIDOCSPBasic), OctetString(o.Basic()))))
}

// Basic makes the BasicOCSPResponse alone.
func (o OCSP) Basic() []byte {
	if o.Issuer == nil {
		panic("signtest: an OCSP response needs an Issuer")
	}
	responder := o.Responder
	if responder == nil {
		responder = o.Issuer
	}
	key := o.Key
	if key == nil {
		key = responder.Key
	}
	named := o.NamedAs
	if named == nil {
		named = responder
	}
	tbs := o.tbs(named)
	value := key.Sign(o.Algorithm, sum(o.Algorithm.hash(), tbs))
	if o.Signature != nil {
		value = o.Signature(slices.Clone(value))
	}
	var certificates []byte
	if len(o.Certificates) > 0 {
		var list [][]byte
		for _, c := range o.Certificates {
			list = append(list, c.Raw)
		}
		certificates = Explicit(0, Sequence(list...))
	}
	return Sequence(tbs, o.Algorithm.identifier(key), BitString(value), certificates)
}

// tbs encodes ResponseData.
func (o OCSP) tbs(responder *Certificate) []byte {
	id := Explicit(1, responder.Subject)
	if o.ByKey {
		id = Explicit(2, OctetString(sum(crypto.SHA1, responder.keyBits())))
	}
	var answers [][]byte
	for _, a := range o.Answers {
		answers = append(answers, a.der(o.Issuer))
	}
	var extensions []byte
	if len(o.Extensions) > 0 {
		var list [][]byte
		for _, e := range o.Extensions {
			list = append(list, e.der())
		}
		extensions = Explicit(1, Sequence(list...))
	}
	return Sequence(id, GeneralizedTime(or(o.ProducedAt, Date(2026, 11, 19))), Sequence(answers...), extensions)
}

func (a Answer) der(issuer *Certificate) []byte {
	if a.Issuer != nil {
		issuer = a.Issuer
	}
	h := a.Hash
	if h == 0 {
		h = crypto.SHA1
	}
	id := Sequence(
		digestAlgorithmID(h),
		OctetString(sum(h, issuer.Subject)),
		OctetString(sum(h, issuer.keyBits())),
		BigInteger(a.Serial),
	)
	var next, extensions []byte
	if !a.NoNextUpdate {
		next = Explicit(0, GeneralizedTime(or(a.NextUpdate, Date(2026, 11, 26))))
	}
	list := revocationExtensions(nil, a.InvalidityDate)
	for _, e := range a.Extensions {
		list = append(list, e.der())
	}
	if len(list) > 0 {
		extensions = Explicit(1, Sequence(list...))
	}
	return Sequence(id, a.status(), GeneralizedTime(or(a.ThisUpdate, Date(2026, 11, 19))), next, extensions)
}

// status encodes CertStatus.
func (a Answer) status() []byte {
	switch {
	case a.Good:
		return Implicit(0, nil)
	case a.Unknown:
		return Implicit(2, nil)
	}
	var reason []byte
	if a.Reason != nil {
		reason = Explicit(0, enumerated(*a.Reason))
	}
	return Explicit(1, GeneralizedTime(or(a.RevokedAt, Date(2026, 10, 1))), reason)
}

// keyBits are the octets of the key in SubjectPublicKeyInfo, without those
// around them: what OCSP hashes.
func (c *Certificate) keyBits() []byte {
	_, inner, _, _ := split(c.Template.SPKI)
	_, _, _, rest := split(inner)
	_, bits, _, _ := split(rest)
	return bytes.Clone(bits[1:]) // behind the number of unused bits
}

// RevocationValues is the attribute that keeps CRLs and BasicOCSPResponses
// with a signature.
func RevocationValues(crls, basics [][]byte) Attribute {
	var parts [][]byte
	if len(crls) > 0 {
		parts = append(parts, Explicit(0, Sequence(crls...)))
	}
	if len(basics) > 0 {
		parts = append(parts, Explicit(1, Sequence(basics...)))
	}
	return Attribute{OIDRevocationValues, [][]byte{Sequence(parts...)}}
}

// RevocationOCSP is an OCSP response as it stands among the revocation lists
// of a SignedData (RFC 5652, section 10.2.1).
func RevocationOCSP(response []byte) []byte {
	return Explicit(1, OID(OIDRevocationOCSP), response)
}
