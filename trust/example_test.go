package trust_test

import (
	"bytes"
	"fmt"

	"prestage/authenticode"
	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/trust"
)

// Judge the signature of an image: on an untouched machine, and on one where
// an administrator added a root and a publisher.
func ExampleVerify() {
	h := signtest.Commercial(nil)
	image := signtest.SignPE(signtest.NewDriver(signtest.MachineAMD64, "Gadget"), h.Signer())

	m, err := authenticode.ReadImage(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		fmt.Println(err)
		return
	}
	sigs, err := m.Signatures()
	if err != nil {
		fmt.Println(err)
		return
	}
	o := trust.Options{At: signtest.Now(), Purpose: trust.CodeSigning}

	store := trust.DefaultStore()
	v := trust.Verify(sigs[0], store, o)
	fmt.Println(v.Trusted, v.Authority, v.Problems[0].Code)

	root, err := cert.Parse(h.Root.Raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	store.AddRoot(root, "contoso-root.pem")
	store.AddTrustedPublisher(sigs[0].Signer)
	v = trust.Verify(sigs[0], store, o)
	fmt.Println(v.Trusted, v.Authority, v.Publisher)
	for _, c := range v.Chain {
		fmt.Println(" ", c.Subject.CommonName())
	}
	// Output:
	// false unknown 0x800B010A CERT_E_CHAINING
	// true third-party trusted
	//   Fabrikam Geräte GmbH
	//   Contoso Code Signing CA 2
	//   Contoso Code Signing Root R1
}
