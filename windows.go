package prestage

import (
	"slices"
	"strings"

	"prestage/inf"
)

// Windows is one release: what it is called and what it does with driver
// packages. Every difference between releases is a field of this row;
// nothing else in prestage compares build numbers.
type Windows struct {
	// Name is the release's name in targets and reports, such as
	// "win11-25h2"; Family is the name that stands for its newest release.
	Name, Family string
	// Title is the name for people, such as "Windows 11 25H2".
	Title string
	// Major, Minor and Build are the version that INF decorations are
	// matched against (rule 37).
	Major, Minor, Build int
	// Server is set for server releases (product type 3, rule 38).
	Server bool
	// Archs are the architectures that the release exists for.
	Archs []inf.Arch
	// Staging is what the release's driver staging does.
	Staging *Staging
	// Kernel is what the release's kernel asks of drivers.
	Kernel *Kernel
	// Dialect names the form of the release's SetupAPI log by the release that
	// was seen to write it first (windows-evidence, section 4). No log of Vista
	// or of Windows 8 is known; they are taken to be like their neighbours.
	Dialect string
	// Cite names the sources of this row's version numbers.
	Cite string
}

// Staging is how a generation of Windows treats driver packages. Releases
// share it.
type Staging struct {
	// ReadsBuild: decorations may name a build number (rule 30).
	ReadsBuild bool
	// PrimitiveDrivers: an INF of [DefaultInstall.NT<arch>] alone can be
	// imported (rule 24).
	PrimitiveDrivers bool
	// CatalogV2: version 2 catalogs are looked up by SHA-256. Before, only
	// their SHA-1 members are of use (rules 73 and 74).
	CatalogV2 bool
	// StrictSetOrder: a PKCS#7 SET OF out of DER order voids the catalog's
	// signature (rule 63).
	StrictSetOrder bool
	// Refuses lists the architectures on which an altered or unsigned
	// package is refused without a prompt while enforcement is on (rules
	// 141 to 143).
	Refuses []inf.Arch
	// SecureBootRefuses lists the architectures on which the same holds
	// only if Secure Boot is on (Q12).
	SecureBootRefuses []inf.Arch
	// WHQLOnly lists the architectures that stage no third-party signature
	// (rule 147).
	WHQLOnly []inf.Arch
	// SHA2Update: signatures with SHA-256 need an update (rule 117).
	SHA2Update bool
	// UnsignedImport is the score that is logged when a package without a
	// valid signature is imported, where it is not that of its nodes; zero
	// where it is not known to differ.
	UnsignedImport SignerScore
	// AllSigningEqual: every valid signature ranks the same by default
	// (rule 163).
	AllSigningEqual bool
}

// Kernel is what a generation of Windows kernels asks of the drivers that it
// loads (section H.1 of the rules). Releases share it.
type Kernel struct {
	// SecureBoot: the release knows Secure Boot, and with it on, a 32-bit
	// kernel enforces signatures too (rule 172).
	SecureBoot bool
	// BootStartEmbedded: a boot-start driver of a 64-bit system needs an
	// embedded signature (rule 178).
	BootStartEmbedded bool
	// MicrosoftOnly: with Secure Boot on, cross-signed drivers load by
	// exception only (rules 172 and 173).
	MicrosoftOnly bool
	// ELAM: early-launch anti-malware drivers exist (rule 186).
	ELAM bool
	// SMode: the client comes in S mode too (rule 148).
	SMode bool
	// MemoryIntegrity: the release has it, HVCI (rule 184).
	MemoryIntegrity bool
	// Attested: attestation signatures are supported (rule 180).
	Attested bool
	// SHA2Update: signatures with SHA-256 need an update (rule 117).
	SHA2Update bool
	// BlockList: Microsoft's block list of vulnerable drivers is on by default
	// (rule 189).
	BlockList bool
	// DriverPolicy: the update of April 2026 brought the Windows Driver policy
	// (rule 177).
	DriverPolicy bool
}

var (
	kernelVista  = &Kernel{BootStartEmbedded: true, SHA2Update: true}
	kernel8      = &Kernel{SecureBoot: true, ELAM: true, BootStartEmbedded: true}
	kernel10     = &Kernel{SecureBoot: true, ELAM: true, SMode: true, MemoryIntegrity: true, Attested: true}
	kernel10RS1  = kernel10.and(func(k *Kernel) { k.MicrosoftOnly = true })
	kernel11H2   = kernel10RS1.and(func(k *Kernel) { k.BlockList = true })
	kernelPolicy = kernel11H2.and(func(k *Kernel) { k.DriverPolicy = true })
)

