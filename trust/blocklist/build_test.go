package blocklist

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
)

// source is a policy in XML, made of the parts that tests change.
type source struct {
	root      string // attributes of SiPolicy
	options   []string
	ekus      string
	rules     string // inside FileRules
	signers   string // inside Signers
	kernel    string // inside ProductSigners of scenario 131
	attribs   string // attributes of scenario 131
	user      string // inside ProductSigners of scenario 12
	extra     string // inside SiPolicy, at the end
	allowNone bool   // leave out the rule that allows every file
}

func (s source) xml() []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n" + `<SiPolicy xmlns="urn:schemas-microsoft-com:sipolicy"` + s.root + ">\n")
	b.WriteString("<VersionEx>10.0.27685.1</VersionEx>\n<PlatformID>{2E07F7E4-194C-4D20-B7C9-6F44A6C5A234}</PlatformID>\n<Rules>\n")
	for _, o := range s.options {
		fmt.Fprintf(&b, "<Rule><Option>%s</Option></Rule>\n", o)
	}
	b.WriteString("</Rules>\n<EKUs>" + s.ekus + "</EKUs>\n<FileRules>\n")
	allow, ref := `<Allow ID="ID_ALLOW_ALL_1" FriendlyName="" FileName="*"/>`+"\n", `<FileRuleRef RuleID="ID_ALLOW_ALL_1"/>`
	if s.allowNone {
		allow, ref = "", ""
	}
	b.WriteString(allow + s.rules + "\n</FileRules>\n<Signers>\n" + s.signers + "\n</Signers>\n<SigningScenarios>\n")
	kernel := s.kernel
	if i := strings.Index(kernel, "<FileRulesRef>"); i >= 0 {
		kernel = kernel[:i+len("<FileRulesRef>")] + ref + kernel[i+len("<FileRulesRef>"):]
	} else {
		kernel += "<FileRulesRef>" + ref + "</FileRulesRef>"
	}
	b.WriteString(`<SigningScenario Value="131" ID="ID_SIGNINGSCENARIO_DRIVERS_1"` + s.attribs + "><ProductSigners>\n" + kernel + "\n</ProductSigners></SigningScenario>\n")
	b.WriteString(`<SigningScenario Value="12" ID="ID_SIGNINGSCENARIO_WINDOWS"><ProductSigners>` + s.user + "</ProductSigners></SigningScenario>\n")
	b.WriteString("</SigningScenarios>\n<UpdatePolicySigners/>\n<CiSigners/>\n<HvciOptions>0</HvciOptions>\n<Settings>\n")
	for _, s := range [][2]string{{"Name", "Test Driver Policy"}, {"Id", "10.0.27685.1"}} {
		fmt.Fprintf(&b, `<Setting Provider="PolicyInfo" Key="Information" ValueName="%s"><Value><String>%s</String></Value></Setting>`+"\n", s[0], s[1])
	}
	b.WriteString("</Settings>\n<PolicyTypeID>{A244370E-44C9-4C06-B551-F6016E563076}</PolicyTypeID>\n" + s.extra + "\n</SiPolicy>\n")
	return []byte(b.String())
}

func (s source) parse(t testing.TB) *Policy {
	t.Helper()
	p, err := Parse("policy.xml", s.xml())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// refs are references to file rules, for a scenario.
func refs(ids ...string) string {
	var b strings.Builder
	b.WriteString("<FileRulesRef>")
	for _, id := range ids {
		b.WriteString(`<FileRuleRef RuleID="` + id + `"/>`)
	}
	return b.String() + "</FileRulesRef>"
}

func deniedSigners(ids ...string) string {
	var b strings.Builder
	b.WriteString("<DeniedSigners>")
	for _, id := range ids {
		b.WriteString(`<DeniedSigner SignerId="` + id + `"/>`)
	}
	return b.String() + "</DeniedSigners>"
}

func escape(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err)
	}
	return b.String()
}

