// Package prometheus judges whether a Prometheus selects the ServiceMonitor, and is the adapter's.
package prometheus

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Hop is the hop prometheus.
var Hop = &finding.Hop{
	Name: "prometheus", Title: "Prometheus", Shared: true, DenyByDefault: false,
	Summary: "A Prometheus selects that ServiceMonitor, and it is the one that the adapter queries.",
}

// New returns the hop prometheus. The function judges the monitors of the source; it
// uses Choose and Select, whose findings and reasons are those of this hop.
func New(scrape func(*pipeline.Case) *pipeline.Scrape) pipeline.Hop {
	return pipeline.Hop{
		Declaration: Hop,
		Reasons: []*finding.Reason{
			Unknown, NotFound, NotKnown, SelectsNoServiceMonitors, SelectionUnknown, NotQueried, Sharded,
		},
		Judge: func(c *pipeline.Case) pipeline.Verdict { return diagnose(c, *scrape(c)) },
	}
}

// diagnose reports whether the Prometheus that the adapter queries selects the monitor.
func diagnose(c *pipeline.Case, scrape pipeline.Scrape) pipeline.Verdict {
	v := pipeline.Verdict{Findings: scrape.About(Hop)}
	if scrape.Works == nil {
		v.Unjudged = "it depends on the ServiceMonitor"
		return v
	}
	works, url := scrape.Works, c.Snapshot.Adapter.PrometheusURL
	v.Evidence = func() []string { return evidence(works, url) }
	return v
}

func evidence(works *pipeline.Scraping, url string) []string {
	if works.Prometheus == nil {
		return nil
	}
	by := metav1.FormatLabelSelector(works.Prometheus.Spec.ServiceMonitorSelector)
	if by == "<none>" {
		by = "whatever labels"
	}
	out := []string{finding.Sprintf("%s selects %s by %s", pipeline.PrometheusObject(works.Prometheus), works.Monitor, by)}
	if url != "" {
		out = append(out, "the adapter queries "+url)
	}
	return out
}
