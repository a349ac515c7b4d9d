package inf

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// A Decoration is the TargetOSVersion of a [Manufacturer] entry:
// NT[arch][.[major][.[minor][.[product][.[suites][.[build]]]]]] (rule 30). The
// zero value is that of an undecorated models section.
type Decoration struct {
	Text  string // as spelled: the name of the models section ends in it (rule 31)
	Arch  Arch   // ArchUnknown when the decoration names none
	Major int
	Minor int

	ProductType int
	SuiteMask   uint32
	Build       int

	// Which of the numbers are there. A number that is not there restricts
	// nothing.
	HasVersion, HasProductType, HasSuiteMask, HasBuild bool

	Pos     Pos
	Problem error // why the text is no decoration; Windows ignores it then
}

// The faults of a decoration.
var (
	ErrDecoration     = errors.New("not a decoration of the form NTarch.major.minor.product.suites.build")
	ErrDecorationArch = errors.New("unknown architecture in a decoration")
	ErrTemplate       = errors.New("$ARCH$ was not replaced: this is the template that the build makes the inf from")
)

// ParseDecoration reads a decoration such as "NTamd64.10.0...19041". The empty
// text is the undecorated one.
func ParseDecoration(text string) (Decoration, error) {
	d := Decoration{Text: text}
	if text == "" {
		return d, nil
	}
	parts := strings.SplitN(text, ".", 7)
	if len(parts) > 6 || len(parts[0]) < 2 || !strings.EqualFold(parts[0][:2], "NT") {
		return Decoration{}, fmt.Errorf("%q: %w", text, ErrDecoration)
	}
	if arch := parts[0][2:]; arch != "" {
		a, ok := ParseArch(arch)
		switch {
		case strings.EqualFold(arch, "$ARCH$"):
			return Decoration{}, fmt.Errorf("%q: %w", text, ErrTemplate)
		case !ok:
			return Decoration{}, fmt.Errorf("%q: %w", text, ErrDecorationArch)
		}
		d.Arch = a
	}
	var n [6]uint32
	var has [6]bool
	for i := 1; i < len(parts); i++ {
		if parts[i] == "" {
			continue
		}
		v, err := parseNumber(parts[i])
		if err != nil || v > 1<<31-1 {
			return Decoration{}, fmt.Errorf("%q: %w: %q is no number", text, ErrDecoration, parts[i])
		}
		n[i], has[i] = v, true
	}
	d.Major, d.Minor, d.HasVersion = int(n[1]), int(n[2]), has[1] || has[2]
	d.ProductType, d.HasProductType = int(n[3]), has[3]
	d.SuiteMask, d.HasSuiteMask = n[4], has[4]
	d.Build, d.HasBuild = int(n[5]), has[5]
	return d, nil
}

// serves reports whether systems of an architecture read the models section.
// Since Windows Server 2003 SP1 those of all architectures but x86 demand it by
// name (rule 34).
func (d Decoration) serves(a Arch) bool {
	if d.Problem != nil || a == ArchUnknown {
		return false
	}
	return d.Arch == a || d.Arch == ArchUnknown && a == X86
}

// Applies reports whether the decoration includes a system (rules 30, 33, 34).
func (d Decoration) Applies(s System) bool {
	if !d.serves(s.Arch) || d.HasBuild && !s.ParsesBuild {
		return false
	}
	switch compareVersion(d.Major, d.Minor, s.Major, s.Minor) {
	case +1:
		return false
	case 0: // only within one version does the build count
		if d.HasBuild && s.Build < d.Build {
			return false
		}
	}
	if d.HasProductType && d.ProductType != s.ProductType {
		return false
	}
	return !d.HasSuiteMask || s.SuiteMask&d.SuiteMask == d.SuiteMask
}

// compare orders two decorations that both apply: the greater is the better
// match (rule 35). The version decides before everything else; product before
// suites is inferred.
func (d Decoration) compare(e Decoration) int {
	return cmp.Or(
		compareVersion(d.Major, d.Minor, e.Major, e.Minor),
		cmp.Compare(d.Build, e.Build),
		compareBool(d.HasProductType, e.HasProductType),
		cmp.Compare(bits.OnesCount32(d.SuiteMask), bits.OnesCount32(e.SuiteMask)),
		compareBool(d.Arch != ArchUnknown, e.Arch != ArchUnknown),
		compareBool(d.Text != "", e.Text != ""),
	)
}

// always reports whether the decoration applies to every system of its
// architecture from Windows XP on: an undecorated section beside it is read by
// none of them.
func (d Decoration) always() bool {
	return d.Text != "" && !d.HasProductType && !d.HasSuiteMask && !d.HasBuild &&
		compareVersion(d.Major, d.Minor, 5, 1) <= 0
}

func compareVersion(major1, minor1, major2, minor2 int) int {
	return cmp.Or(cmp.Compare(major1, major2), cmp.Compare(minor1, minor2))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return +1
	}
	return -1
}
