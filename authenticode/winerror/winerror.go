// Package winerror names the Windows result codes that signature
// verification and driver staging report, so that prestage can answer in the
// numbers that people search for.
//
// Two families appear. WinTrust and CryptoAPI report HRESULTs (0x800B…,
// 0x8009…). SetupAPI reports its own Win32 codes (0xE000…), whose HRESULT
// twins are 0x800F…; the SetupAPI log prints the 0xE000 form.
package winerror

import "fmt"

// Code is a Windows result code. Zero is success.
type Code uint32

// The codes that prestage reports. Source: rule 139 and rule 140
// (MicrosoftDocs/win32, com-error-codes-4).
const (
	OK           Code = 0x00000000
	FileNotFound Code = 0x00000002

	TrustSubjectFormUnknown Code = 0x800B0003
	TrustNoSignature        Code = 0x800B0100
	CertExpired             Code = 0x800B0101
	CertRole                Code = 0x800B0103
	CertCritical            Code = 0x800B0105
	CertUntrustedRoot       Code = 0x800B0109
	CertChaining            Code = 0x800B010A
	TrustFail               Code = 0x800B010B
	CertRevoked             Code = 0x800B010C
	CertUntrustedTestRoot   Code = 0x800B010D
	CertWrongUsage          Code = 0x800B0110
	TrustExplicitDistrust   Code = 0x800B0111
	CertInvalidName         Code = 0x800B0114

	TrustNoSignerCert       Code = 0x80096002
	TrustCertSignature      Code = 0x80096004
	TrustTimeStamp          Code = 0x80096005
	TrustBadDigest          Code = 0x80096010
	TrustMalformedSignature Code = 0x80096011
	TrustBasicConstraints   Code = 0x80096019

	BadAlgorithmID   Code = 0x80090008
	CryptFileError   Code = 0x80092003
	CryptBadMessage  Code = 0x8009200D
	CryptSecurity    Code = 0x80092026
	ASN1BadTag       Code = 0x8009310B
	CryptUnknownAlgo Code = 0x80091002

	SetupGeneralSyntax          Code = 0xE0000003
	SetupWrongInfStyle          Code = 0xE0000100
	SetupSectionNotFound        Code = 0xE0000101
	SetupNoCatalogForOEMInf     Code = 0xE000022F
	SetupDriverNonNative        Code = 0xE0000234
	SetupNoAuthenticodeCatalog  Code = 0xE000023F
	SetupAuthenticodeDisallowed Code = 0xE0000240
	SetupTrustedPublisher       Code = 0xE0000241
	SetupTrustNotEstablished    Code = 0xE0000242
	SetupPublisherNotTrusted    Code = 0xE0000243
	SetupOSAttributeMismatch    Code = 0xE0000244
	SetupOnlyViaAuthenticode    Code = 0xE0000245
	SetupDriverStoreAddFailed   Code = 0xE0000247
	SetupDriverInstallBlocked   Code = 0xE0000249
	SetupWrongInfType           Code = 0xE000024A
	SetupFileHashNotInCatalog   Code = 0xE000024B
)

// entry is one row of the table: the symbolic name of the Windows headers,
// and what the code means for a driver package, in our words.
type entry struct {
	code Code
	name string
	text string
}

