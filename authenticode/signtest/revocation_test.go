package signtest

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"math/big"
	"testing"

	"golang.org/x/crypto/ocsp"
)

// TestCRLPeers: crypto/x509 reads what is written, and the signature holds.
func TestCRLPeers(t *testing.T) {
	h := Commercial(nil)
	issuer, err := x509.ParseCertificate(h.CA.Raw)
	if err != nil {
		t.Fatal(err)
	}
	l := CRL{Issuer: h.CA, Revoked: []Revoked{
		{Serial: big.NewInt(7), At: Date(2026, 1, 5), Reason: Because(1), InvalidityDate: Date(2025, 12, 24)},
		{Serial: h.Leaf.Serial},
	}}
	list, err := x509.ParseRevocationList(l.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if err := list.CheckSignatureFrom(issuer); err != nil {
		t.Error(err)
	}
	if len(list.RevokedCertificateEntries) != 2 || !list.NextUpdate.Equal(Date(2026, 12, 1)) || !bytes.Equal(list.AuthorityKeyId, issuer.SubjectKeyId) {
		t.Fatalf("%+v", list)
	}
	e := list.RevokedCertificateEntries[0]
	if e.SerialNumber.Int64() != 7 || !e.RevocationTime.Equal(Date(2026, 1, 5)) || e.ReasonCode != 1 || len(e.Extensions) != 2 {
		t.Errorf("%+v", e)
	}
	l.Signature = FlipLastBit
	if list, err = x509.ParseRevocationList(l.Encode()); err != nil || list.CheckSignatureFrom(issuer) == nil {
		t.Errorf("altered: %v", err)
	}
}

// TestOCSPPeers: x/crypto/ocsp reads what is written, and the signature holds.
func TestOCSPPeers(t *testing.T) {
	h := Commercial(nil)
	issuer, err := x509.ParseCertificate(h.CA.Raw)
	if err != nil {
		t.Fatal(err)
	}
	responder := h.CA.Issue(LeafTemplate(DN("CN=Responder"), NamedKey("rsa2048-9"), EKUOCSPSigning))
	for name, o := range map[string]OCSP{
		"issuer":    {Issuer: h.CA, Answers: []Answer{{Serial: h.Leaf.Serial, RevokedAt: Date(2026, 1, 5), Reason: Because(4)}}},
		"by key":    {Issuer: h.CA, ByKey: true, Answers: []Answer{{Serial: h.Leaf.Serial, RevokedAt: Date(2026, 1, 5), Reason: Because(4), Hash: crypto.SHA256}}},
		"appointed": {Issuer: h.CA, Responder: responder, Certificates: []*Certificate{responder}, Answers: []Answer{{Serial: h.Leaf.Serial, RevokedAt: Date(2026, 1, 5), Reason: Because(4)}}},
	} {
		r, err := ocsp.ParseResponse(o.Encode(), issuer)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Status != ocsp.Revoked || !r.RevokedAt.Equal(Date(2026, 1, 5)) || r.RevocationReason != 4 || r.SerialNumber.Cmp(h.Leaf.Serial) != 0 || !r.NextUpdate.Equal(Date(2026, 11, 26)) {
			t.Errorf("%s: %+v", name, r)
		}
		o.Signature = FlipLastBit
		if _, err := ocsp.ParseResponse(o.Encode(), issuer); err == nil {
			t.Errorf("%s: altered one accepted", name)
		}
	}
	for want, a := range map[int]Answer{ocsp.Good: {Serial: big.NewInt(1), Good: true}, ocsp.Unknown: {Serial: big.NewInt(1), Unknown: true}} {
		r, err := ocsp.ParseResponse(OCSP{Issuer: h.CA, Answers: []Answer{a}}.Encode(), issuer)
		if err != nil || r.Status != want {
			t.Errorf("%v, %v", r, err)
		}
	}
	if _, err := ocsp.ParseResponse(OCSP{Status: 3}.Encode(), nil); err == nil {
		t.Error("refusal read as an answer")
	}
}
