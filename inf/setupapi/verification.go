package setupapi

import "strings"

// A Verification is one pass over one file, a context _VERIFY_FILE_SIGNATURE.
// Windows verifies the INF of a package, first by the policy for drivers and,
// where that fails, once more by that for Authenticode (rule 122).
type Verification struct {
	Pos      Pos
	Pass     int    // 1, 2 … among the passes over the same file that follow each other
	Key      string // the file's name in the catalog, in the INF's own spelling
	FilePath string
	Catalog  string // path of the catalog
	Exit     Exit   // 0, or why the file does not count as verified; success of the second pass is a code too
	Message  string // of the code, in the system's language; without a code the last thing that the pass says
	Lines    []Line // what the pass says beside the fields
	Began    string // time of day, empty where the log has none
	Ended    string
}

const verifyContext = "_VERIFY_FILE_SIGNATURE"

// verifications reads the passes inside contexts.
func (s *Section) verifications(contexts []*Context) []Verification {
	var all []Verification
	for _, c := range named(contexts, isName(verifyContext)) {
		v := s.verification(c)
		v.Pass = 1
		if n := len(all); n > 0 && sameFile(&all[n-1], &v) {
			v.Pass = all[n-1].Pass + 1
		}
		all = append(all, v)
	}
	return all
}

func sameFile(a, b *Verification) bool {
	return strings.EqualFold(a.FilePath, b.FilePath) && strings.EqualFold(a.Catalog, b.Catalog) && strings.EqualFold(a.Key, b.Key)
}

func (s *Section) verification(c *Context) Verification {
	v := Verification{Pos: s.Lines[c.Open].Pos, Exit: c.Exit, Began: s.Lines[c.Open].Stamp}
	if c.Exit.Seen {
		v.Ended = s.Lines[c.Last].Stamp
	}
	for _, l := range s.direct(c) {
		name, value, _ := cutField(l.Message)
		switch {
		case name == "Key" && v.Key == "":
			v.Key = value
		case name == "FilePath" && v.FilePath == "":
			v.FilePath = value
		case name == "Catalog" && v.Catalog == "":
			v.Catalog = value
		default:
			v.Lines = append(v.Lines, *l)
		}
	}
	v.Message = codeMessage(v.Lines)
	return v
}

// codeMessage finds the text of a code, "Error 0x800b0109: …".
func codeMessage(lines []Line) string {
	message := ""
	for i := range lines {
		message = lines[i].Message
		before, text, ok := strings.Cut(message, ": ")
		if _, coded := firstCode(before); ok && coded {
			return text
		}
	}
	return message
}

// Verifications returns all passes of the section, of imports and of searches
// for drivers.
func (s *Section) Verifications() []Verification {
	return s.verifications(s.Contexts())
}
