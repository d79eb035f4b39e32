package controller

import (
	"context"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
)

// mapFunc returns the objects to reconcile for a state of o, before or after a change.
type mapFunc func(ctx context.Context, o client.Object) []types.NamespacedName

// onEvents reconciles what an object touched before a change and what it touches after
// it, unless nothing relevant changed. For objects that existed before the start it
// reconciles what initially returns: most of what they touch existed too, and gets an
// event of its own.
func onEvents(m, initially mapFunc, changed func(before, after client.Object) bool) handler.EventHandler {
	return onEventsAt(0, m, initially, changed)
}

// onEventsAt is onEvents with a priority, of which the highest is first.
func onEventsAt(priority int, m, initially mapFunc, changed func(before, after client.Object) bool) handler.EventHandler {
	add := func(q queue, names []types.NamespacedName) { addAll(q, priority, names) }
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) {
			if e.IsInInitialList {
				add(q, initially(ctx, e.Object))
			} else {
				add(q, m(ctx, e.Object))
			}
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { add(q, m(ctx, e.Object)) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			if changed(e.ObjectOld, e.ObjectNew) {
				add(q, m(ctx, e.ObjectOld))
				add(q, m(ctx, e.ObjectNew))
			}
		},
	}
}

func deploymentChanged(before, after client.Object) bool {
	b, a := convert.Workload(before.(*appsv1.Deployment)), convert.Workload(after.(*appsv1.Deployment))
	b.Replicas, a.Replicas = nil, nil // no plan depends on them, and every scaling changes them
	return !equality.Semantic.DeepEqual(b, a)
}

// workloadChanged is deploymentChanged, and whether any of its pods is ready.
func workloadChanged(before, after client.Object) bool {
	b, a := before.(*appsv1.Deployment), after.(*appsv1.Deployment)
	return (b.Status.ReadyReplicas == 0) != (a.Status.ReadyReplicas == 0) || deploymentChanged(before, after)
}

func serviceChanged(before, after client.Object) bool {
	return !equality.Semantic.DeepEqual(
		convert.Service(before.(*corev1.Service)), convert.Service(after.(*corev1.Service)))
}

func outputChanged(by output.Output, s *statuses) func(before, after client.Object) bool {
	return func(before, after client.Object) bool { return by.Changed(before, after) || s.outdated(by, after) }
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// addAll queues names, with a priority if the queue has priorities.
func addAll(q queue, priority int, names []types.NamespacedName) {
	with, ok := q.(priorityqueue.PriorityQueue[reconcile.Request])
	for _, n := range names {
		request := reconcile.Request{NamespacedName: n}
		if ok {
			with.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, request)
		} else {
			q.Add(request)
		}
	}
}

func itself(_ context.Context, o client.Object) []types.NamespacedName {
	return []types.NamespacedName{client.ObjectKeyFromObject(o)}
}

func nothing(context.Context, client.Object) []types.NamespacedName { return nil }

// affected finds the objects that a change affects. A failed look-up is not reported
// here: the caches are warm before events are handled.
type affected struct{ reader client.Reader }

// enough is how many Deployments a Service selects at most for which it matters that one
// comes or goes: with more it selects several before and after, and findings name no more.
const enough = 2 * model.Few

// onDeployments is onEvents for Deployments. The others that a Service selects are touched
// only if what it selects may have changed.
func onDeployments(m affected, near sharing) handler.EventHandler {
	all := onEvents(both(m.byDeployment, near.byDeployment), itself, workloadChanged)
	own := onEvents(both(itself, near.byDeployment), itself, workloadChanged)
	return handler.Funcs{
		CreateFunc: all.Create,
		DeleteFunc: all.Delete,
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			before, after := e.ObjectOld.(*appsv1.Deployment), e.ObjectNew.(*appsv1.Deployment)
			if maps.Equal(before.Spec.Template.Labels, after.Spec.Template.Labels) {
				own.Update(ctx, e, q)
			} else {
				all.Update(ctx, e, q)
			}
		},
	}
}

