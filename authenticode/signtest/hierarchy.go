package signtest

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Override changes the templates of a hierarchy before its certificates are
// made, by the role of the certificate: each hierarchy lists its roles. A
// role that the hierarchy does not have panics.
type Override map[string]func(*Template)

// Hierarchy is an authority with everything below it: the certificates of a
// family, by role. The certificates may be shared with other tests: make new
// ones instead of changing them.
type Hierarchy struct {
	// Root is the anchor, CA the intermediate that issues, Leaf the ordinary
	// signer.
	Root, CA, Leaf *Certificate
	// Leaves holds every end certificate by role, Leaf among them.
	Leaves map[string]*Certificate
	// Cross has the root's name and key and is issued by CodeVerification, an
	// imitation of Microsoft's root of that name; both are nil in most
	// hierarchies.
	Cross, CodeVerification *Certificate
}

// builder makes certificates with overrides and notices unused ones.
type builder struct {
	override Override
	used     []string
}

func (b *builder) template(role string, t Template) Template {
	b.used = append(b.used, role)
	if change := b.override[role]; change != nil {
		change(&t)
	}
	return t
}

func (b *builder) done() {
	for role := range b.override {
		if !slices.Contains(b.used, role) {
			panic(fmt.Sprintf("signtest: no certificate has role %q; there are %q", role, b.used))
		}
	}
}

