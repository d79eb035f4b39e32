package learn_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/kong-latency/kong-latency/internal/autoscale/learn"
	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
)

func constant(rate float64) func(time.Duration) plant.Conditions {
	return func(time.Duration) plant.Conditions { return plant.Conditions{Load: rate} }
}

func wave(period time.Duration) func(time.Duration) plant.Conditions {
	return func(at time.Duration) plant.Conditions {
		return plant.Conditions{Load: 600 + 400*math.Sin(2*math.Pi*at.Minutes()/period.Minutes())}
	}
}

type pods struct {
	slots   int
	service time.Duration
	// needed is the smallest size that serves 600 requests a second within 40 ms.
	needed float64
}

var plants = []pods{{1, 20 * time.Millisecond, 13}, {4, 20 * time.Millisecond, 4}, {16, 30 * time.Millisecond, 2}}

func each(t *testing.T, play func(t *testing.T, p pods, start time.Duration)) {
	for _, p := range plants {
		for _, start := range []time.Duration{20 * time.Second, 90 * time.Second} {
			t.Run(fmt.Sprintf("%d slots of %v, ready after %v", p.slots, p.service, start), func(t *testing.T) { play(t, p, start) })
		}
	}
}

// TestConstantLoad holds the target with few pods and without changes of size, also where
// single values scatter.
func TestConstantLoad(t *testing.T) {
	for _, scatter := range []float64{0, 0.02, 0.05} {
		t.Run(fmt.Sprint(scatter), func(t *testing.T) {
			each(t, func(t *testing.T, p pods, start time.Duration) {
				l := newLoop(p.slots, p.service, start, constant(600))
				l.scatter = scatter
				r := l.run(t)
				t.Logf("%.1f %% over the target, %.2f of the pods needed, %.1f rescales an hour, %d writes", 100*r.Over, r.Mean/p.needed, r.RescalesPerHour, len(l.writes))
				if r.Over > 0.005 || r.Mean > 1.5*p.needed || r.RescalesPerHour > 2 {
					t.Errorf("%.1f %% over the target, %.1f pods, %.1f rescales an hour", 100*r.Over, r.Mean, r.RescalesPerHour)
				}
				late := 0
				for _, at := range l.writes {
					if at > time.Hour {
						late++
					}
				}
				if late > 6 {
					t.Errorf("%d writes in the two hours after the first, want 6 at most", late)
				}
			})
		})
	}
}

func TestSlowWave(t *testing.T) {
	each(t, func(t *testing.T, p pods, start time.Duration) {
		l := newLoop(p.slots, p.service, start, wave(time.Hour))
		if r := l.run(t); r.Over > 0.02 || r.Mean > 1.5*p.needed {
			t.Errorf("%.1f %% over the target, %.1f pods", 100*r.Over, r.Mean)
		}
	})
}

// TestFastWave learns although the size never stays the same for a minute.
func TestFastWave(t *testing.T) {
	each(t, func(t *testing.T, p pods, start time.Duration) {
		for _, replicas := range []int32{1, 5} {
			l := newLoop(p.slots, p.service, start, wave(10*time.Minute))
			l.Replicas = replicas
			if r := l.run(t); r.Over > 0.055 || r.Mean > 2.7*p.needed {
				t.Errorf("begun with %d pods: %.1f %% over the target, %.2f of the pods needed", replicas, 100*r.Over, r.Mean/p.needed)
			}
		}
	})
}

// TestColdStart begins with one pod. The latency of the queue before it, which is reported
// long after there are enough pods, adds no more of them.
func TestColdStart(t *testing.T) {
	each(t, func(t *testing.T, p pods, start time.Duration) {
		l := newLoop(p.slots, p.service, start, constant(600))
		l.Replicas, l.Warmup = 1, 0
		highest := int32(0)
		l.seen = func(time.Duration, learn.State) { highest = max(highest, l.before) }
		r := l.run(t)
		if float64(highest) > 2.5*p.needed && highest > 5 && start < time.Minute {
			t.Errorf("%d pods, where %.0f are enough", highest, p.needed)
		}
		if last := r.Points[len(r.Points)-1].Replicas; float64(last) > 1.5*p.needed {
			t.Errorf("%d pods at the end, where %.0f are enough", last, p.needed)
		}
	})
}

// TestColdStartWorksOffItsQueue removes no pods while the latency that adds none is above
// every value.
func TestColdStartWorksOffItsQueue(t *testing.T) {
	l := newLoop(16, 30*time.Millisecond, 20*time.Second, constant(2400))
	l.Replicas, l.Warmup = 1, 0
	grown := false
	l.seen = func(at time.Duration, _ learn.State) {
		grown = grown || l.before >= 5
		if grown && l.before < 5 && at < 10*time.Minute {
			t.Fatalf("%d pods at %v, before it is known that fewer than 5 are enough", l.before, at)
		}
	}
	l.run(t)
}

// TestSlowDependency finds out that no size holds the target, stays near what the load needs
// and returns to what it knew when the dependency is fast again.
func TestSlowDependency(t *testing.T) {
	slow := func(t *testing.T, start time.Duration, most int32) {
		l := newLoop(4, 20*time.Millisecond, start, func(at time.Duration) plant.Conditions {
			c := plant.Conditions{Load: 600}
			if at > time.Hour && at < 2*time.Hour {
				c.Slowdown = 3
			}
			return c
		})
		l.max = most
		var best, after float64
		l.seen = func(at time.Duration, s learn.State) {
			if at < 2*time.Hour {
				best = max(best, s.Best)
			} else if at > 2*time.Hour+10*time.Minute {
				after = max(after, s.Best)
			}
		}
		r := l.run(t)
		if math.Abs(best-60) > 3 || after != 0 {
			t.Errorf("ready after %v: the best is %.1f ms, and %.1f after it; want 60 and 0", start, best, after)
		}
		// 10 pods serve the load at that speed, 4 at the usual one.
		for _, p := range r.Points {
			if p.At > 2*time.Hour-15*time.Minute && p.At < 2*time.Hour && p.Replicas > 15 {
				t.Fatalf("ready after %v: %d pods at %v, want at most 15", start, p.Replicas, p.At)
			}
		}
		if last := r.Points[len(r.Points)-1].Replicas; last > 5 {
			t.Errorf("ready after %v: %d pods at the end, want 4 or 5", start, last)
		}
	}
	for _, start := range []time.Duration{20 * time.Second, 90 * time.Second} {
		for _, most := range []int32{20, 40} { // at the maximum no more pods can be tried
			slow(t, start, most)
		}
	}
}

