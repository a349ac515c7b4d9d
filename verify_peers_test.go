package prestage

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"prestage/authenticode/signtest"
)

// peerOSSL runs osslsigncode in a folder of the test's, with a publisher and a
// time-stamping authority of signtest.
type peerOSSL struct {
	testing.TB
	dir, root   string
	sign, stamp []string
}

func newPeerOSSL(t testing.TB) *peerOSSL {
	t.Helper()
	if _, err := exec.LookPath("osslsigncode"); err != nil {
		t.Skip("osslsigncode is not installed")
	}
	p := &peerOSSL{TB: t, dir: t.TempDir()}
	h := signtest.Commercial(nil)
	tsa := signtest.TimeStampingUnder(h.Root, nil)
	p.root = put(t, p.dir, "root.pem", h.Root.PEM())
	p.sign = []string{
		"-certs", put(t, p.dir, "leaf.pem", append(h.Leaf.PEM(), h.CA.PEM()...)),
		"-key", keyFile(t, h.Leaf),
		"-time", strconv.FormatInt(signtest.SigningTime().Unix(), 10),
	}
	p.stamp = []string{
		"-TSA-certs", put(t, p.dir, "tsa.pem", append(tsa.Leaf.PEM(), tsa.CA.PEM()...)),
		"-TSA-key", keyFile(t, tsa.Leaf),
		"-TSA-time", strconv.FormatInt(signtest.SigningTime().Unix(), 10),
	}
	return p
}

// keyFile is the committed private key of a certificate.
func keyFile(t testing.TB, c *signtest.Certificate) string {
	t.Helper()
	for _, name := range signtest.KeyNames() {
		if bytes.Equal(signtest.NamedKey(name).SPKI(), c.Key.SPKI()) {
			return filepath.Join("authenticode", "signtest", "keys", name+".pem")
		}
	}
	t.Fatal("a key that is not committed")
	return ""
}

