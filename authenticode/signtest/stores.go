package signtest

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"strings"
	"time"
)

// Numbers of properties and of the elements that they belong to, as Windows
// writes stores down (wincrypt.h CERT_*_PROP_ID).
const (
	PropertySHA1              = 3
	PropertyUsages            = 9
	PropertyFriendlyName      = 11
	PropertySHA256            = 98
	PropertyDisabledAt        = 104
	PropertyDisallowedUsages  = 122
	PropertyNotBefore         = 126
	PropertyNotBeforeUsages   = 127
	ElementCertificate        = 0x20
	ElementRevocationList     = 0x21
	ElementTrustList          = 0x22
	storeEncoding             = 1 // X509_ASN_ENCODING
	attributeOfProperty       = "1.3.6.1.4.1.311.10.11."
	OIDRootListSigner         = "1.3.6.1.4.1.311.10.3.9"
	OIDDisallowedList         = "1.3.6.1.4.1.311.10.3.30"
	OIDDisallowedHash         = "1.3.6.1.4.1.311.10.11.15"
	regeditLineEnd, regeditBy = "\r\n", 25 // octets on a line
)

// Property is what a store keeps beside a certificate.
type Property struct {
	ID    uint32
	Value []byte
}

// FileTime is a property's value for a date: units of 100 ns since 1601.
func FileTime(t time.Time) []byte {
	const toUnix = 11644473600
	return binary.LittleEndian.AppendUint64(nil, uint64(t.Unix()+toUnix)*1e7+uint64(t.Nanosecond())/100)
}

// UsageList is a property's value for a list of usages; without any, the list
// that allows nothing.
func UsageList(oids ...string) []byte { return ekuList(oids) }

// StoreElement is a certificate, CRL or trust list with its properties.
type StoreElement struct {
	Raw        []byte
	Kind       uint32 // 0: ElementCertificate
	Properties []Property
	// NoHash leaves the SHA-1 property out, which Windows always writes.
	NoHash bool
}

// Groups encodes the element as a value Blob of the registry: the properties,
// then the element ([MS-OSHARED] 2.3.2.5.3).
func (e StoreElement) Groups() []byte {
	var b []byte
	for _, p := range e.Properties {
		b = appendGroup(b, p.ID, p.Value)
	}
	if !e.NoHash {
		b = appendGroup(b, PropertySHA1, sum(crypto.SHA1, e.Raw))
	}
	return appendGroup(b, e.kind(), e.Raw)
}

func (e StoreElement) kind() uint32 {
	if e.Kind == 0 {
		return ElementCertificate
	}
	return e.Kind
}

func appendGroup(b []byte, id uint32, value []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, id)
	b = binary.LittleEndian.AppendUint32(b, storeEncoding)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// SerializedStore encodes a serialized store (.sst).
func SerializedStore(elements ...StoreElement) []byte {
	b := []byte("\x00\x00\x00\x00CERT")
	for _, e := range elements {
		b = append(b, e.Groups()...)
	}
	return append(b, make([]byte, 12)...)
}

// Bundle encodes a PKCS #7 bundle (.p7b): a SignedData with nothing but
// certificates and CRLs.
func Bundle(certificates, crls [][]byte) []byte {
	var parts [][]byte
	parts = append(parts, Integer(1), SetOf(), Sequence(OID(OIDData)))
	if len(certificates) > 0 {
		parts = append(parts, Explicit(0, certificates...))
	}
	if len(crls) > 0 {
		parts = append(parts, Explicit(1, crls...))
	}
	parts = append(parts, SetOf())
	return Sequence(OID(OIDSignedData), Explicit(0, Sequence(parts...)))
}

// BundlePEM is a bundle in PEM.
func BundlePEM(bundle []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: bundle})
}

// RegistryStore is a store in the registry.
type RegistryStore struct {
	Name     string // ROOT, CA, ...
	Above    string // empty: HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates
	Elements []StoreElement
	Values   map[string][]byte // binary values of AutoUpdate, by name
}

