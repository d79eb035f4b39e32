package plant_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/autoscale"
	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/policy"
)

var (
	latency     = object("latency", autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: ptr.To(resource.MustParse("40"))})
	concurrency = object("concurrency", autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: ptr.To(resource.MustParse("2800m"))})
)

func object(name string, t autoscalingv2.MetricTarget) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{
		Type:   autoscalingv2.ObjectMetricSourceType,
		Object: &autoscalingv2.ObjectMetricSource{Metric: autoscalingv2.MetricIdentifier{Name: name}, Target: t},
	}
}

func constant(time.Duration) plant.Conditions { return plant.Conditions{Load: 600} }

// wave is 600 ± 400 requests a second in ten minutes.
func wave(at time.Duration) plant.Conditions {
	return plant.Conditions{Load: 600 + 400*math.Sin(2*math.Pi*at.Minutes()/10)}
}

// scenario is the workload that was measured behind the real HPA controller: 4 slots of
// 20 ms per pod, 20 s until a pod is ready, averages over 60 s.
func scenario(behavior *autoscalingv2.HorizontalPodAutoscalerBehavior, metrics ...autoscalingv2.MetricSpec) plant.Scenario {
	return plant.Scenario{
		Plant:   plant.Config{Slots: 4, Service: 20 * time.Millisecond, Start: 20 * time.Second, Window: time.Minute},
		HPA:     autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: 20, Metrics: metrics, Behavior: behavior},
		Options: autoscale.DefaultOptions(),
		Signals: map[string]plant.Signal{"latency": plant.Latency, "concurrency": plant.Concurrency, "rate": plant.Rate},
		Target:  40 * time.Millisecond, Replicas: 5, Duration: 30 * time.Minute, Conditions: constant,
	}
}

// profile is a behavior of the product.
func profile(t *testing.T, name string) *autoscalingv2.HorizontalPodAutoscalerBehavior {
	t.Helper()
	r, findings := policy.Resolve(finding.Object{}, annotations.Settings{Behavior: name}, nil)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return &r.Behavior
}

// TestAsMeasuredBehindTheRealController compares with what the same workload gave behind a
// real kube-controller-manager. The model has no jitter of timers, so the figures are near
// those and not equal: within 1 pod on average, 2.5 percent points of requests, and 10
// rescales an hour.
func TestAsMeasuredBehindTheRealController(t *testing.T) {
	type figures struct {
		lowest, highest      int32
		mean, over, rescales float64
	}
	for _, tc := range []struct {
		name, profile string
		load          func(time.Duration) plant.Conditions
		metrics       []autoscalingv2.MetricSpec
		measured      figures
	}{
		{"constant, latency, responsive", "responsive", constant, []autoscalingv2.MetricSpec{latency}, figures{3, 20, 13.1, 25.8, 154}},
		{"constant, latency, stable", "stable", constant, []autoscalingv2.MetricSpec{latency}, figures{3, 20, 12.1, 4.0, 22}},
		{"constant, latency and concurrency, responsive", "responsive", constant, []autoscalingv2.MetricSpec{latency, concurrency}, figures{5, 5, 5, 0, 0}},
		{"constant, latency and concurrency, stable", "stable", constant, []autoscalingv2.MetricSpec{latency, concurrency}, figures{5, 5, 5, 0, 0}},
		{"wave, latency, responsive", "responsive", wave, []autoscalingv2.MetricSpec{latency}, figures{2, 20, 9.9, 26.2, 122}},
		{"wave, latency, stable", "stable", wave, []autoscalingv2.MetricSpec{latency}, figures{4, 20, 12.4, 7.0, 24}},
		{"wave, latency and concurrency, responsive", "responsive", wave, []autoscalingv2.MetricSpec{latency, concurrency}, figures{2, 20, 6.2, 2.0, 74}},
		{"wave, latency and concurrency, stable", "stable", wave, []autoscalingv2.MetricSpec{latency, concurrency}, figures{5, 8, 6.9, 0, 26}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := scenario(profile(t, tc.profile), tc.metrics...)
			s.Conditions = tc.load
			r := play(t, s)
			got := figures{r.Lowest, r.Highest, r.Mean, 100 * r.Over, r.RescalesPerHour}
			t.Logf("%+v, measured %+v", got, tc.measured)
			m := tc.measured
			if math.Abs(float64(got.lowest-m.lowest)) > 1 || math.Abs(float64(got.highest-m.highest)) > 1 ||
				math.Abs(got.mean-m.mean) > 1 || math.Abs(got.over-m.over) > 2.5 || math.Abs(got.rescales-m.rescales) > 10 {
				t.Errorf("%+v, measured %+v", got, m)
			}
		})
	}
}

func play(t *testing.T, s plant.Scenario) plant.Result {
	t.Helper()
	r, err := plant.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSameInputSameOutput(t *testing.T) {
	s := scenario(profile(t, "responsive"), latency)
	s.Conditions = wave
	if first, second := play(t, s), play(t, s); !reflect.DeepEqual(first, second) {
		t.Error("two runs of a scenario differ")
	}
}

// TestOutage is two minutes with no pod ready, in which requests fail without an upstream
// latency. Latency alone then gives no replicas at once. A load that is measured of answers
// falls within its window as well: only a stabilization window keeps the size.
func TestOutage(t *testing.T) {
	for _, tc := range []struct {
		profile string
		metrics []autoscalingv2.MetricSpec
		want    int32
	}{
		{"responsive", []autoscalingv2.MetricSpec{latency}, 1},
		{"responsive", []autoscalingv2.MetricSpec{latency, concurrency}, 1},
		{"stable", []autoscalingv2.MetricSpec{latency, concurrency}, 5},
	} {
		s := scenario(profile(t, tc.profile), tc.metrics...)
		s.Conditions = func(at time.Duration) plant.Conditions {
			return plant.Conditions{Load: 600, Unready: at >= 5*time.Minute && at < 7*time.Minute}
		}
		if r := play(t, s); r.Lowest != tc.want {
			t.Errorf("%s with %d metrics: at least %d replicas, want %d", tc.profile, len(tc.metrics), r.Lowest, tc.want)
		}
	}
}

// TestMissingMetrics holds that the size is kept while no metric can be read.
func TestMissingMetrics(t *testing.T) {
	s := scenario(profile(t, "responsive"), latency)
	s.Missing = func(at time.Duration) bool { return at >= 5*time.Minute && at < 10*time.Minute }
	r := play(t, s)
	var before int32
	for _, p := range r.Points {
		switch {
		case p.At < 5*time.Minute:
			before = p.Replicas
		case p.At < 10*time.Minute && p.Replicas != before:
			t.Fatalf("%d replicas at %v, %d before", p.Replicas, p.At, before)
		}
	}
}

func TestCPUUtilization(t *testing.T) {
	// 12 of the slots are busy: 5 pods are used by 60 %, 4 by 75 %, which 70 % tolerates.
	s := scenario(profile(t, "responsive"), autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
		Name: "cpu", Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To[int32](70)},
	}})
	s.Replicas, s.Warmup = 10, 20*time.Minute
	if r := play(t, s); r.Lowest != 5 || r.Highest != 5 || r.Over != 0 {
		t.Errorf("%d to %d replicas, %.1f %% over the target, want 5 and none", r.Lowest, r.Highest, 100*r.Over)
	}
}
