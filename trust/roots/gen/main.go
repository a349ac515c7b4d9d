//go:build ignore

// Command gen makes anchors.der and facts/anchors.tsv: it takes the roots that
// facts/program.tsv and facts/microsoft.tsv call for, by SHA-256, out of
// pinned public packages.
//
// Run it by "go generate ./trust/roots" with DEBIAN_SOURCES naming a folder
// that holds the two Debian source archives below (apt-get source
// --download-only). The Go modules are fetched by "go mod download" into the
// module cache and never become dependencies. Every archive is checked before
// it is opened; the README says where each comes from.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"prestage/authenticode/cert"
)

// source is one pinned package file. A Go module is checked by its h1 sum,
// a Debian archive by its SHA-256.
type source struct {
	key     string // in column source of anchors.tsv
	archive string // module@version, or a file of -debian
	sum     string
	files   string // path, or pattern for tar
}

// sources in order of preference: the first that has a root is recorded.
var sources = []source{
	{"tls-observatory", "github.com/mozilla/tls-observatory@v0.0.0-20250923143331-eef96233227e",
		"h1:gOlpekCwR+xjqedQsHo1c7aUSixaQUIe3sAcEeDCMLc=", "conf/truststores/CA_microsoft.crt"},
	{"osslsigncode", "osslsigncode_2.9.orig.tar.gz",
		"3fe5488e442ad99f91410efeb7b029275366b5df9aa02371dcc89a8f8569ff55", "*/code_signing_ca.pem"},
	{"openjdk", "openjdk-17_17.0.19+10.orig.tar.xz",
		"7a61915b168dfb9b45413140d78e38dc5b5250d99d1d99fef7136bf9fd45a07c", "*/make/data/cacerts/*"},
	{"smimesign", "github.com/github/smimesign@v0.2.0",
		"h1:Hho4YcX5N1I9XNqhq0fNx0Sts8MhLonHd+HRXVGNjvk=", "windows-installer/signtool.exe"},
}

// classes in the order of the bundle.
var classes = []string{"product", "product-timestamp", "code-verification", "program"}

type anchor struct {
	sha256, class, source string
	cert                  *cert.Certificate
}

func main() {
	log.SetFlags(0)
	debian := flag.String("debian", "", "folder with the Debian source archives")
	flag.Parse()

	wanted := selection()
	found := map[string]anchor{}
	for _, s := range sources {
		for _, der := range s.certificates(*debian) {
			sum := sha256.Sum256(der)
			id := hex.EncodeToString(sum[:])
			class, ok := wanted[id]
			if _, seen := found[id]; !ok || seen {
				continue
			}
			c, err := cert.Parse(der)
			if err != nil {
				log.Fatalf("%s: %s: %v", s.key, id, err)
			}
			found[id] = anchor{id, class, s.key, c}
		}
	}
	for id := range wanted {
		if _, ok := found[id]; !ok {
			log.Printf("in no source: %s", id)
		}
	}
	write(found)
}

// selection maps the SHA-256 of every root that should be embedded to its class.
func selection() map[string]string {
	wanted := map[string]string{}
	for _, v := range rows("facts/program.tsv") {
		usages := strings.Split(v[3], ",")
		if v[3] == "ALL" || slices.Contains(usages, "pkix.3") || slices.Contains(usages, "pkix.8") {
			wanted[v[1]] = "program"
		}
	}
	for _, v := range rows("facts/microsoft.tsv") {
		wanted[v[0]] = v[1]
	}
	return wanted
}

func rows(path string) [][]string {
	data, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	var all [][]string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != '#' {
			all = append(all, strings.Split(line, "\t"))
		}
	}
	return all
}

func (s source) certificates(debian string) [][]byte {
	if !strings.Contains(s.archive, "@") {
		return s.unpack(filepath.Join(debian, s.archive))
	}
	return s.download()
}

// download fetches a module outside of this one and reads its one file.
func (s source) download() [][]byte {
	temp, err := os.MkdirTemp("", "roots")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(temp)
	cmd := exec.Command("go", "mod", "download", "-json", s.archive)
	cmd.Dir, cmd.Stderr = temp, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		log.Fatalf("%s: %v", s.archive, err)
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &module); err != nil || module.Sum != s.sum {
		log.Fatalf("%s: sum %q, want %q (%v)", s.archive, module.Sum, s.sum, err)
	}
	data, err := os.ReadFile(filepath.Join(module.Dir, s.files))
	if err != nil {
		log.Fatal(err)
	}
	return carve(data)
}

func (s source) unpack(archive string) [][]byte {
	data, err := os.ReadFile(archive)
	if err != nil {
		log.Fatal(err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != s.sum {
		log.Fatalf("%s: SHA-256 %x, want %s", archive, sum, s.sum)
	}
	out, err := exec.Command("tar", "-xOf", archive, "--wildcards", s.files).Output()
	if err != nil {
		log.Fatalf("%s: %v", archive, err)
	}
	return carve(out)
}

// carve returns the certificates of PEM text, and those that lie as DER in a
// binary.
func carve(data []byte) [][]byte {
	var all [][]byte
	for b, rest := pem.Decode(data); b != nil; b, rest = pem.Decode(rest) {
		all = append(all, b.Bytes)
	}
	for i := 0; i+8 < len(data); i++ {
		if data[i] != 0x30 || data[i+1] != 0x82 || data[i+4] != 0x30 || data[i+5] != 0x82 {
			continue
		}
		if end := i + 4 + int(data[i+2])<<8 + int(data[i+3]); end <= len(data) {
			all = append(all, data[i:end])
		}
	}
	return all
}

func write(found map[string]anchor) {
	var all []anchor
	for _, a := range found {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b anchor) int {
		if d := slices.Index(classes, a.class) - slices.Index(classes, b.class); d != 0 {
			return d
		}
		return strings.Compare(a.sha256, b.sha256)
	})
	var der, table bytes.Buffer
	fmt.Fprintln(&table, "# Generated by gen/main.go. The certificates of anchors.der: where each lies (offset, length), where its subject")
	fmt.Fprintln(&table, "# lies in it (offset, length, as encoded), and the first source that had it:")
	for _, s := range sources {
		fmt.Fprintf(&table, "#   %s: %s %s, %s\n", s.key, s.archive, s.sum, s.files)
	}
	fmt.Fprintln(&table, "# sha256\tsha1\tclass\toffset\tlength\tsubject_offset\tsubject_length\tsource\tsubject")
	for _, a := range all {
		subject := bytes.LastIndex(a.cert.Raw[:len(a.cert.Raw)-len(tail(a.cert))], a.cert.RawSubject)
		fmt.Fprintf(&table, "%s\t%x\t%s\t%d\t%d\t%d\t%d\t%s\t%s\n", a.sha256, a.cert.SHA1(), a.class,
			der.Len(), len(a.cert.Raw), subject, len(a.cert.RawSubject), a.source, a.cert.Subject)
		der.Write(a.cert.Raw)
	}
	save("anchors.der", der.Bytes())
	save("facts/anchors.tsv", table.Bytes())
	log.Printf("%d anchors, %d bytes", len(all), der.Len())
}

// tail is the certificate from its public key on: the subject ends there.
func tail(c *cert.Certificate) []byte {
	return c.Raw[bytes.Index(c.Raw, c.RawSPKI):]
}

func save(path string, data []byte) {
	if err := os.WriteFile(path, data, 0o644); err != nil {
		log.Fatal(err)
	}
}
