package compressed_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/test/control/compressed"
)

func TestBehavior(t *testing.T) {
	pods := func(seconds int32) []autoscalingv2.HPAScalingPolicy {
		return []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: seconds}}
	}
	before := autoscalingv2.HorizontalPodAutoscalerBehavior{
		ScaleUp:   &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](1), Policies: pods(2)},
		ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](300), Policies: pods(15)},
	}
	want := autoscalingv2.HorizontalPodAutoscalerBehavior{
		ScaleUp:   &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](0), Policies: pods(1)},
		ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](40), Policies: pods(2)},
	}
	unchanged := before.DeepCopy()
	if d := cmp.Diff(want, compressed.Behavior(before)); d != "" {
		t.Errorf("behavior (-want +got):\n%s", d)
	}
	if d := cmp.Diff(*unchanged, before); d != "" {
		t.Errorf("the argument was changed (-before +after):\n%s", d)
	}
	if got := compressed.Behavior(autoscalingv2.HorizontalPodAutoscalerBehavior{}); got.ScaleUp != nil || got.ScaleDown != nil {
		t.Errorf("of no rules: %+v", got)
	}
}

func TestOptions(t *testing.T) {
	o := compressed.Options()
	if o.SyncPeriod != 2*time.Second || o.DownscaleStabilization != 40*time.Second || o.Tolerance != 0.1 {
		t.Errorf("options %+v", o)
	}
}
