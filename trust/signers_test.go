package trust

import (
	"encoding/hex"
	"strings"
	"testing"

	"prestage/authenticode"
	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
	"prestage/trust/roots"
)

// TestAuthorities: what purposes mean under a product root, under another root
// of Microsoft's, under somebody else's, and nowhere.
func TestAuthorities(t *testing.T) {
	product, application := microsoftRoots[2], microsoftRoots[3]
	hit := map[string]bool{}
	for _, c := range []struct {
		name   string
		ekus   []string
		ca     []string // nil: the authority allows everything
		root   microsoftRoot
		want   Authority
		driver bool
	}{
		{"part of Windows", []string{OIDWindows, OIDCodeSigning}, nil, product, Windows, true},
		{"part of Windows by somebody else", []string{OIDWindowsThirdParty, OIDWindows, OIDCodeSigning}, nil, product, Windows, true},
		{"third party's part without the driver purpose", []string{OIDWindowsThirdParty, OIDCodeSigning}, nil, product, Windows, false},
		{"tested", []string{OIDWHQL, OIDCodeSigning}, nil, product, WHQL, true},
		{"tested, extended", []string{OIDExtendedWHQL, OIDWHQL, OIDCodeSigning}, nil, product, WHQL, true},
		{"extended alone", []string{OIDExtendedWHQL, OIDCodeSigning}, nil, product, Microsoft, false},
		{"attested", []string{OIDWHQL, OIDAttestedWHQL, OIDCodeSigning}, nil, product, WHQLAttested, true},
		{"attested and extended", []string{OIDWHQL, OIDExtendedWHQL, OIDAttestedWHQL, OIDCodeSigning}, nil, product, WHQLAttested, true},
		{"attested alone, as HAL extensions are", []string{OIDAttestedWHQL, OIDHALExtension, OIDCodeSigning}, nil, product, WHQLAttested, false},
		{"test purpose of a computer maker under a third party", []string{OIDWindowsPackage, OIDCodeSigning}, nil, microsoftRoot{name: "third party"}, ThirdParty, false},
		{"early launch", []string{OIDEarlyLaunch, OIDWindows, OIDCodeSigning}, nil, product, ELAM, true},
		{"early launch without the driver purpose", []string{OIDEarlyLaunch, OIDCodeSigning}, nil, product, ELAM, false},
		{"untested drivers of a computer maker", []string{OIDOEMWHQL, OIDCodeSigning}, nil, product, Microsoft, true},
		{"preview build (L9)", []string{OIDPreviewBuild, OIDWHQL, OIDCodeSigning}, nil, product, Test, false},
		{"preview build of Windows", []string{OIDPreviewBuild, OIDWindows, OIDCodeSigning}, nil, product, Test, false},
		{"sample of the kits (L9)", []string{OIDWHQL, OIDLifetimeSigning, OIDCodeSigning}, nil, product, Test, false},
		{"test certificate of a computer maker (L9)", []string{OIDWindowsPackage, OIDCodeSigning}, nil, microsoftRoot{}, Test, false},
		{"Microsoft's other software", []string{OIDCodeSigning}, nil, product, Microsoft, false},
		{"no purposes named", nil, nil, product, Microsoft, false},
		{"every purpose", []string{OIDAnyUsage}, nil, product, Microsoft, false},

		{"purpose that the authority allows", []string{OIDWHQL, OIDCodeSigning}, []string{OIDWHQL, OIDCodeSigning}, product, WHQL, true},
		{"purpose that the authority does not allow", []string{OIDWHQL, OIDCodeSigning}, []string{OIDCodeSigning}, product, Microsoft, false},
		{"attested, where the authority names only its parent", []string{OIDWHQL, OIDAttestedWHQL, OIDCodeSigning}, []string{OIDWHQL, OIDCodeSigning}, product, WHQLAttested, true},

		{"tested under the application root", []string{OIDWHQL, OIDCodeSigning}, nil, application, Microsoft, false},
		{"part of Windows under the application root", []string{OIDWindows, OIDCodeSigning}, nil, application, Microsoft, false},

		{"third party", []string{OIDCodeSigning}, nil, microsoftRoot{name: "third party"}, ThirdParty, false},
		{"third party that names Microsoft's purposes", []string{OIDWHQL, OIDWindows, OIDEarlyLaunch, OIDCodeSigning}, nil, microsoftRoot{name: "third party"}, ThirdParty, false},
		{"nobody", []string{OIDCodeSigning}, nil, microsoftRoot{}, UnknownAuthority, false},
		{"nobody who names Microsoft's purposes", []string{OIDWHQL, OIDCodeSigning}, nil, microsoftRoot{}, UnknownAuthority, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFamily(t)
			f.ca("root", "").ca("ca", "root", func(t *signtest.Template) { t.EKUs = c.ca }).leaf("leaf", "ca", func(t *signtest.Template) { t.EKUs = c.ekus })
			s := newSigner(f.get("leaf", "ca", "root"), c.root.name != "")
			s.root, s.microsoft = c.root, c.root.sha256 != ""
			r := s.judge()
			hit[r.id] = true
			if r.then != c.want {
				t.Errorf("authority %v by %s, want %v", r.then, r.id, c.want)
			}
			if driver := r.driver && s.driverPurpose(); driver != c.driver {
				t.Errorf("driver policy %v, want %v", driver, c.driver)
			}
		})
	}
	hit["test-root"] = true   // TestFlightChain
	hit["marketplace"] = true // TestMarketplace
	for _, r := range authorities {
		if !hit[r.id] {
			t.Errorf("no case for rule %s", r.id)
		}
	}
}

