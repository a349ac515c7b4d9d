package prestage

import (
	"crypto"
	"fmt"
	"slices"
	"strings"

	"prestage/catalog"
	"prestage/inf"
	"prestage/trust"
)

// Classification is the class that a package's signature falls into on a
// target, the score that SetupAPI would log for it, and why.
type Classification struct {
	Category Category
	// Rule is the id of the rule that decided the category.
	Rule string
	// Reason is the fact that decided it, in a sentence without a period.
	Reason string
	Score  SignerScore
	// Because are the steps that led to the category, then to the score.
	Because []Step
}

// Classify puts the package into its category on the target (section E.3 of
// the rules) and gives its signer score (section G).
func Classify(f *Facts, t Target) Classification { return newView(f, t).classify() }

func (v *view) classify() Classification {
	category, id, because := decide(categoryRules, v)
	v.category = category
	v.rule = id
	score, _, steps := decide(scoreRules, v)
	return Classification{
		Category: category, Rule: id, Reason: because[len(because)-1].Text,
		Score: score, Because: slices.Concat(because, steps),
	}
}

// view is what the rules look at: the facts, as far as they concern one
// target.
type view struct {
	*Facts
	Target
	cat       *CatalogFacts // nil: the INF names none for this architecture
	files     []*FileFacts  // that this architecture needs, the INF among them
	selection inf.Selection

	category Category // for the score and the outcome
	rule     string   // that decided the category, for the outcome

	file       *FileFacts // the kernel binary at hand, for its load
	signatures []covering // that cover it and that the release can use
	// everCovered: some signature that holds covers it, of use or not.
	everCovered bool
}

func newView(f *Facts, t Target) *view {
	return &view{
		Facts: f, Target: t,
		cat:       f.CatalogFor(t.Arch),
		files:     f.FilesFor(t.Arch),
		selection: f.File.Select(t.Windows.system(t.Arch)),
	}
}

// digest is the hash by which the release looks files up in the applicable
// catalog (rules 67, 73 and 74).
func (v *view) digest() crypto.Hash {
	if v.cat.Catalog.Version == 2 && v.Windows.Staging.CatalogV2 {
		return crypto.SHA256
	}
	return crypto.SHA1
}

