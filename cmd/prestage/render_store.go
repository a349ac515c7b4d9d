package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"prestage/trust"
)

// shownStore writes a file of certificates, for people.
func (t *textReport) shownStore(s *shownStore) {
	t.line(t.paint(bold, clean(s.Path)) + "  " + t.paint(dim, s.Kind))
	if s.Error != "" {
		t.entry(red, "error", textIndent, clean(s.Error))
		return
	}
	t.entry(dim, "format", textIndent, s.summary())
	for _, w := range s.Warnings {
		t.entry(yellow, "warning", textIndent, clean(w))
	}
	for i := range s.Lists {
		t.shownList(&s.Lists[i])
	}
	for i := range s.Certificates {
		if i > 0 || len(s.Lists) > 0 {
			t.blank()
		}
		t.shownCertificate(&s.Certificates[i], filepath.Base(s.Path))
	}
}

// summary says how much of what is in the store.
func (s *shownStore) summary() string {
	parts := []string{s.Format}
	for _, n := range []struct {
		count int
		noun  string
	}{{len(s.Certificates), "certificate"}, {s.CRLs, "revocation list"}, {len(s.Lists), "trust list"}} {
		if n.count > 0 {
			parts = append(parts, plural(n.count, n.noun))
		}
	}
	return strings.Join(parts, ", ")
}

func (t *textReport) shownCertificate(c *shownCertificate, file string) {
	t.entry(dim, "subject", textIndent, clean(c.Subject))
	if c.Issuer == c.Subject {
		t.entry(dim, "issuer", textIndent, "itself")
	} else {
		t.entry(dim, "issuer", textIndent, clean(c.Issuer))
	}
	if c.Name != "" {
		t.entry(dim, "name", textIndent, clean(c.Name))
	}
	t.entry(dim, "serial", textIndent, c.Serial)
	t.entry(dim, "valid", textIndent, c.NotBefore.Format(time.DateTime)+" to "+c.NotAfter.Format(time.DateTime)+" UTC")
	t.entry(dim, "sha1", textIndent, c.SHA1)
	t.entry(dim, "sha256", textIndent, c.SHA256)
	if len(c.EKUs) > 0 {
		t.entry(dim, "purposes", textIndent, usageNames(c.EKUs))
	}
	if c.Store != "" {
		t.entry(dim, "store", textIndent, c.Store)
	}
	t.restrictions(c.Restrictions)
	for _, remark := range c.Remarks {
		t.entry(yellow, "remark", textIndent, clean(remark))
	}
	t.entry(dim, "serves", textIndent, strings.Join(c.Serves, ", "))
	if !t.style.verbose {
		return
	}
	t.entry(dim, "from", textIndent, clean(strings.TrimLeft(strings.TrimPrefix(c.Source, file), ": ")))
	for _, p := range c.Properties {
		t.entry(dim, "property", textIndent, fmt.Sprintf("%d (%s) = %s", p.ID, p.Name, p.Value))
	}
}

// restrictions writes what the root program forbids.
func (t *textReport) restrictions(r shownRestrictions) {
	if r.EKUs != nil {
		t.entry(yellow, "only for", textIndent, usageNames(*r.EKUs))
	}
	if len(r.DisallowedEKUs) > 0 {
		t.entry(yellow, "not for", textIndent, usageNames(r.DisallowedEKUs))
	}
	if r.DisabledAt != nil {
		t.entry(yellow, "disabled", textIndent, "from "+r.DisabledAt.Format(time.DateTime)+" UTC, but for what was time-stamped before")
	}
	if r.NotBefore != nil {
		text := "only certificates issued before " + r.NotBefore.Format(time.DateTime) + " UTC"
		if r.NotBeforeEKUs != nil {
			text += ", for " + usageNames(*r.NotBeforeEKUs)
		}
		t.entry(yellow, "limited", textIndent, text)
	}
}

func (t *textReport) shownList(l *shownList) {
	t.entry(dim, "list", textIndent, fmt.Sprintf("%s of %s UTC, sequence number %s", l.List, l.Date.Format(time.DateTime), orNone(l.SequenceNumber)))
	if l.Verified {
		t.entry(dim, "signed by", textIndent, clean(l.Signer))
	} else {
		t.entry(red, "unproven", textIndent, clean(l.Problem))
	}
	if n := len(l.Identifiers); n > 0 {
		t.entry(dim, "names", textIndent, plural(n, "distrusted certificate"))
	}
	if n := len(l.Roots); n > 0 {
		t.entry(dim, "names", textIndent, plural(n, "root"))
	}
	if !t.style.verbose {
		return
	}
	for _, id := range l.Identifiers {
		t.entry(dim, "", textIndent, id)
	}
	for _, r := range l.Roots {
		t.blank()
		t.entry(dim, "root", textIndent, clean(r.Name))
		t.entry(dim, "sha1", textIndent, r.SHA1)
		if r.SHA256 != "" {
			t.entry(dim, "sha256", textIndent, r.SHA256)
		}
		t.restrictions(r.Restrictions)
		for _, remark := range r.Remarks {
			t.entry(yellow, "remark", textIndent, clean(remark))
		}
	}
}

// usageNames writes usages by name where they have one.
func usageNames(oids []string) string {
	if len(oids) == 0 {
		return "nothing"
	}
	names := slices.Clone(oids)
	for i, oid := range oids {
		if u, ok := trust.LookupUsage(oid); ok {
			names[i] = u.Name
		}
	}
	return strings.Join(names, ", ")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
