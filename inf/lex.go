package inf

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// The grammar of INF text is that of the page "General Syntax Rules for INF
// Files" (rules 3 to 11). What the page leaves open follows the rule book's
// observations: a quoted run ends with its line, the text after "]" is ignored,
// "=" after the first comma is data.

const (
	maxSectionName = 255  // UTF-16 units (rule 4)
	maxField       = 4095 // UTF-16 units, without the terminating NUL (rule 4)
)

// A lexer reads a File's source into sections. It looks at one physical line at
// a time.
type lexer struct {
	f    *File
	next int    // the next physical line
	text string // the current one, without its ending
	pos  int    // offset into text
	stop bool   // the current line ends with a control-Z
	nul  bool   // a zero character was reported

	col, colAt int // column of the offset colAt, to count each character once

	section *Section
	fields  int
	entries map[*Section]bool // sections that occurred, to report repeated ones once
}

func (f *File) lex() error {
	l := &lexer{f: f, entries: make(map[*Section]bool)}
	for l.nextLine() {
		first := l.next - 1
		if err := l.element(); err != nil {
			return err
		}
		s := span{f.src.starts[first], f.src.end(l.next - 1)}
		f.spans = append(f.spans, s)
		f.tail = s.end
	}
	f.fields = l.fields
	f.checkTail(l.next)
	return nil
}

// nextLine goes to the next physical line. There is none after a control-Z.
func (l *lexer) nextLine() bool {
	if l.stop || l.next == len(l.f.src.starts) {
		return false
	}
	var nul bool
	l.text, nul, l.stop = l.f.src.text(l.next)
	l.next++
	l.pos, l.colAt, l.col = 0, 0, 1
	if nul && !l.nul && strings.TrimFunc(l.text, isBlank) != "" {
		l.nul = true
		l.f.doubt("nul-character", Pos{l.next, 1}, "a zero character stands in this line and is read as a blank")
	}
	return true
}

// here returns the place of the current character.
func (l *lexer) here() Pos { return l.place(l.pos) }

// place returns the place of an offset that is not before the last one asked for.
func (l *lexer) place(at int) Pos {
	l.col += utf8.RuneCountInString(l.text[l.colAt:at])
	l.colAt = at
	return Pos{l.next, l.col}
}

// element reads one syntax element: a section header, an entry, or nothing.
func (l *lexer) element() error {
	l.margin()
	switch {
	case l.pos == len(l.text) || l.text[l.pos] == ';':
		return nil
	case l.text[l.pos] == '[':
		return l.header()
	case l.section == nil:
		return l.f.errorAt(l.here(), ErrExpectedSection)
	}
	return l.entry()
}

// margin skips what stands before an element: blanks, also those that are none
// for every reader.
func (l *lexer) margin() {
	rest := strings.TrimLeftFunc(l.text[l.pos:], isWideBlank)
	at := l.pos
	l.pos = len(l.text) - len(rest)
	if skipped := l.text[at:l.pos]; strings.TrimLeftFunc(skipped, isBlank) != "" && (rest != "" || !asciiString(skipped)) {
		l.unusual(l.here(), skipped)
	}
}

// blanks skips blanks.
func (l *lexer) blanks() {
	l.pos = len(l.text) - len(strings.TrimLeftFunc(l.text[l.pos:], isBlank))
}

// unusual reports blanks outside ASCII at an end of a field. In a string they
// matter only if the string does.
func (l *lexer) unusual(at Pos, blanks string) {
	const text = "a blank that is none in ascii stands at an end of this field (%+q); some readers drop it"
	if l.section != nil && isStrings(l.section.Name) {
		l.f.find("unusual-blank", SeverityWarning, at, text, blanks)
		return
	}
	l.f.doubt("unusual-blank", at, text, blanks)
}

