package prestage

import (
	"bytes"
	"crypto"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"prestage/inf"
	"prestage/trust"
	"prestage/trust/blocklist"
)

// Gatherer turns packages into facts. What the packages of one tree share, a
// catalog beside a hundred INFs say, it reads and judges once.
// It is safe for use by several goroutines.
type Gatherer struct {
	// Store is the picture of the machine's certificate stores.
	Store *trust.Store
	// At is the clock that validity is judged at. There is no default: a
	// forgotten clock must not decide.
	At time.Time
	// BlockList is Microsoft's list of vulnerable drivers, nil if none is
	// given.
	BlockList *blocklist.Policy
	// Jobs is how many files are read at a time; below 1 means 1.
	Jobs int
}

// errNoClock is the cause when a caller forgot the clock.
var errNoClock = errors.New("no time to judge validity at: set At")

// Gather reads everything that the package's INF names and says what is
// true of it. An error means that the package could not be judged at all;
// a file that is missing, altered or unreadable is a fact.
func (g Gatherer) Gather(p *Package) (*Facts, error) {
	if g.At.IsZero() {
		return nil, errNoClock
	}
	if ok, why := p.File.IsDriver(); !ok {
		return nil, &NotDriverError{Why: why, Harmless: p.File.Kind() == inf.KindNone || p.File.Kind() == inf.KindUnknown}
	}
	f := &Facts{
		INF:     p.Display(path.Base(p.INF)),
		File:    p.File,
		Version: p.File.Version(),
		Archs:   p.File.Architectures(),
	}
	f.Included, f.MissingINFs = otherINFs(p)
	f.Catalogs = g.catalogs(p, f)
	f.Files = g.files(p, f)
	f.Findings = findings(g, p, f)
	return f, nil
}

// leavesPackage reports that a name is not one inside the INF's folder, as
// opposed to one whose place the INF does not tell.
func leavesPackage(err error) bool {
	for _, untold := range []error{inf.ErrNoDisk, inf.ErrTwoPlaces, inf.ErrStringInName} {
		if errors.Is(err, untold) {
			return false
		}
	}
	return true
}

