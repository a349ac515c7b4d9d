package catalog

import (
	"fmt"
	"strconv"
	"strings"
)

// The platforms of an OSVersion (rule 83; the numbers are VER_PLATFORM_* of
// the SDK).
const (
	PlatformWindows = 1 // Windows 95, 98 and Me
	PlatformNT      = 2 // everything since
)

// An OSVersion is one element of an OSAttr attribute: a version of Windows
// that the file was tested for. Windows 11 is 2:10.0, as Windows 10 is
// (rule 87). The zero value stands for no Windows.
type OSVersion struct {
	Platform     int
	Major, Minor int
	AnyMinor     bool // "2:5.x": every minor version; Minor is 0 then
}

// String returns the usual form, "2:10.0" or "2:5.x".
func (v OSVersion) String() string {
	if v.AnyMinor {
		return fmt.Sprintf("%d:%d.x", v.Platform, v.Major)
	}
	return fmt.Sprintf("%d:%d.%d", v.Platform, v.Major, v.Minor)
}

// Covers reports whether v names that version.
func (v OSVersion) Covers(platform, major, minor int) bool {
	return v.Platform == platform && v.Major == major && (v.AnyMinor || v.Minor == minor)
}

// Between reports whether v names a version from low to high, both included
// (rule 127). The three must be of the same platform; AnyMinor of low and
// high is ignored.
func (v OSVersion) Between(low, high OSVersion) bool {
	if v.Platform != low.Platform || v.Platform != high.Platform {
		return false
	}
	first, last := v, v
	if v.AnyMinor {
		first.Minor, last.Minor = 0, maxVersionNumber
	}
	return !last.before(low) && !high.before(first)
}

func (v OSVersion) before(w OSVersion) bool {
	return v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor
}

// Limits of an OSAttr. Real ones have at most eight elements, and numbers of
// two digits.
const (
	maxOSAttr        = 8192 // bytes
	maxOSVersions    = 256  // elements
	maxVersionNumber = 65535
)

// The errors for an OSAttr above the limits.
var (
	ErrOSAttrTooLong     = fmt.Errorf("OSAttr has more than %d bytes", maxOSAttr)
	ErrTooManyOSVersions = fmt.Errorf("OSAttr has more than %d elements", maxOSVersions)
)

// ParseOSAttr reads the value of an OSAttr attribute (rules 83-86): elements
// of the form platform:major.minor, joined by commas. An element without a
// platform is one of platform 2, and the minor version may be x or X, for any.
// Blanks around an element and empty elements are ignored.
//
// One malformed element is an error for the whole value, with the position
// of the element: nothing is claimed for a value that is not understood.
func ParseOSAttr(s string) ([]OSVersion, error) {
	if len(s) > maxOSAttr {
		return nil, ErrOSAttrTooLong
	}
	var versions []OSVersion
	for offset := 0; offset <= len(s); {
		element, _, _ := strings.Cut(s[offset:], ",")
		at := offset
		offset += len(element) + 1
		if element = strings.Trim(element, " \t"); element == "" {
			continue
		}
		v, ok := parseOSVersion(element)
		if !ok {
			return nil, fmt.Errorf("OSAttr %q: offset %d: element is not of the form platform:major.minor", s, at)
		}
		if len(versions) == maxOSVersions {
			return nil, ErrTooManyOSVersions
		}
		versions = append(versions, v)
	}
	return versions, nil
}

func parseOSVersion(s string) (OSVersion, bool) {
	v := OSVersion{Platform: PlatformNT}
	if platform, rest, found := strings.Cut(s, ":"); found {
		n, ok := parseVersionNumber(platform)
		if !ok || n == 0 {
			return OSVersion{}, false
		}
		v.Platform, s = n, rest
	}
	major, minor, found := strings.Cut(s, ".")
	if !found {
		return OSVersion{}, false
	}
	var okMajor, okMinor bool
	v.Major, okMajor = parseVersionNumber(major)
	if minor == "x" || minor == "X" {
		v.AnyMinor, okMinor = true, true
	} else {
		v.Minor, okMinor = parseVersionNumber(minor)
	}
	if !okMajor || !okMinor {
		return OSVersion{}, false
	}
	return v, true
}

// parseVersionNumber reads decimal digits and nothing else: "00" is 0, as in
// the 2:5.00 of Windows 2000.
func parseVersionNumber(s string) (int, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return int(n), err == nil && n <= maxVersionNumber
}

// An osAttr collects the OSAttr attributes of a catalog or of a member. The
// documentation has one attribute for each version, practice one attribute
// with a list (contradiction C-6); joined by commas, both read the same.
type osAttr struct {
	text    string
	present bool
}

// add appends the value if it is one of OSAttr. A text that is already too
// long to be read does not grow any more.
func (o *osAttr) add(v nameValue) {
	if !v.named("OSAttr") || len(o.text) > maxOSAttr {
		return
	}
	if o.present {
		o.text += ","
	}
	o.text += v.decode().Value
	o.present = true
}

// OSAttr returns the Windows versions that the member was tested for: those
// of its own OSAttr or, where it has none, those of the catalog (rule 84). For
// a nil member they are the catalog's. A value that cannot be read names no
// version, and a malformed one of a member does not give way to the
// catalog's; [ParseOSAttr] of [Member.OSAttr] says what is wrong.
func (c *Catalog) OSAttr(m *Member) []OSVersion {
	o := c.osAttr
	if m != nil {
		if own := m.osAttr(); own.present {
			o = own
		}
	}
	versions, err := ParseOSAttr(o.text)
	if err != nil {
		return nil
	}
	return versions
}
