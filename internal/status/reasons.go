package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
)

// ConditionReason documents a reason of conditions that no finding gives.
type ConditionReason struct {
	Name string
	// Conditions are the types of the conditions that can have it, with this Status.
	Conditions []string
	Status     metav1.ConditionStatus
	// Summary is one sentence for the reference page.
	Summary string
}

// ConditionReasons are all reasons of conditions that no finding gives. What keeps Ready from
// being true is the reason of Ready as well.
func ConditionReasons() []ConditionReason {
	const (
		ready, attached, available, able = v1alpha1.ConditionReady, v1alpha1.ConditionAttached, v1alpha1.ConditionMetricAvailable, v1alpha1.ConditionAbleToScale
	)
	return []ConditionReason{
		{ReasonScaling, []string{ready}, metav1.ConditionTrue, "The workload is scaled by its latency."},
		{ReasonPaused, []string{ready}, metav1.ConditionTrue, "The workload would be scaled by its latency, and `kong.latency/paused` stops it, in the directions that the message names."},
		{ReasonAttached, []string{attached}, metav1.ConditionTrue, "The autoscaler exists, as the plan is."},
		{ReasonMetricRead, []string{available}, metav1.ConditionTrue, "The autoscaler reads a value of the latency."},
		{ReasonAbleToScale, []string{able}, metav1.ConditionTrue, "Nothing else keeps the autoscaler from scaling."},
		{ReasonNotAttached, []string{ready, attached, available, able}, metav1.ConditionUnknown, "There is no autoscaler yet, or something blocks it, which Attached says."},
		{ReasonNotReadYet, []string{ready, available, able}, metav1.ConditionUnknown, "The autoscaler has not had the time to read the metric, or to scale."},
		{ReasonNoReplicas, []string{ready, available}, metav1.ConditionUnknown, "The Deployment is scaled to zero, so the autoscaler reads nothing."},
	}
}
