package trust

import "slices"

// Role says which of the machine's stores a certificate stands in.
type Role int

const (
	// UnknownRole is no store.
	UnknownRole Role = iota
	// Root is the store of anchors.
	Root
	// Intermediate is the store CA.
	Intermediate
	// Publishers is the store TrustedPublisher.
	Publishers
	// Distrusted is the store Disallowed.
	Distrusted
	// AuthRoot is the store of the roots of the root program. Windows shows it
	// as part of Root; what distinguishes it is that the program's list speaks
	// of its certificates.
	AuthRoot
	// TestRoots is the store TestSignRoot. A chain that ends there is one of a
	// test hierarchy: no installation trusts it.
	TestRoots
	// FlightRoots is the store FlightRoot, for preview builds.
	FlightRoots
)

// String returns the store's name as Windows writes it, or "unknown".
func (r Role) String() string {
	return word(int(r), "unknown", "Root", "CA", "TrustedPublisher", "Disallowed", "AuthRoot", "TestSignRoot", "FlightRoot")
}

// base is the store as which Windows shows another one.
func (r Role) base() Role {
	if r == AuthRoot {
		return Root
	}
	return r
}

// Roles returns the four stores that an input can be named as, in the order in
// which they are spoken of.
func Roles() []Role { return []Role{Root, Intermediate, Publishers, Distrusted} }

// Serves returns the stores in which a certificate has an effect.
//
// Any certificate can be distrusted, and any that may sign can be a publisher;
// a certification authority as a publisher says nothing (rule 133). A chain
// ends in a self-issued certificate only. An authority that is not
// self-issued is an intermediate, and so is one whose age knows no extensions
// to say so.
func (e Entry) Serves() []Role {
	c := e.Certificate
	var list []Role
	if c.SelfIssued() {
		list = append(list, Root)
	} else if c.IsCA {
		list = append(list, Intermediate)
	}
	if !c.IsCA && allows(c, OIDCodeSigning) && !(c.Version < 3 && c.SelfIssued()) {
		list = append(list, Publishers)
	}
	return slices.Concat(list, []Role{Distrusted})
}
