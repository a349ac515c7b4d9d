package blocklist

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// namespace is the one of policies; nothing else has it.
const namespace = "urn:schemas-microsoft-com:sipolicy"

// parseXML reads the published form. It follows the schema by a table of the
// elements that may stand where; anything else is noted as unsupported, with
// everything inside it.
func parseXML(data []byte) (*Policy, error) {
	text, err := utf8Text(data)
	if err != nil {
		return nil, err
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = sameText
	r := &xmlReader{d: d, elements: schema(), p: &Policy{Format: XML}}
	if err := r.read(); err != nil {
		return nil, err
	}
	if p := r.p; p.PolicyID != p.BasePolicyID && !p.PolicyID.IsZero() && !p.BasePolicyID.IsZero() {
		return nil, fmt.Errorf("policy id %s, base policy id %s: %w", p.PolicyID, p.BasePolicyID, ErrSupplemental)
	}
	return r.p, nil
}

type xmlReader struct {
	d        *xml.Decoder
	p        *Policy
	elements map[string]element

	path []string // paths of the elements that are open, below SiPolicy
	line int64    // of the token at hand
	text strings.Builder
	refs int

	open bool // SiPolicy has begun
	done bool // and ended

	group                    string // at hand in a scenario
	provider, key, valueName string // of the setting at hand
}

func (r *xmlReader) read() error {
	for {
		line, _ := r.d.InputPos()
		r.line = int64(line)
		token, err := r.d.Token()
		if errors.Is(err, io.EOF) && r.done {
			return nil
		}
		if err != nil {
			return r.syntax(err)
		}
		if err := r.token(token); err != nil {
			return err
		}
	}
}

// syntax turns what the decoder says into an error of this package. Its own
// text names the line already.
func (r *xmlReader) syntax(err error) error {
	var s *xml.SyntaxError
	switch {
	case errors.Is(err, io.EOF) && !r.open:
		return fmt.Errorf("%w: XML without an element", ErrNotPolicy)
	case errors.Is(err, ErrSyntax):
		return err
	case errors.As(err, &s):
		return fmt.Errorf("line %d: %s: %w", s.Line, s.Msg, ErrSyntax)
	}
	return r.fail("%w: %w", err, ErrSyntax)
}

func (r *xmlReader) fail(format string, args ...any) error {
	return fmt.Errorf("line %d: %w", r.line, fmt.Errorf(format, args...))
}

func (r *xmlReader) token(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive:
		return r.fail("a document type is not allowed here: %w", ErrSyntax)
	case xml.CharData:
		r.text.Write(t)
	case xml.StartElement:
		return r.start(t)
	case xml.EndElement:
		return r.end()
	}
	return nil
}

func (r *xmlReader) start(e xml.StartElement) error {
	if !r.open {
		return r.root(e)
	}
	if r.done {
		return r.fail("element %s after the policy: %w", e.Name.Local, ErrSyntax)
	}
	// XML forbids it, and the decoder lets it pass.
	for i, a := range e.Attr {
		if i > maxAttributes || slices.ContainsFunc(e.Attr[:i], func(b xml.Attr) bool { return a.Name == b.Name }) {
			return r.fail("attribute %s of %s twice, or too many: %w", a.Name.Local, e.Name.Local, ErrSyntax)
		}
	}
	r.text.Reset()
	path := r.segment(e.Name.Local)
	parent := r.parent()
	if parent != "" {
		path = parent + "/" + path
	}
	r.path = append(r.path, path)
	what, ok := r.elements[path]
	switch {
	case !ok || e.Name.Space != namespace:
		return r.unknown(e, parent)
	case what.skip:
		return r.skip()
	case what.start != nil:
		return what.start(r, e)
	}
	return nil
}

// parent is the path of the innermost element that is open.
func (r *xmlReader) parent() string {
	if len(r.path) == 0 {
		return ""
	}
	return r.path[len(r.path)-1]
}

// segment is the name of an element in the table's paths.
func (r *xmlReader) segment(name string) string {
	if _, ok := groups[name]; ok && len(r.path) == 2 {
		r.group = name
		return "*"
	}
	return name
}

func (r *xmlReader) root(e xml.StartElement) error {
	if e.Name.Local != "SiPolicy" || e.Name.Space != namespace {
		return fmt.Errorf("%w: XML whose root is %s, not SiPolicy of %s", ErrNotPolicy, e.Name.Local, namespace)
	}
	r.open = true
	for _, a := range e.Attr {
		if a.Name.Local == "PolicyType" && !strings.EqualFold(strings.TrimSpace(a.Value), "Base Policy") {
			return r.fail("policy type %q: %w", a.Value, ErrSupplemental)
		}
	}
	return nil
}

func (r *xmlReader) end() error {
	if len(r.path) == 0 {
		r.done = true
		return nil
	}
	what := r.elements[r.parent()]
	text := r.text.String()
	r.text.Reset()
	r.path = r.path[:len(r.path)-1]
	if what.end != nil {
		return what.end(r, strings.TrimSpace(text))
	}
	return nil
}

// skip passes over the element at hand with all it contains. The decoder does
// not recurse, but keeps what is open: so depth is bounded here as well.
func (r *xmlReader) skip() error {
	for depth := 1; depth > 0; {
		token, err := r.d.Token()
		if err != nil {
			return r.syntax(err)
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if depth+len(r.path) > maxDepth {
			return r.fail("%w", ErrTooDeep)
		}
	}
	r.path = r.path[:len(r.path)-1]
	return nil
}

// unknown notes an element that has no meaning here. Inside a signer it is a
// condition of that signer; anywhere else it could be anything.
func (r *xmlReader) unknown(e xml.StartElement, parent string) error {
	what := "element " + e.Name.Local
	if e.Name.Space != namespace {
		what = fmt.Sprintf("element %s of namespace %q", e.Name.Local, e.Name.Space)
	}
	if parent == "Signers/Signer" {
		s := r.lastSigner()
		s.Other = append(s.Other, what)
	} else if err := r.p.note(Unsupported{What: what, At: r.p.at(r.line)}); err != nil {
		return err
	}
	return r.skip()
}

// attributes copies the attributes of an element into the variables given for
// their names. Others are returned, as name and value, but for declarations.
func (r *xmlReader) attributes(e xml.StartElement, into map[string]*string) (others []string) {
	for _, a := range e.Attr {
		to, ok := into[a.Name.Local]
		switch {
		case a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || a.Name.Space == "http://www.w3.org/2001/XMLSchema-instance":
		case ok && a.Name.Space == "":
			*to = a.Value
		case a.Value != "":
			others = append(others, "attribute "+a.Name.Local+" "+strconv.Quote(a.Value))
		}
	}
	return others
}
