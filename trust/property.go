package trust

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/ctl"
)

// Property is something that a Windows store keeps beside a certificate, or
// that the root program's list says of one: a CERT_*_PROP_ID of wincrypt.h and
// its value.
type Property struct {
	ID    uint32
	Value []byte
}

// The properties that mean something here (trust-store reference, section 5.1;
// wincrypt.h). Others are kept and shown.
const (
	PropSHA1               = 3   // SHA-1 of the certificate
	PropUsages             = 9   // SEQUENCE OF OID: the usages allowed
	PropFriendlyName       = 11  // UTF-16LE, ends with NUL
	PropSignatureHash      = 15  // digest of the signed part
	PropKeyIdentifier      = 20  // subject key identifier
	PropPublicKeyMD5       = 25  // MD5 of the public key's bits
	PropSubjectMD5         = 29  // MD5 of the subject
	PropPolicies           = 83  // policies of extended validation
	PropNameConstraints    = 84  // restricts, and is not supported: see restrict
	PropSHA256             = 98  // SHA-256 of the certificate, in lists
	PropDisabledAt         = 104 // FILETIME
	PropChainPolicies      = 105 // SEQUENCE OF OID
	PropDisallowedUsages   = 122 // SEQUENCE OF OID
	PropNotBefore          = 126 // FILETIME
	PropNotBeforeUsages    = 127 // SEQUENCE OF OID that PropNotBefore is about
	PropDisabledAuthority  = 128 // restricts, and is not supported: see restrict
	propCertificate        = 0x20
	propRevocationList     = 0x21
	propTrustList          = 0x22
	propEnd                = 0
	maxPropertyID          = 0xFFFF
	maxUsagesInProperty    = 256 // the longest in the root program's list has some 30
	maxRestrictiveProperty = PropDisabledAuthority
)

// propertyNames are the words for people.
var propertyNames = map[uint32]string{
	PropSHA1: "SHA-1 hash", PropUsages: "allowed usages", PropFriendlyName: "friendly name",
	PropSignatureHash: "signature hash", PropKeyIdentifier: "key identifier", PropPublicKeyMD5: "public key MD5 hash",
	PropSubjectMD5: "subject MD5 hash", PropPolicies: "root program policies", PropNameConstraints: "name constraints",
	PropSHA256: "SHA-256 hash", PropDisabledAt: "disabled from", PropChainPolicies: "chain policies",
	PropDisallowedUsages: "disallowed usages", PropNotBefore: "not before", PropNotBeforeUsages: "not before usages",
	PropDisabledAuthority: "disabled as authority from",
}

// Name returns the property's name for people, such as "disabled from", or
// "property 107".
func (p Property) Name() string {
	if name, ok := propertyNames[p.ID]; ok {
		return name
	}
	return fmt.Sprintf("property %d", p.ID)
}

// ErrProperty is the error of a property whose value is not what its number
// asks for.
var ErrProperty = errors.New("damaged property")

// check fails for a property whose value cannot be understood and would have
// to be. An empty value stands for an absent property everywhere: so the root
// program takes a date back (section 5.1).
func (p Property) check() error {
	if len(p.Value) == 0 {
		return nil
	}
	fits := true
	switch p.ID {
	case PropSHA1:
		fits = len(p.Value) == 20
	case PropSHA256:
		fits = len(p.Value) == 32
	case PropDisabledAt, PropNotBefore:
		fits = len(p.Value) == 8
	case PropUsages, PropChainPolicies, PropDisallowedUsages, PropNotBeforeUsages:
		fits = isUsageList(p.Value)
	}
	if !fits {
		return fmt.Errorf("property %d (%s) of %d bytes: %w", p.ID, p.Name(), len(p.Value), ErrProperty)
	}
	return nil
}

func isUsageList(v []byte) bool {
	pos, end := step(v, 0, len(v), tagSequence)
	if end != len(v) {
		return false
	}
	for n := 0; pos < end; n++ {
		if _, pos = step(v, pos, end, tagIdentifier); pos < 0 || n == maxUsagesInProperty {
			return false
		}
	}
	return true
}

