package prestage

import (
	"crypto"
	"slices"

	"prestage/authenticode"
	"prestage/catalog"
	"prestage/inf"
	"prestage/trust"
	"prestage/trust/blocklist"
)

// Facts is what is true of a package, for any Windows and any user. It is
// gathered once; everything that Windows decides is computed from it.
type Facts struct {
	// INF is the path of the INF as the report names it.
	INF string
	// File is the parsed INF, Version its [Version] section.
	File    *inf.File
	Version inf.Version
	// Archs are the architectures that the INF serves.
	Archs []inf.Arch
	// Included are INFs of the package that the INF includes as if they were
	// Windows' own; MissingINFs are those that it copies and that are not
	// there.
	Included, MissingINFs []string
	// Catalogs are the catalogs that the INF names, each once.
	Catalogs []*CatalogFacts
	// Files are the INF, then every file that a catalog must cover, each
	// once, ordered by path.
	Files []*FileFacts
	// Findings are what the package's maker should know, the worst first.
	Findings []Finding
}

// CatalogFacts is what is true of a catalog that the INF names.
type CatalogFacts struct {
	// Name is the catalog's name as the INF has it, Path the file as the
	// report names it. Key is the INF key that names it, such as
	// "CatalogFile.ntamd64", at Line.
	Name, Path, Key string
	Line            int
	pos             inf.Pos
	// Archs are the architectures for which it is the applicable one.
	Archs []inf.Arch
	// Present: the file is there. Err says why it could not be read.
	Present bool
	Err     error
	// Catalog is nil if it is absent or unreadable.
	Catalog *catalog.Catalog
	// Signatures are the primary signature and its nested ones; none if
	// the catalog is not signed.
	Signatures []SignatureFacts
}

// Signed reports whether the catalog could be read and carries a signer.
func (c *CatalogFacts) Signed() bool { return c.Catalog != nil && c.Catalog.Signed() }

// Primary returns the catalog's own signature. Nested ones are shown, but
// staging judges the primary one (rule 91). It is nil if there is none.
func (c *CatalogFacts) Primary() *SignatureFacts {
	if len(c.Signatures) == 0 {
		return nil
	}
	return &c.Signatures[0]
}

// SignatureFacts is a signature together with what the given stores make of
// it at the given time.
type SignatureFacts struct {
	Signature *authenticode.Signature
	// Nested: the signature sits inside another one.
	Nested bool
	// ImageProblem is set for an embedded signature whose digest is not
	// that of the file it is in.
	ImageProblem *authenticode.Problem
	// Verdict is what the machine's stores make of it, Kernel what the roots
	// built into Windows do, on which no store has an influence.
	Verdict, Kernel trust.Verdict
}

// Problem is why the mathematics of the signature does not hold, nil if it
// does. No trust is implied.
func (s *SignatureFacts) Problem() *authenticode.Problem {
	if s.Signature.Problem != nil {
		return s.Signature.Problem
	}
	return s.ImageProblem
}

// Trusted reports that the signature holds and that its chain ends in an
// anchor, valid at the proven time and allowed for code signing.
func (s *SignatureFacts) Trusted() bool { return s.Problem() == nil && s.Verdict.Trusted }

// sha2 reports whether verifying the signature takes SHA-256 or more: for
// its own digest, or for a certificate of its chain below the anchor.
func (s *SignatureFacts) sha2() bool {
	if s.Signature.DigestAlgorithm > crypto.SHA1 {
		return true
	}
	for i, c := range s.Verdict.Chain {
		last := i == len(s.Verdict.Chain)-1
		if c.SignatureAlgorithm.Hash > crypto.SHA1 && !(last && s.Verdict.Anchor != nil) {
			return true
		}
	}
	return false
}

// State is how a file stands to the catalog that must cover it.
type State int

const (
	// StateUnknown is the zero value: not looked at.
	StateUnknown State = iota
	// Covered: a digest of the file is a member of the applicable catalog.
	Covered
	// NotRequired: no catalog has to cover the file.
	NotRequired
	// NoCatalog: there is no catalog that could be read.
	NoCatalog
	// Missing: the INF names the file and it is not there.
	Missing
	// NotMember: the file is there, and none of its digests is a member of
	// the applicable catalog. Reports call it "altered".
	NotMember
)

var stateWords = [...]string{"unknown", "covered", "not-required", "no-catalog", "missing", "altered"}

// String returns the word of the JSON report.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateWords) {
		return "unknown"
	}
	return stateWords[s]
}

// Role is what a file is to its package.
type Role int

const (
	// RoleUnknown is the zero value.
	RoleUnknown Role = iota
	// RoleINF is the INF itself.
	RoleINF
	// RoleDriver is the binary of a kernel-mode service (rule 46).
	RoleDriver
	// RoleFile is any other file that the package copies.
	RoleFile
)

var roleWords = [...]string{"unknown", "inf", "driver", "file"}

// String returns the word of the JSON report: inf, driver or file.
func (r Role) String() string {
	if r < 0 || int(r) >= len(roleWords) {
		return "unknown"
	}
	return roleWords[r]
}

// HashKind is what was hashed: the Authenticode image or the whole file.
type HashKind int

const (
	// HashUnknown is the zero value.
	HashUnknown HashKind = iota
	// ImageHash is the Authenticode hash of a PE image (rule 94).
	ImageHash
	// PaddedImageHash is the same of an unsigned image padded with zeros to
	// a multiple of eight bytes (rule 99).
	PaddedImageHash
	// WholeFile is the hash of all bytes: the flat hash of rule 78.
	WholeFile
)

