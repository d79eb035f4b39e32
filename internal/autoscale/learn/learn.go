// Package learn finds out how much load a pod bears, from what a HorizontalPodAutoscaler
// reports anyway: the latency, the load and the number of replicas. It decides two values of
// its specification: the load per pod at which it adds pods, and the latency from which on it
// does so whatever the load is.
//
// Latency alone is a bad controller: it hardly changes while there is capacity and explodes
// when there is none. Load is a good one: it falls in proportion to the pods. What is missing
// is the right load per pod, which differs from workload to workload. It is learned from
// quiet periods, in which neither the size nor the latency moves:
//
//   - the highest load per pod at which the target was met, and the lowest at which it was missed;
//   - between them, the curve of latency over load, of which two values are enough: that of
//     an idle pod, and one at which requests begin to wait;
//   - a margin for how much faster the load grows than pods start.
//
// Until the limit is known, the size is reduced a step at a time, and each step is looked at
// before the next.
//
// Everything here is pure: a state and a sample give the next state.
package learn

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Config is what does not change from sample to sample.
type Config struct {
	// Target is the latency that requests should not exceed, in milliseconds.
	Target float64
	// Window is the range of time that the metrics are averaged over.
	Window time.Duration
	// Continue is true if pods are added although they do not help.
	Continue bool
}

// Sample is what a HorizontalPodAutoscaler reports at a time.
type Sample struct {
	Time time.Time
	// Replicas is the number of replicas that the workload is to have, Measured the one at
	// which the HorizontalPodAutoscaler read the metrics: it differs right after a change.
	Replicas, Measured int32
	// Ready is the number of pods that are ready.
	Ready int32
	// Latency is in milliseconds.
	Latency float64
	// Load is the number of requests a second of all pods together.
	Load float64
}

// State is what is known of a workload. The zero value knows nothing.
type State struct {
	// Target is the one that the rest is about, in milliseconds.
	Target float64 `json:"t,omitempty"`
	// Curve is what is known about the latency over the load.
	Curve Curve `json:"c"`
	// Normal is the Curve from before the latency exceeded the target at a load at which it
	// was met before.
	Normal *Curve `json:"n,omitempty"`
	// Best is a latency above the target that more pods do not improve, in milliseconds;
	// 0 if there is none.
	Best float64 `json:"b,omitempty"`
	// Margin is by how much faster the load grew than pods were added; 1 is not at all.
	Margin float64 `json:"m,omitempty"`
	// LoadPerPod is the load at which pods are added, in requests a second; 0 if it is not
	// known.
	LoadPerPod float64 `json:"l,omitempty"`
	// Failures is how often a load was too much.
	Failures int `json:"x,omitempty"`
	// Scatter is how far single latencies are from their mean, as a share.
	Scatter float64 `json:"s,omitempty"`
	// FailedAt is when it was last.
	FailedAt time.Time `json:"a,omitzero"`

	// What follows is of the last minutes, and is found out again after a restart.

	// latency is that from which on pods are added whatever the load is, in milliseconds.
	latency float64
	// gated is true while latency adds no pods, and wasGated what it was before the sample.
	gated, wasGated bool
	replicas        int32
	// changed is when the size or the number of ready pods last changed, ready since when
	// all pods are ready; zero if they are not.
	changed, ready time.Time
	// tried is when the last trial failed.
	tried   time.Time
	trial   *trial
	past    []Sample
	outcome Outcome
}

// trial is a change of size that is looked at.
type trial struct {
	replicas      int32
	load, latency float64
}

// Outcome is what the last sample meant.
type Outcome string

// The outcomes.
const (
	// Unsettled is a sample that nothing follows from.
	Unsettled Outcome = ""
	// Met is a quiet sample within the target.
	Met Outcome = "Met"
	// Exceeded is a quiet sample above the target.
	Exceeded Outcome = "Exceeded"
	// TrialFailed is one above the target after pods were removed.
	TrialFailed Outcome = "TrialFailed"
	// Overloaded is one at which a queue began to grow.
	Overloaded Outcome = "Overloaded"
	// NoEffect is one above the target that more pods did not improve, or cannot because none
	// of it is waiting.
	NoEffect Outcome = "NoEffect"
	// Recovered is one within the target after NoEffect.
	Recovered Outcome = "Recovered"
)

// Outcome returns what the last sample meant.
func (s State) Outcome() Outcome { return s.outcome }

// NeverMet reports whether the target was not met before the best latency was found.
func (s State) NeverMet() bool { return s.Normal == nil || s.Normal.Met == 0 }

