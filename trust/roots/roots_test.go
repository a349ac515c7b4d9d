package roots

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	codeSigning  = "1.3.6.1.5.5.7.3.3"
	timeStamping = "1.3.6.1.5.5.7.3.8"
)

// unembedded are the program's roots for time stamping whose certificate is in
// none of the pinned sources: they are for document signing.
var unembedded = map[string]string{
	"81c2568503eb3be5eec366653960e6d1be9448915e4605b793fbeb34ccb2470f": "DATEV",
	"46219bbf9148f00e8b7a4c619b57cf7602701ff81348400718870fabd31fc5be": "SECOM",
	"771535d43d4633bd307eb7b8a3966b5df00707c088089920080c1ae6d3cb0f68": "QuoVadis",
	"9f8e6db31e740285e0c2c2deb09e442bdd4e74bdeeae2962bc82d1ecb9f39855": "QuoVadis",
}

func TestZeroValuesAreUnknown(t *testing.T) {
	var c Class
	var k Kind
	var p Policy
	if c != ClassUnknown || c.String() != "unknown" || k != KindUnknown || k.String() != "unknown" {
		t.Errorf("zero class %v, zero kind %v", c, k)
	}
	if p.Listed || p.AllowsUsage(codeSigning) {
		t.Error("the zero policy permits something")
	}
	if Class(99).String() != "unknown" || Kind(99).String() != "unknown" {
		t.Error("a value out of range has a name")
	}
}

// Each embedded certificate is the one that its row names, and says of itself
// what the row says.
func TestBundleIsWhatTheTableSays(t *testing.T) {
	var joined []byte
	for i, r := range All() {
		der := r.DER()
		joined = append(joined, der...)
		if r.SHA256 != sha256.Sum256(der) || r.SHA1 != sha1.Sum(der) {
			t.Errorf("%s: digests differ", r.Subject)
		}
		c, err := r.Certificate()
		if err != nil {
			t.Fatalf("%s: %v", r.Subject, err)
		}
		if !bytes.Equal(c.RawSubject, r.RawSubject()) || c.Subject.String() != r.Subject {
			t.Errorf("%s: subject is %s", r.Subject, c.Subject)
		}
		if c.PublicKey == nil {
			t.Errorf("%s: %v", r.Subject, c.KeyProblem)
		}
		if !c.SelfIssued() {
			t.Errorf("%s: issued by %s", r.Subject, c.Issuer)
		}
		if BySHA256(r.SHA256) != r || !slices.Contains(BySubject(r.RawSubject()), r) {
			t.Errorf("%s: not found by its digest or subject", r.Subject)
		}
		if again, _ := r.Certificate(); again != c {
			t.Errorf("%s: parsed twice", r.Subject)
		}
		if i > 0 && r.Class < All()[i-1].Class {
			t.Errorf("%s: out of order", r.Subject)
		}
	}
	if string(joined) != bundle {
		t.Error("the rows do not cover anchors.der exactly and in order")
	}
}

func TestDamagedCertificateIsRefused(t *testing.T) {
	r := All()[0]
	if c, err := parseRoot(r.der[:len(r.der)-1]+"x", r.SHA256); err == nil || c != nil {
		t.Error("a certificate with another digest is taken")
	}
	if c, err := parseRoot("x", sha256.Sum256([]byte("x"))); err == nil || c != nil {
		t.Error("bytes that are no certificate are taken")
	}
}

func TestCopiesCannotChangeTheData(t *testing.T) {
	r := All()[0]
	r.DER()[0] ^= 1
	r.RawSubject()[0] ^= 1
	All()[0] = nil
	BySubject(r.RawSubject())[0] = nil
	if again := All()[0]; again != r || sha256.Sum256(again.DER()) != r.SHA256 || BySubject(r.RawSubject())[0] != r {
		t.Error("a caller changed the embedded data")
	}
}

