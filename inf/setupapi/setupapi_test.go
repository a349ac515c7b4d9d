package setupapi

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
)

// TestExitSpellings has every spelling of the end of a context that was seen.
func TestExitSpellings(t *testing.T) {
	code := func(c uint32) Exit { return Exit{Seen: true, HasCode: true, Code: c} }
	for text, want := range map[string]Brace{
		"{Stage Driver Package: exit(0xe0000247)}":               {Subject: "Stage Driver Package", Name: "Stage Driver Package", Close: true, Exit: code(0xe0000247)},
		"{Build Driver List - exit(0x00000000)}":                 {Subject: "Build Driver List", Name: "Build Driver List", Close: true, Exit: code(0)},
		"{_VERIFY_FILE_SIGNATURE exit(0x800b0109)}":              {Subject: "_VERIFY_FILE_SIGNATURE", Name: "_VERIFY_FILE_SIGNATURE", Close: true, Exit: code(0x800b0109)},
		"{Setup Import Driver Package - exit (0x00000000)}":      {Subject: "Setup Import Driver Package", Name: "Setup Import Driver Package", Close: true, Exit: code(0)},
		"{Install DEVICE exit (0x00000000)}":                     {Subject: "Install DEVICE", Name: "Install DEVICE", Close: true, Exit: code(0)},
		"{Update Device Driver - exit(e0000247)}":                {Subject: "Update Device Driver", Name: "Update Device Driver", Close: true, Exit: code(0xe0000247)},
		"{Plug and Play Service: Device Install exit(00000000)}": {Subject: "Plug and Play Service: Device Install", Name: "Plug and Play Service", Close: true, Exit: code(0)},
		"{Select Drivers - exit(0x00000000}":                     {Subject: "Select Drivers", Name: "Select Drivers", Close: true, Exit: code(0)},
		"{Restarting Devices exit}":                              {Subject: "Restarting Devices", Name: "Restarting Devices", Close: true, Exit: Exit{Seen: true}},
		"{_commit_copyfile exit OK}":                             {Subject: "_commit_copyfile", Name: "_commit_copyfile", Close: true, Exit: Exit{Seen: true, Word: "OK"}},
		"{Writing Device Properties - Complete}":                 {Subject: "Writing Device Properties", Name: "Writing Device Properties", Close: true, Exit: Exit{Seen: true, Word: "Complete"}},

		`{Stage Driver Package: c:\exit(0x00000000).inf}`:                       {Subject: `Stage Driver Package: c:\exit(0x00000000).inf`, Name: "Stage Driver Package", Arg: `c:\exit(0x00000000).inf`},
		`{Stage Driver Package: c:\the exit}`:                                   {Subject: `Stage Driver Package: c:\the`, Name: "Stage Driver Package", Close: true, Exit: Exit{Seen: true}},
		`{Copy Directory: C:\Temp\{34f454b9-3dfd-6644-bbee-e310f2406335}}`:      {Subject: `Copy Directory: C:\Temp\{34f454b9-3dfd-6644-bbee-e310f2406335}`, Name: "Copy Directory", Arg: `C:\Temp\{34f454b9-3dfd-6644-bbee-e310f2406335}`},
		`{Stage Driver Package: c:\a path that was cut where the line was full`: {Subject: `Stage Driver Package: c:\a path that was cut where the line was full`, Name: "Stage Driver Package", Arg: `c:\a path that was cut where the line was full`},
	} {
		if got, ok := parseBrace(text); !ok || got != want {
			t.Errorf("%s\n got %+v\nwant %+v", text, got, want)
		}
	}
	for _, text := range []string{"", "{}", "x", "{4d36e97d-e325-11ce-bfc1-08002be10318}", "{4d36e97d-e325-11ce-bfc1-08002be10318} was removed."} {
		if b, ok := parseBrace(text); ok {
			t.Errorf("%q is a context: %+v", text, b)
		}
	}
}

