package trust

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"prestage/authenticode/cert"
)

// judge looks at a whole chain at one time and for one purpose, and leaves in
// the path what stands against it. The steps follow RFC 5280 6.1, with what
// Windows does differently said at each.
func (p *Path) judge(s *Store, q *inquiry, purpose Purpose, m moment) {
	ps := judgeDistrust(s, p.certs)
	revoked, remarks := q.judge(p.certs, purpose, m)
	ps, p.remarks = append(ps, revoked...), remarks
	below := 0 // authorities below the certificate at hand, self-issued ones not counted
	for i, c := range p.certs {
		isAnchor := i > 0 && i == len(p.certs)-1
		if i == 0 {
			ps = append(ps, judgeLeaf(c, len(p.certs) == 1)...)
		} else {
			ps = append(ps, judgeIssuer(c, below, isAnchor)...)
			ps = append(ps, judgeNames(c, p.certs[:i])...)
			if !c.SelfIssued() {
				below++
			}
		}
		if !isAnchor {
			ps = append(ps, judgeValidity(c, m.at)...)
			ps = append(ps, judgeExtensions(c)...)
			ps = append(ps, p.judgeStrength(c, m)...)
		}
		if i == 0 && !leafAllows(c, purpose) || !allows(c, purpose.OID()) {
			ps = append(ps, problem(WrongPurpose, c, purpose.String()))
		}
	}
	ps = append(ps, p.anchor.Restrictions.judge(p.anchor.Certificate, p.leaf(), purpose.OID(), m)...)
	rankProblems(ps)
	p.problems = ps
}

// judgeValidity is rule 110 for every certificate but the anchor. Both ends
// are included (RFC 5280 4.1.2.5).
func judgeValidity(c *cert.Certificate, at time.Time) []Problem {
	if !at.Before(c.NotBefore) && !at.After(c.NotAfter) {
		return nil
	}
	detail := fmt.Sprintf("valid from %s to %s, judged at %s", formatTime(c.NotBefore), formatTime(c.NotAfter), formatTime(at))
	return []Problem{problem(Expired, c, detail)}
}

// formatTime formats a time for messages, to the second.
func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// judgeIssuer asks whether c may issue certificates (RFC 5280 6.1.4 k to n).
// Anchors are often older than the extensions: for them absence says nothing,
// Microsoft Root Authority of 1997 being the one that counts most. What an
// anchor does say is heeded: a self-signed signer in the Root store must not be
// an authority by that.
func judgeIssuer(c *cert.Certificate, below int, isAnchor bool) []Problem {
	var ps []Problem
	if c.HasBasicConstraints && !c.IsCA || !c.HasBasicConstraints && !isAnchor {
		ps = append(ps, problem(NotAnAuthority, c, ""))
	}
	if c.HasBasicConstraints && c.IsCA && c.MaxPathLen >= 0 && below > c.MaxPathLen {
		ps = append(ps, problem(PathTooLong, c, fmt.Sprintf("%d below it, %d allowed", below, c.MaxPathLen)))
	}
	if c.HasKeyUsage && c.KeyUsage&x509.KeyUsageCertSign == 0 {
		ps = append(ps, problem(KeyUsageForbids, c, ""))
	}
	return ps
}

// judgeLeaf asks whether the leaf may sign anything but certificates. An
// authority may not, whatever store it is in: a self-signed signer with CA:TRUE
// cannot be made to be trusted (observed: virtio-win/kvm-guest-drivers-windows
// issue 769). The key usage must include digitalSignature or contentCommitment
// (RFC 5280 4.2.1.12 for both purposes), but not that of a self-signed signer
// in the Root store: the test certificates that the WDK makes say
// keyEncipherment and dataEncipherment, and work.
func judgeLeaf(c *cert.Certificate, selfSigned bool) []Problem {
	var ps []Problem
	if c.HasBasicConstraints && c.IsCA {
		ps = append(ps, problem(SignerIsAuthority, c, ""))
	}
	const signs = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if c.HasKeyUsage && c.KeyUsage&signs == 0 && !selfSigned {
		ps = append(ps, problem(SignerKeyUsage, c, ""))
	}
	return ps
}

// weakSince is the date up to which a time stamp saves an MD5 signature in a
// third party's chain (rule 118).
var weakSince = time.Date(2009, 1, 1, 0, 0, 0, 0, time.UTC)

// judgeStrength is rule 118. The signature on an anchor is never looked at;
// that on a self-signed signer in the Root store is therefore not either.
// Chains of Microsoft's own roots are exempt from the rule on MD5, as is what
// was time-stamped before weakSince.
func (p *Path) judgeStrength(c *cert.Certificate, m moment) []Problem {
	var ps []Problem
	if c.KeyProblem != nil {
		ps = append(ps, problem(WeakKey, c, c.KeyProblem.Error()))
	}
	if c.SignatureAlgorithm.Hash != crypto.MD5 || len(p.certs) == 1 {
		return ps
	}
	if old := m.stamped && m.at.Before(weakSince); !old && !isMicrosoft(p.anchor.Certificate) {
		ps = append(ps, problem(WeakDigest, c, c.SignatureAlgorithm.String()))
	}
	return ps
}

// notes are the remarks on a chain that stand against nothing.
func (p *Path) notes(m moment, clock time.Time) []Problem {
	ns := slices.Clone(p.remarks)
	for i, c := range p.certs {
		expired := clock.After(c.NotAfter)
		if i == len(p.certs)-1 && i > 0 {
			if expired {
				ns = append(ns, problem(ExpiredAnchor, c, "until "+formatTime(c.NotAfter)))
			}
			return ns
		}
		if m.stamped && expired {
			ns = append(ns, problem(ExpiredAtClock, c, "until "+formatTime(c.NotAfter)))
		}
		switch c.SignatureAlgorithm.Hash {
		case crypto.SHA1:
			ns = append(ns, problem(SHA1Link, c, c.SignatureAlgorithm.String()))
		case crypto.MD5:
			ns = append(ns, problem(MD5Link, c, c.SignatureAlgorithm.String()))
		}
	}
	return ns
}
