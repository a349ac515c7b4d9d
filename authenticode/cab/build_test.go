package cab

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// testFile is a file of a cabinet to build.
type testFile struct {
	name    string
	data    []byte
	attribs uint16
	folder  uint16 // iFolder; the special values too
	offset  int64  // -1: behind the file before it
}

// testFolder is one folder: its method and how to make blocks of its data.
type testFolder struct {
	compress uint16
	pack     func(data []byte) [][2][]byte // of each block: packed, expanded
}

// builder writes cabinets, sane by default; the fields bend them.
type builder struct {
	files   []testFile
	folders []testFolder

	flags                                      uint16
	headerReserve, folderReserve, blockReserve []byte
	prev, next                                 string // strings with their NULs
	setID, index                               uint16
	noChecksum, sumWithReserve                 bool
	mutateBlock                                func(folder, block int, b []byte)
}

var testTime = time.Date(2024, 2, 29, 13, 37, 42, 0, time.UTC)

// one is a cabinet with these files in a single folder.
func one(f testFolder, files ...testFile) *builder {
	return &builder{folders: []testFolder{f}, files: files}
}

func file(name string, data []byte) testFile {
	return testFile{name: name, data: data, offset: -1, attribs: 0x20}
}

// bytes writes the cabinet.
func (b *builder) bytes() []byte {
	le := binary.LittleEndian
	streams := make([][]byte, len(b.folders))
	var table []byte
	for _, f := range b.files {
		i := int(f.folder)
		if f.folder >= firstSpecialFolder {
			i = 0
		}
		offset := f.offset
		if offset < 0 && i < len(streams) {
			offset = int64(len(streams[i]))
			streams[i] = append(streams[i], f.data...)
		}
		table = le.AppendUint32(table, uint32(len(f.data)))
		table = le.AppendUint32(table, uint32(offset))
		table = le.AppendUint16(table, f.folder)
		table = le.AppendUint16(table, uint16((testTime.Year()-1980)<<9|int(testTime.Month())<<5|testTime.Day()))
		table = le.AppendUint16(table, uint16(testTime.Hour()<<11|testTime.Minute()<<5|testTime.Second()/2))
		table = le.AppendUint16(table, f.attribs)
		table = append(append(table, f.name...), 0)
	}

	flags := b.flags
	optional := []byte{}
	if b.headerReserve != nil || b.folderReserve != nil || b.blockReserve != nil {
		flags |= flagReserve
		optional = le.AppendUint16(optional, uint16(len(b.headerReserve)))
		optional = append(optional, byte(len(b.folderReserve)), byte(len(b.blockReserve)))
		optional = append(optional, b.headerReserve...)
	}
	if b.prev != "" {
		flags |= flagPrev
		optional = append(optional, b.prev...)
	}
	if b.next != "" {
		flags |= flagNext
		optional = append(optional, b.next...)
	}

	filesAt := headerSize + len(optional) + len(b.folders)*(folderSize+len(b.folderReserve))
	dataAt := filesAt + len(table)
	var folderTable, data []byte
	for i, f := range b.folders {
		blocks := f.pack(streams[i])
		folderTable = le.AppendUint32(folderTable, uint32(dataAt+len(data)))
		folderTable = le.AppendUint16(folderTable, uint16(len(blocks)))
		folderTable = le.AppendUint16(folderTable, f.compress)
		folderTable = append(folderTable, b.folderReserve...)
		for j, block := range blocks {
			d := b.block(block[0], len(block[1]))
			if b.mutateBlock != nil {
				b.mutateBlock(i, j, d)
			}
			data = append(data, d...)
		}
	}

	out := []byte("MSCF\x00\x00\x00\x00")
	out = le.AppendUint32(out, uint32(dataAt+len(data)))
	out = le.AppendUint32(out, 0)
	out = le.AppendUint32(out, uint32(filesAt))
	out = le.AppendUint32(out, 0)
	out = append(out, 3, 1)
	for _, v := range []uint16{uint16(len(b.folders)), uint16(len(b.files)), flags, b.setID, b.index} {
		out = le.AppendUint16(out, v)
	}
	return append(append(append(append(out, optional...), folderTable...), table...), data...)
}

