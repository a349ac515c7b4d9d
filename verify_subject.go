package prestage

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"prestage/authenticode"
	"prestage/authenticode/cab"
	"prestage/catalog"
	"prestage/trust"
)

// SubjectKind is what a file to verify is, told by its content: it decides how
// the file is hashed and where a signature of its own would be.
type SubjectKind int

const (
	// SubjectUnknown is the zero value: the file could not be read.
	SubjectUnknown SubjectKind = iota
	// SubjectPE is a PE image.
	SubjectPE
	// SubjectCatalog is a catalog, which carries its own signature.
	SubjectCatalog
	// SubjectCabinet is a cabinet.
	SubjectCabinet
	// SubjectMSI is a compound file, as Windows Installer packages are. Their
	// own signatures are not read here.
	SubjectMSI
	// SubjectPKCS7 is a file that was given as PKCS #7 message.
	SubjectPKCS7
	// SubjectFlat is any other file: only a catalog can sign it (rule 78).
	SubjectFlat
)

var subjectWords = [...]string{"unknown", "pe", "catalog", "cabinet", "msi", "pkcs7", "flat"}

// String returns the word of the JSON report: pe, catalog, cabinet, msi, pkcs7
// or flat.
func (k SubjectKind) String() string {
	if k < 0 || int(k) >= len(subjectWords) {
		return "unknown"
	}
	return subjectWords[k]
}

// compoundMagic begins every compound file ([MS-CFB] 2.2).
const compoundMagic = 0xE11AB1A1E011CFD0

// subject is a file to verify, and what was found out about it.
type subject struct {
	path string
	kind SubjectKind
	err  error // why it could not be read
	// content has the file open.
	content io.ReaderAt
	size    int64
	image   *authenticode.Image
	cabinet *cab.Cabinet
	// malformed says why a file that begins like an image or a cabinet is none
	// that can be read.
	malformed error

	// catalogs: the file was looked for in catalogs; embedded: its own signature
	// was looked for.
	catalogs, embedded bool
	// catalogErr says why the one catalog that was named could not be read.
	catalogErr error
	// found are the catalogs that list it, in the order of the search.
	found []membership
	// elsewhere says why no catalog lists it, as far as that can be told.
	elsewhere string

	// signatures are its own; signatureErr says why they could not be read.
	signatures   []signed
	signatureErr error
	// setOrder is the first SET OF of a catalog out of DER order.
	setOrder error
}

// signed is one signature, with the digest of the subject that it covers.
type signed struct {
	SignatureFacts
	index   int
	hash    crypto.Hash
	digest  []byte // of the file as it is
	pages   authenticode.PageHashState
	paged   *authenticode.PageHashes // nil: none
	padding bool                     // other bytes than zero follow it
}

type verifier struct {
	VerifyOptions
	gather   Gatherer
	windows  *Windows
	listings []*listing
}

func newVerifier(o VerifyOptions) *verifier {
	return &verifier{
		VerifyOptions: o,
		gather:        Gatherer{Store: o.Store, At: o.At, Jobs: o.Jobs},
		windows:       o.running(),
	}
}

// judge gives the verdict on a signature and on those nested in it. What the
// kernel makes of it is asked for under its policy only.
func (v *verifier) judge(s *authenticode.Signature) []SignatureFacts {
	if v.Policy == KernelPolicy {
		return v.gather.judge(s)
	}
	var all []SignatureFacts
	o := trust.Options{At: v.At, Purpose: trust.CodeSigning, Budget: trust.NewBudget()}
	for i, sig := range s.All() {
		all = append(all, SignatureFacts{Signature: sig, Nested: i > 0, Verdict: trust.Verify(sig, v.Store, o)})
	}
	return all
}

// subject gathers what is true of a file. done releases it.
func (v *verifier) subject(name string) (s *subject, done func()) {
	s = &subject{path: filepath.ToSlash(name)}
	info, err := os.Stat(name)
	if err != nil {
		s.err = plainError(err)
		return s, func() {}
	}
	if !info.Mode().IsRegular() {
		s.err = errors.New("not a regular file")
		return s, func() {}
	}
	f, err := os.Open(name)
	if err != nil {
		s.err = plainError(err)
		return s, func() {}
	}
	s.content, s.size = f, info.Size()
	if v.Policy == PKCS7Policy {
		s.kind = SubjectPKCS7
	} else {
		s.sniff()
	}
	v.lookUp(s)
	if len(s.found) == 0 && s.err == nil && (v.Embedded || !s.catalogs) {
		s.embedded = true
		v.readEmbedded(s)
	}
	return s, func() { f.Close() }
}

// sniff tells the kind of a file by its content (rule 78).
func (s *subject) sniff() {
	head := make([]byte, 8)
	n, err := s.content.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		s.err = plainError(err)
		return
	}
	head = head[:n]
	s.kind = SubjectFlat
	switch {
	case bytes.HasPrefix(head, []byte("MZ")):
		s.image, s.malformed = authenticode.ReadImage(s.content, s.size)
		if errors.Is(s.malformed, authenticode.ErrNotPE) {
			s.malformed = nil // an MS-DOS program, say: nothing that could carry a signature
			return
		}
		s.kind = SubjectPE
	case cab.Sniff(head) == cab.FormatCabinet:
		s.kind = SubjectCabinet
		s.cabinet, s.malformed = cab.Open(s.content, s.size)
	case n == len(head) && n == 8 && binary.LittleEndian.Uint64(head) == compoundMagic:
		s.kind = SubjectMSI
	case strings.EqualFold(filepath.Ext(s.path), ".cat"):
		s.kind = SubjectCatalog
	case n > 0 && head[0] == 0x30 && s.size <= maxCatalogSize:
		if data, err := s.readAll(maxCatalogSize); err == nil {
			if _, err := catalog.Parse(data); err == nil {
				s.kind = SubjectCatalog
			}
		}
	}
}

// readAll returns the whole file.
func (s *subject) readAll(limit int64) ([]byte, error) {
	if s.size > limit {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", errTooLarge, s.size, limit)
	}
	data := make([]byte, s.size)
	if n, err := s.content.ReadAt(data, 0); n < len(data) {
		return nil, fmt.Errorf("the file ends at %d of %d bytes: %w", n, len(data), err)
	}
	return data, nil
}
