package policy

import (
	"testing"

	"github.com/kong-latency/kong-latency/finding"
)

func TestEnforcement(t *testing.T) {
	e := DefaultEnforcement()
	e[finding.Route] = Ignore
	tests := []struct {
		hop      finding.Hop
		severity finding.Severity
		want     Action
	}{
		{finding.ServiceMonitor, finding.Error, Deny},
		{finding.AdapterRule, finding.Error, Deny},
		{finding.AdapterRule, finding.Warning, Warn},
		{finding.AdapterRule, finding.Unknown, Warn},
		{finding.Extension, finding.Error, Warn},
		{finding.Route, finding.Error, Ignore},
	}
	for _, tt := range tests {
		if got := e.For(finding.Finding{Hop: tt.hop, Severity: tt.severity}); got != tt.want {
			t.Errorf("%s of %s: %s, want %s", tt.severity, tt.hop, got, tt.want)
		}
	}
}
