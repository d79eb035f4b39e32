// Package hpa is the output that scales by a HorizontalPodAutoscaler of autoscaling/v2.
package hpa

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
)

// Output implements output.Output.
type Output struct{}

var _ output.Output = Output{}

// GroupVersionKind implements output.Output.
func (Output) GroupVersionKind() schema.GroupVersionKind {
	return autoscalingv2.SchemeGroupVersion.WithKind(model.KindHPA)
}

// New implements output.Output.
func (Output) New() output.Object { return &autoscalingv2.HorizontalPodAutoscaler{} }

// NewList implements output.Output.
func (Output) NewList() output.ObjectList { return &autoscalingv2.HorizontalPodAutoscalerList{} }

// Hop implements output.Output.
func (Output) Hop() *finding.Hop { return Hop }

// typed is the object as a HorizontalPodAutoscaler. An object of another type is an
// empty one.
func typed(o output.Object) *autoscalingv2.HorizontalPodAutoscaler {
	if h, ok := o.(*autoscalingv2.HorizontalPodAutoscaler); ok && h != nil {
		return h
	}
	return &autoscalingv2.HorizontalPodAutoscaler{}
}