// categoryRules is section E.3, with one difference. E.3 judges the chain
// before the hashes; real logs refuse a missing hash before any line about
// trust (windows-evidence, section 2, row 16, and its decision table), so
// here the hashes come first.
var categoryRules = []rule[Category]{
	{
		id: "no-catalog-entry", basis: Documented,
		cite: `rule 20; "INF Version Section"`,
		when: func(v *view) bool { return v.cat == nil },
		then: Unsigned,
		say: func(v *view) string {
			return fmt.Sprintf("[Version] has no CatalogFile entry that applies to %s", v.Arch)
		},
		passed: func(v *view) string {
			return fmt.Sprintf("%s = %s applies to %s", v.cat.Key, v.cat.Name, v.Arch)
		},
	},
	{
		id: "catalog-missing", basis: Observed,
		cite: `rule 21; "Signature Categories and Driver Installation"`,
		when: func(v *view) bool { return !v.cat.Present },
		then: Unsigned,
		say:  func(v *view) string { return v.cat.Name + " is not beside the INF" },
	},
	{
		id: "catalog-unreadable", basis: Documented,
		cite: `E.3 step 2, rule 58`,
		when: func(v *view) bool { return v.cat.Catalog == nil },
		then: Unsigned,
		say:  func(v *view) string { return fmt.Sprintf("%s cannot be read: %v", v.cat.Name, v.cat.Err) },
	},
	{
		id: "catalog-not-signed", basis: Observed,
		cite: `E.3 step 2, rules 59 and 141`,
		when: func(v *view) bool { return !v.cat.Signed() },
		then: Unsigned,
		say:  func(v *view) string { return v.cat.Name + " carries no signature" },
	},
	{
		id: "catalog-set-order", basis: Documented,
		cite: `rule 63; KB on catalogs of October 2020`,
		when: func(v *view) bool { return v.Windows.Staging.StrictSetOrder && v.cat.setOrder() != nil },
		then: Unsigned,
		say: func(v *view) string {
			return fmt.Sprintf("%s is not strict DER, so its signature counts as absent: %v", v.cat.Name, v.cat.setOrder())
		},
	},
	{
		id: "catalog-signature-invalid", basis: Inferred,
		cite: `E.3 step 3, open question Q3`,
		when: func(v *view) bool { return v.cat.Primary().Problem() != nil },
		then: Unsigned,
		say: func(v *view) string {
			return fmt.Sprintf("the signature of %s does not hold: %v", v.cat.Name, v.cat.Primary().Problem())
		},
		passed: func(v *view) string { return "its signature holds: " + describeSignature(v.cat.Primary()) },
	},
	{
		id: "sha2-update-missing", basis: Observed,
		cite: `rules 117 and 158; support article on SetupVerifyInfFile of Windows Server 2008 R2`,
		when: func(v *view) bool {
			return v.Windows.Staging.SHA2Update && v.Scenario.NoSHA2Update && v.cat.Primary().sha2()
		},
		then: Unsigned,
		say: func(v *view) string {
			return "without its update " + v.Windows.Title + " cannot verify a signature with SHA-256"
		},
	},
	{
		id: "inf-hash-missing", basis: Observed,
		cite: `E.3 step 5, rules 56 and 57; setupapi.dev.log of Windows 11 26200`,
		when: func(v *view) bool { return !v.covers(v.INFFile()) },
		then: Altered,
		say: func(v *view) string {
			return "the INF is not the one that was signed: " + v.whyNotCovered(v.INFFile())
		},
	},
	{
		id: "file-hash-missing", basis: Inferred,
		cite: `E.3 step 5, rules 49, 51 and 56`,
		when: func(v *view) bool { return v.firstUncovered() != nil },
		then: Altered,
		say: func(v *view) string {
			f := v.firstUncovered()
			return fmt.Sprintf("%s is not the file that was signed: %s", v.relative(f.Path), v.whyNotCovered(f))
		},
		passed: func(v *view) string {
			return fmt.Sprintf("the INF and %s are members of %s by %s", count(v.present()-1, "file"), v.cat.Name, hashName(v.digest()))
		},
		// That an older Windows reads the SHA-1 members of a version 2 catalog
		// is our reading (rules 73 and 74).
		sure: func(v *view) Basis {
			if v.cat.Catalog.Version == 2 && !v.Windows.Staging.CatalogV2 {
				return Inferred
			}
			return Documented
		},
	},
	{
		id: "publisher-disallowed", basis: Documented,
		cite: `E.3 step 6, rule 132`,
		when: func(v *view) bool { return v.cat.Primary().Verdict.Publisher == trust.DisallowedPublisher },
		then: UntrustedPublisher,
		say:  text("a certificate of the signer's chain is in the Disallowed store"),
	},
	{
		id: "driver-policy", basis: Documented,
		cite: `E.3 step 4, rules 124 to 127; "Signature Categories and Driver Installation"`,
		when: func(v *view) bool { return v.driverPolicy() },
		then: WindowsAuthority,
		say: func(v *view) string {
			return fmt.Sprintf("a Microsoft root, a driver EKU (%s) and OSAttr %s: the driver policy accepts it",
				v.cat.Primary().Verdict.Authority, osAttrText(v.infOSAttr()))
		},
		passed: func(v *view) string { return v.whyNotDriverPolicy() },
	},
	{
		id: "trusted-publisher", basis: Documented,
		cite: `E.3 step 6, rules 131 to 134; "Trusted Publishers Certificate Store"`,
		when: func(v *view) bool {
			return v.cat.Primary().Trusted() && v.cat.Primary().Verdict.Publisher == trust.TrustedPublisher
		},
		then: TrustedPublisher,
		say:  text("the signer's chain is trusted and its certificate is in Trusted Publishers"),
	},
	{
		id: "driver-policy-fall-back", basis: Inferred,
		cite: `rules 126 and 127, open question Q4`,
		when: func(v *view) bool {
			s := v.cat.Primary()
			return s.Trusted() && s.Verdict.MicrosoftRoot && s.Verdict.Publisher == trust.NotListed
		},
		then: UnknownPublisher,
		say: func(v *view) string {
			return v.whyNotDriverPolicy() + "; it counts as any publisher's, and its certificate is in neither Trusted Publishers nor Disallowed"
		},
	},
	{
		id: "publisher-not-listed", basis: Documented,
		cite: `E.3 step 6, rules 131 and 132`,
		when: func(v *view) bool {
			return v.cat.Primary().Trusted() && v.cat.Primary().Verdict.Publisher == trust.NotListed
		},
		then: UnknownPublisher,
		say:  text("the signer's chain is trusted; its certificate is in neither Trusted Publishers nor Disallowed"),
	},
	{
		id: "signer-expired", basis: Inferred,
		cite: `rules 110 and 135, contradiction C-11`,
		when: func(v *view) bool {
			return !v.cat.Primary().Trusted() && v.cat.Primary().Verdict.OnlyProblem(trust.Expired)
		},
		then: Unsigned,
		say: func(v *view) string {
			return "the certificate has expired and no time stamp proves an earlier signature: " + describeProblem(v.cat.Primary())
		},
	},
	{
		id: "chain-not-trusted", basis: Documented,
		cite: `E.3 step 4, rule 131; "Trusted Root Certification Authorities Certificate Store"`,
		when: always,
		then: Unsigned,
		say: func(v *view) string {
			return "the signer is not trusted, so the signature does not count: " + describeProblem(v.cat.Primary())
		},
	},
}

