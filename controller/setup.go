// Package controller attaches what scales the enabled workloads of a cluster and keeps it
// as planned. It reports its actions and findings as events, metrics and the status of
// LatencyPolicies. The outputs of internal/output decide what is desired and whether it
// is up to date; this package watches, reads and writes.
package controller

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/metrics"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// FieldManager owns the fields that the controller applies.
const FieldManager = "kong-latency"

// Options of the controllers.
type Options struct {
	// Workers is the number of workloads that are reconciled concurrently.
	Workers int
	// Pipeline returns the evaluator of the present snapshot.
	Pipeline func() *pipeline.Evaluator
	// Subscribe registers a function that is called for each new snapshot.
	Subscribe func(func())
	// SubscribePolicies registers a function that is called for each change of the
	// policies.
	SubscribePolicies func(func())
	// Policies returns the effective policy of a workload; nil means that there are no
	// policies.
	Policies plan.Policies
	// ScaledObjects returns the ScaledObjects of KEDA; nil means that there are none.
	ScaledObjects func() *cache.ScaledObjects
	// SubscribeScaledObjects registers a function that is called for each change of the
	// ScaledObjects; it is set if ScaledObjects is.
	SubscribeScaledObjects func(func())
	// LatestPolicies returns the LatencyPolicies whose status is written; nil means that
	// no status is written.
	LatestPolicies func() *watch.Policies
	// Synced reports whether the snapshot and the policies were read once; it is set if
	// LatestPolicies is.
	Synced func() bool
}

// Setup adds the controllers to the manager, whose cache must have the options
// and indexes of internal/cluster.
func Setup(mgr manager.Manager, o Options) error {
	paced := newPacedEvents(mgr.GetEventRecorder(FieldManager), mgr.GetScheme(), mgr.GetLogger().WithName("events"))
	if err := mgr.Add(paced); err != nil {
		return fmt.Errorf("set up events: %w", err)
	}
	report := newReporter(paced)
	if err := metrics.Findings.Register(ctrlmetrics.Registry, report); err != nil {
		return err
	}
	var tracker *statusTracker
	if o.LatestPolicies != nil {
		tracker = newStatusTracker()
		if err := newPolicies(tracker).setup(mgr, o); err != nil {
			return fmt.Errorf("set up controller of policies: %w", err)
		}
		if err := metrics.Workloads.Register(ctrlmetrics.Registry, tracker); err != nil {
			return err
		}
	}
	lookup := cache.Indexed{Reader: mgr.GetClient(), Informers: mgr.GetCache()}
	w := &workloads{
		client: mgr.GetClient(), lookup: lookup, direct: mgr.GetAPIReader(), report: report, pending: newPending(time.Now), tracker: tracker,
		pipeline: o.Pipeline, policies: o.Policies, scaled: o.ScaledObjects, now: time.Now,
	}
	if err := w.setup(mgr, o); err != nil {
		return fmt.Errorf("set up controller of workloads: %w", err)
	}
	s := &services{reader: lookup, report: report}
	if err := s.setup(mgr); err != nil {
		return fmt.Errorf("set up controller of services: %w", err)
	}
	return nil
}

func (r *workloads) setup(mgr manager.Manager, o Options) error {
	m := affected{reader: r.lookup}
	b := ctrl.NewControllerManagedBy(mgr).
		Named("workload").
		Watches(&appsv1.Deployment{}, onDeployments(m)).
		Watches(&corev1.Service{}, onEvents(m.byService, nothing, serviceChanged)).
		WatchesRawSource(onNews(o.Subscribe, m.attached)).
		WatchesRawSource(onNews(o.SubscribePolicies, m.everything)).
		WithOptions(controller.Options{MaxConcurrentReconciles: o.Workers})
	for _, by := range outputs.All() {
		// Workloads that have none are attached before the status of the others is evaluated.
		b = b.Watches(by.New(), onEventsAt(handler.LowPriority, byOutput(by), byOutput(by), outputChanged(by)))
	}
	if o.ScaledObjects != nil {
		b = b.WatchesRawSource(onNews(o.SubscribeScaledObjects, func(ctx context.Context) []types.NamespacedName {
			latest := o.ScaledObjects()
			if latest.Turned() {
				return m.everything(ctx)
			}
			return latest.Touched()
		}))
	}
	return b.Complete(r)
}

func (r *services) setup(mgr manager.Manager) error {
	m := affected{reader: r.reader}
	return ctrl.NewControllerManagedBy(mgr).
		Named("service").
		Watches(&corev1.Service{}, onEvents(itself, itself, serviceChanged)).
		Watches(&appsv1.Deployment{}, onEvents(m.servicesByDeployment, nothing, deploymentChanged)).
		Complete(r)
}
