// Package authenticode reads Authenticode signatures and the images that
// carry them, and says whether the mathematics holds.
//
// Most callers need three functions: [ParseSignature] for the bytes of a
// PKCS#7 message (a catalog, or what a certificate table holds), [ReadImage]
// for a PE file, and [FlatHash] for a file of any other kind.
//
// # What "verified" means here
//
// A [Signature] whose Problem is nil fulfils, in this order:
//
//  1. The message is one PKCS#7 SignedData with exactly one SignerInfo, and
//     it carries its content (rule 106).
//  2. The digest algorithm of the SignerInfo is one of the message's
//     digestAlgorithms and, where the content is SpcIndirectDataContent, that
//     of the content too (rule 103).
//  3. The signer's certificate is carried: the only one whose issuer, octet by
//     octet, and serial number equal the SignerInfo's. Its key is usable.
//  4. Signed attributes are present, none occurs twice, and they are in DER
//     order.
//  5. The contentType attribute equals the type of the content (rule 61).
//  6. The messageDigest attribute equals the digest of the content octets
//     without tag and length (rule 60).
//  7. The signature value is one by the signer's key over the DER of the SET
//     OF signed attributes (rule 62).
//  8. The digest is SHA-1, SHA-256, SHA-384 or SHA-512. MD5 is recognised, and
//     refused: a digest for which anybody makes collisions proves nothing
//     (rule 118).
//  9. Where the message is nested in another that is not the signature of one
//     file, as in a catalog, both have the same content: what stands in an
//     unsigned attribute can be put there by anybody.
//
// It does not mean that anybody trusts the signer, that a certificate was
// valid at any time, that a time stamp counts, or that the signed digest is
// the one of the file at hand: package trust judges the former, [Image.CheckDigest]
// and catalog look-up the latter. Nothing here reads a clock or knows a policy.
//
// # Facts and failures
//
// An error means that bytes could not be read as what they should be. A
// [Problem] is a finding about something that could be read. Results hold
// slices of the input: do not change it afterwards.
package authenticode

import (
	"crypto"
	"errors"
	"math/big"
	"time"

	"prestage/authenticode/cert"
)

// Limits of the reader. Each has an error of its own, so that a caller can
// tell "hostile or absurd" from "malformed".
const (
	// maxMessage bounds one PKCS#7 message, and in sum what nested signatures
	// without content of their own sign. The largest catalogs of Windows have
	// some 20 MB.
	maxMessage = 256 << 20
	// maxCertificates bounds the certificates of a message and of everything
	// nested in it. Real signatures carry 1 to 12.
	maxCertificates = 16384
	// maxCertificateBytes bounds what is given to the X.509 parser in sum,
	// which needs several times that as memory.
	maxCertificateBytes = 16 << 20
	// maxSignatures bounds a signature with those nested in it. Real files
	// have two.
	maxSignatures = 32
	// maxNesting bounds how deep signatures nest. signtool and the Hardware
	// Dev Center nest once.
	maxNesting = 4
	// maxTimestamps bounds the time stamps of a message and of everything
	// nested in it. Real signatures have one each.
	maxTimestamps = 64
	// maxSigners bounds the SignerInfos that are read before a message with
	// more than the one permitted signer is reported.
	maxSigners = 16
	// maxAttributes bounds the attributes of one SignerInfo, and the values of
	// one attribute.
	maxAttributes = 64
	// maxSignedAttributes bounds the signed attributes in bytes; real ones
	// have some hundred bytes.
	maxSignedAttributes = 256 << 10
)

// Errors of the limits above, and of input that is no signature at all.
var (
	ErrNotSignedData       = errors.New("not a PKCS#7 SignedData")
	ErrMessageTooBig       = errors.New("signature is larger than 256 MiB")
	ErrTooManyCertificates = errors.New("signature carries more than 16384 certificates, or more than 16 MiB of them")
	ErrTooManySignatures   = errors.New("signature nests more than 32 others, or more than 4 deep")
	ErrTooManyTimestamps   = errors.New("signature carries more than 64 time stamps")
	ErrTooManySigners      = errors.New("signature has more than 16 signers")
	ErrTooManyAttributes   = errors.New("signer has more than 64 attributes of a kind, or more than 256 KiB of signed ones")
	ErrTooDeep             = errors.New("signature is nested too deep")
	ErrTooMuchDetached     = errors.New("nested signatures without content sign more than 256 MiB in sum")
)

