package blocklist

import (
	"encoding/hex"
	"encoding/xml"
	"strconv"
	"strings"
)

// element says what to do at an element. Either may be nil.
type element struct {
	start func(*xmlReader, xml.StartElement) error
	end   func(*xmlReader, string) error // gets the text inside
	skip  bool                           // without meaning for what is denied
}

// schema is the schema, as far as it matters: what may stand where. The three
// groups of signers in a scenario read alike; "*" stands for their names.
func schema() map[string]element {
	const scenario = "SigningScenarios/SigningScenario"
	return map[string]element{
		"VersionEx":    {end: (*xmlReader).versionEx},
		"PlatformID":   {end: guidInto(func(p *Policy) *GUID { return &p.PlatformID })},
		"PolicyTypeID": {end: guidInto(func(p *Policy) *GUID { return &p.PolicyTypeID })},
		"PolicyID":     {end: guidInto(func(p *Policy) *GUID { return &p.PolicyID })},
		"BasePolicyID": {end: guidInto(func(p *Policy) *GUID { return &p.BasePolicyID })},

		"Rules": {}, "Rules/Rule": {},
		"Rules/Rule/Option": {end: (*xmlReader).option},

		"EKUs":     {},
		"EKUs/EKU": {start: (*xmlReader).eku},

		"FileRules":            {},
		"FileRules/Deny":       {start: fileRule(Deny)},
		"FileRules/Allow":      {start: fileRule(Allow)},
		"FileRules/FileAttrib": {start: fileRule(Attribute)},

		"Signers":                      {},
		"Signers/Signer":               {start: (*xmlReader).signer},
		"Signers/Signer/CertRoot":      {start: (*xmlReader).certRoot},
		"Signers/Signer/CertEKU":       {start: signerValue("ID", func(s *SignerRule, v string) { s.EKUs = append(s.EKUs, v) })},
		"Signers/Signer/CertIssuer":    {start: signerValue("Value", func(s *SignerRule, v string) { s.Other = append(s.Other, "CertIssuer "+v) })},
		"Signers/Signer/CertPublisher": {start: signerValue("Value", func(s *SignerRule, v string) { s.setOnce(&s.Publisher, "CertPublisher", v) })},
		"Signers/Signer/CertOemID":     {start: signerValue("Value", func(s *SignerRule, v string) { s.setOnce(&s.OemID, "CertOemID", v) })},
		"Signers/Signer/FileAttribRef": {start: signerValue("RuleID", func(s *SignerRule, v string) { s.FileAttribs = append(s.FileAttribs, v) })},

		"SigningScenarios":             {},
		scenario:                       {start: (*xmlReader).scenario},
		scenario + "/*":                {},
		scenario + "/*/AllowedSigners": {},
		scenario + "/*/AllowedSigners/AllowedSigner":                {start: groupValue("SignerId", func(g *Group, v string) { g.Allowed = append(g.Allowed, SignerRef{Signer: v}) })},
		scenario + "/*/AllowedSigners/AllowedSigner/ExceptDenyRule": {start: groupValue("DenyRuleID", func(g *Group, v string) { except(g.Allowed, v) })},
		scenario + "/*/DeniedSigners":                               {},
		scenario + "/*/DeniedSigners/DeniedSigner":                  {start: groupValue("SignerId", func(g *Group, v string) { g.Denied = append(g.Denied, SignerRef{Signer: v}) })},
		scenario + "/*/DeniedSigners/DeniedSigner/ExceptAllowRule":  {start: groupValue("AllowRuleID", func(g *Group, v string) { except(g.Denied, v) })},
		scenario + "/*/FileRulesRef":                                {},
		scenario + "/*/FileRulesRef/FileRuleRef":                    {start: groupValue("RuleID", func(g *Group, v string) { g.Rules = append(g.Rules, v) })},
		scenario + "/AppIDTags":                                     {skip: true}, // labels processes

		"Settings":                      {},
		"Settings/Setting":              {start: (*xmlReader).settingNames},
		"Settings/Setting/Value":        {},
		"Settings/Setting/Value/String": {end: (*xmlReader).settingText},
		"Settings/Setting/Value/Binary": {skip: true}, "Settings/Setting/Value/Boolean": {skip: true}, "Settings/Setting/Value/DWord": {skip: true},

		// Who may replace the policy, and user mode.
		"UpdatePolicySigners": {skip: true}, "SupplementalPolicySigners": {skip: true}, "CiSigners": {skip: true},
		"HvciOptions": {skip: true}, "Macros": {skip: true}, "AppSettings": {skip: true},
	}
}

