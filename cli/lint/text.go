package lint

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kong-latency/kong-latency/cli/term"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/reference"
)

// asText is for people: the place, the offending line, what is wrong, the fix.
func asText(results []Result, style term.Style) string {
	var b strings.Builder
	errors := 0
	for _, r := range results {
		severity := style.Doubt("warning")
		if r.Severity == finding.Error {
			severity, errors = style.Bad("error"), errors+1
		}
		fmt.Fprintf(&b, "%s: %s: %s: %s\n", style.Strong(r.At.String()), severity, style.Strong(r.Reason), oneLine(sentence(r.Finding)))
		fmt.Fprintf(&b, "%s\n", style.Faint(fmt.Sprintf("%5d | %s", r.At.Line, r.At.Text)))
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

// sentence is the message with the object that it is about.
func sentence(f finding.Finding) string {
	object := f.Object.String()
	if strings.HasPrefix(f.Message, object+" ") {
		return f.Message
	}
	return object + ": " + f.Message
}

// fixText is the fix: a sentence behind the word, YAML below it.
func fixText(f finding.Finding, style term.Style) string {
	fix := strings.TrimRight(fixOf(f), "\n")
	if !strings.Contains(fix, "\n") {
		return fmt.Sprintf("      %s %s\n", style.Good("fix:"), fix)
	}
	return fmt.Sprintf("      %s\n        %s\n", style.Good("fix:"), strings.ReplaceAll(fix, "\n", "\n        "))
}

// fixOf is what mends a finding: its own fix, or else what is always said of its
// reason.
func fixOf(f finding.Finding) string {
	if f.Fix != "" {
		return f.Fix
	}
	if r, ok := reasonOf(f); ok {
		return r.Fix
	}
	return ""
}

func reasonOf(f finding.Finding) (*finding.Reason, bool) {
	for _, r := range reference.Reasons() {
		if r.Name == f.Reason {
			return r, true
		}
	}
	return nil, false
}

// jsonResult is a result in JSON. Fields are added to it, and none is renamed.
type jsonResult struct {
	File     string      `json:"file"`
	Line     int         `json:"line"`
	Severity string      `json:"severity"`
	Reason   string      `json:"reason"`
	Hop      finding.Hop `json:"hop,omitempty"`
	Object   jsonObject  `json:"object"`
	Message  string      `json:"message"`
	Fix      string      `json:"fix,omitempty"`
}

type jsonObject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

func asJSON(results []Result) (string, error) {
	list := struct {
		Findings []jsonResult `json:"findings"`
	}{[]jsonResult{}}
	for _, r := range results {
		list.Findings = append(list.Findings, jsonResult{
			File: r.At.File, Line: r.At.Line, Severity: strings.ToLower(string(r.Severity)), Reason: r.Reason, Hop: r.Hop,
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

// asGitHub are workflow commands, which GitHub shows beside the lines of a pull
// request.
func asGitHub(results []Result) string {
	var b strings.Builder
	value := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, r := range results {
		command := "warning"
		if r.Severity == finding.Error {
			command = "error"
		}
		fmt.Fprintf(&b, "::%s file=%s,line=%d,title=%s::%s\n", command, property.Replace(r.At.File), r.At.Line,
			property.Replace(r.Reason), value.Replace(sentence(r.Finding)+"\nFix: "+fixOf(r.Finding)))
	}
	return b.String()
}
