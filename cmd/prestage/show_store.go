package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"prestage"
	"prestage/trust"
)

// shownFile is what show found in a file: a store, or something else.
type shownFile struct {
	store *shownStore
	other *prestage.Shown
}

func (s shownFile) failure() string {
	if s.store != nil {
		return s.store.Error
	}
	return s.other.Error
}

// MarshalJSON writes whichever it is.
func (s shownFile) MarshalJSON() ([]byte, error) {
	if s.store != nil {
		return json.Marshal(s.store)
	}
	return json.Marshal(s.other)
}

// shownStore is a file of certificates, of the kind certificate if it holds
// exactly one and nothing else, and else of the kind store.
type shownStore struct {
	Path         string             `json:"path"`
	Kind         string             `json:"kind"`
	Error        string             `json:"error"`
	Format       string             `json:"format"`
	Certificates []shownCertificate `json:"certificates"`
	// CRLs counts revocation lists.
	CRLs     int         `json:"crls"`
	Lists    []shownList `json:"lists"`
	Warnings []string    `json:"warnings"`
}

// shownCertificate is a certificate and what its store says of it.
type shownCertificate struct {
	prestage.CertReport
	Source string `json:"source"`
	Name   string `json:"name"` // friendly name
	// Store is the store that the file says it stands in; empty where the
	// format does not say.
	Store        string            `json:"store"`
	Restrictions shownRestrictions `json:"restrictions"`
	Properties   []shownProperty   `json:"properties"`
	// Serves are the stores in which it has an effect.
	Serves  []string `json:"serves"`
	Remarks []string `json:"remarks"`
}

// shownRestrictions are the root program's. An absent list restricts nothing,
// an empty list of usages allows nothing.
type shownRestrictions struct {
	EKUs           *[]string  `json:"ekus,omitempty"`
	DisallowedEKUs []string   `json:"disallowedEkus,omitempty"`
	DisabledAt     *time.Time `json:"disabledAt,omitempty"`
	NotBefore      *time.Time `json:"notBefore,omitempty"`
	NotBeforeEKUs  *[]string  `json:"notBeforeEkus,omitempty"`
}

// shownProperty is one that is kept beside a certificate.
type shownProperty struct {
	ID    uint32 `json:"id"`
	Name  string `json:"name"`
	Value string `json:"value"` // hex
}

// shownList is one of the root program's lists.
type shownList struct {
	List           string            `json:"list"`
	Date           time.Time         `json:"date"`
	SequenceNumber string            `json:"sequenceNumber"` // hex
	Verified       bool              `json:"verified"`
	Problem        string            `json:"problem"` // why it is not verified
	Signer         string            `json:"signer"`
	Roots          []shownListedRoot `json:"roots,omitempty"`
	Identifiers    []string          `json:"identifiers,omitempty"` // of distrusted certificates, hex
}

// shownListedRoot is what a list says of a root that it does not carry.
type shownListedRoot struct {
	SHA1         string            `json:"sha1"`
	SHA256       string            `json:"sha256"`
	Name         string            `json:"name"`
	Restrictions shownRestrictions `json:"restrictions"`
	Remarks      []string          `json:"remarks"`
}

// maxShown is the size of the largest file that is taken for a store: the
// limit of package trust.
const maxShown = 64 << 20

// showFile looks into a file. Only what no format of stores recognises is left
// to the shower.
func showFile(s prestage.Shower, o trust.ReadOptions, path string) shownFile {
	// What a list says is worth showing whoever signed it.
	o.AcceptUnsignedList = true
	if data, ok := storeData(path); ok {
		c, err := trust.ReadContents(filepath.Base(path), data, o)
		if !errors.Is(err, trust.ErrUnknownFormat) {
			return shownFile{store: showStore(path, c, err)}
		}
	}
	other := s.Show(path)
	return shownFile{other: &other}
}

