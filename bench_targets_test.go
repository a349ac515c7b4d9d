package prestage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"prestage/authenticode/signtest"
	"prestage/trust"
)

// benchTree writes a package for x86, x64 and ARM64 with so many drivers of so
// many bytes and opens its folder.
func benchTree(b *testing.B, drivers, size int) *Tree {
	b.Helper()
	p := signtest.NewPackage()
	p.INFs[0].Archs = []string{"x86", "amd64", "arm64"}
	for i := range drivers {
		name := fmt.Sprintf("gadget%d.sys", i)
		p.INFs[0].CopyFiles = append(p.INFs[0].CopyFiles, name)
		p.Payload[name] = signtest.PE{Content: name, Appended: make([]byte, size)}.Encode()
	}
	dir := b.TempDir()
	if err := p.Build().WriteTo(dir); err != nil {
		b.Fatal(err)
	}
	t, err := OpenTree(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { t.Close() })
	return t
}

// BenchmarkTargets judges a package for one target and for every release,
// architecture and kind of user, reports both, and their ratio as
// "all/one". Facts are gathered once and a target costs some microseconds, so
// the ratio is near 1 for any package that has more than a few kilobytes.
func BenchmarkTargets(b *testing.B) {
	one := Options{At: testClock, Store: contosoStore(b), Targets: specs(b, "win11-25h2/amd64/admin")}
	releases := one
	releases.Targets = specs(b, "all")
	everybody := one
	everybody.Targets = specs(b, "all/x86/admin,all/x86/standard,all/x86/system,all/amd64/admin,all/amd64/standard,all/amd64/system,all/arm64/admin,all/arm64/standard,all/arm64/system")
	for _, size := range []struct {
		name           string
		drivers, bytes int
	}{
		{"2-files", 0, 0},
		{"10-files-of-100-KB", 8, 100 << 10},
		{"100-files-of-20-KB", 98, 20 << 10},
	} {
		for _, all := range []struct {
			name    string
			options Options
		}{{"releases", releases}, {"releases-and-users", everybody}} {
			b.Run(size.name+"/"+all.name, func(b *testing.B) {
				compareTargets(b, benchTree(b, size.drivers, size.bytes), one, all.options)
			})
		}
	}
	b.Run("corpus/releases", func(b *testing.B) {
		t, err := OpenTree(filepath.Join(corpusDir(b), "packages"))
		if err != nil {
			b.Fatal(err)
		}
		defer t.Close()
		compareTargets(b, t, one, releases)
	})
}

// compareTargets measures both in turn and compares the best of each, so that
// whatever else the machine does burdens neither.
func compareTargets(b *testing.B, t *Tree, one, all Options) {
	best := [2]time.Duration{1 << 62, 1 << 62}
	for b.Loop() {
		for i, o := range []Options{one, all} {
			t.shared = newShared() // a tree remembers what it read
			start := time.Now()
			r, err := Check(o, t)
			best[i] = min(best[i], time.Since(start))
			if err != nil || len(r.Packages) == 0 || len(r.Errors) > 0 {
				b.Fatalf("%v, %+v", err, r)
			}
		}
	}
	b.ReportMetric(float64(best[0].Microseconds()), "one-µs")
	b.ReportMetric(float64(best[1].Microseconds()), "all-µs")
	b.ReportMetric(float64(best[1])/float64(best[0]), "all/one")
	b.ReportMetric(0, "ns/op")
}

func specs(t testing.TB, list string) []TargetSpec {
	t.Helper()
	all, err := ParseTargets(list)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestReproducible judges the whole corpus for every target, by one and by
// four at a time, and again: without an error, and the same to the byte.
func TestReproducible(t *testing.T) {
	dir := corpusDir(t)
	judged := func(jobs int) []byte {
		tree, err := OpenTree(filepath.Join(dir, "packages"))
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		r, err := Check(Options{At: corpusClock, Store: trust.DefaultStore(), Targets: specs(t, "all"), Gate: Gate{Need: NeedNothing}, Jobs: jobs}, tree)
		if err != nil || len(r.Errors) > 0 {
			t.Fatalf("%v, %v", err, r.Errors)
		}
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	first := judged(1)
	for _, jobs := range []int{4, 1} {
		if again := judged(jobs); !bytes.Equal(first, again) {
			at := 0
			for at < min(len(first), len(again)) && first[at] == again[at] {
				at++
			}
			t.Fatalf("%d jobs: the report differs from byte %d: %.200s", jobs, at, again[max(at-100, 0):])
		}
	}
	if len(first) < 1<<20 {
		t.Errorf("a report of %d bytes: is this the corpus?", len(first))
	}
	t.Logf("%d bytes, three times the same", len(first))
}
