package v1alpha1

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Milliseconds are marked Schemaless, and get their schema from the markers beside
// it: controller-gen's own schema of a Quantity has a pattern, by which a slip would
// be answered with a regular expression and not with what is allowed. The suffixes
// m, k and M have to pass, because that is how Go programs write quantities.
//
// What the rules cost is estimated from the bounds of lists and strings, and the API
// server accepts no definition that could cost too much. Types of Kubernetes have no
// bounds in them; so behaviors are few, and the validity of label keys and values
// is for the webhook.

// AutoAttach says how workloads without an annotation are autoscaled.
type AutoAttach struct {
	// targetMilliseconds is the upstream latency to hold: more than 0, at most
	// 3600000, with at most 3 decimals, such as 40 or "0.5".
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="string(self).matches('^((0|[1-9][0-9]{0,6})([.][0-9]{1,3})?|[1-9][0-9]{0,9}m|[1-9][0-9]{0,3}k|[1-3]M)$') && quantity(string(self)).isGreaterThan(quantity('0')) && !quantity(string(self)).isGreaterThan(quantity('3600000'))",message="must be a number of milliseconds, more than 0 and at most 3600000, with at most 3 decimals and without exponent, such as 40 or \"0.5\""
	TargetMilliseconds resource.Quantity `json:"targetMilliseconds"`
}

// Defaults hold where a workload has no annotation of its own.
//
// +kubebuilder:validation:XValidation:rule="self.?minReplicas.orValue(1) <= self.?maxReplicas.orValue(10)",messageExpression="'must be at most %d, %s'.format([self.?maxReplicas.orValue(10), has(self.maxReplicas) ? 'as maxReplicas says' : 'which maxReplicas is where it is absent'])",message="must be at most maxReplicas",fieldPath=".minReplicas"
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

	// statistic says which latency of the requests counts: their average, or a
	// percentile of them. It gives the metric where metric is absent; built in is average.
	// +optional
	// +kubebuilder:validation:Enum=average;p50;p90;p95;p99
	Statistic string `json:"statistic,omitempty"`

	// requestsPerSecondPerPod adds the request rate beside latency: the number of requests
	// per second that one pod is to get, more than 0 and at most 1000000, with at most 3
	// decimals, such as 12 or "2.8"; auto, which learns it; or off. Built in is auto with the
	// behavior steady, unless concurrencyPerPod is set, and off with another.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="string(self) in ['auto', 'off'] || (string(self).matches('^(0|[1-9][0-9]{0,6})([.][0-9]{1,3})?$') && quantity(string(self)).isGreaterThan(quantity('0')) && !quantity(string(self)).isGreaterThan(quantity('1000000')))",message="must be a number, more than 0 and at most 1000000, with at most 3 decimals and without exponent, such as 12 or \"2.8\"; or auto, or off"
	RequestsPerSecondPerPod *intstr.IntOrString `json:"requestsPerSecondPerPod,omitempty"`

	// concurrencyPerPod adds the number of requests in flight beside latency, for one pod:
	// more than 0 and at most 1000000, with at most 3 decimals, such as 12 or "2.8"; auto,
	// which learns it; or off. Built in is off.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="string(self) in ['auto', 'off'] || (string(self).matches('^(0|[1-9][0-9]{0,6})([.][0-9]{1,3})?$') && quantity(string(self)).isGreaterThan(quantity('0')) && !quantity(string(self)).isGreaterThan(quantity('1000000')))",message="must be a number, more than 0 and at most 1000000, with at most 3 decimals and without exponent, such as 12 or \"2.8\"; or auto, or off"
	ConcurrencyPerPod *intstr.IntOrString `json:"concurrencyPerPod,omitempty"`

	// metric is the metric of the Service, as the custom metrics API names it; built
	// in is that of the statistic, kong_upstream_latency_ms_60s_average for the average.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_:.-]+$') && !(self in ['.', '..'])",message="must be a metric name of letters, digits, '_', ':', '.' and '-'"
	Metric string `json:"metric,omitempty"`

	// behavior is the profile that says how fast to scale: steady (built in, and
	// the default), responsive or stable (built in), or one of behaviors.
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

	// onNoEffect says what to do where more pods do not lower the latency: hold stops
	// scaling out for it, continue goes on up to the most replicas. Built in is hold.
	// +optional
	// +kubebuilder:validation:Enum=hold;continue
	OnNoEffect string `json:"onNoEffect,omitempty"`
}

