package pipeline

import (
	"maps"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// namespaceName is the label that every namespace has of itself.
const namespaceName = "kubernetes.io/metadata.name"

// selection is whether a Prometheus takes a monitor. A nil selector of monitors
// takes none, an empty one all; a nil selector of namespaces takes the
// Prometheus' own, an empty one all.
type selection struct {
	taken   bool
	reason  *finding.Reason // why not, or why it is not known
	message string
}

func (s *Snapshot) selects(p *monitoringv1.Prometheus, m *monitoringv1.ServiceMonitor) selection {
	if p == nil {
		return selection{taken: true} // nothing is known of it
	}
	by := p.Spec.ServiceMonitorSelector
	if by == nil {
		return selection{reason: PrometheusTakesNoMonitors,
			message: "is not taken: " + scrapeObject(p).String() + " has no serviceMonitorSelector, so it takes no ServiceMonitor"}
	}
	selector, err := metav1.LabelSelectorAsSelector(by)
	if err != nil {
		return selection{reason: PrometheusTakesNoMonitors,
			message: "is not taken: the serviceMonitorSelector of " + scrapeObject(p).String() + " is invalid: " + err.Error()}
	}
	if !selector.Matches(labels.Set(m.Labels)) {
		return selection{reason: ServiceMonitorNotSelected, message: "is not taken: " + scrapeObject(p).String() +
			" takes ServiceMonitors with the labels " + metav1.FormatLabelSelector(by) + ", and this one has " + scrapeLabelText(m.Labels)}
	}
	taken, known := s.takesNamespace(p, m.Namespace)
	switch {
	case !known:
		return selection{reason: PrometheusSelectionUnknown,
			message: "is in namespace " + m.Namespace + ", and whether " + scrapeObject(p).String() + " takes ServiceMonitors of it is not known: " +
				scrapeWhy(s.Namespaces.State, s.Namespaces.Why)}
	case !taken:
		return selection{reason: ServiceMonitorNotSelected, message: "is not taken: " + scrapeObject(p).String() +
			" takes ServiceMonitors of " + scrapeNamespaceText(p) + ", and this one is in " + m.Namespace}
	}
	return selection{taken: true}
}

// takesNamespace tells whether a Prometheus takes the monitors of a namespace.
func (s *Snapshot) takesNamespace(p *monitoringv1.Prometheus, namespace string) (taken, known bool) {
	by := p.Spec.ServiceMonitorNamespaceSelector
	if by == nil {
		return p.Namespace == namespace, true
	}
	selector, err := metav1.LabelSelectorAsSelector(by)
	if err != nil {
		return false, true // prometheus-operator then makes no configuration
	}
	if selector.Empty() {
		return true, true
	}
	if s.Namespaces.State != Known {
		return false, false
	}
	set := labels.Set{namespaceName: namespace}
	for _, n := range s.Namespaces.Items {
		if n.Name == namespace {
			maps.Copy(set, n.Labels)
		}
	}
	return selector.Matches(set), true
}

func scrapeNamespaceText(p *monitoringv1.Prometheus) string {
	by := p.Spec.ServiceMonitorNamespaceSelector
	if by == nil {
		return "its own namespace only"
	}
	return "namespaces with the labels " + metav1.FormatLabelSelector(by)
}

func scrapeLabelText(set map[string]string) string {
	if len(set) == 0 {
		return "none"
	}
	return labels.FormatLabels(set)
}

// monitorLabels adds to have what a selector asks for, with as few labels as can
// be. ok is false if no labels satisfy it.
func monitorLabels(by *metav1.LabelSelector, have map[string]string) (out map[string]string, ok bool) {
	selector, err := metav1.LabelSelectorAsSelector(by)
	if err != nil || by == nil {
		return nil, false
	}
	out = maps.Clone(have)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, by.MatchLabels)
	requirements, _ := selector.Requirements()
	for _, r := range requirements {
		if !r.Matches(labels.Set(out)) {
			satisfy(out, r, requirements)
		}
	}
	if len(out) == 0 {
		out = nil
	}
	return out, selector.Matches(labels.Set(out))
}

// satisfy sets the label of one requirement to a value that the others allow too.
func satisfy(set map[string]string, r labels.Requirement, all labels.Requirements) {
	values := slices.Sorted(slices.Values(r.ValuesUnsorted()))
	switch op := string(r.Operator()); op {
	case "in", "=", "==":
	case "exists":
		values = []string{"true"}
		for _, o := range all {
			if o.Key() == r.Key() && (o.Operator() == "in" || o.Operator() == "=") {
				values = slices.Sorted(slices.Values(o.ValuesUnsorted()))
			}
		}
	default: // notin, !=, !
		delete(set, r.Key())
		return
	}
	for _, v := range values {
		set[r.Key()] = v
		if !slices.ContainsFunc(all, func(o labels.Requirement) bool {
			return o.Key() == r.Key() && !o.Matches(labels.Set(set))
		}) {
			return
		}
	}
}

// monitorNamespace is where a monitor of the Service has to be for the Prometheus
// to take it: beside the Service if it can be, else beside the Prometheus, else
// in the first namespace that will do. ok is false if there is none, or none from
// which it could look into the Service's namespace.
func (s *Snapshot) monitorNamespace(p *monitoringv1.Prometheus, service string) (namespace string, ok bool) {
	if p == nil {
		return service, true
	}
	candidates := []string{service}
	if !p.Spec.IgnoreNamespaceSelectors {
		candidates = append(candidates, p.Namespace)
		for _, n := range s.Namespaces.Items {
			if !strings.HasPrefix(n.Name, "kube-") {
				candidates = append(candidates, n.Name)
			}
		}
	}
	for _, n := range candidates {
		if taken, _ := s.takesNamespace(p, n); taken {
			return n, true
		}
	}
	return service, false
}
