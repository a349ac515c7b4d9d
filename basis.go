package prestage

import "fmt"

// Basis says how prestage knows a rule. The zero value is BasisUnknown; a
// verdict is as certain as its weakest step.
type Basis int

const (
	// BasisUnknown is the zero value. No rule may carry it.
	BasisUnknown Basis = iota
	// Inferred: our reading of the sources. No document states it and no
	// observation shows it.
	Inferred
	// Observed: seen in a real log, a real catalog or the code of an
	// independent implementation.
	Observed
	// Documented: a Microsoft document or a public SDK header states it.
	Documented
)

var basisWords = [...]string{"unknown", "inferred", "observed", "documented"}

// String returns the word that reports use: "documented", "observed",
// "inferred" or "unknown".
func (b Basis) String() string {
	if b < 0 || int(b) >= len(basisWords) {
		return fmt.Sprintf("Basis(%d)", int(b))
	}
	return basisWords[b]
}

// weakest returns the basis of the least certain step, BasisUnknown when
// there is none.
func weakest(steps []Step) Basis {
	if len(steps) == 0 {
		return BasisUnknown
	}
	w := Documented
	for _, s := range steps {
		w = min(w, s.Basis)
	}
	return w
}

// Step is one link of the reasoning behind a decision: the rule that was
// consulted and the fact that it looked at.
type Step struct {
	// Rule is the stable id of the rule, such as "inf-hash-missing".
	Rule string
	// Text states the fact, in a sentence without a period.
	Text string
	// Basis says how well the rule is known.
	Basis Basis
	// Cite names the source of the rule: the numbers of the rule book and
	// the title of the document or the observation.
	Cite string
}
