package catalog_test

import (
	"crypto/sha256"
	"fmt"

	"prestage/catalog"
)

// Look a file up in a catalog. An INF is listed by the digest of all its
// bytes; for a .sys or .dll take the Authenticode digest instead, of package
// authenticode.
func ExampleParse() {
	inf := []byte("foo.inf")
	file := list{
		members:    join(driver("foo.inf", 2), driver("foo.sys", 0)),
		extensions: [][]byte{extension("OS", "_v100_X64")},
	}.file()

	c, err := catalog.Parse(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("version %d, %d members, listed by %v, signed: %v\n", c.Version, len(c.Members), c.HashAlgorithms(), c.Signed())

	sum := sha256.Sum256(inf)
	match, ok := c.Match(sum[:])
	if !ok {
		fmt.Println("not in the catalog: altered, or another file")
		return
	}
	fmt.Printf("%s (%v), found by %v, for Windows %v\n", match.Member.File(), match.Member.Kind, match.By, c.OSAttr(match.Member))

	altered := sha256.Sum256(append(inf, '\n'))
	_, ok = c.Lookup(altered[:])
	fmt.Println("with one more line end:", ok)
	// Output:
	// version 2, 4 members, listed by [SHA-1 SHA-256], signed: false
	// foo.inf (flat), found by tag and indirect data, for Windows [2:10.0]
	// with one more line end: false
}

func ExampleParseOSAttr() {
	versions, err := catalog.ParseOSAttr("2:5.x,2:6.1,2:10.0")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range versions {
		fmt.Println(v, v.Covers(catalog.PlatformNT, 10, 0))
	}
	// Output:
	// 2:5.x false
	// 2:6.1 false
	// 2:10.0 true
}
