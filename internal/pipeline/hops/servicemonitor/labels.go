package servicemonitor

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
	"github.com/kong-latency/kong-latency/internal/pipeline/scrape"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// trial is something in a monitor that may be why what it stores is of no use,
// and what removes it.
type trial struct {
	reason  *finding.Reason
	field   finding.Path
	message string
	repair  repair
}

// judgeLabels finds why what is stored is of no use to the adapter. The cause is
// found by trying: it is what has to be removed from the monitor to fix it.
func (j *judgement) judgeLabels(endpoint int, sim scrape.Outcome, port string) {
	if sim.Unknown != "" {
		j.add(RelabelingUnknown, inEndpoint(endpoint), nil,
			"has a relabeling that depends on values that only Prometheus knows: %s", sim.Unknown)
		return
	}
	if sim.Dropped == "" && j.useful(sim.Stored) {
		return
	}
	trials := j.affordable(j.trials(endpoint, sim))
	for _, t := range trials {
		if j.fixes(t.repair, endpoint, port) {
			j.add(t.reason, t.field, t.repair, "%s", t.message)
			return
		}
	}
	// Only several changes together, or none to the monitor, would do.
	if j.Converts() && !j.KeepsClassic() {
		j.add(trials[0].reason, trials[0].field, trials[0].repair, "%s", trials[0].message) // the others show once this is fixed
		return
	}
	reason, message := j.worst(sim)
	var all repair
	if len(trials) > 0 {
		all = func(m *monitoringv1.ServiceMonitor) {
			ep := &m.Spec.Endpoints[endpoint]
			ep.HonorLabels, ep.RelabelConfigs, ep.MetricRelabelConfigs = false, nil, nil
		}
	}
	j.add(reason, inEndpoint(endpoint), all, "%s", message)
}

// maxTrialWork bounds the trials of one endpoint, in instructions of regular expressions.
const maxTrialWork = 100_000

// affordable are the first of the trials: each runs all relabelings again.
func (q question) affordable(trials []trial) []trial {
	size, _ := q.Cost()
	return trials[:min(len(trials), maxTrialWork/max(size, 1000)+1)]
}

// worst is what can be said of a scrape without knowing the one cause.
func (q question) worst(sim scrape.Outcome) (*finding.Reason, string) {
	switch {
	case sim.Dropped != "":
		return TargetDropped, "drops the operator as a target by " + sim.Dropped
	case !q.hasRates(sim.Series):
		return SeriesDropped, "does not store " + q.Histogram.Name + "_sum and _count, because of relabelings of its own, its scrape class or its Prometheus"
	}
	return LabelsLost, "stores the latency without the labels that identify its Service, because of relabelings of its own, its scrape class or its Prometheus"
}

