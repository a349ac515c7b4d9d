package setupapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// corpusLogs returns the real logs of the corpus, which lies beside the
// repository, each with its bytes.
func corpusLogs(t testing.TB) map[string][]byte {
	t.Helper()
	dir := os.Getenv("PRESTAGE_CORPUS")
	if dir == "" {
		dir = filepath.Join(repositoryRoot(t), "..", "shared", "corpus")
	}
	logs := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".log") {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && bytes.Contains(data, []byte("[BeginLog]")) {
			logs[filepath.Base(path)] = data
		}
		return err
	})
	if err == nil && len(logs) == 0 {
		err = errors.New("it has no logs")
	}
	if err != nil {
		if os.Getenv("PRESTAGE_CORPUS_REQUIRED") == "1" {
			t.Fatal(err)
		}
		t.Skipf("corpus not found: %v; set PRESTAGE_CORPUS", err)
	}
	return logs
}

func repositoryRoot(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above this package")
		}
		dir = filepath.Dir(dir)
	}
}

// readAll reads a log to its end.
func readAll(t testing.TB, data []byte) (*Reader, []*Section) {
	t.Helper()
	r := NewReader(bytes.NewReader(data), Options{})
	var sections []*Section
	for {
		s, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r, sections
		}
		if err != nil {
			t.Fatal(err)
		}
		sections = append(sections, s)
	}
}

// TestCorpusReproduced: nothing in a real log is unknown or loose, every line
// composed from its parts is the line, every context is ended, and the sections
// are the bytes.
func TestCorpusReproduced(t *testing.T) {
	for name, data := range corpusLogs(t) {
		r, sections := readAll(t, data)
		var out bytes.Buffer
		out.Write(r.Mark())
		w := NewWriter(&out, dialects[0])
		for _, s := range sections {
			w.WriteSection(s)
			if !s.Outside() && !s.Complete() {
				t.Errorf("%s: %s: section %q is not complete", name, s.Pos(), s.Title)
			}
			for i := range s.Lines {
				l := &s.Lines[i]
				if l.Kind == KindUnknown || l.Loose || l.String() != l.Text {
					t.Errorf("%s: %s: %s, loose %v: %q composed is %q", name, l.Pos, l.Kind, l.Loose, l.Text, l)
				}
			}
			ends := 0
			for i := range s.Lines {
				if s.Lines[i].Kind == KindClose {
					ends++
				}
			}
			walk(s.Contexts(), func(c *Context) bool {
				ends--
				if !c.Exit.Seen {
					t.Errorf("%s: %s: {%s} is not ended", name, s.Lines[c.Open].Pos, c.Subject)
				}
				return true
			})
			if ends != 0 {
				t.Errorf("%s: %s: %d ends without a context", name, s.Pos(), ends)
			}
		}
		if w.Err() != nil || !bytes.Equal(out.Bytes(), data) {
			t.Errorf("%s: not reproduced", name)
		}
	}
}

// counted is what windows-evidence counts in a log (sections 1 and 3): imports
// whose signature was judged, by score and signer with the codes of their passes;
// driver nodes by form and label; ranks.
type counted struct {
	imports map[string]int
	nodes   map[string]int
	ranks   map[uint32]int
	prompts int
}

// evidence is by the OS version of the log's header and the kind of log, which
// the sections in it show.
var evidence = map[string]counted{
	"10.0.10240 device": {
		imports: map[string]int{
			"0F000000  Oracle Corporation 0x800b0109 0xe0000242": 1,
			"0F000000  Oracle Corporation 0x800b0109 0xe0000241": 1,
		},
		nodes:   map[string]int{"dvi INBOX": 7, "dvi Authenticode": 3},
		ranks:   map[uint32]int{0x00ff0000: 2, 0x00ff3000: 2, 0x00ff0003: 1, 0x00f80003: 2, 0x00fb2004: 1, 0x00fb0000: 1, 0x00ff2000: 1},
		prompts: 1,
	},
	"10.0.10240 setup": {
		imports: map[string]int{"0D000003  Microsoft Windows 0x00000000": 2},
		nodes:   map[string]int{"dvi INBOX": 13},
		ranks: map[uint32]int{0x00fb2004: 1, 0x00ff0001: 1, 0x00ff2001: 1, 0x00ff300c: 1, 0x00ff0002: 1,
			0x00ff0000: 6, 0x00ff3000: 1, 0x00000000: 1},
	},
	"10.0.22621 device": {
		imports: map[string]int{"0D000005 WHQL Microsoft Windows Hardware Compatibility Publisher 0x00000000": 3},
		nodes:   map[string]int{"dvi WHQL": 6, "utl WHQL": 3},
		ranks:   map[uint32]int{0x00ff0001: 7, 0x00ff2001: 2},
	},
}

