package prestage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"prestage/authenticode/signtest"
	"prestage/inf"
)

// TestVersions is the table of rule 37: which version an INF's decorations are
// compared with. The builds of Vista and 7 are those of their last service
// packs; decorations of their time name none.
func TestVersions(t *testing.T) {
	const table = `
		vista 6.0.6002          win7 6.1.7601           win8 6.2.9200           win8.1 6.3.9600
		win10-1507 10.0.10240   win10-1511 10.0.10586   win10-1607 10.0.14393   win10-1703 10.0.15063
		win10-1709 10.0.16299   win10-1803 10.0.17134   win10-1809 10.0.17763   win10-1903 10.0.18362
		win10-1909 10.0.18363   win10-2004 10.0.19041   win10-20h2 10.0.19042   win10-21h1 10.0.19043
		win10-21h2 10.0.19044   win10-22h2 10.0.19045
		win11-21h2 10.0.22000   win11-22h2 10.0.22621   win11-23h2 10.0.22631
		win11-24h2 10.0.26100   win11-25h2 10.0.26200
		server2008 6.0.6002     server2008r2 6.1.7601   server2012 6.2.9200     server2012r2 6.3.9600
		server2016 10.0.14393   server2019 10.0.17763   server2022 10.0.20348   server2025 10.0.26100`
	words := strings.Fields(table)
	if len(words) != 2*len(Releases()) {
		t.Errorf("the table has %d releases, prestage %d", len(words)/2, len(Releases()))
	}
	for i := 0; i < len(words); i += 2 {
		w, ok := WindowsNamed(words[i])
		if !ok {
			t.Errorf("%s is unknown", words[i])
			continue
		}
		if got := fmt.Sprintf("%d.%d.%d", w.Major, w.Minor, w.Build); got != words[i+1] {
			t.Errorf("%s is %s, want %s", words[i], got, words[i+1])
		}
		if server := strings.HasPrefix(words[i], "server"); w.Server != server || strings.Contains(w.Title, "Server") != server {
			t.Errorf("%s (%s): server is %v", w.Name, w.Title, w.Server)
		}
	}
}

// TestArchitectures: which machines a release was made for. Windows on ARM64
// begins with 10 1709, 32-bit ends with 10, and 32-bit servers with 2008.
func TestArchitectures(t *testing.T) {
	for _, w := range Releases() {
		want := map[inf.Arch]bool{
			inf.AMD64: true,
			inf.X86:   !w.Server && w.Family != "win11" || w.Name == "server2008",
			inf.ARM64: !w.Server && w.Major == 10 && w.Build >= 16299,
		}
		for _, a := range []inf.Arch{inf.X86, inf.AMD64, inf.ARM64, inf.ARM, inf.IA64} {
			if w.Runs(a) != want[a] {
				t.Errorf("%s runs on %s: %v, want %v", w.Name, a, w.Runs(a), want[a])
			}
		}
	}
}

// TestGenerations: each difference between releases begins where the rules say
// and never goes back. A client and the server of its build are alike.
func TestGenerations(t *testing.T) {
	fields := []struct {
		name  string
		is    func(*Windows) bool
		first string // the oldest client that is so
		until bool   // or, the other way round, the oldest that is not
	}{
		{"reads build numbers in decorations (rule 30)", func(w *Windows) bool { return w.Staging.ReadsBuild }, "win10-1607", false},
		{"knows version 2 catalogs (rule 74)", func(w *Windows) bool { return w.Staging.CatalogV2 }, "win8", false},
		{"ranks all signatures equal (rule 163)", func(w *Windows) bool { return w.Staging.AllSigningEqual }, "win7", false},
		{"refuses unsigned packages on x64 (rule 142)", func(w *Windows) bool { return slices.Contains(w.Staging.Refuses, inf.AMD64) }, "win8", false},
		{"refuses them on x86 with Secure Boot (Q12)", func(w *Windows) bool { return slices.Contains(w.Staging.SecureBootRefuses, inf.X86) }, "win8", false},
		{"takes only Microsoft's signatures on ARM64 (rule 147)", func(w *Windows) bool { return slices.Contains(w.Staging.WHQLOnly, inf.ARM64) }, "win10-1507", false},
		{"needs an update for SHA-256 (rule 117)", func(w *Windows) bool { return w.Staging.SHA2Update }, "win8", true},
		{"needs it in the kernel too (rule 117)", func(w *Windows) bool { return w.Kernel.SHA2Update }, "win8", true},
		{"knows Secure Boot (rule 172)", func(w *Windows) bool { return w.Kernel.SecureBoot }, "win8", false},
		{"asks boot-start drivers for embedded signatures (rule 178)", func(w *Windows) bool { return w.Kernel.BootStartEmbedded }, "win10-1507", true},
		{"takes attestations (rule 180)", func(w *Windows) bool { return w.Kernel.Attested }, "win10-1507", false},
		{"restricts cross-signed drivers (rule 173)", func(w *Windows) bool { return w.Kernel.MicrosoftOnly }, "win10-1607", false},
		{"installs primitive drivers (rule 24)", func(w *Windows) bool { return w.Staging.PrimitiveDrivers }, "win10-1903", false},
		{"has the block list on by default (rule 189)", func(w *Windows) bool { return w.Kernel.BlockList }, "win11-22h2", false},
		{"has the driver policy of 2026 (rule 177)", func(w *Windows) bool { return w.Kernel.DriverPolicy }, "win11-24h2", false},
	}
	for _, f := range fields {
		first, ok := WindowsNamed(f.first)
		if !ok {
			t.Fatal(f.first)
		}
		for _, w := range Releases() {
			want := ascending(first, w) != f.until
			if f.is(w) != want {
				t.Errorf("%s %s: %v, want %v", w.Name, f.name, f.is(w), want)
			}
		}
	}
}

