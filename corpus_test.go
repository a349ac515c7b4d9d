package prestage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"prestage/trust"
)

// corpusClock is the time at which the corpus is judged. Verdicts on it
// never depend on when the test runs.
var corpusClock = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// corpusDir finds the corpus of real packages, which is beside the
// repository and not in it.
func corpusDir(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("PRESTAGE_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "shared", "corpus")
	}
	if _, err := os.Stat(filepath.Join(dir, "truth.json")); err != nil {
		if os.Getenv("PRESTAGE_CORPUS_REQUIRED") == "1" {
			tb.Fatalf("corpus not found: %v", err)
		}
		tb.Skipf("corpus not found in %s: set PRESTAGE_CORPUS", dir)
	}
	return dir
}

// truth is the part of the independent ground truth that this test compares.
type truth struct {
	Packages map[string]struct {
		INFs     map[string]truthINF `json:"infs"`
		Catalogs []truthCatalog      `json:"catalogs"`
		Files    []truthFile         `json:"files"`
	} `json:"packages"`
}

type truthINF struct {
	Verdict    string            `json:"verdict"`
	Version    map[string]string `json:"version"`
	Resolution map[string]struct {
		Catalog string `json:"catalog"`
		Class   string `json:"coarse_class"`
	} `json:"catalog_resolution"`
}

type truthCatalog struct {
	Catalog       string                         `json:"catalog"`
	Parse         string                         `json:"parse"`
	Signed        bool                           `json:"signed"`
	CatVersion    int                            `json:"cat_version"`
	Members       int                            `json:"n_members"`
	MemberHashes  []string                       `json:"member_hash_algs"` // of SpcIndirectData only
	TagLengths    []int                          `json:"member_tag_lengths"`
	OSAttrs       []string                       `json:"member_osattrs"`
	NameValues    []struct{ Name, Value string } `json:"name_values"`
	SignerSHA1    string                         `json:"signer_sha1"`
	SignerCN      string                         `json:"signer_cn"`
	SignerEKU     []string                       `json:"signer_eku"`
	SignatureOK   bool                           `json:"cms_signature_ok"`
	DigestAlg     string                         `json:"digest_alg"`
	TimestampKind string                         `json:"timestamp_kind"`
	TimestampTime string                         `json:"timestamp_time"`
}

type truthFile struct {
	File       string               `json:"file"`
	Kind       string               `json:"kind"`
	FlatSHA1   string               `json:"flat_sha1"`
	FlatSHA256 string               `json:"flat_sha256"`
	PESHA1     string               `json:"authenticode_sha1"`
	PESHA256   string               `json:"authenticode_sha256"`
	ExpandsTo  *truthFile           `json:"expands_to"`
	InCatalogs map[string]truthHits `json:"in_catalogs"`
}

type truthHits struct {
	ByTag      []string `json:"by_tag"`
	ByIndirect []string `json:"by_indirect_digest"`
}

// corpusDivergences are the places where prestage differs from the truth
// file and is right, keyed by what is compared. An entry that is not met any
// more fails the test.
var corpusDivergences = map[string]string{}

