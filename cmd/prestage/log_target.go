package main

import (
	"fmt"
	"strconv"
	"strings"

	"prestage"
	"prestage/inf/setupapi"
)

// releaseOf is the release that a log's header names: the newest one of that
// version, and of clients or servers, that is not newer than the build.
func releaseOf(h setupapi.Header) (*prestage.Windows, error) {
	if h.OSVersion == "" {
		return nil, fmt.Errorf("the log has no header with the version of Windows, so nothing can be predicted: its beginning was cut off")
	}
	major, minor, build, err := osVersion(h.OSVersion)
	if err != nil {
		return nil, err
	}
	server := h.ProductType != "" && h.ProductType != "1"
	found := prestage.WindowsRunning(major, minor, build, server)
	if found == nil {
		return nil, fmt.Errorf("OS Version = %s: no release that prestage knows", h.OSVersion)
	}
	return found, nil
}

// osVersion reads "10.0.22621", "6.1.7601" and what may follow after a blank.
func osVersion(s string) (major, minor, build int, err error) {
	first, _, _ := strings.Cut(s, " ")
	parts := strings.Split(first, ".")
	if len(parts) < 3 {
		return 0, 0, 0, fmt.Errorf("OS Version = %q: three numbers are expected", s)
	}
	var n [3]int
	for i := range n {
		v, err := strconv.ParseUint(parts[i], 10, 31)
		if err != nil {
			return 0, 0, 0, fmt.Errorf("OS Version = %q: three numbers are expected", s)
		}
		n[i] = int(v)
	}
	return n[0], n[1], n[2], nil
}

// targetOf is the machine that a log's header names, for an administrator or,
// where the log shows that nobody could be asked, for the system.
func targetOf(h setupapi.Header, silent bool) (prestage.TargetSpec, error) {
	w, err := releaseOf(h)
	if err != nil {
		return prestage.TargetSpec{}, err
	}
	if h.Architecture == "" {
		return prestage.TargetSpec{}, fmt.Errorf("the log's header names no architecture")
	}
	user := "admin"
	if silent {
		user = "system"
	}
	specs, err := prestage.ParseTargets(w.Name + "/" + h.Architecture + "/" + user)
	if err != nil {
		return prestage.TargetSpec{}, err
	}
	return specs[0], nil
}
