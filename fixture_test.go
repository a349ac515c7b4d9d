package prestage

import (
	"crypto"
	"errors"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"prestage/authenticode"
	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
	"prestage/catalog"
	"prestage/inf"
	"prestage/trust"
)

// gadgetINF is an INF for every architecture that the releases run on.
const gadgetINF = `[Version]
Signature   = "$WINDOWS NT$"
Class       = USBDevice
ClassGuid   = {88bae032-5a81-49f0-bc3d-a4ff138216d6}
Provider    = Fabrikam
CatalogFile = gadget.cat
DriverVer   = 03/02/2026,1.2.3.4
[Manufacturer]
Fabrikam = Gadget,NTx86,NTamd64,NTarm64
[Gadget.NTx86]
Gadget = Gadget.Install, USB\VID_1209&PID_F00D
[Gadget.NTamd64]
Gadget = Gadget.Install, USB\VID_1209&PID_F00D
[Gadget.NTarm64]
Gadget = Gadget.Install, USB\VID_1209&PID_F00D
[Gadget.Install.NT]
CopyFiles = Gadget.CopyFiles
[Gadget.CopyFiles]
gadget.sys
[SourceDisksNames]
1 = Disk
[SourceDisksFiles]
gadget.sys = 1
`

// facts describes a package with nothing wrong, as the gatherer would: signed
// by a third party of whom the machine knows nothing. Each change makes one
// thing different.
func facts(t testing.TB, changes ...func(*Facts)) *Facts {
	t.Helper()
	return factsOf(t, gadgetINF, changes...)
}

