package blocklist

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"prestage/authenticode/cert"
)

// Answer says whether a list denies a file.
type Answer int

// The answers. Unknown is to be read as "it cannot be excluded".
const (
	Unknown Answer = iota
	Denied
	NotDenied
)

// String returns "unknown", "denied" or "not denied".
func (a Answer) String() string {
	switch a {
	case Denied:
		return "denied"
	case NotDenied:
		return "not denied"
	}
	return "unknown"
}

// Kind is how a rule found a file.
type Kind int

// The kinds of match.
const (
	KindUnknown        Kind = iota
	KindHash                // the Authenticode digest of the file
	KindPageHash            // the digest of its first page
	KindFileAttributes      // strings and version of the version resource
	KindSigner              // a signature, with or without attributes of the file
)

// String returns "unknown", "hash", "page-hash", "file-attributes" or "signer".
func (k Kind) String() string {
	switch k {
	case KindHash:
		return "hash"
	case KindPageHash:
		return "page-hash"
	case KindFileAttributes:
		return "file-attributes"
	case KindSigner:
		return "signer"
	}
	return "unknown"
}

// Match is the rule that denies a file.
type Match struct {
	RuleID       string // see FileRule.ID and SignerRule.ID
	FriendlyName string // FriendlyName of a file rule, Name of a signer; empty in a compiled policy
	Kind         Kind
	Detail       string // what matched, a lower-case clause
}

// Result is the answer for one file.
type Result struct {
	Answer Answer
	Match  Match    // when the answer is Denied
	Doubts []string // when it is Unknown: why, at most maxDoubts clauses
}

// maxDoubts bounds the reasons that a Result gives.
const maxDoubts = 16

// Denies is [Policy.Judge] for callers that want the first rule and nothing
// else: it reports true where the file is denied. Where it reports false and
// that is not certain, the Match has no Kind and no RuleID, and its Detail says
// why the file cannot be excluded; where the file is not denied, the Match is
// zero.
func (p *Policy) Denies(f File) (Match, bool) {
	r := p.Judge(f)
	if r.Answer == Unknown {
		return Match{Detail: "cannot be excluded: " + strings.Join(r.Doubts, "; ")}, false
	}
	return r.Match, r.Answer == Denied
}

// Judge says whether the list denies a file. Rules by digest are tried first,
// then those by attributes, then the signers, for every signature of the file:
// any that denies decides, whatever else allows the file (rule 194).
func (p *Policy) Judge(f File) Result {
	j := judgement{p: p, f: &f}
	for _, step := range []func() *Match{j.hashes, j.attributes, j.signers} {
		if m := step(); m != nil {
			return Result{Answer: Denied, Match: *m}
		}
	}
	for _, u := range p.Unsupported {
		if u.Rule == "" {
			j.doubt("%s", u)
		}
	}
	if p.index.rules == nil {
		j.doubt("there is no policy")
	}
	if len(j.doubts) > 0 {
		return Result{Answer: Unknown, Doubts: j.doubts}
	}
	return Result{Answer: NotDenied}
}

// judgement is the work on one file.
type judgement struct {
	p      *Policy
	f      *File
	doubts []string
}

func (j *judgement) doubt(format string, args ...any) {
	if len(j.doubts) == maxDoubts {
		return
	}
	if text := fmt.Sprintf(format, args...); !slices.Contains(j.doubts, text) {
		j.doubts = append(j.doubts, text)
	}
}

// digest is one of the digests that rules may name.
type digest struct {
	what string
	kind Kind
	size int
	sums [][]byte // of the file, in the forms that it has; nil: not known
}

func (f *File) digests() [4]digest {
	return [...]digest{
		{"SHA-256 digest", KindHash, 32, sums(f.SHA256, f.PaddedSHA256)},
		{"SHA-1 digest", KindHash, 20, sums(f.SHA1, f.PaddedSHA1)},
		{"SHA-256 digest of the first page", KindPageHash, 32, sums(f.PageSHA256, nil)},
		{"SHA-1 digest of the first page", KindPageHash, 20, sums(f.PageSHA1, nil)},
	}
}

func sums(main, padded []byte) [][]byte {
	switch {
	case main == nil:
		return nil
	case padded == nil:
		return [][]byte{main}
	}
	return [][]byte{main, padded}
}

