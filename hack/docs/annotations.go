package main

import (
	"strings"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/reference"
)

const annotationsIntro = `# Annotations

One annotation on a Deployment, or on its Service, is enough:

` + "```yaml" + `
metadata:
  annotations:
    kong.latency/target-ms: "40"
` + "```" + `

The others change the defaults. Values are always strings, so numbers need quotes
in YAML.

- An invalid value is refused when the object is applied, never replaced by
  another; see [InvalidAnnotation](findings.md#invalidannotation).
- Settings can be on the Deployment, on the Service, or on both. A key that is on
  both must have the same value; see
  [SettingsDisagree](findings.md#settingsdisagree).`

func annotationsPage() string {
	m := &markdown{}
	m.WriteString(generatedNote)
	m.line("%s", annotationsIntro)

	var rows [][]string
	for _, k := range annotations.Keys() {
		rows = append(rows, []string{"[`" + k.Name + "`](#" + anchor(k) + ")", reference.Kinds(k), k.Default})
	}
	m.table([]string{"Annotation", "Where", "When absent"}, rows)

	for _, k := range annotations.Keys() {
		// The heading's default anchor would leave out the dot and the slash.
		m.paragraph("<a id=%q></a>\n\n## `%s`", anchor(k), k.Name)
		m.paragraph("%s", k.Doc)
		m.line("")
		m.line("- **Value:** %s", k.Value)
		m.line("- **When absent:** %s", k.Default)
		m.line("- **Where:** on the %s", reference.Kinds(k))
	}
	return m.String()
}

func anchor(k annotations.Key) string { return strings.TrimPrefix(k.Name, annotations.Prefix) }
