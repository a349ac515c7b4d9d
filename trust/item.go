package trust

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"prestage/authenticode/cert"
)

// ItemKind says what an element of a store is.
type ItemKind int

const (
	// UnknownItem is nothing that a store holds.
	UnknownItem ItemKind = iota
	// CertificateItem is a certificate.
	CertificateItem
	// RevocationListItem is a CRL.
	RevocationListItem
	// TrustListItem is a CTL that is no list of the root program, and without
	// meaning here. Those that are stand in Contents.Lists.
	TrustListItem
)

// String returns "unknown", "certificate", "crl" or "ctl".
func (k ItemKind) String() string { return word(int(k), "unknown", "certificate", "crl", "ctl") }

// Item is one element of a file that describes stores, not read yet: of a
// certificate only the outline is known to be right.
type Item struct {
	Kind ItemKind
	// Raw is the element's DER, a slice of the file.
	Raw []byte
	// Role is the store that the file says the element stands in; UnknownRole
	// where the format does not say.
	Role Role

	groups     []byte     // properties as written, or
	properties []Property // as read
	place      place
	outline    outline // of a certificate
}

// Properties returns what the file keeps beside the element, in its order.
func (i *Item) Properties() []Property {
	if i.groups != nil {
		return propertiesOf(i.groups)
	}
	return slices.Clone(i.properties)
}

// The parts of a certificate's outline.
func (i *Item) tbs() []byte     { return i.outline.tbs.of(i.Raw) }
func (i *Item) subject() []byte { return i.outline.subject.of(i.Raw) }

// Source says which file the element is from, and where in it.
func (i *Item) Source() string { return i.place.String() }

// place is a position in a file, put into words only when somebody asks.
type place struct {
	file   string
	line   int32 // of a text; 0 for others
	offset int32 // of other files; -1 where there is none
	record int32 // counted from 1; 0 where there is only one
	key    string
}

// String names the file first, then the position, then the record.
func (p place) String() string {
	s := p.file
	switch {
	case p.line > 0:
		s += fmt.Sprintf(":%d", p.line)
	case p.offset >= 0:
		s += fmt.Sprintf(": offset %d", p.offset)
	}
	if p.record > 0 {
		s += fmt.Sprintf(": record %d", p.record)
	}
	if p.key != "" {
		s += ": " + p.key
	}
	return s
}

// ErrHash is the error of a certificate whose SHA-1 or SHA-256 is not the one
// that its store keeps beside it.
var ErrHash = errors.New("the certificate is not the one that the store's hash is of")

// Entry reads a certificate with what its store says of it.
func (i *Item) Entry() (Entry, error) {
	if i.Kind != CertificateItem {
		return Entry{}, fmt.Errorf("%s: a %s, no certificate", i.place, i.Kind)
	}
	c, err := cert.Parse(i.Raw)
	if err != nil {
		return Entry{}, fmt.Errorf("%s: %w", i.place, err)
	}
	if err := i.checkHash(); err != nil {
		return Entry{}, fmt.Errorf("%s: %w", i.place, err)
	}
	properties := i.Properties()
	restrictions, remarks, err := restrict(properties)
	if err != nil {
		return Entry{}, fmt.Errorf("%s: %w", i.place, err)
	}
	return Entry{
		Certificate: c, Restrictions: restrictions, Role: i.Role, Source: i.Source(),
		Properties: properties, Name: friendlyName(properties), Remarks: remarks,
	}, nil
}

// checkHash compares the certificate with the SHA-1 and SHA-256 that its store
// keeps beside it, if it does.
func (i *Item) checkHash() error {
	properties := i.Properties()
	if sum := find(properties, PropSHA1); len(sum) > 0 {
		if own := sha1.Sum(i.Raw); !bytes.Equal(sum, own[:]) {
			return ErrHash
		}
	}
	if sum := find(properties, PropSHA256); len(sum) > 0 {
		if own := sha256.Sum256(i.Raw); !bytes.Equal(sum, own[:]) {
			return ErrHash
		}
	}
	return nil
}

func sha1Hex(b []byte) string { return fmt.Sprintf("%x", sha1.Sum(b)) }
