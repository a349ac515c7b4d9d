package prestage

import (
	"bytes"
	"crypto"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"prestage/authenticode/signtest"
	"prestage/catalog"
)

// benchFiles and benchFileSize are the package of the promise on speed: a
// thousand files of 20 KB.
const (
	benchFiles    = 1000
	benchFileSize = 20 << 10
)

// manyFiles makes a package of n PE images of about size bytes.
func manyFiles(n, size int) signtest.Files {
	p := signtest.NewPackage()
	for i := range n {
		name := fmt.Sprintf("file%04d.sys", i)
		content := fmt.Sprintf("%s %s", name, bytes.Repeat([]byte{byte('a' + i%26)}, size-1536))
		p.INFs[0].CopyFiles = append(p.INFs[0].CopyFiles, name)
		p.Payload[name] = signtest.PE{Content: content}.Encode()
	}
	return p.Build()
}

// oneLargeFile makes a package of one PE image of that size.
func oneLargeFile(size int) signtest.Files {
	p := signtest.NewPackage()
	p.Payload["gadget.sys"] = signtest.PE{Sections: []signtest.Section{{Name: ".data", Data: bytes.Repeat([]byte("0123456789abcdef"), size/16)}}}.Encode()
	return p.Build()
}

// manyMembers makes a package whose catalog lists n files besides its own,
// each under two digests or, in version 1, one.
func manyMembers(n int) signtest.Files {
	p := signtest.NewPackage()
	for i := range n {
		p.Catalog.Members = append(p.Catalog.Members, signtest.Member{
			Data: fmt.Appendf(nil, "file %d", i), Digests: []crypto.Hash{crypto.SHA256},
		})
	}
	return p.Build()
}

func sizeOf(files signtest.Files) (n int64) {
	for _, b := range files {
		n += int64(len(b))
	}
	return n
}

// benchCheck judges a package on disk, again and again.
func benchCheck(b *testing.B, files signtest.Files, jobs int) {
	dir := filepath.Join(b.TempDir(), "package")
	if err := files.WriteTo(dir); err != nil {
		b.Fatal(err)
	}
	store := publisherStore(b)
	b.SetBytes(sizeOf(files))
	b.ReportAllocs()
	for b.Loop() {
		tree, err := OpenTree(dir)
		if err != nil {
			b.Fatal(err)
		}
		r, err := Check(Options{At: testClock, Store: store, Jobs: jobs}, tree)
		if err != nil || r.Packages[0].Verdicts[0].Category != "trusted-publisher" {
			b.Fatalf("%+v, %v", r, err)
		}
		tree.Close()
	}
}

// BenchmarkCheckTwoFiles is the ordinary package: an INF, a driver, a
// catalog.
func BenchmarkCheckTwoFiles(b *testing.B) { benchCheck(b, signtest.NewPackage().Build(), 2) }

// BenchmarkCheckManyFiles is a package of 1,000 images of 20 KB.
func BenchmarkCheckManyFiles(b *testing.B) {
	files := manyFiles(benchFiles, benchFileSize)
	for _, jobs := range []int{1, runtime.GOMAXPROCS(0)} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) { benchCheck(b, files, jobs) })
	}
}

// BenchmarkCheckLargeFile is a package with an image of 100 MB.
func BenchmarkCheckLargeFile(b *testing.B) { benchCheck(b, oneLargeFile(100<<20), 2) }

// BenchmarkCheckLargeCatalog is a package whose catalog lists 50,000 files.
func BenchmarkCheckLargeCatalog(b *testing.B) { benchCheck(b, manyMembers(50000), 2) }

// BenchmarkClassify is the decisions alone, which are made for every target.
func BenchmarkClassify(b *testing.B) {
	f, on := facts(b), target(b, "win11-25h2/amd64", Scenario{})
	b.ReportAllocs()
	for b.Loop() {
		Predict(f, Classify(f, on), on)
	}
}

// TestLargeFileIsNotHeld: an image on disk is hashed in pieces. What judging
// a package allocates does not grow with its files.
func TestLargeFileIsNotHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 32 MiB")
	}
	const size = 32 << 20
	dir := t.TempDir()
	if err := oneLargeFile(size).WriteTo(dir); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := checkPath(t, dir)
	runtime.ReadMemStats(&after)
	if one(t, r).Verdicts[0].Category != "unknown-publisher" {
		t.Errorf("%+v", r.Packages[0].Verdicts[0])
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > size/4 {
		t.Errorf("%d MiB allocated for an image of %d MiB", grown>>20, size>>20)
	}
}

// TestLargeCatalog: the limits leave room for the largest catalogs there are.
func TestLargeCatalog(t *testing.T) {
	if testing.Short() {
		t.Skip("signs 20,000 members")
	}
	files := manyMembers(20000)
	c, err := catalog.Parse(files["gadget.cat"])
	if err != nil || len(c.Members) < 20000 {
		t.Fatalf("%v", err)
	}
	f := gather(t, files, publisherStore(t), testClock)
	if got := Classify(f, target(t, "win11-25h2/amd64", Scenario{})); got.Category != TrustedPublisher {
		t.Errorf("%s by %s", got.Category, got.Rule)
	}
}
