package blocklist

import (
	"fmt"
	"strings"
	"unicode"
)

// index holds what applies to the kernel, in a form that finds the rules for a
// file without walking all of them.
type index struct {
	rules   map[string]*FileRule
	signers map[string]*SignerRule
	ekus    map[string]*EKU

	byHash map[string][]*FileRule // Deny rules, by digest
	byText map[string][]*FileRule // Deny rules without a digest, by one of their strings; see textKey
	others []*FileRule            // Deny rules with neither

	byRoot     map[string][]*denied // denied signers, by TBS digest
	unrooted   []*denied            // denied signers that name no TBS digest
	digests    map[int]bool         // the sizes of digest in byHash
	attributes bool                 // some Deny rule looks at the version resource
}

// denied is a signer rule that the kernel scenario denies.
type denied struct {
	rule    *SignerRule
	attribs []*FileRule
	ekus    []*EKU
	except  []*FileRule
	broken  bool // refers to something that is not there
}

// The strings of a version resource, as parts of a key.
const (
	textFileName byte = iota
	textInternalName
	textFileDescription
	textProductName
)

// textKey is the key of a string in byText.
func textKey(which byte, text string) string { return string(rune(which)) + fold(text) }

// fold makes strings comparable that differ only in case: character by
// character, as Windows does it, without the special cases of languages.
func fold(s string) string { return strings.Map(unicode.ToUpper, s) }

// buildIndex resolves the references and sorts the rules. What is found to have
// no meaning here is noted.
func (p *Policy) buildIndex() error {
	x := &p.index
	*x = index{
		rules: map[string]*FileRule{}, signers: map[string]*SignerRule{}, ekus: map[string]*EKU{},
		byHash: map[string][]*FileRule{}, byText: map[string][]*FileRule{},
		byRoot: map[string][]*denied{}, digests: map[int]bool{},
	}
	if err := p.indexIDs(); err != nil {
		return err
	}
	b := indexer{p: p, seen: map[string]bool{}}
	for i := range p.Scenarios {
		if p.Scenarios[i].Value == ScenarioKernel {
			b.scenario(&p.Scenarios[i])
		}
	}
	b.allowList()
	return b.err
}

// indexIDs maps IDs, which must be there and unique.
func (p *Policy) indexIDs() error {
	for i := range p.EKUs {
		if err := addID(p.index.ekus, p.EKUs[i].ID, &p.EKUs[i], "EKU", ""); err != nil {
			return err
		}
	}
	for i := range p.Rules {
		r := &p.Rules[i]
		if err := addID(p.index.rules, r.ID, r, "file rule", p.at(r.Pos)); err != nil {
			return err
		}
	}
	for i := range p.Signers {
		s := &p.Signers[i]
		if err := addID(p.index.signers, s.ID, s, "signer", p.at(s.Pos)); err != nil {
			return err
		}
	}
	return nil
}

func addID[T any](m map[string]*T, id string, v *T, what, at string) error {
	if at != "" {
		what = at + ": " + what
	}
	if id == "" {
		return fmt.Errorf("%s without an ID: %w", what, ErrSyntax)
	}
	if m[id] != nil {
		return fmt.Errorf("%s %s: %w", what, id, ErrDuplicate)
	}
	m[id] = v
	return nil
}

// indexer sorts what the kernel scenarios refer to.
type indexer struct {
	p    *Policy
	seen map[string]bool // IDs of rules that were sorted already
	any  bool            // a rule allows every file
	err  error
}

func (b *indexer) note(pos int64, rule, format string, args ...any) {
	if b.err == nil {
		b.err = b.p.note(Unsupported{What: fmt.Sprintf(format, args...), At: b.p.at(pos), Rule: rule})
	}
}

