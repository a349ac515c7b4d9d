package inf

import (
	"fmt"
	"strings"
	"time"
)

// A Selection is what one system would install from an INF.
type Selection struct {
	Models   []ModelsChoice // one for every entry of [Manufacturer], in its order
	Installs []Install      // in the order in which models name them

	Applies bool
	Why     string // why it does not apply: a clause in lower case
	Nearest string // where it does not: the decoration that comes closest
}

// A ModelsChoice is what one entry of [Manufacturer] has for a system (rule 32).
type ModelsChoice struct {
	Manufacturer string
	Section      string // name of the models section, "" when none applies
	Decoration   Decoration
	Chosen       bool // a decoration applies
	Empty        bool // the chosen section has no entries: not for this system (rule 36)
	Pos          Pos
}

// An Install is an install section as a system reads it (rule 40).
type Install struct {
	Name       string // as models name it
	Section    string // with decoration; "" when the INF has none
	Decoration string // ".ntamd64", ".nt" or ""
	HasNT      bool   // the section has an .nt decoration (rule 165)

	Models []Model // that name it

	// FeatureScore is the byte of that directive in the section itself,
	// 0xFF where there is none or it is not readable (rule 166).
	FeatureScore int

	// The section's own DriverVer, which takes the place of [Version]'s
	// (rule 22). HasDriverVer says that there is one.
	HasDriverVer  bool
	DriverDate    time.Time
	DriverVersion string

	Pos Pos
}

// Select returns what a system installs. For an INF of devices, the best match
// of the models sections is taken for every manufacturer by itself (rules 32 to
// 36). For others, [DefaultInstall] or the class sections are chosen by rule 40.
func (f *File) Select(s System) Selection {
	switch kind := f.Kind(); kind {
	case KindDevice:
		return f.selectDevices(s)
	case KindPrimitive, KindLegacy:
		return f.selectNamed("DefaultInstall", s)
	case KindClass:
		return f.selectNamed("ClassInstall32", s)
	}
	return Selection{Why: "the inf installs nothing"}
}

func (f *File) selectDevices(s System) Selection {
	var sel Selection
	installs := make(map[string]int)   // index into sel.Installs by folded name
	spelled := make(map[string]int)    // and by the name as it is spelled
	seen := make(map[*Section][]Model) // models sections that were read
	for _, m := range f.manufacturers() {
		choice, section := f.chooseModels(m, s)
		models, repeated := seen[section]
		if !repeated {
			models = f.models(section)
			seen[section] = models
		}
		choice.Empty = choice.Chosen && len(models) == 0
		sel.Models = append(sel.Models, choice)
		if repeated {
			continue // two manufacturers with one section have the same models
		}
		for _, model := range models {
			i, ok := spelled[model.Install]
			if !ok {
				i, ok = installs[Fold(model.Install)]
			}
			if !ok {
				i = len(sel.Installs)
				installs[Fold(model.Install)] = i
				sel.Installs = append(sel.Installs, f.install(model.Install, s.Arch, model.Pos))
			}
			spelled[model.Install] = i
			sel.Installs[i].Models = append(sel.Installs[i].Models, model)
		}
	}
	sel.Applies = len(sel.Installs) > 0
	if !sel.Applies {
		sel.Why, sel.Nearest = f.whyNot(sel, s)
	}
	return sel
}

func (f *File) chooseModels(m Manufacturer, s System) (ModelsChoice, *Section) {
	choice := ModelsChoice{Manufacturer: m.Name, Pos: m.Pos}
	d, ok := m.choose(s)
	if !ok {
		return choice, nil
	}
	section := f.refer(m.section(d))
	if section == nil && d.Text == "" {
		return choice, nil // an entry with decorations only
	}
	choice.Chosen, choice.Decoration, choice.Section = true, d, m.section(d)
	return choice, section
}

func (f *File) install(name string, a Arch, at Pos) Install {
	in := Install{Name: name, FeatureScore: 0xFF, Pos: at}
	ch, ok := f.choose(name, a)
	if !ok {
		return in
	}
	in.Section, in.Decoration = ch.name, ch.decoration
	in.HasNT = ch.decoration != ""
	in.Pos = ch.section.Pos
	if l := f.entry(ch.section, "FeatureScore"); l != nil {
		if n, ok := parseFeatureScore(f.Expand(l.Value(0))); ok {
			in.FeatureScore = n
		}
	}
	if l := f.entry(ch.section, "DriverVer"); l != nil {
		in.HasDriverVer = true
		in.DriverVersion = f.Expand(l.Value(1))
		if date, err := parseDate(f.Expand(l.Value(0))); err == nil {
			in.DriverDate = date
		}
	}
	return in
}

// parseFeatureScore reads the byte as "FD", "0xFD" or "xFD", always hexadecimal.
func parseFeatureScore(s string) (int, bool) {
	s = strings.ToLower(s)
	s = strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "x")
	n, err := parseNumber("0x" + s)
	return int(n), err == nil && n <= 0xFF
}

func (f *File) selectNamed(name string, s System) Selection {
	ch, ok := f.choose(name, s.Arch)
	if s.Arch == ArchUnknown || !ok || !f.serves(s.Arch) {
		return Selection{
			Why:     fmt.Sprintf("the inf has no [%s] for %s", name, s.Arch),
			Nearest: f.served(),
		}
	}
	return Selection{Applies: true, Installs: []Install{f.install(name, s.Arch, ch.section.Pos)}}
}

// served lists the architectures that the INF serves, for messages.
func (f *File) served() string {
	var names []string
	for _, a := range f.architectures() {
		names = append(names, a.String())
	}
	return strings.Join(names, ", ")
}

// whyNot explains a selection of nothing, and names the decoration that comes
// closest: one for the same architecture with the lowest demands, else any.
func (f *File) whyNot(sel Selection, s System) (why, nearest string) {
	for _, c := range sel.Models {
		if c.Chosen && c.Empty {
			return fmt.Sprintf("[%s] is empty or missing, which excludes this system", c.Section), c.Decoration.Text
		}
	}
	var best *Decoration
	all := f.ModelsDecorations()
	for i := range all {
		d := &all[i]
		if d.serves(s.Arch) && (best == nil || d.compare(*best) < 0) {
			best = d
		}
	}
	switch served := f.served(); {
	case best != nil && best.HasBuild && !s.ParsesBuild:
		return fmt.Sprintf("the decoration %s has a build number, which this system does not understand", best.Text), best.Text
	case best != nil:
		return fmt.Sprintf("%s asks for more than version %d.%d build %d, product type %d, suites %#x", best.Text, s.Major, s.Minor, s.Build, s.ProductType, s.SuiteMask), best.Text
	case served != "":
		return fmt.Sprintf("no models for %s; the inf serves %s", s.Arch, served), served
	}
	return "the inf has no models", ""
}
