package signtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// readme makes testdata/README.md.
func readme(paths []string) []byte {
	var b strings.Builder
	b.WriteString(`# Generated test data

Everything listed here is made by package ` + "`prestage/authenticode/signtest`" + ` and comes out the same, byte for byte,
on every machine. The one command that rebuilds it, this file included:

    go generate ./authenticode/signtest

A test compares. The files are this project's own and under its licence. The private keys are in
` + "`authenticode/signtest/keys`" + `, for everybody to see: **trust none of these roots**. "Microsoft", where it occurs
in a name, is part of a test of who is fooled by names.

Files are byte-exact (` + "`.gitattributes`" + `): a changed line ending breaks a signature, and in one package that is the point.

## packages

Each folder is a driver package for the imaginary Fabrikam Gadget. "Valid" means: every file is covered by a
catalog whose signature holds and chains to a root in ` + "`stores`" + `.

`)
	for _, s := range Samples() {
		fmt.Fprintf(&b, "* **%s** – %s.\n", s.Name, s.Point)
		prefix := "packages/" + s.Name + "/"
		var files []string
		for _, path := range paths {
			if rest, ok := strings.CutPrefix(path, prefix); ok {
				files = append(files, "`"+rest+"`")
			}
		}
		fmt.Fprintf(&b, "  %s\n", strings.Join(files, ", "))
	}
	b.WriteString("\n## stores\n\n")
	points := storePoints()
	for _, name := range slices.Sorted(maps.Keys(Stores())) {
		fmt.Fprintf(&b, "* **%s** – %s.\n", name, points[name])
	}
	return []byte(b.String())
}
