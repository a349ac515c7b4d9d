package signtest

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"math/big"
	"slices"
)

// Layer is the part of a signature that an attack is about, and so the part
// of a verifier that has to notice it.
type Layer int

// The layers, from the outside in. Zero is none.
const (
	_              Layer = iota
	LayerTable           // the certificate table and the image around it
	LayerMessage         // the SignedData: attributes, digests, signature value
	LayerChain           // the certificates
	LayerTimeStamp       // the proof of the time
)

// Attack is a signed image with one thing wrong. With the root of
// [Commercial] trusted and the clock at [Now], nothing is wrong with the
// image of [SignPE] by [AttackSigner]; an attack differs from it by what its
// name says.
type Attack struct {
	Name  string
	Layer Layer
	// Tolerated marks what Windows accepts by default, although a strict
	// verifier need not: payloads where the format leaves room for them.
	Tolerated bool
	make      func(a attackKit) []byte
}

// Image makes the image.
func (a Attack) Image() []byte { return a.make(newAttackKit()) }

// AttackSigner is the blameless signer that attacks start from: the leaf of
// [Commercial] with a time stamp under the same root.
func AttackSigner() Signer { return newAttackKit().stamped() }

// attackKit is what attacks are made of.
type attackKit struct {
	image []byte // unsigned
	h     *Hierarchy
}

func newAttackKit() attackKit {
	return attackKit{NewDriver(MachineAMD64, "Fabrikam Gadget"), Commercial(nil)}
}

func (k attackKit) tsa() *Hierarchy { return TimeStampingUnder(k.h.Root, nil) }

func (k attackKit) stamped() Signer { return k.h.Signer().Stamped(k.tsa().Stamp()) }

func (k attackKit) valid() []byte { return ImageSignature{Signer: k.stamped()}.Encode(k.image) }

// Attacks lists them. Names are stable: tests elsewhere refer to them.
func Attacks() []Attack {
	return slices.Concat(tableAttacks(), messageAttacks(), chainAttacks(), timeStampAttacks())
}

// table is an attack on the certificate table.
func table(name string, change func(k attackKit, t *CertificateTable)) Attack {
	return Attack{name, LayerTable, false, func(k attackKit) []byte {
		t := CertificateTable{Entries: []CertificateEntry{{Data: k.valid()}}}
		change(k, &t)
		return t.Attach(k.image)
	}}
}

func tolerated(a Attack) Attack {
	a.Tolerated = true
	return a
}

func tableAttacks() []Attack {
	payload := bytes.Repeat([]byte("payload!"), 32)
	number := func(n int) *uint32 { u := uint32(n); return &u }
	return []Attack{
		tolerated(table("payload-in-padding", func(_ attackKit, t *CertificateTable) { // MS13-098
			e := &t.Entries[0]
			e.Padding = append(make([]byte, alignUp(len(e.Data), 8)-len(e.Data)), payload...)
		})),
		table("payload-behind-table", func(_ attackKit, t *CertificateTable) { t.Behind = payload }),
		table("table-over-headers", func(_ attackKit, t *CertificateTable) { t.Offset = number(0x40) }),
		table("table-beyond-end", func(k attackKit, t *CertificateTable) { t.Offset = number(len(k.image) + 1<<20) }),
		table("table-size-wraps", func(_ attackKit, t *CertificateTable) { t.Size = number(0xfffffff8) }),
		table("table-size-too-large", func(_ attackKit, t *CertificateTable) { t.Size = number(1 << 20) }),
		table("table-without-size", func(_ attackKit, t *CertificateTable) { t.Size = number(0) }),
		table("table-cut-short", func(_ attackKit, t *CertificateTable) { t.Size = number(64) }),
		table("entry-length-beyond-table", func(_ attackKit, t *CertificateTable) { t.Entries[0].Length = number(1 << 24) }),
		table("entry-length-zero", func(_ attackKit, t *CertificateTable) { t.Entries[0].Length = number(0) }),
		table("entry-of-other-type", func(_ attackKit, t *CertificateTable) { t.Entries[0].Type = 1 }),
		table("first-of-two-entries-invalid", func(k attackKit, t *CertificateTable) {
			s := k.stamped()
			s.Signature = FlipLastBit
			bad := ImageSignature{Signer: s}.Encode(k.image)
			t.Entries = slices.Insert(t.Entries, 0, CertificateEntry{Data: bad})
		}),
		{"image-altered", LayerTable, false, func(k attackKit) []byte {
			image := SignPE(k.image, k.stamped())
			image[fieldsOf(image).headersSize+0x210] ^= 1
			SetChecksum(image)
			return image
		}},
		{"data-inserted-before-table", LayerTable, false, func(k attackKit) []byte {
			image := slices.Concat(k.image, payload)
			return CertificateTable{Entries: []CertificateEntry{{Data: k.valid()}}}.Attach(image)
		}},
		{"section-behind-table", LayerTable, false, func(k attackKit) []byte {
			// The last section header is moved onto bytes behind the table.
			image := slices.Concat(SignPE(k.image, k.stamped()), make([]byte, 0x200))
			f := fieldsOf(image)
			le.PutUint32(image[f.sections+40*(f.count-1)+20:], uint32(len(image)-0x200))
			le.PutUint32(image[f.sections+40*(f.count-1)+16:], 0x200)
			SetChecksum(image)
			return image
		}},
	}
}

