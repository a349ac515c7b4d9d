package blocklist

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"prestage/authenticode/signtest"
)

// utf16Text is text in UTF-16 with a byte order mark.
func utf16Text(order binary.AppendByteOrder, text string) []byte {
	b := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestEncodings(t *testing.T) {
	s := source{rules: `<Deny ID="D" FileName="安全𝄞.sys"/>`, kernel: refs("D")}
	text := string(s.xml())
	as16 := strings.Replace(text, "utf-8", "utf-16", 1)
	for name, data := range map[string][]byte{
		"UTF-8":                []byte(text),
		"UTF-8 with a mark":    []byte("\ufeff" + text),
		"no declaration":       []byte(text[strings.Index(text, "<SiPolicy"):]),
		"blanks first":         []byte("\r\n " + text[strings.Index(text, "<SiPolicy"):]),
		"UTF-16 LE":            utf16Text(binary.LittleEndian, as16),
		"UTF-16 BE":            utf16Text(binary.BigEndian, as16),
		"UTF-16, called UTF-8": utf16Text(binary.LittleEndian, text),
		"CRLF":                 []byte(strings.ReplaceAll(text, "\n", "\r\n")),
	} {
		p, err := Parse("p", data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, ok := p.Denies(driver("安全𝄞.SYS")); !ok {
			t.Errorf("%s: not denied", name)
		}
	}
}

func TestParseXMLRefuses(t *testing.T) {
	deny := func(attributes string) source { return source{rules: `<Deny ID="D" ` + attributes + `/>`} }
	replace := func(old, with string) []byte {
		text := string(source{}.xml())
		if !strings.Contains(text, old) {
			t.Fatalf("no %q to replace", old)
		}
		return []byte(strings.Replace(text, old, with, 1))
	}
	root := signer(t, "S", signtest.Commercial(nil), "")
	tests := []struct {
		name string
		data []byte
		want error
		text string
	}{
		{"empty", nil, ErrNotPolicy, "empty"},
		{"zeros", make([]byte, 100), ErrNotPolicy, "empty"},
		{"executable", []byte("MZ\x90\x00 and more"), ErrNotPolicy, "executable"},
		{"zip", []byte("PK\x03\x04"), ErrNotPolicy, "unpack"},
		{"web page", []byte("<!DOCTYPE html><html>"), ErrNotPolicy, "HTML"},
		{"text", []byte("what is this"), ErrNotPolicy, "neither"},
		{"one byte", []byte{1}, ErrNotPolicy, "short"},
		{"another root", []byte(`<Policy xmlns="urn:schemas-microsoft-com:sipolicy"/>`), ErrNotPolicy, "root is Policy"},
		{"another namespace", []byte(`<SiPolicy/>`), ErrNotPolicy, "SiPolicy"},
		{"no element", []byte(`<?xml version="1.0"?>`), ErrNotPolicy, "without an element"},
		{"cut off", source{}.xml()[:900], ErrSyntax, "line "},
		{"two roots", append(source{}.xml(), source{}.xml()...), ErrSyntax, ""},
		{"element after the root", append(source{}.xml(), `<x/>`...), ErrSyntax, "after the policy"},
		{"document type", replace("<SiPolicy", "<!DOCTYPE x [<!ENTITY e \"f\">]>\n<SiPolicy"), ErrSyntax, "line 2: a document type"},
		{"entity", deny(`FileName="&e;"`).xml(), ErrSyntax, "line "},
		{"another encoding", replace("utf-8", "iso-8859-1"), ErrSyntax, "iso-8859-1"},
		{"no UTF-8", replace("10.0.27685.1", "\xff"), ErrSyntax, "UTF-8"},
		{"half a character", append(utf16Text(binary.LittleEndian, "<x/>"), 1), ErrSyntax, "half a character"},
		{"half a pair", append(utf16Text(binary.LittleEndian, "<x/>"), 0, 0xd8), ErrSyntax, "surrogate"},
		{"two halves that are no pair", append(utf16Text(binary.LittleEndian, "<x/>"), 0, 0xd8, 0, 0xd8), ErrSyntax, "surrogate"},
		{"too deep", source{extra: strings.Repeat("<a>", 50) + strings.Repeat("</a>", 50)}.xml(), ErrTooDeep, "line "},
		{"supplemental", source{root: ` PolicyType="Supplemental Policy"`}.xml(), ErrSupplemental, "base policy"},
		{"supplemental by its ids", source{extra: `<PolicyID>{A244370E-44C9-4C06-B551-F6016E563076}</PolicyID><BasePolicyID>{A244370E-44C9-4C06-B551-F6016E563077}</BasePolicyID>`}.xml(), ErrSupplemental, "base policy"},
		{"version", replace("10.0.27685.1", "10.0"), ErrSyntax, "line 3: VersionEx"},
		{"GUID", replace("{2E07F7E4", "{"), ErrSyntax, "line 4"},
		{"hash", deny(`Hash="0g"`).xml(), ErrSyntax, `line 10: hash "0g"`},
		{"attribute twice", deny(`FileName="a" FileName="b"`).xml(), ErrSyntax, "line 10: attribute FileName of Deny twice"},
		{"half a hash", deny(`Hash="012"`).xml(), ErrSyntax, "hash"},
		{"minimum", deny(`MinimumFileVersion="1"`).xml(), ErrSyntax, "line 10"},
		{"maximum", deny(`MaximumFileVersion="1.2.3.70000"`).xml(), ErrSyntax, "line 10"},
		{"no ID", source{rules: `<Deny FileName="x"/>`}.xml(), ErrSyntax, "without an ID"},
		{"an ID twice", source{rules: `<Deny ID="D"/><Deny ID="D"/>`}.xml(), ErrDuplicate, "D"},
		{"a signer twice", source{signers: root + root}.xml(), ErrDuplicate, "S"},
		{"an EKU twice", source{ekus: whqlEKU + whqlEKU}.xml(), ErrDuplicate, "EKU"},
		{"EKU value", source{ekus: `<EKU ID="E" Value="x"/>`}.xml(), ErrSyntax, "EKU"},
		{"two roots of a signer", source{signers: `<Signer ID="S"><CertRoot Type="TBS" Value="00"/><CertRoot Type="TBS" Value="01"/></Signer>`}.xml(), ErrSyntax, "second CertRoot"},
		{"root of a signer", source{signers: `<Signer ID="S"><CertRoot Type="TBS" Value="x"/></Signer>`}.xml(), ErrSyntax, "certificate root"},
		{"publisher without a value", source{signers: `<Signer ID="S"><CertPublisher/></Signer>`}.xml(), ErrSyntax, "CertPublisher without Value"},
		{"reference without an id", source{kernel: `<FileRulesRef><FileRuleRef/></FileRulesRef>`}.xml(), ErrSyntax, "FileRuleRef without RuleID"},
		{"scenario without a value", replace(`Value="131"`, ""), ErrSyntax, "signing scenario"},
		{"scenario with a value too high", replace(`Value="131"`, `Value="387"`), ErrSyntax, "387"},
		{"minimum hash", source{attribs: ` MinimumHashAlgorithm="x"`}.xml(), ErrSyntax, "minimum hash"},
		{"many unknown parts", source{extra: strings.Repeat("<a/>", maxUnsupported+1)}.xml(), ErrTooMany, "not supported"},
		{"many options", source{options: make([]string, maxUnsupported+1)}.xml(), ErrTooMany, "options"},
		{"many rules", source{rules: strings.Repeat("<Deny/>", maxRules+1)}.xml(), ErrTooMany, "file rules"},
		{"many references", source{kernel: "<FileRulesRef>" + strings.Repeat(`<FileRuleRef RuleID="D"/>`, maxRefs+1) + "</FileRulesRef>"}.xml(), ErrTooMany, "references"},
		{"too big", make([]byte, maxPolicy+1), ErrTooBig, "64 MiB"},
	}
	for _, tt := range tests {
		p, err := Parse("file.xml", tt.data)
		if p != nil || !errors.Is(err, tt.want) || !strings.Contains(fmt.Sprint(err), tt.text) || !strings.HasPrefix(fmt.Sprint(err), "file.xml: ") {
			t.Errorf("%s: %v; want %v with %q", tt.name, err, tt.want, tt.text)
		}
	}
}

// What has no meaning for what is denied may say anything.
func TestSkipped(t *testing.T) {
	p := source{
		root: ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="x" FriendlyName="f" PolicyType="Base Policy"`,
		extra: `<Macros><Macro Id="a" Value="b"/></Macros><AppSettings><App Manifest="m"><Setting/></App></AppSettings>
			<SupplementalPolicySigners><SupplementalPolicySigner SignerId="nobody"/></SupplementalPolicySigners>
			<PolicyID>{A244370E-44C9-4C06-B551-F6016E563076}</PolicyID><BasePolicyID>{A244370E-44C9-4C06-B551-F6016E563076}</BasePolicyID>
			<!-- <Deny/> -->`,
		attribs: ` FriendlyName="f" MinimumHashAlgorithm="32780" InheritedScenarios=" "`,
		rules:   `<!-- a --><Deny ID="D" FriendlyName="&lt;d&gt;" FileName="d &amp; e" Hash="" FilePath=""/>`,
		kernel:  refs("D"),
	}.parse(t)
	if len(p.Unsupported) != 0 || p.PolicyID.IsZero() || p.PolicyID != p.BasePolicyID {
		t.Errorf("%v", p.Unsupported)
	}
	if m, ok := p.Denies(driver("D & E")); !ok || m.FriendlyName != "<d>" {
		t.Errorf("%+v", m)
	}
}
