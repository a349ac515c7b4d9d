package prestage

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"prestage/authenticode/winerror"
	"prestage/trust"
)

// verifyTruth is the part of the independent ground truth that verify is
// compared with.
type verifyTruth struct {
	Packages map[string]struct {
		Catalogs []truthCatalog `json:"catalogs"`
		Files    []struct {
			truthFile
			Signed   *bool           `json:"embedded_signature"`
			Embedded []truthEmbedded `json:"embedded"`
			After    int64           `json:"bytes_after_cert_table"`
		} `json:"files"`
	} `json:"packages"`
}

type truthEmbedded struct {
	Matches    bool `json:"pe_digest_matches"`
	PageHashes bool `json:"page_hashes"`
	Signers    []struct {
		CN         string `json:"signer_cn"`
		DigestAlg  string `json:"digest_alg"`
		OK         bool   `json:"cms_ok"`
		Timestamps []struct {
			Time string `json:"time"`
		} `json:"timestamps"`
		Nested []truthEmbedded `json:"nested"`
	} `json:"signers"`
}

// flat lists signatures in the order of verify: each, then those nested in it.
func flat(list []truthEmbedded) []truthEmbedded {
	var all []truthEmbedded
	for _, e := range list {
		all = append(all, e)
		for _, s := range e.Signers {
			all = append(all, flat(s.Nested)...)
		}
	}
	return all
}

// TestVerifyCorpus verifies every file of every real package, by itself and in
// the catalogs of its package, and compares with the truth file.
func TestVerifyCorpus(t *testing.T) {
	dir := corpusDir(t)
	data, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want verifyTruth
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	o := VerifyOptions{At: corpusClock, Store: trust.DefaultStore(), Policy: AuthenticodePolicy, All: true, Jobs: 2}
	embedded, listed := 0, 0
	for name, p := range want.Packages {
		folder := filepath.Join(dir, "packages", name)
		var paths []string
		for _, f := range p.Files {
			paths = append(paths, filepath.Join(folder, filepath.FromSlash(f.File)))
		}
		r, err := Verify(o, paths...)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range p.Files {
			if f.Signed == nil {
				continue
			}
			got := r.Files[i]
			if *f.Signed != (len(got.Signatures) > 0) {
				t.Errorf("%s: signed %v, rule %s", paths[i], *f.Signed, got.Rule)
				continue
			}
			compareEmbedded(t, paths[i], flat(f.Embedded), got.Signatures)
			embedded += len(got.Signatures)
		}
		for _, c := range p.Catalogs {
			if c.Parse != "ok" || !c.Signed {
				continue
			}
			in := o
			in.All, in.Catalog = false, filepath.Join(folder, filepath.FromSlash(c.Catalog))
			r, err := Verify(in, paths...)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range p.Files {
				hits := f.InCatalogs[c.Catalog]
				lookUp := "sha1"
				if c.CatVersion == 2 {
					lookUp = "sha256"
				}
				known := slices.Concat(hits.ByTag, hits.ByIndirect)
				if found := r.Files[i].Catalog != ""; found != containsDigest(known, lookUp) {
					t.Errorf("%s in %s: found %v, the truth file says %v", paths[i], c.Catalog, found, known)
				}
				listed++
			}
		}
	}
	t.Logf("%d embedded signatures and %d look-ups agree", embedded, listed)
}

// containsDigest reports whether a kind of digest is among those that the truth
// file lists, which qualifies some by the form of the file.
func containsDigest(list []string, kind string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, kind) })
}

func compareEmbedded(t *testing.T, path string, want []truthEmbedded, got []VerifiedSignature) {
	t.Helper()
	if len(want) != len(got) {
		t.Errorf("%s: %d signatures, want %d", path, len(got), len(want))
		return
	}
	for i, w := range want {
		g := got[i]
		if g.ImageDigestMatches == nil || *g.ImageDigestMatches != w.Matches || (g.PageHashes != "none") != w.PageHashes || g.PageHashes == "bad" {
			t.Errorf("%s, signature %d: digest %s, page hashes %s; want %v, %v", path, i, g.ImageDigest, g.PageHashes, w.Matches, w.PageHashes)
		}
		if len(w.Signers) != 1 {
			continue
		}
		s := w.Signers[0]
		if g.Signer == nil || g.Signer.CommonName != s.CN || g.DigestAlgorithm != s.DigestAlg {
			t.Errorf("%s, signature %d: by %+v, want %s", path, i, g.Signer, s.CN)
		}
		if g.Valid != (s.OK && w.Matches) {
			t.Errorf("%s, signature %d: valid %v (%s), want %v", path, i, g.Valid, g.Problem, s.OK)
		}
		if stamped := g.Timestamp.Time != nil; stamped != (len(s.Timestamps) > 0) {
			t.Errorf("%s, signature %d: stamped %v, want %v", path, i, stamped, len(s.Timestamps))
		} else if stamped && g.Timestamp.Time.Format(time.RFC3339) != s.Timestamps[0].Time {
			t.Errorf("%s, signature %d: stamped %v, want %s", path, i, g.Timestamp.Time, s.Timestamps[0].Time)
		}
	}
}

