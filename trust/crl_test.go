package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"prestage/authenticode/signtest"
)

// sampleCRL is a list with an entry of every form, on a small key so that
// altered copies are cheap.
func sampleCRL(change func(*signtest.CRL)) []byte {
	ca := signtest.NewRoot(signtest.CATemplate(signtest.DN("O=Test", "CN=Lists"), signtest.NamedKey("p256-1")))
	l := signtest.CRL{Issuer: ca, Revoked: []signtest.Revoked{
		{Serial: big.NewInt(7), At: date("2026-01-05")},
		{Serial: big.NewInt(-7), At: date("2055-01-05"), Reason: signtest.Because(1), InvalidityDate: date("2025-12-24")},
		{Serial: new(big.Int).Lsh(big.NewInt(1), 127), Reason: signtest.Because(6)},
	}, Extensions: []signtest.Extension{{OID: "2.5.29.20", Value: signtest.Integer(12)}}}
	if change != nil {
		change(&l)
	}
	return l.Encode()
}

func extension(oid string, critical bool, value []byte) signtest.Extension {
	return signtest.Extension{OID: oid, Critical: critical, Value: value}
}

func TestReadRevocationList(t *testing.T) {
	l, err := readRevocationList("sample", sampleCRL(nil))
	must(t, err)
	for serial, want := range map[int64]revoked{
		7:  {date: date("2026-01-05")},
		-7: {date: date("2055-01-05"), invalid: date("2025-12-24"), reason: 1, given: true},
	} {
		if got := l.revoked[string(byte(serial))]; serial > 0 && got != want {
			t.Errorf("%d: %+v, want %+v", serial, got, want)
		}
		if got := l.revoked["\xf9"]; serial < 0 && got != want {
			t.Errorf("%d: %+v, want %+v", serial, got, want)
		}
	}
	if len(l.revoked) != 3 || !l.thisUpdate.Equal(date("2026-11-01")) || !l.nextUpdate.Equal(date("2026-12-01")) {
		t.Errorf("%d entries, from %v to %v", len(l.revoked), l.thisUpdate, l.nextUpdate)
	}
}

