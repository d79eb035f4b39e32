// Package controller attaches what scales the enabled workloads of a cluster and keeps it
// as planned. It reports its actions and findings as events, metrics and the status of
// LatencyPolicies. The outputs of internal/output decide what is desired and whether it
// is up to date; this package watches, reads and writes.
package controller

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
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
	// TimeScale is how many times as fast as the clock the time of the workloads passes, by
	// which the durations of what is learned from them are divided. It is 1 but for
	// simulations.
	TimeScale float64
	// WorkloadFindings is the maximum number of series of the findings of single workloads;
	// 0 means that they are not exposed.
	WorkloadFindings int
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
	// Neighbors returns the other autoscalers and the other owners of pods; nil means that
	// there are none.
	Neighbors func() *cache.Neighbors
	// SubscribeNeighbors registers a function that is called for each change of the
	// Neighbors; it is set if Neighbors is.
	SubscribeNeighbors func(func())
	// LatestPolicies returns the LatencyPolicies whose status is written; nil means that
	// no status is written.
	LatestPolicies func() *watch.Policies
	// Statuses follows the LatencyAutoscalers; nil means that none are written.
	Statuses *watch.Statuses
	// Lease is that of the leader election; nil if there is none.
	Lease *Lease
	// Outdated returns why the caches do not show everything that exists, one clause; empty
	// if they do. Meanwhile nothing is reconciled.
	Outdated func() string
	// Synced reports whether the snapshot and the policies were read once; it is set if
	// LatestPolicies is.
	Synced func() bool
}

// Setup adds the controllers to the manager, whose cache must have the options
// and indexes of internal/cluster.
func Setup(mgr manager.Manager, o Options) error {
	paced := newPacedEvents(mgr.GetEventRecorder(FieldManager), mgr.GetScheme(), mgr.GetLogger().WithName("events"))
	paced.lease = o.Lease
	if err := mgr.Add(paced); err != nil {
		return fmt.Errorf("set up events: %w", err)
	}
	report := newReporter(paced)
	report.log = mgr.GetLogger().WithName("workloads")
	if err := expose(metrics.Findings, report); err != nil {
		return err
	}
	if o.WorkloadFindings > 0 {
		if err := expose(metrics.WorkloadFindings, workloadFindings{report, o.WorkloadFindings}); err != nil {
			return err
		}
	}
	var tracker *statusTracker
	if o.LatestPolicies != nil {
		tracker = newStatusTracker()
		if err := newPolicies(tracker).setup(mgr, o); err != nil {
			return fmt.Errorf("set up controller of policies: %w", err)
		}
		if err := expose(metrics.Workloads, tracker); err != nil {
			return err
		}
	}
	lookup := cache.Indexed{Reader: mgr.GetClient(), Informers: mgr.GetCache()}
	clock := newClock(o.TimeScale, time.Now)
	w := &workloads{
		client: o.Lease.guard(mgr.GetClient()), lookup: lookup, direct: mgr.GetAPIReader(), report: report, pending: newPending(time.Now),
		rewrites: newRewrites(time.Now), outages: newOutages(clock), tracker: tracker,
		pipeline: o.Pipeline, policies: o.Policies, neighbors: o.Neighbors, outdated: o.Outdated, now: time.Now,
	}
	if o.Statuses != nil {
		w.statuses = newStatuses(w.client, w.direct, o.Statuses, time.Now)
	}
	w.learning = newLearning(lookup, clock, mgr.GetLogger().WithName("learning"))
	if err := mgr.Add(w.learning); err != nil {
		return fmt.Errorf("set up what is learned: %w", err)
	}
	if err := w.setup(mgr, o); err != nil {
		return fmt.Errorf("set up controller of workloads: %w", err)
	}
	s := &services{
		reader: lookup, report: report, outdated: o.Outdated,
		neighbors: o.Neighbors, alone: map[types.NamespacedName]time.Time{},
	}
	if err := s.setup(mgr, o); err != nil {
		return fmt.Errorf("set up controller of services: %w", err)
	}
	return nil
}

// expose registers a metric. In a process that lost the lease and starts the controllers
// again, it replaces that of the former ones.
func expose(m metrics.Metric, c prometheus.Collector) error {
	ctrlmetrics.Registry.Unregister(c) // it has the descriptions of the former one
	return m.Register(ctrlmetrics.Registry, c)
}

func (r *workloads) setup(mgr manager.Manager, o Options) error {
	m := affected{reader: r.lookup}
	near := sharing{m, o.Neighbors}
	b := ctrl.NewControllerManagedBy(mgr).
		Named("workload").
		Watches(&appsv1.Deployment{}, onDeployments(m, near)).
		Watches(&corev1.Service{}, onEvents(m.byService, nothing, serviceChanged)).
		WatchesRawSource(onNews(o.Subscribe, m.attached)).
		WatchesRawSource(onNews(o.SubscribePolicies, m.everything)).
		WithOptions(controller.Options{MaxConcurrentReconciles: o.Workers, RateLimiter: retries()})
	for _, by := range outputs.All() {
		// Workloads that have none are attached before the status of the others is evaluated.
		b = b.Watches(by.New(), onEventsAt(handler.LowPriority, both(byOutput(by), near.byOutput(by)), byOutput(by), outputChanged(by, r.statuses, r.learning)))
	}
	if o.Neighbors != nil {
		b = b.WatchesRawSource(onNews(o.SubscribeNeighbors, near.byNeighbors))
	}
	if r.learning != nil {
		b = b.WatchesRawSource(r.learning.source())
	}
	if r.statuses != nil {
		b = b.WatchesRawSource(r.statuses.source(m.everything))
	}
	return b.Complete(r)
}

func (r *services) setup(mgr manager.Manager, o Options) error {
	m := affected{reader: r.reader}
	b := ctrl.NewControllerManagedBy(mgr).
		Named("service").
		Watches(&corev1.Service{}, onEvents(itself, itself, serviceChanged)).
		Watches(&appsv1.Deployment{}, onEvents(m.servicesByDeployment, nothing, deploymentChanged))
	if o.Neighbors != nil {
		b = b.WatchesRawSource(onNews(o.SubscribeNeighbors, sharing{m, o.Neighbors}.servicesByNeighbors))
	}
	return b.Complete(r)
}
