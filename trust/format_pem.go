package trust

import (
	"bytes"
	"encoding/pem"
	"errors"
)

// pemBlocks are the labels of interest: certificates (RFC 7468 5.1 and the
// label of old OpenSSL), CRLs, and PKCS #7 messages. Blocks with other labels are
// passed over: files of servers hold keys and parameters too.
var pemBlocks = map[string]func(r *reading, where place, der []byte) bool{
	"CERTIFICATE":      (*reading).pemCertificate,
	"X509 CERTIFICATE": (*reading).pemCertificate,
	"X509 CRL":         (*reading).pemRevocationList,
	"PKCS7":            (*reading).bundleAt,
	"CMS":              (*reading).bundleAt,
}

// errPEM is the error of a block that is begun and cannot be decoded.
var errPEM = errors.New("damaged PEM block")

const pemBegin = "-----BEGIN "

// sniffPEM looks for a block anywhere, since text may come before it, but not
// inside of other formats.
func sniffPEM(data []byte) bool {
	return bytes.Contains(data, []byte(pemBegin)) && !sniffDER(data) && !isSignedData(data)
}

// pem reads a PEM file. The library passes over blocks that it cannot decode;
// here every line that begins a block of interest must yield one.
func (r *reading) pem(data []byte) {
	r.expect(len(data) * 3 / 4)
	line, counted := 1, 0
	for _, b := range pemStarts(data) {
		line += bytes.Count(data[counted:b.start], []byte("\n"))
		counted = b.start
		where := place{file: r.name, line: int32(line)}
		block, _ := pem.Decode(data[b.start:pemEnd(data, b.start)])
		if block == nil {
			if !r.damaged(where, errPEM) {
				return
			}
			continue
		}
		if !pemBlocks[b.label](r, where, block.Bytes) {
			return
		}
	}
}

func (r *reading) pemCertificate(where place, der []byte) bool {
	return r.certificate(&Item{Raw: der, place: where})
}

func (r *reading) pemRevocationList(where place, der []byte) bool {
	return r.keep(&Item{Kind: RevocationListItem, Raw: der, place: where})
}

// pemStart is where a block of interest begins.
type pemStart struct {
	start int
	label string
}

func pemStarts(data []byte) []pemStart {
	var starts []pemStart
	for pos := 0; ; {
		i := bytes.Index(data[pos:], []byte(pemBegin))
		if i < 0 {
			return starts
		}
		pos += i
		rest := data[pos+len(pemBegin):]
		for label := range pemBlocks {
			if bytes.HasPrefix(rest, []byte(label+"-----")) {
				starts = append(starts, pemStart{pos, label})
			}
		}
		pos += len(pemBegin)
	}
}

// pemEnd returns where the block that begins at start must have ended: before
// the next one. Without this a damaged block would be passed over in favour of
// the next good one.
func pemEnd(data []byte, start int) int {
	after := start + len(pemBegin)
	if i := bytes.Index(data[after:], []byte(pemBegin)); i >= 0 {
		return after + i
	}
	return len(data)
}
