package trust

import (
	"testing"

	"prestage/authenticode/signtest"
	"prestage/trust/roots"
)

// BenchmarkVerify judges an ordinary signature with a time stamp: "again" with
// the links remembered, as for the second file of a package, "first" without.
func BenchmarkVerify(b *testing.B) {
	f := newFamily(b)
	ordinary(nil)(f)
	tsa := signtest.TimeStamping(nil)
	sig := signature(f.get("leaf", "ca"), stampAt(b, date("2026-03-02"), tsa))
	o := Options{At: signtest.Now(), Purpose: CodeSigning}
	store := func() *Store {
		s := DefaultStore()
		s.AddRoot(f.get("root")[0], "bench")
		s.AddRoot(parse(b, tsa.Root), "bench")
		return s
	}
	check := func(b *testing.B, s *Store) {
		if v := Verify(sig, s, o); !v.Trusted {
			b.Fatal(v.Problems)
		}
	}
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		s := store()
		for b.Loop() {
			check(b, s)
		}
	})
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			s := store()
			b.StartTimer()
			check(b, s)
		}
	})
}

// BenchmarkStuffed judges a signature with ten thousand certificates that name
// the issuer and did not sign.
func BenchmarkStuffed(b *testing.B) {
	f := newFamily(b)
	ordinary(nil)(f)
	certs := stuffed(f, 10000)
	o := Options{At: signtest.Now(), Purpose: CodeSigning}
	for _, c := range []struct {
		name    string
		carried int
		trusted bool
	}{{"issuer among them", len(certs), true}, {"issuer missing", len(certs) - 1, false}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			sig := signature(certs[:c.carried])
			for b.Loop() {
				s := NewStore()
				s.AddRoot(f.get("root")[0], "bench")
				if v := Verify(sig, s, o); v.Trusted != c.trusted {
					b.Fatal(v.Problems)
				}
			}
		})
	}
}

// BenchmarkDefaultStore makes the stores and finds one anchor in them, which
// must cost less than reading five certificates; "parse-all" is what loading
// them all would cost.
func BenchmarkDefaultStore(b *testing.B) {
	subject := roots.All()[3].RawSubject()
	b.Run("one anchor", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if len(DefaultStore().anchorsNamed(subject)) == 0 {
				b.Fatal("not found")
			}
		}
	})
	b.Run("parse-all", func(b *testing.B) {
		b.ReportAllocs()
		var der []byte
		for _, r := range roots.All() {
			der = append(der, r.DER()...)
		}
		b.SetBytes(int64(len(der)))
		for b.Loop() {
			if _, err := ReadStore("all", der); err != nil {
				b.Fatal(err)
			}
		}
	})
}
