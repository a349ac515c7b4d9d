package prestage

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"prestage/authenticode"
	"prestage/authenticode/cert"
	"prestage/authenticode/winerror"
	"prestage/catalog"
	"prestage/trust"
)

// verification is what the rules look at: a file, and one signature that is to
// sign it.
type verification struct {
	*subject
	opt     *VerifyOptions
	windows *Windows
	sig     *signed // nil: there is none
	asked   int     // the number of the signature that is asked for
}

// ruling is what a rule decides: the code that WinVerifyTrust would return.
type ruling func(*verification) winerror.Code

// with is a ruling that does not depend on the facts.
func with(c winerror.Code) ruling { return func(*verification) winerror.Code { return c } }

// verifyRule is a rule on a single file. All but the last of a policy refuse.
type verifyRule = ruleOn[verification, ruling]

func saying(s string) func(*verification) string { return func(*verification) string { return s } }

func anyway(*verification) bool { return true }

// rules is the table for a policy: what any policy asks, what this one asks,
// what the options ask.
func (p Policy) rules() []verifyRule {
	own := map[Policy][]verifyRule{
		DriverPolicy:       driverRules,
		AuthenticodePolicy: trustRules,
		KernelPolicy:       slices.Concat(trustRules, kernelRules),
		PKCS7Policy:        trustRules,
	}[p]
	if own == nil {
		own = noPolicyRules
	}
	return slices.Concat(subjectRules, signatureRules, own, requirementRules)
}

const (
	citeSignTool = `rule 196; "SignTool", learn.microsoft.com`
	citeSpec     = `rules 103 to 107; "Windows Authenticode Portable Executable Signature Format"`
)

// noPolicyRules refuse where no policy was chosen.
var noPolicyRules = []verifyRule{{
	id: "verify-no-policy", basis: Documented,
	cite: citeSignTool,
	when: anyway,
	then: with(winerror.TrustFail),
	say:  saying("no policy was chosen"),
}}

// subjectRules ask whether there is a signature at all.
var subjectRules = []verifyRule{
	{
		id: "verify-file-missing", basis: Documented,
		cite: citeSignTool,
		when: func(v *verification) bool { return errors.Is(v.err, fs.ErrNotExist) },
		then: with(winerror.FileNotFound),
		say:  saying("there is no such file"),
	},
	{
		id: "verify-file-unreadable", basis: Documented,
		cite: citeSignTool,
		when: func(v *verification) bool { return v.err != nil },
		then: with(winerror.CryptFileError),
		say:  func(v *verification) string { return "the file cannot be read: " + v.err.Error() },
	},
	{
		id: "verify-catalog-unreadable", basis: Documented,
		cite: `rule 58; ` + citeSignTool,
		when: func(v *verification) bool { return v.catalogErr != nil },
		then: with(winerror.TrustNoSignature),
		say: func(v *verification) string {
			return fmt.Sprintf("the catalog %s cannot be read: %v", v.opt.Catalog, v.catalogErr)
		},
	},
	{
		id: "verify-not-in-catalog", basis: Documented,
		cite: `rules 67, 73, 78 and 92; ` + citeSignTool,
		when: func(v *verification) bool { return v.catalogs && !v.embedded && len(v.found) == 0 },
		then: with(winerror.TrustNoSignature),
		say: func(v *verification) string {
			text := "no catalog of the database lists the file"
			if v.opt.Catalog != "" {
				text = "the catalog does not list the file"
			}
			if v.elsewhere != "" {
				text += ": " + v.elsewhere
			}
			return text
		},
		passed: func(v *verification) string {
			if len(v.found) == 0 {
				return ""
			}
			m := v.found[0]
			return fmt.Sprintf("%s lists the file by %s (%s)", m.listing.path, hashName(m.hash), m.kind)
		},
	},
	{
		id: "verify-malformed", basis: Documented,
		cite: `rule 139`,
		when: func(v *verification) bool { return len(v.found) == 0 && v.malformed != nil },
		then: with(winerror.TrustSubjectFormUnknown),
		say:  func(v *verification) string { return fmt.Sprintf("the file cannot be read: %v", v.malformed) },
	},
	{
		id: "verify-installer-package", basis: Documented,
		cite: `rule 78; ` + citeSignTool,
		when: func(v *verification) bool { return len(v.found) == 0 && v.kind == SubjectMSI },
		then: with(winerror.TrustSubjectFormUnknown),
		say:  saying("the signature inside of an installer package is not read here, so it is not verified: give the catalog that lists the file with /c"),
	},
	{
		id: "verify-cannot-be-signed", basis: Documented,
		cite: `rule 78; ` + citeSignTool,
		when: func(v *verification) bool { return len(v.found) == 0 && v.kind == SubjectFlat },
		then: with(winerror.TrustSubjectFormUnknown),
		say: func(v *verification) string {
			text := "a file of this kind carries no signature of its own: give the catalog that lists it with /c"
			if v.catalogs {
				text = "a file of this kind carries no signature of its own, and no catalog lists it"
			}
			if v.elsewhere != "" {
				text += ": " + v.elsewhere
			}
			return text
		},
	},
	{
		id: "verify-signature-unreadable", basis: Documented,
		cite: `rules 58, 97 and 100`,
		when: func(v *verification) bool { return v.signatureErr != nil },
		then: func(v *verification) winerror.Code {
			var p *authenticode.Problem
			if errors.As(v.signatureErr, &p) {
				return p.Code
			}
			if errors.Is(v.signatureErr, catalog.ErrNotCatalog) {
				return winerror.TrustSubjectFormUnknown
			}
			return winerror.CryptBadMessage
		},
		say: func(v *verification) string { return fmt.Sprintf("the signature cannot be read: %v", v.signatureErr) },
	},
	{
		id: "verify-not-signed", basis: Documented,
		cite: `rules 59 and 101; ` + citeSignTool,
		when: func(v *verification) bool { return len(v.signatures) == 0 },
		then: with(winerror.TrustNoSignature),
		say: func(v *verification) string {
			switch {
			case len(v.found) > 0:
				return "the catalog that lists the file carries no signature"
			case v.catalogs:
				return "the file carries no signature, and no catalog lists it"
			}
			return "the file carries no signature"
		},
	},
	{
		id: "verify-no-such-signature", basis: Documented,
		cite: citeSignTool,
		when: func(v *verification) bool { return v.sig == nil },
		then: with(winerror.TrustNoSignature),
		say: func(v *verification) string {
			return fmt.Sprintf("there is no signature number %d: there are %s, counted from 0", v.asked, count(len(v.signatures), "signature"))
		},
	},
}

