package inf

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Pos is a place in the text.
type Pos struct {
	Line int // from 1; a line ends with CR LF, LF or CR
	Col  int // from 1, in characters
}

// String returns "line:column", or "-" for no place.
func (p Pos) String() string {
	if p.Line == 0 {
		return "-"
	}
	return fmt.Sprintf("%d:%d", p.Line, p.Col)
}

// An Error is a reason for which an INF could not be read, and where.
type Error struct {
	File string
	Pos  Pos
	Err  error
}

// Error returns "file:line:column: reason".
func (e *Error) Error() string { return fmt.Sprintf("%s:%s: %v", e.File, e.Pos, e.Err) }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// The syntax errors for which SetupAPI refuses an INF (rule 10), with its codes.
var (
	ErrExpectedSection = errors.New("text before the first [section] (0xE0000000 ERROR_EXPECTED_SECTION_NAME)")
	ErrBadSectionName  = errors.New("section name without the closing bracket (0xE0000001 ERROR_BAD_SECTION_NAME_LINE)")
	ErrSectionTooLong  = errors.New("section name is longer than 255 characters (0xE0000002 ERROR_SECTION_NAME_TOO_LONG)")
)

// The limits of this package. They are not rules of Windows: real driver INFs
// stay two orders of magnitude below.
const (
	MaxSize     = 16 << 20 // bytes; the largest INFs of Windows have about 2 MB
	maxLines    = 1 << 19  // physical lines, so that positions stay small
	maxFields   = 1 << 20  // fields in all, so that a file of commas stays small
	maxSections = 1 << 16
	maxFindings = 500      // more say nothing new
	maxFiles    = 1 << 16  // files that one architecture names
	maxMissing  = 1000     // sections that are named and not there, for messages
	maxServices = 1 << 12  // services of one architecture
	maxTwins    = 64       // files that one service's binary may be
	maxPath     = 260      // characters of a path in the package, as in SetupAPI
	maxExpanded = 64 << 20 // bytes that all fields together expand to
)

// The errors of the limits.
var (
	ErrTooLarge        = errors.New("too large for an inf")
	ErrTooManyLines    = errors.New("too many lines")
	ErrTooManyFields   = errors.New("too many fields")
	ErrTooManySections = errors.New("too many sections")
	ErrTooManyFiles    = errors.New("too many files for one package")
	ErrTooManyServices = errors.New("too many services for one package")
	ErrTooMuchText     = errors.New("the strings expand to too much text")
	ErrCodePage        = errors.New("unknown code page")
)

func (f *File) errorAt(p Pos, err error) error {
	return &Error{File: f.Name, Pos: p, Err: err}
}

// Severity says how much a finding matters. The zero value is no severity.
type Severity int

const (
	SeverityUnknown Severity = iota
	SeverityNote             // good to know
	SeverityWarning          // some version of Windows, or some tool, reads it differently
	SeverityError            // Windows will not do what the INF seems to say
)

// String returns "note", "warning" or "error".
func (s Severity) String() string { return nameOf(severityNames, s) }

var severityNames = map[Severity]string{SeverityNote: "note", SeverityWarning: "warning", SeverityError: "error"}

// nameOf returns the name of an enumeration's value, "unknown" for one without.
func nameOf[T comparable](names map[T]string, v T) string {
	if s, ok := names[v]; ok {
		return s
	}
	return "unknown"
}

// A Finding is something that Windows reads on from, and a person should know.
type Finding struct {
	ID       string // stable, for tools: "unclosed-quote"
	Severity Severity
	Pos      Pos // zero when the finding is about the file as a whole
	Message  string
}

// String returns "line:column: severity: message [id]".
func (d Finding) String() string {
	return fmt.Sprintf("%s: %s: %s [%s]", d.Pos, d.Severity, d.Message, d.ID)
}

// find records a finding. After maxFindings only the fact that there are more.
func (f *File) find(id string, s Severity, p Pos, format string, args ...any) {
	switch n := len(f.Findings); {
	case n < maxFindings:
		f.Findings = append(f.Findings, Finding{id, s, p, fmt.Sprintf(format, args...)})
	case n == maxFindings:
		f.Findings = append(f.Findings, Finding{"more-findings", SeverityNote, p, "further findings are not listed"})
	}
}

func (f *File) sortFindings() {
	slices.SortStableFunc(f.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
}
