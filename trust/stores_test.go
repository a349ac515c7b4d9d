package trust

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/trust/roots"
)

func TestZeroKindsAreUnknown(t *testing.T) {
	var i ItemKind
	var l ListKind
	var r Role
	if i != UnknownItem || i.String() != "unknown" || l != UnknownList || l.String() != "unknown" || l.Role() != UnknownRole || r != UnknownRole || r.String() != "unknown" {
		t.Error("a zero value says something")
	}
	if ItemKind(99).String() != "unknown" || ListKind(-1).String() != "unknown" || Role(99).String() != "unknown" {
		t.Error("a value out of range has a name")
	}
	names := map[string]bool{}
	for r := UnknownRole; r <= FlightRoots; r++ {
		names[r.String()] = true
	}
	if len(names) != int(FlightRoots)+1 {
		t.Errorf("names %v", names)
	}
}

// element is a certificate with properties, as a store holds it.
func element(c *signtest.Certificate, properties ...signtest.Property) signtest.StoreElement {
	return signtest.StoreElement{Raw: c.Raw, Properties: properties}
}

func property(id uint32, value []byte) signtest.Property {
	return signtest.Property{ID: id, Value: value}
}

// dates of the tables.
var may = signtest.Date(2026, 5, 1)

// TestSerialized: what is wrong is named with offset and record, and damaged
// records fail the whole.
func TestSerialized(t *testing.T) {
	h := signtest.Commercial(nil)
	root, ca := element(h.Root), element(h.CA)
	good := signtest.SerializedStore(root, ca)
	second := len("\x00\x00\x00\x00CERT") + len(root.Groups())
	edit := func(change func(b []byte) []byte) []byte { return change(bytes.Clone(good)) }
	put := func(at int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { binary.LittleEndian.PutUint32(b[at:], v); return b }
	}
	huge := make([]signtest.Property, maxProperties+1)
	for i := range huge {
		huge[i] = property(uint32(1000+i), nil)
	}
	for _, c := range []struct {
		name  string
		data  []byte
		items int
		err   error
		text  string
	}{
		{"two certificates", good, 2, nil, ""},
		{"empty store", signtest.SerializedStore(), 0, nil, ""},
		{"certificate without properties", signtest.SerializedStore(signtest.StoreElement{Raw: h.Root.Raw, NoHash: true}), 1, nil, ""},
		{"CRL", signtest.SerializedStore(signtest.StoreElement{Raw: signtest.Sequence(), Kind: signtest.ElementRevocationList}), 1, nil, ""},
		{"CTL of another kind", signtest.SerializedStore(signtest.StoreElement{Raw: signtest.Sequence(), Kind: signtest.ElementTrustList}), 1, nil, ""},
		{"both encodings", edit(put(12, encodingX509|encodingPKCS7)), 2, nil, ""},

		{"no end", good[:len(good)-12], 0, ErrSerialized, fmt.Sprintf("offset %d: record 3", len(good)-12)},
		{"half an end", good[:len(good)-6], 0, ErrGroup, "record 3"},
		{"bytes behind the end", append(bytes.Clone(good), 0), 0, ErrSerialized, "1 bytes behind"},
		{"header only", []byte(sstMagic), 0, ErrSerialized, "offset 8: record 1"},
		{"cut off in a certificate", good[:second+100], 0, ErrGroup, fmt.Sprintf("offset %d: record 2", second+12+20)},
		{"cut off in a header", good[:second+5], 0, ErrGroup, "header of 12"},
		{"another encoding", edit(put(second+4, 2)), 0, ErrGroup, "encoding 0x2"},
		{"number 0 that is no end", edit(put(second, 0)), 0, ErrGroup, "number 0x0"},
		{"number beyond all", edit(put(second, 0x10000)), 0, ErrGroup, "number 0x10000"},
		{"length beyond the file", edit(put(second+8, 0xffffffff)), 0, ErrGroup, "wants 4294967295 bytes"},
		{"properties without a certificate", good[:second+12+20], 0, ErrNoElement, "record 2"},
		{"too many properties", signtest.SerializedStore(element(h.Root, huge...)), 0, ErrTooManyProperties, "record 1"},
		{"garbage for a certificate", signtest.SerializedStore(root, signtest.StoreElement{Raw: []byte("garbage")}), 0, cert.ErrSyntax, fmt.Sprintf("offset %d: record 2: certificate", second)},
		{"empty certificate", signtest.SerializedStore(signtest.StoreElement{}), 0, cert.ErrSyntax, "record 1"},
		{"an element too many in a certificate", signtest.SerializedStore(signtest.StoreElement{Raw: signtest.Sequence(h.Root.RawTBS, signtest.Sequence(), signtest.BitString(nil), signtest.Null())}), 0, cert.ErrSyntax, "record 1: certificate: signature"},
		{"a byte behind a certificate", signtest.SerializedStore(signtest.StoreElement{Raw: append(bytes.Clone(h.Root.Raw), 0)}), 0, cert.ErrSyntax, "record 1"},
		{"date of 7 bytes", signtest.SerializedStore(element(h.Root, property(104, make([]byte, 7)))), 0, ErrProperty, "property 104 (disabled from) of 7 bytes"},
		{"usages that are none", signtest.SerializedStore(element(h.Root, property(9, []byte{0x30, 1, 5}))), 0, ErrProperty, "property 9"},
		{"usages of a date", signtest.SerializedStore(element(h.Root, property(127, signtest.FileTime(may)))), 0, ErrProperty, "property 127"},
		{"two dates", signtest.SerializedStore(element(h.Root, property(104, nil), property(104, signtest.FileTime(may)))), 0, ErrProperty, "is there twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadContents("x.sst", c.data, ReadOptions{})
			if !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if c.err != nil {
				if got != nil || !strings.HasPrefix(err.Error(), "x.sst: offset ") || !strings.Contains(err.Error(), c.text) {
					t.Errorf("contents %v with %q, want %q", got, err, c.text)
				}
				return
			}
			if len(got.Items) != c.items || got.Format != "serialized store" {
				t.Errorf("%d items, format %s", len(got.Items), got.Format)
			}
		})
	}
}

