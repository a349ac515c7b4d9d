package authenticode

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The corpus is a folder of real driver packages beside the repository, with
// truth.json: what openssl, osslsigncode and a Python program say of each file.
// It is not committed. PRESTAGE_CORPUS says where it is.

type truthStamp struct {
	Kind      string
	Time      string
	DigestAlg string `json:"digest_alg"`
	Verifies  bool
	Form      string `json:"pkcs1_form"`
}

type truthSigner struct {
	CN        string       `json:"signer_cn"`
	Issuer    string       `json:"issuer_cn"`
	DigestAlg string       `json:"digest_alg"`
	OK        bool         `json:"cms_ok"`
	Stamps    []truthStamp `json:"timestamps"`
	Nested    []truthEmbedded
}

type truthEmbedded struct {
	DigestAlg  string `json:"pe_digest_alg"`
	Matches    bool   `json:"pe_digest_matches"`
	PageHashes bool   `json:"page_hashes"`
	Signers    []truthSigner
}

type truthCatalog struct {
	Catalog    string
	Parse      string
	Signed     bool
	CN         string       `json:"signer_cn"`
	SHA1       string       `json:"signer_sha1"`
	Serial     string       `json:"signer_serial"`
	DigestAlg  string       `json:"digest_alg"`
	Encryption string       `json:"enc_alg"`
	OK         *bool        `json:"cms_signature_ok"`
	Certs      int          `json:"n_certs"`
	CRLs       int          `json:"n_crls"`
	Signers    int          `json:"n_signer_infos"`
	Trailing   int          `json:"trailing_bytes"`
	Stamps     []truthStamp `json:"timestamps"`
	Opus       []string     `json:"opus_info"`
	Unsigned   []string     `json:"unsigned_attr_oids"`
	Nested     []struct {
		CN        string `json:"signer_cn"`
		Issuer    string `json:"issuer_cn"`
		DigestAlg string `json:"digest_alg"`
		OK        bool   `json:"cms_ok"`
		Kind      string `json:"timestamp_kind"`
		Time      string `json:"timestamp_time"`
	}
}

type truthFile struct {
	File       string
	Kind       string
	FlatSHA1   string `json:"flat_sha1"`
	FlatSHA256 string `json:"flat_sha256"`
	SHA1       string `json:"authenticode_sha1"`
	SHA256     string `json:"authenticode_sha256"`
	Signed     bool   `json:"embedded_signature"`
	After      int64  `json:"bytes_after_cert_table"`
	Embedded   []truthEmbedded
}

type truth struct {
	Packages map[string]struct {
		Files    []truthFile
		Catalogs []truthCatalog
	}
	Catalogs map[string]truthCatalog
}

// corpus finds the corpus and reads its truth, or skips the test.
func corpus(tb testing.TB) (dir string, t truth) {
	tb.Helper()
	dir = os.Getenv("PRESTAGE_CORPUS")
	if dir == "" {
		dir = filepath.Join(repository(tb), "..", "shared", "corpus")
	}
	b, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		if os.Getenv("PRESTAGE_CORPUS_REQUIRED") == "1" {
			tb.Fatalf("corpus not found: %v", err)
		}
		tb.Skipf("corpus not found at %s; set PRESTAGE_CORPUS", dir)
	}
	if err := json.Unmarshal(b, &t); err != nil {
		tb.Fatal(err)
	}
	return dir, t
}

