package trust

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Errors of registry exports.
var (
	// ErrRegistry is the error of a line that no export has.
	ErrRegistry = errors.New("damaged registry export")
	// ErrKeyName is the error of a key that is not named for what is in it.
	ErrKeyName = errors.New("the key is not named for the SHA-1 hash of what is in it")
)

// The first line says which of the two encodings the tool used.
const (
	regHeader5 = "Windows Registry Editor Version 5.00" // UTF-16LE
	regHeader4 = "REGEDIT4"                             // the ANSI code page
)

func sniffRegistry(data []byte) bool {
	text := regText(data[:min(len(data), 256)])
	return bytes.HasPrefix(text, []byte(regHeader5)) || bytes.HasPrefix(text, []byte(regHeader4))
}

// regText turns UTF-16LE into one byte for each character, "?" for those that
// no key or value of interest has. ANSI and UTF-8 stay what they are.
func regText(data []byte) []byte {
	if !bytes.HasPrefix(data, []byte("\xff\xfe")) {
		return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	}
	data = data[2:]
	text := make([]byte, len(data)/2)
	for i := range text {
		text[i] = data[2*i]
		if data[2*i+1] != 0 || text[i] == 0 {
			text[i] = '?'
		}
	}
	return text
}

// registry reads an export of the registry, as reg export writes it: of the
// LocalMachine stores whatever of them it holds.
func (r *reading) registry(data []byte) {
	t := &regScanner{rest: regText(data), line: 1}
	t.next() // the header
	var key regKey
	ignored := 0
	for t.next() {
		line := bytes.TrimSpace(t.text)
		where := place{file: r.name, line: int32(t.at), key: key.name()}
		switch {
		case len(line) == 0 || line[0] == ';':
			continue
		case line[0] == '[':
			var ok bool
			if key, ok = parseRegKey(line); !ok {
				where.key = ""
				if !r.damaged(where, fmt.Errorf("%w: key %.80q", ErrRegistry, line)) {
					return
				}
			}
			if key.elsewhere {
				ignored++
			}
		case key.wants(line):
			if !r.regValue(where, key, line) {
				return
			}
		case key.kind != UnknownItem && bytes.HasPrefix(line, []byte(`"Blob"`)):
			if !r.damaged(where, fmt.Errorf("%w: value %.40q", ErrRegistry, line)) {
				return
			}
		}
	}
	if t.open && !r.damaged(place{file: r.name, line: int32(t.at)}, fmt.Errorf("%w: cut off", ErrRegistry)) {
		return
	}
	if ignored > 0 {
		r.found.Warnings = append(r.found.Warnings, fmt.Sprintf("%s: %d certificates of users, services and others are passed over: driver installation looks at the stores of the local machine only", r.name, ignored))
	}
}

// regValue reads a value of interest.
func (r *reading) regValue(where place, key regKey, line []byte) bool {
	value, err := regBinary(line)
	if err != nil {
		return r.damaged(where, err)
	}
	if key.list {
		if listUsage(value) == "" {
			return r.damaged(where, fmt.Errorf("%w: not one of the root program's lists", ErrList))
		}
		return r.list(where, value, key.role)
	}
	item := Item{Role: key.role, place: where}
	used, framing, err := item.read(value)
	switch {
	case framing != nil:
		return r.damaged(where, framing)
	case used != len(value):
		return r.damaged(where, fmt.Errorf("%w: %d bytes behind the %s", ErrGroup, len(value)-used, item.Kind))
	case item.Kind != key.kind:
		return r.damaged(where, fmt.Errorf("%w: a %s under a key for a %s", ErrGroup, item.Kind, key.kind))
	}
	if err == nil && item.Kind == CertificateItem && !strings.EqualFold(key.hash, sha1Hex(item.Raw)) {
		err = ErrKeyName
	}
	return r.element(&item, err)
}

