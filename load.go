package prestage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"prestage/inf"
	"prestage/trust"
	"prestage/trust/blocklist"
)

// LoadVerdict is whether the kernel would load a driver once it is staged.
type LoadVerdict int

const (
	// LoadUnknown is the zero value.
	LoadUnknown LoadVerdict = iota
	// Loads: the kernel accepts a signature that covers the file, or asks for
	// none.
	Loads
	// Blocked: the kernel refuses the file; the device has problem code 52,
	// CM_PROB_UNSIGNED_DRIVER.
	Blocked
	// NotJudged: the public sources do not say.
	NotJudged
)

var loadWords = [...]string{"unknown", "loads", "blocked", "not-judged"}

// String returns the word of the JSON report: loads, blocked or not-judged.
func (l LoadVerdict) String() string {
	if l < 0 || int(l) >= len(loadWords) {
		return "unknown"
	}
	return loadWords[l]
}

// ProblemUnsignedDriver is CM_PROB_UNSIGNED_DRIVER, the device problem of a
// driver that the kernel refuses: Code 52 (rule 171).
const ProblemUnsignedDriver = 52

// Load is the judgement on one kernel binary.
type Load struct {
	File    *FileFacts
	Verdict LoadVerdict
	// Problem is the device's problem code, 0 where the file loads or where
	// the code is not known.
	Problem int
	Because []Step
}

// otherProblem are the rules that block a file for something else than its
// signature. The device's problem is another one then.
var otherProblem = map[string]bool{
	"load-no-image": true, "load-wrong-machine": true, "load-memory-integrity": true, "load-block-list": true,
}

// JudgeLoad says for each kernel binary of the package that the target needs
// whether its kernel would load it (section H.1 of the rules). Neither the
// category nor the machine's stores have a say: the kernel has roots of its
// own (rule 182).
func JudgeLoad(f *Facts, t Target) []Load {
	return newView(f, t).judgeLoad()
}

func (v *view) judgeLoad() []Load {
	if !v.selection.Applies {
		return nil
	}
	var all []Load
	for _, file := range v.files {
		if file.Role != RoleDriver || !file.native() && len(file.Services[v.Arch]) == 0 {
			continue
		}
		v.cover(file)
		verdict, id, because := decide(loadRules, v)
		load := Load{File: file, Verdict: verdict, Because: because}
		if verdict == Blocked && !otherProblem[id] {
			load.Problem = ProblemUnsignedDriver
		}
		all = append(all, load)
	}
	return all
}

// native reports an image that the kernel could load, whether or not the INF
// makes a service of it (rule 46).
func (f *FileFacts) native() bool { return f.Image != nil && f.Image.Subsystem == subsystemNative }

// machines are the machine types of the architectures' kernels.
var machines = map[inf.Arch]uint16{inf.X86: 0x014C, inf.AMD64: 0x8664, inf.ARM64: 0xAA64}

// covering is a signature that covers a file for the kernel: embedded in it,
// nested in an embedded one, or that of the catalog that lists it (rule 181).
type covering struct {
	*SignatureFacts
	source string // "embedded", "nested" or "catalog"
}

// cover finds the signatures that cover the file, hold, and are of a kind
// that the release can use.
func (v *view) cover(f *FileFacts) {
	v.file, v.signatures, v.everCovered = f, nil, false
	for i := range f.Signatures {
		s := &f.Signatures[i]
		source := "embedded"
		if s.Nested {
			source = "nested"
		}
		v.addCovering(covering{s, source})
	}
	if v.cat == nil || !v.cat.Signed() || !v.covers(f) {
		return
	}
	if v.Windows.Staging.StrictSetOrder && v.cat.setOrder() != nil {
		return // such a signature counts as absent (rule 63)
	}
	v.addCovering(covering{v.cat.Primary(), "catalog"})
}

func (v *view) addCovering(c covering) {
	if c.Problem() != nil {
		return
	}
	v.everCovered = true
	if v.needsEmbedded() && c.source == "catalog" || v.needsSHA2Update() && c.sha2() {
		return
	}
	v.signatures = append(v.signatures, c)
}

