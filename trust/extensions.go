package trust

import (
	"bytes"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/cert"
)

// oidNameConstraints is the extension of RFC 5280 4.2.1.10. Package cert reads
// it as far as it is about servers; the rest is judged here.
const oidNameConstraints = "2.5.29.30"

// tolerated are critical extensions beyond those that package cert handles and
// that do not stand in the way of a signature, each with the reason. Any other
// one refuses the certificate (RFC 5280 4.2), as Windows does with
// CERT_TRUST_HAS_NOT_SUPPORTED_CRITICAL_EXT.
var tolerated = []struct{ oid, reason string }{
	{oidNameConstraints, "judged by judgeNames"},
	{"1.3.6.1.4.1.311.2.1.10", "SpcSpAgencyInfo: where the publisher's policy and logo are"},
	{"1.3.6.1.4.1.311.2.1.26", "SpcMinimalCriteria: a flag of the commercial publishers of the nineties"},
	{"1.3.6.1.4.1.311.21.2", "hash of the previous certificate of the authority"},
	{"1.3.6.1.4.1.311.21.11", "mapping of application policies: nothing asks for a mapped one"},
	{"2.16.840.1.113730.1.2", "Netscape base URL"},
	{"2.16.840.1.113730.1.8", "Netscape policy URL"},
}

// Not in the table, though seen: 2.5.29.4 keyUsageRestriction and
// 2.16.840.1.113730.1.1 Netscape certificate type, which limit what a key may
// do in ways nobody reads any more, and 1.3.6.1.4.1.11129.2.4.3, the
// poison that marks a pre-certificate.

// judgeExtensions refuses critical extensions that nobody here understands.
func judgeExtensions(c *cert.Certificate) []Problem {
	var ps []Problem
	for _, oid := range c.UnhandledCritical {
		if !slices.ContainsFunc(tolerated, func(t struct{ oid, reason string }) bool { return t.oid == oid }) {
			ps = append(ps, problem(CriticalExtension, c, oid))
		}
	}
	return ps
}

// Choices of GeneralName (RFC 5280 4.2.1.6) in a name constraint. Names of
// mail boxes and servers constrain nothing here: the names of signers are
// directory names.
var (
	tagDirectoryName = asn1.Tag(4).Constructed().ContextSpecific()
	serverNames      = []asn1.Tag{
		asn1.Tag(1).ContextSpecific(), // rfc822Name
		asn1.Tag(2).ContextSpecific(), // dNSName
		asn1.Tag(6).ContextSpecific(), // uniformResourceIdentifier
		asn1.Tag(7).ContextSpecific(), // iPAddress
	}
)

// judgeNames applies the name constraints of an issuer to the subjects below
// it (RFC 5280 6.1.3 b and c). Self-issued authorities are exempt, the leaf is not. Names are compared
// octet by octet, part by part: another string type for the same text can only
// refuse what is permitted for a permitted subtree; for an excluded one it
// could slip through, so an issuer with excluded directory names is refused
// altogether, as is one with constraints that cannot be read.
func judgeNames(issuer *cert.Certificate, below []*cert.Certificate) []Problem {
	i := slices.IndexFunc(issuer.Extensions, func(e cert.Extension) bool { return e.OID == oidNameConstraints })
	if i < 0 {
		return nil
	}
	permitted, limited, ok := permittedNames(issuer.Extensions[i].Value)
	if !ok {
		return []Problem{problem(NameNotPermitted, issuer, "its name constraints are not understood")}
	}
	if !limited {
		return nil
	}
	var ps []Problem
	for j, c := range below {
		if j > 0 && c.SelfIssued() {
			continue
		}
		if !slices.ContainsFunc(permitted, func(base []byte) bool { return within(c.RawSubject, base) }) {
			ps = append(ps, problem(NameNotPermitted, c, c.Subject.String()))
		}
	}
	return ps
}

// permittedNames reads NameConstraints. limited says that there are permitted
// directory names, and only those are.
func permittedNames(der []byte) (permitted [][]byte, limited, ok bool) {
	s := cryptobyte.String(der)
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !s.Empty() {
		return nil, false, false
	}
	for n := range 2 {
		var trees cryptobyte.String
		var present bool
		if !seq.ReadOptionalASN1(&trees, &present, asn1.Tag(uint8(n)).Constructed().ContextSpecific()) {
			return nil, false, false
		}
		for !trees.Empty() {
			name, tag, read := readSubtree(&trees)
			switch {
			case !read:
				return nil, false, false
			case slices.Contains(serverNames, tag):
			case tag == tagDirectoryName && n == 0:
				permitted, limited = append(permitted, name), true
			default:
				return nil, false, false
			}
		}
	}
	return permitted, limited, seq.Empty()
}

// readSubtree reads one GeneralSubtree. Minimum and maximum must be absent
// (RFC 5280 4.2.1.10); with the names of servers it does not matter.
func readSubtree(trees *cryptobyte.String) (name []byte, tag asn1.Tag, ok bool) {
	var tree, base cryptobyte.String
	if !trees.ReadASN1(&tree, asn1.SEQUENCE) || !tree.ReadAnyASN1(&base, &tag) {
		return nil, 0, false
	}
	return base, tag, tree.Empty() || slices.Contains(serverNames, tag)
}

// within reports whether the name begins with the relative names of base. Both
// are DER Names.
func within(name, base []byte) bool {
	n, b := cryptobyte.String(name), cryptobyte.String(base)
	var nameParts, baseParts cryptobyte.String
	return n.ReadASN1(&nameParts, asn1.SEQUENCE) && b.ReadASN1(&baseParts, asn1.SEQUENCE) && b.Empty() &&
		wholeParts(baseParts) && bytes.HasPrefix(nameParts, baseParts)
}

// wholeParts reports whether s is a sequence of whole relative names, so that
// a prefix of octets is a prefix of parts.
func wholeParts(s cryptobyte.String) bool {
	for !s.Empty() {
		if !s.SkipASN1(asn1.SET) {
			return false
		}
	}
	return true
}
