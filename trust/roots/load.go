package roots

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
)

// The embedded files. The certificates lie one behind the other in bundle;
// anchorTable says where. Strings, because nobody can change them.
var (
	//go:embed anchors.der
	bundle string
	//go:embed facts/anchors.tsv
	anchorTable string
	//go:embed facts/program.tsv
	programTable string
)

// index is everything that can be known without parsing a certificate.
type index struct {
	roots     []*Root
	bySubject map[string][]*Root
	bySHA256  map[[32]byte]*Root
	policies  map[[32]byte]*Policy
	lists     map[string][]string // usages by their column: most are there many times
}

// entries is the size hint for the index. The build would be right with any.
const entries = 512

// load builds the index on first use. The tables are part of the program: a
// row that cannot be read is a defect of the build, and to go on without it
// would drop a restriction. So it panics, and a test loads them.
var load = sync.OnceValue(build)

func build() *index {
	x := newIndex()
	eachRow("facts/program.tsv", programTable, 9, x.addPolicy)
	eachRow("facts/anchors.tsv", anchorTable, 9, x.addRoot)
	return x
}

func newIndex() *index {
	return &index{
		roots:     make([]*Root, 0, entries),
		bySubject: make(map[string][]*Root, entries),
		bySHA256:  make(map[[32]byte]*Root, entries),
		policies:  make(map[[32]byte]*Policy, entries),
		lists:     make(map[string][]string, entries),
	}
}

// eachRow calls add with the columns of every row. The slice is reused.
func eachRow(name, table string, columns int, add func(v []string) error) {
	v := make([]string, columns)
	number := 0
	for line := range strings.Lines(table) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		err := split(line, v)
		if err == nil {
			err = add(v)
		}
		if err != nil {
			panic(fmt.Sprintf("trust/roots: %s:%d: %v", name, number, err))
		}
	}
}

func split(line string, v []string) error {
	for i := range v {
		field, rest, found := strings.Cut(line, "\t")
		if found == (i == len(v)-1) {
			return fmt.Errorf("want %d columns", len(v))
		}
		v[i], line = field, rest
	}
	return nil
}

// addPolicy reads a row of program.tsv: sha1, sha256, name, 9, 104, 122, 126,
// 127, 105.
func (x *index) addPolicy(v []string) error {
	sum, err := hash[[32]byte](v[1])
	if err != nil {
		return err
	}
	p := &Policy{Listed: true, Name: readable(v[2])}
	if v[3] == "" {
		return fmt.Errorf("no usages: ALL must be written out")
	}
	if v[3] != "ALL" {
		p.EKUs = x.oids(v[3])
	}
	if p.Disable, err = date(v[4]); err != nil {
		return err
	}
	if p.NotBefore, err = date(v[6]); err != nil {
		return err
	}
	p.DisabledEKUs, p.NotBeforeEKUs, p.ChainPolicies = x.oids(v[5]), x.oids(v[7]), x.oids(v[8])
	if _, twice := x.policies[sum]; twice {
		return fmt.Errorf("%s is there twice", v[1])
	}
	x.policies[sum] = p
	return nil
}

// addRoot reads a row of anchors.tsv: sha256, sha1, class, offset, length,
// subject offset, subject length, source, subject.
func (x *index) addRoot(v []string) error {
	r := &Root{Class: classOf(v[2]), Source: v[7], Subject: v[8]}
	var err error
	if r.SHA256, err = hash[[32]byte](v[0]); err != nil {
		return err
	}
	if r.SHA1, err = hash[[20]byte](v[1]); err != nil {
		return err
	}
	if r.Class == ClassUnknown {
		return fmt.Errorf("class %q", v[2])
	}
	if r.der, err = slice(bundle, v[3], v[4]); err != nil {
		return err
	}
	if r.rawSubject, err = slice(r.der, v[5], v[6]); err != nil {
		return err
	}
	if x.bySHA256[r.SHA256] != nil {
		return fmt.Errorf("%s is there twice", v[0])
	}
	if p := x.policies[r.SHA256]; p != nil {
		r.Policy = *p
	}
	if r.Class == Program && !r.Listed {
		return fmt.Errorf("%s is not in the program", v[0])
	}
	x.roots = append(x.roots, r)
	x.bySubject[r.rawSubject] = append(x.bySubject[r.rawSubject], r)
	x.bySHA256[r.SHA256] = r
	return nil
}

func classOf(word string) Class {
	for c := Product; c <= Program; c++ {
		if classNames[c] == word {
			return c
		}
	}
	return ClassUnknown
}

func hash[H [20]byte | [32]byte](text string) (h H, err error) {
	var b [64]byte
	if len(text) != 2*len(h) || copy(b[:], text) != len(text) {
		return h, fmt.Errorf("digest %q", text)
	}
	n, err := hex.Decode(b[:], b[:len(text)]) // in place: each pair is read before it is written
	if err != nil {
		return h, fmt.Errorf("digest %q", text)
	}
	return H(b[:n]), nil
}

func slice(s, offset, length string) (string, error) {
	o, err := strconv.Atoi(offset)
	n, err2 := strconv.Atoi(length)
	if err != nil || err2 != nil || o < 0 || n <= 0 || o > len(s) || n > len(s)-o {
		return "", fmt.Errorf("no %s bytes at %s", length, offset)
	}
	return s[o : o+n], nil
}

// date reads a date column. A property that is absent (empty) and one that is
// present and empty (ZERO) both mean no restriction.
func date(text string) (time.Time, error) {
	if text == "" || text == "ZERO" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, text)
}

// oids expands a list of usages; nil for an empty one. Equal columns share
// one list.
func (x *index) oids(text string) []string {
	if text == "" {
		return nil
	}
	if list := x.lists[text]; list != nil {
		return list
	}
	list := strings.Split(text, ",")

	for i, oid := range list {
		if n, ok := strings.CutPrefix(oid, "pkix."); ok {
			list[i] = "1.3.6.1.5.5.7.3." + n
		} else if n, ok := strings.CutPrefix(oid, "ms."); ok {
			list[i] = "1.3.6.1.4.1.311." + n
		}
	}
	x.lists[text] = list
	return list
}

// readable drops invisible characters, which a few friendly names carry.
func readable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
}
