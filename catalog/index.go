package catalog

import "crypto"

// By says through which part of a member a digest was found: a set of bits,
// empty when it was not.
type By uint8

const (
	ByTag      By = 1 << iota // the tag is the digest
	ByIndirect                // the indirect data holds the digest
)

// String returns "unknown", "tag", "indirect data" or "tag and indirect data".
func (b By) String() string {
	switch b {
	case ByTag:
		return "tag"
	case ByIndirect:
		return "indirect data"
	case ByTag | ByIndirect:
		return "tag and indirect data"
	}
	return "unknown"
}

// A Match is a member that a digest was found in.
type Match struct {
	Member    *Member
	Algorithm crypto.Hash // of the digest: SHA-1 or SHA-256
	By        By
}

// Match finds the member with the digest sum: a SHA-1 or a SHA-256, told
// apart by their length, in the form that fits the file (rules 78-82: for a
// PE file the Authenticode digest). A sum of another length never matches.
//
// Whether a match by this algorithm counts depends on the catalog's version
// and on the release of Windows (rule 73), which the caller must decide.
// Where several members list the digest, the first one is returned.
func (c *Catalog) Match(sum []byte) (Match, bool) {
	i, ok := c.index.find(sum)
	if !ok {
		return Match{}, false
	}
	m := &c.Members[i]
	match := Match{Member: m, Algorithm: hashOfSize(len(sum))}
	if string(m.Digest) == string(sum) {
		match.By |= ByIndirect
	}
	if string(m.TagDigest) == string(sum) {
		match.By |= ByTag
	}
	return match, match.By != 0
}

// Lookup is Match for callers who need only the member.
func (c *Catalog) Lookup(sum []byte) (*Member, bool) {
	match, ok := c.Match(sum)
	return match.Member, ok
}

// An index finds members by digest. Its keys hold the digests themselves, so
// that it has no pointers for the garbage collector to follow, and looking up
// does not allocate.
type index struct {
	members map[key]int32      // position, or barred
	seen    [len(digests)]bool // which of digests occur
}

// barred stands in place of the position for a digest that a member with a
// Problem claims. It matches nothing.
const barred = -1

// A key is a digest and its length; the rest is zero.
type key struct {
	sum  [maxDigest]byte
	size uint8
}

func newIndex(size int) index {
	return index{members: make(map[key]int32, size)}
}

// makeKey returns the key of sum and the place of its kind in digests.
func makeKey(sum []byte) (k key, kind int, ok bool) {
	for i, d := range digests {
		if d.size == len(sum) {
			k.size = uint8(len(sum))
			copy(k.sum[:], sum)
			return k, i, true
		}
	}
	return key{}, 0, false
}

// add enters the digests of the member at position i, and reports whether an
// earlier member has one of them.
func (x *index) add(i int, m *Member) (duplicate bool) {
	duplicate = x.claim(i, m, m.TagDigest)
	if string(m.Digest) != string(m.TagDigest) {
		duplicate = x.claim(i, m, m.Digest) || duplicate
	}
	return duplicate
}

func (x *index) claim(i int, m *Member, sum []byte) (duplicate bool) {
	k, kind, ok := makeKey(sum)
	if !ok {
		return false
	}
	x.seen[kind] = true
	_, duplicate = x.members[k]
	switch {
	case m.Problem != nil:
		x.members[k] = barred
	case !duplicate:
		x.members[k] = int32(i)
	}
	return duplicate
}

func (x *index) find(sum []byte) (int, bool) {
	k, _, ok := makeKey(sum)
	if !ok {
		return 0, false
	}
	i, ok := x.members[k]
	return int(i), ok && i != barred
}
