package inf

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// lines shows the entries of a text's first section.
func lines(t *testing.T, text string) string {
	t.Helper()
	f, err := Parse("x.inf", []byte(text))
	if err != nil {
		return err.Error()
	}
	if len(f.Sections) == 0 {
		return "no sections"
	}
	var out []string
	for _, l := range f.Sections[0].Lines {
		s := fmt.Sprintf("%q", l.Values)
		if l.Key != "" || l.HasKey {
			s = fmt.Sprintf("%q=%v:", l.Key, l.HasKey) + s
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// TestFields has the rules 5 to 9 and 11, one line for each.
func TestFields(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"key and values", "a = b , c", `"a"=true:["b" "c"]`},
		{"one value is its own key", "  alone  ", `"alone"=false:["alone"]`},
		{"values without key", "a,b", `["a" "b"]`},
		{"equals after a comma is data", "a,b=c", `["a" "b=c"]`},
		{"second equals is data", "a=b=c", `"a"=true:["b=c"]`},
		{"empty key", "=b", `""=true:["b"]`},
		{"empty value", "a=", `"a"=true:[""]`},
		{"trailing comma", "a=b,", `"a"=true:["b" ""]`},
		{"omitted values", "a=,,b", `"a"=true:["" "" "b"]`},
		{"inner blanks stay", "a = b  c", `"a"=true:["b  c"]`},
		{"comment", "a = b ; c, d", `"a"=true:["b"]`},
		{"comment alone", "; a = b\nc", `"c"=false:["c"]`},
		{"semicolon in quotes", `a = "b ; c"`, `"a"=true:["b ; c"]`},
		{"semicolon in a token", "a = %b;c%,d", `"a"=true:["%b;c%" "d"]`},
		{"percent signs around a comment", "a = 50% ; half of 100%", `"a"=true:["50%"]`},
		{"percent sign alone", "a = 5% , b", `"a"=true:["5%" "b"]`},
		{"doubled percent", "a = 5%%;c", `"a"=true:["5%%"]`},
		{"comma in quotes", `a = "b, c", d`, `"a"=true:["b, c" "d"]`},
		{"equals in quotes", `"a=b" = c`, `"a=b"=true:["c"]`},
		{"doubled quote", `a = "b ""c"" d"`, `"a"=true:["b \"c\" d"]`},
		{"quotes in the middle", `a = b "c " d`, `"a"=true:["b c  d"]`},
		{"quoted blanks stay", `a = " b "`, `"a"=true:[" b "]`},
		{"unclosed quote ends with the line", "a = \"b, c\nd = e", `"a"=true:["b, c"] "d"=true:["e"]`},
		{"continuation", "a = b, \\\n  c", `"a"=true:["b" "c"]`},
		{"continuation inside a field", "a = b\\\n   c", `"a"=true:["bc"]`},
		{"blanks before a continuation go", "a = b   \\\n  c", `"a"=true:["bc"]`},
		{"continuation with blanks behind", "a = b, \\  \nc", `"a"=true:["b" "c"]`},
		{"continuation with comment", "a = b, \\ ; why\n c", `"a"=true:["b" "c"]`},
		{"continuation twice", "a = b, \\\n \\\n c", `"a"=true:["b" "c"]`},
		{"two backslashes continue", "a = b\\\\\n,c", `"a"=true:["b" "c"]`},
		{"quoted backslash continues", "a = \"b\\\"\\\n,c", `"a"=true:["b\\" "c"]`},
		{"quoted backslash does not", "a = \"b\\\"\nc", `"a"=true:["b\\"] "c"=false:["c"]`},
		{"backslash inside", `a = b\c\d e\ f`, `"a"=true:["b\\c\\d e\\ f"]`},
		{"backslash before a comma", `a = b\, c`, `"a"=true:["b\\" "c"]`},
		{"blanks after an inner backslash", `a = b\  , c`, `"a"=true:["b\\" "c"]`},
		{"continuation at the end of the file", "a = b \\", `"a"=true:["b"]`},
		{"continuation into a comment", "a = b, \\\n; c\nd", `"a"=true:["b" ""] "d"=false:["d"]`},
		{"continuation into a bracket", "a = b, \\\n[c]", `"a"=true:["b" "[c]"]`},
		{"control-z ends the file", "a = b\x1Ac\nd = e", `"a"=true:["b"]`},
		{"nul is a blank", "a\x00=\x00b\x00c\x00", `"a"=true:["b c"]`},
		{"lone carriage return ends a line", "a = b ; c\rd = e", `"a"=true:["b"] "d"=true:["e"]`},
		{"tabs are blanks", "\ta\t=\tb\t", `"a"=true:["b"]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, end := range []string{"\n", "\r\n"} {
				text := "[S]\n" + c.text
				if c.name != "lone carriage return ends a line" {
					text = strings.ReplaceAll(text, "\n", end)
				}
				if got := lines(t, text); got != c.want {
					t.Errorf("with %q: %s, want %s", end, got, c.want)
				}
			}
		})
	}
}

func TestSections(t *testing.T) {
	f, err := Parse("x.inf", []byte("[One] rest is ignored\na\n[two;x]\nb\n[ONE]\nc\n[ sp ]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Sections); n != 3 {
		t.Fatalf("%d sections, want 3", n)
	}
	one := f.Section("oNe")
	if one == nil || one.Name != "One" || len(one.Lines) != 2 || one.Lines[1].Key != "c" {
		t.Errorf("sections of one name are not merged in order: %+v", one)
	}
	if f.Section("two;x") == nil {
		t.Error("a semicolon between brackets is part of the name")
	}
	if f.Section("sp") != nil || f.refer("sp") == nil {
		t.Error("[ sp ] is found by references only")
	}
	wantFindings(t, f, "repeated-section", "blank-in-section-name")
}

func TestSyntaxErrors(t *testing.T) {
	long := strings.Repeat("n", 256)
	for _, c := range []struct {
		name, text string
		want       error
		at         Pos
	}{
		{"text before the first section", "; c\n  x = y\n[S]", ErrExpectedSection, Pos{2, 3}},
		{"unfinished section name", "[S]\na\n [Sec\n", ErrBadSectionName, Pos{3, 2}},
		{"bracket on the next line", "[S\n]", ErrBadSectionName, Pos{1, 1}},
		{"section name too long", "[" + long + "]", ErrSectionTooLong, Pos{1, 1}},
		{"too large", strings.Repeat("\n", MaxSize+1), ErrTooLarge, Pos{1, 1}},
		{"too many lines", strings.Repeat("\n", maxLines+1), ErrTooManyLines, Pos{maxLines, 1}},
		{"too many fields", "[S]\n" + strings.Repeat(",", maxFields+1), ErrTooManyFields, Pos{2, maxFields + 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse("x.inf", []byte(c.text))
			var e *Error
			if f != nil || !errors.Is(err, c.want) || !errors.As(err, &e) || e.Pos != c.at {
				t.Errorf("got %v, want %v at %v", err, c.want, c.at)
			}
		})
	}
	if _, err := Parse("x.inf", []byte("["+long[:255]+"]")); err != nil {
		t.Errorf("255 characters are allowed: %v", err)
	}
	var many strings.Builder
	for i := range maxSections + 1 {
		fmt.Fprintf(&many, "[%d]\n", i)
	}
	if _, err := Parse("x.inf", []byte(many.String())); !errors.Is(err, ErrTooManySections) {
		t.Errorf("got %v, want %v", err, ErrTooManySections)
	}
	if _, err := ParseOptions("x.inf", nil, Options{CodePage: 1}); !errors.Is(err, ErrCodePage) {
		t.Errorf("got %v, want %v", err, ErrCodePage)
	}
}

func TestPositions(t *testing.T) {
	f, err := Parse("x.inf", []byte("\n[S]\r\n  ключ = \"äö\", b, \\\r\n   c\r\nd"))
	if err != nil {
		t.Fatal(err)
	}
	l := &f.Section("S").Lines[0]
	if got := fmt.Sprint(f.Section("S").Pos, l.Pos, l.ValuePos(1), l.ValuePos(2), l.ValuePos(9)); got != "2:1 3:3 3:22 4:4 3:3" {
		t.Errorf("in ansi, every byte a character: %s", got)
	}
	if raw := string(f.Raw(l)); raw != "  ключ = \"äö\", b, \\\r\n   c\r\n" {
		t.Errorf("raw %q", raw)
	}
	f, err = ParseOptions("x.inf", []byte("[S]\nключ = \"äö\", b"), Options{CodePage: 65001})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(f.Section("S").Lines[0].ValuePos(0), f.Section("S").Lines[0].ValuePos(1)); got != "2:8 2:14" {
		t.Errorf("in utf-8: %s", got)
	}
}

func TestSyntaxFindings(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[S]\na = \"b", "unclosed-quote"},
		{"[S]\na = " + strings.Repeat("x", 4096), "field-too-long"},
		{"[S]\na\x1A\nb", "text-after-end"},
		{"[S]\na\x1Ab", "text-after-end"},
		{"[S]\ra", "lone-carriage-return"},
		{"[S]\na = %b;c%", "semicolon-in-token"},
		{"[]\na", "empty-section-name"},
		{"[S]\na = b\u3000", "utf-8-without-bom"},
		{"\xEF\xBB\xBF[S]\na = b\u3000", "unusual-blank"},
		{"\xEF\xBB\xBF[S]", "utf-8-bom"},
		{"\xFE\xFF\x00[\x00S\x00]", "utf-16-big-endian"},
		{"[\x00V\x00e\x00r\x00s\x00i\x00o\x00n\x00]\x00", "utf-16-without-bom"},
		{"\xFF\xFE[\x00S\x00]\x00x", "odd-length"},
	} {
		f, err := Parse("x.inf", []byte(c.text))
		if err != nil {
			t.Errorf("%.20q: %v", c.text, err)
			continue
		}
		wantFindings(t, f, c.want)
		if string(f.Bytes()) != c.text {
			t.Errorf("%.20q is not reproduced", c.text)
		}
	}
	for _, text := range []string{"[S]\na\x1A", "[S]\na\x1A\x00\x1A\r\n", "[S]\na = " + strings.Repeat("x", 4095)} {
		f, err := Parse("x.inf", []byte(text))
		if err != nil || len(f.Findings) != 1 || f.Findings[0].ID != "not-a-driver" {
			t.Errorf("%.20q: %v %v", text, f.Findings, err)
		}
	}
}

func wantFindings(t *testing.T, f *File, ids ...string) {
	t.Helper()
	for _, id := range ids {
		found := false
		for _, d := range f.Findings {
			found = found || d.ID == id
		}
		if !found {
			t.Errorf("no finding %s among %v", id, f.Findings)
		}
	}
}

func TestFindingsAreBounded(t *testing.T) {
	f, err := Parse("x.inf", []byte("[S]\n"+strings.Repeat("a = \"b\n", 5000)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Findings); n != maxFindings+1 {
		t.Errorf("%d findings", n)
	}
}

func TestEncodings(t *testing.T) {
	utf16 := func(bom, text string, big bool) string {
		out := bom
		for _, r := range text {
			if big {
				out += string([]byte{byte(r >> 8), byte(r)})
			} else {
				out += string([]byte{byte(r), byte(r >> 8)})
			}
		}
		return out
	}
	const text = "[Strings]\na = \"жö\""
	for _, c := range []struct {
		name, data string
		page       int
		enc        Encoding
		ascii      bool
		want       string
	}{
		{"ascii", "[Strings]\na = b", 0, ANSI, true, "b"},
		{"1252", "[Strings]\na = \xF6\x80", 0, ANSI, false, "ö€"},
		{"1252 undefined", "[Strings]\na = \x81\x8D", 0, ANSI, false, "\u0081\u008d"},
		{"1251", "[Strings]\na = \xE6", 1251, ANSI, false, "ж"},
		{"932 with a backslash for a second byte", "[Strings]\na = \x95\x5C\nb = c", 932, ANSI, false, "表"},
		{"utf-8 without mark is read in the code page", text, 0, UTF8, false, "Ð¶Ã¶"},
		{"utf-8 without mark where that is the code page", text, 65001, UTF8, false, "жö"},
		{"utf-8 with mark", "\xEF\xBB\xBF" + text, 0, UTF8BOM, false, "жö"},
		{"utf-16 le", utf16("\xFF\xFE", text, false), 0, UTF16LE, false, "жö"},
		{"utf-16 be", utf16("\xFE\xFF", text, true), 0, UTF16BE, false, "жö"},
		{"utf-16 le without mark", utf16("", text, false), 0, UTF16LE, false, "жö"},
		{"utf-16 with two marks", utf16("\xFF\xFE\xFF\xFE", text, false), 0, UTF16LE, false, "жö"},
		{"utf-16 ascii", utf16("\xFF\xFE", "[Strings]\na=b", false), 0, UTF16LE, true, "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := ParseOptions("x.inf", []byte(c.data), Options{CodePage: c.page})
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Expand("%a%"); got != c.want || f.Encoding != c.enc || f.ASCII != c.ascii {
				t.Errorf("%q %s ascii=%v, want %q %s %v", got, f.Encoding, f.ASCII, c.want, c.enc, c.ascii)
			}
			if string(f.Bytes()) != c.data {
				t.Error("not reproduced")
			}
		})
	}
}

// TestZeroIsUnknown: a forgotten value is never an answer.
func TestZeroIsUnknown(t *testing.T) {
	for _, v := range []fmt.Stringer{
		Encoding(0), LineEndings(0), Severity(0), Arch(0), Kind(0), StartType(0), ErrorControl(0), Encoding(99), Arch(-1),
	} {
		if v.String() != "unknown" {
			t.Errorf("%T is %q", v, v)
		}
	}
	if (Decoration{}).Applies(System{}) || (Service{}).BootStart || (Service{}).Kernel || (Selection{}).Applies {
		t.Error("a zero value says yes")
	}
	f, err := Parse("x.inf", nil)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := f.IsDriver(); ok || f.Kind() != KindUnknown || f.Architectures() != nil || f.Files(ArchUnknown) != nil || f.Files(Arch(77)) != nil {
		t.Error("an empty file serves something")
	}
	if _, ok := f.Version().CatalogFor(AMD64); ok {
		t.Error("an empty file has a catalog")
	}
	if s := f.Select(System{Arch: AMD64, Major: 10}); s.Applies || s.Why == "" {
		t.Errorf("an empty file applies: %+v", s)
	}
}

// TestEndingCounts tells the kinds of line endings apart.
func TestEndingCounts(t *testing.T) {
	for text, want := range map[string]string{
		"": "none", "[a]": "none", "[a]\r\n\r\n": "crlf", "[a]\n": "lf", "[a]\r": "cr",
		"[a]\r\n\n": "mixed", "[a]\r\r\n": "mixed", "\xFF\xFE[\x00a\x00]\x00\r\x00\n\x00": "crlf",
		"\xFF\xFE[\x00a\x00]\x00\x0A\x0D\x0D\x0A": "none", // U+0D0A and U+0A0D are letters
	} {
		f, err := Parse("x.inf", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if f.LineEndings.String() != want {
			t.Errorf("%q: %s, want %s", text, f.LineEndings, want)
		}
	}
}
