package inf

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestCleanPath(t *testing.T) {
	for _, c := range []struct {
		path, want string
		err        error
	}{
		{`x.sys`, "x.sys", nil},
		{`\x.sys`, "x.sys", nil},
		{`a\b/c.sys`, "a/b/c.sys", nil},
		{`.\a\.\b\\c.sys`, "a/b/c.sys", nil},
		{`a\..\b.sys`, "b.sys", nil},
		{`console.sys`, "console.sys", nil},
		{`com10.sys`, "com10.sys", nil},
		{`a b.sys`, "a b.sys", nil},
		{`ümläut.sys`, "ümläut.sys", nil},
		{``, "", ErrPathEmpty},
		{`.\`, "", ErrPathEmpty},
		{`a\..`, "", ErrPathEmpty},
		{`..\x.sys`, "", ErrPathLeaves},
		{`a\..\..\x.sys`, "", ErrPathLeaves},
		{`\..\x.sys`, "", ErrPathLeaves},
		{`\\server\share\x.sys`, "", ErrPathAbsolute},
		{`\\?\C:\x.sys`, "", ErrPathAbsolute},
		{`//server/x.sys`, "", ErrPathAbsolute},
		{`C:\x.sys`, "", ErrPathColon},
		{`C:x.sys`, "", ErrPathColon},
		{`x.sys:stream`, "", ErrPathColon},
		{`x.sys::$DATA`, "", ErrPathColon},
		{`CON`, "", ErrPathDevice},
		{`a\nul.sys`, "", ErrPathDevice},
		{`Com1.sys`, "", ErrPathDevice},
		{`lpt².txt`, "", ErrPathDevice},
		{`aux .sys`, "", ErrPathDevice},
		{`conin$`, "", ErrPathDevice},
		{`x?.sys`, "", ErrPathChar},
		{`*.sys`, "", ErrPathChar},
		{"x\x01.sys", "", ErrPathChar},
		{`x.sys.`, "", ErrPathEnd},
		{`x.sys `, "", ErrPathEnd},
		{`...\x.sys`, "", ErrPathEnd},
		{`.. \x.sys`, "", ErrPathEnd},
		{strings.Repeat("x", 256), "", ErrPathLong},
	} {
		got, err := cleanPath(c.path)
		if got != c.want || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%q: %q %v, want %q %v", c.path, got, err, c.want, c.err)
		}
	}
}

