package blocklist

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Sizes of the compiled form, in bytes.
const (
	headerLength = 0x40 // what the header says of its own length
	minEKU       = 4
	minRule      = 4 + 8 + 8 + 4
	minSigner    = 4 + 4 + 4 + 3*8 + 4
	minScenario  = 4 + 4 + 4 + 3*12
	minSetting   = 3*8 + 4 + 4
	minSignerRef = 8
)

// knownVersion is the last format version whose blocks are known.
const knownVersion = 8

// noMinimumHash is what the compiler writes where the policy does not say:
// the ALG_ID of SHA-256.
const noMinimumHash = 0x800c

// parseCompiled reads the compiled form: a header, the sections in fixed order,
// then one block for every format version since 3, and the number of the
// version after that as the end.
//
// The slices of the policy alias data.
func parseCompiled(data []byte) (*Policy, error) {
	r := &compiledReader{cursor: cursor{data: data}, p: &Policy{Format: Compiled}}
	r.header()
	r.ekus()
	r.rules()
	r.signers()
	r.ids("update signer", len(r.p.Signers), r.signerAt)
	r.ids("code integrity signer", len(r.p.Signers), r.signerAt)
	r.scenarios()
	r.uint32("memory integrity options")
	r.settings()
	r.blocks()
	if r.err != nil {
		return nil, r.err
	}
	return r.p, nil
}

// compiledReader reads section after section. Each leaves err set on failure,
// and does nothing when it is.
type compiledReader struct {
	cursor
	p *Policy

	ekuCount, ruleCount, signerCount, scenarioCount uint32
	minimums                                        []FileVersion // as written, of each rule
}

// The IDs that the reader gives, because compiling drops those of the XML.
func ruleID(i int) string     { return fmt.Sprintf("FILERULE_%d", i) }
func signerID(i int) string   { return fmt.Sprintf("SIGNER_%d", i) }
func ekuID(i int) string      { return fmt.Sprintf("EKU_%d", i) }
func scenarioID(i int) string { return fmt.Sprintf("SCENARIO_%d", i) }

func (r *compiledReader) ekuAt(i int) string    { return r.p.EKUs[i].ID }
func (r *compiledReader) ruleAt(i int) string   { return r.p.Rules[i].ID }
func (r *compiledReader) signerAt(i int) string { return r.p.Signers[i].ID }

func (r *compiledReader) header() {
	p := r.p
	p.FormatVersion = r.uint32("header")
	p.PolicyTypeID = r.guid("header")
	p.PlatformID = r.guid("header")
	options := r.uint32("header")
	r.ekuCount = r.uint32("header")
	r.ruleCount = r.uint32("header")
	r.signerCount = r.uint32("header")
	r.scenarioCount = r.uint32("header")
	p.Version = r.version("header").String()
	length := r.uint32("header")
	switch {
	case r.err != nil:
		return
	case options&flagValid == 0:
		r.fail("the option word of the header is 0x%08x, without its highest bit: %w", options, ErrSyntax)
	case length != headerLength:
		r.fail("the header gives its length as %d, not %d: %w", length, headerLength, ErrSyntax)
	case options&flagSupplemental != 0:
		r.fail("%w", ErrSupplemental)
	}
	for _, name := range optionsOf(options) {
		r.keep(p.addOption(name, 0x24))
	}
}

// keep makes an error that was noted elsewhere the reader's own.
func (r *compiledReader) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *compiledReader) note(pos int, rule, what string) {
	r.keep(r.p.note(Unsupported{What: what, At: r.p.at(int64(pos)), Rule: rule}))
}

func (r *compiledReader) ekus() {
	for i := range r.checkCount(r.ekuCount, "EKUs", minEKU, maxRules) {
		value := r.bytes("EKU")
		if r.err != nil {
			return
		}
		// An EKU that is no OID makes the conditions that use it unknown.
		oid, _ := ekuOID(value)
		r.p.EKUs = append(r.p.EKUs, EKU{ID: ekuID(i), OID: oid})
	}
}

func (r *compiledReader) rules() {
	for i := range r.checkCount(r.ruleCount, "file rules", minRule, maxRules) {
		rule := FileRule{ID: ruleID(i), Pos: int64(r.at)}
		kind := r.uint32("file rule")
		rule.FileName = r.text("file name")
		minimum := r.version("minimum version")
		rule.Hash = nonEmpty(r.bytes("hash"))
		if r.err != nil {
			return
		}
		switch kind {
		case 0:
			rule.Action = Deny
		case 1:
			rule.Action = Allow
		case 2:
			rule.Action = Attribute
		default:
			rule.Other = append(rule.Other, fmt.Sprintf("file rule of kind %d", kind))
		}
		r.minimums = append(r.minimums, minimum)
		rule.Versions = compiledBounds(rule.Action, minimum, FileVersion{})
		r.p.Rules = append(r.p.Rules, rule)
	}
}

