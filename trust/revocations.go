package trust

import (
	"errors"
	"fmt"
)

// ErrNoRevocation means that a file or folder that was given for its
// revocation data has none.
var ErrNoRevocation = errors.New("no revocation list and no OCSP response in it")

// LoadRevocations adds what a file, or every file of a folder and those below
// it, says about revocation: CRLs in any format of stores (DER and PEM foremost)
// and OCSP responses in DER. Certificates beside them are passed over. Of a
// folder, documents are too; anything else that cannot be read fails the whole,
// unless the options forgive it.
//
// Signatures are not verified here, where the issuers' certificates may not be
// known yet, but for each chain that the data is about: see [Verify].
func (s *Store) LoadRevocations(path string, o ReadOptions) error {
	files, folder, err := filesAt(path)
	if err != nil {
		return err
	}
	total := 0
	for _, file := range files {
		data, err := readBytes(file)
		if err != nil {
			return err
		}
		n, err := s.AddRevocations(file, data, o)
		if errors.Is(err, ErrUnknownFormat) && folder && isDocument(file) {
			continue
		}
		if err != nil {
			return err
		}
		total += n
	}
	if total == 0 {
		return fmt.Errorf("%s: %w", path, ErrNoRevocation)
	}
	return nil
}

// AddRevocations adds the CRLs and OCSP responses of one file and returns how
// many there were. The name is for messages.
func (s *Store) AddRevocations(name string, data []byte, o ReadOptions) (int, error) {
	if sniffOCSP(data) {
		answers, err := readOCSP(name, data)
		if err != nil {
			return 0, s.forgive(err, o)
		}
		s.evidence.addAnswers(answers)
		return 1, nil
	}
	c, err := ReadContents(name, data, o)
	if err != nil {
		return 0, err
	}
	s.warnings = append(s.warnings, c.Warnings...)
	total := 0
	for i := range c.Items {
		item := &c.Items[i]
		if item.Kind != RevocationListItem {
			continue
		}
		if err := s.addRevocationList(item); err != nil {
			if err := s.forgive(err, o); err != nil {
				return 0, err
			}
			continue
		}
		total++
	}
	return total, nil
}

// addRevocationList reads a CRL.
func (s *Store) addRevocationList(i *Item) error {
	l, err := readRevocationList(i.Source(), i.Raw)
	if err == nil {
		s.crls = append(s.crls, *i)
		s.evidence.addList(l)
	}
	return err
}

// forgive turns an error into a warning where the options say so.
func (s *Store) forgive(err error, o ReadOptions) error {
	if !o.SkipBad {
		return err
	}
	s.warnings = append(s.warnings, err.Error()+": passed over")
	return nil
}
