package policy

import (
	"testing"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
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

func TestEnforcementOfAPolicy(t *testing.T) {
	p := Compile([]v1alpha1.LatencyPolicy{named("p", func(s *v1alpha1.LatencyPolicySpec) {
		s.Pipeline = &v1alpha1.Pipeline{Enforcement: []v1alpha1.HopEnforcement{
			{Hop: "adapter-rule", Action: Ignore}, {Hop: "extension", Action: Deny}}}
	})}).For(nil, nil)
	var none *Policy
	tests := map[finding.Hop]struct{ builtIn, policy Action }{
		finding.ServiceMonitor: {Deny, Deny}, // as built in
		finding.AdapterRule:    {Deny, Ignore},
		finding.Extension:      {Warn, Deny},
		finding.Route:          {Warn, Warn},
	}
	for hop, want := range tests {
		f := finding.Finding{Hop: hop, Severity: finding.Error}
		if a, b := none.Enforcement().For(f), p.Enforcement().For(f); a != want.builtIn || b != want.policy {
			t.Errorf("%s: %s without a policy and %s with it, want %s and %s", hop, a, b, want.builtIn, want.policy)
		}
	}
	if got := DefaultEnforcement()[finding.AdapterRule]; got != Deny {
		t.Errorf("a policy changed the built-in action to %s", got)
	}
}
