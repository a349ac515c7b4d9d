package inf

import (
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
	f.locale, f.memo = lcid, new(memo)
	f.strings = make(map[string]string)
	s := f.stringsFor(lcid)
	if s == nil {
		return
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		key := fold(l.Key)
		if _, repeated := f.strings[key]; key != "" && !repeated {
			f.strings[key] = l.Value(0)
		}
	}
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
func (f *File) Expand(field string) string { return f.substitute(field, f.strings) }

// literal reads a field in which %strings% may not be used: %% is one percent
// sign, everything else is what it is (rule 13).
func (f *File) literal(field string) string { return f.substitute(field, nil) }

func (f *File) substitute(field string, table map[string]string) string {
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
		b.WriteString(valueOf(token, table))
		rest = next
		if b.Len() > maxField && b.Len() > len(field) {
			return b.String()[:maxField]
		}
	}
	return b.String()
}

// valueOf returns what %token% stands for.
func valueOf(token string, table map[string]string) string {
	if token == "" {
		return "%"
	}
	if v, ok := table[fold(token)]; ok {
		return v
	}
	return "%" + token + "%"
}

// undefined returns the tokens of a field that no string and no directory number
// stands for.
func (f *File) undefined(field string) []string {
	var tokens []string
	for rest := field; ; {
		_, after, ok := strings.Cut(rest, "%")
		token, next, ok2 := strings.Cut(after, "%")
		if !ok || !ok2 {
			return tokens
		}
		rest = next
		_, defined := f.strings[fold(token)]
		_, err := strconv.Atoi(token)
		if token != "" && !defined && err != nil {
			tokens = append(tokens, token)
		}
	}
}

// entry returns the first line of a section with that key, or nil.
func (f *File) entry(s *Section, key string) *Line {
	if s == nil {
		return nil
	}
	for i := range s.Lines {
		if equalFold(f.Expand(s.Lines[i].Key), key) {
			return &s.Lines[i]
		}
	}
	return nil
}

// number reads a decimal or 0x-hexadecimal number after substitution.
func (f *File) number(field string) (uint32, bool) {
	n, err := parseNumber(strings.TrimSpace(f.Expand(field)))
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
