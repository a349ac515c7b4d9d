package catalog_test

import (
	"bytes"
	"testing"

	"prestage/catalog"
)

func TestAttributeValues(t *testing.T) {
	for _, test := range []struct {
		name  string
		flags int64
		value []byte
		want  string
	}{
		{"text with NUL", 0x10010001, le("foo.sys\x00"), "foo.sys"},
		{"text without NUL", 0x10010001, le("foo.sys"), "foo.sys"},
		{"text after the NUL is not part of it", 0x10010001, le("2:6.1\x00,2:10.0\x00"), "2:6.1"},
		{"inbox flags", 0x00010001, le("TRUSTED\x00"), "TRUSTED"},
		{"no flags at all", 0, le("x\x00"), "x"},
		{"empty", 0x10010001, nil, ""},
		{"outside of the BMP", 0x10010001, le("a\U0001f600b\x00"), "a\U0001f600b"},
		{"half a surrogate pair", 0x10010001, []byte{'a', 0, 0x00, 0xd8, 'b', 0}, "a\ufffdb"},
		{"octets that are text", 0x10020001, []byte("unsigned.msi"), "unsigned.msi"},
		{"octets that are not", 0x10020001, []byte{0xff, 0x00, 0x01}, "/wAB"},
		{"octets with NULs", 0x10020001, le("2:10.0\x00"), "MgA6ADEAMAAuADAAAAA="},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, m := one(t, 2, member(sum256("foo"), attribute("1.3.6.1.4.1.311.12.2.1", nameValue("Näme", test.flags, test.value))))
			if m.Problem != nil {
				t.Fatal(m.Problem)
			}
			attributes := m.Attributes()
			if len(attributes) != 1 {
				t.Fatalf("%d attributes", len(attributes))
			}
			a := attributes[0]
			if a.Name != "Näme" || a.Value != test.want || a.Flags != uint32(test.flags) || !bytes.Equal(a.Octets, test.value) {
				t.Errorf("got %+v, want the value %q", a, test.want)
			}
		})
	}
}

func TestFlagsWithTheHighestBit(t *testing.T) {
	for _, flags := range []int64{0x90010001, 0x90010001 - 1<<32} {
		_, m := one(t, 2, member(sum256("foo"), attribute("1.3.6.1.4.1.311.12.2.1", nameValue("x", flags, le("y")))))
		if a := m.Attributes(); len(a) != 1 || a[0].Flags != 0x90010001 {
			t.Errorf("%#x: got %+v", flags, a)
		}
	}
}

func TestFlagsDoNotOverlap(t *testing.T) {
	var all uint32
	for _, f := range []uint32{catalog.FlagAuthenticated, catalog.FlagUnauthenticated, catalog.FlagNoSHA1Copy,
		catalog.FlagText, catalog.FlagBase64, catalog.FlagNameValue, catalog.FlagOID} {
		if f == 0 || all&f != 0 {
			t.Errorf("flag %#x overlaps", f)
		}
		all |= f
	}
}

func TestAttributeFindsTheFirstOfAName(t *testing.T) {
	m1 := attribute("1.3.6.1.4.1.311.12.2.1",
		nameValue("File", plainFlags, le("a\x00")), nameValue("File", plainFlags, le("b\x00")))
	_, m := one(t, 2, member(sum256("foo"), m1, text("Fil", "no"), text("Files", "no")))
	if m.File() != "a" {
		t.Errorf("file %q, want a", m.File())
	}
	if v, ok := m.Attribute("OSAttr"); ok || v != "" {
		t.Errorf("attribute that is not there: %q", v)
	}
	if v, ok := m.Attribute("file"); ok || v != "" {
		t.Errorf("attribute in another case: %q", v)
	}
}
