package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"prestage"
	"prestage/authenticode/winerror"
	"prestage/inf/setupapi"
)

// runRecord writes the import as an observation, in the form that
// testdata/observed has.
func runRecord(t *logTeller) error {
	var found []toldStory
	err := t.each(func(s toldStory) error {
		if s.imp != nil && (s.imp.Judged() || s.Failed) {
			found = append(found, s)
		}
		if len(found) > 1 {
			return errManyImports
		}
		return nil
	})
	if err == nil {
		err = t.readable()
	}
	if err == nil && len(found) == 0 {
		err = errNothingRecorded
	}
	if err != nil {
		return fmt.Errorf("log: --record: %s: %w", t.path, err)
	}
	text, err := recorded(t.reader.Header(), found[0])
	if err != nil {
		return fmt.Errorf("log: --record: %w", err)
	}
	return os.WriteFile(t.flags.record, []byte(text), 0o666)
}

// errNothingRecorded is the end of a run that had nothing to record.
var errNothingRecorded = errors.New("no import: nothing to record")

var errManyImports = errors.New("more than one import: choose one with --package, --since or --failed")

// recorded is the case. It says how to make the situation again with packages
// that anybody can build; where no such package stands for what was seen, the
// case says that it is not modelled.
func recorded(h setupapi.Header, s toldStory) (string, error) {
	spec, err := targetOf(h, silent(s.imp))
	if err != nil {
		return "", err
	}
	target := prestage.Target{Windows: spec.Windows, Arch: spec.Arch, User: spec.User}.String()
	var b strings.Builder
	line := func(key, value string) { fmt.Fprintf(&b, "%s: %s\n", key, value) }
	fmt.Fprintf(&b, "An import on %s: %s.\n-- case --\n", spec.Windows.Title, outcomeWords(s))
	line("evidence", "log")
	line("source", "forum: a log of Windows "+h.OSVersion+" "+h.Architecture+" that was recorded with prestage log")
	model, ok := modelFor(s)
	if !ok {
		line("not-modelled", "no package that can be built stands for this: passes "+loggedCodes(s.imp)+", status "+cmp.Or(s.Status.Code, "unknown"))
	} else {
		line("target", target)
		line("build", model.build)
		if model.change != "" {
			line("change", model.change)
		}
		if model.trust != "" {
			line("trust", model.trust)
		}
		line("assumed", "how the machine was booted, and what its stores hold beside what the passes show")
	}
	b.WriteString("-- log --\n")
	b.WriteString(redactedLog(s.section))
	b.WriteString("-- want --\n")
	if ok {
		for _, w := range wantedOf(s) {
			line(w[0], w[1])
		}
	}
	return b.String(), nil
}

func outcomeWords(s toldStory) string {
	if s.Failed {
		return "refused with " + cmp.Or(s.Status.Code, s.Status.Text)
	}
	if s.imp.Prompt.Accepted {
		return "accepted after a question"
	}
	return s.Result
}

// A model is how to make a situation again: a package of testdata, what is
// changed in it, what the machine trusts.
type model struct{ build, change, trust string }

const sampleBuild = "sample third-party-timestamped"

// modelFor finds the model by the results of the passes (decision table of
// windows-evidence, section 2).
func modelFor(s toldStory) (model, bool) {
	if s.Status.Code == winerror.SetupFileHashNotInCatalog.Hex() {
		return model{sampleBuild, "lf-endings", "root"}, true
	}
	switch loggedCodes(s.imp) {
	case "0x00000000":
		if s.imp.SignerName == "Microsoft Windows" {
			return model{build: "microsoft windows"}, true
		}
		return model{build: "microsoft whql"}, true
	case "0x800B0109 0xE0000241":
		return model{build: sampleBuild, trust: "root publisher"}, true
	case "0x800B0109 0xE0000242":
		return model{build: sampleBuild, trust: "root"}, true
	case "0x800B0109 0x800B0109":
		return model{build: "sample self-signed"}, true
	case "0x800B0101 0x800B0101":
		return model{build: "sample expired-no-timestamp", trust: "root"}, true
	case "0x800B0100 0x800B0100":
		return model{build: "sample unsigned-catalog"}, true
	}
	return model{}, false
}

