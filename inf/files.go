package inf

import (
	"fmt"
	"path"
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

	Listed bool // has an entry in SourceDisksFiles (rule 28)

	// Cabinet is the cabinet that holds the file, a path like Path, or "".
	// CabinetOnly says that Windows looks nowhere else; otherwise it looks at
	// Path first (rule 25).
	Cabinet     string
	CabinetOnly bool

	// Problem is why the name has no path inside the package's folder. Such a
	// file must not be opened; Windows cannot stage the package.
	Problem error
}

// Files returns the files, besides the INF itself, that the catalog must cover
// for an architecture: every source file that CopyFiles leads to from any
// section that some system of that architecture reads, whatever its version
// (rules 42 and 49 to 51). Each path is listed once, with the entry that names
// it first.
//
// Files that the package does not carry are not among them: those of included
// INFs, and those whose source is Windows' own layout ([File.InboxFiles]).
func (f *File) Files(a Arch) []SourceFile { return slices.Clone(f.walk(a).files) }

// InboxFiles returns the files that CopyFiles names, the INF does not list in
// SourceDisksFiles, and [Version] LayoutFile says are on the media of Windows.
func (f *File) InboxFiles(a Arch) []SourceFile { return slices.Clone(f.walk(a).inbox) }

// CopyINFs returns the other INFs that the package brings along, on any
// architecture that it serves. Each is a package of its own, with its own
// catalog (rule 44).
func (f *File) CopyINFs() []SourceFile {
	seen := make(map[string]bool)
	var all []SourceFile
	for _, a := range f.architectures() {
		for _, s := range f.walk(a).copyINFs {
			if key := fold(s.Name); !seen[key] {
				seen[key] = true
				all = append(all, s)
			}
		}
	}
	return all
}

// copyFiles reads CopyFiles = @file | list[, list]… (rule 42).
func (c *closure) copyFiles(l *Line, s *Section) {
	for i, field := range l.Values {
		switch {
		case field == "":
		case field[0] == '@':
			name := c.f.literal(strings.TrimSpace(field[1:]))
			c.add(SourceFile{Name: name, DestName: name, Pos: l.ValuePos(i), Section: s.Name}, "")
		default:
			c.list(field, Reference{Name: c.f.Expand(field), Pos: l.ValuePos(i), Section: s.Name})
		}
	}
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
		dest, source, at := c.f.literal(l.Value(0)), c.f.literal(l.Value(1)), l.ValuePos(1)
		if source == "" {
			source, at = dest, l.ValuePos(0)
		}
		if source == "" {
			continue
		}
		c.add(SourceFile{Name: source, DestName: dest, Pos: at, Section: s.Name}, s.Name)
	}
}

