package trust

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"

	"prestage/authenticode/cert"
)

// Limits on OCSP responses, which are read once for each answer. Real ones
// have one or two answers and some two thousand octets.
const (
	maxOCSP    = 256 << 10
	maxAnswers = 64
)

// ErrTooManyAnswers means an OCSP response beyond the limits.
var ErrTooManyAnswers = errors.New("OCSP response with more than 64 answers, or of more than 256 KiB")

// oidOCSPSigning is the purpose of responders that an issuer appoints (RFC
// 6960 4.2.2.2).
const oidOCSPSigning = "1.3.6.1.5.5.7.3.9"

// oidBasicResponse is the DER of 1.3.6.1.5.5.7.48.1.1.
const oidBasicResponse = "\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01"

// answer is what an OCSP response says of one certificate.
type answer struct {
	source            string
	envelope          *envelope
	response          *ocsp.Response
	nameHash, keyHash []byte // of the certificate's issuer, with response.IssuerHash
	serial            string // see serialKey
}

// envelope is what the answers of a response have in common.
type envelope struct {
	seal      seal
	name      []byte            // the responder's, or
	keyHash   []byte            // SHA-1 of its key
	responder *cert.Certificate // the first that is carried; nil when none is
	produced  time.Time
}

// sniffOCSP recognises an OCSPResponse: a SEQUENCE that begins with an
// ENUMERATED.
func sniffOCSP(data []byte) bool {
	if len(data) < 2 || data[0] != 0x30 {
		return false
	}
	header := 2
	if data[1]&0x80 != 0 {
		header += int(data[1] & 0x7f)
	}
	return len(data) > header && data[header] == 0x0a
}

// readOCSP reads an OCSP response that fills der exactly. Its parts are read
// by golang.org/x/crypto/ocsp; read here is only what that keeps to itself and
// a verdict depends on: which issuer an answer is about.
func readOCSP(source string, der []byte) ([]*answer, error) {
	fail := func(err error) ([]*answer, error) { return nil, fmt.Errorf("%s: OCSP response: %w", source, err) }
	if len(der) > maxOCSP {
		return fail(ErrTooManyAnswers)
	}
	in := cryptobyte.String(der[:len(der):len(der)])
	if failed := new(ocsp.ResponseError); isErrorResponse(der, failed) {
		return fail(fmt.Errorf("the responder gave no answer: %s", failed.Status))
	}
	e, answers, err := openEnvelope(in)
	if err != nil {
		return fail(err)
	}
	for _, a := range answers {
		a.source = source
		serial := new(big.Int).SetBytes([]byte(a.serial))
		if a.serial[0] >= 0x80 { // two's complement
			serial.Sub(serial, new(big.Int).Lsh(big.NewInt(1), uint(8*len(a.serial))))
		}
		if a.response, err = ocsp.ParseResponseForCert(der, &x509.Certificate{SerialNumber: serial}, nil); err != nil {
			return fail(fmt.Errorf("%w: %w", ErrRevocationSyntax, err))
		}
		e.produced = a.response.ProducedAt
		e.name, e.keyHash = a.response.RawResponderName, a.response.ResponderKeyHash
		if a.response.Certificate != nil && e.responder == nil {
			if e.responder, err = cert.Parse(a.response.Certificate.Raw); err != nil {
				return fail(fmt.Errorf("certificate of the responder: %w", err))
			}
		}
	}
	return answers, nil
}

// isErrorResponse reports whether the responder only says that it has no
// answer.
func isErrorResponse(der []byte, failed *ocsp.ResponseError) bool {
	_, err := ocsp.ParseResponse(der, nil)
	return errors.As(err, failed)
}

