package setupapi

import (
	"fmt"
	"strconv"
	"strings"
)

// A Brace is the text of an entry that begins or ends a context:
// "{Stage Driver Package: c:\x.inf}", "{Stage Driver Package: exit(0x00000000)}".
type Brace struct {
	Subject string // everything that names the context: "Stage Driver Package: c:\x.inf"; of an end, what precedes the exit
	Name    string // "Stage Driver Package"
	Arg     string // "c:\x.inf"; empty at an end
	Close   bool
	Exit    Exit // of an end
}

// Exit is how a context ended. Windows spells it in many ways:
//
//	{Name: exit(0x00000000)}      {Name - exit(0x00000000)}    {Name exit(0x00000000)}
//	{Name exit (0x00000000)}      {Name - exit (0x00000000)}   {Name - exit(0x00000000}
//	{Name - exit(00000000)}       {Name exit(00000000)}
//	{Name exit}                   {Name exit OK}               {Name - Complete}
//
// The zero value is an end that was not seen.
type Exit struct {
	Seen    bool   // the context's end is in the log
	HasCode bool   // it says a code
	Code    uint32 // that code
	Word    string // "OK" or "Complete", where there is a word in place of a code
}

// OK reports whether the end was seen and says a code of zero, or the word OK.
func (e Exit) OK() bool {
	return e.Seen && (e.HasCode && e.Code == 0 || !e.HasCode && e.Word == "OK")
}

// String returns "0xe0000247", the word, "exit" for an end without either, and
// "unknown" where no end was seen.
func (e Exit) String() string {
	switch {
	case !e.Seen:
		return "unknown"
	case e.HasCode:
		return fmt.Sprintf("0x%08x", e.Code)
	case e.Word != "":
		return e.Word
	}
	return "exit"
}

// parseBrace reads an entry's message that begins with a brace. A message that
// only contains braces, or is a GUID, is no context. The closing brace is
// missing where Windows cut a long line.
func parseBrace(s string) (Brace, bool) {
	inner, ok := strings.CutPrefix(s, "{")
	if !ok {
		return Brace{}, false
	}
	if closed, ok := strings.CutSuffix(inner, "}"); ok {
		inner = closed
	} else if strings.Contains(inner, "}") {
		return Brace{}, false
	}
	if inner == "" || isGUID(inner) {
		return Brace{}, false
	}
	if subject, exit, ok := cutExit(inner); ok {
		return Brace{Subject: subject, Name: contextName(subject), Close: true, Exit: exit}, true
	}
	b := Brace{Subject: inner, Name: contextName(inner)}
	if len(b.Name) < len(inner) {
		b.Arg = strings.TrimLeft(inner[len(b.Name):], ":- ")
	}
	return b, true
}

// contextName is the part before the first ": " or " - ".
func contextName(s string) string {
	for i := 0; i+1 < len(s); i++ {
		if s[i] == ':' && s[i+1] == ' ' || s[i] == ' ' && strings.HasPrefix(s[i:], " - ") {
			return s[:i]
		}
	}
	return s
}

// cutExit takes the exit from the end of a context's text.
func cutExit(s string) (subject string, exit Exit, ok bool) {
	if subject, ok := strings.CutSuffix(s, " - Complete"); ok {
		return subject, Exit{Seen: true, Word: "Complete"}, subject != ""
	}
	i := strings.LastIndex(s, "exit")
	if i < 1 {
		return "", Exit{}, false
	}
	subject, exit, ok = trimSeparator(s[:i]), Exit{Seen: true}, true
	switch rest := strings.TrimPrefix(s[i+len("exit"):], " "); {
	case rest == "":
	case rest == "OK":
		exit.Word = rest
	default:
		exit.Code, ok = parenthesised(rest)
		exit.HasCode = ok
	}
	if !ok || subject == "" || len(subject) == i {
		return "", Exit{}, false
	}
	return subject, exit, true
}

// trimSeparator takes ": ", " - " or " " from the end.
func trimSeparator(s string) string {
	for _, sep := range [...]string{": ", " - ", " "} {
		if before, ok := strings.CutSuffix(s, sep); ok {
			return before
		}
	}
	return s
}

// parenthesised reads "(0x00000000)", without the 0x, and without the closing
// parenthesis, which Windows 11 22H2 forgets in one place.
func parenthesised(s string) (uint32, bool) {
	s, ok := strings.CutPrefix(s, "(")
	if !ok {
		return 0, false
	}
	s = strings.TrimSuffix(s, ")")
	return parseHex(strings.TrimPrefix(s, "0x"))
}

// looseExit reads the end of a context whose word for exit is a translated one:
// the subject of an open context, something, and a code in parentheses.
func looseExit(inner, subject string) (Exit, bool) {
	rest, ok := strings.CutPrefix(inner, subject)
	i := strings.LastIndexByte(rest, '(')
	if !ok || i < 1 || len(rest) > 64 || strings.ContainsAny(rest[:i], `\/.{`) {
		return Exit{}, false
	}
	code, ok := parenthesised(rest[i:])
	return Exit{Seen: ok, HasCode: ok, Code: code}, ok
}

// parseHex reads exactly eight hexadecimal digits.
func parseHex(s string) (uint32, bool) {
	if len(s) != 8 || s[0] == '+' || s[0] == '-' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 16, 32)
	return uint32(n), err == nil
}

func isGUID(s string) bool {
	const length = len("4d36e972-e325-11ce-bfc1-08002be10318")
	if len(s) != length {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
				return false
			}
		}
	}
	return true
}
