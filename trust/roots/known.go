package roots

import (
	"crypto"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	"prestage/authenticode/cert"
)

//go:embed facts/known.tsv
var knownTable string

// wdkPrefix begins the name of the self-signed certificate that the Windows
// Driver Kit makes for each developer ("WDKTestCert name,number").
const wdkPrefix = "WDKTestCert "

// Kind says what a known certificate is for. Zero is unknown.
type Kind int

const (
	KindUnknown Kind = iota
	KindProduct
	KindProductTimeStamping
	KindCodeVerification
	KindPublicCodeSigning // Microsoft's signing service for the public
	KindMedia             // protected media
	KindUEFI              // Secure Boot, not Windows drivers
	KindTest              // test signing
	KindFlight            // preview builds: the FlightRoot store of insider machines
)

var kinds = map[string]Kind{
	"product": KindProduct, "product-timestamp": KindProductTimeStamping,
	"code-verification": KindCodeVerification, "public-code-signing": KindPublicCodeSigning,
	"media": KindMedia, "uefi": KindUEFI, "test": KindTest, "flight": KindFlight,
}

// String is the word of facts/known.tsv, or "unknown".
func (k Kind) String() string {
	for word, kind := range kinds {
		if kind == k {
			return word
		}
	}
	return "unknown"
}

// Known is a Microsoft certificate that Code Integrity or common tools know by
// its digests. It names and explains; it never grants trust.
type Known struct {
	ID   string // number among Code Integrity's well-known roots ("0A"), or empty
	Name string
	Kind Kind

	commonName, keyID string
}

// knownIndex finds certificates by what identifies them. The digests of
// different algorithms cannot meet, as their lengths or inputs differ.
type knownIndex struct {
	bySHA1 map[string]*Known
	byTBS  map[string]*Known // algorithm and digest
	testCA []*Known          // test and flight issuers with a common name
}

var known = sync.OnceValue(func() *knownIndex {
	x := &knownIndex{bySHA1: map[string]*Known{}, byTBS: map[string]*Known{}}
	eachRow("facts/known.tsv", knownTable, 9, x.add)
	return x
})

// add reads a row of known.tsv: id, name, class, SHA-1, TBS algorithm, TBS
// digest, common name, key identifier, status.
func (x *knownIndex) add(v []string) error {
	k := &Known{ID: value(v[0]), Name: v[1], Kind: kinds[v[2]], commonName: value(v[6]), keyID: value(v[7])}
	if k.Kind == KindUnknown {
		return fmt.Errorf("class %q", v[2])
	}
	if sum := value(v[3]); sum != "" {
		x.bySHA1[sum] = k
	}
	if sum := value(v[5]); sum != "" {
		x.byTBS[v[4]+":"+sum] = k
	}
	if k.commonName != "" && (k.Kind == KindTest || k.Kind == KindFlight) {
		x.testCA = append(x.testCA, k)
	}
	return nil
}

func value(column string) string {
	if column == "-" {
		return ""
	}
	return column
}

// tbsNames are the words of column tbs_alg.
var tbsNames = map[crypto.Hash]string{
	crypto.MD5: "md5", crypto.SHA1: "sha1", crypto.SHA256: "sha256", crypto.SHA384: "sha384", crypto.SHA512: "sha512",
}

// Identify returns what is known of exactly this certificate, by its SHA-1
// thumbprint or the digest of its signed part.
func Identify(c *cert.Certificate) (Known, bool) {
	sum := c.SHA1()
	if k := known().bySHA1[hex.EncodeToString(sum[:])]; k != nil {
		return *k, true
	}
	if h, digest, err := c.TBSHash(); err == nil {
		if k := known().byTBS[tbsNames[h]+":"+hex.EncodeToString(digest)]; k != nil {
			return *k, true
		}
	}
	return Known{}, false
}

// KnownTest reports whether c, the topmost certificate that a signature
// carries, leads to a Microsoft test, flight or development root, and which:
//
//  1. c is such a certificate, by thumbprint or digest of the signed part;
//  2. the issuer of c has the name of one, and the same key identifier where
//     the table and c both have one (another identifier is a look-alike);
//  3. c is a self-issued certificate named as the Windows Driver Kit names its
//     test certificates.
//
// The second and third rest on names, which anybody can write. So the answer
// may explain why a chain is not trusted. It never grants trust, and its
// absence proves nothing.
func KnownTest(c *cert.Certificate) (name string, ok bool) {
	if k, found := Identify(c); found {
		if k.Kind != KindTest && k.Kind != KindFlight {
			return "", false
		}
		return k.Name, true
	}
	issuer, keyID := c.Issuer.CommonName(), hex.EncodeToString(c.AuthorityKeyID)
	for _, k := range known().testCA {
		if issuer == k.commonName && (k.keyID == "" || keyID == "" || k.keyID == keyID) {
			return k.Name, true
		}
	}
	if c.SelfIssued() && strings.HasPrefix(c.Subject.CommonName(), wdkPrefix) {
		return "Windows Driver Kit test certificate", true
	}
	return "", false
}
