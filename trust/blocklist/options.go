package blocklist

import (
	"fmt"
	"strings"
)

// Options of a policy that matter here, as XML spells them.
const (
	optionAudit = "Enabled:Audit Mode"
	optionWHQL  = "Required:WHQL"
	optionEV    = "Required:EV Signers"
)

// optionBits are the bits of the option word in a compiled policy. Bits 30 and
// 31 are flags of the compiler.
var optionBits = map[int]string{
	2:  "Enabled:UMCI",
	3:  "Enabled:Boot Menu Protection",
	4:  "Enabled:Intelligent Security Graph Authorization",
	5:  "Enabled:Invalidate EAs on Reboot",
	6:  "Enabled:Windows Lockdown Trial Mode",
	7:  optionWHQL,
	8:  "Enabled:Developer Mode Dynamic Code Trust",
	10: "Enabled:Allow Supplemental Policies",
	11: "Disabled:Runtime FilePath Rule Protection",
	13: "Enabled:Revoked Expired As Unsigned",
	16: optionAudit,
	17: "Disabled:Flight Signing",
	18: "Enabled:Inherit Default Policy",
	19: "Enabled:Unsigned System Integrity Policy",
	20: "Enabled:Dynamic Code Security",
	21: optionEV,
	22: "Enabled:Boot Audit On Failure",
	23: "Enabled:Advanced Boot Options Menu",
	24: "Disabled:Script Enforcement",
	25: "Required:Enforce Store Applications",
	26: "Enabled:Secure Setting Policy",
	27: "Enabled:Managed Installer",
	28: "Enabled:Update Policy No Reboot",
	29: "Enabled:Conditional Windows Lockdown Policy",
}

const (
	flagSupplemental = 1 << 30
	flagValid        = 1 << 31
	optionCount      = 30
)

// optionsOf names the bits of an option word, unknown ones by number.
func optionsOf(word uint32) []string {
	var names []string
	for bit := range optionCount {
		if word&(1<<bit) == 0 {
			continue
		}
		name, ok := optionBits[bit]
		if !ok {
			name = fmt.Sprintf("bit %d", bit)
		}
		names = append(names, name)
	}
	return names
}

// addOption records one option. Options that block drivers which no rule names
// make more of the policy than a block list.
func (p *Policy) addOption(name string, pos int64) error {
	p.Options = append(p.Options, name)
	switch {
	case strings.EqualFold(name, optionAudit):
		p.Audit = true
	case strings.EqualFold(name, optionWHQL), strings.EqualFold(name, optionEV):
		return p.note(Unsupported{What: "option " + name + " blocks drivers that no rule names", At: p.at(pos)})
	}
	return nil
}
