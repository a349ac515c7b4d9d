package catalog_test

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode"
	"prestage/authenticode/ctl"
	"prestage/catalog"
)

// parse parses a catalog that must be readable.
func parse(t *testing.T, l list) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse(l.file())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// one parses a catalog of one member.
func one(t *testing.T, version int, m []byte) (*catalog.Catalog, *catalog.Member) {
	t.Helper()
	c := parse(t, list{version: version, members: [][]byte{m}})
	return c, &c.Members[0]
}

func join(parts ...[][]byte) (all [][]byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestVersion2ListsEachFileTwice(t *testing.T) {
	c := parse(t, list{
		members:    join(driver("foo.sys", 0), driver("foo.inf", 2)),
		extensions: [][]byte{extension("OS", "_v100_X64"), extension("HWID1", `usb\vid_80ee&pid_cafe`)},
	})
	if c.Version != 2 || len(c.Members) != 4 || c.Signed() || c.Duplicates != 0 || c.Ordered != nil {
		t.Fatalf("version %d, %d members, signed %v, %d duplicates, ordered %v", c.Version, len(c.Members), c.Signed(), c.Duplicates, c.Ordered)
	}
	if got := fmt.Sprint(c.HashAlgorithms()); got != "[SHA-1 SHA-256]" {
		t.Errorf("hash algorithms %s", got)
	}
	if v, ok := c.Attribute("HWID1"); !ok || v != `usb\vid_80ee&pid_cafe` {
		t.Errorf("HWID1 %q, %v", v, ok)
	}
	if _, ok := c.Attribute("hwid1"); ok {
		t.Error("attribute was found in another case")
	}
	match, ok := c.Match(sum256("foo.sys"))
	if !ok || match.Algorithm != crypto.SHA256 || match.By != catalog.ByTag|catalog.ByIndirect {
		t.Fatalf("match by SHA-256: %+v, %v", match, ok)
	}
	m := match.Member
	if m.Kind != catalog.KindPE || m.File() != "foo.sys" || m.OSAttr() != "2:10.0" || m.DataType != authenticode.OIDPEImageData ||
		m.Problem != nil || m.PageHashes != nil {
		t.Errorf("member %+v", m)
	}
	if got, want := m.TagText(), strings.ToUpper(fmt.Sprintf("%x", sum256("foo.sys"))); got != want {
		t.Errorf("tag %s, want %s", got, want)
	}
	if !bytes.Equal(m.Sum(crypto.SHA256), sum256("foo.sys")) || m.Sum(crypto.SHA1) != nil || m.Sum(0) != nil {
		t.Errorf("sums %x, %x, %x", m.Sum(crypto.SHA256), m.Sum(crypto.SHA1), m.Sum(0))
	}
	match, ok = c.Match(sum1("foo.inf"))
	if !ok || match.Algorithm != crypto.SHA1 || match.By != catalog.ByTag || match.Member.Kind != catalog.KindFlat {
		t.Errorf("match by SHA-1: %+v, %v", match, ok)
	}
	if match.Member.DigestAlgorithm != 0 || match.Member.DataType != "" {
		t.Errorf("SHA-1 member has indirect data: %+v", match.Member)
	}
	if m, ok := c.Lookup(sum256("bar.sys")); ok || m != nil {
		t.Errorf("file that is no member was found: %+v", m)
	}
}

func TestVersion1TagIsTextOfTheDigest(t *testing.T) {
	sum := sum1("foo.inf")
	c, m := one(t, 1, member(hexTag(sum), info(guidFlat), text("File", "foo.inf"), flat(crypto.SHA1, sum)))
	if c.Version != 1 || m.Kind != catalog.KindFlat || m.DataType != authenticode.OIDCabData {
		t.Errorf("version %d, member %+v", c.Version, m)
	}
	if got, want := m.TagText(), strings.ToUpper(fmt.Sprintf("%x", sum)); got != want {
		t.Errorf("tag %s, want %s", got, want)
	}
	match, ok := c.Match(sum)
	if !ok || match.Algorithm != crypto.SHA1 || match.By != catalog.ByTag|catalog.ByIndirect || match.Member != m {
		t.Errorf("match %+v, %v", match, ok)
	}
	if got := fmt.Sprint(c.HashAlgorithms()); got != "[SHA-1]" {
		t.Errorf("hash algorithms %s", got)
	}
}

// L13: a version 1 catalog may have SHA-256 members beside its SHA-1 members.
func TestMixedMembersInVersion1(t *testing.T) {
	c := parse(t, list{version: 1, members: [][]byte{
		member(hexTag(sum1("foo")), info(guidFlat), flat(crypto.SHA1, sum1("foo"))),
		member(hexTag(sum256("foo")), info(guidFlat), flat(crypto.SHA256, sum256("foo"))),
	}})
	if got := fmt.Sprint(c.HashAlgorithms()); got != "[SHA-1 SHA-256]" {
		t.Errorf("hash algorithms %s", got)
	}
	for _, sum := range [][]byte{sum1("foo"), sum256("foo")} {
		if match, ok := c.Match(sum); !ok || match.By != catalog.ByTag|catalog.ByIndirect {
			t.Errorf("match by %x: %+v, %v", sum, match, ok)
		}
	}
}

func TestTags(t *testing.T) {
	sum := sum1("foo")
	upper := strings.ToUpper(fmt.Sprintf("%x", sum))
	const byTag, byIndirect, none = catalog.ByTag, catalog.ByIndirect, catalog.By(0)
	for _, test := range []struct {
		name     string
		version  int
		tag      []byte
		indirect bool // has SpcIndirectData with the SHA-1 of foo
		want     catalog.By
		text     string
	}{
		{"text with NUL", 1, le(upper + "\x00"), true, byTag | byIndirect, upper},
		{"text without NUL", 1, le(upper), true, byTag | byIndirect, upper},
		{"text in lower case", 1, le(strings.ToLower(upper) + "\x00"), true, byTag | byIndirect, strings.ToLower(upper)},
		{"text, no indirect data", 1, le(upper + "\x00"), false, byTag, upper},
		{"two NULs", 1, le(upper + "\x00\x00"), true, byIndirect, upper},
		{"a digit too few", 1, le(upper[1:] + "\x00"), true, byIndirect, upper[1:]},
		{"not a digit", 1, le(upper[1:] + "g\x00"), true, byIndirect, upper[1:] + "g"},
		{"not a digit, no indirect data", 1, le(upper[1:] + "g\x00"), false, none, upper[1:] + "g"},
		{"full-width digits", 1, le("\uff10" + upper[1:]), true, byIndirect, "\uff10" + upper[1:]},
		{"reference tag", 1, le("the driver\x00"), true, byIndirect, "the driver"},
		{"reference tag, no indirect data", 1, le("the driver\x00"), false, none, "the driver"},
		{"reference tag of twenty octets", 1, le("driver.inf"), false, none, "driver.inf"},
		{"octets in version 1", 1, sum, true, byIndirect, ""},
		{"octets in version 1, no indirect data", 1, sum, false, none, ""},
		{"ASCII digits", 1, []byte(upper), true, byIndirect, ""},
		{"empty", 1, nil, true, byIndirect, ""},
		{"octets", 2, sum, true, byTag | byIndirect, upper},
		{"octets, no indirect data", 2, sum, false, byTag, upper},
		{"an octet too few", 2, sum[1:], false, none, ""},
		{"text in version 2", 2, le(upper + "\x00"), true, byTag | byIndirect, upper},
		{"odd text in version 2", 2, []byte("driver"), false, none, ""},
	} {
		t.Run(fmt.Sprintf("v%d %s", test.version, test.name), func(t *testing.T) {
			attributes := [][]byte{text("File", "foo")}
			if test.indirect {
				attributes = append(attributes, flat(crypto.SHA1, sum))
			}
			c, m := one(t, test.version, member(test.tag, attributes...))
			if m.Problem != nil {
				t.Fatal(m.Problem)
			}
			match, ok := c.Match(sum)
			if match.By != test.want || ok != (test.want != none) {
				t.Errorf("match by %v (%v), want %v", match.By, ok, test.want)
			}
			if got := m.TagText(); test.text != "" && got != test.text {
				t.Errorf("tag text %q, want %q", got, test.text)
			}
		})
	}
}

// A member whose parts contradict each other matches by neither part, and
// bars the digests it claims for members after and before it.
func TestContradictionsNeverMatch(t *testing.T) {
	for _, test := range []struct {
		name      string
		version   int
		tag       []byte
		algorithm crypto.Hash
		digest    []byte
		wantCode  string
	}{
		{"version 1", 1, hexTag(sum1("good")), crypto.SHA1, sum1("evil"), "TRUST_E_BAD_DIGEST"},
		{"version 2", 2, sum256("good"), crypto.SHA256, sum256("evil"), "TRUST_E_BAD_DIGEST"},
		{"version 2 with text", 2, hexTag(sum1("good")), crypto.SHA1, sum1("evil"), "TRUST_E_BAD_DIGEST"},
		{"algorithms differ", 2, sum1("good"), crypto.SHA256, sum256("evil"), "TRUST_E_BAD_DIGEST"},
		{"algorithms differ, same file", 1, hexTag(sum1("good")), crypto.SHA256, sum256("good"), "TRUST_E_BAD_DIGEST"},
		{"digest of the wrong size", 2, sum256("good"), crypto.SHA256, sum1("good"), "TRUST_E_BAD_DIGEST"},
		{"digest of an unknown algorithm", 2, sum256("good"), crypto.MD5, sum256("good")[:16], "CRYPT_E_UNKNOWN_ALGO"},
		{"SHA-512, which Windows does not look up", 2, sum256("good"), crypto.SHA512, make([]byte, 64), "CRYPT_E_UNKNOWN_ALGO"},
	} {
		bad := member(test.tag, info2(2), flat(test.algorithm, test.digest))
		good := [][]byte{
			member(le("one"), flat(crypto.SHA1, sum1("good"))), member(le("two"), flat(crypto.SHA256, sum256("good"))),
			member(le("three"), flat(crypto.SHA1, sum1("evil"))), member(le("four"), flat(crypto.SHA256, sum256("evil"))),
		}
		for place, members := range map[string][][]byte{
			"alone":  {bad},
			"first":  append([][]byte{bad}, good...),
			"last":   append(good[:len(good):len(good)], bad),
			"middle": {good[0], good[1], bad, good[2], good[3]},
		} {
			t.Run(test.name+"/"+place, func(t *testing.T) {
				c := parse(t, list{version: test.version, members: members})
				problems := 0
				for i := range c.Members {
					m := &c.Members[i]
					if m.Problem == nil {
						continue
					}
					problems++
					if !strings.Contains(m.Problem.Error(), test.wantCode) {
						t.Errorf("problem %v, want %s", m.Problem, test.wantCode)
					}
					for _, sum := range [][]byte{m.TagDigest, m.Digest} {
						if found, ok := c.Lookup(sum); ok {
							t.Errorf("digest %x matches %s", sum, found.TagText())
						}
					}
				}
				if problems != 1 {
					t.Errorf("%d members have problems, want 1", problems)
				}
			})
		}
	}
}

// A digest of the wrong size must not be found as one of another algorithm.
func TestDigestOfTheWrongSizeIsNotOfAnotherAlgorithm(t *testing.T) {
	c, m := one(t, 1, member(le("reference tag"), flat(crypto.SHA256, sum1("foo"))))
	if _, ok := c.Lookup(sum1("foo")); ok || m.Problem == nil || m.DigestAlgorithm != 0 {
		t.Errorf("found %v, problem %v, algorithm %v", ok, m.Problem, m.DigestAlgorithm)
	}
}

func TestMalformedAttributesMakeOnlyTheirMemberUnusable(t *testing.T) {
	sum := sum256("foo")
	value := indirectValue(typeFlat, emptyLink, crypto.SHA256, sum)
	const (
		indirectOID = "1.3.6.1.4.1.311.2.1.4"
		nameOID     = "1.3.6.1.4.1.311.12.2.1"
		infoOID     = "1.3.6.1.4.1.311.12.2.2"
		info2OID    = "1.3.6.1.4.1.311.12.2.3"
	)
	trailing := func(b []byte) []byte { return append(b[:len(b):len(b)], 5, 0) }
	pageHashes := func(inner []byte) []byte {
		return indirect(typePE, seq([]byte{3, 2, 5, 0xa0}, der(0xa0, der(0xa1, octets(pageHashClass), octets(inner)))), crypto.SHA256, sum)
	}
	for _, test := range []struct {
		name       string
		attributes [][]byte
	}{
		{"indirect data without value", [][]byte{attribute(indirectOID)}},
		{"indirect data with two values", [][]byte{attribute(indirectOID, value, value)}},
		{"indirect data twice", [][]byte{attribute(indirectOID, value), attribute(indirectOID, value)}},
		{"indirect data is a SET", [][]byte{attribute(indirectOID, set())}},
		{"indirect data is empty", [][]byte{attribute(indirectOID, seq())}},
		{"indirect data has a third part", [][]byte{attribute(indirectOID, seq(seq(oid(typeFlat)), seq(seq(oid(digestOIDs[crypto.SHA256])), octets(sum)), seq()))}},
		{"indirect data without digest", [][]byte{attribute(indirectOID, seq(seq(oid(typeFlat)), seq(seq(oid(digestOIDs[crypto.SHA256])))))}},
		{"digest is no OCTET STRING", [][]byte{attribute(indirectOID, seq(seq(oid(typeFlat)), seq(seq(oid(digestOIDs[crypto.SHA256])), der(asn1.BIT_STRING, sum))))}},
		{"digest algorithm with two parameters", [][]byte{attribute(indirectOID, seq(seq(oid(typeFlat)), seq(seq(oid(digestOIDs[crypto.SHA256]), []byte{5, 0}, []byte{5, 0}), octets(sum))))}},
		{"data with two values", [][]byte{attribute(indirectOID, seq(seq(oid(typeFlat), emptyLink, emptyLink), seq(seq(oid(digestOIDs[crypto.SHA256])), octets(sum))))}},
		{"flat data with the value of an image", [][]byte{indirect(typeFlat, peImage, crypto.SHA256, sum)}},
		{"image data with the value of a flat file", [][]byte{indirect(typePE, emptyLink, crypto.SHA256, sum)}},
		{"link with two strings", [][]byte{indirect(typeFlat, der(0xa2, []byte{0x80, 0}, []byte{0x80, 0}), crypto.SHA256, sum)}},
		{"link of half a character", [][]byte{indirect(typeFlat, der(0xa2, []byte{0x80, 1, 'x'}), crypto.SHA256, sum)}},
		{"link of an unknown kind", [][]byte{indirect(typeFlat, der(0xa3, []byte{0x80, 0}), crypto.SHA256, sum)}},
		{"moniker without data", [][]byte{indirect(typeLink, der(0xa1, octets(pageHashClass)), crypto.SHA256, sum)}},
		{"page hashes are no SET", [][]byte{pageHashes(seq())}},
		{"page hashes without octets", [][]byte{pageHashes(set(seq(oid("1.3.6.1.4.1.311.2.3.2"), set())))}},
		{"page hashes cut off", [][]byte{pageHashes(set(seq(oid("1.3.6.1.4.1.311.2.3.2"), set(octets(make([]byte, 36)))))[:40])}},
		{"name/value is a SET", [][]byte{attribute(nameOID, set())}},
		{"name of half a character", [][]byte{attribute(nameOID, seq(der(30, []byte{0}), integer(plainFlags), octets(nil)))}},
		{"text of half a character", [][]byte{attribute(nameOID, nameValue("File", plainFlags, []byte("odd")))}},
		{"name/value without flags", [][]byte{attribute(nameOID, seq(bmp("File"), octets(nil)))}},
		{"flags of 33 bits", [][]byte{attribute(nameOID, nameValue("File", 1<<32, nil))}},
		{"name/value with a fourth part", [][]byte{attribute(nameOID, trailing(nameValue("File", plainFlags, nil)), seq())}},
		{"second name/value of an attribute", [][]byte{attribute(nameOID, nameValue("File", plainFlags, nil), seq())}},
		{"member information without version", [][]byte{attribute(infoOID, seq(bmp(guidFlat)))}},
		{"member information of two kinds", [][]byte{info(guidPE), info2(2)}},
		{"member information of a known and an unknown kind", [][]byte{info("{000C10F1-0000-0000-C000-000000000046}"), info2(2)}},
		{"member information of half a character", [][]byte{attribute(infoOID, seq(der(30, []byte{0}), integer(0x200)))}},
		{"kind 3", [][]byte{info2(3)}},
		{"kind with content", [][]byte{attribute(info2OID, []byte{0x80, 1, 0})}},
		{"kind without value", [][]byte{attribute(info2OID)}},
		{"two kinds", [][]byte{attribute(info2OID, []byte{0x80, 0}, []byte{0x81, 0})}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := parse(t, list{members: append(driver("good.sys", 0), member(sum, test.attributes...))})
			m := &c.Members[2]
			if m.Problem == nil || m.Problem.Code == 0 || m.Problem.Detail == "" {
				t.Fatalf("problem is %+v", m.Problem)
			}
			if _, ok := c.Lookup(sum); ok {
				t.Error("the member matches")
			}
			if found, ok := c.Lookup(sum256("good.sys")); !ok || found.File() != "good.sys" {
				t.Error("the other member does not match")
			}
			m.Attributes() // must not fail
		})
	}
}

