package blocklist

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"prestage/authenticode/signtest"
)

// literal is a policy of format version 7 written by hand from the published
// layout: one Deny by name, up to version 2.0.0.0; one Allow for every file;
// one scenario for the kernel that refers to both.
const literal = `
07000000 0e3744a2c944064cb551f6016e563076 e4f7072e4c19204db7c96f44a6c5a234 00000980
00000000 02000000 00000000 01000000 0100 256c 0000 0a00 40000000
  00000000 0a000000 61002e00730079007300 0000 00000000  0000000000000000 00000000
  01000000 02000000 2a00 0000 00000000  0000000000000000 00000000
00000000 00000000
  83000000 00000000 0c800000
    00000000 00000000 02000000 00000000 01000000
    00000000 00000000 00000000
    00000000 00000000 00000000
00000000 00000000
03000000  0000000000000200 00000000  0000000000000000 00000000
04000000  0000000000000000 0000000000000000 0000000000000000  0000000000000000 0000000000000000 0000000000000000
05000000  0000000000000000 0000000000000000  0000000000000000 0000000000000000
06000000  00000000000000000000000000000000 00000000000000000000000000000000 00000000
07000000  0000000000000000 0000000000000000
08000000`

func TestCompiledLiteral(t *testing.T) {
	b, err := hex.DecodeString(strings.Join(strings.Fields(literal), ""))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse("literal", b)
	if err != nil {
		t.Fatal(err)
	}
	if p.Version != "10.0.27685.1" || p.PolicyTypeID.String() != "{A244370E-44C9-4C06-B551-F6016E563076}" ||
		p.PlatformID.String() != "{2E07F7E4-194C-4D20-B7C9-6F44A6C5A234}" ||
		strings.Join(p.Options, ",") != "Enabled:Audit Mode,Enabled:Unsigned System Integrity Policy" || len(p.Unsupported) != 0 {
		t.Errorf("%+v", p)
	}
	for version, want := range map[uint16]bool{0: true, 2: true, 3: false} {
		f := driver("A.SYS", version)
		if m, got := p.Denies(f); got != want || want && m.RuleID != "FILERULE_0" {
			t.Errorf("version %d: %+v", version, m)
		}
	}
}

