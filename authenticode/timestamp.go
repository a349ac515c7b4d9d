package authenticode

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/cert"
	"prestage/authenticode/winerror"
)

// readTimestamps reads and verifies the time stamps among the unsigned
// attributes, in the order in which they stand (rule 109). One that cannot be
// read or does not hold is listed with its Problem: it proves nothing, and the
// signature is none the worse for it.
func readTimestamps(in []byte, si *signerInfo, s *Signature, b *budget) ([]*Timestamp, error) {
	var list []*Timestamp
	for _, a := range si.unsignedAttrs {
		if a.oid != OIDCounterSignature && a.oid != OIDTimestampToken {
			continue
		}
		for _, value := range a.values {
			if b.timestamps++; b.timestamps > maxTimestamps {
				return nil, fmt.Errorf("offset %d: %w", offset(in, value), ErrTooManyTimestamps)
			}
			t, err := readTimestamp(a.oid, value, s, b)
			if isLimit(err) {
				return nil, err
			}
			if err != nil {
				t.Problem = problem(winerror.TrustTimeStamp, "the time stamp is unreadable: "+err.Error())
			}
			list = append(list, t)
		}
	}
	return list, nil
}

// readTimestamp returns a Timestamp in any case, with what could be read.
func readTimestamp(oid string, value cryptobyte.String, s *Signature, b *budget) (*Timestamp, error) {
	if oid == OIDCounterSignature {
		t := &Timestamp{Kind: TimestampPKCS9, Certificates: s.Certificates}
		return t, t.readCounterSignature(value, s.EncryptedDigest)
	}
	t := &Timestamp{Kind: TimestampRFC3161}
	return t, t.readToken(value, s.EncryptedDigest, b)
}

// fail keeps the reason why a readable time stamp does not hold, in the code
// that Windows uses for every such reason.
func (t *Timestamp) fail(p *Problem) {
	t.Problem = problem(winerror.TrustTimeStamp, p.Detail)
}

// readCounterSignature verifies a PKCS#9 counter-signature (RFC 2985, section
// 5.3.6): a SignerInfo over the signature value of the outer signature. Its
// certificates stand among those of the outer signature.
func (t *Timestamp) readCounterSignature(value cryptobyte.String, encryptedDigest []byte) error {
	si, err := readSignerInfo(value, value)
	if err != nil {
		return err
	}
	t.describe(si)
	t.ImprintAlgorithm = si.digest.hash
	var ok bool
	if t.Time, ok = signingTimeOf(si.signedAttrs); !ok {
		return fmt.Errorf("signed attribute signingTime: %w", errMalformed)
	}
	if p := si.checkDigest(); p != nil {
		t.fail(p)
		return nil
	}
	p := si.verify(t.Signer, "", encryptedDigest)
	if p != nil && p.Code == winerror.TrustCertSignature && t.SignatureAlgorithm.Scheme == cert.PKCS1v15 {
		// L3: everything else held, and one service signs the bare digest.
		if cert.VerifyBareDigest(t.Signer.PublicKey, si.digestOfAttributes(), si.encryptedDigest) == nil {
			t.BareDigest, p = true, nil
		}
	}
	if p == nil {
		p = weakDigest(si)
	}
	if p != nil {
		t.fail(p)
	}
	return nil
}

// readToken verifies an RFC 3161 token: a SignedData of its own, whose content
// names the digest of the outer signature's value.
func (t *Timestamp) readToken(value cryptobyte.String, encryptedDigest []byte, b *budget) error {
	sd, err := readSignedData(value)
	if err != nil {
		return err
	}
	if len(sd.trailing) != 0 {
		return fmt.Errorf("offset %d: data after the token: %w", offset(value, sd.trailing), errMalformed)
	}
	if sd.contentType != OIDTSTInfo || sd.contentTag != 0x04 {
		return fmt.Errorf("content of type %s is no TSTInfo: %w", sd.contentType, errMalformed)
	}
	info, err := readTSTInfo(sd.content)
	if err != nil {
		return err
	}
	t.Time, t.ImprintAlgorithm = info.time, info.imprint.hash
	if t.Certificates, t.Unreadable, err = b.parseCertificates(sd.certificates); err != nil {
		return err
	}
	if len(sd.signers) != 1 {
		return fmt.Errorf("%d signers: %w", len(sd.signers), errMalformed)
	}
	si := &sd.signers[0]
	t.describe(si)
	if p := t.checkToken(sd, si, info, encryptedDigest); p != nil {
		t.fail(p)
	}
	return nil
}

// checkToken goes through RFC 3161, section 2.4.2: the token is for this
// signature, its own signature holds, and it was made with the certificate
// that it names.
func (t *Timestamp) checkToken(sd *signedData, si *signerInfo, info *tstInfo, encryptedDigest []byte) *Problem {
	if info.imprint.hash == 0 || !info.imprint.nullOrAbsent() {
		return problem(winerror.TrustTimeStamp, fmt.Sprintf("the imprint's digest algorithm %s is not known", info.imprint.oid))
	}
	h := info.imprint.hash.New()
	h.Write(encryptedDigest)
	if !bytes.Equal(h.Sum(nil), info.digest) {
		return problem(winerror.TrustTimeStamp, "the time stamp is for another signature")
	}
	if p := sd.checkDigestAlgorithms(si); p != nil {
		return p
	}
	if p := si.verify(t.Signer, OIDTSTInfo, sd.content); p != nil {
		return p
	}
	if si.keyID == nil { // the library knows only issuer and serial number
		if p := crossCheck(sd, si, t.Signer, sd.content); p != nil {
			return p
		}
	}
	if err := checkSigningCertificate(si.signedAttrs, t.Signer); err != nil {
		return problem(winerror.TrustTimeStamp, err.Error())
	}
	if info.imprint.hash.Size() < minDigest {
		return problem(winerror.TrustTimeStamp, "the imprint is made with MD5, for which collisions can be made at will")
	}
	return weakDigest(si)
}

