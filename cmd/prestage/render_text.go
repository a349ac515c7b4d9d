package main

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"prestage"
	"prestage/authenticode/winerror"
)

// renderText writes the report for people: for each package what a person
// needs first, the verdict of each target; then catalogs and files; then
// what to do.
func renderText(w io.Writer, r *prestage.Report, s style) error {
	t := &textReport{page: newPage(w, s), style: s}
	for i := range r.Packages {
		if s.quiet {
			t.brief(&r.Packages[i])
			continue
		}
		if i > 0 {
			t.blank()
		}
		t.pkg(&r.Packages[i])
	}
	if s.verbose {
		for _, l := range r.TrustLists {
			t.entry(dim, "list", textIndent, clean(fmt.Sprintf("%s of %s, %s", l.Kind, l.Date.Format(time.DateOnly), l.Source)))
		}
		for _, e := range r.Skipped {
			t.entry(dim, "skipped", 11, clean(e.Path+": "+e.Message))
		}
	}
	if !s.quiet {
		t.summary(r)
	}
	return t.flush()
}

// textIndent is the column at which the text of an entry begins.
const textIndent = 11

type textReport struct {
	*page
	style style
}

// brief writes one line for each verdict of a package.
func (t *textReport) brief(p *prestage.PackageReport) {
	for _, v := range p.Verdicts {
		t.line(fmt.Sprintf("%s: %s: %s, %s, %s", clean(p.INF), targetName(v.Target),
			t.paint(outcomeInk(v), outcomeWord(v)), v.Category, scoreWord(v)))
	}
}

func (t *textReport) pkg(p *prestage.PackageReport) {
	t.line(t.paint(bold, clean(p.INF)))
	t.line(t.paint(dim, clean(driverLine(p))))
	t.blank()
	t.verdicts(p)
	t.blank()
	for i := range p.Catalogs {
		t.catalog(p, &p.Catalogs[i])
	}
	t.files(p)
	t.findings(p)
	if t.style.explain {
		for i := range p.Verdicts {
			t.explain(&p.Verdicts[i])
		}
	}
}

// driverLine says whose driver it is: provider, class, version and date.
func driverLine(p *prestage.PackageReport) string {
	parts := []string{p.Provider, p.Class, p.DriverVersion, p.DriverDate, strings.Join(p.Architectures, " ")}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, " · ")
}

func (t *textReport) verdicts(p *prestage.PackageReport) {
	if len(p.Verdicts) > manyVerdicts {
		t.matrix(p)
		return
	}
	rows := [][]string{{"TARGET", "WINDOWS", "CATEGORY", "SIGNER SCORE"}}
	for _, v := range p.Verdicts {
		rows = append(rows, []string{targetName(v.Target), outcomeWord(v), v.Category, scoreWord(v)})
	}
	t.table(rows, func(row, col int, cell string) string {
		switch {
		case row == 0:
			return t.paint(dim, cell)
		case col == 1:
			return t.paint(outcomeInk(p.Verdicts[row-1]), cell)
		}
		return cell
	})
	var said []string
	for _, v := range p.Verdicts {
		if reason := reasonFor(&v); !slices.Contains(said, reason) {
			said = append(said, reason)
		}
	}
	for _, reason := range said {
		t.entry(dim, "because", textIndent, clean(reason))
	}
	for _, load := range t.loads(p) {
		t.entry(dim, "kernel", textIndent, load)
	}
	for _, prompt := range prompts(p) {
		t.entry(dim, "dialog", textIndent, clean(prompt))
	}
}

// loads says of each kernel binary whether the kernel loads it, each answer
// once, with the targets where there are several.
func (t *textReport) loads(p *prestage.PackageReport) []string {
	var all []string
	where := map[string][]string{}
	inks := map[string]ink{"loads": green, "blocked": red, "not-judged": yellow}
	for _, v := range p.Verdicts {
		for _, l := range v.Load {
			text := clean(inPackage(p, l.File)) + " " + t.paint(inks[l.Verdict], l.Verdict) + ": " + clean(l.Because[len(l.Because)-1].Text)
			if where[text] == nil {
				all = append(all, text)
			}
			where[text] = append(where[text], targetName(v.Target))
		}
	}
	if len(p.Verdicts) > 1 {
		for i, text := range all {
			all[i] = text + " (" + strings.Join(where[text], ", ") + ")"
		}
	}
	return all
}

