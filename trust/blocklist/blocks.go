package blocklist

import (
	"fmt"
	"strings"
)

// blocks reads what later format versions have added, one block each.
func (r *compiledReader) blocks() {
	readers := map[uint32]func(){
		3: r.maximumVersions,
		4: r.attributes,
		5: r.packages,
		6: r.policyIDs,
		7: r.filePaths,
	}
	version := r.p.FormatVersion
	for n := uint32(3); n <= min(version, knownVersion-1); n++ {
		if !r.tag(n, fmt.Sprintf("block of format version %d", n)) {
			return
		}
		readers[n]()
	}
	if version >= knownVersion && (!r.tag(knownVersion, "block of format version 8, app settings") || !r.appSettings()) {
		return
	}
	// Policies of versions 1 and 2 have been seen described without an end.
	if r.err == nil && version < 3 && r.at == len(r.data) {
		return
	}
	if r.tag(version+1, "end of the policy") && !isPadding(r.data[r.at:]) {
		r.fail("%d bytes follow the policy: %w", len(r.data)-r.at, ErrSyntax)
	}
}

// tag reads the number that starts a block.
func (r *compiledReader) tag(want uint32, what string) bool {
	at := r.at
	got := r.uint32(what)
	if r.err == nil && got != want {
		r.at = at
		r.fail("%s starts with %d, not %d: %w", what, got, want, ErrSyntax)
	}
	return r.err == nil
}

func (r *compiledReader) maximumVersions() {
	for i := range r.p.Rules {
		rule := &r.p.Rules[i]
		rule.Versions = compiledBounds(rule.Action, r.minimums[i], r.version("maximum version"))
		var ids []string
		for range r.count("app ids", 8, maxRules) {
			if ids = append(ids, r.text("app id")); r.err != nil {
				return
			}
		}
		r.other(rule, "AppIDs", strings.Join(ids, ""))
	}
	for i := range r.p.Signers {
		s := &r.p.Signers[i]
		if b := r.take(8, "signing time"); strings.Trim(string(b), "\x00") != "" {
			s.Other = append(s.Other, "SignTimeAfter")
		}
	}
}

// other adds a condition without meaning here.
func (r *compiledReader) other(rule *FileRule, name, value string) {
	if r.err == nil && value != "" {
		rule.Other = append(rule.Other, name+" "+value)
	}
}

func (r *compiledReader) attributes() {
	for i := range r.p.Rules {
		rule := &r.p.Rules[i]
		rule.InternalName = r.text("internal name")
		rule.FileDescription = r.text("file description")
		rule.ProductName = r.text("product name")
	}
}

func (r *compiledReader) packages() {
	for i := range r.p.Rules {
		rule := &r.p.Rules[i]
		r.other(rule, "PackageFamilyName", r.text("package family name"))
		if v := r.version("package version"); v != (FileVersion{}) && v != maxFileVersion {
			r.other(rule, "PackageVersion", v.String())
		}
	}
}

func (r *compiledReader) policyIDs() {
	r.p.PolicyID = r.guid("policy id")
	r.p.BasePolicyID = r.guid("base policy id")
	r.ids("supplemental signer", len(r.p.Signers), r.signerAt)
}

func (r *compiledReader) filePaths() {
	for i := range r.p.Rules {
		r.other(&r.p.Rules[i], "FilePath", r.text("file path"))
	}
}

// appSettings reads the block of version 8. Without app settings it is a zero;
// how it looks with some is not public, so the rest is not read, and noted. It
// reports whether the end of the policy can be found.
func (r *compiledReader) appSettings() bool {
	at := r.at
	switch n := r.uint32("app settings"); {
	case r.err != nil:
		return false
	case n != 0:
		r.note(at, "", "section app settings, whose layout is not public, and what follows it")
		return false
	case r.p.FormatVersion > knownVersion:
		r.note(r.at, "", fmt.Sprintf("format version %d: what it adds to version %d is not known", r.p.FormatVersion, knownVersion))
		return false
	}
	return true
}
