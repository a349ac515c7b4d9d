package main

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/signtest"
	"prestage/catalog"
)

// The benchmarks of this file compare the real program, process start
// included, with what else a person might run, in turns and on the same
// files:
//
//	go test -run '^$' -bench Peers ./cmd/prestage
//
// What they report are times, and ratios of times, each the best of its rounds:
// what other programs of the machine take away is nobody's. A peer that is not
// installed is left out.

// program builds prestage once for all benchmarks.
func program(b *testing.B) string {
	b.Helper()
	name := filepath.Join(b.TempDir(), "prestage")
	if out, err := exec.Command("go", "build", "-o", name, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return name
}

// rival is one of the commands that take turns.
type rival struct {
	name string
	run  func() // once
	took []time.Duration
}

// takeTurns runs every rival once in each round, so that what else the machine
// does hits all of them alike, and returns the best times by name.
func takeTurns(b *testing.B, rivals ...*rival) map[string]time.Duration {
	for _, r := range rivals {
		r.run() // the files are in memory from here on
	}
	for b.Loop() {
		for _, r := range rivals {
			start := time.Now()
			r.run()
			r.took = append(r.took, time.Since(start))
		}
	}
	best := map[string]time.Duration{}
	for _, r := range rivals {
		best[r.name] = slices.Min(r.took)
	}
	b.ReportMetric(0, "ns/op") // of a round: says nothing
	return best
}

// command is a rival that runs a program, whose exit codes must be among
// those given.
func command(b *testing.B, name string, codes []int, path string, args ...string) *rival {
	return &rival{name: name, run: func() {
		out, err := exec.Command(path, args...).CombinedOutput()
		code := 0
		if failed, ok := err.(*exec.ExitError); ok {
			code = failed.ExitCode()
		} else if err != nil {
			b.Fatal(err)
		}
		if !slices.Contains(codes, code) {
			b.Fatalf("%s: exit code %d\n%s", name, code, out)
		}
	}}
}

func ratio(b *testing.B, a, of time.Duration, unit string) {
	b.ReportMetric(float64(a)/float64(of), unit)
}

func milliseconds(b *testing.B, d time.Duration, unit string) {
	b.ReportMetric(float64(d.Microseconds())/1000, unit)
}

// install writes a package and the root that vouches for it.
func install(b *testing.B, files signtest.Files) (dir, root string) {
	b.Helper()
	dir, root = filepath.Join(b.TempDir(), "package"), filepath.Join(b.TempDir(), "root.pem")
	if err := files.WriteTo(dir); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(root, signtest.Commercial(nil).Root.PEM(), 0o644); err != nil {
		b.Fatal(err)
	}
	return dir, root
}

func checkArgs(root, dir string) []string {
	return []string{"check", "--quiet", "--at", "2026-11-20T12:00:00Z", "--root", root, dir}
}

func lookPath(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

// BenchmarkPeersManyFiles: a package of 1,000 images of 20 KB. The promise is
// at most three times sha256sum.
func BenchmarkPeersManyFiles(b *testing.B) {
	p := signtest.NewPackage()
	for i := range 1000 {
		name := fmt.Sprintf("file%04d.sys", i)
		p.INFs[0].CopyFiles = append(p.INFs[0].CopyFiles, name)
		p.Payload[name] = signtest.PE{Content: name + strings.Repeat(string(rune('a'+i%26)), 18<<10)}.Encode()
	}
	files := p.Build()
	dir, root := install(b, files)
	var paths []string
	for _, name := range files.Paths() {
		paths = append(paths, filepath.Join(dir, name))
	}
	ours := command(b, "prestage", []int{0}, program(b), checkArgs(root, dir)...)
	rivals := []*rival{ours}
	if sha256sum := lookPath("sha256sum"); sha256sum != "" {
		rivals = append(rivals, command(b, "sha256sum", []int{0}, sha256sum, paths...))
	}
	// osslsigncode verifies one file at a time: some are measured and the
	// sum is extrapolated.
	const sampled = 10
	if osslsigncode := lookPath("osslsigncode"); osslsigncode != "" {
		rivals = append(rivals, &rival{name: "osslsigncode", run: func() {
			for i := range sampled {
				file := filepath.Join(dir, fmt.Sprintf("file%04d.sys", i*100))
				cmd := exec.Command(osslsigncode, "verify", "-CAfile", root, "-TSA-CAfile", root, "-catalog", filepath.Join(dir, "gadget.cat"), "-in", file)
				if out, err := cmd.CombinedOutput(); err != nil && !bytes.Contains(out, []byte("message digest")) && !bytes.Contains(out, []byte("Signature verification")) {
					b.Fatalf("osslsigncode: %v\n%s", err, out)
				}
			}
		}})
	}
	took := takeTurns(b, rivals...)
	milliseconds(b, took["prestage"], "ms")
	if sum := took["sha256sum"]; sum > 0 {
		ratio(b, took["prestage"], sum, "x-sha256sum")
		if other := took["osslsigncode"]; other > 0 {
			ratio(b, other*time.Duration(len(paths))/sampled, sum, "osslsigncode-x-sha256sum(extrapolated)")
		}
	}
}

// BenchmarkPeersLargeFile: an image of 100 MB. The promise is at most 1.2
// times hashing it once with SHA-256, and 64 MiB resident.
func BenchmarkPeersLargeFile(b *testing.B) {
	p := signtest.NewPackage()
	p.Payload["gadget.sys"] = signtest.PE{Sections: []signtest.Section{{Name: ".data", Data: bytes.Repeat([]byte("0123456789abcdef"), 100<<20/16)}}}.Encode()
	dir, root := install(b, p.Build())
	p = nil
	image := filepath.Join(dir, "gadget.sys")
	prestage := program(b)
	rivals := []*rival{
		command(b, "prestage", []int{0}, prestage, checkArgs(root, dir)...),
		{name: "crypto/sha256", run: func() { hashOnce(b, image) }},
	}
	if sha256sum := lookPath("sha256sum"); sha256sum != "" {
		rivals = append(rivals, command(b, "sha256sum", []int{0}, sha256sum, image))
	}
	took := takeTurns(b, rivals...)
	milliseconds(b, took["prestage"], "ms")
	ratio(b, took["prestage"], took["crypto/sha256"], "x-crypto/sha256")
	if sum := took["sha256sum"]; sum > 0 {
		ratio(b, took["prestage"], sum, "x-sha256sum")
	}
	if kib := peakMemory(b, prestage, checkArgs(root, dir)...); kib > 0 {
		b.ReportMetric(float64(kib)/1024, "MiB-resident")
	}
}

// hashOnce reads and hashes a file in pieces, in this process.
func hashOnce(b *testing.B, name string) {
	f, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyBuffer(struct{ io.Writer }{sha256.New()}, struct{ io.Reader }{f}, make([]byte, 1<<20)); err != nil {
		b.Fatal(err)
	}
}

// peakMemory runs a program and returns its peak resident memory in KiB, 0
// where the system does not tell. A process of this program's own size would
// count as the child's, so a small one in between starts it.
func peakMemory(b *testing.B, path string, args ...string) int {
	b.Helper()
	measure, err := exec.LookPath("measure")
	if err != nil {
		return 0
	}
	out, err := exec.Command(measure, append([]string{path}, args...)...).Output()
	if err != nil {
		b.Fatalf("measure: %v", err)
	}
	kib, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		b.Fatal(err)
	}
	return kib
}

// BenchmarkPeersLargeCatalog: a catalog of 50,000 members. The promise is at
// most five times a bare walk over its bytes.
func BenchmarkPeersLargeCatalog(b *testing.B) {
	p := signtest.NewPackage()
	for i := range 50000 {
		p.Catalog.Members = append(p.Catalog.Members, signtest.Member{Data: fmt.Appendf(nil, "file %d", i), Digests: []crypto.Hash{crypto.SHA256}})
	}
	files := p.Build()
	cat := files["gadget.cat"]
	dir, root := install(b, files)
	took := takeTurns(b,
		&rival{name: "parse", run: func() {
			if c, err := catalog.Parse(cat); err != nil || len(c.Members) < 50000 {
				b.Fatal(err)
			}
		}},
		&rival{name: "walk", run: func() {
			if n := walk(cat); n < 50000 {
				b.Fatalf("%d elements", n)
			}
		}},
		command(b, "prestage", []int{0}, program(b), checkArgs(root, dir)...),
	)
	ratio(b, took["parse"], took["walk"], "x-walk")
	milliseconds(b, took["parse"], "parse-ms")
	milliseconds(b, took["prestage"], "check-ms")
}

// walk visits every element of a DER encoding without copying, and counts
// them.
func walk(der cryptobyte.String) (n int) {
	for !der.Empty() {
		var contents cryptobyte.String
		var tag asn1.Tag
		if !der.ReadAnyASN1(&contents, &tag) {
			return n
		}
		n++
		if tag&0x20 != 0 {
			n += walk(contents)
		}
	}
	return n
}

// BenchmarkPeersStart: the price of a process, and of the ordinary package of
// an INF, a driver and a catalog.
func BenchmarkPeersStart(b *testing.B) {
	dir, root := install(b, signtest.NewPackage().Build())
	prestage := program(b)
	rivals := []*rival{
		command(b, "version", []int{0}, prestage, "version"),
		command(b, "check", []int{0}, prestage, checkArgs(root, dir)...),
	}
	if path := lookPath("true"); path != "" {
		rivals = append(rivals, command(b, "true", []int{0}, path))
	}
	took := takeTurns(b, rivals...)
	milliseconds(b, took["version"], "version-ms")
	milliseconds(b, took["check"], "check-ms")
	if nothing := took["true"]; nothing > 0 {
		milliseconds(b, nothing, "true-ms")
	}
	if kib := peakMemory(b, prestage, checkArgs(root, dir)...); kib > 0 {
		b.ReportMetric(float64(kib)/1024, "MiB-resident")
	}
}
