package inf

import (
	"errors"
	"maps"
	"slices"
	"testing"
)

// TestCatalogFor has rule 18.
func TestCatalogFor(t *testing.T) {
	for _, c := range []struct {
		name, entries string
		arch          Arch
		want          string
		ok            bool
	}{
		{"plain", "CatalogFile=a.cat", AMD64, "a.cat", true},
		{"architecture first", "CatalogFile=a.cat\nCatalogFile.NT=b.cat\nCatalogFile.NTAMD64=c.cat", AMD64, "c.cat", true},
		{"nt second", "CatalogFile=a.cat\ncatalogfile.nt=b.cat\nCatalogFile.NTx86=c.cat", ARM64, "b.cat", true},
		{"plain for the rest", "CatalogFile=a.cat\nCatalogFile.NTx86=c.cat", IA64, "a.cat", true},
		{"nothing for the rest", "CatalogFile.NTx86=c.cat", AMD64, "", false},
		{"first of equals", "CatalogFile=a.cat\nCatalogFile=b.cat", AMD64, "a.cat", true},
		{"quoted", `CatalogFile="a b.cat"`, AMD64, "a b.cat", true},
		{"string", "CatalogFile=%c%\n[Strings]\nc=a.cat", AMD64, "a.cat", true},
		{"cut at a comma", "CatalogFile=a,b.cat", AMD64, "a", true},
		{"empty entry hides the plain one", "CatalogFile=a.cat\nCatalogFile.NTamd64=", AMD64, "", false},
		{"other folder", `CatalogFile=sub\a.cat`, AMD64, `sub\a.cat`, false},
		{"parent folder", `CatalogFile=..\a.cat`, AMD64, `..\a.cat`, false},
		{"device", `CatalogFile=con.cat`, AMD64, `con.cat`, false},
		{"no architecture", "CatalogFile=a.cat", ArchUnknown, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := parse(t, "[Version]\n"+c.entries).Version()
			got, ok := v.CatalogFor(c.arch)
			if got.Name != c.want || ok != c.ok {
				t.Errorf("%q %v, want %q %v", got.Name, ok, c.want, c.ok)
			}
		})
	}
	v := parse(t, "[Version]\nCatalogFile=\nCatalogFile.nt=x\\y.cat").Version()
	if !errors.Is(v.CatalogFiles[0].Problem, ErrCatalogNoName) || !errors.Is(v.CatalogFiles[1].Problem, ErrCatalogPath) {
		t.Errorf("%+v", v.CatalogFiles)
	}
}

func TestVersionProblems(t *testing.T) {
	base := map[string]string{
		"Signature": `"$Windows NT$"`, "Class": "System", "ClassGuid": "{4d36e97d-e325-11ce-bfc1-08002be10318}",
		"Provider": "Contoso", "CatalogFile": "x.cat", "DriverVer": "05/13/2026,1.2.3.4",
	}
	with := func(key, value string) Version {
		text := "[Version]\n"
		for _, k := range slices.Sorted(maps.Keys(base)) {
			v := base[k]
			if k == key {
				v = value
			}
			if v != "" {
				text += k + "=" + v + "\n"
			}
		}
		if base[key] == "" && value != "" {
			text += key + "=" + value + "\n"
		}
		return parse(t, text).Version()
	}
	for _, c := range []struct{ key, value, want string }{
		{"none", "", ""},
		{"Signature", `"$WINDOWS nt$"`, ""},
		{"Signature", "$Chicago$", ""},
		{"Signature", "$Windows 95$", "signature"},
		{"Signature", "", "signature"},
		{"CatalogFile", "", "no-catalog-file"},
		{"CatalogFile", "a.cat,b", "catalog-comma"},
		{"CatalogFile", "a.txt", "catalog-extension"},
		{"CatalogFile", `a\b.cat`, "catalog-name"},
		{"CatalogFile.ntmips", "a.cat", "catalog-decoration"},
		{"Class", "", "version-entry-missing"},
		{"Class", "012345678901234567890123456789012", "class-too-long"},
		{"Class", "Extension", "extension-id"},
		{"ClassGuid", "4d36e97d-e325-11ce-bfc1-08002be10318", "class-guid"},
		{"ClassGuid", "{4d36e97d-e325-11ce-bfc1-08002be1031g}", "class-guid"},
		{"ClassGuid", "{E2F84CE7-8EFA-411C-AA69-97454CA4CB57}", "extension-id"},
		{"ExtensionId", "{4d36e97d-e325-11ce-bfc1-08002be10318}", "extension-id"},
		{"Provider", "", "version-entry-missing"},
		{"Provider", "Microsoft", "provider-microsoft"},
		{"DriverVer", "", "driver-ver"},
		{"DriverVer", "13/05/2026", "driver-date"},
		{"DriverVer", "05-13-2026,65535.0.0.1", ""},
		{"DriverVer", "5/3/2026", ""},
		{"DriverVer", "05/13/26,1", "driver-date"},
		{"DriverVer", "05/13/2026,65536.0", "driver-version"},
		{"DriverVer", "05/13/2026,0.0.0.0", "driver-version"},
		{"DriverVer", "05/13/2026,1.2.3.4.5", "driver-version"},
		{"DriverVer", "05/13/2026,1.x", "driver-version"},
	} {
		v := with(c.key, c.value)
		switch {
		case c.want == "" && len(v.Problems) > 0:
			t.Errorf("%s=%s: %v", c.key, c.value, v.Problems)
		case c.want != "" && (len(v.Problems) != 1 || v.Problems[0].ID != c.want):
			t.Errorf("%s=%s: %v, want %s", c.key, c.value, v.Problems, c.want)
		}
		if err := v.DriverDate; c.want == "driver-date" && !err.IsZero() {
			t.Errorf("%s: a date from what is none", c.value)
		}
	}
	if v := with("DriverVer", "05-13-2026,1.2.3.4"); v.DriverDate.Format("2006-01-02") != "2026-05-13" || v.DriverVersion != "1.2.3.4" || v.DriverDateText != "05-13-2026" {
		t.Errorf("%+v", v)
	}
}

