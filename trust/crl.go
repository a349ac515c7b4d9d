package trust

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/cert"
	"prestage/authenticode/ctl"
)

// Limits on revocation lists.
const (
	maxRevoked       = 1 << 20 // entries of one list; the largest public ones have some hundred thousand
	maxCRLExtensions = 64      // of a list, or of one entry
	maxRevokedSerial = 64      // octets; RFC 5280 allows 20
)

// Errors of revocation lists and OCSP responses.
var (
	// ErrRevocationSyntax means that the bytes are no CRL, or no OCSP response.
	ErrRevocationSyntax = errors.New("damaged revocation data")
	// ErrRevocationKind means a kind of list that is not supported: a delta
	// list, an indirect one, or one of attribute certificates.
	ErrRevocationKind = errors.New("not supported: give the complete list of the certificates' own issuer")
	// ErrRevocationCritical means a critical extension that nobody here
	// understands. Such a list must not be used (RFC 5280 5.2 and 5.3).
	ErrRevocationCritical = errors.New("critical extension that is not understood")
	// ErrTooManyRevoked means a list beyond the limit.
	ErrTooManyRevoked = errors.New("more than 1048576 revoked certificates")
)

// revocationList is a CRL, read and not yet verified.
//
// Its scope (issuingDistributionPoint) is kept and not looked into: it limits
// what the absence of a certificate means, and only presence is ever asked
// for. A serial number is given once by an issuer, so an entry speaks of the
// same certificate whatever the scope of the list.
type revocationList struct {
	source                 string
	issuer                 []byte // Name in DER
	thisUpdate, nextUpdate time.Time
	scope                  []byte // issuingDistributionPoint, nil when absent
	revoked                map[string]revoked
	seal                   seal
}

// revoked is what an issuer says of a certificate.
type revoked struct {
	date    time.Time
	invalid time.Time // invalidityDate; zero when not given
	// reason is a CRLReason (RFC 5280 5.3.1); it means something only with
	// given, as 0 is a reason too.
	reason int
	given  bool
}

// readRevocationList reads one CRL that fills der exactly (RFC 5280 5.1). The
// source is for messages.
//
// crypto/x509 is not asked, because it refuses version 1, in which authorities
// wrote their lists well into the age of the certificates that matter here, and
// identifiers such as the OIW's; and it keeps a list of a hundred thousand
// entries in several times the memory. A test holds the two against each other.
func readRevocationList(source string, der []byte) (*revocationList, error) {
	in := cryptobyte.String(der[:len(der):len(der)])
	l, err := parseRevocationList(in)
	if err != nil {
		return nil, fmt.Errorf("%s: revocation list: %w", source, err)
	}
	l.source = source
	return l, nil
}

func parseRevocationList(in cryptobyte.String) (*revocationList, error) {
	s := in
	var body, tbs, fields, inner, issuer cryptobyte.String
	if !s.ReadASN1(&body, asn1.SEQUENCE) || !s.Empty() {
		return nil, damagedAt(in, s, "outer sequence")
	}
	if !body.ReadASN1Element(&tbs, asn1.SEQUENCE) {
		return nil, damagedAt(in, body, "signed part")
	}
	l := new(revocationList)
	algorithm := body
	if err := l.seal.read(in, tbs, &body); err != nil {
		return nil, err
	}
	if !body.Empty() {
		return nil, damagedAt(in, body, "behind the signature")
	}
	tbs.ReadASN1(&fields, asn1.SEQUENCE) // read once already
	version := 1
	if fields.PeekASN1Tag(asn1.INTEGER) {
		var n int64
		if !fields.ReadASN1Integer(&n) || n != 1 {
			return nil, damagedAt(in, fields, "version")
		}
		version = 2
	}
	if !fields.ReadASN1Element(&inner, asn1.SEQUENCE) || !bytes.HasPrefix(algorithm, inner) {
		return nil, damagedAt(in, fields, "inner and outer signature algorithm")
	}
	if !fields.ReadASN1Element(&issuer, asn1.SEQUENCE) {
		return nil, damagedAt(in, fields, "issuer")
	}
	l.issuer = issuer
	var ok bool
	if l.thisUpdate, ok = readTime(&fields); !ok {
		return nil, damagedAt(in, fields, "thisUpdate")
	}
	if fields.PeekASN1Tag(asn1.UTCTime) || fields.PeekASN1Tag(asn1.GeneralizedTime) {
		if l.nextUpdate, ok = readTime(&fields); !ok {
			return nil, damagedAt(in, fields, "nextUpdate")
		}
	}
	if fields.PeekASN1Tag(asn1.SEQUENCE) {
		var entries cryptobyte.String
		if !fields.ReadASN1(&entries, asn1.SEQUENCE) {
			return nil, damagedAt(in, fields, "revokedCertificates")
		}
		if err := l.readEntries(in, entries); err != nil {
			return nil, err
		}
	}
	if version == 2 && !fields.Empty() {
		if err := l.readExtensions(in, &fields); err != nil {
			return nil, err
		}
	}
	if !fields.Empty() {
		return nil, damagedAt(in, fields, "behind the last field")
	}
	return l, nil
}

