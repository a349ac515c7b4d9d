package blocklist

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
)

const (
	whqlEKU = `<EKU ID="ID_EKU_WHQL" FriendlyName="WHQL" Value="010A2B0601040182370A0305"/>`
	ekuWHQL = "1.3.6.1.4.1.311.10.3.5"
)

// signer is a Signer element that names the issuing authority of the hierarchy.
func signer(t testing.TB, id string, h *signtest.Hierarchy, children string) string {
	return fmt.Sprintf(`<Signer ID="%s" Name="%s for people"><CertRoot Type="TBS" Value="%s"/>%s</Signer>`+"\n", id, id, tbsHex(t, h.CA), children)
}

// sample is a policy with every kind of rule that the block list has.
func sample(t testing.TB) source {
	h, w := signtest.Commercial(nil), signtest.Lookalike(nil)
	return source{
		options: []string{"Enabled:Unsigned System Integrity Policy", "Enabled:Audit Mode"},
		ekus:    whqlEKU,
		rules: fmt.Sprintf(`
<Deny ID="ID_DENY_A_SHA1" FriendlyName="a Hash Sha1" Hash="%X"/>
<Deny ID="ID_DENY_A_SHA256" FriendlyName="a Hash Sha256" Hash="%x"/>
<Deny ID="ID_DENY_B_SHA1_PAGE" FriendlyName="b Hash Page Sha1" Hash="%X"/>
<Deny ID="ID_DENY_B_SHA256_PAGE" FriendlyName="b Hash Page Sha256" Hash="%X"/>
<Deny ID="ID_DENY_NAME" FriendlyName="by name" FileName="Named.SYS" MinimumFileVersion="0.0.0.0" MaximumFileVersion="3.1.65535.65535"/>
<Deny ID="ID_DENY_MIN" FriendlyName="minimum" FileName="min.sys" MinimumFileVersion="2.0.0.0"/>
<Deny ID="ID_DENY_PLAIN" FriendlyName="any version" FileName="安全.sys"/>
<Deny ID="ID_DENY_PRODUCT" FriendlyName="product" ProductName="Bad Product" InternalName="bad"/>
<Deny ID="ID_DENY_UNREFERENCED" FriendlyName="in no scenario" FileName="free.sys"/>
<Deny ID="ID_DENY_USER" FriendlyName="user mode" FileName="user.sys"/>
<FileAttrib ID="ID_FILEATTRIB_X" FriendlyName="x" FileName="x.sys" MinimumFileVersion="1.0.0.0" MaximumFileVersion="2.0.0.0"/>
<FileAttrib ID="ID_FILEATTRIB_Y" FriendlyName="y" ProductName="Y Suite" MinimumFileVersion="5.0.0.0"/>`,
			digest1("a.sys"), digest2("a.sys"), digest1("page of b.sys"), digest2("page of b.sys")),
		signers: signer(t, "ID_SIGNER_ATTRIBS", h, `<CertPublisher Value="Fabrikam Geräte GmbH"/><FileAttribRef RuleID="ID_FILEATTRIB_X"/><FileAttribRef RuleID="ID_FILEATTRIB_Y"/>`) +
			signer(t, "ID_SIGNER_OEM", w, `<CertEKU ID="ID_EKU_WHQL"/><CertOemID Value="Shady Ltd"/>`) +
			signer(t, "ID_SIGNER_ALLOWED", w, ``),
		kernel: `<AllowedSigners><AllowedSigner SignerId="ID_SIGNER_ALLOWED"/></AllowedSigners>` + deniedSigners("ID_SIGNER_ATTRIBS", "ID_SIGNER_OEM") +
			refs("ID_DENY_A_SHA1", "ID_DENY_A_SHA256", "ID_DENY_B_SHA1_PAGE", "ID_DENY_B_SHA256_PAGE", "ID_DENY_NAME", "ID_DENY_MIN", "ID_DENY_PLAIN", "ID_DENY_PRODUCT"),
		user: refs("ID_ALLOW_ALL_1", "ID_DENY_USER"),
	}
}

// question is a file, and what the sample policy answers.
type question struct {
	name string
	file File
	want Answer
	rule string // in the XML; empty unless denied
	kind Kind
}

