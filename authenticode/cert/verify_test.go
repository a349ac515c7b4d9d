package cert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"testing"
)

// One flipped bit anywhere in a signed certificate must not survive.
func TestEveryFlippedByteBreaksTheSignature(t *testing.T) {
	p := valid(t)
	p.subject = p.issuer
	p.extensions = extension(oidBasicConstraints, true, seq(isTrue))
	good := p.parse(t)
	if err := good.CheckSignatureFrom(good); err != nil {
		t.Fatal(err)
	}
	for i := range good.Raw {
		der := bytes.Clone(good.Raw)
		der[i] ^= 1 << (i % 8)
		if c, err := Parse(der); err == nil && c.CheckSignatureFrom(good) == nil {
			t.Errorf("byte %d of %d changed and the signature holds", i, len(der))
		}
	}
}

func TestCheckSignatureFrom(t *testing.T) {
	issuer := valid(t).parse(t)
	other := valid(t)
	other.spki = spki(t, key(t, "rsa1024").Public())
	elliptic := valid(t)
	elliptic.spki = spki(t, key(t, "p256").Public())
	tests := []struct {
		name   string
		change func(*parts)
		issuer *Certificate
		want   error
	}{
		{"SHA-256", func(*parts) {}, issuer, nil},
		{"SHA-1", func(p *parts) { signWith(p, "1.2.840.113549.1.1.5", crypto.SHA1) }, issuer, nil},
		{"SHA-1 by the OIW", func(p *parts) { signWith(p, "1.3.14.3.2.29", crypto.SHA1) }, issuer, nil},
		{"MD5", func(p *parts) { signWith(p, "1.2.840.113549.1.1.4", crypto.MD5) }, issuer, nil},
		{"SHA-512", func(p *parts) { signWith(p, "1.2.840.113549.1.1.13", crypto.SHA512) }, issuer, nil},
		{"MD2", func(p *parts) { signWith(p, "1.2.840.113549.1.1.2", crypto.MD5) }, issuer, ErrUnsupportedAlgorithm},
		{"DSA", func(p *parts) { signWith(p, "1.2.840.10040.4.3", crypto.SHA1) }, issuer, ErrUnsupportedAlgorithm},
		{"bare rsaEncryption", func(p *parts) { signWith(p, oidRSA, crypto.SHA256) }, issuer, ErrUnsupportedAlgorithm},
		{"digest other than named", func(p *parts) { p.hash = crypto.SHA1 }, issuer, ErrSignature},
		{"another key", func(*parts) {}, other.parse(t), ErrSignature},
		{"key of another kind", func(*parts) {}, elliptic.parse(t), ErrKeyMismatch},
		{"inner algorithm differs", func(p *parts) { p.inner = algorithm("1.2.840.113549.1.1.5", null()) }, issuer, ErrAlgorithmMismatch},
		{"inner parameters differ", func(p *parts) { p.inner = algorithm("1.2.840.113549.1.1.11") }, issuer, ErrAlgorithmMismatch},
		{"issuer not parsed", func(*parts) {}, &Certificate{}, ErrBadKey},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := valid(t)
			test.change(p)
			if err := p.parse(t).CheckSignatureFrom(test.issuer); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	if err := (&Certificate{}).CheckSignatureFrom(issuer); err == nil {
		t.Error("the zero certificate is signed")
	}
}

func signWith(p *parts, oid string, hash crypto.Hash) {
	p.inner, p.outer, p.hash = algorithm(oid, null()), algorithm(oid, null()), hash
}

func TestVerify(t *testing.T) {
	rsaKey := key(t, "rsa2048").(*rsa.PrivateKey)
	ecKey := key(t, "p384").(*ecdsa.PrivateKey)
	digest := sum(crypto.SHA384, []byte("signed"))
	block, err := rsa.SignPKCS1v15(nil, rsaKey, crypto.SHA384, digest)
	if err != nil {
		t.Fatal(err)
	}
	pss, err := rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA384, digest, &rsa.PSSOptions{SaltLength: 48})
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecKey.Sign(nil, digest, crypto.SHA384)
	if err != nil {
		t.Fatal(err)
	}
	v15 := Algorithm{Scheme: PKCS1v15, Hash: crypto.SHA384}
	pss48 := Algorithm{Scheme: PSS, Hash: crypto.SHA384, PSSSaltLength: 48}
	ecdsa384 := Algorithm{Scheme: ECDSA, Hash: crypto.SHA384}
	tests := []struct {
		name      string
		pub       crypto.PublicKey
		algorithm Algorithm
		digest    []byte
		signature []byte
		want      error
	}{
		{"PKCS #1 v1.5", rsaKey.Public(), v15, digest, block, nil},
		{"PSS", rsaKey.Public(), pss48, digest, pss, nil},
		{"ECDSA", ecKey.Public(), ecdsa384, digest, ec, nil},
		{"PSS with other salt length", rsaKey.Public(), Algorithm{Scheme: PSS, Hash: crypto.SHA384, PSSSaltLength: 20}, digest, pss, ErrSignature},
		{"PSS with any salt length", rsaKey.Public(), Algorithm{Scheme: PSS, Hash: crypto.SHA384}, digest, pss, ErrUnsupportedAlgorithm},
		{"PSS with negative salt length", rsaKey.Public(), Algorithm{Scheme: PSS, Hash: crypto.SHA384, PSSSaltLength: -1}, digest, pss, ErrUnsupportedAlgorithm},
		{"PSS as v1.5", rsaKey.Public(), v15, digest, pss, ErrSignature},
		{"v1.5 as PSS", rsaKey.Public(), pss48, digest, block, ErrSignature},
		{"scheme unknown", rsaKey.Public(), Algorithm{Hash: crypto.SHA384}, digest, block, ErrUnsupportedAlgorithm},
		{"scheme from the future", rsaKey.Public(), Algorithm{Scheme: 99, Hash: crypto.SHA384}, digest, block, ErrKeyMismatch},
		{"no digest named", rsaKey.Public(), Algorithm{Scheme: PKCS1v15}, digest, block, ErrUnsupportedAlgorithm},
		{"digest not linked", rsaKey.Public(), Algorithm{Scheme: PKCS1v15, Hash: crypto.BLAKE2b_512}, digest, block, ErrUnsupportedAlgorithm},
		{"digest of another length", rsaKey.Public(), v15, digest[:32], block, ErrSignature},
		{"no digest", rsaKey.Public(), v15, nil, block, ErrSignature},
		{"no signature", rsaKey.Public(), v15, digest, nil, ErrSignature},
		{"signature padded", rsaKey.Public(), v15, digest, append([]byte{0}, block...), ErrSignature},
		{"ECDSA trailing byte", ecKey.Public(), ecdsa384, digest, append(bytes.Clone(ec), 0), ErrSignature},
		{"ECDSA zeros", ecKey.Public(), ecdsa384, digest, []byte{0x30, 6, 2, 1, 0, 2, 1, 0}, ErrSignature},
		{"RSA algorithm, EC key", ecKey.Public(), v15, digest, block, ErrKeyMismatch},
		{"EC algorithm, RSA key", rsaKey.Public(), ecdsa384, digest, ec, ErrKeyMismatch},
		{"no key", nil, v15, digest, block, ErrUnsupportedKey},
		{"private key", rsaKey, v15, digest, block, ErrUnsupportedKey},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := Verify(test.pub, test.algorithm, test.digest, test.signature); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestVerifyBareDigest(t *testing.T) {
	rsaKey := key(t, "rsa2048").(*rsa.PrivateKey)
	digest := sum(crypto.SHA1, []byte("time-stamp"))
	bare, err := rsa.SignPKCS1v15(nil, rsaKey, 0, digest)
	if err != nil {
		t.Fatal(err)
	}
	info, err := rsa.SignPKCS1v15(nil, rsaKey, crypto.SHA1, digest)
	if err != nil {
		t.Fatal(err)
	}
	short, err := rsa.SignPKCS1v15(nil, rsaKey, 0, digest[:4])
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name      string
		pub       crypto.PublicKey
		digest    []byte
		signature []byte
		want      error
	}{
		{"bare", rsaKey.Public(), digest, bare, nil},
		{"with DigestInfo", rsaKey.Public(), digest, info, ErrSignature},
		{"another digest", rsaKey.Public(), sum(crypto.SHA1, nil), bare, ErrSignature},
		{"no digest", rsaKey.Public(), nil, bare, ErrUnsupportedAlgorithm},
		{"four bytes", rsaKey.Public(), digest[:4], short, ErrUnsupportedAlgorithm},
		{"elliptic curve", key(t, "p256").Public(), digest, bare, ErrKeyMismatch},
		{"no key", nil, digest, bare, ErrKeyMismatch},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := VerifyBareDigest(test.pub, test.digest, test.signature); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	v15 := Algorithm{Scheme: PKCS1v15, Hash: crypto.SHA1}
	if err := Verify(rsaKey.Public(), v15, digest, bare); !errors.Is(err, ErrSignature) {
		t.Errorf("Verify takes a bare digest: %v", err)
	}
}