// String returns the word of the JSON report: authenticode or flat.
func (k HashKind) String() string {
	switch k {
	case ImageHash, PaddedImageHash:
		return "authenticode"
	case WholeFile:
		return "flat"
	}
	return "unknown"
}

// FileFacts is what is true of one file that the package is made of.
type FileFacts struct {
	// Path is the file as the report names it: as on disk, or as the INF
	// spells it where it is missing.
	Path string
	Role Role
	// Line is the line of the INF that names the file, 0 for the INF.
	Line int
	// Archs are the architectures that need it.
	Archs []inf.Arch
	// Services are the kernel-mode services whose binary the file is, by
	// architecture (rule 46).
	Services map[inf.Arch][]inf.Service
	// Size is the size in bytes of the file on disk.
	Size int64
	// Present: the file is there and was read. Err says why it was not.
	Present bool
	Err     error
	// Inbox: the INF says that Windows' own media have the file, so it need
	// not be in the package.
	Inbox bool
	// Outside: the INF's name for the file leads out of the package, so
	// nothing was opened. Err says how.
	Outside bool
	// Kind is what Sums are of: the kind that matched, else the kind that
	// Windows would take.
	Kind HashKind
	Sums authenticode.Sums
	// Expanded: the file on disk is a compressed source, and Sums are of
	// its expanded form (rule 29).
	Expanded bool
	// Image describes a PE image, nil for other files.
	Image *authenticode.Image
	// coverage is how the file stands to each catalog that the INF names. See
	// Facts.Coverage.
	coverage map[*CatalogFacts]Coverage
	// Hint says what was changed, "line-endings" or "bom", where the catalog
	// lists another form of the file, and HintForm which form that is, such
	// as "crlf" (rule 15).
	Hint, HintForm string
	// Twin is a compressed form of the file beside it that the catalog does
	// not list, empty if there is none.
	Twin string
	// Pointer: the file is a Git LFS pointer in place of the real content.
	Pointer bool
	// Signatures are the embedded ones, primary first. SignatureErr says why
	// the file's certificate table or signature could not be read.
	Signatures   []SignatureFacts
	SignatureErr error
	// BlockList is what the block list says of a kernel binary, nil where none
	// was given.
	BlockList *blocklist.Result
	// MemoryIntegrity is what of a kernel binary memory integrity does not
	// allow (rule 184).
	MemoryIntegrity []string
	// TrailingData: bytes follow the image's certificate table. No catalog
	// hash of such an image is known to be what Windows computes (rule 98).
	TrailingData bool
}

// Coverage is a file's standing in one catalog.
type Coverage struct {
	State State
	// By lists the digests under which the file is a member.
	By []crypto.Hash
	// Members are the matching members by digest, nil if there is none.
	Members map[crypto.Hash]*catalog.Member
}

// Coverage returns how a file stands to the catalog that applies to the
// architecture.
func (f *Facts) Coverage(file *FileFacts, a inf.Arch) Coverage {
	return file.Coverage(f.CatalogFor(a))
}

// Coverage returns how the file stands to a catalog of its package, nil where
// there is none.
func (f *FileFacts) Coverage(c *CatalogFacts) Coverage {
	if cov, ok := f.coverage[c]; ok {
		return cov
	}
	switch {
	case f.Present:
		return Coverage{State: NoCatalog}
	case f.Inbox && f.Err == nil:
		return Coverage{State: NotRequired}
	}
	return Coverage{State: Missing}
}

// State returns the worst state of the file over the architectures that need
// it, so that no report reads better than the worst of them. An INF that
// serves no architecture is looked at with every catalog that it names.
func (f *Facts) State(file *FileFacts) State {
	worst := StateUnknown
	for _, a := range file.Archs {
		worst = max(worst, f.Coverage(file, a).State)
	}
	if len(file.Archs) > 0 {
		return worst
	}
	for _, c := range f.Catalogs {
		worst = max(worst, file.Coverage(c).State)
	}
	return max(worst, file.Coverage(nil).State)
}

// covered reports whether the catalog lists the file under the digest that
// the release looks up: SHA-256 in a version 2 catalog, SHA-1 in a version 1
// catalog, and SHA-1 everywhere before version 2 was known (rule 73).
func (c Coverage) covered(h crypto.Hash) bool {
	return c.State == Covered && slices.Contains(c.By, h)
}

// INFFile returns the facts of the INF itself.
func (f *Facts) INFFile() *FileFacts {
	for _, file := range f.Files {
		if file.Role == RoleINF {
			return file
		}
	}
	return nil
}

// CatalogFor returns the catalog that applies to the architecture, nil if
// the INF names none for it (rule 18).
func (f *Facts) CatalogFor(a inf.Arch) *CatalogFacts {
	entry, ok := f.Version.CatalogFor(a)
	if !ok {
		return nil
	}
	for _, c := range f.Catalogs {
		if c.pos == entry.Pos {
			return c
		}
	}
	return nil
}

// FilesFor returns the files that the architecture needs, the INF first.
func (f *Facts) FilesFor(a inf.Arch) []*FileFacts {
	var files []*FileFacts
	for _, file := range f.Files {
		if file.Role == RoleINF || slices.Contains(file.Archs, a) {
			files = append(files, file)
		}
	}
	return files
}