// TestSkipBad: damaged records are passed over only when that is asked for,
// and then with a warning each.
func TestSkipBad(t *testing.T) {
	h := signtest.Commercial(nil)
	bad := signtest.StoreElement{Raw: []byte("garbage")}
	for _, c := range []struct {
		name     string
		data     []byte
		items    int
		warnings int
	}{
		{"serialized store", signtest.SerializedStore(element(h.Root), bad, element(h.CA)), 2, 1},
		{"serialized store cut off", signtest.SerializedStore(element(h.Root), element(h.CA))[:len(h.Root.Raw)+200], 1, 1},
		{"PEM", slices.Concat(h.Root.PEM(), []byte("-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"), h.CA.PEM()), 2, 1},
		{"bundle", signtest.Bundle([][]byte{h.Root.Raw, signtest.Sequence()}, nil), 1, 1},
		{"registry", signtest.RegistryExport(signtest.RegistryStore{Name: "ROOT", Elements: []signtest.StoreElement{bad, element(h.Root)}}), 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := ReadContents("x", c.data, ReadOptions{}); err == nil || got != nil {
				t.Error("taken without the option")
			}
			got, err := ReadContents("x", c.data, ReadOptions{SkipBad: true})
			must(t, err)
			if len(got.Items) != c.items || len(got.Warnings) != c.warnings || !strings.Contains(got.Warnings[0], "passed over") {
				t.Errorf("%d items, warnings %q", len(got.Items), got.Warnings)
			}
			s := NewStore()
			path := filepath.Join(t.TempDir(), "x")
			must(t, os.WriteFile(path, c.data, 0o666))
			must(t, s.Load(Root, path, ReadOptions{SkipBad: true}))
			if len(s.Warnings()) < c.warnings {
				t.Errorf("warnings %q", s.Warnings())
			}
		})
	}
	many := slices.Repeat([]signtest.StoreElement{bad}, maxWarnings+5)
	got, err := ReadContents("x", signtest.SerializedStore(many...), ReadOptions{SkipBad: true})
	must(t, err)
	if len(got.Warnings) != maxWarnings+1 || !strings.Contains(got.Warnings[maxWarnings], "5 more") {
		t.Errorf("%d warnings, the last %q", len(got.Warnings), got.Warnings[len(got.Warnings)-1])
	}
}