// message is an attack on the SignedData.
func message(name string, change func(k attackKit, s *ImageSignature)) Attack {
	return Attack{name, LayerMessage, false, func(k attackKit) []byte {
		s := ImageSignature{Signer: k.stamped()}
		change(k, &s)
		return s.Sign(k.image)
	}}
}

// attributes is an attack on the signed attributes.
func attributes(name string, edit func([]Attribute) []Attribute) Attack {
	return message(name, func(_ attackKit, s *ImageSignature) { s.Signer.Attributes = edit })
}

// wholeMessage is an attack on the SignedData outside its SignerInfo.
func wholeMessage(name string, edit func(k attackKit, m *SignedData)) Attack {
	return message(name, func(k attackKit, s *ImageSignature) {
		s.Message = func(m *SignedData) { edit(k, m) }
	})
}

func messageAttacks() []Attack {
	other := PE{Content: "another image"}.Encode()
	return []Attack{
		message("signature-value-altered", func(_ attackKit, s *ImageSignature) { s.Signer.Signature = FlipLastBit }),
		message("signature-value-empty", func(_ attackKit, s *ImageSignature) {
			s.Signer.Signature = func([]byte) []byte { return nil }
		}),
		message("signed-by-another-key", func(_ attackKit, s *ImageSignature) { s.Signer.Key = NamedKey("rsa2048-9") }),
		message("signature-of-another-image", func(_ attackKit, s *ImageSignature) { s.Of = other }),
		message("without-attributes", func(_ attackKit, s *ImageSignature) { s.Signer.NoAttributes = true }),
		attributes("content-type-missing", DropAttribute(OIDContentType)),
		attributes("message-digest-missing", DropAttribute(OIDMessageDigest)),
		attributes("content-type-twice", DuplicateAttribute(OIDContentType)),
		attributes("message-digest-twice", func(list []Attribute) []Attribute {
			return AddAttribute(OIDMessageDigest, OctetString(make([]byte, 32)))(list)
		}),
		attributes("message-digest-of-two-values", func(list []Attribute) []Attribute {
			i := attributeIndex(list, OIDMessageDigest)
			return ReplaceAttribute(OIDMessageDigest, append(list[i].Values, OctetString(make([]byte, 32)))...)(list)
		}),
		attributes("message-digest-wrong", ReplaceAttribute(OIDMessageDigest, OctetString(make([]byte, 32)))),
		attributes("content-type-wrong", ReplaceAttribute(OIDContentType, OID(OIDCTL))),
		wholeMessage("attributes-out-of-order", func(_ attackKit, m *SignedData) { m.Disorder = DisorderSignedAttributes }),
		message("image-digest-of-another-algorithm", func(_ attackKit, s *ImageSignature) { s.Digest = crypto.SHA1 }),
		wholeMessage("digest-algorithms-of-another", func(_ attackKit, m *SignedData) { m.DigestAlgorithms = []crypto.Hash{crypto.SHA1} }),
		message("digest-md5", func(_ attackKit, s *ImageSignature) { s.Signer.Digest = crypto.MD5 }),
		wholeMessage("list-signature-on-image", func(k attackKit, m *SignedData) {
			m.ContentType = OIDCTL
			m.Content = Catalog{Members: []Member{{Data: k.image}}}.Content()
		}),
		wholeMessage("list-content-type-on-image", func(_ attackKit, m *SignedData) { m.ContentType = OIDCTL }),
		message("flat-digest-on-image", func(k attackKit, s *ImageSignature) {
			s.Indirect = IndirectFlat(crypto.SHA256, sum(crypto.SHA256, k.image))
		}),
		message("image-digest-cut-short", func(k attackKit, s *ImageSignature) {
			s.Indirect = IndirectPE(crypto.SHA256, PaddedImageHash(k.image, crypto.SHA256)[:16], nil)
		}),
		message("image-digest-empty", func(_ attackKit, s *ImageSignature) {
			s.Indirect = IndirectPE(crypto.SHA256, nil, nil)
		}),
		message("page-hashes-of-another-image", func(k attackKit, s *ImageSignature) {
			s.Indirect = IndirectPE(crypto.SHA256, PaddedImageHash(k.image, crypto.SHA256), PageHashes(other, crypto.SHA256))
		}),
		wholeMessage("no-signer", func(_ attackKit, m *SignedData) {
			m.Certificates = append(slices.Clone(m.Signers[0].Chain), m.Signers[0].Certificate)
			m.Signers = nil
		}),
		wholeMessage("two-signers", func(k attackKit, m *SignedData) {
			m.Signers = append(m.Signers, SelfSigned(nil).Signer())
		}),
		message("signer-not-carried", func(_ attackKit, s *ImageSignature) { s.Signer.OmitCertificate = true }),
		message("signer-named-wrongly", func(k attackKit, s *ImageSignature) {
			s.Signer.IssuerAndSerial = Sequence(k.h.Leaf.Issuer, Integer(1))
		}),
		message("nested-signature-of-another-image", func(k attackKit, s *ImageSignature) {
			s.Signer.Nested = [][]byte{ImageSignature{Signer: k.stamped(), Of: other}.Encode(k.image)}
		}),
		wholeMessage("trailing-data-in-message", func(_ attackKit, m *SignedData) { m.Trailing = OctetString([]byte("payload")) }),
		tolerated(message("payload-in-unsigned-attribute", func(_ attackKit, s *ImageSignature) {
			s.Signer.Unsigned = []Attribute{{"1.3.6.1.4.1.99999.1", [][]byte{OctetString(make([]byte, 4096))}}}
		})),
		tolerated(wholeMessage("payload-in-stuffed-certificate", func(_ attackKit, m *SignedData) {
			m.Certificates = []*Certificate{SelfSigned(Override{"leaf": func(t *Template) {
				t.Extensions = []Extension{{OID: "1.3.6.1.4.1.99999.1", Value: make([]byte, 4096)}}
			}}).Leaf}
		})),
		tolerated(wholeMessage("garbage-among-certificates", func(_ attackKit, m *SignedData) {
			m.RawCertificates = [][]byte{Sequence(OctetString([]byte("no certificate")))}
		})),
		tolerated(wholeMessage("indefinite-length", func(_ attackKit, m *SignedData) { m.BER = true })),
	}
}

