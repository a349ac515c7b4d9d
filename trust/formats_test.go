package trust

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prestage/authenticode/signtest"
	"prestage/trust/roots"
)

func TestReadStore(t *testing.T) {
	a, b := signtest.Commercial(nil).Root, signtest.TimeStamping(nil).Root
	damaged := bytes.Replace(a.PEM(), []byte("-----END"), []byte("*\n-----END"), 1)
	for _, c := range []struct {
		name string
		data []byte
		want int
		err  string // part of the error
	}{
		{"one PEM", a.PEM(), 1, ""},
		{"two PEM with text between", bytes.Join([][]byte{[]byte("# first\n"), a.PEM(), []byte("# second\n"), b.PEM()}, nil), 2, ""},
		{"PEM with Windows line ends and a byte order mark", append([]byte("\xef\xbb\xbf\r\n"), bytes.ReplaceAll(a.PEM(), []byte("\n"), []byte("\r\n"))...), 1, ""},
		{"PEM with a key in it", append([]byte("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"), a.PEM()...), 1, ""},
		{"old label", bytes.ReplaceAll(a.PEM(), []byte("CERTIFICATE"), []byte("X509 CERTIFICATE")), 1, ""},
		{"one DER", a.Raw, 1, ""},
		{"two DER", append(append([]byte{}, a.Raw...), b.Raw...), 2, ""},

		{"empty", nil, 0, "known format"},
		{"text", []byte("version https://git-lfs.github.com/spec/v1\n"), 0, "known format"},
		{"PEM without certificates", []byte("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"), 0, "no certificate"},
		{"second PEM damaged", append(a.PEM(), damaged...), 0, fmt.Sprintf("x:%d: damaged", 1+bytes.Count(a.PEM(), []byte("\n")))},
		{"first PEM damaged", append(append([]byte{}, damaged...), b.PEM()...), 0, "x:1: damaged"},
		{"PEM cut off", a.PEM()[:500], 0, "x:1: damaged"},
		{"PEM of something else", []byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"), 0, "x:1: "},
		{"DER cut off", a.Raw[:len(a.Raw)-1], 0, "offset 0: damaged"},
		{"DER with a byte too many", append(append([]byte{}, a.Raw...), 0), 0, "damaged"},
		{"DER of something else", signtest.Sequence(signtest.Sequence()), 0, "offset 0: certificate"},
		{"DER of a PKCS#7 message cut off", signtest.Sequence(signtest.OID(signtest.OIDSignedData)), 0, "offset 0: damaged PKCS #7"},
		{"a catalog", signtest.NewPackage().Build()["gadget.cat"], 0, "known format"},
		{"two bytes", []byte{0x30, 0x82}, 0, "damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries, err := ReadStore("x", c.data)
			switch {
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || !strings.HasPrefix(err.Error(), "x")):
				t.Errorf("error %v, want one with %q", err, c.err)
			case c.err != "" && entries != nil:
				t.Error("entries with an error")
			case c.err == "" && (err != nil || len(entries) != c.want):
				t.Errorf("%d entries, %v", len(entries), err)
			}
			for _, e := range entries {
				if e.Certificate == nil || !strings.HasPrefix(e.Source, "x:") {
					t.Errorf("entry %+v", e)
				}
			}
		})
	}
}

func TestLimits(t *testing.T) {
	if _, err := ReadStore("x", make([]byte, maxStoreFile+1)); !errors.Is(err, ErrStoreTooBig) {
		t.Errorf("big file: %v", err)
	}
	if testing.Short() {
		t.Skip("20000 certificates in -short")
	}
	raw := signtest.Commercial(nil).Root.Raw
	if _, err := ReadStore("x", bytes.Repeat(raw, maxStoreEntries+1)); !errors.Is(err, ErrStoreTooBig) {
		t.Errorf("many certificates: %v", err)
	}
}

