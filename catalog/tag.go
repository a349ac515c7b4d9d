package catalog

// readTag finds the digest in the tag, if it is one. In version 2 that is a
// tag of the size of a digest (rule 69). In version 1 it is UTF-16LE text of
// as many hexadecimal digits as a SHA-1 or, rarely, a SHA-256 has (rule 66,
// L13), in either case of letters, with or without a NUL after it.
//
// The two do not mix: in version 1 twenty octets are a text of ten
// characters, such as "driver.inf". A text of the right form in a version 2
// catalog counts, because what it could do is contradict the indirect data.
func (m *Member) readTag(version int) {
	if version == 2 {
		if h := hashOfSize(len(m.Tag)); h != 0 {
			m.TagAlgorithm, m.TagDigest = h, m.Tag
			return
		}
	}
	digits := m.Tag
	if n := len(digits); n >= 2 && digits[n-2] == 0 && digits[n-1] == 0 {
		digits = digits[:n-2]
	}
	h := hashOfSize(len(digits) / 4)
	if h == 0 || len(digits)%4 != 0 {
		return
	}
	// Usually the digest is that of the indirect data, which need not be
	// written down again.
	var buffer [maxDigest]byte
	sum := buffer[:len(digits)/4]
	if !decodeHexUTF16(sum, digits) {
		return
	}
	m.TagAlgorithm = h
	if string(sum) == string(m.Digest) {
		m.TagDigest = m.Digest
	} else {
		m.TagDigest = append([]byte(nil), sum...)
	}
}

// decodeHexUTF16 reads two UTF-16LE digits for each octet of sum.
func decodeHexUTF16(sum, digits []byte) bool {
	for i := range sum {
		d := digits[4*i : 4*i+4 : 4*i+4]
		high, low := hexValue[d[0]], hexValue[d[2]]
		if d[1] != 0 || d[3] != 0 || high < 0 || low < 0 {
			return false
		}
		sum[i] = byte(high)<<4 | byte(low)
	}
	return true
}

// hexValue has the value of each ASCII hexadecimal digit, and -1 elsewhere.
var hexValue = func() (table [256]int8) {
	for i := range table {
		table[i] = -1
	}
	for i := range 10 {
		table['0'+i] = int8(i)
	}
	for i := range 6 {
		table['A'+i] = int8(10 + i)
		table['a'+i] = int8(10 + i)
	}
	return table
}()
