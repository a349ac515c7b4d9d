package signtest

import (
	"crypto"
	"crypto/ecdh"
	"encoding/binary"
	"math/big"
	"slices"
)

// Scheme is a signature scheme.
type Scheme int

const (
	// SchemeOfKey is PKCS #1 v1.5 for an RSA key and ECDSA for a curve.
	SchemeOfKey Scheme = iota
	// SchemePSS is RSASSA-PSS (RFC 8017, section 8.1).
	SchemePSS
)

// Algorithm says how to sign and how to write that down. The zero value is
// SHA-256 with the key's usual scheme.
type Algorithm struct {
	Hash   crypto.Hash // zero: SHA-256
	Scheme Scheme
	Salt   []byte // of PSS; nil is a salt of length zero
	// OID replaces the object identifier that belongs to hash and scheme.
	OID string
	// NoParameters leaves out the NULL after an RSA identifier.
	NoParameters bool
	// BareDigest signs the digest without DigestInfo around it (L3).
	BareDigest bool
}

// MD2WithRSA is the algorithm of Microsoft's oldest certificates. Only its
// identifiers are MD2's; the digest within is MD5 (both have 16 octets), as
// no reader may accept either.
func MD2WithRSA() Algorithm { return Algorithm{Hash: crypto.MD5, OID: OIDMD2WithRSA} }

// OIWSHA1WithRSA is SHA-1 with RSA under its OIW identifier (L4).
func OIWSHA1WithRSA() Algorithm { return Algorithm{Hash: crypto.SHA1, OID: OIDSHA1WithRSAOIW} }

func (a Algorithm) hash() crypto.Hash {
	if a.Hash == 0 {
		return crypto.SHA256
	}
	return a.Hash
}

// identifier encodes the AlgorithmIdentifier of a signature, as it stands in
// a certificate.
func (a Algorithm) identifier(k *Key) []byte {
	if a.Scheme == SchemePSS {
		return Sequence(OID(OIDRSAPSS), a.pssParameters())
	}
	oid := a.OID
	if oid == "" {
		oid = signatureOID(k, a.hash())
	}
	if k.ec != nil || a.NoParameters {
		return Sequence(OID(oid))
	}
	return algorithmID(oid)
}

// signerIdentifier encodes digestEncryptionAlgorithm of a SignerInfo, where
// RSA is named without its digest (RFC 2315, section 9.2).
func (a Algorithm) signerIdentifier(k *Key) []byte {
	if k.rsa != nil && a.Scheme == SchemeOfKey && a.OID == "" {
		a.OID = OIDRSAEncryption
	}
	return a.identifier(k)
}

func signatureOID(k *Key, h crypto.Hash) string {
	type kind struct {
		ec   bool
		hash crypto.Hash
	}
	oid, ok := map[kind]string{
		{false, crypto.MD5}:    OIDMD5WithRSA,
		{false, crypto.SHA1}:   OIDSHA1WithRSA,
		{false, crypto.SHA256}: OIDSHA256WithRSA,
		{false, crypto.SHA384}: OIDSHA384WithRSA,
		{false, crypto.SHA512}: OIDSHA512WithRSA,
		{true, crypto.SHA1}:    OIDECDSASHA1,
		{true, crypto.SHA256}:  OIDECDSASHA256,
		{true, crypto.SHA384}:  OIDECDSASHA384,
		{true, crypto.SHA512}:  OIDECDSASHA512,
	}[kind{k.ec != nil, h}]
	if !ok {
		panic("signtest: no signature algorithm for " + h.String() + " with this key")
	}
	return oid
}

// pssParameters encodes RSASSA-PSS-params (RFC 8017, appendix A.2.3). Values
// that equal the defaults (SHA-1, MGF1 with SHA-1, 20) are left out: DER.
func (a Algorithm) pssParameters() []byte {
	var parts [][]byte
	if a.hash() != crypto.SHA1 {
		h := digestAlgorithmID(a.hash())
		parts = append(parts, Explicit(0, h), Explicit(1, Sequence(OID(OIDMGF1), h)))
	}
	if len(a.Salt) != 20 {
		parts = append(parts, Explicit(2, Integer(int64(len(a.Salt)))))
	}
	return Sequence(parts...)
}

