package prestage

import (
	"slices"
	"strings"
	"testing"
	"time"

	"prestage/authenticode"
	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
	"prestage/inf"
	"prestage/trust"
	"prestage/trust/blocklist"
)

// Nobody but Microsoft can make a signature that leads to a root of the
// kernel, so these tests make the facts and leave the decisions real. The real
// signatures are in the corpus, and observed_test.go has what they did.

// kernelDriver makes gadget.sys a kernel driver on every architecture, with no
// signature that the kernel knows.
func kernelDriver(f *Facts) {
	file := f.Files[1]
	file.Image = &authenticode.Image{Subsystem: signtest.SubsystemNative}
	file.Services = map[inf.Arch][]inf.Service{}
	for _, a := range f.Archs {
		file.Services[a] = []inf.Service{{Name: "Gadget", Type: 1, Kernel: true, Start: inf.StartDemand}}
	}
}

// builtFor makes the image one for the architecture.
func builtFor(f *Facts, a inf.Arch) {
	if image := f.Files[1].Image; image != nil {
		image.Machine = map[inf.Arch]uint16{
			inf.X86: signtest.MachineX86, inf.AMD64: signtest.MachineAMD64, inf.ARM64: signtest.MachineARM64,
		}[a]
	}
}

// onDriver changes the file, onService each of its services.
func onDriver(change func(*FileFacts)) func(*Facts) {
	return func(f *Facts) { change(f.Files[1]) }
}

func onService(change func(*inf.Service)) func(*Facts) {
	return onDriver(func(file *FileFacts) {
		for _, services := range file.Services {
			for i := range services {
				change(&services[i])
			}
		}
	})
}

var bootStart = onService(func(s *inf.Service) { s.Start, s.BootStart = inf.StartBoot, true })

var earlyLaunch = onService(func(s *inf.Service) {
	s.Start, s.BootStart, s.LoadOrderGroup = inf.StartBoot, true, "early-launch"
})

// embedded adds signatures to the file itself.
func embedded(list ...SignatureFacts) func(*Facts) {
	return onDriver(func(file *FileFacts) { file.Signatures = append(file.Signatures, list...) })
}

// inCatalog gives the catalog's signature another standing with the kernel.
func inCatalog(s SignatureFacts) func(*Facts) {
	return onCatalog(func(c *CatalogFacts) { c.Signatures = []SignatureFacts{s} })
}

func notInCatalog(f *Facts) { state("gadget.sys", NotMember)(f) }

// bySomebody is a signature that no root of the kernel knows, although the
// machine's stores trust it.
func bySomebody() SignatureFacts {
	return SignatureFacts{
		Signature: &authenticode.Signature{SignerCount: 1, DigestAlgorithm: digests[1], Signer: &cert.Certificate{}},
		Verdict:   trust.Verdict{Trusted: true, Authority: trust.ThirdParty, Publisher: trust.TrustedPublisher},
	}
}

func byMicrosoft(a trust.Authority) SignatureFacts {
	s := bySomebody()
	s.Kernel = trust.Verdict{Trusted: true, MicrosoftRoot: true, DriverPolicy: true, Authority: a}
	return s
}

// byCrossCertificate leads to the Code Verification Root, by a certificate
// issued on that day.
func byCrossCertificate(issued time.Time) SignatureFacts {
	s := bySomebody()
	s.Signature.Signer = &cert.Certificate{NotBefore: issued}
	s.Kernel.KernelPath = new(trust.Path)
	return s
}

func nested(s SignatureFacts) SignatureFacts { s.Nested = true; return s }

func broken(s SignatureFacts) SignatureFacts {
	changed := *s.Signature
	changed.Problem = &authenticode.Problem{Code: winerror.TrustBadDigest, Detail: "flipped a bit"}
	s.Signature = &changed
	return s
}

func ofAnotherImage(s SignatureFacts) SignatureFacts {
	s.ImageProblem = &authenticode.Problem{Code: winerror.TrustBadDigest, Detail: "another image"}
	return s
}

func withSHA1(s SignatureFacts) SignatureFacts {
	changed := *s.Signature
	changed.DigestAlgorithm = digests[0]
	s.Signature = &changed
	return s
}

func onBlockList(answer blocklist.Answer) func(*Facts) {
	return onDriver(func(file *FileFacts) { file.BlockList = &blocklist.Result{Answer: answer} })
}

