package roots

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
	"time"

	"prestage/authenticode/cert"
)

// issued is a certificate with the given names and authority key identifier.
func issued(t *testing.T, subject, issuer string, keyID []byte) *cert.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := func(name string, id []byte) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, SubjectKeyId: id,
			NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template(subject, nil), template(issuer, keyID), key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestKnownTestByIssuer(t *testing.T) {
	devKey, err := hex.DecodeString("8570009f77591e8cac3c9f77262819cc9ac18f32")
	if err != nil {
		t.Fatal(err)
	}
	const devRoot = "Microsoft Development Root Certificate Authority 2014"
	tests := []struct {
		name, subject, issuer string
		keyID                 []byte
		want                  string
	}{
		{"flight root by name and key", "PCA", devRoot, devKey, devRoot},
		{"flight root without key", "PCA", devRoot, nil, devRoot},
		{"look-alike with another key", "PCA", devRoot, []byte{1, 2, 3}, ""},
		{"testing root by name", "PCA", "Microsoft Testing Root Certificate Authority 2010", []byte{1}, "Microsoft Testing Root Certificate Authority 2010"},
		{"makecert", "me", "Root Agency", nil, "Root Agency"},
		{"developer's own", "WDKTestCert me,131259686273466591", "WDKTestCert me,131259686273466591", nil, "Windows Driver Kit test certificate"},
		{"developer's name, issued by another", "WDKTestCert me,1", "Other", nil, ""},
		{"product root", "PCA", "Microsoft Root Certificate Authority 2010", nil, ""},
		{"longer name", "PCA", "Root Agency 2", nil, ""},
		{"nobody", "a", "", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := issued(t, test.subject, test.issuer, test.keyID)
			if name, ok := KnownTest(c); name != test.want || ok != (test.want != "") {
				t.Errorf("%q, %v; want %q", name, ok, test.want)
			}
			if k, ok := Identify(c); ok {
				t.Errorf("identified as %s by its name", k.Name)
			}
		})
	}
}

// The digests of the table are those of the certificates, where these are
// embedded: by thumbprint and by signed part, to the same row.
func TestKnownRootsAreTheEmbeddedOnes(t *testing.T) {
	bothWays := 0
	for _, r := range All() {
		c, err := r.Certificate()
		if err != nil {
			t.Fatal(err)
		}
		if name, ok := KnownTest(c); ok {
			t.Errorf("%s is taken for the test root %s", r.Subject, name)
		}
		k, ok := Identify(c)
		if ok != (r.Class != Program || k.Kind == KindPublicCodeSigning) {
			t.Errorf("%s: class %v, known %v", r.Subject, r.Class, ok)
		}
		if ok && k.Kind != KindPublicCodeSigning && k.Kind.String() != r.Class.String() {
			t.Errorf("%s: class %v, known as %v", r.Subject, r.Class, k.Kind)
		}
		h, digest, err := c.TBSHash()
		if err != nil {
			continue
		}
		if byTBS := known().byTBS[tbsNames[h]+":"+hex.EncodeToString(digest)]; byTBS != nil {
			bothWays++
			if byTBS.Name != k.Name {
				t.Errorf("%s: thumbprint says %s, signed part says %s", r.Subject, k.Name, byTBS.Name)
			}
		}
	}
	if bothWays != 7 { // IDs 03 to 08 and 0I
		t.Errorf("%d well-known roots recomputed, want 7", bothWays)
	}
}

func TestKnownTableIsComplete(t *testing.T) {
	ids := map[string]bool{}
	eachRow("known", knownTable, 9, func(v []string) error {
		ids[v[0]] = true
		if v[3] == "-" && v[5] == "-" {
			t.Errorf("%s has nothing to know it by", v[1])
		}
		if v[3] != "-" && len(v[3]) != 40 || v[3] != strings.ToLower(v[3]) || v[5] != strings.ToLower(v[5]) {
			t.Errorf("%s: digests %s %s", v[1], v[3], v[5])
		}
		if size := map[string]int{"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96}[v[4]]; v[5] != "-" && len(v[5]) != size {
			t.Errorf("%s: %s digest of %d digits", v[1], v[4], len(v[5]))
		}
		return nil
	})
	for _, id := range []string{"03", "04", "05", "06", "07", "08", "09", "0A", "0C", "0E", "0G", "0H", "0I"} {
		if !ids[id] {
			t.Errorf("well-known root %s is missing", id)
		}
	}
}
