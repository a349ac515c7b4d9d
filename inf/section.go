package inf

import "strings"

// A Section is all lines under one name. Sections that the text repeats are one
// Section, in the order of the text (rule 3).
type Section struct {
	Name  string // as first spelled, without the brackets
	Pos   Pos    // of the first bracket
	Lines []Line
}

// A Line is one entry of a section, over as many physical lines as it continues
// on (rules 6 and 9).
type Line struct {
	// Key is what stands before the "=". A line that is one value without
	// "=" has that value as its key too; other lines without "=" have none.
	Key    string
	HasKey bool // there is a "="

	// Values are the fields after the "=", quotes taken away, %strings% not
	// substituted: use File.Expand. There is at least one.
	Values []string

	Pos Pos // of the first character

	valuePos []Pos
	raw      span
	blank    bool // a field begins or ends with a blank that is none in ASCII
}

// Value returns field i, counted from 0, and "" for a field that is not there,
// which INF does not tell from an empty one.
func (l *Line) Value(i int) string {
	if i < len(l.Values) {
		return l.Values[i]
	}
	return ""
}

// ValuePos returns where field i stands, and the line's place for a field that
// is not there.
func (l *Line) ValuePos(i int) Pos {
	if i < len(l.valuePos) {
		return l.valuePos[i]
	}
	return l.Pos
}

// Section returns the section of that name, in any case, or nil.
func (f *File) Section(name string) *Section { return f.index[Fold(name)] }

// refer returns the section that an entry names, or nil. The name may hold
// %strings%. A header written with blanks inside the brackets does not match by
// the letter of the rules; it is found here all the same, because a section that
// is read without need makes the package's judgement stricter, never better.
// Where it depends on the reader which section is meant, that is recorded.
func (f *File) refer(name string) *Section {
	found := f.named(f.expand(name))
	if strings.IndexByte(name, '%') < 0 {
		return found
	}
	literal := f.named(name)
	switch {
	case found == nil:
		return literal
	case literal != nil && literal != found:
		f.memo.doubt("section-choice", literal.Pos, "%s names [%s] or [%s], depending on whether strings are substituted", name, found.Name, literal.Name)
	}
	return found
}

// named returns the section of that name, or the one whose header has blanks
// around it.
func (f *File) named(name string) *Section {
	if units(name) > maxSectionName {
		return nil // no header is that long
	}
	key := Fold(name)
	exact, trimmed := f.index[key], f.trims[strings.TrimFunc(key, isWideBlank)]
	if trimmed == nil && key != strings.TrimFunc(key, isWideBlank) {
		trimmed = f.index[strings.TrimFunc(key, isWideBlank)]
	}
	if trimmed != nil && trimmed != exact {
		f.memo.doubt("blank-in-section-name", trimmed.Pos, "%q may mean [%s]; readers disagree on blanks around the name", name, trimmed.Name)
	}
	if exact != nil {
		return exact
	}
	return trimmed
}
