package prestage

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"prestage/authenticode"
	"prestage/authenticode/cab"
	"prestage/authenticode/winerror"
	"prestage/catalog"
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

// membership is a catalog that lists the file.
type membership struct {
	listing *listing
	member  *catalog.Member
	hash    crypto.Hash
	kind    HashKind
	digest  []byte
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

// listing is a catalog to look files up in.
type listing struct {
	path string
	read func() (*catalog.Catalog, error)
	// signatures judges the catalog's signature, once.
	signatures func() []SignatureFacts
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

// openCatalogs finds the catalogs to look in. Each is read when it is needed.
func (v *verifier) openCatalogs() error {
	if v.Catalog != "" {
		v.listings = []*listing{v.listing(v.Catalog)}
		return nil
	}
	if v.CatalogDB == "" {
		return nil
	}
	err := filepath.WalkDir(v.CatalogDB, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.EqualFold(filepath.Ext(name), ".cat") {
			v.listings = append(v.listings, v.listing(name))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("catalog database: %w", err)
	}
	if len(v.listings) == 0 {
		return fmt.Errorf("catalog database: %s holds no catalog (*.cat)", v.CatalogDB)
	}
	v.gather.each(len(v.listings), func(i int) { v.listings[i].read() })
	return nil
}

func (v *verifier) listing(name string) *listing {
	l := &listing{path: filepath.ToSlash(name)}
	l.read = sync.OnceValues(func() (*catalog.Catalog, error) {
		data, err := readLimited(os.DirFS(filepath.Dir(name)), filepath.Base(name), maxCatalogSize)
		if err != nil {
			return nil, err
		}
		return catalog.Parse(data)
	})
	l.signatures = sync.OnceValue(func() []SignatureFacts {
		c, err := l.read()
		if err != nil || !c.Signed() {
			return nil
		}
		return v.gather.judge(c.Signature)
	})
	return l
}

// unreadableCatalogs are warnings about a database: a file that was not found in
// it might be listed there.
func (v *verifier) unreadableCatalogs() []NoteReport {
	var all []NoteReport
	if v.CatalogDB == "" {
		return nil
	}
	for _, l := range v.listings {
		if _, err := l.read(); err != nil {
			all = append(all, NoteReport{"verify-catalog-unreadable", fmt.Sprintf("%s: not searched: %v", l.path, err)})
		}
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

// lookUp looks the file up in the catalogs.
func (v *verifier) lookUp(s *subject) {
	if len(v.listings) == 0 || s.err != nil {
		return
	}
	s.catalogs = true
	if v.Catalog != "" {
		if _, s.catalogErr = v.listings[0].read(); s.catalogErr != nil {
			return
		}
	}
	sc, err := v.hashes(s)
	if err != nil {
		s.err = err
		return
	}
	for _, l := range v.listings {
		c, err := l.read()
		if err != nil {
			continue // unreadableCatalogs tells
		}
		h := v.lookUpHash(c)
		for _, f := range s.forms(sc, h) {
			if member, ok := c.Lookup(f.digest); ok && len(f.digest) > 0 {
				s.found = append(s.found, membership{l, member, h, f.kind, f.digest})
				break
			}
		}
	}
	if len(s.found) == 0 {
		s.elsewhere = v.whyNotListed(s, sc)
	}
}

// lookUpHash is the digest by which Windows looks files up in the catalog
// (rules 67, 73 and 74), or the one that was asked for.
func (v *verifier) lookUpHash(c *catalog.Catalog) crypto.Hash {
	switch {
	case v.CatalogHash != 0:
		return v.CatalogHash
	case c.Version == 2 && v.windows.Staging.CatalogV2:
		return crypto.SHA256
	}
	return crypto.SHA1
}

// hashes computes the digests that the catalogs ask for, in one pass.
func (v *verifier) hashes(s *subject) (*scan, error) {
	var algs []crypto.Hash
	for _, l := range v.listings {
		if c, err := l.read(); err == nil {
			if h := v.lookUpHash(c); !slices.Contains(algs, h) {
				algs = append(algs, h)
			}
		}
	}
	sc := &scan{size: s.size, image: s.image, pointer: isLFSPointer(s.content, s.size)}
	sc.text = func() ([]byte, error) { return s.readAll(maxINFSize) }
	if s.image != nil {
		var err error
		sc.sums, err = s.image.Hash(algs...)
		return sc, err
	}
	sums, err := authenticode.FlatHash(io.NewSectionReader(s.content, 0, s.size), algs...)
	sc.flat = func() (authenticode.Sums, error) { return sums, err }
	return sc, err
}

// form is a digest under which a catalog may list a file.
type form struct {
	kind   HashKind
	digest []byte
}

// forms are the digests of the file by one algorithm: those that make it a
// member of a package's catalog, and that of a signed cabinet (rule 76).
func (s *subject) forms(sc *scan, h crypto.Hash) []form {
	var all []form
	if s.cabinet != nil {
		if sum, err := cabinetDigest(s.cabinet, s.content, h); err == nil {
			all = append(all, form{ImageHash, sum})
		}
	}
	for _, kind := range sc.kinds() {
		all = append(all, form{kind, sc.hashes(kind)[h]})
	}
	return all
}

// whyNotListed looks for what would explain that no catalog lists the file.
func (v *verifier) whyNotListed(s *subject, sc *scan) string {
	if sc.pointer {
		return "it is a Git LFS pointer, not the real content: run git lfs pull"
	}
	if s.image != nil && sc.sums.TrailingData {
		return "bytes follow its certificate table, which no hash that Windows is known to take covers"
	}
	for _, l := range v.listings {
		c, err := l.read()
		if err != nil {
			continue
		}
		if _, id := hint(c, sc); id != "" {
			return fmt.Sprintf("%s lists its form %s: restore the file as it was signed", l.path, formName(id))
		}
		for _, h := range digests {
			if h == v.lookUpHash(c) {
				continue
			}
			if other := v.otherDigest(s, h); other != nil {
				if _, ok := c.Lookup(other); ok {
					return fmt.Sprintf("%s lists it by %s, and %s looks a version %d catalog up by %s", l.path, hashName(h), v.windows.Title, c.Version, hashName(v.lookUpHash(c)))
				}
			}
		}
	}
	return ""
}

// otherDigest is the digest of the file by an algorithm that was not asked for.
func (v *verifier) otherDigest(s *subject, h crypto.Hash) []byte {
	if s.image != nil {
		sums, err := s.image.Hash(h)
		if err != nil {
			return nil
		}
		return sums.Sums[h]
	}
	sums, err := authenticode.FlatHash(io.NewSectionReader(s.content, 0, s.size), h)
	if err != nil {
		return nil
	}
	return sums[h]
}

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
		for _, facts := range v.gather.judge(sig) {
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
	for _, facts := range v.gather.judge(sig) {
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
		s.addMessage(v.gather.judge(c.Signature))
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
	s.addMessage(v.gather.judge(sig))
}

// addMessage adds the signatures of a file that is itself the message. Its
// digest is that of the content (rule 60).
func (s *subject) addMessage(list []SignatureFacts) {
	for _, facts := range list {
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

// listed makes the subject what a catalog says of it: the catalog's signatures,
// over the file's digest. Page hashes cost a second pass over the file, so they
// are compared only where they are asked for.
func (s *subject) listed(m membership, pages bool) *subject {
	t := *s
	c, _ := m.listing.read() // it was read to be found
	t.setOrder, t.found = c.Ordered, []membership{m}
	t.signatures = nil
	for i, facts := range m.listing.signatures() {
		x := signed{SignatureFacts: facts, index: i, hash: m.hash, digest: m.digest, paged: m.member.PageHashes}
		x.pages = authenticode.PageHashNone
		if s.image != nil && pages {
			x.pages = s.image.ComparePageHashes(m.member.PageHashes)
		}
		t.signatures = append(t.signatures, x)
	}
	return &t
}
