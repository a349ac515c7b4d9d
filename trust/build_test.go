package trust

import (
	"testing"
	"time"

	"prestage/authenticode"
	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
)

// parse reads a certificate that signtest made.
func parse(t testing.TB, c *signtest.Certificate) *cert.Certificate {
	t.Helper()
	p, err := cert.Parse(c.Raw)
	if err != nil {
		t.Fatalf("%s: %v", c.Subject, err)
	}
	return p
}

func parseAll(t testing.TB, cs ...*signtest.Certificate) []*cert.Certificate {
	t.Helper()
	var out []*cert.Certificate
	for _, c := range cs {
		out = append(out, parse(t, c))
	}
	return out
}

// family is a set of certificates by name, made by one-field overrides of an
// ordinary hierarchy: "root" issues "ca", which issues "leaf".
type family struct {
	t     testing.TB
	certs map[string]*signtest.Certificate
	names map[[32]byte]string
	keys  int
}

func newFamily(t testing.TB) *family {
	return &family{t: t, certs: map[string]*signtest.Certificate{}, names: map[[32]byte]string{}}
}

// edit changes a template; edits are the defects of a test case.
type edit func(*signtest.Template)

// add makes a certificate below the one called issuer; "" makes it
// self-signed. Each gets the next committed key.
func (f *family) add(name, issuer string, t signtest.Template, edits ...edit) *family {
	for _, e := range edits {
		if e != nil {
			e(&t)
		}
	}
	if t.Key == nil {
		f.keys++
		t.Key = signtest.NamedKey([]string{"rsa2048-1", "rsa2048-2", "rsa2048-3", "rsa2048-4", "rsa2048-5", "rsa2048-6", "rsa2048-7", "rsa2048-8", "rsa2048-9", "rsa2048-10"}[(f.keys-1)%10])
	}
	c := (*signtest.Certificate)(nil)
	if issuer == "" {
		c = signtest.NewRoot(t)
	} else {
		c = f.certs[issuer].Issue(t)
	}
	f.certs[name] = c
	f.names[c.SHA256()] = name
	return f
}

func (f *family) ca(name, issuer string, edits ...edit) *family {
	return f.add(name, issuer, signtest.CATemplate(signtest.DN("O=Test", "CN="+name), nil), edits...)
}

func (f *family) leaf(name, issuer string, edits ...edit) *family {
	return f.add(name, issuer, signtest.LeafTemplate(signtest.DN("O=Test", "CN="+name), nil, OIDCodeSigning), edits...)
}

// get parses certificates by name.
func (f *family) get(names ...string) []*cert.Certificate {
	f.t.Helper()
	var out []*cert.Certificate
	for _, n := range names {
		if f.certs[n] == nil {
			f.t.Fatalf("no certificate %q", n)
		}
		out = append(out, parse(f.t, f.certs[n]))
	}
	return out
}

// called names the certificates of a chain.
func (f *family) called(chain []*cert.Certificate) []string {
	var out []string
	for _, c := range chain {
		name := f.names[c.SHA256()]
		if name == "" {
			name = c.Subject.String()
		}
		out = append(out, name)
	}
	return out
}

// signature is one whose mathematics holds, by the first certificate.
func signature(certs []*cert.Certificate, stamps ...*authenticode.Timestamp) *authenticode.Signature {
	return &authenticode.Signature{SignerCount: 1, Signer: certs[0], Certificates: certs, Timestamps: stamps}
}

// stampAt is a time stamp whose mathematics holds, by the leaf of a
// time-stamping hierarchy.
func stampAt(t testing.TB, at time.Time, h *signtest.Hierarchy) *authenticode.Timestamp {
	return &authenticode.Timestamp{
		Kind: authenticode.TimestampRFC3161, Time: at,
		Signer: parse(t, h.Leaf), Certificates: parseAll(t, append(h.Chain(), h.Leaf)...),
	}
}

// build finds chains as for a signature that holds.
func build(leaf *cert.Certificate, carried []*cert.Certificate, s *Store) *search {
	return newInquiry(&authenticode.Signature{}, s, Options{}).build(leaf, carried)
}

// Edits that several cases use.

func valid(from, to string) edit {
	return func(t *signtest.Template) { t.NotBefore, t.NotAfter = date(from), date(to) }
}

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func ekus(oids ...string) edit {
	return func(t *signtest.Template) { t.EKUs = append([]string{}, oids...) }
}

func noUsages(t *signtest.Template) { t.EKUs = nil }

func named(cn string) edit {
	return func(t *signtest.Template) { t.Subject = signtest.DN("O=Test", "CN="+cn) }
}

func key(name string) edit { return func(t *signtest.Template) { t.Key = signtest.NamedKey(name) } }

func signedWith(a signtest.Algorithm) edit {
	return func(t *signtest.Template) { t.Algorithm = a }
}

func pathLen(n int) edit {
	return func(t *signtest.Template) {
		t.BasicConstraints = &signtest.BasicConstraints{CA: true, MaxPathLen: &n}
	}
}

func critical(oid string, value []byte) edit {
	return func(t *signtest.Template) {
		t.Extensions = append(t.Extensions, signtest.Extension{OID: oid, Critical: true, Value: value})
	}
}

// firstCode is the code of the first problem, or OK.
func firstCode(ps []Problem) winerror.Code {
	if len(ps) == 0 {
		return winerror.OK
	}
	return ps[0].Code
}

// reasonsOf lists the reasons of problems.
func reasonsOf(ps []Problem) []Reason {
	var out []Reason
	for _, p := range ps {
		out = append(out, p.Reason)
	}
	return out
}

// Short names for the types of package authenticode that tests fill in.
type (
	timestamp           = authenticode.Timestamp
	authenticodeProblem = authenticode.Problem
)