func questions(t testing.TB) []question {
	h, w := signtest.Commercial(nil), signtest.Lookalike(nil)
	with := func(f File, change func(*File)) File { change(&f); return f }
	x := signedBy(t, driver("X.sys", 1, 5), h, "")
	oem := signedBy(t, driver("oem.sys"), w, "Shady Ltd")
	return []question{
		{"nothing fits", driver("good.sys", 1), NotDenied, "", 0},
		{"SHA-256 of the file", driver("a.sys"), Denied, "ID_DENY_A_SHA256", KindHash},
		{"SHA-1 of the file", with(driver("a.sys"), func(f *File) { f.SHA256 = digest2("other") }), Denied, "ID_DENY_A_SHA1", KindHash},
		{"padded form of the file", with(driver("c.sys"), func(f *File) { f.PaddedSHA1 = digest1("a.sys") }), Denied, "ID_DENY_A_SHA1", KindHash},
		{"first page", driver("b.sys"), Denied, "ID_DENY_B_SHA256_PAGE", KindPageHash},
		{"SHA-1 of the first page", with(driver("b.sys"), func(f *File) { f.PageSHA256 = digest2("other") }), Denied, "ID_DENY_B_SHA1_PAGE", KindPageHash},
		{"hash of the file as that of a page", with(driver("b.sys"), func(f *File) {
			f.SHA1, f.PageSHA1, f.PageSHA256 = f.PageSHA1, digest1("o"), digest2("o")
		}), Denied, "ID_DENY_B_SHA1_PAGE", KindHash},
		{"name in another case", driver("nAMED.sys", 3, 1, 9), Denied, "ID_DENY_NAME", KindFileAttributes},
		{"name of a fixed version", driver("named.sys", 3, 2), NotDenied, "", 0},
		{"only a minimum: at it", driver("min.sys", 2), Denied, "ID_DENY_MIN", KindFileAttributes},
		{"only a minimum: below it", driver("min.sys", 1), Denied, "ID_DENY_MIN", KindFileAttributes},
		{"only a minimum: above it", driver("min.sys", 2, 0, 0, 1), NotDenied, "", 0},
		{"no bounds", driver("安全.sys", 65535, 65535, 65535, 65535), Denied, "ID_DENY_PLAIN", KindFileAttributes},
		{"product and internal name", with(driver("p.sys"), func(f *File) { f.ProductName, f.InternalName = "BAD product", "Bad" }), Denied, "ID_DENY_PRODUCT", KindFileAttributes},
		{"product alone", with(driver("p.sys"), func(f *File) { f.ProductName = "Bad Product" }), NotDenied, "", 0},
		{"rule in no scenario", driver("free.sys"), NotDenied, "", 0},
		{"rule for user mode", driver("user.sys"), NotDenied, "", 0},
		{"name in another field", with(driver(""), func(f *File) { f.InternalName = "named.sys" }), NotDenied, "", 0},
		{"signer and file attribute", x, Denied, "ID_SIGNER_ATTRIBS", KindSigner},
		{"signer and the other attribute", with(x, func(f *File) { f.OriginalFileName, f.ProductName = "z.sys", "y suite" }), Denied, "ID_SIGNER_ATTRIBS", KindSigner},
		{"signer, version not covered", with(x, func(f *File) { f.Version = [4]uint16{2, 0, 0, 1} }), NotDenied, "", 0},
		{"signer without attribute", with(x, func(f *File) { f.OriginalFileName = "z.sys" }), NotDenied, "", 0},
		{"file attribute without signer", driver("x.sys", 1, 5), NotDenied, "", 0},
		{"another publisher", with(x, func(f *File) {
			f.Signers = []Signer{f.Signers[0]}
			f.Signers[0].LeafCN = "Contoso"
		}), NotDenied, "", 0},
		{"publisher in another case", with(x, func(f *File) {
			f.Signers = []Signer{f.Signers[0]}
			f.Signers[0].LeafCN = "FABRIKAM Geräte GmbH"
		}), Unknown, "", 0},
		{"the authority is not in the chain", with(x, func(f *File) {
			f.Signers = []Signer{f.Signers[0]}
			f.Signers[0].Chain = f.Signers[0].Chain[:1]
		}), NotDenied, "", 0},
		{"OEM id and usage", oem, Denied, "ID_SIGNER_OEM", KindSigner},
		{"another OEM id", signedBy(t, driver("oem.sys"), w, "Honest Ltd"), NotDenied, "", 0},
		{"without the usage", with(oem, func(f *File) {
			f.Signers = []Signer{f.Signers[0]}
			f.Signers[0].Leaf = certificate(t, h.Leaf)
		}), NotDenied, "", 0},
		{"the second signature", signedBy(t, oem, h, ""), Denied, "ID_SIGNER_OEM", KindSigner},
		{"the first signature of two", signedBy(t, signedBy(t, driver("z.sys"), h, ""), w, "Shady Ltd"), Denied, "ID_SIGNER_OEM", KindSigner},

		// What is not known is never "not denied".
		{"no digests", File{OriginalFileName: "z.sys"}, Unknown, "", 0},
		{"no page digest", with(driver("z.sys"), func(f *File) { f.PageSHA1 = nil }), Unknown, "", 0},
		{"no version resource read", with(driver("z.sys"), func(f *File) { f.VersionProblem = errors.New("malformed") }), Unknown, "", 0},
		{"no signatures read", with(driver("z.sys"), func(f *File) { f.SignersProblem = errors.New("malformed") }), Unknown, "", 0},
		{"no chain", with(driver("z.sys"), func(f *File) { f.Signers = []Signer{{Problem: errNoLeaf}} }), Unknown, "", 0},
		{"one of two languages fits", with(driver("z.sys"), func(f *File) { f.Others = []Attributes{{OriginalFileName: "named.sys"}} }), Unknown, "", 0},
		{"the other of two languages fits", with(driver("named.sys"), func(f *File) { f.Others = []Attributes{{OriginalFileName: "z.sys"}} }), Unknown, "", 0},
		{"both languages fit", with(driver("named.sys"), func(f *File) {
			f.Others = []Attributes{{OriginalFileName: "named.sys", ProductName: "x"}}
		}), Denied, "ID_DENY_NAME", KindFileAttributes},
		{"neither language fits", with(driver("z.sys"), func(f *File) { f.Others = []Attributes{{OriginalFileName: "q.sys"}} }), NotDenied, "", 0},
		{"signer, version resource not known", with(x, func(f *File) { f.VersionProblem = errors.New("malformed") }), Unknown, "", 0},
		{"a digest decides, whatever else is not known", with(File{SHA1: digest1("a.sys")}, func(f *File) { f.VersionProblem = errors.New("x") }), Denied, "ID_DENY_A_SHA1", KindHash},
	}
}

