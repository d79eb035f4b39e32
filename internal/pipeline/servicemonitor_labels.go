package pipeline

import (
	"fmt"
	"maps"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
)

// trial is something in a monitor that may be why what it stores is of no use,
// and what takes it out.
type trial struct {
	reason  *finding.Reason
	message string
	repair  repair
}

// judgeLabels finds why what is stored is of no use to the adapter. The cause is
// found by trying: it is what has to be taken out of the monitor to mend it.
func (j *judgement) judgeLabels(endpoint int, sim simulation, port string) {
	if sim.unknown != "" {
		j.add(ServiceMonitorRelabelingUnknown, nil,
			"has a relabeling that depends on values that only Prometheus knows: %s", sim.unknown)
		return
	}
	if sim.dropped == "" && j.useful(sim.series) {
		return
	}
	trials := j.trials(endpoint, sim)
	for _, t := range trials {
		if j.mends(t.repair, endpoint, port) {
			j.add(t.reason, t.repair, "%s", t.message)
			return
		}
	}
	// Only several changes together, or none to the monitor, would do.
	if j.converts() && !j.keepsClassic() {
		j.add(trials[0].reason, trials[0].repair, "%s", trials[0].message) // the others show once this is mended
		return
	}
	reason, message := worst(sim)
	var all repair
	if len(trials) > 0 {
		all = func(m *monitoringv1.ServiceMonitor) {
			ep := &m.Spec.Endpoints[endpoint]
			ep.HonorLabels, ep.RelabelConfigs, ep.MetricRelabelConfigs = false, nil, nil
		}
	}
	j.add(reason, all, "%s", message)
}

// worst is what can be said of a scrape without knowing the one cause.
func worst(sim simulation) (*finding.Reason, string) {
	switch {
	case sim.dropped != "":
		return ServiceMonitorTargetDropped, "drops the operator as a target by " + sim.dropped
	case !hasRates(sim.series):
		return ServiceMonitorSeriesDropped, "does not store " + latencySeries + "_sum and _count, because of relabelings of its own, its scrape class or its Prometheus"
	}
	return ServiceMonitorLabelsLost, "stores the latency without the labels that tell its Service, because of relabelings of its own, its scrape class or its Prometheus"
}

// trials are what in the endpoint could be the cause, likelier things first; a
// conversion to native histograms is always the first.
func (q scrape) trials(endpoint int, sim simulation) []trial {
	ep := q.monitor.Spec.Endpoints[endpoint]
	var out []trial
	if q.converts() && !q.keepsClassic() {
		out = append(out, trial{ServiceMonitorHistogramsConverted,
			"stores native histograms only (convertClassicHistogramsToNHCB without scrapeClassicHistograms), and the metric is made of " + latencySeries + "_sum and _count",
			func(m *monitoringv1.ServiceMonitor) { m.Spec.ScrapeClassicHistograms = ptr.To(true) }})
	}
	if ep.HonorLabels {
		out = append(out, trial{ServiceMonitorHonorLabels,
			"has honorLabels, under which there are no labels exported_namespace and exported_service, and the adapter's rule needs them",
			func(m *monitoringv1.ServiceMonitor) { m.Spec.Endpoints[endpoint].HonorLabels = false }})
	}
	reason, what := ServiceMonitorLabelsLost, "takes away, or changes, labels that tell the Service of a series"
	switch {
	case sim.dropped != "":
		reason, what = ServiceMonitorTargetDropped, "drops the operator as a target"
	case !hasRates(sim.series):
		reason, what = ServiceMonitorSeriesDropped, "drops or renames "+latencySeries+"_sum or _count, of which the metric is made"
	}
	for k, c := range ep.MetricRelabelConfigs {
		out = append(out, trial{reason, fmt.Sprintf("%s: endpoints[%d].metricRelabelings[%d] (%s)", what, endpoint, k, relabelText(c)),
			func(m *monitoringv1.ServiceMonitor) {
				e := &m.Spec.Endpoints[endpoint]
				e.MetricRelabelConfigs = slices.Delete(slices.Clone(e.MetricRelabelConfigs), k, k+1)
			}})
	}
	for k, c := range ep.RelabelConfigs {
		out = append(out, trial{reason, fmt.Sprintf("%s: endpoints[%d].relabelings[%d] (%s)", what, endpoint, k, relabelText(c)),
			func(m *monitoringv1.ServiceMonitor) {
				e := &m.Spec.Endpoints[endpoint]
				e.RelabelConfigs = slices.Delete(slices.Clone(e.RelabelConfigs), k, k+1)
			}})
	}
	return out
}

func relabelText(c monitoringv1.RelabelConfig) string {
	action := c.Action
	if action == "" {
		action = "replace"
	}
	if c.TargetLabel != "" {
		action += " " + c.TargetLabel
	}
	if c.Regex != "" {
		action += fmt.Sprintf(" %q", c.Regex)
	}
	return action
}

// mends tells whether the monitor stores something useful after a change.
func (q scrape) mends(change repair, endpoint int, port string) bool {
	q.monitor = q.monitor.DeepCopy()
	change(q.monitor)
	sim, err := q.simulate(endpoint, port)
	return err == nil && sim.dropped == "" && sim.unknown == "" && q.useful(sim.series)
}

