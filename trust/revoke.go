package trust

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"prestage/authenticode"
	"prestage/authenticode/cert"
)

// Revocation is judged by what is at hand: lists and OCSP responses that the
// user gives, those in the machine's stores, and those that a signature
// carries. Nothing is ever fetched. What is not at hand says nothing: Windows
// stages drivers without being able to ask (rule 138), so the absence of a
// list is no problem, and neither is one that has run out.
//
// Statements can only make a verdict worse. So every list with a genuine
// signature counts, however old it is and whoever brought it, and "good" in an
// OCSP response changes nothing. An entry is taken back in one way only: a
// certificate on hold by a later list of the same kind that no longer has it.
//
// The anchor itself is not asked for: that it is in the Root store is the
// machine's own statement, which no statement of the anchor can be above.
// Property 105 of the root program (chain policies, asking Windows to look for
// revocations below a root) and 83 (policies of extended validation) have no
// effect here: they say when to ask over the network and what to show.

// maxListSigners bounds the other certificates of an issuer that are tried for
// a list that its certificate in the chain did not sign.
const maxListSigners = 8

// evidence is a set of statements on revocation.
type evidence struct {
	lists   map[string][]*revocationList // by issuer, Name in DER
	answers map[string][]*answer         // by serial number
}

func (e *evidence) addList(l *revocationList) {
	if e.lists == nil {
		e.lists = make(map[string][]*revocationList)
	}
	e.lists[string(l.issuer)] = append(e.lists[string(l.issuer)], l)
}

func (e *evidence) addAnswers(answers []*answer) {
	if e.answers == nil {
		e.answers = make(map[string][]*answer)
	}
	for _, a := range answers {
		e.answers[a.serial] = append(e.answers[a.serial], a)
	}
}

// inquiry asks all evidence there is for one signature, within an allowance.
type inquiry struct {
	evidence []*evidence
	flaws    []Problem // notes on what the signature carries and cannot be used
	store    *Store
	carried  index
	clock    time.Time
	*allowance
}

// newInquiry collects the evidence for a signature.
func newInquiry(sig *authenticode.Signature, s *Store, o Options) *inquiry {
	most := maxWork
	if sig.Problem != nil {
		most = brokenWork
	}
	q := &inquiry{store: s, clock: o.At, allowance: newAllowance(o.Budget, most)}
	if !s.evidence.empty() {
		q.evidence = append(q.evidence, &s.evidence)
	}
	stapled, flaws := readStapled(sig.Raw)
	if q.flaws = flaws; !stapled.empty() {
		q.evidence = append(q.evidence, stapled)
	}
	if len(q.evidence) > 0 {
		q.carried = newIndex(sig.Certificates)
	}
	return q
}

func (e *evidence) empty() bool { return len(e.lists) == 0 && len(e.answers) == 0 }

// judge asks for every certificate of a chain but the last, which either is
// the anchor or has no issuer at hand.
func (q *inquiry) judge(chain []*cert.Certificate, purpose Purpose, m moment) (problems, notes []Problem) {
	if q == nil || len(q.evidence) == 0 {
		return nil, nil
	}
	for i := range len(chain) - 1 {
		f := finding{inquiry: q, cert: chain[i], above: chain[i+1:]}
		f.ask()
		p, n := f.tell(purpose, m)
		problems, notes = append(problems, p...), append(notes, n...)
	}
	return problems, notes
}

// finding is what is said of one certificate.
type finding struct {
	*inquiry
	cert  *cert.Certificate
	above []*cert.Certificate // the rest of the chain, issuer first

	entries   []entry
	notes     []Problem
	exhausted bool // something could not be checked within the allowance
}

// entry is one statement that the certificate is revoked.
type entry struct {
	revoked
	source string
}