// TestCorpusEvidence: scores, signers, codes and ranks of the real logs are
// exactly those that were counted by hand.
func TestCorpusEvidence(t *testing.T) {
	found := map[string]bool{}
	for name, data := range corpusLogs(t) {
		r, sections := readAll(t, data)
		got := counted{imports: map[string]int{}, nodes: map[string]int{}, ranks: map[uint32]int{}}
		kind := "device"
		for _, s := range sections {
			if strings.HasPrefix(s.Title, "Setup Plug and Play Device Install") {
				kind = "setup"
			}
			got.count(s)
		}
		key := r.Header().OSVersion + " " + kind
		want, known := evidence[key]
		if !known {
			t.Logf("%s: no evidence was counted for %s", name, key)
			continue
		}
		found[key] = true
		if d := cmp.Diff(want, got, cmp.AllowUnexported(counted{})); d != "" {
			t.Errorf("%s (-evidence +got):\n%s", key, d)
		}
	}
	for key := range evidence {
		if !found[key] {
			t.Errorf("the corpus has no log %s", key)
		}
	}
}

func (c *counted) count(s *Section) {
	for _, m := range s.Imports() {
		if !m.Judged() {
			continue
		}
		text := fmt.Sprintf("%08X %s %s", m.Score.Value, m.Score.Label, m.SignerName)
		for _, v := range m.Verifications {
			text += " " + v.Exit.String()
		}
		c.imports[text]++
		if m.Prompt.Accepted && m.Prompt.CertificateInstalled && m.Prompt.Gap == 45*time.Second {
			c.prompts++
		}
	}
	for _, n := range s.DriverNodes() {
		form := map[bool]string{false: "dvi ", true: "utl "}[n.Listed]
		c.nodes[form+n.Score.Label]++
		c.ranks[n.Rank]++
	}
}

// TestCorpusImportsWritten: an import that is read and written in the dialect of
// its release is the section that Windows wrote, line by line, but for times.
func TestCorpusImportsWritten(t *testing.T) {
	dialectOf := map[string]string{"10.0.10240": "10-1507", "10.0.22621": "11"}
	written := 0
	for name, data := range corpusLogs(t) {
		r, sections := readAll(t, data)
		d, ok := DialectNamed(dialectOf[r.Header().OSVersion])
		if !ok {
			continue
		}
		for _, s := range sections {
			if s.Title != importTitle {
				continue
			}
			written++
			var b strings.Builder
			w := NewWriter(&b, d)
			w.WriteImport(s.Imports()[0])
			if w.Err() != nil {
				t.Fatal(w.Err())
			}
			want := strings.TrimRight(strings.ReplaceAll(string(s.Bytes()), "\r\n", "\n"), "\n")
			got := strings.TrimRight(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\n")
			if d := cmp.Diff(masked(want), masked(got)); d != "" {
				t.Errorf("%s: %s (-Windows +written):\n%s", name, s.Pos(), d)
			}
		}
	}
	if written < 6 {
		t.Errorf("only %d imports in the corpus", written)
	}
}

var times = regexp.MustCompile(`\d{2}:\d{2}:\d{2}\.\d{3}|\d{4}/\d{2}/\d{2}|Time = \d+ ms`)

func masked(s string) []string {
	return strings.Split(times.ReplaceAllString(s, "…"), "\n")
}
