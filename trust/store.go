package trust

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"prestage/authenticode/cert"
)

// Store is a picture of the certificate stores of one machine's LocalMachine
// (rule 130): the only ones that driver installation looks at. Fill it first,
// then use it from any number of goroutines.
type Store struct {
	embedded      bool  // the embedded roots are anchors, looked up on demand
	kernel        bool  // of the embedded roots only the Code Verification Root is
	anchors       shelf // the user's
	intermediates shelf
	publishers    map[[32]byte]bool
	disallowed    distrust
	lists         map[ListKind]*List // the user's; nil where there are none
	crls          []Item
	evidence      evidence // what issuers say of revocation
	warnings      []string
	links         links
}

// NewStore returns stores that hold nothing: no chain is trusted.
func NewStore() *Store { return &Store{} }

// NewMachineStore returns stores for the description of a whole machine: they
// hold nothing but the root that the kernel has built in and no store holds.
func NewMachineStore() *Store { return &Store{kernel: true} }

// Add puts a certificate into one of the stores.
//
// A certificate added to Root carries the restrictions that it comes with, and
// none otherwise: it stands for one that an administrator put there. The
// restrictions of the Microsoft root program belong to the copy in AuthRoot,
// which is what the embedded list stands for. A certificate in Root that is
// not self-issued is no anchor for Windows, which ends chains in self-signed
// certificates only; it is used as an intermediate, and Warnings says so. The
// roots of test and preview hierarchies are used as intermediates too: a chain
// that ends in one is shown to its end, and not trusted.
func (s *Store) Add(r Role, e Entry) error {
	if e.Certificate == nil {
		return fmt.Errorf("%s: entry without a certificate", e.Source)
	}
	return s.file(r, &volume{entry: &e})
}

// file puts a certificate, read or not, into one of the stores.
func (s *Store) file(r Role, v *volume) error {
	switch r {
	case Root, AuthRoot:
		s.addRoot(r, v)
	case Intermediate, TestRoots, FlightRoots:
		s.intermediates.put(v)
	case Publishers, Distrusted:
		return s.mark(r, v)
	default:
		return fmt.Errorf("%s: no store to put it in", v.source())
	}
	return nil
}

// AddRoot adds an anchor without restrictions.
func (s *Store) AddRoot(c *cert.Certificate, source string) {
	s.addRoot(Root, &volume{entry: &Entry{Certificate: c, Source: source}})
}

// AddIntermediate adds a certificate that may be needed to build chains.
func (s *Store) AddIntermediate(c *cert.Certificate) {
	s.intermediates.put(&volume{entry: &Entry{Certificate: c}})
}

// AddTrustedPublisher adds a publisher: exactly this certificate (rule 133).
func (s *Store) AddTrustedPublisher(c *cert.Certificate) {
	s.publishers = mark(s.publishers, c.SHA256())
}

// AddDisallowed adds a certificate that makes every chain it stands in
// distrusted.
func (s *Store) AddDisallowed(c *cert.Certificate) { s.disallowed.add(c.Raw, c.RawTBS) }

func (s *Store) addRoot(r Role, v *volume) {
	v.kind = UserRoot
	if r == AuthRoot {
		v.kind = ProgramRoot
	}
	if v.selfIssued() {
		s.anchors.put(v)
		return
	}
	s.intermediates.put(v)
	s.warnings = append(s.warnings, fmt.Sprintf("%s: %s is not self-issued: Windows ends no chain in it; used as an intermediate", v.source(), v.title()))
}

// mark puts a certificate into one of the stores that are asked for by
// identity only. Its bytes are all that counts, so it need not be readable;
// but what its file keeps beside it must fit.
func (s *Store) mark(r Role, v *volume) error {
	var tbs []byte
	if v.item == nil {
		tbs = v.entry.Certificate.RawTBS
	} else if err := v.item.checkHash(); err != nil {
		return fmt.Errorf("%s: %w", v.item.place, err)
	} else {
		tbs = v.item.tbs()
	}
	if r == Publishers {
		s.publishers = mark(s.publishers, sha256.Sum256(v.raw()))
		return nil
	}
	s.disallowed.add(v.raw(), tbs)
	return nil
}

// Warnings returns remarks on certificates that have another effect than their
// store suggests, on what was passed over, and on certificates that turned out
// to be unreadable when they were needed.
func (s *Store) Warnings() []string {
	return slices.Concat(s.warnings, s.anchors.warnings(), s.intermediates.warnings())
}

// TrustedPublisher reports whether exactly this certificate stands in the
// TrustedPublisher store. Identity is the SHA-256 of the whole certificate,
// which an SHA-1 thumbprint stands for on Windows.
func (s *Store) TrustedPublisher(c *cert.Certificate) bool {
	return len(s.publishers) > 0 && s.publishers[c.SHA256()]
}

// anchorsFor returns the anchors that are this very certificate: one added by
// the user, one embedded, or both.
func (s *Store) anchorsFor(c *cert.Certificate) []*Anchor {
	return slices.DeleteFunc(s.anchorsNamed(c.RawSubject), func(a *Anchor) bool { return !bytes.Equal(a.Certificate.Raw, c.Raw) })
}

// anchorsNamed returns the anchors with this subject, user's first.
func (s *Store) anchorsNamed(rawSubject []byte) []*Anchor {
	var found []*Anchor
	list := s.lists[RootList]
	for _, a := range s.anchors.titled(rawSubject) {
		if a.Kind == ProgramRoot && list != nil {
			// The list is newer than the copies of it that a machine keeps; a
			// root that it does not have has been removed.
			a = list.apply(a)
		}
		if a != nil {
			found = append(found, a)
		}
	}
	if !s.embedded && !s.kernel {
		return found
	}
	for _, a := range embeddedAnchors(rawSubject) {
		if s.kernel && a.Kind != CodeVerificationRoot {
			continue
		}
		if list != nil {
			a = list.apply(a)
		}
		if a != nil {
			found = append(found, a)
		}
	}
	return found
}

func mark(set map[[32]byte]bool, sum [32]byte) map[[32]byte]bool {
	if set == nil {
		set = make(map[[32]byte]bool)
	}
	set[sum] = true
	return set
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