var pageHashClass = []byte{0xa6, 0xb5, 0x86, 0xd5, 0xb4, 0xa1, 0x24, 0x66, 0xae, 0x05, 0xa2, 0x17, 0xda, 0x8e, 0x60, 0xd6}

func TestPageHashesAreKept(t *testing.T) {
	pages := append(append(make([]byte, 4), sum256("page")...), append([]byte{0, 0x10, 0, 0}, make([]byte, 32)...)...)
	moniker := func(oidText string, octetString []byte) []byte {
		return der(0xa1, octets(pageHashClass), octets(set(seq(oid(oidText), set(octets(octetString))))))
	}
	for _, test := range []struct {
		name, dataType, oid string
		value               []byte
		algorithm           crypto.Hash
		octets              []byte
	}{
		{"image", typePE, authenticode.OIDPageHashes2, seq([]byte{3, 2, 5, 0xa0}, der(0xa0, moniker(authenticode.OIDPageHashes2, pages))), crypto.SHA256, pages},
		{"cabinet", typeLink, authenticode.OIDEnhancedHash, moniker(authenticode.OIDEnhancedHash, sum256("cab")), 0, sum256("cab")},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, m := one(t, 2, member(sum256("foo"), info2(0), indirect(test.dataType, test.value, crypto.SHA256, sum256("foo"))))
			if m.Problem != nil {
				t.Fatal(m.Problem)
			}
			if p := m.PageHashes; p == nil || p.OID != test.oid || p.Algorithm != test.algorithm || !bytes.Equal(p.Octets, test.octets) {
				t.Errorf("page hashes %+v", p)
			}
			if _, ok := c.Lookup(sum256("foo")); !ok {
				t.Error("the member does not match")
			}
		})
	}
}

