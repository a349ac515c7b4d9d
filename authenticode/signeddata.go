package authenticode

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/cert"
)

// signedData is the outer walk over a PKCS#7 SignedData (RFC 2315, section 9):
// slices of the input, nothing decoded twice, nothing judged.
type signedData struct {
	raw      []byte // ContentInfo
	trailing []byte

	version     int64
	digests     []algorithm // digestAlgorithms
	contentType string
	hasContent  bool
	contentTag  byte
	content     []byte // content octets, without tag and length
	contentDER  []byte // the same with tag and length

	certificates [][]byte
	crls         [][]byte
	signers      []signerInfo

	// digestsDER is the element digestAlgorithms as it stands, for pkcs7.go.
	digestsDER []byte
	// unordered is the first SET OF found out of DER order.
	unordered error
}

// algorithm is an AlgorithmIdentifier of a digest.
type algorithm struct {
	oid        string
	hash       crypto.Hash // 0 when oid names no known digest
	parameters []byte      // DER, nil when absent
	element    []byte      // the whole AlgorithmIdentifier
}

// nullOrAbsent reports whether the parameters are what digests have: NULL or
// nothing (RFC 5754, section 2).
func (a algorithm) nullOrAbsent() bool {
	return a.parameters == nil || bytes.Equal(a.parameters, []byte{5, 0})
}

// signerInfo is a SignerInfo (RFC 2315, section 9.2), or a PKCS#9
// counter-signature, which is the same structure.
type signerInfo struct {
	version int64

	issuer []byte   // Name in DER, nil when the signer is named by key identifier
	serial *big.Int // nil likewise
	keyID  []byte   // subjectKeyIdentifier (CMS version 3), nil otherwise

	digest          algorithm
	signedAttrs     []attribute
	hasSigned       bool
	signedRaw       []byte // the attributes without the outer tag [0] and length
	signatureAlg    []byte // AlgorithmIdentifier in DER
	encryptedDigest []byte
	unsignedAttrs   []attribute

	// unordered names the first SET OF signed attributes, or of their values,
	// that is out of DER order.
	unordered error
	// ambiguous is set by find.
	ambiguous bool
}

// readSignedData walks a ContentInfo that holds a SignedData. The input may
// have anything behind the ContentInfo, as in the padding of a certificate
// table; inside, every length must account for every octet.
func readSignedData(in []byte) (*signedData, error) {
	if len(in) > maxMessage {
		return nil, ErrMessageTooBig
	}
	s := cryptobyte.String(in)
	var element, info, body, rest cryptobyte.String
	if !s.ReadASN1Element(&element, asn1.SEQUENCE) {
		return nil, fmt.Errorf("offset 0: %w", ErrNotSignedData)
	}
	sd := &signedData{raw: element, trailing: s}
	rest = element
	rest.ReadASN1(&info, asn1.SEQUENCE) // read once already
	if oid, ok := readOID(&info); !ok || oid != OIDSignedData {
		return nil, fmt.Errorf("offset %d: %w", offset(in, info), ErrNotSignedData)
	}
	if !info.ReadASN1(&body, explicit0) || !info.Empty() {
		return nil, malformed(in, info, "content of ContentInfo")
	}
	if !body.ReadASN1(&rest, asn1.SEQUENCE) || !body.Empty() {
		return nil, malformed(in, body, "SignedData")
	}
	if err := sd.readBody(in, rest); err != nil {
		return nil, err
	}
	return sd, nil
}

var (
	explicit0 = asn1.Tag(0).ContextSpecific().Constructed()
	explicit1 = asn1.Tag(1).ContextSpecific().Constructed()
	explicit2 = asn1.Tag(2).ContextSpecific().Constructed()
)

// readBody reads the fields of SignedData in their order.
func (sd *signedData) readBody(in []byte, s cryptobyte.String) error {
	var set cryptobyte.String
	if !s.ReadASN1Integer(&sd.version) || sd.version < 1 || sd.version > 5 {
		return malformed(in, s, "version of SignedData")
	}
	element := s
	if !s.ReadASN1(&set, asn1.SET) {
		return malformed(in, s, "digestAlgorithms")
	}
	sd.digestsDER = element[:len(element)-len(s)]
	if err := sd.readDigests(in, set); err != nil {
		return err
	}
	if err := sd.readContent(in, &s); err != nil {
		return err
	}
	var present bool
	if !s.ReadOptionalASN1(&set, &present, explicit0) {
		return malformed(in, s, "certificates")
	}
	if present {
		var err error
		if sd.certificates, err = sd.readElements(in, set, "certificates", maxCertificates, ErrTooManyCertificates); err != nil {
			return err
		}
	}
	if !s.ReadOptionalASN1(&set, &present, explicit1) {
		return malformed(in, s, "revocation lists")
	}
	if present {
		var err error
		if sd.crls, err = sd.readElements(in, set, "revocation lists", maxCertificates, ErrTooManyCertificates); err != nil {
			return err
		}
	}
	if !s.ReadASN1(&set, asn1.SET) || !s.Empty() {
		return malformed(in, s, "signerInfos")
	}
	return sd.readSigners(in, set)
}

