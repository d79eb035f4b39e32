package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kong-latency/kong-latency/metric"
	"github.com/kong-latency/kong-latency/pipeline/cluster"
	"github.com/kong-latency/kong-latency/version"
)

// registerMetrics registers what both processes expose.
func registerMetrics(r prometheus.Registerer, source *cluster.Source) error {
	if err := metric.SnapshotUnread.Register(r, source); err != nil {
		return err
	}
	return metric.BuildInfo.Register(r, buildInfo{})
}

var buildInfoDesc = metric.BuildInfo.Desc()

// buildInfo tells the version.
type buildInfo struct{}

// Describe implements prometheus.Collector.
func (buildInfo) Describe(ch chan<- *prometheus.Desc) { ch <- buildInfoDesc }

// Collect implements prometheus.Collector.
func (buildInfo) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(buildInfoDesc, prometheus.GaugeValue, 1, version.String())
}