// add locates a file and keeps it, once for each path.
func (c *closure) add(file SourceFile, list string) {
	if dir := c.disks.dest(c.f, list); dir != "" && file.DestName != "" {
		file.Dest = dir + `\` + file.DestName
	}
	c.disks.locate(c.f, &file)
	key := fold(file.Path)
	if file.Problem != nil {
		key = "\x00" + fold(file.Name)
	}
	if c.paths[key] || len(c.paths) > maxFiles {
		return
	}
	c.paths[key] = true
	if len(c.paths) > maxFiles {
		// Not to be read as a complete list: the last entry says so.
		file = SourceFile{Name: file.Name, Pos: file.Pos, Section: file.Section,
			Problem: fmt.Errorf("%w: at most %d are read", ErrTooManyFiles, maxFiles)}
		c.files = append(c.files, file)
		return
	}
	if !file.Listed && c.disks.layout && file.Problem == nil {
		c.inbox = append(c.inbox, file)
		return
	}
	c.files = append(c.files, file)
}

// copyINF reads CopyINF = file[, file]…; the names are relative to the INF's
// folder (rule 44).
func (c *closure) copyINF(l *Line, s *Section) {
	for i, field := range l.Values {
		if field == "" || len(c.copyINFs) == maxFiles {
			continue
		}
		file := SourceFile{Name: c.f.literal(field), Pos: l.ValuePos(i), Section: s.Name}
		file.setPath(file.Name)
		c.copyINFs = append(c.copyINFs, file)
	}
}

// addSoftware reads AddSoftware = name,[flags],section. The program is a file of
// the package if it is in the driver store, %13%, and the INF lists it (rule 47).
func (c *closure) addSoftware(l *Line, in *Section) {
	ch, ok := c.f.choose(c.f.Expand(l.Value(2)), c.arch)
	if !ok {
		c.miss(Reference{Name: c.f.Expand(l.Value(2)), Pos: l.ValuePos(2), Section: in.Name})
		return
	}
	if c.lists[ch.section] {
		return
	}
	c.lists[ch.section] = true
	binary := c.f.entry(ch.section, "SoftwareBinary")
	if binary == nil {
		return
	}
	name, ok := strings.CutPrefix(c.f.Expand(binary.Value(0)), `%13%\`)
	if ok && c.disks.file(name) != nil {
		c.add(SourceFile{Name: name, DestName: name, Pos: binary.ValuePos(0), Section: ch.name}, "")
	}
}

// setPath fills in the path, or the problem that there is none.
func (s *SourceFile) setPath(parts ...string) {
	p, err := join(parts...)
	if err == nil && len(parts) > 0 && strings.Trim(parts[len(parts)-1], `\/. `) == "" {
		err = ErrPathEmpty // a folder is no file
	}
	if err != nil {
		parts = slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return p == "" })
		s.Problem = fmt.Errorf("%s: %w", strings.Join(parts, `\`), err)
		return
	}
	s.Path = p
	s.Candidates = append([]string{p}, compressedNames(p)...)
}

// Disks are the sections that say where source files are and where they go, as
// one architecture reads them.
type disks struct {
	files  []map[string]*Line // SourceDisksFiles: the architecture's, then the general one
	names  []map[string]*Line // SourceDisksNames likewise
	dests  map[string]*Line   // DestinationDirs
	layout bool               // [Version] LayoutFile is there
}

func (f *File) disks(a Arch) disks {
	byKey := func(section string) map[string]*Line {
		m := make(map[string]*Line)
		s := f.Section(section)
		if s == nil {
			return m
		}
		for i := range s.Lines {
			key := fold(f.literal(s.Lines[i].Key))
			if m[key] == nil && key != "" {
				m[key] = &s.Lines[i]
			}
		}
		return m
	}
	return disks{
		files:  []map[string]*Line{byKey("SourceDisksFiles." + a.String()), byKey("SourceDisksFiles")},
		names:  []map[string]*Line{byKey("SourceDisksNames." + a.String()), byKey("SourceDisksNames")},
		dests:  byKey("DestinationDirs"),
		layout: len(f.version().LayoutFiles) > 0,
	}
}

// file returns the SourceDisksFiles entry of a source name (rule 26).
func (d *disks) file(name string) *Line { return first(d.files, fold(name)) }

// disk returns the SourceDisksNames entry of a disk number (rule 25). Numbers
// are compared as numbers where they are numbers.
func (d *disks) disk(id string) *Line {
	if l := first(d.names, fold(id)); l != nil {
		return l
	}
	n, err := parseNumber(id)
	if err != nil {
		return nil
	}
	return first(d.names, fmt.Sprint(n))
}

func first(maps []map[string]*Line, key string) *Line {
	for _, m := range maps {
		if l := m[key]; l != nil {
			return l
		}
	}
	return nil
}

// locate fills in where a file is: folder of the INF, path of the disk, subfolder
// of the file, name (rule 27). A file without an entry is taken to be beside the
// INF (rule 28, inferred).
func (d *disks) locate(f *File, file *SourceFile) {
	entry := d.file(file.Name)
	if entry == nil {
		file.setPath(file.Name)
		return
	}
	file.Listed = true
	subdir := f.Expand(entry.Value(1))
	disk := d.disk(f.Expand(entry.Value(0)))
	if disk == nil {
		file.setPath(subdir, file.Name)
		return
	}
	dir := f.Expand(disk.Value(3))
	file.setPath(dir, subdir, file.Name)

	const isCabinet = 0x10
	cabinet := f.Expand(disk.Value(1))
	flags, _ := f.number(disk.Value(4)) // no flags, no cabinet by flag
	forced := flags&isCabinet != 0
	if cabinet == "" || !forced && !strings.EqualFold(path.Ext(cabinet), ".cab") {
		return
	}
	p, err := join(dir, cabinet)
	if err != nil {
		file.Path, file.Candidates = "", nil
		file.Problem = fmt.Errorf("cabinet %s: %w", cabinet, err)
		return
	}
	file.Cabinet, file.CabinetOnly = p, forced
}

// dest returns the target folder of a list of files, "%12%\subdir", or "".
func (d *disks) dest(f *File, list string) string {
	l := d.dests[fold(list)]
	if l == nil || list == "" {
		l = d.dests["DEFAULTDESTDIR"]
	}
	if l == nil {
		return ""
	}
	dir := "%" + f.Expand(l.Value(0)) + "%"
	if sub := strings.Trim(f.Expand(l.Value(1)), `\`); sub != "" {
		dir += `\` + sub
	}
	return dir
}
