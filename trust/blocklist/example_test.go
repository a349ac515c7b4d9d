package blocklist_test

import (
	"bytes"
	"fmt"
	"log"

	"prestage/authenticode/signtest"
	"prestage/trust/blocklist"
)

// A list in the form in which Microsoft publishes it.
const list = `<?xml version="1.0" encoding="utf-8"?>
<SiPolicy xmlns="urn:schemas-microsoft-com:sipolicy">
  <VersionEx>10.0.0.0</VersionEx>
  <Rules><Rule><Option>Enabled:Audit Mode</Option></Rule></Rules>
  <FileRules>
    <Allow ID="ID_ALLOW_ALL_1" FriendlyName="" FileName="*" />
    <Deny ID="ID_DENY_CONTOSO" FriendlyName="contoso.sys FileRule" FileName="contoso.sys" MinimumFileVersion="0.0.0.0" MaximumFileVersion="3.1.65535.65535" />
  </FileRules>
  <SigningScenarios>
    <SigningScenario Value="131" ID="ID_SIGNINGSCENARIO_DRIVERS_1">
      <ProductSigners><FileRulesRef>
        <FileRuleRef RuleID="ID_ALLOW_ALL_1" /><FileRuleRef RuleID="ID_DENY_CONTOSO" />
      </FileRulesRef></ProductSigners>
    </SigningScenario>
  </SigningScenarios>
</SiPolicy>`

// Ask a list about a file whose facts are known.
func ExamplePolicy_Denies() {
	policy, err := blocklist.Parse("list.xml", []byte(list))
	if err != nil {
		log.Fatal(err)
	}
	for _, version := range [][4]uint16{{3, 1, 7, 0}, {3, 2, 0, 0}} {
		match, denied := policy.Denies(blocklist.File{OriginalFileName: "CONTOSO.SYS", Version: version})
		fmt.Printf("%t %q %s\n", denied, match.RuleID, match.Kind)
	}
	fmt.Println("audit:", policy.Audit)
	// Output:
	// true "ID_DENY_CONTOSO" file-attributes
	// false "" unknown
	// audit: true
}

// Ask a list about a driver, and see what is not certain.
func ExamplePolicy_Judge() {
	policy, err := blocklist.Parse("list.xml", []byte(list))
	if err != nil {
		log.Fatal(err)
	}
	driver := signtest.NewDriver(signtest.MachineAMD64, "example")
	file, err := blocklist.FileOf(bytes.NewReader(driver), int64(len(driver)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(policy.Judge(file).Answer)

	file.VersionProblem = fmt.Errorf("version resource: cut off")
	result := policy.Judge(file)
	fmt.Println(result.Answer, result.Doubts)
	// Output:
	// not denied
	// unknown [the version resource is not known: version resource: cut off]
}
