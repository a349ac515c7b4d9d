package cab

import (
	"encoding/binary"
	"slices"
)

// lzxEncoder writes LZX for tests: a greedy matcher, all three kinds of block in
// turn, blocks that end inside and beyond the frames, and the E8 step.
type lzxEncoder struct {
	bits, slots int
	kinds       []int
	blockSizes  []int
	callSize    uint32

	w             lzxBits
	recent        [3]int
	mainLengths   []uint8
	lengthLengths []uint8
}

func newLZXEncoder(bits int, kinds ...int) *lzxEncoder {
	slots := lzxSlots[bits]
	return &lzxEncoder{
		bits: bits, slots: slots, kinds: kinds,
		blockSizes:    []int{1001, 70000, 32768, 5, 40001},
		callSize:      12345678,
		recent:        [3]int{1, 1, 1},
		mainLengths:   make([]uint8, lzxLiterals+lzxLengthHeaders*slots),
		lengthLengths: make([]uint8, lzxLengths),
	}
}

// lzxToken is a literal (length 0) or a match.
type lzxToken struct {
	literal   byte
	length    int
	slot, low int // position slot and what the extra bits say
}

func (e *lzxEncoder) encode(data []byte) (blocks [][2][]byte) {
	in := slices.Clone(data)
	for at := 0; at < len(in) && e.callSize != 0; at += maxOutput {
		doCalls(in[at:min(at+maxOutput, len(in))], at, int32(e.callSize))
	}
	frame := 0
	cut := func(done int) {
		if done%maxOutput == 0 || done == len(in) {
			blocks = append(blocks, [2][]byte{e.w.take(), data[frame:done]})
			frame = done
		}
	}
	m := newMatcher(in, 1<<e.bits, 257)
	if e.callSize == 0 {
		e.w.put(0, 1)
	} else {
		e.w.put(1, 1)
		e.w.put(e.callSize, 32)
	}
	for at, i := 0, 0; at < len(in); i++ {
		end := min(at+e.blockSizes[i%len(e.blockSizes)], len(in))
		kind := e.kinds[i%len(e.kinds)]
		e.w.put(uint32(kind), 3)
		e.w.put(uint32(end-at), 24)
		if kind == lzxRaw {
			e.raw(in, at, end, cut)
			m.skip(end)
		} else {
			e.coded(m, kind, at, end, cut)
		}
		at = end
	}
	return blocks
}

func (e *lzxEncoder) raw(in []byte, at, end int, cut func(int)) {
	e.w.put(0, 16-e.w.n%16)
	for _, r := range e.recent {
		e.w.out = binary.LittleEndian.AppendUint32(e.w.out, uint32(r))
	}
	odd := (end-at)%2 == 1
	for at < end {
		n := min(end, (at/maxOutput+1)*maxOutput)
		e.w.out = append(e.w.out, in[at:n]...)
		at = n
		if at == end && odd {
			e.w.out = append(e.w.out, 0)
		}
		cut(at)
	}
}

// coded writes a verbatim or aligned block.
func (e *lzxEncoder) coded(m *matcher, kind, at, end int, cut func(int)) {
	var tokens []lzxToken
	for at := at; at < end; {
		limit := min(end, (at/maxOutput+1)*maxOutput)
		t := e.token(m, at, limit)
		tokens = append(tokens, t)
		at += max(t.length, 1)
		m.skip(at)
	}
	mainCount, lengthCount := make([]int, len(e.mainLengths)), make([]int, lzxLengths)
	alignedCount := make([]int, lzxAligned)
	for _, t := range tokens {
		symbol, length, ok := t.symbols()
		mainCount[symbol]++
		if ok {
			lengthCount[length]++
		}
		if t.length > 0 && lzxExtra[t.slot] >= 3 {
			alignedCount[t.low&7]++
		}
	}
	aligned := codeLengths(alignedCount, 7, true)
	if kind == lzxAlignedBlock {
		for _, n := range aligned {
			e.w.put(uint32(n), 3)
		}
	}
	mainNew, lengthNew := codeLengths(mainCount, 16, true), codeLengths(lengthCount, 16, false)
	e.lengths(e.mainLengths[:lzxLiterals], mainNew[:lzxLiterals])
	e.lengths(e.mainLengths[lzxLiterals:], mainNew[lzxLiterals:])
	e.lengths(e.lengthLengths, lengthNew)
	mainCode, lengthCode, alignedCode := newCode(mainNew), newCode(lengthNew), newCode(aligned)
	for _, t := range tokens {
		symbol, length, ok := t.symbols()
		e.w.symbol(mainCode, symbol)
		if ok {
			e.w.symbol(lengthCode, length)
		}
		if t.length > 0 {
			extra := lzxExtra[t.slot]
			if kind == lzxAlignedBlock && extra >= 3 {
				e.w.put(uint32(t.low>>3), extra-3)
				e.w.symbol(alignedCode, t.low&7)
			} else {
				e.w.put(uint32(t.low), extra)
			}
		}
		at += max(t.length, 1)
		cut(at)
	}
}

