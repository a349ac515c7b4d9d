package cab

import (
	"bytes"
	"io"
	"testing"
)

// BenchmarkExpand measures expanded bytes.
func BenchmarkExpand(b *testing.B) {
	text := prose(1, 4<<20)
	for _, name := range []string{"stored", "mszip", "lzx-verbatim", "lzx-aligned", "quantum-15"} {
		data := one(allFolders[name], file("f", text)).bytes()
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := mustOpen(b, data).Files[0].Open()
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, r); err != nil || n != int64(len(text)) {
					b.Fatal(n, err)
				}
			}
		})
	}
	packed := szdd(text[:1<<16])
	b.Run("szdd", func(b *testing.B) {
		b.SetBytes(1 << 16)
		for b.Loop() {
			if _, _, err := expand(packed); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOpen measures the tables of a cabinet with many files.
func BenchmarkOpen(b *testing.B) {
	c := one(storedFolder)
	for i := range 5000 {
		c.files = append(c.files, file(`amd64\`+string(rune('a'+i/256))+string(rune(0x4E00+i%256)), nil))
		c.files[i].attribs = attrUTF8
	}
	data := c.bytes()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Open(bytes.NewReader(data), int64(len(data))); err != nil {
			b.Fatal(err)
		}
	}
}
