package catalog_test

import (
	"bytes"
	"crypto"
	"errors"
	"path"
	"testing"

	"prestage/authenticode/signtest"
	"prestage/catalog"
)

// These tests read what signtest wrote: another encoder, and signed.

func signed(version int, change func(*signtest.Catalog)) []byte {
	c := signtest.Catalog{
		Version: version,
		Members: []signtest.Member{
			{Data: []byte("[Version]\r\n"), File: "foo.inf", OSAttr: "2:6.1,2:10.0"},
			{Data: signtest.NewDriver(signtest.MachineAMD64, "foo"), File: "foo.sys", PageHashes: true},
		},
		OSAttr: "2:10.0",
	}
	if change != nil {
		change(&c)
	}
	return c.Sign(signtest.Commercial(nil).Signer())
}

func TestSignedCatalogs(t *testing.T) {
	inf := "[Version]\r\n"
	for _, test := range []struct {
		name      string
		version   int
		members   int
		change    func(*signtest.Catalog)
		disorder  bool
		sha1      catalog.By // how the INF is found by that digest
		sha256    catalog.By
		unusables int
	}{
		{name: "version 1", version: 1, members: 2, sha1: catalog.ByTag | catalog.ByIndirect},
		{name: "version 2", version: 2, members: 4, sha1: catalog.ByTag, sha256: catalog.ByTag | catalog.ByIndirect},
		{name: "indirect data for SHA-1 too", version: 2, members: 4, sha1: catalog.ByTag | catalog.ByIndirect, sha256: catalog.ByTag | catalog.ByIndirect,
			change: func(c *signtest.Catalog) { c.Members[0].AlwaysIndirect = true }},
		{name: "no indirect data", version: 1, members: 2, sha1: catalog.ByTag,
			change: func(c *signtest.Catalog) { c.Members[0].NoIndirect = true }},
		{name: "reference tag", version: 1, members: 2, sha1: catalog.ByIndirect,
			change: func(c *signtest.Catalog) { c.Members[0].TextTag = "the INF" }},
		{name: "mixed members", version: 1, members: 3, sha1: catalog.ByTag | catalog.ByIndirect, sha256: catalog.ByTag | catalog.ByIndirect,
			change: func(c *signtest.Catalog) { c.Members[0].Digests = []crypto.Hash{crypto.SHA1, crypto.SHA256} }},
		{name: "SHA-1 members only", version: 2, members: 3, sha1: catalog.ByTag,
			change: func(c *signtest.Catalog) { c.Members[0].Digests = []crypto.Hash{crypto.SHA1} }},
		{name: "tag contradicts digest", version: 1, members: 2, unusables: 1,
			change: func(c *signtest.Catalog) { c.Members[0].Digest = signtest.FlipLastBit }},
		{name: "members out of order of their tags", version: 2, members: 4, sha1: catalog.ByTag, sha256: catalog.ByTag | catalog.ByIndirect,
			change: func(c *signtest.Catalog) { c.KeepOrder = true }},
		{name: "attributes out of order", version: 2, members: 4, sha1: catalog.ByTag, sha256: catalog.ByTag | catalog.ByIndirect, disorder: true,
			change: func(c *signtest.Catalog) { c.Disorder = signtest.DisorderMemberAttributes }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := catalog.Parse(signed(test.version, test.change))
			if err != nil {
				t.Fatal(err)
			}
			if !c.Signed() || c.Signature.Problem != nil {
				t.Errorf("signed %v, problem %v", c.Signed(), c.Signature.Problem)
			}
			if c.Version != test.version || len(c.Members) != test.members || (c.Ordered != nil) != test.disorder || c.Duplicates != 0 {
				t.Errorf("version %d, %d members, ordered %v, %d duplicates", c.Version, len(c.Members), c.Ordered, c.Duplicates)
			}
			by1, _ := c.Match(sum1(inf))
			by256, _ := c.Match(sum256(inf))
			if by1.By != test.sha1 || by256.By != test.sha256 {
				t.Errorf("found by %v and %v, want %v and %v", by1.By, by256.By, test.sha1, test.sha256)
			}
			unusables, pageHashes := 0, 0
			for i := range c.Members {
				m := &c.Members[i]
				if m.Problem != nil {
					unusables++
				}
				if m.PageHashes != nil {
					pageHashes++
					if len(m.PageHashes.Entries()) < 2 {
						t.Errorf("%d page hashes", len(m.PageHashes.Entries()))
					}
				}
				if m.Kind != catalog.KindPE && m.Kind != catalog.KindFlat {
					t.Errorf("member is of kind %v", m.Kind)
				}
			}
			if unusables != test.unusables || pageHashes != 1 {
				t.Errorf("%d unusable members, %d with page hashes; want %d and 1", unusables, pageHashes, test.unusables)
			}
		})
	}
}

func TestVersionsOfWindowsOfSignedCatalogs(t *testing.T) {
	c, err := catalog.Parse(signed(2, nil))
	if err != nil {
		t.Fatal(err)
	}
	m, ok := c.Lookup(sum256("[Version]\r\n"))
	if !ok || m.File() != "foo.inf" || m.OSAttr() != "2:6.1,2:10.0" || len(c.OSAttr(m)) != 2 || len(c.OSAttr(nil)) != 1 {
		t.Errorf("member %+v: OSAttr %v, the catalog's %v", m, c.OSAttr(m), c.OSAttr(nil))
	}
}

// Whatever byte of the list is changed, the signature does not hold any more
// or the catalog cannot be read.
func TestFlippedBytesBreakTheSignature(t *testing.T) {
	file := signed(2, nil)
	c, err := catalog.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	start := bytes.Index(file, c.Signature.Content)
	if start < 0 {
		t.Fatal("the content is no part of the file")
	}
	readable := 0
	for i := range c.Signature.Content {
		changed := bytes.Clone(file)
		changed[start+i] ^= 1
		c, err := catalog.Parse(changed)
		if err != nil {
			continue
		}
		readable++
		if c.Signature.Problem == nil {
			t.Errorf("byte %d of the list changed, and the signature still holds", i)
		}
	}
	if readable == 0 {
		t.Error("no changed catalog was readable, nothing was tested")
	}
}

// sampleCatalogs are the catalogs of the packages in testdata.
func sampleCatalogs() map[string][]byte {
	files := make(map[string][]byte)
	for _, s := range signtest.Samples() {
		for name, file := range s.Build() {
			if path.Ext(name) == ".cat" {
				files[s.Name+"/"+name] = file
			}
		}
	}
	return files
}

func TestSamplePackages(t *testing.T) {
	catalogs := sampleCatalogs()
	if len(catalogs) < 20 {
		t.Fatalf("only %d sample catalogs", len(catalogs))
	}
	for name, file := range catalogs {
		t.Run(name, func(t *testing.T) {
			c, err := catalog.Parse(file)
			if path.Dir(name) == "catalog-lfs-pointer" {
				if !errors.Is(err, catalog.ErrLFSPointer) {
					t.Fatalf("got %v, want ErrLFSPointer", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, want := c.Signed(), path.Dir(name) != "unsigned-catalog"; got != want {
				t.Errorf("signed %v, want %v", got, want)
			}
			if got, want := c.Ordered == nil, path.Dir(name) != "catalog-out-of-order"; got != want {
				t.Errorf("ordered: %v", c.Ordered)
			}
			for i := range c.Members {
				if m := &c.Members[i]; (m.Problem != nil) != (path.Dir(name) == "tag-contradicts-digest" && m.Kind == catalog.KindPE) {
					t.Errorf("member %s: problem %v", m.TagText(), m.Problem)
				}
			}
		})
	}
}