// token picks a recent distance, else a new match, else a literal.
func (e *lzxEncoder) token(m *matcher, at, limit int) lzxToken {
	for i, d := range e.recent {
		if n := m.lengthAt(at, d, limit); n >= 2 {
			e.recent[0], e.recent[i] = e.recent[i], e.recent[0]
			return lzxToken{length: n, slot: i}
		}
	}
	d, n := m.find(at, limit)
	if n < 3 || d > 1<<e.bits-3 {
		return lzxToken{literal: m.data[at]}
	}
	e.recent = [3]int{d, e.recent[0], e.recent[1]}
	slot := e.slots - 1
	for lzxBase[slot] > d+2 {
		slot--
	}
	return lzxToken{length: n, slot: slot, low: d + 2 - lzxBase[slot]}
}

// symbols returns the main symbol and, if ok, the one of the length tree.
func (t lzxToken) symbols() (main, length int, ok bool) {
	if t.length == 0 {
		return int(t.literal), 0, false
	}
	header := min(t.length-2, 7)
	return lzxLiterals + t.slot*8 + header, t.length - 9, header == 7
}

// lengths sends code lengths as differences, with all three kinds of run.
func (e *lzxEncoder) lengths(old, new []uint8) {
	type step struct{ symbol, extra, bits, second int }
	var steps []step
	delta := func(i int) int { return (int(old[i]) - int(new[i]) + 17) % 17 }
	for i := 0; i < len(new); {
		run := 1
		for i+run < len(new) && new[i+run] == new[i] {
			run++
		}
		switch {
		case new[i] == 0 && run >= 20:
			run = min(run, 51)
			steps = append(steps, step{18, run - 20, 5, -1})
		case new[i] == 0 && run >= 4:
			steps = append(steps, step{17, run - 4, 4, -1})
		case run >= 4:
			run = min(run, 5)
			steps = append(steps, step{19, run - 4, 1, delta(i)})
		default:
			run = 1
			steps = append(steps, step{delta(i), 0, 0, -1})
		}
		i += run
	}
	count := make([]int, lzxPretree)
	for _, s := range steps {
		count[s.symbol]++
		if s.second >= 0 {
			count[s.second]++
		}
	}
	pre := codeLengths(count, 15, true)
	for _, n := range pre {
		e.w.put(uint32(n), 4)
	}
	code := newCode(pre)
	for _, s := range steps {
		e.w.symbol(code, s.symbol)
		e.w.put(uint32(s.extra), s.bits)
		if s.second >= 0 {
			e.w.symbol(code, s.second)
		}
	}
	copy(old, new)
}

// doCalls is the compressor's side of the E8 step.
func doCalls(p []byte, start int, size int32) {
	for i := 0; i < len(p)-10; i++ {
		if p[i] != 0xE8 {
			continue
		}
		at := int32(start + i)
		rel := int32(binary.LittleEndian.Uint32(p[i+1:]))
		abs := rel + at
		switch {
		case rel >= -at && rel < size-at:
			binary.LittleEndian.PutUint32(p[i+1:], uint32(abs))
		case rel >= size-at && rel < size:
			binary.LittleEndian.PutUint32(p[i+1:], uint32(rel-size))
		}
		i += 4
	}
}

