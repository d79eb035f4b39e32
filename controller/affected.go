package controller

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
)

// mapFunc says which objects to reconcile because o is, or was, as it is.
type mapFunc func(ctx context.Context, o client.Object) []types.NamespacedName

// onEvents reconciles what an object touched before a change and what it touches
// after it, unless nothing changed that matters. Of objects that were there before the
// start it reconciles what initially says: most of what they touch was there too, and
// comes by itself.
func onEvents(m, initially mapFunc, changed func(before, after client.Object) bool) handler.EventHandler {
	return onEventsAt(0, m, initially, changed)
}

// onEventsAt is onEvents with a priority: the lower it is, the more goes before.
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
	b, a := cluster.Workload(before.(*appsv1.Deployment)), cluster.Workload(after.(*appsv1.Deployment))
	b.Replicas, a.Replicas = nil, nil // no plan depends on them, and every scaling changes them
	return !equality.Semantic.DeepEqual(b, a)
}

func serviceChanged(before, after client.Object) bool {
	return !equality.Semantic.DeepEqual(
		cluster.Service(before.(*corev1.Service)), cluster.Service(after.(*corev1.Service)))
}

// hpaChanged leaves out the status, which changes at every sync, but for whether
// there is a value to scale by.
func hpaChanged(before, after client.Object) bool {
	b, a := before.(*autoscalingv2.HorizontalPodAutoscaler), after.(*autoscalingv2.HorizontalPodAutoscaler)
	return !equality.Semantic.DeepEqual(b.Spec, a.Spec) ||
		(b.DeletionTimestamp == nil) != (a.DeletionTimestamp == nil) ||
		b.Annotations[hpa.FormerSpec] != a.Annotations[hpa.FormerSpec] ||
		!equality.Semantic.DeepEqual(b.OwnerReferences, a.OwnerReferences) ||
		b.Labels[generator.ManagedByLabel] != a.Labels[generator.ManagedByLabel] ||
		cluster.Scaling(b) != cluster.Scaling(a)
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// addAll queues names, with a priority if the queue knows such.
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

// affected finds out what else a change touches. A failed look-up is no reason
// for an error here: the caches are warm before events are handled.
type affected struct{ reader client.Reader }

// byDeployment is the Deployment, and the others that an annotated Service
// selects beside it: whether the Service is ambiguous depends on all of them.
func (m affected) byDeployment(ctx context.Context, o client.Object) []types.NamespacedName {
	w := cluster.Workload(o.(*appsv1.Deployment))
	catalog := cluster.NewCatalog(ctx, m.reader, w.Namespace)
	out := itself(ctx, o)
	for _, s := range catalog.ServicesSelecting(w.PodLabels) {
		if s.Annotations.Requested {
			out = append(out, workloadNames(catalog.WorkloadsSelectedBy(s))...)
		}
	}
	return out
}

// byService is every Deployment that the Service selects or names, or that names it.
func (m affected) byService(ctx context.Context, o client.Object) []types.NamespacedName {
	s := cluster.Service(o.(*corev1.Service))
	catalog := cluster.NewCatalog(ctx, m.reader, s.Namespace)
	out := workloadNames(catalog.WorkloadsSelectedBy(s))
	out = append(out, workloadNames(catalog.WorkloadsNaming(s.Name))...)
	if name := s.Annotations.Raw[annotations.Deployment]; name != "" {
		out = append(out, types.NamespacedName{Namespace: s.Namespace, Name: name})
	}
	return out
}

// byHPA is the Deployment of its name, the one that controls it and the one that
// it scales.
func (m affected) byHPA(ctx context.Context, o client.Object) []types.NamespacedName {
	out := itself(ctx, o)
	a := cluster.Autoscaler(o.(*autoscalingv2.HorizontalPodAutoscaler))
	for _, ref := range []model.Ref{a.Controller, a.Scales} {
		if ref.Kind == deploymentKind && ref.Name != a.Name {
			out = append(out, types.NamespacedName{Namespace: a.Namespace, Name: ref.Name})
		}
	}
	return out
}

// servicesByDeployment is every annotated Service that selects or names the Deployment.
func (m affected) servicesByDeployment(ctx context.Context, o client.Object) []types.NamespacedName {
	w := cluster.Workload(o.(*appsv1.Deployment))
	catalog := cluster.NewCatalog(ctx, m.reader, w.Namespace)
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

// attached is every Deployment that has an autoscaler of ours.
func (m affected) attached(ctx context.Context) []types.NamespacedName {
	var list autoscalingv2.HorizontalPodAutoscalerList
	if err := m.reader.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil // the cache has been stopped
	}
	var out []types.NamespacedName
	for i := range list.Items {
		if hpa.Ours(&list.Items[i]) {
			out = append(out, m.byHPA(ctx, &list.Items[i])...)
		}
	}
	return out
}

// everything is every Deployment that there is.
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
// else: it is many at once, and a workload that has just come must not wait for them.
func onNews(subscribe func(func()), all func(context.Context) []types.NamespacedName) source.Source {
	return source.Func(func(ctx context.Context, q queue) error {
		subscribe(func() { addAll(q, handler.LowPriority, all(ctx)) })
		return nil
	})
}

func workloadNames(list []model.Workload) []types.NamespacedName {
	out := make([]types.NamespacedName, len(list))
	for i, w := range list {
		out[i] = types.NamespacedName{Namespace: w.Namespace, Name: w.Name}
	}
	return out
}
