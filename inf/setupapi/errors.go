package setupapi

import (
	"errors"
	"fmt"
)

// The limits of this package. Windows documents 336 characters for an entry;
// real logs stay two orders of magnitude below the others.
const (
	MaxLine         = 1 << 20  // bytes of one line: longer ones are no log, but a run of zeros after a crash must pass
	MaxSectionLines = 1 << 18  // lines of one section; the servicing of a whole Windows has about 10,000
	MaxSectionBytes = 64 << 20 // bytes of one section
	maxLoose        = 4096     // lines between sections that are returned together
	maxDepth        = 64       // contexts inside each other; real logs have 12
	maxViews        = 1 << 14  // imports, devices, nodes … of one section
)

// The errors of the limits.
var (
	// ErrLineTooLong ends the reading.
	ErrLineTooLong = errors.New("line is longer than 1 MiB, so this is no SetupAPI log")
	// ErrSectionTooLarge concerns one section: the next call reads on after it.
	ErrSectionTooLarge = errors.New("section is larger than 262144 lines or 64 MiB")
)

// A ReadError is a reason for which a log could not be read, and where.
type ReadError struct {
	Pos Pos
	Err error
}

// Error returns "line N: reason".
func (e *ReadError) Error() string { return fmt.Sprintf("%s: %v", e.Pos, e.Err) }

// Unwrap returns the reason.
func (e *ReadError) Unwrap() error { return e.Err }
