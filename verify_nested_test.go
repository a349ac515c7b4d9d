package prestage

import (
	"path/filepath"
	"testing"

	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
)

// TestVerifyForeignNestedCatalog: a catalog that everybody trusts, nested into
// one that somebody made up, signs nothing of what the latter lists.
func TestVerifyForeignNestedCatalog(t *testing.T) {
	dir := t.TempDir()
	text := []byte("; somebody's file\r\n")
	trusted := signtest.Commercial(nil).Signer()
	list := signtest.Catalog{Members: []signtest.Member{{Data: text}}}
	other := signtest.Catalog{Members: []signtest.Member{{Data: []byte("; a good file\r\n")}}}
	around := func(nested []byte) []byte {
		s := signtest.SelfSigned(nil).Signer()
		s.Nested = [][]byte{nested}
		return list.Sign(s)
	}
	file := put(t, dir, "file.inf", text)
	for _, c := range []struct {
		name   string
		cat    []byte
		second winerror.Code // of the second signature, asked for by its number
	}{
		{"trusted signature of this list", around(list.Sign(trusted)), winerror.OK},
		{"trusted signature of another list", around(other.Sign(trusted)), winerror.TrustBadDigest},
		{"the same, hidden one deeper", around(around(other.Sign(trusted))), winerror.CertUntrustedRoot},
	} {
		t.Run(c.name, func(t *testing.T) {
			cat := put(t, dir, "list.cat", c.cat)
			one := 1
			for _, subject := range []string{file, cat} {
				o := underPA(t)
				o.Index = &one
				if subject == file {
					o.Catalog = cat
				}
				if f := verifyOne(t, o, subject); f.Code != c.second.Hex() {
					t.Errorf("%s, second signature: %s (%s), want %v", filepath.Base(subject), f.Code, f.Reason, c.second)
				}
				o.Index, o.AnyOf = nil, true
				if f := verifyOne(t, o, subject); f.Failed() != (c.second != winerror.OK) {
					t.Errorf("%s, any signature: %s (%s)", filepath.Base(subject), f.Code, f.Reason)
				}
				o.AnyOf = false
				if f := verifyOne(t, o, subject); !f.Failed() {
					t.Errorf("%s, primary signature: %s", filepath.Base(subject), f.Code)
				}
			}
		})
	}
}
