package workload_test

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
	"github.com/kong-latency/kong-latency/internal/autoscale/scenario"
	"github.com/kong-latency/kong-latency/test/control/settings"
	"github.com/kong-latency/kong-latency/test/control/workload"
)

// fixture is a workload with some ready pods whose load has begun.
func fixture(t *testing.T, setting string, pods int, conditions func(time.Duration) plant.Conditions) *workload.Workload {
	t.Helper()
	c := settings.Case{Plant: scenario.FourSlots, Load: scenario.Load{Target: scenario.Target, Conditions: conditions}}
	for _, s := range settings.All() {
		if s.Name == setting {
			c.Setting = s
		}
	}
	w := workload.New(c, 0)
	w.SetDeployment(&appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: ptr.To(int32(pods))}, Status: appsv1.DeploymentStatus{Replicas: int32(pods)}})
	spec, err := settings.HPA(c)
	if err != nil {
		t.Fatal(err)
	}
	w.SetHPA(&autoscalingv2.HorizontalPodAutoscaler{Spec: spec})
	for i := range pods {
		w.SetPod(pod(fmt.Sprint("app-", i), false))
	}
	if w.Settled() {
		t.Error("it is settled before its pods are ready")
	}
	for name, status := range w.Due(time.Now()) {
		if status != workload.Ready {
			t.Errorf("%s starts before the load begins", name)
		}
		w.SetPod(pod(name, true))
	}
	if !w.Settled() || !w.Attached() {
		t.Error("it is not settled or not attached")
	}
	w.Start()
	return w
}

func pod(name string, ready bool) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}}
	p.Spec.Containers = []corev1.Container{{Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("4")},
	}}}
	p.Status.Phase = corev1.PodRunning
	if ready {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	}
	return p
}

func constant(time.Duration) plant.Conditions { return plant.Conditions{Load: 600} }

func TestPodsBecomeReadyAfterTheirStart(t *testing.T) {
	unready := false
	w := fixture(t, "concurrency", 4, func(time.Duration) plant.Conditions { return plant.Conditions{Load: 600, Unready: unready} })
	now := time.Now()
	w.SetPod(pod("new", false))
	if due := w.Due(now); len(due) != 1 || due["new"] != workload.Running {
		t.Errorf("due at once: %v", due)
	}
	if due := w.Due(now); len(due) > 0 {
		t.Errorf("due again: %v", due)
	}
	w.Failed("new")
	if due := w.Due(now); due["new"] != workload.Running {
		t.Errorf("due after a failure: %v", due)
	}
	// 20 s of compressed time are 2.7 s.
	later := now.Add(3 * time.Second)
	if due := w.Due(later); len(due) != 1 || due["new"] != workload.Ready {
		t.Errorf("due after the start: %v", due)
	}
	unready = true
	if due := w.Due(later); len(due) != 5 || due["new"] != workload.Running || due["app-0"] != workload.Running {
		t.Errorf("due in the outage: %v", due)
	}
	unready = false
	if due := w.Due(later); len(due) != 5 || due["new"] != workload.Ready {
		t.Errorf("due after the outage: %v", due)
	}
}

func TestMetricsAndScore(t *testing.T) {
	w := fixture(t, "concurrency", 4, constant)
	if _, ok := w.Value(settings.Concurrency); ok {
		t.Error("there is a value before the first request")
	}
	w.Advance(5 * time.Minute)
	// 12 slots are busy, and hardly anything waits.
	if v, ok := w.Value(settings.Concurrency); !ok || v < 12_000 || v > 13_000 {
		t.Errorf("concurrency is %d, %v", v, ok)
	}
	if v, ok := w.Value(settings.Latency); !ok || v < 20_000 || v > 22_000 {
		t.Errorf("latency is %d, %v", v, ok)
	}
	if _, ok := w.Value("another"); ok {
		t.Error("an unknown metric has a value")
	}
	w.RemovePod("app-0") // 600 are more than 3 pods serve within the target
	w.Advance(10 * time.Minute)
	r, course := w.Result()
	if r.Lowest != 3 || r.Highest != 4 || r.Over < 0.4 || r.Over > 0.5 {
		t.Errorf("result %+v", r)
	}
	if len(course) != 40 || course[0].Replicas != 4 || course[39].Replicas != 3 || course[39].Latency < scenario.Target {
		t.Errorf("%d points, from %+v to %+v", len(course), course[0], course[len(course)-1])
	}
	w.Value(settings.Concurrency)
	if s := w.Syncs(); s.Compared != 1 || s.Err != nil {
		t.Errorf("syncs %+v, want two reads compared", s)
	}
}

func TestUsages(t *testing.T) {
	w := fixture(t, "cpu", 4, constant)
	w.Advance(5 * time.Minute)
	usages := w.Usages()
	if len(usages) != 4 {
		t.Fatalf("%d usages, want one of each pod", len(usages))
	}
	for i, u := range usages {
		if u.Pod != fmt.Sprint("app-", i) || u.Usage < 2990 || u.Usage > 3010 || u.Window != 2*time.Second {
			t.Errorf("usage %+v, want three of four cores", u)
		}
	}
}
