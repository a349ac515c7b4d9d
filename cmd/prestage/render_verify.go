package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"prestage"
	"prestage/authenticode/winerror"
)

// signtoolText writes a report in signtool's shape (rules 198 and 199), so that
// what reads signtool's output reads this: results on standard output, errors
// and warnings on standard error.
type signtoolText struct {
	out, err *bufio.Writer
	f        *verifyFlags
	r        *prestage.VerifyReport
}

func renderVerify(env environment, r *prestage.VerifyReport, f *verifyFlags) error {
	t := &signtoolText{bufio.NewWriter(env.stdout), bufio.NewWriter(env.stderr), f, r}
	for i := range r.Files {
		t.file(&r.Files[i])
		// Both streams keep step, for who reads them together.
		if err := t.flush(); err != nil {
			return err
		}
	}
	for _, w := range r.Warnings {
		t.warning(w.Message)
	}
	t.summary()
	return t.flush()
}

func (t *signtoolText) flush() error {
	for _, w := range []*bufio.Writer{t.out, t.err} {
		if err := w.Flush(); err != nil {
			return &outputError{err}
		}
	}
	return nil
}

func (t *signtoolText) line(format string, args ...any) {
	fmt.Fprintln(t.out, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

func (t *signtoolText) file(f *prestage.VerifiedFile) {
	switch {
	case t.f.verbose:
		t.verbose(f)
	case !t.f.quiet:
		t.brief(f)
	}
	for _, w := range f.Warnings {
		t.warning(w.Message)
	}
	if !t.f.quiet {
		for _, n := range f.Notes {
			if !f.Failed() {
				t.wrap(t.err, "prestage: note: ", clean(f.Path)+": "+clean(n.Message))
			}
		}
	}
	if f.Failed() {
		t.failure(f)
		return
	}
	if !t.f.quiet {
		t.line("Successfully verified: %s", clean(f.Path))
		if !t.f.verbose {
			t.line("")
		}
	}
}

// brief lists the signatures that were verified.
func (t *signtoolText) brief(f *prestage.VerifiedFile) {
	t.line("File: %s", clean(f.Path))
	t.line("Index  Algorithm  Timestamp")
	t.line("%s", strings.Repeat("=", 40))
	for _, s := range f.Signatures {
		if s.Verified {
			t.line("%-6d %-10s %s", s.Index, algorithmOf(&s), stampWord(&s))
		}
	}
	t.line("")
	for i := range f.Signatures {
		t.extras(&f.Signatures[i])
	}
}

// stampWord is the word of signtool's table for a time stamp.
func stampWord(s *prestage.VerifiedSignature) string {
	switch s.Timestamp.Kind {
	case "rfc3161":
		return "RFC3161"
	case "pkcs9":
		return "Authenticode"
	}
	return "None"
}

func algorithmOf(s *prestage.VerifiedSignature) string {
	if s.Hash != nil {
		return s.Hash.Algorithm
	}
	return s.DigestAlgorithm
}

func (t *signtoolText) verbose(f *prestage.VerifiedFile) {
	t.line("")
	t.line("Verifying: %s", clean(f.Path))
	if f.Catalog != "" {
		t.line("File is signed in catalog: %s", clean(f.Catalog))
	}
	for i := range f.Signatures {
		s := &f.Signatures[i]
		if i > 0 {
			t.line("")
		}
		t.signature(f, s)
	}
}

func (t *signtoolText) signature(f *prestage.VerifiedFile, s *prestage.VerifiedSignature) {
	if f.Catalog == "" || s.Index > 0 {
		primary := ""
		if s.Index == 0 {
			primary = " (Primary Signature)"
		}
		t.line("Signature Index: %d%s", s.Index, primary)
	}
	if s.Hash != nil {
		t.line("Hash of file (%s): %s", s.Hash.Algorithm, s.Hash.Hex())
	}
	t.line("")
	t.line("Signing Certificate Chain:")
	t.chain(s.Chain)
	switch {
	case s.Timestamp.Time == nil:
		t.line("File is not timestamped.")
	case !s.Timestamp.Valid:
		t.line("The timestamp does not count: %s", signtoolTime(*s.Timestamp.Time))
		t.line("")
	default:
		t.line("The signature is timestamped: %s", signtoolTime(*s.Timestamp.Time))
		t.line("Timestamp Verified by:")
		t.chain(s.TimestampChain)
	}
	if len(s.CrossChain) > 0 {
		t.line("Cross Certificate Chain:")
		t.chain(s.CrossChain)
	}
	t.extras(s)
}

// extras prints what /d, /ph and /debug ask for.
func (t *signtoolText) extras(s *prestage.VerifiedSignature) {
	if t.f.describe {
		t.line("Description: %s", clean(s.ProgramName))
		t.line("Description URL: %s", clean(s.MoreInfo))
		t.line("")
	}
	if s.Pages != nil {
		t.line("Page hashes (%s): %s", s.Pages.Algorithm, s.PageHashes)
		for _, p := range s.Pages.Pages {
			t.line("    %08X %s", p.Offset, strings.ToUpper(p.Value))
		}
		t.line("")
	}
	if t.f.debug {
		t.line("Rules (signature %d):", s.Index)
		for _, step := range s.Because {
			t.wrap(t.out, "    ", step.Rule+": "+clean(step.Text))
			t.wrap(t.out, "        ", "["+step.Basis+"; "+step.Cite+"]")
		}
		t.line("")
	}
}

// chain prints a chain, the root first, each certificate deeper than its
// issuer.
func (t *signtoolText) chain(chain []prestage.CertReport) {
	for i := range chain {
		c := &chain[len(chain)-1-i]
		indent := strings.Repeat("    ", i+1)
		t.line("%sIssued to: %s", indent, clean(simpleName(c)))
		t.line("%sIssued by: %s", indent, clean(issuerName(chain, len(chain)-1-i)))
		t.line("%sExpires:   %s", indent, signtoolTime(c.NotAfter))
		t.line("%sSHA1 hash: %s", indent, strings.ToUpper(c.SHA1))
		t.line("")
	}
	if len(chain) == 0 {
		t.line("")
	}
}

// simpleName is the name that Windows shows for a certificate.
func simpleName(c *prestage.CertReport) string { return cmp.Or(c.CommonName, c.Subject) }

// issuerName is the same of the issuer: the next of the chain or, where the
// chain ends too early, its whole name.
func issuerName(chain []prestage.CertReport, i int) string {
	switch c := &chain[i]; {
	case c.Issuer == c.Subject:
		return simpleName(c)
	case i+1 < len(chain):
		return simpleName(&chain[i+1])
	default:
		return c.Issuer
	}
}

// signtoolTime is a time as C's ctime has it, in UTC.
func signtoolTime(at time.Time) string { return at.UTC().Format("Mon Jan 02 15:04:05 2006") }

// failure says why a file is not verified: in signtool's words where there are
// some that are known, then in ours.
func (t *signtoolText) failure(f *prestage.VerifiedFile) {
	fmt.Fprintf(t.err, "SignTool Error: %s\n", t.message(f))
	t.wrap(t.err, errorIndent, capital(clean(f.Reason))+" ("+f.Code+codeName(f)+").")
	for _, n := range f.Notes {
		t.wrap(t.err, errorIndent, capital(clean(n.Message))+".")
	}
	fmt.Fprintf(t.err, "SignTool Error: File not valid: %s\n", clean(f.Path))
	if t.f.debug && len(f.Signatures) == 0 && !t.f.quiet {
		t.line("Rule: %s", f.Rule)
	}
}

const errorIndent = "        "

func codeName(f *prestage.VerifiedFile) string {
	if f.CodeName == "" {
		return ""
	}
	return " " + f.CodeName
}

// messagesByRule are signtool's own messages, as seen in public logs and in
// Microsoft's documentation, for rules that have one. Scripts look for them.
var messagesByRule = map[string]string{
	"verify-not-signed":          "No signature found.",
	"verify-kernel-root":         "Signing Cert does not chain to a Microsoft Root Cert.",
	"verify-kernel-purpose":      "Signing Cert does not chain to a Microsoft Root Cert.",
	"verify-purpose":             "The signer does not possess the specified EKUs.",
	"verify-root-name":           "The signing certificate does not chain to the specified root.",
	"verify-issuer-hash":         "The signing certificate does not chain to the specified authority.",
	"verify-signer-hash":         "The signing certificate is not the specified one.",
	"verify-file-missing":        "File not found.",
	"verify-file-unreadable":     "The file cannot be read.",
	"verify-catalog-unreadable":  "The catalog cannot be read.",
	"verify-installer-package":   "This kind of file cannot be verified by its own signature.",
	"verify-no-such-signature":   "There is no signature of that number.",
	"verify-page-hashes":         "The page hashes do not match.",
	"verify-page-hashes-unknown": "The page hashes cannot be verified.",
}

// untrustedRoot is the message for 0x800B0109.
const untrustedRoot = "A certificate chain processed, but terminated in a root\n" + errorIndent + "certificate which is not trusted by the trust provider."

func (t *signtoolText) message(f *prestage.VerifiedFile) string {
	if m, ok := messagesByRule[f.Rule]; ok {
		return m
	}
	switch {
	case f.Rule == "verify-not-in-catalog" && t.f.options.Catalog != "":
		return "File not found in the specified catalog."
	case f.Rule == "verify-not-in-catalog":
		return "No signature found."
	case f.Code == winerror.CertUntrustedRoot.Hex():
		return untrustedRoot
	}
	return "WinVerifyTrust returned error: " + f.Code
}

// capital makes a sentence of a clause that begins with a letter.
func capital(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}

func (t *signtoolText) warning(message string) {
	fmt.Fprintf(t.err, "SignTool Warning: %s.\n", capital(clean(message)))
}

// wrap writes text that hangs under its first line.
func (t *signtoolText) wrap(w io.Writer, head, text string) {
	for i, l := range wrap(text, defaultWidth-len(head)) {
		if i > 0 {
			head = strings.Repeat(" ", len(head))
		}
		fmt.Fprintln(w, head+l)
	}
}

// summary counts: always under /v, else where there is something to count.
func (t *signtoolText) summary() {
	s := t.r.Summary
	switch {
	case t.f.quiet:
		return
	case t.f.verbose:
		t.line("")
		if t.f.options.All {
			t.line("Number of signatures successfully Verified: %d", s.Signatures)
		} else {
			t.line("Number of files successfully Verified: %d", s.Verified)
		}
	}
	if t.f.verbose || s.Warnings > 0 {
		t.line("Number of warnings: %d", s.Warnings)
	}
	if t.f.verbose || s.Errors > 0 {
		t.line("Number of errors: %d", s.Errors)
	}
}
