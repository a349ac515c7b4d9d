package cab

import "fmt"

// Quantum codes everything with an adaptive arithmetic coder over small models
// (M. Russotto, "Quantum compression format"). A selector says what follows: a
// literal from one of four models, or a match of length 3, 4 or variable.
const (
	quantumSelectors = 7
	quantumLiterals  = 64 // per literal model: the top two bits choose the model
	quantumLengths   = 27
	quantumMaxSlots  = 42
	quantumMaxTotal  = 3800 // a model's frequencies are halved above this
	quantumStep      = 8
	quantumLongWait  = 50 // halvings between two reorderings
	quantumMinMatch  = 3
)

// Each position slot covers 1<<quantumExtra[slot] distances from
// quantumBase[slot] on, and each length slot does so with lengths.
var (
	quantumBase, quantumExtra = func() (base, extra [quantumMaxSlots]int) {
		for i := range quantumMaxSlots {
			if i > 3 {
				extra[i] = i/2 - 1
			}
			if i > 0 {
				base[i] = base[i-1] + 1<<extra[i-1]
			}
		}
		return
	}()
	quantumLengthBase, quantumLengthExtra = func() (base, extra [quantumLengths]int) {
		for i := range quantumLengths {
			if i > 5 {
				extra[i] = (i - 2) / 4
			}
			if i > 0 {
				base[i] = base[i-1] + 1<<extra[i-1]
			}
		}
		extra[quantumLengths-1] = 0 // the last slot is the single greatest length
		return
	}()
)

// quantum undoes Quantum. Models and history go on from block to block of the
// folder; the arithmetic coder starts anew with each CFDATA.
type quantum struct {
	hist     history
	in       byteBits
	low      uint32 // 16 bits each
	high     uint32
	code     uint32
	selector model
	literals [4]model
	// position models and the length model: of matches of 3, of 4, and longer
	short, middle, long, lengths model
}

func newQuantum(bits int) *quantum {
	slots := 2 * bits
	d := &quantum{
		hist:     newHistory(bits),
		selector: newModel(0, quantumSelectors),
		short:    newModel(0, min(slots, 24)),
		middle:   newModel(0, min(slots, 36)),
		long:     newModel(0, slots),
		lengths:  newModel(0, quantumLengths),
	}
	for i := range d.literals {
		d.literals[i] = newModel(i*quantumLiterals, quantumLiterals)
	}
	return d
}

func (d *quantum) decompress(dst, src []byte) error {
	d.in = byteBits{src: src}
	d.low, d.high, d.code = 0, 0xFFFF, d.in.bits(16)
	end := d.hist.reserve(len(dst))
	for d.hist.end < end {
		if err := d.step(end); err != nil {
			return err
		}
	}
	if d.in.overrun() {
		return fmt.Errorf("%w: %w", ErrCorrupt, ErrTruncated)
	}
	copy(dst, d.hist.buf[end-len(dst):end])
	return nil
}

// step decodes one literal or match.
func (d *quantum) step(limit int) error {
	selector, err := d.symbol(&d.selector)
	if err != nil {
		return err
	}
	if selector < len(d.literals) {
		b, err := d.symbol(&d.literals[selector])
		if err != nil {
			return err
		}
		d.hist.literal(byte(b))
		return nil
	}
	positions, length := &d.short, quantumMinMatch
	switch selector {
	case 5:
		positions, length = &d.middle, quantumMinMatch+1
	case 6:
		slot, err := d.symbol(&d.lengths)
		if err != nil {
			return err
		}
		positions = &d.long
		length = quantumMinMatch + 2 + quantumLengthBase[slot] + int(d.in.bits(quantumLengthExtra[slot]))
	}
	slot, err := d.symbol(positions)
	if err != nil {
		return err
	}
	distance := quantumBase[slot] + int(d.in.bits(quantumExtra[slot])) + 1
	return d.hist.match(distance, length, limit)
}

