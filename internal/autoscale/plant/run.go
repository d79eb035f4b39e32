package plant

import (
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kong-latency/kong-latency/internal/autoscale"
)

// Scenario is a workload, what scales it, and what happens to it.
type Scenario struct {
	Plant   Config
	HPA     autoscalingv2.HorizontalPodAutoscalerSpec
	Options autoscale.Options
	// Signals say what the Object metrics of the HPA measure, by their name.
	Signals map[string]Signal
	// Target is the latency that requests should not exceed.
	Target time.Duration
	// Replicas is the size at the beginning.
	Replicas int32
	// Warmup is left out of the result, Duration is the time after it.
	Warmup, Duration time.Duration
	// Conditions returns what happens after a time from the beginning.
	Conditions func(time.Duration) Conditions
	// Missing, if set, reports whether metrics cannot be read at a time from the beginning.
	Missing func(time.Duration) bool
	// Adjust, if set, is called after each step of the HPA controller with what it reports,
	// and returns the specification that applies from the next one.
	Adjust func(Status) autoscalingv2.HorizontalPodAutoscalerSpec
}

// Status is what a HorizontalPodAutoscaler reports after a step.
type Status struct {
	Time time.Time
	// Replicas is the size after the step, Ready the number of pods that are ready.
	Replicas int32
	Ready    int
	Rescaled bool
	// Current are the values of the metrics, in their order and in thousandths: of target
	// Value the value, of AverageValue the value per replica; nil for one that could not be
	// read.
	Current []*int64
}

// Result is how well the target was kept, and at which price.
type Result struct {
	// Over is the share of requests over the target, from 0 to 1.
	Over float64
	// Lowest, Highest and Mean are numbers of pods.
	Lowest, Highest int32
	Mean            float64
	// RescalesPerHour is how often the size changed.
	RescalesPerHour float64
	// Points are the course of one step each.
	Points []Point
}

// Point is the state at one step of the HPA controller.
type Point struct {
	// At is the time from the beginning.
	At       time.Duration
	Replicas int32
	Ready    int
	Latency  time.Duration
}

// tick is the resolution of the model.
const tick = 250 * time.Millisecond

// Run plays a scenario.
func Run(s Scenario) (Result, error) {
	hpa, err := autoscale.New(s.HPA, s.Options)
	if err != nil {
		return Result{}, fmt.Errorf("create the autoscaler: %w", err)
	}
	// The clock is the scenario's own; where it begins does not matter.
	origin := time.Unix(0, 0).UTC()
	p := New(s.Plant, s.Replicas, origin)
	r := Result{Lowest: s.Replicas, Highest: s.Replicas}
	var state autoscale.State
	var arrived, over, pods float64
	rescales := 0
	for at := time.Duration(0); at < s.Warmup+s.Duration; at += tick {
		if at%s.Options.SyncPeriod == 0 && at > 0 {
			var d autoscale.Decision
			d, state = hpa.Step(state, s.observe(p, at))
			p.Scale(d.Replicas)
			if d.Rescaled && at >= s.Warmup {
				rescales++
			}
			if s.Adjust != nil {
				if hpa, err = autoscale.New(s.Adjust(statusOf(p, d)), s.Options); err != nil {
					return Result{}, fmt.Errorf("adjust the autoscaler: %w", err)
				}
			}
		}
		served := p.Advance(tick, s.Conditions(at))
		if at%s.Options.SyncPeriod == 0 {
			r.Points = append(r.Points, Point{At: at, Replicas: p.Replicas(), Ready: p.ready(), Latency: served.Latency})
		}
		if at < s.Warmup {
			r.Lowest, r.Highest = p.Replicas(), p.Replicas()
			continue
		}
		arrived += served.Arrived
		if served.Latency > s.Target {
			over += served.Arrived
		}
		pods += float64(p.Replicas()) * tick.Seconds()
		r.Lowest, r.Highest = min(r.Lowest, p.Replicas()), max(r.Highest, p.Replicas())
	}
	if arrived > 0 {
		r.Over = over / arrived
	}
	r.Mean = pods / s.Duration.Seconds()
	r.RescalesPerHour = float64(rescales) / s.Duration.Hours()
	return r, nil
}

// statusOf is what the HPA controller reports of a decision.
func statusOf(p *Plant, d autoscale.Decision) Status {
	s := Status{Time: p.now, Replicas: d.Replicas, Ready: p.ready(), Rescaled: d.Rescaled}
	for i := range d.Proposals {
		var current *int64
		if d.Proposals[i].Err == nil {
			current = &d.Proposals[i].Current
		}
		s.Current = append(s.Current, current)
	}
	return s
}

// observe is what the HPA controller reads.
func (s Scenario) observe(p *Plant, at time.Duration) autoscale.Observation {
	o := autoscale.Observation{Time: p.now, Replicas: p.Replicas(), StatusReplicas: p.Replicas(), Pods: p.Pods()}
	for _, m := range s.HPA.Metrics {
		var value *int64
		if m.Object != nil && (s.Missing == nil || !s.Missing(at)) {
			if v, ok := p.Value(s.Signals[m.Object.Metric.Name]); ok {
				value = &v
			}
		}
		o.Values = append(o.Values, value)
	}
	return o
}
