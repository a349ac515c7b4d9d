// Package signtest makes things to verify: keys, certificates, signatures,
// time stamps, catalogs, PE images, INFs and whole driver packages. It is to
// prestage what net/http/httptest is to a web server, and it is public so
// that the tests of every package, here and elsewhere, can use it.
//
// Each kind of thing is a struct that describes it and a method that encodes
// it. The zero value of a field is the ordinary choice, so that a test says
// only what is wrong with its subject:
//
//	p := signtest.NewPackage()              // a complete, valid package
//	p.Catalog.Version = 1                   // one thing is different
//	files := p.Build()                      // path -> bytes
//
//	h := signtest.Commercial(signtest.Override{
//		"leaf": func(t *signtest.Template) { t.EKUs = nil },
//	})
//	cat := signtest.Catalog{…}.Sign(h.Signer())
//
// [Samples] are the whole packages of testdata/packages, [Attacks] signed
// images with one thing wrong each, named for it.
//
// Three properties hold everywhere:
//
//   - Nothing here comes from the readers that it tests. The package encodes
//     DER by itself and imports no other package of this module: a mistake
//     about a format does not cancel out between writer and reader.
//   - The same description gives the same bytes, always. RSA PKCS #1 v1.5 has
//     no randomness, ECDSA nonces follow RFC 6979, PSS salts are part of the
//     description, serial numbers and list identifiers are derived from what
//     they belong to, and the clock is [Now].
//   - A description that makes no sense panics, as httptest.NewRequest does:
//     a negative test whose defect was silently not made would pass for the
//     wrong reason.
//
// The private keys are in keys/, committed and therefore worthless. No
// certificate made here is trusted by anybody, whatever name it bears.
//
//go:generate go run ./mkdata -root ../..
package signtest

import "time"

// Now is the clock of all tests: 2026-11-20 12:00:00 UTC.
func Now() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// SigningTime is when things made here were signed and time-stamped unless a
// description says otherwise: 2026-03-02 10:00:00 UTC. It lies within the
// validity of every ordinary certificate.
func SigningTime() time.Time { return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC) }

// Date is midnight UTC of a day, for validity periods.
func Date(year, month, day int) time.Time {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}
