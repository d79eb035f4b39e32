package cache

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// ScaledObjects is the ScaledObjects at one moment. It is immutable.
type ScaledObjects struct {
	set pipeline.Set[model.Autoscaler]
	// by is the set by what it scales.
	by map[types.NamespacedName][]model.Autoscaler
	// touched is every Deployment that is concerned now, or was the moment before.
	touched []types.NamespacedName
	// turned is true if the moment before it stood otherwise with the kind as a whole.
	turned bool
}

// NewScaledObjects is the ScaledObjects of set, which come after those before; before
// may be nil.
func NewScaledObjects(set pipeline.Set[model.Autoscaler], before *ScaledObjects) *ScaledObjects {
	if before == nil {
		before = &ScaledObjects{}
	}
	s := &ScaledObjects{
		set: set, by: map[types.NamespacedName][]model.Autoscaler{},
		turned: set.State != before.set.State || set.Why != before.set.Why,
	}
	for _, a := range set.Items {
		if a.Scales.Kind == "Deployment" {
			key := types.NamespacedName{Namespace: a.Namespace, Name: a.Scales.Name}
			s.by[key] = append(s.by[key], a)
		}
	}
	for key := range s.by {
		s.touched = append(s.touched, key)
	}
	for key := range before.by {
		if _, still := s.by[key]; !still {
			s.touched = append(s.touched, key)
		}
	}
	return s
}

// Set is the ScaledObjects as they were read; it must not be changed.
func (s *ScaledObjects) Set() pipeline.Set[model.Autoscaler] { return s.set }

// Of returns the ScaledObjects that scale a Deployment; unread says why they are not
// known, and is empty if they are. A nil ScaledObjects is empty and known.
func (s *ScaledObjects) Of(namespace, deployment string) (list []model.Autoscaler, unread string) {
	if s == nil {
		return nil, ""
	}
	switch s.set.State {
	case pipeline.Known, pipeline.NotInstalled:
		return s.by[types.NamespacedName{Namespace: namespace, Name: deployment}], ""
	case pipeline.Unread:
		return nil, "they have not been read yet"
	default:
		return nil, s.set.Why
	}
}

// Unread reports whether the first attempt to read them has no outcome yet.
func (s *ScaledObjects) Unread() bool { return s != nil && s.set.State == pipeline.Unread }

// Touched returns every Deployment that the latest change of ScaledObjects can affect.
func (s *ScaledObjects) Touched() []types.NamespacedName { return s.touched }

// Turned reports whether the latest change made the ScaledObjects known, or unknown. That
// can affect every Deployment.
func (s *ScaledObjects) Turned() bool { return s.turned }