func (sd *signedData) readDigests(in []byte, set cryptobyte.String) error {
	order := newOrder("digestAlgorithms")
	for !set.Empty() {
		var element cryptobyte.String
		if !set.ReadASN1Element(&element, asn1.SEQUENCE) {
			return malformed(in, set, "digestAlgorithms")
		}
		sd.note(order.next(in, element))
		if len(sd.digests) == maxSigners {
			return fmt.Errorf("offset %d: digestAlgorithms: %w", offset(in, element), ErrTooManySigners)
		}
		alg, ok := parseDigest(element)
		if !ok {
			return malformed(in, element, "digestAlgorithms")
		}
		sd.digests = append(sd.digests, alg)
	}
	return nil
}

// readContent reads the inner ContentInfo. Its content is kept as octets
// without tag and length, whatever the tag: that is what is digested (rule 60).
func (sd *signedData) readContent(in []byte, s *cryptobyte.String) error {
	var info, wrapped, content cryptobyte.String
	var ok bool
	if !s.ReadASN1(&info, asn1.SEQUENCE) {
		return malformed(in, *s, "contentInfo")
	}
	if sd.contentType, ok = readOID(&info); !ok {
		return malformed(in, info, "type of the content")
	}
	if info.Empty() {
		return nil
	}
	var tag asn1.Tag
	if !info.ReadASN1(&wrapped, explicit0) || !info.Empty() {
		return malformed(in, info, "content")
	}
	sd.contentDER = wrapped
	if !wrapped.ReadAnyASN1(&content, &tag) || !wrapped.Empty() {
		return malformed(in, wrapped, "content")
	}
	sd.hasContent, sd.contentTag, sd.content = true, byte(tag), content
	return nil
}

// readElements splits the contents of a SET OF into its elements.
func (sd *signedData) readElements(in []byte, set cryptobyte.String, what string, limit int, tooMany error) ([][]byte, error) {
	var list [][]byte
	order := newOrder(what)
	for !set.Empty() {
		var element cryptobyte.String
		var tag asn1.Tag
		if !set.ReadAnyASN1Element(&element, &tag) {
			return nil, malformed(in, set, what)
		}
		if len(list) == limit {
			return nil, fmt.Errorf("offset %d: %w", offset(in, element), tooMany)
		}
		sd.note(order.next(in, element))
		list = append(list, element)
	}
	return list, nil
}

func (sd *signedData) readSigners(in []byte, set cryptobyte.String) error {
	order := newOrder("signerInfos")
	for !set.Empty() {
		var element cryptobyte.String
		if !set.ReadASN1Element(&element, asn1.SEQUENCE) {
			return malformed(in, set, "signerInfos")
		}
		if len(sd.signers) == maxSigners {
			return fmt.Errorf("offset %d: %w", offset(in, element), ErrTooManySigners)
		}
		sd.note(order.next(in, element))
		si, err := readSignerInfo(in, element)
		if err != nil {
			return err
		}
		sd.note(si.unordered)
		sd.signers = append(sd.signers, *si)
	}
	return nil
}

// note keeps the first violation of DER order.
func (sd *signedData) note(err error) {
	if sd.unordered == nil {
		sd.unordered = err
	}
}

// readSignerInfo reads one SignerInfo.
func readSignerInfo(in []byte, element cryptobyte.String) (*signerInfo, error) {
	var s, sid cryptobyte.String
	if !element.ReadASN1(&s, asn1.SEQUENCE) || !element.Empty() {
		return nil, malformed(in, element, "SignerInfo")
	}
	si := new(signerInfo)
	if !s.ReadASN1Integer(&si.version) {
		return nil, malformed(in, s, "version of SignerInfo")
	}
	// The version says how the signer is named (RFC 5652, section 5.3).
	switch si.version {
	case 1:
		if !s.ReadASN1(&sid, asn1.SEQUENCE) || !si.readIssuerAndSerial(sid) {
			return nil, malformed(in, s, "issuerAndSerialNumber")
		}
	case 3:
		if !s.ReadASN1((*cryptobyte.String)(&si.keyID), keyIdentifier) {
			return nil, malformed(in, s, "subjectKeyIdentifier")
		}
	default:
		return nil, malformed(in, s, "version of SignerInfo")
	}
	var alg, sigAlg, set cryptobyte.String
	var ok bool
	if !s.ReadASN1Element(&alg, asn1.SEQUENCE) {
		return nil, malformed(in, s, "digestAlgorithm of SignerInfo")
	}
	if si.digest, ok = parseDigest(alg); !ok {
		return nil, malformed(in, alg, "digestAlgorithm of SignerInfo")
	}
	if !s.ReadOptionalASN1(&set, &si.hasSigned, explicit0) {
		return nil, malformed(in, s, "signed attributes")
	}
	if si.hasSigned {
		if len(set) > maxSignedAttributes {
			return nil, fmt.Errorf("offset %d: %w", offset(in, set), ErrTooManyAttributes)
		}
		si.signedRaw = set
		var err error
		if si.signedAttrs, si.unordered, err = readAttributes(in, set, "signed attributes"); err != nil {
			return nil, err
		}
	}
	if !s.ReadASN1Element(&sigAlg, asn1.SEQUENCE) {
		return nil, malformed(in, s, "digestEncryptionAlgorithm")
	}
	si.signatureAlg = sigAlg
	if !s.ReadASN1((*cryptobyte.String)(&si.encryptedDigest), asn1.OCTET_STRING) {
		return nil, malformed(in, s, "encryptedDigest")
	}
	var present bool
	if !s.ReadOptionalASN1(&set, &present, explicit1) || !s.Empty() {
		return nil, malformed(in, s, "unsigned attributes")
	}
	if present {
		// Their order is not looked at: they are outside of what is signed, and
		// time stamps are added by tools that do not sort.
		var err error
		if si.unsignedAttrs, _, err = readAttributes(in, set, "unsigned attributes"); err != nil {
			return nil, err
		}
	}
	return si, nil
}

