package blocklist

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Limits of the reader of one version resource.
const (
	// maxVersionInfo is what the 16-bit length of the structure can say.
	maxVersionInfo = 0xffff
	// maxStrings bounds the strings of one resource; real ones have about ten.
	maxStrings = 1024
	// maxSets bounds the sets that VersionInfo returns.
	maxSets = 64
)

// fixedSignature starts VS_FIXEDFILEINFO.
const fixedSignature = 0xfeef04bd

// VersionInfo reads from the version resources of a PE image what rules of a
// block list look at: four strings, and FILEVERSION. It reads only headers and
// those resources.
//
// An image without version resource gives nothing and no error. Where an image
// has several sets of strings, by language, and they differ, all are returned,
// in their order; equal ones once. Which of them Windows looks at is not known.
//
// The error wraps ErrNotPE, ErrResource or ErrTooManyResources, with the file
// offset or the RVA; or it is the one of the reader. Then there is no result.
func VersionInfo(r io.ReaderAt, size int64) ([]Attributes, error) {
	blocks, err := versionResources(r, size)
	if err != nil {
		return nil, err
	}
	var sets []Attributes
	for _, b := range blocks {
		found, err := parseVersion(b)
		if err != nil {
			return nil, fmt.Errorf("version resource: %w", err)
		}
		for _, a := range found {
			if !slices.Contains(sets, a) {
				sets = append(sets, a)
			}
		}
		if len(sets) > maxSets {
			return nil, fmt.Errorf("more than %d sets of version information: %w", maxSets, ErrTooManyResources)
		}
	}
	return sets, nil
}

// node is one of the nested structures that a version resource is made of:
// lengths, a key, a value, children.
type node struct {
	key      string
	value    []byte // what follows the key, up to the length of the value in bytes
	body     []byte // what follows the key, to the end of the node
	at       int    // offset of body
	children int    // offset of the first child
	text     bool   // the value is text, and its length counts characters
}

// versionReader reads the structure. Offsets are those in the resource, to
// which everything is aligned.
type versionReader struct {
	b       []byte
	strings int
}

// parseVersion returns a set for every table of strings, or one if there is
// none.
func parseVersion(b []byte) ([]Attributes, error) {
	r := &versionReader{b: b}
	root, end, err := r.node(0, len(b))
	if err != nil {
		return nil, err
	}
	if root.key != "VS_VERSION_INFO" {
		return nil, fmt.Errorf("offset 0: key %.40q: %w", root.key, ErrResource)
	}
	version, err := fixedVersion(root)
	if err != nil {
		return nil, err
	}
	var sets []Attributes
	err = r.each(root, end, func(n node, end int) error {
		if n.key != "StringFileInfo" {
			return nil
		}
		return r.each(n, end, func(n node, end int) error {
			table, err := r.table(n, end)
			for _, a := range table {
				a.Version = version
				sets = append(sets, a)
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	if sets == nil {
		sets = []Attributes{{Version: version}}
	}
	return sets, nil
}

// fixedVersion reads FILEVERSION. A resource without the fixed part has 0.0.0.0.
func fixedVersion(root node) (FileVersion, error) {
	var v FileVersion
	if len(root.value) == 0 {
		return v, nil
	}
	if len(root.value) < 16 || binary.LittleEndian.Uint32(root.value) != fixedSignature {
		return v, fmt.Errorf("offset %d: fixed version information is malformed: %w", root.at, ErrResource)
	}
	high, low := binary.LittleEndian.Uint32(root.value[8:]), binary.LittleEndian.Uint32(root.value[12:])
	return FileVersion{uint16(high >> 16), uint16(high), uint16(low >> 16), uint16(low)}, nil
}

// node reads the node at an offset, which must end before limit, and returns
// where it ends.
func (r *versionReader) node(at, limit int) (n node, end int, err error) {
	if limit-at < 6 {
		return node{}, 0, fmt.Errorf("offset %d: no room for a structure: %w", at, ErrResource)
	}
	length := int(binary.LittleEndian.Uint16(r.b[at:]))
	valueLength := int(binary.LittleEndian.Uint16(r.b[at+2:]))
	n.text = binary.LittleEndian.Uint16(r.b[at+4:]) == 1
	if length < 6 || length > limit-at {
		return node{}, 0, fmt.Errorf("offset %d: structure of %d bytes, %d are left: %w", at, length, limit-at, ErrResource)
	}
	end = at + length
	key := at + 6
	for key+2 <= end && (r.b[key] != 0 || r.b[key+1] != 0) {
		key += 2
	}
	if key+2 > end {
		return node{}, 0, fmt.Errorf("offset %d: key without an end: %w", at+6, ErrResource)
	}
	n.key = decodeUTF16(r.b[at+6 : key])
	n.at = min(align4(key+2), end)
	n.body = r.b[n.at:end]
	if n.text {
		valueLength *= 2
	}
	n.value = n.body[:min(valueLength, len(n.body))]
	n.children = align4(n.at + len(n.value))
	return n, end, nil
}

func align4(n int) int { return (n + 3) &^ 3 }

// each calls f for the children of a node, which ends at end.
func (r *versionReader) each(n node, end int, f func(n node, end int) error) error {
	for at := n.children; at < end; {
		// What is left may be padding.
		if rest := r.b[at:end]; rest[0] == 0 && len(bytes.TrimLeft(rest, "\x00")) == 0 {
			return nil
		}
		if r.strings++; r.strings > maxStrings {
			return fmt.Errorf("offset %d: more than %d structures: %w", at, maxStrings, ErrTooManyResources)
		}
		child, childEnd, err := r.node(at, end)
		if err != nil {
			return err
		}
		if err := f(child, childEnd); err != nil {
			return err
		}
		at = align4(childEnd)
	}
	return nil
}

// table reads one table of strings. Where a name occurs twice with different
// values, there is a set with the first of each and one with the last: which
// one counts is not known.
func (r *versionReader) table(n node, end int) ([]Attributes, error) {
	var first, last Attributes
	seen := map[*string]bool{}
	err := r.each(n, end, func(s node, _ int) error {
		value := s.string()
		f := first.field(s.key)
		if f == nil {
			return nil
		}
		if !seen[f] {
			seen[f] = true
			*f = value
		}
		*last.field(s.key) = value
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case first != last:
		return []Attributes{first, last}, nil
	}
	return []Attributes{first}, nil
}

// string is the text of a String node, up to its terminator. The length of the
// value is not looked at: compilers have counted in bytes, in characters, with
// and without the terminator.
func (n node) string() string {
	text := decodeUTF16(n.body)
	text, _, _ = strings.Cut(text, "\x00")
	return text
}

// field is the field for a name of a string, in any case; nil for those that no
// rule looks at.
func (a *Attributes) field(name string) *string {
	switch strings.ToLower(name) {
	case "originalfilename":
		return &a.OriginalFileName
	case "internalname":
		return &a.InternalName
	case "filedescription":
		return &a.FileDescription
	case "productname":
		return &a.ProductName
	}
	return nil
}
