package cert

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Tags of TBSCertificate that are not universal (RFC 5280, section 4.1).
var (
	tagVersion       = asn1.Tag(0).ContextSpecific().Constructed()
	tagIssuerUnique  = asn1.Tag(1).ContextSpecific()
	tagSubjectUnique = asn1.Tag(2).ContextSpecific()
	tagExtensions    = asn1.Tag(3).ContextSpecific().Constructed()
)

// read is the reader of this package. It asks for DER tags and lengths, and
// takes what crypto/x509 does not: negative and padded serial numbers, strings
// outside their alphabet, times without seconds or with an offset, keys
// without NULL, different inner and outer algorithms, duplicate extensions.
// It is stricter than crypto/x509 in one way: bytes that belong to no field
// are an error everywhere.
func read(der []byte) (*Certificate, error) {
	input := cryptobyte.String(der)
	var body, tbs, tbsBody, algorithm, signature cryptobyte.String
	if !input.ReadASN1(&body, asn1.SEQUENCE) || !input.Empty() {
		return nil, syntax("outer sequence")
	}
	if !body.ReadASN1Element(&tbs, asn1.SEQUENCE) {
		return nil, syntax("signed part")
	}
	c := &Certificate{Raw: der, RawTBS: tbs, MaxPathLen: -1}
	if !tbs.ReadASN1(&tbsBody, asn1.SEQUENCE) {
		return nil, syntax("signed part")
	}
	if err := c.readTBS(tbsBody); err != nil {
		return nil, err
	}
	var err error
	if !body.ReadASN1Element(&algorithm, asn1.SEQUENCE) {
		return nil, syntax("signature algorithm")
	}
	if c.SignatureAlgorithm, err = ParseAlgorithm(algorithm); err != nil {
		return nil, fmt.Errorf("signature algorithm: %w", err)
	}
	if !body.ReadASN1(&signature, asn1.BIT_STRING) || !body.Empty() {
		return nil, syntax("signature")
	}
	if c.Signature, err = wholeOctets(signature); err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	return c, nil
}

// readTBS reads the content of TBSCertificate, field by field in its order.
func (c *Certificate) readTBS(s cryptobyte.String) error {
	var err error
	if c.Version, err = readVersion(&s); err != nil {
		return err
	}
	if c.Serial, err = readSerial(&s); err != nil {
		return err
	}
	var field cryptobyte.String
	if !s.ReadASN1(&field, asn1.SEQUENCE) { // the inner algorithm: see CheckSignatureFrom
		return syntax("inner signature algorithm")
	}
	if !s.ReadASN1Element(&field, asn1.SEQUENCE) {
		return syntax("issuer")
	}
	c.RawIssuer, c.Issuer = field, parseName(field)
	if c.NotBefore, c.NotAfter, err = readValidity(&s); err != nil {
		return err
	}
	if !s.ReadASN1Element(&field, asn1.SEQUENCE) {
		return syntax("subject")
	}
	c.RawSubject, c.Subject = field, parseName(field)
	if !s.ReadASN1Element(&field, asn1.SEQUENCE) {
		return syntax("public key")
	}
	c.RawSPKI = field
	c.PublicKey, c.KeyProblem = parseKey(field)
	return c.readTail(s)
}

// readTail reads what may follow the public key: unique identifiers, which
// mean nothing to Windows, and extensions.
func (c *Certificate) readTail(s cryptobyte.String) error {
	if c.Version >= 2 && (!s.SkipOptionalASN1(tagIssuerUnique) || !s.SkipOptionalASN1(tagSubjectUnique)) {
		return syntax("unique identifier")
	}
	if s.Empty() {
		return nil
	}
	// Readers differ on extensions below version 3: some obey them, some skip
	// them. Such a certificate has no one meaning.
	if c.Version != 3 {
		return syntax(fmt.Sprintf("data after the public key of a version %d certificate", c.Version))
	}
	var wrapped, list cryptobyte.String
	if !s.ReadASN1(&wrapped, tagExtensions) || !s.Empty() ||
		!wrapped.ReadASN1(&list, asn1.SEQUENCE) || !wrapped.Empty() {
		return syntax("extensions")
	}
	var err error
	if c.Extensions, err = readExtensions(list); err != nil {
		return err
	}
	c.interpret()
	return nil
}

func readVersion(s *cryptobyte.String) (int, error) {
	var v int64
	if !s.ReadOptionalASN1Integer(&v, tagVersion, int64(0)) || v < 0 || v > 2 {
		return 0, syntax("version")
	}
	return int(v) + 1, nil
}

// readSerial takes any non-empty INTEGER, also negative or with superfluous
// leading octets.
func readSerial(s *cryptobyte.String) (*big.Int, error) {
	var octets cryptobyte.String
	if !s.ReadASN1(&octets, asn1.INTEGER) || len(octets) == 0 {
		return nil, syntax("serial number")
	}
	n := new(big.Int).SetBytes(octets)
	if octets[0]&0x80 != 0 { // two's complement
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(octets))))
	}
	return n, nil
}

func readValidity(s *cryptobyte.String) (notBefore, notAfter time.Time, err error) {
	var validity cryptobyte.String
	if !s.ReadASN1(&validity, asn1.SEQUENCE) {
		return notBefore, notAfter, syntax("validity")
	}
	if notBefore, err = readTime(&validity); err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("not before: %w", err)
	}
	if notAfter, err = readTime(&validity); err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("not after: %w", err)
	}
	if !validity.Empty() {
		return time.Time{}, time.Time{}, syntax("validity")
	}
	return notBefore, notAfter, nil
}

// The layouts take a fraction after the seconds too: time.Parse does so
// unasked. A time without zone is refused, because it would be anybody's
// guess and the guess could turn an expired certificate into a valid one.
var (
	utcLayouts         = []string{"060102150405Z0700", "0601021504Z0700"}
	generalizedLayouts = []string{"20060102150405Z0700", "200601021504Z0700"}
)

// readTime reads a UTCTime or GeneralizedTime and returns it in UTC.
func readTime(s *cryptobyte.String) (time.Time, error) {
	var text cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&text, &tag) {
		return time.Time{}, syntax("time")
	}
	layouts := generalizedLayouts
	switch tag {
	case asn1.GeneralizedTime:
	case asn1.UTCTime:
		layouts = utcLayouts
	default:
		return time.Time{}, syntax(fmt.Sprintf("time with tag 0x%02x", uint8(tag)))
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, string(text))
		if err != nil {
			continue
		}
		if tag == asn1.UTCTime && t.Year() >= 2050 { // RFC 5280, section 4.1.2.5.1: YY >= 50 is 19YY
			t = t.AddDate(-100, 0, 0)
		}
		return t.UTC(), nil
	}
	return time.Time{}, syntax(fmt.Sprintf("time %.40q", string(text)))
}

// wholeOctets is the value of a BIT STRING whose number of bits is a multiple
// of eight. Signatures and keys have no others; shifting one into place, as
// some readers do, would give one signature two encodings.
func wholeOctets(bits []byte) ([]byte, error) {
	if len(bits) == 0 {
		return nil, syntax("empty bit string")
	}
	if bits[0] != 0 {
		return nil, errors.Join(syntax("bit string"), fmt.Errorf("%d unused bits", bits[0]))
	}
	return bits[1:], nil
}

// syntax is ErrSyntax for the named part.
func syntax(part string) error { return fmt.Errorf("%s: %w", part, ErrSyntax) }
