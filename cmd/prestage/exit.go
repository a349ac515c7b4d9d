package main

import "fmt"

// The exit codes of every command (see report.md's table in the README).
const (
	exitOK    = 0 // everything meets the gate
	exitShort = 1 // at least one package falls short
	exitError = 2 // usage error, or some input could not be read or judged
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// shortfall is the end of a run that did its work and found a package that
// falls short. It has nothing to say: the report has said it.
type shortfall struct{ code int }

func (e shortfall) Error() string { return fmt.Sprintf("exit code %d", e.code) }
