package prestage

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"prestage/authenticode"
	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
	"prestage/catalog"
	"prestage/trust"
)

// machine is a store in which the roots are trusted and no others.
func machine(t testing.TB, roots ...*signtest.Certificate) *trust.Store {
	t.Helper()
	s := trust.NewStore()
	for _, r := range roots {
		c, err := cert.Parse(r.Raw)
		if err != nil {
			t.Fatal(err)
		}
		s.AddRoot(c, "test")
	}
	return s
}

// contoso is a machine that trusts the root of signtest's publishers.
func contoso(t testing.TB) *trust.Store { return machine(t, signtest.Commercial(nil).Root) }

// put writes a file into a folder of the test's.
func put(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// underPA are options as `verify /pa` has them.
func underPA(t testing.TB) VerifyOptions {
	return VerifyOptions{At: signtest.Now(), Store: contoso(t), Policy: AuthenticodePolicy}
}

func verifyOne(t testing.TB, o VerifyOptions, path string) *VerifiedFile {
	t.Helper()
	r, err := Verify(o, path)
	if err != nil {
		t.Fatal(err)
	}
	f := &r.Files[0]
	if f.Failed() == (f.Code == winerror.OK.Hex()) {
		t.Fatalf("result %s with code %s", f.Result, f.Code)
	}
	if f.Failed() != (r.Summary.Errors == 1) {
		t.Fatalf("result %s, summary %+v", f.Result, r.Summary)
	}
	return f
}

// attackCodes is what verify /pa /all says of every attack. A code of OK marks
// what Windows accepts: payloads where the format leaves room.
var attackCodes = map[string]winerror.Code{
	"payload-in-padding":           winerror.OK, // refused by --strict-padding
	"payload-behind-table":         winerror.TrustBadDigest,
	"table-over-headers":           winerror.TrustNoSignature,
	"table-beyond-end":             winerror.TrustNoSignature,
	"table-size-wraps":             winerror.TrustNoSignature,
	"table-size-too-large":         winerror.TrustNoSignature,
	"table-without-size":           winerror.TrustNoSignature,
	"table-cut-short":              winerror.CryptBadMessage,
	"entry-length-beyond-table":    winerror.CryptBadMessage,
	"entry-length-zero":            winerror.CryptBadMessage,
	"entry-of-other-type":          winerror.TrustNoSignature,
	"first-of-two-entries-invalid": winerror.TrustCertSignature,
	"image-altered":                winerror.TrustBadDigest,
	"data-inserted-before-table":   winerror.TrustBadDigest,
	"section-behind-table":         winerror.TrustNoSignature,

	"signature-value-altered":           winerror.TrustCertSignature,
	"signature-value-empty":             winerror.TrustCertSignature,
	"signed-by-another-key":             winerror.TrustCertSignature,
	"signature-of-another-image":        winerror.TrustBadDigest,
	"without-attributes":                winerror.CryptBadMessage,
	"content-type-missing":              winerror.CryptBadMessage,
	"message-digest-missing":            winerror.CryptBadMessage,
	"content-type-twice":                winerror.CryptBadMessage,
	"message-digest-twice":              winerror.CryptBadMessage,
	"message-digest-of-two-values":      winerror.CryptBadMessage,
	"message-digest-wrong":              winerror.TrustBadDigest,
	"content-type-wrong":                winerror.CryptBadMessage,
	"attributes-out-of-order":           winerror.TrustNoSignature,
	"image-digest-of-another-algorithm": winerror.TrustBadDigest,
	"digest-algorithms-of-another":      winerror.CryptBadMessage,
	"digest-md5":                        winerror.CryptSecurity,
	"list-signature-on-image":           winerror.TrustNoSignature,
	"list-content-type-on-image":        winerror.TrustNoSignature,
	"flat-digest-on-image":              winerror.TrustSubjectFormUnknown,
	"image-digest-cut-short":            winerror.CryptBadMessage,
	"image-digest-empty":                winerror.CryptBadMessage,
	"page-hashes-of-another-image":      winerror.TrustBadDigest,
	"no-signer":                         winerror.TrustNoSignature,
	"two-signers":                       winerror.CryptBadMessage,
	"signer-not-carried":                winerror.TrustNoSignerCert,
	"signer-named-wrongly":              winerror.TrustNoSignerCert,
	"nested-signature-of-another-image": winerror.TrustBadDigest,
	"trailing-data-in-message":          winerror.CryptBadMessage,
	"payload-in-unsigned-attribute":     winerror.OK,
	"payload-in-stuffed-certificate":    winerror.OK,
	"garbage-among-certificates":        winerror.OK,
	"indefinite-length":                 winerror.OK,

	"purpose-missing":                  winerror.CertWrongUsage,
	"purpose-not-allowed-by-authority": winerror.CertWrongUsage,
	"usage-without-digital-signature":  winerror.CertWrongUsage,
	"authority-without-cert-sign":      winerror.CertWrongUsage,
	"authority-is-none":                winerror.TrustBasicConstraints,
	"authority-without-constraints":    winerror.TrustBasicConstraints,
	"certificate-signature-altered":    winerror.TrustCertSignature,
	"authority-signature-altered":      winerror.TrustCertSignature,
	"outer-algorithm-differs":          winerror.TrustCertSignature,
	"critical-extension-unknown":       winerror.CertCritical,
	"key-too-weak":                     winerror.TrustNoSignerCert,
	"certificate-signed-md5":           winerror.TrustCertSignature,
	"certificate-signed-md2":           winerror.TrustCertSignature,
	"expired-before-signing":           winerror.CertExpired,
	"not-yet-valid":                    winerror.CertExpired,
	"authority-as-signer":              winerror.TrustBasicConstraints,
	"publisher-as-authority":           winerror.TrustBasicConstraints,
	"path-too-long":                    winerror.TrustBasicConstraints,
	"decoy-of-same-issuer-and-serial":  winerror.TrustNoSignerCert,
	"self-signed":                      winerror.CertUntrustedRoot,
	"root-of-same-name":                winerror.CertUntrustedRoot,
	"lookalike-of-microsoft":           winerror.CertUntrustedRoot,
	"curve-parameters":                 winerror.TrustCertSignature,
	"exponent-one":                     winerror.TrustCertSignature,

	"expired-without-stamp":                    winerror.CertExpired,
	"expired-with-claimed-time":                winerror.CertExpired,
	"lifetime-signing-expired":                 winerror.CertExpired,
	"stamp-in-the-future":                      winerror.TrustTimeStamp,
	"stamp-over-another-signature":             winerror.TrustTimeStamp,
	"stamp-altered":                            winerror.TrustTimeStamp,
	"stamp-after-expiry":                       winerror.CertExpired,
	"stamp-without-purpose":                    winerror.TrustTimeStamp,
	"stamp-by-unknown-authority":               winerror.TrustTimeStamp,
	"stamp-signer-not-carried":                 winerror.TrustTimeStamp,
	"stamp-of-another-content-type":            winerror.TrustTimeStamp,
	"stamp-names-another-certificate":          winerror.TrustTimeStamp,
	"stamp-by-the-publisher":                   winerror.TrustTimeStamp,
	"stamp-by-expired-authority":               winerror.TrustTimeStamp,
	"stamp-without-signer":                     winerror.TrustTimeStamp,
	"counter-signature-over-another-signature": winerror.TrustTimeStamp,
	"counter-signature-altered":                winerror.TrustTimeStamp,
	"counter-signature-after-expiry":           winerror.CertExpired,
	"counter-signature-without-purpose":        winerror.TrustTimeStamp,
	"counter-signature-without-time":           winerror.TrustTimeStamp,
	"counter-signature-without-attributes":     winerror.TrustTimeStamp,
	"counter-signature-of-two-times":           winerror.TrustTimeStamp,
	"counter-signature-bare-digest-altered":    winerror.TrustTimeStamp,
}

// TestVerifyAttacks: every attack is refused with the code that Windows gives
// such a failure, under every policy, and so is one that may come: an attack
// without a row fails.
func TestVerifyAttacks(t *testing.T) {
	dir := t.TempDir()
	o := underPA(t)
	o.Store, o.All = machine(t, signtest.Commercial(nil).Root, signtest.CurveBallVictim()), true
	blameless := put(t, dir, "blameless.sys", signtest.SignPE(signtest.NewDriver(signtest.MachineAMD64, "Fabrikam Gadget"), signtest.AttackSigner()))
	if f := verifyOne(t, o, blameless); f.Result != "verified" {
		t.Fatalf("the image without an attack: %s: %s", f.Code, f.Reason)
	}
	seen := map[string]bool{}
	for _, a := range signtest.Attacks() {
		seen[a.Name] = true
		t.Run(a.Name, func(t *testing.T) {
			want, listed := attackCodes[a.Name]
			if !listed {
				t.Fatal("no row in the table")
			}
			if (want == winerror.OK) != a.Tolerated {
				t.Fatalf("row says %v, Windows tolerates: %v", want, a.Tolerated)
			}
			path := put(t, dir, a.Name+".sys", a.Image())
			if f := verifyOne(t, o, path); f.Code != want.Hex() {
				t.Errorf("%s (%s: %s), want %v", f.Code, f.Rule, f.Reason, want)
			}
			for _, p := range []Policy{DriverPolicy, KernelPolicy} {
				o := o
				o.Policy = p
				if f := verifyOne(t, o, path); !f.Failed() {
					t.Errorf("verified under the %s policy", p)
				}
			}
			// A signature of a PE is no message for /p7 that could make it good.
			o := VerifyOptions{At: o.At, Store: o.Store, Policy: PKCS7Policy}
			if f := verifyOne(t, o, path); !f.Failed() {
				t.Error("an image verified as PKCS #7")
			}
		})
	}
	for name := range attackCodes {
		if !seen[name] {
			t.Errorf("attack %s is gone", name)
		}
	}
	o.StrictPadding = true
	if f := verifyOne(t, o, filepath.Join(dir, "payload-in-padding.sys")); f.Code != winerror.TrustMalformedSignature.Hex() {
		t.Errorf("payload in the padding, strictly: %s %s", f.Code, f.Reason)
	}
	if f := verifyOne(t, o, blameless); f.Failed() {
		t.Errorf("nothing in the padding, strictly: %s", f.Reason)
	}
}

// TestVerifyCatalogAttacks: what a catalog says counts only if it is one, is
// signed and does not contradict itself.
func TestVerifyCatalogAttacks(t *testing.T) {
	dir := t.TempDir()
	h := signtest.Commercial(nil)
	signer := h.Signer().Stamped(signtest.TimeStampingUnder(h.Root, nil).Stamp())
	driver := signtest.NewDriver(signtest.MachineAMD64, "listed")
	other := signtest.NewDriver(signtest.MachineAMD64, "another")
	member := func(change func(*signtest.Member)) []byte {
		m := signtest.Member{Data: driver, OSAttr: "2:10.0"}
		change(&m)
		return signtest.Catalog{Members: []signtest.Member{m}}.Sign(signer)
	}
	sys := put(t, dir, "driver.sys", driver)
	for _, c := range []struct {
		name string
		cat  []byte
		file []byte // nil: the driver
		want winerror.Code
	}{
		{"blameless", member(func(*signtest.Member) {}), nil, winerror.OK},
		{"tag-contradicts-digest", member(func(m *signtest.Member) { m.Digest = signtest.FlipLastBit }), nil, winerror.TrustNoSignature},
		{"tag-of-another-file", member(func(m *signtest.Member) { m.Tag = signtest.ImageHash(other, crypto.SHA256) }), other, winerror.TrustNoSignature},
		{"sha1-only-member", member(func(m *signtest.Member) { m.Digests = []crypto.Hash{crypto.SHA1} }), nil, winerror.TrustNoSignature},
		{"image-listed-by-flat-digest", member(func(m *signtest.Member) { m.Kind = signtest.KindFlat }), nil, winerror.TrustNoSignature},
		{"not-signed", signtest.Catalog{Members: []signtest.Member{{Data: driver}}}.Unsigned(), nil, winerror.TrustNoSignature},
		{"image-signature-as-catalog", signtest.ImageSignature{Signer: signer}.Encode(driver), nil, winerror.TrustNoSignature},
		{"image-as-catalog", signtest.SignPE(driver, signer), nil, winerror.TrustNoSignature},
		{"other-usage", signtest.Catalog{Members: []signtest.Member{{Data: driver}}, Usage: "1.3.6.1.4.1.311.10.3.9"}.Sign(signer), nil, winerror.TrustNoSignature},
		{"members-out-of-order", signtest.Catalog{Members: []signtest.Member{{Data: driver}}, Disorder: signtest.DisorderSignedAttributes}.Sign(signer), nil, winerror.TrustNoSignature},
		{"data-appended-to-file", member(func(*signtest.Member) {}), append(slices.Clone(driver), "payload!"...), winerror.TrustNoSignature},
		{"list-altered", flipLast(member(func(*signtest.Member) {}), signtest.ImageHash(driver, crypto.SHA256)), nil, winerror.TrustNoSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := underPA(t)
			o.Catalog = put(t, dir, c.name+".cat", c.cat)
			path := sys
			if c.file != nil {
				path = put(t, dir, c.name+".sys", c.file)
			}
			f := verifyOne(t, o, path)
			if f.Code != c.want.Hex() {
				t.Errorf("%s (%s: %s), want %v", f.Code, f.Rule, f.Reason, c.want)
			}
			o.Policy = DriverPolicy
			if f := verifyOne(t, o, path); !f.Failed() {
				t.Error("a third party's catalog verified under the driver policy")
			}
		})
	}
}

