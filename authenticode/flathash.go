package authenticode

import (
	"crypto"
	"fmt"
	"hash"
	"io"
	"sync"
	"sync/atomic"
)

// FlatHash reads r to its end, once, and returns its digests: the hash of a
// file that is no PE image and no cabinet (rule 78).
func FlatHash(r io.Reader, algs ...crypto.Hash) (Sums, error) {
	hashes, err := newHashes(algs)
	if err != nil {
		return nil, err
	}
	var at int64
	err = run(func(buf []byte) (int64, int, error) {
		n, err := io.ReadFull(r, buf)
		if err == io.ErrUnexpectedEOF || n > 0 && err == io.EOF {
			err = nil
		}
		at += int64(n)
		return at - int64(n), n, err
	}, nil, hashes)
	if err != nil {
		return nil, err
	}
	return sumsOf(algs, hashes), nil
}

func newHashes(algs []crypto.Hash) ([]hash.Hash, error) {
	list := make([]hash.Hash, len(algs))
	for i, alg := range algs {
		if !alg.Available() {
			return nil, fmt.Errorf("digest algorithm %d: %w", uint(alg), ErrHashUnavailable)
		}
		list[i] = alg.New()
	}
	return list, nil
}

func sumsOf(algs []crypto.Hash, hashes []hash.Hash) Sums {
	sums := make(Sums, len(algs))
	for i, alg := range algs {
		sums[alg] = hashes[i].Sum(nil)
	}
	return sums
}

// span is a range of file offsets, the end excluded.
type span struct{ start, end int64 }

// source fills a buffer with the next bytes of a file and says where in the
// file they stand. It returns io.EOF, and no bytes, at the end.
type source func(buf []byte) (at int64, n int, err error)

// blockSize is what is read and hashed at a time. A file that fits into one
// block is hashed where it was read; a larger one is read ahead while each
// digest runs in a goroutine of its own.
const blockSize = 512 << 10

// readAhead is the number of blocks in flight, 2 MiB in sum.
const readAhead = 4

var blocks = sync.Pool{New: func() any { return &block{buf: make([]byte, blockSize)} }}

// block is a piece of a file on its way to the digests.
type block struct {
	buf  []byte
	at   int64
	n    int
	uses atomic.Int32 // digests that still need it
}

// run feeds everything from src except the holes, which are in ascending
// order, to each of the digests.
func run(src source, holes []span, hashes []hash.Hash) error {
	first := blocks.Get().(*block)
	if err := first.read(src); err != nil || first.n < blockSize {
		defer blocks.Put(first)
		for err == nil {
			for _, h := range hashes {
				first.feed(h, holes)
			}
			err = first.read(src)
		}
		if err == io.EOF {
			err = nil
		}
		return err
	}
	return runAhead(first, src, holes, hashes)
}

// runAhead is run for large files.
func runAhead(first *block, src source, holes []span, hashes []hash.Hash) error {
	free := make(chan *block, readAhead)
	for range readAhead - 1 {
		free <- blocks.Get().(*block)
	}
	var wg sync.WaitGroup
	queues := make([]chan *block, len(hashes))
	for i, h := range hashes {
		queues[i] = make(chan *block, readAhead)
		wg.Go(func() {
			for b := range queues[i] {
				b.feed(h, holes)
				b.done(free)
			}
		})
	}
	var err error
	for b := first; err == nil; {
		b.uses.Store(int32(len(hashes)) + 1)
		for _, q := range queues {
			q <- b
		}
		b.done(free)
		b = <-free
		if err = b.read(src); err != nil {
			free <- b
		}
	}
	for _, q := range queues {
		close(q)
	}
	wg.Wait()
	for range readAhead {
		blocks.Put(<-free)
	}
	if err == io.EOF {
		err = nil
	}
	return err
}

func (b *block) read(src source) (err error) {
	b.at, b.n, err = src(b.buf)
	return err
}

// done gives the block back when the last digest has seen it.
func (b *block) done(free chan<- *block) {
	if b.uses.Add(-1) == 0 {
		free <- b
	}
}

// feed writes the block to a digest, without the holes.
func (b *block) feed(h hash.Hash, holes []span) {
	at, end := b.at, b.at+int64(b.n)
	for _, hole := range holes {
		if hole.end <= at || hole.start >= end {
			continue
		}
		if hole.start > at {
			h.Write(b.buf[at-b.at : hole.start-b.at])
		}
		at = min(hole.end, end)
	}
	h.Write(b.buf[at-b.at : b.n])
}