// The numbers of the reference: 515 entries, of which 306 may sign code and
// 327 stamp time; every one of the first and all but four of the second are
// embedded.
func TestCounts(t *testing.T) {
	var listed, code, stamp, dated, hit, free int
	for sum, p := range load().policies {
		listed++
		_, isGap := unembedded[hex.EncodeToString(sum[:])]
		embedded := BySHA256(sum) != nil
		isCode := p.EKUs == nil || slices.Contains(p.EKUs, codeSigning)
		isStamp := p.EKUs == nil || slices.Contains(p.EKUs, timeStamping)
		if embedded != ((isCode || isStamp) && !isGap) {
			t.Errorf("%s: embedded %v, code %v, stamp %v", p.Name, embedded, isCode, isStamp)
		}
		if isStamp {
			stamp++
		}
		if !isCode {
			continue
		}
		code++
		hits := !p.NotBefore.IsZero() && (p.NotBeforeEKUs == nil || slices.Contains(p.NotBeforeEKUs, codeSigning))
		if !p.Disable.IsZero() {
			dated++
		}
		if hits {
			hit++
		}
		if p.Disable.IsZero() && !hits {
			free++
		}
	}
	got := []int{listed, code, stamp, dated, hit, free}
	// 206 dates: the list has 210 entries with the property, four of them empty.
	if want := []int{515, 306, 327, 164, 206, 67}; !slices.Equal(got, want) {
		t.Errorf("listed, code signing, time stamping, disabled, not-before, free: %v, want %v", got, want)
	}
	classes := map[Class]int{}
	for _, r := range All() {
		classes[r.Class]++
	}
	want := map[Class]int{Product: 6, ProductTimeStamping: 2, CodeVerification: 1, Program: 360}
	for class, n := range want {
		if classes[class] != n {
			t.Errorf("%v: %d anchors, want %d", class, classes[class], n)
		}
	}
}

func TestAnchorsByThumbprint(t *testing.T) {
	day := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	tests := []struct {
		sha1, name, class  string
		listed             bool
		disable, notBefore string
		code, stamp        bool // usage left at all
		notBeforeHitsCode  bool
	}{
		{"a43489159a520f0d93d032ccaf37e7fe20a8b419", "Microsoft Root Authority", "product", true, "2018-01-31", "", true, true, false},
		{"cdd4eeae6000ac7f40c3802c171e30148030c072", "Microsoft Root Certificate Authority,", "product", true, "2021-08-01", "2017-04-30", true, true, true},
		{"3b1efd3a66ea28b16697394703a72ca340a05bd5", "Microsoft Root Certificate Authority 2010", "product", true, "", "", true, true, false},
		{"8f43288ad272f3103b6fb1428485ea3014c0bcfe", "Microsoft Root Certificate Authority 2011", "product", true, "", "", true, true, false},
		{"06f1aa330b927b753a40e68cdf22e34bcbef3352", "Microsoft ECC Product Root", "product", true, "", "", true, true, false},
		{"7f88cd7223f3c813818c994614a89c99fa3b5247", "Microsoft Authenticode(tm) Root Authority", "product", false, "", "", false, false, false},
		{"0119e81be9a14cd8e22f40ac118c687ecba3f4d8", "Microsoft Time Stamp Root", "product-timestamp", true, "", "", false, true, false},
		{"31f9fc8ba3805986b721ea7295c65b3a44534274", "Microsoft ECC TS Root", "product-timestamp", true, "", "", true, true, false},
		{"8fbe4d070ef8ab1bccaf2a9d5ccae7282a2c66b3", "Microsoft Code Verification Root", "code-verification", false, "", "", false, false, false},
		{"f40042e2e5f7e8ef8189fed15519aece42c3bfa2", "Microsoft Identity Verification Root", "program", true, "", "", true, true, false},
		{"4eb6d578499b1ccf5f581ead56be3d9b6744a5e5", "Primary Certification Authority - G5", "program", true, "", "2021-02-01", true, false, true},
		{"d4de20d05e66fc53fe1a50882c78db2852cae474", "Baltimore CyberTrust Root", "program", true, "", "2020-08-01", true, true, false},
		{"ccbbf9e1485af63ce47abf8e9e648c2504fc319d", "Sectigo Public Code Signing Root R46", "program", true, "", "", true, false, false},
		{"0563b8630d62d75abbc8ab1e4bdfb5a899b24d43", "DigiCert Assured ID Root CA", "program", true, "", "", true, true, false},
		{"3e2bf7f2031b96f38ce6c4d8a85d3e2d58476a0f", "StartCom Certification Authority", "program", true, "2019-02-01", "2017-09-30", true, true, true},
	}
	for _, test := range tests {
		i := slices.IndexFunc(All(), func(r *Root) bool { return hex.EncodeToString(r.SHA1[:]) == test.sha1 })
		if i < 0 {
			t.Errorf("%s (%s) is not embedded", test.name, test.sha1)
			continue
		}
		r := All()[i]
		if !strings.Contains(r.Subject, test.name) || r.Class.String() != test.class || r.Listed != test.listed {
			t.Errorf("%s: %s, class %v, listed %v", test.name, r.Subject, r.Class, r.Listed)
		}
		if !r.Disable.Equal(day(test.disable)) || !r.NotBefore.Equal(day(test.notBefore)) {
			t.Errorf("%s: disable %v, not before %v", test.name, r.Disable, r.NotBefore)
		}
		if r.AllowsUsage(codeSigning) != test.code || r.AllowsUsage(timeStamping) != test.stamp {
			t.Errorf("%s: code signing %v, time stamping %v", test.name, r.AllowsUsage(codeSigning), r.AllowsUsage(timeStamping))
		}
		hits := !r.NotBefore.IsZero() && (r.NotBeforeEKUs == nil || slices.Contains(r.NotBeforeEKUs, codeSigning))
		if hits != test.notBeforeHitsCode {
			t.Errorf("%s: not before hits code signing: %v", test.name, hits)
		}
	}
}

