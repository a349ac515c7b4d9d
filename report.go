package prestage

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"prestage/authenticode"
	"prestage/authenticode/cert"
	"prestage/catalog"
	"prestage/inf"
	"prestage/trust"
)

// SchemaVersion is the version of the report's form. Fields may be added
// within a version; none changes its meaning.
const SchemaVersion = 1

// Report is the document that check makes: plain data, ready for any
// renderer. Its JSON form is an interface that programs rely on.
type Report struct {
	SchemaVersion int       `json:"schemaVersion"`
	Tool          Tool      `json:"tool"`
	At            time.Time `json:"at"` // the clock that validity was judged at
	// TrustLists are the lists of the Microsoft root program that decided.
	TrustLists []TrustListReport `json:"trustLists"`
	// Warnings are remarks on the stores that the verdicts rest on.
	Warnings []string        `json:"warnings,omitempty"`
	Packages []PackageReport `json:"packages"`
	Errors   []ErrorReport   `json:"errors"`
	Skipped  []ErrorReport   `json:"skipped,omitempty"` // INFs that are no driver INFs, and why
}

// Tool names what made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// TrustListReport is a list of the Microsoft root program.
type TrustListReport struct {
	Kind     string    `json:"kind"`
	Source   string    `json:"source"` // the file, or "embedded"
	Date     time.Time `json:"date"`
	Verified bool      `json:"verified"` // proven to be Microsoft's
	Problem  string    `json:"problem,omitempty"`
}

func trustLists(s *trust.Store) []TrustListReport {
	all := []TrustListReport{}
	for _, l := range s.Lists() {
		r := TrustListReport{l.Kind.String(), l.Source, l.Date.UTC(), l.Verified, l.Problem}
		if l.Source == "embedded" {
			r.Problem = "" // facts, not the list itself: nothing is wrong with that
		}
		all = append(all, r)
	}
	return all
}

// ErrorReport is an input that could not be read or judged.
type ErrorReport struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// PackageReport is what was found out about one INF and what it names.
type PackageReport struct {
	INF           string          `json:"inf"`
	Provider      string          `json:"provider"`
	Class         string          `json:"class"`
	ClassGUID     string          `json:"classGuid"`
	DriverDate    string          `json:"driverDate"` // YYYY-MM-DD, empty if there is none
	DriverVersion string          `json:"driverVersion"`
	Architectures []string        `json:"architectures"`
	Catalogs      []CatalogReport `json:"catalogs"`
	Files         []FileReport    `json:"files"`
	Verdicts      []VerdictReport `json:"verdicts"`
	Findings      []FindingReport `json:"findings"`
}

// CatalogReport describes a catalog. See report.md for the fields.
type CatalogReport struct {
	Path          string            `json:"path"`
	Architectures []string          `json:"architectures"`
	Present       bool              `json:"present"`
	Version       int               `json:"version"`
	MemberCount   int               `json:"memberCount"`
	MemberHashes  []string          `json:"memberHashes"`
	Attributes    []AttributeReport `json:"attributes"`
	OSAttr        []string          `json:"osAttr"`
	Signatures    []SignatureReport `json:"signatures"`
	Error         string            `json:"error"`
}

// AttributeReport is a name and value of a catalog.
type AttributeReport struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// FileReport describes one file of the package.
type FileReport struct {
	Path          string   `json:"path"`
	Role          string   `json:"role"`
	Architectures []string `json:"architectures"`
	State         string   `json:"state"`
	// States is given where the architectures differ: state by architecture.
	States     map[string]string `json:"states,omitempty"`
	Line       int               `json:"line,omitempty"` // of the INF, that names the file
	HashKind   string            `json:"hashKind"`
	SHA1       string            `json:"sha1"`
	SHA256     string            `json:"sha256"`
	MatchedBy  string            `json:"matchedBy"`
	Hint       string            `json:"hint,omitempty"`
	Expanded   bool              `json:"expanded,omitempty"` // hashes are of a compressed source's content
	Error      string            `json:"error,omitempty"`
	Signatures []SignatureReport `json:"signatures"`
}

// SignatureReport describes a signature and what the given stores make of it.
type SignatureReport struct {
	DigestAlgorithm string          `json:"digestAlgorithm"`
	Valid           bool            `json:"valid"`
	Problem         string          `json:"problem"`
	Signer          *CertReport     `json:"signer"` // null: the signer's certificate is not carried
	Chain           []CertReport    `json:"chain"`
	Trusted         bool            `json:"trusted"`
	Authority       string          `json:"authority"`
	TrustError      string          `json:"trustError"`
	Problems        []string        `json:"problems,omitempty"` // everything that stands against trust
	Timestamp       TimestampReport `json:"timestamp"`
	ProgramName     string          `json:"programName"`
	Nested          bool            `json:"nested"`
}

