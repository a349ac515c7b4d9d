package blocklist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"prestage/authenticode/signtest"
)

func names(original, internal, description, product string) [][2]string {
	return [][2]string{
		{"CompanyName", "Contoso"}, {"FileDescription", description}, {"InternalName", internal},
		{"OriginalFilename", original}, {"ProductName", product}, {"Comments", ""},
	}
}

func TestVersionInfo(t *testing.T) {
	good := resource{version: FileVersion{1, 2, 3, 65535}, tables: [][][2]string{names("foo.sys", "foo", "Foo Driver", "Foö")}}
	attributes := Attributes{"foo.sys", "foo", "Foo Driver", "Foö", FileVersion{1, 2, 3, 65535}}
	other := attributes
	other.ProductName, other.Version = "Bar", FileVersion{9}
	tests := []struct {
		name string
		rsrc []byte
		want []Attributes
	}{
		{"one table", rsrc(good.encode()), []Attributes{attributes}},
		{"equal resources once", rsrc(good.encode(), good.encode()), []Attributes{attributes}},
		{"two languages that differ", rsrc(good.encode(), resource{version: FileVersion{9}, tables: [][][2]string{names("foo.sys", "foo", "Foo Driver", "Bar")}}.encode()),
			[]Attributes{attributes, other}},
		{"two tables that differ", rsrc(resource{version: FileVersion{9}, tables: [][][2]string{
			names("a.sys", "", "", ""), names("b.sys", "", "", "")}}.encode()),
			[]Attributes{{OriginalFileName: "a.sys", Version: FileVersion{9}}, {OriginalFileName: "b.sys", Version: FileVersion{9}}}},
		{"one name twice", rsrc(resource{tables: [][][2]string{
			append(names("a.sys", "x", "", ""), [2]string{"originalFILENAME", "b.sys"})}}.encode()),
			[]Attributes{{OriginalFileName: "a.sys", InternalName: "x"}, {OriginalFileName: "b.sys", InternalName: "x"}}},
		{"no strings", rsrc(resource{version: FileVersion{1, 0, 0, 1}}.encode()), []Attributes{{Version: FileVersion{1, 0, 0, 1}}}},
		{"no fixed part", rsrc(resource{noFixed: true, tables: [][][2]string{names("a.sys", "", "", "")}}.encode()), []Attributes{{OriginalFileName: "a.sys"}}},
		{"no version resource", rsrc(), nil},
	}
	for _, machine := range []uint16{signtest.MachineAMD64, signtest.MachineX86} {
		for _, tt := range tests {
			got, err := versionInfo(image(machine, tt.rsrc))
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("machine %x, %s: got %v, %v, want %v", machine, tt.name, got, err, tt.want)
			}
		}
	}
	if got, err := versionInfo(signtest.NewDriver(0, "x")); got != nil || err != nil {
		t.Errorf("no resources at all: %v, %v", got, err)
	}
}

// The length of a value has been counted in every way; the text is what counts.
func TestVersionInfoValueLengths(t *testing.T) {
	for _, length := range []uint16{0, 3, 7, 8, 14, 16, 0xffff} {
		b := resource{tables: [][][2]string{{{"OriginalFilename", "foo.sys"}}}}.encode()
		at := bytes.Index(b, utf16le("OriginalFilename")) - 6
		binary.LittleEndian.PutUint16(b[at+2:], length)
		got, err := versionInfo(image(0, rsrc(b)))
		if err != nil || len(got) != 1 || got[0].OriginalFileName != "foo.sys" {
			t.Errorf("length %d: %v, %v", length, got, err)
		}
	}
}

