package prestage

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"prestage/catalog"
	"prestage/trust"
)

// Policy is what a single file is verified against (rule 196).
type Policy int

const (
	// PolicyUnknown is the zero value. Nothing verifies under it.
	PolicyUnknown Policy = iota
	// DriverPolicy is the Windows Driver Verification Policy, signtool's
	// default: Microsoft's roots, driver purposes, OSAttr (rule 125).
	DriverPolicy
	// AuthenticodePolicy is the Default Authentication Verification Policy,
	// signtool's /pa: any trusted root (rules 129 and 131).
	AuthenticodePolicy
	// KernelPolicy is signtool's /kp: a trusted chain, and one that the kernel
	// accepts (rules 172, 176 and 181).
	KernelPolicy
	// PKCS7Policy is signtool's /p7: the message holds and its signer's chain is
	// trusted. The file is no subject of Authenticode.
	PKCS7Policy
)

var policyWords = [...]string{"unknown", "driver", "authenticode", "kernel", "pkcs7"}

// String returns the word of the JSON report: driver, authenticode, kernel or
// pkcs7.
func (p Policy) String() string {
	if p < 0 || int(p) >= len(policyWords) {
		return "unknown"
	}
	return policyWords[p]
}

// policyGUIDs are the action identifiers that name a policy in /pg (softpub.h;
// rules 124 and 129).
var policyGUIDs = map[string]Policy{
	"{F750E6C3-38EE-11D1-85E5-00C04FC295EE}": DriverPolicy,       // DRIVER_ACTION_VERIFY
	"{00AAC56B-CD44-11D0-8CC2-00C04FC295EE}": AuthenticodePolicy, // WINTRUST_ACTION_GENERIC_VERIFY_V2
}

// PolicyByGUID returns the policy that an action identifier names. Case and the
// braces do not matter.
func PolicyByGUID(guid string) (Policy, error) {
	key := "{" + strings.ToUpper(strings.Trim(guid, "{}")) + "}"
	if p, ok := policyGUIDs[key]; ok {
		return p, nil
	}
	return PolicyUnknown, fmt.Errorf("policy %s is not known: known are DRIVER_ACTION_VERIFY {F750E6C3-38EE-11D1-85E5-00C04FC295EE} and WINTRUST_ACTION_GENERIC_VERIFY_V2 {00AAC56B-CD44-11D0-8CC2-00C04FC295EE}", guid)
}

// VerifyOptions says what to verify and how. The zero value lacks At and
// Policy; it looks at the primary embedded signature.
type VerifyOptions struct {
	// At is the clock that validity is judged at. It is required.
	At time.Time
	// Store is the picture of the machine's certificate stores. Nil stands for
	// an untouched machine.
	Store  *trust.Store
	Policy Policy

	// Catalog is the catalog file that must list every file (/c).
	Catalog string
	// CatalogDB is a folder of catalogs that stands for a catalog database
	// (/ad, /as, /ag, /a).
	CatalogDB string
	// Embedded asks for the embedded signature of a file that no catalog lists
	// (/a). Where no catalog is asked for, it is looked at in any case.
	Embedded bool
	// CatalogHash is the digest by which files are looked up in catalogs
	// (/hash); zero is the one that Windows takes.
	CatalogHash crypto.Hash
	// OS is the version of Windows for which a file in a catalog must have been
	// signed (/o); nil asks for the newest that prestage knows.
	OS *OSVersion

	// All asks for every signature (/all), Index for the one of that number
	// (/ds), AnyOf for at least one that verifies (/ms). At most one of them.
	All   bool
	Index *int
	AnyOf bool

	// Root must occur in the name of the root (/r), in any case.
	Root string
	// EKUs must all be among the purposes of the signer's certificate (/u).
	EKUs []string
	// SignerSHA1 holds thumbprints of which the signer must have one (/sha1),
	// IssuerSHA1 those of which an intermediate authority must have one (/ca).
	SignerSHA1, IssuerSHA1 []string
	// WarnUnstamped warns of a signature without time stamp (/tw).
	WarnUnstamped bool
	// PageHashes asks for page hashes (/ph).
	PageHashes bool
	// StrictPadding is EnableCertPaddingCheck (rule 114).
	StrictPadding bool

	// Jobs is how many files are verified at a time; below 1 means 1.
	Jobs int
	// Version is the version of the program, for the report.
	Version string
}

// OSVersion is the argument of /o: PlatformID:VerMajor.VerMinor.BuildNumber.
type OSVersion struct {
	catalog.OSVersion
	Build int
}

