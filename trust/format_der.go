package trust

import (
	"fmt"

	"prestage/authenticode/cert"
)

// sniffDER tells a certificate, which begins with a SEQUENCE in a SEQUENCE,
// from the other DER files of Windows, which begin with a SEQUENCE and an
// object identifier. Only the first bytes are looked at, so that a damaged
// certificate is called damaged and not unknown.
func sniffDER(data []byte) bool {
	if len(data) < 2 || data[0] != tagSequence {
		return false
	}
	header := 2
	if data[1]&0x80 != 0 {
		header += int(data[1] & 0x7f)
	}
	return len(data) <= header || data[header] == tagSequence
}

// der reads one DER certificate or CRL, or several one after the other.
func (r *reading) der(data []byte) {
	r.expect(len(data))
	for run := (elements{data}); len(run.rest) > 0; {
		where := r.at(len(data)-len(run.rest), 0)
		element, ok := run.take(tagSequence)
		if !ok {
			r.damaged(where, fmt.Errorf("damaged DER certificate: %w", cert.ErrSyntax))
			return // nobody knows where the next one begins
		}
		item := Item{Kind: CertificateItem, Raw: element, place: where}
		var err error
		if item.outline, err = outlineOf(element); err != nil && isRevocationList(element) {
			item.Kind, err = RevocationListItem, nil
		}
		if err != nil && !r.damaged(where, err) || err == nil && !r.keep(&item) {
			return
		}
	}
}

// isRevocationList tells a CRL from a certificate by the first fields of what
// is signed (RFC 5280 4.1 and 5.1): a certificate has a version in [0] or a
// serial number and then an algorithm, a CRL a plain version, or none, and
// then algorithm, issuer and a time.
func isRevocationList(element []byte) bool {
	whole := elements{contents(element)}
	tbs, ok := whole.take(tagSequence)
	if !ok {
		return false
	}
	fields := elements{contents(tbs)}
	fields.take(tagInteger)
	if _, ok := fields.take(tagSequence); !ok {
		return false
	}
	if _, ok := fields.take(tagSequence); !ok {
		return false
	}
	const utcTime, generalizedTime = 0x17, 0x18
	return len(fields.rest) > 0 && (fields.rest[0] == utcTime || fields.rest[0] == generalizedTime)
}
