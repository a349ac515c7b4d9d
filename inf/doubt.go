package inf

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Readers of INF text part ways where the documentation is silent: at blanks
// outside ASCII, at text after a control-Z, at strings in file names. Which way
// Windows goes is not known, so neither way may count as the right one.

// ambiguous records a finding that makes the reading uncertain.
func (f *File) ambiguous(d Finding) {
	f.find(d.ID, d.Severity, d.Pos, "%s", d.Message)
	if len(f.Ambiguous) < maxFindings {
		f.Ambiguous = append(f.Ambiguous, d)
	}
}

// doubt records an ambiguity of the text itself.
func (f *File) doubt(id string, p Pos, format string, args ...any) {
	f.ambiguous(Finding{id, SeverityError, p, fmt.Sprintf(format, args...) + "; what Windows makes of it is not known"})
}

// notes are what the views write down while they read: the strings that decide
// about sections and files, and what is ambiguous about that.
type notes struct {
	mu     sync.Mutex
	texts  map[string]string // expanded fields by their spelling
	size   int               // of those texts, in bytes
	used   map[string]bool   // folded tokens that decide something
	done   map[string]bool   // fields whose tokens are in used
	doubts map[Finding]bool
}

// doubt records an ambiguity that matters, because something is read by it.
func (n *notes) doubt(id string, p Pos, format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.doubts) < maxFindings {
		if n.doubts == nil {
			n.doubts = make(map[Finding]bool)
		}
		n.doubts[Finding{id, SeverityError, p, fmt.Sprintf(format, args...)}] = true
	}
}

// use records the tokens of a field that decides something.
func (n *notes) use(field string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.done[field] {
		return
	}
	if n.used == nil {
		n.used, n.done = make(map[string]bool), make(map[string]bool)
	}
	n.done[field] = true
	for token := range tokens(field) {
		n.used[Fold(token)] = true
	}
}

// tokens returns the tokens that decide something, as far as is read.
func (n *notes) tokens() map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.used)
}

// examineDoubts reports what was ambiguous for one reader of the file.
func (f *File) examineDoubts(g *File) {
	n := &g.memo.notes
	n.mu.Lock()
	defer n.mu.Unlock()
	for token := range n.used {
		if why, ok := g.unsure(token); ok {
			f.doubt("string-choice", why.Pos, "%s", why.Message)
		}
	}
	for d := range n.doubts {
		if !slices.ContainsFunc(f.Ambiguous, func(e Finding) bool { return e.ID == d.ID && e.Pos == d.Pos }) {
			f.doubt(d.ID, d.Pos, "%s", d.Message)
		}
	}
}

func (f *File) sortAmbiguous() {
	slices.SortFunc(f.Ambiguous, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col), strings.Compare(a.ID, b.ID), strings.Compare(a.Message, b.Message))
	})
	f.Ambiguous = slices.Compact(f.Ambiguous)
}

// fixedSections begin the names of sections that Windows looks for by itself.
var fixedSections = []string{
	"VERSION", "STRINGS", "MANUFACTURER", "SOURCEDISKSFILES", "SOURCEDISKSNAMES", "DESTINATIONDIRS",
	"DEFAULTINSTALL", "DEFAULTUNINSTALL", "CLASSINSTALL32", "INTERFACEINSTALL32",
}

// examineNames reports section names and keys that are other names for some
// readers: blanks around them, letters that are ASCII in some tables of case.
func (f *File) examineNames() {
	seen := make(map[string]*Section)
	for _, s := range f.Sections {
		key := Fold(s.Name)
		if trimmed := strings.TrimFunc(key, isWideBlank); trimmed != key && (f.index[trimmed] != nil || isFixed(trimmed)) {
			f.doubt("blank-in-section-name", s.Pos, "[%s] has a blank at an end of its name, and without it would be another section", s.Name)
		}
		if !asciiString(s.Name) && asciiString(loose(s.Name)) {
			f.doubt("lookalike", s.Pos, "the name [%s] has a letter that some readers take for an ASCII one", s.Name)
		}
		if other := seen[loose(key)]; other != nil {
			f.doubt("section-case", s.Pos, "[%s] and [%s] are one name for some readers", s.Name, other.Name)
		}
		seen[loose(key)] = s
		if isStrings(s.Name) {
			continue
		}
		for i := range s.Lines {
			if l := &s.Lines[i]; hasLookalike(l.Key) && keywords[loose(l.Key)] {
				f.doubt("lookalike", l.Pos, "the key %s has a letter that some readers take for an ASCII one", l.Key)
			}
		}
	}
}

func isFixed(key string) bool {
	return slices.ContainsFunc(fixedSections, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// isStrings reports whether a section has strings to substitute.
func isStrings(section string) bool {
	name, _, _ := strings.Cut(section, ".")
	return equalFold(strings.TrimFunc(name, isWideBlank), "Strings")
}

// keywords are the keys that decide about files and services.
var keywords = map[string]bool{
	"COPYFILES": true, "COPYINF": true, "INCLUDE": true, "NEEDS": true, "ADDSERVICE": true,
	"ADDINTERFACE": true, "ADDCOMPONENT": true, "ADDSOFTWARE": true, "ADDFILTER": true,
	"CATALOGFILE": true, "LAYOUTFILE": true, "SIGNATURE": true,
	"SERVICETYPE": true, "STARTTYPE": true, "SERVICEBINARY": true, "BOOTFLAGS": true, "LOADORDERGROUP": true,
	"SOFTWAREBINARY": true, "DEFAULTDESTDIR": true,
}
