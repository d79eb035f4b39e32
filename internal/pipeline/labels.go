package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// latencySeries is the histogram that Kong Operator exposes for every Service.
const latencySeries = "kong_upstream_latency_ms"

// The labels under which Prometheus discovers the labels of a Service.
const (
	serviceLabelMeta        = "__meta_kubernetes_service_label_"
	serviceLabelPresentMeta = "__meta_kubernetes_service_labelpresent_"
)

// simulation is what becomes of the subject's latency in one scrape.
type simulation struct {
	// series are stored, under these names and labels.
	series []adapterconfig.Series
	// dropped is the relabeling that drops the target; empty if none does.
	dropped string
	// unknown is a relabeling that depends on values that are not known; empty if
	// none does.
	unknown string
	// scheme, path and interval are the target's after its relabelings.
	scheme, path, interval string
}

// step is one relabeling, and where it stands.
type step struct {
	config *relabel.Config
	where  string
}

// simulate follows the subject's series through one endpoint of the monitor: the
// labels of the target, its relabelings, the conflict between the target's and
// the exposed labels, and the metric relabelings. The order is
// prometheus-operator's and Prometheus'. It fails for relabelings that neither
// would accept.
func (q scrape) simulate(endpoint int, port string) (simulation, error) {
	ep := &q.monitor.Spec.Endpoints[endpoint]
	class := scrapeClass(q.prometheus, q.monitor)
	target, err := q.steps("relabelings", endpoint, class.Relabelings, ep.RelabelConfigs)
	if err != nil {
		return simulation{}, err
	}
	metric, err := q.steps("metricRelabelings", endpoint, class.MetricRelabelings, ep.MetricRelabelConfigs)
	if err != nil {
		return simulation{}, err
	}
	set := q.discovered(endpoint, port)
	for _, s := range target {
		if !set.apply(s.config, s.where) {
			return simulation{dropped: s.where, unknown: set.unknown}, nil
		}
	}
	out := simulation{
		unknown:  set.unknown,
		scheme:   set.Get(model.SchemeLabel),
		path:     set.Get(model.MetricsPathLabel),
		interval: set.Get(model.ScrapeIntervalLabel),
	}
	honor := ep.HonorLabels && (q.prometheus == nil || !q.prometheus.Spec.OverrideHonorLabels)
	for _, exposed := range q.exposed() {
		stored, unknown, ok := storedSeries(exposed, set, honor, metric)
		out.unknown = cmp.Or(out.unknown, unknown)
		if ok {
			out.series = append(out.series, stored)
		}
	}
	return out, nil
}

