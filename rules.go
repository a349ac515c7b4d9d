package prestage

// rule is one row of a policy table. The tables are ordered: the first rule
// that applies decides, and the order is the explanation.
type rule[T any] struct {
	// id is stable and appears in reports.
	id string
	// basis and cite say how the rule is known.
	basis Basis
	cite  string
	// when reports whether the rule applies.
	when func(*view) bool
	// then is the decision.
	then T
	// say states the fact that decided.
	say func(*view) string
	// passed states the fact that is established when the rule was consulted
	// and did not apply. Nil where that says nothing worth reading.
	passed func(*view) string
}

// decide walks the table and returns the first decision, its rule's id and
// the steps that led to it: what the passed rules established, then the rule
// that decided. Every table ends in a rule that always applies.
func decide[T any](table []rule[T], v *view) (decision T, id string, steps []Step) {
	for _, r := range table {
		if r.when(v) {
			steps = append(steps, Step{Rule: r.id, Text: r.say(v), Basis: r.basis, Cite: r.cite})
			return r.then, r.id, steps
		}
		if r.passed == nil {
			continue
		}
		if text := r.passed(v); text != "" {
			// That a rule does not apply is as certain as the fact that it
			// looked at, whatever the basis of its consequence.
			steps = append(steps, Step{Rule: r.id, Text: text, Basis: Documented, Cite: r.cite})
		}
	}
	panic("prestage: a rule table has no last rule") // a test proves that none lacks it
}

func always(*view) bool { return true }

// text is a say function for a constant sentence.
func text(s string) func(*view) string {
	return func(*view) string { return s }
}
