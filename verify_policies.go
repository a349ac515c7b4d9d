package prestage

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"prestage/authenticode/cert"
	"prestage/authenticode/winerror"
	"prestage/catalog"
	"prestage/trust"
)

// trustRules are the Default Authentication Verification Policy.
var trustRules = []verifyRule{
	{
		id: "verify-not-trusted", basis: Documented,
		cite: `rules 109 to 113, 131 and 132; "Trusted Root Certification Authorities Certificate Store"`,
		when: func(v *verification) bool { return !v.sig.Verdict.Trusted },
		then: func(v *verification) winerror.Code { return verdictCode(&v.sig.Verdict) },
		say:  func(v *verification) string { return verdictText(&v.sig.SignatureFacts) },
		passed: func(v *verification) string {
			return "the chain ends in " + anchorName(v.sig) + ", which is trusted"
		},
	},
}

// driverRules are the Windows Driver Verification Policy (rules 124 to 127).
// What stands against the chain itself comes before the question of its root;
// what else stands against a complete chain is moot where the root is not one of
// Microsoft's (observed: every third-party catalog fails the first pass with
// 0x800B0109, whatever its state).
var driverRules = []verifyRule{
	{
		id: "verify-no-chain", basis: Documented,
		cite: `rules 131 and 132`,
		when: func(v *verification) bool {
			return !v.sig.Verdict.Trusted && (v.sig.Verdict.Anchor == nil || v.sig.Verdict.Publisher == trust.DisallowedPublisher)
		},
		then: func(v *verification) winerror.Code { return verdictCode(&v.sig.Verdict) },
		say:  func(v *verification) string { return verdictText(&v.sig.SignatureFacts) },
	},
	{
		id: "verify-not-microsoft", basis: Observed,
		cite: `rules 123 and 125; setupapi.dev.log of many releases`,
		when: func(v *verification) bool { return !v.sig.Verdict.MicrosoftRoot },
		then: with(winerror.CertUntrustedRoot),
		say: func(v *verification) string {
			if name := anchorName(v.sig); strings.Contains(name, "Microsoft") {
				return "the chain ends in " + name + " (SHA-256 " + anchorSHA256(v.sig) + "), which is not one of the Microsoft roots that the driver policy accepts, whatever its name"
			}
			return "the chain ends in " + anchorName(v.sig) + ", and the driver policy accepts Microsoft's roots only: that is normal for a third-party signature"
		},
	},
	{
		id: "verify-microsoft-not-trusted", basis: Documented,
		cite: `rules 109 to 113`,
		when: func(v *verification) bool { return !v.sig.Verdict.Trusted },
		then: func(v *verification) winerror.Code { return verdictCode(&v.sig.Verdict) },
		say:  func(v *verification) string { return verdictText(&v.sig.SignatureFacts) },
	},
	{
		id: "verify-no-driver-purpose", basis: Inferred,
		cite: `rule 125`,
		when: func(v *verification) bool { return !v.sig.Verdict.DriverPolicy },
		then: with(winerror.CertWrongUsage),
		say:  saying("Microsoft signed it without a purpose of drivers, which the driver policy asks for"),
	},
	{
		id: "verify-os-version", basis: Inferred,
		cite: `rules 126 and 127; "LowerLogoVersion"`,
		when: func(v *verification) bool { return v.opt.OS == nil && len(v.found) > 0 && !v.osAttrFits() },
		then: with(winerror.SetupOSAttributeMismatch),
		say: func(v *verification) string {
			return fmt.Sprintf("OSAttr %s does not include %s (%d.%d): /o names another version", osAttrText(v.osAttr()), v.windows.Title, v.windows.Major, v.windows.Minor)
		},
	},
}

// kernelRules follow trustRules under /kp. The order is observed: signtool
// reports an untrusted root first, and of a trusted one that it is none of
// Microsoft's.
var kernelRules = []verifyRule{
	{
		id: "verify-kernel-purpose", basis: Inferred,
		cite: `rule 181`,
		when: func(v *verification) bool {
			c := v.covering()
			return !c.microsoft() && !c.crossSigned() && c.Kernel.Trusted && c.Kernel.MicrosoftRoot
		},
		then: with(winerror.CertWrongUsage),
		say:  saying("Microsoft signed it without a purpose of drivers, and the sources do not say that the kernel accepts that"),
	},
	{
		id: "verify-kernel-root", basis: Observed,
		cite: `rules 172, 175 and 176; "Kernel-Mode Code Signing Policy"`,
		when: func(v *verification) bool {
			c := v.covering()
			return !c.microsoft() && !c.crossSigned()
		},
		then: with(winerror.CertUntrustedRoot),
		say: func(v *verification) string {
			if p := v.sig.Kernel.KernelPath; p != nil {
				return "the chain to the Microsoft Code Verification Root does not hold: " + p.Problems()[0].Error()
			}
			return "the chain reaches neither a Microsoft root nor, by a cross-certificate in the signature, the Microsoft Code Verification Root"
		},
		passed: func(v *verification) string {
			if v.covering().microsoft() {
				return "the chain ends in a Microsoft root of the kernel"
			}
			return "a cross-certificate in the signature leads to the Microsoft Code Verification Root"
		},
	},
}

