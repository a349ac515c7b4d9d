package authenticode

import (
	"bytes"
	"crypto"
	"fmt"
)

// PageHashState says how the page hashes in a signature compare with the
// image (rule 102).
type PageHashState int

const (
	PageHashUnknown PageHashState = iota // the file could not be read, or has no pages to hash
	PageHashNone                         // the signature has no page hashes
	PageHashOK                           // every page has the signed hash
	PageHashBad                          // pages differ, or the list is malformed
)

// String returns "unknown", "none", "ok" or "bad".
func (s PageHashState) String() string {
	switch s {
	case PageHashNone:
		return "none"
	case PageHashOK:
		return "ok"
	case PageHashBad:
		return "bad"
	}
	return "unknown"
}

const (
	machineIA64 = 0x0200
	pageSize    = 0x1000
	pageIA64    = 0x2000
)

// PageHashes computes the page hashes of the image (rule 102): the header
// page, then every page of every section in the order of the section table,
// each filled up with zeros to the size of a page, and at last the end of the
// last section with a digest of zeros. The fields that the image hash omits
// are omitted here as well.
//
// The error says that the file could not be read, or has no pages that could
// be hashed: a section reaches beyond the file, or sections overlap.
func (m *Image) PageHashes(alg crypto.Hash) ([]PageHash, error) {
	if !alg.Available() {
		return nil, fmt.Errorf("digest algorithm %d: %w", uint(alg), ErrHashUnavailable)
	}
	if err := m.checkPages(); err != nil {
		return nil, err
	}
	p := pager{m: m, alg: alg, size: pageSize, holes: m.holes()}
	if m.Machine == machineIA64 {
		p.size = pageIA64
	}
	p.block.buf = make([]byte, p.size)
	// The headers are one entry, however many pages they take.
	if err := p.add(0, int64(m.SizeOfHeaders)); err != nil {
		return nil, err
	}
	end := int64(m.SizeOfHeaders)
	for _, s := range m.Sections {
		if s.SizeOfRawData == 0 {
			continue
		}
		start := int64(s.PointerToRawData)
		end = start + int64(s.SizeOfRawData)
		for at := start; at < end; at += p.size {
			if err := p.add(at, min(at+p.size, end)); err != nil {
				return nil, err
			}
		}
	}
	return append(p.list, PageHash{Offset: uint32(end), Digest: make([]byte, alg.Size())}), nil
}

// checkPages bounds the work: no more than the file has is hashed.
func (m *Image) checkPages() error {
	if int64(m.SizeOfHeaders) > m.Size {
		return fmt.Errorf("offset %d: headers of %d bytes end beyond the file: %w", m.layout.checksum-4, m.SizeOfHeaders, ErrBadImage)
	}
	total := int64(0)
	for _, s := range m.Sections {
		if s.SizeOfRawData == 0 {
			continue
		}
		total += int64(s.SizeOfRawData)
		if int64(s.PointerToRawData)+int64(s.SizeOfRawData) > m.Size || total > m.Size {
			return fmt.Errorf("offset %d: section %s of %d bytes ends beyond the file or overlaps another: %w", s.PointerToRawData, s.Name, s.SizeOfRawData, ErrBadImage)
		}
	}
	return nil
}

// pager hashes pages.
type pager struct {
	m     *Image
	alg   crypto.Hash
	size  int64
	holes []span
	block block
	list  []PageHash
}

// add appends the hash of the file from start to end, filled up with zeros to
// a whole number of pages.
func (p *pager) add(start, end int64) error {
	h := p.alg.New()
	for at := start; at < end; at += p.size {
		b := &p.block
		b.at, b.n = at, int(min(p.size, end-at))
		if err := fill(p.m.r, b.buf[:b.n], at); err != nil {
			return err
		}
		b.feed(h, p.holes)
	}
	if odd := (end - start) % p.size; odd != 0 {
		h.Write(make([]byte, p.size-odd))
	}
	p.list = append(p.list, PageHash{Offset: uint32(start), Digest: h.Sum(nil)})
	return nil
}

// CheckPageHashes recomputes the page hashes that the signature carries and
// compares them, entry by entry.
func (m *Image) CheckPageHashes(s *Signature) PageHashState {
	if s.Indirect == nil || s.Indirect.PageHashes == nil {
		return PageHashNone
	}
	return m.ComparePageHashes(s.Indirect.PageHashes)
}

// ComparePageHashes recomputes page hashes and compares them with a list, such
// as that of a catalog member. A nil list is PageHashNone.
func (m *Image) ComparePageHashes(want *PageHashes) PageHashState {
	if want == nil {
		return PageHashNone
	}
	if want.Entries() == nil {
		return PageHashBad
	}
	got, err := m.PageHashes(want.Algorithm)
	if err != nil {
		return PageHashUnknown
	}
	if !equalPages(got, want.Entries()) {
		return PageHashBad
	}
	return PageHashOK
}

// equalPages compares the pages. The last entry is none: it says where the
// file ended when it was signed, which an earlier signature or debug data may
// have put further out, and its digest is zeros.
func equalPages(got, want []PageHash) bool {
	if len(got) != len(want) {
		return false
	}
	last := len(got) - 1
	for i := range got[:last] {
		if got[i].Offset != want[i].Offset || !bytes.Equal(got[i].Digest, want[i].Digest) {
			return false
		}
	}
	return want[last].Offset >= got[last].Offset && bytes.Equal(want[last].Digest, got[last].Digest)
}
