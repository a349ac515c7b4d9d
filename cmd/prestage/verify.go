package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"prestage"
)

const verifyHelp = `Verify single files as signtool does: the same question, the same letters, the
same exit codes, on any system. Options take / or -, in any case.

Without /pa, /kp, /pg and /p7 the policy is that for drivers: Microsoft's own
signatures only. A third-party signature fails there with 0x800B0109, which is
normal; /pa asks whether it would count as any publisher's.

Only the embedded signature of a file is verified, unless a catalog is named
(/c) or a catalog database (/a, /ad, /as, /ag with --catalog-db). An INF and
other files that carry no signature need a catalog.

The exit code is 0 if every file verifies, 1 if one does not or the command
line is wrong, and 2 if all verify and there are warnings. Times are in UTC.`

const verifyExample = `  prestage verify /kp /v driver.sys
  prestage verify /pa /c driver.cat driver.inf driver.sys
  prestage verify -a -catalog-db CatRoot --root corp.cer *.dll`

func verifyCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:                "verify [options] FILE...",
		Short:              "Verify the signatures of single files as signtool does",
		Long:               verifyHelp,
		Example:            strings.ReplaceAll(verifyExample, " -catalog-db", " --catalog-db"),
		DisableFlagParsing: true,
		RunE:               func(_ *cobra.Command, args []string) error { return runVerify(env, args) },
	}
	cmd.SetHelpFunc(func(*cobra.Command, []string) { printVerifyHelp(env.stdout) })
	return cmd
}

func runVerify(env environment, args []string) error {
	f, err := parseVerify(args)
	if err != nil {
		return verifyUsage(env, err)
	}
	if f.help {
		return printVerifyHelp(env.stdout)
	}
	if f.options.At, err = parseAt(env, f.at); err != nil {
		return verifyUsage(env, err)
	}
	if f.options.Store, err = f.stores.store(); err != nil {
		return verifyUsage(env, err)
	}
	if !f.quiet {
		for _, w := range f.options.Store.WarningsAt(f.options.At) {
			fmt.Fprintf(env.stderr, "prestage: warning: %s\n", clean(w))
		}
	}
	f.options.Version = programVersion()
	report, err := prestage.Verify(f.options, f.files...)
	if err != nil {
		return verifyUsage(env, err)
	}
	if f.format == "json" {
		err = writeJSON(env.stdout, report)
	} else {
		err = renderVerify(env, report, f)
	}
	if err != nil {
		return verifyUsage(env, err)
	}
	return verifyVerdict(report)
}

// verifyUsage ends a run that verified nothing. The exit code is 1, signtool's
// for an error: 2 means that everything verified, with warnings.
func verifyUsage(env environment, err error) error {
	fmt.Fprintf(env.stderr, "prestage: verify: %s\n", cleanLines(err.Error()))
	var output *outputError
	if !errors.As(err, &output) {
		fmt.Fprintln(env.stderr, `prestage: run "prestage verify /?" for the options`)
	}
	return shortfall{verifyFailed}
}

// The exit codes of verify are signtool's (rule 195).
const (
	verifyFailed  = 1 // at least one file does not verify, or none was verified
	verifyWarning = 2 // all files verify, with warnings
)

func verifyVerdict(r *prestage.VerifyReport) error {
	switch {
	case r.Summary.Errors > 0 || r.Summary.Verified != len(r.Files):
		return shortfall{verifyFailed}
	case r.Summary.Warnings > 0:
		return shortfall{verifyWarning}
	}
	return nil
}

// printVerifyHelp lists the options from their tables.
func printVerifyHelp(w io.Writer) error {
	p := newPage(w, style{width: defaultWidth})
	p.line(verifyHelp)
	p.blank()
	p.line("Usage:")
	p.line("  prestage verify [options] FILE...")
	p.blank()
	p.line("Examples:")
	p.line(strings.ReplaceAll(verifyExample, " -catalog-db", " --catalog-db"))
	p.blank()
	p.line("Options of signtool:")
	for _, o := range signtoolOptions {
		if o.help != "" {
			p.entry(plain, strings.TrimSpace("/"+o.name+" "+o.value), 21, o.help)
		}
	}
	p.blank()
	p.line("Options of prestage:")
	p.line(strings.TrimRight((&verifyFlags{}).long().FlagUsagesWrapped(defaultWidth), "\n"))
	return p.flush()
}

// outputError is a report that could not be written.
type outputError struct{ error }

func (e *outputError) Unwrap() error { return e.error }
