package signtest

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"slices"
)

// Machine types of PE images.
const (
	MachineX86   = 0x014c
	MachineARM   = 0x01c4
	MachineAMD64 = 0x8664
	MachineARM64 = 0xaa64
)

// Subsystems of PE images.
const (
	SubsystemNative  = 1
	SubsystemWindows = 2
	SubsystemConsole = 3
)

// Layout of the images that [PE.Encode] makes. peOffset is where the PE
// signature stands; optional is the offset of the optional header.
const (
	peOffset         = 0x80
	optionalOffset   = peOffset + 4 + 20
	sectionAlignment = 0x1000
	fileAlignment    = 0x200
)

// PE describes a PE image. It has everything that a loader and a signer look
// at, and one instruction: return.
type PE struct {
	Machine   uint16 // 0: AMD64
	Subsystem uint16 // 0: native, a driver
	DLL       bool
	Sections  []Section // nil: .text with the instruction, .data with Content
	Content   string    // makes one image differ from another
	// DataDirectories is NumberOfRvaAndSizes; 0: 16. Fewer than 5 leave no
	// room for a certificate table (rule 95).
	DataDirectories int
	// Appended follows the last section.
	Appended []byte
	// Headers edits the finished headers, before the checksum is made.
	Headers func([]byte)
}

// Section is one section of an image.
type Section struct {
	Name            string
	Data            []byte
	Characteristics uint32 // 0: readable initialised data
}

// NewDriver makes a kernel driver for a machine. The content makes it differ
// from other drivers; its length is a multiple of 8.
func NewDriver(machine uint16, content string) []byte {
	return PE{Machine: machine, Content: content}.Encode()
}

func (p PE) plus() bool { return p.machine() != MachineX86 && p.machine() != MachineARM }

func (p PE) machine() uint16 {
	if p.Machine == 0 {
		return MachineAMD64
	}
	return p.Machine
}

func (p PE) sections() []Section {
	if p.Sections != nil {
		return p.Sections
	}
	ret := map[uint16][]byte{
		MachineX86: {0xc2, 0x08, 0x00}, MachineAMD64: {0x33, 0xc0, 0xc3},
		MachineARM: {0x70, 0x47}, MachineARM64: {0xc0, 0x03, 0x5f, 0xd6},
	}[p.machine()]
	data := append([]byte(p.Content), 0)
	// A few pages of bytes that belong to the content.
	for i := 0; len(data) < 0x2300; i++ {
		data = append(data, sum(crypto.SHA256, []byte{byte(i), byte(i >> 8)}, []byte(p.Content))...)
	}
	return []Section{
		{".text", ret, 0x60000020},
		{".data", data, 0xc0000040},
	}
}

func alignUp(n, to int) int { return (n + to - 1) / to * to }

// Encode makes the image, with a correct checksum.
func (p PE) Encode() []byte {
	sections := p.sections()
	directories := p.DataDirectories
	if directories == 0 {
		directories = 16
	}
	optionalSize := 96 + 8*directories
	if p.plus() {
		optionalSize += 16
	}
	headersEnd := optionalOffset + optionalSize + 40*len(sections)
	headersSize := alignUp(headersEnd, fileAlignment)

	image := make([]byte, headersSize)
	rva, imageSize := alignUp(headersSize, sectionAlignment), 0
	for i, s := range sections {
		raw := alignUp(len(s.Data), fileAlignment)
		s.put(image[optionalOffset+optionalSize+40*i:], rva, raw, len(image))
		image = append(image, s.Data...)
		image = append(image, make([]byte, raw-len(s.Data))...)
		rva += alignUp(max(len(s.Data), 1), sectionAlignment)
	}
	imageSize = rva
	p.putHeaders(image, len(sections), optionalSize, directories, headersSize, imageSize)
	image = append(image, p.Appended...)
	if p.Headers != nil {
		p.Headers(image[:headersSize])
	}
	SetChecksum(image)
	return image
}

var le = binary.LittleEndian

func (p PE) putHeaders(b []byte, sections, optionalSize, directories, headersSize, imageSize int) {
	copy(b, "MZ")
	le.PutUint32(b[0x3c:], peOffset)
	copy(b[peOffset:], "PE\x00\x00")

	coff := b[peOffset+4:]
	le.PutUint16(coff, p.machine())
	le.PutUint16(coff[2:], uint16(sections))
	le.PutUint32(coff[4:], uint32(SigningTime().Unix()))
	le.PutUint16(coff[16:], uint16(optionalSize))
	le.PutUint16(coff[18:], p.characteristics())

	o := b[optionalOffset:]
	magic := 0x10b
	if p.plus() {
		magic = 0x20b
	}
	le.PutUint16(o, uint16(magic))
	o[2] = 14                    // linker version
	le.PutUint32(o[16:], 0x1000) // entry point: the first section
	le.PutUint32(o[20:], 0x1000) // base of code
	le.PutUint32(o[32:], sectionAlignment)
	le.PutUint32(o[36:], fileAlignment)
	le.PutUint16(o[40:], 10) // operating system 10.0
	le.PutUint16(o[48:], 10) // subsystem version 10.0
	le.PutUint32(o[56:], uint32(imageSize))
	le.PutUint32(o[60:], uint32(headersSize))
	subsystem := p.Subsystem
	if subsystem == 0 {
		subsystem = SubsystemNative
	}
	le.PutUint16(o[68:], subsystem)
	le.PutUint16(o[70:], 0x0160) // NX, dynamic base, high entropy
	if p.plus() {
		le.PutUint64(o[24:], 0x140000000)
		le.PutUint64(o[72:], 0x100000) // stack reserve
		le.PutUint64(o[80:], 0x1000)
		le.PutUint64(o[88:], 0x100000) // heap reserve
		le.PutUint64(o[96:], 0x1000)
		le.PutUint32(o[108:], uint32(directories))
		return
	}
	le.PutUint32(o[28:], 0x10000)
	le.PutUint32(o[72:], 0x100000)
	le.PutUint32(o[76:], 0x1000)
	le.PutUint32(o[80:], 0x100000)
	le.PutUint32(o[84:], 0x1000)
	le.PutUint32(o[92:], uint32(directories))
}

