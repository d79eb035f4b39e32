package main

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/status"
)

// statusText is the page without what is declared elsewhere.
//
//go:embed status.md
var statusText string

// statusPage returns the page about LatencyAutoscalers.
func statusPage(reasons []status.ConditionReason) string {
	m := &markdown{}
	var rows [][]string
	for _, r := range reasons {
		rows = append(rows, []string{"`" + r.Name + "`", strings.Join(r.Conditions, ", "), string(r.Status), r.Summary})
	}
	m.table([]string{"Reason", "Conditions", "Status", "Meaning"}, rows)
	return generatedNote + strings.NewReplacer(
		"{{reasons}}", m.String(),
		"{{maxMessage}}", fmt.Sprint(v1alpha1.MaxStatusMessage),
		"{{maxFix}}", fmt.Sprint(v1alpha1.MaxStatusFix),
		"{{maxFindings}}", fmt.Sprint(v1alpha1.MaxStatusFindings),
	).Replace(statusText)
}
