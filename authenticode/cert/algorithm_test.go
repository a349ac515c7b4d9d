package cert

import (
	"crypto"
	"errors"
	"testing"
)

func TestZeroSchemeIsUnknown(t *testing.T) {
	var s Scheme
	if s != SchemeUnknown || s.String() != "unknown" {
		t.Errorf("zero scheme is %v", s)
	}
	if err := Verify(key(t, "rsa2048").Public(), Algorithm{}, nil, nil); !errors.Is(err, ErrUnsupportedAlgorithm) {
		t.Errorf("zero algorithm: %v", err)
	}
}

func TestParseAlgorithm(t *testing.T) {
	const sha256, sha384 = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2"
	mgf := func(hash string) []byte { return explicit(1, algorithm(oidMGF1, algorithm(hash, null()))) }
	pss := func(fields ...[]byte) []byte { return algorithm(oidPSS, seq(fields...)) }
	tests := []struct {
		name string
		der  []byte
		want Algorithm // OID not compared
	}{
		{"SHA-256 with RSA", algorithm("1.2.840.113549.1.1.11", null()), Algorithm{Name: "SHA256-RSA", Hash: crypto.SHA256, Scheme: PKCS1v15}},
		{"NULL left out", algorithm("1.2.840.113549.1.1.5"), Algorithm{Name: "SHA1-RSA", Hash: crypto.SHA1, Scheme: PKCS1v15}},
		{"OIW", algorithm("1.3.14.3.2.29", null()), Algorithm{Name: "SHA1-RSA", Hash: crypto.SHA1, Scheme: PKCS1v15}},
		{"MD5", algorithm("1.2.840.113549.1.1.4", null()), Algorithm{Name: "MD5-RSA", Hash: crypto.MD5, Scheme: PKCS1v15}},
		{"MD2", algorithm("1.2.840.113549.1.1.2", null()), Algorithm{Name: "MD2-RSA"}},
		{"DSA", algorithm("1.2.840.10040.4.3"), Algorithm{Name: "SHA1-DSA"}},
		{"RSA key", algorithm(oidRSA, null()), Algorithm{Name: "RSA", Scheme: PKCS1v15}},
		{"EC key with curve", algorithm(oidEC, oid("1.3.132.0.34")), Algorithm{Name: "ECDSA", Scheme: ECDSA}},
		{"unknown", algorithm("1.2.3.4", null()), Algorithm{}},
		{"parameters that do not belong", algorithm("1.2.840.113549.1.1.11", integer(1)), Algorithm{Name: "SHA256-RSA with parameters"}},
		{"ECDSA", algorithm("1.2.840.10045.4.3.3"), Algorithm{Name: "SHA384-ECDSA", Hash: crypto.SHA384, Scheme: ECDSA}},
		{"ECDSA specified", algorithm(oidECDSASpecified, algorithm(sha256)), Algorithm{Name: "SHA-256-ECDSA", Hash: crypto.SHA256, Scheme: ECDSA}},
		{"ECDSA specified as MD5", algorithm(oidECDSASpecified, algorithm("1.2.840.113549.2.5")), Algorithm{Name: "ECDSA with unknown digest"}},
		{"ECDSA specified as nothing", algorithm(oidECDSASpecified), Algorithm{Name: "ECDSA with unknown digest"}},
		{"PSS by default", pss(), Algorithm{Name: "SHA-1-RSA-PSS", Hash: crypto.SHA1, Scheme: PSS, PSSSaltLength: 20}},
		{"PSS SHA-256", pss(explicit(0, algorithm(sha256, null())), mgf(sha256), explicit(2, integer(32)), explicit(3, integer(1))),
			Algorithm{Name: "SHA-256-RSA-PSS", Hash: crypto.SHA256, Scheme: PSS, PSSSaltLength: 32}},
		{"PSS with two digests", pss(explicit(0, algorithm(sha256)), mgf(sha384), explicit(2, integer(32))), noPSS},
		{"PSS with default mask", pss(explicit(0, algorithm(sha256)), explicit(2, integer(32))), noPSS},
		{"PSS without salt", pss(explicit(0, algorithm(sha256)), mgf(sha256), explicit(2, integer(0))), noPSS},
		{"PSS with negative salt", pss(explicit(0, algorithm(sha256)), mgf(sha256), explicit(2, integer(-1))), noPSS},
		{"PSS with huge salt", pss(explicit(0, algorithm(sha256)), mgf(sha256), explicit(2, integer(1<<33))), noPSS},
		{"PSS with other trailer", pss(explicit(3, integer(2))), noPSS},
		{"PSS with unknown mask", pss(explicit(1, algorithm("1.2.3", algorithm(sha256)))), noPSS},
		{"PSS with unknown digest", pss(explicit(0, algorithm("1.2.3"))), noPSS},
		{"PSS with further field", pss(explicit(4, integer(1))), noPSS},
		{"PSS with data in a field", pss(explicit(2, integer(20), null())), noPSS},
		{"PSS without parameters", algorithm(oidPSS), noPSS},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseAlgorithm(test.der)
			if err != nil {
				t.Fatal(err)
			}
			if got.OID == "" {
				t.Error("no OID")
			}
			got.OID = ""
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

var noPSS = Algorithm{Name: "RSA-PSS with unsupported parameters"}

func TestParseAlgorithmRefuses(t *testing.T) {
	for name, der := range map[string][]byte{
		"nothing":          nil,
		"no OID":           seq(null()),
		"trailing data":    append(algorithm(oidRSA), 0),
		"two parameters":   algorithm(oidRSA, null(), null()),
		"parameters cut":   seq(oid(oidRSA), []byte{5}),
		"not a sequence":   oid(oidRSA),
		"OID of no octets": seq([]byte{6, 0}),
		"OID unfinished":   seq([]byte{6, 2, 0x2a, 0x86}),
		"OID padded":       seq([]byte{6, 3, 0x2a, 0x80, 0x01}),
		"OID too long":     seq(append([]byte{6, 65}, make([]byte, 65)...)),
	} {
		if a, err := ParseAlgorithm(der); err == nil || a != (Algorithm{}) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestHashFromOID(t *testing.T) {
	for oid, want := range map[string]crypto.Hash{
		"1.2.840.113549.2.5": crypto.MD5, "1.3.14.3.2.26": crypto.SHA1, "1.3.14.3.2.18": crypto.SHA1,
		"2.16.840.1.101.3.4.2.1": crypto.SHA256, "2.16.840.1.101.3.4.2.2": crypto.SHA384, "2.16.840.1.101.3.4.2.3": crypto.SHA512,
		"1.2.840.113549.2.2": 0, "2.16.840.1.101.3.4.2.4": 0, "": 0, "1.2.840.113549.1.1.5": 0,
	} {
		if got := HashFromOID(oid); got != want {
			t.Errorf("%q: %v, want %v", oid, got, want)
		}
		if want != 0 && !want.Available() {
			t.Errorf("%v is not linked", want)
		}
	}
}

// Rows with a scheme must be usable, rows without must not name a digest.
func TestAlgorithmTable(t *testing.T) {
	for oid, a := range algorithms {
		if a.Name == "" || a.Scheme == SchemeUnknown && a.Hash != 0 || a.Hash != 0 && !a.Hash.Available() || a.OID != "" {
			t.Errorf("%s: %+v", oid, a)
		}
		if a.Scheme != SchemeUnknown && a.Hash == 0 && oid != oidRSA && oid != oidEC {
			t.Errorf("%s has a scheme and no digest", oid)
		}
	}
}
