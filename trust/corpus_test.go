package trust

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"prestage/authenticode"
)

// The corpus of real packages, if it is there: PRESTAGE_CORPUS, or beside the
// repository. With PRESTAGE_CORPUS_REQUIRED=1 its absence is a failure.
func corpus(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PRESTAGE_CORPUS")
	if dir == "" {
		root, err := os.Getwd()
		must(t, err)
		for !exists(filepath.Join(root, "go.mod")) && filepath.Dir(root) != root {
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared", "corpus")
	}
	if !exists(filepath.Join(dir, "truth.json")) {
		if os.Getenv("PRESTAGE_CORPUS_REQUIRED") == "1" {
			t.Fatalf("corpus not found in %s", dir)
		}
		t.Skipf("corpus not found in %s (set PRESTAGE_CORPUS)", dir)
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// truthSignature is what independent tools found out about one signature.
type truthSignature struct {
	Catalog         string
	Signed          bool
	SignerSHA1      string   `json:"signer_sha1"`
	SignerCN        string   `json:"signer_cn"`
	EKU             []string `json:"signer_eku"`
	EmbeddedEKU     []string `json:"eku"`
	NotAfter        string   `json:"signer_not_after"`
	EmbeddedUntil   string   `json:"not_after"`
	RootmostIssuer  string   `json:"rootmost_issuer_cn"`
	SignatureOK     bool     `json:"cms_signature_ok"`
	EmbeddedOK      bool     `json:"cms_ok"`
	Timestamps      []truthStamp
	coarse          string
	path, inPackage string
}

type truthStamp struct {
	Kind, Time string
	Verifies   bool
}

type truthFile struct {
	File     string
	Embedded []struct{ Signers []truthSignature }
}

// corpusTruth returns the catalogs, and the embedded signatures by file.
func corpusTruth(t testing.TB, dir string) (catalogs []truthSignature, embedded map[string][]truthSignature) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	must(t, err)
	var truth struct {
		Packages map[string]struct {
			Catalogs []truthSignature
			Files    []truthFile
			INFs     map[string]struct {
				Resolution map[string]struct {
					Catalog string
					Coarse  string `json:"coarse_class"`
				} `json:"catalog_resolution"`
			}
		}
		Catalogs map[string]truthSignature
	}
	must(t, json.Unmarshal(data, &truth))
	embedded = map[string][]truthSignature{}
	for name, p := range truth.Packages {
		coarse := map[string]string{}
		for _, inf := range p.INFs {
			for _, r := range inf.Resolution {
				if r.Coarse != "" && r.Coarse != "altered" {
					coarse[r.Catalog] = r.Coarse
				}
			}
		}
		for _, c := range p.Catalogs {
			c.coarse, c.inPackage = coarse[c.Catalog], name
			c.path = filepath.Join(dir, "packages", name, filepath.FromSlash(c.Catalog))
			catalogs = append(catalogs, c)
		}
		for _, f := range p.Files {
			for _, e := range f.Embedded {
				path := filepath.Join(dir, "packages", name, filepath.FromSlash(f.File))
				embedded[path] = append(embedded[path], e.Signers...)
			}
		}
	}
	for name, c := range truth.Catalogs {
		c.path, c.inPackage = filepath.Join(dir, "catalogs", name), "catalogs"
		catalogs = append(catalogs, c)
	}
	slices.SortFunc(catalogs, func(a, b truthSignature) int { return strings.Compare(a.path, b.path) })
	return catalogs, embedded
}

// corpusClock is the time at which the corpus is judged.
var corpusClock = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// publicRoots are the common or other telling names of the roots in the
// corpus's reference list, which says nothing of what this package does with
// them.
func publicRoots(t testing.TB, dir string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "roots", "reference-roots.tsv"))
	must(t, err)
	var names []string
	for line := range strings.Lines(string(data)) {
		if f := strings.Split(line, "\t"); len(f) > 3 && strings.HasPrefix(f[2], "third-party") || len(f) > 3 && strings.HasPrefix(f[2], "microsoft-product") {
			names = append(names, f[3])
		}
	}
	return names
}