// flipLast flips a bit at the end of each occurrence of part.
func flipLast(data, part []byte) []byte {
	altered := bytes.Clone(part)
	altered[len(altered)-1] ^= 1
	return bytes.ReplaceAll(data, part, altered)
}

// TestVerifyMutations: no byte of a signed image or of its catalog can be
// changed so that the file verifies as something else than it was, but those
// that the formats leave out of the hash.
func TestVerifyMutations(t *testing.T) {
	dir := t.TempDir()
	h := signtest.Commercial(nil)
	cat := signtest.Catalog{Members: []signtest.Member{{Data: []byte("[Version]\r\n")}}}.Sign(h.Signer())
	text := put(t, dir, "x.inf", []byte("[Version]\r\n"))
	o := underPA(t)
	o.Catalog = filepath.Join(dir, "x.cat")
	put(t, dir, "x.cat", cat)
	before := verifyOne(t, o, text)
	if before.Failed() {
		t.Fatal(before.Reason)
	}
	for i := 0; i < len(cat); i += 3 { // every byte: TestMutation judges the same readers
		changed := bytes.Clone(cat)
		changed[i] ^= 0x20
		put(t, dir, "x.cat", changed)
		f := verifyOne(t, o, text)
		if !f.Failed() && f.Signatures[0].Signer.SHA256 != before.Signatures[0].Signer.SHA256 {
			t.Errorf("byte %d: verified as signed by %s", i, f.Signatures[0].Signer.Subject)
		}
	}
	put(t, dir, "x.cat", cat)
	for i := range "[Version]\r\n" {
		changed := []byte("[Version]\r\n")
		changed[i] ^= 1
		if f := verifyOne(t, o, put(t, dir, "y.inf", changed)); !f.Failed() {
			t.Errorf("byte %d of the INF: verified", i)
		}
	}
}

