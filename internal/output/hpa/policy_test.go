package hpa

import (
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func TestPausedAndCPUOfAPolicyReachTheHPA(t *testing.T) {
	calm := v1alpha1.NamedBehavior{Name: "calm"}
	calm.ScaleUp = &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](30), Tolerance: ptr.To(resource.MustParse("0.05"))}
	p := v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: "frame"}}
	p.Spec.Behaviors = []v1alpha1.NamedBehavior{calm}
	p.Spec.Defaults = &v1alpha1.Defaults{Behavior: "calm", CPUUtilization: ptr.To[int32](60)}
	policies := plan.PolicySet{Set: policy.Compile([]v1alpha1.LatencyPolicy{p}), Namespace: func(string) (map[string]string, bool) { return nil, true }}
	w := testutil.Workload(map[string]string{annotations.TargetMS: "40", annotations.Paused: "scale-in"})
	set := testutil.Catalog(w, testutil.Service(nil))
	got := plan.Resolve(w, set, policies).Plan
	made := generator.HPA(*got)
	if len(made.Spec.Metrics) != 2 || *made.Spec.Metrics[1].Resource.Target.AverageUtilization != 60 {
		t.Errorf("metrics are %+v", made.Spec.Metrics)
	}
	b := made.Spec.Behavior
	if *b.ScaleUp.StabilizationWindowSeconds != 30 || *b.ScaleUp.SelectPolicy != autoscalingv2.MaxChangePolicySelect || *b.ScaleDown.SelectPolicy != autoscalingv2.DisabledPolicySelect {
		t.Errorf("behavior is %+v, %+v", b.ScaleUp, b.ScaleDown)
	}
	applied := live(*got)
	if applied.Spec.Behavior.ScaleDown.SelectPolicy = ptr.To(autoscalingv2.DisabledPolicySelect); !(Output{}).UpToDate(applied, *got) {
		t.Error("what was applied counts as different")
	}
	applied.Spec.Behavior.ScaleUp.Tolerance = nil
	if (Output{}).UpToDate(applied, *got) {
		t.Error("a tolerance of the profile's that is gone does not count")
	}
}