// regBinary decodes a binary value: "name"=hex:03,00,… where line ends are
// taken out already.
func regBinary(line []byte) ([]byte, error) {
	_, value, _ := bytes.Cut(line, []byte("="))
	digits, ok := bytes.CutPrefix(value, []byte("hex:"))
	if !ok {
		if digits, ok = bytes.CutPrefix(value, []byte("hex(3):")); !ok {
			return nil, fmt.Errorf("%w: %.20q is no binary value", ErrRegistry, value)
		}
	}
	out := make([]byte, 0, len(digits)/3+1)
	for len(digits) > 0 {
		var octet [1]byte
		if len(digits) < 2 {
			return nil, fmt.Errorf("%w: binary value cut off", ErrRegistry)
		}
		if _, err := hex.Decode(octet[:], digits[:2]); err != nil {
			return nil, fmt.Errorf("%w: %.2q is no octet", ErrRegistry, digits)
		}
		out = append(out, octet[0])
		if digits = digits[2:]; len(digits) == 0 {
			break
		}
		if digits[0] != ',' || len(digits) == 1 {
			return nil, fmt.Errorf("%w: octets are not parted by commas", ErrRegistry)
		}
		digits = digits[1:]
	}
	return out, nil
}

// regKey is what the name of a key says.
type regKey struct {
	role Role
	kind ItemKind // of what Blob holds; UnknownItem where there is none of interest
	list bool     // values may hold the root program's lists
	hash string   // SHA-1 in the name
	text string   // for messages

	elsewhere bool // a certificate, but of nobody whom driver installation asks
}

func (k regKey) name() string { return k.text }

// wants reports whether a line holds a value to read.
func (k *regKey) wants(line []byte) bool {
	if k.kind != UnknownItem {
		return bytes.HasPrefix(line, []byte(`"Blob"=`))
	}
	if !k.list {
		return false
	}
	// The lists that Windows fetched last.
	for name, role := range map[string]Role{`"EncodedCtl"=`: AuthRoot, `"DisallowedCertEncodedCtl"=`: Distrusted} {
		if bytes.HasPrefix(line, []byte(name)) {
			k.role = role
			return true
		}
	}
	return false
}

// regStores are the names under which the stores of interest stand. Others,
// such as My and TrustedPeople, have no say in driver installation.
var regStores = map[string]Role{
	"root": Root, "authroot": AuthRoot, "ca": Intermediate, "trustedpublisher": Publishers,
	"disallowed": Distrusted, "testsignroot": TestRoots, "flightroot": FlightRoots,
}

// regKinds are the subkeys of a store.
var regKinds = map[string]ItemKind{
	"certificates": CertificateItem, "crls": RevocationListItem, "ctls": TrustListItem,
}