// symbol decodes one symbol of the model and adapts the model to it.
func (d *quantum) symbol(m *model) (int, error) {
	width := d.high - d.low + 1
	total := uint32(m.entries[0].cum)
	at := ((d.code-d.low+1)*total - 1) / width
	i := m.find(at)
	if i < 0 {
		// low <= code <= high holds from the first symbol on, whatever the input
		// is; should it ever not, the arithmetic below would run away.
		return 0, fmt.Errorf("arithmetic code out of range: %w", ErrCorrupt)
	}
	symbol := int(m.entries[i].symbol)
	d.high = d.low + uint32(m.entries[i].cum)*width/total - 1
	d.low += uint32(m.entries[i+1].cum) * width / total
	m.adapt(i)
	d.normalize()
	return symbol, nil
}

// normalize shifts out the leading bits on which low and high agree, and pulls
// them apart when they straddle the middle closely.
func (d *quantum) normalize() {
	for {
		if (d.low^d.high)&0x8000 != 0 {
			if d.low&0x4000 == 0 || d.high&0x4000 != 0 {
				return
			}
			d.code ^= 0x4000
			d.low &= 0x3FFF
			d.high |= 0x4000
		}
		d.low = d.low << 1 & 0xFFFF
		d.high = (d.high<<1 | 1) & 0xFFFF
		d.code = (d.code<<1 | d.in.bits(1)) & 0xFFFF
	}
}

// model is an adaptive distribution. Entry i has cumulative frequency cum: its
// own frequency and those of all entries behind it. A last entry of zero ends it.
type model struct {
	entries []modelEntry
	wait    int // halvings until the next reordering
}

type modelEntry struct {
	symbol uint16
	cum    uint16
}

// newModel has n symbols from first on, each with frequency 1.
func newModel(first, n int) model {
	m := model{entries: make([]modelEntry, n+1), wait: 4}
	for i := range n {
		m.entries[i] = modelEntry{symbol: uint16(first + i), cum: uint16(n - i)}
	}
	return m
}

// find returns the entry whose share of the total includes at, or -1.
func (m *model) find(at uint32) int {
	if at >= uint32(m.entries[0].cum) {
		return -1
	}
	i := 0
	for uint32(m.entries[i+1].cum) > at {
		i++
	}
	return i
}

// adapt makes the symbol of entry i more likely.
func (m *model) adapt(i int) {
	for j := range i + 1 {
		m.entries[j].cum += quantumStep
	}
	if m.entries[0].cum <= quantumMaxTotal {
		return
	}
	if m.wait--; m.wait > 0 {
		m.halve()
		return
	}
	m.wait = quantumLongWait
	m.reorder()
}

// halve halves the cumulative frequencies and keeps every frequency positive.
func (m *model) halve() {
	for i := len(m.entries) - 2; i >= 0; i-- {
		m.entries[i].cum = max(m.entries[i].cum/2, m.entries[i+1].cum+1)
	}
}

// reorder halves the frequencies themselves, rounding up, and sorts the entries
// by them. The exchange sort is part of the format: it is not stable, and the
// order of equals decides what later codes mean.
func (m *model) reorder() {
	e := m.entries[:len(m.entries)-1]
	for i := range e {
		e[i].cum = (e[i].cum - m.entries[i+1].cum + 1) / 2
	}
	for i := range e {
		for j := i + 1; j < len(e); j++ {
			if e[i].cum < e[j].cum {
				e[i], e[j] = e[j], e[i]
			}
		}
	}
	for i := len(e) - 1; i >= 0; i-- {
		e[i].cum += m.entries[i+1].cum
	}
}

// byteBits reads bits from bytes, most significant first. Behind the end it
// reads zeros.
type byteBits struct {
	src []byte
	pos int // in bits
}

func (b *byteBits) bits(n int) uint32 {
	var v uint32
	for range n {
		v <<= 1
		if i := b.pos >> 3; i < len(b.src) {
			v |= uint32(b.src[i]>>(7-b.pos&7)) & 1
		}
		b.pos++
	}
	return v
}

// overrun allows for the coder's look-ahead of 16 bits.
func (b *byteBits) overrun() bool { return b.pos > 8*len(b.src)+16 }