func (j *judgement) hashes() *Match {
	for _, d := range j.f.digests() {
		if d.sums == nil && j.p.index.digests[d.size] {
			j.doubt("the %s is not known", d.what)
		}
		for _, sum := range d.sums {
			for _, r := range j.p.index.byHash[string(sum)] {
				if j.holds(r) {
					return &Match{r.ID, r.FriendlyName, d.kind, fmt.Sprintf("%s %X", d.what, sum)}
				}
			}
		}
	}
	for _, size := range slices.Sorted(maps.Keys(j.p.index.digests)) {
		if size != 20 && size != 32 {
			j.doubt("there are rules with digests of %d bytes", size)
		}
	}
	return nil
}

func (j *judgement) attributes() *Match {
	x := &j.p.index
	if j.f.VersionProblem != nil && x.attributes {
		j.doubt("the version resource is not known: %v", j.f.VersionProblem)
	}
	for _, r := range j.candidates() {
		if j.holds(r) {
			return &Match{r.ID, r.FriendlyName, KindFileAttributes, r.describe(j.f)}
		}
	}
	return nil
}

// candidates are the rules by attributes that may hold, in the policy's order.
func (j *judgement) candidates() []*FileRule {
	x := &j.p.index
	list := slices.Clone(x.others)
	keys := map[string]bool{}
	for _, a := range j.f.attributes() {
		for which, text := range [...]string{a.OriginalFileName, a.InternalName, a.FileDescription, a.ProductName} {
			if key := textKey(byte(which), text); text != "" && !keys[key] {
				keys[key] = true
				list = append(list, x.byText[key]...)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *FileRule) int { return cmp.Compare(a.Pos, b.Pos) })
	return slices.Compact(list)
}

// holds reports whether a Deny rule holds. Where that cannot be told, it keeps
// the doubt.
func (j *judgement) holds(r *FileRule) bool {
	t := r.matches(j.f, true)
	if t == maybe {
		j.doubt("deny rule %s: %s", r.ID, r.why(j.f))
	}
	return t == yes
}

func (j *judgement) signers() *Match {
	x := &j.p.index
	if len(x.byRoot)+len(x.unrooted) == 0 {
		return nil
	}
	if j.f.SignersProblem != nil {
		j.doubt("the signatures are not known: %v", j.f.SignersProblem)
	}
	for i := range j.f.Signers {
		if m := j.signer(&j.f.Signers[i]); m != nil {
			return m
		}
	}
	return nil
}

// signer tries one signature: the rules that name a certificate of its chain,
// from the leaf upwards, then those that name a certificate in another way.
func (j *judgement) signer(s *Signer) *Match {
	x := &j.p.index
	if s.Problem != nil {
		j.doubt("a signature's chain is not known: %v", s.Problem)
	}
	for _, c := range s.Chain {
		_, tbs, err := c.TBSHash()
		if err != nil {
			j.doubt("certificate %s: %v", c.Subject, err)
			continue
		}
		for _, d := range x.byRoot[string(tbs)] {
			if m := j.denied(d, s, c, tbs); m != nil {
				return m
			}
		}
	}
	for _, d := range x.unrooted {
		if m := j.denied(d, s, nil, nil); m != nil {
			return m
		}
	}
	return nil
}

func (j *judgement) denied(d *denied, s *Signer, c *cert.Certificate, tbs []byte) *Match {
	t, because := d.matches(j.f, s, c != nil)
	if t == maybe {
		j.doubt("signer %s: %s", d.rule.ID, because)
	}
	if t != yes {
		return nil
	}
	detail := fmt.Sprintf("certificate %s (TBS %X)", c.Subject, tbs)
	if d.rule.Publisher != "" {
		detail += ", publisher " + d.rule.Publisher
	}
	if d.rule.OemID != "" {
		detail += ", OEM id " + d.rule.OemID
	}
	if because != "" {
		detail += ", " + because
	}
	return &Match{d.rule.ID, d.rule.Name, KindSigner, detail}
}

// truth is what is known of a condition. Several hold when all do.
type truth int

const (
	maybe truth = iota
	no
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// and is no where either is, whatever the other: a rule that fails in one thing
// does not hold, even if another is not known.
func (t truth) and(u truth) truth {
	switch {
	case t == no || u == no:
		return no
	case t == yes && u == yes:
		return yes
	}
	return maybe
}

// hashTruth compares a digest with those of the file that have its size.
func hashTruth(f *File, want []byte) truth {
	t, unknown := maybe, false // a size that no digest has stays maybe
	for _, d := range f.digests() {
		if d.size != len(want) {
			continue
		}
		for _, sum := range d.sums {
			if bytes.Equal(sum, want) {
				return yes
			}
		}
		if d.sums == nil {
			unknown = true
		}
		t = no
	}
	if unknown {
		return maybe
	}
	return t
}
