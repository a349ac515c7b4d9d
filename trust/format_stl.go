package trust

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode"
	"prestage/authenticode/cert"
	"prestage/authenticode/ctl"
)

// Errors of trust lists.
var (
	// ErrList is the error of a list that is not made as the root program
	// makes them.
	ErrList = errors.New("damaged certificate trust list")
	// ErrUnverifiedList is the error of a list that is not proven to come from
	// Microsoft.
	ErrUnverifiedList = errors.New("the list's signature cannot be verified; to take it at its word, use --accept-unsigned-list")
)

// Ways to name a subject (subjectAlgorithm), one for each kind of list.
const (
	oidSHA1           = authenticode.OIDSHA1
	oidDisallowedHash = "1.3.6.1.4.1.311.10.11.15" // szOID_DISALLOWED_HASH: the number of the property signature hash
)

// propertyPrefix begins the DER of the attribute types of a list's entries:
// 1.3.6.1.4.1.311.10.11, followed by the number of the property.
const propertyPrefix = "\x2b\x06\x01\x04\x01\x82\x37\x0a\x0b"

// sniffTrustList recognises the root program's two lists. A catalog is a trust
// list too, and no certificate store.
func sniffTrustList(data []byte) bool { return isSignedData(data) && listUsage(data) != "" }

// hasTrustList reports whether the content of a SignedData is a trust list.
func hasTrustList(data []byte) bool {
	_, ok := listContent(data)
	return ok
}

// listContent returns the contents of the CertificateTrustList in a SignedData.
func listContent(data []byte) ([]byte, bool) {
	fields, ok := signedDataFields(data)
	if !ok {
		return nil, false
	}
	fields.take(tagInteger)
	fields.take(tagSet)
	info, ok := fields.take(tagSequence)
	if !ok || !bytes.HasPrefix(contents(info), []byte(oidTrustList)) {
		return nil, false
	}
	inner := elements{contents(info)}
	inner.take(tagIdentifier)
	wrapped, _ := inner.take(0xa0)
	if wrapped == nil {
		return nil, true
	}
	body := elements{contents(wrapped)}
	list, ok := body.take(tagSequence)
	if !ok {
		return nil, true
	}
	return contents(list), true
}

// listUsage returns the usage of a list if it is one of the root program's,
// and else "".
func listUsage(data []byte) string {
	content, _ := listContent(data)
	s := cryptobyte.String(content)
	var usages, usage cryptobyte.String
	if !s.SkipOptionalASN1(asn1.INTEGER) || !s.ReadASN1(&usages, asn1.SEQUENCE) || !usages.ReadASN1(&usage, asn1.OBJECT_IDENTIFIER) {
		return ""
	}
	if oid := ctl.OID(usage).String(); listKinds[oid] != UnknownList {
		return oid
	}
	return ""
}

// listKinds says what list has which usage.
var listKinds = map[string]ListKind{OIDRootListSigner: RootList, OIDDisallowedList: DisallowedList}

// trustList reads authroot.stl or disallowedcert.stl.
func (r *reading) trustList(data []byte) { r.list(r.at(0, 0), data, UnknownRole) }

// list reads one of the lists and keeps it if it is proven, or accepted, to be
// Microsoft's. The result says whether reading may go on.
func (r *reading) list(where place, data []byte, role Role) bool {
	l, sig, err := readList(data)
	if err != nil {
		return r.damaged(where, err)
	}
	l.Source = where.file
	if where.key != "" {
		l.Source += ": " + where.key
	}
	if role != UnknownRole && role.base() != l.Kind.Role() {
		return r.damaged(where, fmt.Errorf("a list of %s in the store %s: %w", l.Kind, role, ErrList))
	}
	if err := verifyList(l, sig, r.options.listRoot); err != nil {
		l.Problem = err.Error()
		if !r.options.AcceptUnsignedList {
			if r.err == nil { // not a damaged record: nothing but the option forgives it
				r.err = fmt.Errorf("%s: %w: %w", where, ErrUnverifiedList, err)
			}
			return false
		}
	}
	l.Verified = l.Problem == ""
	r.found.Lists = append(r.found.Lists, l)
	return true
}

