package series

import (
	"time"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// MetricWithoutValue is found by the condition of the autoscaler; Prometheus is
// never queried at admission.
var MetricWithoutValue = Hop.Reason("MetricWithoutValue", finding.Warning, finding.ForObject,
	"The HorizontalPodAutoscaler has had no value of its metric for some minutes. It keeps the number of replicas.",
	"If another hop is broken, fix that first. If none is, send traffic through the gateway: without requests there are no series.")

// grace is how long an autoscaler may be without a value before that is a
// finding: the way from first traffic to first value is a scrape, a relist and a
// sync, with everybody's defaults about two minutes.
const grace = 3 * time.Minute

// Scaling is what the autoscaler of the subject reports.
type Scaling = model.Scaling

// ByCondition judges the last hop at a point in time by what the autoscaler of
// the subject says. recheck is the time after which the answer may be another
// without anything changing; 0 if it will not.
func ByCondition(s Scaling, subject pipeline.Subject, now time.Time) (findings []finding.Finding, recheck time.Duration) {
	if !s.Known || s.Active || s.Reason != "FailedGetObjectMetric" {
		return nil, 0 // ScalingDisabled, say, is intended
	}
	if left := s.Since.Add(grace).Sub(now); left > 0 {
		return nil, left
	}
	return []finding.Finding{MetricWithoutValue.On(subject.Object(),
		"the autoscaler gets no value of %s: %s", subject.Metric, s.Message)}, 0
}
