package catalog_test

import (
	"fmt"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode"
	"prestage/authenticode/signtest"
	"prestage/catalog"
)

// The budget for Parse is five times BenchmarkWalk: visiting every element of
// the same bytes without keeping or comparing anything.

const benchmarkMembers = 50000

var benchmarkCatalogs = make(map[int][]byte)

func benchmarkCatalog(b *testing.B, version int) []byte {
	b.Helper()
	if benchmarkCatalogs[version] == nil {
		benchmarkCatalogs[version] = bigCatalog(version, benchmarkMembers)
	}
	file := benchmarkCatalogs[version]
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	b.ResetTimer()
	return file
}

func walk(s cryptobyte.String) (elements int, ok bool) {
	for !s.Empty() {
		var body cryptobyte.String
		var tag asn1.Tag
		if !s.ReadAnyASN1(&body, &tag) {
			return 0, false
		}
		elements++
		if tag&0x20 == 0 {
			continue
		}
		inner, ok := walk(body)
		if !ok {
			return 0, false
		}
		elements += inner
	}
	return elements, true
}

func eachVersion(b *testing.B, f func(b *testing.B, version int)) {
	for version := 1; version <= 2; version++ {
		b.Run(fmt.Sprintf("v%d", version), func(b *testing.B) { f(b, version) })
	}
}

func BenchmarkWalk(b *testing.B) {
	eachVersion(b, func(b *testing.B, version int) {
		file := benchmarkCatalog(b, version)
		for b.Loop() {
			if _, ok := walk(file); !ok {
				b.Fatal("catalog is malformed")
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	eachVersion(b, func(b *testing.B, version int) {
		file := benchmarkCatalog(b, version)
		for b.Loop() {
			c, err := catalog.Parse(file)
			if err != nil || len(c.Members) != benchmarkMembers {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkParseSigned adds what every real catalog needs besides: hashing the
// list and verifying the signature.
func BenchmarkParseSigned(b *testing.B) {
	eachVersion(b, func(b *testing.B, version int) {
		message := signtest.SignedData{
			ContentType: authenticode.OIDCertTrustList,
			Content:     bigList(version, benchmarkMembers).content(),
			Signers:     []signtest.Signer{signtest.Commercial(nil).Signer()},
		}
		file := message.Encode()
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			c, err := catalog.Parse(file)
			if err != nil || c.Signature.Problem != nil {
				b.Fatal(err, c.Signature.Problem)
			}
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	c, err := catalog.Parse(bigCatalog(2, 1000))
	if err != nil {
		b.Fatal(err)
	}
	sum := sum256("driver000007.sys")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := c.Lookup(sum); !ok {
			b.Fatal("member is missing")
		}
	}
}
