package inf

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

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
func (f *File) Section(name string) *Section { return f.index[fold(name)] }

// refer returns the section that an entry names, or nil. The name may hold
// %strings%. A header written with blanks inside the brackets does not match by
// the letter of the rules; it is found here all the same, because a section that
// is read without need makes the package's judgement stricter, never better.
func (f *File) refer(name string) *Section {
	for _, n := range []string{f.Expand(name), name} {
		if units(n) > maxSectionName {
			continue // no header is that long
		}
		key := fold(n)
		if s := f.index[key]; s != nil {
			return s
		}
		if s := f.trims[key]; s != nil {
			return s
		}
	}
	return nil
}

// fold makes names that differ in case only equal. It maps to upper case as
// Windows compares names, one character at a time; characters outside ASCII
// never become ASCII ones, which U+0131 and U+017F would.
func fold(s string) string {
	ascii, lower := true, false
	for i := range len(s) {
		ascii = ascii && s[i] < utf8.RuneSelf
		lower = lower || 'a' <= s[i] && s[i] <= 'z'
	}
	switch {
	case ascii && !lower:
		return s
	case ascii:
		return strings.ToUpper(s)
	}
	return strings.Map(func(r rune) rune {
		u := unicode.ToUpper(r)
		if u < utf8.RuneSelf && r >= utf8.RuneSelf {
			return r
		}
		return u
	}, s)
}

// equalFold reports whether two names are equal in Windows' eyes.
func equalFold(a, b string) bool {
	if asciiString(a) && asciiString(b) {
		return strings.EqualFold(a, b)
	}
	return fold(a) == fold(b)
}

func asciiString(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