func ask(t *testing.T, p *Policy, q question, rule func(string) string) {
	t.Helper()
	got := p.Judge(q.file)
	if got.Answer != q.want || got.Match.Kind != q.kind || got.Match.RuleID != rule(q.rule) {
		t.Errorf("%s, %s: %+v, want %s by %s", p.Format, q.name, got, q.want, q.rule)
	}
	if (got.Answer == Unknown) != (len(got.Doubts) > 0) || (got.Answer == Denied) != (got.Match.Detail != "") {
		t.Errorf("%s, %s: %+v says too little", p.Format, q.name, got)
	}
	m, denied := p.Denies(q.file)
	if denied != (q.want == Denied) || denied && m != got.Match || !denied && (m.Kind != 0 || m.RuleID != "") ||
		(q.want == NotDenied) != (m == Match{}) {
		t.Errorf("%s, %s: Denies: %+v, %t", p.Format, q.name, m, denied)
	}
}

func TestJudge(t *testing.T) {
	p := sample(t).parse(t)
	if len(p.Unsupported) != 0 {
		t.Fatal(p.Unsupported)
	}
	for _, q := range questions(t) {
		ask(t, p, q, func(id string) string { return id })
	}
	m, _ := p.Denies(driver("named.sys", 3))
	want := Match{"ID_DENY_NAME", "by name", KindFileAttributes, "original file name Named.SYS, version 3.0.0.0 (minimum 0.0.0.0, maximum 3.1.65535.65535)"}
	if m != want {
		t.Errorf("%+v", m)
	}
}

