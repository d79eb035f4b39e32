package hpa

import (
	"strconv"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// defaultMinReplicas is the API's default of minReplicas.
const defaultMinReplicas = 1

// Autoscaler implements output.Output. It does not matter which version the object was
// written in: the API server returns all of them as v2.
func (Output) Autoscaler(live output.Object) model.Autoscaler {
	h := typed(live)
	target := h.Spec.ScaleTargetRef
	return model.Autoscaler{
		Kind:        model.KindHPA,
		Namespace:   h.Namespace,
		Name:        h.Name,
		UID:         string(h.UID),
		Scales:      output.TargetRef(target.APIVersion, target.Kind, target.Name),
		Controller:  output.ControllerOf(h),
		Created:     output.Created(h),
		Adopted:     output.Adopted(h),
		Deleting:    h.DeletionTimestamp != nil,
		MinReplicas: ptr.Deref(h.Spec.MinReplicas, defaultMinReplicas),
		MaxReplicas: h.Spec.MaxReplicas,
	}
}

// Observe implements output.Output.
func (Output) Observe(live output.Object) output.Observation {
	h := typed(live)
	out := output.Observation{
		Name:            h.Name,
		Created:         h.CreationTimestamp,
		MinReplicas:     ptr.Deref(h.Spec.MinReplicas, defaultMinReplicas),
		MaxReplicas:     h.Spec.MaxReplicas,
		CurrentReplicas: h.Status.CurrentReplicas,
		DesiredReplicas: h.Status.DesiredReplicas,
		Scaling:         scaling(h),
	}
	for _, m := range h.Spec.Metrics {
		if m.Object == nil {
			continue
		}
		metric := output.Metric{Name: m.Object.Metric.Name, Target: m.Object.Target.Value}
		if m.Object.DescribedObject.Kind == "Service" {
			metric.Service = m.Object.DescribedObject.Name
		}
		for _, c := range h.Status.CurrentMetrics {
			if c.Object != nil && c.Object.Metric.Name == metric.Name && c.Object.Current.Value != nil {
				metric.Current = c.Object.Current.Value
			}
		}
		out.Metrics = append(out.Metrics, metric)
	}
	return out
}

// Metrics implements output.Output.
func (Output) Metrics(p plan.Plan) []output.PlannedMetric {
	var out []output.PlannedMetric
	for _, m := range generator.HPA(p).Spec.Metrics {
		one, target := output.PlannedMetric{Type: string(m.Type)}, autoscalingv2.MetricTarget{}
		switch {
		case m.Object != nil:
			one.Name, target = m.Object.Metric.Name, m.Object.Target
		case m.Resource != nil:
			one.Name, target = string(m.Resource.Name), m.Resource.Target
		}
		one.TargetType = string(target.Type)
		switch {
		case target.Value != nil:
			one.Target = target.Value.String()
		case target.AverageValue != nil:
			one.Target = target.AverageValue.String()
		case target.AverageUtilization != nil:
			one.Target = strconv.Itoa(int(*target.AverageUtilization))
		}
		out = append(out, one)
	}
	return out
}

// scaling is the conditions that say whether it scales. ScalingLimited is for information:
// its bounds are what the plan wants.
func scaling(h *autoscalingv2.HorizontalPodAutoscaler) model.Scaling {
	var s model.Scaling
	for _, c := range h.Status.Conditions {
		is := c.Status == corev1.ConditionTrue
		switch {
		case c.Type == autoscalingv2.ScalingActive:
			s.Known, s.Active = true, is
			s.Reason, s.Message, s.Since = c.Reason, c.Message, c.LastTransitionTime.Time
		case c.Type == autoscalingv2.AbleToScale && !is:
			s.Unable = model.Condition{Reason: c.Reason, Message: c.Message, Since: c.LastTransitionTime.Time}
		}
	}
	return s
}

// Remarkable returns the conditions of which a cache keeps reason and message: those that
// a finding can be about. Of others it is enough that they are true.
func Remarkable(all []autoscalingv2.HorizontalPodAutoscalerCondition) []autoscalingv2.HorizontalPodAutoscalerCondition {
	var out []autoscalingv2.HorizontalPodAutoscalerCondition
	for _, c := range all {
		switch {
		case c.Type != autoscalingv2.ScalingActive && c.Type != autoscalingv2.AbleToScale:
		case c.Status != corev1.ConditionTrue:
			c.Message = finding.Quote(c.Message)
			out = append(out, c)
		case c.Type == autoscalingv2.ScalingActive:
			out = append(out, autoscalingv2.HorizontalPodAutoscalerCondition{Type: c.Type, Status: c.Status})
		}
	}
	return out
}
