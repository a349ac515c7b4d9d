package inf

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseDecoration(t *testing.T) {
	for _, c := range []struct {
		text, want string
		err        error
	}{
		{"", "unknown 0.0 0 0 0 false false false false", nil},
		{"nt", "unknown 0.0 0 0 0 false false false false", nil},
		{"NTamd64", "amd64 0.0 0 0 0 false false false false", nil},
		{"NTAMD64.", "amd64 0.0 0 0 0 false false false false", nil},
		{"NTx86.5", "x86 5.0 0 0 0 true false false false", nil},
		{"NTia64.5.1", "ia64 5.1 0 0 0 true false false false", nil},
		{"NT.6.0.0x0000001", "unknown 6.0 1 0 0 true true false false", nil},
		{"NTx86....0x80", "x86 0.0 0 128 0 false false true false", nil},
		{"NTarm.6.2.3.1", "arm 6.2 3 1 0 true true true false", nil},
		{"NTarm64.10.0...16299", "arm64 10.0 0 0 16299 true false false true", nil},
		{"NTamd64.0xA.0x0...0x3FAB", "amd64 10.0 0 0 16299 true false false true", nil},
		{"amd64", "", ErrDecoration},
		{"N", "", ErrDecoration},
		{"NTmips", "", ErrDecorationArch},
		{"NT$ARCH$", "", ErrTemplate},
		{"NTamd64.ten", "", ErrDecoration},
		{"NTamd64.-1", "", ErrDecoration},
		{"NTamd64.10.0.0.0.0.0", "", ErrDecoration},
		{"NTamd64.4294967296", "", ErrDecoration},
	} {
		d, err := ParseDecoration(c.text)
		if !errors.Is(err, c.err) {
			t.Errorf("%q: error %v, want %v", c.text, err, c.err)
			continue
		}
		if err != nil {
			if (d != Decoration{}) {
				t.Errorf("%q: a value besides the error", c.text)
			}
			continue
		}
		got := fmt.Sprintf("%s %d.%d %d %d %d %v %v %v %v", d.Arch, d.Major, d.Minor, d.ProductType, d.SuiteMask, d.Build,
			d.HasVersion, d.HasProductType, d.HasSuiteMask, d.HasBuild)
		if got != c.want {
			t.Errorf("%q is %s, want %s", c.text, got, c.want)
		}
	}
}

// Systems for the tests, with the numbers of rule 37.
var (
	xp       = System{Arch: X86, Major: 5, Minor: 1, Build: 2600, ProductType: 1}
	xpCenter = System{Arch: X86, Major: 5, Minor: 1, Build: 2600, ProductType: 3, SuiteMask: 0x80}
	win7     = System{Arch: AMD64, Major: 6, Minor: 1, Build: 7601, ProductType: 1}
	win7x86  = System{Arch: X86, Major: 6, Minor: 1, Build: 7601, ProductType: 1}
	win1507  = System{Arch: AMD64, Major: 10, Build: 10240, ProductType: 1}
	win1809  = System{Arch: AMD64, Major: 10, Build: 17763, ProductType: 1, ParsesBuild: true}
	win11    = System{Arch: AMD64, Major: 10, Build: 26200, ProductType: 1, ParsesBuild: true}
	win11arm = System{Arch: ARM64, Major: 10, Build: 26200, ProductType: 1, ParsesBuild: true}
	server25 = System{Arch: AMD64, Major: 10, Build: 26100, ProductType: 3, SuiteMask: 0x90, ParsesBuild: true}
)

