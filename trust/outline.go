package trust

import (
	"fmt"

	"prestage/authenticode/cert"
)

// outline is what can be said of a certificate without reading it: where the
// parts lie by which chains are built and certificates distrusted. Slices of
// the input.
type outline struct {
	tbs, issuer, subject []byte // with tag and length
}

// Tags of the fields of a certificate (RFC 5280 4.1).
const (
	tagSequence  = 0x30
	tagInteger   = 0x02
	tagBitString = 0x03
	tagVersion   = 0xa0 // [0] EXPLICIT
)

// outlineOf walks over the elements of a certificate that fills der exactly.
// It costs a hundredth of reading the certificate, which is what makes a store
// of many hundred cheap until one is needed. What it accepts may still turn
// out not to be a certificate; what it refuses never is one.
func outlineOf(der []byte) (outline, error) {
	var o outline
	if len(der) > maxItem {
		return o, fmt.Errorf("certificate of %d bytes: %w", len(der), cert.ErrTooLarge)
	}
	whole := elements{der}
	body, ok := whole.take(tagSequence)
	if !ok || len(whole.rest) != 0 {
		return o, notCertificate("outer sequence")
	}
	tbs := elements{contents(body)}
	if o.tbs, ok = tbs.take(tagSequence); !ok {
		return o, notCertificate("signed part")
	}
	if _, ok := tbs.take(tagSequence); !ok {
		return o, notCertificate("signature algorithm")
	}
	if _, ok := tbs.take(tagBitString); !ok || len(tbs.rest) != 0 {
		return o, notCertificate("signature")
	}
	fields := elements{contents(o.tbs)}
	fields.take(tagVersion) // optional
	for _, f := range []struct {
		tag  byte
		keep *[]byte
		name string
	}{
		{tagInteger, nil, "serial number"},
		{tagSequence, nil, "inner signature algorithm"},
		{tagSequence, &o.issuer, "issuer"},
		{tagSequence, nil, "validity"},
		{tagSequence, &o.subject, "subject"},
		{tagSequence, nil, "public key"},
	} {
		element, ok := fields.take(f.tag)
		if !ok {
			return o, notCertificate(f.name)
		}
		if f.keep != nil {
			*f.keep = element
		}
	}
	return o, nil
}

func notCertificate(part string) error {
	return fmt.Errorf("certificate: %s: %w", part, cert.ErrSyntax)
}

// elements is a run of DER elements. It does what cryptobyte.String does, in a
// third of the time, which counts where a file has many hundred certificates.
type elements struct{ rest []byte }

// take cuts off the first element, with tag and length, if it has the tag.
func (e *elements) take(tag byte) ([]byte, bool) {
	if len(e.rest) == 0 || e.rest[0] != tag {
		return nil, false
	}
	header, length, ok := derHeader(e.rest)
	if !ok || length > len(e.rest)-header {
		return nil, false
	}
	element := e.rest[: header+length : header+length]
	e.rest = e.rest[header+length:]
	return element, true
}

// contents returns what is in an element that take returned.
func contents(element []byte) []byte {
	header, _, _ := derHeader(element)
	return element[header:]
}

// derHeader reads an identifier octet below 31 and a DER length of up to four
// octets. The length is that of the contents, which may exceed the input.
func derHeader(b []byte) (header, length int, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, false
	}
	first := int(b[1])
	if first < 0x80 {
		return 2, first, true
	}
	n := first & 0x7f
	if n == 0 || n > 4 || len(b) < 2+n {
		return 0, 0, false
	}
	for _, octet := range b[2 : 2+n] {
		length = length<<8 | int(octet)
	}
	minimal := length >= 0x80 && length>>(8*(n-1)) != 0
	return 2 + n, length, minimal && length <= maxStoreFile
}
