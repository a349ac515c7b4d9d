package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"prestage/authenticode"
	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
)

// withKey is a certificate with another public key.
func withKey(c *cert.Certificate, key crypto.PublicKey, id int) *cert.Certificate {
	d := *c
	d.PublicKey, d.RawSPKI = key, fmt.Append(nil, "key ", id)
	return &d
}

// hugeRSA is the costliest key that certificates may have.
func hugeRSA() *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), 8191)
	return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 1<<31 - 1}
}

func TestEffort(t *testing.T) {
	rsaOf := func(bits uint, e int) crypto.PublicKey {
		return &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), bits-1), E: e}
	}
	on := func(c elliptic.Curve) crypto.PublicKey { return &ecdsa.PublicKey{Curve: c} }
	for i, c := range []struct {
		key         crypto.PublicKey
		least, most int
	}{
		{rsaOf(2048, 65537), 1, 2},
		{rsaOf(4096, 65537), 4, 6},
		{rsaOf(4096, 1<<31-1), 12, 16},
		{hugeRSA(), 50, 60},
		{on(elliptic.P256()), 2, 4},
		{on(elliptic.P384()), 15, 25},
		{on(elliptic.P521()), 40, 60},
		{nil, 1, 1},
	} {
		if got := effort(c.key); got < c.least || got > c.most {
			t.Errorf("%d: %d, want %d to %d", i, got, c.least, c.most)
		}
	}
}

// TestBudgetOfCostlyKeys: forged issuers with the largest keys, in every one of
// several nested signatures and for two stores, are paid for once.
func TestBudgetOfCostlyKeys(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	store, kernel := NewStore(), NewStore()
	store.AddRoot(f.get("root")[0], "test")
	forged := f.ca("forged", "root", named("ca")).get("forged")[0]
	leaf := f.get("leaf")[0]
	budget := NewBudget()
	o := Options{At: signtest.Now(), Purpose: CodeSigning, Budget: budget}
	key := hugeRSA()
	for i := range 32 {
		certs := []*cert.Certificate{leaf}
		for n := range 100 {
			certs = append(certs, withKey(forged, key, 1000*i+n))
		}
		for _, s := range []*Store{store, kernel} {
			v := Verify(signature(certs), s, o)
			if v.Trusted || v.Problems[0].Reason != TooComplex {
				t.Fatalf("signature %d: %v", i, v.Problems)
			}
			checkInvariants(t, v)
		}
	}
	if n := len(budget.links.seen); budget.spent > maxWork || n > maxWork/effort(key) || n == 0 {
		t.Errorf("%d units spent on %d checks", budget.spent, n)
	}
	if n := len(kernel.links.seen); n != 0 {
		t.Errorf("%d checks done again for the second store", n)
	}
	// The next message has its own budget, whatever the stores remember.
	o.Budget = NewBudget()
	if v := Verify(signature(f.get("leaf", "ca")), store, o); !v.Trusted {
		t.Errorf("the next message: %v", v.Problems)
	}
}

// TestBudgetIsTheSameWithMemory: what a store remembers of other messages
// changes nothing of what is found.
func TestBudgetIsTheSameWithMemory(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	store := NewStore()
	store.AddRoot(f.get("root")[0], "test")
	certs := f.get("leaf")
	forged := f.ca("forged", "root", named("ca")).get("forged")[0]
	for n := range 60 {
		certs = append(certs, withKey(forged, hugeRSA(), n))
	}
	var spent []int
	for range 3 {
		o := Options{At: signtest.Now(), Purpose: CodeSigning, Budget: NewBudget()}
		Verify(signature(certs), store, o)
		spent = append(spent, o.Budget.spent)
	}
	if spent[0] == 0 || spent[1] != spent[0] || spent[2] != spent[0] {
		t.Errorf("spent %v", spent)
	}
}

// TestBudgetOfABrokenSignature: its chain is shown, and no more is done for it.
func TestBudgetOfABrokenSignature(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	store := NewStore()
	store.AddRoot(f.get("root")[0], "test")
	broken := signature(f.get("leaf", "ca"))
	broken.Problem = &authenticode.Problem{Code: winerror.TrustBadDigest, Detail: "altered"}
	o := Options{At: signtest.Now(), Purpose: CodeSigning, Budget: NewBudget()}
	v := Verify(broken, store, o)
	if got := f.called(v.Chain); !slices.Equal(got, []string{"leaf", "ca", "root"}) || v.Trusted || v.Problems[0].Reason != BadSignature {
		t.Errorf("chain %v, problems %v", got, v.Problems)
	}
	forged := f.ca("forged", "root", named("ca")).get("forged")[0]
	for n := range 60 {
		broken.Certificates = append([]*cert.Certificate{withKey(forged, hugeRSA(), n)}, broken.Certificates...)
	}
	o.Budget = NewBudget()
	if Verify(broken, store, o); o.Budget.spent > brokenWork {
		t.Errorf("%d units for a signature that does not hold", o.Budget.spent)
	}
}

// TestBudgetOfRevocation: a message that carries more statements on revocation
// than are checked is not trusted: one of those left out might be genuine.
func TestBudgetOfRevocation(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	store := NewStore()
	store.AddRoot(f.get("root")[0], "test")
	list := signtest.CRL{Issuer: f.certs["ca"]}.Encode()
	l, err := readRevocationList("test", list)
	must(t, err)
	store.evidence.addList(l)
	o := Options{At: signtest.Now(), Purpose: CodeSigning, Budget: NewBudget()}
	if v := Verify(signature(f.get("leaf", "ca")), store, o); !v.Trusted || o.Budget.spentOnSeal == 0 {
		t.Fatalf("problems %v, %d units", v.Problems, o.Budget.spentOnSeal)
	}
	o.Budget = NewBudget()
	o.Budget.spentOnSeal = maxSealWork
	v := Verify(signature(f.get("leaf", "ca")), store, o)
	if v.Trusted || v.Problems[0].Reason != TooComplex {
		t.Errorf("problems %v", v.Problems)
	}
	checkInvariants(t, v)
}
