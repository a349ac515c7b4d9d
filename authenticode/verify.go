package authenticode

import (
	"bytes"
	"fmt"

	"prestage/authenticode/cert"
	"prestage/authenticode/winerror"
)

// verify is the list of the package comment, in its order. The first step that
// fails is the answer. malformedContent says why s.Indirect is nil where it
// should not be.
func (s *Signature) verify(sd *signedData, si *signerInfo, malformedContent error) *Problem {
	// Step 1: one signer, and the content is there (rule 106).
	if n := len(sd.signers); n != 1 {
		return problem(winerror.CryptBadMessage, fmt.Sprintf("the message has %d signers, and Authenticode permits one", n))
	}
	if !sd.hasContent {
		return problem(winerror.CryptBadMessage, "the message does not carry the content that it signs")
	}
	if s.ContentType == OIDIndirectData && s.Indirect == nil {
		return problem(winerror.CryptBadMessage, "SpcIndirectDataContent is malformed: "+reason(malformedContent))
	}
	// Step 2: the digest algorithms agree (rule 103).
	if p := sd.checkDigestAlgorithms(si); p != nil {
		return p
	}
	if s.Indirect != nil && s.Indirect.DigestAlgorithm != si.digest.hash {
		return problem(winerror.TrustBadDigest, fmt.Sprintf("the signer's digest is %s, and that of the signed file %s",
			digestName(si.digest.oid), digestName(s.Indirect.DigestOID)))
	}
	// Steps 3 to 7. The order of the attributes is demanded here and not of
	// time stamps: the signature value is over the attributes as they stand, and
	// a large time-stamping service never sorted its own.
	if si.keyID != nil {
		return problem(winerror.TrustNoSignerCert, "the signer is named by key identifier, where Authenticode wants issuer and serial number")
	}
	if si.unordered != nil {
		return problem(winerror.TrustNoSignature, si.unordered.Error())
	}
	if p := si.verify(s.Signer, s.ContentType, s.Content); p != nil {
		return p
	}
	// The required PKCS#7 library reads the same SignerInfo; two readings of
	// one signature must be one.
	if p := crossCheck(sd, si, s.Signer, s.Content); p != nil {
		return p
	}
	// Step 8.
	return weakDigest(si)
}

// checkDigestAlgorithms demands that the signer's digest is known, has no
// parameters, and is announced in digestAlgorithms (RFC 2315, section 9.1).
func (sd *signedData) checkDigestAlgorithms(si *signerInfo) *Problem {
	if p := si.checkDigest(); p != nil {
		return p
	}
	for _, d := range sd.digests {
		if d.oid == si.digest.oid && d.nullOrAbsent() {
			return nil
		}
	}
	return problem(winerror.CryptBadMessage, fmt.Sprintf("the signer's digest %s is not among the message's digestAlgorithms", digestName(si.digest.oid)))
}

func (si *signerInfo) checkDigest() *Problem {
	if si.digest.hash == 0 {
		return problem(winerror.CryptUnknownAlgo, fmt.Sprintf("the signer's digest algorithm %s is not known", si.digest.oid))
	}
	if !si.digest.nullOrAbsent() {
		return problem(winerror.BadAlgorithmID, "the signer's digest algorithm has parameters")
	}
	return nil
}

// verify checks steps 3 to 7 of a SignerInfo over content of the given type,
// which "" leaves open: that is for PKCS#9 counter-signatures, which have no
// content type of their own (RFC 5652, section 11.4) or say data.
func (si *signerInfo) verify(signer *cert.Certificate, contentType string, content []byte) *Problem {
	// Step 3: the signer's certificate.
	if si.ambiguous {
		return problem(winerror.TrustNoSignerCert, "two different certificates have the signer's issuer and serial number")
	}
	if signer == nil {
		return problem(winerror.TrustNoSignerCert, "the signer's certificate is not in the message")
	}
	if signer.PublicKey == nil {
		return problem(winerror.TrustNoSignerCert, "the signer's key is unusable: "+reason(signer.KeyProblem))
	}
	// Steps 4 to 6: what the signed attributes say.
	if p := si.checkAttributes(contentType, content); p != nil {
		return p
	}
	// Step 7: the signature value. It is made over the attributes with the tag
	// of a SET in place of the [0] under which they stand (rule 62).
	digest := si.digestOfAttributes()
	if err := cert.Verify(signer.PublicKey, si.signatureAlgorithm(), digest, si.encryptedDigest); err != nil {
		return problem(winerror.TrustCertSignature, "the signature value does not hold: "+err.Error())
	}
	return nil
}

