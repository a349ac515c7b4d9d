package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"prestage/inf/setupapi"
)

const logHelp = `Tell what a SetupAPI log says: for each import of a driver package and each
installation of a device what was verified and with which result, who signed,
how the drivers ranked, what failed, and what to do. The log is
C:\Windows\INF\setupapi.dev.log or another of Windows 2000 and later, of any
language; - reads standard input.

With --compare, each import is matched with a package under PATH, by the names
of INF and catalog and by DriverVer; what Windows did is compared with what
check predicts for that release, architecture and time. The log does not say
what the machine trusted: the certificate stores are those of the flags.

With --record, the only import that is left after --package, --since and
--failed becomes a case for testdata/observed, without names of users and
machines. Read it before you publish it.

The exit code is 0 if the log was read, whatever it tells; 1 if --compare
finds a difference; 2 for a usage error, if the log could not be read, or if
there was nothing to compare.`

const logExample = `  prestage log --failed setupapi.dev.log
  prestage log --package toaster.inf --since 2026-11-20 setupapi.dev.log
  prestage log --compare drivers/x64 --root corp-root.cer setupapi.dev.log`

type logFlags struct {
	stores          storeFlags
	pkg, since      string
	failed          bool
	compare, record string
	output          outputFlags

	from time.Time // since, read
}

func logCommand(env environment) *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:     "log [flags] FILE",
		Short:   "Tell what a SetupAPI log says, and compare it with a prediction",
		Long:    logHelp,
		Example: logExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("log: name one log, such as setupapi.dev.log")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runLog(env, f, args[0]) },
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *logFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&f.pkg, "package", "", "only what concerns the package of this `NAME` (toaster.inf, oem4.inf, toaster.cat)")
	flags.StringVar(&f.since, "since", "", "only what began at this `TIME` of the machine or later (2026-11-20, 2026-11-20T12:00:00)")
	flags.BoolVar(&f.failed, "failed", false, "only what failed, or left a device with a problem")
	flags.StringVar(&f.compare, "compare", "", "compare with what is predicted for the packages under `PATH`")
	flags.StringVar(&f.record, "record", "", "write the import as a case to this `FILE`")
	f.stores.register(flags)
	flags.StringVarP(&f.output.format, "format", "f", "text", "how to tell: `text|json`")
	flags.StringVar(&f.output.color, "color", "auto", "use colour: `auto|always|never`")
}

func (f *logFlags) check() error {
	if f.output.format != "text" && f.output.format != "json" {
		return usagef("--format: unknown format %q: use text|json", f.output.format)
	}
	if err := f.output.check(); err != nil {
		return err
	}
	if f.compare != "" && f.record != "" {
		return usagef("--compare and --record: use one at a time")
	}
	var err error
	f.from, err = parseSince(f.since)
	return err
}

// sinceLayouts are the forms of --since. None has a zone: the logs have local
// time and do not say which.
var sinceLayouts = []string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05", "2006/01/02", "2006/01/02 15:04:05", setupapi.StampLayout}

func parseSince(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range sinceLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usagef("--since: %q: write the machine's local time as 2026-11-20 or 2026-11-20T12:00:00", s)
}

func runLog(env environment, f logFlags, path string) error {
	if err := f.check(); err != nil {
		return err
	}
	file, size, err := openLog(path)
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	defer file.Close()
	tell := logTeller{
		flags: &f, path: path,
		reader: setupapi.NewReader(file, setupapi.Options{}),
		meter:  newMeter(env, size),
	}
	switch {
	case f.compare != "":
		return runCompare(env, &tell)
	case f.record != "":
		return runRecord(&tell)
	}
	out := newStoryWriter(env, &f)
	if err := tell.each(out.story); err != nil {
		return errors.Join(out.end(&tell), fmt.Errorf("log: %s: %w", path, err))
	}
	if err := out.end(&tell); err != nil {
		return err
	}
	return tell.verdict(env)
}

