package trust

import (
	"encoding/hex"
	"slices"

	"prestage/authenticode/cert"
	"prestage/trust/roots"
)

// Authority says what kind of signer a chain belongs to.
type Authority int

const (
	// UnknownAuthority means that the chain ends nowhere.
	UnknownAuthority Authority = iota
	// Windows means a part of Windows.
	Windows
	// WHQL means the Hardware Dev Center, after tests.
	WHQL
	// WHQLAttested means the Hardware Dev Center, on the vendor's word.
	WHQLAttested
	// ELAM means an early-launch anti-malware driver.
	ELAM
	// Microsoft means Microsoft for another purpose.
	Microsoft
	// ThirdParty means somebody else, by a chain to an anchor.
	ThirdParty
	// Test means a test, flight or preview signature.
	Test
)

// String returns the word of the report: "unknown", "windows", "whql",
// "whql-attested", "elam", "microsoft", "third-party" or "test".
func (a Authority) String() string {
	return word(int(a), "unknown", "windows", "whql", "whql-attested", "elam", "microsoft", "third-party", "test")
}

// microsoftRoot is one of Microsoft's own roots.
type microsoftRoot struct {
	name   string
	sha256 string
	// driver: the driver policy accepts chains to it (rule 124).
	driver bool
}

// microsoftRoots are the roots under which only Microsoft itself signs, told by SHA-256
// so that it does not matter where the certificate comes from. The driver
// policy takes the product roots; the root of 2011 is the application root of
// the Microsoft root policy, which a caller must ask for
// (MICROSOFT_ROOT_CERT_CHAIN_POLICY_CHECK_APPLICATION_ROOT_FLAG), and under
// the others no driver signature was ever seen: they are left out until one is
// [inferred]. Microsoft Identity Verification Root 2020 and the Third Party
// Marketplace Root are not here: their signers are not Microsoft.
var microsoftRoots = []microsoftRoot{
	{"Microsoft Root Authority (1997)", "f38406e540d7a9d90cb4a9479299640ffb6df9e224ecc7a01c0d9558d8dad77d", true},
	{"Microsoft Root Certificate Authority (2001)", "885de64c340e3ea70658f01e1145f957fcda27aabeea1ab9faa9fdb0102d4077", true},
	{"Microsoft Root Certificate Authority 2010", "df545bf919a2439c36983b54cdfc903dfa4f37d3996d8d84b4c31eec6f3c163e", true},
	{"Microsoft Root Certificate Authority 2011", "847df6a78497943f27fc72eb93f9a637320a02b561d0a91b09e87a7807ed7c61", false},
	{"Microsoft ECC Product Root Certificate Authority 2018", "caca93b9d23d2b6fa76e8b8471931e0df3ec6f63af3cdbb936c41954a1872326", false},
	{"Microsoft Time Stamp Root Certificate Authority 2014", "65af95f4be86847344634282f941b2e605063ef0c8542f014ca088d182109e4f", false},
	{"Microsoft ECC TS Root Certificate Authority 2018", "3fd4be8baad2f26e1bde06c7584bb720dd1a972d111f5a4999bc44b08fb4960d", false},
}

// marketplacePCA is the SHA-256 of Microsoft MarketPlace PCA 2011, below which
// the Store signs for whoever sells there: its signers are not Microsoft either.
const marketplacePCA = "5a9d217e71180301a044e4cfbde431fdf4c1cfc998b1b6343b5a10aa9e4cde98"

// lookupMicrosoft returns the row of one of Microsoft's own roots.
func lookupMicrosoft(c *cert.Certificate) (microsoftRoot, bool) {
	sum := thumbprint(c)
	for _, r := range microsoftRoots {
		if r.sha256 == sum {
			return r, true
		}
	}
	return microsoftRoot{}, false
}

// thumbprint is the SHA-256 of a certificate in hexadecimal.
func thumbprint(c *cert.Certificate) string {
	sum := c.SHA256()
	return hex.EncodeToString(sum[:])
}

func isMicrosoft(c *cert.Certificate) bool {
	_, ok := lookupMicrosoft(c)
	return ok
}

// testRoot recognises Microsoft's test, flight and development hierarchies by
// the topmost certificate: its digests or, where the root is not carried, the
// name and key identifier of its issuer. It explains, and grants nothing. A
// self-issued certificate that merely bears such a name is nobody's, as is the
// test certificate that the WDK makes for a developer.
func testRoot(top *cert.Certificate) (name string, ok bool) {
	if _, identified := roots.Identify(top); !identified && top.SelfIssued() {
		return "", false
	}
	return roots.KnownTest(top)
}

// signer is what the rules below look at.
type signer struct {
	leaf  *cert.Certificate
	chain []*cert.Certificate // leaf first
	root  microsoftRoot       // zero unless the chain ends in one of Microsoft's own

	anchored, microsoft, test bool
}

