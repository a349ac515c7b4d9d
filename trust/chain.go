package trust

import (
	"bytes"
	"crypto/sha256"
	"errors"

	"prestage/authenticode/cert"
)

// Limits on the search for chains. Real chains have two to five certificates
// and need two to eight signature checks; the numbers leave room for
// cross-certified hierarchies and keep a signature stuffed with certificates
// cheap (an RSA check costs some 50 microseconds).
const (
	maxDepth  = 10   // certificates in a chain, leaf and anchor included
	maxChecks = 120  // signatures checked in one search
	maxPaths  = 16   // chains kept
	maxSteps  = 1024 // candidates looked at in one search
)

// Why a search was given up; see the problem TooComplex.
var (
	errTooDeep       = errors.New("chain of more than 10 certificates")
	errTooManyChecks = errors.New("more than 120 certificate signatures to check, or keys that are too large for that many")
	errTooManyPaths  = errors.New("more than 16 chains")
	errTooManySteps  = errors.New("more than 1024 candidate issuers")
)

// Path is a chain of which every signature was checked. Only the builder in
// this file makes one: who holds a Path need not check again.
type Path struct {
	certs    []*cert.Certificate // leaf first, anchor last
	anchor   *Anchor
	problems []Problem // filled in by the judge
	remarks  []Problem // on revocation, likewise
}

// Certificates returns the chain, leaf first and the anchor last. A leaf that
// is its own anchor is there once.
func (p *Path) Certificates() []*cert.Certificate {
	return append([]*cert.Certificate(nil), p.certs...)
}

// Anchor returns the anchor in which the chain ends.
func (p *Path) Anchor() *Anchor { return p.anchor }

// Problems returns what stands against the chain, the most useful first; none
// when it can be trusted.
func (p *Path) Problems() []Problem { return append([]Problem(nil), p.problems...) }

// leaf returns the first certificate of the chain.
func (p *Path) leaf() *cert.Certificate { return p.certs[0] }

// search is one run of the builder: every way from a leaf to an anchor, within
// the limits.
type search struct {
	store   *Store
	carried index    // what came with the signature
	inquiry *inquiry // what is known of revocation, and what the search may cost

	checks, steps int
	paths         []*Path
	gaveUp        error // the first limit that was hit

	// reached are the certificates of all ways, dead or not, some repeatedly.
	reached []*cert.Certificate

	// dead is the longest way that ended without an anchor, and miss why.
	dead []*cert.Certificate
	miss *Problem
}

// build finds the chains from leaf to the anchors of the store, through
// certificates that came with the signature or stand in the store. What is
// known of revocation will be asked for them.
func (q *inquiry) build(leaf *cert.Certificate, carried []*cert.Certificate) *search {
	s := &search{store: q.store, carried: newIndex(carried), inquiry: q, dead: []*cert.Certificate{leaf}}
	s.extend([]*cert.Certificate{leaf})
	return s
}

// extend follows a way from its last certificate (the idea of RFC 4158 section
// 2, depth first):
//
//  1. The last certificate is an anchor: the way is a chain.
//  2. Every anchor with the issuer's name whose key verifies ends a chain.
//  3. Every other certificate with that name whose key verifies extends the
//     way, unless its name and key are in it already.
//  4. If none did, the way is dead, and remembered if it is the longest.
//
// Names are compared as raw octets: Windows and its CAs write one name in
// several string types and mean different issuers (L14).
func (s *search) extend(way []*cert.Certificate) {
	last := way[len(way)-1]
	s.reached = append(s.reached, last)
	if anchors := s.store.anchorsFor(last); len(anchors) > 0 {
		for _, a := range anchors {
			s.found(way, a)
		}
		return
	}
	if len(way) >= maxDepth {
		s.giveUp(errTooDeep)
		s.ends(way, nil)
		return
	}
	extended := false
	var miss *Problem
	for _, a := range s.store.anchorsNamed(last.RawIssuer) {
		if err := s.verify(last, a.Certificate); err == nil {
			s.found(append(way[:len(way):len(way)], a.Certificate), a)
			extended = true
		} else {
			miss = missed(miss, last, a.Certificate, err)
		}
	}
	for _, c := range s.candidates(last) {
		if s.steps++; s.steps > maxSteps {
			s.giveUp(errTooManySteps)
			break
		}
		if inWay(way, c) || len(s.store.anchorsFor(c)) > 0 {
			continue // a copy of an anchor was tried above
		}
		err := s.verify(last, c)
		if errors.Is(err, errTooManyChecks) {
			break
		}
		if err != nil {
			miss = missed(miss, last, c, err)
			continue
		}
		s.extend(append(way[:len(way):len(way)], c))
		extended = true
	}
	if !extended {
		s.ends(way, miss)
	}
}

