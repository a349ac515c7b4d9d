package inf

import (
	"fmt"
	"sync"
)

// A chosen is an install section for an architecture, and the decoration that
// its related sections share.
type chosen struct {
	section    *Section
	name       string // with decoration
	decoration string // ".ntamd64", ".nt" or ""
}

// choose finds the section that an architecture reads for a name: .nt<arch>, else
// .nt, else the name alone (rule 40).
func (f *File) choose(name string, a Arch) (chosen, bool) {
	for _, decoration := range []string{".nt" + a.String(), ".nt", ""} {
		if s := f.refer(name + decoration); s != nil {
			return chosen{s, s.Name, decoration}, true
		}
	}
	return chosen{}, false
}

// related are the sections that belong to an install section, by their suffix
// (rule 40). Some of them may not hold CopyFiles by the letter of its page; they
// are read for it all the same, which can only make more files necessary.
var related = []string{
	"Services", "HW", "CoInstallers", "Interfaces", "Components", "Software", "Filters",
	"WMI", "Events", "FactDef", "LogConfigOverride", "Wdf", "PosDup", "GeneralConfigData",
}

// A role is what a section is read as. The zero value is an install section or
// one of those that belong to it.
type role int

const (
	roleInstall  role = iota
	roleSoftware      // .Software: the one that may hold AddSoftware
)

// A visit is one reading of a section.
type visit struct {
	section *Section
	role    role
}

// A closure is everything that an architecture reads of an INF, starting at the
// sections that Windows looks for by name. Every section is read once in each
// role, so the work is linear in the text whatever refers to what.
type closure struct {
	f    *File
	arch Arch

	queue    []visit // install sections and what belongs to them, still to read
	seen     map[visit]bool
	included map[*Section]bool // sections that an Include was read for, by what leads to them
	role     role              // of the section that is being read
	now      *Section          // that section

	lists    map[*Section]bool // lists of files that were read
	software map[*Section]bool // sections of AddSoftware that were read

	disks disks
	fileList
	copyINFs fileList
	includes []Include
	brought  map[string]bool // includes by folded name
	services []Service
	served   map[string]bool      // services by folded name and section
	sections map[*Section]Service // services' sections that were read

	missing []Reference
	wanted  map[bool]map[string]bool // missing sections, Inbox or not, by folded name
	notes   []Finding
}

// A memo keeps what the views found, because they ask each other for it.
type memo struct {
	once    [len(allArches) + 1]sync.Once
	closure [len(allArches) + 1]*closure

	versionOnce sync.Once
	version     Version

	manufacturersOnce sync.Once
	manufacturers     []Manufacturer

	servedOnce sync.Once
	served     []Arch

	generalOnce sync.Once
	general     sourceDisks // that every architecture reads

	notes
	readersOnce sync.Once
	others      []*File // other readers, see File.readers
	unread      bool    // there are more
}

// walk returns what an architecture reads. It is not changed once it is made.
func (f *File) walk(a Arch) *closure {
	if a < 0 || int(a) >= len(f.memo.closure) {
		a = ArchUnknown
	}
	f.memo.once[a].Do(func() { f.memo.closure[a] = f.read(a) })
	return f.memo.closure[a]
}

// read reads what an architecture reads (rules 32 to 47).
func (f *File) read(a Arch) *closure {
	c := &closure{
		f: f, arch: a,
		seen:     make(map[visit]bool),
		included: make(map[*Section]bool),
		lists:    make(map[*Section]bool),
		software: make(map[*Section]bool),
		disks:    f.disks(a),
		fileList: fileList{max: maxFiles},
		copyINFs: fileList{max: maxFiles},
		brought:  make(map[string]bool),
		served:   make(map[string]bool),
		sections: make(map[*Section]Service),
		wanted:   map[bool]map[string]bool{false: {}, true: {}},
	}
	if a == ArchUnknown {
		return c
	}
	c.devices()
	c.install("DefaultInstall", nil)
	c.install("DefaultUninstall", nil)
	c.install("ClassInstall32", nil)
	c.interfaceClasses()
	for len(c.queue) > 0 {
		v := c.queue[0]
		c.queue = c.queue[1:]
		c.directives(v)
	}
	c.crowded()
	c.done()
	return c
}

// done drops what only reading needs.
func (c *closure) done() {
	c.fileList.done()
	c.copyINFs.done()
	c.disks = disks{}
	c.seen, c.included, c.lists, c.software = nil, nil, nil, nil
	c.brought, c.served, c.sections, c.wanted = nil, nil, nil, nil
}

// crowded notes services whose binary may be too many files.
func (c *closure) crowded() {
	x := IndexBinaries(c.files)
	for _, s := range c.services {
		if x.crowded(s) {
			c.f.memo.doubt("too-many-binaries", s.Pos, "more than %d files have the name of the binary of service %s", maxTwins, shorten(s.Name))
			return
		}
	}
}

