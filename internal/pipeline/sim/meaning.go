package sim

import "math"

// Meaning is what a value is that is not the Service's latency.
type Meaning int

// What is recognized.
const (
	Unrecognized Meaning = iota
	// NotANumber: the adapter serves NaN as 0, and what is infinite as some number.
	NotANumber
	// Lifetime: the average since the data planes started.
	Lifetime
	// Constant: the same whatever the latency is.
	Constant
	// Seconds: the latency in seconds.
	Seconds
	// Inverse: one divided by the latency.
	Inverse
	// Requests: how many there are in a second.
	Requests
	// Busy: how long all requests of a second took together.
	Busy
)

func (t *Traffic) meaning(q Query, label string, s scene, given Answer, constant bool) Meaning {
	v, latency, perSecond := given.Value, s.latency[own], s.perSecond[own]
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return NotANumber
	case same(v*1000, latency):
		return Seconds
	case same(v*latency, 1):
		return Inverse
	case same(v, perSecond):
		return Requests
	case same(v, perSecond*latency):
		return Busy
	case constant:
		return Constant
	}
	s.alwaysSo = true
	if t.ask(q, label, s).Outcome == Right {
		return Lifetime
	}
	return Unrecognized
}
