package cert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

//go:embed testdata/keys.pem
var keysPEM string

//go:embed testdata/badkeys.pem
var badKeysPEM string

// key is the named private key of testdata/keys.pem.
func key(t testing.TB, name string) crypto.Signer {
	t.Helper()
	k, err := x509.ParsePKCS8PrivateKey(block(t, keysPEM, name))
	if err != nil {
		t.Fatalf("key %s: %v", name, err)
	}
	return k.(crypto.Signer)
}

// badKey is the named SubjectPublicKeyInfo of testdata/badkeys.pem.
func badKey(t testing.TB, name string) []byte { return block(t, badKeysPEM, name) }

func block(t testing.TB, file, name string) []byte {
	t.Helper()
	_, rest, found := strings.Cut(file, "\n"+name+"\n")
	b, _ := pem.Decode([]byte(rest))
	if !found || b == nil {
		t.Fatalf("no block %s", name)
	}
	return b.Bytes
}

func spki(t testing.TB, pub crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// parts are the encoded fields of a certificate, to be replaced one by one.
// Each holds a complete element, or several, or nothing.
type parts struct {
	version, serial, inner, issuer, validity, subject, spki, extensions, tail []byte
	outer                                                                     []byte
	unused                                                                    byte // unused bits of the signature
	signer                                                                    crypto.Signer
	hash                                                                      crypto.Hash
	after                                                                     []byte // behind the signature
}

// valid is an ordinary version 3 leaf, signed by rsa2048 with SHA-256.
func valid(t testing.TB) *parts {
	signer := key(t, "rsa2048")
	return &parts{
		version:    explicit(0, integer(2)),
		serial:     integer(7),
		inner:      algorithm("1.2.840.113549.1.1.11", null()),
		outer:      algorithm("1.2.840.113549.1.1.11", null()),
		issuer:     name(oidOrganization, asn1.UTF8String, "Issuer"),
		validity:   validity("200101000000Z", "300101000000Z"),
		subject:    name(oidCommonName, asn1.UTF8String, "Subject"),
		spki:       spki(t, signer.Public()),
		signer:     signer,
		hash:       crypto.SHA256,
		extensions: nil,
	}
}

func (p *parts) build(t testing.TB) []byte {
	t.Helper()
	tail := p.tail
	if p.extensions != nil {
		tail = explicit(3, seq(p.extensions))
	}
	tbs := seq(p.version, p.serial, p.inner, p.issuer, p.validity, p.subject, p.spki, tail)
	return seq(tbs, p.outer, element(asn1.BIT_STRING, append([]byte{p.unused}, p.sign(t, tbs)...)), p.after)
}

func (p *parts) sign(t testing.TB, tbs []byte) []byte {
	t.Helper()
	var sig []byte
	var err error
	switch k := p.signer.(type) {
	case *rsa.PrivateKey:
		sig, err = rsa.SignPKCS1v15(nil, k, p.hash, sum(p.hash, tbs))
	case *ecdsa.PrivateKey:
		sig, err = k.Sign(nil, sum(p.hash, tbs), p.hash)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func (p *parts) parse(t testing.TB) *Certificate {
	t.Helper()
	c, err := Parse(p.build(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The encoders below are independent of the reader: tag, length, content.

func element(tag asn1.Tag, contents ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, c := range contents {
			b.AddBytes(c)
		}
	})
	return b.BytesOrPanic()
}

func seq(contents ...[]byte) []byte { return element(asn1.SEQUENCE, contents...) }

func explicit(n uint8, contents ...[]byte) []byte {
	return element(asn1.Tag(n).ContextSpecific().Constructed(), contents...)
}

func null() []byte { return element(asn1.NULL) }

func integer(n int64) []byte {
	var b cryptobyte.Builder
	b.AddASN1Int64(n)
	return b.BytesOrPanic()
}

func octets(content ...byte) []byte { return element(asn1.OCTET_STRING, content) }

func oid(dotted string) []byte {
	var arcs []int
	for _, a := range strings.Split(dotted, ".") {
		n := 0
		for _, digit := range a {
			n = 10*n + int(digit-'0')
		}
		arcs = append(arcs, n)
	}
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(arcs)
	return b.BytesOrPanic()
}

func algorithm(dotted string, params ...[]byte) []byte {
	return seq(append([][]byte{oid(dotted)}, params...)...)
}

func name(dotted string, tag asn1.Tag, value string) []byte {
	return seq(element(asn1.SET, seq(oid(dotted), element(tag, []byte(value)))))
}

func validity(from, to string) []byte {
	return seq(element(asn1.UTCTime, []byte(from)), element(asn1.UTCTime, []byte(to)))
}

func extension(dotted string, critical bool, value ...[]byte) []byte {
	var flag []byte
	if critical {
		flag = []byte{1, 1, 0xff}
	}
	return seq(oid(dotted), flag, element(asn1.OCTET_STRING, value...))
}

func join(all ...[]byte) []byte {
	var out []byte
	for _, b := range all {
		out = append(out, b...)
	}
	return out
}
