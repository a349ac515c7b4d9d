package main

import (
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"prestage"
)

// verifyFlags are the options of verify: signtool's, and those of check that
// describe the machine.
type verifyFlags struct {
	options prestage.VerifyOptions

	// Where to look (a, ad, as, ag, c).
	anyMethod, defaultDB, driverDB bool
	dbGUID                         string
	catalogDB                      string
	// How much to say.
	describe, verbose, quiet, debug, help bool

	stores storeFlags
	at     string
	format string
	files  []string
}

// signtoolOption is one of signtool's options to verify (rule 196).
type signtoolOption struct {
	name  string // lower case, without / or -
	value string // what it takes, empty: nothing
	help  string
	// many: it may be given more than once.
	many bool
	set  func(f *verifyFlags, value string) error
}

// flag is an option that only has to be noted.
func flag(at func(*verifyFlags) *bool) func(*verifyFlags, string) error {
	return func(f *verifyFlags, _ string) error {
		*at(f) = true
		return nil
	}
}

// policy is an option that chooses the policy. Two of them contradict each
// other.
func policy(p prestage.Policy) func(*verifyFlags, string) error {
	return func(f *verifyFlags, _ string) error { return f.choose(p) }
}

func (f *verifyFlags) choose(p prestage.Policy) error {
	if f.options.Policy != prestage.PolicyUnknown {
		return errors.New("another policy is chosen already: /pa, /kp, /pg and /p7 exclude one another")
	}
	f.options.Policy = p
	return nil
}

// unsupported is an option of signtool's that cannot be honoured.
func unsupported(why string) func(*verifyFlags, string) error {
	return func(*verifyFlags, string) error { return errors.New("not supported: " + why) }
}

// signtoolOptions are listed in the order of the help.
var signtoolOptions = []signtoolOption{
	{"a", "", "all methods: the catalogs of --catalog-db (or that of /c) first, then the embedded signature", false, flag(func(f *verifyFlags) *bool { return &f.anyMethod })},
	{"ad", "", "look in the default catalog database, for which --catalog-db stands", false, flag(func(f *verifyFlags) *bool { return &f.defaultDB })},
	{"as", "", "look in the system component (driver) catalog database, likewise", false, flag(func(f *verifyFlags) *bool { return &f.driverDB })},
	{"ag", "GUID", "look in the catalog database of this GUID, likewise", false, func(f *verifyFlags, v string) error {
		f.dbGUID = strings.ToUpper(v)
		if !guidFolder.MatchString(f.dbGUID) {
			return fmt.Errorf("%q is no GUID: write {F750E6C3-38EE-11D1-85E5-00C04FC295EE}", v)
		}
		return nil
	}},
	{"c", "FILE", "the catalog that must list the files", false, func(f *verifyFlags, v string) error {
		f.options.Catalog = v
		return nil
	}},
	{"hash", "SHA1|SHA256", "look files up in catalogs by this digest", false, (*verifyFlags).setHash},
	{"o", "VERSION", "a file in a catalog must be signed for this Windows: PlatformID:VerMajor.VerMinor.BuildNumber, such as 2:10.0.26200", false, func(f *verifyFlags, v string) error {
		version, err := prestage.ParseOSVersion(v)
		f.options.OS = &version
		return err
	}},
	{"pa", "", "verify under the Default Authentication Verification Policy: any trusted root", false, policy(prestage.AuthenticodePolicy)},
	{"kp", "", "verify under the kernel-mode driver signing policy, and show the chain that the kernel looks at", false, policy(prestage.KernelPolicy)},
	{"pg", "GUID", "verify under the policy of this GUID", false, func(f *verifyFlags, v string) error {
		p, err := prestage.PolicyByGUID(v)
		if err != nil {
			return err
		}
		return f.choose(p)
	}},
	{"p7", "", "the files are PKCS #7 messages", false, policy(prestage.PKCS7Policy)},
	{"all", "", "verify every signature of a file", false, flag(func(f *verifyFlags) *bool { return &f.options.All })},
	{"ds", "INDEX", "verify the signature of this number, from 0", false, func(f *verifyFlags, v string) error {
		n, err := strconv.ParseUint(v, 10, 8)
		index := int(n)
		f.options.Index = &index
		if err != nil {
			return fmt.Errorf("%q: write the number of a signature, from 0", v)
		}
		return nil
	}},
	{"ms", "", "multiple semantics: one signature that verifies is enough", false, flag(func(f *verifyFlags) *bool { return &f.options.AnyOf })},
	{"r", "NAME", "the name of the chain's root must contain this", false, func(f *verifyFlags, v string) error {
		if v == "" {
			return errors.New("an empty name is in every root's name")
		}
		f.options.Root = v
		return nil
	}},
	{"u", "OID", "the signer's certificate must have this purpose (repeatable)", true, func(f *verifyFlags, v string) error {
		if !isDotted(v) {
			return fmt.Errorf("%q is no object identifier: write 1.3.6.1.4.1.311.10.3.5", v)
		}
		f.options.EKUs = append(f.options.EKUs, v)
		return nil
	}},
	{"sha1", "HASH", "the signer's certificate must have this thumbprint (repeatable)", true, func(f *verifyFlags, v string) (err error) {
		f.options.SignerSHA1, err = appendThumbprint(f.options.SignerSHA1, v)
		return err
	}},
	{"ca", "HASH", "an intermediate authority must have this thumbprint (repeatable)", true, func(f *verifyFlags, v string) (err error) {
		f.options.IssuerSHA1, err = appendThumbprint(f.options.IssuerSHA1, v)
		return err
	}},
	{"tw", "", "warn of a signature without time stamp", false, flag(func(f *verifyFlags) *bool { return &f.options.WarnUnstamped })},
	{"ph", "", "print the page hashes and verify them", false, flag(func(f *verifyFlags) *bool { return &f.options.PageHashes })},
	{"d", "", "print description and URL", false, flag(func(f *verifyFlags) *bool { return &f.describe })},
	{"v", "", "print chains, hashes and time stamps", false, flag(func(f *verifyFlags) *bool { return &f.verbose })},
	{"q", "", "print nothing but errors", false, flag(func(f *verifyFlags) *bool { return &f.quiet })},
	{"debug", "", "print the rules that were walked, with their sources", false, flag(func(f *verifyFlags) *bool { return &f.debug })},
	{"?", "", "print this help", false, flag(func(f *verifyFlags) *bool { return &f.help })},
	{"sl", "", "", false, unsupported("sealing signatures are not read")},
	{"bp", "", "", false, unsupported("the policy of biometric mode is not documented")},
	{"enclave", "", "", false, unsupported("the policy of enclaves is not documented")},
	{"p7content", "FILE", "", false, unsupported("a PKCS #7 message is verified with the content that it carries")},
}

