package cert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Why a public key cannot be used; KeyProblem wraps one of them.
var (
	// ErrUnsupportedKey: an algorithm or curve that Windows code signing does
	// not use (DSA, Ed25519, P-224 …).
	ErrUnsupportedKey = errors.New("unsupported public key")
	// ErrBadKey: the bytes are no key of their algorithm.
	ErrBadKey = errors.New("malformed public key")
	// ErrExplicitCurve: the elliptic curve is spelt out instead of named. Who
	// may choose the generator can forge any signature (CVE-2020-0601).
	ErrExplicitCurve = errors.New("explicit elliptic curve parameters (CVE-2020-0601)")
	// ErrWeakKey: RSA below 1024 bits, blocked by Windows since KB2661254
	// (rule 118).
	ErrWeakKey = errors.New("key too short")
	// ErrHugeKey: RSA above 8192 bits, or with an exponent above 31 bits. No
	// certificate in use has more than 4096 bits, and one signature with
	// 16384, the most that CryptoAPI imports, takes as long to check as three
	// hundred ordinary ones: whoever sends a message could make it cost minutes.
	ErrHugeKey = errors.New("key too long")
)

const (
	minRSABits = 1024
	maxRSABits = 8192
	maxRSAExp  = 1<<31 - 1 // what crypto/rsa takes

	oidRSA = "1.2.840.113549.1.1.1"
	oidEC  = "1.2.840.10045.2.1"
)

// curves holds the named curves that Windows' own certificates use (RFC 5480).
var curves = map[string]elliptic.Curve{
	"1.2.840.10045.3.1.7": elliptic.P256(),
	"1.3.132.0.34":        elliptic.P384(),
	"1.3.132.0.35":        elliptic.P521(),
}

// otherKeys names the key algorithms that are recognised and not supported.
var otherKeys = map[string]string{
	"1.2.840.10040.4.1":     "DSA",
	"1.2.840.113549.1.1.10": "RSASSA-PSS",
	"1.3.14.3.2.12":         "DSA",
	"1.3.101.110":           "X25519",
	"1.3.101.112":           "Ed25519",
	"1.3.101.113":           "Ed448",
}

// parseKey reads a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7). The key
// is *rsa.PublicKey or *ecdsa.PublicKey, and nil exactly if the error is not.
func parseKey(spki cryptobyte.String) (crypto.PublicKey, error) {
	var seq, algorithm, bits cryptobyte.String
	if !spki.ReadASN1(&seq, asn1.SEQUENCE) || !spki.Empty() ||
		!seq.ReadASN1(&algorithm, asn1.SEQUENCE) ||
		!seq.ReadASN1(&bits, asn1.BIT_STRING) || !seq.Empty() {
		return nil, ErrBadKey
	}
	oid, ok := readOID(&algorithm)
	if !ok {
		return nil, ErrBadKey
	}
	key, err := wholeOctets(bits)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	switch oid {
	case oidRSA:
		return parseRSA(algorithm, key)
	case oidEC:
		return parseEC(algorithm, key)
	}
	if name := otherKeys[oid]; name != "" {
		return nil, fmt.Errorf("%s: %w", name, ErrUnsupportedKey)
	}
	return nil, fmt.Errorf("algorithm %s: %w", oid, ErrUnsupportedKey)
}

// parseRSA reads an RSAPublicKey (RFC 8017, appendix A.1.1). The parameters
// must be NULL by RFC 3279 and may be missing, as some issuers leave them out.
func parseRSA(params, key cryptobyte.String) (crypto.PublicKey, error) {
	if !nullOrAbsent(params) {
		return nil, fmt.Errorf("RSA parameters: %w", ErrBadKey)
	}
	n, e := new(big.Int), new(big.Int)
	var seq cryptobyte.String
	if !key.ReadASN1(&seq, asn1.SEQUENCE) || !key.Empty() ||
		!seq.ReadASN1Integer(n) || !seq.ReadASN1Integer(e) || !seq.Empty() {
		return nil, fmt.Errorf("RSA: %w", ErrBadKey)
	}
	switch bits := n.BitLen(); {
	case n.Sign() <= 0 || n.Bit(0) == 0:
		return nil, fmt.Errorf("RSA modulus is not a positive odd number: %w", ErrBadKey)
	case bits < minRSABits:
		return nil, fmt.Errorf("RSA of %d bits: %w (at least %d)", bits, ErrWeakKey, minRSABits)
	case bits > maxRSABits:
		return nil, fmt.Errorf("RSA of %d bits: %w (at most %d)", bits, ErrHugeKey, maxRSABits)
	case e.Sign() <= 0 || e.Bit(0) == 0 || e.BitLen() < 2:
		return nil, fmt.Errorf("RSA exponent is not an odd number above 1: %w", ErrBadKey)
	case e.Cmp(big.NewInt(maxRSAExp)) > 0:
		return nil, fmt.Errorf("RSA exponent of %d bits: %w", e.BitLen(), ErrHugeKey)
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

// parseEC reads an uncompressed point on a named curve (RFC 5480, section 2).
func parseEC(params, key cryptobyte.String) (crypto.PublicKey, error) {
	if params.PeekASN1Tag(asn1.SEQUENCE) {
		return nil, ErrExplicitCurve
	}
	oid, ok := readOID(&params)
	if !ok || !params.Empty() {
		return nil, fmt.Errorf("elliptic curve name: %w", ErrBadKey)
	}
	curve := curves[oid]
	if curve == nil {
		return nil, fmt.Errorf("elliptic curve %s: %w", oid, ErrUnsupportedKey)
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(curve, key)
	if err != nil {
		return nil, fmt.Errorf("elliptic curve point: %w", ErrBadKey)
	}
	return pub, nil
}

// nullOrAbsent reports whether algorithm parameters are NULL or left out: for
// RSA the first is required, for others the second, and issuers mix them up.
func nullOrAbsent(params cryptobyte.String) bool {
	var null cryptobyte.String
	return params.Empty() || params.ReadASN1(&null, asn1.NULL) && null.Empty() && params.Empty()
}