// damagedAt is the error for something that is not what it should be where s
// begins. Positions are those of slices that were made by slicing alone, which
// keep the end of the capacity.
func damagedAt(in, s cryptobyte.String, part string) error {
	return fmt.Errorf("offset %d: %s: %w", cap(in)-cap(s), part, ErrRevocationSyntax)
}

// readEntries reads revokedCertificates. A certificate that is there twice was
// revoked at the earlier of the dates.
func (l *revocationList) readEntries(in, entries cryptobyte.String) error {
	const usual, plenty = 40, 1 << 16 // octets of an entry; more room is made when it is needed
	l.revoked = make(map[string]revoked, min(len(entries)/usual, plenty))
	for n := 0; !entries.Empty(); n++ {
		if n == maxRevoked {
			return ErrTooManyRevoked
		}
		at := entries
		var entry, serial cryptobyte.String
		if !entries.ReadASN1(&entry, asn1.SEQUENCE) {
			return damagedAt(in, at, "entry")
		}
		if !entry.ReadASN1(&serial, asn1.INTEGER) || len(serial) == 0 || len(serial) > maxRevokedSerial {
			return damagedAt(in, at, "serial number of an entry")
		}
		r, err := readRevoked(in, entry)
		if err != nil {
			return err
		}
		key := serialKey(serial)
		if have, twice := l.revoked[key]; twice {
			r = worse(have, r)
		}
		l.revoked[key] = r
	}
	return nil
}

// readRevoked reads an entry behind the serial number.
func readRevoked(in, entry cryptobyte.String) (revoked, error) {
	var r revoked
	var ok bool
	if r.date, ok = readTime(&entry); !ok {
		return r, damagedAt(in, entry, "revocationDate of an entry")
	}
	if entry.Empty() {
		return r, nil
	}
	var list cryptobyte.String
	if !entry.ReadASN1(&list, asn1.SEQUENCE) || !entry.Empty() {
		return r, damagedAt(in, entry, "extensions of an entry")
	}
	err := eachExtension(in, list, r.extension)
	return r, err
}

// extension reads one extension of an entry (RFC 5280 5.3). The hold
// instruction is of no interest: a certificate on hold is revoked until a
// later list says otherwise.
func (r *revoked) extension(id string, critical bool, value cryptobyte.String) error {
	switch id {
	case oidCRLReason:
		if !value.ReadASN1Enum(&r.reason) || !value.Empty() {
			return fmt.Errorf("reasonCode: %w", ErrRevocationSyntax)
		}
		r.given = true
	case oidInvalidityDate:
		var ok bool
		if r.invalid, ok = readTime(&value); !ok || !value.Empty() {
			return fmt.Errorf("invalidityDate: %w", ErrRevocationSyntax)
		}
	case oidCertificateIssuer:
		return fmt.Errorf("entry of an indirect revocation list: %w", ErrRevocationKind)
	case oidHoldInstruction:
	default:
		if critical {
			return fmt.Errorf("%s: %w", ctl.OID(id), ErrRevocationCritical)
		}
	}
	return nil
}

// The contents octets of the object identifiers of extensions (RFC 5280 5.2
// and 5.3): a list of a million entries is no place for decimal numbers.
const (
	oidIssuerAltName     = "\x55\x1d\x12" // 2.5.29.18
	oidCRLNumber         = "\x55\x1d\x14" // 2.5.29.20
	oidCRLReason         = "\x55\x1d\x15" // 2.5.29.21
	oidHoldInstruction   = "\x55\x1d\x17" // 2.5.29.23
	oidInvalidityDate    = "\x55\x1d\x18" // 2.5.29.24
	oidDeltaIndicator    = "\x55\x1d\x1b" // 2.5.29.27
	oidDistributionPoint = "\x55\x1d\x1c" // 2.5.29.28
	oidCertificateIssuer = "\x55\x1d\x1d" // 2.5.29.29
	oidAuthorityKey      = "\x55\x1d\x23" // 2.5.29.35
	oidFreshestCRL       = "\x55\x1d\x2e" // 2.5.29.46
)

