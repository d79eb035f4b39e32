package main

import (
	"errors"
	"fmt"
	"time"
)

// targetMS is the target in milliseconds.
const targetMS = float64(target / time.Millisecond)

// reading is the state at one moment.
type reading struct {
	at      time.Time
	latency *float64 // ms, as the metrics API answers; nil without an answer
	why     error    // why there is no answer
	load    *float64 // requests a second; nil without an answer, or if the autoscaler does not read it
	desired int32    // replicas that the autoscaler wants
	ready   int32    // replicas that are ready
}

// calm is how long replicas must not change to count as settled: as long as the metrics look
// back.
const calm = window

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

// settledAfter is reached when the traffic has lasted for a time, and since then replicas
// have stayed the same for a while, between the limits, with a latency within the target.
func settledAfter(lasted time.Duration) func([]reading) error {
	return func(history []reading) error {
		now := last(history)
		if len(history) == 0 || now.at.Sub(history[0].at) < lasted+calm {
			return errors.New("it is too early to tell")
		}
		if now.desired <= minReplicas || now.desired >= maxReplicas {
			return fmt.Errorf("the autoscaler wants %d replicas; want a number between %d and %d", now.desired, minReplicas, maxReplicas)
		}
		for i := len(history) - 1; i >= 0 && now.at.Sub(history[i].at) <= calm; i-- {
			r := history[i]
			if r.desired != now.desired || r.ready != now.desired {
				return fmt.Errorf("replicas have not been the same for %s yet", calm)
			}
			if err := r.within(); err != nil {
				return err
			}
		}
		return nil
	}
}

// kept returns nil if the replicas never changed and the latency was always within the
// target.
func kept(history []reading) error {
	for _, r := range history {
		if first := history[0]; r.desired != first.desired || r.ready != first.desired {
			return fmt.Errorf("the autoscaler wants %d replicas and %d are ready, there were %d", r.desired, r.ready, first.desired)
		}
		if err := r.within(); err != nil {
			return err
		}
	}
	return nil
}

// within returns nil if there is a latency within the target.
func (r reading) within() error {
	switch {
	case r.latency == nil:
		return fmt.Errorf("there is no latency: %w", r.why)
	case *r.latency > targetMS:
		return fmt.Errorf("the latency is %.0f ms, the target %.0f ms", *r.latency, targetMS)
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
	load := ""
	if r.load != nil {
		load = fmt.Sprintf("   load %3.0f/s", *r.load)
	}
	return fmt.Sprintf("latency %s   target %.0f ms%s   replicas %s", latency, targetMS, load, replicas)
}
