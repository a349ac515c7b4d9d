package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"prestage"
	"prestage/catalog"
	"prestage/trust/blocklist"
)

const checkHelp = `Judge driver packages as Windows would before staging them.

PATH is an INF, a folder (searched for INFs recursively), a zip archive or a
cabinet. For each package and target the report says the category of its
signature, whether Windows stages it silently, prompts or refuses, the signer
score that setupapi.dev.log would show, and why.

A target is OS[/ARCH[/USER]]: a release such as win11-25h2 (win11 and win10
stand for their newest, all for every release), x86, amd64 or arm64, and
admin, standard or system (no desktop). Without ARCH, every architecture that
the INF serves is judged.`

const checkExample = `  prestage check drivers/x64
  prestage check --target win10-22h2,win11/amd64/system --require silent foo.inf
  prestage check --root corp-root.cer --trusted-publisher corp.cer --explain pkg.zip`

// checkFlags are the flags of check, as report.md has them.
type checkFlags struct {
	stores             storeFlags
	targets            []string
	at                 string
	testSigning        bool
	secureBoot         string
	disableEnforcement bool
	sMode              bool
	upgraded           bool
	memoryIntegrity    string
	driverPolicy       string
	noSHA2Update       bool
	lowerLogo          string
	blockList          string
	allEqual           string
	hwids, compatids   []string
	require            string
	minScore           string
	jobs               int
	out                outputFlags
}

func checkCommand(env environment) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:     "check [flags] PATH...",
		Short:   "Judge driver packages as Windows would before staging them",
		Long:    checkHelp,
		Example: checkExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("check: name an INF, a folder, a zip archive or a cabinet")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runCheck(env, f, args) },
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *checkFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringArrayVarP(&f.targets, "target", "t", nil, "`OS[/ARCH[/USER]]` to judge for, a comma list or all (repeatable; default win11-25h2)")
	f.stores.register(flags)
	flags.StringVar(&f.at, "at", "", "judge validity at this `TIME` (RFC 3339) instead of now")
	flags.BoolVar(&f.testSigning, "test-signing", false, "the machine was booted with TESTSIGNING on")
	flags.StringVar(&f.secureBoot, "secure-boot", "", "Secure Boot is `on|off` (default: as the release ships)")
	flags.BoolVar(&f.disableEnforcement, "disable-enforcement", false, "driver signature enforcement was disabled for this boot (F8)")
	flags.BoolVar(&f.sMode, "s-mode", false, "Windows is in S mode")
	flags.BoolVar(&f.upgraded, "upgraded", false, "the machine was upgraded from a Windows before 10 1607")
	flags.StringVar(&f.memoryIntegrity, "memory-integrity", "", "memory integrity (HVCI) is `on|off`")
	flags.StringVar(&f.driverPolicy, "driver-policy", "evaluation", "`PHASE` of the Windows Driver policy of April 2026: evaluation or enforced")
	flags.BoolVar(&f.noSHA2Update, "no-sha2-update", false, "a Windows 7 or older lacks the updates for SHA-256 signatures")
	flags.StringVar(&f.lowerLogo, "lower-logo-version", "", "the device class's LowerLogoVersion is `X.Y` (default 5.1)")
	flags.StringVar(&f.allEqual, "all-signing-equal", "", "the policy of that name is `on|off` (default: as the release has it)")
	flags.StringVar(&f.blockList, "blocklist", "", "Microsoft's block list of vulnerable drivers (`FILE`: policy XML, SiPolicy.p7b)")
	flags.StringArrayVar(&f.hwids, "hwid", nil, "rank for a device with this hardware `ID` (repeatable, in the device's order)")
	flags.StringArrayVar(&f.compatids, "compatid", nil, "and this compatible `ID` (repeatable, in the device's order)")
	flags.StringVar(&f.require, "require", "installable", "the gate (`NEED`): silent, installable or none")
	flags.StringVar(&f.minScore, "min-score", "", "the gate: worst signer score that passes (`NAME`: whql, authenticode, ...)")
	flags.IntVarP(&f.jobs, "jobs", "j", runtime.GOMAXPROCS(0), "read `N` files at a time")
	f.out.register(flags)
}

func runCheck(env environment, f checkFlags, paths []string) error {
	options, err := f.options(env)
	if err != nil {
		return err
	}
	f.out.ranked = options.Device != nil
	if err := f.out.check(); err != nil {
		return err
	}
	var trees []*prestage.Tree
	var unopened []prestage.ErrorReport
	for _, path := range paths {
		t, err := prestage.OpenTree(path)
		if t != nil {
			defer t.Close()
		}
		if err != nil {
			unopened = append(unopened, prestage.ErrorReport{Path: path, Message: err.Error()})
			continue
		}
		trees = append(trees, t)
	}
	report, err := prestage.Check(options, trees...)
	if err != nil {
		return usageError{err}
	}
	report.Errors = append(unopened, report.Errors...)
	if err := f.out.write(env, report); err != nil {
		return err
	}
	for _, w := range report.Warnings {
		fmt.Fprintf(env.stderr, "prestage: warning: %s\n", clean(w))
	}
	for _, e := range report.Errors {
		fmt.Fprintf(env.stderr, "prestage: %s: %s\n", clean(e.Path), clean(e.Message))
	}
	return verdict(report)
}