// run runs a command that must succeed and makes out from in.
func (p *peerOSSL) run(command, in, out string, args ...string) string {
	p.Helper()
	target := filepath.Join(p.dir, out)
	os.Remove(target)
	args = append(append([]string{command}, args...), "-in", in, "-out", target)
	if text, err := exec.Command("osslsigncode", args...).CombinedOutput(); err != nil {
		p.Fatalf("osslsigncode %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	return target
}

// opinion is what a program says of a file: does it verify, and what is its
// digest.
type opinion struct {
	verified bool
	digest   string // upper-case hexadecimal; empty where it gives none
}

var calculatedDigest = regexp.MustCompile(`Calculated message digest : ([0-9A-F]+)`)

func (p *peerOSSL) verify(path string, more ...string) opinion {
	args := []string{"verify", "-CAfile", p.root, "-TSA-CAfile", p.root, "-time", strconv.FormatInt(signtest.Now().Unix(), 10), "-in", path}
	text, err := exec.Command("osslsigncode", append(args, more...)...).CombinedOutput()
	o := opinion{verified: err == nil}
	if m := calculatedDigest.FindSubmatch(text); m != nil {
		o.digest = string(m[1])
	}
	return o
}

func (p *peerOSSL) ours(path string, change func(*VerifyOptions)) opinion {
	o := underPA(p)
	if change != nil {
		change(&o)
	}
	f := verifyOne(p, o, path)
	mine := opinion{verified: !f.Failed()}
	if f.Hash != nil {
		mine.digest = f.Hash.Hex()
	}
	return mine
}

// peerDivergences are the cases in which the programs disagree, with the
// reason. One that they come to agree on fails the test.
var peerDivergences = map[string]string{
	"appended behind the signature": "osslsigncode hashes what follows the certificate table or leaves it out; Windows refuses such a file (rule 98)",
}

// TestVerifyAgreesWithOsslsigncode signs images of several makes and cabinets
// in every combination that osslsigncode offers, and compares verdict and
// digest.
func TestVerifyAgreesWithOsslsigncode(t *testing.T) {
	p := newPeerOSSL(t)
	agreed, met := 0, map[string]bool{}
	compare := func(name, path string, change func(*VerifyOptions), more ...string) {
		t.Helper()
		ours, theirs := p.ours(path, change), p.verify(path, more...)
		if ours == theirs {
			agreed++
			return
		}
		if _, known := peerDivergences[name]; known {
			met[name] = true
			return
		}
		t.Errorf("%s: prestage says %+v, osslsigncode %+v", name, ours, theirs)
	}
	for name, path := range p.subjects() {
		unsigned := path
		compare(name+", unsigned", unsigned, nil)
		for _, digest := range []string{"sha1", "sha256", "sha384", "sha512"} {
			for _, stamped := range []bool{false, true} {
				args, what := append([]string{"-h", digest}, p.sign...), name+", "+digest
				if stamped {
					args, what = append(args, p.stamp...), what+", stamped"
				}
				signed := p.run("sign", path, "signed", args...)
				compare(what, signed, nil)
				if strings.HasPrefix(name, "cabinet") {
					continue
				}
				paged := p.run("sign", path, "paged", append([]string{"-ph"}, args...)...)
				compare(what+", page hashes", paged, func(o *VerifyOptions) { o.PageHashes = true })
			}
		}
		args := append([]string{"-h", "sha256"}, p.sign...)
		signed := p.run("sign", path, "first", append(append([]string{"-h", "sha1"}, p.sign...), p.stamp...)...)
		nested := p.run("sign", signed, "nested", append([]string{"-nest"}, args...)...)
		compare(name+", nested", nested, nil, "-index", "0")
		one := 1
		compare(name+", the nested one", nested, func(o *VerifyOptions) { o.Index = &one }, "-index", "1")
		compare(name+", all", nested, func(o *VerifyOptions) { o.All = true }, "-index", "0")

		late := p.run("add", p.run("sign", path, "plain", args...), "late", append([]string{"-h", "sha256"}, p.stamp...)...)
		compare(name+", stamped later", late, nil)
		removed := p.run("remove-signature", signed, "removed")
		compare(name+", signature removed", removed, nil)
		taken := p.run("extract-signature", signed, "taken")
		attached := p.run("attach-signature", path, "attached", "-sigin", taken, "-CAfile", p.root, "-TSA-CAfile", p.root, "-time", strconv.FormatInt(signtest.Now().Unix(), 10))
		compare(name+", signature attached", attached, nil)

		data, err := os.ReadFile(signed)
		if err != nil {
			t.Fatal(err)
		}
		flipped := bytes.Clone(data)
		flipped[len(flipped)/4] ^= 1
		if ours := p.ours(put(t, p.dir, "flipped", flipped), nil); ours.verified || p.verify(filepath.Join(p.dir, "flipped")).verified {
			t.Errorf("%s, a bit flipped: verified", name)
		}
		appended := put(t, p.dir, "appended", append(bytes.Clone(data), "payload!"...))
		if ours, theirs := p.ours(appended, nil), p.verify(appended); ours.verified {
			t.Errorf("%s, appended: verified", name)
		} else if ours != theirs {
			met["appended behind the signature"] = true
		}
	}
	for name := range peerDivergences {
		if !met[name] {
			t.Errorf("listed as a divergence, and the programs agree: %s", name)
		}
	}
	t.Logf("%d comparisons agree, %d kinds of divergence", agreed, len(met))
}

// subjects writes the unsigned files to sign, by name.
func (p *peerOSSL) subjects() map[string]string {
	files := map[string][]byte{
		"driver x86":            signtest.NewDriver(signtest.MachineX86, "peer"),
		"driver amd64":          signtest.NewDriver(signtest.MachineAMD64, "peer"),
		"driver arm64":          signtest.NewDriver(signtest.MachineARM64, "peer"),
		"odd length":            append(signtest.NewDriver(signtest.MachineAMD64, "peer"), "odd"...),
		"with an overlay":       append(signtest.NewDriver(signtest.MachineX86, "peer"), make([]byte, 5000)...),
		"sections as mingw has": signtest.PE{Machine: signtest.MachineX86, Sections: mingwSections(), Subsystem: signtest.SubsystemConsole}.Encode(),
		"cabinet":               storedCabinet(signtest.Files{"x.inf": bytes.Repeat([]byte("cabinet "), 100)}),
	}
	all := map[string]string{}
	for name, data := range files {
		all[name] = put(p, p.dir, strings.ReplaceAll(name, " ", "-")+".bin", data)
	}
	if !testing.Short() {
		for _, arch := range []string{"amd64", "386"} {
			all["Go program "+arch] = p.goProgram(arch)
		}
	}
	return all
}

func mingwSections() []signtest.Section {
	var all []signtest.Section
	for i, name := range []string{".text", ".data", ".rdata", "/4", ".bss", ".idata", ".CRT", ".tls", "/14", "/29"} {
		all = append(all, signtest.Section{Name: name, Data: bytes.Repeat([]byte{byte(i)}, 0x200*(i%4)+i)})
	}
	return all
}

// goProgram cross-builds a program.
func (p *peerOSSL) goProgram(arch string) string {
	src := put(p, p.dir, "main.go", []byte("package main\n\nfunc main() { println(\"peer\") }\n"))
	out := filepath.Join(p.dir, arch+".exe")
	cmd := exec.Command("go", "build", "-o", out, src)
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH="+arch, "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		p.Fatalf("go build for windows/%s on %s: %v\n%s", arch, runtime.GOOS, err, text)
	}
	return out
}

// TestVerifyAgreesOnCatalogs compares the look-up of images in catalogs.
func TestVerifyAgreesOnCatalogs(t *testing.T) {
	p := newPeerOSSL(t)
	h := signtest.Commercial(nil)
	signer := h.Signer().Stamped(signtest.TimeStampingUnder(h.Root, nil).Stamp())
	agreed := 0
	for version := 1; version <= 2; version++ {
		for _, machine := range []uint16{signtest.MachineX86, signtest.MachineAMD64, signtest.MachineARM64} {
			for _, listed := range []bool{true, false} {
				driver := signtest.NewDriver(machine, fmt.Sprint(version, listed))
				member := signtest.Member{Data: driver, PageHashes: version == 2}
				if !listed {
					member.Data = signtest.NewDriver(machine, "another")
				}
				cat := put(t, p.dir, "x.cat", signtest.Catalog{Version: version, Members: []signtest.Member{member}}.Sign(signer))
				for _, file := range [][]byte{driver, signtest.SignPE(driver, signer)} {
					path := put(t, p.dir, "x.sys", file)
					ours := p.ours(path, func(o *VerifyOptions) { o.Catalog = cat })
					theirs := p.verify(path, "-catalog", cat)
					if ours.verified != listed || theirs.verified != listed {
						t.Errorf("version %d, machine %#x, listed %v: %+v, %+v", version, machine, listed, ours, theirs)
						continue
					}
					agreed++
				}
			}
		}
	}
	// Catalogs that osslsigncode signed, as files of their own and for an INF.
	for _, digest := range []string{"sha1", "sha256"} {
		unsigned := put(t, p.dir, "unsigned.cat", signtest.Catalog{Members: []signtest.Member{{Data: []byte("[Version]\r\n")}}}.Unsigned())
		signed := p.run("sign", unsigned, "signed.cat", append(append([]string{"-h", digest}, p.sign...), p.stamp...)...)
		for path, want := range map[string]bool{signed: true, unsigned: false} {
			if ours, theirs := p.ours(path, nil), p.verify(path); ours.verified != want || theirs.verified != want {
				t.Errorf("%s by %s: %+v, %+v", filepath.Base(path), digest, ours, theirs)
			} else {
				agreed++
			}
		}
		if f := p.ours(put(t, p.dir, "y.inf", []byte("[Version]\r\n")), func(o *VerifyOptions) { o.Catalog = signed }); !f.verified {
			t.Errorf("an INF in a catalog that osslsigncode signed by %s: not verified", digest)
		}
	}
	// An INF is what osslsigncode does not look up.
	text := put(t, p.dir, "x.inf", []byte("[Version]\r\n"))
	cat := put(t, p.dir, "inf.cat", signtest.Catalog{Members: []signtest.Member{{Data: []byte("[Version]\r\n")}}}.Sign(signer))
	if !p.ours(text, func(o *VerifyOptions) { o.Catalog = cat }).verified || p.verify(text, "-catalog", cat).verified {
		t.Error("an INF in a catalog: prestage must verify it, and osslsigncode is known not to")
	}
	t.Logf("%d comparisons agree", agreed)
}

// TestVerifyAcceptsNoMoreThanOsslsigncode: no attack that osslsigncode notices
// goes unnoticed here.
func TestVerifyAcceptsNoMoreThanOsslsigncode(t *testing.T) {
	p := newPeerOSSL(t)
	// Windows accepts both by documentation (rules 114 and 62); osslsigncode
	// does not read them.
	ours := map[string]bool{"indefinite-length": true, "garbage-among-certificates": true, "payload-in-padding": true}
	refused := 0
	for _, a := range signtest.Attacks() {
		path := put(t, p.dir, "attack.sys", a.Image())
		mine := p.ours(path, func(o *VerifyOptions) { o.All = true })
		if theirs := p.verify(path); mine.verified && !theirs.verified && !ours[a.Name] {
			t.Errorf("%s: accepted, and osslsigncode refuses it", a.Name)
		}
		if !mine.verified {
			refused++
		}
	}
	t.Logf("%d attacks refused", refused)
}
