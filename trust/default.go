package trust

import (
	"time"

	"prestage/authenticode/cert"
	"prestage/trust/roots"
)

// DefaultStore returns the stores of an untouched Windows machine: the
// embedded roots of Microsoft and of its root program with their restrictions,
// no publishers, nothing distrusted. It costs nothing to make: a root is read
// when a chain asks for its name.
func DefaultStore() *Store { return &Store{embedded: true} }

// embeddedAnchors returns the embedded anchors with this subject. A root that
// could not be read is left out, which can only make verdicts worse; a test
// reads them all.
func embeddedAnchors(rawSubject []byte) []*Anchor {
	var found []*Anchor
	for _, r := range roots.BySubject(rawSubject) {
		if a := embeddedAnchor(r); a != nil {
			found = append(found, a)
		}
	}
	return found
}

func embeddedAnchor(r *roots.Root) *Anchor {
	kind := anchorKinds[r.Class]
	if kind == UnknownAnchor {
		return nil
	}
	c, err := r.Certificate()
	if err != nil {
		return nil
	}
	a := &Anchor{
		Certificate:  c,
		Kind:         kind,
		Source:       "embedded roots, list of " + roots.ListDate().Format(time.DateOnly),
		Restrictions: restrictions(r.Policy),
	}
	if r.Class == roots.ProductTimeStamping {
		a.Restrictions.EKUs = []string{OIDTimeStamping} // nothing else is ever signed under them
	}
	return a
}

// ProgramRestrictions returns what the embedded facts of the Microsoft root
// program say of a root, embedded or not; false when the program does not list
// it. Add does not apply them to a root of the user's: whoever describes a
// machine whose roots came from the program puts them into the Entry.
func ProgramRestrictions(c *cert.Certificate) (Restrictions, bool) {
	p, ok := roots.Facts(c.SHA256())
	return restrictions(p), ok
}

func restrictions(p roots.Policy) Restrictions {
	return Restrictions{
		EKUs: p.EKUs, DisallowedEKUs: p.DisabledEKUs, DisabledAt: p.Disable,
		NotBefore: p.NotBefore, NotBeforeEKUs: p.NotBeforeEKUs,
	}
}

// anchorKinds says what the classes of embedded roots are as anchors. A class
// that is not here ends no chain.
var anchorKinds = map[roots.Class]AnchorKind{
	roots.Product:             ProductRoot,
	roots.ProductTimeStamping: ProductRoot,
	roots.Program:             ProgramRoot,
	roots.CodeVerification:    CodeVerificationRoot,
}
