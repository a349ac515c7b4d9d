package trust

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/cert"
	"prestage/trust/roots"
)

// ListKind says which of the root program's lists it is.
type ListKind int

const (
	// UnknownList is no list.
	UnknownList ListKind = iota
	// RootList is authroot.stl: the roots of the program and what each is
	// allowed.
	RootList
	// DisallowedList is disallowedcert.stl.
	DisallowedList
)

// String returns "unknown", "trusted roots" or "disallowed certificates".
func (k ListKind) String() string {
	return word(int(k), "unknown", "trusted roots", "disallowed certificates")
}

// Role is the store that the list speaks of.
func (k ListKind) Role() Role {
	switch k {
	case RootList:
		return Root
	case DisallowedList:
		return Distrusted
	}
	return UnknownRole
}

// ListInfo says which list it is.
type ListInfo struct {
	Kind ListKind
	// Source is the file, or "embedded".
	Source string
	// Date is the list's ctlThisUpdate, UTC.
	Date time.Time
	// SequenceNumber tells which of two lists is newer; nil where there is
	// none.
	SequenceNumber *big.Int
	// Entries is the number of certificates that it speaks of.
	Entries int
	// Verified says that the list is proven to be Microsoft's.
	Verified bool
	// Problem says why it is not, for a list that was accepted all the same.
	Problem string
	// Signer signed a verified list; nil for others, and for the embedded one.
	Signer *cert.Certificate
}

// List is one of the root program's lists.
type List struct {
	ListInfo
	roots       []ListedRoot
	bySHA1      map[[20]byte]int
	identifiers map[string]bool
}

// ListedRoot is an entry of a list of trusted roots: facts on a certificate
// that the list does not carry.
type ListedRoot struct {
	SHA1         [20]byte
	SHA256       [32]byte // zero where the list does not say
	Name         string   // friendly name
	Restrictions Restrictions
	Properties   []Property
	// Remarks say which properties could not be taken at their word.
	Remarks []string
}

// Roots returns the entries of a list of trusted roots, in its order.
func (l *List) Roots() []ListedRoot { return slices.Clone(l.roots) }

// Identifiers returns the identifiers of a list of disallowed certificates in
// hex, sorted.
func (l *List) Identifiers() []string {
	var ids []string
	for id := range maps.Keys(l.identifiers) {
		ids = append(ids, hex.EncodeToString([]byte(id)))
	}
	slices.Sort(ids)
	return ids
}

// newer reports whether l takes the place of old: one with a larger sequence
// number does, and where neither has one, a later one. What is not proven
// never takes the place of what is.
func (l *List) newer(old *List) bool {
	if old == nil {
		return true
	}
	if l.Verified != old.Verified {
		return l.Verified
	}
	return cmp.Or(compareSequence(l.SequenceNumber, old.SequenceNumber), l.Date.Compare(old.Date)) > 0
}

// compareSequence compares sequence numbers; none is less than any.
func compareSequence(a, b *big.Int) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return a.Cmp(b)
}

// find returns the entry for a root by its digests.
func (l *List) find(sha1 [20]byte, sha256 [32]byte) *ListedRoot {
	i, ok := l.bySHA1[sha1]
	if !ok {
		return nil
	}
	root := &l.roots[i]
	if find(root.Properties, PropSHA256) != nil && root.SHA256 != sha256 {
		return nil // somebody's collision
	}
	return root
}

// apply gives an embedded anchor, or one from the store AuthRoot, the
// restrictions of the list. Nil means that the list has removed it. Anchors
// that no list ever had, the Code Verification Root for one, stay as they are.
func (l *List) apply(a *Anchor) *Anchor {
	sum256 := a.Certificate.SHA256()
	embedded := roots.BySHA256(sum256)
	entry := l.find(a.Certificate.SHA1(), sum256)
	switch {
	case entry == nil && embedded != nil && !embedded.Listed:
		return a
	case entry == nil:
		return nil
	}
	changed := *a
	changed.Restrictions = entry.Restrictions
	if embedded != nil && embedded.Class == roots.ProductTimeStamping {
		changed.Restrictions.EKUs = onlyTimeStamping(entry.Restrictions.EKUs)
	}
	changed.Source = fmt.Sprintf("%s, list of %s (%s)", a.Source, l.Date.Format(time.DateOnly), l.Source)
	return &changed
}

// onlyTimeStamping is what a list leaves of the purposes of a root under which
// nothing but time stamps is ever signed.
func onlyTimeStamping(ekus []string) []string {
	if ekus != nil && !slices.Contains(ekus, OIDTimeStamping) {
		return []string{}
	}
	return []string{OIDTimeStamping}
}

// distrusts reports whether a list of disallowed certificates names c: by the
// digest of what is signed, made with the digest of c's own signature, or by
// the MD5 of its public key's bits (trust-store reference 5.1). An identifier
// does not say which of the two it is, so both are looked up.
func (l *List) distrusts(c *cert.Certificate) bool {
	if _, digest, err := c.TBSHash(); err == nil && l.identifiers[string(digest)] {
		return true
	}
	bits := publicKeyBits(c)
	sum := md5.Sum(bits)
	return bits != nil && l.identifiers[string(sum[:])]
}

// publicKeyBits is the contents of the subjectPublicKey BIT STRING, without
// the octet that counts unused bits; nil if there are none.
func publicKeyBits(c *cert.Certificate) []byte {
	s := cryptobyte.String(c.RawSPKI)
	var info, bits cryptobyte.String
	if !s.ReadASN1(&info, asn1.SEQUENCE) || !info.SkipASN1(asn1.SEQUENCE) || !info.ReadASN1(&bits, asn1.BIT_STRING) || len(bits) < 2 {
		return nil
	}
	return bytes.Clone(bits[1:])
}

// listRoot is the only root under which Microsoft's lists are signed.
func listRoot() (*cert.Certificate, error) {
	const root2010 = "df545bf919a2439c36983b54cdfc903dfa4f37d3996d8d84b4c31eec6f3c163e"
	var sum [32]byte
	if _, err := hex.Decode(sum[:], []byte(root2010)); err != nil {
		return nil, err
	}
	r := roots.BySHA256(sum)
	if r == nil {
		return nil, fmt.Errorf("root %s is not embedded", root2010)
	}
	return r.Certificate()
}

// What trust/roots/facts/program.tsv says of the list that it was made from.
const (
	embeddedSequence = "1401dcd1efa35b4a5b"
	embeddedEntries  = 515
)

// embeddedList describes the list from which the embedded facts are.
func embeddedList() ListInfo {
	sequence, _ := new(big.Int).SetString(embeddedSequence, 16)
	return ListInfo{
		Kind: RootList, Source: "embedded", Date: roots.ListDate(), SequenceNumber: sequence, Entries: embeddedEntries,
		Problem: "its facts are part of the program, the list itself is not",
	}
}