// nestedImage is an image with two signatures, the first of which is by the
// given signer.
func nestedImage(first, second signtest.Signer) []byte {
	driver := signtest.NewDriver(signtest.MachineAMD64, "two signatures")
	first.Nested = [][]byte{signtest.ImageSignature{Signer: second}.Encode(driver)}
	return signtest.SignPE(driver, first)
}

// TestVerifySelectsSignatures: /all, /ds and /ms.
func TestVerifySelectsSignatures(t *testing.T) {
	dir := t.TempDir()
	good, bad := signtest.Commercial(nil).Signer(), signtest.SelfSigned(nil).Signer()
	index := func(i int) func(*VerifyOptions) { return func(o *VerifyOptions) { o.Index = &i } }
	all := func(o *VerifyOptions) { o.All = true }
	anyOf := func(o *VerifyOptions) { o.AnyOf = true }
	primary := func(*VerifyOptions) {}
	for _, c := range []struct {
		name     string
		image    []byte
		set      func(*VerifyOptions)
		want     winerror.Code
		verified int
	}{
		{"primary of good and bad", nestedImage(good, bad), primary, winerror.OK, 1},
		{"primary of bad and good", nestedImage(bad, good), primary, winerror.CertUntrustedRoot, 0},
		{"all of good and good", nestedImage(good, good), all, winerror.OK, 2},
		{"all of good and bad", nestedImage(good, bad), all, winerror.CertUntrustedRoot, 1},
		{"second of bad and good", nestedImage(bad, good), index(1), winerror.OK, 1},
		{"second of good and bad", nestedImage(good, bad), index(1), winerror.CertUntrustedRoot, 0},
		{"third of two", nestedImage(good, good), index(2), winerror.TrustNoSignature, 0},
		{"any of bad and good", nestedImage(bad, good), anyOf, winerror.OK, 1},
		{"any of bad and bad", nestedImage(bad, bad), anyOf, winerror.CertUntrustedRoot, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := underPA(t)
			c.set(&o)
			f := verifyOne(t, o, put(t, dir, "x.sys", c.image))
			n := 0
			for _, s := range f.Signatures {
				if s.Verified {
					n++
				}
			}
			if f.Code != c.want.Hex() || n != c.verified {
				t.Errorf("%s with %d verified (%s), want %v with %d", f.Code, n, f.Reason, c.want, c.verified)
			}
		})
	}
}

