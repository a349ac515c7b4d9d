package inf

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// ids lists the ambiguities of a file.
func ids(f *File) string {
	var all []string
	for _, d := range f.Ambiguous {
		all = append(all, d.ID)
	}
	return strings.Join(slices.Compact(all), " ")
}

// TestAmbiguous: where readers part ways, the file says so, and is not silent
// because the finding is one of many.
func TestAmbiguous(t *testing.T) {
	const bom = "\xEF\xBB\xBF"
	disks := "[SourceDisksNames]\n1=d\n[SourceDisksFiles]\nx.sys=1\n"
	base := bom + device(disks)
	for _, c := range []struct{ want, name, text string }{
		{"", "nothing", base + "[I]\nCopyFiles=@x.sys\n"},
		{"unusual-blank", "no-break space behind a name", base + "[I]\nCopyFiles=@x.sys\u00A0\n"},
		{"unusual-blank", "no-break space before a name", base + "[I]\nCopyFiles=\u00A0F\n"},
		{"unusual-blank", "form feed behind a name", base + "[I]\nCopyFiles=@x.sys\f\n"},
		{"unusual-blank", "no-break space before a line", base + "[I]\n\u00A0CopyFiles=@x.sys\n"},
		{"unusual-blank blank-in-section-name", "behind a continued line", base + "[I]\nCopyFiles=F\u00A0\\\n,G\n[F]\nx.sys\n[G]\nx.sys"},
		{"", "no-break space inside", base + "[I]\nAddReg=a\u00A0b\n"},
		{"", "no-break space in quotes", base + "[I]\nAddReg=\"b\u00A0\"\n"},
		{"", "no-break space in a string", base + "[I]\n[Strings]\na=b\u00A0\n"},
		{"string-choice", "no-break space in a string that decides", base + "[I]\nCopyFiles=%f%\n[F\u00A0]\nx.sys\n[Strings]\nf=F\u00A0\n"},
		{"", "form feed between sections", base + "[I]\n\f\n[J]\n"},
		{"blank-in-section-name", "a header with blanks beside one without", base + "[I]\nCopyFiles=F\n[F]\n[ F ]\nx.sys\n"},
		{"blank-in-section-name", "a header with blanks is named", base + "[I]\nCopyFiles=F\n[F ]\nx.sys\n"},
		{"blank-in-section-name", "a header with blanks that Windows looks for", base + "[I]\n[SourceDisksFiles.amd64 ]\nx.sys=1,sub\n"},
		{"blank-in-section-name", "a name with blanks", base + "[I]\nCopyFiles=\" F\"\n[F]\nx.sys\n"},
		{"", "a header with blanks that nothing names", base + "[I]\n[ F ]\nx.sys\n"},
		{"text-after-end", "control-z", base + "[I]\n\x1A\n[I]\nCopyFiles=@x.sys\n"},
		{"", "control-z at the end", base + "[I]\n\x1A\n \n"},
		{"lone-carriage-return", "carriage return", base + "[I]\nCopyFiles=F\r[F]\nx.sys\n"},
		{"nul-character", "zero in a line", base + "[I]\nCopyFiles=@x\x00.sys\n"},
		{"", "zeros behind the text", base + "[I]\n\x00\x00\n\x00"},
		{"section-missing", "semicolon in a token", base + "[I]\nCopyFiles=F%;x%\n[F%]\nx.sys\n"},
		{"semicolon-in-token", "semicolon and blank in a token", base + "[I]\nCopyFiles=F%; x%\n[F%]\nx.sys\n"},
		{"unclosed-quote-continued", "backslash behind an open quote", base + "[I]\nAddReg=\"a\\\nCopyFiles=F\n[F]\n"},
		{"lookalike section-case", "section", base + "[I]\n[\u017FourceDisksFiles]\n"},
		{"lookalike", "directive", base + "[I]\nCopyFile\u017F=@x.sys\n"},
		{"lookalike", "file", base + "[I]\nCopyFiles=@x.\u017Fys\n"},
		{"", "Turkish text", base + "[I]\n[Strings]\nd=\"Ayg\u0131t \u0130\"\n"},
		{"section-case", "sections for a newer Unicode", base + "[I]\n[\u10D0]\n[\u1C90]\n"},
		{"section-choice", "a section of the string and one of its name", base + "[I]\nCopyFiles=%f%\n[F]\nx.sys\n[%f%]\ny.sys\n[Strings]\nf=F\n"},
		{"string-choice", "a string of two values that decides", base + "[I]\nCopyFiles=%f%\n[F]\nx.sys\n[Strings]\nf=F\nf=G\n"},
		{"", "a string of two values that does not", base + "[I]\nAddReg=%f%\n[Strings]\nf=F\nf=G\n"},
		{"field-too-long", "field", base + "[I]\nAddReg=" + strings.Repeat("x", maxField+1)},
		{"version-entry-twice", "two catalogs", bom + driverHead + "CatalogFile=b.cat\n[Manufacturer]\n"},
		{"", "one catalog twice", bom + driverHead + "CATALOGFILE=X.cat\n[Manufacturer]\n"},
		{"service-entry-twice", "two starts", base + "[I]\n[I.Services]\nAddService=s,,S\n[S]\nServiceType=1\nStartType=3\nErrorControl=1\nStartType=0\nServiceBinary=%12%\\x.sys\n"},
		{"locale-dependent-catalog", "catalog by language", bom + strings.Replace(driverHead, "x.cat", "%c%", 1) + "[Manufacturer]\n[Strings]\nc=x.cat\n[Strings.0407]\nc=y.cat\n"},
	} {
		t.Run(c.want+" "+c.name, func(t *testing.T) {
			f := parse(t, c.text)
			if c.want == "section-missing" { // both: the literal reading leads nowhere
				c.want = "semicolon-in-token"
				wantFindings(t, f, "section-missing")
			}
			if got := ids(f); got != c.want {
				t.Errorf("ambiguous %q, want %q: %v", got, c.want, f.Ambiguous)
			}
		})
	}
}

