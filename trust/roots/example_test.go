package roots_test

import (
	"fmt"
	"time"

	"prestage/trust/roots"
)

// Find the anchors that may have issued a certificate, by its encoded issuer
// name, and what the root program says of them.
func ExampleBySubject() {
	var issuer []byte // RawIssuer of some certificate
	for _, r := range roots.All() {
		if r.Class == roots.Product && !r.Disable.IsZero() {
			issuer = r.RawSubject()
		}
	}
	for _, r := range roots.BySubject(issuer) {
		c, err := r.Certificate()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(c.Subject.CommonName())
		fmt.Println("class", r.Class, "disabled from", r.Disable.Format(time.DateOnly))
		fmt.Println("may sign code:", r.AllowsUsage("1.3.6.1.5.5.7.3.3"))
	}
	// Output:
	// Microsoft Root Authority
	// class product disabled from 2018-01-31
	// may sign code: true
}
