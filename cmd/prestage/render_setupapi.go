package main

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"prestage"
	"prestage/authenticode/winerror"
	"prestage/inf/setupapi"
)

// renderSetupAPI writes the log that each target would write: a log for each
// target, in the dialect of its release, with a section for each package that
// has something for it. The names that a machine makes up are written as zeros,
// the times are that of the report.
func renderSetupAPI(w io.Writer, r *prestage.Report, s style) error {
	for i, t := range targetsOf(r) {
		if i > 0 {
			if _, err := io.WriteString(w, "\r\n"); err != nil {
				return err
			}
		}
		if err := renderTarget(w, r, t, s); err != nil {
			return err
		}
	}
	return nil
}

// targetsOf are the targets of the report that have a log, in order.
func targetsOf(r *prestage.Report) []prestage.TargetReport {
	var all []prestage.TargetReport
	for i := range r.Packages {
		for _, v := range r.Packages[i].Verdicts {
			if v.Outcome != prestage.NotApplicable.String() && !slices.Contains(all, v.Target) {
				all = append(all, v.Target)
			}
		}
	}
	return all
}

func renderTarget(w io.Writer, r *prestage.Report, t prestage.TargetReport, s style) error {
	release, ok := prestage.WindowsNamed(t.OS)
	if !ok {
		return fmt.Errorf("%s: no such release", t.OS)
	}
	d, ok := setupapi.DialectNamed(release.Dialect)
	if !ok {
		return fmt.Errorf("%s: its logs are of no known form", t.OS)
	}
	out := setupapi.NewWriter(w, d)
	out.At = r.At
	product := "1"
	if release.Server {
		product = "3"
	}
	out.Header(setupapi.Header{
		Title:     "Device Install Log",
		OSVersion: fmt.Sprintf("%d.%d.%d", release.Major, release.Minor, release.Build), ServicePack: "0.0",
		Suite: "0x0100", ProductType: product, Architecture: t.Arch,
	})
	out.Boot()
	for i := range r.Packages {
		p := &r.Packages[i]
		for j := range p.Verdicts {
			v := &p.Verdicts[j]
			if v.Target != t || v.Outcome == prestage.NotApplicable.String() {
				continue
			}
			out.WriteImport(predictedImport(p, v, s))
			if s.ranked {
				writeNodes(out, p, v)
			}
		}
	}
	return out.Err()
}