func factsOf(t testing.TB, text string, changes ...func(*Facts)) *Facts {
	t.Helper()
	file, err := inf.Parse("gadget.inf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	f := &Facts{INF: "gadget.inf", File: file, Version: file.Version(), Archs: file.Architectures()}
	for _, entry := range f.Version.CatalogFiles {
		f.Catalogs = append(f.Catalogs, &CatalogFacts{
			Name: entry.Name, Path: entry.Name, Key: "CatalogFile", Line: entry.Pos.Line, pos: entry.Pos,
			Archs: f.Archs, Present: true,
			Catalog: parsedCatalog(t, "2:5.1,2:6.0,2:6.1,2:6.2,2:6.3,2:10.0"),
			Signatures: []SignatureFacts{{
				Signature: &authenticode.Signature{SignerCount: 1, DigestAlgorithm: crypto.SHA256},
				Verdict:   trust.Verdict{Trusted: true, Authority: trust.ThirdParty, Publisher: trust.NotListed},
			}},
		})
	}
	f.Files = []*FileFacts{
		{Path: "gadget.inf", Role: RoleINF, Archs: f.Archs, Present: true, Kind: WholeFile},
		{Path: "gadget.sys", Role: RoleDriver, Archs: f.Archs, Present: true, Kind: ImageHash},
	}
	for _, file := range f.Files {
		file.coverage = map[*CatalogFacts]Coverage{}
		for _, c := range f.Catalogs {
			file.coverage[c] = Coverage{State: Covered, By: []crypto.Hash{crypto.SHA1, crypto.SHA256}}
		}
	}
	for _, change := range changes {
		change(f)
	}
	return f
}

// parsedCatalog is a signed catalog with that OSAttr, "" for none.
func parsedCatalog(t testing.TB, osAttr string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse(signtest.Catalog{
		OSAttr:  osAttr,
		Members: []signtest.Member{{Data: []byte("any file")}},
	}.Sign(signtest.Commercial(nil).Signer()))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Changes to the catalog and to the verdict on its signature.

func onCatalog(change func(*CatalogFacts)) func(*Facts) {
	return func(f *Facts) {
		for _, c := range f.Catalogs {
			change(c)
		}
	}
}

func onVerdict(change func(*trust.Verdict)) func(*Facts) {
	return onCatalog(func(c *CatalogFacts) {
		if c.Primary() != nil {
			change(&c.Primary().Verdict)
		}
	})
}

// signedByMicrosoft makes the signer one of Microsoft's, whom the driver
// policy accepts.
func signedByMicrosoft(a trust.Authority) func(*Facts) {
	return onVerdict(func(v *trust.Verdict) {
		v.MicrosoftRoot, v.DriverPolicy, v.Authority = true, true, a
	})
}

func withPublisher(p trust.Publisher) func(*Facts) {
	return onVerdict(func(v *trust.Verdict) { v.Publisher = p })
}

// distrusted lists the problems that stand against the chain.
func distrusted(reasons ...trust.Reason) func(*Facts) {
	return onVerdict(func(v *trust.Verdict) {
		v.Trusted, v.DriverPolicy = false, false
		v.Problems = nil
		for _, r := range reasons {
			v.Problems = append(v.Problems, trust.Problem{Reason: r, Code: r.Code()})
		}
	})
}

func withOSAttr(t testing.TB, osAttr string) func(*Facts) {
	return onCatalog(func(c *CatalogFacts) { c.Catalog = parsedCatalog(t, osAttr) })
}

func catalogVersion(n int) func(*Facts) {
	return onCatalog(func(c *CatalogFacts) {
		changed := *c.Catalog
		changed.Version = n
		c.Catalog = &changed
	})
}

func brokenSignature(code winerror.Code) func(*Facts) {
	return onCatalog(func(c *CatalogFacts) {
		c.Primary().Signature.Problem = &authenticode.Problem{Code: code, Detail: "flipped a bit"}
	})
}

func noCatalogFile(f *Facts) {
	for _, c := range f.Catalogs {
		c.Present, c.Catalog, c.Signatures = false, nil, nil
	}
	states(NoCatalog)(f)
}

func unreadableCatalog(f *Facts) {
	for _, c := range f.Catalogs {
		c.Catalog, c.Signatures, c.Err = nil, nil, errors.New("not DER")
	}
	states(NoCatalog)(f)
}

func unsignedCatalog(f *Facts) {
	for _, c := range f.Catalogs {
		changed := *c.Catalog
		changed.Signature = &authenticode.Signature{}
		c.Catalog, c.Signatures = &changed, nil
	}
}

func disorderedCatalog(f *Facts) {
	for _, c := range f.Catalogs {
		changed := *c.Catalog
		changed.Ordered = errors.New("offset 217: attribute is out of DER order")
		c.Catalog = &changed
	}
}

func sha1Signature(f *Facts) {
	for _, c := range f.Catalogs {
		c.Primary().Signature.DigestAlgorithm = crypto.SHA1
	}
}

// Changes to the files.

func states(s State) func(*Facts) {
	return func(f *Facts) {
		for _, file := range f.Files {
			state(file.Path, s)(f)
		}
	}
}

func state(name string, s State) func(*Facts) {
	return func(f *Facts) {
		for _, file := range f.Files {
			if file.Path != name {
				continue
			}
			for c, cov := range file.coverage {
				cov.State = s
				if s != Covered {
					cov.By, cov.Members = nil, nil
				}
				file.coverage[c] = cov
			}
			file.Present = s != Missing
		}
	}
}

func coveredOnlyBy(h crypto.Hash) func(*Facts) {
	return func(f *Facts) {
		for _, file := range f.Files {
			for c, cov := range file.coverage {
				cov.By = []crypto.Hash{h}
				file.coverage[c] = cov
			}
		}
	}
}

// target reads OS/ARCH/USER and adds how the machine was booted.
func target(t testing.TB, text string, boot Scenario) Target {
	t.Helper()
	specs, err := ParseTargets(text)
	if err != nil || len(specs) != 1 || specs[0].Arch == 0 {
		t.Fatalf("target %q: %v %v", text, specs, err)
	}
	s := specs[0]
	return Target{Windows: s.Windows, Arch: s.Arch, User: s.User, Scenario: boot}
}

// testClock is the clock of everything that signtest makes.
var testClock = signtest.Now()

// storeOf makes stores that hold the given certificates.
func storeOf(t testing.TB, role map[trust.Role][]*signtest.Certificate) *trust.Store {
	t.Helper()
	s := trust.NewStore()
	for r, certs := range role {
		for _, c := range certs {
			entries, err := trust.ReadStore("test", c.Raw)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if err := s.Add(r, e); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return s
}

// contosoStore trusts the root of signtest's commercial authority.
func contosoStore(t testing.TB) *trust.Store {
	t.Helper()
	return storeOf(t, map[trust.Role][]*signtest.Certificate{trust.Root: {signtest.Commercial(nil).Root}})
}

// publisherStore also holds its customer among the trusted publishers.
func publisherStore(t testing.TB) *trust.Store {
	t.Helper()
	h := signtest.Commercial(nil)
	return storeOf(t, map[trust.Role][]*signtest.Certificate{trust.Root: {h.Root}, trust.Publishers: {h.Leaf}})
}

// gather opens the one INF of the files and gathers the facts.
func gather(t testing.TB, files signtest.Files, s *trust.Store, at time.Time) *Facts {
	t.Helper()
	name := ""
	for _, p := range files.Paths() {
		if strings.EqualFold(path.Ext(p), ".inf") && name == "" {
			name = p
		}
	}
	p, err := Open(files.FS(), name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Gatherer{Store: s, At: at, Jobs: 2}.Gather(p)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// mapFS is shorthand for a file system of text files.
func mapFS(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return m
}

// finding reports whether the facts hold a finding, and at which severity.
func finding(f *Facts, id string) Severity {
	for _, x := range f.Findings {
		if x.ID == id {
			return x.Severity
		}
	}
	return SeverityUnknown
}