// chain is an attack by the certificates of the hierarchy.
func chain(name string, o Override) Attack {
	return Attack{name, LayerChain, false, func(k attackKit) []byte {
		h := Commercial(o)
		return SignPE(k.image, h.Signer().Stamped(TimeStampingUnder(k.h.Root, nil).Stamp()))
	}}
}

func leaf(change func(*Template)) Override { return Override{"leaf": change} }

func chainAttacks() []Attack {
	zero := 0
	return []Attack{
		chain("purpose-missing", leaf(func(t *Template) { t.EKUs = []string{EKUServerAuth} })),
		chain("purpose-not-allowed-by-authority", Override{"ca": func(t *Template) { t.EKUs = []string{EKUServerAuth} }}),
		chain("usage-without-digital-signature", leaf(func(t *Template) { t.KeyUsage = x509.KeyUsageKeyEncipherment })),
		chain("authority-without-cert-sign", Override{"ca": func(t *Template) { t.KeyUsage = x509.KeyUsageDigitalSignature }}),
		chain("authority-is-none", Override{"ca": func(t *Template) { t.BasicConstraints = &BasicConstraints{} }}),
		chain("authority-without-constraints", Override{"ca": func(t *Template) { t.BasicConstraints = nil }}),
		chain("certificate-signature-altered", leaf(func(t *Template) { t.Signature = FlipLastBit })),
		chain("authority-signature-altered", Override{"ca": func(t *Template) { t.Signature = FlipLastBit }}),
		chain("outer-algorithm-differs", leaf(func(t *Template) { t.OuterAlgorithm = &Algorithm{Hash: crypto.SHA1} })),
		chain("critical-extension-unknown", leaf(func(t *Template) {
			t.Extensions = []Extension{{OID: "1.3.6.1.4.1.99999.2", Critical: true, Value: Null()}}
		})),
		chain("key-too-weak", leaf(func(t *Template) { t.Key = NamedKey("rsa512-1") })),
		chain("certificate-signed-md5", leaf(func(t *Template) { t.Algorithm = Algorithm{Hash: crypto.MD5} })),
		chain("certificate-signed-md2", leaf(func(t *Template) { t.Algorithm = MD2WithRSA() })),
		chain("expired-before-signing", leaf(func(t *Template) { t.NotBefore, t.NotAfter = Date(2021, 1, 1), Date(2023, 1, 1) })),
		chain("not-yet-valid", leaf(func(t *Template) { t.NotBefore, t.NotAfter = Date(2030, 1, 1), Date(2032, 1, 1) })),
		{"authority-as-signer", LayerChain, false, func(k attackKit) []byte {
			s := k.stamped()
			s.Certificate, s.Chain = k.h.CA, nil
			return SignPE(k.image, s)
		}},
		{"publisher-as-authority", LayerChain, false, func(k attackKit) []byte {
			below := k.h.Leaf.Issue(LeafTemplate(DN("CN=Anybody"), NamedKey("rsa2048-9"), EKUCodeSigning))
			s := k.stamped()
			s.Certificate, s.Chain = below, append(s.Chain, k.h.Leaf)
			return SignPE(k.image, s)
		}},
		{"path-too-long", LayerChain, false, func(k attackKit) []byte {
			h := Commercial(Override{"ca": func(t *Template) { t.BasicConstraints.MaxPathLen = &zero }})
			sub := h.CA.Issue(CATemplate(DN("CN=Sub CA"), NamedKey("rsa2048-8")))
			s := k.stamped()
			s.Certificate = sub.Issue(LeafTemplate(DN("CN=Anybody"), NamedKey("rsa2048-9"), EKUCodeSigning))
			s.Chain = []*Certificate{h.CA, sub}
			return SignPE(k.image, s)
		}},
		{"decoy-of-same-issuer-and-serial", LayerChain, false, decoy},
		{"self-signed", LayerChain, false, func(k attackKit) []byte {
			return SignPE(k.image, SelfSigned(nil).Signer().Stamped(k.tsa().Stamp()))
		}},
		{"root-of-same-name", LayerChain, false, func(k attackKit) []byte {
			forged := Commercial(Override{"root": func(t *Template) { t.Key = NamedKey("rsa2048-9") }})
			s := forged.Signer().Stamped(k.tsa().Stamp())
			s.Chain = append(s.Chain, forged.Root)
			return SignPE(k.image, s)
		}},
		{"lookalike-of-microsoft", LayerChain, false, func(k attackKit) []byte {
			s := lookalikeSigner("whql")
			s.Chain = append(s.Chain, Lookalike(nil).Root)
			return SignPE(k.image, s)
		}},
		{"curve-parameters", LayerChain, false, curveBall},
		{"exponent-one", LayerChain, false, func(k attackKit) []byte {
			return forgedRoot(k, NamedKey("rsa3072-1").ExponentOne())
		}},
	}
}

