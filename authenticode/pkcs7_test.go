package authenticode

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"

	"go.mozilla.org/pkcs7"

	"prestage/authenticode/cert"
)

// Whatever the second reader sees differently must be a problem.
func TestCompareNoticesEveryField(t *testing.T) {
	sd, err := readSignedData(encode(commercial("")))
	if err != nil {
		t.Fatal(err)
	}
	certs, _, err := new(budget).parseCertificates(sd.certificates)
	if err != nil {
		t.Fatal(err)
	}
	signer := sd.signers[0].find(certs)
	if p := crossCheck(sd, &sd.signers[0], signer, sd.content); p != nil {
		t.Fatal(p)
	}
	small, err := sd.small(&sd.signers[0], signer)
	if err != nil {
		t.Fatal(err)
	}
	p7, err := pkcs7.Parse(small)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(b []byte) []byte { return append(bytes.Clone(b[:len(b)-1]), b[len(b)-1]^1) }
	cases := map[string]func(si *signerInfo){
		"version":                     func(si *signerInfo) { si.version++ },
		"issuer":                      func(si *signerInfo) { si.issuer = flip(si.issuer) },
		"serial number":               func(si *signerInfo) { si.serial = new(big.Int).Add(si.serial, big.NewInt(1)) },
		"digest algorithm":            func(si *signerInfo) { si.digest.oid = OIDSHA1 },
		"signature algorithm":         func(si *signerInfo) { si.signatureAlg = flip(si.signatureAlg) },
		"signature value":             func(si *signerInfo) { si.encryptedDigest = flip(si.encryptedDigest) },
		"number of signed attributes": func(si *signerInfo) { si.signedAttrs = si.signedAttrs[1:] },
		"signed attribute":            func(si *signerInfo) { si.signedAttrs[0].set = flip(si.signedAttrs[0].set) },
		"signed attribute " + OIDMessageDigest: func(si *signerInfo) {
			for i := range si.signedAttrs {
				if si.signedAttrs[i].oid == OIDMessageDigest {
					si.signedAttrs[i].set = flip(si.signedAttrs[i].set)
				}
			}
		},
	}
	for name, edit := range cases {
		si := sd.signers[0]
		si.signedAttrs = slices.Clone(si.signedAttrs)
		edit(&si)
		if p := compare(p7, &si, signer); p == nil || !strings.Contains(p.Detail, name) {
			t.Errorf("%s: %v", name, p)
		}
	}
	other := &cert.Certificate{Raw: flip(signer.Raw)}
	if p := compare(p7, &sd.signers[0], other); p == nil {
		t.Error("another certificate goes unnoticed")
	}
}