// TestBadRevocationLists: each is refused, with the reason.
func TestBadRevocationLists(t *testing.T) {
	entry := func(e ...signtest.Extension) func(*signtest.CRL) {
		return func(l *signtest.CRL) { l.Revoked[0].Extensions = e }
	}
	list := func(e ...signtest.Extension) func(*signtest.CRL) {
		return func(l *signtest.CRL) { l.Extensions = e }
	}
	point := func(fields ...[]byte) func(*signtest.CRL) {
		return list(extension(signtest.OIDIssuingDistributionPoint, true, signtest.Sequence(fields...)))
	}
	yes := []byte{0xff}
	many := make([]signtest.Extension, maxCRLExtensions+1)
	for i := range many {
		many[i] = extension("1.3.6.1.4.1.99999."+big.NewInt(int64(i)).String(), false, signtest.Null())
	}
	for _, c := range []struct {
		name   string
		change func(*signtest.CRL)
		want   error
		words  string
	}{
		{"delta list", list(extension(signtest.OIDDeltaCRLIndicator, true, signtest.Integer(3))), ErrRevocationKind, "delta"},
		{"indirect list", point(signtest.Implicit(4, yes)), ErrRevocationKind, "indirect"},
		{"list of attribute certificates", point(signtest.Implicit(5, yes)), ErrRevocationKind, "attribute"},
		{"entry of another issuer", entry(extension(signtest.OIDCertificateIssuer, true, signtest.Sequence())), ErrRevocationKind, "indirect"},
		{"distribution point out of order", point(signtest.Implicit(2, yes), signtest.Implicit(1, yes)), ErrRevocationSyntax, "issuingDistributionPoint"},
		{"distribution point that is none", list(extension(signtest.OIDIssuingDistributionPoint, true, signtest.Null())), ErrRevocationSyntax, "issuingDistributionPoint"},
		{"critical extension", list(extension(oidUnknown, true, signtest.Null())), ErrRevocationCritical, oidUnknown},
		{"critical extension of an entry", entry(extension(oidUnknown, true, signtest.Null())), ErrRevocationCritical, oidUnknown},
		{"extension twice", list(extension(oidUnknown, false, signtest.Null()), extension(oidUnknown, false, signtest.Null())), ErrRevocationSyntax, "twice"},
		{"reason twice", entry(extension(signtest.OIDCRLReason, false, []byte{10, 1, 4}), extension(signtest.OIDCRLReason, false, []byte{10, 1, 1})), ErrRevocationSyntax, "twice"},
		{"too many extensions", list(many...), ErrRevocationSyntax, "more than 64"},
		{"reason that is no number", entry(extension(signtest.OIDCRLReason, false, signtest.Null())), ErrRevocationSyntax, "reasonCode"},
		{"invalidity date that is none", entry(extension(signtest.OIDInvalidityDate, false, signtest.Null())), ErrRevocationSyntax, "invalidityDate"},
		{"version 3", func(l *signtest.CRL) { l.Version = 3 }, ErrRevocationSyntax, "version"},
		{"inner and outer algorithm differ", func(l *signtest.CRL) { l.OuterAlgorithm = &signtest.Algorithm{OID: signtest.OIDECDSASHA1} }, ErrRevocationSyntax, "algorithm"},
		{"serial number without end", func(l *signtest.CRL) { l.Revoked[0].Serial = new(big.Int).Lsh(big.NewInt(1), 8*maxRevokedSerial) }, ErrRevocationSyntax, "serial number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := readRevocationList("sample", sampleCRL(c.change))
			if l != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.words) || !strings.HasPrefix(err.Error(), "sample: revocation list: ") {
				t.Errorf("%v, %v", l, err)
			}
		})
	}
	harmless := []func(*signtest.CRL){
		point(signtest.Implicit(4, []byte{0})),
		list(extension(oidUnknown, false, signtest.Null())),
		entry(extension(oidUnknown, false, signtest.Null())),
		entry(extension("2.5.29.23", false, signtest.OID("1.2.840.10040.2.1"))),
		list(extension("2.5.29.46", false, signtest.Sequence()), extension("2.5.29.18", true, signtest.Sequence())),
	}
	for i, change := range harmless {
		if _, err := readRevocationList("sample", sampleCRL(change)); err != nil {
			t.Errorf("harmless %d: %v", i, err)
		}
	}
}

// TestCutRevocationData: no beginning of a list or of a response is one, and
// neither is one with something behind it.
func TestCutRevocationData(t *testing.T) {
	list, response := sampleCRL(nil), sampleOCSP(nil)
	for n := range list {
		if l, err := readRevocationList("cut", list[:n]); err == nil || l != nil {
			t.Errorf("list of %d of %d octets read", n, len(list))
		}
	}
	for n := range response {
		if a, err := readOCSP("cut", response[:n]); err == nil || a != nil {
			t.Errorf("response of %d of %d octets read", n, len(response))
		}
	}
	if _, err := readRevocationList("long", append(list, 0)); err == nil {
		t.Error("list with an octet more")
	}
	if _, err := readOCSP("long", append(response, 0)); err == nil {
		t.Error("response with an octet more")
	}
}

// TestTooManyRevoked: the limit is met before memory is used up.
func TestTooManyRevoked(t *testing.T) {
	if testing.Short() {
		t.Skip("some 30 MB")
	}
	if _, err := readRevocationList("full", bigCRL(maxRevoked)); err != nil {
		t.Error(err)
	}
	if _, err := readRevocationList("over", bigCRL(maxRevoked+1)); !errors.Is(err, ErrTooManyRevoked) {
		t.Error(err)
	}
}