func (t *Timestamp) describe(si *signerInfo) {
	t.Signer = si.find(t.Certificates)
	t.DigestAlgorithm = si.digest.hash
	t.SignatureAlgorithm = si.signatureAlgorithm()
}

// tstInfo is what matters of a TSTInfo (RFC 3161, section 2.4.2).
type tstInfo struct {
	imprint algorithm
	digest  []byte
	time    time.Time
}

// readTSTInfo reads a TSTInfo with every field accounted for.
func readTSTInfo(content []byte) (*tstInfo, error) {
	in := cryptobyte.String(content)
	var s, imprint, alg, digest cryptobyte.String
	var version int64
	if !in.ReadASN1(&s, asn1.SEQUENCE) || !in.Empty() {
		return nil, malformed(content, in, "TSTInfo")
	}
	if !s.ReadASN1Integer(&version) || version != 1 {
		return nil, malformed(content, s, "version of TSTInfo")
	}
	if _, ok := readOID(&s); !ok {
		return nil, malformed(content, s, "policy of TSTInfo")
	}
	info := new(tstInfo)
	var ok bool
	if !s.ReadASN1(&imprint, asn1.SEQUENCE) || !imprint.ReadASN1Element(&alg, asn1.SEQUENCE) ||
		!imprint.ReadASN1(&digest, asn1.OCTET_STRING) || !imprint.Empty() {
		return nil, malformed(content, s, "messageImprint of TSTInfo")
	}
	if info.imprint, ok = parseDigest(alg); !ok {
		return nil, malformed(content, alg, "messageImprint of TSTInfo")
	}
	info.digest = digest
	if !s.SkipASN1(asn1.INTEGER) {
		return nil, malformed(content, s, "serialNumber of TSTInfo")
	}
	if info.time, ok = readGeneralizedTime(&s); !ok {
		return nil, malformed(content, s, "genTime of TSTInfo")
	}
	if !s.SkipOptionalASN1(asn1.SEQUENCE) || !s.SkipOptionalASN1(asn1.BOOLEAN) || !s.SkipOptionalASN1(asn1.INTEGER) ||
		!s.SkipOptionalASN1(explicit0) || !s.SkipOptionalASN1(explicit1) || !s.Empty() {
		return nil, malformed(content, s, "TSTInfo behind genTime")
	}
	return info, nil
}

// readGeneralizedTime reads a GeneralizedTime in UTC, with fractions of a
// second where a TSA gives them (RFC 3161, section 2.4.2).
func readGeneralizedTime(s *cryptobyte.String) (time.Time, bool) {
	var text cryptobyte.String
	if !s.ReadASN1(&text, asn1.GeneralizedTime) || strings.Contains(string(text), ",") {
		return time.Time{}, false
	}
	// The layout has no fraction; time.Parse takes one behind the seconds.
	t, err := time.Parse("20060102150405Z", string(text))
	return t, err == nil
}

var errOtherCertificate = errors.New("the time stamp names another certificate than the one that signed it")

// checkSigningCertificate compares the ESS attributes, where present, with the
// certificate (RFC 2634, section 5.4, and RFC 5035, section 3): the first
// certificate that they identify must be the signer's.
func checkSigningCertificate(attrs []attribute, signer *cert.Certificate) error {
	if has(attrs, OIDSigningCert) {
		v, ok := single(attrs, OIDSigningCert)
		id, ok2 := firstCertID(v)
		if !ok || !ok2 || !matchesCertID(id, crypto.SHA1, signer) {
			return errOtherCertificate
		}
	}
	if has(attrs, OIDSigningCertV2) {
		v, ok := single(attrs, OIDSigningCertV2)
		id, ok2 := firstCertID(v)
		if !ok || !ok2 {
			return errOtherCertificate
		}
		hash := crypto.SHA256 // DEFAULT
		if id.PeekASN1Tag(asn1.SEQUENCE) {
			var element cryptobyte.String
			id.ReadASN1Element(&element, asn1.SEQUENCE)
			alg, ok := parseDigest(element)
			if !ok || !alg.nullOrAbsent() {
				return errOtherCertificate
			}
			hash = alg.hash
		}
		if !matchesCertID(id, hash, signer) {
			return errOtherCertificate
		}
	}
	return nil
}

// firstCertID returns the contents of the first ESSCertID or ESSCertIDv2.
func firstCertID(v cryptobyte.String) (id cryptobyte.String, ok bool) {
	var attr, list cryptobyte.String
	ok = v.ReadASN1(&attr, asn1.SEQUENCE) && v.Empty() &&
		attr.ReadASN1(&list, asn1.SEQUENCE) && list.ReadASN1(&id, asn1.SEQUENCE)
	return id, ok
}

// matchesCertID compares certHash, the next field of id, with the certificate.
func matchesCertID(id cryptobyte.String, hash crypto.Hash, c *cert.Certificate) bool {
	var want cryptobyte.String
	if hash == 0 || !id.ReadASN1(&want, asn1.OCTET_STRING) {
		return false
	}
	h := hash.New()
	h.Write(c.Raw)
	return bytes.Equal(h.Sum(nil), want)
}
