package trust

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"prestage/authenticode"
	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
)

// chainTest is one row: certificates, what the machine has, the clock, and
// the chain and code that are wanted.
type chainTest struct {
	name string
	make func(*family)

	roots, intermediates, disallowed string // names, blank separated
	carried                          string // the signer first
	restrict                         Restrictions
	at                               string // empty: 2026-11-20
	stamped                          string // empty: no time stamp

	want   string // chain, leaf first
	reason Reason // of the first problem; UnknownReason: trusted
	code   winerror.Code
}

// ordinary is root, ca and leaf with edits by name.
func ordinary(edits map[string]edit) func(*family) {
	return func(f *family) {
		f.ca("root", "", edits["root"]).ca("ca", "root", edits["ca"]).leaf("leaf", "ca", edits["leaf"])
	}
}

const oidUnknown = "1.3.6.1.4.1.99999.2"

var chainTests = []chainTest{
	{name: "ordinary chain", make: ordinary(nil), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "root carried as well", make: ordinary(nil), roots: "root", carried: "leaf ca root", want: "leaf ca root"},
	{name: "intermediate from the store", make: ordinary(nil), roots: "root", intermediates: "ca", carried: "leaf", want: "leaf ca root"},
	{name: "certificates carried twice", make: ordinary(nil), roots: "root", carried: "leaf leaf ca ca", want: "leaf ca root"},

	{name: "root not in the store", make: ordinary(nil), carried: "leaf ca root", want: "leaf ca root", reason: UntrustedRoot, code: winerror.CertUntrustedRoot},
	{name: "root neither carried nor in the store", make: ordinary(nil), carried: "leaf ca", want: "leaf ca", reason: NoIssuer, code: winerror.CertChaining},
	{name: "intermediate missing", make: ordinary(nil), roots: "root", carried: "leaf", want: "leaf", reason: NoIssuer, code: winerror.CertChaining},
	{name: "intermediate in the root store ends no chain", make: ordinary(nil), roots: "ca", carried: "leaf", want: "leaf ca", reason: NoIssuer, code: winerror.CertChaining},

	{name: "self-signed leaf in the root store", make: func(f *family) { f.leaf("leaf", "", nil) }, roots: "leaf", carried: "leaf", want: "leaf"},
	{name: "self-signed leaf elsewhere", make: func(f *family) { f.leaf("leaf", "", nil) }, carried: "leaf", want: "leaf", reason: UntrustedRoot, code: winerror.CertUntrustedRoot},
	{name: "self-signed leaf expired", make: func(f *family) { f.leaf("leaf", "", valid("2020-01-01", "2021-01-01")) }, roots: "leaf", carried: "leaf", want: "leaf", reason: Expired, code: winerror.CertExpired},
	{name: "self-signed leaf for another purpose", make: func(f *family) { f.leaf("leaf", "", ekus(signtest.EKUServerAuth)) }, roots: "leaf", carried: "leaf", want: "leaf", reason: WrongPurpose, code: winerror.CertWrongUsage},
	{name: "self-signed leaf with its own signature broken", make: func(f *family) {
		f.leaf("leaf", "", func(t *signtest.Template) { t.Signature = signtest.FlipLastBit })
	}, roots: "leaf", carried: "leaf", want: "leaf"},
	{name: "self-signed leaf as the WDK makes it", make: func(f *family) {
		f.leaf("leaf", "", func(t *signtest.Template) {
			t.KeyUsage = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
		})
	}, roots: "leaf", carried: "leaf", want: "leaf"},
	{name: "self-signed leaf that is an authority", make: func(f *family) { f.ca("leaf", "", ekus(OIDCodeSigning)) }, roots: "leaf", carried: "leaf", want: "leaf", reason: SignerIsAuthority, code: winerror.TrustBasicConstraints},
	{name: "self-signed end certificate as authority", make: func(f *family) { f.leaf("root", "", nil).leaf("leaf", "root", nil) }, roots: "root", carried: "leaf", want: "leaf root", reason: NotAnAuthority, code: winerror.TrustBasicConstraints},

	{name: "leaf expired", make: ordinary(map[string]edit{"leaf": valid("2021-01-01", "2023-01-01")}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: Expired, code: winerror.CertExpired},
	{name: "leaf expired, stamped in time", make: ordinary(map[string]edit{"leaf": valid("2021-01-01", "2023-01-01")}), roots: "root tsa", stamped: "2022-05-17", carried: "leaf ca", want: "leaf ca root"},
	{name: "leaf expired, stamped on its last day", make: ordinary(map[string]edit{"leaf": valid("2021-01-01", "2023-01-01")}), roots: "root tsa", stamped: "2023-01-01", carried: "leaf ca", want: "leaf ca root"},
	{name: "leaf expired, stamped a day late", make: ordinary(map[string]edit{"leaf": valid("2021-01-01", "2023-01-01")}), roots: "root tsa", stamped: "2023-01-02", carried: "leaf ca", want: "leaf ca root", reason: StampOutsideValidity, code: winerror.CertExpired},
	{name: "leaf valid, stamped before it was", make: ordinary(nil), roots: "root tsa", stamped: "2025-05-31", carried: "leaf ca", want: "leaf ca root", reason: StampOutsideValidity, code: winerror.CertExpired},
	{name: "leaf expired, time stamp of a stranger", make: ordinary(map[string]edit{"leaf": valid("2021-01-01", "2023-01-01")}), roots: "root", stamped: "2022-05-17", carried: "leaf ca", want: "leaf ca root", reason: BadTimestamp, code: winerror.TrustTimeStamp},
	{name: "leaf valid, time stamp of a stranger", make: ordinary(nil), roots: "root", stamped: "2026-03-02", carried: "leaf ca", want: "leaf ca root", reason: BadTimestamp, code: winerror.TrustTimeStamp},
	{name: "leaf not yet valid", make: ordinary(map[string]edit{"leaf": valid("2030-01-01", "2032-01-01")}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: Expired, code: winerror.CertExpired},
	{name: "intermediate expired", make: ordinary(map[string]edit{"ca": valid("2016-01-01", "2026-01-01")}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: Expired, code: winerror.CertExpired},
	{name: "intermediate expired, stamped in time", make: ordinary(map[string]edit{"ca": valid("2016-01-01", "2026-01-01")}), roots: "root tsa", stamped: "2025-12-24", carried: "leaf ca", want: "leaf ca root"},
	{name: "anchor expired", make: ordinary(map[string]edit{"root": valid("2000-01-01", "2020-01-01")}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "lifetime signing, valid", make: ordinary(map[string]edit{"leaf": ekus(OIDCodeSigning, OIDLifetimeSigning)}), roots: "root tsa", stamped: "2026-03-02", carried: "leaf ca", want: "leaf ca root"},
	{name: "lifetime signing, stamped in time, expired", make: ordinary(map[string]edit{"leaf": func(t *signtest.Template) {
		valid("2021-01-01", "2023-01-01")(t)
		ekus(OIDCodeSigning, OIDLifetimeSigning)(t)
	}}), roots: "root tsa", stamped: "2022-05-17", carried: "leaf ca", want: "leaf ca root", reason: Expired, code: winerror.CertExpired},

	{name: "leaf for servers", make: ordinary(map[string]edit{"leaf": ekus(signtest.EKUServerAuth)}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: WrongPurpose, code: winerror.CertWrongUsage},
	{name: "leaf for time stamping", make: ordinary(map[string]edit{"leaf": ekus(OIDTimeStamping)}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: WrongPurpose, code: winerror.CertWrongUsage},
	{name: "leaf for every purpose", make: ordinary(map[string]edit{"leaf": ekus(OIDAnyUsage)}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "leaf without usages", make: ordinary(map[string]edit{"leaf": noUsages}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "leaf with an empty list of usages", make: ordinary(map[string]edit{"leaf": ekus()}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: WrongPurpose, code: winerror.CertWrongUsage},
	{name: "intermediate for servers", make: ordinary(map[string]edit{"ca": ekus(signtest.EKUServerAuth)}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: WrongPurpose, code: winerror.CertWrongUsage},
	{name: "anchor for servers", make: ordinary(map[string]edit{"root": ekus(signtest.EKUServerAuth)}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: WrongPurpose, code: winerror.CertWrongUsage},
	{name: "application policies allow", make: ordinary(map[string]edit{"ca": policies(OIDCodeSigning)}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "application policies allow all", make: ordinary(map[string]edit{"ca": policies(oidAllApplicationPolicies)}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "application policies forbid", make: ordinary(map[string]edit{"ca": policies(signtest.EKUServerAuth)}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: WrongPurpose, code: winerror.CertWrongUsage},
	{name: "leaf key usage without signing", make: ordinary(map[string]edit{"leaf": func(t *signtest.Template) { t.KeyUsage = x509.KeyUsageKeyEncipherment }}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: SignerKeyUsage, code: winerror.CertWrongUsage},

	{name: "authority signs", make: ordinary(map[string]edit{"ca": ekus(OIDCodeSigning)}), roots: "root", carried: "ca", want: "ca root", reason: SignerIsAuthority, code: winerror.TrustBasicConstraints},
	{name: "publisher issues", make: func(f *family) {
		ordinary(nil)(f)
		f.leaf("below", "leaf", nil)
	}, roots: "root", carried: "below leaf ca", want: "below leaf ca root", reason: NotAnAuthority, code: winerror.TrustBasicConstraints},
	{name: "intermediate without basic constraints", make: ordinary(map[string]edit{"ca": func(t *signtest.Template) { t.BasicConstraints = nil }}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: NotAnAuthority, code: winerror.TrustBasicConstraints},
	{name: "intermediate of version 1", make: ordinary(map[string]edit{"ca": func(t *signtest.Template) { t.Version = 1 }}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: NotAnAuthority, code: winerror.TrustBasicConstraints},
	{name: "intermediate without certificate signing", make: ordinary(map[string]edit{"ca": func(t *signtest.Template) { t.KeyUsage = x509.KeyUsageDigitalSignature }}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: KeyUsageForbids, code: winerror.CertWrongUsage},
	{name: "intermediate without key usage", make: ordinary(map[string]edit{"ca": func(t *signtest.Template) { t.KeyUsage = 0 }}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "anchor of version 1", make: ordinary(map[string]edit{"root": func(t *signtest.Template) { t.Version = 1 }}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "anchor without basic constraints", make: ordinary(map[string]edit{"root": func(t *signtest.Template) { t.BasicConstraints = nil }}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "anchor with its own signature broken", make: ordinary(map[string]edit{"root": func(t *signtest.Template) { t.Signature = signtest.FlipLastBit }}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "anchor signed with MD2", make: ordinary(map[string]edit{"root": signedWith(signtest.MD2WithRSA())}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "anchor signed with MD5", make: ordinary(map[string]edit{"root": signedWith(signtest.Algorithm{Hash: crypto.MD5})}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "path length exact", make: func(f *family) {
		f.ca("root", "", pathLen(1)).ca("ca", "root", pathLen(0)).leaf("leaf", "ca", nil)
	}, roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "path too long for an intermediate", make: func(f *family) {
		f.ca("root", "").ca("ca", "root", pathLen(0)).ca("sub", "ca").leaf("leaf", "sub", nil)
	}, roots: "root", carried: "leaf sub ca", want: "leaf sub ca root", reason: PathTooLong, code: winerror.TrustBasicConstraints},
	{name: "path too long for the anchor", make: func(f *family) {
		f.ca("root", "", pathLen(0)).ca("ca", "root").leaf("leaf", "ca", nil)
	}, roots: "root", carried: "leaf ca", want: "leaf ca root", reason: PathTooLong, code: winerror.TrustBasicConstraints},

	{name: "unknown critical extension on the leaf", make: ordinary(map[string]edit{"leaf": critical(oidUnknown, signtest.Null())}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: CriticalExtension, code: winerror.CertCritical},
	{name: "unknown critical extension on an intermediate", make: ordinary(map[string]edit{"ca": critical(oidUnknown, signtest.Null())}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: CriticalExtension, code: winerror.CertCritical},
	{name: "unknown critical extension on the anchor", make: ordinary(map[string]edit{"root": critical(oidUnknown, signtest.Null())}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "critical agency information", make: ordinary(map[string]edit{"leaf": critical("1.3.6.1.4.1.311.2.1.10", signtest.Null())}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "pre-certificate", make: ordinary(map[string]edit{"leaf": critical("1.3.6.1.4.1.11129.2.4.3", signtest.Null())}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: CriticalExtension, code: winerror.CertCritical},
	{name: "old key usage restriction", make: ordinary(map[string]edit{"leaf": critical("2.5.29.4", signtest.Sequence())}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: CriticalExtension, code: winerror.CertCritical},
	{name: "name constraints for servers only", make: ordinary(map[string]edit{"ca": constraints(permit(2, []byte("example.com")))}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "name constraints permit the leaf", make: ordinary(map[string]edit{"ca": constraints(permit(4, signtest.DN("O=Test").DER()))}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "name constraints do not permit the leaf", make: ordinary(map[string]edit{"ca": constraints(permit(4, signtest.DN("O=Other").DER()))}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: NameNotPermitted, code: winerror.CertInvalidName},
	{name: "name constraints of the anchor", make: ordinary(map[string]edit{"root": constraints(permit(4, signtest.DN("O=Other").DER()))}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: NameNotPermitted, code: winerror.CertInvalidName},
	{name: "name constraints that exclude", make: ordinary(map[string]edit{"ca": constraints(exclude(4, signtest.DN("O=Other").DER()))}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: NameNotPermitted, code: winerror.CertInvalidName},
	{name: "name constraints that are garbage", make: ordinary(map[string]edit{"ca": critical(oidNameConstraints, signtest.Null())}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: NameNotPermitted, code: winerror.CertInvalidName},

	{name: "leaf signed with SHA-1", make: ordinary(map[string]edit{"leaf": signedWith(signtest.Algorithm{Hash: crypto.SHA1})}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "leaf signed with the OIW's SHA-1", make: ordinary(map[string]edit{"leaf": signedWith(signtest.OIWSHA1WithRSA())}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "leaf signed with MD5", make: ordinary(map[string]edit{"leaf": signedWith(signtest.Algorithm{Hash: crypto.MD5})}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: WeakDigest, code: winerror.TrustCertSignature},
	{name: "leaf signed with MD5, stamped long ago", make: ordinary(map[string]edit{"root": valid("2000-01-01", "2030-01-01"), "ca": valid("2000-01-01", "2030-01-01"), "leaf": func(t *signtest.Template) {
		valid("2005-01-01", "2010-01-01")(t)
		signedWith(signtest.Algorithm{Hash: crypto.MD5})(t)
	}}), roots: "root oldtsa", stamped: "2008-12-31", carried: "leaf ca", want: "leaf ca root"},
	{name: "leaf signed with MD5, stamped a day later", make: ordinary(map[string]edit{"root": valid("2000-01-01", "2030-01-01"), "ca": valid("2000-01-01", "2030-01-01"), "leaf": func(t *signtest.Template) {
		valid("2005-01-01", "2010-01-01")(t)
		signedWith(signtest.Algorithm{Hash: crypto.MD5})(t)
	}}), roots: "root oldtsa", stamped: "2009-01-01", carried: "leaf ca", want: "leaf ca root", reason: WeakDigest, code: winerror.TrustCertSignature},
	{name: "intermediate signed with MD5", make: ordinary(map[string]edit{"ca": signedWith(signtest.Algorithm{Hash: crypto.MD5})}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: WeakDigest, code: winerror.TrustCertSignature},
	{name: "leaf signed with MD2", make: ordinary(map[string]edit{"leaf": signedWith(signtest.MD2WithRSA())}), roots: "root", carried: "leaf ca", want: "leaf", reason: BadLink, code: winerror.TrustCertSignature},
	{name: "leaf with a key of 512 bits", make: ordinary(map[string]edit{"leaf": key("rsa512-1")}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: WeakKey, code: winerror.TrustCertSignature},
	{name: "intermediate with a key of 1024 bits", make: ordinary(map[string]edit{"ca": key("rsa1024-1")}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "elliptic curve chain", make: ordinary(map[string]edit{"root": key("p384-1"), "ca": key("p256-1"), "leaf": key("p521-1")}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "leaf signature altered", make: ordinary(map[string]edit{"leaf": func(t *signtest.Template) { t.Signature = signtest.FlipLastBit }}), roots: "root", carried: "leaf ca", want: "leaf", reason: BadLink, code: winerror.TrustCertSignature},
	{name: "intermediate signature altered", make: ordinary(map[string]edit{"ca": func(t *signtest.Template) { t.Signature = signtest.FlipLastBit }}), roots: "root", carried: "leaf ca", want: "leaf ca", reason: BadLink, code: winerror.TrustCertSignature},
	{name: "inner and outer algorithm differ", make: ordinary(map[string]edit{"leaf": func(t *signtest.Template) { t.OuterAlgorithm = &signtest.Algorithm{Hash: crypto.SHA1} }}), roots: "root", carried: "leaf ca", want: "leaf", reason: BadLink, code: winerror.TrustCertSignature},

	{name: "negative serial number", make: ordinary(map[string]edit{"leaf": func(t *signtest.Template) { t.Serial = big.NewInt(-7) }}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "issuer name in another string type", make: ordinary(map[string]edit{"leaf": func(t *signtest.Template) {
		t.Issuer = signtest.DN("O=Test", "CN=ca").As(signtest.TagBMPString)
	}}), roots: "root", carried: "leaf ca", want: "leaf", reason: NoIssuer, code: winerror.CertChaining},
	{name: "names in T61 and BMP strings", make: ordinary(map[string]edit{
		"root": func(t *signtest.Template) { t.Subject = t.Subject.As(signtest.TagT61String) },
		"ca":   func(t *signtest.Template) { t.Subject = t.Subject.As(signtest.TagBMPString) },
	}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "subject and issuer text equal, names not", make: func(f *family) {
		f.ca("root", "").leaf("leaf", "root", func(t *signtest.Template) { t.Subject = signtest.DN("O=Test", "CN=root").As(signtest.TagBMPString) })
	}, roots: "root", carried: "leaf", want: "leaf root"},
	{name: "key identifier that matches nothing", make: ordinary(map[string]edit{"leaf": func(t *signtest.Template) { t.AuthorityKeyID = []byte{1, 2, 3} }}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "renewed intermediate, the right one last", make: func(f *family) {
		f.ca("root", "").ca("ca", "root").ca("newer", "root", named("ca")).leaf("leaf", "ca", nil)
	}, roots: "root", carried: "leaf newer ca", want: "leaf ca root"},
	{name: "renewed intermediate, the expired one first", make: func(f *family) {
		f.ca("root", "").ca("ca", "root", valid("2016-01-01", "2020-01-01"), key("rsa2048-9")).ca("renewed", "root", named("ca"), key("rsa2048-9")).leaf("leaf", "ca", nil)
	}, roots: "root", carried: "leaf ca renewed", want: "leaf renewed root"},
	{name: "forged root of the same name carried", make: func(f *family) {
		f.ca("root", "").ca("forged", "", named("root")).ca("ca", "forged").leaf("leaf", "ca", nil)
	}, roots: "root", carried: "leaf ca forged", want: "leaf ca forged", reason: UntrustedRoot, code: winerror.CertUntrustedRoot},
	{name: "forged root of the same name not carried", make: func(f *family) {
		f.ca("root", "").ca("forged", "", named("root")).ca("ca", "forged").leaf("leaf", "ca", nil)
	}, roots: "root", carried: "leaf ca", want: "leaf ca", reason: BadLink, code: winerror.TrustCertSignature},
	{name: "forged root with exponent one", make: func(f *family) {
		f.ca("root", "", key("rsa3072-1")).ca("forged", "", named("root"), func(t *signtest.Template) {
			t.Key, t.Serial = signtest.NamedKey("rsa3072-1").ExponentOne(), big.NewInt(7)
		}).leaf("leaf", "forged", nil)
	}, roots: "root", carried: "leaf forged", want: "leaf", reason: WeakKey, code: winerror.TrustCertSignature},
	{name: "forged root with curve parameters", make: func(f *family) {
		f.ca("root", "", key("p384-1")).ca("forged", "", named("root"), func(t *signtest.Template) {
			t.Key, t.Serial = signtest.NamedKey("p384-1").CurveBall(), big.NewInt(7)
		}).leaf("leaf", "forged", nil)
	}, roots: "root", carried: "leaf forged", want: "leaf", reason: WeakKey, code: winerror.TrustCertSignature},
	{name: "authorities that certify each other", make: func(f *family) {
		f.ca("a", "", key("rsa2048-1")).ca("b", "", key("rsa2048-2"))
		f.ca("a by b", "b", named("a"), key("rsa2048-1")).ca("b by a", "a", named("b"), key("rsa2048-2")).leaf("leaf", "a", key("rsa2048-3"))
	}, carried: "leaf|a by b|b by a", want: "leaf|a by b|b by a", reason: NoIssuer, code: winerror.CertChaining},
	{name: "cross-certificate to another anchor", make: crossed, roots: "other", carried: "leaf|ca|root by other", want: "leaf|ca|root by other|other"},
	{name: "two anchors, the shorter chain", make: crossed, roots: "root other", carried: "leaf|ca|root by other", want: "leaf ca root"},
	// What Windows makes of distrust on one of several ways is not known.
	{name: "two anchors, the shorter one distrusted", make: crossed, roots: "root other", disallowed: "root", carried: "leaf|ca|root by other", want: "leaf|ca|root by other|other", reason: Disallowed, code: winerror.TrustExplicitDistrust},
	{name: "two anchors, the longer way distrusted", make: crossed, roots: "root other", disallowed: "other", carried: "leaf|ca|root by other", want: "leaf ca root", reason: Disallowed, code: winerror.TrustExplicitDistrust},
	{name: "distrusted intermediate, issued anew", make: anew, roots: "root", disallowed: "ca", carried: "leaf|ca|ca anew", want: "leaf|ca anew|root", reason: Disallowed, code: winerror.TrustExplicitDistrust},
	{name: "distrusted way that leads nowhere", make: crossed, roots: "root", disallowed: "root by other|root by other", carried: "leaf|ca|root by other", want: "leaf|ca|root", reason: Disallowed, code: winerror.TrustExplicitDistrust},
	{name: "distrusted certificate on no way", make: func(f *family) { crossed(f); f.ca("neighbour", "root") }, roots: "root", disallowed: "neighbour", carried: "leaf|ca|neighbour", want: "leaf|ca|root"},
	{name: "chain of the greatest length", make: ladder(maxDepth - 2), roots: "0", carried: rungs(maxDepth - 2), want: rungs(maxDepth-2) + " 0"},
	{name: "chain too long", make: ladder(maxDepth), roots: "0", carried: rungs(maxDepth), want: strings.TrimSuffix(rungs(maxDepth), " 1"), reason: TooComplex, code: winerror.CertChaining},

	{name: "leaf distrusted", make: ordinary(nil), roots: "root", disallowed: "leaf", carried: "leaf ca", want: "leaf ca root", reason: Disallowed, code: winerror.TrustExplicitDistrust},
	{name: "intermediate distrusted", make: ordinary(nil), roots: "root", disallowed: "ca", carried: "leaf ca", want: "leaf ca root", reason: Disallowed, code: winerror.TrustExplicitDistrust},
	{name: "anchor distrusted", make: ordinary(nil), roots: "root", disallowed: "root", carried: "leaf ca", want: "leaf ca root", reason: Disallowed, code: winerror.TrustExplicitDistrust},
	{name: "distrusted and untrusted", make: ordinary(nil), disallowed: "ca", carried: "leaf ca", want: "leaf ca", reason: Disallowed, code: winerror.TrustExplicitDistrust},
	{name: "time-stamping authority distrusted", make: ordinary(nil), roots: "root tsa", disallowed: "tsa", stamped: "2026-03-02", carried: "leaf ca", want: "leaf ca root", reason: BadTimestamp, code: winerror.TrustTimeStamp},

	{name: "root without the purpose", make: ordinary(nil), restrict: Restrictions{EKUs: []string{OIDTimeStamping}}, roots: "root", carried: "leaf ca", want: "leaf ca root", reason: RootPurpose, code: winerror.CertWrongUsage},
	{name: "root with no purpose at all", make: ordinary(nil), restrict: Restrictions{EKUs: []string{}}, roots: "root", carried: "leaf ca", want: "leaf ca root", reason: RootPurpose, code: winerror.CertWrongUsage},
	{name: "root with the purpose taken away, stamped before", make: ordinary(nil), restrict: Restrictions{DisallowedEKUs: []string{OIDCodeSigning}}, roots: "root tsa", stamped: "2026-03-02", carried: "leaf ca", want: "leaf ca root", reason: RootPurpose, code: winerror.CertWrongUsage},
	{name: "root disabled", make: ordinary(nil), restrict: Restrictions{DisabledAt: date("2026-06-01")}, roots: "root", carried: "leaf ca", want: "leaf ca root", reason: RootDisabled, code: winerror.CertUntrustedRoot},
	{name: "root disabled, stamped before", make: ordinary(nil), restrict: Restrictions{DisabledAt: date("2026-06-01")}, roots: "root tsa", stamped: "2026-03-02", carried: "leaf ca", want: "leaf ca root"},
	{name: "root disabled, stamped that day", make: ordinary(nil), restrict: Restrictions{DisabledAt: date("2026-06-01")}, roots: "root tsa", stamped: "2026-06-01", carried: "leaf ca", want: "leaf ca root", reason: RootDisabled, code: winerror.CertUntrustedRoot},
	{name: "root disabled later than the check", make: ordinary(nil), restrict: Restrictions{DisabledAt: date("2027-01-01")}, roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "issued after the root's date", make: ordinary(nil), restrict: Restrictions{NotBefore: date("2025-01-01")}, roots: "root", carried: "leaf ca", want: "leaf ca root", reason: RootNotBefore, code: winerror.CertUntrustedRoot},
	{name: "issued after the root's date for servers", make: ordinary(nil), restrict: Restrictions{NotBefore: date("2025-01-01"), NotBeforeEKUs: []string{signtest.EKUServerAuth}}, roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "issued after the root's date for code", make: ordinary(nil), restrict: Restrictions{NotBefore: date("2025-01-01"), NotBeforeEKUs: []string{OIDCodeSigning}}, roots: "root tsa", stamped: "2026-03-02", carried: "leaf ca", want: "leaf ca root", reason: RootNotBefore, code: winerror.CertUntrustedRoot},
	{name: "issued before the root's date", make: ordinary(nil), restrict: Restrictions{NotBefore: date("2025-07-01")}, roots: "root", carried: "leaf ca", want: "leaf ca root"},

	// Other places for the defects above.
	{name: "negative serial numbers everywhere", make: ordinary(map[string]edit{"root": serial(-1), "ca": serial(-128), "leaf": serial(-32769)}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "intermediate signed with MD2", make: ordinary(map[string]edit{"ca": signedWith(signtest.MD2WithRSA())}), roots: "root", carried: "leaf ca", want: "leaf ca", reason: BadLink, code: winerror.TrustCertSignature},
	{name: "intermediate signed with the OIW's SHA-1", make: ordinary(map[string]edit{"ca": signedWith(signtest.OIWSHA1WithRSA())}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "leaf signed with the OIW's MD5", make: ordinary(map[string]edit{"leaf": signedWith(signtest.Algorithm{Hash: crypto.MD5, OID: "1.3.14.3.2.3"})}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: WeakDigest, code: winerror.TrustCertSignature},
	{name: "anchor of version 1 signed with MD2", make: ordinary(map[string]edit{"root": func(t *signtest.Template) { t.Version, t.Algorithm = 1, signtest.MD2WithRSA() }}), roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "anchor of version 1 with another one of its name", make: func(f *family) {
		ordinary(map[string]edit{"root": func(t *signtest.Template) { t.Version = 1 }})(f)
		f.ca("forged", "", named("root"))
	}, roots: "root", carried: "leaf ca forged", want: "leaf ca root"},
	{name: "intermediate with a key of 512 bits", make: ordinary(map[string]edit{"ca": key("rsa512-1")}), roots: "root", carried: "leaf ca", want: "leaf", reason: WeakKey, code: winerror.TrustCertSignature},
	{name: "anchor with a key of 512 bits", make: ordinary(map[string]edit{"root": key("rsa512-1")}), roots: "root", carried: "leaf ca", want: "leaf ca", reason: WeakKey, code: winerror.TrustCertSignature},
	{name: "leaf with curve parameters", make: func(f *family) {
		f.ca("root", "").ca("ca", "root").leaf("leaf", "ca", func(t *signtest.Template) { t.Key = signtest.NamedKey("p384-1").CurveBall() })
	}, roots: "root", carried: "leaf ca", want: "leaf ca root", reason: WeakKey, code: winerror.TrustCertSignature},
	{name: "intermediate with curve parameters", make: ordinary(map[string]edit{"ca": func(t *signtest.Template) { t.Key = signtest.NamedKey("p384-1").CurveBall() }}), roots: "root", carried: "leaf ca", want: "leaf", reason: WeakKey, code: winerror.TrustCertSignature},

	{name: "self-issued authority does not count for the path length", make: func(f *family) {
		f.ca("root", "").ca("ca", "root", pathLen(0)).ca("rolled", "ca", named("ca")).leaf("leaf", "rolled")
	}, roots: "root", carried: "leaf rolled ca", want: "leaf rolled ca root"},
	{name: "self-issued authority, one below it too many", make: func(f *family) {
		f.ca("root", "").ca("ca", "root", pathLen(0)).ca("rolled", "ca", named("ca")).ca("sub", "rolled").leaf("leaf", "sub")
	}, roots: "root", carried: "leaf sub rolled ca", want: "leaf sub rolled ca root", reason: PathTooLong, code: winerror.TrustBasicConstraints},
	{name: "name constraints, self-issued authority exempt", make: func(f *family) {
		f.ca("root", "").ca("ca", "root", constraints(permit(4, signtest.DN("O=Other").DER()))).ca("rolled", "ca", named("ca"))
		f.leaf("leaf", "rolled", func(t *signtest.Template) { t.Subject = signtest.DN("O=Other", "CN=leaf") })
	}, roots: "root", carried: "leaf rolled ca", want: "leaf rolled ca root"},
	{name: "name constraints in another string type", make: ordinary(map[string]edit{"ca": constraints(permit(4, signtest.DN("O=Test").As(signtest.TagBMPString).DER()))}), roots: "root", carried: "leaf ca", want: "leaf ca root", reason: NameNotPermitted, code: winerror.CertInvalidName},
	{name: "name constraints for servers that exclude", make: ordinary(map[string]edit{"ca": constraints(exclude(2, []byte("example.com")))}), roots: "root", carried: "leaf ca", want: "leaf ca root"},

	{name: "leaf that names itself as its issuer", make: ordinary(map[string]edit{"leaf": func(t *signtest.Template) { t.Issuer = t.Subject }}), roots: "root", carried: "leaf ca", want: "leaf", reason: UntrustedRoot, code: winerror.CertUntrustedRoot},
	{name: "three authorities in a circle", make: func(f *family) {
		f.ca("c", "", key("rsa2048-3")).ca("a", "c", key("rsa2048-1")).ca("b", "a", key("rsa2048-2")).ca("c by b", "b", named("c"), key("rsa2048-3")).leaf("leaf", "a", key("rsa2048-4"))
	}, carried: "leaf|a|c by b|b", want: "leaf|a|c by b|b", reason: NoIssuer, code: winerror.CertChaining},
	{name: "circle with a way out", make: func(f *family) {
		f.ca("root", "", key("rsa2048-5")).ca("c", "", key("rsa2048-3")).ca("a", "c", key("rsa2048-1")).ca("b", "a", key("rsa2048-2"))
		f.ca("c by b", "b", named("c"), key("rsa2048-3")).ca("c by root", "root", named("c"), key("rsa2048-3")).leaf("leaf", "a", key("rsa2048-4"))
	}, roots: "root", carried: "leaf|a|b|c by b|c by root", want: "leaf|a|c by root|root"},

	{name: "cross-certificate expired, the only way", make: crossedUntil("2020-01-01"), roots: "other", carried: "leaf|ca|root by other", want: "leaf|ca|root by other|other", reason: Expired, code: winerror.CertExpired},
	{name: "cross-certificate expired, stamped in time", make: crossedUntil("2026-06-01"), roots: "other tsa", stamped: "2026-03-02", carried: "leaf|ca|root by other", want: "leaf|ca|root by other|other"},
	{name: "cross-certificate expired, another way", make: crossedUntil("2020-01-01"), roots: "root other", carried: "leaf|ca|root by other", want: "leaf ca root"},
	{name: "two anchors, the shorter one without the purpose", make: crossed, restrict: Restrictions{EKUs: []string{OIDTimeStamping}}, roots: "root other", carried: "leaf|ca|root by other", want: "leaf|ca|root by other|other"},
	{name: "two anchors, the shorter one disabled", make: crossed, restrict: Restrictions{DisabledAt: date("2026-06-01")}, roots: "root other", carried: "leaf|ca|root by other", want: "leaf|ca|root by other|other"},
	{name: "three cross-certificates, one good", make: func(f *family) {
		crossed(f)
		f.ca("root expired", "other", named("root"), key("rsa2048-7"), valid("2016-01-01", "2020-01-01"))
		f.ca("root for servers", "other", named("root"), key("rsa2048-7"), ekus(signtest.EKUServerAuth))
	}, roots: "other", carried: "leaf|ca|root expired|root for servers|root by other", want: "leaf|ca|root by other|other"},

	{name: "forged root with the genuine key identifier", make: func(f *family) {
		f.ca("root", "", key("rsa2048-7")).ca("ca", "root").leaf("leaf", "ca")
		f.ca("forged", "", named("root"), key("rsa2048-8"), func(t *signtest.Template) { t.SubjectKeyID = signtest.NamedKey("rsa2048-7").Identifier() })
	}, roots: "root", carried: "leaf forged ca", want: "leaf ca root"},
	{name: "forged intermediate with the genuine key identifier", make: func(f *family) {
		f.ca("root", "").ca("ca", "root", key("rsa2048-7")).leaf("leaf", "ca")
		f.ca("forged", "", named("ca"), key("rsa2048-8"), func(t *signtest.Template) { t.SubjectKeyID = signtest.NamedKey("rsa2048-7").Identifier() })
	}, roots: "root", carried: "leaf forged ca", want: "leaf ca root"},
	{name: "copy of the anchor with another serial number", make: func(f *family) {
		f.ca("root", "", key("rsa2048-7")).ca("copy", "", named("root"), key("rsa2048-7"), serial(7)).ca("ca", "root").leaf("leaf", "ca")
	}, roots: "root", carried: "leaf ca copy", want: "leaf ca root"},
	{name: "copy of a root that is no anchor", make: func(f *family) {
		f.ca("root", "", key("rsa2048-7")).ca("copy", "", named("root"), key("rsa2048-7"), serial(7)).ca("ca", "root").leaf("leaf", "ca")
	}, carried: "leaf ca copy", want: "leaf ca copy", reason: UntrustedRoot, code: winerror.CertUntrustedRoot},

	{name: "clock at the leaf's first second", make: ordinary(map[string]edit{"leaf": valid("2025-06-01", "2027-06-01")}), at: "2025-06-01", roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "clock at the leaf's last second", make: ordinary(map[string]edit{"leaf": valid("2025-06-01", "2027-06-01")}), at: "2027-06-01", roots: "root", carried: "leaf ca", want: "leaf ca root"},
	{name: "clock a day after the leaf", make: ordinary(map[string]edit{"leaf": valid("2025-06-01", "2027-06-01")}), at: "2027-06-02", roots: "root", carried: "leaf ca", want: "leaf ca root", reason: Expired, code: winerror.CertExpired},
	{name: "clock before the stamp", make: ordinary(nil), at: "2026-03-01", roots: "root tsa", stamped: "2026-03-02", carried: "leaf ca", want: "leaf ca root", reason: BadTimestamp, code: winerror.TrustTimeStamp},
}

func serial(n int64) edit { return func(t *signtest.Template) { t.Serial = big.NewInt(n) } }

// anew is ordinary, with a second certificate for the key of the intermediate.
func anew(f *family) {
	f.ca("root", "").ca("ca", "root", key("rsa2048-7")).ca("ca anew", "root", named("ca"), key("rsa2048-7")).leaf("leaf", "ca")
}

// crossedUntil is crossed with a cross-certificate that ends.
func crossedUntil(day string) func(*family) {
	return func(f *family) {
		f.ca("root", "", key("rsa2048-7"), pathLen(3)).ca("other", "", key("rsa2048-8"))
		f.ca("root by other", "other", named("root"), key("rsa2048-7"), valid("2016-01-01", day)).ca("ca", "root").leaf("leaf", "ca")
	}
}

// TestCriticalExtensions: each extension that is tolerated, and those that are
// known and are not.
func TestCriticalExtensions(t *testing.T) {
	refused := []string{"2.5.29.4", "2.16.840.1.113730.1.1", "1.3.6.1.4.1.11129.2.4.3", "1.3.6.1.4.1.311.21.10.1", oidUnknown}
	trusted := func(role, oid string) Verdict {
		f := newFamily(t)
		value := signtest.Sequence()
		ordinary(map[string]edit{role: critical(oid, value)})(f)
		store := NewStore()
		store.AddRoot(f.get("root")[0], "test")
		return Verify(signature(f.get("leaf", "ca")), store, Options{At: signtest.Now(), Purpose: CodeSigning})
	}
	for _, role := range []string{"ca", "leaf"} {
		for _, ext := range tolerated {
			if v := trusted(role, ext.oid); !v.Trusted || ext.reason == "" {
				t.Errorf("%s with critical %s: %v", role, ext.oid, v.Problems)
			}
		}
		for _, oid := range refused {
			if v := trusted(role, oid); v.Trusted || v.Problems[0].Reason != CriticalExtension || v.Problems[0].Code != winerror.CertCritical {
				t.Errorf("%s with critical %s: %v", role, oid, v.Problems)
			}
		}
	}
}

// TestUnreadableCertificate: one that cannot be read fails nothing by being
// there, and is no issuer.
func TestUnreadableCertificate(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	store := NewStore()
	store.AddRoot(f.get("root")[0], "test")
	half := f.certs["ca"].Raw[:len(f.certs["ca"].Raw)/2]
	for _, c := range []struct {
		name    string
		carried []*signtest.Certificate
		reason  Reason
	}{
		{"beside the issuer", []*signtest.Certificate{f.certs["ca"]}, UnknownReason},
		{"instead of the issuer", nil, NoIssuer},
	} {
		t.Run(c.name, func(t *testing.T) {
			message := signtest.SignedData{
				ContentType: signtest.OIDData, Content: signtest.OctetString([]byte("content")),
				Signers: []signtest.Signer{{Certificate: f.certs["leaf"], Chain: c.carried}},
				RawCertificates: [][]byte{
					signtest.Sequence(signtest.Null()), signtest.Sequence(signtest.OctetString(half)),
					signtest.Sequence(signtest.Sequence(signtest.OctetString(half)), signtest.Null()),
				},
			}
			sig, err := authenticode.ParseSignature(message.Encode())
			must(t, err)
			if len(sig.Unreadable) != 3 {
				t.Fatalf("%d unreadable certificates", len(sig.Unreadable))
			}
			v := Verify(sig, store, Options{At: signtest.Now(), Purpose: CodeSigning})
			checkInvariants(t, v)
			if v.Trusted != (c.reason == UnknownReason) || !v.Trusted && v.Problems[0].Reason != c.reason {
				t.Errorf("trusted %v, problems %v", v.Trusted, v.Problems)
			}
		})
	}
}

// crossed is an ordinary family whose root is also certified by another one.
func crossed(f *family) {
	f.ca("root", "", key("rsa2048-7"), pathLen(3)).ca("other", "", key("rsa2048-8"))
	f.ca("root by other", "other", named("root"), key("rsa2048-7")).ca("ca", "root").leaf("leaf", "ca", nil)
}

// ladder is a chain of n authorities below the root "0", and a leaf.
func ladder(n int) func(*family) {
	return func(f *family) {
		f.ca("0", "")
		for i := 1; i <= n; i++ {
			f.ca(fmt.Sprint(i), fmt.Sprint(i-1))
		}
		f.leaf("leaf", fmt.Sprint(n), nil)
	}
}

func rungs(n int) string {
	s := "leaf"
	for i := n; i > 0; i-- {
		s += fmt.Sprint(" ", i)
	}
	return s
}

func policies(oids ...string) edit {
	return func(t *signtest.Template) {
		var list [][]byte
		for _, o := range oids {
			list = append(list, signtest.Sequence(signtest.OID(o)))
		}
		t.EKUs = nil
		t.Extensions = append(t.Extensions, signtest.Extension{OID: "1.3.6.1.4.1.311.21.10", Value: signtest.Sequence(list...)})
	}
}

// permit and exclude encode one subtree with a choice of GeneralName.
func permit(choice int, name []byte) []byte  { return subtree(0, choice, name) }
func exclude(choice int, name []byte) []byte { return subtree(1, choice, name) }

func subtree(list byte, choice int, name []byte) []byte {
	tag := byte(0x80 | choice)
	if choice == 4 {
		tag |= 0x20 // directoryName is explicit: Name is a CHOICE
	}
	return signtest.Sequence(signtest.TLV(0xa0|list, signtest.Sequence(signtest.TLV(tag, name))))
}

func constraints(value []byte) edit { return critical(oidNameConstraints, value) }

// split takes names apart: at bars where there are any, else at blanks.
func split(names string) []string {
	if strings.Contains(names, "|") {
		return strings.Split(names, "|")
	}
	return strings.Fields(names)
}

// tsaFor is the time-stamping hierarchy of a case; "oldtsa" is one that was
// there in 2008.
func tsaFor(c chainTest) *signtest.Hierarchy {
	if !strings.Contains(c.roots, "oldtsa") {
		return signtest.TimeStamping(nil)
	}
	old := func(t *signtest.Template) { t.NotBefore, t.NotAfter = date("2000-01-01"), date("2012-01-01") }
	return signtest.TimeStamping(signtest.Override{"root": old, "ca": old, "leaf": old})
}

func TestChains(t *testing.T) {
	for _, c := range chainTests {
		t.Run(c.name, func(t *testing.T) {
			f := newFamily(t)
			c.make(f)
			tsa := tsaFor(c)
			for _, n := range []string{"tsa", "oldtsa"} {
				f.certs[n] = tsa.Root
			}
			store := NewStore()
			for _, n := range split(c.roots) {
				e := Entry{Certificate: f.get(n)[0], Source: n}
				if n == "root" {
					e.Restrictions = c.restrict
				}
				must(t, store.Add(Root, e))
			}
			for _, x := range f.get(split(c.intermediates)...) {
				store.AddIntermediate(x)
			}
			for _, x := range f.get(split(c.disallowed)...) {
				store.AddDisallowed(x)
			}
			sig := signature(f.get(split(c.carried)...))
			if c.stamped != "" {
				sig.Timestamps = append(sig.Timestamps, stampAt(t, date(c.stamped), tsa))
			}
			at := signtest.Now()
			if c.at != "" {
				at = date(c.at)
			}
			v := Verify(sig, store, Options{At: at, Purpose: CodeSigning})

			if got := f.called(v.Chain); !slices.Equal(got, split(c.want)) {
				t.Errorf("chain %q, want %q", got, split(c.want))
			}
			if v.Trusted != (c.reason == UnknownReason) {
				t.Errorf("trusted %v, problems %v", v.Trusted, v.Problems)
			}
			if got := firstCode(v.Problems); got != c.code {
				t.Errorf("code %v, want %v; problems %v", got, c.code, v.Problems)
			}
			if c.reason != UnknownReason && (len(v.Problems) == 0 || v.Problems[0].Reason != c.reason) {
				t.Errorf("problems %v, want %v first", v.Problems, c.reason)
			}
			checkInvariants(t, v)
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkInvariants holds for every verdict.
func checkInvariants(t testing.TB, v Verdict) {
	t.Helper()
	if v.Trusted != (len(v.Problems) == 0) {
		t.Errorf("trusted %v with problems %v", v.Trusted, v.Problems)
	}
	if v.Trusted && (v.Anchor == nil || len(v.Paths) == 0 || v.Anchor.Kind == CodeVerificationRoot) {
		t.Error("trusted without an anchor of the Root store")
	}
	if v.DriverPolicy && !v.Trusted {
		t.Error("driver policy without trust")
	}
	if (v.Err() == nil) != v.Trusted {
		t.Errorf("Err %v, trusted %v", v.Err(), v.Trusted)
	}
	for _, p := range v.Problems {
		if p.Code == winerror.OK {
			t.Errorf("problem without a code: %v", p)
		}
	}
	for i := 1; i < len(v.Chain); i++ {
		if !bytes.Equal(v.Chain[i-1].RawIssuer, v.Chain[i].RawSubject) {
			t.Error("chain whose names do not link")
		}
		if err := v.Chain[i-1].CheckSignatureFrom(v.Chain[i]); err != nil {
			t.Errorf("chain whose signatures do not hold: %v", err)
		}
	}
}

// TestStuffedSignature: ten thousand certificates cost no more than the
// budget, and hide the chain only from those who put them there.
func TestStuffedSignature(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	store := NewStore()
	store.AddRoot(f.get("root")[0], "test")
	certs := stuffed(f, 10000)

	s := build(certs[0], certs, store)
	if s.checks > maxChecks || s.steps > maxSteps+1 {
		t.Errorf("%d checks, %d steps", s.checks, s.steps)
	}
	v := Verify(signature(certs), store, Options{At: signtest.Now(), Purpose: CodeSigning})
	if !v.Trusted {
		t.Errorf("genuine issuer with the right key identifier not tried first: %v", v.Problems)
	}
	checkInvariants(t, v)

	// The same without the genuine one: given up, not trusted, still cheap.
	v = Verify(signature(slices.Delete(certs, len(certs)-1, len(certs))), store, Options{At: signtest.Now(), Purpose: CodeSigning})
	if v.Trusted || v.Problems[0].Reason != TooComplex {
		t.Errorf("problems %v", v.Problems)
	}
}

// stuffed is the leaf, n certificates with its issuer's name and keys of their
// own, and the issuer.
func stuffed(f *family, n int) []*cert.Certificate {
	certs := f.get("leaf")
	forged := f.ca("forged", "root", named("ca"), func(t *signtest.Template) { t.SubjectKeyID = []byte{9} }).get("forged")[0]
	for i := range n {
		c := *forged
		c.RawSPKI = fmt.Append(nil, i) // another key for all that remembers keys, and as costly to check
		certs = append(certs, &c)
	}
	return append(certs, f.get("ca")...)
}

// TestTimestampChoice: which of several time stamps counts.
func TestTimestampChoice(t *testing.T) {
	f := newFamily(t)
	ordinary(map[string]edit{"leaf": valid("2021-01-01", "2023-01-01")})(f)
	good, strange := signtest.TimeStamping(nil), signtest.TimeStamping(signtest.Override{"root": func(t *signtest.Template) { t.Key = signtest.NamedKey("rsa2048-9") }})
	store := NewStore()
	store.AddRoot(f.get("root")[0], "test")
	store.AddRoot(parse(t, good.Root), "test")
	at := func(day string, h *signtest.Hierarchy) *timestamp { return stampAt(t, date(day), h) }

	for _, c := range []struct {
		name   string
		stamps []*timestamp
		signed string // empty: none counts
		notes  int
	}{
		{"one", []*timestamp{at("2022-05-17", good)}, "2022-05-17", 0},
		{"stranger first", []*timestamp{at("2021-05-17", strange), at("2022-05-17", good)}, "2022-05-17", 1},
		{"stranger last", []*timestamp{at("2022-05-17", good), at("2021-05-17", strange)}, "2022-05-17", 1},
		{"late first", []*timestamp{at("2024-05-17", good), at("2022-05-17", good)}, "2022-05-17", 1},
		{"two good ones", []*timestamp{at("2022-05-17", good), at("2021-05-17", good)}, "2022-05-17", 0},
		{"in the future of the check", []*timestamp{at("2026-12-24", good)}, "", 0},
		{"only strangers", []*timestamp{at("2022-05-17", strange), at("2021-05-17", strange)}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Verify(signature(f.get("leaf", "ca"), c.stamps...), store, Options{At: signtest.Now(), Purpose: CodeSigning})
			if v.Trusted != (c.signed != "") {
				t.Fatalf("problems %v", v.Problems)
			}
			if c.signed != "" && !v.SignedAt.Equal(date(c.signed)) {
				t.Errorf("signed at %v, want %s", v.SignedAt, c.signed)
			}
			if c.signed == "" && (!v.SignedAt.IsZero() || v.TimeSource != Clock) {
				t.Errorf("signed at %v by %v", v.SignedAt, v.TimeSource)
			}
			ignored := 0
			for _, n := range v.Notes {
				if n.Reason == IgnoredTimestamp {
					ignored++
				}
			}
			if ignored != c.notes {
				t.Errorf("%d ignored time stamps, want %d: %v", ignored, c.notes, v.Notes)
			}
			if v.Timestamp == nil || len(v.Timestamps) != len(c.stamps) {
				t.Error("time stamps not told")
			}
			checkInvariants(t, v)
		})
	}
}

// TestManyAnchors: a name that many anchors bear costs no more than the budget
// and is trusted all the same.
func TestManyAnchors(t *testing.T) {
	f := newFamily(t)
	f.ca("root", "", key("rsa2048-1"))
	store := NewStore()
	for i := range int64(maxPaths + 4) {
		f.ca(fmt.Sprint("root ", i), "", named("root"), key("rsa2048-1"), func(t *signtest.Template) { t.Serial = big.NewInt(i + 1) })
		store.AddRoot(f.get(fmt.Sprint("root ", i))[0], "test")
	}
	f.leaf("leaf", "root", nil)
	s := build(f.get("leaf")[0], nil, store)
	if len(s.paths) != maxPaths || s.gaveUp != errTooManyPaths {
		t.Errorf("%d chains, %v", len(s.paths), s.gaveUp)
	}
	if v := Verify(signature(f.get("leaf")), store, Options{At: signtest.Now(), Purpose: CodeSigning}); !v.Trusted {
		t.Error(v.Problems)
	}
}

// TestTooManyTimestamps: more time stamps than anybody has are a problem, not
// work.
func TestTooManyTimestamps(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	tsa := signtest.TimeStamping(nil)
	store := NewStore()
	store.AddRoot(f.get("root")[0], "test")
	store.AddRoot(parse(t, tsa.Root), "test")
	for _, n := range []int{maxTimestamps, maxTimestamps + 1} {
		sig := signature(f.get("leaf", "ca"))
		for range n {
			sig.Timestamps = append(sig.Timestamps, stampAt(t, date("2026-03-02"), tsa))
		}
		v := Verify(sig, store, Options{At: signtest.Now(), Purpose: CodeSigning})
		if v.Trusted != (n == maxTimestamps) || len(v.Timestamps) != maxTimestamps {
			t.Errorf("%d time stamps: trusted %v, %d judged, %v", n, v.Trusted, len(v.Timestamps), v.Problems)
		}
		checkInvariants(t, v)
	}
}

// TestTimestampDefects: each makes a signature that needs its time stamp fail.
func TestTimestampDefects(t *testing.T) {
	f := newFamily(t)
	ordinary(map[string]edit{"leaf": valid("2021-01-01", "2023-01-01")})(f)
	for _, c := range []struct {
		name   string
		tsa    signtest.Override
		change func(*timestamp)
	}{
		{"without the purpose", signtest.Override{"leaf": func(t *signtest.Template) { t.EKUs = []string{OIDCodeSigning} }}, nil},
		{"without any purpose", signtest.Override{"leaf": func(t *signtest.Template) { t.EKUs = nil }}, nil},
		{"for every purpose", signtest.Override{"leaf": func(t *signtest.Template) { t.EKUs = []string{OIDAnyUsage} }}, nil},
		{"authority's issuer for code only", signtest.Override{"ca": func(t *signtest.Template) { t.EKUs = []string{OIDCodeSigning} }}, nil},
		{"authority expired at that time", signtest.Override{"leaf": func(t *signtest.Template) { t.NotAfter = date("2022-01-01") }}, nil},
		{"authority is a certification authority", signtest.Override{"leaf": func(t *signtest.Template) { t.BasicConstraints = &signtest.BasicConstraints{CA: true} }}, nil},
		{"authority's key may not sign", signtest.Override{"leaf": func(t *signtest.Template) { t.KeyUsage = x509.KeyUsageKeyEncipherment }}, nil},
		{"mathematics", nil, func(s *timestamp) {
			s.Problem = &authenticodeProblem{Code: winerror.TrustTimeStamp, Detail: "signature does not match"}
		}},
		{"signer not carried", nil, func(s *timestamp) { s.Signer = nil }},
		{"of no kind", nil, func(s *timestamp) { s.Kind = 0 }},
		{"without time", nil, func(s *timestamp) { s.Time = time.Time{} }},
		{"certificates not carried", nil, func(s *timestamp) { s.Certificates = nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			tsa := signtest.TimeStamping(c.tsa)
			store := NewStore()
			store.AddRoot(f.get("root")[0], "test")
			store.AddRoot(parse(t, tsa.Root), "test")
			stamp := stampAt(t, date("2022-05-17"), tsa)
			if c.change != nil {
				c.change(stamp)
			}
			v := Verify(signature(f.get("leaf", "ca"), stamp), store, Options{At: signtest.Now(), Purpose: CodeSigning})
			if v.Trusted || v.Timestamp == nil || v.Timestamp.Valid || !v.SignedAt.IsZero() {
				t.Fatalf("accepted: %+v", v.Timestamp)
			}
			if got, want := reasonsOf(v.Problems), []Reason{BadTimestamp, Expired}; !slices.Equal(got, want) {
				t.Errorf("problems %v, want %v", v.Problems, want)
			}
			if v.Problems[0].Code != winerror.TrustTimeStamp || v.JudgedAt != signtest.Now() {
				t.Errorf("code %v, judged at %v", v.Problems[0].Code, v.JudgedAt)
			}
			checkInvariants(t, v)
		})
	}
}
