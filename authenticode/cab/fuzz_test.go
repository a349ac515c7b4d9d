package cab

import (
	"bytes"
	"io"
	"io/fs"
	"testing"
)

// fuzzWork bounds what a fuzz run expands of one input.
const fuzzWork = 4 << 20

func fuzzSeeds(f *testing.F) {
	for _, folder := range allFolders {
		b := one(folder, file("a.inf", prose(1, 300)), file(`b\c.sys`, prose(2, 3000)))
		f.Add(b.bytes())
		b.headerReserve, b.blockReserve = []byte("reserve"), []byte{1, 2}
		b.noChecksum = true
		f.Add(b.bytes())
	}
	f.Add(one(lzxFolder(15, lzxRaw, lzxVerbatim), file("x", prose(3, 40_000))).bytes())
	f.Add(signed(one(storedFolder, file("x", nil)), "signature"))
	f.Add(szdd(prose(4, 200)))
	f.Add(qbasic(prose(4, 200)))
	for method := range uint16(6) {
		f.Add(kwajFile(method, 200, "X", "SYS", kwajBlocks(prose(4, 200))))
	}
}

// FuzzOpen asserts that no input makes Open or a file panic, that an error
// comes alone, that names stay inside, and that a file that ends well has
// exactly its size.
func FuzzOpen(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			if c != nil {
				t.Fatal("a cabinet beside an error")
			}
			return
		}
		if s, err := c.Signature(); err == nil && s.Offset+s.Size > int64(len(data)) {
			t.Fatalf("signature %v outside of %d bytes", s, len(data))
		}
		ranges, _ := c.DigestRanges()
		for _, r := range ranges {
			if r.Offset < 0 || r.Size < 0 || r.Offset+r.Size > int64(len(data)) {
				t.Fatalf("range %v outside of %d bytes", r, len(data))
			}
		}
		work := int64(fuzzWork)
		for _, file := range c.Files {
			if !fs.ValidPath(file.Name) || c.Lookup(file.Name) != file {
				t.Fatalf("name %q", file.Name)
			}
			if work -= file.offset + file.Size; work < 0 {
				break
			}
			r, err := file.Open()
			if err != nil {
				continue
			}
			n, err := io.Copy(io.Discard, r)
			if err == nil && n != file.Size || n > file.Size {
				t.Fatalf("%s: %d bytes of %d, %v", file.Name, n, file.Size, err)
			}
			r.Close()
		}
	})
}

// FuzzExpand asserts that Expand never panics and that an error comes alone.
func FuzzExpand(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		name, out, err := expand(data)
		if err != nil && (name != "" || out != nil) {
			t.Fatal("data beside an error")
		}
		if err == nil && len(out) > maxFile {
			t.Fatalf("%d bytes", len(out))
		}
		if err == nil && Sniff(data) == NotCompressed {
			t.Fatal("expanded what is not compressed")
		}
	})
}

// FuzzDecompressors feeds the block decoders without the container around them,
// two blocks in a row.
func FuzzDecompressors(f *testing.F) {
	for _, folder := range allFolders {
		blocks := folder.pack(prose(7, maxOutput+500))
		f.Add(folder.compress, uint16(500), blocks[0][0], blocks[1][0])
	}
	f.Fuzz(func(t *testing.T, compress, size uint16, first, second []byte) {
		var folder Folder
		folder.setMethod(compress)
		d, err := folder.newDecompressor()
		if err != nil {
			return
		}
		out := make([]byte, maxOutput)
		if err := d.decompress(out, first); err != nil {
			return
		}
		d.decompress(out[:size%maxOutput], second)
	})
}

// FuzzEncoders asserts that whatever an encoder writes reads back.
func FuzzEncoders(f *testing.F) {
	f.Add(uint64(1), []byte("hello hello hello"))
	f.Add(uint64(2), bytes.Repeat([]byte{0xE8, 0, 0, 1, 0}, 50))
	f.Fuzz(func(t *testing.T, seed uint64, data []byte) {
		data = append(prose(seed, int(seed%40_000)), data...)
		for name, folder := range allFolders {
			if got := readAll(t, mustOpen(t, one(folder, file("f", data)).bytes()).Files[0]); !bytes.Equal(got, data) {
				t.Fatalf("%s: %d bytes differ", name, len(data))
			}
		}
	})
}
