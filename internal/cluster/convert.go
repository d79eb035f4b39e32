// Package cluster reads a cluster: which objects are cached, what is kept of
// them, and how pure code asks about them.
package cluster

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kong-latency/kong-latency/internal/model"
)

// Workload is what matters of a Deployment. The result shares the Deployment's maps.
func Workload(d *appsv1.Deployment) model.Workload {
	return model.NewWorkload(model.Workload{
		Namespace: d.Namespace,
		Name:      d.Name,
		UID:       string(d.UID),
		Deleting:  d.DeletionTimestamp != nil,
		Replicas:  d.Spec.Replicas,
		Labels:    d.Labels,
		PodLabels: d.Spec.Template.Labels,
	}, d.Annotations)
}

// Service is what matters of a Service. The result shares the Service's maps.
func Service(s *corev1.Service) model.Service {
	return model.NewService(model.Service{
		Namespace: s.Namespace,
		Name:      s.Name,
		Deleting:  s.DeletionTimestamp != nil,
		Selector:  s.Spec.Selector,
	}, s.Annotations)
}
