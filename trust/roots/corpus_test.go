package roots

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"prestage/authenticode/cert"
)

// corpus is the folder of roots beside the real packages, or the test ends.
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
	return filepath.Join(dir, "roots")
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

func table(t *testing.T, path string, columns int) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(data)) {
		v := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(v) < columns || strings.HasPrefix(line, "#") || v[0] == "sha1" || v[0] == "ci_id" {
			continue
		}
		rows = append(rows, v)
	}
	return rows
}

// list expands the abbreviations of the reference tables in its own way, so
// that a mistake in oids shows.
func list(text string) string {
	text = strings.ReplaceAll(","+text, ",pkix.", ",1.3.6.1.5.5.7.3.")
	return strings.ReplaceAll(text, ",ms.", ",1.3.6.1.4.1.311.")[1:]
}

func stamp(d time.Time) string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.RFC3339)
}

// All 515 entries say what the decoded list says.
func TestCorpusProgramList(t *testing.T) {
	rows := table(t, filepath.Join(corpus(t), "stores", "authroot-decoded.tsv"), 9)
	if len(rows) != 515 || len(load().policies) != 515 {
		t.Fatalf("%d rows, %d policies, want 515", len(rows), len(load().policies))
	}
	for _, v := range rows {
		sum, err := hash[[32]byte](v[1])
		if err != nil {
			t.Fatal(err)
		}
		p, ok := Facts(sum)
		if !ok {
			t.Errorf("%s: no facts", v[2])
			continue
		}
		usages := strings.Join(p.EKUs, ",")
		if p.EKUs == nil {
			usages = "ALL"
		}
		got := []string{usages, stamp(p.Disable), strings.Join(p.DisabledEKUs, ","), stamp(p.NotBefore), strings.Join(p.NotBeforeEKUs, ","), strings.Join(p.ChainPolicies, ",")}
		var want []string
		for _, column := range v[3:9] {
			want = append(want, list(strings.TrimPrefix(column, "ZERO")))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", v[2], got, want)
		}
		if r := BySHA256(sum); r != nil && hex.EncodeToString(r.SHA1[:]) != v[0] {
			t.Errorf("%s: SHA-1 %x, list has %s", v[2], r.SHA1, v[0])
		}
	}
}

func pemDigests(t *testing.T, path string) map[[32]byte][]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[[32]byte][]byte{}
	for b, rest := pem.Decode(data); b != nil; b, rest = pem.Decode(rest) {
		all[sha256.Sum256(b.Bytes)] = b.Bytes
	}
	return all
}

// The selection agrees with the one that another program made of the same
// list: 306 roots for code signing, 323 for time stamping.
func TestCorpusSelection(t *testing.T) {
	stores := filepath.Join(corpus(t), "stores")
	for _, test := range []struct {
		glob, usage string
		want        int
	}{
		{"derived-codesign-*.pem", codeSigning, 306},
		{"derived-timestamp-*.pem", timeStamping, 323},
	} {
		files, err := filepath.Glob(filepath.Join(stores, test.glob))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s: %v %v", test.glob, files, err)
		}
		derived := pemDigests(t, files[0])
		count := 0
		for _, r := range All() {
			if !r.Listed || r.EKUs != nil && !slices.Contains(r.EKUs, test.usage) {
				continue
			}
			count++
			if string(derived[r.SHA256]) != string(r.DER()) {
				t.Errorf("%s: not in %s", r.Subject, test.glob)
			}
		}
		if count != test.want || len(derived) != test.want {
			t.Errorf("%s: %d here, %d there, want %d", test.glob, count, len(derived), test.want)
		}
	}
}

// Each Microsoft certificate at hand is embedded in the class that the
// reference gives it, or known and deliberately not an anchor.
func TestCorpusMicrosoft(t *testing.T) {
	dir := corpus(t)
	classes := map[string]string{}
	for _, v := range table(t, filepath.Join(dir, "reference-roots.tsv"), 9) {
		classes[v[1]] = v[2]
	}
	files, err := filepath.Glob(filepath.Join(dir, "microsoft", "*.pem"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var embedded, flight int
	for _, file := range files {
		for sum, der := range pemDigests(t, file) {
			c, err := cert.Parse(der)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			r, class := BySHA256(sum), classes[hex.EncodeToString(sum[:])]
			if r != nil {
				embedded++
			}
			_, isTest := KnownTest(c)
			if isTest {
				flight++
			}
			if isTest != (class == "microsoft-flight-intermediate") || isTest && r != nil {
				t.Errorf("%s: class %s, test %v, embedded %v", c.Subject, class, isTest, r != nil)
			}
			// The one product root without a pinned source is Microsoft's
			// time-stamping root of 1997, expired in 1999.
			if class == "microsoft-product" && r == nil && c.NotAfter.Year() != 1999 {
				t.Errorf("%s is not embedded", c.Subject)
			}
			if class == "microsoft-kernel-crosscert-issuer" && (r == nil || r.Class != CodeVerification) {
				t.Errorf("%s is not the Code Verification Root", c.Subject)
			}
			if class == "microsoft-uefi-root" && r != nil {
				t.Errorf("%s is an anchor", c.Subject)
			}
		}
	}
	if embedded != 10 || flight != 1 {
		t.Errorf("%d embedded, %d flight; want 10 and 1", embedded, flight)
	}
}

// known.tsv has every digest of the reference table, under the same class.
func TestCorpusKnownRoots(t *testing.T) {
	rows := table(t, filepath.Join(corpus(t), "microsoft-known-roots.tsv"), 7)
	if len(rows) < 20 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, v := range rows {
		test := v[2] == "TEST" || v[2] == "FLIGHT"
		for _, k := range []*Known{known().bySHA1[v[3]], known().byTBS[v[4]+":"+v[5]]} {
			if k == nil {
				continue
			}
			if (k.Kind == KindTest || k.Kind == KindFlight) != test || k.ID != value(v[0]) {
				t.Errorf("%s: known as %+v", v[1], k)
			}
		}
		if v[3] != "-" && known().bySHA1[v[3]] == nil || v[5] != "-" && known().byTBS[v[4]+":"+v[5]] == nil {
			t.Errorf("%s: a digest is missing", v[1])
		}
	}
}
