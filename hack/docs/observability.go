package main

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/kong-latency/kong-latency/internal/metrics"
)

// observabilityText is the page without its tables.
//
//go:embed observability.md
var observabilityText string

// observabilityPage returns the page of these metrics. A metric without documentation
// is an error.
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
	tables := strings.NewReplacer("{{product}}", metricTable(product), "{{others}}", metricTable(others))
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
