package catalog_test

import (
	"bytes"
	"testing"

	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
	"prestage/catalog"
)

// TestCorpusCatalogsNestedInAForgery puts every genuine catalog into a list of
// somebody's own. None may seem to sign that.
func TestCorpusCatalogsNestedInAForgery(t *testing.T) {
	dir, truth := corpus(t)
	forgery := signtest.Catalog{Members: []signtest.Member{{Data: []byte("evil")}}}
	tried := 0
	eachCatalog(t, dir, truth, func(t *testing.T, file []byte, want truthCatalog) {
		if want.Parse != "ok" {
			return
		}
		genuine, err := catalog.Parse(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range genuine.Signature.All() {
			// What the genuine catalog nests is of its own list.
			if s.Problem != nil && s.Problem.Code == winerror.TrustBadDigest {
				t.Errorf("nested %v: %v", s.IsNested, s.Problem)
			}
		}
		signer := signtest.SelfSigned(nil).Signer()
		signer.Nested = [][]byte{genuine.Signature.Raw}
		c, err := catalog.Parse(forgery.Sign(signer))
		if err != nil {
			t.Fatal(err)
		}
		all := c.Signature.All()
		if c.Signature.Problem != nil || len(all) < 2 || !bytes.Equal(all[1].Raw, genuine.Signature.Raw) {
			t.Fatalf("%d signatures, problem %v", len(all), c.Signature.Problem)
		}
		for _, s := range all[1:] {
			if s.Problem == nil {
				t.Errorf("signed by %v: holds over another list", s.SignerIssuerName)
			}
		}
		tried++
	})
	if tried == 0 {
		t.Error("no catalog was tried")
	}
}
