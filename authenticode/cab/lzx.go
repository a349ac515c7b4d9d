package cab

import (
	"encoding/binary"
	"fmt"
)

// Sizes of the LZX alphabets ([MS-PATCH] 2.4, LZX in cabinets).
const (
	lzxLiterals      = 256
	lzxLengthHeaders = 8 // values of the length header; 7 sends for the length tree
	lzxLengths       = 249
	lzxPretree       = 20
	lzxAligned       = 8
	lzxMinMatch      = 2
	lzxMaxSlots      = 50

	lzxVerbatim     = 1
	lzxAlignedBlock = 2
	lzxRaw          = 3
)

// lzxSlots has the number of position slots by window bits.
var lzxSlots = map[int]int{15: 30, 16: 32, 17: 34, 18: 36, 19: 38, 20: 42, 21: 50}

// Each position slot covers 1<<lzxExtra[slot] distances from lzxBase[slot] on.
var lzxBase, lzxExtra = func() (base, extra [lzxMaxSlots]int) {
	for i := range lzxMaxSlots {
		if i > 3 {
			extra[i] = min(i/2-1, 17)
		}
		if i > 0 {
			base[i] = base[i-1] + 1<<extra[i-1]
		}
	}
	return
}()

// lzx undoes LZX. Its state goes on from block to block of the folder; only the
// bit stream starts anew with each CFDATA.
type lzx struct {
	hist  history
	in    wordBits
	slots int

	started  bool
	callSize int32 // "translation size" of the E8 step; 0 for no such step
	frame    int   // CFDATA blocks done
	outPos   int32 // bytes of output before this block

	kind     int // of the current LZX block
	left     int // bytes of output that it still yields
	rawPos   int // position in the CFDATA of an uncompressed block's bytes
	oddBlock bool
	pad      bool // an odd uncompressed block ended and its pad byte is still to come
	recent   [3]int

	mainLengths   [lzxLiterals + lzxLengthHeaders*lzxMaxSlots]uint8
	lengthLengths [lzxLengths]uint8
	main, length  huffman
	aligned, pre  huffman
}

func newLZX(bits int) *lzx {
	return &lzx{hist: newHistory(bits), slots: lzxSlots[bits], recent: [3]int{1, 1, 1}}
}

func (d *lzx) decompress(dst, src []byte) error {
	d.in.reset(src, 0)
	d.rawPos = 0
	if !d.started {
		d.started = true
		if d.in.bits(1) == 1 {
			d.callSize = int32(d.in.bits(32))
		}
	}
	end := d.hist.reserve(len(dst))
	for d.hist.end < end {
		if d.left == 0 {
			if err := d.startBlock(); err != nil {
				return err
			}
			continue // an empty block is legal, and used up bits
		}
		if err := d.run(min(d.left, end-d.hist.end)); err != nil {
			return err
		}
	}
	if d.in.overrun() {
		return fmt.Errorf("%w: %w", ErrCorrupt, ErrTruncated)
	}
	copy(dst, d.hist.buf[end-len(dst):end])
	d.undoCalls(dst)
	return nil
}

// startBlock reads the header of an LZX block and its trees.
func (d *lzx) startBlock() error {
	if d.pad {
		d.pad = false
		d.in.reset(d.in.src, d.in.pos+1)
	}
	d.kind = int(d.in.bits(3))
	d.left = int(d.in.bits(24))
	var err error
	switch d.kind {
	case lzxAlignedBlock:
		var lengths [lzxAligned]uint8
		for i := range lengths {
			lengths[i] = uint8(d.in.bits(3))
		}
		if err = d.aligned.build(lengths[:]); err == nil {
			err = d.readTrees()
		}
	case lzxVerbatim:
		err = d.readTrees()
	case lzxRaw:
		err = d.startRaw()
	default:
		err = fmt.Errorf("block of type %d: %w", d.kind, ErrCorrupt)
	}
	if err == nil && d.in.overrun() {
		err = fmt.Errorf("block header: %w: %w", ErrCorrupt, ErrTruncated)
	}
	return err
}

// startRaw reads the rest of the header of an uncompressed block: alignment and
// the three recent distances.
func (d *lzx) startRaw() error {
	at := d.in.align()
	if d.in.overrun() || at+12 > len(d.in.src) {
		return fmt.Errorf("uncompressed block header: %w: %w", ErrCorrupt, ErrTruncated)
	}
	for i := range d.recent {
		d.recent[i] = int(binary.LittleEndian.Uint32(d.in.src[at+4*i:]))
	}
	d.rawPos = at + 12
	d.oddBlock = d.left%2 == 1
	if d.left == 0 {
		d.in.reset(d.in.src, d.rawPos)
	}
	return nil
}

// readTrees reads the main tree, in two parts, and the length tree. Both are
// sent as differences to those of the block before.
func (d *lzx) readTrees() error {
	mainSize := lzxLiterals + lzxLengthHeaders*d.slots
	for _, part := range [][]uint8{
		d.mainLengths[:lzxLiterals],
		d.mainLengths[lzxLiterals:mainSize],
		d.lengthLengths[:],
	} {
		if err := d.readLengths(part); err != nil {
			return err
		}
	}
	if err := d.main.build(d.mainLengths[:mainSize]); err != nil {
		return fmt.Errorf("main tree: %w", err)
	}
	if err := d.length.build(d.lengthLengths[:]); err != nil {
		return fmt.Errorf("length tree: %w", err)
	}
	return nil
}

