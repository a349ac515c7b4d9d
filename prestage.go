// Package prestage says, off Windows, what Windows would make of a driver
// package's signature before it stages the package into the Driver Store:
// the category, the install prompt, the signer score, and why.
//
// Most callers need [OpenTree] and [Check]:
//
//	tree, err := prestage.OpenTree("drivers/x64")
//	...
//	defer tree.Close()
//	report := prestage.Check(tree, prestage.Options{At: time.Now()})
//	for _, p := range report.Packages {
//		fmt.Println(p.INF, p.Verdicts[0].Category, p.Verdicts[0].Outcome)
//	}
//
// # One way
//
// Data flows one way. [Open] reads the INF; a [Gatherer] reads its catalogs
// and files and turns bytes into [Facts]; [Classify] and [Predict] decide,
// from facts and a [Target] only; the [Report] is the words. From Facts on
// every function is pure: no files, no clock, no errors. The decisions are
// ordered tables of rules, and the reasons in a report are the rules that
// were walked.
//
// # What a verdict is worth
//
// A prediction is made from public documents and from what real Windows
// machines logged. Every step says which: documented, observed or inferred;
// a verdict is as certain as its weakest step. LIMITATIONS.md lists what a
// prediction does not prove.
package prestage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"prestage/inf"
	"prestage/trust"
	"prestage/trust/blocklist"
)

// Options says what to judge for. The zero value lacks only At.
type Options struct {
	// At is the clock that validity is judged at. It is required.
	At time.Time
	// Store is the picture of the machine's certificate stores. Nil stands
	// for an untouched machine: trust.DefaultStore.
	Store *trust.Store
	// Targets are the machines to predict for; none means
	// DefaultTargetSpec.
	Targets []TargetSpec
	// Scenario is how the machines were booted.
	Scenario Scenario
	// BlockList is Microsoft's list of vulnerable drivers, nil for none.
	BlockList *blocklist.Policy
	// Gate is what a package must meet.
	Gate Gate
	// Device is the device to rank for; nil stands for the best case.
	Device *Device
	// Jobs is how many files are read at a time; below 1 means 1.
	Jobs int
	// Version is the version of the program, for the report.
	Version string
}

// Need is what the gate demands of an outcome.
type Need int

const (
	// NeedInstallable: staged, at most after the publisher prompt. It is the
	// zero value, so that a forgotten gate is not an open one.
	NeedInstallable Need = iota
	// NeedSilent: staged without any prompt.
	NeedSilent
	// NeedNothing: report only.
	NeedNothing
)

var needWords = [...]string{"installable", "silent", "none"}

// ParseNeed reads silent, installable or none.
func ParseNeed(word string) (Need, error) {
	if i := slices.Index(needWords[:], word); i >= 0 {
		return Need(i), nil
	}
	return NeedInstallable, fmt.Errorf("unknown requirement %q: use silent, installable or none", word)
}

// Gate is what a package must meet on every target.
type Gate struct {
	Need Need
	// MinScore is the worst signer score that passes; zero asks for none.
	// Lower scores are better.
	MinScore SignerScore
}

// meets reports whether the prediction meets the gate. A package that has
// nothing for a target meets no demand there, unless nobody asked for that
// target by name.
func (g Gate) meets(t Target, c Classification, p Prediction) bool {
	if p.Outcome == NotApplicable {
		return t.Optional || g.Need == NeedNothing
	}
	if g.MinScore != 0 && (!c.Score.Valid() || c.Score > g.MinScore) {
		return false
	}
	switch g.Need {
	case NeedSilent:
		return p.Outcome == Silent
	case NeedInstallable:
		return p.Outcome == Silent || p.Outcome == Prompted && p.Prompt == PromptPublisher
	case NeedNothing:
		return true
	}
	return false
}

// Check judges every package of the trees and reports. What could not be
// read or judged is listed under the report's errors; it never stops the
// others.
func Check(o Options, trees ...*Tree) (*Report, error) {
	if o.At.IsZero() {
		return nil, errNoClock
	}
	if err := o.Scenario.Check(); err != nil {
		return nil, err
	}
	if o.Store == nil {
		o.Store = trust.DefaultStore()
	}
	if len(o.Targets) == 0 {
		o.Targets = []TargetSpec{DefaultTargetSpec()}
	}
	for _, t := range o.Targets {
		if err := o.Scenario.CheckFor(t.Windows); err != nil && !t.Optional {
			return nil, err
		}
	}
	r := &Report{
		SchemaVersion: SchemaVersion,
		Tool:          Tool{"prestage", o.Version},
		At:            o.At.UTC(),
		TrustLists:    trustLists(o.Store),
		Warnings:      o.Store.WarningsAt(o.At),
		Packages:      []PackageReport{},
		Errors:        []ErrorReport{},
	}
	for _, t := range trees {
		r.add(o, t)
	}
	return r, nil
}

