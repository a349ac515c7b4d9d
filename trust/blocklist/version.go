package blocklist

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// FileVersion is a version of four numbers, the most significant first.
type FileVersion [4]uint16

// maxFileVersion matches any version as an upper bound.
var maxFileVersion = FileVersion{65535, 65535, 65535, 65535}

// ParseFileVersion reads "1.2.3.4": exactly four decimal numbers of at most
// 65535, as the schema of policies wants them. Leading zeros occur.
func ParseFileVersion(s string) (FileVersion, error) {
	var v FileVersion
	parts := strings.Split(strings.TrimSpace(s), ".")
	if len(parts) != len(v) {
		return FileVersion{}, fmt.Errorf("version %q: want four numbers", s)
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return FileVersion{}, fmt.Errorf("version %q: %q is no number of at most 65535", s, part)
		}
		v[i] = uint16(n)
	}
	return v, nil
}

// String returns "1.2.3.4".
func (v FileVersion) String() string {
	return fmt.Sprintf("%d.%d.%d.%d", v[0], v[1], v[2], v[3])
}

// Compare returns -1, 0 or +1 as v is below, equal to or above w.
func (v FileVersion) Compare(w FileVersion) int { return slices.Compare(v[:], w[:]) }

// Bounds are the versions that a rule names. Nil: no such bound.
type Bounds struct{ Minimum, Maximum *FileVersion }

// none reports whether there is no bound.
func (b Bounds) none() bool { return b.Minimum == nil && b.Maximum == nil }

// denies reports whether a Deny rule with these bounds covers version v (rule
// 193). With one bound alone its meaning turns round: a minimum denies what is
// not above it, a maximum what is not below it. That is surprising, and
// documented so.
func (b Bounds) denies(v FileVersion) bool {
	switch {
	case b.none():
		return true
	case b.Maximum == nil:
		return v.Compare(*b.Minimum) <= 0
	case b.Minimum == nil:
		return v.Compare(*b.Maximum) >= 0
	}
	return v.Compare(*b.Minimum) >= 0 && v.Compare(*b.Maximum) <= 0
}

// allows reports whether an Allow rule with these bounds covers version v: each
// bound means what its name says.
func (b Bounds) allows(v FileVersion) bool {
	return (b.Minimum == nil || v.Compare(*b.Minimum) >= 0) &&
		(b.Maximum == nil || v.Compare(*b.Maximum) <= 0)
}

// String says what the bounds are, as "minimum 1.0.0.0, maximum 2.0.0.0".
func (b Bounds) String() string {
	var parts []string
	if b.Minimum != nil {
		parts = append(parts, "minimum "+b.Minimum.String())
	}
	if b.Maximum != nil {
		parts = append(parts, "maximum "+b.Maximum.String())
	}
	return strings.Join(parts, ", ")
}
