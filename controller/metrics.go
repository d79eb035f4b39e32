package controller

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/metrics"
)

var (
	findingsDesc  = metrics.Findings.Desc()
	workloadsDesc = metrics.Workloads.Desc()
)

var _ prometheus.Collector = (*reporter)(nil)

// Describe implements prometheus.Collector.
func (r *reporter) Describe(ch chan<- *prometheus.Desc) { ch <- findingsDesc }

// Collect implements prometheus.Collector.
func (r *reporter) Collect(ch chan<- prometheus.Metric) {
	type series struct {
		reason   string
		severity finding.Severity
		hop      *finding.Hop
	}
	counts := map[series]float64{}
	r.mu.Lock()
	for _, findings := range r.reported {
		seen := map[series]bool{} // an object counts once, however many findings of a reason it has
		for _, f := range findings {
			s := series{f.reason.Name, f.reason.Severity, f.reason.Hop}
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

var _ prometheus.Collector = (*statusTracker)(nil)

// Describe implements prometheus.Collector.
func (t *statusTracker) Describe(ch chan<- *prometheus.Desc) { ch <- workloadsDesc }

// Collect implements prometheus.Collector.
func (t *statusTracker) Collect(ch chan<- prometheus.Metric) {
	counts := map[string]float64{}
	t.mu.Lock()
	for _, e := range t.entries {
		counts[e.state()]++
	}
	t.mu.Unlock()
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
