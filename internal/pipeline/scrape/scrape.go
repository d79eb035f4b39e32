// Package scrape has the facts about one ServiceMonitor, the Service that it selects, and
// the Prometheus that selects it: which Services and ports the monitor selects, whether
// prometheus-operator accepts it, and what is stored in the end. What follows from the
// facts is judged by hops.
package scrape

import (
	"cmp"
	"fmt"
	"maps"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// Job is one question: what becomes of a histogram if this monitor makes this
// Prometheus scrape this Service? A nil Prometheus is one of which nothing is known.
type Job struct {
	Service    pipeline.OperatorService
	Prometheus *monitoringv1.Prometheus
	Monitor    *monitoringv1.ServiceMonitor
	Histogram  *pipeline.Histogram
	// Any is the histogram of the Service sim.AnyService; nil if the shape of what is stored
	// does not matter.
	Any *pipeline.Histogram
	// Records are the recording rules of the Prometheus over the histogram.
	Records []sim.Record
	// Regexps compiles the regular expressions of the monitor; nil compiles each anew.
	Regexps *bound.Regexps
}

// General are the settings of the Prometheus; all unset if nothing is known of it.
func (q Job) General() *monitoringv1.CommonPrometheusFields {
	if q.Prometheus == nil {
		return &monitoringv1.CommonPrometheusFields{}
	}
	return &q.Prometheus.Spec.CommonPrometheusFields
}

// Outcome is what becomes of the histogram in one scrape.
type Outcome struct {
	sim.Stored
	// Dropped is the relabeling that drops the target; empty if none does.
	Dropped string
	// Unknown is a relabeling that depends on values that are not known; empty if
	// none does.
	Unknown string
	// Scheme, path and interval are the target's after its relabelings.
	Scheme, Path, Interval string
}

// Simulate follows the series of the histogram through one endpoint of the monitor: the
// labels of the target, its relabelings, the conflict between the target's and
// the exposed labels, and the metric relabelings. The order is
// prometheus-operator's and Prometheus'. It fails for relabelings that neither
// would accept.
func (q Job) Simulate(endpoint int, port string) (Outcome, error) {
	ep := &q.Monitor.Spec.Endpoints[endpoint]
	class := q.scrapeClass()
	target, err := q.steps("relabelings", endpoint, class.Relabelings, ep.RelabelConfigs)
	if err != nil {
		return Outcome{}, err
	}
	metric, err := q.steps("metricRelabelings", endpoint, class.MetricRelabelings, ep.MetricRelabelConfigs)
	if err != nil {
		return Outcome{}, err
	}
	set := q.discovered(endpoint, port)
	for _, s := range target {
		if !set.Apply(s) {
			return Outcome{Dropped: s.Where, Unknown: set.Unknown}, nil
		}
	}
	if why := unscrapable(set, q.interval(endpoint) != ""); why != "" {
		return Outcome{Dropped: fmt.Sprintf("endpoints[%d].relabelings, which leave %s", endpoint, why), Unknown: set.Unknown}, nil
	}
	out := Outcome{
		Unknown:  set.Unknown,
		Scheme:   set.Get(model.SchemeLabel),
		Path:     set.Get(model.MetricsPathLabel),
		Interval: set.Get(model.ScrapeIntervalLabel),
	}
	honor := ep.HonorLabels && !q.General().OverrideHonorLabels
	for _, exposed := range q.exposed(q.Histogram) {
		stored, labels, ok := sim.Store(exposed, q.Histogram, set, honor, metric)
		out.Unknown = cmp.Or(out.Unknown, labels.Unknown)
		if ok {
			out.Series = append(out.Series, stored)
		}
	}
	if q.Any != nil {
		out.Shape = q.shape(set, honor, metric)
	}
	return out, nil
}

// unscrapable is what is left of a target that Prometheus does not scrape, although no
// relabeling drops it; empty if it does. Not known is the interval of a Prometheus of which
// nothing is known.
func unscrapable(target *sim.Labels, intervalKnown bool) string {
	if target.Get(model.AddressLabel) == "" {
		return "no address"
	}
	interval := target.Get(model.ScrapeIntervalLabel)
	if d, err := model.ParseDuration(interval); (intervalKnown || interval != "") && (err != nil || d == 0) {
		return "no scrape interval"
	}
	return ""
}

// shape is what becomes of the histogram of any Service.
func (q Job) shape(target *sim.Labels, honor bool, metric []sim.Step) *sim.Shape {
	out := &sim.Shape{
		Target: target.Public(), Guessed: map[string]bool{}, Replica: q.Any.Replica, Exact: q.labelNames() == model.LegacyValidation,
		Features: q.features(), FeaturesKnown: q.Prometheus != nil, Records: q.Records,
	}
	for name := range out.Target {
		out.Guessed[name] = target.Guessed[name]
	}
	for _, exposed := range q.exposed(q.Any) {
		stored, labels, ok := sim.Store(exposed, q.Any, target, honor, metric)
		if ok {
			out.Streams = append(out.Streams, sim.Stream{Series: stored, Role: sim.RoleOf(exposed.Name)})
			maps.Copy(out.Guessed, labels.Guessed)
		}
	}
	return out
}

// features are the feature flags of the Prometheus.
func (q Job) features() []string {
	var out []string
	for _, f := range q.General().EnableFeatures {
		out = append(out, string(f))
	}
	return out
}

// steps are the relabelings of the scrape class, then those of the endpoint, then
// that of enforcedNamespaceLabel.
func (q Job) steps(field string, endpoint int, class, own []monitoringv1.RelabelConfig) ([]sim.Step, error) {
	var out []sim.Step
	add := func(where string, list []monitoringv1.RelabelConfig) error {
		steps, i, err := sim.Compile(list, q.labelNames(), q.Regexps)
		if err != nil {
			return fmt.Errorf("%s[%d]: %w", where, i, err)
		}
		for i, s := range steps {
			s.Where = fmt.Sprintf("%s[%d]", where, i)
			out = append(out, s)
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
		enforced := []monitoringv1.RelabelConfig{{TargetLabel: name, Replacement: ptr.To(q.Monitor.Namespace)}}
		if err := add("enforcedNamespaceLabel", enforced); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// enforcedLabel is the label that gets the monitor's namespace; empty if none does.
func (q Job) enforcedLabel() string {
	for _, ref := range q.General().ExcludedFromEnforcement {
		if ref.Resource == monitoringv1.ServiceMonitorName && ref.Namespace == q.Monitor.Namespace &&
			(ref.Name == "" || ref.Name == q.Monitor.Name) {
			return ""
		}
	}
	return q.General().EnforcedNamespaceLabel
}

// labelNames is which label names Prometheus accepts: any since version 3.
func (q Job) labelNames() model.ValidationScheme {
	if strings.HasPrefix(strings.TrimPrefix(q.General().Version, "v"), "2.") {
		return model.LegacyValidation
	}
	return model.UTF8Validation
}

// exposed are the series as the source exposes them. A conversion to a native
// histogram happens when they are read, before any relabeling.
func (q Job) exposed(h *pipeline.Histogram) []adapterconfig.Series {
	base := maps.Clone(h.Labels)
	base[h.Replica] = usualReplica
	bucket := maps.Clone(base)
	bucket[promlabels.BucketLabel] = "+Inf"
	classic := []adapterconfig.Series{
		{Name: h.Name + "_bucket", Labels: bucket},
		{Name: h.Name + "_count", Labels: base},
		{Name: h.Name + "_sum", Labels: base},
	}
	if !q.Converts() {
		return classic
	}
	native := adapterconfig.Series{Name: h.Name, Labels: base}
	if q.KeepsClassic() {
		return append(classic, native)
	}
	return []adapterconfig.Series{native}
}

// Converts reports whether classic histograms become native ones. What the monitor
// leaves open is the Prometheus' default; version 3 began with it.
func (q Job) Converts() bool {
	if q.labelNames() == model.LegacyValidation {
		return false
	}
	return ptr.Deref(cmp.Or(q.Monitor.Spec.ConvertClassicHistogramsToNHCB, q.General().ConvertClassicHistogramsToNHCB), false)
}

// KeepsClassic reports whether the classic series are stored beside native ones.
func (q Job) KeepsClassic() bool {
	return ptr.Deref(cmp.Or(q.Monitor.Spec.ScrapeClassicHistograms, q.General().ScrapeClassicHistograms), false)
}
