package trust

import (
	"crypto"
	"crypto/md5"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/trust/roots"
)

// rootList is a list of trusted roots, in a file.
func rootList(subjects ...signtest.TrustedSubject) signtest.TrustList {
	return signtest.TrustList{
		Usage: []string{signtest.OIDRootListSigner}, SequenceNumber: sequence(100), ThisUpdate: signtest.SigningTime(),
		SubjectAlgorithm: signtest.OIDSHA1, Subjects: subjects,
	}
}

// disallowedList is a list of disallowed certificates.
func disallowedList(ids ...[]byte) signtest.TrustList {
	l := signtest.TrustList{
		Usage: []string{signtest.OIDDisallowedList}, ListIdentifier: signtest.UTF16("DisallowedCert_AutoUpdate_1"),
		SequenceNumber: sequence(100), ThisUpdate: signtest.SigningTime(), SubjectAlgorithm: signtest.OIDDisallowedHash,
	}
	for _, id := range ids {
		l.Subjects = append(l.Subjects, signtest.TrustedSubject{Identifier: id})
	}
	return l
}

// listed is an entry with properties.
func listed(der []byte, properties ...signtest.Property) signtest.TrustedSubject {
	s := signtest.TrustedSubject{Identifier: digestOf(crypto.SHA1, der)}
	s.Attributes = append(s.Attributes, signtest.PropertyAttribute(98, digestOf(crypto.SHA256, der)))
	for _, p := range properties {
		s.Attributes = append(s.Attributes, signtest.PropertyAttribute(p.ID, p.Value))
	}
	return s
}

func digestOf(h crypto.Hash, b []byte) []byte {
	w := h.New()
	w.Write(b)
	return w.Sum(nil)
}

// listOptions believe the signers of the tests.
func listOptions(t testing.TB, h *signtest.Hierarchy) ReadOptions {
	return ReadOptions{listRoot: parse(t, h.Root)}
}

