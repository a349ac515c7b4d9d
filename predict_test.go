package prestage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"prestage/authenticode/winerror"
	"prestage/inf"
	"prestage/trust"
)

// cell is what a target does: "silent", "publisher" or "unverified" for the
// dialogs, or the code of a refusal.
func cell(p Prediction) string {
	switch p.Outcome {
	case Silent:
		return "silent"
	case Prompted:
		return p.Prompt.String()
	case Refused:
		return p.Status.Hex()
	}
	return p.Outcome.String()
}

// columns are the packages of matrix F.4, and two more that are unsigned in
// another way.
func matrixColumns(t *testing.T) []struct {
	name  string
	want  Category
	facts *Facts
} {
	column := func(name string, want Category, changes ...func(*Facts)) struct {
		name  string
		want  Category
		facts *Facts
	} {
		return struct {
			name  string
			want  Category
			facts *Facts
		}{name, want, facts(t, changes...)}
	}
	return []struct {
		name  string
		want  Category
		facts *Facts
	}{
		column("Windows authority", WindowsAuthority, signedByMicrosoft(trust.WHQL)),
		column("trusted publisher", TrustedPublisher, withPublisher(trust.TrustedPublisher)),
		column("unknown trust", UnknownPublisher),
		column("untrusted", UntrustedPublisher, distrusted(trust.Disallowed), withPublisher(trust.DisallowedPublisher)),
		column("altered", Altered, state("gadget.inf", NotMember)),
		column("no catalog", Unsigned, noCatalogFile),
		column("no signature", Unsigned, unsignedCatalog),
		column("root unknown", Unsigned, distrusted(trust.UntrustedRoot)),
	}
}

