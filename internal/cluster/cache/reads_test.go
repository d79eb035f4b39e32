package cache

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// reader is an autoscaler that reads a metric of Service echo, as the HPA controller
// leaves it.
func reader(namespace, name, metric string) *autoscalingv2.HorizontalPodAutoscaler {
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	h.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{
		{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionTrue, Reason: "ReadyForNewScale"},
		{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue, Reason: "ValidMetricFound", Message: "the HPA was able to …"},
	}
	h.Status.CurrentMetrics = []autoscalingv2.MetricStatus{{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricStatus{
		Metric:          autoscalingv2.MetricIdentifier{Name: metric},
		DescribedObject: autoscalingv2.CrossVersionObjectReference{APIVersion: "v1", Kind: "Service", Name: "echo"},
		Current:         autoscalingv2.MetricValueStatus{Value: ptr.To(resource.MustParse("40"))},
	}}}
	return h
}

func object(namespace, name string) finding.Object {
	return finding.Object{Kind: "HorizontalPodAutoscaler", Namespace: namespace, Name: name}
}

func TestAMetricIsReadOnlyIfTheStatusSaysSo(t *testing.T) {
	type status = autoscalingv2.ObjectMetricStatus
	for name, tt := range map[string]struct {
		change func(*autoscalingv2.HorizontalPodAutoscaler, *status)
		read   bool
	}{
		"as it is":            {func(*autoscalingv2.HorizontalPodAutoscaler, *status) {}, true},
		"without API version": {func(_ *autoscalingv2.HorizontalPodAutoscaler, s *status) { s.DescribedObject.APIVersion = "" }, true},
		"zero":                {func(_ *autoscalingv2.HorizontalPodAutoscaler, s *status) { s.Current.Value = &resource.Quantity{} }, true},
		"an average": {func(_ *autoscalingv2.HorizontalPodAutoscaler, s *status) {
			s.Current = autoscalingv2.MetricValueStatus{AverageValue: s.Current.Value}
		}, true},
		"no value": {func(_ *autoscalingv2.HorizontalPodAutoscaler, s *status) { s.Current.Value = nil }, false},
		"of a Service of Knative": {func(_ *autoscalingv2.HorizontalPodAutoscaler, s *status) {
			s.DescribedObject.APIVersion = "serving.knative.dev/v1"
		}, false},
		"of an Ingress": {func(_ *autoscalingv2.HorizontalPodAutoscaler, s *status) { s.DescribedObject.Kind = "Ingress" }, false},
		"no metrics":    {func(h *autoscalingv2.HorizontalPodAutoscaler, _ *status) { h.Status.CurrentMetrics = nil }, false},
		"no conditions": {func(h *autoscalingv2.HorizontalPodAutoscaler, _ *status) { h.Status.Conditions = nil }, false},
		"inactive, of earlier": {func(h *autoscalingv2.HorizontalPodAutoscaler, _ *status) {
			h.Status.Conditions[1].Status = corev1.ConditionFalse
		}, false},
		"active for another reason": {func(h *autoscalingv2.HorizontalPodAutoscaler, _ *status) {
			h.Status.Conditions[1].Reason = "ScalingDisabled"
		}, false},
		"a metric of pods": {func(h *autoscalingv2.HorizontalPodAutoscaler, s *status) {
			h.Status.CurrentMetrics[0] = autoscalingv2.MetricStatus{Type: autoscalingv2.PodsMetricSourceType, Pods: &autoscalingv2.PodsMetricStatus{Metric: s.Metric, Current: s.Current}}
		}, false},
	} {
		h := reader("shop", "api", "latency")
		tt.change(h, h.Status.CurrentMetrics[0].Object)
		var want map[string]finding.Object
		if tt.read {
			want = map[string]finding.Object{"latency": object("shop", "api")}
		}
		scheme := runtime.NewScheme()
		if err := clientgoscheme.AddToScheme(scheme); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, ListReaders(t.Context(), fake.NewClientBuilder().WithScheme(scheme).WithObjects(h).Build())); diff != "" {
			t.Errorf("%s, listed (-want +got):\n%s", name, diff)
		}
		got, err := Readers(t.Context(), cacheOf(t, h), nil)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s, cached: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// Of many that read a metric it is always the same one, and none is decoded for it.
func TestOneReaderOfEachMetric(t *testing.T) {
	var objects []runtime.Object
	for i := range 1000 {
		objects = append(objects, reader(fmt.Sprintf("ns-%d", 9-i%10), fmt.Sprintf("h-%03d", i), "latency"))
	}
	silent := reader("ns-0", "a", "latency")
	silent.Status.Conditions[1].Status = corev1.ConditionFalse
	c := cacheOf(t, append(objects, silent, reader("z", "z", "errors"))...)
	for name, tt := range map[string]struct{ last, want finding.Object }{
		"the first":          {finding.Object{}, object("ns-0", "h-009")},
		"the last one stays": {object("ns-5", "h-014"), object("ns-5", "h-014")},
		"one that is gone":   {object("ns-5", "gone"), object("ns-0", "h-009")},
		"one that is silent": {object("ns-0", "a"), object("ns-0", "h-009")},
	} {
		got, err := Readers(t.Context(), c, map[string]finding.Object{"latency": tt.last, "past": object("ns-0", "h-009")})
		want := map[string]finding.Object{"latency": tt.want, "errors": object("z", "z")}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// A metric that is read is kept by its name alone, and two syncs leave the same.
func TestOfReadMetricsTheNameIsKept(t *testing.T) {
	h := reader("shop", "api", "latency")
	packedSize := func() int {
		out, err := pack(stripHPA)(h.DeepCopy())
		if err != nil {
			t.Fatal(err)
		}
		return len(out.(*packed).raw)
	}
	read := packedSize()
	h.Status.CurrentMetrics[0].Object.Current.Value = ptr.To(resource.MustParse("12345678m"))
	if again := packedSize(); again != read {
		t.Errorf("%d bytes, and %d with another value", read, again)
	}
	h.Status.CurrentMetrics = nil
	if more := read - packedSize(); more > len("latency")+40 {
		t.Errorf("%d bytes are kept of a metric", more)
	}
}
