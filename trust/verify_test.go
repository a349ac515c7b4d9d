package trust

import (
	"bytes"
	"crypto"
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"

	"prestage/authenticode"
	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
	"prestage/trust/roots"
)

// TestZeroIsUnknown: no zero value of an enum means anything good.
func TestZeroIsUnknown(t *testing.T) {
	for name, got := range map[string]string{
		"Authority":  Authority(0).String(),
		"Publisher":  Publisher(0).String(),
		"Purpose":    Purpose(0).String(),
		"TimeSource": TimeSource(0).String(),
		"AnchorKind": AnchorKind(0).String(),
		"Role":       Role(0).String(),
		"Reason":     Reason(0).String(),
	} {
		if got != "unknown" {
			t.Errorf("%s(0) is %q", name, got)
		}
	}
	for name, got := range map[string]string{
		"Authority": Authority(99).String(), "Publisher": Publisher(-1).String(), "Purpose": Purpose(-1).String(),
		"TimeSource": TimeSource(99).String(), "AnchorKind": AnchorKind(99).String(), "Role": Role(99).String(), "Reason": Reason(999).String(),
	} {
		if got != "unknown" {
			t.Errorf("%s out of range is %q", name, got)
		}
	}
	if (Verdict{}).Trusted {
		t.Error("zero verdict is trusted")
	}
}

// TestWords: the words of the report.
func TestWords(t *testing.T) {
	var got []string
	for a := UnknownAuthority; a <= Test; a++ {
		got = append(got, a.String())
	}
	if want := []string{"unknown", "windows", "whql", "whql-attested", "elam", "microsoft", "third-party", "test"}; !slices.Equal(got, want) {
		t.Errorf("authorities %q", got)
	}
}

// TestReasonTable: every reason has one row, an id of its own, and a text;
// reasons that stand against trust have a code.
func TestReasonTable(t *testing.T) {
	ids := map[string]bool{}
	for r := UnknownReason; r <= LifetimeSigning; r++ {
		row := r.row()
		if row.reason != r || row.text == "" || ids[row.id] {
			t.Errorf("reason %d: row %+v", r, row)
		}
		ids[row.id] = true
	}
	if len(reasons) != int(LifetimeSigning)+1 {
		t.Errorf("%d rows for %d reasons", len(reasons), LifetimeSigning+1)
	}
	p := Problem{Reason: Expired, Code: winerror.CertExpired, Detail: "until then"}
	if got, want := p.Error(), "0x800B0101 CERT_E_EXPIRED: the certificate was not valid at the time that counts: until then"; got != want {
		t.Errorf("%q", got)
	}
	if got := problem(SHA1Link, nil, "").Error(); got != "the certificate is signed with SHA-1" {
		t.Errorf("note %q", got)
	}
}

// TestNothingToTrust: signatures that are none, and callers who ask nothing.
func TestNothingToTrust(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	store := NewStore()
	store.AddRoot(f.get("root")[0], "test")
	good := Options{At: signtest.Now(), Purpose: CodeSigning}
	sig := func(change func(*authenticode.Signature)) *authenticode.Signature {
		s := signature(f.get("leaf", "ca"))
		if change != nil {
			change(s)
		}
		return s
	}
	for _, c := range []struct {
		name string
		sig  *authenticode.Signature
		o    Options
		want []Reason
	}{
		{"blameless", sig(nil), good, nil},
		{"no signature", nil, good, []Reason{NoSignature}},
		{"no signer (L12)", sig(func(s *authenticode.Signature) { s.SignerCount, s.Signer = 0, nil }), good, []Reason{NoSignature}},
		{"no signer, certificate named all the same", sig(func(s *authenticode.Signature) { s.SignerCount = 0 }), good, []Reason{NoSignature}},
		{"signer not carried", sig(func(s *authenticode.Signature) { s.Signer, s.SignerSerial = nil, big.NewInt(7) }), good, []Reason{NoSignerCertificate}},
		{"mathematics", sig(func(s *authenticode.Signature) {
			s.Problem = &authenticode.Problem{Code: winerror.TrustBadDigest, Detail: "digest differs"}
		}), good, []Reason{BadSignature}},
		{"no clock", sig(nil), Options{Purpose: CodeSigning}, []Reason{NoClock, Expired, Expired}},
		{"no purpose", sig(nil), Options{At: signtest.Now()}, []Reason{NoClock, WrongPurpose, WrongPurpose, WrongPurpose}},
		{"purpose that does not exist", sig(nil), Options{At: signtest.Now(), Purpose: 99}, []Reason{NoClock, WrongPurpose}},
		{"another purpose", sig(nil), Options{At: signtest.Now(), Purpose: TimeStamping}, []Reason{WrongPurpose}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Verify(c.sig, store, c.o)
			if v.Trusted != (c.want == nil) {
				t.Fatalf("trusted %v, %v", v.Trusted, v.Problems)
			}
			if c.want != nil && v.Problems[0].Reason != c.want[0] {
				t.Errorf("problems %v, want %v first", v.Problems, c.want[0])
			}
			if c.name == "mathematics" && v.Problems[0].Code != winerror.TrustBadDigest {
				t.Errorf("code %v is not that of the mathematics", v.Problems[0].Code)
			}
			checkInvariants(t, v)
		})
	}
}

