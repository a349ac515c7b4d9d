package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"prestage"
	"prestage/authenticode/winerror"
	"prestage/trust"
)

// TestExplainTable: every row can be found by its key, says something, and
// stands there once.
func TestExplainTable(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range entries {
		id := e.kind.String() + " " + e.key
		if e.kind == kindUnknown || e.kind == kindRank || seen[id] {
			t.Errorf("%s: of no kind, or there twice", id)
		}
		seen[id] = true
		switch e.kind {
		case kindSetup, kindResult, kindStatus, kindScore:
			if n, err := strconv.ParseUint(e.key, 16, 32); err != nil || len(e.key) != 8 || e.name == "" {
				t.Errorf("%s: key %q, name %q", id, e.key, e.name)
			} else if e.kind == kindScore && !prestage.SignerScore(n).Valid() {
				t.Errorf("%s is no signer score", id)
			}
		case kindWin32, kindProblem, kindEvent:
			if _, err := strconv.ParseUint(e.key, 10, 16); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
		if e.kind == kindSetup && !strings.HasPrefix(e.key, "E000") {
			t.Errorf("%s is no setup error", id)
		}
		found := explain(e.key)
		if e.kind != kindWin32 && e.kind != kindProblem && e.kind != kindEvent {
			found = append(found, explain("0x"+e.key)...)
		}
		if !slices.ContainsFunc(found, func(x explanation) bool { return x.Kind == e.kind.String() && x.Means != "" && x.Source != "" }) {
			t.Errorf("%s is not found by its key, or means nothing", id)
		}
		if e.name != "" && len(explain(e.name)) == 0 {
			t.Errorf("%s is not found by its name %s", id, e.name)
		}
	}
}

// TestExplainIsComplete: whatever the program can print is explained.
func TestExplainIsComplete(t *testing.T) {
	explained := func(code, kind string) bool {
		return slices.ContainsFunc(explain(code), func(x explanation) bool { return x.Kind == kind && x.Means != "" })
	}
	for _, c := range winerror.All() {
		all := explain(c.Hex())
		if len(all) == 0 || all[0].Name != c.Name() {
			t.Errorf("result code %s is not explained under its name", c)
		}
	}
	known := map[string]bool{}
	for _, r := range prestage.Rules() {
		known[r.ID] = true
		if !explained(r.ID, "rule") {
			t.Errorf("rule %s is not explained", r.ID)
		}
	}
	findings := findingIDs(t)
	for id, where := range findings {
		switch {
		case strings.HasPrefix(id, "verify-"):
			known[id] = true
			if !explained(id, "rule") {
				t.Errorf("%s: %s is not explained", where, id)
			}
		case !explained(id, "finding"):
			t.Errorf("%s: finding %s is not explained", where, id)
		}
	}
	for r := trust.Reason(0); r < maxReason; r++ {
		known["trust-"+r.String()] = true
		if !explained("trust-"+r.String(), "finding") {
			t.Errorf("reason %s is not explained", r)
		}
	}
	if trust.Reason(maxReason-1).String() != "unknown" {
		t.Errorf("there are more reasons than %d", maxReason)
	}
	for _, u := range trust.Usages() {
		if !explained(u.OID, "eku") || !explained(u.Name, "eku") && u.Name != u.OID {
			t.Errorf("purpose %s (%s) is not explained", u.OID, u.Name)
		}
	}
	// And nothing is explained that does not exist.
	for _, e := range entries {
		_, emitted := findings[e.key]
		if (e.kind == kindRule || e.kind == kindFinding) && !known[e.key] && !emitted {
			t.Errorf("%s %s is explained, and nothing emits it", e.kind, e.key)
		}
	}
}

// findingIDs collects the ids of findings from the source: those of the root
// package, and of the INF reader with the prefix that check gives them.
func findingIDs(t *testing.T) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for dir, prefix := range map[string]string{filepath.Join("..", ".."): "", filepath.Join("..", "..", "inf"): "inf-"} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatalf("no source in %s: %v", dir, err)
		}
		set := token.NewFileSet()
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(set, name, src, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				for _, lit := range idLiterals(n) {
					if s, err := strconv.Unquote(lit.Value); err == nil && !strings.HasSuffix(s, "-") {
						ids[prefix+s] = set.Position(lit.Pos()).String()
					}
				}
				return true
			})
		}
	}
	if len(ids) < 40 {
		t.Fatalf("only %d ids found: the source looks different from what this test expects", len(ids))
	}
	return ids
}