// readExtensions reads crlExtensions. The number of the list and the key
// identifier are hints: dates and signature decide.
func (l *revocationList) readExtensions(in cryptobyte.String, fields *cryptobyte.String) error {
	at := *fields
	var wrapped, list cryptobyte.String
	if !fields.ReadASN1(&wrapped, asn1.Tag(0).Constructed().ContextSpecific()) ||
		!wrapped.ReadASN1(&list, asn1.SEQUENCE) || !wrapped.Empty() {
		return damagedAt(in, at, "extensions")
	}
	return eachExtension(in, list, func(id string, critical bool, value cryptobyte.String) error {
		switch id {
		case oidDeltaIndicator:
			return fmt.Errorf("delta revocation list: %w", ErrRevocationKind)
		case oidDistributionPoint:
			l.scope = value
			return checkScope(value)
		case oidAuthorityKey, oidCRLNumber, oidIssuerAltName, oidFreshestCRL:
			return nil
		}
		if critical {
			return fmt.Errorf("%s: %w", ctl.OID(id), ErrRevocationCritical)
		}
		return nil
	})
}

// checkScope refuses lists whose entries are not about certificates of the
// list's own issuer (RFC 5280 5.2.5).
func checkScope(value cryptobyte.String) error {
	const indirectCRL, onlyAttributes, last = 4, 5, 5
	var fields cryptobyte.String
	if !value.ReadASN1(&fields, asn1.SEQUENCE) || !value.Empty() {
		return fmt.Errorf("issuingDistributionPoint: %w", ErrRevocationSyntax)
	}
	for n := range uint8(last + 1) {
		tag := asn1.Tag(n).ContextSpecific()
		if n == 0 {
			tag = tag.Constructed()
		}
		var field cryptobyte.String
		var present bool
		if !fields.ReadOptionalASN1(&field, &present, tag) {
			return fmt.Errorf("issuingDistributionPoint: %w", ErrRevocationSyntax)
		}
		set := present && !bytes.Equal(field, []byte{0})
		switch {
		case n == indirectCRL && set:
			return fmt.Errorf("indirect revocation list: %w", ErrRevocationKind)
		case n == onlyAttributes && set:
			return fmt.Errorf("revocation list of attribute certificates: %w", ErrRevocationKind)
		}
	}
	if !fields.Empty() {
		return fmt.Errorf("issuingDistributionPoint: %w", ErrRevocationSyntax)
	}
	return nil
}

// eachExtension calls do for every extension of a list, each of which may be
// there once (RFC 5280 4.2).
func eachExtension(in, list cryptobyte.String, do func(id string, critical bool, value cryptobyte.String) error) error {
	var seen []cryptobyte.String
	for !list.Empty() {
		at := list
		var extension, id, value cryptobyte.String
		critical := false
		if !list.ReadASN1(&extension, asn1.SEQUENCE) || !extension.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) ||
			!readCritical(&extension, &critical) || !extension.ReadASN1(&value, asn1.OCTET_STRING) || !extension.Empty() {
			return damagedAt(in, at, "extension")
		}
		for _, other := range seen {
			if bytes.Equal(other, id) {
				return damagedAt(in, at, "extension that is there twice")
			}
		}
		if seen = append(seen, id); len(seen) > maxCRLExtensions {
			return damagedAt(in, at, "more than 64 extensions")
		}
		if err := do(string(id), critical, value); err != nil {
			return fmt.Errorf("offset %d: %w", cap(in)-cap(at), err)
		}
	}
	return nil
}

// readCritical takes any octet but zero as true: BER allows it, and true is
// the stricter reading.
func readCritical(s *cryptobyte.String, critical *bool) bool {
	if !s.PeekASN1Tag(asn1.BOOLEAN) {
		return true
	}
	var octets cryptobyte.String
	if !s.ReadASN1(&octets, asn1.BOOLEAN) || len(octets) != 1 {
		return false
	}
	*critical = octets[0] != 0
	return true
}

// readTime reads a Time (RFC 5280 4.1.2.5) and returns it in UTC. The form that
// nearly all have is read without the library, which takes ten times as long:
// that counts where there are a hundred thousand.
func readTime(s *cryptobyte.String) (time.Time, bool) {
	const usual = "\x17\x0dYYMMDDhhmmssZ" // UTCTime of 13 octets
	if len(*s) >= len(usual) && string((*s)[:2]) == usual[:2] {
		if t, ok := usualTime((*s)[2:len(usual)]); ok {
			return t, s.Skip(len(usual))
		}
	}
	var t time.Time
	ok := false
	if s.PeekASN1Tag(asn1.UTCTime) {
		ok = s.ReadASN1UTCTime(&t)
	} else {
		ok = s.ReadASN1GeneralizedTime(&t)
	}
	return t.UTC(), ok
}

