package signtest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"
)

// The structures of RFC 2315, read with encoding/asn1: a second opinion on
// what this package writes.
type (
	readContentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	readSignedData struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		ContentInfo  readContentInfo
		Certificates asn1.RawValue    `asn1:"optional,tag:0"`
		Signers      []readSignerInfo `asn1:"set"`
	}
	readSignerInfo struct {
		Version   int
		Issuer    readIssuerSerial
		Digest    pkix.AlgorithmIdentifier
		Signed    asn1.RawValue `asn1:"optional,tag:0"`
		Algorithm pkix.AlgorithmIdentifier
		Signature []byte
		Unsigned  asn1.RawValue `asn1:"optional,tag:1"`
	}
	readIssuerSerial struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	readAttribute struct {
		Type   asn1.ObjectIdentifier
		Values asn1.RawValue
	}
)

func decode[T any](t *testing.T, der []byte) T {
	t.Helper()
	var v T
	rest, err := asn1.Unmarshal(der, &v)
	if err != nil || len(rest) != 0 {
		t.Fatalf("%T: %v, %d octets left", v, err, len(rest))
	}
	return v
}

func readMessage(t *testing.T, der []byte) readSignedData {
	t.Helper()
	outer := decode[readContentInfo](t, der)
	if outer.Type.String() != OIDSignedData {
		t.Fatalf("content type %v", outer.Type)
	}
	return decode[readSignedData](t, outer.Content.Bytes)
}

// elements are the elements of a SET or SEQUENCE.
func elements(t *testing.T, contents []byte) [][]byte {
	t.Helper()
	var out [][]byte
	for len(contents) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(contents, &v)
		if err != nil {
			t.Fatal(err)
		}
		out, contents = append(out, v.FullBytes), rest
	}
	return out
}

func attributeMap(t *testing.T, contents []byte) map[string][][]byte {
	t.Helper()
	m := make(map[string][][]byte)
	for _, e := range elements(t, contents) {
		a := decode[readAttribute](t, e)
		m[a.Type.String()] = append(m[a.Type.String()], elements(t, a.Values.Bytes)...)
	}
	return m
}

var hashes = map[string]crypto.Hash{
	OIDMD5: crypto.MD5, OIDSHA1: crypto.SHA1, OIDSHA256: crypto.SHA256, OIDSHA384: crypto.SHA384, OIDSHA512: crypto.SHA512,
}

// check verifies a SignerInfo over content octets: nil when it holds.
func check(t *testing.T, s readSignerInfo, contentType string, octets []byte, certs [][]byte) error {
	t.Helper()
	h := hashes[s.Digest.Algorithm.String()]
	signed := octets
	if len(s.Signed.FullBytes) > 0 {
		m := attributeMap(t, s.Signed.Bytes)
		if v := m[OIDContentType]; len(v) != 1 || !bytes.Equal(v[0], OID(contentType)) {
			return errors.New("content type attribute")
		}
		if v := m[OIDMessageDigest]; len(v) != 1 || !bytes.Equal(v[0], OctetString(sum(h, octets))) {
			return errors.New("message digest attribute")
		}
		signed = append([]byte{TagSet}, s.Signed.FullBytes[1:]...)
	}
	for _, raw := range certs {
		c, err := x509.ParseCertificate(raw)
		if err != nil || !bytes.Equal(c.RawIssuer, s.Issuer.Issuer.FullBytes) || c.SerialNumber.Cmp(s.Issuer.Serial) != 0 {
			continue
		}
		digest := sum(h, signed)
		switch pub := c.PublicKey.(type) {
		case *ecdsa.PublicKey:
			if ecdsa.VerifyASN1(pub, digest, s.Signature) {
				return nil
			}
		case *rsa.PublicKey:
			if s.Algorithm.Algorithm.String() == OIDRSAPSS {
				return rsa.VerifyPSS(pub, h, digest, s.Signature, nil)
			}
			return rsa.VerifyPKCS1v15(pub, h, digest, s.Signature)
		}
		return fmt.Errorf("signature with %T", c.PublicKey)
	}
	return errors.New("signer's certificate not carried")
}

