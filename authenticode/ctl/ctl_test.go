package ctl_test

import (
	"bytes"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/ctl"
)

func TestParseReadsEveryField(t *testing.T) {
	l, err := ctl.Parse(full().bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(l.Usage, " "), "1.3.6.1.4.1.311.12.1.1"; got != want {
		t.Errorf("usage %s, want %s", got, want)
	}
	if string(l.ListIdentifier) != "0123456789abcdef" {
		t.Errorf("list identifier %q", l.ListIdentifier)
	}
	if l.SequenceNumber == nil || l.SequenceNumber.Cmp(big.NewInt(0x1401dcd1efa35b)) != 0 {
		t.Errorf("sequence number %v", l.SequenceNumber)
	}
	if !l.ThisUpdate.Equal(made) || !l.NextUpdate.Equal(next) {
		t.Errorf("updates %v and %v, want %v and %v", l.ThisUpdate, l.NextUpdate, made, next)
	}
	if got, want := l.SubjectAlgorithm, "1.3.6.1.4.1.311.12.1.3"; got != want {
		t.Errorf("subject algorithm %s, want %s", got, want)
	}
	if l.Ordered != nil {
		t.Errorf("ordered: %v", l.Ordered)
	}
	var tags []string
	for _, e := range l.Entries {
		tags = append(tags, string(e.Tag))
	}
	if got, want := strings.Join(tags, ", "), "tag one, tag two, tag three"; got != want {
		t.Errorf("tags %s, want %s", got, want)
	}
	if l.Entries[0].RawAttributes == nil || l.Entries[1].RawAttributes != nil {
		t.Error("entry without a SET has attributes, or the one with a SET has none")
	}
	if len(l.Extensions) != 2 || l.Extensions[0].Critical || !l.Extensions[1].Critical ||
		l.Extensions[0].OID != "1.3.6.1.4.1.311.12.2.1" || string(l.Extensions[1].Value) != "second" {
		t.Errorf("extensions %+v", l.Extensions)
	}
}

func TestParseMinimalListHasNothingOptional(t *testing.T) {
	l, err := ctl.Parse(minimal().bytes())
	if err != nil {
		t.Fatal(err)
	}
	if l.ListIdentifier != nil || l.SequenceNumber != nil || !l.NextUpdate.IsZero() || l.Entries != nil || l.Extensions != nil {
		t.Errorf("optional fields of %+v are not empty", l)
	}
}

func TestAttributesYieldsTypesAndValuesInOrder(t *testing.T) {
	l, err := ctl.Parse(full().bytes())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for oid, values := range l.Entries[0].Attributes() {
		got = append(got, oid.String())
		for !values.Empty() {
			var v cryptobyte.String
			var tag asn1.Tag
			if !values.ReadAnyASN1(&v, &tag) {
				t.Fatal("value of a parsed list is malformed")
			}
			got = append(got, string(v))
		}
	}
	want := "1.3.6.1.4.1.311.12.2.3||1.3.6.1.4.1.311.12.2.1|a|b"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got %s, want %s", s, want)
	}
	for range l.Entries[0].Attributes() {
		break // must not go on after the loop has ended
	}
	for range (ctl.Entry{RawAttributes: []byte{0x30, 0x05, 0x06}}).Attributes() {
		t.Error("attribute of a malformed entry was yielded")
	}
}

func TestAuthrootLikeList(t *testing.T) {
	l, err := ctl.Parse(trustList())
	if err != nil {
		t.Fatal(err)
	}
	if l.Usage[0] != "1.3.6.1.4.1.311.10.3.9" || l.SubjectAlgorithm != "1.3.14.3.2.26" {
		t.Errorf("usage %s, algorithm %s", l.Usage, l.SubjectAlgorithm)
	}
	if l.Ordered != nil {
		t.Errorf("ordered: %v", l.Ordered)
	}
	if got := l.SequenceNumber.Text(16); got != "1401dcd1efa35b4a5b" {
		t.Errorf("sequence number %s", got)
	}
	properties := make(map[string]string)
	for _, e := range l.Entries {
		for oid, values := range e.Attributes() {
			var v cryptobyte.String
			if !values.ReadASN1(&v, asn1.OCTET_STRING) || !values.Empty() {
				t.Fatalf("property %s is not one OCTET STRING", oid)
			}
			properties[string(e.Tag)+" "+oid.String()] = string(v)
		}
	}
	if len(properties) != 6 {
		t.Errorf("%d properties, want 6", len(properties))
	}
	if v, ok := properties["sha-1 of second root 1.3.6.1.4.1.311.10.11.104"]; !ok || v != "" {
		t.Errorf("empty Disable property: %q, %v", v, ok)
	}
}