// devices starts at every models section that some system of the architecture
// reads, whatever its version.
func (c *closure) devices() {
	models := make(map[*Section]bool)
	installs := make(map[string]bool)
	for _, m := range c.f.manufacturers() {
		for _, d := range m.candidates(c.arch) {
			s := c.f.refer(m.section(d))
			if s == nil || models[s] {
				continue
			}
			models[s] = true
			for i := range s.Lines {
				l := &s.Lines[i]
				name, ok := c.f.modelInstall(l)
				if ok && !installs[name] { // in two spellings it is found twice, which is cheaper
					installs[name] = true
					c.install(name, &Reference{Name: name, Pos: l.Pos, Section: s.Name})
				}
			}
		}
	}
}

// install queues an install section with what belongs to it. A reference that
// leads nowhere is recorded, unless it is nil: then the section is optional.
func (c *closure) install(name string, r *Reference) {
	if units(name) > maxSectionName {
		if r != nil {
			c.miss(*r) // no section has such a name
		}
		return
	}
	ch, ok := c.f.choose(name, c.arch)
	if ok {
		c.enqueue(ch.section, roleInstall)
	} else if r != nil {
		c.miss(*r)
	}
	includes := c.includesAny(ch.section)
	for _, suffix := range related {
		role := roleInstall
		if suffix == "Software" {
			role = roleSoftware
		}
		s := c.f.refer(name + ch.decoration + "." + suffix)
		c.enqueue(s, role)
		if s != nil && includes {
			c.included[s] = true
		}
	}
}

// includesAny reports whether a section has an Include.
func (c *closure) includesAny(s *Section) bool { return s != nil && c.f.entry(s, "Include") != nil }

// interfaceClasses starts at [InterfaceInstall32]: {guid} = section.
func (c *closure) interfaceClasses() {
	s := c.f.Section("InterfaceInstall32")
	if s == nil {
		return
	}
	for i := range s.Lines {
		if l := &s.Lines[i]; l.Key != "" {
			c.named(l, 0, s, "")
		}
	}
}

func (c *closure) enqueue(s *Section, r role) {
	if v := (visit{s, r}); s != nil && !c.seen[v] {
		c.seen[v] = true
		c.queue = append(c.queue, v)
		c.included[s] = c.included[s] || c.now != nil && c.included[c.now]
	}
}

// enqueueName queues a section in all its decorations, where the INF has it:
// which of them a directive means is not said.
func (c *closure) enqueueName(name string) {
	for _, decoration := range []string{".nt" + c.arch.String(), ".nt", ""} {
		c.enqueue(c.f.refer(name+decoration), c.role)
	}
}

// named queues the section that field i of a line names, as the architecture
// reads it.
func (c *closure) named(l *Line, i int, in *Section, directive string) {
	name := c.f.expand(l.Value(i))
	if name == "" {
		return
	}
	if ch, ok := c.f.choose(name, c.arch); ok {
		c.enqueue(ch.section, c.role)
		return
	}
	c.miss(Reference{Name: name, Pos: l.ValuePos(i), Section: in.Name, Directive: directive})
}

func (c *closure) note(id string, s Severity, p Pos, format string, args ...any) {
	if len(c.notes) < maxFindings {
		c.notes = append(c.notes, Finding{id, s, p, fmt.Sprintf(format, args...)})
	}
}

// directives reads one install section or a section that belongs to one.
func (c *closure) directives(v visit) {
	s := v.section
	c.now, c.role = s, v.role
	if c.includesAny(s) {
		c.included[s] = true
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		if read, ok := directives[Fold(c.f.expand(l.Key))]; ok {
			read(c, l, s)
		}
	}
}

// directives are those that lead to files or to other sections. DelFiles and
// RenFiles name files of the target only (rule 43).
var directives = map[string]func(*closure, *Line, *Section){
	"COPYFILES":    (*closure).copyFiles,
	"COPYINF":      (*closure).copyINF,
	"INCLUDE":      (*closure).include,
	"NEEDS":        (*closure).needs,
	"ADDSERVICE":   (*closure).addService,
	"ADDINTERFACE": func(c *closure, l *Line, s *Section) { c.named(l, 2, s, "AddInterface") },
	"ADDSOFTWARE":  (*closure).addSoftware,

	// The sections of these may not hold CopyFiles by the letter of their
	// pages; see related.
	"ADDCOMPONENT":     func(c *closure, l *Line, _ *Section) { c.enqueueName(c.f.expand(l.Value(2))) },
	"ADDFILTER":        func(c *closure, l *Line, _ *Section) { c.enqueueName(c.f.expand(l.Value(2))) },
	"ADDEVENTPROVIDER": func(c *closure, l *Line, _ *Section) { c.enqueueName(c.f.expand(l.Value(2))) },
}

// include notes the INFs of Windows that a section builds on. Their files are on
// the target already (rule 41).
func (c *closure) include(l *Line, s *Section) {
	for i, field := range l.Values {
		if name := c.f.expand(field); name != "" && !c.brought[Fold(name)] {
			c.brought[Fold(name)] = true
			c.includes = append(c.includes, Include{name, l.ValuePos(i), s.Name})
		}
	}
}

// needs reads the named sections as if they stood here. Most are in INFs of
// Windows, so one that is not here is not missing.
func (c *closure) needs(l *Line, _ *Section) {
	for _, field := range l.Values {
		if field != "" {
			c.enqueueName(field)
		}
	}
}