func (p PE) characteristics() uint16 {
	c := uint16(0x0002) // executable
	if p.plus() {
		c |= 0x0020 // large addresses
	} else {
		c |= 0x0100 // 32 bit
	}
	if p.DLL {
		c |= 0x2000
	}
	return c
}

// put writes a section header.
func (s Section) put(b []byte, rva, raw, offset int) {
	copy(b[:8], s.Name)
	le.PutUint32(b[8:], uint32(len(s.Data)))
	le.PutUint32(b[12:], uint32(rva))
	le.PutUint32(b[16:], uint32(raw))
	if raw != 0 {
		le.PutUint32(b[20:], uint32(offset))
	}
	c := s.Characteristics
	if c == 0 {
		c = 0x40000040
	}
	le.PutUint32(b[36:], c)
}

// IsPE reports whether the bytes begin like a PE image.
func IsPE(b []byte) bool {
	if len(b) < 0x40 || !bytes.HasPrefix(b, []byte("MZ")) {
		return false
	}
	at := int64(le.Uint32(b[0x3c:]))
	return at+4 <= int64(len(b)) && bytes.Equal(b[at:at+4], []byte("PE\x00\x00"))
}

// peFields are the offsets within an image that signing is about.
type peFields struct {
	checksum    int
	directory   int // of the certificate table's entry, or 0 when there is no room
	headersSize int
	sections    int // of the section table
	count       int // of sections
}

func fieldsOf(image []byte) peFields {
	if !IsPE(image) {
		panic("signtest: not a PE image")
	}
	at := int(le.Uint32(image[0x3c:]))
	o := at + 24
	f := peFields{
		checksum:    o + 64,
		headersSize: int(le.Uint32(image[o+60:])),
		sections:    o + int(le.Uint16(image[at+20:])),
		count:       int(le.Uint16(image[at+6:])),
	}
	number, first := o+92, o+96
	if le.Uint16(image[o:]) == 0x20b {
		number, first = o+108, o+112
	}
	if le.Uint32(image[number:]) >= 5 && first+40 <= f.sections {
		f.directory = first + 32
	}
	return f
}

// certificateTable is the file range of the table, both zero when none.
func (f peFields) certificateTable(image []byte) (offset, size int) {
	if f.directory == 0 {
		return 0, 0
	}
	return int(le.Uint32(image[f.directory:])), int(le.Uint32(image[f.directory+4:]))
}

// SetChecksum writes the image checksum: the ones' complement sum of the file
// in 16 bit words, the field taken as zero, plus the length.
func SetChecksum(image []byte) {
	at := fieldsOf(image).checksum
	le.PutUint32(image[at:], 0)
	var total uint32
	for i := 0; i < len(image); i += 2 {
		word := uint32(image[i])
		if i+1 < len(image) {
			word |= uint32(image[i+1]) << 8
		}
		total += word
		total = total&0xffff + total>>16
	}
	le.PutUint32(image[at:], total+uint32(len(image)))
}

// ImageHash is the Authenticode hash of an image: everything except the
// checksum, the certificate table's directory entry and the table itself
// (rule 94). The table must be where a table may be.
func ImageHash(image []byte, h crypto.Hash) []byte { return sum(h, hashed(image)) }

// PaddedImageHash is the hash that the image has once it is signed: as
// [ImageHash], zero-padded to a multiple of 8 (rule 99).
func PaddedImageHash(image []byte, h crypto.Hash) []byte {
	return ImageHash(padTo8(image), h)
}

func padTo8(image []byte) []byte {
	return append(slices.Clone(image), make([]byte, alignUp(len(image), 8)-len(image))...)
}

// hashed are the bytes of an image that its hash covers.
func hashed(image []byte) []byte {
	f := fieldsOf(image)
	if f.directory == 0 {
		return slices.Concat(image[:f.checksum], image[f.checksum+4:])
	}
	offset, size := f.certificateTable(image)
	if size == 0 {
		offset = len(image)
	}
	return slices.Concat(
		image[:f.checksum],
		image[f.checksum+4:f.directory],
		image[f.directory+8:offset],
		image[offset+size:],
	)
}

// PageHashes is the table of rule 102: for the headers and each page of each
// section the file offset and the hash of the page padded with zeros, then
// the end with a hash of zeros.
func PageHashes(image []byte, h crypto.Hash) []byte {
	const page = 0x1000
	f := fieldsOf(image)
	headers := slices.Concat(
		image[:f.checksum],
		image[f.checksum+4:f.directory],
		image[f.directory+8:f.headersSize],
	)
	table := le.AppendUint32(nil, 0)
	table = append(table, sum(h, headers, make([]byte, page-f.headersSize))...)
	end := f.headersSize
	for i := range f.count {
		header := image[f.sections+40*i:]
		size, offset := int(le.Uint32(header[16:])), int(le.Uint32(header[20:]))
		for at := 0; at < size; at += page {
			n := min(page, size-at)
			table = le.AppendUint32(table, uint32(offset+at))
			table = append(table, sum(h, image[offset+at:offset+at+n], make([]byte, page-n))...)
		}
		if size > 0 {
			end = offset + size
		}
	}
	table = le.AppendUint32(table, uint32(end))
	return append(table, make([]byte, h.Size())...)
}
