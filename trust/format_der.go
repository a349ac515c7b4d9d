package trust

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode/cert"
)

// sniffDER tells a certificate, which begins with a SEQUENCE in a SEQUENCE,
// from the other DER files of Windows, which begin with a SEQUENCE and an
// object identifier. Only the first bytes are looked at, so that a damaged
// certificate is called damaged and not unknown.
func sniffDER(data []byte) bool {
	if len(data) < 2 || data[0] != 0x30 {
		return false
	}
	header := 2
	if data[1]&0x80 != 0 {
		header += int(data[1] & 0x7f)
	}
	return len(data) <= header || data[header] == 0x30
}

// readDER reads one DER certificate, or several one after the other.
func readDER(name string, data []byte) ([]Entry, error) {
	var entries []Entry
	for s := cryptobyte.String(data); !s.Empty(); {
		source := fmt.Sprintf("%s: offset %d", name, len(data)-len(s))
		var element cryptobyte.String
		if !s.ReadASN1Element(&element, asn1.SEQUENCE) {
			return nil, fmt.Errorf("%s: damaged DER certificate", source)
		}
		c, err := cert.Parse(element)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		if entries = append(entries, Entry{Certificate: c, Source: source}); len(entries) > maxStoreEntries {
			return nil, fmt.Errorf("%s: %w", name, ErrStoreTooBig)
		}
	}
	return entries, nil
}