// expected says what the authority of a signature must be, from the truth
// file's facts alone: purposes, and the name of the topmost issuer. (A name is
// good enough for a file that is known to be genuine; the package itself goes
// by keys.)
func (s truthSignature) expected(public []string) Authority {
	has := func(oid string) bool { return slices.Contains(s.EKU, oid) }
	switch {
	case s.SignerCN == "" && s.SignerSHA1 == "":
		return UnknownAuthority
	case strings.HasPrefix(s.RootmostIssuer, "Microsoft Development "), has(OIDPreviewBuild):
		return Test
	case s.RootmostIssuer == "Microsoft Root Authority", s.RootmostIssuer == "Microsoft Root Certificate Authority", s.RootmostIssuer == "Microsoft Root Certificate Authority 2010":
		switch {
		case has(OIDWHQL) && has(OIDLifetimeSigning):
			return Test // kits, L9
		case has(OIDEarlyLaunch):
			return ELAM
		case has(OIDAttestedWHQL):
			return WHQLAttested
		case has(OIDWHQL):
			return WHQL
		case has(OIDWindows):
			return Windows
		}
		return Microsoft
	case s.RootmostIssuer == "Microsoft Root Certificate Authority 2011" && has(OIDWindowsPackage):
		return ThirdParty // the Store
	case has(OIDWindowsPackage):
		return Test // L9
	case s.RootmostIssuer == "Microsoft Code Verification Root": // reaches a public root below it
		return ThirdParty
	case slices.ContainsFunc(public, func(name string) bool { return strings.Contains(name, s.RootmostIssuer) }):
		return ThirdParty
	}
	return UnknownAuthority
}

// expectedTrust: a chain to somebody, valid at the clock or at a verified time
// stamp, which does not help a certificate for lifetime signing.
func (s truthSignature) expectedTrust(a Authority) bool {
	if a == UnknownAuthority || a == Test || !s.SignatureOK {
		return false
	}
	stamped := slices.ContainsFunc(s.Timestamps, func(ts truthStamp) bool { return ts.Verifies }) && !slices.Contains(s.EKU, OIDLifetimeSigning)
	until, _ := time.Parse(time.RFC3339, s.NotAfter)
	return stamped || until.After(corpusClock)
}

// coarseAuthorities: what the truth file's coarse class, itself a hint from
// purposes and names, means here.
var coarseAuthorities = map[string][]Authority{
	"microsoft-whql":                  {WHQL},
	"microsoft-attestation":           {WHQLAttested},
	"microsoft-preview-build-signing": {Test},
	"third-party":                     {ThirdParty},
	"self-signed":                     {UnknownAuthority},
	"private-or-test-PKI":             {UnknownAuthority, Test},
	"unsigned-catalog":                {UnknownAuthority},
}

// TestCorpusCatalogs: signer, purposes, time stamp, authority and trust of
// every catalog agree with the truth file.
func TestCorpusCatalogs(t *testing.T) {
	dir := corpus(t)
	catalogs, _ := corpusTruth(t, dir)
	public := publicRoots(t, dir)
	store := DefaultStore()
	count := map[Authority]int{}
	trusted := 0
	for _, c := range catalogs {
		data, err := os.ReadFile(c.path)
		must(t, err)
		sig, err := authenticode.ParseSignature(data)
		if err != nil {
			if c.SignerSHA1 != "" {
				t.Errorf("%s: %v", c.path, err)
			}
			continue
		}
		v := Verify(sig, store, Options{At: corpusClock, Purpose: CodeSigning})
		checkInvariants(t, v)
		c.compare(t, v, public)
		count[v.Authority]++
		if v.Trusted {
			trusted++
		}
	}
	t.Logf("%d catalogs, %d trusted, by authority %v", len(catalogs), trusted, count)
}

// compare reports every difference between the truth and a verdict.
func (s truthSignature) compare(t *testing.T, v Verdict, public []string) {
	t.Helper()
	differs := func(what string, got, want any) {
		t.Errorf("%s/%s: %s %v, want %v; %v", s.inPackage, s.Catalog, what, got, want, v.Problems)
	}
	want := s.expected(public)
	if v.Authority != want {
		differs("authority", v.Authority, want)
	}
	if allowed, ok := coarseAuthorities[s.coarse]; ok && !slices.Contains(allowed, v.Authority) {
		differs("authority", v.Authority, s.coarse)
	}
	if trust := s.expectedTrust(want); v.Trusted != trust {
		differs("trusted", v.Trusted, trust)
	}
	if driver := v.Trusted && slices.Contains([]Authority{WHQL, WHQLAttested, Windows, ELAM}, want); v.DriverPolicy != driver {
		differs("driver policy", v.DriverPolicy, driver)
	}
	if s.SignerSHA1 == "" {
		if len(v.Chain) != 0 || v.Trusted {
			differs("chain", v.Chain, "none")
		}
		return
	}
	sum := v.Chain[0].SHA1()
	if got := hex.EncodeToString(sum[:]); got != s.SignerSHA1 {
		differs("signer", got, s.SignerSHA1)
	}
	ekus := slices.Clone(s.EKU)
	have := slices.Clone(v.Chain[0].EKUs)
	slices.Sort(ekus)
	slices.Sort(have)
	if !slices.Equal(have, ekus) {
		differs("purposes", have, ekus)
	}
	s.compareStamps(v, differs)
}