// guidFolder is a GUID in braces, in upper case.
var guidFolder = regexp.MustCompile(`^\{[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}\}$`)

// isDotted reports whether s is an object identifier in dotted decimal.
func isDotted(s string) bool {
	arcs := strings.Split(s, ".")
	for _, arc := range arcs {
		if _, err := strconv.ParseUint(arc, 10, 64); err != nil {
			return false
		}
	}
	return len(arcs) > 1
}

func (f *verifyFlags) setHash(v string) error {
	known := map[string]crypto.Hash{"SHA1": crypto.SHA1, "SHA256": crypto.SHA256}
	h, ok := known[strings.ToUpper(v)]
	if !ok {
		return fmt.Errorf("%q: use SHA1 or SHA256", v)
	}
	f.options.CatalogHash = h
	return nil
}

// appendThumbprint reads a SHA-1 in hexadecimal, blanks and colons allowed.
func appendThumbprint(list []string, v string) ([]string, error) {
	text := strings.NewReplacer(" ", "", ":", "").Replace(v)
	if b, err := hex.DecodeString(text); err != nil || len(b) != 20 {
		return nil, fmt.Errorf("%q is no SHA-1 thumbprint: write its 40 hexadecimal digits", v)
	}
	return append(list, strings.ToLower(text)), nil
}

// long are the options in GNU style that verify has besides signtool's.
func (f *verifyFlags) long() *pflag.FlagSet {
	flags := pflag.NewFlagSet("verify", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.Usage = func() {}
	flags.StringVar(&f.catalogDB, "catalog-db", "", "`FOLDER` of catalogs that stands for the catalog database; one folder for each GUID in it, as in CatRoot, or catalogs")
	flags.BoolVar(&f.options.StrictPadding, "strict-padding", false, "refuse what EnableCertPaddingCheck refuses (CVE-2013-3900)")
	f.stores.register(flags)
	flags.StringVar(&f.at, "at", "", "judge validity at this `TIME` (RFC 3339) instead of now")
	flags.StringVar(&f.format, "format", "text", "how to report: `text|json`")
	flags.IntVar(&f.options.Jobs, "jobs", runtime.GOMAXPROCS(0), "verify `N` files at a time")
	flags.BoolVar(&f.help, "help", false, "print this help")
	return flags
}

// parseVerify reads the command line of verify. Signtool's options take / or -
// and any case; a word with / that is no option is a file, if there is one of
// that name.
func parseVerify(args []string) (*verifyFlags, error) {
	f := &verifyFlags{}
	flags := f.long()
	seen := map[string]bool{}
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch {
		case word == "--":
			f.files = append(f.files, args...)
			args = nil
		case strings.HasPrefix(word, "--"):
			rest, err := parseLong(flags, word, args)
			if err != nil {
				return nil, err
			}
			args = rest
		case len(word) > 1 && (word[0] == '/' || word[0] == '-'):
			o := findOption(word[1:])
			if o == nil {
				if word[0] == '/' && isPath(word) {
					f.files = append(f.files, word)
					continue
				}
				return nil, fmt.Errorf("%s: unknown option, and no file of that name", word)
			}
			rest, err := f.apply(o, word, args, seen)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", word, err)
			}
			args = rest
		default:
			f.files = append(f.files, word)
		}
	}
	return f, f.finish()
}

