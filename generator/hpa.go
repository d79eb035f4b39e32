// Package generator turns a plan into manifests: the HorizontalPodAutoscaler, and the
// objects that its metric pipeline needs.
package generator

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// The label of objects that the product created. Labels and annotations of the workload
// are not copied: GitOps tools would recognize the HorizontalPodAutoscaler by them and
// prune it.
const (
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "kong-latency"
)

// HPA is the HorizontalPodAutoscaler of the plan.
func HPA(p plan.Plan) *autoscalingv2.HorizontalPodAutoscaler {
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

// metrics is latency, and CPU if the plan has a target for it. The latency target is a Value:
// AverageValue would divide the latency by the number of replicas.
func metrics(p plan.Plan) []autoscalingv2.MetricSpec {
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

// behavior is the profile's, with the directions disabled that are paused, and scale-in while
// no pod is ready.
func behavior(p plan.Plan) *autoscalingv2.HorizontalPodAutoscalerBehavior {
	b := p.Behavior.DeepCopy()
	pause := func(rules **autoscalingv2.HPAScalingRules) {
		if *rules == nil {
			*rules = &autoscalingv2.HPAScalingRules{}
		}
		(*rules).SelectPolicy = ptr.To(autoscalingv2.DisabledPolicySelect)
	}
	if p.HoldScaleIn || p.Paused == annotations.PauseAll || p.Paused == annotations.PauseScaleIn {
		pause(&b.ScaleDown)
	}
	if p.Paused == annotations.PauseAll || p.Paused == annotations.PauseScaleOut {
		pause(&b.ScaleUp)
	}
	return b
}
