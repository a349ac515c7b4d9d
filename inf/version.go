package inf

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Version is the [Version] section (rules 16 to 23), %strings% substituted.
type Version struct {
	Present bool // there is such a section
	Pos     Pos

	Signature string // "$Windows NT$"
	Class     string
	ClassGUID string // as spelled
	Provider  string

	// CatalogFiles are all CatalogFile entries in the order of the text. Of
	// several with the same decoration the first counts.
	CatalogFiles []CatalogFile

	DriverDate     time.Time // midnight UTC; zero when absent or not a date
	DriverDateText string    // as spelled
	DriverVersion  string    // "1.2.3.4"

	ExtensionID string
	PnpLockdown string   // "0", "1", or "" when absent
	LayoutFiles []string // LayoutFile: where Windows keeps the sources of its own INFs

	// Problems are what is wrong with the entries; Windows reads on.
	Problems []Finding

	positions map[string]Pos
}

// EntryPos returns where the entry of that key stands, the section's place when
// there is none.
func (v Version) EntryPos(key string) Pos {
	if p, ok := v.positions[Fold(key)]; ok {
		return p
	}
	return v.Pos
}

// A CatalogFile is one CatalogFile entry of [Version] (rule 18).
type CatalogFile struct {
	Decoration string // "", "nt", "ntamd64" …, in lower case
	Name       string // as spelled; it lies beside the INF (rule 19)
	Pos        Pos
	Problem    error // why Name cannot be a file beside the INF; then it must not be opened
}

// The faults that a catalog's name can have (rule 19).
var (
	ErrCatalogNoName = errors.New("the entry names no file")
	ErrCatalogPath   = errors.New("a catalog lies beside the inf, not in another folder")
)

// Version returns the [Version] section.
func (f *File) Version() Version {
	v := f.version()
	v.CatalogFiles, v.LayoutFiles, v.Problems = slices.Clone(v.CatalogFiles), slices.Clone(v.LayoutFiles), slices.Clone(v.Problems)
	return v
}

func (f *File) version() Version {
	f.memo.versionOnce.Do(func() { f.memo.version = f.readVersion() })
	return f.memo.version
}

func (f *File) readVersion() Version {
	s := f.Section("Version")
	if s == nil {
		return Version{}
	}
	v := Version{Present: true, Pos: s.Pos, positions: make(map[string]Pos)}
	firsts := make(map[string]*Line)
	for i := range s.Lines {
		l := &s.Lines[i]
		key := Fold(f.expand(l.Key))
		if first := firsts[key]; first != nil {
			f.repeated(key, first, l)
			continue // SetupAPI finds the first line of a key, as far as is known
		}
		firsts[key] = l
		f.versionEntry(&v, key, l)
	}
	f.judgeVersion(&v)
	return v
}

// versionText names the entries that are one text.
var versionText = map[string]func(*Version) *string{
	"SIGNATURE":   func(v *Version) *string { return &v.Signature },
	"CLASS":       func(v *Version) *string { return &v.Class },
	"CLASSGUID":   func(v *Version) *string { return &v.ClassGUID },
	"PROVIDER":    func(v *Version) *string { return &v.Provider },
	"EXTENSIONID": func(v *Version) *string { return &v.ExtensionID },
	"PNPLOCKDOWN": func(v *Version) *string { return &v.PnpLockdown },
}

func (f *File) versionEntry(v *Version, key string, l *Line) {
	v.positions[key] = l.Pos
	if field, ok := versionText[key]; ok {
		*field(v) = f.Expand(l.Value(0))
		if key == "SIGNATURE" {
			f.memo.use(l.Value(0))
		}
		return
	}
	switch {
	case key == "DRIVERVER":
		v.DriverDateText = f.Expand(l.Value(0))
		v.DriverVersion = f.Expand(l.Value(1))
	case key == "LAYOUTFILE":
		for _, field := range l.Values {
			f.memo.use(field)
		}
		v.LayoutFiles = f.expandAll(l.Values)
	case key == "CATALOGFILE" || strings.HasPrefix(key, "CATALOGFILE."):
		f.catalogFile(v, l, strings.TrimPrefix(strings.TrimPrefix(key, "CATALOGFILE"), "."))
	}
}

// repeated records an entry that says something else than the first of its key.
func (f *File) repeated(key string, first, l *Line) {
	signing := key == "SIGNATURE" || key == "LAYOUTFILE" || key == "CATALOGFILE" || strings.HasPrefix(key, "CATALOGFILE.")
	if signing && !slices.EqualFunc(first.Values, l.Values, func(a, b string) bool { return equalFold(f.expand(a), f.expand(b)) }) {
		f.memo.doubt("version-entry-twice", l.Pos, "%s is there again, with another value than in line %d", l.Key, first.Pos.Line)
	}
}

func (f *File) catalogFile(v *Version, l *Line, decoration string) {
	c := CatalogFile{Decoration: strings.ToLower(decoration), Name: f.expand(l.Value(0)), Pos: l.ValuePos(0)}
	switch clean, err := cleanPath(c.Name); {
	case c.Name == "":
		c.Problem = ErrCatalogNoName
	case err != nil:
		c.Problem = err
	case strings.Contains(clean, "/"):
		c.Problem = ErrCatalogPath
	case !strings.EqualFold(path.Ext(c.Name), ".cat"):
		v.problem("catalog-extension", SeverityWarning, c.Pos, "the catalog %q does not end in .cat", c.Name)
	}
	if c.Problem != nil {
		v.problem("catalog-name", SeverityError, c.Pos, "CatalogFile %q: %v", c.Name, c.Problem)
	}
	if len(l.Values) > 1 {
		v.problem("catalog-comma", SeverityError, c.Pos, "the name of the catalog ends at the comma; put the whole name in quotation marks")
	}
	if !catalogDecorations[c.Decoration] {
		v.problem("catalog-decoration", SeverityWarning, l.Pos, "CatalogFile.%s is for no architecture", decoration)
	}
	v.CatalogFiles = append(v.CatalogFiles, c)
}

