package blocklist

import (
	"bytes"
	"encoding/binary"
)

const (
	tagSequence    = 0x30
	tagOctetString = 0x04
)

// The kinds of file that sniff tells apart. Any other value says, for people,
// what the file is instead.
const (
	kindXML      = "xml"
	kindSigned   = "signed"
	kindCompiled = "compiled"
)

// maxVersion is the highest format version that is taken for one. The highest
// known is 8; a policy of a later one is read as far as it is known.
const maxVersion = 63

// impostors are files known by how they start.
var impostors = []struct{ start, what string }{
	{"-----BEGIN", "PEM text; convert it to DER"},
	{"PK\x03\x04", "a zip archive; unpack it"},
	{"MSCF", "a cabinet; expand it"},
	{"MZ", "an executable"},
	{"%PDF", "a PDF document"},
	{"<!DOCTYPE html", "an HTML page; download the policy itself"},
	{"<!doctype html", "an HTML page; download the policy itself"},
	{"<html", "an HTML page; download the policy itself"},
	{"version https://git-lfs", "a Git LFS pointer, the file itself was not fetched"},
	{"---\n", "a Markdown page; save the XML in it as a file"},
}

// sniff returns one of the kinds above, or what the file is instead.
func sniff(data []byte) string {
	if len(bytes.TrimLeft(data, "\x00")) == 0 {
		return "empty file"
	}
	for _, i := range impostors {
		if bytes.HasPrefix(data, []byte(i.start)) {
			return i.what
		}
	}
	switch {
	case bytes.HasPrefix(data, bomUTF8), bytes.HasPrefix(data, bomUTF16LE), bytes.HasPrefix(data, bomUTF16BE),
		bytes.HasPrefix(bytes.TrimLeft(data[:min(len(data), 512)], " \t\r\n"), []byte("<")):
		return kindXML
	case data[0] == tagSequence:
		return kindSigned
	case len(data) < 4:
		return "too short"
	}
	if v := binary.LittleEndian.Uint32(data); v == 0 || v > maxVersion {
		return "neither XML nor compiled: the first bytes are no format version"
	}
	return kindCompiled
}

// isPadding reports whether b is a reasonable number of zero bytes.
func isPadding(b []byte) bool {
	return len(b) <= maxTrailing && len(bytes.TrimLeft(b, "\x00")) == 0
}
