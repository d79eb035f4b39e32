package hpa

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// UpToDate implements output.Output. Fields that a plan never sets, such as a tolerance
// or further labels, do not count.
func (o Output) UpToDate(live output.Object, p plan.Plan) bool {
	h := typed(live)
	if h.Name != p.Name || p.Adopted != output.Adopted(h) {
		return false
	}
	return len(o.Differences(live, p)) == 0
}

// Differences implements output.Output.
func (Output) Differences(live output.Object, p plan.Plan) output.Differences {
	h := typed(live)
	out := specDifferences(h.Spec, p)
	if p.Adopted {
		return out // neither its labels nor its owners are managed
	}
	if !output.Created(h) {
		out = append(out, output.Difference{Field: "label " + generator.ManagedByLabel})
	}
	if !output.OwnedBy(h, p.DeploymentUID) {
		out = append(out, output.Difference{Field: "owner reference"})
	}
	return out
}

// Changes implements output.Output.
func (Output) Changes(then, now plan.Plan) output.Differences {
	return specDifferences(generator.HPA(then).Spec, now)
}

// specDifferences returns what the plan changes in a spec.
func specDifferences(spec autoscalingv2.HorizontalPodAutoscalerSpec, p plan.Plan) output.Differences {
	want, have := generator.HPA(p).Spec, *spec.DeepCopy()
	setSelectPolicy(want.Behavior)
	setSelectPolicy(have.Behavior)
	if have.Behavior != nil {
		dropTolerance(have.Behavior.ScaleUp, want.Behavior.ScaleUp)
		dropTolerance(have.Behavior.ScaleDown, want.Behavior.ScaleDown)
	}
	if equality.Semantic.DeepEqual(want, have) {
		return nil
	}
	return described(have, want, p.Profiles)
}

// dropTolerance leaves out a tolerance that the plan does not set.
func dropTolerance(have, want *autoscalingv2.HPAScalingRules) {
	if have != nil && (want == nil || want.Tolerance == nil) {
		have.Tolerance = nil
	}
}

// Changed implements output.Output. Of the status, which changes at every sync, only
// whether it scales counts.
func (o Output) Changed(before, after output.Object) bool {
	b, a := typed(before), typed(after)
	return !equality.Semantic.DeepEqual(b.Spec, a.Spec) ||
		(b.DeletionTimestamp == nil) != (a.DeletionTimestamp == nil) ||
		b.Annotations[output.PreviousSpec] != a.Annotations[output.PreviousSpec] ||
		!equality.Semantic.DeepEqual(b.OwnerReferences, a.OwnerReferences) ||
		output.Created(b) != output.Created(a) ||
		scaling(b) != scaling(a)
}