// TestChooseModels has the selection rules 32 to 36, one row for each.
func TestChooseModels(t *testing.T) {
	for _, c := range []struct {
		name, decorations string
		system            System
		want              string // section, or ""
	}{
		{"documented example on XP", "NT, NT.5, NT.5.5, NT....0x80", xp, "M.NT.5"},
		{"version before suite", "NT, NT.5, NT.5.5, NT....0x80", xpCenter, "M.NT.5"},
		{"suite where no version is better", "NTx86....0x80, NTamd64", xpCenter, "M.NTx86....0x80"},
		{"suite that the system has not", "NTx86....0x80, NTamd64", xp, "M"},
		{"all bits of the suites", "NTamd64....0x81, NTamd64", server25, "M.NTamd64"},
		{"undecorated on x86", "", xp, "M"},
		{"undecorated not on amd64", "", win7, ""},
		{"NT not on amd64", "NT, NT.6.0", win7, ""},
		{"NT on x86", "NT, NT.6.0", win7x86, "M.NT.6.0"},
		{"architecture", "NTx86, NTamd64, NTarm64", win11arm, "M.NTarm64"},
		{"named architecture before none", "NT, NTx86", xp, "M.NTx86"},
		{"not above the system", "NTamd64.6.0, NTamd64.6.2", win7, "M.NTamd64.6.0"},
		{"highest version", "NTamd64.6.0, NTamd64.10.0, NTamd64.6.1", win11, "M.NTamd64.10.0"},
		{"highest build not above", "NTamd64.10.0...16299, NTamd64.10.0...17763, NTamd64.10.0...22000", win1809, "M.NTamd64.10.0...17763"},
		{"build before product", "NTamd64.10.0...17763, NTamd64.10.0.1", win11, "M.NTamd64.10.0...17763"},
		{"build too high", "NTamd64.10.0...22000", win1809, ""},
		{"build counts within its version only", "NTamd64.6.1...99999", win11, "M.NTamd64.6.1...99999"},
		{"build not parsed before 14310", "NTamd64.10.0...10000, NTamd64.6.0", win1507, "M.NTamd64.6.0"},
		{"product", "NTamd64.10.0.3, NTamd64.10.0", win11, "M.NTamd64.10.0"},
		{"product of a server", "NTamd64.10.0.3, NTamd64.10.0", server25, "M.NTamd64.10.0.3"},
		{"product before suite", "NTamd64.10.0..0x10, NTamd64.10.0.3", server25, "M.NTamd64.10.0.3"},
		{"more suites before fewer", "NTamd64....0x10, NTamd64....0x90", server25, "M.NTamd64....0x90"},
		{"decoration in other case", "ntAMD64.10.0", win11, "M.ntAMD64.10.0"},
		{"no decoration at all", "NTmips, NTamd64", win11, "M.NTamd64"},
		{"first of equals", "NTamd64, ntAmd64", win11, "M.NTamd64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := driverHead + "[Manufacturer]\nA = M, " + c.decorations + "\n[M]\nD = I, ID\n"
			for _, d := range strings.Split(c.decorations, ",") {
				if d = strings.TrimSpace(d); d != "" {
					text += "[m." + strings.ToLower(d) + "]\nD = I, ID\n"
				}
			}
			f := parse(t, text+"[I]\nAddReg = x\n")
			s := f.Select(c.system)
			if got := s.Models[0].Section; got != c.want || s.Applies != (c.want != "") {
				t.Errorf("chose %q, want %q; %s", got, c.want, s.Why)
			}
			if !s.Applies && s.Why == "" {
				t.Error("no reason given")
			}
		})
	}
}

const driverHead = `[Version]
Signature = "$Windows NT$"
Class = System
ClassGuid = {4d36e97d-e325-11ce-bfc1-08002be10318}
Provider = Contoso
CatalogFile = x.cat
DriverVer = 05/13/2026,1.0.0.0
`

