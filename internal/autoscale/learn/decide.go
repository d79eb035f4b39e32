package learn

import (
	"math"
	"time"
)

// widen lets the margin grow if pods had more load than they are to have for a moment.
func (s *State) widen(c Config, x Sample) {
	limit := s.Curve.Limit()
	// Only growth from a healthy state counts: while a queue is worked off, such as after a
	// trial that failed, more requests are answered than arrive.
	first, trial := s.past[0], x.Time.Sub(s.tried) < 2*horizon
	if limit == 0 || s.LoadPerPod == 0 || x.Ready < 1 || trial || first.Latency > s.target(c) || x.Load < levelWithin*first.Load {
		return
	}
	load, _ := s.mean(x.Time.Add(-recent), func(x Sample) float64 { return x.Load / max(1, float64(x.Ready)) })
	if reached := load / (peak * limit); reached > 1 {
		now := max(1, limit*utilization/s.LoadPerPod)
		s.Margin = min(maxMargin, max(s.Margin, now*reached))
	}
}

// protect decides when latency adds pods whatever the load is.
func (s *State) protect(c Config, x Sample, m measurement, was int32) {
	t := s.target(c)
	s.wasGated = s.gated
	threshold := s.LatencyTarget(c)
	switch {
	case x.Replicas > was && x.Latency > 1.1*threshold && !s.gated:
		// The metric remembers the queue for a while after there are enough pods. Whether
		// there are is looked at first.
		s.gated, s.ready = true, time.Time{}
	case s.gated && (x.Latency < t || m.settled && !m.falling):
		s.gated = false
	case s.gated && s.notEnough(x, m, t):
		s.gated = false
	}
	s.latency = max(s.latency, guard*t)
	switch {
	case m.settled && m.flat && x.Latency > 0.9*s.latency:
		// No queue that grows: more pods may help or not, which is tried a step at a time.
		s.latency = 1.3 * x.Latency
	case x.Latency < t:
		s.latency = guard * t
	}
}

// notEnough reports whether the pods that were added are ready and the queue grows on.
func (s *State) notEnough(x Sample, m measurement, target float64) bool {
	n := len(s.past)
	if n < 2 || s.ready.IsZero() || x.Time.Sub(s.ready) < look || m.falling || x.Latency < s.past[n-2].Latency {
		return false
	}
	return m.rising || x.Latency > severe*target
}

// decide sets the load per pod.
func (s *State) decide(x Sample, m measurement) {
	quiet := m.settled && s.outcome != Unsettled
	switch {
	case s.outcome == Exceeded:
		// Some pods more, and a look at whether that helped.
		if s.trial == nil {
			s.trial = &trial{x.Replicas, m.perPod, m.latency}
		}
		s.set(m.perPod / grow * 0.999)
	case s.gated && s.LoadPerPod == 0 && m.settled:
		// A queue is worked off, and the latency that adds no pods would remove some.
		s.set(m.perPod)
	case s.Curve.Met == 0 || s.Curve.Unloaded == 0:
	case s.Curve.Limit() > 0:
		if quiet || s.outcome != Unsettled {
			s.set(s.Curve.Limit() * utilization / s.Margin)
		}
	case quiet && m.level && x.Replicas > 1:
		// The limit is not known: fewer pods, and a look at whether the target is met.
		perPod := max(certainly*s.highest()/float64(s.fewer(x)), s.Curve.Met)
		if s.trial == nil || perPod > s.LoadPerPod {
			s.trial = &trial{x.Replicas, m.perPod, m.latency}
			s.set(perPod)
		}
	case m.moving || s.LoadPerPod < s.Curve.Met*drift:
		// What met the target is certain. A load that moves tries somewhat more by itself.
		s.trial = nil
		s.set(s.Curve.Met * drift)
	}
}

// highest is the highest of the last loads.
func (s *State) highest() (load float64) {
	for _, p := range s.past {
		load = max(load, p.Load)
	}
	return load
}

// fewer is the size to try next.
func (s *State) fewer(x Sample) int32 {
	share := trialShare
	if s.Best > 0 {
		share = bestEffortShare
	}
	return x.Replicas - max(1, int32(float64(x.Replicas)*share))
}

func (s *State) set(perPod float64) {
	if s.LoadPerPod == 0 || math.Abs(perPod/s.LoadPerPod-1) > enough {
		s.LoadPerPod = perPod
	}
}