// ends remembers the longest way without an anchor; of equals, the first. The
// leaf alone, with which the search begins, can only end once.
func (s *search) ends(way []*cert.Certificate, miss *Problem) {
	if len(way) > len(s.dead) || len(way) == 1 {
		s.dead, s.miss = way, miss
	}
}

// candidates returns certificates with the issuer's name that are no anchors,
// those whose key identifier is the one that c names first and those with
// another one last: the identifier is a hint, the signature decides.
func (s *search) candidates(c *cert.Certificate) []*cert.Certificate {
	all := append(s.carried.named(c.RawIssuer), s.store.intermediates.named(c.RawIssuer)...)
	var sorted []*cert.Certificate
	for want := keyMatches; want >= keyDiffers; want-- {
		for _, issuer := range all {
			if keyHint(c, issuer) == want {
				sorted = append(sorted, issuer)
			}
		}
	}
	return sorted
}

// What the key identifiers of a certificate and a candidate issuer say.
const (
	keyDiffers = iota
	keyUnknown
	keyMatches
)

func keyHint(c, issuer *cert.Certificate) int {
	switch {
	case len(c.AuthorityKeyID) == 0 || len(issuer.SubjectKeyID) == 0:
		return keyUnknown
	case bytes.Equal(c.AuthorityKeyID, issuer.SubjectKeyID):
		return keyMatches
	}
	return keyDiffers
}

// distrusted returns what is said of the certificates in the Disallowed store
// that some way passes, whether or not it leads to an anchor: which of several
// ways Windows looks at when one of them is distrusted is not known, so that a
// certificate issued anew must not hide the distrust of the other. Certificates
// that said are about already are left out.
func (s *search) distrusted(said []Problem) []Problem {
	var ps []Problem
	seen := make(map[[sha256.Size]byte]bool)
	for _, p := range said {
		if p.Reason == Disallowed && p.Cert != nil {
			seen[p.Cert.SHA256()] = true
		}
	}
	for _, c := range s.reached {
		if sum := c.SHA256(); !seen[sum] {
			seen[sum] = true
			if s.store.Disallowed(c) {
				ps = append(ps, problem(Disallowed, c, c.Subject.String()+", in another chain of the same signer"))
			}
		}
	}
	return ps
}

// inWay reports whether a certificate with the name and key of c is in the way
// already. Comparing only whole certificates would let two authorities that
// certify each other go round for ever.
func inWay(way []*cert.Certificate, c *cert.Certificate) bool {
	for _, w := range way {
		if bytes.Equal(w.RawSubject, c.RawSubject) && bytes.Equal(w.RawSPKI, c.RawSPKI) {
			return true
		}
	}
	return false
}

// verify checks that issuer's key signed c. What is remembered counts as a
// check too: how far a search gets must not depend on earlier ones.
func (s *search) verify(c, issuer *cert.Certificate) error {
	err := errTooManyChecks
	if s.checks < maxChecks {
		s.checks++
		err = s.inquiry.allowance.link(c, issuer, &s.store.links)
	}
	if err == errTooManyChecks {
		s.giveUp(err)
	}
	return err
}

// found keeps a chain.
func (s *search) found(way []*cert.Certificate, a *Anchor) {
	s.reached = append(s.reached, a.Certificate)
	if len(s.paths) >= maxPaths {
		s.giveUp(errTooManyPaths)
		return
	}
	s.paths = append(s.paths, &Path{certs: way, anchor: a})
}

func (s *search) giveUp(why error) {
	if s.gaveUp == nil {
		s.gaveUp = why
	}
}

// missed remembers the most telling of several issuers with the right name
// that did not sign c: one whose key identifier matches, else the first.
func missed(have *Problem, c, issuer *cert.Certificate, err error) *Problem {
	if have != nil && keyHint(c, issuer) != keyMatches {
		return have
	}
	reason, about := BadLink, c
	if issuer.KeyProblem != nil {
		reason, about = WeakKey, issuer
	}
	p := problem(reason, about, err.Error())
	return &p
}

// ending says why no chain was found: the problem of the longest dead way.
func (s *search) ending() Problem {
	if s.gaveUp != nil {
		return problem(TooComplex, nil, s.gaveUp.Error())
	}
	top := s.dead[len(s.dead)-1]
	if name, ok := testRoot(top); ok {
		return problem(UntrustedTestRoot, top, name)
	}
	if top.SelfIssued() {
		return problem(UntrustedRoot, top, top.Subject.String())
	}
	if s.miss != nil {
		return *s.miss
	}
	return problem(NoIssuer, top, "issuer "+top.Issuer.String())
}
