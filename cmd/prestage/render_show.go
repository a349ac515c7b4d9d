package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"prestage"
)

// renderShown writes what show found, for people.
func renderShown(w io.Writer, all []shownFile, s style) error {
	t := &textReport{page: newPage(w, s), style: s}
	for i := range all {
		if i > 0 {
			t.blank()
		}
		if all[i].store != nil {
			t.shownStore(all[i].store)
			continue
		}
		t.shown(all[i].other)
	}
	return t.flush()
}

func (t *textReport) shown(s *prestage.Shown) {
	t.line(t.paint(bold, clean(s.Path)) + "  " + t.paint(dim, s.Kind))
	if s.Error != "" {
		t.entry(red, "error", textIndent, clean(s.Error))
	}
	switch {
	case s.PE != nil:
		t.shownPE(s.PE)
	case s.Catalog != nil:
		t.shownCatalog(s.Catalog)
	case s.INF != nil:
		t.shownINF(s.INF)
	}
}

func (t *textReport) shownPE(p *prestage.ShownPE) {
	t.entry(dim, "machine", textIndent, p.Machine)
	t.entry(dim, "image", textIndent, "Authenticode hash, by which catalogs list it:")
	t.entry(dim, "sha1", textIndent, p.Authenticode.SHA1)
	t.entry(dim, "sha256", textIndent, p.Authenticode.SHA256)
	t.entry(dim, "file", textIndent, "hash of all bytes:")
	t.entry(dim, "sha1", textIndent, p.Flat.SHA1)
	t.entry(dim, "sha256", textIndent, p.Flat.SHA256)
	switch {
	case p.SignatureError != "":
		t.entry(dim, "signed", textIndent, t.paint(red, "unreadable:")+" "+clean(p.SignatureError))
	case len(p.Signatures) == 0:
		t.entry(dim, "signed", textIndent, "no")
	}
	for _, s := range p.Signatures {
		t.signature(s.SignatureReport)
		if s.PageHashes != "none" {
			t.entry(dim, "pages", textIndent, "page hashes "+s.PageHashes)
		}
	}
}

func (t *textReport) shownCatalog(c *prestage.ShownCatalog) {
	t.entry(dim, "version", textIndent, fmt.Sprintf("%d, %s by %s", c.Version, plural(c.MemberCount, "member"), strings.Join(c.MemberHashes, " and ")))
	if len(c.OSAttr) > 0 {
		t.entry(dim, "OSAttr", textIndent, clean(strings.Join(c.OSAttr, ", ")))
	}
	if len(c.Signatures) == 0 {
		t.entry(dim, "signed", textIndent, t.paint(red, "no"))
	}
	for _, s := range c.Signatures {
		t.signature(s)
	}
	if !t.style.verbose {
		return
	}
	for _, a := range c.Attributes {
		t.entry(dim, "attribute", 13, clean(a.Name+" = "+a.Value))
	}
	for _, m := range c.Members {
		name := m.File
		if name == "" {
			name = m.Tag
		}
		t.entry(dim, "member", textIndent, clean(m.Kind+" "+name))
		for _, sum := range []string{m.SHA1, m.SHA256} {
			if sum != "" {
				t.entry(dim, "", textIndent, sum)
			}
		}
		if m.Problem != "" {
			t.entry(red, "", textIndent, "matches nothing: "+clean(m.Problem))
		}
	}
}

func (t *textReport) shownINF(f *prestage.ShownINF) {
	t.entry(dim, "driver", textIndent, clean(strings.Join([]string{f.Provider, f.Class, f.DriverVersion, f.DriverDate}, " · ")))
	t.entry(dim, "text", textIndent, f.Encoding+", line endings "+f.LineEndings)
	t.entry(dim, "serves", textIndent, strings.Join(f.Architectures, ", "))
	for _, decoration := range sortedKeys(f.CatalogFiles) {
		key := "CatalogFile"
		if decoration != "" {
			key += "." + decoration
		}
		t.entry(dim, "catalog", textIndent, clean(key+" = "+f.CatalogFiles[decoration]))
	}
	for _, m := range f.Models {
		t.entry(dim, "models", textIndent, clean(fmt.Sprintf("line %d: %s", m.Line, orPlain(m.Decoration))))
	}
	for _, s := range f.Services {
		kind := "user mode"
		if s.Kernel {
			kind = "kernel"
		}
		t.entry(dim, "service", textIndent, clean(fmt.Sprintf("%s: %s, %s start, %s (%s)", s.Name, kind, s.Start, s.Binary, strings.Join(s.Architectures, " "))))
	}
	for _, x := range f.Files {
		text := fmt.Sprintf("%s (%s), line %d", x.Path, strings.Join(x.Architectures, " "), x.Line)
		if x.Error != "" {
			text += ": " + x.Error
		}
		t.entry(dim, "file", textIndent, clean(text))
	}
	inks := map[string]ink{"error": red, "warning": yellow, "note": dim}
	for _, x := range f.Findings {
		t.entry(inks[x.Severity], x.Severity, textIndent, clean(fmt.Sprintf("line %d: %s [%s]", x.Line, x.Message, x.ID)))
	}
}

func orPlain(decoration string) string {
	if decoration == "" {
		return "(no decoration)"
	}
	return decoration
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
