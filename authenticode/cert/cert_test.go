package cert

import (
	"bytes"
	"crypto"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte/asn1"
)

func TestParseOrdinary(t *testing.T) {
	c := valid(t).parse(t)
	if c.Lenient != nil || c.KeyProblem != nil || c.PublicKey == nil {
		t.Fatalf("lenient %v, key problem %v", c.Lenient, c.KeyProblem)
	}
	if c.Version != 3 || c.Serial.Cmp(big.NewInt(7)) != 0 || c.SelfIssued() {
		t.Errorf("version %d, serial %v, self-issued %v", c.Version, c.Serial, c.SelfIssued())
	}
	if got := c.Subject.String() + "|" + c.Issuer.String(); got != "CN=Subject|O=Issuer" {
		t.Errorf("names %s", got)
	}
	if c.HasEKU || c.HasKeyUsage || c.HasBasicConstraints || c.IsCA || c.MaxPathLen != -1 {
		t.Errorf("a certificate without extensions has some: %+v", c)
	}
	h, digest, err := c.TBSHash()
	if err != nil || h != crypto.SHA256 || !bytes.Equal(digest, sum(crypto.SHA256, c.RawTBS)) {
		t.Errorf("TBS hash %v %x %v", h, digest, err)
	}
}

// What crypto/x509 refuses and Windows reads: the certificate is complete, and
// Lenient has the reason.
func TestParseLenient(t *testing.T) {
	minusFive := big.NewInt(-5)
	tests := []struct {
		name   string
		change func(*parts)
		check  func(*Certificate) bool
	}{
		{"negative serial", func(p *parts) { p.serial = integer(-5) },
			func(c *Certificate) bool { return c.Serial.Cmp(minusFive) == 0 }},
		{"long negative serial", func(p *parts) { p.serial = element(asn1.INTEGER, []byte{0x80}, make([]byte, 15)) },
			func(c *Certificate) bool { return c.Serial.BitLen() == 128 && c.Serial.Sign() < 0 }},
		{"padded serial", func(p *parts) { p.serial = element(asn1.INTEGER, []byte{0, 0, 9}) },
			func(c *Certificate) bool { return c.Serial.Int64() == 9 }},
		{"bad PrintableString", func(p *parts) { p.subject = name(oidCommonName, asn1.PrintableString, "a_b@c") },
			func(c *Certificate) bool { return c.Subject.CommonName() == "a_b@c" }},
		{"bad UTF-8", func(p *parts) { p.subject = name(oidCommonName, asn1.UTF8String, "a\xffb") },
			func(c *Certificate) bool { return c.Subject.CommonName() == "a\ufffdb" }},
		{"UniversalString", func(p *parts) { p.subject = name(oidCommonName, tagUniversalString, "\x00\x00\x00A\x00\x01\xf6\x00") },
			func(c *Certificate) bool { return c.Subject.CommonName() == "A\U0001f600" }},
		{"name is no string", func(p *parts) { p.subject = name(oidCommonName, asn1.OCTET_STRING, "x") },
			func(c *Certificate) bool { return c.Subject.CommonName() == "#040178" }},
		{"name breaks off", func(p *parts) { p.subject = seq([]byte{0x31, 0x05, 0x30}) },
			func(c *Certificate) bool { return c.Subject.Unreadable && !bytes.Equal(c.RawSubject, c.RawIssuer) }},
		{"time with zero offset", func(p *parts) { p.validity = validity("200101000000+0000", "300101000000Z") },
			func(c *Certificate) bool { return c.NotBefore.Year() == 2020 }},
		{"time with fraction", func(p *parts) {
			p.validity = seq(element(asn1.GeneralizedTime, []byte("20200101000000.5Z")), element(asn1.GeneralizedTime, []byte("20300101000000Z")))
		}, func(c *Certificate) bool { return c.NotBefore.Nanosecond() == 5e8 }},
		{"RSA without NULL", func(p *parts) {
			p.spki = bytes.Replace(p.spki, []byte{0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0},
				[]byte{0x30, 0x0b, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1}, 1)
			p.spki = seq(p.spki[4:]) // the length changed by two
		}, func(c *Certificate) bool { return c.PublicKey != nil && c.KeyProblem == nil }},
		{"inner and outer algorithm differ", func(p *parts) { p.inner = algorithm("1.2.840.113549.1.1.5", null()) },
			func(c *Certificate) bool { return c.SignatureAlgorithm.Hash == crypto.SHA256 }},
		{"critical key identifier", func(p *parts) {
			p.extensions = join(extension(oidSubjectKeyID, true, octets(1, 2)), extension(oidAuthorityKeyID, true, seq([]byte{0x80, 1, 9})))
		}, func(c *Certificate) bool {
			return bytes.Equal(c.SubjectKeyID, []byte{1, 2}) && bytes.Equal(c.AuthorityKeyID, []byte{9}) && c.UnhandledCritical == nil
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := valid(t)
			test.change(p)
			c := p.parse(t)
			if c.Lenient == nil {
				t.Error("crypto/x509 is said to read it")
			}
			if !test.check(c) {
				t.Errorf("wrong: subject %q serial %v validity %v %v key %v %v", c.Subject, c.Serial, c.NotBefore, c.NotAfter, c.PublicKey != nil, c.KeyProblem)
			}
		})
	}
}

