package trust

import (
	"crypto/sha256"
	"sync"

	"prestage/authenticode/cert"
)

// links remembers which key signed which certificate: the files of a package
// share their chains, and one check costs more than hashing a small driver.
// What is remembered is mathematics only and holds for every purpose and time.
type links struct {
	mu   sync.Mutex
	seen map[linkKey]error
}

// maxLinks bounds the memory to some 1 MiB, whatever the certificates' size;
// the catalogs of Windows itself need some hundred.
const maxLinks = 4096

// linkKey names a link by the SHA-256 of the whole certificate and of the whole
// key, as everything here that asks for a certificate by identity does.
type linkKey struct{ certificate, key [sha256.Size]byte }

func linkOf(c, issuer *cert.Certificate) linkKey {
	return linkKey{c.SHA256(), sha256.Sum256(issuer.RawSPKI)}
}

// recall returns what is remembered of a link, and whether anything is.
func (l *links) recall(k linkKey) (error, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err, known := l.seen[k]
	return err, known
}

// learn remembers a link.
func (l *links) learn(k linkKey, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil || len(l.seen) >= maxLinks {
		l.seen = make(map[linkKey]error) // start again: simple, and rarely needed
	}
	l.seen[k] = err
}

// check returns whether issuer's key signed c, from memory where possible.
func (l *links) check(c, issuer *cert.Certificate) error {
	k := linkOf(c, issuer)
	err, known := l.recall(k)
	if !known {
		err = c.CheckSignatureFrom(issuer)
		l.learn(k, err)
	}
	return err
}
