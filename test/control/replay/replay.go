// Package replay gives the pure HPA algorithm what the real controller read, and counts
// where they decide differently.
package replay

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kong-latency/kong-latency/internal/autoscale"
)

// Replay follows one HorizontalPodAutoscaler.
type Replay struct {
	options autoscale.Options
	state   autoscale.State
	before  *autoscale.Observation
	decided autoscale.Decision

	// Syncs is the number of decisions that were compared.
	Syncs int
	// Deviations are those that differ.
	Deviations []Deviation
}

// Deviation is a decision of which the two differ.
type Deviation struct {
	From autoscale.Observation
	// Pure and Real are the sizes that were decided.
	Pure, Real int32
}

// String describes it on a line.
func (d Deviation) String() string {
	ready := 0
	for _, p := range d.From.Pods {
		if p.Ready {
			ready++
		}
	}
	var values []any
	for _, v := range d.From.Values {
		if v == nil {
			values = append(values, "none")
		} else {
			values = append(values, float64(*v)/1000)
		}
	}
	return fmt.Sprintf("from %d (status %d, %d pods, %d ready) with %v to %d, the controller to %d",
		d.From.Replicas, d.From.StatusReplicas, len(d.From.Pods), ready, values, d.Pure, d.Real)
}

// New returns a Replay of a controller with these options.
func New(o autoscale.Options) *Replay { return &Replay{options: o} }

// Add adds what the controller read in its next sync, which shows what it decided in the
// one before.
func (r *Replay) Add(spec autoscalingv2.HorizontalPodAutoscalerSpec, o autoscale.Observation) error {
	if r.before != nil {
		r.Syncs++
		if r.decided.Replicas != o.Replicas {
			r.Deviations = append(r.Deviations, Deviation{From: *r.before, Pure: r.decided.Replicas, Real: o.Replicas})
		}
	}
	a, err := autoscale.New(spec, r.options)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	r.decided, r.state = a.Step(r.state, o)
	r.before = &o
	return nil
}
