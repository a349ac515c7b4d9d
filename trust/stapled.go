package trust

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Limits on what a signature carries about revocation. Nearly none carries
// anything; those that do have two or three lists.
const (
	maxStapled      = 16
	maxStapledBytes = 4 << 20
)

// The DER of object identifiers under which revocation data stands in
// messages.
const (
	oidStampToken       = "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x03\x03\x01"     // 1.3.6.1.4.1.311.3.3.1: RFC 3161 token
	oidRevocationValues = "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x18" // 1.2.840.113549.1.9.16.2.24 (RFC 5126 6.3.4)
	oidRevocationOCSP   = "\x06\x08\x2b\x06\x01\x05\x05\x07\x10\x02"             // 1.3.6.1.5.5.7.16.2 (RFC 5940)
	tagOtherRevocation  = asn1.Tag(1 | 0x80 | 0x20)                              // RFC 5652 10.2.1
	tagExplicit0        = asn1.Tag(0 | 0x80 | 0x20)
	tagExplicit1        = asn1.Tag(1 | 0x80 | 0x20)
)

// stapled collects the revocation data of a PKCS#7 message.
type stapled struct {
	found        evidence
	flaws        []Problem
	count, bytes int
	full         bool // a limit was met, and said so
}

// readStapled finds what a signature carries about revocation: CRLs and OCSP
// responses among the revocation lists of the message (RFC 5652 10.2.1) and in
// the attribute of long-term signatures, there and in its time-stamp tokens.
// The signature itself was read by package authenticode; what does not look as
// expected here is passed over, since who wants it to be missed could have left
// it out. What is found and cannot be read is a flaw.
func readStapled(contentInfo []byte) (*evidence, []Problem) {
	var s stapled
	if len(contentInfo) > 0 {
		s.message(contentInfo, true)
	}
	return &s.found, s.flaws
}

// message walks over a ContentInfo with SignedData.
func (s *stapled) message(contentInfo cryptobyte.String, outer bool) {
	var info, wrapped, data, lists, signers cryptobyte.String
	var present bool
	if !contentInfo.ReadASN1(&info, asn1.SEQUENCE) || !info.SkipASN1(asn1.OBJECT_IDENTIFIER) ||
		!info.ReadASN1(&wrapped, tagExplicit0) || !wrapped.ReadASN1(&data, asn1.SEQUENCE) ||
		!data.SkipASN1(asn1.INTEGER) || !data.SkipASN1(asn1.SET) || !data.SkipASN1(asn1.SEQUENCE) ||
		!data.SkipOptionalASN1(tagExplicit0) || !data.ReadOptionalASN1(&lists, &present, tagExplicit1) ||
		!data.ReadASN1(&signers, asn1.SET) {
		return
	}
	for !lists.Empty() {
		var element cryptobyte.String
		var tag asn1.Tag
		if !lists.ReadAnyASN1Element(&element, &tag) {
			return
		}
		s.revocationInfo(element, tag)
	}
	for !signers.Empty() {
		var signer cryptobyte.String
		if !signers.ReadASN1(&signer, asn1.SEQUENCE) {
			return
		}
		s.signer(signer, outer)
	}
}

// revocationInfo takes a RevocationInfoChoice.
func (s *stapled) revocationInfo(element cryptobyte.String, tag asn1.Tag) {
	if tag == asn1.SEQUENCE {
		s.list(element)
		return
	}
	var other cryptobyte.String
	if tag == tagOtherRevocation && element.ReadASN1(&other, tag) && hasOID(&other, oidRevocationOCSP) {
		s.response(other)
	}
}

// hasOID takes an object identifier, given in DER, off s.
func hasOID(s *cryptobyte.String, oid string) bool {
	return len(*s) >= len(oid) && string((*s)[:len(oid)]) == oid && s.Skip(len(oid))
}