func parse(t testing.TB, text string) *File {
	t.Helper()
	f, err := Parse("x.inf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSelect(t *testing.T) {
	f := parse(t, driverHead+`[Manufacturer]
%one% = M1, NTamd64, NTamd64.10.0
Two = M2, NTamd64
Three
Again = M2, NTamd64
[M1.NTamd64]
"Old" = Inst, ID\1
[M1.NTamd64.10.0]
[M2.NTamd64]
"Two" = Inst, ID\2, CID\1, , CID\2
"Three" = Other
"Four" = inst, ID\4
"no install"
[Three]
"Never" = Inst, ID\5
[Inst]
[Inst.NT]
FeatureScore = xE0
DriverVer = 01-02-2027,2.0
[Strings]
one = "Manufacturer One"
`)
	s := f.Select(win11)
	if !s.Applies || len(s.Models) != 4 || !s.Models[0].Empty || s.Models[1].Empty || s.Models[2].Chosen || s.Models[0].Manufacturer != "Manufacturer One" {
		t.Fatalf("%+v", s)
	}
	if len(s.Installs) != 2 || len(s.Installs[0].Models) != 2 {
		t.Fatalf("entries are not grouped by install section: %+v", s.Installs)
	}
	in := s.Installs[0]
	if in.Section != "Inst.NT" || !in.HasNT || in.Decoration != ".nt" || in.FeatureScore != 0xE0 ||
		!in.HasDriverVer || in.DriverVersion != "2.0" || in.DriverDate.Format("2006-01-02") != "2027-01-02" {
		t.Errorf("%+v", in)
	}
	if ids := fmt.Sprint(in.Models[0].CompatibleIDs); ids != `[CID\1 CID\2]` {
		t.Errorf("compatible ids %s", ids)
	}
	if other := s.Installs[1]; other.Section != "" || other.HasNT || other.FeatureScore != 0xFF {
		t.Errorf("a section that is not there: %+v", other)
	}
	if s := f.Select(win7); len(s.Installs) != 2 || len(s.Installs[0].Models) != 3 {
		t.Errorf("on windows 7: %+v", s.Installs)
	}
	if got := fmt.Sprint(f.Architectures()); got != "[x86 amd64]" {
		t.Errorf("serves %s", got) // x86 by the manufacturer "Three"
	}
}

// TestWhyNot: the reason names what is nearest.
func TestWhyNot(t *testing.T) {
	for _, c := range []struct {
		name, rest  string
		system      System
		why, nearst string
	}{
		{"newer build", "[Manufacturer]\nA=M,NTamd64.10.0...30000,NTamd64.10.0...29000\n[M.NTamd64.10.0...29000]\nD=I\n[M.NTamd64.10.0...30000]\nD=I", win11, "asks for more", "NTamd64.10.0...29000"},
		{"build number unknown", "[Manufacturer]\nA=M,NTamd64.10.0...14393\n[M.NTamd64.10.0...14393]\nD=I", win1507, "build number", "NTamd64.10.0...14393"},
		{"other architecture", "[Manufacturer]\nA=M,NTamd64\n[M.NTamd64]\nD=I", win11arm, "serves amd64", "amd64"},
		{"empty section", "[Manufacturer]\nA=M,NTamd64,NTamd64.10.0\n[M.NTamd64]\nD=I\n[M.NTamd64.10.0]", win11, "excludes", "NTamd64.10.0"},
		{"nothing", "[Manufacturer]", win11, "no models", ""},
		{"primitive", "[DefaultInstall.NTarm64]\nCopyFiles=@x", win11, "no [DefaultInstall]", "arm64"},
		{"no install", "", win11, "installs nothing", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, driverHead+c.rest).Select(c.system)
			if s.Applies || !strings.Contains(s.Why, c.why) || s.Nearest != c.nearst {
				t.Errorf("%v %q nearest %q", s.Applies, s.Why, s.Nearest)
			}
		})
	}
}

func TestKind(t *testing.T) {
	for _, c := range []struct {
		name, text string
		kind       Kind
		driver     bool
		arches     string
	}{
		{"device", driverHead + "[Manufacturer]\nA=M,NTarm64\n[M.NTarm64]\nD=I", KindDevice, true, "[arm64]"},
		{"device and default install", driverHead + "[Manufacturer]\nA=M,NTarm64\n[M.NTarm64]\nD=I\n[DefaultInstall.NTamd64]\nCopyINF=x.inf", KindDevice, true, "[arm64]"},
		{"device with empty models", driverHead + "[Manufacturer]\nA=M,NTarm64\n[M.NTarm64]\n", KindDevice, true, "[]"},
		{"primitive", driverHead + "[DefaultInstall.NTx86]\nCopyFiles=F\n[DefaultInstall.NTamd64.Services]\nAddService=a,,b\n[DefaultInstall.NTamd64]", KindPrimitive, true, "[x86 amd64]"},
		{"legacy", driverHead + "[DefaultInstall]\nCopyFiles=F", KindLegacy, true, "[x86 amd64 arm64]"},
		{"legacy with sources by architecture", driverHead + "[DefaultInstall]\nCopyFiles=F\n[SourceDisksFiles.ia64]\n", KindLegacy, true, "[ia64]"},
		{"legacy besides primitive", driverHead + "[DefaultInstall]\nCopyFiles=F\n[DefaultInstall.NTarm]\n", KindLegacy, true, "[x86 amd64 arm64 arm]"},
		{"class", driverHead + "[ClassInstall32.NTamd64]\nAddReg=R", KindClass, true, "[x86 amd64 arm64]"},
		{"version alone", driverHead, KindNone, true, "[]"},
		{"layout", "[Version]\nSignature=$Chicago$\n[Files]\na", KindNone, false, "[]"},
		{"other signature", "[Version]\nSignature=\"$Windows 95$\"\nClass=x\n[Manufacturer]", KindDevice, false, "[]"},
		{"no signature", "[Version]\nClass=x\n[Manufacturer]", KindDevice, false, "[]"},
		{"autorun", "[AutoRun]\nopen=setup.exe", KindUnknown, false, "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := parse(t, c.text)
			ok, why := f.IsDriver()
			if f.Kind() != c.kind || ok != c.driver || (why == "") != c.driver || fmt.Sprint(f.Architectures()) != c.arches {
				t.Errorf("%s, driver %v %q, serves %v", f.Kind(), ok, why, f.Architectures())
			}
		})
	}
}

