package cab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

func expand(data []byte) (string, []byte, error) {
	return Expand(bytes.NewReader(data), int64(len(data)))
}

// lzss compresses with the naive search; start as for newLZSS.
func lzss(data []byte, start int) []byte {
	var window [lzssWindow]byte
	for i := range window {
		window[i] = ' '
	}
	var out []byte
	for pos := start; len(data) > 0; {
		control := len(out)
		out = append(out, 0)
		for bit := 0; bit < 8 && len(data) > 0; bit++ {
			from, length := 0, 0
			for p := range lzssWindow {
				// A match may not reach what it writes itself: the window as it
				// is now need not be the window when the byte is read.
				if n := (p - pos + lzssWindow) % lzssWindow; n < 18 || (pos-p+lzssWindow)%lzssWindow < 18 {
					continue
				}
				n := 0
				for n < 18 && n < len(data) && window[(p+n)%lzssWindow] == data[n] {
					n++
				}
				if n > length {
					from, length = p, n
				}
			}
			n := 1
			if length >= 3 {
				n = length
				out = append(out, byte(from), byte(from>>4&0xF0|(length-3)))
			} else {
				out[control] |= 1 << bit
				out = append(out, data[0])
			}
			for _, b := range data[:n] {
				window[pos] = b
				pos = (pos + 1) % lzssWindow
			}
			data = data[n:]
		}
	}
	return out
}

func szdd(data []byte) []byte {
	h := binary.LittleEndian.AppendUint32([]byte("SZDD\x88\xF0\x27\x33As"), uint32(len(data)))
	return append(h, lzss(data, szddStart)...)
}

func qbasic(data []byte) []byte {
	h := binary.LittleEndian.AppendUint32([]byte("SZ \x88\xF0\x27\x33\xD1"), uint32(len(data)))
	return append(h, lzss(data, qbasicStart)...)
}

// kwajFile writes all optional fields.
func kwajFile(method uint16, size int, name, ext string, packed []byte) []byte {
	le := binary.LittleEndian
	var fields []byte
	fields = le.AppendUint32(fields, uint32(size))
	fields = le.AppendUint16(fields, 0xABCD)
	fields = append(le.AppendUint16(fields, 3), "xyz"...)
	fields = append(fields, name+"\x00"+ext+"\x00"...)
	h := le.AppendUint16([]byte("KWAJ\x88\xF0\x27\xD1"), method)
	h = le.AppendUint16(h, uint16(kwajHeader+len(fields)))
	h = le.AppendUint16(h, kwajHasSize|kwajHasWord|kwajHasBlob|kwajHasName|kwajHasExt)
	return append(append(h, fields...), packed...)
}

func kwajBlocks(data []byte) []byte {
	var out []byte
	for _, b := range mszipFolder.pack(data) {
		out = append(binary.LittleEndian.AppendUint16(out, uint16(len(b[0]))), b[0]...)
	}
	return append(out, 0, 0)
}

func xor(data []byte) []byte {
	out := bytes.Clone(data)
	for i := range out {
		out[i] = ^out[i]
	}
	return out
}

func TestExpand(t *testing.T) {
	text := prose(9, 70_000)
	spaces := bytes.Repeat([]byte(" "), 100) // matches the window as it starts
	for _, c := range []struct {
		name string
		data []byte
		file string
		want []byte
	}{
		{"cabinet", one(lzxFolder(18, lzxVerbatim, lzxAlignedBlock), file(`sub\x.sys`, text)).bytes(), "sub/x.sys", text},
		{"cabinet with an empty file", one(storedFolder, file("x", nil)).bytes(), "x", nil},
		{"SZDD", szdd(text[:20_000]), "", text[:20_000]},
		{"SZDD of spaces", szdd(spaces), "", spaces},
		{"SZDD empty", szdd(nil), "", nil},
		{"SZDD example", []byte("SZDD\x88\xF0\x27\x33A\x00\x09\x00\x00\x00\x07abc\xF0\xF3"), "", []byte("abcabcabc")},
		{"SZ", qbasic(text[:9_000]), "", text[:9_000]},
		{"KWAJ plain", kwajFile(0, 5, "X", "SYS", []byte("hello")), "X.SYS", []byte("hello")},
		{"KWAJ xor", kwajFile(1, 5, "X", "SYS", xor([]byte("hello"))), "X.SYS", []byte("hello")},
		{"KWAJ LZSS", kwajFile(2, 9_000, "LONGNAME", "S", lzss(text[:9_000], qbasicStart)), "LONGNAME.S", text[:9_000]},
		{"KWAJ MSZIP", kwajFile(4, len(text), "X", "SYS", kwajBlocks(text)), "X.SYS", text},
		{"KWAJ without fields", []byte("KWAJ\x88\xF0\x27\xD1\x00\x00\x0E\x00\x00\x00hello"), "", []byte("hello")},
	} {
		t.Run(c.name, func(t *testing.T) {
			name, data, err := expand(c.data)
			if err != nil {
				t.Fatal(err)
			}
			if name != c.file || !bytes.Equal(data, c.want) {
				t.Errorf("got %q with %d bytes, want %q with %d", name, len(data), c.file, len(c.want))
			}
		})
	}
}