// parseRegKey reads a line with a key:
//
//	[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\STORE\Certificates\HASH]
//
// or the same below Policies, or in EnterpriseCertificates, from where group
// policy fills the stores. A hive of another machine is mounted under any name
// in place of SOFTWARE. A line that takes a key away is in no export.
func parseRegKey(line []byte) (regKey, bool) {
	if len(line) < 3 || line[1] == '-' || line[len(line)-1] != ']' {
		return regKey{}, false
	}
	parts := strings.Split(string(line[1:len(line)-1]), `\`)
	lower := strings.Split(strings.ToLower(string(line[1:len(line)-1])), `\`)
	for i, part := range lower {
		if part != "systemcertificates" && part != "enterprisecertificates" {
			continue
		}
		return regKeyBelow(isMachineKey(lower[:i]), parts[i+1:], lower[i+1:]), true
	}
	return regKey{}, true
}

// isMachineKey reports whether SystemCertificates below these keys is one of
// the local machine.
func isMachineKey(above []string) bool {
	if len(above) < 3 || above[0] != "hkey_local_machine" && above[0] != "hklm" || above[len(above)-1] != "microsoft" {
		return false
	}
	between := above[1 : len(above)-1]
	return len(between) == 1 || len(between) == 2 && between[1] == "policies"
}

// regKeyBelow reads what stands behind SystemCertificates.
func regKeyBelow(machine bool, parts, lower []string) regKey {
	if len(lower) == 2 && lower[0] == "authroot" && lower[1] == "autoupdate" {
		return regKey{list: machine, text: strings.Join(parts, `\`)}
	}
	if len(lower) != 3 || regKinds[lower[1]] == UnknownItem {
		return regKey{}
	}
	role := regStores[lower[0]]
	if !machine || role == UnknownRole {
		return regKey{elsewhere: !machine && role != UnknownRole && regKinds[lower[1]] == CertificateItem}
	}
	return regKey{role: role, kind: regKinds[lower[1]], hash: lower[2], text: strings.Join(parts, `\`)}
}

// regScanner cuts an export into lines, and puts those together that a
// backslash or an open string continues.
type regScanner struct {
	rest []byte
	line int // number of the next one
	at   int // number of the one in text
	text []byte
	open bool // the last one was to be continued
}

// next moves to the next line; false at the end.
func (t *regScanner) next() bool {
	if len(t.rest) == 0 {
		return false
	}
	t.at, t.open = t.line, false
	t.text = t.take()
	switch trimmed := bytes.TrimRight(t.text, " \t"); {
	case isOpenString(trimmed):
		t.open = !t.skipString()
	case isHex(trimmed) && bytes.HasSuffix(trimmed, []byte(`\`)):
		var b bytes.Buffer
		b.Write(trimmed[:len(trimmed)-1])
		for t.open = true; t.open && len(t.rest) > 0; {
			more := bytes.TrimSpace(t.take())
			t.open = bytes.HasSuffix(more, []byte(`\`))
			b.Write(bytes.TrimSuffix(more, []byte(`\`)))
		}
		t.text = b.Bytes()
	}
	return true
}

// skipString moves behind the string that the line just taken leaves open, to
// the end of the line in which it ends; false if it does not. Nobody needs such
// a value, so it is stepped over in one go: line by line, a string that never
// ends would cost the square of its length.
func (t *regScanner) skipString() bool {
	for i := 0; i < len(t.rest); i++ {
		switch t.rest[i] {
		case '\n':
			t.line++
		case '\\':
			if i++; i < len(t.rest) && t.rest[i] == '\n' {
				t.line++
			}
		case '"':
			t.rest = t.rest[i:]
			t.take()
			return true
		}
	}
	t.rest = nil
	return false
}

// take cuts off one line, without its end.
func (t *regScanner) take() []byte {
	t.line++
	line, rest, _ := bytes.Cut(t.rest, []byte("\n"))
	t.rest = rest
	return bytes.TrimSuffix(line, []byte("\r"))
}

// isHex reports whether a line is a value in hexadecimal.
func isHex(line []byte) bool {
	_, value, ok := cutValue(line)
	return ok && bytes.HasPrefix(value, []byte("hex"))
}

// isOpenString reports whether a line is the beginning of a string with line
// ends in it.
func isOpenString(line []byte) bool {
	_, value, ok := cutValue(line)
	return ok && len(value) > 0 && value[0] == '"' && closing(value) < 0
}

// cutValue splits a line with a value at the sign between name and value.
func cutValue(line []byte) (name, value []byte, ok bool) {
	line = bytes.TrimLeft(line, " \t")
	if bytes.HasPrefix(line, []byte("@=")) {
		return line[:1], line[2:], true
	}
	if len(line) == 0 || line[0] != '"' {
		return nil, nil, false
	}
	end := closing(line)
	if end < 0 || end+1 >= len(line) || line[end+1] != '=' {
		return nil, nil, false
	}
	return line[:end+1], line[end+2:], true
}

// closing is where the string ends that begins b, or -1.
func closing(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}
