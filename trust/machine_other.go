//go:build !windows

package trust

// readLocalMachine has nothing to read.
func readLocalMachine(ReadOptions) (*Contents, error) { return nil, ErrNotWindows }
