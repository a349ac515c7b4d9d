package prestage

import (
	"fmt"
	"slices"
	"strings"

	"prestage/catalog"
	"prestage/inf"
)

// User is who hands the package to Windows.
type User int

const (
	// UserUnknown is the zero value.
	UserUnknown User = iota
	// Admin is an administrator at an interactive desktop.
	Admin
	// Standard is a standard user. Windows never asks such a user (section
	// F.1).
	Standard
	// System has no desktop: a service, a deployment tool, a silent
	// installer. Windows cannot ask it anything (rule 144).
	System
)

var userWords = [...]string{"unknown", "admin", "standard", "system"}

// String returns the word of targets and reports: admin, standard or system.
func (u User) String() string {
	if u < 0 || int(u) >= len(userWords) {
		return fmt.Sprintf("User(%d)", int(u))
	}
	return userWords[u]
}

// Switch is a setting that may be left to the release's default.
type Switch int

const (
	// Default leaves the setting to the release. It is the zero value.
	Default Switch = iota
	// On and Off set it.
	On
	Off
)

// Scenario is how the machine was booted. The zero value is the default
// boot: no test-signing, enforcement on, Secure Boot as the release ships.
type Scenario struct {
	// SecureBoot is the state of UEFI Secure Boot.
	SecureBoot Switch
	// TestSigning is bcdedit's TESTSIGNING option (rule 151).
	TestSigning bool
	// EnforcementDisabled is "Disable Driver Signature Enforcement" of the
	// startup settings, for one boot (rule 150).
	EnforcementDisabled bool
	// SMode is Windows 10 or 11 in S mode (rule 148).
	SMode bool
	// Upgraded: the machine was upgraded from a Windows before 10 1607 (rule
	// 173).
	Upgraded bool
	// MemoryIntegrity is the state of memory integrity, HVCI (rule 184).
	MemoryIntegrity Switch
	// NoSHA2Update: a Windows 7 or older without the updates that teach it
	// SHA-256 signatures (rule 117).
	NoSHA2Update bool
	// AllSigningEqual is the policy of that name; the default is the
	// release's (rule 163).
	AllSigningEqual Switch
	// LowerLogoVersion is the machine's setting of that name for the device's
	// class; zero stands for the default, 5.1 (rule 164).
	LowerLogoVersion catalog.OSVersion
	// DriverPolicyEnforced: the Windows Driver policy of April 2026 has ended
	// its evaluation on the machine and blocks, on the releases that have it
	// (rule 177).
	DriverPolicyEnforced bool
}

// Check reports a combination that no machine can be in.
func (s Scenario) Check() error {
	if s.TestSigning && s.SecureBoot == On {
		return fmt.Errorf("test-signing needs Secure Boot off (rule 151): drop one of the two")
	}
	if s.SMode && s.TestSigning {
		return fmt.Errorf("test-signing does not exist in S mode (rule 148): drop one of the two")
	}
	return nil
}

// CheckFor reports a setting that the release does not have.
func (s Scenario) CheckFor(w *Windows) error {
	switch {
	case s.SMode && (w.Server || !w.Kernel.SMode):
		return fmt.Errorf("%s has no S mode: use it with Windows 10 and 11", w.Title)
	case s.SecureBoot == On && !w.Kernel.SecureBoot:
		return fmt.Errorf("%s does not know Secure Boot: use it with Windows 8 and later", w.Title)
	case s.MemoryIntegrity == On && !w.Kernel.MemoryIntegrity:
		return fmt.Errorf("%s has no memory integrity: use it with Windows 10 and later", w.Title)
	case s.NoSHA2Update && !w.Staging.SHA2Update:
		return fmt.Errorf("%s needs no update for SHA-256 signatures", w.Title)
	}
	return nil
}

// Target is one machine to predict for: a release, an architecture, a user
// and how it was booted.
type Target struct {
	Windows  *Windows
	Arch     inf.Arch
	User     User
	Scenario Scenario
	// Optional marks a target that nobody asked for by name ("all"): that
	// the package has nothing for it is no shortcoming.
	Optional bool
}

// String returns OS/ARCH/USER, the form that --target takes.
func (t Target) String() string {
	return t.Windows.Name + "/" + t.Arch.String() + "/" + t.User.String()
}