// signatureRules ask whether the signature holds for the file.
var signatureRules = []verifyRule{
	{
		id: "verify-set-order", basis: Documented,
		cite: `rule 63; KB on catalogs of October 2020`,
		when: func(v *verification) bool { return v.windows.Staging.StrictSetOrder && v.setOrder != nil },
		then: with(winerror.TrustNoSignature),
		say: func(v *verification) string {
			return fmt.Sprintf("the catalog is not strict DER, so its signature counts as absent: %v", v.setOrder)
		},
	},
	{
		id: "verify-signature-invalid", basis: Documented,
		cite: citeSpec,
		when: func(v *verification) bool { return v.sig.Problem() != nil },
		then: func(v *verification) winerror.Code { return v.sig.Problem().Code },
		say: func(v *verification) string {
			return "the signature does not hold: " + v.sig.Problem().Detail
		},
		passed: func(v *verification) string {
			return "the signature holds: " + describeSignature(&v.sig.SignatureFacts)
		},
	},
	{
		id: "verify-padding", basis: Documented,
		cite: `rule 114; MS13-098`,
		when: func(v *verification) bool { return v.opt.StrictPadding && v.sig.padding },
		then: with(winerror.TrustMalformedSignature),
		say:  saying("bytes other than zero follow the signature, which EnableCertPaddingCheck refuses"),
	},
	{
		id: "verify-page-hashes", basis: Documented,
		cite: `rules 77 and 102; ` + citeSignTool,
		when: func(v *verification) bool { return v.sig.pages == authenticode.PageHashBad },
		then: with(winerror.TrustBadDigest),
		say:  saying("the signature's page hashes are not those of the file"),
	},
	{
		id: "verify-page-hashes-unknown", basis: Inferred,
		cite: `rule 102`,
		when: func(v *verification) bool { return v.opt.PageHashes && v.sig.pages == authenticode.PageHashUnknown },
		then: with(winerror.TrustBadDigest),
		say:  saying("the file has no pages that could be hashed, so its page hashes are not verified"),
	},
}

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