// TestProperties: what a property means for an anchor, and at which time
// (trust-store reference 5.1).
func TestProperties(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	tsa := signtest.TimeStamping(nil)
	root := f.certs["root"]
	const code, stamp, server = OIDCodeSigning, OIDTimeStamping, signtest.EKUServerAuth
	date := signtest.FileTime
	for _, c := range []struct {
		name       string
		properties []signtest.Property
		stamped    string // a time stamp from then
		reason     Reason
	}{
		{"none", nil, "", UnknownReason},
		{"unknown ones", []signtest.Property{property(107, []byte{1}), property(15, nil)}, "", UnknownReason},

		{"usages with code signing", []signtest.Property{property(9, signtest.UsageList(code, stamp))}, "", UnknownReason},
		{"usages without", []signtest.Property{property(9, signtest.UsageList(server))}, "", RootPurpose},
		{"usages without, stamped", []signtest.Property{property(9, signtest.UsageList(server))}, "2026-03-02", RootPurpose},
		{"no usages at all", []signtest.Property{property(9, signtest.UsageList())}, "", RootPurpose},
		{"usages empty", []signtest.Property{property(9, nil)}, "", UnknownReason},
		{"code signing taken away", []signtest.Property{property(122, signtest.UsageList(code))}, "", RootPurpose},
		{"another usage taken away", []signtest.Property{property(122, signtest.UsageList(server))}, "", UnknownReason},

		{"disabled", []signtest.Property{property(104, date(may))}, "", RootDisabled},
		{"disabled, stamped before", []signtest.Property{property(104, date(may))}, "2026-04-30", UnknownReason},
		{"disabled, stamped after", []signtest.Property{property(104, date(may))}, "2026-05-02", RootDisabled},
		{"disabled in the future", []signtest.Property{property(104, date(may.AddDate(1, 0, 0)))}, "", UnknownReason},
		{"disabled taken back", []signtest.Property{property(104, nil)}, "", UnknownReason},

		{"issued before", []signtest.Property{property(126, date(may))}, "", UnknownReason},
		{"issued after", []signtest.Property{property(126, date(signtest.Date(2025, 1, 1)))}, "", RootNotBefore},
		{"issued after, for this usage", []signtest.Property{property(127, signtest.UsageList(code)), property(126, date(signtest.Date(2025, 1, 1)))}, "", RootNotBefore},
		{"issued after, for another usage", []signtest.Property{property(126, date(signtest.Date(2025, 1, 1))), property(127, signtest.UsageList(server))}, "", UnknownReason},
		{"issued after, all usages", []signtest.Property{property(126, date(signtest.Date(2025, 1, 1))), property(127, nil)}, "", RootNotBefore},
		{"not before taken back", []signtest.Property{property(126, nil), property(127, signtest.UsageList(code))}, "", UnknownReason},

		{"name constraints", []signtest.Property{property(84, []byte{0x30, 0})}, "", RootPurpose},
		{"disabled as authority", []signtest.Property{property(128, date(may))}, "2026-03-02", RootPurpose},
		{"name constraints empty", []signtest.Property{property(84, nil)}, "", UnknownReason},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "x.sst")
			must(t, os.WriteFile(path, signtest.SerializedStore(element(root, c.properties...)), 0o666))
			s := NewStore()
			must(t, s.LoadPath(Root, path))
			s.AddRoot(parse(t, tsa.Root), "test")
			sig := signature(f.get("leaf", "ca"))
			if c.stamped != "" {
				sig.Timestamps = append(sig.Timestamps, stampAt(t, dateOf(t, c.stamped), tsa))
			}
			v := Verify(sig, s, Options{At: signtest.Now(), Purpose: CodeSigning})
			if v.Trusted != (c.reason == UnknownReason) || !v.Trusted && v.Problems[0].Reason != c.reason {
				t.Errorf("trusted %v, problems %v", v.Trusted, v.Problems)
			}
			checkInvariants(t, v)
		})
	}
}

func dateOf(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, s)
	must(t, err)
	return at
}