// requirementRules are what the options ask besides the policy. The last rule
// of every table is the only one that lets a file pass.
var requirementRules = []verifyRule{
	{
		id: "verify-asked-os-version", basis: Documented,
		cite: `rules 83 to 87; ` + citeSignTool,
		when: func(v *verification) bool {
			return v.opt.OS != nil && len(v.found) > 0 && !slices.ContainsFunc(v.osAttr(), func(o catalog.OSVersion) bool {
				return o.Covers(v.opt.OS.Platform, v.opt.OS.Major, v.opt.OS.Minor)
			})
		},
		then: with(winerror.SetupOSAttributeMismatch),
		say: func(v *verification) string {
			return fmt.Sprintf("OSAttr %s does not include %s", osAttrText(v.osAttr()), v.opt.OS.OSVersion)
		},
	},
	{
		id: "verify-root-name", basis: Documented,
		cite: citeSignTool,
		when: func(v *verification) bool {
			return v.opt.Root != "" && !strings.Contains(strings.ToLower(rootName(v.sig)), strings.ToLower(v.opt.Root))
		},
		then: with(winerror.CertUntrustedRoot),
		say: func(v *verification) string {
			return fmt.Sprintf("the root %q is not the one that is asked for (/r)", rootName(v.sig))
		},
	},
	{
		id: "verify-issuer-hash", basis: Observed,
		cite: `signtool verify /?`,
		when: func(v *verification) bool {
			c := v.sig.Verdict.Chain
			return len(v.opt.IssuerSHA1) > 0 && !slices.ContainsFunc(between(c), func(c *cert.Certificate) bool { return hasSHA1(v.opt.IssuerSHA1, c) })
		},
		then: with(winerror.TrustFail),
		say:  saying("no intermediate authority of the chain is one that is asked for (/ca)"),
	},
	{
		id: "verify-signer-hash", basis: Observed,
		cite: `signtool verify /?`,
		when: func(v *verification) bool {
			return len(v.opt.SignerSHA1) > 0 && (v.sig.Signature.Signer == nil || !hasSHA1(v.opt.SignerSHA1, v.sig.Signature.Signer))
		},
		then: with(winerror.TrustFail),
		say:  saying("the signer's certificate is none of those that are asked for (/sha1)"),
	},
	{
		id: "verify-purpose", basis: Observed,
		cite: `signtool verify /u; ` + citeSignTool,
		when: func(v *verification) bool { return v.missingEKU() != "" },
		then: with(winerror.CertWrongUsage),
		say: func(v *verification) string {
			return "the signer's certificate does not have the purpose " + v.missingEKU() + " (/u)"
		},
	},
	{
		id: "verify-verified", basis: Documented,
		cite: citeSignTool,
		when: anyway,
		then: with(winerror.OK),
		say: func(v *verification) string {
			return "verified under the " + v.opt.Policy.String() + " policy"
		},
	},
}

// covering is the signature as the kernel's rules see it.
func (v *verification) covering() covering {
	source := "embedded"
	switch {
	case len(v.found) > 0:
		source = "catalog"
	case v.sig.Nested:
		source = "nested"
	}
	return covering{&v.sig.SignatureFacts, source}
}

// osAttr is the OSAttr that applies to the file (rule 84).
func (v *verification) osAttr() []catalog.OSVersion {
	m := v.found[0]
	c, _ := m.listing.read() // it was read to be found
	return c.OSAttr(m.member)
}

func (v *verification) osAttrFits() bool {
	running := catalog.OSVersion{Platform: catalog.PlatformNT, Major: v.windows.Major, Minor: v.windows.Minor}
	return slices.ContainsFunc(v.osAttr(), func(o catalog.OSVersion) bool { return o.Between(defaultLowerLogo, running) })
}

// missingEKU is the first purpose that is asked for and that the signer's
// certificate does not name.
func (v *verification) missingEKU() string {
	for _, oid := range v.opt.EKUs {
		if v.sig.Signature.Signer == nil || !v.sig.Signature.Signer.HasEKUOID(oid) {
			return oid
		}
	}
	return ""
}

// verdictCode is what stands against trust first. A verdict without a reason is
// no success.
func verdictCode(v *trust.Verdict) winerror.Code {
	if len(v.Problems) == 0 || v.Problems[0].Code == winerror.OK {
		return winerror.TrustFail
	}
	return v.Problems[0].Code
}

// verdictText says what stands against trust first, without its code.
func verdictText(s *SignatureFacts) string {
	if len(s.Verdict.Problems) == 0 {
		return "the signature is not trusted"
	}
	p := s.Verdict.Problems[0]
	text := p.Reason.Text()
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	if s.lifetimeSigning() {
		text += lifetimeNote
	}
	return text
}

// anchorName is the root for people.
func anchorName(s *signed) string {
	if s.Verdict.Anchor == nil {
		return "no root"
	}
	subject := s.Verdict.Anchor.Certificate.Subject
	return strconv.Quote(cmp.Or(subject.CommonName(), subject.String()))
}

func anchorSHA256(s *signed) string {
	sum := s.Verdict.Anchor.Certificate.SHA256()
	return hex.EncodeToString(sum[:])
}

// rootName is the whole subject of the root in which the chain ends.
func rootName(s *signed) string {
	if s.Verdict.Anchor == nil {
		return ""
	}
	return s.Verdict.Anchor.Certificate.Subject.String()
}

// between are the certificates of a chain that are neither the leaf nor the
// root.
func between(chain []*cert.Certificate) []*cert.Certificate {
	if len(chain) < 3 {
		return nil
	}
	return chain[1 : len(chain)-1]
}

func hasSHA1(list []string, c *cert.Certificate) bool {
	sum := c.SHA1()
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, hex.EncodeToString(sum[:])) })
}
