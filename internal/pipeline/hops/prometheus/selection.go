package prometheus

import (
	"maps"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// NamespaceName is the label that every namespace has of itself.
const NamespaceName = "kubernetes.io/metadata.name"

// Selection is whether a Prometheus selects a monitor.
type Selection struct {
	Selected bool
	// Reason is that of the Prometheus; nil if the monitor is what does not fit.
	Reason *finding.Reason
	// Message says why not, or why it is not known, and field is the monitor's, or the
	// Prometheus' if the reason is.
	Message string
	Field   finding.Path
}

// Select reports whether a Prometheus selects a monitor. A nil selector of monitors
// selects none, an empty one all; a nil selector of namespaces selects the Prometheus'
// own, an empty one all. A nil Prometheus is one of which nothing is known.
func Select(s *pipeline.Snapshot, p *monitoringv1.Prometheus, m *monitoringv1.ServiceMonitor) Selection {
	if p == nil {
		return Selection{Selected: true}
	}
	by, who := p.Spec.ServiceMonitorSelector, pipeline.PrometheusObject(p)
	if by == nil {
		return Selection{Reason: SelectsNoServiceMonitors, Field: finding.NewPath("spec", "serviceMonitorSelector"),
			Message: finding.Sprintf("is not selected: %s has no serviceMonitorSelector, so it selects no ServiceMonitor", who)}
	}
	selector, err := metav1.LabelSelectorAsSelector(by)
	if err != nil {
		return Selection{Reason: SelectsNoServiceMonitors, Field: finding.NewPath("spec", "serviceMonitorSelector"),
			Message: finding.Sprintf("is not selected: the serviceMonitorSelector of %s is invalid: %v", who, err)}
	}
	if !selector.Matches(labels.Set(m.Labels)) {
		return Selection{Field: finding.NewPath("metadata", "labels"), Message: finding.Sprintf(
			"is not selected: %s selects ServiceMonitors with the labels %s, and this one has %s", who, metav1.FormatLabelSelector(by), LabelText(m.Labels))}
	}
	selected, known := SelectsNamespace(s, p, m.Namespace)
	switch {
	case !known:
		return Selection{Reason: SelectionUnknown, Field: finding.NewPath("metadata", "namespace"), Message: finding.Sprintf(
			"is in namespace %s, and whether %s selects ServiceMonitors of it is not known: %s", m.Namespace, who, s.Namespaces.State.Because(s.Namespaces.Why))}
	case !selected:
		return Selection{Field: finding.NewPath("metadata", "namespace"), Message: finding.Sprintf(
			"is not selected: %s selects ServiceMonitors of %s, and this one is in %s", who, namespacesText(p), m.Namespace)}
	}
	return Selection{Selected: true}
}

// SelectsNamespace reports whether a Prometheus selects the monitors of a namespace.
func SelectsNamespace(s *pipeline.Snapshot, p *monitoringv1.Prometheus, namespace string) (selected, known bool) {
	return InNamespaces(s, p, p.Spec.ServiceMonitorNamespaceSelector, namespace)
}

// InNamespaces reports whether a namespace selector of a Prometheus selects a namespace; a
// nil one selects its own.
func InNamespaces(s *pipeline.Snapshot, p *monitoringv1.Prometheus, by *metav1.LabelSelector, namespace string) (selected, known bool) {
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
	if s.Namespaces.State != pipeline.Known {
		return false, false
	}
	set := labels.Set{NamespaceName: namespace}
	for _, n := range s.Namespaces.Items {
		if n.Name == namespace {
			maps.Copy(set, n.Labels)
		}
	}
	return selector.Matches(set), true
}

func namespacesText(p *monitoringv1.Prometheus) string {
	by := p.Spec.ServiceMonitorNamespaceSelector
	if by == nil {
		return "its own namespace only"
	}
	return "namespaces with the labels " + metav1.FormatLabelSelector(by)
}

// LabelText is a set of labels in one line.
func LabelText(set map[string]string) string {
	if len(set) == 0 {
		return "none"
	}
	return labels.FormatLabels(set)
}

// LabelsFor adds to have what a selector requires, with as few labels as possible.
// ok is false if no labels satisfy it.
func LabelsFor(by *metav1.LabelSelector, have map[string]string) (out map[string]string, ok bool) {
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

// NamespaceFor is where a monitor of the Service has to be for the Prometheus
// to select it: beside the Service if it can be, else beside the Prometheus, else
// in the first namespace that it selects. ok is false if there is none, or none from
// which it could look into the Service's namespace.
func NamespaceFor(s *pipeline.Snapshot, p *monitoringv1.Prometheus, service string) (namespace string, ok bool) {
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
		if selected, _ := SelectsNamespace(s, p, n); selected {
			return n, true
		}
	}
	return service, false
}
