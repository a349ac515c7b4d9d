package signtest

import (
	"crypto"
	_ "crypto/md5" // the digests that sum can make
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
)

// Object identifiers of everything that this package encodes. Names follow
// the headers and RFCs; rules are those of the rule book.
const (
	OIDData       = "1.2.840.113549.1.7.1"
	OIDSignedData = "1.2.840.113549.1.7.2"
	OIDTSTInfo    = "1.2.840.113549.1.9.16.1.4"

	OIDContentType          = "1.2.840.113549.1.9.3"
	OIDMessageDigest        = "1.2.840.113549.1.9.4"
	OIDSigningTime          = "1.2.840.113549.1.9.5"
	OIDCounterSignature     = "1.2.840.113549.1.9.6"
	OIDSigningCertificate   = "1.2.840.113549.1.9.16.2.12"
	OIDSigningCertificateV2 = "1.2.840.113549.1.9.16.2.47"
	OIDSequenceNumber       = "1.2.840.113549.1.9.25.4" // rule 107

	OIDSpcIndirectData    = "1.3.6.1.4.1.311.2.1.4"
	OIDSpcStatementType   = "1.3.6.1.4.1.311.2.1.11"
	OIDSpcSpOpusInfo      = "1.3.6.1.4.1.311.2.1.12"
	OIDSpcPEImageData     = "1.3.6.1.4.1.311.2.1.15"
	OIDSpcIndividualKey   = "1.3.6.1.4.1.311.2.1.21"
	OIDSpcCabData         = "1.3.6.1.4.1.311.2.1.25" // rule 76: in catalogs, flat files
	OIDSpcLink            = "1.3.6.1.4.1.311.2.1.28"
	OIDPageHashesSHA1     = "1.3.6.1.4.1.311.2.3.1"
	OIDPageHashesSHA256   = "1.3.6.1.4.1.311.2.3.2"
	OIDNestedSignature    = "1.3.6.1.4.1.311.2.4.1"
	OIDRFC3161TimeStamp   = "1.3.6.1.4.1.311.3.3.1"
	OIDCTL                = "1.3.6.1.4.1.311.10.1"
	OIDCatalogList        = "1.3.6.1.4.1.311.12.1.1"
	OIDCatalogListMember  = "1.3.6.1.4.1.311.12.1.2"
	OIDCatalogListMember2 = "1.3.6.1.4.1.311.12.1.3"
	OIDCatNameValue       = "1.3.6.1.4.1.311.12.2.1"
	OIDCatMemberInfo      = "1.3.6.1.4.1.311.12.2.2"
	OIDCatMemberInfo2     = "1.3.6.1.4.1.311.12.2.3"

	EKUAny             = "2.5.29.37.0"
	EKUServerAuth      = "1.3.6.1.5.5.7.3.1"
	EKUCodeSigning     = "1.3.6.1.5.5.7.3.3"
	EKUTimeStamping    = "1.3.6.1.5.5.7.3.8"
	EKUWHQL            = "1.3.6.1.4.1.311.10.3.5"
	EKUWHQLAttested    = "1.3.6.1.4.1.311.10.3.5.1"
	EKUWindows         = "1.3.6.1.4.1.311.10.3.6"
	EKUWHQLOEM         = "1.3.6.1.4.1.311.10.3.7"
	EKULifetimeSigning = "1.3.6.1.4.1.311.10.3.13"
	EKUPreviewBuild    = "1.3.6.1.4.1.311.10.3.27"
	EKUWHQLExtended    = "1.3.6.1.4.1.311.10.3.39"
	EKUELAM            = "1.3.6.1.4.1.311.61.4.1"

	OIDRSAEncryption  = "1.2.840.113549.1.1.1"
	OIDMD2WithRSA     = "1.2.840.113549.1.1.2"
	OIDMD5WithRSA     = "1.2.840.113549.1.1.4"
	OIDSHA1WithRSA    = "1.2.840.113549.1.1.5"
	OIDMGF1           = "1.2.840.113549.1.1.8"
	OIDRSAPSS         = "1.2.840.113549.1.1.10"
	OIDSHA256WithRSA  = "1.2.840.113549.1.1.11"
	OIDSHA384WithRSA  = "1.2.840.113549.1.1.12"
	OIDSHA512WithRSA  = "1.2.840.113549.1.1.13"
	OIDSHA1WithRSAOIW = "1.3.14.3.2.29" // L4
	OIDECPublicKey    = "1.2.840.10045.2.1"
	OIDECDSASHA1      = "1.2.840.10045.4.1"
	OIDECDSASHA256    = "1.2.840.10045.4.3.2"
	OIDECDSASHA384    = "1.2.840.10045.4.3.3"
	OIDECDSASHA512    = "1.2.840.10045.4.3.4"
	OIDPrimeField     = "1.2.840.10045.1.1"
	OIDP256           = "1.2.840.10045.3.1.7"
	OIDP384           = "1.3.132.0.34"
	OIDP521           = "1.3.132.0.35"

	OIDMD5    = "1.2.840.113549.2.5"
	OIDSHA1   = "1.3.14.3.2.26"
	OIDSHA256 = "2.16.840.1.101.3.4.2.1"
	OIDSHA384 = "2.16.840.1.101.3.4.2.2"
	OIDSHA512 = "2.16.840.1.101.3.4.2.3"

	OIDSubjectKeyID     = "2.5.29.14"
	OIDKeyUsage         = "2.5.29.15"
	OIDBasicConstraints = "2.5.29.19"
	OIDAuthorityKeyID   = "2.5.29.35"
	OIDExtKeyUsage      = "2.5.29.37"
)

// hashOID is the object identifier of a digest algorithm.
func hashOID(h crypto.Hash) string {
	switch h {
	case crypto.MD5:
		return OIDMD5
	case crypto.SHA1:
		return OIDSHA1
	case crypto.SHA256:
		return OIDSHA256
	case crypto.SHA384:
		return OIDSHA384
	case crypto.SHA512:
		return OIDSHA512
	}
	panic("signtest: no object identifier for digest " + h.String())
}

// algorithmID encodes an AlgorithmIdentifier with NULL parameters.
func algorithmID(oid string) []byte { return Sequence(OID(oid), Null()) }

// digestAlgorithmID encodes the AlgorithmIdentifier of a digest.
func digestAlgorithmID(h crypto.Hash) []byte { return algorithmID(hashOID(h)) }

// sum is the digest of some pieces, taken as one.
func sum(h crypto.Hash, pieces ...[]byte) []byte {
	w := h.New()
	for _, p := range pieces {
		w.Write(p)
	}
	return w.Sum(nil)
}
