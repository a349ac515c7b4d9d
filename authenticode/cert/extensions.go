package cert

import (
	"crypto/x509"
	encoding "encoding/asn1"
	"fmt"
	"math"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// The extensions that decide what a certificate may do (RFC 5280, section
// 4.2.1) and Microsoft's application policies.
const (
	oidSubjectKeyID        = "2.5.29.14"
	oidKeyUsage            = "2.5.29.15"
	oidBasicConstraints    = "2.5.29.19"
	oidNameConstraints     = "2.5.29.30"
	oidAuthorityKeyID      = "2.5.29.35"
	oidExtendedKeyUsage    = "2.5.29.37"
	oidApplicationPolicies = "1.3.6.1.4.1.311.21.10"
)

// readers holds, per OID, what fills the fields. Each returns false when the
// value is malformed or has a meaning that this package does not implement,
// and leaves the certificate with less power, never with more.
var readers = map[string]func(c *Certificate, value cryptobyte.String) bool{
	oidSubjectKeyID:        (*Certificate).readSubjectKeyID,
	oidKeyUsage:            (*Certificate).readKeyUsage,
	oidBasicConstraints:    (*Certificate).readBasicConstraints,
	oidNameConstraints:     (*Certificate).readNameConstraints,
	oidAuthorityKeyID:      (*Certificate).readAuthorityKeyID,
	oidExtendedKeyUsage:    (*Certificate).readExtendedKeyUsage,
	oidApplicationPolicies: (*Certificate).readApplicationPolicies,
}

// harmless extensions may be critical without any effect on whether a
// certificate can sign code: they speak of names of servers, of revocation,
// or of certificate policies, which Windows asks for only where a caller
// demands one.
var harmless = []string{
	"2.5.29.16",              // private key usage period
	"2.5.29.17",              // subject alternative name
	"2.5.29.18",              // issuer alternative name
	"2.5.29.31",              // CRL distribution points
	"2.5.29.32",              // certificate policies
	"2.5.29.33",              // policy mappings
	"2.5.29.36",              // policy constraints
	"2.5.29.54",              // inhibit anyPolicy
	"1.3.6.1.5.5.7.1.1",      // authority information access
	"1.3.6.1.4.1.311.20.2",   // Microsoft: certificate template name
	"1.3.6.1.4.1.311.21.1",   // Microsoft: CA version
	"1.3.6.1.4.1.311.21.7",   // Microsoft: certificate template
	"1.3.6.1.4.1.311.2.1.27", // Microsoft: financial criteria
	"2.16.840.1.113730.1.13", // Netscape comment
}

func readExtensions(list cryptobyte.String) ([]Extension, error) {
	var all []Extension
	for !list.Empty() {
		if len(all) == maxExtensions {
			return nil, fmt.Errorf("extensions: %w (limit %d)", ErrTooMany, maxExtensions)
		}
		e, ok := readExtension(&list)
		if !ok {
			return nil, syntax(fmt.Sprintf("extension %d", len(all)+1))
		}
		all = append(all, e)
	}
	return all, nil
}

func readExtension(list *cryptobyte.String) (e Extension, ok bool) {
	var s, value cryptobyte.String
	if !list.ReadASN1(&s, asn1.SEQUENCE) {
		return e, false
	}
	if e.OID, ok = readOID(&s); !ok {
		return e, false
	}
	if s.PeekASN1Tag(asn1.BOOLEAN) && !readBoolean(&s, &e.Critical) {
		return e, false
	}
	if !s.ReadASN1(&value, asn1.OCTET_STRING) || !s.Empty() {
		return e, false
	}
	e.Value = value
	return e, true
}

// readBoolean takes any non-zero octet as true: BER allows it, and true is the
// stricter reading of "critical". For cA see readBasicConstraints.
func readBoolean(s *cryptobyte.String, out *bool) bool {
	var octets cryptobyte.String
	if !s.ReadASN1(&octets, asn1.BOOLEAN) || len(octets) != 1 {
		return false
	}
	*out = octets[0] != 0
	return true
}

// interpret fills the fields that come from extensions. A value that cannot be
// read, and every copy of an extension that is there twice, counts as
// unhandled, and grantNothing takes away what it might have granted.
func (c *Certificate) interpret() {
	seen := make(map[string]int, len(c.Extensions))
	for _, e := range c.Extensions {
		seen[e.OID]++
	}
	for _, e := range c.Extensions {
		handled := slices.Contains(harmless, e.OID)
		if reader := readers[e.OID]; reader != nil {
			handled = seen[e.OID] == 1 && reader(c, e.Value)
			if !handled {
				c.grantNothing(e.OID)
			}
		}
		// RFC 5280, section 4.2.1.10: name constraints must be critical. A CA
		// that forgot the flag has constrained its names all the same.
		if !handled && (e.Critical || e.OID == oidNameConstraints) {
			c.UnhandledCritical = append(c.UnhandledCritical, e.OID)
		}
	}
}

// grantNothing records that the extension is there and permits nothing.
func (c *Certificate) grantNothing(oid string) {
	switch oid {
	case oidSubjectKeyID:
		c.SubjectKeyID = nil
	case oidAuthorityKeyID:
		c.AuthorityKeyID = nil
	case oidKeyUsage:
		c.HasKeyUsage, c.KeyUsage = true, 0
	case oidBasicConstraints:
		c.HasBasicConstraints, c.IsCA, c.MaxPathLen = true, false, 0
	case oidExtendedKeyUsage:
		c.HasEKU, c.EKUs = true, nil
	case oidApplicationPolicies:
		c.HasApplicationPolicies, c.ApplicationPolicies = true, nil
	}
}

func (c *Certificate) readSubjectKeyID(s cryptobyte.String) bool {
	var id cryptobyte.String
	if !s.ReadASN1(&id, asn1.OCTET_STRING) || !s.Empty() {
		return false
	}
	c.SubjectKeyID = id
	return true
}

// readAuthorityKeyID keeps the key identifier. Issuer and serial number, the
// other half of the extension, are a hint that nothing needs.
func (c *Certificate) readAuthorityKeyID(s cryptobyte.String) bool {
	var seq, id cryptobyte.String
	var present bool
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !s.Empty() ||
		!seq.ReadOptionalASN1(&id, &present, asn1.Tag(0).ContextSpecific()) {
		return false
	}
	if present {
		c.AuthorityKeyID = id
	}
	return true
}

func (c *Certificate) readKeyUsage(s cryptobyte.String) bool {
	var bits encoding.BitString
	if !s.ReadASN1BitString(&bits) || !s.Empty() {
		return false
	}
	c.HasKeyUsage = true
	for i := range 9 { // digitalSignature (0) to decipherOnly (8), as x509.KeyUsage numbers them
		if bits.At(i) != 0 {
			c.KeyUsage |= x509.KeyUsage(1) << i
		}
	}
	return true
}

// readBasicConstraints asks for DER in the one BOOLEAN that grants something.
func (c *Certificate) readBasicConstraints(s cryptobyte.String) bool {
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !s.Empty() {
		return false
	}
	isCA, limit := false, -1
	if seq.PeekASN1Tag(asn1.BOOLEAN) && !seq.ReadASN1Boolean(&isCA) {
		return false
	}
	if seq.PeekASN1Tag(asn1.INTEGER) {
		var n uint64
		if !seq.ReadASN1Integer(&n) || n > math.MaxInt32 {
			return false
		}
		limit = int(n)
	}
	if !seq.Empty() {
		return false
	}
	c.HasBasicConstraints, c.IsCA, c.MaxPathLen = true, isCA, limit
	return true
}

func (c *Certificate) readExtendedKeyUsage(s cryptobyte.String) bool {
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !s.Empty() {
		return false
	}
	var oids []string
	for !seq.Empty() {
		oid, ok := readOID(&seq)
		if !ok || len(oids) == maxUsages {
			return false
		}
		oids = append(oids, oid)
	}
	c.HasEKU, c.EKUs = true, oids
	return true
}

// readApplicationPolicies reads a list in the syntax of certificate policies
// (RFC 5280, section 4.2.1.4): only the identifiers matter.
func (c *Certificate) readApplicationPolicies(s cryptobyte.String) bool {
	var seq, policy cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !s.Empty() {
		return false
	}
	var oids []string
	for !seq.Empty() {
		if len(oids) == maxUsages || !seq.ReadASN1(&policy, asn1.SEQUENCE) {
			return false
		}
		oid, ok := readOID(&policy)
		if !ok {
			return false
		}
		oids = append(oids, oid)
	}
	c.HasApplicationPolicies, c.ApplicationPolicies = true, oids
	return true
}

// The GeneralName choices that cannot apply to the subject of a code signer.
var serverNames = []asn1.Tag{
	asn1.Tag(1).ContextSpecific(), // rfc822Name
	asn1.Tag(2).ContextSpecific(), // dNSName
	asn1.Tag(6).ContextSpecific(), // uniformResourceIdentifier
	asn1.Tag(7).ContextSpecific(), // iPAddress
}

// readNameConstraints handles constraints on the names of servers and mail
// boxes by having nothing to apply them to. Constraints on directory names
// are not implemented: they stay unhandled.
func (c *Certificate) readNameConstraints(s cryptobyte.String) bool {
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !s.Empty() {
		return false
	}
	for n := range 2 { // permittedSubtrees, excludedSubtrees
		var trees, tree, base cryptobyte.String
		var present bool
		var tag asn1.Tag
		if !seq.ReadOptionalASN1(&trees, &present, asn1.Tag(n).ContextSpecific().Constructed()) {
			return false
		}
		for !trees.Empty() {
			if !trees.ReadASN1(&tree, asn1.SEQUENCE) || !tree.ReadAnyASN1(&base, &tag) || !slices.Contains(serverNames, tag) {
				return false
			}
		}
	}
	return seq.Empty()
}
