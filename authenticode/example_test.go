package authenticode_test

import (
	"bytes"
	"fmt"
	"log"

	"prestage/authenticode"
	"prestage/authenticode/signtest"
)

// Verify the signatures of a PE image, and that they are for this image. Who
// signed it, and whether anybody trusts them, is for package trust.
func ExampleImage_Signatures() {
	file := signtest.SignPE(signtest.NewDriver(signtest.MachineAMD64, "gadget"), signtest.AttackSigner())

	image, err := authenticode.ReadImage(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		log.Fatal(err)
	}
	signatures, err := image.Signatures()
	if err != nil {
		log.Fatal(err)
	}
	for _, primary := range signatures {
		for _, s := range primary.All() { // with those nested in it
			if s.Problem != nil {
				fmt.Println("the signature does not hold:", s.Problem)
				continue
			}
			mismatch, err := image.CheckDigest(s)
			if err != nil {
				log.Fatal(err)
			}
			if mismatch != nil {
				fmt.Println("the file was altered:", mismatch)
				continue
			}
			fmt.Printf("signed by %s, %v\n", s.Signer.Subject.CommonName(), s.DigestAlgorithm)
			for _, stamp := range s.Timestamps {
				if stamp.Problem == nil {
					fmt.Printf("time stamp (%v) of %s\n", stamp.Kind, stamp.Time.Format("2006-01-02"))
				}
			}
		}
	}
	// Output:
	// signed by Fabrikam Geräte GmbH, SHA-256
	// time stamp (rfc3161) of 2026-03-02
}
