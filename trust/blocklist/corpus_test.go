package blocklist

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"prestage/authenticode"
)

// corpus returns the folder of real packages, or skips the test.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PRESTAGE_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "shared", "corpus")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(repository(t), dir)
	}
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if os.Getenv("PRESTAGE_CORPUS_REQUIRED") == "1" {
		t.Fatalf("corpus not found at %s", dir)
	}
	t.Skipf("corpus not found at %s; set PRESTAGE_CORPUS", dir)
	return ""
}

// repository is the folder with go.mod, above this one.
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
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

// corpusImages calls f for every PE image of the corpus.
func corpusImages(t *testing.T, f func(name string, b []byte, file File)) {
	dir := corpus(t)
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		file, err := FileOf(bytes.NewReader(b), int64(len(b)))
		if errors.Is(err, authenticode.ErrNotPE) {
			return nil
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return nil
		}
		n++
		f(name, b, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		t.Fatal("the corpus has no images")
	}
	t.Logf("%d images", n)
}

// textsNamed finds strings of version resources without reading any structure:
// wherever the name stands in UTF-16, what follows the padding is the value.
func textsNamed(b []byte, name string) []string {
	var found []string
	key := utf16le(name + "\x00")
	for {
		i := bytes.Index(b, key)
		if i < 0 {
			return found
		}
		b = b[i+len(key):]
		text := b
		if len(text) > 1 && text[0] == 0 && text[1] == 0 {
			text = text[2:]
		}
		text = text[:min(len(text), 1024)]
		value, _, _ := strings.Cut(decodeUTF16(text), "\x00")
		found = append(found, value)
	}
}

// The names that VersionInfo reads from real drivers are those that stand in
// the file.
func TestCorpusVersionInfo(t *testing.T) {
	named := 0
	corpusImages(t, func(name string, b []byte, f File) {
		if f.VersionProblem != nil {
			t.Errorf("%s: %v", name, f.VersionProblem)
			return
		}
		var have []string
		for _, a := range f.attributes() {
			if a.OriginalFileName != "" {
				have = append(have, a.OriginalFileName)
			}
		}
		want := slices.DeleteFunc(textsNamed(b, "OriginalFilename"), func(s string) bool { return s == "" })
		slices.Sort(have)
		slices.Sort(want)
		have, want = slices.Compact(have), slices.Compact(want)
		// An image inside an image has a name too, which is not this one's.
		for _, s := range have {
			if !slices.Contains(want, s) {
				t.Errorf("%s: read %q, the file has %q", name, have, want)
			}
		}
		if len(want) == 1 && !slices.Equal(have, want) {
			t.Errorf("%s: read %q, the file has %q", name, have, want)
		}
		if len(have) > 0 {
			named++
		}
	})
	if named == 0 {
		t.Error("no image has a name")
	}
}

// publishedTBS are digests by which Microsoft's list names certificates (the
// page "Microsoft recommended driver block rules"). Authorities that were
// renewed under one name have several; these are all that the list has.
var publishedTBS = map[string][]string{
	"Microsoft Windows Third Party Component CA 2012":           {"CEC1AFD0E310C55C1DCC601AB8E172917706AA32FB5EAF826813547FDF02DD46"},
	"Microsoft Windows Third Party Component CA 2014":           {"D8BE9E4D9074088EF818BC6F6FB64955E90378B2754155126FEEBBBD969CF0AE"},
	"VeriSign Class 3 Code Signing 2010 CA":                     {"4843A82ED3B1F2BFBEE9671960E1940C942F688D"},
	"VeriSign Class 3 Code Signing 2009-2 CA":                   {"4CDC38C800761463749C3CBD94A12F32E49877BF"},
	"DigiCert EV Code Signing CA (SHA2)":                        {"EEC58131DC11CD7F512501B15FDBC6074C603B68CA91F7162D5A042054EDB0CF"},
	"DigiCert High Assurance Code Signing CA-1":                 {"1D7E838ACCD498C2E5BA9373AF819EC097BB955C"},
	"DigiCert SHA2 Assured ID Code Signing CA":                  {"E767799478F64A34B3F53FF3BB9057FE1768F4AB178041B0DCC0FF1E210CBA65"},
	"Symantec Class 3 SHA256 Code Signing CA":                   {"A08E79C386083D875014C409C13D144E0A24386132980DF11FF59737C8489EB1"},
	"DigiCert Trusted G4 Code Signing RSA4096 SHA384 2021 CA1":  {"65B1D4076A89AE273F57E6EEEDECB3EAE129B4168F76FA7671914CDF461D542255C59D9B85B916AE0CA6FC0FCF7A8E64"},
	"Microsoft Windows Hardware Compatibility PCA":              {"C5506BEE3C29254DC5B5A0E6E7A14046522708EF", "6B3242A9A639B0DA4D5882C7EEB402BE6615AD0C"},
	"Symantec Class 3 Extended Validation Code Signing CA - G2": {"B3C925B4048C3F7C444D248A2B101186B57CBA39596EB5DCE0E17A4EE4B32F19"},
}