// TestSetOrderIsByUpdate: the check for DER order came with the updates of
// October 2020, to the releases that were still served (rule 63).
func TestSetOrderIsByUpdate(t *testing.T) {
	strict := strings.Fields(`win8.1 win10-1507 win10-1607 win10-1703 win10-1709 win10-1803 win10-1809 win10-1903 win10-1909
		win10-2004 win10-20h2 win10-21h1 win10-21h2 win10-22h2 win11-21h2 win11-22h2 win11-23h2 win11-24h2 win11-25h2
		server2012r2 server2016 server2019 server2022 server2025`)
	for _, name := range strict {
		if w, ok := WindowsNamed(name); !ok || !w.Staging.StrictSetOrder {
			t.Errorf("%s does not check the order of sets", name)
		}
	}
	for _, name := range []string{"vista", "win7", "win8"} {
		if w, ok := WindowsNamed(name); !ok || w.Staging.StrictSetOrder {
			t.Errorf("%s checks the order of sets", name)
		}
	}
}

// TestUnsignedImport: only of Windows 7 is it known that the import logs
// another score than the node has (windows-evidence, section 1).
func TestUnsignedImport(t *testing.T) {
	for _, w := range Releases() {
		want := SignerScore(0)
		if w.Major == 6 && w.Minor == 1 {
			want = ScoreUnknown
		}
		if w.Staging.UnsignedImport != want {
			t.Errorf("%s: %s", w.Name, w.Staging.UnsignedImport)
		}
	}
}

// TestSystem: what decorations are compared with (rules 30, 37 and 38).
func TestSystem(t *testing.T) {
	for name, want := range map[string]inf.System{
		"win7":       {Arch: inf.AMD64, Major: 6, Minor: 1, Build: 7601, ProductType: 1},
		"win10-1511": {Arch: inf.AMD64, Major: 10, Build: 10586, ProductType: 1},
		"win11-25h2": {Arch: inf.AMD64, Major: 10, Build: 26200, ProductType: 1, ParsesBuild: true},
		"server2012": {Arch: inf.AMD64, Major: 6, Minor: 2, Build: 9200, ProductType: 3},
		"server2025": {Arch: inf.AMD64, Major: 10, Build: 26100, ProductType: 3, ParsesBuild: true},
	} {
		if w, ok := WindowsNamed(name); !ok || w.system(inf.AMD64) != want {
			t.Errorf("%s: %+v, want %+v", name, w.system(inf.AMD64), want)
		}
	}
}

// TestDecorations: an INF with a decoration for every generation has something
// for exactly the releases that the decoration names.
func TestDecorations(t *testing.T) {
	applies := func(decoration string) []string {
		p := signtest.NewPackage()
		p.INFs[0].Lines = func(text string) string { return strings.ReplaceAll(text, "NTamd64", decoration) }
		f := gather(t, p.Build(), contosoStore(t), testClock)
		var names []string
		for _, w := range Releases() {
			on := Target{Windows: w, Arch: inf.AMD64, User: Admin}
			c := Classify(f, on)
			if Predict(f, c, on).Outcome != NotApplicable {
				names = append(names, w.Name)
			}
		}
		return names
	}
	named := func(is func(*Windows) bool) []string {
		var names []string
		for _, w := range Releases() {
			if is(w) {
				names = append(names, w.Name)
			}
		}
		return names
	}
	build := func(n int) func(*Windows) bool {
		return func(w *Windows) bool { return w.Major == 10 && w.Build >= n }
	}
	for decoration, want := range map[string][]string{
		"NTamd64":                   named(func(*Windows) bool { return true }),
		"NTamd64.6.1":               named(func(w *Windows) bool { return w.Name != "vista" && w.Name != "server2008" }),
		"NTamd64.10.0":              named(func(w *Windows) bool { return w.Major == 10 }),
		"NTamd64.6.0.3":             named(func(w *Windows) bool { return w.Server }),
		"NTamd64.10.0...14393":      named(build(14393)), // 1507 and 1511 cannot read it
		"NTamd64.10.0...22000":      named(build(22000)),
		"NTamd64.0x0A.0x0...0x55F0": named(build(22000)),
		"NTamd64.10.0.3..14393":     named(func(w *Windows) bool { return w.Server && build(14393)(w) }),
		"NTamd64.11.0":              nil,
		"NTx86":                     nil,
	} {
		if got := applies(decoration); !slices.Equal(got, want) {
			t.Errorf("%s has something for %v, want %v", decoration, got, want)
		}
	}
}