func TestCompressedNames(t *testing.T) {
	for name, want := range map[string]string{
		"a/x.sys":     "[a/x.sy_ a/x.sy$]",
		"x.dl":        "[x.dl_ x.dl$]",
		"readme":      "[readme._ readme.$]",
		"a.b/readme":  "[a.b/readme._ a.b/readme.$]",
		"x.manifest":  "[x.manifes_ x.manifes$]",
		"x.ü12":       "[x.ü1_ x.ü1$]",
		"archive.tar": "[archive.ta_ archive.ta$]",
	} {
		if got := fmt.Sprint(compressedNames(name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// device returns an INF with one device for amd64 and one for x86.
func device(rest string) string {
	return driverHead + "[Manufacturer]\nA=M,NTamd64,NTx86\n[M.NTamd64]\nD=I,ID\n[M.NTx86]\nD=I,ID\n" + rest
}

// TestFileLocation has rules 25 to 28.
func TestFileLocation(t *testing.T) {
	for _, c := range []struct{ name, rest, want string }{
		{"beside the inf", "[SourceDisksFiles]\nx.sys=1\n[SourceDisksNames]\n1=d", "x.sys listed"},
		{"path of the disk", "[SourceDisksFiles]\nx.sys=1\n[SourceDisksNames]\n1=d,,,\\a", "a/x.sys listed"},
		{"path without backslash", "[SourceDisksFiles]\nx.sys=1\n[SourceDisksNames]\n1=d,,,a\\b\\", "a/b/x.sys listed"},
		{"subfolder", "[SourceDisksFiles]\nx.sys=1,sub\n[SourceDisksNames]\n1=d,,,a", "a/sub/x.sys listed"},
		{"subfolder is below the disk", "[SourceDisksFiles]\nx.sys=1,\\sub\n[SourceDisksNames]\n1=d,,,a", "a/sub/x.sys listed"},
		{"architecture's files first", "[SourceDisksFiles]\nx.sys=1,all\n[SourceDisksFiles.amd64]\nX.SYS=1,own\n[SourceDisksNames]\n1=d", "own/x.sys listed"},
		{"other architecture's files", "[SourceDisksFiles]\nx.sys=1,all\n[SourceDisksFiles.x86]\nx.sys=1,own\n[SourceDisksNames]\n1=d", "all/x.sys listed"},
		{"architecture's disks first", "[SourceDisksFiles]\nx.sys=1\n[SourceDisksNames]\n1=d,,,all\n[SourceDisksNames.amd64]\n1=d,,,own", "own/x.sys listed"},
		{"general disk for the rest", "[SourceDisksFiles]\nx.sys=2\n[SourceDisksNames]\n2=d,,,all\n[SourceDisksNames.amd64]\n1=d,,,own", "all/x.sys listed"},
		{"no nt in these names", "[SourceDisksFiles.ntamd64]\nx.sys=1,own", "x.sys"},
		{"disk number in hexadecimal", "[SourceDisksFiles]\nx.sys=0x1\n[SourceDisksNames]\n1=d,,,a", "a/x.sys listed"},
		{"unknown disk", "[SourceDisksFiles]\nx.sys=7,sub\n[SourceDisksNames]\n1=d", "problem: x.sys: disk \"7\": SourceDisksFiles gives a disk that SourceDisksNames does not have"},
		{"string in a path", "[SourceDisksFiles]\nx.sys=1,%p%\n[SourceDisksNames]\n1=d\n[Strings]\np=sub", "sub/x.sys listed"},
		{"cabinet by extension", "[SourceDisksFiles]\nx.sys=1\n[SourceDisksNames]\n1=d,x.CAB,,a", "a/x.sys listed a/x.CAB false"},
		{"cabinet by flag", "[SourceDisksFiles]\nx.sys=1\n[SourceDisksNames]\n1=d,data.bin,,a,0x10,tag", "a/x.sys listed a/data.bin true"},
		{"tag file", "[SourceDisksFiles]\nx.sys=1\n[SourceDisksNames]\n1=d,x.tag,,a", "a/x.sys listed"},
		{"cabinet elsewhere", "[SourceDisksFiles]\nx.sys=1\n[SourceDisksNames]\n1=d,..\\x.cab,,", "problem: cabinet ..\\x.cab: the path leads out of the package's folder"},
		{"not listed", "", "x.sys"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := parse(t, device("[I]\nCopyFiles=@x.sys\n"+c.rest)).Files(AMD64)
			if len(files) != 1 {
				t.Fatalf("%d files", len(files))
			}
			file := files[0]
			got := file.Path
			if file.Listed && file.Problem == nil {
				got += " listed"
			}
			if file.Cabinet != "" {
				got += fmt.Sprintf(" %s %v", file.Cabinet, file.CabinetOnly)
			}
			if file.Problem != nil {
				got = "problem: " + file.Problem.Error()
				if file.Path != "" || file.Candidates != nil {
					t.Error("a path besides the problem")
				}
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// names lists what an architecture needs.
func names(files []SourceFile) string {
	var all []string
	for _, f := range files {
		all = append(all, f.Path)
	}
	return strings.Join(all, " ")
}

// TestClosure has rules 40 to 44 and 51: which sections are read.
func TestClosure(t *testing.T) {
	for _, c := range []struct{ name, rest, amd64, x86 string }{
		{"architecture's install section", "[I]\nCopyFiles=@a\n[I.NT]\nCopyFiles=@b\n[I.NTamd64]\nCopyFiles=@c", "c", "b"},
		{"nt before plain", "[I]\nCopyFiles=@a\n[I.nt]\nCopyFiles=@b", "b", "b"},
		{"related sections share the decoration", "[I.NT]\n[I.NT.CoInstallers]\nCopyFiles=@a\n[I.CoInstallers]\nCopyFiles=@b\n[I.NTamd64.CoInstallers]\nCopyFiles=@c", "a", "a"},
		{"several directives and lists", "[I]\nCopyFiles=F,G\nCopyFiles=@a\n[F]\nb\nc,d\n[G]\ne,,,0x10", "b d e a", "b d e a"},
		{"list names take no decoration", "[I]\nCopyFiles=F\n[F]\na\n[F.NTamd64]\nb", "a", "a"},
		{"lists in any case", "[I]\nCOPYFILES=f\n[F]\na", "a", "a"},
		{"once for each path", "[I]\nCopyFiles=F,F,@A\n[F]\na\na\nb,a", "a", "a"},
		{"list with the name of a string", "[I]\nCopyFiles=%f%\n[F]\na\n[Strings]\nf=F", "a", "a"},
		{"directive with the name of a string", "[I]\n%d%=F\n[F]\na\n[Strings]\nd=CopyFiles", "a", "a"},
		{"target files only", "[I]\nDelFiles=F\nRenFiles=F\n[F]\na", "", ""},
		{"needs in this inf", "[I]\nNeeds=J\n[J]\nCopyFiles=@a\nNeeds=I,J", "a", "a"},
		{"interfaces", "[I.Interfaces]\nAddInterface={g},,J\n[I]\n[J.NTx86]\nCopyFiles=@a\n[J]\nCopyFiles=@b", "b", "a"},
		{"class installer", "[I]\n[ClassInstall32.NTx86]\nCopyFiles=@a\n[ClassInstall32]\nCopyFiles=@b", "b", "a"},
		{"interface class", "[I]\n[InterfaceInstall32]\n{g}=J,0\n[J]\nCopyFiles=@a", "a", "a"},
		{"default install besides devices", "[I]\n[DefaultInstall]\nCopyFiles=@a", "a", "a"},
		{"other sections are not read", "[I]\n[J]\nCopyFiles=@a\n[I.Other]\nCopyFiles=@b", "", ""},
		{"section that is not needed", "[I]\nCopyFiles=@a\n[I.NTarm64]\nCopyFiles=@b", "a", "a"},
		{"software that is a file of the package", "[I]\n[I.Software]\nAddSoftware=s,,S\n[S]\nSoftwareBinary=%13%\\s.exe\n[SourceDisksFiles]\ns.exe=1\n[SourceDisksNames]\n1=d", "s.exe", "s.exe"},
		{"software elsewhere", "[I]\n[I.Software]\nAddSoftware=s,,S\n[S]\nSoftwareBinary=%11%\\s.exe\n[SourceDisksFiles]\ns.exe=1", "", ""},
		{"blanks in a header", "[I]\nCopyFiles=F\n[ F ]\na", "a", "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := parse(t, device(c.rest))
			if got := names(f.Files(AMD64)); got != c.amd64 {
				t.Errorf("amd64: %q, want %q", got, c.amd64)
			}
			if got := names(f.Files(X86)); got != c.x86 {
				t.Errorf("x86: %q, want %q", got, c.x86)
			}
		})
	}
}

// TestUnionOverVersions: every version's models count, but not those of another
// architecture, nor an undecorated section that another hides from every system.
func TestUnionOverVersions(t *testing.T) {
	text := driverHead + "[Manufacturer]\nA=M,NTx86.6.0,NTx86.10.0...17763,NTamd64%s\n" +
		"[M]\nD=I0\n[M.NT]\nD=I1\n[M.NTx86.6.0]\nD=I2\n[M.NTx86.10.0...17763]\nD=I3\n[M.NTamd64]\nD=I4\n" +
		"[I0]\nCopyFiles=@0\n[I1]\nCopyFiles=@1\n[I2]\nCopyFiles=@2\n[I3]\nCopyFiles=@3\n[I4]\nCopyFiles=@4\n"
	f := parse(t, fmt.Sprintf(text, ""))
	if got := names(f.Files(X86)) + "|" + names(f.Files(AMD64)); got != "2 3 0|4" {
		t.Error(got)
	}
	f = parse(t, fmt.Sprintf(text, ",NT"))
	if got := names(f.Files(X86)) + "|" + names(f.Files(AMD64)); got != "2 3 1|4" {
		t.Error(got)
	}
}

// TestTooManyFiles: a list that is cut says so and cannot pass for a complete one.
func TestTooManyFiles(t *testing.T) {
	var b strings.Builder
	b.WriteString(device("[I]\nCopyFiles=F\n[F]\n"))
	for i := range maxFiles + 10 {
		fmt.Fprintf(&b, "%d.sys\n", i)
	}
	files := parse(t, b.String()).Files(AMD64)
	last := files[len(files)-1]
	if len(files) != maxFiles+1 || !errors.Is(last.Problem, ErrTooManyFiles) || last.Path != "" {
		t.Errorf("%d files, the last %+v", len(files), last)
	}
}

func TestFilesAreCopies(t *testing.T) {
	f := parse(t, device("[I]\nCopyFiles=@a"))
	f.Files(AMD64)[0].Path = "changed"
	if got := names(f.Files(AMD64)); got != "a" {
		t.Errorf("a caller changed the file: %q", got)
	}
}

func TestServices(t *testing.T) {
	f := parse(t, device(`[I]
CopyFiles = F
[F]
x.sys, x64.sys
u.dll
[DestinationDirs]
F = 12
[I.Services]
AddService = , 2
AddService = drv, %assoc%, Drv
AddService = fs,, Fs
AddService = svc,, Svc
AddService = broken,, Broken
AddService = absent,, Absent
AddService = twin,, Drv
[Drv]
ServiceType = %SERVICE_KERNEL_DRIVER%
StartType = 0x0
ErrorControl = 1
ServiceBinary = %12%\x.sys
LoadOrderGroup = %group%
[Fs]
ServiceType = 2
StartType = 3
ErrorControl = 0
ServiceBinary = %13%\u.dll
BootFlags = 0x14
[Svc]
ServiceType = 0x10
StartType = 2
ErrorControl = 1
ServiceBinary = "%11%\svc.exe"
[Broken]
ServiceBinary = %12%\b.SYS
[Strings]
assoc = 2
group = "Base"
SERVICE_KERNEL_DRIVER = 1
`))
	want := `drv 1 boot normal %12%\x.sys x.sys kernel=true boot=true 0x0 "Base" x64.sys <nil>
fs 2 demand ignore %13%\u.dll u.dll kernel=true boot=false 0x14 "" u.dll <nil>
svc 16 auto normal %11%\svc.exe svc.exe kernel=false boot=false 0x0 ""  <nil>
broken 0 unknown unknown %12%\b.SYS b.SYS kernel=true boot=false 0x0 ""  [Broken] ServiceType: entry of a service missing or not readable
absent 0 unknown unknown   kernel=false boot=false 0x0 ""  [Absent]: the service's section is not in the inf
twin 1 boot normal %12%\x.sys x.sys kernel=true boot=true 0x0 "Base" x64.sys <nil>
`
	var got strings.Builder
	for _, s := range f.Services(AMD64) {
		file, _ := s.BinaryFile(f.Files(AMD64))
		fmt.Fprintf(&got, "%s %d %s %s %s %s kernel=%v boot=%v %#x %q %s %v\n", s.Name, s.Type, s.Start, s.ErrorControl,
			s.Binary, s.BinaryName, s.Kernel, s.BootStart, s.BootFlags, s.LoadOrderGroup, file.Path, s.Problem)
	}
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}

func TestBinaryFileIsNotGuessed(t *testing.T) {
	s := Service{Binary: `%12%\x.sys`, BinaryName: "x.sys"}
	two := []SourceFile{{Path: "a/x.sys", DestName: "x.sys"}, {Path: "b/x.sys", DestName: "X.SYS"}}
	if file, ok := s.BinaryFile(two); ok {
		t.Errorf("took %s of two", file.Path)
	}
	two[1].Dest = `%12%\X.sys`
	if file, ok := s.BinaryFile(two); !ok || file.Path != "b/x.sys" {
		t.Errorf("took %q, not the one whose target it is", file.Path)
	}
}

// TestWorkIsLinear: everything refers to everything, and each is read once.
func TestWorkIsLinear(t *testing.T) {
	var b strings.Builder
	b.WriteString(driverHead + "[Manufacturer]\n")
	for range 20000 {
		b.WriteString("A=M,NTamd64,NTamd64.6.0\n")
	}
	b.WriteString("[M.NTamd64]\n[M.NTamd64.6.0]\n")
	for i := range 20000 {
		fmt.Fprintf(&b, "D=I%d\n", i)
	}
	for i := range 20000 {
		fmt.Fprintf(&b, "[I%d]\nCopyFiles=F\nNeeds=I%d,I%d\n[I%d.Services]\nAddService=s%d,,S\n", i, (i+1)%20000, (i+7)%20000, i, i)
	}
	b.WriteString("[F]\n" + strings.Repeat("x.sys\n", 20000) + "[S]\n" + strings.Repeat("a=b\n", 20000))
	f := parse(t, b.String())
	if n := len(f.Files(AMD64)); n != 1 {
		t.Errorf("%d files", n)
	}
	if n := len(f.Services(AMD64)); n != maxServices+1 {
		t.Errorf("%d services, want the limit and the one that says so", n)
	}
	f.Select(win11)
}