// groups are the names that "*" stands for.
var groups = map[string]func(*Scenario) *Group{
	"ProductSigners":     func(s *Scenario) *Group { return &s.Product },
	"TestSigners":        func(s *Scenario) *Group { return &s.Test },
	"TestSigningSigners": func(s *Scenario) *Group { return &s.TestSigning },
}

func (r *xmlReader) versionEx(text string) error {
	v, err := ParseFileVersion(text)
	if err != nil {
		return r.fail("VersionEx: %w: %w", err, ErrSyntax)
	}
	r.p.Version = v.String()
	return nil
}

func guidInto(field func(*Policy) *GUID) func(*xmlReader, string) error {
	return func(r *xmlReader, text string) error {
		g, err := ParseGUID(text)
		if err != nil {
			return r.fail("%w: %w", err, ErrSyntax)
		}
		*field(r.p) = g
		return nil
	}
}

func (r *xmlReader) option(text string) error {
	if len(r.p.Options) == maxUnsupported {
		return r.fail("options: %w", ErrTooMany)
	}
	return r.p.addOption(text, r.line)
}

// hexBytes reads the hexadecimal digits of an attribute.
func (r *xmlReader) hexBytes(name, s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil {
		return nil, r.fail("%s %q is not hexadecimal: %w", name, s, ErrSyntax)
	}
	return nonEmpty(b), nil
}

func (r *xmlReader) eku(e xml.StartElement) error {
	if len(r.p.EKUs) == maxRules {
		return r.fail("EKUs: %w", ErrTooMany)
	}
	var k EKU
	var value, friendly string
	r.attributes(e, map[string]*string{"ID": &k.ID, "Value": &value, "FriendlyName": &friendly})
	b, err := r.hexBytes("EKU value", value)
	if err != nil {
		return err
	}
	// An EKU that is no OID makes the conditions that use it unknown.
	k.OID, _ = ekuOID(b)
	r.p.EKUs = append(r.p.EKUs, k)
	return nil
}

func fileRule(action Action) func(*xmlReader, xml.StartElement) error {
	return func(r *xmlReader, e xml.StartElement) error { return r.fileRule(action, e) }
}

func (r *xmlReader) fileRule(action Action, e xml.StartElement) error {
	if len(r.p.Rules) == maxRules {
		return r.fail("file rules: %w", ErrTooMany)
	}
	rule := FileRule{Action: action, Pos: r.line}
	var hash, minimum, maximum string
	rule.Other = r.attributes(e, map[string]*string{
		"ID": &rule.ID, "FriendlyName": &rule.FriendlyName, "Hash": &hash,
		"FileName": &rule.FileName, "InternalName": &rule.InternalName,
		"FileDescription": &rule.FileDescription, "ProductName": &rule.ProductName,
		"MinimumFileVersion": &minimum, "MaximumFileVersion": &maximum,
	})
	var err error
	if rule.Hash, err = r.hexBytes("hash", hash); err != nil {
		return err
	}
	if rule.Versions.Minimum, err = r.bound(minimum); err != nil {
		return err
	}
	if rule.Versions.Maximum, err = r.bound(maximum); err != nil {
		return err
	}
	r.p.Rules = append(r.p.Rules, rule)
	return nil
}

func (r *xmlReader) bound(text string) (*FileVersion, error) {
	if text == "" {
		return nil, nil
	}
	v, err := ParseFileVersion(text)
	if err != nil {
		return nil, r.fail("%w: %w", err, ErrSyntax)
	}
	return &v, nil
}

func (r *xmlReader) signer(e xml.StartElement) error {
	if len(r.p.Signers) == maxRules {
		return r.fail("signers: %w", ErrTooMany)
	}
	s := SignerRule{Pos: r.line}
	s.Other = r.attributes(e, map[string]*string{"ID": &s.ID, "Name": &s.Name})
	r.p.Signers = append(r.p.Signers, s)
	return nil
}

func (r *xmlReader) lastSigner() *SignerRule { return &r.p.Signers[len(r.p.Signers)-1] }

