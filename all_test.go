package prestage

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"prestage/authenticode"
	"prestage/authenticode/cab"
	"prestage/authenticode/cert"
	"prestage/catalog"
	"prestage/inf"
	"prestage/inf/setupapi"
	"prestage/trust"
	"prestage/trust/blocklist"
	"prestage/trust/roots"
)

// sourceFile is one Go file of the module, without tests.
type sourceFile struct {
	path    string // slash-separated, relative to the module
	syntax  *ast.File
	imports map[string]string // by the name that the file uses
}

func (f *sourceFile) dir() string { return path.Dir(f.path) }

// library reports whether other programs can import the file's package.
func (f *sourceFile) library() bool { return f.syntax.Name.Name != "main" }

// sources parses every Go file of the module that is no test.
func sources(t *testing.T) (*token.FileSet, []*sourceFile) {
	t.Helper()
	set := token.NewFileSet()
	var files []*sourceFile
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || name != "." && strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		syntax, err := parser.ParseFile(set, filepath.FromSlash(name), nil, parser.ParseComments)
		if err != nil {
			return err
		}
		f := &sourceFile{path: name, syntax: syntax, imports: map[string]string{}}
		for _, spec := range syntax.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			local := path.Base(p)
			if spec.Name != nil {
				local = spec.Name.Name
			}
			f.imports[local] = p
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("only %d files found: the test does not run at the root of the module", len(files))
	}
	return set, files
}

// TestSingleImporters: each library that must stay replaceable has one door.
func TestSingleImporters(t *testing.T) {
	doors := []struct {
		library string // import path, or the beginning of it
		allowed func(file string) bool
		door    string
	}{
		{"go.mozilla.org/pkcs7", is("authenticode/pkcs7.go"), "authenticode/pkcs7.go"},
		{"github.com/saferwall/pe", is("authenticode/peimage.go"), "authenticode/peimage.go"},
		{"github.com/spf13/", under("cmd/"), "cmd"},
		{"golang.org/x/term", under("cmd/"), "cmd"},
	}
	_, files := sources(t)
	used := map[string]bool{}
	for _, f := range files {
		for _, p := range f.imports {
			for _, d := range doors {
				if !strings.HasPrefix(p, d.library) {
					continue
				}
				used[d.library] = true
				if !d.allowed(f.path) {
					t.Errorf("%s imports %s, which only %s may", f.path, p, d.door)
				}
			}
		}
	}
	for _, d := range doors {
		if !used[d.library] {
			t.Errorf("nothing imports %s", d.library)
		}
	}
}

func is(name string) func(string) bool { return func(f string) bool { return f == name } }
func under(dir string) func(string) bool {
	return func(f string) bool { return strings.HasPrefix(f, dir) }
}

// TestNoHiddenInput: a library takes its clock, its environment and its
// process from the caller. A verdict must depend on nothing else.
func TestNoHiddenInput(t *testing.T) {
	forbidden := map[string][]string{
		"time": {"Now", "Since", "Until", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc", "Sleep", "Local"},
		"os":   {"Exit", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Args", "Stdin", "Stdout", "Stderr", "Getwd", "UserHomeDir", "Setenv"},
	}
	forbiddenImports := []string{"net", "net/http", "os/exec", "os/signal", "os/user", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "plugin", "flag", "unsafe"}
	set, files := sources(t)
	for _, f := range files {
		if !f.library() {
			continue
		}
		for _, p := range f.imports {
			windowsStores := f.path == "trust/machine_windows.go" && p == "unsafe" // asks CryptoAPI, when it is asked to
			if slices.Contains(forbiddenImports, p) && !windowsStores {
				t.Errorf("%s imports %s", f.path, p)
			}
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := s.X.(*ast.Ident)
			if ok && slices.Contains(forbidden[f.imports[x.Name]], s.Sel.Name) {
				t.Errorf("%s: %s.%s in a library", set.Position(n.Pos()), x.Name, s.Sel.Name)
			}
			return true
		})
	}
}

// TestNoNetwork: no package of this module imports a package that speaks to
// others, and what reaches one does so through the named packages of others.
func TestNoNetwork(t *testing.T) {
	_, files := sources(t)
	for _, f := range files {
		for _, p := range f.imports {
			generator := f.path == "trust/roots/gen/main.go" // no part of the program
			if (p == "net" || strings.HasPrefix(p, "net/") || p == "os/exec") && !generator {
				t.Errorf("%s imports %s", f.path, p)
			}
		}
	}

	// Who may import these. X.509 needs net for the IP addresses in
	// certificates, pflag for flags that are such addresses. The two required
	// libraries carry an os/exec in functions that nothing here calls.
	doors := map[string][]string{
		"net":      {"crypto/x509", "net/url", "github.com/ayoubfaouzi/pkcs7/internal/legacy/x509", "github.com/spf13/pflag"},
		"os/exec":  {"github.com/saferwall/pe", "go.mozilla.org/pkcs7"},
		"net/http": {},
		"net/rpc":  {},
		"net/smtp": {},
		"plugin":   {},
	}
	for pkg, imports := range dependencies(t) {
		for _, p := range imports {
			allowed, restricted := doors[p]
			if restricted && !slices.Contains(allowed, pkg) {
				t.Errorf("%s imports %s", pkg, p)
			}
		}
	}
}

// dependencies maps every package that the program is built from to what it
// imports.
func dependencies(t *testing.T) map[string][]string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports", "./cmd/...").Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			t.Fatalf("go list: %s", failed.Stderr)
		}
		t.Fatal(err)
	}
	deps := map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		deps[p.ImportPath] = p.Imports
	}
	if deps["prestage"] == nil || deps["prestage/cmd/prestage"] == nil {
		t.Fatal("go list does not list this module")
	}
	return deps
}

