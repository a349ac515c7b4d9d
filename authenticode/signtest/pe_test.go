package signtest

import (
	"bytes"
	"crypto"
	"debug/pe"
	"encoding/hex"
	"slices"
	"testing"
)

func TestImagesReadByDebugPE(t *testing.T) {
	for _, c := range []struct {
		machine uint16
		plus    bool
	}{{MachineX86, false}, {MachineARM, false}, {MachineAMD64, true}, {MachineARM64, true}} {
		f, err := pe.NewFile(bytes.NewReader(NewDriver(c.machine, "driver")))
		if err != nil {
			t.Fatalf("%#x: %v", c.machine, err)
		}
		if f.Machine != c.machine || len(f.Sections) != 2 {
			t.Errorf("%#x: machine %#x, %d sections", c.machine, f.Machine, len(f.Sections))
		}
		var subsystem, directories int
		switch o := f.OptionalHeader.(type) {
		case *pe.OptionalHeader32:
			subsystem, directories = int(o.Subsystem), int(o.NumberOfRvaAndSizes)
		case *pe.OptionalHeader64:
			subsystem, directories = int(o.Subsystem), int(o.NumberOfRvaAndSizes)
		}
		if _, plus := f.OptionalHeader.(*pe.OptionalHeader64); plus != c.plus || subsystem != SubsystemNative || directories != 16 {
			t.Errorf("%#x: plus %v, subsystem %d, %d directories", c.machine, plus, subsystem, directories)
		}
		data, err := f.Section(".data").Data()
		if err != nil || !bytes.HasPrefix(data, []byte("driver\x00")) {
			t.Errorf("%#x: data %q, %v", c.machine, data[:8], err)
		}
	}
}

// TestHashBySections compares the linear form of the hash with the steps of
// the specification, section by section, the sections found by debug/pe.
func TestHashBySections(t *testing.T) {
	for _, machine := range []uint16{MachineX86, MachineAMD64} {
		image := SignPE(append(NewDriver(machine, "x"), "tail"...), AttackSigner())
		f, err := pe.NewFile(bytes.NewReader(image))
		if err != nil {
			t.Fatal(err)
		}
		directory, headers := 0, 0
		var table pe.DataDirectory
		const start = 0x80 + 24
		switch o := f.OptionalHeader.(type) {
		case *pe.OptionalHeader32:
			directory, headers, table = start+96+32, int(o.SizeOfHeaders), o.DataDirectory[4]
		case *pe.OptionalHeader64:
			directory, headers, table = start+112+32, int(o.SizeOfHeaders), o.DataDirectory[4]
		}
		h := crypto.SHA256.New()
		h.Write(image[:start+64])
		h.Write(image[start+68 : directory])
		h.Write(image[directory+8 : headers])
		hashed := headers
		for _, s := range f.Sections {
			h.Write(image[s.Offset : s.Offset+s.Size])
			hashed += int(s.Size)
		}
		h.Write(image[hashed : len(image)-int(table.Size)])
		if got := ImageHash(image, crypto.SHA256); !bytes.Equal(got, h.Sum(nil)) {
			t.Errorf("%#x: hash %x, by the specification %x", machine, got, h.Sum(nil))
		}
	}
}

func TestHashIgnoresWhatSigningChanges(t *testing.T) {
	image := append(NewDriver(MachineAMD64, "x"), "odd"...)
	signed := SignPE(image, AttackSigner())
	if len(signed)%8 != 0 {
		t.Errorf("signed length %d", len(signed))
	}
	want := PaddedImageHash(image, crypto.SHA1)
	if !bytes.Equal(ImageHash(signed, crypto.SHA1), want) || bytes.Equal(ImageHash(image, crypto.SHA1), want) {
		t.Error("the padded hash is that of the signed image, and another than the plain one")
	}
	if got := RemoveSignature(signed); !bytes.Equal(got, withChecksum(padTo8(image))) {
		t.Error("removing the signature does not give the padded image back")
	}
}

// withChecksum is a copy with the right checksum.
func withChecksum(image []byte) []byte {
	image = slices.Clone(image)
	SetChecksum(image)
	return image
}

// TestChecksumByHand: the words of the image are zero except MZ, the
// offset, the PE signature and the length, so the sum can be done by hand.
func TestChecksumByHand(t *testing.T) {
	image := make([]byte, 0x101)
	copy(image, "MZ")
	image[0x3c] = 0x40
	copy(image[0x40:], "PE\x00\x00")
	image[0x100] = 7 // the odd last octet counts as a low one
	SetChecksum(image)
	want := uint32(0x5a4d+0x40+0x4550+7) + 0x101
	if got := le.Uint32(image[0x40+24+64:]); got != want {
		t.Errorf("checksum %#x, want %#x", got, want)
	}
}

func TestPageHashTable(t *testing.T) {
	image := NewDriver(MachineAMD64, "pages")
	table := PageHashes(image, crypto.SHA256)
	const entry = 4 + 32
	// Headers, one page of .text, three of .data (0x2300 octets), the end.
	if len(table) != 6*entry {
		t.Fatalf("%d octets", len(table))
	}
	var offsets []uint32
	for i := 0; i < len(table); i += entry {
		offsets = append(offsets, le.Uint32(table[i:]))
	}
	if want := []uint32{0, 0x200, 0x400, 0x1400, 0x2400, uint32(len(image))}; !slices.Equal(offsets, want) {
		t.Errorf("offsets %#x, want %#x", offsets, want)
	}
	if !bytes.Equal(table[5*entry+4:], make([]byte, 32)) {
		t.Error("the end has a hash")
	}
	if got, want := table[2*entry+4:3*entry], sum(crypto.SHA256, image[0x400:0x1400]); !bytes.Equal(got, want) {
		t.Errorf("second page %s, want %s", hex.EncodeToString(got), hex.EncodeToString(want))
	}
}

func TestTableOverrides(t *testing.T) {
	number := func(n uint32) *uint32 { return &n }
	image := NewDriver(MachineAMD64, "table")
	out := CertificateTable{
		Entries: []CertificateEntry{
			{Data: []byte("12345"), Type: 1, Revision: 0x100},
			{Data: []byte("x"), Padding: []byte("garbage"), Length: number(99)},
		},
		Offset: number(8), Size: number(16), Behind: []byte("behind"),
	}.Attach(image)
	if offset, size := fieldsOf(out).certificateTable(out); offset != 8 || size != 16 {
		t.Errorf("directory entry %d, %d", offset, size)
	}
	want := "\x10\x00\x00\x00\x00\x01\x01\x0012345\x00\x00\x00" + "\x63\x00\x00\x00\x00\x02\x02\x00xgarbage" + "behind"
	if got := string(out[len(image):]); got != want {
		t.Errorf("table %q, want %q", got, want)
	}
	none := PE{DataDirectories: 4}.Encode()
	panics(t, func() { SignPE(none, AttackSigner()) })
	if len(ImageHash(none, crypto.SHA256)) != 32 {
		t.Error("no hash of an image without room for a table")
	}
}

func TestIsPE(t *testing.T) {
	good := NewDriver(MachineARM64, "x")
	far := slices.Clone(good[:0x100])
	le.PutUint32(far[0x3c:], 0xfffffff0)
	for name, b := range map[string][]byte{"empty": nil, "MZ": []byte("MZ"), "cut": good[:0x82], "far": far, "text": bytes.Repeat([]byte("a"), 200)} {
		if IsPE(b) {
			t.Errorf("%s is taken for a PE", name)
		}
	}
	if !IsPE(good) {
		t.Error("a PE is not taken for one")
	}
}
