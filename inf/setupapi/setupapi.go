// Package setupapi reads and writes the text logs of SetupAPI: setupapi.dev.log,
// setupapi.setup.log, setupapi.app.log and setupapi.offline.log of Windows Vista
// and later, and the older setupapi.log of Windows 2000, XP and Server 2003.
//
// The reading goes in three steps, each of which can be used alone:
//
//   - [Scanner] cuts the bytes into lines and says what each [Line] is: a title,
//     an entry, the beginning or the end of a context. It works in constant memory.
//   - [Reader] collects the lines into sections. A [Section] knows its title,
//     times and exit status, and its contexts as a tree. Memory is bounded by
//     the largest section, which has a limit.
//   - [Section.Imports] and [Section.DeviceInstalls] say what the section is
//     about: which catalog was verified and with which code, the signer, the
//     driver nodes and their ranks, problems, restarts.
//
// [Writer] is the way back: it writes sections in the [Dialect] of a release.
//
// # What it does not do
//
// The package has no policy. Codes, ranks and scores are numbers as they stand
// in the log and labels are strings; what they mean is said elsewhere.
//
// # Fidelity
//
// Every line keeps its bytes ([Line.Raw]), and the lines of all sections in
// order are the input, whatever it was. Lines that are nothing known are kept
// too, as [KindUnknown].
//
// # Locales
//
// SetupAPI logs carry texts of the system's language, the messages of error
// codes above all. Structure is therefore found by brackets, columns, numbers
// and identifiers. Names of fields and contexts, which Windows does not
// translate, are used where nothing else tells two things apart.
//
// The format is documented in "SetupAPI Text Logs" of the Windows driver
// documentation. Real logs differ from it, in footers and column widths among
// others; this package reads both and writes what real ones have.
package setupapi

import "fmt"

// A Pos is a place in a log.
type Pos struct {
	Line   int   // from 1; 0 for no place
	Offset int64 // of the line's first byte, from 0, a byte order mark included
}

// String returns "line 12", or "-" for no place.
func (p Pos) String() string {
	if p.Line == 0 {
		return "-"
	}
	return fmt.Sprintf("line %d", p.Line)
}

// Severity is the mark in the first columns of an entry. The zero value is no
// severity.
type Severity int

const (
	SeverityUnknown Severity = iota // of a line that has none
	Plain                           // no mark: information
	Warning                         // "!"
	Error                           // "!!!"
)

// String returns "unknown", "plain", "warning" or "error".
func (s Severity) String() string { return nameOf(severityNames[:], int(s)) }

var severityNames = [...]string{"unknown", "plain", "warning", "error"}

// severityMarks are the first five columns of an entry.
var severityMarks = [...]string{Plain: "     ", Warning: "!    ", Error: "!!!  "}

// Kind says what a line is. The zero value is a line that is nothing known.
type Kind int

const (
	KindUnknown      Kind = iota
	KindBlank             // nothing but its line ending
	KindHeading           // "[Device Install Log]", "[BeginLog]"
	KindHeaderField       // "     OS Version = 10.0.22621"
	KindBootSession       // "[Boot Session: 2024/03/13 11:08:42.008]"
	KindSectionTitle      // ">>>  [title - instance]"
	KindSectionStart      // ">>>  Section start 2024/05/06 19:47:17.967"
	KindSectionEnd        // "<<<  Section end 2024/05/06 19:47:18.208"
	KindExitStatus        // "<<<  [Exit status: SUCCESS]"
	KindCommand           // "      cmd: …"
	KindEntry             // "     sto: …"
	KindOpen              // an entry that begins a context: "{Build Driver List} 17:59:28.176"
	KindClose             // an entry that ends one: "{Build Driver List - exit(0x00000000)} 17:59:30.797"
	KindOldSection        // before Vista: "[2001/02/27 20:14:30 1148.173]"
	KindOldEntry          // before Vista: "#-198 …", "@ 20:14:33.381 #V132 …"
)

// String returns a short name: "blank", "section-title", "entry" …
func (k Kind) String() string { return nameOf(kindNames[:], int(k)) }

var kindNames = [...]string{
	"unknown", "blank", "heading", "header-field", "boot-session", "section-title", "section-start", "section-end",
	"exit-status", "command", "entry", "open", "close", "old-section", "old-entry",
}

func nameOf(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return names[0]
	}
	return names[i]
}
