package main

import "prestage/authenticode/winerror"

// systemMessages are the texts that Windows has for the codes of an import
// (winerror.h and SetupAPI.h, as published in microsoft/win32metadata).
var systemMessages = map[winerror.Code]string{
	winerror.FileNotFound:              "The system cannot find the file specified.",
	winerror.TrustSubjectFormUnknown:   "The form specified for the subject is not one supported or known by the specified trust provider.",
	winerror.TrustNoSignature:          "No signature was present in the subject.",
	winerror.CertExpired:               "A required certificate is not within its validity period when verifying against the current system clock or the timestamp in the signed file.",
	winerror.CertRole:                  "A certificate that can only be used as an end-entity is being used as a CA or vice versa.",
	winerror.CertCritical:              "A certificate contains an unknown extension that is marked 'critical'.",
	winerror.CertUntrustedRoot:         "A certificate chain processed, but terminated in a root certificate which is not trusted by the trust provider.",
	winerror.CertChaining:              "A certificate chain could not be built to a trusted root authority.",
	winerror.TrustFail:                 "Generic trust failure.",
	winerror.CertRevoked:               "A certificate was explicitly revoked by its issuer.",
	winerror.CertUntrustedTestRoot:     "The certification path terminates with the test root which is not trusted with the current policy settings.",
	winerror.CertWrongUsage:            "The certificate is not valid for the requested usage.",
	winerror.TrustExplicitDistrust:     "The certificate was explicitly marked as untrusted by the user.",
	winerror.CertInvalidName:           "The certificate has an invalid name. The name is not included in the permitted list or is explicitly excluded.",
	winerror.TrustNoSignerCert:         "The certificate for the signer of the message is invalid or not found.",
	winerror.TrustCertSignature:        "The signature of the certificate cannot be verified.",
	winerror.TrustTimeStamp:            "The timestamp signature and/or certificate could not be verified or is malformed.",
	winerror.TrustBadDigest:            "The digital signature of the object did not verify.",
	winerror.TrustMalformedSignature:   "The digital signature of the object is malformed. For technical detail, see security bulletin MS13-098.",
	winerror.TrustBasicConstraints:     "A certificate's basic constraint extension has not been observed.",
	winerror.CryptFileError:            "An error occurred while reading or writing to a file.",
	winerror.CryptBadMessage:           "Not a cryptographic message or the cryptographic message is not formatted correctly.",
	winerror.CryptSecurity:             "The cryptographic operation failed due to a local security option setting.",
	winerror.ASN1BadTag:                "ASN1 bad tag value met.",
	winerror.SetupWrongInfStyle:        "The style of the INF is different than what was requested.",
	winerror.SetupNoCatalogForOEMInf:   "The third-party INF does not contain digital signature information.",
	winerror.SetupDriverNonNative:      "Driver is not intended for this platform.",
	winerror.SetupTrustedPublisher:     "The INF was signed with an Authenticode(tm) catalog from a trusted publisher.",
	winerror.SetupTrustNotEstablished:  "The publisher of an Authenticode(tm) signed catalog has not yet been established as trusted.",
	winerror.SetupPublisherNotTrusted:  "The publisher of an Authenticode(tm) signed catalog was not established as trusted.",
	winerror.SetupOSAttributeMismatch:  "The software was tested for compliance with Windows Logo requirements on a different version of Windows, and may not be compatible with this version.",
	winerror.SetupDriverStoreAddFailed: "A problem was encountered while attempting to add the driver to the store.",
	winerror.SetupDriverInstallBlocked: "The installation of this driver is forbidden by system policy. Contact your system administrator.",
	winerror.SetupWrongInfType:         "The specified INF is the wrong type for this operation.",
	winerror.SetupFileHashNotInCatalog: "The hash for the file is not present in the specified catalog file. The file is likely corrupt or the victim of tampering.",
}

// systemMessage is Windows' text for a code. A code without one that is known
// stands for itself.
func systemMessage(c winerror.Code) string {
	if text, ok := systemMessages[c]; ok {
		return text
	}
	return c.Hex()
}
