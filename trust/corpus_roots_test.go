package trust

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/trust/roots"
)

// corpusStore is a file of the corpus's stores and certificates.
type corpusStore struct {
	path     string // below the folder, forward slashes
	note     string // of the manifest
	contents *Contents
	entries  []Entry
}

// corpusStores reads every file of certificates in the corpus.
func corpusStores(t *testing.T) []corpusStore {
	t.Helper()
	dir := filepath.Join(corpus(t), "roots")
	notes := map[string]string{}
	for _, row := range tsv(t, filepath.Join(dir, "MANIFEST.tsv")) {
		notes[row["file"]] = row["note"]
	}
	var all []corpusStore
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || isDocument(path) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		s := corpusStore{path: filepath.ToSlash(rel)}
		s.note = notes[s.path]
		if s.contents, err = ReadContents(s.path, data, ReadOptions{}); err != nil {
			return err
		}
		if s.entries, err = s.contents.Entries(); err != nil {
			return err
		}
		if len(s.entries) == 0 || len(s.contents.Warnings) != 0 {
			t.Errorf("%s: %d certificates, warnings %q", s.path, len(s.entries), s.contents.Warnings)
		}
		all = append(all, s)
		return nil
	}))
	if len(all) < 60 {
		t.Fatalf("%d files", len(all))
	}
	return all
}

// tsv reads a table by its column names. Lines with # are comments.
func tsv(t *testing.T, path string) []map[string]string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	var header []string
	var rows []map[string]string
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if header == nil {
			header = fields
			continue
		}
		row := map[string]string{}
		for i, f := range fields {
			row[header[i]] = f
		}
		rows = append(rows, row)
	}
	return rows
}

// corpusUsages expands a list of usages as the corpus writes it; nil for all.
func corpusUsages(text string) []string {
	if text == "" || text == "-" || text == "ALL" {
		return nil
	}
	list := strings.Split(text, ",")
	for i := range list {
		list[i] = strings.Replace(list[i], "pkix.", "1.3.6.1.5.5.7.3.", 1)
		list[i] = strings.Replace(list[i], "ms.", "1.3.6.1.4.1.311.", 1)
	}
	return list
}

func corpusTime(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" || text == "-" || text == "ZERO" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	must(t, err)
	return at
}

// TestCorpusSerialized: a real serialized store has as many certificates as
// the manifest says, each under its own SHA-1, and distrusts each of them and
// nothing else.
func TestCorpusSerialized(t *testing.T) {
	found := 0
	for _, f := range corpusStores(t) {
		if f.contents.Format != "serialized store" {
			continue
		}
		found++
		number, _, _ := strings.Cut(f.note, " ")
		want, err := strconv.Atoi(number)
		must(t, err)
		if len(f.entries) != want || len(f.contents.Items) != want {
			t.Errorf("%s: %d certificates, want %d", f.path, len(f.entries), want)
		}
		s := DefaultStore()
		n, err := s.take(Distrusted, f.contents)
		if err != nil || n != want {
			t.Errorf("%s: %d, %v", f.path, n, err)
		}
		withHash := 0
		for _, e := range f.entries {
			if len(find(e.Properties, PropSHA1)) == 20 {
				withHash++
			}
			if !s.Disallowed(e.Certificate) {
				t.Errorf("%s: %s is not distrusted", f.path, e.Certificate.Subject)
			}
		}
		if withHash != want {
			t.Errorf("%s: %d certificates with their SHA-1", f.path, withHash)
		}
		for _, r := range roots.All() {
			c, err := r.Certificate()
			must(t, err)
			if s.Disallowed(c) {
				t.Errorf("%s: %s is distrusted", f.path, c.Subject)
			}
		}
	}
	if found == 0 {
		t.Error("no serialized store in the corpus")
	}
}