// isPath reports whether a word with a leading slash is meant as a file: it
// names one, or a folder on the way to one.
func isPath(word string) bool {
	_, err := os.Lstat(word)
	return err == nil || strings.ContainsAny(word[1:], `/\.`)
}

func findOption(name string) *signtoolOption {
	for i := range signtoolOptions {
		if signtoolOptions[i].name == strings.ToLower(name) {
			return &signtoolOptions[i]
		}
	}
	return nil
}

// apply sets an option, with the next word for its value.
func (f *verifyFlags) apply(o *signtoolOption, word string, args []string, seen map[string]bool) (rest []string, err error) {
	if seen[o.name] && !o.many {
		return nil, errors.New("given twice")
	}
	seen[o.name] = true
	value := ""
	if o.value != "" {
		if len(args) == 0 {
			return nil, fmt.Errorf("takes a value: %s %s", word, o.value)
		}
		value, args = args[0], args[1:]
	}
	return args, o.set(f, value)
}

// parseLong gives one long option to pflag, with the next word where it takes
// one.
func parseLong(flags *pflag.FlagSet, word string, args []string) (rest []string, err error) {
	name, _, hasValue := strings.Cut(word[2:], "=")
	known := flags.Lookup(name)
	give := []string{word}
	if known != nil && known.NoOptDefVal == "" && !hasValue && len(args) > 0 {
		give, args = append(give, args[0]), args[1:]
	}
	return args, flags.Parse(give)
}

// The catalog databases that signtool finds by a short option: the folders of
// CatRoot.
const (
	defaultDatabase = "{127D0A1D-4EF2-11D1-8608-00C04FC295EE}"
	driverDatabase  = "{F750E6C3-38EE-11D1-85E5-00C04FC295EE}"
)

// finish checks the options against each other and resolves the catalog
// database.
func (f *verifyFlags) finish() error {
	if f.help {
		return nil
	}
	if f.options.Policy == prestage.PolicyUnknown {
		f.options.Policy = prestage.DriverPolicy
	}
	databases := 0
	for _, set := range []bool{f.defaultDB, f.driverDB, f.dbGUID != ""} {
		if set {
			databases++
		}
	}
	switch wanted := f.anyMethod || databases > 0; {
	case len(f.files) == 0:
		return errors.New("name a file to verify")
	case f.verbose && f.quiet:
		return errors.New("/v and /q exclude one another")
	case f.format != "text" && f.format != "json":
		return fmt.Errorf("--format: unknown format %q: use text or json", f.format)
	case f.options.Jobs < 1:
		return fmt.Errorf("--jobs: %d: use 1 or more", f.options.Jobs)
	case databases > 1:
		return errors.New("/ad, /as and /ag exclude one another")
	case f.options.Catalog != "" && (databases > 0 || f.catalogDB != ""):
		return errors.New("/c names one catalog: it goes neither with /ad, /as, /ag nor with --catalog-db")
	case f.catalogDB != "" && !wanted:
		return errors.New("--catalog-db: say for which database it stands: /a, /ad, /as or /ag GUID")
	case wanted && f.catalogDB == "" && f.options.Catalog == "":
		return errors.New("there is no system catalog database here: give a folder of catalogs with --catalog-db, or one catalog with /c; without /a, /ad, /as and /ag the embedded signature is verified")
	}
	f.options.Embedded = f.anyMethod
	if f.catalogDB == "" {
		return f.optionsError()
	}
	var err error
	if f.options.CatalogDB, err = databaseFolder(f.catalogDB, f.guid()); err != nil {
		return fmt.Errorf("--catalog-db: %w", err)
	}
	return f.optionsError()
}

// optionsError checks what the library checks too, but before anything is
// read; the clock is given later.
func (f *verifyFlags) optionsError() error {
	o := f.options
	o.At = time.Unix(0, 0)
	return o.Check()
}

// guid is the database that is asked for, empty: all of them.
func (f *verifyFlags) guid() string {
	switch {
	case f.defaultDB:
		return defaultDatabase
	case f.driverDB:
		return driverDatabase
	}
	return f.dbGUID
}

// databaseFolder finds the folder of a database: a folder with folders named by
// GUID, like CatRoot, holds several; any other stands for the one.
func databaseFolder(root, guid string) (string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return "", err
	}
	var guids []string
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if !e.IsDir() || !guidFolder.MatchString(name) {
			continue
		}
		if name == guid {
			return filepath.Join(root, e.Name()), nil
		}
		guids = append(guids, name)
	}
	if guid != "" && len(guids) > 0 {
		slices.Sort(guids)
		return "", fmt.Errorf("%s has no folder %s, only %s", root, guid, strings.Join(guids, ", "))
	}
	return root, nil
}
