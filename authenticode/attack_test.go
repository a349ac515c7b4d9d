package authenticode_test

import (
	"bytes"
	"errors"
	"testing"

	"prestage/authenticode"
	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
)

// verdict is what this package says of an image: the first thing that is
// wrong, in the order in which a caller meets it.
func verdict(t testing.TB, image []byte) (winerror.Code, string) {
	t.Helper()
	m, err := authenticode.ReadImage(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		return winerror.TrustNoSignature, err.Error()
	}
	sigs, err := m.Signatures()
	var p *authenticode.Problem
	switch {
	case errors.As(err, &p):
		return p.Code, p.Detail
	case err != nil:
		return winerror.CryptBadMessage, err.Error()
	case len(sigs) == 0:
		return winerror.TrustNoSignature, "no signature"
	}
	for _, s := range sigs[0].All() {
		if s.Problem != nil {
			return s.Problem.Code, s.Problem.Detail
		}
		if p, err := m.CheckDigest(s); err != nil || p != nil {
			return p.Code, p.Detail
		}
		if s.Indirect.PageHashes != nil && m.CheckPageHashes(s) != authenticode.PageHashOK {
			return winerror.TrustBadDigest, "page hashes"
		}
		for _, ts := range s.Timestamps {
			if ts.Problem != nil {
				return ts.Problem.Code, ts.Problem.Detail
			}
		}
	}
	return winerror.OK, ""
}

func TestBlamelessImage(t *testing.T) {
	image := signtest.SignPE(signtest.NewDriver(signtest.MachineAMD64, "Fabrikam Gadget"), signtest.AttackSigner())
	if code, detail := verdict(t, image); code != winerror.OK {
		t.Fatalf("%v: %s", code, detail)
	}
}

// attackCodes are the codes of every attack that mathematics can notice. What
// is about certificates and times alone is for package trust, and must pass
// here: a parser that judged it would judge it without clock and store.
var attackCodes = map[string]winerror.Code{
	"payload-in-padding":           winerror.OK, // MS13-098, rule 114; CertTable.PaddingNonZero tells
	"payload-behind-table":         winerror.TrustBadDigest,
	"table-over-headers":           winerror.TrustNoSignature,
	"table-beyond-end":             winerror.TrustNoSignature,
	"table-size-wraps":             winerror.TrustNoSignature,
	"table-size-too-large":         winerror.TrustNoSignature,
	"table-without-size":           winerror.TrustNoSignature,
	"table-cut-short":              winerror.CryptBadMessage,
	"entry-length-beyond-table":    winerror.CryptBadMessage,
	"entry-length-zero":            winerror.CryptBadMessage,
	"entry-of-other-type":          winerror.TrustNoSignature,
	"first-of-two-entries-invalid": winerror.TrustCertSignature,
	"image-altered":                winerror.TrustBadDigest,
	"data-inserted-before-table":   winerror.TrustBadDigest,
	"section-behind-table":         winerror.TrustNoSignature,

	"signature-value-altered":                  winerror.TrustCertSignature,
	"signature-value-empty":                    winerror.TrustCertSignature,
	"signed-by-another-key":                    winerror.TrustCertSignature,
	"signature-of-another-image":               winerror.TrustBadDigest,
	"without-attributes":                       winerror.CryptBadMessage,
	"content-type-missing":                     winerror.CryptBadMessage,
	"message-digest-missing":                   winerror.CryptBadMessage,
	"content-type-twice":                       winerror.CryptBadMessage,
	"message-digest-twice":                     winerror.CryptBadMessage,
	"message-digest-of-two-values":             winerror.CryptBadMessage,
	"message-digest-wrong":                     winerror.TrustBadDigest,
	"content-type-wrong":                       winerror.CryptBadMessage,
	"attributes-out-of-order":                  winerror.TrustNoSignature, // rule 63
	"image-digest-of-another-algorithm":        winerror.TrustBadDigest,
	"digest-algorithms-of-another":             winerror.CryptBadMessage,
	"digest-md5":                               winerror.CryptSecurity,
	"list-signature-on-image":                  winerror.TrustNoSignature,
	"list-content-type-on-image":               winerror.TrustNoSignature,
	"flat-digest-on-image":                     winerror.TrustSubjectFormUnknown,
	"image-digest-cut-short":                   winerror.CryptBadMessage,
	"image-digest-empty":                       winerror.CryptBadMessage,
	"page-hashes-of-another-image":             winerror.TrustBadDigest,
	"no-signer":                                winerror.TrustNoSignature,
	"two-signers":                              winerror.CryptBadMessage,
	"signer-not-carried":                       winerror.TrustNoSignerCert,
	"signer-named-wrongly":                     winerror.TrustNoSignerCert,
	"decoy-of-same-issuer-and-serial":          winerror.TrustNoSignerCert,
	"nested-signature-of-another-image":        winerror.TrustBadDigest,
	"trailing-data-in-message":                 winerror.CryptBadMessage,
	"payload-in-unsigned-attribute":            winerror.OK, // outside of what any signature covers
	"payload-in-stuffed-certificate":           winerror.OK,
	"garbage-among-certificates":               winerror.OK, // listed in Unreadable
	"indefinite-length":                        winerror.OK, // named in Ordered
	"key-too-weak":                             winerror.TrustNoSignerCert,
	"stamp-over-another-signature":             winerror.TrustTimeStamp,
	"stamp-altered":                            winerror.TrustTimeStamp,
	"stamp-signer-not-carried":                 winerror.TrustTimeStamp,
	"stamp-of-another-content-type":            winerror.TrustTimeStamp,
	"stamp-names-another-certificate":          winerror.TrustTimeStamp,
	"stamp-without-signer":                     winerror.TrustTimeStamp,
	"counter-signature-altered":                winerror.TrustTimeStamp,
	"counter-signature-without-time":           winerror.TrustTimeStamp,
	"counter-signature-of-two-times":           winerror.TrustTimeStamp,
	"counter-signature-without-attributes":     winerror.TrustTimeStamp,
	"counter-signature-over-another-signature": winerror.TrustTimeStamp,
	"counter-signature-bare-digest-altered":    winerror.TrustTimeStamp,
}

