package cab

// quantumEncoder writes Quantum for tests. It shares the models with the
// decoder; that those are right is shown by the real files and by cabextract.
type quantumEncoder struct {
	d    *quantum // for its models
	m    *matcher
	data []byte // all blocks so far
	bits int

	low, high uint32
	follow    int
	shifts    int
	code      []byte // bits of the arithmetic code
	raw       []rawBits
}

// rawBits are plain bits that the decoder takes when it has read so many bits
// of the arithmetic code.
type rawBits struct {
	after int
	value uint32
	n     int
}

func newQuantumEncoder(bits int) *quantumEncoder {
	return &quantumEncoder{d: newQuantum(bits), bits: bits, m: newMatcher(nil, 1<<bits, 259)}
}

func (e *quantumEncoder) block(b []byte) []byte {
	at := len(e.data)
	e.data = append(e.data, b...)
	e.m.data = e.data
	e.m.previous = append(e.m.previous, make([]int, len(b))...)
	e.low, e.high, e.follow, e.shifts, e.code, e.raw = 0, 0xFFFF, 0, 0, nil, nil
	for at < len(e.data) {
		d, n := e.m.find(at, len(e.data))
		slot := len(e.d.long.entries) - 2
		for n > 0 && quantumBase[slot] > d-1 {
			slot--
		}
		low := uint32(0)
		if n > 0 {
			low = uint32(d - 1 - quantumBase[slot])
		}
		switch {
		case n < 3 || n == 3 && slot >= len(e.d.short.entries)-1 || n == 4 && slot >= len(e.d.middle.entries)-1:
			n = 1
			e.symbol(&e.d.selector, int(e.data[at]>>6))
			e.symbol(&e.d.literals[e.data[at]>>6], int(e.data[at]))
		case n == 3:
			e.symbol(&e.d.selector, 4)
			e.symbol(&e.d.short, slot)
			e.plain(low, quantumExtra[slot])
		case n == 4:
			e.symbol(&e.d.selector, 5)
			e.symbol(&e.d.middle, slot)
			e.plain(low, quantumExtra[slot])
		default:
			e.symbol(&e.d.selector, 6)
			l := quantumLengths - 1
			for quantumLengthBase[l] > n-5 {
				l--
			}
			e.symbol(&e.d.lengths, l)
			e.plain(uint32(n-5-quantumLengthBase[l]), quantumLengthExtra[l])
			e.symbol(&e.d.long, slot)
			e.plain(low, quantumExtra[slot])
		}
		at += n
		e.m.skip(at)
	}
	return e.flush()
}

func (e *quantumEncoder) symbol(m *model, symbol int) {
	i := 0
	for int(m.entries[i].symbol) != symbol {
		i++
	}
	width, total := e.high-e.low+1, uint32(m.entries[0].cum)
	e.high = e.low + uint32(m.entries[i].cum)*width/total - 1
	e.low += uint32(m.entries[i+1].cum) * width / total
	m.adapt(i)
	for {
		if (e.low^e.high)&0x8000 == 0 {
			e.bit(byte(e.low >> 15))
		} else if e.low&0x4000 != 0 && e.high&0x4000 == 0 {
			e.follow++
			e.low &= 0x3FFF
			e.high |= 0x4000
		} else {
			return
		}
		e.low = e.low << 1 & 0xFFFF
		e.high = e.high<<1&0xFFFF | 1
		e.shifts++
	}
}

func (e *quantumEncoder) bit(b byte) {
	e.code = append(e.code, b)
	for ; e.follow > 0; e.follow-- {
		e.code = append(e.code, 1-b)
	}
}

func (e *quantumEncoder) plain(v uint32, n int) {
	e.raw = append(e.raw, rawBits{16 + e.shifts, v, n})
}

// flush ends the arithmetic code and merges the plain bits in.
func (e *quantumEncoder) flush() []byte {
	e.follow++
	e.bit(byte(e.low >> 14 & 1))
	for len(e.code) < 16+e.shifts {
		e.code = append(e.code, 0)
	}
	var bits []byte
	at := 0
	for _, r := range e.raw {
		bits = append(bits, e.code[at:r.after]...)
		at = r.after
		for i := r.n - 1; i >= 0; i-- {
			bits = append(bits, byte(r.value>>i&1))
		}
	}
	bits = append(bits, e.code[at:16+e.shifts]...)
	out := make([]byte, (len(bits)+7)/8)
	for i, b := range bits {
		out[i/8] |= b << (7 - i%8)
	}
	return out
}
