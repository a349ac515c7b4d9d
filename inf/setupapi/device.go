package setupapi

import "strings"

// A DeviceInstall is one attempt to give a device a driver.
type DeviceInstall struct {
	Pos           Pos
	Device        string // device instance, or hardware id where the section names no instance
	HardwareIDs   []string
	CompatibleIDs []string
	Nodes         []*DriverNode
	Verifications []Verification // in the search for drivers, not those of an import
	Problems      []Problem
	ServiceStarts []ServiceStart
	Commits       []Commit
	Copies        []Copy // all files, also those of queues whose commit is not logged
	Restarts      []Line // lines that say that a restart is needed
	Errors        []Refusal

	RestartRequired bool   // by a line, by the code of a context, or by the status
	Exit            Exit   // of the device's own context
	Status          Status // of the section
}

// A Problem is a device's problem code, as in Device Manager.
type Problem struct {
	Pos       Pos
	Severity  Severity
	Code      uint32 // 0x34 is Code 52
	Name      string // "CM_PROB_UNSIGNED_DRIVER"; empty where the log has only the number
	Status    uint32 // NTSTATUS, if HasStatus
	HasStatus bool
	Text      string
}

// A ServiceStart is what the log says about the start of a driver's service.
type ServiceStart struct {
	Pos     Pos
	Service string
	Failed  bool
	Text    string
	After   string // the last time of day before the line, empty where there is none
}

// A Commit is a file queue that was carried out.
type Commit struct {
	Pos    Pos // of its beginning
	End    Pos // of its end; files are in place after it. No place where the log does not show it
	Began  string
	Ended  string
	Exit   Exit
	Copies []Copy
}

// A Copy is one file of a queue.
type Copy struct {
	Pos      Pos
	From, To string
}

// The contexts that say which device they are about. The first list is preferred:
// searches and installations for a device lie inside.
var (
	isUpdate = isName("Update Device Driver", "Driver Setup Update Device")
	isCore   = isName("Core Device Install", "Install Device", "Installing device", "Configure Device",
		"Build Driver List", "Select Drivers", "Plug and Play Service", "Install DEVICE")
	isCommit = isName("FILE_QUEUE_COMMIT", "_commit_file_queue")
)

// DeviceInstalls returns the section's installations, in order: one for each
// context that updates a device, else the whole section where it installs
// something.
func (s *Section) DeviceInstalls() []*DeviceInstall {
	contexts := s.Contexts()
	var all []*DeviceInstall
	last := 0
	walk(contexts, func(c *Context) bool {
		if !isUpdate(c.Name) || len(all) >= maxViews {
			return true
		}
		d := &DeviceInstall{Pos: s.Lines[c.Open].Pos, Device: c.Arg, Exit: c.Exit, Status: s.Status}
		s.fillDevice(d, []*Context{c}, c.Open+1, c.Last)
		all, last = append(all, d), c.Last
		return false
	})
	if len(all) > 0 {
		// What is said after the last device, of a restart, is said of it.
		all[len(all)-1].noteRestarts(s.Lines[last+1:])
		return all
	}
	core := named(contexts, isCore)
	if len(core) == 0 {
		return nil
	}
	d := &DeviceInstall{Pos: s.Pos(), Device: s.Instance, Status: s.Status}
	for _, c := range core {
		if c.Name == "Core Device Install" {
			d.Exit = c.Exit
		}
		if device := deviceOf(c); device != "" {
			d.Device = device
		}
	}
	s.fillDevice(d, contexts, 0, len(s.Lines)-1)
	return []*DeviceInstall{d}
}

// deviceOf finds the device in "{Installing device - X}" and
// "{Plug and Play Service: Device Install for X}".
func deviceOf(c *Context) string {
	switch c.Name {
	case "Install Device", "Installing device", "Configure Device", "Select Drivers":
		return c.Arg
	case "Plug and Play Service":
		if _, device, ok := strings.Cut(c.Arg, " for "); ok {
			return device
		}
	}
	return ""
}

