package cert

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus is the folder of real packages, or the test ends here.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PRESTAGE_CORPUS")
	if dir == "" {
		dir = filepath.Join(repository(t), "..", "shared", "corpus")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("PRESTAGE_CORPUS_REQUIRED") == "1" {
			t.Fatalf("corpus required: %v", err)
		}
		t.Skipf("corpus not found at %s; set PRESTAGE_CORPUS", dir)
	}
	return dir
}

func repository(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

// walk calls f with every file below dir.
func walk(t *testing.T, dir string, f func(path string, data []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil {
			f(path, data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// encoded returns the certificates of a PEM or DER file.
func encoded(data []byte) [][]byte {
	if len(data) > 0 && data[0] == 0x30 {
		return [][]byte{data}
	}
	var all [][]byte
	for b, rest := pem.Decode(data); b != nil; b, rest = pem.Decode(rest) {
		all = append(all, b.Bytes)
	}
	return all
}

// Every anchor, cross-certificate and trouble case parses, says what the
// reference table (made by another program) says of it, and agrees with
// crypto/x509.
func TestCorpusRoots(t *testing.T) {
	dir := filepath.Join(corpus(t), "roots")
	table := reference(t, filepath.Join(dir, "reference-roots.tsv"))
	found := map[string]bool{}
	count, lenient := 0, 0
	walk(t, dir, func(path string, data []byte) {
		switch filepath.Ext(path) {
		case ".pem", ".der", ".cer", ".crt":
		default:
			return
		}
		ders := encoded(data)
		if len(ders) == 0 {
			t.Errorf("%s: no certificate", path)
		}
		for _, der := range ders {
			count++
			c, err := Parse(der)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			if std, err := x509.ParseCertificate(der); err == nil {
				compare(t, c, std)
			} else {
				lenient++
				checkReason(t, c)
			}
			hash := c.SHA256()
			if row, ok := table[hex.EncodeToString(hash[:])]; ok {
				found[hex.EncodeToString(hash[:])] = true
				row.check(t, c)
			}
		}
	})
	t.Logf("%d certificates, %d refused by crypto/x509, %d of %d table rows met", count, lenient, len(found), len(table))
	if count < 1000 || len(found) < 400 {
		t.Errorf("only %d certificates and %d table rows: the walk misses files", count, len(found))
	}
}

// checkReason holds the two reasons for which crypto/x509 refuses the trouble
// cases against what this package found by itself.
func checkReason(t *testing.T, c *Certificate) {
	t.Helper()
	switch {
	case c.Lenient == nil:
		t.Errorf("%s: refused by crypto/x509 without a reason", c.Subject)
	case c.Serial.Sign() < 0:
		if c.PublicKey == nil || !strings.Contains(c.Lenient.Error(), "negative serial") {
			t.Errorf("%s: negative serial: %v, %v", c.Subject, c.Lenient, c.KeyProblem)
		}
	case !errors.Is(c.KeyProblem, ErrExplicitCurve) || c.PublicKey != nil:
		t.Errorf("%s: refused for %v, which no trouble case has; key problem %v", c.Subject, c.Lenient, c.KeyProblem)
	}
}

type row struct{ sha1, subject, from, to, algorithm, key string }

func reference(t *testing.T, path string) map[string]row {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := map[string]row{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		v := strings.Split(lines.Text(), "\t")
		if len(v) < 9 || v[0] == "sha1" {
			continue
		}
		rows[v[1]] = row{sha1: v[0], subject: v[3], from: v[4], to: v[5], algorithm: v[6], key: v[7]}
	}
	if len(rows) < 400 {
		t.Fatalf("only %d rows in the reference table", len(rows))
	}
	return rows
}

func (r row) check(t *testing.T, c *Certificate) {
	t.Helper()
	sum := c.SHA1()
	if got := hex.EncodeToString(sum[:]); got != r.sha1 {
		t.Errorf("%s: SHA-1 %s, table has %s", c.Subject, got, r.sha1)
	}
	if from, to := c.NotBefore.Format("2006-01-02"), c.NotAfter.Format("2006-01-02"); from != r.from || to != r.to {
		t.Errorf("%s: validity %s to %s, table has %s to %s", c.Subject, from, to, r.from, r.to)
	}
	if got := sizeOf(c); got != r.key && r.key != "?" { // "?": the maker of the table could not parse it
		t.Errorf("%s: key %s, table has %s", c.Subject, got, r.key)
	}
	got, want := c.SignatureAlgorithm.String(), r.algorithm
	if kind, hash, ok := strings.Cut(want, "-"); ok && kind == "ECDSA" {
		want = hash + "-" + kind
	}
	if want == "0" { // crypto/x509 has no name for MD2
		want = "MD2-RSA"
	}
	if got != want {
		t.Errorf("%s: algorithm %s, table has %s", c.Subject, got, r.algorithm)
	}
	if cn := c.Subject.CommonName(); cn != "" && !strings.Contains(r.subject, strings.SplitN(cn, ",", 2)[0]) {
		t.Errorf("common name %q is not in %q", cn, r.subject)
	}
}

func sizeOf(c *Certificate) string {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA%d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "EC-" + k.Curve.Params().Name
	}
	return "none"
}

// Certificates carved out of all signed files: whatever has the frame of a
// certificate in crypto/x509 reads the same here, and every signature whose
// issuer is at hand holds, or the algorithm cannot be computed.
func TestCorpusSignatures(t *testing.T) {
	dir := corpus(t)
	all := map[[32]byte]*Certificate{}
	walk(t, dir, func(path string, data []byte) {
		for _, c := range carve(t, path, data) {
			all[c.SHA256()] = c
		}
		for _, der := range pemOnly(data) {
			if c, err := Parse(der); err == nil {
				all[c.SHA256()] = c
			}
		}
	})
	bySubject := map[string][]*Certificate{}
	for _, c := range all {
		bySubject[string(c.RawSubject)] = append(bySubject[string(c.RawSubject)], c)
	}
	pairs, unsupported, names := 0, 0, map[string]int{}
	for _, c := range all {
		for _, issuer := range bySubject[string(c.RawIssuer)] {
			if len(c.AuthorityKeyID) == 0 || !bytes.Equal(c.AuthorityKeyID, issuer.SubjectKeyID) {
				continue
			}
			switch err := c.CheckSignatureFrom(issuer); {
			case err == nil:
				pairs++
				names[c.SignatureAlgorithm.String()]++
			case errors.Is(err, ErrUnsupportedAlgorithm), errors.Is(err, ErrUnsupportedKey), errors.Is(err, ErrExplicitCurve), errors.Is(err, ErrWeakKey):
				unsupported++
			case c.SelfIssued():
				unsupported++ // one published root has a wrong signature of its own
			default:
				t.Errorf("%s by %s: %v", c.Subject, issuer.Subject, err)
			}
		}
	}
	t.Logf("%d certificates, %d signatures hold %v, %d cannot be judged", len(all), pairs, names, unsupported)
	if pairs < 300 || names["SHA1-RSA"] == 0 || names["SHA256-RSA"] == 0 {
		t.Errorf("only %d signatures checked: %v", pairs, names)
	}
	if unsupported > 10 {
		t.Errorf("%d signatures could not be judged", unsupported)
	}
}

func pemOnly(data []byte) [][]byte {
	if !bytes.HasPrefix(data, []byte("-----BEGIN CERT")) && !bytes.HasPrefix(data, []byte("#")) {
		return nil
	}
	return encoded(data)
}

// carve finds certificates by their first bytes: SEQUENCE and SEQUENCE, both
// of two length octets, then an explicit version 3.
func carve(t *testing.T, path string, data []byte) []*Certificate {
	t.Helper()
	var all []*Certificate
	for i := 0; i+13 < len(data); i++ {
		if data[i] != 0x30 || data[i+1] != 0x82 || data[i+4] != 0x30 || data[i+5] != 0x82 || !bytes.Equal(data[i+8:i+13], []byte{0xa0, 3, 2, 1, 2}) {
			continue
		}
		end := i + 4 + int(data[i+2])<<8 + int(data[i+3])
		if end > len(data) {
			continue
		}
		der := data[i:end]
		c, err := Parse(der)
		std, stdErr := x509.ParseCertificate(der)
		if stdErr == nil && err != nil {
			t.Errorf("%s at %d: %v, and crypto/x509 reads it", path, i, err)
		}
		if err != nil {
			continue
		}
		if stdErr == nil {
			compare(t, c, std)
		}
		for _, oid := range c.UnhandledCritical {
			t.Logf("%s: unhandled critical %s", c.Subject, oid)
		}
		all = append(all, c)
	}
	return all
}
