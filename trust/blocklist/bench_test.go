package blocklist

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"prestage/authenticode/signtest"
)

// large is a policy of the shape of Microsoft's list: n rules, most of them by
// digest, some by name, and n/25 signers with file attributes.
func large(t testing.TB, n int) source {
	var rules, signers strings.Builder
	var ids, denied []string
	for i := range n {
		id := fmt.Sprintf("ID_DENY_%d", i)
		ids = append(ids, id)
		if i%10 == 0 {
			fmt.Fprintf(&rules, `<Deny ID="%s" FriendlyName="n%d" FileName="driver%d.sys" MinimumFileVersion="0.0.0.0" MaximumFileVersion="2.0.0.0"/>`+"\n", id, i, i)
		} else {
			fmt.Fprintf(&rules, `<Deny ID="%s" FriendlyName="driver%d.sys Hash Sha256" Hash="%X"/>`+"\n", id, i, digest2(id))
		}
	}
	for i := range n / 25 {
		fmt.Fprintf(&rules, `<FileAttrib ID="ID_FILEATTRIB_%d" FileName="signed%d.sys" MinimumFileVersion="0.0.0.0" MaximumFileVersion="2.0.0.0"/>`+"\n", i, i)
		fmt.Fprintf(&signers, `<Signer ID="ID_SIGNER_%d" Name="n"><CertRoot Type="TBS" Value="%X"/><CertPublisher Value="Publisher %d"/><FileAttribRef RuleID="ID_FILEATTRIB_%d"/></Signer>`+"\n", i, digest2(fmt.Sprint("ca", i%50)), i, i)
		denied = append(denied, fmt.Sprintf("ID_SIGNER_%d", i))
	}
	return source{rules: rules.String(), signers: signers.String(), kernel: deniedSigners(denied...) + refs(ids...)}
}

const benchRules = 5000

func BenchmarkParseXML(b *testing.B) {
	data := large(b, benchRules).xml()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("p", data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseCompiled(b *testing.B) {
	data := compile(large(b, benchRules).parse(b), 8)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("p", data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJudge asks about a signed driver that no rule names, which is the
// case that has to look everywhere, in lists of two sizes: the time must not
// grow with the list.
func BenchmarkJudge(b *testing.B) {
	f := signedBy(b, driver("harmless.sys", 1), signtest.Commercial(nil), "")
	for _, n := range []int{50, benchRules} {
		p := large(b, n).parse(b)
		b.Run(fmt.Sprint(n, " rules"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := p.Judge(f); got.Answer != NotDenied {
					b.Fatal(got)
				}
			}
		})
	}
}

func BenchmarkVersionInfo(b *testing.B) {
	data := image(0, rsrc(resource{tables: [][][2]string{names("foo.sys", "foo", "Foo", "Foo Suite")}}.encode()))
	r := bytes.NewReader(data)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if sets, err := VersionInfo(r, int64(len(data))); err != nil || len(sets) != 1 {
			b.Fatal(err)
		}
	}
}

// Asking about a file costs the same whatever the size of the list: counted,
// not timed.
func TestJudgeLooksUp(t *testing.T) {
	f := signedBy(t, driver("driver10.sys", 9), signtest.Commercial(nil), "")
	for _, n := range []int{50, benchRules} {
		p := large(t, n).parse(t)
		j := judgement{p: p, f: &f}
		if got := j.candidates(); len(got) != 1 || got[0].ID != "ID_DENY_10" {
			t.Errorf("%d rules: %d candidates", n, len(got))
		}
		if got := p.Judge(f); got.Answer != NotDenied {
			t.Errorf("%d rules: %+v", n, got)
		}
	}
}
