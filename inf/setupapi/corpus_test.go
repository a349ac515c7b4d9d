package setupapi

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
		out := r.Mark()
		for _, s := range sections {
			out = append(out, s.Bytes()...)
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
		if !bytes.Equal(out, data) {
			t.Errorf("%s: not reproduced", name)
		}
	}
}
