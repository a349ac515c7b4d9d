package cab

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus finds the packages of real drivers, or skips the test.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PRESTAGE_CORPUS")
	if dir == "" {
		dir = filepath.Join(repositoryRoot(t), "..", "shared", "corpus")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("PRESTAGE_CORPUS_REQUIRED") == "1" {
			t.Fatalf("corpus not found: %v", err)
		}
		t.Skipf("corpus not found: %v", err)
	}
	return dir
}

func repositoryRoot(t *testing.T) string {
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

// TestCorpus expands every compressed source and looks for the hash of the
// result in the package's catalogs (L5): all of them have to be there.
func TestCorpus(t *testing.T) {
	root := filepath.Join(corpus(t), "packages")
	expanded, listed := 0, 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if Sniff(data[:min(len(data), SniffLen)]) == NotCompressed {
			if _, _, err := expand(data); !errors.Is(err, ErrNotCompressed) {
				t.Errorf("%s: %v", path, err)
			}
			return nil
		}
		expanded++
		name, out, err := expand(data)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		if inCatalog(t, filepath.Dir(path), memberHashes(out)) {
			listed++
		} else {
			t.Errorf("%s: %s is in no catalog beside it", path, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d compressed sources, %d listed expanded", expanded, listed)
	if expanded == 0 {
		t.Error("the corpus has no compressed source")
	}
}

// memberHashes returns the flat hashes of data and, for a PE image, the
// Authenticode hashes.
func memberHashes(data []byte) (sums [][]byte) {
	for _, content := range [][]byte{data, imageContent(data)} {
		if content != nil {
			a, b := sha1.Sum(content), sha256.Sum256(content)
			sums = append(sums, a[:], b[:])
		}
	}
	return sums
}

// imageContent returns what the Authenticode hash of an image covers, or nil:
// all but the checksum, the entry of the certificate table, and that table.
func imageContent(data []byte) []byte {
	le := binary.LittleEndian
	if len(data) < 0x40 || string(data[:2]) != "MZ" {
		return nil
	}
	optional := int(le.Uint32(data[0x3C:])) + 24
	if optional < 0 || optional+240 > len(data) {
		return nil
	}
	checksumAt, entry := optional+64, optional+128
	if le.Uint16(data[optional:]) == 0x20B {
		entry += 16
	}
	end := len(data)
	if at := int(le.Uint32(data[entry:])); at > 0 && at <= len(data) {
		end = at
	}
	out := append([]byte{}, data[:checksumAt]...)
	out = append(out, data[checksumAt+4:entry]...)
	return append(out, data[entry+8:end]...)
}

// inCatalog looks for the hashes in the two forms that a catalog has them in:
// octets, and a version 1 tag, which is hexadecimal UTF-16.
func inCatalog(t *testing.T, dir string, sums [][]byte) bool {
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if !strings.EqualFold(filepath.Ext(e.Name()), ".cat") {
			continue
		}
		cat := read(t, filepath.Join(dir, e.Name()))
		for _, sum := range sums {
			if bytes.Contains(cat, sum) || bytes.Contains(cat, utf16Hex(sum)) {
				return true
			}
		}
	}
	return false
}

func utf16Hex(sum []byte) []byte {
	var out []byte
	for _, b := range []byte(strings.ToUpper(hex.EncodeToString(sum))) {
		out = append(out, b, 0)
	}
	return out
}
