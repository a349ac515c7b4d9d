package setupapi

import (
	"fmt"
	"strings"
)

// A Line is one line of a log: what it is, its parts, and its bytes. Which parts
// are set depends on the kind.
type Line struct {
	Pos  Pos
	Raw  string // the bytes in the log, with the line ending
	Text string // the characters, without it
	Kind Kind

	Severity Severity // entries
	Category string   // entries: "inf", "sto", "sig" …, "..." for a vendor's; commands: "cmd"; old entries: "E", "W", "I", "T", "V" or "-"
	Indent   int      // entries: columns of indentation, five for each level

	// Number is the message number of an entry before Vista, -1 where the
	// message has none, as in Windows 2000.
	Number int

	// Name is the title of a section, the name of a header field, the text
	// of a heading; of an old section "pid.instance".
	Name string

	// Message is an entry's text without indentation and time of day, a
	// command line, a section's instance, a header field's value, the words
	// of an exit status, an old section's description.
	Message string

	// Stamp is the time as written: date and time of sections and boot
	// sessions, time of day of entries. Empty where there is none.
	Stamp string

	// Loose says that the line differs in blanks or words from the form that
	// Windows 7 to 11 write: it was documented so, or lost columns on its way
	// through a web page.
	Loose bool
}

// String returns the text as Windows would write it, composed from the parts.
// Lines that are loose or unknown stay as they were read.
func (l *Line) String() string {
	if l.Loose {
		return l.Text
	}
	switch l.Kind {
	case KindBlank:
		return ""
	case KindHeading:
		return "[" + l.Name + "]"
	case KindHeaderField:
		return "     " + l.Name + " = " + l.Message
	case KindBootSession:
		return bootMark + l.Stamp + "]"
	case KindSectionTitle:
		if l.Message == "" {
			return titleMark + l.Name + "]"
		}
		return titleMark + l.Name + titleSep + l.Message + "]"
	case KindSectionStart:
		return startMark + l.Stamp
	case KindSectionEnd:
		return endMark + l.Stamp
	case KindExitStatus:
		return exitMark + l.Message + "]"
	case KindCommand:
		return commandMark + l.Message
	case KindEntry, KindOpen, KindClose:
		s := l.mark() + l.Category + ": " + strings.Repeat(" ", l.Indent) + l.Message
		if l.Stamp != "" {
			s += " " + l.Stamp
		}
		return s
	case KindOldSection, KindOldEntry:
		return l.oldString()
	}
	return l.Text
}

func (l *Line) mark() string {
	if l.Severity <= SeverityUnknown || int(l.Severity) >= len(severityMarks) {
		return severityMarks[Plain]
	}
	return severityMarks[l.Severity]
}

// The fixed parts of lines, as real logs have them.
const (
	bootMark    = "[Boot Session: "
	titleMark   = ">>>  ["
	titleSep    = " - "
	startMark   = ">>>  Section start "
	endMark     = "<<<  Section end "
	exitMark    = "<<<  [Exit status: "
	commandMark = "      cmd: "
)

// categories are those that are documented ("Format of a Text Log Section
// Body") and those that were seen. In a line with exact columns any three letters
// are a category, because the list is not complete.
var categories = map[string]bool{
	"...": true, "bak": true, "cci": true, "cpy": true, "dvi": true, "dvs": true, "flq": true, "idb": true,
	"inf": true, "ndv": true, "pol": true, "prp": true, "reg": true, "set": true, "sig": true, "sto": true,
	"ui ": true, "ump": true, "utl": true,
}

// part is where in a log the scanner is, for lines that mean something only there.
type part int

const (
	partSections part = iota
	partHeader        // before the first section: fields may stand at the margin
	partOld           // in a section before Vista: a line without a mark is a message too
)

