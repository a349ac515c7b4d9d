// Package inf reads Windows setup information files, the INF files of driver
// packages.
//
// [Parse] turns bytes into a [File]: sections of lines of fields, each with the
// place where it stands. The typed views answer what signing depends on:
//
//   - [File.Version] says which catalog is the applicable one,
//   - [File.Architectures] and [File.Select] say for which systems the INF is,
//     and what it would install there,
//   - [File.Files] says which files the catalog must cover,
//   - [File.Services] says which of them are loaded by the kernel.
//
// The package judges nothing: it knows no catalogs, no trust and no release of
// Windows, and it opens no files. A file name that would lead out of the
// package's folder is reported as such and has no path.
//
// # Errors and findings
//
// An error means that Windows would refuse the text, or that a limit of this
// package was reached. Everything that Windows reads on from, but a person
// should know, is a [Finding]. Where readers of INF text part ways and it is not
// known which way Windows goes, the views take the union, so that more must be
// covered, or refuse the file in question, or the text itself is [File.Ambiguous].
//
// # Encodings
//
// A byte order mark decides. Without one, text is in the ANSI code page of the
// machine that reads it, [DefaultCodePage] unless [Options] says otherwise. Text
// that is valid UTF-8 without a mark is recognised and reported, yet read in the
// code page all the same, because that is what Windows does with it: a file name
// in it is not the name that its author typed.
package inf

import "fmt"

// A File is a parsed INF. It is not changed after [Parse]; its methods may be
// called from several goroutines.
type File struct {
	Name     string // as given to Parse, for messages
	Encoding Encoding
	CodePage int // code page the bytes were read in; 0 when the encoding is Unicode

	// ASCII says that no character lies outside ASCII, so that the code page
	// does not matter.
	ASCII bool

	LineEndings LineEndings
	Endings     EndingCounts

	// Sections are in order of first appearance; sections of the same name
	// are one section (rule 3).
	Sections []*Section

	// Findings are what Windows reads on from and a person should know, in
	// the order of their positions.
	Findings []Finding

	// Ambiguous are those of the findings at which readers of INF text part
	// ways: what Windows reads there is not known, and what the views say is
	// the reading of one of them. A package whose INF has one cannot be
	// vouched for.
	Ambiguous []Finding

	src   source
	spans []span // syntax elements; together with BOM and tail they are the input
	tail  uint32 // where reading stopped: the end, or a control-Z
	index map[string]*Section
	trims map[string]*Section // by name without surrounding blanks, where that differs

	tables           map[*Section]*stringTable // of every [Strings] section
	chosen, fallback *stringTable              // of the chosen locale
	locale           uint16
	fields           int   // in the text
	expansion        int   // bytes to which all fields expand at most
	memo             *memo // what the typed views found, for that locale
}

// A span is a half-open range of byte offsets.
type span struct{ start, end uint32 }

// Options say how to read an INF. The zero value is useful.
type Options struct {
	// CodePage is the ANSI code page of the machine that reads the INF, by
	// its Windows number: 1252, 932, 65001 … Zero means DefaultCodePage.
	CodePage int

	// Locale is the language identifier that chooses the [Strings] section
	// (rule 14). Zero means DefaultLocale.
	Locale uint16
}

// Parse reads an INF with the default options. The name is used in messages
// only. The error, if any, is an *[Error], and the File is nil then.
func Parse(name string, data []byte) (*File, error) {
	return ParseOptions(name, data, Options{})
}

// ParseOptions reads an INF. See [Parse].
func ParseOptions(name string, data []byte, o Options) (*File, error) {
	f := &File{
		Name:  name,
		index: make(map[string]*Section),
		trims: make(map[string]*Section),
	}
	if len(data) > MaxSize {
		return nil, f.errorAt(Pos{1, 1}, fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, len(data), MaxSize))
	}
	if err := f.decode(data, o.CodePage); err != nil {
		return nil, err
	}
	if err := f.lex(); err != nil {
		return nil, err
	}
	if err := f.checkExpansion(); err != nil {
		return nil, err
	}
	if o.Locale == 0 {
		o.Locale = DefaultLocale
	}
	f.readTables()
	f.useLocale(o.Locale)
	f.examine()
	f.sortFindings()
	f.sortAmbiguous()
	return f, nil
}

// Bytes returns the text as it was read, byte for byte, put together from the
// pieces that the syntax consists of.
func (f *File) Bytes() []byte {
	out := make([]byte, 0, len(f.src.data))
	out = append(out, f.src.data[:f.src.bom]...)
	for _, s := range f.spans {
		out = append(out, f.src.data[s.start:s.end]...)
	}
	return append(out, f.src.data[f.tail:]...)
}

// Raw returns the bytes of a line, from its first character to the end of the
// last physical line that it continues on, line ending included. The slice
// aliases the input.
func (f *File) Raw(l *Line) []byte { return f.src.data[l.raw.start:l.raw.end] }
