package trust

import (
	"crypto/sha256"

	"prestage/authenticode/cert"
)

// distrust is the store Disallowed.
type distrust struct {
	certificates map[[32]byte]bool // SHA-256 of the whole
	signed       map[[32]byte]bool // SHA-256 of what is signed
}

// add distrusts a certificate, which need not be readable.
func (d *distrust) add(raw, tbs []byte) {
	if d.certificates == nil {
		d.certificates, d.signed = make(map[[32]byte]bool), make(map[[32]byte]bool)
	}
	d.certificates[sha256.Sum256(raw)] = true
	d.signed[sha256.Sum256(tbs)] = true
}

// holds reports whether c is distrusted. Another certificate with the same
// signed part is the same certificate: whoever has one can make more, by
// turning an ECDSA signature into its twin or wrapping it anew, and Windows
// goes by the signature hash for that reason.
func (d *distrust) holds(c *cert.Certificate) bool {
	return len(d.certificates) > 0 && (d.certificates[c.SHA256()] || d.signed[sha256.Sum256(c.RawTBS)])
}

// Disallowed reports whether the certificate is distrusted: it stands in the
// Disallowed store, or the root program's list of disallowed certificates
// names its signature hash or its public key.
func (s *Store) Disallowed(c *cert.Certificate) bool {
	if s.disallowed.holds(c) {
		return true
	}
	l := s.lists[DisallowedList]
	return l != nil && l.distrusts(c)
}
