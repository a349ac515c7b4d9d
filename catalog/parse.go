package catalog

import (
	"errors"
	"fmt"

	"prestage/authenticode"
	"prestage/authenticode/ctl"
)

// The object identifiers of catalogs (rule 58, section B.2), dotted.
const (
	OIDUsage           = "1.3.6.1.4.1.311.12.1.1" // subjectUsage of every catalog
	OIDMembersVersion1 = "1.3.6.1.4.1.311.12.1.2" // subjectAlgorithm of version 1
	OIDMembersVersion2 = "1.3.6.1.4.1.311.12.1.3" // subjectAlgorithm of version 2
	OIDNameValue       = "1.3.6.1.4.1.311.12.2.1" // CatNameValue: extension, or attribute of a member
	OIDMemberInfo      = "1.3.6.1.4.1.311.12.2.2" // CatMemberInfo
	OIDMemberInfo2     = "1.3.6.1.4.1.311.12.2.3" // CatMemberInfo2
)

// tagSequence is the identifier octet of SEQUENCE.
const tagSequence = 0x30

// Errors of Parse, besides those of package authenticode and package ctl,
// which it wraps.
var (
	// ErrVersion: the members are named in a way that is not known.
	ErrVersion = errors.New("catalog is neither of version 1 nor of version 2")

	// ErrCriticalExtension: the list says that it must not be used by who
	// does not know an extension, and it is not known here.
	ErrCriticalExtension = errors.New("catalog has a critical extension that is not known")

	// ErrTrailing: the file does not end with the signed message.
	ErrTrailing = errors.New("catalog is followed by other data")
)

// Parse reads a catalog file: a PKCS#7 SignedData whose content is a
// certificate trust list (rule 58). It accepts unsigned catalogs and those
// whose signature does not hold; see Signed and Signature.
//
// errors.Is(err, ErrNotCatalog) says that the file is of another kind, a
// placeholder for instance; the text names it. Any other error is that of a
// broken catalog. The Catalog is nil in both cases.
func Parse(der []byte) (*Catalog, error) {
	if err := sniff(der); err != nil {
		return nil, err
	}
	signature, err := authenticode.ParseSignature(der)
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	if err := checkContent(signature); err != nil {
		return nil, err
	}
	padding, err := checkTrailing(signature.Trailing, len(der))
	if err != nil {
		return nil, err
	}
	list, err := ctl.Parse(signature.Content)
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", position(err, der, signature.Content))
	}
	c, err := fromList(list)
	if err != nil {
		return nil, err
	}
	c.Signature, c.Padding = signature, padding
	if c.Ordered = signature.Ordered; c.Ordered == nil && list.Ordered != nil {
		c.Ordered = position(list.Ordered, der, signature.Content)
	}
	return c, nil
}

// checkContent refuses signed messages about something else than a list.
func checkContent(s *authenticode.Signature) error {
	switch {
	case s.ContentType == authenticode.OIDIndirectData:
		return notCatalog("a PKCS#7 message of another content type: the Authenticode signature of one file")
	case s.ContentType != authenticode.OIDCertTrustList:
		return notCatalog("a PKCS#7 message of another content type, %s", s.ContentType)
	case s.ContentTag != tagSequence:
		return fmt.Errorf("catalog: content has tag 0x%02x, a list has 0x%02x", s.ContentTag, tagSequence)
	}
	return nil
}

// checkTrailing accepts zero octets after the message, as file systems and
// certificate tables leave them, and nothing else: what else there is was put
// there by somebody and is covered by no signature.
func checkTrailing(trailing []byte, size int) (padding int, err error) {
	for i, b := range trailing {
		if b != 0 {
			return 0, fmt.Errorf("offset %d: %w", size-len(trailing)+i, ErrTrailing)
		}
	}
	return len(trailing), nil
}

// fromList gives the parts of the list their meaning.
func fromList(list *ctl.List) (*Catalog, error) {
	if len(list.Usage) != 1 || list.Usage[0] != OIDUsage {
		return nil, notCatalog("a certificate trust list of another usage, %s", usageText(list.Usage))
	}
	c := &Catalog{
		ListIdentifier: list.ListIdentifier,
		ThisUpdate:     list.ThisUpdate,
		NextUpdate:     list.NextUpdate,
	}
	switch list.SubjectAlgorithm {
	case OIDMembersVersion1:
		c.Version = 1
	case OIDMembersVersion2:
		c.Version = 2
	default:
		return nil, fmt.Errorf("%w: subjectAlgorithm is %s", ErrVersion, list.SubjectAlgorithm)
	}
	if err := c.readExtensions(list.Extensions); err != nil {
		return nil, err
	}
	c.Members = make([]Member, len(list.Entries))
	c.index = newIndex(len(list.Entries))
	for i, entry := range list.Entries {
		m := &c.Members[i]
		m.read(entry, c.Version)
		if c.index.add(i, m) {
			c.Duplicates++
		}
	}
	return c, nil
}

func (c *Catalog) readExtensions(extensions []ctl.Extension) error {
	for i, e := range extensions {
		if e.OID != OIDNameValue {
			if e.Critical {
				return fmt.Errorf("%w: %s", ErrCriticalExtension, e.OID)
			}
			continue
		}
		v, ok := readNameValue(e.Value)
		if !ok {
			return fmt.Errorf("catalog: extension %d: name/value is malformed", i)
		}
		c.Attributes = append(c.Attributes, v.decode())
		c.osAttr.add(v)
	}
	return nil
}

// usageText lists identifiers for a message.
func usageText(usage []string) string {
	switch {
	case len(usage) == 0:
		return "none at all"
	case len(usage) > 1:
		return fmt.Sprintf("%s and %d more", usage[0], len(usage)-1)
	case usage[0] == "1.3.6.1.4.1.311.10.3.9":
		return usage[0] + ": a list of trusted roots (authroot.stl)"
	case usage[0] == "1.3.6.1.4.1.311.10.3.30":
		return usage[0] + ": a list of distrusted certificates (disallowedcert.stl)"
	}
	return usage[0]
}

// position turns the offset of a *ctl.FormatError from one within the content
// into one within the file. Content that was converted on the way, from
// indefinite lengths, is no part of the file; then the error says that its
// offset counts from the content.
func position(err error, der, content []byte) error {
	var format *ctl.FormatError
	if !errors.As(err, &format) {
		return err
	}
	base := cap(der) - cap(content)
	if len(content) == 0 || base < 0 || base >= len(der) || &der[base] != &content[0] {
		return fmt.Errorf("content %w", err)
	}
	return &ctl.FormatError{Offset: base + format.Offset, Field: format.Field, Err: format.Err}
}
