package trust

import (
	"time"

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
		c, err := r.Certificate()
		kind := anchorKinds[r.Class]
		if err != nil || kind == UnknownAnchor {
			continue
		}
		found = append(found, &Anchor{
			Certificate: c,
			Kind:        kind,
			Source:      "embedded roots, list of " + roots.ListDate().Format(time.DateOnly),
			Restrictions: Restrictions{
				EKUs: r.EKUs, DisallowedEKUs: r.DisabledEKUs, DisabledAt: r.Disable,
				NotBefore: r.NotBefore, NotBeforeEKUs: r.NotBeforeEKUs,
			},
		})
	}
	return found
}

// anchorKinds says which classes of embedded roots are anchors. Others, the
// UEFI marketplace root for one, are there to be recognised and end no chain.
var anchorKinds = map[roots.Class]AnchorKind{
	roots.Product:          ProductRoot,
	roots.Program:          ProgramRoot,
	roots.CodeVerification: CodeVerificationRoot,
}