var writable = onDriver(func(file *FileFacts) {
	file.MemoryIntegrity = []string{"section .text is executable and writable (0x2003)"}
})

var (
	beforeCutOff = time.Date(2015, 7, 28, 23, 59, 59, 0, time.UTC)
	atCutOff     = time.Date(2015, 7, 29, 0, 0, 0, 0, time.UTC)
)

// TestJudgeLoad: every rule of the kernel decides somewhere.
func TestJudgeLoad(t *testing.T) {
	type changes []func(*Facts)
	whql, attested := byMicrosoft(trust.WHQL), byMicrosoft(trust.WHQLAttested)
	oldCross, newCross := byCrossCertificate(beforeCutOff), byCrossCertificate(atCutOff)
	tests := []struct {
		name    string
		changes changes
		target  string // win11-23h2/amd64 where empty
		boot    Scenario
		after   changes // to the image, once it is for the target
		want    LoadVerdict
		rule    string
	}{
		{name: "not there", changes: changes{state("gadget.sys", Missing), inCatalog(whql)}, want: NotJudged, rule: "load-file-missing"},
		{name: "no image", changes: changes{inCatalog(whql), onDriver(func(f *FileFacts) { f.Image = nil })}, want: Blocked, rule: "load-no-image"},
		{name: "cannot be read", changes: changes{inCatalog(whql), onDriver(func(f *FileFacts) { f.Err = authenticode.ErrNotPE })}, want: NotJudged, rule: "load-unreadable"},
		{name: "for another machine", changes: changes{inCatalog(whql)}, after: changes{onDriver(func(f *FileFacts) { f.Image.Machine = signtest.MachineARM64 })}, want: Blocked, rule: "load-wrong-machine"},
		{name: "for another machine, enforcement disabled", changes: changes{inCatalog(whql)}, after: changes{onDriver(func(f *FileFacts) { f.Image.Machine = signtest.MachineX86 })}, boot: Scenario{EnforcementDisabled: true}, want: Blocked, rule: "load-wrong-machine"},

		// Where nothing is asked for (rules 150, 151 and 172).
		{name: "enforcement disabled", changes: changes{notInCatalog}, boot: Scenario{EnforcementDisabled: true}, want: Loads, rule: "load-enforcement-off"},
		{name: "32-bit, unsigned", changes: changes{notInCatalog}, target: "win7/x86", want: Loads, rule: "load-x86"},
		{name: "32-bit, unsigned, Secure Boot as PCs ship", changes: changes{notInCatalog}, target: "win10-22h2/x86", want: Loads, rule: "load-x86"},
		{name: "32-bit, unsigned, Secure Boot", changes: changes{notInCatalog}, target: "win8/x86", boot: Scenario{SecureBoot: On}, want: Blocked, rule: "load-unsigned"},
		{name: "32-bit, unsigned, a release without Secure Boot", changes: changes{notInCatalog}, target: "win7/x86", boot: Scenario{SecureBoot: On}, want: Loads, rule: "load-x86"},
		{name: "32-bit, unsigned, starts at boot", changes: changes{notInCatalog, bootStart}, target: "win7/x86", want: Blocked, rule: "load-unsigned"},
		{name: "test mode, anybody's signature", boot: Scenario{TestSigning: true}, want: Loads, rule: "load-test-signing"},
		{name: "test mode, no signature", changes: changes{notInCatalog}, boot: Scenario{TestSigning: true}, want: Blocked, rule: "load-unsigned"},
		{name: "test mode, a signature that does not hold", changes: changes{notInCatalog, embedded(broken(whql))}, boot: Scenario{TestSigning: true}, want: Blocked, rule: "load-unsigned"},

		// What covers the file (rule 181).
		{name: "not in the catalog", changes: changes{inCatalog(whql), notInCatalog}, want: Blocked, rule: "load-unsigned"},
		{name: "catalog not there", changes: changes{noCatalogFile}, want: Blocked, rule: "load-unsigned"},
		{name: "catalog not signed", changes: changes{unsignedCatalog}, want: Blocked, rule: "load-unsigned"},
		{name: "catalog's signature broken", changes: changes{inCatalog(broken(whql))}, want: Blocked, rule: "load-unsigned"},
		{name: "embedded signature of another image", changes: changes{notInCatalog, embedded(ofAnotherImage(whql))}, want: Blocked, rule: "load-unsigned"},
		{name: "embedded", changes: changes{notInCatalog, embedded(whql)}, want: Loads, rule: "load-microsoft"},
		{name: "nested in somebody's", changes: changes{notInCatalog, embedded(bySomebody(), nested(whql))}, want: Loads, rule: "load-microsoft"},
		{name: "catalog", changes: changes{inCatalog(whql)}, want: Loads, rule: "load-microsoft"},
		{name: "a part of Windows", changes: changes{inCatalog(byMicrosoft(trust.Windows))}, want: Loads, rule: "load-microsoft"},
		{name: "the machine's stores are not asked", want: Blocked, rule: "load-no-kernel-root"},
		{name: "Windows 7, the machine's stores are not asked", target: "win7/amd64", want: Blocked, rule: "load-no-kernel-root"},
		{name: "Microsoft in another role", changes: changes{inCatalog(byMicrosoft(trust.Microsoft))}, want: NotJudged, rule: "load-microsoft-other"},
		{name: "a preview build's signature", changes: changes{inCatalog(byMicrosoft(trust.Test))}, want: NotJudged, rule: "load-microsoft-other"},
		{name: "Microsoft's names without its root", changes: changes{inCatalog(func() SignatureFacts {
			s := byMicrosoft(trust.WHQL)
			s.Kernel.MicrosoftRoot = false
			return s
		}())}, want: Blocked, rule: "load-no-kernel-root"},
		{name: "Microsoft's root, not trusted", changes: changes{inCatalog(func() SignatureFacts {
			s := byMicrosoft(trust.WHQL)
			s.Kernel.Trusted = false
			return s
		}())}, want: Blocked, rule: "load-no-kernel-root"},

		// SHA-256 without its update (rule 117).
		{name: "no update", changes: changes{inCatalog(whql)}, target: "win7/amd64", boot: Scenario{NoSHA2Update: true}, want: Blocked, rule: "load-sha2-update"},
		{name: "no update, SHA-1", changes: changes{inCatalog(withSHA1(whql))}, target: "win7/amd64", boot: Scenario{NoSHA2Update: true}, want: Loads, rule: "load-microsoft"},
		{name: "a release that needs no update", changes: changes{inCatalog(whql)}, target: "win8/amd64", boot: Scenario{NoSHA2Update: true}, want: Loads, rule: "load-microsoft"},

		// Boot-start drivers (rule 178) and early-launch ones (rule 186).
		{name: "starts at boot, Windows 7", changes: changes{inCatalog(whql), bootStart}, target: "win7/amd64", want: Blocked, rule: "load-boot-start-embedded"},
		{name: "starts at boot, Windows 8.1", changes: changes{inCatalog(whql), bootStart}, target: "win8.1/amd64", want: Blocked, rule: "load-boot-start-embedded"},
		{name: "starts at boot, embedded", changes: changes{embedded(whql), bootStart}, target: "win7/amd64", want: Loads, rule: "load-microsoft"},
		{name: "starts at boot, Windows 10", changes: changes{inCatalog(whql), bootStart}, target: "win10-1507/amd64", want: Loads, rule: "load-microsoft"},
		{name: "early launch, tested only", changes: changes{embedded(whql), earlyLaunch}, want: Blocked, rule: "load-elam"},
		{name: "early launch", changes: changes{embedded(byMicrosoft(trust.ELAM)), earlyLaunch}, want: Loads, rule: "load-microsoft"},

		// Attestations (rule 180).
		{name: "attestation", changes: changes{inCatalog(attested)}, want: Loads, rule: "load-attested"},
		{name: "attestation, Windows 10 1507", changes: changes{inCatalog(attested)}, target: "win10-1507/amd64", want: Loads, rule: "load-attested"},
		{name: "attestation, server", changes: changes{inCatalog(attested)}, target: "server2016/amd64", want: Loads, rule: "load-attested-server"},
		{name: "attestation, Windows 8.1", changes: changes{inCatalog(attested)}, target: "win8.1/amd64", want: NotJudged, rule: "load-attested-old"},
		{name: "attestation and cross-certificate, Windows 7", changes: changes{inCatalog(attested), embedded(newCross)}, target: "win7/amd64", want: Loads, rule: "load-cross-signed"},

		// Cross-certificates (rules 172 to 177).
		{name: "cross-certificate, Windows 7", changes: changes{embedded(newCross)}, target: "win7/amd64", want: Loads, rule: "load-cross-signed"},
		{name: "cross-certificate, Windows 8.1 with Secure Boot", changes: changes{embedded(newCross)}, target: "win8.1/amd64", boot: Scenario{SecureBoot: On}, want: Loads, rule: "load-cross-signed"},
		{name: "cross-certificate, Windows 10 1511 with Secure Boot", changes: changes{embedded(newCross)}, target: "win10-1511/amd64", boot: Scenario{SecureBoot: On}, want: Loads, rule: "load-cross-signed"},
		{name: "cross-certificate, Windows 10 1607", changes: changes{embedded(newCross)}, target: "win10-1607/amd64", want: Blocked, rule: "load-cross-secure-boot"},
		{name: "cross-certificate, Server 2016", changes: changes{embedded(newCross)}, target: "server2016/amd64", want: Blocked, rule: "load-cross-secure-boot"},
		{name: "cross-certificate, Windows 10 1607 without Secure Boot", changes: changes{embedded(newCross)}, target: "win10-1607/amd64", boot: Scenario{SecureBoot: Off}, want: Loads, rule: "load-cross-signed"},
		{name: "cross-certificate, 32-bit Windows 10 with Secure Boot", changes: changes{embedded(newCross)}, target: "win10-22h2/x86", boot: Scenario{SecureBoot: On}, want: Blocked, rule: "load-cross-secure-boot"},
		{name: "cross-certificate, upgraded", changes: changes{embedded(newCross)}, boot: Scenario{Upgraded: true}, want: Loads, rule: "load-cross-upgraded"},
		{name: "cross-certificate, issued a second before the cut-off", changes: changes{embedded(oldCross)}, want: Loads, rule: "load-cross-before-cut-off"},
		{name: "cross-certificate, issued at the cut-off", changes: changes{embedded(newCross)}, want: Blocked, rule: "load-cross-secure-boot"},
		{name: "cross-certificate, signer not carried", changes: changes{embedded(func() SignatureFacts {
			s := byCrossCertificate(beforeCutOff)
			s.Signature.Signer = nil
			return s
		}())}, want: Blocked, rule: "load-cross-secure-boot"},
		{name: "both, the newer one first", changes: changes{embedded(newCross, nested(oldCross))}, want: Loads, rule: "load-cross-before-cut-off"},
		{name: "policy of 2026, evaluated", changes: changes{embedded(oldCross)}, target: "win11-25h2/amd64", want: Loads, rule: "load-cross-before-cut-off"},
		{name: "policy of 2026, enforced", changes: changes{embedded(oldCross)}, target: "win11-25h2/amd64", boot: Scenario{DriverPolicyEnforced: true}, want: Blocked, rule: "load-driver-policy-2026"},
		{name: "policy of 2026, enforced on an upgraded PC", changes: changes{embedded(newCross)}, target: "win11-24h2/amd64", boot: Scenario{DriverPolicyEnforced: true, Upgraded: true}, want: Blocked, rule: "load-driver-policy-2026"},
		{name: "policy of 2026, enforced on a server", changes: changes{embedded(oldCross)}, target: "server2025/amd64", boot: Scenario{DriverPolicyEnforced: true}, want: Blocked, rule: "load-driver-policy-2026"},
		{name: "policy of 2026, a release without it", changes: changes{embedded(oldCross)}, target: "win11-23h2/amd64", boot: Scenario{DriverPolicyEnforced: true}, want: Loads, rule: "load-cross-before-cut-off"},
		{name: "policy of 2026, hardware tests", changes: changes{inCatalog(whql)}, target: "win11-25h2/amd64", boot: Scenario{DriverPolicyEnforced: true}, want: Loads, rule: "load-microsoft"},
		{name: "policy of 2026, attestation", changes: changes{inCatalog(attested)}, target: "win11-25h2/amd64", boot: Scenario{DriverPolicyEnforced: true}, want: Loads, rule: "load-attested"},

		// Memory integrity (rule 184).
		{name: "memory integrity", changes: changes{inCatalog(whql), writable}, boot: Scenario{MemoryIntegrity: On}, want: Blocked, rule: "load-memory-integrity"},
		{name: "memory integrity, a tidy image", changes: changes{inCatalog(whql)}, boot: Scenario{MemoryIntegrity: On}, want: Loads, rule: "load-microsoft"},
		{name: "memory integrity off", changes: changes{inCatalog(whql), writable}, boot: Scenario{MemoryIntegrity: Off}, want: Loads, rule: "load-microsoft"},
		{name: "memory integrity, a release without", changes: changes{inCatalog(whql), writable}, target: "win7/amd64", boot: Scenario{MemoryIntegrity: On}, want: Loads, rule: "load-microsoft"},

		{name: "memory integrity, enforcement disabled", changes: changes{inCatalog(whql)}, boot: Scenario{MemoryIntegrity: On, EnforcementDisabled: true}, want: NotJudged, rule: "load-enforcement-off-integrity"},
		{name: "memory integrity, enforcement disabled, writable", changes: changes{inCatalog(whql), writable}, boot: Scenario{MemoryIntegrity: On, EnforcementDisabled: true}, want: Blocked, rule: "load-memory-integrity"},

		// S mode, and ARM64.
		{name: "S mode, cross-signed", changes: changes{embedded(oldCross)}, target: "win10-22h2/amd64", boot: Scenario{SMode: true}, want: Blocked, rule: "load-s-mode"},
		{name: "S mode, hardware tests", changes: changes{inCatalog(whql)}, target: "win10-22h2/amd64", boot: Scenario{SMode: true}, want: Loads, rule: "load-microsoft"},
		{name: "cross-signed for ARM64", changes: changes{embedded(oldCross)}, target: "win10-22h2/arm64", want: NotJudged, rule: "load-cross-arm64"},

		// The block list (rules 189 to 194).
		{name: "on the block list", changes: changes{inCatalog(whql), onBlockList(blocklist.Denied)}, want: Blocked, rule: "load-block-list"},
		{name: "not on the block list", changes: changes{inCatalog(whql), onBlockList(blocklist.NotDenied)}, want: Loads, rule: "load-microsoft"},
		{name: "perhaps on the block list", changes: changes{inCatalog(whql), onBlockList(blocklist.Unknown)}, want: NotJudged, rule: "load-block-list-unclear"},
		{name: "on the block list, a release that has it off", changes: changes{inCatalog(whql), onBlockList(blocklist.Denied)}, target: "win10-22h2/amd64", want: Loads, rule: "load-microsoft"},
		{name: "on the block list, with memory integrity", changes: changes{inCatalog(whql), onBlockList(blocklist.Denied)}, target: "win10-22h2/amd64", boot: Scenario{MemoryIntegrity: On}, want: Blocked, rule: "load-block-list"},
		{name: "on the block list, in S mode", changes: changes{inCatalog(whql), onBlockList(blocklist.Denied)}, target: "win10-22h2/amd64", boot: Scenario{SMode: true}, want: Blocked, rule: "load-block-list"},
	}
	hit := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.target == "" {
				tt.target = "win11-23h2/amd64"
			}
			f := facts(t, slices.Concat(changes{kernelDriver}, tt.changes)...)
			on := target(t, tt.target, tt.boot)
			builtFor(f, on.Arch)
			for _, change := range tt.after {
				change(f)
			}
			loads := JudgeLoad(f, on)
			if len(loads) != 1 || loads[0].File != f.Files[1] {
				t.Fatalf("judged %d files", len(loads))
			}
			last := loads[0].Because[len(loads[0].Because)-1]
			hit[last.Rule] = true
			if loads[0].Verdict != tt.want || last.Rule != tt.rule {
				t.Errorf("%s by %s, want %s by %s", loads[0].Verdict, last.Rule, tt.want, tt.rule)
			}
			if last.Text == "" || last.Cite == "" || last.Basis == BasisUnknown {
				t.Errorf("incomplete step %+v", last)
			}
		})
	}
	for _, r := range rowsOf(loadRules) {
		if !hit[r.id] {
			t.Errorf("no case is decided by rule %s", r.id)
		}
	}
}

