package cert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Why a signature does not hold.
var (
	// ErrSignature: the mathematics fails; another key signed, or the signed
	// bytes changed.
	ErrSignature = errors.New("signature does not match")
	// ErrAlgorithmMismatch: the signed and the unsigned copy of the signature
	// algorithm of a certificate differ (RFC 5280, section 4.1.1.2).
	ErrAlgorithmMismatch = errors.New("inner and outer signature algorithm differ")
	// ErrKeyMismatch: the algorithm is for another kind of key.
	ErrKeyMismatch = errors.New("signature algorithm does not fit the key")
)

// CheckSignatureFrom checks that the key of issuer signed c:
//
//  1. the key of issuer can be used (its KeyProblem is the error otherwise);
//  2. the algorithm inside the signed part is that outside of it;
//  3. the algorithm is supported, MD5 and SHA-1 included;
//  4. the signature over RawTBS holds.
//
// It is mathematics only. Names, validity, CA flags and the strength of the
// digest are not looked at: they are for package trust.
func (c *Certificate) CheckSignatureFrom(issuer *Certificate) error {
	if issuer.PublicKey == nil {
		if issuer.KeyProblem == nil { // not from Parse
			return fmt.Errorf("key of the issuer: %w", ErrBadKey)
		}
		return fmt.Errorf("key of the issuer: %w", issuer.KeyProblem)
	}
	inner, outer, ok := c.rawAlgorithms()
	if !ok {
		return syntax("signature algorithm")
	}
	if !bytes.Equal(inner, outer) {
		return ErrAlgorithmMismatch
	}
	_, digest, err := c.TBSHash()
	if err != nil {
		return err
	}
	return Verify(issuer.PublicKey, c.SignatureAlgorithm, digest, c.Signature)
}

// rawAlgorithms reads both copies of the signature algorithm again, so that no
// zero value of a field can stand for "they agree".
func (c *Certificate) rawAlgorithms() (inner, outer cryptobyte.String, ok bool) {
	s := cryptobyte.String(c.Raw)
	var body, tbs cryptobyte.String
	ok = s.ReadASN1(&body, asn1.SEQUENCE) &&
		body.ReadASN1(&tbs, asn1.SEQUENCE) &&
		body.ReadASN1Element(&outer, asn1.SEQUENCE) &&
		tbs.SkipOptionalASN1(tagVersion) &&
		tbs.SkipASN1(asn1.INTEGER) &&
		tbs.ReadASN1Element(&inner, asn1.SEQUENCE)
	return inner, outer, ok
}

// Verify checks a signature over a digest that was made with alg.Hash. The
// error wraps ErrUnsupportedAlgorithm, ErrKeyMismatch or ErrSignature.
func Verify(pub crypto.PublicKey, alg Algorithm, digest, signature []byte) error {
	if alg.Scheme == SchemeUnknown || alg.Hash == 0 || !alg.Hash.Available() {
		return fmt.Errorf("%s: %w", alg, ErrUnsupportedAlgorithm)
	}
	if len(digest) != alg.Hash.Size() {
		return fmt.Errorf("digest of %d bytes is no %s: %w", len(digest), alg.Hash, ErrSignature)
	}
	var holds bool
	switch key := pub.(type) {
	case *rsa.PublicKey:
		switch alg.Scheme {
		case PKCS1v15:
			holds = rsa.VerifyPKCS1v15(key, alg.Hash, digest, signature) == nil
		case PSS:
			if alg.PSSSaltLength < 1 {
				return fmt.Errorf("%s with salt length %d: %w", alg, alg.PSSSaltLength, ErrUnsupportedAlgorithm)
			}
			options := &rsa.PSSOptions{SaltLength: alg.PSSSaltLength}
			holds = rsa.VerifyPSS(key, alg.Hash, digest, signature, options) == nil
		default:
			return fmt.Errorf("%s with an RSA key: %w", alg, ErrKeyMismatch)
		}
	case *ecdsa.PublicKey:
		if alg.Scheme != ECDSA {
			return fmt.Errorf("%s with an elliptic curve key: %w", alg, ErrKeyMismatch)
		}
		holds = ecdsa.VerifyASN1(key, digest, signature)
	default:
		return fmt.Errorf("%s: %w", alg, ErrUnsupportedKey)
	}
	if !holds {
		return fmt.Errorf("%s: %w", alg, ErrSignature)
	}
	return nil
}

// VerifyBareDigest checks a PKCS #1 v1.5 signature block that holds the digest
// itself where RFC 8017 wants a DigestInfo around it. Counter-signatures of
// one large time-stamping service are made so (rule L3); nothing else is, and
// nobody else may ask for this form. The digest must have the length of one.
func VerifyBareDigest(pub crypto.PublicKey, digest, signature []byte) error {
	key, ok := pub.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("bare digest: %w", ErrKeyMismatch)
	}
	switch len(digest) {
	case 16, 20, 32, 48, 64: // MD5, SHA-1, SHA-256, SHA-384, SHA-512
	default:
		return fmt.Errorf("bare digest of %d bytes: %w", len(digest), ErrUnsupportedAlgorithm)
	}
	if rsa.VerifyPKCS1v15(key, crypto.Hash(0), digest, signature) != nil {
		return fmt.Errorf("bare digest: %w", ErrSignature)
	}
	return nil
}

func sum(h crypto.Hash, data []byte) []byte {
	w := h.New()
	w.Write(data)
	return w.Sum(nil)
}