// bigCRL is a list of n entries with a signature that nobody made.
func bigCRL(n int) []byte {
	at := signtest.Time(date("2026-01-05"))
	entries := make([]byte, 0, n*24)
	for i := range uint32(n) {
		entries = append(entries, 0x30, 22, 0x02, 5, 1)
		entries = binary.BigEndian.AppendUint32(entries, i)
		entries = append(entries, at...)
	}
	algorithm := signtest.Sequence(signtest.OID(signtest.OIDSHA256WithRSA), signtest.Null())
	return signtest.Sequence(
		signtest.Sequence(signtest.Integer(1), algorithm, signtest.DN("CN=Big").DER(), at, signtest.Sequence(entries)),
		algorithm, signtest.BitString(make([]byte, 256)))
}

// TestPaddedSerial: a list and a certificate may write one number differently.
func TestPaddedSerial(t *testing.T) {
	for _, c := range []struct{ octets, want string }{
		{"\x00", "\x00"}, {"\x00\x00", "\x00"}, {"\x00\x7f", "\x7f"}, {"\x00\x80", "\x00\x80"},
		{"\xff", "\xff"}, {"\xff\xff", "\xff"}, {"\xff\x80", "\x80"}, {"\xff\x7f", "\xff\x7f"}, {"\x80", "\x80"},
	} {
		if got := serialKey([]byte(c.octets)); got != c.want {
			t.Errorf("%x: %x, want %x", c.octets, got, c.want)
		}
	}
	f := newFamily(t)
	for _, n := range []int64{0, 1, 127, 128, 255, 256, -1, -127, -128, -129, -7} {
		f.leaf("leaf", "", func(t *signtest.Template) { t.Serial = big.NewInt(n) })
		der := signtest.Integer(n)
		if got, want := serialOf(f.get("leaf")[0]), string(der[2:]); got != want {
			t.Errorf("%d: %x, want %x", n, got, want)
		}
	}
}

// TestSealMemory: what is remembered of a seal is bounded and right.
func TestSealMemory(t *testing.T) {
	f := newFamily(t)
	f.ca("ca", "").ca("other", "")
	l, err := readRevocationList("list", crl("ca")(f)[0])
	must(t, err)
	ca, other := f.get("ca")[0], f.get("other")[0]
	for i := range 3 * maxSealKeys {
		fake := *other
		fake.RawSPKI = binary.BigEndian.AppendUint32(nil, uint32(i))
		if l.seal.by(&fake) == nil || l.seal.by(ca) != nil || l.seal.by(other) == nil {
			t.Fatal("wrong answer")
		}
	}
	if len(l.seal.known) > maxSealKeys {
		t.Errorf("%d keys remembered", len(l.seal.known))
	}
}

