package cert

import (
	"crypto/x509"
	"testing"

	"golang.org/x/crypto/cryptobyte/asn1"
)

// FuzzParse: no panic, nil on error, printable names, a reason for every
// missing key, and agreement with crypto/x509.
func FuzzParse(f *testing.F) {
	f.Add(valid(f).build(f))
	for _, change := range []func(*parts){
		func(p *parts) { p.serial = integer(-5) },
		func(p *parts) { p.version, p.spki = nil, spki(f, key(f, "p256").Public()) },
		func(p *parts) { p.spki = badKey(f, "explicit-curve") },
		func(p *parts) { p.spki = badKey(f, "dsa") },
		func(p *parts) { p.subject = name(oidCommonName, tagBMPString, "\x00A") },
		func(p *parts) { p.outer = algorithm(oidPSS, seq(explicit(2, integer(32)))) },
		func(p *parts) {
			p.extensions = join(
				extension(oidBasicConstraints, true, seq(isTrue, integer(0))),
				extension(oidKeyUsage, true, element(asn1.BIT_STRING, []byte{1, 6})),
				extension(oidExtendedKeyUsage, false, seq(oid("1.3.6.1.5.5.7.3.3"))),
				extension(oidNameConstraints, true, seq(explicit(0, seq([]byte{0x82, 1, 'a'})))),
				extension(oidApplicationPolicies, false, seq(seq(oid("1.2.3")))),
				extension(oidAuthorityKeyID, false, seq([]byte{0x80, 1, 1})),
				extension(oidSubjectKeyID, false, octets(1)))
		},
	} {
		p := valid(f)
		change(p)
		f.Add(p.build(f))
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := Parse(der)
		if err != nil {
			if c != nil {
				t.Fatal("a certificate and an error")
			}
			return
		}
		if (c.PublicKey == nil) != (c.KeyProblem != nil) {
			t.Fatalf("key %v, problem %v", c.PublicKey, c.KeyProblem)
		}
		if !printableText(c.Subject.String() + c.Issuer.String()) {
			t.Fatalf("unprintable name %q", c.Subject)
		}
		_ = c.CheckSignatureFrom(c)
		std, err := x509.ParseCertificate(der)
		if (err == nil) != (c.Lenient == nil) {
			t.Fatalf("crypto/x509 says %v, Lenient is %v", err, c.Lenient)
		}
		if err == nil && !std.IsCA && c.IsCA {
			t.Fatal("a CA that crypto/x509 does not see")
		}
	})
}

// FuzzParseAlgorithm: an algorithm without scheme never names a digest, and
// one with a salt length is PSS.
func FuzzParseAlgorithm(f *testing.F) {
	f.Add(algorithm("1.2.840.113549.1.1.11", null()))
	f.Add(algorithm(oidPSS, seq(explicit(2, integer(32)))))
	f.Add(algorithm(oidECDSASpecified, algorithm("2.16.840.1.101.3.4.2.1")))
	f.Fuzz(func(t *testing.T, der []byte) {
		a, err := ParseAlgorithm(der)
		if err != nil && a != (Algorithm{}) || a.Scheme == SchemeUnknown && a.Hash != 0 || (a.PSSSaltLength > 0) != (a.Scheme == PSS) {
			t.Fatalf("%+v, %v", a, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	der := valid(b).build(b)
	b.SetBytes(int64(len(der)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(der); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckSignature(b *testing.B) {
	c, err := Parse(valid(b).build(b))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(c.Raw)))
	for b.Loop() {
		if err := c.CheckSignatureFrom(c); err != nil {
			b.Fatal(err)
		}
	}
}
