package inf

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// DefaultLocale is English (United States).
const DefaultLocale = 0x0409

// WithLocale returns the same INF as a system of that language identifier reads
// it: the lower ten bits are the language, the upper six the sublanguage. Exactly
// one [Strings] section gives all strings (rule 14).
func (f *File) WithLocale(lcid uint16) *File {
	g := *f
	g.useLocale(lcid)
	return &g
}

// Locales returns the language identifiers of the [Strings.<id>] sections, in
// the order of the text.
func (f *File) Locales() []uint16 {
	var ids []uint16
	for _, s := range f.Sections {
		if id, ok := localeOf(s.Name); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// localeOf returns the language identifier in "Strings.0407".
func localeOf(section string) (lcid uint16, ok bool) {
	prefix, id, ok := strings.Cut(section, ".")
	if !ok || !equalFold(prefix, "Strings") {
		return 0, false
	}
	n, err := strconv.ParseUint(id, 16, 16)
	return uint16(n), err == nil && len(id) == 4
}

// useLocale chooses the strings. Keys that only another section has stay
// undefined: Windows falls back on sections, not on keys.
func (f *File) useLocale(lcid uint16) {
	f.locale = lcid
	f.useStrings(f.stringsFor(lcid), nil)
}

// useStrings takes the strings from one section, and those that it does not have
// from another, if that is not nil.
func (f *File) useStrings(s, fallback *Section) {
	f.memo = new(memo)
	f.chosen, f.fallback = f.table(s), f.table(fallback)
}

// A stringTable is a [Strings] section by folded key. The first line of a key
// gives its value.
type stringTable struct {
	values map[string]string
	unsure map[string]Finding // keys whose value depends on the reader
}

// readTables reads every section of strings, once.
func (f *File) readTables() {
	f.tables = make(map[*Section]*stringTable)
	for _, s := range f.Sections {
		if isStrings(s.Name) {
			f.tables[s] = readTable(s)
		}
	}
}

// table returns the strings of a section, none for nil.
func (f *File) table(s *Section) *stringTable {
	if t := f.tables[s]; t != nil {
		return t
	}
	return new(stringTable)
}

func readTable(s *Section) *stringTable {
	t := &stringTable{values: make(map[string]string), unsure: make(map[string]Finding)}
	for i := range s.Lines {
		l := &s.Lines[i]
		key := Fold(l.Key)
		old, repeated := t.values[key]
		switch {
		case key == "":
			continue
		case repeated && old != l.Value(0):
			t.unsure[key] = Finding{Pos: l.Pos, Message: fmt.Sprintf("the string %s has two values", l.Key)}
		case l.blank:
			t.unsure[key] = Finding{Pos: l.Pos, Message: fmt.Sprintf("the string %s begins or ends with a blank that is none in ascii", l.Key)}
		}
		if !repeated {
			t.values[key] = l.Value(0)
		}
	}
	return t
}

// lookUp returns the value of a folded token.
func (f *File) lookUp(token string) (string, bool) {
	if v, ok := f.chosen.values[token]; ok {
		return v, true
	}
	v, ok := f.fallback.values[token]
	return v, ok
}

// unsure reports why the value of a folded token depends on the reader.
func (f *File) unsure(token string) (Finding, bool) {
	if _, ok := f.chosen.values[token]; !ok {
		d, ok := f.fallback.unsure[token]
		return d, ok
	}
	d, ok := f.chosen.unsure[token]
	return d, ok
}

// stringsFor chooses by the four steps of rule 14.
func (f *File) stringsFor(lcid uint16) *Section {
	const language = 0x03FF
	var exact, neutral, family *Section
	for _, s := range f.Sections {
		id, ok := localeOf(s.Name)
		switch {
		case !ok || id&language != lcid&language:
		case id == lcid:
			exact = s
		case id == lcid&language:
			neutral = s
		case family == nil:
			family = s
		}
	}
	for _, s := range []*Section{exact, neutral, family} {
		if s != nil {
			return s
		}
	}
	return f.Section("Strings")
}

// Expand substitutes %strings% in a field and makes %% one percent sign
// (rule 12). A token that is not defined stays as it is, and so do directory
// numbers such as %12%. What a string is substituted by is not searched again,
// so strings cannot be cyclic. The result is cut at the length that Windows
// allows, 4095 characters, if substitution makes it longer.
func (f *File) Expand(field string) string {
	if strings.IndexByte(field, '%') < 0 {
		return field
	}
	n := &f.memo.notes
	n.mu.Lock()
	defer n.mu.Unlock()
	if text, ok := n.texts[field]; ok {
		return text // many lines with one text share it
	}
	text := substitute(field, f.lookUp)
	if n.size += len(text); n.size <= maxExpanded {
		if n.texts == nil {
			n.texts = make(map[string]string)
		}
		n.texts[field] = text
	}
	return text
}

// expand is Expand for fields that decide about sections, files or services. The
// strings in them are noted: where they differ from one language to the next, so
// may the files.
func (f *File) expand(field string) string {
	if strings.IndexByte(field, '%') < 0 {
		return field
	}
	f.memo.notes.use(field)
	return f.Expand(field)
}

// literal reads a field in which %strings% may not be used: %% is one percent
// sign, everything else is what it is (rule 13).
func (f *File) literal(field string) string { return substitute(field, nil) }

func substitute(field string, lookUp func(string) (string, bool)) string {
	if strings.IndexByte(field, '%') < 0 {
		return field
	}
	var b strings.Builder
	for rest := field; rest != ""; {
		before, after, ok := strings.Cut(rest, "%")
		b.WriteString(before)
		if !ok {
			break
		}
		token, next, ok := strings.Cut(after, "%")
		if !ok {
			b.WriteString("%" + after)
			break
		}
		b.WriteString(valueOf(token, lookUp))
		rest = next
		if b.Len() > maxField && b.Len() > len(field) {
			return b.String()[:maxField]
		}
	}
	return b.String()
}

// valueOf returns what %token% stands for.
func valueOf(token string, lookUp func(string) (string, bool)) string {
	if token == "" {
		return "%"
	}
	if lookUp != nil {
		if v, ok := lookUp(Fold(token)); ok {
			return v
		}
	}
	return "%" + token + "%"
}

// tokens are what stands between two percent signs of a field.
func tokens(field string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := field; ; {
			_, after, ok := strings.Cut(rest, "%")
			token, next, ok2 := strings.Cut(after, "%")
			if !ok || !ok2 || token != "" && !yield(token) {
				return
			}
			rest = next
		}
	}
}

// undefined returns the tokens of a field that no string and no directory number
// stands for.
func (f *File) undefined(field string) []string {
	var all []string
	for token := range tokens(field) {
		_, defined := f.lookUp(Fold(token))
		if !defined && !isDirID(token) {
			all = append(all, token)
		}
	}
	return all
}

// isDirID reports whether a token is a directory number.
func isDirID(token string) bool {
	_, err := strconv.Atoi(token)
	return err == nil
}

// checkExpansion refuses a text that is small and expands to a large one. It
// counts what every spelling of a field can become with the longest values.
func (f *File) checkExpansion() error {
	longest := make(map[string]int)
	for _, s := range f.Sections {
		if !isStrings(s.Name) {
			continue
		}
		for i := range s.Lines {
			key := Fold(s.Lines[i].Key)
			longest[key] = max(longest[key], len(s.Lines[i].Value(0)))
		}
	}
	total, counted := 0, make(map[string]bool)
	for _, s := range f.Sections {
		for i := range s.Lines {
			l := &s.Lines[i]
			for _, field := range append([]string{l.Key}, l.Values...) {
				if strings.IndexByte(field, '%') < 0 || counted[field] {
					continue
				}
				counted[field] = true
				n := len(field)
				for token := range tokens(field) {
					n += longest[Fold(token)]
				}
				if total += min(n, max(maxField, len(field))); total > maxExpanded {
					return f.errorAt(l.Pos, fmt.Errorf("%w: at most %d bytes", ErrTooMuchText, maxExpanded))
				}
			}
		}
	}
	f.expansion = total
	return nil
}

// entry returns the first line of a section with that key, or nil.
func (f *File) entry(s *Section, key string) *Line {
	if s == nil {
		return nil
	}
	for i := range s.Lines {
		if equalFold(f.expand(s.Lines[i].Key), key) {
			return &s.Lines[i]
		}
	}
	return nil
}

// number reads a decimal or 0x-hexadecimal number after substitution.
func (f *File) number(field string) (uint32, bool) {
	n, err := parseNumber(strings.TrimSpace(f.expand(field)))
	return n, err == nil
}

// parseNumber reads the two spellings of numbers in INF text. Octal does not exist.
func parseNumber(s string) (uint32, error) {
	base := 10
	if len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") {
		s, base = s[2:], 16
	}
	n, err := strconv.ParseUint(s, base, 32)
	return uint32(n), err
}
