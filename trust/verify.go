package trust

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"prestage/authenticode"
	"prestage/authenticode/cert"
)

// Options says at what time and for what purpose a signature is judged.
type Options struct {
	// At is the clock. Validity is judged at it unless a time stamp proves an
	// earlier time. With the zero time nothing is trusted.
	At time.Time
	// Purpose is what the signer must be allowed to do. With the zero value
	// nothing is trusted.
	Purpose Purpose
	// Budget is shared by all that is judged of one message; see there. With
	// nil, this signature has one of its own.
	Budget *Budget
}

// Verify judges a signature against the stores of a machine. It never fails:
// whatever stands against trust is in the verdict.
//
// The order is that of dependence, each step resting on the one before:
//
//  1. the mathematics of the signature, which package authenticode did;
//  2. the time stamps: mathematics, chain, purpose and revocation of their authorities, at the stamped time;
//  3. the time that counts (rules 110 and 111);
//  4. the signer's chains and what is known of their revocation at that time, and the best of them;
//  5. whose signature it is: authority, publisher.
//
// Nested signatures are not looked at: judge each of [authenticode.Signature.All].
func Verify(sig *authenticode.Signature, s *Store, o Options) Verdict {
	var v Verdict
	v.Problems = checkInput(sig, o)
	if sig == nil || sig.Signer == nil {
		return v
	}
	q := newInquiry(sig, s, o)
	v.Notes = append(v.Notes, q.flaws...)
	v.judgeTimestamps(sig, q)
	m := v.chooseTime(sig, o)
	v.judgeSigner(sig, q, o, m)
	v.tellPublisher(s)
	v.tellAuthority()

	rankProblems(v.Problems)
	rankProblems(v.Notes)
	v.Trusted = len(v.Problems) == 0
	v.DriverPolicy = v.DriverPolicy && v.Trusted
	return v
}

// checkInput is step 1, and what the caller must give.
func checkInput(sig *authenticode.Signature, o Options) []Problem {
	var ps []Problem
	if o.At.IsZero() || o.Purpose.OID() == "" {
		ps = append(ps, problem(NoClock, nil, ""))
	}
	if sig == nil || sig.SignerCount == 0 {
		return append(ps, problem(NoSignature, nil, ""))
	}
	if sig.Problem != nil {
		ps = append(ps, Problem{Reason: BadSignature, Code: sig.Problem.Code, Detail: sig.Problem.Detail})
	}
	if sig.Signer == nil {
		ps = append(ps, problem(NoSignerCertificate, nil, fmt.Sprintf("serial number %x", sig.SignerSerial)))
	}
	return ps
}

// maxTimestamps bounds the time stamps that are judged, since each may need a
// search for chains. Real signatures have one.
const maxTimestamps = 8

// judgeTimestamps is step 2.
func (v *Verdict) judgeTimestamps(sig *authenticode.Signature, q *inquiry) {
	for i, stamp := range sig.Timestamps {
		if i == maxTimestamps {
			v.Problems = append(v.Problems, problem(BadTimestamp, nil, fmt.Sprintf("%d time stamps, at most %d are judged", len(sig.Timestamps), maxTimestamps)))
			return
		}
		v.Timestamps = append(v.Timestamps, judgeTimestamp(stamp, q))
	}
}