// idLiterals are the string literals in a node that are ids of findings: the
// field ID of a literal, what is assigned to one, the first argument of the
// functions that make findings, the first field of a Finding or NoteReport.
func idLiterals(n ast.Node) []*ast.BasicLit {
	text := func(x ast.Expr) []*ast.BasicLit {
		if lit, ok := x.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			return []*ast.BasicLit{lit}
		}
		return nil
	}
	makers := []string{"at", "one", "find", "doubt", "problem", "warn", "note"}
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "ID" {
			return text(n.Value)
		}
	case *ast.AssignStmt:
		if sel, ok := n.Lhs[0].(*ast.SelectorExpr); ok && sel.Sel.Name == "ID" {
			return text(n.Rhs[0])
		}
	case *ast.CallExpr:
		name := ""
		switch f := n.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		if slices.Contains(makers, name) && len(n.Args) > 1 {
			return text(n.Args[0])
		}
	case *ast.CompositeLit:
		if typ, ok := n.Type.(*ast.Ident); ok && (typ.Name == "Finding" || typ.Name == "NoteReport") && len(n.Elts) > 0 {
			return text(n.Elts[0])
		}
	}
	return nil
}

// TestExplainNumbers: one code has many spellings, and one number may be
// several codes.
func TestExplainNumbers(t *testing.T) {
	for _, tt := range []struct{ query, want string }{
		{"0xE000024B", "ERROR_FILE_HASH_NOT_IN_CATALOG"},
		{"0xe000024b", "ERROR_FILE_HASH_NOT_IN_CATALOG"},
		{"e000024b", "ERROR_FILE_HASH_NOT_IN_CATALOG"},
		{"-536870325", "ERROR_FILE_HASH_NOT_IN_CATALOG"},
		{"3758096971", "ERROR_FILE_HASH_NOT_IN_CATALOG"},
		{"0x800F024B", "ERROR_FILE_HASH_NOT_IN_CATALOG"},
		{"spapi_e_file_hash_not_in_catalog", "ERROR_FILE_HASH_NOT_IN_CATALOG"},
		{"-2146762487", "CERT_E_UNTRUSTEDROOT"},
		{"0x80070241", "ERROR_INVALID_IMAGE_HASH"},
		{"577", "ERROR_INVALID_IMAGE_HASH"},
		{"0xC0000428", "STATUS_INVALID_IMAGE_HASH"},
		{"52", "CM_PROB_UNSIGNED_DRIVER"},
		{"0x34", "CM_PROB_UNSIGNED_DRIVER"},
		{"Code 52", "CM_PROB_UNSIGNED_DRIVER"},
		{"event 3004", "event 3004"},
		{"0x0D000005", "SIGNERSCORE_WHQL"},
		{"whql", "SIGNERSCORE_WHQL"},
		{"Not digitally signed", "SIGNERSCORE_UNSIGNED"},
		{"0x80000000", "SIGNERSCORE_UNSIGNED"},
		{"0x80FF0001", "rank"},
		{"00FF2001", "rank"},
		{"0x00000000", "ERROR_SUCCESS"},
		{"1.3.6.1.4.1.311.10.3.5.1", "Windows Hardware Driver Attested Verification"},
		{"LINE-ENDINGS-CHANGED", ""},
	} {
		all := explain(tt.query)
		if len(all) == 0 || all[0].Name != tt.want {
			t.Errorf("%s: %+v, want %s", tt.query, all, tt.want)
		}
	}
	for _, query := range []string{"", "nothing", "0x", "0x123456789", "-2147483649", "4294967296", "0x12345678", "1.2.3.4", "0x00FF4000", "-"} {
		if all := explain(query); len(all) != 0 {
			t.Errorf("%q is explained: %+v", query, all)
		}
	}
}

// TestExplainRank takes the worked examples of the rule book apart.
func TestExplainRank(t *testing.T) {
	for rank, want := range map[uint32][]string{
		0x00FF0000: {"signature 00", "no FeatureScore", "hardware id of the INF, number 0"},
		0x0FFF0001: {"third party", "no FeatureScore", "number 1 "},
		0x00FF3101: {"signature 00", "no FeatureScore", "compatible id of the INF, number 1 of the device's list and number 1 of the INF's"},
		0x00E00000: {"signature 00", "feature E0", "number 0"},
		0xC0FF2000: {"no .nt", "no FeatureScore", "a compatible id of the device is a hardware id"},
	} {
		x, ok := explainRank(rank)
		if !ok || len(x.Parts) != len(want) {
			t.Errorf("%08X: %+v", rank, x)
			continue
		}
		for i := range want {
			if !strings.Contains(x.Parts[i], want[i]) {
				t.Errorf("%08X: %q, want %q", rank, x.Parts[i], want[i])
			}
		}
	}
}
