package hpa

import (
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/types"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// ApplyConfiguration is the plan's HorizontalPodAutoscaler for server-side
// apply: owned by the Deployment, and with selectPolicy written out, so that the
// field is ours and an edit by hand is undone.
func ApplyConfiguration(p plan.Plan) (*autoscalingv2ac.HorizontalPodAutoscalerApplyConfiguration, error) {
	hpa := generator.HPA(p)
	writeOut(hpa.Spec.Behavior)
	raw, err := json.Marshal(hpa)
	if err != nil {
		return nil, fmt.Errorf("encode HorizontalPodAutoscaler: %w", err)
	}
	ac := &autoscalingv2ac.HorizontalPodAutoscalerApplyConfiguration{}
	if err := json.Unmarshal(raw, ac); err != nil {
		return nil, fmt.Errorf("decode HorizontalPodAutoscaler: %w", err)
	}
	ac.Status = nil
	if p.DeploymentUID != "" {
		ac.WithOwnerReferences(metav1ac.OwnerReference().
			WithAPIVersion(appsv1.SchemeGroupVersion.String()).
			WithKind("Deployment").
			WithName(p.Deployment).
			WithUID(types.UID(p.DeploymentUID)).
			// Without blockOwnerDeletion, which would need rights on the Deployment's finalizers.
			WithController(true))
	}
	return ac, nil
}

// writeOut writes out the selectPolicy that the API server would default.
func writeOut(b *autoscalingv2.HorizontalPodAutoscalerBehavior) {
	if b == nil {
		return
	}
	for _, rules := range []*autoscalingv2.HPAScalingRules{b.ScaleUp, b.ScaleDown} {
		if rules != nil && rules.SelectPolicy == nil {
			rules.SelectPolicy = ptr.To(autoscalingv2.MaxChangePolicySelect)
		}
	}
}

// Disabled says which directions a behavior does not scale in.
func Disabled(b *autoscalingv2.HorizontalPodAutoscalerBehavior) annotations.PauseMode {
	off := func(rules *autoscalingv2.HPAScalingRules) bool {
		return rules != nil && rules.SelectPolicy != nil && *rules.SelectPolicy == autoscalingv2.DisabledPolicySelect
	}
	switch {
	case b == nil:
		return annotations.PauseNone
	case off(b.ScaleDown) && off(b.ScaleUp):
		return annotations.PauseAll
	case off(b.ScaleDown):
		return annotations.PauseScaleIn
	case off(b.ScaleUp):
		return annotations.PauseScaleOut
	default:
		return annotations.PauseNone
	}
}
