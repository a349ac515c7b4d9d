// Prestage says, off Windows, what Windows would make of a driver package's
// signature before it stages the package: the category, the install prompt,
// the signer score, and why.
//
// Usage:
//
//	prestage check [flags] PATH...      judge driver packages
//	prestage verify [options] FILE...   verify single files as signtool does
//	prestage show [flags] FILE...       say what is inside a file
//	prestage log [flags] FILE           tell what a SetupAPI log says
//	prestage explain CODE...            say what a code means
//	prestage version                    print the version
//
// PATH is an INF, a folder (searched for INFs recursively), a zip archive or
// a cabinet. Run "prestage help COMMAND" for the flags of a command.
//
// The exit code is 0 if every package meets the gate on every target, 1 if
// one falls short, and 2 for a usage error or an input that could not be
// read or judged; verify has signtool's own exit codes, and log fails with 1
// only where --compare finds a difference. The report goes to standard output,
// diagnostics to standard error.
package main

import (
	"os"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], environment{
		stdout: os.Stdout,
		stderr: os.Stderr,
		now:    time.Now,
		getenv: os.Getenv,
	}))
}
