package trust

import (
	"bytes"
	"errors"
	"fmt"
)

// sstMagic begins a serialized store: version 0 and the type "CERT"
// ([MS-OSHARED] 2.3.2.5.1).
const sstMagic = "\x00\x00\x00\x00CERT"

// sstEnd is the element that ends one: number 0 and 8 zero bytes.
var sstEnd = make([]byte, groupHeader)

// ErrSerialized is the error of a serialized store without its end, or with
// something behind it.
var ErrSerialized = errors.New("damaged serialized store")

func sniffSerialized(data []byte) bool { return bytes.HasPrefix(data, []byte(sstMagic)) }

// serialized reads a serialized store (.sst), as certutil -generateSSTFromWU
// and the certificate manager write it: elements, each after its properties,
// and an end.
func (r *reading) serialized(data []byte) {
	r.expect(len(data))
	for pos, record := len(sstMagic), 1; ; record++ {
		rest, where := data[pos:], r.at(pos, record)
		if bytes.HasPrefix(rest, sstEnd) {
			if len(rest) > len(sstEnd) {
				r.damaged(where, fmt.Errorf("%w: %d bytes behind its end", ErrSerialized, len(rest)-len(sstEnd)))
			}
			return
		}
		if len(rest) == 0 {
			r.damaged(where, fmt.Errorf("%w: cut off before its end", ErrSerialized))
			return
		}
		item := Item{place: where}
		used, framing, err := item.read(rest)
		if framing != nil {
			where.offset += int32(used)
			r.damaged(where, framing)
			return // nobody knows where the next one begins
		}
		if !r.element(&item, err) {
			return
		}
		pos += used
	}
}

// element keeps an element with its properties. The result says whether
// reading may go on.
func (r *reading) element(i *Item, err error) bool {
	switch {
	case err != nil:
		return r.damaged(i.place, err)
	case i.Kind == CertificateItem:
		return r.certificate(i)
	case i.Kind == TrustListItem && listUsage(i.Raw) != "":
		return r.list(i.place, i.Raw, i.Role)
	}
	return r.keep(i)
}
