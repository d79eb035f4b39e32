package explain

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/kong-latency/kong-latency/cli/term"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/reference"
)

// width is the maximum length of a line, in characters.
const width = 80

// text writes explanations and keeps the first write error.
type text struct {
	out   io.Writer
	style term.Style
	err   error
}

func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.out, format+"\n", args...)
	}
}

func (t *text) reason(r *finding.Reason) {
	t.line("%s", t.style.Strong(r.Name))
	t.field("SEVERITY", string(r.Severity))
	if r.Hop != nil {
		t.field("HOP", r.Hop.Name)
	}
	t.field("MEANING", r.Summary)
	t.field("FIX", r.Fix)
	t.field("ENDS", reference.Ends(r))
}

func (t *text) key(k annotations.Key) {
	t.line("%s", t.style.Strong(k.Name))
	t.field("MEANING", k.Doc)
	t.field("VALUE", k.Value)
	t.field("WHEN ABSENT", k.Default)
	t.field("WHERE", "on the "+reference.Kinds(k))
}

// field writes a heading with its content below.
func (t *text) field(heading, content string) {
	t.line("")
	t.line("%s", t.style.Faint(heading))
	for _, l := range wrap(content, width-2) {
		t.line("  %s", l)
	}
}

// list writes everything that can be explained, one per line.
func (t *text) list() {
	t.line("%s", t.style.Strong("Annotations"))
	for _, k := range annotations.Keys() {
		t.line("  %-34s %s", k.Name, "on the "+reference.Kinds(k))
	}
	all := reference.Reasons()
	for _, c := range reference.Chapters() {
		reasons := c.Of(all)
		if len(reasons) == 0 {
			continue
		}
		t.line("")
		t.line("%s", t.style.Strong(c.Title))
		for _, r := range reasons {
			t.line("  %-34s %s", r.Name, severity(t.style, r.Severity))
		}
	}
}

func severity(s term.Style, of finding.Severity) string {
	if of == finding.Error {
		return s.Bad(string(of))
	}
	return s.Doubt(string(of))
}

// wrap breaks text between words into lines of at most width characters.
func wrap(content string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(content) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
