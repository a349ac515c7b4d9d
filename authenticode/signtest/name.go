package signtest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// NameAttribute is one attribute of a distinguished name.
type NameAttribute struct {
	Type  string // "C", "O", "CN", … or a dotted object identifier
	Value string
	// String is the tag of the string type: TagPrintableString,
	// TagUTF8String, TagT61String (encoded as Latin-1, as everybody does),
	// TagBMPString or TagIA5String. Zero: PrintableString where the value
	// permits, else UTF8String.
	String byte
}

// Name is a distinguished name, in the order of its encoding (country
// first), each attribute in a set of its own.
type Name []NameAttribute

// DN makes a name from parts like "C=US", "O=Contoso Ltd", "CN=Contoso Root".
func DN(parts ...string) Name {
	var n Name
	for _, p := range parts {
		t, v, ok := strings.Cut(p, "=")
		if !ok {
			panic(fmt.Sprintf("signtest: name part %q has no =", p))
		}
		n = append(n, NameAttribute{Type: t, Value: v})
	}
	return n
}

// As returns the name with every value in one string type.
func (n Name) As(tag byte) Name {
	out := slices.Clone(n)
	for i := range out {
		out[i].String = tag
	}
	return out
}

// With returns the name with the value of an attribute replaced. It panics
// when the name has no such attribute.
func (n Name) With(attribute, value string) Name {
	out := slices.Clone(n)
	i := slices.IndexFunc(out, func(a NameAttribute) bool { return a.Type == attribute })
	if i < 0 {
		panic("signtest: name has no attribute " + attribute)
	}
	out[i].Value = value
	return out
}

// DER encodes the name.
func (n Name) DER() []byte {
	var rdns [][]byte
	for _, a := range n {
		rdns = append(rdns, SetOf(Sequence(OID(attributeOID(a.Type)), a.value())))
	}
	return Sequence(rdns...)
}

// attributeOID resolves the short names of X.520 that certificates use.
func attributeOID(t string) string {
	short := map[string]string{
		"CN": "2.5.4.3", "C": "2.5.4.6", "L": "2.5.4.7", "ST": "2.5.4.8",
		"O": "2.5.4.10", "OU": "2.5.4.11", "SERIALNUMBER": "2.5.4.5",
		"E": "1.2.840.113549.1.9.1", "DC": "0.9.2342.19200300.100.1.25",
	}
	if oid, ok := short[t]; ok {
		return oid
	}
	return t
}

func (a NameAttribute) value() []byte {
	tag := a.String
	if tag == 0 {
		tag = defaultStringTag(a)
	}
	switch tag {
	case TagBMPString:
		return BMPString(a.Value)
	case TagT61String:
		return TLV(tag, latin1(a.Value))
	}
	return TLV(tag, []byte(a.Value))
}

func defaultStringTag(a NameAttribute) byte {
	switch {
	case a.Type == "E" || a.Type == "DC":
		return TagIA5String
	case strings.IndexFunc(a.Value, notPrintable) < 0:
		return TagPrintableString
	}
	return TagUTF8String
}

// notPrintable reports characters outside PrintableString (X.680, 41.4).
func notPrintable(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return r >= utf8.RuneSelf || !strings.ContainsRune(" '()+,-./:=?", r)
}

func latin1(s string) []byte {
	var out []byte
	for _, r := range s {
		if r > 0xff {
			panic(fmt.Sprintf("signtest: %q does not fit Latin-1", s))
		}
		out = append(out, byte(r))
	}
	return out
}
