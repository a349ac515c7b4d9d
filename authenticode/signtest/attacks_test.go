package signtest

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"sync"
	"testing"
)

// attackImages saves the tests of this file from making them anew.
var attackImages = sync.OnceValue(func() map[string][]byte {
	images := make(map[string][]byte)
	for _, a := range Attacks() {
		images[a.Name] = a.Image()
	}
	return images
})

func TestAttacksAreDistinctImages(t *testing.T) {
	valid := SignPE(newAttackKit().image, AttackSigner())
	names := make(map[string]bool)
	images := map[string]string{string(valid): "the valid image"}
	for _, a := range Attacks() {
		image := attackImages()[a.Name]
		if names[a.Name] || a.Layer == 0 {
			t.Errorf("%s: name taken, or no layer", a.Name)
		}
		names[a.Name] = true
		if other, ok := images[string(image)]; ok {
			t.Errorf("%s is the same image as %s", a.Name, other)
		}
		images[string(image)] = a.Name
		if !IsPE(image) {
			t.Errorf("%s is no PE image", a.Name)
		}
		if !bytes.Equal(image, a.Image()) {
			t.Errorf("%s differs between two runs", a.Name)
		}
	}
}

// TestAttackBaseline: what attacks start from is blameless, so that each is
// refused for its own reason.
func TestAttackBaseline(t *testing.T) {
	signed := SignPE(newAttackKit().image, AttackSigner())
	if err := checkMessage(t, firstEntry(t, signed)); err != nil {
		t.Error(err)
	}
	message := readMessage(t, firstEntry(t, signed))
	indirect := decode[readIndirect](t, message.ContentInfo.Content.Bytes)
	if !bytes.Equal(indirect.Digest.Value, ImageHash(signed, crypto.SHA256)) {
		t.Error("the digest is not the image's")
	}
}

// TestChainAttacksKeepTheMessageIntact: where only certificates or time
// stamps are wrong, digest and signature value hold.
func TestChainAttacksKeepTheMessageIntact(t *testing.T) {
	for _, a := range Attacks() {
		if a.Layer != LayerChain && a.Layer != LayerTimeStamp {
			continue
		}
		switch a.Name {
		case "key-too-weak", "outer-algorithm-differs":
			continue // crypto refuses the key or the certificate
		}
		t.Run(a.Name, func(t *testing.T) {
			image := attackImages()[a.Name]
			der := firstEntry(t, image)
			if err := checkMessage(t, der); err != nil {
				t.Error(err)
			}
			indirect := decode[readIndirect](t, readMessage(t, der).ContentInfo.Content.Bytes)
			if !bytes.Equal(indirect.Digest.Value, ImageHash(image, crypto.SHA256)) {
				t.Error("the digest is not the image's")
			}
		})
	}
}

// TestTimeStampAttacksNeedTheirStamp: a verifier that ignores time stamps
// and looks at the clock refuses all of these.
func TestTimeStampAttacksNeedTheirStamp(t *testing.T) {
	at := Date(2022, 5, 17)
	for _, a := range Attacks() {
		if a.Layer != LayerTimeStamp {
			continue
		}
		m := readMessage(t, firstEntry(t, attackImages()[a.Name]))
		signer := m.Signers[0]
		for _, raw := range elements(t, m.Certificates.Bytes) {
			c, err := x509.ParseCertificate(raw)
			if err != nil {
				t.Fatal(err)
			}
			if c.SerialNumber.Cmp(signer.Issuer.Serial) != 0 || !bytes.Equal(c.RawIssuer, signer.Issuer.Issuer.FullBytes) {
				continue
			}
			if Now().After(c.NotBefore) && Now().Before(c.NotAfter) {
				t.Errorf("%s: the certificate is valid now, no stamp is needed", a.Name)
			}
			if a.Name != "stamp-in-the-future" && (at.Before(c.NotBefore) || at.After(c.NotAfter)) {
				t.Errorf("%s: a stamp of %v could not help", a.Name, at)
			}
		}
	}
}

// TestTimeStampAttackBaseline: the base of the time-stamp attacks is saved by a stamp without defect.
func TestTimeStampAttackBaseline(t *testing.T) {
	k := newAttackKit()
	for _, ts := range []TimeStamp{k.tsa().Stamp(), k.tsa().CounterSignature()} {
		ts.Time = Date(2022, 5, 17)
		m := readMessage(t, firstEntry(t, SignPE(k.image, expired().Signer().Stamped(ts))))
		if ts.Kind == RFC3161 {
			if err := checkMessage(t, stampOf(t, m.Signers[0], OIDRFC3161TimeStamp)); err != nil {
				t.Error(err)
			}
			continue
		}
		counter := decode[readSignerInfo](t, stampOf(t, m.Signers[0], OIDCounterSignature))
		if err := check(t, counter, OIDData, m.Signers[0].Signature, elements(t, m.Certificates.Bytes)); err != nil {
			t.Error(err)
		}
	}
}
