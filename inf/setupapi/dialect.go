package setupapi

import "strings"

// A Dialect is how the releases of Windows from one version on write an import.
// The zero value is no dialect.
type Dialect struct {
	Name string // "7", "10-1507", "10-1809", "11"
	dialect
}

// dialect has what differs between releases. The texts are those of real logs
// (windows-evidence, sections 2 and 4); where a release has none, the column is
// empty.
type dialect struct {
	title       string // of the section
	stage       string // contexts
	validation  string
	importBegin string
	importEnd   string
	core        string

	catalogValid string    // first line of the validation
	packageValid [2]string // last lines of the validation of a package that is accepted; %s is the catalog
	failureCode  bool      // the line of a failed pass says the code too

	scoreHead     string // line before score and name, which are then one level deeper
	scoreCategory string
	scoreName     string // these three are padded
	signerName    string
	submission    string
	scoreLabel    bool // "0x0D000003 (Inbox)"

	trustCategory string // of the line that the user trusts the signer
	trustText     string

	copyPackage   bool // the package is first copied to a folder of the user, "Copy Driver Package"
	importFlags   bool // "ump: Import flags"
	versionFields bool // provider, class and so on again inside the import
	commit        bool // copies stand in a FILE_QUEUE_COMMIT
	flushedFiles  bool // "Flushed all driver package files to disk."
	listed        bool // driver nodes are listed with their fate, under "utl:"

	refused []refusal // the block of errors that every refused import has, after the line that says why
}

// A refusal is a line of the block of errors. In the text, %s is the code in
// capitals, %d in small letters, %m the code's message.
type refusal struct {
	where    int // how far the contexts have been ended
	severity Severity
	category string
	text     string
}

const (
	inValidation = iota
	inStage
	inSection
)

// Dialects returns all dialects, oldest first.
func Dialects() []Dialect { return append([]Dialect(nil), dialects[:]...) }

// DialectNamed returns the dialect with a name.
func DialectNamed(name string) (Dialect, bool) {
	for _, d := range dialects {
		if strings.EqualFold(d.Name, name) {
			return d, true
		}
	}
	return Dialect{}, false
}

// dialects is the table of what changed when. A release that is not in it writes
// like the row before it.
var dialects = [...]Dialect{
	{Name: "7", dialect: dialect{
		title:         "SetupCopyOEMInf",
		stage:         "Import Driver Package",
		validation:    "DRIVERSTORE_IMPORT_NOTIFY_VALIDATE",
		importBegin:   "DRIVERSTORE_IMPORT_NOTIFY_BEGIN",
		importEnd:     "DRIVERSTORE_IMPORT_NOTIFY_END",
		packageValid:  [2]string{"Validating driver package files against catalog '%s'.", "Driver package is valid."},
		failureCode:   true,
		scoreHead:     "Verified driver package signature:",
		scoreCategory: "sto",
		scoreName:     "Digital Signer Score",
		signerName:    "Digital Signer Name ",
		trustCategory: "sto",
		trustText:     "Driver package signer is unknown but user trusts the signer.",
		refused: []refusal{
			{inStage, Error, "sto", "Driver package failed signature verification. Error = %s"},
			{inStage, Error, "sto", "Failed to import driver package into Driver Store. Error = %s"},
			{inSection, Error, "sto", "Failed to stage driver package to Driver Store. Error = %s, Time = 0 ms"},
			{inSection, Warning, "inf", "Add to Driver Store unsuccessful"},
			{inSection, Error, "inf", "Error %d: %m"},
			{inSection, Error, "inf", "returning failure to SetupCopyOEMInf"},
		},
	}},
	{Name: "10-1507", dialect: dialect{
		title:         importTitle,
		stage:         "Stage Driver Package",
		validation:    "DRIVERSTORE IMPORT VALIDATE",
		importBegin:   "DRIVERSTORE IMPORT BEGIN",
		importEnd:     "DRIVERSTORE IMPORT END",
		failureCode:   true,
		scoreCategory: "sig",
		scoreName:     "Signer Score",
		signerName:    "Signer Name ",
		trustCategory: "sig",
		trustText:     "Driver package signer is unknown, but user trusts signer.",
		copyPackage:   true,
		refused:       refusedSince10,
	}},
	{Name: "10-1809", dialect: dialect{
		title:         importTitle,
		stage:         "Stage Driver Package",
		validation:    "DRIVERSTORE IMPORT VALIDATE",
		importBegin:   "DRIVERSTORE IMPORT BEGIN",
		importEnd:     "DRIVERSTORE IMPORT END",
		scoreCategory: "sig",
		scoreName:     "Signer Score ",
		signerName:    "Signer Name  ",
		scoreLabel:    true,
		trustCategory: "sig",
		trustText:     "Driver package signer is unknown, but user trusts signer.",
		copyPackage:   true,
		importFlags:   true,
		commit:        true,
		refused:       refusedSince10,
	}},
	{Name: "11", dialect: dialect{
		title:         importTitle,
		stage:         "Stage Driver Package",
		validation:    "DRIVERSTORE IMPORT VALIDATE",
		importBegin:   "DRIVERSTORE IMPORT BEGIN",
		importEnd:     "DRIVERSTORE IMPORT END",
		core:          "Core Driver Package Import",
		catalogValid:  "Driver package catalog is valid.",
		scoreCategory: "sig",
		scoreName:     "Signer Score ",
		signerName:    "Signer Name  ",
		submission:    "Submission ID",
		scoreLabel:    true,
		trustCategory: "sig",
		trustText:     "Driver package signer is unknown, but user trusts signer.",
		copyPackage:   true,
		importFlags:   true,
		versionFields: true,
		commit:        true,
		flushedFiles:  true,
		listed:        true,
		refused:       refusedSince10,
	}},
}

