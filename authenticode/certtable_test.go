package authenticode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"prestage/authenticode/signtest"
)

// entry encodes a WIN_CERTIFICATE without padding.
func entry(length uint32, revision, kind uint16, data []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, length)
	b = binary.LittleEndian.AppendUint16(b, revision)
	b = binary.LittleEndian.AppendUint16(b, kind)
	return append(b, data...)
}

func TestWalkCertTable(t *testing.T) {
	eight := make([]byte, 8)
	good := entry(16, 0x0200, 2, eight)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	cases := []struct {
		name    string
		data    []byte
		base    int64
		entries int
		err     string // part of the message; "" for none
	}{
		{"empty", nil, 0x400, 0, ""},
		{"one", good, 0x400, 1, ""},
		{"two", join(good, entry(8, 0x0100, 1, nil)), 0x400, 2, ""},
		{"padded by the rule", entry(13, 0x0200, 2, eight), 0x400, 1, ""},
		{"not padded", entry(13, 0x0200, 2, eight[:5]), 0x400, 0, "offset 1024: certificate table entry of 13 bytes is not padded"},
		{"misaligned", good, 0x404, 0, "offset 1028: certificate table is not aligned"},
		{"cut in the header", good[:7], 0x400, 0, "ends inside an entry"},
		{"rest after the last", join(good, eight[:4]), 0x400, 0, "offset 1040: certificate table ends inside an entry"},
		{"zeros after the last", join(good, eight), 0x400, 0, "offset 1040: certificate table entry of 0 bytes"},
		{"length below the header", entry(7, 0x0200, 2, eight), 0x400, 0, "entry of 7 bytes"},
		{"length beyond", entry(17, 0x0200, 2, eight), 0x400, 0, "entry of 17 bytes, where 16 are left"},
		{"length wraps", entry(0xffffffff, 0x0200, 2, eight), 0x400, 0, "entry of 4294967295 bytes"},
		{"unknown revision", entry(16, 0x0300, 2, eight), 0x400, 0, "unknown revision 0x0300"},
		{"entries without end", bytes.Repeat(entry(8, 0x0200, 1, nil), 65), 0x400, 0, ErrTooManyCertEntries.Error()},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			list, err := walkCertTable(c.data, c.base)
			if c.err == "" {
				if err != nil || len(list) != c.entries {
					t.Errorf("%d entries, %v", len(list), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.err) || list != nil {
				t.Errorf("%d entries, %v, want %s", len(list), err, c.err)
			}
		})
	}
}

// A table whose bytes a section loads as well would take code out of the hash.
// The bytes that such an image had before the table was put into it must not
// come back as its digest.
func TestTableInsideSectionIsHashed(t *testing.T) {
	image, nt := driver()
	m := readImage(t, image)
	text := m.Sections[0]
	at := int(text.PointerToRawData) + 0x100
	table := entry(64, 0x0200, 2, make([]byte, 56))
	bad := append(append(bytes.Clone(image[:at]), table...), image[at:]...)
	directory := nt + 24 + 112 + 32
	binary.LittleEndian.PutUint32(bad[directory:], uint32(at))
	binary.LittleEndian.PutUint32(bad[directory+4:], uint32(len(table)))

	b := readImage(t, bad)
	if b.CertificateTable().Size != 0 || b.CertificateTable().Problem == nil {
		t.Fatalf("the table counts: %+v", b.CertificateTable())
	}
	sums, err := b.Hash(allHashes...)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range allHashes {
		if bytes.Equal(sums.Sums[h], signtest.ImageHash(image, h)) {
			t.Errorf("%v is that of the image without the bytes", h)
		}
	}
	if sigs, err := b.Signatures(); err == nil || sigs != nil {
		t.Errorf("%d signatures, %v", len(sigs), err)
	}
}

func TestCertTableTooBig(t *testing.T) {
	image, nt := driver()
	directory := nt + 24 + 112 + 32
	binary.LittleEndian.PutUint32(image[directory:], uint32(len(image)))
	binary.LittleEndian.PutUint32(image[directory+4:], maxCertTable+8)
	r := &sparse{head: image, size: int64(len(image)) + maxCertTable + 8}
	m, err := ReadImage(r, r.size)
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := m.Signatures()
	var p *Problem
	if !errors.As(err, &p) || !strings.Contains(p.Detail, ErrCertTableTooBig.Error()) || sigs != nil {
		t.Errorf("%v", err)
	}
}

func TestImageWithoutTable(t *testing.T) {
	image, _ := driver()
	m := readImage(t, image)
	if table := m.CertificateTable(); table.Problem != nil || table.Size != 0 || table.Entries != nil {
		t.Errorf("%+v", table)
	}
	if sigs, err := m.Signatures(); sigs != nil || err != nil {
		t.Errorf("%d signatures, %v", len(sigs), err)
	}
	// A directory that the header does not count is no directory (rule 95).
	few := signtest.PE{DataDirectories: 4}.Encode()
	if m := readImage(t, few); m.layout.directory != 0 || m.CertificateTable().Directory != (DataDirectory{}) {
		t.Errorf("%+v", m.layout)
	}
}
