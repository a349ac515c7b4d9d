package trust

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// localStores are the stores that are asked for. AuthRoot comes after Root,
// which shows its certificates too: what the root program says of one counts.
var localStores = []struct {
	name string
	role Role
}{
	{"ROOT", Root},
	{"AuthRoot", AuthRoot},
	{"CA", Intermediate},
	{"TrustedPublisher", Publishers},
	{"Disallowed", Distrusted},
}

// localProperties are the properties that are asked for: those that restrict,
// and the name.
var localProperties = []uint32{
	PropUsages, PropFriendlyName, PropPolicies, PropNameConstraints, PropDisabledAt, PropChainPolicies,
	PropDisallowedUsages, PropNotBefore, PropNotBeforeUsages, PropDisabledAuthority,
}

// readLocalMachine reads the LocalMachine stores of this machine through
// crypt32, and the lists of the root program that Windows keeps in the
// registry.
func readLocalMachine(o ReadOptions) (*Contents, error) {
	r := &reading{name: "LocalMachine", options: o, found: Contents{Format: "local machine"}}
	for _, s := range localStores {
		if err := r.localStore(s.name, s.role); err != nil {
			return nil, fmt.Errorf("LocalMachine\\%s: %w", s.name, err)
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	if err := r.localLists(); err != nil {
		return nil, err
	}
	return &r.found, r.err
}

// localStore reads one store. One that does not exist is empty.
func (r *reading) localStore(name string, role Role) error {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	const flags = windows.CERT_SYSTEM_STORE_LOCAL_MACHINE | windows.CERT_STORE_READONLY_FLAG | windows.CERT_STORE_OPEN_EXISTING_FLAG
	store, err := windows.CertOpenStore(windows.CERT_STORE_PROV_SYSTEM_W, 0, 0, flags, uintptr(unsafe.Pointer(wide)))
	if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) {
		return nil
	}
	if err != nil {
		return err
	}
	defer windows.CertCloseStore(store, 0)
	var context *windows.CertContext
	for record := int32(1); ; record++ {
		// Enumerating frees the context before, so everything is copied.
		context, err = windows.CertEnumCertificatesInStore(store, context)
		if err != nil {
			if errors.Is(err, windows.Errno(windows.CRYPT_E_NOT_FOUND)) || errors.Is(err, windows.ERROR_NO_MORE_FILES) {
				return nil // the end
			}
			return err
		}
		item, err := localCertificate(context)
		item.Role, item.place = role, place{file: r.name, offset: -1, record: record, key: name}
		if !r.element(&item, err) {
			windows.CertFreeCertificateContext(context)
			return nil
		}
	}
}

// localCertificate copies a certificate and its properties.
func localCertificate(context *windows.CertContext) (Item, error) {
	item := Item{
		Kind: CertificateItem,
		Raw:  bytes.Clone(unsafe.Slice(context.EncodedCert, context.Length)),
	}
	for _, id := range localProperties {
		value, err := localProperty(context, id)
		if err != nil {
			return item, fmt.Errorf("property %d: %w", id, err)
		}
		if value == nil {
			continue
		}
		p := Property{id, value}
		if err := p.check(); err != nil {
			return item, err
		}
		item.properties = append(item.properties, p)
	}
	return item, nil
}

// x/sys/windows does not have this one.
var procCertGetCertificateContextProperty = windows.NewLazySystemDLL("crypt32.dll").NewProc("CertGetCertificateContextProperty")

// localProperty returns the value of a property; nil when there is none.
func localProperty(context *windows.CertContext, id uint32) ([]byte, error) {
	get := func(buffer *byte, size *uint32) error {
		ok, _, err := procCertGetCertificateContextProperty.Call(
			uintptr(unsafe.Pointer(context)), uintptr(id), uintptr(unsafe.Pointer(buffer)), uintptr(unsafe.Pointer(size)))
		if ok == 0 {
			return err
		}
		return nil
	}
	var size uint32
	if err := get(nil, &size); err != nil {
		if errors.Is(err, windows.Errno(windows.CRYPT_E_NOT_FOUND)) {
			return nil, nil
		}
		return nil, err
	}
	if size == 0 {
		return nil, nil // empty is as good as absent
	}
	value := make([]byte, size)
	if err := get(&value[0], &size); err != nil {
		return nil, err
	}
	return value[:size], nil
}

// localLists reads the lists of the root program that Windows fetched last.
func (r *reading) localLists() error {
	const path = `SOFTWARE\Microsoft\SystemCertificates\AuthRoot\AutoUpdate`
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer key.Close()
	for _, v := range []struct {
		name string
		role Role
	}{{"EncodedCtl", AuthRoot}, {"DisallowedCertEncodedCtl", Distrusted}} {
		value, _, err := key.GetBinaryValue(v.name)
		if errors.Is(err, registry.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, v.name, err)
		}
		if !r.list(place{file: r.name, offset: -1, key: v.name}, value, v.role) {
			return r.err
		}
	}
	return nil
}
