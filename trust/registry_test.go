package trust

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
)

const systemCertificates = `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates`

// exported is an export of one store with one certificate, in ANSI so that
// tests can change the text.
func exported(store string, c *signtest.Certificate) string {
	return string(signtest.RegistryExport4(signtest.RegistryStore{Name: store, Elements: []signtest.StoreElement{element(c)}}))
}

// TestRegistryText: the text format, its edges and its damages.
func TestRegistryText(t *testing.T) {
	h := signtest.Commercial(nil)
	good := exported("ROOT", h.Root)
	key := strings.Index(good, `\Certificates\`)
	blob := strings.Index(good, "hex:")
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	hash := fmt.Sprintf("%X", sha1.Sum(h.Root.Raw))
	inside := strings.Index(good, "\\\r\n")
	for _, c := range []struct {
		name  string
		data  string
		items int
		err   error
		text  string
	}{
		{"ANSI", good, 1, nil, ""},
		{"UTF-16", string(signtest.RegistryExport(signtest.RegistryStore{Name: "ROOT", Elements: []signtest.StoreElement{element(h.Root)}})), 1, nil, ""},
		{"UTF-8 with a mark", "\xef\xbb\xbf" + strings.Replace(good, regHeader4, regHeader5, 1), 1, nil, ""},
		{"line feeds only", strings.ReplaceAll(good, "\r\n", "\n"), 1, nil, ""},
		{"hash in lower case", replace(hash, strings.ToLower(hash)), 1, nil, ""},
		{"type written out", replace("hex:", "hex(3):"), 1, nil, ""},
		{"all on one line", strings.ReplaceAll(good, "\\\r\n  ", ""), 1, nil, ""},
		{"comments and other values", strings.Replace(good, `"Blob"`, ";x\r\n@=\"default\"\r\n\"n\"=dword:00000001\r\n\"Blob\"", 1), 1, nil, ""},
		{"string with a key in it", strings.Replace(good, `"Blob"`, "\"s\"=\"a\r\n[HKEY_LOCAL_MACHINE\\x]\r\n\\\"\"\r\n\"Blob\"", 1), 1, nil, ""},
		{"string that ends in a backslash", strings.Replace(good, `"Blob"`, "\"s\"=\"c:\\\\\"\r\n\"Blob\"", 1), 1, nil, ""},
		{"no stores", regHeader4 + "\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\x]\r\n\"Blob\"=hex:00\r\n", 0, nil, ""},
		{"header only", regHeader5 + "\r\n", 0, nil, ""},

		{"key taken away", strings.Replace(good, "[HKEY", "[-HKEY", 1), 0, ErrRegistry, "x:3: "},
		{"value taken away", good[:blob] + "-\r\n", 0, ErrRegistry, "no binary value"},
		{"another type", replace("hex:", "hex(1):"), 0, ErrRegistry, "no binary value"},
		{"key not closed", good[:key] + "\r\n", 0, ErrRegistry, "x:5: "},
		{"cut off at a line's end", good[:inside+3], 0, ErrRegistry, ""},
		{"cut off in a value", good[:len(good)-40], 0, ErrGroup, ""},
		{"cut off in a string", good + "\"s\"=\"abc\r\nd", 0, ErrRegistry, "cut off"},
		{"bytes behind the certificate", strings.TrimRight(good, "\r\n") + ",00\r\n", 0, ErrGroup, "1 bytes behind the certificate"},
		{"an octet of one digit", good[:blob+5], 0, ErrRegistry, "cut off"},
		{"no hexadecimal", good[:blob+4] + "zz\r\n", 0, ErrRegistry, "no octet"},
		{"no comma", good[:blob+4] + "0304\r\n", 0, ErrRegistry, "commas"},
		{"comma at the end", good[:blob+4] + "03,\r\n", 0, ErrRegistry, "commas"},
		{"empty value", good[:blob+4] + "\r\n", 0, ErrGroup, ""},
		{"name is not the hash", replace(hash, strings.Repeat("0", 40)), 0, ErrKeyName, `ROOT\Certificates\0000`},
		{"certificate in CRLs", replace(`\Certificates\`, `\CRLs\`), 0, ErrGroup, "a certificate under a key for a crl"},
		{"space before the sign", replace(`"Blob"=`, `"Blob" =`), 0, ErrRegistry, "Blob"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadContents("x", []byte(c.data), ReadOptions{})
			if c.err == nil {
				must(t, err)
				if len(got.Items) != c.items || got.Format != "registry export" {
					t.Errorf("%d items of %s", len(got.Items), got.Format)
				}
				for _, i := range got.Items {
					if i.Role != Root || !bytes.Equal(i.Raw, h.Root.Raw) || !strings.Contains(i.Source(), `ROOT\Certificates\`) {
						t.Errorf("%v, %s", i.Role, i.Source())
					}
				}
				return
			}
			if !errors.Is(err, c.err) || got != nil || !strings.HasPrefix(err.Error(), "x:") || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestRegistryIsLinear: text that never ends, in every way in which lines hang
// together, costs no more than its length.
func TestRegistryIsLinear(t *testing.T) {
	const n = 1 << 20
	head := regHeader4 + "\n[" + systemCertificates + "\\ROOT\\Certificates\\00]\n"
	for name, text := range map[string]string{
		"open string":           `"s"="` + strings.Repeat("\n", n),
		"strings one by one":    strings.Repeat("\"s\"=\"\n\"\n", n/8),
		"open names":            strings.Repeat("\"\n", n/2),
		"continued":             `"Blob"=hex:` + strings.Repeat("\\\n", n/2),
		"continued, not wanted": `"x"=hex:` + strings.Repeat("00,\\\n", n/5),
		"keys":                  strings.Repeat("[a]\n", n/4),
	} {
		start := time.Now()
		_, _ = ReadContents("x", []byte(head+text), ReadOptions{SkipBad: true}) // errors are fine here
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: %v for a megabyte", name, took)
		}
	}
}

