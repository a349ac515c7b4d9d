package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"prestage"
)

// A storyWriter writes what a log tells, story by story: a log may be larger
// than memory.
type storyWriter interface {
	story(toldStory) error
	end(*logTeller) error
}

func newStoryWriter(env environment, f *logFlags) storyWriter {
	if f.output.format == "json" {
		return &jsonStories{w: env.stdout}
	}
	return &textStories{page: newPage(env.stdout, f.output.style(env))}
}

// jsonStories writes {"schemaVersion": …, "stories": […], "log": {…}}.
type jsonStories struct {
	w     io.Writer
	begun bool
}

func (j *jsonStories) story(s toldStory) error {
	lead := ","
	if !j.begun {
		lead = fmt.Sprintf("{\n  \"schemaVersion\": %d,\n  \"stories\": [", prestage.SchemaVersion)
		j.begun = true
	}
	text, err := indentedJSON(s.logStory, "    ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(j.w, "%s\n    %s", lead, text)
	return err
}

func (j *jsonStories) end(t *logTeller) error {
	lead := "\n  ]"
	if !j.begun {
		lead = fmt.Sprintf("{\n  \"schemaVersion\": %d,\n  \"stories\": []", prestage.SchemaVersion)
	}
	text, err := indentedJSON(aboutLog(t), "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(j.w, "%s,\n  \"log\": %s\n}\n", lead, text)
	return err
}

func indentedJSON(v any, prefix string) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent(prefix, "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimRight(b.String(), "\n"), err
}

// logAbout is the log as a whole.
type logAbout struct {
	Path         string   `json:"path"`
	OSVersion    string   `json:"osVersion"`
	Windows      string   `json:"windows"` // release, as --target has it; empty if it is not known
	Architecture string   `json:"architecture"`
	Sections     int      `json:"sections"`
	Stories      int      `json:"stories"`
	Lines        int      `json:"lines"`
	Unknown      int      `json:"unknownLines"`
	Errors       []string `json:"errors"`
}

func aboutLog(t *logTeller) logAbout {
	h := t.reader.Header()
	a := logAbout{
		Path: t.path, OSVersion: h.OSVersion, Architecture: h.Architecture,
		Sections: t.titled, Stories: t.told, Lines: t.lines, Unknown: t.unknown, Errors: []string{},
	}
	if w, err := releaseOf(h); err == nil {
		a.Windows = w.Name
	}
	a.Errors = append(a.Errors, t.tooLarge...)
	return a
}

// textStories writes for people.
type textStories struct {
	*page
	any bool
}

func (t *textStories) story(s toldStory) error {
	if t.any {
		t.blank()
	}
	t.any = true
	t.head(s.logStory)
	t.pkg(s.logStory)
	t.passes(s.logStory)
	t.verdict(s.logStory)
	t.nodes(s.logStory)
	t.device(s.logStory)
	t.result(s.logStory)
	return t.flush()
}

func (t *textStories) end(l *logTeller) error {
	if l.readable() != nil {
		return nil
	}
	a := aboutLog(l)
	if t.any {
		t.blank()
	}
	machine := strings.Join(strings.Fields(a.OSVersion+" "+a.Architecture), " ")
	if machine == "" {
		machine = "a machine that the log does not name"
	} else {
		machine = "Windows " + machine
	}
	text := fmt.Sprintf("%s: %s of %s told", machine, plural(a.Stories, "event"), plural(a.Sections, "section"))
	if a.Unknown > 0 {
		text += fmt.Sprintf(", %s not understood", plural(a.Unknown, "line"))
	}
	t.line(clean(text))
	return t.flush()
}

func (t *textStories) head(s *logStory) {
	title := s.Section
	if title == "" {
		title = "(a section without a title)"
	}
	if s.Subject != "" {
		title += ": " + s.Subject
	}
	t.line(t.paint(bold, clean(title)))
	text := fmt.Sprintf("line %d", s.Line)
	if s.Start != "" {
		text += " · " + s.Start
	}
	if s.Took != "" {
		text += " · " + s.Took
	}
	t.line(t.paint(dim, clean(text)))
}

func (t *textStories) pkg(s *logStory) {
	p := s.Package
	if p == nil {
		return
	}
	parts := []string{p.INF}
	for _, part := range []string{p.Provider, p.Version} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	t.entry(dim, "package", textIndent, clean(strings.Join(parts, " · ")))
	switch {
	case p.Catalog != "" && p.Readable:
		t.entry(dim, "catalog", textIndent, clean(p.Catalog)+" (readable, says Windows; that is not trust)")
	case p.Catalog != "":
		t.entry(dim, "catalog", textIndent, clean(p.Catalog))
	}
}

func (t *textStories) passes(s *logStory) {
	for _, p := range s.Passes {
		i := red
		if p.Normal {
			i = green
		}
		text := t.paint(i, clean(p.Status.Text))
		if p.Status.Name != "" && p.Status.Code != "0x00000000" {
			text += " " + p.Status.Name
		}
		text += ": " + clean(p.Says)
		if s.Package == nil {
			text = clean(p.File) + " in " + clean(p.Catalog) + " " + text
		}
		t.entry(dim, fmt.Sprintf("pass %d", p.Pass), textIndent, text)
	}
}

func (t *textStories) verdict(s *logStory) {
	for _, e := range []struct{ label, text string }{
		{"prompt", s.Prompt}, {"signer", s.Signer}, {"score", s.Score},
	} {
		if e.text != "" {
			t.entry(dim, e.label, textIndent, clean(e.text))
		}
	}
	if s.Stored != "" {
		text := s.Stored
		if s.Package != nil && s.Package.Published != "" {
			text += " as " + s.Package.Published
		}
		t.entry(dim, "stored", textIndent, clean(text))
	}
}

func (t *textStories) nodes(s *logStory) {
	for _, n := range s.Nodes {
		text := clean(n.Driver)
		if n.Version != "" {
			text += " " + clean(n.Version)
		}
		if len(n.Fate) > 0 {
			text += " " + t.paint(green, clean(strings.Join(n.Fate, ", ")))
		}
		t.entry(dim, "driver", textIndent, text)
		if n.Rank != "" {
			t.entry(plain, "", textIndent, clean(fmt.Sprintf("rank %s: %s", n.Rank, n.Decoded)))
		}
		if n.Score != "" {
			t.entry(plain, "", textIndent, clean("score "+n.Score+" by "+orUnknown(n.ID)))
		}
		if n.Why != "" {
			t.entry(plain, "", textIndent, clean(n.Why))
		}
	}
}

func orUnknown(s string) string {
	if s == "" {
		return "an id that is not logged"
	}
	return s
}

func (t *textStories) device(s *logStory) {
	for _, f := range s.Files {
		if f.Count == 0 {
			continue
		}
		text := plural(f.Count, "file") + " copied"
		switch {
		case f.Began != "" && f.Ended != "":
			text += fmt.Sprintf(", %s to %s", f.Began, f.Ended)
		case f.Ended != "":
			text += " until " + f.Ended
		}
		t.entry(dim, "files", textIndent, clean(text))
	}
	for _, service := range s.Services {
		i := plain
		if service.Failed {
			i = red
		}
		t.entry(dim, "service", textIndent, t.paint(i, clean(service.Name))+": "+clean(service.Explain))
	}
	for _, p := range s.Problems {
		text := t.paint(red, fmt.Sprintf("Code %d", p.Code))
		if p.Name != "" {
			text += " " + clean(p.Name)
		}
		if p.Status != "" {
			text += " (" + p.Status + ")"
		}
		t.entry(dim, "problem", textIndent, fmt.Sprintf("%s: %s (line %d)", text, clean(p.Says), p.Line))
	}
	for _, e := range s.Events {
		t.entry(dim, "event", textIndent, clean(e))
	}
}

func (t *textStories) result(s *logStory) {
	for i, r := range s.Refused {
		t.entry(dim, []string{"error", ""}[min(i, 1)], textIndent, clean(r))
	}
	if s.Restart != "" {
		t.entry(dim, "restart", textIndent, t.paint(yellow, "required:")+" "+clean(s.Restart))
	}
	i, word := yellow, "not logged"
	switch s.Result {
	case "success":
		i, word = green, "success"
		if s.Failed {
			i, word = yellow, "success, with a problem"
		}
	case "failure":
		i, word = red, "failure"
	}
	text := t.paint(i, word)
	if s.Status.Code != "" && s.Status.Code != "0x00000000" {
		text += " " + clean(s.Status.says())
	}
	t.entry(dim, "result", textIndent, text)
	for n, a := range s.Advice {
		t.entry(bold, []string{"do", ""}[min(n, 1)], textIndent, clean(a))
	}
}
