package cert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"math/big"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

func rsaSPKI(n, e *big.Int) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1BigInt(n); b.AddASN1BigInt(e) })
	return seq(algorithm(oidRSA, null()), element(asn1.BIT_STRING, []byte{0}, b.BytesOrPanic()))
}

func ecSPKI(curve string, point []byte) []byte {
	return seq(algorithm(oidEC, oid(curve)), element(asn1.BIT_STRING, []byte{0}, point))
}

func TestUnusableKeysSayWhy(t *testing.T) {
	n := key(t, "rsa2048").Public().(*rsa.PublicKey).N
	p256 := key(t, "p256").Public().(*ecdsa.PublicKey)
	point, err := p256.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	offCurve := bytes.Clone(point)
	offCurve[64] ^= 1
	compressed := append([]byte{2}, point[1:33]...)
	odd := func(bits uint) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return n.SetBit(n, 0, 1)
	}
	e := big.NewInt(65537)
	whole := spki(t, key(t, "rsa2048").Public())
	tests := []struct {
		name string
		spki []byte
		want error
	}{
		{"explicit curve", badKey(t, "explicit-curve"), ErrExplicitCurve},
		{"DSA", badKey(t, "dsa"), ErrUnsupportedKey},
		{"P-224", badKey(t, "p224"), ErrUnsupportedKey},
		{"Ed25519", badKey(t, "ed25519"), ErrUnsupportedKey},
		{"RSA 512", badKey(t, "rsa512"), ErrWeakKey},
		{"RSA 1023", rsaSPKI(odd(1023), e), ErrWeakKey},
		{"RSA 8193", rsaSPKI(odd(8193), e), ErrHugeKey},
		{"RSA 16384", rsaSPKI(odd(16384), e), ErrHugeKey},
		{"RSA e=1", rsaSPKI(n, big.NewInt(1)), ErrBadKey},
		{"RSA e=0", rsaSPKI(n, big.NewInt(0)), ErrBadKey},
		{"RSA e=-3", rsaSPKI(n, big.NewInt(-3)), ErrBadKey},
		{"RSA e even", rsaSPKI(n, big.NewInt(65536)), ErrBadKey},
		{"RSA e huge", rsaSPKI(n, odd(33)), ErrHugeKey},
		{"RSA modulus even", rsaSPKI(new(big.Int).Lsh(n, 1), e), ErrBadKey},
		{"RSA modulus negative", rsaSPKI(new(big.Int).Neg(n), e), ErrBadKey},
		{"RSA modulus zero", rsaSPKI(new(big.Int), e), ErrBadKey},
		{"RSA parameters", seq(algorithm(oidRSA, integer(1)), whole[len(whole)-275:]), ErrBadKey},
		{"RSA trailing data", seq(algorithm(oidRSA, null()), element(asn1.BIT_STRING, []byte{0}, seq(integer(1), integer(3)), null())), ErrBadKey},
		{"unused bits", seq(algorithm(oidRSA, null()), element(asn1.BIT_STRING, []byte{4, 0x30, 0x00})), ErrBadKey},
		{"point off the curve", ecSPKI("1.2.840.10045.3.1.7", offCurve), ErrBadKey},
		{"compressed point", ecSPKI("1.2.840.10045.3.1.7", compressed), ErrBadKey},
		{"point at infinity", ecSPKI("1.2.840.10045.3.1.7", []byte{0}), ErrBadKey},
		{"point of another curve", ecSPKI("1.3.132.0.34", point), ErrBadKey},
		{"implicit curve", seq(algorithm(oidEC, null()), element(asn1.BIT_STRING, []byte{0}, point)), ErrBadKey},
		{"secp256k1", ecSPKI("1.3.132.0.10", point), ErrUnsupportedKey},
		{"RSASSA-PSS", seq(algorithm(oidPSS), element(asn1.BIT_STRING, []byte{0})), ErrUnsupportedKey},
		{"unknown", seq(algorithm("1.2.3.4"), element(asn1.BIT_STRING, []byte{0})), ErrUnsupportedKey},
		{"empty", seq(), ErrBadKey},
		{"nothing behind the algorithm", seq(algorithm(oidRSA, null())), ErrBadKey},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := valid(t)
			p.spki = test.spki
			c := p.parse(t)
			if c.PublicKey != nil || !errors.Is(c.KeyProblem, test.want) {
				t.Errorf("key %T, problem %v; want none and %v", c.PublicKey, c.KeyProblem, test.want)
			}
			leaf := valid(t).parse(t)
			if err := leaf.CheckSignatureFrom(c); !errors.Is(err, test.want) {
				t.Errorf("signature check says %v, want %v", err, test.want)
			}
		})
	}
}

func TestUsableKeys(t *testing.T) {
	for _, name := range []string{"rsa2048", "rsa1024", "p256", "p384", "p521"} {
		p := valid(t)
		p.spki = spki(t, key(t, name).Public())
		if c := p.parse(t); c.PublicKey == nil || c.KeyProblem != nil || c.Lenient != nil {
			t.Errorf("%s: %v, %v", name, c.KeyProblem, c.Lenient)
		}
	}
}
