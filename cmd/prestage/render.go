package main

import (
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"prestage"
)

// style is how a report for people looks.
type style struct {
	width                   int // columns
	color                   bool
	explain, quiet, verbose bool
	ranked                  bool // for a device whose ids were given
}

// renderers are the forms of check's report. A renderer prints what it is
// given and decides nothing.
var renderers = map[string]func(io.Writer, *prestage.Report, style) error{
	"text":     renderText,
	"json":     renderJSON,
	"setupapi": renderSetupAPI,
}

func formatNames() string {
	return strings.Join([]string{"text", "json", "setupapi"}, "|")
}

// Widths of text for people: that of the terminal within these bounds, the
// default elsewhere.
const (
	defaultWidth = 80
	minWidth     = 60
	maxWidth     = 120
)

func (f *outputFlags) style(env environment) style {
	s := style{width: defaultWidth, explain: f.explain, quiet: f.quiet, verbose: f.verbose, ranked: f.ranked}
	file, _ := env.stdout.(*os.File)
	terminal := file != nil && f.output == "" && term.IsTerminal(int(file.Fd()))
	if terminal {
		if w, _, err := term.GetSize(int(file.Fd())); err == nil {
			s.width = w
		}
	}
	if w, err := strconv.Atoi(env.getenv("COLUMNS")); err == nil {
		s.width = w
	}
	s.width = min(max(s.width, minWidth), maxWidth)
	switch f.color {
	case "always":
		s.color = true
	case "auto":
		s.color = terminal && env.getenv("NO_COLOR") == "" && env.getenv("TERM") != "dumb"
	}
	return s
}
