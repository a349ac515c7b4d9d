package authenticode

import (
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// attribute is a PKCS#7 Attribute: a type and a set of values.
type attribute struct {
	oid    string
	values [][]byte // each a whole element
	set    []byte   // the element SET, for pkcs7.go
}

// readAttributes reads the contents of a SET OF Attribute. The second result
// names the first SET OF that is out of DER order.
func readAttributes(in []byte, set cryptobyte.String, what string) (list []attribute, unordered, err error) {
	order := newOrder(what)
	for !set.Empty() {
		var element cryptobyte.String
		if !set.ReadASN1Element(&element, asn1.SEQUENCE) {
			return nil, nil, malformed(in, set, what)
		}
		if len(list) == maxAttributes {
			return nil, nil, fmt.Errorf("offset %d: %w", offset(in, element), ErrTooManyAttributes)
		}
		if err := order.next(in, element); unordered == nil {
			unordered = err
		}
		a, valuesUnordered, err := readAttribute(in, element, what)
		if err != nil {
			return nil, nil, err
		}
		if unordered == nil {
			unordered = valuesUnordered
		}
		list = append(list, a)
	}
	return list, unordered, nil
}

func readAttribute(in []byte, element cryptobyte.String, what string) (a attribute, unordered, err error) {
	var s, values cryptobyte.String
	var ok bool
	if !element.ReadASN1(&s, asn1.SEQUENCE) {
		return a, nil, malformed(in, element, what)
	}
	if a.oid, ok = readOID(&s); !ok {
		return a, nil, malformed(in, s, what)
	}
	a.set = s
	if !s.ReadASN1(&values, asn1.SET) || !s.Empty() {
		return a, nil, malformed(in, s, what)
	}
	order := newOrder("values of attribute " + a.oid)
	for !values.Empty() {
		var value cryptobyte.String
		var tag asn1.Tag
		if !values.ReadAnyASN1Element(&value, &tag) {
			return a, nil, malformed(in, values, "value of attribute "+a.oid)
		}
		if len(a.values) == maxAttributes {
			return a, nil, fmt.Errorf("offset %d: %w", offset(in, value), ErrTooManyAttributes)
		}
		if err := order.next(in, value); unordered == nil {
			unordered = err
		}
		a.values = append(a.values, value)
	}
	return a, unordered, nil
}

// types returns the types of the attributes, in their order.
func types(list []attribute) []string {
	var oids []string
	for _, a := range list {
		oids = append(oids, a.oid)
	}
	return oids
}

// duplicate returns the first type that occurs twice, or "".
func duplicate(list []attribute) string {
	seen := make(map[string]bool, len(list))
	for _, a := range list {
		if seen[a.oid] {
			return a.oid
		}
		seen[a.oid] = true
	}
	return ""
}

// single returns the only value of the only attribute of the type. ok is false
// when there is no such attribute, or not exactly one value.
func single(list []attribute, oid string) (value cryptobyte.String, ok bool) {
	var found *attribute
	for i := range list {
		if list[i].oid != oid {
			continue
		}
		if found != nil {
			return nil, false
		}
		found = &list[i]
	}
	if found == nil || len(found.values) != 1 {
		return nil, false
	}
	return found.values[0], true
}

// has reports whether an attribute of the type is there, with any number of
// values.
func has(list []attribute, oid string) bool {
	for _, a := range list {
		if a.oid == oid {
			return true
		}
	}
	return false
}

// contentTypeOf returns the contentType attribute (RFC 2985, section 5.3.1).
func contentTypeOf(list []attribute) (string, bool) {
	v, ok := single(list, OIDContentType)
	if !ok {
		return "", false
	}
	oid, ok := readOID(&v)
	return oid, ok && v.Empty()
}

// messageDigestOf returns the messageDigest attribute (RFC 2985, section 5.3.2).
func messageDigestOf(list []attribute) ([]byte, bool) {
	v, ok := single(list, OIDMessageDigest)
	if !ok {
		return nil, false
	}
	var digest cryptobyte.String
	ok = v.ReadASN1(&digest, asn1.OCTET_STRING)
	return digest, ok && v.Empty()
}

// signingTimeOf returns the signingTime attribute in UTC (RFC 2985, section
// 5.3.3).
func signingTimeOf(list []attribute) (time.Time, bool) {
	v, ok := single(list, OIDSigningTime)
	if !ok {
		return time.Time{}, false
	}
	var t time.Time
	switch {
	case v.PeekASN1Tag(asn1.UTCTime):
		ok = v.ReadASN1UTCTime(&t)
	default:
		ok = v.ReadASN1GeneralizedTime(&t)
	}
	if !ok || !v.Empty() {
		return time.Time{}, false
	}
	return t.UTC(), true
}