func TestAmbiguousAmongManyFindings(t *testing.T) {
	f := parse(t, device("[I]\n"+strings.Repeat("a = \"b\n", 5000))+"\x1A\nx")
	if ids(f) != "text-after-end" {
		t.Errorf("ambiguous: %v", f.Ambiguous)
	}
}

// TestLanguages: what any language of the system needs is needed (rule 14).
func TestLanguages(t *testing.T) {
	head := device("[SourceDisksNames]\n1=d\n[SourceDisksFiles]\na=1\nb=1\nc=1\nd=1,%dir%\n")
	for _, c := range []struct{ name, text, want string }{
		{"same in every language", "[I]\nCopyFiles=%f%\n[F]\na\n[Strings]\nf=F\nt=x\n[Strings.0407]\nf=F\nt=y\n", "a"},
		{"list by language", "[I]\nCopyFiles=%f%\n[F]\na\n[G]\nb\n[Strings]\nf=F\n[Strings.0407]\nf=G\n", "a b"},
		{"three languages", "[I]\nCopyFiles=%f%\n[F]\na\n[G]\nb\n[H]\nc\n[Strings.0409]\nf=F\n[Strings]\nf=G\n[Strings.0407]\nf=H\n", "a b c"},
		{"directive by language", "[I]\n%d%=F\n[F]\na\n[Strings]\nd=AddReg\n[Strings.0407]\nd=CopyFiles\n", "a"},
		{"folder by language", "[I]\nCopyFiles=@d\n[Strings]\ndir=x\n[Strings.0407]\ndir=y\n", "x/d y/d"},
		{"a string that only one language has", "[I]\nCopyFiles=%f%\n[%f%]\nb\n[F]\na\n[Strings.0407]\nf=F\n[Strings]\nx=y\n", "b a"},
		{"a string taken from the general section", "[I]\nCopyFiles=%f%%g%\n[FG]\na\n[XG]\nb\n[Strings]\nf=F\ng=G\n[Strings.0407]\nf=X\n", "a b"},
		{"models by language", "[Manufacturer]\nB=%m%,NTamd64\n[N.NTamd64]\nD=J,ID\n[I]\n[J]\nCopyFiles=@a\n[Strings]\nm=M\n[Strings.0407]\nm=N\n", "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := parse(t, head+c.text)
			if got := names(f.Files(AMD64)); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if got := names(f.WithLocale(0x0407).Files(AMD64)); len(got) != len(c.want) {
				t.Errorf("for another locale %q, want %q in some order", got, c.want)
			}
		})
	}
	f := parse(t, head+"[I]\n[I.Services]\nAddService=s,,%s%\n[S]\nServiceType=1\nStartType=3\nErrorControl=1\n[T]\nServiceType=1\nStartType=0\nErrorControl=1\n[Strings]\ns=S\n[Strings.0407]\ns=T\n")
	if s := f.Services(AMD64); len(s) != 2 || s[0].BootStart || !s[1].BootStart {
		t.Errorf("services %+v", s)
	}
	f = parse(t, driverHead+"[Manufacturer]\nA=%m%,NTamd64\n[N.NTamd64]\nD=I,ID\n[I]\nCopyINF=%m%.inf\nInclude=%m%.inf\nCopyFiles=%m%\n[Strings]\nm=M\n[Strings.0407]\nm=N\n")
	if got := fmt.Sprint(f.Architectures(), len(f.CopyINFs()), len(f.Includes()), len(f.Missing(AMD64))); got != "[amd64] 2 1 1" {
		t.Errorf("of another language: %s", got)
	}
}

// TestLanguagesAreBounded: many languages that differ are an ambiguity, not hours.
func TestLanguagesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(device("[I]\nCopyFiles=%f%\n[F]\n" + strings.Repeat("a,b\n", 50000) + "[Strings]\nf=F\n"))
	for i := range 500 {
		fmt.Fprintf(&b, "[Strings.%04x]\nf=F%d\n", i, i)
	}
	if got := ids(parse(t, b.String())); got != "locales-not-compared" {
		t.Error(got)
	}
	b.Reset()
	b.WriteString(device("[I]\nCopyFiles=%f%\n[F]\na\n[Strings]\nf=F\n"))
	for i := range maxLanguages + 1 {
		fmt.Fprintf(&b, "[Strings.%04x]\nf=F\n", i)
	}
	if got := ids(parse(t, b.String())); got != "locales-not-compared" {
		t.Error(got)
	}
}
