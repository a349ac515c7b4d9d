package prestage

import (
	"crypto"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"prestage/authenticode"
	"prestage/authenticode/cab"
	"prestage/catalog"
	"prestage/trust"
	"prestage/trust/blocklist"
)

// digests are the hashes that catalogs list (rule 69).
var digests = []crypto.Hash{crypto.SHA1, crypto.SHA256}

// shared is what the packages of a tree have in common: every catalog and
// every file is read once, however many INFs name it.
type shared struct {
	mu       sync.Mutex
	catalogs map[sharedKey]func() catalogRead
	scans    map[sharedKey]func() *scan
}

// sharedKey names a file and everything that a judgement on it rests on: what
// was found with one machine's stores must not answer for another's.
type sharedKey struct {
	store  *trust.Store
	at     time.Time
	blocks *blocklist.Policy
	name   string
}

func (g Gatherer) key(name string) sharedKey { return sharedKey{g.Store, g.At, g.BlockList, name} }

func newShared() *shared {
	return &shared{catalogs: map[sharedKey]func() catalogRead{}, scans: map[sharedKey]func() *scan{}}
}

// once returns the result of read for key, which is computed by whoever asks
// first.
func once[T any](mu *sync.Mutex, m map[sharedKey]func() T, key sharedKey, read func() T) T {
	mu.Lock()
	f := m[key]
	if f == nil {
		f = sync.OnceValue(read)
		m[key] = f
	}
	mu.Unlock()
	return f()
}

// catalogRead is a catalog as read and judged.
type catalogRead struct {
	catalog    *catalog.Catalog
	signatures []SignatureFacts
	err        error
}

func (s *shared) catalog(g Gatherer, p *Package, name string) catalogRead {
	return once(&s.mu, s.catalogs, g.key(path.Join(p.dir, name)), func() catalogRead {
		data, err := p.read(name, maxCatalogSize)
		if err != nil {
			return catalogRead{err: err}
		}
		c, err := catalog.Parse(data)
		if err != nil {
			return catalogRead{err: err}
		}
		r := catalogRead{catalog: c}
		if c.Signed() {
			r.signatures = g.judge(c.Signature)
		}
		return r
	})
}

// judge gives the verdict on a signature and on those nested in it.
func (g Gatherer) judge(s *authenticode.Signature) []SignatureFacts {
	var all []SignatureFacts
	// One budget for the message, however many signatures nest in it.
	o := trust.Options{At: g.At, Purpose: trust.CodeSigning, Budget: trust.NewBudget()}
	for i, sig := range s.All() {
		all = append(all, SignatureFacts{
			Signature: sig,
			Nested:    i > 0,
			Verdict:   trust.Verify(sig, g.Store, o),
			Kernel:    trust.Verify(sig, kernelStore(), o),
		})
	}
	return all
}

// kernelStore stands for the roots that are built into Windows.
var kernelStore = sync.OnceValue(trust.DefaultStore)

// scan is what was found in a file on disk.
type scan struct {
	err   error
	size  int64
	image *authenticode.Image
	sums  authenticode.ImageSums // of the image
	// pointer: a Git LFS pointer.
	pointer    bool
	signatures []SignatureFacts
	// listed is what the block list looks at, nil where none is given or the
	// file is no image.
	listed *blocklist.File
	// unsignable says why the embedded signature could not be read.
	unsignable error
	// expanded is the content of a compressed source, nil for others.
	expanded *scan

	// flat is the hash of all bytes, nil for an image: catalogs list that by
	// another.
	flat authenticode.Sums
	// text returns the whole file if it is small enough to be looked at, nil
	// where it cannot be had again.
	text func() ([]byte, error)
	// forms are the sums of the file's other forms, by their ids.
	forms func() []otherForm
}

func (s *shared) scan(g Gatherer, p *Package, name string) *scan {
	return once(&s.mu, s.scans, g.key(path.Join(p.dir, name)), func() *scan {
		c, err := p.open(name)
		if err != nil {
			return &scan{err: err}
		}
		defer c.close()
		sc := g.scan(c, c.size)
		sc.text = func() ([]byte, error) { return p.read(name, maxINFSize) }
		if strings.HasSuffix(name, "_") {
			sc.expand(g, c)
		}
		return sc
	})
}

// scan looks at an open file: is it an image, what is its hash, who signed
// it.
func (g Gatherer) scan(r io.ReaderAt, size int64) *scan {
	sc := &scan{size: size, pointer: isLFSPointer(r, size)}
	sc.forms = sync.OnceValue(sc.otherForms)
	image, err := authenticode.ReadImage(r, size)
	if err != nil {
		// What cannot be read as an image is hashed flat, as Windows does
		// (rule 79).
		sc.flat, sc.err = authenticode.FlatHash(io.NewSectionReader(r, 0, size), digests...)
		return sc
	}
	sc.image = image
	if sc.sums, err = image.Hash(digests...); err != nil {
		sc.err = err
		return sc
	}
	if g.BlockList != nil {
		listed, err := blocklist.FileOf(r, size)
		if err != nil {
			sc.err = err
			return sc
		}
		sc.listed = &listed
	}
	signatures, err := image.Signatures()
	if err != nil {
		sc.unsignable = err
		return sc
	}
	for _, sig := range signatures {
		for _, facts := range g.judge(sig) {
			problem, err := image.CheckDigest(facts.Signature)
			if err != nil {
				sc.err = err
				return sc
			}
			facts.ImageProblem = problem
			sc.signatures = append(sc.signatures, facts)
		}
	}
	return sc
}

// expand scans the content of a compressed source, whose expanded form is
// what the catalog lists (rule 29).
func (sc *scan) expand(g Gatherer, c *content) {
	_, r, _, err := cab.ExpandReader(c, c.size)
	if errors.Is(err, cab.ErrNotCompressed) {
		return
	}
	if err != nil {
		sc.err = err
		return
	}
	defer r.Close()
	expanded, err := spool(r)
	if err != nil {
		sc.err = err
		return
	}
	defer expanded.close()
	sc.expanded = g.scan(expanded, expanded.size)
}

// packed scans a file of a cabinet of the package.
func (s *shared) packed(g Gatherer, p *Package, cabinet, name string) *scan {
	return once(&s.mu, s.scans, g.key(path.Join(p.dir, cabinet)+"\x00"+fold(name)), func() *scan {
		c, err := p.open(cabinet)
		if err != nil {
			return &scan{err: err}
		}
		defer c.close()
		archive, err := cab.Open(c, c.size)
		if err != nil {
			return &scan{err: err}
		}
		file := archive.Lookup(strings.ReplaceAll(name, `\`, "/"))
		if file == nil {
			return &scan{err: fs.ErrNotExist}
		}
		r, err := file.Open()
		if err != nil {
			return &scan{err: err}
		}
		defer r.Close()
		content, err := spool(r)
		if err != nil {
			return &scan{err: err}
		}
		defer content.close()
		return g.scan(content, content.size)
	})
}

// lfsPrefix begins every Git LFS pointer.
const lfsPrefix = "version https://git-lfs.github.com/spec/"

func isLFSPointer(r io.ReaderAt, size int64) bool {
	if size < int64(len(lfsPrefix)) || size > 1024 {
		return false
	}
	b := make([]byte, len(lfsPrefix))
	_, err := r.ReadAt(b, 0)
	return err == nil && string(b) == lfsPrefix
}