// TestPublisher is rules 132 to 134.
func TestPublisher(t *testing.T) {
	f := newFamily(t)
	f.ca("root", "").ca("ca", "root").leaf("leaf", "ca", nil).leaf("renewed", "ca", named("leaf")).leaf("self", "", nil)
	for _, c := range []struct {
		name, roots, publishers, disallowed, carried string

		trusted bool
		want    Publisher
	}{
		{"exact leaf", "root", "leaf", "", "leaf ca", true, TrustedPublisher},
		{"not listed", "root", "", "", "leaf ca", true, NotListed},
		{"renewed leaf is another publisher", "root", "leaf", "", "renewed ca", true, NotListed},
		{"authority listed says nothing", "root", "ca root", "", "leaf ca", true, NotListed},
		{"self-signed in root and publishers", "self", "self", "", "self", true, TrustedPublisher},
		{"self-signed in root only", "self", "", "", "self", true, NotListed},
		{"self-signed in publishers only", "", "self", "", "self", false, TrustedPublisher},
		{"leaf disallowed", "root", "", "leaf", "leaf ca", false, DisallowedPublisher},
		{"leaf trusted and disallowed", "root", "leaf", "leaf", "leaf ca", false, DisallowedPublisher},
		{"authority disallowed", "root", "leaf", "ca", "leaf ca", false, DisallowedPublisher},
		{"another disallowed", "root", "leaf", "renewed", "leaf ca", true, TrustedPublisher},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewStore()
			for _, x := range f.get(split(c.roots)...) {
				s.AddRoot(x, "test")
			}
			for _, x := range f.get(split(c.publishers)...) {
				s.AddTrustedPublisher(x)
			}
			for _, x := range f.get(split(c.disallowed)...) {
				s.AddDisallowed(x)
			}
			v := Verify(signature(f.get(split(c.carried)...)), s, Options{At: signtest.Now(), Purpose: CodeSigning})
			if v.Publisher != c.want || v.Trusted != c.trusted {
				t.Errorf("publisher %v, trusted %v, %v", v.Publisher, v.Trusted, v.Problems)
			}
			if c.want == DisallowedPublisher && !v.OnlyProblem(Disallowed) {
				t.Errorf("distrust is not the only problem: %v", v.Problems)
			}
			if c.trusted && v.OnlyProblem(Disallowed) {
				t.Error("a verdict without problems has one")
			}
		})
	}
}

// TestTimeSource: which kind of time stamp counted is told.
func TestTimeSource(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	tsa := signtest.TimeStamping(nil)
	store := NewStore()
	store.AddRoot(f.get("root")[0], "test")
	store.AddRoot(parse(t, tsa.Root), "test")
	for kind, want := range map[authenticode.TimestampKind]TimeSource{
		authenticode.TimestampPKCS9: PKCS9Stamp, authenticode.TimestampRFC3161: RFC3161Stamp,
	} {
		s := stampAt(t, date("2026-03-02"), tsa)
		s.Kind = kind
		v := Verify(signature(f.get("leaf", "ca"), s), store, Options{At: signtest.Now(), Purpose: CodeSigning})
		if !v.Trusted || v.TimeSource != want || !v.JudgedAt.Equal(date("2026-03-02")) {
			t.Errorf("%v: %v at %v, %v", kind, v.TimeSource, v.JudgedAt, v.Problems)
		}
	}
	v := Verify(signature(f.get("leaf", "ca")), store, Options{At: signtest.Now(), Purpose: CodeSigning})
	if !v.Trusted || v.TimeSource != Clock || v.JudgedAt != signtest.Now() {
		t.Errorf("%v at %v", v.TimeSource, v.JudgedAt)
	}
}

