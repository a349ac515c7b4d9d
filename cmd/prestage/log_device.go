package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"prestage/inf/setupapi"
)

// deviceStory tells an installation.
func deviceStory(s *setupapi.Section, d *setupapi.DeviceInstall) *logStory {
	t := newStory(s, "device", d.Pos.Line)
	t.Subject = d.Device
	t.Passes = passesOf(d.Verifications)
	t.Nodes = nodesOf(d.Nodes)
	for _, c := range d.Commits {
		t.Files = append(t.Files, logFiles{Line: c.Pos.Line, Count: len(targets(c.Copies)), Began: c.Began, Ended: c.Ended})
	}
	if len(d.Commits) == 0 && len(d.Copies) > 0 {
		t.Files = append(t.Files, logFiles{Line: d.Copies[0].Pos.Line, Count: len(targets(d.Copies))})
	}
	t.finish(d.Status, d.Exit)
	t.services(d)
	t.problems(d)
	for _, e := range d.Errors {
		if !slices.ContainsFunc(d.Problems, func(p setupapi.Problem) bool { return p.Pos == e.Pos }) {
			t.Refused = append(t.Refused, fmt.Sprintf("line %d: %s", e.Pos.Line, e.Text))
		}
	}
	t.restart(d)
	t.adviseDevice(d)
	return t
}

