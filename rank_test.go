package prestage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"prestage/trust"
)

// Hardware and compatible ids of the device of section G.
const (
	h0 = `USB\VID_1209&PID_F00D&REV_0100`
	h1 = `USB\VID_1209&PID_F00D`
	c0 = `USB\CLASS_FF&SUBCLASS_00`
	c1 = `USB\CLASS_FF`
)

var gadget = &Device{HardwareIDs: []string{h0, h1}, CompatibleIDs: []string{c0, c1}}

// infListing is an INF that lists these ids, hardware id first.
func infListing(ids ...string) string {
	return strings.ReplaceAll(gadgetINF, `USB\VID_1209&PID_F00D`, strings.Join(ids, ","))
}

func feature(text, score string) string {
	return strings.Replace(text, "[Gadget.Install.NT]\n", "[Gadget.Install.NT]\nFeatureScore = "+score+"\n", 1)
}

func plain(text string) string {
	return strings.Replace(text, "[Gadget.Install.NT]", "[Gadget.Install]", 1)
}

// ranked gives the ranks, best first, as ID=RANK.
func ranked(f *Facts, on Target, d *Device) []string {
	c := Classify(f, on)
	var all []string
	for _, n := range RankNodes(f, c, Predict(f, c, on), on, d) {
		all = append(all, fmt.Sprintf("%s=%08X", n.ID, n.Rank))
	}
	return all
}

// TestWorkedExamples are those of section G, on Vista and on 7 and later. The
// unsigned ones need a system that stages them, which is Windows 7, or Vista.
func TestWorkedExamples(t *testing.T) {
	unsigned := []func(*Facts){unsignedCatalog}
	cdrom := &Device{HardwareIDs: []string{"SCSI\\1", "SCSI\\2", "SCSI\\3", "SCSI\\4", "SCSI\\5", "GenCdRom"}}
	for _, tt := range []struct {
		name    string
		inf     string
		changes []func(*Facts)
		device  *Device
		vista   string // without equal ranks
		seven   string
		eleven  string // "" where it is that of 7
	}{
		{"hardware tests, no FeatureScore, H0", infListing(h0), []func(*Facts){signedByMicrosoft(trust.WHQL)}, gadget, "0DFF0000", "00FF0000", ""},
		{"trusted publisher, H1", infListing(h1), []func(*Facts){withPublisher(trust.TrustedPublisher)}, gadget, "0FFF0001", "00FF0001", ""},
		{"inbox, C1 by the second compatible id", infListing(`ROOT\X`, `ROOT\Y`, c1), []func(*Facts){signedByMicrosoft(trust.Windows)}, gadget, "0DFF3101", "00FF3101", ""},
		{"inbox, the sixth hardware id", infListing("GenCdRom"), []func(*Facts){signedByMicrosoft(trust.Windows)}, cdrom, "0DFF0005", "00FF0005", ""},
		{"unsigned, decorated section", infListing(h0), unsigned, gadget, "80FF0000", "80FF0000", "-"},
		{"unsigned, plain section, C0 by the hardware id", plain(infListing(c0)), unsigned, gadget, "C0FF2000", "C0FF2000", "-"},
		{"display, hardware tests, FeatureScore E0", feature(infListing(h0), "E0"), []func(*Facts){signedByMicrosoft(trust.WHQL)}, gadget, "0DE00000", "00E00000", ""},
	} {
		f := factsOf(t, tt.inf, tt.changes...)
		if tt.eleven == "" {
			tt.eleven = tt.seven
		}
		for name, want := range map[string]string{"vista/amd64": tt.vista, "server2008/amd64": tt.vista, "win7/amd64": tt.seven, "win11-25h2/amd64": tt.eleven} {
			got := ranked(f, target(t, name, Scenario{}), tt.device)
			if want == "-" {
				if got != nil {
					t.Errorf("%s on %s: %v for a package that is refused", tt.name, name, got)
				}
				continue
			}
			if len(got) != 1 || !strings.HasSuffix(got[0], "="+want) {
				t.Errorf("%s on %s: %v, want %s", tt.name, name, got, want)
			}
		}
	}
}

