package cert

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Name is a distinguished name for people to read. Two certificates have the
// same name if their raw bytes agree, never because these texts do.
type Name struct {
	// RDNs holds the relative names from the outermost (country) to the
	// innermost (common name), as encoded. A relative name is a set and may
	// have several attributes.
	RDNs [][]Attribute
	// Unreadable says that the encoding broke off and RDNs has what came before.
	Unreadable bool
}

// Attribute is one part of a name. Value is valid UTF-8 without control,
// formatting or other unprintable characters (each shows as U+FFFD), so that a
// hostile certificate cannot steer a terminal. A value that is no string is
// "#" and its encoding in hexadecimal.
type Attribute struct {
	OID   string
	Value string
}

// The attributes that people ask for (X.520).
const (
	oidCommonName         = "2.5.4.3"
	oidOrganization       = "2.5.4.10"
	oidOrganizationalUnit = "2.5.4.11"
)

// shortNames holds the keywords of RFC 4514 and those that Windows shows.
var shortNames = map[string]string{
	oidCommonName:                "CN",
	"2.5.4.4":                    "SN",
	"2.5.4.5":                    "SERIALNUMBER",
	"2.5.4.6":                    "C",
	"2.5.4.7":                    "L",
	"2.5.4.8":                    "ST",
	"2.5.4.9":                    "STREET",
	oidOrganization:              "O",
	oidOrganizationalUnit:        "OU",
	"2.5.4.12":                   "T",
	"2.5.4.13":                   "Description",
	"2.5.4.15":                   "BusinessCategory",
	"2.5.4.17":                   "POSTALCODE",
	"2.5.4.42":                   "G",
	"2.5.4.97":                   "OrganizationIdentifier",
	"0.9.2342.19200300.100.1.1":  "UID",
	"0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1":       "E",
	"1.3.6.1.4.1.311.60.2.1.1":   "JurisdictionL",
	"1.3.6.1.4.1.311.60.2.1.2":   "JurisdictionST",
	"1.3.6.1.4.1.311.60.2.1.3":   "JurisdictionC",
}

// parseName reads a Name with tag and length. It has no error: what a name
// says decides nothing, and an unreadable one must not hide a certificate.
func parseName(raw cryptobyte.String) Name {
	var n Name
	var rdns, set, pair cryptobyte.String
	if !raw.ReadASN1(&rdns, asn1.SEQUENCE) {
		return Name{Unreadable: true}
	}
	count := 0
	for !rdns.Empty() {
		if !rdns.ReadASN1(&set, asn1.SET) {
			n.Unreadable = true
			return n
		}
		var rdn []Attribute
		for !set.Empty() {
			if count++; count > maxNameParts || !set.ReadASN1(&pair, asn1.SEQUENCE) {
				n.Unreadable = true
				return n
			}
			a, ok := parseAttribute(pair)
			if !ok {
				n.Unreadable = true
				return n
			}
			rdn = append(rdn, a)
		}
		n.RDNs = append(n.RDNs, rdn)
	}
	return n
}

func parseAttribute(pair cryptobyte.String) (Attribute, bool) {
	oid, ok := readOID(&pair)
	if !ok {
		return Attribute{}, false
	}
	var element, value cryptobyte.String
	var tag asn1.Tag
	if !pair.ReadAnyASN1Element(&element, &tag) || !pair.Empty() {
		return Attribute{}, false
	}
	whole := element
	if !element.ReadAnyASN1(&value, &tag) {
		return Attribute{}, false
	}
	text, ok := decodeString(tag, value)
	if !ok {
		text = "#" + hex.EncodeToString(whole)
	}
	return Attribute{OID: oid, Value: text}, true
}

// Universal string tags that cryptobyte has no name for (X.680, section 8.4).
const (
	tagNumericString   = asn1.Tag(18)
	tagTeletexString   = asn1.Tag(20)
	tagVisibleString   = asn1.Tag(26)
	tagUniversalString = asn1.Tag(28)
	tagBMPString       = asn1.Tag(30)
)

// decodeString turns an ASN.1 string into printable UTF-8. The alphabets of
// the narrow types are not enforced: issuers ignore them. TeletexString is
// read as Latin-1, which is what its users mean.
func decodeString(tag asn1.Tag, value []byte) (string, bool) {
	switch tag {
	case asn1.UTF8String, asn1.PrintableString, asn1.IA5String, tagNumericString, tagVisibleString:
		return printable([]rune(string(value))), true
	case tagTeletexString:
		runes := make([]rune, len(value))
		for i, b := range value {
			runes[i] = rune(b)
		}
		return printable(runes), true
	case tagBMPString:
		if len(value)%2 != 0 {
			return "", false
		}
		units := make([]uint16, 0, len(value)/2)
		for ; len(value) > 0; value = value[2:] {
			units = append(units, binary.BigEndian.Uint16(value))
		}
		return printable(utf16.Decode(trimNUL(units))), true
	case tagUniversalString:
		if len(value)%4 != 0 {
			return "", false
		}
		runes := make([]rune, 0, len(value)/4)
		for ; len(value) > 0; value = value[4:] {
			runes = append(runes, rune(binary.BigEndian.Uint32(value)))
		}
		return printable(runes), true
	}
	return "", false
}

// trimNUL drops the terminator that some Windows tools leave in a BMPString.
func trimNUL(units []uint16) []uint16 {
	if n := len(units); n > 0 && units[n-1] == 0 {
		return units[:n-1]
	}
	return units
}

func printable(runes []rune) string {
	var b strings.Builder
	for _, r := range runes {
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}

// String is the name in the manner of RFC 4514: innermost part first, parts
// joined by commas, special characters escaped by a backslash. Attributes
// without a keyword show their OID. It is never empty.
func (n Name) String() string {
	var parts []string
	if n.Unreadable {
		parts = append(parts, "(unreadable)")
	}
	for i := len(n.RDNs) - 1; i >= 0; i-- {
		var rdn []string
		for _, a := range n.RDNs[i] {
			rdn = append(rdn, a.String())
		}
		parts = append(parts, strings.Join(rdn, "+"))
	}
	if len(parts) == 0 {
		return "(empty name)"
	}
	return strings.Join(parts, ",")
}

// String is "CN=value" with the value escaped by RFC 4514, section 2.4.
func (a Attribute) String() string {
	key := shortNames[a.OID]
	if key == "" {
		key = a.OID
	}
	var b strings.Builder
	b.WriteString(key)
	b.WriteByte('=')
	last := len(a.Value) - 1
	for i, r := range a.Value {
		if strings.ContainsRune(`,+"\<>;`, r) || i == 0 && (r == ' ' || r == '#') || i == last && r == ' ' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// CommonName is the last common name, which is the most specific, or empty.
func (n Name) CommonName() string { return n.last(oidCommonName) }

// Organization is the last organization, or empty.
func (n Name) Organization() string { return n.last(oidOrganization) }

// OrganizationalUnit is the last organizational unit, or empty.
func (n Name) OrganizationalUnit() string { return n.last(oidOrganizationalUnit) }

func (n Name) last(oid string) string {
	for i := len(n.RDNs) - 1; i >= 0; i-- {
		for j := len(n.RDNs[i]) - 1; j >= 0; j-- {
			if n.RDNs[i][j].OID == oid {
				return n.RDNs[i][j].Value
			}
		}
	}
	return ""
}
