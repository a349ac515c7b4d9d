package cab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// Sizes and flags of [MS-CAB] 2.1 to 2.3.
const (
	headerSize = 36
	folderSize = 8
	entrySize  = 16 // without the name

	flagPrev    = 1
	flagNext    = 2
	flagReserve = 4

	// Values of iFolder that say where the rest of a file is.
	folderFromPrev     = 0xFFFD
	folderToNext       = 0xFFFE
	folderPrevAndNext  = 0xFFFF
	firstSpecialFolder = folderFromPrev
)

var magic = [4]byte{'M', 'S', 'C', 'F'}

// readHeader reads CFHEADER and the two tables that it announces.
func (c *Cabinet) readHeader() error {
	var h [headerSize]byte
	n, err := readAt(c.r, h[:min(headerSize, max(c.fileSize, 0))], 0)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("cabinet header: %w", err) // says nothing about what the file is
	case n < len(magic) || [4]byte(h[:4]) != magic:
		return ErrNotCabinet
	case n < headerSize:
		return truncated(0, "cabinet header", err)
	}
	le := binary.LittleEndian
	c.Size = int64(le.Uint32(h[8:]))
	filesAt := int64(le.Uint32(h[16:]))
	minor, major := h[24], h[25]
	folders, files := int(le.Uint16(h[26:])), int(le.Uint16(h[28:]))
	c.flags = le.Uint16(h[30:])
	c.SetID, c.Index = le.Uint16(h[32:]), le.Uint16(h[34:])
	c.HasPrev, c.HasNext = c.flags&flagPrev != 0, c.flags&flagNext != 0

	switch {
	case major != 1 || minor > 3:
		return fmt.Errorf("offset 24: %w: it says %d.%d", ErrVersion, major, minor)
	case c.Size > c.fileSize:
		return fmt.Errorf("offset 8: cabinet says %d bytes, file has %d: %w", c.Size, c.fileSize, ErrTruncated)
	case folders > maxFolders:
		return fmt.Errorf("offset 26: %d folders: %w", folders, ErrTooManyFolders)
	case files > maxFiles:
		return fmt.Errorf("offset 28: %d files: %w", files, ErrTooManyFiles)
	}

	cur := newCursor(c.r, headerSize, c.Size)
	c.readOptional(cur)
	c.readFolders(cur, folders)
	if cur.err == nil && filesAt < cur.off {
		return fmt.Errorf("offset 16: file table at %d lies inside the header: %w", filesAt, ErrFormat)
	}
	if cur.err != nil {
		return cur.err
	}
	return c.readFiles(newCursor(c.r, filesAt, c.Size), files)
}

// readOptional reads what the flags of CFHEADER add to it.
func (c *Cabinet) readOptional(cur *cursor) {
	if c.flags&flagReserve != 0 {
		n := int(cur.u16("reserve size"))
		c.folderReserve = int(cur.u8("reserve size"))
		c.dataReserve = int(cur.u8("reserve size"))
		c.reserveAt = cur.off
		c.HeaderReserve = cur.bytes(n, "header reserve")
	}
	if c.HasPrev {
		c.PrevName = latin(cur.cstring(maxLabel, "previous cabinet"))
		c.PrevLabel = latin(cur.cstring(maxLabel, "previous disk"))
	}
	if c.HasNext {
		c.NextName = latin(cur.cstring(maxLabel, "next cabinet"))
		c.NextLabel = latin(cur.cstring(maxLabel, "next disk"))
	}
}