// TestVerifyForeignNestedMessage: a trusted message nested into one of somebody
// else signs nothing of what that one says.
func TestVerifyForeignNestedMessage(t *testing.T) {
	message := func(content string, s signtest.Signer) []byte {
		return signtest.SignedData{ContentType: signtest.OIDData, Content: signtest.OctetString([]byte(content)), Signers: []signtest.Signer{s}}.Encode()
	}
	for content, want := range map[string]winerror.Code{"evil": winerror.OK, "good": winerror.TrustBadDigest} {
		s := signtest.SelfSigned(nil).Signer()
		s.Nested = [][]byte{message(content, signtest.Commercial(nil).Signer())}
		one := 1
		o := VerifyOptions{At: signtest.Now(), Store: contoso(t), Policy: PKCS7Policy, Index: &one}
		if f := verifyOne(t, o, put(t, t.TempDir(), "x.p7", message("evil", s))); f.Code != want.Hex() {
			t.Errorf("a message that says evil, nested one that says %s: %s (%s), want %v", content, f.Code, f.Reason, want)
		}
	}
}

// TestVerifyRulesAreWellFormed: as TestRuleTables is for packages.
func TestVerifyRulesAreWellFormed(t *testing.T) {
	for p := PolicyUnknown; p <= PKCS7Policy; p++ {
		seen := map[string]bool{}
		rules := p.rules()
		for i, r := range rules {
			switch last := i == len(rules)-1; {
			case r.id == "" || seen[r.id] || !strings.HasPrefix(r.id, "verify-"):
				t.Errorf("%s: id %q is taken or has no prefix", p, r.id)
			case r.basis == BasisUnknown || r.cite == "" || r.when == nil || r.then == nil || r.say == nil:
				t.Errorf("%s: %s is incomplete", p, r.id)
			case last != (r.id == "verify-verified"):
				t.Errorf("%s: %s at %d of %d", p, r.id, i, len(rules))
			}
			seen[r.id] = true
		}
	}
	// Without a policy nothing verifies, whatever the facts.
	v := newVerifier(VerifyOptions{At: signtest.Now(), Store: trust.NewStore()})
	sig := &signed{SignatureFacts: SignatureFacts{Signature: signedBySomebody(), Verdict: trust.Verdict{Trusted: true}}}
	d := v.rule(&subject{signatures: []signed{*sig}}, sig, 0, PolicyUnknown)
	if !d.failed() {
		t.Error("verified without a policy")
	}
}

