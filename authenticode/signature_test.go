package authenticode

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
)

var fabrikam = signtest.PE{Content: "signature_test"}.Encode()

// encode makes the signature of an image, without the image.
func encode(s signtest.Signer) []byte { return signtest.ImageSignature{Signer: s}.Encode(fabrikam) }

func mustParse(t testing.TB, der []byte) *Signature {
	t.Helper()
	s, err := ParseSignature(der)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// commercial returns the signer of a hierarchy whose leaf has another key.
func commercial(key string) signtest.Signer {
	if key == "" {
		return signtest.Commercial(nil).Signer()
	}
	return signtest.Commercial(signtest.Override{"leaf": func(t *signtest.Template) { t.Key = signtest.NamedKey(key) }}).Signer()
}

func TestZeroValuesAreUnknown(t *testing.T) {
	var kind TimestampKind
	var state PageHashState
	if kind != TimestampUnknown || kind.String() != "unknown" {
		t.Errorf("zero TimestampKind is %v", kind)
	}
	if state != PageHashUnknown || state.String() != "unknown" {
		t.Errorf("zero PageHashState is %v", state)
	}
	if got := TimestampKind(99).String() + PageHashState(99).String(); got != "unknownunknown" {
		t.Errorf("values outside: %s", got)
	}
}

func TestAlgorithms(t *testing.T) {
	pss := func(h crypto.Hash) func(*signtest.Signer) {
		return func(s *signtest.Signer) {
			s.Digest = h
			s.Algorithm = signtest.Algorithm{Hash: h, Scheme: signtest.SchemePSS, Salt: bytes.Repeat([]byte{7}, h.Size())}
		}
	}
	digest := func(h crypto.Hash) func(*signtest.Signer) { return func(s *signtest.Signer) { s.Digest = h } }
	oid := func(oid string) func(*signtest.Signer) {
		return func(s *signtest.Signer) { s.Algorithm.OID = oid }
	}
	cases := []struct {
		name string
		key  string
		edit func(*signtest.Signer)
		want winerror.Code
	}{
		{"RSA SHA-1", "", digest(crypto.SHA1), winerror.OK},
		{"RSA SHA-256", "", digest(crypto.SHA256), winerror.OK},
		{"RSA SHA-384", "", digest(crypto.SHA384), winerror.OK},
		{"RSA SHA-512", "", digest(crypto.SHA512), winerror.OK},
		{"RSA MD5", "", digest(crypto.MD5), winerror.CryptSecurity},
		{"RSA as sha256WithRSA", "", oid(signtest.OIDSHA256WithRSA), winerror.OK},
		{"RSA as rsaEncryption", "", oid(signtest.OIDRSAEncryption), winerror.OK},
		{"RSA as sha1WithRSA over SHA-256", "", oid(signtest.OIDSHA1WithRSA), winerror.TrustCertSignature},
		{"RSA as ECDSA", "", oid(signtest.OIDECPublicKey), winerror.TrustCertSignature},
		{"RSA as an unknown algorithm", "", oid("1.3.6.1.4.1.99999.9"), winerror.TrustCertSignature},
		{"RSA PSS SHA-256", "", pss(crypto.SHA256), winerror.OK},
		{"RSA PSS SHA-384", "", pss(crypto.SHA384), winerror.OK},
		{"ECDSA P-256", "p256-1", digest(crypto.SHA256), winerror.OK},
		{"ECDSA P-384", "p384-1", digest(crypto.SHA384), winerror.OK},
		{"ECDSA P-521", "p521-1", digest(crypto.SHA512), winerror.OK},
		{"ECDSA as ecPublicKey", "p256-1", oid(signtest.OIDECPublicKey), winerror.OK},
		{"RSA bare digest", "", func(s *signtest.Signer) { s.Algorithm.BareDigest = true }, winerror.TrustCertSignature},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			signer := commercial(c.key)
			c.edit(&signer)
			s := mustParse(t, encode(signer))
			got := winerror.OK
			if s.Problem != nil {
				got = s.Problem.Code
			}
			if got != c.want {
				t.Errorf("%v, want %v", s.Problem, c.want)
			}
			if signer.Digest != 0 && s.DigestAlgorithm != signer.Digest {
				t.Errorf("digest %v, want %v", s.DigestAlgorithm, signer.Digest)
			}
		})
	}
}

