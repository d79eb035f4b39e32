package render

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// Located is a finding, and the line of a file where the mistake is.
type Located struct {
	finding.Finding
	File string
	Line int
	// Text is the line itself.
	Text string
}

// String is the finding in one line, as editors understand it.
func (l Located) String() string { return fmt.Sprintf("%s: %s", l.place(), l.Finding) }

func (l Located) place() string { return fmt.Sprintf("%s:%d", l.File, l.Line) }

// Style emphasizes parts of text for a terminal.
type Style interface {
	Good(string) string
	Bad(string) string
	Doubt(string) string
	Strong(string) string
	Faint(string) string
}

// Text is for people: the place, the offending line, what is wrong, the fix.
func Text(results []Located, style Style) string {
	var b strings.Builder
	errors := 0
	for _, r := range results {
		severity := style.Doubt("warning")
		if r.Severity == finding.Error {
			severity, errors = style.Bad("error"), errors+1
		}
		fmt.Fprintf(&b, "%s: %s: %s: %s\n", style.Strong(r.place()), severity, style.Strong(r.Reason.Name), oneLine(about(r.Finding)))
		fmt.Fprintf(&b, "%s\n", style.Faint(fmt.Sprintf("%5d | %s", r.Line, r.Text)))
		b.WriteString(fixText(r.Finding, style))
		b.WriteString("\n")
	}
	if len(results) > 0 {
		fmt.Fprintf(&b, "%s, %s; see '%s' for what a finding means\n",
			count(errors, "error"), count(len(results)-errors, "warning"), "kubectl latency explain")
	}
	return b.String()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// about is the message with the object that it is about.
func about(f finding.Finding) string {
	if f.NamesObject {
		return f.Message
	}
	return f.Object.String() + ": " + f.Message
}

// fixText is the fix: a sentence behind the word, YAML below it.
func fixText(f finding.Finding, style Style) string {
	fix := strings.TrimRight(fixOf(f), "\n")
	if !f.Fix.IsManifest() && len(f.Fix.Notes) == 0 {
		return fmt.Sprintf("      %s %s\n", style.Good("fix:"), fix)
	}
	return fmt.Sprintf("      %s\n        %s\n", style.Good("fix:"), strings.ReplaceAll(fix, "\n", "\n        "))
}

// fixOf is what resolves a finding: its own fix, or else what is always said of its
// reason.
func fixOf(f finding.Finding) string {
	if f.Fix.IsZero() {
		return f.Reason.Fix
	}
	return Fix(f.Fix)
}

// jsonResult is a result in JSON. Fields are added to it, and none is renamed.
type jsonResult struct {
	File     string     `json:"file"`
	Line     int        `json:"line"`
	Severity string     `json:"severity"`
	Reason   string     `json:"reason"`
	Hop      string     `json:"hop,omitempty"`
	Object   jsonObject `json:"object"`
	Message  string     `json:"message"`
	Fix      string     `json:"fix,omitempty"`
}

type jsonObject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// JSON is a list of results for programs.
func JSON(results []Located) (string, error) {
	list := struct {
		Findings []jsonResult `json:"findings"`
	}{[]jsonResult{}}
	for _, r := range results {
		list.Findings = append(list.Findings, jsonResult{
			File: r.File, Line: r.Line, Severity: strings.ToLower(string(r.Severity)), Reason: r.Reason.Name, Hop: r.Hop().String(),
			Object: jsonObject(r.Object), Message: r.Message, Fix: fixOf(r.Finding),
		})
	}
	return encoded(list)
}

func encoded(value any) (string, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("encode JSON: %w", err)
	}
	return b.String(), nil
}

// GitHub is the results as workflow commands, which GitHub shows next to the lines of a
// pull request.
func GitHub(results []Located) string {
	var b strings.Builder
	value := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, r := range results {
		command := "warning"
		if r.Severity == finding.Error {
			command = "error"
		}
		fmt.Fprintf(&b, "::%s file=%s,line=%d,title=%s::%s\n", command, property.Replace(r.File), r.Line,
			property.Replace(r.Reason.Name), value.Replace(about(r.Finding)+"\nFix: "+fixOf(r.Finding)))
	}
	return b.String()
}

// oneLine makes one line of a text.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
