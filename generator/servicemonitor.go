package generator

import (
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// tokenFile is where a pod finds the token of its service account.
const tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// Monitor says whose metrics are to be scraped, and how.
type Monitor struct {
	Namespace, Name string
	// Labels are those by which the Prometheus selects monitors, such as
	// release: prometheus.
	Labels map[string]string
	// ServiceNamespace is where the Service is; empty for the monitor's own.
	ServiceNamespace string
	// ServiceLabels select the Service.
	ServiceLabels map[string]string
	// Port is the name of the Service's port, not its number.
	Port string
	// Scheme is http or https; empty means http.
	Scheme string
	// Interval between two scrapes, such as 30s; empty for the Prometheus' own.
	Interval string
	// BearerToken sends the token of Prometheus' service account.
	BearerToken bool
	// InsecureTLS accepts any certificate: the operator's is self-signed.
	InsecureTLS bool
}

// ServiceMonitor is the monitor with one endpoint at /metrics. honorLabels stays false,
// so that the labels of the scrape target have precedence: both rules, the guide's and
// AdapterRule, find their labels then.
func ServiceMonitor(m Monitor) *monitoringv1.ServiceMonitor {
	endpoint := monitoringv1.Endpoint{
		Port:     m.Port,
		Path:     "/metrics",
		Interval: monitoringv1.Duration(m.Interval),
	}
	if m.Scheme != "" {
		endpoint.Scheme = ptr.To(monitoringv1.Scheme(m.Scheme))
	}
	if m.BearerToken {
		//nolint:staticcheck // its successor needs a Secret that does not exist yet
		endpoint.BearerTokenFile = tokenFile
	}
	if m.InsecureTLS {
		endpoint.TLSConfig = &monitoringv1.TLSConfig{
			SafeTLSConfig: monitoringv1.SafeTLSConfig{InsecureSkipVerify: ptr.To(true)},
		}
	}
	monitor := &monitoringv1.ServiceMonitor{
		TypeMeta: metav1.TypeMeta{
			APIVersion: monitoringv1.SchemeGroupVersion.String(),
			Kind:       monitoringv1.ServiceMonitorsKind,
		},
		ObjectMeta: metav1.ObjectMeta{Namespace: m.Namespace, Name: m.Name, Labels: m.Labels},
		Spec: monitoringv1.ServiceMonitorSpec{
			Endpoints: []monitoringv1.Endpoint{endpoint},
			Selector:  metav1.LabelSelector{MatchLabels: m.ServiceLabels},
		},
	}
	if m.ServiceNamespace != "" && m.ServiceNamespace != m.Namespace {
		monitor.Spec.NamespaceSelector.MatchNames = []string{m.ServiceNamespace}
	}
	return monitor
}

// SeedServiceMonitor is the monitor of Kong's guide. It fits operators that
// serve their metrics over TLS, behind a check of the bearer token.
func SeedServiceMonitor() *monitoringv1.ServiceMonitor {
	return ServiceMonitor(Monitor{
		Namespace:     "kong-system",
		Name:          "gateway-operator",
		Labels:        map[string]string{"release": "prometheus"},
		ServiceLabels: map[string]string{"control-plane": "controller-manager"},
		Port:          "https",
		Scheme:        "https",
		BearerToken:   true,
		InsecureTLS:   true,
	})
}