func TestSignatureFields(t *testing.T) {
	signer := commercial("")
	signer.ProgramName, signer.MoreInfo = "Gadget für alle", "https://fabrikam.example/"
	signer.SigningTime = signtest.Date(2026, 1, 2)
	signer.Statement = true
	der := encode(signer)
	s := mustParse(t, append(der, 0, 0, 1))
	if s.Problem != nil || s.Ordered != nil {
		t.Fatal(s.Problem, s.Ordered)
	}
	if !bytes.Equal(s.Raw, der) || !bytes.Equal(s.Trailing, []byte{0, 0, 1}) {
		t.Error("message and what follows it are not told apart")
	}
	if s.ProgramName != signer.ProgramName || s.MoreInfo != signer.MoreInfo || !s.ClaimedTime.Equal(signer.SigningTime) {
		t.Errorf("%q %q %v", s.ProgramName, s.MoreInfo, s.ClaimedTime)
	}
	if s.ContentType != OIDIndirectData || s.ContentTag != 0x30 || s.Indirect == nil || s.Indirect.DataType != OIDPEImageData {
		t.Errorf("content: %s %+v", s.ContentType, s.Indirect)
	}
	if s.SignerCount != 1 || s.Signer == nil || s.Signer.Serial.Cmp(s.SignerSerial) != 0 || s.SignerIssuerName.CommonName() == "" {
		t.Errorf("signer: %d %v %v", s.SignerCount, s.SignerSerial, s.SignerIssuerName)
	}
	for _, oid := range []string{OIDContentType, OIDMessageDigest, OIDOpusInfo, OIDStatementType, OIDSigningTime} {
		if !slices.Contains(s.SignedAttributes, oid) {
			t.Errorf("no attribute %s in %v", oid, s.SignedAttributes)
		}
	}
	if s.SignatureAlgorithm.Scheme != cert.PKCS1v15 || len(s.EncryptedDigest) != 256 {
		t.Errorf("%+v, value of %d octets", s.SignatureAlgorithm, len(s.EncryptedDigest))
	}
}

// A claimed signing time outside of the certificate's validity is a claim like
// any other: only a time stamp proves anything.
func TestClaimedTimeOutsideOfValidity(t *testing.T) {
	signer := commercial("")
	signer.SigningTime = signtest.Date(1999, 1, 2)
	if s := mustParse(t, encode(signer)); s.Problem != nil {
		t.Error(s.Problem)
	}
}

func TestNotSignedData(t *testing.T) {
	good := encode(commercial(""))
	other := signtest.Sequence(signtest.OID(signtest.OIDData), signtest.Explicit(0, signtest.OctetString(nil)))
	cases := map[string][]byte{
		"empty":                nil,
		"text":                 []byte("version https://git-lfs.github.com/spec/v1"),
		"another content type": other,
		"cut":                  good[:len(good)-1],
		"without content":      signtest.Sequence(signtest.OID(signtest.OIDSignedData)),
	}
	for name, b := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := ParseSignature(b)
			if err == nil || s != nil {
				t.Fatalf("%+v", s)
			}
			if !strings.HasPrefix(err.Error(), "offset ") {
				t.Errorf("no position: %v", err)
			}
		})
	}
	if _, err := ParseSignature(other); !errors.Is(err, ErrNotSignedData) {
		t.Error("another content type is not told apart")
	}
}

func TestOutOfOrder(t *testing.T) {
	cases := []struct {
		name     string
		disorder signtest.Disorder
		problem  bool
	}{
		{"certificates", signtest.DisorderCertificates, false},
		{"signed attributes", signtest.DisorderSignedAttributes, true},
	}
	for _, c := range cases {
		s := mustParse(t, signtest.ImageSignature{Signer: commercial(""), Message: func(m *signtest.SignedData) { m.Disorder = c.disorder }}.Encode(fabrikam))
		if s.Ordered == nil || !strings.Contains(s.Ordered.Error(), c.name+" are not in DER order") {
			t.Errorf("%s: %v", c.name, s.Ordered)
		}
		if (s.Problem != nil) != c.problem {
			t.Errorf("%s: %v", c.name, s.Problem)
		}
	}
}

