// This file records what the HorizontalPodAutoscaler controller decides, for
// internal/autoscale/recorded_test.go. hack/record-hpa.sh runs it within a copy of the
// controller's package, because only there a step can be run on its own. The clock is that
// of testing/synctest.
package podautoscaler

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	autoscalingclient "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	corelisters "k8s.io/client-go/listers/core/v1"
	scaleclient "k8s.io/client-go/scale"
	"k8s.io/client-go/tools/record"
	defaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/monitor"
	consistencyutil "k8s.io/kubernetes/pkg/controller/util/consistency"
	"k8s.io/kubernetes/pkg/controller/util/selectors"
	"k8s.io/utils/ptr"
)

// series is what one HorizontalPodAutoscaler read and decided, step by step.
type series struct {
	Name  string                                    `json:"name"`
	Spec  autoscalingv2.HorizontalPodAutoscalerSpec `json:"spec"`
	Steps []step                                    `json:"steps"`
}

// step is one sync. Times are in seconds since the first one.
type step struct {
	At       int32    `json:"at"`
	Replicas int32    `json:"replicas"`
	Status   int32    `json:"status"`
	Pods     []pod    `json:"pods"`
	Values   []*int64 `json:"values"`
	// Want is the size that the controller sets, Current what its status says of each
	// metric, Failed whether it reports an error.
	Want    int32    `json:"want"`
	Current []*int64 `json:"current"`
	Failed  bool     `json:"failed,omitempty"`
}

type pod struct {
	Phase        string `json:"phase"`
	Deleting     bool   `json:"deleting,omitempty"`
	Started      *int32 `json:"started,omitempty"`
	Ready        bool   `json:"ready,omitempty"`
	ReadyChanged *int32 `json:"readyChanged,omitempty"`
	Request      int64  `json:"request,omitempty"`
	Usage        *int64 `json:"usage,omitempty"`
	UsageAt      int32  `json:"usageAt,omitempty"`
}

func TestRecord(t *testing.T) {
	var out []series
	for _, s := range recorded() {
		synctest.Test(t, func(t *testing.T) { run(t, &s) })
		out = append(out, s)
	}
	file, err := os.Create(os.Getenv("RECORD_TO"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// One step a line: a change of the recording is a readable diff.
	fmt.Fprintln(file, "[")
	for i, s := range out {
		spec, _ := json.Marshal(s.Spec)
		fmt.Fprintf(file, "{\"name\": %q, \"spec\": %s, \"steps\": [\n", s.Name, spec)
		for j, st := range s.Steps {
			line, _ := json.Marshal(st)
			fmt.Fprintf(file, "%s%s\n", line, comma(j, len(s.Steps)))
		}
		fmt.Fprintf(file, "]}%s\n", comma(i, len(out)))
	}
	fmt.Fprintln(file, "]")
}

func comma(i, n int) string {
	if i < n-1 {
		return ","
	}
	return ""
}

const key = "default/app"

// world is what the controller reads and writes.
type world struct {
	start time.Time
	step  *step
	scale int32
	hpa   *autoscalingv2.HorizontalPodAutoscaler
}

func run(t *testing.T, s *series) {
	w := &world{start: time.Now()}
	w.hpa = &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "app"}, Spec: *s.Spec.DeepCopy()}
	w.hpa.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "app"}
	defaults.SetDefaults_HorizontalPodAutoscaler(w.hpa)
	mapper := apimeta.NewDefaultRESTMapper([]schema.GroupVersion{{Group: "apps", Version: "v1"}})
	mapper.Add(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, apimeta.RESTScopeNamespace)
	a := &HorizontalController{
		scaleNamespacer: w, hpaNamespacer: w, mapper: mapper, eventRecorder: &record.FakeRecorder{}, monitor: monitor.New(),
		tolerance: 0.1, downscaleStabilisationWindow: 5 * time.Minute,
		podLister: podLister{w: w}, selectorTracker: newHPASelectorStore(), consistencyStore: consistencyutil.NewNoopConsistencyStore(),
		recommendations: map[string][]timestampedRecommendation{},
		scaleUpEvents:   map[string][]timestampedScaleEvent{}, scaleDownEvents: map[string][]timestampedScaleEvent{},
	}
	a.replicaCalc = NewReplicaCalculator(metrics{w: w}, a.podLister, 5*time.Minute, 30*time.Second)
	a.selectorTracker.PutIfAbsent("default", selectors.Parse(key), labels.Nothing())
	var size int32
	for i := range s.Steps {
		st := &s.Steps[i]
		time.Sleep(w.start.Add(time.Duration(st.At) * time.Second).Sub(time.Now()))
		if i > 0 && st.Replicas == 0 {
			st.Replicas = size
		}
		if st.Status == 0 {
			st.Status = st.Replicas
		}
		w.step, w.scale = st, st.Replicas
		w.hpa.Status.CurrentMetrics = nil
		st.Failed = a.reconcileAutoscaler(context.Background(), w.hpa, key) != nil
		st.Want, size = w.scale, w.scale
		for _, m := range w.hpa.Status.CurrentMetrics {
			st.Current = append(st.Current, current(m))
		}
	}
}

