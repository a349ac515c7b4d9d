package main

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"prestage/trust"
)

// storeFlags describe the certificate stores of the target machine.
type storeFlags struct {
	roots, intermediates, publishers, disallowed []string
	machine, revocations                         []string
	noDefaultRoots                               bool
	read                                         trust.ReadOptions
}

// localMachine is the word for the machine that the program runs on.
const localMachine = "local"

func (f *storeFlags) register(flags *pflag.FlagSet) {
	const kinds = " (`FILE` or folder: PEM, DER, .p7b, .sst, .reg; repeatable)"
	flags.StringArrayVar(&f.machine, "machine", nil, "take all stores of a machine from a registry export `FILE` of SystemCertificates, and no others; local: from this Windows machine (repeatable)")
	flags.StringArrayVar(&f.roots, "root", nil, "add to the machine's Trusted Root store, or take an authroot.stl for what is known of the root program"+kinds)
	flags.StringArrayVar(&f.intermediates, "intermediate", nil, "add to the machine's intermediate authorities"+kinds)
	flags.StringArrayVar(&f.publishers, "trusted-publisher", nil, "add to the machine's Trusted Publishers store"+kinds)
	flags.StringArrayVar(&f.disallowed, "disallowed", nil, "add to the machine's Disallowed store; a disallowedcert.stl too"+kinds)
	flags.StringArrayVar(&f.revocations, "crl", nil, "know these revocation lists and OCSP responses (`FILE` or folder: DER, PEM, .p7b, .sst; repeatable)")
	flags.BoolVar(&f.noDefaultRoots, "no-default-roots", false, "begin with empty stores, not with those of an untouched Windows")
	flags.BoolVar(&f.read.AcceptUnsignedList, "accept-unsigned-list", false, "take an .stl that is not proven to be Microsoft's at its word")
	flags.BoolVar(&f.read.SkipBad, "skip-bad-certificates", false, "pass over damaged records of store files, with a warning")
}

// store makes the stores that the flags describe.
//
// A machine stands for itself: what Windows trusts from the start is in its
// stores already, so the embedded roots are not added to it.
func (f *storeFlags) store() (*trust.Store, error) {
	store := f.empty()
	for _, path := range f.machine {
		if err := f.loadMachine(store, path); err != nil {
			return nil, usageError{fmt.Errorf("--machine: %w", err)}
		}
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
			if err := store.Load(use.role, path, f.read); err != nil {
				return nil, usageError{fmt.Errorf("%s: %w", use.flag, err)}
			}
		}
	}
	for _, path := range f.revocations {
		if err := store.LoadRevocations(path, f.read); err != nil {
			return nil, usageError{fmt.Errorf("--crl: %w", err)}
		}
	}
	return store, nil
}

// empty is where to begin.
func (f *storeFlags) empty() *trust.Store {
	switch {
	case len(f.machine) > 0:
		return trust.NewMachineStore()
	case f.noDefaultRoots:
		return trust.NewStore()
	}
	return trust.DefaultStore()
}

func (f *storeFlags) loadMachine(store *trust.Store, path string) error {
	if path != localMachine {
		return store.LoadMachine(path, f.read)
	}
	err := store.LoadLocalMachine(f.read)
	if errors.Is(err, trust.ErrNotWindows) {
		return fmt.Errorf("%s: %w (to read a file of that name, write ./%s)", path, err, path)
	}
	return err
}
