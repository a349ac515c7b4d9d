package catalog

import "crypto"

// digests are the kinds of digest that catalogs list files by (rules 69 and
// 74). Others can be written down in a catalog and match nothing, because
// Windows does not look files up by them.
var digests = [...]struct {
	hash crypto.Hash
	oid  string // contents of the OBJECT IDENTIFIER
	size int
}{
	{crypto.SHA1, "\x2b\x0e\x03\x02\x1a", 20},                   // 1.3.14.3.2.26
	{crypto.SHA256, "\x60\x86\x48\x01\x65\x03\x04\x02\x01", 32}, // 2.16.840.1.101.3.4.2.1
}

// maxDigest is the size of the largest of them.
const maxDigest = 32

// hashOfSize returns the algorithm whose digests have that many octets, or 0.
func hashOfSize(size int) crypto.Hash {
	for _, d := range digests {
		if d.size == size {
			return d.hash
		}
	}
	return 0
}

// hashOfOID returns the algorithm with that identifier (contents octets) and
// the size of its digests, or 0.
func hashOfOID(oid []byte) (h crypto.Hash, size int) {
	for _, d := range digests {
		if string(oid) == d.oid {
			return d.hash, d.size
		}
	}
	return 0, 0
}
