package catalog_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"prestage/catalog"
)

func TestParseOSAttr(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"2:10.0", "[2:10.0]"},
		{"2:6.0", "[2:6.0]"},
		{"2:5.1,2:5.2,2:6.0,2:6.1", "[2:5.1 2:5.2 2:6.0 2:6.1]"},
		{"2:10.0,2:6.3,2:6.2", "[2:10.0 2:6.3 2:6.2]"},
		{"2:5.00,2:5.1", "[2:5.0 2:5.1]"},
		{"1:4.10,2:5.0", "[1:4.10 2:5.0]"},
		{"2:6.1,6.2,10.0", "[2:6.1 2:6.2 2:10.0]"}, // rule 85
		{"1:4.0,5.0", "[1:4.0 2:5.0]"},             // the platform is not that of the element before
		{"2:5.x,2:4.X", "[2:5.x 2:4.x]"},           // rule 86
		{" 2:6.1 ,\t2:6.2", "[2:6.1 2:6.2]"},
		{"2:6.1,,2:6.2,", "[2:6.1 2:6.2]"},
		{"", "[]"},
		{"3:1.0", "[3:1.0]"},
	} {
		got, err := catalog.ParseOSAttr(test.in)
		if s := fmt.Sprint(got); err != nil || s != test.want {
			t.Errorf("%q: got %s, %v; want %s", test.in, s, err, test.want)
		}
	}
}

func TestMalformedOSAttr(t *testing.T) {
	for _, test := range []struct {
		in     string
		offset int
	}{
		{"x", 0}, {"2", 0}, {"2:10", 0}, {"2:.0", 0}, {"2:10.", 0}, {"10.0.0", 0}, {"2:10.0.0", 0}, {":10.0", 0},
		{"0:10.0", 0}, {"2:x.0", 0}, {"2:x.x", 0}, {"x:10.0", 0}, {"2:-1.0", 0}, {"2:+6.1", 0}, {"2: 6.1", 0}, {"2:0x6.1", 0},
		{"2:6.65536", 0}, {"2:99999999999999999999.0", 0}, {"2:6.1;2:6.2", 0}, {"2:6.1 2:6.2", 0}, {"2:٦.١", 0},
		{"2:10.0,2:6.xx", 7}, {"2:10.0,junk,2:6.1", 7}, {"2:2:10.0", 0}, {"2:10.0\x00", 0},
	} {
		got, err := catalog.ParseOSAttr(test.in)
		if err == nil || got != nil {
			t.Errorf("%q: got %v, %v; want an error", test.in, got, err)
		} else if want := fmt.Sprintf("offset %d:", test.offset); !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", test.in, err, want)
		}
	}
	if _, err := catalog.ParseOSAttr(strings.Repeat("2:6.1,", 257)); !errors.Is(err, catalog.ErrTooManyOSVersions) {
		t.Errorf("257 elements: %v", err)
	}
}

// Many attributes that are joined must not cost more than reading them.
func TestEndlessOSAttr(t *testing.T) {
	long := strings.Repeat(" ", 4000)
	if _, err := catalog.ParseOSAttr(long + long + long); !errors.Is(err, catalog.ErrOSAttrTooLong) {
		t.Errorf("12,000 blanks: %v", err)
	}
	l := list{members: [][]byte{member(sum256("foo"), text("OSAttr", "2:10.0"), attribute("1.3.6.1.4.1.311.12.2.1",
		bytes.Repeat(nameValue("OSAttr", plainFlags, le("2:10.0")), 20000)))}}
	for range 20000 {
		l.extensions = append(l.extensions, extension("OSAttr", "2:10.0 "))
	}
	c := parse(t, l)
	if got := c.OSAttr(nil); got != nil {
		t.Errorf("catalog: %d versions", len(got))
	}
	m := &c.Members[0]
	if got := c.OSAttr(m); got != nil || len(m.OSAttr()) > 10000 {
		t.Errorf("member: %d versions of %d bytes", len(got), len(m.OSAttr()))
	}
}

