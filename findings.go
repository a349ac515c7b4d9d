package prestage

import (
	"crypto"
	"fmt"
	"path"
	"slices"
	"strings"

	"prestage/authenticode/winerror"
	"prestage/inf"
	"prestage/trust"
)

// findings says what the package's maker should know, the worst first. What
// depends on a target is left to the verdicts.
func findings(g Gatherer, p *Package, f *Facts) []Finding {
	var all []Finding
	add := func(found ...Finding) { all = append(all, found...) }
	add(infFindings(p, f)...)
	if len(f.Catalogs) == 0 {
		add(Finding{
			ID: "no-catalog-entry", Severity: Error, File: f.INF, Line: f.Version.Pos.Line,
			Message: "the INF names no catalog, so Windows takes the package as unsigned (0xE000022F): add CatalogFile = <name>.cat to [Version], make the catalog with Inf2Cat and have it signed",
		})
	}
	for _, name := range f.Included {
		add(Finding{
			ID: "include-in-package", Severity: Error, File: f.INF,
			Message: fmt.Sprintf("%s lies in this package, and Include or LayoutFile name it: that is for INFs of Windows itself (0xE0000003): put its sections into this INF", name),
		})
	}
	for _, name := range f.MissingINFs {
		add(Finding{
			ID: "copyinf-missing", Severity: Error, File: f.INF,
			Message: fmt.Sprintf("CopyINF names %s, which is not in the package (0x00000002): add it, with its own catalog", name),
		})
	}
	for _, c := range f.Catalogs {
		add(catalogFindings(g, p, f, c)...)
	}
	for _, file := range f.Files {
		add(fileFindings(f, file)...)
	}
	slices.SortStableFunc(all, findingOrder)
	return slices.Compact(all)
}

// infFindings passes on what the INF reader noticed.
func infFindings(p *Package, f *Facts) []Finding {
	var all []Finding
	for _, x := range slices.Concat(f.File.Findings, f.Version.Problems) {
		if x.ID == "no-catalog-file" || x.ID == "path" {
			continue // said in full below
		}
		all = append(all, Finding{ID: "inf-" + x.ID, Severity: severityOf(x.Severity), File: f.INF, Line: x.Pos.Line, Message: x.Message})
	}
	if ext := path.Ext(p.INF); !strings.EqualFold(ext, ".inf") {
		all = append(all, Finding{
			ID: "inf-renamed", Severity: Note, File: f.INF,
			Message: fmt.Sprintf("judged as if the file's name ended in .inf, not %s: a catalog lists contents, not names", ext),
		})
	}
	return all
}

func severityOf(s inf.Severity) Severity {
	switch s {
	case inf.SeverityError:
		return Error
	case inf.SeverityWarning:
		return Warning
	}
	return Note
}

func catalogFindings(g Gatherer, p *Package, f *Facts, c *CatalogFacts) []Finding {
	at := func(id string, s Severity, format string, args ...any) []Finding {
		return []Finding{{ID: id, Severity: s, File: c.Path, Message: fmt.Sprintf(format, args...)}}
	}
	switch {
	case !c.Present && len(f.Archs) > 0 && !slices.ContainsFunc(c.Archs, anyRuns):
		return []Finding{{
			ID: "catalog-missing", Severity: Note, File: f.INF, Line: c.Line,
			Message: fmt.Sprintf("%s = %s: there is no such file, and no target needs it", c.Key, c.Name),
		}}
	case !c.Present:
		all := []Finding{{
			ID: "catalog-missing", Severity: Error, File: f.INF, Line: c.Line,
			Message: fmt.Sprintf("%s = %s: there is no such file beside the INF, so Windows takes the package as unsigned (0xE000022F): ship the catalog in the same folder, under this name", c.Key, c.Name),
		}}
		return append(all, otherCatalogs(g, p, f, c)...)
	case c.Catalog == nil:
		return at("catalog-unreadable", Error, "%v; Windows takes the package as unsigned (0x800B0100)", c.Err)
	case !c.Signed():
		return at("catalog-not-signed", Error, "the catalog carries no signature (0x800B0100): submit the package to the Hardware Dev Center, or sign the catalog with signtool")
	}
	var all []Finding
	if c.Catalog.Version == 2 && !slices.Contains(c.Catalog.HashAlgorithms(), crypto.SHA256) {
		all = append(all, at("catalog-without-sha256", Error, "a version 2 catalog that lists files by SHA-1 only: Windows 8 and later look for SHA-256 and find nothing (0xE000024B): make the catalog anew, with HashAlgorithms=SHA256 where MakeCat makes it")...)
	}
	if err := c.setOrder(); err != nil {
		all = append(all, at("catalog-set-order", Error, "not strict DER: %v; since the updates of October 2020 Windows 8.1 and later take such a signature as absent (0x800B0100): make the catalog anew and sign it with a current tool", err)...)
	}
	return append(all, signatureFindings(c)...)
}

