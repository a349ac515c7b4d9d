package authenticode

import (
	"crypto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestLibrarySamples verifies the real images that the PE library has among its
// own tests. One of them is there because it was altered after it was signed.
func TestLibrarySamples(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/saferwall/pe").Output()
	if err != nil {
		t.Skipf("module folder not found: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "test", "*.*"))
	if err != nil || len(files) == 0 {
		t.Skipf("no samples: %v", err)
	}
	signed := 0
	for _, path := range files {
		name := filepath.Base(path)
		if strings.HasSuffix(name, ".7z") {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) < 0x40 || string(b[:2]) != "MZ" || !strings.Contains(string(b), "PE\x00\x00") {
			continue
		}
		m := readImage(t, b)
		sigs, err := m.Signatures()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, primary := range sigs {
			for _, s := range primary.All() {
				signed++
				if s.Problem != nil {
					t.Errorf("%s: %v", name, s.Problem)
				}
				p, err := m.CheckDigest(s)
				if altered := strings.Contains(name, "modified"); err != nil || (p != nil) != altered {
					t.Errorf("%s: %v %v", name, p, err)
				}
				if state := m.CheckPageHashes(s); state != PageHashNone && state != PageHashOK {
					t.Errorf("%s: page hashes %v", name, state)
				}
				for _, ts := range s.Timestamps {
					if ts.Problem != nil {
						t.Errorf("%s: %v", name, ts.Problem)
					}
				}
			}
		}
	}
	if signed == 0 {
		t.Error("no sample is signed")
	}
	t.Logf("%d signatures", signed)
}

// The methods of an image may be called at the same time.
func TestImageConcurrently(t *testing.T) {
	m := readImage(t, signedImage())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if _, err := m.Hash([]crypto.Hash{crypto.SHA1, crypto.SHA256}[i%2]); err != nil {
				t.Error(err)
			}
			sigs, err := m.Signatures()
			if err != nil || len(sigs) != 1 {
				t.Errorf("%d signatures, %v", len(sigs), err)
				return
			}
			if p, err := m.CheckDigest(sigs[0]); p != nil || err != nil {
				t.Error(p, err)
			}
		})
	}
	wg.Wait()
}