// TestVerifyKinds: how each kind of file is verified, and refused.
func TestVerifyKinds(t *testing.T) {
	dir := t.TempDir()
	h := signtest.Commercial(nil)
	signer := h.Signer()
	driver := signtest.NewDriver(signtest.MachineX86, "kinds")
	text := []byte("; an INF\r\n")
	msi := append([]byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}, make([]byte, 504)...)
	cat := signtest.Catalog{Members: []signtest.Member{{Data: text}, {Data: msi}}}.Sign(signer)
	message := signtest.SignedData{ContentType: signtest.OIDData, Content: signtest.OctetString([]byte("content")), Signers: []signtest.Signer{signer}}.Encode()
	detached := signtest.SignedData{ContentType: signtest.OIDData, Content: signtest.OctetString([]byte("content")), Signers: []signtest.Signer{signer}, Edit: func(b []byte) []byte {
		return flipLast(b, []byte("content"))
	}}.Encode()
	put(t, dir, "list.cat", cat)
	inCatalog := func(o *VerifyOptions) { o.Catalog = filepath.Join(dir, "list.cat") }
	inDatabase := func(o *VerifyOptions) { o.CatalogDB = dir }
	either := func(o *VerifyOptions) { o.CatalogDB, o.Embedded = dir, true }
	p7 := func(o *VerifyOptions) { o.Policy = PKCS7Policy }
	itself := func(*VerifyOptions) {}
	for _, c := range []struct {
		name string
		data []byte
		set  func(*VerifyOptions)
		kind string
		rule string
	}{
		{"unsigned.sys", driver, itself, "pe", "verify-not-signed"},
		{"signed.sys", signtest.SignPE(driver, signer), itself, "pe", "verify-verified"},
		{"signed.sys", signtest.SignPE(driver, signer), inCatalog, "pe", "verify-not-in-catalog"},
		{"signed.sys", signtest.SignPE(driver, signer), either, "pe", "verify-verified"},
		{"unsigned.sys", driver, either, "pe", "verify-not-signed"},
		{"cut.sys", driver[:0x100], itself, "pe", "verify-malformed"},
		{"dos.exe", append([]byte("MZ"), make([]byte, 100)...), itself, "flat", "verify-cannot-be-signed"},
		{"x.inf", text, itself, "flat", "verify-cannot-be-signed"},
		{"x.inf", text, inCatalog, "flat", "verify-verified"},
		{"x.inf", text, inDatabase, "flat", "verify-verified"},
		{"x.inf", text, either, "flat", "verify-verified"},
		{"y.inf", []byte("; an INF\n"), inCatalog, "flat", "verify-not-in-catalog"},
		{"y.inf", []byte("; an INF\n"), either, "flat", "verify-cannot-be-signed"},
		{"x.msi", msi, itself, "msi", "verify-installer-package"},
		{"x.msi", msi, inCatalog, "msi", "verify-verified"},
		{"list.cat", cat, itself, "catalog", "verify-verified"},
		{"renamed.bin", cat, itself, "catalog", "verify-verified"},
		{"text.cat", []byte("a placeholder"), itself, "catalog", "verify-signature-unreadable"},
		{"unsigned.cat", signtest.Catalog{Members: []signtest.Member{{Data: text}}}.Unsigned(), itself, "catalog", "verify-not-signed"},
		{"empty.sys", nil, itself, "flat", "verify-cannot-be-signed"},
		{"x.p7", message, p7, "pkcs7", "verify-verified"},
		{"altered.p7", detached, p7, "pkcs7", "verify-signature-invalid"},
		{"list.cat", cat, p7, "pkcs7", "verify-verified"},
		{"x.p7", message, itself, "flat", "verify-cannot-be-signed"},
		{"x.inf", text, p7, "pkcs7", "verify-signature-unreadable"},
	} {
		o := underPA(t)
		c.set(&o)
		path := put(t, t.TempDir(), c.name, c.data)
		if f := verifyOne(t, o, path); f.Kind != c.kind || f.Rule != c.rule {
			t.Errorf("%s: %s, %s (%s: %s), want %s, %s", c.name, f.Kind, f.Rule, f.Code, f.Reason, c.kind, c.rule)
		}
	}
	for name, path := range map[string]string{"verify-file-missing": filepath.Join(dir, "none"), "verify-file-unreadable": dir} {
		if f := verifyOne(t, underPA(t), path); f.Rule != name {
			t.Errorf("%s: %s", path, f.Rule)
		}
	}
}

