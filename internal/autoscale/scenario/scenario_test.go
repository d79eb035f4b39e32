package scenario_test

import (
	"math"
	"slices"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/autoscale"
	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
	"github.com/kong-latency/kong-latency/internal/autoscale/scenario"
)

func TestSmallest(t *testing.T) {
	for name, tc := range map[string]struct {
		plant  scenario.Plant
		under  plant.Conditions
		target time.Duration
		want   int32
	}{
		// 12 slots are busy; 16 of them keep the mean below twice the service time.
		"four slots":                        {scenario.FourSlots, plant.Conditions{Load: 600}, 40 * time.Millisecond, 4},
		"a target near the service time":    {scenario.FourSlots, plant.Conditions{Load: 600}, 21 * time.Millisecond, 5},
		"one slot":                          {scenario.OneSlot, plant.Conditions{Load: 600}, 40 * time.Millisecond, 13},
		"sixteen slots":                     {scenario.SixteenSlots, plant.Conditions{Load: 600}, 40 * time.Millisecond, 2},
		"no request":                        {scenario.FourSlots, plant.Conditions{}, 40 * time.Millisecond, 1},
		"a slow dependency, twice its time": {scenario.FourSlots, plant.Conditions{Load: 600, Slowdown: 3}, 40 * time.Millisecond, 10},
		"a target that nothing holds":       {scenario.FourSlots, plant.Conditions{Load: 600}, 15 * time.Millisecond, 4},
	} {
		t.Run(name, func(t *testing.T) {
			got := scenario.Smallest(tc.plant.Config, tc.under, tc.target)
			if got != tc.want {
				t.Errorf("%d pods, want %d", got, tc.want)
			}
		})
	}
}

// TestLoadsAreWithinThePlants holds that the largest size of a plant is enough for every
// load, so that a score never depends on the maximum alone.
func TestLoadsAreWithinThePlants(t *testing.T) {
	for _, p := range []scenario.Plant{scenario.FourSlots, scenario.OneSlot, scenario.SixteenSlots, scenario.SlowStart} {
		for _, l := range scenario.Loads() {
			l = p.Under(l)
			for at := time.Duration(0); at < scenario.Warmup+scenario.Duration; at += time.Minute {
				if n := scenario.Smallest(p.Config, l.Conditions(at), l.Target); n > p.MaxReplicas {
					t.Fatalf("%s under %s needs %d pods after %s, at most %d are allowed", p.Name, l.Name, n, at, p.MaxReplicas)
				}
			}
			if !slices.IsSorted(l.Steps) {
				t.Errorf("the steps of %s are not in their order: %v", l.Name, l.Steps)
			}
			for _, s := range l.Steps {
				if s < scenario.Warmup || s >= scenario.Warmup+scenario.Duration {
					t.Errorf("%s has a step at %s, which is not measured", l.Name, s)
				}
			}
		}
	}
}

// TestScore adds moments of a minute whose figures can be counted by hand.
func TestScore(t *testing.T) {
	l := scenario.Load{
		Target: 40 * time.Millisecond, Steps: []time.Duration{10 * time.Minute, 30 * time.Minute},
		Conditions: func(time.Duration) plant.Conditions { return plant.Conditions{Load: 600} },
	}
	s := scenario.NewScore(scenario.FourSlots.Config, l, 5*time.Minute)
	for minute := range 40 {
		m := plant.Moment{At: time.Duration(minute) * time.Minute, For: time.Minute, Desired: 8, Replicas: 8}
		m.Served = plant.Served{Arrived: 100, Latency: 20 * time.Millisecond}
		switch {
		case minute < 5: // warm-up
			m.Replicas, m.Desired, m.Latency = 20, 20, time.Second
		case minute >= 10 && minute < 12, minute == 14: // over the target, kept for two minutes, and over it again
			m.Latency = 50 * time.Millisecond
		case minute == 20:
			m.Desired = 10
		case minute == 21:
			m.Replicas = 10
		case minute >= 30 && minute%4 == 0: // never kept for five minutes
			m.Latency = time.Second
		}
		s.Add(m)
	}
	got := s.Result()
	if got.Lowest != 8 || got.Highest != 10 {
		t.Errorf("%d to %d pods, want 8 to 10", got.Lowest, got.Highest)
	}
	if over := 5.0 / 35; math.Abs(got.Over-over) > 1e-9 {
		t.Errorf("%v over the target, want %v", got.Over, over)
	}
	mean := (34*8.0 + 10) / 35
	if math.Abs(got.Mean-mean) > 1e-9 || math.Abs(got.Fleet-mean/4) > 1e-9 {
		t.Errorf("%v pods, %v times the smallest fleet, want %v and %v", got.Mean, got.Fleet, mean, mean/4)
	}
	// From 20 to 8 at the end of the warm-up, to 10 and back.
	if want := 3 / (35.0 / 60); math.Abs(got.RescalesPerHour-want) > 1e-9 {
		t.Errorf("%v rescales an hour, want %v", got.RescalesPerHour, want)
	}
	want := []scenario.Recovery{{Step: 10 * time.Minute, Kept: true, After: 5 * time.Minute}, {Step: 30 * time.Minute}}
	if !slices.Equal(got.Recoveries, want) {
		t.Errorf("recoveries %+v, want %+v", got.Recoveries, want)
	}
}

// TestPlay holds that a score of the pure model is what the model counts itself, and that an
// outage is recovered from.
func TestPlay(t *testing.T) {
	hpa := autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: 20, Metrics: []autoscalingv2.MetricSpec{{
		Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: "rate"},
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: ptr.To(resource.MustParse("140"))},
		},
	}}}
	signals := map[string]plant.Signal{"rate": plant.Rate}
	for _, l := range scenario.Loads() {
		if l.Name != "constant" && l.Name != "unready" {
			continue
		}
		got, err := scenario.Play(scenario.FourSlots, l, hpa, signals, scenario.Warmup, scenario.Duration)
		if err != nil {
			t.Fatal(err)
		}
		s := plant.Scenario{
			Plant: scenario.FourSlots.Config, HPA: hpa, Options: autoscale.DefaultOptions(), Signals: signals, Target: l.Target,
			Replicas: 4, Warmup: scenario.Warmup, Duration: scenario.Duration, Conditions: l.Conditions,
		}
		want, err := plant.Run(s)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got.Over-want.Over) > 1e-9 || math.Abs(got.Mean-want.Mean) > 1e-9 || got.Lowest != want.Lowest || got.Highest != want.Highest {
			t.Errorf("%s: %+v, the model counts %+v", l.Name, got, want)
		}
		if l.Name == "unready" && (len(got.Recoveries) != 1 || !got.Recoveries[0].Kept || got.Recoveries[0].After < 0) {
			t.Errorf("recoveries %+v", got.Recoveries)
		}
	}
}
