package hpa

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// Desired implements output.Output. It sets selectPolicy even where that is the
// default, so that the field is owned and an edit by hand is undone.
func (Output) Desired(p plan.Plan) (*unstructured.Unstructured, error) {
	h := generator.HPA(p)
	setSelectPolicy(h.Spec.Behavior)
	if p.DeploymentUID != "" {
		h.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: appsv1.SchemeGroupVersion.String(),
			Kind:       "Deployment",
			Name:       p.Deployment,
			UID:        types.UID(p.DeploymentUID),
			// Without blockOwnerDeletion, which would need rights on the Deployment's finalizers.
			Controller: ptr.To(true),
		}}
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(h)
	if err != nil {
		return nil, fmt.Errorf("convert HorizontalPodAutoscaler: %w", err)
	}
	delete(content, "status")
	return &unstructured.Unstructured{Object: content}, nil
}

// setSelectPolicy sets the selectPolicy that the API server would default.
func setSelectPolicy(b *autoscalingv2.HorizontalPodAutoscalerBehavior) {
	if b == nil {
		return
	}
	for _, rules := range []*autoscalingv2.HPAScalingRules{b.ScaleUp, b.ScaleDown} {
		if rules != nil && rules.SelectPolicy == nil {
			rules.SelectPolicy = ptr.To(autoscalingv2.MaxChangePolicySelect)
		}
	}
}

// Paused implements output.Output.
func (Output) Paused(live output.Object, p plan.Plan) (now, then annotations.PauseMode) {
	return disabled(typed(live).Spec.Behavior), disabled(generator.HPA(p).Spec.Behavior)
}

// disabled returns the directions in which a behavior does not scale.
func disabled(b *autoscalingv2.HorizontalPodAutoscalerBehavior) annotations.PauseMode {
	switch {
	case b == nil:
		return annotations.PauseNone
	case isDisabled(b.ScaleDown) && isDisabled(b.ScaleUp):
		return annotations.PauseAll
	case isDisabled(b.ScaleDown):
		return annotations.PauseScaleIn
	case isDisabled(b.ScaleUp):
		return annotations.PauseScaleOut
	default:
		return annotations.PauseNone
	}
}

// isDisabled reports whether a behavior does not scale in the direction of these rules.
func isDisabled(rules *autoscalingv2.HPAScalingRules) bool {
	return rules != nil && rules.SelectPolicy != nil && *rules.SelectPolicy == autoscalingv2.DisabledPolicySelect
}