// Limits are the bounds of what workloads may ask for. Defaults, the built-in ones
// too, are brought within them.
//
// +kubebuilder:validation:XValidation:rule="self.?minReplicas.?min.orValue(1) <= self.?maxReplicas.?max.orValue(999999999)",messageExpression="'must be at most %d, as maxReplicas.max says'.format([self.maxReplicas.max])",message="must be at most maxReplicas.max",fieldPath=".minReplicas.min"
type Limits struct {
	// targetMilliseconds bounds the latency to hold.
	// +optional
	TargetMilliseconds *QuantityRange `json:"targetMilliseconds,omitempty"`
	// minReplicas bounds the fewest replicas. The most replicas can then not be less
	// than its min.
	// +optional
	MinReplicas *Int32Range `json:"minReplicas,omitempty"`
	// maxReplicas bounds the most replicas. The fewest replicas can then not be more
	// than its max.
	// +optional
	MaxReplicas *Int32Range `json:"maxReplicas,omitempty"`
	// requestsPerSecondPerPod bounds the number of requests per second that one pod is to
	// get, also where it is learned.
	// +optional
	RequestsPerSecondPerPod *LoadRange `json:"requestsPerSecondPerPod,omitempty"`
	// concurrencyPerPod bounds the number of requests in flight that one pod is to get, also
	// where it is learned.
	// +optional
	ConcurrencyPerPod *LoadRange `json:"concurrencyPerPod,omitempty"`
}

// QuantityRange is a range of milliseconds that includes its ends.
//
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || !isQuantity(string(self.min)) || !isQuantity(string(self.max)) || !quantity(string(self.min)).isGreaterThan(quantity(string(self.max)))",messageExpression="'must be at most ' + string(self.max) + ', as max says'",message="must be at most max",fieldPath=".min"
type QuantityRange struct {
	// min is the least that is allowed: more than 0, at most 3600000, with at most 3
	// decimals, such as 40 or "0.5". Absent, there is no lower bound.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="string(self).matches('^((0|[1-9][0-9]{0,6})([.][0-9]{1,3})?|[1-9][0-9]{0,9}m|[1-9][0-9]{0,3}k|[1-3]M)$') && quantity(string(self)).isGreaterThan(quantity('0')) && !quantity(string(self)).isGreaterThan(quantity('3600000'))",message="must be a number of milliseconds, more than 0 and at most 3600000, with at most 3 decimals and without exponent, such as 40 or \"0.5\""
	Min *resource.Quantity `json:"min,omitempty"`
	// max is the most that is allowed: more than 0, at most 3600000, with at most 3
	// decimals, such as 40 or "0.5". Absent, there is no upper bound.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="string(self).matches('^((0|[1-9][0-9]{0,6})([.][0-9]{1,3})?|[1-9][0-9]{0,9}m|[1-9][0-9]{0,3}k|[1-3]M)$') && quantity(string(self)).isGreaterThan(quantity('0')) && !quantity(string(self)).isGreaterThan(quantity('3600000'))",message="must be a number of milliseconds, more than 0 and at most 3600000, with at most 3 decimals and without exponent, such as 40 or \"0.5\""
	Max *resource.Quantity `json:"max,omitempty"`
}

// LoadRange is a range of the load per pod that includes its ends.
//
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || !isQuantity(string(self.min)) || !isQuantity(string(self.max)) || !quantity(string(self.min)).isGreaterThan(quantity(string(self.max)))",messageExpression="'must be at most ' + string(self.max) + ', as max says'",message="must be at most max",fieldPath=".min"
type LoadRange struct {
	// min is the least that is allowed: more than 0, at most 1000000, with at most 3
	// decimals, such as 12 or "2.8". Absent, there is no lower bound.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="string(self).matches('^((0|[1-9][0-9]{0,6})([.][0-9]{1,3})?|[1-9][0-9]{0,9}m|[1-9][0-9]{0,2}k|1M)$') && quantity(string(self)).isGreaterThan(quantity('0')) && !quantity(string(self)).isGreaterThan(quantity('1000000'))",message="must be a number, more than 0 and at most 1000000, with at most 3 decimals and without exponent, such as 12 or \"2.8\""
	Min *resource.Quantity `json:"min,omitempty"`
	// max is the most that is allowed: more than 0, at most 1000000, with at most 3
	// decimals, such as 12 or "2.8". Absent, there is no upper bound.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="string(self).matches('^((0|[1-9][0-9]{0,6})([.][0-9]{1,3})?|[1-9][0-9]{0,9}m|[1-9][0-9]{0,2}k|1M)$') && quantity(string(self)).isGreaterThan(quantity('0')) && !quantity(string(self)).isGreaterThan(quantity('1000000'))",message="must be a number, more than 0 and at most 1000000, with at most 3 decimals and without exponent, such as 12 or \"2.8\""
	Max *resource.Quantity `json:"max,omitempty"`
}

