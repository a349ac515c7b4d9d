package inf

import (
	"slices"
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
	"WMI", "Events", "FactDef", "LogConfigOverride", "Wdf",
}

// A closure is everything that an architecture reads of an INF, starting at the
// sections that Windows looks for by name. Every section is read once, so the
// work is linear in the text whatever refers to what.
type closure struct {
	f    *File
	arch Arch

	queue []*Section // install sections and what belongs to them, still to read
	seen  map[*Section]bool
	lists map[*Section]bool // lists of files that were read

	disks disks
	files []SourceFile
	paths map[string]bool // of files, folded
	inbox []SourceFile

	copyINFs []SourceFile
	includes []Include
	services []Service
	served   map[string]bool      // services by folded name and section
	sections map[*Section]Service // services' sections that were read

	missing []Reference
	wanted  map[string]bool // missing sections by folded name
}

// An Include is an INF of Windows that an install section builds on (rule 41).
type Include struct {
	Name    string
	Pos     Pos
	Section string
}

// A Reference is a section that an entry names and the INF does not have.
type Reference struct {
	Name    string // of the section
	Pos     Pos    // of the entry
	Section string // that the entry is in

	// Inbox says that the INF includes others of Windows, where the section
	// may be.
	Inbox bool
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
		seen:     make(map[*Section]bool),
		lists:    make(map[*Section]bool),
		disks:    f.disks(a),
		paths:    make(map[string]bool),
		served:   make(map[string]bool),
		sections: make(map[*Section]Service),
		wanted:   make(map[string]bool),
	}
	if a == ArchUnknown {
		return c
	}
	c.devices()
	c.install("DefaultInstall", nil)
	c.install("ClassInstall32", nil)
	c.interfaceClasses()
	for len(c.queue) > 0 {
		s := c.queue[0]
		c.queue = c.queue[1:]
		c.directives(s)
	}
	for i := range c.missing {
		c.missing[i].Inbox = len(c.includes) > 0
	}
	return c
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
			for _, model := range c.f.models(s) {
				if key := fold(model.Install); !installs[key] {
					installs[key] = true
					c.install(model.Install, &Reference{Name: model.Install, Pos: model.Pos, Section: s.Name})
				}
			}
		}
	}
}

// install queues an install section with what belongs to it. A reference that
// leads nowhere is recorded, unless it is nil: then the section is optional.
func (c *closure) install(name string, r *Reference) {
	ch, ok := c.f.choose(name, c.arch)
	if ok {
		c.enqueue(ch.section)
	} else if r != nil {
		c.miss(*r)
	}
	for _, suffix := range related {
		c.enqueue(c.f.refer(name + ch.decoration + "." + suffix))
	}
}

// interfaceClasses starts at [InterfaceInstall32]: {guid} = section.
func (c *closure) interfaceClasses() {
	s := c.f.Section("InterfaceInstall32")
	if s == nil {
		return
	}
	for i := range s.Lines {
		if l := &s.Lines[i]; l.HasKey {
			c.named(l, 0, s)
		}
	}
}

func (c *closure) enqueue(s *Section) {
	if s != nil && !c.seen[s] {
		c.seen[s] = true
		c.queue = append(c.queue, s)
	}
}

// named queues the section that field i of a line names, as the architecture
// reads it.
func (c *closure) named(l *Line, i int, in *Section) {
	name := c.f.Expand(l.Value(i))
	if name == "" {
		return
	}
	if ch, ok := c.f.choose(name, c.arch); ok {
		c.enqueue(ch.section)
		return
	}
	c.miss(Reference{Name: name, Pos: l.ValuePos(i), Section: in.Name})
}

func (c *closure) miss(r Reference) {
	if key := fold(r.Name); !c.wanted[key] && len(c.missing) < maxMissing {
		c.wanted[key] = true
		c.missing = append(c.missing, r)
	}
}

// directives reads one install section or a section that belongs to one.
func (c *closure) directives(s *Section) {
	for i := range s.Lines {
		l := &s.Lines[i]
		if !l.HasKey {
			continue
		}
		if read, ok := directives[fold(c.f.Expand(l.Key))]; ok {
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
	"ADDINTERFACE": func(c *closure, l *Line, s *Section) { c.named(l, 2, s) },
	"ADDSOFTWARE":  (*closure).addSoftware,
}

// include notes the INFs of Windows that a section builds on. Their files are on
// the target already (rule 41).
func (c *closure) include(l *Line, s *Section) {
	for i, field := range l.Values {
		if name := c.f.Expand(field); name != "" {
			c.includes = append(c.includes, Include{name, l.ValuePos(i), s.Name})
		}
	}
}

// needs reads the named sections as if they stood here. Most are in INFs of
// Windows, so one that is not here is not missing.
func (c *closure) needs(l *Line, _ *Section) {
	for _, field := range l.Values {
		if field != "" {
			c.enqueue(c.f.refer(field))
		}
	}
}

// Includes returns the INFs of Windows that the INF builds on on any architecture
// that it serves, each name once.
func (f *File) Includes() []Include {
	seen := make(map[string]bool)
	var all []Include
	for _, a := range f.architectures() {
		for _, i := range f.walk(a).includes {
			if key := fold(i.Name); !seen[key] {
				seen[key] = true
				all = append(all, i)
			}
		}
	}
	return all
}

// Missing returns the sections that an architecture is sent to and that are not
// in the INF. Windows fails to install what needs them, unless they are in an
// included INF.
func (f *File) Missing(a Arch) []Reference { return slices.Clone(f.walk(a).missing) }
