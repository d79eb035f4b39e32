package main

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/kong-latency/kong-latency/internal/logs"
	"github.com/kong-latency/kong-latency/internal/metrics"
)

// observabilityText is the page without its tables.
//
//go:embed observability.md
var observabilityText string

// observabilityPage returns the page of these metrics, and of all lines and annotations of
// internal/logs. A metric without documentation is an error.
func observabilityPage(product, others []metrics.Metric) (string, error) {
	var errs []error
	for _, m := range append(append([]metrics.Metric{}, product...), others...) {
		if m.Name == "" || m.Type == "" || m.Help == "" || len(m.Processes) == 0 {
			errs = append(errs, fmt.Errorf("metric %q needs a name, a type, a help and a process", m.Name))
		}
		for _, l := range m.Labels {
			if l.Name == "" || l.Help == "" {
				errs = append(errs, fmt.Errorf("metric %s: label %q needs a name and a help", m.Name, l.Name))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	tables := strings.NewReplacer("{{product}}", metricTable(product), "{{others}}", metricTable(others),
		"{{lines}}", lineTable(logs.All()), "{{annotations}}", annotationTable(logs.Annotations()))
	return generatedNote + tables.Replace(observabilityText), nil
}

// metricTable returns a table of metrics and their labels.
func metricTable(all []metrics.Metric) string {
	m := &markdown{}
	var rows [][]string
	for _, x := range all {
		var from, labels []string
		for _, p := range x.Processes {
			from = append(from, string(p))
		}
		for _, l := range x.Labels {
			labels = append(labels, fmt.Sprintf("`%s`: %s", l.Name, l.Help))
		}
		rows = append(rows, []string{"`" + x.Name + "`", string(x.Type), strings.Join(from, ", "), x.Help, strings.Join(labels, "<br>")})
	}
	m.table([]string{"Metric", "Type", "Process", "Meaning", "Labels"}, rows)
	return m.String()
}

// lineTable returns a table of lines, and one of their keys.
func lineTable(all []logs.Line) string {
	m := &markdown{}
	var rows, keys [][]string
	seen := map[logs.Key]bool{}
	for _, l := range all {
		var names []string
		for _, k := range l.Keys {
			names = append(names, "`"+k.Name+"`")
			if !seen[k] {
				seen[k] = true
				keys = append(keys, []string{"`" + k.Name + "`", k.Help})
			}
		}
		rows = append(rows, []string{"`" + l.Message + "`", string(l.Process), l.When, strings.Join(names, ", ")})
	}
	m.table([]string{"Message", "Process", "When", "Keys"}, rows)
	m.table([]string{"Key", "Value"}, keys)
	return m.String()
}

// annotationTable returns a table of annotations of audit events.
func annotationTable(all []logs.Annotation) string {
	m := &markdown{}
	var rows [][]string
	for _, a := range all {
		rows = append(rows, []string{"`" + a.Key + "`", a.Help})
	}
	m.table([]string{"Key", "Value"}, rows)
	return m.String()
}
