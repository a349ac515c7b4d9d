package inf

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold makes names equal that differ in case only, as Windows compares names of
// sections and files: by upper-casing one character at a time, without regard to
// language. It never lengthens a name, never turns a character outside ASCII
// into an ASCII one (the Kelvin sign is no K, the dotless i no I), and leaves
// letters apart that only newer versions of Unicode pair: two files that Windows
// tells apart must never become one. Bytes that are not UTF-8 stay as they are.
func Fold(s string) string {
	ascii, lower := true, false
	for i := range len(s) {
		ascii = ascii && s[i] < utf8.RuneSelf
		lower = lower || 'a' <= s[i] && s[i] <= 'z'
	}
	switch {
	case ascii && !lower:
		return s
	case ascii:
		return strings.ToUpper(s)
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			out = append(out, s[i]) // two broken names are not one
		} else {
			out = utf8.AppendRune(out, upper(r))
		}
		i += n
	}
	return string(out)
}

func upper(r rune) rune {
	if r < utf8.RuneSelf || unicode.Is(pairedLetters, r) {
		if u := unicode.ToUpper(r); (u < utf8.RuneSelf) == (r < utf8.RuneSelf) {
			return u
		}
	}
	return r
}

// pairedLetters are the lower-case letters whose upper-case form is in the table
// of every version of NTFS: Latin-1, Latin Extended-A, Greek without the final
// sigma, Cyrillic, Armenian and the full-width letters. The micro sign, the long
// s, and the letters of later versions of Unicode are not.
var pairedLetters = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00E0, Hi: 0x00F6, Stride: 1},
		{Lo: 0x00F8, Hi: 0x017E, Stride: 1},
		{Lo: 0x03AC, Hi: 0x03AF, Stride: 1},
		{Lo: 0x03B1, Hi: 0x03C1, Stride: 1},
		{Lo: 0x03C3, Hi: 0x03CE, Stride: 1},
		{Lo: 0x0430, Hi: 0x0481, Stride: 1},
		{Lo: 0x0490, Hi: 0x04BF, Stride: 1},
		{Lo: 0x04D0, Hi: 0x04EB, Stride: 1},
		{Lo: 0x0561, Hi: 0x0586, Stride: 1},
		{Lo: 0xFF41, Hi: 0xFF5A, Stride: 1},
	},
}

// equalFold reports whether two names are equal in Windows' eyes.
func equalFold(a, b string) bool {
	if asciiString(a) && asciiString(b) {
		return strings.EqualFold(a, b)
	}
	return Fold(a) == Fold(b)
}

// lookalikes are the characters outside ASCII that some tables of letter case
// turn into an ASCII one.
var lookalikes = map[rune]rune{
	'\u0130': 'I', // I with a dot
	'\u0131': 'I', // dotless i
	'\u017F': 'S', // long s
	'\u212A': 'K', // Kelvin sign
}

// loose is the coarsest key that any comparison of names without case can have.
// Names with equal loose keys and different folded ones are the same name for
// some readers only.
func loose(s string) string {
	if asciiString(s) {
		return Fold(s)
	}
	return strings.Map(func(r rune) rune {
		if ascii, ok := lookalikes[r]; ok {
			return ascii
		}
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s)
}

// hasLookalike reports whether a name has one of the lookalikes.
func hasLookalike(s string) bool {
	return !asciiString(s) && strings.ContainsFunc(s, func(r rune) bool { return lookalikes[r] != 0 })
}

func asciiString(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
