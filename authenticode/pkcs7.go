package authenticode

import (
	"bytes"
	"fmt"

	"go.mozilla.org/pkcs7"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/cert"
	"prestage/authenticode/winerror"
)

// maxDepth bounds how deep the elements inside signed attributes nest. The
// PKCS#7 library walks them recursively and has no bound of its own; real ones
// are six deep.
const maxDepth = 32

// crossCheck has the PKCS#7 library read the same signer and compares. The two
// readers share no code, so a message on which they disagree is made to mean
// two things, and is refused.
//
// The library gets a small message: no content (it would be copied several
// times over), no certificate but the signer's (one that crypto/x509 refuses
// would fail all), no unsigned attributes (they hold whole other messages).
// Its Verify is not asked: it demands that a claimed signing time lie in the
// certificate's validity, which is not Windows' rule, and knows neither
// ecPublicKey nor PSS.
func crossCheck(sd *signedData, si *signerInfo, signer *cert.Certificate, content []byte) *Problem {
	if err := checkDepth(si.signedRaw, maxDepth); err != nil {
		return problem(winerror.CryptBadMessage, "signed attributes: "+err.Error())
	}
	small, err := sd.small(si, signer)
	if err != nil {
		return disagree("rebuilding the message: " + err.Error())
	}
	p7, err := pkcs7.Parse(small)
	if err != nil {
		return disagree(err.Error())
	}
	// Parse drops the error of its decoder and then has no signers: asking for
	// one is what tells.
	if len(p7.Signers) != 1 {
		return disagree(fmt.Sprintf("it finds %d signers", len(p7.Signers)))
	}
	p7.Content = content
	return compare(p7, si, signer)
}

func disagree(detail string) *Problem {
	return problem(winerror.CryptBadMessage, "the second PKCS#7 reader disagrees: "+detail)
}

// compare checks field by field that the library read what we read.
func compare(p7 *pkcs7.PKCS7, si *signerInfo, signer *cert.Certificate) *Problem {
	got := &p7.Signers[0]
	switch {
	case int64(got.Version) != si.version:
		return disagree("version")
	case !bytes.Equal(got.IssuerAndSerialNumber.IssuerName.FullBytes, si.issuer):
		return disagree("issuer")
	case got.IssuerAndSerialNumber.SerialNumber == nil || got.IssuerAndSerialNumber.SerialNumber.Cmp(si.serial) != 0:
		return disagree("serial number")
	case got.DigestAlgorithm.Algorithm.String() != si.digest.oid:
		return disagree("digest algorithm")
	case got.DigestEncryptionAlgorithm.Algorithm.String() != si.signatureAlgorithm().OID:
		return disagree("signature algorithm")
	case !bytes.Equal(got.EncryptedDigest, si.encryptedDigest):
		return disagree("signature value")
	case len(got.AuthenticatedAttributes) != len(si.signedAttrs):
		return disagree("number of signed attributes")
	case len(got.UnauthenticatedAttributes) != 0:
		return disagree("unsigned attributes")
	}
	for i, a := range got.AuthenticatedAttributes {
		if want := si.signedAttrs[i]; a.Type.String() != want.oid || !bytes.Equal(a.Value.FullBytes, want.set) {
			return disagree("signed attribute " + want.oid)
		}
	}
	var digest []byte
	want, ok := messageDigestOf(si.signedAttrs)
	if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeMessageDigest, &digest); err != nil || !ok || !bytes.Equal(digest, want) {
		return disagree("message digest")
	}
	if signer.Lenient != nil {
		return nil // crypto/x509 refuses it, so the library never saw it
	}
	if only := p7.GetOnlySigner(); only == nil || !bytes.Equal(only.Raw, signer.Raw) {
		return disagree("the signer's certificate")
	}
	return nil
}

// small encodes a SignedData with one SignerInfo, no content and no unsigned
// attributes.
func (sd *signedData) small(si *signerInfo, signer *cert.Certificate) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addOID(b, pkcs7.OIDSignedData)
		b.AddASN1(explicit0, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(sd.version)
				b.AddBytes(sd.digestsDER)
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { addOID(b, pkcs7.OIDData) })
				if signer.Lenient == nil {
					b.AddASN1(explicit0, func(b *cryptobyte.Builder) { b.AddBytes(signer.Raw) })
				}
				b.AddASN1(asn1.SET, si.encode)
			})
		})
	})
	return b.Bytes()
}

// encode writes the SignerInfo without its unsigned attributes.
func (si *signerInfo) encode(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(si.version)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(si.issuer)
			b.AddASN1BigInt(si.serial)
		})
		b.AddBytes(si.digest.element)
		b.AddASN1(explicit0, func(b *cryptobyte.Builder) { b.AddBytes(si.signedRaw) })
		b.AddBytes(si.signatureAlg)
		b.AddASN1OctetString(si.encryptedDigest)
	})
}

func addOID(b *cryptobyte.Builder, oid []int) { b.AddASN1ObjectIdentifier(oid) }

// checkDepth walks the elements in der and fails when constructed ones nest
// deeper than max.
func checkDepth(der cryptobyte.String, max int) error {
	for !der.Empty() {
		var inner cryptobyte.String
		var tag asn1.Tag
		if !der.ReadAnyASN1(&inner, &tag) {
			return errMalformed
		}
		if tag&0x20 == 0 {
			continue
		}
		if max == 0 {
			return ErrTooDeep
		}
		if err := checkDepth(inner, max-1); err != nil {
			return err
		}
	}
	return nil
}