func current(m autoscalingv2.MetricStatus) *int64 {
	switch {
	case m.Object != nil && m.Object.Current.Value != nil:
		return ptr.To(m.Object.Current.Value.MilliValue())
	case m.Object != nil && m.Object.Current.AverageValue != nil:
		return ptr.To(m.Object.Current.AverageValue.MilliValue())
	case m.Resource != nil:
		return ptr.To(int64(*m.Resource.Current.AverageUtilization))
	}
	return nil
}

func (w *world) Scales(string) scaleclient.ScaleInterface { return scales{w: w} }

type scales struct {
	scaleclient.ScaleInterface
	w *world
}

func (s scales) Get(context.Context, schema.GroupResource, string, metav1.GetOptions) (*autoscalingv1.Scale, error) {
	return &autoscalingv1.Scale{
		Spec:   autoscalingv1.ScaleSpec{Replicas: s.w.scale},
		Status: autoscalingv1.ScaleStatus{Replicas: s.w.step.Status, Selector: "app=app"},
	}, nil
}

func (s scales) Update(_ context.Context, _ schema.GroupResource, scale *autoscalingv1.Scale, _ metav1.UpdateOptions) (*autoscalingv1.Scale, error) {
	s.w.scale = scale.Spec.Replicas
	return scale, nil
}

func (w *world) HorizontalPodAutoscalers(string) autoscalingclient.HorizontalPodAutoscalerInterface {
	return hpas{w: w}
}

type hpas struct {
	autoscalingclient.HorizontalPodAutoscalerInterface
	w *world
}

func (h hpas) UpdateStatus(_ context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, _ metav1.UpdateOptions) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	h.w.hpa.Status = hpa.Status
	return hpa, nil
}

type podLister struct {
	corelisters.PodLister
	w *world
}

func (l podLister) Pods(string) corelisters.PodNamespaceLister { return namespaced{w: l.w} }

type namespaced struct {
	corelisters.PodNamespaceLister
	w *world
}

func (n namespaced) List(labels.Selector) ([]*corev1.Pod, error) {
	var out []*corev1.Pod
	for i, p := range n.w.step.Pods {
		o := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("app-", i), Namespace: "default", Labels: map[string]string{"app": "app"}}}
		o.Status.Phase = corev1.PodPhase(p.Phase)
		if p.Deleting {
			o.DeletionTimestamp = n.w.time(0)
		}
		if p.Started != nil {
			o.Status.StartTime = n.w.time(*p.Started)
		}
		if p.ReadyChanged == nil && p.Ready {
			p.ReadyChanged = ptr.To[int32](0)
		}
		if p.ReadyChanged != nil {
			status := corev1.ConditionFalse
			if p.Ready {
				status = corev1.ConditionTrue
			}
			o.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status, LastTransitionTime: *n.w.time(*p.ReadyChanged)}}
		}
		o.Spec.Containers = []corev1.Container{{Name: "app"}}
		if p.Request > 0 {
			o.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: *resource.NewMilliQuantity(p.Request, resource.DecimalSI)}
		}
		out = append(out, o)
	}
	return out, nil
}

func (w *world) time(seconds int32) *metav1.Time {
	return &metav1.Time{Time: w.start.Add(time.Duration(seconds) * time.Second)}
}

type metrics struct {
	metricsclient.MetricsClient
	w *world
}

func (m metrics) GetObjectMetric(name, _ string, _ *autoscalingv2.CrossVersionObjectReference, _ labels.Selector) (int64, time.Time, error) {
	for i, spec := range m.w.hpa.Spec.Metrics {
		if spec.Object != nil && spec.Object.Metric.Name == name && m.w.step.Values[i] != nil {
			return *m.w.step.Values[i], time.Now(), nil
		}
	}
	return 0, time.Time{}, apierrors.NewNotFound(schema.GroupResource{}, name)
}

func (m metrics) GetResourceMetric(context.Context, corev1.ResourceName, string, labels.Selector, string) (metricsclient.PodMetricsInfo, time.Time, error) {
	out := metricsclient.PodMetricsInfo{}
	for i, p := range m.w.step.Pods {
		if p.Usage != nil {
			out[fmt.Sprint("app-", i)] = metricsclient.PodMetric{Value: *p.Usage, Timestamp: m.w.time(p.UsageAt).Time, Window: 30 * time.Second}
		}
	}
	if len(out) == 0 {
		return nil, time.Time{}, fmt.Errorf("no metrics returned from resource metrics API")
	}
	return out, time.Now(), nil
}
