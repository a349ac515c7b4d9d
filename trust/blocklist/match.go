package blocklist

import (
	"fmt"
	"strings"

	"prestage/authenticode/cert"
)

// anyFile is the file name of a rule for every file.
const anyFile = "*"

// unknowns names what a file rule has that this package gives no meaning to.
func (r *FileRule) unknowns() []string {
	list := append([]string(nil), r.Other...)
	if strings.ContainsAny(r.FileName, "*?") && r.FileName != anyFile {
		list = append(list, fmt.Sprintf("file name %q with wildcards", r.FileName))
	}
	if n := len(r.Hash); r.Hash != nil && n != 20 && n != 32 {
		list = append(list, fmt.Sprintf("digest of %d bytes", n))
	}
	if r.empty() {
		list = append(list, "no condition")
	}
	return list
}

// empty reports whether a rule has no condition at all.
func (r *FileRule) empty() bool {
	return r.Hash == nil && r.FileName == "" && r.InternalName == "" && r.FileDescription == "" &&
		r.ProductName == "" && r.Versions.none() && len(r.Other) == 0
}

// texts are the strings that a rule compares, in the order of textFileName and
// its successors.
func (r *FileRule) texts() [4]string {
	return [...]string{r.FileName, r.InternalName, r.FileDescription, r.ProductName}
}

// key is the first string that a rule wants, as a key of byText. A rule for
// every file and one with wildcards have none.
func (r *FileRule) key() (string, bool) {
	for which, text := range r.texts() {
		if text != "" && !(which == int(textFileName) && strings.ContainsAny(text, "*?")) {
			return textKey(byte(which), text), true
		}
	}
	return "", false
}

// looksAtAttributes reports whether a rule needs the version resource.
func (r *FileRule) looksAtAttributes() bool {
	for _, text := range r.texts() {
		if text != "" && text != anyFile {
			return true
		}
	}
	return !r.Versions.none()
}

// matches says whether all conditions of a rule hold. Versions mean what they
// do in Deny rules, or what they do in Allow rules (rule 193).
func (r *FileRule) matches(f *File, deny bool) truth {
	t := yes
	if len(r.unknowns()) > 0 {
		t = maybe
	}
	if r.Hash != nil {
		t = t.and(hashTruth(f, r.Hash))
	}
	if r.looksAtAttributes() {
		t = t.and(r.attributesTruth(f, deny))
	}
	return t
}

// attributesTruth tries the first set of attributes, which is the one that
// counts if there is only one. Which of several Windows looks at is not known.
func (r *FileRule) attributesTruth(f *File, deny bool) truth {
	if f.VersionProblem != nil {
		return maybe
	}
	all := f.attributes()
	first := r.hasAttributes(all[0], deny)
	for _, a := range all[1:] {
		if r.hasAttributes(a, deny) != first {
			return maybe
		}
	}
	return truthOf(first)
}

func (r *FileRule) hasAttributes(a Attributes, deny bool) bool {
	have := [...]string{a.OriginalFileName, a.InternalName, a.FileDescription, a.ProductName}
	for which, want := range r.texts() {
		wild := which == int(textFileName) && strings.ContainsAny(want, "*?")
		// What wildcards match is not known: see unknowns.
		if want != "" && !wild && fold(want) != fold(have[which]) {
			return false
		}
	}
	if deny {
		return r.Versions.denies(a.Version)
	}
	return r.Versions.allows(a.Version)
}

// why says why it is not known whether a rule holds.
func (r *FileRule) why(f *File) string {
	list := r.unknowns()
	if r.looksAtAttributes() {
		switch {
		case f.VersionProblem != nil:
			list = append(list, "the version resource is not known")
		case r.attributesTruth(f, true) == maybe:
			list = append(list, "the file has several sets of version information, and some match")
		}
	}
	return strings.Join(list, ", ")
}

