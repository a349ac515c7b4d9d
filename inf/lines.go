package inf

import (
	"fmt"
	"strings"
)

// LineEndings says how the lines of a text end. They are part of what a catalog
// covers (rule 15). The zero value is not known.
type LineEndings int

const (
	LineEndingsUnknown LineEndings = iota
	LineEndingsNone                // one line without an end
	LineEndingsCRLF
	LineEndingsLF
	LineEndingsCR // as on a Mac before 2001
	LineEndingsMixed
)

// String returns "none", "crlf", "lf", "cr" or "mixed".
func (e LineEndings) String() string { return nameOf(lineEndingNames, e) }

var lineEndingNames = map[LineEndings]string{
	LineEndingsNone: "none", LineEndingsCRLF: "crlf", LineEndingsLF: "lf",
	LineEndingsCR: "cr", LineEndingsMixed: "mixed",
}

// EndingCounts counts the line endings of a text by kind.
type EndingCounts struct{ CRLF, LF, CR int }

// Kind sums up the counts.
func (c EndingCounts) Kind() LineEndings {
	switch {
	case c == EndingCounts{}:
		return LineEndingsNone
	case c == EndingCounts{CRLF: c.CRLF}:
		return LineEndingsCRLF
	case c == EndingCounts{LF: c.LF}:
		return LineEndingsLF
	case c == EndingCounts{CR: c.CR}:
		return LineEndingsCR
	}
	return LineEndingsMixed
}

// unit is the width of a character that ends a line.
func (s *source) unit() uint32 {
	if s.wide != nil {
		return 2
	}
	return 1
}

// at returns the character unit at an offset, 0 where there is none: no line
// ends there.
func (s *source) at(i uint32) uint16 {
	switch n := uint32(len(s.data)); {
	case s.wide != nil && i+2 <= n:
		return s.wide.Uint16(s.data[i:])
	case s.wide == nil && i < n:
		return uint16(s.data[i])
	}
	return 0
}

// splitLines fills in where lines start. A line ends with CR LF, LF, or a lone
// CR ("ends with a return or linefeed character", General Syntax Rules). In the
// double-byte code pages no second byte has the value of either, so bytes can be
// split before they are decoded.
func (f *File) splitLines() error {
	s := &f.src
	w := s.unit()
	s.starts = []uint32{s.bom}
	for i := s.bom; i < uint32(len(s.data)); i += w {
		switch s.at(i) {
		case '\r':
			if s.at(i+w) == '\n' {
				continue // counted at the line feed
			}
			f.Endings.CR++
			if f.Endings.CR == 1 {
				f.doubt("lone-carriage-return", Pos{len(s.starts), 1}, "a line ends with a carriage return alone; readers disagree whether that ends it")
			}
		case '\n':
			if i >= s.bom+w && s.at(i-w) == '\r' {
				f.Endings.CRLF++
			} else {
				f.Endings.LF++
			}
		default:
			continue
		}
		if len(s.starts) == maxLines {
			return f.errorAt(Pos{maxLines, 1}, fmt.Errorf("%w: at most %d are read", ErrTooManyLines, maxLines))
		}
		s.starts = append(s.starts, i+w)
	}
	f.LineEndings = f.Endings.Kind()
	return nil
}

// end returns where line i ends, after its line ending.
func (s *source) end(i int) uint32 {
	if i+1 < len(s.starts) {
		return s.starts[i+1]
	}
	return uint32(len(s.data))
}

// text returns line i decoded, without its ending. NUL reads as a blank
// (rule 11), which nul reports. Stop is set when the line has a control-Z, which
// ends the file; the text is what is before it.
func (s *source) text(i int) (text string, nul, stop bool) {
	text = s.read(s.data[s.starts[i]:s.end(i)])
	text = strings.TrimSuffix(text, "\n")
	text = strings.TrimSuffix(text, "\r")
	text, _, stop = strings.Cut(text, "\x1A")
	if nul = strings.IndexByte(text, 0) >= 0; nul {
		text = strings.ReplaceAll(text, "\x00", " ")
	}
	return text, nul, stop
}