func (r *xmlReader) certRoot(e xml.StartElement) error {
	s := r.lastSigner()
	var kind, value string
	s.Other = append(s.Other, r.attributes(e, map[string]*string{"Type": &kind, "Value": &value})...)
	b, err := r.hexBytes("certificate root", value)
	switch {
	case err != nil:
		return err
	case s.Root != nil || s.RootType != RootUnknown:
		return r.fail("a second CertRoot: %w", ErrSyntax)
	case strings.EqualFold(kind, "TBS"):
		s.RootType, s.Root = RootTBS, b
	case strings.EqualFold(kind, "Wellknown"):
		s.RootType, s.Root = RootWellKnown, b
	default:
		s.Other = append(s.Other, "CertRoot of type "+strconv.Quote(kind))
	}
	return nil
}

// setOnce sets a condition of which there may be one. A second makes the signer
// one whose meaning is not known.
func (s *SignerRule) setOnce(field *string, name, value string) {
	if *field != "" {
		s.Other = append(s.Other, "a second "+name)
		return
	}
	*field = value
}

// signerValue reads a child of Signer that has one attribute.
func signerValue(name string, set func(*SignerRule, string)) func(*xmlReader, xml.StartElement) error {
	return func(r *xmlReader, e xml.StartElement) error {
		value, others, err := r.single(e, name)
		if err != nil {
			return err
		}
		s := r.lastSigner()
		set(s, value)
		s.Other = append(s.Other, others...)
		return nil
	}
}

// groupValue reads an element inside a group of signers that has one attribute.
func groupValue(name string, set func(*Group, string)) func(*xmlReader, xml.StartElement) error {
	return func(r *xmlReader, e xml.StartElement) error {
		value, others, err := r.single(e, name)
		if err != nil {
			return err
		}
		for _, o := range others {
			if err := r.p.note(Unsupported{What: e.Name.Local + " with " + o, At: r.p.at(r.line)}); err != nil {
				return err
			}
		}
		set(groups[r.group](&r.p.Scenarios[len(r.p.Scenarios)-1]), value)
		return nil
	}
}

// single reads the attribute that an element must have.
func (r *xmlReader) single(e xml.StartElement, name string) (value string, others []string, err error) {
	if r.refs++; r.refs > maxRefs {
		return "", nil, r.fail("references: %w", ErrTooMany)
	}
	others = r.attributes(e, map[string]*string{name: &value})
	if value == "" {
		return "", nil, r.fail("%s without %s: %w", e.Name.Local, name, ErrSyntax)
	}
	return value, others, nil
}

// except adds an exception to the last reference.
func except(refs []SignerRef, rule string) {
	last := &refs[len(refs)-1]
	last.Except = append(last.Except, rule)
}

func (r *xmlReader) scenario(e xml.StartElement) error {
	if len(r.p.Scenarios) == maxScenarios {
		return r.fail("signing scenarios: %w", ErrTooMany)
	}
	s := Scenario{Pos: r.line}
	var value, friendly, inherits, minimum string
	others := r.attributes(e, map[string]*string{"ID": &s.ID, "Value": &value, "FriendlyName": &friendly,
		"InheritedScenarios": &inherits, "MinimumHashAlgorithm": &minimum})
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 8)
	if err != nil {
		return r.fail("signing scenario with value %q: %w", value, ErrSyntax)
	}
	s.Value = uint32(n)
	if minimum != "" {
		if n, err = strconv.ParseUint(strings.TrimSpace(minimum), 10, 16); err != nil {
			return r.fail("signing scenario with minimum hash %q: %w", minimum, ErrSyntax)
		}
		if s.MinimumHash = uint32(n); n == noMinimumHash {
			s.MinimumHash = 0
		}
	}
	for _, id := range strings.Split(inherits, ",") {
		if id = strings.TrimSpace(id); id != "" {
			s.Inherits = append(s.Inherits, id)
		}
	}
	r.p.Scenarios = append(r.p.Scenarios, s)
	for _, o := range others {
		if err := r.p.note(Unsupported{What: "signing scenario with " + o, At: r.p.at(r.line)}); err != nil {
			return err
		}
	}
	return nil
}

func (r *xmlReader) settingNames(e xml.StartElement) error {
	r.provider, r.key, r.valueName = "", "", ""
	r.attributes(e, map[string]*string{"Provider": &r.provider, "Key": &r.key, "ValueName": &r.valueName})
	return nil
}

func (r *xmlReader) settingText(text string) error {
	r.p.setting(r.provider, r.key, r.valueName, text)
	return nil
}
