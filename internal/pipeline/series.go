package pipeline

import (
	"time"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
)

// MetricWithoutValue is found by what the autoscaler itself says; Prometheus is
// never asked at admission.
var MetricWithoutValue = &finding.Reason{
	Name: "MetricWithoutValue", Severity: finding.Warning, Wait: finding.ForObject, Hop: series.Hop,
	Summary: "The HorizontalPodAutoscaler has not got a value of its metric for some minutes. It keeps the number of replicas.",
	Fix:     "If another hop is broken, mend that first. If none is, send traffic through the gateway: without requests there are no series.",
}

func seriesReasons() []*finding.Reason { return []*finding.Reason{MetricWithoutValue} }

// seriesGrace is how long an autoscaler may be without a value before that is a
// finding: the way from first traffic to first value is a scrape, a relist and a
// sync, with everybody's defaults about two minutes.
const seriesGrace = 3 * time.Minute

// Scaling is what the autoscaler of the subject reports.
type Scaling = model.Scaling

// EvaluateSeries judges the last hop at a point in time by what the autoscaler of
// the subject says. recheck is the time after which the answer may be another
// without anything changing; 0 if it will not.
func EvaluateSeries(s Scaling, subject Subject, now time.Time) (findings []finding.Finding, recheck time.Duration) {
	if !s.Known || s.Active || s.Reason != "FailedGetObjectMetric" {
		return nil, 0 // ScalingDisabled, say, is a wish
	}
	if left := s.Since.Add(seriesGrace).Sub(now); left > 0 {
		return nil, left
	}
	return []finding.Finding{MetricWithoutValue.On(subject.Object(),
		"the autoscaler gets no value of %s: %s", subject.Metric, s.Message)}, 0
}
