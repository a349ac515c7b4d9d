package inf

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// StartType is when Windows starts a service. The zero value is not known; it is
// not Windows' own numbering, in which zero is a driver that the boot loads.
type StartType int

const (
	StartUnknown  StartType = iota
	StartBoot               // 0 in the INF: loaded with the kernel
	StartSystem             // 1
	StartAuto               // 2
	StartDemand             // 3: when the device appears
	StartDisabled           // 4
)

// String returns "boot", "system", "auto", "demand" or "disabled".
func (s StartType) String() string { return nameOf(startNames, s) }

var startNames = map[StartType]string{
	StartBoot: "boot", StartSystem: "system", StartAuto: "auto", StartDemand: "demand", StartDisabled: "disabled",
}

// ErrorControl is what Windows does when a service fails to start. The zero
// value is not known.
type ErrorControl int

const (
	ErrorUnknown  ErrorControl = iota
	ErrorIgnore                // 0 in the INF
	ErrorNormal                // 1
	ErrorSevere                // 2
	ErrorCritical              // 3
)

// String returns "ignore", "normal", "severe" or "critical".
func (e ErrorControl) String() string { return nameOf(errorControlNames, e) }

var errorControlNames = map[ErrorControl]string{
	ErrorIgnore: "ignore", ErrorNormal: "normal", ErrorSevere: "severe", ErrorCritical: "critical",
}

// The bits of ServiceType (rule 45).
const (
	KernelDriver     = 0x01
	FileSystemDriver = 0x02
	OwnProcess       = 0x10
	ShareProcess     = 0x20

	driverTypes = 0x0B // kernel, file system, file system recogniser
)

// A Service is one that AddService installs (rule 45).
type Service struct {
	Name         string
	Type         uint32 // bits of ServiceType; 0 when not given
	Start        StartType
	ErrorControl ErrorControl

	Binary     string // ServiceBinary, strings substituted: "%12%\x.sys"
	BinaryName string // its file name

	// Kernel says that the kernel loads the binary (rule 46): by its type, or,
	// where the INF gives no readable type, because the name ends in .sys.
	Kernel    bool
	BootStart bool

	// BootFlags can make a driver a boot-start one on Windows 11 build 25398
	// and later (rule 45). 0 when not given.
	BootFlags uint32

	LoadOrderGroup string
	Section        string // the service's own
	Install        string // section whose AddService it is
	Pos            Pos    // of that AddService
	Problem        error  // what keeps the entry from being read in full
}

// The faults of a service.
var (
	ErrServiceSection = errors.New("the service's section is not in the inf")
	ErrServiceEntry   = errors.New("entry of a service missing or not readable")
	ErrServiceTwice   = errors.New("entry of a service with two values")
)

// Services returns the services that the INF installs on an architecture, for
// any language of the system. Entries without a name ("AddService = ,2") install
// none. After 4096 of them the last says with its Problem that there are more.
func (f *File) Services(a Arch) []Service {
	readers := f.readers()
	if len(readers) == 1 {
		return slices.Clone(f.walk(a).services)
	}
	var all []Service
	seen := make(map[string]bool)
	for _, g := range readers {
		for _, s := range g.walk(a).services {
			key := fmt.Sprintf("%q %q %d %d %d %q %q", Fold(s.Name), Fold(s.Section), s.Type, s.Start, s.BootFlags, s.Binary, s.LoadOrderGroup)
			if !seen[key] && len(all) <= maxServices {
				seen[key] = true
				all = append(all, s)
			}
		}
	}
	if len(all) > maxServices {
		all[maxServices] = tooManyServices(all[maxServices])
	}
	return all
}

// tooManyServices is the last entry of a list that is cut.
func tooManyServices(s Service) Service {
	return Service{Name: s.Name, Install: s.Install, Pos: s.Pos,
		Problem: fmt.Errorf("%w: at most %d are read", ErrTooManyServices, maxServices)}
}

