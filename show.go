package prestage

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"prestage/authenticode"
	"prestage/catalog"
	"prestage/inf"
	"prestage/trust"
)

// Shower says what is inside a file.
type Shower struct {
	// Store and Options judge the trust in signatures.
	Store   *trust.Store
	Options trust.Options
}

// Shown is what is inside a file: the kind, and the fields of that kind. At
// most one of the pointers is set.
type Shown struct {
	Path  string
	Kind  string // pe, catalog, inf, certificate, store or unknown
	Error string // why the file could not be read, empty if it could

	PE      *ShownPE
	Catalog *ShownCatalog
	INF     *ShownINF
	Store   *ShownStore
}

// MarshalJSON writes the element of show's document: path, kind and error,
// and beside them the fields of the kind.
func (s Shown) MarshalJSON() ([]byte, error) {
	type head struct {
		Path  string `json:"path"`
		Kind  string `json:"kind"`
		Error string `json:"error"`
	}
	h := head{s.Path, s.Kind, s.Error}
	switch {
	case s.PE != nil:
		return plainJSON(struct {
			head
			*ShownPE
		}{h, s.PE})
	case s.Catalog != nil:
		return plainJSON(struct {
			Kind string `json:"kind"`
			*ShownCatalog
		}{s.Kind, s.Catalog})
	case s.INF != nil:
		return plainJSON(struct {
			head
			*ShownINF
		}{h, s.INF})
	case s.Store != nil:
		return plainJSON(struct {
			head
			*ShownStore
		}{h, s.Store})
	}
	return plainJSON(h)
}

// plainJSON marshals without the escapes that HTML needs.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// ShownPE is a PE image.
type ShownPE struct {
	Machine      string           `json:"machine"`
	Authenticode Hashes           `json:"authenticode"`
	Flat         Hashes           `json:"flat"`
	Signatures   []ImageSignature `json:"signatures"`
	// SignatureError says why the certificate table or the signature in it
	// could not be read.
	SignatureError string `json:"signatureError,omitempty"`
}

// Hashes are the two digests that catalogs list, in lower-case hex.
type Hashes struct {
	SHA1   string `json:"sha1"`
	SHA256 string `json:"sha256"`
}

// ImageSignature is a signature embedded in a PE image.
type ImageSignature struct {
	SignatureReport
	ImageDigest        string `json:"imageDigest"`
	ImageDigestMatches bool   `json:"imageDigestMatches"`
	PageHashes         string `json:"pageHashes"` // none, ok or bad
}

// ShownCatalog is a catalog with its members.
type ShownCatalog struct {
	CatalogReport
	Members []ShownMember `json:"members"`
}