// TimestampReport describes the time stamp that counted, or the first one.
type TimestampReport struct {
	Kind   string     `json:"kind"`
	Time   *time.Time `json:"time,omitempty"`
	Valid  bool       `json:"valid"`
	Signer string     `json:"signer,omitempty"`
	Error  string     `json:"error,omitempty"`
}

// CertReport describes a certificate.
type CertReport struct {
	Subject      string    `json:"subject"`
	CommonName   string    `json:"commonName"`
	Organization string    `json:"organization"`
	Issuer       string    `json:"issuer"`
	Serial       string    `json:"serial"`
	SHA1         string    `json:"sha1"`
	SHA256       string    `json:"sha256"`
	NotBefore    time.Time `json:"notBefore"`
	NotAfter     time.Time `json:"notAfter"`
	EKUs         []string  `json:"ekus"`
}

// VerdictReport is what one target would do with the package.
type VerdictReport struct {
	Target      TargetReport `json:"target"`
	Category    string       `json:"category"`
	Outcome     string       `json:"outcome"`
	Prompt      string       `json:"prompt"`
	StatusCode  string       `json:"statusCode"`
	LogCodes    []string     `json:"logCodes"`
	SignerName  string       `json:"signerName"`
	SignerScore ScoreReport  `json:"signerScore"`
	ImportScore *ScoreReport `json:"importScore,omitempty"` // that the import logs, where it is another
	Rank        *RankReport  `json:"rank,omitempty"`
	Load        []LoadReport `json:"load"`
	Reason      string       `json:"reason"` // the deciding step, in a sentence
	Basis       string       `json:"basis"`
	Because     []StepReport `json:"because"`
	MeetsGate   bool         `json:"meetsGate"`
}

// TargetReport is a target.
type TargetReport struct {
	OS    string `json:"os"`
	Build int    `json:"build"`
	Arch  string `json:"arch"`
	User  string `json:"user"`
}

// LoadReport is whether the kernel would load a driver.
type LoadReport struct {
	File        string       `json:"file"`
	Verdict     string       `json:"verdict"`               // loads, blocked or not-judged
	ProblemCode int          `json:"problemCode,omitempty"` // of the device, where it is blocked
	Because     []StepReport `json:"because"`
}

// RankReport is the rank that the package's nodes get, lower being better.
type RankReport struct {
	Best string     `json:"best"` // for the best matching device
	IDs  []RankedID `json:"ids,omitempty"`
}

// RankedID is a device id that the INF lists, with the rank of a match.
type RankedID struct {
	ID   string `json:"id"`
	Rank string `json:"rank"`
}

// ScoreReport is a signer score.
type ScoreReport struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// StepReport is a step of the reasoning.
type StepReport struct {
	Rule  string `json:"rule"`
	Text  string `json:"text"`
	Basis string `json:"basis"`
	Cite  string `json:"cite"`
}

// FindingReport is a finding.
type FindingReport struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Message  string `json:"message"`
}

// MeetsGate reports whether every package meets the gate on every target.
// A report on no package at all does not.
func (r *Report) MeetsGate() bool {
	for _, p := range r.Packages {
		if !p.MeetsGate() {
			return false
		}
	}
	return len(r.Packages) > 0
}

// MeetsGate reports whether the package meets the gate on every target.
func (p *PackageReport) MeetsGate() bool {
	if len(p.Verdicts) == 0 {
		return false
	}
	for _, v := range p.Verdicts {
		if !v.MeetsGate {
			return false
		}
	}
	return true
}

func newPackageReport(f *Facts) PackageReport {
	v := f.Version
	r := PackageReport{
		INF:           f.INF,
		Provider:      v.Provider,
		Class:         v.Class,
		ClassGUID:     strings.ToLower(v.ClassGUID),
		DriverVersion: v.DriverVersion,
		Architectures: archNames(f.Archs),
		Catalogs:      []CatalogReport{},
		Files:         []FileReport{},
		Verdicts:      []VerdictReport{},
		Findings:      []FindingReport{},
	}
	if !v.DriverDate.IsZero() {
		r.DriverDate = v.DriverDate.Format(time.DateOnly)
	}
	for _, c := range f.Catalogs {
		r.Catalogs = append(r.Catalogs, newCatalogReport(c))
	}
	for _, file := range f.Files {
		r.Files = append(r.Files, newFileReport(f, file))
	}
	for _, x := range f.Findings {
		r.Findings = append(r.Findings, FindingReport{x.ID, x.Severity.String(), x.File, x.Line, x.Message})
	}
	return r
}

