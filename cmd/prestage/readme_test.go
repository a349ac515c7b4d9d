package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// TestReadmeTranscripts runs the README's transcripts: what a newcomer reads
// is what the program prints.
func TestReadmeTranscripts(t *testing.T) {
	t.Chdir("../..")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for i, block := range strings.Split(string(readme), "```\n") {
		if i%2 == 0 || !strings.HasPrefix(block, "$ prestage ") {
			continue
		}
		found++
		lines := strings.Split(strings.ReplaceAll(block, "\\\n", ""), "\n")
		command, want := lines[0], strings.Join(lines[1:], "\n")
		var out bytes.Buffer
		run(strings.Fields(command)[2:], environment{
			stdout: &out, stderr: &out,
			now:    func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) },
			getenv: func(name string) string { return map[string]string{"COLUMNS": "80"}[name] },
		})
		if out.String() != want {
			t.Errorf("%s prints\n%s\nand the README has\n%s", command, out.String(), want)
		}
	}
	if found == 0 {
		t.Error("the README has no transcript")
	}
}
