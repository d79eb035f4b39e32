package pipeline

import (
	"testing"
	"time"
)

func TestEvaluateSeries(t *testing.T) {
	since := time.Unix(1000, 0)
	failed := Scaling{Known: true, Reason: "FailedGetObjectMetric", Message: "no metrics", Since: since}
	tests := map[string]struct {
		scaling Scaling
		after   time.Duration
		found   bool
		recheck time.Duration
	}{
		"not synced yet": {Scaling{}, time.Hour, false, 0},
		"active":         {Scaling{Known: true, Active: true, Reason: "ValidMetricFound", Since: since}, time.Hour, false, 0},
		"turned off":     {Scaling{Known: true, Reason: "ScalingDisabled", Since: since}, time.Hour, false, 0},
		"just failed":    {failed, time.Minute, false, 2 * time.Minute},
		"failing":        {failed, 3 * time.Minute, true, 0},
	}
	for name, tt := range tests {
		findings, recheck := EvaluateSeries(tt.scaling, Subject{"ns", "echo", "m"}, since.Add(tt.after))
		if (len(findings) == 1) != tt.found || recheck != tt.recheck {
			t.Errorf("%s: found %v, recheck after %s", name, findings, recheck)
		}
	}
}