// TestCorpus judges every real package and compares with the truth file.
func TestCorpus(t *testing.T) {
	dir := corpusDir(t)
	data, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want truth
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	met := map[string]bool{}
	agreed := map[string]int{}
	compare := func(t *testing.T, what, key string, got, want any) {
		t.Helper()
		if fmt.Sprint(got) == fmt.Sprint(want) {
			agreed[what]++
			return
		}
		id := what + " " + key
		if corpusDivergences[id] != "" {
			met[id] = true
			return
		}
		t.Errorf("%s: got %v, the truth file has %v", id, got, want)
	}
	for name, pkg := range want.Packages {
		t.Run(name, func(t *testing.T) {
			tree, err := OpenTree(filepath.Join(dir, "packages", name))
			if err != nil {
				t.Fatal(err)
			}
			defer tree.Close()
			report, err := Check(Options{At: corpusClock, Jobs: 2}, tree)
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Errors) > 0 {
				t.Errorf("errors: %v", report.Errors)
			}
			judged := map[string]*PackageReport{}
			for i := range report.Packages {
				p := &report.Packages[i]
				rel, err := filepath.Rel(filepath.ToSlash(filepath.Join(dir, "packages", name)), p.INF)
				if err != nil {
					t.Fatal(err)
				}
				judged[filepath.ToSlash(rel)] = p
				checkConsistent(t, p)
			}
			for inf, wantINF := range pkg.INFs {
				p := judged[inf]
				if p == nil {
					compare(t, "judged", name+"/"+inf, slices.ContainsFunc(report.Skipped, func(e ErrorReport) bool { return strings.HasSuffix(e.Path, inf) }), true)
					continue
				}
				compare(t, "membership", name+"/"+inf, infState(p), wantState(wantINF.Verdict))
				compareINF(t, compare, name+"/"+inf, p, wantINF)
				for _, r := range wantINF.Resolution {
					compareAuthority(t, compare, name+"/"+inf, p, r.Catalog, r.Class)
				}
				for _, c := range p.Catalogs {
					rel, _ := filepath.Rel(filepath.ToSlash(filepath.Join(dir, "packages", name)), c.Path)
					for _, wc := range pkg.Catalogs {
						if strings.EqualFold(wc.Catalog, filepath.ToSlash(rel)) {
							compareCatalog(t, compare, name+"/"+wc.Catalog, c, wc)
						}
					}
				}
				for _, f := range p.Files {
					rel, _ := filepath.Rel(filepath.ToSlash(filepath.Join(dir, "packages", name)), f.Path)
					for _, wf := range pkg.Files {
						if wf.File == filepath.ToSlash(rel) {
							if f.Expanded && wf.ExpandsTo != nil {
								wf = *wf.ExpandsTo
							}
							compareFile(t, compare, name+"/"+inf+"/"+wf.File, p, f, wf)
						}
					}
				}
			}
		})
	}
	for id := range corpusDivergences {
		if !met[id] {
			t.Errorf("%s: listed as a divergence, but agrees now", id)
		}
	}
	t.Logf("agreed: %v, divergences: %d", agreed, len(met))
}

type comparer func(t *testing.T, what, key string, got, want any)

func infState(p *PackageReport) string {
	for _, f := range p.Files {
		if f.Role == "inf" {
			return f.State
		}
	}
	return ""
}

func wantState(verdict string) string {
	switch verdict {
	case "in-catalog":
		return "covered"
	case "altered":
		return "altered"
	case "catalog-absent", "catalog-unparsable", "no-catalogfile-key":
		return "no-catalog"
	}
	return "unknown verdict " + verdict
}

func compareINF(t *testing.T, compare comparer, key string, p *PackageReport, want truthINF) {
	compare(t, "provider", key, p.Provider, want.Version["provider"])
	compare(t, "class guid", key, p.ClassGUID, strings.ToLower(want.Version["classguid"]))
}

func compareCatalog(t *testing.T, compare comparer, key string, c CatalogReport, want truthCatalog) {
	compare(t, "catalog parses", key, c.Error == "", want.Parse == "ok")
	if c.Error != "" {
		return
	}
	compare(t, "catalog version", key, c.Version, want.CatVersion)
	compare(t, "members", key, c.MemberCount, want.Members)
	for _, n := range want.TagLengths {
		for _, tag := range tagHashes {
			if n == tag.size && !slices.Contains(want.MemberHashes, tag.name) {
				want.MemberHashes = append(want.MemberHashes, tag.name)
			}
		}
	}
	slices.Sort(want.MemberHashes)
	compare(t, "os attributes", key, c.OSAttr, osAttrElements(want))
	compare(t, "member hashes", key, c.MemberHashes, want.MemberHashes)
	compare(t, "catalog signed", key, len(c.Signatures) > 0, want.Signed)
	if len(c.Signatures) == 0 {
		return
	}
	s := c.Signatures[0]
	compare(t, "signature holds", key, s.Valid, want.SignatureOK)
	compare(t, "digest", key, s.DigestAlgorithm, want.DigestAlg)
	if s.Signer != nil {
		compare(t, "signer", key, s.Signer.SHA1, want.SignerSHA1)
		compare(t, "signer name", key, s.Signer.CommonName, want.SignerCN)
		slices.Sort(want.SignerEKU)
		ekus := slices.Clone(s.Signer.EKUs)
		slices.Sort(ekus)
		compare(t, "ekus", key, ekus, want.SignerEKU)
	}
	compare(t, "time stamp", key, s.Timestamp.Kind, want.TimestampKind)
	if s.Timestamp.Time != nil {
		compare(t, "stamped time", key, s.Timestamp.Time.Format(time.RFC3339), want.TimestampTime)
	}
}

// tagHashes tells the digests that tags are from their length, which the
// truth file lists apart from those of SpcIndirectData.
var tagHashes = []struct {
	size int
	name string
}{{20, "sha1"}, {32, "sha256"}}

