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

func writeData(root string) error { return nil }

// writeKeys makes the key files that are missing. It does not import
// signtest's list of names, which embeds the very files it makes.
func writeKeys(root string) error {
	names := "rsa512-1 rsa1024-1 rsa2048-1 rsa2048-2 rsa2048-3 rsa2048-4 rsa2048-5 " +
		"rsa2048-6 rsa2048-7 rsa2048-8 rsa2048-9 rsa2048-10 rsa3072-1 p256-1 p256-2 p256-3 p384-1 p521-1"
	for _, name := range strings.Fields(names) {
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
