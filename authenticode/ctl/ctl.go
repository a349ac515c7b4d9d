// Package ctl reads Microsoft certificate trust lists.
//
// A certificate trust list (CTL) is a signed list of subjects, each named by
// an octet string and described by attributes. Two kinds matter to driver
// signing: a catalog (.cat) is a CTL whose subjects are file digests, and
// authroot.stl and disallowedcert.stl are CTLs whose subjects are
// certificates. [Parse] reads the structure that they share; what a subject
// or an attribute means is for package catalog and package trust to say.
//
// Nothing here looks at the signature around the list or judges anything.
// A [List] read without error has the structure of the grammar given at Parse
// down to the values of its attributes, which themselves are not looked into.
//
// The slices of a List alias the octets given to Parse: nothing is copied,
// and the caller must not change them afterwards.
package ctl

import (
	"iter"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// A List is a parsed certificate trust list.
type List struct {
	// Usage is subjectUsage: dotted object identifiers, in file order, that
	// say what kind of list this is.
	Usage []string

	// ListIdentifier is nil where the list has none. Catalogs carry 16 random
	// octets, other lists UTF-16LE text.
	ListIdentifier []byte

	// SequenceNumber is nil where the list has none. Of two versions of a
	// list the one with the larger number is newer.
	SequenceNumber *big.Int

	// ThisUpdate is when the list was made, in UTC, as the list claims.
	ThisUpdate time.Time

	// NextUpdate is when the next one is due; the zero time where the list
	// does not say.
	NextUpdate time.Time

	// SubjectAlgorithm is the dotted object identifier that says how
	// subjects are named. Its parameters are not kept: every known list has
	// NULL there.
	SubjectAlgorithm string

	// Entries are the trusted subjects, in file order.
	Entries []Entry

	// Extensions are the list's own extensions, in file order. An identifier
	// may occur many times: a catalog has one extension for each name/value.
	Extensions []Extension

	// Ordered is nil where every SET OF of the list is in DER order, and
	// otherwise a *[FormatError] that says where the first one is not
	// (rule 63). A list can be readable and yet badly ordered.
	Ordered error
}

// An Entry is one trusted subject.
type Entry struct {
	// Tag is subjectIdentifier: a digest in most lists, the text of a digest
	// or any other text in version 1 catalogs.
	Tag []byte

	// RawAttributes holds the contents of the SET OF attributes, without its
	// tag and length; nil where the subject has no SET at all.
	RawAttributes []byte
}

// Attributes yields the type and the contents of the SET OF values of each
// attribute, in file order. A type may occur more than once.
//
// For entries of a parsed list nothing can go wrong. For an entry made up by
// other code, the sequence ends at the first attribute that is not one.
func (e Entry) Attributes() iter.Seq2[OID, cryptobyte.String] {
	return func(yield func(OID, cryptobyte.String) bool) {
		rest := cryptobyte.String(e.RawAttributes)
		for !rest.Empty() {
			var attribute, oid, values cryptobyte.String
			if !rest.ReadASN1(&attribute, asn1.SEQUENCE) ||
				!attribute.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) ||
				!attribute.ReadASN1(&values, asn1.SET) ||
				!attribute.Empty() {
				return
			}
			if !yield(OID(oid), values) {
				return
			}
		}
	}
}

// An Extension is one extension of the list.
type Extension struct {
	OID      string // dotted
	Critical bool
	Value    []byte // contents of the OCTET STRING
}