// ask goes through lists and answers on the certificate's issuer.
func (f *finding) ask() {
	serial := serialOf(f.cert)
	var genuine []*revocationList
	for _, e := range f.evidence {
		for _, l := range e.lists[string(f.cert.RawIssuer)] {
			if err := f.signedBelow(l); err != nil {
				f.note(UnusableRevocation, l.source, err.Error())
				continue
			}
			f.checkDates(l.source, l.thisUpdate, l.nextUpdate)
			genuine = append(genuine, l)
		}
		for _, a := range e.answers[serial] {
			f.askResponder(a)
		}
	}
	for _, l := range genuine {
		r, listed := l.revoked[serial]
		switch {
		case !listed:
		case r.onHold() && slices.ContainsFunc(genuine, func(later *revocationList) bool { return later.releases(serial, l, f.clock) }):
			f.note(HoldReleased, l.source, "on hold from "+formatTime(r.date))
		default:
			f.entries = append(f.entries, entry{r, l.source})
		}
	}
}

// askResponder takes in one OCSP answer with the certificate's serial number.
func (f *finding) askResponder(a *answer) {
	issuer := f.above[0]
	if !a.about(issuer) {
		return
	}
	e := a.envelope
	if !f.allowsSeal(&e.seal, cmp.Or(e.responder, issuer)) {
		f.exhausted = true
		return
	}
	if err := e.authorised(issuer, f.signed); err != nil {
		f.note(UnusableRevocation, a.source, err.Error())
		return
	}
	f.checkDates(a.source, a.response.ThisUpdate, a.response.NextUpdate)
	switch a.response.Status {
	case ocsp.Good:
	case ocsp.Revoked:
		r, err := a.revoked()
		if err != nil { // the revocation counts, the date in doubt does not save it
			r = revoked{}
		}
		f.entries = append(f.entries, entry{r, a.source})
	default:
		f.note(RevocationUnknown, a.source, "")
	}
}

// signedBelow says why a list is not one of the certificate's issuer; nil when
// it is. An authority that changed its key signs lists with the new one, also
// for what it issued with the old one; so other certificates with its name
// count too, if they are anchors or somebody above in the chain issued them.
func (f *finding) signedBelow(l *revocationList) error {
	issuer := f.above[0]
	err := f.issuedBy(l, issuer)
	if err == nil || err == errNoCRLSign {
		return err
	}
	others := append(f.carried.named(issuer.RawSubject), f.store.intermediates.named(issuer.RawSubject)...)
	for _, a := range f.store.anchorsNamed(issuer.RawSubject) {
		if f.issuedBy(l, a.Certificate) == nil {
			return nil
		}
	}
	for _, c := range others[:min(len(others), maxListSigners)] {
		if f.issuedBy(l, c) == nil && slices.ContainsFunc(f.above[1:], func(up *cert.Certificate) bool { return f.certifies(up, c) }) {
			return nil
		}
	}
	return err
}

// certifies reports whether up issued c and c is an authority.
func (f *finding) certifies(up, c *cert.Certificate) bool {
	return c.HasBasicConstraints && c.IsCA && bytes.Equal(c.RawIssuer, up.RawSubject) && f.signed(c, up) == nil
}

// issuedBy is that of the list, within the allowance.
func (f *finding) issuedBy(l *revocationList, c *cert.Certificate) error {
	if !f.allowsSeal(&l.seal, c) {
		f.exhausted = true
		return errTooManySeals
	}
	return l.issuedBy(c)
}

// signed checks that issuer's key signed c, within the allowance.
func (f *finding) signed(c, issuer *cert.Certificate) error {
	err := f.link(c, issuer, &f.store.links)
	if err == errTooManyChecks {
		f.exhausted = true
	}
	return err
}

// errTooManySeals: what is at hand on revocation costs too much to check.
var errTooManySeals = errors.New("more signatures on revocation lists and OCSP responses than are checked")

// checkDates notes a statement that is not of the time of the check. It counts
// all the same: revocation is never forgotten.
func (f *finding) checkDates(source string, from, until time.Time) {
	switch {
	case f.clock.Before(from):
		f.note(RevocationNotCurrent, source, "issued "+formatTime(from)+", after the time of this check")
	case !until.IsZero() && f.clock.After(until):
		f.note(RevocationNotCurrent, source, "the next one was due at "+formatTime(until))
	}
}

