package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"prestage"
	"prestage/authenticode/winerror"
	"prestage/trust"
)

const explainHelp = `Explain a code: its name, what it means for a driver package, what to do.

CODE is any of these, in any case:
  a SetupAPI, WinTrust or CryptoAPI result   0xE000024B, 0x800F024B, -536870325
  an NTSTATUS, a Win32 error, their names    0xC0000428, 577, CERT_E_EXPIRED
  a device problem, an event                 52, CM_PROB_UNSIGNED_DRIVER, 3004
  a signer score, by value or word           0x0D000005, Authenticode
  a rank                                     0x00FF2001
  a purpose of certificates                  1.3.6.1.4.1.311.10.3.5
  a finding or a rule of prestage            line-endings-changed, driver-policy`

// explanation is what is said of a code. Its JSON form is an interface.
type explanation struct {
	Kind    string   `json:"kind"`
	Code    string   `json:"code"`
	Name    string   `json:"name"`
	Message string   `json:"message"` // Windows' own text, if it has one
	Means   string   `json:"means"`
	Do      string   `json:"do"`
	Source  string   `json:"source"`
	Parts   []string `json:"parts,omitempty"` // of a rank
}

// explained is the answer to one argument. None is an answer too.
type explained struct {
	Query        string        `json:"query"`
	Explanations []explanation `json:"explanations"`
}

func explainCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "explain [flags] CODE...",
		Short:   "Explain an error code, a score, a rank, a purpose, a finding or a rule",
		Long:    explainHelp,
		Example: "  prestage explain 0xE000024B CERT_E_UNTRUSTEDROOT\n  prestage explain -536870325",
		// A negative number is a code, not a flag.
		DisableFlagParsing: true,
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error { return runExplain(env, cmd, args) }
	return cmd
}

func runExplain(env environment, cmd *cobra.Command, args []string) error {
	f := outputFlags{}
	flags := pflag.NewFlagSet("explain", pflag.ContinueOnError)
	flags.Usage = func() {}
	flags.StringVarP(&f.format, "format", "f", "text", "how to explain: `text|json`")
	flags.StringVar(&f.color, "color", "auto", "use colour: `auto|always|never`")
	help := flags.BoolP("help", "h", false, "help for explain")
	var codes []string
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		if !strings.HasPrefix(word, "-") || isNumber(word) {
			codes = append(codes, word)
			continue
		}
		rest, err := parseFlag(flags, word, args)
		if err != nil {
			return usageError{fmt.Errorf("explain: %w", err)}
		}
		args = rest
	}
	switch {
	case *help:
		return cmd.Help()
	case len(codes) == 0:
		return usagef("explain: name a code, such as 0xE000024B")
	}
	if f.format != "text" && f.format != "json" {
		return usagef("--format: unknown format %q: use text or json", f.format)
	}
	answers := make([]explained, len(codes))
	unknown := false
	for i, code := range codes {
		answers[i] = explained{code, explain(code)}
		if len(answers[i].Explanations) == 0 {
			unknown = true
			fmt.Fprintf(env.stderr, "prestage: %s: not known: neither a code of driver signing nor a finding or rule of prestage\n", clean(code))
		}
	}
	var err error
	if f.format == "json" {
		err = writeJSON(env.stdout, answers)
	} else {
		err = renderExplained(env, answers, f.style(env))
	}
	if err == nil && unknown {
		return shortfall{exitError}
	}
	return err
}

// parseFlag gives one flag to pflag, with the next word where it takes one.
func parseFlag(flags *pflag.FlagSet, word string, args []string) (rest []string, err error) {
	if strings.HasPrefix(word, "--") {
		return parseLong(flags, word, args)
	}
	give := []string{word}
	if len(word) == 2 {
		if known := flags.ShorthandLookup(word[1:]); known != nil && known.NoOptDefVal == "" && len(args) > 0 {
			give, args = append(give, args[0]), args[1:]
		}
	}
	return args, flags.Parse(give)
}

// number reads a code that is written as a number: hexadecimal with 0x or of
// eight digits, or decimal, which may be negative as exit codes are.
func number(s string) (n uint32, ok bool) {
	if hex, found := strings.CutPrefix(strings.ToLower(s), "0x"); found {
		v, err := strconv.ParseUint(hex, 16, 32)
		return uint32(v), err == nil
	}
	if v, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) != 8 {
		return uint32(v), v >= -1<<31 && v < 1<<32
	}
	v, err := strconv.ParseUint(s, 16, 32)
	return uint32(v), err == nil && len(s) == 8
}

