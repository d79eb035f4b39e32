package pipelinetest

import (
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// TheMonitor is the first ServiceMonitor.
func TheMonitor(s *pipeline.Snapshot) *monitoringv1.ServiceMonitor { return s.ServiceMonitors.Items[0] }

// TheEndpoint is the first endpoint of the first ServiceMonitor.
func TheEndpoint(s *pipeline.Snapshot) *monitoringv1.Endpoint {
	return &TheMonitor(s).Spec.Endpoints[0]
}

// ThePrometheus is the first Prometheus.
func ThePrometheus(s *pipeline.Snapshot) *monitoringv1.Prometheus { return s.Prometheuses.Items[0] }

// TheService is the first Service that may be Kong Operator's.
func TheService(s *pipeline.Snapshot) *pipeline.OperatorService { return &s.OperatorServices.Items[0] }

// OnEndpoint changes the monitor's endpoint, onMonitor the rest of it.
func OnEndpoint(f func(*monitoringv1.Endpoint)) func(*pipeline.Snapshot) {
	return func(s *pipeline.Snapshot) { f(TheEndpoint(s)) }
}

// OnMonitor changes the ServiceMonitor.
func OnMonitor(f func(*monitoringv1.ServiceMonitor)) func(*pipeline.Snapshot) {
	return func(s *pipeline.Snapshot) { f(TheMonitor(s)) }
}

// OnPrometheus changes the Prometheus.
func OnPrometheus(f func(*monitoringv1.Prometheus)) func(*pipeline.Snapshot) {
	return func(s *pipeline.Snapshot) { f(ThePrometheus(s)) }
}

// Together makes one change of several.
func Together(changes ...func(*pipeline.Snapshot)) func(*pipeline.Snapshot) {
	return func(s *pipeline.Snapshot) {
		for _, f := range changes {
			f(s)
		}
	}
}

// Names are the names of reasons.
func Names(reasons []*finding.Reason) []string {
	var out []string
	for _, r := range reasons {
		out = append(out, r.Name)
	}
	return out
}

// Found are the names of the reasons of findings.
func Found(findings []finding.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Reason.Name)
	}
	return out
}
