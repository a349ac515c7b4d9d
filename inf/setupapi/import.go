package setupapi

import (
	"strconv"
	"strings"
	"time"
)

// An Import is one attempt to bring a driver package into the driver store.
// Empty fields are not in the log.
type Import struct {
	Pos           Pos
	INF           string // path of the INF, as the caller gave it
	Command       string // command line of the process
	Provider      string
	ClassGUID     string
	DriverVersion string // "10/02/2023,1.2.0.124"
	Catalog       string // in the INF's spelling: "toaster.cat"

	// CatalogValid says that Windows, since about 2023, could read the
	// catalog. It says nothing of trust, nor of the INF's hash.
	CatalogValid bool

	Verifications []Verification
	Validation    Exit // of the context around the passes

	Score        Score
	SignerName   string
	SubmissionID string

	Prompt  Prompt
	Refused []Refusal // why it was not imported, in the log's order

	StoreName string // folder in the driver store: "toaster.inf_amd64_f6502633f1335e76"
	StorePath string // the whole path of that folder
	Published string // "oem4.inf"
	Database  string // node of the driver database: "SYSTEM" for what is needed to boot, else "DRIVERS"
	DeviceIDs int    // how many ids were indexed; 0 where the log does not say

	Gathered      string // folder of the user to which the package was copied first
	Copies        []Copy
	Flags         string // "0x00000001": of the import
	VersionFlags  string // of the INF
	Configuration []Line // what was found when the INF was searched for what it configures
	Ignored       []Line // warnings of the publication, about directives of the INF

	// StatusMessage is the text of the code with which the import failed, in
	// the system's language.
	StatusMessage string

	Exit   Exit   // of the import's own context
	Status Status // of the section; without a result where the import is only a part of it
	Start  string // times of day, or of a whole section moments
	End    string
}

// A Refusal is an error in an import.
type Refusal struct {
	Pos      Pos
	Category string
	Text     string
	Code     uint32 // in the text, if HasCode
	HasCode  bool
}

// Prompt is what the log shows of a question to the user. SetupAPI does not log
// the question itself: it shows in the time between the last pass and the end of
// the validation, and in what is said there.
type Prompt struct {
	Gap    time.Duration // from the end of the last pass to the end of the validation
	HasGap bool          // both have a time of day
	Notes  []Line        // what is said between the two

	// Accepted says that the last pass ended with "trust not established"
	// (0xe0000242), that a warning followed and that the validation ended
	// with success all the same: somebody said yes.
	Accepted bool

	// CertificateInstalled says that the certificate became a trusted
	// publisher, as by the dialog's check box.
	CertificateInstalled bool
}

// Judged reports that the log says how the package's signature was judged.
// Windows' own servicing imports packages without that.
func (m *Import) Judged() bool { return len(m.Verifications) > 0 || m.Score.Known() }

// trustNotEstablished is ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED, the one code
// after which Windows asks (windows-driver-docs, signature categories).
const trustNotEstablished = 0xE0000242

// importTitle is the title of a section that is one import as a whole.
const importTitle = "Setup Import Driver Package"

// isImport are the contexts that are an import, outermost first: what they
// contain belongs to the same import.
var isImport = isName("Driver Setup Import Driver Package", importTitle, "Import Driver Package", "Stage Driver Package", "Verify Driver Package")

// Imports returns the section's imports, in order.
func (s *Section) Imports() []*Import {
	contexts := s.Contexts()
	if strings.EqualFold(s.Title, importTitle) {
		m := &Import{Pos: s.Pos(), INF: s.Instance, Status: s.Status}
		for i := range s.Lines {
			s.noteTimes(m, &s.Lines[i])
		}
		s.fillImport(m, contexts, 0, len(s.Lines)-1)
		return []*Import{m}
	}
	var imports []*Import
	walk(contexts, func(c *Context) bool {
		if !isImport(c.Name) || len(imports) >= maxViews {
			return true
		}
		m := &Import{Pos: s.Lines[c.Open].Pos, INF: c.Arg, Exit: c.Exit, Start: s.Lines[c.Open].Stamp}
		if c.Exit.Seen {
			m.End = s.Lines[c.Last].Stamp
		}
		s.fillImport(m, []*Context{c}, c.Open+1, c.Last)
		imports = append(imports, m)
		return false
	})
	return imports
}

