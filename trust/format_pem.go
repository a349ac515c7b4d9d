package trust

import (
	"bytes"
	"encoding/pem"
	"fmt"

	"prestage/authenticode/cert"
)

// pemTypes are the labels of certificates (RFC 7468 5.1; the other one is that
// of old OpenSSL). Blocks with other labels are passed over: files of servers
// hold keys and parameters too.
var pemTypes = []string{"CERTIFICATE", "X509 CERTIFICATE"}

func sniffPEM(data []byte) bool { return bytes.Contains(data, []byte("-----BEGIN ")) }

// readPEM reads all certificates of a PEM file. The library passes over blocks
// that it cannot decode; here every line that begins a certificate must yield
// one.
func readPEM(name string, data []byte) ([]Entry, error) {
	var entries []Entry
	line, counted := 1, 0
	for _, start := range pemStarts(data) {
		line += bytes.Count(data[counted:start], []byte("\n"))
		counted = start
		source := fmt.Sprintf("%s:%d", name, line)
		block, _ := pem.Decode(data[start:pemEnd(data, start)])
		if block == nil {
			return nil, fmt.Errorf("%s: damaged PEM block", source)
		}
		c, err := cert.Parse(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		if entries = append(entries, Entry{Certificate: c, Source: source}); len(entries) > maxStoreEntries {
			return nil, fmt.Errorf("%s: %w", name, ErrStoreTooBig)
		}
	}
	return entries, nil
}

// pemStarts returns where the blocks of certificates begin.
func pemStarts(data []byte) []int {
	var starts []int
	for pos := 0; ; {
		i := bytes.Index(data[pos:], []byte("-----BEGIN "))
		if i < 0 {
			return starts
		}
		pos += i
		rest := data[pos+len("-----BEGIN "):]
		for _, label := range pemTypes {
			if bytes.HasPrefix(rest, []byte(label+"-----")) {
				starts = append(starts, pos)
			}
		}
		pos += len("-----BEGIN ")
	}
}

// pemEnd returns where the block that begins at start must have ended: before
// the next one. Without this a damaged block would be passed over in favour of
// the next good one.
func pemEnd(data []byte, start int) int {
	after := start + len("-----BEGIN ")
	if i := bytes.Index(data[after:], []byte("-----BEGIN ")); i >= 0 {
		return after + i
	}
	return len(data)
}
