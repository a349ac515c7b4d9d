package trust

import (
	"slices"

	"prestage/authenticode/cert"
)

// Purpose is what a chain is judged for.
type Purpose int

const (
	// UnknownPurpose is no purpose; nothing is trusted for it.
	UnknownPurpose Purpose = iota
	// CodeSigning is the purpose of signers of catalogs and images.
	CodeSigning
	// TimeStamping is the purpose of time-stamping authorities.
	TimeStamping
	// RootListSigning is the purpose of the signer of authroot.stl.
	RootListSigning
	// DisallowedListSigning is the purpose of the signer of disallowedcert.stl.
	DisallowedListSigning
)

// purposes holds, by Purpose, the word and the extended key usage.
var purposes = []struct{ word, oid string }{
	UnknownPurpose: {"unknown", ""},
	CodeSigning:    {"code-signing", OIDCodeSigning},
	TimeStamping:   {"time-stamping", OIDTimeStamping},

	RootListSigning:       {"root-list-signing", OIDRootListSigner},
	DisallowedListSigning: {"disallowed-list-signing", OIDDisallowedList},
}

// String returns "unknown", "code-signing", "time-stamping",
// "root-list-signing" or "disallowed-list-signing".
func (p Purpose) String() string { return p.row().word }

// OID returns the extended key usage in dotted decimal; "" for an unknown
// purpose.
func (p Purpose) OID() string { return p.row().oid }

func (p Purpose) row() struct{ word, oid string } {
	if p < 0 || int(p) >= len(purposes) {
		p = UnknownPurpose
	}
	return purposes[p]
}

// Extended key usages by which Windows tells signers apart, dotted decimal
// (table D.1 of the rule book; names of wincrypt.h).
const (
	OIDCodeSigning       = "1.3.6.1.5.5.7.3.3"
	OIDTimeStamping      = "1.3.6.1.5.5.7.3.8"
	OIDAnyUsage          = "2.5.29.37.0"
	OIDWHQL              = "1.3.6.1.4.1.311.10.3.5"
	OIDAttestedWHQL      = "1.3.6.1.4.1.311.10.3.5.1"
	OIDWindows           = "1.3.6.1.4.1.311.10.3.6"
	OIDOEMWHQL           = "1.3.6.1.4.1.311.10.3.7"
	OIDEmbeddedNT        = "1.3.6.1.4.1.311.10.3.8"
	OIDRootListSigner    = "1.3.6.1.4.1.311.10.3.9"
	OIDLifetimeSigning   = "1.3.6.1.4.1.311.10.3.13"
	OIDWindowsKits       = "1.3.6.1.4.1.311.10.3.20"
	OIDWindowsThirdParty = "1.3.6.1.4.1.311.10.3.25"
	OIDPreviewBuild      = "1.3.6.1.4.1.311.10.3.27"
	OIDDisallowedList    = "1.3.6.1.4.1.311.10.3.30"
	OIDExtendedWHQL      = "1.3.6.1.4.1.311.10.3.39"
	OIDKernelModeCode    = "1.3.6.1.4.1.311.61.1.1"
	OIDEarlyLaunch       = "1.3.6.1.4.1.311.61.4.1"
	OIDHALExtension      = "1.3.6.1.4.1.311.61.5.1"
	OIDWindowsPackage    = "1.3.6.1.4.1.311.76.5.40"
)

// Usage is one row of the table of extended key usages.
type Usage struct {
	OID     string // dotted decimal
	Name    string // what Windows shows, or the header's name
	Meaning string // what it means for a driver package
	Cite    string // where the meaning comes from
}

