package prestage

// rule is one row of a table of the policy on packages: it looks at a view of
// the facts for one target.
type rule[T any] = ruleOn[view, T]

// ruleOn is one row of a policy table that looks at a V and decides for a T.
// The tables are ordered: the first rule that applies decides, and the order is
// the explanation.
type ruleOn[V, T any] struct {
	// id is stable and appears in reports.
	id string
	// basis and cite say how the rule is known.
	basis Basis
	cite  string
	// when reports whether the rule applies.
	when func(*V) bool
	// then is the decision.
	then T
	// say states the fact that decided.
	say func(*V) string
	// passed states the fact that is established when the rule was consulted
	// and did not apply. Nil where that says nothing worth reading.
	passed func(*V) string
	// sure is how well that fact is known; nil stands for Documented: that a
	// rule does not apply is as certain as the fact that it looked at,
	// whatever the basis of its consequence.
	sure func(*V) Basis
}

// decide walks the table and returns the first decision, its rule's id and
// the steps that led to it: what the passed rules established, then the rule
// that decided. Every table ends in a rule that always applies.
func decide[V, T any](table []ruleOn[V, T], v *V) (decision T, id string, steps []Step) {
	for _, r := range table {
		if r.when(v) {
			steps = append(steps, Step{Rule: r.id, Text: r.say(v), Basis: r.basis, Cite: r.cite})
			return r.then, r.id, steps
		}
		if r.passed == nil {
			continue
		}
		if text := r.passed(v); text != "" {
			sure := Documented
			if r.sure != nil {
				sure = r.sure(v)
			}
			steps = append(steps, Step{Rule: r.id, Text: text, Basis: sure, Cite: r.cite})
		}
	}
	panic("prestage: a rule table has no last rule") // a test proves that none lacks it
}

func always(*view) bool { return true }

// text is a say function for a constant sentence.
func text(s string) func(*view) string {
	return func(*view) string { return s }
}
