package ctl

import (
	"errors"
	"fmt"
)

// A FormatError says where a list departs from its grammar.
type FormatError struct {
	Offset int    // octets from the start of what was given to Parse
	Field  string // the field of the grammar, such as "subjectUsage"
	Err    error  // what is wrong with it
}

// Error names the position first, then the field, then the fault.
func (e *FormatError) Error() string {
	return fmt.Sprintf("offset %d: %s %v", e.Offset, e.Field, e.Err)
}

// Unwrap returns the fault, for errors.Is.
func (e *FormatError) Unwrap() error { return e.Err }

// The faults that a FormatError reports.
var (
	// ErrMalformed is the fault of a field that is truncated, of another
	// type, or not DER.
	ErrMalformed = errors.New("is truncated, of another type or not DER")

	// ErrTrailing is the fault of octets that the grammar has no place for.
	ErrTrailing = errors.New("is followed by octets that belong to no field")

	// ErrVersion is the fault of a list of a version other than 1.
	ErrVersion = errors.New("is not 0, the only version known")

	// ErrOrder is the fault of a SET OF out of DER order (rule 63).
	ErrOrder = errors.New("is out of DER order in its SET OF")
)

// The limits, each far above any real list, so that hostile input is refused
// before it costs memory or time.
const (
	// MaxSize is the largest list accepted, in octets: twenty times a catalog
	// of 50,000 files.
	MaxSize = 256 << 20

	// MaxEntries bounds the subjects of a list: five times a catalog of 50,000
	// files. A reader needs some 300 octets for a subject that takes no more
	// than 4 octets of input.
	MaxEntries = 1 << 18

	// MaxAttributes bounds the attributes of one entry. Entries of authroot.stl
	// have about ten, catalog members about five.
	MaxAttributes = 1 << 10

	// MaxExtensions bounds the list's extensions. A catalog has one for each
	// hardware ID of its INF; one with 495 has been seen.
	MaxExtensions = 1 << 16

	// MaxUsages bounds subjectUsage. One is the rule.
	MaxUsages = 64

	// MaxIntegerSize bounds sequenceNumber, in octets. Nine have been seen.
	MaxIntegerSize = 64
)

// The errors of those limits.
var (
	ErrTooLarge          = fmt.Errorf("is larger than %d octets", MaxSize)
	ErrTooManyEntries    = fmt.Errorf("has more than %d subjects", MaxEntries)
	ErrTooManyAttributes = fmt.Errorf("has more than %d attributes", MaxAttributes)
	ErrTooManyExtensions = fmt.Errorf("has more than %d extensions", MaxExtensions)
	ErrTooManyUsages     = fmt.Errorf("has more than %d identifiers", MaxUsages)
	ErrIntegerTooLarge   = fmt.Errorf("has more than %d octets", MaxIntegerSize)
)