// TestMatrix is matrix F.4 for an administrator at a desktop, then what other
// users and other ways to boot change.
func TestMatrix(t *testing.T) {
	const (
		noCatalog  = "0xE000022F"
		unsigned   = "0xE0000247"
		altered    = "0xE000024B"
		notTrusted = "0xE0000243"
		unknown    = "0xE0000242"
	)
	var (
		prompts    = []string{"silent", "silent", "publisher", notTrusted, "unverified", "unverified", "unverified", "unverified"}
		enforced   = []string{"silent", "silent", "publisher", notTrusted, altered, noCatalog, unsigned, unsigned}
		whqlOnly   = []string{"silent", notTrusted, unknown, notTrusted, altered, noCatalog, unsigned, unsigned}
		sMode      = []string{"silent", notTrusted, notTrusted, notTrusted, altered, noCatalog, unsigned, unsigned}
		nobodyAsks = []string{"silent", "silent", unknown, notTrusted, altered, noCatalog, unsigned, unsigned}
	)
	off := Scenario{EnforcementDisabled: true}
	rows := []struct {
		name    string
		targets string
		boot    Scenario
		want    []string
	}{
		{"rows 1 and 2", "vista/x86 vista/amd64 win7/x86 win7/amd64 server2008/x86 server2008/amd64 server2008r2/amd64", Scenario{}, prompts},
		{"row 3", "win8/x86 win8.1/x86 win10-1507/x86 win10-1607/x86 win10-22h2/x86", Scenario{}, prompts},
		{"row 3, Secure Boot off", "win8/x86 win8.1/x86 win10-1507/x86 win10-22h2/x86", Scenario{SecureBoot: Off}, prompts},
		{"row 3, Secure Boot on", "win8/x86 win8.1/x86 win10-1507/x86 win10-22h2/x86", Scenario{SecureBoot: On}, enforced},
		{"row 4", `win8/amd64 win8.1/amd64 win10-1507/amd64 win10-1511/amd64 win10-1607/amd64 win10-1703/amd64 win10-1709/amd64
			win10-1803/amd64 win10-1809/amd64 win10-1903/amd64 win10-1909/amd64 win10-2004/amd64 win10-20h2/amd64
			win10-21h1/amd64 win10-21h2/amd64 win10-22h2/amd64
			win11-21h2/amd64 win11-22h2/amd64 win11-23h2/amd64 win11-24h2/amd64 win11-25h2/amd64
			server2012/amd64 server2012r2/amd64 server2016/amd64 server2019/amd64 server2022/amd64 server2025/amd64`, Scenario{}, enforced},
		{"row 4, Secure Boot changes nothing", "win8/amd64 win11-25h2/amd64 server2025/amd64", Scenario{SecureBoot: Off}, enforced},
		{"row 4, test-signing waives nothing", "win10-22h2/amd64 win11-25h2/amd64 server2019/amd64", Scenario{TestSigning: true}, enforced},
		{"row 5", `win10-1709/arm64 win10-1803/arm64 win10-1809/arm64 win10-1903/arm64 win10-1909/arm64 win10-2004/arm64
			win10-20h2/arm64 win10-21h1/arm64 win10-21h2/arm64 win10-22h2/arm64
			win11-21h2/arm64 win11-22h2/arm64 win11-23h2/arm64 win11-24h2/arm64 win11-25h2/arm64`, Scenario{}, whqlOnly},
		{"row 6", "win10-1709/x86 win10-22h2/amd64 win11-25h2/amd64 win11-25h2/arm64", Scenario{SMode: true}, sMode},
		{"row 6, whatever else is said", "win10-22h2/amd64 win11-25h2/arm64", Scenario{SMode: true, EnforcementDisabled: true}, sMode},
		{"rule 150", "win8/amd64 win10-22h2/amd64 win11-25h2/amd64 win11-25h2/arm64 win10-22h2/x86", off, prompts},
		{"rule 150, Secure Boot on", "win10-22h2/amd64 win10-22h2/x86", Scenario{EnforcementDisabled: true, SecureBoot: On}, prompts},

		{"standard user", "vista/x86/standard win7/amd64/standard win10-22h2/x86/standard win10-22h2/amd64/standard win11-25h2/amd64/standard", Scenario{}, nobodyAsks},
		{"no desktop", "vista/x86/system win7/amd64/system win10-22h2/x86/system win10-22h2/amd64/system win11-25h2/amd64/system server2025/amd64/system", Scenario{}, nobodyAsks},
		{"standard user on ARM64", "win11-25h2/arm64/standard win11-25h2/arm64/system", Scenario{}, whqlOnly},
		{"standard user, enforcement disabled", "win11-25h2/amd64/standard win11-25h2/amd64/system win11-25h2/arm64/system", off, nobodyAsks},
	}
	columns := matrixColumns(t)
	for _, row := range rows {
		for _, name := range strings.Fields(row.targets) {
			on := target(t, name, row.boot)
			for i, column := range columns {
				c := Classify(column.facts, on)
				if c.Category != column.want {
					t.Fatalf("%s, %s: category %s, want %s", name, column.name, c.Category, column.want)
				}
				p := Predict(column.facts, c, on)
				got := cell(p)
				if row.want[i] == "refuse" && p.Outcome == Refused {
					got = "refuse"
				}
				if got != row.want[i] {
					t.Errorf("%s: %s, %s: %s, want %s (%s)", row.name, name, column.name, got, row.want[i], p.Reason)
				}
			}
		}
	}
}

