package setupapi

import (
	"slices"
	"strings"
)

// A DriverNode is one driver that Windows considered for a device.
type DriverNode struct {
	Pos Pos

	// Listed says that the node is of the list of all candidates with their
	// fate, which Windows 10 2004 and later write under "utl:". Otherwise it
	// is one that was created in the search, under "dvi:".
	Listed bool

	HardwareID    string // the INF's id that matched; "Configuration" in a list
	INF           string // path
	Published     string // "oem4.inf", where the node names it
	Description   string
	Section       string // DDInstall section
	Rank          uint32
	HasRank       bool
	Score         Score
	Signer        string // before Windows 8: a name, or that there is none
	DriverDate    string // "10/02/2023"
	DriverVersion string // "1.2.0.124"
	SubmissionID  string

	// Status says what became of it: "Selected", "Outranked", "Installed".
	// A list gives several. A node that was created has "Selected" when the
	// search then names it as the best one.
	Status []string

	Fields []Field // all, in order
}

// Has reports whether the node has a status.
func (n *DriverNode) Has(status string) bool { return slices.Contains(n.Status, status) }

// DriverNodes returns the section's nodes, in order.
func (s *Section) DriverNodes() []*DriverNode {
	return s.nodes(0, len(s.Lines)-1)
}

// A block is a line that ends with a colon and the fields under it.
type block struct {
	head   *Line
	fields []Field
}

// blocks finds blocks of fields "Name - value" among the lines from first to
// last. Their lines are indented more than the head, unless all indentation
// was lost.
func (s *Section) blocks(first, last int, found func(block)) {
	for i := max(first, 0); i < last && i < len(s.Lines); i++ {
		head := &s.Lines[i]
		if head.Kind != KindEntry || !strings.HasSuffix(head.Message, ":") {
			continue
		}
		b := block{head: head}
		for j := i + 1; j <= last && j < len(s.Lines); j++ {
			l := &s.Lines[j]
			if l.Kind != KindEntry || l.Indent <= head.Indent && !head.Loose || strings.HasSuffix(l.Message, ":") {
				break
			}
			name, value, ok := cutDash(l.Message)
			if !ok {
				break
			}
			b.fields = append(b.fields, Field{Pos: l.Pos, Name: name, Value: unbracket(value)})
			i = j
		}
		if len(b.fields) > 0 {
			found(b)
		}
	}
}

// cutDash reads "Name   - value"; the value may be empty.
func cutDash(s string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(s+" ", " - ")
	return strings.TrimRight(name, " "), strings.TrimSpace(value), ok && strings.TrimSpace(name) != ""
}

// nodes makes nodes of the blocks that have a rank, and marks those that a block
// without a rank selects by INF and section.
func (s *Section) nodes(first, last int) []*DriverNode {
	var nodes []*DriverNode
	s.blocks(first, last, func(b block) {
		n := &DriverNode{Pos: b.head.Pos, Listed: b.head.Category == "utl", Fields: b.fields}
		var inf, section string
		for _, f := range b.fields {
			n.set(f)
			switch f.Name {
			case "InfFile":
				inf = f.Value
			case "Section":
				section = f.Value
			}
		}
		switch {
		case inf != "" && markSelected(nodes, inf, section):
		case n.HasRank && len(nodes) < maxViews:
			if inf != "" {
				n.Status = append(n.Status, "Selected")
			}
			nodes = append(nodes, n)
		}
	})
	return nodes
}

// markSelected marks the last node of that INF and section. One search has a few
// dozen nodes at most.
func markSelected(nodes []*DriverNode, inf, section string) bool {
	const search = 256
	for _, n := range slices.Backward(nodes[max(0, len(nodes)-search):]) {
		if strings.EqualFold(n.INF, inf) && sameSection(n.Section, section) {
			if !n.Has("Selected") {
				n.Status = append(n.Status, "Selected")
			}
			return true
		}
	}
	return false
}

// sameSection compares section names of a node and of the selected driver: the
// one has the decoration ("Toaster.NT"), the other not.
func sameSection(node, selected string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(node), strings.ToLower(selected))
	return ok && (rest == "" || strings.HasPrefix(rest, ".nt"))
}

// set takes a field of a node. The names are identifiers, which no locale
// translates.
func (n *DriverNode) set(f Field) {
	switch f.Name {
	case "HardwareID", "HardwareId", "CompatID", "Configuration":
		n.HardwareID = f.Value
	case "InfName", "InfFile":
		n.INF = f.Value
	case "Driver INF":
		n.Published, n.INF, _ = strings.Cut(strings.TrimSuffix(f.Value, ")"), " (")
	case "DevDesc", "Description":
		n.Description = f.Value
	case "Section", "ActualSec":
		n.Section = f.Value
	case "Rank", "Driver Rank":
		n.Rank, n.HasRank = parseHex(strings.TrimPrefix(f.Value, "0x"))
	case "Signer Score":
		n.Score = parseScore(f.Value)
	case "Signer":
		n.Signer = f.Value
	case "DrvDate":
		n.DriverDate = f.Value
	case "Version":
		n.DriverVersion = f.Value
	case "Driver Version":
		n.DriverDate, n.DriverVersion, _ = strings.Cut(f.Value, ",")
	case "Submission ID":
		n.SubmissionID = f.Value
	case "Status":
		for status := range strings.SplitSeq(f.Value, "|") {
			n.Status = append(n.Status, strings.TrimSpace(status))
		}
	}
}
