package trust

import (
	"bytes"
	"fmt"
	"slices"

	"prestage/authenticode/cert"
)

// Store is a picture of the certificate stores of one machine's LocalMachine
// (rule 130): the only ones that driver installation looks at. Fill it first,
// then use it from any number of goroutines.
type Store struct {
	embedded      bool                 // the embedded roots are anchors, looked up on demand
	anchors       map[string][]*Anchor // the user's, by raw subject
	intermediates index
	publishers    map[[32]byte]bool
	disallowed    map[[32]byte]bool
	warnings      []string
	links         links
}

// NewStore returns stores that hold nothing: no chain is trusted.
func NewStore() *Store { return &Store{} }

// Role says which of the machine's stores a certificate stands in.
type Role int

const (
	// UnknownRole is no store.
	UnknownRole Role = iota
	// Root is the store of anchors, AuthRoot included.
	Root
	// Intermediate is the store CA.
	Intermediate
	// Publishers is the store TrustedPublisher.
	Publishers
	// Distrusted is the store Disallowed.
	Distrusted
)

// String returns the store's name as Windows writes it, or "unknown".
func (r Role) String() string {
	return word(int(r), "unknown", "Root", "CA", "TrustedPublisher", "Disallowed")
}

// Add puts a certificate into one of the stores.
//
// A certificate added to Root carries the restrictions that it comes with, and
// none otherwise: it stands for one that an administrator put there. The
// restrictions of the Microsoft root program belong to the copy in AuthRoot,
// which is what the embedded list stands for. A certificate in Root that is
// not self-issued is no anchor for Windows, which ends chains in self-signed
// certificates only; it is used as an intermediate, and Warnings says so.
func (s *Store) Add(r Role, e Entry) error {
	if e.Certificate == nil {
		return fmt.Errorf("%s: entry without a certificate", e.Source)
	}
	switch r {
	case Root:
		s.addRoot(e)
	case Intermediate:
		s.intermediates.add(e.Certificate)
	case Publishers:
		s.publishers = mark(s.publishers, e.Certificate)
	case Distrusted:
		s.disallowed = mark(s.disallowed, e.Certificate)
	default:
		return fmt.Errorf("%s: no store to put it in", e.Source)
	}
	return nil
}

// AddRoot adds an anchor without restrictions.
func (s *Store) AddRoot(c *cert.Certificate, source string) {
	s.addRoot(Entry{Certificate: c, Source: source})
}

// AddIntermediate adds a certificate that may be needed to build chains.
func (s *Store) AddIntermediate(c *cert.Certificate) { s.intermediates.add(c) }

// AddTrustedPublisher adds a publisher: exactly this certificate (rule 133).
func (s *Store) AddTrustedPublisher(c *cert.Certificate) { s.publishers = mark(s.publishers, c) }

// AddDisallowed adds a certificate that makes every chain it stands in
// distrusted.
func (s *Store) AddDisallowed(c *cert.Certificate) { s.disallowed = mark(s.disallowed, c) }

func (s *Store) addRoot(e Entry) {
	c := e.Certificate
	if !c.SelfIssued() {
		s.intermediates.add(c)
		s.warnings = append(s.warnings, fmt.Sprintf("%s: %s is not self-issued: Windows ends no chain in it; used as an intermediate", e.Source, c.Subject))
		return
	}
	if s.anchors == nil {
		s.anchors = make(map[string][]*Anchor)
	}
	name := string(c.RawSubject)
	same := func(a *Anchor) bool { return bytes.Equal(a.Certificate.Raw, c.Raw) }
	if i := slices.IndexFunc(s.anchors[name], same); i >= 0 {
		s.anchors[name] = slices.Delete(s.anchors[name], i, i+1) // the last word counts
	}
	s.anchors[name] = append(s.anchors[name], &Anchor{Certificate: c, Kind: UserRoot, Restrictions: e.Restrictions, Source: e.Source})
}

// Warnings returns remarks on certificates that have another effect than their
// store suggests.
func (s *Store) Warnings() []string { return append([]string(nil), s.warnings...) }

// Disallowed reports whether the certificate stands in the Disallowed store.
// Identity is the SHA-256 of the whole certificate, which an SHA-1 thumbprint
// stands for on Windows.
func (s *Store) Disallowed(c *cert.Certificate) bool { return holds(s.disallowed, c) }

// TrustedPublisher reports whether exactly this certificate stands in the
// TrustedPublisher store.
func (s *Store) TrustedPublisher(c *cert.Certificate) bool { return holds(s.publishers, c) }

// anchorsFor returns the anchors that are this very certificate: one added by
// the user, one embedded, or both.
func (s *Store) anchorsFor(c *cert.Certificate) []*Anchor {
	return s.anchorsWhere(c.RawSubject, func(a *Anchor) bool { return bytes.Equal(a.Certificate.Raw, c.Raw) })
}

// anchorsNamed returns the anchors with this subject, user's first.
func (s *Store) anchorsNamed(rawSubject []byte) []*Anchor {
	return s.anchorsWhere(rawSubject, func(*Anchor) bool { return true })
}

func (s *Store) anchorsWhere(rawSubject []byte, take func(*Anchor) bool) []*Anchor {
	var found []*Anchor
	for _, a := range s.anchors[string(rawSubject)] {
		if take(a) {
			found = append(found, a)
		}
	}
	if !s.embedded {
		return found
	}
	for _, a := range embeddedAnchors(rawSubject) {
		if take(a) {
			found = append(found, a)
		}
	}
	return found
}

func mark(set map[[32]byte]bool, c *cert.Certificate) map[[32]byte]bool {
	if set == nil {
		set = make(map[[32]byte]bool)
	}
	set[c.SHA256()] = true
	return set
}

func holds(set map[[32]byte]bool, c *cert.Certificate) bool {
	return len(set) > 0 && set[c.SHA256()]
}

// index finds certificates by raw subject. Several may have the same one:
// renewed keys, cross-certificates, forgeries.
type index struct {
	bySubject map[string][]*cert.Certificate
}

func newIndex(certs []*cert.Certificate) index {
	var x index
	for _, c := range certs {
		x.add(c)
	}
	return x
}

func (x *index) add(c *cert.Certificate) {
	if c == nil {
		return
	}
	if x.bySubject == nil {
		x.bySubject = make(map[string][]*cert.Certificate)
	}
	x.bySubject[string(c.RawSubject)] = append(x.bySubject[string(c.RawSubject)], c)
}

// named returns the certificates with this subject, in the order in which they
// were added. The result must not be appended to in place.
func (x *index) named(rawSubject []byte) []*cert.Certificate {
	found := x.bySubject[string(rawSubject)]
	return found[:len(found):len(found)]
}
