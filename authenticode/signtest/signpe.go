package signtest

import (
	"crypto"
	"slices"
)

// ImageSignature describes the SignedData of a PE image.
type ImageSignature struct {
	Signer Signer
	// Digest is the algorithm in SpcIndirectData; 0: the signer's.
	Digest     crypto.Hash
	PageHashes bool
	// Indirect replaces the DER of SpcIndirectDataContent.
	Indirect []byte
	// Of is the image that is hashed in place of the one that is signed.
	Of []byte
	// Message edits the SignedData.
	Message func(*SignedData)
}

// Encode makes the SignedData for an image, not yet in the image. It is what
// [Signer.Nested] takes.
func (s ImageSignature) Encode(image []byte) []byte {
	if s.Of != nil {
		image = s.Of
	}
	h := s.Digest
	if h == 0 {
		h = s.Signer.digest()
	}
	content := s.Indirect
	if content == nil {
		var pages []byte
		if s.PageHashes {
			pages = PageHashes(image, h)
		}
		content = IndirectPE(h, PaddedImageHash(image, h), pages)
	}
	message := SignedData{ContentType: OIDSpcIndirectData, Content: content, Signers: []Signer{s.Signer}}
	if s.Message != nil {
		s.Message(&message)
	}
	return message.Encode()
}

// SignPE embeds one ordinary signature in an image.
func SignPE(image []byte, signer Signer) []byte {
	return ImageSignature{Signer: signer}.Sign(image)
}

// Sign embeds the signature in an image.
func (s ImageSignature) Sign(image []byte) []byte {
	return CertificateTable{Entries: []CertificateEntry{{Data: s.Encode(image)}}}.Attach(image)
}

// CertificateTable describes the attribute certificate table of an image
// (rules 96 to 101).
type CertificateTable struct {
	Entries []CertificateEntry
	// Offset and Size replace the directory entry's values, which normally
	// are true.
	Offset, Size *uint32
	// Behind follows the table without being counted in it.
	Behind []byte
	// Unpadded starts the table at the end of the file, whatever its length.
	Unpadded bool
	// StaleChecksum leaves the image's checksum as it was.
	StaleChecksum bool
}

// CertificateEntry is one WIN_CERTIFICATE.
type CertificateEntry struct {
	Data     []byte
	Type     uint16  // 0: 2, SignedData
	Revision uint16  // 0: 0x0200
	Padding  []byte  // after Data; nil: zeros to a multiple of 8
	Length   *uint32 // in place of dwLength
}

// Attach appends the table to an image that has none, padding the image to a
// multiple of 8 first.
func (t CertificateTable) Attach(image []byte) []byte {
	f := fieldsOf(image)
	if _, size := f.certificateTable(image); size != 0 || f.directory == 0 {
		panic("signtest: the image has a certificate table or no room for one")
	}
	if t.Unpadded {
		image = slices.Clone(image)
	} else {
		image = padTo8(image)
	}
	offset := uint32(len(image))
	for _, e := range t.Entries {
		image = append(image, e.encode()...)
	}
	size := uint32(len(image)) - offset
	if t.Offset != nil {
		offset = *t.Offset
	}
	if t.Size != nil {
		size = *t.Size
	}
	image = append(image, t.Behind...)
	le.PutUint32(image[f.directory:], offset)
	le.PutUint32(image[f.directory+4:], size)
	if !t.StaleChecksum {
		SetChecksum(image)
	}
	return image
}

func (e CertificateEntry) encode() []byte {
	kind, revision, padding := e.Type, e.Revision, e.Padding
	if kind == 0 {
		kind = 2
	}
	if revision == 0 {
		revision = 0x0200
	}
	if padding == nil {
		padding = make([]byte, alignUp(len(e.Data), 8)-len(e.Data))
	}
	length := uint32(8 + len(e.Data) + len(padding))
	if e.Length != nil {
		length = *e.Length
	}
	out := le.AppendUint32(nil, length)
	out = le.AppendUint16(out, revision)
	out = le.AppendUint16(out, kind)
	return append(append(out, e.Data...), padding...)
}

// RemoveSignature takes the certificate table off an image.
func RemoveSignature(image []byte) []byte {
	f := fieldsOf(image)
	offset, size := f.certificateTable(image)
	if size == 0 {
		panic("signtest: the image has no certificate table")
	}
	out := slices.Concat(image[:offset], image[offset+size:])
	clear(out[f.directory : f.directory+8])
	SetChecksum(out)
	return out
}
