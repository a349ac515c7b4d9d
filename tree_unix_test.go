//go:build unix

package prestage

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prestage/authenticode/signtest"
)

// TestPipe: a named pipe in place of a file blocks whoever opens it. It is
// reported and never opened.
func TestPipe(t *testing.T) {
	for _, name := range []string{"gadget.sys", "gadget.cat", "gadget.inf"} {
		files := signtest.NewPackage().Build()
		delete(files, name)
		dir := writeTree(t, in("x", files))
		if err := unix.Mkfifo(filepath.Join(dir, "x", name), 0o644); err != nil {
			t.Skipf("no named pipes: %v", err)
		}
		done := make(chan *Report, 1)
		go func() { done <- checkPath(t, dir) }()
		select {
		case r := <-done:
			if name == "gadget.inf" {
				if len(r.Packages) != 0 || len(r.Errors) != 1 {
					t.Errorf("%s is a pipe: %+v", name, r)
				}
				continue
			}
			v := one(t, r).Verdicts[0]
			if v.Outcome != "refuse" || !slices.Contains([]string{"altered", "unsigned"}, v.Category) {
				t.Errorf("%s is a pipe: %s, %s", name, v.Category, v.Outcome)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s is a pipe: the check hangs", name)
		}
	}
	// The pipe as the argument itself.
	pipe := filepath.Join(t.TempDir(), "pipe.inf")
	if err := unix.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		tree, err := OpenTree(pipe)
		if err == nil {
			var r *Report
			if r, err = Check(Options{At: testClock, Store: contosoStore(t)}, tree); err == nil && len(r.Errors) == 0 {
				t.Error("a pipe was judged")
			}
			tree.Close()
		}
		done <- err
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("a pipe as the argument: OpenTree hangs")
	}
}
