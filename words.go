package prestage

import (
	"crypto"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"prestage/authenticode"
	"prestage/trust"
)

// count says "1 file" or "3 files".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// hashName is the name of a hash for people, such as "SHA-256".
func hashName(h crypto.Hash) string {
	if h == 0 {
		return "an unknown hash"
	}
	return h.String()
}

// hashKey is the name of a hash in reports, such as "sha256"; empty for
// none.
func hashKey(h crypto.Hash) string {
	if h == 0 {
		return ""
	}
	return strings.ToLower(strings.ReplaceAll(h.String(), "-", ""))
}

func hashNames(list []crypto.Hash) string {
	words := make([]string, len(list))
	for i, h := range list {
		words[i] = hashName(h)
	}
	return strings.Join(words, " and ")
}

func hexSum(sums authenticode.Sums, h crypto.Hash) string { return hex.EncodeToString(sums[h]) }

// describeSignature says who signed, how and when.
func describeSignature(s *SignatureFacts) string {
	sig := s.Signature
	who := "an unnamed signer"
	if sig.Signer != nil {
		who = sig.Signer.Subject.CommonName()
	}
	text := fmt.Sprintf("%s by %q", hashName(sig.DigestAlgorithm), who)
	if s.Verdict.SignedAt.IsZero() {
		return text + ", no time stamp that counts"
	}
	return text + ", time-stamped " + s.Verdict.SignedAt.UTC().Format("2006-01-02 15:04:05 MST")
}

// describeProblem says why a signature does not count: the mathematics
// first, then the first of the reasons that stand against trust.
func describeProblem(s *SignatureFacts) string {
	if p := s.Problem(); p != nil {
		return p.Error()
	}
	err := s.Verdict.Err()
	if err == nil {
		return "no reason is known"
	}
	if s.lifetimeSigning() {
		return err.Error() + lifetimeNote
	}
	return err.Error()
}

// lifetimeNote explains why a time stamp that is there did not help (rule
// 111).
const lifetimeNote = " (the certificate has the lifetime-signing purpose, so its time stamp does not count)"

func (s *SignatureFacts) lifetimeSigning() bool {
	return slices.ContainsFunc(s.Verdict.Notes, func(p trust.Problem) bool { return p.Reason == trust.LifetimeSigning })
}

// fold is what two names have in common that differ by letter case only, as
// Windows compares names: letter by letter, in upper case. A letter outside
// ASCII never equals one inside, as the Kelvin sign and K would by Unicode's
// own rules.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		upper := unicode.ToUpper(r)
		if r >= utf8.RuneSelf && upper < utf8.RuneSelf {
			return r
		}
		return upper
	}, s)
}

// equalFold compares names as Windows does.
func equalFold(a, b string) bool { return fold(a) == fold(b) }