// prompts says what the dialogs ask, each once (section F.3 of the rules).
func prompts(p *prestage.PackageReport) []string {
	var all []string
	for _, v := range p.Verdicts {
		text := ""
		switch v.Prompt {
		case "publisher":
			text = fmt.Sprintf("%q Publisher: %s", "Would you like to install this device software?", v.SignerName)
		case "unverified":
			text = fmt.Sprintf("%q (red)", "Windows can't verify the publisher of this driver software")
		}
		if text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// reasonFor is the sentence that decided: that of the category, and that of
// the outcome where it says more.
func reasonFor(v *prestage.VerdictReport) string {
	text := v.Reason
	if v.StatusCode != "0x00000000" {
		text += " (" + statusName(v.StatusCode) + ")"
	}
	if v.Basis != "documented" {
		text += " [" + v.Basis + "]"
	}
	return text
}

func (t *textReport) catalog(p *prestage.PackageReport, c *prestage.CatalogReport) {
	name := clean(inPackage(p, c.Path))
	switch {
	case !c.Present:
		t.entry(dim, "catalog", textIndent, name+" "+t.paint(red, "missing"))
		return
	case c.Error != "":
		t.entry(dim, "catalog", textIndent, name+" "+t.paint(red, "unreadable")+" "+clean(c.Error))
		return
	}
	text := fmt.Sprintf("%s version %d, %s", name, c.Version, plural(c.MemberCount, "member"))
	if len(c.OSAttr) > 0 {
		text += ", OSAttr " + clean(strings.Join(c.OSAttr, ","))
	}
	t.entry(dim, "catalog", textIndent, text)
	if len(c.Signatures) == 0 {
		t.entry(dim, "signed", textIndent, t.paint(red, "no"))
	}
	for _, s := range c.Signatures {
		t.signature(s)
	}
}

func (t *textReport) signature(s prestage.SignatureReport) {
	label := "signed"
	if s.Nested {
		label = "nested"
	}
	text := "by " + clean(signerName(s)) + " (" + s.Authority + "), " + s.DigestAlgorithm
	if s.ProgramName != "" {
		text += ", for " + clean(s.ProgramName)
	}
	switch {
	case !s.Valid:
		text += "; " + t.paint(red, "does not hold:") + " " + clean(s.Problem)
	case !s.Trusted:
		text += "; " + t.paint(red, "not trusted") + " (" + statusName(s.TrustError) + ")"
	}
	t.entry(dim, label, textIndent, text)
	switch {
	case s.Timestamp.Kind == "none":
		t.entry(dim, "stamped", textIndent, "no")
	case s.Timestamp.Time != nil:
		text := s.Timestamp.Time.Format(time.DateTime) + " UTC by " + clean(s.Timestamp.Signer)
		if !s.Timestamp.Valid {
			text += "; " + t.paint(red, "does not count:") + " " + clean(s.Timestamp.Error)
		}
		t.entry(dim, "stamped", textIndent, text)
	default:
		t.entry(dim, "stamped", textIndent, t.paint(red, "unreadable:")+" "+clean(s.Timestamp.Error))
	}
	if t.style.verbose {
		for i, c := range s.Chain {
			t.entry(dim, []string{"chain", ""}[min(i, 1)], textIndent,
				fmt.Sprintf("%s  %s  %s to %s", clean(c.CommonName), c.SHA1, c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly)))
		}
	}
}

func signerName(s prestage.SignatureReport) string {
	switch {
	case s.Signer == nil:
		return "a signer whose certificate is not carried"
	case s.Signer.CommonName != "":
		return s.Signer.CommonName
	}
	return s.Signer.Subject
}

// files lists the files that are not as they should be, and counts the
// rest; with --verbose, or where there are few, it lists all.
func (t *textReport) files(p *prestage.PackageReport) {
	const few = 8
	good := 0
	for _, f := range p.Files {
		fine := f.State == "covered" || f.State == "not-required"
		if fine && !t.style.verbose && len(p.Files) > few && f.Role != "inf" {
			good++
			continue
		}
		text := clean(inPackage(p, f.Path)) + " "
		switch {
		case fine:
			text += t.paint(green, f.State)
			if f.MatchedBy != "" {
				text += " by " + f.MatchedBy
			}
		case f.State == "no-catalog":
			text += t.paint(yellow, f.State)
		default:
			text += t.paint(red, f.State)
		}
		if f.Expanded {
			text += ", compressed"
		}
		t.entry(dim, f.Role, textIndent, text)
		if t.style.verbose {
			for _, s := range f.Signatures {
				t.signature(s)
			}
		}
	}
	if good > 0 {
		t.entry(dim, "others", textIndent, plural(good, "file")+" "+t.paint(green, "covered"))
	}
}

func (t *textReport) findings(p *prestage.PackageReport) {
	inks := map[string]ink{"error": red, "warning": yellow, "note": dim}
	first := true
	for _, f := range p.Findings {
		if f.Severity == "note" && !t.style.verbose {
			continue
		}
		if first {
			t.blank()
			first = false
		}
		at := inPackage(p, f.File)
		if f.Line > 0 {
			at = fmt.Sprintf("%s:%d", at, f.Line)
		}
		t.entry(inks[f.Severity], f.Severity, textIndent, fmt.Sprintf("%s: %s [%s]", clean(at), clean(f.Message), f.ID))
	}
}

// explain lists every step that led to a verdict.
func (t *textReport) explain(v *prestage.VerdictReport) {
	t.blank()
	t.line("  " + t.paint(bold, targetName(v.Target)) + ": why")
	for i, s := range v.Because {
		t.entry(dim, fmt.Sprintf("%6d", i+1), textIndent, clean(s.Text))
		t.entry(plain, "", textIndent, fmt.Sprintf("[%s; %s: %s]", s.Rule, s.Basis, s.Cite))
	}
	if len(v.LogCodes) > 0 {
		var names []string
		for _, c := range v.LogCodes {
			names = append(names, statusName(c))
		}
		t.entry(dim, "log", textIndent, "_VERIFY_FILE_SIGNATURE: "+strings.Join(names, ", then "))
	}
}

// summary closes a report on several packages, or one that could not judge
// something.
func (t *textReport) summary(r *prestage.Report) {
	if len(r.Packages) < 2 && len(r.Errors) == 0 {
		return
	}
	short := 0
	for i := range r.Packages {
		if !r.Packages[i].MeetsGate() {
			short++
		}
	}
	if len(r.Packages) > 0 {
		t.blank()
	}
	text := fmt.Sprintf("%s judged, %d short of the gate", plural(len(r.Packages), "package"), short)
	if n := len(r.Skipped); n > 0 {
		text += fmt.Sprintf(", %s skipped that install no driver", plural(n, "INF"))
	}
	if n := len(r.Errors); n > 0 {
		text += fmt.Sprintf(", %s not read", plural(n, "input"))
	}
	t.line(text)
}

// inPackage shortens a path to the package's folder.
func inPackage(p *prestage.PackageReport, name string) string {
	if dir := path.Dir(p.INF); dir != "." {
		return strings.TrimPrefix(name, strings.TrimSuffix(dir, "/")+"/")
	}
	return name
}

func targetName(t prestage.TargetReport) string {
	name := t.OS + "/" + t.Arch
	if t.User != "admin" {
		name += "/" + t.User
	}
	return name
}

// outcomeWord says what Windows does.
func outcomeWord(v prestage.VerdictReport) string {
	switch v.Outcome {
	case "silent":
		return "stages silently"
	case "prompt":
		if v.Prompt == "unverified" {
			return "warns in red"
		}
		return "prompts"
	case "refuse":
		return "refuses"
	}
	return v.Outcome
}

func outcomeInk(v prestage.VerdictReport) ink {
	switch {
	case v.Outcome == "silent":
		return green
	case v.Outcome == "prompt" && v.Prompt == "publisher":
		return yellow
	case v.Outcome == "not-applicable":
		return dim
	}
	return red
}

func scoreWord(v prestage.VerdictReport) string {
	if v.Outcome == "not-applicable" {
		return "-"
	}
	return v.SignerScore.Value + " " + v.SignerScore.Label
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// statusName is a code with its symbolic name.
func statusName(hex string) string {
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "0x"), 16, 32)
	if err != nil {
		return hex
	}
	return winerror.Code(n).String()
}