func TestVersionInfoRefuses(t *testing.T) {
	good := resource{tables: [][][2]string{names("foo.sys", "", "", "")}}.encode()
	change := func(f func(b []byte)) []byte {
		b := bytes.Clone(good)
		f(b)
		return rsrc(b)
	}
	tree := func(f func(b []byte)) []byte {
		b := rsrc(good)
		f(b)
		return b
	}
	put16, put32 := binary.LittleEndian.PutUint16, binary.LittleEndian.PutUint32
	var many [][2]string
	for range maxStrings {
		many = append(many, [2]string{"x", ""})
	}
	var versions [][]byte
	for range maxVersions + 1 {
		versions = append(versions, good)
	}
	tests := []struct {
		name string
		file []byte
		want error
		text string
	}{
		{"empty", nil, ErrNotPE, ""},
		{"text", []byte(strings.Repeat("x", 200)), ErrNotPE, ""},
		{"structure longer than the resource", image(0, change(func(b []byte) { put16(b, 0xffff) })), ErrResource, "offset 0"},
		{"structure of no length", image(0, change(func(b []byte) { put16(b, 0) })), ErrResource, "offset 0"},
		{"wrong key", image(0, change(func(b []byte) { b[6] = 'v' })), ErrResource, "key"},
		{"wrong signature of the fixed part", image(0, change(func(b []byte) { put32(b[40:], 1) })), ErrResource, "fixed"},
		{"child longer than its parent", image(0, change(func(b []byte) {
			put16(b[bytes.Index(b, utf16le("OriginalFilename"))-6:], 0x1000)
		})), ErrResource, "are left"},
		{"too many strings", image(0, rsrc(resource{tables: [][][2]string{many}}.encode())), ErrTooManyResources, "structures"},
		{"too many versions", image(0, rsrc(versions...)), ErrTooManyResources, "version resources"},
		{"leaf instead of a directory", image(0, tree(func(b []byte) { put32(b[28:], 32) })), ErrResource, "level 0"},
		{"directory that contains itself", image(0, tree(func(b []byte) { put32(b[52:], 1<<31|32) })), ErrResource, "level 2"},
		{"directory outside the section", image(0, tree(func(b []byte) { put32(b[28:], 1<<31|0x10000) })), ErrResource, "no section"},
		{"directory with too many entries", image(0, tree(func(b []byte) { put16(b[12:], 0xffff) })), ErrTooManyResources, "entries"},
		{"data outside the section", image(0, tree(func(b []byte) { put32(b[80:], 0x10) })), ErrResource, "no section"},
		{"data too long", image(0, tree(func(b []byte) { put32(b[84:], 0x10000) })), ErrTooManyResources, "65536"},
		{"data beyond the section", image(0, tree(func(b []byte) { put32(b[84:], 0x8000) })), ErrResource, "beyond"},
	}
	for _, tt := range tests {
		got, err := versionInfo(tt.file)
		if got != nil || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v, %v; want %v with %q", tt.name, got, err, tt.want, tt.text)
		}
	}
}

// Headers that the loader would read in another way than this package are
// refused: two readings could differ in what the file is called.
func TestVersionInfoAmbiguousSections(t *testing.T) {
	good := image(0, rsrc(resource{tables: [][][2]string{names("foo.sys", "", "", "")}}.encode()))
	table := bytes.Index(good, []byte(".rsrc\x00"))
	tests := []struct {
		name   string
		change func(b []byte)
	}{
		{"two sections at one address", func(b []byte) { binary.LittleEndian.PutUint32(b[table-40+8:], 0x3000) }},
		{"section within a sector", func(b []byte) { b[table+20] += 4 }},
		{"no bytes in the file", func(b []byte) { binary.LittleEndian.PutUint32(b[table+16:], 0) }},
	}
	for _, tt := range tests {
		b := bytes.Clone(good)
		tt.change(b)
		if got, err := versionInfo(b); got != nil || !errors.Is(err, ErrResource) {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
	// With small alignment nothing is rounded, and old drivers use that.
	b := bytes.Clone(good)
	optional := binary.LittleEndian.Uint32(b[0x3c:]) + 24
	binary.LittleEndian.PutUint32(b[optional+32:], 0x20)
	b = append(b[:rsrcOffset], append(make([]byte, 0x20), b[rsrcOffset:]...)...)
	b[table+20] += 0x20
	if got, err := versionInfo(b); err != nil || len(got) != 1 || got[0].OriginalFileName != "foo.sys" {
		t.Errorf("small alignment: %v, %v", got, err)
	}
}

func TestVersionInfoTruncated(t *testing.T) {
	good := image(0, rsrc(resource{tables: [][][2]string{names("foo.sys", "", "", "")}}.encode()))
	for n := range len(good) {
		if got, err := versionInfo(good[:n]); err == nil && len(got) > 0 && got[0].OriginalFileName != "foo.sys" {
			t.Fatalf("%d bytes: %v", n, got)
		} else if err != nil && got != nil {
			t.Fatalf("%d bytes: result beside an error", n)
		}
	}
}
