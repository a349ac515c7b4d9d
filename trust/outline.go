package trust

import (
	"fmt"

	"prestage/authenticode/cert"
)

// outline is what can be said of a certificate without reading it: where the
// parts lie by which chains are built and certificates distrusted, as offsets
// that keep stores of many hundred small.
type outline struct {
	tbs, issuer, subject span
}

// span is an element with tag and length.
type span struct{ from, to uint32 }

func (s span) of(b []byte) []byte { return b[s.from:s.to:s.to] }

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
	if len(der) > maxItem {
		return outline{}, fmt.Errorf("certificate of %d bytes: %w", len(der), cert.ErrTooLarge)
	}
	w := walker{b: der, end: len(der)}
	if !w.enter(tagSequence) || w.end != len(der) {
		return outline{}, notCertificate("outer sequence")
	}
	rest := w
	tbs, ok := rest.skip(tagSequence)
	if !ok {
		return outline{}, notCertificate("signed part")
	}
	if _, ok := rest.skip(tagSequence); !ok {
		return outline{}, notCertificate("signature algorithm")
	}
	if _, ok := rest.skip(tagBitString); !ok || rest.pos != len(der) {
		return outline{}, notCertificate("signature")
	}
	w.enter(tagSequence)
	w.skip(tagVersion) // optional
	o := outline{tbs: tbs}
	if _, ok := w.skip(tagInteger); !ok {
		return outline{}, notCertificate("serial number")
	}
	if _, ok := w.skip(tagSequence); !ok {
		return outline{}, notCertificate("inner signature algorithm")
	}
	if o.issuer, ok = w.skip(tagSequence); !ok {
		return outline{}, notCertificate("issuer")
	}
	if _, ok := w.skip(tagSequence); !ok {
		return outline{}, notCertificate("validity")
	}
	if o.subject, ok = w.skip(tagSequence); !ok {
		return outline{}, notCertificate("subject")
	}
	if _, ok := w.skip(tagSequence); !ok {
		return outline{}, notCertificate("public key")
	}
	return o, nil
}

// walker steps over the elements of b between pos and end.
type walker struct {
	b        []byte
	pos, end int
}

// skip steps over an element if it has the tag, and returns where it lies.
func (w *walker) skip(tag byte) (span, bool) {
	if w.pos >= w.end || w.b[w.pos] != tag {
		return span{}, false
	}
	header, length, ok := derHeader(w.b[w.pos:w.end])
	if !ok || length > w.end-w.pos-header {
		return span{}, false
	}
	from := w.pos
	w.pos += header + length
	return span{uint32(from), uint32(w.pos)}, true
}

// enter steps into an element if it has the tag; what is behind it is gone.
func (w *walker) enter(tag byte) bool {
	at := *w
	s, ok := at.skip(tag)
	if !ok {
		return false
	}
	header, _, _ := derHeader(w.b[w.pos:w.end])
	w.pos, w.end = int(s.from)+header, int(s.to)
	return true
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
