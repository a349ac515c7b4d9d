package inf

import "strings"

// Arch is a processor architecture that Windows runs on. The zero value is none.
type Arch int

const (
	ArchUnknown Arch = iota
	X86
	AMD64
	ARM64
	ARM
	IA64
)

// String returns the name that INF decorations use: "x86", "amd64", "arm64",
// "arm" or "ia64".
func (a Arch) String() string { return nameOf(archNames, a) }

var archNames = map[Arch]string{X86: "x86", AMD64: "amd64", ARM64: "arm64", ARM: "arm", IA64: "ia64"}

// allArches are the architectures, in the order in which lists show them.
var allArches = [...]Arch{X86, AMD64, ARM64, ARM, IA64}

// ParseArch returns the architecture of that name, in any case.
func ParseArch(name string) (Arch, bool) {
	for _, a := range allArches {
		if strings.EqualFold(a.String(), name) {
			return a, true
		}
	}
	return ArchUnknown, false
}

// A System is what a Windows installation tells an INF's decorations about
// itself. The zero value is a system that nothing applies to.
type System struct {
	Arch         Arch
	Major, Minor int    // 10, 0 for Windows 10 and 11
	Build        int    // 26200
	ProductType  int    // 1 workstation, 2 domain controller, 3 server (rule 38)
	SuiteMask    uint32 // VER_SUITE bits (rule 38)

	// ParsesBuild says that the system understands build numbers in
	// decorations: Windows 10 build 14310 and later. Others hold such a
	// decoration to be invalid (rule 30).
	ParsesBuild bool
}