func newCatalogReport(c *CatalogFacts) CatalogReport {
	r := DescribeCatalog(c.Catalog)
	r.Path, r.Architectures, r.Present = c.Path, archNames(c.Archs), c.Present
	if c.Err != nil {
		r.Error = c.Err.Error()
	}
	for i := range c.Signatures {
		r.Signatures = append(r.Signatures, DescribeSignature(&c.Signatures[i]))
	}
	return r
}

// DescribeCatalog gives the fields of the report that come from the catalog
// itself. c may be nil: a catalog that could not be read has none of them.
func DescribeCatalog(c *catalog.Catalog) CatalogReport {
	r := CatalogReport{
		Architectures: []string{}, MemberHashes: []string{}, Attributes: []AttributeReport{},
		OSAttr: []string{}, Signatures: []SignatureReport{},
	}
	if c == nil {
		return r
	}
	r.Version, r.MemberCount = c.Version, len(c.Members)
	for _, h := range c.HashAlgorithms() {
		r.MemberHashes = append(r.MemberHashes, hashKey(h))
	}
	slices.Sort(r.MemberHashes)
	for _, a := range c.Attributes {
		r.Attributes = append(r.Attributes, AttributeReport{a.Name, a.Value})
	}
	r.OSAttr = append(r.OSAttr, allOSAttr(c)...)
	return r
}

// allOSAttr is every element of every OSAttr of the catalog and its members,
// as they stand there, sorted.
func allOSAttr(c *catalog.Catalog) []string {
	seen := map[string]bool{}
	add := func(value string) {
		for element := range strings.SplitSeq(value, ",") {
			if element = strings.TrimSpace(element); element != "" {
				seen[element] = true
			}
		}
	}
	for _, a := range c.Attributes {
		if a.Name == "OSAttr" {
			add(a.Value)
		}
	}
	for i := range c.Members {
		add(c.Members[i].OSAttr())
	}
	return slices.Sorted(maps.Keys(seen))
}

func newFileReport(facts *Facts, f *FileFacts) FileReport {
	r := FileReport{
		Path:          f.Path,
		Role:          f.Role.String(),
		Architectures: archNames(f.Archs),
		State:         facts.State(f).String(),
		Line:          f.Line,
		HashKind:      f.Kind.String(),
		SHA1:          hexSum(f.Sums, digests[0]),
		SHA256:        hexSum(f.Sums, digests[1]),
		Hint:          f.Hint,
		Expanded:      f.Expanded,
		Signatures:    []SignatureReport{},
	}
	if f.Err != nil {
		r.Error = f.Err.Error()
	}
	for _, a := range f.Archs {
		c := facts.Coverage(f, a)
		if c.State != facts.State(f) {
			r.States = map[string]string{}
		}
		if len(c.By) > 0 {
			// SHA-256 comes last, and is the better one to name.
			r.MatchedBy = hashKey(c.By[len(c.By)-1])
		}
	}
	if r.States != nil {
		for _, a := range f.Archs {
			r.States[a.String()] = facts.Coverage(f, a).State.String()
		}
	}
	for i := range f.Signatures {
		r.Signatures = append(r.Signatures, DescribeSignature(&f.Signatures[i]))
	}
	return r
}

// DescribeSignature gives a signature's part of the report.
func DescribeSignature(s *SignatureFacts) SignatureReport {
	sig, v := s.Signature, &s.Verdict
	r := SignatureReport{
		DigestAlgorithm: hashKey(sig.DigestAlgorithm),
		Valid:           s.Problem() == nil,
		Chain:           []CertReport{},
		Trusted:         s.Trusted(),
		Authority:       v.Authority.String(),
		Timestamp:       describeTimestamp(sig, v),
		ProgramName:     sig.ProgramName,
		Nested:          s.Nested,
	}
	if p := s.Problem(); p != nil {
		r.Problem = p.Error()
	}
	if sig.Signer != nil {
		c := DescribeCertificate(sig.Signer)
		r.Signer = &c
	}
	for _, c := range v.Chain {
		r.Chain = append(r.Chain, DescribeCertificate(c))
	}
	for i, p := range v.Problems {
		if i == 0 {
			r.TrustError = p.Code.Hex()
		}
		r.Problems = append(r.Problems, p.Error())
	}
	return r
}