// TestTargetBelowUnloadedLatency does not run to the maximum.
func TestTargetBelowUnloadedLatency(t *testing.T) {
	l := newLoop(4, 20*time.Millisecond, 20*time.Second, constant(300))
	l.Target = 15 * time.Millisecond
	l.Warmup = 0
	var best float64
	l.seen = func(_ time.Duration, s learn.State) { best = s.Best }
	if r := l.run(t); r.Highest > 10 || math.Abs(best-20) > 1 {
		t.Errorf("at most %d pods, best %.1f ms; want at most 10, and 20", r.Highest, best)
	}
	again := newLoop(4, 20*time.Millisecond, 20*time.Second, constant(300))
	again.Target, again.config.Continue = l.Target, true
	if r := again.run(t); r.Highest < 40 {
		t.Errorf("at most %d pods although it is to continue, want 40", r.Highest)
	}
}

// TestOutage keeps the size while no pod is ready.
func TestOutage(t *testing.T) {
	each(t, func(t *testing.T, p pods, start time.Duration) {
		l := newLoop(p.slots, p.service, start, func(at time.Duration) plant.Conditions {
			return plant.Conditions{Load: 600, Unready: at > 90*time.Minute && at < 110*time.Minute}
		})
		if r := l.run(t); float64(r.Lowest) < p.needed {
			t.Errorf("at least %d pods, want %.0f", r.Lowest, p.needed)
		}
	})
}

// TestRestart continues from what was written, without a change of size.
func TestRestart(t *testing.T) {
	each(t, func(t *testing.T, p pods, start time.Duration) {
		l := newLoop(p.slots, p.service, start, constant(600))
		longest := 0
		l.seen = func(at time.Duration, s learn.State) {
			text := s.Encode()
			longest = max(longest, len(text))
			if at != 90*time.Minute {
				return
			}
			restored, err := learn.Decode(text)
			if err != nil {
				t.Fatal(err)
			}
			l.state = restored
		}
		if r := l.run(t); r.RescalesPerHour != 0 || r.Over > 0.005 {
			t.Errorf("%.1f rescales an hour, %.1f %% over the target", r.RescalesPerHour, 100*r.Over)
		}
		if longest > 512 {
			t.Errorf("the state has %d bytes", longest)
		}
	})
}

func TestDecodeOfWhatIsNone(t *testing.T) {
	if s, err := learn.Decode("{"); err == nil || !reflect.DeepEqual(s, learn.State{}) {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := learn.Decode(""); err != nil || !reflect.DeepEqual(s, learn.State{}) {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestNothingIsKnown has the HorizontalPodAutoscaler work on the target alone.
func TestNothingIsKnown(t *testing.T) {
	c := learn.Config{Target: 40, Window: time.Minute}
	if s := (learn.State{}); s.LatencyTarget(c) != 40 || s.LoadPerPod != 0 {
		t.Errorf("%+v", s)
	}
	s := learn.Step(c, learn.State{}, learn.Sample{Time: time.Unix(0, 0)})
	if s.LoadPerPod != 0 {
		t.Errorf("%+v", s)
	}
}

// TestAnotherTarget keeps what is true of it, and changes nothing at once.
func TestAnotherTarget(t *testing.T) {
	for _, tc := range []struct{ target, met float64 }{{80, 150}, {30, 0}} {
		s := learn.State{Target: 40, Curve: learn.Curve{Unloaded: 20, Met: 150, Fitted: 190, Waiting: 0.1}, LoadPerPod: 160}
		s = learn.Step(learn.Config{Target: tc.target, Window: time.Minute}, s, learn.Sample{Time: time.Unix(0, 0), Replicas: 4, Measured: 4, Ready: 4, Latency: 25, Load: 600})
		if s.Curve != (learn.Curve{Unloaded: 20, Met: tc.met}) || s.LoadPerPod < 160 {
			t.Errorf("target %v: %+v, load per pod %v", tc.target, s.Curve, s.LoadPerPod)
		}
	}
}

// TestStepIsPure steps twice from one state.
func TestStepIsPure(t *testing.T) {
	c := learn.Config{Target: 40, Window: time.Minute}
	var states []learn.State
	s := learn.State{}
	for i := range 20 {
		s = learn.Step(c, s, learn.Sample{Time: time.Unix(int64(15*i), 0), Replicas: 5, Measured: 5, Ready: 5, Latency: 25, Load: 500})
		states = append(states, s)
	}
	next := learn.Sample{Time: time.Unix(15*20, 0), Replicas: 4, Measured: 5, Ready: 4, Latency: 80, Load: 600}
	first := learn.Step(c, states[19], next)
	learn.Step(c, states[19], learn.Sample{Time: time.Unix(15*20, 0), Replicas: 9, Measured: 5, Ready: 4, Latency: 900, Load: 100})
	if second := learn.Step(c, states[19], next); !reflect.DeepEqual(first, second) {
		t.Errorf("%+v\n%+v", first, second)
	}
}
