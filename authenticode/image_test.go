package authenticode

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"prestage/authenticode/signtest"
)

func readImage(t testing.TB, b []byte) *Image {
	t.Helper()
	m, err := ReadImage(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// driver is an unsigned image and the offset of its PE header.
func driver() (image []byte, nt int) {
	image = signtest.NewDriver(signtest.MachineAMD64, "image_test")
	return image, int(binary.LittleEndian.Uint32(image[60:]))
}

var allHashes = []crypto.Hash{crypto.MD5, crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512}

func TestImageHash(t *testing.T) {
	random := func(n int) []byte {
		b := make([]byte, n)
		rand.NewChaCha8([32]byte{1}).Read(b)
		return b
	}
	signer := signtest.Commercial(nil).Signer()
	cases := map[string][]byte{
		"driver amd64":       signtest.NewDriver(signtest.MachineAMD64, "x"),
		"driver x86":         signtest.NewDriver(signtest.MachineX86, "x"),
		"driver arm64":       signtest.NewDriver(signtest.MachineARM64, "x"),
		"few directories":    signtest.PE{DataDirectories: 4}.Encode(),
		"data appended":      signtest.PE{Appended: []byte("installer payload")}.Encode(),
		"signed":             signtest.SignPE(signtest.NewDriver(signtest.MachineX86, "x"), signer),
		"signed after odd":   signtest.SignPE(signtest.PE{Appended: []byte("odd")}.Encode(), signer),
		"one block":          signtest.PE{Appended: random(blockSize)}.Encode(),
		"many blocks":        signtest.PE{Appended: random(9*blockSize + 3)}.Encode(),
		"many blocks signed": signtest.SignPE(signtest.PE{Appended: random(9*blockSize + 3)}.Encode(), signer),
	}
	for _, over := range []int{-1, 0, 1} {
		b := signtest.PE{}.Encode()
		cases[fmt.Sprintf("blocks %+d", over)] = signtest.PE{Appended: random(2*blockSize - len(b) + over)}.Encode()
	}
	for name, b := range cases {
		t.Run(name, func(t *testing.T) {
			m := readImage(t, b)
			sums, err := m.Hash(allHashes...)
			if err != nil {
				t.Fatal(err)
			}
			wantPadded := m.CertificateTable().Size == 0 && len(b)%8 != 0
			if (sums.Padded != nil) != wantPadded {
				t.Fatalf("padded digests %v, want %v", sums.Padded != nil, wantPadded)
			}
			for _, h := range allHashes {
				if !bytes.Equal(sums.Sums[h], signtest.ImageHash(b, h)) {
					t.Errorf("%v differs", h)
				}
				if wantPadded && !bytes.Equal(sums.Padded[h], signtest.PaddedImageHash(b, h)) {
					t.Errorf("padded %v differs", h)
				}
			}
		})
	}
}

func TestImageHashKeepsWhatItComputed(t *testing.T) {
	b, _ := driver()
	r := &countingReader{b: b}
	m, err := ReadImage(r, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	first, err := m.Hash(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	read := r.n
	again, err := m.Hash(crypto.SHA256)
	if err != nil || r.n != read {
		t.Errorf("read %d bytes more: %v", r.n-read, err)
	}
	if !bytes.Equal(first.Sums[crypto.SHA256], again.Sums[crypto.SHA256]) {
		t.Error("digests differ")
	}
	both, err := m.Hash(crypto.SHA1, crypto.SHA256)
	if err != nil || len(both.Sums[crypto.SHA1]) != 20 || len(both.Sums) != 2 {
		t.Errorf("SHA-1 afterwards: %v %v", both, err)
	}
}

type countingReader struct {
	b []byte
	n int
}

func (r *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := bytes.NewReader(r.b).ReadAt(p, off)
	r.n += n
	return n, err
}

// A file that ends early, or cannot be read, gives no digest at all.
func TestHashOfFailingFile(t *testing.T) {
	for _, size := range []int{0, 3 * blockSize} {
		b := signtest.PE{Appended: make([]byte, size)}.Encode()
		m, err := ReadImage(bytes.NewReader(b[:len(b)-1]), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		sums, err := m.Hash(crypto.SHA1, crypto.SHA256)
		if !errors.Is(err, io.ErrUnexpectedEOF) || sums.Sums != nil {
			t.Errorf("truncated file of %d: %v %v", len(b), sums.Sums, err)
		}
	}
	bad := errors.New("disk on fire")
	for _, n := range []int{0, 10, blockSize, 3*blockSize + 1} {
		sums, err := FlatHash(io.MultiReader(bytes.NewReader(make([]byte, n)), failing{bad}), crypto.SHA1, crypto.SHA256)
		if !errors.Is(err, bad) || sums != nil {
			t.Errorf("after %d bytes: %v %v", n, sums, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestFlatHash(t *testing.T) {
	for _, n := range []int{0, 1, blockSize - 1, blockSize, blockSize + 1, 7*blockSize + 5} {
		b := bytes.Repeat([]byte{0xa5, 1, 2}, n/3+1)[:n]
		sums, err := FlatHash(bytes.NewReader(b), allHashes...)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range allHashes {
			w := h.New()
			w.Write(b)
			if !bytes.Equal(sums[h], w.Sum(nil)) {
				t.Errorf("%v of %d bytes differs", h, n)
			}
		}
	}
	for _, h := range []crypto.Hash{0, crypto.MD4, 99} {
		if sums, err := FlatHash(bytes.NewReader(nil), h); !errors.Is(err, ErrHashUnavailable) || sums != nil {
			t.Errorf("digest %d: %v %v", h, sums, err)
		}
	}
}

func TestReadImageErrors(t *testing.T) {
	le := binary.LittleEndian
	edit := func(f func(b []byte, nt int) []byte) []byte {
		b, nt := driver()
		return f(b, nt)
	}
	set16 := func(at int, v uint16) func(b []byte, nt int) []byte {
		return func(b []byte, nt int) []byte { le.PutUint16(b[nt+at:], v); return b }
	}
	cases := []struct {
		name string
		b    []byte
		want error
	}{
		{"empty", nil, ErrNotPE},
		{"short", []byte("MZ"), ErrNotPE},
		{"text", bytes.Repeat([]byte("[Version]\r\n"), 20), ErrNotPE},
		{"MZ only", append([]byte("MZ"), make([]byte, 200)...), ErrNotPE},
		{"header beyond the file", edit(func(b []byte, nt int) []byte { le.PutUint32(b[60:], uint32(len(b))); return b }), ErrNotPE},
		{"header offset wraps", edit(func(b []byte, nt int) []byte { le.PutUint32(b[60:], 0xfffffff0); return b }), ErrNotPE},
		{"NE image", edit(func(b []byte, nt int) []byte { copy(b[nt:], "NE"); return b }), ErrNotPE},
		{"ZM image", edit(func(b []byte, nt int) []byte { copy(b, "ZM"); return b }), ErrNotPE},
		{"sections beyond the file", edit(set16(6, 0xffff)), ErrBadImage},
		{"optional header beyond the file", edit(set16(20, 0xffff)), ErrBadImage},
		{"optional header too short", edit(set16(20, 67)), ErrBadImage},
		{"ROM image", edit(set16(24, 0x107)), ErrBadImage},
		{"cut in the section table", edit(func(b []byte, nt int) []byte { return b[:nt+24+240+20] }), ErrBadImage},
		{"headers of 5 MiB", edit(func(b []byte, nt int) []byte {
			big := make([]byte, 6<<20)
			copy(big, b)
			le.PutUint32(big[60:], 5<<20)
			copy(big[5<<20:], b[nt:])
			return big
		}), ErrHeadersTooBig},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, err := ReadImage(bytes.NewReader(c.b), int64(len(c.b)))
			if !errors.Is(err, c.want) || m != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if other := errors.Is(err, ErrNotPE) && c.want != ErrNotPE; other {
				t.Errorf("%v is also no PE", err)
			}
		})
	}
}

func TestReadImageFields(t *testing.T) {
	b := signtest.PE{Machine: signtest.MachineX86, DLL: true}.Encode()
	m := readImage(t, b)
	if m.Machine != 0x14c || m.PE32Plus || m.Subsystem != 1 || m.Characteristics&0x2000 == 0 ||
		m.Size != int64(len(b)) || len(m.Sections) == 0 || m.Sections[0].Name != ".text" || m.FileAlignment == 0 || m.CheckSum == 0 {
		t.Errorf("%+v", m)
	}
	if !readImage(t, signtest.NewDriver(signtest.MachineAMD64, "x")).PE32Plus {
		t.Error("AMD64 is not PE32+")
	}
	// The library refuses an image base that is not a multiple of 64 KiB. The
	// hash does not depend on it.
	odd, nt := driver()
	odd[nt+24+24] ^= 1
	if _, err := ReadImage(bytes.NewReader(odd), int64(len(odd))); err != nil {
		t.Errorf("odd image base: %v", err)
	}
}

// The library counts in 32 bits; the walk over the file must not.
func TestImageBeyond4GiB(t *testing.T) {
	b, _ := driver()
	r := &sparse{head: b, size: 4<<30 + 4096 + 3}
	m, err := ReadImage(r, r.size)
	if err != nil {
		t.Fatal(err)
	}
	src, buf, end := m.source(), make([]byte, 32<<20), int64(0)
	for {
		at, n, err := src(buf)
		if err == io.EOF {
			break
		}
		if err != nil || at != end {
			t.Fatalf("offset %d after %d: %v", at, end, err)
		}
		end += int64(n)
	}
	if end != r.size {
		t.Errorf("read %d bytes of %d", end, r.size)
	}
}

// sparse is a file of zeros behind a head.
type sparse struct {
	head []byte
	size int64
}

func (s *sparse) ReadAt(p []byte, off int64) (int, error) {
	n := int(min(int64(len(p)), max(s.size-off, 0)))
	clear(p[:n])
	if off < int64(len(s.head)) {
		copy(p[:n], s.head[off:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestPageHashes(t *testing.T) {
	signer := signtest.Commercial(nil).Signer()
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		for _, machine := range []uint16{signtest.MachineX86, signtest.MachineARM64} {
			unsigned := signtest.NewDriver(machine, "pages")
			signer.Digest = h
			b := signtest.ImageSignature{Signer: signer, PageHashes: true}.Sign(unsigned)
			m := readImage(t, b)
			sigs, err := m.Signatures()
			if err != nil {
				t.Fatal(err)
			}
			if got := m.CheckPageHashes(sigs[0]); got != PageHashOK {
				t.Errorf("%v %x: %v", h, machine, got)
			}
			// A page that differs, and nothing else.
			bad := bytes.Clone(b)
			bad[m.Sections[0].PointerToRawData+5] ^= 1
			if got := readImage(t, bad).CheckPageHashes(sigs[0]); got != PageHashBad {
				t.Errorf("%v %x altered: %v", h, machine, got)
			}
		}
	}
}

func TestPageHashStates(t *testing.T) {
	b, _ := driver()
	m := readImage(t, b)
	octets := signtest.PageHashes(b, crypto.SHA256)
	cases := []struct {
		name string
		list *PageHashes
		want PageHashState
	}{
		{"none", nil, PageHashNone},
		{"good", &PageHashes{OIDPageHashes2, crypto.SHA256, octets}, PageHashOK},
		{"cut", &PageHashes{OIDPageHashes2, crypto.SHA256, octets[:len(octets)-36]}, PageHashBad},
		{"not whole", &PageHashes{OIDPageHashes2, crypto.SHA256, octets[1:]}, PageHashBad},
		{"empty", &PageHashes{OIDPageHashes2, crypto.SHA256, nil}, PageHashBad},
		{"unknown algorithm", &PageHashes{OIDEnhancedHash, 0, octets}, PageHashBad},
		{"another algorithm", &PageHashes{OIDPageHashes1, crypto.SHA1, octets}, PageHashBad},
		{"end with a digest", &PageHashes{OIDPageHashes2, crypto.SHA256, append(bytes.Clone(octets[:len(octets)-1]), 1)}, PageHashBad},
	}
	for _, c := range cases {
		if got := m.ComparePageHashes(c.list); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := m.CheckPageHashes(&Signature{}); got != PageHashNone {
		t.Errorf("signature without content: %v", got)
	}
}

// Sections that overlap could make the page hashes of a small file take for
// ever.
func TestPageHashesOfOverlappingSections(t *testing.T) {
	b, nt := driver()
	sections := nt + 24 + 240
	for i := range 2 {
		binary.LittleEndian.PutUint32(b[sections+40*i+16:], uint32(len(b)))
		binary.LittleEndian.PutUint32(b[sections+40*i+20:], 0)
	}
	m := readImage(t, b)
	if list, err := m.PageHashes(crypto.SHA256); !errors.Is(err, ErrBadImage) || list != nil {
		t.Errorf("%d entries, %v", len(list), err)
	}
	if got := m.ComparePageHashes(&PageHashes{OIDPageHashes2, crypto.SHA256, signtest.PageHashes(b[:0x400], crypto.SHA256)}); got == PageHashOK {
		t.Errorf("%v", got)
	}
}

// signedImage is an ordinary signed image.
func signedImage() []byte {
	return signtest.SignPE(signtest.PE{Content: "signed"}.Encode(), signtest.Commercial(nil).Signer())
}
