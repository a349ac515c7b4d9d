package cab

import (
	"bytes"
	"errors"
	"testing"
)

// utf8Cabinet holds stored files under names in UTF-8; the content is the name.
func utf8Cabinet(names ...string) []byte {
	b := one(storedFolder)
	for _, n := range names {
		f := file(n, []byte(n))
		f.attribs = attrUTF8
		b.files = append(b.files, f)
	}
	return b.bytes()
}

// TestLookupFoldsAsWindows: letters with a capital in every NTFS are one name
// with it; nothing outside ASCII is one with an ASCII letter.
func TestLookupFoldsAsWindows(t *testing.T) {
	for _, c := range []struct {
		stored, asked string
		found         bool
	}{
		{"Disk.SYS", "dISK.sys", true},
		{"Gerät.sys", "GERÄT.SYS", true},
		{"ÿ.sys", "Ÿ.SYS", true},
		{"δίσκος.sys", "ΔΊΣΚΟς.SYS", true},
		{"диск.sys", "ДИСК.SYS", true},
		{"ｄ.sys", "Ｄ.sys", true},
		{"dis\u212a.sys", "disk.sys", false}, // Kelvin sign
		{"disk.sys", "DIS\u212a.SYS", false},
		{"di\u017fk.sys", "disk.sys", false}, // long s
		{"d\u0131sk.sys", "DISK.SYS", false}, // dotless i
		{"d\u0130sk.sys", "disk.sys", false}, // I with a dot
		{"\u00b5.sys", "\u03bc.sys", false},  // micro sign and mu
		{"straße.sys", "STRASSE.SYS", false},
		{"÷.sys", "×.sys", false},
	} {
		cab := mustOpen(t, utf8Cabinet(c.stored))
		if f := cab.Lookup(c.asked); (f != nil) != c.found {
			t.Errorf("%q in a cabinet with %q: found %v", c.asked, c.stored, f != nil)
		}
		if _, err := cab.FS().Open(c.asked); (err == nil) != c.found {
			t.Errorf("FS: %q in a cabinet with %q: %v", c.asked, c.stored, err)
		}
		if cab.Lookup(c.stored) == nil {
			t.Errorf("%q not found by its own name", c.stored)
		}
	}
}

// TestAmbiguousLetters: names that some readers take for one make the cabinet
// ambiguous, though Windows tells them apart.
func TestAmbiguousLetters(t *testing.T) {
	for _, names := range [][]string{
		{"disk.sys", "dis\u212a.sys"},
		{"DISK.SYS", "d\u0131sk.sys"},
		{"disk.sys", "d\u0130sk.sys"},
		{"di\u017fk.sys", "disk.sys"},
		{"\u00b5.sys", "\u03bc.sys"},
		{"k/a.sys", "\u212a/a.sys"},
		{"k", "\u212a/a.sys"},
	} {
		data := utf8Cabinet(names...)
		if _, err := Open(bytes.NewReader(data), int64(len(data))); !errors.Is(err, ErrDuplicateName) {
			t.Errorf("%q: error %v", names, err)
		}
	}
	mustOpen(t, utf8Cabinet("k/a.sys", "\u212a/b.sys")) // two folders
}
