package prestage

import (
	"fmt"
	"slices"

	"prestage/authenticode/winerror"
	"prestage/inf"
)

// Prediction is what happens when the package is handed to the target.
type Prediction struct {
	Outcome Outcome
	Prompt  Prompt
	// Status is what SetupAPI returns, provided that the person at the
	// screen agrees if asked.
	Status winerror.Code
	// LogCodes are the results of _VERIFY_FILE_SIGNATURE in the SetupAPI
	// log, in order: the driver policy's, then Authenticode's (rule 122).
	LogCodes []winerror.Code
	// Reason is the fact that decided, in a sentence without a period.
	Reason string
	// Because are the steps that led to the outcome.
	Because []Step
}

// Predict says what the target does with a package of that classification
// (matrix F.4 and rules 141 to 151).
func Predict(f *Facts, c Classification, t Target) Prediction {
	return newView(f, t).predict(c)
}

// predict is Predict. A classification that was never made predicts nothing,
// which meets no gate.
func (v *view) predict(c Classification) Prediction {
	if c.Category == CategoryUnknown {
		return Prediction{}
	}
	v.category, v.rule = c.Category, c.Rule
	decision, _, because := decide(outcomeRules, v)
	p := Prediction{Outcome: decision.outcome, Prompt: decision.prompt, Reason: because[len(because)-1].Text, Because: because}
	if p.Outcome == NotApplicable {
		return p
	}
	p.LogCodes = v.logCodes()
	if p.Outcome == Refused {
		p.Status = decision.status
		if p.Status == winerror.OK {
			p.Status = v.refusal()
		}
	}
	return p
}

// outcome is the decision of an outcome rule. A refusal without a status of
// its own takes the one that the category's reason has.
type outcome struct {
	outcome Outcome
	prompt  Prompt
	status  winerror.Code
}

var (
	silently = outcome{Silent, PromptNone, winerror.OK}
	asking   = outcome{Prompted, PromptPublisher, winerror.OK}
	warning  = outcome{Prompted, PromptUnverified, winerror.OK}
	refusing = outcome{Refused, PromptNone, winerror.OK}
)

func refusingWith(c winerror.Code) outcome { return outcome{Refused, PromptNone, c} }

const citeCategories = `section F.1; "Signature Categories and Driver Installation"`