// outsideImports returns the contexts in which no import begins, and of others
// those inside that are no import.
func outsideImports(contexts []*Context) []*Context {
	var out []*Context
	for _, c := range contexts {
		switch {
		case isImport(c.Name):
		case firstNamed(c.Children, isImport) == nil:
			out = append(out, c)
		default:
			out = append(out, outsideImports(c.Children)...)
		}
	}
	return out
}

// fillDevice reads the lines from first to last, in which contexts lie.
func (s *Section) fillDevice(d *DeviceInstall, contexts []*Context, first, last int) {
	d.Nodes = s.nodes(first, last)
	d.Verifications = s.verifications(outsideImports(contexts))
	d.Commits = s.commits(contexts)
	d.RestartRequired = s.Status.Reboot
	walk(contexts, func(c *Context) bool {
		d.RestartRequired = d.RestartRequired || c.Exit.HasCode && restartCodes[c.Exit.Code]
		return true
	})
	d.noteRestarts(s.Lines[min(first, last+1) : last+1])
	clock := ""
	for i := first; i <= last && i < len(s.Lines); i++ {
		l := &s.Lines[i]
		if len(l.Stamp) == clockLen {
			clock = l.Stamp
		}
		if l.Kind != KindEntry {
			continue
		}
		d.line(l, clock)
		if q := quoted(l.Message); l.Category == "flq" && len(q) == 2 && len(d.Copies) < maxViews {
			d.Copies = append(d.Copies, Copy{Pos: l.Pos, From: q[0], To: q[1]})
		}
	}
	d.HardwareIDs, d.CompatibleIDs = s.deviceIDs(first, last)
}

// restartCodes are the system's codes for "restart needed": 1641
// ERROR_SUCCESS_REBOOT_INITIATED, 3010 ERROR_SUCCESS_REBOOT_REQUIRED, 3011
// ERROR_SUCCESS_RESTART_REQUIRED.
var restartCodes = map[uint32]bool{0x669: true, 0xBC2: true, 0xBC3: true}

// restartWords are what lines say that have no code. Only English logs show
// them; the exit status says REBOOT_REQUIRED everywhere.
var restartWords = [...]string{"reboot required", "required reboot", "reboot needed", "requested reboot", "needreboot", "restart required"}

func saysRestart(l *Line) bool {
	if l.Kind != KindEntry && l.Kind != KindOldEntry {
		return false
	}
	text := strings.ToLower(l.Message)
	for _, words := range restartWords {
		if strings.Contains(text, words) && !strings.Contains(text, "no "+words) {
			return true
		}
	}
	return false
}

// noteRestarts takes the lines that say that a restart is needed.
func (d *DeviceInstall) noteRestarts(lines []Line) {
	for i := range lines {
		if saysRestart(&lines[i]) && len(d.Restarts) < maxViews {
			d.Restarts, d.RestartRequired = append(d.Restarts, lines[i]), true
		}
	}
}

// line takes what one entry says.
func (d *DeviceInstall) line(l *Line, clock string) {
	if l.Severity == Error && len(d.Errors) < maxViews {
		d.Errors = append(d.Errors, refusalOf(l))
	}
	if p, ok := parseProblem(l); ok && len(d.Problems) < maxViews {
		d.Problems = append(d.Problems, p)
	}
	if start, ok := parseServiceStart(l); ok && len(d.ServiceStarts) < maxViews {
		start.After = clock
		d.ServiceStarts = append(d.ServiceStarts, start)
	}
}