// steps are the relabelings of the scrape class, then those of the endpoint, then
// that of enforcedNamespaceLabel.
func (q scrape) steps(field string, endpoint int, class, own []monitoringv1.RelabelConfig) ([]step, error) {
	var out []step
	add := func(where string, list []monitoringv1.RelabelConfig) error {
		compiled, err := compileRelabelings(list, labelNames(q.prometheus))
		if err != nil {
			return fmt.Errorf("%s%w", where, err)
		}
		for i, c := range compiled {
			out = append(out, step{c, fmt.Sprintf("%s[%d]", where, i)})
		}
		return nil
	}
	if err := add("scrape class "+field, class); err != nil {
		return nil, err
	}
	if err := add(fmt.Sprintf("endpoints[%d].%s", endpoint, field), own); err != nil {
		return nil, err
	}
	if name := q.enforcedLabel(); name != "" {
		enforced := []monitoringv1.RelabelConfig{{TargetLabel: name, Replacement: ptr.To(q.monitor.Namespace)}}
		if err := add("enforcedNamespaceLabel", enforced); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// enforcedLabel is the label that gets the monitor's namespace; empty if none does.
func (q scrape) enforcedLabel() string {
	if q.prometheus == nil {
		return ""
	}
	for _, ref := range q.prometheus.Spec.ExcludedFromEnforcement {
		if ref.Resource == monitoringv1.ServiceMonitorName && ref.Namespace == q.monitor.Namespace &&
			(ref.Name == "" || ref.Name == q.monitor.Name) {
			return ""
		}
	}
	return q.prometheus.Spec.EnforcedNamespaceLabel
}

// labelNames is which names Prometheus takes for labels: from version 3 on any.
func labelNames(p *monitoringv1.Prometheus) model.ValidationScheme {
	if p != nil && strings.HasPrefix(strings.TrimPrefix(p.Spec.Version, "v"), "2.") {
		return model.LegacyValidation
	}
	return model.UTF8Validation
}

// exposed are the subject's series as Kong Operator exposes them. A conversion to
// a native histogram happens when they are read, before any relabeling.
func (q scrape) exposed() []adapterconfig.Series {
	base := map[string]string{
		"namespace":             q.subject.Namespace,
		"service":               q.subject.Service,
		"kubernetes_apiversion": "v1",
		"kubernetes_kind":       "service",
		"kubernetes_name":       q.subject.Service,
		"kubernetes_namespace":  q.subject.Namespace,
		"dataplane_url":         placeholder,
	}
	bucket := maps.Clone(base)
	bucket[promlabels.BucketLabel] = "+Inf"
	classic := []adapterconfig.Series{
		{Name: latencySeries + "_bucket", Labels: bucket},
		{Name: latencySeries + "_count", Labels: base},
		{Name: latencySeries + "_sum", Labels: base},
	}
	if !q.converts() {
		return classic
	}
	native := adapterconfig.Series{Name: latencySeries, Labels: base}
	if q.keepsClassic() {
		return append(classic, native)
	}
	return []adapterconfig.Series{native}
}

// converts tells whether classic histograms become native ones. What the monitor
// leaves open is the Prometheus' default; version 3 began with it.
func (q scrape) converts() bool {
	if labelNames(q.prometheus) == model.LegacyValidation {
		return false
	}
	var general *bool
	if q.prometheus != nil {
		general = q.prometheus.Spec.ConvertClassicHistogramsToNHCB
	}
	return ptr.Deref(cmp.Or(q.monitor.Spec.ConvertClassicHistogramsToNHCB, general), false)
}

func (q scrape) keepsClassic() bool {
	var general *bool
	if q.prometheus != nil {
		general = q.prometheus.Spec.ScrapeClassicHistograms
	}
	return ptr.Deref(cmp.Or(q.monitor.Spec.ScrapeClassicHistograms, general), false)
}

// storedSeries is one exposed series as Prometheus stores it under a target. ok
// is false if it is dropped; unknown is a relabeling that cannot be followed.
func storedSeries(exposed adapterconfig.Series, target *labelSet, honor bool, metric []step) (stored adapterconfig.Series, unknown string, ok bool) {
	set := newLabelSet()
	for name, value := range exposed.Labels {
		set.Set(name, value)
	}
	set.Set(model.MetricNameLabel, exposed.Name)
	set.guessed["dataplane_url"] = true
	var moved []string
	for name, value := range target.public() {
		own, exposes := exposed.Labels[name]
		if honor && exposes {
			continue
		}
		if exposes && own != "" {
			moved = append(moved, name)
		}
		set.Set(name, value)
		if target.guessed[name] {
			set.guessed[name] = true
		} else {
			delete(set.guessed, name)
		}
	}
	// The shortest name first, as Prometheus does, then by name.
	slices.SortFunc(moved, func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) })
	for _, name := range moved {
		free := model.ExportedLabelPrefix + name
		for set.Get(free) != "" {
			free = model.ExportedLabelPrefix + free
		}
		set.Set(free, exposed.Labels[name])
	}
	for _, s := range metric {
		if !set.apply(s.config, s.where) {
			return adapterconfig.Series{}, set.unknown, false
		}
	}
	labels := set.Labels().Map()
	name := labels[model.MetricNameLabel]
	delete(labels, model.MetricNameLabel)
	return adapterconfig.Series{Name: name, Labels: labels}, set.unknown, name != ""
}

// public are the labels that a target gives to its series.
func (l *labelSet) public() map[string]string {
	out := l.Labels().Map()
	if out[model.InstanceLabel] == "" {
		out[model.InstanceLabel] = l.Get(model.AddressLabel)
		l.guessed[model.InstanceLabel] = l.guessed[model.AddressLabel]
	}
	maps.DeleteFunc(out, func(name, _ string) bool { return strings.HasPrefix(name, model.ReservedLabelPrefix) })
	return out
}
