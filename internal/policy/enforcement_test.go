package policy

import (
	"testing"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
)

var (
	extensionHop      = &finding.Hop{Name: "extension"}
	routeHop          = &finding.Hop{Name: "route"}
	serviceMonitorHop = &finding.Hop{Name: "service-monitor", DenyByDefault: true}
	adapterRuleHop    = &finding.Hop{Name: "adapter-rule", DenyByDefault: true}
)

func about(hop *finding.Hop, s finding.Severity) finding.Finding {
	return (&finding.Reason{Name: "Reason", Hop: hop, Severity: s}).On(finding.Object{}, "message")
}

func TestEnforcement(t *testing.T) {
	e := Enforcement{"route": Ignore}
	tests := []struct {
		hop      *finding.Hop
		severity finding.Severity
		want     Action
	}{
		{serviceMonitorHop, finding.Error, Deny},
		{adapterRuleHop, finding.Error, Deny},
		{adapterRuleHop, finding.Warning, Warn},
		{adapterRuleHop, finding.Unknown, Warn},
		{extensionHop, finding.Error, Warn},
		{routeHop, finding.Error, Ignore},
	}
	for _, tt := range tests {
		if got := e.For(about(tt.hop, tt.severity)); got != tt.want {
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
	tests := map[*finding.Hop]struct{ builtIn, policy Action }{
		serviceMonitorHop: {Deny, Deny}, // as built in
		adapterRuleHop:    {Deny, Ignore},
		extensionHop:      {Warn, Deny},
		routeHop:          {Warn, Warn},
	}
	for hop, want := range tests {
		f := about(hop, finding.Error)
		if a, b := none.Enforcement().For(f), p.Enforcement().For(f); a != want.builtIn || b != want.policy {
			t.Errorf("%s: %s without a policy and %s with it, want %s and %s", hop, a, b, want.builtIn, want.policy)
		}
	}
	if got := (Enforcement{}).For(about(adapterRuleHop, finding.Error)); got != Deny {
		t.Errorf("the built-in enforcement was changed to %s", got)
	}
}