// TestPropertyValues: dates and names at the edges.
func TestPropertyValues(t *testing.T) {
	for _, c := range []struct {
		name string
		v    []byte
		want string // empty: an error
	}{
		{"Windows' own example", signtest.FileTime(signtest.Date(2018, 1, 31)), "2018-01-31T00:00:00Z"},
		{"with nanoseconds", signtest.FileTime(time.Date(2018, 1, 31, 1, 2, 3, 400, time.UTC)), "2018-01-31T01:02:03.0000004Z"},
		{"zero", make([]byte, 8), ""},
		{"one unit", []byte{1, 0, 0, 0, 0, 0, 0, 0}, "1601-01-01T00:00:00.0000001Z"},
		{"for ever", bytes.Repeat([]byte{0xff}, 8), ""},
		{"seven bytes", make([]byte, 7), ""},
	} {
		got, err := filetime(c.v)
		if (err == nil) != (c.want != "") || err == nil && got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		if _, _, err := restrict([]Property{{PropDisabledAt, c.v}}); (err == nil) != (c.want != "") {
			t.Errorf("%s: restriction: %v", c.name, err)
		}
	}
	for name, v := range map[string][]byte{
		"empty identifier":  {0x30, 2, 6, 0},
		"identifier padded": {0x30, 4, 6, 2, 0x80, 1},
		"two lists":         {0x30, 0, 0x30, 0},
		"long form":         {0x30, 0x81, 0},
	} {
		if _, _, err := restrict([]Property{{PropUsages, v}}); !errors.Is(err, ErrProperty) {
			t.Errorf("%s: %v", name, err)
		}
	}
	name := []Property{{PropFriendlyName, signtest.UTF16("Ünïcode")}}
	if got := friendlyName(name); got != "Ünïcode" {
		t.Errorf("name %q", got)
	}
	if friendlyName(nil) != "" || friendlyName([]Property{{PropFriendlyName, []byte{65}}}) != "" {
		t.Error("a name out of nothing")
	}
	if (Property{ID: 107}).Name() != "property 107" || (Property{ID: 104}).Name() != "disabled from" {
		t.Error("names of properties")
	}
}

// TestBothRestrict: a root in Root and in AuthRoot is held to what either
// restricts, in whichever order they come.
func TestBothRestrict(t *testing.T) {
	root := parse(t, signtest.Commercial(nil).Root)
	a := Restrictions{EKUs: []string{"1.1", "1.2"}, DisabledAt: may, NotBefore: may, NotBeforeEKUs: []string{"1.1"}}
	b := Restrictions{EKUs: []string{"1.2", "1.3"}, DisallowedEKUs: []string{"1.4"}, DisabledAt: may.AddDate(0, 1, 0), NotBefore: may.AddDate(0, -1, 0), NotBeforeEKUs: []string{"1.2"}}
	for _, order := range [][2]Role{{Root, AuthRoot}, {AuthRoot, Root}} {
		s := NewStore()
		must(t, s.Add(order[0], Entry{Certificate: root, Restrictions: a}))
		must(t, s.Add(order[1], Entry{Certificate: root, Restrictions: b}))
		found := s.anchorsFor(root)
		if len(found) != 1 {
			t.Fatalf("%d anchors", len(found))
		}
		r := found[0].Restrictions
		if !slices.Equal(r.EKUs, []string{"1.2"}) || !slices.Equal(r.DisallowedEKUs, []string{"1.4"}) || !r.DisabledAt.Equal(may) || !r.NotBefore.Equal(may.AddDate(0, -1, 0)) || len(r.NotBeforeEKUs) != 2 {
			t.Errorf("%v: %+v", order, r)
		}
		if found[0].Kind != ProgramRoot {
			t.Errorf("kind %v", found[0].Kind)
		}
	}
	for _, c := range []struct{ a, b, want Restrictions }{
		{Restrictions{}, Restrictions{}, Restrictions{}},
		{a, Restrictions{}, a}, {Restrictions{}, a, a},
		{Restrictions{EKUs: []string{"1.1"}}, Restrictions{EKUs: []string{"1.2"}}, Restrictions{EKUs: []string{}}},
		{Restrictions{NotBefore: may}, Restrictions{NotBefore: may, NotBeforeEKUs: []string{"1.1"}}, Restrictions{NotBefore: may}},
	} {
		got := c.a.and(c.b)
		if fmt.Sprintf("%#v", got.EKUs) != fmt.Sprintf("%#v", c.want.EKUs) || !got.DisabledAt.Equal(c.want.DisabledAt) || !got.NotBefore.Equal(c.want.NotBefore) || !slices.Equal(got.NotBeforeEKUs, c.want.NotBeforeEKUs) {
			t.Errorf("%+v and %+v: %+v", c.a, c.b, got)
		}
	}
	// The last word counts within one store.
	s := NewStore()
	must(t, s.Add(Root, Entry{Certificate: root, Restrictions: a}))
	must(t, s.Add(Root, Entry{Certificate: root}))
	if found := s.anchorsFor(root); len(found) != 1 || found[0].Restrictions.EKUs != nil {
		t.Errorf("%+v", found)
	}
}