// checkAttributes checks steps 4 to 6: attributes present, each once, naming
// the content by its type and its digest.
func (si *signerInfo) checkAttributes(contentType string, content []byte) *Problem {
	if !si.hasSigned || len(si.signedAttrs) == 0 {
		return problem(winerror.CryptBadMessage, "the signer has no signed attributes")
	}
	if oid := duplicate(si.signedAttrs); oid != "" {
		return problem(winerror.CryptBadMessage, fmt.Sprintf("signed attribute %s occurs twice", oid))
	}
	if p := si.checkContentType(contentType); p != nil {
		return p
	}
	want, ok := messageDigestOf(si.signedAttrs)
	if !ok {
		return problem(winerror.CryptBadMessage, "signed attribute messageDigest is missing or malformed")
	}
	h := si.digest.hash.New()
	h.Write(content)
	if !bytes.Equal(h.Sum(nil), want) {
		return problem(winerror.TrustBadDigest, "the signed digest is not that of the content")
	}
	return nil
}

func (si *signerInfo) checkContentType(want string) *Problem {
	if want == "" && !has(si.signedAttrs, OIDContentType) {
		return nil
	}
	got, ok := contentTypeOf(si.signedAttrs)
	switch {
	case !ok:
		return problem(winerror.CryptBadMessage, "signed attribute contentType is missing or malformed")
	case want == "" && got != OIDData:
		return problem(winerror.CryptBadMessage, fmt.Sprintf("the counter-signature's contentType is %s", got))
	case want != "" && got != want:
		return problem(winerror.CryptBadMessage, fmt.Sprintf("signed attribute contentType says %s, and the content is %s", got, want))
	}
	return nil
}

// signatureAlgorithm is the SignerInfo's, with the digest filled in where it
// names a key only. An algorithm that fixes another digest than the
// SignerInfo's verifies nothing.
func (si *signerInfo) signatureAlgorithm() cert.Algorithm {
	a, err := cert.ParseAlgorithm(si.signatureAlg)
	switch {
	case err != nil:
		return cert.Algorithm{}
	case a.Scheme != cert.SchemeUnknown && a.Hash == 0:
		a.Hash = si.digest.hash
	case a.Hash != si.digest.hash:
		a.Scheme = cert.SchemeUnknown
	}
	return a
}

// digestOfAttributes is the digest of the DER of the SET OF signed attributes.
func (si *signerInfo) digestOfAttributes() []byte {
	h := si.digest.hash.New()
	h.Write(derHeader(0x31, len(si.signedRaw)))
	h.Write(si.signedRaw)
	return h.Sum(nil)
}

// weakDigest refuses MD5 after everything else held, so that a report names
// the graver fault first (rule 118).
func weakDigest(si *signerInfo) *Problem {
	if si.digest.hash.Size() < minDigest {
		return problem(winerror.CryptSecurity, "the digest is MD5, for which collisions can be made at will")
	}
	return nil
}

// minDigest is the size of SHA-1 in octets.
const minDigest = 20

// digestName returns the common name of a digest OID, or the OID.
func digestName(oid string) string {
	if h := cert.HashFromOID(oid); h != 0 {
		return h.String()
	}
	return oid
}

func reason(err error) string {
	if err == nil {
		return "unknown reason"
	}
	return err.Error()
}

// derHeader is the identifier octet and the DER length of an element.
func derHeader(tag byte, length int) []byte {
	if length < 0x80 {
		return []byte{tag, byte(length)}
	}
	var octets []byte
	for n := length; n > 0; n >>= 8 {
		octets = append([]byte{byte(n)}, octets...)
	}
	return append([]byte{tag, 0x80 | byte(len(octets))}, octets...)
}