// signatureFindings is about who signed the catalog and for how long that
// counts.
func signatureFindings(c *CatalogFacts) []Finding {
	s := c.Primary()
	at := func(id string, sev Severity, format string, args ...any) []Finding {
		return []Finding{{ID: id, Severity: sev, File: c.Path, Message: fmt.Sprintf(format, args...)}}
	}
	if p := s.Problem(); p != nil {
		return at("signature-invalid", Error, "the signature does not hold: %v; the catalog was changed after it was signed, or damaged on its way: take the original again", p)
	}
	if s.Verdict.Trusted {
		if s.Verdict.SignedAt.IsZero() && s.Signature.Signer != nil {
			return at("no-timestamp", Warning, "no time stamp proves when it was signed, so the signature ends with the certificate on %s: sign with /tr and /td", s.Signature.Signer.NotAfter.UTC().Format("2006-01-02"))
		}
		return nil
	}
	var all []Finding
	for i, problem := range s.Verdict.Problems {
		severity := Error
		if i > 0 {
			severity = Note // the first is the one that Windows reports
		}
		message := problem.Error()
		if i == 0 && s.lifetimeSigning() {
			message += lifetimeNote
		}
		if cure := cures[problem.Reason]; cure != "" {
			message += ": " + cure
		}
		all = append(all, at("trust-"+problem.Reason.String(), severity, "%s", message)...)
	}
	return all
}

// cures says what to do about a reason, where there is something to do.
var cures = map[trust.Reason]string{
	trust.UntrustedRoot:     "if the target machines have this root, give it with --root; else sign with a certificate of a public authority, or submit to the Hardware Dev Center",
	trust.UntrustedTestRoot: "a test signature counts on test machines only: have the release signed by the Hardware Dev Center",
	trust.NoIssuer:          "sign with the intermediate certificates included (signtool /ac); if the target machines have the missing issuer, give it with --root or --intermediate",
	trust.Expired:           "without a time stamp a signature ends with its certificate: sign again and time-stamp it (signtool /tr … /td sha256)",
	trust.BadTimestamp:      "sign again with a time stamp of a public authority",
	trust.WrongPurpose:      "sign with a code-signing certificate",
	trust.Disallowed:        "Windows refuses this certificate everywhere: sign with another one",
	trust.Revoked:           "the issuer took the certificate back: sign with another one",
	trust.RootDisabled:      "Windows no longer accepts this root for new signatures: sign with a certificate of another authority",
	trust.RootNotBefore:     "Windows no longer accepts newer certificates of this root: sign with a certificate of another authority",
}

// otherCatalogs looks for a catalog beside the INF that does list it, under
// a name that the INF does not give (L7).
func otherCatalogs(g Gatherer, p *Package, f *Facts, c *CatalogFacts) []Finding {
	var all []Finding
	for _, name := range p.siblings(".cat") {
		read := p.shared.catalog(g, p, name)
		if read.catalog == nil {
			continue
		}
		if _, members := lookUp(read.catalog, WholeFile, f.INFFile().Sums); members == nil {
			continue
		}
		all = append(all, Finding{
			ID: "other-catalog-lists-inf", Severity: Note, File: p.Display(name), Line: 0,
			Message: fmt.Sprintf("this catalog lists the INF, but the INF names %s: rename the catalog, or name it in [Version]", c.Name),
		})
	}
	return all
}

func fileFindings(f *Facts, file *FileFacts) []Finding {
	one := func(id string, s Severity, format string, args ...any) []Finding {
		return []Finding{{ID: id, Severity: s, File: file.Path, Message: fmt.Sprintf(format, args...)}}
	}
	if !file.Present {
		return absentFindings(f, file)
	}
	if file.Err != nil {
		return one("file-unreadable", Error, "cannot be read: %v", file.Err)
	}
	if len(file.MemoryIntegrity) > 0 {
		all := one("memory-integrity", Warning, "does not load where memory integrity is on: %s: link with /SECTION and /ALIGN defaults, and keep code and writable data apart", strings.Join(file.MemoryIntegrity, "; "))
		return append(all, alteredFindings(f, file)...)
	}
	if file.SignatureErr != nil {
		return append(one("embedded-signature-unreadable", Warning, "the signature in the file cannot be read: %v: sign the file again", file.SignatureErr), alteredFindings(f, file)...)
	}
	return alteredFindings(f, file)
}