func TestEntryPos(t *testing.T) {
	v := parse(t, "; c\n[Version]\n Class = x\nClass = y\n").Version()
	if v.Class != "x" || v.EntryPos("CLASS") != (Pos{3, 2}) || v.EntryPos("Provider") != (Pos{2, 1}) {
		t.Errorf("%q %v %v", v.Class, v.EntryPos("class"), v.EntryPos("Provider"))
	}
}

// TestExpand has rules 12 and 13.
func TestExpand(t *testing.T) {
	f := parse(t, "[Strings]\na = \"A x\"\nB = %a%\npct = 5%%\nnum = 1\n12 = twelve\na = second\nlone\n")
	for field, want := range map[string]string{
		"":               "",
		"plain":          "plain",
		"%a%":            "A x",
		"%A%":            "A x",
		"<%a%%a%>":       "<A xA x>",
		"%b%":            "%a%", // not searched again
		"%%":             "%",
		"%%a%%":          "%a%",
		"100%":           "100%",
		"%undefined%":    "%undefined%",
		"%undefined%a%":  "%undefined%a%",
		"%11%\\x.sys":    "%11%\\x.sys",
		"%12%":           "twelve",
		"%lone%":         "lone",
		"%%SystemRoot%%": "%SystemRoot%",
	} {
		if got := f.Expand(field); got != want {
			t.Errorf("Expand(%q) is %q, want %q", field, got, want)
		}
	}
	if got := f.literal("%a%%%b"); got != "%a%%b" {
		t.Errorf("literal is %q", got)
	}
}

// TestExpandIsBounded: tokens cannot blow a field up.
func TestExpandIsBounded(t *testing.T) {
	long, many := "", ""
	for range 400 {
		long += "0123456789"
		many += "%a%"
	}
	f := parse(t, "[Strings]\na = "+long)
	if n := len(f.Expand(many)); n != maxField {
		t.Errorf("%d characters", n)
	}
}

// TestLocales has the four steps of rule 14.
func TestLocales(t *testing.T) {
	const text = "[Strings]\na=plain\nonly=plain\n[Strings.0407]\na=german\n[Strings.0007]\na=german neutral\n[Strings.0C07]\na=austrian\n[Strings.080c]\na=belgian\n[Strings.040g]\na=none\n[Strings.9]\na=none\n"
	f := parse(t, text)
	for lcid, want := range map[uint16]string{
		0x0409: "plain", 0x0407: "german", 0x0807: "german neutral", 0x0C07: "austrian", 0x040C: "belgian", 0x0411: "plain",
	} {
		if got := f.WithLocale(lcid).Expand("%a%"); got != want {
			t.Errorf("%04x: %q, want %q", lcid, got, want)
		}
	}
	if got := f.WithLocale(0x0407).Expand("%only%"); got != "%only%" {
		t.Errorf("a key of another section stands in: %q", got)
	}
	if got := f.Expand("%a%"); got != "plain" {
		t.Errorf("the original changed: %q", got)
	}
	if n := len(f.Locales()); n != 4 {
		t.Errorf("%d locales", n)
	}
	g, err := ParseOptions("x.inf", []byte(text), Options{Locale: 0x0407})
	if err != nil || g.Expand("%a%") != "german" {
		t.Errorf("the option is not used: %v", err)
	}
}