// TestBundle: PKCS #7 in its forms.
func TestBundle(t *testing.T) {
	h := signtest.Commercial(nil)
	der := signtest.Bundle([][]byte{h.Root.Raw, h.CA.Raw}, [][]byte{signtest.Sequence()})
	signed := signtest.SignedData{ContentType: signtest.OIDData, Content: signtest.OctetString([]byte("x")), Signers: []signtest.Signer{h.Signer()}, Certificates: []*signtest.Certificate{h.Root}}
	ber := signed
	ber.BER = true
	list := signtest.SignedData{ContentType: signtest.OIDCTL, Content: signtest.Sequence(), Certificates: []*signtest.Certificate{h.Root}, BER: true}
	for _, c := range []struct {
		name        string
		data        []byte
		certs, crls int
		err         string
	}{
		{"DER", der, 2, 1, ""},
		{"PEM", signtest.BundlePEM(der), 2, 1, ""},
		{"PEM by its other name", bytes.ReplaceAll(signtest.BundlePEM(der), []byte("PKCS7"), []byte("CMS")), 2, 1, ""},
		{"PEM between certificates", slices.Concat(h.Leaf.PEM(), signtest.BundlePEM(der)), 3, 1, ""},
		{"no certificate", signtest.Bundle(nil, nil), 0, 0, ""},
		{"signed", signed.Encode(), 3, 0, ""},
		{"indefinite lengths", ber.Encode(), 3, 0, ""},
		{"attribute certificate beside", signtest.Bundle([][]byte{h.Root.Raw, signtest.Explicit(2)}, nil), 1, 0, ""},

		{"cut off", der[:len(der)-1], 0, 0, "x: offset 0: damaged PKCS #7 bundle"},
		{"a byte behind", append(bytes.Clone(der), 0), 0, 0, "x: offset 0: damaged PKCS #7 bundle"},
		{"garbage in it", signtest.Bundle([][]byte{h.Root.Raw, signtest.Sequence()}, nil), 0, 0, "x: offset 0: record 2: certificate"},
		{"PEM garbage", []byte("-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n"), 0, 0, "x:1: damaged PKCS #7 bundle"},
		{"indefinite lengths cut off", ber.Encode()[:200], 0, 0, "x: offset 0: "},
		{"trust list in indefinite lengths", list.Encode(), 0, 0, "x: offset 0: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadContents("x", c.data, ReadOptions{})
			if c.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.err) || got != nil {
					t.Errorf("error %v", err)
				}
				return
			}
			must(t, err)
			certs, crls := 0, 0
			for _, i := range got.Items {
				switch i.Kind {
				case CertificateItem:
					certs++
				case RevocationListItem:
					crls++
				}
			}
			if certs != c.certs || crls != c.crls {
				t.Errorf("%d certificates, %d CRLs", certs, crls)
			}
		})
	}
}

// export is a writer of a format.
type export struct {
	name  string
	write func([]signtest.StoreElement) []byte
	keeps bool // properties
}

func raws(es []signtest.StoreElement) [][]byte {
	var list [][]byte
	for _, e := range es {
		list = append(list, e.Raw)
	}
	return list
}