// compiler writes the compiled form of a policy, from the published
// descriptions of the layout and independently of the reader.
type compiler struct {
	bytes.Buffer
	p       *Policy
	version uint32
	rules   map[string]uint32
	order   []*FileRule
}

// compile writes a policy in a format version. It sorts the rules as the real
// compiler does: Deny, Allow, FileAttrib.
func compile(p *Policy, version uint32) []byte {
	c := &compiler{p: p, version: version, rules: map[string]uint32{}}
	for _, a := range []Action{Deny, Allow, Attribute} {
		for i := range p.Rules {
			if p.Rules[i].Action == a {
				c.rules[p.Rules[i].ID] = uint32(len(c.order))
				c.order = append(c.order, &p.Rules[i])
			}
		}
	}
	c.head()
	c.body()
	c.later()
	return c.Bytes()
}

func (c *compiler) word(n uint32) { binary.Write(&c.Buffer, binary.LittleEndian, n) }

func (c *compiler) blob(b []byte) {
	c.word(uint32(len(b)))
	c.Write(b)
	c.Write(make([]byte, (4-len(b)%4)%4))
}

func (c *compiler) str(s string) {
	c.blob(utf16le(s))
	c.word(0)
}

func (c *compiler) quad(v FileVersion) {
	binary.Write(&c.Buffer, binary.LittleEndian, [4]uint16{v[3], v[2], v[1], v[0]})
}

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func (c *compiler) head() {
	c.word(c.version)
	c.Write(c.p.PolicyTypeID[:])
	c.Write(c.p.PlatformID[:])
	options := uint32(1 << 31)
	for bit, name := range optionBits {
		for _, o := range c.p.Options {
			if o == name {
				options |= 1 << bit
			}
		}
	}
	c.word(options)
	c.word(uint32(len(c.p.EKUs)))
	c.word(uint32(len(c.p.Rules)))
	c.word(uint32(len(c.p.Signers)))
	c.word(uint32(len(c.p.Scenarios)))
	version, err := ParseFileVersion(c.p.Version)
	if err != nil {
		panic(err)
	}
	c.quad(version)
	c.word(0x40)
}

func (c *compiler) refs(ids []string) {
	c.word(uint32(len(ids)))
	for _, id := range ids {
		c.word(c.rules[id])
	}
}

func (c *compiler) body() {
	for _, k := range c.p.EKUs {
		der := signtest.OID(k.OID)
		der[0] = 1
		c.blob(der)
	}
	for _, r := range c.order {
		c.word(map[Action]uint32{Deny: 0, Allow: 1, Attribute: 2}[r.Action])
		c.str(r.FileName)
		switch b := r.Versions; {
		case b.Minimum != nil:
			c.quad(*b.Minimum)
		case b.Maximum == nil && r.Action == Deny:
			c.quad(FileVersion{65535, 65535, 65535, 65535})
		default:
			c.quad(FileVersion{})
		}
		c.blob(r.Hash)
	}
	ekus := map[string]uint32{}
	for i, k := range c.p.EKUs {
		ekus[k.ID] = uint32(i)
	}
	signers := map[string]uint32{}
	for i, s := range c.p.Signers {
		signers[s.ID] = uint32(i)
		if s.RootType == RootWellKnown {
			c.word(1)
			c.word(uint32(s.Root[0]))
		} else {
			c.word(0)
			c.blob(s.Root)
		}
		c.word(uint32(len(s.EKUs)))
		for _, id := range s.EKUs {
			c.word(ekus[id])
		}
		c.str("") // CertIssuer
		c.str(s.Publisher)
		c.str(s.OemID)
		c.refs(s.FileAttribs)
	}
	c.word(0) // UpdatePolicySigners
	c.word(0) // CiSigners
	for _, s := range c.p.Scenarios {
		c.word(s.Value)
		c.word(0) // InheritedScenarios
		c.word(max(s.MinimumHash, 0x800c&^(s.MinimumHash*0xffff)))
		for _, g := range []Group{s.Product, s.Test, s.TestSigning} {
			for _, list := range [][]SignerRef{g.Allowed, g.Denied} {
				c.word(uint32(len(list)))
				for _, ref := range list {
					c.word(signers[ref.Signer])
					c.refs(ref.Except)
				}
			}
			c.refs(g.Rules)
		}
	}
	c.word(0) // HvciOptions
	c.word(4)
	for _, s := range [][2]string{{"Id", c.p.ID}, {"Name", c.p.Name}} {
		c.str("PolicyInfo")
		c.str("Information")
		c.str(s[0])
		c.word(3)
		c.str(s[1])
	}
	c.str("PolicyInfo")
	c.str("NoRevalidationUponRefresh")
	c.str("NoRevalidationUponRefreshValue")
	c.word(0)
	c.word(1)
	c.str("Other")
	c.str("Key")
	c.str("Value")
	c.word(2)
	c.blob([]byte{1, 2, 3, 4, 5})
}