// lzxBits is the counterpart of wordBits.
type lzxBits struct {
	out []byte
	acc uint16
	n   int // bits in acc
}

func (w *lzxBits) put(v uint32, n int) {
	for i := n - 1; i >= 0; i-- {
		w.acc = w.acc<<1 | uint16(v>>i&1)
		if w.n++; w.n == 16 {
			w.out = binary.LittleEndian.AppendUint16(w.out, w.acc)
			w.acc, w.n = 0, 0
		}
	}
}

func (w *lzxBits) symbol(c []codeWord, s int) { w.put(uint32(c[s].word), c[s].length) }

// take ends a CFDATA.
func (w *lzxBits) take() []byte {
	if w.n > 0 {
		w.put(0, 16-w.n)
	}
	out := w.out
	w.out = nil
	return out
}

type codeWord struct{ word, length int }

// newCode assigns canonical words: by length, then by symbol.
func newCode(lengths []uint8) []codeWord {
	code := make([]codeWord, len(lengths))
	word := 0
	for n := 1; n <= 16; n++ {
		for s, l := range lengths {
			if int(l) == n {
				code[s] = codeWord{word, n}
				word++
			}
		}
		word <<= 1
	}
	return code
}

// codeLengths makes a complete prefix code of at most limit bits. fill makes it
// one of two symbols where fewer occur; a strict reader wants complete codes.
func codeLengths(count []int, limit int, fill bool) []uint8 {
	count = slices.Clone(count)
	used := len(count) - len(slices.DeleteFunc(slices.Clone(count), func(n int) bool { return n > 0 }))
	if used == 0 && !fill {
		return make([]uint8, len(count))
	}
	for s := 0; used < 2; s++ {
		if count[s] == 0 {
			count[s] = 1
			used++
		}
	}
	for {
		lengths := huffmanLengths(count)
		if int(slices.Max(lengths)) <= limit {
			return lengths
		}
		for s := range count {
			if count[s] > 0 {
				count[s] = count[s]/2 + 1
			}
		}
	}
}

func huffmanLengths(count []int) []uint8 {
	type tree struct {
		weight  int
		symbols []int
	}
	var trees []tree
	for s, n := range count {
		if n > 0 {
			trees = append(trees, tree{n, []int{s}})
		}
	}
	lengths := make([]uint8, len(count))
	for len(trees) > 1 {
		slices.SortStableFunc(trees, func(a, b tree) int { return b.weight - a.weight })
		a, b := trees[len(trees)-1], trees[len(trees)-2]
		joined := append(slices.Clone(a.symbols), b.symbols...)
		for _, s := range joined {
			lengths[s]++
		}
		trees = append(trees[:len(trees)-2], tree{a.weight + b.weight, joined})
	}
	return lengths
}

// matcher finds matches of three bytes and more through hash chains.
type matcher struct {
	data          []byte
	window, max   int
	head          map[[3]byte]int
	previous      []int
	next          int
	longestChains int
}

func newMatcher(data []byte, window, longest int) *matcher {
	return &matcher{data: data, window: window, max: longest, head: map[[3]byte]int{}, previous: make([]int, len(data)), longestChains: 8}
}

// skip enters all positions before at.
func (m *matcher) skip(at int) {
	for ; m.next < at; m.next++ {
		if m.next+3 > len(m.data) {
			continue
		}
		key := [3]byte(m.data[m.next:])
		m.previous[m.next] = m.head[key] // position + 1
		m.head[key] = m.next + 1
	}
}

func (m *matcher) find(at, limit int) (distance, length int) {
	if at+3 > limit {
		return 0, 0
	}
	p := m.head[[3]byte(m.data[at:])]
	for tries := 0; p > 0 && tries < m.longestChains; tries++ {
		if n := m.lengthAt(at, at-(p-1), limit); n > length {
			distance, length = at-(p-1), n
		}
		p = m.previous[p-1]
	}
	return distance, length
}

func (m *matcher) lengthAt(at, distance, limit int) int {
	if distance > at || distance > m.window {
		return 0
	}
	n := 0
	for n < m.max && at+n < limit && m.data[at+n] == m.data[at+n-distance] {
		n++
	}
	return n
}
