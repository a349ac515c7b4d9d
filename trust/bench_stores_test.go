package trust

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/trust/roots"
)

// storeOf has n certificates, as certutil writes them: the embedded roots with
// their properties, over and over.
func storeOf(n int) []signtest.StoreElement {
	var es []signtest.StoreElement
	for len(es) < n {
		es = append(es, embeddedElements()...)
	}
	return es[:n]
}

// BenchmarkLoad515 takes apart a store of the size of the root program's, in
// each format, as a run does that needs none of its certificates. "parse5" and
// "parse515" are what reading five certificates, or all of them, costs. "file"
// is with the file read from disk, "one anchor" with a look-up.
func BenchmarkLoad515(b *testing.B) {
	es := storeOf(515)
	for _, n := range []int{5, 515} {
		b.Run(fmt.Sprintf("parse%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, e := range es[:n] {
					if _, err := cert.Parse(e.Raw); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
	for _, x := range exports {
		b.Run(x.name, func(b *testing.B) {
			data := x.write(es)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				loadContents(b, data)
			}
		})
	}
	data := exports[4].write(es)
	path := filepath.Join(b.TempDir(), "x.sst")
	must(b, os.WriteFile(path, data, 0o666))
	b.Run("file", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			must(b, NewStore().LoadPath(Root, path))
		}
	})
	b.Run("one anchor", func(b *testing.B) {
		subject := roots.All()[3].RawSubject()
		b.ReportAllocs()
		for b.Loop() {
			if s := loadContents(b, data); len(s.anchorsNamed(subject)) == 0 {
				b.Fatal("not found")
			}
		}
	})
}

func loadContents(b *testing.B, data []byte) *Store {
	c, err := ReadContents("x", data, ReadOptions{})
	must(b, err)
	s := NewStore()
	if n, err := s.take(Root, c); err != nil || n != 515 {
		b.Fatal(n, err)
	}
	return s
}

// TestLoadIsCheap holds the benchmark's promise with room for a busy machine:
// loading allocates next to nothing for each certificate, so it reads none.
func TestLoadIsCheap(t *testing.T) {
	data := exports[4].write(storeOf(515))
	allocations := testing.AllocsPerRun(5, func() {
		c, err := ReadContents("x", data, ReadOptions{})
		must(t, err)
		if _, err := NewStore().take(Root, c); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 50 { // reading one certificate takes more
		t.Errorf("%v allocations for 515 certificates", allocations)
	}
}
