package authenticode

import (
	"bytes"
	"testing"

	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
)

// listOf is a catalog's content with one member.
func listOf(member string) []byte {
	return signtest.Catalog{Members: []signtest.Member{{Data: []byte(member)}}}.Content()
}

// message signs content and carries others in its unsigned attributes.
func message(contentType string, content []byte, key string, nested ...[]byte) []byte {
	signer := commercial(key)
	signer.Nested = nested
	return signtest.SignedData{ContentType: contentType, Content: content, Signers: []signtest.Signer{signer}}.Encode()
}

// A genuine signature over one list says nothing of another list, into whose
// unsigned attributes anybody can put it.
func TestNestedSignatureOfAnotherList(t *testing.T) {
	forged, genuine := listOf("evil"), listOf("good")
	detached := func(content []byte, nested ...[]byte) []byte {
		// What is signed has tag and length, so it stands in a SEQUENCE around.
		around := signtest.Sequence(content)
		return withoutContent(t, message(OIDData, around, "p256-1", nested...), len(around))
	}
	foreign := message(OIDCertTrustList, genuine, "p256-1")
	for _, c := range []struct {
		name  string
		der   []byte
		holds bool // the innermost
	}{
		{"same list", message(OIDCertTrustList, forged, "", message(OIDCertTrustList, forged, "p256-1")), true},
		{"same list, two deep", message(OIDCertTrustList, forged, "", message(OIDCertTrustList, forged, "", message(OIDCertTrustList, forged, "p256-1"))), true},
		{"same list, without content", message(OIDCertTrustList, forged, "", detached(forged)), true},
		{"other list", message(OIDCertTrustList, forged, "", foreign), false},
		{"other list, without content", message(OIDCertTrustList, forged, "", detached(genuine)), false},
		// It agrees with the one around it, which is foreign itself.
		{"twin of a foreign one", message(OIDCertTrustList, forged, "", message(OIDCertTrustList, genuine, "", foreign)), false},
		{"without content in a foreign one", message(OIDCertTrustList, forged, "", message(OIDCertTrustList, genuine, "", detached(genuine))), false},
		{"in one of the same list", message(OIDCertTrustList, forged, "", message(OIDCertTrustList, forged, "", foreign)), false},
		{"same octets as data", message(OIDCertTrustList, forged, "", message(OIDData, forged, "p256-1")), false},
		{"same octets, other tag", message(OIDCertTrustList, forged, "", message(OIDCertTrustList, retagged(forged, 0x31), "p256-1")), false},
		{"signature of an image in a list", message(OIDCertTrustList, forged, "", encode(commercial("p256-1"))), false},
		{"other data", message(OIDData, signtest.OctetString([]byte("evil")), "", message(OIDData, signtest.OctetString([]byte("good")), "p256-1")), false},
		{"same data", message(OIDData, signtest.OctetString([]byte("evil")), "", message(OIDData, signtest.OctetString([]byte("evil")), "p256-1")), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := mustParse(t, c.der).All()
			if all[0].Problem != nil {
				t.Fatalf("the outer one: %v", all[0].Problem)
			}
			last := all[len(all)-1]
			switch {
			case len(all) < 2 || !last.IsNested:
				t.Fatal("nothing nested")
			case c.holds && last.Problem != nil:
				t.Errorf("refused: %v", last.Problem)
			case !c.holds && (last.Problem == nil || last.Problem.Code != winerror.TrustBadDigest):
				t.Errorf("problem %v, want %v", last.Problem, winerror.TrustBadDigest)
			}
		})
	}
}

// retagged gives an element another tag of the same length.
func retagged(der []byte, tag byte) []byte {
	der = bytes.Clone(der)
	der[0] = tag
	return der
}

// Nested signatures without content cost their file nothing and their reader a
// digest of the whole list each.
func TestDetachedContentIsCounted(t *testing.T) {
	list := listOf("member")
	around := signtest.Sequence(list)
	var nested [][]byte
	for _, key := range []string{"p256-1", "p384-1"} {
		nested = append(nested, withoutContent(t, message(OIDData, around, key), len(around)))
	}
	der := message(OIDCertTrustList, list, "", nested...)
	for used, want := range map[int]error{
		0:                            nil,
		maxMessage - 2*len(list):     nil,
		maxMessage - 2*len(list) + 1: ErrTooMuchDetached,
	} {
		s, err := parseSignature(der, nil, nil, &budget{detachedBytes: used}, 0)
		if err != want || (s == nil) != (want != nil) {
			t.Errorf("with %d bytes before: %v, want %v", used, err, want)
		}
	}
}