// repository is the folder of go.mod.
func repository(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

func TestCorpusFlatHashes(t *testing.T) {
	dir, truth := corpus(t)
	n := 0
	for name, p := range truth.Packages {
		for _, f := range p.Files {
			r, err := os.Open(filepath.Join(dir, "packages", name, filepath.FromSlash(f.File)))
			if err != nil {
				t.Fatal(err)
			}
			sums, err := FlatHash(r, crypto.SHA1, crypto.SHA256)
			r.Close()
			if err != nil {
				t.Errorf("%s/%s: %v", name, f.File, err)
				continue
			}
			n++
			checkSum(t, name+"/"+f.File+" flat SHA-1", sums[crypto.SHA1], f.FlatSHA1)
			checkSum(t, name+"/"+f.File+" flat SHA-256", sums[crypto.SHA256], f.FlatSHA256)
		}
	}
	t.Logf("%d files", n)
}

func checkSum(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if hex.EncodeToString(got) != want {
		t.Errorf("%s: got %x, want %s", what, got, want)
	}
}

func TestCorpusImages(t *testing.T) {
	dir, truth := corpus(t)
	images, signatures, stamps, bare, pages := 0, 0, 0, 0, 0
	for name, p := range truth.Packages {
		for _, f := range p.Files {
			b, err := os.ReadFile(filepath.Join(dir, "packages", name, filepath.FromSlash(f.File)))
			if err != nil {
				t.Fatal(err)
			}
			what := name + "/" + f.File
			m, err := ReadImage(bytes.NewReader(b), int64(len(b)))
			if f.Kind != "pe" {
				if err == nil {
					t.Errorf("%s: read as a PE image, and is %s", what, f.Kind)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
			images++
			sums, err := m.Hash(crypto.SHA1, crypto.SHA256)
			if err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
			checkSum(t, what+" SHA-1", sums.Sums[crypto.SHA1], f.SHA1)
			checkSum(t, what+" SHA-256", sums.Sums[crypto.SHA256], f.SHA256)
			table := m.CertificateTable()
			if table.Problem != nil || table.After != f.After || sums.TrailingData != (f.After > 0) {
				t.Errorf("%s: certificate table: %v, %d bytes after it, want %d", what, table.Problem, table.After, f.After)
			}
			sigs, err := m.Signatures()
			if err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
			if (len(sigs) > 0) != f.Signed {
				t.Errorf("%s: %d signatures, want signed %v", what, len(sigs), f.Signed)
				continue
			}
			for i, s := range sigs {
				checkEmbedded(t, what, m, s, f.Embedded[i])
				for _, s := range s.All() {
					signatures++
					for _, ts := range s.Timestamps {
						stamps++
						if ts.BareDigest {
							bare++
						}
					}
					if m.CheckPageHashes(s) == PageHashOK {
						pages++
					}
				}
			}
		}
	}
	t.Logf("%d images, %d signatures, %d time stamps (%d of bare digests), %d lists of page hashes", images, signatures, stamps, bare, pages)
}

// checkEmbedded compares a signature, and those nested in it, with the truth.
func checkEmbedded(t *testing.T, what string, m *Image, s *Signature, want truthEmbedded) {
	t.Helper()
	if len(want.Signers) != 1 {
		t.Fatalf("%s: truth has %d signers", what, len(want.Signers))
	}
	signer := want.Signers[0]
	if (s.Problem == nil) != signer.OK {
		t.Errorf("%s: %v, want ok %v", what, s.Problem, signer.OK)
	}
	checkSigner(t, what, s, signer.CN, signer.Issuer, signer.DigestAlg)
	checkStamps(t, what, s.Timestamps, signer.Stamps)
	if s.Indirect == nil {
		t.Errorf("%s: no SpcIndirectDataContent", what)
		return
	}
	if got := algorithmName(s.Indirect.DigestAlgorithm); got != want.DigestAlg {
		t.Errorf("%s: image digest is %s, want %s", what, got, want.DigestAlg)
	}
	p, err := m.CheckDigest(s)
	if err != nil || (p == nil) != want.Matches {
		t.Errorf("%s: image digest: %v %v, want a match %v", what, p, err, want.Matches)
	}
	state := PageHashNone
	if want.PageHashes {
		state = PageHashOK
	}
	if got := m.CheckPageHashes(s); got != state {
		t.Errorf("%s: page hashes %v, want %v", what, got, state)
	}
	if len(s.Nested) != len(signer.Nested) {
		t.Errorf("%s: %d nested signatures, want %d", what, len(s.Nested), len(signer.Nested))
		return
	}
	for i, n := range s.Nested {
		checkEmbedded(t, fmt.Sprintf("%s nested %d", what, i), m, n, signer.Nested[i])
	}
}

func checkSigner(t *testing.T, what string, s *Signature, cn, issuer, digest string) {
	t.Helper()
	if s.Signer == nil {
		t.Errorf("%s: no signer, want %s", what, cn)
		return
	}
	if got := s.Signer.Subject.CommonName(); got != cn {
		t.Errorf("%s: signer %q, want %q", what, got, cn)
	}
	if got := s.SignerIssuerName.CommonName(); got != issuer && issuer != "" {
		t.Errorf("%s: issuer %q, want %q", what, got, issuer)
	}
	if got := algorithmName(s.DigestAlgorithm); got != digest {
		t.Errorf("%s: digest %s, want %s", what, got, digest)
	}
}

func checkStamps(t *testing.T, what string, got []*Timestamp, want []truthStamp) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d time stamps, want %d", what, len(got), len(want))
		return
	}
	for i, ts := range got {
		w := want[i]
		if ts.Kind.String() != w.Kind || ts.Time.Truncate(time.Second).Format(time.RFC3339) != w.Time || (ts.Problem == nil) != w.Verifies {
			t.Errorf("%s: time stamp %v %v %v, want %+v", what, ts.Kind, ts.Time, ts.Problem, w)
		}
		if w.DigestAlg != "" && algorithmName(ts.ImprintAlgorithm) != w.DigestAlg {
			t.Errorf("%s: time stamp digest %v, want %s", what, ts.ImprintAlgorithm, w.DigestAlg)
		}
		if w.Form != "" && !ts.BareDigest {
			t.Errorf("%s: time stamp is not known for a bare digest (%s)", what, w.Form)
		}
	}
}

// algorithmName is the truth's name of a digest.
func algorithmName(h crypto.Hash) string {
	return strings.ToLower(strings.ReplaceAll(h.String(), "-", ""))
}

// twosComplement returns the octets of an INTEGER, as the truth has serial
// numbers, negative ones among them (L4).
func twosComplement(n *big.Int) []byte {
	if n.Sign() >= 0 {
		return n.Bytes()
	}
	size := uint(n.BitLen()/8+1) * 8
	return new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), size)).Bytes()
}