// TestTrustList: what makes a list believed, refused, and damaged.
func TestTrustList(t *testing.T) {
	h := signtest.ListSigners(nil)
	some := signtest.Commercial(nil).Root.Raw
	rootSigner, badSigner := h.SignerAs(h.Role("roots")), h.SignerAs(h.Role("disallowed"))
	edit := func(change func(*signtest.TrustList)) signtest.TrustList {
		l := rootList(listed(some))
		change(&l)
		return l
	}
	good := signtest.SignList(rootList(listed(some)), rootSigner)
	broken := rootSigner
	broken.Signature = signtest.FlipLastBit
	expired := signtest.ListSigners(signtest.Override{"roots": func(t *signtest.Template) {
		t.NotBefore, t.NotAfter = signtest.Date(2024, 1, 1), signtest.Date(2025, 1, 1)
	}})
	noUsage := signtest.ListSigners(signtest.Override{"roots": func(t *signtest.Template) { t.EKUs = nil }})
	other := signtest.Lookalike(nil)
	for _, c := range []struct {
		name string
		data []byte
		root *signtest.Hierarchy // nil: h
		err  error               // nil: believed
		text string
	}{
		{"list of roots", good, nil, nil, ""},
		{"list of disallowed", signtest.SignList(disallowedList(make([]byte, 20)), badSigner), nil, nil, ""},
		{"empty list of roots", signtest.SignList(rootList(), rootSigner), nil, nil, ""},

		{"signed for the other list", signtest.SignList(rootList(listed(some)), badSigner), nil, ErrUnverifiedList, "CERT_E_WRONG_USAGE"},
		{"disallowed by the other signer", signtest.SignList(disallowedList(), rootSigner), nil, ErrUnverifiedList, "CERT_E_WRONG_USAGE"},
		{"signed by a driver's signer", signtest.SignList(rootList(listed(some)), signtest.Commercial(nil).Signer()), nil, ErrUnverifiedList, ""},
		{"signer for any usage", signtest.SignList(rootList(listed(some)), noUsage.Signer()), noUsage, ErrUnverifiedList, "CERT_E_WRONG_USAGE"},
		{"not signed", signtest.SignList(rootList(listed(some))), nil, ErrUnverifiedList, "TRUST_E_NOSIGNATURE"},
		{"signature broken", signtest.SignList(rootList(listed(some)), broken), nil, ErrUnverifiedList, "signature"},
		{"another root", good, other, ErrUnverifiedList, "CERT_E_CHAINING"},
		{"signer expired at the list's date", signtest.SignList(rootList(listed(some)), expired.Signer()), expired, ErrUnverifiedList, "CERT_E_EXPIRED"},
		{"content changed", flip(good, len(good)/4), nil, nil, "any"},

		{"subjects by SHA-256", signtest.SignList(edit(func(l *signtest.TrustList) { l.SubjectAlgorithm = signtest.OIDSHA256 }), rootSigner), nil, ErrList, "subjects named by"},
		{"identifier too short", signtest.SignList(edit(func(l *signtest.TrustList) { l.Subjects[0].Identifier = []byte{1} }), rootSigner), nil, ErrList, "entry 1"},
		{"disallowed identifier too short", signtest.SignList(disallowedList(make([]byte, 20), make([]byte, 15)), badSigner), nil, ErrList, "entry 2"},
		{"disallowed identifier too long", signtest.SignList(disallowedList(make([]byte, 65)), badSigner), nil, ErrList, "entry 1"},
		{"root listed twice", signtest.SignList(rootList(listed(some), listed(some)), rootSigner), nil, ErrList, "twice"},
		{"two usages", signtest.SignList(edit(func(l *signtest.TrustList) { l.Usage = append(l.Usage, signtest.OIDDisallowedList) }), rootSigner), nil, ErrList, "usage"},
		{"damaged property", signtest.SignList(rootList(listed(some, property(104, []byte{1}))), rootSigner), nil, ErrList, "property 104"},
		{"property twice", signtest.SignList(rootList(listed(some, property(104, nil), property(104, signtest.FileTime(may)))), rootSigner), nil, ErrList, "twice"},
		{"property that is no octet string", signtest.SignList(edit(func(l *signtest.TrustList) {
			l.Subjects[0].Attributes[0].Values = [][]byte{signtest.Null()}
		}), rootSigner), nil, ErrList, "entry 1"},
		{"bytes behind it", append(slices.Clone(good), 0, 0), nil, nil, "any"},
		{"cut off", good[:len(good)-9], nil, nil, "any"},
		{"usage unknown", signtest.SignList(edit(func(l *signtest.TrustList) { l.Usage = []string{"1.3.6.1.4.1.311.10.3.1"} }), rootSigner), nil, ErrUnknownFormat, ""},
		{"catalog", signtest.NewPackage().Build()["gadget.cat"], nil, ErrUnknownFormat, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := h
			if c.root != nil {
				root = c.root
			}
			got, err := ReadContents("x.stl", c.data, listOptions(t, root))
			if c.err == nil && c.text == "" {
				must(t, err)
				if len(got.Lists) != 1 || !got.Lists[0].Verified || got.Lists[0].Problem != "" || got.Lists[0].Signer == nil || len(got.Items) != 0 {
					t.Errorf("%+v", got)
				}
				return
			}
			if err == nil || got != nil || c.err != nil && !errors.Is(err, c.err) || c.text != "any" && !strings.Contains(err.Error(), c.text) || !strings.HasPrefix(err.Error(), "x.stl: ") {
				t.Errorf("contents %v, error %v", got, err)
			}
			// Damage is not forgiven by the option that forgives missing proof,
			// nor the other way round.
			o := listOptions(t, root)
			o.SkipBad = true
			if _, err := ReadContents("x.stl", c.data, o); errors.Is(c.err, ErrUnverifiedList) && !errors.Is(err, ErrUnverifiedList) {
				t.Errorf("skipped: %v", err)
			}
			o = listOptions(t, root)
			o.AcceptUnsignedList = true
			got, err = ReadContents("x.stl", c.data, o)
			if forgiven := errors.Is(c.err, ErrUnverifiedList); c.text != "any" && forgiven != (err == nil) {
				t.Errorf("accepted without proof: %v", err)
			} else if forgiven && (got.Lists[0].Verified || got.Lists[0].Problem == "" || got.Lists[0].Signer != nil) {
				t.Errorf("%+v", got.Lists[0].ListInfo)
			}
		})
	}
	// Nothing but Microsoft's own root counts outside of tests.
	if _, err := ReadContents("x.stl", good, ReadOptions{}); !errors.Is(err, ErrUnverifiedList) {
		t.Errorf("believed: %v", err)
	}
	root, err := listRoot()
	must(t, err)
	if root.Subject.CommonName() != "Microsoft Root Certificate Authority 2010" {
		t.Errorf("lists are proven by %s", root.Subject)
	}
}