func newSigner(chain []*cert.Certificate, anchored bool) *signer {
	s := &signer{leaf: chain[0], chain: chain, anchored: anchored}
	top := chain[len(chain)-1]
	if anchored {
		s.root, s.microsoft = lookupMicrosoft(top)
	}
	_, s.test = testRoot(top)
	return s
}

// names reports whether the leaf itself names the purpose.
func (s *signer) names(oid string) bool { return s.leaf.HasEKUOID(oid) }

// holds reports whether the leaf names the purpose and every authority of the
// chain that limits its purposes allows it: CryptoAPI hands down only what the
// whole chain has.
func (s *signer) holds(oid string) bool {
	if !s.names(oid) {
		return false
	}
	for _, c := range s.chain {
		if !allows(c, oid) {
			return false
		}
	}
	return true
}

// through reports whether the chain leads through this certificate.
func (s *signer) through(sha256 string) bool {
	return slices.ContainsFunc(s.chain, func(c *cert.Certificate) bool { return thumbprint(c) == sha256 })
}

// product reports whether the driver policy accepts the root (rule 124).
func (s *signer) product() bool { return s.microsoft && s.root.driver }

// driverPurpose reports whether the chain holds one of the purposes that the
// driver policy asks for (rule 125).
func (s *signer) driverPurpose() bool {
	return s.product() && (s.holds(OIDWHQL) || s.holds(OIDWindows) || s.holds(OIDOEMWHQL))
}

// authorityRule is one row of the table below.
type authorityRule struct {
	id   string
	cite string
	when func(*signer) bool
	then Authority
	// driver: the driver policy may accept such a signer, if it also has one of
	// the policy's purposes.
	driver bool
}

// authorities tells what kind of signer it is; the first row that fits decides.
// Rows that lower a signature look at what the leaf names, rows that raise it
// at what the whole chain holds, and the lowering ones come first.
var authorities = []authorityRule{
	{"test-root", "Code Integrity's well-known roots, test and flight (App Control documentation, event tag explanations); rule 137",
		func(s *signer) bool { return s.test }, Test, false},
	{"preview-build", "observed: preview catalogs name purpose 10.3.27 (L9)",
		func(s *signer) bool { return s.names(OIDPreviewBuild) }, Test, false},
	{"oem-test", "observed: test certificates of computer makers name purpose 76.5.40 and lead to no anchor (L9)",
		func(s *signer) bool { return !s.anchored && s.names(OIDWindowsPackage) }, Test, false},
	{"marketplace", "observed: images from the Store, signers named by a GUID, purpose 76.5.40, below Microsoft MarketPlace PCA 2011",
		func(s *signer) bool { return s.microsoft && s.through(marketplacePCA) }, ThirdParty, false},
	{"kits-sample", "observed: the kits' sample catalogs have the WHQL purpose with lifetime signing, which no release signature has (L9)",
		func(s *signer) bool { return s.product() && s.names(OIDWHQL) && s.names(OIDLifetimeSigning) }, Test, false},
	{"elam", "wincrypt.h KP_KERNEL_MODE_TRUSTED_BOOT_SIGNING; table D.1, rule 120",
		func(s *signer) bool { return s.product() && s.holds(OIDEarlyLaunch) }, ELAM, true},
	{"windows", "wincrypt.h NT5_CRYPTO and WINDOWS_THIRD_PARTY_COMPONENT_SIGNER; rules 120, 125",
		func(s *signer) bool { return s.product() && (s.holds(OIDWindows) || s.holds(OIDWindowsThirdParty)) }, Windows, true},
	{"whql-attested", "driver docs dashboard/code-signing-validate; table D.1",
		func(s *signer) bool {
			return s.product() && (s.holds(OIDAttestedWHQL) || s.holds(OIDWHQL) && s.names(OIDAttestedWHQL))
		}, WHQLAttested, true},
	{"whql", "wincrypt.h WHQL_CRYPTO; rules 120, 125; table D.1",
		func(s *signer) bool { return s.product() && s.holds(OIDWHQL) }, WHQL, true},
	{"oem-whql", "wincrypt.h OEM_WHQL_CRYPTO; rule 125 counts it to the driver policy's purposes",
		func(s *signer) bool { return s.product() && s.holds(OIDOEMWHQL) }, Microsoft, true},
	{"microsoft", "root table D.2",
		func(s *signer) bool { return s.microsoft }, Microsoft, false},
	{"third-party", "rule 131: an anchor of the Root store that is not Microsoft's own",
		func(s *signer) bool { return s.anchored }, ThirdParty, false},
	{"nobody", "no anchor",
		func(*signer) bool { return true }, UnknownAuthority, false},
}

// judge returns the row that fits.
func (s *signer) judge() authorityRule {
	for _, r := range authorities {
		if r.when(s) {
			return r
		}
	}
	return authorities[len(authorities)-1]
}
