// Package cab reads Microsoft cabinet files and the single-file compressed
// sources of driver packages.
//
// [Open] reads a cabinet, and [Cabinet.FS] presents its files as an [fs.FS], so
// that a driver package inside x.cab is read exactly like a folder. [Expand]
// undoes a compressed source such as x.sy_: the catalog lists the hash of what
// it expands to, never of the compressed file (rule 29, L5).
//
// The formats are those of [MS-CAB] (the container), [MS-MCI] (MSZIP), the LZX
// description in [MS-PATCH], Quantum as described by Matthew Russotto, and the
// SZDD and KWAJ files of COMPRESS.EXE.
//
// The package reads bytes and knows nothing of trust. A signed cabinet carries
// its signature behind the cabinet proper; [Cabinet.Signature] and
// [Cabinet.DigestRanges] say where it is and which bytes it covers.
//
// Everything a cabinet says about sizes is checked before it is believed. A
// cabinet whose names could leave the folder, or in which two files would land
// on one name, is refused as a whole: what Windows would make of it depends on
// the order of extraction.
package cab

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"slices"
)

// Cabinet is an open cabinet file. Its methods may be called concurrently.
type Cabinet struct {
	Files   []*File   // in the order of the CFFILE table
	Folders []*Folder // in the order of the CFFOLDER table

	Size                 int64 // cbCabinet: the cabinet proper, without what follows it
	SetID, Index         uint16
	HeaderReserve        []byte // abReserve of CFHEADER, nil when absent
	HasPrev, HasNext     bool   // one of a set: some files may continue elsewhere
	PrevName, NextName   string // file names of the neighbours, for messages only
	PrevLabel, NextLabel string // their disk labels, for messages only

	r             io.ReaderAt
	fileSize      int64
	flags         uint16
	reserveAt     int64 // offset of HeaderReserve
	folderReserve int   // cbCFFolder: reserve in each CFFOLDER
	dataReserve   int   // cbCFData: per-block reserve
	tree          *node
	cache         cache
}

// Open reads the tables of the cabinet in the first size bytes of r. It reads
// no file data: damage there is reported by the file's Read.
//
// The error is [ErrNotCabinet] when the bytes are no cabinet at all, and one of
// the other errors of this package when they are one that cannot be relied on.
// A cabinet of a set opens; its files that need another cabinet answer
// [ErrSpanned].
func Open(r io.ReaderAt, size int64) (*Cabinet, error) {
	c := &Cabinet{r: r, fileSize: size, cache: cache{folderLimit: cacheFolder, totalLimit: cacheTotal}}
	for _, step := range []func() error{
		c.readHeader,
		c.checkExpansion,
		c.plantTree,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Lookup returns the file of that slash-separated name, ignoring case as
// Windows does, or nil.
func (c *Cabinet) Lookup(name string) *File {
	if !fs.ValidPath(name) {
		return nil
	}
	if n := c.tree.find(name); n != nil {
		return n.file
	}
	return nil
}

// Sequential returns the files in the order of their data. Reading them in that
// order expands every folder once and keeps memory low; see [File.Open].
func (c *Cabinet) Sequential() []*File {
	files := slices.Clone(c.Files)
	slices.SortStableFunc(files, func(a, b *File) int {
		return cmp.Or(cmp.Compare(a.folder.Index, b.folder.Index), cmp.Compare(a.offset, b.offset))
	})
	return files
}

// Errors of this package. Each is wrapped with the place where it was found.
var (
	ErrNotCabinet    = errors.New("not a cabinet file")
	ErrNotCompressed = errors.New("not a compressed source file (neither a cabinet nor SZDD nor KWAJ)")
	ErrVersion       = errors.New("cabinet format version is not 1.3 or older")
	ErrTruncated     = errors.New("the data ends too early")
	ErrFormat        = errors.New("the cabinet's tables contradict each other")
	ErrCorrupt       = errors.New("the compressed data is corrupt")
	ErrChecksum      = errors.New("the block's checksum does not match its data")
	ErrMethod        = errors.New("compression method not supported")
	ErrSpanned       = errors.New("the file continues in another cabinet of the set; extract the set first")
	ErrName          = errors.New("file name is not usable inside a folder")
	ErrDuplicateName = errors.New("two files would get the same name")
	ErrNotSingle     = errors.New("a compressed source holds exactly one file")
	ErrReserve       = errors.New("the header's reserved area does not describe a signature inside the file")

	ErrTooManyFiles   = errors.New("more files than the limit of 32768")
	ErrTooManyFolders = errors.New("more folders than the limit of 4096")
	ErrTooManyBlocks  = errors.New("more data blocks than the limit of 131072")
	ErrBlockSize      = errors.New("data block larger than the format allows")
	ErrFileTooLarge   = errors.New("expanded file larger than the limit of 512 MiB")
	ErrTooLarge       = errors.New("expanded cabinet larger than the limit of 2 GiB")
	ErrRatio          = errors.New("expands further than its compression method can")
	ErrTooDeep        = errors.New("more than 16 nested folders in a file name")
)

// Limits. The format's own are far above what a driver package needs, and a
// hostile cabinet uses them to ask for work out of proportion to its size.
const (
	maxFiles   = 1 << 15 // the largest known driver packages hold a few thousand
	maxFolders = 1 << 12
	maxBlocks  = 1 << 17 // four times what maxExpanded needs in full blocks
	maxFile    = 512 << 20
	maxTotal   = 2 << 30
	maxDepth   = 16

	// One code of LZX or MSZIP yields at most 258 bytes from two bits, which is
	// 1032:1. A cabinet that claims more shares its data between folders or
	// files. Quantum can exceed the ratio, hence the allowance.
	maxRatio       = 1100
	ratioAllowance = 64 << 20

	maxOutput = 32768        // uncompressed bytes of a block: [MS-CAB] 2.4
	maxInput  = 32768 + 6144 // compressed bytes: [MS-MCI] and FDI's own bound for data that grows
	maxName   = 256          // bytes of szName with its NUL: [MS-CAB] 2.3
	maxLabel  = 256          // the same for the strings of CFHEADER
)
