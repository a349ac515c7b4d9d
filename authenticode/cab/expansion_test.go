package cab

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"testing"
	"testing/iotest"
)

func expandReader(data []byte) (string, io.ReadCloser, int64, error) {
	return ExpandReader(bytes.NewReader(data), int64(len(data)))
}

// TestExpandReader reads every format in pieces of every kind.
func TestExpandReader(t *testing.T) {
	text := prose(9, 70_000)
	for _, c := range []struct {
		name   string
		data   []byte
		file   string
		length int64
		want   []byte
	}{
		{"cabinet", one(lzxFolder(18, lzxVerbatim), file(`sub\x.sys`, text)).bytes(), "sub/x.sys", 70_000, text},
		{"cabinet with an empty file", one(storedFolder, file("x", nil)).bytes(), "x", 0, nil},
		{"SZDD", szdd(text[:9_000]), "", 9_000, text[:9_000]},
		{"SZ", qbasic(text[:9_000]), "", 9_000, text[:9_000]},
		{"KWAJ plain", kwajFile(0, 5, "X", "SYS", []byte("hello")), "X.SYS", 5, []byte("hello")},
		{"KWAJ xor", kwajFile(1, 5, "X", "SYS", xor([]byte("hello"))), "X.SYS", 5, []byte("hello")},
		{"KWAJ LZSS", kwajFile(2, 9_000, "X", "S", lzss(text[:9_000], qbasicStart)), "X.S", 9_000, text[:9_000]},
		{"KWAJ MSZIP", kwajFile(4, len(text), "X", "SYS", kwajBlocks(text)), "X.SYS", 70_000, text},
		{"KWAJ without size", []byte("KWAJ\x88\xF0\x27\xD1\x00\x00\x0E\x00\x00\x00hello"), "", -1, []byte("hello")},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, pieces := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, func(r io.Reader) io.Reader { return r }} {
				name, content, length, err := expandReader(c.data)
				if err != nil || name != c.file || length != c.length {
					t.Fatalf("%q of %d bytes, %v; want %q of %d", name, length, err, c.file, c.length)
				}
				got, err := io.ReadAll(pieces(content))
				if err != nil || !bytes.Equal(got, c.want) {
					t.Errorf("%d bytes, %v; want %d", len(got), err, len(c.want))
				}
				if n, err := content.Read(make([]byte, 9)); n != 0 || err != io.EOF {
					t.Errorf("behind the end: %d, %v", n, err)
				}
				if err := content.Close(); err != nil {
					t.Error(err)
				}
				if _, err := content.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
					t.Errorf("read after close: %v", err)
				}
				if err := content.Close(); !errors.Is(err, fs.ErrClosed) {
					t.Errorf("second close: %v", err)
				}
			}
		})
	}
}

// TestExpandReaderErrorsStick: a reader that failed says so again, and never
// that the content ended well.
func TestExpandReaderErrorsStick(t *testing.T) {
	text := prose(9, 4000)
	damaged := one(storedFolder, file("a", text)).bytes()
	damaged[len(damaged)-1] ^= 1
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"cabinet with a changed byte", damaged, ErrChecksum},
		{"SZDD shorter than it says", patch(szdd(text), 10, 0xA1), ErrTruncated},
		{"SZDD longer than it says", patch(szdd(text), 10, 1, 0), ErrCorrupt},
		{"KWAJ MSZIP cut", kwajFile(4, 4000, "X", "SYS", kwajBlocks(text)[:50]), ErrTruncated},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, content, length, err := expandReader(c.data)
			if err != nil {
				t.Fatal(err)
			}
			defer content.Close()
			got, err := io.ReadAll(content)
			if !errors.Is(err, c.want) || int64(len(got)) > length {
				t.Errorf("%d of %d bytes, %v; want %v", len(got), length, err, c.want)
			}
			if _, again := content.Read(make([]byte, 1)); again == nil || again.Error() != err.Error() {
				t.Errorf("then %v", again)
			}
		})
	}
}

// TestExpandReaderNeedsLittleMemory expands 12 MB of every format.
func TestExpandReaderNeedsLittleMemory(t *testing.T) {
	const size = 12 << 20
	text := prose(3, 1<<20)
	for len(text) < size {
		text = append(text, text...)
	}
	text = text[:size]
	for name, data := range map[string][]byte{
		"cabinet":    one(mszipFolder, file("x", text)).bytes(),
		"KWAJ MSZIP": kwajFile(4, size, "X", "SYS", kwajBlocks(text)),
		"KWAJ xor":   kwajFile(1, size, "X", "SYS", xor(text)),
	} {
		t.Run(name, func(t *testing.T) {
			_, content, _, err := expandReader(data)
			if err != nil {
				t.Fatal(err)
			}
			defer content.Close()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			if _, err := io.CopyN(io.Discard, content, size-1); err != nil {
				t.Fatal(err)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			if n, err := io.Copy(io.Discard, content); n != 1 || err != nil {
				t.Errorf("the last byte: %d, %v", n, err)
			}
			if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 3<<20 {
				t.Errorf("%d bytes held near the end of %d", held, size)
			}
		})
	}
}
