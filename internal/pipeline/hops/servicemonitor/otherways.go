package servicemonitor

import (
	"fmt"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/scrape"
)

// unproven makes the findings of an answer Unknown if the Prometheus may have the series in
// another way than by a ServiceMonitor: what is broken then need not be.
func unproven(c *pipeline.Case, a answer, choice prometheus.Choice, service pipeline.OperatorService) answer {
	i := slices.IndexFunc(a.Findings, func(f finding.Finding) bool { return f.Severity == finding.Error })
	if a.by != nil || i < 0 {
		return a
	}
	why := otherWay(c.Snapshot, choice, service)
	if why == "" {
		return a
	}
	first := a.Findings[i]
	a.Findings = []finding.Finding{ScrapedOtherwise.On(first.Object, "%s; but %s, so they may be scraped in another way", finding.Text(first.Message), finding.Text(why)).
		At(first.Field).Suggest("%s", ScrapedOtherwise.Fix)}
	a.Known = false
	return a
}

// otherWay says how the Prometheus may get Kong Operator's metrics without a ServiceMonitor;
// empty if it cannot.
func otherWay(s *pipeline.Snapshot, choice prometheus.Choice, service pipeline.OperatorService) string {
	for _, p := range choice.Any {
		if p == nil {
			return "it is not known what the adapter queries"
		}
		if why := otherWayOf(s, p, service); why != "" {
			return why
		}
	}
	return ""
}

func otherWayOf(s *pipeline.Snapshot, p *monitoringv1.Prometheus, service pipeline.OperatorService) string {
	who, spec := pipeline.PrometheusObject(p), p.Spec
	switch {
	case spec.ServiceMonitorSelector == nil && spec.PodMonitorSelector == nil && spec.ProbeSelector == nil && spec.ScrapeConfigSelector == nil:
		return fmt.Sprintf("prometheus-operator does not make the configuration of %s, which has no selectors", who)
	case spec.AdditionalScrapeConfigs != nil:
		return fmt.Sprintf("%s has additionalScrapeConfigs", who)
	case spec.EnableRemoteWriteReceiver || slices.Contains(spec.EnableFeatures, "remote-write-receiver"):
		return fmt.Sprintf("%s receives what others write to it", who)
	}
	for _, kind := range []struct {
		name  string
		state pipeline.State
		why   string
	}{{"PodMonitors", s.PodMonitors.State, s.PodMonitors.Why}, {"ScrapeConfigs", s.ScrapeConfigs.State, s.ScrapeConfigs.Why}} {
		if kind.state != pipeline.Known {
			return fmt.Sprintf("its %s are not known: %s", kind.name, kind.state.Because(kind.why))
		}
	}
	for _, m := range s.PodMonitors.Items {
		if mayUse(s, p, spec.PodMonitorSelector, spec.PodMonitorNamespaceSelector, m.Labels, m.Namespace) && mayScrape(m, spec.IgnoreNamespaceSelectors, service) {
			return fmt.Sprintf("%s may use PodMonitor %s/%s", who, m.Namespace, m.Name)
		}
	}
	for _, m := range s.ScrapeConfigs.Items {
		if mayUse(s, p, spec.ScrapeConfigSelector, spec.ScrapeConfigNamespaceSelector, m.Labels, m.Namespace) {
			return fmt.Sprintf("%s may use ScrapeConfig %s/%s", who, m.Namespace, m.Name)
		}
	}
	return ""
}

// mayUse reports whether a Prometheus selects an object, or may: an invalid selector selects
// nothing, and labels of a namespace that are not known may be any.
func mayUse(s *pipeline.Snapshot, p *monitoringv1.Prometheus, by, namespaces *metav1.LabelSelector, have map[string]string, namespace string) bool {
	selector, err := metav1.LabelSelectorAsSelector(by) // of nil it selects nothing
	if err != nil || !selector.Matches(labels.Set(have)) {
		return false
	}
	selected, known := prometheus.InNamespaces(s, p, namespaces, namespace)
	return selected || !known
}

// mayScrape reports whether a PodMonitor may select the pods behind a Service: of their
// labels only those are known that the Service selects them by. Values in its selector are
// regular expressions, unless its selectorMechanism is RoleSelector.
func mayScrape(m pipeline.PodMonitor, onlyOwn bool, service pipeline.OperatorService) bool {
	in := m.Namespace == service.Namespace
	if !onlyOwn && (m.Namespaces.Any || len(m.Namespaces.MatchNames) > 0) {
		in = m.Namespaces.Any || slices.Contains(m.Namespaces.MatchNames, service.Namespace)
	}
	selector, err := metav1.LabelSelectorAsSelector(&m.Selector)
	if err != nil || !in {
		return false
	}
	requirements, _ := selector.Requirements()
	return !slices.ContainsFunc(requirements, func(r labels.Requirement) bool {
		value, known := service.Selector[r.Key()]
		if !known || r.Matches(labels.Set(service.Selector)) {
			return false
		}
		positive := r.Operator() == selection.In || r.Operator() == selection.Equals
		return !positive || !(scrape.Job{}).MatchesAny(r.ValuesUnsorted(), value)
	})
}