// needsEmbedded reports a driver whose catalog does not count because it is
// loaded before the kernel knows catalogs (rule 178).
func (v *view) needsEmbedded() bool {
	return v.Windows.Kernel.BootStartEmbedded && v.Arch != inf.X86 && v.bootStart()
}

// needsSHA2Update reports a machine that cannot verify SHA-256 (rule 117).
func (v *view) needsSHA2Update() bool {
	return v.Windows.Kernel.SHA2Update && v.Scenario.NoSHA2Update
}

// microsoft reports a signature under a Microsoft root of the kernel, with
// the purposes of drivers (rules 172 and 181).
func (c covering) microsoft() bool {
	v := &c.Kernel
	driver := []trust.Authority{trust.Windows, trust.WHQL, trust.WHQLAttested, trust.ELAM}
	return v.Trusted && v.MicrosoftRoot && slices.Contains(driver, v.Authority)
}

// attested reports one that the Hardware Dev Center made on the vendor's
// word.
func (c covering) attested() bool {
	return c.microsoft() && c.Kernel.Authority == trust.WHQLAttested
}

// crossSigned reports a chain to the Code Verification Root through a
// cross-certificate that the signature carries (rule 176).
func (c covering) crossSigned() bool {
	p := c.Kernel.KernelPath
	return p != nil && len(p.Problems()) == 0
}

// crossCutOff is the date before which the certificates of cross-signed
// drivers were issued that Windows 10 1607 and later still accept (rule 173).
var crossCutOff = time.Date(2015, 7, 29, 0, 0, 0, 0, time.UTC)

// old reports a cross-signed signature of a certificate from before the
// cut-off.
func (c covering) old() bool {
	return c.crossSigned() && c.Signature.Signer != nil && c.Signature.Signer.NotBefore.Before(crossCutOff)
}

func (v *view) anySignature(is func(covering) bool) bool {
	return slices.ContainsFunc(v.signatures, is)
}

// describe names the first signature that is so.
func (v *view) describe(is func(covering) bool) string {
	i := slices.IndexFunc(v.signatures, is)
	if i < 0 {
		return "no signature"
	}
	c := v.signatures[i]
	name := "an unnamed signer"
	if c.Signature.Signer != nil {
		name = fmt.Sprintf("%q", c.Signature.Signer.Subject.CommonName())
	}
	return fmt.Sprintf("the %s signature by %s", c.source, name)
}

// secureBoot is the state of Secure Boot: as asked for, else as machines of
// the release ship (matrix F.4).
func (v *view) secureBoot() bool {
	switch v.Scenario.SecureBoot {
	case On:
		return v.Windows.Kernel.SecureBoot
	case Off:
		return false
	}
	return v.Windows.Kernel.SecureBoot && v.Arch != inf.X86 && !v.Scenario.TestSigning
}

// blockListOn reports whether a block list was given and is in force on the
// target: by default, or with memory integrity or S mode (rule 189).
func (v *view) blockListOn() bool {
	on := v.Windows.Kernel.BlockList || v.Windows.Kernel.SecureBoot && (v.Scenario.MemoryIntegrity == On || v.Scenario.SMode)
	return on && v.file.BlockList != nil
}

// enforced reports whether the kernel asks for a signature at all (rule 172).
func (v *view) enforced() bool { return v.Arch != inf.X86 || v.secureBoot() }

func (v *view) bootStart() bool {
	return slices.ContainsFunc(v.file.Services[v.Arch], func(s inf.Service) bool { return s.BootStart })
}

// earlyLaunch reports a driver that asks to be loaded before all others, as
// anti-malware drivers may (rule 186).
func (v *view) earlyLaunch() bool {
	return slices.ContainsFunc(v.file.Services[v.Arch], func(s inf.Service) bool {
		return s.BootStart && equalFold(s.LoadOrderGroup, "Early-Launch")
	})
}

