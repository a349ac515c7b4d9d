package blocklist

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"testing"

	"prestage/authenticode"
	"prestage/authenticode/signtest"
)

func fileOf(t testing.TB, b []byte) File {
	t.Helper()
	f, err := FileOf(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The facts of a driver are those that the builder has put into it.
func TestFileOf(t *testing.T) {
	plain := image(0, rsrc(resource{version: FileVersion{1, 2, 3, 4}, tables: [][][2]string{names("foo.sys", "foo", "Foo", "Foo Suite")}}.encode()))
	for _, b := range [][]byte{plain, signtest.SignPE(plain, signtest.Commercial(nil).Signer())} {
		f := fileOf(t, b)
		if f.OriginalFileName != "foo.sys" || f.InternalName != "foo" || f.FileDescription != "Foo" || f.ProductName != "Foo Suite" ||
			f.Version != [4]uint16{1, 2, 3, 4} || f.VersionProblem != nil || f.SignersProblem != nil || len(f.Others) != 0 {
			t.Errorf("%+v", f)
		}
		if !bytes.Equal(f.SHA1, signtest.ImageHash(plain, crypto.SHA1)) || !bytes.Equal(f.SHA256, signtest.ImageHash(plain, crypto.SHA256)) {
			t.Error("digests")
		}
		pages1, pages2 := signtest.PageHashes(plain, crypto.SHA1), signtest.PageHashes(plain, crypto.SHA256)
		if !bytes.Contains(pages1, f.PageSHA1) || !bytes.Contains(pages2, f.PageSHA256) || len(f.PageSHA1) != 20 || len(f.PageSHA256) != 32 {
			t.Error("page digests")
		}
	}
}

func TestFileOfBadFiles(t *testing.T) {
	if _, err := FileOf(bytes.NewReader([]byte("text")), 4); !errors.Is(err, authenticode.ErrNotPE) {
		t.Errorf("text: %v", err)
	}
	bad := image(0, rsrc([]byte("no version resource at all")))
	if f := fileOf(t, bad); !errors.Is(f.VersionProblem, ErrResource) {
		t.Errorf("malformed version resource: %+v", f)
	}
	b := signtest.SignPE(signtest.NewDriver(0, "x"), signtest.Commercial(nil).Signer())
	for i := len(b) - 1000; i < len(b); i++ {
		b[i] = 0xff
	}
	p := sample(t).parse(t)
	f := fileOf(t, b)
	if got := p.Judge(f); f.SignersProblem == nil && len(f.Signers) > 0 && f.Signers[0].Problem == nil || got.Answer == NotDenied {
		t.Errorf("malformed signature: %v, %+v", f.SignersProblem, got)
	}
}

// From a driver to a verdict, through every function.
func TestEndToEnd(t *testing.T) {
	h := signtest.Commercial(nil)
	b := signtest.SignPE(image(0, rsrc(resource{version: FileVersion{1, 5}, tables: [][][2]string{names("x.sys", "", "", "")}}.encode())), h.Signer())
	f := fileOf(t, b)
	if m, ok := sample(t).parse(t).Denies(f); !ok || m.RuleID != "ID_SIGNER_ATTRIBS" {
		t.Errorf("by signer: %+v", m)
	}
	p := source{rules: fmt.Sprintf(`<Deny ID="D" Hash="%X"/>`, f.PageSHA1), kernel: refs("D")}.parse(t)
	if m, ok := p.Denies(f); !ok || m.Kind != KindPageHash {
		t.Errorf("by page: %+v", m)
	}
}
