package cab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// putPretree sends the lengths of a pretree, by symbol.
func putPretree(w *lzxBits, lengths map[int]int) {
	for s := range lzxPretree {
		w.put(uint32(lengths[s]), 4)
	}
}

// putZeros sends n zero lengths with a pretree of the symbols 17 and 18.
func putZeros(w *lzxBits, n int) {
	putPretree(w, map[int]int{17: 1, 18: 1})
	for n > 0 {
		k := min(n, 51)
		if n-k > 0 && n-k < 4 {
			k -= 4
		}
		if k >= 20 {
			w.put(1, 1)
			w.put(uint32(k-20), 5)
		} else {
			w.put(0, 1)
			w.put(uint32(k-4), 4)
		}
		n -= k
	}
}

// putOne sends a part of the main tree with n symbols in which one symbol has length 1.
func putOne(w *lzxBits, symbol, n int) {
	putPretree(w, map[int]int{0: 2, 16: 2, 17: 2, 18: 2})
	zero := func(n int) {
		for ; n >= 20; n -= min(n, 51) {
			w.put(3, 2)
			w.put(uint32(min(n, 51)-20), 5)
		}
		for ; n > 0; n-- {
			w.put(0, 2)
		}
	}
	zero(symbol)
	w.put(1, 2) // the difference 16: from 0 to 1
	zero(n - symbol - 1)
}

// TestLZXRefuses has streams that are wrong in one place.
func TestLZXRefuses(t *testing.T) {
	const rest = lzxLengthHeaders * 30 // window of 15 bits
	start := func(w *lzxBits, kind, size int) {
		w.put(0, 1)
		w.put(uint32(kind), 3)
		w.put(uint32(size), 24)
	}
	for _, c := range []struct {
		name string
		want string
		make func(w *lzxBits)
	}{
		{"empty", "block of type 0", func(w *lzxBits) {}},
		{"block of type 7", "block of type 7", func(w *lzxBits) { start(w, 7, 10) }},
		{"pretree too full", "pretree: prefix code has too many", func(w *lzxBits) {
			start(w, lzxVerbatim, 10)
			for range lzxPretree {
				w.put(1, 4)
			}
		}},
		{"run inside a run", "a run inside a run", func(w *lzxBits) {
			start(w, lzxVerbatim, 10)
			putPretree(w, map[int]int{17: 1, 19: 1})
			w.put(1, 1) // 19: four or five of
			w.put(0, 1)
			w.put(0, 1) // 17
		}},
		{"run over the end", "a run of 51 over the end", func(w *lzxBits) {
			start(w, lzxVerbatim, 10)
			putPretree(w, map[int]int{17: 1, 18: 1})
			for range 6 {
				w.put(1, 1)
				w.put(31, 5)
			}
		}},
		{"main tree too full", "main tree: prefix code has too many", func(w *lzxBits) {
			start(w, lzxVerbatim, 10)
			putPretree(w, map[int]int{15: 1, 16: 1}) // every length 1
			for range lzxLiterals {
				w.put(1, 1)
			}
			putZeros(w, rest)
			putZeros(w, lzxLengths)
		}},
		{"length tree too full", "length tree: prefix code has too many", func(w *lzxBits) {
			start(w, lzxVerbatim, 10)
			putOne(w, 'x', lzxLiterals)
			putZeros(w, rest)
			putPretree(w, map[int]int{15: 1, 16: 1})
			for range lzxLengths {
				w.put(1, 1)
			}
		}},
		{"aligned tree too full", "prefix code has too many", func(w *lzxBits) {
			start(w, lzxAlignedBlock, 10)
			for range lzxAligned {
				w.put(1, 3)
			}
		}},
		{"main word unused", "main tree: unused word", func(w *lzxBits) {
			start(w, lzxVerbatim, 10)
			putOne(w, 'x', lzxLiterals)
			putZeros(w, rest)
			putZeros(w, lzxLengths)
			w.put(1, 1)
		}},
		{"literals run out", "ends too early", func(w *lzxBits) {
			start(w, lzxVerbatim, 1000)
			putOne(w, 'x', lzxLiterals)
			putZeros(w, rest)
			putZeros(w, lzxLengths)
		}},
		{"length word unused", "length tree: unused word", func(w *lzxBits) {
			start(w, lzxVerbatim, 10)
			putZeros(w, lzxLiterals)
			putOne(w, 7, rest) // slot 0, length from the tree
			putZeros(w, lzxLengths)
		}},
		{"match before the start", "before the start", func(w *lzxBits) {
			start(w, lzxVerbatim, 10)
			putZeros(w, lzxLiterals)
			putOne(w, 0, rest)
			putZeros(w, lzxLengths)
		}},
		{"aligned word unused", "aligned tree: unused word", func(w *lzxBits) {
			start(w, lzxAlignedBlock, 10)
			for range lzxAligned {
				w.put(0, 3)
			}
			putZeros(w, lzxLiterals)
			putOne(w, 8*10, rest) // slot 10 has four extra bits
			putZeros(w, lzxLengths)
		}},
		{"raw header cut", "uncompressed block header: ", func(w *lzxBits) {
			start(w, lzxRaw, 10)
			w.put(0, 16-w.n)
			w.out = append(w.out, make([]byte, 11)...)
		}},
		{"raw data cut", "uncompressed block: ", func(w *lzxBits) {
			start(w, lzxRaw, 100)
			w.put(0, 16-w.n)
			w.out = append(w.out, make([]byte, 12+99)...)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w lzxBits
			c.make(&w)
			err := newLZX(15).decompress(make([]byte, 100), w.take())
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v; want %q", err, c.want)
			}
		})
	}
}

