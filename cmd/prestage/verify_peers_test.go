package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prestage/authenticode/signtest"
)

// verifyArgs are those of a verification at the clock of all tests.
func verifyArgs(root string, more ...string) []string {
	return append([]string{"verify", "/pa", "--at", "2026-11-20T12:00:00Z", "--root", root}, more...)
}

// systemRoots is where Debian keeps the roots that osslsigncode reads when
// nobody names others.
const systemRoots = "/etc/ssl/certs/ca-certificates.crt"

// BenchmarkPeersVerifyImage: one signed image of 1 MB. The promise is a tenth
// of osslsigncode's time. Both know a system's roots besides the one that
// vouches for the image; that osslsigncode is much faster when it is given no
// other root is reported too.
func BenchmarkPeersVerifyImage(b *testing.B) {
	dir := b.TempDir()
	h := signtest.Commercial(nil)
	image := signtest.PE{Sections: []signtest.Section{{Name: ".data", Data: bytes.Repeat([]byte("0123456789abcdef"), 1<<20/16)}}}.Encode()
	path, root := filepath.Join(dir, "image.sys"), filepath.Join(dir, "root.pem")
	for name, data := range map[string][]byte{path: signtest.SignPE(image, signtest.AttackSigner()), root: h.Root.PEM()} {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	rivals := []*rival{command(b, "prestage", []int{0}, program(b), verifyArgs(root, path)...)}
	if osslsigncode := lookPath("osslsigncode"); osslsigncode != "" {
		peer := func(name, roots string) *rival {
			return command(b, name, []int{0}, osslsigncode, "verify", "-CAfile", roots, "-TSA-CAfile", roots, "-in", path)
		}
		rivals = append(rivals, peer("one root", root))
		if system, err := os.ReadFile(systemRoots); err == nil {
			roots := filepath.Join(dir, "roots.pem")
			if err := os.WriteFile(roots, append(h.Root.PEM(), system...), 0o644); err != nil {
				b.Fatal(err)
			}
			rivals = append(rivals, peer("osslsigncode", roots))
		}
	}
	took := takeTurns(b, rivals...)
	milliseconds(b, took["prestage"], "ms")
	if other := took["osslsigncode"]; other > 0 {
		milliseconds(b, other, "ms-osslsigncode")
		ratio(b, took["prestage"], other, "x-osslsigncode")
	}
	if other := took["one root"]; other > 0 {
		ratio(b, took["prestage"], other, "x-osslsigncode-with-one-root")
	}
}

// BenchmarkPeersVerifyCatalog: 1,000 images of 20 KB against one catalog. The
// promise is at most three times sha256sum.
func BenchmarkPeersVerifyCatalog(b *testing.B) {
	p := signtest.NewPackage()
	for i := range 1000 {
		name := fmt.Sprintf("file%04d.sys", i)
		p.Payload[name] = signtest.PE{Content: name + strings.Repeat(string(rune('a'+i%26)), 18<<10)}.Encode()
	}
	files := p.Build()
	dir, root := install(b, files)
	var paths []string
	for _, name := range files.Paths() {
		if filepath.Ext(name) != ".cat" {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	args := verifyArgs(root, append([]string{"/c", filepath.Join(dir, "gadget.cat")}, paths...)...)
	rivals := []*rival{command(b, "prestage", []int{0}, program(b), args...)}
	if sha256sum := lookPath("sha256sum"); sha256sum != "" {
		rivals = append(rivals, command(b, "sha256sum", []int{0}, sha256sum, paths...))
	}
	took := takeTurns(b, rivals...)
	milliseconds(b, took["prestage"], "ms")
	if sum := took["sha256sum"]; sum > 0 {
		ratio(b, took["prestage"], sum, "x-sha256sum")
	}
}