func osAttrElements(want truthCatalog) []string {
	all := []string{}
	add := func(value string) {
		for e := range strings.SplitSeq(value, ",") {
			if e != "" && !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
	}
	for _, value := range want.OSAttrs {
		add(value)
	}
	for _, nv := range want.NameValues {
		if nv.Name == "OSAttr" {
			add(nv.Value)
		}
	}
	slices.Sort(all)
	return all
}

// authoritiesFor maps the truth file's hint to what prestage may say.
var authoritiesFor = map[string][]string{
	"microsoft-whql":                  {"whql"},
	"microsoft-attestation":           {"whql-attested"},
	"microsoft-preview-build-signing": {"test"},
	"third-party":                     {"third-party"},
	"self-signed":                     {"unknown", "test"},
	"private-or-test-PKI":             {"unknown", "test"},
}

func compareAuthority(t *testing.T, compare comparer, key string, p *PackageReport, catalog, class string) {
	authorities := authoritiesFor[class]
	for _, c := range p.Catalogs {
		if authorities != nil && strings.EqualFold(filepath.Base(c.Path), filepath.Base(catalog)) && len(c.Signatures) > 0 {
			compare(t, "authority", key, slices.Contains(authorities, c.Signatures[0].Authority), true)
		}
	}
}

func compareFile(t *testing.T, compare comparer, key string, p *PackageReport, f FileReport, want truthFile) {
	sha1, sha256 := want.FlatSHA1, want.FlatSHA256
	if f.HashKind == "authenticode" {
		sha1, sha256 = want.PESHA1, want.PESHA256
	}
	compare(t, "sha1", key, f.SHA1, sha1)
	if sha256 != "" { // the truth file has none of expanded files
		compare(t, "sha256", key, f.SHA256, sha256)
	}
}

// checkConsistent asserts what must hold of every report.
func checkConsistent(t *testing.T, p *PackageReport) {
	if len(p.Verdicts) == 0 {
		t.Errorf("%s: no verdict", p.INF)
	}
	for _, v := range p.Verdicts {
		if v.Category == "unknown" || v.Outcome == "unknown" || v.Prompt == "unknown" || v.Basis == "unknown" || v.Reason == "" {
			t.Errorf("%s: incomplete verdict %+v", p.INF, v)
		}
		if strings.HasPrefix(v.SignerScore.Label, "!") {
			t.Errorf("%s: invalid score %s", p.INF, v.SignerScore.Label)
		}
		if v.Outcome == "refuse" && v.StatusCode == "0x00000000" {
			t.Errorf("%s: refused with success", p.INF)
		}
	}
	for _, f := range p.Files {
		if f.State == "unknown" || f.Role == "unknown" {
			t.Errorf("%s: %s: state %s, role %s", p.INF, f.Path, f.State, f.Role)
		}
	}
}

// TestCorpusLineEndings judges the packages whose line endings git broke beside
// their restored twins (rule 15).
func TestCorpusLineEndings(t *testing.T) {
	dir := corpusDir(t)
	var altered, silent int
	matches, err := filepath.Glob(filepath.Join(dir, "packages", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range matches {
		lf := strings.TrimSuffix(m, "-crlf") + "-lf"
		if !strings.HasSuffix(m, "-crlf") || !exists(lf) {
			continue
		}
		broken, restored := judgeFolder(t, lf), judgeFolder(t, m)
		for i := range broken.Packages {
			if infState(&broken.Packages[i]) != "altered" {
				t.Errorf("%s: the INF is not called altered", lf)
			}
			if !slices.ContainsFunc(broken.Packages[i].Findings, func(f FindingReport) bool { return f.ID == "line-endings-changed" }) {
				t.Errorf("%s: no hint at the line endings", lf)
			}
			altered++
			if infState(&restored.Packages[i]) != "covered" {
				t.Errorf("%s: the restored INF is not covered", m)
			}
			v := restored.Packages[i].Verdicts[0]
			if v.Category == "windows-authority" && v.Outcome == "silent" && v.SignerScore.Value == "0x0D000005" {
				silent++
			}
		}
	}
	if altered == 0 || silent == 0 {
		t.Errorf("%d packages with broken line endings, %d silent when restored: want some of each", altered, silent)
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

func judgeFolder(t *testing.T, dir string) *Report {
	t.Helper()
	tree, err := OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	r, err := Check(Options{At: corpusClock, Store: trust.DefaultStore()}, tree)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