var table = []entry{
	{OK, "ERROR_SUCCESS", "success"},
	{FileNotFound, "ERROR_FILE_NOT_FOUND", "a file that the INF copies is not in the package"},

	{TrustSubjectFormUnknown, "TRUST_E_SUBJECT_FORM_UNKNOWN", "the file is of no kind that can carry this signature"},
	{TrustNoSignature, "TRUST_E_NOSIGNATURE", "no signature, or none that could be read"},
	{CertExpired, "CERT_E_EXPIRED", "a certificate was outside its validity period at the time that counts"},
	{CertRole, "CERT_E_ROLE", "a certificate that may not issue others did"},
	{CertCritical, "CERT_E_CRITICAL", "a critical extension of a certificate is not understood"},
	{CertUntrustedRoot, "CERT_E_UNTRUSTEDROOT", "the chain ends in a root that is not trusted"},
	{CertChaining, "CERT_E_CHAINING", "no chain could be built to a trusted root"},
	{TrustFail, "TRUST_E_FAIL", "trust could not be established"},
	{CertRevoked, "CERT_E_REVOKED", "a certificate was revoked by its issuer"},
	{CertUntrustedTestRoot, "CERT_E_UNTRUSTEDTESTROOT", "the chain ends in a test root that is not trusted"},
	{CertWrongUsage, "CERT_E_WRONG_USAGE", "a certificate is not meant for this purpose"},
	{TrustExplicitDistrust, "TRUST_E_EXPLICIT_DISTRUST", "a certificate is explicitly distrusted"},
	{CertInvalidName, "CERT_E_INVALID_NAME", "a name in a certificate is not permitted"},

	{TrustNoSignerCert, "TRUST_E_NO_SIGNER_CERT", "the signer's certificate is missing or unusable"},
	{TrustCertSignature, "TRUST_E_CERT_SIGNATURE", "a signature value could not be verified"},
	{TrustTimeStamp, "TRUST_E_TIME_STAMP", "the time stamp could not be verified"},
	{TrustBadDigest, "TRUST_E_BAD_DIGEST", "the signed digest is not that of the content"},
	{TrustMalformedSignature, "TRUST_E_MALFORMED_SIGNATURE", "bytes other than zero follow the signature (MS13-098)"},
	{TrustBasicConstraints, "TRUST_E_BASIC_CONSTRAINTS", "a certificate's basic constraints were not observed"},

	{BadAlgorithmID, "NTE_BAD_ALGID", "the algorithm or its parameters are not supported"},
	{CryptFileError, "CRYPT_E_FILE_ERROR", "a file could not be read"},
	{CryptBadMessage, "CRYPT_E_BAD_MSG", "the PKCS#7 message is malformed"},
	{CryptSecurity, "CRYPT_E_SECURITY_SETTINGS", "security settings forbid the algorithm or key"},
	{ASN1BadTag, "CRYPT_E_ASN1_BADTAG", "the DER encoding is malformed"},
	{CryptUnknownAlgo, "CRYPT_E_UNKNOWN_ALGO", "the algorithm is not known"},

	{SetupGeneralSyntax, "ERROR_GENERAL_SYNTAX", "the INF's text is not of the form that Windows reads"},
	{SetupWrongInfStyle, "ERROR_WRONG_INF_STYLE", "the INF is not of the style of Windows NT setup"},
	{SetupSectionNotFound, "ERROR_SECTION_NOT_FOUND", "a section that the INF names is not in it"},
	{SetupNoCatalogForOEMInf, "ERROR_NO_CATALOG_FOR_OEM_INF", "the package has no catalog"},
	{SetupDriverNonNative, "ERROR_DRIVER_NONNATIVE", "the package does not support this processor architecture"},
	{SetupNoAuthenticodeCatalog, "ERROR_NO_AUTHENTICODE_CATALOG", "a file has no catalog that is signed via Authenticode"},
	{SetupAuthenticodeDisallowed, "ERROR_AUTHENTICODE_DISALLOWED", "policy does not accept Authenticode signatures here"},
	{SetupTrustedPublisher, "ERROR_AUTHENTICODE_TRUSTED_PUBLISHER", "signed by a publisher in Trusted Publishers (a success, despite its form)"},
	{SetupTrustNotEstablished, "ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED", "validly signed, but nobody has said yet that the publisher is trusted"},
	{SetupPublisherNotTrusted, "ERROR_AUTHENTICODE_PUBLISHER_NOT_TRUSTED", "the publisher is not trusted, or this system accepts no third-party publisher"},
	{SetupOSAttributeMismatch, "ERROR_SIGNATURE_OSATTRIBUTE_MISMATCH", "the catalog was made for other Windows versions"},
	{SetupOnlyViaAuthenticode, "ERROR_ONLY_VALIDATE_VIA_AUTHENTICODE", "the file can only be validated through an Authenticode catalog"},
	{SetupDriverStoreAddFailed, "ERROR_DRIVER_STORE_ADD_FAILED", "the package could not be added to the Driver Store"},
	{SetupDriverInstallBlocked, "ERROR_DRIVER_INSTALL_BLOCKED", "policy forbids installing this driver"},
	{SetupWrongInfType, "ERROR_WRONG_INF_TYPE", "the INF is of a type that cannot be installed this way"},
	{SetupFileHashNotInCatalog, "ERROR_FILE_HASH_NOT_IN_CATALOG", "the hash of a file is not in the catalog: the file was altered, or is not the one that was signed"},
}

// Name returns the symbolic name of the Windows headers, such as
// TRUST_E_BAD_DIGEST, or "" for a code outside the table.
func (c Code) Name() string {
	for _, e := range table {
		if e.code == c {
			return e.name
		}
	}
	return ""
}

// Text says in a few words what the code means for a driver package, or ""
// for a code outside the table.
func (c Code) Text() string {
	for _, e := range table {
		if e.code == c {
			return e.text
		}
	}
	return ""
}

// Hex returns the code as SetupAPI's log prints it: 0x and eight upper-case
// hexadecimal digits.
func (c Code) Hex() string { return fmt.Sprintf("0x%08X", uint32(c)) }

// String returns the hexadecimal form followed by the symbolic name where it
// is known: "0x80096010 TRUST_E_BAD_DIGEST".
func (c Code) String() string {
	if name := c.Name(); name != "" {
		return c.Hex() + " " + name
	}
	return c.Hex()
}

// All returns every code of the table, in the table's order.
func All() []Code {
	codes := make([]Code, len(table))
	for i, e := range table {
		codes[i] = e.code
	}
	return codes
}