// describe says what a rule by attributes has found.
func (r *FileRule) describe(f *File) string {
	var parts []string
	names := [...]string{"original file name", "internal name", "file description", "product name"}
	for which, text := range r.texts() {
		if text != "" && text != anyFile {
			parts = append(parts, names[which]+" "+text)
		}
	}
	if !r.Versions.none() {
		parts = append(parts, fmt.Sprintf("version %s (%s)", FileVersion(f.Version), r.Versions))
	}
	if len(parts) == 0 {
		return "every file"
	}
	return strings.Join(parts, ", ")
}

// nothing is what a signer refers to that refers to no rule.
const nothing = "a reference to nothing"

// unknowns names what a signer rule has that this package gives no meaning to.
func (d *denied) unknowns() []string {
	list := append([]string(nil), d.rule.Other...)
	switch {
	case d.rule.RootType == RootWellKnown:
		list = append(list, fmt.Sprintf("well-known root %X", d.rule.Root))
	case d.rule.RootType != RootTBS || len(d.rule.Root) == 0:
		list = append(list, "no certificate")
	}
	if d.broken {
		list = append(list, nothing)
	}
	for _, k := range d.ekus {
		if k.OID == "" {
			list = append(list, "EKU "+k.ID+" is no OID")
		}
	}
	for _, a := range d.attribs {
		for _, what := range a.unknowns() {
			list = append(list, "file attribute "+a.ID+": "+what)
		}
	}
	return list
}

// matches says whether a denied signer covers a signature of a file, and names
// the file attribute that made it so, or what is not known. The certificate
// has been compared if it could be.
func (d *denied) matches(f *File, s *Signer, rooted bool) (truth, string) {
	t, why := yes, ""
	condition := func(u truth, what string) {
		if t = t.and(u); u == maybe && why == "" {
			why = what
		}
	}
	if !rooted || len(d.rule.Other) > 0 || d.broken {
		condition(maybe, strings.Join(d.unknowns(), ", "))
	}
	if d.rule.Publisher != "" {
		condition(nameTruth(d.rule.Publisher, s.LeafCN, s.Leaf != nil || s.LeafCN != ""), "publisher "+d.rule.Publisher)
	}
	if d.rule.OemID != "" {
		condition(nameTruth(d.rule.OemID, s.OemID, true), "OEM id "+d.rule.OemID)
	}
	if len(d.rule.EKUs) > 0 {
		condition(d.ekuTruth(s.Leaf), "extended key usages")
	}
	found := ""
	if len(d.rule.FileAttribs) > 0 {
		u, id := d.attribTruth(f)
		condition(u, "file attribute "+id)
		found = "file attribute " + id
	}
	for _, e := range d.except {
		switch e.matches(f, e.Action == Deny) {
		case yes:
			return no, ""
		case maybe:
			condition(maybe, "exception "+e.ID)
		}
	}
	if t == yes {
		return t, found
	}
	return t, why
}

// nameTruth compares names. That case counts is not documented, so names that
// differ in nothing else may be the same to Windows.
func nameTruth(want, have string, known bool) truth {
	switch {
	case !known:
		return maybe
	case want == have:
		return yes
	case fold(want) == fold(have):
		return maybe
	}
	return no
}

// ekuTruth says whether the leaf has the extended key usages. Of several, that
// all are wanted is not documented.
func (d *denied) ekuTruth(leaf *cert.Certificate) truth {
	if leaf == nil {
		return maybe
	}
	have, unclear := 0, len(d.ekus) < len(d.rule.EKUs)
	for _, k := range d.ekus {
		switch {
		case k.OID == "":
			unclear = true
		case leaf.HasEKUOID(k.OID):
			have++
		}
	}
	switch {
	case have == len(d.rule.EKUs):
		return yes
	case have == 0 && !unclear:
		return no
	}
	return maybe
}

// attribTruth says whether one of the file attributes holds, and which. In a
// signer that is denied, versions mean what they do in Deny rules.
func (d *denied) attribTruth(f *File) (truth, string) {
	t, id := no, ""
	if len(d.attribs) < len(d.rule.FileAttribs) {
		t = maybe
	}
	for _, a := range d.attribs {
		switch a.matches(f, true) {
		case yes:
			return yes, a.ID
		case maybe:
			if t == no {
				t, id = maybe, a.ID
			}
		}
	}
	return t, id
}
