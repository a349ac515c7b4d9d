package inf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// Encoding is how the bytes of an INF stand for characters. The zero value is
// no encoding.
type Encoding int

const (
	EncodingUnknown Encoding = iota
	ANSI                     // no byte order mark: the machine's ANSI code page
	UTF8BOM                  // EF BB BF; not documented for INFs (rule 2)
	UTF16LE                  // the documented Unicode form (rule 1)
	UTF16BE                  // older documentation allows it (rule 1)
	UTF8                     // valid UTF-8 beyond ASCII without a mark: Windows reads it as ANSI
)

// String returns a short name: "ansi", "utf-8-bom", "utf-16le" …
func (e Encoding) String() string { return nameOf(encodingNames, e) }

var encodingNames = map[Encoding]string{
	ANSI: "ansi", UTF8BOM: "utf-8-bom", UTF16LE: "utf-16le", UTF16BE: "utf-16be", UTF8: "utf-8",
}

// DefaultCodePage is the ANSI code page of western installations of Windows.
const DefaultCodePage = 1252

// codePages are the code pages that can be the ANSI code page of an
// installation, without the obsolete ones (Windows "Code Page Identifiers").
var codePages = map[int]encoding.Encoding{
	874:   charmap.Windows874,
	932:   japanese.ShiftJIS,
	936:   simplifiedchinese.GBK,
	949:   korean.EUCKR,
	950:   traditionalchinese.Big5,
	1250:  charmap.Windows1250,
	1251:  charmap.Windows1251,
	1252:  charmap.Windows1252,
	1253:  charmap.Windows1253,
	1254:  charmap.Windows1254,
	1255:  charmap.Windows1255,
	1256:  charmap.Windows1256,
	1257:  charmap.Windows1257,
	1258:  charmap.Windows1258,
	65001: encoding.Nop, // UTF-8, which is what strings are in already
}

// A source is the input as physical lines. Bytes before bom are the byte order
// mark; starts holds where each line begins. Positions are found again from
// these offsets, so that every element of the syntax knows its raw bytes.
type source struct {
	data   []byte
	bom    uint32
	starts []uint32
	read   func(raw []byte) string // decodes one line
	wide   binary.ByteOrder        // of UTF-16, else nil
}

// decode finds the encoding (rules 1 and 2), splits the text into lines and
// fills in what the File says about them.
func (f *File) decode(data []byte, codePage int) error {
	if codePage == 0 {
		codePage = DefaultCodePage
	}
	page, ok := codePages[codePage]
	if !ok {
		return f.errorAt(Pos{1, 1}, fmt.Errorf("%w: %d", ErrCodePage, codePage))
	}
	f.src = source{data: data}
	f.Encoding, f.src.bom = detect(data)
	body := data[f.src.bom:]
	switch f.Encoding {
	case UTF16LE:
		f.src.wide = binary.LittleEndian
	case UTF16BE:
		f.src.wide = binary.BigEndian
		f.find("utf-16-big-endian", SeverityWarning, Pos{1, 1}, "the text is UTF-16 big endian, which newer tools refuse; save it as UTF-16 little endian")
	case UTF8BOM:
		f.src.read = func(raw []byte) string { return strings.ToValidUTF8(string(raw), "\uFFFD") }
		f.find("utf-8-bom", SeverityWarning, Pos{1, 1}, "the text is UTF-8 with a byte order mark, which Windows does not document for inf files; save it as UTF-16 little endian")
	default:
		f.CodePage = codePage
		f.src.read = decoder(page)
	}
	if f.src.wide != nil {
		order := f.src.wide
		f.src.read = func(raw []byte) string { return decodeUTF16(raw, order) }
		f.ASCII = asciiWide(body, order)
		if f.src.bom == 0 {
			f.find("utf-16-without-bom", SeverityWarning, Pos{1, 1}, "the text is UTF-16 without a byte order mark, which Windows recognises by guessing")
		}
		if len(body)%2 != 0 {
			f.find("odd-length", SeverityWarning, Pos{1, 1}, "the text is UTF-16 and its last byte is half a character")
		}
	} else {
		f.ASCII = asciiBytes(body)
	}
	return f.splitLines()
}

// detect finds the encoding of data and the length of its byte order mark.
func detect(data []byte) (e Encoding, bom uint32) {
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		return UTF8BOM, 3
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		return UTF16LE, 2
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		return UTF16BE, 2
	case looksWide(data):
		return UTF16LE, 0
	case !asciiBytes(data) && utf8.Valid(data):
		return UTF8, 0
	}
	return ANSI, 0
}

// looksWide reports whether data without a mark is UTF-16 LE: its first eight
// characters are ASCII and every second byte of them is zero. Windows guesses by
// statistics (IsTextUnicode); what both accept is text that begins like an INF.
func looksWide(data []byte) bool {
	const sample = 16
	if len(data) < sample {
		return false
	}
	for i := 0; i < sample; i += 2 {
		if data[i] == 0 || data[i] >= utf8.RuneSelf || data[i+1] != 0 {
			return false
		}
	}
	return true
}

func asciiBytes(data []byte) bool {
	for _, b := range data {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func asciiWide(data []byte, order binary.ByteOrder) bool {
	for ; len(data) >= 2; data = data[2:] {
		if order.Uint16(data) >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func decodeUTF16(raw []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units))
}

// decoder returns the reader of one line in a code page. Bytes that a code page
// of single bytes leaves undefined become the C1 control of the same number, as
// in Windows, so that different bytes stay different characters.
func decoder(page encoding.Encoding) func([]byte) string {
	single, isSingle := page.(*charmap.Charmap)
	return func(raw []byte) string {
		if asciiBytes(raw) {
			return string(raw)
		}
		if !isSingle {
			text, err := page.NewDecoder().Bytes(raw)
			if err != nil { // the decoders replace what they cannot read, so this is not expected
				text = raw
			}
			return strings.ToValidUTF8(string(text), "\uFFFD")
		}
		var b strings.Builder
		for _, c := range raw {
			r := single.DecodeByte(c)
			if r == utf8.RuneError {
				r = rune(c)
			}
			b.WriteRune(r)
		}
		return b.String()
	}
}
