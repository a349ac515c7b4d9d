package catalog

import (
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode"
	"prestage/authenticode/ctl"
	"prestage/authenticode/winerror"
)

// Tags of the grammar of section B.2.
const (
	tagKindPE   = asn1.Tag(0x80) // CatMemberInfo2 pe [0] NULL
	tagKindCAB  = asn1.Tag(0x81) // cab [1] NULL
	tagKindFlat = asn1.Tag(0x82) // flat [2] NULL
)

// single reads the only value of an attribute.
func single(values cryptobyte.String, out *cryptobyte.String, tag *asn1.Tag) bool {
	return values.ReadAnyASN1Element(out, tag) && values.Empty()
}

// readMemberInfo2 reads CatMemberInfo2 (rule 71).
func (m *Member) readMemberInfo2(values cryptobyte.String) {
	var element cryptobyte.String
	var tag asn1.Tag
	if !single(values, &element, &tag) || len(element) != 2 {
		m.fail(winerror.ASN1BadTag, "CatMemberInfo2 is malformed")
		return
	}
	switch tag {
	case tagKindPE:
		m.setKind(KindPE)
	case tagKindCAB:
		m.setKind(KindCAB)
	case tagKindFlat:
		m.setKind(KindFlat)
	default:
		m.fail(winerror.ASN1BadTag, "CatMemberInfo2 is of a kind that is not known")
	}
}

// subjects maps the subject GUIDs of rule 81 to kinds. The others of that
// rule are of file formats that no driver package holds as such.
var subjects = []struct {
	guid string
	kind Kind
}{
	{"{C689AAB8-8E78-11D0-8C47-00C04FC295EE}", KindPE},
	{"{C689AABA-8E78-11D0-8C47-00C04FC295EE}", KindCAB},
	{"{DE351A42-8E59-11D0-8C47-00C04FC295EE}", KindFlat},
}

// readMemberInfo reads SEQUENCE { subguid BMPString, certVersion INTEGER }
// (rule 67). The version is 0x200 in every catalog and decides nothing.
func (m *Member) readMemberInfo(values cryptobyte.String) {
	var element, body, guid cryptobyte.String
	var tag asn1.Tag
	var version int64
	if !single(values, &element, &tag) ||
		!element.ReadASN1(&body, asn1.SEQUENCE) ||
		!body.ReadASN1(&guid, tagBMPString) || len(guid)%2 != 0 ||
		!body.ReadASN1Integer(&version) || !body.Empty() {
		m.fail(winerror.ASN1BadTag, "CatMemberInfo is malformed")
		return
	}
	m.setKind(kindOfSubject(guid))
}

// kindOfSubject returns the kind for a GUID in UTF-16BE. Case does not
// matter; the usual upper case is recognised without decoding.
func kindOfSubject(guid []byte) Kind {
	for _, s := range subjects {
		if (nameValue{name: guid}).named(s.guid) {
			return s.kind
		}
	}
	text := utf16BE(guid)
	for _, s := range subjects {
		if strings.EqualFold(text, s.guid) {
			return s.kind
		}
	}
	return KindUnknown
}

// dataTypes are the data types of indirect data, by the contents of their
// object identifiers, so that reading a member makes no string.
var dataTypes = []struct{ octets, oid string }{
	{"\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0f", authenticode.OIDPEImageData},
	{"\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x19", authenticode.OIDCabData},
	{"\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x1c", authenticode.OIDLinkData},
}

// readIndirectData reads SpcIndirectData without copying. Where the data holds
// more than the usual empty link, package authenticode reads it as well, for
// the page hashes; both readings of the digest must agree.
func (m *Member) readIndirectData(values cryptobyte.String) {
	var element cryptobyte.String
	var tag asn1.Tag
	if !single(values, &element, &tag) {
		m.fail(winerror.ASN1BadTag, "SpcIndirectData has not exactly one value")
		return
	}
	d, ok := scanIndirectData(element)
	if !ok {
		m.fail(winerror.ASN1BadTag, "SpcIndirectData is malformed")
		return
	}
	m.DataType = dataType(d.dataType)
	hash, size := hashOfOID(d.algorithm)
	switch {
	case hash == 0:
		m.fail(winerror.CryptUnknownAlgo, "SpcIndirectData names the digest algorithm %s, by which Windows looks nothing up", ctl.OID(d.algorithm))
		return
	case len(d.digest) != size:
		m.fail(winerror.TrustBadDigest, "SpcIndirectData has a digest of %d octets, a %v one has %d", len(d.digest), hash, size)
		return
	}
	m.DigestAlgorithm, m.Digest = hash, d.digest
	m.readValue(element, d.value)
}

// readValue checks the value of the indirect data and takes the page hashes
// out of it.
func (m *Member) readValue(element, value cryptobyte.String) {
	moniker, ok := checkValue(m.DataType, value)
	if !ok {
		m.fail(winerror.ASN1BadTag, "SpcIndirectData holds a malformed value for its type %s", m.DataType)
		return
	}
	if moniker == nil {
		return
	}
	full, err := authenticode.ParseIndirectData(element)
	switch {
	case err != nil:
		m.fail(winerror.ASN1BadTag, "SpcIndirectData: %v", err)
	case full.DigestAlgorithm != m.DigestAlgorithm || string(full.Digest) != string(m.Digest):
		m.fail(winerror.TrustBadDigest, "SpcIndirectData can be read in two ways")
	case full.PageHashes == nil && string(moniker) == pageHashClass:
		m.fail(winerror.ASN1BadTag, "SpcIndirectData holds malformed page hashes")
	default:
		m.PageHashes = full.PageHashes
	}
}

// indirectData is SpcIndirectData in slices of the input.
type indirectData struct {
	dataType  cryptobyte.String // contents of the OBJECT IDENTIFIER
	value     cryptobyte.String // one element, or empty
	algorithm cryptobyte.String // contents of the OBJECT IDENTIFIER
	digest    cryptobyte.String
}

// scanIndirectData reads
//
//	SpcIndirectDataContent ::= SEQUENCE {
//	  data          SEQUENCE { type OBJECT IDENTIFIER, value ANY OPTIONAL },
//	  messageDigest SEQUENCE { AlgorithmIdentifier, digest OCTET STRING } }
//
// (rule 103) and nothing after it.
func scanIndirectData(s cryptobyte.String) (d indirectData, ok bool) {
	var body, data, digestInfo, algorithm cryptobyte.String
	var tag asn1.Tag
	ok = s.ReadASN1(&body, asn1.SEQUENCE) && s.Empty() &&
		body.ReadASN1(&data, asn1.SEQUENCE) &&
		body.ReadASN1(&digestInfo, asn1.SEQUENCE) && body.Empty() &&
		data.ReadASN1(&d.dataType, asn1.OBJECT_IDENTIFIER) &&
		(data.Empty() || data.ReadAnyASN1Element(&d.value, &tag)) && data.Empty() &&
		digestInfo.ReadASN1(&algorithm, asn1.SEQUENCE) &&
		digestInfo.ReadASN1(&d.digest, asn1.OCTET_STRING) && digestInfo.Empty() &&
		algorithm.ReadASN1(&d.algorithm, asn1.OBJECT_IDENTIFIER) &&
		(algorithm.Empty() || algorithm.ReadAnyASN1(&cryptobyte.String{}, &tag)) && algorithm.Empty()
	return d, ok
}

func dataType(octets []byte) string {
	for _, t := range dataTypes {
		if string(octets) == t.octets {
			return t.oid
		}
	}
	return ctl.OID(octets).String()
}