// TestMarketplace: a chain through the Store's authority is not Microsoft's.
// Its certificate is known by digest only, so the digest is what is faked.
func TestMarketplace(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	s := newSigner(f.get("leaf", "ca", "root"), true)
	s.root, s.microsoft = microsoftRoots[3], true
	if s.through(marketplacePCA) || s.judge().then != Microsoft {
		t.Errorf("authority %v without the Store", s.judge().then)
	}
	if ca := thumbprint(s.chain[1]); !s.through(ca) || s.through(strings.ToUpper(ca)) {
		t.Error("certificate of the chain not found")
	}
}

// TestAuthorityTable: the table is complete and says where it comes from.
func TestAuthorityTable(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range authorities {
		if r.id == "" || seen[r.id] || r.cite == "" {
			t.Errorf("rule %q: id empty or repeated, or no citation", r.id)
		}
		seen[r.id] = true
	}
	for _, r := range microsoftRoots {
		sum, err := hex.DecodeString(r.sha256)
		if err != nil || len(sum) != 32 {
			t.Fatalf("%s: %v", r.name, err)
		}
		if root := roots.BySHA256([32]byte(sum)); root == nil || root.Class != roots.Product && root.Class != roots.ProductTimeStamping {
			t.Errorf("%s is not an embedded root of Microsoft's own", r.name)
		}
	}
}

// TestLookalike: the names of Microsoft's hierarchy with other keys are nobody's, and
// a third party's in a machine that has the root (L9).
func TestLookalike(t *testing.T) {
	h := signtest.Lookalike(nil)
	for role, leaf := range h.Leaves {
		sig := signature(parseAll(t, leaf, h.CA, h.Root))
		v := Verify(sig, DefaultStore(), Options{At: signtest.Now(), Purpose: CodeSigning})
		if v.Trusted || v.MicrosoftRoot || v.DriverPolicy || v.Authority != UnknownAuthority && v.Authority != Test {
			t.Errorf("%s: trusted %v, authority %v by %s", role, v.Trusted, v.Authority, v.AuthorityRule)
		}
		checkInvariants(t, v)

		s := DefaultStore()
		s.AddRoot(parse(t, h.Root), "test")
		v = Verify(sig, s, Options{At: signtest.Now(), Purpose: CodeSigning})
		if !v.Trusted || v.MicrosoftRoot || v.DriverPolicy || v.Authority != ThirdParty && v.Authority != Test {
			t.Errorf("%s with the root: trusted %v, authority %v by %s, %v", role, v.Trusted, v.Authority, v.AuthorityRule, v.Problems)
		}
		checkInvariants(t, v)
	}
}

// TestFlightChain: the development hierarchy is recognised by the issuer that
// the topmost certificate names, explained, and not trusted; a self-issued
// certificate of that name is nobody's.
func TestFlightChain(t *testing.T) {
	f := newFamily(t)
	flight := func(t *signtest.Template) {
		t.Subject = signtest.DN("C=US", "O=Microsoft Corporation", "CN=Microsoft Development Root Certificate Authority 2014")
		id, _ := hex.DecodeString("8570009f77591e8cac3c9f77262819cc9ac18f32")
		t.SubjectKeyID = id
	}
	f.ca("root", "", flight).ca("ca", "root").leaf("leaf", "ca", ekus(OIDWindows, OIDCodeSigning))

	v := Verify(signature(f.get("leaf", "ca")), DefaultStore(), Options{At: signtest.Now(), Purpose: CodeSigning})
	if v.Authority != Test || v.Problems[0].Reason != UntrustedTestRoot {
		t.Errorf("authority %v, problems %v", v.Authority, v.Problems)
	}
	checkInvariants(t, v)
	v = Verify(signature(f.get("leaf", "ca", "root")), DefaultStore(), Options{At: signtest.Now(), Purpose: CodeSigning})
	if v.Authority != UnknownAuthority || v.Problems[0].Reason != UntrustedRoot {
		t.Errorf("root carried: authority %v, problems %v", v.Authority, v.Problems)
	}
	checkInvariants(t, v)
}

