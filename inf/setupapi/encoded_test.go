package setupapi

import "unicode/utf16"

// encoded returns the text in another encoding, with its mark.
func encoded(text string, e Encoding) []byte {
	var out []byte
	switch e {
	case UTF8BOM:
		return append([]byte{0xEF, 0xBB, 0xBF}, text...)
	case UTF16LE:
		out = []byte{0xFF, 0xFE}
		for _, u := range utf16.Encode([]rune(text)) {
			out = append(out, byte(u), byte(u>>8))
		}
	case UTF16BE:
		out = []byte{0xFE, 0xFF}
		for _, u := range utf16.Encode([]rune(text)) {
			out = append(out, byte(u>>8), byte(u))
		}
	}
	return out
}