// Both readers take these.
func TestParseTimes(t *testing.T) {
	for text, want := range map[string]int{"500101000000Z": 1950, "491231235959Z": 2049, "9901010000Z": 1999, "000229000000Z": 2000, "520229000000Z": 1952} {
		p := valid(t)
		p.validity = validity(text, text)
		if c := p.parse(t); c.NotBefore.Year() != want || c.NotAfter.Year() != want {
			t.Errorf("%s: year %d, want %d", text, c.NotBefore.Year(), want)
		}
	}
	p := valid(t)
	p.validity = validity("200101020000+0200", "300101000000-0130")
	c := p.parse(t)
	if !c.NotBefore.Equal(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)) || !c.NotAfter.Equal(time.Date(2030, 1, 1, 1, 30, 0, 0, time.UTC)) {
		t.Errorf("offsets: %v %v", c.NotBefore, c.NotAfter)
	}
}

// What is no certificate, or has two meanings.
func TestParseRefuses(t *testing.T) {
	many := func(n int) []byte {
		var all []byte
		for range n {
			all = append(all, extension("1.2.3", false)...)
		}
		return all
	}
	tests := []struct {
		name   string
		want   error
		change func(*parts)
	}{
		{"version 4", ErrSyntax, func(p *parts) { p.version = explicit(0, integer(3)) }},
		{"negative version", ErrSyntax, func(p *parts) { p.version = explicit(0, integer(-1)) }},
		{"empty serial", ErrSyntax, func(p *parts) { p.serial = element(asn1.INTEGER) }},
		{"no time zone", ErrSyntax, func(p *parts) { p.validity = validity("200101000000", "300101000000Z") }},
		{"month 13", ErrSyntax, func(p *parts) { p.validity = validity("201301000000Z", "300101000000Z") }},
		{"time is text", ErrSyntax, func(p *parts) {
			p.validity = seq(element(asn1.UTF8String, []byte("200101000000Z")), element(asn1.UTF8String, []byte("300101000000Z")))
		}},
		{"third time", ErrSyntax, func(p *parts) { p.validity = seq(p.validity[2:], element(asn1.UTCTime, []byte("200101000000Z"))) }},
		{"unused signature bits", ErrSyntax, func(p *parts) { p.unused = 1 }},
		{"data behind the signature", ErrSyntax, func(p *parts) { p.after = null() }},
		{"data behind the extensions", ErrSyntax, func(p *parts) {
			p.tail = join(explicit(3, seq(extension(oidSubjectKeyID, false, octets(1)))), null())
		}},
		{"extensions in version 1", ErrSyntax, func(p *parts) {
			p.version, p.extensions = nil, extension(oidBasicConstraints, true, seq([]byte{1, 1, 0xff}))
		}},
		{"extensions in version 2", ErrSyntax, func(p *parts) {
			p.version, p.extensions = explicit(0, integer(1)), extension(oidExtendedKeyUsage, true, seq(oid("1.3.6.1.5.5.7.3.1")))
		}},
		{"extension with data behind the value", ErrSyntax, func(p *parts) {
			p.extensions = seq(oid("1.2.3"), octets(), null())
		}},
		{"extension flag of two octets", ErrSyntax, func(p *parts) { p.extensions = seq(oid("1.2.3"), []byte{1, 2, 0, 0}, octets()) }},
		{"extension OID with superfluous octet", ErrSyntax, func(p *parts) {
			p.extensions = seq([]byte{6, 4, 0x55, 0x1d, 0x80, 0x25}, octets())
		}},
		{"too many extensions", ErrTooMany, func(p *parts) { p.extensions = many(maxExtensions + 1) }},
		{"too large", ErrTooLarge, func(p *parts) { p.extensions = extension("1.2.3", false, make([]byte, maxCertificate)) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := valid(t)
			test.change(p)
			if c, err := Parse(p.build(t)); c != nil || !errors.Is(err, test.want) {
				t.Errorf("got %v, %v; want %v", c, err, test.want)
			}
		})
	}
	der := valid(t).build(t)
	for n := range der {
		if c, err := Parse(der[:n]); c != nil || err == nil {
			t.Fatalf("first %d of %d bytes parse", n, len(der))
		}
	}
	if _, err := Parse(append(der, 0)); !errors.Is(err, ErrSyntax) {
		t.Errorf("trailing byte: %v", err)
	}
}

