package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"prestage/trust"
)

// storeFlags describe the certificate stores of the target machine.
type storeFlags struct {
	roots, intermediates, publishers, disallowed []string
	noDefaultRoots                               bool
}

func (f *storeFlags) register(flags *pflag.FlagSet) {
	const kinds = " (`FILE` or folder, PEM or DER; repeatable)"
	flags.StringArrayVar(&f.roots, "root", nil, "add to the machine's Trusted Root store"+kinds)
	flags.StringArrayVar(&f.intermediates, "intermediate", nil, "add to the machine's intermediate authorities"+kinds)
	flags.StringArrayVar(&f.publishers, "trusted-publisher", nil, "add to the machine's Trusted Publishers store"+kinds)
	flags.StringArrayVar(&f.disallowed, "disallowed", nil, "add to the machine's Disallowed store"+kinds)
	flags.BoolVar(&f.noDefaultRoots, "no-default-roots", false, "begin with empty stores, not with those of an untouched Windows")
}

func (f *storeFlags) store() (*trust.Store, error) {
	store := trust.DefaultStore()
	if f.noDefaultRoots {
		store = trust.NewStore()
	}
	for _, use := range []struct {
		flag  string
		paths []string
		role  trust.Role
	}{
		{"--root", f.roots, trust.Root},
		{"--intermediate", f.intermediates, trust.Intermediate},
		{"--trusted-publisher", f.publishers, trust.Publishers},
		{"--disallowed", f.disallowed, trust.Distrusted},
	} {
		for _, path := range use.paths {
			if err := store.LoadPath(use.role, path); err != nil {
				return nil, usageError{fmt.Errorf("%s: %w", use.flag, err)}
			}
		}
	}
	return store, nil
}
