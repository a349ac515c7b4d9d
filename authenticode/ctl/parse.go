package ctl

import (
	"bytes"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// tagExtensions is the [0] EXPLICIT tag of ctlExtensions: context-specific,
// constructed, number 0.
const tagExtensions = asn1.Tag(0xa0)

// Parse reads the contents octets of a CertificateTrustList: the SEQUENCE
// without its own tag and length, which is what a PKCS#7 signature of the
// list covers (rule 60). The grammar is that of [MS-CAESO] (rules 58-63):
//
//	CertificateTrustList ::= SEQUENCE {
//	  version            INTEGER DEFAULT 0,
//	  subjectUsage       SEQUENCE OF OBJECT IDENTIFIER,
//	  listIdentifier     OCTET STRING OPTIONAL,
//	  sequenceNumber     INTEGER OPTIONAL,
//	  ctlThisUpdate      ChoiceOfTime,
//	  ctlNextUpdate      ChoiceOfTime OPTIONAL,
//	  subjectAlgorithm   AlgorithmIdentifier,
//	  trustedSubjects    SEQUENCE OF TrustedSubject OPTIONAL,
//	  ctlExtensions  [0] EXPLICIT Extensions OPTIONAL }
//
// An error is a *[FormatError]; the List is nil then.
func Parse(content []byte) (*List, error) {
	p := parser{content: content, rest: content}
	if len(content) > MaxSize {
		return nil, p.fail(content, "the list", ErrTooLarge)
	}
	for _, read := range []func() error{
		p.version,
		p.usage,
		p.identifier,
		p.sequenceNumber,
		p.thisUpdate,
		p.nextUpdate,
		p.subjectAlgorithm,
		p.subjects,
		p.extensions,
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	if !p.rest.Empty() {
		return nil, p.fail(p.rest, "the list", ErrTrailing)
	}
	return &p.list, nil
}

// A parser holds the list as far as it was read, and what is left.
type parser struct {
	content []byte
	rest    cryptobyte.String
	list    List
}

// fail makes the error for a fault at the start of at.
func (p *parser) fail(at []byte, field string, err error) error {
	return &FormatError{Offset: p.offset(at), Field: field, Err: err}
}

// offset says where at, a part of the content, starts. cryptobyte cuts parts
// off the front without limiting their capacity, so that what distinguishes
// the capacities of a part and of the whole is what lies before the part.
func (p *parser) offset(at []byte) int { return cap(p.content) - cap(at) }

func (p *parser) version() error {
	// DER leaves a default value out; one that was written all the same does
	// no harm.
	if !p.rest.PeekASN1Tag(asn1.INTEGER) {
		return nil
	}
	at := p.rest
	var version int64
	if !p.rest.ReadASN1Integer(&version) {
		return p.fail(at, "version", ErrMalformed)
	}
	if version != 0 {
		return p.fail(at, "version", ErrVersion)
	}
	return nil
}

func (p *parser) usage() error {
	at := p.rest
	var usages cryptobyte.String
	if !p.rest.ReadASN1(&usages, asn1.SEQUENCE) {
		return p.fail(at, "subjectUsage", ErrMalformed)
	}
	for !usages.Empty() {
		at := usages
		oid, ok := readOID(&usages)
		if !ok {
			return p.fail(at, "subjectUsage", ErrMalformed)
		}
		if len(p.list.Usage) == MaxUsages {
			return p.fail(at, "subjectUsage", ErrTooManyUsages)
		}
		p.list.Usage = append(p.list.Usage, oid.String())
	}
	return nil
}

func (p *parser) identifier() error {
	at := p.rest
	var identifier cryptobyte.String
	if !p.rest.ReadOptionalASN1(&identifier, nil, asn1.OCTET_STRING) {
		return p.fail(at, "listIdentifier", ErrMalformed)
	}
	p.list.ListIdentifier = identifier
	return nil
}

func (p *parser) sequenceNumber() error {
	if !p.rest.PeekASN1Tag(asn1.INTEGER) {
		return nil
	}
	at := p.rest
	probe, number := p.rest, new(big.Int)
	var octets cryptobyte.String
	if !probe.ReadASN1(&octets, asn1.INTEGER) {
		return p.fail(at, "sequenceNumber", ErrMalformed)
	}
	if len(octets) > MaxIntegerSize {
		return p.fail(at, "sequenceNumber", ErrIntegerTooLarge)
	}
	if !p.rest.ReadASN1Integer(number) {
		return p.fail(at, "sequenceNumber", ErrMalformed)
	}
	p.list.SequenceNumber = number
	return nil
}

func (p *parser) thisUpdate() error {
	at := p.rest
	if !readTime(&p.rest, &p.list.ThisUpdate) {
		return p.fail(at, "ctlThisUpdate", ErrMalformed)
	}
	return nil
}

func (p *parser) nextUpdate() error {
	if !p.rest.PeekASN1Tag(asn1.UTCTime) && !p.rest.PeekASN1Tag(asn1.GeneralizedTime) {
		return nil
	}
	at := p.rest
	if !readTime(&p.rest, &p.list.NextUpdate) {
		return p.fail(at, "ctlNextUpdate", ErrMalformed)
	}
	return nil
}

func (p *parser) subjectAlgorithm() error {
	at := p.rest
	var algorithm cryptobyte.String
	if !p.rest.ReadASN1(&algorithm, asn1.SEQUENCE) {
		return p.fail(at, "subjectAlgorithm", ErrMalformed)
	}
	oid, ok := readOID(&algorithm)
	if !ok {
		return p.fail(at, "subjectAlgorithm", ErrMalformed)
	}
	if !algorithm.Empty() {
		var parameters cryptobyte.String
		var tag asn1.Tag
		if !algorithm.ReadAnyASN1(&parameters, &tag) || !algorithm.Empty() {
			return p.fail(at, "subjectAlgorithm", ErrMalformed)
		}
	}
	p.list.SubjectAlgorithm = oid.String()
	return nil
}

func (p *parser) extensions() error {
	if !p.rest.PeekASN1Tag(tagExtensions) {
		return nil
	}
	at := p.rest
	var explicit, extensions cryptobyte.String
	if !p.rest.ReadASN1(&explicit, tagExtensions) ||
		!explicit.ReadASN1(&extensions, asn1.SEQUENCE) || !explicit.Empty() {
		return p.fail(at, "ctlExtensions", ErrMalformed)
	}
	for !extensions.Empty() {
		at := extensions
		extension, ok := readExtension(&extensions)
		if !ok {
			return p.fail(at, "ctlExtensions", ErrMalformed)
		}
		if len(p.list.Extensions) == MaxExtensions {
			return p.fail(at, "ctlExtensions", ErrTooManyExtensions)
		}
		p.list.Extensions = append(p.list.Extensions, extension)
	}
	return nil
}

// readExtension reads SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, OCTET STRING }.
func readExtension(s *cryptobyte.String) (Extension, bool) {
	var e Extension
	var body, value cryptobyte.String
	if !s.ReadASN1(&body, asn1.SEQUENCE) {
		return Extension{}, false
	}
	oid, ok := readOID(&body)
	if !ok {
		return Extension{}, false
	}
	if body.PeekASN1Tag(asn1.BOOLEAN) && !body.ReadASN1Boolean(&e.Critical) {
		return Extension{}, false
	}
	if !body.ReadASN1(&value, asn1.OCTET_STRING) || !body.Empty() {
		return Extension{}, false
	}
	e.OID, e.Value = oid.String(), value
	return e, true
}

func readOID(s *cryptobyte.String) (OID, bool) {
	var octets cryptobyte.String
	if !s.ReadASN1(&octets, asn1.OBJECT_IDENTIFIER) || !OID(octets).valid() {
		return nil, false
	}
	return OID(octets), true
}

// readTime reads a ChoiceOfTime. Two-digit years are those of X.509: 50 to 99
// mean the twentieth century.
func readTime(s *cryptobyte.String, t *time.Time) bool {
	if s.PeekASN1Tag(asn1.UTCTime) {
		return s.ReadASN1UTCTime(t)
	}
	return s.ReadASN1GeneralizedTime(t)
}

// subjects reads trustedSubjects, in two passes: the first counts, so that
// the second fills a slice of the right size.
func (p *parser) subjects() error {
	if !p.rest.PeekASN1Tag(asn1.SEQUENCE) {
		return nil
	}
	at := p.rest
	var subjects cryptobyte.String
	if !p.rest.ReadASN1(&subjects, asn1.SEQUENCE) {
		return p.fail(at, "trustedSubjects", ErrMalformed)
	}
	count, err := p.countSubjects(subjects)
	if err != nil {
		return err
	}
	p.list.Entries = make([]Entry, count)
	for i := range p.list.Entries {
		if err := p.subject(&subjects, &p.list.Entries[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) countSubjects(subjects cryptobyte.String) (int, error) {
	count := 0
	for ; !subjects.Empty(); count++ {
		if count == MaxEntries {
			return 0, p.fail(subjects, "trustedSubjects", ErrTooManyEntries)
		}
		if at := subjects; !subjects.SkipASN1(asn1.SEQUENCE) {
			return 0, p.fail(at, "trustedSubjects", ErrMalformed)
		}
	}
	return count, nil
}

// subject reads SEQUENCE { subjectIdentifier OCTET STRING,
// subjectAttributes SET OF Attribute OPTIONAL } and walks the attributes once,
// for their structure and their order.
func (p *parser) subject(s *cryptobyte.String, e *Entry) error {
	at := *s
	var subject, tag, attributes cryptobyte.String
	if !s.ReadASN1(&subject, asn1.SEQUENCE) || !subject.ReadASN1(&tag, asn1.OCTET_STRING) {
		return p.fail(at, "subjectIdentifier", ErrMalformed)
	}
	e.Tag = tag
	if subject.Empty() {
		return nil
	}
	if !subject.ReadASN1(&attributes, asn1.SET) || !subject.Empty() {
		return p.fail(at, "subjectAttributes", ErrMalformed)
	}
	e.RawAttributes = attributes
	return p.attributes(attributes)
}

func (p *parser) attributes(attributes cryptobyte.String) error {
	var previous []byte
	for count := 0; !attributes.Empty(); count++ {
		at := attributes
		if count == MaxAttributes {
			return p.fail(at, "subjectAttributes", ErrTooManyAttributes)
		}
		var attribute, values cryptobyte.String
		if !attributes.ReadASN1(&attribute, asn1.SEQUENCE) {
			return p.fail(at, "subjectAttributes", ErrMalformed)
		}
		if _, ok := readOID(&attribute); !ok {
			return p.fail(at, "attribute type", ErrMalformed)
		}
		if !attribute.ReadASN1(&values, asn1.SET) || !attribute.Empty() {
			return p.fail(at, "attribute values", ErrMalformed)
		}
		if err := p.values(values); err != nil {
			return err
		}
		element := at[:len(at)-len(attributes)]
		p.order(previous, element, "attribute")
		previous = element
	}
	return nil
}

func (p *parser) values(values cryptobyte.String) error {
	var previous []byte
	for !values.Empty() {
		at := values
		var element cryptobyte.String
		var tag asn1.Tag
		if !values.ReadAnyASN1Element(&element, &tag) {
			return p.fail(at, "attribute value", ErrMalformed)
		}
		p.order(previous, element, "attribute value")
		previous = element
	}
	return nil
}

// order notes the first element of a SET OF that sorts before the one ahead
// of it. X.690 11.6 compares the encodings as octet strings, padding the
// shorter with zeros; no whole encoding is the start of another, so that a
// plain comparison is the same.
func (p *parser) order(previous, element []byte, field string) {
	if p.list.Ordered == nil && previous != nil && bytes.Compare(previous, element) > 0 {
		p.list.Ordered = p.fail(element, field, ErrOrder)
	}
}
