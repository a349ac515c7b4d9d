package inf

import (
	"fmt"
	"strings"
	"testing"
)

// TestLineEndingForms has rule 15: the bytes of every form.
func TestLineEndingForms(t *testing.T) {
	wide := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			b.Write([]byte{s[i], 0})
		}
		return b.String()
	}
	const utf8, le, be = "\xEF\xBB\xBF", "\xFF\xFE", "\xFE\xFF"
	for _, c := range []struct {
		name, text string
		want       map[string]string
	}{
		{"lf", "[V]\nä\n", map[string]string{
			"crlf": "[V]\r\nä\r\n", "bom-added": utf8 + "[V]\nä\n", "crlf+bom-added": utf8 + "[V]\r\nä\r\n"}},
		{"crlf", "[V]\r\n", map[string]string{
			"lf": "[V]\n", "bom-added": utf8 + "[V]\r\n", "lf+bom-added": utf8 + "[V]\n"}},
		{"mixed", "a\r\nb\n\rc\r", map[string]string{
			"crlf": "a\r\nb\r\n\rc\r", "lf": "a\nb\n\rc\r", "bom-added": utf8 + "a\r\nb\n\rc\r",
			"crlf+bom-added": utf8 + "a\r\nb\r\n\rc\r", "lf+bom-added": utf8 + "a\nb\n\rc\r"}},
		{"utf-8 with mark", utf8 + "a\n", map[string]string{
			"crlf": utf8 + "a\r\n", "bom-removed": "a\n", "crlf+bom-removed": "a\r\n"}},
		{"utf-16 with mark", le + wide("a\r\nb"), map[string]string{
			"lf": le + wide("a\nb"), "bom-removed": wide("a\r\nb"), "lf+bom-removed": wide("a\nb")}},
		{"utf-16 without mark", wide("[Version]\n"), map[string]string{
			"crlf": wide("[Version]\r\n"), "bom-added": le + wide("[Version]\n"), "crlf+bom-added": le + wide("[Version]\r\n")}},
		{"utf-16 big endian", be + "\x00a\x00\n", map[string]string{
			"crlf": be + "\x00a\x00\r\x00\n", "bom-removed": "\x00a\x00\n", "crlf+bom-removed": "\x00a\x00\r\x00\n"}},
		{"utf-16 letters that look like endings", le + "\x0A\x0D\x0D\x0A", map[string]string{
			"bom-removed": "\x0A\x0D\x0D\x0A"}},
		{"utf-16 with an odd byte", le + wide("\n") + "x", map[string]string{
			"crlf": le + wide("\r\n") + "x", "bom-removed": wide("\n") + "x", "crlf+bom-removed": wide("\r\n") + "x"}},
		{"one line", "a", map[string]string{"bom-added": utf8 + "a"}},
		{"empty", "", map[string]string{"bom-added": utf8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := make(map[string]string)
			for _, form := range LineEndingForms([]byte(c.text)) {
				if _, twice := got[form.ID]; twice {
					t.Errorf("%s twice", form.ID)
				}
				got[form.ID] = string(form.Data)
			}
			if g, w := fmt.Sprintf("%q", got), fmt.Sprintf("%q", c.want); g != w {
				t.Errorf("got  %s\nwant %s", g, w)
			}
		})
	}
	if LineEndingForms(make([]byte, MaxSize+1)) != nil {
		t.Error("no limit")
	}
}

// TestLineEndingFormsUndo: what a tool changed, some form restores.
func TestLineEndingFormsUndo(t *testing.T) {
	original := "[Version]\r\nSignature = \"$Windows NT$\"\r\n"
	for _, changed := range []string{
		strings.ReplaceAll(original, "\r\n", "\n"),
		"\xEF\xBB\xBF" + original,
		"\xEF\xBB\xBF" + strings.ReplaceAll(original, "\r\n", "\n"),
	} {
		found := false
		for _, form := range LineEndingForms([]byte(changed)) {
			found = found || string(form.Data) == original
		}
		if !found {
			t.Errorf("nothing restores %q", changed)
		}
	}
}
