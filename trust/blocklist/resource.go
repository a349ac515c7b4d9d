package blocklist

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Errors of [VersionInfo].
var (
	// ErrNotPE: no PE image.
	ErrNotPE = errors.New("not a PE image")
	// ErrResource: the headers or the resources are malformed, so that what
	// Windows reads there is not known.
	ErrResource = errors.New("malformed resources")
	// ErrTooManyResources: more sections or resources than an image may have
	// here.
	ErrTooManyResources = errors.New("too many resources")
)

// Limits of the resource reader.
const (
	// maxSections is what the loader of Windows takes.
	maxSections = 96
	// maxEntries bounds one resource directory. Real images have some dozen
	// types, one version resource, and a language or two.
	maxEntries = 4096
	// maxVersions bounds the version resources of an image.
	maxVersions = 32
)

const (
	typeVersion       = 16 // RT_VERSION
	resourceDirectory = 2  // index of the data directory
	isDirectory       = 1 << 31
	pageAligned       = 0x1000
	sectorAligned     = 0x200
)

// resources reads the resource tree of an image (PE format, "The .rsrc
// Section").
type resources struct {
	r         io.ReaderAt
	size      int64
	sections  []section
	alignment uint32 // SectionAlignment
	root      uint32 // RVA
	found     [][]byte
}

type section struct{ address, virtual, raw, offset uint32 }

// versionResources returns the version resources of an image, in the order of
// its tree. Without resources there are none, and no error.
func versionResources(r io.ReaderAt, size int64) ([][]byte, error) {
	t := &resources{r: r, size: size}
	if err := t.headers(); err != nil || t.root == 0 {
		return nil, err
	}
	if err := t.walk(0, 0); err != nil {
		return nil, err
	}
	return t.found, nil
}

// read returns n bytes of the file.
func (t *resources) read(at int64, n int, what string) ([]byte, error) {
	if at < 0 || at > t.size || int64(n) > t.size-at {
		return nil, fmt.Errorf("offset %d: %s ends beyond the file: %w", at, what, ErrResource)
	}
	b := make([]byte, n)
	// ReadAt may return io.EOF with all the bytes, if they are the last.
	if m, err := t.r.ReadAt(b, at); m < n {
		return nil, fmt.Errorf("offset %d: %s: %w", at, what, cmp.Or(err, io.ErrUnexpectedEOF))
	}
	return b, nil
}

// headers finds the sections and the root of the resources.
func (t *resources) headers() error {
	if t.size < 0x40 {
		return ErrNotPE
	}
	dos, err := t.read(0, 0x40, "DOS header")
	if err != nil {
		return err
	}
	at := int64(binary.LittleEndian.Uint32(dos[0x3c:]))
	if string(dos[:2]) != "MZ" || at > t.size-24 {
		return ErrNotPE
	}
	coff, err := t.read(at, 24, "file header")
	if err != nil {
		return err
	}
	if string(coff[:4]) != "PE\x00\x00" {
		return ErrNotPE
	}
	count, length := binary.LittleEndian.Uint16(coff[6:]), binary.LittleEndian.Uint16(coff[20:])
	if count > maxSections {
		return fmt.Errorf("offset %d: %d sections, limit %d: %w", at+6, count, maxSections, ErrTooManyResources)
	}
	optional, err := t.read(at+24, int(length), "optional header")
	if err != nil {
		return err
	}
	if err := t.optional(optional, at+24); err != nil {
		return err
	}
	table, err := t.read(at+24+int64(length), int(count)*40, "section table")
	if err != nil {
		return err
	}
	for ; len(table) > 0; table = table[40:] {
		t.sections = append(t.sections, section{
			virtual: binary.LittleEndian.Uint32(table[8:]), address: binary.LittleEndian.Uint32(table[12:]),
			raw: binary.LittleEndian.Uint32(table[16:]), offset: binary.LittleEndian.Uint32(table[20:]),
		})
	}
	return nil
}