// parse finds out what the line's text is.
func (l *Line) parse(where part) {
	s := l.Text
	switch {
	case s == "":
		l.Kind = KindBlank
	case parseEntry(l, s):
	case s[0] == '[':
		parseBracket(l, s)
	case strings.HasPrefix(s, ">>>"):
		parseHead(l, s)
	case strings.HasPrefix(s, "<<<"):
		parseFoot(l, s)
	case s[0] == '#' || s[0] == '@':
		parseOldEntry(l, s)
	case strings.TrimSpace(s) == "":
		l.Kind, l.Loose = KindBlank, true
	case parseLooseEntry(l, s):
	case where != partOld && parseHeaderField(l, s, where == partHeader):
	}
	if l.Kind == KindUnknown && where == partOld {
		l.Kind, l.Number, l.Message = KindOldEntry, -1, s
	}
}

// parseEntry reads an entry with exact columns: five of mark, three of category,
// a colon, a blank, the indentation.
func parseEntry(l *Line, s string) bool {
	if len(s) < 10 || s[8] != ':' || s[9] != ' ' || !isCategory(s[5:8]) {
		return parseCommand(l, s)
	}
	switch s[:5] {
	case severityMarks[Plain]:
		l.Severity = Plain
	case severityMarks[Warning]:
		l.Severity = Warning
	case severityMarks[Error]:
		l.Severity = Error
	default:
		return false
	}
	l.Category = s[5:8]
	l.body(s[10:])
	return true
}

func parseCommand(l *Line, s string) bool {
	cmd, ok := strings.CutPrefix(s, commandMark)
	if ok {
		l.Kind, l.Category, l.Message = KindCommand, "cmd", cmd
	}
	return ok
}

// body reads what follows "category: ".
func (l *Line) body(s string) {
	n := 0
	for n < len(s) && s[n] == ' ' {
		n++
	}
	l.Kind, l.Indent = KindEntry, n
	l.Message, l.Stamp = cutClock(s[n:])
	if strings.HasPrefix(l.Message, "{") {
		if b, ok := parseBrace(l.Message); ok {
			l.Kind = KindOpen
			if b.Close {
				l.Kind = KindClose
			}
		}
	}
}

func isCategory(s string) bool {
	if s == "ui " || s == "..." {
		return true
	}
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}

// parseLooseEntry reads an entry whose columns were lost, as on web pages, or are
// the documented ones, which are wider, with or without a time stamp before the
// category. Only a known category makes a line an entry here.
func parseLooseEntry(l *Line, s string) bool {
	rest := strings.TrimLeft(s, " \t")
	marks := len(rest) - len(strings.TrimLeft(rest, "!"))
	severity := Plain
	switch marks {
	case 0:
	case 1:
		severity = Warning
	case 3:
		severity = Error
	default:
		return false
	}
	rest = strings.TrimLeft(rest[marks:], " \t")
	stamp := ""
	if digits(rest, "0000/00/00 00:00:00") {
		_, stamp, rest, _ = findStamp(rest)
		rest = strings.TrimLeft(strings.TrimPrefix(rest, ":"), " ")
	}
	if strings.HasPrefix(rest, "cmd: ") && severity == Plain {
		l.Kind, l.Category, l.Message, l.Loose = KindCommand, "cmd", rest[len("cmd: "):], true
		return true
	}
	if len(rest) < 4 || rest[3] != ':' || !categories[rest[:3]] {
		return false
	}
	l.Severity, l.Category, l.Loose = severity, rest[:3], true
	l.body(strings.TrimPrefix(rest[4:], " "))
	l.Message = strings.TrimRight(l.Message, " \t")
	if stamp != "" {
		l.Stamp = stamp
	}
	return true
}

// parseBracket reads a line in brackets: a boot session, which ends with a
// moment; a section before Vista, which begins with one; else a heading.
func parseBracket(l *Line, s string) {
	inner, ok := strings.CutSuffix(strings.TrimRight(s, " \t"), "]")
	if !ok {
		return
	}
	inner = inner[1:]
	before, stamp, after, dated := findStamp(inner)
	switch {
	case dated && before == "" && parseOldSection(l, stamp, after):
	case dated && before != "" && after == "":
		l.Kind, l.Stamp = KindBootSession, stamp
	case dated || strings.ContainsAny(inner, "[]"):
		return
	default:
		l.Kind, l.Name = KindHeading, inner
	}
	l.Loose = l.String() != s
}

