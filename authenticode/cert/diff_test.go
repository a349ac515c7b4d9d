package cert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/url"
	"reflect"
	"testing"
	"time"
)

func mustStd(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	std, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return std
}

// compare is the differential test: what crypto/x509 parses, read gives the
// same fields for, although it shares no code with it.
func compare(t testing.TB, c *Certificate, std *x509.Certificate) {
	t.Helper()
	eq := func(field string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s: %v, crypto/x509 has %v", std.Subject, field, got, want)
		}
	}
	eq("TBS", c.RawTBS, std.RawTBSCertificate)
	eq("subject", c.RawSubject, std.RawSubject)
	eq("issuer", c.RawIssuer, std.RawIssuer)
	eq("key info", c.RawSPKI, std.RawSubjectPublicKeyInfo)
	eq("signature", c.Signature, std.Signature)
	eq("version", c.Version, std.Version)
	eq("serial", c.Serial.Cmp(std.SerialNumber), 0)
	eq("not before", c.NotBefore.Equal(std.NotBefore), true)
	eq("not after", c.NotAfter.Equal(std.NotAfter), true)
	eq("subject key id", bytes.Equal(c.SubjectKeyID, std.SubjectKeyId), true)
	eq("authority key id", bytes.Equal(c.AuthorityKeyID, std.AuthorityKeyId), true)
	eq("has basic constraints", c.HasBasicConstraints, std.BasicConstraintsValid)
	eq("CA", c.IsCA, std.IsCA)
	if std.BasicConstraintsValid {
		eq("path length", c.MaxPathLen, std.MaxPathLen)
	}
	eq("key usage", c.KeyUsage, std.KeyUsage)
	eq("number of usages", len(c.EKUs), len(std.ExtKeyUsage)+len(std.UnknownExtKeyUsage))
	eq("number of extensions", len(c.Extensions), len(std.Extensions))
	for i := range std.Extensions {
		eq("extension", c.Extensions[i].OID, std.Extensions[i].Id.String())
		eq("critical", c.Extensions[i].Critical, std.Extensions[i].Critical)
		eq("value", bytes.Equal(c.Extensions[i].Value, std.Extensions[i].Value), true)
	}
	compareKeys(t, c, std)
	compareAlgorithms(t, c, std)
}

// compareKeys allows this reader to refuse keys that crypto/x509 takes, for
// one of the listed reasons, and never the reverse.
func compareKeys(t testing.TB, c *Certificate, std *x509.Certificate) {
	t.Helper()
	if c.PublicKey == nil {
		if c.KeyProblem == nil {
			t.Errorf("%s: no key and no reason", std.Subject)
		}
		return
	}
	key, ok := std.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !key.Equal(c.PublicKey) || c.KeyProblem != nil {
		t.Errorf("%s: key %v (%v), crypto/x509 has %v", std.Subject, c.PublicKey, c.KeyProblem, std.PublicKey)
	}
	switch c.PublicKey.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
	default:
		t.Errorf("%s: key of type %T", std.Subject, c.PublicKey)
	}
}

var stdAlgorithms = map[x509.SignatureAlgorithm]Algorithm{
	x509.MD5WithRSA:       {Hash: crypto.MD5, Scheme: PKCS1v15},
	x509.SHA1WithRSA:      {Hash: crypto.SHA1, Scheme: PKCS1v15},
	x509.SHA256WithRSA:    {Hash: crypto.SHA256, Scheme: PKCS1v15},
	x509.SHA384WithRSA:    {Hash: crypto.SHA384, Scheme: PKCS1v15},
	x509.SHA512WithRSA:    {Hash: crypto.SHA512, Scheme: PKCS1v15},
	x509.SHA256WithRSAPSS: {Hash: crypto.SHA256, Scheme: PSS},
	x509.SHA384WithRSAPSS: {Hash: crypto.SHA384, Scheme: PSS},
	x509.SHA512WithRSAPSS: {Hash: crypto.SHA512, Scheme: PSS},
	x509.ECDSAWithSHA1:    {Hash: crypto.SHA1, Scheme: ECDSA},
	x509.ECDSAWithSHA256:  {Hash: crypto.SHA256, Scheme: ECDSA},
	x509.ECDSAWithSHA384:  {Hash: crypto.SHA384, Scheme: ECDSA},
	x509.ECDSAWithSHA512:  {Hash: crypto.SHA512, Scheme: ECDSA},
}

func compareAlgorithms(t testing.TB, c *Certificate, std *x509.Certificate) {
	t.Helper()
	want, known := stdAlgorithms[std.SignatureAlgorithm]
	got := c.SignatureAlgorithm
	if !known || got.Scheme == SchemeUnknown && got.Name != "" {
		return // each side knows some that the other does not
	}
	if got.Hash != want.Hash || got.Scheme != want.Scheme {
		t.Errorf("%s: algorithm %v %v, crypto/x509 has %v", std.Subject, got, got.Scheme, std.SignatureAlgorithm)
	}
}

func TestSameFieldsAsCryptoX509(t *testing.T) {
	keyURL, err := url.Parse("https://example.com/x")
	if err != nil {
		t.Fatal(err)
	}
	full := x509.Certificate{
		SerialNumber:          new(big.Int).Lsh(big.NewInt(0x9f), 120),
		Subject:               pkix.Name{CommonName: "Ünïcode, Inc.", Organization: []string{"A", "B"}, Country: []string{"DE"}},
		NotBefore:             time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC),
		NotAfter:              time.Date(2051, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDecipherOnly,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning, x509.ExtKeyUsageTimeStamping},
		BasicConstraintsValid: true, IsCA: true, MaxPathLen: 0, MaxPathLenZero: true,
		SubjectKeyId: []byte{1, 2, 3}, AuthorityKeyId: []byte{4, 5},
		DNSNames: []string{"example.com"}, IPAddresses: []net.IP{net.IPv4(1, 2, 3, 4)}, URIs: []*url.URL{keyURL},
		PermittedDNSDomains: []string{"example.com"}, PermittedDNSDomainsCritical: true,
		CRLDistributionPoints: []string{"http://example.com/crl"}, OCSPServer: []string{"http://example.com"},
		ExtraExtensions: []pkix.Extension{{Id: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}},
	}
	bare := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: full.NotBefore, NotAfter: full.NotAfter}
	for _, name := range []string{"rsa2048", "p256", "p384", "p521"} {
		for _, template := range []x509.Certificate{full, bare} {
			signer := key(t, name)
			der, err := x509.CreateCertificate(nil, &template, &template, signer.Public(), signer)
			if err != nil {
				t.Fatal(err)
			}
			c, err := read(der)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, c, mustStd(t, der))
			if err := c.CheckSignatureFrom(c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if c, err = Parse(der); err != nil || c.Lenient != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