// TestLoadRevocations: files of every form, and folders.
func TestLoadRevocations(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	list := signtest.CRL{Issuer: f.certs["ca"], Revoked: []signtest.Revoked{{Serial: f.certs["leaf"].Serial}}}
	bundle := signtest.SignedData{ContentType: signtest.OIDData, Content: signtest.OctetString(nil), Certificates: []*signtest.Certificate{f.certs["ca"]}, RevocationInfo: [][]byte{list.Encode()}}
	delta := list
	delta.Extensions = []signtest.Extension{extension(signtest.OIDDeltaCRLIndicator, true, signtest.Integer(1))}
	broken := bytes.Replace(list.PEM(), []byte("-----BEGIN X509 CRL-----\n"), []byte("-----BEGIN X509 CRL-----\n!!"), 1)
	pem := bytes.Join([][]byte{f.certs["ca"].PEM(), list.PEM(), list.PEM()}, nil)
	for _, c := range []struct {
		name  string
		files map[string][]byte
		lists int
		want  string // of the error; empty: none
	}{
		{"DER", map[string][]byte{"a.crl": list.Encode()}, 1, ""},
		{"PEM, twice and a certificate", map[string][]byte{"a.pem": pem}, 2, ""},
		{"PKCS #7", map[string][]byte{"a.p7b": bundle.Encode()}, 1, ""},
		{"OCSP", map[string][]byte{"a.ocsp": ocspOf(revokedLeaf)(f)[0]}, 0, ""},
		{"folder", map[string][]byte{"a.crl": list.Encode(), "b/b.pem": list.PEM(), "README.md": []byte("text"), "c.ocsp": ocspOf(revokedLeaf)(f)[0], ".git/x": []byte("x")}, 2, ""},
		{"certificate only", map[string][]byte{"a.cer": f.certs["ca"].Raw}, 0, ErrNoRevocation.Error()},
		{"empty folder", map[string][]byte{"README.md": []byte("text")}, 0, ErrNoRevocation.Error()},
		{"something else", map[string][]byte{"a.crl": []byte("something else")}, 0, ErrUnknownFormat.Error()},
		{"damaged", map[string][]byte{"a.crl": list.Encode()[:100]}, 0, "a.crl"},
		{"damaged PEM", map[string][]byte{"a.crl": broken}, 0, "a.crl:1"},
		{"delta list", map[string][]byte{"a.crl": delta.Encode()}, 0, ErrRevocationKind.Error()},
		{"OCSP that gives no answer", map[string][]byte{"a.ocsp": signtest.OCSP{Status: 3}.Encode()}, 0, "try later"},
		{"good and damaged", map[string][]byte{"a.crl": list.Encode(), "b.crl": delta.Encode()}, 0, "b.crl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := dir
			for name, data := range c.files {
				path = filepath.Join(dir, filepath.FromSlash(name))
				must(t, os.MkdirAll(filepath.Dir(path), 0o777))
				must(t, os.WriteFile(path, data, 0o666))
			}
			if len(c.files) > 1 || c.name == "empty folder" {
				path = dir
			}
			s := NewStore()
			err := s.LoadRevocations(path, ReadOptions{})
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("error %v, want %q", err, c.want)
				}
				return
			}
			must(t, err)
			if got := len(s.RevocationLists()); got != c.lists || s.evidence.empty() {
				t.Errorf("%d lists, want %d", got, c.lists)
			}
			s.AddRoot(f.get("root")[0], "root")
			if v := Verify(signature(f.get("leaf", "ca")), s, Options{At: signtest.Now(), Purpose: CodeSigning}); v.Trusted || v.Problems[0].Reason != Revoked || !strings.Contains(v.Problems[0].Detail, dir) {
				t.Errorf("problems %v", v.Problems)
			}
		})
	}
	if err := NewStore().LoadRevocations(filepath.Join(t.TempDir(), "none"), ReadOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	s := NewStore()
	for _, data := range [][]byte{delta.Encode(), signtest.OCSP{Status: 3}.Encode()} {
		if n, err := s.AddRevocations("bad", data, ReadOptions{SkipBad: true}); n != 0 || err != nil {
			t.Errorf("not forgiven: %d, %v", n, err)
		}
	}
	if len(s.Warnings()) != 2 || !s.evidence.empty() {
		t.Errorf("warnings %q", s.Warnings())
	}
}

// TestStoredLists: the lists in a machine's own stores count as well, and one
// of a kind that is not supported only warns.
func TestStoredLists(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	list := signtest.CRL{Issuer: f.certs["ca"], Revoked: []signtest.Revoked{{Serial: f.certs["leaf"].Serial}}}
	delta := list
	delta.Extensions = []signtest.Extension{extension(signtest.OIDDeltaCRLIndicator, true, signtest.Integer(1))}
	path := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(path, bytes.Join([][]byte{f.certs["ca"].PEM(), delta.PEM(), list.PEM()}, nil), 0o666))
	s := NewStore()
	s.AddRoot(f.get("root")[0], "root")
	must(t, s.Load(Intermediate, path, ReadOptions{}))
	v := Verify(signature(f.get("leaf")), s, Options{At: signtest.Now(), Purpose: CodeSigning})
	if v.Trusted || v.Problems[0].Reason != Revoked {
		t.Errorf("problems %v", v.Problems)
	}
	if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], "delta") {
		t.Errorf("warnings %q", w)
	}
}