// Signature is one PKCS#7 SignedData as Authenticode uses it: the signature of
// a catalog, or of an image, or one nested in either. See the package comment
// for what a nil Problem says.
type Signature struct {
	Raw      []byte // ContentInfo in DER, without what follows it
	Trailing []byte // what followed the ContentInfo: padding in a PE, nothing in a good catalog

	ContentType  string // type of the content (eContentType), dotted
	Content      []byte // content octets without outer tag and length (rule 60)
	ContentTag   byte   // identifier octet of the content: 0x30 SEQUENCE, 0x04 OCTET STRING, 0 when absent
	Certificates []*cert.Certificate
	Unreadable   []UnreadableCertificate
	CRLs         [][]byte // CertificateLists that the message carries, unread

	SignerCount  int               // number of SignerInfos; 0 looks signed and is not (L12)
	Signer       *cert.Certificate // the signer's certificate; nil when it is not carried
	SignerIssuer []byte            // Name in DER from the SignerInfo; nil without a signer
	SignerSerial *big.Int          // from the SignerInfo, may be negative; nil without a signer
	// SignerIssuerName is SignerIssuer for people; empty when no carried
	// certificate has that name.
	SignerIssuerName cert.Name

	DigestAlgorithm    crypto.Hash // of the SignerInfo; 0 when unknown
	DigestOID          string      // likewise, dotted
	SignatureAlgorithm cert.Algorithm
	EncryptedDigest    []byte // the signature value, which time stamps sign

	ProgramName string    // SpcSpOpusInfo: what the signer calls the program (rule 105)
	MoreInfo    string    // SpcSpOpusInfo: usually a URL
	ClaimedTime time.Time // signing-time attribute: the signer's claim, never a proof; zero when absent

	SignedAttributes   []string // types of the signed attributes, dotted, in order
	UnsignedAttributes []string // types of the unsigned attributes, dotted, in order

	Indirect   *IndirectData // nil unless the content is SpcIndirectDataContent
	Timestamps []*Timestamp  // PKCS#9 and RFC 3161, in the order in which they stand
	Nested     []*Signature  // rule 107, in the order in which they stand
	IsNested   bool          // this signature stands in another one
	// Detached marks a nested signature that carries no content, as signtool
	// adds them to catalogs: Content is the outer list with tag and length.
	Detached bool

	// Ordered is nil when every SET OF of the message is in DER order, and
	// otherwise names the first that is not (rule 63): digestAlgorithms,
	// certificates, revocation lists, signerInfos, signed attributes and their
	// values. Input that was not DER at all is named here as well. It is a fact
	// about catalogs of which each Windows release makes something else; images
	// are signed out of order by well-known tools, and nothing refuses them.
	Ordered error

	// Problem says why the signature does not hold; nil when it does.
	Problem *Problem
}

// UnreadableCertificate is a certificate that a message carries and that could
// not be read. It is kept so that reports can say so, and takes part in
// nothing.
type UnreadableCertificate struct {
	Raw []byte
	Err error
}

// IndirectData is SpcIndirectDataContent: the kind of the signed subject and
// its digest (rules 75–77, 103).
type IndirectData struct {
	DataType        string // OIDPEImageData, OIDCabData, …
	Value           []byte // DER of the value; nil when absent
	DigestAlgorithm crypto.Hash
	DigestOID       string // dotted; DigestAlgorithm is 0 when it names none that is known
	Digest          []byte
	PageHashes      *PageHashes // nil when the value carries none
}

// PageHashes is the list of page hashes in a signature or a catalog member
// (rules 77 and 102): pairs of a little-endian 32-bit file offset and a digest
// of that page.
type PageHashes struct {
	OID       string      // OIDPageHashes1, OIDPageHashes2, OIDEnhancedHash
	Algorithm crypto.Hash // 0 when OID names no page hash that is known
	Octets    []byte      // the pairs, one after the other
}

// TimestampKind says how a time stamp is made.
type TimestampKind int

const (
	TimestampUnknown TimestampKind = iota
	TimestampPKCS9                 // a PKCS#9 counter-signature
	TimestampRFC3161               // an RFC 3161 time-stamp token
)

// String returns the word that reports use: "unknown", "pkcs9" or "rfc3161".
func (k TimestampKind) String() string {
	switch k {
	case TimestampPKCS9:
		return "pkcs9"
	case TimestampRFC3161:
		return "rfc3161"
	}
	return "unknown"
}

// Timestamp is one time stamp of a signature (rule 109). With a nil Problem it
// is proven that the holder of the key of Signer put its signature to Time and
// to this signature's value; whether Signer may do that is for package trust.
type Timestamp struct {
	Kind               TimestampKind
	Time               time.Time   // UTC; zero when it could not be read
	DigestAlgorithm    crypto.Hash // of the stamp's SignerInfo; 0 when unknown
	ImprintAlgorithm   crypto.Hash // digest that stands for the stamped signature; 0 when unknown
	SignatureAlgorithm cert.Algorithm
	Signer             *cert.Certificate // nil when it is not carried
	// Certificates may help to build the signer's chain: the token's own, or
	// for a PKCS#9 counter-signature those of the signature it stands in.
	Certificates []*cert.Certificate
	Unreadable   []UnreadableCertificate
	// BareDigest marks a counter-signature whose RSA block holds the digest
	// without a DigestInfo, as Symantec's did (L3).
	BareDigest bool
	Problem    *Problem
}

// All returns the signature itself and then, depth first, those nested in it.
func (s *Signature) All() []*Signature {
	all := []*Signature{s}
	for _, n := range s.Nested {
		all = append(all, n.All()...)
	}
	return all
}
