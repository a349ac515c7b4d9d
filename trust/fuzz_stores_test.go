package trust

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"prestage/authenticode/signtest"
)

// fuzzStore checks what holds for every input of every format: no panic;
// nothing beside an error; work and memory bounded by the size of the input;
// every item a part of the file where the format is binary; what is kept can
// be put into a store; and forgiving more never finds less.
func fuzzStore(f *testing.F, binary bool, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
		for _, cut := range []int{1, len(s) / 2, len(s) - 1} {
			if cut < len(s) {
				f.Add(s[:cut])
			}
		}
	}
	stores, _ := filepath.Glob("../testdata/stores/*")
	for _, path := range stores {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			t.Skip("larger than any seed")
		}
		got, err := ReadContents("fuzz", data, ReadOptions{})
		lax, laxErr := ReadContents("fuzz", data, ReadOptions{SkipBad: true, AcceptUnsignedList: true})
		if (got == nil) == (err == nil) || (lax == nil) == (laxErr == nil) {
			t.Fatalf("contents %v with %v, lax %v with %v", got, err, lax, laxErr)
		}
		if err == nil && (laxErr != nil || len(lax.Items) != len(got.Items)) {
			t.Fatalf("forgiving: %v", laxErr)
		}
		if lax == nil {
			return
		}
		if len(lax.Items) > len(data)/2 || len(lax.Warnings) > maxWarnings+2 {
			t.Fatalf("%d items and %d warnings of %d bytes", len(lax.Items), len(lax.Warnings), len(data))
		}
		for i := range lax.Items {
			item := &lax.Items[i]
			if item.Kind == UnknownItem || binary && lax.Format != "PEM" && lax.Format != "registry export" && !bytes.Contains(data, item.Raw) && data[1] != 0x80 {
				t.Fatalf("%s: %v", item.Source(), item.Kind)
			}
			if e, err := item.Entry(); err == nil && (e.Certificate == nil || len(e.Serves()) == 0) {
				t.Fatalf("%s: %+v", item.Source(), e)
			}
		}
		for _, r := range Roles() {
			s := NewStore()
			_, _ = s.take(r, lax) // an error is an answer: wrong store, wrong hash
			for i := range lax.Items {
				s.anchorsNamed(lax.Items[i].subject())
			}
			s.Warnings()
		}
		_ = NewMachineStore().addMachine(lax)
	})
}

func FuzzSerialized(f *testing.F) {
	h := signtest.Commercial(nil)
	fuzzStore(f, true,
		signtest.SerializedStore(),
		signtest.SerializedStore(element(h.Root, property(9, signtest.UsageList(OIDCodeSigning)), property(104, signtest.FileTime(may)), property(11, signtest.UTF16("x"))), element(h.CA)),
		signtest.SerializedStore(signtest.StoreElement{Raw: signtest.Sequence(), Kind: signtest.ElementRevocationList}, signtest.StoreElement{Raw: signtest.SignList(rootList()), Kind: signtest.ElementTrustList}),
	)
}

func FuzzBundle(f *testing.F) {
	h := signtest.Commercial(nil)
	der := signtest.Bundle([][]byte{h.Root.Raw, h.CA.Raw}, [][]byte{signtest.Sequence()})
	fuzzStore(f, true, der, signtest.BundlePEM(der),
		signtest.SignedData{ContentType: signtest.OIDData, Content: signtest.OctetString([]byte("x")), Signers: []signtest.Signer{h.Signer()}, BER: true}.Encode())
}

func FuzzTrustList(f *testing.F) {
	h := signtest.ListSigners(nil)
	root := signtest.Commercial(nil).Root.Raw
	fuzzStore(f, true,
		signtest.SignList(rootList(listed(root, property(104, signtest.FileTime(may)), property(9, signtest.UsageList(OIDCodeSigning)))), h.Signer()),
		signtest.SignList(disallowedList(make([]byte, 16), make([]byte, 48))),
	)
}

func FuzzRegistry(f *testing.F) {
	h := signtest.Commercial(nil)
	stores := []signtest.RegistryStore{
		{Name: "ROOT", Elements: []signtest.StoreElement{element(h.Root, property(104, nil))}},
		{Name: "AuthRoot", Values: map[string][]byte{"EncodedCtl": signtest.SignList(rootList())}},
	}
	fuzzStore(f, false, signtest.RegistryExport(stores...), signtest.RegistryExport4(stores...),
		[]byte(regHeader4+"\r\n[HKEY_LOCAL_MACHINE\\a\\Microsoft\\SystemCertificates\\CA\\Certificates\\0]\r\n\"a\"=\"b\r\n\"\r\n\"Blob\"=hex:03,\\\r\n  00\r\n"))
}

// FuzzPEMAndDER covers the two oldest formats.
func FuzzPEMAndDER(f *testing.F) {
	h := signtest.CrossCertified(nil)
	fuzzStore(f, true, h.Root.PEM(), h.Root.Raw, slices.Concat(h.Root.Raw, h.CA.Raw), signtest.PEMBundle(h.Root, h.CA, h.Leaf))
}
