package trust

import (
	"slices"

	"prestage/authenticode/cert"
	"prestage/authenticode/winerror"
)

// Problem is one thing that stands against trust, or, among the notes of a
// verdict, one that is worth knowing.
type Problem struct {
	Reason Reason
	// Code is what Windows reports for it (rule 139); winerror.OK for a note.
	Code winerror.Code
	// Cert is the certificate in question; nil when it is not about one.
	Cert *cert.Certificate
	// Detail is a lower-case clause with the particulars.
	Detail string
}

// Error returns the code, the reason and the particulars.
func (p Problem) Error() string {
	s := p.Reason.Text()
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	if p.Code == winerror.OK {
		return s
	}
	return p.Code.String() + ": " + s
}

// Reason says what kind of problem it is.
type Reason int

// The reasons. Their order is not their rank: see the table below.
const (
	UnknownReason        Reason = iota
	NoSignature                 // nobody signed
	BadSignature                // the mathematics of the signature fails
	NoSignerCertificate         // the signer's certificate is not carried
	Disallowed                  // a certificate is in the Disallowed store
	Revoked                     // the issuer revoked a certificate
	BadLink                     // a certificate is not signed by the only issuer there is
	WeakKey                     // a key too short, or of a kind that is refused
	WeakDigest                  // MD5 in the chain
	UntrustedTestRoot           // ends in a Microsoft test or flight root
	UntrustedRoot               // ends in a root that is no anchor
	NoIssuer                    // an issuer is missing
	TooComplex                  // the search was given up
	RootDisabled                // the root program disabled the anchor
	RootNotBefore               // issued after the root program's date for the anchor
	RootPurpose                 // the root program does not allow the anchor this purpose
	WrongPurpose                // an extended key usage forbids it
	SignerKeyUsage              // the signer's key may not sign
	SignerIsAuthority           // the signer is a certification authority
	NotAnAuthority              // a certificate issued others and may not
	PathTooLong                 // more authorities below one than it allows
	KeyUsageForbids             // an issuer's key may not sign certificates
	CriticalExtension           // an extension that must be understood is not
	NameNotPermitted            // a name constraint forbids a subject
	BadTimestamp                // there are time stamps and none counts
	StampOutsideValidity        // stamped when the signer's certificate was not valid
	Expired                     // outside its validity period
	NoClock                     // the caller gave no time or no purpose
	SHA1Link                    // note: a SHA-1 signature in the chain
	MD5Link                     // note: an MD5 signature in the chain, tolerated
	ExpiredAnchor               // note: the anchor itself has expired
	ExpiredAtClock              // note: stamped, and the chain is expired at the clock
	RevokedLater                // note: revoked, after the time that counts
	HoldReleased                // note: was on hold, and is no longer
	RevocationUnknown           // note: an OCSP responder does not know the certificate
	RevocationNotCurrent        // note: a revocation list or OCSP response is not of the time of the check
	UnusableRevocation          // note: a revocation list or OCSP response does not count
	IgnoredTimestamp            // note: a time stamp that did not count, beside one that did
	LifetimeSigning             // note: the time stamp does not extend the life of the signature
)

// reasonRow is what is known of a reason.
type reasonRow struct {
	reason Reason
	id     string // stable, for reports
	code   winerror.Code
	text   string
}

