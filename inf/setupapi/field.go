package setupapi

import (
	"regexp"
	"strings"
)

// A Field is an entry that names a value: "Catalog File: x.cat",
// "Key      = x.inf", "Rank         - 0x00ff0001".
type Field struct {
	Pos   Pos
	Name  string
	Value string
}

// cutField finds the field in an entry's text. The separator is the first of
// " = ", ": " and " - "; names are padded in front of it. An empty value has
// lost the blank after the separator.
func cutField(s string) (name, value string, ok bool) {
	at, width := len(s), 0
	for _, sep := range [...]string{" = ", ": ", " - "} {
		if i := strings.Index(s, sep); i > 0 && i < at {
			at, width = i, len(sep)
		}
	}
	if width == 0 {
		for _, sep := range [...]string{" =", " -"} {
			if name, ok := strings.CutSuffix(s, sep); ok {
				return strings.TrimRight(name, " "), "", name != ""
			}
		}
		return "", "", false
	}
	return strings.TrimRight(s[:at], " "), strings.TrimSpace(s[at+width:]), true
}

// A Score is a Signer Score as a log writes it: a number, a label, or both. The
// zero value is a score that was not logged.
type Score struct {
	Value    uint32
	HasValue bool
	Label    string // "WHQL", "Inbox", "INBOX", "Authenticode", "Not digitally signed"; empty where only a number is logged
}

var scoreNumber = regexp.MustCompile(`^(?:0x)?([0-9a-fA-F]{8})$`)

// parseScore reads "0x0D000005 (WHQL)", "0x0F000000", "WHQL (0D000005)" and
// "INBOX", also in brackets as Windows 7 has values.
func parseScore(s string) Score {
	s = unbracket(s)
	first, second := s, ""
	if before, ok := strings.CutSuffix(s, ")"); ok {
		if i := strings.LastIndex(before, " ("); i >= 0 {
			first, second = before[:i], before[i+2:]
		}
	}
	for _, p := range [...][2]string{{first, second}, {second, first}} {
		if m := scoreNumber.FindStringSubmatch(p[0]); m != nil {
			v, ok := parseHex(m[1])
			return Score{Value: v, HasValue: ok, Label: p[1]}
		}
	}
	return Score{Label: s}
}

// Known reports that the log says something of the score.
func (s Score) Known() bool { return s.HasValue || s.Label != "" }

// unbracket takes the brackets of Windows 7 away: "[0x80ff0001]".
func unbracket(s string) string {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if inner, ok := strings.CutSuffix(inner, "]"); ok {
			return inner
		}
	}
	return s
}

// quoted returns the texts in single quotes. Paths may contain a quote, but not
// followed by a blank or a full stop.
func quoted(s string) []string {
	var found []string
	for len(found) < 4 {
		start := strings.IndexByte(s, '\'')
		if start < 0 {
			return found
		}
		s = s[start+1:]
		end := 0
		for ; end < len(s); end++ {
			if s[end] == '\'' && (end+1 == len(s) || strings.IndexByte(" .,;:)", s[end+1]) >= 0) {
				break
			}
		}
		if end == len(s) {
			return found
		}
		found, s = append(found, s[:end]), s[end+1:]
	}
	return found
}

// publishedName is the name under which Windows keeps the INF of a package that
// is not its own.
var publishedName = regexp.MustCompile(`(?i)\boem[0-9]{1,6}\.inf\b`)

// firstCode finds an error code in free text: eight hexadecimal digits after 0x.
func firstCode(s string) (uint32, bool) {
	for i := 0; ; {
		n := strings.Index(s[i:], "0x")
		if n < 0 {
			return 0, false
		}
		i += n + 2
		if len(s) >= i+8 && (len(s) == i+8 || !isHexDigit(s[i+8])) {
			if code, ok := parseHex(s[i : i+8]); ok {
				return code, true
			}
		}
	}
}

func isHexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