// TestDirection: data flows one way, and so do imports.
func TestDirection(t *testing.T) {
	mayImport := map[string][]string{
		"inf":                          {},
		"inf/setupapi":                 {},
		"authenticode/winerror":        {},
		"authenticode/ctl":             {},
		"authenticode/cab":             {},
		"authenticode/cert":            {"authenticode/winerror"},
		"authenticode":                 {"authenticode/winerror", "authenticode/cert"},
		"authenticode/signtest":        {},
		"authenticode/signtest/mkdata": {"authenticode/signtest"},
		"catalog":                      {"authenticode", "authenticode/winerror", "authenticode/cert", "authenticode/ctl"},
		"trust/roots":                  {"authenticode/cert"},
		"trust/roots/gen":              {"authenticode/cert", "authenticode/ctl", "trust/roots"},
		"trust/blocklist":              {"authenticode", "authenticode/cert"},
		"trust":                        {"authenticode", "authenticode/winerror", "authenticode/cert", "authenticode/ctl", "trust/roots"},
		".":                            {"inf", "authenticode", "authenticode/winerror", "authenticode/cert", "authenticode/cab", "catalog", "trust", "trust/blocklist"},
		"cmd/prestage":                 {".", "inf", "inf/setupapi", "authenticode", "authenticode/winerror", "authenticode/cert", "catalog", "trust", "trust/blocklist"},
	}
	_, files := sources(t)
	for _, f := range files {
		allowed, known := mayImport[f.dir()]
		if !known {
			t.Errorf("%s: the package is not in the table of directions", f.path)
			continue
		}
		for _, p := range f.imports {
			rel, ours := strings.CutPrefix(p, "prestage/")
			if p == "prestage" {
				rel, ours = ".", true
			}
			if ours && !slices.Contains(allowed, rel) {
				t.Errorf("%s imports %s: that is against the direction of the data", f.path, p)
			}
		}
	}
}