// TestExitOK: only a code of zero, or the word OK, is a success.
func TestExitOK(t *testing.T) {
	for _, e := range []Exit{{}, {Seen: true}, {HasCode: true}, {Seen: true, Word: "Complete"}, {Seen: true, HasCode: true, Code: 1}, {Seen: true, HasCode: true, Code: 1, Word: "OK"}, {Word: "OK"}} {
		if e.OK() {
			t.Errorf("%+v is a success", e)
		}
	}
	if !(Exit{Seen: true, HasCode: true}).OK() || !(Exit{Seen: true, Word: "OK"}).OK() {
		t.Error("a code of zero is none")
	}
}

func TestStatus(t *testing.T) {
	for text, want := range map[string]Status{
		"SUCCESS":                   {Result: Success},
		"SUCCESS (REBOOT_REQUIRED)": {Result: Success, Reboot: true},
		"FAILURE(0xe0000247)":       {Result: Failure, Code: 0xe0000247},
		"FAILURE":                   {Result: Failure},
		"(0x00000000)":              {Result: Success},
		"(0x00000005)":              {Result: Failure, Code: 5},
		"SUCCESS(0x00000005)":       {Result: Failure, Code: 5},
		"":                          {},
		"ERFOLG":                    {},
		"NO SUCCESS":                {},
		"x (0x00000000)":            {},
	} {
		want.Text = text
		if got := parseStatus(text); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

func TestScores(t *testing.T) {
	for text, want := range map[string]Score{
		"0x0D000005 (WHQL)":      {0x0D000005, true, "WHQL"},
		"WHQL (0D000005)":        {0x0D000005, true, "WHQL"},
		"Inbox (0D000003)":       {0x0D000003, true, "Inbox"},
		"0x0F000000":             {0x0F000000, true, ""},
		"INBOX":                  {0, false, "INBOX"},
		"[Not digitally signed]": {0, false, "Not digitally signed"},
		"WHQL Logo Gold":         {0, false, "WHQL Logo Gold"},
		"":                       {},
		"0xFG000000":             {0, false, "0xFG000000"},
	} {
		if got := parseScore(text); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
	if (Score{}).Known() {
		t.Error("the zero score is known")
	}
}

// TestANSI: bytes that are not UTF-8 are read in the given code page, line by
// line, and stay as they are in Raw.
func TestANSI(t *testing.T) {
	log := "     inf:      Display Name  = \xc4\xf0\xe0\xe9\xe2\xe5\xf0\n     inf:      Display Name  = Ger\u00e4t\n"
	r := NewReader(strings.NewReader(log), Options{ANSI: charmap.Windows1251})
	s, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Lines[0].Message + "|" + s.Lines[1].Message; got != "Display Name  = Драйвер|Display Name  = Gerät" {
		t.Error(got)
	}
	if string(s.Bytes()) != log {
		t.Errorf("not reproduced: %q", s.Bytes())
	}
}

// TestUTF16LineFeeds: 0A is a line feed only as a whole unit.
func TestUTF16LineFeeds(t *testing.T) {
	const log = "[x]\n     inf: \u010A\u0A00\u0A0A \u0D0A\n     inf: b\n"
	for _, e := range []Encoding{UTF16LE, UTF16BE} {
		data := encoded(log, e)
		for _, r := range []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data)), bytes.NewReader(data[2:])} {
			s := NewScanner(r, Options{})
			var got []string
			for s.Scan() {
				got = append(got, s.Line().Text)
			}
			if want := strings.Split(strings.TrimSuffix(log, "\n"), "\n"); s.Err() != nil || s.Encoding() != e || !cmp.Equal(got, want) {
				t.Errorf("%s: %v %s %q", e, s.Err(), s.Encoding(), got)
			}
		}
	}
}

