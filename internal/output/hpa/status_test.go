package hpa

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

func goodPlan() plan.Plan {
	return plan.Plan{
		Resolved:  policy.Resolved{Target: resource.MustParse("40"), MinReplicas: 1, MaxReplicas: 10, Metric: annotations.DefaultMetric},
		Namespace: "default", Name: "echo", Deployment: "echo", DeploymentUID: "u", Service: "echo", EnabledBy: plan.ByDeployment,
	}
}

// goodAutoscaler is the plan's, and works.
func goodAutoscaler() *autoscalingv2.HorizontalPodAutoscaler {
	h := generator.HPA(goodPlan())
	h.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: "echo", UID: "u", Controller: ptr.To(true)}}
	condition := func(kind autoscalingv2.HorizontalPodAutoscalerConditionType, reason string) autoscalingv2.HorizontalPodAutoscalerCondition {
		return autoscalingv2.HorizontalPodAutoscalerCondition{Type: kind, Status: corev1.ConditionTrue, Reason: reason, Message: "fine"}
	}
	h.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{
		condition(autoscalingv2.AbleToScale, "ReadyForNewScale"), condition(autoscalingv2.ScalingActive, "ValidMetricFound"),
	}
	h.Status.CurrentReplicas, h.Status.DesiredReplicas = 3, 8
	h.Status.CurrentMetrics = []autoscalingv2.MetricStatus{{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricStatus{
		Metric:  autoscalingv2.MetricIdentifier{Name: annotations.DefaultMetric},
		Current: autoscalingv2.MetricValueStatus{Value: ptr.To(resource.MustParse("102053m"))},
	}}}
	return h
}

func TestEvaluate(t *testing.T) {
	fails := func(i int, reason string) func(*autoscalingv2.HorizontalPodAutoscaler) {
		return func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Status.Conditions[i].Status, h.Status.Conditions[i].Reason = corev1.ConditionFalse, reason
		}
	}
	for name, tc := range map[string]struct {
		change func(*autoscalingv2.HorizontalPodAutoscaler)
		want   *finding.Reason
	}{
		"good":       {func(*autoscalingv2.HorizontalPodAutoscaler) {}, nil},
		"bounds":     {func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MaxReplicas = 3 }, AutoscalerDiffers},
		"no value":   {fails(1, "FailedGetObjectMetric"), AutoscalerWithoutMetric},
		"two of it":  {fails(1, "AmbiguousSelector"), AutoscalerFails},
		"cannot":     {fails(0, "FailedGetScale"), AutoscalerFails},
		"0 replicas": {fails(1, "ScalingDisabled"), AutoscalerOff},
		"new":        {func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Status.Conditions = nil }, AutoscalerUnknown},
		"within its bounds": {func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Status.Conditions[1].Type, h.Status.Conditions[1].Status = autoscalingv2.ScalingLimited, corev1.ConditionFalse
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			h, plan := goodAutoscaler(), goodPlan()
			tc.change(h)
			found, _ := Evaluate(h, &plan, "")
			want := []string{}
			if tc.want != nil {
				want = append(want, tc.want.Name)
			}
			got := []string{}
			for _, f := range found {
				got = append(got, f.Reason.Name)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAutoscalerEvidence(t *testing.T) {
	_, evidence := Evaluate(goodAutoscaler(), nil, "")
	want := []string{
		"HorizontalPodAutoscaler default/echo: 3 replicas, wants 8 of 1-10; saw 102053m, target 40",
		"AbleToScale is True (ReadyForNewScale): fine",
		"ScalingActive is True (ValidMetricFound): fine",
	}
	if diff := cmp.Diff(want, evidence); diff != "" {
		t.Error(diff)
	}
}

// The fix of a missing autoscaler is what the controller would make: it takes it for
// its own.
func TestAnAutoscalerThatIsMissing(t *testing.T) {
	plan := goodPlan()
	found, _ := Evaluate(nil, &plan, "")
	if len(found) != 1 || found[0].Reason != AutoscalerMissing {
		t.Fatalf("got %v", found)
	}
	for _, want := range []string{"uid: u", "controller: true", "app.kubernetes.io/managed-by: kong-latency", "kind: HorizontalPodAutoscaler"} {
		if !strings.Contains(render.Fix(found[0].Fix), want) {
			t.Errorf("the fix lacks %q:\n%s", want, render.Fix(found[0].Fix))
		}
	}
	plan.Adopted = true
	if found, _ := Evaluate(nil, &plan, ""); strings.Contains(render.Fix(found[0].Fix), "\n") {
		t.Errorf("an adopted one is made anew:\n%s", render.Fix(found[0].Fix))
	}
	if found, _ := Evaluate(nil, &plan, "forbidden"); found[0].Reason != AutoscalerUnknown {
		t.Errorf("got %v", found)
	}
	if found, _ := Evaluate(nil, nil, ""); len(found) != 0 {
		t.Errorf("got %v", found)
	}
}