// zeroEnums is what the zero value of every enumeration reads as. Where it is
// not "unknown", the reason is given: zero must never be a good answer.
var zeroEnums = map[string]struct{ text, reason string }{
	"Basis":       {Basis(0).String(), ""},
	"Category":    {Category(0).String(), ""},
	"Outcome":     {Outcome(0).String(), ""},
	"Prompt":      {Prompt(0).String(), ""},
	"State":       {State(0).String(), ""},
	"Role":        {Role(0).String(), ""},
	"HashKind":    {HashKind(0).String(), ""},
	"Severity":    {Severity(0).String(), ""},
	"User":        {User(0).String(), ""},
	"LoadVerdict": {LoadVerdict(0).String(), ""},
	"inf.Arch":    {inf.Arch(0).String(), ""},
	"inf.Kind":    {inf.Kind(0).String(), ""},
	"trust.Role":  {trust.Role(0).String(), ""},

	"inf.Encoding":               {inf.Encoding(0).String(), ""},
	"inf.LineEndings":            {inf.LineEndings(0).String(), ""},
	"inf.Severity":               {inf.Severity(0).String(), ""},
	"inf.StartType":              {inf.StartType(0).String(), ""},
	"inf.ErrorControl":           {inf.ErrorControl(0).String(), ""},
	"catalog.Kind":               {catalog.Kind(0).String(), ""},
	"catalog.By":                 {catalog.By(0).String(), ""},
	"authenticode.TimestampKind": {authenticode.TimestampKind(0).String(), ""},
	"authenticode.PageHashState": {authenticode.PageHashState(0).String(), ""},
	"authenticode/cert.Scheme":   {cert.Scheme(0).String(), ""},
	"authenticode/cab.Method":    {cab.Method(0).String(), ""},
	"trust.Authority":            {trust.Authority(0).String(), ""},
	"trust.Publisher":            {trust.Publisher(0).String(), ""},
	"trust.Purpose":              {trust.Purpose(0).String(), ""},
	"trust.Reason":               {trust.Reason(0).String(), ""},
	"trust.AnchorKind":           {trust.AnchorKind(0).String(), ""},
	"trust.TimeSource":           {trust.TimeSource(0).String(), ""},
	"trust.ItemKind":             {trust.ItemKind(0).String(), ""},
	"trust.ListKind":             {trust.ListKind(0).String(), ""},
	"Policy":                     {Policy(0).String(), ""},
	"SubjectKind":                {SubjectKind(0).String(), ""},
	"inf/setupapi.Encoding":      {setupapi.Encoding(0).String(), ""},
	"inf/setupapi.Kind":          {setupapi.Kind(0).String(), ""},
	"inf/setupapi.OldKind":       {setupapi.OldKind(0).String(), ""},
	"inf/setupapi.Result":        {setupapi.Result(0).String(), ""},
	"inf/setupapi.Severity":      {setupapi.Severity(0).String(), ""},
	"trust/blocklist.Action":     {blocklist.Action(0).String(), ""},
	"trust/blocklist.Answer":     {blocklist.Answer(0).String(), ""},
	"trust/blocklist.Format":     {blocklist.Format(0).String(), ""},
	"trust/blocklist.Kind":       {blocklist.Kind(0).String(), ""},
	"trust/blocklist.RootType":   {blocklist.RootType(0).String(), ""},
	"trust/roots.Kind":           {roots.Kind(0).String(), ""},
	"trust/roots.Class":          {roots.Class(0).String(), ""},

	"SignerScore": {SignerScore(0).String(), "zero would rank best of all in Windows, so it is no score at all"},

	"authenticode/cab.Format":    {cab.Format(0).String(), "a file that is not compressed is the ordinary case, and nothing is expanded then"},
	"authenticode/winerror.Code": {"", "a code of Windows, where zero is success; a verdict never is one"},
	"Need":                       {"", "zero is the stricter of the usual gates, so that a forgotten gate is not an open one"},
	"Switch":                     {"", "zero leaves a setting of the machine to the release"},

	"authenticode/signtest.Layer":         {"", "test data"},
	"authenticode/signtest.Scheme":        {"", "test data: zero is the ordinary choice"},
	"authenticode/signtest.Disorder":      {"", "test data: zero is no disorder"},
	"authenticode/signtest.MemberKind":    {"", "test data: zero is the ordinary choice"},
	"authenticode/signtest.TimeStampKind": {"", "test data: zero is no kind"},
	"authenticode/signtest.ESSCertID":     {"", "test data: zero is the ordinary choice"},
}

// TestEnumZeroIsUnknown: a value that nobody set never reads as an answer. The
// table must be complete: the source is searched for enumerations.
func TestEnumZeroIsUnknown(t *testing.T) {
	_, files := sources(t)
	found := map[string]bool{}
	for _, f := range files {
		if !f.library() {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			base, ok := spec.Type.(*ast.Ident)
			if !ok || !strings.HasPrefix(strings.TrimPrefix(base.Name, "u"), "int") && base.Name != "byte" {
				return true
			}
			name := spec.Name.Name
			if f.dir() != "." {
				name = f.dir() + "." + name
			}
			found[name] = true
			return true
		})
	}
	for name := range found {
		zero, listed := zeroEnums[name]
		switch {
		case !listed:
			t.Errorf("%s is not in zeroEnums: add it, with a zero that reads \"unknown\"", name)
		case zero.reason == "" && zero.text != "unknown":
			t.Errorf("%s: the zero value reads %q, want \"unknown\"", name, zero.text)
		case zero.reason != "" && zero.text == "unknown":
			t.Errorf("%s: the zero value reads \"unknown\", so no reason is needed: %s", name, zero.reason)
		}
	}
	for name := range zeroEnums {
		if !found[name] {
			t.Errorf("zeroEnums lists %s, which the source does not have", name)
		}
	}
}

