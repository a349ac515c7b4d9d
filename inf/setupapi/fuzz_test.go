package setupapi

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// FuzzReader: the input is reproduced whatever it is, a line composed from its
// parts is the line, contexts lie inside each other, the views do not panic and
// stay bounded by the input.
func FuzzReader(f *testing.F) {
	for _, name := range cases(f) {
		_, log, _ := readCase(f, name)
		f.Add([]byte(log))
		f.Add([]byte(strings.ReplaceAll(log, "\n", "\r\n")))
		f.Add(encoded(log[:min(len(log), 600)], UTF16LE))
		f.Add(encoded(log[:min(len(log), 600)], UTF16BE))
	}
	for _, s := range []string{
		"", "\n", "\r\r\n", "[", "[]", ">>>", ">>>  [", "<<<  [", "     sto: ", "     sto: {", "     sto: {}", "     sto: {a",
		"     sto: {a}\n     sto: {b}\n     sto: {a: exit(0x00000000)}", "#E", "#-1 x", "@ 10:00:00.000 #V132 \"", "\xff\xfe\n", "\xff\xfe\n\x00\n", "\x00\n\x00\n\x00\n\x00\n\x00\n\x00\n\x00\n\x00\n",
		"[2001/02/27 20:14:30 1.1]\nx\n>>>  [a]\n", "     sto:      10:00:00.000", "     sto: x - ", "     sto: x:\n     sto:      a - b",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data), Options{})
		var out []byte
		for {
			s, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				if s != nil {
					t.Fatal("a section besides an error")
				}
				return
			}
			if len(s.Lines) == 0 {
				t.Fatal("a section without lines")
			}
			out = append(out, s.Bytes()...)
			checkSection(t, s)
		}
		if out = append(bytes.Clone(r.Mark()), out...); !bytes.Equal(out, data) {
			t.Fatalf("the input is not reproduced:\n%q\n%q", data, out)
		}
		if r.Offset() != int64(len(data)) {
			t.Fatalf("offset %d of %d", r.Offset(), len(data))
		}
	})
}

func checkSection(t *testing.T, s *Section) {
	for i := range s.Lines {
		l := &s.Lines[i]
		if l.String() != l.Text {
			t.Fatalf("%s, %s: %q composed is %q", l.Pos, l.Kind, l.Text, l)
		}
	}
	checkTree(t, s.Contexts(), 0, len(s.Lines)-1, 0)
	found := 0
	for _, m := range s.Imports() {
		found += 1 + len(m.Verifications) + len(m.Refused) + len(m.Copies)
	}
	for _, d := range s.DeviceInstalls() {
		found += len(d.Nodes) + len(d.Problems) + len(d.ServiceStarts) + len(d.HardwareIDs)
	}
	found += len(s.DriverNodes()) + len(s.OldEvents()) + len(s.Verifications())
	if found > 8*len(s.Lines)+8 {
		t.Fatalf("%d things in %d lines", found, len(s.Lines))
	}
	if s.Status.Result == Success && !strings.Contains(s.Status.Text, "SUCCESS") && !strings.Contains(s.Status.Text, "00000000") {
		t.Fatalf("%q is a success", s.Status.Text)
	}
}

func checkTree(t *testing.T, contexts []*Context, first, last, depth int) {
	if depth > maxDepth && len(contexts) > 0 {
		t.Fatalf("%d contexts inside each other", depth)
	}
	for _, c := range contexts {
		if c.Open < first || c.Last < c.Open || c.Last > last {
			t.Fatalf("context %d to %d inside %d to %d", c.Open, c.Last, first, last)
		}
		checkTree(t, c.Children, c.Open, c.Last, depth+1)
		first = c.Last
	}
}

// FuzzWriter: an import made of any strings is written as lines of which none
// begins something that was not written.
func FuzzWriter(f *testing.F) {
	f.Add("c:\\toaster.inf", "Contoso", "toaster.cat", uint32(0xE0000242), 2)
	f.Add("a\r\n<<<  [Exit status: SUCCESS]", "b\n>>>  [x]", "\u2028", uint32(0), 0)
	f.Fuzz(func(t *testing.T, inf, signer, catalog string, code uint32, dialect int) {
		d := dialects[uint(dialect)%uint(len(dialects))]
		m := &Import{INF: inf, Provider: signer, Catalog: catalog, SignerName: signer, StoreName: signer, Published: catalog,
			Score: Score{Value: code, HasValue: true, Label: signer}, Status: Status{Result: Success},
			Verifications: []Verification{{Pass: 1, Key: inf, Exit: Exit{Seen: true, HasCode: true, Code: code}}}}
		if code != 0 {
			m.Status = Status{Result: Failure, Code: code}
			m.Refused = []Refusal{{Category: "sig", Text: signer}}
		}
		var b bytes.Buffer
		w := NewWriter(&b, d)
		w.WriteImport(m)
		if w.Err() != nil {
			t.Fatal(w.Err())
		}
		_, sections := readAll(t, b.Bytes())
		if len(sections) != 1 {
			t.Fatalf("%d sections were written:\n%s", len(sections), b.Bytes())
		}
		if s := sections[0]; s.Status.Result != m.Status.Result || s.Status.Code != code {
			t.Fatalf("status %+v was written for %+v", s.Status, m.Status)
		}
	})
}
