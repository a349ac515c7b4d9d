package prestage

import (
	"path/filepath"
	"testing"

	"prestage/authenticode/signtest"
	"prestage/trust"
)

// FuzzVerify feeds files of any kind to verify. Whatever they hold: no panic, a
// code for every failure, and on a machine that trusts nobody nothing verifies.
func FuzzVerify(f *testing.F) {
	signer := signtest.Commercial(nil).Signer()
	driver := signtest.NewDriver(signtest.MachineX86, "seed")
	f.Add([]byte{}, []byte{})
	f.Add(driver, signtest.Catalog{Members: []signtest.Member{{Data: driver}}}.Sign(signer))
	f.Add([]byte("text"), signtest.Catalog{Version: 1, Members: []signtest.Member{{Data: []byte("text")}}}.Sign(signer))
	f.Add(storedCabinet(signtest.Files{"x.inf": []byte("inf")}), []byte("no catalog"))
	for _, a := range signtest.Attacks() {
		f.Add(a.Image(), []byte{})
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, file, cat []byte) {
		path := put(t, dir, "file", file)
		o := VerifyOptions{At: signtest.Now(), Store: trust.NewStore(), All: true, StrictPadding: true, PageHashes: true}
		for _, p := range []Policy{DriverPolicy, AuthenticodePolicy, KernelPolicy} {
			o.Policy = p
			if r, err := Verify(o, path); err != nil || !r.Files[0].Failed() {
				t.Fatalf("under %s: %+v, %v", p, r, err)
			}
		}
		if r, err := Verify(VerifyOptions{At: o.At, Store: o.Store, Policy: PKCS7Policy}, path); err != nil || !r.Files[0].Failed() {
			t.Fatalf("as PKCS #7: %+v, %v", r, err)
		}
		put(t, dir, "x.cat", cat)
		in := VerifyOptions{At: o.At, Store: o.Store, Policy: AuthenticodePolicy, Catalog: filepath.Join(dir, "x.cat")}
		if r, err := Verify(in, path); err != nil || !r.Files[0].Failed() || r.Files[0].Code == "" {
			t.Fatalf("in a catalog: %+v, %v", r, err)
		}
	})
}
