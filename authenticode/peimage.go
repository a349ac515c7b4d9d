package authenticode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/saferwall/pe"
	"github.com/saferwall/pe/log"
)

// maxHeaders bounds the headers of an image: from the start of the file to the
// end of the section table. 65,535 sections, the most that can be counted,
// take 2.5 MiB.
const maxHeaders = 4 << 20

// Errors of [ReadImage].
var (
	// ErrNotPE says that the file is no PE image at all: no MZ, or no PE
	// signature where the MZ header points. Such a file is hashed flat (rules
	// 78–80).
	ErrNotPE = errors.New("not a PE image")
	// ErrBadImage says that the file starts as a PE image and is none that can
	// be read.
	ErrBadImage = errors.New("malformed PE image")
	// ErrHeadersTooBig says that the headers reach beyond 4 MiB.
	ErrHeadersTooBig = errors.New("PE headers reach beyond 4 MiB")
)

// Image is the header of a PE image, and the means to hash the file behind it.
// The file is read when a method needs it; its reader must stay usable and its
// content unchanged. Methods may be called from several goroutines.
type Image struct {
	Machine            uint16 // IMAGE_FILE_MACHINE_*
	Characteristics    uint16 // IMAGE_FILE_*
	DllCharacteristics uint16 // IMAGE_DLLCHARACTERISTICS_*
	Subsystem          uint16 // IMAGE_SUBSYSTEM_*
	PE32Plus           bool   // optional header magic 0x20b, otherwise 0x10b
	SectionAlignment   uint32
	FileAlignment      uint32
	SizeOfHeaders      uint32
	SizeOfImage        uint32
	CheckSum           uint32
	TimeDateStamp      uint32
	Sections           []Section     // in the order of the section table
	IAT                DataDirectory // import address table; zero when absent
	Size               int64         // of the file, in bytes

	r      io.ReaderAt
	layout layout

	tableOnce sync.Once
	table     CertTable

	sumsMu sync.Mutex
	sums   ImageSums
}

// Section is one entry of the section table, unjudged.
type Section struct {
	Name             string // printable, without padding
	VirtualAddress   uint32
	VirtualSize      uint32
	PointerToRawData uint32 // file offset
	SizeOfRawData    uint32 // bytes in the file
	Characteristics  uint32 // IMAGE_SCN_*
}

// DataDirectory is one entry of the optional header's data directories.
type DataDirectory struct{ RVA, Size uint32 }

// layout says where in the file the fields stand that the image hash omits
// (rules 94 and 95).
type layout struct {
	checksum  int64 // offset of CheckSum
	directory int64 // offset of the certificate table's directory entry; 0 when the header does not reach it
	sections  int64 // end of the section table
}

// ReadImage reads the headers of the PE image of the given size in bytes.
// errors.Is(err, ErrNotPE) tells a file that is no PE from one that is
// malformed.
func ReadImage(r io.ReaderAt, size int64) (*Image, error) {
	head, err := readHeaders(r, size)
	if err != nil {
		return nil, err
	}
	m := &Image{Size: size, r: r}
	if err := m.parse(head); err != nil {
		return nil, err
	}
	return m, nil
}

const (
	dosHeader     = 64  // size of the MZ header
	fileHeader    = 24  // PE signature and COFF header
	optional64    = 240 // size of the larger optional header
	sectionHeader = 40
	checkSumAt    = 64  // in the optional header, in both forms (rule 95)
	directory32   = 96  // first data directory in PE32
	directory64   = 112 // first data directory in PE32+

	securityDirectory = 4  // index of the certificate table
	iatDirectory      = 12 // index of the import address table
)

// readHeaders reads the file up to the end of the section table. What the
// lengths in it promise is there when it returns.
func readHeaders(r io.ReaderAt, size int64) ([]byte, error) {
	if size < dosHeader {
		return nil, fmt.Errorf("offset 0: %d bytes are too few: %w", max(size, 0), ErrNotPE)
	}
	head, err := readAt(r, 0, min(size, 4096))
	if err != nil {
		return nil, err
	}
	if head[0] != 'M' || head[1] != 'Z' {
		return nil, fmt.Errorf("offset 0: no MZ signature: %w", ErrNotPE)
	}
	nt := int64(binary.LittleEndian.Uint32(head[60:]))
	if nt < 4 || nt+fileHeader > size {
		return nil, fmt.Errorf("offset 60: the PE header would be at %d: %w", nt, ErrNotPE)
	}
	if head, err = extend(r, head, nt+fileHeader); err != nil {
		return nil, err
	}
	if string(head[nt:nt+4]) != "PE\x00\x00" {
		return nil, fmt.Errorf("offset %d: no PE signature: %w", nt, ErrNotPE)
	}
	sections := int64(binary.LittleEndian.Uint16(head[nt+6:]))
	optional := int64(binary.LittleEndian.Uint16(head[nt+20:]))
	end := nt + fileHeader + optional + sections*sectionHeader
	if end > size {
		return nil, fmt.Errorf("offset %d: headers end at %d, beyond the file: %w", nt, end, ErrBadImage)
	}
	return extend(r, head, end)
}

