package setupapi

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// The errors of a writer.
var (
	ErrNoDialect  = errors.New("no dialect: take one of Dialects")
	ErrNotInside  = errors.New("entry outside a section: call Begin first")
	ErrNotEnded   = errors.New("section ends inside a context: call Close for each Open")
	ErrNoOpen     = errors.New("no context is open")
	ErrTwoAtATime = errors.New("section begins inside another: call End first")
	ErrNoStatus   = errors.New("section ends without a result: say Success or Failure")
)

// A Writer writes a log in the dialect of a release, line by line. The first
// error is kept, and ends the writing.
type Writer struct {
	// At is the moment that titles and time stamps say.
	At time.Time
	// Ending is the line ending, CR LF when empty.
	Ending string

	w      io.Writer
	d      Dialect
	inside bool
	open   []opened
	err    error
}

type opened struct{ category, name string }

// NewWriter returns a writer.
func NewWriter(w io.Writer, d Dialect) *Writer {
	x := &Writer{w: w, d: d}
	if d.Name == "" {
		x.err = ErrNoDialect
	}
	return x
}

// Err is the first error, of the writer or of what it writes to.
func (w *Writer) Err() error { return w.err }

// Depth is how many contexts are open.
func (w *Writer) Depth() int { return len(w.open) }

// Header writes the header of a log and "[BeginLog]".
func (w *Writer) Header(h Header) {
	w.put(&Line{Kind: KindHeading, Name: h.Title})
	for _, f := range [...][2]string{
		{"OS Version", h.OSVersion}, {"Service Pack", h.ServicePack}, {"Suite", h.Suite},
		{"ProductType", h.ProductType}, {"Architecture", h.Architecture},
	} {
		w.put(&Line{Kind: KindHeaderField, Name: f[0], Message: f[1]})
	}
	w.put(&Line{Kind: KindBlank})
	w.put(&Line{Kind: KindHeading, Name: "BeginLog"})
	w.put(&Line{Kind: KindBlank})
}

// Boot writes the beginning of a boot session.
func (w *Writer) Boot() {
	w.put(&Line{Kind: KindBootSession, Stamp: w.At.Format(StampLayout)})
	w.put(&Line{Kind: KindBlank})
}

// Begin writes the title and the start of a section; instance and command line
// may be empty.
func (w *Writer) Begin(title, instance, command string) {
	if w.inside {
		w.fail(ErrTwoAtATime)
	}
	w.put(&Line{Kind: KindSectionTitle, Name: title, Message: instance})
	w.put(&Line{Kind: KindSectionStart, Stamp: w.At.Format(StampLayout)})
	if command != "" {
		w.put(&Line{Kind: KindCommand, Message: command})
	}
	w.inside = true
}

// End writes the end of a section, with its exit status and two blank lines.
func (w *Writer) End(status Status) {
	switch {
	case !w.inside:
		w.fail(ErrNotInside)
	case len(w.open) > 0:
		w.fail(ErrNotEnded)
	case status.Result != Success && status.Result != Failure:
		w.fail(ErrNoStatus)
	}
	w.put(&Line{Kind: KindSectionEnd, Stamp: w.At.Format(StampLayout)})
	w.put(&Line{Kind: KindExitStatus, Message: status.String()})
	w.put(&Line{Kind: KindBlank})
	w.put(&Line{Kind: KindBlank})
	w.inside = false
}

// String returns the status as Windows writes it; "unknown", which Windows never
// writes, without a result.
func (s Status) String() string {
	switch {
	case s.Result == Success && s.Reboot:
		return "SUCCESS (REBOOT_REQUIRED)"
	case s.Result == Success:
		return "SUCCESS"
	case s.Result == Failure:
		return fmt.Sprintf("FAILURE(0x%08x)", s.Code)
	}
	return s.Result.String()
}

// Entry writes an entry at the depth of the open contexts.
func (w *Writer) Entry(s Severity, category, text string) {
	w.Indented(0, s, category, text)
}

// Indented writes an entry that is some levels further in.
func (w *Writer) Indented(levels int, s Severity, category, text string) {
	if !w.inside {
		w.fail(ErrNotInside)
	}
	w.put(&Line{Kind: KindEntry, Severity: s, Category: category, Indent: 5 * (len(w.open) + levels), Message: text})
}

// Open begins a context; arg may be empty.
func (w *Writer) Open(category, name, arg string) {
	form := formOf(name)
	text := "{" + name
	if arg != "" {
		text += form.arg + arg
	}
	w.brace(category, text+"}", form.unstamped)
	w.open = append(w.open, opened{category, name})
}

// Close ends the innermost context.
func (w *Writer) Close(code uint32) {
	n := len(w.open)
	if n == 0 {
		w.fail(ErrNoOpen)
		return
	}
	c := w.open[n-1]
	w.open = w.open[:n-1]
	form := formOf(c.name)
	w.brace(c.category, "{"+c.name+fmt.Sprintf(form.exit, code)+"}", form.unstamped)
}

func (w *Writer) brace(category, text string, unstamped bool) {
	if !w.inside {
		w.fail(ErrNotInside)
	}
	l := &Line{Kind: KindOpen, Severity: Plain, Category: category, Indent: 5 * len(w.open), Message: text}
	if !unstamped {
		l.Stamp = w.At.Format(StampLayout)[dateLen:]
	}
	w.put(l)
}

// WriteSection writes a section that was read, with the bytes that it had. It is
// not put into the dialect.
func (w *Writer) WriteSection(s *Section) {
	w.write(string(s.Bytes()))
}

func (w *Writer) put(l *Line) {
	ending := w.Ending
	if ending == "" {
		ending = "\r\n"
	}
	w.write(oneLine.Replace(l.String()) + ending)
}

// oneLine keeps names that come from certificates and INFs from beginning a new
// line, which would be a line that Windows never wrote.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ", "\v", " ", "\f", " ", "\u0085", " ", "\u2028", " ", "\u2029", " ")

func (w *Writer) write(s string) {
	if w.err != nil {
		return
	}
	if _, err := io.WriteString(w.w, s); err != nil {
		w.err = err
	}
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}
