package signtest

import (
	"bytes"
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// readList is CertificateTrustList as encoding/asn1 reads it.
type readList struct {
	Usage      []asn1.ObjectIdentifier
	ID         []byte
	ThisUpdate time.Time
	Algorithm  pkix.AlgorithmIdentifier
	Subjects   []struct {
		ID         []byte
		Attributes asn1.RawValue
	}
	Extensions []pkix.Extension `asn1:"optional,explicit,tag:0"`
}

type readIndirect struct {
	Data struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	Digest struct {
		Algorithm pkix.AlgorithmIdentifier
		Value     []byte
	}
}

func members() []Member {
	return []Member{
		{Data: []byte("; an INF\r\n"), File: "Gadget.INF"},
		{Data: NewDriver(MachineX86, "catalog"), File: "gadget.sys", OSAttr: "2:10.0"},
		{Data: []byte("MSCF and so on"), File: "gadget.cab"},
	}
}

func TestVersion2ListsEachFileTwice(t *testing.T) {
	l := decode[readList](t, Catalog{Members: members()}.Content())
	if l.Algorithm.Algorithm.String() != OIDCatalogListMember2 || len(l.Subjects) != 6 || len(l.ID) != 16 || !l.ThisUpdate.Equal(SigningTime()) {
		t.Fatalf("%v", l)
	}
	kinds := make(map[string]int)
	var tags [][]byte
	for _, s := range l.Subjects {
		tags = append(tags, s.ID)
		a := attributeMap(t, s.Attributes.Bytes)
		kinds[hex.EncodeToString(a[OIDCatMemberInfo2][0])]++
		indirect := a[OIDSpcIndirectData]
		if (len(s.ID) == 32) != (len(indirect) == 1) {
			t.Errorf("tag of %d octets, %d SpcIndirectData (rule 70)", len(s.ID), len(indirect))
		}
		if len(indirect) == 1 {
			if d := decode[readIndirect](t, indirect[0]); !bytes.Equal(d.Digest.Value, s.ID) {
				t.Errorf("tag %x, digest %x", s.ID, d.Digest.Value)
			}
		}
	}
	if kinds["8000"] != 2 || kinds["8100"] != 2 || kinds["8200"] != 2 {
		t.Errorf("kinds %v (rule 71)", kinds)
	}
	if !slices.IsSortedFunc(tags, bytes.Compare) {
		t.Error("members are not in the order of their tags (rule 72)")
	}
}

func TestVersion1TagIsHexInUTF16(t *testing.T) {
	m := members()[0]
	l := decode[readList](t, Catalog{Version: 1, Members: []Member{m}}.Content())
	want := UTF16(strings.ToUpper(hex.EncodeToString(sum(crypto.SHA1, m.Data))))
	if len(l.Subjects) != 1 || len(want) != 82 || !bytes.Equal(l.Subjects[0].ID, want) {
		t.Fatalf("tags %v", l.Subjects)
	}
	a := attributeMap(t, l.Subjects[0].Attributes.Bytes)
	info := decode[struct {
		GUID    asn1.RawValue
		Version int
	}](t, a[OIDCatMemberInfo][0])
	if info.Version != 0x200 || !bytes.Equal(info.GUID.FullBytes, BMPString("{DE351A42-8E59-11D0-8C47-00C04FC295EE}")) {
		t.Errorf("CatMemberInfo %v (rule 67)", info)
	}
	d := decode[readIndirect](t, a[OIDSpcIndirectData][0])
	if d.Digest.Algorithm.Algorithm.String() != OIDSHA1 || d.Data.Type.String() != OIDSpcCabData {
		t.Errorf("SpcIndirectData %v", d)
	}
	if !bytes.Equal(d.Data.Value.FullBytes, []byte{0xa2, 0x02, 0x80, 0x00}) {
		t.Errorf("SpcLink %x (rule 76)", d.Data.Value.FullBytes)
	}
}

func TestNameValues(t *testing.T) {
	c := Catalog{
		OSAttr:     "2:6.1",
		Attributes: []NameValue{{Name: "HWID1", Value: "usb\\x", Flags: 0x00010001}},
		Members:    members()[:2],
	}
	l := decode[readList](t, c.Content())
	if len(l.Extensions) != 2 || !bytes.Equal(l.Extensions[0].Value, NameValue{Name: "HWID1", Value: "usb\\x", Flags: 0x10001}.der()) ||
		!bytes.Equal(l.Extensions[1].Value, NameValue{Name: "OSAttr", Value: "2:6.1"}.der()) {
		t.Errorf("extensions %v", l.Extensions)
	}
	value := decode[struct {
		Name  asn1.RawValue
		Flags int
		Value []byte
	}](t, NameValue{Name: "File", Value: "a"}.der())
	if string(value.Name.Bytes) != "\x00F\x00i\x00l\x00e" || value.Flags != 0x10010001 || string(value.Value) != "a\x00\x00\x00" {
		t.Errorf("%v (rule 64)", value)
	}
	var found int
	for _, s := range l.Subjects {
		for _, v := range attributeMap(t, s.Attributes.Bytes)[OIDCatNameValue] {
			if bytes.Equal(v, NameValue{Name: "OSAttr", Value: "2:10.0"}.der()) || bytes.Equal(v, NameValue{Name: "File", Value: "gadget.inf"}.der()) {
				found++
			}
		}
	}
	if found != 4 {
		t.Errorf("%d of 4 member attributes found", found)
	}
}

func TestMemberOptions(t *testing.T) {
	data := NewDriver(MachineAMD64, "options")
	one := func(version int, m Member) (tag []byte, attributes map[string][][]byte) {
		l := decode[readList](t, Catalog{Version: version, Members: []Member{m}}.Content())
		s := l.Subjects[len(l.Subjects)-1]
		return s.ID, attributeMap(t, s.Attributes.Bytes)
	}
	if tag, _ := one(1, Member{Data: data, TextTag: "gadget"}); !bytes.Equal(tag, UTF16("gadget")) {
		t.Errorf("text tag %x", tag)
	}
	if tag, _ := one(2, Member{Data: data, Tag: []byte{1}}); !bytes.Equal(tag, []byte{1}) {
		t.Errorf("tag %x", tag)
	}
	tag, a := one(2, Member{Data: data, Digests: []crypto.Hash{crypto.SHA256}, Digest: FlipLastBit})
	if d := decode[readIndirect](t, a[OIDSpcIndirectData][0]); !bytes.Equal(FlipLastBit(tag), d.Digest.Value) {
		t.Error("digest does not contradict the tag")
	}
	if _, a := one(2, Member{Data: data, NoIndirect: true}); a[OIDSpcIndirectData] != nil {
		t.Error("SpcIndirectData is there")
	}
	if _, a := one(2, Member{Data: data, Digests: []crypto.Hash{crypto.SHA1}, AlwaysIndirect: true}); a[OIDSpcIndirectData] == nil {
		t.Error("SpcIndirectData is not there")
	}
	if tag, _ := one(2, Member{Data: data, Kind: KindFlat, Digests: []crypto.Hash{crypto.SHA256}}); !bytes.Equal(tag, sum(crypto.SHA256, data)) {
		t.Error("flat hash of a PE expected")
	}
	_, a = one(2, Member{Data: data, PageHashes: true, Digests: []crypto.Hash{crypto.SHA256}})
	if !bytes.Contains(a[OIDSpcIndirectData][0], PageHashes(data, crypto.SHA256)) {
		t.Error("no page hashes")
	}
	odd := append(slices.Clone(data), "odd"...)
	tag, _ = one(2, Member{Data: odd, Digests: []crypto.Hash{crypto.SHA256}})
	unpadded, _ := one(2, Member{Data: odd, Digests: []crypto.Hash{crypto.SHA256}, Unpadded: true})
	if !bytes.Equal(tag, PaddedImageHash(odd, crypto.SHA256)) || !bytes.Equal(unpadded, ImageHash(odd, crypto.SHA256)) || bytes.Equal(tag, unpadded) {
		t.Error("padded and unpadded hashes (rule 99)")
	}
}

// TestPEIndirectDataBytes compares with the octets seen in real catalogs
// (rule 75).
func TestPEIndirectDataBytes(t *testing.T) {
	want := []byte{0x30, 0x0a, 0x03, 0x02, 0x05, 0xa0, 0xa0, 0x04, 0xa2, 0x02, 0x80, 0x00}
	if got := IndirectPE(crypto.SHA1, make([]byte, 20), nil); !bytes.Contains(got, want) {
		t.Errorf("no %x in %x", want, got)
	}
	if got := IndirectObsolete(crypto.SHA1, make([]byte, 20)); !bytes.Contains(got, utf16BE("<<<Obsolete>>>")) {
		t.Errorf("not obsolete: %x", got)
	}
}

func TestCatalogSignatures(t *testing.T) {
	c := Catalog{Members: members()}
	if err := checkMessage(t, c.Sign(AttackSigner())); err != nil {
		t.Error(err)
	}
	m := readMessage(t, c.Unsigned())
	if m.Version != 1 || len(m.Digests) != 0 || len(m.Signers) != 0 || len(m.Certificates.FullBytes) != 0 {
		t.Errorf("unsigned catalog has %v (rule 59)", m)
	}
	if !bytes.Equal(m.ContentInfo.Content.Bytes, c.Content()) {
		t.Error("the list is not the content (rule 58)")
	}
}

func TestDisorderOfMemberAttributes(t *testing.T) {
	c := Catalog{Members: members(), Disorder: DisorderMemberAttributes}
	for _, s := range decode[readList](t, c.Content()).Subjects {
		if slices.IsSortedFunc(elements(t, s.Attributes.Bytes), bytes.Compare) {
			t.Errorf("attributes of %x are ordered", s.ID)
		}
	}
	c = Catalog{Members: []Member{{Data: []byte("x"), Tag: []byte{9}}, {Data: []byte("y"), Tag: []byte{1}}}, KeepOrder: true}
	if l := decode[readList](t, c.Content()); l.Subjects[0].ID[0] != 9 {
		t.Error("members were put in order")
	}
}

func TestTrustListFields(t *testing.T) {
	full := decode[struct {
		Version    int
		Usage      []asn1.ObjectIdentifier
		ID         []byte
		Sequence   *big.Int
		ThisUpdate time.Time
		NextUpdate time.Time
		Algorithm  pkix.AlgorithmIdentifier
	}](t, TrustList{
		Version: 1, Usage: []string{"1.2.3"}, ListIdentifier: []byte{1}, SequenceNumber: derivedSerial(),
		ThisUpdate: Date(2026, 1, 1), NextUpdate: Date(2026, 2, 1), SubjectAlgorithm: OIDSHA1,
	}.Encode())
	if full.Version != 1 || full.Sequence.Cmp(derivedSerial()) != 0 || !full.NextUpdate.Equal(Date(2026, 2, 1)) {
		t.Errorf("%v", full)
	}
	bare := decode[readList](t, TrustList{
		Usage: []string{"1.2.3"}, ListIdentifier: []byte{1}, ThisUpdate: Date(2026, 1, 1), SubjectAlgorithm: OIDSHA1,
		Subjects: []TrustedSubject{{Identifier: []byte{2}, Attributes: []Attribute{{"1.2.4", [][]byte{Null()}}}}},
	}.Encode())
	if len(bare.Subjects) != 1 || bare.Extensions != nil {
		t.Errorf("%v", bare)
	}
}
