// Package trust says whose signature it is, and whether a Windows machine with
// given certificate stores would trust it.
//
// Two calls do everything: [DefaultStore] gives the stores of an untouched
// machine, to which the user's roots, publishers and distrusted certificates
// are added; [Verify] judges one signature against them at a given time.
//
//	v := trust.Verify(sig, trust.DefaultStore(), trust.Options{At: now, Purpose: trust.CodeSigning})
//	if v.Trusted { fmt.Println(v.Authority, v.Publisher) }
//
// The mathematics of the signature and of its time stamps is package
// authenticode's; here it is only looked at. This package adds the parts that
// depend on certificates, stores and time. It never reads a clock.
//
// # Words
//
// An anchor is a self-issued certificate in the machine's Root store; what
// else is known of it are restrictions, such as a date from which Windows no
// longer trusts it. A chain runs from the signer's certificate, the leaf, to
// an anchor. The proven time is that of a time stamp that itself could be
// verified. The publisher is the leaf, looked up in Trusted Publishers and in
// Disallowed. The authority is the kind of signer, told from chain and purposes and never
// from a name (rule 120).
//
// # The promise
//
// A [Verdict] is trusted only when its list of problems is empty, and
// everything that could not be established is a problem. A time stamp that does
// not count never gives a better verdict than its absence would.
package trust

import (
	"time"

	"prestage/authenticode"
	"prestage/authenticode/cert"
)

// Verdict is what can be said of one signature. It is a value to read, not an
// error: a bad answer is as full as a good one.
type Verdict struct {
	// Trusted says that the signature holds, its chain ends in an anchor, every
	// certificate was valid at the time that counts, meant for the purpose and
	// not distrusted. It is true exactly when Problems is empty.
	Trusted bool

	// Chain is the best chain that could be built, leaf first, with the anchor
	// when one was reached. It is there also when it is not trusted; it is empty
	// only when the signer's certificate is not carried.
	Chain []*cert.Certificate
	// Anchor is where Chain ends; nil when it ends in none.
	Anchor *Anchor
	// Paths are all chains that reach an anchor of the Root store, the best
	// first. The first is the one that Chain shows.
	Paths []*Path
	// KernelPath is the chain to the Microsoft Code Verification Root, through
	// a cross-certificate that the signature carries; nil when there is none.
	// That root is no anchor of the Root store: only the kernel accepts it
	// (rule 121), so this path never makes a verdict trusted. Its Problems hold
	// what stands against the signature itself too, such as a time stamp that
	// does not count: the kernel may accept it only when there are none.
	KernelPath *Path

	// Authority says what kind of signer this is. It is a statement on the
	// chain, not on its validity: only together with Trusted it decides.
	Authority Authority
	// AuthorityRule is the id of the rule that told the authority, and
	// AuthorityCite where that rule comes from.
	AuthorityRule, AuthorityCite string
	// MicrosoftRoot says that the chain ends in one of Microsoft's product
	// roots that the driver policy accepts (rule 124).
	MicrosoftRoot bool
	// DriverPolicy says that chain and purposes are those that the driver
	// policy asks for (rule 125) and that the verdict is trusted. The operating system attribute
	// of the catalog is not looked at here.
	DriverPolicy bool
	// Publisher says what the machine's stores hold about the signer.
	Publisher Publisher

	// JudgedAt is the time at which the chain was judged: SignedAt, or
	// Options.At where no time was proven.
	JudgedAt time.Time
	// SignedAt is the proven signing time; zero when no time stamp proves one.
	SignedAt time.Time
	// TimeSource says where JudgedAt comes from.
	TimeSource TimeSource
	// Timestamp is the time stamp that counted or, when none did, the first
	// one; nil when there is none.
	Timestamp *TimestampVerdict
	// Timestamps are the verdicts on all time stamps, in the order in which
	// they stand in the signature.
	Timestamps []TimestampVerdict

	// Problems are what stands against trust, the most useful first.
	Problems []Problem
	// Notes are worth knowing and stand against nothing.
	Notes []Problem
}

// Err returns the first problem, or nil for a trusted verdict.
func (v *Verdict) Err() error {
	if len(v.Problems) == 0 {
		return nil
	}
	return v.Problems[0]
}

// OnlyProblem reports whether there are problems and all of them have the
// given reason. A verdict whose only problem is Disallowed is that of an
// untrusted publisher, which Windows tells from an unsigned package (rule 132).
func (v *Verdict) OnlyProblem(r Reason) bool {
	for _, p := range v.Problems {
		if p.Reason != r {
			return false
		}
	}
	return len(v.Problems) > 0
}

// TimestampVerdict is what can be said of one time stamp.
type TimestampVerdict struct {
	// Stamp is the time stamp itself.
	Stamp *authenticode.Timestamp
	// Valid says that the time stamp proves its time. It is true exactly when
	// Problems is empty.
	Valid bool
	// Chain is the best chain of its signer, leaf first.
	Chain []*cert.Certificate
	// Anchor is where Chain ends; nil when it ends in none.
	Anchor *Anchor
	// Problems are what stands against the time stamp, the most useful first.
	Problems []Problem
	// Notes are worth knowing and stand against nothing: what is said of the
	// revocation of its authority.
	Notes []Problem
}

// Publisher says what the machine's stores hold about the signer (rule 132).
type Publisher int

const (
	// UnknownPublisher means that there is no signer to look up.
	UnknownPublisher Publisher = iota
	// NotListed means that the leaf is in neither store.
	NotListed
	// TrustedPublisher means that exactly this leaf is in Trusted Publishers;
	// a certification authority there says nothing (rule 133).
	TrustedPublisher
	// DisallowedPublisher means that a certificate of the chain, or of another
	// chain of the same signer, is in Disallowed, which wins over everything.
	DisallowedPublisher
)

// String returns "unknown", "not-listed", "trusted" or "disallowed".
func (p Publisher) String() string {
	return word(int(p), "unknown", "not-listed", "trusted", "disallowed")
}

// TimeSource says where the time comes from at which a chain was judged.
type TimeSource int

const (
	// UnknownTime means that nothing was judged at any time.
	UnknownTime TimeSource = iota
	// Clock means the given clock: no time stamp proves a signing time.
	Clock
	// PKCS9Stamp means a valid PKCS#9 counter-signature.
	PKCS9Stamp
	// RFC3161Stamp means a valid RFC 3161 token.
	RFC3161Stamp
)

// String returns "unknown", "clock", "pkcs9" or "rfc3161".
func (t TimeSource) String() string { return word(int(t), "unknown", "clock", "pkcs9", "rfc3161") }

// word picks the i-th word, and the first, which says "unknown", for a value
// out of range.
func word(i int, words ...string) string {
	if i < 0 || i >= len(words) {
		return words[0]
	}
	return words[i]
}
