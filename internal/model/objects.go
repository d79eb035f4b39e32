// Package model contains plain values of Deployments, Services and autoscalers, and the
// catalog that lists them. Of API machinery it has only label selectors, so that a
// cluster, an admission review and a file result in the same values.
package model

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
)

// Workload is the relevant part of a Deployment.
type Workload struct {
	Namespace string
	Name      string
	// UID is empty for a Deployment that is not in a cluster yet.
	UID string
	// Deleting is true once the Deployment is marked for deletion.
	Deleting bool
	// Replicas is spec.replicas; nil means the API's default, 1.
	Replicas *int32
	// Labels are the Deployment's own, which policies select by.
	Labels map[string]string
	// PodLabels are the labels of the pod template.
	PodLabels map[string]string
	// Selector is spec.selector.
	Selector *metav1.LabelSelector
	// WithoutCPURequest are the containers of the pod template that count for the CPU
	// utilization of its pods, and have neither a CPU request nor a limit.
	WithoutCPURequest []string
	// Annotations are its parsed annotations.
	Annotations annotations.Parsed
}

// NewWorkload returns w with its annotations parsed from all, and checks that they belong
// on a Deployment. The map is retained.
func NewWorkload(w Workload, all map[string]string) Workload {
	w.Annotations = parsed(annotations.OnDeployment, all)
	return w
}

// Object names the Deployment in findings.
func (w Workload) Object() finding.Object {
	return finding.Object{Kind: deploymentKind, Namespace: w.Namespace, Name: w.Name}
}

// Service is the relevant part of a Service.
type Service struct {
	Namespace string
	Name      string
	// Deleting is true once the Service is marked for deletion.
	Deleting bool
	// Selector is spec.selector; an empty one selects no pods.
	Selector map[string]string
	// External is true for a Service of type ExternalName, which selects no pods whatever
	// its selector is.
	External bool
	// Annotations are its parsed annotations.
	Annotations annotations.Parsed
}

// NewService returns s with its annotations parsed from all, and checks that they belong
// on a Service. The map is retained.
func NewService(s Service, all map[string]string) Service {
	s.Annotations = parsed(annotations.OnService, all)
	return s
}

// Names reports whether the Service names the Deployment that it scales by its
// annotation, and not merely by its selector.
func (s Service) Names(deployment string) bool {
	return deployment != "" && s.Annotations.Raw[annotations.Deployment] == deployment
}

// Object names the Service in findings.
func (s Service) Object() finding.Object {
	return finding.Object{Kind: string(annotations.OnService), Namespace: s.Namespace, Name: s.Name}
}

// Selects reports whether the Service sends traffic to pods with these labels.
func (s Service) Selects(podLabels map[string]string) bool {
	if len(s.Selector) == 0 || s.External {
		return false
	}
	for k, v := range s.Selector {
		if got, ok := podLabels[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// Catalog looks up the objects of one namespace. Lists are sorted by name.
type Catalog interface {
	Autoscalers
	Neighbors

	// Workload returns the Deployment of that name.
	Workload(name string) (Workload, bool)
	// Service returns the Service of that name.
	Service(name string) (Service, bool)
	// ServicesSelecting returns the Services that select pods with these labels.
	ServicesSelecting(podLabels map[string]string) []Service
	// ServicesNaming returns the Services whose annotation names this Deployment.
	ServicesNaming(deployment string) []Service
	// FewSelectedBy returns the Deployments whose pods this Service selects, of many the
	// first Few, and whether there are more. One Service may select thousands.
	FewSelectedBy(s Service) (first []Workload, more bool)
}

// Few is how many of the Deployments that one Service selects are looked at: more than are
// ever named.
const Few = 4

// parsed is where the annotations of objects are parsed, once as they enter the program.
func parsed(k annotations.Kind, all map[string]string) annotations.Parsed {
	return annotations.Parse(k, all)
}
