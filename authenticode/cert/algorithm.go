package cert

import (
	"crypto"
	_ "crypto/md5" // links the digest behind crypto.MD5: old roots and signers need it
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ErrUnsupportedAlgorithm: a signature or digest algorithm that cannot be
// computed here, or one that Windows does not know either.
var ErrUnsupportedAlgorithm = errors.New("unsupported algorithm")

// Scheme is the kind of signature. Zero is unknown and verifies nothing.
type Scheme int

// The schemes, with the documents that define them.
const (
	SchemeUnknown Scheme = iota
	PKCS1v15             // RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2)
	PSS                  // RSASSA-PSS (RFC 8017, section 8.1)
	ECDSA                // ECDSA with a DER SEQUENCE of r and s (RFC 3279, section 2.2.3)
)

// String names the scheme for messages.
func (s Scheme) String() string {
	switch s {
	case PKCS1v15:
		return "RSA"
	case PSS:
		return "RSA-PSS"
	case ECDSA:
		return "ECDSA"
	}
	return "unknown"
}

// Algorithm is a signature algorithm as named by an AlgorithmIdentifier.
type Algorithm struct {
	OID  string // dotted decimal
	Name string // for people, such as "SHA256-RSA"; empty if the OID is unknown
	// Hash is the digest that the OID or its parameters name. It is 0 for an
	// algorithm that cannot be used, and for the bare key algorithms
	// (rsaEncryption, ecPublicKey) that a SignerInfo may name: there the
	// digest algorithm of the SignerInfo supplies it.
	Hash          crypto.Hash
	Scheme        Scheme
	PSSSaltLength int // octets; of PSS only, and at least 1 there
}

// String is the name, or the OID if it has none.
func (a Algorithm) String() string {
	if a.Name != "" {
		return a.Name
	}
	return a.OID
}

// algorithms lists the signature OIDs without meaningful parameters. A row
// with scheme 0 is recognised by name and not supported.
var algorithms = map[string]Algorithm{
	oidRSA:                  {Name: "RSA", Scheme: PKCS1v15},
	"1.2.840.113549.1.1.2":  {Name: "MD2-RSA"},
	"1.2.840.113549.1.1.3":  {Name: "MD4-RSA"},
	"1.2.840.113549.1.1.4":  {Name: "MD5-RSA", Scheme: PKCS1v15, Hash: crypto.MD5},
	"1.2.840.113549.1.1.5":  {Name: "SHA1-RSA", Scheme: PKCS1v15, Hash: crypto.SHA1},
	"1.2.840.113549.1.1.11": {Name: "SHA256-RSA", Scheme: PKCS1v15, Hash: crypto.SHA256},
	"1.2.840.113549.1.1.12": {Name: "SHA384-RSA", Scheme: PKCS1v15, Hash: crypto.SHA384},
	"1.2.840.113549.1.1.13": {Name: "SHA512-RSA", Scheme: PKCS1v15, Hash: crypto.SHA512},
	"1.2.840.113549.1.1.14": {Name: "SHA224-RSA"},

	// The OIW's identifiers, which old Microsoft tools wrote (makecert among
	// them). CryptoAPI takes "sha" of this arc for SHA-1.
	"1.3.14.3.2.2":  {Name: "MD4-RSA"},
	"1.3.14.3.2.3":  {Name: "MD5-RSA", Scheme: PKCS1v15, Hash: crypto.MD5},
	"1.3.14.3.2.4":  {Name: "MD4-RSA"},
	"1.3.14.3.2.15": {Name: "SHA1-RSA", Scheme: PKCS1v15, Hash: crypto.SHA1},
	"1.3.14.3.2.29": {Name: "SHA1-RSA", Scheme: PKCS1v15, Hash: crypto.SHA1},

	oidEC:                 {Name: "ECDSA", Scheme: ECDSA},
	"1.2.840.10045.4.1":   {Name: "SHA1-ECDSA", Scheme: ECDSA, Hash: crypto.SHA1},
	"1.2.840.10045.4.3.1": {Name: "SHA224-ECDSA"},
	"1.2.840.10045.4.3.2": {Name: "SHA256-ECDSA", Scheme: ECDSA, Hash: crypto.SHA256},
	"1.2.840.10045.4.3.3": {Name: "SHA384-ECDSA", Scheme: ECDSA, Hash: crypto.SHA384},
	"1.2.840.10045.4.3.4": {Name: "SHA512-ECDSA", Scheme: ECDSA, Hash: crypto.SHA512},

	"1.2.840.10040.4.1":       {Name: "DSA"},
	"1.2.840.10040.4.3":       {Name: "SHA1-DSA"},
	"1.3.14.3.2.12":           {Name: "DSA"},
	"1.3.14.3.2.13":           {Name: "SHA-DSA"},
	"1.3.14.3.2.27":           {Name: "SHA1-DSA"},
	"2.16.840.1.101.3.4.3.2":  {Name: "SHA256-DSA"},
	"1.3.101.112":             {Name: "Ed25519"},
	"2.16.840.1.101.2.1.1.19": {Name: "MOSAIC-DSA"},
}

// Algorithms whose parameters say more than the OID.
const (
	oidPSS            = "1.2.840.113549.1.1.10"
	oidMGF1           = "1.2.840.113549.1.1.8"
	oidECDSASpecified = "1.2.840.10045.4.3" // Windows writes it: ECDSA with the digest as parameter
)

// hashes maps digest OIDs. CryptoAPI knows two for SHA-1.
var hashes = map[string]crypto.Hash{
	"1.2.840.113549.2.5":     crypto.MD5,
	"1.3.14.3.2.18":          crypto.SHA1,
	"1.3.14.3.2.26":          crypto.SHA1,
	"2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384,
	"2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

// HashFromOID is the digest that the dotted OID names, or 0 if this package
// cannot compute it (MD2, MD4, SHA-224) or does not know it.
func HashFromOID(oid string) crypto.Hash { return hashes[oid] }

// ParseAlgorithm reads an AlgorithmIdentifier (RFC 5280, section 4.1.1.2) that
// fills der exactly, tag and length included. An algorithm that is unknown,
// unsupported or has parameters that do not belong to it is no error: its
// Scheme is SchemeUnknown, and Verify refuses it by name.
func ParseAlgorithm(der []byte) (Algorithm, error) {
	s := cryptobyte.String(der)
	oid, params, ok := readIdentifier(&s)
	if !ok || !s.Empty() {
		return Algorithm{}, syntax("algorithm identifier")
	}
	switch oid {
	case oidPSS:
		return parsePSS(params), nil
	case oidECDSASpecified:
		return parseECDSASpecified(params), nil
	}
	a := algorithms[oid]
	a.OID = oid
	// ECDSA keys of a SignerInfo may repeat their curve here.
	if oid != oidEC && !nullOrAbsent(params) {
		a.Scheme, a.Hash, a.Name = SchemeUnknown, 0, a.String()+" with parameters"
	}
	return a, nil
}

// readIdentifier takes one AlgorithmIdentifier off s. The parameters are one
// element with tag and length, or empty.
func readIdentifier(s *cryptobyte.String) (oid string, params cryptobyte.String, ok bool) {
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) {
		return "", nil, false
	}
	if oid, ok = readOID(&seq); !ok {
		return "", nil, false
	}
	if seq.Empty() {
		return oid, nil, true
	}
	var tag asn1.Tag
	if !seq.ReadAnyASN1Element(&params, &tag) || !seq.Empty() {
		return "", nil, false
	}
	return oid, params, true
}

func parseECDSASpecified(params cryptobyte.String) Algorithm {
	a := Algorithm{OID: oidECDSASpecified, Name: "ECDSA with unknown digest"}
	oid, rest, ok := readIdentifier(&params)
	hash := HashFromOID(oid)
	if !ok || !params.Empty() || !nullOrAbsent(rest) || hash == 0 || hash == crypto.MD5 {
		return a
	}
	a.Name, a.Scheme, a.Hash = fmt.Sprintf("%s-ECDSA", hash), ECDSA, hash
	return a
}

// parsePSS reads RSASSA-PSS-params (RFC 8017, appendix A.2.3): digest, mask
// function, salt length and trailer, each optional with a default.
func parsePSS(params cryptobyte.String) Algorithm {
	a := Algorithm{OID: oidPSS, Name: "RSA-PSS with unsupported parameters"}
	var seq cryptobyte.String
	if !params.ReadASN1(&seq, asn1.SEQUENCE) || !params.Empty() {
		return a
	}
	hash, mask := crypto.SHA1, crypto.SHA1
	salt, trailer := int64(20), int64(1)
	if !optionalField(&seq, 0, func(s *cryptobyte.String) bool { return readHash(s, &hash) }) ||
		!optionalField(&seq, 1, func(s *cryptobyte.String) bool { return readMask(s, &mask) }) ||
		!optionalField(&seq, 2, func(s *cryptobyte.String) bool { return s.ReadASN1Integer(&salt) }) ||
		!optionalField(&seq, 3, func(s *cryptobyte.String) bool { return s.ReadASN1Integer(&trailer) }) ||
		!seq.Empty() {
		return a
	}
	// crypto/rsa uses one digest for message and mask, as every real signer
	// does, and takes a salt length of 0 for "find out yourself", which would
	// accept signatures that the parameters exclude.
	if hash != mask || hash == crypto.MD5 || salt < 1 || salt > maxRSABits/8 || trailer != 1 {
		return a
	}
	a.Name, a.Scheme, a.Hash, a.PSSSaltLength = fmt.Sprintf("%s-RSA-PSS", hash), PSS, hash, int(salt)
	return a
}

// optionalField reads the explicitly tagged field n with read if it is there.
func optionalField(seq *cryptobyte.String, n uint8, read func(*cryptobyte.String) bool) bool {
	var field cryptobyte.String
	var present bool
	if !seq.ReadOptionalASN1(&field, &present, asn1.Tag(n).ContextSpecific().Constructed()) {
		return false
	}
	return !present || read(&field) && field.Empty()
}

func readHash(s *cryptobyte.String, out *crypto.Hash) bool {
	oid, params, ok := readIdentifier(s)
	*out = HashFromOID(oid)
	return ok && *out != 0 && nullOrAbsent(params)
}

func readMask(s *cryptobyte.String, out *crypto.Hash) bool {
	oid, params, ok := readIdentifier(s)
	return ok && oid == oidMGF1 && readHash(&params, out) && params.Empty()
}
