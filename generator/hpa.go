package generator

import (
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/annotations"
)

// The label that marks what we made. Labels and annotations of the workload are
// not copied: GitOps tools would take the HorizontalPodAutoscaler for theirs and prune it.
const (
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "kong-latency"
)

// HPA is the plan's HorizontalPodAutoscaler as a person would write it.
func HPA(p Plan) *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		TypeMeta: metav1.TypeMeta{
			APIVersion: autoscalingv2.SchemeGroupVersion.String(),
			Kind:       "HorizontalPodAutoscaler",
		},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.Namespace,
			Name:      p.Name,
			Labels:    map[string]string{ManagedByLabel: ManagedBy},
		},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{
				APIVersion: appsv1.SchemeGroupVersion.String(),
				Kind:       "Deployment",
				Name:       p.Deployment,
			},
			MinReplicas: ptr.To(p.MinReplicas),
			MaxReplicas: p.MaxReplicas,
			Metrics:     metrics(p),
			Behavior:    behavior(p),
		},
	}
}

// metrics is latency, and CPU where asked for. The latency target is a Value:
// AverageValue would divide the latency by the number of replicas.
func metrics(p Plan) []autoscalingv2.MetricSpec {
	target := p.Target.DeepCopy()
	list := []autoscalingv2.MetricSpec{{
		Type: autoscalingv2.ObjectMetricSourceType,
		Object: &autoscalingv2.ObjectMetricSource{
			DescribedObject: autoscalingv2.CrossVersionObjectReference{
				APIVersion: corev1.SchemeGroupVersion.String(),
				Kind:       "Service",
				Name:       p.Service,
			},
			Metric: autoscalingv2.MetricIdentifier{Name: p.Metric},
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: &target},
		},
	}}
	if p.CPUUtilization != nil {
		list = append(list, autoscalingv2.MetricSpec{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU,
				Target: autoscalingv2.MetricTarget{
					Type:               autoscalingv2.UtilizationMetricType,
					AverageUtilization: ptr.To(*p.CPUUtilization),
				},
			},
		})
	}
	return list
}

// behavior is the profile's, with the paused directions disabled.
func behavior(p Plan) *autoscalingv2.HorizontalPodAutoscalerBehavior {
	b := p.Behavior.DeepCopy()
	pause := func(rules **autoscalingv2.HPAScalingRules) {
		if *rules == nil {
			*rules = &autoscalingv2.HPAScalingRules{}
		}
		(*rules).SelectPolicy = ptr.To(autoscalingv2.DisabledPolicySelect)
	}
	if p.Paused == annotations.PauseAll || p.Paused == annotations.PauseScaleIn {
		pause(&b.ScaleDown)
	}
	if p.Paused == annotations.PauseAll || p.Paused == annotations.PauseScaleOut {
		pause(&b.ScaleUp)
	}
	return b
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

// ApplyConfiguration is the plan's HorizontalPodAutoscaler for server-side
// apply: owned by the Deployment, and with selectPolicy written out, so that the
// field is ours and an edit by hand is undone.
func ApplyConfiguration(p Plan) (*autoscalingv2ac.HorizontalPodAutoscalerApplyConfiguration, error) {
	hpa := HPA(p)
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
