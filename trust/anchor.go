package trust

import (
	"slices"
	"time"

	"prestage/authenticode/cert"
)

// Anchor is a certificate in which chains may end. It is never judged by its
// own signature or expiry: that it is in the store is the whole statement
// (trust-store practice of Windows; RFC 5280 6.1.1(d)).
type Anchor struct {
	Certificate *cert.Certificate
	Kind        AnchorKind
	// Restrictions are those of the Microsoft root program, or whatever the
	// store said of the certificate. The zero value restricts nothing.
	Restrictions Restrictions
	// Source says where the certificate comes from: a file, or the embedded
	// list with its date.
	Source string
}

// AnchorKind says how a certificate came to be an anchor.
type AnchorKind int

const (
	// UnknownAnchor is no kind of anchor, and no chain ends in one.
	UnknownAnchor AnchorKind = iota
	// ProductRoot is one of Microsoft's own roots.
	ProductRoot
	// ProgramRoot is a root of the Microsoft root program.
	ProgramRoot
	// UserRoot was added to the store by whoever describes the machine.
	UserRoot
	// CodeVerificationRoot is the root of the cross-certificates for kernel
	// code. It is not in the Root store of any machine: see
	// Verdict.KernelPath.
	CodeVerificationRoot
)

// String returns "unknown", "microsoft", "root-program", "user" or
// "code-verification".
func (k AnchorKind) String() string {
	return word(int(k), "unknown", "microsoft", "root-program", "user", "code-verification")
}

// Restrictions are the properties by which the Microsoft root program limits a
// root (properties 9, 104, 122, 126 and 127 of authroot.stl). A zero field
// restricts nothing.
type Restrictions struct {
	// EKUs are the purposes that are allowed, dotted decimal; nil allows all.
	EKUs []string
	// DisallowedEKUs are purposes taken away.
	DisallowedEKUs []string
	// DisabledAt: from then on nothing is trusted any more, except what was
	// time-stamped before.
	DisabledAt time.Time
	// NotBefore: certificates issued later are not trusted, except for what
	// was time-stamped before.
	NotBefore time.Time
	// NotBeforeEKUs are the purposes that NotBefore is about; nil means all.
	NotBeforeEKUs []string
}

// moment is the time at which a chain is judged, and whether a time stamp
// proves it.
type moment struct {
	at      time.Time
	stamped bool
}

// judge returns what the restrictions hold against a chain with this leaf
// (Microsoft, "Deprecation definitions" of the Trusted Root Program). The
// removal of a purpose knows no exception for what was time-stamped.
func (r *Restrictions) judge(anchor, leaf *cert.Certificate, purpose string, m moment) []Problem {
	var ps []Problem
	if r.EKUs != nil && !slices.Contains(r.EKUs, purpose) || slices.Contains(r.DisallowedEKUs, purpose) {
		ps = append(ps, problem(RootPurpose, anchor, "purpose "+purpose))
	}
	if !r.DisabledAt.IsZero() && !m.at.Before(r.DisabledAt) {
		ps = append(ps, problem(RootDisabled, anchor, "from "+day(r.DisabledAt)+" on only what was time-stamped before counts"))
	}
	if r.issuedTooLate(leaf, purpose) && !(m.stamped && m.at.Before(r.NotBefore)) {
		ps = append(ps, problem(RootNotBefore, leaf, "issued "+day(leaf.NotBefore)+", last accepted "+day(r.NotBefore)))
	}
	return ps
}

// issuedTooLate reports whether the leaf was issued after the date up to which
// the root program accepts what this root's authorities issue for the purpose.
func (r *Restrictions) issuedTooLate(leaf *cert.Certificate, purpose string) bool {
	applies := r.NotBeforeEKUs == nil || slices.Contains(r.NotBeforeEKUs, purpose)
	return applies && !r.NotBefore.IsZero() && leaf.NotBefore.After(r.NotBefore)
}

// day formats a time for messages.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
