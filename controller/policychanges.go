package controller

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
)

func newPolicies(tracker *statusTracker) *policies {
	return &policies{tracker: tracker, now: time.Now, written: map[string]writtenStatus{}}
}

func (r *policies) setup(mgr manager.Manager, o Options) error {
	cached, direct := o.Lease.guard(mgr.GetClient()), mgr.GetAPIReader()
	r.view = func() policyView { return o.LatestPolicies() }
	r.cached = cached
	r.read = func(ctx context.Context, p *v1alpha1.LatencyPolicy) (v1alpha1.LatencyPolicyStatus, error) {
		return readStatus(ctx, direct, p)
	}
	r.apply = func(ctx context.Context, p *v1alpha1.LatencyPolicy, s v1alpha1.LatencyPolicyStatus) error {
		return applyStatus(ctx, cached, p, s)
	}
	changes := &policyChanges{
		policies: r, subscribe: o.SubscribePolicies, synced: o.Synced, workloads: affected{reader: cached}.everything,
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("latencypolicy").
		Watches(&appsv1.Deployment{}, r.onDeployments()).
		WatchesRawSource(changes).
		WithOptions(r.options()).
		Complete(r)
}

// options are those of the controller that runs the reconciler.
func (r *policies) options() controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: 1,
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](statusEvery, statusRetryMax),
		CacheSyncTimeout:        2 * statusStart, // policyChanges syncs within statusStart
	}
}

// onDeployments queues the policies that select a Deployment, or no longer do: whether a
// policy selects anything, and whether others take precedence everywhere, is part of its
// status.
func (r *policies) onDeployments() handler.EventHandler {
	changed := func(q queue, objects ...client.Object) {
		r.deployments.Add(1)
		view := r.view()
		for _, o := range objects {
			namespace, _ := view.Namespace(o.GetNamespace())
			enqueue(q, view.Set().Selecting(labels.Set(namespace), labels.Set(o.GetLabels()))...)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) {
			if e.IsInInitialList {
				r.deployments.Add(1) // all policies are evaluated after the start
			} else {
				changed(q, e.Object)
			}
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { changed(q, e.Object) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			if !equality.Semantic.DeepEqual(e.ObjectOld.GetLabels(), e.ObjectNew.GetLabels()) {
				changed(q, e.ObjectOld, e.ObjectNew)
			}
		},
	}
}

// enqueue queues policies by name. They wait for statusDelay: the queue holds each of
// them once, however often it is added meanwhile.
func enqueue(q queue, names ...string) {
	for _, name := range names {
		q.AddAfter(reconcile.Request{NamespacedName: types.NamespacedName{Name: name}}, statusDelay)
	}
}

// policyChanges is the source of the policies that changed, or whose workloads have
// another outcome. It is synced, and so the first status written, once every workload
// was reconciled and nothing happens for a moment, but at the latest after statusStart.
type policyChanges struct {
	policies *policies
	// subscribe has a function called whenever policies change.
	subscribe func(func())
	// synced reports whether everything that findings depend on was read once.
	synced func() bool
	// workloads names all Deployments.
	workloads func(context.Context) []types.NamespacedName
}

var _ source.SyncingSource = (*policyChanges)(nil)

// String names the source in logs.
func (*policyChanges) String() string { return "policy changes" }

// Start implements source.Source.
func (s *policyChanges) Start(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	all := func() {
		for _, p := range s.policies.view().List() {
			enqueue(q, p.Name)
		}
	}
	s.subscribe(all)
	s.policies.tracker.follow(func(names ...string) { enqueue(q, names...) })
	all()
	return nil
}

// WaitForSync implements source.SyncingSource.
func (s *policyChanges) WaitForSync(ctx context.Context) error {
	tracker, all := s.policies.tracker, s.workloads(ctx)
	var before uint64
	_ = wait.PollUntilContextTimeout(ctx, statusDelay, statusStart, true, func(context.Context) (bool, error) {
		now := tracker.recorded()
		quiet := now == before
		before = now
		return quiet && s.synced() && tracker.complete(all), nil
	}) // the only error is that the time is over
	return ctx.Err()
}
