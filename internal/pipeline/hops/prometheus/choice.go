package prometheus

import (
	"net/url"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// operatedService is the headless Service that prometheus-operator makes in the
// namespace of a Prometheus.
const operatedService = "prometheus-operated"

// Choice is which Prometheus has to select the monitor.
type Choice struct {
	// Any of these will do; a nil one is a Prometheus of which nothing is
	// known.
	Any []*monitoringv1.Prometheus
	// Others are certainly not queried by the adapter.
	Others []*monitoringv1.Prometheus
	// Findings say why any is not certain.
	Findings []finding.Finding
}

// Choose chooses the Prometheus that the adapter queries, if its URL
// shows which; otherwise every Prometheus may be the one.
func Choose(s *pipeline.Snapshot) Choice {
	unknown := []*monitoringv1.Prometheus{nil}
	switch {
	case s.Prometheuses.State != pipeline.Known:
		return Choice{Any: unknown, Findings: []finding.Finding{Unknown.On(
			finding.Object{Kind: monitoringv1.PrometheusesKind},
			"whether a Prometheus selects the ServiceMonitor is not known: %s", s.Prometheuses.State.Because(s.Prometheuses.Why))}}
	case len(s.Prometheuses.Items) == 0:
		return Choice{Any: unknown, Findings: []finding.Finding{NotFound.On(
			finding.Object{Kind: monitoringv1.PrometheusesKind},
			"there is no Prometheus object in the cluster, so nothing selects ServiceMonitors").Suggest(
			"Create a Prometheus, as by installing the chart kube-prometheus-stack.")}}
	}
	host, ok := urlHost(s.Adapter)
	if !ok {
		return Choice{Any: s.Prometheuses.Items}
	}
	var c Choice
	for _, p := range s.Prometheuses.Items {
		if host.reaches(p, s.Prometheuses.Items) {
			c.Any = append(c.Any, p)
		} else {
			c.Others = append(c.Others, p)
		}
	}
	if len(c.Any) > 0 {
		return c
	}
	c = Choice{Any: s.Prometheuses.Items}
	if host.service == "prometheus" && host.namespace == "default" && !slices.ContainsFunc(s.Prometheuses.Items, func(p *monitoringv1.Prometheus) bool { return p.Namespace == host.namespace }) {
		p := s.Prometheuses.Items[0]
		c.Findings = append(c.Findings, NotQueried.On(s.Adapter.Deployment,
			"the adapter queries %s, the default of its chart, and there is no Prometheus in that namespace, but %s", s.Adapter.PrometheusURL, pipeline.PrometheusObject(p)).Suggest(
			"Set prometheus.url in the values of the adapter's chart to http://%s.%s.svc.", ptr.Deref(p.Spec.ServiceName, operatedService), p.Namespace))
	}
	return c
}

// prometheusHost is a Service in the adapter's URL; pod is set if one pod of it is
// queried.
type prometheusHost struct{ pod, service, namespace string }

// AdapterService is the Service that the adapter's --prometheus-url names; ok
// is false if it is not known, or names none.
func AdapterService(a pipeline.Adapter) (namespace, name string, ok bool) {
	host, ok := urlHost(a)
	return host.namespace, host.service, ok
}

// urlHost is the Service's name and namespace in --prometheus-url.
// ok is false if the URL is not known or names no Service.
func urlHost(a pipeline.Adapter) (host prometheusHost, ok bool) {
	if a.State != pipeline.Known || a.PrometheusURL == "" {
		return prometheusHost{}, false
	}
	u, err := url.Parse(a.PrometheusURL)
	if err != nil || u.Hostname() == "" {
		return prometheusHost{}, false
	}
	parts := strings.Split(strings.TrimSuffix(u.Hostname(), "."), ".")
	if i := slices.Index(parts, "svc"); i > 0 {
		parts = parts[:i]
	}
	switch len(parts) {
	case 1:
		return prometheusHost{service: parts[0], namespace: a.Deployment.Namespace}, a.Deployment.Namespace != ""
	case 2:
		return prometheusHost{service: parts[0], namespace: parts[1]}, true
	case 3:
		return prometheusHost{pod: parts[0], service: parts[1], namespace: parts[2]}, true
	}
	return prometheusHost{}, false
}

// reaches reports whether the host is that of a Service of the Prometheus: the one
// that prometheus-operator makes, or one that is named after the object as the
// usual charts name theirs. A longer object's name is the nearer one.
func (h prometheusHost) reaches(p *monitoringv1.Prometheus, all []*monitoringv1.Prometheus) bool {
	if h.namespace != p.Namespace {
		return false
	}
	if h.pod != "" && !strings.HasPrefix(h.pod, "prometheus-"+p.Name+"-") {
		return false
	}
	if h.service == ptr.Deref(p.Spec.ServiceName, operatedService) {
		return true
	}
	mine := h.nearness(p)
	return mine > 0 && !slices.ContainsFunc(all, func(o *monitoringv1.Prometheus) bool {
		return o.Namespace == p.Namespace && h.nearness(o) > mine
	})
}

// nearness is how well the Service's name fits the name of the Prometheus; 0 if
// it does not.
func (h prometheusHost) nearness(p *monitoringv1.Prometheus) int {
	switch {
	case h.service == p.Name, h.service == "prometheus-"+p.Name, h.service == p.Name+"-prometheus":
		return 1000
	case strings.HasPrefix(h.service, p.Name+"-"), strings.HasPrefix(h.service, "prometheus-"+p.Name+"-"):
		return len(p.Name)
	}
	return 0
}
