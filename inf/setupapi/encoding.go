package setupapi

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

// Encoding is how the bytes of a log stand for characters. The zero value is
// no encoding.
type Encoding int

const (
	EncodingUnknown Encoding = iota
	Bytes                    // one byte units without a mark: each line is UTF-8 if it is valid, else in the ANSI code page
	UTF8BOM                  // the same after the mark EF BB BF
	UTF16LE                  // as editors and shells rewrite logs
	UTF16BE
)

// String returns a short name: "bytes", "utf-8-bom", "utf-16le", "utf-16be".
func (e Encoding) String() string { return nameOf(encodingNames[:], int(e)) }

var encodingNames = [...]string{"unknown", "bytes", "utf-8-bom", "utf-16le", "utf-16be"}

// detect finds the encoding from the first bytes, and the length of the mark.
// Without a mark, text is UTF-16 when its first characters are ASCII in it:
// every log begins with a bracket, a column of blanks or an angle.
func detect(head []byte) (e Encoding, mark int) {
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return UTF8BOM, 3
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return UTF16LE, 2
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return UTF16BE, 2
	case asciiWide(head, 0, 1):
		return UTF16LE, 0
	case asciiWide(head, 1, 0):
		return UTF16BE, 0
	}
	return Bytes, 0
}

func asciiWide(head []byte, low, high int) bool {
	const sample = 16
	if len(head) < sample {
		return false
	}
	for i := 0; i < sample; i += 2 {
		if head[i+high] != 0 || head[i+low] == 0 || head[i+low] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// A splitter cuts the input into raw lines, each with its line feed.
type splitter struct {
	r    *bufio.Reader
	enc  Encoding
	mark []byte // byte order mark, before the first line
	long []byte // reused for lines that do not lie in the buffer at once
}

const bufferSize = 256 << 10

func newSplitter(r io.Reader) (*splitter, error) {
	s := &splitter{r: bufio.NewReaderSize(r, bufferSize)}
	head, err := s.r.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	enc, n := detect(head)
	s.enc, s.mark = enc, bytes.Clone(head[:n])
	_, err = s.r.Discard(n)
	return s, err
}

// next returns the next line, which is valid until the next call. At the end of
// the input it is empty.
func (s *splitter) next() ([]byte, error) {
	s.long = s.long[:0]
	for {
		piece, err := s.r.ReadSlice('\n')
		if len(s.long)+len(piece) > MaxLine {
			return nil, ErrLineTooLong
		}
		switch {
		case errors.Is(err, io.EOF):
			if len(s.long) == 0 {
				return piece, nil
			}
			return append(s.long, piece...), nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case err == nil && len(s.long) == 0 && s.enc <= UTF8BOM:
			return piece, nil
		}
		s.long = append(s.long, piece...)
		if err == nil && s.complete() {
			return s.long, nil
		}
	}
}

// complete reports whether the collected bytes, which end with 0A, end a line:
// in UTF-16 that byte may also be half of another character.
func (s *splitter) complete() bool {
	n := len(s.long)
	switch s.enc {
	case UTF16BE:
		return n%2 == 0 && s.long[n-2] == 0
	case UTF16LE:
		if n%2 == 0 {
			return false
		}
		high, err := s.r.Peek(1)
		if err != nil || high[0] != 0 {
			return false
		}
		s.long = append(s.long, 0)
		_, err = s.r.Discard(1)
		return err == nil
	}
	return true
}

// decode returns the text of a raw line without its line ending, as UTF-8.
// For ASCII it is a part of raw.
func decode(raw string, enc Encoding, ansi encoding.Encoding) string {
	switch enc {
	case UTF16LE:
		return trimEnding(decodeWide(raw, binary.LittleEndian))
	case UTF16BE:
		return trimEnding(decodeWide(raw, binary.BigEndian))
	}
	text := trimEnding(raw)
	if utf8.ValidString(text) {
		return text
	}
	decoded, err := ansi.NewDecoder().String(text)
	if err != nil || !utf8.ValidString(decoded) {
		return strings.ToValidUTF8(text, "\uFFFD")
	}
	return decoded
}

// trimEnding takes LF, CR LF and the CR CR LF of twice converted text away.
func trimEnding(s string) string {
	text, ended := strings.CutSuffix(s, "\n")
	if !ended {
		return s
	}
	return strings.TrimRight(text, "\r")
}

func decodeWide(raw string, order binary.ByteOrder) string {
	units := make([]uint16, 0, len(raw)/2+1)
	b := []byte(raw)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	if len(b) > 0 {
		units = append(units, utf8.RuneError)
	}
	return string(utf16.Decode(units))
}
