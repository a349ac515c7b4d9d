package setupapi

import (
	"fmt"
	"slices"
	"strings"
)

// WriteImport writes the whole section of an import, from its title to its exit
// status. What the import does not know is left out; what the release does not
// log is left out too. The import succeeds if its status says so. The messages
// of codes are those of the passes.
//
// The codes of the passes, the score and the labels are written as they are:
// whether they belong together is not this package's business.
func (w *Writer) WriteImport(m *Import) {
	d := &w.d.dialect
	w.Begin(d.title, m.INF, m.Command)
	if d.title == importTitle {
		w.fields("inf", ": ", [][2]string{
			{"Provider", m.Provider}, {"Class GUID", m.ClassGUID},
			{"Driver Version", m.DriverVersion}, {"Catalog File", m.Catalog},
		})
	}
	staged := w.gather(m)
	if d.importFlags && m.Flags != "" {
		w.Entry(Plain, "ump", "Import flags: "+m.Flags)
	}
	if d.title == importTitle {
		w.Open("pol", "Driver package policy check", "")
		w.Close(0)
	}
	w.stage(m, staged)
	w.End(m.Status)
}

// fields writes those fields that have a value.
func (w *Writer) fields(category, sep string, fields [][2]string) {
	for _, f := range fields {
		if f[1] != "" {
			w.Entry(Plain, category, f[0]+sep+f[1])
		}
	}
}