func TestOrder(t *testing.T) {
	low, high := attribute(info2, []byte{0x80, 0}), attribute(nameValue, octets([]byte("longer")))
	short, long := octets([]byte("a")), octets([]byte("aa"))
	for _, test := range []struct {
		name       string
		attributes [][]byte
		want       string // how the error starts; "" for none
	}{
		{"ascending", [][]byte{low, high}, ""},
		{"equal", [][]byte{low, low}, ""},
		{"none", nil, ""},
		{"attributes descending", [][]byte{high, low}, "attribute is out of DER order"},
		{"values ascending", [][]byte{attribute(nameValue, short, long)}, ""},
		{"values descending", [][]byte{attribute(nameValue, long, short)}, "attribute value is out of DER order"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := minimal()
			f.subjects = seq(subject([]byte("first")), subject([]byte("tag"), test.attributes...))
			content := f.bytes()
			l, err := ctl.Parse(content)
			if err != nil {
				t.Fatal(err)
			}
			if test.want == "" {
				if l.Ordered != nil {
					t.Fatalf("ordered list: %v", l.Ordered)
				}
				return
			}
			var format *ctl.FormatError
			if !errors.As(l.Ordered, &format) || !errors.Is(l.Ordered, ctl.ErrOrder) || !strings.Contains(l.Ordered.Error(), test.want) {
				t.Fatalf("got %v, want %q", l.Ordered, test.want)
			}
			offender := low
			if strings.HasPrefix(test.name, "values") {
				offender = short
			}
			if !bytes.HasPrefix(content[format.Offset:], offender) {
				t.Errorf("offset %d is not where the offender starts", format.Offset)
			}
		})
	}
}

func TestOrderNamesTheFirstOffender(t *testing.T) {
	high, low := attribute(nameValue, octets([]byte("x"))), attribute(info2, []byte{0x80, 0})
	f := minimal()
	f.subjects = seq(subject([]byte("one"), high, low), subject([]byte("two"), high, low))
	content := f.bytes()
	l, err := ctl.Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	var format *ctl.FormatError
	if !errors.As(l.Ordered, &format) {
		t.Fatalf("got %v, want a FormatError", l.Ordered)
	}
	if want := bytes.Index(content, low); format.Offset != want {
		t.Errorf("offset %d, want %d", format.Offset, want)
	}
}