// Sign signs a digest that was made with the algorithm's hash. It is
// deterministic.
func (k *Key) Sign(a Algorithm, digest []byte) []byte {
	switch {
	case k.generator != nil:
		return k.signForged(digest)
	case k.ec != nil:
		// Without a source of randomness crypto/ecdsa follows RFC 6979.
		sig, err := k.ec.Sign(nil, digest, a.hash())
		if err != nil {
			panic("signtest: " + err.Error())
		}
		return sig
	case a.Scheme == SchemePSS:
		return k.rsa.raw(encodePSS(a.hash(), a.Salt, digest, k.rsa.n.BitLen()-1))
	}
	return k.rsa.raw(encodePKCS1(a, digest, k.rsa.size()))
}

func (k *rsaKey) size() int { return (k.n.BitLen() + 7) / 8 }

// raw is RSASP1 of RFC 8017, section 5.2.1.
func (k *rsaKey) raw(message []byte) []byte {
	m := new(big.Int).SetBytes(message)
	return k.private(m).FillBytes(make([]byte, k.size()))
}

func (k *rsaKey) private(m *big.Int) *big.Int {
	if k.p == nil {
		return new(big.Int).Exp(m, k.d, k.n)
	}
	s1 := new(big.Int).Exp(m, k.dp, k.p)
	s2 := new(big.Int).Exp(m, k.dq, k.q)
	h := s1.Sub(s1, s2)
	h.Mul(h, k.qInv).Mod(h, k.p)
	return h.Mul(h, k.q).Add(h, s2)
}

// encodePKCS1 is EMSA-PKCS1-v1_5 (RFC 8017, section 9.2).
func encodePKCS1(a Algorithm, digest []byte, size int) []byte {
	t := digest
	if !a.BareDigest {
		oid := hashOID(a.hash())
		if a.OID == OIDMD2WithRSA {
			oid = "1.2.840.113549.2.2"
		}
		t = Sequence(algorithmID(oid), OctetString(digest))
	}
	padding := size - len(t) - 3
	if padding < 8 {
		panic("signtest: key too short for this digest")
	}
	return slices.Concat([]byte{0, 1}, slices.Repeat([]byte{0xff}, padding), []byte{0}, t)
}

// encodePSS is EMSA-PSS (RFC 8017, section 9.1.1) with a salt that is given.
func encodePSS(h crypto.Hash, salt, digest []byte, bits int) []byte {
	size := (bits + 7) / 8
	seed := sum(h, make([]byte, 8), digest, salt)
	db := make([]byte, size-len(seed)-1)
	db[len(db)-len(salt)-1] = 1
	copy(db[len(db)-len(salt):], salt)
	for i, b := range mgf1(h, seed, len(db)) {
		db[i] ^= b
	}
	db[0] &= 0xff >> (8*size - bits)
	return slices.Concat(db, seed, []byte{0xbc})
}

// mgf1 is the mask of RFC 8017, appendix B.2.1.
func mgf1(h crypto.Hash, seed []byte, length int) []byte {
	var out []byte
	for i := uint32(0); len(out) < length; i++ {
		out = append(out, sum(h, seed, binary.BigEndian.AppendUint32(nil, i))...)
	}
	return out[:length]
}

// signForged makes an ECDSA signature for base point G' = Q and private
// scalar 1 (see [Key.CurveBall]): r is the abscissa of nonce times G'.
func (k *Key) signForged(digest []byte) []byte {
	n := k.ec.Params().N
	size := (n.BitLen() + 7) / 8
	nonce := new(big.Int).SetBytes(sum(crypto.SHA512, []byte("nonce"), digest))
	nonce.Mod(nonce, new(big.Int).Sub(n, big.NewInt(1))).Add(nonce, big.NewInt(1))

	r := new(big.Int).SetBytes(timesPoint(ecdhCurve(k.ec.Curve), nonce.FillBytes(make([]byte, size)), k.generator))
	r.Mod(r, n)
	e := new(big.Int).SetBytes(digest)
	if excess := 8*len(digest) - n.BitLen(); excess > 0 {
		e.Rsh(e, uint(excess))
	}
	s := new(big.Int).ModInverse(nonce, n)
	s.Mul(s, e.Add(e, r)).Mod(s, n)
	return Sequence(BigInteger(r), BigInteger(s))
}

// timesPoint is the abscissa of scalar times point: a Diffie-Hellman secret.
func timesPoint(c ecdh.Curve, scalar, point []byte) []byte {
	private, err := c.NewPrivateKey(scalar)
	if err != nil {
		panic("signtest: " + err.Error())
	}
	public, err := c.NewPublicKey(point)
	if err != nil {
		panic("signtest: " + err.Error())
	}
	x, err := private.ECDH(public)
	if err != nil {
		panic("signtest: " + err.Error())
	}
	return x
}