// ParseOSVersion reads PlatformID:VerMajor.VerMinor.BuildNumber, such as
// 2:10.0.26200. The platform may be left out, and the build.
func ParseOSVersion(s string) (OSVersion, error) {
	bad := fmt.Errorf("%q: write PlatformID:VerMajor.VerMinor.BuildNumber, such as 2:10.0.26200", s)
	v := OSVersion{OSVersion: catalog.OSVersion{Platform: catalog.PlatformNT}}
	text := s
	if platform, rest, ok := strings.Cut(s, ":"); ok {
		var err error
		if v.Platform, err = parseNumber(platform); err != nil {
			return OSVersion{}, bad
		}
		text = rest
	}
	parts := strings.Split(text, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return OSVersion{}, bad
	}
	for i, field := range []*int{&v.Major, &v.Minor, &v.Build}[:len(parts)] {
		var err error
		if *field, err = parseNumber(parts[i]); err != nil {
			return OSVersion{}, bad
		}
	}
	return v, nil
}

// parseNumber reads a decimal number of at most five digits, and nothing else.
func parseNumber(s string) (int, error) {
	if len(s) == 0 || len(s) > 5 {
		return 0, errors.New("not a number")
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, errors.New("not a number")
		}
		n = 10*n + int(c-'0')
	}
	return n, nil
}

// Check reports what is missing, and options that exclude one another.
func (o *VerifyOptions) Check() error {
	chosen := 0
	for _, set := range []bool{o.All, o.Index != nil, o.AnyOf} {
		if set {
			chosen++
		}
	}
	switch catalogs := o.Catalog != "" || o.CatalogDB != ""; {
	case o.At.IsZero():
		return errNoClock
	case o.Policy == PolicyUnknown || o.Policy.String() == "unknown":
		return errors.New("no policy to verify under")
	case chosen > 1:
		return errors.New("all signatures, one by its number and any one of them exclude one another: choose one of /all, /ds and /ms")
	case o.Index != nil && *o.Index < 0:
		return fmt.Errorf("signature %d: the first has the number 0", *o.Index)
	case o.Policy == PKCS7Policy && catalogs:
		return errors.New("a PKCS #7 file is verified by itself: /p7 goes with no catalog option")
	case o.Policy == PKCS7Policy && (o.PageHashes || o.StrictPadding):
		return errors.New("a PKCS #7 file has neither pages nor a certificate table: /p7 goes neither with /ph nor with --strict-padding")
	case o.Catalog != "" && o.CatalogDB != "":
		return errors.New("one catalog and a catalog database exclude one another: choose /c or /ad, /as, /ag")
	case o.OS != nil && !catalogs:
		return errors.New("/o is about a file in a catalog: name one with /c, or a database with /a, /ad, /as or /ag")
	case o.CatalogHash != 0 && !catalogs:
		return errors.New("/hash is about a file in a catalog: name one with /c, or a database with /a, /ad, /as or /ag")
	case o.CatalogHash != 0 && !slices.Contains(digests, o.CatalogHash):
		return fmt.Errorf("catalogs list files by SHA-1 and SHA-256, not by %s", hashName(o.CatalogHash))
	}
	return nil
}

// running is the Windows for which files in catalogs are judged: that of /o,
// else the newest.
func (o *VerifyOptions) running() *Windows {
	if o.OS != nil {
		if w := WindowsRunning(o.OS.Major, o.OS.Minor, o.OS.Build, false); w != nil {
			return w
		}
		return newest("win11") // unknown: the strictest
	}
	return defaultWindows()
}

// Verify judges each file by itself and reports on them in order. What is wrong
// with a file is in its report and never stops the others; an error is one of
// the options.
func Verify(o VerifyOptions, files ...string) (*VerifyReport, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Store == nil {
		o.Store = trust.DefaultStore()
	}
	v := newVerifier(o)
	if err := v.openCatalogs(); err != nil {
		return nil, err
	}
	r := &VerifyReport{
		SchemaVersion: SchemaVersion, Tool: Tool{"prestage", o.Version}, At: o.At.UTC(),
		Policy: o.Policy.String(), Files: make([]VerifiedFile, len(files)), Warnings: []NoteReport{},
	}
	v.gather.each(len(files), func(i int) { r.Files[i] = v.file(files[i]) })
	r.Warnings = append(r.Warnings, v.unreadableCatalogs()...)
	r.count()
	return r, nil
}

// defaultWindows is the release that is judged for where nobody names one.
func defaultWindows() *Windows { return DefaultTargetSpec().Windows }

// file gathers the facts of one file and decides.
func (v *verifier) file(name string) VerifiedFile {
	facts, done := v.subject(name)
	defer done()
	return v.decide(facts)
}