// judgeTimestamp says whether a time stamp proves its time. The chain of its
// authority is judged at the stamped time: the certificates of the PKCS#9 age
// have long expired, and rule 110 rests on them nevertheless.
func judgeTimestamp(stamp *authenticode.Timestamp, q *inquiry) TimestampVerdict {
	t := TimestampVerdict{Stamp: stamp}
	fail := func(detail string) TimestampVerdict {
		t.Problems = []Problem{problem(BadTimestamp, stamp.Signer, detail)}
		return t
	}
	switch {
	case stamp.Problem != nil:
		return fail(stamp.Problem.Error())
	case stamp.Signer == nil:
		return fail("its signer's certificate is not carried")
	case stamp.Kind == authenticode.TimestampUnknown || stamp.Time.IsZero():
		return fail("it names no time")
	case stamp.Time.After(q.clock):
		return fail("stamped " + formatTime(stamp.Time) + ", after the time of this check")
	}
	found, m := q.build(stamp.Signer, stamp.Certificates), moment{stamp.Time, true}
	paths, kernel := found.judged(TimeStamping, m)
	if len(paths) == 0 {
		t.Chain, t.Problems = found.deadEnd(kernel, TimeStamping, m)
		return t
	}
	best := paths[0]
	t.Chain, t.Anchor, t.Problems, t.Notes = best.Certificates(), best.anchor, best.Problems(), best.remarks
	t.Problems = append(t.Problems, found.distrusted(t.Problems)...)
	rankProblems(t.Problems)
	t.Valid = len(t.Problems) == 0
	return t
}

// chooseTime is step 3. The first time stamp counts that is valid and lies
// within the validity of the signer's certificate (rule 110). Where there are
// time stamps and none counts, the signature is judged as if it had none, and
// that is a problem even if the certificate is still valid: WinVerifyTrust
// fails with TRUST_E_TIME_STAMP.
func (v *Verdict) chooseTime(sig *authenticode.Signature, o Options) moment {
	v.JudgedAt, v.TimeSource = o.At, Clock
	var against []Problem
	for i := range v.Timestamps {
		t := &v.Timestamps[i]
		switch why := t.against(sig.Signer); {
		case why != nil:
			against = append(against, *why)
		case v.Timestamp == nil:
			v.Timestamp = t
		}
	}
	if v.Timestamp == nil {
		if len(v.Timestamps) > 0 {
			v.Timestamp = &v.Timestamps[0]
		}
		v.Problems = append(v.Problems, against...)
		return moment{at: o.At}
	}
	for _, p := range against {
		v.Notes = append(v.Notes, problem(IgnoredTimestamp, p.Cert, p.Detail))
	}
	v.SignedAt = v.Timestamp.Stamp.Time
	if sig.Signer.HasEKUOID(OIDLifetimeSigning) {
		v.Notes = append(v.Notes, problem(LifetimeSigning, sig.Signer, ""))
		return moment{at: o.At} // rule 111
	}
	v.JudgedAt, v.TimeSource = v.SignedAt, timeSources[v.Timestamp.Stamp.Kind]
	return moment{v.SignedAt, true}
}

var timeSources = map[authenticode.TimestampKind]TimeSource{
	authenticode.TimestampPKCS9:   PKCS9Stamp,
	authenticode.TimestampRFC3161: RFC3161Stamp,
}

// against says why a time stamp does not count for a signer; nil when it does.
func (t *TimestampVerdict) against(signer *cert.Certificate) *Problem {
	if !t.Valid {
		first := t.Problems[0]
		detail := first.Detail
		if first.Reason != BadTimestamp {
			detail = first.Error()
		}
		p := problem(BadTimestamp, t.Stamp.Signer, detail)
		return &p
	}
	if out := judgeValidity(signer, t.Stamp.Time); out != nil {
		p := problem(StampOutsideValidity, signer, out[0].Detail)
		return &p
	}
	return nil
}

// judgeSigner is step 4.
func (v *Verdict) judgeSigner(sig *authenticode.Signature, q *inquiry, o Options, m moment) {
	found := q.build(sig.Signer, sig.Certificates)
	v.Paths, v.KernelPath = found.judged(o.Purpose, m)
	whole := v.Problems // what stands against the signature by whatever chain
	if len(v.Paths) == 0 {
		chain, ps := found.deadEnd(v.KernelPath, o.Purpose, m)
		v.Chain = chain
		v.Problems = slices.Concat(whole, ps, judgeLoose(chain, o.Purpose, m))
	} else {
		best := v.Paths[0]
		v.Chain, v.Anchor = best.Certificates(), best.anchor
		v.Problems = slices.Concat(whole, best.problems)
		v.Notes = append(v.Notes, best.notes(m, o.At)...)
	}
	v.Problems = append(v.Problems, found.distrusted(v.Problems)...)
	if k := v.KernelPath; k != nil {
		k.problems = slices.Concat(whole, k.problems)
		k.problems = append(k.problems, found.distrusted(k.problems)...)
		rankProblems(k.problems)
	}
}

