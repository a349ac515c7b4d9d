package prestage_test

import (
	"fmt"
	"log"
	"time"

	"prestage"
	"prestage/trust"
)

// A file that a catalog signs, verified as `signtool verify /pa /c` does.
func ExampleVerify() {
	store := trust.DefaultStore()
	if err := store.LoadPath(trust.Root, "testdata/stores/contoso-root.pem"); err != nil {
		log.Fatal(err)
	}
	report, err := prestage.Verify(prestage.VerifyOptions{
		At:      time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
		Store:   store,
		Policy:  prestage.AuthenticodePolicy,
		Catalog: "testdata/packages/altered-inf-line-endings/gadget.cat",
	},
		"testdata/packages/altered-inf-line-endings/gadget.sys",
		"testdata/packages/altered-inf-line-endings/gadget.inf",
	)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range report.Files {
		fmt.Println(f.Result, f.Code, f.Rule)
	}
	// Output:
	// verified 0x00000000 verify-verified
	// failed 0x800B0100 verify-not-in-catalog
}