// targets are the files that a queue put in place, each once: a log may name a
// file when it is written under another name and again when it gets its own.
func targets(copies []setupapi.Copy) []string {
	var all []string
	for _, c := range copies {
		if name := strings.ToLower(c.To); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// services tells the starts of services. A start that failed before the files
// were committed is a race that the restart ends ("Troubleshooting Device
// Installation", service started before the file queue was committed).
func (t *logStory) services(d *setupapi.DeviceInstall) {
	for _, start := range d.ServiceStarts {
		service := logService{Line: start.Pos.Line, Name: start.Service, Failed: start.Failed, Explain: start.Text}
		for _, c := range d.Commits {
			if start.Failed && start.Pos.Line < c.End.Line {
				service.Too = true
				service.Explain = fmt.Sprintf("started at line %d%s, before the files were in place at line %d%s: the start failed for want of its file, not because of the driver",
					start.Pos.Line, at(start.After, "after "), c.End.Line, at(c.Ended, ""))
				break
			}
		}
		t.Services = append(t.Services, service)
		t.Failed = t.Failed || start.Failed
	}
}

func at(clock, word string) string {
	if clock == "" {
		return ""
	}
	return " (" + word + clock + ")"
}

// problemMeanings are Device Manager's codes, in our words ("Device Manager
// Error Messages"; cfg.h).
var problemMeanings = map[uint32]string{
	1:  "the device has no driver, or not all of it",
	10: "the device cannot start",
	14: "the device works after a restart of Windows",
	18: "the driver has to be installed again",
	22: "the device is disabled",
	24: "the device is not there or does not work",
	28: "no driver is installed for the device",
	31: "Windows cannot load the drivers that the device needs",
	32: "the start of the driver's service is disabled",
	37: "the driver failed when it was initialised",
	38: "a former instance of the driver is still in memory",
	39: "the driver is damaged or missing",
	43: "the driver reported a failure of the device",
	45: "the device is not connected",
	48: "the driver is blocked because it is known to have problems with Windows",
	52: "Windows cannot verify the digital signature of the driver file, so the kernel does not load it",
	54: "the device failed and is being reset",
	56: "Windows is still configuring the class of the device",
}

func (t *logStory) problems(d *setupapi.DeviceInstall) {
	for _, p := range d.Problems {
		if p.Code == 0 {
			continue
		}
		problem := logProblem{Line: p.Pos.Line, Code: p.Code, Name: p.Name}
		if p.HasStatus && p.Status != 0 {
			problem.Status = fmt.Sprintf("0x%08X", p.Status)
		}
		problem.Says = problemMeanings[p.Code]
		if problem.Says == "" {
			problem.Says = p.Text
		}
		if slices.ContainsFunc(t.Problems, func(q logProblem) bool { return q.Code == problem.Code && q.Status == problem.Status }) {
			continue
		}
		t.Problems = append(t.Problems, problem)
		// A problem that is only mentioned was there before, or passes.
		t.Failed = t.Failed || p.Severity == setupapi.Error || p.Code == problemUnsigned
	}
}

// problemUnsigned is CM_PROB_UNSIGNED_DRIVER, Code 52.
const problemUnsigned = 0x34

func (t *logStory) restart(d *setupapi.DeviceInstall) {
	switch {
	case len(d.Restarts) > 0:
		l := d.Restarts[0]
		t.Restart = fmt.Sprintf("line %d: %s", l.Pos.Line, l.Message)
	case d.RestartRequired:
		t.Restart = "the exit codes say that a restart is needed"
	}
}

// nodesOf tells the drivers and why one was preferred.
func nodesOf(nodes []*setupapi.DriverNode) []logNode {
	var all []logNode
	for i, n := range nodes {
		node := logNode{
			Line: n.Pos.Line, ID: n.HardwareID, Fate: n.Status, Score: logScore(n.Score),
			Driver: nodeName(n), Version: strings.Trim(n.DriverDate+" "+n.DriverVersion, " "),
		}
		if node.Score == "" {
			node.Score = n.Signer
		}
		if n.HasRank {
			node.Rank, node.Decoded = fmt.Sprintf("0x%08X", n.Rank), decodeRank(n.Rank)
		}
		if best := selectedWith(nodes, i); best != nil && best != n {
			node.Why = outranked(n, best)
		}
		all = append(all, node)
	}
	return all
}

func nodeName(n *setupapi.DriverNode) string {
	name := baseOf(n.INF)
	if n.Published != "" && !strings.EqualFold(n.Published, name) {
		return n.Published + " (" + name + ")"
	}
	return name
}

// selectedWith finds the node that was selected in the list that nodes[i] is in:
// of the same form, and nearest.
func selectedWith(nodes []*setupapi.DriverNode, i int) *setupapi.DriverNode {
	var best *setupapi.DriverNode
	distance := 0
	for j, n := range nodes {
		if n.Listed != nodes[i].Listed || !n.Has("Selected") {
			continue
		}
		if d := max(i-j, j-i); best == nil || d < distance {
			best, distance = n, d
		}
	}
	return best
}

// outranked says by what the selected driver is better: rank, then date, then
// version (rule 168).
func outranked(n, best *setupapi.DriverNode) string {
	by := nodeName(best)
	switch {
	case !n.HasRank || !best.HasRank:
		return by + " was selected"
	case n.Rank != best.Rank && n.Rank > best.Rank:
		return fmt.Sprintf("outranked by %s, whose rank 0x%08X is lower, that is, better: %s", by, best.Rank, rankDifference(n.Rank, best.Rank))
	case n.Rank != best.Rank:
		return fmt.Sprintf("ranks better than %s, which was selected all the same: look for a policy or for what the caller asked for", by)
	}
	mine, ok := logDate(n.DriverDate)
	theirs, ok2 := logDate(best.DriverDate)
	switch {
	case ok && ok2 && theirs.After(mine):
		return fmt.Sprintf("same rank as %s, whose date %s is newer than %s", by, best.DriverDate, n.DriverDate)
	case ok && ok2 && theirs.Equal(mine) && n.DriverVersion != best.DriverVersion:
		return fmt.Sprintf("same rank and date as %s, whose version %s won over %s", by, best.DriverVersion, n.DriverVersion)
	}
	return "same rank as " + by + ", which was selected"
}

func logDate(s string) (time.Time, bool) {
	t, err := time.Parse("1/2/2006", s)
	return t, err == nil
}

func rankDifference(n, best uint32) string {
	switch {
	case n>>24 != best>>24:
		return "its signature counts for more"
	case n>>16 != best>>16:
		return "its INF says a better feature score"
	case n>>12 != best>>12:
		return "it matches by a better kind of id"
	}
	return "it matches an id that the device lists earlier"
}

// decodeRank takes a rank 0xSSGGTHHH apart (rules 163, 167 and 168).
func decodeRank(r uint32) string {
	signature := fmt.Sprintf("signature 0x%02X", r>>24)
	switch r >> 24 {
	case 0x00:
		signature = "signed, all signatures being equal"
	case 0x0D:
		signature = "signed by Microsoft"
	case 0x0F:
		signature = "signed by another publisher"
	case 0x80:
		signature = "not signed"
	case 0xC0:
		signature = "not signed, and made for Windows 9x"
	case 0xFF:
		signature = "signature unknown"
	}
	feature := "no feature score"
	if score := r >> 16 & 0xFF; score != 0xFF {
		feature = fmt.Sprintf("feature score 0x%02X", score)
	}
	return signature + ", " + feature + ", " + decodeMatch(r&0xFFFF)
}

// decodeMatch is the identifier score: what matched, and where in the device's
// list. For two compatible ids the higher digit is the place in the INF.
func decodeMatch(score uint32) string {
	place := score & 0xFFF
	switch score >> 12 {
	case 0:
		return fmt.Sprintf("hardware id %d of the device is the INF's hardware id", place+1)
	case 1:
		return fmt.Sprintf("hardware id %d of the device is a compatible id of the INF", place+1)
	case 2:
		return fmt.Sprintf("compatible id %d of the device is the INF's hardware id", place+1)
	case 3:
		return fmt.Sprintf("compatible id %d of the device is compatible id %d of the INF", place&0xFF+1, place>>8+1)
	}
	return fmt.Sprintf("identifier score 0x%04X", score)
}