// outcomeRules is matrix F.4 with rules 141 to 151.
var outcomeRules = []rule[outcome]{
	{
		id: "not-applicable", basis: Documented,
		cite: `rules 30 to 36; "INF Manufacturer Section"`,
		when: func(v *view) bool { return !v.selection.Applies },
		then: outcome{NotApplicable, PromptNone, winerror.OK},
		say:  func(v *view) string { return "the INF has nothing for this target: " + v.selection.Why },
	},
	{
		id: "wrong-inf-type", basis: Inferred,
		cite: `rule 24; "Creating a Primitive Driver"`,
		when: func(v *view) bool {
			kind := v.File.Kind()
			return kind != inf.KindDevice && !(kind == inf.KindPrimitive && v.Windows.Staging.PrimitiveDrivers)
		},
		then: refusingWith(winerror.SetupWrongInfType),
		say: func(v *view) string {
			if v.File.Kind() == inf.KindPrimitive {
				return v.Windows.Title + " does not import primitive drivers: they need Windows 10 1903"
			}
			return "the INF has no [Manufacturer] and is no primitive driver, so Windows does not import it"
		},
	},
	{
		id: "inf-ambiguous", basis: Inferred,
		cite: `rules 5, 11 and 13: the documents leave the reading open`,
		when: func(v *view) bool { return len(v.File.Ambiguous) > 0 },
		then: refusingWith(winerror.SetupGeneralSyntax),
		say: func(v *view) string {
			a := v.File.Ambiguous[0]
			return fmt.Sprintf("line %d of the INF can be read in two ways, so it cannot be said what is installed: %s", a.Pos.Line, a.Message)
		},
	},
	{
		id: "include-in-package", basis: Inferred,
		cite: `rule 41; InfVerif 1202`,
		when: func(v *view) bool { return len(v.Included) > 0 },
		then: refusingWith(winerror.SetupGeneralSyntax),
		say: func(v *view) string {
			return "Include names " + v.Included[0] + ", which lies in the package: what Windows makes of that is not known"
		},
	},
	{
		id: "s-mode", basis: Documented,
		cite: `rule 148; "Windows 10 in S mode driver requirements"`,
		when: func(v *view) bool {
			return v.sMode() && (v.category == TrustedPublisher || v.category == UnknownPublisher)
		},
		then: refusingWith(winerror.SetupPublisherNotTrusted),
		say:  text("S mode stages drivers signed by Microsoft only"),
	},
	{
		id: "untrusted-publisher-refused", basis: Documented,
		cite: citeCategories,
		when: func(v *view) bool { return v.category == UntrustedPublisher },
		then: refusingWith(winerror.SetupPublisherNotTrusted),
		say:  text("an untrusted publisher is refused without a prompt"),
	},
	{
		id: "arm64-whql-only-publisher", basis: Observed,
		cite: `rules 146 and 147; setupapi.dev.log of Windows 11 26200 on ARM64; "PnP Device Installation Signing Requirements"`,
		when: func(v *view) bool { return v.whqlOnly() && v.category == TrustedPublisher },
		then: refusingWith(winerror.SetupPublisherNotTrusted),
		say: func(v *view) string {
			return v.Windows.Title + " on " + v.Arch.String() + " stages only what Microsoft signed, whatever Trusted Publishers holds"
		},
	},
	{
		id: "arm64-whql-only", basis: Inferred,
		cite: `rule 147, matrix F.4; "PnP Device Installation Signing Requirements"`,
		when: func(v *view) bool { return v.whqlOnly() && v.category == UnknownPublisher },
		then: refusingWith(winerror.SetupTrustNotEstablished),
		say: func(v *view) string {
			return v.Windows.Title + " on " + v.Arch.String() + " stages only what Microsoft signed"
		},
	},
	{
		id: "s-mode-unverified", basis: Documented,
		cite: `rule 148; "Windows 10 in S mode driver requirements"`,
		when: func(v *view) bool { return v.sMode() && v.unverified() },
		then: refusing,
		say:  func(v *view) string { return "S mode refuses " + v.category.String() + " packages" },
	},
	{
		id: "enforcement-refuses", basis: Observed,
		cite: `rule 141, matrix F.4; setupapi.dev.log of Windows 8.1, 10 and 11`,
		when: func(v *view) bool {
			return v.unverified() && !v.Scenario.EnforcementDisabled && slices.Contains(v.Windows.Staging.Refuses, v.Arch)
		},
		then: refusing,
		say: func(v *view) string {
			return fmt.Sprintf("%s on %s enforces code integrity: it refuses %s packages without a prompt", v.Windows.Title, v.Arch, v.category)
		},
	},
	{
		id: "secure-boot-refuses", basis: Inferred,
		cite: `open question Q12`,
		when: func(v *view) bool {
			return v.unverified() && !v.Scenario.EnforcementDisabled && v.Scenario.SecureBoot == On && slices.Contains(v.Windows.Staging.SecureBootRefuses, v.Arch)
		},
		then: refusing,
		say: func(v *view) string {
			return fmt.Sprintf("with Secure Boot on, %s is taken to refuse %s packages on %s too", v.Windows.Title, v.category, v.Arch)
		},
	},
	{
		id: "unverified-no-desktop", basis: Documented,
		cite: citeCategories,
		when: func(v *view) bool { return v.unverified() && v.User != Admin },
		then: refusing,
		say:  func(v *view) string { return "nobody can be asked; " + v.category.String() + " packages are refused" },
	},
	{
		id: "unknown-publisher-no-desktop", basis: Observed,
		cite: `rule 144; setupapi.dev.log of Windows 10 22H2`,
		when: func(v *view) bool { return v.category == UnknownPublisher && v.User == System },
		then: refusingWith(winerror.SetupTrustNotEstablished),
		say:  text("nobody can be asked, so the publisher stays unknown and the package is refused"),
	},
	{
		id: "unknown-publisher-standard-user", basis: Documented,
		cite: citeCategories,
		when: func(v *view) bool { return v.category == UnknownPublisher && v.User != Admin },
		then: refusingWith(winerror.SetupTrustNotEstablished),
		say:  text("a standard user is not asked; the package is refused"),
	},
	{
		id: "copy-section-missing", basis: Inferred,
		cite: `rules 42 and 49; "INF CopyFiles Directive"`,
		when: func(v *view) bool { return v.missingList() != "" },
		then: refusingWith(winerror.SetupSectionNotFound),
		say: func(v *view) string {
			return "CopyFiles names the section [" + v.missingList() + "], which the INF does not have, so it cannot be said what is copied"
		},
	},
	{
		id: "copyinf-missing", basis: Inferred,
		cite: `rules 44 and 49; "INF CopyINF Directive"`,
		when: func(v *view) bool { return len(v.MissingINFs) > 0 },
		then: refusingWith(winerror.FileNotFound),
		say: func(v *view) string {
			return v.MissingINFs[0] + ", which the INF copies with CopyINF, is not in the package"
		},
	},
	{
		id: "missing-file", basis: Inferred,
		cite: `rules 49 and 53, E.3 step 5; "Driver Store"`,
		when: func(v *view) bool { return v.firstMissing() != nil },
		then: refusingWith(winerror.FileNotFound),
		say: func(v *view) string {
			return fmt.Sprintf("%s, which the INF copies, is not in the package", v.relative(v.firstMissing().Path))
		},
		passed: text("every file that the INF copies is there"),
	},
	{
		id: "windows-authority-silent", basis: Documented,
		cite: citeCategories,
		when: func(v *view) bool { return v.category == WindowsAuthority },
		then: silently,
		say:  text("a package signed by a Windows signing authority is staged without a prompt"),
	},
	{
		id: "trusted-publisher-silent", basis: Documented,
		cite: citeCategories,
		when: func(v *view) bool { return v.category == TrustedPublisher },
		then: silently,
		say:  text("a package signed by a trusted publisher is staged without a prompt"),
	},
	{
		id: "unknown-publisher-prompt", basis: Documented,
		cite: citeCategories + `; rule 145`,
		when: func(v *view) bool { return v.category == UnknownPublisher },
		then: asking,
		say:  text("Windows asks an administrator whether to install software of this publisher"),
	},
	{
		id: "unverified-prompt-enforcement-off", basis: Observed,
		cite: `rule 150`,
		when: func(v *view) bool {
			return v.Scenario.EnforcementDisabled && slices.Contains(v.Windows.Staging.Refuses, v.Arch)
		},
		then: warning,
		say:  text("with enforcement disabled for this boot, Windows warns an administrator and lets them go on"),
	},
	{
		id: "unverified-prompt-x86", basis: Inferred,
		cite: `matrix F.4 row 3, open question Q12`,
		when: func(v *view) bool { return slices.Contains(v.Windows.Staging.SecureBootRefuses, v.Arch) },
		then: warning,
		say:  text("a 32-bit Windows warns an administrator and lets them go on"),
	},
	{
		id: "unverified-prompt", basis: Documented,
		cite: citeCategories + `; rule 143`,
		when: always,
		then: warning,
		say:  text("Windows warns an administrator and lets them go on"),
	},
}

