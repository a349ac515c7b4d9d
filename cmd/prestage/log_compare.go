package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"prestage"
	"prestage/authenticode/winerror"
	"prestage/inf/setupapi"
)

// A comparison is one import beside what is predicted for its package.
type comparison struct {
	Line    int    `json:"line"`
	INF     string `json:"inf"`
	Package string `json:"package,omitempty"` // path of the INF that was judged
	Target  string `json:"target,omitempty"`
	// Result is agrees, differs or not-compared.
	Result    string       `json:"result"`
	Compared  []comparedAs `json:"compared,omitempty"`
	Reason    string       `json:"reason,omitempty"` // why it was not compared
	Cause     string       `json:"cause,omitempty"`  // likely one of the first difference
	Predicted string       `json:"predicted,omitempty"`
}

// comparedAs is one thing that was compared, in the order of the log.
type comparedAs struct {
	What      string `json:"what"`
	Logged    string `json:"logged"`
	Predicted string `json:"predicted"`
	Same      bool   `json:"same"`
}

type compareReport struct {
	SchemaVersion int          `json:"schemaVersion"`
	Log           logAbout     `json:"log"`
	Imports       []comparison `json:"imports"`
}

// first is the first difference, nil if there is none.
func (c *comparison) first() *comparedAs {
	for i := range c.Compared {
		if !c.Compared[i].Same {
			return &c.Compared[i]
		}
	}
	return nil
}

