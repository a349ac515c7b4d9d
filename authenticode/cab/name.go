package cab

import (
	"fmt"
	"strings"
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

// fold is the form under which two names are the same to Windows. It unites a
// few letters that NTFS keeps apart; that refuses a cabinet, never accepts one.
func fold(s string) string { return strings.ToLower(s) }
