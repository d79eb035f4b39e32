package autoscale

import "time"

// Outage follows whether any pod of a workload is ready. While none is, a
// HorizontalPodAutoscaler multiplies a Value by no pods, and what it reads of answered
// requests falls to zero: it proposes the minimum when the workload needs its pods most.
// The zero value has seen nothing.
type Outage struct {
	// served is true once a pod was ready: a workload that has just been created is no
	// outage.
	served bool
	// last is when none was ready last.
	last time.Time
}

// Follow returns the Outage after an observation.
func (o Outage) Follow(at time.Time, replicas, ready int32) Outage {
	switch {
	case ready > 0:
		o.served = true
	case replicas > 0 && o.served:
		o.last = at
	}
	return o
}

// Begun returns an Outage that has begun, as somebody else has seen.
func Begun(at time.Time) Outage { return Outage{served: true, last: at} }

// recovery is how long after the window of the metrics a value is of the time after an
// outage.
const recovery = 30 * time.Second

// Until returns when pods may be removed again: once the metrics, which are averaged over a
// window, no longer remember the outage. ok is false if they may be now.
func (o Outage) Until(window time.Duration, now time.Time) (until time.Time, ok bool) {
	if o.last.IsZero() {
		return time.Time{}, false
	}
	until = o.last.Add(window + recovery)
	return until, now.Before(until)
}
