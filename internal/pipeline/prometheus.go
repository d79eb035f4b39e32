package pipeline

import (
	"net/url"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
)

// The reasons for which no Prometheus takes a monitor, or not the adapter's.
var (
	PrometheusesUnknown = &finding.Reason{
		Name: "PrometheusesUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: prometheus.Hop,
		Summary: "Prometheus objects are not installed or cannot be read, so it is not known whether one takes the ServiceMonitor.",
		Fix:     "Install prometheus-operator, or let kong-latency list and watch Prometheus objects.",
	}
	PrometheusNotFound = &finding.Reason{
		Name: "PrometheusNotFound", Severity: finding.Error, Wait: finding.ForObject, Hop: prometheus.Hop,
		Summary: "There is no Prometheus object, so nothing takes ServiceMonitors.",
		Fix:     "Create a Prometheus, as by installing the chart kube-prometheus-stack.",
	}
	PrometheusTakesNoMonitors = &finding.Reason{
		Name: "PrometheusTakesNoMonitors", Severity: finding.Error, Wait: finding.ForChange, Hop: prometheus.Hop,
		Summary: "The Prometheus has no serviceMonitorSelector, which means no ServiceMonitor at all; an empty one, {}, means all.",
		Fix:     "Set spec.serviceMonitorSelector of the Prometheus.",
	}
	PrometheusSelectionUnknown = &finding.Reason{
		Name: "PrometheusSelectionUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: prometheus.Hop,
		Summary: "The Prometheus chooses namespaces by their labels, and Namespaces cannot be read.",
		Fix:     "Let kong-latency list and watch Namespaces.",
	}
	ServiceMonitorNotSelected = &finding.Reason{
		Name: "ServiceMonitorNotSelected", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "The Prometheus does not take the ServiceMonitor, because of its labels or its namespace. kube-prometheus-stack asks for the label release.",
		Fix:     "Apply the ServiceMonitor that the finding prints, which has the labels and the namespace that the Prometheus asks for.",
	}
	ServiceMonitorTakenByOther = &finding.Reason{
		Name: "ServiceMonitorTakenByOther", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "A Prometheus takes the ServiceMonitor, but the adapter asks another.",
		Fix:     "Apply the ServiceMonitor that the finding prints, which the adapter's Prometheus takes, or correct the adapter's --prometheus-url.",
	}
	AdapterAsksNoPrometheus = &finding.Reason{
		Name: "AdapterAsksNoPrometheus", Severity: finding.Error, Wait: finding.ForChange, Hop: prometheus.Hop,
		Summary: "The adapter's --prometheus-url is the default of its chart, prometheus.default.svc, and there is no Prometheus in the namespace default.",
		Fix:     "Set prometheus.url in the values of the adapter's chart to the Service of the Prometheus.",
	}
)

func prometheusReasons() []*finding.Reason {
	return []*finding.Reason{
		PrometheusesUnknown, PrometheusNotFound, PrometheusTakesNoMonitors, PrometheusSelectionUnknown,
		ServiceMonitorNotSelected, ServiceMonitorTakenByOther, AdapterAsksNoPrometheus,
	}
}

// operatedService is the headless Service that prometheus-operator makes in the
// namespace of a Prometheus.
const operatedService = "prometheus-operated"

// scrapeChoice is which Prometheus has to take the monitor.
type scrapeChoice struct {
	// any of these will do; a nil one stands for a Prometheus of which nothing is
	// known.
	any []*monitoringv1.Prometheus
	// others are surely not asked by the adapter.
	others []*monitoringv1.Prometheus
	// findings tell why any is not certain.
	findings []finding.Finding
}

