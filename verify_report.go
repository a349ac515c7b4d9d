package prestage

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"prestage/authenticode"
	"prestage/authenticode/cert"
	"prestage/authenticode/winerror"
	"prestage/trust"
)

// VerifyReport is the document that verify makes: plain data, ready for any
// renderer. Its JSON form is an interface that programs rely on.
type VerifyReport struct {
	SchemaVersion int            `json:"schemaVersion"`
	Tool          Tool           `json:"tool"`
	At            time.Time      `json:"at"`     // the clock that validity was judged at
	Policy        string         `json:"policy"` // driver, authenticode, kernel or pkcs7
	Files         []VerifiedFile `json:"files"`
	// Warnings are those about no file in particular, such as a catalog of the
	// database that could not be read.
	Warnings []NoteReport  `json:"warnings"`
	Summary  VerifySummary `json:"summary"`
}

// VerifySummary counts. Signatures counts those that verified.
type VerifySummary struct {
	Verified   int `json:"verified"`
	Signatures int `json:"signatures"`
	Warnings   int `json:"warnings"`
	Errors     int `json:"errors"`
}

// VerifiedFile is the answer for one file.
type VerifiedFile struct {
	Path string `json:"path"`
	Kind string `json:"kind"` // pe, catalog, cabinet, msi, pkcs7, flat or unknown
	// Result is verified, warning (verified, with warnings) or failed.
	Result string `json:"result"`
	// Code is what WinVerifyTrust would return, such as "0x800B0109"; CodeName
	// its symbolic name, empty for success.
	Code     string `json:"code"`
	CodeName string `json:"codeName"`
	// Rule is the id of the rule that decided, Reason its sentence.
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
	Basis  string `json:"basis"`
	// Catalog is the catalog that lists the file, where it was looked for in
	// one.
	Catalog string `json:"catalog"`
	// Hash is the digest that the deciding signature covers.
	Hash       *HashReport         `json:"hash"`
	Signatures []VerifiedSignature `json:"signatures"`
	Warnings   []NoteReport        `json:"warnings"`
	Notes      []NoteReport        `json:"notes"`
}

// Failed reports whether the file is not verified.
func (f *VerifiedFile) Failed() bool { return f.Result != "verified" && f.Result != "warning" }

// HashReport is a digest of a file.
type HashReport struct {
	Algorithm string `json:"algorithm"`
	Kind      string `json:"kind"` // authenticode, flat or content (of a message)
	Value     string `json:"value"`
}

// NoteReport is something to know, by the id of its rule.
type NoteReport struct {
	ID      string `json:"id"`
	Message string `json:"message"`
}

// VerifiedSignature is one of the signatures that were looked at.
type VerifiedSignature struct {
	SignatureReport
	Index    int         `json:"index"`
	Verified bool        `json:"verified"`
	Code     string      `json:"code"`
	Hash     *HashReport `json:"hash"`
	// ImageDigest is the digest that an embedded signature signs, and whether
	// it is the file's; absent for others.
	ImageDigest        string `json:"imageDigest,omitempty"`
	ImageDigestMatches *bool  `json:"imageDigestMatches,omitempty"`
	PageHashes         string `json:"pageHashes"` // none, ok, bad or unknown
	// Pages are the page hashes, where they were asked for.
	Pages *PagesReport `json:"pages,omitempty"`
	// MoreInfo is what the signer gives as address, beside programName.
	MoreInfo string `json:"moreInfo"`
	// TimestampChain is that of the time stamp's signer, leaf first; CrossChain
	// the chain that the kernel looks at, under its policy.
	TimestampChain []CertReport `json:"timestampChain"`
	CrossChain     []CertReport `json:"crossChain,omitempty"`
	Because        []StepReport `json:"because"`
}

// PagesReport lists page hashes.
type PagesReport struct {
	Algorithm string       `json:"algorithm"`
	Pages     []PageReport `json:"pages"`
}

// PageReport is the digest of one page of a file.
type PageReport struct {
	Offset uint32 `json:"offset"`
	Value  string `json:"value"`
}

// verdictOn is the decision on a file by one signature.
type verdictOn struct {
	code    winerror.Code
	rule    string
	because []Step
}

// failed reports whether the decision is anything but that of the last rule.
func (d *verdictOn) failed() bool { return d.code != winerror.OK || d.rule != "verify-verified" }