// TestIdentifierScore is rule 167: which of the device's ids met which of the
// INF's.
func TestIdentifierScore(t *testing.T) {
	long := &Device{}
	for i := range 0x1002 {
		long.CompatibleIDs = append(long.CompatibleIDs, fmt.Sprintf("C%d", i))
		long.HardwareIDs = append(long.HardwareIDs, fmt.Sprintf("H%d", i))
	}
	sixteen := []string{"X"}
	for i := range 17 {
		sixteen = append(sixteen, fmt.Sprintf("C%d", i))
	}
	for _, tt := range []struct {
		name   string
		ids    []string
		device *Device
		want   []string
	}{
		{"hardware id, hardware id", []string{h0}, gadget, []string{h0 + "=00FF0000"}},
		{"second hardware id", []string{h1}, gadget, []string{h1 + "=00FF0001"}},
		{"hardware id, compatible id", []string{"X", "Y", "Z", h1}, gadget, []string{h1 + "=00FF1001"}}, // whatever its place in the INF
		{"compatible id, hardware id", []string{c1}, gadget, []string{c1 + "=00FF2001"}},
		{"compatible id, compatible id", []string{"X", c0}, gadget, []string{c0 + "=00FF3000"}},
		{"compatible id, second compatible id", []string{"X", "Y", c0}, gadget, []string{c0 + "=00FF3100"}},
		{"second, third", []string{"X", "Y", "Z", c1}, gadget, []string{c1 + "=00FF3201"}},
		{"no hardware id in the INF", []string{"", h0}, gadget, []string{h0 + "=00FF1000"}},
		{"several, the best first", []string{h1, c0, c1}, gadget, []string{h1 + "=00FF0001", c0 + "=00FF3000", c1 + "=00FF3101"}},
		{"other case", []string{strings.ToLower(h0)}, gadget, []string{strings.ToLower(h0) + "=00FF0000"}},
		{"nothing of the device", []string{"X", "Y"}, gadget, nil},
		{"a part of an id is none", []string{`USB\VID_1209`}, gadget, nil},
		{"a device without ids", []string{h0}, &Device{}, nil},
		{"an id that is both", []string{h0}, &Device{HardwareIDs: []string{h0}, CompatibleIDs: []string{h0}}, []string{h0 + "=00FF0000"}},
		{"last position", []string{"H4095"}, long, []string{"H4095=00FF0FFF"}},
		{"past the last position", []string{"H4097"}, long, []string{"H4097=00FF0FFF"}}, // never another kind
		{"past it by both lists", sixteen, &Device{CompatibleIDs: []string{"C16"}}, []string{"C16=00FF3FFF"}},

		{"best case", []string{h0}, nil, []string{h0 + "=00FF0000"}},
		{"best case of each id", []string{h0, c0, c1}, nil, []string{h0 + "=00FF0000", c0 + "=00FF3000", c1 + "=00FF3100"}},
	} {
		f := factsOf(t, infListing(tt.ids...), signedByMicrosoft(trust.WHQL))
		if got := ranked(f, target(t, "win11-25h2/amd64", Scenario{}), tt.device); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestFeatureScore is rule 166: the spellings that INFs use, and what is no
// score.
func TestFeatureScore(t *testing.T) {
	for spelling, want := range map[string]string{
		"E0": "00E00000", "e0": "00E00000", "0xE0": "00E00000", "xFD": "00FD0000", "FD": "00FD0000",
		"00": "00000000", "F": "000F0000", "0": "00000000", "FF": "00FF0000",
		"100": "00FF0000", "G0": "00FF0000", "-1": "00FF0000", `""`: "00FF0000",
	} {
		f := factsOf(t, feature(infListing(h0), spelling), signedByMicrosoft(trust.WHQL))
		got := ranked(f, target(t, "win11-25h2/amd64", Scenario{}), gadget)
		if want = h0 + "=" + want; !slices.Equal(got, []string{want}) {
			t.Errorf("FeatureScore = %s: %v, want %s", spelling, got, want)
		}
	}
	// Of a section that is not the install section itself it does not count.
	elsewhere := infListing(h0) + "[Gadget.Install.NT.Services]\nFeatureScore = 10\n[Gadget.Other.NT]\nFeatureScore = 10\n"
	f := factsOf(t, elsewhere, signedByMicrosoft(trust.WHQL))
	if got := ranked(f, target(t, "win11-25h2/amd64", Scenario{}), gadget); !slices.Equal(got, []string{h0 + "=00FF0000"}) {
		t.Errorf("FeatureScore of another section: %v", got)
	}
}

// TestBestNodeOfAnID: an id that several models list has the rank of the best.
func TestBestNodeOfAnID(t *testing.T) {
	text := strings.Replace(infListing(h0), "[Gadget.NTamd64]\n", "[Gadget.NTamd64]\nOther = Gadget.Better, "+h0+"\n", 1) +
		"[Gadget.Better.NT]\nFeatureScore = 20\n"
	f := factsOf(t, text, signedByMicrosoft(trust.WHQL))
	if got := ranked(f, target(t, "win11-25h2/amd64", Scenario{}), gadget); !slices.Equal(got, []string{h0 + "=00200000"}) {
		t.Errorf("%v", got)
	}
}

// TestUnsignedSections: of an unsigned package each node ranks by its own
// section (rule 165), and the score of the package is that of the worst.
func TestUnsignedSections(t *testing.T) {
	text := strings.Replace(infListing(h0), "[Gadget.NTamd64]\n", "[Gadget.NTamd64]\nOther = Gadget.Plain, "+h1+"\n", 1) + "[Gadget.Plain]\n"
	f := factsOf(t, text, unsignedCatalog)
	on := target(t, "win7/amd64", Scenario{})
	if got, want := ranked(f, on, gadget), []string{h0 + "=80FF0000", h1 + "=C0FF0001"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Classify(f, on).Score; got != ScoreW9xSuspect {
		t.Errorf("score %s", got)
	}
	// A signed package does not care.
	signed := factsOf(t, text)
	if got, want := ranked(signed, on, gadget), []string{h0 + "=00FF0000", h1 + "=00FF0001"}; !slices.Equal(got, want) {
		t.Errorf("signed: %v, want %v", got, want)
	}
}

// TestNoRankWithoutStaging: what is not staged competes with nothing.
func TestNoRankWithoutStaging(t *testing.T) {
	for name, f := range map[string]*Facts{
		"altered":     facts(t, state("gadget.inf", NotMember)),
		"unsigned":    facts(t, unsignedCatalog),
		"absent file": facts(t, state("gadget.sys", Missing)),
		"distrusted":  facts(t, distrusted(trust.Disallowed), withPublisher(trust.DisallowedPublisher)),
	} {
		if got := ranked(f, target(t, "win11-25h2/amd64", Scenario{}), nil); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	f := factsOf(t, strings.Replace(gadgetINF, "NTx86,NTamd64,NTarm64", "NTamd64", 1))
	if got := ranked(f, target(t, "win7/x86", Scenario{}), nil); got != nil {
		t.Errorf("not applicable: %v", got)
	}
}

// TestScoreConstants are the values of SetupAPI.h and the words of the log
// (rules 160 and 161), and what of a score enters a rank.
func TestScoreConstants(t *testing.T) {
	for _, tt := range []struct {
		score           SignerScore
		value           uint32
		word            string
		equal, notEqual uint32 // in a rank
	}{
		{ScoreLogoPremium, 0x0D000001, "WHQL Logo Gold", 0, 0x0D000000},
		{ScoreLogoStandard, 0x0D000002, "WHQL Logo Silver", 0, 0x0D000000},
		{ScoreInbox, 0x0D000003, "INBOX", 0, 0x0D000000},
		{ScoreUnclassified, 0x0D000004, "WHQL Unclassified", 0, 0x0D000000},
		{ScoreWHQL, 0x0D000005, "WHQL", 0, 0x0D000000},
		{ScoreAuthenticode, 0x0F000000, "Authenticode", 0, 0x0F000000},
		{ScoreUnsigned, 0x80000000, "Not digitally signed", 0x80000000, 0x80000000},
		{ScoreW9xSuspect, 0xC0000000, "Not digitally signed", 0xC0000000, 0xC0000000},
		{ScoreUnknown, 0xFF000000, "Unknown", 0xFF000000, 0xFF000000},
	} {
		if uint32(tt.score) != tt.value || tt.score.String() != tt.word {
			t.Errorf("%08X reads %q, want %08X and %q", uint32(tt.score), tt.score, tt.value, tt.word)
		}
		if got := rank(tt.score, true, 0, 0); got != tt.equal {
			t.Errorf("%s among equals ranks %08X, want %08X", tt.score, got, tt.equal)
		}
		if got := rank(tt.score, false, 0, 0); got != tt.notEqual {
			t.Errorf("%s ranks %08X, want %08X", tt.score, got, tt.notEqual)
		}
	}
	// Whatever the features, no unsigned node outranks a signed one.
	if best, worst := rank(ScoreUnsigned, true, 0, 0), rank(ScoreAuthenticode, false, 0xFF, 0xFFFF); best <= worst {
		t.Errorf("unsigned at best %08X, signed at worst %08X", best, worst)
	}
}
