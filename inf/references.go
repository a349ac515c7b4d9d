package inf

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

	// Directive is the one that names it: "CopyFiles", "AddInterface" …, ""
	// for an entry of a models section or of [InterfaceInstall32]. Packages
	// whose models name an install section that is not there are common, and
	// Windows imports them; the devices in question do not install.
	Directive string

	// Inbox says that the section that the entry is in, or one that leads to
	// it, includes an INF of Windows, where the section may be.
	Inbox bool
}

// miss records a section that is not there. One that no Include can bring is kept
// apart from one of the same name that an Include may.
func (c *closure) miss(r Reference) {
	r.Inbox = c.now != nil && c.included[c.now]
	r.Name = shorten(r.Name)
	wanted := c.wanted[r.Inbox]
	if key := Fold(r.Name); !wanted[key] && len(wanted) < maxMissing {
		wanted[key] = true
		c.missing = append(c.missing, r)
	}
}

// Includes returns the INFs of Windows that the INF builds on on any architecture
// that it serves, each name once.
func (f *File) Includes() []Include {
	seen := make(map[string]bool)
	var all []Include
	for _, a := range f.architectures() {
		for _, g := range f.readers() {
			for _, i := range g.walk(a).includes {
				if key := Fold(i.Name); !seen[key] {
					seen[key] = true
					all = append(all, i)
				}
			}
		}
	}
	return all
}

// Missing returns the sections that an architecture is sent to and that are not
// in the INF. Windows fails to install what needs them, unless they are in an
// included INF.
func (f *File) Missing(a Arch) []Reference {
	seen := make(map[Reference]bool)
	var all []Reference
	for _, g := range f.readers() {
		for _, r := range g.walk(a).missing {
			if !seen[r] {
				seen[r] = true
				all = append(all, r)
			}
		}
	}
	return all
}
