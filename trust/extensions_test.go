package trust

import (
	"testing"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
)

// TestNameConstraintsApart: a permitted name permits whole parts only, and the
// string type counts.
func TestNameConstraintsApart(t *testing.T) {
	name := signtest.DN("C=DE", "O=Test", "CN=leaf")
	for _, c := range []struct {
		name string
		base signtest.Name
		want bool
	}{
		{"nothing", nil, true},
		{"first part", signtest.DN("C=DE"), true},
		{"two parts", signtest.DN("C=DE", "O=Test"), true},
		{"all", name, true},
		{"more than all", append(signtest.DN("C=DE", "O=Test", "CN=leaf"), signtest.DN("OU=x")...), false},
		{"another", signtest.DN("C=FR"), false},
		{"another order", signtest.DN("O=Test", "C=DE"), false},
		{"another string type", signtest.DN("C=DE").As(signtest.TagUTF8String), false},
	} {
		if got := within(name.DER(), c.base.DER()); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if within(name.DER(), []byte{0x30, 3, 1, 2}) || within(name.DER(), signtest.Sequence([]byte{0x31})) || within(nil, nil) {
		t.Error("damaged names permit")
	}
}

// FuzzNameConstraints: no value panics, and one that cannot be read refuses
// every chain.
func FuzzNameConstraints(f *testing.F) {
	for _, v := range [][]byte{
		nil, permit(4, signtest.DN("O=Test").DER()), permit(2, []byte("example.com")),
		exclude(4, signtest.DN("O=Test").DER()), signtest.Sequence(), signtest.Null(),
	} {
		f.Add(v)
	}
	leaf := &cert.Certificate{RawSubject: signtest.DN("O=Test", "CN=leaf").DER(), RawIssuer: signtest.DN("O=Test", "CN=ca").DER()}
	f.Fuzz(func(t *testing.T, value []byte) {
		permitted, limited, ok := permittedNames(value)
		issuer := &cert.Certificate{Extensions: []cert.Extension{{OID: oidNameConstraints, Critical: true, Value: value}}}
		ps := judgeNames(issuer, []*cert.Certificate{leaf})
		if !ok && len(ps) == 0 {
			t.Error("unreadable constraints permit")
		}
		if limited != (len(permitted) > 0) {
			t.Error("limited to nothing")
		}
	})
}