func TestIndefiniteLengths(t *testing.T) {
	ber := signtest.ImageSignature{Signer: commercial(""), Message: func(m *signtest.SignedData) { m.BER = true }}.Encode(fabrikam)
	s := mustParse(t, append(ber, 1, 2, 3))
	if s.Problem != nil || s.Ordered == nil || !bytes.Equal(s.Trailing, []byte{1, 2, 3}) {
		t.Errorf("%v %v %x", s.Problem, s.Ordered, s.Trailing)
	}
	for n := range ber {
		if s, err := ParseSignature(ber[:n]); err == nil {
			t.Fatalf("cut to %d octets: %v", n, s.Problem)
		}
	}
	deep := bytes.Repeat([]byte{0x30, 0x80}, 100_000)
	if _, err := ParseSignature(deep); !errors.Is(err, ErrTooDeep) {
		t.Errorf("nested 100,000 deep: %v", err)
	}
	if _, err := ParseSignature(append([]byte{0x30, 0x80}, make([]byte, maxBER)...)); !errors.Is(err, ErrBER) {
		t.Errorf("larger than the limit: %v", err)
	}
}

func TestNested(t *testing.T) {
	inner := commercial("")
	inner.Digest = crypto.SHA512
	outer := commercial("")
	outer.Nested = [][]byte{encode(inner), encode(commercial("p256-1"))}
	s := mustParse(t, encode(outer))
	all := s.All()
	if len(all) != 3 || len(s.Nested) != 2 || all[0] != s || s.IsNested || !all[1].IsNested {
		t.Fatalf("%d signatures", len(all))
	}
	for i, n := range all {
		if n.Problem != nil {
			t.Errorf("%d: %v", i, n.Problem)
		}
	}
	// They stand in DER order, whatever the order in which they were made.
	if bytes.Compare(s.Nested[0].Raw, s.Nested[1].Raw) >= 0 {
		t.Error("not in the order of the file")
	}
}

// A nested signature that cannot be read takes nothing from the outer one, and
// gives nothing.
func TestNestedGarbage(t *testing.T) {
	outer := commercial("")
	outer.Nested = [][]byte{signtest.Sequence(signtest.OctetString([]byte("garbage")))}
	s := mustParse(t, encode(outer))
	if s.Problem != nil || len(s.Nested) != 1 || s.Nested[0].Problem == nil || s.Nested[0].Ordered == nil {
		t.Errorf("%v %+v", s.Problem, s.Nested)
	}
}

// signtool adds signatures to catalogs without their content. The same on an
// image, or over other content, is no signature.
func TestDetachedNested(t *testing.T) {
	list := signtest.Catalog{Members: []signtest.Member{{Data: fabrikam}}}.Content()
	detached := func(content []byte) []byte {
		m := signtest.SignedData{ContentType: OIDData, Content: content, Signers: []signtest.Signer{commercial("p256-1")}}.Encode()
		return withoutContent(t, m, len(content))
	}
	nested := func(contentType string, content, inner []byte) *Signature {
		signer := commercial("")
		signer.Nested = [][]byte{inner}
		s := mustParse(t, signtest.SignedData{ContentType: contentType, Content: content, Signers: []signtest.Signer{signer}}.Encode())
		if s.Problem != nil {
			t.Fatal(s.Problem)
		}
		return s.Nested[0]
	}
	// What is signed has tag and length, so it stands in a SEQUENCE around.
	good := detached(signtest.Sequence(list))
	if n := nested(OIDCertTrustList, list, good); n.Problem != nil || !n.Detached || !bytes.Equal(n.Content, list) {
		t.Errorf("detached: %v %v", n.Detached, n.Problem)
	}
	other := signtest.Catalog{Members: []signtest.Member{{Data: []byte("other")}}}.Content()
	if n := nested(OIDCertTrustList, other, good); n.Problem == nil || n.Problem.Code != winerror.TrustBadDigest {
		t.Errorf("over another list: %v", n.Problem)
	}
	if n := nested(OIDIndirectData, signtest.IndirectPE(crypto.SHA256, make([]byte, 32), nil), good); n.Problem == nil || n.Detached {
		t.Errorf("in the signature of an image: %v", n.Problem)
	}
	if s := mustParse(t, good); s.Problem == nil {
		t.Error("detached and not nested")
	}
}