// TestVerifyRequirements: what the options ask besides the policy, each met and
// not met.
func TestVerifyRequirements(t *testing.T) {
	dir := t.TempDir()
	h := signtest.Commercial(nil)
	driver := signtest.NewDriver(signtest.MachineAMD64, "requirements")
	stamped := h.Signer().Stamped(signtest.TimeStampingUnder(h.Root, nil).Stamp())
	sys := put(t, dir, "stamped.sys", signtest.SignPE(driver, stamped))
	bare := put(t, dir, "bare.sys", signtest.SignPE(driver, h.Signer()))
	paged := put(t, dir, "paged.sys", signtest.ImageSignature{Signer: stamped, PageHashes: true}.Sign(driver))
	inf := put(t, dir, "x.inf", []byte("inf"))
	cat := put(t, dir, "x.cat", signtest.Catalog{Members: []signtest.Member{{Data: []byte("inf")}}, OSAttr: "2:6.1,2:10.0"}.Sign(stamped))
	thumb := func(c *signtest.Certificate) string { sum := c.SHA1(); return hex.EncodeToString(sum[:]) }
	version := func(s string) *OSVersion {
		v, err := ParseOSVersion(s)
		if err != nil {
			t.Fatal(err)
		}
		return &v
	}
	for _, c := range []struct {
		name, file string
		set        func(*VerifyOptions)
		result     string
		rule       string
	}{
		{"root named", sys, func(o *VerifyOptions) { o.Root = "contoso code signing ROOT" }, "verified", "verify-verified"},
		{"root of another name", sys, func(o *VerifyOptions) { o.Root = "Northwind" }, "failed", "verify-root-name"},
		{"purpose there", sys, func(o *VerifyOptions) { o.EKUs = []string{trust.OIDCodeSigning} }, "verified", "verify-verified"},
		{"one of two purposes", sys, func(o *VerifyOptions) { o.EKUs = []string{trust.OIDCodeSigning, trust.OIDWHQL} }, "failed", "verify-purpose"},
		{"signer's thumbprint", sys, func(o *VerifyOptions) { o.SignerSHA1 = []string{thumb(h.Root), thumb(h.Leaf)} }, "verified", "verify-verified"},
		{"another's thumbprint", sys, func(o *VerifyOptions) { o.SignerSHA1 = []string{thumb(h.CA)} }, "failed", "verify-signer-hash"},
		{"authority's thumbprint", sys, func(o *VerifyOptions) { o.IssuerSHA1 = []string{thumb(h.CA)} }, "verified", "verify-verified"},
		{"root is no intermediate", sys, func(o *VerifyOptions) { o.IssuerSHA1 = []string{thumb(h.Root)} }, "failed", "verify-issuer-hash"},
		{"stamp asked for", sys, func(o *VerifyOptions) { o.WarnUnstamped = true }, "verified", "verify-verified"},
		{"no stamp", bare, func(o *VerifyOptions) { o.WarnUnstamped = true }, "warning", "verify-verified"},
		{"page hashes", paged, func(o *VerifyOptions) { o.PageHashes = true }, "verified", "verify-verified"},
		{"no page hashes", sys, func(o *VerifyOptions) { o.PageHashes = true }, "warning", "verify-verified"},
		{"version listed", inf, func(o *VerifyOptions) { o.Catalog, o.OS = cat, version("2:10.0.26200") }, "verified", "verify-verified"},
		{"version not listed", inf, func(o *VerifyOptions) { o.Catalog, o.OS = cat, version("2:6.3.9600") }, "failed", "verify-asked-os-version"},
		{"Windows 98", inf, func(o *VerifyOptions) { o.Catalog, o.OS = cat, version("1:6.1") }, "failed", "verify-asked-os-version"},
		// Windows 7 looks version 2 catalogs up by SHA-1 (rule 73).
		{"Windows 7 by SHA-1", inf, func(o *VerifyOptions) { o.Catalog, o.OS = cat, version("2:6.1.7601") }, "verified", "verify-verified"},
		{"by SHA-1", inf, func(o *VerifyOptions) { o.Catalog, o.CatalogHash = cat, crypto.SHA1 }, "verified", "verify-verified"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := underPA(t)
			c.set(&o)
			f := verifyOne(t, o, c.file)
			if f.Result != c.result || f.Rule != c.rule {
				t.Errorf("%s by %s (%s), want %s by %s", f.Result, f.Rule, f.Reason, c.result, c.rule)
			}
			if h := o.CatalogHash; h != 0 && (f.Hash == nil || f.Hash.Algorithm != "sha1") {
				t.Errorf("hash %+v", f.Hash)
			}
		})
	}
}

// signedBySomebody is a signature that holds.
func signedBySomebody() *authenticode.Signature {
	return &authenticode.Signature{SignerCount: 1, DigestAlgorithm: crypto.SHA256}
}