func flip(b []byte, at int) []byte {
	b = slices.Clone(b)
	b[at] ^= 1
	return b
}

// load writes a file and loads it.
func load(t *testing.T, s *Store, r Role, o ReadOptions, name string, data []byte) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, data, 0o666))
	return s.Load(r, path, o)
}

// TestRootListReplaces: a user's list takes the place of the embedded facts
// for embedded anchors and for AuthRoot, and for nothing else.
func TestRootListReplaces(t *testing.T) {
	h := signtest.ListSigners(nil)
	var product, stamping, program, gone, kernel *roots.Root
	for _, r := range roots.All() {
		switch {
		case r.Class == roots.Product && r.Listed && r.Disable.IsZero():
			product = r
		case r.Class == roots.ProductTimeStamping:
			stamping = r
		case r.Class == roots.CodeVerification:
			kernel = r
		case r.Class == roots.Program && program == nil:
			program = r
		case r.Class == roots.Program:
			gone = r
		}
	}
	wrong := listed(gone.DER())
	wrong.Attributes = []signtest.Attribute{signtest.PropertyAttribute(98, make([]byte, 32))}
	list := signtest.SignList(rootList(
		listed(product.DER(), property(122, signtest.UsageList(OIDCodeSigning))),
		listed(stamping.DER()),
		listed(program.DER(), property(104, signtest.FileTime(may))),
		wrong,
	), h.Signer())
	s := DefaultStore()
	if info := s.Lists(); len(info) != 1 || info[0].Source != "embedded" || info[0].Verified || !info[0].Date.Equal(roots.ListDate()) {
		t.Errorf("lists %+v", info)
	}
	must(t, load(t, s, Root, listOptions(t, h), "authroot.stl", list))
	anchors := func(r *roots.Root) []*Anchor { return s.anchorsNamed(r.RawSubject()) }

	if a := anchors(product); len(a) != 1 || !slices.Equal(a[0].Restrictions.DisallowedEKUs, []string{OIDCodeSigning}) || a[0].Kind != ProductRoot || !strings.Contains(a[0].Source, "2026-03-02") {
		t.Errorf("product root %+v", a)
	}
	if a := anchors(stamping); len(a) != 1 || !slices.Equal(a[0].Restrictions.EKUs, []string{OIDTimeStamping}) {
		t.Errorf("time-stamping root %+v", a)
	}
	if a := anchors(program); len(a) != 1 || !a[0].Restrictions.DisabledAt.Equal(may) || a[0].Restrictions.EKUs != nil {
		t.Errorf("program root %+v", a)
	}
	for _, a := range anchors(gone) {
		if a.Certificate.SHA256() == gone.SHA256 {
			t.Errorf("a root with another SHA-256 in the list is there")
		}
	}
	if a := anchors(kernel); len(a) != 1 {
		t.Errorf("Code Verification Root: %+v", a)
	}
	if got := DefaultStore().anchorsNamed(program.RawSubject()); got[0].Restrictions.DisabledAt.Equal(may) {
		t.Error("another store has changed")
	}
	info := s.Lists()
	if len(info) != 1 || !strings.HasSuffix(info[0].Source, "authroot.stl") || !info[0].Verified || !info[0].Date.Equal(signtest.SigningTime()) || info[0].SequenceNumber.Int64() != 100 || info[0].Entries != 4 {
		t.Errorf("lists %+v", info)
	}
	if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], "older than the facts that come with the program") {
		t.Errorf("warnings %q", w)
	}

	// What an administrator put into Root is his; AuthRoot is the program's.
	own := parse(t, signtest.Commercial(nil).Root)
	must(t, s.Add(Root, Entry{Certificate: own}))
	if len(s.anchorsFor(own)) != 1 {
		t.Error("the user's own root is gone")
	}
	p, err := program.Certificate()
	must(t, err)
	g, err := gone.Certificate()
	must(t, err)
	m := NewMachineStore()
	must(t, m.Add(AuthRoot, Entry{Certificate: p}))
	must(t, m.Add(AuthRoot, Entry{Certificate: g}))
	must(t, load(t, m, Root, listOptions(t, h), "authroot.stl", list))
	if a := m.anchorsFor(p); len(a) != 1 || !a[0].Restrictions.DisabledAt.Equal(may) {
		t.Errorf("AuthRoot: %+v", a)
	}
	if a := m.anchorsFor(g); len(a) != 0 {
		t.Errorf("AuthRoot: removed root is there: %+v", a)
	}
}

