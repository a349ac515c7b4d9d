package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"prestage"
	"prestage/trust"
)

const showHelp = `Say what is inside an INF, a catalog, a PE file, a certificate or a
certificate store. The kind of a file is told by its content. Nothing is
judged but the trust in signatures, with the stores of an untouched Windows
unless the flags say otherwise.`

type showFlags struct {
	stores storeFlags
	at     string
	output outputFlags
}

func showCommand(env environment) *cobra.Command {
	var f showFlags
	cmd := &cobra.Command{
		Use:   "show [flags] FILE...",
		Short: "Say what is inside an INF, a catalog, a PE file or a certificate",
		Long:  showHelp,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("show: name a file")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runShow(env, f, args) },
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *showFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	f.stores.register(flags)
	flags.StringVar(&f.at, "at", "", "judge validity at this `TIME` (RFC 3339) instead of now")
	flags.StringVarP(&f.output.format, "format", "f", "text", "how to show: `text|json`")
	flags.StringVar(&f.output.color, "color", "auto", "use colour: `auto|always|never`")
	flags.BoolVarP(&f.output.verbose, "verbose", "v", false, "show every member, file and certificate")
}

func runShow(env environment, f showFlags, paths []string) error {
	if err := f.output.check(); err != nil {
		return err
	}
	if f.output.format == "setupapi" {
		return usagef("--format: show has text and json only")
	}
	at, err := parseAt(env, f.at)
	if err != nil {
		return err
	}
	store, err := f.stores.store()
	if err != nil {
		return err
	}
	for _, w := range store.WarningsAt(at) {
		fmt.Fprintf(env.stderr, "prestage: warning: %s\n", clean(w))
	}
	shower := prestage.Shower{Store: store, Options: trust.Options{At: at, Purpose: trust.CodeSigning}}
	shown := make([]shownFile, len(paths))
	failed := false
	for i, path := range paths {
		shown[i] = showFile(shower, f.stores.read, path)
		if message := shown[i].failure(); message != "" {
			failed = true
			fmt.Fprintf(env.stderr, "prestage: %s: %s\n", clean(path), clean(message))
		}
	}
	if f.output.format == "json" {
		err = writeJSON(env.stdout, shown)
	} else {
		err = renderShown(env.stdout, shown, f.output.style(env))
	}
	if err == nil && failed {
		return shortfall{exitError}
	}
	return err
}