func (s truthSignature) compareStamps(v Verdict, differs func(what string, got, want any)) {
	if len(v.Timestamps) != len(s.Timestamps) {
		differs("time stamps", len(v.Timestamps), len(s.Timestamps))
		return
	}
	for i, ts := range s.Timestamps {
		got := v.Timestamps[i]
		if got.Stamp.Kind.String() != ts.Kind || got.Stamp.Time.Format(time.RFC3339) != ts.Time {
			differs("time stamp", fmt.Sprint(got.Stamp.Kind, got.Stamp.Time), ts)
		}
		if got.Valid != ts.Verifies {
			differs("valid time stamp", fmt.Sprint(got.Valid, got.Problems), ts.Verifies)
		}
	}
}

// divergences are time-stamping authorities whose stamps the truth file calls
// verified, which is mathematics there, and which do not count here.
var divergences = map[string]string{
	"VirtualBox for Legacy Windows Only Timestamp Kludge 2014": "private authority that leads to no anchor: the stamp verifies and nobody trusts it",
}

// TestCorpusEmbedded: the embedded signatures of every image, nested ones
// included: authority and trust follow from the truth file's facts.
func TestCorpusEmbedded(t *testing.T) {
	dir := corpus(t)
	_, embedded := corpusTruth(t, dir)
	public := publicRoots(t, dir)
	store := DefaultStore()
	count, trusted := map[Authority]int{}, 0
	seen := map[string]bool{}
	for path, truth := range embedded {
		data, err := os.ReadFile(path)
		must(t, err)
		m, err := authenticode.ReadImage(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		sigs, err := m.Signatures()
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		for _, first := range sigs {
			for _, sig := range first.All() {
				v := Verify(sig, store, Options{At: corpusClock, Purpose: CodeSigning})
				checkInvariants(t, v)
				count[v.Authority]++
				if v.Trusted {
					trusted++
				}
				s, ok := sameSigner(truth, v)
				if !ok {
					continue // the truth file has some nested ones only by name
				}
				s.Catalog = filepath.Base(path)
				want := s.expected(public)
				if v.Timestamp != nil && len(v.Timestamp.Chain) > 0 && divergences[v.Timestamp.Chain[0].Subject.CommonName()] != "" {
					s.Timestamps, seen[v.Timestamp.Chain[0].Subject.CommonName()] = nil, true
				}
				if v.Authority != want || v.Trusted != s.expectedTrust(want) {
					t.Errorf("%s: authority %v trusted %v, want %v %v; %v", path, v.Authority, v.Trusted, want, s.expectedTrust(want), v.Problems)
				}
			}
		}
	}
	for name, why := range divergences {
		if !seen[name] {
			t.Errorf("divergence %q (%s) is gone", name, why)
		}
	}
	t.Logf("%d images, %d signatures trusted, by authority %v", len(embedded), trusted, count)
}

// sameSigner finds the truth on a signature by its signer and time stamp, in
// the form of a catalog's.
func sameSigner(truth []truthSignature, v Verdict) (truthSignature, bool) {
	for _, s := range truth {
		s.EKU, s.NotAfter, s.SignatureOK = s.EmbeddedEKU, s.EmbeddedUntil, s.EmbeddedOK
		if len(v.Chain) == 0 || v.Chain[0].Subject.CommonName() != s.SignerCN || v.Chain[0].NotAfter.Format(time.RFC3339) != s.NotAfter {
			continue
		}
		if len(v.Timestamps) == len(s.Timestamps) && (len(s.Timestamps) == 0 || v.Timestamps[0].Stamp.Time.Format(time.RFC3339) == s.Timestamps[0].Time) {
			return s, true
		}
	}
	return truthSignature{}, false
}