// TestRegistryKeys: which keys are stores of the local machine, and which.
func TestRegistryKeys(t *testing.T) {
	const hash = `\Certificates\00`
	for _, c := range []struct {
		key  string
		want Role
	}{
		{systemCertificates + `\ROOT`, Root},
		{systemCertificates + `\Root`, Root},
		{systemCertificates + `\AuthRoot`, AuthRoot},
		{systemCertificates + `\CA`, Intermediate},
		{systemCertificates + `\TrustedPublisher`, Publishers},
		{systemCertificates + `\Disallowed`, Distrusted},
		{systemCertificates + `\TestSignRoot`, TestRoots},
		{systemCertificates + `\FlightRoot`, FlightRoots},
		{`HKLM\Software\Microsoft\SystemCertificates\ROOT`, Root},
		{`HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\SystemCertificates\ROOT`, Root},
		{`HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\EnterpriseCertificates\TrustedPublisher`, Publishers},
		{`HKEY_LOCAL_MACHINE\OTHERPC\Microsoft\SystemCertificates\ROOT`, Root},

		{systemCertificates + `\MY`, UnknownRole},
		{systemCertificates + `\TrustedPeople`, UnknownRole},
		{systemCertificates + `\ROOT\x`, UnknownRole},
		{`HKEY_CURRENT_USER\SOFTWARE\Microsoft\SystemCertificates\ROOT`, UnknownRole},
		{`HKEY_USERS\S-1-5-18\Software\Microsoft\SystemCertificates\ROOT`, UnknownRole},
		{`HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\Services\x\SystemCertificates\ROOT`, UnknownRole},
		{`HKEY_LOCAL_MACHINE\SOFTWARE\a\b\Microsoft\SystemCertificates\ROOT`, UnknownRole},
		{`HKEY_LOCAL_MACHINE\SystemCertificates\ROOT`, UnknownRole},
		{`SystemCertificates\ROOT`, UnknownRole},
	} {
		key, ok := parseRegKey([]byte("[" + c.key + hash + "]"))
		if !ok || key.role != c.want || (key.kind == CertificateItem) != (c.want != UnknownRole) {
			t.Errorf("%s: %+v, want %v", c.key, key, c.want)
		}
	}
	for _, line := range []string{"[]", "[", "[-a]", "[a"} {
		if _, ok := parseRegKey([]byte(line)); ok {
			t.Errorf("%s is a key", line)
		}
	}
}

