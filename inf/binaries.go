package inf

import "strings"

// A BinaryIndex finds the files of a package that the binaries of services are
// copied from.
type BinaryIndex struct {
	byName map[string][]SourceFile // by folded target and source name
}

// IndexBinaries indexes the files of one architecture.
func IndexBinaries(files []SourceFile) *BinaryIndex {
	x := &BinaryIndex{make(map[string][]SourceFile)}
	for _, file := range files {
		seen := make(map[string]bool)
		for _, name := range append([]string{file.Name, file.DestName}, file.DestNames...) {
			key := binaryKey(name)
			if key == "" || seen[key] {
				continue
			}
			seen[key] = true
			if len(x.byName[key]) <= maxTwins {
				x.byName[key] = append(x.byName[key], file)
			}
		}
	}
	return x
}

// Of returns every file that the binary of a service may be: all whose target
// name or source name is that of the binary (rule 45), in whatever folder,
// because one folder has several names (%12% is %10%\System32\drivers). The
// slice belongs to the index.
//
// There are at most 64; a File for which there would be more has an entry
// "too-many-binaries" among Ambiguous.
func (x *BinaryIndex) Of(s Service) []SourceFile {
	files := x.byName[binaryKey(s.BinaryName)]
	return files[:min(len(files), maxTwins)]
}

// crowded reports whether Of leaves files out.
func (x *BinaryIndex) crowded(s Service) bool {
	return len(x.byName[binaryKey(s.BinaryName)]) > maxTwins
}

// binaryKey is the name by which a file is found: without folder, stream, and
// the blanks and dots at the end that Windows takes away.
func binaryKey(name string) string {
	name = name[strings.LastIndexAny(name, `\/`)+1:]
	name, _, _ = strings.Cut(name, ":")
	return Fold(strings.TrimRight(strings.Trim(name, `" `), ". "))
}

// BinaryFiles returns every one of the files that the service's binary may be
// copied from. For many services use [IndexBinaries] once.
func (s Service) BinaryFiles(files []SourceFile) []SourceFile {
	return IndexBinaries(files).Of(s)
}

// BinaryFile returns the file whose target is the path of the service's binary,
// else the only one whose target has that name. It is for display: where several
// files may be the binary, see [BinaryIndex].
func (s Service) BinaryFile(files []SourceFile) (SourceFile, bool) {
	var named []SourceFile
	for _, file := range files {
		switch {
		case hasFold(file.Dests, file.Dest, s.Binary):
			return file, true
		case s.BinaryName != "" && hasFold(file.DestNames, file.DestName, s.BinaryName):
			named = append(named, file)
		}
	}
	if len(named) == 1 {
		return named[0], true
	}
	return SourceFile{}, false
}

func hasFold(list []string, also, want string) bool {
	if also != "" && equalFold(also, want) {
		return true
	}
	for _, s := range list {
		if s != "" && equalFold(s, want) {
			return true
		}
	}
	return false
}
