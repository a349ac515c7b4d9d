package main

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"prestage/authenticode/winerror"
	"prestage/inf/setupapi"
)

// A logStory is what a log tells of one import or one installation: plain data,
// the form of log's JSON.
type logStory struct {
	Line    int    `json:"line"`
	Kind    string `json:"kind"` // import, device, verification, old or failure
	Section string `json:"section"`
	Subject string `json:"subject"`
	Start   string `json:"start,omitempty"` // local time of the machine
	Took    string `json:"took,omitempty"`
	Command string `json:"command,omitempty"`

	Package  *logPackage  `json:"package,omitempty"`
	Passes   []logPass    `json:"passes,omitempty"`
	Prompt   string       `json:"prompt,omitempty"`
	Score    string       `json:"score,omitempty"`
	Signer   string       `json:"signer,omitempty"`
	Stored   string       `json:"stored,omitempty"`
	Refused  []string     `json:"refused,omitempty"`
	Nodes    []logNode    `json:"nodes,omitempty"`
	Files    []logFiles   `json:"files,omitempty"`
	Services []logService `json:"services,omitempty"`
	Problems []logProblem `json:"problems,omitempty"`
	Events   []string     `json:"events,omitempty"` // messages before Vista
	Restart  string       `json:"restart,omitempty"`

	Result string    `json:"result"` // success, failure or unknown
	Status logStatus `json:"status"`
	Failed bool      `json:"failed"` // or left a problem
	Advice []string  `json:"advice,omitempty"`
}

type logPackage struct {
	INF       string `json:"inf"`
	Provider  string `json:"provider,omitempty"`
	Version   string `json:"driverVersion,omitempty"` // as logged: date,version
	Catalog   string `json:"catalog,omitempty"`
	Readable  bool   `json:"catalogReadable,omitempty"` // Windows said so; nothing follows for trust
	Published string `json:"published,omitempty"`
}

// A logPass is one verification of one file.
type logPass struct {
	Line    int       `json:"line"`
	Pass    int       `json:"pass"`
	File    string    `json:"file"`
	Catalog string    `json:"catalog"`
	Status  logStatus `json:"status"`
	Normal  bool      `json:"normal"` // no reason to worry
	Says    string    `json:"says"`
}

// A logStatus is a code with its name and what it means.
type logStatus struct {
	Text    string `json:"text"` // as logged
	Code    string `json:"code,omitempty"`
	Name    string `json:"name,omitempty"`
	Meaning string `json:"meaning,omitempty"`
}

// A logNode is a driver that was considered for a device.
type logNode struct {
	Line    int      `json:"line"`
	Driver  string   `json:"driver"`
	ID      string   `json:"id,omitempty"`
	Version string   `json:"version,omitempty"`
	Score   string   `json:"score,omitempty"`
	Rank    string   `json:"rank,omitempty"`
	Decoded string   `json:"decoded,omitempty"`
	Fate    []string `json:"fate,omitempty"`
	Why     string   `json:"why,omitempty"`
}

// logFiles is a queue of files that was carried out.
type logFiles struct {
	Line  int    `json:"line"`
	Count int    `json:"count"`
	Began string `json:"began,omitempty"`
	Ended string `json:"ended,omitempty"`
}

type logService struct {
	Line    int    `json:"line"`
	Name    string `json:"name"`
	Failed  bool   `json:"failed"`
	Too     bool   `json:"beforeFiles"` // started before its files were in place
	Explain string `json:"explain"`
}

type logProblem struct {
	Line   int    `json:"line"`
	Code   uint32 `json:"code"`
	Name   string `json:"name,omitempty"`
	Status string `json:"status,omitempty"` // NTSTATUS
	Says   string `json:"says"`
}

// storiesOf tells a section: its imports, its installations, or where it has
// neither, its verifications or that it failed.
func storiesOf(s *setupapi.Section) []toldStory {
	if s.Old {
		return oldStories(s)
	}
	var all []toldStory
	for _, m := range s.Imports() {
		all = append(all, toldStory{importStory(s, m), s, m})
	}
	for _, d := range s.DeviceInstalls() {
		all = append(all, toldStory{deviceStory(s, d), s, nil})
	}
	if len(all) > 0 {
		return all
	}
	if passes := s.Verifications(); len(passes) > 0 {
		return []toldStory{{verificationStory(s, passes), s, nil}}
	}
	if s.Status.Result == setupapi.Failure {
		story := newStory(s, "failure", s.Pos().Line)
		story.finish(s.Status, setupapi.Exit{})
		story.advise()
		return []toldStory{{story, s, nil}}
	}
	return nil
}

func newStory(s *setupapi.Section, kind string, line int) *logStory {
	story := &logStory{Line: line, Kind: kind, Section: s.Title, Subject: s.Instance}
	if !s.Start.IsZero() {
		story.Start = s.Start.Format(time.DateTime)
		if !s.End.IsZero() && !s.End.Before(s.Start) {
			story.Took = tookWords(s.End.Sub(s.Start))
		}
	}
	for i := range s.Lines {
		if s.Lines[i].Kind == setupapi.KindCommand {
			story.Command = s.Lines[i].Message
			break
		}
	}
	return story
}

