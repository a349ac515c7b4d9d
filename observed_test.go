package prestage

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An observation is one file of testdata/observed: what a real Windows did
// with a driver package, and how to make the same situation again. The file is
// a txtar archive. Its comment says what happened; section "case" names the
// machine, the package and the source, "log" holds what was seen, in the words
// of the log or of the report, and "want" what a prediction must say.
//
// Want names only what was seen. Values that start with "not " must differ, "|"
// separates alternatives, and "?" stands for any one character: of some logs
// only a part is public.
type observation struct {
	name  string // of the file
	point string
	log   string

	evidence    []string // rows of the collection of evidence, such as "2.16"
	sources     []string
	target      string
	boot        Scenario
	build       string   // of builders, or "corpus"
	change      []string // to what was built
	trust       []string // what the machine's stores hold: "root", "publisher"
	device      *Device
	assumed     []string // what the source does not say and we chose
	notModelled string   // why nothing can be predicted

	want []expectation
}

type expectation struct{ field, value string }

// caseKeys are the keys of section "case". Every one may be repeated.
var caseKeys = map[string]func(o *observation, value string) error{
	"evidence": func(o *observation, v string) error { o.evidence = append(o.evidence, v); return nil },
	"source":   func(o *observation, v string) error { o.sources = append(o.sources, v); return nil },
	"target":   func(o *observation, v string) error { o.target = v; return nil },
	"boot":     func(o *observation, v string) error { return bootWord(&o.boot, v) },
	"build":    func(o *observation, v string) error { o.build = v; return nil },
	"change":   func(o *observation, v string) error { o.change = append(o.change, v); return nil },
	"trust":    func(o *observation, v string) error { o.trust = strings.Fields(v); return nil },
	"hwid": func(o *observation, v string) error {
		o.device.HardwareIDs = append(o.device.HardwareIDs, v)
		return nil
	},
	"compatid": func(o *observation, v string) error {
		o.device.CompatibleIDs = append(o.device.CompatibleIDs, v)
		return nil
	},
	"assumed":      func(o *observation, v string) error { o.assumed = append(o.assumed, v); return nil },
	"not-modelled": func(o *observation, v string) error { o.notModelled = v; return nil },
}

// bootWord sets one word of how the machine was booted.
func bootWord(s *Scenario, word string) error {
	words := map[string]func(){
		"secure-boot-on":       func() { s.SecureBoot = On },
		"secure-boot-off":      func() { s.SecureBoot = Off },
		"test-signing":         func() { s.TestSigning = true },
		"enforcement-disabled": func() { s.EnforcementDisabled = true },
		"upgraded":             func() { s.Upgraded = true },
		"memory-integrity-on":  func() { s.MemoryIntegrity = On },
		"no-sha2-update":       func() { s.NoSHA2Update = true },
	}
	set, known := words[word]
	if !known {
		return fmt.Errorf("unknown way to boot %q", word)
	}
	set()
	return nil
}

// seen are the fields of section "want", and where a report has them.
var seen = map[string]func(*PackageReport, *VerdictReport) string{
	"category":  func(_ *PackageReport, v *VerdictReport) string { return v.Category },
	"outcome":   func(_ *PackageReport, v *VerdictReport) string { return v.Outcome },
	"prompt":    func(_ *PackageReport, v *VerdictReport) string { return v.Prompt },
	"status":    func(_ *PackageReport, v *VerdictReport) string { return v.StatusCode },
	"log-codes": func(_ *PackageReport, v *VerdictReport) string { return orNone(strings.Join(v.LogCodes, " ")) },
	"signer":    func(_ *PackageReport, v *VerdictReport) string { return v.SignerName },
	"score":     func(_ *PackageReport, v *VerdictReport) string { return v.SignerScore.Value },
	"import-score": func(_ *PackageReport, v *VerdictReport) string {
		if v.ImportScore != nil {
			return v.ImportScore.Value
		}
		return v.SignerScore.Value
	},
	"rank": func(_ *PackageReport, v *VerdictReport) string {
		if v.Rank == nil {
			return "none"
		}
		return v.Rank.Best
	},
	"load":     func(_ *PackageReport, v *VerdictReport) string { return worstLoad(v) },
	"hint":     func(p *PackageReport, _ *VerdictReport) string { return orNone(infReport(p).Hint) },
	"inf-sha1": func(p *PackageReport, _ *VerdictReport) string { return infReport(p).SHA1 },
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// worstLoad is the worst verdict on the package's kernel binaries.
func worstLoad(v *VerdictReport) string {
	worst := "none"
	for _, word := range []string{Loads.String(), NotJudged.String(), Blocked.String()} {
		if slices.ContainsFunc(v.Load, func(l LoadReport) bool { return l.Verdict == word }) {
			worst = word
		}
	}
	return worst
}

func infReport(p *PackageReport) *FileReport {
	i := slices.IndexFunc(p.Files, func(f FileReport) bool { return f.Role == RoleINF.String() })
	if i < 0 {
		return &FileReport{}
	}
	return &p.Files[i]
}

// matches reports whether a prediction is what was seen.
func (e expectation) matches(got string) bool {
	if other, not := strings.CutPrefix(e.value, "not "); not {
		return got != other && got != "unknown"
	}
	for alternative := range strings.SplitSeq(e.value, "|") {
		if sameBut(strings.TrimSpace(alternative), got) {
			return true
		}
	}
	return false
}

// sameBut compares, "?" standing for any one character.
func sameBut(pattern, s string) bool {
	if len(pattern) != len(s) {
		return false
	}
	for i := range len(s) {
		if pattern[i] != '?' && pattern[i] != s[i] {
			return false
		}
	}
	return true
}

// divergence is a difference between what was seen and what is predicted that
// we know of.
type divergence struct {
	Case      string `json:"case"`
	Field     string `json:"field"`
	Observed  string `json:"observed"`
	Predicted string `json:"predicted"`
	Reason    string `json:"reason"`
}

func (d divergence) key() string { return d.Case + " " + d.Field }

func readDivergences(t *testing.T) map[string]divergence {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "divergences.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []divergence
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		t.Fatal(err)
	}
	byKey := map[string]divergence{}
	for _, d := range list {
		if _, twice := byKey[d.key()]; twice || len(d.Reason) < 40 {
			t.Errorf("divergence %q: listed twice, or without a reason worth reading", d.key())
		}
		byKey[d.key()] = d
	}
	return byKey
}

