package gateway

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/apimachinery/pkg/types"
)

// MetricName is the histogram that Kong Operator exposes for a Service: the
// time between sending a request upstream and the upstream's response headers,
// in milliseconds.
const MetricName = "kong_upstream_latency_ms"

// upstreamBuckets are the bounds of Kong's Prometheus plugin for upstream
// latency, in milliseconds.
var upstreamBuckets = []float64{25, 50, 80, 100, 250, 400, 700, 1000, 2000, 5000, 10000, 30000, 60000}

// latency is the histogram of one data plane, labelled as Kong Operator labels
// it after enrichment.
type latency struct {
	registry  *prometheus.Registry
	histogram *prometheus.HistogramVec
	dataPlane string
}

func newLatency(dataPlaneURL string) *latency {
	l := &latency{
		registry: prometheus.NewRegistry(),
		histogram: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    MetricName,
			Help:    "Latency added by upstream response for each service in Kong",
			Buckets: upstreamBuckets,
		}, []string{
			"namespace", "service", "dataplane_url",
			"kubernetes_apiversion", "kubernetes_kind", "kubernetes_namespace", "kubernetes_name",
		}),
		dataPlane: dataPlaneURL,
	}
	l.registry.MustRegister(l.histogram)
	return l
}

// observe records one response of the Service's upstream. The series of a
// Service exists only from its first response on, as with Kong.
func (l *latency) observe(service types.NamespacedName, took time.Duration) {
	l.histogram.With(prometheus.Labels{
		"namespace":             service.Namespace,
		"service":               service.Name,
		"dataplane_url":         l.dataPlane,
		"kubernetes_apiversion": "v1",
		"kubernetes_kind":       "service",
		"kubernetes_namespace":  service.Namespace,
		"kubernetes_name":       service.Name,
	}).Observe(float64(took) / float64(time.Millisecond))
}

func (l *latency) handler() http.Handler {
	return promhttp.HandlerFor(l.registry, promhttp.HandlerOpts{})
}
