// Package v1alpha1 is the product's API: LatencyPolicy, with which a platform
// team sets the frame for latency-based autoscaling once for the whole cluster, and
// LatencyAutoscaler, which reports how one workload is autoscaled.
//
// +kubebuilder:object:generate=true
// +groupName=kong.latency
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "kong.latency", Version: "v1alpha1"}

var (
	// SchemeBuilder collects what makes a scheme know the kinds of this package.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)
	// AddToScheme makes a scheme know the kinds of this package.
	AddToScheme = SchemeBuilder.AddToScheme
)

func addKnownTypes(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &LatencyPolicy{}, &LatencyPolicyList{}, &LatencyAutoscaler{}, &LatencyAutoscalerList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
