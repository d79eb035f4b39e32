package model

import (
	"slices"
	"strings"
)

// StaticCatalog is a Catalog of lists of objects of one namespace.
type StaticCatalog struct {
	Workloads   []Workload
	Services    []Service
	Autoscalers []Autoscaler
	// Owners are the pod owners that are no Deployments.
	Owners      []PodOwner
	Takeovers   []Takeover
	CPUDefaults []CPUDefault
	// Pods indexes the Deployments and Owners; see Indexed.
	Pods *PodIndex
}

var _ Catalog = StaticCatalog{}

// Workload implements Catalog.
func (c StaticCatalog) Workload(name string) (Workload, bool) {
	i := slices.IndexFunc(c.Workloads, func(w Workload) bool { return w.Name == name })
	if i < 0 {
		return Workload{}, false
	}
	return c.Workloads[i], true
}

// Service implements Catalog.
func (c StaticCatalog) Service(name string) (Service, bool) {
	i := slices.IndexFunc(c.Services, func(s Service) bool { return s.Name == name })
	if i < 0 {
		return Service{}, false
	}
	return c.Services[i], true
}

// ServicesSelecting implements Catalog.
func (c StaticCatalog) ServicesSelecting(podLabels map[string]string) []Service {
	return c.services(func(s Service) bool { return s.Selects(podLabels) })
}

// ServicesNaming implements Catalog.
func (c StaticCatalog) ServicesNaming(deployment string) []Service {
	return c.services(func(s Service) bool { return s.Names(deployment) })
}

// FewSelectedBy implements Catalog.
func (c StaticCatalog) FewSelectedBy(s Service) (first []Workload, more bool) {
	var out []Workload
	for _, w := range c.Workloads {
		if s.Selects(w.PodLabels) {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b Workload) int { return strings.Compare(a.Name, b.Name) })
	return fewOf(out)
}

func fewOf(list []Workload) (first []Workload, more bool) {
	if len(list) <= Few {
		return list, false
	}
	return list[:Few], true
}

// AutoscalersOf implements Autoscalers.
func (c StaticCatalog) AutoscalersOf(deployment string) (list []Autoscaler, unread string) {
	for _, a := range c.Autoscalers {
		if a.Concerns(deployment) {
			list = append(list, a)
		}
	}
	return SortAutoscalers(list), ""
}

// HPA implements Autoscalers.
func (c StaticCatalog) HPA(name string) (Autoscaler, bool) {
	i := slices.IndexFunc(c.Autoscalers, func(a Autoscaler) bool { return a.Kind == KindHPA && a.Name == name })
	if i < 0 {
		return Autoscaler{}, false
	}
	return c.Autoscalers[i], true
}

func (c StaticCatalog) services(keep func(Service) bool) []Service {
	var out []Service
	for _, s := range c.Services {
		if keep(s) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Service) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// WithWorkload returns the catalog as it will be once w is admitted.
func WithWorkload(c Catalog, w Workload) Catalog { return workloadOver{c, w} }

type workloadOver struct {
	Catalog
	w Workload
}

func (o workloadOver) Workload(name string) (Workload, bool) {
	if name == o.w.Name {
		return o.w, true
	}
	return o.Catalog.Workload(name)
}

func (o workloadOver) FewSelectedBy(s Service) (first []Workload, more bool) {
	list, more := o.Catalog.FewSelectedBy(s)
	first, beyond := fewOf(overlay(list, o.w, s.Selects(o.w.PodLabels), func(w Workload) string { return w.Name }))
	return first, more || beyond
}

// WithService returns the catalog as it will be once s is admitted.
func WithService(c Catalog, s Service) Catalog { return serviceOver{c, s} }

type serviceOver struct {
	Catalog
	s Service
}

func (o serviceOver) Service(name string) (Service, bool) {
	if name == o.s.Name {
		return o.s, true
	}
	return o.Catalog.Service(name)
}

func (o serviceOver) ServicesSelecting(podLabels map[string]string) []Service {
	return overlay(o.Catalog.ServicesSelecting(podLabels), o.s, o.s.Selects(podLabels), serviceName)
}

func (o serviceOver) ServicesNaming(deployment string) []Service {
	return overlay(o.Catalog.ServicesNaming(deployment), o.s, o.s.Names(deployment), serviceName)
}

func serviceName(s Service) string { return s.Name }

// overlay returns the sorted list with item in its place if it belongs, and
// without any older item of its name.
func overlay[T any](list []T, item T, belongs bool, name func(T) string) []T {
	out := slices.DeleteFunc(slices.Clone(list), func(t T) bool { return name(t) == name(item) })
	if !belongs {
		return out
	}
	at, _ := slices.BinarySearchFunc(out, item, func(a, b T) int { return strings.Compare(name(a), name(b)) })
	return slices.Insert(out, at, item)
}
