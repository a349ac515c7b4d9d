package signtest

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
)

// The keys are embedded, so that importers in any folder reach them. They
// are made once by `go run ./authenticode/signtest/mkdata -new-keys`.
//
//go:embed keys/*.pem
var keyFiles embed.FS

// KeyNames lists the committed private keys. The part before the hyphen is
// the kind: rsa512 and rsa1024 are too weak to trust, p256, p384 and p521 are
// NIST curves.
func KeyNames() []string {
	return []string{
		"rsa512-1", "rsa1024-1",
		"rsa2048-1", "rsa2048-2", "rsa2048-3", "rsa2048-4", "rsa2048-5",
		"rsa2048-6", "rsa2048-7", "rsa2048-8", "rsa2048-9", "rsa2048-10",
		"rsa3072-1",
		"p256-1", "p256-2", "p256-3", "p384-1", "p521-1",
	}
}

// Key is a private key and the way in which its public half is written down.
type Key struct {
	rsa *rsaKey
	ec  *ecdsa.PrivateKey

	explicit  bool   // write the curve's parameters instead of its name
	generator []byte // uncompressed point in place of the curve's base point
}

// rsaKey holds plain numbers: crypto/rsa refuses to work with keys as weak
// as some of ours.
type rsaKey struct {
	n, e, d *big.Int

	p, q, dp, dq, qInv *big.Int // RFC 8017, section 3.2; nil in a forged key
}

var loadKeys = sync.OnceValue(func() map[string]*Key {
	keys := make(map[string]*Key)
	for _, name := range KeyNames() {
		text, err := keyFiles.ReadFile("keys/" + name + ".pem")
		if err != nil {
			panic("signtest: " + err.Error())
		}
		keys[name] = parseKey(name, text)
	}
	return keys
})

// NamedKey returns one of the keys of [KeyNames]. It panics on other names.
func NamedKey(name string) *Key {
	k, ok := loadKeys()[name]
	if !ok {
		panic(fmt.Sprintf("signtest: no key %q; there are %s", name, strings.Join(KeyNames(), ", ")))
	}
	return k
}

// parseKey reads PEM with an RSAPrivateKey (RFC 8017, appendix A.1.2) or an
// ECPrivateKey (RFC 5915) in it.
func parseKey(name string, text []byte) *Key {
	block, _ := pem.Decode(text)
	if block == nil {
		panic("signtest: keys/" + name + ".pem is not PEM")
	}
	if block.Type == "EC PRIVATE KEY" {
		k, err := x509.ParseECPrivateKey(block.Bytes)
		if err != nil {
			panic("signtest: keys/" + name + ".pem: " + err.Error())
		}
		return &Key{ec: k}
	}
	var k struct {
		Version                  int
		N, E, D, P, Q, DP, DQ, I *big.Int
	}
	if _, err := asn1.Unmarshal(block.Bytes, &k); err != nil {
		panic("signtest: keys/" + name + ".pem: " + err.Error())
	}
	return &Key{rsa: &rsaKey{n: k.N, e: k.E, d: k.D, p: k.P, q: k.Q, dp: k.DP, dq: k.DQ, qInv: k.I}}
}

// ExplicitCurve returns the same elliptic curve key, its curve written as
// explicit parameters instead of a name, which RFC 5480 forbids in
// certificates.
func (k *Key) ExplicitCurve() *Key {
	k.mustEC()
	return &Key{ec: k.ec, explicit: true}
}

// CurveBall forges a key with the same public point as k, for which the
// private scalar is known to be 1: the explicit parameters name k's point as
// the curve's base point (CVE-2020-0601). Signatures of the forged key hold
// for a reader that believes the parameters.
func (k *Key) CurveBall() *Key {
	k.mustEC()
	return &Key{ec: k.ec, explicit: true, generator: k.point()}
}

// ExponentOne returns an RSA key of the same modulus with public exponent 1:
// anybody can sign for it.
func (k *Key) ExponentOne() *Key {
	if k.rsa == nil {
		panic("signtest: ExponentOne needs an RSA key")
	}
	return &Key{rsa: &rsaKey{n: k.rsa.n, e: big.NewInt(1), d: big.NewInt(1)}}
}

func (k *Key) mustEC() {
	if k.ec == nil {
		panic("signtest: this needs an elliptic curve key")
	}
}

// PrivateKey returns the key for use with crypto: *rsa.PrivateKey or
// *ecdsa.PrivateKey. It panics for forged keys, which crypto cannot hold.
func (k *Key) PrivateKey() any {
	switch {
	case k.generator != nil:
		panic("signtest: a forged key has no form in crypto")
	case k.ec != nil:
		return k.ec
	}
	return &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: k.rsa.n, E: int(k.rsa.e.Int64())},
		D:         k.rsa.d,
	}
}

// point is the public key as an uncompressed point.
func (k *Key) point() []byte {
	pub, err := k.ec.PublicKey.ECDH()
	if err != nil {
		panic("signtest: " + err.Error())
	}
	return pub.Bytes()
}

// PublicKeyBits is the contents of the subjectPublicKey BIT STRING.
func (k *Key) PublicKeyBits() []byte {
	if k.ec != nil {
		return k.point()
	}
	return Sequence(BigInteger(k.rsa.n), BigInteger(k.rsa.e))
}

// SPKI is the DER SubjectPublicKeyInfo.
func (k *Key) SPKI() []byte {
	if k.rsa != nil {
		return Sequence(algorithmID(OIDRSAEncryption), BitString(k.PublicKeyBits()))
	}
	curve := OID(curveOID(k.ec.Curve))
	if k.explicit {
		curve = k.curveParameters()
	}
	return Sequence(Sequence(OID(OIDECPublicKey), curve), BitString(k.PublicKeyBits()))
}

// Identifier is the SHA-1 of the subjectPublicKey bits, method 1 of RFC 5280
// section 4.2.1.2.
func (k *Key) Identifier() []byte { return sum(crypto.SHA1, k.PublicKeyBits()) }

func curveOID(c elliptic.Curve) string {
	switch c {
	case elliptic.P256():
		return OIDP256
	case elliptic.P384():
		return OIDP384
	}
	return OIDP521
}

func ecdhCurve(c elliptic.Curve) ecdh.Curve {
	switch c {
	case elliptic.P256():
		return ecdh.P256()
	case elliptic.P384():
		return ecdh.P384()
	}
	return ecdh.P521()
}

// curveParameters encodes ECParameters (SEC 1, appendix C.2) of the key's
// curve, with the forged base point if there is one.
func (k *Key) curveParameters() []byte {
	c := k.ec.Curve.Params()
	size := (c.BitSize + 7) / 8
	fixed := func(n *big.Int) []byte { return n.FillBytes(make([]byte, size)) }
	a := new(big.Int).Sub(c.P, big.NewInt(3)) // all NIST prime curves have a = -3
	base := k.generator
	if base == nil {
		base = slices.Concat([]byte{4}, fixed(c.Gx), fixed(c.Gy))
	}
	return Sequence(
		Integer(1),
		Sequence(OID(OIDPrimeField), BigInteger(c.P)),
		Sequence(OctetString(fixed(a)), OctetString(fixed(c.B))),
		OctetString(base),
		BigInteger(c.N),
		Integer(1),
	)
}
