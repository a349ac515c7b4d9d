package prestage

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"prestage/authenticode"
	"prestage/authenticode/winerror"
	"prestage/catalog"
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
		say:  func(v *verification) string { return v.err.Error() },
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
			text := "no signature is read in a file of this kind: give the catalog that lists it with /c"
			if v.catalogs {
				text = "no signature is read in a file of this kind, and no catalog lists it"
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
