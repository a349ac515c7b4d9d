package blocklist

import (
	"fmt"
	"strconv"
	"strings"
)

// ekuOID decodes the value of an EKU: the DER of an OID whose tag is written 01
// in place of 06, as Microsoft's policies have it, or 06.
func ekuOID(value []byte) (string, error) {
	if len(value) < 3 || value[0] != 0x01 && value[0] != 0x06 || int(value[1]) != len(value)-2 {
		return "", fmt.Errorf("%X is no encoded OID", value)
	}
	var arcs []string
	var n uint64
	started := false
	for _, b := range value[2:] {
		if n > 1<<56 || !started && b == 0x80 {
			return "", fmt.Errorf("%X is no encoded OID", value)
		}
		n, started = n<<7|uint64(b&0x7f), true
		if b&0x80 != 0 {
			continue
		}
		if arcs == nil {
			first := min(n/40, 2)
			arcs = append(arcs, strconv.FormatUint(first, 10))
			n -= first * 40
		}
		arcs = append(arcs, strconv.FormatUint(n, 10))
		n, started = 0, false
	}
	if started {
		return "", fmt.Errorf("%X is no encoded OID", value)
	}
	return strings.Join(arcs, "."), nil
}
