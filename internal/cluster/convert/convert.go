// Package convert converts Kubernetes objects into the values that decisions are based
// on: Deployments, Services and autoscalers into those of package model, the objects of
// the metric pipeline into those of package pipeline. A value contains only the relevant
// part of its object. This package reads no cluster; its callers cache, watch and files
// do.
package convert

import (
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/model"
)

// The API groups of kinds whose Go types are not imported, or do not declare the group.
const (
	// KongGroup is the API group of Kong Operator's kinds, and of references that
	// name none.
	KongGroup = "gateway-operator.konghq.com"
	// MonitoringGroup is the API group of Prometheus Operator's kinds.
	MonitoringGroup = "monitoring.coreos.com"
	// KEDAGroup is the API group of KEDA's kinds.
	KEDAGroup = "keda.sh"
)

// Workload is the relevant part of a Deployment. The result shares the Deployment's maps.
func Workload(d *appsv1.Deployment) model.Workload {
	return model.NewWorkload(model.Workload{
		Namespace: d.Namespace,
		Name:      d.Name,
		UID:       string(d.UID),
		Deleting:  d.DeletionTimestamp != nil,
		Replicas:  d.Spec.Replicas,
		Labels:    d.Labels,
		PodLabels: d.Spec.Template.Labels,
		Selector:  d.Spec.Selector,

		WithoutCPURequest: WithoutCPURequest(d.Spec.Template.Spec),
	}, d.Annotations)
}

// Service is the relevant part of a Service. The result shares the Service's maps.
func Service(s *corev1.Service) model.Service {
	return model.NewService(model.Service{
		Namespace: s.Namespace,
		Name:      s.Name,
		Deleting:  s.DeletionTimestamp != nil,
		Selector:  s.Spec.Selector,
		External:  s.Spec.Type == corev1.ServiceTypeExternalName,
	}, s.Annotations)
}

// LatencyPolicy keeps what users write of a policy, and its generation; the product
// writes the status itself.
func LatencyPolicy(u *unstructured.Unstructured) (v1alpha1.LatencyPolicy, error) {
	var full v1alpha1.LatencyPolicy
	err := Typed(u, &full)
	out := v1alpha1.LatencyPolicy{Spec: full.Spec}
	out.Name, out.UID, out.Generation = full.Name, full.UID, full.Generation
	return out, err
}

// Typed decodes an object into the Go type of its kind.
func Typed(u *unstructured.Unstructured, into any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, into); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

// plainMeta keeps of an object's metadata what users write, so that a fix can
// contain the object as it was, and nothing that changes with every write.
func plainMeta(m metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: m.Namespace, Name: m.Name, Labels: m.Labels, Annotations: plainAnnotations(m.Annotations)}
}

// plainAnnotations leaves out kubectl's copy of the whole object.
func plainAnnotations(all map[string]string) map[string]string {
	if _, applied := all[corev1.LastAppliedConfigAnnotation]; !applied {
		return all
	}
	out := maps.Clone(all)
	delete(out, corev1.LastAppliedConfigAnnotation)
	if len(out) == 0 {
		return nil
	}
	return out
}