// scrapePrometheuses chooses the Prometheus that the adapter asks, if its URL
// tells; otherwise every Prometheus may be it.
func scrapePrometheuses(s *Snapshot) scrapeChoice {
	unknown := []*monitoringv1.Prometheus{nil}
	switch {
	case s.Prometheuses.State != Known:
		return scrapeChoice{any: unknown, findings: []finding.Finding{PrometheusesUnknown.On(
			finding.Object{Kind: monitoringv1.PrometheusesKind},
			"whether a Prometheus takes the ServiceMonitor is not known: %s", scrapeWhy(s.Prometheuses.State, s.Prometheuses.Why))}}
	case len(s.Prometheuses.Items) == 0:
		return scrapeChoice{any: unknown, findings: []finding.Finding{PrometheusNotFound.On(
			finding.Object{Kind: monitoringv1.PrometheusesKind},
			"there is no Prometheus object in the cluster, so nothing takes ServiceMonitors").Suggest(
			"Create a Prometheus, as by installing the chart kube-prometheus-stack.")}}
	}
	host, ok := scrapeURLHost(s.Adapter)
	if !ok {
		return scrapeChoice{any: s.Prometheuses.Items}
	}
	var c scrapeChoice
	for _, p := range s.Prometheuses.Items {
		if host.reaches(p, s.Prometheuses.Items) {
			c.any = append(c.any, p)
		} else {
			c.others = append(c.others, p)
		}
	}
	if len(c.any) > 0 {
		return c
	}
	c = scrapeChoice{any: s.Prometheuses.Items}
	if host.service == "prometheus" && host.namespace == "default" && !host.inhabited(s.Prometheuses.Items) {
		p := s.Prometheuses.Items[0]
		c.findings = append(c.findings, AdapterAsksNoPrometheus.On(s.Adapter.Deployment,
			"the adapter asks %s, the default of its chart, and there is no Prometheus in that namespace, but %s", s.Adapter.PrometheusURL, scrapeObject(p)).Suggest(
			"Set prometheus.url in the values of the adapter's chart to http://%s.%s.svc.", ptr.Deref(p.Spec.ServiceName, operatedService), p.Namespace))
	}
	return c
}

// scrapeHost is a Service in the adapter's URL; pod is set if one pod of it is
// asked.
type scrapeHost struct{ pod, service, namespace string }

// PrometheusService is the Service that the adapter's --prometheus-url names; ok is
// false if it is not known, or names none.
func (a Adapter) PrometheusService() (namespace, name string, ok bool) {
	host, ok := scrapeURLHost(a)
	return host.namespace, host.service, ok
}

// scrapeURLHost takes a Service's name and namespace out of --prometheus-url.
// ok is false if the URL is not known or names no Service.
func scrapeURLHost(a Adapter) (host scrapeHost, ok bool) {
	if a.State != Known || a.PrometheusURL == "" {
		return scrapeHost{}, false
	}
	u, err := url.Parse(a.PrometheusURL)
	if err != nil || u.Hostname() == "" {
		return scrapeHost{}, false
	}
	parts := strings.Split(strings.TrimSuffix(u.Hostname(), "."), ".")
	if i := slices.Index(parts, "svc"); i > 0 {
		parts = parts[:i]
	}
	switch len(parts) {
	case 1:
		return scrapeHost{service: parts[0], namespace: a.Deployment.Namespace}, a.Deployment.Namespace != ""
	case 2:
		return scrapeHost{service: parts[0], namespace: parts[1]}, true
	case 3:
		return scrapeHost{pod: parts[0], service: parts[1], namespace: parts[2]}, true
	}
	return scrapeHost{}, false
}

// reaches tells whether the host is that of a Service of the Prometheus: the one
// that prometheus-operator makes, or one that is named after the object as the
// usual charts name theirs. A longer object's name is the nearer one.
func (h scrapeHost) reaches(p *monitoringv1.Prometheus, all []*monitoringv1.Prometheus) bool {
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
func (h scrapeHost) nearness(p *monitoringv1.Prometheus) int {
	switch {
	case h.service == p.Name, h.service == "prometheus-"+p.Name, h.service == p.Name+"-prometheus":
		return 1000
	case strings.HasPrefix(h.service, p.Name+"-"), strings.HasPrefix(h.service, "prometheus-"+p.Name+"-"):
		return len(p.Name)
	}
	return 0
}

func (h scrapeHost) inhabited(all []*monitoringv1.Prometheus) bool {
	return slices.ContainsFunc(all, func(p *monitoringv1.Prometheus) bool { return p.Namespace == h.namespace })
}

func scrapeObject(o interface {
	GetNamespace() string
	GetName() string
}) finding.Object {
	object := finding.Object{Namespace: o.GetNamespace(), Name: o.GetName()}
	switch o.(type) {
	case *monitoringv1.Prometheus:
		object.Kind = monitoringv1.PrometheusesKind
	case *monitoringv1.ServiceMonitor:
		object.Kind = monitoringv1.ServiceMonitorsKind
	}
	return object
}

// scrapeWhy is the clause that says why a Set is not Known.
func scrapeWhy(state State, why string) string {
	switch {
	case why != "":
		return why
	case state == NotInstalled:
		return "the kind is not installed"
	default:
		return "it has not been read yet"
	}
}
