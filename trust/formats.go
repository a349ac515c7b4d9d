package trust

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"prestage/authenticode/cert"
)

// Entry is one certificate of a file that describes a store, read.
type Entry struct {
	Certificate *cert.Certificate
	// Restrictions come with the certificate in formats that keep properties.
	Restrictions Restrictions
	// Role is the store that the file says the certificate stands in;
	// UnknownRole where the format does not say.
	Role Role
	// Source is the file and where in it.
	Source string
	// Properties are what the file keeps beside the certificate, in its order.
	Properties []Property
	// Name is the friendly name among the properties; mostly empty.
	Name string
	// Remarks say which properties could not be taken at their word.
	Remarks []string
}

// format is one way to write stores down, recognised by content.
type format struct {
	name  string
	sniff func(data []byte) bool
	read  func(r *reading, data []byte)
}

// formats are tried in order; the first that recognises the content reads it.
// To add one, write format_x.go and put it here. It is a function because the
// formats read each other: a registry export holds lists.
func formats() []format {
	return []format{
		{"registry export", sniffRegistry, (*reading).registry},
		{"serialized store", sniffSerialized, (*reading).serialized},
		{"PEM", sniffPEM, (*reading).pem},
		{"certificate trust list", sniffTrustList, (*reading).trustList},
		{"PKCS #7 bundle", sniffBundle, (*reading).bundle},
		{"DER", sniffDER, (*reading).der},
	}
}

// Limits on files that describe stores. The largest known, the whole list of
// the root program, has 515 certificates in some 700 KiB.
const (
	maxStoreFile    = 64 << 20
	maxStoreEntries = 20000
	maxStoreFiles   = 20000     // in one folder
	maxItem         = 256 << 10 // one certificate: what package cert reads at most
	maxWarnings     = 100       // of one file; the rest is counted
)

// Errors of reading stores.
var (
	// ErrUnknownFormat means that no format recognises the content.
	ErrUnknownFormat = errors.New("not a certificate file of a known format (PEM, DER, .p7b, .sst, .stl, .reg)")
	// ErrNoCertificate means that a file was read and holds no certificate.
	ErrNoCertificate = errors.New("no certificate in it")
	// ErrStoreTooBig means that a file or folder exceeds the limits.
	ErrStoreTooBig = errors.New("larger than any certificate store (64 MiB, 20000 certificates or files)")
)

// ReadOptions say how much is forgiven in reading stores. The zero value
// forgives nothing.
type ReadOptions struct {
	// AcceptUnsignedList takes a trust list whose signature cannot be
	// verified at its word.
	AcceptUnsignedList bool
	// SkipBad passes over records that are damaged, with a warning. A store
	// that is quietly incomplete could turn a distrusted publisher into a
	// trusted one, so the choice is the user's.
	SkipBad bool

	// listRoot takes the place of Microsoft's root of 2010 in tests, whose
	// lists nobody can sign with Microsoft's key.
	listRoot *cert.Certificate
}

// Contents is everything that one file says of certificate stores.
type Contents struct {
	// Format is the format's name, such as "serialized store".
	Format string
	// Items are in the order of the file.
	Items []Item
	// Lists are the root program's lists.
	Lists []*List
	// Warnings name what was passed over.
	Warnings []string
}

// reading is one file on its way to its Contents.
type reading struct {
	name    string
	options ReadOptions
	found   Contents
	err     error // the first that was not forgiven: reading has ended
	skipped int
}

// ReadContents takes a file apart, whatever its format. The name is for
// messages. Certificates are not read but walked over; [Item.Entry] reads one.
//
// One record that is damaged fails the whole unless the options say otherwise.
// A file without certificates and lists is no error; one of an unknown format
// is [ErrUnknownFormat].
func ReadContents(name string, data []byte, o ReadOptions) (*Contents, error) {
	if len(data) > maxStoreFile {
		return nil, fmt.Errorf("%s: %w", name, ErrStoreTooBig)
	}
	for _, f := range formats() {
		if !f.sniff(data) {
			continue
		}
		r := &reading{name: name, options: o, found: Contents{Format: f.name}}
		f.read(r, data)
		if r.err != nil {
			return nil, r.err
		}
		if more := r.skipped - maxWarnings; more > 0 {
			r.found.Warnings = append(r.found.Warnings, fmt.Sprintf("%s: %d more damaged records are passed over", name, more))
		}
		return &r.found, nil
	}
	return nil, fmt.Errorf("%s: %w", name, ErrUnknownFormat)
}