// TestPredict: every rule of the outcome decides somewhere.
func TestPredict(t *testing.T) {
	tests := []struct {
		name    string
		inf     string // gadgetINF where empty
		changes []func(*Facts)
		target  string
		boot    Scenario
		want    string
		rule    string
		log     string
	}{
		{name: "hardware tests", changes: []func(*Facts){signedByMicrosoft(trust.WHQL)}, target: "win11-25h2/amd64",
			want: "silent", rule: "windows-authority-silent", log: "0x00000000"},
		{name: "trusted publisher", changes: []func(*Facts){withPublisher(trust.TrustedPublisher)}, target: "win11-25h2/amd64",
			want: "silent", rule: "trusted-publisher-silent", log: "0x800B0109 0xE0000241"},
		{name: "publisher prompt", target: "win11-25h2/amd64",
			want: "publisher", rule: "unknown-publisher-prompt", log: "0x800B0109 0xE0000242"},
		{name: "OSAttr of another version", changes: []func(*Facts){signedByMicrosoft(trust.WHQL), withOSAttr(t, "2:10.0")}, target: "win7/amd64",
			want: "publisher", rule: "unknown-publisher-prompt", log: "0xE0000244 0xE0000242"},
		{name: "Microsoft without a driver purpose", changes: []func(*Facts){onVerdict(func(v *trust.Verdict) { v.MicrosoftRoot = true })}, target: "win7/amd64",
			want: "publisher", rule: "unknown-publisher-prompt", log: "0x800B0110 0xE0000242"},
		{name: "publisher distrusted", changes: []func(*Facts){distrusted(trust.Disallowed), withPublisher(trust.DisallowedPublisher)}, target: "win11-25h2/amd64",
			want: "0xE0000243", rule: "untrusted-publisher-refused", log: "0x800B0109 0xE0000243"},
		{name: "publisher trusted, ARM64", changes: []func(*Facts){withPublisher(trust.TrustedPublisher)}, target: "win11-25h2/arm64",
			want: "0xE0000243", rule: "arm64-whql-only-publisher", log: "0x800B0109 0xE0000241"},
		{name: "publisher unknown, ARM64", target: "win10-22h2/arm64",
			want: "0xE0000242", rule: "arm64-whql-only", log: "0x800B0109 0xE0000242"},
		{name: "S mode", changes: []func(*Facts){withPublisher(trust.TrustedPublisher)}, target: "win11-25h2/amd64", boot: Scenario{SMode: true},
			want: "0xE0000243", rule: "s-mode", log: "0x800B0109 0xE0000241"},
		{name: "INF that can be read in two ways", changes: []func(*Facts){signedByMicrosoft(trust.WHQL), func(f *Facts) {
			f.File.Ambiguous = []inf.Finding{{ID: "x", Pos: inf.Pos{Line: 7, Col: 1}, Message: "text after a control-Z"}}
		}}, target: "win11-25h2/amd64", want: "0xE0000003", rule: "inf-ambiguous", log: "0x00000000"},
		{name: "Include of an INF in the package", changes: []func(*Facts){signedByMicrosoft(trust.WHQL), func(f *Facts) { f.Included = []string{"other.inf"} }},
			target: "win11-25h2/amd64", want: "0xE0000003", rule: "include-in-package", log: "0x00000000"},
		{name: "CopyFiles of a section that is not there", changes: []func(*Facts){signedByMicrosoft(trust.WHQL), func(f *Facts) {
			file, err := inf.Parse("gadget.inf", []byte(strings.Replace(gadgetINF, "CopyFiles = Gadget.CopyFiles", "CopyFiles = Gadget.CopyFiles,Nowhere", 1)))
			if err != nil {
				t.Fatal(err)
			}
			f.File = file
		}}, target: "win11-25h2/amd64", want: "0xE0000101", rule: "copy-section-missing", log: "0x00000000"},
		{name: "CopyINF of an INF that is not there", changes: []func(*Facts){signedByMicrosoft(trust.WHQL), func(f *Facts) { f.MissingINFs = []string{"other.inf"} }},
			target: "win11-25h2/amd64", want: "0x00000002", rule: "copyinf-missing", log: "0x00000000"},
		{name: "S mode, altered", changes: []func(*Facts){state("gadget.inf", NotMember)}, target: "win10-22h2/x86", boot: Scenario{SMode: true},
			want: "0xE000024B", rule: "s-mode-unverified"},

		// Enforcement, and the code of each reason.
		{name: "altered", changes: []func(*Facts){state("gadget.inf", NotMember)}, target: "win11-25h2/amd64",
			want: "0xE000024B", rule: "enforcement-refuses"},
		{name: "driver altered", changes: []func(*Facts){state("gadget.sys", NotMember)}, target: "win11-25h2/amd64",
			want: "0xE000024B", rule: "enforcement-refuses"},
		{name: "catalog absent", changes: []func(*Facts){noCatalogFile}, target: "win11-25h2/amd64",
			want: "0xE000022F", rule: "enforcement-refuses"},
		{name: "catalog unreadable", changes: []func(*Facts){unreadableCatalog}, target: "win11-25h2/amd64",
			want: "0xE0000247", rule: "enforcement-refuses", log: "0x800B0100 0x800B0100"},
		{name: "catalog not signed", changes: []func(*Facts){unsignedCatalog}, target: "win11-25h2/amd64",
			want: "0xE0000247", rule: "enforcement-refuses", log: "0x800B0100 0x800B0100"},
		{name: "catalog out of order", changes: []func(*Facts){disorderedCatalog}, target: "win11-25h2/amd64",
			want: "0xE0000247", rule: "enforcement-refuses", log: "0x800B0100 0x800B0100"},
		{name: "root unknown", changes: []func(*Facts){distrusted(trust.UntrustedRoot)}, target: "win11-25h2/amd64",
			want: "0xE0000247", rule: "enforcement-refuses", log: "0x800B0109 0x800B0109"},
		{name: "expired", changes: []func(*Facts){distrusted(trust.Expired)}, target: "win11-25h2/amd64",
			want: "0x800B0101", rule: "enforcement-refuses", log: "0x800B0101 0x800B0101"},
		{name: "wrong purpose", changes: []func(*Facts){distrusted(trust.WrongPurpose)}, target: "win11-25h2/amd64",
			want: "0x800B0110", rule: "enforcement-refuses", log: "0x800B0110 0x800B0110"},
		{name: "signature broken", changes: []func(*Facts){brokenSignature(winerror.TrustBadDigest)}, target: "win11-25h2/amd64",
			want: "0x80096010", rule: "enforcement-refuses", log: "0x80096010 0x80096010"},

		{name: "Secure Boot on, 32-bit", changes: []func(*Facts){noCatalogFile}, target: "win10-22h2/x86", boot: Scenario{SecureBoot: On},
			want: "0xE000022F", rule: "secure-boot-refuses"},
		{name: "32-bit", changes: []func(*Facts){noCatalogFile}, target: "win10-22h2/x86",
			want: "unverified", rule: "unverified-prompt-x86"},
		{name: "Windows 7", changes: []func(*Facts){noCatalogFile}, target: "win7/amd64",
			want: "unverified", rule: "unverified-prompt"},
		{name: "enforcement disabled", changes: []func(*Facts){noCatalogFile}, target: "win11-25h2/amd64", boot: Scenario{EnforcementDisabled: true},
			want: "unverified", rule: "unverified-prompt-enforcement-off"},

		{name: "unsigned, nobody to ask", changes: []func(*Facts){noCatalogFile}, target: "win7/amd64/system",
			want: "0xE000022F", rule: "unverified-no-desktop"},
		{name: "unknown publisher, nobody to ask", target: "win11-25h2/amd64/system",
			want: "0xE0000242", rule: "unknown-publisher-no-desktop", log: "0x800B0109 0xE0000242"},
		{name: "unknown publisher, standard user", target: "win11-25h2/amd64/standard",
			want: "0xE0000242", rule: "unknown-publisher-standard-user", log: "0x800B0109 0xE0000242"},

		// A file that is not there stops the best signature.
		{name: "file absent", changes: []func(*Facts){state("gadget.sys", Missing)}, target: "win11-25h2/amd64",
			want: "0x00000002", rule: "missing-file", log: "0x800B0109 0xE0000242"},
		{name: "file absent, signed by Microsoft", changes: []func(*Facts){state("gadget.sys", Missing), signedByMicrosoft(trust.WHQL)}, target: "win11-25h2/amd64",
			want: "0x00000002", rule: "missing-file", log: "0x00000000"},
		{name: "file absent, Windows would warn", changes: []func(*Facts){state("gadget.sys", Missing), unsignedCatalog}, target: "win7/amd64",
			want: "0x00000002", rule: "missing-file", log: "0x800B0100 0x800B0100"},

		{name: "class INF", inf: classINF, changes: []func(*Facts){signedByMicrosoft(trust.WHQL)}, target: "win11-25h2/amd64",
			want: "0xE000024A", rule: "wrong-inf-type", log: "0x00000000"},
		{name: "primitive driver before there were any", inf: primitiveINF, changes: []func(*Facts){signedByMicrosoft(trust.WHQL)}, target: "win10-1809/amd64",
			want: "0xE000024A", rule: "wrong-inf-type", log: "0x00000000"},
		{name: "primitive driver", inf: primitiveINF, changes: []func(*Facts){signedByMicrosoft(trust.WHQL)}, target: "win10-1903/amd64",
			want: "silent", rule: "windows-authority-silent", log: "0x00000000"},

		{name: "nothing for this target", inf: strings.Replace(gadgetINF, "NTx86,NTamd64,NTarm64", "NTamd64,NTarm64", 1), changes: []func(*Facts){signedByMicrosoft(trust.WHQL)}, target: "win7/x86",
			want: "not-applicable", rule: "not-applicable"},
	}
	hit := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.inf == "" {
				tt.inf = gadgetINF
			}
			f, on := factsOf(t, tt.inf, tt.changes...), target(t, tt.target, tt.boot)
			p := Predict(f, Classify(f, on), on)
			rule := p.Because[len(p.Because)-1].Rule
			hit[rule] = true
			if cell(p) != tt.want || rule != tt.rule {
				t.Errorf("got %s by %s, want %s by %s", cell(p), rule, tt.want, tt.rule)
			}
			var log []string
			for _, c := range p.LogCodes {
				log = append(log, c.Hex())
			}
			if got := strings.Join(log, " "); got != tt.log {
				t.Errorf("log codes %q, want %q", got, tt.log)
			}
			if p.Reason == "" {
				t.Error("no reason")
			}
			if p.Outcome != Refused && p.Status != winerror.OK {
				t.Errorf("%s returns %s", p.Outcome, p.Status.Hex())
			}
		})
	}
	for _, r := range rowsOf(outcomeRules) {
		if !hit[r.id] {
			t.Errorf("no case is decided by rule %s", r.id)
		}
	}
}

