package catalog_test

import (
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"prestage/authenticode"
	"prestage/authenticode/ctl"
	"prestage/catalog"
)

// The corpus test compares what this package reads with what openssl and
// independent code read from the same files, written down in truth.json.

// truthFile is the part of truth.json that concerns catalogs.
type truthFile struct {
	Packages map[string]struct {
		Catalogs []truthCatalog `json:"catalogs"`
		Files    []truthMember  `json:"files"`
	} `json:"packages"`
	Catalogs map[string]truthCatalog `json:"catalogs"`
}

type truthCatalog struct {
	Catalog             string         `json:"catalog"`
	Parse               string         `json:"parse"`
	Signed              bool           `json:"signed"`
	Version             int            `json:"cat_version"`
	SubjectAlgorithm    string         `json:"subject_algorithm_oid"`
	ListID              string         `json:"list_id"`
	ThisUpdate          string         `json:"ctl_this_update"`
	Members             int            `json:"n_members"`
	HashAlgorithms      []string       `json:"member_hash_algs"`
	TagLengths          []int          `json:"member_tag_lengths"`
	WithoutIndirectData int            `json:"members_without_indirect_data"`
	WithPageHashes      int            `json:"members_with_page_hashes"`
	SubjectTypes        map[string]int `json:"member_subject_types"`
	NameValues          []struct {
		Name, Flags, Value string
	} `json:"name_values"`
	NameValuesTotal *int     `json:"name_values_total"` // absent where name_values has them all
	MemberNames     []string `json:"member_name_value_names"`
	OSAttrs         []string `json:"member_osattrs"`
	ExtensionOIDs   []string `json:"ctl_extension_oids"`
	FileNames       []string `json:"member_file_names"`
	SignerInfos     int      `json:"n_signer_infos"`
	TrailingBytes   int      `json:"trailing_bytes"`
}

type truthMember struct {
	File               string `json:"file"`
	FlatSHA1           string `json:"flat_sha1"`
	FlatSHA256         string `json:"flat_sha256"`
	AuthenticodeSHA1   string `json:"authenticode_sha1"`
	AuthenticodeSHA256 string `json:"authenticode_sha256"`
	InCatalogs         map[string]struct {
		ByTag      []string `json:"by_tag"`
		ByIndirect []string `json:"by_indirect_digest"`
		File       *string  `json:"catalog_file_attr"`
		OSAttr     *string  `json:"osattr"`
	} `json:"in_catalogs"`
}

// corpus returns the folder of the corpus and its truth, or skips the test.
func corpus(t *testing.T) (string, truthFile) {
	t.Helper()
	dir := os.Getenv("PRESTAGE_CORPUS")
	if dir == "" {
		dir = filepath.Join(repository(t), "..", "shared", "corpus")
	}
	text, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if errors.Is(err, os.ErrNotExist) && os.Getenv("PRESTAGE_CORPUS_REQUIRED") != "1" {
		t.Skipf("corpus not found at %s; set PRESTAGE_CORPUS", dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	var truth truthFile
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	return dir, truth
}

// repository returns the folder of go.mod.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Fatal("go.mod not found in any folder above the test")
	}
}

// eachCatalog calls f for every catalog of the corpus.
func eachCatalog(t *testing.T, dir string, truth truthFile, f func(t *testing.T, file []byte, want truthCatalog)) {
	run := func(name, path string, want truthCatalog) {
		t.Run(name, func(t *testing.T) {
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f(t, file, want)
		})
	}
	for name, p := range truth.Packages {
		for _, want := range p.Catalogs {
			run(name+"/"+want.Catalog, filepath.Join(dir, "packages", name, filepath.FromSlash(want.Catalog)), want)
		}
	}
	for name, want := range truth.Catalogs {
		run(name, filepath.Join(dir, "catalogs", name), want)
	}
}