// and returns a copy with what a later generation added.
func (k *Kernel) and(add func(*Kernel)) *Kernel {
	later := *k
	add(&later)
	return &later
}

var (
	stagingVista = &Staging{SHA2Update: true}
	staging7     = &Staging{AllSigningEqual: true, SHA2Update: true, UnsignedImport: ScoreUnknown}
	staging8     = &Staging{
		CatalogV2:         true,
		Refuses:           []inf.Arch{inf.AMD64, inf.ARM64},
		SecureBootRefuses: []inf.Arch{inf.X86},
		AllSigningEqual:   true,
	}
	// The October 2020 updates brought the DER check to 8.1, to every
	// Windows 10 and to the servers that were served then, 2012 among them;
	// the client Windows 8.0 was not.
	staging81      = staging8.and(func(s *Staging) { s.StrictSetOrder = true })
	staging10Early = staging81.and(func(s *Staging) { s.WHQLOnly = []inf.Arch{inf.ARM64} })
	staging10      = staging10Early.and(func(s *Staging) { s.ReadsBuild = true })
	staging1903    = staging10.and(func(s *Staging) { s.PrimitiveDrivers = true })
)

// and returns a copy with what a later generation added.
func (s *Staging) and(add func(*Staging)) *Staging {
	later := *s
	add(&later)
	return &later
}

var (
	pc     = []inf.Arch{inf.X86, inf.AMD64}
	pcArm  = []inf.Arch{inf.AMD64, inf.X86, inf.ARM64}
	only64 = []inf.Arch{inf.AMD64}
	arm64  = []inf.Arch{inf.AMD64, inf.ARM64}
)

const citeVersions = `rule 37; "INF Manufacturer Section"`

// releases is ordered by age within clients, then servers, so that the
// newest release of a family is its last row.
var releases = []Windows{
	{"vista", "vista", "Windows Vista", 6, 0, 6002, false, pc, stagingVista, kernelVista, "7", citeVersions},
	{"win7", "win7", "Windows 7", 6, 1, 7601, false, pc, staging7, kernelVista, "7", citeVersions},
	{"win8", "win8", "Windows 8", 6, 2, 9200, false, pc, staging8, kernel8, "10-1507", citeVersions},
	{"win8.1", "win8.1", "Windows 8.1", 6, 3, 9600, false, pc, staging81, kernel8, "10-1507", citeVersions},
	{"win10-1507", "win10", "Windows 10 1507", 10, 0, 10240, false, pc, staging10Early, kernel10, "10-1507", citeVersions},
	{"win10-1511", "win10", "Windows 10 1511", 10, 0, 10586, false, pc, staging10Early, kernel10, "10-1507", citeVersions},
	{"win10-1607", "win10", "Windows 10 1607", 10, 0, 14393, false, pc, staging10, kernel10RS1, "10-1507", citeVersions},
	{"win10-1703", "win10", "Windows 10 1703", 10, 0, 15063, false, pc, staging10, kernel10RS1, "10-1507", citeVersions},
	{"win10-1709", "win10", "Windows 10 1709", 10, 0, 16299, false, pcArm, staging10, kernel10RS1, "10-1507", citeVersions},
	{"win10-1803", "win10", "Windows 10 1803", 10, 0, 17134, false, pcArm, staging10, kernel10RS1, "10-1507", citeVersions},
	{"win10-1809", "win10", "Windows 10 1809", 10, 0, 17763, false, pcArm, staging10, kernel10RS1, "10-1809", citeVersions},
	{"win10-1903", "win10", "Windows 10 1903", 10, 0, 18362, false, pcArm, staging1903, kernel10RS1, "10-1809", citeVersions},
	{"win10-1909", "win10", "Windows 10 1909", 10, 0, 18363, false, pcArm, staging1903, kernel10RS1, "10-1809", citeVersions},
	{"win10-2004", "win10", "Windows 10 2004", 10, 0, 19041, false, pcArm, staging1903, kernel10RS1, "11", citeVersions},
	{"win10-20h2", "win10", "Windows 10 20H2", 10, 0, 19042, false, pcArm, staging1903, kernel10RS1, "11", citeVersions},
	{"win10-21h1", "win10", "Windows 10 21H1", 10, 0, 19043, false, pcArm, staging1903, kernel10RS1, "11", citeVersions},
	{"win10-21h2", "win10", "Windows 10 21H2", 10, 0, 19044, false, pcArm, staging1903, kernel10RS1, "11", citeVersions},
	{"win10-22h2", "win10", "Windows 10 22H2", 10, 0, 19045, false, pcArm, staging1903, kernel10RS1, "11", citeVersions},
	{"win11-21h2", "win11", "Windows 11 21H2", 10, 0, 22000, false, arm64, staging1903, kernel10RS1, "11", citeVersions},
	{"win11-22h2", "win11", "Windows 11 22H2", 10, 0, 22621, false, arm64, staging1903, kernel11H2, "11", citeVersions},
	{"win11-23h2", "win11", "Windows 11 23H2", 10, 0, 22631, false, arm64, staging1903, kernel11H2, "11", citeVersions},
	{"win11-24h2", "win11", "Windows 11 24H2", 10, 0, 26100, false, arm64, staging1903, kernelPolicy, "11", citeVersions},
	{"win11-25h2", "win11", "Windows 11 25H2", 10, 0, 26200, false, arm64, staging1903, kernelPolicy, "11", citeVersions},
	{"server2008", "server2008", "Windows Server 2008", 6, 0, 6002, true, pc, stagingVista, kernelVista, "7", citeVersions},
	{"server2008r2", "server2008r2", "Windows Server 2008 R2", 6, 1, 7601, true, only64, staging7, kernelVista, "7", citeVersions},
	{"server2012", "server2012", "Windows Server 2012", 6, 2, 9200, true, only64, staging81, kernel8, "10-1507", citeVersions},
	{"server2012r2", "server2012r2", "Windows Server 2012 R2", 6, 3, 9600, true, only64, staging81, kernel8, "10-1507", citeVersions},
	{"server2016", "server2016", "Windows Server 2016", 10, 0, 14393, true, only64, staging10, kernel10RS1, "10-1507", citeVersions},
	{"server2019", "server2019", "Windows Server 2019", 10, 0, 17763, true, only64, staging10, kernel10RS1, "10-1809", citeVersions},
	{"server2022", "server2022", "Windows Server 2022", 10, 0, 20348, true, only64, staging1903, kernel10RS1, "11", citeVersions},
	{"server2025", "server2025", "Windows Server 2025", 10, 0, 26100, true, only64, staging1903, kernelPolicy, "11", citeVersions},
}

