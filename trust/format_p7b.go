package trust

import (
	"errors"
	"fmt"

	"prestage/authenticode"
)

// oidSignedData is the DER of the object identifier 1.2.840.113549.1.7.2, with
// which every PKCS #7 SignedData begins.
const oidSignedData = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"

// oidTrustList is the DER of 1.3.6.1.4.1.311.10.1, the type of content of
// catalogs and trust lists.
const oidTrustList = "\x06\x09\x2b\x06\x01\x04\x01\x82\x37\x0a\x01"

// ErrBundle is the error of a PKCS #7 message that cannot be taken apart.
var ErrBundle = errors.New("damaged PKCS #7 bundle")

// sniffBundle recognises a SignedData that is neither a catalog nor another
// trust list. Bundles have no signer and no content, but a signed message
// carries certificates just as well.
func sniffBundle(data []byte) bool { return isSignedData(data) && !hasTrustList(data) }

// isSignedData looks at the first bytes only, so that a damaged bundle is
// called damaged and not unknown. Lengths may be indefinite.
func isSignedData(data []byte) bool {
	if len(data) < 2 || data[0] != tagSequence {
		return false
	}
	header := 2
	if data[1]&0x80 != 0 {
		header += int(data[1] & 0x7f)
	}
	return len(data) >= header+len(oidSignedData) && string(data[header:header+len(oidSignedData)]) == oidSignedData
}

// bundle reads a file that is a PKCS #7 bundle.
func (r *reading) bundle(data []byte) { r.bundleAt(r.at(0, 0), data) }

// bundleAt reads a PKCS #7 bundle: the certificates and CRLs that a SignedData
// carries (RFC 2315 9.1). What is signed, and by whom, is of no interest: the
// user vouches for a store. The result says whether reading may go on.
func (r *reading) bundleAt(where place, data []byte) bool {
	certificates, crls, err := takeApart(data)
	if err != nil {
		return r.damaged(where, err)
	}
	record := int32(0)
	part := func(e []byte) Item {
		record++
		p := where
		p.record = record
		return Item{Raw: e, place: p}
	}
	for _, e := range certificates {
		item := part(e)
		// Attribute certificates and others stand beside certificates under
		// tags of their own (RFC 5652 10.2.2); nobody uses them here.
		if e[0] == tagSequence && !r.certificate(&item) {
			return false
		}
	}
	for _, e := range crls {
		item := part(e)
		item.Kind = RevocationListItem
		if e[0] == tagSequence && !r.keep(&item) {
			return false
		}
	}
	return true
}

// takeApart walks over a SignedData to the elements of its sets of
// certificates and CRLs. One that is not DER is turned into it first.
func takeApart(data []byte) (certificates, crls [][]byte, err error) {
	if len(data) > 1 && data[0] == tagSequence && data[1] == 0x80 {
		sig, err := authenticode.ParseSignature(data)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrBundle, err)
		}
		if sig.ContentType == authenticode.OIDCertTrustList {
			return nil, nil, fmt.Errorf("%w: a catalog or trust list that is not DER", ErrBundle)
		}
		data = sig.Raw
	}
	fields, ok := signedDataFields(data)
	if !ok {
		return nil, nil, fmt.Errorf("%w: outer elements", ErrBundle)
	}
	for _, f := range []struct {
		tag  byte
		name string
	}{{tagInteger, "version"}, {tagSet, "digest algorithms"}, {tagSequence, "content"}} {
		if _, ok := fields.take(f.tag); !ok {
			return nil, nil, fmt.Errorf("%w: %s", ErrBundle, f.name)
		}
	}
	if certificates, err = fields.set(0xa0, "certificates"); err != nil {
		return nil, nil, err
	}
	if crls, err = fields.set(0xa1, "revocation lists"); err != nil {
		return nil, nil, err
	}
	if _, ok := fields.take(tagSet); !ok || len(fields.rest) != 0 {
		return nil, nil, fmt.Errorf("%w: signers", ErrBundle)
	}
	return certificates, crls, nil
}

const tagSet = 0x31

// signedDataFields enters ContentInfo and SignedData.
func signedDataFields(data []byte) (elements, bool) {
	outer := elements{data}
	info, ok := outer.take(tagSequence)
	if !ok || len(outer.rest) != 0 {
		return elements{}, false
	}
	inner := elements{contents(info)}
	if _, ok = inner.take(tagIdentifier); !ok {
		return elements{}, false
	}
	wrapped, ok := inner.take(0xa0)
	if !ok || len(inner.rest) != 0 {
		return elements{}, false
	}
	body := elements{contents(wrapped)}
	signed, ok := body.take(tagSequence)
	if !ok || len(body.rest) != 0 {
		return elements{}, false
	}
	return elements{contents(signed)}, true
}

// set takes an optional set and splits it into its elements.
func (e *elements) set(tag byte, name string) ([][]byte, error) {
	whole, ok := e.take(tag)
	if !ok {
		return nil, nil
	}
	var list [][]byte
	for run := (elements{contents(whole)}); len(run.rest) > 0; {
		element, ok := run.take(run.rest[0])
		if !ok {
			return nil, fmt.Errorf("%w: %s", ErrBundle, name)
		}
		if len(list) == maxStoreEntries {
			return nil, ErrStoreTooBig
		}
		list = append(list, element)
	}
	return list, nil
}