func TestKinds(t *testing.T) {
	for _, test := range []struct {
		name string
		info []byte
		want catalog.Kind
	}{
		{"none", text("File", "foo"), catalog.KindUnknown},
		{"PE", info(guidPE), catalog.KindPE},
		{"cabinet", info("{C689AABA-8E78-11D0-8C47-00C04FC295EE}"), catalog.KindCAB},
		{"flat", info(guidFlat), catalog.KindFlat},
		{"flat in lower case", info(strings.ToLower(guidFlat)), catalog.KindFlat},
		{"Windows Installer", info("{000C10F1-0000-0000-C000-000000000046}"), catalog.KindUnknown},
		{"no GUID", info(""), catalog.KindUnknown},
		{"2 PE", info2(0), catalog.KindPE},
		{"2 cabinet", info2(1), catalog.KindCAB},
		{"2 flat", info2(2), catalog.KindFlat},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, m := one(t, 2, member(sum256("foo"), test.info))
			if m.Kind != test.want || m.Problem != nil {
				t.Errorf("kind %v, problem %v; want %v", m.Kind, m.Problem, test.want)
			}
		})
	}
}

func TestKindSaidTwice(t *testing.T) {
	c, m := one(t, 2, member(sum256("foo"), info(guidFlat), info2(2)))
	if _, ok := c.Lookup(sum256("foo")); !ok || m.Kind != catalog.KindFlat || m.Problem != nil {
		t.Errorf("kind %v, problem %v, found %v", m.Kind, m.Problem, ok)
	}
}