var exports = []export{
	{"DER", func(es []signtest.StoreElement) []byte { return slices.Concat(raws(es)...) }, false},
	{"PEM", func(es []signtest.StoreElement) []byte {
		var b bytes.Buffer
		for _, e := range es {
			b.Write((&signtest.Certificate{Raw: e.Raw}).PEM())
		}
		return b.Bytes()
	}, false},
	{"p7b", func(es []signtest.StoreElement) []byte { return signtest.Bundle(raws(es), nil) }, false},
	{"p7b in PEM", func(es []signtest.StoreElement) []byte { return signtest.BundlePEM(signtest.Bundle(raws(es), nil)) }, false},
	{"sst", func(es []signtest.StoreElement) []byte { return signtest.SerializedStore(es...) }, true},
	{"reg", func(es []signtest.StoreElement) []byte {
		return signtest.RegistryExport(signtest.RegistryStore{Name: "AuthRoot", Elements: es})
	}, true},
	{"reg 4", func(es []signtest.StoreElement) []byte {
		return signtest.RegistryExport4(signtest.RegistryStore{Name: "AuthRoot", Elements: es})
	}, true},
}

// embeddedElements are all embedded roots with their restrictions.
func embeddedElements() []signtest.StoreElement {
	var es []signtest.StoreElement
	for _, r := range roots.All() {
		e := signtest.StoreElement{Raw: r.DER(), Properties: []signtest.Property{property(11, signtest.UTF16(r.Name)), property(98, r.SHA256[:])}}
		add := func(present bool, id uint32, value []byte) {
			if present {
				e.Properties = append(e.Properties, property(id, value))
			}
		}
		add(r.EKUs != nil, 9, signtest.UsageList(r.EKUs...))
		add(r.DisabledEKUs != nil, 122, signtest.UsageList(r.DisabledEKUs...))
		add(!r.Disable.IsZero(), 104, signtest.FileTime(r.Disable))
		add(!r.NotBefore.IsZero(), 126, signtest.FileTime(r.NotBefore))
		add(r.NotBeforeEKUs != nil, 127, signtest.UsageList(r.NotBeforeEKUs...))
		es = append(es, e)
	}
	return es
}

// TestRoundTrip: all embedded roots, written in each format, read back equal:
// certificate by certificate, and as anchors with their restrictions where the
// format keeps them.
func TestRoundTrip(t *testing.T) {
	all, es := roots.All(), embeddedElements()
	for _, x := range exports {
		t.Run(x.name, func(t *testing.T) {
			data := x.write(es)
			entries, err := ReadStore("x", data)
			must(t, err)
			if len(entries) != len(all) {
				t.Fatalf("%d of %d", len(entries), len(all))
			}
			path := filepath.Join(t.TempDir(), "x")
			must(t, os.WriteFile(path, data, 0o666))
			s := NewStore()
			must(t, s.LoadPath(Root, path))
			for i, e := range entries {
				r := all[i]
				if e.Certificate.SHA256() != r.SHA256 {
					t.Fatalf("entry %d differs", i)
				}
				want := Restrictions{}
				if x.keeps {
					want = Restrictions{EKUs: r.EKUs, DisallowedEKUs: r.DisabledEKUs, DisabledAt: r.Disable, NotBefore: r.NotBefore, NotBeforeEKUs: r.NotBeforeEKUs}
					if e.Name != r.Name {
						t.Errorf("name %q, want %q", e.Name, r.Name)
					}
				}
				anchors := s.anchorsFor(e.Certificate)
				if len(anchors) != 1 {
					t.Fatalf("%s: %d anchors", e.Source, len(anchors))
				}
				for _, got := range []Restrictions{e.Restrictions, anchors[0].Restrictions} {
					if fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
						t.Errorf("%s: restrictions %+v, want %+v", e.Source, got, want)
					}
				}
			}
			if w := s.Warnings(); len(w) != 0 {
				t.Errorf("warnings %q", w)
			}
		})
	}
}

