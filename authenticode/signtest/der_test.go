package signtest

import (
	"bytes"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"
)

// panics reports what f panicked with; the test fails when it did not.
func panics(t *testing.T, f func()) (value any) {
	t.Helper()
	defer func() {
		if value = recover(); value == nil {
			t.Error("no panic")
		}
	}()
	f()
	return nil
}

func TestOIDAgreesWithStandardLibrary(t *testing.T) {
	for _, dotted := range []string{OIDCTL, OIDSHA256, EKUWHQLAttested, "2.999.1", "0.9.2342.19200300.100.1.25", "1.3.6.1.4.1.311.61.4.1", "2.5.29.37.0"} {
		var id asn1.ObjectIdentifier
		if rest, err := asn1.Unmarshal(OID(dotted), &id); err != nil || len(rest) != 0 || id.String() != dotted {
			t.Errorf("OID(%s) reads as %v, %v", dotted, id, err)
		}
	}
	for _, bad := range []string{"", "1", "1.40", "3.1", "1.2.x", "1..2", "1.2.-3"} {
		panics(t, func() { OID(bad) })
	}
}

func TestBigIntegerIsShortest(t *testing.T) {
	for _, n := range []int64{0, 1, 127, 128, 255, 256, -1, -127, -128, -129, -32768} {
		want, err := asn1.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		if got := BigInteger(big.NewInt(n)); !bytes.Equal(got, want) {
			t.Errorf("BigInteger(%d) = %x, want %x", n, got, want)
		}
	}
}

func TestTimeChoosesForm(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{Date(2049, 12, 31), "\x17\x0d491231000000Z"},
		{Date(2050, 1, 1), "\x18\x0f20500101000000Z"},
		{Date(1949, 12, 31), "\x18\x0f19491231000000Z"},
		{time.Date(2026, 3, 2, 11, 0, 0, 0, time.FixedZone("", 3600)), "\x17\x0d260302100000Z"},
	} {
		if got := Time(c.at); string(got) != c.want {
			t.Errorf("Time(%v) = %q, want %q", c.at, got, c.want)
		}
	}
}

func TestSetOfIsOrdered(t *testing.T) {
	a, b, c := OctetString([]byte{1}), OctetString([]byte{1, 2}), Integer(5)
	want := slices.Concat([]byte{TagSet, 10}, c, a, b)
	if got := SetOf(b, a, c); !bytes.Equal(got, want) {
		t.Errorf("SetOf = %x, want %x", got, want)
	}
	if got := setOf(TagSet, "set", true, [][]byte{a, b, c}); !bytes.Equal(got, slices.Concat([]byte{TagSet, 10}, b, a, c)) {
		t.Errorf("disordered set = %x", got)
	}
}

func TestNothingToDisorderPanics(t *testing.T) {
	panics(t, func() { setOf(TagSet, "set", true, [][]byte{Null()}) })
	panics(t, func() { setOf(TagSet, "set", true, [][]byte{Null(), Null()}) })
	panics(t, func() { Catalog{Disorder: DisorderMemberAttributes}.Unsigned() })
	panics(t, func() {
		Catalog{Members: []Member{{Data: []byte("x")}}, Disorder: DisorderSignerInfos}.Sign(Commercial(nil).Signer())
	})
}

func TestStrings(t *testing.T) {
	if got := BMPString("Aü"); string(got) != "\x1e\x04\x00A\x00\xfc" {
		t.Errorf("BMPString = %q", got)
	}
	if got := UTF16("A\U0001F600"); string(got) != "A\x00\x3d\xd8\x00\xde\x00\x00" {
		t.Errorf("UTF16 = %q", got)
	}
	long := TLV(TagOctetString, make([]byte, 70000))
	if !bytes.HasPrefix(long, []byte{0x04, 0x83, 0x01, 0x11, 0x70}) {
		t.Errorf("long form length: %x", long[:6])
	}
}
