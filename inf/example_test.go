package inf_test

import (
	"fmt"
	"log"

	"prestage/inf"
)

const text = `[Version]
Signature   = "$Windows NT$"
Class       = USB
ClassGuid   = {36fc9e60-c465-11cf-8056-444553540000}
Provider    = %Contoso%
CatalogFile = widget.cat
DriverVer   = 05/13/2026,1.2.0.0

[Manufacturer]
%Contoso% = Widgets, NTamd64, NTarm64

[Widgets.NTamd64]
"Contoso Widget" = Widget, USB\VID_1234&PID_0001
[Widgets.NTarm64]
"Contoso Widget" = Widget, USB\VID_1234&PID_0001

[Widget]
CopyFiles = Drivers
[Drivers]
widget.sys

[SourceDisksNames.amd64]
1 = "Disk",,,\x64
[SourceDisksNames.arm64]
1 = "Disk",,,\arm64
[SourceDisksFiles]
widget.sys = 1

[Strings]
Contoso = "Contoso, Ltd."
`

// Which files must the catalog cover?
func ExampleFile_Files() {
	f, err := inf.Parse("widget.inf", []byte(text))
	if err != nil {
		log.Fatal(err)
	}
	for _, arch := range f.Architectures() {
		catalog, _ := f.Version().CatalogFor(arch)
		for _, file := range f.Files(arch) {
			fmt.Printf("%s: %s, in %s, named at line %d\n", arch, file.Path, catalog.Name, file.Pos.Line)
		}
	}
	// Output:
	// amd64: x64/widget.sys, in widget.cat, named at line 20
	// arm64: arm64/widget.sys, in widget.cat, named at line 20
}

// What would Windows 11 on arm64 install?
func ExampleFile_Select() {
	f, err := inf.Parse("widget.inf", []byte(text))
	if err != nil {
		log.Fatal(err)
	}
	s := f.Select(inf.System{Arch: inf.ARM64, Major: 10, Build: 26200, ProductType: 1, ParsesBuild: true})
	for _, install := range s.Installs {
		for _, model := range install.Models {
			fmt.Printf("%s [%s] %s\n", model.Description, install.Section, model.HardwareID)
		}
	}
	// Output: Contoso Widget [Widget] USB\VID_1234&PID_0001
}
