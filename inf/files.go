package inf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A SourceFile is a file of the package that the INF names.
type SourceFile struct {
	Name string // source name, as the INF spells it

	// Path is where it lies: relative to the INF's folder, with slashes, in
	// the spelling of the INF (rules 25 to 27). Windows compares without case.
	// Empty when Problem is set.
	Path string

	// Candidates are the paths at which Windows looks, in order: Path, then
	// the names of its compressed forms (rule 29). The catalog covers the
	// expanded file.
	Candidates []string

	Pos     Pos    // of the entry that names it first
	Section string // that the entry is in

	Dest     string // target path, "%12%\x.sys"; "" when the INF gives none
	DestName string // target file name

	// Dests and DestNames are all targets, Dest and DestName the first of
	// them: a list may copy one source to several places.
	Dests     []string
	DestNames []string

	Listed bool // has an entry in SourceDisksFiles (rule 28)

	// Inbox says that the file may be one of Windows' own: it has no entry in
	// SourceDisksFiles, and [Version] LayoutFile names a list of the media of
	// Windows. If the package has it at Path all the same, it must be covered.
	Inbox bool

	// Literal says that the entry holds %strings%, which are not allowed in
	// file names (rule 13), and that this is the file of the name as it
	// stands. Packages that Windows installs show that it substitutes them:
	// the file of the substituted name is listed as well, and is the one that
	// must be there. If the package has this one, it must be covered, too.
	Literal bool

	// Cabinet is the cabinet that holds the file, a path like Path, or "".
	// CabinetOnly says that Windows looks nowhere else; otherwise it looks at
	// Path first (rule 25).
	Cabinet     string
	CabinetOnly bool

	// Problem is why the name has no path inside the package's folder. Such a
	// file must not be opened; Windows cannot stage the package.
	Problem error
}

// What keeps a source file from being found for sure.
var (
	ErrStringInName = errors.New("a string stands where a file name must stand literally, and what Windows makes of it is not known")
	ErrNoDisk       = errors.New("SourceDisksFiles gives a disk that SourceDisksNames does not have")
	ErrTwoPlaces    = errors.New("the inf gives two places for the file")
)

// Files returns the files, besides the INF itself, that the catalog must cover
// for an architecture: every source file that CopyFiles leads to from any
// section that some system of that architecture reads, whatever its version or
// language (rules 42 and 49 to 51). Each path is listed once, with the entry that
// names it first.
//
// Files of included INFs are not among them: Windows has them. Those whose source
// may be the media of Windows are, marked as Inbox.
func (f *File) Files(a Arch) []SourceFile {
	readers := f.readers()
	if len(readers) == 1 {
		return slices.Clone(f.walk(a).files)
	}
	all := fileList{max: maxFiles}
	for _, g := range readers {
		for _, file := range g.walk(a).files {
			all.add(file)
		}
	}
	return all.files
}

// CopyINFs returns the other INFs that the package brings along, on any
// architecture that it serves. Each is a package of its own, with its own
// catalog (rule 44).
func (f *File) CopyINFs() []SourceFile {
	all := fileList{max: maxFiles}
	for _, a := range f.architectures() {
		for _, g := range f.readers() {
			for _, s := range g.walk(a).copyINFs.files {
				all.add(s)
			}
		}
	}
	return all.files
}

// A fileList has every file once, with all its targets.
type fileList struct {
	files []SourceFile
	max   int
	index map[string]int  // by folded path, or by name where there is none
	dests map[string]bool // targets that a file has, by its index
	size  int             // of target paths, in bytes
}

// maxDests is how many bytes of target paths are kept. What decides is the name
// of a target, which is always kept.
const maxDests = 16 << 20

// done drops what only adding needs.
func (x *fileList) done() { x.index, x.dests = nil, nil }

func (x *fileList) add(file SourceFile) {
	if x.index == nil {
		x.index, x.dests = make(map[string]int), make(map[string]bool)
	}
	key := Fold(file.Path)
	if file.Problem != nil {
		key = "\x00" + Fold(file.Name)
	}
	i, ok := x.index[key]
	switch {
	case ok:
		x.merge(i, file)
	case len(x.files) < x.max:
		x.index[key] = len(x.files)
		x.files = append(x.files, SourceFile{})
		targets := file
		file.Dests, file.DestNames = nil, nil
		x.files[len(x.files)-1] = file
		x.targets(len(x.files)-1, targets)
	case len(x.files) == x.max:
		// Not to be read as a complete list: the last entry says so.
		x.files = append(x.files, SourceFile{Name: file.Name, Pos: file.Pos, Section: file.Section,
			Problem: fmt.Errorf("%w: at most %d are read", ErrTooManyFiles, x.max)})
	}
}

// merge adds what another entry says about a file that is listed.
func (x *fileList) merge(i int, file SourceFile) {
	f := &x.files[i]
	f.Inbox = f.Inbox && file.Inbox
	f.Literal = f.Literal && file.Literal
	f.Listed = f.Listed || file.Listed
	if f.Problem == nil && (!equalFold(f.Cabinet, file.Cabinet) || f.CabinetOnly != file.CabinetOnly) {
		f.refuse(fmt.Errorf("%s: %w", f.Path, ErrTwoPlaces))
	}
	x.targets(i, file)
}