// TestLineLimit: a line without an end is an error with its place, not a buffer
// that grows.
func TestLineLimit(t *testing.T) {
	for _, fits := range []int{MaxLine - 1, MaxLine, 40 << 20} {
		r := NewReader(io.MultiReader(strings.NewReader("[x]\n"), &repeated{sample: bytes.Repeat([]byte{0}, fits), n: 1}), Options{})
		s, err := r.Next()
		var at *ReadError
		if tooLong := fits > MaxLine; tooLong != (err != nil) || err != nil && (!errors.Is(err, ErrLineTooLong) || !errors.As(err, &at) || at.Pos.Line != 2 || s != nil) {
			t.Errorf("%d bytes: %v", fits, err)
		}
	}
}

// TestSectionLimit: a section that is too large is an error, and the next one is
// read.
func TestSectionLimit(t *testing.T) {
	huge := &repeated{sample: []byte("     inf: a\n"), n: MaxSectionLines + 10}
	r := NewReader(io.MultiReader(strings.NewReader("[x]\n\n>>>  [Huge]\n"), huge, strings.NewReader(">>>  [Next]\n")), Options{})
	var got []string
	for s, err := range r.Sections() {
		switch {
		case errors.Is(err, ErrSectionTooLarge) && s == nil:
			got = append(got, err.Error())
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, s.Title)
		}
	}
	if want := []string{"", "line 3: " + ErrSectionTooLarge.Error(), "Next"}; !cmp.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestLinesBetweenSections: what is no log at all is returned in pieces, so that
// it needs no memory.
func TestLinesBetweenSections(t *testing.T) {
	r := NewReader(&repeated{sample: []byte("no log\n"), n: 3 * maxLoose}, Options{})
	for s, err := range r.Sections() {
		if err != nil || !s.Outside() || len(s.Lines) > maxLoose {
			t.Fatalf("%v, %d lines", err, len(s.Lines))
		}
	}
	if r.Offset() != 7*3*maxLoose {
		t.Errorf("%d bytes were read", r.Offset())
	}
}

// TestReadErrorsAreKept: a log that cannot be read to its end is no shorter log.
func TestReadErrorsAreKept(t *testing.T) {
	broken := errors.New("broken disk")
	for _, start := range []string{"", importTrusted} {
		r := NewReader(io.MultiReader(strings.NewReader(start), iotest.ErrReader(broken)), Options{})
		for range 3 {
			if s, err := r.Next(); !errors.Is(err, broken) || s != nil {
				t.Errorf("got %v, %v", s, err)
			}
		}
	}
}

// TestDeepContexts: contexts without end do not nest without end.
func TestDeepContexts(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		b.WriteString("     sto: " + strings.Repeat(" ", i%500) + "{a: b}\n")
	}
	_, sections := readAll(t, []byte(b.String()))
	checkTree(t, sections[0].Contexts(), 0, len(sections[0].Lines)-1, 0)
}

func TestClock(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"00:00:00.000": 0, "23:59:59.999": 24*time.Hour - time.Millisecond, "10:20:30.456": 10*time.Hour + 20*time.Minute + 30*time.Second + 456*time.Millisecond,
		"24:00:00.000": -1, "10:60:00.000": -1, "10:00:60.000": -1, "1:00:00.000": -1, "10:00:00,000": -1, "": -1,
	} {
		if got, ok := ParseClock(text); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %v %v", text, got, ok)
		}
	}
	if Gap(23*time.Hour, time.Hour) != 2*time.Hour {
		t.Error("midnight")
	}
}

// TestZeroIsUnknown: a value that nobody set is no answer.
func TestZeroIsUnknown(t *testing.T) {
	for _, text := range []string{Severity(0).String(), Kind(0).String(), Encoding(0).String(), Result(0).String(), OldKind(0).String(), Exit{}.String(), Status{}.String(), Kind(99).String(), Severity(-1).String()} {
		if text != "unknown" {
			t.Errorf("zero reads %q", text)
		}
	}
	if (Pos{}).String() != "-" {
		t.Error("no place")
	}
}