// TestVerifyPolicies: what the three policies make of signatures whose trust is
// given, so that Microsoft's are among them.
func TestVerifyPolicies(t *testing.T) {
	root, err := cert.Parse(signtest.Commercial(nil).Root.Raw)
	if err != nil {
		t.Fatal(err)
	}
	anchor := &trust.Anchor{Certificate: root}
	microsoft := func(a trust.Authority, driver bool) SignatureFacts {
		v := trust.Verdict{Trusted: true, Anchor: anchor, MicrosoftRoot: true, DriverPolicy: driver, Authority: a}
		return SignatureFacts{Signature: signedBySomebody(), Verdict: v, Kernel: v}
	}
	third := SignatureFacts{Signature: signedBySomebody(), Verdict: trust.Verdict{Trusted: true, Anchor: anchor, Authority: trust.ThirdParty}}
	cross := third
	cross.Kernel = trust.Verdict{KernelPath: new(trust.Path)}
	expired := third
	expired.Verdict.Trusted = false
	expired.Verdict.Problems = []trust.Problem{{Reason: trust.Expired, Code: winerror.CertExpired}}
	expiredMicrosoft := microsoft(trust.WHQL, false)
	expiredMicrosoft.Verdict.Trusted, expiredMicrosoft.Verdict.Problems = false, expired.Verdict.Problems
	expiredMicrosoft.Kernel = expiredMicrosoft.Verdict
	nameless := third
	nameless.Verdict.Trusted, nameless.Verdict.Problems = false, nil
	disallowed := third
	disallowed.Verdict.Trusted, disallowed.Verdict.Publisher = false, trust.DisallowedPublisher
	disallowed.Verdict.Problems = []trust.Problem{{Reason: trust.Disallowed, Code: winerror.TrustExplicitDistrust}}
	partial := third
	partial.Verdict = trust.Verdict{Problems: []trust.Problem{{Reason: trust.NoIssuer, Code: winerror.CertChaining}}}

	for _, c := range []struct {
		name                      string
		sig                       SignatureFacts
		driver, authentic, kernel string
	}{
		{"WHQL", microsoft(trust.WHQL, true), "verify-verified", "verify-verified", "verify-verified"},
		{"Windows", microsoft(trust.Windows, true), "verify-verified", "verify-verified", "verify-verified"},
		{"Microsoft, no driver purpose", microsoft(trust.Microsoft, false), "verify-no-driver-purpose", "verify-verified", "verify-kernel-purpose"},
		{"expired Microsoft", expiredMicrosoft, "verify-microsoft-not-trusted", "verify-not-trusted", "verify-not-trusted"},
		{"third party", third, "verify-not-microsoft", "verify-verified", "verify-kernel-root"},
		{"cross-signed", cross, "verify-not-microsoft", "verify-verified", "verify-verified"},
		{"expired third party", expired, "verify-not-microsoft", "verify-not-trusted", "verify-not-trusted"},
		{"untrusted without a reason", nameless, "verify-not-microsoft", "verify-not-trusted", "verify-not-trusted"},
		{"disallowed", disallowed, "verify-no-chain", "verify-not-trusted", "verify-not-trusted"},
		{"issuer missing", partial, "verify-no-chain", "verify-not-trusted", "verify-not-trusted"},
		{"zero", SignatureFacts{Signature: signedBySomebody()}, "verify-no-chain", "verify-not-trusted", "verify-not-trusted"},
	} {
		for p, want := range map[Policy]string{DriverPolicy: c.driver, AuthenticodePolicy: c.authentic, KernelPolicy: c.kernel, PKCS7Policy: c.authentic} {
			sig := &signed{SignatureFacts: c.sig}
			v := newVerifier(VerifyOptions{At: signtest.Now(), Store: trust.NewStore(), Policy: p})
			d := v.rule(&subject{kind: SubjectPE, embedded: true, signatures: []signed{*sig}}, sig, 0, p)
			if d.rule != want || d.failed() != (want != "verify-verified") {
				t.Errorf("%s under %s: %s %v (%s), want %s", c.name, p, d.rule, d.code, d.because[len(d.because)-1].Text, want)
			}
		}
	}
}

// TestVerifyOSAttr: the driver policy asks whether a file in a catalog was
// tested for the Windows at hand.
func TestVerifyOSAttr(t *testing.T) {
	for attr, want := range map[string]string{
		"2:10.0": "verify-verified", "2:6.1": "verify-verified", "2:5.0": "verify-os-version",
		"1:4.10": "verify-os-version", "2:10.1": "verify-os-version", "": "verify-os-version",
	} {
		c := parsedCatalog(t, attr)
		l := &listing{path: "x.cat"}
		l.read = func() (*catalog.Catalog, error) { return c, nil }
		verdict := trust.Verdict{Trusted: true, Anchor: &trust.Anchor{}, MicrosoftRoot: true, DriverPolicy: true, Authority: trust.WHQL}
		sig := &signed{SignatureFacts: SignatureFacts{Signature: signedBySomebody(), Verdict: verdict}}
		v := newVerifier(VerifyOptions{At: signtest.Now(), Store: trust.NewStore(), Policy: DriverPolicy})
		s := &subject{catalogs: true, found: []membership{{listing: l, member: &c.Members[0], hash: crypto.SHA256}}, signatures: []signed{*sig}}
		if d := v.rule(s, sig, 0, DriverPolicy); d.rule != want {
			t.Errorf("OSAttr %q: %s, want %s", attr, d.rule, want)
		}
	}
}

