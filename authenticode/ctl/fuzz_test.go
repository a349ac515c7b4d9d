package ctl_test

import (
	"bytes"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/ctl"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(minimal().bytes())
	f.Add(full().bytes())
	f.Add(trustList())
	unordered := full()
	unordered.subjects = seq(subject([]byte("tag"), attribute(nameValue, octets(nil)), attribute(info2)))
	f.Add(unordered.bytes())

	f.Fuzz(func(t *testing.T, content []byte) {
		before := bytes.Clone(content)
		l, err := ctl.Parse(content)
		if !bytes.Equal(before, content) {
			t.Fatal("input was changed")
		}
		if err != nil {
			if l != nil {
				t.Fatal("list beside an error")
			}
			_ = err.Error()
			return
		}
		if l.ThisUpdate.IsZero() && l.SubjectAlgorithm == "" {
			t.Fatal("list without required fields")
		}
		for _, e := range l.Entries {
			size := 0
			for oid, values := range e.Attributes() {
				if oid.String() == "" {
					t.Fatalf("attribute type %x is not well-formed", []byte(oid))
				}
				size += len(oid) + len(values)
				for !values.Empty() {
					var v cryptobyte.String
					var tag asn1.Tag
					if !values.ReadAnyASN1(&v, &tag) {
						t.Fatal("attribute value is malformed")
					}
				}
			}
			// Attributes went through all of the SET: nothing was skipped.
			if len(e.RawAttributes) > 0 && size == 0 {
				t.Fatal("attributes were not yielded")
			}
		}
	})
}
