package signtest

import "crypto"

// IndirectPE encodes SpcIndirectDataContent for a PE image (rules 75, 103 and
// 104). pageHashes is the table of [PageHashes], or nil for none, made with
// the same digest algorithm.
func IndirectPE(h crypto.Hash, digest, pageHashes []byte) []byte {
	file := Explicit(2, Implicit(0, nil)) // an empty name
	if pageHashes != nil {
		file = pageHashMoniker(h, pageHashes)
	}
	flags := TLV(TagBitString, []byte{0x05, 0xa0}) // includeResources, includeImportAddressTable
	return indirect(OIDSpcPEImageData, Sequence(flags, Explicit(0, file)), h, digest)
}

// IndirectObsolete is IndirectPE as it was written until about 2010, with
// "<<<Obsolete>>>" as the file's name.
func IndirectObsolete(h crypto.Hash, digest []byte) []byte {
	file := Explicit(2, Implicit(0, utf16BE("<<<Obsolete>>>")))
	flags := TLV(TagBitString, []byte{0x00})
	return indirect(OIDSpcPEImageData, Sequence(flags, Explicit(0, file)), h, digest)
}

// IndirectFlat encodes SpcIndirectDataContent for a flat file or a cabinet
// (rule 76).
func IndirectFlat(h crypto.Hash, digest []byte) []byte {
	return indirect(OIDSpcCabData, Explicit(2, Implicit(0, nil)), h, digest)
}

func indirect(dataType string, value []byte, h crypto.Hash, digest []byte) []byte {
	return Sequence(
		Sequence(OID(dataType), value),
		Sequence(digestAlgorithmID(h), OctetString(digest)),
	)
}

// pageHashMoniker encodes the SpcSerializedObject of rule 77, as the moniker
// choice of an SpcLink.
func pageHashMoniker(h crypto.Hash, table []byte) []byte {
	oid := OIDPageHashesSHA256
	if h == crypto.SHA1 {
		oid = OIDPageHashesSHA1
	}
	classID := []byte{0xa6, 0xb5, 0x86, 0xd5, 0xb4, 0xa1, 0x24, 0x66, 0xae, 0x05, 0xa2, 0x17, 0xda, 0x8e, 0x60, 0xd6}
	data := SetOf(Sequence(OID(oid), SetOf(OctetString(table))))
	return Explicit(1, OctetString(classID), OctetString(data))
}