// reasons is ordered by rank, the most useful first. A broken signature makes
// all else moot. Explicit distrust is somebody's decision. Then the order in
// which the base chain policy reports (documentation of
// CertVerifyCertificateChainPolicy): signature of a certificate, untrusted
// root, partial chain, usage, time; so the first code is mostly the one that
// Windows gives. A time stamp that fails stands before the expiry that it
// would have prevented. Rows with code OK are notes.
var reasons = []reasonRow{
	{NoClock, "no-clock", winerror.TrustFail, "there is no time or no purpose to judge for"},
	{NoSignature, "no-signature", winerror.TrustNoSignature, "nobody signed"},
	{BadSignature, "bad-signature", winerror.TrustCertSignature, "the signature does not hold"},
	{NoSignerCertificate, "no-signer-certificate", winerror.TrustNoSignerCert, "the signer's certificate is not there"},
	{Disallowed, "disallowed", winerror.TrustExplicitDistrust, "the certificate is in the Disallowed store"},
	{WeakKey, "weak-key", winerror.TrustCertSignature, "the certificate's key is not acceptable"},
	{BadLink, "bad-link", winerror.TrustCertSignature, "the certificate is not signed by its issuer"},
	{WeakDigest, "weak-digest", winerror.TrustCertSignature, "the certificate is signed with a digest that is no longer accepted"},
	{Revoked, "revoked", winerror.CertRevoked, "the certificate was revoked by its issuer"},
	{UntrustedTestRoot, "untrusted-test-root", winerror.CertUntrustedTestRoot, "the chain ends in a test root that is not in the Root store"},
	{UntrustedRoot, "untrusted-root", winerror.CertUntrustedRoot, "the chain ends in a root that is not in the Root store"},
	{TooComplex, "too-complex", winerror.CertChaining, "the check was given up before it was complete"},
	{NoIssuer, "no-issuer", winerror.CertChaining, "the issuer's certificate is not there"},
	{RootDisabled, "root-disabled", winerror.CertUntrustedRoot, "the root was disabled by the Microsoft root program"},
	{RootNotBefore, "root-not-before", winerror.CertUntrustedRoot, "the certificate was issued after the date from which the Microsoft root program no longer accepts this root's"},
	{RootPurpose, "root-purpose", winerror.CertWrongUsage, "the Microsoft root program does not accept the root for this purpose"},
	{WrongPurpose, "wrong-purpose", winerror.CertWrongUsage, "the certificate is not meant for this purpose"},
	{SignerKeyUsage, "signer-key-usage", winerror.CertWrongUsage, "the key usage of the signer's certificate does not include signing"},
	{SignerIsAuthority, "signer-is-authority", winerror.TrustBasicConstraints, "the signer's certificate is one of a certification authority"},
	{NotAnAuthority, "not-an-authority", winerror.TrustBasicConstraints, "the certificate is not one of a certification authority"},
	{KeyUsageForbids, "key-usage", winerror.CertWrongUsage, "the certificate's key usage does not include signing certificates"},
	{PathTooLong, "path-too-long", winerror.TrustBasicConstraints, "there are more authorities below the certificate than it allows"},
	{CriticalExtension, "critical-extension", winerror.CertCritical, "the certificate has a critical extension that is not understood"},
	{NameNotPermitted, "name-not-permitted", winerror.CertInvalidName, "a name constraint does not permit the certificate's subject"},
	{BadTimestamp, "bad-timestamp", winerror.TrustTimeStamp, "the time stamp does not count"},
	{StampOutsideValidity, "stamp-outside-validity", winerror.CertExpired, "the time stamp lies outside the validity of the signer's certificate"},
	{Expired, "expired", winerror.CertExpired, "the certificate was not valid at the time that counts"},
	{SHA1Link, "sha1-link", winerror.OK, "the certificate is signed with SHA-1"},
	{MD5Link, "md5-link", winerror.OK, "the certificate is signed with MD5"},
	{ExpiredAnchor, "expired-anchor", winerror.OK, "the root itself was outside its validity period, which does not matter for an anchor"},
	{ExpiredAtClock, "expired-at-clock", winerror.OK, "the certificate has expired; the time stamp keeps the signature valid"},
	{RevokedLater, "revoked-later", winerror.OK, "the certificate was revoked after the time that counts; the signature stays valid"},
	{HoldReleased, "hold-released", winerror.OK, "the certificate was on hold and a later revocation list no longer has it"},
	{RevocationUnknown, "revocation-unknown", winerror.OK, "an OCSP responder does not know the certificate: whether it is revoked is not known"},
	{RevocationNotCurrent, "revocation-not-current", winerror.OK, "a statement on revocation is not of the time of this check; what it says counts all the same"},
	{UnusableRevocation, "unusable-revocation", winerror.OK, "a statement on revocation does not count"},
	{IgnoredTimestamp, "ignored-timestamp", winerror.OK, "a time stamp does not count; another one does"},
	{LifetimeSigning, "lifetime-signing", winerror.OK, "the signer's certificate has the lifetime signing purpose: the time stamp does not extend the signature's life"},
	{UnknownReason, "unknown", winerror.TrustFail, "unknown reason"},
}

// row returns the table's row; the one of UnknownReason for a value outside.
func (r Reason) row() reasonRow { return reasons[r.rank()] }

// rank is the position in the table; lower is more useful to a person.
func (r Reason) rank() int {
	for i, row := range reasons {
		if row.reason == r {
			return i
		}
	}
	return len(reasons) - 1
}

// String returns the stable id, such as "root-disabled".
func (r Reason) String() string { return r.row().id }

// Text says in a few words what is wrong.
func (r Reason) Text() string { return r.row().text }

// Code returns what Windows reports for the reason, before the particulars are
// looked at; winerror.OK for reasons that are only notes.
func (r Reason) Code() winerror.Code { return r.row().code }

// problem makes a Problem with the code of its reason.
func problem(r Reason, c *cert.Certificate, detail string) Problem {
	return Problem{Reason: r, Code: r.Code(), Cert: c, Detail: detail}
}

// rankProblems sorts by rank and keeps the order of equals, which is that of
// the chain.
func rankProblems(ps []Problem) {
	slices.SortStableFunc(ps, func(a, b Problem) int { return a.Reason.rank() - b.Reason.rank() })
}
