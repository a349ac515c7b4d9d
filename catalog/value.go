package catalog

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode"
)

// The context-specific tags of SpcLink and SpcString.
const (
	tagPrimitive0 = asn1.Tag(0x80)
	tagPrimitive1 = asn1.Tag(0x81)
	tagExplicit0  = asn1.Tag(0xa0)
	tagExplicit1  = asn1.Tag(0xa1)
	tagExplicit2  = asn1.Tag(0xa2)
)

// pageHashClass is the class ID of a moniker that holds page hashes (rule 77).
const pageHashClass = "\xa6\xb5\x86\xd5\xb4\xa1\x24\x66\xae\x05\xa2\x17\xda\x8e\x60\xd6"

// checkValue checks the structure of the value of indirect data of that type,
// and returns the class ID of the moniker in it, nil where there is none. An
// absent value is permitted, and so is any value of a type that is not known
// here.
func checkValue(dataType string, value cryptobyte.String) (moniker []byte, ok bool) {
	switch {
	case value.Empty():
		return nil, true
	case dataType == authenticode.OIDPEImageData:
		return checkPEImageData(value)
	case dataType == authenticode.OIDCabData, dataType == authenticode.OIDLinkData:
		return checkLink(value)
	}
	return nil, true
}

// checkPEImageData reads SpcPeImageData ::= SEQUENCE { flags BIT STRING
// DEFAULT includeResources, file [0] EXPLICIT SpcLink OPTIONAL } (rule 104).
func checkPEImageData(value cryptobyte.String) (moniker []byte, ok bool) {
	var body, link cryptobyte.String
	if !value.ReadASN1(&body, asn1.SEQUENCE) || !value.Empty() {
		return nil, false
	}
	if body.PeekASN1Tag(asn1.BIT_STRING) && !body.SkipASN1(asn1.BIT_STRING) {
		return nil, false
	}
	if body.Empty() {
		return nil, true
	}
	if !body.ReadASN1(&link, tagExplicit0) || !body.Empty() {
		return nil, false
	}
	return checkLink(link)
}

// checkLink reads SpcLink ::= CHOICE { url [0] IA5String, moniker [1]
// SpcSerializedObject, file [2] EXPLICIT SpcString } and nothing after it;
// SpcSerializedObject ::= SEQUENCE { classId OCTET STRING, serializedData
// OCTET STRING } (rule 104).
func checkLink(link cryptobyte.String) (moniker []byte, ok bool) {
	var body, class, data cryptobyte.String
	switch {
	case link.PeekASN1Tag(tagPrimitive0):
		return nil, link.SkipASN1(tagPrimitive0) && link.Empty()
	case link.PeekASN1Tag(tagExplicit2):
		return nil, link.ReadASN1(&body, tagExplicit2) && link.Empty() && checkString(body)
	}
	ok = link.ReadASN1(&body, tagExplicit1) && link.Empty() &&
		body.ReadASN1(&class, asn1.OCTET_STRING) &&
		body.ReadASN1(&data, asn1.OCTET_STRING) && body.Empty() &&
		len(class) == len(pageHashClass)
	if !ok {
		return nil, false
	}
	return class, true
}

// checkString reads SpcString ::= CHOICE { unicode [0] BMPString, ascii [1]
// IA5String } and nothing after it.
func checkString(s cryptobyte.String) bool {
	var text cryptobyte.String
	if s.PeekASN1Tag(tagPrimitive0) {
		return s.ReadASN1(&text, tagPrimitive0) && len(text)%2 == 0 && s.Empty()
	}
	return s.SkipASN1(tagPrimitive1) && s.Empty()
}