// primitiveINF is a primitive driver, classINF installs a class and no device.
var (
	primitiveINF = strings.NewReplacer(
		"[Manufacturer]\nFabrikam = Gadget,NTx86,NTamd64,NTarm64\n", "",
		"[Gadget.Install.NT]", "[DefaultInstall.NTamd64]",
	).Replace(gadgetINF)
	classINF = strings.NewReplacer(
		"[Manufacturer]\nFabrikam = Gadget,NTx86,NTamd64,NTarm64\n", "",
		"[Gadget.Install.NT]", "[ClassInstall32.NT]",
	).Replace(gadgetINF)
)

// TestNoSilentWithoutTrust tries every way to spoil a package on every target
// and every boot: whatever happens, what is staged without a prompt was
// trusted, and what is staged at all was at least readable.
func TestNoSilentWithoutTrust(t *testing.T) {
	spoilt := map[string]*Facts{
		"no catalog":    facts(t, noCatalogFile, signedByMicrosoft(trust.WHQL)),
		"unreadable":    facts(t, unreadableCatalog),
		"unsigned":      facts(t, unsignedCatalog),
		"broken":        facts(t, signedByMicrosoft(trust.WHQL), brokenSignature(winerror.TrustBadDigest)),
		"altered INF":   facts(t, signedByMicrosoft(trust.WHQL), state("gadget.inf", NotMember)),
		"altered file":  facts(t, signedByMicrosoft(trust.WHQL), state("gadget.sys", NotMember)),
		"zero verdict":  facts(t, onVerdict(func(v *trust.Verdict) { *v = trust.Verdict{} })),
		"untrusted":     facts(t, withPublisher(trust.TrustedPublisher), distrusted(trust.UntrustedRoot)),
		"test root":     facts(t, withPublisher(trust.TrustedPublisher), distrusted(trust.UntrustedTestRoot)),
		"expired":       facts(t, withPublisher(trust.TrustedPublisher), distrusted(trust.Expired)),
		"disallowed":    facts(t, signedByMicrosoft(trust.WHQL), distrusted(trust.Disallowed), withPublisher(trust.DisallowedPublisher)),
		"unknown state": facts(t, signedByMicrosoft(trust.WHQL), states(StateUnknown)),
		"file absent":   facts(t, signedByMicrosoft(trust.WHQL), state("gadget.sys", Missing)),
	}
	var boots []Scenario
	for _, s := range []Switch{Default, On, Off} {
		for bits := range 8 {
			b := Scenario{SecureBoot: s, TestSigning: bits&1 != 0, EnforcementDisabled: bits&2 != 0, SMode: bits&4 != 0}
			if b.Check() == nil {
				boots = append(boots, b)
			}
		}
	}
	n := 0
	for name, f := range spoilt {
		for _, w := range Releases() {
			for _, a := range w.Archs {
				for _, u := range []User{Admin, Standard, System, UserUnknown} {
					for _, b := range boots {
						on := Target{Windows: w, Arch: a, User: u, Scenario: b}
						p := Predict(f, Classify(f, on), on)
						n++
						if p.Outcome == Silent || p.Outcome == Prompted && (p.Prompt == PromptPublisher || u != Admin) || p.Outcome == OutcomeUnknown {
							t.Fatalf("%s on %s, booted %+v: %s, %s", name, on, b, p.Outcome, p.Prompt)
						}
					}
				}
			}
		}
	}
	if n < 10000 {
		t.Errorf("only %d combinations tried", n)
	}
}

