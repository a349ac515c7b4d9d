package prestage

import (
	"cmp"
	"slices"
	"strings"
)

// Device is the identification of a device: its ids in the order in which
// its bus reports them. Without a device, ranks are those of the best case.
type Device struct {
	HardwareIDs, CompatibleIDs []string
}

// The kinds of match of an identifier score (rule 167).
const (
	matchHardwareHardware     = 0x0000
	matchHardwareCompatible   = 0x1000
	matchCompatibleHardware   = 0x2000
	matchCompatibleCompatible = 0x3000
	maxPosition               = 0xFFF
)

// rank puts a node's rank together, 0xSSGGTHHH: signature, feature, kind of
// match and position; lower wins (rule 168). Where all signatures rank equal, a
// signed node has no signature part (rule 163).
func rank(s SignerScore, allEqual bool, feature, identifier int) uint32 {
	const mask, signed = 0xFF000000, 0xF0000000
	part := uint32(s) & mask
	if allEqual && uint32(s)&signed == 0 {
		part = 0
	}
	return part | uint32(feature&0xFF)<<16 | uint32(identifier&0xFFFF)
}

// RankedNode is a device id of the INF with the rank of a driver node that
// matches by it.
type RankedNode struct {
	ID   string
	Rank uint32
}

// RankNodes ranks the driver nodes that the target would build from the
// package, the best first: for a device, the best node for each of the INF's
// ids that the device has; without one, every id of the INF as if it were the
// device's first. It returns nothing for a package that the target does not
// stage.
func RankNodes(f *Facts, c Classification, p Prediction, t Target, d *Device) []RankedNode {
	return newView(f, t).rankNodes(c, p, d)
}

func (v *view) rankNodes(c Classification, p Prediction, d *Device) []RankedNode {
	if p.Outcome != Silent && p.Outcome != Prompted {
		return nil
	}
	best := map[string]RankedNode{}
	for _, install := range v.selection.Installs {
		score := c.Score
		if c.Category == Altered || c.Category == Unsigned {
			score = unsignedScore(install.HasNT)
		}
		for _, m := range install.Models {
			for _, id := range matches(m.HardwareID, m.CompatibleIDs, d) {
				r := rank(score, v.allSigningEqual(), install.FeatureScore, id.identifier)
				key := strings.ToLower(id.id)
				if old, ok := best[key]; !ok || r < old.Rank {
					best[key] = RankedNode{id.id, r}
				}
			}
		}
	}
	var all []RankedNode
	for _, n := range best {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b RankedNode) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), strings.Compare(a.ID, b.ID))
	})
	return all
}

// allSigningEqual is the policy in force: as asked for, else the release's
// default (rule 163).
func (v *view) allSigningEqual() bool {
	if v.Scenario.AllSigningEqual == Default {
		return v.Windows.Staging.AllSigningEqual
	}
	return v.Scenario.AllSigningEqual == On
}

// unsignedScore is the score of a node without a valid signature (rule 165).
func unsignedScore(nt bool) SignerScore {
	if nt {
		return ScoreUnsigned
	}
	return ScoreW9xSuspect
}

// match is an id of the INF with the identifier score of a match by it.
type match struct {
	id         string
	identifier int
}

// matches returns the identifier scores of a models entry (rule 167).
// Positions count from 0.
func matches(hardware string, compatible []string, d *Device) []match {
	if d == nil {
		return bestCases(hardware, compatible)
	}
	var all []match
	add := func(id string, kind, position int) {
		all = append(all, match{id, kind + min(position, maxPosition)})
	}
	for i, id := range d.HardwareIDs {
		if hardware != "" && equalFold(id, hardware) {
			add(hardware, matchHardwareHardware, i)
		}
		for _, c := range compatible {
			if equalFold(id, c) {
				add(c, matchHardwareCompatible, i)
			}
		}
	}
	for j, id := range d.CompatibleIDs {
		if hardware != "" && equalFold(id, hardware) {
			add(hardware, matchCompatibleHardware, j)
		}
		for k, c := range compatible {
			if equalFold(id, c) {
				add(c, matchCompatibleCompatible, j+0x100*k)
			}
		}
	}
	return all
}

// bestCases takes each id as the first of its kind on the device.
func bestCases(hardware string, compatible []string) []match {
	var all []match
	if hardware != "" {
		all = append(all, match{hardware, matchHardwareHardware})
	}
	for k, c := range compatible {
		all = append(all, match{c, matchCompatibleCompatible + min(0x100*k, maxPosition)})
	}
	return all
}