// TestNewestList: the larger sequence number wins, in whichever order, and
// nothing unproven wins over what is proven.
func TestNewestList(t *testing.T) {
	h := signtest.ListSigners(nil)
	some := signtest.Commercial(nil).Root.Raw
	numbered := func(n int64, signers ...signtest.Signer) []byte {
		l := rootList(listed(some))
		l.SequenceNumber = sequence(n)
		if n == 0 {
			l.SequenceNumber = nil
		}
		return signtest.SignList(l, signers...)
	}
	o := listOptions(t, h)
	o.AcceptUnsignedList = true
	for _, c := range []struct {
		name          string
		first, second []byte
		want          string
	}{
		{"newer second", numbered(5, h.Signer()), numbered(6, h.Signer()), "2.stl"},
		{"newer first", numbered(6, h.Signer()), numbered(5, h.Signer()), "1.stl"},
		{"the same", numbered(6, h.Signer()), numbered(6, h.Signer()), "1.stl"},
		{"without number first", numbered(0, h.Signer()), numbered(1, h.Signer()), "2.stl"},
		{"without number second", numbered(1, h.Signer()), numbered(0, h.Signer()), "1.stl"},
		{"unproven and newer", numbered(5, h.Signer()), numbered(6), "1.stl"},
		{"proven and older", numbered(6), numbered(5, h.Signer()), "2.stl"},
	} {
		s := DefaultStore()
		must(t, load(t, s, Root, o, "1.stl", c.first))
		must(t, load(t, s, Root, o, "2.stl", c.second))
		if got := s.Lists(); len(got) != 1 || filepath.Base(got[0].Source) != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
		if len(s.Warnings()) < 2 {
			t.Errorf("%s: warnings %q", c.name, s.Warnings())
		}
	}
}