// parseProblem reads the three forms of a problem code:
//
//	Device has problem: 0x34: CM_PROB_UNSIGNED_DRIVER.
//	Device has problem: 0x38 (CM_PROB_NEED_CLASS_CONFIG), problem status: 0x00000000.
//	Device Status: 0x01802400 [0x1c - 0xc0000490]
func parseProblem(l *Line) (Problem, bool) {
	p := Problem{Pos: l.Pos, Severity: l.Severity, Text: l.Message}
	before, after, ok := strings.Cut(l.Message, "CM_PROB_")
	if !ok {
		return p, p.fromStatus(l.Message)
	}
	end := strings.IndexFunc(after, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
	if end < 0 {
		end = len(after)
	}
	p.Name = "CM_PROB_" + after[:end]
	i := strings.LastIndex(before, "0x")
	if i < 0 {
		return p, false
	}
	p.Code, ok = shortHex(before[i+2:])
	p.Status, p.HasStatus = firstCode(after[end:])
	return p, ok
}

// fromStatus reads the problem that follows a device status in brackets.
func (p *Problem) fromStatus(s string) bool {
	_, rest, ok := strings.Cut(s, " [0x")
	code, status, ok2 := strings.Cut(strings.TrimSuffix(rest, "]"), " - 0x")
	if !ok || !ok2 {
		return false
	}
	var ok3 bool
	p.Code, ok3 = shortHex(code)
	p.Status, p.HasStatus = parseHex(status)
	return ok3 && p.HasStatus
}

// shortHex reads the hexadecimal digits at the beginning of s, at most eight.
func shortHex(s string) (uint32, bool) {
	n := 0
	for n < len(s) && isHexDigit(s[n]) {
		n++
	}
	if n == 0 || n > 8 {
		return 0, false
	}
	return parseHex("00000000"[n:] + s[:n])
}

// parseServiceStart reads "Could not start service 'toaster'." and "Start
// Service: Successfully restarted service 'toaster'.". A warning or an error is
// a failure.
func parseServiceStart(l *Line) (ServiceStart, bool) {
	text := strings.ToLower(l.Message)
	if !strings.Contains(text, "start service") && !strings.Contains(text, "started service") {
		return ServiceStart{}, false
	}
	q := quoted(l.Message)
	if len(q) == 0 {
		return ServiceStart{}, false
	}
	return ServiceStart{Pos: l.Pos, Service: q[0], Failed: l.Severity != Plain, Text: l.Message}, true
}

// commits returns the file queues that were carried out.
func (s *Section) commits(contexts []*Context) []Commit {
	var all []Commit
	for _, c := range named(contexts, isCommit) {
		commit := Commit{Pos: s.Lines[c.Open].Pos, Began: s.Lines[c.Open].Stamp, Exit: c.Exit}
		if c.Exit.Seen {
			commit.End, commit.Ended = s.Lines[c.Last].Pos, s.Lines[c.Last].Stamp
		}
		for i := c.Open; i <= c.Last; i++ {
			if l := &s.Lines[i]; l.Category == "flq" && l.Kind == KindEntry && len(commit.Copies) < maxViews {
				if q := quoted(l.Message); len(q) == 2 {
					commit.Copies = append(commit.Copies, Copy{Pos: l.Pos, From: q[0], To: q[1]})
				}
			}
		}
		all = append(all, commit)
	}
	return all
}

// deviceIDs finds the lists of ids that were searched for: lines under a line
// that ends with a colon and says no field, the hardware ids first. A list that
// comes again is the same.
func (s *Section) deviceIDs(first, last int) (hardware, compatible []string) {
	var list *[]string
	seen := map[string]bool{} // ids, a blank before the compatible ones
	indent := 0
	for i := first; i <= last && i < len(s.Lines); i++ {
		l := &s.Lines[i]
		switch {
		case l.Kind != KindEntry || l.Category != "dvi":
			list = nil
		case strings.HasSuffix(l.Message, "hardware ID(s):"):
			list, indent = &hardware, l.Indent
		case strings.HasSuffix(l.Message, "compatible ID(s):"):
			list, indent = &compatible, l.Indent
		case list != nil && (l.Indent > indent || l.Loose) && !strings.HasSuffix(l.Message, ":"):
			key := l.Message
			if list == &compatible {
				key = " " + key
			}
			if !seen[key] && len(*list) < maxIDs {
				seen[key] = true
				*list = append(*list, l.Message)
			}
		default:
			list = nil
		}
	}
	return hardware, compatible
}

// maxIDs bounds the ids of one device; Windows has no device with a tenth of it.
const maxIDs = 1 << 10
