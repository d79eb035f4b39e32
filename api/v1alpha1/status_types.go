package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The types of a policy's conditions. Their reasons are the reasons of findings.
const (
	// ConditionReady reports whether the policy is in force as it is written.
	ConditionReady = "Ready"
	// ConditionPipelineHealthy reports whether the metric can arrive for all workloads
	// that the policy has attached. Unknown is an answer of its own.
	ConditionPipelineHealthy = "PipelineHealthy"
)

// MaxBlockedWorkloads is the number of blocked workloads that a status names at most.
const MaxBlockedWorkloads = 10

// LatencyPolicyStatus is what the controller has seen.
type LatencyPolicyStatus struct {
	// observedGeneration is the generation of the policy that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready (the policy is in force as it is written) and
	// PipelineHealthy (the metric can arrive for all attached workloads).
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// attached is the number of workloads of this policy that are autoscaled.
	// +optional
	Attached int32 `json:"attached"`

	// blocked is the number of workloads of this policy that request autoscaling, by
	// annotation or by autoAttach, and cannot have it. An autoscaler that they have
	// already stays.
	// +optional
	Blocked int32 `json:"blocked"`

	// paused is the number of attached workloads that are paused in one direction or in
	// both.
	// +optional
	Paused int32 `json:"paused"`

	// blockedWorkloads names some of the blocked workloads, at most 10, by namespace
	// and name.
	// +optional
	// +listType=map
	// +listMapKey=namespace
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	BlockedWorkloads []BlockedWorkload `json:"blockedWorkloads,omitempty"`
}

// BlockedWorkload is a workload that requests autoscaling and does not have it.
type BlockedWorkload struct {
	// namespace is the workload's namespace.
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`
	// name is the name of the workload, a Deployment.
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// reason is the finding's reason.
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason"`
	// message is the finding's sentence.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}