func TestMalformedLists(t *testing.T) {
	change := func(f func(*fields)) []byte {
		list := full()
		f(&list)
		return list.bytes()
	}
	bad := []byte{0x30, 0x05, 0x01} // claims more than there is
	subjects := func(s ...[]byte) []byte {
		return change(func(f *fields) { f.subjects = seq(s...) })
	}
	for _, test := range []struct {
		name    string
		content []byte
		field   string
		err     error
	}{
		{"empty", nil, "subjectUsage", ctl.ErrMalformed},
		{"version 2", change(func(f *fields) { f.version = integer(1) }), "version", ctl.ErrVersion},
		{"version beyond 64 bits", change(func(f *fields) { f.version = der(asn1.INTEGER, make([]byte, 9)) }), "version", ctl.ErrMalformed},
		{"usage is a SET", change(func(f *fields) { f.usage = set() }), "subjectUsage", ctl.ErrMalformed},
		{"usage holds a string", change(func(f *fields) { f.usage = seq(octets(nil)) }), "subjectUsage", ctl.ErrMalformed},
		{"usage identifier cut off", change(func(f *fields) { f.usage = seq(der(asn1.OBJECT_IDENTIFIER, []byte{0x2b, 0x86})) }), "subjectUsage", ctl.ErrMalformed},
		{"too many usages", change(func(f *fields) { f.usage = seq(bytes.Repeat(oid(1, 2), ctl.MaxUsages+1)) }), "subjectUsage", ctl.ErrTooManyUsages},
		{"identifier constructed", change(func(f *fields) { f.identifier = der(0x24, octets(nil)) }), "ctlThisUpdate", ctl.ErrMalformed},
		{"sequence number too large", change(func(f *fields) { f.sequence = der(asn1.INTEGER, bytes.Repeat([]byte{1}, ctl.MaxIntegerSize+1)) }), "sequenceNumber", ctl.ErrIntegerTooLarge},
		{"sequence number empty", change(func(f *fields) { f.sequence = der(asn1.INTEGER) }), "sequenceNumber", ctl.ErrMalformed},
		{"no time", change(func(f *fields) { f.this, f.next = nil, nil }), "ctlThisUpdate", ctl.ErrMalformed},
		{"time of thirteen months", change(func(f *fields) { f.this = der(asn1.UTCTime, []byte("231308195900Z")) }), "ctlThisUpdate", ctl.ErrMalformed},
		{"next time is no time", change(func(f *fields) { f.next = der(asn1.GeneralizedTime, []byte("soon")) }), "ctlNextUpdate", ctl.ErrMalformed},
		{"no algorithm", change(func(f *fields) { f.algorithm, f.subjects = nil, nil }), "subjectAlgorithm", ctl.ErrMalformed},
		{"algorithm with two parameters", change(func(f *fields) { f.algorithm = seq(oid(1, 2), []byte{5, 0}, []byte{5, 0}) }), "subjectAlgorithm", ctl.ErrMalformed},
		{"algorithm without identifier", change(func(f *fields) { f.algorithm = seq() }), "subjectAlgorithm", ctl.ErrMalformed},
		{"subject without tag", subjects(seq()), "subjectIdentifier", ctl.ErrMalformed},
		{"subject is a SET", subjects(set(octets(nil))), "trustedSubjects", ctl.ErrMalformed},
		{"subject cut off", subjects(bad), "trustedSubjects", ctl.ErrMalformed},
		{"subject with a second SET", subjects(seq(octets(nil), set(), set())), "subjectAttributes", ctl.ErrMalformed},
		{"attributes are a SEQUENCE", subjects(seq(octets(nil), seq())), "subjectAttributes", ctl.ErrMalformed},
		{"attribute is a SET", subjects(subject(nil, set())), "subjectAttributes", ctl.ErrMalformed},
		{"attribute without type", subjects(subject(nil, seq(set()))), "attribute type", ctl.ErrMalformed},
		{"attribute without values", subjects(subject(nil, seq(nameValue))), "attribute values", ctl.ErrMalformed},
		{"attribute with a third part", subjects(subject(nil, seq(nameValue, set(), set()))), "attribute values", ctl.ErrMalformed},
		{"attribute value cut off", subjects(subject(nil, seq(nameValue, set(bad)))), "attribute value", ctl.ErrMalformed},
		{"too many attributes", subjects(subject(nil, bytes.Repeat(attribute(nameValue), ctl.MaxAttributes+1))), "subjectAttributes", ctl.ErrTooManyAttributes},
		{"too many subjects", subjects(bytes.Repeat(seq(octets(nil)), ctl.MaxEntries+1)), "trustedSubjects", ctl.ErrTooManyEntries},
		{"extensions not in a SEQUENCE", change(func(f *fields) { f.extensions = der(0xa0, set()) }), "ctlExtensions", ctl.ErrMalformed},
		{"extension with a false boolean", change(func(f *fields) {
			f.extensions = der(0xa0, seq(seq(oid(1, 2), der(asn1.BOOLEAN, []byte{7}), octets(nil))))
		}), "ctlExtensions", ctl.ErrMalformed},
		{"extension without value", change(func(f *fields) { f.extensions = der(0xa0, seq(seq(oid(1, 2)))) }), "ctlExtensions", ctl.ErrMalformed},
		{"two lists of extensions", change(func(f *fields) { f.extensions = der(0xa0, seq(), seq()) }), "ctlExtensions", ctl.ErrMalformed},
		{"too many extensions", change(func(f *fields) {
			f.extensions = der(0xa0, seq(bytes.Repeat(seq(oid(1, 2), octets(nil)), ctl.MaxExtensions+1)))
		}), "ctlExtensions", ctl.ErrTooManyExtensions},
		{"something after the end", change(func(f *fields) { f.rest = []byte{5, 0} }), "the list", ctl.ErrTrailing},
		{"indefinite length", append([]byte{0x30, 0x80}, append(full().bytes(), 0, 0)...), "subjectUsage", ctl.ErrMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, err := ctl.Parse(test.content)
			if l != nil {
				t.Error("list is not nil")
			}
			var format *ctl.FormatError
			if !errors.As(err, &format) || !errors.Is(err, test.err) {
				t.Fatalf("got %v, want %v", err, test.err)
			}
			if format.Field != test.field {
				t.Errorf("field %s, want %s (%v)", format.Field, test.field, err)
			}
			if format.Offset < 0 || format.Offset > len(test.content) {
				t.Errorf("offset %d lies outside of the %d octets", format.Offset, len(test.content))
			}
		})
	}
}