// Releases returns every Windows release that prestage knows, clients from
// the oldest to the newest, then servers.
func Releases() []*Windows {
	out := make([]*Windows, len(releases))
	for i := range releases {
		out[i] = &releases[i]
	}
	return out
}

// WindowsNamed finds a release by its name or by its family's name, which
// stands for the newest release of the family. Names are case-insensitive.
func WindowsNamed(name string) (*Windows, bool) {
	name = strings.ToLower(name)
	for i := range releases {
		if releases[i].Name == name {
			return &releases[i], true
		}
	}
	if w := newest(name); w != nil {
		return w, true
	}
	return nil, false
}

// newest returns the newest release of a family, nil if there is none.
func newest(family string) *Windows {
	for i := len(releases) - 1; i >= 0; i-- {
		if releases[i].Family == family {
			return &releases[i]
		}
	}
	return nil
}

// WindowsRunning returns the newest release that is not newer than the
// version, nil if all are. A build of 0 stands for any build.
func WindowsRunning(major, minor, build int, server bool) *Windows {
	var found *Windows
	for i := range releases {
		w := &releases[i]
		if w.Server != server || w.Major != major || w.Minor != minor || build != 0 && w.Build > build {
			continue
		}
		if found == nil || w.Build > found.Build {
			found = w
		}
	}
	return found
}

func releaseNames() []string {
	names := make([]string, len(releases))
	for i, w := range releases {
		names[i] = w.Name
	}
	return names
}

// Runs reports whether the release exists for the architecture.
func (w *Windows) Runs(a inf.Arch) bool { return slices.Contains(w.Archs, a) }

// system is the machine that INF decorations are matched against.
func (w *Windows) system(a inf.Arch) inf.System {
	s := inf.System{
		Arch: a, Major: w.Major, Minor: w.Minor, Build: w.Build,
		ProductType: 1, ParsesBuild: w.Staging.ReadsBuild,
	}
	if w.Server {
		s.ProductType = 3
	}
	return s
}