// readFolders reads the CFFOLDER table. The blocks of all folders together
// have to fit the cabinet: at least their headers cannot overlap.
func (c *Cabinet) readFolders(cur *cursor, count int) {
	blocks := 0
	for i := range count {
		at := cur.off
		f := &Folder{cab: c, Index: i}
		f.dataAt = int64(cur.u32("folder"))
		f.Blocks = int(cur.u16("folder"))
		f.setMethod(cur.u16("folder"))
		f.Reserve = cur.bytes(c.folderReserve, "folder reserve")
		blocks += f.Blocks
		switch {
		case cur.err != nil:
			return
		case blocks > maxBlocks:
			cur.fail(at, fmt.Errorf("folder %d: %w", i, ErrTooManyBlocks))
		case int64(blocks)*blockHeaderSize > c.Size:
			cur.fail(at, fmt.Errorf("folder %d: %d blocks do not fit the cabinet: %w", i, blocks, ErrFormat))
		case f.Blocks > 0 && f.dataAt >= c.Size:
			cur.fail(at, fmt.Errorf("folder %d: data at %d, behind the cabinet's end: %w", i, f.dataAt, ErrTruncated))
		}
		c.Folders = append(c.Folders, f)
	}
}

// readFiles reads the CFFILE table.
func (c *Cabinet) readFiles(cur *cursor, count int) error {
	for i := range count {
		at := cur.off
		f := &File{}
		f.Size = int64(cur.u32("file entry"))
		f.offset = int64(cur.u32("file entry"))
		folder := cur.u16("file entry")
		f.Modified = dosTime(cur.u16("file entry"), cur.u16("file entry"))
		f.Attributes = cur.u16("file entry")
		f.RawName = cur.cstring(maxName, "file name")
		if cur.err != nil {
			return cur.err
		}
		if err := f.place(c, folder); err != nil {
			return fmt.Errorf("offset %d: file %d: %w", at, i, err)
		}
		var err error
		if f.Name, err = fileName(f.RawName, f.Attributes&attrUTF8 != 0); err != nil {
			return fmt.Errorf("offset %d: file %d: %w", at+entrySize, i, err)
		}
		c.Files = append(c.Files, f)
	}
	return nil
}

// place resolves iFolder. A file that comes from the previous cabinet makes the
// whole first folder unreadable here: its data starts in the middle of a stream.
func (f *File) place(c *Cabinet, index uint16) error {
	if f.Size > maxFile {
		return fmt.Errorf("%d bytes: %w", f.Size, ErrFileTooLarge)
	}
	i := int(index)
	switch index {
	case folderFromPrev, folderPrevAndNext:
		i = 0
	case folderToNext:
		i = len(c.Folders) - 1
	}
	if i < 0 || i >= len(c.Folders) {
		return fmt.Errorf("in folder %d of %d: %w", index, len(c.Folders), ErrFormat)
	}
	f.folder = c.Folders[i]
	if index >= firstSpecialFolder {
		f.Spanned = true
		f.folder.headless = f.folder.headless || index != folderToNext
		return nil
	}
	end := f.offset + f.Size
	if end > int64(f.folder.Blocks)*maxOutput {
		return fmt.Errorf("ends at %d of its folder, which has %d blocks: %w", end, f.folder.Blocks, ErrFormat)
	}
	f.folder.extent = max(f.folder.extent, end)
	return nil
}

// checkExpansion bounds the work that reading every file once can cost.
func (c *Cabinet) checkExpansion() error {
	var sizes, extents int64
	for _, f := range c.Files {
		sizes += f.Size
	}
	for _, f := range c.Folders {
		extents += f.extent
	}
	total := max(sizes, extents)
	if total > maxTotal {
		return fmt.Errorf("%d bytes expanded: %w", total, ErrTooLarge)
	}
	if total > ratioAllowance+maxRatio*c.Size {
		return fmt.Errorf("%d bytes expanded from %d: %w", total, c.Size, ErrRatio)
	}
	return nil
}

// dosTime reads the MS-DOS date and time of [MS-CAB] 2.3. They are local time
// of an unknown zone; UTC stands in for it. A date that does not exist gives the
// zero Time.
func dosTime(date, clock uint16) time.Time {
	year, month, day := 1980+int(date>>9), time.Month(date>>5&15), int(date&31)
	t := time.Date(year, month, day, int(clock>>11), int(clock>>5&63), int(clock&31)*2, 0, time.UTC)
	if t.Year() != year || t.Month() != month || t.Day() != day {
		return time.Time{}
	}
	return t
}
