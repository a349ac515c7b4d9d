package cert

import (
	"math/big"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// maxOID bounds the encoded length of an object identifier. The longest in
// use are those of UUIDs: 20 octets.
const maxOID = 64

// readOID reads an OBJECT IDENTIFIER of any arc size as dotted decimal.
// encoding/asn1 stops at 31 bits; OIDs made from UUIDs have 128.
func readOID(s *cryptobyte.String) (string, bool) {
	var octets cryptobyte.String
	if !s.ReadASN1(&octets, asn1.OBJECT_IDENTIFIER) {
		return "", false
	}
	return dotted(octets)
}

// dotted converts the content octets of an OBJECT IDENTIFIER (X.690, section
// 8.19). It refuses superfluous leading octets, so that no two encodings give
// the same text.
func dotted(octets []byte) (string, bool) {
	if len(octets) == 0 || len(octets) > maxOID || octets[len(octets)-1]&0x80 != 0 {
		return "", false
	}
	var text strings.Builder
	for start, first := 0, true; start < len(octets); first = false {
		end := start
		for octets[end]&0x80 != 0 {
			end++
		}
		if octets[start] == 0x80 {
			return "", false
		}
		arc := arcText(octets[start:end+1], first)
		if !first {
			text.WriteByte('.')
		}
		text.WriteString(arc)
		start = end + 1
	}
	return text.String(), true
}

// arcText is one arc in base 128; the first octets hold two arcs, 40·x+y with
// x at most 2.
func arcText(octets []byte, first bool) string {
	if len(octets) > 9 {
		return longArcText(octets, first)
	}
	var n uint64
	for _, b := range octets {
		n = n<<7 | uint64(b&0x7f)
	}
	if !first {
		return strconv.FormatUint(n, 10)
	}
	x := min(n/40, 2)
	return strconv.FormatUint(x, 10) + "." + strconv.FormatUint(n-40*x, 10)
}

func longArcText(octets []byte, first bool) string {
	n := new(big.Int)
	for _, b := range octets {
		n.Lsh(n, 7).Or(n, big.NewInt(int64(b&0x7f)))
	}
	if first {
		return "2." + n.Sub(n, big.NewInt(80)).String()
	}
	return n.String()
}