// storeData reads a file that may be a store. What cannot be read is reported
// by the shower. Programs, and what is named as a catalog or an INF, are never
// taken for stores, whatever text is in them.
func storeData(path string) ([]byte, bool) {
	info, err := os.Stat(path)
	ext := strings.ToLower(filepath.Ext(path))
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxShown || ext == ".inf" || ext == ".cat" {
		return nil, false
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	var head [2]byte
	if _, err := io.ReadFull(f, head[:]); err != nil || string(head[:]) == "MZ" {
		return nil, false
	}
	data, err := io.ReadAll(io.LimitReader(io.MultiReader(bytes.NewReader(head[:]), f), maxShown))
	return data, err == nil
}

func showStore(path string, c *trust.Contents, err error) *shownStore {
	s := &shownStore{
		Path: filepath.ToSlash(path), Kind: "store",
		Certificates: []shownCertificate{}, Lists: []shownList{}, Warnings: []string{},
	}
	if err != nil {
		s.Error = err.Error()
		return s
	}
	s.Format = c.Format
	s.Warnings = append(s.Warnings, c.Warnings...)
	for i := range c.Items {
		if c.Items[i].Kind == trust.RevocationListItem {
			s.CRLs++
		}
	}
	entries, err := c.Entries()
	if err != nil {
		s.Error = err.Error()
		return s
	}
	for _, e := range entries {
		s.Certificates = append(s.Certificates, showCertificate(e))
	}
	for _, l := range c.Lists {
		s.Lists = append(s.Lists, showList(l))
	}
	if len(c.Items) == 1 && len(entries) == 1 && len(c.Lists) == 0 {
		s.Kind = "certificate"
	}
	if len(c.Items) == 0 && len(c.Lists) == 0 {
		s.Error = trust.ErrNoCertificate.Error()
	}
	return s
}

func showCertificate(e trust.Entry) shownCertificate {
	c := shownCertificate{
		CertReport: prestage.DescribeCertificate(e.Certificate),
		Source:     e.Source, Name: e.Name, Restrictions: showRestrictions(e.Restrictions),
		Properties: []shownProperty{}, Serves: []string{}, Remarks: append([]string{}, e.Remarks...),
	}
	if e.Role != trust.UnknownRole {
		c.Store = e.Role.String()
	}
	for _, p := range e.Properties {
		c.Properties = append(c.Properties, shownProperty{p.ID, p.Name(), hex.EncodeToString(p.Value)})
	}
	for _, r := range e.Serves() {
		c.Serves = append(c.Serves, inputs[r])
	}
	return c
}

// inputs are the names under which stores are given on the command line.
var inputs = map[trust.Role]string{
	trust.Root: "root", trust.Intermediate: "intermediate", trust.Publishers: "trusted-publisher", trust.Distrusted: "disallowed",
}

func showRestrictions(r trust.Restrictions) shownRestrictions {
	s := shownRestrictions{DisallowedEKUs: r.DisallowedEKUs}
	if r.EKUs != nil {
		s.EKUs = &r.EKUs
	}
	if r.NotBeforeEKUs != nil {
		s.NotBeforeEKUs = &r.NotBeforeEKUs
	}
	if !r.DisabledAt.IsZero() {
		s.DisabledAt = &r.DisabledAt
	}
	if !r.NotBefore.IsZero() {
		s.NotBefore = &r.NotBefore
	}
	return s
}

func showList(l *trust.List) shownList {
	s := shownList{
		List: l.Kind.String(), Date: l.Date, Verified: l.Verified, Problem: l.Problem, Identifiers: l.Identifiers(),
	}
	if l.SequenceNumber != nil {
		s.SequenceNumber = l.SequenceNumber.Text(16)
	}
	if l.Signer != nil {
		s.Signer = l.Signer.Subject.String()
	}
	for _, r := range l.Roots() {
		root := shownListedRoot{
			SHA1: hex.EncodeToString(r.SHA1[:]), Name: r.Name,
			Restrictions: showRestrictions(r.Restrictions), Remarks: slices.Concat([]string{}, r.Remarks),
		}
		if r.SHA256 != [32]byte{} {
			root.SHA256 = hex.EncodeToString(r.SHA256[:])
		}
		s.Roots = append(s.Roots, root)
	}
	return s
}
