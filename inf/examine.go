package inf

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// examine looks for what the syntax allows and Windows does not do as it seems.
// A file that is no driver's INF is left alone.
func (f *File) examine() {
	f.examineText()
	if ok, why := f.IsDriver(); !ok {
		f.find("not-a-driver", SeverityNote, Pos{1, 1}, "%s", why)
		return
	}
	f.examineNames()
	for _, p := range f.version().Problems {
		f.find(p.ID, p.Severity, p.Pos, "%s", p.Message)
	}
	f.examineKind()
	f.examineModels()
	once := make(map[string]bool) // findings that several architectures share
	for _, a := range f.architectures() {
		f.examineClosure(f.walk(a), once)
	}
	f.examineLocales()
}

// examineText reports characters that depend on the machine.
func (f *File) examineText() {
	if f.Encoding != UTF8 || f.CodePage == 65001 {
		return
	}
	for _, s := range f.Sections {
		for i := range s.Lines {
			if l := &s.Lines[i]; !asciiLine(l) {
				f.find("utf-8-without-bom", SeverityWarning, l.Pos, "the text is UTF-8 without a byte order mark; Windows reads these characters in its ansi code page; save the file as UTF-16 little endian with a byte order mark")
				return
			}
		}
	}
}

func asciiLine(l *Line) bool {
	for _, v := range l.Values {
		if !asciiString(v) {
			return false
		}
	}
	return asciiString(l.Key)
}

// examineKind applies rule 24.
func (f *File) examineKind() {
	switch f.Kind() {
	case KindLegacy:
		f.find("wrong-inf-type", SeverityWarning, Pos{1, 1}, "no [Manufacturer], and [DefaultInstall] is not only for named architectures: Windows does not import the inf as a driver package (0xE000024A)")
	case KindPrimitive:
		if s := f.uninstall(); s != nil {
			f.find("legacy-uninstall", SeverityWarning, s.Pos, "[%s] without LegacyUninstall = 1", s.Name)
		}
		for _, a := range f.defaultInstalls() {
			if !f.serves(a) {
				s := f.Section("DefaultInstall.nt" + a.String())
				f.find("empty-install-section", SeverityWarning, s.Pos, "[%s] is empty: nothing is installed on %s", s.Name, a)
			}
		}
	case KindClass, KindNone:
		f.find("wrong-inf-type", SeverityWarning, Pos{1, 1}, "neither [Manufacturer] nor [DefaultInstall.NT<arch>]: Windows does not import the inf as a driver package (0xE000024A)")
	}
}

// uninstall returns a [DefaultUninstall] section that a primitive driver may not have.
func (f *File) uninstall() *Section {
	for _, s := range f.Sections {
		name, suffix, _ := strings.Cut(Fold(s.Name), ".")
		if name != "DEFAULTUNINSTALL" || strings.Contains(suffix, ".") || suffix == "SERVICES" {
			continue
		}
		l := f.entry(s, "LegacyUninstall")
		if len(s.Lines) > 0 && (l == nil || f.Expand(l.Value(0)) != "1") {
			return s
		}
	}
	return nil
}

// examineModels applies rules 30 to 36.
func (f *File) examineModels() {
	var archless *Manufacturer
	others := false // some models are for another architecture than x86
	all := f.manufacturers()
	for i := range all {
		m := &all[i]
		f.examineTokens(m.Pos, m.Name, m.Models)
		for _, d := range m.Decorations {
			if d.Problem != nil {
				f.find("decoration", SeverityError, d.Pos, "%v: Windows ignores it", d.Problem)
				continue
			}
			others = others || d.Arch != ArchUnknown && d.Arch != X86
			if d.HasBuild && (compareVersion(d.Major, d.Minor, 10, 0) < 0 || d.Build < 14310) {
				f.find("decoration-build", SeverityWarning, d.Pos, "%s: build numbers in decorations work from 10.0 build 14310 on", d.Text)
			}
			if s := f.refer(m.section(d)); s == nil {
				f.find("models-section-missing", SeverityWarning, d.Pos, "[%s] is not in the inf: the systems that it is for are excluded", m.section(d))
			}
		}
		if archless == nil && slices.ContainsFunc(m.candidates(X86), func(d Decoration) bool {
			s := f.refer(m.section(d))
			return d.Arch == ArchUnknown && s != nil && len(s.Lines) > 0
		}) {
			archless = m
		}
	}
	if archless != nil && !others {
		f.find("archless-models", SeverityWarning, archless.Pos, "models without an architecture are read on x86 only; add NTamd64 or NTarm64 to [Manufacturer] for other systems")
	}
}