// Int32Range is a range of replicas that includes its ends.
//
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || self.min <= self.max",messageExpression="'must be at most %d, as max says'.format([self.max])",message="must be at most max",fieldPath=".min"
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

// NamedBehavior is a profile that says how fast to scale. What it leaves open has
// the API's own default, as in a HorizontalPodAutoscaler. The rules are those of
// the API server for HorizontalPodAutoscalers, which would refuse the result.
//
// +kubebuilder:validation:XValidation:rule="has(self.scaleUp) || has(self.scaleDown)",message="must have scaleUp or scaleDown; what neither changes is the profile stable"
// +kubebuilder:validation:XValidation:rule="!has(self.scaleUp) || !has(self.scaleUp.policies) || (self.scaleUp.policies.size() > 0 && self.scaleUp.policies.size() <= 8)",message="must be 1 to 8 policies, or absent",fieldPath=".scaleUp.policies"
// +kubebuilder:validation:XValidation:rule="!has(self.scaleUp) || !has(self.scaleUp.policies) || self.scaleUp.policies.all(p, p.type == 'Pods' || p.type == 'Percent')",message="must each have the type Pods or Percent",fieldPath=".scaleUp.policies"
// +kubebuilder:validation:XValidation:rule="!has(self.scaleUp) || !has(self.scaleUp.policies) || self.scaleUp.policies.all(p, p.value > 0 && p.value <= 2147483647 && p.periodSeconds > 0 && p.periodSeconds <= 1800)",message="must each have a value from 1 to 2147483647 and periodSeconds from 1 to 1800",fieldPath=".scaleUp.policies"
// +kubebuilder:validation:XValidation:rule="self.?scaleUp.?stabilizationWindowSeconds.orValue(0) >= 0 && self.?scaleUp.?stabilizationWindowSeconds.orValue(0) <= 3600",message="must be from 0 to 3600",fieldPath=".scaleUp.stabilizationWindowSeconds"
// +kubebuilder:validation:XValidation:rule="self.?scaleUp.?selectPolicy.orValue('Max') in ['Max', 'Min', 'Disabled']",message="must be Max, Min or Disabled",fieldPath=".scaleUp.selectPolicy"
// +kubebuilder:validation:XValidation:rule="!has(self.scaleUp) || !has(self.scaleUp.tolerance) || !quantity(string(self.scaleUp.tolerance)).isLessThan(quantity('0'))",message="must be at least 0",fieldPath=".scaleUp.tolerance"
// +kubebuilder:validation:XValidation:rule="!has(self.scaleDown) || !has(self.scaleDown.policies) || (self.scaleDown.policies.size() > 0 && self.scaleDown.policies.size() <= 8)",message="must be 1 to 8 policies, or absent",fieldPath=".scaleDown.policies"
// +kubebuilder:validation:XValidation:rule="!has(self.scaleDown) || !has(self.scaleDown.policies) || self.scaleDown.policies.all(p, p.type == 'Pods' || p.type == 'Percent')",message="must each have the type Pods or Percent",fieldPath=".scaleDown.policies"
// +kubebuilder:validation:XValidation:rule="!has(self.scaleDown) || !has(self.scaleDown.policies) || self.scaleDown.policies.all(p, p.value > 0 && p.value <= 2147483647 && p.periodSeconds > 0 && p.periodSeconds <= 1800)",message="must each have a value from 1 to 2147483647 and periodSeconds from 1 to 1800",fieldPath=".scaleDown.policies"
// +kubebuilder:validation:XValidation:rule="self.?scaleDown.?stabilizationWindowSeconds.orValue(0) >= 0 && self.?scaleDown.?stabilizationWindowSeconds.orValue(0) <= 3600",message="must be from 0 to 3600",fieldPath=".scaleDown.stabilizationWindowSeconds"
// +kubebuilder:validation:XValidation:rule="self.?scaleDown.?selectPolicy.orValue('Max') in ['Max', 'Min', 'Disabled']",message="must be Max, Min or Disabled",fieldPath=".scaleDown.selectPolicy"
// +kubebuilder:validation:XValidation:rule="!has(self.scaleDown) || !has(self.scaleDown.tolerance) || !quantity(string(self.scaleDown.tolerance)).isLessThan(quantity('0'))",message="must be at least 0",fieldPath=".scaleDown.tolerance"
type NamedBehavior struct {
	// name is what settings call this profile: a DNS label that is neither
	// responsive nor stable, which are built in. One that is steady replaces the
	// built-in profile of that name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && !(self in ['responsive', 'stable'])",message="must be lower-case letters, digits and '-', beginning and ending with a letter or digit, and neither responsive nor stable, which are built in"
	Name string `json:"name"`

	autoscalingv2.HorizontalPodAutoscalerBehavior `json:",inline"`
}