// TestGate: what meets the demands.
func TestGate(t *testing.T) {
	silent := Prediction{Outcome: Silent, Prompt: PromptNone}
	publisher := Prediction{Outcome: Prompted, Prompt: PromptPublisher}
	red := Prediction{Outcome: Prompted, Prompt: PromptUnverified}
	refused := Prediction{Outcome: Refused, Prompt: PromptNone}
	nothing := Prediction{Outcome: NotApplicable, Prompt: PromptNone}
	whql, authenticode := Classification{Score: ScoreWHQL}, Classification{Score: ScoreAuthenticode}
	asked, all := Target{}, Target{Optional: true}
	tests := []struct {
		name string
		gate Gate
		on   Target
		c    Classification
		p    Prediction
		want bool
	}{
		{"forgotten gate, refused", Gate{}, asked, whql, refused, false},
		{"forgotten gate, zero prediction", Gate{}, asked, whql, Prediction{}, false},
		{"installable, silent", Gate{}, asked, whql, silent, true},
		{"installable, publisher prompt", Gate{}, asked, authenticode, publisher, true},
		{"installable, red prompt", Gate{}, asked, authenticode, red, false},
		{"silent, silent", Gate{Need: NeedSilent}, asked, whql, silent, true},
		{"silent, publisher prompt", Gate{Need: NeedSilent}, asked, authenticode, publisher, false},
		{"silent, zero prediction", Gate{Need: NeedSilent}, asked, authenticode, Prediction{}, false},
		{"nothing, refused", Gate{Need: NeedNothing}, asked, whql, refused, true},
		{"nothing, not applicable", Gate{Need: NeedNothing}, asked, whql, nothing, true},
		{"a need that does not exist", Gate{Need: 99}, asked, whql, silent, false},
		{"named target that does not apply", Gate{}, asked, whql, nothing, false},
		{"one of all targets that does not apply", Gate{}, all, whql, nothing, true},
		{"score good enough", Gate{MinScore: ScoreWHQL}, asked, whql, silent, true},
		{"score better than asked", Gate{MinScore: ScoreAuthenticode}, asked, whql, silent, true},
		{"score too low", Gate{MinScore: ScoreWHQL}, asked, authenticode, silent, false},
		{"no score at all", Gate{MinScore: ScoreUnknown}, asked, Classification{}, silent, false},
		{"score too low, report only", Gate{Need: NeedNothing, MinScore: ScoreWHQL}, asked, authenticode, silent, false},
	}
	for _, tt := range tests {
		if got := tt.gate.meets(tt.on, tt.c, tt.p); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestNothingAppliesIsNoPass: where not one target applies, no gate is met,
// named target or not.
func TestNothingAppliesIsNoPass(t *testing.T) {
	f := factsOf(t, strings.Replace(gadgetINF, "NTx86,NTamd64,NTarm64", "NTarm", 1))
	specs, err := ParseTargets("all")
	if err != nil {
		t.Fatal(err)
	}
	r := judge(Options{At: testClock, Targets: specs}, f)
	if r.MeetsGate() {
		t.Errorf("a package for nobody meets the gate: %+v", r.Verdicts)
	}
	if len(r.Verdicts) == 0 {
		t.Error("no verdict")
	}
}

// TestParseTargets: what --target takes, and how it says what is wrong.
func TestParseTargets(t *testing.T) {
	good := map[string]string{
		"win11":                          "win11-25h2/unknown/admin",
		"WIN10/X64":                      "win10-22h2/amd64/admin",
		"win7/x86/standard,win8.1/amd64": "win7/x86/standard win8.1/amd64/admin",
		" win11-24h2/arm64/system ":      "win11-24h2/arm64/system",
		"server2025":                     "server2025/unknown/admin",
	}
	for list, want := range good {
		specs, err := ParseTargets(list)
		var got []string
		for _, s := range specs {
			got = append(got, fmt.Sprintf("%s/%s/%s", s.Windows.Name, s.Arch, s.User))
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v; want %s", list, got, err, want)
		}
	}
	bad := map[string]string{
		"":                        "empty target",
		"win11,":                  "empty target",
		"win12":                   `unknown release "win12"`,
		"win11/mips":              `unknown architecture "mips"`,
		"win11/unknown":           `unknown architecture "unknown"`,
		"win11/amd64/root":        `unknown user "root"`,
		"win11/amd64/unknown":     `unknown user "unknown"`,
		"win11/x86":               "does not exist for x86",
		"server2022/arm64":        "does not exist for arm64",
		"win11/amd64/admin/extra": "write OS[/ARCH[/USER]]",
	}
	for list, want := range bad {
		if specs, err := ParseTargets(list); err == nil || specs != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want an error with %q", list, specs, err, want)
		}
	}
	all, err := ParseTargets("all/arm64/system")
	if err != nil || len(all) != 15 || slices.ContainsFunc(all, func(s TargetSpec) bool { return !s.Optional || !s.Windows.Runs(s.Arch) || s.User != System }) {
		t.Errorf("all/arm64/system: %d targets, %v", len(all), err)
	}
}

// TestScenarioCheck: what no machine can be.
func TestScenarioCheck(t *testing.T) {
	for _, tt := range []struct {
		boot Scenario
		ok   bool
	}{
		{Scenario{}, true},
		{Scenario{TestSigning: true}, true},
		{Scenario{TestSigning: true, SecureBoot: Off}, true},
		{Scenario{TestSigning: true, SecureBoot: On}, false},
		{Scenario{TestSigning: true, SMode: true}, false},
		{Scenario{EnforcementDisabled: true, SecureBoot: On}, true},
	} {
		if err := tt.boot.Check(); (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt.boot, err)
		}
	}
}

// TestNothingJudgedPredictsNothing: a zero classification is no good answer
// anywhere.
func TestNothingJudgedPredictsNothing(t *testing.T) {
	f := facts(t)
	for _, w := range Releases() {
		on := Target{Windows: w, Arch: w.Archs[0], User: Admin}
		p := Predict(f, Classification{}, on)
		if p.Outcome != OutcomeUnknown || (Gate{}).meets(on, Classification{}, p) {
			t.Errorf("%s: %v", on, p.Outcome)
		}
	}
}