// TestObserved predicts every observation and sorts the answers: what agrees,
// what is known to diverge and why, and what nobody expected, which fails. A
// divergence that is listed and no longer met fails too: the list stays true.
func TestObserved(t *testing.T) {
	listed := readDivergences(t)
	var agree, known, skipped, notModelled int // the rest is not expected
	ran, names := map[string]bool{}, map[string]bool{}
	met := map[string]bool{}
	for _, o := range observations(t) {
		names[o.name] = true
		t.Run(o.name, func(t *testing.T) {
			defer func() {
				if t.Skipped() {
					skipped++
				}
			}()
			if o.notModelled != "" {
				notModelled++
				return
			}
			p, v := o.predict(t)
			ran[o.name] = true
			differs := false
			for _, e := range o.want {
				got := seen[e.field](p, v)
				if e.matches(got) {
					continue
				}
				differs = true
				key := divergence{Case: o.name, Field: e.field}.key()
				d, isListed := listed[key]
				if !isListed || d.Observed != e.value || d.Predicted != got {
					t.Errorf("%s: Windows was seen to give %q, predicted is %q (%s)", e.field, e.value, got, v.Reason)
					continue
				}
				met[key] = true
			}
			switch {
			case t.Failed(): // not expected
			case differs:
				known++
			default:
				agree++
			}
		})
	}
	for key, d := range listed {
		if !names[d.Case] {
			t.Errorf("divergences.json: there is no observation %q", d.Case)
		}
		if ran[d.Case] && !met[key] {
			t.Errorf("divergences.json: %s agrees now, or differs in another way: bring the list up to date", key)
		}
	}
	t.Logf("%d observations: %d agree, %d diverge as listed, %d are not modelled, %d need a corpus that is not here",
		len(names), agree, known, notModelled, skipped)
}

// predict makes the situation again and judges it the way check does.
func (o *observation) predict(t *testing.T) (*PackageReport, *VerdictReport) {
	t.Helper()
	specs, err := ParseTargets(o.target)
	if err != nil || len(specs) != 1 || specs[0].Arch == 0 {
		t.Fatalf("target %q: %v", o.target, err)
	}
	if err := o.boot.Check(); err != nil {
		t.Fatal(err)
	}
	f := o.facts(t, specs[0])
	options := Options{At: testClock, Targets: specs, Scenario: o.boot}
	if len(o.device.HardwareIDs)+len(o.device.CompatibleIDs) > 0 {
		options.Device = o.device
	}
	p := judge(options, f)
	if len(p.Verdicts) != 1 {
		t.Fatalf("%d verdicts", len(p.Verdicts))
	}
	return &p, &p.Verdicts[0]
}

// rowsOfEvidence are the rows of the collection of evidence that must have an
// observation: the cases of section 2; of section 3 the ranks, counted as they
// stand in its table (1 INBOX and 2 Authenticode on 10240, 3 WHQL, 4
// Authenticode on 10, 5 and 6 not digitally signed, 7 the documentation's two);
// prompts and tools of section 5; section 6; the packages of section 7.
func rowsOfEvidence() []string {
	var rows []string
	for i := range 34 {
		rows = append(rows, fmt.Sprintf("2.%d", i+1))
	}
	for i := range 7 {
		rows = append(rows, fmt.Sprintf("3.%d", i+1))
	}
	return append(rows, "5", "6", "7.A", "7.A'", "7.B", "7.C", "7.C'", "7.D", "7.F", "7.F'", "7.G'", "7.H")
}