// The digests in the published list are those that this package computes of
// the same certificates in real drivers (rule 192).
func TestCorpusPublishedTBS(t *testing.T) {
	seen := map[string]bool{}
	corpusImages(t, func(name string, _ []byte, f File) {
		for _, s := range f.Signers {
			for _, c := range s.Chain {
				cn := c.Subject.CommonName()
				want, ok := publishedTBS[cn]
				if _, tbs, err := c.TBSHash(); ok && (err != nil || !slices.Contains(want, hexOf(tbs))) {
					t.Errorf("%s: %s: %X, %v; want one of %s", name, cn, tbs, err, want)
				}
				seen[cn] = seen[cn] || ok
			}
		}
	})
	for cn := range publishedTBS {
		if seen[cn] {
			t.Logf("compared %s", cn)
			delete(seen, cn)
		}
	}
	if len(seen) == 0 {
		t.Error("no certificate to compare")
	}
}

// For every real driver: a policy made for it denies it, in XML and compiled,
// by each kind of rule; and one made for all the others does not.
func TestCorpusPolicies(t *testing.T) {
	if crypto.SHA1.Size() != 20 {
		t.Fatal("SHA-1")
	}
	type rule struct{ id, xml, signer string }
	var files []File
	var labels []string
	corpusImages(t, func(name string, _ []byte, f File) {
		files, labels = append(files, f), append(labels, name)
	})
	for i, f := range files {
		rules := []rule{
			{id: "HASH1", xml: fmt.Sprintf(`Hash="%X"`, f.SHA1)},
			{id: "HASH2", xml: `Hash="` + hex.EncodeToString(f.SHA256) + `"`},
			{id: "PAGE1", xml: fmt.Sprintf(`Hash="%X"`, f.PageSHA1)},
			{id: "PAGE2", xml: fmt.Sprintf(`Hash="%X"`, f.PageSHA256)},
		}
		if f.OriginalFileName != "" && len(f.Others) == 0 {
			rules = append(rules, rule{id: "NAME", xml: fmt.Sprintf(`FileName="%s" MinimumFileVersion="%s" MaximumFileVersion="%s"`,
				escape(strings.ToUpper(f.OriginalFileName)), FileVersion(f.Version), FileVersion(f.Version))})
		}
		if len(f.Signers) > 0 && len(f.Signers[0].Chain) > 1 {
			s := f.Signers[0]
			_, tbs, err := s.Chain[1].TBSHash()
			if err != nil {
				t.Fatal(err)
			}
			rules = append(rules, rule{id: "SIGNER", signer: fmt.Sprintf(`<Signer ID="SIGNER" Name="x"><CertRoot Type="TBS" Value="%X"/><CertPublisher Value="%s"/></Signer>`, tbs, escape(s.LeafCN))})
		}
		for _, r := range rules {
			src := source{signers: r.signer, kernel: deniedSigners("SIGNER")}
			if r.signer == "" {
				src = source{rules: `<Deny ID="` + r.id + `" ` + r.xml + `/>`, kernel: refs(r.id)}
			}
			p := src.parse(t)
			compiled, err := Parse("p7b", compile(p, 8))
			if err != nil {
				t.Fatal(err)
			}
			if m, ok := p.Denies(f); !ok || m.RuleID != r.id {
				t.Errorf("%s is not denied by %s: %+v", labels[i], r.id, m)
			}
			if m, ok := compiled.Denies(f); !ok {
				t.Errorf("%s is not denied by %s, compiled: %+v", labels[i], r.id, m)
			}
		}
	}
	var b strings.Builder
	var ids []string
	for i, f := range files[1:] {
		if !bytes.Equal(f.SHA256, files[0].SHA256) {
			ids = append(ids, fmt.Sprintf("D%d", i))
			fmt.Fprintf(&b, `<Deny ID="D%d" Hash="%X"/>`, i, f.SHA256)
		}
	}
	if got := (source{rules: b.String(), kernel: refs(ids...)}).parse(t).Judge(files[0]); got.Answer != NotDenied {
		t.Errorf("%s: %+v", labels[0], got)
	}
}
