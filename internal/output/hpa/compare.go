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
func (Output) UpToDate(live output.Object, p plan.Plan) bool {
	h := typed(live)
	if h.Name != p.Name || p.Adopted != output.Adopted(h) {
		return false
	}
	if !p.Adopted && (!output.OwnedBy(h, p.DeploymentUID) || !output.Created(h)) {
		return false
	}
	want, have := generator.HPA(p).Spec, h.Spec.DeepCopy()
	setSelectPolicy(want.Behavior)
	setSelectPolicy(have.Behavior)
	if have.Behavior != nil {
		dropTolerance(have.Behavior.ScaleUp, want.Behavior.ScaleUp)
		dropTolerance(have.Behavior.ScaleDown, want.Behavior.ScaleDown)
	}
	return equality.Semantic.DeepEqual(want, *have)
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
