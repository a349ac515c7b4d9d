package signtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// peer runs another program over files that this package makes. The test is
// skipped where the program is not installed.
type peer struct {
	t      *testing.T
	name   string
	folder string
}

func newPeer(t *testing.T, name string) peer {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	return peer{t, name, t.TempDir()}
}

func (p peer) file(name string, b []byte) string {
	p.t.Helper()
	path := filepath.Join(p.folder, name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p peer) run(args ...string) (string, error) {
	out, err := exec.Command(p.name, args...).CombinedOutput()
	return string(out), err
}

func (p peer) must(want string, args ...string) {
	p.t.Helper()
	if out, err := p.run(args...); err != nil || !strings.Contains(out, want) {
		p.t.Errorf("%s %s: %v\n%s", p.name, strings.Join(args, " "), err, out)
	}
}

// clock is Now in the form of both programs.
func clock() string { return strconv.FormatInt(Now().Unix(), 10) }

func TestOpenSSLVerifiesChains(t *testing.T) {
	p := newPeer(t, "openssl")
	pss := CATemplate(DN("CN=PSS root"), NamedKey("rsa3072-1"))
	pss.Algorithm = Algorithm{Scheme: SchemePSS, Salt: bytes.Repeat([]byte{9}, 32)}
	commercial, look := Commercial(nil), Lookalike(nil)
	for name, c := range map[string]struct {
		root, leaf *Certificate
		carry      []*Certificate
	}{
		"commercial":  {commercial.Root, commercial.Leaf, commercial.Chain()},
		"whql":        {look.Root, look.Role("whql"), look.Chain()},
		"pss":         {NewRoot(pss), NewRoot(pss), nil},
		"p521":        {NewRoot(CATemplate(DN("CN=P-521"), NamedKey("p521-1"))), NewRoot(CATemplate(DN("CN=P-521"), NamedKey("p521-1"))), nil},
		"self-signed": {SelfSigned(nil).Root, SelfSigned(nil).Leaf, nil},
	} {
		args := []string{"verify", "-attime", clock(), "-CAfile", p.file(name+"-root.pem", c.root.PEM())}
		if c.carry != nil {
			args = append(args, "-untrusted", p.file(name+"-carry.pem", PEMBundle(c.carry...)))
		}
		p.must("OK", append(args, p.file(name+"-leaf.pem", c.leaf.PEM()))...)
	}
}

func TestOpenSSLRefusesForgedCurve(t *testing.T) {
	p := newPeer(t, "openssl")
	victim := CurveBallVictim()
	forged := victim.Template
	forged.Key, forged.SPKI, forged.Serial = victim.Key.CurveBall(), nil, nil
	path := p.file("forged.pem", NewRoot(forged).PEM())
	p.must("prime-field", "x509", "-in", path, "-noout", "-text")
	if out, err := p.run("verify", "-attime", clock(), "-CAfile", p.file("victim.pem", victim.PEM()), path); err == nil {
		t.Errorf("accepted: %s", out)
	}
}

func TestOpenSSLReadsSignedData(t *testing.T) {
	p := newPeer(t, "openssl")
	for _, s := range Samples() {
		cat, ok := s.Build()["gadget.cat"]
		if !ok || !bytes.HasPrefix(cat, []byte{0x30}) {
			continue
		}
		p.must("", "pkcs7", "-inform", "DER", "-in", p.file(s.Name+".cat", cat), "-print_certs", "-noout")
	}
}

func TestOpenSSLVerifiesTokens(t *testing.T) {
	p := newPeer(t, "openssl")
	tsa := TimeStamping(nil)
	root, ca := p.file("root.pem", tsa.Root.PEM()), p.file("ca.pem", tsa.CA.PEM())
	data := p.file("data", []byte("a signature value"))
	verify := func(ts TimeStamp) (string, error) {
		attribute, _ := ts.stamp([]byte("a signature value"))
		token := p.file("token", attribute.Values[0])
		return p.run("ts", "-verify", "-in", token, "-token_in", "-data", data, "-CAfile", root, "-untrusted", ca, "-attime", clock())
	}
	for name, change := range map[string]func(*TimeStamp){
		"version 2": func(*TimeStamp) {},
		"version 1": func(ts *TimeStamp) { ts.ESSCertID = ESSVersion1 },
		"accuracy":  func(ts *TimeStamp) { ts.Accuracy = 1 },
	} {
		ts := tsa.Stamp()
		change(&ts)
		if out, err := verify(ts); err != nil || !strings.Contains(out, "OK") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	for name, change := range map[string]func(*TimeStamp){
		"over":        func(ts *TimeStamp) { ts.Over = []byte("other") },
		"altered":     func(ts *TimeStamp) { ts.Signature = FlipLastBit },
		"other named": func(ts *TimeStamp) { ts.ESSOther = tsa.CA },
		"no purpose": func(ts *TimeStamp) {
			ts.TSA = TimeStamping(leaf(func(t *Template) { t.EKUs = []string{EKUCodeSigning} })).Leaf
		},
	} {
		ts := tsa.Stamp()
		change(&ts)
		if out, err := verify(ts); err == nil {
			t.Errorf("%s: accepted\n%s", name, out)
		}
	}
}

// osslsigncode returns a verification by that program at Now, with roots from
// one of Stores.
func osslsigncode(t *testing.T, store string) (peer, func(args ...string) (string, error)) {
	p := newPeer(t, "osslsigncode")
	roots := p.file("roots.pem", Stores()[store])
	return p, func(args ...string) (string, error) {
		return p.run(append([]string{"verify", "-CAfile", roots, "-TSA-CAfile", roots, "-time", clock()}, args...)...)
	}
}

func TestOsslsigncodeVerifiesValidImages(t *testing.T) {
	p, verify := osslsigncode(t, "contoso-and-northwind.pem")
	signer := AttackSigner()
	legacy := Commercial(nil).Signer().Stamped(TimeStamping(nil).CounterSignature())
	odd := append(NewDriver(MachineAMD64, "odd"), "odd"...)
	for name, image := range map[string][]byte{
		"x86":         SignPE(NewDriver(MachineX86, "x"), signer),
		"arm64":       SignPE(NewDriver(MachineARM64, "x"), signer),
		"appended":    SignPE(odd, signer),
		"legacy":      SignPE(NewDriver(MachineAMD64, "x"), legacy),
		"page-hashes": ImageSignature{Signer: signer, PageHashes: true}.Sign(NewDriver(MachineX86, "x")),
	} {
		out, err := verify("-in", p.file(name, image))
		if err != nil || strings.Count(out, "verification: ok") != 2 || strings.Contains(out, "MISMATCH") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// TestOsslsigncodeVerifiesSamples looks up every payload image of the valid
// samples in their catalogs.
func TestOsslsigncodeVerifiesSamples(t *testing.T) {
	p, verify := osslsigncode(t, "contoso-and-northwind.pem")
	for _, s := range Samples() {
		if !strings.HasPrefix(s.Point, "valid") || s.Name == "pkcs9-bare-digest" {
			continue // it wants DigestInfo
		}
		files := s.Build()
		cat := p.file("gadget.cat", files["gadget.cat"])
		for path, b := range files {
			if IsPE(b) {
				if out, err := verify("-catalog", cat, "-in", p.file("image", b)); err != nil || strings.Count(out, "verification: ok") < 2 {
					t.Errorf("%s: %s: %v\n%s", s.Name, path, err, out)
				}
			}
		}
	}
}

// TestOsslsigncodeRefusesAttacks shows that the attacks are made: this peer
// refuses them too, except for those that it does not look for.
func TestOsslsigncodeRefusesAttacks(t *testing.T) {
	p, verify := osslsigncode(t, "contoso-root.pem")
	unseen := map[string]bool{
		// Signed attributes: it checks the digest, and the rest not at all.
		"attributes-out-of-order": true, "content-type-missing": true, "content-type-twice": true,
		"content-type-wrong": true, "without-attributes": true,
		// Two digest algorithms in one signature, weak ones, weak keys.
		"image-digest-of-another-algorithm": true, "digest-md5": true, "certificate-signed-md5": true, "key-too-weak": true,
		// It stops at the primary signature when that one holds.
		"nested-signature-of-another-image": true,
		// Purposes and usages of certificates, beyond code signing of the leaf.
		"authority-as-signer": true, "purpose-not-allowed-by-authority": true, "usage-without-digital-signature": true,
		"lifetime-signing-expired": true,
		// The time of a stamp that it could not verify, or that is not one.
		"stamp-in-the-future": true, "stamp-names-another-certificate": true, "stamp-of-another-content-type": true,
		"stamp-without-signer": true,
	}
	for _, a := range Attacks() {
		if a.Tolerated || unseen[a.Name] {
			continue
		}
		if out, err := verify("-in", p.file(a.Name, attackImages()[a.Name])); err == nil {
			t.Errorf("%s: accepted\n%s", a.Name, out)
		}
	}
}