// TestWriterErrors: what Windows could not have written is an error, the first
// one stays, and nothing is written after it.
func TestWriterErrors(t *testing.T) {
	d := dialects[0]
	for name, c := range map[string]struct {
		d    Dialect
		do   func(*Writer)
		want error
	}{
		"no dialect":        {Dialect{}, func(w *Writer) { w.Begin("a", "", "") }, ErrNoDialect},
		"entry outside":     {d, func(w *Writer) { w.Entry(Plain, "sto", "x") }, ErrNotInside},
		"context outside":   {d, func(w *Writer) { w.Open("sto", "x", "") }, ErrNotInside},
		"end outside":       {d, func(w *Writer) { w.End(Status{Result: Success}) }, ErrNotInside},
		"section in itself": {d, func(w *Writer) { w.Begin("a", "", ""); w.Begin("b", "", "") }, ErrTwoAtATime},
		"context not ended": {d, func(w *Writer) { w.Begin("a", "", ""); w.Open("sto", "x", ""); w.End(Status{Result: Success}) }, ErrNotEnded},
		"context not begun": {d, func(w *Writer) { w.Begin("a", "", ""); w.Close(0) }, ErrNoOpen},
		"no result":         {d, func(w *Writer) { w.Begin("a", "", ""); w.End(Status{}) }, ErrNoStatus},
		"import unknown":    {d, func(w *Writer) { w.WriteImport(&Import{INF: "x"}) }, ErrNoStatus},
	} {
		var b bytes.Buffer
		w := NewWriter(&b, c.d)
		c.do(w)
		n := b.Len()
		w.Begin("later", "", "")
		if !errors.Is(w.Err(), c.want) || b.Len() != n {
			t.Errorf("%s: %v", name, w.Err())
		}
	}
	w := NewWriter(iotestWriter{}, d)
	w.Boot()
	if !errors.Is(w.Err(), io.ErrShortWrite) {
		t.Error(w.Err())
	}
}

type iotestWriter struct{}