// gather writes how the package is copied to a folder of the user, and returns
// the INF's path from then on.
func (w *Writer) gather(m *Import) (inf string) {
	if !w.d.copyPackage || m.Gathered == "" {
		return m.INF
	}
	w.Open("sto", "Copy Driver Package", m.INF)
	w.fields("sto", "", [][2]string{
		{"Driver Package = ", m.INF}, {"Flags          = ", "0x00000007"}, {"Destination    = ", m.Gathered},
	})
	w.Entry(Plain, "sto", "Copying driver package files to '"+m.Gathered+"'.")
	w.copies(m, func(c *Copy) bool { return inFolder(c.To, m.Gathered) })
	w.Close(0)
	return m.Gathered + `\` + baseName(m.INF)
}

func (w *Writer) copies(m *Import, which func(*Copy) bool) {
	if w.d.commit {
		w.Open("flq", "FILE_QUEUE_COMMIT", "")
	}
	for i := range m.Copies {
		if c := &m.Copies[i]; which(c) {
			w.Entry(Plain, "flq", "Copying '"+c.From+"' to '"+c.To+"'.")
		}
	}
	if w.d.commit {
		w.Close(0)
	}
}

// inFolder reports whether a path of Windows lies in a folder.
func inFolder(path, folder string) bool {
	return len(path) > len(folder) && folder != "" && path[len(folder)] == '\\' && strings.EqualFold(path[:len(folder)], folder)
}

func baseName(path string) string {
	return path[strings.LastIndexAny(path, `\/`)+1:]
}

// stage writes the import proper.
func (w *Writer) stage(m *Import, inf string) {
	d := &w.d.dialect
	ok, code := m.Status.Result == Success, m.Status.Code
	w.Open("sto", d.stage, inf)
	if d.versionFields {
		w.fields("inf", "", [][2]string{
			{"Provider       = ", m.Provider}, {"Class GUID     = ", strings.ToLower(m.ClassGUID)},
			{"Driver Version = ", m.DriverVersion}, {"Catalog File   = ", m.Catalog}, {"Version Flags  = ", m.VersionFlags},
		})
	}
	if len(m.Configuration) > 0 {
		w.Open("inf", "Query Configurability", inf)
		for i := range m.Configuration {
			w.Entry(m.Configuration[i].Severity, m.Configuration[i].Category, m.Configuration[i].Message)
		}
		w.Close(0)
	}
	w.copies(m, func(c *Copy) bool { return !inFolder(c.To, m.Gathered) })
	w.validate(m, ok)
	if ok {
		w.signer(m)
		w.store(m)
		w.Close(0)
		return
	}
	w.refused(m, inStage)
	w.Close(code)
	w.refused(m, inSection)
}

// validate writes the passes over the INF, and what the user said.
func (w *Writer) validate(m *Import, ok bool) {
	d := &w.d.dialect
	w.Open("sto", d.validation, "")
	if d.catalogValid != "" && m.CatalogValid {
		w.Entry(Plain, "sig", d.catalogValid)
	}
	for i := range m.Verifications {
		w.pass(&m.Verifications[i])
	}
	if m.Prompt.Accepted {
		w.Entry(Warning, d.trustCategory, d.trustText)
	}
	if m.Prompt.Accepted && m.Prompt.CertificateInstalled {
		w.Entry(Plain, "sig", "Driver package certificate was successfully installed.")
	}
	if !ok {
		for _, r := range m.Refused {
			if !w.formal(m, r.Text) {
				w.Entry(Error, r.Category, r.Text)
			}
		}
		w.refused(m, inValidation)
		w.Close(m.Status.Code)
		return
	}
	if d.packageValid[0] != "" {
		w.Entry(Plain, "sto", strings.ReplaceAll(d.packageValid[0], "%s", m.Catalog))
		w.Entry(Plain, "sto", d.packageValid[1])
	}
	w.Close(0)
}

// The results of a second pass that count as success: the file is signed by a
// trusted publisher, by one of which Windows must ask, by one who is not trusted.
const (
	trustedPublisher   = 0xE0000241
	publisherUntrusted = 0xE0000243
)

// pass writes one pass. Its texts follow from the pass and its code.
func (w *Writer) pass(v *Verification) {
	w.Open("sig", verifyContext, "")
	w.fields("sig", "", [][2]string{{"Key      = ", v.Key}, {"FilePath = ", v.FilePath}, {"Catalog  = ", v.Catalog}})
	catalog := "catalog"
	against := "specific (valid) catalog"
	if v.Pass > 1 {
		catalog, against = "Authenticode(tm) catalog", "specific Authenticode(tm) catalog"
	}
	code := v.Exit.Code
	signed := code == trustedPublisher || code == trustNotEstablished || code == publisherUntrusted
	severity := Warning
	switch {
	case v.Exit.OK() || signed:
		severity = Plain
		w.Entry(Plain, "sig", "Success: File is signed in "+catalog+".")
	case w.d.failureCode:
		w.Entry(Warning, "sig", fmt.Sprintf("Verifying file against %s failed! (0x%08x)", against, code))
	default:
		w.Entry(Warning, "sig", "Verifying file against "+against+" failed.")
	}
	if code != 0 {
		w.Entry(severity, "sig", fmt.Sprintf("Error 0x%08x: %s", code, v.Message))
	}
	w.Close(code)
}

// refused writes that part of the block of errors.
func (w *Writer) refused(m *Import, where int) {
	for _, r := range w.d.refused {
		if r.where == where {
			w.Entry(r.severity, r.category, r.words(m))
		}
	}
}

func (r *refusal) words(m *Import) string {
	code := m.Status.Code
	return strings.NewReplacer("%s", fmt.Sprintf("0x%08X", code), "%d", fmt.Sprintf("0x%08x", code), "%m", m.StatusMessage).Replace(r.text)
}

// formal reports whether a text is of the block that every refused import has:
// in an import that was read, it stands among the reasons.
func (w *Writer) formal(m *Import, text string) bool {
	return slices.ContainsFunc(w.d.refused, func(r refusal) bool { return r.words(m) == text })
}

// signer writes score, name and submission.
func (w *Writer) signer(m *Import) {
	d := &w.d.dialect
	if !m.Score.HasValue {
		return
	}
	levels := 0
	if d.scoreHead != "" {
		w.Entry(Plain, d.scoreCategory, d.scoreHead)
		levels = 1
	}
	score := fmt.Sprintf("0x%08X", m.Score.Value)
	if d.scoreLabel && m.Score.Label != "" {
		score += " (" + m.Score.Label + ")"
	}
	for _, f := range [...][2]string{{d.scoreName, score}, {d.signerName, m.SignerName}, {d.submission, m.SubmissionID}} {
		if f[0] != "" && f[1] != "" {
			w.Indented(levels, Plain, d.scoreCategory, f[0]+" = "+f[1])
		}
	}
}

// store writes how an accepted package comes into the driver store, as far as
// its names are known.
func (w *Writer) store(m *Import) {
	d := &w.d.dialect
	if m.StoreName == "" || m.Published == "" {
		return
	}
	if d.core != "" {
		w.Open("sto", d.core, m.StoreName)
	}
	w.Open("sto", d.importBegin, "")
	w.Close(0)
	if from := sourceFolder(m); from != "" && m.StorePath != "" {
		w.Open("cpy", "Copy Directory", from)
		w.Entry(Plain, "cpy", "Target Path = "+m.StorePath)
		w.Close(0)
	}
	w.register(m)
	w.Open("sto", d.importEnd, "")
	if d.flushedFiles {
		w.Entry(Plain, "dvi", "Flushed all driver package files to disk. Time = 0 ms")
	}
	if m.Catalog != "" {
		w.Entry(Plain, "sig", "Installed catalog '"+m.Catalog+"' as '"+strings.TrimSuffix(m.Published, ".inf")+".cat'.")
	}
	w.Close(0)
	if d.core != "" {
		w.Close(0)
	}
}

// sourceFolder is where the package was verified, in the store's own folder for
// files that are not yet accepted.
func sourceFolder(m *Import) string {
	if len(m.Verifications) == 0 {
		return ""
	}
	path := m.Verifications[0].FilePath
	return path[:max(strings.LastIndexByte(path, '\\'), 0)]
}

// register writes the entries in the driver database.
func (w *Writer) register(m *Import) {
	database := m.Database
	if database == "" {
		database = "DRIVERS"
	}
	inf := m.StoreName
	if m.StorePath != "" {
		inf = m.StorePath + `\` + baseName(m.INF)
	}
	w.Open("idb", "Register Driver Package", inf)
	w.Entry(Plain, "idb", "Created driver package object '"+m.StoreName+"' in "+database+" database node.")
	w.Entry(Plain, "idb", "Created driver INF file object '"+m.Published+"' in "+database+" database node.")
	w.Entry(Plain, "idb", "Registered driver package '"+m.StoreName+"' with '"+m.Published+"'.")
	w.Close(0)
	w.Open("idb", "Publish Driver Package", inf)
	w.Entry(Plain, "idb", "Activating driver package '"+m.StoreName+"'.")
	w.Entry(Plain, "cpy", "Published '"+m.StoreName+`\`+strings.ToLower(baseName(m.INF))+"' to '"+m.Published+"'.")
	for i := range m.Ignored {
		w.Entry(Warning, "inf", m.Ignored[i].Message)
	}
	if m.DeviceIDs > 0 {
		w.Entry(Plain, "idb", fmt.Sprintf("Indexed %d device IDs for '%s'.", m.DeviceIDs, m.StoreName))
	}
	if database == "DRIVERS" {
		w.Entry(Plain, "sto", "Flushed driver database node 'DRIVERS'. Time = 0 ms")
	}
	w.Entry(Plain, "sto", "Flushed driver database node 'SYSTEM'. Time = 0 ms")
	w.Close(0)
}

// WriteNode writes a driver node in the form of the search for drivers, and,
// where the release lists the candidates, WriteListed writes it with its fate.
func (w *Writer) WriteNode(n *DriverNode) {
	w.Entry(Plain, "dvi", "Created Driver Node:")
	rank := ""
	if n.HasRank {
		rank = fmt.Sprintf("0x%08x", n.Rank)
	}
	w.dashes("dvi", [][2]string{
		{"HardwareID  ", n.HardwareID}, {"InfName     ", n.INF}, {"DevDesc     ", n.Description}, {"Section     ", n.Section},
		{"Rank        ", rank}, {"Signer Score", n.Score.Label}, {"DrvDate     ", n.DriverDate}, {"Version     ", n.DriverVersion},
	})
}

// WriteListed writes a node as a candidate with its fate. Releases before
// Windows 10 2004 have no such list: then nothing is written.
func (w *Writer) WriteListed(n *DriverNode, classGUID string) {
	if !w.d.listed {
		return
	}
	w.Entry(Plain, "utl", "Driver Node:")
	rank, score := "", ""
	if n.HasRank {
		rank = fmt.Sprintf("%08X", n.Rank)
	}
	if n.Score.HasValue {
		score = fmt.Sprintf("%s (%08X)", n.Score.Label, n.Score.Value)
	}
	w.dashes("utl", [][2]string{
		{"Status        ", strings.Join(n.Status, " | ")}, {"Driver INF    ", n.Published + " (" + n.INF + ")"},
		{"Class GUID    ", classGUID}, {"Driver Version", n.DriverDate + "," + n.DriverVersion},
		{"Configuration ", n.HardwareID}, {"Driver Rank   ", rank}, {"Signer Score  ", score},
		{"Submission ID ", n.SubmissionID},
	})
}

func (w *Writer) dashes(category string, fields [][2]string) {
	for _, f := range fields {
		if f[1] != "" {
			w.Indented(1, Plain, category, f[0]+" - "+f[1])
		}
	}
}