func tookWords(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// finish takes the end: that of the section, else that of the context.
func (t *logStory) finish(status setupapi.Status, exit setupapi.Exit) {
	t.Result = status.Result.String()
	t.Status = logStatus{Text: status.String()}
	switch {
	case status.Result == setupapi.Failure:
		t.Status = statusOf(status.String(), status.Code)
	case status.Result == setupapi.Success:
		t.Status = statusOf(status.String(), 0)
		if exit.Seen && exit.HasCode && !harmless(exit.Code) {
			// The section went well, the installation of this device did not.
			t.Result, t.Status = setupapi.Failure.String(), statusOf(exit.String(), exit.Code)
		}
	case exit.Seen && exit.HasCode && harmless(exit.Code), exit.OK():
		t.Result, t.Status = setupapi.Success.String(), statusOf(exit.String(), exit.Code)
	case exit.Seen && exit.HasCode:
		t.Result, t.Status = setupapi.Failure.String(), statusOf(exit.String(), exit.Code)
	}
	t.Failed = t.Result == setupapi.Failure.String()
}

// harmless are the codes of an end that is no failure: success, "nothing
// better" and "restart needed" (winerror.h 0, 259, 1641, 3010, 3011).
func harmless(code uint32) bool {
	return slices.Contains([]uint32{0, 0x103, 0x669, 0xBC2, 0xBC3}, code)
}

func statusOf(text string, code uint32) logStatus {
	c := winerror.Code(code)
	return logStatus{Text: text, Code: c.Hex(), Name: c.Name(), Meaning: meaningOf(c)}
}

// meaningOf is the meaning of a code, also of those that only logs have.
func meaningOf(c winerror.Code) string {
	switch c {
	case 0x103:
		return "the device already has a driver that is as good"
	case 0x669, 0xBC2, 0xBC3:
		return "done, and a restart is needed"
	}
	return c.Text()
}

// says is the code with its name and meaning, in one line.
func (s logStatus) says() string {
	text := s.Code
	if text == "" {
		return s.Text
	}
	if s.Name != "" {
		text += " " + s.Name
	}
	if s.Meaning != "" {
		text += ": " + s.Meaning
	}
	return text
}

func importStory(s *setupapi.Section, m *setupapi.Import) *logStory {
	t := newStory(s, "import", m.Pos.Line)
	t.Subject = m.INF
	t.Package = &logPackage{
		INF: baseOf(m.INF), Provider: m.Provider, Version: m.DriverVersion,
		Catalog: m.Catalog, Readable: m.CatalogValid, Published: m.Published,
	}
	t.Passes = passesOf(m.Verifications)
	t.Prompt = promptWords(m)
	t.Score, t.Signer = logScore(m.Score), m.SignerName
	t.Stored = m.StoreName
	if n := len(targets(m.Copies)); n > 0 {
		t.Files = []logFiles{{Line: m.Copies[0].Pos.Line, Count: n}}
	}
	for _, r := range m.Refused {
		t.Refused = append(t.Refused, fmt.Sprintf("line %d: %s", r.Pos.Line, r.Text))
	}
	t.finish(m.Status, m.Exit)
	if t.Result == setupapi.ResultUnknown.String() && m.Validation.Seen && !m.Validation.OK() {
		t.Result, t.Failed = setupapi.Failure.String(), true
		t.Status = statusOf(m.Validation.String(), m.Validation.Code)
	}
	t.adviseImport(m)
	return t
}

func baseOf(name string) string {
	return path.Base(strings.ReplaceAll(name, `\`, "/"))
}

func logScore(s setupapi.Score) string {
	switch {
	case !s.Known():
		return ""
	case !s.HasValue:
		return s.Label
	}
	label := s.Label
	if label == "" {
		label = scoreLabel(s.Value)
	}
	return strings.TrimSpace(fmt.Sprintf("0x%08X %s", s.Value, label))
}

func passesOf(verifications []setupapi.Verification) []logPass {
	var all []logPass
	for i := range verifications {
		v := &verifications[i]
		p := logPass{
			Line: v.Pos.Line, Pass: v.Pass, File: v.Key, Catalog: baseOf(v.Catalog),
			Status: logStatus{Text: v.Exit.String()},
		}
		if v.Exit.HasCode {
			p.Status = statusOf(v.Exit.String(), v.Exit.Code)
		}
		var next *setupapi.Verification
		if i+1 < len(verifications) && verifications[i+1].Pass == v.Pass+1 {
			next = &verifications[i+1]
		}
		p.Normal, p.Says = passMeaning(v, next)
		all = append(all, p)
	}
	return all
}

// passMeaning says what the result of a pass means there (rule 122 and
// windows-evidence, section 2): the first pass accepts Microsoft's roots only,
// and the success of the second is a code.
func passMeaning(v, next *setupapi.Verification) (normal bool, text string) {
	code := winerror.Code(v.Exit.Code)
	switch {
	case !v.Exit.Seen || !v.Exit.HasCode:
		return false, "the log does not say how this pass ended"
	case code == winerror.OK && v.Pass == 1:
		return true, "signed by Microsoft, so no second pass is needed"
	case code == winerror.OK:
		return true, "the signature holds"
	case code == winerror.SetupTrustedPublisher:
		return true, "this is success: the signer is in the machine's Trusted Publishers"
	case code == winerror.SetupTrustNotEstablished:
		return true, "the signature holds and the root is trusted, but the publisher is not in the machine's Trusted Publishers: Windows has to ask"
	case code == winerror.SetupPublisherNotTrusted:
		return false, "the signature holds, but the publisher is distrusted, or this Windows stages only what Microsoft signed"
	case v.Pass == 1 && code == winerror.CertUntrustedRoot && next != nil:
		return true, "normal: the first pass accepts Microsoft's roots only, and this catalog is a third party's; the second pass decides"
	case v.Pass == 1 && next != nil:
		return false, "not Microsoft's signature for drivers; the second pass decides"
	}
	return false, "the signature does not count: " + cmp.Or(code.Text(), code.Hex())
}

// lastCode is the result of the last pass.
func lastCode(passes []setupapi.Verification) (winerror.Code, bool) {
	if len(passes) == 0 || !passes[len(passes)-1].Exit.HasCode {
		return 0, false
	}
	return winerror.Code(passes[len(passes)-1].Exit.Code), true
}

// askedFor is the least time that a person needs to answer a dialog.
const askedFor = 2 * time.Second

// promptWords say what shows that a person was asked, or was not. The log has
// no entry for the dialog itself.
func promptWords(m *setupapi.Import) string {
	code, ok := lastCode(m.Verifications)
	if !ok || code != winerror.SetupTrustNotEstablished {
		return ""
	}
	gap := ""
	if m.Prompt.HasGap {
		gap = fmt.Sprintf(" (%s from the last pass to the end of the validation)", tookWords(m.Prompt.Gap))
	}
	switch {
	case m.Prompt.Accepted && m.Prompt.CertificateInstalled:
		return "somebody was asked and said yes, always for this publisher, whose certificate is now in Trusted Publishers" + gap
	case m.Prompt.Accepted:
		return "somebody was asked and said yes" + gap
	case m.Validation.OK():
		return "the log shows no answer, but the validation succeeded" + gap
	case m.Prompt.HasGap && m.Prompt.Gap >= askedFor:
		return "somebody may have been asked and have said no" + gap
	}
	return "nobody was asked: the caller had no desktop, or asked for silence" + gap
}

func verificationStory(s *setupapi.Section, passes []setupapi.Verification) *logStory {
	t := newStory(s, "verification", s.Pos().Line)
	t.Passes = passesOf(passes)
	t.finish(s.Status, setupapi.Exit{})
	t.advise()
	return t
}

// concerns reports whether the story is about a package: its INF, its catalog,
// its published name, or a driver of it that was considered.
func (t toldStory) concerns(name string) bool {
	names := []string{baseOf(t.Subject)}
	if p := t.Package; p != nil {
		names = append(names, p.INF, p.Catalog, p.Published)
	}
	for _, n := range t.Nodes {
		names = append(names, strings.Fields(n.Driver+" ")...)
	}
	for _, p := range t.Passes {
		names = append(names, p.File, p.Catalog)
	}
	return slices.ContainsFunc(names, func(n string) bool {
		n = strings.Trim(n, "()")
		return n != "" && (strings.EqualFold(n, name) || strings.EqualFold(n, name+".inf"))
	})
}

// oldStories tells a section of a log before Vista, if it has an error, a
// blocked file or a driver.
func oldStories(s *setupapi.Section) []toldStory {
	t := newStory(s, "old", s.Pos().Line)
	t.Result, t.Status = setupapi.ResultUnknown.String(), logStatus{Text: "unknown"}
	for _, e := range s.OldEvents() {
		switch e.Kind {
		case setupapi.OldCommand, setupapi.OldHardwareID, setupapi.OldCompatible, setupapi.OldExempt, setupapi.OldPlatform:
			continue
		case setupapi.OldBlocked, setupapi.OldError:
			t.Failed, t.Result = true, setupapi.Failure.String()
			if e.HasCode {
				t.Status = statusOf(winerror.Code(e.Code).Hex(), e.Code)
			}
			if e.Kind == setupapi.OldBlocked {
				t.advice("have the package signed for this Windows: without a desktop, Windows before Vista treats Warn as Block")
			}
		case setupapi.OldReboot:
			t.Restart = "the log says so: restart Windows"
		}
		t.Events = append(t.Events, fmt.Sprintf("line %d: %s: %s", e.Pos.Line, e.Kind, e.Text))
	}
	if len(t.Events) == 0 {
		return nil
	}
	return []toldStory{{t, s, nil}}
}
