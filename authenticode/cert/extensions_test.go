package cert

import (
	"crypto/x509"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte/asn1"
)

var (
	isTrue  = []byte{1, 1, 0xff}
	berTrue = []byte{1, 1, 0x01}
)

// A broken or repeated extension must never leave more power than none.
func TestBrokenExtensionsGrantNothing(t *testing.T) {
	ca := extension(oidBasicConstraints, true, seq(isTrue))
	usage := extension(oidExtendedKeyUsage, true, seq(oid("1.3.6.1.5.5.7.3.3")))
	keyUsage := extension(oidKeyUsage, true, element(asn1.BIT_STRING, []byte{2, 0x04}))
	policies := extension(oidApplicationPolicies, true, seq(seq(oid("1.3.6.1.5.5.7.3.3"))))
	noCA := func(c *Certificate) bool { return c.HasBasicConstraints && !c.IsCA && c.MaxPathLen == 0 }
	noUse := func(c *Certificate) bool { return c.HasEKU && len(c.EKUs) == 0 }
	noKeyUse := func(c *Certificate) bool { return c.HasKeyUsage && c.KeyUsage == 0 }
	noPolicy := func(c *Certificate) bool { return c.HasApplicationPolicies && len(c.ApplicationPolicies) == 0 }
	tests := []struct {
		name       string
		extensions []byte
		oid        string
		nothing    func(*Certificate) bool
	}{
		{"CA twice", join(ca, ca), oidBasicConstraints, noCA},
		{"no CA, then CA", join(extension(oidBasicConstraints, true, seq()), ca), oidBasicConstraints, noCA},
		{"CA in BER", extension(oidBasicConstraints, true, seq(berTrue)), oidBasicConstraints, noCA},
		{"CA with trailing data", extension(oidBasicConstraints, true, seq(isTrue), null()), oidBasicConstraints, noCA},
		{"CA with third field", extension(oidBasicConstraints, true, seq(isTrue, integer(1), null())), oidBasicConstraints, noCA},
		{"negative path length", extension(oidBasicConstraints, true, seq(isTrue, integer(-1))), oidBasicConstraints, noCA},
		{"huge path length", extension(oidBasicConstraints, true, seq(isTrue, integer(1<<40))), oidBasicConstraints, noCA},
		{"usages twice", join(usage, usage), oidExtendedKeyUsage, noUse},
		{"usages twice, not critical second", join(usage, extension(oidExtendedKeyUsage, false, seq())), oidExtendedKeyUsage, noUse},
		{"usages cut off", extension(oidExtendedKeyUsage, true, []byte{0x30, 9, 6, 3}), oidExtendedKeyUsage, noUse},
		{"usages are text", extension(oidExtendedKeyUsage, true, element(asn1.UTF8String, []byte("all"))), oidExtendedKeyUsage, noUse},
		{"key usage twice", join(keyUsage, keyUsage), oidKeyUsage, noKeyUse},
		{"key usage is a number", extension(oidKeyUsage, true, integer(4)), oidKeyUsage, noKeyUse},
		{"policies twice", join(policies, policies), oidApplicationPolicies, noPolicy},
		{"policies without sequence", extension(oidApplicationPolicies, true, seq(oid("1.2.3"))), oidApplicationPolicies, noPolicy},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := valid(t)
			p.extensions = test.extensions
			c := p.parse(t)
			if !test.nothing(c) {
				t.Errorf("grants something: %+v", c)
			}
			if !slices.Contains(c.UnhandledCritical, test.oid) {
				t.Errorf("critical and not understood, but not in %v", c.UnhandledCritical)
			}
		})
	}
}