// catalogDecorations are the decorations of CatalogFile that exist.
var catalogDecorations = map[string]bool{
	"": true, "nt": true, "ntx86": true, "ntia64": true, "ntamd64": true, "ntarm": true, "ntarm64": true,
}

// CatalogFor returns the catalog that is applicable on an architecture: the
// entry for it, else that for NT, else the undecorated one (rule 18; that order
// is inferred). There is none when that entry's name is no name of a file beside
// the INF: a worse entry does not stand in for it.
func (v Version) CatalogFor(a Arch) (CatalogFile, bool) {
	if a == ArchUnknown {
		return CatalogFile{}, false
	}
	for _, decoration := range []string{"nt" + a.String(), "nt", ""} {
		for _, c := range v.CatalogFiles {
			if c.Decoration == decoration {
				return c, c.Problem == nil
			}
		}
	}
	return CatalogFile{}, false
}

func (v *Version) problem(id string, s Severity, p Pos, format string, args ...any) {
	if len(v.Problems) >= maxFindings {
		return
	}
	v.Problems = append(v.Problems, Finding{id, s, p, fmt.Sprintf(format, args...)})
}

// extensionClass is the ClassGuid of extension INFs (rule 23).
const extensionClass = "{e2f84ce7-8efa-411c-aa69-97454ca4cb57}"

// judgeVersion fills in what follows from several entries.
func (f *File) judgeVersion(v *Version) {
	at := func(key string) Pos { return v.EntryPos(key) }
	if !v.signatureValid() {
		v.problem("signature", SeverityError, at("Signature"), "Signature is %q, not $Windows NT$ or $Chicago$: Windows does not accept the file as an inf", v.Signature)
	}
	if len(v.CatalogFiles) == 0 {
		v.problem("no-catalog-file", SeverityWarning, v.Pos, "no CatalogFile entry: Windows treats the package as unsigned")
	}
	for _, key := range []string{"Class", "ClassGuid", "Provider"} {
		if *versionText[Fold(key)](v) == "" {
			v.problem("version-entry-missing", SeverityWarning, v.Pos, "%s is missing, which drivers for devices must have", key)
		}
	}
	if units(v.Class) > 32 {
		v.problem("class-too-long", SeverityWarning, at("Class"), "the class name is longer than 32 characters")
	}
	if v.ClassGUID != "" && !isGUID(v.ClassGUID) {
		v.problem("class-guid", SeverityWarning, at("ClassGuid"), "ClassGuid %q has not the form {8-4-4-4-12}", v.ClassGUID)
	}
	if strings.HasPrefix(Fold(v.Provider), "MICROSOFT") {
		v.problem("provider-microsoft", SeverityNote, at("Provider"), "the provider calls itself Microsoft, which only Microsoft's own packages may")
	}
	if isExtension := equalFold(v.Class, "Extension") || equalFold(v.ClassGUID, extensionClass); isExtension != (v.ExtensionID != "") {
		v.problem("extension-id", SeverityWarning, at("ExtensionId"), "ExtensionId belongs to extension infs, and every one of them must have it")
	}
	f.judgeDriverVer(v)
}

func (f *File) judgeDriverVer(v *Version) {
	if _, ok := v.positions["DRIVERVER"]; !ok {
		v.problem("driver-ver", SeverityWarning, v.Pos, "DriverVer is missing")
		return
	}
	at := v.EntryPos("DriverVer")
	date, err := parseDate(v.DriverDateText)
	if err != nil {
		v.problem("driver-date", SeverityWarning, at, "DriverVer: %v; Windows takes 00/00/0000", err)
	}
	v.DriverDate = date
	if err := checkVersion(v.DriverVersion); err != nil {
		v.problem("driver-version", SeverityWarning, at, "DriverVer: %v", err)
	}
}

// signatureValid applies rule 16.
func (v Version) signatureValid() bool {
	return equalFold(v.Signature, "$Windows NT$") || equalFold(v.Signature, "$Chicago$")
}

// parseDate reads mm/dd/yyyy or mm-dd-yyyy (rule 22). Single digits occur and
// are read.
func parseDate(s string) (time.Time, error) {
	for _, layout := range []string{"1/2/2006", "1-2-2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date of the form mm/dd/yyyy", s)
}

// checkVersion checks w.x.y.z (rule 22); later parts may be absent. The pages
// disagree on 65535, which is accepted here.
func checkVersion(s string) error {
	if s == "" {
		return nil
	}
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return fmt.Errorf("version %q has more than four parts", s)
	}
	zero := true
	for _, p := range parts {
		n, err := strconv.ParseUint(strings.TrimSpace(p), 10, 16)
		if err != nil {
			return fmt.Errorf("version %q has a part that is no number from 0 to 65535", s)
		}
		zero = zero && n == 0
	}
	if zero {
		return fmt.Errorf("version %q is not valid", s)
	}
	return nil
}

// isGUID reports whether s has the form {8-4-4-4-12} of hexadecimal digits.
func isGUID(s string) bool {
	const form = "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}"
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		isHex := strings.IndexByte("0123456789abcdefABCDEF", s[i]) >= 0
		if form[i] == 'x' && !isHex || form[i] != 'x' && form[i] != s[i] {
			return false
		}
	}
	return true
}

// expandAll substitutes strings in every field and drops empty ones.
func (f *File) expandAll(fields []string) []string {
	var out []string
	for _, field := range fields {
		if v := f.Expand(field); v != "" {
			out = append(out, v)
		}
	}
	return out
}