func describeTimestamp(sig *authenticode.Signature, v *trust.Verdict) TimestampReport {
	if v.Timestamp == nil {
		return TimestampReport{Kind: "none"}
	}
	stamp := v.Timestamp.Stamp
	r := TimestampReport{Kind: stamp.Kind.String(), Valid: v.Timestamp.Valid}
	if !stamp.Time.IsZero() {
		at := stamp.Time.UTC()
		r.Time = &at
	}
	if stamp.Signer != nil {
		r.Signer = stamp.Signer.Subject.CommonName()
	}
	if len(v.Timestamp.Problems) > 0 {
		r.Error = v.Timestamp.Problems[0].Error()
	}
	return r
}

// DescribeCertificate gives a certificate's part of the report.
func DescribeCertificate(c *cert.Certificate) CertReport {
	sha1, sha256 := c.SHA1(), c.SHA256()
	r := CertReport{
		Subject:      c.Subject.String(),
		CommonName:   c.Subject.CommonName(),
		Organization: c.Subject.Organization(),
		Issuer:       c.Issuer.String(),
		Serial:       c.Serial.Text(16),
		SHA1:         hex.EncodeToString(sha1[:]),
		SHA256:       hex.EncodeToString(sha256[:]),
		NotBefore:    c.NotBefore.UTC(),
		NotAfter:     c.NotAfter.UTC(),
		EKUs:         c.EKUs,
	}
	if r.EKUs == nil {
		r.EKUs = []string{}
	}
	return r
}

func newVerdictReport(f *Facts, t Target, c Classification, p Prediction, loads []Load, nodes []RankedNode) VerdictReport {
	because := slices.Concat(c.Because, p.Because)
	r := VerdictReport{
		Target:      TargetReport{t.Windows.Name, t.Windows.Build, t.Arch.String(), t.User.String()},
		Category:    c.Category.String(),
		Outcome:     p.Outcome.String(),
		Prompt:      p.Prompt.String(),
		StatusCode:  p.Status.Hex(),
		LogCodes:    []string{},
		Load:        []LoadReport{},
		SignerName:  f.signerName(t.Arch),
		SignerScore: ScoreReport{c.Score.Hex(), c.Score.String()},
		Reason:      reason(c, p),
		Basis:       weakest(because).String(),
		Because:     []StepReport{},
	}
	for _, code := range p.LogCodes {
		r.LogCodes = append(r.LogCodes, code.Hex())
	}
	if s := t.Windows.Staging.UnsignedImport; s.Valid() && p.Outcome == Prompted && p.Prompt == PromptUnverified {
		r.ImportScore = &ScoreReport{s.Hex(), s.String()}
	}
	r.Because = stepReports(because)
	if len(nodes) > 0 {
		r.Rank = &RankReport{Best: rankHex(nodes[0].Rank)}
		for _, n := range nodes {
			r.Rank.IDs = append(r.Rank.IDs, RankedID{n.ID, rankHex(n.Rank)})
		}
	}
	for _, l := range loads {
		load := LoadReport{File: l.File.Path, Verdict: l.Verdict.String(), ProblemCode: l.Problem, Because: stepReports(l.Because)}
		r.Load = append(r.Load, load)
	}
	return r
}

// rankHex is a rank as SetupAPI logs it.
func rankHex(r uint32) string { return fmt.Sprintf("0x%08X", r) }

func stepReports(steps []Step) []StepReport {
	all := make([]StepReport, len(steps))
	for i, s := range steps {
		all[i] = StepReport{s.Rule, s.Text, s.Basis.String(), s.Cite}
	}
	return all
}

// reason is the sentence that decided: that of the outcome where a signature
// counts and the package is refused all the same, else that of the category.
func reason(c Classification, p Prediction) string {
	counts := c.Category != Altered && c.Category != Unsigned
	if p.Outcome == NotApplicable || p.Outcome == Refused && counts {
		return p.Reason
	}
	return c.Reason
}

// signerName is the name that SetupAPI logs and the publisher prompt shows:
// the common name of the catalog's signer.
func (f *Facts) signerName(a inf.Arch) string {
	c := f.CatalogFor(a)
	if c == nil || c.Primary() == nil || c.Primary().Signature.Signer == nil {
		return ""
	}
	subject := c.Primary().Signature.Signer.Subject
	for _, name := range []string{subject.CommonName(), subject.OrganizationalUnit(), subject.Organization()} {
		if name != "" {
			return name
		}
	}
	return subject.String()
}

func archNames(archs []inf.Arch) []string {
	names := make([]string, len(archs))
	for i, a := range archs {
		names[i] = a.String()
	}
	return names
}