// TestEnumTexts formats every value of the root package's enumerations, and
// some that do not exist: none is empty, none twice, none panics, and a value
// that does not exist never reads as one that does.
func TestEnumTexts(t *testing.T) {
	enums := map[string]struct {
		n    int
		text func(int) string
	}{
		"Basis":    {int(Documented), func(i int) string { return Basis(i).String() }},
		"Category": {int(Unsigned), func(i int) string { return Category(i).String() }},
		"Outcome":  {int(NotApplicable), func(i int) string { return Outcome(i).String() }},
		"Prompt":   {int(PromptUnverified), func(i int) string { return Prompt(i).String() }},
		"State":    {int(NotMember), func(i int) string { return State(i).String() }},
		"Role":     {int(RoleFile), func(i int) string { return Role(i).String() }},
		"Severity": {int(Error), func(i int) string { return Severity(i).String() }},
		"Load":     {int(NotJudged), func(i int) string { return LoadVerdict(i).String() }},
		"User":     {int(System), func(i int) string { return User(i).String() }},
	}
	for name, e := range enums {
		seen := map[string]bool{}
		for i := range e.n + 1 {
			text := e.text(i)
			if text == "" || seen[text] {
				t.Errorf("%s(%d) reads %q: empty or taken", name, i, text)
			}
			seen[text] = true
		}
		for _, i := range []int{-1, e.n + 1, 1 << 20} {
			if text := e.text(i); seen[text] && text != "unknown" {
				t.Errorf("%s(%d), which does not exist, reads %q", name, i, text)
			}
		}
	}
	if SignerScore(0).Valid() || !strings.HasPrefix(SignerScore(0).String(), "!") {
		t.Errorf("a zero score reads %q", SignerScore(0))
	}
}

// TestReleasesAreCompared only in windows.go: elsewhere a difference between
// releases is a field of their row. Package inf compares versions too, but
// those of decorations, which is what they are for (rule 33).
func TestReleasesAreCompared(t *testing.T) {
	version := []string{"Build", "Major", "Minor"}
	set, files := sources(t)
	for _, f := range files {
		if f.dir() == "inf" || f.dir() == "catalog" || f.path == "windows.go" {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			b, ok := n.(*ast.BinaryExpr)
			if !ok || b.Op.Precedence() != token.EQL.Precedence() {
				return true
			}
			for _, x := range []ast.Expr{b.X, b.Y} {
				if s, ok := x.(*ast.SelectorExpr); ok && slices.Contains(version, s.Sel.Name) {
					t.Errorf("%s: compares a release's %s: make it a field of the row in windows.go", set.Position(n.Pos()), s.Sel.Name)
				}
			}
			return true
		})
	}
}

// TestEverythingIsDocumented: every exported name of a library has a comment,
// of its own or, in a group, of the group or on its line.
func TestEverythingIsDocumented(t *testing.T) {
	set, files := sources(t)
	packages := map[string]bool{}
	for _, f := range files {
		if f.syntax.Doc != nil {
			packages[f.dir()] = true
		} else if _, seen := packages[f.dir()]; !seen {
			packages[f.dir()] = false
		}
		if f.library() {
			undocumented(f.syntax, func(pos token.Pos, name string) {
				t.Errorf("%s: %s has no comment", set.Position(pos), name)
			})
		}
	}
	for dir, documented := range packages {
		if !documented {
			t.Errorf("package %s has no comment", dir)
		}
	}
}

