package blocklist

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	bomUTF8    = []byte{0xef, 0xbb, 0xbf}
	bomUTF16LE = []byte{0xff, 0xfe}
	bomUTF16BE = []byte{0xfe, 0xff}
)

// utf8Text returns the text of an XML file in UTF-8, without byte order mark.
// Without a mark it is UTF-8, as the XML recommendation has it (appendix F).
func utf8Text(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, bomUTF16LE):
		return fromUTF16(data[2:], 0, 1)
	case bytes.HasPrefix(data, bomUTF16BE):
		return fromUTF16(data[2:], 1, 0)
	}
	data = bytes.TrimPrefix(data, bomUTF8)
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("the text is no UTF-8: %w", ErrSyntax)
	}
	return data, nil
}

// fromUTF16 converts units whose low and high byte stand at the given offsets.
func fromUTF16(b []byte, low, high int) ([]byte, error) {
	if len(b)%2 != 0 {
		return nil, fmt.Errorf("the UTF-16 text ends in half a character: %w", ErrSyntax)
	}
	out := make([]byte, 0, len(b)/2)
	for i := 0; i < len(b); i += 2 {
		r := rune(b[i+low]) | rune(b[i+high])<<8
		if utf16.IsSurrogate(r) {
			if i+4 > len(b) {
				return nil, fmt.Errorf("offset %d: half a surrogate pair: %w", i+2, ErrSyntax)
			}
			i += 2
			if r = utf16.DecodeRune(r, rune(b[i+low])|rune(b[i+high])<<8); r == utf8.RuneError {
				return nil, fmt.Errorf("offset %d: half a surrogate pair: %w", i, ErrSyntax)
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}

// sameText is a CharsetReader for text that is UTF-8 already, whatever the XML
// declaration says. Declarations of other encodings are refused.
func sameText(charset string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(charset) {
	case "utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "unicode":
		return r, nil
	}
	return nil, fmt.Errorf("encoding %q: %w", charset, ErrSyntax)
}
