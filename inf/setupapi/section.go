package setupapi

import (
	"regexp"
	"strings"
	"time"
)

// A Section is the log of one operation, with the blank lines after it. Lines
// between sections come as a section without a title and without entries; a log
// whose beginning was cut off starts with entries without a title.
type Section struct {
	Lines []Line

	Title    string    // "Setup Import Driver Package"; of an old section its description, perhaps empty
	Instance string    // what the title is about: a path, a device; perhaps empty; of an old section "pid.instance"
	Boot     time.Time // of the boot session that it belongs to; zero when the log does not say
	Start    time.Time // local time of the machine, in UTC for want of a zone; zero when missing
	End      time.Time
	Status   Status

	HasTitle bool // its beginning is in the log
	Old      bool // of a log before Vista

	closed bool // the exit status was read: only blank lines may follow
	filled bool // it has entries
	open   int  // contexts begun and not ended
}

// Outside reports that these are lines between sections.
func (s *Section) Outside() bool { return !s.HasTitle && !s.filled }

// Complete reports that beginning, end and exit status are in the log. Sections
// before Vista have no end, so their beginning is enough.
func (s *Section) Complete() bool {
	return s.HasTitle && (s.Old || s.closed && !s.Start.IsZero() && !s.End.IsZero())
}

// Pos is where the section begins.
func (s *Section) Pos() Pos {
	if len(s.Lines) == 0 {
		return Pos{}
	}
	return s.Lines[0].Pos
}

// Bytes are the section's bytes, as they stand in the log.
func (s *Section) Bytes() []byte {
	var b []byte
	for i := range s.Lines {
		b = append(b, s.Lines[i].Raw...)
	}
	return b
}

// begins reports whether the line is the first of something.
func (l *Line) begins() bool {
	return l.Kind == KindSectionTitle || l.Kind == KindOldSection || l.Kind == KindBootSession
}

// entry reports whether the line can only stand in a section.
func (l *Line) entry() bool {
	switch l.Kind {
	case KindEntry, KindOpen, KindClose, KindCommand, KindOldEntry, KindSectionStart, KindSectionEnd, KindExitStatus:
		return true
	}
	return false
}

// endsBefore reports whether the line belongs to the next section.
func (s *Section) endsBefore(l *Line) bool {
	switch {
	case len(s.Lines) == 0:
		return false
	case l.begins():
		return true
	case s.closed:
		return l.Kind != KindBlank
	case s.Outside():
		return l.entry() || len(s.Lines) >= maxLoose
	}
	return false
}

func (s *Section) add(l *Line) {
	s.Lines = append(s.Lines, *l)
	s.filled = s.filled || l.entry()
	switch l.Kind {
	case KindSectionTitle:
		s.HasTitle, s.Title, s.Instance = true, l.Name, l.Message
	case KindOldSection:
		s.HasTitle, s.Old, s.Title, s.Instance = true, true, l.Message, l.Name
		s.Start, _ = parseStamp(l.Stamp)
	case KindSectionStart:
		s.Start, _ = parseStamp(l.Stamp)
	case KindSectionEnd:
		s.End, _ = parseStamp(l.Stamp)
	case KindExitStatus:
		s.Status = parseStatus(l.Message)
		s.closed = true
	case KindOpen:
		s.open++
	case KindClose:
		s.open--
	}
}

// Result says whether an operation succeeded. The zero value is that the log
// does not say.
type Result int

const (
	ResultUnknown Result = iota
	Success
	Failure
)

// String returns "unknown", "success" or "failure".
func (r Result) String() string { return nameOf(resultNames[:], int(r)) }

var resultNames = [...]string{"unknown", "success", "failure"}

// Status is the exit status of a section.
type Status struct {
	Text   string // as written: "SUCCESS", "SUCCESS (REBOOT_REQUIRED)", "FAILURE(0xe0000247)"
	Result Result
	Code   uint32 // of a failure; 0 where the status has no code
	Reboot bool   // it says REBOOT_REQUIRED
}

var statusCode = regexp.MustCompile(`\((?:0x)?([0-9a-fA-F]{8})\)`)

// parseStatus reads the words of an exit status, which are not translated. The
// documented form is a code in parentheses alone.
func parseStatus(text string) Status {
	s := Status{Text: text, Reboot: strings.Contains(text, "REBOOT_REQUIRED")}
	m := statusCode.FindStringSubmatch(text)
	if m != nil {
		s.Code, _ = parseHex(m[1])
	}
	switch {
	case strings.HasPrefix(text, "SUCCESS") && s.Code == 0:
		s.Result = Success
	case strings.HasPrefix(text, "FAILURE"), s.Code != 0:
		s.Result = Failure
	case m != nil && text == m[0]:
		s.Result = Success
	}
	return s
}
