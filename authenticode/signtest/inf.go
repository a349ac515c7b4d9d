package signtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// INF describes the INF of a driver package.
type INF struct {
	Name      string   // file name, with .inf
	Catalog   string   // CatalogFile; empty: the INF has no such line
	Archs     []string // "x86", "amd64", "arm64"; nil: amd64
	Driver    string   // file name of the service's binary; empty: no service
	CopyFiles []string // further files that are copied, by source name
	// Folders has each architecture's files in a folder of its name.
	Folders bool

	Class, ClassGUID string // empty: USBDevice
	DriverVer        string // empty: 03/02/2026,1.2.3.4
	HardwareID       string // empty: USB\VID_1209&PID_F00D
	ExtensionID      string // makes it an extension INF
	Primitive        bool   // makes it a primitive driver

	// Lines edits the finished text, which has CRLF line endings.
	Lines func(string) string
	// UTF16 encodes it as UTF-16 little-endian with a byte order mark.
	UTF16 bool
}

// Bytes is the file.
func (i INF) Bytes() []byte {
	text := i.text()
	if i.Lines != nil {
		text = i.Lines(text)
	}
	if !i.UTF16 {
		return []byte(text)
	}
	encoded := UTF16("\ufeff" + text)
	return encoded[:len(encoded)-2] // without the NUL
}

// ReplaceLine is an edit for [INF.Lines] that exchanges a piece of the text.
// It panics when the piece does not occur exactly once.
func ReplaceLine(old, new string) func(string) string {
	return func(text string) string {
		if strings.Count(text, old) != 1 {
			panic(fmt.Sprintf("signtest: %q occurs %d times in the INF, not once", old, strings.Count(text, old)))
		}
		return strings.Replace(text, old, new, 1)
	}
}

// AppendLines is an edit for [INF.Lines] that adds lines at the end.
func AppendLines(lines ...string) func(string) string {
	return func(text string) string { return text + strings.Join(lines, "\r\n") + "\r\n" }
}

func (i INF) archs() []string {
	if i.Archs == nil {
		return []string{"amd64"}
	}
	return i.Archs
}

// Sources are the paths of the files that the INF copies, relative to it.
func (i INF) Sources() []string {
	var out []string
	for _, name := range i.copied() {
		if !i.Folders {
			out = append(out, name)
			continue
		}
		for _, a := range i.archs() {
			out = append(out, path.Join(a, name))
		}
	}
	return out
}

func (i INF) copied() []string {
	if i.Driver == "" {
		return i.CopyFiles
	}
	return append([]string{i.Driver}, i.CopyFiles...)
}

// sections collects the text.
type sections struct{ strings.Builder }

func (s *sections) section(name string, lines ...string) {
	fmt.Fprintf(s, "[%s]\r\n", name)
	for _, l := range lines {
		s.WriteString(l + "\r\n")
	}
	s.WriteString("\r\n")
}

func (i INF) text() string {
	var s sections
	fmt.Fprintf(&s, ";\r\n; %s\r\n;\r\n; Installs the Fabrikam Gadget.\r\n;\r\n\r\n", i.Name)
	s.section("Version", i.version()...)
	s.section("DestinationDirs", "DefaultDestDir = 12")
	i.sources(&s)
	if i.Primitive {
		i.defaultInstall(&s)
	} else {
		i.models(&s)
	}
	if len(i.copied()) > 0 {
		s.section("Gadget.CopyFiles", i.copied()...)
	}
	if i.Driver != "" {
		s.section("Gadget.Service", i.service()...)
	}
	s.section("Strings",
		`Provider    = "Fabrikam"`,
		`DeviceDesc  = "Fabrikam Gadget"`,
		`ServiceDesc = "Fabrikam Gadget Service"`,
		`DiskName    = "Fabrikam Gadget Installation Disk"`,
	)
	return strings.TrimSuffix(s.String(), "\r\n")
}