// The compiled forms of a policy give the answers of its XML, plain and signed.
func TestCompiledAnswersLikeXML(t *testing.T) {
	x := sample(t).parse(t)
	for version := uint32(4); version <= 8; version++ {
		b := compile(x, version)
		for _, data := range [][]byte{b, sign(b), append(b, make([]byte, 100)...)} {
			p, err := Parse("policy.p7b", data)
			if err != nil {
				t.Fatal(err)
			}
			if p.Format != Compiled || p.FormatVersion != version || (p.Signature != nil) != (data[0] == tagSequence) {
				t.Errorf("format %s, version %d, signature %v", p.Format, p.FormatVersion, p.Signature)
			}
			sameHead(t, p, x)
			if len(p.Unsupported) != 0 {
				t.Error(p.Unsupported)
			}
			order := map[string]string{"": ""}
			for i, r := range (&compiler{p: x}).sorted() {
				order[r] = ruleID(i)
			}
			for i, s := range x.Signers {
				order[s.ID] = signerID(i)
			}
			for _, q := range questions(t) {
				ask(t, p, q, func(id string) string { return order[id] })
			}
		}
	}
}

// sorted are the IDs of the rules, as the compiler orders them.
func (c *compiler) sorted() []string {
	var ids []string
	for _, a := range []Action{Deny, Allow, Attribute} {
		for _, r := range c.p.Rules {
			if r.Action == a {
				ids = append(ids, r.ID)
			}
		}
	}
	return ids
}

func sameHead(t *testing.T, got, want *Policy) {
	t.Helper()
	if got.Name != want.Name || got.ID != want.ID || got.Version != want.Version || got.PlatformID != want.PlatformID ||
		got.PolicyTypeID != want.PolicyTypeID || got.Audit != want.Audit || len(got.Options) != len(want.Options) ||
		!reflect.DeepEqual(len(got.Rules), len(want.Rules)) || len(got.EKUs) != len(want.EKUs) || got.EKUs[0].OID != want.EKUs[0].OID {
		t.Errorf("got %s %s %s %v %v %v, want %s %s %s %v %v %v", got.Name, got.ID, got.Version, got.PlatformID, got.PolicyTypeID, got.Options,
			want.Name, want.ID, want.Version, want.PlatformID, want.PolicyTypeID, want.Options)
	}
}

func TestHead(t *testing.T) {
	p := sample(t).parse(t)
	if p.Source != "policy.xml" || p.Format != XML || p.Name != "Test Driver Policy" || p.ID != "10.0.27685.1" || p.Version != "10.0.27685.1" ||
		p.PlatformID.String() != "{2E07F7E4-194C-4D20-B7C9-6F44A6C5A234}" || p.PolicyTypeID.PolicyType() == "" || !p.Audit || len(p.Options) != 2 {
		t.Errorf("%+v", p)
	}
	s := sample(t)
	s.options = s.options[:1]
	if s.parse(t).Audit {
		t.Error("audit mode without the option")
	}
	if r := p.Rules[1]; r.ID != "ID_DENY_A_SHA1" || r.FriendlyName != "a Hash Sha1" || r.Pos != 13 || r.Action != Deny {
		t.Errorf("%+v", r)
	}
}

