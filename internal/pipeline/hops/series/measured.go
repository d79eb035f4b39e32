package series

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
)

// The reasons that are only found by querying Prometheus and the metrics API, as
// `kubectl latency doctor` does.
var (
	SeriesMissing = Hop.Reason("SeriesMissing", finding.Error, finding.ForObject,
		"Prometheus has no series of the Service's latency, so that the adapter does not know the metric.",
		"If another hop is broken, fix that first. If none is, send traffic through the gateway: without requests there are no series.")
	ScrapeFails = Hop.Reason("ScrapeFails", finding.Error, finding.ForObject,
		"Prometheus is configured to scrape the latency, and does not reach a target or has not tried yet.",
		"Look at the targets of the Prometheus: they say what fails. A change of the ServiceMonitor becomes effective within a minute.")
	MetricNotServed = Hop.Reason("MetricNotServed", finding.Error, finding.ForObject,
		"Prometheus has a value, and the custom metrics API does not give it. prometheus-adapter lists its metrics again only after an interval, of ten minutes by default.",
		"Wait for the adapter's --metrics-relist-interval, or restart the adapter; its log says what fails.")
	MetricIsZero = Hop.Reason("MetricIsZero", finding.Warning, finding.ForObject,
		"The metric is 0, which the adapter answers if there were no requests in the window of its query. The autoscaler treats it as fast, and scales in.",
		"Send traffic through the gateway.")
	SeriesUnknown = Hop.Reason("SeriesUnknown", finding.Unknown, finding.ForChange,
		"The custom metrics API could not be queried.",
		"Allow to get services of custom.metrics.k8s.io in the workload's namespace.")
)

// Reading is the answer to a query for the value now.
type Reading struct {
	// State is Known if there was an answer, of which Value is nil if there is no
	// value. Why says why it is not.
	State pipeline.State
	Why   string
	Value *float64
	// From is what was queried, and Says what it answered where there is no value.
	From, Says string
}

// Measured is what was queried about the metric of a subject.
type Measured struct {
	// Query is the answer of Prometheus to the adapter's own query.
	Query Reading
	// Targets is how many targets of the scraped Service Prometheus reaches.
	Targets Reading
	// API is the answer of the custom metrics API, as an autoscaler gets it.
	API Reading
}

// ByMeasurement judges the last hop by what was measured.
func ByMeasurement(m Measured, subject pipeline.Subject) (findings []finding.Finding, evidence []string) {
	for _, r := range []Reading{m.Query, m.API} {
		evidence = append(evidence, r.String())
	}
	on := subject.Object()
	switch {
	case m.API.State != pipeline.Known:
		return []finding.Finding{SeriesUnknown.On(on, "whether %s has a value is not known: %s", subject.Metric, m.API.why())}, evidence
	case m.API.Value != nil && *m.API.Value == 0:
		return []finding.Finding{MetricIsZero.On(on, "%s is 0: there were no requests in the window of the query", subject.Metric).
			Suggest("%s", MetricIsZero.Fix)}, evidence
	case m.API.Value != nil:
		return nil, evidence
	case m.Query.Value != nil:
		return []finding.Finding{MetricNotServed.On(on, "Prometheus has a value of %s, and the custom metrics API says: %s", subject.Metric, m.API.Says).
			Suggest("%s", MetricNotServed.Fix)}, evidence
	case m.Targets.State == pipeline.Known && (m.Targets.Value == nil || *m.Targets.Value == 0):
		return []finding.Finding{ScrapeFails.On(on, "Prometheus reaches no target of the latency's metrics, so there are no series of Service %s", subject.Service).
			Suggest("%s", ScrapeFails.Fix)}, evidence
	default:
		return []finding.Finding{SeriesMissing.On(on, "%s has no value: %s", subject.Metric, m.API.Says).
			Suggest("Send traffic to Service %s through the gateway: without requests there are no series.", subject.Service)}, evidence
	}
}

// String says who answered what.
func (r Reading) String() string {
	switch {
	case r.State != pipeline.Known:
		return fmt.Sprintf("%s was not queried: %s", r.From, r.why())
	case r.Value == nil:
		return fmt.Sprintf("%s has no value: %s", r.From, text.OneLine(r.Says))
	case math.IsNaN(*r.Value):
		return fmt.Sprintf("%s has NaN, as without requests", r.From)
	default:
		return fmt.Sprintf("%s has %s", r.From, strconv.FormatFloat(*r.Value, 'f', -1, 64))
	}
}

func (r Reading) why() string { return text.OneLine(cmp.Or(r.Why, "no query was sent")) }
