package cache

import (
	"context"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/model"
)

// Catalog is a model.Catalog of one namespace over the cache. Reading can fail;
// the result of a failed read is empty and means nothing, so check Err before
// relying on any conclusion.
type Catalog struct {
	ctx       context.Context
	reader    client.Reader
	namespace string
	neighbors *Neighbors
	err       error
}

var _ model.Catalog = (*Catalog)(nil)

// NewCatalog reads one namespace through a cache that has the indexes of AddIndexes,
// as if there were no Neighbors.
func NewCatalog(ctx context.Context, reader client.Reader, namespace string) *Catalog {
	return &Catalog{ctx: ctx, reader: reader, namespace: namespace}
}

// With adds the existing Neighbors; nil means that there are none.
func (c *Catalog) With(n *Neighbors) *Catalog {
	c.neighbors = n
	return c
}

// Err is the first error of any read so far.
func (c *Catalog) Err() error { return c.err }

// Workload implements model.Catalog.
func (c *Catalog) Workload(name string) (model.Workload, bool) {
	var d appsv1.Deployment
	if !c.get(name, &d) {
		return model.Workload{}, false
	}
	return convert.Workload(&d), true
}

// Service implements model.Catalog.
func (c *Catalog) Service(name string) (model.Service, bool) {
	var s corev1.Service
	if !c.get(name, &s) {
		return model.Service{}, false
	}
	return convert.Service(&s), true
}

// ServicesSelecting implements model.Catalog.
func (c *Catalog) ServicesSelecting(podLabels map[string]string) []model.Service {
	var out []model.Service
	for _, pair := range pairs(podLabels) {
		for _, s := range c.services(indexSelector, pair) {
			if s.Selects(podLabels) {
				out = append(out, s)
			}
		}
	}
	return sortServices(out)
}

// ServicesNaming implements model.Catalog.
func (c *Catalog) ServicesNaming(deployment string) []model.Service {
	return sortServices(c.services(indexNamesDeployment, deployment))
}

// FewSelectedBy implements model.Catalog. With an Indexed reader it reads no more objects
// than it returns.
func (c *Catalog) FewSelectedBy(s model.Service) (first []model.Workload, more bool) {
	names, ok := c.namesSelectedBy(s)
	if !ok {
		all := c.WorkloadsSelectedBy(s)
		return all[:min(len(all), model.Few)], len(all) > model.Few
	}
	for _, name := range names {
		w, there := c.Workload(name)
		switch {
		case !there || !s.Selects(w.PodLabels): // it changed just now
		case len(first) == model.Few:
			return first, true
		default:
			first = append(first, w)
		}
	}
	return first, false
}

// NamesSelectedBy returns the names of the Deployments whose pods this Service selects,
// sorted.
func (c *Catalog) NamesSelectedBy(s model.Service) []string {
	if names, ok := c.namesSelectedBy(s); ok {
		return names
	}
	var names []string
	for _, w := range c.WorkloadsSelectedBy(s) {
		names = append(names, w.Name)
	}
	return names
}

// namesSelectedBy finds them by the index alone; ok is false without an Indexed reader.
func (c *Catalog) namesSelectedBy(s model.Service) (names []string, ok bool) {
	indexed, ok := c.reader.(Indexed)
	if !ok {
		return nil, false
	}
	var found sets.Set[string]
	for _, pair := range pairs(s.Selector) {
		list, err := indexed.deployments(c.ctx, c.namespace, pair)
		if err != nil {
			if c.err == nil {
				c.err = err
			}
			return nil, true
		}
		these := sets.New(list...)
		if found == nil {
			found = these
		} else {
			found = found.Intersection(these)
		}
	}
	return sets.List(found), true
}

// WorkloadsSelectedBy returns all Deployments whose pods this Service selects.
func (c *Catalog) WorkloadsSelectedBy(s model.Service) []model.Workload {
	var out []model.Workload
	for _, pair := range anchor(s.Selector) {
		for _, w := range c.workloads(indexPodLabels, pair) {
			if s.Selects(w.PodLabels) {
				out = append(out, w)
			}
		}
	}
	return sortWorkloads(out)
}

// WorkloadsNaming returns the Deployments whose service annotation names this Service.
func (c *Catalog) WorkloadsNaming(service string) []model.Workload {
	return sortWorkloads(c.workloads(indexNamesService, service))
}

// AutoscalersOf implements model.Autoscalers.
func (c *Catalog) AutoscalersOf(deployment string) (out []model.Autoscaler, unread string) {
	var list autoscalingv2.HorizontalPodAutoscalerList
	c.list(&list, indexScales, targetValue(model.Ref{Kind: deploymentKind, Name: deployment}))
	named := false
	for i := range list.Items {
		out = append(out, convert.Autoscaler(&list.Items[i]))
		named = named || list.Items[i].Name == deployment
	}
	if a, there := c.HPA(deployment); there && !named {
		out = append(out, a)
	}
	more, unread := c.neighbors.Scaling(c.namespace, model.Ref{Kind: deploymentKind, Name: deployment})
	return model.SortAutoscalers(append(out, more...)), unread
}

// HPA implements model.Autoscalers.
func (c *Catalog) HPA(name string) (model.Autoscaler, bool) {
	var h autoscalingv2.HorizontalPodAutoscaler
	if !c.get(name, &h) {
		return model.Autoscaler{}, false
	}
	return convert.Autoscaler(&h), true
}

func (c *Catalog) get(name string, o client.Object) bool {
	err := c.reader.Get(c.ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, o)
	if err != nil && !apierrors.IsNotFound(err) && c.err == nil {
		c.err = err
	}
	return err == nil
}

func (c *Catalog) services(index, value string) []model.Service {
	var list corev1.ServiceList
	c.list(&list, index, value)
	out := make([]model.Service, len(list.Items))
	for i := range list.Items {
		out[i] = convert.Service(&list.Items[i])
	}
	return out
}

func (c *Catalog) workloads(index, value string) []model.Workload {
	var list appsv1.DeploymentList
	c.list(&list, index, value)
	out := make([]model.Workload, len(list.Items))
	for i := range list.Items {
		out[i] = convert.Workload(&list.Items[i])
	}
	return out
}

func (c *Catalog) list(list client.ObjectList, index, value string) {
	err := c.reader.List(c.ctx, list, client.InNamespace(c.namespace), client.MatchingFields{index: value},
		client.UnsafeDisableDeepCopy)
	if err != nil && c.err == nil {
		c.err = err
	}
}

func sortServices(list []model.Service) []model.Service {
	slices.SortFunc(list, func(a, b model.Service) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func sortWorkloads(list []model.Workload) []model.Workload {
	slices.SortFunc(list, func(a, b model.Workload) int { return strings.Compare(a.Name, b.Name) })
	return list
}