// byDeployment is the Deployment, and the others that an annotated Service selects as well,
// unless there are many: whether the Service is ambiguous depends on all of them.
func (m affected) byDeployment(ctx context.Context, o client.Object) []types.NamespacedName {
	w := convert.Workload(o.(*appsv1.Deployment))
	catalog := cache.NewCatalog(ctx, m.reader, w.Namespace)
	out := itself(ctx, o)
	for _, s := range catalog.ServicesSelecting(w.PodLabels) {
		if s.Annotations.Requested {
			if names := catalog.NamesSelectedBy(s); len(names) <= enough {
				out = append(out, inNamespace(w.Namespace, names)...)
			}
		}
	}
	return out
}

// byService is every Deployment that the Service selects or names, or that names it.
func (m affected) byService(ctx context.Context, o client.Object) []types.NamespacedName {
	s := convert.Service(o.(*corev1.Service))
	catalog := cache.NewCatalog(ctx, m.reader, s.Namespace)
	out := inNamespace(s.Namespace, catalog.NamesSelectedBy(s))
	out = append(out, workloadNames(catalog.WorkloadsNaming(s.Name))...)
	if name := s.Annotations.Raw[annotations.Deployment]; name != "" {
		out = append(out, types.NamespacedName{Namespace: s.Namespace, Name: name})
	}
	return out
}

// byOutput is, for an object of an output, the Deployment of its name, the one that
// controls it and the one that it scales.
func byOutput(by output.Output) mapFunc {
	return func(_ context.Context, o client.Object) []types.NamespacedName { return scaledBy(by.Autoscaler(o)) }
}

func scaledBy(a model.Autoscaler) []types.NamespacedName {
	out := []types.NamespacedName{{Namespace: a.Namespace, Name: a.Name}}
	for _, ref := range []model.Ref{a.Controller, a.Scales} {
		if ref.Kind == deploymentKind && ref.Name != a.Name {
			out = append(out, types.NamespacedName{Namespace: a.Namespace, Name: ref.Name})
		}
	}
	return out
}

// servicesByDeployment is every annotated Service that selects or names the Deployment.
func (m affected) servicesByDeployment(ctx context.Context, o client.Object) []types.NamespacedName {
	w := convert.Workload(o.(*appsv1.Deployment))
	catalog := cache.NewCatalog(ctx, m.reader, w.Namespace)
	var out []types.NamespacedName
	for _, list := range [][]model.Service{catalog.ServicesSelecting(w.PodLabels), catalog.ServicesNaming(w.Name)} {
		for _, s := range list {
			if s.Annotations.Requested {
				out = append(out, types.NamespacedName{Namespace: s.Namespace, Name: s.Name})
			}
		}
	}
	return out
}

// attached is every Deployment that is scaled by a managed object.
func (m affected) attached(ctx context.Context) []types.NamespacedName {
	var out []types.NamespacedName
	for _, by := range outputs.All() {
		list := by.NewList()
		if err := m.reader.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return nil // the cache has been stopped
		}
		_ = meta.EachListItem(list, func(o runtime.Object) error {
			if live, ok := o.(output.Object); ok && output.Managed(live) {
				out = append(out, scaledBy(by.Autoscaler(live))...)
			}
			return nil
		}) // it fails for what is no list
	}
	return out
}

// everything returns every Deployment.
func (m affected) everything(ctx context.Context) []types.NamespacedName {
	var list appsv1.DeploymentList
	if err := m.reader.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil // the cache has been stopped
	}
	out := make([]types.NamespacedName, len(list.Items))
	for i := range list.Items {
		out[i] = client.ObjectKeyFromObject(&list.Items[i])
	}
	return out
}

// onNews reconciles what all returns whenever a subscription calls, after everything
// else: these are many at once, and a new workload must not wait for them.
func onNews(subscribe func(func()), all func(context.Context) []types.NamespacedName) source.Source {
	return source.Func(func(ctx context.Context, q queue) error {
		subscribe(func() { addAll(q, handler.LowPriority, all(ctx)) })
		return nil
	})
}

func inNamespace(namespace string, names []string) []types.NamespacedName {
	out := make([]types.NamespacedName, len(names))
	for i, name := range names {
		out[i] = types.NamespacedName{Namespace: namespace, Name: name}
	}
	return out
}

func workloadNames(list []model.Workload) []types.NamespacedName {
	out := make([]types.NamespacedName, len(list))
	for i, w := range list {
		out[i] = types.NamespacedName{Namespace: w.Namespace, Name: w.Name}
	}
	return out
}