// TestKernelPath: the way to the Code Verification Root is told and trusts
// nothing.
func TestKernelPath(t *testing.T) {
	h := signtest.CrossCertified(nil)
	cvr := parse(t, h.CodeVerification)
	withRoot := func(roots ...*signtest.Certificate) *Store {
		s := NewStore()
		s.AddRoot(cvr, "test")
		s.anchorsFor(cvr)[0].Kind = CodeVerificationRoot
		for _, r := range roots {
			s.AddRoot(parse(t, r), "test")
		}
		return s
	}
	sig := signature(parseAll(t, append([]*signtest.Certificate{h.Leaf}, h.Chain()...)...))
	o := Options{At: signtest.Now(), Purpose: CodeSigning}

	v := Verify(sig, withRoot(h.Root), o)
	if !v.Trusted || len(v.Paths) != 1 || v.KernelPath == nil || v.Authority != ThirdParty {
		t.Errorf("both roots: %v, kernel path %v, %v", v.Trusted, v.KernelPath, v.Problems)
	}
	if v.KernelPath != nil && (len(v.KernelPath.Certificates()) != 4 || len(v.KernelPath.Problems()) != 0 || v.KernelPath.Anchor().Kind != CodeVerificationRoot) {
		t.Errorf("kernel path %v", v.KernelPath)
	}
	checkInvariants(t, v)

	v = Verify(sig, withRoot(), o)
	if v.Trusted || v.KernelPath == nil || v.Anchor != nil || v.Problems[0].Reason != UntrustedRoot || v.Authority != UnknownAuthority {
		t.Errorf("kernel root alone: trusted %v, authority %v, %v", v.Trusted, v.Authority, v.Problems)
	}
	checkInvariants(t, v)

	s := withRoot()
	s.AddDisallowed(parse(t, h.Cross))
	v = Verify(sig, s, o)
	if v.Problems[0].Reason != Disallowed || v.KernelPath.Problems()[0].Reason != Disallowed || v.Publisher != DisallowedPublisher {
		t.Errorf("cross-certificate distrusted: %v", v.Problems)
	}

	late := Options{At: date("2030-01-01"), Purpose: CodeSigning}
	v = Verify(sig, withRoot(h.Root), late)
	if v.KernelPath == nil || v.KernelPath.Problems()[0].Reason != Expired {
		t.Error("expired cross-certificate not told")
	}
}

// TestKernelPathOfABadSignature: what stands against the signature stands
// against the way to the Code Verification Root too.
func TestKernelPathOfABadSignature(t *testing.T) {
	h := signtest.CrossCertified(nil)
	cvr := parse(t, h.CodeVerification)
	certs := parseAll(t, append([]*signtest.Certificate{h.Leaf}, h.Chain()...)...)
	ca := parse(t, h.CA)
	now := Options{At: signtest.Now(), Purpose: CodeSigning}
	for _, c := range []struct {
		name string
		edit func(*authenticode.Signature, *Store)
		o    Options
		want Reason // UnknownReason: none
	}{
		{"good", func(*authenticode.Signature, *Store) {}, now, UnknownReason},
		{"time stamp of nobody known", func(s *authenticode.Signature, _ *Store) {
			s.Timestamps = []*authenticode.Timestamp{stampAt(t, signtest.SigningTime(), signtest.TimeStamping(nil))}
		}, now, BadTimestamp},
		{"mathematics", func(s *authenticode.Signature, _ *Store) {
			s.Problem = &authenticode.Problem{Code: winerror.TrustBadDigest, Detail: "altered"}
		}, now, BadSignature},
		{"without a clock", func(*authenticode.Signature, *Store) {}, Options{Purpose: CodeSigning}, NoClock},
		{"without a purpose", func(*authenticode.Signature, *Store) {}, Options{At: signtest.Now()}, NoClock},
		{"distrust on the way to the other root", func(_ *authenticode.Signature, s *Store) { s.AddDisallowed(parse(t, h.Root)) }, now, Disallowed},
		{"distrust on both ways", func(_ *authenticode.Signature, s *Store) { s.AddDisallowed(ca) }, now, Disallowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewStore()
			s.AddRoot(cvr, "test")
			s.anchorsFor(cvr)[0].Kind = CodeVerificationRoot
			s.AddRoot(parse(t, h.Root), "test")
			sig := signature(certs)
			c.edit(sig, s)
			v := Verify(sig, s, c.o)
			if v.KernelPath == nil {
				t.Fatal("no kernel path")
			}
			ps := v.KernelPath.Problems()
			switch {
			case c.want == UnknownReason && (len(ps) > 0 || !v.Trusted):
				t.Errorf("problems %v", ps)
			case c.want != UnknownReason && (len(ps) == 0 || ps[0].Reason != c.want || v.Trusted):
				t.Errorf("problems %v, want %v", ps, c.want)
			}
			for i := 1; i < len(ps); i++ {
				if ps[i-1] == ps[i] {
					t.Errorf("told twice: %v", ps[i])
				}
			}
			checkInvariants(t, v)
		})
	}
}