func TestLoadPath(t *testing.T) {
	root, tsa := signtest.Commercial(nil).Root, signtest.TimeStamping(nil).Root
	write := func(dir, name string, data []byte) {
		t.Helper()
		must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777))
		must(t, os.WriteFile(filepath.Join(dir, name), data, 0o666))
	}
	good := t.TempDir()
	write(good, "root.pem", root.PEM())
	write(good, "sub/tsa.cer", tsa.Raw)
	write(good, "README.md", []byte("roots of the tests\n"))
	write(good, ".git/HEAD", []byte("ref: x\n"))

	s := NewStore()
	must(t, s.LoadPath(Root, good))
	for _, c := range []*signtest.Certificate{root, tsa} {
		if len(s.anchorsFor(parse(t, c))) != 1 {
			t.Errorf("anchor %s not loaded", parse(t, c).Subject)
		}
	}
	must(t, NewStore().LoadPath(Distrusted, filepath.Join(good, "root.pem")))

	for name, data := range map[string][]byte{
		"list.stl":    signtest.Sequence(signtest.OID(signtest.OIDSignedData)),
		"damaged.cer": root.Raw[:100],
		"list.bin":    {1, 2, 3},
	} {
		dir := t.TempDir()
		write(dir, "root.pem", root.PEM())
		write(dir, name, data)
		if err := NewStore().LoadPath(Distrusted, dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("folder with %s: %v", name, err)
		}
	}
	for _, path := range []string{filepath.Join(good, "README.md"), filepath.Join(good, "absent"), t.TempDir()} {
		if err := NewStore().LoadPath(Root, path); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
}

func TestAdd(t *testing.T) {
	h := signtest.Commercial(nil)
	e := Entry{Certificate: parse(t, h.CA), Source: "ca.pem:1"}
	s := NewStore()
	must(t, s.Add(Root, e))
	if w := s.Warnings(); len(w) != 1 || !strings.HasPrefix(w[0], "ca.pem:1: ") {
		t.Errorf("warnings %q", w)
	}
	if len(s.intermediates.named(e.Certificate.RawSubject)) != 1 {
		t.Error("no intermediate")
	}
	if s.Add(UnknownRole, e) == nil || s.Add(Root, Entry{Source: "x"}) == nil {
		t.Error("no error for nothing")
	}
	s = NewStore()
	for r, holds := range map[Role]func() bool{
		Publishers:   func() bool { return s.TrustedPublisher(e.Certificate) },
		Distrusted:   func() bool { return s.Disallowed(e.Certificate) },
		Intermediate: func() bool { return len(s.intermediates.named(e.Certificate.RawSubject)) == 1 },
	} {
		if holds() {
			t.Errorf("in %v before it was added", r)
		}
		must(t, s.Add(r, e))
		if !holds() {
			t.Errorf("not in %v", r)
		}
	}
}

// TestEmbeddedRoundTrip: every embedded root, written as PEM and as DER, reads
// back equal.
func TestEmbeddedRoundTrip(t *testing.T) {
	var der bytes.Buffer
	all := roots.All()
	for _, r := range all {
		der.Write(r.DER())
	}
	entries, err := ReadStore("all.der", der.Bytes())
	must(t, err)
	if len(entries) != len(all) {
		t.Fatalf("%d of %d", len(entries), len(all))
	}
	for i, e := range entries {
		if e.Certificate.SHA256() != all[i].SHA256 {
			t.Errorf("entry %d differs", i)
		}
	}
}

// FuzzLoad: no content of a store file panics, gives entries beside an error,
// or an entry that is not the certificate in the file.
func FuzzLoad(f *testing.F) {
	h := signtest.CrossCertified(nil)
	for _, seed := range [][]byte{
		nil, h.Root.PEM(), h.Root.Raw, signtest.PEMBundle(h.Root, h.CA, h.Leaf),
		append(append([]byte{}, h.Root.Raw...), h.CA.Raw...),
		h.Root.Raw[:50], []byte("-----BEGIN CERTIFICATE-----\n"),
		signtest.Sequence(signtest.OID(signtest.OIDSignedData)),
	} {
		f.Add(seed)
	}
	stores, _ := filepath.Glob("../testdata/stores/*")
	for _, path := range stores {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := ReadStore("fuzz", data)
		if (err == nil) == (len(entries) == 0) {
			t.Fatalf("%d entries, %v", len(entries), err)
		}
		text := sniffPEM(data) || sniffRegistry(data)
		for _, e := range entries {
			if e.Certificate == nil || !text && !bytes.Contains(data, e.Certificate.Raw) {
				t.Fatal("entry that is not in the file")
			}
			must(t, NewStore().Add(Root, e))
		}
	})
}
