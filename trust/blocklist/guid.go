package blocklist

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// GUID is a GUID in the byte order of Windows structures: the first three
// groups little-endian. Zero: none.
type GUID [16]byte

// String returns "{2E07F7E4-194C-4D20-B7C9-6F44A6C5A234}".
func (g GUID) String() string {
	return fmt.Sprintf("{%08X-%04X-%04X-%X-%X}", binary.LittleEndian.Uint32(g[:]),
		binary.LittleEndian.Uint16(g[4:]), binary.LittleEndian.Uint16(g[6:]), g[8:10], g[10:])
}

// IsZero reports whether there is no GUID.
func (g GUID) IsZero() bool { return g == GUID{} }

// ParseGUID reads a GUID with or without braces, in any case.
func ParseGUID(s string) (GUID, error) {
	s = strings.TrimSpace(s)
	text := strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}")
	var g GUID
	groups := strings.Split(text, "-")
	if len(groups) != 5 || len(text) != 36 {
		return GUID{}, fmt.Errorf("%q is no GUID", s)
	}
	b, err := hex.DecodeString(strings.Join(groups, ""))
	if err != nil || len(b) != len(g) || len(groups[0]) != 8 || len(groups[1]) != 4 || len(groups[2]) != 4 || len(groups[3]) != 4 {
		return GUID{}, fmt.Errorf("%q is no GUID", s)
	}
	binary.LittleEndian.PutUint32(g[:], binary.BigEndian.Uint32(b))
	binary.LittleEndian.PutUint16(g[4:], binary.BigEndian.Uint16(b[4:]))
	binary.LittleEndian.PutUint16(g[6:], binary.BigEndian.Uint16(b[6:]))
	copy(g[8:], b[8:])
	return g, nil
}

// policyTypes are the types that say for which file Windows takes a policy.
var policyTypes = map[string]string{
	"{A244370E-44C9-4C06-B551-F6016E563076}": "enterprise policy, SiPolicy.p7b",
	"{2A5A0136-F09F-498E-99CC-51099011157C}": "revocation policy, RvkSiPolicy.p7b",
	"{976D12C8-CB9F-4730-BE52-54600843238E}": "edition policy, SkuSiPolicy.p7b",
	"{5951A96A-E0B5-4D3D-8FB8-3E5B61030784}": "lockdown policy, WinSiPolicy.p7b",
	"{4E61C68C-97F6-430B-9CD7-9B1004706770}": "threat protection policy, ATPSiPolicy.p7b",
	"{D2BDA982-CCF6-4344-AC5B-0B44427B6816}": "driver policy, DriverSiPolicy.p7b",
}

// PolicyType says what a policy type ID stands for, or is empty.
func (g GUID) PolicyType() string { return policyTypes[g.String()] }
