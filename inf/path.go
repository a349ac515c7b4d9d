package inf

import (
	"errors"
	"strings"
	"unicode"
)

// The reasons for which a file name of an INF has no path inside the package's
// folder. Such a name is reported and never opened.
var (
	ErrPathEmpty    = errors.New("no file name")
	ErrPathLeaves   = errors.New("the path leads out of the package's folder")
	ErrPathAbsolute = errors.New("the path begins at a server or a device, not at the package's folder")
	ErrPathColon    = errors.New("a colon names a drive or an alternate data stream")
	ErrPathDevice   = errors.New("a reserved device name")
	ErrPathChar     = errors.New("a character that no file name may have")
	ErrPathEnd      = errors.New("a name ends with a dot or a blank, which Windows takes away")
	ErrPathLong     = errors.New("a name longer than 255 characters")
)

// cleanPath turns a Windows path relative to the INF's folder into a clean one
// with slashes. One leading separator is allowed: SourceDisksNames paths are
// written "\dir" and mean the folder of the INF (rule 25).
func cleanPath(p string) (string, error) {
	p = strings.ReplaceAll(p, `\`, "/")
	if strings.HasPrefix(p, "//") {
		return "", ErrPathAbsolute
	}
	var clean []string
	for _, name := range strings.Split(p, "/") {
		switch {
		case name == "" || name == ".":
			continue
		case name == "..":
			if len(clean) == 0 {
				return "", ErrPathLeaves
			}
			clean = clean[:len(clean)-1]
			continue
		}
		if err := checkName(name); err != nil {
			return "", err
		}
		clean = append(clean, name)
	}
	if len(clean) == 0 {
		return "", ErrPathEmpty
	}
	return strings.Join(clean, "/"), nil
}

// checkName checks one element of a path.
func checkName(name string) error {
	switch last := name[len(name)-1]; {
	case strings.Contains(name, ":"):
		return ErrPathColon
	case strings.ContainsAny(name, `<>"|?*`) || strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsRune(name, '\uFFFD'):
		return ErrPathChar // U+FFFD stands for bytes that were no character
	case last == '.' || last == ' ':
		return ErrPathEnd
	case units(name) > maxSectionName: // file systems allow as many
		return ErrPathLong
	case isDevice(name):
		return ErrPathDevice
	}
	return nil
}

// isDevice reports whether Windows opens a device under that name. An extension
// does not help: "nul.sys" is the null device.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = Fold(strings.TrimRight(base, " "))
	if deviceNames[base] {
		return true
	}
	port, number := "", ""
	if len(base) > 3 {
		port, number = base[:3], base[3:]
	}
	return (port == "COM" || port == "LPT") && portNumbers[number]
}

var deviceNames = map[string]bool{
	"CON": true, "PRN": true, "AUX": true, "NUL": true, "CONIN$": true, "CONOUT$": true, "CLOCK$": true,
}

// portNumbers are the digits after COM and LPT; the superscripts are devices too.
var portNumbers = map[string]bool{
	"0": true, "1": true, "2": true, "3": true, "4": true, "5": true, "6": true, "7": true, "8": true, "9": true,
	"¹": true, "²": true, "³": true,
}

// join puts a source path together from its parts (rule 27). Only the first
// separator of a part is its own: "\\server" stays what it is.
func join(parts ...string) (string, error) {
	var kept []string
	for _, p := range parts {
		p = strings.ReplaceAll(p, `\`, "/")
		if strings.HasPrefix(p, "//") {
			return "", ErrPathAbsolute
		}
		if p != "" {
			kept = append(kept, strings.TrimPrefix(p, "/"))
		}
	}
	return cleanPath(strings.Join(kept, "/"))
}

// compressedNames returns the names under which a file may lie beside its own:
// the last character of the extension is an underscore or a dollar sign, as the
// tool "compress -r" names its output (rule 29).
func compressedNames(p string) []string {
	dir, name := "", p
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		dir, name = p[:i+1], p[i+1:]
	}
	base, ext := name, ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		base, ext = name[:i], name[i+1:]
	}
	if r := []rune(ext); len(r) >= 3 {
		ext = string(r[:len(r)-1])
	}
	return []string{dir + base + "." + ext + "_", dir + base + "." + ext + "$"}
}
