package cab

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The tests of this file compare with other implementations (Debian packages
// cabextract, gcab, mscompress, osslsigncode) and are skipped without them.

func tool(t *testing.T, name string) func(args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	dir := t.TempDir()
	return func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command(path, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
		return out
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestEncodersAgainstCabextract shows that the test encoders write what another
// decoder reads, so that TestRoundTrip is about the formats.
func TestEncodersAgainstCabextract(t *testing.T) {
	cabextract := tool(t, "cabextract")
	for name, folder := range allFolders {
		t.Run(name, func(t *testing.T) {
			files := []testFile{file("a", prose(11, 1000)), file("b", prose(12, 300_000)), file("c", prose(13, 77))}
			b := one(folder, files...)
			dir := t.TempDir()
			write(t, filepath.Join(dir, "t.cab"), b.bytes())
			cabextract("-q", "-d", dir, filepath.Join(dir, "t.cab"))
			for _, f := range files {
				if !bytes.Equal(read(t, filepath.Join(dir, f.name)), f.data) {
					t.Errorf("%s differs", f.name)
				}
			}
		})
	}
}

func TestReadsGcab(t *testing.T) {
	gcab := tool(t, "gcab")
	dir := t.TempDir()
	want := map[string][]byte{"x.inf": prose(1, 2000), "x.sys": prose(2, 200_000), "empty": nil}
	for name, data := range want {
		write(t, filepath.Join(dir, name), data)
	}
	for _, option := range []string{"-z", "-n"} {
		out := filepath.Join(dir, "t.cab")
		os.Remove(out)
		gcab("-c", option, out, filepath.Join(dir, "x.inf"), filepath.Join(dir, "x.sys"), filepath.Join(dir, "empty"))
		c := mustOpen(t, read(t, out))
		if len(c.Files) != len(want) {
			t.Errorf("%s: %d files", option, len(c.Files))
		}
		for _, f := range c.Files {
			if !bytes.Equal(readAll(t, f), want[filepath.Base(f.Name)]) {
				t.Errorf("%s: %s differs", option, f.Name)
			}
		}
	}
}

func TestExpandsMscompress(t *testing.T) {
	mscompress := tool(t, "mscompress")
	// Not the very small: what it makes of one byte does not hold that byte.
	for i, want := range [][]byte{prose(1, 100_000), prose(2, 50), bytes.Repeat([]byte(" x"), 5000)} {
		path := filepath.Join(t.TempDir(), "x.sys")
		write(t, path, want)
		mscompress(path)
		_, got, err := expand(read(t, path+"_"))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("input %d: %d bytes, %v; want %d", i, len(got), err, len(want))
		}
	}
}

func TestMsexpandReadsTheTestEncoder(t *testing.T) {
	msexpand := tool(t, "msexpand")
	path := filepath.Join(t.TempDir(), "x.sy_")
	want := prose(3, 30_000)
	write(t, path, szdd(want))
	msexpand(path)
	if !bytes.Equal(read(t, strings.TrimSuffix(path, "_")), want) {
		t.Error("msexpand reads something else than was written")
	}
}

// TestDigestRangesAgainstOsslsigncode signs cabinets and recomputes the digest.
func TestDigestRangesAgainstOsslsigncode(t *testing.T) {
	osslsigncode := tool(t, "osslsigncode")
	openssl := tool(t, "openssl")
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", in("key"), "-out", in("cert"), "-subj", "/CN=test", "-days", "2")
	for name, b := range map[string]*builder{
		"mszip":  one(mszipFolder, file("a", prose(1, 50_000)), file("b", nil)),
		"set id": {folders: []testFolder{storedFolder}, files: []testFile{file("a", prose(2, 5))}, setID: 0x1234, index: 3},
	} {
		os.Remove(in("signed"))
		write(t, in("plain"), b.bytes())
		osslsigncode("sign", "-h", "sha256", "-certs", in("cert"), "-key", in("key"), "-in", in("plain"), "-out", in("signed"))
		data := read(t, in("signed"))
		ranges, err := mustOpen(t, data).DigestRanges()
		if err != nil || ranges == nil {
			t.Errorf("%s: %v, %v", name, ranges, err)
			continue
		}
		h := sha256.New()
		for _, r := range ranges {
			h.Write(data[r.Offset : r.Offset+r.Size])
		}
		// The digest is in the signature; verify's exit code is about trust.
		out, _ := exec.Command("osslsigncode", "verify", "-in", in("signed")).CombinedOutput()
		if want := strings.ToUpper(hex.EncodeToString(h.Sum(nil))); !bytes.Contains(out, []byte("Current message digest    : "+want)) {
			t.Errorf("%s: digest %s is not what the signature has:\n%s", name, want, out)
		}
	}
}