// TestUsersAreIgnored: a user's stores have no say (rule 130), and that is
// told.
func TestUsersAreIgnored(t *testing.T) {
	h := signtest.Commercial(nil)
	data := signtest.RegistryExport(
		signtest.RegistryStore{Name: "ROOT", Above: `HKEY_CURRENT_USER\SOFTWARE\Microsoft\SystemCertificates`, Elements: []signtest.StoreElement{element(h.Root)}},
		signtest.RegistryStore{Name: "ROOT", Elements: []signtest.StoreElement{element(signtest.TimeStamping(nil).Root)}},
	)
	got, err := ReadContents("x", data, ReadOptions{})
	must(t, err)
	if len(got.Items) != 1 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "1 certificates of users") {
		t.Errorf("%d items, %q", len(got.Items), got.Warnings)
	}
}

// machineExport is a machine with something in every store.
func machineExport(f *family, tsa *signtest.Hierarchy, more ...signtest.RegistryStore) []byte {
	one := func(name string, cs ...*signtest.Certificate) signtest.RegistryStore {
		s := signtest.RegistryStore{Name: name}
		for _, c := range cs {
			s.Elements = append(s.Elements, element(c))
		}
		return s
	}
	return signtest.RegistryExport(append([]signtest.RegistryStore{
		one("AuthRoot", tsa.Root), one("CA", f.certs["ca"]), one("Disallowed", f.certs["bad"]),
		one("My", f.certs["leaf"]), one("ROOT", f.certs["root"]), one("TrustedPublisher", f.certs["leaf"]),
		one("TestSignRoot", f.certs["test"]), one("FlightRoot", f.certs["flight"]),
	}, more...)...)
}

// TestLoadMachine: each store of an export goes to its purpose.
func TestLoadMachine(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	f.ca("test", "").ca("flight", "").leaf("bad", "ca").leaf("under test", "test")
	tsa := signtest.TimeStamping(nil)
	dir := t.TempDir()
	path := filepath.Join(dir, "machine.reg")
	must(t, os.WriteFile(path, machineExport(f, tsa), 0o666))
	s := NewMachineStore()
	must(t, s.LoadMachine(path, ReadOptions{}))
	judge := func(names ...string) Verdict {
		return Verify(signature(f.get(names...)), s, Options{At: signtest.Now(), Purpose: CodeSigning})
	}
	if v := judge("leaf"); !v.Trusted || v.Publisher != TrustedPublisher {
		t.Errorf("%v, publisher %v", v.Problems, v.Publisher)
	}
	if v := judge("bad"); v.Trusted || v.Publisher != DisallowedPublisher {
		t.Errorf("%v, publisher %v", v.Problems, v.Publisher)
	}
	if v := judge("under test"); v.Trusted || len(v.Chain) != 2 || v.Problems[0].Reason != UntrustedRoot {
		t.Errorf("test hierarchy: %v", v.Problems)
	}
	if a := s.anchorsFor(parse(t, tsa.Root)); len(a) != 1 || a[0].Kind != ProgramRoot {
		t.Errorf("AuthRoot: %+v", a)
	}
	if a := s.anchorsNamed(defaultStoreSubject(t)); len(a) != 0 {
		t.Errorf("default roots are there: %+v", a)
	}

	// A store that is named takes its own part of the same file.
	for role, n := range map[Role]int{Root: 2, Intermediate: 1, Publishers: 1, Distrusted: 1} {
		got, err := ReadContents("x", machineExport(f, tsa), ReadOptions{})
		must(t, err)
		count, err := NewStore().take(role, got)
		if err != nil || count != n {
			t.Errorf("%v: %d, %v", role, count, err)
		}
	}

	// A file that does not say what it is describes no machine.
	pem := filepath.Join(dir, "root.pem")
	must(t, os.WriteFile(pem, f.certs["root"].PEM(), 0o666))
	if err := NewMachineStore().LoadMachine(pem, ReadOptions{}); !errors.Is(err, ErrNoRole) || !strings.HasPrefix(err.Error(), pem) {
		t.Errorf("%v", err)
	}
	if err := NewMachineStore().LoadMachine(dir, ReadOptions{}); !errors.Is(err, ErrNoRole) {
		t.Errorf("%v", err)
	}
	empty := filepath.Join(dir, "empty.reg")
	must(t, os.WriteFile(empty, []byte(regHeader4+"\r\n"), 0o666))
	if err := NewMachineStore().LoadMachine(empty, ReadOptions{}); !errors.Is(err, ErrNoCertificate) {
		t.Errorf("%v", err)
	}
}

