package prestage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"

	"prestage/authenticode/signtest"
	"prestage/trust"
)

// region is a part of a file that the signature leaves out, by the definition
// of the format.
type region struct {
	name     string
	from, to int // to is the first byte behind
}

func (r region) String() string { return fmt.Sprintf("%s [%d, %d)", r.name, r.from, r.to) }

// signedCategories are those in which a signature counts. They are good only
// as long as every byte is the one that was signed.
var signedCategories = []Category{WindowsAuthority, TrustedPublisher, UnknownPublisher}

// TestMutation flips bits in a signed package, one at a time. The signature
// must stop counting, unless the byte lies in a region that the format itself
// leaves out; the regions are named here and told from the format, not from
// what the readers accept. Anything else that stays signed is a hole.
func TestMutation(t *testing.T) {
	// Without its time stamp the signature still counts while the certificate
	// is valid, so what makes a time stamp of the attribute may change too.
	stamped := func(cat []byte) []region { return append(stampRegions(cat), stampAttribute(cat)) }
	samples := []struct {
		name    string
		step    int // every how many bytes
		catalog func([]byte) []region
		driver  func([]byte) []region
	}{
		{"third-party-timestamped", 1, stamped, imageRegions},
		{"embedded-signed", 17, stamped, signedImageRegions},
		{"expired-timestamped", 5, stampRegions, imageRegions},
		{"pkcs9-bare-digest", 5, messageRegions, imageRegions},
		{"v1-sha1-catalog", 5, messageRegions, imageRegions},
		{"ecdsa-p384", 23, stamped, imageRegions},
		{"reference-tags", 7, stamped, imageRegions},
		{"utf16-inf", 31, stamped, imageRegions},
	}
	for _, s := range samples {
		files := signtest.SampleNamed(s.name).Build()
		for _, name := range files.Paths() {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				var unsigned []region // of the INF every byte is signed
				switch name {
				case "gadget.cat":
					unsigned = s.catalog(files[name])
				case "gadget.sys":
					unsigned = s.driver(files[name])
				}
				mutate(t, files, name, s.step, unsigned)
			})
		}
	}
}

// mutate flips a bit of every step-th byte of one file.
func mutate(t *testing.T, files signtest.Files, name string, step int, unsigned []region) {
	const few = 11000 // checks of one file
	data := files[name]
	step = max(step, len(data)/few+1)
	if testing.Short() {
		step *= 20
	}
	store, on := publisherStore(t), target(t, "win11-25h2/amd64", Scenario{})
	if c := mutant(t, files, name, data, store, on); !slices.Contains(signedCategories, c) {
		t.Fatalf("untouched, the package is %s", c)
	}
	inRegion := func(i int) bool {
		return slices.ContainsFunc(unsigned, func(r region) bool { return r.from <= i && i < r.to })
	}
	offsets := everyNth(len(data), step)
	for _, r := range unsigned { // the borders are where mistakes are made
		for i := r.from - 4; i < r.from+8; i++ {
			offsets = append(offsets, i)
		}
		for i := r.to - 8; i < r.to+4; i++ {
			offsets = append(offsets, i)
		}
	}
	slices.Sort(offsets)
	flips, excused := 0, 0
	for _, i := range slices.Compact(offsets) {
		if i < 0 || i >= len(data) {
			continue
		}
		changed := bytes.Clone(data)
		changed[i] ^= 1 << (i % 8)
		flips++
		if c := mutant(t, files, name, changed, store, on); !slices.Contains(signedCategories, c) {
			continue
		} else if !inRegion(i) {
			t.Errorf("bit %d of byte %d of %s flipped, and the package is still %s", i%8, i, name, c)
		} else {
			excused++
		}
	}
	t.Logf("%d flips, %d in regions that the format leaves out: %v", flips, excused, unsigned)
}

func everyNth(n, step int) (list []int) {
	for i := 0; i < n; i += step {
		list = append(list, i)
	}
	return list
}

// mutant is the category of the package with another content of one file,
// CategoryUnknown where it cannot be judged at all.
func mutant(t *testing.T, files signtest.Files, name string, content []byte, s *trust.Store, on Target) Category {
	changed := maps.Clone(files)
	changed[name] = content
	p, err := Open(changed.FS(), "gadget.inf")
	if err != nil {
		return CategoryUnknown
	}
	f, err := Gatherer{Store: s, At: testClock, Jobs: 1}.Gather(p)
	if err != nil {
		return CategoryUnknown
	}
	return Classify(f, on).Category
}