// openLog opens the log; the size is 0 where it is not known.
func openLog(path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(os.Stdin), 0, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = fmt.Errorf("%s: a folder: name a log in it", path)
	default:
		return file, info.Size(), nil
	}
	file.Close()
	return nil, 0, err
}

// A logTeller reads a log section by section and hands on what it tells.
type logTeller struct {
	flags  *logFlags
	path   string
	reader *setupapi.Reader
	meter  *meter

	lines, unknown, titled int // lines, those that are nothing known, sections
	told                   int // stories that passed the filters
	tooLarge               []string
}

// told is a story with what it was made from.
type toldStory struct {
	*logStory
	section *setupapi.Section
	imp     *setupapi.Import
}

// each calls tell for every story that passes the filters. It goes on after a
// section that is too large, and ends with the first error of tell.
func (t *logTeller) each(tell func(toldStory) error) error {
	defer t.meter.clear()
	for s, err := range t.reader.Sections() {
		if err != nil {
			if !errors.Is(err, setupapi.ErrSectionTooLarge) {
				return err
			}
			t.tooLarge = append(t.tooLarge, err.Error())
			continue
		}
		t.meter.show(t.reader.Offset())
		t.count(s)
		if s.Outside() {
			continue
		}
		if !since(t.flags.from, s) {
			continue
		}
		for _, story := range storiesOf(s) {
			if !t.wanted(story) {
				continue
			}
			t.told++
			if err := tell(story); err != nil {
				return err
			}
		}
	}
	return nil
}

// since reports whether a section began at that time or later. One without a
// beginning is told only if no time is given.
func since(at time.Time, s *setupapi.Section) bool {
	return at.IsZero() || !s.Start.IsZero() && !s.Start.Before(at)
}

func (t *logTeller) count(s *setupapi.Section) {
	t.lines += len(s.Lines)
	if s.HasTitle {
		t.titled++
	}
	for i := range s.Lines {
		if s.Lines[i].Kind == setupapi.KindUnknown {
			t.unknown++
		}
	}
}

func (t *logTeller) wanted(s toldStory) bool {
	return (t.flags.pkg == "" || s.concerns(t.flags.pkg)) && (!t.flags.failed || s.Failed)
}

// errNoLog is the reason for refusing a file in which nothing is a log.
var errNoLog = errors.New("no SetupAPI log: it has neither a header nor a section")

// readable reports why what was read is no log.
func (t *logTeller) readable() error {
	if t.titled == 0 && t.reader.Header().Title == "" {
		return errNoLog
	}
	return nil
}

// verdict ends a run that told the log.
func (t *logTeller) verdict(env environment) error {
	if err := t.readable(); err != nil {
		return fmt.Errorf("log: %s: %w", t.path, err)
	}
	for _, message := range t.tooLarge {
		fmt.Fprintf(env.stderr, "prestage: %s: %s\n", clean(t.path), clean(message))
	}
	if len(t.tooLarge) > 0 {
		return shortfall{exitError}
	}
	return nil
}

// A meter shows on a terminal how much of a large log is read.
type meter struct {
	w     io.Writer // nil: nothing is shown
	size  int64
	shown int64 // per cent
}

// A log of this size is read in less time than a person notices.
const largeLog = 32 << 20

func newMeter(env environment, size int64) *meter {
	file, ok := env.stderr.(*os.File)
	if !ok || size < largeLog || !term.IsTerminal(int(file.Fd())) {
		return &meter{}
	}
	return &meter{w: file, size: size, shown: -1}
}

func (m *meter) show(offset int64) {
	if m.w == nil {
		return
	}
	const width = 40
	percent := min(offset*100/m.size, 100)
	if percent == m.shown {
		return
	}
	m.shown = percent
	done := int(percent) * width / 100
	fmt.Fprintf(m.w, "\r[%s%s] %3d%%", strings.Repeat("#", done), strings.Repeat(".", width-done), percent)
}

func (m *meter) clear() {
	if m.w != nil {
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}