// TestLoadTable: the table is well-formed, and shares no id with the others.
func TestLoadTable(t *testing.T) {
	taken := map[string]bool{}
	for _, r := range slices.Concat(rowsOf(categoryRules), rowsOf(scoreRules), rowsOf(outcomeRules)) {
		taken[r.id] = true
	}
	for _, r := range rowsOf(loadRules) {
		if taken[r.id] || r.basis == BasisUnknown || r.cite == "" || !r.complete || r.always != r.last {
			t.Errorf("%+v: id taken, not founded, not complete, or last without deciding always", r)
		}
		taken[r.id] = true
	}
	for _, r := range loadRules {
		if r.then == LoadUnknown {
			t.Errorf("%s decides for the unknown verdict", r.id)
		}
	}
}

// TestLoadFollowsTheArchitecture: only the drivers that the target needs are
// judged, and none of a package that has nothing for it.
func TestLoadFollowsTheArchitecture(t *testing.T) {
	f := facts(t, kernelDriver, inCatalog(byMicrosoft(trust.WHQL)))
	builtFor(f, inf.AMD64)
	delete(f.Files[1].Services, inf.ARM64)
	f.Files[1].Archs = slices.DeleteFunc(slices.Clone(f.Archs), func(a inf.Arch) bool { return a == inf.ARM64 })
	for name, want := range map[string]int{"win11-25h2/amd64": 1, "win11-25h2/arm64": 0} {
		if got := JudgeLoad(f, target(t, name, Scenario{})); len(got) != want {
			t.Errorf("%s: %d files judged, want %d", name, len(got), want)
		}
	}
	only64 := factsOf(t, strings.Replace(gadgetINF, "NTx86,NTamd64,NTarm64", "NTamd64", 1), kernelDriver)
	if got := JudgeLoad(only64, target(t, "win7/x86", Scenario{})); got != nil {
		t.Errorf("a package that does not apply: %+v", got)
	}
}