// parseHead reads the two lines that begin a section: the title in brackets, and
// the start with its moment.
func parseHead(l *Line, s string) {
	rest := strings.Trim(s[3:], " \t")
	if title, ok := strings.CutPrefix(rest, "["); ok {
		l.Kind = KindSectionTitle
		l.Name, l.Message, _ = strings.Cut(strings.TrimSuffix(title, "]"), titleSep)
	} else if _, stamp, _, ok := findStamp(rest); ok {
		l.Kind, l.Stamp = KindSectionStart, stamp
	} else {
		return
	}
	l.Loose = l.String() != s
}

// parseFoot reads the two lines that end a section. The documented form has the
// moment in brackets too: "<<<  [2005/02/13 22:06:28.109: Section end]".
func parseFoot(l *Line, s string) {
	rest := strings.Trim(s[3:], " \t")
	if _, stamp, _, ok := findStamp(rest); ok {
		l.Kind, l.Stamp = KindSectionEnd, stamp
	} else if status, ok := strings.CutPrefix(rest, "["); ok {
		l.Kind, l.Message = KindExitStatus, exitWords(strings.TrimSuffix(status, "]"))
	} else {
		return
	}
	l.Loose = l.String() != s
}

// exitWords takes the words before the status away: "Exit status: SUCCESS", or
// as documented "Exit Status(0x00000000)", "Exit".
func exitWords(s string) string {
	if _, status, ok := strings.Cut(s, ": "); ok {
		return status
	}
	if i := strings.IndexByte(s, '('); i >= 0 {
		return s[i:]
	}
	return ""
}

// parseHeaderField reads "     OS Version = 10.0.22621". Before Vista the fields
// stand at the margin, where only the header can have them.
func parseHeaderField(l *Line, s string, header bool) bool {
	rest, ok := strings.CutPrefix(s, "     ")
	if !ok && !header || strings.HasPrefix(rest, " ") {
		return false
	}
	name, value, found := strings.Cut(rest, " = ")
	if !found || name == "" {
		return false
	}
	l.Kind, l.Name, l.Message, l.Loose = KindHeaderField, name, value, !ok
	return true
}

// parseOldSection reads what follows the moment in the heading of a section
// before Vista: "pid.instance" and perhaps a description.
func parseOldSection(l *Line, stamp, after string) bool {
	id, description, _ := strings.Cut(strings.TrimPrefix(after, " "), " ")
	pid, instance, ok := strings.Cut(id, ".")
	if !ok || !isNumber(pid) || !isNumber(instance) {
		return false
	}
	l.Kind, l.Stamp, l.Name, l.Message = KindOldSection, stamp, id, description
	return true
}

// parseOldEntry reads "#-198 text" and "@ 20:14:33.381 #V132 text".
func parseOldEntry(l *Line, s string) {
	rest, stamp := s, ""
	if r, ok := strings.CutPrefix(s, "@ "); ok && len(r) > clockLen+1 && isClock(r[:clockLen]) && r[clockLen] == ' ' {
		stamp, rest = r[:clockLen], r[clockLen+1:]
	}
	if len(rest) < 5 || rest[0] != '#' || !strings.ContainsRune("EWITV-", rune(rest[1])) {
		return
	}
	number, message, _ := strings.Cut(rest[2:], " ")
	if len(number) > 4 || !isNumber(number) {
		return
	}
	l.Kind, l.Stamp, l.Message, l.Category = KindOldEntry, stamp, message, rest[1:2]
	for _, digit := range []byte(number) {
		l.Number = l.Number*10 + int(digit-'0')
	}
	switch l.Category {
	case "E":
		l.Severity = Error
	case "W":
		l.Severity = Warning
	default:
		l.Severity = Plain
	}
	l.Loose = l.String() != s
}

func (l *Line) oldString() string {
	if l.Kind == KindOldSection {
		s := "[" + l.Stamp + " " + l.Name
		if l.Message != "" {
			s += " " + l.Message
		}
		return s + "]"
	}
	if l.Number < 0 {
		return l.Message
	}
	s := fmt.Sprintf("#%s%03d %s", l.Category, l.Number, l.Message)
	if l.Stamp != "" {
		s = "@ " + l.Stamp + " " + s
	}
	return s
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