// withoutContent takes the content out of a SignedData, whose inner
// ContentInfo ends with an explicit tag around n octets of content.
func withoutContent(t *testing.T, der []byte, n int) []byte {
	t.Helper()
	sd, err := readSignedData(der)
	if err != nil || len(sd.contentDER) != n {
		t.Fatal(err)
	}
	m := sd.contentDER
	info := append(signtest.OID(OIDData), signtest.Explicit(0, m)...)
	old := signtest.Sequence(info)
	if bytes.Count(der, old) != 1 {
		t.Fatal("content not found")
	}
	body := bytes.Replace(sd.bodyForTest(t), old, signtest.Sequence(signtest.OID(OIDData)), 1)
	return signtest.Sequence(signtest.OID(OIDSignedData), signtest.Explicit(0, signtest.Sequence(body)))
}

// bodyForTest returns the contents of the SEQUENCE SignedData.
func (sd *signedData) bodyForTest(t *testing.T) []byte {
	t.Helper()
	at := bytes.Index(sd.raw, sd.digestsDER)
	if at < 3 {
		t.Fatal("no digestAlgorithms")
	}
	return sd.raw[at-3:] // with the version, an INTEGER of one octet
}

func TestLimits(t *testing.T) {
	nest := func(depth int) []byte {
		der := encode(commercial(""))
		for range depth {
			s := commercial("")
			s.Nested = [][]byte{der}
			der = encode(s)
		}
		return der
	}
	many := func(n int, edit func(s *signtest.Signer, i int)) []byte {
		s := commercial("")
		for i := range n {
			edit(&s, i)
		}
		return encode(s)
	}
	one := encode(commercial(""))
	cases := []struct {
		name string
		der  []byte
		want error
	}{
		{"nested as deep as may be", nest(maxNesting), nil},
		{"nested too deep", nest(maxNesting + 1), ErrTooManySignatures},
		{"too many nested", many(maxSignatures, func(s *signtest.Signer, i int) { s.Nested = append(s.Nested, one) }), ErrTooManySignatures},
		{"too many time stamps", many(maxTimestamps+1, func(s *signtest.Signer, i int) {
			if i%(maxAttributes-1) == 0 {
				s.Unsigned = append(s.Unsigned, signtest.Attribute{OID: OIDTimestampToken})
			}
			a := &s.Unsigned[len(s.Unsigned)-1]
			a.Values = append(a.Values, signtest.Sequence(signtest.Integer(int64(i))))
		}), ErrTooManyTimestamps},
		{"too many attributes", many(maxAttributes+1, func(s *signtest.Signer, i int) {
			s.Unsigned = append(s.Unsigned, signtest.Attribute{OID: "1.3.6.1.4.1.99999.1", Values: [][]byte{signtest.Null()}})
		}), ErrTooManyAttributes},
		{"too many values", many(maxAttributes+1, func(s *signtest.Signer, i int) {
			if i == 0 {
				s.Unsigned = []signtest.Attribute{{OID: "1.3.6.1.4.1.99999.1"}}
			}
			s.Unsigned[0].Values = append(s.Unsigned[0].Values, signtest.Integer(int64(i)))
		}), ErrTooManyAttributes},
		{"signed attributes too long", many(1, func(s *signtest.Signer, i int) {
			s.Attributes = signtest.AddAttribute("1.3.6.1.4.1.99999.1", signtest.OctetString(make([]byte, maxSignedAttributes)))
		}), ErrTooManyAttributes},
		{"too many signers", signtest.ImageSignature{Signer: commercial(""), Message: func(m *signtest.SignedData) {
			for range maxSigners {
				m.Signers = append(m.Signers, m.Signers[0])
			}
		}}.Encode(fabrikam), ErrTooManySigners},
		{"too many certificates", signtest.ImageSignature{Signer: commercial(""), Message: func(m *signtest.SignedData) {
			for i := range maxCertificates {
				m.RawCertificates = append(m.RawCertificates, signtest.Sequence(signtest.Integer(int64(i))))
			}
		}}.Encode(fabrikam), ErrTooManyCertificates},
		{"too many octets of certificates", signtest.ImageSignature{Signer: commercial(""), Message: func(m *signtest.SignedData) {
			m.RawCertificates = [][]byte{signtest.Sequence(signtest.OctetString(make([]byte, maxCertificateBytes)))}
		}}.Encode(fabrikam), ErrTooManyCertificates},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := ParseSignature(c.der)
			if !errors.Is(err, c.want) || (s == nil) != (err != nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if c.want == nil && s.Problem != nil {
				t.Error(s.Problem)
			}
		})
	}
}