func (r *Report) add(o Options, t *Tree) {
	for _, e := range t.Unread {
		r.fail(e.Path, e.Err)
	}
	before := len(r.Packages) + len(r.Errors)
	g := Gatherer{Store: o.Store, At: o.At, BlockList: o.BlockList, Jobs: o.Jobs}
	for _, name := range t.INFs {
		p, err := t.Open(name)
		if err != nil {
			r.fail(t.Display(name), err)
			continue
		}
		f, err := g.Gather(p)
		if nd, ok := err.(*NotDriverError); ok && nd.Harmless && len(t.INFs) > 1 {
			r.Skipped = append(r.Skipped, ErrorReport{t.Display(name), nd.Error()})
			continue
		}
		if err != nil {
			r.fail(t.Display(name), err)
			continue
		}
		r.Packages = append(r.Packages, judge(o, f))
	}
	for _, name := range t.Renamed {
		r.Skipped = append(r.Skipped, ErrorReport{t.Display(name), "not judged: the name does not end in .inf"})
	}
	if len(r.Packages)+len(r.Errors) == before {
		r.fail(t.Name, errNoDriver)
	}
}

// errNoDriver is the cause of a tree that holds INFs and no driver's.
var errNoDriver = errors.New("no driver INF in it: every .inf file is of another kind")

func (r *Report) fail(path string, err error) {
	message := err.Error()
	var ie *inf.Error
	if errors.As(err, &ie) {
		message = fmt.Sprintf("line %d: %v", ie.Pos.Line, ie.Err) // the path says which file
	}
	r.Errors = append(r.Errors, ErrorReport{path, message})
}

// loadFindings makes the trap visible: a package that Windows stages, and
// whose driver its kernel then refuses.
func loadFindings(verdicts []VerdictReport) []FindingReport {
	var all []FindingReport
	var files []string
	where := map[string][]string{}
	why := map[string]string{}
	for _, v := range verdicts {
		if v.Outcome != Silent.String() && v.Outcome != Prompted.String() {
			continue
		}
		target := v.Target.OS + "/" + v.Target.Arch
		for _, l := range v.Load {
			if l.Verdict != Blocked.String() {
				continue
			}
			if where[l.File] == nil {
				files = append(files, l.File)
				why[l.File] = "have the Hardware Dev Center sign it"
				if l.ProblemCode != ProblemUnsignedDriver {
					why[l.File] = l.Because[len(l.Because)-1].Text
				}
			}
			if !slices.Contains(where[l.File], target) {
				where[l.File] = append(where[l.File], target)
			}
		}
	}
	const few = 3
	for _, file := range files {
		on := where[file]
		text := strings.Join(on[:min(few, len(on))], ", ")
		if more := len(on) - few; more > 0 {
			text += fmt.Sprintf(" and %d more targets", more)
		}
		all = append(all, FindingReport{
			ID: "stages-but-will-not-load", Severity: Error.String(), File: file,
			Message: fmt.Sprintf("Windows stages the package, but the kernel will not load this driver on %s: %s", text, why[file]),
		})
	}
	return all
}

// judge predicts for every target and adds what only the verdicts show.
func judge(o Options, f *Facts) PackageReport {
	r := newPackageReport(f)
	applies := false
	for _, t := range targets(o.Targets, f.Archs, o.Scenario) {
		view := newView(f, t)
		c := view.classify()
		p := view.predict(c)
		v := newVerdictReport(f, t, c, p, view.judgeLoad(), view.rankNodes(c, p, o.Device))
		v.MeetsGate = o.Gate.meets(t, c, p)
		applies = applies || p.Outcome != NotApplicable
		r.Verdicts = append(r.Verdicts, v)
	}
	r.Findings = append(r.Findings, loadFindings(r.Verdicts)...)
	slices.SortStableFunc(r.Findings, func(a, b FindingReport) int {
		return slices.Index(severityWords[:], b.Severity) - slices.Index(severityWords[:], a.Severity)
	})
	if !applies && o.Gate.Need != NeedNothing {
		// Nothing at all applies, not even among targets that nobody named:
		// that is no pass.
		for i := range r.Verdicts {
			r.Verdicts[i].MeetsGate = false
		}
	}
	return r
}
