package trust

import (
	"bytes"
	"fmt"

	"prestage/authenticode/cert"
)

// outline is what can be said of a certificate without reading it: where the
// parts lie by which chains are built and certificates distrusted, as offsets
// that keep stores of many hundred small.
type outline struct {
	tbs, subject span
	selfIssued   bool // issuer and subject are the same, octet by octet
}

// span is an element with tag and length.
type span struct{ from, to uint32 }

func (s span) of(b []byte) []byte { return b[s.from:s.to:s.to] }

// Tags of the fields of a certificate (RFC 5280 4.1).
const (
	tagSequence  = 0x30
	tagInteger   = 0x02
	tagBitString = 0x03

	tagIdentifier = 0x06
	tagVersion    = 0xa0 // [0] EXPLICIT
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
	issuer, ok := w.skip(tagSequence)
	if !ok {
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
	o.selfIssued = bytes.Equal(issuer.of(der), o.subject.of(der))
	return o, nil
}

// walker steps over the elements of b between pos and end.
type walker struct {
	b        []byte
	pos, end int
}

// skip steps over an element if it has the tag, and returns where it lies.
func (w *walker) skip(tag byte) (span, bool) {
	from := w.pos
	_, next := step(w.b, from, w.end, tag)
	if next < 0 {
		return span{}, false
	}
	w.pos = next
	return span{uint32(from), uint32(next)}, true
}

// enter steps into an element if it has the tag; what is behind it is gone.
func (w *walker) enter(tag byte) bool {
	body, next := step(w.b, w.pos, w.end, tag)
	if next < 0 {
		return false
	}
	w.pos, w.end = body, next
	return true
}

// step reads the header of the element at pos, which must end by end: its
// contents begin at body, the next element at next. A negative next means that
// there is no such element. The two commonest lengths come first: a store of
// many hundred certificates has ten thousand headers.
func step(b []byte, pos, end int, tag byte) (body, next int) {
	if pos > end-2 || end > len(b) || b[pos] != tag {
		return 0, -1
	}
	length := int(b[pos+1])
	body = pos + 2
	switch {
	case length < 0x80:
	case length == 0x82 && end-body >= 2 && b[body] != 0:
		length = int(b[body])<<8 | int(b[body+1])
		body += 2
	default:
		header, n, ok := derHeader(b[pos:end])
		if !ok {
			return 0, -1
		}
		body, length = pos+header, n
	}
	if length > end-body {
		return 0, -1
	}
	return body, body + length
}

func notCertificate(part string) error {
	return fmt.Errorf("certificate: %s: %w", part, cert.ErrSyntax)
}

// elements is a run of DER elements. It does what cryptobyte.String does, in a
// third of the time, which counts where a file has many hundred certificates.
type elements struct{ rest []byte }

// take cuts off the first element, with tag and length, if it has the tag.
func (e *elements) take(tag byte) ([]byte, bool) {
	_, next := step(e.rest, 0, len(e.rest), tag)
	if next < 0 || tag&0x1f == 0x1f {
		return nil, false
	}
	element := e.rest[:next:next]
	e.rest = e.rest[next:]
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