func checkMessage(t *testing.T, der []byte) error {
	t.Helper()
	m := readMessage(t, der)
	if len(m.Signers) == 0 {
		return errors.New("no signers")
	}
	content := decode[asn1.RawValue](t, m.ContentInfo.Content.Bytes)
	for _, s := range m.Signers {
		if err := check(t, s, m.ContentInfo.Type.String(), content.Bytes, elements(t, m.Certificates.Bytes)); err != nil {
			return err
		}
	}
	return nil
}

var image = NewDriver(MachineAMD64, "signeddata test")

func TestSignaturesHold(t *testing.T) {
	commercial := Commercial(nil)
	with := func(key string, change func(*Signer)) Signer {
		s := Commercial(leaf(func(t *Template) { t.Key = NamedKey(key) })).Signer()
		change(&s)
		return s
	}
	for name, s := range map[string]Signer{
		"plain":    commercial.Signer(),
		"sha1":     with("rsa2048-2", func(s *Signer) { s.Digest = crypto.SHA1 }),
		"sha512":   with("rsa2048-2", func(s *Signer) { s.Digest = crypto.SHA512 }),
		"rsa3072":  with("rsa3072-1", func(*Signer) {}),
		"p256":     with("p256-1", func(*Signer) {}),
		"p384":     with("p384-1", func(s *Signer) { s.Digest = crypto.SHA384 }),
		"p521":     with("p521-1", func(s *Signer) { s.Digest = crypto.SHA512 }),
		"pss":      with("rsa2048-2", func(s *Signer) { s.Algorithm = Algorithm{Scheme: SchemePSS, Salt: make([]byte, 32)} }),
		"full oid": with("rsa2048-2", func(s *Signer) { s.Algorithm = Algorithm{OID: OIDSHA256WithRSA} }),
		"everything": with("rsa2048-2", func(s *Signer) {
			s.ProgramName, s.MoreInfo, s.Statement, s.SigningTime = "Gerät", "https://example.com/", true, SigningTime()
		}),
		"no attributes": with("rsa2048-2", func(s *Signer) { s.NoAttributes = true }),
	} {
		t.Run(name, func(t *testing.T) {
			if err := checkMessage(t, ImageSignature{Signer: s}.Encode(image)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMessageDefects makes every defect that the second opinion can see, and
// checks that it sees it.
func TestMessageDefects(t *testing.T) {
	for _, a := range Attacks() {
		switch a.Name {
		case "signature-value-altered", "signature-value-empty", "signed-by-another-key", "content-type-missing",
			"message-digest-missing", "content-type-twice", "message-digest-twice", "message-digest-of-two-values",
			"message-digest-wrong", "content-type-wrong", "no-signer", "signer-not-carried", "signer-named-wrongly":
		default:
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			if err := checkMessage(t, firstEntry(t, attackImages()[a.Name])); err == nil {
				t.Error("the message holds")
			}
		})
	}
}

// firstEntry is the message in the first WIN_CERTIFICATE of an image, without
// its padding.
func firstEntry(t *testing.T, image []byte) []byte {
	t.Helper()
	offset, size := fieldsOf(image).certificateTable(image)
	_, _, whole, _ := split(image[offset+8 : offset+size])
	return whole
}

func TestDisorder(t *testing.T) {
	h := Commercial(nil)
	s := h.Signer()
	s.Unsigned = []Attribute{{"1.2.3", [][]byte{Null()}}, {"1.2.4", [][]byte{Null()}}}
	ordered := func(list [][]byte) bool { return slices.IsSortedFunc(list, bytes.Compare) }
	two := Commercial(nil).Signer()
	two.Digest = crypto.SHA1
	for _, c := range []struct {
		name     string
		disorder Disorder
		set      func(t *testing.T, m readSignedData) [][]byte
	}{
		{"digest algorithms", DisorderDigestAlgorithms, func(t *testing.T, m readSignedData) [][]byte {
			var out [][]byte
			for _, d := range m.Digests {
				out = append(out, digestAlgorithmID(hashes[d.Algorithm.String()]))
			}
			return out
		}},
		{"certificates", DisorderCertificates, func(t *testing.T, m readSignedData) [][]byte { return elements(t, m.Certificates.Bytes) }},
		{"signer infos", DisorderSignerInfos, func(t *testing.T, m readSignedData) [][]byte {
			// The longer one has the greater length octets.
			return [][]byte{{byte(len(m.Signers[0].Unsigned.Bytes))}, {byte(len(m.Signers[1].Unsigned.Bytes))}}
		}},
		{"signed attributes", DisorderSignedAttributes, func(t *testing.T, m readSignedData) [][]byte { return elements(t, m.Signers[0].Signed.Bytes) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, d := range []Disorder{0, c.disorder} {
				der := SignedData{
					ContentType: OIDData, Content: OctetString([]byte("x")),
					Signers: []Signer{s, two}, Disorder: d,
				}.Encode()
				if got := ordered(c.set(t, readMessage(t, der))); got != (d == 0) {
					t.Errorf("disorder %b: ordered is %v", d, got)
				}
				if err := checkMessage(t, der); err != nil {
					t.Errorf("disorder %b: %v", d, err)
				}
			}
		})
	}
	der := SignedData{ContentType: OIDData, Content: OctetString([]byte("x")), Signers: []Signer{s}, Disorder: DisorderUnsignedAttributes}.Encode()
	if ordered(elements(t, readMessage(t, der).Signers[0].Unsigned.Bytes)) {
		t.Error("unsigned attributes are ordered")
	}
}

func TestIndefiniteLengthsHoldTheSameElements(t *testing.T) {
	s := ImageSignature{Signer: Commercial(nil).Signer()}
	plain := s.Encode(image)
	s.Message = func(m *SignedData) { m.BER = true }
	ber := s.Encode(image)
	if !bytes.HasPrefix(ber, []byte{0x30, 0x80}) || !bytes.HasSuffix(ber, make([]byte, 6)) {
		t.Errorf("not of indefinite length: %x … %x", ber[:4], ber[len(ber)-8:])
	}
	content := readMessage(t, plain).ContentInfo.Content.Bytes
	if !bytes.Contains(ber, content) {
		t.Error("the content differs")
	}
}

// stampOf returns the first unsigned attribute of an OID.
func stampOf(t *testing.T, s readSignerInfo, oid string) []byte {
	t.Helper()
	values := attributeMap(t, s.Unsigned.Bytes)[oid]
	if len(values) != 1 {
		t.Fatalf("%d values of %s", len(values), oid)
	}
	return values[0]
}

func TestCounterSignatureHolds(t *testing.T) {
	h := Commercial(nil)
	tsa := TimeStampingUnder(h.Root, nil)
	stamp := tsa.CounterSignature()
	m := readMessage(t, ImageSignature{Signer: h.Signer().Stamped(stamp)}.Encode(image))
	counter := decode[readSignerInfo](t, stampOf(t, m.Signers[0], OIDCounterSignature))
	if err := check(t, counter, OIDData, m.Signers[0].Signature, elements(t, m.Certificates.Bytes)); err != nil {
		t.Error(err)
	}
	at := decode[time.Time](t, attributeMap(t, counter.Signed.Bytes)[OIDSigningTime][0])
	if !at.Equal(SigningTime()) {
		t.Errorf("time %v", at)
	}

	stamp.Over = []byte("other")
	m = readMessage(t, ImageSignature{Signer: h.Signer().Stamped(stamp)}.Encode(image))
	counter = decode[readSignerInfo](t, stampOf(t, m.Signers[0], OIDCounterSignature))
	if check(t, counter, OIDData, m.Signers[0].Signature, elements(t, m.Certificates.Bytes)) == nil {
		t.Error("a counter-signature over another value holds")
	}
}

func TestBareDigestHasNoDigestInfo(t *testing.T) {
	h := Commercial(nil)
	stamp := TimeStampingUnder(h.Root, nil).CounterSignature()
	stamp.BareDigest = true
	m := readMessage(t, ImageSignature{Signer: h.Signer().Stamped(stamp)}.Encode(image))
	counter := decode[readSignerInfo](t, stampOf(t, m.Signers[0], OIDCounterSignature))
	key := stamp.TSA.Key.rsa
	block := new(big.Int).Exp(new(big.Int).SetBytes(counter.Signature), key.e, key.n).FillBytes(make([]byte, key.size()))
	signed := append([]byte{TagSet}, counter.Signed.FullBytes[1:]...)
	if want := append([]byte{0xff, 0x00}, sum(crypto.SHA1, signed)...); !bytes.HasSuffix(block, want) {
		t.Errorf("block ends %x, want %x", block[len(block)-30:], want)
	}
}

type readTSTInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Hashed    []byte
	}
	Serial   *big.Int
	Time     time.Time     `asn1:"generalized"`
	Accuracy asn1.RawValue `asn1:"optional"`
}

func TestTokenHolds(t *testing.T) {
	h := Commercial(nil)
	for name, change := range map[string]func(*TimeStamp){
		"plain":    func(*TimeStamp) {},
		"sha1":     func(ts *TimeStamp) { ts.Digest = crypto.SHA1 },
		"imprint":  func(ts *TimeStamp) { ts.ImprintDigest = crypto.SHA512 },
		"accuracy": func(ts *TimeStamp) { ts.Accuracy = 3 },
		"version1": func(ts *TimeStamp) { ts.ESSCertID = ESSVersion1 },
		"without":  func(ts *TimeStamp) { ts.ESSCertID = ESSNone },
	} {
		t.Run(name, func(t *testing.T) {
			stamp := TimeStampingUnder(h.Root, nil).Stamp()
			change(&stamp)
			m := readMessage(t, ImageSignature{Signer: h.Signer().Stamped(stamp)}.Encode(image))
			token := stampOf(t, m.Signers[0], OIDRFC3161TimeStamp)
			if err := checkMessage(t, token); err != nil {
				t.Error(err)
			}
			tm := readMessage(t, token)
			if tm.Version != 3 || tm.ContentInfo.Type.String() != OIDTSTInfo {
				t.Errorf("version %d, type %v", tm.Version, tm.ContentInfo.Type)
			}
			info := decode[readTSTInfo](t, decode[[]byte](t, tm.ContentInfo.Content.Bytes))
			imprint := hashes[info.Imprint.Algorithm.Algorithm.String()]
			if !bytes.Equal(info.Imprint.Hashed, sum(imprint, m.Signers[0].Signature)) {
				t.Error("imprint is not of the signature value")
			}
			if stamp.ImprintDigest != 0 && imprint != stamp.ImprintDigest || !info.Time.Equal(SigningTime()) {
				t.Errorf("%+v", info)
			}
		})
	}
}

func TestOpusInfo(t *testing.T) {
	want := []byte{0x30, 16, 0xa0, 6, 0x80, 4, 0, 'A', 0, 0xe4, 0xa1, 6, 0x80, 4, 'h', ':', '/', '/'}
	if got := opusInfo("Aä", "h://"); !bytes.Equal(got, want) {
		t.Errorf("opusInfo = %x, want %x", got, want)
	}
	if got := opusInfo("", ""); !bytes.Equal(got, []byte{0x30, 0}) {
		t.Errorf("empty opusInfo = %x", got)
	}
}