// TargetSpec is a target as it was asked for, before it is known which
// architectures the package serves.
type TargetSpec struct {
	Windows  *Windows
	Arch     inf.Arch // 0: every architecture that the INF serves
	User     User
	Optional bool
}

// DefaultTargetSpec is what is judged when nothing is asked for: the newest
// Windows client and an administrator.
func DefaultTargetSpec() TargetSpec {
	return TargetSpec{Windows: newest("win11"), User: Admin}
}

// ParseTargets reads a comma list of OS[/ARCH[/USER]]. OS is a release name
// of report.md, a family such as win11 (its newest release) or all; names are
// case-insensitive.
func ParseTargets(list string) ([]TargetSpec, error) {
	var specs []TargetSpec
	for item := range strings.SplitSeq(list, ",") {
		more, err := parseTarget(strings.TrimSpace(item))
		if err != nil {
			return nil, err
		}
		specs = append(specs, more...)
	}
	return specs, nil
}

func parseTarget(item string) ([]TargetSpec, error) {
	if item == "" {
		return nil, fmt.Errorf("empty target: write OS[/ARCH[/USER]], such as win11-25h2/amd64")
	}
	parts := strings.Split(strings.ToLower(item), "/")
	if len(parts) > 3 {
		return nil, fmt.Errorf("target %q: write OS[/ARCH[/USER]], such as win11-25h2/amd64/admin", item)
	}
	spec := TargetSpec{User: Admin}
	if len(parts) > 1 {
		arch, ok := parseArch(parts[1])
		if !ok {
			return nil, fmt.Errorf("target %q: unknown architecture %q: use x86, amd64 or arm64", item, parts[1])
		}
		spec.Arch = arch
	}
	if len(parts) > 2 {
		i := slices.Index(userWords[:], parts[2])
		if i < 1 {
			return nil, fmt.Errorf("target %q: unknown user %q: use admin, standard or system", item, parts[2])
		}
		spec.User = User(i)
	}
	if parts[0] == "all" {
		return allTargets(spec), nil
	}
	w, ok := WindowsNamed(parts[0])
	if !ok {
		return nil, fmt.Errorf("target %q: unknown release %q: use one of %s, or all", item, parts[0], strings.Join(releaseNames(), " "))
	}
	if spec.Arch != 0 && !w.Runs(spec.Arch) {
		return nil, fmt.Errorf("target %q: %s does not exist for %s, only for %s", item, w.Title, spec.Arch, archList(w.Archs))
	}
	spec.Windows = w
	return []TargetSpec{spec}, nil
}

// allTargets spreads spec over every release that exists for its
// architecture.
func allTargets(spec TargetSpec) []TargetSpec {
	var specs []TargetSpec
	for i := range releases {
		w := &releases[i]
		if spec.Arch != 0 && !w.Runs(spec.Arch) {
			continue
		}
		s := spec
		s.Windows, s.Optional = w, true
		specs = append(specs, s)
	}
	return specs
}

func parseArch(name string) (inf.Arch, bool) {
	switch name {
	case "x86":
		return inf.X86, true
	case "amd64", "x64":
		return inf.AMD64, true
	case "arm64":
		return inf.ARM64, true
	}
	return 0, false
}

func archList(archs []inf.Arch) string {
	words := make([]string, len(archs))
	for i, a := range archs {
		words[i] = a.String()
	}
	return strings.Join(words, ", ")
}

// targets spreads the specs over the architectures that the INF serves. A
// spec that meets none of them still yields one target, whose verdict will
// be not-applicable: nothing that was asked for vanishes.
func targets(specs []TargetSpec, served []inf.Arch, s Scenario) []Target {
	var out []Target
	seen := map[string]bool{}
	add := func(spec TargetSpec, a inf.Arch) {
		t := Target{Windows: spec.Windows, Arch: a, User: spec.User, Scenario: s, Optional: spec.Optional}
		if key := t.String(); !seen[key] {
			seen[key] = true
			out = append(out, t)
		}
	}
	for _, spec := range specs {
		if spec.Arch != 0 {
			add(spec, spec.Arch)
			continue
		}
		any := false
		for _, a := range spec.Windows.Archs {
			if slices.Contains(served, a) {
				add(spec, a)
				any = true
			}
		}
		if !any {
			add(spec, spec.Windows.Archs[0])
		}
	}
	return out
}
