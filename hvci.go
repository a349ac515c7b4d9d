package prestage

import (
	"fmt"

	"prestage/authenticode"
)

// Section characteristics of the PE format.
const (
	sectionDiscardable = 0x02000000
	sectionExecute     = 0x20000000
	sectionWrite       = 0x80000000
)

// pageSize is the size of a page on every architecture that enforces memory
// integrity.
const pageSize = 0x1000

// memoryIntegrity says what of an image memory integrity (HVCI) does not
// allow, in the numbers of Driver Verifier's code integrity checks (rule
// 184). What a driver does while it runs cannot be told from its file.
func memoryIntegrity(m *authenticode.Image) []string {
	var all []string
	if m.SectionAlignment%pageSize != 0 {
		all = append(all, fmt.Sprintf("sections are aligned to 0x%x, not to pages (0x2004)", m.SectionAlignment))
	}
	for _, s := range m.Sections {
		executable := s.Characteristics&sectionExecute != 0 && s.Characteristics&sectionDiscardable == 0
		if executable && s.Characteristics&sectionWrite != 0 {
			all = append(all, fmt.Sprintf("section %s is executable and writable (0x2003)", s.Name))
		}
		in := m.IAT.RVA >= s.VirtualAddress && m.IAT.RVA-s.VirtualAddress < max(s.VirtualSize, s.SizeOfRawData)
		if executable && m.IAT.Size > 0 && in {
			all = append(all, fmt.Sprintf("the import address table is in the executable section %s (0x2005)", s.Name))
		}
	}
	return all
}