// extend reads more of the file when head does not reach end yet.
func extend(r io.ReaderAt, head []byte, end int64) ([]byte, error) {
	if end <= int64(len(head)) {
		return head, nil
	}
	if end > maxHeaders {
		return nil, fmt.Errorf("offset %d: %w", end, ErrHeadersTooBig)
	}
	return readAt(r, 0, end)
}

func readAt(r io.ReaderAt, off, n int64) ([]byte, error) {
	b := make([]byte, n)
	if err := fill(r, b, off); err != nil {
		return nil, err
	}
	return b, nil
}

// fill reads exactly len(b) bytes at off.
func fill(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("offset %d: %w", off+int64(n), err)
}

// silent is a logger that says nothing: the library's own writes to standard
// output.
type silent struct{}

func (silent) Log(log.Level, ...any) error { return nil }

// parse has the PE library decode the fixed headers. Only its two header steps
// run: its Parse goes on to tables that are not needed here, and it counts in
// 32 bits where files are larger.
func (m *Image) parse(head []byte) error {
	nt := int64(binary.LittleEndian.Uint32(head[60:]))
	// The library wants the largest optional header whatever the file has.
	room := head
	if short := nt + fileHeader + optional64 - int64(len(head)); short > 0 {
		room = append(head[:len(head):len(head)], make([]byte, short)...)
	}
	f, err := pe.NewBytes(room, &pe.Options{Fast: true, Logger: silent{}})
	if err != nil {
		return fmt.Errorf("offset 0: %w: %w", ErrBadImage, err)
	}
	if err := f.ParseDOSHeader(); err != nil {
		return fmt.Errorf("offset 0: %w: %w", ErrBadImage, err)
	}
	// An odd image base is for the loader to refuse. It changes no offset, and
	// the library has decoded all when it says so.
	if err := f.ParseNTHeader(); err != nil && !errors.Is(err, pe.ErrImageBaseNotAligned) {
		return fmt.Errorf("offset %d: %w: %w", nt, ErrBadImage, err)
	}
	h := &f.NtHeader.FileHeader
	m.Machine, m.Characteristics, m.TimeDateStamp = uint16(h.Machine), uint16(h.Characteristics), h.TimeDateStamp
	optional := nt + fileHeader
	end := optional + int64(h.SizeOfOptionalHeader)
	if end < optional+checkSumAt+4 || end > int64(len(head)) {
		return fmt.Errorf("offset %d: optional header of %d bytes: %w", optional, h.SizeOfOptionalHeader, ErrBadImage)
	}
	var directories [16]pe.DataDirectory
	var count uint32
	var first int64
	switch o := f.NtHeader.OptionalHeader.(type) {
	case pe.ImageOptionalHeader32:
		m.SectionAlignment, m.FileAlignment, m.SizeOfHeaders, m.SizeOfImage = o.SectionAlignment, o.FileAlignment, o.SizeOfHeaders, o.SizeOfImage
		m.CheckSum, m.Subsystem, m.DllCharacteristics = o.CheckSum, uint16(o.Subsystem), uint16(o.DllCharacteristics)
		directories, count, first = o.DataDirectory, o.NumberOfRvaAndSizes, directory32
	case pe.ImageOptionalHeader64:
		m.PE32Plus = true
		m.SectionAlignment, m.FileAlignment, m.SizeOfHeaders, m.SizeOfImage = o.SectionAlignment, o.FileAlignment, o.SizeOfHeaders, o.SizeOfImage
		m.CheckSum, m.Subsystem, m.DllCharacteristics = o.CheckSum, uint16(o.Subsystem), uint16(o.DllCharacteristics)
		directories, count, first = o.DataDirectory, o.NumberOfRvaAndSizes, directory64
	default:
		return fmt.Errorf("offset %d: no optional header: %w", optional, ErrBadImage)
	}
	// Rule 95: a directory entry is there when it is counted and when the
	// optional header reaches it.
	present := func(index int64) bool {
		return int64(count) > index && optional+first+8*(index+1) <= end
	}
	m.layout = layout{checksum: optional + checkSumAt, sections: end + int64(h.NumberOfSections)*sectionHeader}
	var security DataDirectory
	if present(securityDirectory) {
		m.layout.directory = optional + first + 8*securityDirectory
		security = DataDirectory{directories[securityDirectory].VirtualAddress, directories[securityDirectory].Size}
	}
	if present(iatDirectory) {
		m.IAT = DataDirectory{directories[iatDirectory].VirtualAddress, directories[iatDirectory].Size}
	}
	m.Sections = readSections(head[end:m.layout.sections])
	m.placeTable(security)
	return nil
}

// readSections decodes the section table. The library's own reader drops
// sections that look odd to it, and odd ones are what matters here.
func readSections(table []byte) []Section {
	le := binary.LittleEndian
	list := make([]Section, 0, len(table)/sectionHeader)
	for ; len(table) >= sectionHeader; table = table[sectionHeader:] {
		list = append(list, Section{
			Name:             printable(strings.TrimRight(string(table[:8]), "\x00")),
			VirtualSize:      le.Uint32(table[8:]),
			VirtualAddress:   le.Uint32(table[12:]),
			SizeOfRawData:    le.Uint32(table[16:]),
			PointerToRawData: le.Uint32(table[20:]),
			Characteristics:  le.Uint32(table[36:]),
		})
	}
	return list
}