// TestLZXMatchCrossesBlock has a match longer than what is left of its block.
func TestLZXMatchCrossesBlock(t *testing.T) {
	var w lzxBits
	w.put(0, 1)
	w.put(lzxRaw, 3)
	w.put(4, 24)
	w.put(0, 4) // alignment
	w.out = append(w.out, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
	w.out = append(w.out, "abcd"...)
	w.put(lzxVerbatim, 3)
	w.put(3, 24)
	putZeros(&w, lzxLiterals)
	putOne(&w, 5, lzxLengthHeaders*30) // distance 1, length 7
	putZeros(&w, lzxLengths)
	w.put(0, 1)
	err := newLZX(15).decompress(make([]byte, 100), w.take())
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "crosses the end") {
		t.Errorf("error %v", err)
	}
}

// TestLZXPadByte has an odd uncompressed block that ends with a CFDATA, its pad
// byte in that CFDATA or in the next; and an empty block in between.
func TestLZXPadByte(t *testing.T) {
	rawBlock := func(w *lzxBits, data string, padded bool) {
		w.put(lzxRaw, 3)
		w.put(uint32(len(data)), 24)
		w.put(0, 16-w.n%16)
		w.out = append(w.out, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
		w.out = append(w.out, data...)
		if padded {
			w.out = append(w.out, 0)
		}
	}
	for _, here := range []bool{true, false} {
		d := newLZX(15)
		var w lzxBits
		w.put(0, 1)
		rawBlock(&w, "abc", here)
		var got [8]byte
		if err := d.decompress(got[:3], w.take()); err != nil {
			t.Fatal(err)
		}
		w = lzxBits{}
		if !here {
			w.out = append(w.out, 0)
		}
		rawBlock(&w, "", false)
		rawBlock(&w, "defgh", true)
		if err := d.decompress(got[3:], w.take()); err != nil || string(got[:]) != "abcdefgh" {
			t.Errorf("pad byte in the first block %v: %q, %v", here, got, err)
		}
	}
}

// TestAlignTakesAWholeWord: a word boundary is padded with 16 bits.
func TestAlignTakesAWholeWord(t *testing.T) {
	for used, want := range map[int]int{1: 2, 15: 2, 16: 4, 17: 4, 32: 6} {
		for _, ahead := range []int{1, 16} {
			var b wordBits
			b.reset(make([]byte, 20), 0)
			b.bits(used)
			b.peek(ahead)
			if got := b.align(); got != want {
				t.Errorf("after %d bits, %d looked at: position %d, want %d", used, ahead, got, want)
			}
		}
	}
}

// TestCallsEnd: the E8 step ends with frame 32768, and spares the last ten bytes
// of a frame.
func TestCallsEnd(t *testing.T) {
	call := func(n int) []byte {
		p := make([]byte, n)
		p[0] = callOpcode
		binary.LittleEndian.PutUint32(p[1:], 1000)
		return p
	}
	for _, c := range []struct {
		frame, size int
		changed     bool
	}{{0, 11, true}, {0, 10, false}, {32767, 100, true}, {32768, 100, false}} {
		d := &lzx{callSize: 5000, frame: c.frame, outPos: 400}
		p := call(c.size)
		d.undoCalls(p)
		if changed := !bytes.Equal(p, call(c.size)); changed != c.changed {
			t.Errorf("frame %d of %d bytes: changed %v", c.frame, c.size, changed)
		}
		if c.changed && binary.LittleEndian.Uint32(p[1:]) != 600 {
			t.Errorf("target %d, want 600", binary.LittleEndian.Uint32(p[1:]))
		}
	}
}

// TestSlotTables pins the tables that the decoders compute to values that the
// published descriptions list.
func TestSlotTables(t *testing.T) {
	for slot, want := range map[int][2]int{0: {0, 0}, 3: {3, 0}, 4: {4, 1}, 7: {12, 2}, 30: {32768, 14}, 36: {262144, 17}, 37: {393216, 17}, 49: {1966080, 17}} {
		if got := [2]int{lzxBase[slot], lzxExtra[slot]}; got != want {
			t.Errorf("LZX slot %d: %v, want %v", slot, got, want)
		}
	}
	for slot, want := range map[int][2]int{0: {0, 0}, 4: {4, 1}, 23: {3072, 10}, 35: {196608, 16}, 41: {1572864, 19}} {
		if got := [2]int{quantumBase[slot], quantumExtra[slot]}; got != want {
			t.Errorf("Quantum slot %d: %v, want %v", slot, got, want)
		}
	}
	for slot, want := range map[int][2]int{0: {0, 0}, 5: {5, 0}, 6: {6, 1}, 10: {14, 2}, 25: {222, 5}, 26: {254, 0}} {
		if got := [2]int{quantumLengthBase[slot], quantumLengthExtra[slot]}; got != want {
			t.Errorf("Quantum length slot %d: %v, want %v", slot, got, want)
		}
	}
}

// TestQuantumTruncated: data cut by more than the coder's look-ahead.
func TestQuantumTruncated(t *testing.T) {
	text := prose(1, 5000)
	packed := quantumFolder(15).pack(text)[0][0]
	for _, cut := range []int{3, 10, len(packed) / 2, len(packed)} {
		out := make([]byte, len(text))
		if err := newQuantum(15).decompress(out, packed[:len(packed)-cut]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut by %d of %d: %v", cut, len(packed), err)
		}
	}
}

// TestQuantumSurvivesNoise: the arithmetic stays inside its bounds whatever it
// is fed, and the tables of a model keep their order.
func TestQuantumSurvivesNoise(t *testing.T) {
	for seed := range uint64(200) {
		d := newQuantum(10 + int(seed%12))
		noise := prose(seed, 3000)
		for i := range noise {
			noise[i] ^= byte(seed * 37)
		}
		if err := d.decompress(make([]byte, maxOutput), noise); err != nil && strings.Contains(err.Error(), "out of range") {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, m := range []model{d.selector, d.literals[0], d.short, d.middle, d.long, d.lengths} {
			for i := range m.entries[1:] {
				if m.entries[i].cum <= m.entries[i+1].cum {
					t.Fatalf("seed %d: entry %d has no frequency", seed, i)
				}
			}
		}
	}
}

// TestHistoryReach: a match reaches back one window and no further, though the
// buffer still has older bytes.
func TestHistoryReach(t *testing.T) {
	h := newHistory(10)
	end := h.reserve(3000)
	for h.end < 2000 {
		h.literal(byte(h.end))
	}
	if err := h.match(1024, 3, end); err != nil || h.buf[2000] != h.buf[2000-1024] {
		t.Errorf("match at the window's end: %v", err)
	}
	for _, distance := range []int{1025, 0, -1} {
		if err := h.match(distance, 3, end); !errors.Is(err, ErrCorrupt) {
			t.Errorf("distance %d: %v", distance, err)
		}
	}
}