// LatencyTarget returns the latency at which the HorizontalPodAutoscaler is to add pods
// whatever the load is, in milliseconds: Guard, but for a while after it did so.
func (s State) LatencyTarget(c Config) float64 {
	if s.gated {
		return unreached * c.Target
	}
	return s.Guard(c)
}

// Concurrency returns the number of requests in flight in a pod at LoadPerPod; 0 if it is not
// known. By Little's law it is the load times the latency, which is little more than without
// waiting.
func (s State) Concurrency() float64 {
	return s.LoadPerPod * s.Curve.Unloaded / 1000 * waitingAtLoad
}

// Guard returns the latency from which on a queue is taken to grow, in milliseconds; the
// target while nothing is known.
func (s State) Guard(c Config) float64 {
	switch {
	case s.latency == 0 && s.LoadPerPod == 0:
		return c.Target
	default:
		return max(s.latency, guard*s.target(c))
	}
}

// target is the latency to keep to: the target, or the best that can be had.
func (s State) target(c Config) float64 {
	if c.Continue {
		return c.Target
	}
	return max(c.Target, bestEffort*s.Best)
}

// Encode returns the part of a state that outlasts a restart, as text of less than 1 KiB.
func (s State) Encode() string {
	s.Curve = s.Curve.rounded()
	if s.Normal != nil {
		normal := s.Normal.rounded()
		s.Normal = &normal
	}
	for _, v := range []*float64{&s.Best, &s.Target, &s.Margin, &s.LoadPerPod, &s.Scatter} {
		*v = rounded(*v)
	}
	s.FailedAt = s.FailedAt.UTC().Truncate(time.Second)
	raw, err := json.Marshal(s)
	if err != nil {
		return "" // a number that is none: nothing is known
	}
	return string(raw)
}

// Decode returns the state of a text that Encode made. The error is about one that it did
// not make; nothing is known then.
func Decode(text string) (State, error) {
	var s State
	if text == "" {
		return s, nil
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return State{}, fmt.Errorf("decode what was learned: %w", err)
	}
	return s, nil
}

// Renewed returns the state after the pods were replaced by those of another version: what
// was learned is kept, and what excludes more load is found out again.
func (s State) Renewed() State {
	s.Curve.Failed, s.Curve.Waiting, s.Failures = 0, 0, 0
	return s
}

// rounded keeps four digits.
func rounded(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		return 0
	}
	return r
}

// Step returns the state after a sample. It changes neither of its arguments.
func Step(c Config, s State, x Sample) State {
	if x.Replicas < 1 || x.Measured < 1 {
		s.past, s.trial = nil, nil
		return s
	}
	was := s.replicas
	if was == 0 {
		was = x.Measured
	}
	s.retarget(c.Target)
	s.follow(x)
	s.outcome = Unsettled
	if x.Load <= 0 || x.Latency <= 0 {
		return s
	}
	m := s.measure(c, x)
	s.widen(c, x)
	s.protect(c, x, m, was)
	s.judge(c, x, m)
	s.decide(x, m)
	return s
}

// retarget keeps of what is known what is true of another target as well. The load per pod
// stays until another is known.
func (s *State) retarget(target float64) {
	if s.Target == target {
		return
	}
	if s.Target != 0 {
		s.Curve = Curve{Unloaded: s.Curve.Unloaded, Met: s.Curve.Met}
		if target < s.Target {
			s.Curve.Met = 0
		}
		s.Normal, s.Best, s.Failures, s.trial, s.latency = nil, 0, 0, nil, 0
	}
	s.Target = target
}

// follow records a sample, and what changed by it.
func (s *State) follow(x Sample) {
	ready := x.Ready >= x.Replicas
	if x.Replicas != s.replicas || !ready || len(s.past) == 0 {
		s.changed = x.Time
	}
	switch {
	case !ready:
		s.ready = time.Time{}
	case s.ready.IsZero():
		s.ready = x.Time
	}
	s.replicas = x.Replicas
	s.Margin = max(s.Margin, 1)
	old := 0
	for old < len(s.past) && x.Time.Sub(s.past[old].Time) > horizon {
		old++
	}
	if n := len(s.past); n > 0 {
		since := x.Time.Sub(s.past[n-1].Time)
		s.Margin = 1 + (s.Margin-1)*math.Exp2(-since.Hours()/marginHalfLife.Hours())
		s.Curve.Waiting *= math.Exp2(-since.Hours() / fitHalfLife.Hours())
		if s.Curve.Failed > 0 && x.Time.Sub(s.FailedAt) > min(forget<<min(s.Failures, 10), forgetAtMost) {
			s.Curve.Failed = 0
		}
	}
	s.past = append(slices.Clone(s.past[old:]), x)
}
