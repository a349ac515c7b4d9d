package blocklist

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// check asserts what holds of every result of Parse, and asks it about a few
// files.
func check(t *testing.T, p *Policy, err error, files []File) {
	t.Helper()
	if (p == nil) == (err == nil) {
		t.Fatalf("policy %v, error %v", p != nil, err)
	}
	if err != nil {
		_ = err.Error()
		return
	}
	if p.Format != XML && p.Format != Compiled || len(p.Unsupported) > maxUnsupported || len(p.Rules) > maxRules || len(p.Signers) > maxRules {
		t.Fatalf("format %s, %d parts not supported, %d rules, %d signers", p.Format, len(p.Unsupported), len(p.Rules), len(p.Signers))
	}
	for _, f := range files {
		got := p.Judge(f)
		m, denied := p.Denies(f)
		switch {
		case denied != (got.Answer == Denied), denied && (m != got.Match || m.RuleID == "" || m.Kind == KindUnknown),
			got.Answer == Unknown && (len(got.Doubts) == 0 || m.Detail == ""), len(got.Doubts) > maxDoubts:
			t.Fatalf("%+v, %+v, %t", got, m, denied)
		}
		if got.Answer != NotDenied {
			continue
		}
		for _, u := range p.Unsupported {
			if u.Rule == "" {
				t.Fatalf("not denied, although %s", u)
			}
		}
		// Whoever knows less is never told more.
		if less := p.Judge(File{Signers: f.Signers, SignersProblem: f.SignersProblem, OriginalFileName: f.OriginalFileName, Version: f.Version}); less.Answer == Denied {
			t.Fatalf("denied without digests: %+v", less)
		}
	}
}

func fuzzFiles(t testing.TB) []File {
	var files []File
	for _, q := range questions(t) {
		files = append(files, q.file)
	}
	return files[:24]
}

func FuzzParseXML(f *testing.F) {
	f.Add(sample(f).xml())
	f.Add(source{}.xml())
	f.Add(utf16Text(binary.LittleEndian, string(source{}.xml())))
	f.Add(source{rules: `<Deny ID="D" FilePath="x" Hash="00"/>`, kernel: refs("D", "E") + deniedSigners("S"), extra: "<a><b/></a>"}.xml())
	files := fuzzFiles(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		p, err := Parse("fuzz", data)
		if !bytes.Equal(before, data) {
			t.Fatal("input was changed")
		}
		check(t, p, err, files)
	})
}

func FuzzParseCompiled(f *testing.F) {
	p := sample(f).parse(f)
	for version := uint32(1); version <= 9; version++ {
		f.Add(compile(p, version))
	}
	f.Add(sign(compile(p, 8)))
	f.Add(compile(source{}.parse(f), 8))
	files := fuzzFiles(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		p, err := Parse("fuzz", data)
		if !bytes.Equal(before, data) {
			t.Fatal("input was changed")
		}
		check(t, p, err, files)
	})
}

// counter is a reader that counts: the work on a file must be bounded by the
// limits, not by what the file says.
type counter struct {
	r     *bytes.Reader
	reads int
}

func (c *counter) ReadAt(p []byte, at int64) (int, error) {
	c.reads += len(p)
	return c.r.ReadAt(p, at)
}

func FuzzVersionInfo(f *testing.F) {
	two := resource{version: FileVersion{1, 2, 3, 4}, tables: [][][2]string{names("foo.sys", "foo", "Foo", "Suite"), names("bar.sys", "", "", "")}}.encode()
	f.Add(image(0, rsrc(two)))
	f.Add(image(0x014c, rsrc(two, resource{noFixed: true}.encode())))
	f.Add(image(0, nil))
	f.Add([]byte("MZ"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &counter{r: bytes.NewReader(data)}
		sets, err := VersionInfo(r, int64(len(data)))
		if err != nil && sets != nil || len(sets) > maxSets {
			t.Fatalf("%d sets, %v", len(sets), err)
		}
		if limit := 1<<20 + maxVersions*(maxVersionInfo+maxEntries*8); r.reads > limit*maxVersions {
			t.Fatalf("read %d bytes of a file of %d", r.reads, len(data))
		}
	})
}

// FuzzParseVersion reads version resources without an image around them.
func FuzzParseVersion(f *testing.F) {
	f.Add(resource{version: FileVersion{1, 2, 3, 4}, tables: [][][2]string{names("foo.sys", "foo", "Foo", "Suite")}}.encode())
	f.Add(resource{noFixed: true}.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxVersionInfo {
			return
		}
		sets, err := parseVersion(data)
		if err != nil && sets != nil || err == nil && len(sets) == 0 {
			t.Fatalf("%d sets, %v", len(sets), err)
		}
	})
}
