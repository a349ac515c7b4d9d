package trust

import (
	"slices"
	"sync"

	"prestage/authenticode/cert"
)

// links remembers which key signed which certificate: the files of a package
// share their chains, and one check costs more than hashing a small driver.
// What is remembered is mathematics only and holds for every purpose and time.
type links struct {
	mu   sync.Mutex
	seen map[string]error
}

// maxLinks bounds the memory to some 8 MiB; the catalogs of Windows itself
// need some hundred.
const maxLinks = 4096

// check returns whether issuer's key signed c, from memory where possible. The
// memory goes by the whole certificate and the whole key, one DER element
// after the other: no digest that could be made to collide.
func (l *links) check(c, issuer *cert.Certificate) error {
	key := slices.Concat(c.Raw, issuer.RawSPKI)
	l.mu.Lock()
	err, known := l.seen[string(key)]
	l.mu.Unlock()
	if known {
		return err
	}
	err = c.CheckSignatureFrom(issuer)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil || len(l.seen) >= maxLinks {
		l.seen = make(map[string]error) // start again: simple, and rarely needed
	}
	l.seen[string(key)] = err
	return err
}
