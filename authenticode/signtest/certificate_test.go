package signtest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"
)

func mustParse(t *testing.T, c *Certificate) *x509.Certificate {
	t.Helper()
	p, err := x509.ParseCertificate(c.Raw)
	if err != nil {
		t.Fatalf("%v: %v", c.Template.Subject, err)
	}
	return p
}

func pool(t *testing.T, certs ...*Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(mustParse(t, c))
	}
	return p
}

func TestHierarchiesVerifyInStandardLibrary(t *testing.T) {
	commercial, cross, look, tsa, self := Commercial(nil), CrossCertified(nil), Lookalike(nil), TimeStamping(nil), SelfSigned(nil)
	under := TimeStampingUnder(commercial.Root, nil)
	for _, c := range []struct {
		name  string
		leaf  *Certificate
		root  *Certificate
		carry []*Certificate
		usage x509.ExtKeyUsage
	}{
		{"commercial", commercial.Leaf, commercial.Root, commercial.Chain(), x509.ExtKeyUsageCodeSigning},
		{"cross, own root", cross.Leaf, cross.Root, cross.Chain(), x509.ExtKeyUsageCodeSigning},
		{"cross, code verification root", cross.Leaf, cross.CodeVerification, cross.Chain(), x509.ExtKeyUsageCodeSigning},
		{"lookalike whql", look.Role("whql"), look.Root, look.Chain(), x509.ExtKeyUsageCodeSigning},
		{"lookalike attested", look.Role("attested"), look.Root, look.Chain(), x509.ExtKeyUsageCodeSigning},
		{"lookalike extended", look.Role("extended"), look.Root, look.Chain(), x509.ExtKeyUsageCodeSigning},
		{"lookalike windows", look.Role("windows"), look.Root, look.Chain(), x509.ExtKeyUsageCodeSigning},
		{"lookalike elam", look.Role("elam"), look.Root, look.Chain(), x509.ExtKeyUsageCodeSigning},
		{"lookalike preview", look.Role("preview"), look.Root, look.Chain(), x509.ExtKeyUsageCodeSigning},
		{"tsa", tsa.Leaf, tsa.Root, tsa.Chain(), x509.ExtKeyUsageTimeStamping},
		{"tsa under contoso", under.Leaf, commercial.Root, under.Chain(), x509.ExtKeyUsageTimeStamping},
		{"self-signed", self.Leaf, self.Leaf, nil, x509.ExtKeyUsageCodeSigning},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mustParse(t, c.leaf).Verify(x509.VerifyOptions{
				Roots: pool(t, c.root), Intermediates: pool(t, c.carry...),
				CurrentTime: Now(), KeyUsages: []x509.ExtKeyUsage{c.usage},
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLookalikePurposes(t *testing.T) {
	look := Lookalike(nil)
	for role, want := range map[string]string{
		"whql": EKUWHQL, "attested": EKUWHQLAttested, "extended": EKUWHQLExtended,
		"windows": EKUWindows, "elam": EKUELAM, "preview": EKUPreviewBuild,
	} {
		c := mustParse(t, look.Role(role))
		if len(c.UnknownExtKeyUsage) == 0 || c.UnknownExtKeyUsage[0].String() != want {
			t.Errorf("%s: purposes %v, want %s first", role, c.UnknownExtKeyUsage, want)
		}
	}
}

func TestOverrideOfUnknownRolePanics(t *testing.T) {
	o := Override{"leave": func(*Template) {}}
	for _, f := range []func(){
		func() { Commercial(o) }, func() { CrossCertified(o) }, func() { Lookalike(o) },
		func() { TimeStamping(o) }, func() { SelfSigned(o) },
	} {
		if v := panics(t, f); !strings.Contains(v.(string), `"leave"`) {
			t.Errorf("panic does not name the role: %v", v)
		}
	}
}

// TestEveryKeyAndAlgorithm checks signatures with crypto, whatever
// crypto/x509 thinks of the algorithm's age.
func TestEveryKeyAndAlgorithm(t *testing.T) {
	digest := func(h crypto.Hash) []byte { return sum(h, []byte("message")) }
	for _, name := range KeyNames() {
		k := NamedKey(name)
		for _, h := range []crypto.Hash{crypto.MD5, crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			if k.ec != nil && h == crypto.MD5 || name == "rsa512-1" && h > crypto.SHA256 {
				continue // no such algorithm; does not fit
			}
			a := Algorithm{Hash: h}
			value := k.Sign(a, digest(h))
			if !bytes.Equal(value, k.Sign(a, digest(h))) {
				t.Errorf("%s with %v: not deterministic", name, h)
			}
			if !verifies(k, h, digest(h), value) {
				t.Errorf("%s with %v: signature does not verify", name, h)
			}
			if verifies(k, h, digest(h), FlipLastBit(value)) {
				t.Errorf("%s with %v: an altered signature verifies", name, h)
			}
		}
	}
}

// verifies checks PKCS #1 v1.5 by hand, as crypto/rsa refuses small keys, and
// with crypto/rsa where it does not.
func verifies(k *Key, h crypto.Hash, digest, value []byte) bool {
	if k.ec != nil {
		return ecdsa.VerifyASN1(&k.ec.PublicKey, digest, value)
	}
	m := new(big.Int).Exp(new(big.Int).SetBytes(value), k.rsa.e, k.rsa.n)
	byHand := bytes.Equal(m.FillBytes(make([]byte, k.rsa.size())), encodePKCS1(Algorithm{Hash: h}, digest, k.rsa.size()))
	if k.rsa.size() < 128 {
		return byHand
	}
	pub := &rsa.PublicKey{N: k.rsa.n, E: int(k.rsa.e.Int64())}
	return byHand && rsa.VerifyPKCS1v15(pub, h, digest, value) == nil
}

func TestPSSVerifies(t *testing.T) {
	k := NamedKey("rsa2048-1")
	pub := &rsa.PublicKey{N: k.rsa.n, E: int(k.rsa.e.Int64())}
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA512} {
		for _, salt := range [][]byte{nil, make([]byte, 20), bytes.Repeat([]byte{7}, h.Size())} {
			digest := sum(h, []byte("message"))
			value := k.Sign(Algorithm{Hash: h, Scheme: SchemePSS, Salt: salt}, digest)
			if err := rsa.VerifyPSS(pub, h, digest, value, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}); err != nil {
				t.Errorf("%v, salt of %d: %v", h, len(salt), err)
			}
		}
	}
}

func TestPSSCertificateParses(t *testing.T) {
	root := NewRoot(func() Template {
		t := CATemplate(DN("CN=PSS"), NamedKey("rsa3072-1"))
		t.Algorithm = Algorithm{Scheme: SchemePSS, Salt: bytes.Repeat([]byte{9}, 32)}
		return t
	}())
	c := mustParse(t, root)
	if c.SignatureAlgorithm != x509.SHA256WithRSAPSS {
		t.Errorf("algorithm reads as %v", c.SignatureAlgorithm)
	}
	if err := c.CheckSignatureFrom(c); err != nil {
		t.Error(err)
	}
}

func TestAlgorithmsReadByStandardLibrary(t *testing.T) {
	for _, c := range []struct {
		key  string
		alg  Algorithm
		want x509.SignatureAlgorithm
	}{
		{"rsa2048-1", Algorithm{}, x509.SHA256WithRSA},
		{"rsa2048-1", Algorithm{Hash: crypto.SHA1}, x509.SHA1WithRSA},
		{"rsa2048-1", Algorithm{Hash: crypto.SHA384}, x509.SHA384WithRSA},
		{"rsa2048-1", Algorithm{Hash: crypto.SHA512}, x509.SHA512WithRSA},
		{"rsa2048-1", Algorithm{Hash: crypto.MD5}, x509.MD5WithRSA},
		{"rsa2048-1", OIWSHA1WithRSA(), x509.SHA1WithRSA},
		{"rsa2048-1", MD2WithRSA(), x509.UnknownSignatureAlgorithm},
		{"p256-1", Algorithm{}, x509.ECDSAWithSHA256},
		{"p384-1", Algorithm{Hash: crypto.SHA384}, x509.ECDSAWithSHA384},
		{"p521-1", Algorithm{Hash: crypto.SHA512}, x509.ECDSAWithSHA512},
		{"p256-1", Algorithm{Hash: crypto.SHA1}, x509.ECDSAWithSHA1},
	} {
		tmpl := CATemplate(DN("CN=x"), NamedKey(c.key))
		tmpl.Algorithm = c.alg
		p := mustParse(t, NewRoot(tmpl))
		if p.SignatureAlgorithm != c.want {
			t.Errorf("%s with %+v reads as %v, want %v", c.key, c.alg, p.SignatureAlgorithm, c.want)
		}
		if c.want == x509.UnknownSignatureAlgorithm || c.want == x509.MD5WithRSA {
			continue
		}
		if err := p.CheckSignature(c.want, p.RawTBSCertificate, p.Signature); err != nil {
			t.Errorf("%s with %+v: %v", c.key, c.alg, err)
		}
	}
}

func TestCurveBallSignatureHoldsForItsParametersOnly(t *testing.T) {
	for _, name := range []string{"p256-1", "p384-1", "p521-1"} {
		victim := NamedKey(name)
		forged := victim.CurveBall()
		digest := sha256.Sum256([]byte("message"))
		value := forged.Sign(Algorithm{}, digest[:])
		if ecdsa.VerifyASN1(&victim.ec.PublicKey, digest[:], value) {
			t.Errorf("%s: the forged signature holds for the real curve", name)
		}
		var rs struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(value, &rs); err != nil {
			t.Fatal(err)
		}
		// With G' = Q, u1*G' + u2*Q is (u1+u2)*Q.
		n := victim.ec.Params().N
		w := new(big.Int).ModInverse(rs.S, n)
		u := new(big.Int).Add(new(big.Int).SetBytes(digest[:]), rs.R)
		u.Mul(u, w).Mod(u, n)
		size := (n.BitLen() + 7) / 8
		x := new(big.Int).SetBytes(timesPoint(ecdhCurve(victim.ec.Curve), u.FillBytes(make([]byte, size)), victim.point()))
		if x.Mod(x, n).Cmp(rs.R) != 0 {
			t.Errorf("%s: the forged signature does not hold for the forged parameters", name)
		}
		if !bytes.Equal(forged.PublicKeyBits(), victim.PublicKeyBits()) || bytes.Equal(forged.SPKI(), victim.SPKI()) {
			t.Errorf("%s: same point with other parameters expected", name)
		}
	}
}

func TestExplicitParametersAreThoseOfTheCurve(t *testing.T) {
	var spki struct {
		Algorithm struct {
			ID     asn1.ObjectIdentifier
			Params struct {
				Version int
				Field   struct {
					ID asn1.ObjectIdentifier
					P  *big.Int
				}
				Curve    struct{ A, B []byte }
				Base     []byte
				Order    *big.Int
				Cofactor int
			}
		}
		Key asn1.BitString
	}
	k := NamedKey("p384-1")
	if _, err := asn1.Unmarshal(k.ExplicitCurve().SPKI(), &spki); err != nil {
		t.Fatal(err)
	}
	p, c := spki.Algorithm.Params, k.ec.Params()
	if p.Field.P.Cmp(c.P) != 0 || p.Order.Cmp(c.N) != 0 || p.Cofactor != 1 || new(big.Int).SetBytes(p.Curve.B).Cmp(c.B) != 0 {
		t.Errorf("parameters %+v", p)
	}
	if new(big.Int).SetBytes(p.Base[1:49]).Cmp(c.Gx) != 0 {
		t.Errorf("base point %x", p.Base)
	}
	if _, err := x509.ParsePKIXPublicKey(k.ExplicitCurve().SPKI()); err == nil {
		t.Error("crypto/x509 reads explicit parameters: this key no longer tests anything")
	}
}

func TestExponentOneNeedsNoPrivateKey(t *testing.T) {
	k := NamedKey("rsa2048-1").ExponentOne()
	digest := sum(crypto.SHA256, []byte("message"))
	if got := k.Sign(Algorithm{}, digest); !bytes.Equal(got, encodePKCS1(Algorithm{}, digest, 256)) {
		t.Errorf("signature is not the padded digest: %x", got)
	}
}

// TestTemplateFields changes one field each and reads it back with crypto/x509.
func TestTemplateFields(t *testing.T) {
	two := 2
	for _, c := range []struct {
		name   string
		change func(*Template)
		holds  func(*x509.Certificate) bool
	}{
		{"version 1", func(t *Template) { t.Version = 1 },
			func(c *x509.Certificate) bool { return c.Version == 1 && len(c.Extensions) == 0 }},
		{"serial", func(t *Template) { t.Serial = big.NewInt(0x80) },
			func(c *x509.Certificate) bool { return c.SerialNumber.Int64() == 0x80 }},
		{"issuer", func(t *Template) { t.Issuer = DN("CN=somebody else") },
			func(c *x509.Certificate) bool { return c.Issuer.CommonName == "somebody else" }},
		{"validity", func(t *Template) { t.NotBefore, t.NotAfter = Date(1949, 1, 1), Date(2051, 1, 1) },
			func(c *x509.Certificate) bool {
				return c.NotBefore.Equal(Date(1949, 1, 1)) && c.NotAfter.Equal(Date(2051, 1, 1))
			}},
		{"path length", func(t *Template) { t.BasicConstraints = &BasicConstraints{CA: true, MaxPathLen: &two} },
			func(c *x509.Certificate) bool { return c.IsCA && c.MaxPathLen == 2 }},
		{"not an authority", func(t *Template) { t.BasicConstraints = &BasicConstraints{} },
			func(c *x509.Certificate) bool { return c.BasicConstraintsValid && !c.IsCA }},
		{"no constraints", func(t *Template) { t.BasicConstraints = nil },
			func(c *x509.Certificate) bool { return !c.BasicConstraintsValid }},
		{"no key identifiers", func(t *Template) { t.SubjectKeyID, t.AuthorityKeyID = []byte{}, []byte{} },
			func(c *x509.Certificate) bool { return c.SubjectKeyId == nil && c.AuthorityKeyId == nil }},
		{"wrong key identifiers", func(t *Template) { t.SubjectKeyID, t.AuthorityKeyID = []byte{1}, []byte{2} },
			func(c *x509.Certificate) bool {
				return bytes.Equal(c.SubjectKeyId, []byte{1}) && bytes.Equal(c.AuthorityKeyId, []byte{2})
			}},
		{"critical purposes", func(t *Template) { t.EKUs, t.EKUCritical = []string{EKUAny, "1.2.3"}, true },
			func(c *x509.Certificate) bool {
				return c.ExtKeyUsage[0] == x509.ExtKeyUsageAny && c.UnknownExtKeyUsage[0].String() == "1.2.3"
			}},
		{"unknown critical extension", func(t *Template) {
			t.Extensions = []Extension{{OID: "1.3.6.1.4.1.311.21.10", Critical: true, Value: Null()}}
		}, func(c *x509.Certificate) bool { return len(c.UnhandledCriticalExtensions) == 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			tmpl := CATemplate(DN("CN=x"), NamedKey("p256-1"))
			c.change(&tmpl)
			p, err := x509.ParseCertificate(NewRoot(tmpl).Raw)
			if err != nil {
				t.Fatal(err)
			}
			if !c.holds(p) {
				t.Errorf("not seen: %+v", p)
			}
		})
	}
}

func TestKeyUsageBits(t *testing.T) {
	for usage := x509.KeyUsage(1); usage < 512; usage++ {
		tmpl := CATemplate(DN("CN=x"), NamedKey("p256-1"))
		tmpl.KeyUsage = usage
		if got := mustParse(t, NewRoot(tmpl)).KeyUsage; got != usage {
			t.Fatalf("key usage %#x reads as %#x", usage, got)
		}
	}
}

func TestNegativeSerialIsRefusedByStandardLibrary(t *testing.T) {
	tmpl := CATemplate(DN("CN=x"), NamedKey("p256-1"))
	tmpl.Serial = big.NewInt(-5)
	c := NewRoot(tmpl)
	if _, err := x509.ParseCertificate(c.Raw); err == nil || !strings.Contains(err.Error(), "negative serial") {
		t.Errorf("crypto/x509 says %v", err)
	}
	if !bytes.Contains(c.RawTBS, []byte{TagInteger, 1, 0xfb}) {
		t.Error("no INTEGER -5 in the certificate")
	}
}

func TestBrokenSignatures(t *testing.T) {
	root := Commercial(nil).Root
	leaf := func(change func(*Template)) *x509.Certificate {
		tmpl := LeafTemplate(DN("CN=x"), NamedKey("p256-1"), EKUCodeSigning)
		change(&tmpl)
		return mustParse(t, root.Issue(tmpl))
	}
	if err := leaf(func(*Template) {}).CheckSignatureFrom(mustParse(t, root)); err != nil {
		t.Errorf("unchanged: %v", err)
	}
	if err := leaf(func(t *Template) { t.Signature = FlipLastBit }).CheckSignatureFrom(mustParse(t, root)); err == nil {
		t.Error("an altered signature holds")
	}
	outer := NewRoot(func() Template {
		tmpl := CATemplate(DN("CN=x"), NamedKey("rsa2048-1"))
		tmpl.OuterAlgorithm = &Algorithm{Hash: crypto.SHA1}
		return tmpl
	}())
	if _, err := x509.ParseCertificate(outer.Raw); err == nil {
		t.Error("crypto/x509 accepts inner and outer algorithms that differ")
	}
}

func TestNameStringTypes(t *testing.T) {
	for _, c := range []struct {
		name Name
		tag  byte
		want string
	}{
		{DN("CN=Plain (Ltd.)"), TagPrintableString, "Plain (Ltd.)"},
		{DN("CN=Gerät & Söhne"), TagUTF8String, "Gerät & Söhne"},
		{DN("CN=Back\\slash"), TagUTF8String, `Back\slash`},
		{DN("CN=Gerät").As(TagBMPString), TagBMPString, "Gerät"},
		{DN("CN=Plain").As(TagT61String), TagT61String, "Plain"},
		{DN("CN=Plain").As(TagUTF8String), TagUTF8String, "Plain"},
	} {
		der := NewRoot(CATemplate(c.name, NamedKey("p256-1")))
		if got := mustParse(t, der).Subject.CommonName; got != c.want {
			t.Errorf("%v reads as %q", c.name, got)
		}
		if value := c.name[0].value(); value[0] != c.tag {
			t.Errorf("%v has tag %#x, want %#x", c.name, value[0], c.tag)
		}
	}
	if got := DN("CN=a", "O=b").With("O", "c"); got[1].Value != "c" || got[0].Value != "a" {
		t.Errorf("With: %v", got)
	}
	panics(t, func() { DN("CN=a").With("O", "b") })
	panics(t, func() { DN("CN") })
	panics(t, func() { DN("CN=日本").As(TagT61String).DER() })
}

func TestMisusePanics(t *testing.T) {
	for name, f := range map[string]func(){
		"no key":            func() { NewRoot(Template{Subject: DN("CN=x")}) },
		"no subject":        func() { NewRoot(Template{Key: NamedKey("p256-1")}) },
		"no such key":       func() { NamedKey("rsa9999-1") },
		"curve of RSA":      func() { NamedKey("rsa2048-1").CurveBall() },
		"exponent of curve": func() { NamedKey("p256-1").ExponentOne() },
		"forged in crypto":  func() { NamedKey("p256-1").CurveBall().PrivateKey() },
		"digest too long":   func() { NamedKey("rsa512-1").Sign(Algorithm{Hash: crypto.SHA512}, make([]byte, 64)) },
		"no such leaf":      func() { Lookalike(nil).Role("leaf") },
		"no such sample":    func() { SampleNamed("nothing") },
		"no content":        func() { SignedData{ContentType: OIDData}.Encode() },
		"no time stamp kind": func() {
			SignPE(NewDriver(0, ""), Commercial(nil).Signer().Stamped(TimeStamp{TSA: Commercial(nil).Leaf}))
		},
		"no catalog version": func() { Catalog{Version: 3}.Unsigned() },
		"signed twice":       func() { SignPE(SignPE(NewDriver(0, ""), AttackSigner()), AttackSigner()) },
		"nothing to remove":  func() { RemoveSignature(NewDriver(0, "")) },
		"attribute missing":  func() { DropAttribute(OIDSigningTime)(nil) },
		"nothing altered": func() {
			p := NewPackage()
			p.Alter = func(Files) {}
			p.Build()
		},
		"nothing unlisted": func() {
			p := NewPackage()
			p.NotListed = []string{"other.sys"}
			p.Build()
		},
		"line not there": func() { ReplaceLine("nowhere", "")("text") },
	} {
		t.Run(name, func(t *testing.T) { panics(t, f) })
	}
}