func TestCorpusCatalogs(t *testing.T) {
	dir, truth := corpus(t)
	signed, nested, detached := 0, 0, 0
	check := func(path string, want truthCatalog) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		what := filepath.Join(filepath.Base(filepath.Dir(path)), want.Catalog)
		s, err := ParseSignature(b)
		if want.Parse != "ok" {
			if err == nil {
				t.Errorf("%s: read, and should not be", what)
			}
			return
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		if s.ContentType != OIDCertTrustList || s.Ordered != nil || len(s.Trailing) != want.Trailing ||
			s.SignerCount != want.Signers || len(s.Certificates)+len(s.Unreadable) != want.Certs || len(s.CRLs) != want.CRLs {
			t.Errorf("%s: content %s, order %v, %d trailing, %d signers, %d+%d certificates, %d CRLs, want %+v", what, s.ContentType,
				s.Ordered, len(s.Trailing), s.SignerCount, len(s.Certificates), len(s.Unreadable), len(s.CRLs), want)
		}
		if !want.Signed {
			if s.Problem == nil {
				t.Errorf("%s: an unsigned catalog has no problem", what)
			}
			return
		}
		signed++
		if ok := want.OK != nil && *want.OK; (s.Problem == nil) != ok {
			t.Errorf("%s: %v, want ok %v", what, s.Problem, ok)
		}
		checkSigner(t, what, s, want.CN, "", want.DigestAlg)
		if s.Signer != nil {
			sum := s.Signer.SHA1()
			checkSum(t, what+" signer", sum[:], want.SHA1)
		}
		if got := hex.EncodeToString(twosComplement(s.SignerSerial)); strings.TrimLeft(got, "0") != strings.TrimLeft(want.Serial, "0") {
			t.Errorf("%s: serial %s, want %s", what, got, want.Serial)
		}
		if s.SignatureAlgorithm.OID != want.Encryption {
			t.Errorf("%s: signature algorithm %s, want %s", what, s.SignatureAlgorithm.OID, want.Encryption)
		}
		slices.Sort(want.Unsigned)
		if got := strings.Join(slices.Sorted(slices.Values(s.UnsignedAttributes)), " "); got != strings.Join(want.Unsigned, " ") {
			t.Errorf("%s: unsigned attributes %s, want %v", what, got, want.Unsigned)
		}
		for _, text := range want.Opus {
			if text = strings.TrimSpace(text); text != strings.TrimSpace(s.ProgramName) && text != strings.TrimSpace(s.MoreInfo) {
				t.Errorf("%s: opus %q and %q, want %q", what, s.ProgramName, s.MoreInfo, want.Opus)
			}
		}
		checkStamps(t, what, s.Timestamps, want.Stamps)
		if len(s.Nested) != len(want.Nested) {
			t.Errorf("%s: %d nested, want %d", what, len(s.Nested), len(want.Nested))
			return
		}
		for i, n := range s.Nested {
			w := want.Nested[i]
			nested++
			checkSigner(t, what+" nested", n, w.CN, w.Issuer, w.DigestAlg)
			checkStamps(t, what+" nested", n.Timestamps, []truthStamp{{Kind: w.Kind, Time: w.Time, Verifies: true}})
			// The truth's program knows no detached signature and says that
			// none holds. It holds over the outer list with tag and length.
			if n.Detached {
				detached++
			}
			if n.Detached == w.OK || n.Problem != nil {
				t.Errorf("%s: nested: detached %v, %v, want ok %v", what, n.Detached, n.Problem, w.OK)
			}
		}
	}
	for name, p := range truth.Packages {
		for _, c := range p.Catalogs {
			check(filepath.Join(dir, "packages", name, filepath.FromSlash(c.Catalog)), c)
		}
	}
	for name, c := range truth.Catalogs {
		check(filepath.Join(dir, "catalogs", name), c)
	}
	t.Logf("%d signed catalogs, %d nested signatures, %d of them detached", signed, nested, detached)
}
