package signtest_test

import (
	"crypto/x509"
	"fmt"

	"prestage/authenticode/signtest"
)

// A complete package, of which one thing is changed.
func ExampleNewPackage() {
	p := signtest.NewPackage()
	p.Catalog.Version = 1
	p.Alter = signtest.FlipBit("gadget.sys", -1)

	for _, path := range p.Build().Paths() {
		fmt.Println(path)
	}
	// Output:
	// gadget.cat
	// gadget.inf
	// gadget.sys
}

// A hierarchy of which one certificate is changed.
func ExampleCommercial() {
	h := signtest.Commercial(signtest.Override{
		"leaf": func(t *signtest.Template) { t.EKUs = []string{signtest.EKUServerAuth} },
	})
	leaf, err := x509.ParseCertificate(h.Leaf.Raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(leaf.Issuer.CommonName)
	fmt.Println(leaf.ExtKeyUsage[0] == x509.ExtKeyUsageServerAuth)
	// Output:
	// Contoso Code Signing CA 2
	// true
}

// An image with a signature whose time stamp is over something else.
func ExampleSignPE() {
	h := signtest.Commercial(nil)
	stamp := signtest.TimeStampingUnder(h.Root, nil).Stamp()
	stamp.Over = []byte("another signature")

	image := signtest.SignPE(signtest.NewDriver(signtest.MachineAMD64, "example"), h.Signer().Stamped(stamp))
	fmt.Println(signtest.IsPE(image), len(image)%8)
	// Output: true 0
}

// A catalog of version 1 with one flat member.
func ExampleCatalog() {
	cat := signtest.Catalog{
		Version: 1,
		Members: []signtest.Member{{Data: []byte("; gadget.inf\r\n"), File: "gadget.inf"}},
		OSAttr:  "2:10.0",
	}
	signed, unsigned := cat.Sign(signtest.SelfSigned(nil).Signer()), cat.Unsigned()
	fmt.Println(len(signed) > len(unsigned))
	// Output: true
}
