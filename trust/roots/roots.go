// Package roots embeds the anchors of Windows' signature chains: the
// Microsoft product roots, the Microsoft Code Verification Root, and all roots
// of the Microsoft root program that may be used for code signing or time
// stamping, together with what the program allows each of them.
//
// It is data with an index. Nothing here decides: which class of anchor counts
// for which purpose, and what a restriction means at which time, is for
// package trust. The certificates are read when asked for, one at a time; the
// index is built on first use from two tables and costs less than parsing a
// dozen certificates.
//
// README.md says where everything comes from and how to refresh it.
package roots

//go:generate go run gen/main.go -debian $DEBIAN_SOURCES

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	"prestage/authenticode/cert"
)

// Class says on what ground an anchor is one. Zero is unknown.
type Class int

const (
	ClassUnknown Class = iota
	// Product roots issue Microsoft's own products: a chain that ends here is
	// Microsoft's, as Code Integrity sees it.
	Product
	// ProductTimeStamping roots issue Microsoft's time stamps and nothing else,
	// whatever their entry in the program permits.
	ProductTimeStamping
	// CodeVerification is the issuer of the cross-certificates by which old
	// third-party kernel drivers reach Microsoft. The kernel trusts it; the root
	// program does not list it, so installation never ends a chain here.
	CodeVerification
	// Program roots are third parties' (and Microsoft's public signing service,
	// which signs for third parties), trusted by the root program.
	Program
)

var classNames = [...]string{
	ClassUnknown: "unknown", Product: "product", ProductTimeStamping: "product-timestamp",
	CodeVerification: "code-verification", Program: "program",
}

// String is the word that facts/anchors.tsv uses, or "unknown".
func (c Class) String() string {
	if c < 0 || int(c) >= len(classNames) {
		c = ClassUnknown
	}
	return classNames[c]
}

// Root is one embedded anchor. Roots are shared: do not change them.
type Root struct {
	SHA256 [32]byte // of the certificate: the identity of an anchor
	SHA1   [20]byte // of the certificate: what Windows calls its thumbprint
	Class  Class
	// Subject is the name for people, as cert.Name prints it.
	Subject string
	// Policy is what the root program says of this root. The two anchors that
	// the program does not list (Code Verification, and Microsoft's of 1995)
	// have the zero Policy: there the class alone is the ground of trust.
	Policy
	// Source is the package that the certificate was taken from, a key into the
	// table of README.md.
	Source string

	der, rawSubject string

	once   sync.Once // guards the two below
	parsed *cert.Certificate
	err    error
}

// DER returns a copy of the certificate.
func (r *Root) DER() []byte { return []byte(r.der) }

// RawSubject returns a copy of the subject as encoded, without parsing the
// certificate.
func (r *Root) RawSubject() []byte { return []byte(r.rawSubject) }

// Certificate parses the anchor, once. The error cannot happen with the
// embedded data; a test parses all of it.
func (r *Root) Certificate() (*cert.Certificate, error) {
	r.once.Do(func() { r.parsed, r.err = parseRoot(r.der, r.SHA256) })
	return r.parsed, r.err
}

func parseRoot(der string, want [32]byte) (*cert.Certificate, error) {
	raw := []byte(der)
	if sha256.Sum256(raw) != want {
		return nil, fmt.Errorf("embedded root %x: SHA-256 differs", want)
	}
	c, err := cert.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("embedded root %x: %w", want, err)
	}
	return c, nil
}

// All returns every embedded anchor: by class in the order above, then by
// SHA-256.
func All() []*Root { return slices.Clone(load().roots) }

// BySubject returns the anchors whose encoded subject is raw, byte for byte.
// Renewed roots share a subject: a caller must try all of them.
func BySubject(raw []byte) []*Root { return slices.Clone(load().bySubject[string(raw)]) }

// BySHA256 returns the anchor with this certificate, or nil.
func BySHA256(sum [32]byte) *Root { return load().bySHA256[sum] }

// ListDate is the date of the root program's list that the policies are from,
// 00:00 UTC. What the program did later is not known here.
func ListDate() time.Time { return time.Date(2026, time.April, 20, 0, 0, 0, 0, time.UTC) }
