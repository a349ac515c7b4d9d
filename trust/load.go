package trust

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Errors of loading stores.
var (
	// ErrWrongStore means that a file is about other stores than the one that
	// it was given for.
	ErrWrongStore = errors.New("holds nothing for this store")
	// ErrNoRole means that a file that was given for a whole machine does not
	// say which store it is about.
	ErrNoRole = errors.New("does not say which store it is; a machine is described by registry exports and the root program's lists (use --root, --trusted-publisher, ... for a single store)")
	// ErrNotWindows means that there are no stores of this machine to read.
	ErrNotWindows = errors.New("only Windows has certificate stores of its own: export them there with \"reg export HKLM\\SOFTWARE\\Microsoft\\SystemCertificates machine.reg\"")
)

// LoadPath adds the certificates of a file, or of every file of a folder and
// those below it, to one of the stores: [Store.Load] without options.
func (s *Store) LoadPath(r Role, path string) error { return s.Load(r, path, ReadOptions{}) }

// Load adds what a file, or every file of a folder and those below it, holds
// for one of the stores, in any format.
//
// Of a file that holds several stores, a registry export, only the one that is
// asked for is taken; AuthRoot belongs to Root. A file that has nothing for it
// is an error. The root program's list of trusted roots can be loaded into
// Root, the one of disallowed certificates into Disallowed.
func (s *Store) Load(r Role, path string, o ReadOptions) error {
	all, err := readPath(path, o)
	if err != nil {
		return err
	}
	total := 0
	for _, c := range all {
		n, err := s.take(r, c)
		if err != nil {
			return err
		}
		total += n
	}
	if total == 0 {
		return fmt.Errorf("%s: %w", path, ErrNoCertificate)
	}
	return nil
}

// take adds what a file holds for one store and returns how much that was.
func (s *Store) take(r Role, c *Contents) (int, error) {
	s.warnings = append(s.warnings, c.Warnings...)
	volumes := make([]volume, 0, len(c.Items))
	if r == Root {
		s.anchors.grow(len(c.Items))
	}
	count, others := 0, []string{}
	source := ""
	for i := range c.Items {
		item := &c.Items[i]
		switch {
		case item.Role != UnknownRole && item.Role.base() != r:
			others = append(others, item.Role.String())
			source = item.place.file
		case item.Kind == CertificateItem:
			role := r
			if item.Role == AuthRoot {
				role = AuthRoot
			}
			volumes = append(volumes, volume{item: item})
			if err := s.file(role, &volumes[len(volumes)-1]); err != nil {
				return 0, err
			}
			count++
		default:
			s.keepOther(item)
		}
	}
	for _, l := range c.Lists {
		if l.Kind.Role() != r {
			others = append(others, "list of "+l.Kind.String())
			source = l.Source
			continue
		}
		s.addList(l)
		count++
	}
	if count == 0 && len(others) > 0 {
		slices.Sort(others)
		return 0, fmt.Errorf("%s: %w %s but for %s (use --machine to take each store for what it is)", source, ErrWrongStore, r, strings.Join(slices.Compact(others), ", "))
	}
	return count, nil
}

// LoadMachine adds what describes a whole machine: a registry export of
// SystemCertificates, the root program's lists, or a folder of these. Each
// store goes to its purpose. Begin with [NewMachineStore].
func (s *Store) LoadMachine(path string, o ReadOptions) error {
	all, err := readPath(path, o)
	if err != nil {
		return err
	}
	total := 0
	for _, c := range all {
		if err := s.addMachine(c); err != nil {
			return err
		}
		total += len(c.Items) + len(c.Lists)
	}
	if total == 0 {
		return fmt.Errorf("%s: %w", path, ErrNoCertificate)
	}
	return nil
}

// LoadLocalMachine adds the LocalMachine stores of the Windows machine that
// the program runs on. Elsewhere it fails with [ErrNotWindows].
func (s *Store) LoadLocalMachine(o ReadOptions) error {
	c, err := readLocalMachine(o)
	if err != nil {
		return err
	}
	return s.addMachine(c)
}

