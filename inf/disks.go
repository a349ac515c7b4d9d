package inf

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Disks are the sections that say where source files are and where they go, as
// one architecture reads them.
type disks struct {
	files   []places         // SourceDisksFiles: the architecture's, then the general one
	names   []places         // SourceDisksNames likewise, by the text of the number
	numbers []places         // and by the number
	dests   map[string]*Line // DestinationDirs
	layout  bool             // [Version] LayoutFile is there
}

// Places are the lines of a section by key.
type places map[string]place

// A place is the line that a key leads to, and why it may not be that one.
type place struct {
	line    *Line
	problem error
}

// SourceDisks are what the SourceDisksFiles and SourceDisksNames sections of one
// suffix hold.
type sourceDisks struct{ files, names, numbers places }

func (f *File) sourceDisks(suffix string) sourceDisks {
	where := []int{1, 3, 4} // cabinet, path, flags
	return sourceDisks{
		files: f.places("SourceDisksFiles"+suffix, []int{0, 1}, func(l *Line) (string, error) {
			if expanded := f.expand(l.Key); expanded != l.Key {
				return expanded, ErrStringInName
			}
			return l.Key, nil
		}),
		names: f.places("SourceDisksNames"+suffix, where, func(l *Line) (string, error) { return f.expand(l.Key), nil }),
		numbers: f.places("SourceDisksNames"+suffix, where, func(l *Line) (string, error) {
			return diskNumber(f.expand(l.Key)), nil
		}),
	}
}

func (f *File) disks(a Arch) disks {
	f.memo.generalOnce.Do(func() { f.memo.general = f.sourceDisks("") })
	general, own := f.memo.general, f.sourceDisks("."+a.String())
	d := disks{
		files:   []places{own.files, general.files},
		names:   []places{own.names, general.names},
		numbers: []places{own.numbers, general.numbers},
		dests:   make(map[string]*Line),
		layout:  len(f.version().LayoutFiles) > 0,
	}
	if s := f.Section("DestinationDirs"); s != nil {
		for i := range s.Lines {
			key := Fold(f.expand(s.Lines[i].Key))
			if d.dests[key] == nil && key != "" {
				d.dests[key] = &s.Lines[i]
			}
		}
	}
	return d
}

// places reads a section. The fields say where something is; two lines of one
// key that differ in them leave that open.
func (f *File) places(section string, fields []int, key func(*Line) (string, error)) places {
	m := make(places)
	s := f.Section(section)
	if s == nil {
		return m
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		name, problem := key(l)
		if name = Fold(name); name == "" {
			continue
		}
		old, ok := m[name]
		switch {
		case !ok:
			m[name] = place{l, problem}
		case !f.same(old.line, l, fields):
			m[name] = place{old.line, ErrTwoPlaces}
		case problem == nil && errors.Is(old.problem, ErrStringInName):
			m[name] = place{l, nil} // the same without a string
		}
	}
	return m
}

// same reports whether two lines agree in some fields.
func (f *File) same(a, b *Line, fields []int) bool {
	return !slices.ContainsFunc(fields, func(i int) bool { return !equalFold(f.expand(a.Value(i)), f.expand(b.Value(i))) })
}

// diskNumber is the number of a disk in its one spelling, "" for what is none.
func diskNumber(id string) string {
	n, err := parseNumber(strings.TrimSpace(id))
	if err != nil {
		return ""
	}
	return strconv.FormatUint(uint64(n), 10)
}

// file returns the SourceDisksFiles entry of a source name (rule 26).
func (d *disks) file(name string) (place, bool) { return first(d.files, Fold(name)) }

func first(sections []places, key string) (place, bool) {
	for _, m := range sections {
		if p, ok := m[key]; ok {
			return p, true
		}
	}
	return place{}, false
}

