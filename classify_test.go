package prestage

import (
	"crypto"
	"slices"
	"strings"
	"testing"

	"prestage/authenticode/winerror"
	"prestage/catalog"
	"prestage/trust"
)

// plainInstallINF installs from a section without .nt, as INFs for Windows 9x
// did.
var plainInstallINF = strings.ReplaceAll(gadgetINF, "[Gadget.Install.NT]", "[Gadget.Install]")

// TestClassify: every rule of the category and of the score decides somewhere,
// and decides right.
func TestClassify(t *testing.T) {
	type changes []func(*Facts)
	tests := []struct {
		name     string
		inf      string // gadgetINF where empty
		changes  changes
		target   string // win11-25h2/amd64 where empty
		boot     Scenario
		category Category
		rule     string
		score    SignerScore
	}{
		{name: "third-party signature, publisher in neither store",
			category: UnknownPublisher, rule: "publisher-not-listed", score: ScoreAuthenticode},

		// Step 1: the catalog is not there.
		{name: "no CatalogFile", inf: strings.Replace(gadgetINF, "CatalogFile = gadget.cat\n", "", 1),
			category: Unsigned, rule: "no-catalog-entry", score: ScoreUnsigned},
		{name: "CatalogFile for another architecture", inf: strings.Replace(gadgetINF, "CatalogFile =", "CatalogFile.ntarm64 =", 1),
			category: Unsigned, rule: "no-catalog-entry", score: ScoreUnsigned},
		{name: "CatalogFile for this architecture", inf: strings.Replace(gadgetINF, "CatalogFile =", "CatalogFile.ntarm64 =", 1),
			target: "win11-25h2/arm64", category: UnknownPublisher, rule: "publisher-not-listed", score: ScoreAuthenticode},
		{name: "catalog absent", changes: changes{noCatalogFile},
			category: Unsigned, rule: "catalog-missing", score: ScoreUnsigned},

		// Step 2: it is no catalog, or nobody signed it.
		{name: "catalog is something else", changes: changes{unreadableCatalog},
			category: Unsigned, rule: "catalog-unreadable", score: ScoreUnsigned},
		{name: "no signer", changes: changes{unsignedCatalog},
			category: Unsigned, rule: "catalog-not-signed", score: ScoreUnsigned},
		{name: "SET OF out of order", changes: changes{disorderedCatalog},
			category: Unsigned, rule: "catalog-set-order", score: ScoreUnsigned},
		{name: "SET OF out of order, before the updates that look", changes: changes{disorderedCatalog},
			target: "win7/amd64", category: UnknownPublisher, rule: "publisher-not-listed", score: ScoreAuthenticode},
		{name: "SET OF out of order, signed by Microsoft", changes: changes{disorderedCatalog, signedByMicrosoft(trust.WHQL)},
			category: Unsigned, rule: "catalog-set-order", score: ScoreUnsigned},

		// Step 3: the mathematics.
		{name: "signature value wrong", changes: changes{brokenSignature(winerror.TrustBadDigest)},
			category: Unsigned, rule: "catalog-signature-invalid", score: ScoreUnsigned},
		{name: "signature value wrong, and everything else right", changes: changes{brokenSignature(winerror.TrustCertSignature), signedByMicrosoft(trust.WHQL), withPublisher(trust.TrustedPublisher)},
			category: Unsigned, rule: "catalog-signature-invalid", score: ScoreUnsigned},

		{name: "SHA-256 signature, Windows 7 without the update", boot: Scenario{NoSHA2Update: true},
			target: "win7/amd64", category: Unsigned, rule: "sha2-update-missing", score: ScoreUnsigned},
		{name: "SHA-1 signature, Windows 7 without the update", boot: Scenario{NoSHA2Update: true}, changes: changes{sha1Signature},
			target: "win7/amd64", category: UnknownPublisher, rule: "publisher-not-listed", score: ScoreAuthenticode},
		{name: "SHA-256 signature, a Windows that needs no update", boot: Scenario{NoSHA2Update: true},
			target: "win8/amd64", category: UnknownPublisher, rule: "publisher-not-listed", score: ScoreAuthenticode},

		// Step 5: membership.
		{name: "INF changed", changes: changes{state("gadget.inf", NotMember)},
			category: Altered, rule: "inf-hash-missing", score: ScoreUnsigned},
		{name: "INF changed, signed by Microsoft", changes: changes{state("gadget.inf", NotMember), signedByMicrosoft(trust.WHQL)},
			category: Altered, rule: "inf-hash-missing", score: ScoreUnsigned},
		{name: "INF changed, signer not trusted", changes: changes{state("gadget.inf", NotMember), distrusted(trust.UntrustedRoot)},
			category: Altered, rule: "inf-hash-missing", score: ScoreUnsigned},
		{name: "driver changed", changes: changes{state("gadget.sys", NotMember)},
			category: Altered, rule: "file-hash-missing", score: ScoreUnsigned},
		{name: "driver changed, publisher trusted", changes: changes{state("gadget.sys", NotMember), withPublisher(trust.TrustedPublisher)},
			category: Altered, rule: "file-hash-missing", score: ScoreUnsigned},
		{name: "driver never looked at", changes: changes{state("gadget.sys", StateUnknown)},
			category: Altered, rule: "file-hash-missing", score: ScoreUnsigned},
		{name: "driver absent, which is not the signature's fault", changes: changes{state("gadget.sys", Missing)},
			category: UnknownPublisher, rule: "publisher-not-listed", score: ScoreAuthenticode},

		// Which digest counts (rules 73 and 74).
		{name: "version 2 lists SHA-1 only, Windows 8 looks for SHA-256", changes: changes{coveredOnlyBy(crypto.SHA1)},
			target: "win8/amd64", category: Altered, rule: "inf-hash-missing", score: ScoreUnsigned},
		{name: "version 2 lists SHA-1 only, Windows 7 looks for that", changes: changes{coveredOnlyBy(crypto.SHA1)},
			target: "win7/amd64", category: UnknownPublisher, rule: "publisher-not-listed", score: ScoreAuthenticode},
		{name: "version 2 lists SHA-256 only, Windows 7 does not know it", changes: changes{coveredOnlyBy(crypto.SHA256)},
			target: "win7/amd64", category: Altered, rule: "inf-hash-missing", score: ScoreUnsigned},
		{name: "version 1 lists SHA-1, which is what is looked for", changes: changes{catalogVersion(1), coveredOnlyBy(crypto.SHA1)},
			category: UnknownPublisher, rule: "publisher-not-listed", score: ScoreAuthenticode},
		{name: "version 1 lists SHA-256 only", changes: changes{catalogVersion(1), coveredOnlyBy(crypto.SHA256)},
			category: Altered, rule: "inf-hash-missing", score: ScoreUnsigned},

		// Step 4 and 6: the driver policy.
		{name: "hardware tests", changes: changes{signedByMicrosoft(trust.WHQL)},
			category: WindowsAuthority, rule: "driver-policy", score: ScoreWHQL},
		{name: "attestation", changes: changes{signedByMicrosoft(trust.WHQLAttested)},
			category: WindowsAuthority, rule: "driver-policy", score: ScoreWHQL},
		{name: "early-launch anti-malware", changes: changes{signedByMicrosoft(trust.ELAM)},
			category: WindowsAuthority, rule: "driver-policy", score: ScoreWHQL},
		{name: "a part of Windows", changes: changes{signedByMicrosoft(trust.Windows)},
			category: WindowsAuthority, rule: "driver-policy", score: ScoreInbox},
		{name: "Microsoft in another role", changes: changes{signedByMicrosoft(trust.Microsoft)},
			category: WindowsAuthority, rule: "driver-policy", score: ScoreUnclassified},
		{name: "Microsoft root, no driver purpose", changes: changes{signedByMicrosoft(trust.Microsoft), onVerdict(func(v *trust.Verdict) { v.DriverPolicy = false })},
			category: UnknownPublisher, rule: "driver-policy-fall-back", score: ScoreAuthenticode},
		{name: "driver policy of an untrusted chain", changes: changes{signedByMicrosoft(trust.WHQL), onVerdict(func(v *trust.Verdict) { v.Trusted = false })},
			category: Unsigned, rule: "chain-not-trusted", score: ScoreUnsigned},

		// OSAttr (rules 125 to 127).
		{name: "OSAttr of the running version", changes: changes{signedByMicrosoft(trust.WHQL), withOSAttr(t, "2:10.0")},
			category: WindowsAuthority, rule: "driver-policy", score: ScoreWHQL},
		{name: "OSAttr of an older version", changes: changes{signedByMicrosoft(trust.WHQL), withOSAttr(t, "2:6.1")},
			category: WindowsAuthority, rule: "driver-policy", score: ScoreWHQL},
		{name: "OSAttr of LowerLogoVersion", changes: changes{signedByMicrosoft(trust.WHQL), withOSAttr(t, "2:5.1")},
			category: WindowsAuthority, rule: "driver-policy", score: ScoreWHQL},
		{name: "OSAttr below LowerLogoVersion", changes: changes{signedByMicrosoft(trust.WHQL), withOSAttr(t, "2:5.0")},
			category: UnknownPublisher, rule: "driver-policy-fall-back", score: ScoreAuthenticode},
		{name: "OSAttr of a newer version only", changes: changes{signedByMicrosoft(trust.WHQL), withOSAttr(t, "2:10.0")},
			target: "win7/amd64", category: UnknownPublisher, rule: "driver-policy-fall-back", score: ScoreAuthenticode},
		{name: "OSAttr of Windows 98", changes: changes{signedByMicrosoft(trust.WHQL), withOSAttr(t, "1:10.0")},
			category: UnknownPublisher, rule: "driver-policy-fall-back", score: ScoreAuthenticode},
		{name: "OSAttr below the machine's LowerLogoVersion", boot: Scenario{LowerLogoVersion: catalog.OSVersion{Platform: 2, Major: 6, Minor: 0}}, changes: changes{signedByMicrosoft(trust.WHQL), withOSAttr(t, "2:5.1")},
			category: WindowsAuthority, rule: "driver-policy", score: ScoreAuthenticode},
		{name: "no OSAttr", changes: changes{signedByMicrosoft(trust.WHQL), withOSAttr(t, "")},
			category: UnknownPublisher, rule: "driver-policy-fall-back", score: ScoreAuthenticode},
		{name: "OSAttr that cannot be read", changes: changes{signedByMicrosoft(trust.WHQL), withOSAttr(t, "2:ten")},
			category: UnknownPublisher, rule: "driver-policy-fall-back", score: ScoreAuthenticode},
		{name: "third party without OSAttr, for whom it does not matter", changes: changes{withOSAttr(t, ""), withPublisher(trust.TrustedPublisher)},
			category: TrustedPublisher, rule: "trusted-publisher", score: ScoreAuthenticode},

		// Step 6: the publisher.
		{name: "publisher trusted", changes: changes{withPublisher(trust.TrustedPublisher)},
			category: TrustedPublisher, rule: "trusted-publisher", score: ScoreAuthenticode},
		{name: "publisher distrusted", changes: changes{distrusted(trust.Disallowed), withPublisher(trust.DisallowedPublisher)},
			category: UntrustedPublisher, rule: "publisher-disallowed", score: ScoreAuthenticode},
		{name: "Microsoft's certificate distrusted", changes: changes{signedByMicrosoft(trust.WHQL), distrusted(trust.Disallowed), withPublisher(trust.DisallowedPublisher)},
			category: UntrustedPublisher, rule: "publisher-disallowed", score: ScoreAuthenticode},
		{name: "publisher trusted, chain not", changes: changes{distrusted(trust.UntrustedRoot), withPublisher(trust.TrustedPublisher)},
			category: Unsigned, rule: "chain-not-trusted", score: ScoreUnsigned},
		{name: "publisher never looked up", changes: changes{withPublisher(trust.UnknownPublisher)},
			category: Unsigned, rule: "chain-not-trusted", score: ScoreUnsigned},

		// Step 4: the chain.
		{name: "root unknown", changes: changes{distrusted(trust.UntrustedRoot)},
			category: Unsigned, rule: "chain-not-trusted", score: ScoreUnsigned},
		{name: "expired", changes: changes{distrusted(trust.Expired)},
			category: Unsigned, rule: "signer-expired", score: ScoreUnsigned},
		{name: "expired, and the root unknown", changes: changes{distrusted(trust.Expired, trust.UntrustedRoot)},
			category: Unsigned, rule: "chain-not-trusted", score: ScoreUnsigned},
		{name: "zero verdict", changes: changes{onVerdict(func(v *trust.Verdict) { *v = trust.Verdict{} })},
			category: Unsigned, rule: "chain-not-trusted", score: ScoreUnsigned},

		// The score of unsigned packages (rule 165).
		{name: "unsigned, install section without .nt", inf: plainInstallINF, changes: changes{noCatalogFile},
			category: Unsigned, rule: "catalog-missing", score: ScoreW9xSuspect},
		{name: "altered, install section without .nt", inf: plainInstallINF, changes: changes{state("gadget.inf", NotMember)},
			category: Altered, rule: "inf-hash-missing", score: ScoreW9xSuspect},
		{name: "signed, install section without .nt", inf: plainInstallINF,
			category: UnknownPublisher, rule: "publisher-not-listed", score: ScoreAuthenticode},
	}
	hit := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.inf == "" {
				tt.inf = gadgetINF
			}
			if tt.target == "" {
				tt.target = "win11-25h2/amd64"
			}
			got := Classify(factsOf(t, tt.inf, tt.changes...), target(t, tt.target, tt.boot))
			if got.Category != tt.category || got.Rule != tt.rule || got.Score != tt.score {
				t.Errorf("got %s by %s, score %s; want %s by %s, score %s",
					got.Category, got.Rule, got.Score, tt.category, tt.rule, tt.score)
			}
			for _, s := range got.Because {
				if s.Text == "" || s.Cite == "" || s.Basis == BasisUnknown {
					t.Errorf("incomplete step %+v", s)
				}
			}
			hit[got.Rule] = true
			hit[got.Because[len(got.Because)-1].Rule] = true
		})
	}
	for _, r := range slices.Concat(rowsOf(categoryRules), rowsOf(scoreRules)) {
		if !hit[r.id] {
			t.Errorf("no case is decided by rule %s", r.id)
		}
	}
}