// undocumented reports the exported names of a file that have no comment.
func undocumented(file *ast.File, report func(token.Pos, string)) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
				report(d.Pos(), d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() && s.Doc == nil && (d.Doc == nil || len(d.Specs) > 1) {
						report(s.Pos(), s.Name.Name)
					}
				case *ast.ValueSpec:
					if d.Doc != nil || s.Doc != nil || s.Comment != nil {
						continue
					}
					for _, name := range s.Names {
						// In an enumeration the type's comment speaks for
						// its first value.
						if name.IsExported() && !typedConstant(d) {
							report(name.Pos(), name.Name)
						}
					}
				}
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	x := d.Recv.List[0].Type
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	if index, ok := x.(*ast.IndexExpr); ok {
		x = index.X
	}
	name, ok := x.(*ast.Ident)
	return ok && name.IsExported()
}

// typedConstant reports whether the group is an enumeration: constants whose
// first has a type.
func typedConstant(d *ast.GenDecl) bool {
	first, ok := d.Specs[0].(*ast.ValueSpec)
	return ok && d.Tok == token.CONST && first.Type != nil
}

// TestRuleTables: the tables of policy are well-formed.
func TestRuleTables(t *testing.T) {
	ids := map[string]bool{}
	for _, r := range allRules() {
		if r.id == "" || ids[r.id] {
			t.Errorf("rule id %q is empty or taken", r.id)
		}
		ids[r.id] = true
		if strings.ToLower(r.id) != r.id || strings.ContainsAny(r.id, " _.") {
			t.Errorf("%s: an id is words in lower case with hyphens", r.id)
		}
		if r.basis == BasisUnknown {
			t.Errorf("%s: nobody says how the rule is known", r.id)
		}
		if strings.TrimSpace(r.cite) == "" {
			t.Errorf("%s: no source", r.id)
		}
		if !r.complete {
			t.Errorf("%s: lacks a condition or a sentence", r.id)
		}
		if r.last != r.always {
			t.Errorf("%s: last is %v, always applies is %v: exactly the last rule of a table always applies", r.id, r.last, r.always)
		}
	}
	for id := range refusals {
		if !slices.ContainsFunc(categoryRules, func(r rule[Category]) bool { return r.id == id }) {
			t.Errorf("refusals: %s is no rule of the categories", id)
		}
	}
	for _, r := range categoryRules {
		if r.then == CategoryUnknown {
			t.Errorf("%s decides for the unknown category", r.id)
		}
	}
	for _, r := range scoreRules {
		if !r.then.Valid() || r.then == ScoreUnknown {
			t.Errorf("%s decides for %s", r.id, r.then)
		}
	}
	for _, r := range loadRules {
		if r.then == LoadUnknown {
			t.Errorf("%s decides for an unknown load", r.id)
		}
	}
	for _, r := range outcomeRules {
		if r.then.outcome == OutcomeUnknown || r.then.prompt == PromptUnknown {
			t.Errorf("%s decides for an unknown outcome or prompt", r.id)
		}
		if (r.then.outcome == Prompted) != (r.then.prompt != PromptNone) {
			t.Errorf("%s: %s with prompt %s", r.id, r.then.outcome, r.then.prompt)
		}
		if r.then.outcome != Refused && r.then.status != 0 {
			t.Errorf("%s: %s with status %s", r.id, r.then.outcome, r.then.status.Hex())
		}
	}
}

// ruleRow is what the tables' rules have in common.
type ruleRow struct {
	id       string
	basis    Basis
	cite     string
	complete bool
	always   bool // applies without looking at anything
	last     bool // of its table
}

func allRules() []ruleRow {
	return slices.Concat(rowsOf(categoryRules), rowsOf(scoreRules), rowsOf(outcomeRules), rowsOf(loadRules), verifyRows())
}

// verifyRows are the rules on single files. The tables of the policies are put
// together from these parts, of which the last ends each.
func verifyRows() []ruleRow {
	parts := slices.Concat(subjectRules, signatureRules, trustRules, driverRules, kernelRules, requirementRules)
	return slices.Concat(rowsOf(parts), rowsOf(noPolicyRules))
}

func rowsOf[V, T any](table []ruleOn[V, T]) []ruleRow {
	var rows []ruleRow
	for i, r := range table {
		rows = append(rows, ruleRow{
			id: r.id, basis: r.basis, cite: r.cite,
			complete: r.when != nil && r.say != nil,
			always:   alwaysApplies(r.when),
			last:     i == len(table)-1,
		})
	}
	return rows
}