func (b *indexer) scenario(s *Scenario) {
	for _, id := range s.Product.Rules {
		b.fileRule(s, id)
	}
	for _, ref := range s.Product.Denied {
		b.denied(s, ref)
	}
	for _, ref := range s.Product.Allowed {
		if len(ref.Except) > 0 {
			b.note(s.Pos, "", "signer %s is allowed but for %d files", ref.Signer, len(ref.Except))
		}
	}
	if len(s.Inherits) > 0 {
		b.note(s.Pos, "", "signing scenario %s inherits from others", s.ID)
	}
	if s.MinimumHash != 0 {
		b.note(s.Pos, "", "signing scenario %s has a minimum hash algorithm, 0x%04x", s.ID, s.MinimumHash)
	}
	if !s.Test.empty() || !s.TestSigning.empty() {
		b.note(s.Pos, "", "signing scenario %s has rules for test-signed code", s.ID)
	}
}

func (b *indexer) fileRule(s *Scenario, id string) {
	r := b.p.index.rules[id]
	switch {
	case r == nil:
		b.note(s.Pos, "", "file rule %s is referred to and not there", id)
	case b.seen[id]:
	case r.Action == Allow:
		b.any = b.any || r.allowsAll()
	case r.Action == Deny:
		b.seen[id] = true
		b.deny(r)
	default:
		b.seen[id] = true
		b.note(r.Pos, "", "signing scenario %s refers to %s, which is no rule that denies or allows", s.ID, id)
	}
}

// deny files a Deny rule under what it is found by.
func (b *indexer) deny(r *FileRule) {
	x := &b.p.index
	for _, what := range r.unknowns() {
		b.note(r.Pos, r.ID, "deny rule %s: %s", r.ID, what)
	}
	key, ok := r.key()
	switch {
	case r.Hash != nil:
		x.byHash[string(r.Hash)] = append(x.byHash[string(r.Hash)], r)
		x.digests[len(r.Hash)] = true
	case ok:
		x.byText[key] = append(x.byText[key], r)
	default:
		x.others = append(x.others, r)
	}
	x.attributes = x.attributes || r.Hash == nil && r.looksAtAttributes()
}

func (b *indexer) denied(s *Scenario, ref SignerRef) {
	x := &b.p.index
	rule := x.signers[ref.Signer]
	if rule == nil {
		b.note(s.Pos, "", "signer %s is denied and not there", ref.Signer)
		return
	}
	d := &denied{rule: rule}
	d.attribs = resolve(b, d, x.rules, rule.FileAttribs, "file attribute")
	d.ekus = resolve(b, d, x.ekus, rule.EKUs, "EKU")
	d.except = resolve(b, d, x.rules, ref.Except, "exception")
	for _, what := range d.unknowns() {
		if what != nothing { // resolve has named it
			b.note(rule.Pos, rule.ID, "signer %s: %s", rule.ID, what)
		}
	}
	if rule.RootType == RootTBS && len(rule.Root) > 0 {
		x.byRoot[string(rule.Root)] = append(x.byRoot[string(rule.Root)], d)
	} else {
		x.unrooted = append(x.unrooted, d)
	}
}

// resolve looks IDs up. One that is not there makes the signer's meaning
// unknown.
func resolve[T any](b *indexer, d *denied, m map[string]*T, ids []string, what string) []*T {
	var list []*T
	for _, id := range ids {
		if v := m[id]; v != nil {
			list = append(list, v)
			continue
		}
		d.broken = true
		b.note(d.rule.Pos, d.rule.ID, "signer %s: %s %s is not there", d.rule.ID, what, id)
	}
	return list
}

// allowList notes that the policy is more than a block list: without a rule that
// allows every file, a driver that no rule names is blocked too (rule 190: the
// list has such rules).
func (b *indexer) allowList() {
	if !b.any && b.err == nil {
		b.err = b.p.note(Unsupported{What: `the kernel scenario has no rule that allows every file (FileName="*"): what no rule names is blocked as well, or left to another policy`})
	}
}

// allowsAll reports whether a rule is the Allow for every file.
func (r *FileRule) allowsAll() bool {
	return r.FileName == anyFile && r.Hash == nil && r.InternalName == "" && r.FileDescription == "" &&
		r.ProductName == "" && r.Versions.none() && len(r.Other) == 0
}