// TestCorpusReferenceRows: of every row of the reference whose certificate is
// at hand the dates agree, and the anchor that this program has for it, or has
// not, with restrictions, is what class and columns say.
func TestCorpusReferenceRows(t *testing.T) {
	rows := tsv(t, filepath.Join(corpus(t), "roots", "reference-roots.tsv"))
	if len(rows) < 400 {
		t.Fatalf("%d rows", len(rows))
	}
	have := map[string]*cert.Certificate{}
	for _, f := range corpusStores(t) {
		for _, e := range f.entries {
			sum := e.Certificate.SHA256()
			have[hex.EncodeToString(sum[:])] = e.Certificate
		}
	}
	store := DefaultStore()
	missing, count := 0, map[string]int{}
	for _, row := range rows {
		c := have[row["sha256"]]
		if c == nil {
			missing++
			if row["registry_sources"] != "none" {
				t.Logf("%s (%s) is not in the corpus", row["subject"], row["class"])
			}
			continue
		}
		count[row["class"]]++
		if sum := c.SHA1(); hex.EncodeToString(sum[:]) != row["sha1"] {
			t.Errorf("%s: SHA-1 %x", row["subject"], sum)
		}
		if c.NotBefore.Format(time.DateOnly) != row["not_before"] || c.NotAfter.Format(time.DateOnly) != row["not_after"] {
			t.Errorf("%s: valid from %v to %v", row["subject"], c.NotBefore, c.NotAfter)
		}
		if (c.Lenient == nil) != (row["go1.26_parse"] == "ok") {
			t.Errorf("%s: crypto/x509: %v, want %s", row["subject"], c.Lenient, row["go1.26_parse"])
		}
		anchors := store.anchorsFor(c)
		wantAnchor := row["class"] == "microsoft-product" || row["class"] == "third-party" || row["class"] == "microsoft-kernel-crosscert-issuer"
		if len(anchors) == 0 {
			// A root that may do neither of the two is none for drivers, and
			// Microsoft's time-stamping root of 1997 has no pinned source.
			usages := corpusUsages(row["ctl_eku"])
			idle := usages != nil && !slices.Contains(usages, OIDCodeSigning) && !slices.Contains(usages, OIDTimeStamping)
			if wantAnchor && !idle && row["registry_sources"] != "none" {
				t.Errorf("%s (%s) is no anchor", row["subject"], row["class"])
			}
			continue
		}
		if !wantAnchor || len(anchors) != 1 {
			t.Errorf("%s (%s): %d anchors", row["subject"], row["class"], len(anchors))
			continue
		}
		r := anchors[0].Restrictions
		usages := corpusUsages(row["ctl_eku"])
		if row["class"] == "microsoft-product" {
			usages = r.EKUs // the table narrows roots that only ever stamp time
		}
		if !slices.Equal(r.EKUs, usages) || !slices.Equal(r.DisallowedEKUs, corpusUsages(row["ctl_disallowed_eku"])) ||
			!r.DisabledAt.Equal(corpusTime(t, row["ctl_disabled_at"])) || !r.NotBefore.Equal(corpusTime(t, row["ctl_notbefore"])) ||
			!slices.Equal(r.NotBeforeEKUs, corpusUsages(row["ctl_notbefore_eku"])) {
			t.Errorf("%s: restrictions %+v", row["subject"], r)
		}
	}
	t.Logf("%d of %d rows with a certificate at hand: %v", len(rows)-missing, len(rows), count)
	if missing > 10 {
		t.Errorf("%d certificates are missing", missing)
	}
}

// TestCorpusCrossCertificates: each leads to the Code Verification Root, which
// the kernel accepts and the Root store does not hold (rule 121).
func TestCorpusCrossCertificates(t *testing.T) {
	count := 0
	for _, f := range corpusStores(t) {
		if !strings.Contains(f.note, "issued by Microsoft Code Verification Root") {
			continue
		}
		count++
		e := f.entries[0]
		if !slices.Equal(e.Serves(), []Role{Intermediate, Distrusted}) {
			t.Errorf("%s serves as %v", f.path, e.Serves())
		}
		for name, s := range map[string]*Store{"default": DefaultStore(), "machine": NewMachineStore()} {
			found := build(e.Certificate, nil, s)
			if len(found.paths) != 1 || found.paths[0].anchor.Kind != CodeVerificationRoot || len(found.paths[0].certs) != 2 {
				t.Errorf("%s, %s: %d paths, %v", f.path, name, len(found.paths), found.gaveUp)
			}
		}
		if found := build(e.Certificate, nil, NewStore()); len(found.paths) != 0 {
			t.Errorf("%s: a chain out of nothing", f.path)
		}
	}
	if count != 30 {
		t.Errorf("%d cross-certificates, want 30", count)
	}
}

// pitfalls says how the cases of the corpus, told by the words in the names of
// their files, must be read and judged (trust-store reference, section 4).
var pitfalls = []struct {
	word  string
	check func(c *cert.Certificate) error
}{
	{"negative-serial", func(c *cert.Certificate) error {
		if c.Serial.Sign() >= 0 || c.Lenient == nil {
			return fmt.Errorf("serial %v, crypto/x509 says %v", c.Serial, c.Lenient)
		}
		return nil
	}},
	{"root", selfIssuedIsAnchor},
	{"self-signature", selfIssuedIsAnchor},
	{"bad-self-signature", func(c *cert.Certificate) error {
		if c.CheckSignatureFrom(c) == nil {
			return errors.New("its own signature holds")
		}
		return nil
	}},
	{"md2", func(c *cert.Certificate) error {
		if _, _, err := c.TBSHash(); err == nil || c.CheckSignatureFrom(c) == nil {
			return errors.New("MD2 is known")
		}
		return nil
	}},
	{"v1", func(c *cert.Certificate) error {
		if c.Version != 1 || c.HasBasicConstraints {
			return fmt.Errorf("version %d", c.Version)
		}
		return nil
	}},
	{"explicit-ec-params", func(c *cert.Certificate) error {
		if c.PublicKey != nil || c.KeyProblem == nil || !strings.Contains(c.KeyProblem.Error(), "explicit") {
			return fmt.Errorf("key problem %v", c.KeyProblem)
		}
		s := NewStore()
		s.AddRoot(c, "test") // even where somebody put it into Root
		if v := Verify(signature([]*cert.Certificate{c}), s, Options{At: c.NotBefore, Purpose: CodeSigning}); v.Trusted {
			return errors.New("trusted")
		}
		return nil
	}},
	{"critical-2.5.29.4", func(c *cert.Certificate) error {
		if !slices.Contains(c.UnhandledCritical, "2.5.29.4") {
			return fmt.Errorf("unhandled critical %q", c.UnhandledCritical)
		}
		return nil
	}},
	{"negative-serial-signer", func(c *cert.Certificate) error {
		s := NewStore()
		s.AddRoot(c, "test")
		if v := Verify(signature([]*cert.Certificate{c}), s, Options{At: c.NotBefore, Purpose: CodeSigning}); len(v.Chain) != 1 {
			return fmt.Errorf("chain of %d", len(v.Chain))
		}
		return nil
	}},
}

