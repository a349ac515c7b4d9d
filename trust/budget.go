package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"math/bits"
	"sync"

	"prestage/authenticode/cert"
)

// Limits on the signatures that are checked to judge one message, in units of
// [effort]. A real message needs some 20 checks of chains at 1 to 20 units,
// and one for each revocation list at hand.
const (
	maxWork     = 1024 // for chains: some 50 ms
	maxSealWork = 4096 // for revocation lists and OCSP responses
	brokenWork  = 64   // for the chains of a signature that does not hold, which are for show
)

// Budget is what judging one message may cost, and what was learnt by it. Give
// the same one, in [Options], to every [Verify] of the message: for its
// signature, for those nested in it, and for each of several stores. A link
// between two certificates is then checked once, and the work stays bounded
// however many signatures are nested. Use a new one for the next message.
//
// What a Budget does not suffice for is a problem of the verdict, TooComplex.
type Budget struct {
	links links

	mu                 sync.Mutex
	spent, spentOnSeal int
	seals              map[sealKey]bool // paid for
}

// sealKey names the check of a seal with a key.
type sealKey struct {
	seal *seal
	key  [sha256.Size]byte
}

// NewBudget returns the budget for one message.
func NewBudget() *Budget { return &Budget{seals: make(map[sealKey]bool)} }

// allowance is what one signature may take from a budget.
type allowance struct {
	*Budget
	left int // for chains
}

// newAllowance takes from b, or from a budget of its own without one.
func newAllowance(b *Budget, most int) *allowance {
	if b == nil {
		b = NewBudget()
	}
	return &allowance{Budget: b, left: most}
}

// link checks that issuer's key signed c. A link that this message asked for
// before is free; one that only the store remembers costs as much as a check:
// what is found must not depend on earlier messages. The error is
// errTooManyChecks when nothing is left to pay with.
func (a *allowance) link(c, issuer *cert.Certificate, known *links) error {
	k := linkOf(c, issuer)
	if err, done := a.links.recall(k); done {
		return err
	}
	if !a.pay(effort(issuer.PublicKey)) {
		return errTooManyChecks
	}
	err := known.check(c, issuer)
	a.links.learn(k, err)
	return err
}

func (a *allowance) pay(cost int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if cost > a.left || a.spent+cost > maxWork {
		return false
	}
	a.left -= cost
	a.spent += cost
	return true
}

// allowsSeal reports whether there is enough left to check a seal with the key
// of c, and pays for it.
func (a *allowance) allowsSeal(s *seal, c *cert.Certificate) bool {
	k := sealKey{s, sha256.Sum256(c.RawSPKI)}
	cost := effort(c.PublicKey)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seals[k] {
		return true
	}
	if a.spentOnSeal+cost > maxSealWork {
		return false
	}
	a.spentOnSeal += cost
	a.seals[k] = true
	return true
}

// effort is what it takes to check one signature with a key, in units of a
// check with RSA of 2048 bits and the usual exponent, some 30 microseconds. For
// RSA it grows with the square of the modulus and with the multiplications that
// the exponent asks for.
func effort(key crypto.PublicKey) int {
	switch k := key.(type) {
	case *rsa.PublicKey:
		const usual = 2048 * 2048 * (17 + 2) // 65537 has 17 bits, two of them set
		n := k.N.BitLen()
		e := uint(max(k.E, 1))
		return 1 + n*n*(bits.Len(e)+bits.OnesCount(e))/usual
	case *ecdsa.PublicKey:
		switch n := k.Curve.Params().BitSize; {
		case n <= 256:
			return 3
		case n <= 384:
			return 20
		}
		return 55
	}
	return 1 // no key, no check
}
