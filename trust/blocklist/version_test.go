package blocklist

import (
	"strings"
	"testing"
)

func TestParseFileVersion(t *testing.T) {
	for text, want := range map[string]FileVersion{
		"0.0.0.0": {}, "1.2.3.4": {1, 2, 3, 4}, "65535.65535.65535.65535": maxFileVersion,
		" 1.1.23.0405 ": {1, 1, 23, 405},
	} {
		if got, err := ParseFileVersion(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.65536", "1.2.3.-1", "1.2.3.+4", "1.2.3.x", "1..2.3", "1.2.3.0x4"} {
		if got, err := ParseFileVersion(text); err == nil || got != (FileVersion{}) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if s := (FileVersion{1, 20, 300, 4000}).String(); s != "1.20.300.4000" {
		t.Error(s)
	}
}

// Rule 193, case by case.
func TestVersionBounds(t *testing.T) {
	low, high := &FileVersion{1, 0, 0, 5}, &FileVersion{2, 0, 0, 0}
	versions := []FileVersion{{}, {1, 0, 0, 4}, {1, 0, 0, 5}, {1, 5}, {2}, {2, 0, 0, 1}, maxFileVersion}
	tests := []struct {
		name          string
		bounds        Bounds
		denies, allow string // one character for each version
	}{
		{"none", Bounds{}, "yyyyyyy", "yyyyyyy"},
		{"both", Bounds{low, high}, "--yyy--", "--yyy--"},
		{"only a minimum denies what is not above it", Bounds{Minimum: low}, "yyy----", "--yyyyy"},
		{"only a maximum denies what is not below it", Bounds{Maximum: high}, "----yyy", "yyyyy--"},
		{"crossed", Bounds{high, low}, "-------", "-------"},
	}
	for _, tt := range tests {
		for i, v := range versions {
			if got, want := tt.bounds.denies(v), tt.denies[i] == 'y'; got != want {
				t.Errorf("%s: deny %s: %t", tt.name, v, got)
			}
			if got, want := tt.bounds.allows(v), tt.allow[i] == 'y'; got != want {
				t.Errorf("%s: allow %s: %t", tt.name, v, got)
			}
		}
	}
}

// What the compiler writes for bounds, and what it means (rule 193).
func TestCompiledBounds(t *testing.T) {
	zero, one, two := FileVersion{}, FileVersion{1}, FileVersion{2}
	tests := []struct {
		action           Action
		minimum, maximum FileVersion
		want             string
	}{
		{Deny, maxFileVersion, zero, ""},
		{Deny, zero, zero, ""},
		{Deny, one, zero, "minimum 1.0.0.0"},
		{Deny, one, two, "minimum 1.0.0.0, maximum 2.0.0.0"},
		{Deny, zero, two, "minimum 0.0.0.0, maximum 2.0.0.0"},
		{Attribute, zero, zero, ""},
		{Attribute, one, zero, "minimum 1.0.0.0"},
		{Attribute, zero, maxFileVersion, "minimum 0.0.0.0, maximum 65535.65535.65535.65535"},
		{Allow, zero, zero, ""},
		{Allow, zero, two, "maximum 2.0.0.0"},
		{Allow, maxFileVersion, zero, "minimum 65535.65535.65535.65535"},
	}
	for _, tt := range tests {
		if got := compiledBounds(tt.action, tt.minimum, tt.maximum).String(); got != tt.want {
			t.Errorf("%s %s %s: %q, want %q", tt.action, tt.minimum, tt.maximum, got, tt.want)
		}
	}
}

func TestGUID(t *testing.T) {
	const text = "{D2BDA982-CCF6-4344-AC5B-0B44427B6816}"
	g, err := ParseGUID(strings.ToLower(text[1 : len(text)-1]))
	if err != nil || g.String() != text || g[0] != 0x82 || g[15] != 0x16 || g.IsZero() {
		t.Errorf("%v, %v", g, err)
	}
	if g.PolicyType() == "" || (GUID{}).PolicyType() != "" || !(GUID{}).IsZero() {
		t.Error("policy type")
	}
	for _, bad := range []string{"", "{}", text + "0", "D2BDA982CCF64344AC5B0B44427B6816", "{D2BDA98-2CCF6-4344-AC5B-0B44427B6816}", "{X2BDA982-CCF6-4344-AC5B-0B44427B6816}"} {
		if g, err := ParseGUID(bad); err == nil || !g.IsZero() {
			t.Errorf("%q: %v", bad, g)
		}
	}
	for id := range policyTypes {
		if g, err := ParseGUID(id); err != nil || g.String() != id {
			t.Errorf("%s: %v, %v", id, g, err)
		}
	}
}

func TestEKUOID(t *testing.T) {
	for value, want := range map[string]string{
		"\x01\x0a\x2b\x06\x01\x04\x01\x82\x37\x0a\x03\x05": "1.3.6.1.4.1.311.10.3.5",
		"\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x0a\x03\x05": "1.3.6.1.4.1.311.10.3.5",
		"\x01\x02\x88\x37": "2.999",
	} {
		if got, err := ekuOID([]byte(value)); err != nil || got != want {
			t.Errorf("%x: %q, %v", value, got, err)
		}
	}
	for _, bad := range []string{"", "\x01\x01", "\x02\x01\x2b", "\x01\x02\x2b", "\x01\x02\x2b\x82", "\x01\x02\x80\x01", "\x01\x0b\x2b\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"} {
		if got, err := ekuOID([]byte(bad)); err == nil || got != "" {
			t.Errorf("%x: %q", bad, got)
		}
	}
}

// The zero value of every enum is "unknown", and every value has a name of its own.
func TestEnums(t *testing.T) {
	for name, values := range map[string][]string{
		"Format":   {Format(0).String(), XML.String(), Compiled.String()},
		"Action":   {Action(0).String(), Deny.String(), Allow.String(), Attribute.String()},
		"RootType": {RootType(0).String(), RootTBS.String(), RootWellKnown.String()},
		"Answer":   {Answer(0).String(), Denied.String(), NotDenied.String()},
		"Kind":     {Kind(0).String(), KindHash.String(), KindPageHash.String(), KindFileAttributes.String(), KindSigner.String()},
	} {
		seen := map[string]bool{}
		for i, v := range values {
			if (v == "unknown") != (i == 0) || seen[v] {
				t.Errorf("%s: %q", name, values)
			}
			seen[v] = true
		}
	}
	if Answer(99).String() != "unknown" || Kind(99).String() != "unknown" || truth(0) != maybe {
		t.Error("values out of range, or the zero of truth")
	}
	if got := (&Policy{}).Judge(driver("foo.sys")); got.Answer != Unknown || len(got.Doubts) == 0 {
		t.Errorf("a policy that was never parsed: %+v", got)
	}
}
