package cab

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// attrUTF8 is _A_NAME_IS_UTF of [MS-CAB] 2.3.
const attrUTF8 = 0x80

// latin decodes a string whose code page the format does not record. 1252 is
// the ANSI code page of most makers; a file name in another one comes out
// misspelt, which can only make a look-up fail.
func latin(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(charmap.Windows1252.DecodeByte(c))
	}
	return s.String()
}

// fileName decodes szName to a slash-separated path that stays in the folder.
func fileName(raw []byte, isUTF8 bool) (string, error) {
	name := latin(raw)
	if isUTF8 {
		if !utf8.Valid(raw) {
			return "", fmt.Errorf("%q is not UTF-8 as its attributes say: %w", raw, ErrName)
		}
		name = string(raw)
	}
	name = strings.ReplaceAll(name, `\`, "/")
	if strings.Count(name, "/") > maxDepth {
		return "", fmt.Errorf("%q: %w", name, ErrTooDeep)
	}
	for element := range strings.SplitSeq(name, "/") {
		if why := elementProblem(element); why != "" {
			return "", fmt.Errorf("%q: %s: %w", name, why, ErrName)
		}
	}
	return name, nil
}

// elementProblem says why Windows would not create a plain file or folder of
// that name, and of no other, inside the target folder; "" when it would.
func elementProblem(s string) string {
	switch {
	case s == "":
		return "an element is empty or the path is absolute"
	case s == "." || s == "..":
		return "a relative element"
	case strings.ContainsRune(s, ':'):
		return "a drive or a stream name"
	case strings.ContainsAny(s, `<>"|?*`) || strings.ContainsFunc(s, isControl):
		return "a character that Windows forbids"
	case strings.HasSuffix(s, ".") || strings.HasSuffix(s, " "):
		return "a trailing dot or space, which Windows drops"
	case isDevice(s):
		return "the name of a device"
	}
	return ""
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7F }

// isDevice reports names that Win32 opens as a device in any folder and with
// any extension (MicrosoftDocs/win32, "Naming files, paths, and namespaces").
func isDevice(s string) bool {
	base, _, _ := strings.Cut(s, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	digit, ok := strings.CutPrefix(base, "COM")
	if !ok {
		digit, ok = strings.CutPrefix(base, "LPT")
	}
	return ok && utf8.RuneCountInString(digit) == 1 && strings.Contains("0123456789¹²³", digit)
}

// fold is the form under which two names are the same to Windows, which
// upper-cases one character at a time. It never turns a character outside ASCII
// into an ASCII one (the Kelvin sign is no K, the dotless i no I), so that no
// file is found in place of another.
func fold(s string) string { return strings.Map(upper, s) }

func upper(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z':
		return r - 'a' + 'A'
	case r >= utf8.RuneSelf && unicode.Is(paired, r):
		if u := unicode.ToUpper(r); u >= utf8.RuneSelf {
			return u
		}
	}
	return r
}

// paired are the alphabets whose small letters have their capitals in every
// version of NTFS. Letters that later versions of Unicode paired stay apart, and
// so do the micro sign, the final sigma and the long s.
var paired = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x00E0, Hi: 0x00F6, Stride: 1}, // Latin-1, but for the division sign
	{Lo: 0x00F8, Hi: 0x017E, Stride: 1}, // and Latin Extended-A
	{Lo: 0x03AC, Hi: 0x03AF, Stride: 1}, // Greek
	{Lo: 0x03B1, Hi: 0x03C1, Stride: 1},
	{Lo: 0x03C3, Hi: 0x03CE, Stride: 1},
	{Lo: 0x0430, Hi: 0x0481, Stride: 1}, // Cyrillic
	{Lo: 0x0490, Hi: 0x04BF, Stride: 1},
	{Lo: 0x04D0, Hi: 0x04EB, Stride: 1},
	{Lo: 0x0561, Hi: 0x0586, Stride: 1}, // Armenian
	{Lo: 0xFF41, Hi: 0xFF5A, Stride: 1}, // full-width Latin
}}

// loose unites whatever any comparison without case could unite. Two files of
// one loose name make a cabinet ambiguous; it finds nothing.
func loose(s string) string { return strings.ToLower(strings.ToUpper(s)) }
