package hpa

import (
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
)

// failingGrace is how long a condition may fail before that is a finding. Reads of the
// scale and of metrics fail for a moment while the API server restarts, or pods start.
const failingGrace = 3 * time.Minute

// ambiguousGrace is the same for two autoscalers of common pods. One that has just replaced
// another is ambiguous until the HPA controller looks again, by default every 15 seconds.
const ambiguousGrace = 30 * time.Second

// lastingReasons are those of conditions that stay until somebody changes an object.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/podautoscaler/horizontal.go
var lastingReasons = []string{"InvalidSelector", "MissingSelector", "InvalidMetricSourceType"}

// Failing implements output.Output.
func (Output) Failing(live output.Object, now time.Time) (findings []finding.Finding, recheck time.Duration) {
	h := typed(live)
	s := scaling(h)
	judge := func(kind autoscalingv2.HorizontalPodAutoscalerConditionType, c model.Condition) {
		grace := failingGrace
		if c.Reason == "AmbiguousSelector" {
			grace = ambiguousGrace
		}
		if left := c.Since.Add(grace).Sub(now); left > 0 && !slices.Contains(lastingReasons, c.Reason) {
			if recheck == 0 || left < recheck {
				recheck = left
			}
			return
		}
		findings = append(findings, AutoscalerFails.On(objectOf(h), "%s is not true (%s): %s", kind, finding.Quote(c.Reason), finding.Quote(c.Message)).
			At("status", "conditions").Suggest("%s", AutoscalerFails.Fix))
	}
	if s.Unable != (model.Condition{}) {
		judge(autoscalingv2.AbleToScale, s.Unable)
	}
	// A missing value of the metric is a finding of the hop series, and ScalingDisabled,
	// without replicas, is intended.
	if s.Known && !s.Active && s.Reason != failedGetObjectMetric && s.Reason != scalingDisabled {
		judge(autoscalingv2.ScalingActive, model.Condition{Reason: s.Reason, Message: s.Message, Since: s.Since})
	}
	return findings, recheck
}

// The reasons of ScalingActive that have a finding of their own.
const (
	failedGetObjectMetric = "FailedGetObjectMetric"
	scalingDisabled       = "ScalingDisabled"
)
