package signtest

import (
	"crypto"
	"maps"
	"math/big"
	"slices"
)

// Sample is one package of testdata/packages.
type Sample struct {
	Name  string // of the folder: the point in a word or two
	Point string // what it is, one sentence
	make  func() *Package
}

// Package describes the sample anew, so that a test can go on from it.
func (s Sample) Package() *Package { return s.make() }

// Build makes the sample's files.
func (s Sample) Build() Files { return s.make().Build() }

// SampleNamed returns a sample by name. It panics when there is none.
func SampleNamed(name string) Sample {
	list := Samples()
	i := slices.IndexFunc(list, func(s Sample) bool { return s.Name == name })
	if i < 0 {
		panic("signtest: no sample " + name)
	}
	return list[i]
}

// changed is a sample that differs from [NewPackage] by one function.
func changed(name, point string, change func(*Package)) Sample {
	return Sample{name, point, func() *Package {
		p := NewPackage()
		change(p)
		return p
	}}
}

// Samples lists the packages of testdata/packages. The roots of all are in
// testdata/stores; none is trusted anywhere else.
func Samples() []Sample {
	return slices.Concat(signerSamples(), timeSamples(), fileSamples(), catalogSamples(), infSamples())
}

// signerSamples differ in who signed.
func signerSamples() []Sample {
	return []Sample{
		changed("third-party-timestamped", "valid; signed by a commercial publisher and time-stamped, both under contoso-root.pem",
			func(*Package) {}),
		changed("cross-certified", "as third-party-timestamped, and the signature carries a cross-certificate for the Contoso root by an imitation of the Microsoft Code Verification Root",
			func(p *Package) {
				h := CrossCertified(nil)
				p.SignedBy(h.Signer().Stamped(TimeStampingUnder(h.Root, nil).Stamp()))
			}),
		changed("whql-like", "signed with the names and purposes of Microsoft's hardware publisher and other keys: with lookalike-root.pem as a root it is a third party's, without it untrusted, never Microsoft's",
			func(p *Package) { p.SignedBy(lookalikeSigner("whql")) }),
		changed("attested-like", "as whql-like, with the purposes of an attestation signature",
			func(p *Package) { p.SignedBy(lookalikeSigner("attested")) }),
		changed("self-signed", "signed by a self-signed certificate, self-signed.pem, without a time stamp",
			func(p *Package) { p.SignedBy(SelfSigned(Override{"leaf": longLived}).Signer()) }),
		changed("ecdsa-p384", "valid; the publisher's key is ECDSA P-384 and the digest SHA-384",
			func(p *Package) {
				h := Commercial(Override{"leaf": func(t *Template) { t.Key = NamedKey("p384-1") }})
				s := h.Signer().Stamped(TimeStampingUnder(h.Root, nil).Stamp())
				s.Digest = crypto.SHA384
				p.SignedBy(s)
			}),
		changed("wrong-purpose", "the publisher's certificate is for server authentication, not for code signing",
			func(p *Package) {
				h := Commercial(Override{"leaf": func(t *Template) { t.EKUs = []string{EKUServerAuth} }})
				p.SignedBy(h.Signer().Stamped(TimeStampingUnder(h.Root, nil).Stamp()))
			}),
	}
}

// longLived keeps a sample without a time stamp valid for as long as anybody
// runs it.
func longLived(t *Template) { t.NotAfter = Date(2046, 1, 1) }

func lookalikeSigner(role string) Signer {
	h := Lookalike(nil)
	s := h.SignerAs(h.Role(role)).Stamped(TimeStampingUnder(h.Root, nil).Stamp())
	s.ProgramName = "Fabrikam Geräte GmbH" // the submitting company (rule 61)
	return s
}

// expired has a publisher's certificate of the years 2021 and 2022.
func expired() *Hierarchy {
	return Commercial(Override{"leaf": func(t *Template) {
		t.NotBefore, t.NotAfter = Date(2021, 1, 1), Date(2023, 1, 1)
	}})
}