// Every part of a policy that has no meaning here is reported, and puts the
// files in doubt that it may concern, and only those.
func TestUnsupported(t *testing.T) {
	h := signtest.Commercial(nil)
	tbs := tbsHex(t, h.CA)
	signed := signedBy(t, driver("s.sys", 1), h, "")
	other := signedBy(t, driver("o.sys", 1), signtest.Lookalike(nil), "")
	tests := []struct {
		name   string
		source source
		text   string
		doubt  File // not certain
		clear  File // certain all the same; zero: no file is
		rule   string
	}{
		{"file path in the kernel", source{rules: `<Deny ID="D" FilePath="C:\x\*"/>`, kernel: refs("D")}, "FilePath", driver("a"), File{}, "D"},
		{"file path besides a name", source{rules: `<Deny ID="D" FileName="a.sys" FilePath="C:\x\*"/>`, kernel: refs("D")}, "FilePath", driver("A.sys"), driver("b.sys"), "D"},
		{"new attribute besides a digest", source{rules: `<Deny ID="D" Hash="` + hexOf(digest1("a")) + `" Moon="full"/>`, kernel: refs("D")}, `attribute Moon "full"`, driver("a"), driver("b"), "D"},
		{"no condition", source{rules: `<Deny ID="D" FriendlyName="x"/>`, kernel: refs("D")}, "no condition", driver("a"), File{}, "D"},
		{"digest of another size", source{rules: `<Deny ID="D" Hash="00112233"/>`, kernel: refs("D")}, "digest of 4 bytes", driver("a"), File{}, "D"},
		{"wildcards", source{rules: `<Deny ID="D" FileName="a*.sys"/>`, kernel: refs("D")}, "wildcards", driver("abc.sys"), File{}, "D"},
		{"wildcards besides a version", source{rules: `<Deny ID="D" FileName="a*.sys" MinimumFileVersion="1.0.0.0"/>`, kernel: refs("D")}, "wildcards", driver("abc.sys", 1), driver("abc.sys", 2), "D"},
		{"another kind of file rule", source{rules: `<FileRule ID="D" Type="Match"/>`, kernel: refs("D")}, "element FileRule", driver("a"), File{}, ""},
		{"element of another namespace", source{rules: `<Deny xmlns="urn:x" ID="D"/>`}, `namespace "urn:x"`, driver("a"), File{}, ""},
		{"new section", source{extra: `<MoreRules><Deny/></MoreRules>`}, "element MoreRules", driver("a"), File{}, ""},
		{"rule that is not there", source{kernel: refs("D")}, "file rule D is referred to and not there", driver("a"), File{}, ""},
		{"file attribute as a rule", source{rules: `<FileAttrib ID="D" FileName="a"/>`, kernel: refs("D")}, "no rule that denies or allows", driver("b"), File{}, ""},
		{"signer that is not there", source{kernel: deniedSigners("S")}, "signer S is denied and not there", driver("a"), File{}, ""},
		{"no rule that allows all", source{allowNone: true}, "what no rule names is blocked as well", driver("a"), File{}, ""},
		{"rule that allows some", source{allowNone: true, rules: `<Allow ID="A" FileName="*" MinimumFileVersion="1.0.0.0"/>`, kernel: refs("A")}, "no rule that allows every file", driver("a"), File{}, ""},
		{"option", source{options: []string{"Required:WHQL"}}, "option Required:WHQL", driver("a"), File{}, ""},
		{"inheritance", source{attribs: ` InheritedScenarios="ID_SIGNINGSCENARIO_WINDOWS"`}, "inherits", driver("a"), File{}, ""},
		{"minimum hash", source{attribs: ` MinimumHashAlgorithm="32781"`}, "minimum hash algorithm, 0x800d", driver("a"), File{}, ""},
		{"new attribute of the scenario", source{attribs: ` Moon="full"`}, "Moon", driver("a"), File{}, ""},
		{"allowed with exceptions", source{rules: `<Deny ID="D" FileName="d"/>`, signers: signer(t, "S", h, ""),
			kernel: `<AllowedSigners><AllowedSigner SignerId="S"><ExceptDenyRule DenyRuleID="D"/></AllowedSigner></AllowedSigners>`}, "signer S is allowed but for 1 files", driver("a"), File{}, ""},
		{"rules for test-signed code", source{rules: `<Deny ID="D" FileName="d"/>`,
			kernel: `</ProductSigners><TestSigners>` + refs("D") + `</TestSigners><ProductSigners>`}, "test-signed", driver("a"), File{}, ""},

		{"well-known root", source{signers: `<Signer ID="S" Name=""><CertRoot Type="Wellknown" Value="06"/></Signer>`, kernel: deniedSigners("S")}, "well-known root 06", signed, driver("a"), "S"},
		{"well-known root, other publisher", source{signers: `<Signer ID="S" Name=""><CertRoot Type="Wellknown" Value="06"/><CertPublisher Value="Fabrikam Geräte GmbH"/></Signer>`, kernel: deniedSigners("S")}, "well-known root 06", signed, other, "S"},
		{"new type of root", source{signers: `<Signer ID="S" Name=""><CertRoot Type="SKI" Value="06"/></Signer>`, kernel: deniedSigners("S")}, `CertRoot of type "SKI"`, signed, driver("a"), "S"},
		{"no root", source{signers: `<Signer ID="S" Name=""></Signer>`, kernel: deniedSigners("S")}, "no certificate", signed, driver("a"), "S"},
		{"issuer", source{signers: signer(t, "S", h, `<CertIssuer Value="x"/>`), kernel: deniedSigners("S")}, "CertIssuer x", signed, other, "S"},
		{"two publishers", source{signers: signer(t, "S", h, `<CertPublisher Value="Fabrikam Geräte GmbH"/><CertPublisher Value="y"/>`), kernel: deniedSigners("S")}, "a second CertPublisher", signed, other, "S"},
		{"signing time", source{signers: `<Signer ID="S" Name="" SignTimeAfter="2020-01-01T00:00:00Z"><CertRoot Type="TBS" Value="` + tbs + `"/></Signer>`, kernel: deniedSigners("S")}, "SignTimeAfter", signed, other, "S"},
		{"new condition of a signer", source{signers: signer(t, "S", h, `<CertMoon/>`), kernel: deniedSigners("S")}, "element CertMoon", signed, other, "S"},
		{"EKU that is not there", source{signers: signer(t, "S", h, `<CertEKU ID="E"/>`), kernel: deniedSigners("S")}, "EKU E is not there", signed, other, "S"},
		{"EKU that is no OID", source{ekus: `<EKU ID="E" Value="0102"/>`, signers: signer(t, "S", h, `<CertEKU ID="E"/>`), kernel: deniedSigners("S")}, "EKU E is no OID", signed, other, "S"},
		{"some of two EKUs", source{ekus: whqlEKU + `<EKU ID="E" Value="01082B06010505070303"/>`, signers: signer(t, "S", h, `<CertEKU ID="E"/><CertEKU ID="ID_EKU_WHQL"/>`), kernel: deniedSigners("S")}, "", signed, other, "S"},
		{"file attribute that is not there", source{signers: signer(t, "S", h, `<FileAttribRef RuleID="F"/>`), kernel: deniedSigners("S")}, "file attribute F is not there", signed, other, "S"},
		{"one file attribute of two not there", source{rules: `<FileAttrib ID="G" FileName="g"/>`, signers: signer(t, "S", h, `<FileAttribRef RuleID="F"/><FileAttribRef RuleID="G"/>`), kernel: deniedSigners("S")}, "file attribute F is not there", signed, other, "S"},
		{"file attribute with a path", source{rules: `<FileAttrib ID="F" FilePath="C:\x"/>`, signers: signer(t, "S", h, `<FileAttribRef RuleID="F"/>`), kernel: deniedSigners("S")}, "file attribute F: attribute FilePath", signed, other, "S"},
		{"exception that is not there", source{signers: signer(t, "S", h, ""), kernel: `<DeniedSigners><DeniedSigner SignerId="S"><ExceptAllowRule AllowRuleID="A"/></DeniedSigner></DeniedSigners>`}, "exception A is not there", signed, other, "S"},
		{"exception with a path", source{rules: `<Allow ID="A" FilePath="C:\x"/>`, signers: signer(t, "S", h, ""), kernel: `<DeniedSigners><DeniedSigner SignerId="S"><ExceptAllowRule AllowRuleID="A"/></DeniedSigner></DeniedSigners>`}, "", signed, other, "S"},
	}
	for _, tt := range tests {
		p, err := Parse("p.xml", tt.source.xml())
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if tt.text != "" {
			found := false
			for _, u := range p.Unsupported {
				found = found || strings.Contains(u.What, tt.text) && u.Rule == tt.rule && strings.Contains(u.String(), u.What)
			}
			if !found {
				t.Errorf("%s: not reported: %v", tt.name, p.Unsupported)
			}
		}
		if got := p.Judge(tt.doubt); got.Answer != Unknown || got.Doubts == nil {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if m, ok := p.Denies(tt.doubt); ok || !strings.HasPrefix(m.Detail, "cannot be excluded: ") {
			t.Errorf("%s: Denies: %+v, %t", tt.name, m, ok)
		}
		clear := p.Judge(tt.clear)
		if want := tt.clear.SHA1 != nil; (clear.Answer == NotDenied) != want {
			t.Errorf("%s: the file that is not concerned: %+v", tt.name, clear)
		}
	}
}

func TestExceptions(t *testing.T) {
	h := signtest.Commercial(nil)
	p := source{
		rules:   `<Allow ID="A" FileName="good.sys" MinimumFileVersion="2.0.0.0"/>`,
		signers: signer(t, "S", h, ""),
		kernel:  `<DeniedSigners><DeniedSigner SignerId="S"><ExceptAllowRule AllowRuleID="A"/></DeniedSigner></DeniedSigners>`,
	}.parse(t)
	for version, want := range map[uint16]Answer{1: Denied, 2: NotDenied, 3: NotDenied} {
		if got := p.Judge(signedBy(t, driver("good.sys", version), h, "")); got.Answer != want {
			t.Errorf("version %d: %+v", version, got)
		}
	}
}

// A rule that denies wins over one that allows the same file (rule 194).
func TestDenyBeatsAllow(t *testing.T) {
	p := source{
		rules:  `<Allow ID="A" FileName="a.sys"/><Deny ID="D" FileName="a.sys"/>`,
		kernel: refs("A", "D"),
	}.parse(t)
	if m, ok := p.Denies(driver("a.sys")); !ok || m.RuleID != "D" {
		t.Errorf("%+v", m)
	}
}

func TestTwoKernelScenarios(t *testing.T) {
	s := source{rules: `<Deny ID="D" FileName="a.sys"/><Deny ID="E" FileName="b.sys"/>`, kernel: refs("D")}
	text := strings.Replace(string(s.xml()), "</SigningScenarios>",
		`<SigningScenario Value="131" ID="X"><ProductSigners>`+refs("D", "E")+`</ProductSigners></SigningScenario></SigningScenarios>`, 1)
	p, err := Parse("p", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.sys", "b.sys"} {
		if _, ok := p.Denies(driver(name)); !ok {
			t.Errorf("%s is not denied", name)
		}
	}
}

// Several rules may hold; the one that stands first in the policy is named.
func TestFirstRuleIsNamed(t *testing.T) {
	rules := ""
	var ids []string
	for i := range 50 {
		id := fmt.Sprintf("D%d", i)
		ids = append(ids, id)
		field := [...]string{"ProductName", "FileName", "InternalName", "FileDescription"}[i%4]
		rules += fmt.Sprintf(`<Deny ID="%s" %s="a"/>`+"\n", id, field)
	}
	p := source{rules: rules, kernel: refs(ids...)}.parse(t)
	f := driver("a")
	f.ProductName, f.InternalName, f.FileDescription = "A", "A", "A"
	for range 20 {
		if m, ok := p.Denies(f); !ok || m.RuleID != "D0" {
			t.Fatalf("%+v", m)
		}
	}
}

func TestSignerOf(t *testing.T) {
	h, tsa := signtest.Commercial(nil), signtest.TimeStamping(nil)
	s := h.Signer().Stamped(tsa.CounterSignature())
	s.ProgramName = "Fabrikam"
	f := fileOf(t, signtest.SignPE(signtest.NewDriver(0, "x"), s))
	if len(f.Signers) != 1 {
		t.Fatal(f.Signers)
	}
	got := f.Signers[0]
	if got.LeafCN != "Fabrikam Geräte GmbH" || got.OemID != "Fabrikam" || got.Problem != nil || string(got.Leaf.Raw) != string(h.Leaf.Raw) {
		t.Errorf("%+v", got)
	}
	var chain []string
	for _, c := range got.Chain {
		chain = append(chain, c.Subject.CommonName())
	}
	if want := "Fabrikam Geräte GmbH, Contoso Code Signing CA 2"; !strings.HasPrefix(strings.Join(chain, ", "), want) {
		t.Errorf("chain %q", chain)
	}
	for _, c := range got.Chain {
		if string(c.Raw) == string(tsa.Leaf.Raw) {
			t.Error("the chain has a certificate of the time stamp")
		}
	}
	s.OmitCertificate = true
	f = fileOf(t, signtest.SignPE(signtest.NewDriver(0, "x"), s))
	if len(f.Signers) != 1 || f.Signers[0].Problem == nil || f.Signers[0].Leaf != nil {
		t.Errorf("signer not carried: %+v", f.Signers)
	}
}

// Certificates that name each other as issuer make no endless chain.
func TestChainOfCertificatesThatIssueEachOther(t *testing.T) {
	a, b := signtest.DN("CN=A"), signtest.DN("CN=B")
	template := signtest.CATemplate(a, signtest.NamedKey("rsa2048-1"))
	template.Issuer = b
	first := certificate(t, signtest.NewRoot(template))
	template.Subject, template.Issuer = b, a
	second := certificate(t, signtest.NewRoot(template))
	if chain := above(first, []*cert.Certificate{first, second, first, second}); len(chain) != 2 {
		t.Errorf("%d certificates", len(chain))
	}
}