const (
	citeKernelPolicy = `rule 172; "Kernel-Mode Code Signing Policy"`
	citeDriverPolicy = `rule 177; "The Windows Driver policy", support.microsoft.com`
	blockedAs        = "Code 52, 0xC0000428, CodeIntegrity event 3004"
)

// loadRules is rules 171 to 186. Any one signature that fits is enough.
var loadRules = []rule[LoadVerdict]{
	{
		id: "load-file-missing", basis: Documented,
		cite: `rule 49; "Driver Store"`,
		when: func(v *view) bool { return !v.file.Present },
		then: NotJudged,
		say:  text("the file is not in the package"),
	},
	{
		id: "load-unreadable", basis: Documented,
		cite: `rule 79`,
		when: func(v *view) bool { return v.file.Err != nil },
		then: NotJudged,
		say:  func(v *view) string { return fmt.Sprintf("the file cannot be read: %v", v.file.Err) },
	},
	{
		id: "load-no-image", basis: Documented,
		cite: `rule 79`,
		when: func(v *view) bool { return v.file.Image == nil },
		then: Blocked,
		say:  text("the file is no PE image, so the kernel cannot load it"),
	},
	{
		id: "load-wrong-machine", basis: Documented,
		cite: `"PE Format", machine types`,
		when: func(v *view) bool { return machines[v.Arch] != v.file.Image.Machine },
		then: Blocked,
		say: func(v *view) string {
			return fmt.Sprintf("the image is for %s, not for %s", machineName(v.file.Image.Machine), v.Arch)
		},
	},
	{
		id: "load-block-list", basis: Documented,
		cite: `rules 189 to 194; "Microsoft recommended driver block rules"`,
		when: func(v *view) bool {
			return v.blockListOn() && v.file.BlockList.Answer == blocklist.Denied
		},
		then: Blocked,
		say: func(v *view) string {
			m := v.file.BlockList.Match
			return fmt.Sprintf("Microsoft's block list of vulnerable drivers denies it: rule %s %s (%s), CodeIntegrity event 3077", m.RuleID, m.FriendlyName, m.Detail)
		},
	},
	{
		id: "load-memory-integrity", basis: Documented,
		cite: `rule 184; "Driver Verifier: Code integrity checking"`,
		when: func(v *view) bool {
			return v.Scenario.MemoryIntegrity == On && v.Windows.Kernel.MemoryIntegrity && len(v.file.MemoryIntegrity) > 0
		},
		then: Blocked,
		say: func(v *view) string {
			return "memory integrity does not allow the image: " + strings.Join(v.file.MemoryIntegrity, "; ")
		},
	},
	{
		id: "load-block-list-unclear", basis: Documented,
		cite: `rules 189 to 194; "Microsoft recommended driver block rules"`,
		when: func(v *view) bool {
			unsigned := v.enforced() && len(v.signatures) == 0 // and so blocked, whatever the list says
			return v.blockListOn() && v.file.BlockList.Answer == blocklist.Unknown && !unsigned
		},
		then: NotJudged,
		say: func(v *view) string {
			return "the given block list cannot be said not to deny it: " + strings.Join(v.file.BlockList.Doubts, "; ")
		},
	},
	{
		id: "load-enforcement-off-integrity", basis: Inferred,
		cite: `rules 150 and 184`,
		when: func(v *view) bool { return v.Scenario.EnforcementDisabled && v.Scenario.MemoryIntegrity == On },
		then: NotJudged,
		say:  text("the sources do not say what disabled enforcement means where memory integrity is on"),
	},
	{
		id: "load-enforcement-off", basis: Documented,
		cite: `rule 150; "Installing an Unsigned Driver during Development and Test"`,
		when: func(v *view) bool { return v.Scenario.EnforcementDisabled },
		then: Loads,
		say:  text("enforcement is disabled for this boot"),
	},
	{
		id: "load-x86", basis: Documented,
		cite: citeKernelPolicy,
		when: func(v *view) bool { return !v.enforced() && !v.bootStart() },
		then: Loads,
		say:  text("a 32-bit kernel without Secure Boot asks for no signature of drivers that do not start at boot"),
	},
	{
		id: "load-sha2-update", basis: Documented,
		cite: `rule 117; appendix 4 of the driver signing documentation`,
		when: func(v *view) bool { return v.needsSHA2Update() && len(v.signatures) == 0 && v.everCovered },
		then: Blocked,
		say:  text("without its update this release cannot verify a signature with SHA-256 (" + blockedAs + ")"),
	},
	{
		id: "load-boot-start-embedded", basis: Documented,
		cite: `rule 178, contradiction C-15; "Kernel-Mode Code Signing Requirements"`,
		when: func(v *view) bool { return v.needsEmbedded() && len(v.signatures) == 0 && v.everCovered },
		then: Blocked,
		say:  text("the driver starts at boot and has no embedded signature, which this release requires (" + blockedAs + ")"),
	},
	{
		id: "load-unsigned", basis: Documented,
		cite: citeKernelPolicy,
		when: func(v *view) bool { return len(v.signatures) == 0 },
		then: Blocked,
		say:  text("no signature that holds covers the file, neither an embedded one nor the catalog's (" + blockedAs + ")"),
	},
	{
		id: "load-elam", basis: Documented,
		cite: `rule 186; "ELAM Driver Requirements"`,
		when: func(v *view) bool {
			return v.Windows.Kernel.ELAM && v.earlyLaunch() && !v.anySignature(func(c covering) bool { return c.microsoft() && c.Kernel.Authority == trust.ELAM })
		},
		then: Blocked,
		say:  text("an Early-Launch driver needs a signature with the ELAM purpose (" + blockedAs + ")"),
	},
	{
		id: "load-test-signing", basis: Documented,
		cite: `rules 151 and 183; "The TESTSIGNING Boot Configuration Option"`,
		when: func(v *view) bool { return v.Scenario.TestSigning },
		then: Loads,
		say: func(v *view) string {
			return "in test mode any signature that holds is enough: " + v.describe(func(covering) bool { return true })
		},
	},
	{
		id: "load-microsoft", basis: Documented,
		cite: citeKernelPolicy + `; rule 181`,
		when: func(v *view) bool {
			return v.anySignature(func(c covering) bool { return c.microsoft() && !c.attested() })
		},
		then: Loads,
		say: func(v *view) string {
			return v.describe(func(c covering) bool { return c.microsoft() && !c.attested() }) + " ends in a Microsoft root of the kernel"
		},
	},
	{
		id: "load-attested-server", basis: Inferred,
		cite: `rule 180, contradiction C-19`,
		when: func(v *view) bool {
			return v.Windows.Kernel.Attested && v.Windows.Server && v.anySignature(covering.attested)
		},
		then: Loads,
		say: func(v *view) string {
			return v.describe(covering.attested) + " is an attestation, which is no supported way for servers; it was seen to load"
		},
	},
	{
		id: "load-attested", basis: Documented,
		cite: citeKernelPolicy + `; "Attestation Signing a Kernel Driver"`,
		when: func(v *view) bool { return v.Windows.Kernel.Attested && v.anySignature(covering.attested) },
		then: Loads,
		say: func(v *view) string {
			return v.describe(covering.attested) + " is an attestation by the Hardware Dev Center"
		},
	},
	{
		id: "load-attested-old", basis: Inferred,
		cite: `rule 180; "Attestation Signing a Kernel Driver"`,
		when: func(v *view) bool {
			return v.anySignature(covering.attested) && !v.anySignature(covering.crossSigned)
		},
		then: NotJudged,
		say:  text("the signature is an attestation, which Microsoft supports from Windows 10 on only"),
	},
	{
		id: "load-s-mode", basis: Documented,
		cite: `rule 148; "Windows 10 in S mode driver requirements"`,
		when: func(v *view) bool { return v.Scenario.SMode && v.Windows.Kernel.SMode },
		then: Blocked,
		say:  text("S mode loads drivers signed by Microsoft only (" + blockedAs + ")"),
	},
	{
		id: "load-cross-arm64", basis: Inferred,
		cite: `rules 147 and 172`,
		when: func(v *view) bool { return v.Arch == inf.ARM64 && v.anySignature(covering.crossSigned) },
		then: NotJudged,
		say:  text("cross-signed: no source says that a kernel on ARM64 accepts that"),
	},
	{
		id: "load-driver-policy-2026", basis: Documented,
		cite: citeDriverPolicy,
		when: func(v *view) bool {
			return v.Windows.Kernel.DriverPolicy && v.Scenario.DriverPolicyEnforced && v.anySignature(covering.crossSigned)
		},
		then: Blocked,
		say: func(v *view) string {
			return v.describe(covering.crossSigned) + " is cross-signed, which the Windows Driver policy of April 2026 no longer accepts unless its allow list has the driver (Code 52)"
		},
	},
	{
		id: "load-cross-upgraded", basis: Documented,
		cite: `rule 173; "Kernel-Mode Code Signing Policy"`,
		when: func(v *view) bool {
			return v.crossRestricted() && v.Scenario.Upgraded && v.anySignature(covering.crossSigned)
		},
		then: Loads,
		say: func(v *view) string {
			return v.describe(covering.crossSigned) + " is cross-signed, which a PC upgraded from before Windows 10 1607 accepts" + v.audited()
		},
	},
	{
		id: "load-cross-before-cut-off", basis: Documented,
		cite: `rule 173; "Kernel-Mode Code Signing Policy"`,
		when: func(v *view) bool { return v.crossRestricted() && v.anySignature(covering.old) },
		then: Loads,
		say: func(v *view) string {
			return v.describe(covering.old) + " is cross-signed with a certificate issued before 2015-07-29" + v.audited()
		},
	},
	{
		id: "load-cross-secure-boot", basis: Documented,
		cite: `rules 172 and 173; "Kernel-Mode Code Signing Policy"`,
		when: func(v *view) bool { return v.crossRestricted() && v.anySignature(covering.crossSigned) },
		then: Blocked,
		say: func(v *view) string {
			return fmt.Sprintf("%s is cross-signed with a certificate issued after 2015-07-29; with Secure Boot on, %s accepts Microsoft's signatures only (%s)",
				v.describe(covering.crossSigned), v.Windows.Title, blockedAs)
		},
	},
	{
		id: "load-cross-signed", basis: Documented,
		cite: `rules 172 and 176; "Kernel-Mode Code Signing Policy"`,
		when: func(v *view) bool { return v.anySignature(covering.crossSigned) },
		then: Loads,
		say: func(v *view) string {
			return v.describe(covering.crossSigned) + " reaches the Microsoft Code Verification Root by its cross-certificate" + v.audited()
		},
	},
	{
		id: "load-microsoft-other", basis: Inferred,
		cite: `rule 181`,
		when: func(v *view) bool {
			return v.anySignature(func(c covering) bool { return c.Kernel.Trusted && c.Kernel.MicrosoftRoot })
		},
		then: NotJudged,
		say:  text("signed by Microsoft without a purpose of drivers: the sources do not say whether the kernel asks for one"),
	},
	{
		id: "load-no-kernel-root", basis: Documented,
		cite: citeKernelPolicy + `; rule 182`,
		when: always,
		then: Blocked,
		say: func(v *view) string {
			return fmt.Sprintf("%s reaches neither a Microsoft root nor, by a cross-certificate in it, the Code Verification Root; the machine's stores do not matter to the kernel (%s)",
				v.describe(func(covering) bool { return true }), blockedAs)
		},
	},
}

// crossRestricted reports whether cross-signed drivers load by exception
// only.
func (v *view) crossRestricted() bool { return v.Windows.Kernel.MicrosoftOnly && v.secureBoot() }

// audited says that the policy of 2026 watches the driver and lets it load.
func (v *view) audited() string {
	if v.Windows.Kernel.DriverPolicy && !v.Scenario.DriverPolicyEnforced {
		return "; the Windows Driver policy of April 2026 will block it once it is enforced on the machine"
	}
	return ""
}
