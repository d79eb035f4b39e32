// Package render turns findings into text: warnings and denials of admission, notes of
// events, and the output formats of the command line. It is the only package that makes
// text of a fix.
package render

import (
	"fmt"
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/manifest"
)

// Fix is a fix as people read it: one sentence, or, if it has a manifest, YAML with
// everything else as comments above it.
func Fix(f finding.Fix) string {
	if !f.IsManifest() {
		return strings.Join(append([]string{sentence(f)}, f.Notes...), "\n")
	}
	return comments(f) + yamlOf(f)
}

// Comment is a fix as YAML comments alone, for what kubectl must not apply.
func Comment(f finding.Fix) string {
	var b strings.Builder
	if !f.IsManifest() {
		comment(&b, Fix(f))
		return b.String()
	}
	b.WriteString(comments(f))
	comment(&b, yamlOf(f))
	return b.String()
}

// sentence is what to do, without a manifest.
func sentence(f finding.Fix) string {
	commands := strings.Join(f.Commands, " && ")
	switch {
	case f.Summary == "":
		return commands
	case commands == "":
		return f.Summary
	default:
		return f.Summary + ": " + commands
	}
}

// comments are the words of a fix as YAML comments, a command on a line of its own.
func comments(f finding.Fix) string {
	var b strings.Builder
	comment(&b, f.Summary)
	for _, command := range f.Commands {
		comment(&b, "  "+command)
	}
	if v := f.HelmValues; v != nil {
		comment(&b, fmt.Sprintf("Values for Helm release %[1]s; Helm replaces lists, so they are complete:\n  helm upgrade %[1]s %[2]s -n %[3]s --reuse-values --values <this file>",
			v.Release, v.Chart, v.Namespace))
	}
	for _, note := range f.Notes {
		comment(&b, note)
	}
	return b.String()
}

// comment writes each line of a text as a comment.
func comment(b *strings.Builder, text string) {
	for line := range strings.Lines(text) {
		b.WriteString("# " + strings.TrimSuffix(line, "\n") + "\n")
	}
}

func yamlOf(f finding.Fix) string {
	var documents []string
	if len(f.Objects) > 0 {
		objects := make([]any, len(f.Objects))
		for i, o := range f.Objects {
			objects[i] = o
		}
		documents = append(documents, manifest.YAML(objects...))
	}
	if f.HelmValues != nil {
		documents = append(documents, manifest.Ordered(f.HelmValues.Values))
	}
	if f.Insert != nil {
		documents = append(documents, manifest.Ordered(f.Insert))
	}
	return strings.Join(documents, "---\n")
}

// FixWithin is a fix of at most some bytes: without its manifests if they do not fit.
func FixWithin(f finding.Fix, bytes int) string {
	text := Fix(f)
	if len(text) <= bytes {
		return text
	}
	text = sentence(f)
	if text == "" {
		text = "apply the manifests that kubectl latency doctor --fix prints"
	}
	return clip(text, bytes)
}

// Condition is a finding as the message of a condition: what is wrong, and how to fix it
// unless that needs manifests.
func Condition(f finding.Finding) string {
	text := f.Message
	if !f.NamesObject {
		text = f.Object.String() + ": " + text
	}
	switch {
	case f.Fix.IsZero():
	case f.Fix.IsManifest():
		text += "; to fix it, apply what kubectl latency doctor --fix prints"
	default:
		text += "; to fix it: " + Fix(f.Fix)
	}
	return Clip(text)
}