func (s *Section) noteTimes(m *Import, l *Line) {
	switch l.Kind {
	case KindSectionStart:
		m.Start = l.Stamp
	case KindSectionEnd:
		m.End = l.Stamp
	}
}

// fillImport reads the lines from first to last, in which contexts lie.
func (s *Section) fillImport(m *Import, contexts []*Context, first, last int) {
	m.Verifications = s.verifications(contexts)
	validation := firstNamed(contexts, isValidation)
	if validation != nil {
		m.Validation = validation.Exit
		m.Prompt = s.prompt(validation, m.Verifications)
	}
	if c := firstNamed(contexts, isName("Stage Driver Package", "Import Driver Package")); c != nil && !m.Exit.Seen {
		m.Exit = c.Exit
	}
	if c := firstNamed(contexts, isName("Core Driver Package Import")); c != nil {
		m.StoreName = c.Arg
	}
	passes := named(contexts, isName(verifyContext))
	for i := first; i <= last && i < len(s.Lines); i++ {
		for len(passes) > 0 && passes[0].Last < i {
			passes = passes[1:]
		}
		if len(passes) > 0 && i >= passes[0].Open {
			continue // a warning of the first pass refuses nothing
		}
		s.importLine(m, &s.Lines[i], validation == nil || i > validation.Open)
	}
	s.signer(m, validation, first, last)
	s.names(m, contexts, first, last)
}

// isValidation recognises the context of the validation by its identifiers,
// which changed after Windows 7: DRIVERSTORE_IMPORT_NOTIFY_VALIDATE.
func isValidation(name string) bool {
	return strings.HasPrefix(name, "DRIVERSTORE") && strings.Contains(name, "VALIDATE")
}

func firstNamed(contexts []*Context, match func(string) bool) *Context {
	if found := named(contexts, match); len(found) > 0 {
		return found[0]
	}
	return nil
}

// importLine takes what one line outside the passes says.
func (s *Section) importLine(m *Import, l *Line, validating bool) {
	if l.Kind == KindCommand && m.Command == "" {
		m.Command = l.Message
	}
	if l.Kind != KindEntry {
		return
	}
	if l.Severity == Error {
		if len(m.Refused) < maxViews {
			m.Refused = append(m.Refused, refusalOf(l))
		}
		if before, text, ok := strings.Cut(l.Message, ": "); ok {
			if _, coded := firstCode(before); coded {
				m.StatusMessage = text
			}
		}
		return
	}
	if validating && l.Category == "sig" && l.Severity == Plain && l.Message == "Driver package catalog is valid." {
		m.CatalogValid = true
	}
	if l.Category == "flq" {
		m.copies(l)
		return
	}
	name, value, ok := cutField(l.Message)
	if !ok {
		return
	}
	for _, f := range [...]struct {
		name string
		to   *string
	}{
		{"Provider", &m.Provider}, {"Class GUID", &m.ClassGUID},
		{"Driver Version", &m.DriverVersion}, {"Catalog File", &m.Catalog},
		{"Version Flags", &m.VersionFlags}, {"Import flags", &m.Flags},
		{"Destination", &m.Gathered}, {"Target Path", &m.StorePath}, {"Destination Path", &m.StorePath},
	} {
		if name == f.name && *f.to == "" {
			*f.to = value
		}
	}
}

func refusalOf(l *Line) Refusal {
	r := Refusal{Pos: l.Pos, Category: l.Category, Text: l.Message}
	r.Code, r.HasCode = firstCode(l.Message)
	return r
}

// copies takes a line of a file queue: "Copying 'from' to 'to'."
func (m *Import) copies(l *Line) {
	if q := quoted(l.Message); len(q) == 2 && len(m.Copies) < maxViews {
		m.Copies = append(m.Copies, Copy{Pos: l.Pos, From: q[0], To: q[1]})
	}
}