func TestDisagreementIsRefused(t *testing.T) {
	p := valid(t)
	p.extensions = join(
		extension(oidBasicConstraints, true, seq([]byte{1, 1, 0xff}, integer(1))),
		extension(oidKeyUsage, true, element(asn1.BIT_STRING, []byte{2, 0x04})))
	original := p.parse(t)
	std := mustStd(t, original.Raw)
	if field := disagreement(original, std); field != "" {
		t.Fatalf("disagreement on %s about an ordinary certificate", field)
	}
	changes := map[string]func(*Certificate){
		"signed part":       func(c *Certificate) { c.RawTBS = c.RawTBS[1:] },
		"subject":           func(c *Certificate) { c.RawSubject = c.RawIssuer },
		"issuer":            func(c *Certificate) { c.RawIssuer = c.RawSubject },
		"public key":        func(c *Certificate) { c.RawSPKI = nil },
		"signature":         func(c *Certificate) { c.Signature = nil },
		"version":           func(c *Certificate) { c.Version = 1 },
		"serial number":     func(c *Certificate) { c.Serial = big.NewInt(8) },
		"validity":          func(c *Certificate) { c.NotAfter = c.NotAfter.Add(1) },
		"extensions":        func(c *Certificate) { c.Extensions = nil },
		"basic constraints": func(c *Certificate) { c.MaxPathLen = 2 },
		"key usage":         func(c *Certificate) { c.KeyUsage = ^c.KeyUsage },
	}
	for want, change := range changes {
		c := *original
		change(&c)
		if got := disagreement(&c, std); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestHasEKUOIDIsExact(t *testing.T) {
	p := valid(t)
	p.extensions = extension(oidExtendedKeyUsage, false, seq(oid("2.5.29.37.0"), oid("1.3.6.1.4.1.311.10.3.5")))
	c := p.parse(t)
	if !c.HasEKU || strings.Join(c.EKUs, " ") != "2.5.29.37.0 1.3.6.1.4.1.311.10.3.5" {
		t.Errorf("usages %v", c.EKUs)
	}
	for _, not := range []string{"1.3.6.1.5.5.7.3.3", "1.3.6.1.4.1.311.10.3.5.1", "1.3.6.1.4.1.311.10.3", ""} {
		if c.HasEKUOID(not) {
			t.Errorf("has %q", not)
		}
	}
	if !c.HasEKUOID("1.3.6.1.4.1.311.10.3.5") {
		t.Error("does not have its own usage")
	}
}

func TestThumbprints(t *testing.T) {
	c := valid(t).parse(t)
	if s := c.SHA1(); !bytes.Equal(s[:], sum(crypto.SHA1, c.Raw)) {
		t.Error("SHA-1 is not of the whole certificate")
	}
	if s := c.SHA256(); !bytes.Equal(s[:], sum(crypto.SHA256, c.Raw)) {
		t.Error("SHA-256 is not of the whole certificate")
	}
}
