package authenticode

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

	"prestage/authenticode/signtest"
)

const large = 100 << 20

// largeImage is a PE of 100 MB, most of it zeros that are nowhere in memory.
func largeImage() *sparse {
	head := signtest.NewDriver(signtest.MachineAMD64, "bench")
	return &sparse{head: head, size: large}
}

// BenchmarkSHA256 is what hashing costs without anything around it.
func BenchmarkSHA256(b *testing.B) {
	r := largeImage()
	b.SetBytes(large)
	buf := make([]byte, blockSize)
	for b.Loop() {
		h := sha256.New()
		if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{io.NewSectionReader(r, 0, large)}, buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkImageHash(b *testing.B) {
	for _, algs := range [][]crypto.Hash{{crypto.SHA1}, {crypto.SHA256}, {crypto.SHA1, crypto.SHA256}} {
		b.Run(fmt.Sprint(algs), func(b *testing.B) {
			r := largeImage()
			b.SetBytes(large)
			b.ReportAllocs()
			for b.Loop() {
				m, err := ReadImage(r, r.size)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := m.Hash(algs...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSmallImage is one of many small drivers, both digests.
func BenchmarkSmallImage(b *testing.B) {
	image := signtest.PE{Appended: make([]byte, 16<<10)}.Encode()
	b.SetBytes(int64(len(image)))
	b.ReportAllocs()
	for b.Loop() {
		m, err := ReadImage(bytes.NewReader(image), int64(len(image)))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Hash(crypto.SHA1, crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseSignature(b *testing.B) {
	h := signtest.Commercial(nil)
	tsa := signtest.TimeStampingUnder(h.Root, nil)
	plain := encode(h.Signer())
	stamped := encode(h.Signer().Stamped(tsa.Stamp()))
	list := signtest.Catalog{Members: []signtest.Member{{Data: make([]byte, 10)}}, Message: func(m *signtest.SignedData) {
		m.Content = signtest.TLV(signtest.TagSequence, make([]byte, 10<<20)) // nothing here looks into it
	}}.Sign(h.Signer())
	for name, der := range map[string][]byte{"plain": plain, "stamped": stamped, "catalog of 10 MB": list} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(der)))
			b.ReportAllocs()
			for b.Loop() {
				if s, err := ParseSignature(der); err != nil || s.Problem != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