// RegistryExport encodes stores as reg export does: UTF-16 with a byte order
// mark.
func RegistryExport(stores ...RegistryStore) []byte {
	text := UTF16(registryText("Windows Registry Editor Version 5.00", stores))
	return append([]byte("\xff\xfe"), text[:len(text)-2]...) // without the NUL
}

// RegistryExport4 encodes stores as an export for Windows 98: ANSI.
func RegistryExport4(stores ...RegistryStore) []byte {
	return []byte(registryText("REGEDIT4", stores))
}

func registryText(header string, stores []RegistryStore) string {
	var b strings.Builder
	b.WriteString(header + regeditLineEnd + regeditLineEnd)
	for _, s := range stores {
		above := s.Above
		if above == "" {
			above = `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates`
		}
		fmt.Fprintf(&b, "[%s\\%s]%s%s", above, s.Name, regeditLineEnd, regeditLineEnd)
		for _, e := range s.Elements {
			folder := map[uint32]string{ElementCertificate: "Certificates", ElementRevocationList: "CRLs", ElementTrustList: "CTLs"}[e.kind()]
			fmt.Fprintf(&b, "[%s\\%s\\%s\\%X]%s", above, s.Name, folder, sum(crypto.SHA1, e.Raw), regeditLineEnd)
			b.WriteString(registryBinary("Blob", e.Groups()))
		}
		if len(s.Values) > 0 {
			fmt.Fprintf(&b, "[%s\\%s\\AutoUpdate]%s", above, s.Name, regeditLineEnd)
			for _, name := range sortedNames(s.Values) {
				b.WriteString(registryBinary(name, s.Values[name]))
			}
		}
	}
	return b.String()
}

func sortedNames(values map[string][]byte) []string { return Files(values).Paths() }

// registryBinary writes a binary value, continued with backslashes.
func registryBinary(name string, value []byte) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, `"%s"=hex:`, name)
	for i, octet := range value {
		switch {
		case i == 0:
		case i%regeditBy == 0:
			b.WriteString(`,\` + regeditLineEnd + "  ")
		default:
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%02x", octet)
	}
	return b.String() + regeditLineEnd + regeditLineEnd
}

// PropertyAttribute is a property as an entry of the root program's list has
// it.
func PropertyAttribute(id uint32, value []byte) Attribute {
	return Attribute{OID: fmt.Sprintf("%s%d", attributeOfProperty, id), Values: [][]byte{OctetString(value)}}
}

// SignList signs one of the root program's lists, or any other. Without
// signers it is not signed.
func SignList(l TrustList, signers ...Signer) []byte {
	return SignedData{ContentType: OIDCTL, Content: l.Encode(), Signers: signers}.Encode()
}

// ListSigners is a hierarchy for the signers of the root program's lists, none
// of them Microsoft's. Roles: root, ca, roots (the Leaf), disallowed.
func ListSigners(o Override) *Hierarchy {
	b := &builder{override: o}
	h := &Hierarchy{}
	h.Root = NewRoot(b.template("root", CATemplate(DN("C=US", "O=Contoso Trust Services", "CN=Contoso List Root"), NamedKey("rsa2048-7"))))
	h.CA = h.Root.Issue(b.template("ca", CATemplate(DN("C=US", "O=Contoso Trust Services", "CN=Contoso List CA"), NamedKey("rsa2048-8"))))
	leaf := func(role, name, eku string) *Certificate {
		return h.CA.Issue(b.template(role, LeafTemplate(DN("C=US", "O=Contoso Trust Services", "CN="+name), NamedKey("rsa2048-9"), eku)))
	}
	h.Leaf = leaf("roots", "Contoso Root List Publisher", OIDRootListSigner)
	h.Leaves = map[string]*Certificate{"roots": h.Leaf, "disallowed": leaf("disallowed", "Contoso Disallowed List Publisher", OIDDisallowedList)}
	b.done()
	return h
}
