package controller

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// sharing finds the Deployments that a change affects because they share pods with what
// changed, or with what is scaled by it.
type sharing struct {
	affected
	// neighbors returns the other owners of pods; nil means that there are none.
	neighbors func() *cache.Neighbors
}

// both joins two functions.
func both(a, b mapFunc) mapFunc {
	return func(ctx context.Context, o client.Object) []types.NamespacedName {
		return append(a(ctx, o), b(ctx, o)...)
	}
}

func (m sharing) byDeployment(ctx context.Context, o client.Object) []types.NamespacedName {
	return m.with(ctx, convert.Workload(o.(*appsv1.Deployment)).PodOwner())
}

// byOutput is the Deployments that share pods with what an object of an output scales.
func (m sharing) byOutput(by output.Output) mapFunc {
	return func(ctx context.Context, o client.Object) []types.NamespacedName {
		a := by.Autoscaler(o)
		if a.Scales.Kind == deploymentKind {
			if w, ok := cache.NewCatalog(ctx, m.reader, a.Namespace).Workload(a.Scales.Name); ok {
				return m.with(ctx, w.PodOwner())
			}
			return nil
		}
		if m.neighbors == nil {
			return nil
		}
		if owner, ok := m.neighbors().Owner(a.Namespace, a.Scales); ok {
			return m.with(ctx, owner)
		}
		return nil
	}
}

// byNeighbors is the Deployments that the latest change of Neighbors affects.
func (m sharing) byNeighbors(ctx context.Context) []types.NamespacedName {
	latest := m.neighbors()
	if latest.Turned() {
		return m.everything(ctx)
	}
	out := latest.Touched()
	for _, o := range latest.Changed() {
		out = append(out, m.with(ctx, o)...)
	}
	return out
}

// servicesByNeighbors is the annotated Services that select pods of what changed.
func (m sharing) servicesByNeighbors(ctx context.Context) []types.NamespacedName {
	latest := m.neighbors()
	if latest.Turned() {
		return m.annotatedServices(ctx)
	}
	var out []types.NamespacedName
	for _, o := range latest.Changed() {
		for _, s := range cache.NewCatalog(ctx, m.reader, o.Namespace).ServicesSelecting(o.PodLabels) {
			if s.Annotations.Requested {
				out = append(out, types.NamespacedName{Namespace: s.Namespace, Name: s.Name})
			}
		}
	}
	return out
}

func (m sharing) annotatedServices(ctx context.Context) []types.NamespacedName {
	var list corev1.ServiceList
	if err := m.reader.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil // the cache has been stopped
	}
	var out []types.NamespacedName
	for i := range list.Items {
		if s := convert.Service(&list.Items[i]); s.Annotations.Requested {
			out = append(out, types.NamespacedName{Namespace: s.Namespace, Name: s.Name})
		}
	}
	return out
}

// with is the Deployments that share pods with an owner, and the one whose pods it runs.
func (m sharing) with(ctx context.Context, o model.PodOwner) []types.NamespacedName {
	catalog := cache.NewCatalog(ctx, m.reader, o.Namespace)
	var out []types.NamespacedName
	for _, other := range plan.Sharing(o, catalog) {
		if other.Kind == deploymentKind {
			out = append(out, types.NamespacedName{Namespace: other.Namespace, Name: other.Name})
		}
	}
	if o.TakesOver != nil {
		out = append(out, types.NamespacedName{Namespace: o.Namespace, Name: o.TakesOver.Deployment})
	}
	return out
}