// disk returns the SourceDisksNames entry of a disk number (rule 25). Numbers
// are compared as numbers: 01 is 1. Where a comparison of texts would find
// another disk, there is none for sure.
func (c *closure) disk(entry *Line) (*Line, error) {
	id := c.f.expand(entry.Value(0))
	text, isText := first(c.disks.names, Fold(id))
	number, isNumber := place{}, false
	if n := diskNumber(id); n != "" {
		number, isNumber = first(c.disks.numbers, n)
	}
	switch {
	case !isText && !isNumber:
		return nil, fmt.Errorf("disk %q: %w", shorten(id), ErrNoDisk)
	case !isNumber:
		return text.line, text.problem
	case isText && text.line != number.line && !c.f.same(text.line, number.line, []int{1, 3, 4}):
		return nil, fmt.Errorf("disk %q: %w", shorten(id), ErrTwoPlaces)
	case !isText:
		c.note("disk-number", SeverityWarning, entry.ValuePos(0), "disk %s is written %s in SourceDisksNames; readers that compare texts do not find it", shorten(id), shorten(number.line.Key))
	}
	return number.line, number.problem
}

// locate fills in where a file is: folder of the INF, path of the disk, subfolder
// of the file, name (rule 27). A file without an entry is taken to be beside the
// INF (rule 28, inferred).
func (c *closure) locate(file *SourceFile) {
	entry, ok := c.disks.file(file.Name)
	if !ok {
		base := file.Name[strings.LastIndexAny(file.Name, `\/`)+1:]
		if _, ok := c.disks.file(base); ok && base != file.Name {
			file.refuse(fmt.Errorf("%s: SourceDisksFiles has %s: %w", shorten(file.Name), base, ErrTwoPlaces))
			return
		}
		file.setPath(file.Name)
		file.Inbox = c.disks.layout && file.Problem == nil
		return
	}
	file.Listed = true
	if entry.problem != nil && !errors.Is(entry.problem, ErrStringInName) {
		file.refuse(fmt.Errorf("%s: SourceDisksFiles line %d: %w", shorten(file.Name), entry.line.Pos.Line, entry.problem))
		return
	}
	disk, err := c.disk(entry.line)
	if err != nil {
		file.refuse(fmt.Errorf("%s: %w", shorten(file.Name), err))
		return
	}
	dir := c.f.expand(disk.Value(3))
	file.setPath(dir, c.f.expand(entry.line.Value(1)), file.Name)
	if file.Problem == nil {
		c.cabinet(file, dir, disk)
	}
	// Without substitution in its name the entry is for another file, and this
	// one lies beside the INF.
	if beside, err := join(file.Name); entry.problem != nil && file.Problem == nil && (err != nil || file.Path != beside || file.Cabinet != "") {
		file.refuse(fmt.Errorf("%s: SourceDisksFiles line %d: %w", shorten(file.Name), entry.line.Pos.Line, entry.problem))
	}
}

// cabinet fills in the cabinet of a disk. Windows looks at the path first unless
// a flag of the disk says that there is only the cabinet (rule 25).
func (c *closure) cabinet(file *SourceFile, dir string, disk *Line) {
	const isCabinet = 0x10
	cabinet := c.f.expand(disk.Value(1))
	flags, ok := c.f.number(disk.Value(4))
	if !ok && strings.TrimSpace(c.f.expand(disk.Value(4))) != "" {
		file.refuse(fmt.Errorf("%s: SourceDisksNames line %d: the flags are no number", file.Name, disk.Pos.Line))
		return
	}
	forced := flags&isCabinet != 0
	if cabinet == "" || !forced && !strings.EqualFold(path.Ext(cabinet), ".cab") {
		return
	}
	p, err := join(dir, cabinet)
	if err != nil {
		file.refuse(fmt.Errorf("cabinet %s: %w", shorten(cabinet), err))
		return
	}
	file.Cabinet, file.CabinetOnly = p, forced
}

// dest returns the target folder of a list of files, "%12%\subdir", or "".
func (d *disks) dest(f *File, list string) string {
	l := d.dests[Fold(list)]
	if l == nil || list == "" {
		l = d.dests["DEFAULTDESTDIR"]
	}
	if l == nil {
		return ""
	}
	dir := "%" + f.expand(l.Value(0)) + "%"
	if sub := strings.Trim(f.expand(l.Value(1)), `\`); sub != "" {
		dir += `\` + sub
	}
	return dir
}
