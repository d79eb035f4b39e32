package prometheus

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/labels"
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
	all := s.Prometheuses
	switch {
	case all.State != pipeline.Known:
		return unknown(Unknown.On(finding.Object{Kind: monitoringv1.PrometheusesKind},
			"whether a Prometheus selects the ServiceMonitor is not known: %s", all.State.Because(all.Why)))
	case len(all.Items) == 0:
		return unknown(NotFound.On(finding.Object{Kind: monitoringv1.PrometheusesKind},
			"there is no Prometheus object in the cluster, so whether anything uses ServiceMonitors is not known").
			Suggest("%s", NotFound.Fix))
	case s.Adapter.State != pipeline.Known || s.Adapter.PrometheusURL == "":
		return Choice{Any: all.Items}
	}
	behind, why := queried(s)
	if behind == nil {
		if f, ok := defaultURL(s); ok {
			return Choice{Any: all.Items, Findings: []finding.Finding{f}}
		}
		return unknown(NotKnown.On(s.Adapter.Deployment, "the adapter queries %s, and %s", s.Adapter.PrometheusURL, why).
			Suggest("%s", NotKnown.Fix))
	}
	var c Choice
	for _, p := range all.Items {
		if behind(p) {
			c.Any = append(c.Any, p)
		} else {
			c.Others = append(c.Others, p)
		}
	}
	if len(c.Any) == 1 && ptr.Deref(c.Any[0].Spec.Shards, 1) > 1 {
		c.Findings = append(c.Findings, sharded(s, c.Any[0]))
	}
	return c
}

// unknown is the choice of a Prometheus of which nothing is known.
func unknown(f finding.Finding) Choice {
	return Choice{Any: []*monitoringv1.Prometheus{nil}, Findings: []finding.Finding{f}}
}

// queried returns what reports whether the adapter's URL leads to a Prometheus, of which
// there is at least one. It is nil if the URL leads to none that is known, which why says.
func queried(s *pipeline.Snapshot) (is func(*monitoringv1.Prometheus) bool, why string) {
	host, ok := pipeline.ServiceHostOf(s.Adapter.PrometheusURL, s.Adapter.Deployment.Namespace)
	if !ok {
		return nil, "that is no Service of the cluster"
	}
	b := s.Adapter.Backend
	switch {
	case b.State != pipeline.Known:
		is, why = func(p *monitoringv1.Prometheus) bool { return named(host, p) }, "which Prometheus that is could not be found out"
	case !b.Found:
		return nil, fmt.Sprintf("there is no Service %s", host.Service)
	case b.External != "":
		return nil, fmt.Sprintf("that is an alias of %s, outside of the cluster", b.External)
	default:
		is = func(p *monitoringv1.Prometheus) bool {
			return p.Namespace == b.Service.Namespace && selectsPods(b.Selector, p) && ofPod(host, p)
		}
		why = fmt.Sprintf("Service %s is the one of no Prometheus object", b.Service)
	}
	if !slices.ContainsFunc(s.Prometheuses.Items, is) {
		return nil, why
	}
	return is, ""
}

// AdapterService is the Service that the adapter's --prometheus-url names; ok
// is false if it is not known, or names none.
func AdapterService(a pipeline.Adapter) (namespace, name string, ok bool) {
	if a.State != pipeline.Known || a.PrometheusURL == "" {
		return "", "", false
	}
	host, ok := pipeline.ServiceHostOf(a.PrometheusURL, a.Deployment.Namespace)
	return host.Service.Namespace, host.Service.Name, ok
}

// selectsPods reports whether a selector matches the pods of a Prometheus.
// Source: prometheus-operator, pkg/prometheus/server, makeSelectorLabels.
func selectsPods(selector map[string]string, p *monitoringv1.Prometheus) bool {
	pod := labels.Set{
		"app.kubernetes.io/managed-by":       "prometheus-operator",
		"app.kubernetes.io/name":             "prometheus",
		"app.kubernetes.io/instance":         p.Name,
		"operator.prometheus.io/name":        p.Name,
		"prometheus":                         p.Name,
		"operator.prometheus.io/shard":       cmp.Or(selector["operator.prometheus.io/shard"], "0"),
		"app.kubernetes.io/version":          selector["app.kubernetes.io/version"],
		"statefulset.kubernetes.io/pod-name": selector["statefulset.kubernetes.io/pod-name"],
	}
	if m := p.Spec.PodMetadata; m != nil {
		pod = labels.Merge(m.Labels, pod)
	}
	return len(selector) > 0 && labels.SelectorFromSet(selector).Matches(pod)
}

// ofPod reports whether the pod in a host's name, if there is one, is of the Prometheus.
func ofPod(h pipeline.ServiceHost, p *monitoringv1.Prometheus) bool {
	return h.Pod == "" || strings.HasPrefix(h.Pod, "prometheus-"+p.Name+"-")
}

// named reports whether the Service of a host is one of the Prometheus by its name: the one
// that prometheus-operator makes, or one that has exactly the name that the usual charts
// give it.
func named(h pipeline.ServiceHost, p *monitoringv1.Prometheus) bool {
	if h.Service.Namespace != p.Namespace || !ofPod(h, p) {
		return false
	}
	return slices.Contains([]string{
		ptr.Deref(p.Spec.ServiceName, operatedService), p.Name, "prometheus-" + p.Name, p.Name + "-prometheus",
	}, h.Service.Name)
}

// defaultURL is the finding about an adapter that queries what its chart has as an example.
func defaultURL(s *pipeline.Snapshot) (finding.Finding, bool) {
	namespace, name, _ := AdapterService(s.Adapter)
	there := slices.ContainsFunc(s.Prometheuses.Items, func(p *monitoringv1.Prometheus) bool { return p.Namespace == namespace })
	if name != "prometheus" || namespace != "default" || there || s.Adapter.Backend.Found {
		return finding.Finding{}, false
	}
	p := s.Prometheuses.Items[0]
	return NotQueried.On(s.Adapter.Deployment,
		"the adapter queries %s, the default of its chart, and there is no Prometheus in that namespace, but %s", s.Adapter.PrometheusURL, pipeline.PrometheusObject(p)).Suggest(
		"Set prometheus.url in the values of the adapter's chart to http://%s.%s.svc.", ptr.Deref(p.Spec.ServiceName, operatedService), p.Namespace), true
}

func sharded(s *pipeline.Snapshot, p *monitoringv1.Prometheus) finding.Finding {
	return Sharded.On(pipeline.PrometheusObject(p),
		"it has %d shards, of which one scrapes each target, and the adapter queries %s before all of them: most answers do not have the metric",
		*p.Spec.Shards, s.Adapter.PrometheusURL).At("spec", "shards").Suggest("%s", Sharded.Fix)
}
