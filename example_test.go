package prestage_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"prestage"
	"prestage/trust"
)

// at is the clock of the examples; a program takes time.Now() or, for a verdict
// that can be repeated, a time from its user.
var at = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// Judge the driver packages in a folder, for the newest Windows. The machines
// have one root besides those of Windows.
func Example() {
	store := trust.DefaultStore()
	if err := store.LoadPath(trust.Root, "testdata/stores/contoso-root.pem"); err != nil {
		log.Fatal(err)
	}
	tree, err := prestage.OpenTree("testdata/packages/altered-inf-line-endings")
	if err != nil {
		log.Fatal(err)
	}
	defer tree.Close()

	report, err := prestage.Check(prestage.Options{At: at, Store: store}, tree)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range report.Packages {
		v := p.Verdicts[0]
		fmt.Println(p.INF)
		fmt.Println(v.Target.OS, v.Target.Arch, v.Category, v.Outcome, v.StatusCode)
		for _, f := range p.Findings {
			fmt.Println(f.Severity, f.ID)
		}
	}
	// Output:
	// testdata/packages/altered-inf-line-endings/gadget.inf
	// win11-25h2 amd64 altered refuse 0xE000024B
	// error line-endings-changed
}

// Describe the machine: what its certificate stores hold, which Windows it
// runs, who installs.
func ExampleCheck() {
	store := trust.DefaultStore()
	for role, file := range map[trust.Role]string{
		trust.Root:       "testdata/stores/contoso-root.pem",
		trust.Publishers: "testdata/stores/fabrikam-publisher.pem",
	} {
		if err := store.LoadPath(role, file); err != nil {
			log.Fatal(err)
		}
	}
	targets, err := prestage.ParseTargets("win7/amd64,win11/amd64/system,win11/arm64")
	if err != nil {
		log.Fatal(err)
	}
	tree, err := prestage.OpenTree("testdata/packages/multi-arch")
	if err != nil {
		log.Fatal(err)
	}
	defer tree.Close()

	report, err := prestage.Check(prestage.Options{
		At:      at,
		Store:   store,
		Targets: targets,
		Gate:    prestage.Gate{Need: prestage.NeedSilent},
	}, tree)
	if err != nil {
		log.Fatal(err)
	}
	for _, v := range report.Packages[0].Verdicts {
		fmt.Println(v.Target.OS, v.Target.Arch, v.Category, v.Outcome, v.MeetsGate)
	}
	fmt.Println("gate met:", report.MeetsGate())
	// Output:
	// win7 amd64 trusted-publisher silent true
	// win11-25h2 amd64 trusted-publisher silent true
	// win11-25h2 arm64 trusted-publisher refuse false
	// gate met: false
}

// Read the reasons of a verdict: the rules that were walked, the facts that
// they looked at, and where each comes from.
func ExampleClassify() {
	p, err := prestage.Open(os.DirFS("testdata/packages/no-catalog"), "gadget.inf")
	if err != nil {
		log.Fatal(err)
	}
	facts, err := prestage.Gatherer{Store: trust.DefaultStore(), At: at}.Gather(p)
	if err != nil {
		log.Fatal(err)
	}
	windows, _ := prestage.WindowsNamed("win11-25h2")
	target := prestage.Target{Windows: windows, Arch: facts.Archs[0], User: prestage.Admin}

	c := prestage.Classify(facts, target)
	fmt.Println(c.Category, "-", c.Score)
	for _, step := range c.Because {
		fmt.Printf("%s (%s): %s\n", step.Rule, step.Basis, step.Text)
	}
	prediction := prestage.Predict(facts, c, target)
	fmt.Println(prediction.Outcome, prediction.Status.Hex())
	// Output:
	// unsigned - Not digitally signed
	// no-catalog-entry (documented): CatalogFile = gadget.cat applies to amd64
	// catalog-missing (observed): gadget.cat is not beside the INF
	// score-unsigned (documented): no valid signature, and the install section has an .nt extension
	// refuse 0xE000022F
}

// Look at what a package consists of, without a verdict: facts know no Windows
// and no user.
func ExampleGatherer_Gather() {
	p, err := prestage.Open(os.DirFS("testdata/packages/not-listed"), "gadget.inf")
	if err != nil {
		log.Fatal(err)
	}
	facts, err := prestage.Gatherer{Store: trust.DefaultStore(), At: at, Jobs: 2}.Gather(p)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range facts.Files {
		fmt.Println(f.Role, f.Path, facts.State(f))
	}
	// Output:
	// inf gadget.inf covered
	// file gadget.dll altered
	// driver gadget.sys covered
}