func (f *finding) note(r Reason, source, detail string) {
	if detail != "" {
		source += ": " + detail
	}
	f.notes = append(f.notes, problem(r, f.cert, source))
}

// tell weighs the entries: one that counts at the moment is a problem, and the
// earliest is told; others are a note.
func (f *finding) tell(purpose Purpose, m moment) (problems, notes []Problem) {
	notes = f.notes
	if f.exhausted { // what was not looked at might have said that it is revoked
		problems = append(problems, problem(TooComplex, f.cert, errTooManySeals.Error()))
	}
	if len(f.entries) == 0 {
		return problems, notes
	}
	stamping := purpose == TimeStamping
	first := slices.MinFunc(f.entries, func(a, b entry) int { return a.from(stamping).Compare(b.from(stamping)) })
	detail := f.cert.Subject.String() + ", " + first.describe()
	if m.at.Before(first.from(stamping)) {
		return problems, append(notes, problem(RevokedLater, f.cert, detail))
	}
	return append(problems, problem(Revoked, f.cert, detail)), notes
}

// CRLReasons (RFC 5280 5.3.1) that matter here.
const (
	reasonUnspecified  = 0
	reasonAffiliation  = 3
	reasonSuperseded   = 4
	reasonCessation    = 5
	reasonHold         = 6
	lastReason         = 10
	reasonNumberUnused = 7
)

var reasonWords = [lastReason + 1]string{
	"unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation",
	"certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise",
}

// orderly reports whether the issuer says why it revoked the certificate and
// nothing is held against the key.
func (r revoked) orderly() bool {
	return r.given && (r.reason == reasonAffiliation || r.reason == reasonSuperseded || r.reason == reasonCessation)
}

func (r revoked) onHold() bool { return r.given && r.reason == reasonHold }

// from is the time from which a signature does not count (rule 112).
//
// It is the date of revocation, or the invalidity date if that is earlier: the
// key may have been in strange hands since (RFC 5280 5.3.2). After an orderly
// end, and on hold, nothing is said against the key and the date of revocation
// stays.
//
// A time-stamping authority is judged more strictly, by RFC 3161 section 4:
// who has its key can put any time into a stamp. So none of its stamps counts
// any more, unless a reason is given that says the key is safe.
func (r revoked) from(stamping bool) time.Time {
	safe := r.orderly() || r.given && r.reason == reasonUnspecified
	if stamping && !safe {
		return time.Time{}
	}
	if !r.invalid.IsZero() && r.invalid.Before(r.date) && !r.orderly() && !r.onHold() {
		return r.invalid
	}
	return r.date
}

// worse returns the statement that makes more signatures bad; what only one of
// two says of a certificate is part of it.
func worse(a, b revoked) revoked {
	if b.from(false).Before(a.from(false)) {
		a, b = b, a
	}
	if a.from(true).After(b.from(true)) {
		return revoked{date: a.from(false)} // without a reason: the stricter of both in every respect
	}
	return a
}

// describe says when, why and according to whom.
func (e entry) describe() string {
	words := "on " + formatTime(e.date)
	if e.date.IsZero() {
		words = "on a date that is not readable"
	}
	switch {
	case !e.given:
	case e.reason < 0 || e.reason > lastReason || e.reason == reasonNumberUnused:
		words += fmt.Sprintf(" (reason %d)", e.reason)
	default:
		words += " (" + reasonWords[e.reason] + ")"
	}
	if !e.invalid.IsZero() {
		words += ", invalid from " + formatTime(e.invalid)
	}
	return words + ", says " + e.source
}

// releases reports whether l shows that, at the time of the check, a
// certificate is no longer on hold as it was in an older list.
func (l *revocationList) releases(serial string, older *revocationList, clock time.Time) bool {
	_, listed := l.revoked[serial]
	return !listed && l.thisUpdate.After(older.thisUpdate) && !clock.Before(l.thisUpdate) && bytes.Equal(l.scope, older.scope)
}
