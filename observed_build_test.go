package prestage

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"prestage/authenticode/cert"
	"prestage/authenticode/signtest"
	"prestage/inf"
	"prestage/trust"
)

// A situation is built in one of three ways. "sample NAME" is a package of
// testdata/packages and "authority-as-signer" one more like them: real bytes,
// signed by authorities that nobody trusts unless the case says so. Nobody can
// make Microsoft's signature, so "corpus KEY=VALUE..." takes the first real
// package that is so, and the case is skipped where there is no corpus.
// "microsoft NAME" is for signers of whom the corpus has no package: the facts
// are made, and only the decisions are real.

// facts makes the situation and gathers what is true of it.
func (o *observation) facts(t *testing.T, spec TargetSpec) *Facts {
	t.Helper()
	kind, argument, _ := strings.Cut(o.build, " ")
	switch kind {
	case "sample":
		return o.gathered(t, signtest.SampleNamed(argument).Package(), spec)
	case "authority-as-signer":
		return o.gathered(t, signtest.NewPackage().SignedBy(authorityAsSigner().Signer()), spec)
	case "microsoft":
		return o.made(t, argument)
	case "corpus":
		return o.found(t, argument, spec)
	}
	t.Fatalf("unknown build %q", o.build)
	return nil
}

// authorityAsSigner is a self-signed certificate that says that it is a
// certification authority.
func authorityAsSigner() *signtest.Hierarchy {
	return signtest.SelfSigned(signtest.Override{"leaf": func(c *signtest.Template) {
		c.BasicConstraints = &signtest.BasicConstraints{CA: true}
	}})
}

// packageChanges change a package before it is signed, fileChanges after.
var (
	packageChanges = map[string]func(p *signtest.Package, argument string){
		"feature-score": func(p *signtest.Package, score string) {
			p.INFs[0].Lines = signtest.ReplaceLine("[Gadget.Install.NT]\r\n", "[Gadget.Install.NT]\r\nFeatureScore = "+score+"\r\n")
		},
		"models": func(p *signtest.Package, ids string) { p.INFs[0].HardwareID = ids },
		"catalog-name": func(p *signtest.Package, name string) {
			p.INFs[0].Catalog, p.CatalogPath = name, name
		},
	}
	fileChanges = map[string]func(f signtest.Files, inf, argument string){
		"lf-endings": func(f signtest.Files, inf, _ string) { signtest.LFEndings(inf)(f) },
		"remove":     func(f signtest.Files, _, name string) { signtest.Remove(name)(f) },
		"insert": func(f signtest.Files, inf, argument string) { // LINE after SECTION
			line, section, _ := strings.Cut(argument, " after ")
			f[inf] = []byte(signtest.ReplaceLine(section+"\r\n", section+"\r\n"+line+"\r\n")(string(f[inf])))
		},
	}
)

// gathered builds and gathers a package of signtest, for the architecture of
// the target.
func (o *observation) gathered(t *testing.T, p *signtest.Package, spec TargetSpec) *Facts {
	t.Helper()
	p.INFs[0].Archs = []string{spec.Arch.String()}
	var after []string
	for _, c := range o.change {
		name, argument, _ := strings.Cut(c, " ")
		if change := packageChanges[name]; change != nil {
			change(p, argument)
			continue
		}
		after = append(after, c)
	}
	files := p.Build()
	o.alter(t, files, p.INFs[0].Name, after)
	s := trust.DefaultStore()
	for _, word := range o.trust {
		if len(p.Signers) == 0 {
			t.Fatalf("trust %s: nobody signed", word)
		}
		signer := p.Signers[0].Certificate
		switch word {
		case "root":
			root := signer
			if !bytes.Equal(signer.Subject, signer.Issuer) {
				root = signtest.Commercial(nil).Root
			}
			s.AddRoot(parsed(t, root), "the observation")
		case "publisher":
			s.AddTrustedPublisher(parsed(t, signer))
		default:
			t.Fatalf("unknown trust %q", word)
		}
	}
	return gather(t, files, s, testClock)
}

func (o *observation) alter(t *testing.T, files signtest.Files, inf string, changes []string) {
	t.Helper()
	for _, c := range changes {
		name, argument, _ := strings.Cut(c, " ")
		change := fileChanges[name]
		if change == nil {
			t.Fatalf("unknown change %q", c)
		}
		change(files, inf, argument)
	}
}

