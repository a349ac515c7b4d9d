package inf

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestNothingVanishes: constructions in which a file was once not listed.
func TestNothingVanishes(t *testing.T) {
	for _, c := range []struct{ name, rest, want string }{
		{"a section that is a list and holds software", "[I]\nCopyFiles=E\n[I.Software]\nAddSoftware=x,,E\n[E]\nx", "x"},
		{"software of an install section", "[I]\nAddSoftware=x,,E\n[E]\nSoftwareBinary=%13%\\x", ""},
		{"software by Needs", "[I]\nNeeds=S\n[I.Software]\nNeeds=S\n[S]\nAddSoftware=x,,E\n[E]\nSoftwareBinary=%13%\\x", "x"},
		{"software with two programs", "[I]\n[I.Software]\nAddSoftware=x,,E\n[E]\nSoftwareBinary=%13%\\x\nSoftwareBinary=%13%\\y", "x y"},
		{"software in a folder of the store", "[I]\n[I.Software]\nAddSoftware=x,,E\n[E]\nSoftwareBinary=\"%13%\\sub\\x\"", "sub/x"},
		{"directive without equals sign", "[I]\nCopyFiles\n[CopyFiles]\nx", "x"},
		{"model without equals sign", "[M.NTamd64]\nE\n[I]\n[E]\nCopyFiles=@x", "x"},
		{"model without equals sign and more fields", "[M.NTamd64]\nE,ID\n[I]\n[E]\nCopyFiles=@x", "x"},
		{"interface class without equals sign", "[I]\n[InterfaceInstall32]\n{g}\n[{g}]\nCopyFiles=@x", "x"},
		{"string behind the at sign", "[I]\nCopyFiles=@%n%\n[Strings]\nn=x", "x literal:%n%"},
		{"string in a list", "[I]\nCopyFiles=F\n[F]\n%n%\nd,%n%2\n[Strings]\nn=x", "x literal:%n% x2 literal:%n%2"},
		{"doubled percent sign", "[I]\nCopyFiles=@a%%b", "a%b literal:a%%b"},
		{"directory number", "[I]\nCopyFiles=@%12%x", "refused:%12%x"},
		{"at sign in a string", "[I]\nCopyFiles=%at%x\n[Strings]\nat=\"@\"", "refused:%at%x x"},
		{"at sign behind a quoted blank", "[I]\nCopyFiles=\" @x\"", "x"},
		{"list named by a string and by its name", "[I]\nCopyFiles=%f%\n[%f%]\nx", "x"},
		{"needs with a decoration", "[I]\nNeeds=E\n[E.NTamd64]\nCopyFiles=@x\n[E]\nCopyFiles=@y", "x y"},
		{"uninstall section", "[I]\n[DefaultUninstall.NTamd64]\nCopyFiles=@x", "x"},
		{"component section", "[I]\n[I.Components]\nAddComponent=a,,E\n[E]\nCopyFiles=@x", "x"},
		{"filter section", "[I]\n[I.Filters]\nAddFilter=a,,E\n[E.nt]\nCopyFiles=@x", "x"},
		{"event provider section", "[I]\n[I.Events]\nAddEventProvider={g},,E\n[E]\nCopyFiles=@x", "x"},
		{"event log section", "[I]\n[I.Services]\nAddService=a,,S,E\n[S]\n[E]\nCopyFiles=@x", "x"},
		{"names that differ in the Kelvin sign", "[I]\nCopyFiles=@disk,@dis\u212A", "disk dis\u212A"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := driverHead + "[Manufacturer]\nA=M,NTamd64\n[M.NTamd64]\nD=I,ID\n" + c.rest
			f := parse(t, "\xEF\xBB\xBF"+text)
			var all []string
			for _, file := range f.Files(AMD64) {
				switch {
				case file.Problem != nil:
					all = append(all, "refused:"+file.Name)
				case file.Literal:
					all = append(all, "literal:"+file.Path)
				default:
					all = append(all, file.Path)
				}
			}
			if got := strings.Join(all, " "); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestInbox(t *testing.T) {
	f := parse(t, driverHead+"LayoutFile=layout.inf\n[Manufacturer]\nA=M,NTamd64\n[M.NTamd64]\nD=I,ID\n[I]\nCopyFiles=@x.sys,@y.sys,@..\\z.sys\n"+
		"[SourceDisksNames]\n1=d\n[SourceDisksFiles]\ny.sys=1\n[I.Services]\nAddService=s,,S\n[S]\nServiceBinary=%12%\\x.sys\n")
	files := f.Files(AMD64)
	if names(files) != "x.sys y.sys " || !files[0].Inbox || files[1].Inbox || files[2].Inbox || files[2].Problem == nil {
		t.Errorf("%+v", files)
	}
	if b := f.Services(AMD64)[0].BinaryFiles(files); len(b) != 1 || b[0].Path != "x.sys" {
		t.Errorf("binary %+v", b)
	}
}

// TestOnePlace: a file of which the INF does not say for sure where it is, is
// refused.
func TestOnePlace(t *testing.T) {
	for _, c := range []struct {
		name, rest string
		want       error
		path       string
	}{
		{"no such disk", "[SourceDisksFiles]\nx=7\n[SourceDisksNames]\n1=d", ErrNoDisk, ""},
		{"no disk number", "[SourceDisksFiles]\nx\n[SourceDisksNames]\n1=d", ErrNoDisk, ""},
		{"disk of another architecture", "[SourceDisksFiles]\nx=1\n[SourceDisksNames.x86]\n1=d", ErrNoDisk, ""},
		{"leading zero", "[SourceDisksFiles]\nx=01\n[SourceDisksNames]\n1=d,,,a", nil, "a/x"},
		{"leading zero at the disk", "[SourceDisksFiles]\nx=1\n[SourceDisksNames]\n01=d,,,a", nil, "a/x"},
		{"two disks of one number", "[SourceDisksFiles]\nx=01\n[SourceDisksNames]\n1=d,,,a\n01=d,,,b", ErrTwoPlaces, ""},
		{"two disks of one number in two sections", "[SourceDisksFiles]\nx=1\n[SourceDisksNames.amd64]\n0x1=d,,,a\n[SourceDisksNames]\n1=d,,,b", ErrTwoPlaces, ""},
		{"two disks of one number that agree", "[SourceDisksFiles]\nx=1\n[SourceDisksNames]\n1=d,,,a\n01=e,,,A", nil, "a/x"},
		{"one number twice", "[SourceDisksFiles]\nx=1\n[SourceDisksNames]\n1=d,,,a\n1=d,,,b", ErrTwoPlaces, ""},
		{"one file twice", "[SourceDisksFiles]\nx=1,a\nX=1,b\n[SourceDisksNames]\n1=d", ErrTwoPlaces, ""},
		{"one file twice in one place", "[SourceDisksFiles]\nx=1,a\nX=1,A,100\n[SourceDisksNames]\n1=d", nil, "a/x"},
		{"string for a name beside the inf", "[SourceDisksFiles]\n%n%=1\n[SourceDisksNames]\n1=d\n[Strings]\nn=x", nil, "x"},
		{"string for a name elsewhere", "[SourceDisksFiles]\n%n%=1,a\n[SourceDisksNames]\n1=d\n[Strings]\nn=x", ErrStringInName, ""},
		{"disk with unreadable flags", "[SourceDisksFiles]\nx=1\n[SourceDisksNames]\n1=d,y.bin,,,cab", errors.ErrUnsupported, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := parse(t, device("[I]\nCopyFiles=@x\n"+c.rest)).Files(AMD64)
			if len(files) != 1 || files[0].Path != c.path || (files[0].Problem == nil) != (c.want == nil) {
				t.Fatalf("%+v", files)
			}
			if c.want != nil && c.want != errors.ErrUnsupported && !errors.Is(files[0].Problem, c.want) {
				t.Errorf("%v, want %v", files[0].Problem, c.want)
			}
		})
	}
	f := parse(t, device("[I]\nCopyFiles=@x\n[SourceDisksFiles]\nx=01\n[SourceDisksNames]\n1=d"))
	wantFindings(t, f, "disk-number")
	files := parse(t, device("[I]\nCopyFiles=@sub\\x\n[SourceDisksFiles]\nx=1,other\n[SourceDisksNames]\n1=d")).Files(AMD64)
	if len(files) != 1 || !errors.Is(files[0].Problem, ErrTwoPlaces) {
		t.Errorf("a name with a folder: %+v", files)
	}
	files = parse(t, device("[I]\nCopyFiles=@x\uFFFD")).Files(AMD64)
	if len(files) != 1 || files[0].Problem != nil {
		t.Errorf("in ansi the bytes of U+FFFD are characters: %+v", files)
	}
	files = parse(t, "\xEF\xBB\xBF"+device("[I]\nCopyFiles=@x\xFF")).Files(AMD64)
	if len(files) != 1 || !errors.Is(files[0].Problem, ErrPathChar) {
		t.Errorf("bytes that are no character: %+v", files)
	}
}

// TestMissing: only an Include of the section itself, or of one that leads to it,
// can bring a section.
func TestMissing(t *testing.T) {
	for _, c := range []struct{ name, rest, want string }{
		{"no include", "[I]\nCopyFiles=F", "F CopyFiles false"},
		{"include in the section", "[I]\nCopyFiles=F\nInclude=usb.inf", "F CopyFiles true"},
		{"include in another section", "[I]\nCopyFiles=F\n[InterfaceInstall32]\n{g}=J\n[J]\nInclude=usb.inf", "F CopyFiles false"},
		{"include in the section that needs it", "[I]\nInclude=usb.inf\nNeeds=N\n[N]\nCopyFiles=F", "F CopyFiles true"},
		{"include in the install section", "[I]\nInclude=usb.inf\n[I.Interfaces]\nAddInterface={g},,F", "F AddInterface true"},
		{"both", "[I]\nCopyFiles=F\nInclude=usb.inf\n[InterfaceInstall32]\n{g}=J\n[J]\nCopyFiles=F", "F CopyFiles true, F CopyFiles false"},
		{"service", "[I]\n[I.Services]\nAddService=s,2,F", "F AddService false"},
		{"install section", "[M.NTamd64]\nE=F\n[I]", "F  false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var all []string
			for _, r := range parse(t, device(c.rest)).Missing(AMD64) {
				all = append(all, fmt.Sprint(r.Name, " ", r.Directive, " ", r.Inbox))
			}
			if got := strings.Join(all, ", "); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	// A flood of sections that an Include may bring hides none that it cannot.
	var b strings.Builder
	b.WriteString(device("[I]\nInclude=usb.inf\n"))
	for i := range 3 * maxMissing {
		fmt.Fprintf(&b, "CopyFiles=F%d\n", i)
	}
	b.WriteString("[InterfaceInstall32]\n{g}=J\n[J]\nCopyFiles=F")
	missing := parse(t, b.String()).Missing(AMD64)
	if last := missing[len(missing)-1]; len(missing) != maxMissing+1 || last.Inbox || last.Name != "F" {
		t.Errorf("%d missing, the last %+v", len(missing), last)
	}
}

// TestTargets: one source may have several targets, and one target several sources.
func TestTargets(t *testing.T) {
	f := parse(t, device("[I]\nCopyFiles=F,G,@x\n[F]\nother.bin,x\ndrv.sys,x\nDRV.SYS,x\n[G]\ndrv.sys,x\ndrv.sys,y\n"+
		"[DestinationDirs]\nF=12\nG=10,System32\\drivers\n[I.Services]\nAddService=s,,S\n[S]\nServiceBinary=%12%\\drv.sys"))
	files := f.Files(AMD64)
	if len(files) != 2 {
		t.Fatalf("%+v", files)
	}
	want := `[%12%\other.bin %12%\drv.sys %10%\System32\drivers\drv.sys] [other.bin drv.sys x] %12%\other.bin other.bin`
	if got := fmt.Sprint(files[0].Dests, " ", files[0].DestNames, " ", files[0].Dest, " ", files[0].DestName); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := names(f.Services(AMD64)[0].BinaryFiles(files)); got != "x y" {
		t.Errorf("binary may be %q", got)
	}
}

func TestBinaryFiles(t *testing.T) {
	files := []SourceFile{
		{Name: "a.sys", Path: "1", DestNames: []string{"x.sys"}}, {Name: "X.SYS", Path: "2", DestNames: []string{"b.sys"}},
		{Name: `sub\x.sys`, Path: "3"}, {Name: "y.sys", Path: "4", DestNames: []string{"y.sys"}},
	}
	for binary, want := range map[string]string{
		`%12%\x.sys`: "1 2 3", `\SystemRoot\System32\drivers\x.sys`: "1 2 3", `%12%/X.SYS.`: "1 2 3", `%12%\x.sys:s`: "1 2 3",
		`x.sys`: "1 2 3", `%12%\b.sys`: "2", `"%12%\y.sys"`: "4", `%12%\z.sys`: "", ``: "",
	} {
		s := Service{Binary: binary, BinaryName: binary[strings.LastIndexAny(binary, `\/`)+1:]}
		if got := names(s.BinaryFiles(files)); got != want {
			t.Errorf("%s: %q, want %q", binary, got, want)
		}
	}
}

// TestManyServices: the pairs of services and files stay few.
func TestManyServices(t *testing.T) {
	var b strings.Builder
	b.WriteString(device("[I]\nCopyFiles=F\n[I.Services]\n"))
	for i := range 100000 {
		fmt.Fprintf(&b, "AddService=s%d,,S\n", i)
	}
	b.WriteString("[S]\nServiceType=1\nStartType=3\nErrorControl=1\nServiceBinary=%12%\\z.sys\n[F]\n")
	for i := range 60000 {
		fmt.Fprintf(&b, "z.sys,f%d.sys\n", i)
	}
	f := parse(t, b.String())
	if got := ids(f); got != "too-many-binaries too-many-services" {
		t.Errorf("ambiguous: %s", got)
	}
	files, services := f.Files(AMD64), f.Services(AMD64)
	if last := services[len(services)-1]; len(services) != maxServices+1 || !errors.Is(last.Problem, ErrTooManyServices) || last.Kernel {
		t.Errorf("%d services, the last %+v", len(services), last)
	}
	index, pairs := IndexBinaries(files), 0
	for _, s := range services {
		pairs += len(index.Of(s))
	}
	if len(files) != 60000 || pairs != maxServices*maxTwins {
		t.Errorf("%d files, %d pairs", len(files), pairs)
	}
}

// TestExpansionIsBounded: strings make small texts large.
func TestExpansionIsBounded(t *testing.T) {
	text := device("[I]\n[M.NTamd64]\n" + strings.Repeat("%a%=%a%,%a%\n", 200000) + "[Strings]\na=" + strings.Repeat("x", 4000) + "\n")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f := parse(t, text)
	s := f.Select(win11)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 400<<20 {
		t.Errorf("keeps %d MB", grown>>20)
	}
	if len(s.Installs) == 0 || len(s.Installs[len(s.Installs)-1].Models) != 200000 {
		t.Error("the models are not there")
	}
	runtime.KeepAlive(f)

	var b strings.Builder
	b.WriteString(device("[I]\n[M.NTamd64]\n"))
	for i := range 20000 {
		fmt.Fprintf(&b, "D=%%a%%%d\n", i)
	}
	b.WriteString("[Strings.0407]\na=" + strings.Repeat("x", 4000) + "\n")
	if _, err := Parse("x.inf", []byte(b.String())); !errors.Is(err, ErrTooMuchText) {
		t.Errorf("got %v, want %v", err, ErrTooMuchText)
	}
}
