package signtest

import (
	"bytes"
	"crypto"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"
)

// Package describes a driver package. [NewPackage] makes a complete, valid
// one; a test changes what it is about and calls [Package.Build].
type Package struct {
	INFs []INF
	// Payload are the other files by path, forward slashes.
	Payload map[string][]byte

	// CatalogPath is where the catalog goes; empty: there is no catalog.
	CatalogPath string
	// Catalog is the description of the catalog. Build adds a member for
	// each INF and each file of the payload.
	Catalog Catalog
	// NotListed are paths that get no member.
	NotListed []string
	// Member edits each member that Build adds.
	Member func(path string, m *Member)
	// Signers sign the catalog; none: it stays unsigned.
	Signers []Signer

	// Alter changes the finished package, after it was signed.
	Alter func(Files)
}

// Files is a finished package: contents by path, forward slashes.
type Files map[string][]byte

// NewPackage describes a valid package: gadget.inf, gadget.sys for AMD64 and
// gadget.cat of version 2, signed by the leaf of [Commercial] with an RFC 3161
// time stamp from [TimeStampingUnder] the same root.
func NewPackage() *Package {
	h := Commercial(nil)
	return &Package{
		INFs:        []INF{{Name: "gadget.inf", Catalog: "gadget.cat", Driver: "gadget.sys"}},
		Payload:     map[string][]byte{"gadget.sys": NewDriver(MachineAMD64, "Fabrikam Gadget")},
		CatalogPath: "gadget.cat",
		Catalog: Catalog{
			OSAttr:     "2:6.1,2:6.2,2:6.3,2:10.0",
			Attributes: []NameValue{{Name: "HWID1", Value: `usb\vid_1209&pid_f00d`}},
		},
		Signers: []Signer{h.Signer().Stamped(TimeStampingUnder(h.Root, nil).Stamp())},
	}
}

// SignedBy replaces the signers of the catalog.
func (p *Package) SignedBy(signers ...Signer) *Package {
	p.Signers = signers
	return p
}

// Build makes the files.
func (p *Package) Build() Files {
	files := Files(maps.Clone(p.Payload))
	if files == nil {
		files = make(Files)
	}
	for _, inf := range p.INFs {
		files[inf.Name] = inf.Bytes()
	}
	if p.CatalogPath != "" {
		files[p.CatalogPath] = p.catalog(files)
	}
	if p.Alter != nil {
		before := maps.Clone(files)
		for path, b := range before {
			files[path] = bytes.Clone(b)
		}
		p.Alter(files)
		if maps.EqualFunc(before, files, bytes.Equal) {
			panic("signtest: Alter changed nothing")
		}
	}
	return files
}

func (p *Package) catalog(files Files) []byte {
	c := p.Catalog
	c.Members = slices.Clone(c.Members)
	for _, path := range files.Paths() {
		if slices.Contains(p.NotListed, path) {
			continue
		}
		m := Member{Data: files[path], File: path[strings.LastIndex(path, "/")+1:]}
		if p.Member != nil {
			p.Member(path, &m)
		}
		c.Members = append(c.Members, m)
	}
	for _, path := range p.NotListed {
		if _, ok := files[path]; !ok {
			panic(fmt.Sprintf("signtest: %s is not in the package, so it cannot be left unlisted", path))
		}
	}
	return c.Sign(p.Signers...)
}

// Paths lists the files in order.
func (f Files) Paths() []string { return slices.Sorted(maps.Keys(f)) }

// FS is the package as a file system.
func (f Files) FS() fs.FS {
	m := make(fstest.MapFS)
	for path, b := range f {
		m[path] = &fstest.MapFile{Data: b, Mode: 0o644}
	}
	return m
}

// WriteTo writes the package into a folder, which it makes if need be. A path
// that leaves the folder is an error.
func (f Files) WriteTo(folder string) error {
	for _, path := range f.Paths() {
		local, err := filepath.Localize(path)
		if err != nil {
			return fmt.Errorf("signtest: %q: %w", path, err)
		}
		name := filepath.Join(folder, local)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f[path], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// FlipBit is an alteration for [Package.Alter]: one bit of one file, counted
// from the start of the file, or from its end when at is negative.
func FlipBit(path string, at int) func(Files) {
	return func(f Files) {
		b, ok := f[path]
		if !ok {
			panic("signtest: the package has no " + path)
		}
		if at < 0 {
			at += len(b)
		}
		b[at] ^= 1
	}
}

// LFEndings is an alteration: CRLF becomes LF, as git does to text files.
func LFEndings(path string) func(Files) {
	return func(f Files) { f[path] = bytes.ReplaceAll(f[path], []byte("\r\n"), []byte("\n")) }
}

// Remove is an alteration: the file is not there.
func Remove(path string) func(Files) { return func(f Files) { delete(f, path) } }

// LFSPointer is an alteration: the file is replaced by the text that Git LFS
// leaves in a checkout without its contents (L10).
func LFSPointer(path string) func(Files) {
	return func(f Files) {
		f[path] = fmt.Appendf(nil, "version https://git-lfs.github.com/spec/v1\noid sha256:%x\nsize %d\n",
			sum(crypto.SHA256, f[path]), len(f[path]))
	}
}