// header reads "[name]". Neither quotes nor semicolons mean anything between the
// brackets; what follows them is ignored (rule 10).
func (l *lexer) header() error {
	at := l.here()
	name, _, ok := strings.Cut(l.text[l.pos+1:], "]")
	if !ok {
		return l.f.errorAt(at, ErrBadSectionName)
	}
	if units(name) > maxSectionName {
		return l.f.errorAt(at, ErrSectionTooLong)
	}
	return l.enter(name, at)
}

func (l *lexer) enter(name string, at Pos) error {
	f := l.f
	key := Fold(name)
	s := f.index[key]
	if s == nil {
		if len(f.Sections) == maxSections {
			return f.errorAt(at, fmt.Errorf("%w: at most %d are read", ErrTooManySections, maxSections))
		}
		s = &Section{Name: name, Pos: at}
		f.Sections = append(f.Sections, s)
		f.index[key] = s
		l.checkName(s, key)
	} else if !l.entries[s] {
		l.entries[s] = true
		f.find("repeated-section", SeverityNote, at, "[%s] occurs again; Windows reads it as one section with line %d", name, s.Pos.Line)
	}
	l.section = s
	return nil
}

func (l *lexer) checkName(s *Section, key string) {
	trimmed := strings.TrimFunc(key, isWideBlank)
	switch {
	case trimmed == "":
		l.f.find("empty-section-name", SeverityWarning, s.Pos, "a section without a name")
	case trimmed != key:
		l.f.find("blank-in-section-name", SeverityWarning, s.Pos, "[%s] has a blank at an end of its name, which makes it another name", s.Name)
		if l.f.trims[trimmed] == nil {
			l.f.trims[trimmed] = s
		}
	}
}

// entry reads a line of fields, with its continuations.
func (l *lexer) entry() error {
	line := Line{Pos: l.here()}
	first := l.next - 1
	for {
		text, at, end, blank := l.field(len(line.Values) == 0 && !line.HasKey)
		line.blank = line.blank || blank
		if units(text) > maxField {
			l.f.doubt("field-too-long", at, "a field of %d characters; at most %d are allowed", units(text), maxField)
		}
		if l.fields++; l.fields > maxFields {
			return l.f.errorAt(at, fmt.Errorf("%w: at most %d are read", ErrTooManyFields, maxFields))
		}
		if end == '=' {
			line.Key, line.HasKey = text, true
		} else {
			line.Values = append(line.Values, text)
			line.valuePos = append(line.valuePos, at)
		}
		if end == 0 {
			break
		}
		l.blanks()
	}
	if len(line.Values) == 1 && !line.HasKey {
		line.Key = line.Values[0]
	}
	line.raw = span{l.f.src.starts[first], l.f.src.end(l.next - 1)}
	l.section.Lines = append(l.section.Lines, line)
	return nil
}

// field reads one field: its text, where it begins, and the character that ends
// it, which is '=' (only where a key may stand), ',' or 0 for the end of the line.
// Blank says that other readers may drop an unusual blank at one of its ends.
func (l *lexer) field(key bool) (text string, at Pos, end byte, blank bool) {
	at = l.here()
	var out []byte
	keep := 0 // length of out without trailing blanks that no quotes protect
	core := 0 // the same without unusual blanks
scan:
	for l.pos < len(l.text) {
		switch c := l.text[l.pos]; {
		case c == ';':
			l.pos = len(l.text)
			break scan
		case c == ',' || c == '=' && key:
			l.pos++
			end = c
			break scan
		case c == '"':
			out = l.quoted(out)
			keep, core = len(out), len(out)
		case c == '\\':
			run, continues := l.backslashes()
			if !continues {
				out = append(out, run...)
				keep = len(out) - len(run) + len(strings.TrimRightFunc(run, isBlank))
				core = keep
				break
			}
			blank = blank || core < keep
			out = out[:keep]
			if !l.nextLine() {
				break scan
			}
			l.blanks()
			if len(out) == 0 {
				at = l.here()
			}
		case c == '%':
			out = l.token(out)
			keep, core = len(out), len(out)
		default:
			r, n := utf8.DecodeRuneInString(l.text[l.pos:])
			out = append(out, l.text[l.pos:l.pos+n]...)
			l.pos += n
			switch {
			case isBlank(r):
			case isWideBlank(r):
				keep = len(out)
				blank = blank || core == 0
			default:
				keep, core = len(out), len(out)
			}
		}
	}
	if blank = blank || core < keep; blank {
		l.unusual(at, string(out[:keep]))
	}
	return string(out[:keep]), at, end, blank
}

