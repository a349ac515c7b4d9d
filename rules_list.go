package prestage

// RuleInfo describes one rule of policy, for people who want to know more of
// an id in a report.
type RuleInfo struct {
	ID    string
	Table string // what it decides: category, score, outcome, load or verify
	Basis Basis
	Cite  string
}

// Rules returns every rule of policy, table by table, in the order in which they
// are walked.
func Rules() []RuleInfo {
	var all []RuleInfo
	all = append(all, infos("category", categoryRules)...)
	all = append(all, infos("score", scoreRules)...)
	all = append(all, infos("outcome", outcomeRules)...)
	all = append(all, infos("load", loadRules)...)
	seen := map[string]bool{}
	for p := PolicyUnknown; p <= PKCS7Policy; p++ {
		for _, r := range infos("verify", p.rules()) {
			if !seen[r.ID] {
				seen[r.ID] = true
				all = append(all, r)
			}
		}
	}
	return all
}

func infos[V, T any](table string, rules []ruleOn[V, T]) []RuleInfo {
	var all []RuleInfo
	for _, r := range rules {
		all = append(all, RuleInfo{r.id, table, r.basis, r.cite})
	}
	return all
}
