package hpa

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// What the live object has of what is learned reads back, so that who does not know it finds
// no difference; every other difference stays.
func TestLearnedReadsBack(t *testing.T) {
	q := func(s string) *resource.Quantity { return ptr.To(resource.MustParse(s)) }
	both := []string{"requests-per-second-per-pod", "auto", "concurrency-per-pod", "auto"}
	for name, tt := range map[string]struct {
		settings []string
		learned  plan.Learned
		want     plan.Learned
	}{
		"nothing":            {both, plan.Learned{}, plan.Learned{}},
		"the load":           {both, plan.Learned{RequestsPerSecondPerPod: q("12.5"), ConcurrencyPerPod: q("3")}, plan.Learned{RequestsPerSecondPerPod: q("12.5"), ConcurrencyPerPod: q("3")}},
		"the target as well": {both, plan.Learned{ConcurrencyPerPod: q("3"), LatencyTarget: q("60")}, plan.Learned{ConcurrencyPerPod: q("3"), LatencyTarget: q("60")}},
		"of no use":          {[]string{"concurrency-per-pod", "2"}, plan.Learned{ConcurrencyPerPod: q("3"), LatencyTarget: q("60")}, plan.Learned{}},
	} {
		t.Run(name, func(t *testing.T) {
			p := planned(t, tt.settings...)
			p.Learned = tt.learned
			there := live(p)
			p.Learned = Output{}.Learned(there, p)
			if diff := cmp.Diff(tt.want, p.Learned, cmp.Comparer(func(a, b resource.Quantity) bool { return a.Cmp(b) == 0 })); diff != "" {
				t.Errorf("learned (-want +got):\n%s", diff)
			}
			if !(Output{}).UpToDate(there, p) {
				t.Errorf("it differs by %s", Output{}.Differences(there, p))
			}
			p.MaxReplicas++
			if got := (Output{}).Differences(there, p).String(); got != "max replicas 10 to 11" {
				t.Errorf("it differs by %s", got)
			}
		})
	}
}

// The status of the API server names no object of a metric that is divided by the replicas.
func TestALoadIsObserved(t *testing.T) {
	p := planned(t, "concurrency-per-pod", "2.8")
	h := live(p)
	value, load := resource.MustParse("30"), resource.MustParse("1500m")
	metric := func(name string) autoscalingv2.MetricIdentifier { return autoscalingv2.MetricIdentifier{Name: name} }
	h.Status.CurrentMetrics = []autoscalingv2.MetricStatus{
		{Type: "Object", Object: &autoscalingv2.ObjectMetricStatus{Metric: metric(p.Metric), DescribedObject: h.Spec.Metrics[0].Object.DescribedObject,
			Current: autoscalingv2.MetricValueStatus{Value: &value}}},
		{Type: "Object", Object: &autoscalingv2.ObjectMetricStatus{Metric: metric(annotations.ConcurrencyMetric),
			Current: autoscalingv2.MetricValueStatus{AverageValue: &load}}},
	}
	h.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.ScalingActive, Status: "True", Reason: validMetricFound}}
	seen, ok := Output{}.Observe(h).Metric(annotations.ConcurrencyMetric)
	if !ok || seen.Current != nil || seen.Target != nil || seen.PerPod.String() != "2800m" || seen.CurrentPerPod.String() != "1500m" {
		t.Errorf("the load is %+v", seen)
	}
	if diff := cmp.Diff([]string{annotations.ConcurrencyMetric, annotations.DefaultMetric}, MetricsRead(h)); diff != "" {
		t.Errorf("metrics that are read (-want +got):\n%s", diff)
	}
	h.Spec.Metrics[1].Object.DescribedObject.Kind = "Ingress"
	if diff := cmp.Diff([]string{annotations.DefaultMetric}, MetricsRead(h)); diff != "" {
		t.Errorf("metrics of Services that are read (-want +got):\n%s", diff)
	}
}