// addService reads AddService = name,[flags],section[, event log …].
func (c *closure) addService(l *Line, in *Section) {
	if name := c.f.expand(l.Value(3)); name != "" {
		c.enqueueName(name) // the section of the event log
	}
	name, section := c.f.expand(l.Value(0)), c.f.expand(l.Value(2))
	key := Fold(name) + "\x00" + Fold(section)
	if name == "" || c.served[key] || len(c.services) > maxServices {
		return
	}
	c.served[key] = true
	if len(c.services) == maxServices {
		c.f.memo.doubt("too-many-services", l.Pos, "the inf has more than %d services", maxServices)
		c.services = append(c.services, tooManyServices(Service{Name: name, Install: in.Name, Pos: l.Pos}))
		return
	}
	s := c.service(l, in)
	s.Name, s.Section, s.Install, s.Pos = name, section, in.Name, l.Pos
	c.services = append(c.services, s)
}

// service reads the section that AddService names, each section once.
func (c *closure) service(l *Line, in *Section) Service {
	sec := c.f.refer(l.Value(2))
	if sec == nil {
		name := c.f.expand(l.Value(2))
		c.miss(Reference{Name: name, Pos: l.ValuePos(2), Section: in.Name, Directive: "AddService"})
		return Service{Problem: fmt.Errorf("[%s]: %w", name, ErrServiceSection)}
	}
	s, ok := c.sections[sec]
	if !ok {
		s = c.f.service(sec)
		c.sections[sec] = s
	}
	return s
}

// serviceKeys are the entries of a service that are read.
var serviceKeys = map[string]bool{
	"SERVICETYPE": true, "STARTTYPE": true, "ERRORCONTROL": true, "SERVICEBINARY": true,
	"LOADORDERGROUP": true, "BOOTFLAGS": true,
}

// service reads a service's section.
func (f *File) service(sec *Section) Service {
	var s Service
	values := make(map[string]string)
	twice := make(map[string]bool)
	for i := range sec.Lines {
		l := &sec.Lines[i]
		key, value := Fold(f.expand(l.Key)), ""
		if !serviceKeys[key] {
			continue
		}
		value = f.expand(l.Value(0))
		if old, ok := values[key]; ok {
			twice[key] = twice[key] || old != value
			continue // the first counts, as far as is known
		}
		values[key] = value
	}
	text := func(key string) string { return values[Fold(key)] }
	number := func(key string) (uint32, bool) {
		n, err := parseNumber(text(key))
		if err != nil && s.Problem == nil {
			s.Problem = fmt.Errorf("[%s] %s: %w", sec.Name, key, ErrServiceEntry)
		}
		return n, err == nil
	}
	s.Binary = text("ServiceBinary")
	s.BinaryName = s.Binary[strings.LastIndexAny(s.Binary, `\/`)+1:]
	s.LoadOrderGroup = text("LoadOrderGroup")

	var typed bool
	s.Type, typed = number("ServiceType")
	if n, ok := number("StartType"); ok && n <= 4 {
		s.Start = StartBoot + StartType(n)
	}
	if n, ok := number("ErrorControl"); ok && n <= 3 {
		s.ErrorControl = ErrorIgnore + ErrorControl(n)
	}
	if _, ok := values["BOOTFLAGS"]; ok {
		s.BootFlags, _ = number("BootFlags") // the problem is recorded
	}
	for _, key := range slices.Sorted(maps.Keys(twice)) {
		if twice[key] {
			s.Problem = fmt.Errorf("[%s] %s: %w", sec.Name, key, ErrServiceTwice)
			f.memo.doubt("service-entry-twice", sec.Pos, "[%s] has two values of %s", sec.Name, key)
		}
	}
	s.BootStart = s.Start == StartBoot
	s.Kernel = s.Type&driverTypes != 0 || !typed && strings.HasSuffix(Fold(s.BinaryName), ".SYS")
	return s
}