func (v *verifier) rule(s *subject, sig *signed, index int, p Policy) verdictOn {
	ruling, id, because := decide(p.rules(), &verification{subject: s, opt: &v.VerifyOptions, windows: v.windows, sig: sig, asked: index})
	d := verdictOn{rule: id, because: because}
	d.code = ruling(&verification{subject: s, opt: &v.VerifyOptions, windows: v.windows, sig: sig, asked: index})
	if d.code == winerror.OK && id != "verify-verified" {
		d.code = winerror.TrustFail // no rule that refuses may come out as a success
	}
	return d
}

// decide says whether the file verifies. Where several catalogs list it, one
// that verifies it is enough; else the first one tells.
func (v *verifier) decide(s *subject) VerifiedFile {
	if len(s.found) == 0 {
		return v.decideOn(s)
	}
	var first *VerifiedFile
	for _, m := range s.found {
		f := v.decideOn(s.listed(m, v.PageHashes || v.Policy == KernelPolicy))
		if !f.Failed() {
			return f
		}
		if first == nil {
			first = &f
		}
	}
	return *first
}

// decideOn rules on the signatures that are asked for.
func (v *verifier) decideOn(s *subject) VerifiedFile {
	f := VerifiedFile{
		Path: s.path, Kind: s.kind.String(), Signatures: []VerifiedSignature{},
		Warnings: []NoteReport{}, Notes: []NoteReport{},
	}
	if len(s.found) > 0 {
		f.Catalog = s.found[0].listing.path
	}
	asked := v.asked(s)
	if len(asked) == 0 {
		index := 0
		if v.Index != nil {
			index = *v.Index
		}
		f.take(v.rule(s, nil, index, v.Policy))
		return f
	}
	passed, decided := 0, -1
	var all []verdictOn
	for i, sig := range asked {
		d := v.rule(s, sig, sig.index, v.Policy)
		all = append(all, d)
		f.Signatures = append(f.Signatures, v.report(s, sig, d))
		if !d.failed() {
			passed++
			if v.AnyOf && decided < 0 {
				decided = i
			}
		} else if !v.AnyOf && decided < 0 {
			decided = i
		}
	}
	decided = max(decided, 0)
	f.take(all[decided])
	f.Hash = f.Signatures[decided].Hash
	v.remark(s, &f, asked, all, decided)
	if !f.Failed() && len(f.Warnings) > 0 {
		f.Result = "warning"
	}
	return f
}

// asked are the signatures that the options ask for: the primary one unless
// they say otherwise.
func (v *verifier) asked(s *subject) []*signed {
	var all []*signed
	for i := range s.signatures {
		x := &s.signatures[i]
		switch {
		case v.All, v.AnyOf:
		case v.Index != nil && *v.Index != x.index, v.Index == nil && i > 0:
			continue
		}
		all = append(all, x)
	}
	return all
}

// take makes the decision that of the file.
func (f *VerifiedFile) take(d verdictOn) {
	f.Result = "failed"
	if !d.failed() {
		f.Result = "verified"
	}
	f.Code, f.CodeName, f.Rule, f.Basis = d.code.Hex(), "", d.rule, weakest(d.because).String()
	if d.failed() {
		f.CodeName = d.code.Name()
	}
	f.Reason = d.because[len(d.because)-1].Text
}

// remark adds warnings on what passed and notes on what a person should know.
func (v *verifier) remark(s *subject, f *VerifiedFile, asked []*signed, all []verdictOn, decided int) {
	warn := func(id, text string) { f.Warnings = append(f.Warnings, NoteReport{id, text}) }
	note := func(id, text string) { f.Notes = append(f.Notes, NoteReport{id, text}) }
	for i, sig := range asked {
		if all[i].failed() {
			continue
		}
		if v.WarnUnstamped && sig.Verdict.SignedAt.IsZero() {
			warn("verify-not-timestamped", fmt.Sprintf("signature %d is not time-stamped: it ends with the certificate", sig.index))
		}
		if v.PageHashes && sig.pages == authenticode.PageHashNone {
			warn("verify-no-page-hashes", "no page hashes are present")
		}
		if sig.padding {
			note("verify-padding", "bytes other than zero follow the signature (MS13-098): Windows accepts them unless EnableCertPaddingCheck is set, which --strict-padding stands for")
		}
		if v.Policy == KernelPolicy && !(&verification{subject: s, opt: &v.VerifyOptions, windows: v.windows, sig: sig}).covering().microsoft() {
			note("verify-cross-signed", "cross-signed: since Windows 10 1607 the kernel loads such a driver by exception only; prestage check says on which releases")
		}
	}
	if d := all[decided]; d.failed() && v.Policy == DriverPolicy {
		if text := v.underAuthenticode(s, asked[decided]); text != "" {
			note("verify-under-pa", text)
		}
	}
}