// otherINFs looks for the INFs that the package's INF names: those that it
// includes and that lie beside it, which they must not, and those that it
// copies and that are not there (rules 41 and 44).
func otherINFs(p *Package) (included, missing []string) {
	names := p.File.Version().LayoutFiles
	for _, i := range p.File.Includes() {
		names = append(names, i.Name)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		// Any answer but "there is none" leaves a doubt.
		if _, err := p.Find(strings.ReplaceAll(name, `\`, "/")); !errors.Is(err, fs.ErrNotExist) {
			included = append(included, name)
		}
	}
	for _, c := range p.File.CopyINFs() {
		if c.Problem != nil {
			missing = append(missing, c.Name)
		} else if _, err := p.Find(c.Path); err != nil {
			missing = append(missing, c.Name)
		}
	}
	return included, missing
}

// NotDriverError is the error for an INF that installs no driver, such as
// autorun.inf (L15).
type NotDriverError struct {
	Why string
	// Harmless: nothing in the file looks like one either. An INF that has
	// models and that Windows would not accept is a mistake instead.
	Harmless bool
}

// Error implements error.
func (e *NotDriverError) Error() string { return "not a driver INF: " + e.Why }

// catalogs reads the catalogs that the INF names, in the INF's order. Windows
// looks for a catalog beside the INF only (rule 19).
func (g Gatherer) catalogs(p *Package, f *Facts) []*CatalogFacts {
	var all []*CatalogFacts
	for _, entry := range f.Version.CatalogFiles {
		if !slices.ContainsFunc(allArchs, func(a inf.Arch) bool { return f.applies(entry, a) }) {
			continue // no architecture's, as a finding of the INF says
		}
		c := g.catalog(p, entry)
		for _, a := range f.Archs {
			if f.applies(entry, a) {
				c.Archs = append(c.Archs, a)
			}
		}
		all = append(all, c)
	}
	return all
}

// allArchs are the architectures that INFs can be for.
var allArchs = []inf.Arch{inf.X86, inf.AMD64, inf.ARM64, inf.ARM, inf.IA64}

// applies reports whether the catalog entry is the architecture's.
func (f *Facts) applies(entry inf.CatalogFile, a inf.Arch) bool {
	applicable, ok := f.Version.CatalogFor(a)
	return ok && applicable.Pos == entry.Pos
}

func (g Gatherer) catalog(p *Package, entry inf.CatalogFile) *CatalogFacts {
	c := &CatalogFacts{Name: entry.Name, Path: p.Display(entry.Name), Key: "CatalogFile", Line: entry.Pos.Line, pos: entry.Pos}
	if entry.Decoration != "" {
		c.Key += "." + entry.Decoration
	}
	name, err := p.Find(entry.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return c
	}
	c.Present = true
	if err != nil {
		c.Err = err
		return c
	}
	c.Path = p.Display(name)
	read := p.shared.catalog(g, p, name)
	c.Catalog, c.Signatures, c.Err = read.catalog, read.signatures, read.err
	return c
}

// reference is a file that the INF names, with the architectures whose
// sections name it.
type reference struct {
	inf.SourceFile
	archs []inf.Arch
	// services are the kernel-mode services whose binary it is (rule 46).
	services map[inf.Arch][]inf.Service
}

// key tells references apart: by the path, or by the name where there is no
// path.
func (r *reference) key() string {
	if r.Problem != nil {
		return "\x00" + fold(r.Name)
	}
	return fold(r.Path) + "\x00" + fold(r.Cabinet)
}

// references returns every file that the INF names for some architecture,
// each once.
func references(f *Facts) []*reference {
	var all []*reference
	byKey := map[string]*reference{}
	for _, a := range f.Archs {
		files := f.File.Files(a)
		services := map[string][]inf.Service{}
		binaries := inf.IndexBinaries(files)
		for _, s := range f.File.Services(a) {
			if !s.Kernel {
				continue
			}
			for _, src := range binaries.Of(s) {
				services[src.Path] = append(services[src.Path], s)
			}
		}
		for _, src := range files {
			r := &reference{SourceFile: src, services: map[inf.Arch][]inf.Service{}}
			if old := byKey[r.key()]; old != nil {
				r = old
				// What one architecture needs, the package must have.
				r.Inbox, r.Literal = r.Inbox && src.Inbox, r.Literal && src.Literal
			} else {
				byKey[r.key()] = r
				all = append(all, r)
			}
			r.archs = append(r.archs, a)
			if src.Problem == nil && len(services[src.Path]) > 0 {
				r.services[a] = services[src.Path]
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *reference) int { return strings.Compare(a.key(), b.key()) })
	return all
}

// files gathers the INF and every file that a catalog must cover.
func (g Gatherer) files(p *Package, f *Facts) []*FileFacts {
	refs := references(f)
	files := make([]*FileFacts, 1+len(refs))
	files[0] = &FileFacts{Role: RoleINF, Archs: f.Archs}
	for i, r := range refs {
		files[1+i] = &FileFacts{Path: p.Display(r.Path), Role: RoleFile, Line: r.Pos.Line, Archs: r.archs, Services: r.services, Inbox: r.Inbox || r.Literal}
		if len(r.services) > 0 {
			files[1+i].Role = RoleDriver
		}
		if r.Problem != nil {
			files[1+i].Path = r.Name
		}
	}
	g.each(len(files), func(i int) {
		if i == 0 {
			g.inf(p, f, files[0])
			return
		}
		g.source(p, f, files[i], refs[i-1])
	})
	return files
}

// each runs do for 0 to n-1, as many at a time as there are jobs.
func (g Gatherer) each(n int, do func(int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(max(g.Jobs, 1), n) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// inf gathers the INF itself: the very bytes that were parsed.
func (g Gatherer) inf(p *Package, f *Facts, file *FileFacts) {
	file.Path, file.Present = f.INF, true
	sc := g.scan(bytes.NewReader(p.Data), int64(len(p.Data)))
	sc.text = func() ([]byte, error) { return p.Data, nil }
	if _, err := p.Find(path.Base(p.INF)); err != nil {
		sc.err = err // another file is the same one on Windows
	}
	g.cover(f, file, sc)
}

// source gathers a file that the INF copies. A reference that leaves the
// package is never followed.
func (g Gatherer) source(p *Package, f *Facts, file *FileFacts, r *reference) {
	if r.Problem != nil {
		file.Err, file.Outside = r.Problem, leavesPackage(r.Problem)
		g.cover(f, file, nil)
		return
	}
	candidates := r.Candidates
	if r.CabinetOnly {
		candidates = nil
	}
	var present []string
	for _, name := range candidates {
		found, err := p.Find(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			file.Err = err
			g.cover(f, file, nil)
			return
		}
		present = append(present, found)
	}
	if len(present) > 0 {
		g.file(p, f, file, present[0])
		g.twins(p, f, file, present[1:])
		return
	}
	if r.Cabinet != "" && g.packed(p, f, file, r) {
		return
	}
	g.cover(f, file, nil)
}

// twins looks at compressed forms beside the file itself. Which of them
// Windows takes is not known, so each must be covered.
func (g Gatherer) twins(p *Package, f *Facts, file *FileFacts, names []string) {
	for _, name := range names {
		twin := &FileFacts{Present: true}
		g.cover(f, twin, p.shared.scan(g, p, name))
		for c, cov := range twin.coverage {
			own := file.coverage[c]
			switch {
			case cov.State == NotMember:
				own, file.Twin = cov, name
			case cov.State == Covered && own.State == Covered:
				// Of use are only the digests by which both are members.
				own.By = slices.DeleteFunc(slices.Clone(own.By), func(h crypto.Hash) bool { return !slices.Contains(cov.By, h) })
			}
			file.coverage[c] = own
		}
	}
}

// packed gathers a file that lies in a cabinet of the package (rule 25).
func (g Gatherer) packed(p *Package, f *Facts, file *FileFacts, r *reference) bool {
	found, err := p.Find(r.Cabinet)
	if err != nil {
		return false
	}
	sc := p.shared.packed(g, p, found, r.Name)
	if errors.Is(sc.err, fs.ErrNotExist) {
		return false
	}
	file.Path, file.Present = p.Display(found)+"/"+r.Name, true
	g.cover(f, file, sc)
	return true
}

// file gathers a file that is there.
func (g Gatherer) file(p *Package, f *Facts, file *FileFacts, name string) {
	file.Path = p.Display(name)
	file.Present = true
	g.cover(f, file, p.shared.scan(g, p, name))
}
