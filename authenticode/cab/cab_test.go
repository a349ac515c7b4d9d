package cab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func readAll(t testing.TB, f *File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestRoundTrip reads back what each encoder wrote, over several blocks, with
// files that end inside, at and across blocks.
func TestRoundTrip(t *testing.T) {
	for name, folder := range allFolders {
		t.Run(name, func(t *testing.T) {
			files := []testFile{
				file("empty", nil),
				file("short.inf", prose(1, 11)),
				file(`x64\big.sys`, prose(2, 150_000)),
				file("to-the-edge", prose(3, 5*maxOutput-150_011)),
				file("zero", make([]byte, 70_000)),
				file("last", prose(4, 301)),
			}
			c := mustOpen(t, one(folder, files...).bytes())
			for i, f := range c.Files {
				if got := readAll(t, f); !bytes.Equal(got, files[i].data) {
					t.Errorf("%s: %d bytes differ from the %d written", f.Name, len(got), len(files[i].data))
				}
				if f.Size != int64(len(files[i].data)) || !f.Modified.Equal(testTime) || f.Attributes != 0x20 {
					t.Errorf("%s: size %d, time %v, attributes %#x", f.Name, f.Size, f.Modified, f.Attributes)
				}
			}
		})
	}
}

// TestEveryLength catches mistakes at the ends of blocks and of bit streams.
func TestEveryLength(t *testing.T) {
	for name, folder := range allFolders {
		for n := 1; n < 50; n++ {
			want := prose(uint64(n), n)
			got := readAll(t, mustOpen(t, one(folder, file("f", want)).bytes()).Files[0])
			if !bytes.Equal(got, want) {
				t.Fatalf("%s: %d bytes: got %q, want %q", name, n, got, want)
			}
		}
	}
}

func TestZeroValuesMeanUnknown(t *testing.T) {
	var m Method
	var f Format
	if m != Unknown || m.String() != "unknown" || f != NotCompressed || f.String() != "not compressed" {
		t.Errorf("zero Method is %v, zero Format is %v", m, f)
	}
	if Method(200).String() != "unknown" || Format(200).String() != "not compressed" {
		t.Error("an undefined value has a name of its own")
	}
}

// TestReserves reads cabinets in which every structure has a reserve.
func TestReserves(t *testing.T) {
	for _, sumWithReserve := range []bool{false, true} {
		b := one(mszipFolder, file("a", prose(1, 40_000)), file("b", prose(2, 40_000)))
		b.headerReserve, b.folderReserve, b.blockReserve = []byte("header"), []byte("fold"), []byte("dat")
		b.sumWithReserve = sumWithReserve
		c := mustOpen(t, b.bytes())
		if string(c.HeaderReserve) != "header" || string(c.Folders[0].Reserve) != "fold" {
			t.Errorf("reserves read as %q and %q", c.HeaderReserve, c.Folders[0].Reserve)
		}
		if got := readAll(t, c.Files[1]); !bytes.Equal(got, prose(2, 40_000)) {
			t.Errorf("checksum over the reserve %v: data differs", sumWithReserve)
		}
	}
}

func TestChecksumIsVerified(t *testing.T) {
	b := one(storedFolder, file("a", prose(1, 70_000)))
	b.mutateBlock = func(_, block int, d []byte) {
		if block == 1 {
			d[len(d)-1] ^= 1
		}
	}
	f := mustOpen(t, b.bytes()).Files[0]
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if !errors.Is(err, ErrChecksum) || len(got) != maxOutput {
		t.Errorf("read %d bytes, error %v; want the first block and ErrChecksum", len(got), err)
	}
	if _, again := r.Read(make([]byte, 1)); again == nil || again == io.EOF {
		t.Errorf("reading on after the error gives %v", again)
	}
	b.noChecksum = true
	if got := readAll(t, mustOpen(t, b.bytes()).Files[0]); len(got) != 70_000 {
		t.Errorf("a block without checksum was refused")
	}
}

func TestChecksumAgainstReference(t *testing.T) {
	for n := range 20 {
		p := prose(uint64(n), n)
		if got, want := checksum(p, 0x12345678), refChecksum(p, 0x12345678); got != want {
			t.Errorf("%d bytes: %#x, want %#x", n, got, want)
		}
	}
}

// TestNames has what a name becomes, or the error that refuses the cabinet.
func TestNames(t *testing.T) {
	long := strings.Repeat("n", maxName-1)
	for _, c := range []struct {
		raw     string
		attribs uint16
		want    string
		err     error
	}{
		{"driver.sys", 0, "driver.sys", nil},
		{`amd64\sub\driver.sys`, 0, "amd64/sub/driver.sys", nil},
		{"amd64/driver.sys", 0, "amd64/driver.sys", nil},
		{"..hidden", 0, "..hidden", nil},
		{"Gr\xFC\xDFe.inf", 0, "Grüße.inf", nil},
		{"Gr\xC3\xBC\xC3\x9Fe.inf", attrUTF8, "Grüße.inf", nil},
		{"Gr\xFC.inf", attrUTF8, "", ErrName},
		{"console.sys", 0, "console.sys", nil},
		{"com10.sys", 0, "com10.sys", nil},
		{long, 0, long, nil},
		{long + "n", 0, "", ErrName},
		{"", 0, "", ErrName},
		{"..", 0, "", ErrName},
		{`..\x.sys`, 0, "", ErrName},
		{`a\..\..\x.sys`, 0, "", ErrName},
		{"a/../x.sys", 0, "", ErrName},
		{`.\x.sys`, 0, "", ErrName},
		{`\x.sys`, 0, "", ErrName},
		{`\\server\share\x.sys`, 0, "", ErrName},
		{"/etc/passwd", 0, "", ErrName},
		{`C:\x.sys`, 0, "", ErrName},
		{"C:x.sys", 0, "", ErrName},
		{"x.sys:stream", 0, "", ErrName},
		{`a\\b`, 0, "", ErrName},
		{`a\`, 0, "", ErrName},
		{"x.sys.", 0, "", ErrName},
		{"x.sys ", 0, "", ErrName},
		{`a.\x.sys`, 0, "", ErrName},
		{"x?.sys", 0, "", ErrName},
		{"x\n.sys", 0, "", ErrName},
		{"NUL", 0, "", ErrName},
		{"con.inf", 0, "", ErrName},
		{"Com1.sys", 0, "", ErrName},
		{`a\lpt\xb9`, 0, "a/lpt/xb9", nil},
		{"lpt\xb9.sys", 0, "", ErrName},
		{strings.Repeat("d/", maxDepth) + "f", 0, strings.Repeat("d/", maxDepth) + "f", nil},
		{strings.Repeat("d/", maxDepth+1) + "f", 0, "", ErrTooDeep},
	} {
		f := file(c.raw, []byte("data"))
		f.attribs = c.attribs
		data := one(storedFolder, f).bytes()
		cab, err := Open(bytes.NewReader(data), int64(len(data)))
		if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%q: error %v, want %v", c.raw, err, c.err)
			continue
		}
		if err != nil {
			if cab != nil {
				t.Errorf("%q: a cabinet beside the error", c.raw)
			}
			continue
		}
		if got := cab.Files[0]; got.Name != c.want || string(got.RawName) != c.raw {
			t.Errorf("%q: name %q, raw %q, want %q", c.raw, got.Name, got.RawName, c.want)
		}
	}
}

func TestNamesThatMeet(t *testing.T) {
	for _, names := range [][]string{
		{"a.sys", "a.sys"},
		{"a.sys", "A.SYS"},
		{`x\a.sys`, "X/A.sys"},
		{"a", `a\b`},
		{`a\b`, "A"},
		{"\xC4.sys", "\xE4.sys"},
	} {
		data := one(storedFolder, file(names[0], []byte("1")), file(names[1], []byte("2"))).bytes()
		if _, err := Open(bytes.NewReader(data), int64(len(data))); !errors.Is(err, ErrDuplicateName) {
			t.Errorf("%q: error %v", names, err)
		}
	}
}

// patch is one field overwritten in a good cabinet.
func patch(data []byte, at int, v ...byte) []byte {
	data = bytes.Clone(data)
	copy(data[at:], v)
	return data
}

// TestRefused has what Open must not accept.
func TestRefused(t *testing.T) {
	good := one(storedFolder, file("a.sys", []byte("hello")), file("b.sys", []byte("world"))).bytes()
	const folderAt, fileAt = headerSize, headerSize + folderSize
	ff := []byte{0xFF, 0xFF, 0xFF, 0xFF}
	many := func(folders, files int) []byte {
		p := patch(good, 26, byte(folders), byte(folders>>8), byte(files), byte(files>>8))
		return p
	}
	claim := func(n int, size uint32) []byte {
		b := one(storedFolder)
		for i := range n {
			b.files = append(b.files, testFile{name: fmt.Sprint(i), offset: 0})
		}
		b.folders[0].pack = func([]byte) [][2][]byte {
			blocks := make([][2][]byte, 20_000) // empty, but there
			return blocks
		}
		p := b.bytes()
		at := fileAt
		for i := range n {
			binary.LittleEndian.PutUint32(p[at:], size)
			at += entrySize + len(fmt.Sprint(i)) + 1
		}
		return p
	}
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, ErrNotCabinet},
		{"text", []byte("; an INF file"), ErrNotCabinet},
		{"short magic", []byte("MSC"), ErrNotCabinet},
		{"only magic", []byte("MSCF"), ErrTruncated},
		{"cut header", good[:headerSize-1], ErrTruncated},
		{"cut data", good[:len(good)-1], ErrTruncated},
		{"version 2.3", patch(good, 25, 2), ErrVersion},
		{"version 1.4", patch(good, 24, 4), ErrVersion},
		{"cabinet larger than the file", patch(good, 8, ff...), ErrTruncated},
		{"cabinet smaller than its tables", patch(good, 8, 50, 0), ErrTruncated},
		{"file table in the header", patch(good, 16, 40, 0), ErrFormat},
		{"file table behind the end", patch(good, 16, ff...), ErrTruncated},
		{"too many folders", many(maxFolders+1, 1), ErrTooManyFolders},
		{"too many files", many(1, maxFiles+1), ErrTooManyFiles},
		{"more files than there are", many(1, 500), ErrTruncated},
		{"data behind the end", patch(good, folderAt, ff...), ErrTruncated},
		{"more blocks than bytes", patch(good, folderAt+4, 0xFF, 0xFF), ErrFormat},
		{"file of 4 GiB", patch(good, fileAt, ff...), ErrFileTooLarge},
		{"file beyond its folder", patch(good, fileAt+4, 0, 0, 1), ErrFormat},
		{"no such folder", patch(good, fileAt+8, 1), ErrFormat},
		{"name without end", patch(good, len(good)-1, 'x')[:len(good)-8-10], ErrTruncated},
		{"reserve flag without reserve", patch(good, 30, flagReserve), ErrTruncated},
		{"expands to more than 2 GiB", claim(5, 500<<20), ErrTooLarge},
		{"files share data beyond any ratio", claim(2, 450<<20), ErrRatio},
	} {
		t.Run(c.name, func(t *testing.T) {
			cab, err := Open(bytes.NewReader(c.data), int64(len(c.data)))
			if !errors.Is(err, c.want) || cab != nil {
				t.Errorf("got %v, %v; want %v", cab, err, c.want)
			}
		})
	}
}

func TestTooManyBlocks(t *testing.T) {
	b := &builder{}
	f := testFolder{0, func([]byte) [][2][]byte { return make([][2][]byte, 0xFFFF) }}
	b.folders = []testFolder{f, f, f}
	data := b.bytes()
	if _, err := Open(bytes.NewReader(data), int64(len(data))); !errors.Is(err, ErrTooManyBlocks) {
		t.Errorf("error %v", err)
	}
}

// TestReadErrors has a disk that fails: that is neither "not a cabinet" nor a
// short file.
func TestReadErrors(t *testing.T) {
	data := one(mszipFolder, file("f", prose(1, 100))).bytes()
	broken := errors.New("disk on fire")
	for n := range len(data) {
		r := failingReader{data, n, broken}
		c, err := Open(r, int64(len(data)))
		if err == nil {
			var f io.ReadCloser
			if f, err = c.Files[0].Open(); err == nil {
				_, err = io.ReadAll(f)
			}
		}
		if _, _, err2 := Expand(r, int64(len(data))); !errors.Is(err2, broken) {
			t.Errorf("failing at %d: Expand: %v", n, err2)
		}
		if !errors.Is(err, broken) || errors.Is(err, ErrNotCabinet) || errors.Is(err, ErrTruncated) {
			t.Errorf("failing at %d: %v", n, err)
		}
	}
}

// failingReader fails every read that touches the byte at and those behind it.
type failingReader struct {
	data []byte
	at   int
	err  error
}

func (r failingReader) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, r.data[min(off, int64(r.at)):r.at])
	if n < len(p) {
		return n, r.err
	}
	return n, nil
}

// TestShorterThanItsSize has a reader that ends before the size it was given
// with, wherever that is.
func TestShorterThanItsSize(t *testing.T) {
	data := one(lzxFolder(15, lzxAlignedBlock), file("f", prose(1, 100))).bytes()
	for n := range len(data) {
		_, out, err := Expand(bytes.NewReader(data[:n]), int64(len(data)))
		if !errors.Is(err, ErrTruncated) || out != nil {
			t.Errorf("%d of %d bytes: %v", n, len(data), err)
		}
	}
}

// TestDamagedData has what Read must not deliver.
func TestDamagedData(t *testing.T) {
	text := prose(5, 50_000)
	set := func(at int, v ...byte) func(int, int, []byte) {
		return func(_, block int, d []byte) {
			if block == 0 {
				copy(d[at:], v)
			}
		}
	}
	for _, c := range []struct {
		name   string
		folder testFolder
		mutate func(int, int, []byte)
		want   error
	}{
		{"stored sizes differ", storedFolder, set(6, 1, 0), ErrCorrupt},
		{"output too large", storedFolder, set(6, 1, 0x80), ErrBlockSize},
		{"input too large", storedFolder, set(4, 0xFF, 0xFF), ErrBlockSize},
		{"input behind the end", lzxFolder(15, lzxRaw), func(_, block int, d []byte) {
			if block == 1 {
				d[4]++
			}
		}, ErrTruncated},
		{"MSZIP without CK", mszipFolder, set(8, 'P', 'K'), ErrCorrupt},
		{"MSZIP of a bad type", mszipFolder, set(10, 0xFF), ErrCorrupt},
		{"MSZIP longer than it says", mszipFolder, set(6, 0xFF, 0x7F), ErrCorrupt},
		{"LZX block type 0", lzxFolder(15, lzxVerbatim), set(12, 0, 0), ErrCorrupt},
		{"LZX noise", lzxFolder(15, lzxVerbatim), set(20, prose(6, 40)...), ErrCorrupt},
		{"Quantum noise", quantumFolder(15), set(8, bytes.Repeat([]byte{0xA5}, 100)...), ErrCorrupt},
		{"LZX window of 14 bits", testFolder{3 | 14<<8, storedFolder.pack}, nil, ErrMethod},
		{"LZX window of 22 bits", testFolder{3 | 22<<8, storedFolder.pack}, nil, ErrMethod},
		{"Quantum window of 9 bits", testFolder{2 | 9<<8, storedFolder.pack}, nil, ErrMethod},
		{"unknown method", testFolder{4, storedFolder.pack}, nil, ErrMethod},
		{"unknown method 15", testFolder{15, storedFolder.pack}, nil, ErrMethod},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := one(c.folder, file("f", text))
			b.noChecksum, b.mutateBlock = true, c.mutate
			r, err := mustOpen(t, b.bytes()).Files[0].Open()
			if err == nil {
				_, err = io.ReadAll(r)
			}
			if !errors.Is(err, c.want) || errors.Is(err, io.EOF) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

// TestShortFolder has blocks that hold less than the file table claims.
func TestShortFolder(t *testing.T) {
	b := one(storedFolder, file("f", []byte("0123456789")))
	data := b.bytes()
	data[headerSize+folderSize] = 200
	r, err := mustOpen(t, data).Files[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); string(got) != "0123456789" || !errors.Is(err, ErrTruncated) {
		t.Errorf("read %q, %v; want ErrTruncated", got, err)
	}
}

func TestSet(t *testing.T) {
	head, whole, tail := file("head", []byte("1234")), file("whole", []byte("5678")), file("tail", []byte("9"))
	head.folder, tail.folder = folderFromPrev, folderToNext

	b := one(storedFolder, head, whole)
	b.prev, b.index, b.setID = "one.cab\x00disk 1\x00", 1, 77
	c := mustOpen(t, b.bytes())
	if !c.HasPrev || c.HasNext || c.PrevName != "one.cab" || c.PrevLabel != "disk 1" || c.Index != 1 || c.SetID != 77 {
		t.Errorf("previous cabinet not recognised: %+v", c)
	}
	for _, f := range c.Files { // the folder starts in the other cabinet
		if _, err := f.Open(); !errors.Is(err, ErrSpanned) {
			t.Errorf("%s: %v", f.Name, err)
		}
	}

	b = one(storedFolder, whole, tail)
	b.next = "three.cab\x00disk 3\x00"
	c = mustOpen(t, b.bytes())
	if c.HasPrev || !c.HasNext || c.NextName != "three.cab" {
		t.Errorf("next cabinet not recognised: %+v", c)
	}
	if got := readAll(t, c.Lookup("WHOLE")); string(got) != "5678" {
		t.Errorf("whole: %q", got)
	}
	if _, err := c.Lookup("tail").Open(); !errors.Is(err, ErrSpanned) {
		t.Errorf("tail: %v", err)
	}
	if _, err := c.FS().Open("tail"); !errors.Is(err, ErrSpanned) {
		t.Errorf("tail in FS: %v", err)
	}
}

// TestSplitBlock has a block whose second half is in the next cabinet, needed by
// a file that claims to be whole.
func TestSplitBlock(t *testing.T) {
	b := one(storedFolder, file("f", prose(1, 100)))
	b.next, b.noChecksum = "next.cab\x00disk\x00", true
	b.mutateBlock = func(_, _ int, d []byte) { d[6], d[7] = 0, 0 }
	r, err := mustOpen(t, b.bytes()).Files[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, ErrSpanned) {
		t.Errorf("error %v", err)
	}
}

func TestDosTime(t *testing.T) {
	for _, c := range []struct {
		date, clock uint16
		want        string
	}{
		{0, 0, "0001-01-01 00:00:00"},
		{1<<5 | 1, 0, "1980-01-01 00:00:00"},
		{44<<9 | 2<<5 | 29, 13<<11 | 37<<5 | 21, "2024-02-29 13:37:42"},
		{43<<9 | 2<<5 | 29, 0, "0001-01-01 00:00:00"},
		{13 << 5, 0, "0001-01-01 00:00:00"},
	} {
		if got := dosTime(c.date, c.clock).Format("2006-01-02 15:04:05"); got != c.want {
			t.Errorf("%#x %#x: %s, want %s", c.date, c.clock, got, c.want)
		}
	}
}