// optional reads the optional header, whose layout its magic tells.
func (t *resources) optional(b []byte, at int64) error {
	if len(b) < 40 {
		return fmt.Errorf("offset %d: optional header of %d bytes: %w", at, len(b), ErrResource)
	}
	t.alignment = binary.LittleEndian.Uint32(b[32:])
	directories := 0
	switch magic := binary.LittleEndian.Uint16(b); magic {
	case 0x10b:
		directories = 96
	case 0x20b:
		directories = 112
	default:
		return fmt.Errorf("offset %d: optional header of kind 0x%04x: %w", at, magic, ErrNotPE)
	}
	entry := directories + 8*resourceDirectory
	if len(b) < directories || binary.LittleEndian.Uint32(b[directories-4:]) <= resourceDirectory {
		return nil
	}
	if len(b) < entry+8 {
		return fmt.Errorf("offset %d: the optional header ends before its data directories: %w", at, ErrResource)
	}
	t.root = binary.LittleEndian.Uint32(b[entry:])
	return nil
}

// at returns n bytes at an RVA, all of them from the data of one section.
//
// The loader rounds the offset of a section down to a sector unless the image
// has small alignment. A section that this would move is refused: two readers
// would find different resources in it.
func (t *resources) at(rva uint64, n int, what string) ([]byte, error) {
	var in *section
	for i := range t.sections {
		s := &t.sections[i]
		if rva < uint64(s.address) || rva >= uint64(s.address)+uint64(max(s.virtual, s.raw)) {
			continue
		}
		if in != nil {
			return nil, fmt.Errorf("RVA 0x%x: %s is in two sections: %w", rva, what, ErrResource)
		}
		in = s
	}
	if in == nil {
		return nil, fmt.Errorf("RVA 0x%x: %s is in no section: %w", rva, what, ErrResource)
	}
	if t.alignment >= pageAligned && in.offset%sectorAligned != 0 {
		return nil, fmt.Errorf("RVA 0x%x: the section of %s starts at offset %d, within a sector: %w", rva, what, in.offset, ErrResource)
	}
	within := rva - uint64(in.address)
	if within+uint64(n) > uint64(in.raw) {
		return nil, fmt.Errorf("RVA 0x%x: %s ends beyond its section: %w", rva, what, ErrResource)
	}
	return t.read(int64(uint64(in.offset)+within), n, what)
}

// walk reads the directory at an offset in the tree: at depth 0 the types, at 1
// the names, at 2 the languages. Only the branch of version resources is
// followed, and it is never deeper: no cycle can form.
func (t *resources) walk(offset uint32, depth int) error {
	base := uint64(t.root) + uint64(offset)
	head, err := t.at(base, 16, "resource directory")
	if err != nil {
		return err
	}
	n := int(binary.LittleEndian.Uint16(head[12:])) + int(binary.LittleEndian.Uint16(head[14:]))
	if n > maxEntries {
		return fmt.Errorf("RVA 0x%x: resource directory of %d entries, limit %d: %w", base, n, maxEntries, ErrTooManyResources)
	}
	entries, err := t.at(base+16, 8*n, "resource directory")
	if err != nil {
		return err
	}
	for ; len(entries) > 0; entries = entries[8:] {
		id, to := binary.LittleEndian.Uint32(entries), binary.LittleEndian.Uint32(entries[4:])
		if depth == 0 && id != typeVersion {
			continue
		}
		if err := t.entry(to, depth); err != nil {
			return err
		}
	}
	return nil
}

// entry follows an entry of a directory.
func (t *resources) entry(to uint32, depth int) error {
	if isLeaf := to&isDirectory == 0; isLeaf != (depth == 2) {
		return fmt.Errorf("RVA 0x%x: version resource at level %d: %w", uint64(t.root)+uint64(to&^isDirectory), depth, ErrResource)
	}
	if depth < 2 {
		return t.walk(to&^isDirectory, depth+1)
	}
	if len(t.found) == maxVersions {
		return fmt.Errorf("more than %d version resources: %w", maxVersions, ErrTooManyResources)
	}
	data, err := t.at(uint64(t.root)+uint64(to), 16, "resource data entry")
	if err != nil {
		return err
	}
	rva, n := binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[4:])
	if n > maxVersionInfo {
		return fmt.Errorf("RVA 0x%x: version resource of %d bytes, limit %d: %w", rva, n, maxVersionInfo, ErrTooManyResources)
	}
	b, err := t.at(uint64(rva), int(n), "version resource")
	if err != nil {
		return err
	}
	t.found = append(t.found, b)
	return nil
}