var refusedSince10 = []refusal{
	{inValidation, Error, "sig", "Driver package failed signature validation. Error = %s"},
	{inStage, Error, "sig", "Driver package failed signature verification. Error = %s"},
	{inStage, Error, "sto", "Failed to import driver package into Driver Store. Error = %s"},
	{inSection, Error, "inf", "Failed to import driver package into driver store"},
	{inSection, Error, "inf", "Error %d: %m"},
}

// A contextForm is how the beginning and the end of a context are spelled.
type contextForm struct {
	arg       string // before the argument
	exit      string // format of the end after the name, with the code
	unstamped bool
}

// contextForms are the spellings of real logs. A context that is not listed has
// the form of most: "{Name: argument}" and "{Name: exit(0x00000000)}", with the
// time of day.
var contextForms = map[string]contextForm{
	"Build Driver List":                  {arg: " - ", exit: " - exit(0x%08x)"},
	"Configure Device":                   {arg: " - ", exit: " - exit(0x%08x)"},
	"Configure Driver Package":           {arg: ": ", exit: ": exit(0x%08x)", unstamped: true},
	"Core Device Install":                {arg: " - ", exit: " - exit(0x%08x)"},
	"DIF_ALLOW_INSTALL":                  {arg: " - ", exit: " - exit(0x%08x)"},
	"DIF_INSTALLDEVICE":                  {arg: " - ", exit: " - exit(0x%08x)"},
	"DIF_SELECTBESTCOMPATDRV":            {arg: " - ", exit: " - exit(0x%08x)"},
	"DRIVERSTORE_IMPORT_NOTIFY_VALIDATE": {arg: ": ", exit: " exit(0x%08x)"},
	"Driver Setup Import Driver Package": {arg: ": ", exit: " - exit (0x%08x)"},
	"Driver Setup Update Device":         {arg: ": ", exit: " - exit(0x%08x)"},
	"Driver package policy check":        {arg: " - ", exit: " - exit(0x%08x)"},
	"FILE_QUEUE_COMMIT":                  {arg: " - ", exit: " - exit(0x%08x)"},
	"Install DEVICE":                     {arg: " - ", exit: " exit (0x%08x)", unstamped: true},
	"Install Device":                     {arg: " - ", exit: " - exit(0x%08x)"},
	"Installing device":                  {arg: " - ", exit: " - exit(0x%08x)"},
	"Plug and Play Service":              {arg: ": ", exit: ": Device Install exit(%08x)", unstamped: true},
	"Select Best Driver":                 {arg: " - ", exit: " - exit(0x%08x)", unstamped: true},
	"Select Drivers":                     {arg: " - ", exit: " - exit(0x%08x"}, // without the parenthesis, as Windows 11 22H2
	"Setup Import Driver Package":        {arg: ": ", exit: " - exit (0x%08x)"},
	"SetupCopyOEMInf":                    {arg: ": ", exit: " exit (0x%08x)"},
	"Update Device Driver":               {arg: " - ", exit: " - exit(%08x)", unstamped: true},
	"_VERIFY_FILE_SIGNATURE":             {arg: ": ", exit: " exit(0x%08x)"},
}

func formOf(name string) contextForm {
	if f, ok := contextForms[name]; ok {
		return f
	}
	return contextForm{arg: ": ", exit: ": exit(0x%08x)"}
}
