package cab

import "fmt"

// Method is a compression method: the low four bits of typeCompress.
type Method uint8

// The methods of [MS-CAB] 2.2, moved up by one so that the zero value is not
// one of them.
const (
	Unknown Method = iota
	Stored
	MSZIP
	Quantum
	LZX
)

var methodNames = [...]string{"unknown", "stored", "MSZIP", "Quantum", "LZX"}

// String returns the name of the method, for messages.
func (m Method) String() string {
	if int(m) < len(methodNames) {
		return methodNames[m]
	}
	return methodNames[Unknown]
}

// Folder is a run of data blocks that are compressed as one stream.
type Folder struct {
	Index      int
	Method     Method
	WindowBits int    // 2^WindowBits bytes of history; LZX and Quantum only
	Blocks     int    // CFDATA blocks in this cabinet
	Reserve    []byte // abReserve of CFFOLDER

	cab      *Cabinet
	raw      uint16 // typeCompress
	dataAt   int64
	extent   int64 // end of the last byte that a file here needs
	passes   int   // times that its expansion began; guarded by cache.mu
	headless bool  // starts in the previous cabinet: nothing here can be decoded
}

func (f *Folder) setMethod(raw uint16) {
	f.raw = raw
	if m := Method(raw&15) + 1; m <= LZX {
		f.Method = m
	}
	if f.Method == LZX || f.Method == Quantum {
		f.WindowBits = int(raw >> 8 & 31)
	}
}

// decompressor undoes one method. It is given the blocks of a folder in order.
type decompressor interface {
	// decompress fills dst from src, all of one CFDATA block.
	decompress(dst, src []byte) error
}

// checkMethod reports whether newDecompressor will work.
func (f *Folder) checkMethod() error {
	low, high := windows[f.Method][0], windows[f.Method][1]
	if f.Method == Unknown || f.WindowBits < low || f.WindowBits > high {
		return fmt.Errorf("folder %d: type %#04x: %w", f.Index, f.raw, ErrMethod)
	}
	return nil
}

// windows has the least and the greatest WindowBits of each method.
var windows = [...][2]int{Stored: {}, MSZIP: {}, Quantum: {10, 21}, LZX: {15, 21}}

// newDecompressor allocates the window, so it is called only to read.
func (f *Folder) newDecompressor() (decompressor, error) {
	if err := f.checkMethod(); err != nil {
		return nil, err
	}
	switch f.Method {
	case MSZIP:
		return new(mszip), nil
	case Quantum:
		return newQuantum(f.WindowBits), nil
	case LZX:
		return newLZX(f.WindowBits), nil
	}
	return stored{}, nil
}

// stored is the method of blocks that are not compressed.
type stored struct{}

func (stored) decompress(dst, src []byte) error {
	if len(dst) != len(src) {
		return fmt.Errorf("stored block of %d bytes says it holds %d: %w", len(src), len(dst), ErrCorrupt)
	}
	copy(dst, src)
	return nil
}
