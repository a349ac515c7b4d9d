package setupapi

import (
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// Options say how a log is read. The zero value is good for most logs.
type Options struct {
	// ANSI is the code page for lines that are not UTF-8, that of the
	// machine which wrote the log; Windows-1252 when nil. Only texts
	// depend on it, no structure.
	ANSI encoding.Encoding
}

// A Scanner reads a log line by line, in constant memory.
type Scanner struct {
	src  *splitter
	ansi encoding.Encoding
	line Line
	next Pos // of the next line
	part part
	err  error
}

// NewScanner returns a scanner. A failure to read shows in [Scanner.Err].
func NewScanner(r io.Reader, o Options) *Scanner {
	s := &Scanner{ansi: o.ANSI, part: partHeader}
	if s.ansi == nil {
		s.ansi = charmap.Windows1252
	}
	s.src, s.err = newSplitter(r)
	if s.err == nil {
		s.next = Pos{Line: 1, Offset: int64(len(s.src.mark))}
	}
	return s
}

// Encoding is that of the log.
func (s *Scanner) Encoding() Encoding {
	if s.src == nil {
		return EncodingUnknown
	}
	return s.src.enc
}

// Mark is the byte order mark before the first line, empty where there is none.
func (s *Scanner) Mark() []byte {
	if s.src == nil {
		return nil
	}
	return s.src.mark
}

// Scan reads the next line. It returns false at the end and on an error.
func (s *Scanner) Scan() bool {
	if s.err != nil {
		return false
	}
	raw, err := s.src.next()
	if err != nil {
		s.fail(err)
		return false
	}
	if len(raw) == 0 {
		s.err = io.EOF
		return false
	}
	s.line = Line{Pos: s.next, Raw: string(raw)}
	s.next.Line++
	s.next.Offset += int64(len(raw))
	s.line.Text = decode(s.line.Raw, s.src.enc, s.ansi)
	s.line.parse(s.part)
	switch s.line.Kind {
	case KindOldSection:
		s.part = partOld
	case KindSectionTitle, KindBootSession, KindEntry, KindOpen, KindClose:
		s.part = partSections
	}
	return true
}

func (s *Scanner) fail(err error) {
	s.err = &ReadError{Pos: s.next, Err: err}
}

// Line is the line that Scan read.
func (s *Scanner) Line() Line { return s.line }

// Err is the reason for which Scan stopped, nil at the end of the log.
func (s *Scanner) Err() error {
	if errors.Is(s.err, io.EOF) {
		return nil
	}
	return s.err
}

// A Header is what a log says about the machine before its first section.
type Header struct {
	Title        string // "Device Install Log"
	OSVersion    string // "10.0.22621"
	ServicePack  string // "0.0"
	Suite        string // "0x0300"
	ProductType  string // "1": workstation, "2": domain controller, "3": server
	Architecture string // "amd64"
	Fields       []Line // all fields, in order
}

// set takes the field of a header line. Names of fields are identifiers, which
// no locale translates.
func (h *Header) set(l Line) {
	const limit = 64
	if len(h.Fields) >= limit {
		return
	}
	h.Fields = append(h.Fields, l)
	for _, f := range [...]struct {
		name  string
		value *string
	}{
		{"OS Version", &h.OSVersion}, {"Service Pack", &h.ServicePack}, {"Suite", &h.Suite},
		{"ProductType", &h.ProductType}, {"Architecture", &h.Architecture},
	} {
		if f.name == l.Name && *f.value == "" || f.name == "ProductType" && l.Name == "Product Type" {
			*f.value = l.Message
		}
	}
}

// A Reader reads a log section by section. Memory is bounded by the largest
// section, which has a limit.
type Reader struct {
	scan    *Scanner
	header  Header
	boot    time.Time
	pending bool   // the scanner's line belongs to the next section
	lines   []Line // reused: a section gets a copy of the right size
}

// NewReader returns a reader.
func NewReader(r io.Reader, o Options) *Reader {
	return &Reader{scan: NewScanner(r, o)}
}

// Header is what was read of the log's header so far. It is complete with the
// first section that has a title; in a rotated log it may be missing.
func (r *Reader) Header() Header { return r.header }

// Encoding is that of the log.
func (r *Reader) Encoding() Encoding { return r.scan.Encoding() }

// Mark is the byte order mark before the first line.
func (r *Reader) Mark() []byte { return r.scan.Mark() }

// Offset is how many bytes of the log were read, for showing progress.
func (r *Reader) Offset() int64 { return r.scan.next.Offset }

// Next returns the next section, or the next lines that stand between sections:
// the header, boot sessions, blanks. Their Raw fields in order are the log. At
// the end the error is io.EOF.
//
// After [ErrSectionTooLarge] the next call returns what follows that section.
func (r *Reader) Next() (*Section, error) {
	s := &Section{Boot: r.boot, Lines: r.lines[:0]}
	var bytes int
	for r.pending || r.scan.Scan() {
		r.pending = false
		l := &r.scan.line
		if s.endsBefore(l) {
			r.pending = true
			return r.finish(s), nil
		}
		s.add(l)
		r.note(l)
		s.Boot = r.boot
		if bytes += len(l.Raw); len(s.Lines) > MaxSectionLines || bytes > MaxSectionBytes {
			return nil, r.skip(s)
		}
	}
	if err := r.scan.Err(); err != nil {
		return nil, err
	}
	if len(s.Lines) == 0 {
		return nil, io.EOF
	}
	return r.finish(s), nil
}

// finish gives a section its own lines. It turns beginnings of contexts into ends
// where only the tree shows that they are ends, because their word for exit is a
// translated one.
func (r *Reader) finish(s *Section) *Section {
	const keep = 1 << 14 // lines; a huge section must not stay for the sake of small ones
	lines := s.Lines
	s.Lines = slices.Clone(lines)
	clear(lines)
	r.lines = nil
	if cap(lines) <= keep {
		r.lines = lines[:0]
	}
	if s.open > 0 {
		s.Contexts()
	}
	return s
}

// note remembers what holds for the sections that follow.
func (r *Reader) note(l *Line) {
	switch l.Kind {
	case KindBootSession:
		if t, ok := parseStamp(l.Stamp); ok {
			r.boot = t
		}
	case KindHeading:
		if r.header.Title == "" {
			r.header.Title = strings.Clone(l.Name)
		}
	case KindHeaderField:
		if l.Pos.Line < maxHeaderLines {
			r.header.set(*l)
		}
	}
}

// maxHeaderLines is where a header ends for good, so that odd lines of a section
// cannot pass for it.
const maxHeaderLines = 64

// skip passes over the rest of a section that is too large.
func (r *Reader) skip(s *Section) error {
	err := &ReadError{Pos: s.Lines[0].Pos, Err: ErrSectionTooLarge}
	s.Lines, r.lines = nil, nil
	for r.scan.Scan() {
		if r.scan.line.begins() {
			r.pending = true
			return err
		}
	}
	if other := r.scan.Err(); other != nil {
		return other
	}
	return err
}

// Sections iterates over the log like [Reader.Next]. It goes on after
// [ErrSectionTooLarge] and ends with any other error.
func (r *Reader) Sections() iter.Seq2[*Section, error] {
	return func(yield func(*Section, error) bool) {
		for {
			s, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(s, err) || err != nil && !errors.Is(err, ErrSectionTooLarge) {
				return
			}
		}
	}
}