// quoted reads a quoted run; a doubled quote in it is one quote. It ends with the
// line at the latest (rule 7).
func (l *lexer) quoted(out []byte) []byte {
	at := l.here()
	for l.pos++; l.pos < len(l.text); {
		rest := l.text[l.pos:]
		i := strings.IndexByte(rest, '"')
		if i < 0 {
			break
		}
		out = append(out, rest[:i]...)
		if !strings.HasPrefix(rest[i+1:], `"`) {
			l.pos += i + 1
			return out
		}
		out = append(out, '"')
		l.pos += i + 2
	}
	l.f.find("unclosed-quote", SeverityWarning, at, "the quotation mark is not closed on this line; the text up to the end of the line is taken")
	if strings.HasSuffix(strings.TrimRightFunc(l.text[l.pos:], isWideBlank), `\`) {
		l.f.doubt("unclosed-quote-continued", at, "the quotation mark is not closed on this line, and the line ends with a backslash")
	}
	out = append(out, l.text[l.pos:]...)
	l.pos = len(l.text)
	return out
}

// backslashes reads a run of backslashes and blanks. If nothing but a comment
// follows on the line, the line continues (rule 6); else the run is text.
func (l *lexer) backslashes() (run string, continues bool) {
	rest := l.text[l.pos:]
	after := strings.TrimLeftFunc(rest, func(r rune) bool { return r == '\\' || isBlank(r) })
	if after == "" || after[0] == ';' {
		l.pos = len(l.text)
		return "", true
	}
	run = rest[:len(rest)-len(after)]
	l.pos += len(run)
	return run, false
}

// token reads "%strkey%" as it stands, so that a semicolon in it begins no
// comment (rule 5). A percent sign that no other follows in the same field is
// text.
func (l *lexer) token(out []byte) []byte {
	rest := l.text[l.pos+1:]
	n := strings.IndexAny(rest, `%,="`)
	if n < 0 || rest[n] != '%' {
		l.pos++
		return append(out, '%')
	}
	if strings.IndexByte(rest[:n], ';') >= 0 {
		l.f.doubt("semicolon-in-token", l.here(), "a semicolon inside %%%s%%; some readers begin a comment there", rest[:n])
		if strings.IndexFunc(rest[:n], isBlank) >= 0 {
			l.pos++ // "50% ; half of 100%": the semicolon begins a comment
			return append(out, '%')
		}
	}
	out = append(out, l.text[l.pos:l.pos+n+2]...)
	l.pos += n + 2
	return out
}

// checkTail reports text that stands after a control-Z and is not read.
func (f *File) checkTail(line int) {
	rest := f.src.data[f.tail:]
	last := f.src.data[:f.tail]
	if len(f.spans) > 0 {
		last = f.src.data[f.spans[len(f.spans)-1].start:f.tail]
	}
	_, after, _ := strings.Cut(f.src.read(last), "\x1A")
	if strings.Trim(after+f.src.read(rest), "\x00\x1A\r\n\t ") != "" {
		f.doubt("text-after-end", Pos{line, 1}, "the text after a control-Z character is not read")
	}
}

// isBlank reports whether a character is a blank between fields. The byte order
// mark is one: a generator of real packages writes it twice, and Windows reads
// them.
func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\uFEFF' }

// isWideBlank reports whether some reader takes a character for a blank.
func isWideBlank(r rune) bool { return isBlank(r) || unicode.IsSpace(r) }

// units is the length of a text in UTF-16, which limits count in.
func units(s string) int {
	if len(s) <= maxSectionName { // the shorter limit: bytes are never fewer than units
		return len(s)
	}
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}