// The names that a machine makes up.
const (
	unknownFolder = `C:\Windows\System32\DriverStore\Temp\{00000000-0000-0000-0000-000000000000}`
	unknownHash   = "0000000000000000"
	unknownNumber = "oem0.inf"
	storeFolder   = `C:\Windows\System32\DriverStore\FileRepository\`
)

// predictedImport is the import that a verdict predicts. Where somebody is
// asked, it is told as the verdict is: the answer is yes, with the box "Always
// trust software from" ticked.
func predictedImport(p *prestage.PackageReport, v *prestage.VerdictReport, s style) *setupapi.Import {
	name := path.Base(p.INF)
	m := &setupapi.Import{
		INF: windowsPath(p.INF), Provider: p.Provider, ClassGUID: strings.ToUpper(p.ClassGUID),
		DriverVersion: logVersion(p), Catalog: catalogName(p, v),
		CatalogValid: catalogReadable(p, v),
		Copies:       copiesOf(p, v),
	}
	m.Verifications = predictedPasses(v, name, m.Catalog)
	if v.Outcome == prestage.Refused.String() {
		code := codeOf(v.StatusCode)
		m.Status = setupapi.Status{Result: setupapi.Failure, Code: uint32(code)}
		m.StatusMessage = systemMessage(code)
		m.Refused = refusalLines(p, v, name, m.Catalog)
		return m
	}
	m.Status = setupapi.Status{Result: setupapi.Success}
	m.Prompt.Accepted = v.Prompt == prestage.PromptPublisher.String()
	m.Prompt.CertificateInstalled = m.Prompt.Accepted
	score := v.SignerScore
	m.SignerName = v.SignerName
	if v.ImportScore != nil {
		score, m.SignerName = *v.ImportScore, "<unknown>"
	}
	m.Score = setupapi.Score{Value: uint32(codeOf(score.Value)), HasValue: true, Label: importLabel(score)}
	m.SubmissionID = submission(p, v)
	m.StoreName = strings.ToLower(name) + "_" + v.Target.Arch + "_" + unknownHash
	m.StorePath = storeFolder + m.StoreName
	m.Published = unknownNumber
	if v.Rank != nil && !s.ranked {
		m.DeviceIDs = len(v.Rank.IDs) // of a device that was asked for, only its own are there
	}
	return m
}

func windowsPath(name string) string { return strings.ReplaceAll(name, "/", `\`) }

// logVersion is DriverVer as an import logs it: "10/02/2023,1.2.0.124".
func logVersion(p *prestage.PackageReport) string {
	date, err := time.Parse(time.DateOnly, p.DriverDate)
	if err != nil {
		return ""
	}
	return date.Format("01/02/2006") + "," + p.DriverVersion
}

// catalogFor is the catalog of the verdict's architecture.
func catalogFor(p *prestage.PackageReport, v *prestage.VerdictReport) *prestage.CatalogReport {
	for i := range p.Catalogs {
		if slices.Contains(p.Catalogs[i].Architectures, v.Target.Arch) {
			return &p.Catalogs[i]
		}
	}
	return nil
}

func catalogName(p *prestage.PackageReport, v *prestage.VerdictReport) string {
	if c := catalogFor(p, v); c != nil {
		return path.Base(c.Path)
	}
	return ""
}

// catalogReadable reports whether Windows calls the catalog valid, by which it
// means that it can be read and is signed by whomever.
func catalogReadable(p *prestage.PackageReport, v *prestage.VerdictReport) bool {
	c := catalogFor(p, v)
	return c != nil && c.Present && c.Error == "" && len(c.Signatures) > 0
}

func submission(p *prestage.PackageReport, v *prestage.VerdictReport) string {
	if c := catalogFor(p, v); c != nil {
		for _, a := range c.Attributes {
			if a.Name == "Submission ID" {
				return a.Value
			}
		}
	}
	return ""
}

// importLabel is the label of an import, which differs from that of a driver
// node in one case: "Inbox", not "INBOX" (windows-evidence, section 1).
func importLabel(s prestage.ScoreReport) string {
	if s.Value == prestage.ScoreInbox.Hex() {
		return "Inbox"
	}
	return s.Label
}

// copiesOf are the files that come into the store's own folder, in the order of
// their names.
func copiesOf(p *prestage.PackageReport, v *prestage.VerdictReport) []setupapi.Copy {
	folder := path.Dir(p.INF)
	var names []string
	add := func(name string) {
		name = strings.TrimPrefix(name, strings.TrimSuffix(folder, "/")+"/")
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			names = append(names, name)
		}
	}
	for _, f := range p.Files {
		if f.State != "missing" && (len(f.Architectures) == 0 || slices.Contains(f.Architectures, v.Target.Arch)) {
			add(f.Path)
		}
	}
	if c := catalogFor(p, v); c != nil && c.Present {
		add(c.Path)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	from := ""
	if folder != "." {
		from = windowsPath(folder) + `\`
	}
	var all []setupapi.Copy
	for _, n := range names {
		n = windowsPath(n)
		all = append(all, setupapi.Copy{From: from + n, To: unknownFolder + `\` + n})
	}
	return all
}

func predictedPasses(v *prestage.VerdictReport, name, catalog string) []setupapi.Verification {
	var all []setupapi.Verification
	for i, hex := range v.LogCodes {
		code := codeOf(hex)
		all = append(all, setupapi.Verification{
			Pass: i + 1, Key: name, FilePath: unknownFolder + `\` + name, Catalog: unknownFolder + `\` + catalog,
			Exit: setupapi.Exit{Seen: true, HasCode: true, Code: uint32(code)}, Message: systemMessage(code),
		})
	}
	return all
}

// refusalLines say why a package was refused (windows-evidence, section 2, rows
// 8 to 17). Windows 7 and older say nothing but the code.
func refusalLines(p *prestage.PackageReport, v *prestage.VerdictReport, name, catalog string) []setupapi.Refusal {
	if w, ok := prestage.WindowsNamed(v.Target.OS); !ok || w.Dialect == "7" {
		return nil
	}
	last := winerror.OK
	if n := len(v.LogCodes); n > 0 {
		last = codeOf(v.LogCodes[n-1])
	}
	for _, row := range refusalTexts {
		if row.inf && !infAltered(p) {
			continue
		}
		if row.fits(codeOf(v.StatusCode), last, v.Target.User) {
			var all []setupapi.Refusal
			for _, text := range row.lines {
				text = strings.NewReplacer("%i", name, "%c", catalog, "%e", v.StatusCode).Replace(text)
				all = append(all, setupapi.Refusal{Category: "sig", Text: text})
			}
			return all
		}
	}
	return nil
}

// infAltered reports whether it is the INF that the catalog does not list.
func infAltered(p *prestage.PackageReport) bool {
	return slices.ContainsFunc(p.Files, func(f prestage.FileReport) bool {
		return f.Role == prestage.RoleINF.String() && f.State != "covered"
	})
}

// refusalTexts are searched for the first row that fits. A row with inf is for
// packages whose INF was altered: what Windows logs of another file is not
// known but for its last words.
var refusalTexts = []struct {
	inf   bool
	fits  func(status, last winerror.Code, user string) bool
	lines []string
}{
	{
		true,
		func(status, _ winerror.Code, _ string) bool { return status == winerror.SetupFileHashNotInCatalog },
		[]string{
			"Driver package INF file hash is not present in catalog file.", "Filename = %i", "Error = %e",
			"Driver package appears to be tampered, and Code Integrity is enforced.",
		},
	},
	{
		false,
		func(status, _ winerror.Code, _ string) bool { return status == winerror.SetupFileHashNotInCatalog },
		[]string{"Driver package appears to be tampered, and Code Integrity is enforced."},
	},
	{
		false,
		func(status, _ winerror.Code, user string) bool {
			return status == winerror.SetupTrustNotEstablished && user == prestage.System.String()
		},
		[]string{
			"Driver package signer is unknown, and failed to inform user. Error = %e",
			"Cannot display UI to non-interactive caller. Error = 0x000005B3",
		},
	},
	{
		false,
		func(status, _ winerror.Code, _ string) bool { return status == winerror.SetupPublisherNotTrusted },
		[]string{"Driver package signer is not trusted by system, and Code Integrity is enforced."},
	},
	{
		false,
		func(status, last winerror.Code, _ string) bool {
			return status == winerror.SetupDriverStoreAddFailed && last == winerror.TrustNoSignature
		},
		[]string{"Driver package catalog file does not contain a signature, and Code Integrity is enforced."},
	},
	{
		false,
		func(status, _ winerror.Code, user string) bool {
			return status == winerror.SetupDriverStoreAddFailed && user == prestage.System.String()
		},
		[]string{"Catalog signer is untrusted. No error message will be displayed as client is running in non-interactive mode."},
	},
	{
		false,
		func(status, _ winerror.Code, _ string) bool { return status == winerror.SetupDriverStoreAddFailed },
		[]string{"Driver package catalog file certificate does not belong to Trusted Root Certificates, and Code Integrity is enforced."},
	},
	{
		false,
		func(status, last winerror.Code, _ string) bool {
			return status == last && status == winerror.CertWrongUsage
		},
		[]string{"An unexpected error occurred while validating driver package. Catalog = %c, Error = %e"},
	},
	{
		false,
		func(status, last winerror.Code, _ string) bool { return status == last && status != winerror.OK },
		[]string{
			"An unexpected error occurred while validating driver package. Catalog = %c, Error = %e",
			"Driver package is considered unsigned, and Code Integrity is enforced.",
		},
	},
}

// writeNodes writes the search for the drivers of the device that was asked
// for, as a section of its own.
func writeNodes(w *setupapi.Writer, p *prestage.PackageReport, v *prestage.VerdictReport) {
	if v.Rank == nil || len(v.Rank.IDs) == 0 {
		return
	}
	w.Begin("Device Install (Hardware initiated)", v.Rank.IDs[0].ID, "")
	w.Open("dvi", "Build Driver List", "")
	store := storeFolder + strings.ToLower(path.Base(p.INF)) + "_" + v.Target.Arch + "_" + unknownHash + `\` + strings.ToLower(path.Base(p.INF))
	var nodes []*setupapi.DriverNode
	for i, id := range v.Rank.IDs {
		rank := codeOf(id.Rank)
		n := &setupapi.DriverNode{
			HardwareID: id.ID, INF: store, Published: unknownNumber, Rank: uint32(rank), HasRank: true,
			Score:         setupapi.Score{Value: uint32(codeOf(v.SignerScore.Value)), HasValue: true, Label: v.SignerScore.Label},
			DriverVersion: p.DriverVersion, SubmissionID: submission(p, v),
			Status: []string{"Outranked"},
		}
		if date, err := time.Parse(time.DateOnly, p.DriverDate); err == nil {
			n.DriverDate = date.Format("01/02/2006")
		}
		if i == 0 {
			n.Status = []string{"Selected"}
		}
		nodes = append(nodes, n)
		w.WriteNode(n)
	}
	w.Close(0)
	for _, n := range nodes {
		w.WriteListed(n, p.ClassGUID)
	}
	w.End(setupapi.Status{Result: setupapi.Success})
}