// TestNotes: what is worth knowing stands against nothing.
func TestNotes(t *testing.T) {
	f := newFamily(t)
	sha1 := signedWith(signtest.Algorithm{Hash: crypto.SHA1})
	f.ca("root", "", valid("2000-01-01", "2020-01-01")).ca("ca", "root", sha1).leaf("leaf", "ca", valid("2021-01-01", "2023-01-01"), sha1)
	tsa := signtest.TimeStamping(nil)
	store := NewStore()
	store.AddRoot(f.get("root")[0], "test")
	store.AddRoot(parse(t, tsa.Root), "test")
	v := Verify(signature(f.get("leaf", "ca"), stampAt(t, date("2022-05-17"), tsa)), store, Options{At: signtest.Now(), Purpose: CodeSigning})
	if want := []Reason{SHA1Link, SHA1Link, ExpiredAnchor, ExpiredAtClock}; !v.Trusted || !slices.Equal(reasonsOf(v.Notes), want) {
		t.Errorf("trusted %v, notes %v", v.Trusted, v.Notes)
	}
}

// TestUsages: the table of purposes has no row twice and says where each is
// from.
func TestUsages(t *testing.T) {
	seen := map[string]bool{}
	for _, u := range Usages() {
		if seen[u.OID] || u.Name == "" || u.Meaning == "" || u.Cite == "" {
			t.Errorf("row %+v", u)
		}
		seen[u.OID] = true
		if got, ok := LookupUsage(u.OID); !ok || got != u {
			t.Errorf("%s not found", u.OID)
		}
	}
	if _, ok := LookupUsage("1.2.3"); ok {
		t.Error("unknown purpose found")
	}
}

// TestAttacks: with the root of the blameless signer trusted, no attack on
// message, chain or time stamp gives an image whose signature is trusted and
// whose digest is the image's.
func TestAttacks(t *testing.T) {
	store := NewStore()
	store.AddRoot(parse(t, signtest.Commercial(nil).Root), "test")
	store.AddRoot(parse(t, signtest.CurveBallVictim()), "test")

	driver := signtest.NewDriver(signtest.MachineAMD64, "Fabrikam Gadget")
	if why := judgeImage(t, signtest.SignPE(driver, signtest.AttackSigner()), store); why != "" {
		t.Fatalf("blameless image: %s", why)
	}
	codes := map[string]winerror.Code{
		"purpose-missing":                  winerror.CertWrongUsage,
		"purpose-not-allowed-by-authority": winerror.CertWrongUsage,
		"usage-without-digital-signature":  winerror.CertWrongUsage,
		"authority-without-cert-sign":      winerror.CertWrongUsage,
		"authority-is-none":                winerror.TrustBasicConstraints,
		"authority-as-signer":              winerror.TrustBasicConstraints,
		"publisher-as-authority":           winerror.TrustBasicConstraints,
		"path-too-long":                    winerror.TrustBasicConstraints,
		"self-signed":                      winerror.CertUntrustedRoot,
		"root-of-same-name":                winerror.CertUntrustedRoot,
		"lookalike-of-microsoft":           winerror.CertUntrustedRoot,
		"expired-without-stamp":            winerror.CertExpired,
		"expired-with-claimed-time":        winerror.CertExpired,
		"lifetime-signing-expired":         winerror.CertExpired,
		"stamp-after-expiry":               winerror.CertExpired,
		"stamp-in-the-future":              winerror.TrustTimeStamp,
		"stamp-without-purpose":            winerror.TrustTimeStamp,
		"stamp-by-unknown-authority":       winerror.TrustTimeStamp,
		"stamp-over-another-signature":     winerror.TrustTimeStamp,
	}
	for _, a := range signtest.Attacks() {
		if a.Layer == signtest.LayerTable || a.Tolerated {
			continue // package authenticode's
		}
		t.Run(a.Name, func(t *testing.T) {
			why := judgeImage(t, a.Image(), store)
			if why == "" {
				t.Fatal("accepted")
			}
			if code, ok := codes[a.Name]; ok && !bytes.HasPrefix([]byte(why), []byte(code.Hex())) {
				t.Errorf("%s, want %v", why, code)
			}
			delete(codes, a.Name)
		})
	}
	for name := range codes {
		t.Errorf("attack %s is gone", name)
	}
}

