package prestage

import (
	"bytes"
	"crypto"
	"slices"
	"strings"

	"prestage/authenticode"
	"prestage/catalog"
	"prestage/inf"
	"prestage/trust/blocklist"
)

// cover says how the file stands to each catalog that the INF names. sc is
// nil for a file that is not there.
func (g Gatherer) cover(f *Facts, file *FileFacts, sc *scan) {
	file.coverage = make(map[*CatalogFacts]Coverage, len(f.Catalogs))
	switch {
	case sc == nil:
	case sc.image == nil && sc.flat == nil: // not read
		file.Err = sc.err
	default:
		file.describe(sc, sc.kind())
	}
	byCatalog := map[*catalog.Catalog]Coverage{}
	for _, c := range f.Catalogs {
		cov, ok := byCatalog[c.Catalog]
		if !ok || c.Catalog == nil {
			cov = g.coverage(c, file, sc)
			byCatalog[c.Catalog] = cov
		}
		file.coverage[c] = cov
	}
	if sc != nil && g.BlockList != nil && file.Role == RoleDriver {
		file.BlockList = g.blockList(f, file, sc)
	}
}

// blockList asks the block list about a kernel binary, with every signature
// that covers it: those in it, and those of the catalogs that list it (rule
// 194).
func (g Gatherer) blockList(f *Facts, file *FileFacts, sc *scan) *blocklist.Result {
	if sc.expanded != nil {
		sc = sc.expanded
	}
	if sc.listed == nil {
		return nil // no image: the kernel cannot load it either
	}
	asked := *sc.listed
	asked.Signers = slices.Clone(asked.Signers)
	for _, c := range f.Catalogs {
		if file.coverage[c].State != Covered {
			continue
		}
		for _, s := range c.Signatures {
			signer := blocklist.SignerOf(s.Signature)
			// The chain as it was built may know authorities that the message
			// does not carry.
			signer.Chain = append(signer.Chain, s.Kernel.Chain...)
			asked.Signers = append(asked.Signers, signer)
		}
	}
	result := g.BlockList.Judge(asked)
	return &result
}

// describe copies what the scan found.
func (file *FileFacts) describe(sc *scan, kind HashKind) {
	file.Size, file.Pointer, file.Err = sc.size, sc.pointer, sc.err
	if sc.expanded != nil {
		file.Expanded = true
		sc = sc.expanded
		kind = sc.kind()
	}
	file.Image, file.Signatures, file.SignatureErr = sc.image, sc.signatures, sc.unsignable
	file.TrailingData = sc.sums.TrailingData
	if sc.image != nil && sc.image.Subsystem == subsystemNative && file.Role == RoleFile {
		file.Role = RoleDriver
	}
	if file.Role == RoleDriver && sc.image != nil {
		file.MemoryIntegrity = memoryIntegrity(sc.image)
	}
	file.Kind, file.Sums = kind, sc.hashes(kind)
}

// coverage looks the file up in one catalog.
func (g Gatherer) coverage(c *CatalogFacts, file *FileFacts, sc *scan) Coverage {
	switch {
	case !file.Present && file.Inbox && file.Err == nil:
		return Coverage{State: NotRequired}
	case !file.Present:
		return Coverage{State: Missing}
	case c.Catalog == nil:
		return Coverage{State: NoCatalog}
	case sc.err != nil || sc.expanded != nil && sc.expanded.err != nil:
		return Coverage{State: NotMember}
	}
	subject := sc
	if sc.expanded != nil {
		subject = sc.expanded
	}
	for _, kind := range subject.kinds() {
		sums := subject.hashes(kind)
		if by, members := lookUp(c.Catalog, kind, sums); members != nil {
			file.Kind, file.Sums = kind, sums
			return Coverage{State: Covered, By: by, Members: members}
		}
	}
	if file.Hint == "" {
		file.Hint, file.HintForm = hint(c.Catalog, sc)
	}
	return Coverage{State: NotMember}
}

// lookUp returns the digests by which a file is a member, SHA-1 before
// SHA-256, and the members by digest. A member for another kind of file is
// none: Windows hashes a file by what it is, and an image's bytes could be
// chosen so that another file's flat hash is the image's (rule 78).
func lookUp(c *catalog.Catalog, kind HashKind, sums authenticode.Sums) (by []crypto.Hash, members map[crypto.Hash]*catalog.Member) {
	for _, h := range digests {
		if len(sums[h]) == 0 {
			continue
		}
		m, ok := c.Lookup(sums[h])
		if !ok || !kind.fits(m.Kind) {
			continue
		}
		if members == nil {
			members = map[crypto.Hash]*catalog.Member{}
		}
		by, members[h] = append(by, h), m
	}
	return by, members
}

// fits reports whether a member of that kind is for a file hashed so. A
// member that does not say fits all.
func (k HashKind) fits(m catalog.Kind) bool {
	switch m {
	case catalog.KindPE, catalog.KindCAB: // digests of a format's own
		return k != WholeFile
	case catalog.KindFlat:
		return k == WholeFile
	}
	return true
}

// subsystemNative is IMAGE_SUBSYSTEM_NATIVE: an image without a subsystem
// of its own, which is what the kernel loads (rule 46).
const subsystemNative = 1

// kind is the hash that Windows takes of the file: that of the image, or of
// all bytes where there is none (rules 78 and 79).
func (sc *scan) kind() HashKind {
	if sc.image != nil {
		return ImageHash
	}
	return WholeFile
}

// kinds are the hashes that make the file a member. The flat hash of an
// image is not among them: Windows never takes it (rule 82). An image with
// data after its certificate table has none: what Windows computes for it is
// not known (rule 98).
func (sc *scan) kinds() []HashKind {
	switch {
	case sc.image == nil:
		return []HashKind{WholeFile}
	case sc.sums.TrailingData:
		return nil
	case sc.sums.Padded != nil:
		return []HashKind{ImageHash, PaddedImageHash}
	}
	return []HashKind{ImageHash}
}

func (sc *scan) hashes(kind HashKind) authenticode.Sums {
	switch kind {
	case ImageHash:
		return sc.sums.Sums
	case PaddedImageHash:
		return sc.sums.Padded
	case WholeFile:
		return sc.flat
	}
	return nil
}

// otherForm is another form of a file: with other line endings or another byte
// order mark.
type otherForm struct {
	id   string
	sums authenticode.Sums
}

// otherForms hashes the forms that git and editors make of a text.
func (sc *scan) otherForms() []otherForm {
	if sc.image != nil || sc.expanded != nil || sc.pointer || sc.size > maxINFSize || sc.text == nil {
		return nil
	}
	data, err := sc.text()
	if err != nil {
		return nil
	}
	var all []otherForm
	for _, f := range inf.LineEndingForms(data) {
		if sums, err := authenticode.FlatHash(bytes.NewReader(f.Data), digests...); err == nil {
			all = append(all, otherForm{f.ID, sums})
		}
	}
	return all
}

// hint looks for a form of the file that the catalog does list (rule 15). It
// explains a failure and never mends one.
func hint(c *catalog.Catalog, sc *scan) (id, form string) {
	if sc.forms == nil {
		return "", ""
	}
	for _, f := range sc.forms() {
		if _, member := lookUp(c, WholeFile, f.sums); member == nil {
			continue
		}
		if strings.Contains(f.id, "lf") {
			return "line-endings", f.id
		}
		return "bom", f.id
	}
	return "", ""
}