func (f *File) examineTokens(p Pos, fields ...string) {
	for _, field := range fields {
		for _, token := range f.undefined(field) {
			f.find("undefined-string", SeverityWarning, p, "%%%s%% is not defined in [Strings]", token)
		}
	}
}

// examineClosure reports what one architecture stumbles over.
func (f *File) examineClosure(c *closure, once map[string]bool) {
	find := func(id string, s Severity, p Pos, format string, args ...any) {
		if key := fmt.Sprint(id, p); !once[key] {
			once[key] = true
			f.find(id, s, p, format, args...)
		}
	}
	for _, r := range c.missing {
		if r.Inbox {
			find("section-included", SeverityNote, r.Pos, "[%s] is not in this inf; it may be in an included one of Windows", r.Name)
		} else {
			find("section-missing", SeverityError, r.Pos, "[%s] is not in the inf", r.Name)
		}
	}
	targets := make(map[string]string)
	for _, file := range c.files {
		f.examineFile(file, find)
		for _, dest := range file.Dests {
			if other, ok := targets[Fold(dest)]; ok {
				find("target-twice", SeverityWarning, file.Pos, "%s is copied to %s, as is %s", file.Path, dest, other)
			}
			targets[Fold(dest)] = file.Path
		}
	}
	for _, d := range c.notes {
		find(d.ID, d.Severity, d.Pos, "%s", d.Message)
	}
	for _, file := range c.copyINFs.files {
		if file.Problem != nil {
			find("path", SeverityError, file.Pos, "CopyINF %v", file.Problem)
		}
	}
	for _, s := range c.services {
		if s.Problem != nil {
			find("service", SeverityWarning, s.Pos, "service %s: %v", s.Name, s.Problem)
		}
	}
}

// examineFile applies the rules for names of source files (rules 13, 19, 28, 29).
func (f *File) examineFile(file SourceFile, find func(string, Severity, Pos, string, ...any)) {
	ext := strings.ToLower(path.Ext(file.Path))
	switch {
	case errors.Is(file.Problem, ErrStringInName):
		find("string-in-file-name", SeverityError, file.Pos, "%v", file.Problem)
	case file.Literal:
		find("string-in-file-name", SeverityWarning, file.Pos, "%s: strings are not allowed in file names; if the package has a file of this very name, the catalog must cover it", file.Name)
	case file.Problem != nil:
		find("path", SeverityError, file.Pos, "%v", file.Problem)
	case strings.Contains(file.Name, "%"):
		find("string-in-file-name", SeverityError, file.Pos, "%s: file names are taken literally, %%strings%% are not substituted in them", file.Name)
	case file.Inbox:
		find("file-of-windows", SeverityNote, file.Pos, "%s has no entry in SourceDisksFiles, and LayoutFile says that Windows has files of its own; if the package brings it, the catalog must cover it", file.Name)
	case !file.Listed:
		find("not-in-source-disks-files", SeverityWarning, file.Pos, "%s has no entry in SourceDisksFiles; Windows is taken to look for it beside the inf", file.Name)
	}
	switch {
	case ext == ".cat":
		find("catalog-copied", SeverityWarning, file.Pos, "%s: catalogs are not copied by CopyFiles", file.Name)
	case ext == ".inf":
		find("inf-copied", SeverityWarning, file.Pos, "%s: infs are copied by CopyINF, not by CopyFiles", file.Name)
	case strings.HasSuffix(ext, "_"):
		find("compressed-name", SeverityWarning, file.Pos, "%s: the inf gives the names of the expanded files", file.Name)
	}
	if f.CodePage != 0 && f.CodePage != 65001 && !asciiString(file.Name) {
		find("ansi-file-name", SeverityWarning, file.Pos, "the name %s depends on the ansi code page of the machine; here it was read in %d", file.Name, f.CodePage)
	}
}
