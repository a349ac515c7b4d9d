package trust

import (
	"sync"

	"prestage/authenticode/cert"
)

// links remembers which certificate signed which: the files of a package share
// their chains, and one check costs more than hashing a small driver. What is remembered is mathematics
// only and holds for every purpose and time.
type links struct {
	mu   sync.Mutex
	seen map[link]error
}

// link names a certificate and a supposed issuer by SHA-256.
type link struct{ cert, issuer [32]byte }

// maxLinks bounds the memory; a catalog folder of Windows has some hundred.
const maxLinks = 4096

// check returns whether issuer's key signed c, from memory where possible.
func (l *links) check(c, issuer *cert.Certificate) error {
	key := link{c.SHA256(), issuer.SHA256()}
	l.mu.Lock()
	err, known := l.seen[key]
	l.mu.Unlock()
	if known {
		return err
	}
	err = c.CheckSignatureFrom(issuer)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil || len(l.seen) >= maxLinks {
		l.seen = make(map[link]error) // start again: simple, and rarely needed
	}
	l.seen[key] = err
	return err
}
