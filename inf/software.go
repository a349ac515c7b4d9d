package inf

import "strings"

// addSoftware reads AddSoftware = name,[flags],section, in .Software sections
// only. The program is a file of the package if it is in the driver store, %13%
// (rule 47).
func (c *closure) addSoftware(l *Line, in *Section) {
	if c.role != roleSoftware {
		return
	}
	name := c.f.expand(l.Value(2))
	ch, ok := c.f.choose(name, c.arch)
	if !ok {
		c.miss(Reference{Name: name, Pos: l.ValuePos(2), Section: in.Name, Directive: "AddSoftware"})
		return
	}
	if c.software[ch.section] {
		return
	}
	c.software[ch.section] = true
	for i := range ch.section.Lines {
		if l := &ch.section.Lines[i]; equalFold(c.f.expand(l.Key), "SoftwareBinary") {
			c.softwareBinary(c.f.expand(l.Value(0)), l.ValuePos(0), ch.name)
		}
	}
}

// softwareBinary keeps the program. The driver store has the files as the package
// has them, so one that SourceDisksFiles does not list lies at the path itself.
func (c *closure) softwareBinary(target string, at Pos, section string) {
	target = strings.ReplaceAll(strings.Trim(target, `" `), "/", `\`)
	name, ok := strings.CutPrefix(target, `%13%`)
	if name = strings.TrimLeft(name, `\`); !ok || name == "" {
		return
	}
	base := name[strings.LastIndexByte(name, '\\')+1:]
	if _, listed := c.disks.file(base); listed {
		name = base
	}
	c.add(SourceFile{Name: name, DestNames: []string{base}, Pos: at, Section: section})
}