// decoy carries the publisher's certificate and one of the same issuer name
// and serial number for the attacker's key, which signs. A verifier that
// takes the key from one and the trust from the other is fooled.
func decoy(k attackKit) []byte {
	t := k.h.Leaf.Template
	t.Key, t.SPKI, t.Serial = NamedKey("rsa2048-9"), nil, k.h.Leaf.Serial
	impostor := &Certificate{Subject: k.h.CA.Subject, Key: t.Key}
	s := k.stamped()
	s.Key = t.Key
	s.Chain = append(slices.Clone(s.Chain), impostor.Issue(t))
	return SignPE(k.image, s)
}

// curveBall forges a root of the name and public point of an elliptic curve
// root (CVE-2020-0601). Who trusts [CurveBallVictim] must not trust this.
func curveBall(k attackKit) []byte {
	victim := CurveBallVictim()
	t := victim.Template
	t.Key, t.SPKI, t.Serial = victim.Key.CurveBall(), nil, big.NewInt(7)
	return signUnder(k, NewRoot(t))
}

// CurveBallVictim is the root that the attack "curve-parameters" imitates.
func CurveBallVictim() *Certificate {
	return NewRoot(CATemplate(DN("C=US", "O=Contoso Trust Services", "CN=Contoso Elliptic Root"), NamedKey("p384-1")))
}