// TestCutAndAppended: a file that lacks its end, or has more, is another file.
func TestCutAndAppended(t *testing.T) {
	files := signtest.SampleNamed("third-party-timestamped").Build()
	store, on := publisherStore(t), target(t, "win11-25h2/amd64", Scenario{})
	for _, name := range files.Paths() {
		data := files[name]
		step := max(1, len(data)/150)
		if testing.Short() {
			step *= 10
		}
		lengths := append(everyNth(len(data), step), len(data)-1)
		for _, n := range lengths {
			if name == "gadget.sys" && padding(data, n) {
				continue
			}
			if c := mutant(t, files, name, data[:n:n], store, on); slices.Contains(signedCategories, c) {
				t.Errorf("%s cut to %d of %d bytes is %s", name, n, len(data), c)
			}
		}
		for _, tail := range [][]byte{{1}, []byte("\r\n"), bytes.Repeat([]byte{0xFF}, 8), []byte("MZ"), data} {
			longer := slices.Concat(data, tail)
			if c := mutant(t, files, name, longer, store, on); slices.Contains(signedCategories, c) {
				t.Errorf("%s with %d bytes more is %s", name, len(tail), c)
			}
		}
		if c := mutant(t, files, name, nil, store, on); slices.Contains(signedCategories, c) {
			t.Errorf("%s emptied is %s", name, c)
		}
	}
}

// padding reports whether a PE image that ends at n differs only by the zeros
// with which its hash is padded to a multiple of 8 (rule 99).
func padding(image []byte, n int) bool {
	return (n+7)/8*8 == len(image) && len(bytes.Trim(image[n:], "\x00")) == 0
}

// TestSignatureOfAnother: parts of one valid package do not vouch for another.
func TestSignatureOfAnother(t *testing.T) {
	ours := signtest.SampleNamed("third-party-timestamped").Build()
	other := signtest.NewPackage()
	other.Payload["gadget.sys"] = signtest.NewDriver(signtest.MachineAMD64, "Another driver")
	theirs := other.Build()
	store, on := publisherStore(t), target(t, "win11-25h2/amd64", Scenario{})
	for _, name := range []string{"gadget.cat", "gadget.sys"} {
		if c := mutant(t, ours, name, theirs[name], store, on); c != Altered {
			t.Errorf("%s of another package: %s, want altered", name, c)
		}
	}
}

// imageRegions are what the Authenticode hash of an image leaves out: the
// checksum, and the directory entry of the certificate table (rule 94). There
// is no table.
func imageRegions(image []byte) []region {
	pe := int(binary.LittleEndian.Uint32(image[0x3c:]))
	optional := pe + 24
	directories := optional + 112 // PE32+
	if binary.LittleEndian.Uint16(image[optional:]) == 0x10b {
		directories = optional + 96
	}
	entry := directories + 4*8
	return []region{
		{"checksum", optional + 64, optional + 68},
		{"directory entry of the certificate table", entry, entry + 8},
	}
}

// signedImageRegions adds the certificate table itself: a catalog vouches for
// the image whatever signature is embedded in it (rules 79 and 92). The
// directory entry must point at the table, but its bytes are not hashed.
func signedImageRegions(image []byte) []region {
	regions := imageRegions(image)
	entry := regions[1].from
	at := int(binary.LittleEndian.Uint32(image[entry:]))
	size := int(binary.LittleEndian.Uint32(image[entry+4:]))
	return append(regions, region{"certificate table", at, at + size})
}

// stampAttribute is the type of the unsigned attribute that carries an RFC
// 3161 time stamp. With another type there is no time stamp.
func stampAttribute(cat []byte) region {
	oid := signtest.OID(signtest.OIDRFC3161TimeStamp)
	at := bytes.Index(cat, oid)
	return region{"type of the time stamp's unsigned attribute", at, at + len(oid)}
}

// messageRegions is what no signature covers of a SignedData: its version
// number (RFC 5652, section 5.4: content and attributes are signed, and nothing
// else is). Everything else is needed to verify it.
func messageRegions(cat []byte) []region {
	return []region{{"version of the SignedData", signedData(cat, 0), signedData(cat, 0) + 3}}
}

// stampRegions adds the same of the token of an RFC 3161 time stamp.
func stampRegions(cat []byte) []region {
	token := signedData(cat, inside(cat, stampAttribute(cat).to))
	return append(messageRegions(cat), region{"version of the time stamp's SignedData", token, token + 3})
}

// signedData returns where the contents of the SignedData in the ContentInfo
// at i begin.
func signedData(der []byte, i int) int {
	i = inside(der, i)                             // ContentInfo
	i += len(signtest.OID(signtest.OIDSignedData)) // its type
	return inside(der, inside(der, i))             // [0], SignedData
}

// inside returns where the contents of the DER element at i begin.
func inside(der []byte, i int) int {
	if n := der[i+1]; n >= 0x80 {
		return i + 2 + int(n&0x7f)
	}
	return i + 2
}
