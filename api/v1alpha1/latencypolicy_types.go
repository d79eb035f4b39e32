package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// LatencyPolicy is the frame that a platform team sets for latency-based
// autoscaling: what holds where a team says nothing, what no team may exceed,
// which namespaces are autoscaled without an annotation, and what becomes of a
// workload whose metric cannot arrive. Several may exist. Of those that select a
// workload, the one with the highest priority rules it alone, and of equal ones
// the first by name. A workload that none selects has the built-in defaults.
//
// It is in the category kong, which Kong Operator's kinds are in too, so that
// `kubectl get kong` shows the policies beside the gateways that they depend on.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=lp,categories=kong
// +kubebuilder:printcolumn:name="Priority",type=integer,JSONPath=`.spec.priority`,description="Of the policies that select a workload, the one with the highest priority rules it."
// +kubebuilder:printcolumn:name="Attached",type=integer,JSONPath=`.status.attached`,description="How many workloads of this policy are autoscaled."
// +kubebuilder:printcolumn:name="Blocked",type=integer,JSONPath=`.status.blocked`,description="How many workloads of this policy ask for autoscaling and do not have it."
// +kubebuilder:printcolumn:name="Paused",type=integer,JSONPath=`.status.paused`,priority=1,description="How many of the attached workloads are paused."
// +kubebuilder:printcolumn:name="Pipeline",type=string,JSONPath=`.status.conditions[?(@.type=="PipelineHealthy")].status`,description="Whether the metric can arrive for all attached workloads."
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="PipelineHealthy")].reason`,priority=1,description="The reason for the state of the pipeline."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type LatencyPolicy struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the platform team wants. An empty one has the built-in defaults
	// and selects every workload.
	// +optional
	Spec LatencyPolicySpec `json:"spec,omitempty"`
	// status is what the controller has seen. Only the controller writes it.
	// +optional
	Status LatencyPolicyStatus `json:"status,omitempty"`
}

// LatencyPolicyList is a list of policies.
//
// +kubebuilder:object:root=true
type LatencyPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []LatencyPolicy `json:"items"`
}

// LatencyPolicySpec is what a platform team wants. CEL sees to what can be said
// about one policy alone; the validating webhook sees to the rest.
//
// +kubebuilder:validation:XValidation:rule="!self.?defaults.?minReplicas.hasValue() || (self.defaults.minReplicas >= self.?limits.?minReplicas.?min.orValue(1) && self.defaults.minReplicas <= self.?limits.?minReplicas.?max.orValue(999999999))",messageExpression="'must be from %d to %d, as limits.minReplicas says'.format([self.?limits.?minReplicas.?min.orValue(1), self.?limits.?minReplicas.?max.orValue(999999999)])",message="must be within limits.minReplicas",fieldPath=".defaults.minReplicas"
// +kubebuilder:validation:XValidation:rule="!self.?defaults.?maxReplicas.hasValue() || (self.defaults.maxReplicas >= self.?limits.?maxReplicas.?min.orValue(1) && self.defaults.maxReplicas <= self.?limits.?maxReplicas.?max.orValue(999999999))",messageExpression="'must be from %d to %d, as limits.maxReplicas says'.format([self.?limits.?maxReplicas.?min.orValue(1), self.?limits.?maxReplicas.?max.orValue(999999999)])",message="must be within limits.maxReplicas",fieldPath=".defaults.maxReplicas"
// +kubebuilder:validation:XValidation:rule="!self.?defaults.?minReplicas.hasValue() || self.defaults.minReplicas <= self.?limits.?maxReplicas.?max.orValue(999999999)",messageExpression="'must be at most %d, as limits.maxReplicas.max says'.format([self.limits.maxReplicas.max])",message="must be at most limits.maxReplicas.max",fieldPath=".defaults.minReplicas"
// +kubebuilder:validation:XValidation:rule="!self.?defaults.?maxReplicas.hasValue() || self.defaults.maxReplicas >= self.?limits.?minReplicas.?min.orValue(1)",messageExpression="'must be at least %d, as limits.minReplicas.min says'.format([self.limits.minReplicas.min])",message="must be at least limits.minReplicas.min",fieldPath=".defaults.maxReplicas"
// +kubebuilder:validation:XValidation:rule="!has(self.autoAttach) || !self.?limits.?targetMilliseconds.?min.hasValue() || !isQuantity(string(self.autoAttach.targetMilliseconds)) || !isQuantity(string(self.limits.targetMilliseconds.min)) || !quantity(string(self.autoAttach.targetMilliseconds)).isLessThan(quantity(string(self.limits.targetMilliseconds.min)))",messageExpression="'must be at least ' + string(self.limits.targetMilliseconds.min) + ', as limits.targetMilliseconds.min says'",message="must be within limits.targetMilliseconds: at least its min",fieldPath=".autoAttach.targetMilliseconds"
// +kubebuilder:validation:XValidation:rule="!has(self.autoAttach) || !self.?limits.?targetMilliseconds.?max.hasValue() || !isQuantity(string(self.autoAttach.targetMilliseconds)) || !isQuantity(string(self.limits.targetMilliseconds.max)) || !quantity(string(self.autoAttach.targetMilliseconds)).isGreaterThan(quantity(string(self.limits.targetMilliseconds.max)))",messageExpression="'must be at most ' + string(self.limits.targetMilliseconds.max) + ', as limits.targetMilliseconds.max says'",message="must be within limits.targetMilliseconds: at most its max",fieldPath=".autoAttach.targetMilliseconds"
// +kubebuilder:validation:XValidation:rule="!self.?defaults.?requestsPerSecondPerPod.hasValue() || !self.?limits.?requestsPerSecondPerPod.?min.hasValue() || !isQuantity(string(self.defaults.requestsPerSecondPerPod)) || !isQuantity(string(self.limits.requestsPerSecondPerPod.min)) || !quantity(string(self.defaults.requestsPerSecondPerPod)).isLessThan(quantity(string(self.limits.requestsPerSecondPerPod.min)))",messageExpression="'must be at least ' + string(self.limits.requestsPerSecondPerPod.min) + ', as limits.requestsPerSecondPerPod.min says'",message="must be within limits.requestsPerSecondPerPod: at least its min",fieldPath=".defaults.requestsPerSecondPerPod"
// +kubebuilder:validation:XValidation:rule="!self.?defaults.?requestsPerSecondPerPod.hasValue() || !self.?limits.?requestsPerSecondPerPod.?max.hasValue() || !isQuantity(string(self.defaults.requestsPerSecondPerPod)) || !isQuantity(string(self.limits.requestsPerSecondPerPod.max)) || !quantity(string(self.defaults.requestsPerSecondPerPod)).isGreaterThan(quantity(string(self.limits.requestsPerSecondPerPod.max)))",messageExpression="'must be at most ' + string(self.limits.requestsPerSecondPerPod.max) + ', as limits.requestsPerSecondPerPod.max says'",message="must be within limits.requestsPerSecondPerPod: at most its max",fieldPath=".defaults.requestsPerSecondPerPod"
// +kubebuilder:validation:XValidation:rule="!self.?defaults.?concurrencyPerPod.hasValue() || !self.?limits.?concurrencyPerPod.?min.hasValue() || !isQuantity(string(self.defaults.concurrencyPerPod)) || !isQuantity(string(self.limits.concurrencyPerPod.min)) || !quantity(string(self.defaults.concurrencyPerPod)).isLessThan(quantity(string(self.limits.concurrencyPerPod.min)))",messageExpression="'must be at least ' + string(self.limits.concurrencyPerPod.min) + ', as limits.concurrencyPerPod.min says'",message="must be within limits.concurrencyPerPod: at least its min",fieldPath=".defaults.concurrencyPerPod"
// +kubebuilder:validation:XValidation:rule="!self.?defaults.?concurrencyPerPod.hasValue() || !self.?limits.?concurrencyPerPod.?max.hasValue() || !isQuantity(string(self.defaults.concurrencyPerPod)) || !isQuantity(string(self.limits.concurrencyPerPod.max)) || !quantity(string(self.defaults.concurrencyPerPod)).isGreaterThan(quantity(string(self.limits.concurrencyPerPod.max)))",messageExpression="'must be at most ' + string(self.limits.concurrencyPerPod.max) + ', as limits.concurrencyPerPod.max says'",message="must be within limits.concurrencyPerPod: at most its max",fieldPath=".defaults.concurrencyPerPod"
// +kubebuilder:validation:XValidation:rule="!self.?defaults.?behavior.hasValue() || self.defaults.behavior in ['responsive', 'stable', 'steady'] || (has(self.behaviors) && self.behaviors.exists(b, b.name == self.defaults.behavior))",message="must be steady, responsive, stable, or the name of one of behaviors",fieldPath=".defaults.behavior"
type LatencyPolicySpec struct {
	// priority decides between policies that select the same workload: the highest
	// rules it, and of equal ones the first by name. Policies are never mixed.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=-2147483648
	// +kubebuilder:validation:Maximum=2147483647
	Priority int32 `json:"priority"`

	// namespaceSelector selects namespaces by their labels; absent or empty, all of
	// them. One namespace is selected by its label kubernetes.io/metadata.name.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.?matchLabels.orValue({}).size() <= 16 && self.?matchExpressions.orValue([]).size() <= 16",message="must have at most 16 matchLabels and at most 16 matchExpressions"
	// +kubebuilder:validation:XValidation:rule="!has(self.matchExpressions) || self.matchExpressions.all(e, e.operator in ['In', 'NotIn'] ? has(e.values) && e.values.size() > 0 && e.values.size() <= 64 : e.operator in ['Exists', 'DoesNotExist'] && (!has(e.values) || e.values.size() == 0))",message="must have operator In or NotIn with 1 to 64 values, or Exists or DoesNotExist without values",fieldPath=".matchExpressions"
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`

	// workloadSelector selects Deployments by their own labels (not those of their
	// pods); absent or empty, all of them.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.?matchLabels.orValue({}).size() <= 16 && self.?matchExpressions.orValue([]).size() <= 16",message="must have at most 16 matchLabels and at most 16 matchExpressions"
	// +kubebuilder:validation:XValidation:rule="!has(self.matchExpressions) || self.matchExpressions.all(e, e.operator in ['In', 'NotIn'] ? has(e.values) && e.values.size() > 0 && e.values.size() <= 64 : e.operator in ['Exists', 'DoesNotExist'] && (!has(e.values) || e.values.size() == 0))",message="must have operator In or NotIn with 1 to 64 values, or Exists or DoesNotExist without values",fieldPath=".matchExpressions"
	WorkloadSelector *metav1.LabelSelector `json:"workloadSelector,omitempty"`

	// autoAttach autoscales the Deployments that this policy rules without an
	// annotation, in namespaces labelled kong.latency/auto-attach: enabled, if
	// exactly one Service selects their pods. The annotation kong.latency/target-ms
	// with the value "off" leaves one out.
	// +optional
	AutoAttach *AutoAttach `json:"autoAttach,omitempty"`

	// defaults hold where a workload has no annotation of its own.
	// +optional
	Defaults *Defaults `json:"defaults,omitempty"`

	// limits bound what workloads may ask for: admission refuses settings outside of
	// them. Workloads that run when a limit is tightened keep their autoscaler,
	// brought within it.
	// +optional
	Limits *Limits `json:"limits,omitempty"`

	// behaviors are profiles of this policy's own, beside the built-in steady, responsive
	// and stable. The annotation kong.latency/behavior and defaults.behavior name
	// them.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	Behaviors []NamedBehavior `json:"behaviors,omitempty"`

	// pipeline says where the parts of the metric's pipeline are, and what becomes
	// of a workload whose metric cannot arrive.
	// +optional
	Pipeline *Pipeline `json:"pipeline,omitempty"`

	// conflicts says what admission does when another autoscaler already scales the
	// workload that requests autoscaling: Deny refuses it, Warn admits it with a warning.
	// Nothing is attached beside another autoscaler in either case.
	// +optional
	// +kubebuilder:default=Deny
	// +kubebuilder:validation:Enum=Deny;Warn
	Conflicts Action `json:"conflicts,omitempty"`
}

// Action says what admission does about something.
type Action string

// The actions.
const (
	Deny   Action = "Deny"   // refuse what is new or changed
	Warn   Action = "Warn"   // admit it, with a warning
	Ignore Action = "Ignore" // admit it, and say nothing
)
