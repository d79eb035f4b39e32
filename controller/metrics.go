package controller

import (
	"cmp"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/metrics"
)

var (
	findingsDesc                = metrics.Findings.Desc()
	workloadsDesc               = metrics.Workloads.Desc()
	workloadInfoDesc            = metrics.WorkloadInfo.Desc()
	workloadTargetDesc          = metrics.WorkloadTarget.Desc()
	workloadFindingsDesc        = metrics.WorkloadFindings.Desc()
	workloadFindingsDroppedDesc = metrics.WorkloadFindingsDropped.Desc()
)

// findingSeries are the labels by which findings are counted.
type findingSeries struct {
	reason   string
	severity finding.Severity
	hop      *finding.Hop
}

func (f reportedFinding) series() findingSeries {
	return findingSeries{f.reason.Name, f.reason.Severity, f.reason.Hop}
}

var _ prometheus.Collector = (*reporter)(nil)

// Describe implements prometheus.Collector.
func (r *reporter) Describe(ch chan<- *prometheus.Desc) { ch <- findingsDesc }

// Collect implements prometheus.Collector.
func (r *reporter) Collect(ch chan<- prometheus.Metric) {
	counts := map[findingSeries]float64{}
	r.mu.Lock()
	for _, findings := range r.reported {
		seen := map[findingSeries]bool{} // an object counts once, however many findings of a reason it has
		for _, f := range findings {
			s := f.series()
			if !seen[s] && !f.unjudged {
				seen[s] = true
				counts[s]++
			}
		}
	}
	r.mu.Unlock()
	for s, n := range counts {
		ch <- prometheus.MustNewConstMetric(findingsDesc, prometheus.GaugeValue, n,
			s.reason, string(s.severity), s.hop.String())
	}
}

// workloadFindings exposes the findings of each workload, in at most limit series.
type workloadFindings struct {
	report *reporter
	limit  int
}

var _ prometheus.Collector = workloadFindings{}

// Describe implements prometheus.Collector.
func (workloadFindings) Describe(ch chan<- *prometheus.Desc) {
	ch <- workloadFindingsDesc
	ch <- workloadFindingsDroppedDesc
}

// workloadSeries is one series of the findings of a workload.
type workloadSeries struct {
	findingSeries
	workload types.NamespacedName
	count    float64
}

// Collect implements prometheus.Collector. Beyond the limit, errors are exposed first, and
// then the first by name, so that the same findings always give the same series.
func (w workloadFindings) Collect(ch chan<- prometheus.Metric) {
	all := w.all()
	slices.SortFunc(all, func(a, b workloadSeries) int {
		return cmp.Or(
			cmp.Compare(rank(a.severity), rank(b.severity)),
			cmp.Compare(a.workload.Namespace, b.workload.Namespace),
			cmp.Compare(a.workload.Name, b.workload.Name),
			cmp.Compare(a.reason, b.reason))
	})
	exposed := all[:min(len(all), w.limit)]
	for _, s := range exposed {
		ch <- prometheus.MustNewConstMetric(workloadFindingsDesc, prometheus.GaugeValue, s.count,
			s.workload.Namespace, s.workload.Name, s.reason, string(s.severity), s.hop.String())
	}
	ch <- prometheus.MustNewConstMetric(workloadFindingsDroppedDesc, prometheus.GaugeValue, float64(len(all)-len(exposed)))
}

// all returns the series of all workloads, in no order.
func (w workloadFindings) all() []workloadSeries {
	var all []workloadSeries
	w.report.mu.Lock()
	defer w.report.mu.Unlock()
	for key, findings := range w.report.reported {
		if key.kind != deploymentKind {
			continue
		}
		first := len(all)
		for _, f := range findings {
			if f.unjudged {
				continue
			}
			s := f.series()
			if i := slices.IndexFunc(all[first:], func(o workloadSeries) bool { return o.findingSeries == s }); i >= 0 {
				all[first+i].count++
			} else {
				all = append(all, workloadSeries{s, key.name, 1})
			}
		}
	}
	return all
}

// rank orders severities, errors first.
func rank(s finding.Severity) int {
	return slices.Index([]finding.Severity{finding.Error, finding.Warning, finding.Unknown}, s)
}

var _ prometheus.Collector = (*statusTracker)(nil)

// Describe implements prometheus.Collector.
func (t *statusTracker) Describe(ch chan<- *prometheus.Desc) {
	ch <- workloadsDesc
	ch <- workloadInfoDesc
	ch <- workloadTargetDesc
}

// Collect implements prometheus.Collector.
func (t *statusTracker) Collect(ch chan<- prometheus.Metric) {
	type workload struct {
		types.NamespacedName
		entry
	}
	t.mu.Lock()
	all := make([]workload, 0, len(t.entries))
	for key, e := range t.entries {
		all = append(all, workload{key, e})
	}
	t.mu.Unlock()
	counts := map[string]float64{}
	for _, w := range all {
		counts[w.state()]++
		ch <- prometheus.MustNewConstMetric(workloadInfoDesc, prometheus.GaugeValue, 1,
			w.Namespace, w.Name, w.service, w.autoscaler, w.output, w.policy, w.state(), w.pipelineState())
		if w.target > 0 {
			ch <- prometheus.MustNewConstMetric(workloadTargetDesc, prometheus.GaugeValue, w.target, w.Namespace, w.Name, w.service)
		}
	}
	for _, state := range metrics.WorkloadStates() {
		ch <- prometheus.MustNewConstMetric(workloadsDesc, prometheus.GaugeValue, counts[state], state)
	}
}

func (e entry) state() string {
	switch {
	case e.blocked != nil:
		return metrics.Blocked
	case e.paused:
		return metrics.Paused
	default:
		return metrics.Attached
	}
}

// pipelineState says whether the metric reaches the workload. That of a blocked workload
// is not evaluated.
func (e entry) pipelineState() string {
	switch {
	case e.blocked != nil:
		return metrics.PipelineUnknown
	case e.pipeline == nil:
		return metrics.PipelineWorking
	case e.pipeline.Severity == finding.Error:
		return metrics.PipelineBroken
	default:
		return metrics.PipelineUnknown
	}
}
