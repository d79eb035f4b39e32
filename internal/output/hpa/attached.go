package hpa

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// OwnedBy tells whether the Deployment with this UID controls the live
// HorizontalPodAutoscaler, so that it may be changed on the Deployment's behalf.
func OwnedBy(live *autoscalingv2.HorizontalPodAutoscaler, deploymentUID string) bool {
	owner := metav1.GetControllerOfNoCopy(live)
	return owner != nil && deploymentUID != "" && string(owner.UID) == deploymentUID
}

// MadeByUs tells whether the live HorizontalPodAutoscaler carries our mark. One
// that is owned by the Deployment without it may be another controller's, and is
// never deleted.
func MadeByUs(live *autoscalingv2.HorizontalPodAutoscaler) bool {
	return live.Labels[generator.ManagedByLabel] == generator.ManagedBy
}

// UpToDate tells whether the plan would change nothing in the live
// HorizontalPodAutoscaler. Fields that a plan never sets, such as a tolerance or
// further labels, are other people's and do not count.
func UpToDate(live *autoscalingv2.HorizontalPodAutoscaler, p plan.Plan) bool {
	if live.Name != p.Name || p.Adopted != Adopted(live) {
		return false
	}
	if !p.Adopted && (!OwnedBy(live, p.DeploymentUID) || !MadeByUs(live)) {
		return false
	}
	want, have := generator.HPA(p).Spec, live.Spec.DeepCopy()
	writeOut(want.Behavior)
	writeOut(have.Behavior)
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