// CATemplate is a certification authority, for use as it is or changed.
func CATemplate(subject Name, key *Key) Template {
	return Template{
		Subject: subject, Key: key,
		NotBefore: Date(2016, 1, 1), NotAfter: Date(2046, 1, 1),
		BasicConstraints: &BasicConstraints{CA: true},
		KeyUsage:         x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
}

// LeafTemplate is an end certificate with the given purposes, valid from
// 2025-06-01 to 2027-06-01: at [Now] and at [SigningTime], but not for ever.
func LeafTemplate(subject Name, key *Key, ekus ...string) Template {
	return Template{
		Subject: subject, Key: key,
		NotBefore: Date(2025, 6, 1), NotAfter: Date(2027, 6, 1),
		BasicConstraints: &BasicConstraints{},
		KeyUsage:         x509.KeyUsageDigitalSignature,
		EKUs:             ekus,
	}
}

// Commercial is the hierarchy of a commercial authority, Contoso, and its
// customer Fabrikam. Roles: root, ca, leaf.
func Commercial(o Override) *Hierarchy {
	if len(o) == 0 {
		return plainCommercial().clone()
	}
	b := &builder{override: o}
	h := b.commercial()
	b.done()
	return h
}

// plainCommercial saves the signatures of a hierarchy that nearly every test
// asks for.
var plainCommercial = sync.OnceValue(func() *Hierarchy { return new(builder).commercial() })

func (h *Hierarchy) clone() *Hierarchy {
	c := *h
	c.Leaves = maps.Clone(h.Leaves)
	return &c
}

func (b *builder) commercial() *Hierarchy {
	h := &Hierarchy{}
	h.Root = NewRoot(b.template("root", CATemplate(
		DN("C=US", "O=Contoso Trust Services", "CN=Contoso Code Signing Root R1"), NamedKey("rsa3072-1"))))
	ca := CATemplate(DN("C=US", "O=Contoso Trust Services", "CN=Contoso Code Signing CA 2"), NamedKey("rsa2048-1"))
	ca.EKUs = []string{EKUCodeSigning}
	h.CA = h.Root.Issue(b.template("ca", ca))
	h.Leaf = h.CA.Issue(b.template("leaf", LeafTemplate(
		DN("C=DE", "ST=Bayern", "L=München", "O=Fabrikam Geräte GmbH", "CN=Fabrikam Geräte GmbH"),
		NamedKey("rsa2048-2"), EKUCodeSigning)))
	h.Leaves = map[string]*Certificate{"leaf": h.Leaf}
	return h
}

// CrossCertified is [Commercial] with a second way up: a certificate for the
// root's name and key by an imitation of the Microsoft Code Verification
// Root. Roles: root, ca, leaf, cvr, cross.
func CrossCertified(o Override) *Hierarchy {
	b := &builder{override: o}
	h := b.commercial()
	h.CodeVerification = NewRoot(b.template("cvr", CATemplate(
		microsoftName("Microsoft Code Verification Root"), NamedKey("rsa2048-10"))))
	cross := h.Root.Template
	cross.NotBefore, cross.NotAfter = Date(2018, 1, 1), Date(2028, 1, 1)
	cross.Serial, cross.Issuer, cross.SPKI = nil, nil, nil
	h.Cross = h.CodeVerification.Issue(b.template("cross", cross))
	b.done()
	return h
}

func microsoftName(cn string) Name {
	return DN("C=US", "ST=Washington", "L=Redmond", "O=Microsoft Corporation", "CN="+cn)
}

// Lookalike imitates Microsoft's hardware signing: the same names, the same
// purposes, other keys. Nothing signed by it may ever count as Microsoft's,
// and a store in which the root was put by hand makes it a third party. The
// root has the very name of a real anchor, byte for byte.
//
// Roles: root, ca, whql (the Leaf), attested, extended, windows, elam,
// preview.
func Lookalike(o Override) *Hierarchy {
	b := &builder{override: o}
	h := &Hierarchy{Leaves: make(map[string]*Certificate)}
	h.Root = NewRoot(b.template("root", CATemplate(
		microsoftName("Microsoft Root Certificate Authority 2010"), NamedKey("rsa2048-6"))))
	h.CA = h.Root.Issue(b.template("ca", CATemplate(
		microsoftName("Microsoft Windows Third Party Component CA 2014"), NamedKey("rsa2048-7"))))
	hardware := microsoftName("Microsoft Windows Hardware Compatibility Publisher")
	key := NamedKey("rsa2048-8")
	for _, leaf := range []struct {
		role    string
		subject Name
		ekus    []string
	}{
		{"whql", hardware, []string{EKUWHQL, EKUCodeSigning}},
		{"attested", hardware, []string{EKUWHQLAttested, EKUWHQL, EKUCodeSigning}},
		{"extended", hardware, []string{EKUWHQLExtended, EKUWHQL, EKUCodeSigning}},
		{"windows", microsoftName("Microsoft Windows"), []string{EKUWindows, EKUCodeSigning}},
		{"elam", microsoftName("Microsoft Windows Early Launch Anti-malware Publisher"), []string{EKUELAM, EKUCodeSigning}},
		{"preview", hardware, []string{EKUPreviewBuild, EKUWHQL, EKUCodeSigning}},
	} {
		t := LeafTemplate(leaf.subject, key, leaf.ekus...)
		// The names repeat, so the role makes the serial number.
		t.Serial = derivedSerial([]byte(leaf.role))
		h.Leaves[leaf.role] = h.CA.Issue(b.template(leaf.role, t))
	}
	h.Leaf = h.Leaves["whql"]
	b.done()
	return h
}

// TimeStamping is the hierarchy of a time-stamping authority, Northwind.
// Roles: root, ca, leaf.
func TimeStamping(o Override) *Hierarchy {
	b := &builder{override: o}
	root := NewRoot(b.template("root", CATemplate(
		DN("C=GB", "O=Northwind Time", "CN=Northwind Time Stamping Root"), NamedKey("rsa2048-3"))))
	return b.timeStamping(root, DN("C=GB", "O=Northwind Time"), "Northwind")
}

// TimeStampingUnder is a time-stamping authority below a root that exists,
// usually that of the signer, so that one anchor is enough for both. Roles:
// ca, leaf.
func TimeStampingUnder(root *Certificate, o Override) *Hierarchy {
	return (&builder{override: o}).timeStamping(root, DN("C=US", "O=Contoso Trust Services"), "Contoso")
}

func (b *builder) timeStamping(root *Certificate, owner Name, name string) *Hierarchy {
	called := func(cn string) Name {
		return append(slices.Clone(owner), NameAttribute{Type: "CN", Value: name + " " + cn})
	}
	h := &Hierarchy{Root: root}
	h.CA = h.Root.Issue(b.template("ca", CATemplate(called("Time Stamping CA"), NamedKey("rsa2048-4"))))
	leaf := LeafTemplate(called("Time Stamping Unit 1"), NamedKey("rsa2048-5"), EKUTimeStamping)
	leaf.NotBefore, leaf.NotAfter = Date(2020, 1, 1), Date(2035, 1, 1)
	leaf.EKUCritical = true // RFC 3161, section 2.3
	h.Leaf = h.CA.Issue(b.template("leaf", leaf))
	h.Leaves = map[string]*Certificate{"leaf": h.Leaf}
	b.done()
	return h
}

// SelfSigned is a test certificate of the kind that makecert and
// New-SelfSignedCertificate make: leaf and root in one. Role: leaf.
func SelfSigned(o Override) *Hierarchy {
	b := &builder{override: o}
	t := LeafTemplate(DN("CN=Fabrikam Test Certificate"), NamedKey("rsa2048-9"), EKUCodeSigning)
	t.BasicConstraints = nil
	leaf := NewRoot(b.template("leaf", t))
	b.done()
	return &Hierarchy{Root: leaf, CA: leaf, Leaf: leaf, Leaves: map[string]*Certificate{"leaf": leaf}}
}

// Role returns an end certificate by role. It panics when there is none.
func (h *Hierarchy) Role(role string) *Certificate {
	c, ok := h.Leaves[role]
	if !ok {
		panic(fmt.Sprintf("signtest: the hierarchy has no leaf %q", role))
	}
	return c
}

// Chain is what a signature by the hierarchy carries besides the leaf: the
// issuing authority and the cross-certificate, but not the root (rule 93).
func (h *Hierarchy) Chain() []*Certificate {
	var chain []*Certificate
	if h.CA != h.Leaf {
		chain = append(chain, h.CA)
	}
	if h.Cross != nil {
		chain = append(chain, h.Cross)
	}
	return chain
}

// Signer is the ordinary signer of the hierarchy: its leaf, SHA-256, the
// chain carried, no time stamp.
func (h *Hierarchy) Signer() Signer { return h.SignerAs(h.Leaf) }

// SignerAs is [Hierarchy.Signer] with another certificate, usually one of
// Leaves.
func (h *Hierarchy) SignerAs(c *Certificate) Signer {
	return Signer{Certificate: c, Chain: h.Chain(), Statement: true, Opus: true}
}

// Stamp is an RFC 3161 time stamp by the hierarchy's leaf.
func (h *Hierarchy) Stamp() TimeStamp {
	return TimeStamp{Kind: RFC3161, TSA: h.Leaf, Chain: h.Chain()}
}

// CounterSignature is a PKCS #9 time stamp by the hierarchy's leaf.
func (h *Hierarchy) CounterSignature() TimeStamp {
	return TimeStamp{Kind: PKCS9, TSA: h.Leaf, Chain: h.Chain(), Digest: crypto.SHA1}
}

// Stamped returns the signer with time stamps.
func (s Signer) Stamped(stamps ...TimeStamp) Signer {
	s.TimeStamps = append(slices.Clone(s.TimeStamps), stamps...)
	return s
}
