package inf

import (
	"bytes"
	"encoding/binary"
)

// A Form is a text with other line endings or another byte order mark.
type Form struct {
	ID   string // "crlf", "lf", "bom-added", "bom-removed", or two of them with "+" between
	Data []byte
}

// LineEndingForms returns the forms that a text may have had before some tool,
// most often git, changed its line endings or its byte order mark; forms equal to
// the text itself are left out. They are for diagnosis only: a catalog that
// covers such a form does not cover the text (rule 15).
//
// The changes are made on bytes, in UTF-16 on pairs of bytes, so everything else
// stays as it is. Nothing restores a text whose line endings were mixed.
func LineEndingForms(data []byte) []Form {
	if len(data) > MaxSize {
		return nil
	}
	kind, bom := detect(data)
	mark, body := data[:bom], data[bom:]

	var forms []Form
	for _, m := range markForms(kind, mark) {
		for _, b := range endingForms(kind, body) {
			if m.ID == "" && b.ID == "" {
				continue
			}
			id := b.ID
			if m.ID != "" && id != "" {
				id += "+"
			}
			forms = append(forms, Form{id + m.ID, append(bytes.Clone(m.Data), b.Data...)})
		}
	}
	return forms
}

// markForms returns the byte order mark as it is, and added or taken away.
func markForms(kind Encoding, mark []byte) []Form {
	same := Form{"", mark}
	switch {
	case len(mark) > 0:
		return []Form{same, {"bom-removed", nil}}
	case kind == UTF16LE:
		return []Form{same, {"bom-added", []byte{0xFF, 0xFE}}}
	}
	return []Form{same, {"bom-added", []byte{0xEF, 0xBB, 0xBF}}}
}

// endingForms returns the body as it is, and the two unified forms where they differ.
func endingForms(kind Encoding, body []byte) []Form {
	s := source{data: body}
	switch kind {
	case UTF16LE:
		s.wide = binary.LittleEndian
	case UTF16BE:
		s.wide = binary.BigEndian
	}
	forms := []Form{{"", body}}
	for _, form := range []Form{{"crlf", s.unify(true)}, {"lf", s.unify(false)}} {
		if !bytes.Equal(form.Data, body) {
			forms = append(forms, form)
		}
	}
	return forms
}

// unify returns the text with every LF and CR LF as the one or the other. A CR
// that no LF follows is left alone, as the tools leave it.
func (s *source) unify(crlf bool) []byte {
	w := s.unit()
	cr := make([]byte, w)
	if s.wide != nil {
		s.wide.PutUint16(cr, '\r')
	} else {
		cr[0] = '\r'
	}
	out := make([]byte, 0, len(s.data)+len(s.data)/16)
	for i := uint32(0); i < uint32(len(s.data)); i += w {
		end := min(i+w, uint32(len(s.data))) // an odd last byte
		switch c := s.at(i); {
		case c == '\r' && s.at(i+w) == '\n':
			continue // put back below, or not
		case c == '\n' && crlf:
			out = append(out, cr...)
		}
		out = append(out, s.data[i:end]...)
	}
	return out
}
