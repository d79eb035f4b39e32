package servicemonitor

import (
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/scrape"
)

// judgeLimits finds limits that the subject's series alone are beyond. A scrape
// that exceeds one fails as a whole. Limits on samples and targets count what is
// not known, so only what is sure is found.
func (j *judgement) judgeLimits(sim scrape.Outcome) {
	if len(sim.Series) == 0 {
		return
	}
	spec, general := j.Monitor.Spec, j.General()
	most, longest := 0, ""
	for _, s := range sim.Series {
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
		{"labelLimit", spec.LabelLimit, general.LabelLimit, general.EnforcedLabelLimit, most,
			func(m *monitoringv1.ServiceMonitor) { m.Spec.LabelLimit = nil }},
		{"labelNameLengthLimit", spec.LabelNameLengthLimit, general.LabelNameLengthLimit, general.EnforcedLabelNameLengthLimit, len(longest),
			func(m *monitoringv1.ServiceMonitor) { m.Spec.LabelNameLengthLimit = nil }},
		{"sampleLimit", spec.SampleLimit, general.SampleLimit, general.EnforcedSampleLimit, len(sim.Series),
			func(m *monitoringv1.ServiceMonitor) { m.Spec.SampleLimit = nil }},
	} {
		limit, own := limitOf(l.own, l.general, l.enforced)
		if limit == 0 || int64(l.have) <= limit {
			continue
		}
		if !own {
			l.lift = nil
		}
		j.add(LimitExceeded, finding.NewPath("spec", l.name), l.lift, "has the %s %d, and the operator's series need %d at least", l.name, limit, l.have)
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
