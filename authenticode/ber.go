package authenticode

import (
	"errors"
	"fmt"
)

// Limits of the conversion from BER.
const (
	// maxBERDepth bounds how deep elements nest in a message with indefinite
	// lengths.
	maxBERDepth = 64
	// maxBER bounds such a message: conversion copies it, where DER is read in
	// place. Catalogs and images are signed in DER.
	maxBER = 4 << 20
)

// ErrBER is the error for a message with indefinite lengths that cannot be
// converted to DER.
var ErrBER = errors.New("malformed BER")

// toDER returns a message as it is, unless it starts with an indefinite
// length. Such a message is converted, and what followed it is kept. Lengths
// in other than the shortest form are left alone: the walk refuses them.
func toDER(in []byte) (out []byte, converted bool, err error) {
	if len(in) < 2 || in[0] != 0x30 || in[1] != 0x80 {
		return in, false, nil
	}
	if len(in) > maxBER {
		return nil, false, fmt.Errorf("offset 0: indefinite lengths in a message larger than 4 MiB: %w", ErrBER)
	}
	c := berConverter{in: in}
	message, end, err := c.element(0, 0)
	if err != nil {
		return nil, false, err
	}
	return append(message, in[end:]...), true, nil
}

// berConverter rewrites BER elements with definite lengths.
type berConverter struct {
	in []byte
}

// element converts the element at offset at, and returns it with the offset
// behind it.
func (c *berConverter) element(at, depth int) (der []byte, end int, err error) {
	if depth > maxBERDepth {
		return nil, 0, fmt.Errorf("offset %d: %w", at, ErrTooDeep)
	}
	tag, start, length, err := c.header(at)
	if err != nil {
		return nil, 0, err
	}
	if length >= 0 && tag&0x20 == 0 {
		return c.in[at : start+length], start + length, nil
	}
	contents, end, err := c.contents(start, length, depth)
	if err != nil {
		return nil, 0, err
	}
	if tag == 0x24 { // constructed OCTET STRING: its pieces make one string
		if contents, err = joinOctets(contents, at); err != nil {
			return nil, 0, err
		}
		tag = 0x04
	}
	return append(derHeader(tag, len(contents)), contents...), end, nil
}

// contents converts the elements from start up to length octets further, or up
// to the end-of-contents octets when length is negative.
func (c *berConverter) contents(start, length, depth int) (der []byte, end int, err error) {
	at := start
	for {
		if length >= 0 && at >= start+length {
			if at > start+length {
				return nil, 0, fmt.Errorf("offset %d: element is longer than the one around it: %w", start, ErrBER)
			}
			return der, at, nil
		}
		if length < 0 && len(c.in)-at >= 2 && c.in[at] == 0 && c.in[at+1] == 0 {
			return der, at + 2, nil
		}
		var inner []byte
		if inner, at, err = c.element(at, depth+1); err != nil {
			return nil, 0, err
		}
		der = append(der, inner...)
	}
}

// header reads identifier and length at offset at. The length is -1 when it is
// indefinite.
func (c *berConverter) header(at int) (tag byte, start, length int, err error) {
	if len(c.in)-at < 2 {
		return 0, 0, 0, fmt.Errorf("offset %d: truncated: %w", at, ErrBER)
	}
	tag, first := c.in[at], c.in[at+1]
	start = at + 2
	switch {
	case tag&0x1f == 0x1f:
		return 0, 0, 0, fmt.Errorf("offset %d: tag number above 30: %w", at, ErrBER)
	case first < 0x80:
		length = int(first)
	case first == 0x80:
		if tag&0x20 == 0 {
			return 0, 0, 0, fmt.Errorf("offset %d: indefinite length of a primitive: %w", at, ErrBER)
		}
		return tag, start, -1, nil
	default:
		n := int(first & 0x7f)
		if n > 4 || len(c.in)-start < n {
			return 0, 0, 0, fmt.Errorf("offset %d: length of %d octets: %w", at, n, ErrBER)
		}
		for _, b := range c.in[start : start+n] {
			length = length<<8 | int(b)
		}
		start += n
	}
	if length < 0 || length > len(c.in)-start {
		return 0, 0, 0, fmt.Errorf("offset %d: element reaches beyond the end: %w", at, ErrBER)
	}
	return tag, start, length, nil
}

// joinOctets concatenates the OCTET STRINGs in contents, which are converted
// already.
func joinOctets(contents []byte, at int) ([]byte, error) {
	var joined []byte
	c := berConverter{in: contents}
	for i := 0; i < len(contents); {
		tag, start, length, err := c.header(i)
		if err != nil || tag != 0x04 || length < 0 {
			return nil, fmt.Errorf("offset %d: piece of an OCTET STRING is none: %w", at, ErrBER)
		}
		joined = append(joined, contents[start:start+length]...)
		i = start + length
	}
	return joined, nil
}
