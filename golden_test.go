package prestage

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"prestage/trust"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

// goldenTargets are an old and the newest Windows, with and without a desktop.
const goldenTargets = "win7/amd64,win11-25h2,win11-25h2/amd64/system"

// TestGolden compares the whole report on every sample package with the one
// that was read and approved.
func TestGolden(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range samplePackages(t) {
		t.Run(name, func(t *testing.T) {
			file := "testdata/golden/" + name + ".json"
			seen[path.Base(file)] = true
			got := goldenReport(t, "testdata/packages/"+name)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v; run go test -run TestGolden -update . and read the result", err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
				t.Errorf("the report differs (-want +got); run go test -run TestGolden -update . and read the difference\n%s", diff)
			}
		})
	}
	files, err := filepath.Glob("testdata/golden/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[filepath.Base(f)] {
			t.Errorf("%s is of no sample package", f)
		}
	}
}

func samplePackages(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir("testdata/packages")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) < 30 {
		t.Fatalf("only %d sample packages", len(names))
	}
	return names
}

func goldenReport(t testing.TB, dir string) []byte {
	t.Helper()
	r := judgeSample(t, dir, goldenTargets, sampleStore(t, "root=contoso-root.pem"), Scenario{})
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func judgeSample(t testing.TB, dir, targets string, s *trust.Store, boot Scenario) *Report {
	t.Helper()
	specs, err := ParseTargets(targets)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	r, err := Check(Options{At: testClock, Store: s, Targets: specs, Scenario: boot, Jobs: 2, Version: "v0.0.0-golden"}, tree)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sampleStore makes the stores of an untouched Windows and adds files of
// testdata/stores, "root=a.pem publisher=b.pem".
func sampleStore(t testing.TB, use string) *trust.Store {
	t.Helper()
	roles := map[string]trust.Role{"root": trust.Root, "ca": trust.Intermediate, "publisher": trust.Publishers, "disallowed": trust.Distrusted}
	s := trust.DefaultStore()
	for _, f := range strings.Fields(use) {
		role, file, ok := strings.Cut(f, "=")
		if !ok || roles[role] == trust.UnknownRole {
			t.Fatalf("store %q", f)
		}
		if err := s.LoadPath(roles[role], "testdata/stores/"+file); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestSampleVerdicts states, by hand and by the rules, what each sample is on
// Windows 11 25H2 and on Windows 7, both amd64, for an administrator. It is
// the other half of the goldens, which only say that nothing changed.
func TestSampleVerdicts(t *testing.T) {
	const contoso = "root=contoso-root.pem"
	tests := []struct {
		sample, stores string
		win11, win7    string // category: what happens
	}{
		// Who signed.
		{"third-party-timestamped", contoso, "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"third-party-timestamped", contoso + " publisher=fabrikam-publisher.pem", "trusted-publisher: silent", "trusted-publisher: silent"},
		{"third-party-timestamped", "publisher=fabrikam-publisher.pem", "unsigned: 0xE0000247", "unsigned: unverified"},
		{"third-party-timestamped", "", "unsigned: 0xE0000247", "unsigned: unverified"},
		{"third-party-timestamped", "ca=contoso-root.pem", "unsigned: 0xE0000247", "unsigned: unverified"},
		{"third-party-timestamped", contoso + " disallowed=fabrikam-publisher.pem", "untrusted-publisher: 0xE0000243", "untrusted-publisher: 0xE0000243"},
		{"third-party-timestamped", contoso + " publisher=fabrikam-publisher.pem disallowed=fabrikam-publisher.pem", "untrusted-publisher: 0xE0000243", "untrusted-publisher: 0xE0000243"},
		{"third-party-timestamped", contoso + " disallowed=contoso-root.pem", "untrusted-publisher: 0xE0000243", "untrusted-publisher: 0xE0000243"},
		{"third-party-timestamped", contoso + " publisher=contoso-root.pem", "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"third-party-timestamped", contoso + " publisher=lookalike-publisher.pem", "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"cross-certified", contoso, "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"cross-certified", "", "unsigned: refuse", "unsigned: unverified"},
		{"whql-like", "", "unsigned: 0x80096004", "unsigned: unverified"},
		{"whql-like", "root=lookalike-root.pem", "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"whql-like", "root=lookalike-root.pem publisher=lookalike-publisher.pem", "trusted-publisher: silent", "trusted-publisher: silent"},
		{"attested-like", "root=lookalike-root.pem", "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"self-signed", "", "unsigned: 0xE0000247", "unsigned: unverified"},
		{"self-signed", "publisher=self-signed.pem", "unsigned: 0xE0000247", "unsigned: unverified"},
		{"self-signed", "root=self-signed.pem", "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"self-signed", "root=self-signed.pem publisher=self-signed.pem", "trusted-publisher: silent", "trusted-publisher: silent"},
		{"ecdsa-p384", contoso, "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"wrong-purpose", contoso, "unsigned: 0x800B0110", "unsigned: unverified"},
		{"wrong-purpose", contoso + " publisher=fabrikam-publisher.pem", "unsigned: 0x800B0110", "unsigned: unverified"},

		// When.
		{"expired-no-timestamp", contoso, "unsigned: 0x800B0101", "unsigned: unverified"},
		{"expired-timestamped", contoso, "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"stamped-after-expiry", contoso, "unsigned: 0x800B0101", "unsigned: unverified"},
		{"stamp-over-another-signature", contoso, "unsigned: refuse", "unsigned: unverified"},
		{"foreign-timestamp", contoso + " root=northwind-root.pem", "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"foreign-timestamp", "root=contoso-and-northwind.pem", "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"foreign-timestamp", contoso, "unsigned: refuse", "unsigned: unverified"},
		{"pkcs9-bare-digest", contoso, "unknown-publisher: publisher", "unknown-publisher: publisher"},

		// The files.
		{"altered-sys", contoso, "altered: 0xE000024B", "altered: unverified"},
		{"altered-sys", contoso + " publisher=fabrikam-publisher.pem", "altered: 0xE000024B", "altered: unverified"},
		{"altered-inf", contoso, "altered: 0xE000024B", "altered: unverified"},
		{"altered-inf-line-endings", contoso, "altered: 0xE000024B", "altered: unverified"},
		{"missing-file", contoso, "unknown-publisher: 0x00000002", "unknown-publisher: 0x00000002"},
		{"missing-file", contoso + " publisher=fabrikam-publisher.pem", "trusted-publisher: 0x00000002", "trusted-publisher: 0x00000002"},
		{"lfs-pointer", contoso, "altered: 0xE000024B", "altered: unverified"},
		{"not-listed", contoso, "altered: 0xE000024B", "altered: unverified"},
		{"unpadded-sys", contoso, "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"embedded-signed", contoso, "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"multi-arch", contoso, "unknown-publisher: publisher", "unknown-publisher: publisher"},

		// The catalog.
		{"no-catalog", contoso, "unsigned: 0xE000022F", "unsigned: unverified"},
		{"unsigned-catalog", contoso, "unsigned: 0xE0000247", "unsigned: unverified"},
		{"catalog-lfs-pointer", contoso, "unsigned: 0xE0000247", "unsigned: unverified"},
		{"altered-catalog", contoso, "unsigned: 0x80096010", "unsigned: unverified"},
		{"v1-sha1-catalog", contoso, "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"v2-sha1-members-only", contoso, "altered: 0xE000024B", "unknown-publisher: publisher"},
		{"reference-tags", contoso, "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"tag-contradicts-digest", contoso, "altered: 0xE000024B", "altered: unverified"},
		{"catalog-out-of-order", contoso, "unsigned: 0xE0000247", "unknown-publisher: publisher"},

		// The INF.
		{"no-catalogfile-line", contoso, "unsigned: 0xE000022F", "unsigned: unverified"},
		{"extension-inf", contoso, "unknown-publisher: publisher", "unknown-publisher: not-applicable"},
		{"primitive-driver", contoso, "unknown-publisher: publisher", "unknown-publisher: 0xE000024A"},
		{"utf16-inf", contoso, "unknown-publisher: publisher", "unknown-publisher: publisher"},
		{"path-escape", contoso, "unknown-publisher: 0x00000002", "unknown-publisher: 0x00000002"},
		{"two-infs-one-catalog", contoso, "unknown-publisher: publisher; unknown-publisher: publisher", "unknown-publisher: publisher; unknown-publisher: publisher"},
		{"second-inf-not-listed", contoso, "unknown-publisher: publisher; altered: 0xE000024B", "unknown-publisher: publisher; altered: unverified"},
	}
	tested := map[string]bool{}
	for _, tt := range tests {
		tested[tt.sample] = true
		for name, want := range map[string]string{"win11-25h2/amd64": tt.win11, "win7/amd64": tt.win7} {
			r := judgeSample(t, "testdata/packages/"+tt.sample, name, sampleStore(t, tt.stores), Scenario{})
			if len(r.Errors) > 0 {
				t.Errorf("%s: %v", tt.sample, r.Errors)
			}
			if got := verdictWords(r, strings.Contains(want, "refuse")); got != want {
				t.Errorf("%s (%s) on %s: %s, want %s", tt.sample, tt.stores, name, got, want)
			}
		}
	}
	for _, name := range samplePackages(t) {
		if !tested[name] {
			t.Errorf("nothing is stated of %s", name)
		}
	}
}

// verdictWords sums up the first verdict of every package.
func verdictWords(r *Report, plainRefusal bool) string {
	var words []string
	for _, p := range r.Packages {
		v := p.Verdicts[0]
		does := v.Outcome
		switch {
		case v.Outcome == "prompt":
			does = v.Prompt
		case v.Outcome == "refuse" && !plainRefusal:
			does = v.StatusCode
		}
		words = append(words, v.Category+": "+does)
	}
	return strings.Join(words, "; ")
}

// TestLookalikesAreNobody: names of Microsoft on keys that are not Microsoft's
// never make a Windows authority, whatever the machine trusts.
func TestLookalikesAreNobody(t *testing.T) {
	everything := "root=lookalike-root.pem root=contoso-root.pem root=lookalike-verification.pem publisher=lookalike-publisher.pem publisher=fabrikam-publisher.pem root=self-signed.pem publisher=self-signed.pem root=northwind-root.pem"
	for _, name := range samplePackages(t) {
		r := judgeSample(t, "testdata/packages/"+name, "all", sampleStore(t, everything), Scenario{})
		for _, p := range r.Packages {
			for _, v := range p.Verdicts {
				if v.Category == "windows-authority" || strings.HasPrefix(v.SignerScore.Value, "0x0D") {
					t.Errorf("%s on %v: %s, %s", name, v.Target, v.Category, v.SignerScore.Label)
				}
			}
			for _, c := range p.Catalogs {
				for _, s := range c.Signatures {
					if !slices.Contains([]string{"third-party", "unknown"}, s.Authority) {
						t.Errorf("%s: authority %s", name, s.Authority)
					}
				}
			}
		}
	}
}

// TestReportIsConsistent holds of every report on every sample and target.
func TestReportIsConsistent(t *testing.T) {
	for _, name := range samplePackages(t) {
		r := judgeSample(t, "testdata/packages/"+name, "all,all/amd64/system,all/arm64/standard", sampleStore(t, "root=contoso-root.pem"), Scenario{})
		for i := range r.Packages {
			checkConsistent(t, &r.Packages[i])
		}
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again Report
		if err := json.Unmarshal(data, &again); err != nil {
			t.Fatal(err)
		}
		second, err := json.Marshal(&again)
		if err != nil || !bytes.Equal(data, second) {
			t.Errorf("%s: the report does not survive being saved: %v", name, err)
		}
		if bytes.Contains(data, []byte(": null")) || bytes.Contains(data, []byte(":null,\"")) && !bytes.Contains(data, []byte(`"signer":null`)) {
			t.Errorf("%s: a null in the report, where a list should be empty", name)
		}
	}
}

// TestFindings: what each sample teaches, by the ids that users look up.
func TestFindings(t *testing.T) {
	want := map[string][]string{
		"third-party-timestamped":      {"stages-but-will-not-load"},
		"altered-inf-line-endings":     {"line-endings-changed"},
		"altered-inf":                  {"inf-altered"},
		"altered-sys":                  {"file-altered"},
		"lfs-pointer":                  {"lfs-pointer"},
		"not-listed":                   {"file-altered"},
		"missing-file":                 {"file-missing"},
		"no-catalog":                   {"catalog-missing"},
		"catalog-lfs-pointer":          {"catalog-unreadable"},
		"unsigned-catalog":             {"catalog-not-signed"},
		"altered-catalog":              {"signature-invalid"},
		"catalog-out-of-order":         {"catalog-set-order"},
		"expired-no-timestamp":         {"trust-expired"},
		"stamped-after-expiry":         {"trust-stamp-outside-validity"},
		"stamp-over-another-signature": {"trust-bad-timestamp"},
		"wrong-purpose":                {"trust-wrong-purpose"},
		"self-signed":                  {"trust-untrusted-root"},
		"no-catalogfile-line":          {"no-catalog-entry"},
		"path-escape":                  {"path-outside-package"},
		"second-inf-not-listed":        {"inf-altered", "stages-but-will-not-load"},
		"extension-inf":                {},
	}
	for name, ids := range want {
		r := judgeSample(t, "testdata/packages/"+name, "win11", sampleStore(t, "root=contoso-root.pem"), Scenario{})
		var got []string
		for _, p := range r.Packages {
			for _, f := range p.Findings {
				if f.Severity == "error" {
					got = append(got, f.ID)
				}
				if f.Message == "" || strings.HasSuffix(f.Message, ".") {
					t.Errorf("%s: %s: message %q", name, f.ID, f.Message)
				}
			}
		}
		slices.Sort(got)
		if fmt.Sprint(got) != fmt.Sprint(ids) {
			t.Errorf("%s: errors %v, want %v", name, got, ids)
		}
	}
}