func (b *builder) block(packed []byte, size int) []byte {
	le := binary.LittleEndian
	head := le.AppendUint16(le.AppendUint16(nil, uint16(len(packed))), uint16(size))
	withReserve := append(bytes.Clone(head), b.blockReserve...)
	sum := refChecksum(head, refChecksum(packed, 0))
	if b.sumWithReserve {
		sum = refChecksum(withReserve, refChecksum(packed, 0))
	}
	if b.noChecksum {
		sum = 0
	}
	return append(append(le.AppendUint32(nil, sum), withReserve...), packed...)
}

// refChecksum is CSUM byte by byte: [MS-CAB] 3.1 puts byte i of every full word
// at bit 8*i, and the surplus bytes the other way round.
func refChecksum(p []byte, seed uint32) uint32 {
	full := len(p) / 4 * 4
	for i, b := range p[:full] {
		seed ^= uint32(b) << (8 * (i % 4))
	}
	rest := p[full:]
	for i, b := range rest {
		seed ^= uint32(b) << (8 * (len(rest) - 1 - i))
	}
	return seed
}

// eachBlock cuts data into what one CFDATA holds.
func eachBlock(data []byte, pack func(block []byte) []byte) (blocks [][2][]byte) {
	for len(data) > 0 {
		n := min(len(data), maxOutput)
		blocks = append(blocks, [2][]byte{pack(data[:n]), data[:n]})
		data = data[n:]
	}
	return blocks
}

var storedFolder = testFolder{0, func(data []byte) [][2][]byte {
	return eachBlock(data, func(b []byte) []byte { return b })
}}

var mszipFolder = testFolder{1, func(data []byte) [][2][]byte {
	var dict []byte
	return eachBlock(data, func(b []byte) []byte {
		out := bytes.NewBufferString("CK")
		w, err := flate.NewWriterDict(out, flate.BestCompression, dict)
		if err != nil {
			panic(err)
		}
		w.Write(b)
		w.Close()
		dict = b
		return out.Bytes()
	})
}}

func lzxFolder(bits int, kinds ...int) testFolder {
	return testFolder{uint16(3 | bits<<8), func(data []byte) [][2][]byte {
		return newLZXEncoder(bits, kinds...).encode(data)
	}}
}

// lzxCalls has another translation size: a small one, so that targets wrap
// around, or none.
func lzxCalls(size uint32, kinds ...int) testFolder {
	return testFolder{3 | 18<<8, func(data []byte) [][2][]byte {
		e := newLZXEncoder(18, kinds...)
		e.callSize = size
		return e.encode(data)
	}}
}

func quantumFolder(bits int) testFolder {
	return testFolder{uint16(2 | 4<<4 | bits<<8), func(data []byte) [][2][]byte {
		e := newQuantumEncoder(bits)
		return eachBlock(data, e.block)
	}}
}

// allFolders is every method, with every kind of LZX block and several windows.
var allFolders = map[string]testFolder{
	"stored":       storedFolder,
	"mszip":        mszipFolder,
	"lzx-verbatim": lzxFolder(15, lzxVerbatim),
	"lzx-aligned":  lzxFolder(17, lzxAlignedBlock),
	"lzx-raw":      lzxFolder(16, lzxRaw),
	"lzx-mixed":    lzxFolder(21, lzxVerbatim, lzxRaw, lzxAlignedBlock),
	"lzx-calls":    lzxCalls(1<<20, lzxVerbatim),
	"lzx-no-calls": lzxCalls(0, lzxAlignedBlock),
	"quantum-10":   quantumFolder(10),
	"quantum-15":   quantumFolder(15),
	"quantum-21":   quantumFolder(21),
}

// prose makes n bytes that compress: words, repeats near and far, call
// instructions, and stretches of noise.
func prose(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	var out []byte
	for len(out) < n {
		switch k := r.IntN(20); {
		case k < 8 && len(out) > 0:
			from := len(out) - 1 - r.IntN(min(len(out), 1<<(1+r.IntN(20))))
			for range 2 + r.IntN(300) {
				out = append(out, out[from])
				from++
			}
		case k < 9:
			for range r.IntN(400) {
				out = append(out, byte(r.Uint32()))
			}
		case k < 11:
			out = append(out, 0xE8)
			out = binary.LittleEndian.AppendUint32(out, uint32(r.IntN(1<<21)-1<<20))
		default:
			out = append(out, "ServiceBinary = %12%\\driver.sys\r\n"[:1+r.IntN(33)]...)
		}
	}
	return out[:n]
}

// mustOpen opens a cabinet that is meant to be good.
func mustOpen(t testing.TB, data []byte) *Cabinet {
	t.Helper()
	c, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