// at is a position in a file that is no text.
func (r *reading) at(offset, record int) place {
	return place{file: r.name, offset: int32(offset), record: int32(record)}
}

// damaged takes note of a damaged record and reports whether reading may go
// on.
func (r *reading) damaged(where place, err error) bool {
	err = fmt.Errorf("%s: %w", where, err)
	if !r.options.SkipBad || errors.Is(err, ErrStoreTooBig) {
		if r.err == nil {
			r.err = err
		}
		return false
	}
	if r.skipped++; r.skipped <= maxWarnings {
		r.found.Warnings = append(r.found.Warnings, err.Error()+": passed over")
	}
	return true
}

// certificate keeps one if its outline is that of a certificate. The result
// says whether reading may go on.
func (r *reading) certificate(i *Item) bool {
	var err error
	if i.outline, err = outlineOf(i.Raw); err != nil {
		return r.damaged(i.place, err)
	}
	i.Kind = CertificateItem
	return r.keep(i)
}

// keep keeps an item. The result says whether reading may go on.
func (r *reading) keep(i *Item) bool {
	if len(r.found.Items) == maxStoreEntries {
		return r.damaged(place{file: r.name, offset: -1}, ErrStoreTooBig)
	}
	r.found.Items = append(r.found.Items, *i)
	return true
}

// expect makes room for the items of a file of this size, as a store has them.
func (r *reading) expect(size int) {
	const usual = 1200 // bytes for a certificate with its properties
	r.found.Items = make([]Item, 0, min(size/usual+1, maxStoreEntries))
}

// Entries reads all certificates. One that cannot be read fails the whole.
func (c *Contents) Entries() ([]Entry, error) {
	var entries []Entry
	for i := range c.Items {
		if c.Items[i].Kind != CertificateItem {
			continue
		}
		e, err := c.Items[i].Entry()
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// ReadStore reads the certificates of one file, whatever its format. The name
// is for messages. One certificate that cannot be read fails the whole, and so
// does a file without any: see [ReadContents] for files of other things.
func ReadStore(name string, data []byte) ([]Entry, error) {
	c, err := ReadContents(name, data, ReadOptions{})
	if err != nil {
		return nil, err
	}
	entries, err := c.Entries()
	if err == nil && len(entries) == 0 {
		err = fmt.Errorf("%s: %w", name, ErrNoCertificate)
	}
	return entries, err
}

// readPath reads a file, or every file of a folder and those below it. Of a
// folder, documents are passed over; any other file that cannot be read fails
// the whole.
func readPath(path string, o ReadOptions) ([]*Contents, error) {
	files, folder, err := filesAt(path)
	if err != nil {
		return nil, err
	}
	var all []*Contents
	for _, file := range files {
		data, err := readBytes(file)
		if err != nil {
			return nil, err
		}
		c, err := ReadContents(file, data, o)
		if errors.Is(err, ErrUnknownFormat) && folder && isDocument(file) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// filesAt returns the file itself, or the files of a folder.
func filesAt(path string) (files []string, folder bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, false, err
	}
	if !info.IsDir() {
		return []string{path}, false, nil
	}
	files, err = filesBelow(path)
	return files, true, err
}

// errNotRegular: a pipe, a device or a socket, of which nobody knows when they
// end.
var errNotRegular = errors.New("not a regular file: give the certificates as a file")

// readBytes reads a file within the limits.
func readBytes(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // to open a pipe might wait for ever
		return nil, fmt.Errorf("%s: %w", path, errNotRegular)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if info.Size() > maxStoreFile {
		return nil, fmt.Errorf("%s: %w", path, ErrStoreTooBig)
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// filesBelow lists the regular files of a folder in lexical order. Names that begin with
// a dot belong to other tools.
func filesBelow(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.Type().IsRegular() || d.Type()&fs.ModeSymlink != 0:
			files = append(files, path)
		}
		if len(files) > maxStoreFiles {
			return fmt.Errorf("%s: %w", dir, ErrStoreTooBig)
		}
		return nil
	})
	return files, err
}

// isDocument reports whether the name is one of a text for people.
func isDocument(path string) bool {
	base := strings.ToUpper(filepath.Base(path))
	return slices.Contains([]string{".MD", ".TXT", ".TSV", ".JSON"}, filepath.Ext(base)) ||
		slices.Contains([]string{"README", "LICENSE", "COPYING", "NOTICE"}, base)
}
