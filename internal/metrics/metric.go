// Package metrics declares, once, every metric that the product exposes, and those of
// others that its alerts and its dashboard query: names, types, labels and their
// meaning. Exporters and the reference page use these declarations.
package metrics

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Type is a metric type of the Prometheus text format.
type Type string

// The types that are used.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Process is a process that exposes a metric. `kong-latency all` exposes the metrics of
// webhook and controller.
type Process string

// The processes that are scraped.
const (
	Webhook    Process = "webhook"
	Controller Process = "controller"
	APIServer  Process = "kube-apiserver"
	// KubeStateMetrics exposes what the objects of the cluster say.
	KubeStateMetrics Process = "kube-state-metrics"
	// KongOperator exposes the latency of Services, which its data planes measure.
	KongOperator Process = "Kong Operator"
)

// Metric is the declaration of one metric. Its name, its type and the names and
// meanings of its labels never change.
type Metric struct {
	Name string
	Type Type
	// Help says what it measures, and the unit, in sentences.
	Help   string
	Labels []Label
	// Buckets are the upper bounds of a histogram's buckets, in its unit.
	Buckets []float64
	// Processes are those that expose it, with each replica.
	Processes []Process
	// Source is the library or program that defines the metric; empty for the product.
	Source string
}

// Label is one label of a metric.
type Label struct {
	Name string
	// Help says which values it has, and what they mean.
	Help string
}

// Register registers a collector that exposes the metric.
func (m Metric) Register(r prometheus.Registerer, c prometheus.Collector) error {
	if err := r.Register(c); err != nil {
		return fmt.Errorf("register metric %s: %w", m.Name, err)
	}
	return nil
}

// Desc describes the metric to Prometheus' client.
func (m Metric) Desc() *prometheus.Desc {
	return prometheus.NewDesc(m.Name, m.Help, m.LabelNames(), nil)
}

// NewCounters returns counters of the metric, one for each set of label values.
func (m Metric) NewCounters() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.LabelNames())
}

// NewGauges returns gauges of the metric, one for each set of label values.
func (m Metric) NewGauges() *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: m.Name, Help: m.Help}, m.LabelNames())
}

// NewHistograms returns histograms of the metric, one for each set of label values:
// with its buckets, and as native histograms for a Prometheus that supports them.
func (m Metric) NewHistograms() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: m.Name, Help: m.Help, Buckets: m.Buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}, m.LabelNames())
}

// LabelNames returns the names of its labels, in the order of the values.
func (m Metric) LabelNames() []string {
	names := make([]string, 0, len(m.Labels))
	for _, l := range m.Labels {
		names = append(names, l.Name)
	}
	return names
}