// usualTime reads YYMMDDhhmmssZ. What it does not like may still be a time.
func usualTime(text []byte) (time.Time, bool) {
	var n [6]int
	for i := range n {
		tens, ones := text[2*i]-'0', text[2*i+1]-'0'
		if tens > 9 || ones > 9 {
			return time.Time{}, false
		}
		n[i] = int(tens)*10 + int(ones)
	}
	year := 1900 + n[0]
	if n[0] < 50 {
		year += 100
	}
	t := time.Date(year, time.Month(n[1]), n[2], n[3], n[4], n[5], 0, time.UTC)
	exists := t.Month() == time.Month(n[1]) && t.Day() == n[2] && n[3] < 24 && n[4] < 60 && n[5] < 60
	return t, exists && text[12] == 'Z'
}

// serialKey is a serial number as a key of maps: the octets of the INTEGER
// without superfluous ones at the front, so that a list and a certificate that
// pad differently mean the same.
func serialKey(octets []byte) string {
	for len(octets) > 1 && (octets[0] == 0 && octets[1] < 0x80 || octets[0] == 0xff && octets[1] >= 0x80) {
		octets = octets[1:]
	}
	return string(octets)
}

// serialOf is the key of a certificate's serial number.
func serialOf(c *cert.Certificate) string {
	if c.Serial == nil {
		return ""
	}
	var b cryptobyte.Builder
	b.AddASN1BigInt(c.Serial)
	der, err := b.Bytes()
	if err != nil {
		return ""
	}
	s := cryptobyte.String(der)
	var octets cryptobyte.String
	if !s.ReadASN1(&octets, asn1.INTEGER) {
		return ""
	}
	return serialKey(octets)
}

// seal is the signature on a revocation list or an OCSP response.
type seal struct {
	signed    []byte
	algorithm cert.Algorithm
	value     []byte

	mu    sync.Mutex
	known map[string]error // by key: what by found
}

// maxSealKeys bounds how many keys a seal remembers.
const maxSealKeys = 64

// read reads algorithm and signature value behind the signed part.
func (s *seal) read(in, signed cryptobyte.String, rest *cryptobyte.String) error {
	at := *rest
	var algorithm, value cryptobyte.String
	if !rest.ReadASN1Element(&algorithm, asn1.SEQUENCE) {
		return damagedAt(in, at, "signature algorithm")
	}
	var err error
	if s.algorithm, err = cert.ParseAlgorithm(algorithm); err != nil {
		return damagedAt(in, at, "signature algorithm")
	}
	at = *rest
	if !rest.ReadASN1(&value, asn1.BIT_STRING) || len(value) == 0 || value[0] != 0 {
		return damagedAt(in, at, "signature")
	}
	s.signed, s.value = signed, value[1:]
	return nil
}

// by checks that the key of c made the signature. It is mathematics only, as
// [cert.Certificate.CheckSignatureFrom] is: SHA-1 and MD5 are taken. Who could
// forge a list could make verdicts worse and nothing else.
func (s *seal) by(c *cert.Certificate) error {
	key := string(c.RawSPKI)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err, known := s.known[key]; known {
		return err
	}
	err := s.check(c)
	if s.known == nil || len(s.known) >= maxSealKeys {
		s.known = make(map[string]error)
	}
	s.known[key] = err
	return err
}

func (s *seal) check(c *cert.Certificate) error {
	if c.PublicKey == nil {
		return fmt.Errorf("key of the issuer: %w", cmp.Or(c.KeyProblem, cert.ErrBadKey))
	}
	hash := s.algorithm.Hash
	if hash == 0 || !hash.Available() {
		return fmt.Errorf("%s: %w", s.algorithm, cert.ErrUnsupportedAlgorithm)
	}
	return cert.Verify(c.PublicKey, s.algorithm, digest(hash, s.signed), s.value)
}

func digest(h crypto.Hash, data []byte) []byte {
	w := h.New()
	w.Write(data)
	return w.Sum(nil)
}

// errNoCRLSign: the issuer's key may sign, but no revocation lists.
var errNoCRLSign = errors.New("the issuer's key usage does not include signing revocation lists")

// issuedBy says why the list is not one that the holder of c made and may
// make (RFC 5280 6.3.3 f and g); nil when it is.
func (l *revocationList) issuedBy(c *cert.Certificate) error {
	if err := l.seal.by(c); err != nil {
		return err
	}
	if c.HasKeyUsage && c.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return errNoCRLSign
	}
	return nil
}
