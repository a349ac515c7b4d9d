package blocklist

import (
	"crypto"
	"errors"
	"fmt"
	"io"

	"prestage/authenticode"
	"prestage/authenticode/cert"
)

// File is what a list is asked about. A fact that is not given is not known,
// and rules that need it cannot be excluded; [FileOf] gathers all of them.
type File struct {
	// SHA1 and SHA256 are the Authenticode digests of the image, 20 and 32
	// bytes. Nil: not known.
	SHA1, SHA256 []byte
	// PaddedSHA1 and PaddedSHA256 are those of its other form (rule 99), nil
	// where there is none.
	PaddedSHA1, PaddedSHA256 []byte
	// PageSHA1 and PageSHA256 are the digests of the first page hash entry,
	// which is the page of the headers (rule 191). Nil: not known.
	PageSHA1, PageSHA256 []byte

	// The strings and FILEVERSION of the version resource. Empty and zero: the
	// file has none.
	OriginalFileName, InternalName, FileDescription, ProductName string

	Version [4]uint16
	// Others are further sets of the same facts, where a file has version
	// resources in several languages that differ.
	Others []Attributes
	// VersionProblem says why the version resource is not known; nil: it is.
	VersionProblem error

	// Signers are the signatures that cover the file: embedded, nested, and of
	// catalogs. None: it is not signed.
	Signers []Signer
	// SignersProblem says why signatures are missing; nil: all are there.
	SignersProblem error
}

// Attributes are the facts of a version resource that rules look at.
type Attributes struct {
	OriginalFileName, InternalName, FileDescription, ProductName string

	Version [4]uint16 // FILEVERSION, the most significant number first
}

// SetAttributes fills in what [VersionInfo] has found: one or more sets, or
// none for a file without version resource.
func (f *File) SetAttributes(sets []Attributes) {
	var first Attributes
	f.Others = nil
	if len(sets) > 0 {
		first, f.Others = sets[0], sets[1:]
	}
	f.OriginalFileName, f.InternalName = first.OriginalFileName, first.InternalName
	f.FileDescription, f.ProductName = first.FileDescription, first.ProductName
	f.Version = first.Version
}

// attributes are all sets, the first that of the fields.
func (f *File) attributes() []Attributes {
	first := Attributes{f.OriginalFileName, f.InternalName, f.FileDescription, f.ProductName, f.Version}
	return append([]Attributes{first}, f.Others...)
}

// Signer is one signature that covers a file.
type Signer struct {
	// Chain holds the leaf and the certificates above it that the message
	// carries, and better those that a chain was built of besides. Rules mostly
	// name the issuing authority, which messages carry.
	Chain []*cert.Certificate
	// Leaf is the signer's certificate; nil: not known.
	Leaf *cert.Certificate
	// LeafCN is its common name, which rules call the publisher.
	LeafCN string
	// OemID is the program name in SpcSpOpusInfo. The Hardware Dev Center
	// writes the name of the company there, for which it has signed.
	OemID string
	// Problem says why the chain may lack certificates; nil: it lacks none
	// that the message carries.
	Problem error
}

// errNoLeaf is the Problem of a signature that does not carry its signer.
var errNoLeaf = errors.New("the signer's certificate is not carried")

// SignerOf makes a Signer of a signature, with the certificates that it carries
// and that could stand in the chain: those reachable from the leaf by issuer
// name. Certificates of time stamps are not among them. It does not matter
// here whether the signature holds.
func SignerOf(s *authenticode.Signature) Signer {
	if s.Signer == nil {
		return Signer{OemID: s.ProgramName, Problem: errNoLeaf}
	}
	out := Signer{Leaf: s.Signer, LeafCN: s.Signer.Subject.CommonName(), OemID: s.ProgramName}
	out.Chain = above(s.Signer, s.Certificates)
	if n := len(s.Unreadable); n > 0 {
		out.Problem = fmt.Errorf("%d certificates could not be read, the first: %w", n, s.Unreadable[0].Err)
	}
	return out
}

// above returns the leaf and every certificate that may stand above it, nearest
// first. Names are looked up through a map: a message may carry thousands.
func above(leaf *cert.Certificate, carried []*cert.Certificate) []*cert.Certificate {
	bySubject := map[string][]*cert.Certificate{}
	seen := map[string]bool{string(leaf.Raw): true}
	for _, c := range carried {
		if seen[string(c.Raw)] {
			continue
		}
		seen[string(c.Raw)] = true
		bySubject[string(c.RawSubject)] = append(bySubject[string(c.RawSubject)], c)
	}
	chain := []*cert.Certificate{leaf}
	done := map[string]bool{}
	for i := 0; i < len(chain); i++ {
		issuer := string(chain[i].RawIssuer)
		if done[issuer] {
			continue
		}
		done[issuer] = true
		chain = append(chain, bySubject[issuer]...)
	}
	return chain
}

// FileOf gathers the facts of a PE image: digests, page digests, version
// resource and embedded signatures with those nested in them. Signatures in
// catalogs are for the caller to add. What cannot be read of an image is left
// out, so that rules about it cannot be excluded.
//
// The error says that the file is no PE (errors.Is authenticode.ErrNotPE) or
// could not be read.
func FileOf(r io.ReaderAt, size int64) (File, error) {
	m, err := authenticode.ReadImage(r, size)
	if err != nil {
		return File{}, err
	}
	var f File
	sums, err := m.Hash(crypto.SHA1, crypto.SHA256)
	if err != nil {
		return File{}, err
	}
	f.SHA1, f.SHA256 = sums.Sums[crypto.SHA1], sums.Sums[crypto.SHA256]
	f.PaddedSHA1, f.PaddedSHA256 = sums.Padded[crypto.SHA1], sums.Padded[crypto.SHA256]
	f.PageSHA1, f.PageSHA256 = firstPage(m, crypto.SHA1), firstPage(m, crypto.SHA256)
	sets, err := VersionInfo(r, size)
	f.SetAttributes(sets)
	f.VersionProblem = err
	signatures, err := m.Signatures()
	f.SignersProblem = err
	for _, top := range signatures {
		for _, s := range top.All() {
			f.Signers = append(f.Signers, SignerOf(s))
		}
	}
	return f, nil
}

// firstPage is the first page hash, or nil where an image has none that can be
// computed.
func firstPage(m *authenticode.Image, h crypto.Hash) []byte {
	pages, err := m.PageHashes(h)
	if err != nil || len(pages) == 0 {
		return nil
	}
	return pages[0].Digest
}