// TestObservationsAreComplete: no row of the evidence is left out, and each
// observation says where it comes from and shows what it claims.
func TestObservationsAreComplete(t *testing.T) {
	source := regexp.MustCompile(`^([\w.-]+/[\w.-]+(#\d+|@[0-9a-f]{7,}\S*)( .*)?|public repository excerpt: .+|documentation: .+|forum: .+|white paper: .+)$`)
	code := regexp.MustCompile(`^0x[0-9A-F?]{8}$`)
	have := map[string]bool{}
	for _, o := range observations(t) {
		for _, row := range o.evidence {
			have[row] = true
		}
		if len(o.evidence) == 0 || len(o.sources) == 0 || o.point == "" || o.log == "" {
			t.Errorf("%s: lacks its row, source, point or log", o.name)
		}
		for _, s := range o.sources {
			if !source.MatchString(s) {
				t.Errorf("%s: source %q is none that anybody could look up", o.name, s)
			}
		}
		if o.notModelled != "" {
			if len(o.want) > 0 || o.build != "" || len(o.notModelled) < 30 {
				t.Errorf("%s: either it is modelled, or it says why not", o.name)
			}
			continue
		}
		if len(o.want) == 0 {
			t.Errorf("%s: nothing is wanted, so nothing can fail", o.name)
		}
		for _, e := range o.want {
			for word := range strings.FieldsSeq(strings.NewReplacer("|", " ", "not ", " ").Replace(e.value)) {
				if code.MatchString(word) && !strings.Contains(word, "?") && !strings.Contains(strings.ToLower(o.log), strings.ToLower(word[2:])) {
					t.Errorf("%s: %s wants %s, which the log does not show", o.name, e.field, word)
				}
			}
		}
	}
	for _, row := range rowsOfEvidence() {
		if !have[row] {
			t.Errorf("no observation for row %s of the evidence", row)
		}
	}
}

// observations reads testdata/observed.
func observations(t *testing.T) []*observation {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "observed", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no observations: %v", err)
	}
	var all []*observation
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		o, err := parseObservation(string(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		o.name = strings.TrimSuffix(filepath.Base(name), ".txtar")
		all = append(all, o)
	}
	return all
}

// parseObservation reads one file. The form is that of txtar: text, then
// sections, each below a line "-- name --".
func parseObservation(text string) (*observation, error) {
	o := &observation{device: &Device{}}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if rest, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(rest, " --") {
			section = strings.TrimSuffix(rest, " --")
			continue
		}
		if err := o.add(section, line); err != nil {
			return nil, err
		}
	}
	o.point, o.log = strings.TrimSpace(o.point), strings.TrimSpace(o.log)
	return o, nil
}

func (o *observation) add(section, line string) error {
	if section == "" || section == "log" {
		into := map[string]*string{"": &o.point, "log": &o.log}[section]
		*into += line + "\n"
		return nil
	}
	if line == "" {
		return nil
	}
	key, value, ok := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	if !ok || value == "" {
		return fmt.Errorf("%s: %q is no key and value", section, line)
	}
	switch section {
	case "case":
		set, known := caseKeys[key]
		if !known {
			return fmt.Errorf("case: unknown key %q", key)
		}
		return set(o, value)
	case "want":
		if seen[key] == nil {
			return fmt.Errorf("want: unknown field %q", key)
		}
		o.want = append(o.want, expectation{key, value})
		return nil
	}
	return fmt.Errorf("unknown section %q", section)
}

// TestExpectation: what an observation wants can fail.
func TestExpectation(t *testing.T) {
	for _, tt := range []struct {
		want, got string
		ok        bool
	}{
		{"silent", "silent", true},
		{"silent", "prompt", false},
		{"silent | prompt", "prompt", true},
		{"silent | prompt", "refuse", false},
		{"not altered", "altered", false},
		{"not altered", "unsigned", true},
		{"not altered", "unknown", false},
		{"0x80096???", "0x80096005", true},
		{"0x80096???", "0x800B0101", false},
		{"0x80096???", "0x8009600", false},
		{"", "silent", false},
	} {
		if got := (expectation{"outcome", tt.want}).matches(tt.got); got != tt.ok {
			t.Errorf("%q and %q: %v, want %v", tt.want, tt.got, got, tt.ok)
		}
	}
	for _, bad := range []string{"-- case --\ncolour: red\n", "-- want --\nmood: good\n", "-- case --\nboot: barefoot\n", "-- other --\na: b\n", "-- want --\nstatus\n", "-- want --\nstatus:\n"} {
		if o, err := parseObservation(bad); err == nil || o != nil {
			t.Errorf("%q was read: %+v", bad, o)
		}
	}
}
