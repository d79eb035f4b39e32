package scenario

import (
	"time"

	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
)

// kept is how long the target must be kept for a workload to have recovered.
const kept = 5 * time.Minute

// Score adds up what happened to a workload.
type Score struct {
	plant  plant.Config
	load   Load
	warmup time.Duration

	arrived, over      float64
	pods, smallest     time.Duration
	lasted             time.Duration
	lowest, highest    int32
	desired            int32
	rescales           int
	recoveries         []Recovery
	within             time.Duration // since when the target is kept
	withinTarget, seen bool
}

// NewScore returns the score of a plant under a load. Moments before the end of the warm-up
// do not count.
func NewScore(p plant.Config, l Load, warmup time.Duration) *Score {
	return &Score{plant: p, load: l, warmup: warmup}
}

// Recovery says what became of a step.
type Recovery struct {
	// Step is when it happened.
	Step time.Duration
	// Kept is true if the target was reached again, and then kept for five minutes, After
	// that time.
	Kept  bool
	After time.Duration
}

// Result is how well the target was kept, and at which price.
type Result struct {
	// Over is the share of requests over the target, from 0 to 1.
	Over float64
	// Lowest, Highest and Mean are numbers of pods.
	Lowest, Highest int32
	Mean            float64
	// Fleet is the pod-hours as a multiple of those of the smallest fleet that holds the
	// target at each moment.
	Fleet float64
	// RescalesPerHour is how often the desired size changed.
	RescalesPerHour float64
	// Recoveries are those of the load's steps.
	Recoveries []Recovery
}

// Add adds a moment. Moments are added in their order.
func (s *Score) Add(m plant.Moment) {
	if m.At < s.warmup {
		s.desired = m.Desired
		return
	}
	if !s.seen {
		s.lowest, s.highest, s.seen = m.Replicas, m.Replicas, true
	}
	if s.desired != 0 && m.Desired != s.desired {
		s.rescales++
	}
	s.desired = m.Desired
	s.lowest, s.highest = min(s.lowest, m.Replicas), max(s.highest, m.Replicas)
	s.lasted += m.For
	s.pods += time.Duration(m.Replicas) * m.For
	s.smallest += time.Duration(Smallest(s.plant, s.load.Conditions(m.At), s.load.Target)) * m.For
	s.arrived += m.Arrived
	over := m.Latency > s.load.Target
	if over {
		s.over += m.Arrived
	}
	s.recover(m, over)
}

// recover follows the steps.
func (s *Score) recover(m plant.Moment, over bool) {
	if n := len(s.recoveries); n < len(s.load.Steps) && m.At >= s.load.Steps[n] {
		s.recoveries = append(s.recoveries, Recovery{Step: s.load.Steps[n]})
		s.withinTarget = false
	}
	if over {
		s.withinTarget = false
		return
	}
	if !s.withinTarget {
		s.withinTarget, s.within = true, m.At
	}
	if len(s.recoveries) == 0 {
		return
	}
	r := &s.recoveries[len(s.recoveries)-1]
	if !r.Kept && m.At+m.For-s.within >= kept {
		r.Kept, r.After = true, s.within-r.Step
	}
}

// Result returns the result so far.
func (s *Score) Result() Result {
	r := Result{Lowest: s.lowest, Highest: s.highest, Recoveries: s.recoveries}
	if s.arrived > 0 {
		r.Over = s.over / s.arrived
	}
	if s.lasted > 0 {
		r.Mean = s.pods.Seconds() / s.lasted.Seconds()
		r.Fleet = s.pods.Seconds() / s.smallest.Seconds()
		r.RescalesPerHour = float64(s.rescales) / s.lasted.Hours()
	}
	return r
}