// selfIssuedIsAnchor: version, age, and what a root's own signature is worth
// do not matter for an anchor.
func selfIssuedIsAnchor(c *cert.Certificate) error {
	s := NewStore()
	s.AddRoot(c, "test")
	if len(s.anchorsFor(c)) != 1 || len(s.Warnings()) != 0 {
		return fmt.Errorf("no anchor: %q", s.Warnings())
	}
	return nil
}

func TestCorpusPitfalls(t *testing.T) {
	files := 0
	var distrusted *Store
	all := corpusStores(t)
	for _, f := range all {
		if f.contents.Format == "serialized store" {
			distrusted = NewStore()
			if _, err := distrusted.take(Distrusted, f.contents); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range all {
		name, ok := strings.CutPrefix(f.path, "pitfalls/")
		if !ok {
			continue
		}
		files++
		checks := 0
		for _, p := range pitfalls {
			if !strings.Contains(name, p.word) {
				continue
			}
			checks++
			if err := p.check(f.entries[0].Certificate); err != nil {
				t.Errorf("%s: %s: %v", name, p.word, err)
			}
		}
		if checks == 0 {
			t.Errorf("%s: no rule for it", name)
		}
		if strings.Contains(name, "disallowed") && !distrusted.Disallowed(f.entries[0].Certificate) {
			t.Errorf("%s is not distrusted", name)
		}
	}
	if files < 8 {
		t.Errorf("%d files", files)
	}
}

// TestCorpusListRoundTrip writes the decoded list of the root program down as
// the signed list that it was, loads it, and wants every embedded anchor to be
// what it is without: the embedded facts are those of the list, all 515 rows.
func TestCorpusListRoundTrip(t *testing.T) {
	rows := tsv(t, filepath.Join(corpus(t), "roots", "stores", "authroot-decoded.tsv"))
	list := rootList()
	digest := func(text string) []byte {
		b, err := hex.DecodeString(text)
		must(t, err)
		return b
	}
	for _, row := range rows {
		s := signtest.TrustedSubject{Identifier: digest(row["sha1"])}
		add := func(id uint32, present bool, value []byte) {
			if present {
				s.Attributes = append(s.Attributes, signtest.PropertyAttribute(id, value))
			}
		}
		filetime := func(text string) []byte {
			if at := corpusTime(t, text); !at.IsZero() {
				return signtest.FileTime(at)
			}
			return nil
		}
		add(98, true, digest(row["sha256"]))
		add(11, true, signtest.UTF16(row["friendly_name"]))
		add(9, row["eku"] != "ALL", signtest.UsageList(corpusUsages(row["eku"])...))
		add(104, row["disabled_at(104)"] != "", filetime(row["disabled_at(104)"]))
		add(122, row["disallowed_eku(122)"] != "", signtest.UsageList(corpusUsages(row["disallowed_eku(122)"])...))
		add(126, row["notbefore(126)"] != "", filetime(row["notbefore(126)"]))
		add(127, row["notbefore_eku(127)"] != "", signtest.UsageList(corpusUsages(row["notbefore_eku(127)"])...))
		list.Subjects = append(list.Subjects, s)
	}
	h := signtest.ListSigners(nil)
	s, plain := DefaultStore(), DefaultStore()
	must(t, load(t, s, Root, listOptions(t, h), "authroot.stl", signtest.SignList(list, h.Signer())))
	if info := s.Lists()[0]; info.Entries != len(rows) || plain.Lists()[0].Entries != len(rows) {
		t.Errorf("%d entries, embedded %d, want %d", info.Entries, plain.Lists()[0].Entries, len(rows))
	}
	for _, r := range roots.All() {
		c, err := r.Certificate()
		must(t, err)
		got, want := s.anchorsFor(c), plain.anchorsFor(c)
		if len(got) != 1 || len(want) != 1 {
			t.Errorf("%s: %d anchors, without the list %d", r.Subject, len(got), len(want))
			continue
		}
		if fmt.Sprintf("%#v", got[0].Restrictions) != fmt.Sprintf("%#v", want[0].Restrictions) {
			t.Errorf("%s: %+v, without the list %+v", r.Subject, got[0].Restrictions, want[0].Restrictions)
		}
	}
}
