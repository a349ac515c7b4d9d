// Package catalog reads the catalogs (.cat) that sign driver packages.
//
// A catalog is a signed list of members. A member says, by digest, that one
// file belongs to what was signed, and may carry attributes: the file's name,
// the Windows versions it was tested for. [Parse] reads a catalog;
// [Catalog.Lookup] and [Catalog.Match] say whether a file with a given digest
// is a member. Whether the signature holds is in [Catalog.Signature]; whether
// anybody trusts it is for package trust.
//
// # Words
//
// The tag of a member is its name within the list. In version 1 catalogs it
// is usually the SHA-1 of the file as UTF-16 text, in version 2 catalogs the
// digest itself, and each file is listed twice, by SHA-1 and by SHA-256 (rules
// 66-70, L1). The indirect data (SpcIndirectData) of a member holds the digest
// with its algorithm; the SHA-1 members of version 2 have none.
//
// The digest of a PE or cabinet file is its Authenticode digest, of any other
// file the one of all its bytes (rules 78-80). A catalog does not say which
// file a member is for: names in it are hints and match nothing (rule 90, L8).
//
// # What matches
//
// A member matches by its indirect data, or by its tag where it has none
// (rule 67). It never matches when anything about it is wrong: see
// [Member].Problem. A digest that any such member claims matches nothing at
// all, because which of several claims Windows would look at is not known.
//
// A departure from the grammar of the list itself fails the whole catalog;
// one inside the value of an attribute makes only its member unusable.
//
// The slices of a Catalog alias the bytes given to Parse, which must not be
// changed afterwards. A Catalog is never changed after Parse: it may be used
// from several goroutines.
package catalog

import (
	"crypto"
	"time"

	"prestage/authenticode"
)

// A Catalog is a parsed catalog. Nothing about it is trusted.
type Catalog struct {
	// Version is 1 or 2, from subjectAlgorithm: it says how members are
	// named, and by which algorithm Windows 8 and later look files up: SHA-1
	// in version 1, SHA-256 in version 2 (rule 73).
	Version int

	// ListIdentifier is 16 random octets, or nil.
	ListIdentifier []byte

	// ThisUpdate is when the catalog was made, in UTC, as it claims itself.
	ThisUpdate time.Time

	// NextUpdate is the zero time in every catalog seen.
	NextUpdate time.Time

	// Attributes are the name/values of the catalog as a whole, in file order.
	Attributes []Attribute

	// Members are the members, in file order.
	Members []Member

	// Signature is the signature around the list, never nil. An unsigned
	// catalog has one without signers.
	Signature *authenticode.Signature

	// Ordered is nil where every SET OF of the signature and of the members
	// is in DER order, and otherwise names the first that is not. Windows
	// treats such a catalog as unsigned since October 2020 (rule 63).
	Ordered error

	// Padding is the number of zero octets after the signed message.
	Padding int

	// Duplicates is the number of digests listed by more than one member.
	// The first of them, in file order, is the one that matches.
	Duplicates int

	index  index
	osAttr osAttr
}

// Signed reports whether the catalog has a signer at all. It says nothing of
// whether the signature holds: a SignedData without signers looks signed and
// is not (rule 59, L12).
func (c *Catalog) Signed() bool { return c.Signature != nil && c.Signature.SignerCount > 0 }

// HashAlgorithms returns the algorithms of the digests that members list, by
// tag or by indirect data, in the order SHA-1, SHA-256. A file whose digests
// of these kinds are no members is not in the catalog.
func (c *Catalog) HashAlgorithms() []crypto.Hash {
	var algorithms []crypto.Hash
	for i, d := range digests {
		if c.index.seen[i] {
			algorithms = append(algorithms, d.hash)
		}
	}
	return algorithms
}

// Attribute returns the value of the catalog's first name/value of that name,
// and whether there is one. Case counts.
func (c *Catalog) Attribute(name string) (string, bool) { return first(c.Attributes, name) }