// TestVerifyOptionsCheck: what cannot be honoured is an error.
func TestVerifyOptionsCheck(t *testing.T) {
	zero := 0
	minus := -1
	for name, o := range map[string]VerifyOptions{
		"no clock":             {Policy: DriverPolicy},
		"no policy":            {At: signtest.Now()},
		"policy out of range":  {At: signtest.Now(), Policy: 99},
		"all and one":          {At: signtest.Now(), Policy: DriverPolicy, All: true, Index: &zero},
		"any and all":          {At: signtest.Now(), Policy: DriverPolicy, All: true, AnyOf: true},
		"negative":             {At: signtest.Now(), Policy: DriverPolicy, Index: &minus},
		"p7 and catalog":       {At: signtest.Now(), Policy: PKCS7Policy, Catalog: "x.cat"},
		"p7 and pages":         {At: signtest.Now(), Policy: PKCS7Policy, PageHashes: true},
		"catalog and database": {At: signtest.Now(), Policy: DriverPolicy, Catalog: "x.cat", CatalogDB: "."},
		"version, no catalog":  {At: signtest.Now(), Policy: DriverPolicy, OS: &OSVersion{}},
		"hash, no catalog":     {At: signtest.Now(), Policy: DriverPolicy, CatalogHash: crypto.SHA1},
		"hash of no catalog":   {At: signtest.Now(), Policy: DriverPolicy, Catalog: "x.cat", CatalogHash: crypto.SHA512},
		"no such database":     {At: signtest.Now(), Policy: DriverPolicy, CatalogDB: filepath.Join(t.TempDir(), "none")},
		"empty database":       {At: signtest.Now(), Policy: DriverPolicy, CatalogDB: t.TempDir()},
	} {
		if r, err := Verify(o, "x"); err == nil || r != nil {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	for _, s := range []string{"", "10", "2:", "2:10", "2:10.0.0.0", "x:10.0", "2:-1.0", "2:10.0x", "2:100000.0", "2: 10.0"} {
		if v, err := ParseOSVersion(s); err == nil {
			t.Errorf("%q reads as %v", s, v)
		}
	}
	if v, err := ParseOSVersion("10.0.26200"); err != nil || v.Platform != 2 || v.Major != 10 || v.Build != 26200 {
		t.Errorf("10.0.26200 reads as %v, %v", v, err)
	}
	for guid, want := range map[string]Policy{"{00aac56b-cd44-11d0-8cc2-00c04fc295ee}": AuthenticodePolicy, "F750E6C3-38EE-11D1-85E5-00C04FC295EE": DriverPolicy} {
		if p, err := PolicyByGUID(guid); err != nil || p != want {
			t.Errorf("%s: %v, %v", guid, p, err)
		}
	}
	if p, err := PolicyByGUID("{00000000-0000-0000-0000-000000000000}"); err == nil {
		t.Errorf("unknown policy is %v", p)
	}
}

// TestVerifyDatabase: one catalog that verifies is enough, a broken one is told
// of, and a file that is listed is not looked at for itself.
func TestVerifyDatabase(t *testing.T) {
	dir := t.TempDir()
	data := []byte("listed twice")
	file := put(t, t.TempDir(), "x.inf", data)
	list := signtest.Catalog{Members: []signtest.Member{{Data: data}}}
	put(t, dir, "a.cat", list.Sign(signtest.SelfSigned(nil).Signer()))
	o := underPA(t)
	o.CatalogDB = dir
	if f := verifyOne(t, o, file); f.Code != winerror.CertUntrustedRoot.Hex() || !strings.HasSuffix(f.Catalog, "/a.cat") {
		t.Errorf("%s by %s", f.Code, f.Catalog)
	}
	put(t, dir, "b.cat", list.Sign(signtest.Commercial(nil).Signer()))
	put(t, dir, "c.cat", []byte("no catalog"))
	r, err := Verify(o, file)
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Files[0]; f.Failed() || !strings.HasSuffix(f.Catalog, "/b.cat") || len(r.Warnings) != 1 || r.Summary.Warnings != 1 {
		t.Errorf("%s by %s, warnings %v", f.Code, f.Catalog, r.Warnings)
	}
	// Its own signature is good, that of the catalog is not: signtool does not
	// look at the former.
	driver := signtest.SignPE(signtest.NewDriver(signtest.MachineAMD64, "both"), signtest.Commercial(nil).Signer())
	put(t, dir, "d.cat", signtest.Catalog{Members: []signtest.Member{{Data: driver}}}.Sign(signtest.SelfSigned(nil).Signer()))
	o.Embedded = true
	if f := verifyOne(t, o, put(t, t.TempDir(), "x.sys", driver)); f.Code != winerror.CertUntrustedRoot.Hex() {
		t.Errorf("%s: %s", f.Code, f.Reason)
	}
}

// TestVerifyKeepsOrder: many files are judged by themselves and reported in
// order, however many at a time.
func TestVerifyKeepsOrder(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for i := range 60 {
		image := signtest.NewDriver(signtest.MachineAMD64, fmt.Sprint("file ", i))
		if i%3 != 0 {
			image = signtest.SignPE(image, signtest.Commercial(nil).Signer())
		}
		files = append(files, put(t, dir, fmt.Sprintf("%02d.sys", i), image))
	}
	files = append(files, filepath.Join(dir, "missing"), dir)
	var documents []string
	for _, jobs := range []int{1, 4} {
		o := underPA(t)
		o.Jobs = jobs
		r, err := Verify(o, files...)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range r.Files {
			if f.Path != filepath.ToSlash(files[i]) || f.Failed() != (i%3 == 0 || i >= 60) {
				t.Errorf("file %d is %s, %s", i, f.Path, f.Result)
			}
		}
		if r.Summary.Verified+r.Summary.Errors != len(files) {
			t.Errorf("%+v", r.Summary)
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(b))
	}
	if documents[0] != documents[1] {
		t.Error("the report depends on how many files are judged at a time")
	}
}

// TestEnumTextsOfVerify: zero is unknown, and so is what does not exist.
func TestEnumTextsOfVerify(t *testing.T) {
	for _, word := range []string{Policy(0).String(), Policy(99).String(), Policy(-1).String(), SubjectKind(0).String(), SubjectKind(99).String()} {
		if word != "unknown" {
			t.Errorf("reads %q", word)
		}
	}
}
