package prometheus

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// The reasons for which no Prometheus selects monitors, or not the adapter's.
var (
	Unknown = &finding.Reason{
		Name: "PrometheusesUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: Hop,
		Summary: "Prometheus objects are not installed or cannot be read, so it is not known whether one selects the ServiceMonitor.",
		Fix:     "Install prometheus-operator, or let kong-latency list and watch Prometheus objects.",
	}
	NotFound = &finding.Reason{
		Name: "PrometheusNotFound", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "There is no Prometheus object, so nothing selects ServiceMonitors.",
		Fix:     "Create a Prometheus, as by installing the chart kube-prometheus-stack.",
	}
	SelectsNoServiceMonitors = &finding.Reason{
		Name: "PrometheusSelectsNoServiceMonitors", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The Prometheus has no serviceMonitorSelector, which means no ServiceMonitor at all; an empty one, {}, means all.",
		Fix:     "Set spec.serviceMonitorSelector of the Prometheus.",
	}
	SelectionUnknown = &finding.Reason{
		Name: "PrometheusSelectionUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: Hop,
		Summary: "The Prometheus chooses namespaces by their labels, and Namespaces cannot be read.",
		Fix:     "Let kong-latency list and watch Namespaces.",
	}
	NotQueried = &finding.Reason{
		Name: "AdapterAsksNoPrometheus", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The adapter's --prometheus-url is the default of its chart, prometheus.default.svc, and there is no Prometheus in the namespace default.",
		Fix:     "Set prometheus.url in the values of the adapter's chart to the Service of the Prometheus.",
	}
)

type hop struct {
	scrape func(*pipeline.Case) *pipeline.Scrape
}

// newPrometheusHop returns the hop prometheus. The function judges monitors for the
// source; it uses ChoosePrometheus and Selects.
func New(scrape func(*pipeline.Case) *pipeline.Scrape) pipeline.Hop { return hop{scrape} }

func (hop) Declaration() *finding.Hop { return Hop }

// Reasons lists what the hop can find.
func (hop) Reasons() []*finding.Reason {
	return []*finding.Reason{
		Unknown, NotFound, SelectsNoServiceMonitors, SelectionUnknown, NotQueried,
	}
}

// Judge reports whether the Prometheus that the adapter queries selects the monitor.
func (h hop) Judge(c *pipeline.Case) pipeline.Verdict {
	scrape := h.scrape(c)
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
	out := []string{fmt.Sprintf("%s selects %s by %s", pipeline.PrometheusObject(works.Prometheus), works.Monitor, by)}
	if url != "" {
		out = append(out, "the adapter queries "+url)
	}
	return out
}