// ShownMember is a member of a catalog.
type ShownMember struct {
	Tag    string `json:"tag"` // text of a version 1 tag, hex of others
	SHA1   string `json:"sha1,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Kind   string `json:"kind"` // pe, cab or flat
	File   string `json:"file"`
	OSAttr string `json:"osAttr"`
	// Problem says why the member matches nothing.
	Problem string `json:"problem,omitempty"`
}

// ShownINF is an INF.
type ShownINF struct {
	Encoding      string            `json:"encoding"`
	LineEndings   string            `json:"lineEndings"`
	Provider      string            `json:"provider"`
	Class         string            `json:"class"`
	ClassGUID     string            `json:"classGuid"`
	DriverDate    string            `json:"driverDate"`
	DriverVersion string            `json:"driverVersion"`
	Architectures []string          `json:"architectures"`
	CatalogFiles  map[string]string `json:"catalogFiles"` // decoration to name; "" is the plain entry
	Models        []ShownModels     `json:"models"`
	Services      []ShownService    `json:"services"`
	Files         []ShownFile       `json:"files"`
	Findings      []FindingReport   `json:"findings"`
}

// ShownModels is one decoration of a manufacturer's models.
type ShownModels struct {
	Decoration string `json:"decoration"`
	Line       int    `json:"line"`
}

// ShownService is a service that the INF adds.
type ShownService struct {
	Name          string   `json:"name"`
	Type          uint32   `json:"type"`
	Start         string   `json:"start"`
	Binary        string   `json:"binary"`
	Kernel        bool     `json:"kernel"`
	Architectures []string `json:"architectures"`
}

// ShownFile is a file that the catalog must cover.
type ShownFile struct {
	Path          string   `json:"path"`
	Line          int      `json:"line"`
	Architectures []string `json:"architectures"`
	Error         string   `json:"error,omitempty"`
}

// ShownStore is a certificate or a store of them.
type ShownStore struct {
	Certificates []CertReport `json:"certificates"`
}

// Show looks into the file. What could not be read is in the result's Error.
func (s Shower) Show(name string) Shown {
	shown := Shown{Path: filepath.ToSlash(name), Kind: "unknown"}
	if err := s.show(&shown, name); err != nil {
		shown.Error = plainError(err).Error()
	}
	return shown
}

func (s Shower) show(shown *Shown, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	image, err := authenticode.ReadImage(f, info.Size())
	if err == nil {
		shown.Kind = "pe"
		shown.PE, err = s.image(image, f, info.Size())
		return err
	}
	if !errors.Is(err, authenticode.ErrNotPE) {
		shown.Kind = "pe"
		return err
	}
	if info.Size() > maxCatalogSize {
		return fmt.Errorf("%w: %d bytes, the limit is %d", errTooLarge, info.Size(), maxCatalogSize)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxCatalogSize+1))
	if err != nil {
		return err
	}
	return s.bytes(shown, name, data)
}

// bytes tells a catalog, a store and an INF apart. A name that says .inf or
// .cat decides which error is worth telling.
func (s Shower) bytes(shown *Shown, name string, data []byte) error {
	c, catErr := catalog.Parse(data)
	if catErr == nil {
		shown.Kind, shown.Catalog = "catalog", s.catalog(shown.Path, c)
		return nil
	}
	entries, storeErr := trust.ReadStore(filepath.Base(name), data)
	if storeErr == nil {
		shown.Kind, shown.Store = "store", showStore(entries)
		if len(entries) == 1 {
			shown.Kind = "certificate"
		}
		return nil
	}
	ext := strings.ToLower(filepath.Ext(name))
	if ext == ".cat" {
		shown.Kind = "catalog"
		return catErr
	}
	file, err := inf.Parse(filepath.Base(name), data)
	if err == nil {
		if file.Section("Version") != nil || strings.HasPrefix(ext, ".inf") {
			shown.Kind, shown.INF = "inf", showINF(file)
			return nil
		}
	} else if strings.HasPrefix(ext, ".inf") {
		shown.Kind = "inf"
		return err
	}
	return errors.New("neither a PE file nor a catalog, an INF, a certificate or a certificate store")
}

func (s Shower) image(m *authenticode.Image, r io.ReaderAt, size int64) (*ShownPE, error) {
	sums, err := m.Hash(digests...)
	if err != nil {
		return nil, err
	}
	flat, err := authenticode.FlatHash(io.NewSectionReader(r, 0, size), digests...)
	if err != nil {
		return nil, err
	}
	p := &ShownPE{
		Machine:      machineName(m.Machine),
		Authenticode: hashesOf(sums.Sums),
		Flat:         hashesOf(flat),
		Signatures:   []ImageSignature{},
	}
	signatures, err := m.Signatures()
	if err != nil {
		p.SignatureError = err.Error()
	}
	g := Gatherer{Store: s.Store, At: s.Options.At}
	for _, sig := range signatures {
		for _, facts := range g.judge(sig) {
			if facts.ImageProblem, err = m.CheckDigest(facts.Signature); err != nil {
				return nil, err
			}
			entry := ImageSignature{
				SignatureReport:    DescribeSignature(&facts),
				ImageDigestMatches: facts.ImageProblem == nil,
				PageHashes:         m.CheckPageHashes(facts.Signature).String(),
			}
			if facts.Signature.Indirect != nil {
				entry.ImageDigest = hex.EncodeToString(facts.Signature.Indirect.Digest)
			}
			p.Signatures = append(p.Signatures, entry)
		}
	}
	return p, nil
}

func (s Shower) catalog(name string, c *catalog.Catalog) *ShownCatalog {
	shown := &ShownCatalog{CatalogReport: DescribeCatalog(c), Members: []ShownMember{}}
	shown.Path, shown.Present = name, true
	if c.Signed() {
		g := Gatherer{Store: s.Store, At: s.Options.At}
		for _, facts := range g.judge(c.Signature) {
			shown.Signatures = append(shown.Signatures, DescribeSignature(&facts))
		}
	}
	for i := range c.Members {
		m := &c.Members[i]
		member := ShownMember{Tag: m.TagText(), Kind: m.Kind.String(), File: m.File(), OSAttr: m.OSAttr()}
		if m.Problem != nil {
			member.Problem = m.Problem.Error()
		}
		for _, sums := range []authenticode.Sums{{m.TagAlgorithm: m.TagDigest}, {m.DigestAlgorithm: m.Digest}} {
			sum := hashesOf(sums)
			member.SHA1, member.SHA256 = cmp.Or(sum.SHA1, member.SHA1), cmp.Or(sum.SHA256, member.SHA256)
		}
		shown.Members = append(shown.Members, member)
	}
	return shown
}

func showINF(f *inf.File) *ShownINF {
	v := f.Version()
	archs := f.Architectures()
	s := &ShownINF{
		Encoding:      f.Encoding.String(),
		LineEndings:   f.LineEndings.String(),
		Provider:      v.Provider,
		Class:         v.Class,
		ClassGUID:     strings.ToLower(v.ClassGUID),
		DriverVersion: v.DriverVersion,
		Architectures: archNames(archs),
		CatalogFiles:  map[string]string{},
		Models:        []ShownModels{},
		Services:      []ShownService{},
		Files:         []ShownFile{},
		Findings:      []FindingReport{},
	}
	if !v.DriverDate.IsZero() {
		s.DriverDate = v.DriverDate.Format(time.DateOnly)
	}
	for _, c := range v.CatalogFiles {
		if _, again := s.CatalogFiles[c.Decoration]; !again {
			s.CatalogFiles[c.Decoration] = c.Name
		}
	}
	for _, d := range f.ModelsDecorations() {
		s.Models = append(s.Models, ShownModels{d.Text, d.Pos.Line})
	}
	for _, r := range references(&Facts{File: f, Archs: archs}) {
		file := ShownFile{Path: r.Path, Line: r.Pos.Line, Architectures: archNames(r.archs)}
		if r.Problem != nil {
			file.Path, file.Error = r.Name, r.Problem.Error()
		}
		s.Files = append(s.Files, file)
	}
	s.Services = append(s.Services, showServices(f, archs)...)
	for _, x := range f.Findings {
		s.Findings = append(s.Findings, FindingReport{"inf-" + x.ID, x.Severity.String(), f.Name, x.Pos.Line, x.Message})
	}
	return s
}

// showServices lists each service once, with the architectures on which it
// is the same.
func showServices(f *inf.File, archs []inf.Arch) []ShownService {
	var all []ShownService
	for _, a := range archs {
	next:
		for _, x := range f.Services(a) {
			s := ShownService{x.Name, x.Type, x.Start.String(), x.Binary, x.Kernel, []string{a.String()}}
			for i := range all {
				old := &all[i]
				if old.Name == s.Name && old.Type == s.Type && old.Start == s.Start && old.Binary == s.Binary {
					if old.Architectures[len(old.Architectures)-1] != a.String() {
						old.Architectures = append(old.Architectures, a.String())
					}
					continue next
				}
			}
			all = append(all, s)
		}
	}
	return all
}

func showStore(entries []trust.Entry) *ShownStore {
	s := &ShownStore{Certificates: []CertReport{}}
	for _, e := range entries {
		s.Certificates = append(s.Certificates, DescribeCertificate(e.Certificate))
	}
	return s
}

func hashesOf(sums authenticode.Sums) Hashes {
	return Hashes{hexSum(sums, digests[0]), hexSum(sums, digests[1])}
}

// machineNames are the machine types of the PE format that drivers have.
var machineNames = map[uint16]string{
	0x014C: "x86", 0x8664: "amd64", 0xAA64: "arm64", 0x01C4: "arm", 0x0200: "ia64",
}

func machineName(m uint16) string {
	if name, ok := machineNames[m]; ok {
		return name
	}
	return fmt.Sprintf("0x%04x", m)
}
