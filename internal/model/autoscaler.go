package model

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
)

const deploymentKind = string(annotations.OnDeployment)

// The known kinds of autoscalers.
const (
	KindHPA              = "HorizontalPodAutoscaler"
	KindScaledObject     = "ScaledObject"
	KindHTTPScaledObject = "HTTPScaledObject"
	KindDatadog          = "DatadogPodAutoscaler"
	KindWatermark        = "WatermarkPodAutoscaler"
)

// Autoscaler is the relevant part of a HorizontalPodAutoscaler, of a ScaledObject or
// HTTPScaledObject of KEDA, or of an autoscaler of Datadog.
type Autoscaler struct {
	Kind      string
	Namespace string
	Name      string
	// UID is empty for one that is not in a cluster yet.
	UID string
	// Scales is what it scales.
	Scales Ref
	// Controller is the object that controls it; zero if none does.
	Controller Ref
	// Created is true if it carries the label of what the product creates.
	Created bool
	// Adopted is true if the product adopted it; its previous spec is kept in an
	// annotation.
	Adopted bool
	// Deleting is true once it is marked for deletion.
	Deleting bool
	// MinReplicas and MaxReplicas are its bounds.
	MinReplicas, MaxReplicas int32
}

// Ref names an object of the same namespace.
type Ref struct {
	Kind string
	Name string
	// UID is set for controllers only.
	UID string
}

// String returns the object as kind and name.
func (r Ref) String() string {
	if r == (Ref{}) {
		return "nobody"
	}
	return r.Kind + " " + r.Name
}

// Object names the autoscaler in findings.
func (a Autoscaler) Object() finding.Object {
	return finding.Object{Kind: a.Kind, Namespace: a.Namespace, Name: a.Name}
}

// Concerns reports whether it scales the Deployment of that name, or has the name of its
// managed autoscaler.
func (a Autoscaler) Concerns(deployment string) bool {
	return a.Scales.Kind == deploymentKind && a.Scales.Name == deployment || a.Kind == KindHPA && a.Name == deployment
}

// SortAutoscalers sorts by kind and name, in place.
func SortAutoscalers(list []Autoscaler) []Autoscaler {
	slices.SortFunc(list, func(a, b Autoscaler) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	return list
}

// ScalesWorkload reports whether it scales the Deployment w.
func (a Autoscaler) ScalesWorkload(w Workload) bool {
	return a.Scales.Kind == deploymentKind && a.Scales.Name == w.Name
}

// UsesHPA reports whether it is a HorizontalPodAutoscaler, or scales by one.
func (a Autoscaler) UsesHPA() bool {
	return a.Kind == KindHPA || a.Kind == KindScaledObject || a.Kind == KindHTTPScaledObject
}

// controlledBy reports whether the Deployment w controls it.
func (a Autoscaler) controlledBy(w Workload) bool {
	return a.Controller.UID != "" && a.Controller.UID == w.UID
}

// MadeForFormer reports whether the product created it for a deleted Deployment of the
// same name as w: garbage collection is about to delete it.
func (a Autoscaler) MadeForFormer(w Workload) bool {
	return a.Created && a.Controller.Kind == deploymentKind && a.Controller.Name == w.Name && !a.controlledBy(w)
}

// Manages reports whether it is the managed autoscaler of w.
func (a Autoscaler) Manages(w Workload) bool {
	if a.Kind != KindHPA || a.Deleting {
		return false
	}
	if a.Adopted {
		return a.ScalesWorkload(w)
	}
	if a.Created && a.Controller == (Ref{}) {
		return a.ScalesWorkload(w) // its Deployment was deleted with --cascade=orphan
	}
	return a.controlledBy(w) && (a.Created || a.Name == w.Name)
}

// Autoscalers looks up the autoscalers of one namespace.
type Autoscalers interface {
	// AutoscalersOf returns every autoscaler that scales the Deployment of that name,
	// sorted by kind and name, and the HorizontalPodAutoscaler of that name even if it
	// scales something else. unread says why a kind could not be read; it is empty if all
	// were.
	AutoscalersOf(deployment string) (list []Autoscaler, unread string)
	// HPA returns the HorizontalPodAutoscaler of that name.
	HPA(name string) (Autoscaler, bool)
}
