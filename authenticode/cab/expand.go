package cab

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Format is a kind of compressed source file.
type Format uint8

// The formats that [Sniff] tells apart. The zero value is none of them.
const (
	NotCompressed Format = iota
	FormatCabinet        // "MSCF", made by makecab and diamond
	FormatSZDD           // "SZDD", made by compress.exe
	FormatQBasic         // the older "SZ " of QuickBASIC's setup
	FormatKWAJ           // "KWAJ", made by compress.exe of MS-DOS 6
)

var formats = [...]struct {
	name, magic string
	open        func(io.ReaderAt, int64) (string, *expansion, error)
}{
	NotCompressed: {name: "not compressed"},
	FormatCabinet: {"cabinet", "MSCF", openCabinet},
	FormatSZDD:    {"SZDD", "SZDD\x88\xF0\x27\x33", openSZDD},
	FormatQBasic:  {"SZ", "SZ \x88\xF0\x27\x33\xD1", openQBasic},
	FormatKWAJ:    {"KWAJ", "KWAJ\x88\xF0\x27\xD1", openKWAJ},
}

// String returns the name of the format, for messages.
func (f Format) String() string {
	if int(f) < len(formats) {
		return formats[f].name
	}
	return formats[NotCompressed].name
}

// SniffLen is how many bytes [Sniff] can need.
const SniffLen = 8

// Sniff tells the format of a file from its first bytes. Names do not matter:
// x.sy_ may be a plain file, and x.sys a compressed one.
func Sniff(head []byte) Format {
	for f, row := range formats {
		if row.magic != "" && bytes.HasPrefix(head, []byte(row.magic)) {
			return Format(f)
		}
	}
	return NotCompressed
}

// Expand returns the file inside a compressed source (rule 29): a cabinet with
// one file, or a file made by compress.exe. Its hash is the one that a catalog
// lists (L5). The file is at most 512 MiB; [ExpandReader] does without the
// memory for it.
//
// The name is the one recorded inside, slash-separated. It is empty when none
// is: SZDD records at most the last character of the name, and KWAJ's name is
// optional. For those the INF gives the name anyway (rule 29).
//
// The error is [ErrNotCompressed] when the bytes are none of these formats.
func Expand(r io.ReaderAt, size int64) (name string, data []byte, err error) {
	name, content, _, err := ExpandReader(r, size)
	if err != nil {
		return "", nil, err
	}
	defer content.Close()
	// It grows with what arrives, not with what is claimed.
	if data, err = io.ReadAll(content); err != nil {
		return "", nil, err
	}
	return name, data, nil
}

// ExpandReader is [Expand] for who reads the content once, to hash it say: it
// holds no more than the window of the compression in memory, however large the
// file is. length is the size of the content in bytes, and -1 where the source
// does not record it, as KWAJ need not.
//
// Damage shows while reading: a read that ends with io.EOF has delivered the
// whole content, and what was read before any other error is worth nothing.
// content reads from r until it is closed, which does not close r.
func ExpandReader(r io.ReaderAt, size int64) (name string, content io.ReadCloser, length int64, err error) {
	head := make([]byte, min(max(size, 0), SniffLen))
	if _, err := readAt(r, head, 0); err != nil {
		return "", nil, 0, truncated(0, "file", err)
	}
	format := Sniff(head)
	if format == NotCompressed {
		return "", nil, 0, ErrNotCompressed
	}
	name, e, err := formats[format].open(r, size)
	if err != nil {
		return "", nil, 0, err
	}
	return name, e, e.length, nil
}

func openCabinet(r io.ReaderAt, size int64) (string, *expansion, error) {
	c, err := Open(r, size)
	if err != nil {
		return "", nil, err
	}
	if len(c.Files) != 1 {
		return "", nil, fmt.Errorf("cabinet with %d files: %w", len(c.Files), ErrNotSingle)
	}
	c.cache.folderLimit = 0 // nobody will read the folder again
	f := c.Files[0]
	content, err := f.Open()
	if err != nil {
		return "", nil, err
	}
	return f.Name, &expansion{src: content, what: "cabinet", length: f.Size}, nil
}

// The headers of SZDD files: the magic and, for the newer kind, a method letter
// and the last character of the name, then the expanded size.
const (
	szddHeader   = 14
	szddMethod   = 'A'
	qbasicHeader = 12
	szddStart    = lzssWindow - 16
	qbasicStart  = lzssWindow - 18
)

func openSZDD(r io.ReaderAt, size int64) (string, *expansion, error) {
	var h [szddHeader]byte
	if _, err := readAt(r, h[:min(size, szddHeader)], 0); err != nil || size < szddHeader {
		return "", nil, truncated(0, "SZDD header", err)
	}
	if h[8] != szddMethod {
		return "", nil, fmt.Errorf("offset 8: SZDD mode %#02x: %w", h[8], ErrMethod)
	}
	return openSized(r, szddHeader, size, szddStart, binary.LittleEndian.Uint32(h[10:]))
}

func openQBasic(r io.ReaderAt, size int64) (string, *expansion, error) {
	var h [qbasicHeader]byte
	if _, err := readAt(r, h[:min(size, qbasicHeader)], 0); err != nil || size < qbasicHeader {
		return "", nil, truncated(0, "SZ header", err)
	}
	return openSized(r, qbasicHeader, size, qbasicStart, binary.LittleEndian.Uint32(h[8:]))
}

// openSized expands LZSS data from offset at on.
func openSized(r io.ReaderAt, at, size int64, start int, length uint32) (string, *expansion, error) {
	if int64(length) > maxFile {
		return "", nil, fmt.Errorf("%d bytes: %w", length, ErrFileTooLarge)
	}
	in := bufio.NewReader(io.NewSectionReader(r, at, size-at))
	return "", &expansion{src: newLZSS(in, start), what: fmt.Sprintf("data at offset %d", at), length: int64(length)}, nil
}

// ExpandedName returns what compress.exe makes name from: the trailing
// underscore or dollar sign replaced with last, the character that an SZDD
// header records at offset 9. It returns name when there is nothing to replace.
func ExpandedName(name string, last byte) string {
	n := len(name) - 1
	if n < 0 || name[n] != '_' && name[n] != '$' {
		return name
	}
	if last < 0x21 || last > 0x7E {
		return name[:n]
	}
	return name[:n] + string(rune(last))
}