func TestOSVersionCovers(t *testing.T) {
	for _, test := range []struct {
		v                      string
		platform, major, minor int
		want                   bool
	}{
		{"2:10.0", 2, 10, 0, true},
		{"2:10.0", 2, 10, 1, false},
		{"2:10.0", 2, 6, 0, false},
		{"2:10.0", 1, 10, 0, false},
		{"2:5.x", 2, 5, 0, true},
		{"2:5.x", 2, 5, 9, true},
		{"2:5.x", 2, 6, 0, false},
		{"1:4.10", 2, 4, 10, false},
	} {
		v, err := catalog.ParseOSAttr(test.v)
		if err != nil {
			t.Fatal(err)
		}
		if got := v[0].Covers(test.platform, test.major, test.minor); got != test.want {
			t.Errorf("%s covers %d:%d.%d: %v, want %v", test.v, test.platform, test.major, test.minor, got, test.want)
		}
	}
	if (catalog.OSVersion{}).Covers(catalog.PlatformNT, 0, 0) {
		t.Error("the zero version covers a Windows")
	}
}

func TestOSVersionBetween(t *testing.T) {
	parse := func(s string) catalog.OSVersion {
		v, err := catalog.ParseOSAttr(s)
		if err != nil || len(v) != 1 {
			t.Fatalf("%q: %v, %v", s, v, err)
		}
		return v[0]
	}
	for _, test := range []struct {
		v, low, high string
		want         bool
	}{
		{"2:6.1", "2:5.1", "2:10.0", true},
		{"2:5.1", "2:5.1", "2:10.0", true},
		{"2:10.0", "2:5.1", "2:10.0", true},
		{"2:5.0", "2:5.1", "2:10.0", false},
		{"2:10.1", "2:5.1", "2:10.0", false},
		{"2:5.x", "2:5.1", "2:10.0", true},
		{"2:4.x", "2:5.1", "2:10.0", false},
		{"2:10.x", "2:5.1", "2:10.0", true},
		{"2:11.x", "2:5.1", "2:10.0", false},
		{"1:6.1", "2:5.1", "2:10.0", false},
		{"2:6.1", "2:6.2", "2:6.1", false},
	} {
		if got := parse(test.v).Between(parse(test.low), parse(test.high)); got != test.want {
			t.Errorf("%s between %s and %s: %v, want %v", test.v, test.low, test.high, got, test.want)
		}
	}
}

// Rule 84: the member's versions, and the catalog's only where it has none.
func TestOSAttrOfMemberAndCatalog(t *testing.T) {
	c := parse(t, list{
		members: [][]byte{
			member(sum256("own"), text("OSAttr", "2:6.1")),
			member(sum256("none"), text("File", "none")),
			member(sum256("bad"), text("OSAttr", "Windows 11")),
			member(sum256("empty"), text("OSAttr", "")),
			member(sum256("two"), text("OSAttr", "2:6.1"), text("OSAttr", "2:6.2")), // C-6
		},
		extensions: [][]byte{extension("OSAttr", "2:10.0"), extension("OSAttr", "2:6.3"), extension("OS", "2:5.1")},
	})
	for name, want := range map[string]string{
		"own": "[2:6.1]", "none": "[2:10.0 2:6.3]", "bad": "[]", "empty": "[]", "two": "[2:6.1 2:6.2]",
	} {
		m, ok := c.Lookup(sum256(name))
		if !ok {
			t.Fatalf("member %s is missing", name)
		}
		if got := fmt.Sprint(c.OSAttr(m)); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if got := fmt.Sprint(c.OSAttr(nil)); got != "[2:10.0 2:6.3]" {
		t.Errorf("catalog: got %s", got)
	}
	if got := parse(t, list{}).OSAttr(nil); got != nil {
		t.Errorf("catalog without OSAttr: got %v", got)
	}
}
