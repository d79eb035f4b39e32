// Package admission decides about requests to create or change a Deployment, a Service
// or a LatencyPolicy: what is refused, what is warned of, what will happen, and what is
// patched. The webhook answers reviews by it, and `kubectl latency lint` judges files
// by it, so that both say the same.
//
// Three rules hold for every decision. Only what is proven is refused: what cannot be
// known is a warning at most. Except for values that cannot be used at all, only what is
// new is refused: an object that is created, or settings that change, so that neither a
// policy that was tightened nor monitoring that is broken stops a rollback. And
// disabling autoscaling is never refused.
package admission

import (
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/loadmetric"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// Request is a request to create or change one object, and the state of the cluster that
// the decision depends on. Exactly one of Workload and Service is set.
type Request struct {
	Workload *Change[model.Workload]
	Service  *Change[model.Service]
	// Catalog is the other objects of the namespace; nil if they are not known.
	Catalog model.Catalog
	// Outdated is true if the catalog may lack objects that exist. What it has is concluded
	// from as far as it keeps something as it is.
	Outdated bool
	// Policies returns the effective policy of a workload; nil means that there are no
	// policies.
	Policies plan.Policies
	// Diagnose returns the findings about the metric pipeline of a Service; if it is nil,
	// the pipeline is not evaluated. The result is not changed.
	Diagnose func(namespace, service, metric string) []finding.Finding
	// LoadMetric returns what is known of a load metric of a Service; if it is nil, that is
	// concluded from the findings of Diagnose.
	LoadMetric func(namespace, service, metric string) loadmetric.Evidence
	// Part is the part of the decision that is needed.
	Part Part
}

// Change is an object before and after a request.
type Change[T any] struct {
	// Before is nil for an object that is created.
	Before *T
	After  T
}

// Part is a part of a decision.
type Part int

// The parts of a decision. A mutating webhook needs the patch, a validating one the
// verdict.
const (
	Whole   Part = iota
	Patches      // Decision.Patch
	Verdict      // everything else
)

// Decision is the result of a request. It is complete also if the request is refused,
// except that the pipeline is evaluated only for settings that are admitted.
type Decision struct {
	// Refused is why the request is refused; it is admitted if this is empty.
	Refused []finding.Finding
	// Warned are findings about settings, pairing and other autoscalers that do not
	// refuse the request.
	Warned []finding.Finding
	// Pipeline are findings about the metric pipeline that do not refuse the request,
	// and Unjudged those that say what of it could not be judged.
	Pipeline, Unjudged []finding.Finding
	// Advised are findings about what the product does of its own accord: no setting is wrong,
	// and nobody has to change anything.
	Advised []finding.Finding
	// Notes say what will happen once the request is admitted.
	Notes []Note
	// Plan is the plan of a Deployment; nil if there is none, or for a Service.
	Plan *plan.Plan
	// Patch is how the Deployment is changed before it is admitted.
	Patch Patch
}

// Admitted reports whether the request is not refused.
func (d Decision) Admitted() bool { return len(d.Refused) == 0 }

// Effect is a consequence of admitting a request.
type Effect int

// The effects.
const (
	Attach   Effect = iota + 1 // the plan's autoscaler is created
	Alter                      // the plan's autoscaler is changed
	Adopt                      // an existing autoscaler is adopted
	Detach                     // the managed autoscaler is deleted
	Restore                    // an adopted autoscaler gets its previous spec
	NoEffect                   // the annotations change nothing: nothing enables autoscaling
)

// Note is one effect of a request.
type Note struct {
	Effect Effect
	// Plan is what is attached, changed or adopted; else nil.
	Plan *plan.Plan
	// Changes are what of the plan's autoscaler is changed, if the effect is Alter; else nil.
	Changes output.Differences
	// Autoscaler is the name of the HorizontalPodAutoscaler that is restored; else empty.
	Autoscaler string
}

// Patch is how admission changes a Deployment. The zero value changes nothing.
type Patch struct {
	// Stamp is written as the target and as the record of auto-attach; nil if both are
	// there already, or no policy attaches the Deployment.
	Stamp *annotations.Stamp
	// Replicas is how spec.replicas is changed; nil if it is not.
	Replicas *Replicas
}

// Replicas is a change of spec.replicas.
type Replicas struct {
	// From is the number in the request, and To the one that replaces it.
	From, To int32
	// Autoscaler is the name of the managed HorizontalPodAutoscaler whose number is
	// kept; empty if the number of a new Deployment is raised to the minimum.
	Autoscaler string
}

// Decide decides about a request.
func Decide(r Request) Decision {
	switch {
	case r.Workload != nil:
		return r.workload(*r.Workload)
	case r.Service != nil:
		return r.service(*r.Service)
	default:
		return Decision{}
	}
}

// wants reports whether the part is needed.
func (r Request) wants(p Part) bool { return r.Part == Whole || r.Part == p }