func TestExpandRefuses(t *testing.T) {
	text := prose(9, 4000)
	good := szdd(text)
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, ErrNotCompressed},
		{"plain", []byte("MZ is not compressed"), ErrNotCompressed},
		{"other SZDD magic", []byte("SZDD\x88\xF0\x27\x34A\x00\x00\x00\x00\x00"), ErrNotCompressed},
		{"two files", one(storedFolder, file("a", nil), file("b", nil)).bytes(), ErrNotSingle},
		{"no file", one(storedFolder).bytes(), ErrNotSingle},
		{"cut cabinet", one(storedFolder, file("a", text)).bytes()[:200], ErrTruncated},
		{"cut SZDD header", good[:13], ErrTruncated},
		{"cut SZ header", qbasic(text)[:11], ErrTruncated},
		{"SZDD mode", patch(good, 8, 'B'), ErrMethod},
		{"SZDD of 4 GiB", patch(good, 10, 0xFF, 0xFF, 0xFF, 0xFF), ErrFileTooLarge},
		{"SZDD shorter than it says", patch(good, 10, 0xA1), ErrTruncated},
		{"SZDD longer than it says", patch(good, 10, 1, 0), ErrCorrupt},
		{"SZDD with a cut match", []byte("SZDD\x88\xF0\x27\x33A\x00\x09\x00\x00\x00\x07abc\xF0"), ErrTruncated},
		{"SZDD data missing", good[:14], ErrTruncated},
		{"KWAJ method 3", kwajFile(3, 5, "X", "SYS", []byte("hello")), ErrMethod},
		{"KWAJ method 5", kwajFile(5, 5, "X", "SYS", []byte("hello")), ErrMethod},
		{"KWAJ size", kwajFile(0, 6, "X", "SYS", []byte("hello")), ErrTruncated},
		{"KWAJ size xor", kwajFile(1, 4, "X", "SYS", []byte("hello")), ErrCorrupt},
		{"KWAJ MSZIP size", kwajFile(4, 100, "X", "SYS", kwajBlocks(text)), ErrCorrupt},
		{"KWAJ MSZIP cut", kwajFile(4, 4000, "X", "SYS", kwajBlocks(text)[:50]), ErrTruncated},
		{"KWAJ MSZIP block", kwajFile(4, 4000, "X", "SYS", []byte{0xFF, 0xFF, 'C', 'K'}), ErrBlockSize},
		{"KWAJ name", kwajFile(0, 5, "TOOLONGNAME", "SYS", []byte("hello")), ErrName},
		{"KWAJ name with a path", kwajFile(0, 5, `..\X`, "SYS", []byte("hello")), ErrName},
		{"KWAJ of 4 GiB", kwajFile(0, 1<<32-1, "X", "SYS", []byte("hello")), ErrFileTooLarge},
		{"KWAJ data in the header", patch(kwajFile(0, 5, "X", "SYS", []byte("hello")), 10, 3), ErrFormat},
		{"KWAJ data behind the end", patch(kwajFile(0, 5, "X", "SYS", []byte("hello")), 10, 0xFF), ErrFormat},
		{"KWAJ cut", kwajFile(0, 5, "X", "SYS", nil)[:15], ErrTruncated},
	} {
		t.Run(c.name, func(t *testing.T) {
			name, data, err := expand(c.data)
			if !errors.Is(err, c.want) || name != "" || data != nil {
				t.Errorf("got %q, %d bytes, %v; want %v", name, len(data), err, c.want)
			}
		})
	}
}

func TestExpandedName(t *testing.T) {
	for _, c := range []struct {
		name string
		last byte
		want string
	}{
		{"x.sy_", 's', "x.sys"}, {"x.sy$", 'S', "x.syS"}, {"x.sy_", 0, "x.sy"},
		{"x.sys", 's', "x.sys"}, {"", 's', ""}, {"_", 'x', "x"}, {"x.sy_", '\n', "x.sy"},
	} {
		if got := ExpandedName(c.name, c.last); got != c.want {
			t.Errorf("%q %q: %q, want %q", c.name, c.last, got, c.want)
		}
	}
}