func TestDuplicatesAreCountedAndTheFirstMatches(t *testing.T) {
	c := parse(t, list{members: [][]byte{
		member(sum256("foo"), text("File", "first")),
		member(sum256("bar"), text("File", "other")),
		member(sum256("foo"), text("File", "second"), flat(crypto.SHA256, sum256("foo"))),
		member(le("tag"), text("File", "third"), flat(crypto.SHA256, sum256("foo"))),
	}})
	if c.Duplicates != 2 {
		t.Errorf("%d duplicates, want 2", c.Duplicates)
	}
	if m, ok := c.Lookup(sum256("foo")); !ok || m.File() != "first" {
		t.Errorf("found %v, %v", m, ok)
	}
}

func TestSumsOfOtherLengthsNeverMatch(t *testing.T) {
	c := parse(t, list{members: driver("foo", 2)})
	for _, sum := range [][]byte{nil, {}, sum1("foo")[:19], append(sum1("foo"), 0), append(sum1("foo"), make([]byte, 12)...), append(sum256("foo"), 0), make([]byte, 64)} {
		if _, ok := c.Match(sum); ok {
			t.Errorf("%x matches", sum)
		}
	}
}

func TestEmptyCatalog(t *testing.T) {
	c := parse(t, list{})
	if len(c.Members) != 0 || c.HashAlgorithms() != nil || c.Attributes != nil {
		t.Errorf("empty catalog has %+v", c)
	}
	if _, ok := c.Lookup(sum1("")); ok {
		t.Error("empty catalog has a member")
	}
}

