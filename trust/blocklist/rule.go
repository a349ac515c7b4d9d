package blocklist

// Action is what a file rule is for.
type Action int

// The kinds of file rule.
const (
	ActionUnknown Action = iota
	Deny
	Allow
	Attribute // FileAttrib: narrows the signers that refer to it
)

// String returns "unknown", "deny", "allow" or "attribute".
func (a Action) String() string {
	switch a {
	case Deny:
		return "deny"
	case Allow:
		return "allow"
	case Attribute:
		return "attribute"
	}
	return "unknown"
}

// FileRule is a Deny, Allow or FileAttrib. Every condition that it has must
// hold (rule 190). Empty: no such condition.
type FileRule struct {
	// ID is the one of the XML. Compiling drops IDs: rules of a compiled
	// policy are FILERULE_0, FILERULE_1 and so on.
	ID           string
	FriendlyName string // empty in a compiled policy
	Action       Action
	Pos          int64 // line of the XML, offset in the compiled policy

	Hash []byte // Authenticode digest, or that of the first page (rule 191)

	// Strings of the version resource, compared without regard to case. A
	// FileName of "*" is every file.
	FileName        string // OriginalFilename, never the name on disk (rule 193)
	InternalName    string
	FileDescription string
	ProductName     string
	Versions        Bounds // of the file version

	// Other are conditions that say nothing about a driver file, or that this
	// package does not know: FilePath, PackageFamilyName, AppIDs, new ones.
	Other []string
}

// RootType is how a signer rule names its certificate.
type RootType int

// The kinds of CertRoot.
const (
	RootUnknown   RootType = iota
	RootTBS                // by the digest of its tbsCertificate
	RootWellKnown          // by a number for a root that Windows knows
)

// String returns "unknown", "tbs" or "well-known".
func (r RootType) String() string {
	switch r {
	case RootTBS:
		return "tbs"
	case RootWellKnown:
		return "well-known"
	}
	return "unknown"
}

// SignerRule is a Signer. Every condition that it has must hold, but of the
// file attributes one is enough.
type SignerRule struct {
	ID   string // SIGNER_0, SIGNER_1 … in a compiled policy
	Name string // for people; empty in a compiled policy
	Pos  int64

	RootType RootType
	Root     []byte // TBS digest (rule 192), or the number of the root

	EKUs        []string // IDs of [EKU]s
	Publisher   string   // common name of the leaf
	OemID       string   // program name in SpcSpOpusInfo
	FileAttribs []string // IDs of [FileRule]s

	Other []string // conditions without meaning here: CertIssuer, SignTimeAfter, new ones
}

// The scenarios.
const (
	ScenarioKernel = 131
	ScenarioUser   = 12
)

// Scenario says which rules apply to one kind of code.
type Scenario struct {
	ID      string
	Value   uint32 // ScenarioKernel, ScenarioUser or one that is not known
	Pos     int64
	Product Group // applies always
	// Inherits names other scenarios whose rules apply too.
	Inherits []string
	// MinimumHash is the ALG_ID of the weakest digest that signatures may have;
	// 0 when the policy does not say.
	MinimumHash uint32
	// Test and TestSigning apply to machines in test-signing mode.
	Test, TestSigning Group
}

// Group is what a scenario refers to.
type Group struct {
	Allowed, Denied []SignerRef
	Rules           []string // IDs of [FileRule]s
}

func (g Group) empty() bool { return len(g.Allowed)+len(g.Denied)+len(g.Rules) == 0 }

// SignerRef refers to a signer rule, with exceptions.
type SignerRef struct {
	Signer string   // ID of a [SignerRule]
	Except []string // IDs of the [FileRule]s to which it does not apply
}
