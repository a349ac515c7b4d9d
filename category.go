package prestage

import "fmt"

// Category is the class that Windows puts a driver package's signature in
// before it stages the package. The six values and their names are those of
// Microsoft's page "Signature Categories and Driver Installation".
type Category int

const (
	// CategoryUnknown is the zero value: not judged. It is never a verdict.
	CategoryUnknown Category = iota
	// WindowsAuthority: signed by a Windows signing authority, that is, by
	// Microsoft as a part of Windows or through the Hardware Dev Center.
	WindowsAuthority
	// TrustedPublisher: validly signed, and the signer's certificate is in
	// the machine's Trusted Publishers store.
	TrustedPublisher
	// UntrustedPublisher: validly signed by a publisher whom the machine's
	// Disallowed store distrusts.
	UntrustedPublisher
	// UnknownPublisher: validly signed by a publisher of whom the machine
	// knows neither.
	UnknownPublisher
	// Altered: signed, but a file is not the one that was signed.
	Altered
	// Unsigned: not signed, or not with a valid signature.
	Unsigned
)

var categoryWords = [...]string{
	"unknown", "windows-authority", "trusted-publisher", "untrusted-publisher",
	"unknown-publisher", "altered", "unsigned",
}

// String returns the word of the JSON report, such as "windows-authority".
func (c Category) String() string {
	if c < 0 || int(c) >= len(categoryWords) {
		return fmt.Sprintf("Category(%d)", int(c))
	}
	return categoryWords[c]
}

// SignerScore is the score of a driver package's signature, as SetupAPI logs
// it and ranks by it: lower ranks better. The constants are those of
// SetupAPI.h (rule 160).
//
// The zero value is no score. It would be the best of all, so rendering it
// is refused: see [SignerScore.Valid]. The documented unknown is
// [ScoreUnknown].
type SignerScore uint32

// The SIGNERSCORE_ constants of SetupAPI.h (rule 160).
const (
	ScoreLogoPremium  SignerScore = 0x0D000001
	ScoreLogoStandard SignerScore = 0x0D000002
	ScoreInbox        SignerScore = 0x0D000003
	ScoreUnclassified SignerScore = 0x0D000004
	ScoreWHQL         SignerScore = 0x0D000005
	ScoreAuthenticode SignerScore = 0x0F000000
	ScoreUnsigned     SignerScore = 0x80000000
	ScoreW9xSuspect   SignerScore = 0xC0000000
	ScoreUnknown      SignerScore = 0xFF000000
)

// scoreWords is ordered from the best score to the worst. label is the word
// of the SetupAPI log (rule 161), name the one that --min-score takes.
var scoreWords = []struct {
	score       SignerScore
	name, label string
}{
	{ScoreLogoPremium, "premium", "WHQL Logo Gold"},
	{ScoreLogoStandard, "standard", "WHQL Logo Silver"},
	{ScoreInbox, "inbox", "INBOX"},
	{ScoreUnclassified, "unclassified", "WHQL Unclassified"},
	{ScoreWHQL, "whql", "WHQL"},
	{ScoreAuthenticode, "authenticode", "Authenticode"},
	{ScoreUnsigned, "unsigned", "Not digitally signed"},
	{ScoreW9xSuspect, "w9x-suspect", "Not digitally signed"},
	{ScoreUnknown, "unknown", "Unknown"},
}

// Valid reports whether s is one of the scores of SetupAPI.h. Zero is not.
func (s SignerScore) Valid() bool {
	for _, w := range scoreWords {
		if w.score == s {
			return true
		}
	}
	return false
}

// String returns the word of the SetupAPI log, such as "WHQL". A value that
// is no score, zero above all, reads as an error, never as a good score.
func (s SignerScore) String() string {
	for _, w := range scoreWords {
		if w.score == s {
			return w.label
		}
	}
	return fmt.Sprintf("!invalid signer score %s", s.Hex())
}

// Hex returns the score as the log prints it: 0x and eight digits.
func (s SignerScore) Hex() string { return fmt.Sprintf("0x%08X", uint32(s)) }

// ParseSignerScore reads a score's short name: premium, standard, inbox,
// unclassified, whql, authenticode, unsigned, w9x-suspect or unknown.
func ParseSignerScore(name string) (SignerScore, error) {
	for _, w := range scoreWords {
		if w.name == name {
			return w.score, nil
		}
	}
	return ScoreUnknown, fmt.Errorf("unknown signer score %q: use premium, standard, inbox, unclassified, whql, authenticode or unsigned", name)
}

// Outcome is what happens when the package is handed to Windows.
type Outcome int

const (
	// OutcomeUnknown is the zero value: not judged.
	OutcomeUnknown Outcome = iota
	// Silent: staged without asking anybody.
	Silent
	// Prompted: staged if the person at the screen agrees.
	Prompted
	// Refused: not staged.
	Refused
	// NotApplicable: the package has nothing for this target.
	NotApplicable
)

var outcomeWords = [...]string{"unknown", "silent", "prompt", "refuse", "not-applicable"}

// String returns the word of the JSON report: silent, prompt, refuse or
// not-applicable.
func (o Outcome) String() string {
	if o < 0 || int(o) >= len(outcomeWords) {
		return fmt.Sprintf("Outcome(%d)", int(o))
	}
	return outcomeWords[o]
}

// Prompt is the dialog that Windows shows before it stages (section F.3 of
// the rules).
type Prompt int

const (
	// PromptUnknown is the zero value: not judged.
	PromptUnknown Prompt = iota
	// PromptNone: no dialog.
	PromptNone
	// PromptPublisher: "Would you like to install this device software?",
	// with the publisher's name.
	PromptPublisher
	// PromptUnverified: "Windows can't verify the publisher of this driver
	// software", in red.
	PromptUnverified
)

var promptWords = [...]string{"unknown", "none", "publisher", "unverified"}

// String returns the word of the JSON report: none, publisher or unverified.
func (p Prompt) String() string {
	if p < 0 || int(p) >= len(promptWords) {
		return fmt.Sprintf("Prompt(%d)", int(p))
	}
	return promptWords[p]
}