// TestClassifyScenario: how the machine was booted and who asks changes no
// category and no score.
func TestClassifyScenario(t *testing.T) {
	f := facts(t, withPublisher(trust.TrustedPublisher))
	want := Classify(f, target(t, "win11-25h2/amd64", Scenario{}))
	for _, boot := range []Scenario{{TestSigning: true}, {EnforcementDisabled: true}, {SMode: true}, {SecureBoot: On}, {SecureBoot: Off}} {
		for _, user := range []string{"admin", "standard", "system"} {
			got := Classify(f, target(t, "win11-25h2/amd64/"+user, boot))
			if got.Category != want.Category || got.Score != want.Score || got.Rule != want.Rule {
				t.Errorf("%+v, %s: %s by %s, %s", boot, user, got.Category, got.Rule, got.Score)
			}
		}
	}
}

// TestFilesOfTheArchitecture: a file that only another architecture needs
// does not count.
func TestFilesOfTheArchitecture(t *testing.T) {
	f := facts(t, state("gadget.sys", NotMember))
	f.Files[1].Archs = f.Archs[:1] // x86
	for name, want := range map[string]Category{"win10-22h2/x86": Altered, "win10-22h2/amd64": UnknownPublisher} {
		if got := Classify(f, target(t, name, Scenario{})).Category; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := f.State(f.Files[1]); got != NotMember {
		t.Errorf("the report's state is %s, want that of the worst architecture", got)
	}
}

// TestBasis: a verdict is as certain as its weakest step.
func TestBasis(t *testing.T) {
	steps := func(list ...Basis) (all []Step) {
		for _, b := range list {
			all = append(all, Step{Basis: b})
		}
		return all
	}
	for _, tt := range []struct {
		steps []Step
		want  Basis
	}{
		{nil, BasisUnknown},
		{steps(Documented), Documented},
		{steps(Documented, Observed), Observed},
		{steps(Inferred, Documented, Observed), Inferred},
		{steps(Documented, BasisUnknown), BasisUnknown},
	} {
		if got := weakest(tt.steps); got != tt.want {
			t.Errorf("weakest of %v is %s, want %s", tt.steps, got, tt.want)
		}
	}
}