// usages is ordered as table D.1 is: the common ones first.
var usages = []Usage{
	{OIDCodeSigning, "Code Signing", "asked of every Authenticode signer", "RFC 5280 4.2.1.12; rule 113"},
	{OIDTimeStamping, "Time Stamping", "asked of every time-stamping authority", "RFC 3161 2.3; rule 109"},
	{OIDAnyUsage, "Any Purpose", "allows every purpose", "RFC 5280 4.2.1.12"},
	{OIDWHQL, "Windows Hardware Driver Verification", "the Hardware Dev Center signed it; with none of the two below, after tests", "wincrypt.h szOID_WHQL_CRYPTO; table D.1"},
	{OIDAttestedWHQL, "Windows Hardware Driver Attested Verification", "the vendor attested it, Microsoft did not see tests", "wincrypt.h szOID_ATTEST_WHQL_CRYPTO; driver docs dashboard/code-signing-validate"},
	{OIDExtendedWHQL, "Windows Hardware Driver Extended Verification", "it passed the tests of the hardware compatibility program", "wincrypt.h szOID_EV_WHQL_CRYPTO; observed (rule book B.9)"},
	{OIDWindows, "Windows System Component Verification", "part of Windows", "wincrypt.h szOID_NT5_CRYPTO; table D.1"},
	{OIDWindowsThirdParty, "Windows Third Party Application Component", "made by somebody else and part of Windows", "wincrypt.h szOID_WINDOWS_THIRD_PARTY_COMPONENT_SIGNER; table D.1"},
	{OIDOEMWHQL, "OEM Windows System Component Verification", "untested drivers of a computer maker", "wincrypt.h szOID_OEM_WHQL_CRYPTO; driver docs install/inf-strings-section"},
	{OIDEmbeddedNT, "Embedded Windows System Component Verification", "part of Windows Embedded", "wincrypt.h szOID_EMBEDDED_NT_CRYPTO"},
	{OIDLifetimeSigning, "Lifetime Signing", "the signature ends with the certificate, stamped or not", "wincrypt.h szOID_KP_LIFETIME_SIGNING; rule 111"},
	{OIDWindowsKits, "Windows Kits Component", "signed for the Windows kits", "wincrypt.h szOID_WINDOWS_KITS_SIGNER; table D.1"},
	{OIDPreviewBuild, "Preview Build Signing", "for preview builds of Windows only", "observed on preview catalogs (L9)"},
	{OIDKernelModeCode, "Kernel Mode Code Signing", "code of the kernel", "wincrypt.h szOID_KP_KERNEL_MODE_CODE_SIGNING"},
	{OIDEarlyLaunch, "Early Launch Antimalware Driver", "an early-launch anti-malware driver", "wincrypt.h szOID_KP_KERNEL_MODE_TRUSTED_BOOT_SIGNING; table D.1"},
	{OIDHALExtension, "HAL Extension", "extends the hardware abstraction layer", "wincrypt.h szOID_KP_KERNEL_MODE_HAL_EXTENSION_SIGNING"},
	{OIDRootListSigner, "Root List Signer", "signs the list of root certificates", "wincrypt.h szOID_ROOT_LIST_SIGNER"},
	{OIDDisallowedList, "Disallowed List", "names the list of distrusted certificates", "wincrypt.h szOID_DISALLOWED_LIST"},
	{OIDWindowsPackage, "1.3.6.1.4.1.311.76.5.40", "images of the Store and of phones, and the test certificates of computer makers", "observed (L9)"},
}

// Usages returns the extended key usages that prestage knows by name.
func Usages() []Usage { return slices.Clone(usages) }

// LookupUsage returns the row of an extended key usage, dotted decimal.
func LookupUsage(oid string) (Usage, bool) {
	for _, u := range usages {
		if u.OID == oid {
			return u, true
		}
	}
	return Usage{}, false
}

// oidAllApplicationPolicies is "any" in the list of application policies
// (wincrypt.h szOID_ANY_APPLICATION_POLICY).
const oidAllApplicationPolicies = "1.3.6.1.4.1.311.10.12.1"

// allows reports whether c may be used for the purpose with this OID: an
// extended key usage extension must name it or any usage, and so must
// application policies where they are present (rule 113). Windows takes the
// latter for the former; asking for both can only be stricter.
func allows(c *cert.Certificate, oid string) bool {
	if c.HasEKU && !c.HasEKUOID(oid) && !c.HasEKUOID(OIDAnyUsage) {
		return false
	}
	if !c.HasApplicationPolicies {
		return true
	}
	return slices.ContainsFunc(c.ApplicationPolicies, func(have string) bool {
		return have == oid || have == oidAllApplicationPolicies || have == OIDAnyUsage
	})
}

// leafAllows is stricter for time-stamping authorities than for signers: RFC
// 3161 2.3 asks for the purpose by name, while a code signer may have no
// extended key usage at all (rule 113). So it is for signers of lists. That RFC 3161 also wants the extension
// critical is not asked here: real authorities of the PKCS#9 age have it
// otherwise, and Windows takes them.
func leafAllows(c *cert.Certificate, p Purpose) bool {
	if p != CodeSigning && !c.HasEKUOID(p.OID()) {
		return false
	}
	return allows(c, p.OID())
}