// readList reads the content of a list, which listUsage has found to fill data.
func readList(data []byte) (*List, *authenticode.Signature, error) {
	sig, err := authenticode.ParseSignature(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	if sig.ContentType != authenticode.OIDCertTrustList || sig.ContentTag != tagSequence {
		return nil, nil, fmt.Errorf("%w: content %s", ErrList, sig.ContentType)
	}
	content, err := ctl.Parse(sig.Content)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	if len(content.Usage) != 1 || listKinds[content.Usage[0]] == UnknownList {
		return nil, nil, fmt.Errorf("%w: usage %q", ErrList, content.Usage)
	}
	l := &List{ListInfo: ListInfo{
		Kind: listKinds[content.Usage[0]], Date: content.ThisUpdate.UTC(), SequenceNumber: content.SequenceNumber, Entries: len(content.Entries),
	}}
	if err := l.fill(content); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	return l, sig, nil
}

// fill reads the entries.
func (l *List) fill(content *ctl.List) error {
	want := map[ListKind]string{RootList: oidSHA1, DisallowedList: oidDisallowedHash}[l.Kind]
	if content.SubjectAlgorithm != want {
		return fmt.Errorf("subjects named by %s, want %s", content.SubjectAlgorithm, want)
	}
	if len(content.Entries) > maxStoreEntries {
		return ErrStoreTooBig
	}
	for i, e := range content.Entries {
		var err error
		if l.Kind == RootList {
			err = l.addRoot(e)
		} else {
			err = l.addDisallowed(e)
		}
		if err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return nil
}

func (l *List) addRoot(e ctl.Entry) error {
	if len(e.Tag) != 20 {
		return fmt.Errorf("identifier of %d bytes, want an SHA-1", len(e.Tag))
	}
	root := ListedRoot{SHA1: [20]byte(e.Tag)}
	var err error
	if root.Properties, err = entryProperties(e); err != nil {
		return err
	}
	if root.Restrictions, root.Remarks, err = restrict(root.Properties); err != nil {
		return err
	}
	if sum := find(root.Properties, PropSHA256); len(sum) == 32 {
		root.SHA256 = [32]byte(sum)
	}
	root.Name = friendlyName(root.Properties)
	if l.bySHA1 == nil {
		l.bySHA1 = make(map[[20]byte]int)
	}
	if _, twice := l.bySHA1[root.SHA1]; twice {
		return fmt.Errorf("%x is there twice", root.SHA1)
	}
	l.bySHA1[root.SHA1] = len(l.roots)
	l.roots = append(l.roots, root)
	return nil
}

// Identifiers of distrusted certificates are digests: MD5 to SHA-512.
const (
	minIdentifier = 16
	maxIdentifier = 64
)

func (l *List) addDisallowed(e ctl.Entry) error {
	if len(e.Tag) < minIdentifier || len(e.Tag) > maxIdentifier {
		return fmt.Errorf("identifier of %d bytes is no digest", len(e.Tag))
	}
	if l.identifiers == nil {
		l.identifiers = make(map[string]bool)
	}
	l.identifiers[string(e.Tag)] = true
	return nil
}

// entryProperties reads the attributes of an entry that are properties of its
// certificate.
func entryProperties(e ctl.Entry) ([]Property, error) {
	var list []Property
	seen := map[uint32]bool{}
	for oid, values := range e.Attributes() {
		number, ok := bytes.CutPrefix(oid, []byte(propertyPrefix))
		if !ok {
			continue
		}
		id, ok := base128(number)
		var value cryptobyte.String
		if !ok || !values.ReadASN1(&value, asn1.OCTET_STRING) || !values.Empty() {
			return nil, fmt.Errorf("attribute %s: %w", oid, ErrProperty)
		}
		p := Property{id, value}
		if err := p.check(); err != nil {
			return nil, err
		}
		if seen[id] {
			return nil, fmt.Errorf("property %d (%s) is there twice: %w", id, p.Name(), ErrProperty)
		}
		seen[id] = true
		list = append(list, p)
	}
	return list, nil
}

// base128 decodes one arc of an object identifier that is a property number.
func base128(b []byte) (uint32, bool) {
	var n uint32
	for i, octet := range b {
		n = n<<7 | uint32(octet&0x7f)
		if octet&0x80 == 0 {
			return n, i == len(b)-1 && n <= maxPropertyID
		}
		if n > maxPropertyID {
			return 0, false
		}
	}
	return 0, false
}

// listPurposes say what a signer of each kind of list must be allowed to do.
var listPurposes = map[ListKind]Purpose{RootList: RootListSigning, DisallowedList: DisallowedListSigning}

// verifyList proves that a list comes from Microsoft: signed by a certificate
// for exactly this kind of list, under Microsoft's root of 2010 and no other.
// Signer and chain are judged at the list's own date: the signature has no
// time stamp and its certificate lives for a year, so a list would else be
// worth nothing soon after it was made. That the date is a mere claim does no
// harm; it is part of what is signed.
func verifyList(l *List, sig *authenticode.Signature, root *cert.Certificate) error {
	if root == nil {
		var err error
		if root, err = listRoot(); err != nil {
			return err
		}
	}
	store := NewStore()
	store.AddRoot(root, "embedded root")
	v := Verify(sig, store, Options{At: l.Date, Purpose: listPurposes[l.Kind]})
	if !v.Trusted {
		if err := v.Err(); err != nil {
			return err
		}
		return errors.New("not trusted")
	}
	l.Signer = v.Chain[0]
	return nil
}
