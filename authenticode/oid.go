package authenticode

import (
	"crypto/x509"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Object identifiers of PKCS#7, of its attributes and of Authenticode, in
// dotted decimal. The Spc names are those of the document "Windows
// Authenticode Portable Executable Signature Format" (2008).
const (
	OIDData       = "1.2.840.113549.1.7.1" // PKCS#7 data
	OIDSignedData = "1.2.840.113549.1.7.2" // PKCS#7 signedData

	OIDCertTrustList = "1.3.6.1.4.1.311.10.1"       // content of catalogs and CTLs (rule 58)
	OIDIndirectData  = "1.3.6.1.4.1.311.2.1.4"      // SpcIndirectDataContent (rule 103)
	OIDTSTInfo       = "1.2.840.113549.1.9.16.1.4"  // RFC 3161 TSTInfo
	OIDPEImageData   = "1.3.6.1.4.1.311.2.1.15"     // SpcPeImageData (rule 75)
	OIDCabData       = "1.3.6.1.4.1.311.2.1.25"     // flat or cabinet (rule 76)
	OIDLinkData      = "1.3.6.1.4.1.311.2.1.28"     // flat or cabinet with a moniker (rule 76)
	OIDSigInfo       = "1.3.6.1.4.1.311.2.1.30"     // SpcSigInfo: MSI and scripts (rule 76)
	OIDPageHashes1   = "1.3.6.1.4.1.311.2.3.1"      // SHA-1 page hashes (rule 77)
	OIDPageHashes2   = "1.3.6.1.4.1.311.2.3.2"      // SHA-256 page hashes (rule 77)
	OIDEnhancedHash  = "1.3.6.1.4.1.311.2.5.1"      // enhanced hash of cabinets (rule 77)
	OIDContentType   = "1.2.840.113549.1.9.3"       // signed attribute contentType
	OIDMessageDigest = "1.2.840.113549.1.9.4"       // signed attribute messageDigest
	OIDSigningTime   = "1.2.840.113549.1.9.5"       // signed attribute signingTime
	OIDOpusInfo      = "1.3.6.1.4.1.311.2.1.12"     // SpcSpOpusInfo (rule 105)
	OIDStatementType = "1.3.6.1.4.1.311.2.1.11"     // SpcStatementType (rule 61)
	OIDSequence      = "1.2.840.113549.1.9.25.4"    // sequence number of nested signatures (rule 107)
	OIDSigningCert   = "1.2.840.113549.1.9.16.2.12" // ESS signingCertificate, SHA-1 (RFC 2634)
	OIDSigningCertV2 = "1.2.840.113549.1.9.16.2.47" // ESS signingCertificateV2 (RFC 5035)

	OIDCounterSignature = "1.2.840.113549.1.9.6"   // unsigned attribute: PKCS#9 time stamp (rule 109)
	OIDTimestampToken   = "1.3.6.1.4.1.311.3.3.1"  // unsigned attribute: RFC 3161 time stamp (rule 109)
	OIDNestedSignature  = "1.3.6.1.4.1.311.2.4.1"  // unsigned attribute: nested signature (rule 107)
	OIDRSAEncryption    = "1.2.840.113549.1.1.1"   // names the key only; the digest is the SignerInfo's
	OIDECPublicKey      = "1.2.840.10045.2.1"      // likewise for ECDSA, as signtool writes it
	OIDSHA1             = "1.3.14.3.2.26"          // SHA-1, OIW
	OIDSHA256           = "2.16.840.1.101.3.4.2.1" // SHA-256
)

// readOID takes an OBJECT IDENTIFIER from s and returns it in dotted decimal.
// Arcs of any size are read: Microsoft's EKUs hold some beyond 32 bits.
func readOID(s *cryptobyte.String) (string, bool) {
	var der cryptobyte.String
	if !s.ReadASN1(&der, asn1.OBJECT_IDENTIFIER) || len(der) > maxOID {
		return "", false
	}
	var oid x509.OID
	if oid.UnmarshalBinary(der) != nil {
		return "", false
	}
	return oid.String(), true
}

// maxOID bounds the encoding of one object identifier: the longest one known
// in the wild takes 20 octets, and turning a long one into decimal is
// quadratic work.
const maxOID = 128