func TestAllowsUsage(t *testing.T) {
	all := Policy{Listed: true}
	none := Policy{Listed: true, EKUs: []string{}}
	some := Policy{Listed: true, EKUs: []string{codeSigning, timeStamping}, DisabledEKUs: []string{timeStamping}}
	if !all.AllowsUsage(codeSigning) || none.AllowsUsage(codeSigning) || !some.AllowsUsage(codeSigning) || some.AllowsUsage(timeStamping) {
		t.Error("usages")
	}
	taken := Policy{Listed: true, DisabledEKUs: []string{codeSigning}}
	if taken.AllowsUsage(codeSigning) {
		t.Error("a usage that was taken away is left")
	}
}

func TestUnknownDigest(t *testing.T) {
	var sum [32]byte
	if p, ok := Facts(sum); ok || p.Listed || BySHA256(sum) != nil || BySubject(nil) != nil {
		t.Error("something is known of nothing")
	}
	for id, name := range unembedded { // facts without certificate
		sum, err := hash[[32]byte](id)
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := Facts(sum); !ok || !p.Listed || !strings.Contains(p.Name, name) || BySHA256(sum) != nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// Rows that must not load: dropping one would drop a restriction.
func TestTablesAreStrict(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	for name, line := range map[string]string{
		"few columns":  "a\tb",
		"many columns": strings.Repeat("a\t", 12),
		"digest":       "a\tb\tc\tALL\t\t\t\t\t",
		"no usages":    "a\t" + sum + "\tc\t\t\t\t\t\t",
		"date":         "a\t" + sum + "\tc\tALL\tyesterday\t\t\t\t",
		"other date":   "a\t" + sum + "\tc\tALL\t\t\t2020-01-01\t\t",
		"twice":        "a\t" + sum + "\tc\tALL\t\t\t\t\t\na\t" + sum + "\tc\tALL\t\t\t\t\t",
	} {
		if !panics(func() { eachRow("test", line+"\n", 9, newIndex().addPolicy) }) {
			t.Errorf("%s: loads", name)
		}
	}
	sha1 := strings.Repeat("ab", 20)
	for name, line := range map[string]string{
		"class":       sum + "\t" + sha1 + "\tmine\t0\t9\t0\t1\ts\tn",
		"offset":      sum + "\t" + sha1 + "\tproduct\t-1\t9\t0\t1\ts\tn",
		"length":      sum + "\t" + sha1 + "\tproduct\t0\t99999999\t0\t1\ts\tn",
		"subject":     sum + "\t" + sha1 + "\tproduct\t0\t9\t5\t5\ts\tn",
		"no subject":  sum + "\t" + sha1 + "\tproduct\t0\t9\t5\t0\ts\tn",
		"not listed":  sum + "\t" + sha1 + "\tprogram\t0\t9\t0\t1\ts\tn",
		"thumbprint":  sum + "\t" + sum + "\tproduct\t0\t9\t0\t1\ts\tn",
		"not decimal": sum + "\t" + sha1 + "\tproduct\t0\tall\t0\t1\ts\tn",
	} {
		if !panics(func() { eachRow("test", line+"\n", 9, newIndex().addRoot) }) {
			t.Errorf("%s: loads", name)
		}
	}
	if !panics(func() {
		eachRow("test", "-\tn\tfriend\t-\t-\t-\t-\t-\t-\n", 9, (&knownIndex{}).add)
	}) {
		t.Error("a known root of unknown class loads")
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// A check builds the index, looks for an issuer and parses one root.
func BenchmarkOneCheck(b *testing.B) {
	subject := All()[0].RawSubject()
	for b.Loop() {
		x := build()
		for _, r := range x.bySubject[string(subject)] {
			if _, err := r.Certificate(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkParseEveryRoot(b *testing.B) {
	b.SetBytes(int64(len(bundle)))
	for b.Loop() {
		for _, r := range load().roots {
			if _, err := parseRoot(r.der, r.SHA256); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkBySubject(b *testing.B) {
	subject := All()[0].RawSubject()
	for b.Loop() {
		if len(BySubject(subject)) == 0 {
			b.Fatal("not found")
		}
	}
}