// wantedOf is what a prediction must say: only what the log shows.
func wantedOf(s toldStory) [][2]string {
	var all [][2]string
	add := func(key, value string) { all = append(all, [2]string{key, value}) }
	switch {
	case s.Failed:
		add("outcome", prestage.Refused.String())
	case s.Result != setupapi.Success.String():
	case question(s.imp) == prestage.PromptNone.String():
		add("outcome", prestage.Silent.String())
	default:
		add("outcome", prestage.Prompted.String())
		add("prompt", question(s.imp))
	}
	if s.Status.Code != "" {
		add("status", s.Status.Code)
	}
	add("log-codes", loggedCodes(s.imp))
	if s.imp.Score.HasValue {
		add("import-score", fmt.Sprintf("0x%08X", s.imp.Score.Value))
	}
	return all
}

// The things that a case must not tell of a person or a machine.
var (
	userFolder  = regexp.MustCompile(`(?i)(\\(?:Users|Documents and Settings)\\)([^\\'"/:*?<>|\r\n]+)`)
	temporaryID = regexp.MustCompile(`\{[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\}`)
	serverName  = regexp.MustCompile(`(^|[\s'"=])(\\\\)([^\\'"\s?.]+)(\\)`)
	machineName = regexp.MustCompile(`\b(?:DESKTOP|LAPTOP|WIN)-[0-9A-Z]{6,15}\b`)
	accountID   = regexp.MustCompile(`\bS-1-5-21(?:-\d+)+\b`)
	address     = regexp.MustCompile(`[\w.+-]+@[\w-]+(?:\.[\w-]+)+`)
)

// redactedLog is the section without names of users and machines. A name that
// stands in a path is taken out wherever it stands.
func redactedLog(s *setupapi.Section) string {
	var names []string
	for i := range s.Lines {
		for _, m := range userFolder.FindAllStringSubmatch(s.Lines[i].Text, -1) {
			names = append(names, namesIn(m[2])...)
		}
	}
	var b strings.Builder
	for i := range s.Lines {
		text := redact(s.Lines[i].Text, names)
		if s.Lines[i].Kind == setupapi.KindBlank {
			continue
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

// namesIn are the names that a folder of a user gives away: all of it, and its
// words, for a command line may go on after the folder. Words that logs are made
// of stay, or the case could not be read.
func namesIn(folder string) []string {
	if commonFolder(folder) {
		return nil
	}
	var names []string
	for _, name := range append([]string{strings.TrimSpace(folder)}, strings.Fields(folder)...) {
		if !logWords[strings.ToLower(name)] && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

var logWords = map[string]bool{
	"admin": true, "administrator": true, "user": true, "driver": true, "drivers": true, "windows": true,
	"system": true, "setup": true, "device": true, "install": true, "package": true, "import": true, "store": true,
	"test": true, "file": true, "and": true, "the": true,
}

func commonFolder(name string) bool {
	switch strings.ToLower(name) {
	case "public", "default", "all users", "default user":
		return true
	}
	return false
}

func redact(text string, names []string) string {
	text = userFolder.ReplaceAllStringFunc(text, func(s string) string {
		m := userFolder.FindStringSubmatch(s)
		if commonFolder(m[2]) {
			return s
		}
		return m[1] + "USER"
	})
	for _, name := range names {
		if len(name) < 3 {
			continue // would be found in every other word; in paths it is gone
		}
		text = replaceFold(text, name, "USER")
	}
	text = inTemporary(text)
	text = serverName.ReplaceAllString(text, "${1}${2}MACHINE${4}")
	text = machineName.ReplaceAllString(text, "MACHINE")
	text = accountID.ReplaceAllString(text, "S-1-5-21-0")
	return address.ReplaceAllString(text, "USER@example.invalid")
}

// inTemporary takes the GUIDs out of the names of temporary folders. Those of
// device classes stay.
func inTemporary(text string) string {
	if !strings.Contains(strings.ToLower(text), `\temp\`) {
		return text
	}
	return temporaryID.ReplaceAllString(text, "{GUID}")
}

// replaceFold replaces without regard to the case of ASCII letters.
func replaceFold(s, old, with string) string {
	return regexp.MustCompile(`(?i)`+regexp.QuoteMeta(old)).ReplaceAllLiteralString(s, with)
}
