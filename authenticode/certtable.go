package authenticode

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/winerror"
)

// Limits of the certificate table.
const (
	// maxCertTable bounds its size. Page hashes of a 1 GB image take 9 MiB.
	maxCertTable = 16 << 20
	// maxCertEntries bounds its entries; real images have one.
	maxCertEntries = 64
)

// Errors of the limits above.
var (
	ErrCertTableTooBig    = errors.New("certificate table is larger than 16 MiB")
	ErrTooManyCertEntries = errors.New("certificate table has more than 64 entries")
)

// Types of a WIN_CERTIFICATE (rule 100).
const (
	CertTypeX509       = 0x0001 // never supported by Windows
	CertTypeSignedData = 0x0002 // PKCS#7 SignedData: Authenticode
	CertTypeReserved   = 0x0003
	CertTypeTSStack    = 0x0004
)

// CertTable is the attribute certificate table of an image (rules 96–101).
// Its zero value means that the image names no table.
type CertTable struct {
	// Offset and Size say which bytes of the file the table takes. Both are 0
	// when there is none, or none that counts (rule 97): then every byte of
	// the file is hashed.
	Offset, Size int64
	// Directory is the directory entry as it stands; its RVA is a file offset
	// (rule 96).
	Directory DataDirectory
	// Entries are the WIN_CERTIFICATEs. Windows looks at the first of
	// CertTypeSignedData and at no other (rule 101).
	Entries []CertEntry
	// After counts the bytes of the file behind the table, which a signed file
	// must not have (rule 98).
	After int64
	// Padding counts the bytes between the end of the first signature and the
	// end of its entry; PaddingNonZero says that not all of them are 0, which
	// EnableCertPaddingCheck refuses (rule 114).
	Padding        int
	PaddingNonZero bool
	// Problem says why a table that the image names does not count, or cannot
	// be walked; nil otherwise.
	Problem *Problem
}

// CertEntry is one WIN_CERTIFICATE.
type CertEntry struct {
	Offset   int64  // in the file
	Length   uint32 // dwLength: with the eight bytes of its header
	Revision uint16 // 0x0200, or 0x0100 in old files
	Type     uint16 // CertType…
	Data     []byte // bCertificate, with padding
}

// placeTable decides whether the bytes that the directory names are a table
// (rule 97). A table inside of the headers or of a section's data, or one that
// ends beyond the file, is none: taking such bytes out of the hash would
// exempt code.
func (m *Image) placeTable(d DataDirectory) {
	m.table.Directory = d
	if d == (DataDirectory{}) {
		return
	}
	start, size := int64(d.RVA), int64(d.Size)
	refuse := func(format string, args ...any) {
		m.table.Problem = problem(winerror.TrustNoSignature, fmt.Sprintf("offset %d: the certificate table of %d bytes ", start, size)+fmt.Sprintf(format, args...))
	}
	switch {
	case size == 0:
		refuse("is empty")
		return
	case start < max(m.layout.sections, int64(m.SizeOfHeaders)):
		refuse("lies inside the headers")
		return
	case start > m.Size-size:
		refuse("ends beyond the file of %d bytes", m.Size)
		return
	}
	for _, s := range m.Sections {
		// The loader rounds the start of a section down to a disk sector.
		from, to := int64(s.PointerToRawData&^0x1ff), int64(s.PointerToRawData)+int64(s.SizeOfRawData)
		if s.SizeOfRawData != 0 && start < to && from < start+size {
			refuse("overlaps section %s at %d", s.Name, s.PointerToRawData)
			return
		}
	}
	m.table.Offset, m.table.Size = start, size
	m.table.After = m.Size - start - size
}

// CertificateTable returns the certificate table, with its entries. It reads
// the table from the file once; a failure to do so is a Problem.
func (m *Image) CertificateTable() CertTable {
	m.tableOnce.Do(m.readTable)
	return m.table
}

