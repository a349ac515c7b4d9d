// Command mkdata rebuilds the generated test data of the repository.
//
//	go generate ./authenticode/signtest
//
// writes testdata/packages and testdata/stores from the descriptions in
// package signtest. The result is the same on every machine; a test compares.
//
//	go run ./authenticode/signtest/mkdata -new-keys
//
// makes new private keys in authenticode/signtest/keys. That changes every
// generated file and is never needed, unless a kind of key is added: keys
// that exist are kept.
//
//go:debug rsa1024min=0
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"

	"prestage/authenticode/signtest"
)

func main() {
	log.SetFlags(0)
	root := flag.String("root", ".", "the repository's root folder")
	newKeys := flag.Bool("new-keys", false, "make the private keys that are missing")
	flag.Parse()
	write := writeData
	if *newKeys {
		write = writeKeys
	}
	if err := write(*root); err != nil {
		log.Fatal("mkdata: ", err)
	}
}

// writeData replaces the generated files. Other files in testdata stay.
func writeData(root string) error {
	folder := filepath.Join(root, "testdata")
	for _, s := range signtest.Samples() {
		// A sample that has lost a file must not keep the old one.
		if err := os.RemoveAll(filepath.Join(folder, "packages", s.Name)); err != nil {
			return err
		}
	}
	return signtest.TestData().WriteTo(folder)
}

func writeKeys(root string) error {
	for _, name := range signtest.KeyNames() {
		path := filepath.Join(root, "authenticode", "signtest", "keys", name+".pem")
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		block, err := newKey(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func newKey(name string) (*pem.Block, error) {
	kind, _, _ := strings.Cut(name, "-")
	if curve := map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()}[kind]; curve != nil {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalECPrivateKey(k)
		return &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}, err
	}
	var bits int
	if _, err := fmt.Sscanf(kind, "rsa%d", &bits); err != nil {
		return nil, fmt.Errorf("unknown kind of key: %w", err)
	}
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, err
	}
	return &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}, nil
}