// alteredFindings says why a file is no member of its catalog.
func alteredFindings(f *Facts, file *FileFacts) []Finding {
	one := func(id string, s Severity, format string, args ...any) []Finding {
		return []Finding{{ID: id, Severity: s, File: file.Path, Message: fmt.Sprintf(format, args...)}}
	}
	if f.State(file) != NotMember {
		return nil
	}
	code := winerror.SetupFileHashNotInCatalog.Hex()
	switch {
	case file.Twin != "":
		return one("compressed-twin", Error, "its compressed form %s lies beside it and is not listed in the catalog (%s): remove one of the two", file.Twin, code)
	case file.Pointer:
		return one("lfs-pointer", Error, "this is a Git LFS pointer, not the file itself (%s): run git lfs pull", code)
	case file.TrailingData:
		return one("data-after-signature", Error, "bytes follow the file's certificate table, which no hash that Windows is known to take covers (%s): sign the file anew, then the catalog", code)
	case file.Hint == "line-endings":
		return one("line-endings-changed", Error,
			"the catalog lists the %s form of this file, so its line endings were changed after it was signed (%s): put \"*%s -text\" into .gitattributes, then restore the file as it was signed",
			formName(file.HintForm), code, path.Ext(file.Path))
	case file.Hint == "bom":
		return one("bom-changed", Error,
			"the catalog lists this file %s, so an editor changed it after it was signed (%s): restore the file as it was signed",
			formName(file.HintForm), code)
	case file.Role == RoleINF && len(f.Files) > 1:
		return one("inf-altered", Error, "no catalog that the INF names lists this INF (%s): it was edited after signing, or the catalog belongs to another version: make the catalog anew and have it signed", code)
	}
	return one("file-altered", Error, "no catalog that the INF names lists this file (%s): it was changed after signing, or is of another version than the catalog: ship the one that was signed", code)
}

func absentFindings(f *Facts, file *FileFacts) []Finding {
	x := Finding{ID: "file-missing", Severity: Error, File: f.INF, Line: file.Line}
	if !slices.ContainsFunc(file.Archs, anyRuns) {
		x.Severity = Note // no release that can be judged needs it
	}
	switch {
	case file.Inbox && file.Err == nil:
		x.ID, x.Severity = "file-inbox", Note
		x.Message = fmt.Sprintf("%s is not in the package: the INF says that Windows' own media have it (LayoutFile)", f.relative(file.Path))
	case file.Outside:
		x.ID = "path-outside-package"
		x.Message = fmt.Sprintf("%v: Windows reads nothing outside the INF's folder, and neither does prestage: name a file in the package", file.Err)
	case file.Err != nil:
		x.ID = "source-unclear"
		x.Message = fmt.Sprintf("where %s is cannot be told: %v", f.relative(file.Path), file.Err)
	default:
		x.Message = fmt.Sprintf("%s, which the INF copies for %s, is not in the package, and Windows does not stage it without (0x00000002): put the file there, or correct [SourceDisksFiles]", f.relative(file.Path), archList(file.Archs))
	}
	return []Finding{x}
}

// anyRuns reports whether any release exists for the architecture: none of
// those that prestage knows does for 32-bit ARM and for Itanium.
func anyRuns(a inf.Arch) bool {
	return slices.ContainsFunc(releases, func(w Windows) bool { return w.Runs(a) })
}

// formName names a line-ending form for people.
func formName(id string) string {
	words := map[string]string{"crlf": "CRLF", "lf": "LF", "bom-added": "with a byte order mark", "bom-removed": "without the byte order mark"}
	parts := strings.Split(id, "+")
	for i, p := range parts {
		if w := words[p]; w != "" {
			parts[i] = w
		}
	}
	return strings.Join(parts, ", ")
}

// relative shortens a path of the report to the INF's folder.
func (f *Facts) relative(name string) string {
	if dir := path.Dir(f.INF); dir != "." {
		return strings.TrimPrefix(name, dir+"/")
	}
	return name
}