// judgeImage says why the image's first signature does not hold, or "".
func judgeImage(t testing.TB, image []byte, s *Store) string {
	t.Helper()
	m, err := authenticode.ReadImage(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		return err.Error()
	}
	sigs, err := m.Signatures()
	if err != nil {
		return err.Error()
	}
	if len(sigs) == 0 {
		return "not signed"
	}
	v := Verify(sigs[0], s, Options{At: signtest.Now(), Purpose: CodeSigning})
	checkInvariants(t, v)
	if err := v.Err(); err != nil {
		return err.Error()
	}
	p, err := m.CheckDigest(sigs[0])
	switch {
	case err != nil:
		return err.Error()
	case p != nil:
		return p.Error()
	}
	if m.CheckPageHashes(sigs[0]) == authenticode.PageHashBad {
		return "page hashes of another image"
	}
	for _, nested := range sigs[0].Nested {
		if p, err := m.CheckDigest(nested); err != nil || p != nil {
			return "nested signature over another image"
		}
	}
	return ""
}

// TestEmbeddedAnchors: every embedded root becomes an anchor, is found by its
// name and would be accepted as one.
func TestEmbeddedAnchors(t *testing.T) {
	s := DefaultStore()
	kinds := map[AnchorKind]int{}
	for _, r := range roots.All() {
		c, err := r.Certificate()
		must(t, err)
		as := s.anchorsFor(c)
		if len(as) != 1 {
			t.Fatalf("%s: %d anchors", r.Subject, len(as))
		}
		kinds[as[0].Kind]++
		if !c.SelfIssued() {
			t.Errorf("%s is not self-issued", r.Subject)
		}
		for _, p := range judgeIssuer(c, 0, true) {
			t.Errorf("%s could issue nothing: %v", r.Subject, p)
		}
		if want, ok := ProgramRestrictions(c); ok && r.Class == roots.Program && !reflect.DeepEqual(want, as[0].Restrictions) {
			t.Errorf("%s: restrictions %v, want %v", r.Subject, as[0].Restrictions, want)
		}
		// A root outside the program's list has nobody's leave but its class's.
		if as[0].Kind == ProgramRoot && !r.Listed {
			t.Errorf("%s: no restrictions known", r.Subject)
		}
	}
	if kinds[ProductRoot] == 0 || kinds[ProgramRoot] < 300 || kinds[CodeVerificationRoot] != 1 || kinds[UnknownAnchor] != 0 {
		t.Errorf("anchors %v", kinds)
	}
	if NewStore().anchorsNamed(roots.All()[0].RawSubject()) != nil {
		t.Error("an empty store has anchors")
	}
}

// TestSharedStore: one store judges from many goroutines.
func TestSharedStore(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	s := DefaultStore()
	s.AddRoot(f.get("root")[0], "test")
	sig := signature(f.get("leaf", "ca"))
	done := make(chan bool)
	for range 8 {
		go func() {
			ok := true
			for range 50 {
				ok = ok && Verify(sig, s, Options{At: signtest.Now(), Purpose: CodeSigning}).Trusted
			}
			done <- ok
		}()
	}
	for range 8 {
		if !<-done {
			t.Error("not trusted")
		}
	}
}

// TestLinksForget: the memory of checked signatures is bounded and does not
// change answers.
func TestLinksForget(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	leaf, ca, root := f.get("leaf")[0], f.get("ca")[0], f.get("root")[0]
	var l links
	for i := range maxLinks + 10 {
		fake := &cert.Certificate{RawSPKI: []byte(time.Unix(int64(i), 0).String())}
		if l.check(leaf, fake) == nil {
			t.Fatal("signed by nothing")
		}
	}
	if len(l.seen) > maxLinks {
		t.Errorf("%d links remembered", len(l.seen))
	}
	for range 2 {
		if l.check(leaf, ca) != nil || l.check(ca, root) != nil || l.check(leaf, root) == nil {
			t.Error("wrong answer")
		}
	}
}