func isNumber(s string) bool {
	_, ok := number(s)
	return ok
}

// explain returns everything that a code may stand for.
func explain(code string) []explanation {
	query := strings.TrimSpace(code)
	if word, rest, ok := strings.Cut(query, " "); ok && isNumber(rest) && (strings.EqualFold(word, "code") || strings.EqualFold(word, "event")) {
		query = rest // "Code 52", as Device Manager has it
	}
	var all []explanation
	if n, ok := number(query); ok {
		all = byNumber(query, n)
	}
	for _, e := range entries {
		if e.named(query) {
			all = append(all, e.explanation())
		}
	}
	if u, ok := trust.LookupUsage(query); ok {
		all = append(all, explanation{Kind: kindUsage.String(), Code: u.OID, Name: u.Name, Means: u.Meaning, Source: u.Cite})
	}
	for _, u := range trust.Usages() {
		if strings.EqualFold(u.Name, query) && u.OID != query {
			all = append(all, explanation{Kind: kindUsage.String(), Code: u.OID, Name: u.Name, Means: u.Meaning, Source: u.Cite})
		}
	}
	return all
}

// named reports whether the entry goes by that word: its id, its symbolic name,
// as HRESULT too, or the word of the SetupAPI log.
func (e *entry) named(word string) bool {
	switch e.kind {
	case kindSetup:
		suffix, _ := strings.CutPrefix(e.name, "ERROR_")
		return strings.EqualFold(word, e.name) || strings.EqualFold(word, "SPAPI_E_"+suffix)
	case kindScore:
		score, err := prestage.ParseSignerScore(strings.ToLower(word))
		return strings.EqualFold(word, e.name) || strings.EqualFold(word, e.message) || err == nil && score.Hex() == "0x"+e.key
	case kindUsage, kindFinding, kindRule:
		return strings.EqualFold(word, e.key) || e.name != "" && strings.EqualFold(word, e.name)
	}
	return e.name != "" && strings.EqualFold(word, e.name)
}

// byNumber finds the codes of that value. A number that is nothing else and
// has the form of a rank is decoded as one.
func byNumber(query string, n uint32) []explanation {
	var all []explanation
	for _, e := range entries {
		if e.is(n) {
			all = append(all, e.explanation())
		}
	}
	if e, ok := explainRank(n); ok && len(all) == 0 && len(query) >= 8 {
		all = append(all, e)
	}
	return all
}

// is reports whether the entry's code is n.
func (e *entry) is(n uint32) bool {
	switch e.kind {
	case kindSetup:
		const twin = 0x800F0000 // HRESULT_FROM_SETUPAPI: the low 16 bits are the same
		key := parseHex(e.key)
		return n == key || n == twin|key&0xFFFF
	case kindResult, kindStatus, kindScore:
		return n == parseHex(e.key)
	case kindWin32:
		v, err := strconv.ParseUint(e.key, 10, 32)
		const hresult = 0x80070000 // HRESULT_FROM_WIN32
		return err == nil && (n == uint32(v) || v != 0 && n == hresult|uint32(v))
	case kindProblem, kindEvent:
		v, err := strconv.ParseUint(e.key, 10, 32)
		return err == nil && n == uint32(v)
	}
	return false
}

func parseHex(s string) uint32 {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		panic("explain: " + s) // a test reads every key
	}
	return uint32(n)
}

// explanation is the entry in the form of the report.
func (e *entry) explanation() explanation {
	x := explanation{Kind: e.kind.String(), Code: e.key, Name: e.name, Message: e.message, Means: e.means, Do: e.do}
	switch e.kind {
	case kindSetup:
		x.Code, x.Source = "0x"+e.key, fmt.Sprintf("SetupAPI.h, winerror.h; as HRESULT 0x800F%s", e.key[4:])
	case kindResult:
		x.Code, x.Source = "0x"+e.key, "winerror.h"
	case kindWin32:
		x.Source = "winerror.h"
	case kindStatus:
		x.Code, x.Source = "0x"+e.key, "ntstatus.h"
	case kindProblem:
		n, _ := strconv.Atoi(e.key)
		x.Code, x.Source = fmt.Sprintf("%s (0x%02X)", e.key, n), "cfg.h"
	case kindEvent:
		x.Name, x.Source = "event "+e.key, "rule 187; \"Understanding App Control event IDs\""
	case kindScore:
		x.Code, x.Source = "0x"+e.key, "SetupAPI.h; rules 160 to 162"
	case kindUsage:
		x.Source = "wincrypt.h; table D.1"
	case kindRule:
		x.Source = ruleSource(e.key)
	case kindFinding:
		x.Source = "prestage check"
		x.fillReason(e.key)
	}
	return x
}