// alwaysApplies reports whether a condition looks at nothing: it does not mind
// that there is nothing to look at.
func alwaysApplies[V any](when func(*V) bool) (applies bool) {
	defer func() {
		if recover() != nil {
			applies = false
		}
	}()
	return when(nil)
}

// TestNothingRegistersItself: the order of a program's parts is written down
// somewhere, not left to initialisation.
func TestNothingRegistersItself(t *testing.T) {
	set, files := sources(t)
	for _, f := range files {
		for _, decl := range f.syntax.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.Name == "init" {
				t.Errorf("%s: func init", set.Position(d.Pos()))
			}
		}
	}
}

// TestNoForeignNames: nothing committed names a path of some machine, and no
// source names a single package of the corpus, to which rules could be tuned.
func TestNoForeignNames(t *testing.T) {
	paths := []string{"/wo" + "rk/", "/ho" + "me/", "/ro" + "ot/", "/Use" + "rs/", "/tmp/" + "brief"}
	packages := corpusPackages(t)
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == ".git" {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > 4<<20 {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text := string(data)
		for _, p := range paths {
			if strings.Contains(text, p) {
				t.Errorf("%s contains %q", name, p)
			}
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		for _, p := range packages {
			if strings.Contains(text, p) {
				t.Errorf("%s names %q of the corpus", name, p)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// corpusPackages lists the folders of the corpus, none where there is no
// corpus. A name that is an ordinary word is left out.
func corpusPackages(t *testing.T) []string {
	dir := os.Getenv("PRESTAGE_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "shared", "corpus")
	}
	entries, err := os.ReadDir(filepath.Join(dir, "packages"))
	if err != nil {
		t.Logf("corpus not found: its names are not looked for")
		return nil
	}
	var names []string
	for _, e := range entries {
		if strings.Contains(e.Name(), "-") {
			names = append(names, e.Name())
		}
	}
	return names
}

// TestReleaseTable: the rows are complete, and no two are the same machine's.
func TestReleaseTable(t *testing.T) {
	seen := map[string]bool{}
	for i, w := range Releases() {
		if w.Name == "" || w.Family == "" || w.Title == "" || w.Cite == "" || w.Staging == nil || len(w.Archs) == 0 || w.Build == 0 {
			t.Errorf("%s: incomplete row", w.Name)
		}
		if seen[w.Name] || seen[w.Title] {
			t.Errorf("%s: twice", w.Name)
		}
		seen[w.Name], seen[w.Title] = true, true
		if found, ok := WindowsNamed(strings.ToUpper(w.Name)); !ok || found.Name != w.Name && w.Name != w.Family {
			t.Errorf("WindowsNamed(%q) = %v, %v", w.Name, found, ok)
		}
		if i > 0 && releases[i-1].Server == w.Server && !ascending(&releases[i-1], w) {
			t.Errorf("%s is listed after the newer %s", w.Name, releases[i-1].Name)
		}
	}
	for _, name := range []string{"", "win", "win12", "windows", "all", "win11-"} {
		if w, ok := WindowsNamed(name); ok {
			t.Errorf("WindowsNamed(%q) = %s", name, w.Name)
		}
	}
}

func ascending(a, b *Windows) bool {
	return slices.Compare([]int{a.Major, a.Minor, a.Build}, []int{b.Major, b.Minor, b.Build}) <= 0
}

// TestReleasesOfTheContract: every release name that users were promised.
func TestReleasesOfTheContract(t *testing.T) {
	const names = `vista win7 win8 win8.1 win10-1507 win10-1511 win10-1607 win10-1703 win10-1709 win10-1803
		win10-1809 win10-1903 win10-1909 win10-2004 win10-20h2 win10-21h1 win10-21h2 win10-22h2
		win11-21h2 win11-22h2 win11-23h2 win11-24h2 win11-25h2
		server2008 server2008r2 server2012 server2012r2 server2016 server2019 server2022 server2025`
	var have []string
	for _, w := range Releases() {
		have = append(have, w.Name)
	}
	if want := strings.Fields(names); !slices.Equal(have, want) {
		t.Errorf("releases are %v, want %v", have, want)
	}
	for family, want := range map[string]string{"win10": "win10-22h2", "win11": "win11-25h2", "Win7": "win7"} {
		if w, ok := WindowsNamed(family); !ok || w.Name != want {
			t.Errorf("%s stands for %v, want %s", family, fmt.Sprint(w), want)
		}
	}
}