// targets adds the targets of an entry.
func (x *fileList) targets(i int, file SourceFile) {
	f := &x.files[i]
	add := func(kind string, list *[]string, targets []string) {
		for _, target := range targets {
			if key := fmt.Sprint(i, kind, Fold(target)); target != "" && !x.dests[key] {
				x.dests[key] = true
				*list = append(*list, target)
			}
		}
	}
	for _, dest := range file.Dests {
		x.size += len(dest)
	}
	if x.size <= maxDests {
		add(" ", &f.Dests, file.Dests)
	}
	add(":", &f.DestNames, file.DestNames)
	f.Dest, f.DestName = firstOf(f.Dests), firstOf(f.DestNames)
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// copyFiles reads CopyFiles = @file | list[, list]… (rule 42).
func (c *closure) copyFiles(l *Line, s *Section) {
	for i, field := range l.Values {
		if field == "" {
			continue
		}
		if name, ok := fileReference(field); ok {
			c.source(name, name, l.ValuePos(i), s.Name, "")
			continue
		}
		expanded := c.f.expand(field)
		if name, ok := fileReference(expanded); ok {
			c.add(SourceFile{Name: field, Pos: l.ValuePos(i), Section: s.Name, Problem: fmt.Errorf("%s: %w", shorten(field), ErrStringInName)})
			c.source(name, name, l.ValuePos(i), s.Name, "")
			if c.f.Section(field) == nil {
				continue
			}
		}
		c.list(field, Reference{Name: expanded, Pos: l.ValuePos(i), Section: s.Name, Directive: "CopyFiles"})
	}
}

// fileReference returns the name in "@name".
func fileReference(field string) (name string, ok bool) {
	name, ok = strings.CutPrefix(strings.TrimFunc(field, isWideBlank), "@")
	return strings.TrimFunc(name, isBlank), ok
}

// list reads a section of dest[,source][,unused][,flags]. Its name takes no
// platform decoration.
func (c *closure) list(name string, r Reference) {
	s := c.f.refer(name)
	switch {
	case s == nil:
		c.miss(r)
		return
	case c.lists[s]:
		return
	}
	c.lists[s] = true
	for i := range s.Lines {
		l := &s.Lines[i]
		dest, source, at := l.Value(0), l.Value(1), l.ValuePos(1)
		if source == "" {
			source, at = dest, l.ValuePos(0)
		}
		if source != "" {
			c.source(source, dest, at, s.Name, s.Name)
		}
	}
}

// source keeps a file that an entry names. Names are literal by rule 13, yet the
// drivers that Microsoft's old template for modems was made into name their file
// with a string, and Windows installs them. So every reading is needed. A
// directory number in a name has no reading that leads to a file of the package.
func (c *closure) source(name, dest string, at Pos, section, list string) {
	file := SourceFile{Name: name, Pos: at, Section: section}
	for _, d := range c.spellings(dest) {
		if dir := c.disks.dest(c.f, list); dir != "" && d != "" && units(dir) <= maxPath {
			file.Dests = append(file.Dests, dir+`\`+d)
		}
		file.DestNames = append(file.DestNames, d)
	}
	c.readings(file, c.add)
}

// readings passes on the file of every reading of its name.
func (c *closure) readings(file SourceFile, add func(SourceFile)) {
	for token := range tokens(file.Name) {
		if isDirID(token) {
			file.Problem = fmt.Errorf("%s: %w", shorten(file.Name), ErrStringInName)
		}
	}
	if file.Problem != nil {
		add(file)
		return
	}
	for i, name := range c.spellings(file.Name) {
		file.Name, file.Literal = name, i > 0
		add(file)
	}
}

// spellings returns what a name becomes by substitution, and after it what it is
// without, where that differs.
func (c *closure) spellings(name string) []string {
	if strings.IndexByte(name, '%') < 0 {
		return []string{name}
	}
	all := []string{c.f.expand(name)}
	for _, other := range []string{c.f.literal(name), name} {
		if !slices.Contains(all, other) {
			all = append(all, other)
		}
	}
	return all
}

// add locates a file and keeps it.
func (c *closure) add(file SourceFile) {
	if file.Problem == nil {
		c.locate(&file)
	}
	if hasLookalike(file.Name) {
		c.f.memo.doubt("lookalike", file.Pos, "the file name %s has a letter that some readers take for an ASCII one", shorten(file.Name))
	}
	c.fileList.add(file)
}

// copyINF reads CopyINF = file[, file]…; the names are relative to the INF's
// folder (rule 44).
func (c *closure) copyINF(l *Line, s *Section) {
	for i, field := range l.Values {
		if field == "" {
			continue
		}
		c.readings(SourceFile{Name: field, Pos: l.ValuePos(i), Section: s.Name}, func(file SourceFile) {
			if file.Problem == nil {
				file.setPath(file.Name)
			}
			c.copyINFs.add(file)
		})
	}
}

// setPath fills in the path, or the problem that there is none.
func (s *SourceFile) setPath(parts ...string) {
	p, err := join(parts...)
	switch {
	case err != nil:
	case len(parts) > 0 && strings.Trim(parts[len(parts)-1], `\/. `) == "":
		err = ErrPathEmpty // a folder is no file
	case units(p) > maxPath:
		err = ErrPathLong
	}
	if err != nil {
		parts = slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return p == "" })
		s.refuse(fmt.Errorf("%s: %w", shorten(strings.Join(parts, `\`)), err))
		return
	}
	s.Path = p
	s.Candidates = append([]string{p}, compressedNames(p)...)
}

// refuse takes the path away and says why.
func (s *SourceFile) refuse(why error) {
	s.Path, s.Candidates, s.Cabinet, s.CabinetOnly, s.Inbox = "", nil, "", false, false
	s.Problem = why
}

// shorten cuts a name for messages.
func shorten(name string) string {
	const enough = 200
	if len(name) <= enough {
		return name
	}
	return strings.ToValidUTF8(name[:enough], "") + "…"
}
