package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// LatencyAutoscaler reports how one workload is autoscaled: what it gets, whether its
// metric arrives and, if not, which hop of the metric pipeline is broken and how to fix it.
// The controller makes one for each enabled Deployment, with the Deployment's name and
// owned by it, and is the only one to write it. There is nothing to configure: settings
// are annotations of the Deployment or its Service.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=la,categories=kong
// +kubebuilder:printcolumn:name="Target",type=string,JSONPath=`.status.plan.targetMilliseconds`,description="The target of the latency, in milliseconds."
// +kubebuilder:printcolumn:name="Now",type=string,JSONPath=`.status.current.latencyMilliseconds`,description="The latency that the autoscaler read last, in milliseconds. It is renewed at most once a minute."
// +kubebuilder:printcolumn:name="Replicas",type=integer,JSONPath=`.status.current.replicas`,description="The current number of replicas."
// +kubebuilder:printcolumn:name="Min",type=integer,JSONPath=`.status.plan.minReplicas`,description="The lower bound of the replicas."
// +kubebuilder:printcolumn:name="Max",type=integer,JSONPath=`.status.plan.maxReplicas`,description="The upper bound of the replicas."
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the workload is scaled by its latency."
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="The reason for Ready."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Service",type=string,JSONPath=`.status.plan.service`,priority=1,description="The Service whose latency counts."
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.status.plan.policy`,priority=1,description="The effective LatencyPolicy."
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1,description="What Ready says."
type LatencyAutoscaler struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// status is what the controller has seen and done. Only the controller writes it.
	// +optional
	Status LatencyAutoscalerStatus `json:"status,omitempty"`
}

// LatencyAutoscalerList is a list of LatencyAutoscalers.
//
// +kubebuilder:object:root=true
type LatencyAutoscalerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []LatencyAutoscaler `json:"items"`
}

// The types of a LatencyAutoscaler's conditions, beside ConditionReady. Where they are not
// True, their reasons are the reasons of findings, and their messages name the fix.
const (
	// ConditionAttached reports whether the workload has its autoscaler, as its plan is.
	ConditionAttached = "Attached"
	// ConditionMetricAvailable reports whether the autoscaler reads a value of the latency.
	ConditionMetricAvailable = "MetricAvailable"
	// ConditionAbleToScale reports whether anything else keeps the autoscaler from scaling.
	ConditionAbleToScale = "AbleToScale"
)

// Bounds of what a status holds.
const (
	// MaxStatusMessage is the length of a message, and of evidence, in bytes.
	MaxStatusMessage = 1024
	// MaxStatusFix is the length of a fix, in bytes. Of one that is longer there is the
	// summary, without the manifests.
	MaxStatusFix = 4096
	// MaxStatusFindings is the number of findings of a hop.
	MaxStatusFindings = 4
)

// LatencyAutoscalerStatus is what the controller has seen of a workload, and done for it.
type LatencyAutoscalerStatus struct {
	// observedGeneration is the generation of this object that the status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready (the workload is scaled by its latency), Attached (it has its
	// autoscaler), MetricAvailable (the autoscaler reads a value of the latency) and
	// AbleToScale (nothing else keeps it from scaling).
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// plan is what the workload gets, by its settings and its policy; absent if a finding
	// keeps it from getting anything.
	// +optional
	Plan *AutoscalerPlan `json:"plan,omitempty"`

	// current is what the autoscaler reported last. It is renewed at most once a minute
	// while nothing else changes.
	// +optional
	Current *AutoscalerCurrent `json:"current,omitempty"`

	// pipeline is what is known of the settings and of each hop of the metric pipeline, in
	// the order in which the metric passes them.
	// +optional
	// +listType=map
	// +listMapKey=hop
	// +kubebuilder:validation:MaxItems=16
	Pipeline []HopStatus `json:"pipeline,omitempty"`
}

// AutoscalerPlan is what a workload gets.
type AutoscalerPlan struct {
	// targetMilliseconds is the target of the latency, in milliseconds.
	// +kubebuilder:validation:MaxLength=32
	TargetMilliseconds string `json:"targetMilliseconds"`
	// service is the name of the Service whose latency counts.
	// +kubebuilder:validation:MaxLength=253
	Service string `json:"service"`
	// metrics are those by which the workload is scaled, the latency first.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	Metrics []PlannedMetric `json:"metrics,omitempty"`
	// minReplicas and maxReplicas are the bounds of the replicas.
	MinReplicas int32 `json:"minReplicas"`
	// maxReplicas is the upper bound of the replicas.
	MaxReplicas int32 `json:"maxReplicas"`
	// behavior is the name of the behavior profile.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Behavior string `json:"behavior,omitempty"`
	// paused is the direction in which scaling is stopped: true for both, scale-in or
	// scale-out; absent for none.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	Paused string `json:"paused,omitempty"`
	// output is the kind of the autoscaler, and autoscaler its name.
	// +kubebuilder:validation:MaxLength=63
	Output string `json:"output"`
	// autoscaler is the name of the autoscaler.
	// +kubebuilder:validation:MaxLength=253
	Autoscaler string `json:"autoscaler"`
	// adopted is true if the autoscaler existed before, and is restored on detach.
	// +optional
	Adopted bool `json:"adopted,omitempty"`
	// source is where the latency is measured.
	// +kubebuilder:validation:MaxLength=63
	Source string `json:"source"`
	// enabledBy is the kind of the object that enables the workload: Deployment, Service or
	// LatencyPolicy.
	// +kubebuilder:validation:MaxLength=63
	EnabledBy string `json:"enabledBy"`
	// policy is the name of the effective LatencyPolicy; absent if the built-in defaults
	// apply.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Policy string `json:"policy,omitempty"`
}

// PlannedMetric is a metric by which a workload is scaled.
type PlannedMetric struct {
	// name of the metric, or of the resource.
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// type is the type of the metric's source in the autoscaler, such as Object or Resource.
	// +kubebuilder:validation:MaxLength=63
	Type string `json:"type"`
	// targetType is how the metric is compared with its target, such as Value.
	// +kubebuilder:validation:MaxLength=63
	TargetType string `json:"targetType"`
	// target is the target, in the unit of the metric; for Utilization in percent.
	// +kubebuilder:validation:MaxLength=32
	Target string `json:"target"`
}

// AutoscalerCurrent is what an autoscaler reported at some time.
type AutoscalerCurrent struct {
	// latencyMilliseconds is the latency that it read; absent if it had none.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	LatencyMilliseconds string `json:"latencyMilliseconds,omitempty"`
	// replicas is the number of replicas, and desiredReplicas the number that it wanted.
	Replicas int32 `json:"replicas"`
	// desiredReplicas is the number of replicas that it wanted.
	DesiredReplicas int32 `json:"desiredReplicas"`
	// observedTime is when the controller saw it.
	ObservedTime metav1.Time `json:"observedTime"`
}

// HopState is what is known of a hop.
// +kubebuilder:validation:Enum=Proven;Warning;Unknown;Broken
type HopState string

// The states of a hop.
const (
	HopProven  HopState = "Proven"  // it works
	HopWarning HopState = "Warning" // it works, though perhaps not as intended
	HopUnknown HopState = "Unknown" // it could not be found out
	HopBroken  HopState = "Broken"  // the metric cannot pass it
)

// HopStatus is what is known of one hop of the metric pipeline.
type HopStatus struct {
	// hop is the name of the hop, or settings.
	// +kubebuilder:validation:MaxLength=63
	Hop string `json:"hop"`
	// state is what is known of it.
	State HopState `json:"state"`
	// lastTransitionTime is since when the state is this.
	LastTransitionTime metav1.Time `json:"lastTransitionTime"`
	// evidence is by what the state is proven, or why it is not known.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Evidence string `json:"evidence,omitempty"`
	// findings are what is wrong or not known, the most severe first, at most 4.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4
	Findings []HopFinding `json:"findings,omitempty"`
}

// HopFinding is something that is wrong with a hop, or not known of it.
type HopFinding struct {
	// reason is the finding's reason. All of them are on the page of findings.
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason"`
	// severity is Error, Warning or Unknown.
	// +kubebuilder:validation:MaxLength=16
	Severity string `json:"severity"`
	// object is what it is about, as in "Service default/echo".
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Object string `json:"object,omitempty"`
	// message says what is wrong.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// fix is what resolves it: text, commands, manifests.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Fix string `json:"fix,omitempty"`
}