// timeSamples differ in when they were signed and how that is proven.
func timeSamples() []Sample {
	return []Sample{
		changed("expired-no-timestamp", "the publisher's certificate expired on 2023-01-01 and nothing proves when it signed",
			func(p *Package) { p.SignedBy(expired().Signer()) }),
		changed("expired-timestamped", "valid; the publisher's certificate expired on 2023-01-01 and a time stamp proves that it signed before",
			func(p *Package) {
				h := expired()
				stamp := TimeStampingUnder(h.Root, nil).Stamp()
				stamp.Time = Date(2022, 5, 17)
				p.SignedBy(h.Signer().Stamped(stamp))
			}),
		changed("stamped-after-expiry", "the time stamp is of 2024-02-01 and the publisher's certificate expired on 2023-01-01",
			func(p *Package) {
				h := expired()
				stamp := TimeStampingUnder(h.Root, nil).Stamp()
				stamp.Time = Date(2024, 2, 1)
				p.SignedBy(h.Signer().Stamped(stamp))
			}),
		changed("stamp-over-another-signature", "the publisher's certificate expired on 2023-01-01 and the time stamp is over another signature",
			func(p *Package) {
				h := expired()
				stamp := TimeStampingUnder(h.Root, nil).Stamp()
				stamp.Time, stamp.Over = Date(2022, 5, 17), []byte("another signature value")
				p.SignedBy(h.Signer().Stamped(stamp))
			}),
		changed("foreign-timestamp", "valid; the time stamp is another authority's, so northwind-root.pem is needed besides contoso-root.pem",
			func(p *Package) { p.SignedBy(Commercial(nil).Signer().Stamped(TimeStamping(nil).Stamp())) }),
		changed("pkcs9-bare-digest", "valid; a PKCS #9 counter-signature whose RSA block holds the digest without DigestInfo",
			func(p *Package) {
				h := expired()
				stamp := TimeStampingUnder(h.Root, nil).CounterSignature()
				stamp.Time, stamp.BareDigest = Date(2022, 5, 17), true
				p.SignedBy(h.Signer().Stamped(stamp))
			}),
	}
}

// fileSamples differ in the files beside the catalog.
func fileSamples() []Sample {
	return []Sample{
		changed("altered-sys", "one bit of the driver's data changed after signing",
			func(p *Package) { p.Alter = FlipBit("gadget.sys", -1) }),
		changed("altered-inf", "one letter of the INF changed after signing",
			func(p *Package) {
				p.Alter = func(f Files) {
					f["gadget.inf"] = []byte(ReplaceLine("F00D", "F00E")(string(f["gadget.inf"])))
				}
			}),
		changed("altered-inf-line-endings", "the INF was signed with CRLF line endings and has LF ones, as git leaves it",
			func(p *Package) { p.Alter = LFEndings("gadget.inf") }),
		changed("missing-file", "the INF copies gadget.sys and the catalog lists it, but it is not there",
			func(p *Package) { p.Alter = Remove("gadget.sys") }),
		changed("lfs-pointer", "gadget.sys is a Git LFS pointer, not the driver",
			func(p *Package) { p.Alter = LFSPointer("gadget.sys") }),
		changed("not-listed", "the INF copies gadget.dll, which the catalog does not list",
			func(p *Package) {
				p.INFs[0].CopyFiles = []string{"gadget.dll"}
				p.Payload["gadget.dll"] = PE{Subsystem: SubsystemWindows, DLL: true, Content: "Gadget library"}.Encode()
				p.NotListed = []string{"gadget.dll"}
			}),
		changed("unpadded-sys", "valid; the driver's length is no multiple of 8 and the catalog has the hash of its zero-padded form",
			func(p *Package) {
				p.Payload["gadget.sys"] = PE{Content: "Fabrikam Gadget", Appended: []byte("tail")}.Encode()
			}),
		changed("embedded-signed", "valid; the driver also has an embedded signature, added after the catalog was made, with a nested one",
			embedSignatures),
		changed("multi-arch", "valid; one INF and one catalog for x86, amd64 and arm64, the drivers in a folder each",
			multiArch),
	}
}

func embedSignatures(p *Package) {
	p.Alter = func(f Files) {
		driver := f["gadget.sys"]
		signer := p.Signers[0]
		signer.Nested = [][]byte{ImageSignature{
			Signer:     lookalikeSigner("whql"),
			PageHashes: true,
		}.Encode(driver)}
		f["gadget.sys"] = SignPE(driver, signer)
	}
}

func multiArch(p *Package) {
	p.INFs[0].Archs = []string{"x86", "amd64", "arm64"}
	p.INFs[0].Folders = true
	p.Payload = map[string][]byte{
		"x86/gadget.sys":   NewDriver(MachineX86, "Fabrikam Gadget"),
		"amd64/gadget.sys": NewDriver(MachineAMD64, "Fabrikam Gadget"),
		"arm64/gadget.sys": NewDriver(MachineARM64, "Fabrikam Gadget"),
	}
}

