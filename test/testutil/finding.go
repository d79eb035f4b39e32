// Package testutil builds the objects and values that tests of many packages need.
package testutil

import "github.com/kong-latency/kong-latency/internal/finding"

// Finding is a finding of a reason of this name, which is declared anew at each call.
func Finding(reason string, s finding.Severity, hop *finding.Hop, message string) finding.Finding {
	return (&finding.Reason{Name: reason, Severity: s, Hop: hop}).On(finding.Object{}, "%s", message)
}

// Reasons are the names of the findings' reasons, in their order.
func Reasons(findings []finding.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Reason.Name)
	}
	return out
}
