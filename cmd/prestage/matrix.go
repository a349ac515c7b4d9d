package main

import (
	"slices"
	"strings"

	"prestage"
)

// manyVerdicts is the number of verdicts above which equal answers are
// grouped instead of listed.
const manyVerdicts = 5

// answer is what several targets have in common.
type answer struct {
	arch, user string
	// what is the answer in words: outcome, category, score, kernel load.
	what string
	// first is the first verdict with this answer, for its reasons.
	first *prestage.VerdictReport
	oses  []string
}

// answers groups the verdicts of a package by what they say, in the order in
// which they first appear, one architecture after the other.
func answers(p *prestage.PackageReport) []*answer {
	var all []*answer
	for i := range p.Verdicts {
		v := &p.Verdicts[i]
		what := answerWords(p, v)
		at := slices.IndexFunc(all, func(a *answer) bool {
			return a.arch == v.Target.Arch && a.user == v.Target.User && a.what == what && a.first.Basis == v.Basis
		})
		if at < 0 {
			at = len(all)
			all = append(all, &answer{arch: v.Target.Arch, user: v.Target.User, what: what, first: v})
		}
		all[at].oses = append(all[at].oses, v.Target.OS)
	}
	slices.SortStableFunc(all, func(a, b *answer) int { return strings.Compare(a.arch+"/"+a.user, b.arch+"/"+b.user) })
	return all
}

// answerWords says what a target does, without its name.
func answerWords(p *prestage.PackageReport, v *prestage.VerdictReport) string {
	if v.Outcome == "not-applicable" {
		return "not applicable"
	}
	words := []string{outcomeWord(*v), v.Category, scoreWord(*v)}
	if v.StatusCode != "0x00000000" {
		words[2] = v.StatusCode
	}
	for _, l := range v.Load {
		if l.Verdict != "loads" {
			words = append(words, clean(inPackage(p, l.File))+" "+l.Verdict)
		}
	}
	return strings.Join(words, ", ")
}

// matrix writes the grouped answers.
func (t *textReport) matrix(p *prestage.PackageReport) {
	const indent = 11
	for _, a := range answers(p) {
		label := a.arch
		if a.user != "admin" {
			label += "/" + a.user
		}
		t.entry(bold, label, indent, strings.Join(ranges(a.arch, a.oses), ", "))
		text := t.paint(outcomeInk(*a.first), a.what)
		if basis := a.first.Basis; basis != "documented" {
			text += " [" + basis + "]"
		}
		t.entry(dim, "", indent, text)
		t.entry(dim, "", indent, t.paint(dim, "because")+" "+clean(a.first.Reason))
	}
}

// ranges shortens a list of releases: a run of three or more that follow one
// another, among those that exist for the architecture, becomes its ends.
func ranges(arch string, oses []string) []string {
	var order []string
	server := map[string]bool{}
	for _, w := range prestage.Releases() {
		for _, a := range w.Archs {
			if a.String() == arch {
				order = append(order, w.Name)
				server[w.Name] = w.Server
			}
		}
	}
	var out []string
	for i := 0; i < len(oses); {
		at := slices.Index(order, oses[i])
		n := 1
		for at >= 0 && i+n < len(oses) && at+n < len(order) && order[at+n] == oses[i+n] && server[oses[i]] == server[oses[i+n]] {
			n++
		}
		if n > 2 {
			out = append(out, oses[i]+" to "+oses[i+n-1])
		} else {
			out = append(out, oses[i:i+n]...)
		}
		i += n
	}
	return out
}