// whqlOnly reports whether the target stages what Microsoft signed only.
// With enforcement disabled it falls back to prompts (rule 150).
func (v *view) whqlOnly() bool {
	return !v.Scenario.EnforcementDisabled && slices.Contains(v.Windows.Staging.WHQLOnly, v.Arch)
}

// sMode reports a target in S mode, on releases that have it.
func (v *view) sMode() bool { return v.Scenario.SMode && v.Windows.Kernel.SMode }

// unverified reports whether no signature counts, for which Windows has the
// red dialog.
func (v *view) unverified() bool { return v.category == Altered || v.category == Unsigned }

// missingList returns the name of a list of files that CopyFiles names and
// that is nowhere, empty if there is none. Other sections that are missing
// stop the installation of a device, not the staging of the package.
func (v *view) missingList() string {
	for _, r := range v.File.Missing(v.Arch) {
		if r.Directive == "CopyFiles" && !r.Inbox {
			return r.Name
		}
	}
	return ""
}

// firstMissing returns the first file that the architecture needs and that
// is not there, nil if there is none.
func (v *view) firstMissing() *FileFacts {
	for _, f := range v.files {
		if v.coverage(f).State == Missing {
			return f
		}
	}
	return nil
}

// refusals maps the rule that decided the category to the status that a
// refusal returns (rule 141 and the decision table of windows-evidence,
// section 2). A rule that is not listed passes the chain's own code through.
var refusals = map[string]winerror.Code{
	"no-catalog-entry":    winerror.SetupNoCatalogForOEMInf,
	"catalog-missing":     winerror.SetupNoCatalogForOEMInf,
	"catalog-unreadable":  winerror.SetupDriverStoreAddFailed,
	"catalog-not-signed":  winerror.SetupDriverStoreAddFailed,
	"catalog-set-order":   winerror.SetupDriverStoreAddFailed,
	"sha2-update-missing": winerror.TrustNoSignature,
	"inf-hash-missing":    winerror.SetupFileHashNotInCatalog,
	"file-hash-missing":   winerror.SetupFileHashNotInCatalog,
}

