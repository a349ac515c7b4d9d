package trust

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"slices"
	"sync"

	"prestage/authenticode/cert"
)

// shelf holds the certificates of one store and reads them when a chain asks
// for their subject: of a store of many hundred, a run needs a handful. It may
// be used from any number of goroutines once it is filled.
type shelf struct {
	mu        sync.Mutex
	all       []*volume
	bySubject map[string][]*volume // of the first so many:
	indexed   int
	unread    []string // why certificates could not be read when they were needed
}

// volume is one certificate on a shelf.
type volume struct {
	item  *Item  // nil for one that was read when it was put there
	entry *Entry // nil until it is read
	kind  AnchorKind

	also *volume // the same certificate in the other of Root and AuthRoot

	opened bool
	anchor *Anchor // nil when it cannot be read
}

func (v *volume) raw() []byte {
	if v.item != nil {
		return v.item.Raw
	}
	return v.entry.Certificate.Raw
}

func (v *volume) subject() []byte {
	if v.item != nil {
		return v.item.subject()
	}
	return v.entry.Certificate.RawSubject
}

func (v *volume) selfIssued() bool {
	if v.item != nil {
		return v.item.outline.selfIssued
	}
	return v.entry.Certificate.SelfIssued()
}

func (v *volume) source() string {
	if v.item != nil {
		return v.item.Source()
	}
	return v.entry.Source
}

// title names the certificate in a message.
func (v *volume) title() string {
	if v.item == nil {
		return v.entry.Certificate.Subject.String()
	}
	if c, err := cert.Parse(v.item.Raw); err == nil {
		return c.Subject.String()
	}
	return fmt.Sprintf("certificate %x", sha1.Sum(v.item.Raw))
}

// put adds a certificate. Shelves are filled before they are shared, so it
// takes no lock.
func (s *shelf) put(v *volume) { s.all = append(s.all, v) }

// grow makes room for so many more.
func (s *shelf) grow(n int) { s.all = slices.Grow(s.all, n) }

// titled returns the anchors with this subject, in the order in which they
// were put there. Of one certificate that is there twice the last word counts;
// but if it is in both Root and AuthRoot, what either restricts is restricted.
// Certificates that turn out to be unreadable are left out, which can only
// make verdicts worse, and are remembered.
func (s *shelf) titled(subject []byte) []*Anchor {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index()
	var found []*Anchor
	for _, v := range s.bySubject[string(subject)] {
		if a := s.open(v); a != nil {
			found = append(found, a)
		}
	}
	return found
}

// named returns the certificates with this subject. The result must not be
// appended to in place.
func (s *shelf) named(subject []byte) []*cert.Certificate {
	anchors := s.titled(subject)
	found := make([]*cert.Certificate, len(anchors))
	for i, a := range anchors {
		found[i] = a.Certificate
	}
	return found
}

// index takes note of what was put there since it was last called.
func (s *shelf) index() {
	if s.bySubject == nil {
		s.bySubject = make(map[string][]*volume, len(s.all))
	}
	for _, v := range s.all[s.indexed:] {
		same := s.bySubject[string(v.subject())]
		same = slices.DeleteFunc(same, func(old *volume) bool {
			if !bytes.Equal(old.raw(), v.raw()) {
				return false
			}
			if old.kind != v.kind {
				v.also, old.also = old, nil
			} else {
				v.also = old.also
			}
			return true
		})
		s.bySubject[string(v.subject())] = append(same, v)
	}
	s.indexed = len(s.all)
}

// open reads a certificate, once.
func (s *shelf) open(v *volume) *Anchor {
	if v.opened {
		return v.anchor
	}
	v.opened = true
	if v.item != nil {
		e, err := v.item.Entry()
		if err != nil {
			s.unread = append(s.unread, err.Error()+": not used")
			return nil
		}
		v.entry = &e
	}
	for _, remark := range v.entry.Remarks {
		s.unread = append(s.unread, v.entry.Source+": "+remark)
	}
	restrictions := v.entry.Restrictions
	if v.also != nil {
		other := s.open(v.also)
		if other == nil {
			return nil
		}
		v.kind = ProgramRoot
		restrictions = restrictions.and(other.Restrictions)
	}
	v.anchor = &Anchor{Certificate: v.entry.Certificate, Kind: v.kind, Restrictions: restrictions, Source: v.entry.Source}
	return v.anchor
}

// warnings returns what was remembered of unreadable certificates.
func (s *shelf) warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unread)
}
