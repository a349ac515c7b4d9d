package signtest

import (
	"math/big"
	"slices"
	"time"
)

// TrustList describes a certificate trust list, the content of a catalog and
// of authroot.stl (section B.2 of the rule book).
type TrustList struct {
	Version          int      // 0: not written, which means 0
	Usage            []string // at least one
	ListIdentifier   []byte   // nil: not written
	SequenceNumber   *big.Int // nil: not written
	ThisUpdate       time.Time
	NextUpdate       time.Time // zero: not written
	SubjectAlgorithm string
	Subjects         []TrustedSubject // in the order of the list
	Extensions       []Extension
	// DisorderAttributes writes each subject's attributes against DER order,
	// where there are two or more.
	DisorderAttributes bool
}

// TrustedSubject is one entry of the list.
type TrustedSubject struct {
	Identifier []byte
	Attributes []Attribute // nil: not written
}

// Encode makes the DER of the CertificateTrustList SEQUENCE.
func (l TrustList) Encode() []byte {
	var subjects, extensions [][]byte
	several := func(s TrustedSubject) bool { return len(s.Attributes) > 1 }
	if l.DisorderAttributes && !slices.ContainsFunc(l.Subjects, several) {
		panic("signtest: no member has two attributes: nothing to disorder")
	}
	for _, s := range l.Subjects {
		subjects = append(subjects, s.der(l.DisorderAttributes))
	}
	for _, e := range l.Extensions {
		extensions = append(extensions, e.der())
	}
	optional := func(present bool, encode func() []byte) []byte {
		if !present {
			return nil
		}
		return encode()
	}
	return Sequence(
		optional(l.Version != 0, func() []byte { return Integer(int64(l.Version)) }),
		ekuList(l.Usage),
		optional(l.ListIdentifier != nil, func() []byte { return OctetString(l.ListIdentifier) }),
		optional(l.SequenceNumber != nil, func() []byte { return BigInteger(l.SequenceNumber) }),
		Time(l.ThisUpdate),
		optional(!l.NextUpdate.IsZero(), func() []byte { return Time(l.NextUpdate) }),
		algorithmID(l.SubjectAlgorithm),
		optional(len(subjects) > 0, func() []byte { return Sequence(subjects...) }),
		optional(len(extensions) > 0, func() []byte { return Explicit(0, Sequence(extensions...)) }),
	)
}

func (s TrustedSubject) der(disorder bool) []byte {
	if s.Attributes == nil {
		return Sequence(OctetString(s.Identifier))
	}
	attributes := attributeDER(s.Attributes)
	return Sequence(
		OctetString(s.Identifier),
		setOf(TagSet, "member attributes", disorder && len(attributes) > 1, attributes),
	)
}
