package inf

import "slices"

// A Manufacturer is one entry of [Manufacturer] (rule 32): a models section and
// the systems for which it has others.
type Manufacturer struct {
	Name        string       // what the device manager shows
	Models      string       // name of the models section without decoration
	Decorations []Decoration // in the order of the entry, without the undecorated one
	Pos         Pos
}

// Manufacturers returns the entries of [Manufacturer]. Decorations that are none
// have their Problem set.
func (f *File) Manufacturers() []Manufacturer { return slices.Clone(f.manufacturers()) }

func (f *File) manufacturers() []Manufacturer {
	f.memo.manufacturersOnce.Do(func() { f.memo.manufacturers = f.readManufacturers() })
	return f.memo.manufacturers
}

func (f *File) readManufacturers() []Manufacturer {
	s := f.Section("Manufacturer")
	if s == nil {
		return nil
	}
	var all []Manufacturer
	for i := range s.Lines {
		l := &s.Lines[i]
		m := Manufacturer{Name: f.Expand(l.Key), Models: f.expand(l.Value(0)), Pos: l.Pos}
		if m.Models == "" || units(m.Models) > maxSectionName {
			continue // no section has such a name
		}
		for j, field := range l.Values[1:] {
			text := f.expand(field)
			if text == "" {
				continue
			}
			d, err := ParseDecoration(text)
			if err != nil {
				d = Decoration{Text: text, Problem: err}
			}
			d.Pos = l.ValuePos(j + 1)
			m.Decorations = append(m.Decorations, d)
		}
		all = append(all, m)
	}
	return all
}

// ModelsDecorations returns every decoration of every [Manufacturer] entry, for
// display, those that are none too.
func (f *File) ModelsDecorations() []Decoration {
	var all []Decoration
	for _, m := range f.manufacturers() {
		all = append(all, m.Decorations...)
	}
	return all
}

// section returns the name of the models section for a decoration (rule 31).
func (m Manufacturer) section(d Decoration) string {
	if d.Text == "" {
		return m.Models
	}
	return m.Models + "." + d.Text
}

// candidates returns the decorations that some system of an architecture would
// choose, the undecorated section included where it can be (rules 34 and 35).
func (m Manufacturer) candidates(a Arch) []Decoration {
	var served []Decoration
	plain := Decoration{Pos: m.Pos}
	needsPlain := plain.serves(a)
	for _, d := range m.Decorations {
		if d.serves(a) {
			served = append(served, d)
			needsPlain = needsPlain && !d.always()
		}
	}
	if needsPlain {
		served = append(served, plain)
	}
	return served
}

// choose returns the best match for a system. ok is false when nothing applies.
func (m Manufacturer) choose(s System) (best Decoration, ok bool) {
	for _, d := range append(slices.Clone(m.Decorations), Decoration{Pos: m.Pos}) {
		if d.Applies(s) && (!ok || d.compare(best) > 0) {
			best, ok = d, true
		}
	}
	return best, ok
}

// A Model is one entry of a models section (rule 39).
type Model struct {
	Description   string
	Install       string // install section, without decoration
	HardwareID    string // may be empty
	CompatibleIDs []string
	Pos           Pos
}

// models returns the entries of a models section.
func (f *File) models(s *Section) []Model {
	if s == nil {
		return nil
	}
	var all []Model
	for i := range s.Lines {
		l := &s.Lines[i]
		install, ok := f.modelInstall(l)
		if !ok {
			continue
		}
		m := Model{Description: f.Expand(l.Key), Install: install, HardwareID: f.Expand(l.Value(1)), Pos: l.Pos}
		if len(l.Values) > 2 {
			m.CompatibleIDs = f.expandAll(l.Values[2:])
		}
		all = append(all, m)
	}
	return all
}

// hasModels reports whether a models section has an entry.
func (f *File) hasModels(s *Section) bool {
	for i := range s.Lines {
		if _, ok := f.modelInstall(&s.Lines[i]); ok {
			return true
		}
	}
	return false
}

// modelInstall returns the install section that a line of a models section names.
// A line of one value is its own key (rule 9), and what Windows makes of several
// values without a key is not known. Both are entries if there is such a section,
// which can only make more files necessary, and stray text if not.
func (f *File) modelInstall(l *Line) (name string, ok bool) {
	name = f.expand(l.Value(0))
	if name == "" || l.HasKey {
		return name, name != ""
	}
	for _, a := range allArches {
		if _, ok := f.choose(name, a); ok {
			return name, true
		}
	}
	return "", false
}
