package setupapi

import "strings"

// OldKind says what a message of a log before Vista is about, as far as it
// matters for signatures and drivers. The zero value is any other message.
type OldKind int

const (
	OldOther      OldKind = iota
	OldCommand            // -198: the command line
	OldHardwareID         // -019: the hardware ids that are searched for
	OldCompatible         // -018: the compatible ids
	OldFound              // I022: an INF has the id
	OldRank               // I023: section, rank and date of what was found
	OldNotTrusted         // I087: the rank of an unsigned driver is changed
	OldSigned             // V132: a file is signed in a catalog
	OldUnverified         // I180: a file is not
	OldPlatform           // V286: another platform is verified for
	OldBlocked            // E358: an unsigned file was blocked, in an installation without a desktop
	OldRestored           // W187: the installation failed, files are restored
	OldReboot             // W114: a device needs a restart
	OldExempt             // E243, E245: a protected file
	OldError              // any other error; before Windows XP a message with a code
)

// String returns "other", "signed", "blocked" …
func (k OldKind) String() string { return nameOf(oldNames[:], int(k)) }

var oldNames = [...]string{
	"unknown", "command", "hardware-id", "compatible-id", "found", "rank", "not-trusted", "signed", "unverified",
	"platform", "blocked", "restored", "reboot", "exempt", "error",
}

// oldKinds are the numbers of messages. Texts are translated, numbers are not
// ("Interpreting a Sample SetupAPI Log File", "Troubleshooting Device Installation
// with the SetupAPI Log File").
var oldKinds = map[int]OldKind{
	18: OldCompatible, 19: OldHardwareID, 22: OldFound, 23: OldRank, 87: OldNotTrusted, 114: OldReboot, 132: OldSigned,
	180: OldUnverified, 187: OldRestored, 198: OldCommand, 243: OldExempt, 245: OldExempt, 286: OldPlatform, 358: OldBlocked,
}

// An OldEvent is a message of a log before Vista.
type OldEvent struct {
	Pos      Pos
	Kind     OldKind
	Severity Severity
	Number   int // of the message, -1 where it has none (Windows 2000)
	Stamp    string
	Text     string

	// Quoted are the texts in quotes, in order. Of OldSigned and
	// OldUnverified they are file, key and catalog; of OldFound the id and
	// then device, driver, provider, manufacturer and section.
	Quoted []string

	// Code is the code in the message, if HasCode: an error, or of OldRank
	// and OldNotTrusted the (last) rank, of which 16 bits are used.
	Code    uint32
	HasCode bool
}

// OldEvents returns what a section before Vista says that has to do with
// signatures, drivers or errors, in order.
func (s *Section) OldEvents() []OldEvent {
	var events []OldEvent
	for i := range s.Lines {
		l := &s.Lines[i]
		if l.Kind != KindOldEntry || len(events) >= maxViews {
			continue
		}
		e := OldEvent{Pos: l.Pos, Kind: oldKinds[l.Number], Severity: l.Severity, Number: l.Number, Stamp: l.Stamp, Text: l.Message}
		e.Code, e.HasCode = lastCode(l.Message)
		if e.Kind == OldOther && (e.Severity == Error || e.Number < 0 && e.HasCode) {
			e.Kind = OldError
		}
		if e.Kind == OldOther {
			continue
		}
		e.Quoted = doubleQuoted(l.Message)
		events = append(events, e)
	}
	return events
}

func lastCode(s string) (code uint32, ok bool) {
	for i := strings.LastIndex(s, "0x"); i >= 0; i = strings.LastIndex(s[:i], "0x") {
		if code, ok = firstCode(s[i:]); ok {
			return code, true
		}
	}
	return 0, false
}

// doubleQuoted returns the texts in double quotes, which no file name contains.
func doubleQuoted(s string) []string {
	var found []string
	for parts := strings.Split(s, `"`); len(parts) >= 3 && len(found) < 16; parts = parts[2:] {
		found = append(found, parts[1])
	}
	return found
}