// A signature that does not hold is one all the same; a message without
// signers is not signed, though it has the form of a signed one (L12).
func TestSigned(t *testing.T) {
	algorithm := seq(oid(digestOIDs[crypto.SHA256]), []byte{5, 0})
	signer := seq(integer(1), seq(seq(), integer(7)), algorithm, seq(oid("1.2.840.113549.1.1.1"), []byte{5, 0}), octets(make([]byte, 256)))
	file := seq(oid("1.2.840.113549.1.7.2"), der(0xa0, seq(
		integer(1), set(algorithm), seq(oid("1.3.6.1.4.1.311.10.1"), der(0xa0, list{}.content())), set(signer),
	)))
	c, err := catalog.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Signed() || c.Signature.Problem == nil {
		t.Errorf("signed %v, problem %v; want a signature with a problem", c.Signed(), c.Signature.Problem)
	}
	if c := parse(t, list{}); c.Signed() || c.Signature == nil || c.Signature.Problem == nil {
		t.Error("message without signers counts as signed")
	}
	if (&catalog.Catalog{}).Signed() {
		t.Error("the zero catalog is signed")
	}
}

// Rule 63: the first SET OF out of order is named with its offset in the file.
func TestOrderedNamesTheOffsetInTheFile(t *testing.T) {
	first, second := info2(2), text("File", "foo.inf")
	if bytes.Compare(first, second) > 0 {
		t.Fatal("the test's attributes are not in order")
	}
	file := list{members: [][]byte{seq(octets(sum256("foo.inf")), set(second, first))}}.file()
	c, err := catalog.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	var format *ctl.FormatError
	if !errors.As(c.Ordered, &format) || !errors.Is(c.Ordered, ctl.ErrOrder) {
		t.Fatalf("ordered: %v", c.Ordered)
	}
	if want := bytes.Index(file, first); format.Offset != want {
		t.Errorf("offset %d, want %d", format.Offset, want)
	}

	// The sets around the content count as well.
	sha1, sha256 := seq(oid(digestOIDs[crypto.SHA1]), []byte{5, 0}), seq(oid(digestOIDs[crypto.SHA256]), []byte{5, 0})
	file = seq(oid("1.2.840.113549.1.7.2"), der(0xa0, seq(
		integer(1), set(sha256, sha1), seq(oid("1.3.6.1.4.1.311.10.1"), der(0xa0, list{}.content())), set(),
	)))
	if c, err := catalog.Parse(file); err != nil || c.Ordered == nil {
		t.Errorf("digest algorithms out of order: catalog %v, error %v", c, err)
	}
}