// signer looks through the unsigned attributes of a SignerInfo.
func (s *stapled) signer(info cryptobyte.String, outer bool) {
	var id, attributes cryptobyte.String
	var tag asn1.Tag
	var present bool
	if !info.SkipASN1(asn1.INTEGER) || !info.ReadAnyASN1(&id, &tag) || !info.SkipASN1(asn1.SEQUENCE) ||
		!info.SkipOptionalASN1(tagExplicit0) || !info.SkipASN1(asn1.SEQUENCE) || !info.SkipASN1(asn1.OCTET_STRING) ||
		!info.ReadOptionalASN1(&attributes, &present, tagExplicit1) {
		return
	}
	for !attributes.Empty() {
		var attribute, values cryptobyte.String
		if !attributes.ReadASN1(&attribute, asn1.SEQUENCE) {
			return
		}
		take := s.revocationValues
		switch {
		case hasOID(&attribute, oidRevocationValues):
		case outer && hasOID(&attribute, oidStampToken):
			take = func(token cryptobyte.String) { s.message(token, false) }
		default:
			continue
		}
		if !attribute.ReadASN1(&values, asn1.SET) {
			return
		}
		for !values.Empty() {
			var value cryptobyte.String
			if !values.ReadASN1Element(&value, asn1.SEQUENCE) {
				return
			}
			take(value)
		}
	}
}

// revocationValues takes the attribute of long-term signatures: CRLs, and OCSP
// responses without their outermost layer.
func (s *stapled) revocationValues(value cryptobyte.String) {
	var body, lists, basics cryptobyte.String
	if !value.ReadASN1(&body, asn1.SEQUENCE) || !readOptionalSequence(&body, &lists, tagExplicit0) ||
		!readOptionalSequence(&body, &basics, tagExplicit1) {
		return
	}
	for !lists.Empty() {
		var list cryptobyte.String
		if !lists.ReadASN1Element(&list, asn1.SEQUENCE) {
			return
		}
		s.list(list)
	}
	for !basics.Empty() {
		var basic cryptobyte.String
		if !basics.ReadASN1Element(&basic, asn1.SEQUENCE) {
			return
		}
		s.response(wrapBasic(basic))
	}
}

func readOptionalSequence(s, out *cryptobyte.String, tag asn1.Tag) bool {
	var wrapped cryptobyte.String
	var present bool
	return s.ReadOptionalASN1(&wrapped, &present, tag) && (!present || wrapped.ReadASN1(out, asn1.SEQUENCE))
}

// wrapBasic puts the outermost layer around a BasicOCSPResponse.
func wrapBasic(basic []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(tagExplicit0, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes([]byte(oidBasicResponse))
				b.AddASN1OctetString(basic)
			})
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil // only beyond what a length can say; no response is that
	}
	return der
}

func (s *stapled) list(der []byte) {
	if !s.allow(der) {
		return
	}
	l, err := readRevocationList("the signature's message", der)
	if err != nil {
		s.flaw(err.Error())
		return
	}
	s.found.addList(l)
}

func (s *stapled) response(der []byte) {
	if !s.allow(der) {
		return
	}
	answers, err := readOCSP("the signature's message", der)
	if err != nil {
		s.flaw(err.Error())
		return
	}
	s.found.addAnswers(answers)
}

// allow counts what is read. Beyond the limits nothing is: who carries that
// much could as well carry nothing.
func (s *stapled) allow(der []byte) bool {
	s.count++
	s.bytes += len(der)
	if s.count <= maxStapled && s.bytes <= maxStapledBytes {
		return true
	}
	if !s.full {
		s.full = true
		s.flaw(fmt.Sprintf("the signature carries more than %d revocation lists and OCSP responses, or %d bytes of them: the rest is not read", maxStapled, maxStapledBytes))
	}
	return false
}

func (s *stapled) flaw(detail string) {
	s.flaws = append(s.flaws, problem(UnusableRevocation, nil, detail))
}
