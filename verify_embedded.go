package prestage

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"

	"prestage/authenticode"
	"prestage/authenticode/cab"
	"prestage/authenticode/winerror"
	"prestage/catalog"
)

// readEmbedded reads the file's own signature.
func (v *verifier) readEmbedded(s *subject) {
	switch s.kind {
	case SubjectPE:
		v.readImageSignatures(s)
	case SubjectCabinet:
		v.readCabinetSignature(s)
	case SubjectCatalog:
		v.readCatalogSignature(s)
	case SubjectPKCS7:
		v.readMessage(s)
	}
}

func (v *verifier) readImageSignatures(s *subject) {
	if s.image == nil {
		return
	}
	list, err := s.image.Signatures()
	if err != nil {
		s.signatureErr = err
		return
	}
	table := s.image.CertificateTable()
	for _, sig := range list {
		if s.err = hashFor(s.image, sig); s.err != nil {
			return
		}
		for _, facts := range v.judge(sig) {
			x := signed{SignatureFacts: facts, index: len(s.signatures), padding: table.PaddingNonZero}
			if x.ImageProblem, s.err = s.image.CheckDigest(facts.Signature); s.err != nil {
				return
			}
			if d := facts.Signature.Indirect; d != nil && d.DigestAlgorithm != 0 {
				sums, err := s.image.Hash(d.DigestAlgorithm)
				if err != nil {
					s.err = err
					return
				}
				x.hash, x.digest, x.paged = d.DigestAlgorithm, sums.Sums[d.DigestAlgorithm], d.PageHashes
			}
			x.pages = s.image.CheckPageHashes(facts.Signature)
			s.signatures = append(s.signatures, x)
		}
	}
}

// hashFor computes all digests that the signatures ask for in one pass.
func hashFor(m *authenticode.Image, sig *authenticode.Signature) error {
	var algs []crypto.Hash
	for _, x := range sig.All() {
		if d := x.Indirect; d != nil && d.DigestAlgorithm != 0 && !slices.Contains(algs, d.DigestAlgorithm) {
			algs = append(algs, d.DigestAlgorithm)
		}
	}
	if len(algs) == 0 {
		return nil
	}
	_, err := m.Hash(algs...)
	return err
}

func (v *verifier) readCabinetSignature(s *subject) {
	if s.cabinet == nil {
		return
	}
	where, err := s.cabinet.Signature()
	if err != nil || where == (cab.Range{}) {
		s.signatureErr = err
		return
	}
	if where.Size > maxSignatureSize {
		s.signatureErr = fmt.Errorf("offset %d: %w: %d bytes, the limit is %d", where.Offset, errTooLarge, where.Size, int64(maxSignatureSize))
		return
	}
	data := make([]byte, where.Size)
	if n, err := s.content.ReadAt(data, where.Offset); n < len(data) {
		s.err = plainError(err)
		return
	}
	sig, err := authenticode.ParseSignature(data)
	if err != nil {
		s.signatureErr = fmt.Errorf("offset %d: %w", where.Offset, err)
		return
	}
	for _, facts := range v.judge(sig) {
		x := signed{SignatureFacts: facts, index: len(s.signatures), pages: authenticode.PageHashNone}
		x.padding = len(bytes.Trim(sig.Trailing, "\x00")) > 0
		if x.ImageProblem, s.err = s.checkCabinet(&x); s.err != nil {
			return
		}
		s.signatures = append(s.signatures, x)
	}
}

// checkCabinet compares the cabinet with what a signature of it signs.
func (s *subject) checkCabinet(x *signed) (*authenticode.Problem, error) {
	d := x.Signature.Indirect
	switch {
	case d == nil:
		return &authenticode.Problem{Code: winerror.TrustNoSignature, Detail: fmt.Sprintf("the signature is over content of type %s, not over a file", x.Signature.ContentType)}, nil
	case d.DataType != authenticode.OIDCabData:
		return &authenticode.Problem{Code: winerror.TrustSubjectFormUnknown, Detail: fmt.Sprintf("the signature is for a file of type %s, not for a cabinet", d.DataType)}, nil
	case d.DigestAlgorithm == 0:
		return &authenticode.Problem{Code: winerror.CryptUnknownAlgo, Detail: fmt.Sprintf("the cabinet's digest algorithm %s is not known", d.DigestOID)}, nil
	}
	sum, err := cabinetDigest(s.cabinet, s.content, d.DigestAlgorithm)
	if err != nil {
		return nil, err
	}
	x.hash, x.digest = d.DigestAlgorithm, sum
	if !bytes.Equal(sum, d.Digest) {
		return &authenticode.Problem{Code: winerror.TrustBadDigest, Detail: "the cabinet is not the one that was signed"}, nil
	}
	return nil, nil
}

// errUnsignedCabinet says that a cabinet has no digest of its own.
var errUnsignedCabinet = errors.New("the digest of a cabinet without a signature is not known")

// cabinetDigest is the Authenticode digest of a signed cabinet.
func cabinetDigest(c *cab.Cabinet, r io.ReaderAt, h crypto.Hash) ([]byte, error) {
	ranges, err := c.DigestRanges()
	if err != nil {
		return nil, err
	}
	if len(ranges) == 0 {
		return nil, errUnsignedCabinet
	}
	parts := make([]io.Reader, len(ranges))
	for i, part := range ranges {
		parts[i] = io.NewSectionReader(r, part.Offset, part.Size)
	}
	sums, err := authenticode.FlatHash(io.MultiReader(parts...), h)
	return sums[h], err
}

func (v *verifier) readCatalogSignature(s *subject) {
	data, err := s.readAll(maxCatalogSize)
	if err != nil {
		s.err = err
		return
	}
	c, err := catalog.Parse(data)
	if err != nil {
		s.signatureErr = err
		return
	}
	s.setOrder = c.Ordered
	if c.Signed() {
		s.addMessage(v.judge(c.Signature))
	}
}

func (v *verifier) readMessage(s *subject) {
	data, err := s.readAll(maxCatalogSize)
	if err != nil {
		s.err = err
		return
	}
	sig, err := authenticode.ParseSignature(data)
	if err != nil {
		s.signatureErr = err
		return
	}
	s.addMessage(v.judge(sig))
}

// addMessage adds the signatures of a file that is itself the message. Its
// digest is that of the content (rule 60). A nested signature over other content
// says nothing of the file.
func (s *subject) addMessage(list []SignatureFacts) {
	for _, facts := range list {
		if sig := facts.Signature; facts.Nested && !sig.Detached && !bytes.Equal(sig.Content, list[0].Signature.Content) {
			facts.ImageProblem = &authenticode.Problem{Code: winerror.TrustBadDigest, Detail: "the nested signature is over other content"}
		}
		x := signed{SignatureFacts: facts, index: len(s.signatures), pages: authenticode.PageHashNone}
		if h := facts.Signature.DigestAlgorithm; h.Available() {
			sum := h.New()
			sum.Write(facts.Signature.Content)
			x.hash, x.digest = h, sum.Sum(nil)
		}
		s.signatures = append(s.signatures, x)
	}
}

// maxSignatureSize bounds the signature of a cabinet, as that of an image is.
const maxSignatureSize = 16 << 20