// openEnvelope walks over an OCSPResponse (RFC 6960 4.2.1) to the signature and
// the identifiers of the certificates.
func openEnvelope(in cryptobyte.String) (*envelope, []*answer, error) {
	s := in
	var outer, wrapped, inner, octets, basic, tbs, fields, list cryptobyte.String
	if !s.ReadASN1(&outer, asn1.SEQUENCE) || !s.Empty() || !outer.SkipASN1(asn1.ENUM) ||
		!outer.ReadASN1(&wrapped, asn1.Tag(0).Constructed().ContextSpecific()) || !outer.Empty() ||
		!wrapped.ReadASN1(&inner, asn1.SEQUENCE) || !wrapped.Empty() {
		return nil, nil, damagedAt(in, s, "outer sequence")
	}
	if !bytes.HasPrefix(inner, []byte(oidBasicResponse)) || !inner.SkipASN1(asn1.OBJECT_IDENTIFIER) ||
		!inner.ReadASN1(&octets, asn1.OCTET_STRING) || !inner.Empty() ||
		!octets.ReadASN1(&basic, asn1.SEQUENCE) || !octets.Empty() ||
		!basic.ReadASN1Element(&tbs, asn1.SEQUENCE) {
		return nil, nil, damagedAt(in, inner, "basic response")
	}
	e := new(envelope)
	if err := e.seal.read(in, tbs, &basic); err != nil {
		return nil, nil, err
	}
	if !basic.SkipOptionalASN1(asn1.Tag(0).Constructed().ContextSpecific()) || !basic.Empty() {
		return nil, nil, damagedAt(in, basic, "behind the signature")
	}
	tbs.ReadASN1(&fields, asn1.SEQUENCE) // read once already
	var responder cryptobyte.String
	var tag asn1.Tag
	if !fields.SkipOptionalASN1(asn1.Tag(0).Constructed().ContextSpecific()) || !fields.ReadAnyASN1(&responder, &tag) ||
		!fields.SkipASN1(asn1.GeneralizedTime) || !fields.ReadASN1(&list, asn1.SEQUENCE) {
		return nil, nil, damagedAt(in, fields, "response data")
	}
	if err := checkResponseExtensions(in, fields); err != nil {
		return nil, nil, err
	}
	answers, err := readAnswers(in, list)
	for _, a := range answers {
		a.envelope = e
	}
	return e, answers, err
}

// checkResponseExtensions refuses critical extensions of a response; what is
// known, a nonce among them, is never critical.
func checkResponseExtensions(in, rest cryptobyte.String) error {
	if rest.Empty() {
		return nil
	}
	var wrapped, list cryptobyte.String
	if !rest.ReadASN1(&wrapped, asn1.Tag(1).Constructed().ContextSpecific()) || !rest.Empty() ||
		!wrapped.ReadASN1(&list, asn1.SEQUENCE) || !wrapped.Empty() {
		return damagedAt(in, rest, "extensions of the response")
	}
	return eachExtension(in, list, func(_ string, critical bool, _ cryptobyte.String) error {
		if critical {
			return fmt.Errorf("extension of the response: %w", ErrRevocationCritical)
		}
		return nil
	})
}

// readAnswers reads the identifiers. Two answers with one serial number are
// refused: the library would give the first for both.
func readAnswers(in, list cryptobyte.String) ([]*answer, error) {
	var answers []*answer
	seen := make(map[string]bool)
	for !list.Empty() {
		at := list
		var single, id, name, key, serial cryptobyte.String
		if !list.ReadASN1(&single, asn1.SEQUENCE) || !single.ReadASN1(&id, asn1.SEQUENCE) || !id.SkipASN1(asn1.SEQUENCE) ||
			!id.ReadASN1(&name, asn1.OCTET_STRING) || !id.ReadASN1(&key, asn1.OCTET_STRING) ||
			!id.ReadASN1(&serial, asn1.INTEGER) || !id.Empty() || len(serial) == 0 || len(serial) > maxRevokedSerial {
			return nil, damagedAt(in, at, "identifier of a certificate")
		}
		a := &answer{nameHash: name, keyHash: key, serial: serialKey(serial)}
		if seen[a.serial] {
			return nil, damagedAt(in, at, "two answers for one serial number")
		}
		seen[a.serial] = true
		if answers = append(answers, a); len(answers) > maxAnswers {
			return nil, ErrTooManyAnswers
		}
	}
	if answers == nil {
		return nil, damagedAt(in, list, "no answer")
	}
	return answers, nil
}