// readLengths updates code lengths in place through a pretree.
func (d *lzx) readLengths(lengths []uint8) error {
	var pre [lzxPretree]uint8
	for i := range pre {
		pre[i] = uint8(d.in.bits(4))
	}
	if err := d.pre.build(pre[:]); err != nil {
		return fmt.Errorf("pretree: %w", err)
	}
	for i := 0; i < len(lengths); {
		run, value := 1, uint8(0)
		symbol := d.pre.symbol(&d.in)
		switch symbol {
		case 17:
			run = 4 + int(d.in.bits(4))
		case 18:
			run = 20 + int(d.in.bits(5))
		case 19:
			run = 4 + int(d.in.bits(1))
			symbol = d.pre.symbol(&d.in)
			if symbol > 16 {
				return fmt.Errorf("pretree: a run inside a run: %w", ErrCorrupt)
			}
		}
		if symbol < 0 || run > len(lengths)-i {
			return fmt.Errorf("pretree: bad word or a run of %d over the end: %w", run, ErrCorrupt)
		}
		if symbol <= 16 {
			value = uint8((int(lengths[i]) - symbol + 17) % 17)
		}
		for range run {
			lengths[i] = value
			i++
		}
	}
	return nil
}

// run yields n bytes of the current block, all inside this CFDATA.
func (d *lzx) run(n int) error {
	d.left -= n
	if d.kind == lzxRaw {
		return d.runRaw(n)
	}
	limit := d.hist.end + n
	for d.hist.end < limit {
		symbol := d.main.symbol(&d.in)
		switch {
		case symbol < 0:
			return fmt.Errorf("main tree: unused word: %w", ErrCorrupt)
		case symbol < lzxLiterals:
			d.hist.literal(byte(symbol))
			continue
		}
		length, err := d.matchLength(symbol - lzxLiterals)
		if err != nil {
			return err
		}
		distance, err := d.matchDistance((symbol - lzxLiterals) / lzxLengthHeaders)
		if err != nil {
			return err
		}
		if err := d.hist.match(distance, length, limit); err != nil {
			return err
		}
	}
	return nil
}

// runRaw copies n bytes and, behind the last of a block, goes back to bits.
func (d *lzx) runRaw(n int) error {
	src := d.in.src
	if d.rawPos+n > len(src) {
		return fmt.Errorf("uncompressed block: %w: %w", ErrCorrupt, ErrTruncated)
	}
	d.hist.end += copy(d.hist.buf[d.hist.end:d.hist.end+n], src[d.rawPos:d.rawPos+n])
	d.rawPos += n
	if d.left == 0 {
		d.in.reset(src, d.rawPos)
		d.pad = d.oddBlock
		if d.pad && d.rawPos < len(src) {
			d.pad = false
			d.in.reset(src, d.rawPos+1)
		}
	}
	return nil
}

func (d *lzx) matchLength(symbol int) (int, error) {
	length := symbol % lzxLengthHeaders
	if length == lzxLengthHeaders-1 {
		more := d.length.symbol(&d.in)
		if more < 0 {
			return 0, fmt.Errorf("length tree: unused word: %w", ErrCorrupt)
		}
		length += more
	}
	return length + lzxMinMatch, nil
}

// matchDistance reads a distance: one of the three most recent, which moves to
// the front by exchange, or a new one, which pushes the others back.
func (d *lzx) matchDistance(slot int) (int, error) {
	if slot < len(d.recent) {
		d.recent[0], d.recent[slot] = d.recent[slot], d.recent[0]
		return d.recent[0], nil
	}
	extra := lzxExtra[slot]
	var low int
	if d.kind == lzxAlignedBlock && extra >= 3 {
		low = int(d.in.bits(extra-3)) << 3
		symbol := d.aligned.symbol(&d.in)
		if symbol < 0 {
			return 0, fmt.Errorf("aligned tree: unused word: %w", ErrCorrupt)
		}
		low += symbol
	} else {
		low = int(d.in.bits(extra))
	}
	d.recent = [3]int{lzxBase[slot] + low - 2, d.recent[0], d.recent[1]}
	return d.recent[0], nil
}

// The E8 step: the compressor made the relative targets of x86 calls absolute,
// per 32 KiB frame, in the first 32768 frames, sparing each frame's last bytes.
const (
	callOpcode = 0xE8
	callTail   = 10
	callFrames = 32768
)

// undoCalls restores the call targets in p. The history keeps the bytes as the
// compressor saw them.
func (d *lzx) undoCalls(p []byte) {
	start := d.outPos
	d.outPos += int32(len(p)) // below 1 GiB for as long as it is used
	d.frame++
	if d.callSize == 0 || d.frame > callFrames {
		return
	}
	for i := 0; i < len(p)-callTail; i++ {
		if p[i] != callOpcode {
			continue
		}
		at := start + int32(i)
		target := int32(binary.LittleEndian.Uint32(p[i+1:]))
		if target >= -at && target < d.callSize {
			if target < 0 {
				target += d.callSize
			} else {
				target -= at
			}
			binary.LittleEndian.PutUint32(p[i+1:], uint32(target))
		}
		i += 4 // the operand is never itself searched for the opcode
	}
}
