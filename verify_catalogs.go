package prestage

import (
	"crypto"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"prestage/authenticode"
	"prestage/catalog"
)

// membership is a catalog that lists the file.
type membership struct {
	listing *listing
	member  *catalog.Member
	hash    crypto.Hash
	kind    HashKind
	digest  []byte
}

// listing is a catalog to look files up in.
type listing struct {
	path string
	read func() (*catalog.Catalog, error)
	// signatures judges the catalog's signature, once.
	signatures func() []SignatureFacts
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
		return v.judge(c.Signature)
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
			if member, ok := c.Lookup(f.digest); ok && len(f.digest) > 0 && f.kind.fits(member.Kind) {
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
	sc.forms = sync.OnceValue(sc.otherForms)
	if s.image != nil {
		var err error
		sc.sums, err = s.image.Hash(algs...)
		return sc, err
	}
	var err error
	sc.flat, err = authenticode.FlatHash(io.NewSectionReader(s.content, 0, s.size), algs...)
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