// usageList decodes a SEQUENCE OF OBJECT IDENTIFIER. A list without elements
// is not nil: it allows nothing, as "disable all purposes" does in Windows.
func usageList(v []byte) ([]string, error) {
	s := cryptobyte.String(v)
	var body cryptobyte.String
	if !isUsageList(v) || !s.ReadASN1(&body, asn1.SEQUENCE) {
		return nil, ErrProperty
	}
	list := []string{}
	for !body.Empty() {
		var oid cryptobyte.String
		if !body.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
			return nil, ErrProperty
		}
		dotted := ctl.OID(oid).String()
		if dotted == "" {
			return nil, ErrProperty
		}
		list = append(list, dotted)
	}
	return list, nil
}

// filetime decodes a FILETIME: units of 100 ns since 1601-01-01 UTC. Zero and
// what lies beyond the year 9999 is no date that anybody meant.
func filetime(v []byte) (time.Time, error) {
	if len(v) != 8 {
		return time.Time{}, ErrProperty
	}
	const toUnix, last = 11644473600, 265046774399 // seconds from 1601 to 1970, and to 9999-12-31
	n := binary.LittleEndian.Uint64(v)
	seconds := n / 1e7
	if n == 0 || seconds > last {
		return time.Time{}, ErrProperty
	}
	return time.Unix(int64(seconds)-toUnix, int64(n%1e7)*100).UTC(), nil
}

// restrict reads the restrictions out of properties. The remarks name what is
// restricted in a way that is not understood; the root then serves no purpose
// at all, which can only be too strict.
func restrict(properties []Property) (r Restrictions, remarks []string, err error) {
	for _, p := range properties {
		if len(p.Value) == 0 {
			continue
		}
		switch p.ID {
		case PropUsages:
			r.EKUs, err = usageList(p.Value)
		case PropDisallowedUsages:
			r.DisallowedEKUs, err = usageList(p.Value)
		case PropNotBeforeUsages:
			r.NotBeforeEKUs, err = usageList(p.Value)
		case PropDisabledAt:
			r.DisabledAt, err = filetime(p.Value)
		case PropNotBefore:
			r.NotBefore, err = filetime(p.Value)
		case PropNameConstraints, PropDisabledAuthority:
			remarks = append(remarks, fmt.Sprintf("property %d (%s) is not supported: the root is taken to serve no purpose", p.ID, p.Name()))
		}
		if err != nil {
			return Restrictions{}, nil, fmt.Errorf("property %d (%s): %w", p.ID, p.Name(), err)
		}
	}
	if remarks != nil {
		r.EKUs = []string{}
	}
	return r, remarks, nil
}

// find returns the value of a property, or nil.
func find(properties []Property, id uint32) []byte {
	for _, p := range properties {
		if p.ID == id {
			return p.Value
		}
	}
	return nil
}

// friendlyName decodes property 11; "" when there is none or it is no text.
func friendlyName(properties []Property) string {
	v := find(properties, PropFriendlyName)
	var units []uint16
	for ; len(v) >= 2; v = v[2:] {
		u := binary.LittleEndian.Uint16(v)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// and returns what both allow. Two dates become the earlier one, for the
// usages of both, which may be stricter than either.
func (r Restrictions) and(o Restrictions) Restrictions {
	earlier := func(a, b time.Time) time.Time {
		if a.IsZero() || !b.IsZero() && b.Before(a) {
			return b
		}
		return a
	}
	both := Restrictions{
		EKUs:           r.EKUs,
		DisallowedEKUs: slices.Concat(r.DisallowedEKUs, o.DisallowedEKUs),
		DisabledAt:     earlier(r.DisabledAt, o.DisabledAt),
		NotBefore:      earlier(r.NotBefore, o.NotBefore),
	}
	switch {
	case r.EKUs == nil:
		both.EKUs = o.EKUs
	case o.EKUs != nil:
		both.EKUs = []string{}
		for _, oid := range r.EKUs {
			if slices.Contains(o.EKUs, oid) {
				both.EKUs = append(both.EKUs, oid)
			}
		}
	}
	switch {
	case r.NotBefore.IsZero():
		both.NotBeforeEKUs = o.NotBeforeEKUs
	case o.NotBefore.IsZero():
		both.NotBeforeEKUs = r.NotBeforeEKUs
	case r.NotBeforeEKUs != nil && o.NotBeforeEKUs != nil:
		both.NotBeforeEKUs = slices.Concat(r.NotBeforeEKUs, o.NotBeforeEKUs)
	}
	return both
}