func TestCorpusCatalogs(t *testing.T) {
	dir, truth := corpus(t)
	eachCatalog(t, dir, truth, func(t *testing.T, file []byte, want truthCatalog) {
		c, err := catalog.Parse(file)
		if want.Parse != "ok" {
			if !errors.Is(err, catalog.ErrNotCatalog) || c != nil {
				t.Fatalf("got %v, want ErrNotCatalog", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		compareCatalog(t, c, want)
		compareMembers(t, c, want)
	})
}

// same reports a difference between what was read and the truth.
func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if g, w := fmt.Sprintf("%v", got), fmt.Sprintf("%v", want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func compareCatalog(t *testing.T, c *catalog.Catalog, want truthCatalog) {
	same(t, "version", c.Version, want.Version)
	same(t, "signed", c.Signed(), want.Signed)
	same(t, "signers", c.Signature.SignerCount, want.SignerInfos)
	same(t, "list identifier", hex.EncodeToString(c.ListIdentifier), want.ListID)
	same(t, "this update", c.ThisUpdate.Format(time.RFC3339), want.ThisUpdate)
	same(t, "trailing", c.Padding, want.TrailingBytes)
	same(t, "ordered", c.Ordered, nil)
	same(t, "members", len(c.Members), want.Members)

	list, err := ctl.Parse(c.Signature.Content)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "subject algorithm", list.SubjectAlgorithm, want.SubjectAlgorithm)
	var oids []string
	for _, e := range list.Extensions {
		oids = append(oids, e.OID)
	}
	same(t, "extensions", unique(oids), want.ExtensionOIDs)

	var got, wanted []string
	for _, a := range c.Attributes {
		got = append(got, fmt.Sprintf("%s %#x %s", a.Name, a.Flags, a.Value))
	}
	for _, nv := range want.NameValues {
		wanted = append(wanted, nv.Name+" "+nv.Flags+" "+nv.Value)
	}
	if want.NameValuesTotal == nil {
		same(t, "name/values", strings.Join(got, "|"), strings.Join(wanted, "|"))
		return
	}
	// Of long lists the truth has some and the count.
	same(t, "number of name/values", len(got), *want.NameValuesTotal)
	for _, nv := range wanted {
		if !slices.Contains(got, nv) {
			t.Errorf("name/value %s is missing", nv)
		}
	}
}

func compareMembers(t *testing.T, c *catalog.Catalog, want truthCatalog) {
	var (
		algorithms, names, osAttrs, files []string
		lengths                           []int
		types                             = make(map[string]int)
		pageHashes                        int
	)
	for i := range c.Members {
		m := &c.Members[i]
		if m.Problem != nil {
			t.Errorf("member %d: %v", i, m.Problem)
		}
		if m.Kind == catalog.KindUnknown {
			t.Errorf("member %d: unknown kind", i)
		}
		compareKind(t, m)
		lengths = append(lengths, len(m.TagDigest))
		if m.DataType == "" {
			types["none"]++
		} else {
			types[m.DataType]++
			algorithms = append(algorithms, name(m.DigestAlgorithm))
		}
		if m.PageHashes != nil {
			pageHashes++
		}
		for _, a := range m.Attributes() {
			names = append(names, a.Name)
		}
		if v := m.OSAttr(); v != "" {
			osAttrs = append(osAttrs, v)
			if _, err := catalog.ParseOSAttr(v); err != nil {
				t.Errorf("member %d: %v", i, err)
			}
		}
		if v := m.File(); v != "" {
			files = append(files, v)
		}
		compareLookup(t, c, m)
	}
	same(t, "hash algorithms", unique(algorithms), want.HashAlgorithms)
	same(t, "tag lengths", unique(lengths), want.TagLengths)
	same(t, "types", types, want.SubjectTypes)
	same(t, "without indirect data", types["none"], want.WithoutIndirectData)
	same(t, "with page hashes", pageHashes, want.WithPageHashes)
	same(t, "name/value names", unique(names), want.MemberNames)
	same(t, "OSAttrs", unique(osAttrs), want.OSAttrs)
	same(t, "files", unique(files), corrected(want.FileNames))
}

// corrected returns the truth's file names with one class of mistake put
// right. A value given to MakeCat in base64 is kept as the octets it stands
// for; the truth reads it as UTF-16LE like all others, so that the file name
// unsigned.msi became six Chinese characters.
func corrected(names []string) []string {
	var out []string
	for _, n := range names {
		if n == "\u6e75\u6973\u6e67\u6465\u6d2e\u6973" {
			n = "unsigned.msi"
		}
		out = append(out, n)
	}
	return unique(out)
}

// compareKind checks that the two statements about the kind of a file agree.
func compareKind(t *testing.T, m *catalog.Member) {
	switch {
	case m.DataType == "":
	case (m.Kind == catalog.KindPE) != (m.DataType == authenticode.OIDPEImageData):
		t.Errorf("member %s is of kind %v and type %s", m.TagText(), m.Kind, m.DataType)
	}
}

// compareLookup checks that every member is found by each of its digests.
func compareLookup(t *testing.T, c *catalog.Catalog, m *catalog.Member) {
	for _, sum := range [][]byte{m.Digest, m.TagDigest} {
		if sum == nil {
			continue
		}
		if found, ok := c.Lookup(sum); !ok || c.Duplicates == 0 && found != m {
			t.Errorf("member %s is not found by %x", m.TagText(), sum)
		}
	}
}

// Every file of every package is in just the catalogs that the truth says, by
// just the digests that it says.
func TestCorpusMembership(t *testing.T) {
	dir, truth := corpus(t)
	matches := 0
	for name, p := range truth.Packages {
		t.Run(name, func(t *testing.T) {
			catalogs := make(map[string]*catalog.Catalog)
			for _, want := range p.Catalogs {
				file, err := os.ReadFile(filepath.Join(dir, "packages", name, filepath.FromSlash(want.Catalog)))
				if err != nil {
					t.Fatal(err)
				}
				if c, err := catalog.Parse(file); err == nil {
					catalogs[want.Catalog] = c
				} else if want.Parse == "ok" {
					t.Fatal(err)
				}
			}
			for _, file := range p.Files {
				for path, c := range catalogs {
					matches += compareFile(t, path, c, file)
				}
			}
		})
	}
	if matches < 500 {
		t.Errorf("only %d matches in the whole corpus", matches)
	}
}

// compareFile compares one file with one catalog and counts the matches.
func compareFile(t *testing.T, path string, c *catalog.Catalog, file truthMember) (matches int) {
	sums := []string{file.FlatSHA1, file.FlatSHA256}
	if file.AuthenticodeSHA1 != "" {
		sums = []string{file.AuthenticodeSHA1, file.AuthenticodeSHA256}
	}
	var byTag, byIndirect []string
	var member *catalog.Member
	for _, text := range sums {
		sum, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		match, ok := c.Match(sum)
		if !ok {
			continue
		}
		matches++
		if match.By&catalog.ByTag != 0 {
			byTag = append(byTag, name(match.Algorithm))
		}
		if match.By&catalog.ByIndirect != 0 {
			byIndirect = append(byIndirect, name(match.Algorithm))
		}
		if member == nil || match.Algorithm == crypto.SHA256 {
			member = match.Member
		}
	}
	want, listed := file.InCatalogs[path]
	same(t, file.File+" in "+path+" by tag", byTag, want.ByTag)
	same(t, file.File+" in "+path+" by indirect data", byIndirect, want.ByIndirect)
	if listed && member != nil && want.File != nil {
		same(t, file.File+" is called", member.File(), *want.File)
	}
	if listed && member != nil && want.OSAttr != nil {
		same(t, file.File+" has OSAttr", member.OSAttr(), *want.OSAttr)
	}
	return matches
}

// name returns the truth's word for an algorithm.
func name(h crypto.Hash) string {
	return strings.ToLower(strings.ReplaceAll(h.String(), "-", ""))
}

// unique sorts and removes doubles.
func unique[T int | string](list []T) []T {
	list = slices.Clone(list)
	sort.Slice(list, func(i, j int) bool { return list[i] < list[j] })
	return slices.Compact(list)
}
