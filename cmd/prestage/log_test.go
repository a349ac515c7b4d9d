package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"prestage"
	"prestage/inf/setupapi"
)

// TestSetupAPIGolden: the predicted logs, a file for each. They are compared
// with LF endings.
func TestSetupAPIGolden(t *testing.T) {
	for _, tt := range []struct {
		name, pkg, target string
		args              []string
	}{
		{"win7-asked", "third-party-timestamped", "win7/amd64", []string{"root"}},
		{"win7-unsigned", "unsigned-catalog", "win7/amd64", nil},
		{"win10-1507-asked", "third-party-timestamped", "win10-1507/amd64", []string{"root"}},
		{"win10-1809-trusted", "third-party-timestamped", "win10-1809/amd64", []string{"root", "publisher"}},
		{"win11-trusted-ranked", "third-party-timestamped", "win11/amd64", []string{"root", "publisher", "device"}},
		{"win11-altered-inf", "altered-inf", "win11/amd64", []string{"root"}},
		{"win11-altered-sys", "altered-sys", "win11/amd64", []string{"root"}},
		{"win11-no-catalog", "no-catalog", "win11/amd64", []string{"root"}},
		{"win11-no-desktop", "third-party-timestamped", "win11/amd64/system", []string{"root"}},
		{"win11-unsigned-catalog", "unsigned-catalog", "win11/amd64", nil},
		{"win11-untrusted-root", "self-signed", "win11/amd64", nil},
		{"win11-expired", "expired-no-timestamp", "win11/amd64", []string{"root"}},
		{"win11-arm64-publisher", "multi-arch", "win11/arm64", []string{"root", "publisher"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{"check", "--format", "setupapi", "--at", "2026-11-20T12:00:00Z", "--require", "none", "--target", tt.target}
			for _, a := range tt.args {
				args = append(args, map[string]string{
					"root": "--root=../../testdata/stores/contoso-root.pem", "publisher": "--trusted-publisher=../../testdata/stores/fabrikam-publisher.pem",
					"device": `--hwid=USB\VID_1209&PID_F00D&REV_0100`,
				}[a])
			}
			if slices.Contains(tt.args, "device") {
				args = append(args, `--hwid=USB\VID_1209&PID_F00D`)
			}
			got := output(t, append(args, "../../testdata/packages/"+tt.pkg)...)
			if strings.Count(got, "\r\n") != strings.Count(got, "\n") {
				t.Error("a line does not end as lines of Windows do")
			}
			checkReadsBack(t, got)
			got = strings.ReplaceAll(got, "\r\n", "\n")
			golden := filepath.Join("testdata", "setupapi", tt.name+".log")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := gocmp.Diff(string(want), got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// output runs the program and returns what it prints.
func output(t *testing.T, args ...string) string {
	t.Helper()
	var out, diagnostics bytes.Buffer
	code := run(args, environment{stdout: &out, stderr: &diagnostics, now: func() time.Time { return time.Time{} }, getenv: func(string) string { return "" }})
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, diagnostics.String())
	}
	return out.String()
}

// checkReadsBack: what is predicted is a log like any other, of one import.
func checkReadsBack(t *testing.T, log string) {
	t.Helper()
	imports := 0
	for s, err := range setupapi.NewReader(strings.NewReader(log), setupapi.Options{}).Sections() {
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Lines {
			if l := &s.Lines[i]; l.Kind == setupapi.KindUnknown || l.Loose {
				t.Errorf("%s: not what Windows writes: %q", l.Pos, l.Text)
			}
		}
		imports += len(s.Imports())
	}
	if imports != 1 {
		t.Errorf("%d imports", imports)
	}
}

// TestReleaseOf: the release that a header names.
func TestReleaseOf(t *testing.T) {
	for _, tt := range []struct{ version, product, want string }{
		{"10.0.22621", "1", "win11-22h2"},
		{"10.0.22629", "1", "win11-22h2"}, // between two releases
		{"10.0.10240", "1", "win10-1507"},
		{"10.0.26300", "1", "win11-25h2"},
		{"10.0.17763", "3", "server2019"},
		{"10.0.14393", "2", "server2016"},
		{"6.1.7601", "1", "win7"},
		{"6.3.9600", "3", "server2012r2"},
		{"6.0.6002 Service Pack 2", "1", "vista"},
		{"5.1.2600", "1", ""},
		{"10.0", "1", ""},
		{"10.0.x", "1", ""},
		{"-10.0.1", "1", ""},
		{"", "1", ""},
	} {
		w, err := releaseOf(setupapi.Header{OSVersion: tt.version, ProductType: tt.product})
		got := ""
		if err == nil {
			got = w.Name
		}
		if got != tt.want {
			t.Errorf("%s product %s: %q (%v), want %q", tt.version, tt.product, got, err, tt.want)
		}
	}
}

// TestDecodeRank: the ranks of windows-evidence, section 3, in words.
func TestDecodeRank(t *testing.T) {
	for rank, want := range map[uint32]string{
		0x00ff0000: "signed, all signatures being equal, no feature score, hardware id 1 of the device is the INF's hardware id",
		0x00ff2001: "signed, all signatures being equal, no feature score, compatible id 2 of the device is the INF's hardware id",
		0x00ff1002: "signed, all signatures being equal, no feature score, hardware id 3 of the device is a compatible id of the INF",
		0x00ff3101: "signed, all signatures being equal, no feature score, compatible id 2 of the device is compatible id 2 of the INF",
		0x00f80003: "signed, all signatures being equal, feature score 0xF8, hardware id 4 of the device is the INF's hardware id",
		0x0dff0000: "signed by Microsoft, no feature score, hardware id 1 of the device is the INF's hardware id",
		0x80cf0000: "not signed, feature score 0xCF, hardware id 1 of the device is the INF's hardware id",
		0xc0ffffff: "not signed, and made for Windows 9x, no feature score, identifier score 0xFFFF",
	} {
		if got := decodeRank(rank); got != want {
			t.Errorf("0x%08X: %s, want %s", rank, got, want)
		}
	}
}

// TestOutranked: rank, then date, then version.
func TestOutranked(t *testing.T) {
	node := func(rank uint32, date, version string) *setupapi.DriverNode {
		return &setupapi.DriverNode{INF: `c:\x\best.inf`, Rank: rank, HasRank: true, DriverDate: date, DriverVersion: version}
	}
	best := node(0x00ff0001, "03/21/2024", "2.0")
	for want, n := range map[string]*setupapi.DriverNode{
		"its signature counts for more":             node(0x80ff0001, "03/21/2024", "2.0"),
		"it matches by a better kind of id":         node(0x00ff2001, "03/21/2024", "2.0"),
		"it matches an id that the device lists":    node(0x00ff0002, "03/21/2024", "2.0"),
		"whose date 03/21/2024 is newer":            node(0x00ff0001, "01/21/2024", "3.0"),
		"whose version 2.0 won over 1.0":            node(0x00ff0001, "03/21/2024", "1.0"),
		"ranks better than best.inf":                node(0x00ff0000, "03/21/2024", "1.0"),
		"same rank as best.inf, which was selected": node(0x00ff0001, "", ""),
	} {
		if got := outranked(n, best); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	featured := node(0x00f80001, "03/21/2024", "2.0")
	if got := outranked(best, featured); !strings.Contains(got, "a better feature score") {
		t.Errorf("%s, want the feature score", got)
	}
}

// TestRedact: nothing of a person or a machine is left, and what a case needs is.
func TestRedact(t *testing.T) {
	names := namesIn("jane doe /F")
	for _, tt := range []struct{ in, want string }{
		{`C:\Users\jane doe\AppData\Local\Temp\{1a68c03b-c314-7549-a760-8240ab735e32}\x.inf`, `C:\Users\USER\AppData\Local\Temp\{GUID}\x.inf`},
		{`C:\Documents and Settings\jane\x.inf`, `C:\Documents and Settings\USER\x.inf`},
		{`cmd: runas /user:JANE x`, `cmd: runas /user:USER x`},
		{`C:\Users\Public\x.inf`, `C:\Users\Public\x.inf`},
		{`from '\\fileserver\drivers\x.inf'`, `from '\\MACHINE\drivers\x.inf'`},
		{`\\?\C:\drivers\x.inf`, `\\?\C:\drivers\x.inf`},
		{`on DESKTOP-AB12CD3 by S-1-5-21-1-2-3-1001`, `on MACHINE by S-1-5-21-0`},
		{`mail a.b@example.com`, `mail USER@example.invalid`},
		{`     inf: Class GUID: {4D36E97D-E325-11CE-BFC1-08002BE10318}`, `     inf: Class GUID: {4D36E97D-E325-11CE-BFC1-08002BE10318}`},
		{`     sig: Signer Score = 0x0F000000`, `     sig: Signer Score = 0x0F000000`},
	} {
		if got := redact(tt.in, names); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
	for _, n := range namesIn("Driver") {
		t.Errorf("a word that logs are made of would be taken out: %q", n)
	}
}

// TestSince: a moment is local time of the machine, and must be one.
func TestSince(t *testing.T) {
	for _, s := range []string{"2026-11-20", "2026-11-20 12:00:00", "2026-11-20T12:00:00", "2026/11/20 12:00:00.000"} {
		if at, err := parseSince(s); err != nil || at.Day() != 20 {
			t.Errorf("%s: %v, %v", s, at, err)
		}
	}
	for _, s := range []string{"yesterday", "2026-13-01", "12:00:00"} {
		if _, err := parseSince(s); err == nil {
			t.Errorf("%s was read", s)
		}
	}
}

// corpusLogs are the logs of the corpus.
func corpusLogs(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("PRESTAGE_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	logs, err := filepath.Glob(filepath.Join(dir, "setupapi-logs", "*.log"))
	if err != nil || len(logs) == 0 {
		if os.Getenv("PRESTAGE_CORPUS_REQUIRED") == "1" {
			t.Fatalf("no logs in %s: %v", dir, err)
		}
		t.Skip("corpus not found: set PRESTAGE_CORPUS")
	}
	return logs
}

// TestCorpusPredictedSections: for imports of real machines, the section that is
// predicted is the one that Windows wrote, line by line after masking.
//
// The packages are not in the corpus. What the section says of a package (names,
// files, signer, submission) is taken from the log; what Windows decided is
// predicted, with a package that is signed in the same way.
func TestCorpusPredictedSections(t *testing.T) {
	compared := map[string]int{}
	for _, name := range corpusLogs(t) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r := setupapi.NewReader(bytes.NewReader(data), setupapi.Options{})
		for s, err := range r.Sections() {
			if err != nil {
				t.Fatal(err)
			}
			if s.Title != "Setup Import Driver Package" || !s.Imports()[0].Judged() {
				continue
			}
			m := s.Imports()[0]
			spec, err := targetOf(r.Header(), silent(m))
			if err != nil {
				t.Fatal(err)
			}
			kind, v := verdictLike(t, m, spec)
			compared[kind]++
			var b bytes.Buffer
			if err := renderSetupAPI(&b, reportOf(m, v), style{}); err != nil {
				t.Fatal(err)
			}
			if d := gocmp.Diff(maskSection(string(s.Bytes())), maskSection(afterHeader(b.String()))); d != "" {
				t.Errorf("%s %s (-Windows +predicted):\n%s", filepath.Base(name), s.Pos(), d)
			}
		}
	}
	for _, kind := range []string{"asked", "trusted", "microsoft"} {
		if compared[kind] == 0 {
			t.Errorf("the corpus has no import that was %s", kind)
		}
	}
	t.Logf("compared: %v", compared)
}

// verdictLike predicts for a package that is signed like the one of an import.
// Nobody can make Microsoft's signature, so its verdict is put together.
func verdictLike(t *testing.T, m *setupapi.Import, spec prestage.TargetSpec) (string, prestage.VerdictReport) {
	t.Helper()
	if strings.HasPrefix(m.SignerName, "Microsoft Windows") {
		score := prestage.ScoreWHQL
		if m.SignerName == "Microsoft Windows" {
			score = prestage.ScoreInbox
		}
		return "microsoft", prestage.VerdictReport{
			Target:  prestage.TargetReport{OS: spec.Windows.Name, Build: spec.Windows.Build, Arch: spec.Arch.String(), User: spec.User.String()},
			Outcome: "silent", Prompt: "none", StatusCode: "0x00000000", LogCodes: []string{"0x00000000"},
			SignerScore: prestage.ScoreReport{Value: score.Hex(), Label: score.String()},
		}
	}
	kind := "trusted"
	flags := storeFlags{roots: []string{"../../testdata/stores/contoso-root.pem"}, publishers: []string{"../../testdata/stores/fabrikam-publisher.pem"}}
	if m.Prompt.Accepted {
		kind, flags.publishers = "asked", nil
	}
	store, err := flags.store()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := prestage.OpenTree("../../testdata/packages/third-party-timestamped")
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	report, err := prestage.Check(prestage.Options{At: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), Store: store, Targets: []prestage.TargetSpec{spec}}, tree)
	if err != nil || len(report.Packages) != 1 {
		t.Fatalf("%v: %+v", err, report)
	}
	return kind, report.Packages[0].Verdicts[0]
}

// reportOf is the report on a package as an import shows it.
func reportOf(m *setupapi.Import, v prestage.VerdictReport) *prestage.Report {
	folder := strings.ReplaceAll(m.INF, `\`, "/")
	folder = folder[:strings.LastIndex(folder, "/")+1]
	date, version, _ := strings.Cut(m.DriverVersion, ",")
	at, _ := time.Parse("01/02/2006", date)
	arch := v.Target.Arch
	v.SignerName = m.SignerName
	v.Rank = &prestage.RankReport{IDs: make([]prestage.RankedID, m.DeviceIDs)}
	p := prestage.PackageReport{
		INF: strings.ReplaceAll(m.INF, `\`, "/"), Provider: m.Provider, ClassGUID: strings.ToLower(m.ClassGUID),
		DriverDate: at.Format(time.DateOnly), DriverVersion: version,
		Catalogs: []prestage.CatalogReport{{
			Path: folder + m.Catalog, Architectures: []string{arch}, Present: true, Signatures: make([]prestage.SignatureReport, 1),
			Attributes: []prestage.AttributeReport{{Name: "Submission ID", Value: m.SubmissionID}},
		}},
		Verdicts: []prestage.VerdictReport{v},
	}
	for _, c := range m.Copies {
		p.Files = append(p.Files, prestage.FileReport{Path: folder + baseOf(c.To), State: "covered", Architectures: []string{arch}})
	}
	return &prestage.Report{At: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), Packages: []prestage.PackageReport{p}}
}

func afterHeader(log string) string {
	return log[strings.Index(log, ">>>"):]
}

// What a package's bytes do not say: times, names that the machine makes up, the
// caller's command line and flags, and which node of the database is used, which
// depends on the start of the service.
var masks = []struct {
	find *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\d{2}:\d{2}:\d{2}\.\d{3}|\d{4}/\d{2}/\d{2}|Time = \d+ ms`), "…"},
	{regexp.MustCompile(`(?i)C:\\Users\\[^\\]+\\AppData\\Local\\Temp\\\{[0-9a-f-]{36}\}`), "SOURCE"},
	{regexp.MustCompile(`(?i)C:\\Windows\\System32\\DriverStore\\Temp\\\{[0-9a-f-]{36}\}`), "TEMP"},
	{regexp.MustCompile(`(?i)C:\\Windows`), "WINDOWS"},
	{regexp.MustCompile(`_[0-9a-f]{16}\b`), "_HASH"},
	{regexp.MustCompile(`\boem\d+\.`), "oemN."},
	{regexp.MustCompile(`in (?:SYSTEM|DRIVERS) database node`), "in … database node"},
}

// classGUID is in the INF's spelling, which a report does not keep.
var classGUID = regexp.MustCompile(`: Class GUID: .*`)

// notPredicted are lines that the caller or the INF's directives cause, not the
// signature.
var notPredicted = regexp.MustCompile(`^      cmd: |: +Import flags: |: +Version Flags  = |Flushed driver database node 'DRIVERS'|^!    inf: `)

// left are contexts of the same kind: the copy to a folder of the user, and the
// search of the INF for what it configures.
var left = regexp.MustCompile(`\{(?:Copy Driver Package|Query Configurability)`)

// maskSection masks lines, leaves out what is not predicted, and sorts the
// copies of a queue, whose order the INF makes.
func maskSection(section string) []string {
	var all []string
	inside := false
	staged := ""
	for line := range strings.Lines(section) {
		line = strings.TrimRight(line, "\r\n")
		if left.MatchString(line) {
			inside = !strings.Contains(line, "exit(")
			continue
		}
		if inside || line == "" || notPredicted.MatchString(line) {
			continue
		}
		line = classGUID.ReplaceAllStringFunc(line, func(s string) string { return ": Class GUID: " + strings.ToUpper(s[len(": Class GUID: "):]) })
		for _, m := range masks {
			line = m.find.ReplaceAllString(line, m.with)
		}
		if _, path, ok := strings.Cut(line, "{Stage Driver Package: "); ok && staged == "" {
			staged = path[:max(strings.LastIndexByte(path, '\\'), 0)]
		}
		if staged != "" {
			line = strings.ReplaceAll(line, staged+`\`, `SOURCE\`)
		}
		all = append(all, line)
	}
	isCopy := func(l string) bool { return strings.Contains(l, "Copying '") }
	for i := 0; i < len(all); i++ {
		j := i
		for j < len(all) && isCopy(all[j]) {
			j++
		}
		slices.SortFunc(all[i:j], func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
		i = max(i, j-1)
	}
	return all
}

// TestCorpusStories: real logs are told without a line that is not understood,
// no first pass over a third party's catalog is called a problem, and who was
// asked is known.
func TestCorpusStories(t *testing.T) {
	asked, thirdParty := 0, 0
	for _, name := range corpusLogs(t) {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		teller := logTeller{flags: &logFlags{}, path: name, reader: setupapi.NewReader(file, setupapi.Options{}), meter: &meter{}}
		err = teller.each(func(s toldStory) error {
			if strings.Contains(s.Prompt, "said yes, always") {
				asked++
			}
			for _, p := range s.Passes {
				if !p.Normal {
					t.Errorf("line %d: not normal: %s", p.Line, p.Says)
				}
				if p.Pass == 1 && p.Status.Code == "0x800B0109" {
					thirdParty++
				}
			}
			for _, n := range s.Nodes {
				if n.Rank == "" || n.Decoded == "" {
					t.Errorf("line %d: no rank", n.Line)
				}
			}
			if s.Result != "success" {
				t.Errorf("line %d: %s", s.Line, s.Result)
			}
			return nil
		})
		file.Close()
		if err != nil || teller.unknown > 0 || teller.told == 0 {
			t.Errorf("%s: %v, %d lines not understood, %d told", name, err, teller.unknown, teller.told)
		}
	}
	if asked != 1 || thirdParty != 2 {
		t.Errorf("asked %d times, %d catalogs of third parties; the logs have 1 and 2", asked, thirdParty)
	}
}

// TestMeter: how far the reading is, on a terminal only.
func TestMeter(t *testing.T) {
	if m := newMeter(environment{stderr: &bytes.Buffer{}}, largeLog*2); m.w != nil {
		t.Error("a meter where there is no terminal")
	}
	var b bytes.Buffer
	m := &meter{w: &b, size: 200, shown: -1}
	for _, offset := range []int64{0, 1, 100, 101, 250} {
		m.show(offset)
	}
	m.clear()
	if n := strings.Count(b.String(), "%"); n != 3 || !strings.Contains(b.String(), "  50%") || !strings.Contains(b.String(), "[########################################] 100%") {
		t.Errorf("%d changes: %q", n, b.String())
	}
}

// TestSameVersion: versions are numbers.
func TestSameVersion(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"5.0.26", "5.0.26.0", true},
		{"1.02.3.4", "1.2.3.4", true},
		{"1.2.3.4", "1.2.3.5", false},
		{"x", "y", false},
		{"0", "x", false},
		{"", "", true},
		{"1", "", false},
	} {
		if got := sameVersion(tt.a, tt.b); got != tt.same {
			t.Errorf("%q and %q: %v", tt.a, tt.b, got)
		}
	}
}

// TestPredictedLogsReadBack: what is predicted of every package of testdata for
// every release and kind of user reads back as the verdict that it was written
// from.
func TestPredictedLogsReadBack(t *testing.T) {
	stores := map[string]storeFlags{
		"nothing": {},
		"root":    {roots: []string{"../../testdata/stores/contoso-root.pem"}},
		"publisher": {roots: []string{"../../testdata/stores/contoso-root.pem"},
			publishers: []string{"../../testdata/stores/fabrikam-publisher.pem"}},
	}
	packages, err := filepath.Glob("../../testdata/packages/*")
	if err != nil || len(packages) < 30 {
		t.Fatalf("%d packages: %v", len(packages), err)
	}
	targets, err := prestage.ParseTargets("all,all/amd64/system,all/amd64/standard")
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]int{}
	for name, flags := range stores {
		store, err := flags.store()
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range packages {
			tree, err := prestage.OpenTree(dir)
			if err != nil {
				t.Fatal(err)
			}
			report, err := prestage.Check(prestage.Options{At: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), Store: store, Targets: targets}, tree)
			tree.Close()
			if err != nil {
				t.Fatal(err)
			}
			for i := range report.Packages {
				for _, v := range report.Packages[i].Verdicts {
					if v.Outcome == "not-applicable" {
						continue
					}
					outcomes[v.Outcome+" "+v.Prompt]++
					p := report.Packages[i]
					p.Verdicts = []prestage.VerdictReport{v}
					readsBackAs(t, name+" "+p.INF+" "+targetName(v.Target), &prestage.Report{At: report.At, Packages: []prestage.PackageReport{p}})
				}
			}
		}
	}
	for _, outcome := range []string{"silent none", "prompt publisher", "prompt unverified", "refuse none"} {
		if outcomes[outcome] == 0 {
			t.Errorf("no package is %s, so nothing is tested", outcome)
		}
	}
	t.Logf("outcomes: %v", outcomes)
}

// readsBackAs writes the log of a report on one package and one target, and
// compares what it says with the verdict.
func readsBackAs(t *testing.T, name string, report *prestage.Report) {
	t.Helper()
	var b bytes.Buffer
	if err := renderSetupAPI(&b, report, style{}); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	r := setupapi.NewReader(&b, setupapi.Options{})
	compared := 0
	for s, err := range r.Sections() {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, story := range storiesOf(s) {
			if story.imp == nil {
				continue
			}
			for _, c := range compareWith(story, &report.Packages[0].Verdicts[0]) {
				compared++
				if !c.Same {
					t.Errorf("%s: %s: the log says %s, the verdict %s", name, c.What, c.Logged, c.Predicted)
				}
			}
		}
	}
	if compared < 2 {
		t.Errorf("%s: %d things compared", name, compared)
	}
	spec, err := targetOf(r.Header(), false)
	if v := report.Packages[0].Verdicts[0].Target; err != nil || spec.Windows.Name != v.OS || spec.Arch.String() != v.Arch {
		t.Errorf("%s: the header says %+v, %v", name, spec, err)
	}
}

// FuzzLog: any file is told or refused, and what is told is harmless for a
// terminal.
func FuzzLog(f *testing.F) {
	seeds, err := filepath.Glob("testdata/setupapi/*.log")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range seeds {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, name := range []string{"log_microsoft.txtar", "log_tells.txtar"} {
		data, err := os.ReadFile(filepath.Join("testdata", "script", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data) // a log, after lines that are nothing known
	}
	f.Add([]byte(">>>  [Setup Import Driver Package - c:\\\x1b[2J.inf]\n>>>  Section start 2023/02/01 10:00:00.000\n<<<  [Exit status: FAILURE(0xe0000247)]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []string{"text", "json"} {
			var out bytes.Buffer
			flags := &logFlags{output: outputFlags{format: format, color: "never"}}
			env := environment{stdout: &out, stderr: &bytes.Buffer{}, getenv: func(string) string { return "" }}
			teller := logTeller{flags: flags, path: "x", reader: setupapi.NewReader(bytes.NewReader(data), setupapi.Options{}), meter: &meter{}}
			w := newStoryWriter(env, flags)
			err := teller.each(func(s toldStory) error {
				if s.imp != nil {
					recorded(teller.reader.Header(), s)
				}
				return w.story(s)
			})
			if err == nil {
				err = w.end(&teller)
			}
			if err != nil {
				continue
			}
			if strings.ContainsFunc(out.String(), func(r rune) bool { return r != '\n' && harmful(r) }) && format == "text" {
				t.Errorf("a terminal would be steered by %q", out.String())
			}
			if format == "json" && !json.Valid(out.Bytes()) {
				t.Errorf("not JSON: %s", out.String())
			}
		}
	})
}
