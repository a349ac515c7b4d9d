package main

import (
	"slices"

	"prestage"
	"prestage/authenticode/winerror"
	"prestage/inf/setupapi"
)

func scoreLabel(value uint32) string {
	if s := prestage.SignerScore(value); s.Valid() {
		return s.String()
	}
	return ""
}

// advice adds what to do, once.
func (t *logStory) advice(text string) {
	if text != "" && !slices.Contains(t.Advice, text) {
		t.Advice = append(t.Advice, text)
	}
}

// remedies are what to do about a code with which an import, a verification or
// an installation ends.
var remedies = map[winerror.Code]string{
	winerror.SetupFileHashNotInCatalog: "a file is not the one that was signed: look for changed line endings in the INF first (git's autocrlf), take the files as they were signed, or make and sign the catalog anew; prestage check on the package names the file",
	winerror.SetupDriverStoreAddFailed: "prestage check on the package says what is wrong with its catalog",
	winerror.SetupTrustNotEstablished:  "put the publisher's certificate into LocalMachine\\TrustedPublisher before the installation, run it where somebody can answer, or have the Hardware Dev Center sign the package",
	winerror.SetupPublisherNotTrusted:  "have the Hardware Dev Center sign the package: on ARM64 and in S mode nothing else is staged; elsewhere look for the certificate in the Disallowed store",
	winerror.SetupNoCatalogForOEMInf:   "give the INF a CatalogFile line and put the signed catalog beside it",
	winerror.SetupOSAttributeMismatch:  "the catalog was made for other versions of Windows: have the package signed for this one",
	winerror.CertExpired:               "look at the machine's clock, and whether the signature has a time stamp: without one it ends with the certificate",
	winerror.CertWrongUsage:            "sign with a certificate for code signing; on ARM64 only Microsoft's signatures count",
	winerror.CertUntrustedRoot:         "put the root certificate into LocalMachine\\Root, or sign with a certificate whose root Windows trusts",
	winerror.CertRevoked:               "the certificate was revoked: sign with another one",
	winerror.TrustExplicitDistrust:     "the certificate is in the machine's Disallowed store: sign with another one",
	winerror.TrustNoSignature:          "sign the catalog; if it is signed, its SET OF members may be out of DER order, which Windows rejects since October 2020: sign it with another tool",
	winerror.TrustNoSignerCert:         "a Windows 7 or older may lack the updates for SHA-256 signatures (KB4474419)",
	winerror.TrustTimeStamp:            "sign and time-stamp the catalog anew",
	winerror.TrustBadDigest:            "the catalog was changed after signing: take the original, or sign it anew",
	winerror.SetupDriverInstallBlocked: "a policy of the machine forbids this driver: ask its administrator",
	winerror.SetupWrongInfType:         "this INF cannot be installed this way: see whether it has a [Manufacturer] section",
}

// advise gives the remedy for the code of the end.
func (t *logStory) advise() {
	for code, text := range remedies {
		if t.Failed && t.Status.Code == code.Hex() {
			t.advice(text)
		}
	}
}

// adviseImport says what to do about an import. Behind the general refusal
// 0xE0000247 stands the result of the last pass.
func (t *logStory) adviseImport(m *setupapi.Import) {
	if !t.Failed {
		if m.Prompt.Accepted {
			t.advice("nothing is wrong. So that nobody is asked: put the publisher's certificate into LocalMachine\\TrustedPublisher first, or have the Hardware Dev Center sign the package")
		}
		return
	}
	if code, ok := lastCode(m.Verifications); ok && t.Status.Code == winerror.SetupDriverStoreAddFailed.Hex() {
		if text, known := remedies[code]; known {
			t.advice(text)
			return
		}
	}
	t.advise()
	if len(t.Advice) == 0 && len(t.Refused) > 0 {
		t.advice("begin with the first error above")
	}
}

func (t *logStory) adviseDevice(d *setupapi.DeviceInstall) {
	race := slices.ContainsFunc(t.Services, func(s logService) bool { return s.Too })
	for _, p := range t.Problems {
		if p.Code == problemUnsigned {
			t.advice("the package was staged, but the kernel checks the .sys by its own rules: have the Hardware Dev Center sign the driver; for a test, boot with bcdedit /set testsigning on and Secure Boot off. prestage check shows the kernel's verdict beside the package's")
		}
		if p.Code == 0x30 {
			t.advice("the driver is on a block list: install a newer one")
		}
	}
	switch {
	case race && t.Restart != "":
		t.advice("restart Windows: the files are in place now, and the service starts then")
	case race:
		t.advice("restart the device or Windows: the files are in place now; look that nothing starts the service while the package is installed")
	case t.Restart != "":
		t.advice("restart Windows")
	}
	if t.Failed {
		t.advise()
	}
	if t.Failed && len(t.Advice) == 0 && t.Status.Code == "0xE0000228" {
		t.advice("no driver that is staged has an id of this device: stage one")
	}
	if t.Failed && len(t.Advice) == 0 && len(t.Refused) > 0 {
		t.advice("begin with the first error above")
	}
}