// compiledBounds tells bounds from the values that the compiler writes where
// there are none: zeros for a maximum; zeros for a minimum, or in a Deny rule
// without a maximum the highest version, which by rule 193 denies everything.
//
// So zeros as a minimum beside a maximum may stand for a minimum of 0.0.0.0 or
// for none. It is read as the former, which is what Microsoft's list uses
// throughout and what a comment in it explains. Zeros for both are no bound at
// all.
func compiledBounds(a Action, minimum, maximum FileVersion) Bounds {
	var b Bounds
	if maximum != (FileVersion{}) {
		b.Maximum = &maximum
	}
	if minimum != (FileVersion{}) || b.Maximum != nil && a != Allow {
		b.Minimum = &minimum
	}
	if b.Maximum == nil && a != Allow && minimum == maxFileVersion {
		b.Minimum = nil
	}
	return b
}

func nonEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func (r *compiledReader) signers() {
	for i := range r.checkCount(r.signerCount, "signers", minSigner, maxRules) {
		s := SignerRule{ID: signerID(i), Pos: int64(r.at)}
		switch kind := r.uint32("signer"); kind {
		case 0:
			s.RootType, s.Root = RootTBS, r.bytes("certificate digest")
		case 1:
			number := r.uint32("well-known root")
			s.RootType, s.Root = RootWellKnown, []byte{byte(number)}
		default:
			// Nobody knows how long this one is.
			r.fail("certificate root of kind %d in section signers: %w", kind, ErrSyntax)
		}
		s.EKUs = r.ids("EKU", len(r.p.EKUs), r.ekuAt)
		if issuer := r.text("issuer"); issuer != "" {
			s.Other = append(s.Other, "CertIssuer "+issuer)
		}
		s.Publisher = r.text("publisher")
		s.OemID = r.text("OEM id")
		s.FileAttribs = r.ids("file attribute", len(r.p.Rules), r.ruleAt)
		if r.err != nil {
			return
		}
		r.p.Signers = append(r.p.Signers, s)
	}
}

func (r *compiledReader) scenarios() {
	n := r.checkCount(r.scenarioCount, "signing scenarios", minScenario, maxScenarios)
	for i := range n {
		s := Scenario{ID: scenarioID(i), Pos: int64(r.at)}
		s.Value = r.uint32("signing scenario")
		s.Inherits = r.ids("signing scenario", n, scenarioID)
		if s.MinimumHash = r.uint32("minimum hash"); s.MinimumHash == noMinimumHash {
			s.MinimumHash = 0
		}
		s.Product, s.Test, s.TestSigning = r.group(), r.group(), r.group()
		if r.err != nil {
			return
		}
		r.p.Scenarios = append(r.p.Scenarios, s)
	}
}

func (r *compiledReader) group() Group {
	var g Group
	g.Allowed = r.signerRefs("allowed signers")
	g.Denied = r.signerRefs("denied signers")
	g.Rules = r.ids("file rule", len(r.p.Rules), r.ruleAt)
	return g
}

func (r *compiledReader) signerRefs(what string) []SignerRef {
	var list []SignerRef
	for range r.count(what, minSignerRef, maxRefs) {
		i := r.index("signer", len(r.p.Signers))
		if r.err != nil {
			return nil
		}
		ref := SignerRef{Signer: r.signerAt(i)}
		ref.Except = r.ids("exception", len(r.p.Rules), r.ruleAt)
		if r.err != nil {
			return nil
		}
		list = append(list, ref)
	}
	return list
}

// The types of a setting's value.
const (
	settingBool = iota
	settingNumber
	settingBytes
	settingText
)

func (r *compiledReader) settings() {
	// Policies of versions 1 and 2 have been described with and without this
	// section; where only the end is left, there is none.
	if end := r.data[min(r.at, len(r.data)):]; r.p.FormatVersion < 3 &&
		(len(end) == 0 || len(end) == 4 && binary.LittleEndian.Uint32(end) == r.p.FormatVersion+1) {
		return
	}
	for range r.count("settings", minSetting, maxRules) {
		provider, key, name := r.text("setting"), r.text("setting"), r.text("setting")
		value := ""
		switch kind := r.uint32("setting"); kind {
		case settingBool, settingNumber:
			r.uint32("setting")
		case settingBytes:
			r.bytes("setting")
		case settingText:
			value = r.text("setting")
		default:
			r.fail("value of type %d in section settings: %w", kind, ErrSyntax)
		}
		if r.err != nil {
			return
		}
		r.p.setting(provider, key, name, value)
	}
}

// setting keeps the two settings in which a policy names itself.
func (p *Policy) setting(provider, key, name, value string) {
	if !strings.EqualFold(provider, "PolicyInfo") || !strings.EqualFold(key, "Information") {
		return
	}
	switch {
	case strings.EqualFold(name, "Name"):
		p.Name = value
	case strings.EqualFold(name, "Id"):
		p.ID = value
	}
}
