package authenticode

import (
	"bytes"
	"fmt"
	"testing"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
)

// TestFlipEveryByte flips one bit of each byte of a signed and time-stamped
// image. Whatever says that the signature holds afterwards must be a byte that
// the format leaves outside of every hash, and the test names those.
func TestFlipEveryByte(t *testing.T) {
	h := signtest.Commercial(nil)
	tsa := signtest.TimeStampingUnder(h.Root, nil)
	image := signtest.SignPE(signtest.PE{Content: "mutation"}.Encode(), h.Signer().Stamped(tsa.Stamp(), tsa.CounterSignature()))
	m := readImage(t, image)
	good := summary(image)
	if good == "" {
		t.Fatal("the image does not hold to begin with")
	}
	regions := exempt(t, m)
	used := make(map[string]int)
	table := m.CertificateTable().Offset
	for at := range image {
		// One byte in eight of the sections: they are hashed alike.
		if int64(at) > int64(m.SizeOfHeaders) && int64(at) < table && at%8 != 0 {
			continue
		}
		bad := bytes.Clone(image)
		bad[at] ^= 1 << (at % 8)
		if summary(bad) != good {
			continue
		}
		name := regions.at(int64(at))
		if name == "" {
			t.Errorf("offset %d: bit %d may flip, and nothing says why", at, at%8)
		}
		used[name]++
	}
	for _, r := range regions {
		if used[r.name] == 0 {
			t.Errorf("%s: every flip is noticed, so this is no exemption", r.name)
		}
	}
	t.Logf("%d bytes, undetected: %v", len(image), used)
}

// summary says what holds of an image, or is empty when not all of it does.
func summary(image []byte) string {
	m, err := ReadImage(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		return ""
	}
	sigs, err := m.Signatures()
	if err != nil || len(sigs) != 1 || sigs[0].Problem != nil || m.CertificateTable().PaddingNonZero {
		return ""
	}
	if p, err := m.CheckDigest(sigs[0]); p != nil || err != nil {
		return ""
	}
	text := fmt.Sprintf("%x %v", sigs[0].Signer.SHA256(), sigs[0].Ordered)
	for _, ts := range sigs[0].Timestamps {
		if ts.Problem != nil {
			return ""
		}
		text += fmt.Sprintf(" %v %v %x", ts.Kind, ts.Time, ts.Signer.SHA256())
	}
	return text
}

type region struct {
	name       string
	start, end int64
}

type regions []region

func (list regions) at(offset int64) string {
	for _, r := range list {
		if r.start <= offset && offset < r.end {
			return r.name
		}
	}
	return ""
}

// exempt lists what no hash covers: the CheckSum field (rule 94), the
// certificates of authorities, which package trust verifies by their own
// signatures, the version of a SignedData, of which several are good, and the
// last octet of rsaEncryption, one bit from sha1WithRSA, which says the same in
// a counter-signature with SHA-1.
func exempt(t *testing.T, m *Image) regions {
	t.Helper()
	list := regions{{"checksum", m.layout.checksum, m.layout.checksum + 4}}
	base := m.CertificateTable().Entries[0].Offset + 8
	data := m.CertificateTable().Entries[0].Data
	sd, err := readSignedData(data)
	if err != nil {
		t.Fatal(err)
	}
	list = list.message(base, data, sd)
	for _, a := range sd.signers[0].unsignedAttrs {
		if a.oid == OIDTimestampToken {
			token, err := readSignedData(a.values[0])
			if err != nil {
				t.Fatal(err)
			}
			list = list.message(base, data, token)
		}
		if a.oid == OIDCounterSignature {
			si, err := readSignerInfo(a.values[0], a.values[0])
			if err != nil {
				t.Fatal(err)
			}
			last := base + int64(offset(data, si.signatureAlg)) + 12
			list = append(list, region{"rsaEncryption", last, last + 1})
		}
	}
	return list
}

func (list regions) message(base int64, data []byte, sd *signedData) regions {
	at := func(sub []byte) int64 { return base + int64(offset(data, sub)) }
	version := at(sd.digestsDER) - 1
	list = append(list, region{"version", version, version + 1})
	for _, raw := range sd.certificates {
		// Not the signers': summary compares those.
		if c, err := cert.Parse(raw); err == nil && c.IsCA {
			list = append(list, region{"authority " + c.Subject.CommonName(), at(raw), at(raw) + int64(len(raw))})
		}
	}
	return list
}
