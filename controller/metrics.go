package controller

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kong-latency/kong-latency/finding"
)

var findingsDesc = prometheus.NewDesc("kong_latency_findings",
	"Workloads and Services that have a finding with this reason now.",
	[]string{"reason", "severity", "hop"}, nil)

var _ prometheus.Collector = (*teller)(nil)

// Describe implements prometheus.Collector.
func (t *teller) Describe(ch chan<- *prometheus.Desc) { ch <- findingsDesc }

// Collect implements prometheus.Collector.
func (t *teller) Collect(ch chan<- prometheus.Metric) {
	type series struct {
		reason   string
		severity finding.Severity
		hop      finding.Hop
	}
	counts := map[series]float64{}
	t.mu.Lock()
	for _, findings := range t.told {
		seen := map[series]bool{} // an object counts once, however many findings of a reason it has
		for _, f := range findings {
			s := series{f.Reason, f.Severity, f.Hop}
			if !seen[s] {
				seen[s] = true
				counts[s]++
			}
		}
	}
	t.mu.Unlock()
	for s, n := range counts {
		ch <- prometheus.MustNewConstMetric(findingsDesc, prometheus.GaugeValue, n,
			s.reason, string(s.severity), string(s.hop))
	}
}