// catalogSamples differ in the catalog itself.
func catalogSamples() []Sample {
	return []Sample{
		changed("no-catalog", "the INF names gadget.cat, which is not there",
			func(p *Package) { p.CatalogPath = "" }),
		changed("unsigned-catalog", "the catalog lists the files and is not signed",
			func(p *Package) { p.Signers = nil }),
		changed("catalog-lfs-pointer", "gadget.cat is a Git LFS pointer, no catalog",
			func(p *Package) { p.Alter = LFSPointer("gadget.cat") }),
		changed("altered-catalog", "a bit of a digest in the catalog changed after signing",
			func(p *Package) { p.Alter = alterListedDigest }),
		changed("v1-sha1-catalog", "valid; a version 1 catalog with SHA-1 members, a SHA-1 signature and a PKCS #9 counter-signature",
			func(p *Package) {
				h := expired()
				stamp := TimeStampingUnder(h.Root, nil).CounterSignature()
				stamp.Time = Date(2022, 5, 17)
				s := h.Signer().Stamped(stamp)
				s.Digest = crypto.SHA1
				p.Catalog.Version = 1
				p.SignedBy(s)
			}),
		changed("v2-sha1-members-only", "a version 2 catalog without SHA-256 members: Windows 8 and later look for those (rule 73)",
			func(p *Package) {
				p.Member = func(_ string, m *Member) { m.Digests = []crypto.Hash{crypto.SHA1} }
			}),
		changed("reference-tags", "valid; a version 1 catalog whose tags are names, the digests only in SpcIndirectData (rule 67)",
			func(p *Package) {
				p.Catalog.Version = 1
				p.Member = func(path string, m *Member) { m.TextTag = path }
			}),
		changed("tag-contradicts-digest", "the driver's members have the right tags and another digest in SpcIndirectData",
			func(p *Package) {
				p.Member = func(path string, m *Member) {
					if path == "gadget.sys" {
						m.AlwaysIndirect, m.Digest = true, FlipLastBit
					}
				}
			}),
		changed("catalog-out-of-order", "the attributes of the catalog's members are not in DER order (rule 63)",
			func(p *Package) { p.Catalog.Disorder = DisorderMemberAttributes }),
	}
}

// alterListedDigest flips a bit of the INF's SHA-256 wherever the catalog has
// it, so that tag and SpcIndirectData still agree and only the signature
// does not hold.
func alterListedDigest(f Files) {
	cat := f["gadget.cat"]
	digest := sum(crypto.SHA256, f["gadget.inf"])
	for i := 0; i+len(digest) <= len(cat); i++ {
		if slices.Equal(cat[i:i+len(digest)], digest) {
			cat[i] ^= 1
		}
	}
}

// infSamples differ in the INF.
func infSamples() []Sample {
	return []Sample{
		changed("no-catalogfile-line", "the INF has no CatalogFile line; a signed catalog lies beside it",
			func(p *Package) { p.INFs[0].Catalog = "" }),
		changed("extension-inf", "valid; an extension INF without a service",
			func(p *Package) {
				p.INFs[0].ExtensionID = "{3a1b6c5e-0f7d-4a52-9a8e-6c1d2b3f4e50}"
				p.INFs[0].Driver = ""
				p.INFs[0].CopyFiles = []string{"gadget.bin"}
				p.Payload = map[string][]byte{"gadget.bin": []byte("firmware of the Fabrikam Gadget\n")}
			}),
		changed("primitive-driver", "valid; a primitive driver: DefaultInstall sections, no Manufacturer",
			func(p *Package) { p.INFs[0].Primitive = true }),
		changed("utf16-inf", "valid; the INF is UTF-16 little-endian with a byte order mark",
			func(p *Package) { p.INFs[0].UTF16 = true }),
		changed("path-escape", `the INF copies ..\evil.sys, outside the package`,
			func(p *Package) {
				p.INFs[0].CopyFiles = []string{`..\evil.sys`}
			}),
		changed("two-infs-one-catalog", "valid; two INFs name one catalog, which lists both",
			func(p *Package) { twoINFs(p) }),
		changed("second-inf-not-listed", "two INFs name one catalog, which lists only gadget.inf",
			func(p *Package) {
				twoINFs(p)
				p.NotListed = []string{"gizmo.inf"}
			}),
	}
}

func twoINFs(p *Package) {
	second := p.INFs[0]
	second.Name, second.Driver, second.HardwareID = "gizmo.inf", "gizmo.sys", `USB\VID_1209&PID_F00E`
	p.INFs = append(p.INFs, second)
	p.Payload["gizmo.sys"] = NewDriver(MachineAMD64, "Fabrikam Gizmo")
}

