package cab

import "fmt"

const (
	maxCodeLength = 16 // LZX: lengths are 0 to 16
	shortCode     = 10 // codes up to this long are found with one look-up
)

// huffman decodes a canonical prefix code, most significant bit first.
type huffman struct {
	short  [1 << shortCode]uint16 // symbol<<4 | length; 0 for a longer or unused code
	first  [maxCodeLength + 1]int // first code of each length
	count  [maxCodeLength + 1]int
	index  [maxCodeLength + 1]int // where its symbols start in sorted
	sorted []uint16               // symbols by length, then by value
}

// build sets the code from the length of each symbol's code word; 0 is unused.
// A code that leaves words unused is accepted, since blocks that need only one
// symbol or none have such; meeting an unused word in the data is an error.
func (h *huffman) build(lengths []uint8) error {
	h.count = [maxCodeLength + 1]int{}
	for _, n := range lengths {
		h.count[n]++
	}
	h.count[0] = 0
	code, index := 0, 0
	for n := 1; n <= maxCodeLength; n++ {
		code <<= 1
		h.first[n], h.index[n] = code, index
		code += h.count[n]
		index += h.count[n]
		if code > 1<<n {
			return fmt.Errorf("prefix code has too many words of %d bits: %w", n, ErrCorrupt)
		}
	}
	h.sorted = append(h.sorted[:0], make([]uint16, index)...)
	h.short = [1 << shortCode]uint16{}
	next := h.index
	for symbol, length := range lengths {
		if length == 0 {
			continue
		}
		n := int(length)
		word := h.first[n] + next[n] - h.index[n]
		h.sorted[next[n]] = uint16(symbol)
		next[n]++
		if n <= shortCode {
			h.fillShort(word, n, uint16(symbol))
		}
	}
	return nil
}

// fillShort enters the symbol under every bit string that starts with its word.
func (h *huffman) fillShort(word, n int, symbol uint16) {
	free := shortCode - n
	span := h.short[word<<free : (word+1)<<free]
	for i := range span {
		span[i] = symbol<<4 | uint16(n)
	}
}

// symbol reads one symbol; -1 for a word that is not in the code.
func (h *huffman) symbol(in *wordBits) int {
	bits := in.peek(maxCodeLength)
	if e := h.short[bits>>(maxCodeLength-shortCode)]; e != 0 {
		in.drop(int(e & 15))
		return int(e >> 4)
	}
	for n := shortCode + 1; n <= maxCodeLength; n++ {
		i := int(bits>>(maxCodeLength-n)) - h.first[n]
		if i >= 0 && i < h.count[n] {
			in.drop(n)
			return int(h.sorted[h.index[n]+i])
		}
	}
	return -1
}

// wordBits reads bits from little-endian 16-bit words, the most significant bit
// of each word first, as LZX stores them. Behind the end it reads zeros and
// counts them; overrun tells when such a bit was used.
type wordBits struct {
	src    []byte
	pos    int    // bytes taken into acc
	acc    uint64 // the next bits, left-aligned
	n      int    // how many
	padded int    // how many of all bits taken were made up
}

func (b *wordBits) reset(src []byte, pos int) { *b = wordBits{src: src, pos: pos} }

// peek returns the next n bits without using them up; n is 1 to 16.
func (b *wordBits) peek(n int) uint32 {
	for b.n < n {
		var word uint64
		if b.pos+1 < len(b.src) {
			word = uint64(b.src[b.pos]) | uint64(b.src[b.pos+1])<<8
			b.pos += 2
		} else {
			b.padded += 16
		}
		b.acc |= word << (48 - b.n)
		b.n += 16
	}
	return uint32(b.acc >> (64 - n))
}

func (b *wordBits) drop(n int) {
	b.acc <<= n
	b.n -= n
}

// bits reads n bits; n is 0 to 32.
func (b *wordBits) bits(n int) uint32 {
	var v uint32
	for n > 16 {
		v = v<<16 | b.peek(16)
		b.drop(16)
		n -= 16
	}
	if n == 0 {
		return v
	}
	v = v<<n | b.peek(n)
	b.drop(n)
	return v
}

func (b *wordBits) overrun() bool { return b.padded > b.n }

// align drops the rest of the current word, or a whole word when none is begun,
// and returns the position in src. That is how LZX gets from bits to bytes. Made
// up words count as if they were in src, so the position is right, or so near
// the end that no header fits behind it.
func (b *wordBits) align() int {
	if b.n%16 == 0 {
		b.peek(16)
		b.drop(16)
	}
	return b.pos - b.n/16*2
}