// trials are what in the endpoint could be the cause, likelier things first; a
// conversion to native histograms is always the first.
func (q question) trials(endpoint int, sim scrape.Outcome) []trial {
	ep := q.Monitor.Spec.Endpoints[endpoint]
	var out []trial
	if q.Converts() && !q.KeepsClassic() {
		out = append(out, trial{HistogramsConverted, finding.NewPath("spec", "convertClassicHistogramsToNHCB"),
			"stores native histograms only (convertClassicHistogramsToNHCB without scrapeClassicHistograms), and the metric is made of " + q.Histogram.Name + "_sum and _count",
			func(m *monitoringv1.ServiceMonitor) { m.Spec.ScrapeClassicHistograms = ptr.To(true) }})
	}
	if ep.HonorLabels {
		out = append(out, trial{HonorLabels, inEndpoint(endpoint, "honorLabels"),
			"has honorLabels, under which there are no labels exported_namespace and exported_service, and the adapter's rule needs them",
			func(m *monitoringv1.ServiceMonitor) { m.Spec.Endpoints[endpoint].HonorLabels = false }})
	}
	reason, what := LabelsLost, "removes, or changes, labels that identify the Service of a series"
	switch {
	case sim.Dropped != "":
		reason, what = TargetDropped, "drops the operator as a target"
	case !q.hasRates(sim.Series):
		reason, what = SeriesDropped, "drops or renames "+q.Histogram.Name+"_sum or _count, of which the metric is made"
	}
	for _, list := range []struct {
		field string
		of    func(*monitoringv1.Endpoint) *[]monitoringv1.RelabelConfig
	}{
		{"metricRelabelings", func(ep *monitoringv1.Endpoint) *[]monitoringv1.RelabelConfig { return &ep.MetricRelabelConfigs }},
		{"relabelings", func(ep *monitoringv1.Endpoint) *[]monitoringv1.RelabelConfig { return &ep.RelabelConfigs }},
	} {
		for k, c := range *list.of(&ep) {
			out = append(out, trial{reason, inEndpoint(endpoint, list.field, k), fmt.Sprintf("%s: endpoints[%d].%s[%d] (%s)", what, endpoint, list.field, k, relabelText(c)),
				func(m *monitoringv1.ServiceMonitor) {
					configs := list.of(&m.Spec.Endpoints[endpoint])
					*configs = slices.Delete(slices.Clone(*configs), k, k+1)
				}})
		}
	}
	return out
}

func relabelText(c monitoringv1.RelabelConfig) string {
	action := cmp.Or(c.Action, "replace")
	if c.TargetLabel != "" {
		action += " " + finding.Cut(c.TargetLabel)
	}
	if c.Regex != "" {
		action += finding.Sprintf(" %q", c.Regex)
	}
	return action
}

// fixes reports whether the monitor stores something useful after a change.
func (q question) fixes(change repair, endpoint int, port string) bool {
	q.Monitor = q.Monitor.DeepCopy()
	change(q.Monitor)
	sim, err := q.Simulate(endpoint, port)
	return err == nil && sim.Dropped == "" && sim.Unknown == "" && q.useful(sim.Stored)
}

// useful reports whether a rule can make the metric of the series. If the adapter
// has one that would make it of what an ordinary monitor stores, it has to serve
// these as well; otherwise the rule of the source must be able to, which needs the
// labels that identify the Service however it is scraped.
func (q question) useful(stored sim.Stored) bool {
	ordinary, series := q.ordinary(), stored.Series
	if sameDecisive(q.Histogram, series, ordinary.Series) {
		return true
	}
	if verdict, ok := q.c.Explain(stored); ok {
		if verdict.Answer != rulecheck.No {
			return true
		}
		if other, _ := q.c.Explain(ordinary); other.Answer != rulecheck.No {
			return false
		}
	}
	return q.hasRates(series) && !slices.ContainsFunc(series, func(s adapterconfig.Series) bool {
		return slices.ContainsFunc(q.Histogram.Identity, func(name string) bool { return s.Labels[name] != q.Histogram.Labels[name] })
	})
}

// hasRates reports whether the series of which the metric is made are there.
func (q question) hasRates(series []adapterconfig.Series) bool {
	for _, suffix := range []string{"_sum", "_count"} {
		if !slices.ContainsFunc(series, func(s adapterconfig.Series) bool { return s.Name == q.Histogram.Name+suffix }) {
			return false
		}
	}
	return true
}

// sameDecisive reports whether two lists of series are the same to a rule that uses
// the labels that identify the Service.
func sameDecisive(h *pipeline.Histogram, a, b []adapterconfig.Series) bool {
	return slices.EqualFunc(a, b, func(x, y adapterconfig.Series) bool {
		return x.Name == y.Name && maps.Equal(decisiveOf(h, x.Labels), decisiveOf(h, y.Labels))
	})
}

func decisiveOf(h *pipeline.Histogram, labels map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range labels {
		if sim.Decisive(h, name) {
			out[name] = value
		}
	}
	return out
}
