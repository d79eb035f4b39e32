package scraping

import (
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// monitored is the namespace of all Prometheus objects.
const monitored = "monitoring"

func byLabels(pairs ...string) *metav1.LabelSelector {
	by := &metav1.LabelSelector{}
	for i := 0; i < len(pairs); i += 2 {
		metav1.AddLabelToSelector(by, pairs[i], pairs[i+1])
	}
	return by
}

func except(key string, values ...string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: metav1.LabelSelectorOpNotIn, Values: values}}}
}

// prometheuses are Prometheus objects that differ in what they select and set.
func prometheuses() []*monitoringv1.Prometheus {
	variants := []struct {
		name   string
		change func(*monitoringv1.PrometheusSpec)
	}{
		{"all", func(*monitoringv1.PrometheusSpec) {}},
		{"none", func(p *monitoringv1.PrometheusSpec) { p.ServiceMonitorSelector, p.PodMonitorSelector = nil, byLabels() }},
		{"own-namespace", func(p *monitoringv1.PrometheusSpec) {
			p.ServiceMonitorNamespaceSelector, p.PodMonitorNamespaceSelector = nil, nil
		}},
		{"labels", func(p *monitoringv1.PrometheusSpec) {
			p.ServiceMonitorSelector, p.ServiceMonitorNamespaceSelector = except("tier", "x"), byLabels("team", "kong")
			p.PodMonitorSelector, p.PodMonitorNamespaceSelector = except("tier", "x"), except("team", "shop")
		}},
		{"enforced", func(p *monitoringv1.PrometheusSpec) {
			p.ServiceMonitorSelector = byLabels("release", "a")
			p.EnforcedNamespaceLabel = "namespace"
			p.ExcludedFromEnforcement = []monitoringv1.ObjectReference{{Group: "monitoring.coreos.com", Resource: "servicemonitors", Namespace: "shop"}}
			p.OverrideHonorLabels = true
		}},
		{"confined", func(p *monitoringv1.PrometheusSpec) {
			p.ServiceMonitorSelector = byLabels("release", "b")
			p.ArbitraryFSAccessThroughSMs.Deny, p.IgnoreNamespaceSelectors = true, true
			p.ScrapeInterval = "20s"
		}},
		{"classes", func(p *monitoringv1.PrometheusSpec) {
			p.ServiceMonitorSelector = byLabels("release", "c")
			drop := []monitoringv1.RelabelConfig{{Action: "drop", SourceLabels: []monitoringv1.LabelName{"service"}, Regex: "other"}}
			team := []monitoringv1.RelabelConfig{{TargetLabel: "team", Replacement: ptr.To("of-class")}}
			p.ScrapeClasses = []monitoringv1.ScrapeClass{{Name: "usual", Default: new(true), Relabelings: drop}, {Name: "named", MetricRelabelings: team}}
			p.EnforcedLabelLimit = new(int64(20))
		}},
		{"slices", func(p *monitoringv1.PrometheusSpec) {
			p.ServiceMonitorSelector = byLabels("release", "d")
			p.ServiceDiscoveryRole = new(monitoringv1.EndpointSliceRole)
			p.PodTargetLabels = []string{"track"}
			p.ConvertClassicHistogramsToNHCB = new(true)
		}},
		{"old", func(p *monitoringv1.PrometheusSpec) {
			p.ServiceMonitorSelector = byLabels("release", "a", "tier", "y")
			p.Version = "v2.55.1"
		}},
	}
	var out []*monitoringv1.Prometheus
	for _, v := range variants {
		p := &monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: monitored, Name: v.name}}
		p.Spec.ScrapeInterval = "30s"
		p.Spec.ServiceMonitorSelector, p.Spec.PodMonitorSelector = byLabels(), byLabels()
		p.Spec.ServiceMonitorNamespaceSelector, p.Spec.PodMonitorNamespaceSelector = byLabels(), byLabels()
		v.change(&p.Spec)
		out = append(out, p)
	}
	return out
}
