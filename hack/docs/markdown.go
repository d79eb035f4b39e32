package main

import (
	"fmt"
	"strings"
)

// generatedNote is at the top of every page, as a note to editors.
const generatedNote = "<!-- Written by hack/docs from the declarations in the code; make generate updates it. -->\n"

// markdown collects the text of a page.
type markdown struct{ strings.Builder }

// line writes a line of text with a line end.
func (m *markdown) line(format string, args ...any) {
	fmt.Fprintf(m, format+"\n", args...)
}

// paragraph writes text with an empty line before it.
func (m *markdown) paragraph(format string, args ...any) {
	m.line("\n"+format, args...)
}

// table writes a table with its header.
func (m *markdown) table(header []string, rows [][]string) {
	m.line("")
	m.row(header)
	m.line("|%s", strings.Repeat("---|", len(header)))
	for _, r := range rows {
		m.row(r)
	}
}

func (m *markdown) row(cells []string) {
	escaped := make([]string, 0, len(cells))
	for _, c := range cells {
		escaped = append(escaped, strings.ReplaceAll(c, "|", `\|`))
	}
	m.line("| %s |", strings.Join(escaped, " | "))
}
