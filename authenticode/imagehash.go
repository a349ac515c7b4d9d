package authenticode

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"maps"

	"prestage/authenticode/winerror"
)

// Sums holds digests by algorithm.
type Sums map[crypto.Hash][]byte

// ImageSums are the digests of an image.
type ImageSums struct {
	// Sums are the Authenticode digests in the linear form of rule 94: the
	// whole file but the CheckSum field, the directory entry of the
	// certificate table and that table.
	Sums Sums
	// Padded are the digests of the image with zeros appended to a multiple of
	// 8 bytes, as catalogs list unsigned images (rule 99, L2); nil when the
	// file has a certificate table or needs no padding.
	Padded Sums
	// TrailingData says that bytes follow the certificate table. They are part
	// of Sums, but Windows' own form of the hash is different for such a file
	// (rule 98): a match of Sums is then no match that Windows is known to make.
	TrailingData bool
}

// ErrHashUnavailable says that a digest algorithm is none that can be computed.
var ErrHashUnavailable = errors.New("digest algorithm is not available")

// Hash computes the Authenticode digests of the image, in one pass over the
// file. What was computed before is not computed again.
func (m *Image) Hash(algs ...crypto.Hash) (ImageSums, error) {
	m.sumsMu.Lock()
	defer m.sumsMu.Unlock()
	var missing []crypto.Hash
	for _, alg := range algs {
		if m.sums.Sums[alg] == nil {
			missing = append(missing, alg)
		}
	}
	if len(missing) > 0 {
		if err := m.hash(missing); err != nil {
			return ImageSums{}, err
		}
	}
	out := ImageSums{Sums: make(Sums, len(algs)), TrailingData: m.table.After > 0}
	for _, alg := range algs {
		out.Sums[alg] = m.sums.Sums[alg]
		if sum := m.sums.Padded[alg]; sum != nil {
			if out.Padded == nil {
				out.Padded = make(Sums, len(algs))
			}
			out.Padded[alg] = sum
		}
	}
	return out, nil
}

// hash adds digests to m.sums.
func (m *Image) hash(algs []crypto.Hash) error {
	hashes, err := newHashes(algs)
	if err != nil {
		return err
	}
	if err := run(m.source(), m.holes(), hashes); err != nil {
		return err
	}
	if m.sums.Sums == nil {
		m.sums = ImageSums{Sums: make(Sums), Padded: make(Sums)}
	}
	maps.Copy(m.sums.Sums, sumsOf(algs, hashes))
	if odd := m.Size % 8; odd != 0 && m.table.Size == 0 {
		for _, h := range hashes {
			h.Write(make([]byte, 8-odd))
		}
		maps.Copy(m.sums.Padded, sumsOf(algs, hashes))
	}
	return nil
}

// holes are the parts of the file that the image hash omits, besides the
// certificate table (rules 94 and 95).
func (m *Image) holes() []span {
	list := []span{{m.layout.checksum, m.layout.checksum + 4}}
	if m.layout.directory != 0 {
		list = append(list, span{m.layout.directory, m.layout.directory + 8})
	}
	return list
}

// source reads the file from its start, jumping over the certificate table.
func (m *Image) source() source {
	var at int64
	table := span{m.table.Offset, m.table.Offset + m.table.Size}
	return func(buf []byte) (int64, int, error) {
		end := m.Size
		if table.start < table.end {
			if at == table.start {
				at = table.end
			}
			if at < table.start {
				end = table.start
			}
		}
		n := int(min(int64(len(buf)), end-at))
		if n == 0 {
			return at, 0, io.EOF
		}
		start := at
		at += int64(n)
		return start, n, fill(m.r, buf[:n], start)
	}
}

// CheckDigest compares the image with what a signature of it signs: the digest
// in s.Indirect, recomputed in its algorithm. A nil Problem says that they are
// the same; whether the signature holds is another question, which s.Problem
// answers. The error says that the file could not be read.
func (m *Image) CheckDigest(s *Signature) (*Problem, error) {
	d := s.Indirect
	switch {
	case d == nil && s.ContentType == OIDIndirectData:
		return problem(winerror.CryptBadMessage, "the signature does not say which image it is for"), nil
	case d == nil:
		return problem(winerror.TrustNoSignature, fmt.Sprintf("the signature is over content of type %s, not over a file", s.ContentType)), nil
	case d.DataType != OIDPEImageData:
		return problem(winerror.TrustSubjectFormUnknown, fmt.Sprintf("the signature is for a file of type %s, not for a PE image", d.DataType)), nil
	case d.DigestAlgorithm == 0:
		return problem(winerror.CryptUnknownAlgo, fmt.Sprintf("the image's digest algorithm %s is not known", d.DigestOID)), nil
	case m.table.After > 0:
		return problem(winerror.TrustBadDigest, fmt.Sprintf("%d bytes follow the certificate table, which no signature covers", m.table.After)), nil
	}
	sums, err := m.Hash(d.DigestAlgorithm)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(sums.Sums[d.DigestAlgorithm], d.Digest) {
		return problem(winerror.TrustBadDigest, "the image is not the one that was signed"), nil
	}
	return nil, nil
}