// TestDisallowedList: by signature hash and by public key, for every
// certificate of a chain.
func TestDisallowedList(t *testing.T) {
	h := signtest.ListSigners(nil)
	f := newFamily(t)
	ordinary(map[string]edit{"ca": signedWith(signtest.Algorithm{Hash: crypto.SHA1})})(f)
	keyID := func(c *cert.Certificate) []byte {
		sum := md5.Sum(publicKeyBits(c))
		return sum[:]
	}
	tbs := func(c *cert.Certificate) []byte {
		_, sum, err := c.TBSHash()
		must(t, err)
		return sum
	}
	leaf, ca, root := f.get("leaf")[0], f.get("ca")[0], f.get("root")[0]
	if len(tbs(ca)) != 20 || len(tbs(leaf)) != 32 {
		t.Fatal("the digests are not those of the signatures")
	}
	for _, c := range []struct {
		name string
		id   []byte
		bad  bool
	}{
		{"leaf by signature hash", tbs(leaf), true},
		{"authority by signature hash", tbs(ca), true},
		{"root by signature hash", tbs(root), true},
		{"leaf by key", keyID(leaf), true},
		{"authority by key", keyID(ca), true},
		{"root by key", keyID(root), true},
		{"by certificate hash, which is none of the two", digestOf(crypto.SHA1, ca.Raw), false},
		{"somebody else", make([]byte, 32), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewStore()
			s.AddRoot(root, "test")
			must(t, load(t, s, Distrusted, listOptions(t, h), "disallowedcert.stl", signtest.SignList(disallowedList(c.id), h.SignerAs(h.Role("disallowed")))))
			v := Verify(signature(f.get("leaf", "ca")), s, Options{At: signtest.Now(), Purpose: CodeSigning})
			if v.Trusted == c.bad || c.bad && (v.Problems[0].Reason != Disallowed || v.Publisher != DisallowedPublisher) {
				t.Errorf("trusted %v, %v, publisher %v", v.Trusted, v.Problems, v.Publisher)
			}
			if info := s.Lists(); len(info) != 1 || info[0].Kind != DisallowedList {
				t.Errorf("lists %+v", info)
			}
		})
	}
}

// TestWrongStore: a list or a store given for another one is refused.
func TestWrongStore(t *testing.T) {
	h := signtest.ListSigners(nil)
	c := signtest.Commercial(nil)
	trusted := signtest.SignList(rootList(listed(c.Root.Raw)), h.Signer())
	bad := signtest.SignList(disallowedList(), h.SignerAs(h.Role("disallowed")))
	publishers := signtest.RegistryExport(signtest.RegistryStore{Name: "TrustedPublisher", Elements: []signtest.StoreElement{element(c.Leaf)}})
	o := listOptions(t, h)
	for _, x := range []struct {
		role Role
		data []byte
		ok   bool
	}{
		{Root, trusted, true}, {Distrusted, bad, true}, {Publishers, publishers, true},
		{Distrusted, trusted, false}, {Intermediate, trusted, false}, {Publishers, trusted, false},
		{Root, bad, false}, {Publishers, bad, false},
		{Root, publishers, false}, {Distrusted, publishers, false}, {Intermediate, publishers, false},
	} {
		err := load(t, NewStore(), x.role, o, "x", x.data)
		if x.ok && err != nil || !x.ok && (!errors.Is(err, ErrWrongStore) || !strings.Contains(err.Error(), "--machine")) {
			t.Errorf("%v: %v", x.role, err)
		}
	}
}

// TestStaleFacts: the embedded facts grow old, and nothing else does.
func TestStaleFacts(t *testing.T) {
	h := signtest.ListSigners(nil)
	date := roots.ListDate()
	warned := func(s *Store, at time.Time) bool { return len(s.WarningsAt(at)) > len(s.Warnings()) }
	s := DefaultStore()
	if warned(s, date.AddDate(1, 0, 0)) || !warned(s, date.AddDate(1, 0, 1)) || warned(s, date.AddDate(-1, 0, 0)) {
		t.Error("not after a year")
	}
	if warned(NewStore(), date.AddDate(5, 0, 0)) || warned(NewMachineStore(), date.AddDate(5, 0, 0)) {
		t.Error("warned of facts that nobody asks")
	}
	must(t, load(t, s, Root, listOptions(t, h), "authroot.stl", signtest.SignList(rootList(), h.Signer())))
	if warned(s, date.AddDate(5, 0, 0)) {
		t.Error("warned although a list was given")
	}
}