// Signed attributes of any depth reach the PKCS#7 library, which walks them
// recursively: too deep ones must not.
func TestSignedAttributeTooDeep(t *testing.T) {
	value := signtest.Null()
	for range 2000 {
		value = signtest.Sequence(value)
	}
	s := commercial("")
	s.Attributes = signtest.AddAttribute("1.3.6.1.4.1.99999.1", value)
	got := mustParse(t, encode(s))
	if got.Problem == nil || got.Problem.Code != winerror.CryptBadMessage || !strings.Contains(got.Problem.Detail, "too deep") {
		t.Errorf("%v", got.Problem)
	}
}

func TestTimestamps(t *testing.T) {
	h := signtest.Commercial(nil)
	tsa := signtest.TimeStampingUnder(h.Root, nil)
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	cases := []struct {
		name string
		ts   signtest.TimeStamp
		edit func(*signtest.TimeStamp)
		ok   bool
	}{
		{"token", tsa.Stamp(), func(*signtest.TimeStamp) {}, true},
		{"token SHA-1", tsa.Stamp(), func(ts *signtest.TimeStamp) { ts.Digest = crypto.SHA1 }, true},
		{"token SHA-384 over SHA-256", tsa.Stamp(), func(ts *signtest.TimeStamp) { ts.Digest, ts.ImprintDigest = crypto.SHA384, crypto.SHA256 }, true},
		{"token with accuracy", tsa.Stamp(), func(ts *signtest.TimeStamp) { ts.Accuracy = 2 }, true},
		{"token naming by SHA-1", tsa.Stamp(), func(ts *signtest.TimeStamp) { ts.ESSCertID = signtest.ESSVersion1 }, true},
		{"token naming nothing", tsa.Stamp(), func(ts *signtest.TimeStamp) { ts.ESSCertID = signtest.ESSNone }, true},
		{"token naming another by SHA-1", tsa.Stamp(), func(ts *signtest.TimeStamp) { ts.ESSCertID, ts.ESSOther = signtest.ESSVersion1, h.Leaf }, false},
		{"token with attributes out of order", tsa.Stamp(), func(ts *signtest.TimeStamp) {
			ts.Token = func(m *signtest.SignedData) { m.Disorder = signtest.DisorderSignedAttributes }
		}, true},
		{"token MD5", tsa.Stamp(), func(ts *signtest.TimeStamp) { ts.Digest = crypto.MD5 }, false},
		{"token over MD5", tsa.Stamp(), func(ts *signtest.TimeStamp) { ts.ImprintDigest = crypto.MD5 }, false},
		{"token of bare digest", tsa.Stamp(), func(ts *signtest.TimeStamp) { ts.BareDigest = true }, false},
		{"token by two", tsa.Stamp(), func(ts *signtest.TimeStamp) {
			ts.Token = func(m *signtest.SignedData) { m.Signers = append(m.Signers, h.Signer()) }
		}, false},
		{"counter-signature", tsa.CounterSignature(), func(*signtest.TimeStamp) {}, true},
		{"counter-signature SHA-256", tsa.CounterSignature(), func(ts *signtest.TimeStamp) { ts.Digest = crypto.SHA256 }, true},
		{"counter-signature of bare digest", tsa.CounterSignature(), func(ts *signtest.TimeStamp) { ts.BareDigest = true }, true},
		{"counter-signature MD5", tsa.CounterSignature(), func(ts *signtest.TimeStamp) { ts.Digest = crypto.MD5 }, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.ts.Time = at
			c.edit(&c.ts)
			s := mustParse(t, encode(h.Signer().Stamped(c.ts)))
			if s.Problem != nil || len(s.Timestamps) != 1 {
				t.Fatalf("%v, %d time stamps", s.Problem, len(s.Timestamps))
			}
			got := s.Timestamps[0]
			if (got.Problem == nil) != c.ok {
				t.Fatalf("%v", got.Problem)
			}
			if !c.ok {
				if got.Problem.Code != winerror.TrustTimeStamp {
					t.Errorf("%v", got.Problem)
				}
				return
			}
			wantKind := map[bool]TimestampKind{true: TimestampRFC3161, false: TimestampPKCS9}[c.ts.Kind == signtest.RFC3161]
			if got.Kind != wantKind || !got.Time.Equal(at) || got.BareDigest != c.ts.BareDigest || got.Signer == nil || len(got.Certificates) == 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Several time stamps stay in their order; a bad one does not hide a good one.
func TestSeveralTimestamps(t *testing.T) {
	h := signtest.Commercial(nil)
	tsa := signtest.TimeStampingUnder(h.Root, nil)
	bad, good, last := tsa.CounterSignature(), tsa.CounterSignature(), tsa.Stamp()
	bad.Signature = signtest.FlipLastBit
	good.Time, last.Time = signtest.Date(2026, 1, 1), signtest.Date(2026, 1, 2)
	s := mustParse(t, encode(h.Signer().Stamped(bad, good, last)))
	if len(s.Timestamps) != 3 {
		t.Fatalf("%d time stamps", len(s.Timestamps))
	}
	holding := 0
	for _, ts := range s.Timestamps {
		if ts.Problem == nil {
			holding++
		}
	}
	if holding != 2 {
		t.Errorf("%d time stamps hold, want 2", holding)
	}
}

func TestParseIndirectData(t *testing.T) {
	digest := bytes.Repeat([]byte{9}, 32)
	pages := binary.LittleEndian.AppendUint32(nil, 0)
	pages = append(pages, digest...)
	good, err := ParseIndirectData(signtest.IndirectPE(crypto.SHA256, digest, pages))
	if err != nil {
		t.Fatal(err)
	}
	if good.DataType != OIDPEImageData || good.DigestAlgorithm != crypto.SHA256 || !bytes.Equal(good.Digest, digest) {
		t.Errorf("%+v", good)
	}
	if good.PageHashes == nil || good.PageHashes.OID != OIDPageHashes2 || len(good.PageHashes.Entries()) != 1 {
		t.Errorf("page hashes: %+v", good.PageHashes)
	}
	for name, der := range map[string][]byte{
		"obsolete": signtest.IndirectObsolete(crypto.SHA256, digest),
		"flat":     signtest.IndirectFlat(crypto.SHA256, digest),
	} {
		if d, err := ParseIndirectData(der); err != nil || d.PageHashes != nil || !bytes.Equal(d.Digest, digest) {
			t.Errorf("%s: %+v %v", name, d, err)
		}
	}
	algorithm := func(oid string, parameters ...[]byte) []byte {
		return signtest.Sequence(append([][]byte{signtest.OID(oid)}, parameters...)...)
	}
	data := signtest.Sequence(signtest.OID(OIDPEImageData))
	make := func(alg, sum []byte, more ...[]byte) []byte {
		return signtest.Sequence(append([][]byte{data, signtest.Sequence(alg, signtest.OctetString(sum))}, more...)...)
	}
	if d, err := ParseIndirectData(make(algorithm("1.2.3.4"), digest)); err != nil || d.DigestAlgorithm != 0 || d.DigestOID != "1.2.3.4" {
		t.Errorf("unknown digest: %+v %v", d, err)
	}
	for name, der := range map[string][]byte{
		"empty":               nil,
		"digest too short":    make(algorithm(OIDSHA256), digest[:31]),
		"digest of another":   make(algorithm(OIDSHA1), digest),
		"digest missing":      signtest.Sequence(data),
		"parameters":          make(algorithm(OIDSHA256, signtest.Integer(1)), digest),
		"data behind":         make(algorithm(OIDSHA256), digest, signtest.Null()),
		"data behind element": append(make(algorithm(OIDSHA256), digest), 0),
	} {
		if d, err := ParseIndirectData(der); err == nil || d != nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestProblemText(t *testing.T) {
	p := problem(winerror.TrustBadDigest, "the image is not the one that was signed")
	if got := p.Error(); got != "0x80096010 TRUST_E_BAD_DIGEST: the image is not the one that was signed" {
		t.Error(got)
	}
}

// What a hostile signer calls its program goes to a terminal.
func TestOpusInfoIsPrintable(t *testing.T) {
	signer := commercial("")
	signer.ProgramName = "good\x1b[2Jname\u202e\x00"
	s := mustParse(t, encode(signer))
	if s.ProgramName != "good\uFFFD[2Jname\uFFFD" {
		t.Errorf("%q", s.ProgramName)
	}
}