func TestExtensionsAreRead(t *testing.T) {
	p := valid(t)
	p.extensions = join(
		extension(oidBasicConstraints, true, seq(isTrue, integer(3))),
		extension(oidKeyUsage, true, element(asn1.BIT_STRING, []byte{1, 0x86})),
		extension(oidExtendedKeyUsage, false, seq(oid("1.3.6.1.5.5.7.3.8"))),
		extension(oidSubjectKeyID, false, octets(1, 2, 3)),
		extension(oidAuthorityKeyID, false, seq([]byte{0x80, 2, 8, 9})),
		extension(oidApplicationPolicies, false, seq(seq(oid("1.3.6.1.5.5.7.3.3")), seq(oid("1.2.3")))),
	)
	c := p.parse(t)
	if !c.HasBasicConstraints || !c.IsCA || c.MaxPathLen != 3 {
		t.Errorf("basic constraints %v %v %d", c.HasBasicConstraints, c.IsCA, c.MaxPathLen)
	}
	if want := x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign; !c.HasKeyUsage || c.KeyUsage != want {
		t.Errorf("key usage %b, want %b", c.KeyUsage, want)
	}
	if !slices.Equal(c.EKUs, []string{"1.3.6.1.5.5.7.3.8"}) ||
		!slices.Equal(c.ApplicationPolicies, []string{"1.3.6.1.5.5.7.3.3", "1.2.3"}) {
		t.Errorf("usages %v, policies %v", c.EKUs, c.ApplicationPolicies)
	}
	if string(c.SubjectKeyID) != "\x01\x02\x03" || string(c.AuthorityKeyID) != "\x08\x09" {
		t.Errorf("key identifiers %x %x", c.SubjectKeyID, c.AuthorityKeyID)
	}
	if len(c.Extensions) != 6 || !c.Extensions[0].Critical || c.Extensions[2].Critical || c.Extensions[3].OID != oidSubjectKeyID {
		t.Errorf("extensions %+v", c.Extensions)
	}
	if c.UnhandledCritical != nil || c.Lenient != nil {
		t.Errorf("unhandled %v, lenient %v", c.UnhandledCritical, c.Lenient)
	}
}

func TestUnhandledCritical(t *testing.T) {
	subtree := func(tag asn1.Tag, value []byte) []byte { return explicit(0, seq(element(tag, value))) }
	dns := subtree(asn1.Tag(2).ContextSpecific(), []byte("example.com"))
	directory := subtree(asn1.Tag(4).ContextSpecific().Constructed(), name(oidOrganization, asn1.UTF8String, "O"))
	tests := []struct {
		name      string
		extension []byte
		want      []string
	}{
		{"unknown", extension("1.2.3.4", true), []string{"1.2.3.4"}},
		{"unknown, not critical", extension("1.2.3.4", false), nil},
		{"critical by BER", seq(oid("1.2.3.4"), berTrue, octets()), []string{"1.2.3.4"}},
		{"unknown twice", join(extension("1.2.3.4", true), extension("1.2.3.4", true)), []string{"1.2.3.4", "1.2.3.4"}},
		{"OID of a UUID", seq([]byte{6, 20, 0x69, 0x82, 0xfe, 0xdd, 0xbd, 0xfb, 0xf7, 0xef, 0xdf, 0xbf, 0xff, 0xfe, 0xfd, 0xfb, 0xf7, 0xef, 0xdf, 0xbf, 0xff, 0x7f}, isTrue, octets()), nil},
		{"DNS constraint", extension(oidNameConstraints, true, seq(dns)), nil},
		{"directory constraint", extension(oidNameConstraints, true, seq(directory)), []string{oidNameConstraints}},
		{"directory constraint, not critical", extension(oidNameConstraints, false, seq(directory)), []string{oidNameConstraints}},
		{"both", extension(oidNameConstraints, true, seq(join(dns[:0], explicit(0, dns[2:], directory[2:])))), []string{oidNameConstraints}},
		{"Microsoft template", extension("1.3.6.1.4.1.311.21.7", true, seq()), nil},
		{"Netscape certificate type", extension("2.16.840.1.113730.1.1", true, element(asn1.BIT_STRING, []byte{4, 0x10})), []string{"2.16.840.1.113730.1.1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := valid(t)
			p.extensions = test.extension
			c := p.parse(t)
			if test.name == "OID of a UUID" {
				if len(c.UnhandledCritical) != 1 || c.UnhandledCritical[0][:5] != "2.25." {
					t.Errorf("got %v", c.UnhandledCritical)
				}
				return
			}
			if !slices.Equal(c.UnhandledCritical, test.want) {
				t.Errorf("got %v, want %v", c.UnhandledCritical, test.want)
			}
		})
	}
}
