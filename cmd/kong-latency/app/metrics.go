package app

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/metrics"
	"github.com/kong-latency/kong-latency/internal/version"
	"github.com/kong-latency/kong-latency/webhook/limits"
)

// setupMetrics registers the metrics that both processes expose, and serves all.
func setupMetrics(ctx context.Context, mgr manager.Manager, address string, source *watch.Source, refused *prometheus.CounterVec) error {
	err := errors.Join(
		metrics.Refused.Register(ctrlmetrics.Registry, refused),
		metrics.SnapshotUnread.Register(ctrlmetrics.Registry, source),
		metrics.BuildInfo.Register(ctrlmetrics.Registry, buildInfo{}),
	)
	if err != nil {
		return err
	}
	return addMetricsServer(ctx, mgr, address, refusing(refused, metrics.MetricsServer))
}

// refusing returns a function that counts what a server refuses. The counters begin at
// zero, so that the first of a kind is seen as an increase.
func refusing(c *prometheus.CounterVec, server string) func(reason string) {
	for _, reason := range metrics.Refusals(server) {
		c.WithLabelValues(server, reason)
	}
	return func(reason string) { c.WithLabelValues(server, reason).Inc() }
}

// Limits of the metrics server, which every pod may be able to reach, too. A scrape needs
// one connection, and time and memory for all metrics.
const (
	metricsConnections = 64
	metricsPatience    = time.Second
	scrapesAtOnce      = 4
	scrapeTimeout      = 30 * time.Second
)

// addMetricsServer serves the metrics. The library's own server bounds neither its
// connections nor how many scrapes run at the same time.
func addMetricsServer(ctx context.Context, mgr manager.Manager, address string, refuse func(reason string)) error {
	if address == "0" {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen for metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(ctrlmetrics.Registry, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.HTTPErrorOnError,
		MaxRequestsInFlight: scrapesAtOnce,
	}))
	srv := &http.Server{
		Handler:           mux,
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readHeaderTimeout,
		WriteTimeout:      scrapeTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          log.New(newErrorLog(mgr.GetLogger().WithName("metrics-server")), "", 0),
	}
	connections := limits.NewConnections(metricsConnections, metricsPatience, refuse)
	connections.Watch(srv)
	err = mgr.Add(&manager.Server{
		Name: "metrics", Server: srv, Listener: connections.Listener(listener), ShutdownTimeout: ptr.To(stopTimeout),
	})
	if err != nil {
		return fmt.Errorf("add metrics server: %w", err)
	}
	return nil
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
