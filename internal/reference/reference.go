// Package reference collects what the product declares about itself: the
// findings, by chapters, and what there is to say about each. The reference pages
// are written from it, and `kubectl latency explain` shows the same.
package reference

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Reasons are all that the product declares.
func Reasons() []*finding.Reason {
	return slices.Concat(
		annotations.Reasons(),
		plan.Reasons(),
		policy.Reasons(),
		pipeline.Reasons(),
		hpa.Reasons(),
	)
}

// Chapter is a part of the findings.
type Chapter struct {
	// Hop is empty for what is not about the metric's way.
	Hop finding.Hop
	// Title and Text are for people.
	Title, Text string
}

// Chapters are in the order of the page: settings first, then the metric's way.
func Chapters() []Chapter {
	return []Chapter{
		{"", "Settings, policies and pairing", "What the annotations ask for, what the policy makes of it, and which Deployment and Service belong together."},
		{finding.Extension, "Extension", "A DataPlaneMetricsExtension asks Kong Operator to measure the Service, and the Gateway's ControlPlane refers to it."},
		{finding.Route, "Route", "Requests reach the Service in a way in which its latency can be told from that of others."},
		{finding.ServiceMonitor, "Service monitor", "A ServiceMonitor has Prometheus scrape the metrics of Kong Operator, and the labels survive it."},
		{finding.Prometheus, "Prometheus", "A Prometheus takes that ServiceMonitor, and it is the one that the adapter asks."},
		{finding.AdapterRule, "Adapter rule", "A rule of prometheus-adapter makes the metric from the series of the Service."},
		{finding.MetricsAPI, "Metrics API", "The API server forwards requests for custom metrics to prometheus-adapter."},
		{finding.Series, "Series", "The autoscaler gets a value when it asks for the metric."},
		{finding.Autoscaler, "Autoscaler", "The HorizontalPodAutoscaler is as the workload asks for, and scales."},
	}
}

// Of are those of the reasons that belong to the chapter, in the order in which
// findings are told.
func (c Chapter) Of(all []*finding.Reason) []*finding.Reason {
	var out []*finding.Reason
	for _, r := range all {
		if r.Hop == c.Hop {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *finding.Reason) int {
		return cmp.Or(cmp.Compare(SeverityRank(a.Severity), SeverityRank(b.Severity)), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// SeverityRank is 0 for the most severe, and negative for what is no severity.
func SeverityRank(s finding.Severity) int {
	return slices.Index([]finding.Severity{finding.Error, finding.Warning, finding.Unknown}, s)
}

// Ends says what ends a finding of this reason.
func Ends(r *finding.Reason) string {
	if r.Wait == finding.ForObject {
		return "by itself, when another object appears or goes"
	}
	return "when the object that it names is changed"
}

// Kinds says on which kinds of objects an annotation may stand.
func Kinds(k annotations.Key) string {
	var names []string
	for _, kind := range k.Kinds {
		names = append(names, string(kind))
	}
	return strings.Join(names, " or ")
}