// TestUnreadableOnDemand: a certificate that is found out to be none only when
// it is needed is no anchor, no intermediate, and is reported. As a distrusted
// one it distrusts all the same.
func TestUnreadableOnDemand(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	// The outline of a certificate, with a validity that nobody can read.
	spoil := func(c *signtest.Certificate) []byte {
		return bytes.Replace(c.Raw, []byte("160101000000Z"), []byte("16010100000XZ"), 1)
	}
	root, ca := spoil(f.certs["root"]), spoil(f.certs["ca"])
	wrongSHA256 := signtest.SerializedStore(element(f.certs["root"], property(98, make([]byte, 32))))
	wrongHash := signtest.SerializedStore(signtest.StoreElement{Raw: f.certs["root"].Raw, NoHash: true, Properties: []signtest.Property{property(3, make([]byte, 20))}})
	dir := t.TempDir()
	for name, data := range map[string][]byte{"root.cer": root, "ca.cer": ca, "hash.sst": wrongHash, "hash256.sst": wrongSHA256, "good.cer": f.certs["root"].Raw} {
		must(t, os.WriteFile(filepath.Join(dir, name), data, 0o666))
	}
	for _, c := range []struct{ root, ca, warns string }{
		{"root.cer", "", "root.cer"}, {"hash.sst", "", "hash.sst"}, {"hash256.sst", "", "hash256.sst"}, {"good.cer", "ca.cer", "ca.cer"},
	} {
		s := NewStore()
		must(t, s.LoadPath(Root, filepath.Join(dir, c.root)))
		carried := f.get("leaf", "ca")
		if c.ca != "" {
			must(t, s.LoadPath(Intermediate, filepath.Join(dir, c.ca)))
			carried = carried[:1]
		}
		if w := s.Warnings(); len(w) != 0 {
			t.Errorf("read before it was needed: %q", w)
		}
		v := Verify(signature(carried), s, Options{At: signtest.Now(), Purpose: CodeSigning})
		if v.Trusted {
			t.Errorf("%v: trusted", c)
		}
		if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], c.warns) {
			t.Errorf("%v: warnings %q", c, w)
		}
		if _, err := ReadStore(c.root, mustRead(t, filepath.Join(dir, c.root))); (err == nil) != (c.root == "good.cer") {
			t.Errorf("%s: ReadStore: %v", c.root, err)
		}
	}
	for _, r := range []Role{Publishers, Distrusted} {
		if err := NewStore().LoadPath(r, filepath.Join(dir, "hash.sst")); !errors.Is(err, ErrHash) {
			t.Errorf("%v: %v", r, err)
		}
	}
	must(t, NewStore().LoadPath(Distrusted, filepath.Join(dir, "root.cer")))
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

// TestDisallowedTwin: a certificate that was wrapped anew, with the same
// signed part and another signature, is distrusted with the first.
func TestDisallowedTwin(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	ca := f.get("ca")[0]
	twin, err := cert.Parse(signtest.FlipLastBit(ca.Raw))
	must(t, err)
	if twin.SHA256() == ca.SHA256() {
		t.Fatal("no twin")
	}
	s := NewStore()
	s.AddDisallowed(ca)
	if !s.Disallowed(twin) || !s.Disallowed(ca) || s.Disallowed(f.get("leaf")[0]) {
		t.Error("twin not distrusted, or too much")
	}
}

// TestServes: which inputs a certificate is good for.
func TestServes(t *testing.T) {
	h := signtest.Commercial(nil)
	for _, c := range []struct {
		name string
		cert *signtest.Certificate
		want []Role
	}{
		{"root", h.Root, []Role{Root, Distrusted}},
		{"authority", h.CA, []Role{Intermediate, Distrusted}},
		{"signer", h.Leaf, []Role{Publishers, Distrusted}},
		{"self-signed signer", signtest.SelfSigned(nil).Leaf, []Role{Root, Publishers, Distrusted}},
		{"time stamps", signtest.TimeStamping(nil).Leaf, []Role{Distrusted}},
	} {
		if got := (Entry{Certificate: parse(t, c.cert)}).Serves(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if len(Roles()) != 4 {
		t.Error("roles")
	}
}

// sequence is a sequence number.
func sequence(n int64) *big.Int { return big.NewInt(n) }

// TestTextInBinary: the words of PEM inside of another format are no PEM.
func TestTextInBinary(t *testing.T) {
	trap := signtest.CATemplate(signtest.DN("CN=-----BEGIN CERTIFICATE-----"), signtest.NamedKey("rsa2048-1"))
	c := signtest.NewRoot(trap)
	for name, data := range map[string][]byte{
		"DER":              c.Raw,
		"PKCS #7 bundle":   signtest.Bundle([][]byte{c.Raw}, nil),
		"serialized store": signtest.SerializedStore(element(c)),
	} {
		got, err := ReadContents("x", data, ReadOptions{})
		must(t, err)
		if got.Format != name || len(got.Items) != 1 {
			t.Errorf("%s is read as %s", name, got.Format)
		}
	}
}
