package winerror_test

import (
	"strings"
	"testing"

	"prestage/authenticode/winerror"
)

func TestTable(t *testing.T) {
	seen := map[winerror.Code]bool{}
	names := map[string]bool{}
	for _, c := range winerror.All() {
		if seen[c] || names[c.Name()] {
			t.Errorf("%v appears twice", c)
		}
		seen[c], names[c.Name()] = true, true
		if c.Name() == "" || c.Text() == "" {
			t.Errorf("%s lacks a name or a text", c.Hex())
		}
		if strings.HasSuffix(c.Text(), ".") {
			t.Errorf("%v: text ends in a period", c)
		}
	}
}

func TestString(t *testing.T) {
	for c, want := range map[winerror.Code]string{
		winerror.TrustBadDigest:            "0x80096010 TRUST_E_BAD_DIGEST",
		winerror.SetupFileHashNotInCatalog: "0xE000024B ERROR_FILE_HASH_NOT_IN_CATALOG",
		winerror.OK:                        "0x00000000 ERROR_SUCCESS",
		0x12345678:                         "0x12345678",
	} {
		if got := c.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}