func (iotestWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// TestDialects: every row writes imports that are read again as what they were.
func TestDialects(t *testing.T) {
	pass := func(n int, code uint32, message string) Verification {
		return Verification{Pass: n, Key: "toaster.inf", FilePath: `C:\Temp\toaster.inf`, Catalog: `C:\Temp\toaster.cat`,
			Exit: Exit{Seen: true, HasCode: true, Code: code}, Message: message}
	}
	first := pass(1, 0x800B0109, "untrusted root")
	imports := map[string]*Import{
		"silent": {Score: Score{0x0D000005, true, "WHQL"}, SignerName: "Microsoft", SubmissionID: "1_2_3", CatalogValid: true,
			Verifications: []Verification{pass(1, 0, "")}, Status: Status{Result: Success}},
		"trusted": {Score: Score{0x0F000000, true, "Authenticode"}, SignerName: "Contoso",
			Verifications: []Verification{first, pass(2, 0xE0000241, "trusted publisher")}, Status: Status{Result: Success}},
		"asked": {Score: Score{0x0F000000, true, "Authenticode"}, SignerName: "Contoso", Prompt: Prompt{Accepted: true, CertificateInstalled: true},
			Verifications: []Verification{first, pass(2, 0xE0000242, "not established")}, Status: Status{Result: Success}},
		"refused": {Verifications: []Verification{first, pass(2, 0x800B0109, "untrusted root")}, StatusMessage: "A problem.",
			Refused: []Refusal{{Category: "sig", Text: "Catalog signer is untrusted."}}, Status: Status{Result: Failure, Code: 0xE0000247}},
	}
	names := map[string]bool{}
	for _, d := range Dialects() {
		if named, ok := DialectNamed(strings.ToUpper(d.Name)); !ok || named.Name != d.Name || names[d.Name] {
			t.Errorf("%s is not found, or twice", d.Name)
		}
		names[d.Name] = true
		for name, m := range imports {
			m.INF, m.Catalog, m.Provider = `c:\drivers\toaster.inf`, "toaster.cat", "Contoso"
			m.StoreName, m.Published = "toaster.inf_amd64_0", "oem7.inf"
			var b, again bytes.Buffer
			w := NewWriter(&b, d)
			w.At = time.Date(2024, 5, 6, 19, 47, 18, 0, time.UTC)
			w.Header(Header{Title: "Device Install Log", OSVersion: "10.0.22621"})
			w.Boot()
			w.WriteImport(m)
			if w.Err() != nil {
				t.Fatal(w.Err())
			}
			_, sections := readAll(t, b.Bytes())
			s := sections[len(sections)-1]
			if !s.Complete() || s.Status.Result != m.Status.Result || s.Status.Code != m.Status.Code {
				t.Errorf("%s, %s: %+v", d.Name, name, s.Status)
			}
			found := s.Imports()
			if len(found) != 1 {
				t.Fatalf("%s, %s: %d imports in\n%s", d.Name, name, len(found), b.Bytes())
			}
			checkImport(t, d, name, m, found[0])
			for i := range s.Lines {
				if l := &s.Lines[i]; l.Loose || l.Kind == KindUnknown {
					t.Errorf("%s, %s: %q is no line that Windows writes", d.Name, name, l.Text)
				}
			}
			w = NewWriter(&again, d)
			w.At = s.Start
			w.WriteImport(withStatus(found[0], s))
			if d := cmp.Diff(string(s.Bytes()), again.String()); d != "" {
				t.Errorf("%s, written again:\n%s", name, d)
			}
		}
	}
	if _, ok := DialectNamed("95"); ok {
		t.Error("a dialect of Windows 95")
	}
}

// withStatus completes an import that is a part of a section, as in Windows 7.
func withStatus(m *Import, s *Section) *Import {
	m.Status = s.Status
	if m.Provider == "" {
		m.Catalog = "toaster.cat"
	}
	for i := range s.Lines {
		if _, message, ok := strings.Cut(s.Lines[i].Message, "Error 0xe0000247: "); ok {
			m.StatusMessage = message
		}
	}
	return m
}

func checkImport(t *testing.T, d Dialect, name string, want, got *Import) {
	t.Helper()
	var wantCodes, gotCodes []string
	for _, v := range want.Verifications {
		wantCodes = append(wantCodes, v.Exit.String())
	}
	for _, v := range got.Verifications {
		gotCodes = append(gotCodes, v.Exit.String())
	}
	score := want.Score
	if !d.scoreLabel {
		score.Label = ""
	}
	switch {
	case !cmp.Equal(wantCodes, gotCodes):
		t.Errorf("%s, %s: passes %v", d.Name, name, gotCodes)
	case got.Score != score || got.SignerName != want.SignerName:
		t.Errorf("%s, %s: %+v of %q", d.Name, name, got.Score, got.SignerName)
	case got.Prompt.Accepted != want.Prompt.Accepted || got.Prompt.CertificateInstalled != want.Prompt.CertificateInstalled:
		t.Errorf("%s, %s: %+v", d.Name, name, got.Prompt)
	case want.Status.Result == Success && (got.Published != want.Published || got.StoreName != want.StoreName):
		t.Errorf("%s, %s: %s in %s", d.Name, name, got.Published, got.StoreName)
	case want.Status.Result == Failure && (len(got.Refused) == 0 || got.Refused[0].Text != want.Refused[0].Text):
		t.Errorf("%s, %s: refused with %+v", d.Name, name, got.Refused)
	}
}

// TestNodesWritten: nodes are read again as they were, in both forms.
func TestNodesWritten(t *testing.T) {
	d, _ := DialectNamed("11")
	n := &DriverNode{HardwareID: `ACPI\TOAST`, INF: `c:\toaster.inf`, Published: "oem4.inf", Description: "Toaster", Section: "Toaster.NT",
		Rank: 0x00FF0001, HasRank: true, Score: Score{0x0D000005, true, "WHQL"}, DriverDate: "03/21/2024", DriverVersion: "2.0.0.1",
		SubmissionID: "1_2_3", Status: []string{"Outranked", "Installed"}}
	var b bytes.Buffer
	w := NewWriter(&b, d)
	w.Begin("Device Install", `ACPI\TOAST\0`, "")
	w.Open("dvi", "Build Driver List", "")
	w.WriteNode(n)
	w.Close(0)
	w.Open("utl", "Select Drivers", `ACPI\TOAST\0`)
	w.WriteListed(n, "{4d36e97d-e325-11ce-bfc1-08002be10318}")
	w.Close(0)
	w.End(Status{Result: Success, Reboot: true})
	_, sections := readAll(t, b.Bytes())
	nodes := sections[0].DriverNodes()
	if w.Err() != nil || len(nodes) != 2 || !sections[0].Status.Reboot {
		t.Fatalf("%v, %d nodes in\n%s", w.Err(), len(nodes), b.Bytes())
	}
	created, listed := nodes[0], nodes[1]
	if created.Rank != n.Rank || created.Score.Label != "WHQL" || created.HardwareID != n.HardwareID || created.Section != n.Section || created.DriverVersion != n.DriverVersion {
		t.Errorf("%+v", created)
	}
	if !listed.Listed || listed.Rank != n.Rank || listed.Score != n.Score || !cmp.Equal(listed.Status, n.Status) || listed.Published != n.Published || listed.INF != n.INF || listed.DriverDate != n.DriverDate || listed.SubmissionID != n.SubmissionID {
		t.Errorf("%+v", listed)
	}
}

// TestBoundedWork reads sections of the largest size that are made of what costs
// most: nothing takes more than a moment, and nothing grows without a limit.
func TestBoundedWork(t *testing.T) {
	if testing.Short() {
		t.Skip("reads large sections")
	}
	for name, lines := range map[string]string{
		"contexts":       "     sto: {a: b}\n     sto:      {a: b}\n     sto:           {c - d}\n",
		"ends":           "     sto: {a: exit(0x00000000)}\n",
		"deep":           "     sto: {a: b}\n     sto:      {a: b: x(0x00000000)}\n",
		"updates":        "     dvi: {Update Device Driver - X}\n     dvi: Reboot required.\n",
		"restarts":       "     dvi: {Update Device Driver - X}\n     dvi: {Update Device Driver - exit(00000000)}\n     dvi: Reboot required.\n",
		"imports":        "     sto: {Stage Driver Package: x}\n     sto:      {DRIVERSTORE IMPORT VALIDATE}\n     sig:           {_VERIFY_FILE_SIGNATURE}\n",
		"nested imports": "     dvi: {Core Device Install}\n     sto:      {Stage Driver Package: x}\n",
		"nodes":          "     dvi: x:\n     dvi:      Rank - 0x00ff0000\n     dvi:      InfFile - a\n     dvi:      Section - b\n",
		"selections":     "     dvi: x:\n     dvi:      InfName - a\n     dvi:      Rank - 0x00ff0000\n     dvi: y:\n     dvi:      InfFile - b\n",
		"ids":            "     dvi: {Build Driver List}\n     dvi: hardware ID(s):\n     dvi:      a\n     dvi:      b\n",
		"quotes":         "     flq: '' '' ' '' ' '' '''''''''\n",
		"old":            "[2001/02/27 20:14:30 1.1]\n#E358 \"\"\"\"\"\"\"\" 0x0x0x0x0x0x\n",
	} {
		start := time.Now()
		r := NewReader(&repeated{sample: []byte(lines), n: (MaxSectionLines - 8) / strings.Count(lines, "\n")}, Options{})
		for s, err := range r.Sections() {
			if err != nil {
				t.Fatal(err)
			}
			found := len(s.Imports()) + len(s.DeviceInstalls()) + len(s.DriverNodes()) + len(s.Verifications()) + len(s.OldEvents())
			if found > 5*maxViews {
				t.Errorf("%s: %d things", name, found)
			}
		}
		took := time.Since(start)
		t.Logf("%s: %s", name, took)
		if took > 20*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
}