// scoreRules is rules 160 to 165.
var scoreRules = []rule[SignerScore]{
	{
		id: "score-below-lower-logo", basis: Documented,
		cite: `rule 164; "LowerLogoVersion"`,
		when: func(v *view) bool { return v.category == WindowsAuthority && !v.osAttrFrom(v.lowerLogoVersion()) },
		then: ScoreAuthenticode,
		say:  text("signed for versions below LowerLogoVersion only: the score is Authenticode"),
	},
	{
		id: "score-inbox", basis: Observed,
		cite: `rule 162; setupapi.dev.log of Windows 10 1809`,
		when: func(v *view) bool { return v.category == WindowsAuthority && v.authority() == trust.Windows },
		then: ScoreInbox,
		say:  text("signed as a part of Windows: the score is INBOX"),
	},
	{
		id: "score-whql", basis: Observed,
		cite: `rules 161 and 162; setupapi.dev.log of Windows 11 22H2`,
		when: func(v *view) bool {
			return v.category == WindowsAuthority && slices.Contains([]trust.Authority{trust.WHQL, trust.WHQLAttested, trust.ELAM}, v.authority())
		},
		then: ScoreWHQL,
		say:  text("signed by the Hardware Dev Center: the score is WHQL"),
	},
	{
		id: "score-microsoft", basis: Inferred,
		cite: `rule 162`,
		when: func(v *view) bool { return v.category == WindowsAuthority },
		then: ScoreUnclassified,
		say:  text("signed by Microsoft in another role: the score is WHQL Unclassified"),
	},
	{
		id: "score-authenticode", basis: Documented,
		cite: `rules 160 and 161; "Driver Rank Information in the SetupAPI Log"`,
		when: func(v *view) bool {
			return slices.Contains([]Category{TrustedPublisher, UnknownPublisher, UntrustedPublisher}, v.category)
		},
		then: ScoreAuthenticode,
		say:  text("a third-party signature: the score is Authenticode"),
	},
	{
		id: "score-unsigned", basis: Documented,
		cite: `rule 165; "Signature Score"`,
		when: func(v *view) bool { return !v.plainInstall() },
		then: ScoreUnsigned,
		say:  text("no valid signature, and the install section has an .nt extension"),
	},
	{
		id: "score-w9x-suspect", basis: Documented,
		cite: `rule 165; "Signature Score"`,
		when: always,
		then: ScoreW9xSuspect,
		say:  text("no valid signature, and an install section without an .nt extension"),
	},
}

func (v *view) authority() trust.Authority {
	if v.cat == nil || v.cat.Primary() == nil {
		return trust.UnknownAuthority
	}
	return v.cat.Primary().Verdict.Authority
}

// plainInstall reports whether any install section that the target would
// use lacks an .nt extension: the worst node decides the score.
func (v *view) plainInstall() bool {
	return slices.ContainsFunc(v.selection.Installs, func(i inf.Install) bool { return !i.HasNT })
}

func (v *view) coverage(f *FileFacts) Coverage { return f.Coverage(v.cat) }

// covers reports whether the file is a member of the applicable catalog by
// the digest that the release looks up. An absent file is judged apart.
func (v *view) covers(f *FileFacts) bool {
	return f != nil && v.coverage(f).covered(v.digest())
}

