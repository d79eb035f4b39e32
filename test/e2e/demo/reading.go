package main

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// reading is the state at one moment.
type reading struct {
	at      time.Time
	latency *float64 // ms, as the metrics API answers; nil without an answer
	why     error    // why there is no answer
	target  float64  // ms
	desired int32    // replicas that the autoscaler wants
	ready   int32    // replicas that are ready
}

// near says how far from the target a settled latency may be. Replicas are
// whole numbers: with five or six of them one more or less is a fifth.
const near = 0.25

// calm is how long replicas must not change to count as settled.
const calm = 15 * time.Second

// atMaximum is reached when the maximum number of replicas is ready.
func atMaximum(history []reading) error {
	switch now := last(history); {
	case now.desired < maxReplicas:
		return fmt.Errorf("the autoscaler wants %d replicas, not %d", now.desired, maxReplicas)
	case now.ready < maxReplicas:
		return fmt.Errorf("%d of %d replicas are ready", now.ready, maxReplicas)
	}
	return nil
}

// atMinimum is reached when the autoscaler has scaled in to the minimum.
func atMinimum(history []reading) error {
	if now := last(history); now.desired != minReplicas || now.ready != minReplicas {
		return fmt.Errorf("the autoscaler wants %d replicas and %d are ready, not %d", now.desired, now.ready, minReplicas)
	}
	return nil
}

// settled is reached when replicas have stayed the same for a while, between
// the limits, with a latency near the target.
func settled(history []reading) error {
	now := last(history)
	if now.desired <= minReplicas || now.desired >= maxReplicas || now.ready != now.desired {
		return fmt.Errorf("the autoscaler wants %d replicas and %d are ready; want one number between %d and %d",
			now.desired, now.ready, minReplicas, maxReplicas)
	}
	var sum float64
	var n int
	for i := len(history) - 1; ; i-- {
		if i < 0 {
			return errors.New("it is too early to tell")
		}
		r := history[i]
		if now.at.Sub(r.at) > calm {
			break
		}
		if r.desired != now.desired || r.ready != now.ready || r.latency == nil {
			return fmt.Errorf("replicas have not been the same for %s yet", calm)
		}
		sum += *r.latency
		n++
	}
	if mean := sum / float64(n); math.Abs(mean-now.target) > near*now.target {
		return fmt.Errorf("the latency is %.0f ms on average, the target %.0f ms", mean, now.target)
	}
	return nil
}

func last(history []reading) reading {
	if len(history) == 0 {
		return reading{}
	}
	return history[len(history)-1]
}

// line returns the text of the live line.
func (r reading) line() string {
	latency := "    –   "
	if r.latency != nil {
		latency = fmt.Sprintf("%5.0f ms", *r.latency)
	}
	replicas := fmt.Sprintf("%d", r.ready)
	if r.desired != r.ready {
		replicas = fmt.Sprintf("%d → %d", r.ready, r.desired)
	}
	return fmt.Sprintf("latency %s   target %.0f ms   replicas %s", latency, r.target, replicas)
}
