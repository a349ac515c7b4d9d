package authenticode

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"testing"

	"prestage/authenticode/signtest"
)

// FuzzParseSignature: whatever the bytes, there is a signature or an error,
// and a signature that holds has everything that the package comment promises.
func FuzzParseSignature(f *testing.F) {
	h := signtest.Commercial(nil)
	tsa := signtest.TimeStampingUnder(h.Root, nil)
	signer := h.Signer().Stamped(tsa.Stamp(), tsa.CounterSignature())
	signer.ProgramName, signer.Nested = "fuzz", [][]byte{encode(commercial("p256-1"))}
	f.Add(encode(signer))
	f.Add(signtest.ImageSignature{Signer: signer, PageHashes: true}.Encode(fabrikam))
	f.Add(signtest.ImageSignature{Signer: signer, Message: func(m *signtest.SignedData) { m.BER = true }}.Encode(fabrikam))
	f.Add(signtest.Catalog{Members: []signtest.Member{{Data: fabrikam}}}.Sign(signer))
	f.Add(signtest.Catalog{}.Unsigned())
	for _, a := range signtest.Attacks() {
		if a.Layer != signtest.LayerMessage {
			continue
		}
		image := a.Image()
		if m, err := ReadImage(bytes.NewReader(image), int64(len(image))); err == nil {
			for _, e := range m.CertificateTable().Entries {
				f.Add(e.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSignature(b)
		if (s == nil) != (err != nil) {
			t.Fatalf("signature %v, error %v", s, err)
		}
		if s == nil {
			return
		}
		all := s.All()
		if len(all) > maxSignatures {
			t.Fatalf("%d signatures", len(all))
		}
		for _, s := range all {
			checkPromises(t, s)
		}
	})
}

func checkPromises(t *testing.T, s *Signature) {
	if s.Problem == nil {
		if s.SignerCount != 1 || s.Signer == nil || s.Signer.PublicKey == nil || s.Content == nil ||
			s.DigestAlgorithm.Size() < minDigest || len(s.EncryptedDigest) == 0 || len(s.SignedAttributes) < 2 {
			t.Fatalf("holds without %+v", s)
		}
		if (s.ContentType == OIDIndirectData) != (s.Indirect != nil) {
			t.Fatalf("content %s, indirect %v", s.ContentType, s.Indirect)
		}
	}
	for _, ts := range s.Timestamps {
		if ts.Problem == nil && (ts.Kind == TimestampUnknown || ts.Time.IsZero() || ts.Signer == nil || ts.DigestAlgorithm.Size() < minDigest) {
			t.Fatalf("time stamp holds without %+v", ts)
		}
	}
}

// FuzzReadImage: whatever the bytes, reading and hashing an image neither
// panics nor reads beyond it, and gives nothing with an error.
func FuzzReadImage(f *testing.F) {
	signer := signtest.Commercial(nil).Signer()
	for _, machine := range []uint16{signtest.MachineX86, signtest.MachineAMD64, signtest.MachineARM64} {
		f.Add(signtest.NewDriver(machine, "fuzz"))
		f.Add(signtest.SignPE(signtest.NewDriver(machine, "fuzz"), signer))
	}
	f.Add(signtest.PE{DataDirectories: 4, Appended: []byte("odd")}.Encode())
	for _, a := range signtest.Attacks() {
		if a.Layer == signtest.LayerTable {
			f.Add(a.Image())
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ReadImage(bytes.NewReader(b), int64(len(b)))
		if (m == nil) != (err != nil) {
			t.Fatalf("image %v, error %v", m, err)
		}
		if m == nil {
			return
		}
		sums, err := m.Hash(crypto.SHA1, crypto.SHA256)
		if err != nil || len(sums.Sums) != 2 {
			t.Fatalf("an image in memory cannot be hashed: %v", err)
		}
		table := m.CertificateTable()
		if table.Offset < 0 || table.Size < 0 || table.Offset+table.Size+table.After > int64(len(b)) {
			t.Fatalf("table beyond the file: %+v", table)
		}
		if pages, err := m.PageHashes(crypto.SHA1); (pages == nil) != (err != nil) {
			t.Fatalf("%d pages, error %v", len(pages), err)
		}
		sigs, err := m.Signatures()
		if err != nil && sigs != nil {
			t.Fatalf("signatures and %v", err)
		}
		for _, s := range sigs {
			checkPromises(t, s)
			if p, err := m.CheckDigest(s); err != nil || p == nil && s.Indirect == nil {
				t.Fatalf("digest: %v %v", p, err)
			}
			m.CheckPageHashes(s)
		}
	})
}

// FuzzCertTable: the entries account for every byte of the table, in order.
func FuzzCertTable(f *testing.F) {
	f.Add([]byte{})
	f.Add(entry(16, 0x0200, 2, make([]byte, 8)))
	f.Add(append(entry(13, 0x0100, 2, make([]byte, 8)), entry(8, 0x0200, 1, nil)...))
	f.Add(entry(0xffffffff, 0x0200, 2, nil))
	f.Add(binary.LittleEndian.AppendUint32(nil, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := walkCertTable(b, 0x400)
		if err != nil {
			if list != nil {
				t.Fatalf("entries and %v", err)
			}
			return
		}
		at := int64(0x400)
		for _, e := range list {
			if e.Offset != at || len(e.Data) != int(e.Length)-8 {
				t.Fatalf("entry %+v at %d", e, at)
			}
			at += (int64(e.Length) + 7) &^ 7
			padding(e.Data)
		}
		if at != 0x400+int64(len(b)) {
			t.Fatalf("entries end at %d of %d", at-0x400, len(b))
		}
	})
}
