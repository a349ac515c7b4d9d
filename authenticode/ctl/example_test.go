package ctl_test

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/ctl"
)

// List the certificate properties of a list of roots in the form of
// authroot.stl. The content comes from the signed message around the list,
// authenticode.Signature.Content.
func ExampleParse() {
	list, err := ctl.Parse(trustList())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("made", list.ThisUpdate.Format("2006-01-02"))
	for _, entry := range list.Entries {
		fmt.Printf("%s\n", entry.Tag)
		for oid, values := range entry.Attributes() {
			var value cryptobyte.String
			if values.ReadASN1(&value, asn1.OCTET_STRING) {
				fmt.Printf("  %s: %d octets\n", oid, len(value))
			}
		}
	}
	// Output:
	// made 2023-03-08
	// sha-1 of first root.
	//   1.3.6.1.4.1.311.10.11.11: 14 octets
	//   1.3.6.1.4.1.311.10.11.9: 22 octets
	//   1.3.6.1.4.1.311.10.11.98: 32 octets
	// sha-1 of second root
	//   1.3.6.1.4.1.311.10.11.104: 0 octets
	//   1.3.6.1.4.1.311.10.11.11: 4 octets
	//   1.3.6.1.4.1.311.10.11.126: 8 octets
}