// keyIdentifier is the tag of a SignerInfo's subjectKeyIdentifier (RFC 5652,
// section 5.3).
var keyIdentifier = asn1.Tag(0).ContextSpecific()

func (si *signerInfo) readIssuerAndSerial(s cryptobyte.String) bool {
	var issuer cryptobyte.String
	si.serial = new(big.Int)
	// The serial may be negative, as in some real certificates (L4).
	if !s.ReadASN1Element(&issuer, asn1.SEQUENCE) || !s.ReadASN1Integer(si.serial) {
		return false
	}
	si.issuer = issuer
	return s.Empty()
}

// find returns the certificate that the SignerInfo names: by serial number and
// by issuer, compared octet by octet, or by key identifier (RFC 5652, section
// 5.3). It returns nil when there is none, and when there are two, which it
// notes: an issuer gives a serial number once, so one of them is forged, and
// which one another reader would take is anybody's guess.
func (si *signerInfo) find(certs []*cert.Certificate) *cert.Certificate {
	var found *cert.Certificate
	for _, c := range certs {
		if !si.names(c) {
			continue
		}
		if found != nil && !bytes.Equal(found.Raw, c.Raw) {
			si.ambiguous = true
			return nil
		}
		found = c
	}
	return found
}

func (si *signerInfo) names(c *cert.Certificate) bool {
	if si.keyID != nil {
		return len(si.keyID) > 0 && bytes.Equal(c.SubjectKeyID, si.keyID)
	}
	return bytes.Equal(c.RawIssuer, si.issuer) && c.Serial != nil && c.Serial.Cmp(si.serial) == 0
}

// parseDigest reads an AlgorithmIdentifier of a digest.
func parseDigest(element cryptobyte.String) (algorithm, bool) {
	var s, parameters cryptobyte.String
	a := algorithm{element: element}
	var ok bool
	if !element.ReadASN1(&s, asn1.SEQUENCE) || !element.Empty() {
		return a, false
	}
	if a.oid, ok = readOID(&s); !ok {
		return a, false
	}
	if !s.Empty() {
		var tag asn1.Tag
		if !s.ReadAnyASN1Element(&parameters, &tag) || !s.Empty() {
			return a, false
		}
		a.parameters = parameters
	}
	a.hash = cert.HashFromOID(a.oid)
	if a.hash != 0 && !a.hash.Available() {
		a.hash = 0
	}
	return a, true
}

// order checks that the elements of a SET OF come in ascending order, as X.690
// section 11.6 demands of DER.
type order struct {
	what string
	last []byte
}

func newOrder(what string) *order { return &order{what: what} }

// next takes the next element, and returns an error when it should have come
// before the previous one. Elements are compared as if the shorter had zero
// octets behind it; bytes.Compare differs from that only for elements of which
// one is a prefix of the other, which complete encodings never are.
func (o *order) next(in, element []byte) error {
	last := o.last
	o.last = element
	if last != nil && bytes.Compare(last, element) > 0 {
		return fmt.Errorf("offset %d: %s are not in DER order", offset(in, element), o.what)
	}
	return nil
}

var errMalformed = errors.New("malformed")

// malformed is the error for an element that is not what it should be, at the
// position where s starts.
func malformed(in []byte, s cryptobyte.String, what string) error {
	return fmt.Errorf("offset %d: %s: %w", offset(in, s), what, errMalformed)
}

// offset returns the position of sub within in. It holds for slices made by
// slicing alone, which keep the end of the capacity.
func offset(in, sub []byte) int {
	if sub == nil || cap(sub) > cap(in) {
		return 0
	}
	return cap(in) - cap(sub)
}
