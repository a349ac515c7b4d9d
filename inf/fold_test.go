package inf

import (
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"gadget.SYS", "GADGET.sys"}, {"äöü", "ÄÖÜ"}, {"ÿ", "Ÿ"}, {"ő", "Ő"}, {"жё", "ЖЁ"}, {"αώ", "ΑΏ"}, {"ａ", "Ａ"},
	} {
		if Fold(c.a) != Fold(c.b) || !equalFold(c.a, c.b) {
			t.Errorf("%s and %s are two names", c.a, c.b)
		}
	}
	for _, c := range []struct{ name, a, b string }{
		{"Kelvin sign", "disk.sys", "dis\u212A.sys"},
		{"dotless i", "i", "\u0131"},
		{"dotted I", "i", "\u0130"},
		{"long s", "s", "\u017F"},
		{"sharp s", "ss", "ß"},
		{"capital sharp s", "ß", "\u1E9E"},
		{"micro sign and mu", "\u00B5", "μ"},
		{"final sigma", "σ", "ς"},
		{"letters that Unicode paired in 2018", "\u10D0", "\u1C90"},
		{"bytes that are no character", "\xFE", "\xFF"},
		{"a byte and the replacement character", "\xFE", "\uFFFD"},
	} {
		if Fold(c.a) == Fold(c.b) || equalFold(c.a, c.b) {
			t.Errorf("%s: %q and %q are one name", c.name, c.a, c.b)
		}
	}
}

// FuzzFold: folding twice changes nothing, lengths in characters stay, and
// nothing outside ASCII becomes ASCII.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "aZ", "dis\u212A", "\u0131\u0130\u017F", "ß\xFF", "ÿőж", "ŉǆ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded := Fold(s)
		if Fold(folded) != folded {
			t.Fatalf("%q folds to %q and that to %q", s, folded, Fold(folded))
		}
		if utf8.RuneCountInString(s) != utf8.RuneCountInString(folded) {
			t.Fatalf("%q folds to %q", s, folded)
		}
		if asciiString(folded) != asciiString(s) {
			t.Fatalf("%q folds to %q", s, folded)
		}
	})
}
