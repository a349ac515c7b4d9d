package setupapi

import (
	"iter"
	"strings"
	"time"
)

// A Context is a part of a section between "{Name …}" and "{Name … exit(…)}",
// with the contexts inside it. What it is about stands in the lines.
type Context struct {
	Brace    // of the line that opens it; Exit is that of its end
	Open     int
	Last     int // index of its last line: the end, or where the context must have ended
	Children []*Context
}

// Contexts returns the section's contexts as a tree, in order. An end belongs to
// the innermost open context of its subject, the one with its indentation where
// there is one; contexts further in that were not ended keep the zero Exit.
func (s *Section) Contexts() []*Context {
	b := treeBuilder{lines: s.Lines, flat: true}
	for i := range s.Lines {
		b.flat = b.flat && s.Lines[i].Indent == 0
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		switch l.Kind {
		case KindOpen:
			b.open(i, l)
		case KindClose:
			brace, _ := parseBrace(l.Message)
			if brace.Close {
				b.close(i, l, brace)
			} else {
				b.closeLoosely(i, l, brace)
			}
		}
	}
	b.cut(0, len(s.Lines)-1)
	return b.roots
}

type treeBuilder struct {
	lines []Line
	flat  bool // no line is indented: the columns were lost
	roots []*Context
	stack []*Context
}

func (b *treeBuilder) open(i int, l *Line) {
	brace, _ := parseBrace(l.Message)
	if b.closeLoosely(i, l, brace) {
		return
	}
	// A context at the same column or further in has ended, said or not.
	for k, c := range b.stack {
		if !b.flat && b.lines[c.Open].Indent >= l.Indent {
			b.cut(k, i-1)
			break
		}
	}
	c := &Context{Brace: brace, Open: i, Last: i}
	if n := len(b.stack); n > 0 {
		b.stack[n-1].Children = append(b.stack[n-1].Children, c)
	} else {
		b.roots = append(b.roots, c)
	}
	if len(b.stack) < maxDepth {
		b.stack = append(b.stack, c)
	}
}

// close ends the innermost context that the line can be the end of.
func (b *treeBuilder) close(i int, l *Line, brace Brace) {
	found := -1
	for k := len(b.stack) - 1; k >= 0; k-- {
		c := b.stack[k]
		if !endsSubject(c.Subject, brace.Subject) {
			continue
		}
		if b.lines[c.Open].Indent == l.Indent {
			found = k
			break
		}
		if found < 0 {
			found = k
		}
	}
	if found < 0 {
		return
	}
	b.cut(found+1, i-1)
	c := b.stack[found]
	c.Exit, c.Last = brace.Exit, i
	b.stack = b.stack[:found]
}

// endsSubject reports whether an end that names what names the context: the
// whole of it, or its beginning up to a separator.
func endsSubject(subject, what string) bool {
	rest, ok := strings.CutPrefix(subject, what)
	return ok && (rest == "" || strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, " "))
}

// closeLoosely ends a context whose end does not have the word exit.
func (b *treeBuilder) closeLoosely(i int, l *Line, brace Brace) bool {
	for k := len(b.stack) - 1; k >= 0; k-- {
		c := b.stack[k]
		if b.lines[c.Open].Indent != l.Indent {
			continue
		}
		if exit, ok := looseExit(brace.Subject, c.Name); ok {
			l.Kind = KindClose
			b.cut(k+1, i-1)
			c.Exit, c.Last = exit, i
			b.stack = b.stack[:k]
			return true
		}
	}
	return false
}

// cut ends the contexts from depth k on, whose end was not seen.
func (b *treeBuilder) cut(k, last int) {
	for _, c := range b.stack[min(k, len(b.stack)):] {
		c.Last = max(c.Open, last)
	}
	b.stack = b.stack[:min(k, len(b.stack))]
}

// walk visits contexts and what is inside them, in order. A visit that returns
// false leaves out the inside.
func walk(contexts []*Context, visit func(*Context) bool) {
	for _, c := range contexts {
		if visit(c) {
			walk(c.Children, visit)
		}
	}
}

// named returns the contexts with the name, also those inside others.
func named(contexts []*Context, match func(name string) bool) []*Context {
	var found []*Context
	walk(contexts, func(c *Context) bool {
		if match(c.Name) && len(found) < maxViews {
			found = append(found, c)
		}
		return true
	})
	return found
}

func isName(names ...string) func(string) bool {
	return func(name string) bool {
		for _, n := range names {
			if n == name {
				return true
			}
		}
		return false
	}
}

// direct iterates over the lines of a context that stand in no inner one.
func (s *Section) direct(c *Context) iter.Seq2[int, *Line] {
	return func(yield func(int, *Line) bool) {
		inner := c.Children
		for i := c.Open + 1; i <= c.Last; i++ {
			if len(inner) > 0 && i == inner[0].Open {
				i = inner[0].Last
				inner = inner[1:]
				continue
			}
			if l := &s.Lines[i]; l.Kind == KindEntry && !yield(i, l) {
				return
			}
		}
	}
}

// Took is the time from the beginning of a context to its end, as far as both
// have a time of day.
func (s *Section) Took(c *Context) (time.Duration, bool) {
	from, ok := ParseClock(s.Lines[c.Open].Stamp)
	to, ok2 := ParseClock(s.Lines[c.Last].Stamp)
	if !ok || !ok2 || !c.Exit.Seen {
		return 0, false
	}
	return Gap(from, to), true
}
