package prestage

import "cmp"

// Severity is how much a finding matters.
type Severity int

const (
	// SeverityUnknown is the zero value.
	SeverityUnknown Severity = iota
	// Note: worth knowing, nothing to do.
	Note
	// Warning: may fail somewhere, or is about to.
	Warning
	// Error: the package will not be staged, or not where it should be.
	Error
)

var severityWords = [...]string{"unknown", "note", "warning", "error"}

// String returns the word of the JSON report: note, warning or error.
func (s Severity) String() string {
	if s < 0 || int(s) >= len(severityWords) {
		return "unknown"
	}
	return severityWords[s]
}

// Finding is something about the package that its maker should know, with
// what to do about it.
type Finding struct {
	// ID is the stable id, such as "line-endings-changed".
	ID       string
	Severity Severity
	// File is the path of the file as the report names it, Line the line in
	// it or 0.
	File string
	Line int
	// Message says what is the matter and what to do.
	Message string
}

// findingOrder puts the worst first. Findings are made in the order in which
// a person should read them, which a stable sort keeps.
func findingOrder(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) }
