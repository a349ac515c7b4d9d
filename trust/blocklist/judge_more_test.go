package blocklist

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"prestage/authenticode"
	"prestage/authenticode/signtest"
)

// An exception may name a digest. Where that digest of the file is not known,
// neither is whether the signer is denied.
func TestExceptionsByDigest(t *testing.T) {
	h := signtest.Commercial(nil)
	p := source{
		rules:   fmt.Sprintf(`<Allow ID="A" Hash="%X"/>`, digest1("good.sys")),
		signers: signer(t, "S", h, ""),
		kernel:  `<DeniedSigners><DeniedSigner SignerId="S"><ExceptAllowRule AllowRuleID="A"/></DeniedSigner></DeniedSigners>`,
	}.parse(t)
	unknown := driver("bad.sys")
	unknown.SHA1 = nil
	noPage := driver("good.sys")
	noPage.PageSHA1 = nil
	for _, tt := range []struct {
		name string
		file File
		want Answer
	}{
		{"the file of the exception", driver("good.sys"), NotDenied},
		{"another file", driver("bad.sys"), Denied},
		{"a file whose digest is not known", unknown, Unknown},
		{"the file of the exception, page digest not known", noPage, NotDenied},
	} {
		if got := p.Judge(signedBy(t, tt.file, h, "")); got.Answer != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

// A FileAttrib may have a digest too.
func TestFileAttributeWithDigest(t *testing.T) {
	h := signtest.Commercial(nil)
	p := source{
		rules:   fmt.Sprintf(`<FileAttrib ID="F" Hash="%X"/>`, digest2("page of bad.sys")),
		signers: signer(t, "S", h, `<FileAttribRef RuleID="F"/>`),
		kernel:  deniedSigners("S"),
	}.parse(t)
	unknown := driver("other.sys")
	unknown.PageSHA256 = nil
	for _, tt := range []struct {
		file File
		want Answer
	}{{driver("bad.sys"), Denied}, {driver("other.sys"), NotDenied}, {unknown, Unknown}} {
		if got := p.Judge(signedBy(t, tt.file, h, "")); got.Answer != tt.want {
			t.Errorf("%s: %+v", tt.file.OriginalFileName, got)
		}
	}
}

// A rule for every file matches files without a version resource too, as
// version 0.0.0.0.
func TestEveryFile(t *testing.T) {
	p := source{rules: `<Deny ID="D" FileName="*"/>`, kernel: refs("D")}.parse(t)
	if m, ok := p.Denies(driver("")); !ok || m.Detail != "every file" {
		t.Errorf("%+v, %t", m, ok)
	}
	p = source{rules: `<Deny ID="D" FileName="*" MinimumFileVersion="1.0.0.0"/>`, kernel: refs("D")}.parse(t)
	for name, want := range map[string]bool{"": true, "new.sys": false} {
		f := driver(name)
		if name != "" {
			f.Version = [4]uint16{2}
		}
		if m, ok := p.Denies(f); ok != want || ok && m.Kind != KindFileAttributes {
			t.Errorf("%q: %+v, %t", name, m, ok)
		}
	}
}

// A certificate whose TBS digest cannot be made may be the one that a rule
// names.
func TestCertificateWithUnknownDigest(t *testing.T) {
	h := signtest.Commercial(nil)
	p := source{signers: signer(t, "S", h, ""), kernel: deniedSigners("S")}.parse(t)
	f := signedBy(t, driver("x.sys"), signtest.Lookalike(nil), "")
	if got := p.Judge(f); got.Answer != NotDenied {
		t.Fatalf("%+v", got)
	}
	odd := signtest.CATemplate(signtest.DN("CN=Odd"), signtest.NamedKey("rsa2048-1"))
	odd.Algorithm = signtest.MD2WithRSA()
	f.Signers[0].Chain = append(f.Signers[0].Chain, certificate(t, signtest.NewRoot(odd)))
	if got := p.Judge(f); got.Answer != Unknown || !strings.Contains(got.Doubts[0], "CN=Odd") {
		t.Errorf("%+v", got)
	}
}

// Without the leaf, nothing is known of the publisher and the usages.
func TestSignerWithoutLeaf(t *testing.T) {
	w := signtest.Lookalike(nil)
	for name, children := range map[string]string{
		"publisher": `<CertPublisher Value="x"/>`,
		"usage":     `<CertEKU ID="ID_EKU_WHQL"/>`,
	} {
		p := source{ekus: whqlEKU, signers: signer(t, "S", w, children), kernel: deniedSigners("S")}.parse(t)
		f := signedBy(t, driver("x.sys"), w, "")
		f.Signers[0].Leaf, f.Signers[0].LeafCN = nil, ""
		if got := p.Judge(f); got.Answer != Unknown {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestDoubtsAreBounded(t *testing.T) {
	p := source{extra: strings.Repeat("<a/>\n", 1000)}.parse(t)
	if got := p.Judge(driver("x.sys")); got.Answer != Unknown || len(got.Doubts) != maxDoubts {
		t.Errorf("%s, %d doubts", got.Answer, len(got.Doubts))
	}
}

func TestSignerOfUnreadableCertificates(t *testing.T) {
	h := signtest.Commercial(nil)
	b := signtest.ImageSignature{Signer: h.Signer(), Message: func(m *signtest.SignedData) {
		m.RawCertificates = append(m.RawCertificates, signtest.Sequence(signtest.Integer(7)))
	}}.Sign(signtest.NewDriver(0, "x"))
	f := fileOf(t, b)
	if len(f.Signers) != 1 || f.Signers[0].Problem == nil || f.Signers[0].Leaf == nil {
		t.Fatalf("%+v", f.Signers)
	}
	p := source{signers: signer(t, "S", signtest.Lookalike(nil), ""), kernel: deniedSigners("S")}.parse(t)
	if got := p.Judge(f); got.Answer != Unknown {
		t.Errorf("%+v", got)
	}
	if got := (source{}).parse(t).Judge(f); got.Answer != NotDenied {
		t.Errorf("a policy without signers: %+v", got)
	}
}

// badReader fails after some bytes.
type badReader struct {
	io.ReaderAt
	limit int64
}

var errBroken = errors.New("disk on fire")

func (r badReader) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > r.limit {
		return 0, errBroken
	}
	return r.ReaderAt.ReadAt(p, at)
}

func TestReaderThatFails(t *testing.T) {
	b := image(0, rsrc(resource{tables: [][][2]string{names("foo.sys", "", "", "")}}.encode()))
	for _, limit := range []int64{0, 0x50, 0x90, 0x100, 0x1b0, rsrcOffset, rsrcOffset + 20, rsrcOffset + 100} {
		r := badReader{strings.NewReader(string(b)), limit}
		if sets, err := VersionInfo(r, int64(len(b))); sets != nil || !errors.Is(err, errBroken) {
			t.Errorf("%d bytes: %v, %v", limit, sets, err)
		}
		if _, err := FileOf(r, int64(len(b))); !errors.Is(err, errBroken) || errors.Is(err, authenticode.ErrNotPE) {
			t.Errorf("FileOf, %d bytes: %v", limit, err)
		}
	}
}

// A signer with file attributes, in a policy where nothing else looks at the
// version resource.
func TestSignerWithUnknownVersionResource(t *testing.T) {
	h := signtest.Commercial(nil)
	p := source{
		rules:   `<FileAttrib ID="F" FileName="bad.sys"/>` + fmt.Sprintf(`<Deny ID="D" Hash="%X"/>`, digest1("hash.sys")),
		signers: signer(t, "S", h, `<FileAttribRef RuleID="F"/>`),
		kernel:  deniedSigners("S") + refs("D"),
	}.parse(t)
	f := signedBy(t, driver("x.sys"), h, "")
	f.VersionProblem = errors.New("malformed")
	if got := p.Judge(f); got.Answer != Unknown {
		t.Errorf("%+v", got)
	}
	other := signedBy(t, driver("x.sys"), signtest.Lookalike(nil), "")
	other.VersionProblem = f.VersionProblem
	if got := p.Judge(other); got.Answer != NotDenied {
		t.Errorf("another signer: %+v", got)
	}
}
