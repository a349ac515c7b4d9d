package inf

import "slices"

// The limits on how many languages are compared. They keep the work linear; real
// INFs name the same files in every language, which costs next to nothing.
const (
	maxLanguages   = 512     // [Strings] sections
	languageBudget = 1 << 22 // fields that are read again for languages that differ
)

// readers returns f itself and the same INF as systems of other languages read
// it, of those only the ones whose strings lead to other sections, files or
// services than f's. Which of them Windows is, depends on the machine, so what
// any of them needs is needed.
func (f *File) readers() []*File {
	f.memo.readersOnce.Do(func() {
		f.readAll()
		f.memo.others, f.memo.unread = f.differing()
	})
	return append([]*File{f}, f.memo.others...)
}

// readAll reads everything that depends on strings, so that the ones that
// matter are known.
func (f *File) readAll() {
	f.version()
	f.manufacturers()
	for _, a := range allArches {
		f.serves(a)
		f.walk(a)
	}
}

// differing returns the readers of other languages, and whether there are more
// than can be read.
func (f *File) differing() (others []*File, more bool) {
	plain := f.Section("Strings")
	var sections []*Section
	for _, s := range f.Sections {
		if _, ok := localeOf(s.Name); ok {
			sections = append(sections, s)
		}
	}
	if len(sections) > maxLanguages {
		return nil, true
	}
	cost := f.fields + f.expansion/64 // of one more reader, in time and in text that it keeps
	used := f.memo.notes.tokens()
	unlike := f.unlike(f.table(plain), used)
	defined := 0
	for token := range used {
		if _, ok := f.lookUp(token); ok {
			defined++
		}
	}
	budget := languageBudget
	add := func(s, fallback *Section) {
		if budget -= cost; budget < 0 {
			more = true
			return
		}
		g := *f
		g.useStrings(s, fallback)
		others = append(others, &g)
	}
	if len(unlike) > 0 {
		add(plain, nil)
	}
	for _, s := range sections {
		same, differs := f.compare(f.table(s), used)
		if differs || same < defined {
			add(s, nil)
		}
		// Rule 14 knows no string that is looked for in a second section, yet
		// that is a reading too.
		if plain != nil && (differs || lacksOne(f.table(s), unlike)) {
			add(s, plain)
		}
	}
	return others, more
}

// unlike returns the used tokens that f and a table do not give the same value.
func (f *File) unlike(t *stringTable, used map[string]bool) map[string]bool {
	all := make(map[string]bool)
	for token := range used {
		mine, ok := f.lookUp(token)
		if v, ok2 := t.values[token]; v != mine || ok != ok2 {
			all[token] = true
		}
	}
	return all
}

// compare counts the used tokens that f and a table give the same value, and
// reports whether the table gives one a value that f does not give it. The work
// is that of the table, however many tokens are used.
func (f *File) compare(t *stringTable, used map[string]bool) (same int, differs bool) {
	for token, v := range t.values {
		if !used[token] {
			continue
		}
		if mine, ok := f.lookUp(token); !ok || v != mine {
			return same, true
		}
		same++
	}
	return same, false
}

// lacksOne reports whether a table has no value for one of the tokens. It ends
// at the latest after one step more than the table has strings.
func lacksOne(t *stringTable, tokens map[string]bool) bool {
	for token := range tokens {
		if _, ok := t.values[token]; !ok {
			return true
		}
	}
	return false
}

// examineLocales reports INFs whose files or catalogs differ with the language of
// the system.
func (f *File) examineLocales() {
	readers := f.readers()
	if f.memo.unread {
		f.doubt("locales-not-compared", Pos{1, 1}, "the inf has too many languages that read it differently to compare them")
	}
	here := f.needs()
	for _, g := range readers[1:] {
		if !slices.Equal(here, g.needs()) {
			f.find("locale-dependent", SeverityWarning, Pos{1, 1}, "on systems of other languages than %04x the inf names other files; what any of them needs is taken", f.locale)
			break
		}
	}
	catalogs := f.catalogNames()
	for _, g := range readers[1:] {
		if !slices.Equal(catalogs, g.catalogNames()) {
			f.doubt("locale-dependent-catalog", f.version().Pos, "which catalog is the applicable one depends on the language of the system")
			break
		}
	}
	for _, g := range readers {
		f.examineDoubts(g)
	}
}

// needs lists what a package must bring along for one reader.
func (f *File) needs() []string {
	all := f.catalogNames()
	for _, a := range allArches {
		if !f.serves(a) {
			continue
		}
		for _, file := range f.walk(a).files {
			all = append(all, a.String()+" "+file.Name+" "+file.Path)
		}
	}
	return all
}

// catalogNames lists what [Version] says about signing.
func (f *File) catalogNames() []string {
	v := f.version()
	all := []string{v.Signature}
	for _, c := range v.CatalogFiles {
		all = append(all, c.Decoration+"="+c.Name)
	}
	return append(all, v.LayoutFiles...)
}
