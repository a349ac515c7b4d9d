package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// environment is the process as the commands see it.
type environment struct {
	stdout, stderr io.Writer
	now            func() time.Time
	getenv         func(string) string
}

// run is the program: arguments in, exit code out.
func run(args []string, env environment) int {
	root := rootCommand(env)
	root.SetArgs(args)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	err := root.Execute()
	var short shortfall
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &short):
		return short.code
	}
	fmt.Fprintf(env.stderr, "prestage: %s\n", cleanLines(err.Error()))
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintln(env.stderr, `prestage: run "prestage help" for the commands, "prestage help check" for its flags`)
	}
	return exitError
}

func rootCommand(env environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "prestage",
		Short: "Would Windows accept this driver package's signature?",
		Long: `Prestage says, off Windows, what Windows would make of a driver package's
signature before it stages the package: the category, the install prompt,
the signer score, and why.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q", args[0])
			}
			return cmd.Help()
		},
	}
	// Flags are described within a terminal's 80 columns.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		checkCommand(env),
		verifyCommand(env),
		showCommand(env),
		logCommand(env),
		explainCommand(env),
		versionCommand(env),
	)
	return root
}