// TestVerifySamples verifies the real images that the PE library's module
// carries, under the three policies.
func TestVerifySamples(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/saferwall/pe").Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "test")
	if _, statErr := os.Stat(dir); err != nil || statErr != nil {
		t.Skip("the module's files are not there")
	}
	const (
		good      = winerror.OK
		third     = winerror.CertUntrustedRoot
		unsigned  = winerror.TrustNoSignature
		altered   = winerror.TrustBadDigest
		testRoot  = winerror.CertUntrustedTestRoot
		noSubject = winerror.TrustSubjectFormUnknown
	)
	for name, want := range map[string]map[Policy]winerror.Code{
		"acpi.sys":                {DriverPolicy: good, AuthenticodePolicy: good, KernelPolicy: good},
		"amdxata.sys":             {DriverPolicy: good, AuthenticodePolicy: good, KernelPolicy: good},
		"kernel32.dll":            {DriverPolicy: good, AuthenticodePolicy: good, KernelPolicy: good},
		"WdfCoInstaller01011.dll": {DriverPolicy: good, AuthenticodePolicy: good, KernelPolicy: good},
		"WdBoot.sys":              {AuthenticodePolicy: good, KernelPolicy: good},
		"KernelBase.dll":          {DriverPolicy: testRoot, AuthenticodePolicy: testRoot, KernelPolicy: testRoot},
		"putty.exe":               {DriverPolicy: third, AuthenticodePolicy: good, KernelPolicy: third},
		"pwsh.exe":                {DriverPolicy: third, AuthenticodePolicy: good, KernelPolicy: third},
		"putty_modified.exe":      {DriverPolicy: altered, AuthenticodePolicy: altered, KernelPolicy: altered},
		"amdi2c.sys":              {DriverPolicy: unsigned, AuthenticodePolicy: unsigned, KernelPolicy: unsigned},
		"_setup.dll":              {DriverPolicy: noSubject, AuthenticodePolicy: noSubject, KernelPolicy: noSubject},
	} {
		for policy, code := range want {
			o := VerifyOptions{At: corpusClock, Store: trust.DefaultStore(), Policy: policy}
			if f := verifyOne(t, o, filepath.Join(dir, name)); f.Code != code.Hex() {
				t.Errorf("%s under %s: %s (%s), want %v", name, policy, f.Code, f.Reason, code)
			}
		}
	}
}

// TestVerifyRealCatalogs: a catalog of the Hardware Dev Center and what it lists
// verify under the strictest policy; one of a vendor under /pa only.
func TestVerifyRealCatalogs(t *testing.T) {
	dir := corpusDir(t)
	verified, third := 0, 0
	err := filepath.WalkDir(filepath.Join(dir, "packages"), func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.EqualFold(filepath.Ext(path), ".cat") {
			return err
		}
		under := func(p Policy) VerifiedFile {
			r, err := Verify(VerifyOptions{At: corpusClock, Store: trust.DefaultStore(), Policy: p}, path)
			if err != nil {
				t.Fatal(err)
			}
			return r.Files[0]
		}
		driver, pa, kernel := under(DriverPolicy), under(AuthenticodePolicy), under(KernelPolicy)
		if !driver.Failed() {
			verified++
			if a := driver.Signatures[0].Authority; pa.Failed() || kernel.Failed() || a == "third-party" || a == "test" || a == "unknown" {
				t.Errorf("%s: passes the driver policy as %s; /pa %s, /kp %s", path, a, pa.Code, kernel.Code)
			}
		}
		if !kernel.Failed() && pa.Failed() {
			t.Errorf("%s: /kp passes and /pa does not", path)
		}
		if !pa.Failed() && driver.Failed() {
			third++
			if driver.Rule == "verify-not-microsoft" && (len(driver.Notes) != 1 || driver.Notes[0].ID != "verify-under-pa") {
				t.Errorf("%s: notes %v", path, driver.Notes)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if verified < 5 || third < 5 {
		t.Errorf("%d catalogs pass the driver policy and %d more /pa: the corpus has several of both", verified, third)
	}
	t.Logf("%d catalogs pass the driver policy, %d more pass /pa", verified, third)
}
