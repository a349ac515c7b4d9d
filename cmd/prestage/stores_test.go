package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"prestage/authenticode/signtest"
)

// runWith runs the program at the clock of the test data.
func runWith(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, environment{stdout: &out, stderr: &errs, now: signtest.Now, getenv: func(string) string { return "" }})
	return code, out.String(), errs.String()
}

const storesDir = "../../testdata/stores/"

func writeTemp(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestShowStores: what show says of each format, for people.
func TestShowStores(t *testing.T) {
	root := "subject  CN=Contoso Code Signing Root R1,O=Contoso Trust Services,C=US"
	for _, c := range []struct {
		file string
		args []string
		want []string
	}{
		{"contoso-root.cer", nil, []string{"  certificate\n", "DER, 1 certificate", root, "issuer   itself", "e89bc0a8769e62c7592c061b328c3786f73a1ed1", "63a94afc87d38d32cc776c5f19581862aa4ca7b087135204370869a9c135b34d", "2016-01-01 00:00:00 to 2046-01-01 00:00:00 UTC", "serves   root, disallowed"}},
		{"contoso-root.pem", nil, []string{"  certificate\n", "PEM, 1 certificate", root}},
		{"contoso-and-northwind.p7b", nil, []string{"  store\n", "PKCS #7 bundle, 2 certificates", root, "Northwind"}},
		{"contoso-and-northwind-pem.p7b", nil, []string{"PEM, 2 certificates", root, "Northwind"}},
		{"contoso-disabled.sst", nil, []string{"serialized store", "name     Contoso", "disabled from 2026-01-01"}},
		{"contoso-disabled.sst", []string{"-v"}, []string{"property 104 (disabled from) = ", "from     offset 8: record 1"}},
		{"contoso-not-before.sst", nil, []string{"only for Code Signing, Time Stamping", "only certificates issued before 2025-01-01 00:00:00 UTC, for Code"}},
		{"fabrikam-publisher.pem", nil, []string{"purposes Code Signing", "serves   trusted-publisher, disallowed"}},
		{"machine.reg", nil, []string{"registry export, 4 certificates", "store    Root", "store    CA", "store    TrustedPublisher", "store    Disallowed", "serves   intermediate, disallowed"}},
		{"machine-regedit4.reg", []string{"-v"}, []string{"registry export, 4 certificates", `ROOT\Certificates\`}},
		{"unproven.stl", nil, []string{"certificate trust list, 1 trust list", "trusted roots of 2026-03-02 10:00:00 UTC, sequence number 1", "unproven 0x800B010A", "names    1 root"}},
		{"unproven.stl", []string{"-v"}, []string{"root     Contoso"}},
	} {
		code, out, errs := runWith(append([]string{"show", storesDir + c.file}, c.args...)...)
		if code != exitOK || errs != "" {
			t.Errorf("%s: code %d, %s", c.file, code, errs)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", c.file, want, out)
			}
		}
	}
}

// TestShowStoresJSON: the document has the fields of a certificate, and what
// its store says.
func TestShowStoresJSON(t *testing.T) {
	code, out, errs := runWith("show", "--format", "json", storesDir+"contoso-disabled.sst", storesDir+"machine.reg", storesDir+"unproven.stl", "../../testdata/packages/no-catalog/gadget.inf")
	if code != exitOK {
		t.Fatalf("code %d, %s", code, errs)
	}
	var docs []struct {
		Path, Kind, Error, Format string
		Certificates              []struct {
			Subject, SHA1, SHA256, Name, Store, Source string
			Serves                                     []string
			Restrictions                               map[string]any
			Properties                                 []struct {
				ID          uint32
				Name, Value string
			}
		}
		Lists []struct {
			List, Problem string
			Verified      bool
			Roots         []struct{ SHA1, SHA256, Name string }
		}
	}
	if err := json.Unmarshal([]byte(out), &docs); err != nil {
		t.Fatal(err)
	}
	if len(docs) != 4 || docs[0].Kind != "certificate" || docs[1].Kind != "store" || docs[2].Kind != "store" || docs[3].Kind != "inf" {
		t.Fatalf("%+v", docs)
	}
	c := docs[0].Certificates[0]
	if c.Name != "Contoso" || c.Store != "" || c.Restrictions["disabledAt"] != "2026-01-01T00:00:00Z" || len(c.Properties) != 3 || c.Properties[1].ID != 104 || len(c.Serves) != 2 {
		t.Errorf("%+v", c)
	}
	if got := docs[1].Certificates; len(got) != 4 || got[3].Store != "TrustedPublisher" {
		t.Errorf("%+v", got)
	}
	if l := docs[2].Lists; len(l) != 1 || l[0].Verified || l[0].Problem == "" || len(l[0].Roots) != 1 || l[0].Roots[0].Name != "Contoso" || docs[2].Error != "" {
		t.Errorf("%+v", docs[2])
	}
	for _, field := range []string{`"error"`, `"issuer"`, `"notBefore"`, `"ekus"`, `"crls"`, `"warnings"`} {
		if !strings.Contains(out, field) {
			t.Errorf("no %s", field)
		}
	}
}

// TestShowDamagedStore: the error names the place, and the code is 2.
func TestShowDamagedStore(t *testing.T) {
	h := signtest.Commercial(nil)
	bad := signtest.SerializedStore(signtest.StoreElement{Raw: h.Root.Raw}, signtest.StoreElement{Raw: []byte("garbage")})
	path := writeTemp(t, "bad.sst", bad)
	code, _, errs := runWith("show", path)
	if code != exitError || !strings.Contains(errs, "bad.sst: offset ") || !strings.Contains(errs, "record 2") {
		t.Errorf("code %d, %s", code, errs)
	}
	code, out, errs := runWith("show", "--skip-bad-certificates", path)
	if code != exitOK || !strings.Contains(out, "passed over") || !strings.Contains(out, "1 certificate") {
		t.Errorf("code %d, %s%s", code, out, errs)
	}
}

// TestShowIsNotFooled: a program, a catalog and an INF with a certificate's
// text in them are what they are.
func TestShowIsNotFooled(t *testing.T) {
	h := signtest.Commercial(nil)
	image := append(signtest.NewDriver(signtest.MachineAMD64, "x"), h.Root.PEM()...)
	code, out, _ := runWith("show", "--format", "json", writeTemp(t, "x.sys", image))
	if code != exitOK || !strings.Contains(out, `"kind": "pe"`) {
		t.Errorf("code %d, %s", code, out)
	}
	code, out, _ = runWith("show", "--format", "json", "../../testdata/packages/third-party-timestamped/gadget.cat")
	if code != exitOK || !strings.Contains(out, `"kind": "catalog"`) {
		t.Errorf("code %d, %s", code, out)
	}
}

// TestStoreFlags: what the flags make of a package that Fabrikam signed.
func TestStoreFlags(t *testing.T) {
	const pkg = "../../testdata/packages/third-party-timestamped"
	list := storesDir + "unproven.stl"
	for _, c := range []struct {
		name string
		args []string
		code int
		want string // in the output, or the diagnostics
	}{
		{"nothing", nil, exitShort, "unsigned"},
		{"root", []string{"--root", storesDir + "contoso-root.cer"}, exitOK, "unknown-publisher"},
		{"root in a bundle", []string{"--root", storesDir + "contoso-and-northwind.p7b"}, exitOK, "unknown-publisher"},
		{"machine", []string{"--machine", storesDir + "machine.reg"}, exitOK, "trusted-publisher"},
		{"machine in ANSI", []string{"--machine", storesDir + "machine-regedit4.reg"}, exitOK, "trusted-publisher"},
		{"root of a machine", []string{"--root", storesDir + "machine.reg"}, exitOK, "unknown-publisher"},
		{"publisher of a machine", []string{"--root", storesDir + "contoso-root.cer", "--trusted-publisher", storesDir + "publishers.reg"}, exitOK, "trusted-publisher"},
		{"machine and distrust", []string{"--machine", storesDir + "machine.reg", "--disallowed", storesDir + "fabrikam-publisher.pem"}, exitShort, "untrusted-publisher"},

		{"publishers as roots", []string{"--root", storesDir + "publishers.reg"}, exitError, "--machine"},
		{"roots as a machine", []string{"--machine", storesDir + "contoso-root.cer"}, exitError, "does not say which store"},
		{"unproven list", []string{"--root", list}, exitError, "--accept-unsigned-list"},
		{"unproven list as distrust", []string{"--accept-unsigned-list", "--disallowed", list}, exitError, "trusted roots"},
		{"nothing there", []string{"--machine", "nowhere.reg"}, exitError, "nowhere.reg"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := runWith(append([]string{"check", "--format", "json", pkg}, c.args...)...)
			if code != c.code || !strings.Contains(out+errs, c.want) {
				t.Errorf("code %d, want %d and %q; %s%s", code, c.code, c.want, out, errs)
			}
		})
	}
	if runtime.GOOS != "windows" {
		code, _, errs := runWith("check", "--machine", "local", pkg)
		if code != exitError || !strings.Contains(errs, "only Windows") {
			t.Errorf("code %d, %s", code, errs)
		}
	}
}

// TestShowWarnings: what is peculiar about the stores is told.
func TestShowWarnings(t *testing.T) {
	old := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
	code, _, errs := runWith("show", "--at", old, storesDir+"contoso-root.cer")
	if code != exitOK || !strings.Contains(errs, "warning: what is known of the root program is of 2026-04-20") {
		t.Errorf("code %d, %s", code, errs)
	}
	code, _, errs = runWith("show", "--accept-unsigned-list", "--root", storesDir+"unproven.stl", storesDir+"contoso-root.cer")
	if code != exitOK || !strings.Contains(errs, "accepted without proof") || !strings.Contains(errs, "older than the facts") {
		t.Errorf("code %d, %s", code, errs)
	}
}