// judgeLoose says what can be said of a leaf whose chain ends nowhere: whether
// it would have been valid and fit, so that all reasons are told.
func judgeLoose(chain []*cert.Certificate, purpose Purpose, m moment) []Problem {
	ps := append(judgeLeaf(chain[0], chain[0].SelfIssued()), judgeValidity(chain[0], m.at)...)
	if !leafAllows(chain[0], purpose) {
		ps = append(ps, problem(WrongPurpose, chain[0], purpose.String()))
	}
	return ps
}

// judged judges all chains that were found: those to the Root store, the best
// first, and the best of those to the Code Verification Root.
func (s *search) judged(purpose Purpose, m moment) (paths []*Path, kernel *Path) {
	var kernels []*Path
	for _, p := range s.paths {
		p.judge(s.store, s.inquiry, purpose, m)
		if p.anchor.Kind == CodeVerificationRoot {
			kernels = append(kernels, p)
		} else {
			paths = append(paths, p)
		}
	}
	slices.SortStableFunc(paths, betterPath)
	slices.SortStableFunc(kernels, betterPath)
	if len(kernels) > 0 {
		kernel = kernels[0]
	}
	return paths, kernel
}

// betterPath orders chains as Windows prefers them: one that can be trusted;
// else the one whose worst problem is the least, then the one with fewer
// problems; then the shorter one.
func betterPath(a, b *Path) int {
	return cmp.Or(
		cmp.Compare(b.worst(), a.worst()),
		cmp.Compare(len(a.problems), len(b.problems)),
		cmp.Compare(len(a.certs), len(b.certs)),
	)
}

// worst is the rank of the first problem, or one beyond all without any.
func (p *Path) worst() int {
	if len(p.problems) == 0 {
		return len(reasons)
	}
	return p.problems[0].Reason.rank()
}

// deadEnd returns the longest way that led to no anchor of the Root store, and
// what stands against it. A way to the Code Verification Root is one.
func (s *search) deadEnd(kernel *Path, purpose Purpose, m moment) ([]*cert.Certificate, []Problem) {
	way, end := s.dead, Problem{}
	if kernel != nil {
		root := kernel.anchor.Certificate
		way, end = kernel.certs, problem(UntrustedRoot, root, root.Subject.String()+" is for kernel code only")
	} else {
		end = s.ending()
	}
	ps := append(judgeDistrust(s.store, way), end)
	revoked, _ := s.inquiry.judge(way, purpose, m)
	ps = append(ps, revoked...)
	rankProblems(ps)
	return slices.Clone(way), ps
}

// judgeDistrust looks every certificate up in the Disallowed store (rule 132).
func judgeDistrust(s *Store, chain []*cert.Certificate) []Problem {
	var ps []Problem
	for _, c := range chain {
		if s.Disallowed(c) {
			ps = append(ps, problem(Disallowed, c, c.Subject.String()))
		}
	}
	return ps
}

// tellPublisher looks the signer up (rules 132 to 134).
func (v *Verdict) tellPublisher(s *Store) {
	v.Publisher = NotListed
	if s.TrustedPublisher(v.Chain[0]) {
		v.Publisher = TrustedPublisher
	}
	if slices.ContainsFunc(v.Problems, func(p Problem) bool { return p.Reason == Disallowed }) {
		v.Publisher = DisallowedPublisher
	}
}

// tellAuthority says whose signature it is.
func (v *Verdict) tellAuthority() {
	who := newSigner(v.Chain, v.Anchor != nil)
	rule := who.judge()
	v.Authority, v.AuthorityRule, v.AuthorityCite = rule.then, rule.id, rule.cite
	v.MicrosoftRoot = who.product()
	v.DriverPolicy = rule.driver && who.driverPurpose()
}
