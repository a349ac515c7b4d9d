package inf

import (
	"fmt"
	"slices"
)

// Kind is what an INF installs. The zero value is not known.
type Kind int

const (
	KindUnknown   Kind = iota
	KindDevice         // [Manufacturer]: drivers for devices
	KindPrimitive      // [DefaultInstall.NT<arch>] and nothing undecorated (rule 24)
	KindLegacy         // another [DefaultInstall]: installed by a program, never imported by PnP
	KindClass          // [ClassInstall32] or [InterfaceInstall32] alone
	KindNone           // [Version] and nothing to install
)

// String returns "device", "primitive", "legacy", "class" or "none".
func (k Kind) String() string { return nameOf(kindNames, k) }

var kindNames = map[Kind]string{
	KindDevice: "device", KindPrimitive: "primitive", KindLegacy: "legacy", KindClass: "class", KindNone: "none",
}

// Kind returns what the INF installs. A driver package that PnP imports is of
// KindDevice or KindPrimitive (rule 24).
func (f *File) Kind() Kind {
	undecorated := f.Section("DefaultInstall") != nil || f.Section("DefaultInstall.nt") != nil
	switch {
	case f.Section("Manufacturer") != nil:
		return KindDevice
	case len(f.defaultInstalls()) > 0 && !undecorated:
		return KindPrimitive
	case len(f.defaultInstalls()) > 0 || undecorated:
		return KindLegacy
	case f.hasClass():
		return KindClass
	case f.Section("Version") != nil:
		return KindNone
	}
	return KindUnknown
}

// defaultInstalls returns the architectures with a [DefaultInstall.NT<arch>].
func (f *File) defaultInstalls() []Arch {
	var all []Arch
	for _, a := range allArches {
		if f.Section("DefaultInstall.nt"+a.String()) != nil {
			all = append(all, a)
		}
	}
	return all
}

func (f *File) hasClass() bool {
	_, any := f.choose("ClassInstall32", AMD64)
	for _, a := range allArches {
		any = any || f.Section("ClassInstall32.nt"+a.String()) != nil
	}
	return any || f.Section("InterfaceInstall32") != nil
}

// IsDriver reports whether the file is a driver's INF at all, and why not. Files
// named .inf that are something else are common: autorun.inf, answer files
// (rules 16 and 24).
func (f *File) IsDriver() (ok bool, why string) {
	v := f.version()
	switch kind := f.Kind(); {
	case !v.Present:
		return false, "no [Version] section: not a setup information file"
	case !v.signatureValid():
		return false, fmt.Sprintf("Signature is %q, not $Windows NT$ or $Chicago$", v.Signature)
	case kind == KindNone && v.Class == "" && v.ClassGUID == "" && len(v.CatalogFiles) == 0:
		return false, "no [Manufacturer], no [DefaultInstall], no class: nothing is installed"
	}
	return true, ""
}

// Architectures returns the architectures that the INF serves, in the order x86,
// amd64, arm64, arm, ia64.
//
// For devices these are the ones for which some models section has an entry
// (rules 30 to 36); one without an architecture in its decoration serves x86
// alone (rule 34). Otherwise they are those of [DefaultInstall.NT<arch>]. An
// undecorated [DefaultInstall], or a class alone, serves the architectures that
// have SourceDisksFiles or SourceDisksNames sections of their own, and where
// there are none, x86, amd64 and arm64.
func (f *File) Architectures() []Arch { return slices.Clone(f.architectures()) }

func (f *File) architectures() []Arch {
	f.memo.servedOnce.Do(func() {
		for _, a := range allArches {
			if slices.ContainsFunc(f.readers(), func(g *File) bool { return g.serves(a) }) {
				f.memo.served = append(f.memo.served, a)
			}
		}
	})
	return f.memo.served
}

func (f *File) serves(a Arch) bool {
	switch f.Kind() {
	case KindDevice:
		return f.servesDevices(a)
	case KindPrimitive:
		return f.installs("DefaultInstall.nt" + a.String())
	case KindLegacy:
		if len(f.defaultInstalls()) > 0 && f.Section("DefaultInstall") == nil && f.Section("DefaultInstall.nt") == nil {
			return f.installs("DefaultInstall.nt" + a.String())
		}
		return f.Section("DefaultInstall.nt"+a.String()) != nil || f.servesSources(a)
	case KindClass:
		return f.servesSources(a)
	}
	return false
}

func (f *File) servesDevices(a Arch) bool {
	seen := make(map[*Section]bool)
	for _, m := range f.manufacturers() {
		for _, d := range m.candidates(a) {
			s := f.refer(m.section(d))
			if s == nil || seen[s] {
				continue
			}
			seen[s] = true
			if f.hasModels(s) {
				return true
			}
		}
	}
	return false
}

// installs reports whether an install section, or its services, has an entry.
func (f *File) installs(name string) bool {
	for _, n := range []string{name, name + ".Services"} {
		if s := f.Section(n); s != nil && len(s.Lines) > 0 {
			return true
		}
	}
	return false
}

func (f *File) servesSources(a Arch) bool {
	decorated := false
	for _, b := range allArches {
		has := f.Section("SourceDisksFiles."+b.String()) != nil || f.Section("SourceDisksNames."+b.String()) != nil
		if has && a == b {
			return true
		}
		decorated = decorated || has
	}
	return !decorated && (a == X86 || a == AMD64 || a == ARM64)
}
