package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"prestage/authenticode"
	"prestage/authenticode/ctl"
)

// ErrNotCatalog is matched by the errors of Parse for files that are no
// catalogs, whatever their name says (L11). Their text says what the file is
// instead, as far as that can be told.
var ErrNotCatalog = errors.New("not a catalog")

// The kinds of impostor that a caller may want to give advice for.
var (
	// ErrLFSPointer: what git leaves in place of a file that it stores
	// elsewhere. The cure is `git lfs pull`.
	ErrLFSPointer = notCatalog("this is a Git LFS pointer, the file itself was not fetched")

	// ErrEmpty: a file of no bytes, or of zero bytes only.
	ErrEmpty = notCatalog("empty file")

	// ErrPlaceholder: text, usually a note that a catalog is to be put here.
	ErrPlaceholder = notCatalog("text placeholder")
)

// notCatalog makes an error that is ErrNotCatalog, with the reason.
func notCatalog(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotCatalog, fmt.Sprintf(format, args...))
}

// impostors are files known by how they start. None of the starts is one of a
// DER SEQUENCE, so that no catalog is mistaken for any of them.
var impostors = []struct {
	start string
	what  string
}{
	{"-----BEGIN", "PEM text; convert it to DER"},
	{"\xef\xbb\xbf-----BEGIN", "PEM text; convert it to DER"},
	{"MII", "base64 text; decode it"},
	{"\xff\xfe", "UTF-16 text"},
	{"\xfe\xff", "UTF-16 text"},
	{"<!DOCTYPE", "an HTML page, probably of a failed download"},
	{"<!doctype", "an HTML page, probably of a failed download"},
	{"<html", "an HTML page, probably of a failed download"},
	{"MSCF", "a cabinet; expand it"},
	{"SZDD", "a compressed file; expand it"},
	{"MZ", "an executable"},
	{"PK\x03\x04", "a zip archive"},
}

// sniff says of files that are obviously no catalogs what they are.
func sniff(file []byte) error {
	if len(bytes.TrimLeft(file, "\x00")) == 0 {
		return ErrEmpty
	}
	if bytes.HasPrefix(file, []byte("version https://git-lfs.github.com/spec/")) {
		return ErrLFSPointer
	}
	for _, i := range impostors {
		if bytes.HasPrefix(file, []byte(i.start)) {
			return notCatalog("%s", i.what)
		}
	}
	if text, ok := readableText(file); ok {
		return fmt.Errorf("%w, it begins %s", ErrPlaceholder, strconv.Quote(text))
	}
	if file[0] != tagSequence {
		return notCatalog("the first byte is 0x%02x, that of a DER SEQUENCE is 0x%02x", file[0], tagSequence)
	}
	return sniffContentInfo(file)
}

// sniffContentInfo tells other PKCS#7 messages, certificates and other DER
// apart from SignedData, for a better message; ParseSignature would refuse
// them anyway. What is cut off or indefinite is left to ParseSignature.
func sniffContentInfo(file []byte) error {
	s := cryptobyte.String(file)
	var body, oid cryptobyte.String
	if !s.ReadASN1(&body, asn1.SEQUENCE) {
		return nil
	}
	if !body.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return notCatalog("DER, but no PKCS#7 message")
	}
	if kind := ctl.OID(oid).String(); kind != authenticode.OIDSignedData {
		return notCatalog("a PKCS#7 message of type %q, not SignedData", kind)
	}
	return nil
}

// maxExcerpt is how much of a text file is quoted, in bytes, and maxText how
// much of it is looked at.
const (
	maxExcerpt = 60
	maxText    = 512
)

// readableText reports whether the file starts as text in ASCII or UTF-8, and
// returns its first words. A catalog is no text: the second byte of a
// SEQUENCE of more than 127 bytes is 0x81 to 0x84, which is neither ASCII nor
// the continuation of the ASCII character before it.
func readableText(file []byte) (excerpt string, ok bool) {
	head := file[:min(len(file), maxText)]
	for i := 0; i < len(head); {
		r, size := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && size == 1 {
			if i > 0 && len(file) > maxText && len(head)-i < utf8.UTFMax {
				break // a character that the cut went through
			}
			return "", false
		}
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			return "", false
		}
		i += size
	}
	line, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte("\n"))
	line = line[:min(len(line), maxExcerpt)]
	return string(bytes.ToValidUTF8(bytes.TrimSpace(line), nil)), true
}
