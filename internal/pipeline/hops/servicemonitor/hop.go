// Package servicemonitor judges whether Kong Operator's metrics are to be scraped, and how.
package servicemonitor

import (
	"fmt"
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/scrape"
)

// Hop is the hop service-monitor.
var Hop = &finding.Hop{
	Name: "service-monitor", Title: "Service monitor", Shared: true, DenyByDefault: true,
	Summary: "A ServiceMonitor has Prometheus scrape the metrics of Kong Operator, and the labels survive it.",
}

// New returns the hop service-monitor.
func New() pipeline.Hop {
	return pipeline.Hop{
		Declaration: Hop,
		Reasons: []*finding.Reason{
			OperatorServiceUnknown, OperatorServiceAmbiguous, OperatorServiceNotFound,
			Unknown, ScrapedOtherwise, NotFound, NotSelected, SelectedByOther,
			Rejected, SecretUnknown, ConfigRefused,
			NamespaceMismatch, SelectorMismatch,
			PortMismatch, PortUnknown,
			SchemeMismatch, SchemeUnknown,
			TokenMissing, CertificateRefused, PathMismatch,
			IntervalTooLong, IntervalLong,
			TargetDropped, HonorLabels, SeriesDropped,
			LabelsLost, HistogramsConverted, RelabelingUnknown, TooLarge,
			LimitExceeded,
		},
		Judge: diagnose,
	}
}

// diagnose reports whether a ServiceMonitor makes the adapter's Prometheus scrape Kong
// Operator as the metric needs it.
func diagnose(c *pipeline.Case) pipeline.Verdict {
	answer := answerOf(c)
	v := pipeline.Verdict{Findings: answer.About(Hop)}
	if answer.by == nil {
		v.Unjudged = "it depends on the Prometheus"
		return v
	}
	v.Scraped = answer.Works.Service
	q := answer.by.Job
	v.Evidence = func() []string { return append(evidence(q), passedOver(c)...) }
	return v
}

// passedOver names the Services that only look like the one that is scraped.
func passedOver(c *pipeline.Case) []string {
	if _, lookAlikes := c.Snapshot.Operators(); len(lookAlikes) > 0 {
		return []string{ignored(lookAlikes)}
	}
	return nil
}

func evidence(q scrape.Job) []string {
	var met []string
	for _, d := range q.Demands() {
		met = append(met, finding.Cut(d.Text))
	}
	by := "without labels"
	if len(met) > 0 {
		by = "by " + strings.Join(met, ", ")
	}
	text := fmt.Sprintf("%s selects %s %s", pipeline.ServiceMonitorObject(q.Monitor), q.Service.Object(), by)
	if port, ok := scrape.MetricsPort(q.Service); ok && port.Name != "" {
		text += ", port " + port.Name
	}
	return []string{text}
}