func (i INF) version() []string {
	class, guid := i.Class, i.ClassGUID
	switch {
	case i.ExtensionID != "":
		class, guid = "Extension", "{e2f84ce7-8efa-411c-aa69-97454ca4cb57}"
	case class == "" && i.Primitive:
		class, guid = "ActivityMonitor", "{b86dff51-a31e-4bac-b3cf-e8cfe75c9fc2}"
	case class == "":
		class, guid = "USBDevice", "{88bae032-5a81-49f0-bc3d-a4ff138216d6}"
	}
	lines := []string{
		`Signature   = "$WINDOWS NT$"`,
		"Class       = " + class,
		"ClassGuid   = " + guid,
		"Provider    = %Provider%",
	}
	if i.ExtensionID != "" {
		lines = append(lines, "ExtensionId = "+i.ExtensionID)
	}
	if i.Catalog != "" {
		lines = append(lines, "CatalogFile = "+i.Catalog)
	}
	version := i.DriverVer
	if version == "" {
		version = "03/02/2026,1.2.3.4"
	}
	return append(lines, "DriverVer   = "+version, "PnpLockdown = 1")
}

func (i INF) sources(s *sections) {
	if !i.Folders {
		s.section("SourceDisksNames", "1 = %DiskName%")
	} else {
		for _, a := range i.archs() {
			s.section("SourceDisksNames."+a, `1 = %DiskName%,,,\`+a)
		}
	}
	var files []string
	for _, name := range i.copied() {
		files = append(files, name+" = 1")
	}
	s.section("SourceDisksFiles", files...)
}

func (i INF) models(s *sections) {
	var decorations []string
	for _, a := range i.archs() {
		d := "NT" + a
		if i.ExtensionID != "" {
			d += ".10.0"
		}
		decorations = append(decorations, d)
	}
	s.section("Manufacturer", "%Provider% = Gadget,"+strings.Join(decorations, ","))
	id := i.HardwareID
	if id == "" {
		id = `USB\VID_1209&PID_F00D`
	}
	for _, d := range decorations {
		s.section("Gadget."+d, "%DeviceDesc% = Gadget.Install, "+id)
	}
	install := i.install()
	if i.ExtensionID != "" {
		install = append(install, "AddReg    = Gadget.AddReg")
		s.section("Gadget.AddReg", `HKR,,"GadgetMode",0x00010001,1`)
	}
	s.section("Gadget.Install.NT", install...)
	switch {
	case i.Driver != "":
		s.section("Gadget.Install.NT.Services", "AddService = Gadget,0x00000002,Gadget.Service")
	case i.ExtensionID == "":
		s.section("Gadget.Install.NT.Services", "AddService = ,0x00000002")
	}
}

func (i INF) install() []string {
	if len(i.copied()) == 0 {
		return nil
	}
	return []string{"CopyFiles = Gadget.CopyFiles"}
}

// defaultInstall writes the sections of a primitive driver (rule 24).
func (i INF) defaultInstall(s *sections) {
	for _, a := range i.archs() {
		s.section("DefaultInstall.NT"+a, append([]string{"OptionDesc = %ServiceDesc%"}, i.install()...)...)
		s.section("DefaultInstall.NT"+a+".Services", "AddService = Gadget,,Gadget.Service")
		s.section("DefaultUninstall.NT"+a, "LegacyUninstall = 1", "DelFiles = Gadget.CopyFiles")
		s.section("DefaultUninstall.NT"+a+".Services", "DelService = Gadget,0x00000200")
	}
}

func (i INF) service() []string {
	kind := "1"
	if i.Primitive {
		kind = "2" // a file-system driver
	}
	lines := []string{
		"DisplayName   = %ServiceDesc%",
		"ServiceType   = " + kind,
		"StartType     = 3",
		"ErrorControl  = 1",
		`ServiceBinary = %12%\` + i.Driver,
	}
	if i.Primitive {
		lines = slices.Insert(lines, 4, `LoadOrderGroup = "FSFilter Activity Monitor"`)
	}
	return lines
}