func parsed(t *testing.T, c *signtest.Certificate) *cert.Certificate {
	t.Helper()
	x, err := cert.Parse(c.Raw)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// made are facts of a package that Microsoft signed in the role of that name.
func (o *observation) made(t *testing.T, role string) *Facts {
	t.Helper()
	roles := []trust.Authority{trust.Windows, trust.WHQL, trust.WHQLAttested}
	i := slices.IndexFunc(roles, func(a trust.Authority) bool { return a.String() == role })
	if i < 0 {
		t.Fatalf("unknown role %q", role)
	}
	text := gadgetINF
	for _, c := range o.change {
		name, argument, _ := strings.Cut(c, " ")
		if name != "models" {
			t.Fatalf("unknown change %q", c)
		}
		text = strings.ReplaceAll(text, `USB\VID_1209&PID_F00D`, argument)
	}
	return factsOf(t, text, signedByMicrosoft(roles[i]))
}

// found is the first package of the corpus that is as asked for, and that has
// something for the target.
func (o *observation) found(t *testing.T, properties string, spec TargetSpec) *Facts {
	t.Helper()
	for _, f := range corpusFacts(t) {
		if !isSo(t, f, properties, spec) {
			continue
		}
		if len(o.change) == 0 {
			return f
		}
		files := folderOf(t, f.INF)
		name := filepath.Base(f.INF)
		o.alter(t, files, name, o.change)
		p, err := Open(files.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		altered, err := Gatherer{Store: trust.DefaultStore(), At: corpusClock}.Gather(p)
		if err != nil {
			t.Fatal(err)
		}
		return altered
	}
	t.Skipf("the corpus has no package with %s for %s", properties, o.target)
	return nil
}

// isSo reports whether a package has the properties, written KEY=VALUE.
func isSo(t *testing.T, f *Facts, properties string, spec TargetSpec) bool {
	t.Helper()
	c := f.CatalogFor(spec.Arch)
	if c == nil || c.Primary() == nil || !slices.Contains(f.Archs, spec.Arch) || !f.File.Select(spec.Windows.system(spec.Arch)).Applies {
		return false
	}
	file := f.INFFile()
	for property := range strings.FieldsSeq(properties) {
		key, want, _ := strings.Cut(property, "=")
		got := ""
		switch key {
		case "authority":
			got = c.Primary().Verdict.Authority.String()
		case "inf":
			got = f.Coverage(file, spec.Arch).State.String()
		case "sha1":
			got = hexSum(file.Sums, digests[0])
		case "cross-signed": // before or after the cut-off of 2015-07-29
			for word, old := range map[string]bool{"before": true, "after": false} {
				if crossSigned(f, spec.Arch, old) {
					got = word
				}
			}
		case "osattr":
			got = strings.Join(allOSAttr(c.Catalog), ",")
		case "complete":
			got = "yes"
			if slices.ContainsFunc(f.FilesFor(spec.Arch), func(x *FileFacts) bool { return f.Coverage(x, spec.Arch).State != Covered }) {
				got = "no"
			}
		case "driver":
			got = "no"
			if slices.ContainsFunc(f.FilesFor(spec.Arch), func(x *FileFacts) bool { return len(x.Services[spec.Arch]) > 0 }) {
				got = "yes"
			}
		default:
			t.Fatalf("unknown property %q", key)
		}
		if got != want {
			return false
		}
	}
	return true
}

// crossSigned reports whether the package has a driver of which every
// signature leads to the Code Verification Root, by a certificate from before
// the cut-off of 2015 or from after it.
func crossSigned(f *Facts, arch inf.Arch, old bool) bool {
	v := newView(f, Target{Windows: newest("win11"), Arch: arch})
	return slices.ContainsFunc(f.FilesFor(arch), func(x *FileFacts) bool {
		if len(x.Services[arch]) == 0 {
			return false
		}
		v.cover(x)
		all := v.signatures
		return len(all) > 0 && !slices.ContainsFunc(all, func(c covering) bool {
			return c.microsoft() || !c.crossSigned() || c.old() != old
		})
	})
}

var realPackages struct {
	once sync.Once
	all  []*Facts
	err  error
}

// corpusFacts gathers every package of the corpus, once for all observations,
// in the order of their paths.
func corpusFacts(t *testing.T) []*Facts {
	t.Helper()
	dir := corpusDir(t)
	realPackages.once.Do(func() {
		tree, err := OpenTree(filepath.Join(dir, "packages"))
		if err != nil {
			realPackages.err = err
			return
		}
		defer tree.Close()
		g := Gatherer{Store: trust.DefaultStore(), At: corpusClock, Jobs: 2}
		for _, name := range tree.INFs {
			p, err := tree.Open(name)
			if err != nil {
				continue // what cannot be read is no observation's package
			}
			if f, err := g.Gather(p); err == nil {
				realPackages.all = append(realPackages.all, f)
			}
		}
	})
	if realPackages.err != nil {
		t.Fatal(realPackages.err)
	}
	return realPackages.all
}

// folderOf reads the files beside a file of the corpus.
func folderOf(t *testing.T, name string) signtest.Files {
	t.Helper()
	files := signtest.Files{}
	dir := os.DirFS(filepath.Dir(name))
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		data, err := readLimited(dir, e.Name(), maxCatalogSize)
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = data
	}
	return files
}
