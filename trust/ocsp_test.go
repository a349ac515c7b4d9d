package trust

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
)

// sampleOCSP is a response with an answer of every kind, by a responder that
// is carried.
func sampleOCSP(change func(*signtest.OCSP)) []byte {
	ca := signtest.NewRoot(signtest.CATemplate(signtest.DN("O=Test", "CN=Answers"), signtest.NamedKey("p256-1")))
	responder := ca.Issue(signtest.LeafTemplate(signtest.DN("O=Test", "CN=Responder"), signtest.NamedKey("p384-1"), signtest.EKUOCSPSigning))
	o := signtest.OCSP{Issuer: ca, Responder: responder, Certificates: []*signtest.Certificate{responder}, Answers: []signtest.Answer{
		{Serial: big.NewInt(7), Good: true},
		{Serial: big.NewInt(-7), RevokedAt: date("2026-01-05"), Reason: signtest.Because(1), InvalidityDate: date("2025-12-24")},
		{Serial: new(big.Int).Lsh(big.NewInt(1), 127), Unknown: true, NoNextUpdate: true},
	}}
	if change != nil {
		change(&o)
	}
	return o.Encode()
}

func TestReadOCSP(t *testing.T) {
	answers, err := readOCSP("sample", sampleOCSP(nil))
	must(t, err)
	if len(answers) != 3 || answers[1].serial != "\xf9" || answers[0].envelope != answers[2].envelope {
		t.Fatalf("%+v", answers)
	}
	r, err := answers[1].revoked()
	must(t, err)
	if want := (revoked{date: date("2026-01-05"), invalid: date("2025-12-24"), reason: 1, given: true}); r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	e := answers[0].envelope
	if e.responder == nil || !e.names(e.responder) || !e.produced.Equal(date("2026-11-19")) {
		t.Errorf("%+v", e)
	}
}

// TestBadOCSP: each is refused, with the reason.
func TestBadOCSP(t *testing.T) {
	answer := func(change func(*signtest.Answer)) func(*signtest.OCSP) {
		return func(o *signtest.OCSP) { change(&o.Answers[0]) }
	}
	for _, c := range []struct {
		name   string
		change func(*signtest.OCSP)
		want   error
		words  string
	}{
		{"no answer", func(o *signtest.OCSP) { o.Answers = nil }, ErrRevocationSyntax, "no answer"},
		{"two answers for one certificate", func(o *signtest.OCSP) { o.Answers = append(o.Answers, o.Answers[0]) }, ErrRevocationSyntax, "two answers"},
		{"too many answers", func(o *signtest.OCSP) {
			for i := range int64(maxAnswers) {
				o.Answers = append(o.Answers, signtest.Answer{Serial: big.NewInt(1000 + i), Good: true})
			}
		}, ErrTooManyAnswers, "64"},
		{"critical extension of an answer", answer(func(a *signtest.Answer) {
			a.Extensions = []signtest.Extension{extension(oidUnknown, true, signtest.Null())}
		}), ErrRevocationSyntax, "critical"},
		{"critical extension", func(o *signtest.OCSP) {
			o.Extensions = []signtest.Extension{extension(oidUnknown, true, signtest.Null())}
		}, ErrRevocationCritical, "extension of the response"},
		{"not signed by the certificate that it carries", func(o *signtest.OCSP) { o.Key = signtest.NamedKey("p384-1"); o.Signature = signtest.FlipLastBit }, ErrRevocationSyntax, "signature"},
		{"refusal", func(o *signtest.OCSP) { o.Status = 6 }, nil, "no answer: unauthorized"},
		{"serial number without end", answer(func(a *signtest.Answer) { a.Serial = new(big.Int).Lsh(big.NewInt(1), 8*maxRevokedSerial) }), ErrRevocationSyntax, "identifier"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := readOCSP("sample", sampleOCSP(c.change))
			if a != nil || err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.words) || !strings.HasPrefix(err.Error(), "sample: OCSP response: ") {
				t.Errorf("%v, %v", a, err)
			}
		})
	}
	if _, err := readOCSP("nonce", sampleOCSP(func(o *signtest.OCSP) {
		o.Extensions = []signtest.Extension{extension("1.3.6.1.5.5.7.48.1.2", false, signtest.OctetString([]byte{1}))}
	})); err != nil {
		t.Errorf("with a nonce: %v", err)
	}
	if _, err := readOCSP("long", make([]byte, maxOCSP+1)); !errors.Is(err, ErrTooManyAnswers) {
		t.Error(err)
	}
}

// FuzzOCSP: no input panics or is read in part, and every answer has what
// judging it needs.
func FuzzOCSP(f *testing.F) {
	f.Add(sampleOCSP(nil))
	f.Add(sampleOCSP(func(o *signtest.OCSP) { o.ByKey = true }))
	f.Add(sampleOCSP(func(o *signtest.OCSP) { o.Responder, o.Certificates = nil, nil }))
	f.Add(sampleOCSP(func(o *signtest.OCSP) { o.Status = 3 }))
	ca := signtest.NewRoot(signtest.CATemplate(signtest.DN("O=Test", "CN=Answers"), signtest.NamedKey("p256-1")))
	f.Fuzz(func(t *testing.T, data []byte) {
		answers, err := readOCSP("fuzz", data)
		if (len(answers) == 0) == (err == nil) {
			t.Fatalf("%d answers and %v", len(answers), err)
		}
		issuer := parse(t, ca)
		for _, a := range answers {
			if a.response == nil || a.serial == "" {
				t.Fatalf("%+v", a)
			}
			a.about(issuer)
			a.revoked()
			if a.envelope.authorised(issuer, (*cert.Certificate).CheckSignatureFrom) == nil && a.envelope.seal.by(issuer) != nil && a.envelope.responder == nil {
				t.Fatal("authorised without a signature")
			}
		}
	})
}

// FuzzStapled: whatever a message has around its parts, looking for revocation
// data does not panic and stays within its limits.
func FuzzStapled(f *testing.F) {
	h := signtest.Commercial(nil)
	signer := h.Signer().Stamped(h.Stamp())
	signer.Unsigned = []signtest.Attribute{signtest.RevocationValues([][]byte{sampleCRL(nil)}, nil)}
	message := signtest.SignedData{ContentType: signtest.OIDData, Content: signtest.OctetString(nil), Signers: []signtest.Signer{signer}, RevocationInfo: [][]byte{sampleCRL(nil), signtest.RevocationOCSP(sampleOCSP(nil))}}
	f.Add(message.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		found, flaws := readStapled(data)
		n := len(flaws)
		for _, l := range found.lists {
			n += len(l)
		}
		if n > maxStapled+1 {
			t.Fatalf("%d lists and flaws", n)
		}
	})
}