// defaultStoreSubject is the subject of an embedded anchor that is no kernel
// root.
func defaultStoreSubject(t *testing.T) []byte {
	t.Helper()
	c, err := listRoot()
	must(t, err)
	return c.RawSubject
}

// TestMachineLists: the lists that Windows keeps in the registry.
func TestMachineLists(t *testing.T) {
	h := signtest.ListSigners(nil)
	f := newFamily(t)
	ordinary(nil)(f)
	f.ca("test", "").ca("flight", "").leaf("bad", "ca")
	tsa := signtest.TimeStamping(nil)
	_, leafID, err := f.get("leaf")[0].TBSHash()
	must(t, err)
	trusted := signtest.SignList(rootList(listed(tsa.Root.Raw, property(104, signtest.FileTime(may)))), h.Signer())
	bad := signtest.SignList(disallowedList(leafID), h.SignerAs(h.Role("disallowed")))
	lists := func(values map[string][]byte) string {
		path := filepath.Join(t.TempDir(), "machine.reg")
		must(t, os.WriteFile(path, machineExport(f, tsa, signtest.RegistryStore{Name: "AuthRoot", Values: values}), 0o666))
		return path
	}
	s := NewMachineStore()
	must(t, s.LoadMachine(lists(map[string][]byte{"EncodedCtl": trusted, "DisallowedCertEncodedCtl": bad, "Flags": {1}}), listOptions(t, h)))
	if len(s.Lists()) != 2 {
		t.Fatalf("lists %+v", s.Lists())
	}
	if v := Verify(signature(f.get("leaf", "ca")), s, Options{At: signtest.Now(), Purpose: CodeSigning}); v.Trusted || v.Publisher != DisallowedPublisher {
		t.Errorf("%v", v.Problems)
	}
	if a := s.anchorsFor(parse(t, tsa.Root)); len(a) != 1 || !a[0].Restrictions.DisabledAt.Equal(may) {
		t.Errorf("AuthRoot: %+v", a)
	}
	for name, values := range map[string]map[string][]byte{
		"exchanged":  {"EncodedCtl": bad},
		"exchanged2": {"DisallowedCertEncodedCtl": trusted},
		"garbage":    {"DisallowedCertEncodedCtl": []byte("x")},
	} {
		if err := NewMachineStore().LoadMachine(lists(values), listOptions(t, h)); !errors.Is(err, ErrList) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := NewMachineStore().LoadMachine(lists(map[string][]byte{"DisallowedCertEncodedCtl": bad}), ReadOptions{}); !errors.Is(err, ErrUnverifiedList) {
		t.Errorf("%v", err)
	}
}

func TestLocalMachineElsewhere(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this is Windows")
	}
	if err := NewMachineStore().LoadLocalMachine(ReadOptions{}); !errors.Is(err, ErrNotWindows) {
		t.Errorf("%v", err)
	}
}

// TestKernelRootOfMachines: the one root that no store holds is there for the
// kernel's judgement, and no other.
func TestKernelRootOfMachines(t *testing.T) {
	for _, a := range embeddedAnchorsOf(t) {
		found := NewMachineStore().anchorsFor(a)
		if (len(found) == 1) != (a.Subject.CommonName() == "Microsoft Code Verification Root") {
			t.Errorf("%s: %d", a.Subject, len(found))
		}
	}
}

func embeddedAnchorsOf(t *testing.T) []*cert.Certificate {
	t.Helper()
	var list []*cert.Certificate
	for _, e := range embeddedElements() {
		c, err := cert.Parse(e.Raw)
		must(t, err)
		list = append(list, c)
	}
	return list
}