func (m *Image) readTable() {
	t := &m.table
	if t.Size == 0 {
		return
	}
	if t.Size > maxCertTable {
		t.Problem = problem(winerror.CryptBadMessage, fmt.Sprintf("offset %d: %v", t.Offset, ErrCertTableTooBig))
		return
	}
	data, err := readAt(m.r, t.Offset, t.Size)
	if err != nil {
		t.Problem = problem(winerror.CryptBadMessage, "certificate table: "+err.Error())
		return
	}
	if t.Entries, err = walkCertTable(data, t.Offset); err != nil {
		t.Problem = problem(winerror.CryptBadMessage, err.Error())
		return
	}
	if e := t.signature(); e != nil {
		t.Padding, t.PaddingNonZero = padding(e.Data)
	}
}

// signature returns the entry that Windows looks at: the first PKCS#7 one.
func (t *CertTable) signature() *CertEntry {
	for i := range t.Entries {
		if t.Entries[i].Type == CertTypeSignedData {
			return &t.Entries[i]
		}
	}
	return nil
}

// walkCertTable splits a certificate table that stands at the given offset of
// a file (rule 100): entries start at multiples of 8, and their lengths,
// rounded up to that, make up the table.
func walkCertTable(data []byte, base int64) ([]CertEntry, error) {
	if base%8 != 0 {
		return nil, fmt.Errorf("offset %d: certificate table is not aligned to 8 bytes", base)
	}
	le := binary.LittleEndian
	var list []CertEntry
	for at := 0; at < len(data); {
		offset, rest := base+int64(at), data[at:]
		if len(rest) < 8 {
			return nil, fmt.Errorf("offset %d: certificate table ends inside an entry", offset)
		}
		if len(list) == maxCertEntries {
			return nil, fmt.Errorf("offset %d: %w", offset, ErrTooManyCertEntries)
		}
		e := CertEntry{Offset: offset, Length: le.Uint32(rest), Revision: le.Uint16(rest[4:]), Type: le.Uint16(rest[6:])}
		if e.Length < 8 || uint64(e.Length) > uint64(len(rest)) {
			return nil, fmt.Errorf("offset %d: certificate table entry of %d bytes, where %d are left", offset, e.Length, len(rest))
		}
		if e.Revision != 0x0100 && e.Revision != 0x0200 {
			return nil, fmt.Errorf("offset %d: certificate table entry of unknown revision 0x%04x", offset, e.Revision)
		}
		rounded := (int(e.Length) + 7) &^ 7
		if rounded > len(rest) {
			return nil, fmt.Errorf("offset %d: certificate table entry of %d bytes is not padded to 8", offset, e.Length)
		}
		e.Data = rest[8:e.Length:e.Length]
		list = append(list, e)
		at += rounded
	}
	return list, nil
}

// padding measures what follows the message in an entry.
func padding(data []byte) (n int, nonZero bool) {
	s := cryptobyte.String(data)
	if !s.SkipASN1(asn1.SEQUENCE) {
		return 0, false // no message either; reading it says so
	}
	for _, b := range s {
		nonZero = nonZero || b != 0
	}
	return len(s), nonZero
}

// Signatures reads and verifies the signature of the image: the first PKCS#7
// entry of its certificate table (rule 101), as the only element of the
// result. Others are nested in it: see [Signature.All]. The result is nil when
// the image names no table, or one without a PKCS#7 entry.
//
// The error says that the image names a certificate table that does not count,
// or that the table or the signature in it cannot be read. Nothing here
// compares the image with what is signed: that is for [Image.CheckDigest].
func (m *Image) Signatures() ([]*Signature, error) {
	t := m.CertificateTable()
	if t.Problem != nil {
		return nil, t.Problem
	}
	e := t.signature()
	if e == nil {
		return nil, nil
	}
	s, err := ParseSignature(e.Data)
	if err != nil {
		return nil, fmt.Errorf("offset %d: certificate table entry: %w", e.Offset, err)
	}
	return []*Signature{s}, nil
}