func TestAttacks(t *testing.T) {
	for _, a := range signtest.Attacks() {
		t.Run(a.Name, func(t *testing.T) {
			want, listed := attackCodes[a.Name]
			if !listed && (a.Layer == signtest.LayerTable || a.Layer == signtest.LayerMessage) {
				t.Fatal("an attack on what this package checks has no row in the table")
			}
			if got, detail := verdict(t, a.Image()); got != want {
				t.Errorf("got %v (%s), want %v", got, detail, want)
			}
		})
	}
}

func TestAttacksThatAreReported(t *testing.T) {
	image := func(name string) *authenticode.Image {
		for _, a := range signtest.Attacks() {
			if a.Name == name {
				b := a.Image()
				m, err := authenticode.ReadImage(bytes.NewReader(b), int64(len(b)))
				if err != nil {
					t.Fatal(err)
				}
				return m
			}
		}
		t.Fatalf("no attack %s", name)
		return nil
	}
	if table := image("payload-in-padding").CertificateTable(); !table.PaddingNonZero || table.Padding < 256 {
		t.Errorf("payload in the padding: %d bytes, non-zero %v", table.Padding, table.PaddingNonZero)
	}
	if table := image("first-of-two-entries-invalid").CertificateTable(); len(table.Entries) != 2 {
		t.Errorf("%d entries, want 2", len(table.Entries))
	}
	sigs, err := image("garbage-among-certificates").Signatures()
	if err != nil || len(sigs[0].Unreadable) != 1 || sigs[0].Unreadable[0].Err == nil {
		t.Errorf("garbage among the certificates is not reported: %v", err)
	}
	sigs, err = image("indefinite-length").Signatures()
	if err != nil || sigs[0].Ordered == nil {
		t.Errorf("indefinite lengths are not reported: %v", err)
	}
	sums, err := image("payload-behind-table").Hash(5)
	if err != nil || !sums.TrailingData {
		t.Errorf("data behind the table is not reported: %v", err)
	}
}