// addMachine puts everything where its file says.
func (s *Store) addMachine(c *Contents) error {
	s.warnings = append(s.warnings, c.Warnings...)
	volumes := make([]volume, 0, len(c.Items))
	for i := range c.Items {
		item := &c.Items[i]
		if item.Role == UnknownRole {
			return fmt.Errorf("%s: %w", item.place.file, ErrNoRole)
		}
		if item.Kind != CertificateItem {
			s.keepOther(item)
			continue
		}
		volumes = append(volumes, volume{item: item})
		if err := s.file(item.Role, &volumes[len(volumes)-1]); err != nil {
			return err
		}
	}
	for _, l := range c.Lists {
		s.addList(l)
	}
	return nil
}

// keepOther keeps what is no certificate. A CRL of a kind that is not supported
// is no reason to refuse a machine that has one in its stores.
func (s *Store) keepOther(i *Item) {
	if i.Kind == RevocationListItem {
		if err := s.addRevocationList(i); err != nil {
			s.warnings = append(s.warnings, err.Error()+": passed over")
		}
		return
	}
	s.warnings = append(s.warnings, fmt.Sprintf("%s: a certificate trust list that means nothing for driver packages: passed over", i.place))
}

// RevocationLists returns the CRLs that were in the stores or were added to
// them, their signatures unverified.
func (s *Store) RevocationLists() []Item { return slices.Clone(s.crls) }

// addList takes one of the root program's lists, if it is newer than the one
// that is there.
func (s *Store) addList(l *List) {
	if s.lists == nil {
		s.lists = make(map[ListKind]*List)
	}
	have := s.lists[l.Kind]
	if !l.newer(have) {
		s.warnings = append(s.warnings, fmt.Sprintf("%s: list of %s of %s: the one of %s (%s) is newer and counts", l.Source, l.Kind, day(l.Date), day(have.Date), have.Source))
		return
	}
	if have != nil {
		s.warnings = append(s.warnings, fmt.Sprintf("%s: list of %s of %s: the one of %s (%s) is newer and counts", have.Source, l.Kind, day(have.Date), day(l.Date), l.Source))
	}
	s.lists[l.Kind] = l
	if !l.Verified {
		s.warnings = append(s.warnings, fmt.Sprintf("%s: list of %s accepted without proof: %s", l.Source, l.Kind, l.Problem))
	}
	embedded := embeddedList()
	if l.Kind == RootList && compareSequence(l.SequenceNumber, embedded.SequenceNumber) < 0 {
		s.warnings = append(s.warnings, fmt.Sprintf("%s: list of %s of %s is older than the facts that come with the program, of %s", l.Source, l.Kind, day(l.Date), day(embedded.Date)))
	}
}

// Lists returns which lists of the root program decide: the one of trusted
// roots, unless the stores have nothing that it could speak of, and the one of
// disallowed certificates, if there is one.
func (s *Store) Lists() []ListInfo {
	var infos []ListInfo
	switch l := s.lists[RootList]; {
	case l != nil:
		infos = append(infos, l.ListInfo)
	case s.embedded:
		infos = append(infos, embeddedList())
	}
	if l := s.lists[DisallowedList]; l != nil {
		infos = append(infos, l.ListInfo)
	}
	return infos
}

// staleAfter is the age at which the embedded facts are worth a warning. The
// root program changes its list about every month.
const staleAfter = 365 * 24 * time.Hour

// WarningsAt returns [Store.Warnings] and, where the embedded facts decide and
// are older than a year at the time of judgement, that.
func (s *Store) WarningsAt(at time.Time) []string {
	all := s.Warnings()
	if date := embeddedList().Date; s.embedded && s.lists[RootList] == nil && at.Sub(date) > staleAfter {
		all = append(all, fmt.Sprintf("what is known of the root program is of %s, more than a year before %s: give a newer authroot.stl with --root", day(date), day(at)))
	}
	return all
}
