//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// measure runs a program and prints its peak resident memory in KiB.
func measure() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		fmt.Println(0)
		return
	}
	peak := usage.Maxrss
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		peak /= 1024 // bytes there
	}
	fmt.Println(peak)
}