// FuzzCRL: no input panics or is read in part, and the library agrees on what
// both can read.
func FuzzCRL(f *testing.F) {
	f.Add(sampleCRL(nil))
	f.Add(sampleCRL(func(l *signtest.CRL) { l.Version = 1 }))
	f.Add(sampleCRL(func(l *signtest.CRL) { l.Revoked = nil }))
	f.Add(sampleCRL(func(l *signtest.CRL) { l.NoNextUpdate = true; l.Algorithm.OID = signtest.OIDECDSASHA1 }))
	f.Add(sampleCRL(scope(signtest.Implicit(1, []byte{0xff}))))
	f.Add(bigCRL(3))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		l, err := readRevocationList("fuzz", data)
		if !bytes.Equal(before, data) {
			t.Fatal("input was changed")
		}
		if (l == nil) == (err == nil) {
			t.Fatalf("%v and %v", l, err)
		}
		std, stdErr := x509.ParseRevocationList(data)
		if err != nil || stdErr != nil {
			return
		}
		if !bytes.Equal(l.issuer, std.RawIssuer) || !l.thisUpdate.Equal(std.ThisUpdate) || !l.nextUpdate.Equal(std.NextUpdate) ||
			!bytes.Equal(l.seal.signed, std.RawTBSRevocationList) {
			t.Fatal("the library reads another list")
		}
		serials := map[string]time.Time{}
		for _, e := range std.RevokedCertificateEntries {
			der := signtest.BigInteger(e.SerialNumber)
			key := serialKey(signtest.TLV(0, der)[2+len(der)-contentLength(der):])
			have, twice := serials[key]
			if !twice || e.RevocationTime.Before(have) {
				serials[key] = e.RevocationTime
			}
		}
		if len(serials) != len(l.revoked) {
			t.Fatalf("%d certificates, the library has %d", len(l.revoked), len(serials))
		}
		for key, at := range serials {
			if r, ok := l.revoked[key]; !ok || r.from(false).After(at) {
				t.Fatalf("%x: %+v, the library says %v", key, r, at)
			}
		}
	})
}

// contentLength is how many octets of a DER element are its contents.
func contentLength(der []byte) int {
	header, _, _ := derHeader(der)
	return len(der) - header
}

// BenchmarkCRL reads a list of a hundred thousand entries.
func BenchmarkCRL(b *testing.B) {
	data := bigCRL(100000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readRevocationList("bench", data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyRevoked judges an ordinary signature with lists of all its
// issuers at hand, the links and seals remembered.
func BenchmarkVerifyRevoked(b *testing.B) {
	f := newFamily(b)
	ordinary(nil)(f)
	s := NewStore()
	s.AddRoot(f.get("root")[0], "bench")
	for _, said := range both(crl("root"), crl("ca", gone("leaf", "2026-01-05")))(f) {
		if _, err := s.AddRevocations("bench", said, ReadOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	sig := signature(f.get("leaf", "ca"))
	b.ReportAllocs()
	for b.Loop() {
		if v := Verify(sig, s, Options{At: signtest.Now(), Purpose: CodeSigning}); v.Trusted {
			b.Fatal("trusted")
		}
	}
}

// TestUsualTime: the short way and the library read the same times, and refuse
// the same.
func TestUsualTime(t *testing.T) {
	for _, text := range []string{
		"260105120000Z", "491231235959Z", "500101000000Z", "991231235959Z", "240229000000Z", "230229000000Z", "260431000000Z",
		"261301000000Z", "260001000000Z", "260100000000Z", "260105240000Z", "260105006000Z", "260105000060Z", "2601051200Z",
		"260105120000+", "26010512000aZ", "-60105120000Z", "260105120000z", "2601051200+0100", "260105120000+0100",
	} {
		der := signtest.TLV(0x17, []byte(text))
		short, long := cryptobyte.String(der), cryptobyte.String(der)
		got, ok := readTime(&short)
		var want time.Time
		wantOK := long.ReadASN1UTCTime(&want)
		if ok != wantOK || ok && (!got.Equal(want) || !short.Empty()) {
			t.Errorf("%s: %v %v, the library says %v %v", text, got, ok, want, wantOK)
		}
	}
}
