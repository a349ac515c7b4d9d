package catalog_test

import (
	"bytes"
	"crypto"
	"testing"

	"prestage/catalog"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(list{}.file())
	f.Add(list{members: join(driver("foo.sys", 0), driver("foo.inf", 2)), extensions: [][]byte{extension("OSAttr", "2:10.0")}}.file())
	f.Add(list{version: 1, members: [][]byte{
		member(hexTag(sum1("foo")), info(guidPE), text("File", "foo"), indirect(typePE, peImage, crypto.SHA1, sum1("foo"))),
		member(hexTag(sum1("bar")), info(guidFlat), flat(crypto.SHA1, sum1("foo"))),
		member(le("tag"), flat(crypto.SHA256, sum256("bar"))),
	}}.file())
	f.Add(list{members: [][]byte{
		member(sum256("foo"), indirect(typeLink, der(0xa1, octets(pageHashClass),
			octets(set(seq(oid("1.3.6.1.4.1.311.2.5.1"), set(octets(sum256("x"))))))), crypto.SHA256, sum256("foo"))),
	}}.file())
	f.Add(list{usage: "1.3.6.1.4.1.311.10.3.9"}.file())
	for _, file := range sampleCatalogs() {
		f.Add(file)
	}
	f.Add([]byte("version https://git-lfs.github.com/spec/v1\n"))

	f.Fuzz(func(t *testing.T, file []byte) {
		before := bytes.Clone(file)
		c, err := catalog.Parse(file)
		if !bytes.Equal(before, file) {
			t.Fatal("input was changed")
		}
		if err != nil {
			if c != nil {
				t.Fatal("catalog beside an error")
			}
			_ = err.Error()
			return
		}
		if c.Version != 1 && c.Version != 2 || c.Signature == nil || c.Signed() != (c.Signature.SignerCount > 0) {
			t.Fatalf("version %d, signature %v", c.Version, c.Signature)
		}
		for i := range c.Members {
			checkMember(t, c, &c.Members[i])
		}
		c.OSAttr(nil)
		c.HashAlgorithms()
	})
}

// checkMember asserts what holds for every member of any catalog.
func checkMember(t *testing.T, c *catalog.Catalog, m *catalog.Member) {
	if m.TagAlgorithm != 0 && len(m.TagDigest) != m.TagAlgorithm.Size() || m.DigestAlgorithm != 0 && len(m.Digest) != m.DigestAlgorithm.Size() {
		t.Fatal("digest has not the size of its algorithm")
	}
	for _, sum := range [][]byte{m.TagDigest, m.Digest} {
		match, ok := c.Match(sum)
		if !ok {
			continue
		}
		if m.Problem != nil || match.Member.Problem != nil {
			t.Fatalf("a digest of the unusable member %s matches", m.TagText())
		}
		if match.By == 0 || match.Algorithm == 0 {
			t.Fatalf("match %+v says not how", match)
		}
		found := match.Member
		if found.DigestAlgorithm != 0 && !bytes.Equal(found.Digest, sum) {
			t.Fatal("member matches by its tag in spite of its indirect data")
		}
	}
	m.TagText()
	m.File()
	c.OSAttr(m)
	if len(m.Attributes()) > len(m.Tag)+1<<16 {
		t.Fatal("more attributes than a member can have")
	}
}

func FuzzParseOSAttr(f *testing.F) {
	for _, s := range []string{"", "2:10.0", "2:5.1,2:5.2", "2:5.x", "6.1", "2:5.00,", "junk"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		versions, err := catalog.ParseOSAttr(s)
		if err != nil && versions != nil {
			t.Fatal("versions beside an error")
		}
		text := ""
		for _, v := range versions {
			if v.Platform < 1 || !v.Covers(v.Platform, v.Major, v.Minor) {
				t.Fatalf("version %+v", v)
			}
			text += v.String() + ","
		}
		again, err := catalog.ParseOSAttr(text)
		if err != nil || len(again) != len(versions) {
			t.Fatalf("%q reads as %v, %v", text, again, err)
		}
		for i := range again {
			if again[i] != versions[i] {
				t.Fatalf("%v became %v", versions[i], again[i])
			}
		}
	})
}
