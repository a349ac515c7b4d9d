// Package blocklist reads Microsoft's vulnerable-driver block list and says
// whether it denies a file.
//
// [Parse] reads the list in any of its three forms: the policy XML that
// Microsoft publishes, the compiled policy (SiPolicy.p7b, .cip), and the
// compiled policy inside a PKCS #7 signature. [Policy.Judge] answers for one
// [File], a struct of facts that the caller fills; [FileOf] gathers them from
// a PE image.
//
// # Words
//
// A rule of the list names files: by digest, by the attributes in their version
// resource, or both. A signer rule names signatures: by a certificate of the
// chain, and narrower ones by publisher and by attributes of the file. Either
// counts only where the signing scenario for the kernel refers to it (rule
// 192); everything for user mode is read and has no effect.
//
// # Three answers
//
// The list denies a file, or does not deny it, or that cannot be told. The
// last is [Unknown], the zero value, and never rounded to [NotDenied]. It has
// two causes: the list says something that this package gives no meaning to
// ([Policy].Unsupported), or a fact about the file is missing. Where the
// remaining conditions of a rule exclude the file anyway, there is no doubt.
//
// A list is judged for what it denies. A policy that also allows only chosen
// files would block others too; it is reported as unsupported, so that nobody
// reads "not denied" as "allowed".
//
// The package knows no Windows release and no clock: whether a list is in
// force on a machine (rule 189), and whether its signature is worth anything,
// is for the caller. A policy in audit mode is judged like any other, and says
// so in Audit.
//
// # Sources
//
// The schema: Microsoft Learn, "Understand App Control for Business policy
// rules and file rules" and "Microsoft recommended driver block rules" with
// the list itself. The compiled form: public descriptions of it (the wiki page
// "System Integrity Policy Transformations", the open-source reader WDACTools,
// and layouts measured by compiling policies of known content), which agree on
// everything that is read here. Nobody outside Microsoft has described what
// the app settings of format version 8 look like; a policy that has some is
// read up to there, and says so.
package blocklist

import (
	"errors"
	"fmt"

	"prestage/authenticode"
)

// OIDPolicy is the content type of a signed policy.
const OIDPolicy = "1.3.6.1.4.1.311.79.1"

// Format is the form in which a policy was read.
type Format int

// The forms of a policy.
const (
	FormatUnknown Format = iota // not read
	XML                         // the source, as published
	Compiled                    // what Windows loads
)

// String returns "unknown", "xml" or "compiled".
func (f Format) String() string {
	switch f {
	case XML:
		return "xml"
	case Compiled:
		return "compiled"
	}
	return "unknown"
}

// Policy is a parsed list. Nothing about it is trusted. It is never changed
// after Parse: it may be used from several goroutines.
type Policy struct {
	Source        string // the name given to Parse
	Format        Format
	FormatVersion uint32 // of a compiled policy; 0 for XML

	// Name and ID are what the policy calls itself in its PolicyInfo settings
	// ("Microsoft Windows Driver Policy", "10.0.27685.0"); empty when it does
	// not.
	Name, ID string
	Version  string // VersionEx, four numbers; empty when XML has none

	// PlatformID is {2E07F7E4-194C-4D20-B7C9-6F44A6C5A234} in Microsoft's lists.
	PlatformID GUID
	// PolicyTypeID says where Windows looks for the policy, see [GUID.PolicyType].
	// In policies of format version 6 and later this field of the header may
	// hold BasePolicyID instead.
	PolicyTypeID GUID
	PolicyID     GUID // zero in policies older than Windows 10 1903
	BasePolicyID GUID // likewise
	Audit        bool // Enabled:Audit Mode: what is denied is logged, and loads
	Options      []string
	EKUs         []EKU
	Rules        []FileRule
	Signers      []SignerRule
	Scenarios    []Scenario
	Unsupported  []Unsupported           // what has no meaning here
	Signature    *authenticode.Signature // of a signed compiled policy, unjudged; nil otherwise
	index        index
}

// EKU is an extended key usage that signer rules refer to.
type EKU struct {
	ID  string
	OID string // dotted; empty when Value is no encoded OID
}

// Unsupported is something in a policy that this package gives no meaning to.
type Unsupported struct {
	What string // a lower-case clause
	At   string // "line 12" or "offset 68"
	// Rule is the ID of the rule concerned: only files that the rest of the
	// rule matches are in doubt. Empty: every file is.
	Rule string
}

// String is the clause with its position.
func (u Unsupported) String() string {
	if u.At == "" {
		return u.What
	}
	return u.At + ": " + u.What
}

