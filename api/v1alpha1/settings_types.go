package v1alpha1

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
)

// AutoAttach says how workloads without an annotation are autoscaled.
type AutoAttach struct {
	// targetMilliseconds is the upstream latency to hold: more than 0, at most
	// 3600000, with at most 3 decimals, such as 40 or "0.5".
	TargetMilliseconds resource.Quantity `json:"targetMilliseconds"`
}

// Defaults hold where a workload has no annotation of its own.
type Defaults struct {
	// minReplicas is the fewest replicas, from 1 to 999999999; built in is 1. It is
	// not 0, because without pods there is no latency to wake them.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=999999999
	MinReplicas *int32 `json:"minReplicas,omitempty"`

	// maxReplicas is the most replicas, from 1 to 999999999; built in is 10.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=999999999
	MaxReplicas *int32 `json:"maxReplicas,omitempty"`

	// metric is the metric of the Service, as the custom metrics API names it; built
	// in is kong_upstream_latency_ms_60s_average.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Metric string `json:"metric,omitempty"`

	// behavior is the profile that says how fast to scale: responsive (built in, and
	// the default), stable (built in), or one of behaviors.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Behavior string `json:"behavior,omitempty"`

	// cpuUtilization adds a CPU metric beside latency, from 1 to 100 percent of the
	// CPU request; the autoscaler follows whichever wants more replicas. Built in is
	// none.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	CPUUtilization *int32 `json:"cpuUtilization,omitempty"`
}

// Limits are the bounds of what workloads may ask for.
type Limits struct {
	// targetMilliseconds bounds the latency to hold.
	// +optional
	TargetMilliseconds *QuantityRange `json:"targetMilliseconds,omitempty"`
	// minReplicas bounds the fewest replicas.
	// +optional
	MinReplicas *Int32Range `json:"minReplicas,omitempty"`
	// maxReplicas bounds the most replicas.
	// +optional
	MaxReplicas *Int32Range `json:"maxReplicas,omitempty"`
}

// QuantityRange is a range of milliseconds that includes its ends.
type QuantityRange struct {
	// min is the least that is allowed; absent, there is no lower bound.
	// +optional
	Min *resource.Quantity `json:"min,omitempty"`
	// max is the most that is allowed; absent, there is no upper bound.
	// +optional
	Max *resource.Quantity `json:"max,omitempty"`
}

// Int32Range is a range of replicas that includes its ends.
type Int32Range struct {
	// min is the least that is allowed, from 1 to 999999999; absent, there is no
	// lower bound.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=999999999
	Min *int32 `json:"min,omitempty"`
	// max is the most that is allowed, from 1 to 999999999; absent, there is no
	// upper bound.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=999999999
	Max *int32 `json:"max,omitempty"`
}

// NamedBehavior is a profile that says how fast to scale.
type NamedBehavior struct {
	// name is what settings call this profile: a DNS label that is neither
	// responsive nor stable, which are built in.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	autoscalingv2.HorizontalPodAutoscalerBehavior `json:",inline"`
}