// verdict is the one place where a report becomes an exit code.
func verdict(r *prestage.Report) error {
	switch {
	case len(r.Errors) > 0:
		return shortfall{exitError}
	case !r.MeetsGate():
		return shortfall{exitShort}
	}
	return nil
}

func (f *checkFlags) options(env environment) (prestage.Options, error) {
	o := prestage.Options{Jobs: f.jobs, Version: programVersion()}
	var errs []error
	fail := func(flag string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("--%s: %w", flag, err))
		}
	}
	var err error
	o.At, err = parseAt(env, f.at)
	fail("at", err)
	for _, list := range f.targets {
		specs, err := prestage.ParseTargets(list)
		fail("target", err)
		o.Targets = append(o.Targets, specs...)
	}
	o.Scenario.SecureBoot, err = parseSwitch(f.secureBoot)
	fail("secure-boot", err)
	o.Scenario.MemoryIntegrity, err = parseSwitch(f.memoryIntegrity)
	fail("memory-integrity", err)
	switch f.driverPolicy {
	case "evaluation":
	case "enforced":
		o.Scenario.DriverPolicyEnforced = true
	default:
		fail("driver-policy", fmt.Errorf("%q: use evaluation or enforced", f.driverPolicy))
	}
	o.Scenario.AllSigningEqual, err = parseSwitch(f.allEqual)
	fail("all-signing-equal", err)
	o.Scenario.Upgraded = f.upgraded
	o.Scenario.NoSHA2Update = f.noSHA2Update
	if f.lowerLogo != "" {
		versions, err := catalog.ParseOSAttr(f.lowerLogo)
		if err == nil && len(versions) != 1 {
			err = fmt.Errorf("%q: write one version, such as 6.0", f.lowerLogo)
		}
		fail("lower-logo-version", err)
		if err == nil {
			o.Scenario.LowerLogoVersion = versions[0]
		}
	}
	if len(f.hwids)+len(f.compatids) > 0 {
		o.Device = &prestage.Device{HardwareIDs: f.hwids, CompatibleIDs: f.compatids}
	}
	o.Scenario.TestSigning = f.testSigning
	o.Scenario.EnforcementDisabled = f.disableEnforcement
	o.Scenario.SMode = f.sMode
	o.Gate.Need, err = prestage.ParseNeed(f.require)
	fail("require", err)
	if f.minScore != "" {
		o.Gate.MinScore, err = prestage.ParseSignerScore(f.minScore)
		fail("min-score", err)
	}
	if f.jobs < 1 {
		fail("jobs", fmt.Errorf("%d: use 1 or more", f.jobs))
	}
	if len(errs) > 0 {
		return o, usageError{errors.Join(errs...)}
	}
	if err := o.Scenario.Check(); err != nil {
		return o, usageError{err}
	}
	if o.BlockList, err = f.readBlockList(); err != nil {
		return o, err
	}
	o.Store, err = f.stores.store()
	return o, err
}

// readBlockList reads the block list, nil if none is given.
func (f *checkFlags) readBlockList() (*blocklist.Policy, error) {
	if f.blockList == "" {
		return nil, nil
	}
	data, err := os.ReadFile(f.blockList)
	if err != nil {
		return nil, usageError{fmt.Errorf("--blocklist: %w", err)}
	}
	policy, err := blocklist.Parse(f.blockList, data)
	if err != nil {
		return nil, usageError{fmt.Errorf("--blocklist: %w", err)}
	}
	return policy, nil
}

func parseSwitch(word string) (prestage.Switch, error) {
	switch word {
	case "":
		return prestage.Default, nil
	case "on":
		return prestage.On, nil
	case "off":
		return prestage.Off, nil
	}
	return prestage.Default, fmt.Errorf("%q: use on or off", word)
}

// parseAt reads the clock: the given time, or now.
func parseAt(env environment, at string) (time.Time, error) {
	if at == "" {
		return env.now(), nil
	}
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return time.Time{}, usagef("%q is no RFC 3339 time: write 2026-11-20T12:00:00Z", at)
	}
	return t, nil
}

// outputFlags say where the report goes and how it looks.
type outputFlags struct {
	format, output, color   string
	explain, quiet, verbose bool
	ranked                  bool
}

func (f *outputFlags) register(flags *pflag.FlagSet) {
	flags.StringVarP(&f.format, "format", "f", "text", "how to report: `"+formatNames()+"`")
	flags.StringVarP(&f.output, "output", "o", "", "write the report to `FILE` instead of standard output")
	flags.BoolVarP(&f.explain, "explain", "e", false, "show every step that led to a verdict, with its source")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show the verdicts only")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show every file, signature and note")
	flags.StringVar(&f.color, "color", "auto", "use colour: `auto|always|never`")
}

func (f *outputFlags) check() error {
	if renderers[f.format] == nil {
		return usagef("--format: unknown format %q: use %s", f.format, formatNames())
	}
	switch f.color {
	case "auto", "always", "never":
		return nil
	}
	return usagef("--color: %q: use auto, always or never", f.color)
}

// write renders the report. A file is opened only when all of it is there.
func (f *outputFlags) write(env environment, r *prestage.Report) error {
	style := f.style(env)
	if f.output == "" {
		return renderers[f.format](env.stdout, r, style)
	}
	var b bytes.Buffer
	if err := renderers[f.format](&b, r, style); err != nil {
		return err
	}
	return os.WriteFile(f.output, b.Bytes(), 0o666)
}
