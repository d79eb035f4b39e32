package series_test

import (
	"testing"
	"time"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
)

func TestEvaluateSeries(t *testing.T) {
	since := time.Unix(1000, 0)
	failed := series.Scaling{Known: true, Reason: "FailedGetObjectMetric", Message: "no metrics", Since: since}
	tests := map[string]struct {
		scaling series.Scaling
		after   time.Duration
		found   bool
		recheck time.Duration
	}{
		"not synced yet": {series.Scaling{}, time.Hour, false, 0},
		"active":         {series.Scaling{Known: true, Active: true, Reason: "ValidMetricFound", Since: since}, time.Hour, false, 0},
		"turned off":     {series.Scaling{Known: true, Reason: "ScalingDisabled", Since: since}, time.Hour, false, 0},
		"just failed":    {failed, time.Minute, false, 2 * time.Minute},
		"failing":        {failed, 3 * time.Minute, true, 0},
	}
	for name, tt := range tests {
		findings, recheck := series.ByCondition(tt.scaling, pipeline.Subject{Namespace: "ns", Service: "echo", Metric: "m"}, since.Add(tt.after))
		if (len(findings) == 1) != tt.found || recheck != tt.recheck {
			t.Errorf("%s: found %v, recheck after %s", name, findings, recheck)
		}
	}
}
