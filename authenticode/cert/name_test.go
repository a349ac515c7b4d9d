package cert

import (
	"bytes"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte/asn1"
)

func TestNameStrings(t *testing.T) {
	attribute := func(dotted string, tag asn1.Tag, value string) []byte {
		return seq(oid(dotted), element(tag, []byte(value)))
	}
	set := func(attributes ...[]byte) []byte { return element(asn1.SET, attributes...) }
	tests := []struct {
		name string
		der  []byte
		want string
	}{
		{"order", seq(set(attribute("2.5.4.6", asn1.PrintableString, "US")), set(attribute(oidCommonName, asn1.UTF8String, "A"))), "CN=A,C=US"},
		{"several in one part", seq(set(attribute(oidCommonName, asn1.UTF8String, "A"), attribute("0.9.2342.19200300.100.1.1", asn1.UTF8String, "7"))), "CN=A+UID=7"},
		{"escapes", seq(set(attribute(oidOrganization, asn1.UTF8String, ` #a,b+c"d\e<f>g;h `))), `O=\ #a\,b\+c\"d\\e\<f\>g\;h\ `},
		{"leading hash", seq(set(attribute(oidOrganization, asn1.UTF8String, "#1"))), `O=\#1`},
		{"unknown attribute", seq(set(attribute("1.2.3", asn1.UTF8String, "x"))), "1.2.3=x"},
		{"Latin-1", seq(set(attribute(oidCommonName, tagTeletexString, "F\xf6o"))), "CN=Föo"},
		{"BMP", seq(set(attribute(oidCommonName, tagBMPString, "\x6c\x83\x90\x1a\x00\x00"))), "CN=沃通"},
		{"BMP of odd length", seq(set(attribute(oidCommonName, tagBMPString, "abc"))), `CN=\#1e03616263`},
		{"terminal control", seq(set(attribute(oidCommonName, asn1.UTF8String, "a\x1b[2Jb\u202ec\nd"))), "CN=a\ufffd[2Jb\ufffdc\ufffdd"},
		{"Universal above Unicode", seq(set(attribute(oidCommonName, tagUniversalString, "\x7f\xff\xff\xff\xff\xff\xff\xff"))), "CN=\ufffd\ufffd"},
		{"empty", seq(), "(empty name)"},
		{"breaks off", seq(set(attribute("2.5.4.6", asn1.PrintableString, "US")), []byte{0x31, 9}), "(unreadable),C=US"},
		{"no sequence", null(), "(unreadable)"},
		{"too many parts", seq(set(bytes.Repeat(attribute("1.2.3", asn1.UTF8String, "x"), maxNameParts+1))), "(unreadable)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := parseName(test.der).String()
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if !printableText(got) {
				t.Errorf("%q is not fit for a terminal", got)
			}
		})
	}
}

func TestNameParts(t *testing.T) {
	n := parseName(join(seq(
		element(asn1.SET, seq(oid(oidCommonName), element(asn1.UTF8String, []byte("outer")))),
		element(asn1.SET, seq(oid(oidOrganization), element(asn1.UTF8String, []byte("Org")))),
		element(asn1.SET, seq(oid(oidOrganizationalUnit), element(asn1.UTF8String, []byte("Unit")))),
		element(asn1.SET, seq(oid(oidCommonName), element(asn1.UTF8String, []byte("inner")))))))
	if n.CommonName() != "inner" || n.Organization() != "Org" || n.OrganizationalUnit() != "Unit" {
		t.Errorf("%q %q %q", n.CommonName(), n.Organization(), n.OrganizationalUnit())
	}
	if none := (Name{}); none.CommonName() != "" || none.String() != "(empty name)" {
		t.Errorf("zero name: %q", none)
	}
}

func printableText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
