package main

import (
	"encoding/json"
	"io"

	"prestage"
)

// renderJSON writes the report as report.md has it.
func renderJSON(w io.Writer, r *prestage.Report, _ style) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
