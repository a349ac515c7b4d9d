package main

import (
	"archive/zip"
	"errors"
	stdflag "flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = stdflag.Bool("update", false, "rewrite the expected output in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"prestage": func() {
			version = "v0.0.0-test"
			main()
		},
		"measure": measure,
	})
}

// TestScript runs the transcripts of testdata/script, which are the manual in
// executable form. Each runs in a folder with the packages and stores of the
// generated test data, at a fixed clock, 80 columns wide.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("COLUMNS", "80")
			env.Setenv("NO_COLOR", "")
			env.Setenv("NOW", "2026-11-20T12:00:00Z")
			for _, dir := range []string{"packages", "stores"} {
				from := filepath.Join("..", "..", "testdata", dir)
				if err := os.CopyFS(filepath.Join(env.WorkDir, dir), os.DirFS(from)); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"pack":  pack,
			"cut":   cut,
			"flip":  flip,
		},
	})
}

// exits runs a program and wants that exit code: exits 2 prestage check
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program [argument...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		code = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// pack makes a zip archive of a folder: pack archive.zip folder
func pack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pack archive folder")
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	w := zip.NewWriter(f)
	ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[1]))))
	ts.Check(w.Close())
}

// cut shortens a file to that many bytes: cut file length
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut file length")
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

// flip changes one bit of the byte at that offset: flip file offset
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip file offset")
	}
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	b[at] ^= 1
	ts.Check(os.WriteFile(name, b, 0o644))
}

// TestExitCodes compares the table of exit codes in the README with the
// constants.
func TestExitCodes(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no README")
	}
	if err != nil {
		t.Fatal(err)
	}
	for code, about := range map[int][]string{
		exitOK:    {"meets", "gate"},
		exitShort: {"short", "fail"},
		exitError: {"usage", "read"},
	} {
		found := false
		for line := range strings.SplitSeq(string(readme), "\n") {
			cells := strings.Split(line, "|")
			if len(cells) < 3 || strings.Trim(cells[1], " `") != strconv.Itoa(code) {
				continue
			}
			for _, word := range about {
				found = found || strings.Contains(strings.ToLower(line), word)
			}
		}
		if !found {
			t.Errorf("README.md has no table row for exit code %d that speaks of %v", code, about)
		}
	}
}