// TestExamine: what only the whole INF shows.
func TestExamine(t *testing.T) {
	models := "[Manufacturer]\nA=M,NTamd64\n[M.NTamd64]\nD=I,ID\n"
	for _, c := range []struct{ want, text string }{
		{"archless-models", "[Manufacturer]\nA=M\n[M]\nD=I,ID\n[I.NTamd64]\nCopyFiles=@x.sys"},
		{"decoration", "[Manufacturer]\nA=M,NT$ARCH$"},
		{"decoration-build", "[Manufacturer]\nA=M,NTamd64.6.1...7601\n[M.NTamd64.6.1...7601]\nD=I"},
		{"models-section-missing", "[Manufacturer]\nA=M,NTamd64"},
		{"undefined-string", "[Manufacturer]\n%A%=M,NTamd64"},
		{"section-missing", models + "[I]\nCopyFiles=F"},
		{"section-missing", models + "[J]\nCopyFiles=F"},
		{"section-included", models + "[I]\nInclude=usb.inf\nCopyFiles=F"},
		{"service", models + "[I]\n[I.Services]\nAddService=s,2,S\n[S]\nServiceType=kernel"},
		{"service", models + "[I]\n[I.Services]\nAddService=s,2,S"},
		{"not-in-source-disks-files", models + "[I]\nCopyFiles=@x.sys"},
		{"catalog-copied", models + "[I]\nCopyFiles=@x.cat\n[SourceDisksFiles]\nx.cat=1\n[SourceDisksNames]\n1=d"},
		{"inf-copied", models + "[I]\nCopyFiles=@x.inf\n[SourceDisksFiles]\nx.inf=1\n[SourceDisksNames]\n1=d"},
		{"compressed-name", models + "[I]\nCopyFiles=@x.sy_\n[SourceDisksFiles]\nx.sy_=1\n[SourceDisksNames]\n1=d"},
		{"ansi-file-name", models + "[I]\nCopyFiles=@\xE4.sys\n[SourceDisksFiles]\n\xE4.sys=1\n[SourceDisksNames]\n1=d"},
		{"string-in-file-name", models + "[I]\nCopyFiles=@%x%.sys\n[Strings]\nx=y"},
		{"path", models + "[I]\nCopyFiles=@..\\x.sys"},
		{"path", models + "[I]\nCopyINF=..\\x.inf"},
		{"target-twice", models + "[I]\nCopyFiles=F\n[F]\nx.sys,a.sys\nx.sys,b.sys\n[DestinationDirs]\nF=12"},
		{"locale-dependent", models + "[I]\nCopyFiles=%f%\n[F]\nx.sys\n[G]\ny.sys\n[Strings]\nf=F\n[Strings.0407]\nf=G"},
		{"wrong-inf-type", "[DefaultInstall]\nCopyFiles=@x.sys"},
		{"wrong-inf-type", ""},
	} {
		t.Run(c.want, func(t *testing.T) { wantFindings(t, parse(t, driverHead+c.text), c.want) })
	}
	clean := parse(t, driverHead+models+"[I]\nCopyFiles=@x.sys\n[SourceDisksFiles]\nx.sys=1\n[SourceDisksNames]\n1=d\n[Strings.0407]\na=b")
	if len(clean.Findings) > 0 {
		t.Errorf("findings in a clean inf: %v", clean.Findings)
	}
}