// about reports whether the answer is about certificates of this issuer.
func (a *answer) about(issuer *cert.Certificate) bool {
	h := a.response.IssuerHash
	return h.Available() && bytes.Equal(a.nameHash, digest(h, issuer.RawSubject)) &&
		bytes.Equal(a.keyHash, digest(h, keyBits(issuer)))
}

// keyBits returns the public key of a certificate without what stands around
// it, which is what OCSP hashes; nil when there is no telling.
func keyBits(c *cert.Certificate) []byte {
	s := cryptobyte.String(c.RawSPKI)
	var info, bits cryptobyte.String
	if !s.ReadASN1(&info, asn1.SEQUENCE) || !info.SkipASN1(asn1.SEQUENCE) || !info.ReadASN1(&bits, asn1.BIT_STRING) || len(bits) == 0 {
		return nil
	}
	return bits[1:]
}

// Why an OCSP response is not one of the issuer's.
var (
	errResponderName     = errors.New("the response names another responder than the one that signed it")
	errResponderIssuer   = errors.New("the responder's certificate is not one of the certificate's issuer")
	errResponderPurpose  = errors.New("the responder's certificate does not name OCSP signing as a purpose")
	errResponderValidity = errors.New("the responder's certificate was not valid when it signed")
)

// authorised says why the response is not one that this issuer, or a responder
// that it appointed, may give (RFC 6960 4.2.2.2); nil when it is. signed checks
// the signature on the responder's certificate.
func (e *envelope) authorised(issuer *cert.Certificate, signed func(c, issuer *cert.Certificate) error) error {
	responder := e.responder
	if responder == nil {
		responder = issuer
	}
	if err := e.seal.by(responder); err != nil {
		return err
	}
	if !e.names(responder) {
		return errResponderName
	}
	own := bytes.Equal(responder.RawSPKI, issuer.RawSPKI) && bytes.Equal(responder.RawSubject, issuer.RawSubject)
	if own {
		return nil
	}
	if !bytes.Equal(responder.RawIssuer, issuer.RawSubject) || signed(responder, issuer) != nil {
		return errResponderIssuer
	}
	if !responder.HasEKUOID(oidOCSPSigning) || len(judgeLeaf(responder, false)) > 0 || len(judgeExtensions(responder)) > 0 {
		return errResponderPurpose
	}
	if judgeValidity(responder, e.produced) != nil {
		return errResponderValidity
	}
	return nil
}

func (e *envelope) names(c *cert.Certificate) bool {
	if e.name != nil {
		return bytes.Equal(e.name, c.RawSubject)
	}
	return e.keyHash != nil && bytes.Equal(e.keyHash, digest(crypto.SHA1, keyBits(c)))
}

// revoked returns what the answer says of a certificate that it calls revoked.
// The library does not tell whether a reason of 0 was given.
func (a *answer) revoked() (revoked, error) {
	r := revoked{date: a.response.RevokedAt.UTC(), reason: a.response.RevocationReason, given: a.response.RevocationReason != 0}
	for _, e := range a.response.Extensions {
		// Extensions of the entries of CRLs may stand here too (RFC 6960 4.4.5).
		if e.Id.String() != "2.5.29.24" {
			continue
		}
		have := r
		if err := r.extension(oidInvalidityDate, e.Critical, cryptobyte.String(e.Value)); err != nil {
			return r, err
		}
		if !have.invalid.IsZero() {
			r = worse(have, r)
		}
	}
	return r, nil
}
