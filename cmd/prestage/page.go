package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// page writes text for people: wrapped to a width, coloured if wanted, and
// with everything that comes from a file made harmless for a terminal.
type page struct {
	w     *bufio.Writer
	width int
	color bool
}

func newPage(w io.Writer, s style) *page {
	return &page{w: bufio.NewWriter(w), width: s.width, color: s.color}
}

// ink is an SGR sequence.
type ink string

const (
	plain  ink = ""
	bold   ink = "1"
	dim    ink = "2"
	red    ink = "1;31"
	green  ink = "1;32"
	yellow ink = "1;33"
)

// paint colours s, which must be clean.
func (p *page) paint(i ink, s string) string {
	if !p.color || i == plain || s == "" {
		return s
	}
	return "\x1b[" + string(i) + "m" + s + "\x1b[0m"
}

// line writes one line as it is.
func (p *page) line(s string) { fmt.Fprintln(p.w, strings.TrimRight(s, " ")) }

// blank writes an empty line.
func (p *page) blank() { fmt.Fprintln(p.w) }

// entry writes a label, then text that is wrapped and hangs under its own
// beginning at column indent. The label is painted.
func (p *page) entry(i ink, label string, indent int, text string) {
	head := "  " + label
	pad := max(indent-columns(head), 1)
	if columns(head) >= indent {
		p.line("  " + p.paint(i, label))
		head, label, pad = "", "", indent
	}
	for n, l := range wrap(text, p.width-indent) {
		if n == 0 && label != "" {
			p.line("  " + p.paint(i, label) + strings.Repeat(" ", pad) + l)
			continue
		}
		p.line(strings.Repeat(" ", indent) + l)
	}
}

// flush writes what is buffered and reports the first error of all writes.
func (p *page) flush() error { return p.w.Flush() }

// clean makes text from a file harmless: control characters, which could
// steer a terminal, and characters that turn the reading direction become
// visible escapes.
func clean(s string) string {
	if strings.IndexFunc(s, harmful) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if harmful(r) {
			fmt.Fprintf(&b, "\\u%04x", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// cleanLines is clean for a message of several lines.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = clean(l)
	}
	return strings.Join(lines, "\n")
}

func harmful(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError ||
		r == '\u2028' || r == '\u2029'
}

// columns counts the columns that s takes on a terminal, near enough for
// names: East Asian wide characters take two.
func columns(s string) int {
	n, escape := 0, false
	for _, r := range s {
		switch {
		case escape || r == '\x1b': // paint; clean leaves no escape of others
			escape = r != 'm'
		case unicode.Is(unicode.Mn, r):
		case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
			n += 2
		default:
			n++
		}
	}
	return n
}

// words splits s at blanks. A short quotation stays whole: it is often
// something to copy.
func words(s string) []string {
	const short = 24
	var all []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimLeft(s, " \t\n") {
		end := strings.IndexAny(s, " \t\n")
		if end < 0 {
			end = len(s)
		}
		if s[0] == '"' {
			if n := strings.IndexByte(s[1:], '"') + 2; n > end && n <= short {
				end = n + len(strings.SplitN(s[n:], " ", 2)[0]) // with a comma, say
			}
		}
		all = append(all, s[:end])
		s = s[end:]
	}
	return all
}

// wrap breaks s at blanks so that no line is longer than width, unless a
// single word is.
func wrap(s string, width int) []string {
	width = max(width, 20)
	var lines []string
	line, used := "", 0
	for _, word := range words(s) {
		n := columns(word)
		if line != "" && used+1+n > width {
			lines = append(lines, line)
			line, used = "", 0
		}
		if line != "" {
			line += " "
			used++
		}
		line += word
		used += n
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// table lays rows out in columns that are as wide as their widest cell. The
// last column is not padded.
func (p *page) table(rows [][]string, paint func(row, col int, cell string) string) {
	var widths []int
	for _, row := range rows {
		for c, cell := range row {
			if c == len(widths) {
				widths = append(widths, 0)
			}
			widths[c] = max(widths[c], columns(cell))
		}
	}
	for r, row := range rows {
		var b strings.Builder
		b.WriteString("  ")
		for c, cell := range row {
			b.WriteString(paint(r, c, cell))
			if c < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[c]-columns(cell)+2))
			}
		}
		p.line(b.String())
	}
}
