package authenticode

import (
	"bytes"
	"errors"
	"fmt"

	"prestage/authenticode/cert"
	"prestage/authenticode/winerror"
)

// ParseSignature reads a PKCS#7 SignedData and verifies it as the package
// comment says. What follows the message is kept in Trailing and not judged:
// Windows reads the padding of a certificate table along with the message and
// ignores it (rule 114).
//
// The error says that the input is no readable SignedData, or exceeds a limit
// (errors.Is tells which). A readable message whose mathematics fails has its
// Problem set instead; so has one without any signer, which looks signed and
// is not (L12).
func ParseSignature(der []byte) (*Signature, error) {
	return parseSignature(der, nil, nil, new(budget), 0)
}

// budget counts what a message and everything nested in it have used up.
type budget struct {
	certificates, certificateBytes, signatures, timestamps, detachedBytes int
}

// detach counts the content of a nested signature that carries none: it is
// digested again, and costs the file nothing.
func (b *budget) detach(content []byte) error {
	if b.detachedBytes += len(content); b.detachedBytes > maxMessage {
		return ErrTooMuchDetached
	}
	return nil
}

// parseSignature reads and verifies one message at the given depth of nesting.
// outer is the message in which it is nested and first the outermost one; both
// are nil for the outermost itself.
func parseSignature(der []byte, first, outer *signedData, b *budget, depth int) (*Signature, error) {
	if b.signatures++; b.signatures > maxSignatures || depth > maxNesting {
		return nil, ErrTooManySignatures
	}
	in, converted, err := toDER(der)
	if err != nil {
		return nil, err
	}
	sd, err := readSignedData(in)
	if err != nil {
		return nil, err
	}
	detached := sd.attach(outer)
	if detached {
		if err := b.detach(sd.content); err != nil {
			return nil, err
		}
	}
	s := &Signature{
		Raw: sd.raw, Trailing: sd.trailing,
		ContentType: sd.contentType, Content: sd.content, ContentTag: sd.contentTag,
		CRLs: sd.crls, SignerCount: len(sd.signers), IsNested: outer != nil, Detached: detached,
		Ordered: sd.unordered,
	}
	if converted {
		s.Ordered = errors.New("offset 0: indefinite lengths are not DER")
	}
	if s.Certificates, s.Unreadable, err = b.parseCertificates(sd.certificates); err != nil {
		return nil, err
	}
	var malformedContent error
	if sd.contentType == OIDIndirectData {
		s.Indirect, malformedContent = parseIndirect(sd)
	}
	if len(sd.signers) == 0 {
		s.Problem = problem(winerror.TrustNoSignature, "the message has no signer")
		return s, nil
	}
	si := &sd.signers[0]
	s.describe(si)
	s.Problem = s.verify(sd, si, malformedContent)
	if first == nil {
		first = sd
	} else if s.Problem == nil {
		s.Problem = sd.checkSameContent(first, detached)
	}
	if s.Timestamps, err = readTimestamps(in, si, s, b); err != nil {
		return nil, err
	}
	if s.Nested, err = readNested(first, sd, si, b, depth); err != nil {
		return nil, err
	}
	return s, nil
}

// parseCertificates parses what the message carries. A certificate that cannot
// be read does not fail the message: it is put aside with its reason.
func (b *budget) parseCertificates(raw [][]byte) (good []*cert.Certificate, bad []UnreadableCertificate, err error) {
	for _, der := range raw {
		b.certificates++
		b.certificateBytes += len(der)
		if b.certificates > maxCertificates || b.certificateBytes > maxCertificateBytes {
			return nil, nil, ErrTooManyCertificates
		}
		c, err := cert.Parse(der)
		if err != nil {
			bad = append(bad, UnreadableCertificate{Raw: der, Err: err})
			continue
		}
		good = append(good, c)
	}
	return good, bad, nil
}

// describe fills the fields that say what the SignerInfo claims.
func (s *Signature) describe(si *signerInfo) {
	s.Signer = si.find(s.Certificates)
	s.SignerIssuer, s.SignerSerial = si.issuer, si.serial
	s.SignerIssuerName = s.nameOf(si.issuer)
	s.DigestAlgorithm, s.DigestOID = si.digest.hash, si.digest.oid
	s.SignatureAlgorithm = si.signatureAlgorithm()
	s.EncryptedDigest = si.encryptedDigest
	s.SignedAttributes, s.UnsignedAttributes = types(si.signedAttrs), types(si.unsignedAttrs)
	s.ProgramName, s.MoreInfo = opusInfo(si.signedAttrs)
	s.ClaimedTime, _ = signingTimeOf(si.signedAttrs) // a claim for people; unreadable is as good as absent
}

// parseIndirect reads the content of an Authenticode signature, which is a
// SEQUENCE and nothing else.
func parseIndirect(sd *signedData) (*IndirectData, error) {
	if sd.contentTag != 0x30 {
		return nil, fmt.Errorf("tag 0x%02x is no SEQUENCE: %w", sd.contentTag, errMalformed)
	}
	return ParseIndirectContent(sd.content)
}

// nameOf returns a Name for people, out of the carried certificates.
func (s *Signature) nameOf(raw []byte) cert.Name {
	for _, c := range s.Certificates {
		switch {
		case bytes.Equal(c.RawIssuer, raw):
			return c.Issuer
		case bytes.Equal(c.RawSubject, raw):
			return c.Subject
		}
	}
	return cert.Name{}
}

// isLimit reports whether the error is one of the limits, which end the whole
// message wherever in it they are met.
func isLimit(err error) bool {
	for _, limit := range []error{
		ErrMessageTooBig, ErrTooManyCertificates, ErrTooManySignatures, ErrTooManyTimestamps,
		ErrTooManySigners, ErrTooManyAttributes, ErrTooDeep, ErrTooMuchDetached,
	} {
		if errors.Is(err, limit) {
			return true
		}
	}
	return false
}
