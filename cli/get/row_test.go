package get

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// autoscaler saw a latency, if its condition allows.
func autoscaler(active corev1.ConditionStatus) *autoscalingv2.HorizontalPodAutoscaler {
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Name: "echo", CreationTimestamp: metav1.NewTime(noon)}}
	h.Spec.MinReplicas, h.Spec.MaxReplicas = ptr.To(int32(2)), 7
	h.Spec.Metrics = []autoscalingv2.MetricSpec{{Object: &autoscalingv2.ObjectMetricSource{
		Metric: autoscalingv2.MetricIdentifier{Name: "m"}, Target: autoscalingv2.MetricTarget{Value: ptr.To(resource.MustParse("50"))},
	}}}
	h.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{{
		Type: autoscalingv2.ScalingActive, Status: active, Reason: "FailedGetObjectMetric", LastTransitionTime: metav1.NewTime(noon),
	}}
	h.Status.CurrentMetrics = []autoscalingv2.MetricStatus{{Object: &autoscalingv2.ObjectMetricStatus{
		Metric: autoscalingv2.MetricIdentifier{Name: "m"}, Current: autoscalingv2.MetricValueStatus{Value: ptr.To(resource.MustParse("102053m"))},
	}}}
	return h
}

func workload(findings ...finding.Finding) live.Workload {
	return live.Workload{
		Deployment: &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "echo"}, Spec: appsv1.DeploymentSpec{Replicas: ptr.To(int32(3))}},
		Resolution: plan.Resolution{Enabled: true, EnabledBy: plan.ByService, Findings: findings, Plan: &plan.Plan{
			Resolved: policy.Resolved{Target: resource.MustParse("40"), MinReplicas: 1, MaxReplicas: 10, Metric: "m", Paused: "scale-in"},
		}},
		Subject: &pipeline.Subject{Namespace: "default", Service: "echo", Metric: "m"},
	}
}

func TestRow(t *testing.T) {
	e := pipeline.NewEvaluator(&pipeline.Snapshot{})
	w := workload()
	planned := Row{
		Namespace: "default", Name: "echo", Service: "echo", Metric: "m", TargetMS: ptr.To(40.0),
		Replicas: 3, MinReplicas: 1, MaxReplicas: 10, Paused: "scale-in", Source: "Service",
	}
	got := rowOf(w, e, noon)
	got.Pipeline = Pipeline{}
	if diff := cmp.Diff(planned, got); diff != "" {
		t.Errorf("planned: %s", diff)
	}
	since := metav1.NewTime(noon)
	attached := planned
	attached.TargetMS, attached.NowMS, attached.MinReplicas, attached.MaxReplicas = ptr.To(50.0), ptr.To(102.053), 2, 7
	attached.HPA, attached.Since = "echo", &since
	w.Live = autoscaler(corev1.ConditionTrue)
	got = rowOf(w, e, noon)
	got.Pipeline = Pipeline{}
	if diff := cmp.Diff(attached, got); diff != "" {
		t.Errorf("attached: %s", diff)
	}
	w.Live = autoscaler(corev1.ConditionFalse)
	if got := rowOf(w, e, noon); got.NowMS != nil {
		t.Errorf("an old value is shown: %v", *got.NowMS)
	}
}

// Blocked outweighs broken, and broken outweighs unknown.
func TestJudge(t *testing.T) {
	e := pipeline.NewEvaluator(&pipeline.Snapshot{}) // in which everything is unknown
	w := workload()
	if got := judge(w, e, noon); got.State != Unknown || got.Hop != extension.Hop.Name {
		t.Errorf("got %+v", got)
	}
	on := finding.Object{Kind: "Deployment", Name: "echo"}
	broken := servicemonitor.NotFound.On(on, "x")
	w.Resolution.Findings = []finding.Finding{broken}
	if got := judge(w, e, noon); got.State != Broken || got.String() != "broken: service-monitor" {
		t.Errorf("got %+v", got)
	}
	w.Resolution.Findings = []finding.Finding{broken, plan.NoServiceSelectsPods.On(on, "x")}
	if got := judge(w, e, noon); got.String() != "blocked: NoServiceSelectsPods" {
		t.Errorf("got %+v", got)
	}
	w = live.Workload{Live: autoscaler(corev1.ConditionFalse), Subject: w.Subject}
	if got := judge(w, e, noon.Add(time.Hour)); got.State != Unknown {
		t.Errorf("got %+v", got)
	}
}