// refusal is the status with which an altered or unsigned package is
// refused.
func (v *view) refusal() winerror.Code {
	if code, ok := refusals[v.rule]; ok {
		return code
	}
	code := v.signatureCode()
	switch code {
	case winerror.OK, winerror.TrustNoSignature, winerror.CertUntrustedRoot, winerror.CertChaining:
		return winerror.SetupDriverStoreAddFailed
	}
	return code
}

// signatureCode is why the catalog's signature does not count, OK if there
// is no such reason.
func (v *view) signatureCode() winerror.Code {
	if v.cat == nil || v.cat.Primary() == nil {
		return winerror.TrustNoSignature
	}
	s := v.cat.Primary()
	if p := s.Problem(); p != nil {
		return p.Code
	}
	if len(s.Verdict.Problems) > 0 && !s.Verdict.Trusted {
		return s.Verdict.Problems[0].Code
	}
	return winerror.OK
}

// logCodes are the results of the two verification passes over the INF (rule
// 122 and the decision table of windows-evidence, section 2). None is logged
// where Windows stops before it verifies.
func (v *view) logCodes() []winerror.Code {
	switch v.category {
	case WindowsAuthority:
		return []winerror.Code{winerror.OK}
	case TrustedPublisher:
		return []winerror.Code{v.driverPolicyCode(), winerror.SetupTrustedPublisher}
	case UnknownPublisher:
		return []winerror.Code{v.driverPolicyCode(), winerror.SetupTrustNotEstablished}
	case UntrustedPublisher:
		first := winerror.CertUntrustedRoot
		if v.cat.Primary().Verdict.MicrosoftRoot {
			first = winerror.TrustExplicitDistrust
		}
		return []winerror.Code{first, winerror.SetupPublisherNotTrusted}
	case Altered:
		return nil
	}
	switch v.rule {
	case "no-catalog-entry", "catalog-missing":
		return nil
	case "catalog-unreadable", "catalog-not-signed", "catalog-set-order":
		return []winerror.Code{winerror.TrustNoSignature, winerror.TrustNoSignature}
	}
	if v.rule == "sha2-update-missing" {
		return []winerror.Code{winerror.TrustNoSignerCert, winerror.TrustNoSignature}
	}
	code := v.signatureCode()
	return []winerror.Code{code, code}
}

// driverPolicyCode is the first pass's result for a signature that only the
// second pass accepts.
func (v *view) driverPolicyCode() winerror.Code {
	verdict := v.cat.Primary().Verdict
	switch {
	case !verdict.MicrosoftRoot:
		return winerror.CertUntrustedRoot
	case !verdict.DriverPolicy:
		return winerror.CertWrongUsage
	}
	return winerror.SetupOSAttributeMismatch
}
