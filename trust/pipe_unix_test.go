//go:build unix

package trust

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestLoadPipe: a pipe into which nobody writes is refused and not waited for,
// also where a link in a folder leads to it.
func TestLoadPipe(t *testing.T) {
	dir, folder := t.TempDir(), t.TempDir()
	pipe := filepath.Join(dir, "pipe.pem")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(pipe, filepath.Join(folder, "link.pem")); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{pipe, folder, os.DevNull} {
		for name, err := range map[string]error{
			"root":        NewStore().LoadPath(Root, path),
			"machine":     NewMachineStore().LoadMachine(path, ReadOptions{}),
			"revocations": NewStore().LoadRevocations(path, ReadOptions{}),
		} {
			if !errors.Is(err, errNotRegular) {
				t.Errorf("%s from %s: %v", name, path, err)
			}
		}
	}
}