// Cut off anywhere, or with any byte changed, a policy is refused or read as
// something else; the reader does not fail otherwise.
func TestCompiledCutOff(t *testing.T) {
	b := compile(sample(t).parse(t), 8)
	for n := range len(b) {
		if p, err := Parse("p", b[:n]); p != nil || err == nil {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
	}
	for i := range b {
		for _, x := range []byte{0x01, 0x80, 0xff} {
			c := bytes.Clone(b)
			c[i] ^= x
			if p, err := Parse("p", c); (p == nil) == (err == nil) {
				t.Fatalf("byte %d: policy and error", i)
			}
		}
	}
}

// build writes a minimal policy and lets a test replace sections.
type build struct {
	version, options, length uint32
	counts                   [4]uint32
	body, blocks             []any // written in little-endian, strings as compiled strings
}

func (x build) bytes() []byte {
	c := &compiler{}
	c.word(x.version)
	c.Write(make([]byte, 32))
	c.word(x.options)
	for _, n := range x.counts {
		c.word(n)
	}
	c.quad(FileVersion{})
	c.word(x.length)
	for _, v := range append(x.body, x.blocks...) {
		switch v := v.(type) {
		case int:
			c.word(uint32(v))
		case string:
			c.str(v)
		case []byte:
			c.Write(v)
		}
	}
	return c.Bytes()
}

func TestCompiledRefuses(t *testing.T) {
	const valid = 1 << 31
	empty := []any{0, 0, 0, 0} // update signers, CI signers, HVCI, settings
	rule := func(kind int) []any { return []any{kind, "*", make([]byte, 8), 0} }
	join := func(parts ...[]any) []any {
		var all []any
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	scenario := func(denied ...int) []any {
		list := []any{131, 0, 0x800c, 0}
		for _, n := range denied {
			list = append(list, n)
		}
		return list
	}
	tests := []struct {
		name string
		b    build
		want error
		text string
	}{
		{"option word", build{2, 0, 0x40, [4]uint32{}, empty, []any{3}}, ErrSyntax, "option word"},
		{"header length", build{2, valid, 0x44, [4]uint32{}, empty, []any{3}}, ErrSyntax, "length as 68"},
		{"supplemental", build{2, valid | 1<<30, 0x40, [4]uint32{}, empty, []any{3}}, ErrSupplemental, "base policy"},
		{"EKUs that cannot be there", build{2, valid, 0x40, [4]uint32{100}, empty, []any{3}}, ErrSyntax, "100 EKUs do not fit"},
		{"rules beyond the limit", build{2, valid, 0x40, [4]uint32{0, 1 << 31}, empty, []any{3}}, ErrTooMany, "file rules"},
		{"signers that cannot be there", build{2, valid, 0x40, [4]uint32{0, 0, 5}, empty, []any{3}}, ErrSyntax, "5 signers"},
		{"scenarios beyond the limit", build{2, valid, 0x40, [4]uint32{0, 0, 0, 1000}, empty, []any{3}}, ErrTooMany, "signing scenarios"},
		{"string beyond the end", build{2, valid, 0x40, [4]uint32{0, 1}, join([]any{0, 1000}, empty, empty), []any{3}}, ErrSyntax, "file name of 1000 bytes"},
		{"string of an odd length", build{2, valid, 0x40, [4]uint32{0, 1}, join([]any{0, 3, 0, 0}, empty, empty), []any{3}}, ErrSyntax, "half a character"},
		{"string without an end", build{2, valid, 0x40, [4]uint32{0, 1}, join([]any{0, 0, 7, 0}, empty, empty), []any{3}}, ErrSyntax, "not terminated"},
		{"hash beyond the end", build{2, valid, 0x40, [4]uint32{0, 1}, join([]any{0, "", make([]byte, 8), 99}, empty), []any{3}}, ErrSyntax, "hash of 99 bytes"},
		{"root of a new kind", build{2, valid, 0x40, [4]uint32{0, 0, 1}, join([]any{2, make([]byte, 100)}, empty), []any{3}}, ErrSyntax, "kind 2 in section signers"},
		{"EKU that is not there", build{2, valid, 0x40, [4]uint32{0, 0, 1}, join([]any{1, 6, 1, 0, "", "", "", 0}, empty), []any{3}}, ErrSyntax, "EKU 0 of 0"},
		{"attribute that is not there", build{2, valid, 0x40, [4]uint32{0, 0, 1}, join([]any{1, 6, 0, "", "", "", 1, 4}, empty), []any{3}}, ErrSyntax, "file attribute 4 of 0"},
		{"update signer that is not there", build{2, valid, 0x40, [4]uint32{}, []any{1, 0, 0, 0, 0}, []any{3}}, ErrSyntax, "update signer 0 of 0"},
		{"signer that is not there", build{2, valid, 0x40, [4]uint32{0, 0, 0, 1}, join([]any{0, 0}, scenario(1, 0, 0, 0, 0, 0, 0, 0, 0, 0), empty), []any{3}}, ErrSyntax, "signer 0 of 0"},
		{"rule that is not there", build{2, valid, 0x40, [4]uint32{0, 1, 0, 1}, join(rule(1), []any{0, 0}, scenario(0, 1, 1, 0, 0, 0, 0, 0, 0), empty), []any{3}}, ErrSyntax, "file rule 1 of 1"},
		{"references that cannot be there", build{2, valid, 0x40, [4]uint32{0, 0, 0, 1}, join([]any{0, 0}, scenario(0, 1000, 0, 0, 0, 0, 0, 0), empty), []any{3}}, ErrSyntax, "do not fit"},
		{"setting of a new type", build{2, valid, 0x40, [4]uint32{}, []any{0, 0, 0, 1, "", "", "", 9, 0}, []any{3}}, ErrSyntax, "type 9 in section settings"},
		{"wrong block", build{3, valid, 0x40, [4]uint32{}, empty, []any{4, 4}}, ErrSyntax, "block of format version 3 starts with 4"},
		{"missing block", build{4, valid, 0x40, [4]uint32{}, empty, []any{3, 5}}, ErrSyntax, "block of format version 4 starts with 5"},
		{"no end", build{3, valid, 0x40, [4]uint32{}, empty, []any{3}}, ErrSyntax, "end of the policy"},
		{"wrong end", build{3, valid, 0x40, [4]uint32{}, empty, []any{3, 5}}, ErrSyntax, "end of the policy starts with 5"},
		{"bytes after the end", build{3, valid, 0x40, [4]uint32{}, empty, []any{3, 4, 1}}, ErrSyntax, "4 bytes follow"},
		{"many zeros after the end", build{3, valid, 0x40, [4]uint32{}, empty, []any{3, 4, make([]byte, maxTrailing+4)}}, ErrSyntax, "follow the policy"},
		{"app ids that cannot be there", build{3, valid, 0x40, [4]uint32{0, 1}, join(rule(0), empty), []any{3, make([]byte, 8), 1 << 20, 4}}, ErrTooMany, "app ids"},
	}
	for _, tt := range tests {
		p, err := Parse("p7b", tt.b.bytes())
		if p != nil || !errors.Is(err, tt.want) || !strings.Contains(fmt.Sprint(err), tt.text) || !strings.Contains(fmt.Sprint(err), "offset ") {
			t.Errorf("%s: %v; want %v with %q", tt.name, err, tt.want, tt.text)
		}
	}
	for _, version := range []uint32{1, 2} {
		for _, body := range [][]any{{0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, int(version) + 1}, {0, 0, 0, 0, int(version) + 1}} {
			if _, err := Parse("p7b", build{version, valid, 0x40, [4]uint32{}, body, nil}.bytes()); err != nil {
				t.Errorf("version %d, %v: %v", version, body, err)
			}
		}
	}
}

// What a compiled policy has that has no meaning here is reported, as in XML.
func TestCompiledUnsupported(t *testing.T) {
	const valid = 1 << 31
	all := build{8, valid, 0x40, [4]uint32{0, 2, 1, 1}, []any{
		0, "a.sys", make([]byte, 8), 0, // Deny
		1, "*", make([]byte, 8), 0, // Allow
		0, 4, []byte{1, 2, 3, 4}, 0, "", "", "", 0, // TBS
		0, 0,
		131, 0, 0x800c, 0, 1, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0,
		0, 0,
	}, nil}
	blocks := func(ids []any, signed, pkg []byte, path string, last ...any) []any {
		list := append([]any{3, make([]byte, 8)}, ids...)
		list = append(list, make([]byte, 8), 0, signed, 4, "", "", "", "", "", "", 5, "", pkg, "", make([]byte, 8), 6, make([]byte, 32), 0, 7, path, "", 8)
		return append(list, last...)
	}
	zero8 := make([]byte, 8)
	tests := []struct {
		name   string
		blocks []any
		text   string // "": nothing
		doubt  string // name of a file that is in doubt
		change func(*build)
	}{
		{"nothing", blocks([]any{0}, zero8, zero8, "", 0, 9), "", "", nil},
		{"package version that is none", blocks([]any{0}, zero8, bytes.Repeat([]byte{0xff}, 8), "", 0, 9), "", "", nil},
		{"app ids", blocks([]any{2, "x", "y"}, zero8, zero8, "", 0, 9), "AppIDs xy", "a.sys", nil},
		{"package version", blocks([]any{0}, zero8, []byte{1, 0, 0, 0, 0, 0, 0, 0}, "", 0, 9), "PackageVersion 0.0.0.1", "a.sys", nil},
		{"file path", blocks([]any{0}, zero8, zero8, `C:\x`, 0, 9), `FilePath C:\x`, "a.sys", nil},
		{"app settings", blocks([]any{0}, zero8, zero8, "", 1, 2, 3, 9), "section app settings", "z.sys", nil},
		{"later version", blocks([]any{0}, zero8, zero8, "", 0, 9, 7, 7, 10), "format version 9", "z.sys", func(b *build) { b.version = 9 }},
		{"unknown option", blocks([]any{0}, zero8, zero8, "", 0, 9), "", "", func(b *build) { b.options |= 1 << 9 }},
		{"option", blocks([]any{0}, zero8, zero8, "", 0, 9), "option Required:WHQL", "z.sys", func(b *build) { b.options |= 1 << 7 }},
	}
	for _, tt := range tests {
		b := all
		b.blocks = tt.blocks
		if tt.change != nil {
			tt.change(&b)
		}
		p, err := Parse("p7b", b.bytes())
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := fmt.Sprint(p.Unsupported); (tt.text == "") != (len(p.Unsupported) == 0) || !strings.Contains(got, tt.text) {
			t.Errorf("%s: %s", tt.name, got)
		}
		if got := p.Judge(driver("other.sys")); (got.Answer == Unknown) != (tt.doubt == "z.sys") {
			t.Errorf("%s: a file that no rule names: %+v", tt.name, got)
		}
		got := p.Judge(driver("a.sys"))
		if want := tt.doubt == "a.sys"; (got.Answer == Unknown) != want || (got.Answer == Denied) == want {
			t.Errorf("%s: the file that is named: %+v", tt.name, got)
		}
	}
	// Conditions of a denied signer.
	h := signtest.Commercial(nil)
	p := source{signers: signer(t, "S", h, ""), kernel: deniedSigners("S")}.parse(t)
	f := signedBy(t, driver("s.sys"), h, "")
	for name, change := range map[string]func([]byte) []byte{
		"signing time": func(b []byte) []byte {
			at := bytes.LastIndex(b, []byte{4, 0, 0, 0, 0, 0, 0, 0})
			b[at-8] = 1
			return b
		},
		"well-known root": func(b []byte) []byte {
			at := bytes.Index(b, p.Signers[0].Root) - 8
			n := len(p.Signers[0].Root)
			binary.LittleEndian.PutUint32(b[at:], 1)
			binary.LittleEndian.PutUint32(b[at+4:], 6)
			return append(b[:at+8], b[at+8+n:]...)
		},
	} {
		q, err := Parse("p7b", change(compile(p, 8)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := q.Judge(f); got.Answer != Unknown || len(q.Unsupported) == 0 {
			t.Errorf("%s: %+v, %v", name, got, q.Unsupported)
		}
		if got := q.Judge(driver("unsigned.sys")); got.Answer != NotDenied {
			t.Errorf("%s: unsigned: %+v", name, got)
		}
	}
}

func TestSigned(t *testing.T) {
	plain := compile(source{}.parse(t), 8)
	h := signtest.Commercial(nil)
	message := signtest.SignedData{ContentType: OIDPolicy, Content: signtest.OctetString(plain),
		Signers: []signtest.Signer{{Certificate: h.Leaf, Chain: h.Chain()}}}
	good := message.Encode()
	p, err := Parse("p7b", good)
	if err != nil || p.Signature == nil || p.Signature.Problem != nil || p.Signature.Signer == nil {
		t.Fatalf("%v, %+v", err, p)
	}
	// The signature is the caller's to judge: an altered policy still parses, and shows it.
	altered := bytes.Clone(good)
	altered[bytes.Index(altered, plain)+0x38]++
	if p, err = Parse("p7b", altered); err != nil || p.Signature.Problem == nil {
		t.Errorf("altered: %v", err)
	}
	other := message
	other.ContentType = signtest.OIDSpcIndirectData
	sequence := message
	sequence.Content = signtest.Sequence(signtest.OctetString(plain))
	broken := message
	broken.Content = signtest.OctetString(plain[:100])
	for name, tt := range map[string]struct {
		data []byte
		want error
		text string
	}{
		"another content type": {other.Encode(), ErrNotPolicy, "content of type"},
		"a sequence inside":    {sequence.Encode(), ErrNotPolicy, "OCTET STRING"},
		"a broken policy":      {broken.Encode(), ErrSyntax, "signed content: offset"},
		"bytes behind":         {append(bytes.Clone(good), 1), ErrSyntax, "1 bytes follow"},
	} {
		if p, err := Parse("p7b", tt.data); p != nil || !errors.Is(err, tt.want) || !strings.Contains(fmt.Sprint(err), tt.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse("p7b", append(bytes.Clone(good), 0, 0, 0)); err != nil {
		t.Errorf("padding: %v", err)
	}
	if p, err := Parse("p7b", signtest.Sequence(signtest.Integer(1))); p != nil || err == nil || !strings.Contains(err.Error(), "signed policy: ") {
		t.Errorf("DER that is no message: %v", err)
	}
}
