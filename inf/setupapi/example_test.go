package setupapi_test

import (
	"fmt"
	"os"
	"strings"
	"time"

	"prestage/inf/setupapi"
)

const log = `>>>  [Setup Import Driver Package - c:\drivers\toaster.inf]
>>>  Section start 2024/05/06 19:47:17.967
     inf: Provider: Contoso
     inf: Catalog File: toaster.cat
     sto: {Stage Driver Package: c:\drivers\toaster.inf} 19:47:17.983
     sto:      {DRIVERSTORE IMPORT VALIDATE} 19:47:18.010
     sig:           {_VERIFY_FILE_SIGNATURE} 19:47:18.052
     sig:                Key      = toaster.inf
!    sig:                Verifying file against specific (valid) catalog failed.
!    sig:                Error 0x800b0109: A certificate chain processed, but terminated in a root certificate which is not trusted by the trust provider.
     sig:           {_VERIFY_FILE_SIGNATURE exit(0x800b0109)} 19:47:18.060
     sig:           {_VERIFY_FILE_SIGNATURE} 19:47:18.060
     sig:                Key      = toaster.inf
     sig:                Success: File is signed in Authenticode(tm) catalog.
     sig:                Error 0xe0000242: The publisher of an Authenticode(tm) signed catalog has not yet been established as trusted.
     sig:           {_VERIFY_FILE_SIGNATURE exit(0xe0000242)} 19:47:18.070
!    sig:           Driver package signer is unknown, but user trusts signer.
     sto:      {DRIVERSTORE IMPORT VALIDATE: exit(0x00000000)} 19:47:31.570
     sig:      Signer Score  = 0x0F000000 (Authenticode)
     sig:      Signer Name   = Contoso
     sto: {Stage Driver Package: exit(0x00000000)} 19:47:31.600
<<<  Section end 2024/05/06 19:47:31.700
<<<  [Exit status: SUCCESS]
`

// What was verified, and how the package got in.
func Example() {
	r := setupapi.NewReader(strings.NewReader(log), setupapi.Options{})
	for s, err := range r.Sections() {
		if err != nil {
			fmt.Println(err)
			continue
		}
		for _, m := range s.Imports() {
			fmt.Println(m.INF, m.Catalog, m.Status)
			for _, v := range m.Verifications {
				fmt.Printf("pass %d: %s\n", v.Pass, v.Exit)
			}
			fmt.Printf("%s: 0x%08X (%s)\n", m.SignerName, m.Score.Value, m.Score.Label)
			fmt.Println("asked and accepted:", m.Prompt.Accepted, "after", m.Prompt.Gap)
		}
	}
	// Output:
	// c:\drivers\toaster.inf toaster.cat SUCCESS
	// pass 1: 0x800b0109
	// pass 2: 0xe0000242
	// Contoso: 0x0F000000 (Authenticode)
	// asked and accepted: true after 13.5s
}

// The section that Windows 7 would write for a package that it refuses.
func ExampleWriter_WriteImport() {
	d, _ := setupapi.DialectNamed("7")
	w := setupapi.NewWriter(os.Stdout, d)
	w.At = time.Date(2024, 5, 6, 19, 47, 18, 0, time.UTC)
	w.Ending = "\n"
	w.WriteImport(&setupapi.Import{
		INF: `c:\drivers\toaster.inf`,
		Verifications: []setupapi.Verification{{
			Pass: 1, Key: "toaster.inf", Message: "No signature was present in the subject.",
			Exit: setupapi.Exit{Seen: true, HasCode: true, Code: 0x800B0100},
		}},
		Status:        setupapi.Status{Result: setupapi.Failure, Code: 0xE0000247},
		StatusMessage: "A problem was encountered while attempting to add the driver to the store.",
	})
	// Output:
	// >>>  [SetupCopyOEMInf - c:\drivers\toaster.inf]
	// >>>  Section start 2024/05/06 19:47:18.000
	//      sto: {Import Driver Package: c:\drivers\toaster.inf} 19:47:18.000
	//      sto:      {DRIVERSTORE_IMPORT_NOTIFY_VALIDATE} 19:47:18.000
	//      sig:           {_VERIFY_FILE_SIGNATURE} 19:47:18.000
	//      sig:                Key      = toaster.inf
	// !    sig:                Verifying file against specific (valid) catalog failed! (0x800b0100)
	// !    sig:                Error 0x800b0100: No signature was present in the subject.
	//      sig:           {_VERIFY_FILE_SIGNATURE exit(0x800b0100)} 19:47:18.000
	//      sto:      {DRIVERSTORE_IMPORT_NOTIFY_VALIDATE exit(0xe0000247)} 19:47:18.000
	// !!!  sto:      Driver package failed signature verification. Error = 0xE0000247
	// !!!  sto:      Failed to import driver package into Driver Store. Error = 0xE0000247
	//      sto: {Import Driver Package: exit(0xe0000247)} 19:47:18.000
	// !!!  sto: Failed to stage driver package to Driver Store. Error = 0xE0000247, Time = 0 ms
	// !    inf: Add to Driver Store unsuccessful
	// !!!  inf: Error 0xe0000247: A problem was encountered while attempting to add the driver to the store.
	// !!!  inf: returning failure to SetupCopyOEMInf
	// <<<  Section end 2024/05/06 19:47:18.000
	// <<<  [Exit status: FAILURE(0xe0000247)]
}