func TestTooLargeListIsRefusedUnread(t *testing.T) {
	if _, err := ctl.Parse(make([]byte, ctl.MaxSize+1)); !errors.Is(err, ctl.ErrTooLarge) {
		t.Fatalf("got %v, want %v", err, ctl.ErrTooLarge)
	}
}

// Every prefix of a list is an error: no field may be read past its end, and
// no list be taken for whole that was cut short within a field.
func TestTruncatedLists(t *testing.T) {
	whole := full()
	content := whole.bytes()
	whole.extensions = nil
	ends := map[int]bool{len(whole.bytes()): true} // optional fields may be absent
	whole.subjects = nil
	ends[len(whole.bytes())] = true
	for n := range content {
		l, err := ctl.Parse(content[:n:n])
		if (err == nil) != ends[n] || (l == nil) != (err != nil) {
			t.Errorf("first %d of %d octets: list %v, error %v", n, len(content), l != nil, err)
		}
	}
}

// The offset of an error is right as well when the content is a part of a
// larger buffer, as it is in a catalog.
func TestOffsetsCountFromTheContent(t *testing.T) {
	content := full().bytes()
	f := full()
	f.subjects = seq(seq(octets([]byte("good"))), seq(octets([]byte("bad")), seq()))
	bad := f.bytes()
	want := bytes.Index(bad, seq()) // subjectAttributes of the wrong type
	for _, around := range []int{0, 1, 4000} {
		buffer := join(make([]byte, around), bad, content)
		_, err := ctl.Parse(buffer[around : around+len(bad)])
		var format *ctl.FormatError
		if !errors.As(err, &format) {
			t.Fatalf("got %v, want a FormatError", err)
		}
		if start := format.Offset; start > want || want-start > 20 {
			t.Errorf("offset %d, want one in the subject before %d", start, want)
		}
	}
}

func TestEveryErrorHasText(t *testing.T) {
	for _, err := range []error{
		ctl.ErrMalformed, ctl.ErrTrailing, ctl.ErrVersion, ctl.ErrOrder, ctl.ErrTooLarge, ctl.ErrTooManyEntries,
		ctl.ErrTooManyAttributes, ctl.ErrTooManyExtensions, ctl.ErrTooManyUsages, ctl.ErrIntegerTooLarge,
	} {
		e := &ctl.FormatError{Offset: 7, Field: "version", Err: err}
		if text := e.Error(); !strings.HasPrefix(text, "offset 7: version ") || strings.HasSuffix(text, ".") || !errors.Is(e, err) {
			t.Errorf("%q", text)
		}
	}
}

func TestOIDString(t *testing.T) {
	for _, test := range []struct {
		octets string
		want   string
	}{
		{"\x2b\x06\x01\x04\x01\x82\x37\x0c\x02\x01", "1.3.6.1.4.1.311.12.2.1"},
		{"\x60\x86\x48\x01\x65\x03\x04\x02\x01", "2.16.840.1.101.3.4.2.1"},
		{"\x00", "0.0"},
		{"\x27", "0.39"},
		{"\x28", "1.0"},
		{"\x4f", "1.39"},
		{"\x50", "2.0"},
		{"\x88\x37", "2.999"},
		{"\x2a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "1.2.9223372036854775807"},
		{"\x2a\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00", ""}, // one more than that
		{"", ""},
		{"\x2a\x80\x01", ""}, // not the shortest form
		{"\x2a\x86", ""},     // cut off
		{"\x2a" + strings.Repeat("\x01", 64), ""},
	} {
		if got := ctl.OID(test.octets).String(); got != test.want {
			t.Errorf("%x: got %q, want %q", test.octets, got, test.want)
		}
	}
}

func TestTimesAreUTC(t *testing.T) {
	l, err := ctl.Parse(full().bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []time.Time{l.ThisUpdate, l.NextUpdate} {
		if _, offset := got.Zone(); offset != 0 {
			t.Errorf("%v is not in UTC", got)
		}
	}
}