// fillReason adds what package trust knows of a finding about trust.
func (x *explanation) fillReason(id string) {
	for r := trust.Reason(0); r < maxReason; r++ {
		if "trust-"+r.String() != id {
			continue
		}
		x.Means = r.Text()
		if c := r.Code(); c != winerror.OK {
			x.Source += "; Windows reports " + c.String()
		}
		return
	}
}

// maxReason is more than there are reasons.
const maxReason trust.Reason = 100

func ruleSource(id string) string {
	rules := prestage.Rules()
	i := slices.IndexFunc(rules, func(r prestage.RuleInfo) bool { return r.ID == id })
	if i < 0 {
		return "prestage verify"
	}
	return fmt.Sprintf("%s rule, %s: %s", rules[i].Table, rules[i].Basis, rules[i].Cite)
}

// signatureParts are the first byte of a rank (rules 160 and 163).
var signatureParts = map[uint32]string{
	0x00: "signature 00: signed, and all signatures rank the same (AllSigningEqual, the default since Windows 7)",
	0x0D: "signature 0D: signed by Microsoft (AllSigningEqual is off, as on Windows Vista)",
	0x0F: "signature 0F: a third party's signature (AllSigningEqual is off)",
	0x80: "signature 80: not signed",
	0xC0: "signature C0: not signed, and the install section has no .nt extension",
	0xFF: "signature FF: unknown",
}

// matchParts are the first digit of the identifier part (rule 167).
var matchParts = [...]string{
	"a hardware id of the device is a hardware id of the INF",
	"a hardware id of the device is a compatible id of the INF",
	"a compatible id of the device is a hardware id of the INF",
	"a compatible id of the device is a compatible id of the INF",
}

// explainRank takes a rank 0xSSGGTHHH apart (rules 166 to 168).
func explainRank(n uint32) (explanation, bool) {
	signature, ok := signatureParts[n>>24]
	match := n >> 12 & 0xF
	if !ok || int(match) >= len(matchParts) {
		return explanation{}, false
	}
	feature := fmt.Sprintf("feature %02X: FeatureScore of the install section", n>>16&0xFF)
	if n>>16&0xFF == 0xFF {
		feature = "feature FF: no FeatureScore, which is the worst"
	}
	index := fmt.Sprintf("identifier %04X: %s, number %d of the device's list, counted from 0", n&0xFFFF, matchParts[match], n&0xFFF)
	if match == 3 {
		index = fmt.Sprintf("identifier %04X: %s, number %d of the device's list and number %d of the INF's, counted from 0", n&0xFFFF, matchParts[match], n&0xFF, n>>8&0xF)
	}
	return explanation{
		Kind: kindRank.String(), Code: fmt.Sprintf("0x%08X", n), Name: "rank",
		Means:  "how well a package fits a device; the lower one wins, then the newer date, then the higher version",
		Source: `rules 160 to 168; "How Windows Ranks Driver Packages"`,
		Parts:  []string{signature, feature, index},
	}, true
}

func renderExplained(env environment, all []explained, s style) error {
	p := newPage(env.stdout, s)
	first := true
	for _, a := range all {
		for _, x := range a.Explanations {
			if !first {
				p.blank()
			}
			first = false
			head := p.paint(bold, strings.TrimSpace(x.Code+"  "+x.Name))
			if x.Name != x.Kind {
				head += "  " + p.paint(dim, x.Kind)
			}
			p.line(head)
			label := "message"
			if x.Kind == kindScore.String() {
				label = "in log"
			}
			for _, row := range []struct{ label, text string }{{label, x.Message}, {"means", x.Means}} {
				if row.text != "" {
					p.entry(dim, row.label, textIndent, row.text)
				}
			}
			for _, part := range x.Parts {
				p.entry(dim, "", textIndent, part)
			}
			if x.Do != "" {
				p.entry(dim, "do", textIndent, x.Do)
			}
			p.entry(dim, "source", textIndent, x.Source)
		}
	}
	return p.flush()
}