// firstUncovered returns the first file that is present and no member of the
// applicable catalog, nil if there is none.
func (v *view) firstUncovered() *FileFacts {
	for _, f := range v.files {
		if f.Present && !v.covers(f) {
			return f
		}
	}
	return nil
}

// present counts the files that are there, the INF among them.
func (v *view) present() int {
	n := 0
	for _, f := range v.files {
		if f.Present {
			n++
		}
	}
	return n
}

func (v *view) whyNotCovered(f *FileFacts) string {
	c := v.coverage(f)
	switch {
	case f.Err != nil:
		return "it cannot be read: " + f.Err.Error()
	case c.State == Covered:
		return fmt.Sprintf("%s lists it by %s, and %s looks a version %d catalog up by %s",
			v.cat.Name, hashNames(c.By), v.Windows.Title, v.cat.Catalog.Version, hashName(v.digest()))
	case f.Twin != "":
		return fmt.Sprintf("its compressed form %s lies beside it and is not listed in %s", f.Twin, v.cat.Name)
	case f.Pointer:
		return "it is a Git LFS pointer, not the real content"
	case f.Hint != "":
		return fmt.Sprintf("its form %s is listed in %s, the file as it is here is not", formName(f.HintForm), v.cat.Name)
	}
	return fmt.Sprintf("no digest of it is listed in %s", v.cat.Name)
}

// driverPolicy is the first of the two passes (rule 125): a chain to a
// Microsoft root, an EKU of the driver family, and an OSAttr between
// LowerLogoVersion and the running version.
func (v *view) driverPolicy() bool {
	s := v.cat.Primary()
	return s.Trusted() && s.Verdict.DriverPolicy && v.osAttrFits()
}

func (v *view) whyNotDriverPolicy() string {
	s := v.cat.Primary()
	switch {
	case !s.Trusted():
		return ""
	case !s.Verdict.MicrosoftRoot:
		return "the chain does not end in a Microsoft root, so the driver policy does not accept it: normal for a third-party signature"
	case !s.Verdict.DriverPolicy:
		return "the signer's certificate has no driver EKU, so the driver policy does not accept it"
	}
	return fmt.Sprintf("OSAttr %s does not include %s (%d.%d), so the driver policy does not accept it",
		osAttrText(v.infOSAttr()), v.Windows.Title, v.Windows.Major, v.Windows.Minor)
}

// infOSAttr is the OSAttr that applies to the INF, on which the driver
// policy is asked: that of its member, else that of the catalog (rule 84).
func (v *view) infOSAttr() []catalog.OSVersion {
	return v.cat.Catalog.OSAttr(v.coverage(v.INFFile()).Members[v.digest()])
}

// defaultLowerLogo is the system default of LowerLogoVersion, "5.1" (rule
// 164).
var defaultLowerLogo = catalog.OSVersion{Platform: catalog.PlatformNT, Major: 5, Minor: 1}

// osAttrFits reports whether OSAttr names a version that the driver policy
// accepts: from the default of LowerLogoVersion up to the running one (rules
// 125 to 127). A machine's own LowerLogoVersion has no influence here: it
// changes the score and never the category (rule 164).
func (v *view) osAttrFits() bool { return v.osAttrFrom(defaultLowerLogo) }

// osAttrFrom reports whether OSAttr names a version from low up to the
// running one.
func (v *view) osAttrFrom(low catalog.OSVersion) bool {
	running := catalog.OSVersion{Platform: catalog.PlatformNT, Major: v.Windows.Major, Minor: v.Windows.Minor}
	return slices.ContainsFunc(v.infOSAttr(), func(o catalog.OSVersion) bool { return o.Between(low, running) })
}

func (v *view) lowerLogoVersion() catalog.OSVersion {
	if v.Scenario.LowerLogoVersion == (catalog.OSVersion{}) {
		return defaultLowerLogo
	}
	return v.Scenario.LowerLogoVersion
}

// setOrder is the first SET OF of the catalog out of DER order, nil if there
// is none (rule 63).
func (c *CatalogFacts) setOrder() error { return c.Catalog.Ordered }

func osAttrText(list []catalog.OSVersion) string {
	if len(list) == 0 {
		return "(none)"
	}
	words := make([]string, len(list))
	for i, o := range list {
		words[i] = o.String()
	}
	return strings.Join(words, ",")
}
