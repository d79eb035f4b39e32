package controller

import (
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// pupil is a workload of which a learning learns.
type pupil struct {
	t    *testing.T
	now  time.Time
	plan plan.Plan
	key  types.NamespacedName
	l    *learning
}

func newPupil(t *testing.T, settings ...string) *pupil {
	p := &pupil{t: t, now: time.Unix(1000, 0), plan: testutil.Plan(t, testutil.Settings(settings...))}
	p.key = types.NamespacedName{Namespace: p.plan.Namespace, Name: p.plan.Deployment}
	d := &appsv1.Deployment{Status: appsv1.DeploymentStatus{Replicas: 4, ReadyReplicas: 4, UpdatedReplicas: 4}}
	d.Namespace, d.Name = p.key.Namespace, p.key.Name
	reader := fake.NewClientBuilder().WithObjects(d).WithStatusSubresource(d).Build()
	p.l = newLearning(reader, newClock(1, func() time.Time { return p.now }), testr.New(t))
	return p
}

// report has the autoscaler report values of 4 pods a quarter of a minute later.
func (p *pupil) report(latency, perPod string) bool {
	p.t.Helper()
	p.now = p.now.Add(15 * time.Second)
	learned := p.plan
	learned.Learned, _ = p.l.follow(p.key, p.plan, plan.Learned{}, nil)
	live := generator.HPA(learned)
	live.Status.CurrentReplicas, live.Status.DesiredReplicas = 4, 4
	for _, m := range live.Spec.Metrics {
		s := autoscalingv2.MetricStatus{Type: m.Type, Object: &autoscalingv2.ObjectMetricStatus{Metric: m.Object.Metric, DescribedObject: m.Object.DescribedObject}}
		if m.Object.Target.Type == autoscalingv2.ValueMetricType {
			s.Object.Current.Value = ptr.To(resource.MustParse(latency))
		} else {
			s.Object.Current.AverageValue = ptr.To(resource.MustParse(perPod))
		}
		live.Status.CurrentMetrics = append(live.Status.CurrentMetrics, s)
	}
	return p.l.observe(outputs.For(p.plan), live)
}

// written is what the status says.
func (p *pupil) written() (plan.Learned, *v1alpha1.LearnedLoad) {
	return p.l.follow(p.key, p.plan, plan.Learned{}, nil)
}

func TestTheLoadPerPodIsLearned(t *testing.T) {
	p := newPupil(t, "requests-per-second-per-pod", "auto", "concurrency-per-pod", "auto")
	if now, load := p.written(); now != (plan.Learned{}) || load != nil {
		t.Errorf("before the first value: %+v, %+v", now, load)
	}
	changes := 0
	for range 40 {
		if p.report("25", "100") {
			changes++
		}
	}
	now, load := p.written()
	if now.RequestsPerSecondPerPod == nil || now.RequestsPerSecondPerPod.MilliValue() < 100_000 || now.ConcurrencyPerPod == nil {
		t.Fatalf("after ten quiet minutes with 100 requests a second per pod: %+v", now)
	}
	if changes < 1 || changes > 4 {
		t.Errorf("%d changes, want few", changes)
	}
	if load.State == "" || load.Since == nil || !load.RequestsPerSecondPerPod.Equal(*now.RequestsPerSecondPerPod) {
		t.Errorf("the status is to say %+v", load)
	}

	// Another process becomes the leader.
	next := newPupil(t, "requests-per-second-per-pod", "auto", "concurrency-per-pod", "auto")
	restored, _ := next.l.follow(next.key, next.plan, now, load)
	if !restored.RequestsPerSecondPerPod.Equal(*now.RequestsPerSecondPerPod) {
		t.Errorf("after a restart: %+v, want %+v", restored, now)
	}
	next.now = next.now.Add(time.Hour)
	if next.report("25", "100"); !next.l.lessons[next.key].now.RequestsPerSecondPerPod.Equal(*now.RequestsPerSecondPerPod) {
		t.Errorf("after the first value: %+v, want %+v", next.l.lessons[next.key].now, now)
	}

	p.l.forget(p.key)
	if now, _ := p.written(); now != (plan.Learned{}) {
		t.Errorf("after it is forgotten: %+v", now)
	}
}

// TestWithoutAutoNothingIsLearned also where a load of a fixed size is followed.
func TestWithoutAutoNothingIsLearned(t *testing.T) {
	p := newPupil(t, "requests-per-second-per-pod", "50")
	for range 20 {
		if p.report("25", "100") {
			t.Fatal("something was learned")
		}
	}
	if len(p.l.lessons) != 0 {
		t.Errorf("%v", p.l.lessons)
	}
}

// TestAnUnreadableStateKeepsTheLoad, so that the size does not change.
func TestAnUnreadableStateKeepsTheLoad(t *testing.T) {
	p := newPupil(t, "requests-per-second-per-pod", "auto")
	was := plan.Learned{RequestsPerSecondPerPod: ptr.To(resource.MustParse("120"))}
	p.l.follow(p.key, p.plan, was, &v1alpha1.LearnedLoad{RequestsPerSecondPerPod: was.RequestsPerSecondPerPod, State: "{"})
	p.report("25", "100")
	if now, _ := p.written(); now.RequestsPerSecondPerPod == nil || now.RequestsPerSecondPerPod.Cmp(*was.RequestsPerSecondPerPod) != 0 {
		t.Errorf("%+v, want 120", now)
	}
}

// TestMorePodsThatDoNotHelpAreFound with the number that the finding names.
func TestMorePodsThatDoNotHelpAreFound(t *testing.T) {
	p := newPupil(t, "requests-per-second-per-pod", "auto", "max-replicas", "4")
	for range 10 {
		p.report("25", "100")
	}
	if s := p.l.saturated(p.key); s != (output.Saturation{}) {
		t.Errorf("within the target: %+v", s)
	}
	for range 25 {
		p.report("60", "100")
	}
	s := p.l.saturated(p.key)
	if !s.AtMaximum {
		t.Errorf("above the target at the maximum: %+v", s)
	}
	by := outputs.For(p.plan)
	for _, tt := range []struct {
		output.Saturation
		want string
	}{
		{s, "AtMaximum: it has its maximum of 4 replicas, and the latency exceeds the target of 40 ms"},
		{output.Saturation{Best: 61.3}, "ScalingHasNoEffect: the latency is 61 ms, above the target of 40 ms, and more pods do not lower it"},
		{output.Saturation{Best: 61.3, NeverMet: true}, "TargetBelowUnloadedLatency: the target is 40 ms, and a request needs 61 ms also where none waits"},
	} {
		findings := by.Saturated(generator.HPA(p.plan), p.plan, tt.Saturation)
		if len(findings) != 1 || findings[0].Reason.Name+": "+findings[0].Message != tt.want {
			t.Errorf("%+v: %v, want %s", tt.Saturation, findings, tt.want)
		}
	}
	p.report("30", "100")
	if s := p.l.saturated(p.key); s != (output.Saturation{}) {
		t.Errorf("within the target again: %+v", s)
	}
}

func TestQuantity(t *testing.T) {
	for v, want := range map[float64]string{163.84: "164", 0.012345: "12m", 2.8449: "2840m", 123456: "123k", 40: "40"} {
		if got := quantity(v); got.Cmp(resource.MustParse(want)) != 0 {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
}

// TestSimulatedTime passes faster by its scale.
func TestSimulatedTime(t *testing.T) {
	now := time.Unix(0, 0)
	c := newClock(7.5, func() time.Time { return now })
	now = now.Add(2 * time.Second)
	if got := c.now().Sub(time.Unix(0, 0)); got != 15*time.Second {
		t.Errorf("%v, want 15 s", got)
	}
	if got := c.wait(15 * time.Second); got != 2*time.Second {
		t.Errorf("%v, want 2 s", got)
	}
}