// later writes the blocks of later versions, and the end.
func (c *compiler) later() {
	for n := uint32(3); n <= c.version; n++ {
		c.word(n)
		switch n {
		case 3:
			for _, r := range c.order {
				if r.Versions.Maximum != nil {
					c.quad(*r.Versions.Maximum)
				} else {
					c.quad(FileVersion{})
				}
				c.word(0)
			}
			c.Write(make([]byte, 8*len(c.p.Signers)))
		case 4:
			for _, r := range c.order {
				c.str(r.InternalName)
				c.str(r.FileDescription)
				c.str(r.ProductName)
			}
		case 5:
			for range c.order {
				c.str("")
				c.quad(FileVersion{})
			}
		case 6:
			c.Write(c.p.PolicyID[:])
			c.Write(c.p.BasePolicyID[:])
			c.word(0)
		case 7:
			for _, r := range c.order {
				path := ""
				for _, o := range r.Other {
					if after, ok := strings.CutPrefix(o, "attribute FilePath "); ok {
						path = strings.Trim(after, `"`)
					}
				}
				c.str(path)
			}
		case 8:
			c.word(0)
		}
	}
	c.word(c.version + 1)
}

// sign puts a compiled policy into a signed message.
func sign(policy []byte) []byte {
	h := signtest.Commercial(nil)
	return signtest.SignedData{
		ContentType: OIDPolicy,
		Content:     signtest.OctetString(policy),
		Signers:     []signtest.Signer{{Certificate: h.Leaf, Chain: h.Chain()}},
	}.Encode()
}

