package catalog_test

import (
	"bytes"
	"crypto"
	"errors"
	"strings"
	"testing"

	"prestage/catalog"
)

// L11: files called .cat that are no catalogs.
func TestNotCatalogs(t *testing.T) {
	const lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
	for _, test := range []struct {
		name string
		file []byte
		is   error  // besides ErrNotCatalog
		want string // part of the text
	}{
		{"no bytes", nil, catalog.ErrEmpty, "empty file"},
		{"zero bytes", make([]byte, 4096), catalog.ErrEmpty, "empty file"},
		{"Git LFS pointer", []byte(lfs), catalog.ErrLFSPointer, "Git LFS pointer"},
		{"placeholder", []byte("This file should be replaced\r\nwith an actual catalog file."), catalog.ErrPlaceholder, `begins "This file should be replaced"`},
		{"placeholder that begins with the byte of a SEQUENCE", []byte("0 files are signed"), catalog.ErrPlaceholder, "0 files"},
		{"long text", bytes.Repeat([]byte("ä catalog goes here "), 100), catalog.ErrPlaceholder, "ä catalog"},
		{"long text cut within a character", append([]byte("x"), bytes.Repeat([]byte("€"), 400)...), catalog.ErrPlaceholder, "x€"},
		{"PEM", []byte("-----BEGIN PKCS7-----\nMIIB"), nil, "PEM"},
		{"base64", []byte("MIIuHwYJKoZIhvcNAQcC"), nil, "base64"},
		{"HTML", []byte("<!DOCTYPE html><title>404"), nil, "HTML"},
		{"UTF-16 text", append([]byte{0xff, 0xfe}, le("to do")...), nil, "UTF-16"},
		{"cabinet", append([]byte("MSCF"), make([]byte, 60)...), nil, "cabinet"},
		{"executable", append([]byte("MZ"), make([]byte, 60)...), nil, "executable"},
		{"other octets", []byte{0x02, 0x01, 0x00}, nil, "0x02"},
		{"DER of another kind", seq(integer(1)), nil, "no PKCS#7"},
		{"PKCS#7 data", seq(oid("1.2.840.113549.1.7.1"), der(0xa0, octets([]byte("x")))), nil, "1.2.840.113549.1.7.1"},
		{"signature of a file", message("1.3.6.1.4.1.311.2.1.4", indirectValue(typePE, peImage, crypto.SHA256, sum256("foo"))), nil, "Authenticode signature of one file"},
		{"other signed content", message("1.2.840.113549.1.7.1", octets([]byte("x"))), nil, "content type, 1.2.840.113549.1.7.1"},
		{"authroot.stl", list{usage: "1.3.6.1.4.1.311.10.3.9"}.file(), nil, "trusted roots"},
		{"disallowedcert.stl", list{usage: "1.3.6.1.4.1.311.10.3.30"}.file(), nil, "distrusted"},
		{"list of another usage", list{usage: "1.3.6.1.4.1.311.10.3.1"}.file(), nil, "another usage, 1.3.6.1.4.1.311.10.3.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := catalog.Parse(test.file)
			if c != nil || !errors.Is(err, catalog.ErrNotCatalog) {
				t.Fatalf("got %v, %v; want ErrNotCatalog", c, err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want %q", err, test.want)
			}
			for _, kind := range []error{catalog.ErrEmpty, catalog.ErrLFSPointer, catalog.ErrPlaceholder} {
				if errors.Is(err, kind) != (kind == test.is) {
					t.Errorf("%v: is %q: %v", err, kind, errors.Is(err, kind))
				}
			}
		})
	}
}

// What is a broken catalog must not be taken for another kind of file.
func TestBinaryIsNoText(t *testing.T) {
	file := list{members: driver("foo", 0)}.file()
	for n := 1; n < len(file); n++ {
		if _, err := catalog.Parse(file[:n]); errors.Is(err, catalog.ErrPlaceholder) && n > 1 {
			t.Fatalf("first %d bytes: %v", n, err)
		}
	}
}
