package cab

import "fmt"

// history is the sliding window of a decompressor, laid out flat: old output,
// then the block being written. When the buffer is full its last window bytes
// move to the front, once in so many blocks that the cost does not count.
type history struct {
	buf    []byte
	end    int // bytes written
	window int // how far back a match may reach
}

func newHistory(bits int) history {
	window := 1 << bits
	return history{buf: make([]byte, 2*window+maxOutput), window: window}
}

// reserve makes room for n bytes and returns the end that they will have.
func (h *history) reserve(n int) (end int) {
	if h.end+n > len(h.buf) {
		copy(h.buf, h.buf[h.end-h.window:h.end])
		h.end = h.window
	}
	return h.end + n
}

func (h *history) literal(b byte) {
	h.buf[h.end] = b
	h.end++
}

// match repeats length bytes from distance bytes ago, up to the reserved limit.
func (h *history) match(distance, length, limit int) error {
	if distance < 1 || distance > h.end || distance > h.window {
		return fmt.Errorf("match reaches %d bytes back, before the start: %w", distance, ErrCorrupt)
	}
	if length > limit-h.end {
		return fmt.Errorf("match of %d bytes crosses the end of the block: %w", length, ErrCorrupt)
	}
	from := h.end - distance
	if distance >= length {
		copy(h.buf[h.end:h.end+length], h.buf[from:from+length])
	} else {
		for i := range length { // overlapping: a repeating pattern
			h.buf[h.end+i] = h.buf[from+i]
		}
	}
	h.end += length
	return nil
}