// forgedRoot signs under a root of the trusted root's name, made with a key
// that the attacker has.
func forgedRoot(k attackKit, key *Key) []byte {
	t := k.h.Root.Template
	t.Key, t.SPKI, t.Serial = key, nil, big.NewInt(7)
	return signUnder(k, NewRoot(t))
}

// signUnder signs with a leaf that a root issued directly, the root carried.
func signUnder(k attackKit, root *Certificate) []byte {
	s := k.stamped()
	s.Certificate = root.Issue(LeafTemplate(DN("CN=Anybody"), NamedKey("rsa2048-9"), EKUCodeSigning))
	s.Chain = []*Certificate{root}
	return SignPE(k.image, s)
}

// stamp is an attack on the time stamp of a signature that needs one: its
// certificate expired on 2023-01-01, and a stamp of 2022-05-17 would save it.
func stamp(name string, change func(k attackKit, ts *TimeStamp)) Attack {
	return Attack{name, LayerTimeStamp, false, func(k attackKit) []byte {
		ts := k.tsa().Stamp()
		ts.Time = Date(2022, 5, 17)
		change(k, &ts)
		return SignPE(k.image, expired().Signer().Stamped(ts))
	}}
}

func timeStampAttacks() []Attack {
	withoutPurpose := func(k attackKit, ts *TimeStamp) {
		h := TimeStampingUnder(k.h.Root, leaf(func(t *Template) { t.EKUs = []string{EKUCodeSigning} }))
		ts.TSA = h.Leaf
	}
	legacy := func(change func(k attackKit, ts *TimeStamp)) func(attackKit, *TimeStamp) {
		return func(k attackKit, ts *TimeStamp) {
			ts.Kind, ts.Digest = PKCS9, crypto.SHA1
			change(k, ts)
		}
	}
	altered := func(_ attackKit, ts *TimeStamp) { ts.Signature = FlipLastBit }
	over := func(_ attackKit, ts *TimeStamp) { ts.Over = []byte("another signature value") }
	late := func(_ attackKit, ts *TimeStamp) { ts.Time = Date(2024, 2, 1) }
	foreign := func(_ attackKit, ts *TimeStamp) {
		h := TimeStamping(nil)
		ts.TSA, ts.Chain = h.Leaf, h.Chain()
	}
	return []Attack{
		{"expired-without-stamp", LayerTimeStamp, false, func(k attackKit) []byte {
			return SignPE(k.image, expired().Signer())
		}},
		{"expired-with-claimed-time", LayerTimeStamp, false, func(k attackKit) []byte {
			s := expired().Signer()
			s.SigningTime = Date(2022, 5, 17)
			return SignPE(k.image, s)
		}},
		{"lifetime-signing-expired", LayerTimeStamp, false, func(k attackKit) []byte {
			h := Commercial(leaf(func(t *Template) {
				t.NotBefore, t.NotAfter = Date(2021, 1, 1), Date(2023, 1, 1)
				t.EKUs = append(t.EKUs, EKULifetimeSigning)
			}))
			ts := k.tsa().Stamp()
			ts.Time = Date(2022, 5, 17)
			return SignPE(k.image, h.Signer().Stamped(ts))
		}},
		{"stamp-in-the-future", LayerTimeStamp, false, func(k attackKit) []byte {
			h := Commercial(leaf(func(t *Template) { t.NotBefore, t.NotAfter = Date(2030, 1, 1), Date(2032, 1, 1) }))
			ts := k.tsa().Stamp()
			ts.Time = Date(2031, 1, 1)
			return SignPE(k.image, h.Signer().Stamped(ts))
		}},
		stamp("stamp-over-another-signature", over),
		stamp("stamp-altered", altered),
		stamp("stamp-after-expiry", late),
		stamp("stamp-without-purpose", withoutPurpose),
		stamp("stamp-by-unknown-authority", foreign),
		stamp("stamp-signer-not-carried", func(_ attackKit, ts *TimeStamp) { ts.OmitCertificates = true }),
		stamp("stamp-of-another-content-type", func(_ attackKit, ts *TimeStamp) { ts.ContentType = OIDData }),
		stamp("stamp-names-another-certificate", func(k attackKit, ts *TimeStamp) { ts.ESSOther = k.h.Leaf }),
		stamp("stamp-by-the-publisher", func(k attackKit, ts *TimeStamp) { ts.TSA, ts.Chain = k.h.Leaf, k.h.Chain() }),
		stamp("stamp-by-expired-authority", func(k attackKit, ts *TimeStamp) {
			h := TimeStampingUnder(k.h.Root, leaf(func(t *Template) { t.NotBefore, t.NotAfter = Date(2015, 1, 1), Date(2018, 1, 1) }))
			ts.TSA = h.Leaf
		}),
		stamp("stamp-without-signer", func(_ attackKit, ts *TimeStamp) {
			ts.Token = func(m *SignedData) { m.Signers = nil }
		}),
		stamp("counter-signature-over-another-signature", legacy(over)),
		stamp("counter-signature-altered", legacy(altered)),
		stamp("counter-signature-after-expiry", legacy(late)),
		stamp("counter-signature-without-purpose", legacy(withoutPurpose)),
		stamp("counter-signature-without-time", legacy(func(_ attackKit, ts *TimeStamp) {
			ts.Attributes = DropAttribute(OIDSigningTime)
		})),
		stamp("counter-signature-without-attributes", legacy(func(_ attackKit, ts *TimeStamp) { ts.NoAttributes = true })),
		stamp("counter-signature-of-two-times", legacy(func(_ attackKit, ts *TimeStamp) {
			ts.Attributes = AddAttribute(OIDSigningTime, Time(Date(2022, 6, 1)))
		})),
		stamp("counter-signature-bare-digest-altered", legacy(func(_ attackKit, ts *TimeStamp) {
			ts.BareDigest, ts.Signature = true, FlipLastBit
		})),
	}
}
