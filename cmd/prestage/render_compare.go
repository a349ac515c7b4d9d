package main

import (
	"fmt"
	"strings"
)

// renderCompared writes for each import whether it agrees, else the first
// difference and its cause.
func renderCompared(p *page, r *compareReport) error {
	counts := map[string]int{}
	for i := range r.Imports {
		c := &r.Imports[i]
		counts[c.Result]++
		inks := map[string]ink{"agrees": green, "differs": red, "not-compared": yellow}
		p.line(fmt.Sprintf("%s (line %d): %s", p.paint(bold, clean(c.INF)), c.Line, p.paint(inks[c.Result], c.Result)))
		if c.Reason != "" {
			p.entry(dim, "because", textIndent, clean(c.Reason))
			continue
		}
		p.entry(dim, "judged", textIndent, clean(c.Package+" for "+c.Target))
		if d := c.first(); d != nil {
			p.entry(dim, "differs", textIndent, "in "+d.What)
			p.entry(dim, "log", textIndent, clean(d.Logged))
			p.entry(dim, "check", textIndent, clean(d.Predicted))
			p.entry(dim, "cause", textIndent, clean(c.Cause))
			continue
		}
		var same []string
		for _, s := range c.Compared {
			same = append(same, s.What+" "+s.Logged)
		}
		p.entry(dim, "same", textIndent, clean(strings.Join(same, ", ")))
	}
	p.line(fmt.Sprintf("%s in the log: %d agree, %d differ, %d not compared", plural(len(r.Imports), "import"), counts["agrees"], counts["differs"], counts["not-compared"]))
	return p.flush()
}