func runCompare(env environment, t *logTeller) error {
	store, err := t.flags.stores.store()
	if err != nil {
		return err
	}
	tree, err := prestage.OpenTree(t.flags.compare)
	if tree != nil {
		defer tree.Close()
	}
	if err != nil {
		return fmt.Errorf("log: --compare: %w", err)
	}
	c := comparer{tree: tree, options: prestage.Options{Store: store, Version: programVersion(), Gate: prestage.Gate{Need: prestage.NeedNothing}}}
	report := compareReport{SchemaVersion: prestage.SchemaVersion, Imports: []comparison{}}
	err = t.each(func(s toldStory) error {
		if s.imp != nil {
			report.Imports = append(report.Imports, c.compare(t.reader.Header(), s))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("log: %s: %w", t.path, err)
	}
	report.Log = aboutLog(t)
	if err := t.verdict(env); err != nil {
		return err
	}
	if t.flags.output.format == "json" {
		err = writeJSON(env.stdout, report)
	} else {
		err = renderCompared(newPage(env.stdout, t.flags.output.style(env)), &report)
	}
	if err != nil {
		return err
	}
	return compareVerdict(&report, t.flags.compare)
}

// compareVerdict: no import compared is no agreement.
func compareVerdict(r *compareReport, where string) error {
	counts := map[string]int{}
	for i := range r.Imports {
		counts[r.Imports[i].Result]++
	}
	switch {
	case counts["differs"] > 0:
		return shortfall{exitShort}
	case counts["agrees"] == 0:
		return fmt.Errorf("log: --compare: no import in the log could be compared with a package under %s", where)
	}
	return nil
}

// A comparer predicts for the imports of a log.
type comparer struct {
	tree    *prestage.Tree
	options prestage.Options
}

func (c *comparer) compare(h setupapi.Header, s toldStory) comparison {
	out := comparison{Line: s.Line, INF: baseOf(s.imp.INF), Result: "not-compared"}
	switch {
	case !s.imp.Judged() && s.Result != setupapi.Failure.String():
		out.Reason = "the log does not say how the signature was judged"
		return out
	case s.Result == setupapi.ResultUnknown.String():
		out.Reason = "the log does not say how the import ended"
		return out
	case s.section.Start.IsZero():
		out.Reason = "the log does not say when"
		return out
	}
	spec, err := targetOf(h, silent(s.imp))
	if err != nil {
		out.Reason = err.Error()
		return out
	}
	p, reason := c.packageOf(s, spec)
	if p == nil {
		out.Reason = reason
		return out
	}
	v := &p.Verdicts[0]
	out.Package, out.Target, out.Predicted = p.INF, targetName(v.Target), v.Reason
	if v.Outcome == prestage.NotApplicable.String() {
		out.Reason = v.Reason
		return out
	}
	out.Compared = compareWith(s, v)
	out.Result = "agrees"
	if d := out.first(); d != nil {
		out.Result, out.Cause = "differs", likelyCause(s, p, v)
	}
	return out
}

// silent reports whether the log shows that nobody could be asked: Windows had
// to ask, and refused at once.
func silent(m *setupapi.Import) bool {
	code, ok := lastCode(m.Verifications)
	asks := ok && code == winerror.SetupTrustNotEstablished
	noTime := !m.Prompt.HasGap || m.Prompt.Gap < askedFor
	if asks && !m.Validation.OK() && noTime {
		return true
	}
	return slices.ContainsFunc(m.Refused, func(r setupapi.Refusal) bool {
		return strings.Contains(r.Text, "non-interactive")
	})
}

// packageOf finds the package of an import: the INF's name, then DriverVer and
// catalog where the log says them, then whether it is for that machine, then how
// much of the path is the same. The reason says why there is none.
func (c *comparer) packageOf(s toldStory, spec prestage.TargetSpec) (*prestage.PackageReport, string) {
	var found *prestage.PackageReport
	best := -1
	reason := "no INF of this name under the path"
	for _, name := range c.tree.INFs {
		if !strings.EqualFold(path.Base(name), baseOf(s.imp.INF)) {
			continue
		}
		p, err := c.judge(name, s.section.Start, spec)
		if err != nil {
			reason = err.Error()
			continue
		}
		if other := anotherPackage(s.imp, p); other != "" {
			reason = p.INF + ": " + other
			continue
		}
		fit := sameEnd(p.INF, s.imp.INF)
		if p.Verdicts[0].Outcome != prestage.NotApplicable.String() {
			fit += maxPathParts
		}
		if fit > best {
			found, best = p, fit
		}
	}
	return found, reason
}

// maxPathParts is more than any path has that is compared.
const maxPathParts = 1 << 15

// sameEnd is how many parts of two paths are the same, from their ends.
func sameEnd(a, b string) int {
	split := func(s string) []string {
		parts := strings.Split(strings.ReplaceAll(s, `\`, "/"), "/")
		slices.Reverse(parts)
		return parts
	}
	x, y := split(a), split(b)
	n := 0
	for n < min(len(x), len(y), maxPathParts-1) && strings.EqualFold(x[n], y[n]) {
		n++
	}
	return n
}

// judge predicts for one INF at one time.
func (c *comparer) judge(name string, at time.Time, spec prestage.TargetSpec) (*prestage.PackageReport, error) {
	one := *c.tree
	one.INFs, one.Renamed, one.Unread = []string{name}, nil, nil
	o := c.options
	o.At, o.Targets = at, []prestage.TargetSpec{spec}
	r, err := prestage.Check(o, &one)
	switch {
	case err != nil:
		return nil, err
	case len(r.Errors) > 0:
		return nil, errors.New(r.Errors[0].Path + ": " + r.Errors[0].Message)
	case len(r.Packages) != 1 || len(r.Packages[0].Verdicts) != 1:
		return nil, errors.New(c.tree.Display(name) + ": could not be judged")
	}
	return &r.Packages[0], nil
}

// anotherPackage says by what a package is not the one of the import, nothing if
// it may be.
func anotherPackage(m *setupapi.Import, p *prestage.PackageReport) string {
	if date, version, ok := strings.Cut(m.DriverVersion, ","); ok {
		logged, dated := logDate(date)
		if dated && p.DriverDate != "" && logged.Format(time.DateOnly) != p.DriverDate {
			return fmt.Sprintf("another package: its date is %s, the log's %s", p.DriverDate, logged.Format(time.DateOnly))
		}
		if !sameVersion(version, p.DriverVersion) {
			return fmt.Sprintf("another package: its version is %s, the log's %s", p.DriverVersion, version)
		}
	}
	if m.Catalog != "" && len(p.Catalogs) > 0 && !slices.ContainsFunc(p.Catalogs, func(c prestage.CatalogReport) bool {
		return strings.EqualFold(path.Base(c.Path), m.Catalog)
	}) {
		return "another package: its catalog is " + path.Base(p.Catalogs[0].Path) + ", the log's " + m.Catalog
	}
	return ""
}

// sameVersion compares numbers, "5.0.26" and "5.0.26.0" being the same.
func sameVersion(a, b string) bool {
	x, ok := versionNumbers(a)
	y, ok2 := versionNumbers(b)
	if !ok || !ok2 {
		return a == b
	}
	return slices.Equal(x, y)
}

// versionNumbers are the numbers of a version without zeros at the end.
func versionNumbers(s string) ([]int, bool) {
	var all []int
	for part := range strings.SplitSeq(strings.TrimSpace(s), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, false
		}
		all = append(all, n)
	}
	for len(all) > 0 && all[len(all)-1] == 0 {
		all = all[:len(all)-1]
	}
	return all, true
}

// compareWith compares in the order of the log: what the passes said, how the
// import ended, whether somebody was asked, score and signer.
func compareWith(s toldStory, v *prestage.VerdictReport) []comparedAs {
	var all []comparedAs
	add := func(what, logged, predicted string) {
		all = append(all, comparedAs{what, logged, predicted, strings.EqualFold(logged, predicted)})
	}
	m := s.imp
	passes := len(m.Verifications) > 0 // servicing logs the score alone
	if passes {
		add("passes", loggedCodes(m), none(strings.Join(v.LogCodes, " ")))
	}
	add("result", s.Result, predictedResult(v))
	if s.Result == setupapi.Failure.String() {
		add("status", none(s.Status.Code), v.StatusCode)
		return all
	}
	if passes {
		add("question", question(m), none(v.Prompt))
	}
	if m.Score.HasValue {
		score := v.SignerScore
		if v.ImportScore != nil {
			score = *v.ImportScore
		}
		add("score", fmt.Sprintf("0x%08X", m.Score.Value), score.Value)
	}
	if m.SignerName != "" && m.SignerName != "<unknown>" {
		add("signer", m.SignerName, none(v.SignerName))
	}
	return all
}

func none(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func loggedCodes(m *setupapi.Import) string {
	var all []string
	for i := range m.Verifications {
		if e := m.Verifications[i].Exit; e.HasCode {
			all = append(all, winerror.Code(e.Code).Hex())
		} else {
			all = append(all, e.String())
		}
	}
	return none(strings.Join(all, " "))
}

func predictedResult(v *prestage.VerdictReport) string {
	switch v.Outcome {
	case prestage.Silent.String(), prestage.Prompted.String():
		return setupapi.Success.String()
	case prestage.Refused.String():
		return setupapi.Failure.String()
	}
	return v.Outcome
}

// question is what was asked in an import that succeeded. The red dialog leaves
// no trace but the package, which Windows staged although no pass succeeded.
func question(m *setupapi.Import) string {
	code, ok := lastCode(m.Verifications)
	switch {
	case m.Prompt.Accepted || ok && code == winerror.SetupTrustNotEstablished:
		return prestage.PromptPublisher.String()
	case ok && (code == winerror.OK || code == winerror.SetupTrustedPublisher):
		return prestage.PromptNone.String()
	case ok:
		return prestage.PromptUnverified.String()
	}
	return prestage.PromptNone.String()
}
