package roots

import (
	"slices"
	"time"
)

// Policy is what the Microsoft root program says of one root: the properties
// of its entry in authroot.stl. OIDs are dotted decimal.
//
// The meaning, by Microsoft's "Deprecation definitions" for root certificates:
//
//   - a usage that is missing from EKUs, or is in DisabledEKUs, is not trusted
//     under this root, time-stamped or not;
//   - after Disable nothing under this root is trusted, except signatures with
//     a time stamp before that date;
//   - certificates issued after NotBefore are not trusted for NotBeforeEKUs;
//     those issued before stay trusted, and so do signatures with a time stamp
//     before that date.
type Policy struct {
	// Listed is true if the program's list has the root. Without it the other
	// fields say nothing: the zero Policy is no permission.
	Listed bool
	// Name is the program's friendly name, for people.
	Name string
	// EKUs are the usages allowed (property 9). nil: all, for a listed root.
	EKUs []string
	// DisabledEKUs are usages taken away again (property 122).
	DisabledEKUs []string
	// Disable is the date of property 104; zero if there is none, or an empty
	// one, by which the program takes a date back.
	Disable time.Time
	// NotBefore is the date of property 126; zero like Disable.
	NotBefore time.Time
	// NotBeforeEKUs are the usages that NotBefore applies to (property 127).
	// nil: all, if NotBefore is set.
	NotBeforeEKUs []string
	// ChainPolicies are the policies of property 105.
	ChainPolicies []string
}

// AllowsUsage reports whether the program lists the root and leaves it this
// usage at all, dates aside. An unlisted root has no permission here.
func (p Policy) AllowsUsage(oid string) bool {
	return p.Listed && (p.EKUs == nil || slices.Contains(p.EKUs, oid)) && !slices.Contains(p.DisabledEKUs, oid)
}

// Facts returns what the root program says of the root with this SHA-256,
// whether its certificate is embedded or not: a root that a user brings is
// held to the same restrictions. False if the program does not list it.
func Facts(sum [32]byte) (Policy, bool) {
	p := load().policies[sum]
	if p == nil {
		return Policy{}, false
	}
	return *p, true
}