// parse reads a certificate that signtest has made.
func certificate(t testing.TB, c *signtest.Certificate) *cert.Certificate {
	t.Helper()
	parsed, err := cert.Parse(c.Raw)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func tbsHex(t testing.TB, c *signtest.Certificate) string {
	t.Helper()
	_, sum, err := certificate(t, c).TBSHash()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%X", sum)
}

// driver is a file about which everything is known. Digests are made of its
// name.
func driver(name string, version ...uint16) File {
	f := File{OriginalFileName: name}
	copy(f.Version[:], version)
	f.SHA1, f.SHA256 = digest1(name), digest2(name)
	f.PageSHA1, f.PageSHA256 = digest1("page of "+name), digest2("page of "+name)
	return f
}

func digest1(s string) []byte { b := sha1.Sum([]byte(s)); return b[:] }
func digest2(s string) []byte { b := sha256.Sum256([]byte(s)); return b[:] }
func hexOf(b []byte) string   { return strings.ToUpper(hex.EncodeToString(b)) }

// signedBy adds a signature of the hierarchy to a file.
func signedBy(t testing.TB, f File, h *signtest.Hierarchy, oem string) File {
	t.Helper()
	s := Signer{Leaf: certificate(t, h.Leaf), OemID: oem}
	s.LeafCN = s.Leaf.Subject.CommonName()
	s.Chain = []*cert.Certificate{s.Leaf, certificate(t, h.CA), certificate(t, h.Root)}
	f.Signers = append(append([]Signer(nil), f.Signers...), s)
	return f
}

// resource makes a version resource.
type resource struct {
	version FileVersion
	noFixed bool
	tables  [][][2]string
}

// block is one structure of a version resource.
func block(key string, text bool, value []byte, children ...[]byte) []byte {
	kind, length := uint16(0), len(value)
	if text {
		kind, length = 1, len(value)/2
	}
	b := binary.LittleEndian.AppendUint16(nil, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(length))
	b = binary.LittleEndian.AppendUint16(b, kind)
	b = pad4(append(b, utf16le(key+"\x00")...))
	b = append(b, value...)
	for _, c := range children {
		b = append(pad4(b), c...)
	}
	binary.LittleEndian.PutUint16(b, uint16(len(b)))
	return b
}

func pad4(b []byte) []byte { return append(b, make([]byte, (4-len(b)%4)%4)...) }

func (r resource) encode() []byte {
	var fixed []byte
	if !r.noFixed {
		v := r.version
		fixed = make([]byte, 52)
		binary.LittleEndian.PutUint32(fixed, 0xfeef04bd)
		binary.LittleEndian.PutUint32(fixed[8:], uint32(v[0])<<16|uint32(v[1]))
		binary.LittleEndian.PutUint32(fixed[12:], uint32(v[2])<<16|uint32(v[3]))
	}
	var tables [][]byte
	for i, table := range r.tables {
		var texts [][]byte
		for _, s := range table {
			texts = append(texts, block(s[0], true, utf16le(s[1]+"\x00")))
		}
		tables = append(tables, block(fmt.Sprintf("%04x04b0", 0x409+i), true, nil, texts...))
	}
	translation := block("VarFileInfo", true, nil, block("Translation", false, []byte{9, 4, 0xb0, 4}))
	return block("VS_VERSION_INFO", false, fixed, block("StringFileInfo", true, nil, tables...), translation)
}

// Where image puts the resources: in the second section.
const (
	rsrcRVA    = 0x2000
	rsrcOffset = 0x400
)

// rsrc lays out a resource section with version resources, one per language,
// beside an icon that nothing should look at.
func rsrc(versions ...[]byte) []byte {
	var b []byte
	dir := func(ids ...[2]uint32) {
		b = append(b, make([]byte, 12)...)
		b = binary.LittleEndian.AppendUint16(b, 0)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(ids)))
		for _, e := range ids {
			b = binary.LittleEndian.AppendUint32(b, e[0])
			b = binary.LittleEndian.AppendUint32(b, e[1])
		}
	}
	const sub = 1 << 31
	dir([2]uint32{3, sub | 0xfffff0}, [2]uint32{16, sub | 32})
	dir([2]uint32{1, sub | 56})
	var languages [][2]uint32
	entries := uint32(56 + 16 + 8*len(versions))
	for i := range versions {
		languages = append(languages, [2]uint32{uint32(0x409 + i), entries + 16*uint32(i)})
	}
	dir(languages...)
	at := entries + 16*uint32(len(versions))
	for _, v := range versions {
		b = binary.LittleEndian.AppendUint32(b, rsrcRVA+at)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, make([]byte, 8)...)
		at += uint32(len(pad4(v)))
	}
	for _, v := range versions {
		b = append(b, pad4(bytes.Clone(v))...)
	}
	return b
}

// image makes a driver with a resource section of that content.
func image(machine uint16, resources []byte) []byte {
	return signtest.PE{
		Machine:  machine,
		Sections: []signtest.Section{{Name: ".text", Data: []byte{0x33, 0xc0, 0xc3}}, {Name: ".rsrc", Data: resources}},
		Headers: func(h []byte) {
			optional := binary.LittleEndian.Uint32(h[0x3c:]) + 24
			at := optional + 112 + 16
			if machine == signtest.MachineX86 {
				at -= 16
			}
			binary.LittleEndian.PutUint32(h[at:], rsrcRVA)
			binary.LittleEndian.PutUint32(h[at+4:], uint32(len(resources)))
		},
	}.Encode()
}

func versionInfo(b []byte) ([]Attributes, error) {
	return VersionInfo(bytes.NewReader(b), int64(len(b)))
}