// signer finds score, name and submission. They follow the validation, each a
// field: a number of eight digits, a name, three numbers. Only a servicing
// without a validation has to be read by the names of its fields.
func (s *Section) signer(m *Import, validation *Context, first, last int) {
	if validation != nil {
		first = validation.Last + 1
	}
	for i := first; i <= last && i < len(s.Lines); i++ {
		l := &s.Lines[i]
		if l.Kind == KindOpen && validation != nil {
			return // what follows is the import itself
		}
		if l.Kind != KindEntry || l.Severity != Plain || l.Category != "sig" && l.Category != "sto" {
			continue
		}
		name, value, ok := cutField(l.Message)
		score := parseScore(value)
		switch {
		case !ok:
		case !m.Score.Known():
			if score.HasValue && (validation != nil || strings.HasSuffix(name, "Signer Score")) {
				m.Score = score
			}
		case isSubmission(value):
			m.SubmissionID = value
		case m.SignerName == "" && (validation != nil || strings.HasSuffix(name, "Signer Name")):
			m.SignerName = value
		}
	}
}

// isSubmission reports whether s is three numbers, "30001810_1357…_1152…".
func isSubmission(s string) bool {
	parts := strings.Split(s, "_")
	return len(parts) == 3 && isNumber(parts[0]) && isNumber(parts[1]) && isNumber(parts[2])
}

// names finds the package's folder in the driver store and its published name:
// the two quoted names of the registration, else any name of the form oemN.inf.
func (s *Section) names(m *Import, contexts []*Context, first, last int) {
	for _, c := range named(contexts, isName("Register Driver Package")) {
		for _, l := range s.direct(c) {
			if before, ok := strings.CutSuffix(l.Message, " database node."); ok && m.Database == "" {
				m.Database = before[strings.LastIndexByte(before, ' ')+1:]
			}
			if q := quoted(l.Message); len(q) == 2 && m.Published == "" {
				m.Published = q[1]
				if m.StoreName == "" {
					m.StoreName = q[0]
				}
			}
		}
	}
	if c := firstNamed(contexts, isName("Publish Driver Package")); c != nil {
		for _, l := range s.direct(c) {
			if n := firstNumber(l.Message); l.Category == "idb" && n > 0 && m.DeviceIDs == 0 {
				m.DeviceIDs = n
			}
			if l.Category == "inf" && l.Severity == Warning {
				m.Ignored = append(m.Ignored, *l)
			}
		}
	}
	if c := firstNamed(contexts, isName("Query Configurability")); c != nil {
		for _, l := range s.direct(c) {
			m.Configuration = append(m.Configuration, *l)
		}
	}
	if m.StoreName == "" {
		m.StoreName = baseName(m.StorePath)
	}
	for i := first; m.Published == "" && i <= last && i < len(s.Lines); i++ {
		if l := &s.Lines[i]; l.Kind == KindEntry && (l.Category == "sto" || l.Category == "idb" || l.Category == "cpy" || l.Category == "dvs") {
			m.Published = publishedName.FindString(l.Message)
		}
	}
}

// firstNumber finds a number that is a word of its own, outside quotes.
func firstNumber(s string) int {
	for word := range strings.FieldsSeq(s) {
		if len(word) < 7 && isNumber(word) {
			n, _ := strconv.Atoi(word)
			return n
		}
		if strings.HasPrefix(word, "'") {
			return 0
		}
	}
	return 0
}

// prompt reads the end of a validation, after the last pass.
func (s *Section) prompt(validation *Context, passes []Verification) Prompt {
	var p Prompt
	if len(passes) == 0 {
		return p
	}
	final := &passes[len(passes)-1]
	from, ok := ParseClock(final.Ended)
	to, ok2 := ParseClock(s.Lines[validation.Last].Stamp)
	if ok && ok2 && validation.Exit.Seen {
		p.Gap, p.HasGap = Gap(from, to), true
	}
	warned := false
	for _, l := range s.direct(validation) {
		if l.Pos.Line <= final.Pos.Line {
			continue
		}
		p.Notes = append(p.Notes, *l)
		installed := l.Category == "sig" && l.Severity == Plain && warned
		p.CertificateInstalled = p.CertificateInstalled || installed
		warned = warned || l.Severity == Warning
	}
	asked := final.Exit.HasCode && final.Exit.Code == trustNotEstablished
	p.Accepted = asked && warned && validation.Exit.OK()
	p.CertificateInstalled = p.CertificateInstalled && p.Accepted
	return p
}
