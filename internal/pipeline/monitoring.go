package pipeline

import (
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// PrometheusObject names a Prometheus in findings.
func PrometheusObject(p *monitoringv1.Prometheus) finding.Object {
	return finding.Object{Kind: monitoringv1.PrometheusesKind, Namespace: p.Namespace, Name: p.Name}
}

// ServiceMonitorObject names a ServiceMonitor in findings.
func ServiceMonitorObject(m *monitoringv1.ServiceMonitor) finding.Object {
	return finding.Object{Kind: monitoringv1.ServiceMonitorsKind, Namespace: m.Namespace, Name: m.Name}
}