// Stores are the files of testdata/stores: the roots of the samples and the
// publisher of most of them.
func Stores() Files {
	contoso, lookalike := Commercial(nil), Lookalike(nil)
	northwind := TimeStamping(nil)
	return Files{
		"contoso-root.pem":           contoso.Root.PEM(),
		"contoso-root.cer":           contoso.Root.Raw,
		"fabrikam-publisher.pem":     contoso.Leaf.PEM(),
		"lookalike-root.pem":         lookalike.Root.PEM(),
		"lookalike-publisher.pem":    lookalike.Leaf.PEM(),
		"northwind-root.pem":         northwind.Root.PEM(),
		"contoso-and-northwind.pem":  PEMBundle(contoso.Root, northwind.Root),
		"self-signed.pem":            SelfSigned(Override{"leaf": longLived}).Leaf.PEM(),
		"lookalike-verification.pem": CrossCertified(nil).CodeVerification.PEM(),

		"contoso-and-northwind.p7b":     Bundle([][]byte{contoso.Root.Raw, northwind.Root.Raw}, nil),
		"contoso-and-northwind-pem.p7b": BundlePEM(Bundle([][]byte{contoso.Root.Raw, northwind.Root.Raw}, nil)),
		"contoso-disabled.sst": SerializedStore(StoreElement{Raw: contoso.Root.Raw, Properties: []Property{
			{PropertyFriendlyName, UTF16("Contoso")},
			{PropertyDisabledAt, FileTime(Date(2026, 1, 1))},
		}}),
		"contoso-not-before.sst": SerializedStore(StoreElement{Raw: contoso.Root.Raw, Properties: []Property{
			{PropertyUsages, UsageList(EKUCodeSigning, EKUTimeStamping)},
			{PropertyNotBefore, FileTime(Date(2025, 1, 1))},
			{PropertyNotBeforeUsages, UsageList(EKUCodeSigning)},
		}}),
		"machine.reg":          RegistryExport(machine(contoso)...),
		"machine-regedit4.reg": RegistryExport4(machine(contoso)...),
		"publishers.reg":       RegistryExport(RegistryStore{Name: "TrustedPublisher", Elements: []StoreElement{{Raw: contoso.Leaf.Raw}}}),
		"unproven.stl": SignList(TrustList{
			Usage: []string{OIDRootListSigner}, SequenceNumber: big.NewInt(1), ThisUpdate: SigningTime(), SubjectAlgorithm: OIDSHA1,
			Subjects: []TrustedSubject{{Identifier: sum(crypto.SHA1, contoso.Root.Raw), Attributes: []Attribute{
				PropertyAttribute(PropertyFriendlyName, UTF16("Contoso")),
				PropertyAttribute(PropertySHA256, sum(crypto.SHA256, contoso.Root.Raw)),
			}}},
		}, ListSigners(nil).Signer()),
	}
}

// machine is a machine whose administrator trusts Contoso's roots and the
// publisher Fabrikam, and distrusts a self-signed certificate.
func machine(contoso *Hierarchy) []RegistryStore {
	return []RegistryStore{
		{Name: "CA", Elements: []StoreElement{{Raw: contoso.CA.Raw}}},
		{Name: "Disallowed", Elements: []StoreElement{{Raw: SelfSigned(Override{"leaf": longLived}).Leaf.Raw}}},
		{Name: "ROOT", Elements: []StoreElement{{Raw: contoso.Root.Raw}}},
		{Name: "TrustedPublisher", Elements: []StoreElement{{Raw: contoso.Leaf.Raw}}},
	}
}

// storePoints says what each file of [Stores] is.
func storePoints() map[string]string {
	return map[string]string{
		"contoso-root.pem":           "root of the commercial authority and of its time-stamping authority",
		"contoso-root.cer":           "the same in DER",
		"fabrikam-publisher.pem":     "the publisher's certificate of most packages, for --trusted-publisher",
		"lookalike-root.pem":         "root of whql-like and attested-like; it has a real root's name and not its key",
		"lookalike-publisher.pem":    "the publisher's certificate of whql-like",
		"northwind-root.pem":         "root of the time stamp in foreign-timestamp",
		"contoso-and-northwind.pem":  "both roots in one file",
		"self-signed.pem":            "the certificate of self-signed, root and publisher in one",
		"lookalike-verification.pem": "the imitation of the Code Verification Root in cross-certified",

		"contoso-and-northwind.p7b":     "both roots in a PKCS #7 bundle",
		"contoso-and-northwind-pem.p7b": "the same bundle in PEM",
		"contoso-disabled.sst":          "Contoso's root in a serialized store, disabled from 2026",
		"contoso-not-before.sst":        "Contoso's root in a serialized store, good for code signing by certificates issued before 2025",
		"machine.reg":                   "registry export of a machine that trusts Contoso's root and Fabrikam and distrusts self-signed, for --machine",
		"machine-regedit4.reg":          "the same in the old encoding",
		"publishers.reg":                "registry export of the store TrustedPublisher only, with Fabrikam in it",
		"unproven.stl":                  "a list of trusted roots that Microsoft did not sign; refused without --accept-unsigned-list",
	}
}

// TestData is everything that is generated below testdata: packages, stores,
// and README.md, which lists them.
func TestData() Files {
	files := make(Files)
	put := func(folder string, f Files) {
		for path, b := range f {
			files[folder+"/"+path] = b
		}
	}
	for _, s := range Samples() {
		put("packages/"+s.Name, s.Build())
	}
	put("stores", Stores())
	files["README.md"] = readme(slices.Sorted(maps.Keys(files)))
	return files
}