// Limits of the readers.
const (
	// maxPolicy bounds the bytes of a policy. Microsoft's list has 0.5 MB, the
	// largest allow lists that people publish some 10 MB.
	maxPolicy = 64 << 20
	// maxRules bounds file rules, signer rules, EKUs and settings each. The
	// list has 1,800 of the first; known policies have up to 25,000.
	maxRules = 1 << 17
	// maxScenarios: there are two in every policy seen.
	maxScenarios = 256
	// maxRefs bounds the references from signers and scenarios to rules.
	maxRefs = 1 << 19
	// maxDepth bounds how deep XML elements nest; the schema needs 7.
	maxDepth = 32
	// maxAttributes bounds the attributes of one XML element; the schema has 13.
	maxAttributes = 64
	// maxUnsupported bounds what is kept of a policy that is mostly unknown.
	maxUnsupported = 1 << 12
	// maxTrailing bounds the zero bytes that may follow a policy.
	maxTrailing = 4096
)

// Errors of Parse, to be told apart with errors.Is.
var (
	// ErrNotPolicy: not a Code Integrity policy in any form.
	ErrNotPolicy = errors.New("not a Code Integrity policy")
	// ErrTooBig: more than 64 MiB.
	ErrTooBig = errors.New("policy is larger than 64 MiB")
	// ErrTooMany: more rules, references or unknown parts than any policy has.
	ErrTooMany = errors.New("too many elements for a policy")
	// ErrTooDeep: XML elements nested more than 32 deep.
	ErrTooDeep = errors.New("elements are nested too deep")
	// ErrSyntax: a policy, but malformed.
	ErrSyntax = errors.New("malformed policy")
	// ErrDuplicate: two rules with one ID.
	ErrDuplicate = errors.New("duplicate id")
	// ErrSupplemental: a supplemental policy extends what another one allows.
	ErrSupplemental = errors.New("a supplemental policy cannot be judged alone; give its base policy")
)

// Parse reads a policy. The name is used in errors and kept in Source. The
// form is found from the first bytes: XML in UTF-8 or UTF-16, a PKCS #7
// message, or a compiled policy.
//
// The error says that the bytes are no policy, are malformed, or exceed a
// limit, with the line or the offset (in the policy, not in the signature
// around it). The signature of a signed policy is not judged: look at
// Signature.
func Parse(name string, data []byte) (*Policy, error) {
	p, err := parse(data)
	if err == nil {
		err = p.buildIndex()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.Source = name
	return p, nil
}

func parse(data []byte) (*Policy, error) {
	if len(data) > maxPolicy {
		return nil, ErrTooBig
	}
	switch kind := sniff(data); kind {
	case kindXML:
		return parseXML(data)
	case kindSigned:
		return parseSigned(data)
	case kindCompiled:
		return parseCompiled(data)
	default:
		return nil, fmt.Errorf("%w: %s", ErrNotPolicy, kind)
	}
}

// parseSigned takes the policy out of the message. What the message may be
// followed by is zero bytes.
func parseSigned(data []byte) (*Policy, error) {
	s, err := authenticode.ParseSignature(data)
	if err != nil {
		return nil, fmt.Errorf("signed policy: %w", err)
	}
	if s.ContentType != OIDPolicy {
		return nil, fmt.Errorf("%w: a signed message with content of type %s, that of policies is %s", ErrNotPolicy, s.ContentType, OIDPolicy)
	}
	if s.ContentTag != tagOctetString {
		return nil, fmt.Errorf("%w: the signed content is not an OCTET STRING", ErrNotPolicy)
	}
	if !isPadding(s.Trailing) {
		return nil, fmt.Errorf("%d bytes follow the signed policy: %w", len(s.Trailing), ErrSyntax)
	}
	p, err := parseCompiled(s.Content)
	if err != nil {
		return nil, fmt.Errorf("signed content: %w", err)
	}
	p.Signature = s
	return p, nil
}

// note records something unsupported.
func (p *Policy) note(u Unsupported) error {
	if len(p.Unsupported) == maxUnsupported {
		return fmt.Errorf("%s: more than %d parts that are not supported: %w", u.At, maxUnsupported, ErrTooMany)
	}
	p.Unsupported = append(p.Unsupported, u)
	return nil
}

// at names a position in the policy: a line of XML, an offset otherwise.
func (p *Policy) at(pos int64) string {
	if p.Format == XML {
		return fmt.Sprintf("line %d", pos)
	}
	return fmt.Sprintf("offset %d", pos)
}