// TestNothingLoadsUnsigned: on a 64-bit machine that enforces, no release and
// no way to boot loads a file that nothing covers, or that only a signature
// covers which no root of the kernel knows, unless in test mode.
func TestNothingLoadsUnsigned(t *testing.T) {
	bad := map[string]*Facts{
		"nothing":            facts(t, kernelDriver, notInCatalog),
		"broken":             facts(t, kernelDriver, notInCatalog, embedded(broken(byMicrosoft(trust.WHQL)))),
		"another image's":    facts(t, kernelDriver, notInCatalog, embedded(ofAnotherImage(byMicrosoft(trust.WHQL)))),
		"somebody's":         facts(t, kernelDriver, embedded(bySomebody())),
		"zero verdict":       facts(t, kernelDriver, onCatalog(func(c *CatalogFacts) { c.Primary().Kernel = trust.Verdict{} })),
		"trusted by stores":  facts(t, kernelDriver, signedByMicrosoft(trust.WHQL)),
		"no state":           facts(t, kernelDriver, states(StateUnknown), inCatalog(byMicrosoft(trust.WHQL))),
		"not read":           facts(t, kernelDriver, inCatalog(byMicrosoft(trust.WHQL)), onDriver(func(f *FileFacts) { f.Image = nil })),
		"starts at boot too": facts(t, kernelDriver, bootStart, embedded(bySomebody())),
	}
	n := 0
	for name, f := range bad {
		for _, w := range Releases() {
			for _, a := range w.Archs {
				builtFor(f, a)
				for bits := range 32 {
					boot := Scenario{
						SMode: bits&1 != 0, Upgraded: bits&2 != 0, DriverPolicyEnforced: bits&4 != 0,
						SecureBoot: []Switch{Default, On, Off, Off}[bits>>3],
					}
					on := Target{Windows: w, Arch: a, User: Admin, Scenario: boot}
					for _, l := range JudgeLoad(f, on) {
						if n++; l.Verdict != Blocked && a != inf.X86 {
							t.Fatalf("%s on %s, booted %+v: %s", name, on, boot, l.Verdict)
						}
					}
				}
			}
		}
	}
	if n < 5000 {
		t.Errorf("only %d combinations tried", n)
	}
}

// TestLoadWords: a verdict that does not exist reads as unknown.
func TestLoadWords(t *testing.T) {
	for l, want := range map[LoadVerdict]string{LoadUnknown: "unknown", Loads: "loads", Blocked: "blocked", NotJudged: "not-judged", -1: "unknown", 4: "unknown"} {
		if l.String() != want {
			t.Errorf("LoadVerdict(%d) reads %q, want %q", int(l), l, want)
		}
	}
}
