package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/metrics"
	"github.com/kong-latency/kong-latency/internal/version"
)

// registerMetrics registers the metrics that both processes expose.
func registerMetrics(r prometheus.Registerer, source *watch.Source) error {
	if err := metrics.SnapshotUnread.Register(r, source); err != nil {
		return err
	}
	return metrics.BuildInfo.Register(r, buildInfo{})
}

var buildInfoDesc = metrics.BuildInfo.Desc()

// buildInfo exposes the version.
type buildInfo struct{}

// Describe implements prometheus.Collector.
func (buildInfo) Describe(ch chan<- *prometheus.Desc) { ch <- buildInfoDesc }

// Collect implements prometheus.Collector.
func (buildInfo) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(buildInfoDesc, prometheus.GaugeValue, 1, version.String())
}