// useful tells whether a rule can make the metric of the series. If the adapter
// has one that would make it of what an ordinary monitor stores, it has to serve
// these as well; otherwise the better rule must be able to, which needs the labels
// kubernetes_* alone.
func (q scrape) useful(series []adapterconfig.Series) bool {
	ordinary := q.ordinary()
	if sameDecisive(series, ordinary) {
		return true
	}
	if verdict, ok := q.explain(series); ok {
		if verdict.Answer != rulecheck.No {
			return true
		}
		if other, _ := q.explain(ordinary); other.Answer != rulecheck.No {
			return false
		}
	}
	return hasRates(series) && !slices.ContainsFunc(series, func(s adapterconfig.Series) bool {
		return s.Labels["kubernetes_namespace"] != q.subject.Namespace || s.Labels["kubernetes_name"] != q.subject.Service ||
			s.Labels["kubernetes_kind"] != "service"
	})
}

// hasRates tells whether the series of which the metric is made are there.
func hasRates(series []adapterconfig.Series) bool {
	for _, suffix := range []string{"_sum", "_count"} {
		if !slices.ContainsFunc(series, func(s adapterconfig.Series) bool { return s.Name == latencySeries+suffix }) {
			return false
		}
	}
	return true
}

// ordinary is what a monitor without any peculiarity stores.
func (q scrape) ordinary() []adapterconfig.Series {
	port, _ := q.service.metricsPort()
	q.prometheus = nil
	q.monitor = &monitoringv1.ServiceMonitor{Spec: monitoringv1.ServiceMonitorSpec{Endpoints: []monitoringv1.Endpoint{{Port: port.Name}}}}
	sim, _ := q.simulate(0, port.Name) // without relabelings nothing fails
	return sim.series
}

// sameDecisive tells whether two lists of series are the same to a rule that uses
// the labels that tell the Service.
func sameDecisive(a, b []adapterconfig.Series) bool {
	return slices.EqualFunc(a, b, func(x, y adapterconfig.Series) bool {
		return x.Name == y.Name && maps.Equal(decisiveOf(x.Labels), decisiveOf(y.Labels))
	})
}

func decisiveOf(labels map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range labels {
		if decisive(name) {
			out[name] = value
		}
	}
	return out
}

// explain asks the adapter's rules about series; ok is false if these are not known.
func (q scrape) explain(series []adapterconfig.Series) (verdict rulecheck.Verdict, ok bool) {
	a := q.snapshot.Adapter
	if a.State != Known || a.Config == nil {
		return rulecheck.Verdict{}, false
	}
	return rulecheck.Explain(a.Config, rulecheck.Target{
		Metric: q.subject.Metric, Namespace: q.subject.Namespace, Service: q.subject.Service, Series: series,
	}), true
}

// judgeLimits finds limits that the subject's series alone are beyond. A scrape
// that is beyond one fails as a whole. Limits on samples and targets count what is
// not known, so only what is sure is found.
func (j *judgement) judgeLimits(sim simulation) {
	if len(sim.series) == 0 {
		return
	}
	spec := j.monitor.Spec
	var enforced monitoringv1.CommonPrometheusFields
	if j.prometheus != nil {
		enforced = j.prometheus.Spec.CommonPrometheusFields
	}
	most, longest := 0, ""
	for _, s := range sim.series {
		// pod and container may be absent; the name counts.
		most = max(most, len(s.Labels)+1-2)
		for name := range s.Labels {
			if len(name) > len(longest) || len(name) == len(longest) && name < longest {
				longest = name
			}
		}
	}
	for _, l := range []struct {
		name                   string
		own, general, enforced *int64
		have                   int
		lift                   repair
	}{
		{"labelLimit", spec.LabelLimit, enforced.LabelLimit, enforced.EnforcedLabelLimit, most,
			func(m *monitoringv1.ServiceMonitor) { m.Spec.LabelLimit = nil }},
		{"labelNameLengthLimit", spec.LabelNameLengthLimit, enforced.LabelNameLengthLimit, enforced.EnforcedLabelNameLengthLimit, len(longest),
			func(m *monitoringv1.ServiceMonitor) { m.Spec.LabelNameLengthLimit = nil }},
		{"sampleLimit", spec.SampleLimit, enforced.SampleLimit, enforced.EnforcedSampleLimit, len(sim.series),
			func(m *monitoringv1.ServiceMonitor) { m.Spec.SampleLimit = nil }},
	} {
		limit, own := limitOf(l.own, l.general, l.enforced)
		if limit == 0 || int64(l.have) <= limit {
			continue
		}
		if !own {
			l.lift = nil
		}
		j.add(ServiceMonitorLimitExceeded, l.lift, "has the %s %d, and the operator's series need %d at least", l.name, limit, l.have)
	}
}

// limitOf is the limit that holds, 0 for none, and whether it is the monitor's
// own: its own goes before the Prometheus' general one, and neither beyond the
// enforced one.
func limitOf(own, general, enforced *int64) (limit int64, isOwn bool) {
	limit, isOwn = ptr.Deref(own, 0), ptr.Deref(own, 0) > 0
	if !isOwn {
		limit = ptr.Deref(general, 0)
	}
	if e := ptr.Deref(enforced, 0); e > 0 && (limit == 0 || e < limit) {
		return e, false
	}
	return limit, isOwn
}
