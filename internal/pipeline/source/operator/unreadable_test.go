package operator_test

import (
	"testing"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// What cannot be read any more resolves nothing: where a hop works without it that was
// broken with it, the report says that it was not read.
func TestWhatCannotBeReadResolvesNothing(t *testing.T) {
	const why = "it is forbidden"
	unread := map[string]func(*pipeline.Snapshot){
		"namespaces":        func(s *pipeline.Snapshot) { s.Namespaces = unreadable(s.Namespaces, why) },
		"operator services": func(s *pipeline.Snapshot) { s.OperatorServices = unreadable(s.OperatorServices, why) },
		"monitors":          func(s *pipeline.Snapshot) { s.ServiceMonitors = unreadable(s.ServiceMonitors, why) },
		"prometheuses":      func(s *pipeline.Snapshot) { s.Prometheuses = unreadable(s.Prometheuses, why) },
		"extensions":        func(s *pipeline.Snapshot) { s.Extensions = unreadable(s.Extensions, why) },
		"control planes":    func(s *pipeline.Snapshot) { s.ControlPlanes = unreadable(s.ControlPlanes, why) },
		"configurations":    func(s *pipeline.Snapshot) { s.GatewayConfigurations = unreadable(s.GatewayConfigurations, why) },
		"classes":           func(s *pipeline.Snapshot) { s.GatewayClasses = unreadable(s.GatewayClasses, why) },
		"gateways":          func(s *pipeline.Snapshot) { s.Gateways = unreadable(s.Gateways, why) },
		"routes":            func(s *pipeline.Snapshot) { s.HTTPRoutes = unreadable(s.HTTPRoutes, why) },
		"metrics API":       func(s *pipeline.Snapshot) { s.MetricsAPI = pipeline.MetricsAPI{State: pipeline.Unreadable, Why: why} },
		"adapter":           func(s *pipeline.Snapshot) { s.Adapter = pipeline.Adapter{State: pipeline.Unreadable, Why: why} },
	}
	for _, b := range allBreakers() {
		for name, hide := range unread {
			s := broken(t, b)
			before := diagnose(s)
			hide(s)
			after := diagnose(s)
			for i, step := range before.Steps {
				for _, f := range step.Findings {
					if f.Severity != finding.Unknown && after.Steps[i].Judged() && after.Unread&^before.Unread == 0 && !finding.Has(after.Steps[i].Findings, f.Reason) {
						t.Errorf("%s: without %s, %s works: %s is resolved; %v", b.name, name, step.Hop, f.Reason.Name, after.Steps[i].Findings)
					}
				}
			}
		}
	}
}

func unreadable[T any](_ pipeline.Set[T], why string) pipeline.Set[T] {
	return pipeline.Set[T]{State: pipeline.Unreadable, Why: why}
}