func TestBrokenCatalogs(t *testing.T) {
	replace := func(l list, old, new []byte) []byte {
		file := l.file()
		if !bytes.Contains(file, old) || len(old) != len(new) {
			t.Fatal("the test replaces nothing")
		}
		return bytes.Replace(file, old, new, 1)
	}
	critical := func(dotted string) []byte {
		return seq(oid(dotted), der(asn1.BOOLEAN, []byte{0xff}), octets(nameValue("OS", plainFlags, le("x"))))
	}
	whole := list{members: driver("foo", 2)}
	for _, test := range []struct {
		name string
		file []byte
		want error // nil: any
	}{
		{"unknown subject algorithm", list{subjectAlgorithm: "1.3.14.3.2.26"}.file(), catalog.ErrVersion},
		{"unknown critical extension", list{extensions: [][]byte{critical("1.2.3")}}.file(), catalog.ErrCriticalExtension},
		{"malformed name/value", list{extensions: [][]byte{seq(oid("1.3.6.1.4.1.311.12.2.1"), octets(seq()))}}.file(), nil},
		{"octets after the message", append(whole.file(), 0, 0, 1), catalog.ErrTrailing},
		{"another catalog after the message", append(whole.file(), whole.file()...), catalog.ErrTrailing},
		// The digest of a signature is over the octets without the tag, so that
		// this change alone breaks no signature.
		{"list tagged as OCTET STRING", message("1.3.6.1.4.1.311.10.1", append([]byte{4}, list{}.content()[1:]...)), nil},
		{"list inside an OCTET STRING", message("1.3.6.1.4.1.311.10.1", octets(list{}.content())), nil},
		{"no list at all", message("1.3.6.1.4.1.311.10.1", nil), nil},
		{"list is empty", message("1.3.6.1.4.1.311.10.1", seq()), ctl.ErrMalformed},
		{"attribute is a SET", list{members: [][]byte{seq(octets(sum1("foo")), set(set()))}}.file(), ctl.ErrMalformed},
		{"no date", replace(whole, []byte("230308195900Z"), []byte("239908195900Z")), ctl.ErrMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := catalog.Parse(test.file)
			if err == nil || c != nil {
				t.Fatalf("catalog %v, error %v", c, err)
			}
			if errors.Is(err, catalog.ErrNotCatalog) {
				t.Errorf("%v, though it is a catalog", err)
			}
			if test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	known := list{extensions: [][]byte{critical("1.3.6.1.4.1.311.12.2.1"), seq(oid("1.2.3"), octets(nil))}}
	if c, err := catalog.Parse(known.file()); err != nil || len(c.Attributes) != 1 {
		t.Errorf("a critical extension that is known, and one of no matter: %v", err)
	}
}

func TestZeroPaddingIsCounted(t *testing.T) {
	c, err := catalog.Parse(append(list{}.file(), 0, 0, 0))
	if err != nil || c.Padding != 3 {
		t.Fatalf("catalog %+v, error %v", c, err)
	}
}

// The offset of an error is one in the file where the content stands in the
// file as it is, and says so where it does not.
func TestErrorsNameThePositionInTheFile(t *testing.T) {
	l := list{members: [][]byte{seq(octets(sum1("foo")), set(set()))}}
	file := l.file()
	_, err := catalog.Parse(file)
	var format *ctl.FormatError
	if !errors.As(err, &format) || format.Offset != bytes.Index(file, set(set()))+2 {
		t.Errorf("got %v, want the offset of the attribute", err)
	}

	// The same in indefinite lengths, which have to be converted first.
	indefinite := func(tag byte, parts ...[]byte) []byte {
		return append(append([]byte{tag, 0x80}, bytes.Join(parts, nil)...), 0, 0)
	}
	file = indefinite(0x30, oid("1.2.840.113549.1.7.2"), indefinite(0xa0, indefinite(0x30,
		integer(1), set(), indefinite(0x30, oid("1.3.6.1.4.1.311.10.1"), indefinite(0xa0, l.content())), set())))
	if _, err = catalog.Parse(file); err == nil || !strings.Contains(err.Error(), "content offset") {
		t.Errorf("got %v, want an offset within the content", err)
	}
	c, err := catalog.Parse(bytes.Replace(file, l.content(), list{members: driver("foo", 2)}.content(), 1))
	if err != nil || len(c.Members) != 2 || c.Ordered == nil {
		t.Errorf("catalog in indefinite lengths: %v, error %v; want one that is not in DER", c, err)
	}
}

// No prefix of a catalog is one.
func TestTruncatedCatalogs(t *testing.T) {
	file := list{version: 1, members: driver("foo", 0), extensions: [][]byte{extension("OS", "x")}}.file()
	for n := range file {
		if c, err := catalog.Parse(file[:n:n]); err == nil || c != nil {
			t.Fatalf("first %d of %d bytes: catalog %v, error %v", n, len(file), c, err)
		}
	}
}

// Changing any one byte of a catalog must never make it match another file by
// a digest that was not in it, nor change which file a member is for without
// the bytes of its digest having changed.
func TestFlippedBytesFindNothingNew(t *testing.T) {
	file := list{members: driver("foo", 0)}.file()
	strange := [][]byte{sum1("bar"), sum256("bar"), make([]byte, 20), make([]byte, 32)}
	for i := range file {
		for bit := range 8 {
			changed := bytes.Clone(file)
			changed[i] ^= 1 << bit
			c, err := catalog.Parse(changed)
			if err != nil {
				continue
			}
			for _, sum := range strange {
				if _, ok := c.Lookup(sum); ok {
					t.Errorf("bit %d of byte %d: %x matches", bit, i, sum)
				}
			}
			for _, sum := range [][]byte{sum1("foo"), sum256("foo")} {
				if m, ok := c.Lookup(sum); ok && !bytes.Contains(changed, sum) {
					t.Errorf("bit %d of byte %d: %s matches a digest that is gone", bit, i, m.TagText())
				}
			}
		}
	}
}

// Memory and time are those of the list, not of its members: reading one more
// member allocates nothing of its own.
func TestParsingAllocatesNothingPerMember(t *testing.T) {
	for version := 1; version <= 2; version++ {
		allocs := func(members int) float64 {
			file := bigCatalog(version, members)
			return testing.AllocsPerRun(3, func() {
				if _, err := catalog.Parse(file); err != nil {
					t.Fatal(err)
				}
			})
		}
		if few, many := allocs(100), allocs(10000); many > few+200 {
			t.Errorf("version %d: %v allocations for 100 members, %v for 10,000", version, few, many)
		}
	}
	c := parse(t, list{members: driver("foo", 0)})
	sum := sum256("foo")
	if n := testing.AllocsPerRun(10, func() { c.Lookup(sum) }); n != 0 {
		t.Errorf("looking up allocates %v times", n)
	}
}

func TestZeroValuesAreUnknown(t *testing.T) {
	if k := catalog.Kind(0); k != catalog.KindUnknown || k.String() != "unknown" {
		t.Errorf("zero kind is %v", k)
	}
	if b := catalog.By(0); b.String() != "unknown" {
		t.Errorf("zero way of matching is %v", b)
	}
	seen := make(map[string]bool)
	for _, s := range []fmt.Stringer{catalog.KindPE, catalog.KindCAB, catalog.KindFlat, catalog.ByTag, catalog.ByIndirect, catalog.ByTag | catalog.ByIndirect} {
		if text := s.String(); text == "unknown" || seen[text] {
			t.Errorf("%#v is %q", s, text)
		} else {
			seen[text] = true
		}
	}
	if catalog.Kind(200).String() != "unknown" || catalog.By(200).String() != "unknown" {
		t.Error("values outside of the enumeration have names")
	}
}
