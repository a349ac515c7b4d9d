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

// Entry is one certificate of a file that describes a store.
type Entry struct {
	Certificate *cert.Certificate
	// Restrictions come with the certificate in formats that keep properties.
	Restrictions Restrictions
	// Role is the store that the file says the certificate stands in;
	// UnknownRole where the format does not say.
	Role Role
	// Source is the file and where in it.
	Source string
}

// format is one way to write certificates down, recognised by content.
type format struct {
	name  string
	sniff func(data []byte) bool
	read  func(name string, data []byte) ([]Entry, error)
}

// formats are tried in order; the first that recognises the content reads it.
// To add one, write format_x.go and put it here.
var formats = []format{
	{"PEM", sniffPEM, readPEM},
	{"DER", sniffDER, readDER},
}

// Limits on files that describe stores. The largest known, the whole list of
// the root program, has 515 certificates in some 700 KiB.
const (
	maxStoreFile    = 64 << 20
	maxStoreEntries = 20000
	maxStoreFiles   = 20000 // in one folder
)

// Errors of reading stores.
var (
	// ErrUnknownFormat means that no format recognises the content.
	ErrUnknownFormat = errors.New("not a certificate file of a known format (PEM, DER)")
	// ErrNoCertificate means that a file was read and holds no certificate.
	ErrNoCertificate = errors.New("no certificate in it")
	// ErrStoreTooBig means that a file or folder exceeds the limits.
	ErrStoreTooBig = errors.New("larger than any certificate store (64 MiB, 20000 certificates or files)")
)

// ReadStore reads the certificates of one file, whatever its format. The name
// is for messages. One certificate that cannot be read fails the whole: a
// store that is quietly incomplete could turn a distrusted publisher into a
// trusted one.
func ReadStore(name string, data []byte) ([]Entry, error) {
	if len(data) > maxStoreFile {
		return nil, fmt.Errorf("%s: %w", name, ErrStoreTooBig)
	}
	for _, f := range formats {
		if !f.sniff(data) {
			continue
		}
		entries, err := f.read(name, data)
		switch {
		case err != nil:
			return nil, err
		case len(entries) == 0:
			return nil, fmt.Errorf("%s: %w", name, ErrNoCertificate)
		case len(entries) > maxStoreEntries:
			return nil, fmt.Errorf("%s: %w", name, ErrStoreTooBig)
		}
		return entries, nil
	}
	return nil, fmt.Errorf("%s: %w", name, ErrUnknownFormat)
}

// LoadPath adds the certificates of a file, or of every file of a folder and
// those below it, to one of the stores. Of a folder, documents are passed
// over; any other file that cannot be read fails the whole.
func (s *Store) LoadPath(r Role, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = filesBelow(path); err != nil {
			return err
		}
	}
	var all []Entry
	for _, file := range files {
		entries, err := readFile(file)
		if errors.Is(err, ErrUnknownFormat) && info.IsDir() && isDocument(file) {
			continue
		}
		if err != nil {
			return err
		}
		all = append(all, entries...)
	}
	if len(all) == 0 {
		return fmt.Errorf("%s: %w", path, ErrNoCertificate)
	}
	return s.addAll(r, all)
}

// addAll adds entries. What the file says of the store is for formats that
// describe a whole machine; here the caller has named the store.
func (s *Store) addAll(r Role, entries []Entry) error {
	for _, e := range entries {
		if err := s.Add(r, e); err != nil {
			return err
		}
	}
	return nil
}

func readFile(path string) ([]Entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxStoreFile+1))
	if err != nil {
		return nil, err
	}
	return ReadStore(path, data)
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
