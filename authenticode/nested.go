package authenticode

import (
	"bytes"
	"fmt"

	"prestage/authenticode/winerror"
)

// readNested reads the signatures in the unsigned attribute of rule 107, each
// value a whole ContentInfo. One that cannot be read stands in the list with a
// Problem, so that a report can show it; it takes nothing from the outer
// signature, which does not cover it.
func readNested(first, sd *signedData, si *signerInfo, b *budget, depth int) ([]*Signature, error) {
	var list []*Signature
	for _, a := range si.unsignedAttrs {
		if a.oid != OIDNestedSignature {
			continue
		}
		for _, value := range a.values {
			n, err := parseSignature(value, first, sd, b, depth+1)
			if isLimit(err) {
				return nil, err
			}
			if err != nil {
				n = unreadableSignature(value, err)
			}
			list = append(list, n)
		}
	}
	return list, nil
}

func unreadableSignature(raw []byte, err error) *Signature {
	return &Signature{
		Raw: raw, IsNested: true,
		Ordered: err,
		Problem: problem(winerror.CryptBadMessage, "the nested signature is unreadable: "+err.Error()),
	}
}

// attach gives a nested signature without content the content that it signs,
// and reports whether it did. signtool adds a signature to a catalog as one of
// type data without content; what it signs is the list of the outer message,
// with tag and length this time. Nothing else may be detached.
func (sd *signedData) attach(outer *signedData) bool {
	if outer == nil || sd.hasContent || sd.contentType != OIDData || outer.contentType != OIDCertTrustList || !outer.hasContent {
		return false
	}
	sd.hasContent, sd.contentTag = true, outer.contentTag
	sd.content, sd.contentDER = outer.contentDER, outer.contentDER
	return true
}

// checkSameContent demands that a nested signature of a list is one of the very
// list that it is shipped with. Nothing ties it to that list otherwise: the
// unsigned attribute is open to everybody, so anybody could put a genuine
// catalog of Microsoft's into a list of his own, whose members it would then
// seem to sign. The comparison is with the outermost message, the one that a
// caller reads: to agree with a neighbour that is itself foreign proves nothing.
//
// Signatures of a single file are not compared here, since a nested one is made
// with another digest: [Image.CheckDigest] holds each against the file.
func (sd *signedData) checkSameContent(first *signedData, detached bool) *Problem {
	if first.contentType == OIDIndirectData {
		return nil
	}
	switch {
	case !detached && sd.contentType != first.contentType:
		return problem(winerror.TrustBadDigest, fmt.Sprintf("the nested signature is over content of type %s, not over that of the message around it", sd.contentType))
	case !first.hasContent || !bytes.Equal(sd.contentDER, first.contentDER):
		return problem(winerror.TrustBadDigest, "the nested signature signs another list than that of the message around it")
	}
	return nil
}