// underAuthenticode says what /pa would say of a signature that the driver
// policy refuses, where that is another question.
func (v *verifier) underAuthenticode(s *subject, sig *signed) string {
	d := v.rule(s, sig, sig.index, AuthenticodePolicy)
	if !d.failed() {
		return "under /pa, the Authenticode policy, this signature verifies"
	}
	own := v.rule(s, sig, sig.index, DriverPolicy)
	if own.code == d.code && own.rule != "verify-not-microsoft" {
		return ""
	}
	return fmt.Sprintf("under /pa, the Authenticode policy, it fails too: %s: %s", d.code, d.because[len(d.because)-1].Text)
}

// report describes one signature.
func (v *verifier) report(s *subject, sig *signed, d verdictOn) VerifiedSignature {
	r := VerifiedSignature{
		SignatureReport: DescribeSignature(&sig.SignatureFacts),
		Index:           sig.index, Verified: !d.failed(), Code: d.code.Hex(),
		Hash: s.hashReport(sig), PageHashes: sig.pages.String(), MoreInfo: sig.Signature.MoreInfo,
		TimestampChain: []CertReport{}, Because: []StepReport{},
	}
	if indirect := sig.Signature.Indirect; indirect != nil {
		r.ImageDigest = hex.EncodeToString(indirect.Digest)
		matches := sig.ImageProblem == nil
		r.ImageDigestMatches = &matches
	}
	if t := sig.Verdict.Timestamp; t != nil {
		for _, c := range t.Chain {
			r.TimestampChain = append(r.TimestampChain, DescribeCertificate(c))
		}
	}
	if v.Policy == KernelPolicy {
		for _, c := range kernelChain(&sig.Kernel) {
			r.CrossChain = append(r.CrossChain, DescribeCertificate(c))
		}
	}
	if v.PageHashes && sig.paged != nil {
		r.Pages = describePages(sig.paged)
	}
	for _, step := range d.because {
		r.Because = append(r.Because, StepReport{step.Rule, step.Text, step.Basis.String(), step.Cite})
	}
	return r
}

func (s *subject) hashReport(sig *signed) *HashReport {
	if sig.hash == 0 {
		return nil
	}
	kind := ImageHash.String()
	switch {
	case len(s.found) > 0:
		kind = s.found[0].kind.String()
	case s.kind == SubjectCatalog || s.kind == SubjectPKCS7:
		kind = "content"
	}
	return &HashReport{hashKey(sig.hash), kind, hex.EncodeToString(sig.digest)}
}

func describePages(p *authenticode.PageHashes) *PagesReport {
	r := &PagesReport{Algorithm: hashKey(p.Algorithm), Pages: []PageReport{}}
	for _, e := range p.Entries() {
		r.Pages = append(r.Pages, PageReport{e.Offset, hex.EncodeToString(e.Digest)})
	}
	return r
}

// count sums the report up.
func (r *VerifyReport) count() {
	r.Summary.Warnings += len(r.Warnings)
	for i := range r.Files {
		f := &r.Files[i]
		r.Summary.Warnings += len(f.Warnings)
		if f.Failed() {
			r.Summary.Errors++
			continue
		}
		r.Summary.Verified++
		for _, s := range f.Signatures {
			if s.Verified {
				r.Summary.Signatures++
			}
		}
	}
}

// Hex names a digest as signtool does: upper case.
func (h *HashReport) Hex() string { return strings.ToUpper(h.Value) }

// kernelChain is the chain by which the kernel judges: that to a Microsoft root
// or, through a cross-certificate, to the Code Verification Root.
func kernelChain(v *trust.Verdict) []*cert.Certificate {
	switch {
	case v.Anchor != nil && v.MicrosoftRoot:
		return v.Chain
	case v.KernelPath != nil:
		return v.KernelPath.Certificates()
	}
	return nil
}
